// SPDX-License-Identifier: GPL-2.0
/*
 * Blocking callbacks (lock-semantics.md 7): who is told, which mode, how often.
 */
#include "fixture.h"

KUNIT_ARRAY_PARAM(pair, t_pairs, t_pair_desc);

/* a holder in one mode, a request for another that has to wait */
static void request_waits(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool fits = t_compat(p->from, p->to);

	t_lock(w->a, p->from, 0, 0);
	t_lock(w->b, p->to, 0, fits ? 0 : WAITS);
	if (!fits)
		t_bast(w->a, p->to);
	t_quiet(w->b);
	/* likewise for a conversion to it */
	if (!fits) {
		t_cancel(w->b);
		t_convert(w->a, p->from, 0, 0);
	} else {
		t_unlock(w->b, 0);
	}
	t_lock(w->c, NL, 0, 0);
	t_convert(w->c, p->to, 0, fits ? 0 : WAITS);
	if (!fits)
		t_bast(w->a, p->to);
}

/* NOQUEUE sends nothing, NOQUEUE | NOQUEUEBAST does */
static void noqueue(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool fits = t_compat(p->from, p->to);

	t_lock(w->a, p->from, 0, 0);
	t_lock(w->b, p->to, NOQUEUE, fits ? 0 : -EAGAIN);
	t_quiet(w->a);
	if (fits)
		t_unlock(w->b, 0);
	t_lock(w->c, NL, 0, 0);
	t_convert(w->c, p->to, NOQUEUE, fits ? 0 : -EAGAIN);
	t_quiet(w->a);
	if (fits)
		t_unlock(w->c, 0);
	t_lock(w->b, p->to, NOQUEUE | NOQUEUEBAST, fits ? 0 : -EAGAIN);
	if (!fits)
		t_bast(w->a, p->to);
}

static void noqueuebast_of_conversion(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PW);
	t_quiet(w->b);
}

/* without NOQUEUE the flag means nothing: converting locks are not told */
static void who_is_told(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_lock(w->c, CW, NOQUEUEBAST, WAITS);
	/* b's memory is EX, a is not on the grant queue */
	t_quiet(w->a);
	t_quiet(w->b);
	t_lock(w->d, CW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, CW);
	t_quiet(w->b);
	/* waiting locks hold nothing */
	t_quiet(w->c);
}

/* refused by the order of the queue alone: nobody is in the way */
static void only_who_is_in_the_way(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_lock(w->c, CW, 0, WAITS);
	t_bast(w->a, CW);
	t_quiet(w->b);
	t_lock(w->d, CR, 0, WAITS);
	t_lock(w->e, PR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_quiet(w->b);
}

/* once for each mode, and only for higher ones */
static void memory(struct kunit *test)
{
	struct t_world *w = test->priv;
	int i;

	t_lock(w->a, EX, 0, 0);
	for (i = 0; i < 2; i++)
		t_lock(w->b, CW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, CW);
	t_quiet(w->a);
	t_lock(w->b, CR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_lock(w->b, PR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PR);
	t_lock(w->b, EX, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, EX);
	t_lock(w->b, PW, 0, WAITS);
	t_lock(w->c, EX, 0, WAITS);
	t_quiet(w->a);
	/* granted anew, it forgets; the end of the re-scan tells it */
	t_convert(w->a, EX, 0, 0);
	t_bast(w->a, EX);
}

/* a refused conversion is no grant */
static void memory_after_refusal(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_lock(w->c, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PW);
	t_convert(w->a, EX, NOQUEUE, -EAGAIN);
	t_lock(w->c, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_convert(w->a, EX, 0, WAITS);
	t_bast(w->b, EX);
	t_cancel(w->a);
	t_lock(w->c, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_convert(w->a, PR, 0, 0);
	t_lock(w->c, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PW);
}

/* PR and CW: neither is the higher one, only EX in memory stops the message */
static void pr_and_cw(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PW);
	t_lock(w->b, CW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, CW);
	t_lock(w->b, CW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, CW);
	t_lock(w->b, EX, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, EX);
	t_lock(w->b, CW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_unlock(w->a, 0);

	t_lock(w->a, CW, 0, 0);
	t_lock(w->b, PW, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PW);
	t_lock(w->b, PR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, PR);
	t_lock(w->b, EX, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->a, EX);
	t_lock(w->b, PR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
}

/* after a re-scan: the highest mode that stays blocked, to those who block it */
static void rescan_tells_highest(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_bast(w->a, PR);
	t_lock(w->c, CW, 0, WAITS);
	t_lock(w->d, PW, 0, WAITS);
	t_bast(w->a, PW);
	t_lock(w->e, CR, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->b, PR);
	t_bast(w->b, PW);
	t_quiet(w->b);
}

/* granted in the re-scan and told in the same breath, in that order */
static void told_right_after_grant(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_bast(w->a, EX);
	t_lock(w->c, EX, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);
	t_bast(w->b, EX);
	t_convert(w->b, PR, 0, 0);
	t_bast(w->b, EX);
	t_unlock(w->b, 0);
	t_granted(w->c, EX);
}

/* a holder in PR with a blocked CW */
static void rescan_pr_and_cw(struct kunit *test)
{
	struct t_world *w = test->priv;

	/* PR is the highest blocked mode: PR would not mean anything to a */
	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, CW, 0, WAITS);
	t_bast(w->a, CW);
	t_lock(w->c, PR, 0, WAITS);
	t_bast(w->a, PR);
	t_convert(w->a, PR, 0, 0);
	t_bast(w->a, CW);
	/* again at each re-scan until EX is what was told */
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_bast(w->a, CW);
	/* PW is higher, and tells a more than CW */
	t_lock(w->e, PW, 0, WAITS);
	t_bast(w->a, PW);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_bast(w->a, PW);
	t_lock(w->f, EX, 0, WAITS);
	t_bast(w->a, EX);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_quiet(w->a);
}

/* a holder in CW with a blocked PR has no such rule in a re-scan */
static void rescan_cw_and_pr(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_bast(w->a, PR);
	t_convert(w->a, CW, 0, 0);
	t_bast(w->a, PR);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_unlock(w->d, 0);
	t_quiet(w->a);
}

/* blocked conversions count as well as blocked requests */
static void rescan_counts_conversions(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_bast(w->a, EX);
	t_lock(w->c, PR, 0, WAITS);
	t_convert(w->a, CR, 0, 0);
	t_bast(w->a, EX);
	t_convert(w->a, NL, 0, 0);
	t_granted(w->b, EX);
	t_bast(w->b, PR);
}

/* nothing stays blocked, nobody is told */
static void rescan_with_nothing_blocked(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_bast(w->a, PR);
	t_lock(w->c, PR, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->b, PR);
	t_granted(w->c, PR);
}

/* a deadlock refused at once, an errno: not a word */
static void failures_tell_nothing(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, CR, 0, 0);
	t_convert(w->a, PW, 0, WAITS);
	t_bast(w->b, PW);
	t_convert(w->b, EX, 0, -EDEADLK);
	t_quiet(w->c);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->d, EX, CANCEL, "r", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->c, EX, CONVERT | QUECVT | EXPEDITE),
			-EINVAL);
}

/* locks without the routine are skipped, wherever a message would arise */
static void without_routine(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->client[0]->bast = false;
	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, EX, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_bast(w->b, EX);
	t_lock(w->c, CW, 0, WAITS);
	t_quiet(w->b);
	t_lock(w->e, NL, EXPEDITE, 0);
	t_unlock(w->e, 0);
	t_quiet(w->a);
	t_unlock(w->b, 0);
	t_quiet(w->a);
}

/* the deadlock message of a re-scan is one as well */
static void without_routine_in_deadlock(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->client[1]->bast = false;
	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, PW, 0, WAITS);
	t_convert(w->b, EX, NODLCKWT, WAITS);
	t_lock(w->c, NL, EXPEDITE, 0);
	t_unlock(w->c, 0);
	t_quiet(w->b);
}

/* the reader is woken once for each call that tells it something */
static void reader_is_woken(struct kunit *test)
{
	struct t_world *w = test->priv;
	unsigned int n;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->d, NL, EXPEDITE, 0);
	n = w->client[0]->flushes;
	t_lock(w->b, PR, 0, WAITS);
	KUNIT_EXPECT_EQ(test, w->client[0]->flushes, n + 1);
	KUNIT_EXPECT_EQ(test, w->client[1]->flushes, 0U);
	t_bast(w->a, PR);
	/* a's completion and b's, two readers */
	t_unlock(w->a, 0);
	KUNIT_EXPECT_EQ(test, w->client[0]->flushes, n + 2);
	KUNIT_EXPECT_EQ(test, w->client[1]->flushes, 1U);
	t_granted(w->b, PR);
	KUNIT_EXPECT_EQ(test, w->client[0]->gets, w->client[0]->flushes);
	KUNIT_EXPECT_EQ(test, w->client[2]->flushes, 0U);
}

static struct kunit_case bast_cases[] = {
	KUNIT_CASE_PARAM(request_waits, pair_gen_params),
	KUNIT_CASE_PARAM(noqueue, pair_gen_params),
	KUNIT_CASE(noqueuebast_of_conversion),
	KUNIT_CASE(who_is_told),
	KUNIT_CASE(only_who_is_in_the_way),
	KUNIT_CASE(memory),
	KUNIT_CASE(memory_after_refusal),
	KUNIT_CASE(pr_and_cw),
	KUNIT_CASE(rescan_tells_highest),
	KUNIT_CASE(told_right_after_grant),
	KUNIT_CASE(rescan_pr_and_cw),
	KUNIT_CASE(rescan_cw_and_pr),
	KUNIT_CASE(rescan_counts_conversions),
	KUNIT_CASE(rescan_with_nothing_blocked),
	KUNIT_CASE(failures_tell_nothing),
	KUNIT_CASE(without_routine),
	KUNIT_CASE(without_routine_in_deadlock),
	KUNIT_CASE(reader_is_woken),
	{}
};

static struct kunit_suite bast_suite = {
	.name = "dlm_bast",
	.init = t_init_bast,
	.exit = t_exit,
	.test_cases = bast_cases,
};

kunit_test_suite(bast_suite);

MODULE_LICENSE("GPL");
