// SPDX-License-Identifier: GPL-2.0
/*
 * recoverd.c, member.c, slots.c, rcom.c: members come and go, nobody has a lock.
 */
#include "rnet.h"

#define NODES		DLM_RS_NODES
#define NODES_ALL	DLM_RS_NODES_ALL

/* what all members must agree on in the end; slots in order of node ids */
struct agreed {
	u32	generation;
	u16	slot[R_NODES + 1];
};

static void expect_agreed(struct r_world *r, const struct agreed *a, int line)
{
	unsigned int low = 0, n = 0, i;

	r_running_at(r, line);
	for (i = 1; i <= R_NODES; i++) {
		if (!r->host[i].node)
			continue;
		low = low ?: i;
		n++;
	}
	for (i = 1; i <= R_NODES; i++) {
		struct dlm_ls *ls = r->host[i].ls;

		if (!ls)
			continue;
		KUNIT_EXPECT_EQ_MSG(r->test, ls->generation, a->generation,
				    "line %d: node %u", line, i);
		KUNIT_EXPECT_EQ_MSG(r->test, ls->recovery->our_slot, a->slot[i],
				    "line %d: node %u", line, i);
		KUNIT_EXPECT_EQ_MSG(r->test, dlm_recover_status(ls),
				    i == low ? 0xffU : 0x55U,
				    "line %d: node %u", line, i);
		KUNIT_EXPECT_EQ(r->test, dlm_member_count(ls), n);
		KUNIT_EXPECT_EQ(r->test, ls->recovery->nslots, n);
		KUNIT_EXPECT_EQ(r->test, ls->recovery->ngone, 0U);
	}
}

#define r_agreed(r, ...) \
	expect_agreed(r, &(struct agreed){ __VA_ARGS__ }, __LINE__)

/* 1, 2, ... 5 nodes that start together */
static void join_together(struct kunit *test)
{
	struct r_world *r = test->priv;
	int n = *(const int *)test->param_value;

	r_nodes(r, n);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 1, .slot = { 0, 1, 2, 3, 4, 5 });
	KUNIT_EXPECT_EQ(test, dlm_ls_wait_joined(r->host[n].ls), 0);
	/* five seconds are the time of a lost message: there was none */
	KUNIT_EXPECT_LT(test, ktime_to_ms(r->now), 1000000LL + 1000);
	if (n == 1)
		KUNIT_EXPECT_EQ(test, r->logged, 0U);
}

static const int counts[] = { 1, 2, 3, 4, 5 };

static void count_desc(const int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", *n);
}

KUNIT_ARRAY_PARAM(counts, counts, count_desc);

/* one after the other; who was there keeps its slot, who leads may change */
static void join_and_leave(struct kunit *test)
{
	struct r_world *r = test->priv;

	r_node(r, 3, 0);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 1, .slot = { 0, 0, 0, 1 });

	r_stop_all(r);
	r_node(r, 2, 0);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 2, .slot = { 0, 0, 2, 1 });

	r_stop_all(r);
	r_node(r, 1, 0);
	r_node(r, 4, 0);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 3, .slot = { 0, 3, 2, 1, 4 });

	r_stop_all(r);
	r_kill(r, 2);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 4, .slot = { 0, 3, 0, 1, 4 });

	r_stop_all(r);
	r_kill(r, 1);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 5, .slot = { 0, 0, 0, 1, 4 });

	r_stop_all(r);
	r_kill(r, 3);
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = 6, .slot = { 0, 0, 0, 0, 4 });
}

static struct kunit_case recover_cases[] = {
	KUNIT_CASE_PARAM(join_together, counts_gen_params),
	KUNIT_CASE(join_and_leave),
	{ }
};

static struct kunit_suite recover_suite = {
	.name = "dlm_recover",
	.init = r_init,
	.exit = r_exit,
	.test_cases = recover_cases,
};

kunit_test_suite(recover_suite);
