// SPDX-License-Identifier: GPL-2.0
/*
 * Back-pressure: who waits while too much is queued for a node, and who must not.
 *
 * Node 2 has filled the queue to node 1.  Calls that may sleep are made by a thread; the
 * network is the test's alone.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include "../dlm_lowcomms/peer.h"
#include "cluster.h"

#define DEADLINE	(60 * HZ)

/**
 * struct call - a lock call in a thread of its own
 * @task: the thread
 * @l: the lock
 * @mode: wanted mode
 * @flags: with CONVERT: a conversion
 * @done: the call returned
 * @err: what
 */
struct call {
	struct task_struct	*task;
	struct t_lock		*l;
	int			mode;
	u32			flags;
	struct completion	done;
	int			err;
};

static int call_fn(void *data)
{
	struct call *call = data;

	allow_signal(SIGKILL);
	if (call->flags & CONVERT)
		call->err = t_call_convert(call->l, call->mode, call->flags);
	else
		call->err = t_call_lock(call->l, call->mode, call->flags,
					call->l->name, strlen(call->l->name));
	complete(&call->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void call_start(struct kunit *test, struct call *call, struct t_lock *l,
		       int mode, u32 flags)
{
	*call = (struct call){ .l = l, .mode = mode, .flags = flags };
	init_completion(&call->done);
	call->task = kthread_run(call_fn, call, "dlm-throttle-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(call->task));
}

static void call_end(struct kunit *test, struct call *call, int err)
{
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&call->done, DEADLINE), 0UL);
	KUNIT_EXPECT_EQ(test, call->err, err);
	kthread_stop(call->task);
}

static struct dlm_comms *comms2(struct c_world *c)
{
	return c->r->host[2].node->comms;
}

/* the thread sleeps for room in the queue */
static void call_asleep(struct kunit *test, struct call *call)
{
	struct c_world *c = test->priv;
	unsigned long end = jiffies + DEADLINE;

	while (!wq_has_sleeper(&comms2(c)->wait) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_TRUE(test, wq_has_sleeper(&comms2(c)->wait));
	KUNIT_EXPECT_FALSE(test, completion_done(&call->done));
}

/**
 * struct jam - what is there when the queue is full
 * @c: the world
 * @name: resource that node 1 masters
 * @held: lock of node 2 on it, in PR
 * @waiting: another one, that waits
 * @other: resource that node 2 masters
 * @mine: lock of node 2 on that one, in EX
 * @more: locks that node 2 asked for
 * @n: how many
 */
struct jam {
	struct c_world	*c;
	const char	*name;
	struct t_lock	*held;
	struct t_lock	*waiting;
	const char	*other;
	struct t_lock	*mine;
	struct t_lock	*more[DLM_SESSION_ROOM + 100];
	unsigned int	n;
};

static struct jam *jam(struct kunit *test)
{
	struct jam *j = kunit_kzalloc(test, sizeof(*j), GFP_KERNEL);
	struct c_world *c = test->priv;
	struct t_lock *keep;

	KUNIT_ASSERT_NOT_NULL(test, j);
	j->c = c;
	j->name = c_name(c, 1);
	j->other = c_name(c, 2);
	keep = c_new(c, 1, j->name);
	c_lock(keep, CR, 0, 0);
	j->held = c_new(c, 2, j->name);
	c_lock(j->held, PR, 0, 0);
	j->waiting = c_new(c, 2, j->name);
	c_lock(j->waiting, EX, 0, WAITS);
	t_bast(keep, EX);
	t_bast(j->held, EX);
	j->mine = c_new(c, 2, j->other);
	c_lock(j->mine, EX, 0, 0);
	while (!dlm_comms_congested(comms2(c), 1) && j->n < ARRAY_SIZE(j->more)) {
		j->more[j->n] = c_new(c, 2, j->name);
		KUNIT_EXPECT_EQ(test, t_call_lock(j->more[j->n++], NL, EXPEDITE, j->name,
						  strlen(j->name)), 0);
	}
	KUNIT_ASSERT_TRUE(test, dlm_comms_congested(comms2(c), 1));
	c_forget(c);
	return j;
}

static void clear(struct kunit *test, struct jam *j)
{
	unsigned int i;

	c_settle(j->c);
	KUNIT_EXPECT_FALSE(test, dlm_comms_congested(comms2(j->c), 1));
	for (i = 0; i < j->n; i++)
		t_granted(j->more[i], NL);
}

/* a new request waits until half of the queue is gone, and then is like any other */
static void request_waits(struct kunit *test)
{
	struct jam *j = jam(test);
	struct t_lock *l = c_new(j->c, 2, j->name);
	struct call call;

	call_start(test, &call, l, NL, EXPEDITE);
	call_asleep(test, &call);
	memlink_run(j->c->r->net);
	call_end(test, &call, 0);
	clear(test, j);
	t_granted(l, NL);
}

static void conversion_waits(struct kunit *test)
{
	struct jam *j = jam(test);
	struct call call;

	call_start(test, &call, j->held, PW, CONVERT | NOQUEUE);
	call_asleep(test, &call);
	memlink_run(j->c->r->net);
	call_end(test, &call, 0);
	clear(test, j);
	t_granted(j->held, PW);
	t_bast(j->held, EX);
}

static void waits_until_killed(struct kunit *test)
{
	struct jam *j = jam(test);
	struct t_lock *l = c_new(j->c, 2, j->name);
	struct call call;

	call_start(test, &call, l, NL, 0);
	call_asleep(test, &call);
	send_sig(SIGKILL, call.task, 1);
	call_end(test, &call, -EINTR);
	KUNIT_EXPECT_FALSE(test, t_look(l).alive);
	clear(test, j);
	t_quiet(l);
}

/* the node is forgotten: nobody waits for it any more */
static void waits_until_forgotten(struct kunit *test)
{
	struct jam *j = jam(test);
	struct t_lock *l = c_new(j->c, 2, j->name);
	struct call call;

	call_start(test, &call, l, NL, EXPEDITE);
	call_asleep(test, &call);
	r_kill(j->c->r, 1);
	call_end(test, &call, 0);
	r_stop_all(j->c->r);
	r_start_all(j->c->r);
	r_run(j->c->r);
	r_all_running(j->c->r);
	c_settle(j->c);
	t_granted(l, NL);
	clear(test, j);
	KUNIT_EXPECT_EQ(test, c_master(j->c, 2, j->name), 0);
}

/* what others may be waiting for goes out at once */
static void others_do_not_wait(struct kunit *test)
{
	struct jam *j = jam(test);
	struct c_world *c = j->c;
	struct t_lock *theirs = c_new(c, 1, j->other);
	struct t_lock *l = c_new(c, 2, j->name);
	struct call sleeper, call;

	call_start(test, &sleeper, l, NL, EXPEDITE);
	call_asleep(test, &sleeper);
	/* to a weaker mode */
	call_start(test, &call, j->held, CR, CONVERT);
	call_end(test, &call, 0);
	t_granted(j->held, CR);
	/* a cancel, a forced unlock */
	KUNIT_EXPECT_EQ(test, t_call_cancel(j->waiting, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(j->held, 0), 0);
	/* a request of node 1: a reply; then a grant */
	memlink_stall(c->r->net, 2, 1, true);
	KUNIT_EXPECT_EQ(test, t_call_lock(theirs, EX, 0, j->other, strlen(j->other)), 0);
	while (c_step(c, 1, 2))
		;
	t_bast(j->mine, EX);
	KUNIT_EXPECT_EQ(test, t_call_unlock(j->mine, 0), 0);
	t_cast(j->mine, -DLM_EUNLOCK, EX, 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&sleeper.done));
	memlink_stall(c->r->net, 2, 1, false);
	memlink_run(c->r->net);
	call_end(test, &sleeper, 0);
	clear(test, j);
	t_granted(theirs, EX);
	t_cast(j->waiting, -DLM_ECANCEL, IV, 0);
	t_bast(j->held, EX);
	t_cast(j->held, -DLM_EUNLOCK, CR, 0);
	t_granted(l, NL);
}

/* who waits for room is not inside the gate: a stop need not wait for the peer */
static void stop_does_not_wait(struct kunit *test)
{
	struct jam *j = jam(test);
	struct t_lock *l = c_new(j->c, 2, j->name);
	struct call call;

	call_start(test, &call, l, NL, EXPEDITE);
	call_asleep(test, &call);
	r_stop_all(j->c->r);
	r_start_all(j->c->r);
	r_run(j->c->r);
	r_all_running(j->c->r);
	call_end(test, &call, 0);
	clear(test, j);
	t_granted(l, NL);
}

static struct kunit_case throttle_cases[] = {
	KUNIT_CASE(request_waits),
	KUNIT_CASE(conversion_waits),
	KUNIT_CASE(waits_until_killed),
	KUNIT_CASE(waits_until_forgotten),
	KUNIT_CASE(others_do_not_wait),
	KUNIT_CASE(stop_does_not_wait),
	{ }
};

static struct kunit_suite throttle_suite = {
	.name = "dlm_throttle",
	.init = c_init2,
	.exit = c_exit,
	.test_cases = throttle_cases,
};

kunit_test_suite(throttle_suite);
