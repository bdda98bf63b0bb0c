// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c between nodes: handles that are closed, orphans, purge (messages.md 14); timeouts;
 * memory that is not there when another node must be told something; messages
 * that make no sense.
 */
#include "cluster.h"

static const char *mastered(struct c_world *c, struct t_lock **keep)
{
	const char *name = c_name(c, 1);

	*keep = c_new(c, 1, name);
	c_lock(*keep, NL, 0, 0);
	c_forget(c);
	return name;
}

static struct t_lock *of(struct c_world *c, int node, int client, const char *name)
{
	struct t_lock *l = c_new(c, node, name);

	l->client = c->w[node].client[client];
	return l;
}

static void close_client(struct c_world *c, int node, int client)
{
	t_client_close(c->w[node].client[client]);
}

/* --- closing ------------------------------------------------------------ */

static void close_unlocks(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = of(c, 2, 1, name), *b = of(c, 3, 0, name);
	struct t_lock *d = of(c, 2, 1, name);

	c_lock(a, EX, VALBLK, 0);
	c_lock(b, EX, 0, WAITS);
	t_bast(a, EX);
	c_lock(d, PR, 0, WAITS);
	c_forget(c);
	close_client(c, 2, 1);
	/* nobody uses them any more, though their unlocks are under way */
	KUNIT_EXPECT_EQ(test, dlm_ls_users(c_ls(c, 2)), 0U);
	KUNIT_EXPECT_NE(test, dlm_lkb_count(c_ls(c, 2)), 0U);
	c_settle(c);
	t_granted(b, EX);
	/* d was there for a moment longer than a */
	t_bast(b, PR);
	c_sent(c, "UNLOCK*2 UNLOCK_REPLY*2 GRANT BAST");
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 2)), 0U);
	c_check(c);
}

/* what is on its way when the handle goes */
static void close_in_flight(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = of(c, 2, 1, name), *b = of(c, 2, 1, name);
	struct t_lock *d = of(c, 2, 1, name), *e = of(c, 2, 1, name);
	struct t_lock *f = of(c, 2, 1, name);

	c_lock(a, CR, 0, 0);
	c_lock(b, CR, 0, 0);
	c_lock(e, CR, 0, 0);
	c_lock(f, CR, 0, 0);
	c_forget(c);
	t_call_convert(f, PR, CONVERT);
	t_call_unlock(f, FORCEUNLOCK);
	t_call_convert(a, PW, CONVERT);
	t_call_unlock(b, 0);
	t_call_lock(d, PR, 0, name, strlen(name));
	t_call_convert(e, EX, CONVERT);
	t_call_cancel(e, CANCEL, -DLM_ECANCEL);
	close_client(c, 2, 1);
	c_settle(c);
	t_quiet(a);
	t_quiet(b);
	/* one UNLOCK for each lock */
	KUNIT_EXPECT_EQ(test, c->count[DLM_MSG_UNLOCK], 5U);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 2)), 0U);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 1)), 1U);
	c_check(c);
}

/* a handle can be closed while locking is stopped; its locks go later */
static void close_while_stopped(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = of(c, 2, 1, name), *b = of(c, 2, 1, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, PR, PERSISTENT, 0);
	c_forget(c);
	r_stop_all(c->r);
	close_client(c, 2, 1);
	c_sent(c, "");
	KUNIT_EXPECT_EQ(test, dlm_ls_users(c_ls(c, 2)), 0U);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 2)), 2U);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	c_sent(c, "UNLOCK UNLOCK_REPLY CANCEL CANCEL_REPLY");
	t_gone(a);
	t_holds(b, PR);
	KUNIT_EXPECT_NE(test, dlm_ls_users(c_ls(c, 2)), 0U);
	c_check(c);
}

/* --- orphans ------------------------------------------------------------ */

static void orphans(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = of(c, 2, 1, name), *b = of(c, 2, 1, name);
	struct t_lock *d = of(c, 2, 1, name), *e = of(c, 3, 0, name);
	struct t_lock *f = of(c, 2, 0, name);
	const struct c_msg *m;

	c_lock(e, CR, 0, 0);
	c_lock(a, PR, PERSISTENT, 0);
	c_lock(b, CR, PERSISTENT, 0);
	c_convert(b, EX, PERSISTENT, WAITS);
	t_bast(e, EX);
	t_bast(a, EX);
	c_lock(d, EX, PERSISTENT, WAITS);
	c_forget(c);
	close_client(c, 2, 1);
	c_settle(c);
	/* a stays, b goes back (and is in d's way for a moment), d ends */
	c_sent(c, "CANCEL*3 CANCEL_REPLY*3 BAST");
	t_holds(a, PR);
	t_holds(b, CR);
	t_gone(d);
	c_check(c);
	/* adopted, used and given back */
	KUNIT_EXPECT_EQ(test, t_call_adopt(f, PR, ORPHAN), 0);
	/* it tells its story to the one who asked for it first */
	c_convert(a, CW, 0, 0);
	c_unlock(a, 0);
	c_forget(c);
	/* the other one by its process */
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(c_ls(c, 2), 9999), 0);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(c_ls(c, 2), 201), 0);
	c_settle(c);
	m = c_last(c, DLM_MSG_UNLOCK);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(m->msg.exflags) & (FORCEUNLOCK | IVVALBLK),
			(u32)(FORCEUNLOCK | IVVALBLK));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(m->msg.flags), 3U);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(m->msg.pid), 201U);
	c_sent(c, "UNLOCK UNLOCK_REPLY");
	t_gone(b);
	c_check(c);
}

/* another node's orphans, by message */
static void purge_message(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = of(c, 2, 1, name), *b = of(c, 2, 2, name);

	c_lock(a, CR, PERSISTENT, 0);
	c_lock(b, CR, PERSISTENT, 0);
	close_client(c, 2, 1);
	close_client(c, 2, 2);
	c_settle(c);
	c_forget(c);
	KUNIT_EXPECT_EQ(test, dlm_purge_remote(c_ls(c, 3), 9, 201), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, dlm_purge_remote(c_ls(c, 3), 2, 201), 0);
	c_settle(c);
	c_sent(c, "PURGE UNLOCK UNLOCK_REPLY");
	t_gone(a);
	t_holds(b, CR);
	KUNIT_EXPECT_EQ(test, dlm_purge_remote(c_ls(c, 3), 2, 0), 0);
	c_settle(c);
	t_gone(b);
	c_check(c);
}

/* --- time --------------------------------------------------------------- */

static void timeout(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 1, name), *b = c_new(c, 2, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, CR, 0, 0);
	b->timeout_cs = 100;
	c_convert(b, EX, DLM_LKF_TIMEOUT, WAITS);
	t_bast(a, EX);
	c_forget(c);
	dlm_watch_scan(c_ls(c, 2), ktime_add_ms(ktime_get_coarse(), 500));
	c_sent(c, "");
	dlm_watch_scan(c_ls(c, 2), ktime_add_ms(ktime_get_coarse(), 5000));
	dlm_watch_scan(c_ls(c, 2), ktime_add_ms(ktime_get_coarse(), 9000));
	c_settle(c);
	t_cast(b, -ETIMEDOUT, CR, 0);
	c_sent(c, "CANCEL CANCEL_REPLY");
	c_check(c);
}

/* --- no memory ---------------------------------------------------------- */

/* whatever allocation fails, in the end everybody has been told everything, once */
static void denied_grants(struct kunit *test)
{
	struct c_world *c = test->priv;
	unsigned int deny;

	for (deny = 1; deny <= 6; deny++) {
		struct t_lock *keep, *l[4], *x;
		const char *name = mastered(c, &keep);
		int i;

		x = c_new(c, 1, name);
		c_lock(x, EX, 0, 0);
		for (i = 0; i < 4; i++) {
			l[i] = c_new(c, 2 + i % 2, name);
			c_lock(l[i], i < 3 ? PR : EX, 0, WAITS);
			if (!i)
				t_bast(x, PR);
		}
		t_bast(x, EX);
		c_ls(c, 1)->deny_packets = deny;
		KUNIT_EXPECT_EQ(test, t_call_unlock(x, 0), 0);
		t_cast(x, -DLM_EUNLOCK, EX, 0);
		c_settle(c);
		c_ls(c, 1)->deny_packets = 0;
		for (i = 0; i < 3; i++) {
			t_granted(l[i], PR);
			t_bast(l[i], EX);
		}
		c_check(c);
		for (i = 0; i < 3; i++)
			c_unlock(l[i], 0);
		t_granted(l[3], EX);
		c_unlock(l[3], 0);
	}
}

/* the same for a blocking callback that a queued request causes */
static void denied_basts(struct kunit *test)
{
	struct c_world *c = test->priv;
	unsigned int deny;

	for (deny = 1; deny <= 3; deny++) {
		struct t_lock *keep;
		const char *name = mastered(c, &keep);
		struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);
		struct t_lock *x = c_new(c, 1, name);

		c_lock(a, PR, 0, 0);
		c_lock(b, PR, 0, 0);
		c_ls(c, 1)->deny_packets = deny;
		c_lock(x, EX, 0, WAITS);
		c_ls(c, 1)->deny_packets = 0;
		t_bast(a, EX);
		t_bast(b, EX);
		c_unlock(a, 0);
		c_unlock(b, 0);
		t_granted(x, EX);
		c_check(c);
	}
}

/* a conversion lets others through first; the answer has its own packet */
static void denied_demotion(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, PR, 0, 0);
	c_convert(a, EX, 0, WAITS);
	t_bast(b, EX);
	c_ls(c, 1)->deny_packets = 1;
	KUNIT_EXPECT_EQ(test, t_call_convert(b, EX, CONVERT | CONVDEADLK), 0);
	c_settle(c);
	t_granted(a, EX);
	t_bast(a, EX);
	t_converting(b, NL);
	c_check(c);
	c_unlock(a, 0);
	t_cast(b, 0, EX, DEMOTED);
}

/* demoted in a grant pass, which nobody tells its holder: the answer to a cancel tells the mode */
static void cancel_of_demoted(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name), *x = c_new(c, 1, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, PR, 0, 0);
	c_lock(x, NL, 0, 0);
	c_convert(a, EX, CONVDEADLK, WAITS);
	t_bast(b, EX);
	c_convert(b, EX, NODLCKWT, WAITS);
	c_unlock(x, 0);
	t_quiet(a);
	KUNIT_EXPECT_EQ(test, t_call_cancel(a, CANCEL, -DLM_ECANCEL), 0);
	c_settle(c);
	/* a stock holder does not conclude it from the mode */
	KUNIT_EXPECT_TRUE(test, le32_to_cpu(c_last(c, DLM_MSG_CANCEL_REPLY)->msg.sbflags) &
			  DLM_SBF_DEMOTED);
	t_cast(a, -DLM_ECANCEL, NL, 0);
	t_granted(b, EX);
	c_check(c);
}

/* a stock master does not say that it demoted what is cancelled, but says the mode */
static void stock_cancel_of_demoted(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *l = c_new(c, 2, name), *x = c_new(c, 1, name);
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(DLM_MSG_CANCEL_REPLY),
		.result = cpu_to_le32(-DLM_ECANCEL),
	};
	int i;

	/* without the flag it is not believed */
	for (i = 0; i < 2; i++) {
		c_lock(x, PR, 0, 0);
		c_lock(l, PR, 0, 0);
		c_convert(l, EX, i ? CONVDEADLK : 0, WAITS);
		t_bast(x, EX);
		KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
		msg.remid = cpu_to_le32(l->id);
		c_inject(c, 1, 2, &msg, NULL, 0);
		t_cast(l, -DLM_ECANCEL, i ? NL : PR, 0);
		c_settle(c);
		c_unlock(l, 0);
		c_unlock(x, 0);
	}
	c_check(c);
}

/* as a stock node 2, which has an idea of its own of the mode that it holds */
static void convert_as(struct c_world *c, struct t_lock *l, int believed, int mode)
{
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(DLM_MSG_CONVERT),
		.lkid = cpu_to_le32(l->id),
		.remid = cpu_to_le32(c_last(c, DLM_MSG_REQUEST_REPLY)->msg.lkid),
		.grmode = cpu_to_le32(believed),
		.rqmode = cpu_to_le32(mode),
	};

	c_forget(c);
	c_inject(c, 2, 1, &msg, "", 0);
	c_settle(c);
}

/* to us it is a conversion to less, but who does not know his mode awaits an answer */
static void holder_knows_no_mode(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *l = c_new(c, 2, name);

	c_lock(l, PR, 0, 0);
	convert_as(c, l, IV, NL);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(c_last(c, DLM_MSG_CONVERT_REPLY)->msg.result), 0U);
	c_sent(c, "CONVERT_REPLY");
	c_unlock(l, 0);
}

/*
 * To us it is a conversion to more, but who does not know that he was demoted counts on it and
 * awaits nothing, neither an answer nor, later, a grant.
 */
static void holder_believes_more(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *x = c_new(c, 1, name), *l = c_new(c, 2, name);

	c_lock(l, NL, 0, 0);
	c_lock(x, EX, 0, 0);
	convert_as(c, l, PR, CR);
	t_unlock(x, 0);
	c_settle(c);
	c_sent(c, "");
	/* it has the weaker mode */
	c_lock(x, EX, NOQUEUE, 0);
	c_unlock(x, 0);
	c_unlock(l, 0);
	/* where nothing is in its way it gets what it counts on */
	c_lock(l, NL, 0, 0);
	convert_as(c, l, PR, CR);
	c_sent(c, "");
	c_lock(x, EX, NOQUEUE, -EAGAIN);
	c_unlock(l, 0);
}

/* the deadlock command with FORCEUNLOCK does not pass for a forced unlock */
static void deadlock_by_force(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *x = c_new(c, 1, name), *l = c_new(c, 2, name);
	int i;

	c_lock(x, CR, 0, 0);
	for (i = 0; i < 2; i++) {
		c_lock(l, CR, 0, 0);
		c_convert(l, EX, 0, WAITS);
		if (!i)
			t_bast(x, EX);
		KUNIT_EXPECT_EQ(test, t_call_cancel(l, FORCEUNLOCK, -EDEADLK), 0);
		c_settle(c);
		t_cast(l, -EDEADLK, CR, 0);
		/* it can be unlocked by force, and goes with its handle */
		if (!i)
			c_unlock(l, FORCEUNLOCK);
	}
	c_forget(c);
	t_client_close(c_client(c, 2));
	c_settle(c);
	c_sent(c, "UNLOCK UNLOCK_REPLY");
	c_convert(x, EX, NOQUEUE, 0);
}

/* --- messages that make no sense ---------------------------------------- */

/* what must not change */
struct before {
	unsigned int	locks[4];
	int		status;
	int		grmode;
	int		rqmode;
	u32		exflags;
};

static u64 count_bad(struct c_world *c)
{
	return c_stat(c, 1, DLM_ST_BAD_MSG) + c_stat(c, 2, DLM_ST_BAD_MSG);
}

static void look(struct c_world *c, struct t_lock *l, struct before *b)
{
	struct t_state st = t_look(l);
	int i;

	memset(b, 0, sizeof(*b));
	for (i = 1; i <= 3; i++)
		b->locks[i] = dlm_lkb_count(c_ls(c, i));
	b->status = st.status;
	b->grmode = st.grmode;
	b->rqmode = st.rqmode;
	b->exflags = st.exflags;
}

static const struct {
	const char	*desc;
	int		from, to;
	u32		type;
	int		lkid;	/* 0: the holder's, else that */
	int		remid;	/* 0: the receiver's, else that */
	int		mode;
	u32		exflags;
	int		result;
	unsigned int	tail;
	u32		reply;	/* type of the answer */
	int		answer;
} bad_rows[] = {
	{ "type 0", 2, 1, 0 },
	{ "type 15", 2, 1, 15 },
	{ "type", 2, 1, 0x80000001 },
	{ "from a stranger", 9, 1, DLM_MSG_CANCEL },
	{ "from itself", 1, 1, DLM_MSG_CANCEL },
	{ "request from a stranger", 9, 1, DLM_MSG_REQUEST, 5, 5, PR, 0, 0, 1 },
	{ "request from itself", 1, 1, DLM_MSG_REQUEST, 5, 5, PR, 0, 0, 1 },
	{ "request, mode", 2, 1, DLM_MSG_REQUEST, 5, 5, 6, 0, 0, 1,
	  DLM_MSG_REQUEST_REPLY, -EINVAL },
	{ "request, no mode", 2, 1, DLM_MSG_REQUEST, 5, 5, -1, 0, 0, 1,
	  DLM_MSG_REQUEST_REPLY, -EINVAL },
	{ "request, EX at once", 2, 1, DLM_MSG_REQUEST, 5, 5, EX, EXPEDITE, 0, 1,
	  DLM_MSG_REQUEST_REPLY, -EINVAL },
	{ "request, name", 2, 1, DLM_MSG_REQUEST, 5, 5, PR, 0, 0, 65,
	  DLM_MSG_REQUEST_REPLY, -EINVAL },
	{ "remove, name", 2, 1, DLM_MSG_REMOVE, 0, 0, 0, 0, 0, 65 },
	{ "convert, no lock", 2, 1, DLM_MSG_CONVERT, 0, 999, EX, 0, 0, 0,
	  DLM_MSG_CONVERT_REPLY, -ENOENT },
	{ "convert, other holder's id", 2, 1, DLM_MSG_CONVERT, 999, 0, EX, 0, 0, 0,
	  DLM_MSG_CONVERT_REPLY, -ENOENT },
	{ "convert, other node", 3, 1, DLM_MSG_CONVERT, 0, 0, EX },
	{ "convert, mode", 2, 1, DLM_MSG_CONVERT, 0, 0, 6 },
	{ "convert, no mode", 2, 1, DLM_MSG_CONVERT, 0, 0, -1 },
	{ "unlock, no lock", 2, 1, DLM_MSG_UNLOCK, 0, 999, 0, 0, 0, 0,
	  DLM_MSG_UNLOCK_REPLY, -ENOENT },
	{ "unlock, other node", 3, 1, DLM_MSG_UNLOCK },
	{ "cancel, no lock", 2, 1, DLM_MSG_CANCEL, 0, 999, 0, 0, 0, 0,
	  DLM_MSG_CANCEL_REPLY, -ENOENT },
	{ "cancel, other node", 3, 1, DLM_MSG_CANCEL },
	{ "request reply, unasked", 1, 2, DLM_MSG_REQUEST_REPLY },
	{ "request reply, not from master", 3, 2, DLM_MSG_REQUEST_REPLY },
	{ "request reply, positive", 1, 2, DLM_MSG_REQUEST_REPLY, 0, 0, 0, 0, 5 },
	{ "convert reply, unasked", 1, 2, DLM_MSG_CONVERT_REPLY },
	{ "unlock reply, unasked", 1, 2, DLM_MSG_UNLOCK_REPLY, 0, 0, 0, 0,
	  -DLM_EUNLOCK },
	{ "unlock reply, no lock", 1, 2, DLM_MSG_UNLOCK_REPLY, 0, 999, 0, 0,
	  -DLM_EUNLOCK },
	{ "lookup reply, unasked", 1, 2, DLM_MSG_LOOKUP_REPLY },
	{ "grant for who does not wait", 1, 2, DLM_MSG_GRANT },
	{ "grant, not from master", 3, 2, DLM_MSG_GRANT },
};

static void bad_messages(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct before was, is;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *l = c_new(c, 2, name);
	u32 remid;
	u64 bad;
	int i;

	c_lock(l, PR, 0, 0);
	remid = le32_to_cpu(c_last(c, DLM_MSG_REQUEST_REPLY)->msg.lkid);
	for (i = 0; i < ARRAY_SIZE(bad_rows); i++) {
		u32 there = bad_rows[i].to == 1 ? remid : l->id;
		u32 here = bad_rows[i].to == 1 ? l->id : remid;
		static const u8 tail[80] = { 'x' };
		struct dlm_w_msg msg = {
			.type = cpu_to_le32(bad_rows[i].type),
			.lkid = cpu_to_le32(bad_rows[i].type == DLM_MSG_LOOKUP_REPLY ?
					    there : bad_rows[i].lkid ?: here),
			.remid = cpu_to_le32(bad_rows[i].remid ?: there),
			.rqmode = cpu_to_le32(bad_rows[i].mode),
			.exflags = cpu_to_le32(bad_rows[i].exflags),
			.result = cpu_to_le32(bad_rows[i].result),
		};

		look(c, l, &was);
		bad = count_bad(c);
		c_forget(c);
		c_inject(c, bad_rows[i].from, bad_rows[i].to, &msg, tail, bad_rows[i].tail);
		while (bad_rows[i].from <= 3 && bad_rows[i].from != bad_rows[i].to &&
		       c_step(c, bad_rows[i].to, bad_rows[i].from))
			;
		look(c, l, &is);
		KUNIT_EXPECT_GT_MSG(test, count_bad(c), bad, "%s", bad_rows[i].desc);
		KUNIT_EXPECT_EQ_MSG(test, memcmp(&was, &is, sizeof(is)), 0, "%s",
				    bad_rows[i].desc);
		KUNIT_EXPECT_EQ_MSG(test, c->logged, bad_rows[i].reply ? 1U : 0U, "%s",
				    bad_rows[i].desc);
		if (bad_rows[i].reply && c->logged) {
			KUNIT_EXPECT_EQ_MSG(test, (u32)c->log[0].type, bad_rows[i].reply, "%s",
					    bad_rows[i].desc);
			KUNIT_EXPECT_EQ_MSG(test, (int)le32_to_cpu(c->log[0].msg.result),
					    bad_rows[i].answer, "%s", bad_rows[i].desc);
			KUNIT_EXPECT_EQ_MSG(test, le32_to_cpu(c->log[0].msg.remid),
					    le32_to_cpu(msg.lkid), "%s", bad_rows[i].desc);
		}
		t_quiet(l);
	}
	c_check(c);
	c_convert(l, EX, 0, 0);
	c_unlock(l, 0);
}

/* in a holder's way is only what its master says is, and only in modes that exist */
static void basts_of_others(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *l = c_new(c, 2, name);
	struct dlm_w_msg msg = { .type = cpu_to_le32(DLM_MSG_BAST) };
	u64 bad;

	c_lock(l, PR, 0, 0);
	msg.remid = cpu_to_le32(l->id);
	msg.bastmode = cpu_to_le32(EX);
	c_inject(c, 3, 2, &msg, NULL, 0);
	t_quiet(l);
	msg.bastmode = cpu_to_le32(6);
	bad = count_bad(c);
	c_inject(c, 1, 2, &msg, NULL, 0);
	t_quiet(l);
	KUNIT_EXPECT_EQ(test, count_bad(c), bad + 1);
	msg.bastmode = cpu_to_le32(EX);
	c_inject(c, 1, 2, &msg, NULL, 0);
	t_bast(l, EX);
}

/* a directory node that names nobody, or a stranger, is asked again, before who waits for that */
static void master_is_a_stranger(struct kunit *test)
{
	static const int odd[] = { 0, -5, 9 };
	struct c_world *c = test->priv;
	struct t_lock *l, *second;
	int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		struct dlm_w_msg msg = { .type = cpu_to_le32(DLM_MSG_LOOKUP_REPLY) };

		l = c_new(c, 2, c_name(c, 1));
		second = c_new(c, 2, l->name);
		KUNIT_EXPECT_EQ(test, t_call_lock(l, EX, 0, l->name, strlen(l->name)), 0);
		KUNIT_EXPECT_EQ(test, t_call_lock(second, NL, 0, l->name, strlen(l->name)), 0);
		msg.lkid = cpu_to_le32(l->id);
		msg.nodeid = cpu_to_le32(odd[i]);
		c_forget(c);
		c_inject(c, 1, 2, &msg, NULL, 0);
		c_advance(c, 100);
		KUNIT_EXPECT_GT(test, c->count[DLM_MSG_LOOKUP], 0U);
		t_granted(l, EX);
		t_granted(second, NL);
		KUNIT_EXPECT_EQ(test, c_master(c, 2, l->name), 0);
	}
	c_check(c);
}

/* a conversion of a lock that waits */
static void convert_busy(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *x = c_new(c, 1, name), *l = c_new(c, 2, name);
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(DLM_MSG_CONVERT),
		.rqmode = cpu_to_le32(NL),
	};

	c_lock(x, EX, 0, 0);
	c_lock(l, PR, 0, WAITS);
	t_bast(x, PR);
	msg.lkid = cpu_to_le32(l->id);
	msg.remid = c_last(c, DLM_MSG_REQUEST_REPLY)->msg.lkid;
	c_forget(c);
	c_inject(c, 2, 1, &msg, "", 0);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(c_last(c, DLM_MSG_CONVERT_REPLY)->msg.result),
			-EBUSY);
	t_waiting(l);
	c_check(c);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(close_unlocks),
	KUNIT_CASE(close_in_flight),
	KUNIT_CASE(close_while_stopped),
	KUNIT_CASE(orphans),
	KUNIT_CASE(purge_message),
	KUNIT_CASE(timeout),
	KUNIT_CASE(denied_grants),
	KUNIT_CASE(denied_basts),
	KUNIT_CASE(denied_demotion),
	KUNIT_CASE(cancel_of_demoted),
	KUNIT_CASE(stock_cancel_of_demoted),
	KUNIT_CASE(holder_knows_no_mode),
	KUNIT_CASE(holder_believes_more),
	KUNIT_CASE(deadlock_by_force),
	KUNIT_CASE(bad_messages),
	KUNIT_CASE(basts_of_others),
	KUNIT_CASE(master_is_a_stranger),
	KUNIT_CASE(convert_busy),
	{ }
};

static struct kunit_suite suite = {
	.name = "dlm_remote_owner",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = cases,
};

kunit_test_suites(&suite);
