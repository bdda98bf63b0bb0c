// SPDX-License-Identifier: GPL-2.0
/*
 * Locks whose master is another node: what is sent, what is granted, what everybody is
 * told (messages.md 4 to 13).  Local outcomes are the measure.
 */
#include "cluster.h"

/* --- finding the master ------------------------------------------------- */

/*
 * Who asks first becomes the master; later the cheapest way is taken.  Nodes 1 to 3,
 * 0 stands for a step that is left out.
 */
static const struct way {
	const char	*desc;
	int		dir;
	int		master;
	int		asker;
	const char	*first;		/* messages of the master's own first request */
	const char	*then;		/* messages of the asker's */
} ways[] = {
	{ "all on one node", 1, 1, 1, "", "" },
	{ "directory elsewhere", 1, 2, 2, "LOOKUP LOOKUP_REPLY", "" },
	{ "master is directory", 1, 1, 2, "", "LOOKUP REQUEST_REPLY" },
	{ "asker is directory", 1, 2, 1, "LOOKUP LOOKUP_REPLY",
	  "REQUEST REQUEST_REPLY" },
	{ "three nodes", 1, 2, 3, "LOOKUP LOOKUP_REPLY",
	  "LOOKUP LOOKUP_REPLY REQUEST REQUEST_REPLY" },
	{ "three other nodes", 3, 1, 2, "LOOKUP LOOKUP_REPLY",
	  "LOOKUP LOOKUP_REPLY REQUEST REQUEST_REPLY" },
};

static void way_desc(const struct way *w, char *desc)
{
	strscpy(desc, w->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ways, ways, way_desc);

static void find_master(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct c_world *c = test->priv;
	const char *name = c_name(c, way->dir);
	struct t_lock *a = c_new(c, way->master, name);
	struct t_lock *b = c_new(c, way->asker, name);
	struct t_lock *d = c_new(c, way->asker, name);

	c_lock(a, PR, 0, 0);
	c_sent(c, way->first);
	KUNIT_EXPECT_EQ(test, c_master(c, way->master, name), 0);
	c_lock(b, PR, 0, 0);
	c_sent(c, way->then);
	/* now it is known */
	c_lock(d, CR, 0, 0);
	c_sent(c, way->asker == way->master ? "" : "REQUEST REQUEST_REPLY");
	if (way->asker != way->master)
		KUNIT_EXPECT_EQ(test, c_master(c, way->asker, name), way->master);
	c_check(c);
	c_unlock(d, 0);
	c_unlock(b, 0);
	c_unlock(a, 0);
	c_sent(c, way->asker == way->master ? "" : "UNLOCK*2 UNLOCK_REPLY*2");
	c_check(c);
}

/* no directory: everybody knows who is master */
static void nodir(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 2);
	struct t_lock *a = c_new(c, 1, name);
	struct t_lock *b = c_new(c, 2, name);

	c_lock(a, PR, 0, 0);
	c_sent(c, "REQUEST REQUEST_REPLY");
	c_lock(b, PR, 0, 0);
	c_sent(c, "");
	c_check(c);
	c_unlock(a, 0);
	c_unlock(b, 0);
	c_sent(c, "UNLOCK UNLOCK_REPLY");
	/* and nothing is remembered */
	KUNIT_EXPECT_EQ(test, c_master(c, 1, name), -2);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), -2);
}

/* many requests of a node for a name that it does not know: one question */
static void lookup_queue(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *m = c_new(c, 2, name);
	struct t_lock *l[4];
	int i;

	c_lock(m, PR, 0, 0);
	c_forget(c);
	for (i = 0; i < 4; i++) {
		l[i] = c_new(c, 3, name);
		KUNIT_EXPECT_EQ(test, t_call_lock(l[i], PR, 0, name, strlen(name)), 0);
		KUNIT_EXPECT_EQ(test, t_look(l[i]).status, (int)DLM_LKSTS_LOOKUP);
	}
	c_settle(c);
	c_sent(c, "LOOKUP LOOKUP_REPLY REQUEST*4 REQUEST_REPLY*4");
	for (i = 0; i < 4; i++)
		t_granted(l[i], PR);
	c_check(c);
}

/* the one that asks is refused: the next one asks, the answer being known */
static void first_is_refused(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *m = c_new(c, 2, name);
	struct t_lock *a = c_new(c, 3, name), *b = c_new(c, 3, name);

	c_lock(m, EX, 0, 0);
	c_forget(c);
	t_call_lock(a, PR, NOQUEUE, name, strlen(name));
	t_call_lock(b, NL, 0, name, strlen(name));
	c_settle(c);
	t_cast(a, -EAGAIN, IV, 0);
	t_gone(a);
	t_granted(b, NL);
	c_sent(c, "LOOKUP LOOKUP_REPLY REQUEST*2 REQUEST_REPLY*2");
	c_check(c);
}

/* --- the same outcome as with a local lock ------------------------------ */

/* where two locks are and who masters them */
static const struct place {
	const char	*desc;
	int		a, b;
} places[] = {
	{ "both-here", 1, 1 },
	{ "second-remote", 1, 2 },
	{ "first-remote", 2, 1 },
	{ "both-remote", 2, 2 },
	{ "three-nodes", 2, 3 },
};

static void place_desc(const struct place *p, char *desc)
{
	strscpy(desc, p->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(places, places, place_desc);

/* an NL lock on node 1 makes it the master */
static const char *mastered(struct c_world *c, struct t_lock **keep)
{
	const char *name = c_name(c, 1);

	*keep = c_new(c, 1, name);
	c_lock(*keep, NL, 0, 0);
	c_forget(c);
	return name;
}

static void request_pairs(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	int held, want;

	for (held = NL; held <= EX; held++) {
		for (want = NL; want <= EX; want++) {
			struct t_lock *a = c_new(c, p->a, name);
			struct t_lock *b = c_new(c, p->b, name);
			bool ok = t_compat(held, want);

			c_lock(a, held, 0, 0);
			c_lock(b, want, NOQUEUE, ok ? 0 : -EAGAIN);
			t_quiet(a);
			if (ok) {
				c_check(c);
				c_unlock(b, 0);
			}
			b = c_new(c, p->b, name);
			c_lock(b, want, 0, ok ? 0 : WAITS);
			if (!ok)
				t_bast(a, want);
			t_quiet(a);
			c_check(c);
			c_unlock(a, 0);
			if (!ok)
				t_granted(b, want);
			c_check(c);
			c_unlock(b, 0);
		}
	}
}

static void convert_pairs(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	int other, from, to;

	for (other = NL; other <= EX; other++) {
		for (from = NL; from <= EX; from++) {
			for (to = NL; to <= EX; to++) {
				struct t_lock *a = c_new(c, p->a, name);
				struct t_lock *b = c_new(c, p->b, name);
				bool ok = t_compat(other, to);

				if (!t_compat(other, from))
					continue;
				c_lock(a, other, 0, 0);
				c_lock(b, from, 0, 0);
				if (!ok)
					c_convert(b, to, NOQUEUE, -EAGAIN);
				t_holds(b, from);
				c_convert(b, to, 0, ok ? 0 : WAITS);
				if (!ok) {
					t_bast(a, to);
					t_converting(b, from);
				}
				c_check(c);
				c_unlock(a, 0);
				if (!ok)
					t_granted(b, to);
				t_holds(b, to);
				c_check(c);
				c_unlock(b, 0);
			}
		}
	}
}

/* a converting lock holds on to its mode; a cancel brings it back there */
static void cancel_pairs(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, p->a, name);
	struct t_lock *b = c_new(c, p->b, name);
	struct t_lock *d = c_new(c, p->b, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, PR, 0, 0);
	c_convert(b, EX, 0, WAITS);
	t_bast(a, EX);
	c_lock(d, PR, 0, WAITS);
	c_cancel(b);
	t_holds(b, PR);
	/* who waited behind the conversion goes on */
	t_granted(d, PR);
	c_check(c);
	KUNIT_EXPECT_EQ(test, t_call_cancel(b, CANCEL, -DLM_ECANCEL), -EINVAL);
	c_unlock(d, 0);
	d = c_new(c, p->b, name);
	c_lock(d, EX, 0, WAITS);
	/* a was told when the conversion waited */
	t_bast(b, EX);
	c_cancel(d);
	t_gone(d);
	t_quiet(a);
	KUNIT_EXPECT_EQ(test, t_call_cancel(a, CANCEL, -DLM_ECANCEL), 0);
	c_settle(c);
	t_quiet(a);
	c_check(c);
}

/* what is sent for each operation, and nothing more */
static void counts(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);

	c_lock(a, PR, 0, 0);
	c_sent(c, "LOOKUP REQUEST_REPLY");
	c_convert(a, EX, 0, 0);
	c_sent(c, "CONVERT CONVERT_REPLY");
	c_convert(a, PR, 0, 0);
	c_sent(c, "CONVERT");
	c_convert(a, PR, 0, 0);
	c_sent(c, "CONVERT CONVERT_REPLY");
	c_convert(a, CW, 0, 0);
	c_sent(c, "CONVERT CONVERT_REPLY");
	c_convert(a, PR, 0, 0);
	c_forget(c);
	c_lock(b, EX, 0, WAITS);
	t_bast(a, EX);
	c_sent(c, "LOOKUP REQUEST_REPLY BAST");
	c_convert(a, NL, 0, 0);
	c_sent(c, "CONVERT GRANT");
	t_granted(b, EX);
	c_convert(a, PR, 0, WAITS);
	c_sent(c, "CONVERT CONVERT_REPLY BAST");
	t_bast(b, PR);
	c_cancel(a);
	c_sent(c, "CANCEL CANCEL_REPLY");
	c_unlock(a, 0);
	c_sent(c, "UNLOCK UNLOCK_REPLY");
	c_unlock(b, 0);
	c_sent(c, "UNLOCK UNLOCK_REPLY");
	c_check(c);
}

/* a conversion to a weaker mode is over when the call returns */
static void down_at_once(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 2, name);

	c_lock(a, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(a, PR, CONVERT), 0);
	t_granted(a, PR);
	KUNIT_EXPECT_EQ(test, t_call_convert(a, CR, CONVERT), 0);
	t_granted(a, CR);
	KUNIT_EXPECT_EQ(test, t_call_convert(a, PW, CONVERT), 0);
	t_quiet(a);
	KUNIT_EXPECT_EQ(test, t_call_convert(a, CR, CONVERT), -EBUSY);
	c_settle(c);
	t_granted(a, PW);
	c_check(c);
}

/*
 * The master's own programs have no advantage: a conversion of another node that waits gets
 * its turn when the lock is given up, and a program on the master that wants it again
 * at once waits behind it.
 */
static void fair(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, 1, name), *b = c_new(c, 2, name);
	int i;

	c_lock(a, EX, 0, 0);
	c_lock(b, NL, 0, 0);
	for (i = 0; i < 3; i++) {
		c_convert(b, EX, 0, WAITS);
		t_bast(a, EX);
		/* nothing moves on the wire in between */
		KUNIT_EXPECT_EQ(test, t_call_convert(a, NL, CONVERT), 0);
		t_granted(a, NL);
		KUNIT_EXPECT_EQ(test, t_call_convert(a, EX, CONVERT), 0);
		t_quiet(a);
		c_settle(c);
		t_granted(b, EX);
		t_bast(b, EX);
		c_convert(b, NL, 0, 0);
		t_granted(a, EX);
	}
	c_check(c);
}

/* --- value blocks ------------------------------------------------------- */

static void lvb(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, p->a, name), *b = c_new(c, p->b, name);
	u8 bytes[T_LVBLEN];

	c_lock(a, EX, VALBLK, 0);
	t_fill(bytes, 10);
	a->lvb_in = bytes;
	c_convert(a, CR, VALBLK, 0);
	c_lock(b, PR, VALBLK, 0);
	t_lvb(b, 10);
	c_convert(b, PW, VALBLK, 0);
	t_lvb(b, 10);
	t_fill(bytes, 20);
	b->lvb_in = bytes;
	c_convert(b, NL, VALBLK, 0);
	c_convert(a, PR, VALBLK, 0);
	t_lvb(a, 20);
	/* handed over in a GRANT as well */
	c_convert(a, EX, VALBLK, 0);
	c_convert(b, PR, VALBLK, WAITS);
	t_bast(a, PR);
	t_fill(bytes, 30);
	c_convert(a, NL, VALBLK, 0);
	t_granted(b, PR);
	t_lvb(b, 30);
	/* invalid until it is written again */
	c_convert(b, EX, VALBLK, 0);
	c_convert(b, NL, VALBLK | IVVALBLK, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(a, PR, CONVERT | VALBLK), 0);
	c_settle(c);
	t_cast(a, 0, PR, VALNOTVALID);
	t_lvb(a, 30);
	c_check(c);
}

/* --- conversion deadlock, alternative modes ----------------------------- */

static void deadlock(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, p->a, name), *b = c_new(c, p->b, name);

	c_lock(a, PR, 0, 0);
	c_lock(b, PR, 0, 0);
	c_convert(a, EX, 0, WAITS);
	t_bast(b, EX);
	c_convert(b, EX, 0, -EDEADLK);
	t_holds(b, PR);
	c_check(c);
	/* demoted: the other one goes first */
	KUNIT_EXPECT_EQ(test, t_call_convert(b, EX, CONVERT | CONVDEADLK), 0);
	c_settle(c);
	t_granted(a, EX);
	t_bast(a, EX);
	t_quiet(b);
	t_converting(b, NL);
	c_check(c);
	c_unlock(a, 0);
	t_cast(b, 0, EX, DEMOTED);
	c_check(c);
}

static void alt_mode(struct kunit *test)
{
	const struct place *p = test->param_value;
	struct c_world *c = test->priv;
	struct t_lock *keep;
	const char *name = mastered(c, &keep);
	struct t_lock *a = c_new(c, p->a, name), *b = c_new(c, p->b, name);

	c_lock(a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(b, EX, ALTPR, name, strlen(name)), 0);
	c_settle(c);
	t_cast(b, 0, PR, ALTMODE);
	c_check(c);
	c_unlock(b, 0);
	b = c_new(c, p->b, name);
	c_lock(b, NL, 0, 0);
	c_forget(c);
	KUNIT_EXPECT_EQ(test, t_call_convert(b, EX, CONVERT | ALTPR), 0);
	c_settle(c);
	t_cast(b, 0, PR, ALTMODE);
	/* a stock holder hears of the other mode by a GRANT only */
	c_sent(c, p->b == 1 ? "" : "CONVERT CONVERT_REPLY GRANT");
	t_quiet(a);
	c_check(c);
}

static struct kunit_case remote_cases[] = {
	KUNIT_CASE_PARAM(find_master, ways_gen_params),
	KUNIT_CASE(lookup_queue),
	KUNIT_CASE(first_is_refused),
	KUNIT_CASE_PARAM(request_pairs, places_gen_params),
	KUNIT_CASE_PARAM(convert_pairs, places_gen_params),
	KUNIT_CASE_PARAM(cancel_pairs, places_gen_params),
	KUNIT_CASE(counts),
	KUNIT_CASE(down_at_once),
	KUNIT_CASE(fair),
	KUNIT_CASE_PARAM(lvb, places_gen_params),
	KUNIT_CASE_PARAM(deadlock, places_gen_params),
	KUNIT_CASE_PARAM(alt_mode, places_gen_params),
	{ }
};

static struct kunit_suite remote_suite = {
	.name = "dlm_remote",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = remote_cases,
};

static struct kunit_case nodir_cases[] = {
	KUNIT_CASE(nodir),
	{ }
};

static struct kunit_suite nodir_suite = {
	.name = "dlm_remote_nodir",
	.init = c_init_nodir,
	.exit = c_exit,
	.test_cases = nodir_cases,
};

kunit_test_suites(&remote_suite, &nodir_suite);
