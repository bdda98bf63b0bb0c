// SPDX-License-Identifier: GPL-2.0
/*
 * gate.c: who may go on, who sleeps, who waits for whom.
 *
 * The threads report through completions; a deadline that passes is a failure.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include "fixture.h"

#define DEADLINE	(60 * HZ)
#define THREADS		4

/**
 * struct walker - a thread that goes through a gate
 * @gate: the gate
 * @task: the thread
 * @started: it runs
 * @done: it is through, or was refused
 * @go: what it waits for inside
 * @err: result of dlm_gate_enter()
 * @rounds: times to go through
 * @shut: set while the gate is drained: nobody may be inside
 * @trespassed: somebody was
 */
struct walker {
	struct dlm_gate		*gate;
	struct task_struct	*task;
	struct completion	started;
	struct completion	done;
	struct completion	go;
	int			err;
	unsigned int		rounds;
	const bool		*shut;
	bool			trespassed;
};

static void gate_new(struct kunit *test, struct dlm_gate *gate)
{
	KUNIT_ASSERT_EQ(test, dlm_gate_init(gate), 0);
}

static int walk(void *data)
{
	struct walker *wk = data;

	/* a kthread ignores all signals unless it says otherwise */
	allow_signal(SIGKILL);
	complete(&wk->started);
	wk->err = dlm_gate_enter(wk->gate);
	complete(&wk->done);
	if (!wk->err) {
		wait_for_completion(&wk->go);
		dlm_gate_leave(wk->gate);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void walker_start(struct kunit *test, struct walker *wk,
			 struct dlm_gate *gate, int (*fn)(void *data))
{
	wk->gate = gate;
	init_completion(&wk->started);
	init_completion(&wk->done);
	init_completion(&wk->go);
	wk->task = kthread_run(fn, wk, "dlm-gate-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(wk->task));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&wk->started, DEADLINE), 0UL);
}

static bool is_done(struct walker *wk)
{
	return wait_for_completion_timeout(&wk->done, DEADLINE);
}

/* the thread sleeps at the gate */
static void wait_asleep(struct kunit *test, struct walker *wk)
{
	unsigned long end = jiffies + DEADLINE;

	while (!wq_has_sleeper(&wk->gate->wait) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_TRUE(test, wq_has_sleeper(&wk->gate->wait));
	KUNIT_EXPECT_FALSE(test, completion_done(&wk->done));
}

static void closed_at_first(struct kunit *test)
{
	struct dlm_gate gate;

	gate_new(test, &gate);
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	KUNIT_EXPECT_TRUE(test, dlm_gate_try_enter(&gate));
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), 0);
	dlm_gate_leave(&gate);
	dlm_gate_leave(&gate);
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	/* nobody inside: returns at once */
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

static void dead_stays_dead(struct kunit *test)
{
	struct dlm_gate gate;

	gate_new(test, &gate);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	dlm_gate_set(&gate, DLM_GATE_DEAD);
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

/* to users of this node; the others pass as long as it is open */
static void barred(struct kunit *test)
{
	struct dlm_gate gate;

	gate_new(test, &gate);
	dlm_gate_bar(&gate);
	/* shut, but nobody need wait for it */
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	KUNIT_EXPECT_TRUE(test, dlm_gate_try_enter(&gate));
	dlm_gate_leave(&gate);
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	KUNIT_EXPECT_EQ(test, dlm_gate_enter(&gate), -ENOENT);
	/* who was refused is not inside */
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

static void sleeps_until_open(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	walker_start(test, &wk, &gate, walk);
	wait_asleep(test, &wk);
	/* woken for nothing, it sleeps on */
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	wait_asleep(test, &wk);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	KUNIT_EXPECT_EQ(test, wk.err, 0);
	complete(&wk.go);
	kthread_stop(wk.task);
	dlm_gate_destroy(&gate);
}

static void sleeps_until_dead(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	walker_start(test, &wk, &gate, walk);
	wait_asleep(test, &wk);
	dlm_gate_set(&gate, DLM_GATE_DEAD);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	KUNIT_EXPECT_EQ(test, wk.err, -ENOENT);
	kthread_stop(wk.task);
	dlm_gate_destroy(&gate);
}

static void sleeps_until_barred(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	walker_start(test, &wk, &gate, walk);
	wait_asleep(test, &wk);
	dlm_gate_bar(&gate);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	KUNIT_EXPECT_EQ(test, wk.err, -ENOENT);
	kthread_stop(wk.task);
	dlm_gate_destroy(&gate);
}

static void can_be_killed(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	walker_start(test, &wk, &gate, walk);
	wait_asleep(test, &wk);
	send_sig(SIGKILL, wk.task, 1);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	KUNIT_EXPECT_EQ(test, wk.err, -EINTR);
	kthread_stop(wk.task);
	/* and left nothing behind */
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

static int drain(void *data)
{
	struct walker *wk = data;

	complete(&wk->started);
	dlm_gate_drain(wk->gate);
	complete(&wk->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void drain_waits_for_all(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	KUNIT_EXPECT_TRUE(test, dlm_gate_try_enter(&gate));
	KUNIT_EXPECT_TRUE(test, dlm_gate_try_enter(&gate));
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	walker_start(test, &wk, &gate, drain);
	wait_asleep(test, &wk);
	dlm_gate_leave(&gate);
	/* one who finds it shut does not make it look empty */
	KUNIT_EXPECT_FALSE(test, dlm_gate_try_enter(&gate));
	wait_asleep(test, &wk);
	dlm_gate_leave(&gate);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	kthread_stop(wk.task);
	dlm_gate_destroy(&gate);
}

/* entered by one, left by another, wherever they run: the sum counts */
static void left_by_another(struct kunit *test)
{
	struct walker wk = { };
	struct dlm_gate gate;

	gate_new(test, &gate);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	walker_start(test, &wk, &gate, walk);
	KUNIT_EXPECT_TRUE(test, is_done(&wk));
	/* the walker is inside; this leave takes its place, its own comes later */
	dlm_gate_leave(&gate);
	KUNIT_EXPECT_TRUE(test, dlm_gate_try_enter(&gate));
	complete(&wk.go);
	kthread_stop(wk.task);
	dlm_gate_set(&gate, DLM_GATE_CLOSED);
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

static int run_through(void *data)
{
	struct walker *wk = data;

	complete(&wk->started);
	while (wk->rounds--) {
		wk->err = dlm_gate_enter(wk->gate);
		if (wk->err)
			break;
		if (READ_ONCE(*wk->shut))
			WRITE_ONCE(wk->trespassed, true);
		dlm_gate_leave(wk->gate);
		cond_resched();
	}
	complete(&wk->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* many go through while it opens and shuts: nobody inside once it is drained */
static void drained_means_empty(struct kunit *test)
{
	struct walker *wk;
	struct dlm_gate gate;
	bool shut = false;
	int i, round;

	wk = kunit_kcalloc(test, THREADS, sizeof(*wk), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, wk);
	gate_new(test, &gate);
	dlm_gate_set(&gate, DLM_GATE_OPEN);
	for (i = 0; i < THREADS; i++) {
		wk[i].rounds = 20000;
		wk[i].shut = &shut;
		walker_start(test, &wk[i], &gate, run_through);
	}
	for (round = 0; round < 200; round++) {
		dlm_gate_set(&gate, DLM_GATE_CLOSED);
		dlm_gate_drain(&gate);
		WRITE_ONCE(shut, true);
		cond_resched();
		WRITE_ONCE(shut, false);
		dlm_gate_set(&gate, DLM_GATE_OPEN);
		cond_resched();
	}
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_TRUE(test, is_done(&wk[i]));
		KUNIT_EXPECT_EQ(test, wk[i].err, 0);
		KUNIT_EXPECT_FALSE(test, wk[i].trespassed);
		kthread_stop(wk[i].task);
	}
	dlm_gate_set(&gate, DLM_GATE_DEAD);
	dlm_gate_drain(&gate);
	dlm_gate_destroy(&gate);
}

/* --- a stopped lockspace ------------------------------------------------ */

struct caller {
	struct t_lock		*l;
	struct task_struct	*task;
	struct completion	started;
	struct completion	done;
	int			err;
};

static int call(void *data)
{
	struct caller *c = data;

	allow_signal(SIGKILL);
	complete(&c->started);
	c->err = t_call_lock(c->l, EX, VALBLK, "r", 1);
	complete(&c->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void caller_start(struct kunit *test, struct caller *c, struct t_lock *l)
{
	struct t_world *w = test->priv;
	unsigned long end = jiffies + DEADLINE;

	c->l = l;
	init_completion(&c->started);
	init_completion(&c->done);
	c->task = kthread_run(call, c, "dlm-call-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(c->task));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&c->started, DEADLINE), 0UL);
	while (!wq_has_sleeper(&w->ls->gate.wait) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_FALSE(test, completion_done(&c->done));
}

static void stopped_lockspace(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct caller c = { };

	dlm_ls_stop(w->ls);
	dlm_ls_stop(w->ls);
	caller_start(test, &c, w->a);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
	t_start_alone(w);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&c.done, DEADLINE), 0UL);
	kthread_stop(c.task);
	KUNIT_EXPECT_EQ(test, c.err, 0);
	t_granted(w->a, EX);
}

static void killed_in_stopped_lockspace(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct caller c = { };

	dlm_ls_stop(w->ls);
	caller_start(test, &c, w->a);
	send_sig(SIGKILL, c.task, 1);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&c.done, DEADLINE), 0UL);
	kthread_stop(c.task);
	KUNIT_EXPECT_EQ(test, c.err, -EINTR);
	t_start_alone(w);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), 0);
	t_lock(w->b, EX, 0, 0);
}

/* released while somebody sleeps before it: the sleeper hears that it is gone */
static void released_while_stopped(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct caller c = { };

	dlm_ls_stop(w->ls);
	caller_start(test, &c, w->a);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_FORCE), 0);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&c.done, DEADLINE), 0UL);
	kthread_stop(c.task);
	KUNIT_EXPECT_EQ(test, c.err, -ENOENT);
}

/* without a transport only this node alone can be a member */
static void start_checks_members(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_member_conf m[2] = {
		{ .nodeid = w->node->nodeid }, { .nodeid = w->node->nodeid + 1 },
	};
	u32 generation = w->ls->generation;

	KUNIT_EXPECT_EQ(test, dlm_ls_start(w->ls, m, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, w->ls->generation, generation);
	dlm_ls_stop(w->ls);
	KUNIT_EXPECT_EQ(test, dlm_ls_start(w->ls, m, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_ls_start(w->ls, m + 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_ls_start(w->ls, m, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_ls_start(w->ls, m, 1), 0);
	KUNIT_EXPECT_EQ(test, w->ls->generation, generation + 1);
	t_lock(w->a, EX, 0, 0);
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(closed_at_first),
	KUNIT_CASE(dead_stays_dead),
	KUNIT_CASE(sleeps_until_open),
	KUNIT_CASE(sleeps_until_dead),
	KUNIT_CASE(barred),
	KUNIT_CASE(sleeps_until_barred),
	KUNIT_CASE(can_be_killed),
	KUNIT_CASE(drain_waits_for_all),
	KUNIT_CASE(left_by_another),
	KUNIT_CASE(drained_means_empty),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "dlm_gate",
	.test_cases = gate_cases,
};

static struct kunit_case stopped_cases[] = {
	KUNIT_CASE(stopped_lockspace),
	KUNIT_CASE(killed_in_stopped_lockspace),
	KUNIT_CASE(released_while_stopped),
	KUNIT_CASE(start_checks_members),
	{}
};

static struct kunit_suite stopped_suite = {
	.name = "dlm_stopped",
	.init = t_init,
	.exit = t_exit,
	.test_cases = stopped_cases,
};

kunit_test_suites(&gate_suite, &stopped_suite);

MODULE_LICENSE("GPL");
