// SPDX-License-Identifier: GPL-2.0
/*
 * recover_dir.c, recover_locks.c, reqqueue.c: members come and go while locks are held.
 *
 * cluster.h has the words for locks.  A resource's name is chosen by its directory
 * node; who asks first is its master.
 */
#include <linux/prandom.h>
#include "cluster.h"

static void die(struct c_world *c, int node)
{
	r_kill(c->r, node);
}

/* --- who is master ------------------------------------------------------ */

/* recovery.md 3.3: master and directory node die; two others hold locks */
static void master_dies(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *l1 = c_new(c, 1, name), *l2 = c_new(c, 2, name);
	struct t_lock *l3 = c_new(c, 3, name), *w1 = c_new(c, 1, name);
	int dir;

	c_lock(l3, CR, 0, 0);
	c_lock(l1, PR, 0, 0);
	c_lock(l2, CR, 0, 0);
	c_lock(w1, EX, 0, WAITS);
	t_bast(l1, EX);
	t_bast(l2, EX);
	t_bast(l3, EX);
	KUNIT_EXPECT_EQ(test, c_master(c, 3, name), 0);
	die(c, 3);
	c_recover(c);
	c_check(c);
	dir = dlm_dir_nodeid(c_ls(c, 1), name, strlen(name));
	KUNIT_EXPECT_EQ(test, c_master(c, dir, name), 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 3 - dir, name), dir);
	t_holds(l1, PR);
	t_holds(l2, CR);
	t_waiting(w1);
	/* the new master asks for room again, but for its own lock, which knows */
	t_bast(dir == 1 ? l2 : l1, EX);
	t_quiet(dir == 1 ? l1 : l2);
	c_unlock(l1, 0);
	c_unlock(l2, 0);
	t_granted(w1, EX);
	c_check(c);
}

/* all three hold locks on resources of all kinds: mastered and recorded anywhere */
static void hold_everything(struct c_world *c, struct t_lock *l[3][3][3])
{
	int dir, first, n, who;

	for (dir = 0; dir < 3; dir++) {
		for (first = 0; first < 3; first++) {
			const char *name = c_name(c, dir + 1);

			for (n = 0; n < 3; n++) {
				who = (first + n) % 3;
				l[dir][first][who] = c_new(c, who + 1, name);
				c_lock(l[dir][first][who], CR, 0, 0);
			}
		}
	}
}

static void still_held(struct t_lock *l[3][3][3], int dead)
{
	int i, j, k;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			for (k = 0; k < 3; k++)
				if (k + 1 != dead)
					t_holds(l[i][j][k], CR);
}

static void any_node_dies(struct kunit *test)
{
	struct t_lock *l[3][3][3];
	int dead = *(const int *)test->param_value;
	struct c_world *c;

	c_init_n(test, 3, 0, true);
	c = test->priv;
	hold_everything(c, l);
	c_check(c);
	die(c, dead);
	c_recover(c);
	c_check(c);
	still_held(l, dead);
	/* nothing new: everything stays where it is */
	c_recover(c);
	c_check(c);
	still_held(l, dead);
	KUNIT_EXPECT_EQ(test, c_stat(c, dead == 1 ? 2 : 1, DLM_ST_RCOM_BAD), 0ULL);
	c_exit(test);
}

static const int three[] = { 1, 2, 3 };

static void number_desc(const int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", *n);
}

KUNIT_ARRAY_PARAM(three, three, number_desc);

/* two at once; one is left, which needs no packet */
static void two_die(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l[3][3][3];

	hold_everything(c, l);
	die(c, 1);
	die(c, 3);
	r_forget_log(c->r);
	c_recover(c);
	KUNIT_EXPECT_EQ(test, c->r->logged, 0U);
	KUNIT_EXPECT_EQ(test, dlm_member_count(c_ls(c, 2)), 1U);
	c_check(c);
	t_holds(l[0][0][1], CR);
	t_holds(l[2][2][1], CR);
}

/* a fourth node comes: directories move, masters and locks do not */
static void join_with_locks(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l[3][3][3];

	hold_everything(c, l);
	r_stop_all(c->r);
	r_node(c->r, 4, 0);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	c_check(c);
	still_held(l, 0);
	/* it finds who is master of what it did not see begin */
	{
		struct dlm_ls *ls = c->r->host[4].ls;
		unsigned int i, records = 0;

		for (i = 0; i < c->named; i++) {
			struct dlm_rsb *r = dlm_rsb_find(ls, c->names[i],
							 strlen(c->names[i]));

			if (!r)
				continue;
			records++;
			KUNIT_EXPECT_NE(test, r->nodeid, 0);
			KUNIT_EXPECT_TRUE(test, r->flags & DLM_RSB_INACTIVE);
			dlm_rsb_unlock(r);
		}
		KUNIT_EXPECT_GT(test, records, 0U);
	}
}

/* --- interrupted -------------------------------------------------------- */

/* recovery from a death is stopped after each number of turns, and begins anew */
static void stopped_anywhere(struct kunit *test)
{
	int dead = *(const int *)test->param_value;
	unsigned int turns, i, max = 400;
	struct t_lock *l[3][3][3];
	struct c_world *c;

	for (turns = 1; turns < max; turns += 7) {
		c_init_n(test, 3, 0, true);
		c = test->priv;
		hold_everything(c, l);
		die(c, dead);
		r_stop_all(c->r);
		r_start_all(c->r);
		for (i = 0; i < turns; i++)
			if (!r_turn(c->r))
				max = turns;
		c_recover(c);
		c_check(c);
		still_held(l, dead);
		c_exit(test);
	}
}

/* --- operations under way (recovery.md 9.1, 9.5) ------------------------ */

/* one is granted, and waits for a lock of another node when the master dies */
struct under_way {
	const char	*name;
	int		held;		/* mode, IV: a new request */
	int		wanted;		/* of the request or conversion, IV: none */
	u32		unlock;		/* then this unlock or cancel, 0: none */
	bool		delivered;	/* the master got all of it, the answer is lost */
	int		status;		/* of the completion */
	int		mode;		/* what is held then; IV: nothing any more */
};

static const struct under_way under_way[] = {
	{ "request", IV, PR, 0, false, 0, PR },
	{ "request, received", IV, PR, 0, true, 0, PR },
	{ "request, cancelled", IV, PR, CANCEL, false, -DLM_ECANCEL, IV },
	{ "request, unlocked", IV, PR, FORCEUNLOCK, false, -DLM_EUNLOCK, IV },
	{ "request received, unlocked", IV, PR, FORCEUNLOCK, true, -DLM_EUNLOCK, IV },
	{ "conversion", CR, EX, 0, false, 0, EX },
	{ "conversion, received", CR, EX, 0, true, 0, EX },
	{ "conversion PR to CW", PR, CW, 0, false, 0, CW },
	{ "conversion, cancelled", CR, EX, CANCEL, false, -DLM_ECANCEL, CR },
	{ "conversion, unlocked", CR, EX, FORCEUNLOCK, false, -DLM_EUNLOCK, IV },
	{ "down", EX, CR, 0, false, 0, CR },
	{ "unlock", EX, IV, FORCEUNLOCK, false, -DLM_EUNLOCK, IV },
	{ "unlock, received", EX, IV, FORCEUNLOCK, true, -DLM_EUNLOCK, IV },
};

static void under_way_desc(const struct under_way *u, char *desc)
{
	strscpy(desc, u->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(under_way, under_way, under_way_desc);

static void op_under_way(struct kunit *test)
{
	const struct under_way *u = test->param_value;
	struct c_world *c;
	struct t_lock *l, *m;
	const char *name;

	c_init_n(test, 3, 0, true);
	c = test->priv;
	name = c_name(c, 3);
	/* the master has a lock of its own that is in nobody's way */
	m = c_new(c, 3, name);
	c_lock(m, NL, 0, 0);
	l = c_new(c, 1, name);
	if (u->held != IV)
		c_lock(l, u->held, 0, 0);
	if (u->wanted != IV && u->held == IV)
		KUNIT_EXPECT_EQ(test, t_call_lock(l, u->wanted, 0, name, strlen(name)), 0);
	else if (u->wanted != IV)
		KUNIT_EXPECT_EQ(test, t_call_convert(l, u->wanted, CONVERT), 0);
	if (u->unlock == CANCEL)
		KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	else if (u->unlock)
		KUNIT_EXPECT_EQ(test, t_call_unlock(l, u->unlock), 0);
	if (u->delivered)
		while (c_step(c, 1, 3))
			;
	die(c, 3);
	c_recover(c);
	t_cast(l, u->status, u->mode == IV ? u->held : u->mode, 0);
	t_quiet(l);
	if (u->mode != IV)
		t_holds(l, u->mode);
	else
		KUNIT_EXPECT_FALSE(test, t_look(l).alive);
	c_check(c);
	c_exit(test);
}

/* --- value blocks (recovery.md 10) -------------------------------------- */

/* locks of nodes 1 and 2 when node 3, the master, dies */
struct lvb_case {
	const char	*name;
	int		mode[2];
	u32		flags[2];
	int		dies;		/* 3, or the writer: 2 */
	bool		valid;
	u8		lvb;		/* first byte; written: 10 */
};

static const struct lvb_case lvb_cases[] = {
	{ "nobody wants it", { CR, CR }, { 0, 0 }, 3, true, 0 },
	{ "a PR lock has it", { NL, PR }, { VALBLK, VALBLK }, 3, true, 10 },
	{ "only NL and CR", { NL, CR }, { VALBLK, VALBLK }, 3, false, 10 },
	{ "its writer dies", { NL, EX }, { VALBLK, VALBLK }, 2, false, 10 },
	{ "a reader dies", { NL, PR }, { VALBLK, VALBLK }, 2, true, 10 },
	{ "a writer without it dies", { NL, EX }, { VALBLK, 0 }, 2, true, 10 },
};

static void lvb_desc(const struct lvb_case *l, char *desc)
{
	strscpy(desc, l->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(lvbs, lvb_cases, lvb_desc);

static void value_block(struct kunit *test)
{
	const struct lvb_case *v = test->param_value;
	char written[T_LVBLEN];
	struct t_lock *w, *l, *reader;
	const char *name;
	struct c_world *c;
	int i;

	c_init_n(test, 3, 0, true);
	c = test->priv;
	name = c_name(c, 3);
	t_fill(written, 10);
	w = c_new(c, 3, name);
	c_lock(w, EX, VALBLK, 0);
	w->lvb_in = written;
	c_convert(w, NL, VALBLK, 0);
	for (i = 0; i < 2; i++) {
		l = c_new(c, i + 1, name);
		c_lock(l, v->mode[i], v->flags[i], 0);
	}
	die(c, v->dies);
	c_recover(c);
	c_check(c);
	reader = c_new(c, 1, name);
	KUNIT_EXPECT_EQ(test, t_call_lock(reader, CR, VALBLK, name, strlen(name)), 0);
	c_settle(c);
	t_cast(reader, 0, CR, v->valid ? 0 : VALNOTVALID);
	if (v->lvb)
		t_lvb_at(reader, v->lvb, __LINE__);
	c_exit(test);
}

/* of weak locks the one that read last has the value, whoever sends its lock first */
static void value_of_the_last_reader(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *w = c_new(c, 3, name), *l;
	char written[T_LVBLEN];
	int i;

	for (i = 0; i < 2; i++) {
		t_fill(written, 10 + i);
		w->lvb_in = written;
		if (i)
			c_convert(w, EX, VALBLK, 0);
		else
			c_lock(w, EX, VALBLK, 0);
		c_convert(w, NL, VALBLK, 0);
		l = c_new(c, 2 - i, name);
		c_lock(l, NL, VALBLK, 0);
	}
	die(c, 3);
	c_recover(c);
	l = c_new(c, 1, name);
	KUNIT_EXPECT_EQ(test, t_call_lock(l, CR, VALBLK, name, strlen(name)), 0);
	c_settle(c);
	t_cast(l, 0, CR, VALNOTVALID);
	t_lvb_at(l, 11, __LINE__);
	c_check(c);
}

/* --- who comes back ----------------------------------------------------- */

/* --- how much is sent --------------------------------------------------- */

#define MANY	700

/* each lock travels once, each master is asked for once, and steps are few */
static void sent_once(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct r_world *r = c->r;
	char (*names)[16] = kunit_kcalloc(test, MANY, sizeof(*names), GFP_KERNEL);
	unsigned int i, lookups = 0;
	struct t_lock *l;

	KUNIT_ASSERT_NOT_NULL(test, names);
	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "many%u", i);
		l = c_new(c, 3, names[i]);
		c_lock(l, NL, 0, 0);
		l = c_new(c, 1, names[i]);
		c_lock(l, NL, 0, 0);
	}
	die(c, 3);
	memlink_set_tap(r->net, r_tap, r);
	r_forget_log(r);
	c_recover(c);
	for (i = 0; i < MANY; i++)
		lookups += dlm_dir_nodeid(c_ls(c, 1), names[i], strlen(names[i])) == 2;
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOOKUP], lookups);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOOKUP_REPLY], lookups);
	/* 2 has no lock: who asked it for the master is master, and sends nothing */
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOCK], 0U);
	KUNIT_EXPECT_LT(test, r->steps, 3U * MANY);
	c_check(c);
}

/* every second resource has a lock on both survivors */
static void locks_sent_once(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct r_world *r = c->r;
	const char *name = c_name(c, 3);
	struct t_lock *l;
	unsigned int i;

	l = c_new(c, 3, name);
	c_lock(l, NL, 0, 0);
	for (i = 0; i < MANY; i++) {
		l = c_new(c, 1 + i % 2, name);
		c_lock(l, i % 3 ? NL : CR, 0, 0);
	}
	die(c, 3);
	memlink_set_tap(r->net, r_tap, r);
	r_forget_log(r);
	c_recover(c);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOOKUP], 1U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOCK], MANY / 2U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOCK_REPLY], MANY / 2U);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 1)) + dlm_lkb_count(c_ls(c, 2)),
			MANY + MANY / 2U);
}

struct seen_lock {
	struct dlm_w_lock	w;
	unsigned int		n;
};

static void lock_tap(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_rcom *rc = packet + sizeof(struct dlm_w_opts);
	struct seen_lock *seen = priv;

	if (rc->header.cmd != DLM_CMD_RCOM || le32_to_cpu(rc->type) != DLM_RCOM_LOCK)
		return;
	memcpy(&seen->w, rc->buf, sizeof(seen->w));
	seen->n++;
}

/* a lock whose conversion nobody confirmed travels as granted, without a wanted mode */
static void sent_as_granted(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *m = c_new(c, 3, name), *other = c_new(c, 1, name), *l = c_new(c, 2, name);
	struct seen_lock seen = { };

	/* node 1 asks first who is master, and thus is it */
	c_lock(m, NL, 0, 0);
	c_lock(other, NL, 0, 0);
	c_lock(l, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(l, EX, CONVERT), 0);
	die(c, 3);
	memlink_set_tap(c->r->net, lock_tap, &seen);
	c_recover(c);
	KUNIT_ASSERT_GT(test, seen.n, 0U);
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), 0);
	KUNIT_EXPECT_EQ(test, (int)seen.w.status, (int)DLM_LKSTS_GRANTED);
	KUNIT_EXPECT_EQ(test, (int)seen.w.rqmode, DLM_LOCK_IV);
	KUNIT_EXPECT_EQ(test, (int)seen.w.grmode, CR);
	t_granted(l, EX);
	c_check(c);
}

/**
 * struct names_seen - the names that node 1 has said
 * @r: the world
 * @longer: one of more than a byte was among them
 * @late: one-byte names behind that
 */
struct names_seen {
	struct r_world	*r;
	bool		longer;
	unsigned int	late;
};

static void names_tap(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;
	const struct dlm_w_rcom *rc = packet;
	struct names_seen *seen = priv;
	const u8 *at;
	u16 n;

	r_tap(seen->r, from, to, packet, len);
	if (h->cmd == DLM_CMD_OPTS)
		rc = packet + sizeof(struct dlm_w_opts);
	if (from != 1 || rc->header.cmd != DLM_CMD_RCOM ||
	    le32_to_cpu(rc->type) != DLM_RCOM_NAMES_REPLY)
		return;
	for (at = rc->buf; ; at += 2 + n) {
		n = at[0] << 8 | at[1];
		if (n == DLM_NAMES_MORE || n == DLM_NAMES_END)
			return;
		seen->late += n == 1 && seen->longer;
		seen->longer |= n > 1;
	}
}

/*
 * Names of all lengths: all arrive, in full pages.  Those of one byte come first, because no page
 * but the last may end with one; by chance none of a few pages would.
 */
static void all_names(struct kunit *test)
{
	char (*names)[65] = kunit_kcalloc(test, MANY, sizeof(*names), GFP_KERNEL);
	unsigned int i, len, bytes = 0, there = 0, pages;
	struct names_seen seen = { };
	struct dlm_rsb *rsb;
	struct c_world *c;
	struct t_lock *l;

	c_init_n(test, 1, 0, true);
	c = test->priv;
	for (i = 0; i < MANY; i++) {
		len = i < 256 ? 1 : 2 + i % 63;
		memset(names[i], 'a' + i % 26, 64);
		names[i][0] = i;
		if (len > 1)
			names[i][1] = i >> 8;
		names[i][64] = len;
		l = c_new(c, 1, names[i]);
		KUNIT_EXPECT_EQ(test, t_call_lock(l, NL, 0, names[i], len), 0);
		t_granted(l, NL);
	}
	r_stop_all(c->r);
	r_node(c->r, 2, 0);
	seen.r = c->r;
	memlink_set_tap(c->r->net, names_tap, &seen);
	r_forget_log(c->r);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	KUNIT_EXPECT_TRUE(test, seen.longer);
	KUNIT_EXPECT_EQ(test, seen.late, 0U);
	for (i = 0; i < MANY; i++) {
		len = names[i][64];
		rsb = dlm_rsb_find(c->r->host[2].ls, names[i], len);
		if (dlm_dir_nodeid(c->r->host[1].ls, names[i], len) == 2) {
			KUNIT_ASSERT_NOT_NULL_MSG(test, rsb, "name %u", i);
			KUNIT_EXPECT_EQ(test, rsb->nodeid, 1);
			bytes += 2 + len;
			there++;
		}
		KUNIT_EXPECT_EQ(test, !rsb, dlm_dir_nodeid(c->r->host[1].ls,
							   names[i], len) == 1);
		if (rsb)
			dlm_rsb_unlock(rsb);
	}
	KUNIT_EXPECT_GT(test, there, MANY / 3U);
	/* one empty page from 2 to 1, and full ones the other way */
	pages = DIV_ROUND_UP(bytes, DLM_NAMES_MAX - 2 - 66);
	KUNIT_EXPECT_LE(test, c->r->count[DLM_RCOM_NAMES], 1 + pages);
	c_exit(test);
}

/* --- nodir --------------------------------------------------------------- */

static void nodir_dies(struct kunit *test)
{
	int dead = *(const int *)test->param_value;
	struct t_lock *l[3][3][3];
	struct c_world *c;

	c_init_nodir(test);
	c = test->priv;
	hold_everything(c, l);
	c_check(c);
	die(c, dead);
	c_recover(c);
	c_check(c);
	still_held(l, dead);
	c_recover(c);
	c_check(c);
	still_held(l, dead);
	c_exit(test);
}

/* --- stored messages ---------------------------------------------------- */

/* node 1, the master, is stopped first; what node 2 still sends is not lost */
static void stored(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1), *other = c_name(c, 1);
	struct t_lock *l1 = c_new(c, 1, name), *l2 = c_new(c, 2, name);
	struct t_lock *m2 = c_new(c, 2, name), *n2 = c_new(c, 2, other);
	struct t_lock *k3 = c_new(c, 3, name);

	c_lock(l1, CR, 0, 0);
	c_lock(l2, CR, 0, 0);
	dlm_ls_stop(c_ls(c, 1));
	/* a conversion and its undoing, a request, a look-up */
	KUNIT_EXPECT_EQ(test, t_call_convert(l2, PR, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(l2, FORCEUNLOCK), 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(m2, PW, 0, name, strlen(name)), 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(n2, EX, 0, other, strlen(other)), 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(k3, PR, 0, name, strlen(name)), 0);
	c_settle(c);
	t_quiet(l2);
	t_quiet(m2);
	KUNIT_EXPECT_EQ(test, c_stat(c, 1, DLM_ST_STORED), 5ULL);
	c_recover(c);
	t_granted(l2, PR);
	t_cast(l2, -DLM_EUNLOCK, PR, 0);
	t_granted(m2, PW);
	t_granted(n2, EX);
	t_bast(m2, PR);
	t_quiet(k3);
	c_unlock(m2, 0);
	t_granted(k3, PR);
	c_check(c);
}

/* who is master of what is asked anew after recovery: an old question has one answer, not two */
static void stored_question(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l = c_new(c, 2, name);

	dlm_ls_stop(c_ls(c, 1));
	c_forget(c);
	KUNIT_EXPECT_EQ(test, t_call_lock(l, EX, 0, name, strlen(name)), 0);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, c_stat(c, 1, DLM_ST_STORED), 1ULL);
	c_recover(c);
	t_granted(l, EX);
	KUNIT_EXPECT_EQ(test, c->count[DLM_MSG_LOOKUP], 2U);
	KUNIT_EXPECT_EQ(test, c->count[DLM_MSG_LOOKUP_REPLY], 1U);
	c_check(c);
}

/* who has never been through a recovery has nothing that a message could be about */
static void too_young(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_ls *ls = c_ls(c, 1);
	u32 generation = ls->generation;
	u64 strays = c_stat(c, 1, DLM_ST_MSG_STRAY);
	struct dlm_w_msg msg = {
		.header.version = cpu_to_le32(DLM_WIRE_3_2),
		.header.u = cpu_to_le32(dlm_ls_id(ls)),
		.header.nodeid = cpu_to_le32(2),
		.header.length = cpu_to_le16(sizeof(msg)),
		.header.cmd = DLM_CMD_MSG,
		.type = cpu_to_le32(DLM_MSG_PURGE),
	};
	struct dlm_fx fx = { };
	int i;

	for (i = 0; i < 2; i++) {
		WRITE_ONCE(ls->generation, i ? generation : 0);
		KUNIT_EXPECT_EQ(test, dlm_receive(c->r->host[1].node, 2, &msg, sizeof(msg),
						  &fx), 0);
		dlm_fx_flush(&fx);
		KUNIT_EXPECT_EQ(test, c_stat(c, 1, DLM_ST_MSG_STRAY), strays + 1);
	}
}

/* so many that they are not worked on at once; a stop comes in between */
static void stored_many(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct r_world *r = c->r;
	const char *name = c_name(c, 1);
	struct t_lock **l = kunit_kcalloc(test, MANY, sizeof(*l), GFP_KERNEL);
	struct t_lock *l1 = c_new(c, 1, name), *l2 = c_new(c, 2, name);
	struct dlm_recovery *rec = c_ls(c, 1)->recovery;
	unsigned int i;

	c_lock(l1, CR, 0, 0);
	c_lock(l2, CR, 0, 0);
	dlm_ls_stop(c_ls(c, 1));
	for (i = 0; i < MANY; i++) {
		l[i] = c_new(c, 2, name);
		KUNIT_EXPECT_EQ(test, t_call_lock(l[i], NL, 0, name, strlen(name)), 0);
	}
	c_settle(c);
	r_stop_all(r);
	r_start_all(r);
	for (i = 0; i < 100000 && rec->phase != DLM_PH_REPLAY; i++)
		r_turn(r);
	KUNIT_EXPECT_EQ(test, (int)rec->phase, (int)DLM_PH_REPLAY);
	KUNIT_EXPECT_FALSE(test, list_empty(&rec->stored));
	r_stop_all(r);
	KUNIT_EXPECT_FALSE(test, list_empty(&rec->stored));
	c_recover(c);
	KUNIT_EXPECT_TRUE(test, list_empty(&rec->stored));
	KUNIT_EXPECT_EQ(test, rec->stored_bytes, (size_t)0);
	for (i = 0; i < MANY; i++)
		t_granted(l[i], NL);
}

/* with messages stored the gate does not open, whoever asks for it */
static void stored_first(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l1 = c_new(c, 1, name), *l2 = c_new(c, 2, name);
	struct dlm_recovery *rec = c_ls(c, 1)->recovery;

	c_lock(l1, CR, 0, 0);
	dlm_recover_pause(c_ls(c, 1));
	KUNIT_EXPECT_EQ(test, t_call_lock(l2, CR, 0, name, strlen(name)), 0);
	c_settle(c);
	mutex_lock(&rec->lock);
	KUNIT_EXPECT_FALSE(test, dlm_stored_open(rec));
	KUNIT_EXPECT_EQ(test, c_ls(c, 1)->gate.state, (int)DLM_GATE_CLOSED);
	mutex_unlock(&rec->lock);
	t_quiet(l2);
	dlm_recover_resume(c_ls(c, 1));
	c_settle(c);
	t_granted(l2, CR);
	c_check(c);
}

/* too many: they stay with the transport, and are worked on in order, and none is lost */
static void stored_full(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct dlm_recovery *rec = c_ls(c, 1)->recovery;
	struct t_lock *l[20], *l1 = c_new(c, 1, name), *l2 = c_new(c, 2, name);
	int i;

	c_lock(l1, CR, 0, 0);
	/* node 2 knows the master */
	c_lock(l2, CR, 0, 0);
	rec->stored_max = 1000;
	dlm_recover_pause(c_ls(c, 1));
	for (i = 0; i < ARRAY_SIZE(l); i++) {
		l[i] = c_new(c, 2, name);
		KUNIT_EXPECT_EQ(test, t_call_lock(l[i], CR, 0, name, strlen(name)), 0);
	}
	for (i = 0; i < 100; i++) {
		memlink_transmit(c->r->net, 2, 1);
		memlink_deliver(c->r->net, 2, 1, MEMLINK_ALL);
	}
	KUNIT_EXPECT_LE(test, rec->stored_bytes, (size_t)1000);
	KUNIT_EXPECT_GT(test, c_stat(c, 1, DLM_ST_STORED), 1ULL);
	KUNIT_EXPECT_LT(test, c_stat(c, 1, DLM_ST_STORED), (u64)ARRAY_SIZE(l));
	KUNIT_EXPECT_GT(test, c_stat(c, 1, DLM_ST_STORE_FULL), 0ULL);
	dlm_recover_resume(c_ls(c, 1));
	c_settle(c);
	for (i = 0; i < ARRAY_SIZE(l); i++)
		t_granted(l[i], CR);
	KUNIT_EXPECT_EQ(test, rec->stored_bytes, (size_t)0);
	c_check(c);
}

/* the lockspace is released: nothing is stored that nobody would ever look at */
static void stored_by_nobody(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_recovery *rec = c_ls(c, 1)->recovery;
	const char *name = c_name(c, 1);
	struct t_lock *l2 = c_new(c, 2, name);
	u64 strays = c_stat(c, 1, DLM_ST_MSG_STRAY);

	dlm_recover_pause(c_ls(c, 1));
	dlm_gate_set(&c_ls(c, 1)->gate, DLM_GATE_DEAD);
	KUNIT_EXPECT_EQ(test, t_call_lock(l2, CR, 0, name, strlen(name)), 0);
	c_settle(c);
	KUNIT_EXPECT_EQ(test, c_stat(c, 1, DLM_ST_MSG_STRAY), strays + 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&rec->stored));
	rec->paused = false;
}

/* who is no member, or an unknown lockspace: counted and dropped */
static void strays(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_node *node = c->r->host[1].node;
	struct dlm_w_msg msg = {
		.header.u = cpu_to_le32(dlm_ls_id(c_ls(c, 1))),
		.header.cmd = DLM_CMD_MSG,
		.type = cpu_to_le32(DLM_MSG_REQUEST),
	};
	struct dlm_fx fx = { };
	u64 before = c_stat(c, 1, DLM_ST_MSG_STRAY);
	long packets = atomic_long_read(&node->stats[DLM_NS_STRAY]);

	KUNIT_EXPECT_EQ(test, dlm_receive(node, 4, &msg, sizeof(msg), &fx), 0);
	KUNIT_EXPECT_EQ(test, c_stat(c, 1, DLM_ST_MSG_STRAY), before + 1);
	msg.header.u = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, dlm_receive(node, 2, &msg, sizeof(msg), &fx), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&node->stats[DLM_NS_STRAY]), packets + 1);
	dlm_fx_flush(&fx);
}

/* --- any order of everything -------------------------------------------- */

#define CHURN_NODES	4
#define CHURN_LOCKS	24

/* locks on two resources for each directory node; held in compatible modes */
static void churn_locks(struct c_world *c, struct t_lock **l, const char **names)
{
	int i;

	for (i = 0; i < CHURN_NODES; i++)
		names[i] = c_name(c, i + 1);
	for (i = 0; i < CHURN_LOCKS; i++) {
		l[i] = c_new(c, 1 + i % CHURN_NODES, names[i / 4 % CHURN_NODES]);
		c_lock(l[i], i % 3 ? CR : NL, 0, 0);
	}
}

/* one node dies, then recoveries are interrupted by stops, a second death, cuts */
static void churn(struct kunit *test, struct rnd_state *rnd)
{
	struct t_lock *l[CHURN_LOCKS];
	const char *names[CHURN_NODES];
	bool dead[CHURN_NODES + 1] = { };
	struct c_world *c;
	int i, n, round, deaths = 0, node;

	c_init_n(test, CHURN_NODES, 0, true);
	c = test->priv;
	churn_locks(c, l, names);
	for (round = 0; round < 8; round++) {
		node = 1 + prandom_u32_state(rnd) % CHURN_NODES;
		if (deaths < CHURN_NODES - 2 && !dead[node] &&
		    prandom_u32_state(rnd) % 3 == 0) {
			die(c, node);
			dead[node] = true;
			deaths++;
		}
		r_stop_all(c->r);
		r_start_all(c->r);
		n = prandom_u32_state(rnd) % 500;
		for (i = 0; i < n; i++) {
			r_turn(c->r);
			node = 1 + prandom_u32_state(rnd) % CHURN_NODES;
			if (prandom_u32_state(rnd) % 100 == 0 && !dead[node] &&
			    !dead[node % CHURN_NODES + 1])
				memlink_cut(c->r->net, node, node % CHURN_NODES + 1);
		}
	}
	c_recover(c);
	c_check(c);
	for (i = 0; i < CHURN_LOCKS; i++)
		if (!dead[1 + i % CHURN_NODES])
			t_holds(l[i], i % 3 ? CR : NL);
	c_exit(test);
}

static void random_churn(struct kunit *test)
{
	struct rnd_state rnd;
	int seed;

	for (seed = 1; seed <= 40; seed++) {
		prandom_seed_state(&rnd, seed);
		churn(test, &rnd);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sent_once),
	KUNIT_CASE(locks_sent_once),
	KUNIT_CASE(sent_as_granted),
	KUNIT_CASE(value_of_the_last_reader),
	KUNIT_CASE(stored),
	KUNIT_CASE(stored_question),
	KUNIT_CASE(too_young),
	KUNIT_CASE(stored_many),
	KUNIT_CASE(stored_first),
	KUNIT_CASE(stored_full),
	KUNIT_CASE(stored_by_nobody),
	KUNIT_CASE(strays),
	KUNIT_CASE(master_dies),
	KUNIT_CASE(two_die),
	KUNIT_CASE(join_with_locks),
	{ }
};

static struct kunit_suite suite = {
	.name = "dlm_recover_locks",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = cases,
};

static struct kunit_case own_cases[] = {
	KUNIT_CASE_PARAM(any_node_dies, three_gen_params),
	KUNIT_CASE_PARAM(stopped_anywhere, three_gen_params),
	KUNIT_CASE_PARAM(nodir_dies, three_gen_params),
	KUNIT_CASE(all_names),
	KUNIT_CASE(random_churn),
	KUNIT_CASE_PARAM(op_under_way, under_way_gen_params),
	KUNIT_CASE_PARAM(value_block, lvbs_gen_params),
	{ }
};

static struct kunit_suite own_suite = {
	.name = "dlm_recover_any",
	.test_cases = own_cases,
};

kunit_test_suites(&suite, &own_suite);
