// SPDX-License-Identifier: GPL-2.0
/*
 * recover_dir.c: who masters a resource after recoveries that were interrupted, or that some
 * members were late for. Found by random clusters (sim.h), each in the few steps that it takes.
 */
#include "cluster.h"

/* a name's directory node after a change is not known before: some names, for luck */
#define TRIES	8

static enum dlm_phase phase_of(struct c_world *c, int node)
{
	return c_ls(c, node)->recovery->phase;
}

/* one thing after the other until node is in that phase */
static void turn_until(struct c_world *c, int node, enum dlm_phase phase)
{
	unsigned int turns = 0;

	while (phase_of(c, node) != phase && turns++ < 100000)
		r_turn(c->r);
	KUNIT_ASSERT_EQ(c->test, (int)phase_of(c, node), (int)phase);
}

static int dir_of(struct c_world *c, int node, const char *name)
{
	return dlm_dir_nodeid(c_ls(c, node), name, strlen(name));
}

/* which of the names has that directory node by now? The lock's number, or -1 */
static int with_dir(struct c_world *c, int node, struct t_lock * const *l, int dir)
{
	int i;

	for (i = 0; i < TRIES; i++)
		if (dir_of(c, node, l[i]->name) == dir)
			return i;
	KUNIT_FAIL(c->test, "no name has node %d as its directory", dir);
	return -1;
}

static bool knows_master(struct c_world *c, int node, const char *name, int master)
{
	return c_master(c, node, name) == master;
}

/* a name of which node 2 has the record, and node 4 once node 1 or 3 is gone */
static const char *of_2_then_of_last(struct c_world *c)
{
	const char *name;

	do {
		name = c_name(c, 2);
	} while ((dlm_dir_hash(name, strlen(name)) >> 16) % 3 != 2);
	return name;
}

/* the recovery from somebody's death, in which node 2 asks node 4 who masters what 3 did */
static void recover_while_4_waits(struct c_world *c, const char *name)
{
	unsigned int turns = 0;

	r_stop_all(c->r);
	r_start_all(c->r);
	/* all may ask, and node 4 has not heard of it */
	while (phase_of(c, 1) < DLM_PH_MASTERS && turns++ < 10000)
		r_turn(c->r);
	memlink_stall(c->r->net, 1, 4, true);
	while (!knows_master(c, 2, name, 0) && turns++ < 10000)
		r_turn(c->r);
	KUNIT_EXPECT_EQ(c->test, c_master(c, 2, name), 0);
	KUNIT_EXPECT_LT(c->test, (int)phase_of(c, 4), (int)DLM_PH_MASTERS);
	memlink_stall(c->r->net, 1, 4, false);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
}

/*
 * Node 2 masters a resource, answers the last unlock of it, or the cancel of a request, from
 * node 4, and gives it to node 3.  Node 4 has stopped and stored the answer, and has the record
 * once somebody is @dead: then node 3 is master, and says so, or node 2 asks who is.  Node 4 has
 * no lock there.
 */
static void answered_too_late(struct kunit *test, int dead, bool cancel)
{
	struct t_lock *l2, *l3, *l4, *was;
	struct c_world *c;
	const char *name;
	int err;

	c_init_n(test, 4, 0, true);
	c = test->priv;
	name = of_2_then_of_last(c);
	l2 = c_new(c, 2, name);
	was = c_new(c, 4, name);
	c_lock(l2, cancel ? EX : CR, 0, 0);
	c_lock(was, PR, 0, cancel ? WAITS : 0);
	if (cancel) {
		t_bast(l2, PR);
		err = t_call_cancel(was, CANCEL, -DLM_ECANCEL);
	} else {
		err = t_call_unlock(was, FORCEUNLOCK);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	while (c_step(c, 4, 2))
		;
	KUNIT_EXPECT_EQ(test, t_call_unlock(l2, 0), 0);
	t_cast(l2, -DLM_EUNLOCK, cancel ? EX : CR, 0);
	dlm_ls_stop(c_ls(c, 4));
	while (c_step(c, 2, 4))
		;
	t_quiet(was);
	l3 = c_new(c, 3, name);
	KUNIT_EXPECT_EQ(test, c_call_lock(l3, CR, 0), 0);
	c_settle(c);
	t_granted(l3, CR);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 0);
	l2 = c_new(c, 2, name);
	KUNIT_EXPECT_EQ(test, c_call_lock(l2, CR, 0), 0);
	c_settle(c);
	t_granted(l2, CR);
	r_kill(c->r, dead);
	if (dead == 3)
		recover_while_4_waits(c, name);
	else
		c_recover(c);
	KUNIT_EXPECT_EQ(test, dir_of(c, 2, name), 4);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), dead == 3 ? 2 : 3);
	if (cancel)
		t_cast(was, -DLM_ECANCEL, IV, 0);
	else
		t_cast(was, -DLM_EUNLOCK, PR, 0);
	t_holds(l2, CR);
	c_check(c);
	/* nobody is in the way */
	l4 = c_new(c, 4, name);
	c_lock(l4, PW, NOQUEUE, 0);
	c_check(c);
	KUNIT_EXPECT_EQ(test, c_stat(c, 4, DLM_ST_BAD_MSG), 0ULL);
	c_exit(test);
}

static void answered_and_named(struct kunit *test)
{
	answered_too_late(test, 1, false);
}

static void answered_and_asked(struct kunit *test)
{
	answered_too_late(test, 3, false);
}

static void cancel_answered_and_named(struct kunit *test)
{
	answered_too_late(test, 1, true);
}

static void cancel_answered_and_asked(struct kunit *test)
{
	answered_too_late(test, 3, true);
}

/* how many granted locks a node knows of */
static unsigned int granted_on(struct c_world *c, int node, const char *name)
{
	struct dlm_rsb *r = dlm_rsb_find(c_ls(c, node), name, strlen(name));
	unsigned int n;

	if (!r)
		return 0;
	n = list_count_nodes(&r->granted);
	dlm_rsb_unlock(r);
	return n;
}

/* a name of which node 2 has the record without node 3, and node 4 without node 2 as well */
static const char *of_2_then_of_4(struct c_world *c)
{
	const char *name;
	u32 hash;

	do {
		name = c_name(c, 2);
		hash = dlm_dir_hash(name, strlen(name)) >> 16;
	} while (hash % 3 != 1 || hash % 2 != 1);
	return name;
}

/*
 * Node 3 masters what 1 and 4 have locks on, and dies.  1 is told that it is master now, and 4
 * not: the directory node dies, too.  Then 4 is directory node, and 1 names it.
 */
static void master_names_it(struct kunit *test)
{
	struct t_lock *l1, *l3, *l4;
	unsigned int turns;
	struct c_world *c;
	const char *name;

	c_init_n(test, 4, 0, true);
	c = test->priv;
	name = of_2_then_of_4(c);
	l1 = c_new(c, 1, name);
	l3 = c_new(c, 3, name);
	l4 = c_new(c, 4, name);
	c_lock(l3, CR, 0, 0);
	c_lock(l1, CR, 0, 0);
	c_lock(l4, CR, 0, 0);
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	turn_until(c, 1, DLM_PH_MASTERS);
	KUNIT_ASSERT_EQ(test, dir_of(c, 1, name), 2);
	memlink_stall(c->r->net, 2, 4, true);
	/* node 4 asks second, in vain */
	memlink_stall(c->r->net, 4, 2, true);
	for (turns = 0; !knows_master(c, 1, name, 0) && turns < 10000; turns++)
		r_turn(c->r);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 3);
	c_die(c, 2);
	KUNIT_EXPECT_EQ(test, dir_of(c, 1, name), 4);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 1);
	t_holds(l1, CR);
	t_holds(l4, CR);
	c_check(c);
	c_exit(test);
}

/*
 * Node 3 masters what 1, 4 and 5 have locks on; after its death node 2 is directory node.
 * 1 asks first, and is to be the new master: 4 is told, and sends its lock, 1 itself is not told,
 * since recovery begins anew.  There 5 asks first, and 1 has no business with 4's lock any more.
 */
static void master_in_doubt(struct kunit *test)
{
	struct t_lock *l1[TRIES], *l3[TRIES], *l4[TRIES], *l5[TRIES];
	const char *name, *names[TRIES];
	unsigned int turns = 0;
	struct c_world *c;
	int i;

	c_init_n(test, 5, 0, true);
	c = test->priv;
	for (i = 0; i < TRIES; i++) {
		names[i] = c_name(c, 3);
		l1[i] = c_new(c, 1, names[i]);
		l3[i] = c_new(c, 3, names[i]);
		l4[i] = c_new(c, 4, names[i]);
		l5[i] = c_new(c, 5, names[i]);
		c_lock(l3[i], CR, 0, 0);
		c_lock(l1[i], CR, 0, 0);
		c_lock(l4[i], CR, 0, 0);
		c_lock(l5[i], CR, 0, 0);
	}
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	turn_until(c, 1, DLM_PH_MASTERS);
	i = with_dir(c, 1, l1, 2);
	if (i < 0)
		return;
	name = names[i];
	/* what 2 answers is heard by 4 alone */
	memlink_stall(c->r->net, 2, 1, true);
	memlink_stall(c->r->net, 2, 5, true);
	while (granted_on(c, 1, name) < 2 && turns++ < 10000)
		r_turn(c->r);
	KUNIT_EXPECT_EQ(test, granted_on(c, 1, name), 2U);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 1);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 3);
	KUNIT_EXPECT_EQ(test, c_master(c, 5, name), 3);
	r_stop_all(c->r);
	memlink_stall(c->r->net, 2, 1, false);
	memlink_stall(c->r->net, 2, 5, false);
	r_start_all(c->r);
	turn_until(c, 1, DLM_PH_MASTERS);
	/* now 5 is first */
	memlink_stall(c->r->net, 1, 2, true);
	memlink_stall(c->r->net, 4, 2, true);
	for (turns = 0; !knows_master(c, 5, name, 0) && turns < 10000; turns++)
		r_turn(c->r);
	KUNIT_EXPECT_EQ(test, c_master(c, 5, name), 0);
	memlink_stall(c->r->net, 1, 2, false);
	memlink_stall(c->r->net, 4, 2, false);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 5);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 5);
	c_check(c);
	c_exit(test);
}

/*
 * The same, but what the directory node has is a request of its own, and who was to be the new
 * master lets go of its only lock before it hears of that: in the next recovery it does not
 * name the resource, and somebody else asks.
 */
static void master_dropped_it(struct kunit *test)
{
	struct t_lock *l1[TRIES], *l2[TRIES], *l3[TRIES], *l4[TRIES];
	unsigned int turns = 0;
	struct c_world *c;
	const char *name;
	int i, k;

	c_init_n(test, 4, 0, true);
	c = test->priv;
	for (i = 0; i < TRIES; i++) {
		name = c_name(c, 3);
		l1[i] = c_new(c, 1, name);
		l2[i] = c_new(c, 2, name);
		l3[i] = c_new(c, 3, name);
		l4[i] = c_new(c, 4, name);
		c_lock(l3[i], CR, 0, 0);
		c_lock(l1[i], CR, 0, 0);
		c_lock(l4[i], CR, 0, 0);
	}
	for (i = 0; i < TRIES; i++) {
		KUNIT_EXPECT_EQ(test, t_call_unlock(l1[i], 0), 0);
		KUNIT_EXPECT_EQ(test, c_call_lock(l2[i], CR, 0), 0);
	}
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	turn_until(c, 1, DLM_PH_MASTERS);
	k = with_dir(c, 1, l1, 2);
	if (k < 0)
		return;
	name = l1[k]->name;
	memlink_stall(c->r->net, 4, 2, true);
	while (!knows_master(c, 1, name, 0) && turns++ < 10000)
		r_turn(c->r);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 1);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 3);
	r_stop_all(c->r);
	memlink_stall(c->r->net, 4, 2, false);
	c_recover(c);
	KUNIT_EXPECT_EQ(test, c_master(c, 4, name), 0);
	for (i = 0; i < TRIES; i++) {
		t_cast(l1[i], -DLM_EUNLOCK, CR, 0);
		t_granted(l2[i], CR);
		t_holds(l4[i], CR);
	}
	c_check(c);
	c_exit(test);
}

/*
 * Without directory: node 1 owes grants when its recovery is interrupted, and the next one
 * makes 2 the master.
 */
static void grant_owed_elsewhere(struct kunit *test)
{
	struct t_lock *held[TRIES], *waits[TRIES];
	struct c_world *c;
	const char *name;
	int i, moved = 0;

	c_init_n(test, 3, DLM_LSFL_NODIR, true);
	c = test->priv;
	for (i = 0; i < TRIES; i++) {
		name = c_name(c, 1);
		held[i] = c_new(c, 2, name);
		waits[i] = c_new(c, 1, name);
		c_lock(held[i], EX, 0, 0);
		c_lock(waits[i], PR, 0, WAITS);
		t_bast(held[i], PR);
	}
	c_ls(c, 1)->recovery->batch = 1;
	r_stop_all(c->r);
	r_start_all(c->r);
	turn_until(c, 1, DLM_PH_REPLAY);
	r_stop_all(c->r);
	c_ls(c, 1)->recovery->batch = DLM_RECOVER_BATCH;
	c_die(c, 3);
	for (i = 0; i < TRIES; i++) {
		moved += dir_of(c, 1, held[i]->name) == 2;
		t_quiet(waits[i]);
		t_waiting(waits[i]);
		t_holds(held[i], EX);
		held[i]->seen = held[i]->told;
	}
	KUNIT_EXPECT_GT(test, moved, 0);
	c_check(c);
	c_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(master_names_it),
	KUNIT_CASE(answered_and_named),
	KUNIT_CASE(answered_and_asked),
	KUNIT_CASE(cancel_answered_and_named),
	KUNIT_CASE(cancel_answered_and_asked),
	KUNIT_CASE(master_in_doubt),
	KUNIT_CASE(master_dropped_it),
	KUNIT_CASE(grant_owed_elsewhere),
	{ }
};

static struct kunit_suite suite = {
	.name = "dlm_found_master",
	.test_cases = cases,
};

kunit_test_suites(&suite);
