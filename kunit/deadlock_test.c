// SPDX-License-Identifier: GPL-2.0
/*
 * Conversion deadlocks (lock-semantics.md 5).
 */
#include "fixture.h"

/* A holds PR, B holds PR, both want EX: the second is told at once */
static void second_is_refused(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, 0, -EDEADLK);
	t_holds(w->b, PR);
	KUNIT_EXPECT_EQ(test, t_look(w->b).rqmode, IV);
	t_converting(w->a, PR);
	t_convert(w->b, NL, 0, 0);
	t_granted(w->a, EX);
}

struct pair_case {
	s8 a_from, a_to;	/* waits */
	s8 b_from, b_to;	/* comes second and cannot be granted */
	bool deadlock;
};

/* b's granted mode against a's wanted one decides; b's wanted one does not matter */
static const struct pair_case pair_cases[] = {
	{ PR, EX, PR, EX, true },
	{ PR, EX, PR, PW, true },
	{ CR, EX, CR, EX, true },
	{ CW, PR, CW, PR, true },
	{ PR, CW, PR, CW, true },
	{ CW, EX, CR, PR, true },
	{ CR, PR, CW, EX, true },
	{ CR, PW, CW, EX, true },
	{ CR, EX, PW, EX, true },
	{ CW, PW, CR, PR, false },
	{ PR, PW, CR, CW, false },
	{ CR, PW, NL, EX, false },
	{ PR, EX, NL, EX, false },
	{ PR, PW, CR, PW, false },
};

static void pair_desc(const struct pair_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s-%s, %s-%s",
		 t_mode_name(c->a_from), t_mode_name(c->a_to),
		 t_mode_name(c->b_from), t_mode_name(c->b_to));
}

KUNIT_ARRAY_PARAM(pair, pair_cases, pair_desc);

static void two_conversions(struct kunit *test)
{
	const struct pair_case *c = test->param_value;
	struct t_world *w = test->priv;
	struct t_lock *x = t_new(w, w->client[0], "r");
	int mode;

	t_lock(w->a, c->a_from, 0, 0);
	t_lock(w->b, c->b_from, 0, 0);
	if (t_compat(c->a_to, c->b_from)) {
		/* x makes a wait where b would not */
		for (mode = CR; mode <= EX; mode++)
			if (t_compat(mode, c->a_from) && t_compat(mode, c->b_from) &&
			    !t_compat(mode, c->a_to))
				break;
		KUNIT_ASSERT_LE(test, mode, EX);
		t_lock(x, mode, 0, 0);
	}
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, c->a_to, CONVERT), 0);
	t_converting(w->a, c->a_from);
	w->b->seen = w->b->told;
	x->seen = x->told;
	t_convert(w->b, c->b_to, 0, c->deadlock ? -EDEADLK : WAITS);
	if (c->deadlock)
		t_holds(w->b, c->b_from);
	else
		t_converting(w->b, c->b_from);
	w->a->seen = w->a->told;
}

/* NOQUEUE switches the detection off: the answer is EAGAIN */
static void noqueue_is_refused_instead(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, NOQUEUE, -EAGAIN);
	t_holds(w->b, PR);
}

static void convdeadlk_demotes(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | CONVDEADLK), 0);
	/* a was let through, and b waits for it now */
	t_granted(w->a, EX);
	t_bast(w->a, EX);
	t_quiet(w->b);
	t_converting(w->b, NL);
	t_unlock(w->a, 0);
	t_cast(w->b, 0, EX, DEMOTED);
	/* the flag belongs to that operation only */
	t_convert(w->b, PR, 0, 0);
}

/* what was given up may be what a request waits for that need not keep the order */
static void demotion_serves_noorder(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, CR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, CR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_bast(w->c, EX);
	t_lock(w->d, CW, NOORDER, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | CONVDEADLK), 0);
	t_granted(w->d, CW);
	t_bast(w->d, EX);
	t_converting(w->b, NL);
	t_quiet(w->b);
	t_quiet(w->c);
}

/* once demoted, the lock is tried again before it is queued */
static void convdeadlk_tries_again(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, CR, 0, 0);
	t_lock(w->b, PW, 0, 0);
	t_lock(w->c, CR, 0, 0);
	/* a's PR is kept off by b, b's EX by a and c; c goes on */
	t_convert(w->a, PR, 0, WAITS);
	t_bast(w->b, PR);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | CONVDEADLK | ALTPR), 0);
	t_granted(w->a, PR);
	t_cast(w->b, 0, PR, DEMOTED | ALTMODE);
	t_holds(w->b, PR);
}

/* a demoted lock's old mode is NL, also when its conversion is cancelled */
static void cancel_demoted(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | CONVDEADLK), 0);
	t_granted(w->a, EX);
	t_bast(w->a, EX);
	t_cancel(w->b);
	t_holds(w->b, NL);
	t_holds(w->a, EX);
}

/* CONVDEADLK without a deadlock changes nothing */
static void convdeadlk_without_deadlock(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->b, EX, CONVDEADLK, WAITS);
	t_bast(w->a, EX);
	t_converting(w->b, PR);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);
}

/* found later: the one ahead asked to be demoted, the one behind may wait */
static void demoted_later(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_convert(w->a, EX, CONVDEADLK, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	/* nobody has looked again yet */
	t_converting(w->a, PR);
	t_unlock(w->c, 0);
	t_converting(w->a, NL);
	t_quiet(w->a);
	/* a is first, and b's PR keeps it waiting; b may not pass it */
	t_quiet(w->b);
	t_cancel(w->b);
	t_convert(w->b, NL, 0, 0);
	t_cast(w->a, 0, EX, DEMOTED);
}

/* the one behind asked to be demoted: the one ahead is looked at again */
static void demotion_behind_makes_room(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_convert(w->a, EX, CONVDEADLK, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, NODLCKWT | HEADQUE, WAITS);
	t_unlock(w->c, 0);
	t_granted(w->b, EX);
	t_bast(w->b, EX);
	t_converting(w->a, NL);
	t_unlock(w->b, 0);
	t_cast(w->a, 0, EX, DEMOTED);
}

/* NODLCKWT: queued like any other */
static void nodlckwt_waits(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	t_converting(w->b, PR);
	/* it was told EX before: nothing new at the next look */
	t_lock(w->c, NL, EXPEDITE, 0);
	t_unlock(w->c, 0);
	t_quiet(w->b);
	t_cancel(w->b);
	t_convert(w->b, NL, 0, 0);
	t_granted(w->a, EX);
}

/* told its own wanted mode, once, by a re-scan that still finds the deadlock */
static void nodlckwt_is_told(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, PW, 0, WAITS);
	t_bast(w->b, PW);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	t_quiet(w->b);
	t_lock(w->c, NL, EXPEDITE, 0);
	t_convert(w->c, NL, 0, 0);
	t_bast(w->b, EX);
	t_convert(w->c, NL, 0, 0);
	t_quiet(w->b);
	t_cancel(w->b);
	t_quiet(w->a);
}

/*
 * A lock ahead is in a deadlock with one behind only if each blocks the
 * other: looked at from a, b behind matters; from b, a ahead does.
 */
static void behind_needs_both(struct kunit *test)
{
	struct t_world *w = test->priv;

	/* c keeps both waiting */
	t_lock(w->a, CR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_lock(w->c, PW, 0, 0);
	/* a's CR is in the way of b's EX, b's CR is not in the way of a's PR */
	t_convert(w->a, PR, NODLCKWT, WAITS);
	t_bast(w->c, PR);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	t_bast(w->c, EX);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_quiet(w->a);
	t_quiet(w->b);
}

/* behind one whose wanted mode the held one blocks, that alone is a deadlock */
static void ahead_needs_one(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, CR, 0, 0);
	t_lock(w->b, CW, 0, 0);
	t_lock(w->c, CW, 0, 0);
	t_convert(w->a, PR, NODLCKWT, WAITS);
	t_bast(w->b, PR);
	t_bast(w->c, PR);
	t_convert(w->b, PW, NODLCKWT, WAITS);
	t_bast(w->c, PW);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_bast(w->b, PW);
	t_quiet(w->a);
	t_quiet(w->c);
}

static void behind_with_both(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, CW, 0, 0);
	t_lock(w->b, CW, 0, 0);
	t_lock(w->d, NL, 0, 0);
	t_convert(w->a, PR, NODLCKWT, WAITS);
	t_bast(w->b, PR);
	t_convert(w->b, PW, NODLCKWT, WAITS);
	t_unlock(w->d, 0);
	/* a (ahead) and b (behind) block each other: both find it */
	t_bast(w->a, PR);
	t_bast(w->b, PW);
	/* each is told once */
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
}

/* a lock that waits without a flag of its own is not thrown out by a later deadlock */
static void waiting_lock_stays(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_quiet(w->a);
	t_converting(w->a, PR);
	t_unlock(w->b, 0);
	t_granted(w->a, EX);
}

/* no alternative mode is tried in a deadlock */
static void deadlock_before_alternative(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_convert(w->b, EX, ALTPR, -EDEADLK);
	/* without one it would fit */
	t_cancel(w->a);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | ALTPR), 0);
	t_cast(w->b, 0, PR, ALTMODE);
}

/* requests that wait are no part of it */
static void requests_do_not_deadlock(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, EX, 0, WAITS);
	t_bast(w->a, EX);
	t_bast(w->b, EX);
	t_convert(w->b, EX, 0, WAITS);
}

static struct kunit_case deadlock_cases[] = {
	KUNIT_CASE(second_is_refused),
	KUNIT_CASE_PARAM(two_conversions, pair_gen_params),
	KUNIT_CASE(noqueue_is_refused_instead),
	KUNIT_CASE(convdeadlk_demotes),
	KUNIT_CASE(demotion_serves_noorder),
	KUNIT_CASE(convdeadlk_tries_again),
	KUNIT_CASE(cancel_demoted),
	KUNIT_CASE(convdeadlk_without_deadlock),
	KUNIT_CASE(demoted_later),
	KUNIT_CASE(demotion_behind_makes_room),
	KUNIT_CASE(nodlckwt_waits),
	KUNIT_CASE(nodlckwt_is_told),
	KUNIT_CASE(behind_needs_both),
	KUNIT_CASE(ahead_needs_one),
	KUNIT_CASE(behind_with_both),
	KUNIT_CASE(waiting_lock_stays),
	KUNIT_CASE(deadlock_before_alternative),
	KUNIT_CASE(requests_do_not_deadlock),
	{}
};

static struct kunit_suite deadlock_suite = {
	.name = "dlm_deadlock",
	.init = t_init_bast,
	.exit = t_exit,
	.test_cases = deadlock_cases,
};

kunit_test_suite(deadlock_suite);

MODULE_LICENSE("GPL");
