// SPDX-License-Identifier: GPL-2.0
/*
 * remote.c, waiters.c, recover_locks.c: a member that says what it must not, or says it at
 * the wrong time.  Nothing happens then but a count; and what a stock node may say although
 * it looks odd is taken.
 */
#include "cluster.h"

static u32 id_at_master(struct c_world *c, struct t_lock *l, int node)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(c_ls(c, node), l->id);
	u32 remid;

	KUNIT_ASSERT_NOT_NULL(c->test, lkb);
	remid = lkb->remid;
	dlm_rsb_unlock(lkb->rsb);
	return remid;
}

/* as node @node, which holds @l, would send it to node 1 */
static void as_holder(struct c_world *c, struct t_lock *l, int node,
		      enum dlm_msg_type type, int mode, u32 flags,
		      const void *tail, unsigned int len)
{
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(type),
		.lkid = cpu_to_le32(l->id),
		.remid = cpu_to_le32(id_at_master(c, l, node)),
		.exflags = cpu_to_le32(flags),
		.grmode = cpu_to_le32(t_look(l).grmode),
		.rqmode = cpu_to_le32(mode),
	};

	c_inject(c, node, 1, &msg, tail, len);
}

/* as node 1 would send it to node 2, which holds @l */
static void as_master(struct c_world *c, struct t_lock *l, enum dlm_msg_type type,
		      int result, const void *tail, unsigned int len)
{
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(type),
		.remid = cpu_to_le32(l->id),
		.lkid = cpu_to_le32(4711),
		.result = cpu_to_le32(result),
	};

	c_inject(c, 1, 2, &msg, tail, len);
}

static const char *mastered(struct c_world *c)
{
	const char *name = c_name(c, 1);

	c_lock(c_new(c, 1, name), NL, 0, 0);
	return name;
}

/* a name whose directory node is 3, and 1 when 3 is gone */
static const char *of_3_then_1(struct c_world *c)
{
	const char *name;

	do
		name = c_name(c, 3);
	while ((dlm_dir_hash(name, strlen(name)) >> 16) % 2);
	return name;
}

/* --- value blocks of odd lengths (wire.md 5.1) -------------------------- */

static const unsigned int tails[] = { 0, 1, 5, T_LVBLEN, T_LVBLEN + 1, 100 };

/* as many bytes as there are, but no more than fit; the rest is what it was */
static void expect_bytes(struct kunit *test, const u8 *lvb, unsigned int tail,
			 u8 rest)
{
	unsigned int i;

	for (i = 0; i < T_LVBLEN; i++)
		KUNIT_EXPECT_EQ_MSG(test, lvb[i], i < tail ? 0xee : (u8)(rest + 7 * i),
				    "byte %u with a tail of %u", i, tail);
}

/* the bytes that came with the last event of a lock */
static const u8 *last_lvb(struct kunit *test, struct t_lock *l)
{
	KUNIT_ASSERT_GT(test, l->seen, 0U);
	return l->ev[l->seen - 1].lvb;
}

static void convert_tails(struct kunit *test)
{
	struct c_world *c = test->priv;
	u8 bytes[T_LVBLEN], odd[100];
	struct t_lock *l, *reader;
	const char *name;
	int i;

	memset(odd, 0xee, sizeof(odd));
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		name = mastered(c);
		l = c_new(c, 2, name);
		reader = c_new(c, 1, name);
		c_lock(l, EX, VALBLK, 0);
		t_fill(bytes, 10);
		l->lvb_in = bytes;
		c_convert(l, EX, VALBLK, 0);
		as_holder(c, l, 2, DLM_MSG_CONVERT, CR, VALBLK | CONVERT, odd,
			  tails[i]);
		c_lock(reader, PW, VALBLK, 0);
		expect_bytes(test, last_lvb(test, reader), tails[i], 10);
	}
}

/* the flag without the bytes writes nothing if the lock never had any */
static void unlock_tails(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l, *reader;
	u8 bytes[T_LVBLEN], odd[100];
	const char *name;
	int i;

	memset(odd, 0xee, sizeof(odd));
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		name = mastered(c);
		reader = c_new(c, 1, name);
		c_lock(reader, EX, VALBLK, 0);
		t_fill(bytes, 50);
		reader->lvb_in = bytes;
		c_convert(reader, NL, VALBLK, 0);
		l = c_new(c, 2, name);
		c_lock(l, EX, 0, 0);
		c_forget(c);
		as_holder(c, l, 2, DLM_MSG_UNLOCK, IV, VALBLK, odd, tails[i]);
		c_settle(c);
		c_sent(c, "UNLOCK_REPLY");
		c_convert(reader, PR, VALBLK, 0);
		if (!tails[i])
			t_lvb(reader, 50);
		else
			KUNIT_EXPECT_EQ(test, (int)last_lvb(test, reader)[0], 0xee);
		/* the holder has not heard of it */
		c_unlock(l, 0);
	}
}

static void reply_tails(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_lkb *lkb;
	struct t_lock *l;
	const char *name;
	u8 odd[100], lvb[T_LVBLEN];
	int i;

	memset(odd, 0xee, sizeof(odd));
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		name = mastered(c);
		l = c_new(c, 2, name);
		KUNIT_EXPECT_EQ(test, t_call_lock(l, PR, VALBLK, name, strlen(name)), 0);
		lkb = dlm_lkb_lock(c_ls(c, 2), l->id);
		KUNIT_ASSERT_NOT_NULL(test, lkb);
		t_fill(lkb->lvb, 70);
		dlm_rsb_unlock(lkb->rsb);
		as_master(c, l, DLM_MSG_REQUEST_REPLY, 0, odd, tails[i]);
		t_granted(l, PR);
		lkb = dlm_lkb_lock(c_ls(c, 2), l->id);
		KUNIT_ASSERT_NOT_NULL(test, lkb);
		memcpy(lvb, lkb->lvb, T_LVBLEN);
		dlm_rsb_unlock(lkb->rsb);
		expect_bytes(test, lvb, tails[i], 70);
		c_settle(c);
	}
}

/* --- at the wrong time -------------------------------------------------- */

/* cancelled and unlocked, and then granted after all: it must not be told twice */
static void grant_after_cancel(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = mastered(c);
	struct t_lock *h = c_new(c, 1, name), *l = c_new(c, 2, name);
	u64 bad = c_stat(c, 2, DLM_ST_BAD_MSG);

	c_lock(h, EX, 0, 0);
	c_lock(l, PR, ALTPR, WAITS);
	t_bast(h, PR);
	KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(l, FORCEUNLOCK), 0);
	KUNIT_EXPECT_TRUE(test, c_step(c, 2, 1));
	KUNIT_EXPECT_TRUE(test, c_step(c, 1, 2));
	as_master(c, l, DLM_MSG_GRANT, 0, NULL, 0);
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 1);
	t_quiet(l);
	c_settle(c);
	t_cast(l, -DLM_EUNLOCK, IV, 0);
	t_gone(l);
}

/* node 2 is in this phase, or already beyond */
static void until_phase(struct c_world *c, enum dlm_phase phase)
{
	int i;

	for (i = 0; i < 100000 && c_ls(c, 2)->recovery->phase < phase; i++)
		if (!r_turn(c->r))
			break;
	KUNIT_ASSERT_GE(c->test, (int)c_ls(c, 2)->recovery->phase, (int)phase);
}

/*
 * The master is gone, a conversion and its cancel will be dealt with after the recovery; the
 * new master answers what it was never asked.
 */
static void reply_before_resend(struct kunit *test)
{
	static const enum dlm_msg_type types[] = {
		DLM_MSG_CONVERT_REPLY, DLM_MSG_CANCEL_REPLY, DLM_MSG_UNLOCK_REPLY,
		DLM_MSG_REQUEST_REPLY, DLM_MSG_LOOKUP_REPLY, DLM_MSG_GRANT,
	};
	struct c_world *c = test->priv;
	const char *name = of_3_then_1(c);
	struct t_lock *m = c_new(c, 3, name), *l = c_new(c, 2, name);
	struct t_lock *o = c_new(c, 1, name);
	struct dlm_lkb *lkb;
	u64 bad;
	int i;

	c_lock(m, NL, 0, 0);
	c_lock(o, NL, 0, 0);
	c_lock(l, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(l, EX, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	until_phase(c, DLM_PH_LOCKS);
	KUNIT_ASSERT_LT(test, (int)c_ls(c, 2)->recovery->phase, (int)DLM_PH_REPLAY);
	lkb = dlm_lkb_lock(c_ls(c, 2), l->id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_EXPECT_TRUE(test, lkb->flags & DLM_LKB_RESEND);
	KUNIT_EXPECT_EQ(test, lkb->nodeid, 1);
	rsb_spin_unlock(lkb->rsb);
	bad = c_stat(c, 2, DLM_ST_BAD_MSG);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		as_master(c, l, types[i], 0, NULL, 0);
	t_quiet(l);
	/* of a cancel's and a grant's nothing is said */
	KUNIT_EXPECT_GE(test, c_stat(c, 2, DLM_ST_BAD_MSG), bad + 4);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	t_cast(l, -DLM_ECANCEL, CR, 0);
	t_holds(l, CR);
	c_check(c);
	c_convert(l, EX, 0, 0);
	c_unlock(l, 0);
}

/* --- what the log says -------------------------------------------------- */

/* each kind of nonsense of each node once, and nothing unless the log is wanted */
static void said_once(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_ls *ls = c_ls(c, 2);

	WRITE_ONCE(ls->node->config.log_info, 0);
	KUNIT_EXPECT_FALSE(test, dlm_first_bad(ls, 1, DLM_MSG_GRANT));
	WRITE_ONCE(ls->node->config.log_info, 1);
	KUNIT_EXPECT_TRUE(test, dlm_first_bad(ls, 1, DLM_MSG_GRANT));
	KUNIT_EXPECT_FALSE(test, dlm_first_bad(ls, 1, DLM_MSG_GRANT));
	KUNIT_EXPECT_TRUE(test, dlm_first_bad(ls, 1, DLM_MSG_BAST));
	KUNIT_EXPECT_TRUE(test, dlm_first_bad(ls, 3, DLM_MSG_GRANT));
	KUNIT_EXPECT_FALSE(test, dlm_first_bad(ls, 3, DLM_MSG_GRANT));
	WRITE_ONCE(ls->node->config.log_info, 0);
	KUNIT_EXPECT_FALSE(test, dlm_first_bad(ls, 3, DLM_MSG_BAST));
}

/* --- LOCK_REPLY --------------------------------------------------------- */

#define MANY	600	/* more than a step sends */

static void lock_reply(struct c_world *c, u32 id, int result)
{
	struct dlm_recovery *rec = c_ls(c, 2)->recovery;
	struct {
		struct dlm_w_rcom	rc;
		struct dlm_w_lock	lock;
	} __packed m = { };
	struct dlm_fx fx = { };

	m.rc.header.version = cpu_to_le32(DLM_WIRE_3_2);
	m.rc.header.u = cpu_to_le32(dlm_ls_id(c_ls(c, 2)));
	m.rc.header.nodeid = cpu_to_le32(1);
	m.rc.header.length = cpu_to_le16(sizeof(m));
	m.rc.header.cmd = DLM_CMD_RCOM;
	m.rc.type = cpu_to_le32(DLM_RCOM_LOCK_REPLY);
	m.rc.seq_reply = cpu_to_le64(rec->seq);
	m.lock.lkid = cpu_to_le32(id);
	m.lock.result = cpu_to_le32(result);
	KUNIT_EXPECT_EQ(c->test, dlm_receive(c->r->host[2].node, 1, &m, sizeof(m), &fx), 0);
	dlm_fx_flush(&fx);
}

/* node 2 alone takes its steps, nothing moves on the wire */
static void steps_of_2(struct c_world *c)
{
	struct dlm_recovery *rec = c_ls(c, 2)->recovery;
	int i;

	for (i = 0; i < 10 && rec->phase == DLM_PH_SEND && rec->queued; i++)
		dlm_ls_work(c_ls(c, 2), c->r->now);
}

/*
 * A recovery is stopped when all locks are sent and none is answered.  In the next one the
 * new master answers a lock that was sent then and is not sent now.
 */
static void reply_of_last_time(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_recovery *rec = c_ls(c, 2)->recovery;
	const char *name = of_3_then_1(c);
	unsigned int i, queued, flight;
	struct t_lock *l;
	u64 ignored;

	c_lock(c_new(c, 3, name), NL, 0, 0);
	c_lock(c_new(c, 1, name), NL, 0, 0);
	for (i = 0; i < MANY; i++) {
		l = c_new(c, 2, name);
		t_call_lock(l, NL, 0, name, strlen(name));
		c_settle(c);
		t_granted(l, NL);
	}
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	until_phase(c, DLM_PH_SEND);
	KUNIT_ASSERT_EQ(test, c_master(c, 2, name), 1);
	steps_of_2(c);
	KUNIT_EXPECT_EQ(test, rec->flight, (unsigned int)MANY);
	r_stop_all(c->r);
	r_start_all(c->r);
	until_phase(c, DLM_PH_SEND);
	queued = rec->queued;
	flight = rec->flight;
	KUNIT_ASSERT_GT(test, queued, 0U);
	KUNIT_ASSERT_GT(test, flight, 0U);
	ignored = c_stat(c, 2, DLM_ST_RCOM_IGNORED);
	lock_reply(c, rec->queue[rec->queue_head], -DLM_WIRE_EBADR);
	KUNIT_EXPECT_EQ(test, rec->queued, queued);
	KUNIT_EXPECT_EQ(test, rec->flight, flight);
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_RCOM_IGNORED), ignored + 1);
	r_run(c->r);
	r_all_running(c->r);
}

/* a new master that refuses a lock again and again is asked once a second */
static void refused_again_and_again(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_recovery *rec = c_ls(c, 2)->recovery;
	const char *name = of_3_then_1(c);
	struct t_lock *l = c_new(c, 2, name);
	ktime_t start;
	int i;

	c_lock(c_new(c, 3, name), NL, 0, 0);
	c_lock(c_new(c, 1, name), NL, 0, 0);
	c_lock(l, NL, 0, 0);
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	until_phase(c, DLM_PH_SEND);
	KUNIT_ASSERT_EQ(test, c_master(c, 2, name), 1);
	start = c->r->now;
	for (i = 0; i < 5; i++) {
		steps_of_2(c);
		KUNIT_ASSERT_EQ(test, rec->flight, 1U);
		lock_reply(c, l->id, -DLM_WIRE_EBADR);
		steps_of_2(c);
		KUNIT_EXPECT_EQ(test, rec->flight, 0U);
		KUNIT_EXPECT_EQ(test, rec->queued, 1U);
		c->r->now = rec->again_at;
	}
	KUNIT_EXPECT_EQ(test, ktime_ms_delta(c->r->now, start), 5 * DLM_RECOVER_AGAIN_MS);
	r_run(c->r);
	r_all_running(c->r);
	t_holds(l, NL);
}

/* --- LOOKUP_REPLY of recovery --------------------------------------------- */

static void named_as_master(struct c_world *c, unsigned int root, int master)
{
	struct dlm_w_rcom m = {
		.header.version = cpu_to_le32(DLM_WIRE_3_2),
		.header.u = cpu_to_le32(dlm_ls_id(c_ls(c, 2))),
		.header.nodeid = cpu_to_le32(1),
		.header.length = cpu_to_le16(sizeof(m)),
		.header.cmd = DLM_CMD_RCOM,
		.type = cpu_to_le32(DLM_RCOM_LOOKUP_REPLY),
		.id = cpu_to_le64(root + 1),
		.seq_reply = cpu_to_le64(c_ls(c, 2)->recovery->seq),
		.result = cpu_to_le32(master),
	};
	struct dlm_fx fx = { };

	KUNIT_EXPECT_EQ(c->test, dlm_receive(c->r->host[2].node, 1, &m, sizeof(m), &fx), 0);
	dlm_fx_flush(&fx);
}

/* the new directory node names a master who is no member: it is asked anew, and answers better */
static void master_is_nobody(struct kunit *test)
{
	static const int nobody[] = { 77, 3, 0, -1 };
	struct c_world *c = test->priv;
	struct dlm_recovery *rec = c_ls(c, 2)->recovery;
	struct t_lock *l[ARRAY_SIZE(nobody)];
	const char *name;
	u64 bad;
	int i;

	for (i = 0; i < ARRAY_SIZE(nobody); i++) {
		name = of_3_then_1(c);
		l[i] = c_new(c, 2, name);
		c_lock(c_new(c, 3, name), NL, 0, 0);
		c_lock(l[i], CR, 0, 0);
	}
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	until_phase(c, DLM_PH_MASTERS);
	memlink_stall(c->r->net, 1, 2, true);
	for (i = 0; i < 1000 && rec->flight < ARRAY_SIZE(nobody); i++)
		r_turn(c->r);
	KUNIT_ASSERT_EQ(test, rec->flight, (unsigned int)ARRAY_SIZE(nobody));
	bad = c_stat(c, 2, DLM_ST_RCOM_BAD);
	for (i = 0; i < ARRAY_SIZE(nobody); i++)
		named_as_master(c, i, nobody[i]);
	KUNIT_EXPECT_EQ(test, c_stat(c, 2, DLM_ST_RCOM_BAD), bad + ARRAY_SIZE(nobody));
	KUNIT_EXPECT_EQ(test, rec->flight, 0U);
	KUNIT_EXPECT_EQ(test, (int)rec->phase, (int)DLM_PH_MASTERS);
	memlink_stall(c->r->net, 1, 2, false);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	for (i = 0; i < ARRAY_SIZE(nobody); i++)
		t_holds(l[i], CR);
	c_check(c);
}

static struct kunit_case hostile_cases[] = {
	KUNIT_CASE(convert_tails),
	KUNIT_CASE(unlock_tails),
	KUNIT_CASE(reply_tails),
	KUNIT_CASE(grant_after_cancel),
	KUNIT_CASE(reply_before_resend),
	KUNIT_CASE(said_once),
	KUNIT_CASE(reply_of_last_time),
	KUNIT_CASE(refused_again_and_again),
	KUNIT_CASE(master_is_nobody),
	{ }
};

static struct kunit_suite hostile_suite = {
	.name = "dlm_hostile",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = hostile_cases,
};

kunit_test_suite(hostile_suite);
