// SPDX-License-Identifier: GPL-2.0
/*
 * grant.c: who is granted "now" (lock-semantics.md 3 rules a to i, the steps
 * after a "no", and the table of outcomes).
 */
#include "fixture.h"

KUNIT_ARRAY_PARAM(pair, t_pairs, t_pair_desc);

/* a request beside one holder */
static void request_pair(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool fits = t_compat(p->from, p->to);

	t_lock(w->a, p->from, 0, 0);
	t_lock(w->b, p->to, 0, fits ? 0 : WAITS);
	if (fits) {
		t_holds(w->b, p->to);
		t_unlock(w->b, 0);
		t_lock(w->c, p->to, NOQUEUE, 0);
		return;
	}
	t_waiting(w->b);
	t_lock(w->c, p->to, NOQUEUE, -EAGAIN);
	t_gone(w->c);
	t_unlock(w->a, 0);
	t_granted(w->b, p->to);
}

/* a conversion beside one other holder in each mode; a lone one cannot deadlock */
static void convert_pair(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	struct t_lock *a, *b;
	bool fits;
	int other;

	for (other = NL; other <= EX; other++) {
		if (!t_compat(other, p->from))
			continue;
		fits = t_compat(other, p->to);
		a = t_new(w, w->client[0], "cv");
		b = t_new(w, w->client[1], "cv");
		t_lock(b, other, 0, 0);
		t_lock(a, p->from, 0, 0);
		t_convert(a, p->to, NOQUEUE, fits ? 0 : -EAGAIN);
		t_holds(a, fits ? p->to : p->from);
		if (!fits) {
			t_convert(a, p->to, 0, WAITS);
			t_converting(a, p->from);
			t_unlock(b, 0);
			t_granted(a, p->to);
		}
		t_unlock(a, 0);
		if (fits)
			t_unlock(b, 0);
		t_quiet(a);
		t_quiet(b);
	}
}

/* rule a */
static void expedite(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, NL, 0, WAITS);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_convert(w->a, PW, 0, 0);
	t_lock(w->e, PR, 0, WAITS);
	t_lock(w->f, NL, EXPEDITE, 0);
}

/* rule c */
static void converting_still_blocks(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_converting(w->b, PR);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);

	t_convert(w->b, PR, 0, 0);
	t_lock(w->c, CR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	/* only b's PR, on the convert queue, is in the way */
	t_lock(w->d, CW, NOORDER | NOQUEUE, -EAGAIN);
	t_lock(w->e, PR, NOORDER | NOQUEUE, 0);
	t_convert(w->c, CW, NOQUEUE, -EAGAIN);
}

/* rules e and f */
static void quecvt(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_lock(w->d, NL, 0, 0);
	/* alone, QUECVT does no harm */
	t_convert(w->b, CR, QUECVT, 0);
	t_convert(w->b, NL, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	/* jumps over b */
	t_convert(w->c, PR, 0, 0);
	/* does not, though nothing it conflicts with is granted */
	t_convert(w->d, CR, QUECVT | NOQUEUE, -EAGAIN);
	t_convert(w->d, CR, QUECVT, WAITS);
	t_converting(w->d, NL);
	/* f wins over g */
	t_lock(w->e, NL, EXPEDITE, 0);
	t_convert(w->e, CR, QUECVT | NOORDER | NOQUEUE, -EAGAIN);
	t_unlock(w->a, 0);
	t_quiet(w->b);
	t_unlock(w->c, 0);
	t_granted(w->b, EX);
	t_quiet(w->d);
	t_unlock(w->b, 0);
	t_granted(w->d, CR);
}

/* every pair; the legal ones wait behind a queued conversion, the others fail */
static void quecvt_pair(struct kunit *test)
{
	static const char legal[6][7] = {
		"-yyyyy", "--yyyy", "---yyy", "--y-yy", "-----y", "------",
	};
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool ok = legal[p->from][p->to] == 'y';

	t_lock(w->a, p->from, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, p->to, CONVERT | QUECVT),
			ok ? 0 : -EINVAL);
	if (ok)
		t_granted(w->a, p->to);
	t_holds(w->a, ok ? p->to : p->from);
	KUNIT_EXPECT_EQ(test, w->a->binds, 1U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, ok ? 2U : 1U);
}

/* rule g */
static void noorder(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_lock(w->d, PR, NOORDER, 0);
	t_lock(w->e, PW, NOORDER, WAITS);
}

/* rule i: either queue makes it wait */
static void order_of_requests(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, CR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_convert(w->c, EX, 0, WAITS);
	t_lock(w->d, CR, NOQUEUE, -EAGAIN);
	t_lock(w->d, CR, 0, WAITS);
	t_cancel(w->c);
	t_granted(w->d, CR);
	t_lock(w->e, PW, 0, WAITS);
	t_lock(w->f, CR, NOQUEUE, -EAGAIN);
	t_lock(w->f, CR, 0, WAITS);
	t_cancel(w->e);
	t_granted(w->f, CR);
}

struct alt_case {
	const char *name;
	u32 flags;
	s8 held;	/* by another */
	s8 from;	/* IV: a request */
	s8 to;
	s8 got;		/* IV: not granted */
};

static const struct alt_case alt_cases[] = {
	{ "not needed",		ALTPR | ALTCW,	NL, IV, EX, EX },
	{ "pr",			ALTPR,		PR, IV, EX, PR },
	{ "cw",			ALTCW,		CW, IV, EX, CW },
	{ "both: pr is tried",	ALTPR | ALTCW,	PR, IV, EX, PR },
	{ "both: cw is not",	ALTPR | ALTCW,	CW, IV, EX, IV },
	{ "pr wanted: cw",	ALTPR | ALTCW,	CW, IV, PR, CW },
	{ "cw wanted: pr",	ALTPR | ALTCW,	PR, IV, CW, PR },
	{ "only altpr, pr wanted",	ALTPR,	CW, IV, PR, IV },
	{ "only altcw, cw wanted",	ALTCW,	PR, IV, CW, IV },
	{ "neither fits",	ALTPR | ALTCW,	EX, IV, PW, IV },
	{ "conversion pr",	ALTPR,		PR, NL, EX, PR },
	{ "conversion cw",	ALTCW,		CW, CR, PW, CW },
	{ "conversion, same mode",	ALTPR,	PR, PR, EX, PR },
	{ "conversion down",	ALTCW,		CR, PW, EX, CW },
	{ "conversion, not needed",	ALTPR,	CR, CR, PW, PW },
};

static void alt_desc(const struct alt_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(alt, alt_cases, alt_desc);

/* the mode really held is the alternative: third parties tell */
static void alternative_mode(struct kunit *test)
{
	const struct alt_case *c = test->param_value;
	struct t_world *w = test->priv;
	u8 sbflags = c->got == c->to ? 0 : ALTMODE;
	int mode;

	t_lock(w->a, c->held, 0, 0);
	if (c->from == IV) {
		KUNIT_EXPECT_EQ(test, t_call_lock(w->b, c->to, c->flags, "r", 1), 0);
	} else {
		t_lock(w->b, c->from, 0, 0);
		KUNIT_EXPECT_EQ(test, t_call_convert(w->b, c->to, c->flags | CONVERT), 0);
	}
	if (c->got == IV) {
		t_waiting(w->b);
		return;
	}
	t_cast(w->b, 0, c->got, sbflags);
	t_holds(w->b, c->got);
	t_unlock(w->a, 0);
	for (mode = NL; mode <= EX; mode++) {
		bool fits = t_compat(mode, c->got);

		t_lock(w->c, mode, NOQUEUE, fits ? 0 : -EAGAIN);
		if (fits)
			t_unlock(w->c, 0);
	}
}

/* with NOQUEUE the alternative is tried before the refusal */
static void alternative_noqueue(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, EX, NOQUEUE | ALTPR, "r", 1), 0);
	t_cast(w->b, 0, PR, ALTMODE);
	t_lock(w->c, EX, NOQUEUE | ALTCW, -EAGAIN);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT | NOQUEUE | ALTPR), 0);
	t_cast(w->b, 0, PR, ALTMODE);
	t_convert(w->b, EX, NOQUEUE | ALTCW, -EAGAIN);
	t_holds(w->b, PR);
}

/* status flags begin anew with each operation */
static void alternative_flag_is_reset(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, EX, ALTPR, "r", 1), 0);
	t_cast(w->b, 0, PR, ALTMODE);
	t_convert(w->b, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, PW, CONVERT | ALTPR), 0);
	t_cast(w->b, 0, PR, ALTMODE);
	t_unlock(w->b, 0);
}

/* the order of rules: an alternative mode obeys the queue as well */
static void alternative_waits_in_order(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PW, ALTPR, WAITS);
	t_cancel(w->b);
	t_cast(w->c, 0, PR, ALTMODE);
}

/* a refused request is gone, its id with it */
static void refused_request_is_dead(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, NOQUEUE, -EAGAIN);
	KUNIT_EXPECT_NE(test, w->b->id, 0U);
	KUNIT_EXPECT_EQ(test, w->b->unbinds, 1U);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, NL, CONVERT), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), -ENOENT);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 1U);
}

/* a refused conversion leaves nothing behind that a later one could trip over */
static void refused_conversion(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, EX, NOQUEUE, -EAGAIN);
	KUNIT_EXPECT_EQ(test, t_look(w->b).rqmode, IV);
	/* its old mode counts */
	t_lock(w->c, EX, NOQUEUE, -EAGAIN);
	t_unlock(w->a, 0);
	t_quiet(w->b);
	t_convert(w->b, EX, NOQUEUE, 0);
}

/* other names, other lengths, other case, zero bytes: all different resources */
static void names(struct kunit *test)
{
	static const char zeros[DLM_RESNAME_MAXLEN];
	struct t_world *w = test->priv;
	char name[DLM_RESNAME_MAXLEN];
	unsigned int len;
	int i;

	memset(name, 'x', sizeof(name));
	for (len = 0; len <= DLM_RESNAME_MAXLEN; len++) {
		KUNIT_EXPECT_EQ(test, t_call_lock(w->a, EX, NOQUEUE, zeros, len), 0);
		t_granted(w->a, EX);
		if (!len)
			continue;
		KUNIT_EXPECT_EQ(test, t_call_lock(w->a, EX, NOQUEUE, name, len), 0);
		t_granted(w->a, EX);
	}
	for (i = 0; i < DLM_RESNAME_MAXLEN; i++) {
		name[i] ^= 1;
		KUNIT_EXPECT_EQ(test, t_call_lock(w->a, EX, NOQUEUE, name,
						  DLM_RESNAME_MAXLEN), 0);
		t_granted(w->a, EX);
		name[i] ^= 1;
		KUNIT_EXPECT_EQ(test, t_call_lock(w->b, PR, NOQUEUE, name, i), 0);
		t_cast(w->b, -EAGAIN, IV, 0);
	}
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, PR, 0, name, DLM_RESNAME_MAXLEN + 1),
			-EINVAL);
}

static struct kunit_case grant_cases[] = {
	KUNIT_CASE_PARAM(request_pair, pair_gen_params),
	KUNIT_CASE_PARAM(convert_pair, pair_gen_params),
	KUNIT_CASE(expedite),
	KUNIT_CASE(converting_still_blocks),
	KUNIT_CASE(quecvt),
	KUNIT_CASE_PARAM(quecvt_pair, pair_gen_params),
	KUNIT_CASE(noorder),
	KUNIT_CASE(order_of_requests),
	KUNIT_CASE_PARAM(alternative_mode, alt_gen_params),
	KUNIT_CASE(alternative_noqueue),
	KUNIT_CASE(alternative_flag_is_reset),
	KUNIT_CASE(alternative_waits_in_order),
	KUNIT_CASE(refused_request_is_dead),
	KUNIT_CASE(refused_conversion),
	KUNIT_CASE(names),
	{}
};

static struct kunit_suite grant_suite = {
	.name = "dlm_grant",
	.init = t_init,
	.exit = t_exit,
	.test_cases = grant_cases,
};

kunit_test_suite(grant_suite);

MODULE_LICENSE("GPL");
