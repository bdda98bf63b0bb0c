// SPDX-License-Identifier: GPL-2.0
/*
 * modes.c: the tables of lock-semantics.md 1 and 6, written down once more.
 */
#include "fixture.h"

KUNIT_ARRAY_PARAM(pair, t_pairs, t_pair_desc);
KUNIT_ARRAY_PARAM(new_pair, t_new_pairs, t_pair_desc);

static void compat_pair(struct kunit *test)
{
	const struct t_pair *p = test->param_value;

	KUNIT_EXPECT_EQ(test, dlm_modes_compat(p->from, p->to),
			t_compat(p->from, p->to));
	KUNIT_EXPECT_EQ(test, dlm_modes_compat(p->from, p->to),
			dlm_modes_compat(p->to, p->from));
}

static void compat_no_mode(struct kunit *test)
{
	int mode;

	for (mode = IV; mode <= EX; mode++) {
		KUNIT_EXPECT_TRUE(test, dlm_modes_compat(IV, mode));
		KUNIT_EXPECT_TRUE(test, dlm_modes_compat(mode, IV));
	}
}

/* m: middle, d: down, u: up or same */
static const char kinds[6][7] = {
	/* to NL CR CW PR PW EX */
	/* NL */ "uuuuuu",
	/* CR */ "duuuuu",
	/* CW */ "ddumuu",
	/* PR */ "ddmuuu",
	/* PW */ "dddduu",
	/* EX */ "dddddu",
};

static void convert_kind(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	char kind = kinds[p->from][p->to];

	KUNIT_EXPECT_EQ(test, dlm_convert_middle(p->from, p->to), kind == 'm');
	KUNIT_EXPECT_EQ(test, dlm_convert_down(p->from, p->to), kind == 'd');
}

static const char quecvt[6][7] = {
	/* to NL CR CW PR PW EX */
	/* NL */ "-yyyyy",
	/* CR */ "--yyyy",
	/* CW */ "---yyy",
	/* PR */ "--y-yy",
	/* PW */ "-----y",
	/* EX */ "------",
};

static void quecvt_pair(struct kunit *test)
{
	const struct t_pair *p = test->param_value;

	KUNIT_EXPECT_EQ(test, dlm_quecvt_legal(p->from, p->to),
			quecvt[p->from][p->to] == 'y');
}

static void quecvt_bad_modes(struct kunit *test)
{
	int mode;

	for (mode = -2; mode <= 7; mode++) {
		KUNIT_EXPECT_FALSE(test, dlm_quecvt_legal(IV, mode));
		KUNIT_EXPECT_FALSE(test, dlm_quecvt_legal(mode, IV));
		KUNIT_EXPECT_FALSE(test, dlm_quecvt_legal(6, mode));
		KUNIT_EXPECT_FALSE(test, dlm_quecvt_legal(mode, 6));
	}
}

static const char lvb_dirs[7][7] = {
	/* to  NL CR CW PR PW EX */
	/* new */ "RRRRRR",
	/* NL */ "RRRRRR",
	/* CR */ "-RRRRR",
	/* CW */ "--RRRR",
	/* PR */ "---RRR",
	/* PW */ "WWWWWR",
	/* EX */ "WWWWWW",
};

static void lvb_direction(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	enum dlm_lvb_dir want;

	switch (lvb_dirs[p->from + 1][p->to]) {
	case 'R':
		want = DLM_LVB_READ;
		break;
	case 'W':
		want = DLM_LVB_WRITE;
		break;
	default:
		want = DLM_LVB_NONE;
	}
	KUNIT_EXPECT_EQ(test, dlm_lvb_dir(p->from, p->to), want);
}

static struct kunit_case modes_cases[] = {
	KUNIT_CASE_PARAM(compat_pair, pair_gen_params),
	KUNIT_CASE(compat_no_mode),
	KUNIT_CASE_PARAM(convert_kind, pair_gen_params),
	KUNIT_CASE_PARAM(quecvt_pair, pair_gen_params),
	KUNIT_CASE(quecvt_bad_modes),
	KUNIT_CASE_PARAM(lvb_direction, new_pair_gen_params),
	{}
};

static struct kunit_suite modes_suite = {
	.name = "dlm_modes",
	.test_cases = modes_cases,
};

kunit_test_suite(modes_suite);

MODULE_LICENSE("GPL");
