// SPDX-License-Identifier: GPL-2.0
/*
 * lockspace.c, node.c, lkb.c, rsb.c: life of lockspaces, ids and names.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include "fixture.h"

#define DEADLINE	(60 * HZ)

static int create(struct dlm_node *node, const char *name, unsigned int len,
		  u32 flags, struct dlm_ls **ls)
{
	struct dlm_ls_params params = {
		.name = name,
		.namelen = len,
		.flags = flags,
		.lvblen = T_LVBLEN,
		.device = true,
	};

	return dlm_ls_create(node, &params, ls);
}

static void release(struct kunit *test, struct dlm_ls *ls)
{
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_IF_UNUSED), 0);
}

struct name_case {
	const char *name;
	const char *bytes;
	unsigned int len;
	int err;
};

static const char long_name[] =
	"0123456789012345678901234567890123456789012345678901234567890123x";

static const struct name_case name_cases[] = {
	{ "plain",	"demo",		4,	0 },
	{ "one byte",	"d",		1,	0 },
	{ "64 bytes",	long_name,	64,	0 },
	{ "65 bytes",	long_name,	65,	-EINVAL },
	{ "empty",	"",		0,	-EINVAL },
	{ "dot",	".",		1,	-EINVAL },
	{ "dots",	"..",		2,	-EINVAL },
	{ "three dots",	"...",		3,	0 },
	{ "hidden",	".x",		2,	0 },
	{ "dash",	"-",		1,	0 },
	{ "slash",	"a/b",		3,	-EINVAL },
	{ "slash last",	"a/",		2,	-EINVAL },
	{ "blank",	"a b",		3,	-EINVAL },
	{ "blank first", " a",		2,	-EINVAL },
	{ "tab",	"a\tb",		3,	-EINVAL },
	{ "newline",	"a\n",		2,	-EINVAL },
	{ "nul",	"a\0b",		3,	-EINVAL },
	{ "escape",	"\033[1m",	4,	-EINVAL },
	{ "delete",	"a\177",	2,	-EINVAL },
	{ "utf-8",	"\303\244",	2,	0 },
};

static void name_desc(const struct name_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(name, name_cases, name_desc);

static void names(struct kunit *test)
{
	const struct name_case *c = test->param_value;
	struct t_world *w = test->priv;
	struct dlm_ls *ls = NULL, *found;

	KUNIT_ASSERT_EQ(test, create(w->node, c->bytes, c->len, 0, &ls), c->err);
	found = dlm_ls_find(w->node, c->bytes, c->len);
	KUNIT_EXPECT_PTR_EQ(test, found, ls);
	if (!ls)
		return;
	KUNIT_EXPECT_EQ(test, strlen(dlm_ls_name(ls)), (size_t)c->len);
	KUNIT_EXPECT_EQ(test, memcmp(dlm_ls_name(ls), c->bytes, c->len), 0);
	dlm_ls_put(found);
	release(test, ls);
}

static void properties(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls *ls;

	KUNIT_EXPECT_EQ(test, dlm_ls_lvblen(w->ls), (unsigned int)T_LVBLEN);
	KUNIT_EXPECT_TRUE(test, dlm_ls_alive(w->ls));
	KUNIT_EXPECT_PTR_EQ(test, dlm_ls_node(w->ls), w->node);
	KUNIT_EXPECT_FALSE(test, w->ls->nodir);
	dlm_ls_set_client(w->ls, test);
	KUNIT_EXPECT_PTR_EQ(test, dlm_ls_client(w->ls), (void *)test);

	/* NODIR takes effect; what members need not agree on is not compared */
	KUNIT_ASSERT_EQ(test, create(w->node, "x", 1, DLM_LSFL_NODIR | DLM_LSFL_FS |
				     DLM_LSFL_NEWEXCL | DLM_LSFL_TIMEWARN, &ls), 0);
	KUNIT_EXPECT_TRUE(test, ls->nodir);
	KUNIT_EXPECT_EQ(test, ls->exflags, DLM_LSFL_NODIR | DLM_LSFL_TIMEWARN);
	KUNIT_EXPECT_NE(test, dlm_ls_id(ls), dlm_ls_id(w->ls));
	release(test, ls);
	KUNIT_EXPECT_EQ(test, create(w->node, "x", 1, DLM_LSFL_SOFTIRQ, &ls), -EINVAL);
}

static void bad_lvblen(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls_params params = {
		.name = "x", .namelen = 1, .lvblen = 31, .device = true,
	};
	struct dlm_ls *ls;

	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EINVAL);
	/* no message has room for it */
	params.lvblen = DLM_LVBLEN_MAX + 8;
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EINVAL);
	params.lvblen = DLM_LVBLEN_MAX;
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), 0);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_IF_UNUSED), 0);
}

/* device creators get EEXIST with or without NEWEXCL */
static void exists(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls *ls;

	KUNIT_EXPECT_EQ(test, create(w->node, "world", 5, 0, &ls), -EEXIST);
	KUNIT_EXPECT_EQ(test, create(w->node, "world", 5, DLM_LSFL_NEWEXCL, &ls), -EEXIST);
	KUNIT_EXPECT_EQ(test, w->ls->create_count, 1U);
	/* prefixes and extensions are other names */
	KUNIT_EXPECT_EQ(test, create(w->node, "worl", 4, 0, &ls), 0);
	release(test, ls);
	KUNIT_EXPECT_EQ(test, create(w->node, "worlds", 6, 0, &ls), 0);
	release(test, ls);
	t_lock(w->a, EX, 0, 0);
}

/* kernel users share an existing one, counted */
static void kernel_users_count(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls_params params = {
		.name = "world", .namelen = 5, .lvblen = 64,
	};
	struct dlm_ls *ls = NULL;

	t_lock(w->a, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), 0);
	KUNIT_ASSERT_PTR_EQ(test, ls, w->ls);
	params.flags = DLM_LSFL_NEWEXCL;
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EEXIST);
	/* one creator less, busy or not */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_IF_UNUSED), 1);
	dlm_ls_put(ls);
	KUNIT_EXPECT_TRUE(test, dlm_ls_alive(w->ls));
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_IF_UNUSED), -EBUSY);
}

/* errno when the DLM cannot work */
static void not_configured(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls_params params = {
		.name = "kernel", .namelen = 6, .lvblen = 32,
	};
	struct dlm_ls *ls;

	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EUNATCH);
	w->node->config.solo = false;
	KUNIT_EXPECT_EQ(test, create(w->node, "x", 1, 0, &ls), -ENOSYS);
	/* exists comes first */
	KUNIT_EXPECT_EQ(test, create(w->node, "world", 5, 0, &ls), -EEXIST);
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EUNATCH);
}

/* a solo node must not drift into a cluster, nor the other way round */
static void solo_and_monitor(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_node *node = t_node(test);
	struct dlm_ls *ls;

	KUNIT_EXPECT_EQ(test, dlm_node_monitor_open(w->node), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_node_monitor_open(node), 0);
	KUNIT_EXPECT_EQ(test, create(node, "x", 1, 0, &ls), -ENOSYS);
	KUNIT_EXPECT_EQ(test, dlm_node_monitor_open(node), 0);
	dlm_node_monitor_close(node);
	KUNIT_EXPECT_EQ(test, create(node, "x", 1, 0, &ls), -ENOSYS);
	dlm_node_monitor_close(node);
	KUNIT_ASSERT_EQ(test, create(node, "x", 1, 0, &ls), 0);
	KUNIT_EXPECT_EQ(test, dlm_node_monitor_open(node), -EBUSY);
	release(test, ls);
	KUNIT_EXPECT_EQ(test, dlm_node_monitor_open(node), 0);
	dlm_node_monitor_close(node);
	dlm_node_stop(node);
	KUNIT_EXPECT_EQ(test, create(node, "x", 1, 0, &ls), -ENOSYS);
	dlm_node_put(node);
}

static void find(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls *ls = dlm_ls_find(w->node, "world", 5);

	KUNIT_EXPECT_PTR_EQ(test, ls, w->ls);
	dlm_ls_put(ls);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "worl", 4));
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "worldx", 6));
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "", 0));
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_FORCE), 0);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "world", 5));
}

/* two nodes: the same name is two lockspaces */
static void nodes_are_apart(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_node *node = t_node(test);
	struct dlm_ls *ls = t_ls(test, node, "world", 0), *own = w->ls;

	t_lock(w->a, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(ls), 0U);
	w->ls = ls;
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->a, 0), -ENOENT);
	w->ls = own;
	release(test, ls);
	dlm_node_stop(node);
	dlm_node_put(node);
	t_unlock(w->a, 0);
}

/* every state of a lock makes it busy, and it all works on after the refusal */
static void busy(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, NL, PERSISTENT, 0);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_IF_UNUSED), -EBUSY);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, PERSISTENT, WAITS);
	t_lock(w->c, EX, 0, WAITS);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_IF_UNUSED), -EBUSY);
	KUNIT_EXPECT_TRUE(test, dlm_ls_alive(w->ls));
	t_unlock(w->b, 0);
	t_granted(w->a, EX);
	t_unlock(w->c, 0);
	t_client_close(w->client[0]);
	/* an orphan counts */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_IF_UNUSED), -EBUSY);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
	/* open handles without locks do not */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_IF_UNUSED), 0);
	KUNIT_EXPECT_FALSE(test, dlm_ls_alive(w->ls));
}

/* by force: nobody is told, handles stay and are dead */
static void force(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->b, PR, VALBLK, 0);
	t_convert(w->b, EX, VALBLK, WAITS);
	t_lock(w->c, EX, 0, WAITS);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_FORCE), 0);
	t_quiet(w->b);
	t_quiet(w->c);
	KUNIT_EXPECT_EQ(test, w->b->unbinds, 1U);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
	KUNIT_EXPECT_FALSE(test, dlm_ls_alive(w->ls));
	/* every call on a dead handle */
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, NL, 0, "r", 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, NL, CONVERT), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, dlm_owner_purge(&w->client[1]->owner), -ENOENT);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), -ENOENT);
	/* nobody can release it again */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_FORCE), -EINVAL);
	/* closing always works */
	t_client_close(w->client[1]);
}

/* the name is free at once, old handles stay dead */
static void same_name_again(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct t_client *old = w->client[1];
	struct dlm_ls *ls, *dead = w->ls;
	int i;

	t_lock(w->b, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, dlm_ls_release(w->ls, DLM_RELEASE_FORCE), 0);
	for (i = 0; i < 50; i++) {
		ls = t_ls(test, w->node, "world", 0);
		w->ls = ls;
		w->client[0]->owner.ls = ls;
		t_lock(w->a, EX, NOQUEUE, 0);
		w->client[0]->owner.ls = dead;
		w->ls = dead;
		KUNIT_EXPECT_EQ(test, t_call_lock(w->b, NL, 0, "r", 1), -ENOENT);
		w->ls = ls;
		KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_FORCE), 0);
		w->ls = dead;
	}
	t_client_close(old);
	w->client[1] = NULL;
}

struct plug_state {
	int plugged;
	int unplugged;
	int err;
	struct dlm_ls *ls;
	bool findable;
};

static int plug(struct dlm_ls *ls)
{
	struct t_world *w = current->kunit_test->priv;
	struct plug_state *st = w->priv;
	struct dlm_ls *found;

	st->plugged++;
	st->ls = ls;
	found = dlm_ls_find(dlm_ls_node(ls), dlm_ls_name(ls), strlen(dlm_ls_name(ls)));
	st->findable = found;
	if (found)
		dlm_ls_put(found);
	return st->err;
}

static void unplug(struct dlm_ls *ls)
{
	struct t_world *w = current->kunit_test->priv;
	struct plug_state *st = w->priv;

	st->unplugged++;
	st->findable = dlm_ls_alive(ls);
}

static void plugs(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct plug_state st = { };
	struct dlm_ls_params params = {
		.name = "plugged", .namelen = 7, .lvblen = T_LVBLEN,
		.device = true, .plug = plug, .unplug = unplug,
	};
	struct dlm_ls *ls = NULL;

	w->priv = &st;
	/* not to be found before its device is there */
	KUNIT_ASSERT_EQ(test, dlm_ls_create(w->node, &params, &ls), 0);
	KUNIT_EXPECT_EQ(test, st.plugged, 1);
	KUNIT_EXPECT_FALSE(test, st.findable);
	KUNIT_EXPECT_PTR_EQ(test, st.ls, ls);
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -EEXIST);
	KUNIT_EXPECT_EQ(test, st.plugged, 1);
	/* unplugged before anything goes away */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_FORCE), 0);
	KUNIT_EXPECT_EQ(test, st.unplugged, 1);
	KUNIT_EXPECT_TRUE(test, st.findable);
	/* a plug that fails undoes it all, and the name is free */
	st.err = -ENODEV;
	KUNIT_EXPECT_EQ(test, dlm_ls_create(w->node, &params, &ls), -ENODEV);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "plugged", 7));
	KUNIT_EXPECT_EQ(test, st.unplugged, 1);
	st.err = 0;
	KUNIT_ASSERT_EQ(test, dlm_ls_create(w->node, &params, &ls), 0);
	/* the node's end unplugs, too */
	dlm_node_stop(w->node);
	KUNIT_EXPECT_EQ(test, st.unplugged, 2);
}

/**
 * struct joiner - a create that stops half way, in a thread of its own
 * @node: where
 * @half: it is there
 * @go: let it finish
 * @done: it has
 * @err: its result
 * @ls: the lockspace
 * @task: the thread
 * @plug_err: how its plug function ends
 */
struct joiner {
	struct dlm_node		*node;
	struct completion	half;
	struct completion	go;
	struct completion	done;
	int			err;
	struct dlm_ls		*ls;
	struct task_struct	*task;
	int			plug_err;
};

static int slow_plug(struct dlm_ls *ls)
{
	struct joiner *j = kthread_data(current);

	complete(&j->half);
	wait_for_completion(&j->go);
	return j->plug_err;
}

static int join(void *data)
{
	struct joiner *j = data;
	struct dlm_ls_params params = {
		.name = "slow", .namelen = 4, .lvblen = T_LVBLEN,
		.device = true, .plug = slow_plug,
	};

	/* a kthread ignores all signals unless it says otherwise */
	allow_signal(SIGKILL);
	j->err = dlm_ls_create(j->node, &params, &j->ls);
	complete(&j->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void slow_unplug(struct dlm_ls *ls)
{
	struct joiner *j = kthread_data(current);

	complete(&j->half);
	wait_for_completion(&j->go);
}

/* creates it at once, but needs long to release it */
static int leave(void *data)
{
	struct joiner *j = data;
	struct dlm_ls_params params = {
		.name = "slow", .namelen = 4, .lvblen = T_LVBLEN,
		.device = true, .unplug = slow_unplug,
	};

	j->err = dlm_ls_create(j->node, &params, &j->ls);
	if (!j->err)
		j->err = dlm_ls_release(j->ls, DLM_RELEASE_FORCE);
	complete(&j->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void joiner_start(struct kunit *test, struct joiner *j,
			 int (*fn)(void *data))
{
	struct t_world *w = test->priv;

	j->node = w->node;
	init_completion(&j->half);
	init_completion(&j->go);
	init_completion(&j->done);
	j->task = kthread_run(fn, j, "dlm-join-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(j->task));
}

static void waits_for_change(struct kunit *test, struct dlm_node *node)
{
	unsigned long end = jiffies + DEADLINE;

	while (!wq_has_sleeper(&node->changed) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_TRUE(test, wq_has_sleeper(&node->changed));
}

/* a second creator waits for the first; what it gets depends on how that ends */
static void two_creators(struct kunit *test, int plug_err)
{
	struct t_world *w = test->priv;
	struct joiner first = { .plug_err = plug_err }, second = { };

	joiner_start(test, &first, join);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.half, DEADLINE), 0UL);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "slow", 4));
	joiner_start(test, &second, join);
	complete(&second.go);
	waits_for_change(test, w->node);
	KUNIT_EXPECT_FALSE(test, completion_done(&second.done));
	/* other names do not wait */
	release(test, t_ls(test, w->node, "quick", 0));
	KUNIT_EXPECT_FALSE(test, completion_done(&second.done));
	complete(&first.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.done, DEADLINE), 0UL);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&second.done, DEADLINE), 0UL);
	kthread_stop(first.task);
	kthread_stop(second.task);
	KUNIT_EXPECT_EQ(test, first.err, plug_err);
	KUNIT_EXPECT_EQ(test, second.err, plug_err ? 0 : -EEXIST);
	release(test, plug_err ? second.ls : first.ls);
}

static void create_while_joining(struct kunit *test)
{
	two_creators(test, 0);
}

static void create_while_failing(struct kunit *test)
{
	two_creators(test, -ENODEV);
}

/* a release under way is waited for: then the name is free */
static void create_while_releasing(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct joiner first = { }, second = { };

	joiner_start(test, &first, leave);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.half, DEADLINE), 0UL);
	KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "slow", 4));
	/* nobody else can release it */
	KUNIT_EXPECT_EQ(test, dlm_ls_release(first.ls, DLM_RELEASE_FORCE), -EINVAL);
	joiner_start(test, &second, join);
	complete(&second.go);
	waits_for_change(test, w->node);
	KUNIT_EXPECT_FALSE(test, completion_done(&second.done));
	complete(&first.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.done, DEADLINE), 0UL);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&second.done, DEADLINE), 0UL);
	kthread_stop(first.task);
	kthread_stop(second.task);
	KUNIT_EXPECT_EQ(test, first.err, 0);
	KUNIT_ASSERT_EQ(test, second.err, 0);
	release(test, second.ls);
}

static int release_at_once(void *data)
{
	struct joiner *j = data;
	struct dlm_ls *ls;

	while (!kthread_should_stop()) {
		ls = dlm_ls_find(j->node, "slow", 4);
		if (ls) {
			dlm_ls_release(ls, DLM_RELEASE_FORCE);
			dlm_ls_put(ls);
		}
		cond_resched();
	}
	return 0;
}

/* a lockspace may be gone again before its creator is told that it is there */
static void released_at_once(struct kunit *test)
{
	struct dlm_ls_params params = {
		.name = "slow", .namelen = 4, .lvblen = T_LVBLEN, .device = true,
	};
	struct joiner j = { };
	struct dlm_ls *ls;
	int i, err;

	joiner_start(test, &j, release_at_once);
	for (i = 0; i < 40; i++) {
		do {
			err = dlm_ls_create(j.node, &params, &ls);
			cond_resched();
		} while (err == -EEXIST);
		KUNIT_EXPECT_EQ(test, err, 0);
	}
	kthread_stop(j.task);
	ls = dlm_ls_find(j.node, "slow", 4);
	if (!ls)
		return;
	KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_FORCE), 0);
	dlm_ls_put(ls);
}

/* who waits for another's create can be killed, and has done nothing then */
static void killed_creator(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct joiner first = { }, second = { };

	joiner_start(test, &first, join);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.half, DEADLINE), 0UL);
	joiner_start(test, &second, join);
	waits_for_change(test, w->node);
	send_sig(SIGKILL, second.task, 1);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&second.done, DEADLINE), 0UL);
	KUNIT_EXPECT_EQ(test, second.err, -EINTR);
	complete(&first.go);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&first.done, DEADLINE), 0UL);
	kthread_stop(first.task);
	kthread_stop(second.task);
	KUNIT_ASSERT_EQ(test, first.err, 0);
	KUNIT_EXPECT_EQ(test, first.ls->create_count, 1U);
	release(test, first.ls);
}

/* ids go up, and are not used again soon */
static void ids_go_up(struct kunit *test)
{
	struct t_world *w = test->priv;
	u32 last = 0;
	int i;

	for (i = 0; i < 1000; i++) {
		t_lock(w->a, EX, 0, 0);
		KUNIT_ASSERT_GT(test, w->a->id, last);
		last = w->a->id;
		t_unlock(w->a, 0);
	}
	/* the refused and the cancelled used up theirs */
	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, NOQUEUE, -EAGAIN);
	KUNIT_EXPECT_GT(test, w->b->id, w->a->id);
	t_lock(w->c, EX, 0, WAITS);
	KUNIT_EXPECT_GT(test, w->c->id, w->b->id);
}

/* after the highest come the lowest that are free; never 0, never negative */
static void ids_wrap(struct kunit *test)
{
	struct t_world *w = test->priv;
	int i;

	t_lock(w->a, NL, 0, 0);
	t_lock(w->b, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->a->id, 1U);
	KUNIT_EXPECT_EQ(test, w->b->id, 2U);
	atomic_set(&w->ls->next_id, DLM_LKID_MAX - 1);
	t_lock(w->c, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->c->id, DLM_LKID_MAX);
	t_lock(w->d, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->d->id, 3U);
	t_lock(w->e, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->e->id, 4U);
	for (i = 0; i < 5; i++)
		t_unlock(w->all[i], 0);
	/* and once more, past the counter's own end */
	atomic_set(&w->ls->next_id, -2);
	t_lock(w->a, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->a->id, DLM_LKID_MAX);
	t_lock(w->b, NL, 0, 0);
	KUNIT_EXPECT_EQ(test, w->b->id, 1U);
}

/* a table of many names, of all lengths and most alike; ended in another order */
static void many_names(struct kunit *test)
{
	enum { N = 256 };
	struct t_world *w = test->priv;
	char name[DLM_RESNAME_MAXLEN];
	u32 *ids;
	int i;

	ids = kunit_kcalloc(test, N, sizeof(*ids), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ids);
	memset(name, 'n', sizeof(name));
	for (i = 0; i < N; i++) {
		name[i % 64] ^= i;
		KUNIT_ASSERT_EQ(test, t_call_lock(w->a, EX, NOQUEUE, name, 1 + i % 64), 0);
		name[i % 64] ^= i;
		t_granted(w->a, EX);
		ids[i] = w->a->id;
	}
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), (unsigned int)N);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), (int)N);
	for (i = N - 1; i >= 0; i -= 2) {
		w->a->id = ids[i];
		t_unlock(w->a, 0);
	}
	for (i = 0; i < N; i += 2) {
		w->a->id = ids[i];
		t_unlock(w->a, 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), 0);
}

/* --- by number ---------------------------------------------------------- */

static void expect_id(struct kunit *test, struct dlm_node *node, u32 id,
		      struct dlm_ls *want, int line)
{
	struct dlm_ls *ls = dlm_ls_by_id(node, id);

	KUNIT_EXPECT_PTR_EQ_MSG(test, ls, want, "line %d", line);
	if (ls)
		dlm_ls_put(ls);
}

#define by_id(node, id, want)	expect_id(test, node, id, want, __LINE__)

static void ids_find(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls *a = t_ls(test, w->node, "a", 0), *b = t_ls(test, w->node, "b", 0);
	struct dlm_node *other = t_node(test);
	u32 id;

	by_id(w->node, dlm_ls_id(a), a);
	by_id(w->node, dlm_ls_id(b), b);
	by_id(w->node, 4711, NULL);
	by_id(other, dlm_ls_id(a), NULL);
	/* the control daemon has another number */
	dlm_ls_set_id(a, 4711);
	by_id(w->node, 4711, a);
	dlm_ls_set_id(a, 4711 + 32);
	by_id(w->node, 4711, NULL);
	by_id(w->node, 4711 + 32, a);
	/* nor by those that are next to it in the table */
	for (id = 0; id < 1000; id++)
		by_id(w->node, id, NULL);
	/* nonsense: the same for two; one of them is left */
	dlm_ls_set_id(b, 4711 + 32);
	dlm_ls_get(a);
	release(test, a);
	by_id(w->node, 4711 + 32, b);
	/* a file of it was still being written when it went */
	dlm_ls_set_id(a, 4711);
	by_id(w->node, 4711, NULL);
	dlm_ls_put(a);
	release(test, b);
	by_id(w->node, 4711 + 32, NULL);
	dlm_node_stop(other);
	dlm_node_put(other);
}

/**
 * struct seeker - looks for a lockspace that comes, goes and changes its number
 * @node: where
 * @found: times that it was there
 * @wrong: times that it was another
 */
struct seeker {
	struct dlm_node	*node;
	unsigned int	found;
	unsigned int	wrong;
};

#define SOUGHT	77

static int seek(void *data)
{
	struct seeker *s = data;
	struct dlm_ls *ls;

	while (!kthread_should_stop()) {
		ls = dlm_ls_by_id(s->node, SOUGHT);
		if (ls) {
			WRITE_ONCE(s->found, s->found + 1);
			s->wrong += strcmp(dlm_ls_name(ls), "sought") != 0;
			dlm_ls_put(ls);
		}
		cond_resched();
	}
	return 0;
}

static void ids_find_while(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct seeker s = { .node = w->node };
	struct task_struct *task = kthread_run(seek, &s, "dlm-id-test");
	unsigned long end = jiffies + 60 * HZ;
	int round;

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (round = 0; round < 100 || !READ_ONCE(s.found); round++) {
		struct dlm_ls *ls = t_ls(test, w->node, "sought", 0);

		dlm_ls_set_id(ls, SOUGHT);
		cond_resched();
		if (round % 2)
			dlm_ls_set_id(ls, SOUGHT + 32);
		release(test, ls);
		if (time_after(jiffies, end))
			break;
	}
	kthread_stop(task);
	KUNIT_EXPECT_GT(test, s.found, 0U);
	KUNIT_EXPECT_EQ(test, s.wrong, 0U);
}

static struct kunit_case lockspace_cases[] = {
	KUNIT_CASE_PARAM(names, name_gen_params),
	KUNIT_CASE(properties),
	KUNIT_CASE(bad_lvblen),
	KUNIT_CASE(exists),
	KUNIT_CASE(kernel_users_count),
	KUNIT_CASE(not_configured),
	KUNIT_CASE(solo_and_monitor),
	KUNIT_CASE(find),
	KUNIT_CASE(nodes_are_apart),
	KUNIT_CASE(busy),
	KUNIT_CASE(force),
	KUNIT_CASE(same_name_again),
	KUNIT_CASE(plugs),
	KUNIT_CASE(create_while_joining),
	KUNIT_CASE(create_while_failing),
	KUNIT_CASE(create_while_releasing),
	KUNIT_CASE(released_at_once),
	KUNIT_CASE(killed_creator),
	KUNIT_CASE(ids_go_up),
	KUNIT_CASE(ids_wrap),
	KUNIT_CASE(many_names),
	KUNIT_CASE(ids_find),
	KUNIT_CASE(ids_find_while),
	{}
};

static struct kunit_suite lockspace_suite = {
	.name = "dlm_lockspace",
	.init = t_init,
	.exit = t_exit,
	.test_cases = lockspace_cases,
};

kunit_test_suite(lockspace_suite);

MODULE_LICENSE("GPL");
