// SPDX-License-Identifier: GPL-2.0
/*
 * join.c, node.c: create and release in a cluster of one node; the test is the
 * control daemon.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include "fixture.h"
#include "../dlm_core/config.h"
#include "../dlm_core/recover.h"

#define DEADLINE	(60 * HZ)
#define NAME		"shop"

/**
 * struct town - what a case runs in
 * @test: the case
 * @node: node 3 of a cluster; no monitor is open
 * @cluster: see there
 * @us: likewise
 * @space: the lockspace's members: just us
 * @member: likewise
 */
struct town {
	struct kunit		*test;
	struct dlm_node		*node;
	struct dlm_cluster	cluster;
	struct dlm_conf_comm	us;
	struct dlm_conf_space	space;
	struct dlm_conf_member	member;
};

/**
 * struct call - a create or release in a thread of its own
 * @node: where
 * @device: asked for through dlm-control
 * @how: of a release
 * @ls: the lockspace
 * @err: result
 * @done: it is over
 * @task: the thread
 */
struct call {
	struct dlm_node		*node;
	bool			device;
	enum dlm_release	how;
	struct dlm_ls		*ls;
	int			err;
	struct completion	done;
	struct task_struct	*task;
};

static int town_init(struct kunit *test)
{
	struct town *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->test = test;
	t->node = t_node(test);
	t->node->config.solo = false;
	KUNIT_ASSERT_EQ(test, dlm_cluster_add(&t->cluster, t->node), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&t->us, &t->cluster, "3"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_set_local(&t->us, "1"), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_space_add(&t->space, &t->cluster, NAME), 0);
	KUNIT_ASSERT_EQ(test, dlm_conf_member_add(&t->member, &t->space, "3"), 0);
	return 0;
}

static void town_exit(struct kunit *test)
{
	struct town *t = test->priv;

	KUNIT_EXPECT_TRUE(test, list_empty(&t->node->lockspaces));
	KUNIT_EXPECT_EQ(test, t->node->comms_users, 0U);
	dlm_conf_member_del(&t->member);
	dlm_conf_space_del(&t->space);
	dlm_conf_comm_del(&t->us);
	dlm_cluster_del(&t->cluster);
	dlm_node_stop(t->node);
	dlm_node_put(t->node);
}

static int finished(struct call *call)
{
	complete(&call->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static int create(void *data)
{
	struct call *call = data;
	struct dlm_ls_params params = {
		.name = NAME, .namelen = strlen(NAME), .lvblen = T_LVBLEN,
		.device = call->device,
	};

	allow_signal(SIGKILL);
	call->err = dlm_ls_create(call->node, &params, &call->ls);
	return finished(call);
}

static int release(void *data)
{
	struct call *call = data;

	allow_signal(SIGKILL);
	call->err = dlm_ls_release(call->ls, call->how);
	return finished(call);
}

static void begin(struct town *t, struct call *call, int (*fn)(void *data))
{
	call->node = t->node;
	init_completion(&call->done);
	call->task = kthread_run(fn, call, "dlm-join-test");
	KUNIT_ASSERT_FALSE(t->test, IS_ERR(call->task));
}

static int result(struct town *t, struct call *call)
{
	KUNIT_ASSERT_NE(t->test, wait_for_completion_timeout(&call->done, DEADLINE), 0UL);
	kthread_stop(call->task);
	return call->err;
}

static struct dlm_ls *listed(struct town *t)
{
	struct dlm_ls *ls;

	spin_lock(&t->node->lock);
	ls = list_first_entry_or_null(&t->node->lockspaces, struct dlm_ls, node_entry);
	spin_unlock(&t->node->lock);
	return ls;
}

/* until the lockspace is where it should be, and says so */
static struct dlm_ls *wait_group(struct town *t, enum dlm_group group,
				 const char *reason)
{
	unsigned long end = jiffies + DEADLINE;
	const char *why;
	struct dlm_ls *ls;

	while (time_before(jiffies, end)) {
		ls = listed(t);
		why = ls ? READ_ONCE(ls->waiting_for) : NULL;
		if (ls && READ_ONCE(ls->group) == group && why && strstr(why, reason))
			return ls;
		schedule_timeout_uninterruptible(1);
	}
	KUNIT_FAIL(t->test, "nobody waits for %s", reason);
	KUNIT_ASSERT_TRUE(t->test, false);
	return NULL;
}

static struct dlm_ls *wait_asked_in(struct town *t)
{
	return wait_group(t, DLM_GROUP_ASKED_IN, "we join");
}

static struct dlm_ls *wait_asked_out(struct town *t)
{
	return wait_group(t, DLM_GROUP_ASKED_OUT, "we leave");
}

static void wait_empty(struct town *t)
{
	unsigned long end = jiffies + DEADLINE;

	while (listed(t) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_PTR_EQ(t->test, listed(t), (struct dlm_ls *)NULL);
	flush_workqueue(dlm_wq);
}

/* as control 1 does */
static void start(struct town *t, struct dlm_ls *ls)
{
	struct dlm_member_conf *members;
	int count;

	count = dlm_config_members(t->node, NAME, &members);
	KUNIT_ASSERT_EQ(t->test, count, 1);
	KUNIT_EXPECT_EQ(t->test, dlm_ls_start(ls, members, count), 0);
	kfree(members);
}

static struct dlm_ls *joined(struct town *t)
{
	struct call call = { .device = true };
	struct dlm_ls *ls;

	begin(t, &call, create);
	ls = wait_asked_in(t);
	start(t, ls);
	dlm_ls_event_done(ls, 0);
	KUNIT_ASSERT_EQ(t->test, result(t, &call), 0);
	KUNIT_EXPECT_PTR_EQ(t->test, call.ls, ls);
	return ls;
}

static void left(struct town *t, struct dlm_ls *ls)
{
	struct call call = { .ls = ls, .how = DLM_RELEASE_IF_UNUSED };

	begin(t, &call, release);
	wait_asked_out(t);
	dlm_ls_stop(ls);
	dlm_ls_event_done(ls, 0);
	KUNIT_EXPECT_EQ(t->test, result(t, &call), 0);
	wait_empty(t);
}

static void join_and_leave(struct kunit *test)
{
	struct town *t = test->priv;
	struct dlm_ls *ls = joined(t);

	KUNIT_EXPECT_EQ(test, t->node->nodeid, 3);
	KUNIT_EXPECT_EQ(test, t->node->comms_users, 1U);
	KUNIT_EXPECT_EQ(test, ls->group, DLM_GROUP_IN);
	KUNIT_EXPECT_NULL(test, ls->waiting_for);
	KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_OPEN);
	left(t, ls);
}

/* the answer comes first, and a stop in between: the creator goes on waiting */
static void answer_before_start(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true };
	struct dlm_ls *ls;

	begin(t, &call, create);
	ls = wait_asked_in(t);
	dlm_ls_event_done(ls, 5);
	wait_group(t, DLM_GROUP_IN, "recovery");
	dlm_ls_stop(ls);
	KUNIT_EXPECT_FALSE(test, completion_done(&call.done));
	start(t, ls);
	KUNIT_ASSERT_EQ(test, result(t, &call), 0);
	left(t, ls);
}

struct refusal {
	int answer;
	bool device;
	int err;
};

static const struct refusal refusals[] = {
	{ -5,			true,	-EIO },
	{ -1,			true,	-ECONNREFUSED },
	{ -1,			false,	-EPERM },
	{ -MAX_ERRNO - 1,	true,	-EPROTO },
	{ INT_MIN,		false,	-EPROTO },
};

static void refused(struct kunit *test)
{
	struct town *t = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct call call = { .device = refusals[i].device };

		begin(t, &call, create);
		dlm_ls_event_done(wait_asked_in(t), refusals[i].answer);
		KUNIT_EXPECT_EQ(test, result(t, &call), refusals[i].err);
		wait_empty(t);
	}
}

/* this node does not fit: it leaves again, and the creator is told */
static void recovery_fails(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true };
	struct dlm_ls *ls;

	begin(t, &call, create);
	ls = wait_asked_in(t);
	dlm_ls_event_done(ls, 0);
	wait_group(t, DLM_GROUP_IN, "recovery");
	WRITE_ONCE(ls->recovery->outcome, -EPROTO);
	wake_up_all(&ls->recovery->wait);
	wait_asked_out(t);
	KUNIT_EXPECT_FALSE(test, completion_done(&call.done));
	dlm_ls_event_done(ls, 0);
	KUNIT_EXPECT_EQ(test, result(t, &call), -EPROTO);
	wait_empty(t);
}

/* who waits for a daemon that goes does not wait for ever */
static void daemon_goes(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true }, kernel = { }, out = { };
	struct dlm_ls *ls;

	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	begin(t, &call, create);
	wait_asked_in(t);
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, result(t, &call), -ENOSYS);
	wait_empty(t);
	/* nobody can join now */
	begin(t, &call, create);
	KUNIT_EXPECT_EQ(test, result(t, &call), -ENOSYS);
	begin(t, &kernel, create);
	KUNIT_EXPECT_EQ(test, result(t, &kernel), -EUNATCH);

	/* while the first recovery runs */
	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	begin(t, &kernel, create);
	dlm_ls_event_done(wait_asked_in(t), 0);
	wait_group(t, DLM_GROUP_IN, "recovery");
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, result(t, &kernel), -EUNATCH);
	wait_empty(t);

	/* while a release waits; and after that it does not even ask */
	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	out.ls = joined(t);
	begin(t, &out, release);
	wait_asked_out(t);
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, result(t, &out), 0);
	wait_empty(t);
	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	ls = joined(t);
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_CLOSED);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_IF_UNUSED), 0);
}

/* our own entry in the cluster stands for the daemon, too */
static void local_goes(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true };

	begin(t, &call, create);
	wait_asked_in(t);
	dlm_conf_comm_del(&t->us);
	KUNIT_EXPECT_EQ(test, result(t, &call), -ENOSYS);
	KUNIT_ASSERT_EQ(test, dlm_conf_comm_add(&t->us, &t->cluster, "3"), 0);
}

static void only_last_close_counts(struct kunit *test)
{
	struct town *t = test->priv;
	struct dlm_ls *ls;

	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	ls = joined(t);
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_OPEN);
	dlm_node_monitor_close(t->node);
	KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_CLOSED);
	/* the next daemon */
	KUNIT_ASSERT_EQ(test, dlm_node_monitor_open(t->node), 0);
	start(t, ls);
	KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_OPEN);
	left(t, ls);
	dlm_node_monitor_close(t->node);
}

static void killed(struct town *t, struct call *call)
{
	send_sig(SIGKILL, call->task, 1);
	KUNIT_EXPECT_EQ(t->test, result(t, call), -EINTR);
}

/* a killed create is undone when the daemon has answered, join and leave */
static void killed_create(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true }, other = { .device = true };
	struct dlm_ls *ls;

	begin(t, &call, create);
	ls = wait_asked_in(t);
	killed(t, &call);
	wait_asked_in(t);
	/* nobody waits for what may take for ever */
	begin(t, &other, create);
	KUNIT_EXPECT_EQ(test, result(t, &other), -EEXIST);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(t->node, NAME, strlen(NAME)));
	dlm_ls_event_done(ls, 0);
	wait_asked_out(t);
	dlm_ls_event_done(ls, 0);
	wait_empty(t);

	/* refused after the kill: there is nothing to leave */
	begin(t, &call, create);
	ls = wait_asked_in(t);
	killed(t, &call);
	wait_asked_in(t);
	dlm_ls_event_done(ls, -1);
	wait_empty(t);

	/* killed during the first recovery */
	begin(t, &call, create);
	ls = wait_asked_in(t);
	dlm_ls_event_done(ls, 0);
	wait_group(t, DLM_GROUP_IN, "recovery");
	killed(t, &call);
	wait_asked_out(t);
	dlm_ls_event_done(ls, 0);
	wait_empty(t);
}

static void killed_release(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .how = DLM_RELEASE_FORCE };
	struct dlm_ls *ls = joined(t);

	call.ls = ls;
	begin(t, &call, release);
	wait_asked_out(t);
	/* an answer of before does not count */
	KUNIT_EXPECT_FALSE(test, ls->answered);
	killed(t, &call);
	wait_asked_out(t);
	KUNIT_EXPECT_FALSE(test, dlm_ls_alive(ls));
	dlm_ls_event_done(ls, 0);
	wait_empty(t);
}

/* until the daemon has stopped it, the node answers others, and nobody else */
static void serves_while_it_leaves(struct kunit *test)
{
	static const enum dlm_release how[] = { DLM_RELEASE_IF_UNUSED, DLM_RELEASE_FORCE };
	struct town *t = test->priv;
	struct dlm_ls *ls;
	int i;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		struct call call = { .ls = joined(t), .how = how[i] };

		ls = call.ls;
		begin(t, &call, release);
		wait_asked_out(t);
		KUNIT_EXPECT_FALSE(test, dlm_ls_alive(ls));
		KUNIT_EXPECT_EQ(test, dlm_gate_enter(&ls->gate), -ENOENT);
		KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_OPEN);
		/* for the sake of somebody else, first */
		dlm_ls_stop(ls);
		KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_CLOSED);
		start(t, ls);
		KUNIT_EXPECT_EQ(test, (int)ls->gate.state, (int)DLM_GATE_OPEN);
		KUNIT_EXPECT_EQ(test, dlm_gate_enter(&ls->gate), -ENOENT);
		dlm_ls_stop(ls);
		dlm_ls_event_done(ls, 0);
		KUNIT_EXPECT_EQ(test, result(t, &call), 0);
		wait_empty(t);
	}
}

static void quiet_release(struct kunit *test)
{
	struct town *t = test->priv;

	KUNIT_EXPECT_EQ(test, dlm_ls_release(joined(t), DLM_RELEASE_QUIET), 0);
}

/* the node's end waits for nobody */
static void node_ends(struct kunit *test)
{
	struct town *t = test->priv;
	struct call call = { .device = true };

	begin(t, &call, create);
	wait_asked_in(t);
	dlm_node_stop(t->node);
	KUNIT_EXPECT_EQ(test, result(t, &call), -ENOSYS);
}

static struct kunit_case join_cases[] = {
	KUNIT_CASE(join_and_leave),
	KUNIT_CASE(answer_before_start),
	KUNIT_CASE(refused),
	KUNIT_CASE(recovery_fails),
	KUNIT_CASE(daemon_goes),
	KUNIT_CASE(local_goes),
	KUNIT_CASE(only_last_close_counts),
	KUNIT_CASE(killed_create),
	KUNIT_CASE(killed_release),
	KUNIT_CASE(serves_while_it_leaves),
	KUNIT_CASE(quiet_release),
	KUNIT_CASE(node_ends),
	{}
};

static struct kunit_suite join_suite = {
	.name = "dlm_join",
	.init = town_init,
	.exit = town_exit,
	.test_cases = join_cases,
};

kunit_test_suite(join_suite);

MODULE_LICENSE("GPL");
