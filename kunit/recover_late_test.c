// SPDX-License-Identifier: GPL-2.0
/*
 * member.c, recover_dir.c, reqqueue.c: a node comes back, and is in use again, when another one
 * has not finished the recovery from its departure; and then that is interrupted.
 *
 * Node 1 leads.  Node 3 is late: it never hears that all are done, and still counts node 2,
 * which is back, among the gone.
 */
#include "cluster.h"

static struct dlm_recovery *rec(struct c_world *c, int node)
{
	return c->r->host[node].ls->recovery;
}

static void until(struct c_world *c, int node, enum dlm_phase phase)
{
	int i;

	for (i = 0; i < 100000 && rec(c, node)->phase < phase; i++)
		if (!r_turn(c->r))
			break;
	KUNIT_ASSERT_GE_MSG(c->test, (int)rec(c, node)->phase, (int)phase, "node %d", node);
}

/* what node 2 is since it came back */
struct returned {
	struct t_world	w;
	struct t_client	*client;
};

/* node 2 leaves and comes back; the recovery from that ends everywhere but on node 3 */
static void return_of_2(struct c_world *c, struct returned *back)
{
	int i;

	r_kill(c->r, 2);
	r_stop_all(c->r);
	r_node(c->r, 2, 0);
	back->w.test = c->test;
	back->w.node = c->r->host[2].node;
	back->w.ls = c->r->host[2].ls;
	back->client = t_client_new(&back->w);
	c->w[2].ls = back->w.ls;
	c->w[2].node = back->w.node;
	for (i = 1; i <= c->nodes; i++)
		r_start(c->r, i, i == 2 ? 0 : 2);
	/* it knows that all are done, and keeps it from node 3 */
	until(c, 1, DLM_PH_REPLAY);
	memlink_stall(c->r->net, 1, 3, true);
	for (i = 1; i <= c->nodes; i++)
		if (i != 3)
			until(c, i, DLM_PH_RUNNING);
	KUNIT_ASSERT_EQ(c->test, (int)rec(c, 3)->phase, (int)DLM_PH_DONE);
	KUNIT_EXPECT_TRUE(c->test, dlm_is_gone(rec(c, 3), 2));
}

static void end_of_2(struct returned *back)
{
	dlm_node_stop(back->w.node);
	t_client_close(back->client);
}

/* some turns, none of which ends anything */
static void turns(struct c_world *c, int n)
{
	while (n-- && r_turn(c->r))
		;
}

static void again(struct c_world *c)
{
	r_stop_all(c->r);
	memlink_stall(c->r->net, 1, 3, false);
	r_start_all(c->r);
}

/* node 2 is back, and asks for a lock on what node 3 masters, where the request is stored */
static struct t_lock *stored_request(struct c_world *c, const char *name,
				     struct returned *back)
{
	struct t_lock *l2;

	return_of_2(c, back);
	l2 = t_new(&back->w, back->client, name);
	KUNIT_EXPECT_EQ(c->test, t_call_lock(l2, CR, 0, name, strlen(name)), 0);
	turns(c, 200);
	/* node 1 keeps the directory record */
	KUNIT_EXPECT_EQ(c->test, c_stat(c, 3, DLM_ST_STORED), 1ULL);
	return l2;
}

/* a request that the late node stored is not one of the former incarnation's */
static void request_is_kept(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l3 = c_new(c, 3, name), *l2;
	struct returned back = { };

	c_lock(l3, CR, 0, 0);
	l2 = stored_request(c, name, &back);
	t_quiet(l2);
	again(c);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	t_granted(l2, CR);
	t_holds(l3, CR);
	c_check(c);
	end_of_2(&back);
}

/* it is one of the former incarnation's once that has left, too, and a third came at once */
static void request_is_dropped(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l3 = c_new(c, 3, name);
	struct returned back = { };
	int i;

	c_lock(l3, CR, 0, 0);
	stored_request(c, name, &back);
	KUNIT_EXPECT_FALSE(test, dlm_is_unpurged(rec(c, 3), 2));
	end_of_2(&back);
	r_kill(c->r, 2);
	r_stop_all(c->r);
	memlink_stall(c->r->net, 1, 3, false);
	r_node(c->r, 2, 0);
	c->w[2].ls = c->r->host[2].ls;
	c->w[2].node = c->r->host[2].node;
	for (i = 1; i <= c->nodes; i++)
		r_start(c->r, i, i == 2 ? 0 : 2);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 3)), 1U);
	t_holds(l3, CR);
	c_check(c);
}

/* node 3 waits for node 1, which masters, and for node 2, which dies */
static void die_before_a_waiter(struct c_world *c, struct t_lock **l1, struct t_lock **l3)
{
	const char *name = c_name(c, 1);
	struct t_lock *l2 = c_new(c, 2, name);

	*l1 = c_new(c, 1, name);
	*l3 = c_new(c, 3, name);
	c_lock(*l1, CR, 0, 0);
	c_lock(l2, PR, 0, 0);
	c_lock(*l3, EX, 0, WAITS);
	t_bast(*l1, EX);
	t_bast(l2, EX);
	r_kill(c->r, 2);
}

/* node 2 leaves and comes back between a stop and a start: its locks are gone */
static void renewed(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l1, *l3;
	int i;

	die_before_a_waiter(c, &l1, &l3);
	r_stop_all(c->r);
	r_node(c->r, 2, 0);
	for (i = 1; i <= 3; i++)
		r_start(c->r, i, i == 2 ? 0 : 2);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	t_waiting(l3);
	c_unlock(l1, 0);
	t_granted(l3, EX);
	KUNIT_EXPECT_EQ(test, c_ls(c, 1)->recovery->ngone, 0U);
}

/* node 3 gets the names that node @from masters: this one */
static void names_to_3(struct c_world *c, int from, const char *name)
{
	const struct dlm_rpeer *p = dlm_rpeer_find(rec(c, 3), from);
	unsigned int len = strlen(name);
	struct dlm_fx fx = { };
	struct dlm_w_rcom *rc;

	KUNIT_ASSERT_EQ(c->test, (int)p->wants, (int)DLM_RCOM_NAMES_REPLY);
	rc = kunit_kzalloc(c->test, sizeof(*rc) + len + 4, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(c->test, rc);
	rc->header.version = cpu_to_le32(DLM_WIRE_3_2);
	rc->header.u = cpu_to_le32(dlm_ls_id(c_ls(c, 3)));
	rc->header.nodeid = cpu_to_le32(from);
	rc->header.length = cpu_to_le16(sizeof(*rc) + len + 4);
	rc->header.cmd = DLM_CMD_RCOM;
	rc->type = cpu_to_le32(DLM_RCOM_NAMES_REPLY);
	rc->id = cpu_to_le64(p->id);
	rc->seq_reply = cpu_to_le64(rec(c, 3)->seq);
	rc->buf[1] = len;
	memcpy(rc->buf + 2, name, len);
	/* DLM_NAMES_END */
	memset(rc->buf + 2 + len, 0xff, 2);
	KUNIT_EXPECT_EQ(c->test, dlm_receive(c->r->host[3].node, from, rc,
					     sizeof(*rc) + len + 4, &fx), 0);
	dlm_fx_flush(&fx);
}

/*
 * Node 2, which mastered it, is back, and says that it still does.  No node says that which works
 * as it should; but what is named has a master, and the directory node makes no second one.
 */
static void named_after_return(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *l3 = c_new(c, 3, name);
	int i;

	c_lock(c_new(c, 2, name), CR, 0, 0);
	c_lock(l3, CR, 0, 0);
	r_kill(c->r, 2);
	r_stop_all(c->r);
	r_node(c->r, 2, 0);
	for (i = 1; i <= 3; i++)
		r_start(c->r, i, i == 2 ? 0 : 2);
	until(c, 3, DLM_PH_NAMES);
	memlink_stall(c->r->net, 2, 3, true);
	turns(c, 20);
	KUNIT_EXPECT_TRUE(test, dlm_is_unsettled(rec(c, 3), 2));
	names_to_3(c, 2, name);
	memlink_stall(c->r->net, 2, 3, false);
	until(c, 3, DLM_PH_SEND);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	/* it will not take node 3's lock, and has to go */
	r_kill(c->r, 2);
	c_recover(c);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 0);
	t_holds(l3, CR);
	c_check(c);
}

/*
 * A member dies between start and the first packet, and comes back with another
 * configuration: it is refused, and its former incarnation's locks are gone.
 */
static void replaced_by_a_stranger(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l1, *l3;

	die_before_a_waiter(c, &l1, &l3);
	r_node(c->r, 2, DLM_LSFL_TIMEWARN);
	r_stop_all(c->r);
	r_start_all(c->r);
	r_run(c->r);
	KUNIT_EXPECT_EQ(test, (int)c->r->host[2].ls->recovery->phase,
			(int)DLM_PH_FAILED);
	KUNIT_EXPECT_EQ(test, dlm_member_count(c_ls(c, 1)), 2U);
	/* it was told that it does not fit; the others learn that it is no member */
	r_kill(c->r, 2);
	c_recover(c);
	t_waiting(l3);
	c_unlock(l1, 0);
	t_granted(l3, EX);
	c_check(c);
}

/* a name of which node 1 has the record while all live, and node @dir without node 4 */
static const char *name_of_1_then(struct c_world *c, int dir)
{
	static const int left[] = { 1, 2, 3, 5 };
	const char *name;
	u32 hash;

	do {
		name = c_name(c, 1);
		hash = dlm_dir_hash(name, strlen(name)) >> 16;
	} while (left[hash % 4] != dir);
	return name;
}

/*
 * The master dies, and node 3 keeps the record now.  It names the first that asks, which is
 * node 2, and no other to the second, although node 2 is still among its gone.
 */
static void one_master(struct kunit *test)
{
	struct t_lock *l3, *l4, *l5, *l2;
	struct returned back = { };
	struct c_world *c;
	const char *name;
	int i;

	c_init_n(test, 5, 0, true);
	c = test->priv;
	name = name_of_1_then(c, 3);
	l4 = c_new(c, 4, name);
	c_lock(l4, CR, 0, 0);
	l3 = c_new(c, 3, name);
	c_lock(l3, CR, 0, 0);
	l5 = c_new(c, 5, name);
	c_lock(l5, CR, 0, 0);
	return_of_2(c, &back);
	l2 = t_new(&back.w, back.client, name);
	KUNIT_EXPECT_EQ(test, t_call_lock(l2, CR, 0, name, strlen(name)), 0);
	turns(c, 400);
	t_granted(l2, CR);
	r_kill(c->r, 4);
	again(c);
	KUNIT_EXPECT_TRUE(test, dlm_is_gone(rec(c, 3), 2));
	/* all may ask node 3 for masters, which does not know that, and looks for none itself */
	until(c, 1, DLM_PH_MASTERS);
	memlink_stall(c->r->net, 1, 3, true);
	memlink_stall(c->r->net, 5, 3, true);
	until(c, 2, DLM_PH_SEND);
	KUNIT_EXPECT_EQ(test, (int)rec(c, 3)->phase, (int)DLM_PH_DIR);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	memlink_stall(c->r->net, 5, 3, false);
	until(c, 5, DLM_PH_SEND);
	memlink_stall(c->r->net, 1, 3, false);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
	for (i = 3; i <= 5; i += 2)
		KUNIT_EXPECT_EQ_MSG(test, c_master(c, i, name), 2, "node %d", i);
	t_holds(l2, CR);
	t_holds(l3, CR);
	t_holds(l5, CR);
	c_check(c);
	end_of_2(&back);
	c_exit(test);
}

/*
 * Node 4, the master, dies.  Node 2 is the next one, and has a copy of the lock that node 3 has,
 * which is late once more: node 2 is still among its gone, but nothing that it masters is lost.
 */
static struct t_lock *late_twice(struct c_world *c, const char *name,
				 struct returned *back)
{
	struct t_lock *l3 = c_new(c, 3, name), *l2;
	struct kunit *test = c->test;

	c_lock(c_new(c, 4, name), CR, 0, 0);
	c_lock(l3, CR, 0, 0);
	return_of_2(c, back);
	l2 = t_new(&back->w, back->client, name);
	KUNIT_EXPECT_EQ(test, t_call_lock(l2, CR, 0, name, strlen(name)), 0);
	turns(c, 400);
	t_granted(l2, CR);
	r_kill(c->r, 4);
	again(c);
	/* node 2 asks for the master before node 3 does */
	until(c, 1, DLM_PH_MASTERS);
	memlink_stall(c->r->net, 1, 3, true);
	until(c, 2, DLM_PH_SEND);
	memlink_stall(c->r->net, 1, 3, false);
	until(c, 1, DLM_PH_REPLAY);
	memlink_stall(c->r->net, 1, 3, true);
	until(c, 2, DLM_PH_RUNNING);
	KUNIT_EXPECT_EQ(test, (int)rec(c, 3)->phase, (int)DLM_PH_DONE);
	KUNIT_EXPECT_TRUE(test, dlm_is_gone(rec(c, 3), 2));
	KUNIT_EXPECT_FALSE(test, dlm_is_unsettled(rec(c, 3), 2));
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 2);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(back->w.ls), 2U);
	return l3;
}

static void not_sent_again(struct kunit *test, bool stock)
{
	struct returned back = { };
	struct t_lock *l3;
	struct c_world *c;

	c_init_n(test, 5, 0, true);
	c = test->priv;
	l3 = late_twice(c, name_of_1_then(c, 1), &back);
	if (stock)
		rec(c, 3)->gone[0].settled = false;
	KUNIT_EXPECT_EQ(test, dlm_is_unsettled(rec(c, 3), 2), stock);
	again(c);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(back.w.ls), 2U);
	t_holds(l3, CR);
	c_check(c);
	end_of_2(&back);
	c_exit(test);
}

/* so node 3 does not send its lock again */
static void one_copy(struct kunit *test)
{
	not_sent_again(test, false);
}

/* a stock node does, and hears that it is there already */
static void one_copy_of_stock(struct kunit *test)
{
	not_sent_again(test, true);
}

/* it is sent if node 2 leaves once more */
static void lost_again(struct kunit *test)
{
	struct returned back = { };
	struct t_lock *l3;
	struct c_world *c;
	const char *name;

	c_init_n(test, 5, 0, true);
	c = test->priv;
	name = name_of_1_then(c, 1);
	l3 = late_twice(c, name, &back);
	end_of_2(&back);
	r_kill(c->r, 2);
	again(c);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 0);
	t_holds(l3, CR);
	c_check(c);
	c_exit(test);
}

static struct kunit_case late_cases[] = {
	KUNIT_CASE(request_is_kept),
	KUNIT_CASE(request_is_dropped),
	KUNIT_CASE(renewed),
	KUNIT_CASE(named_after_return),
	KUNIT_CASE(replaced_by_a_stranger),
	{ }
};

static struct kunit_suite late_suite = {
	.name = "dlm_recover_late",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = late_cases,
};

static struct kunit_case own_cases[] = {
	KUNIT_CASE(one_master),
	KUNIT_CASE(one_copy),
	KUNIT_CASE(one_copy_of_stock),
	KUNIT_CASE(lost_again),
	{ }
};

static struct kunit_suite own_suite = {
	.name = "dlm_recover_late_any",
	.test_cases = own_cases,
};

kunit_test_suites(&late_suite, &own_suite);
