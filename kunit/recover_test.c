// SPDX-License-Identifier: GPL-2.0
/*
 * recoverd.c, member.c, slots.c, rcom.c: members come and go, nobody has a lock.
 */
#include "rnet.h"

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

/* --- packets ------------------------------------------------------------ */

/* bits that a node shows, in the order in which it shows them; each once */
static unsigned int shown_by(struct r_world *r, int id, u32 *bits)
{
	unsigned int i, n = 0;

	for (i = 0; i < r->logged; i++) {
		const struct r_event *e = &r->log[i];

		if (e->from != id || e->type != DLM_RCOM_STATUS_REPLY)
			continue;
		if (!n || bits[n - 1] != e->result)
			bits[n++] = e->result;
	}
	return n;
}

/* bits never go away, and are shown in the order of the phases */
static void expect_growing(struct r_world *r, int id, u32 allowed)
{
	u32 bits[64], last = 0;
	unsigned int i, n = shown_by(r, id, bits);

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(r->test, bits[i] & last, last);
		KUNIT_EXPECT_EQ(r->test, bits[i] & ~allowed, 0U);
		/* no bit without those before it: 1, 3, 7 ... or 1, 5, 15 ... */
		if (allowed == 0xff)
			KUNIT_EXPECT_EQ(r->test, bits[i] & (bits[i] + 1), 0U);
		else
			KUNIT_EXPECT_EQ(r->test, bits[i] & (bits[i] * 4) & 0x54,
					bits[i] & 0x54);
		last = bits[i];
	}
}

static void two_nodes_packets(struct kunit *test)
{
	struct r_world *r = test->priv;
	unsigned int i, slots = 0, names = 0;
	bool nodes_all = false;

	r_nodes(r, 2);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
	expect_growing(r, 1, 0xff);
	expect_growing(r, 2, 0x55);
	for (i = 0; i < r->logged; i++) {
		const struct r_event *e = &r->log[i];

		/* who does not lead wants slots, until it has them */
		if (e->type == DLM_RCOM_STATUS && e->result) {
			KUNIT_EXPECT_EQ(test, e->from, 2);
			KUNIT_EXPECT_FALSE(test, nodes_all);
			slots++;
		}
		if (e->type == DLM_RCOM_STATUS_REPLY && e->from == 1 &&
		    (e->result & DLM_RS_NODES_ALL))
			nodes_all = true;
		/* nobody asks 1 for names before it may answer */
		if (e->type == DLM_RCOM_NAMES && e->from == 2) {
			KUNIT_EXPECT_TRUE(test, nodes_all);
			names++;
		}
	}
	KUNIT_EXPECT_GT(test, slots, 0U);
	KUNIT_EXPECT_EQ(test, names, 1U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_NAMES], 2U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_NAMES_REPLY], 2U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_STATUS],
			r->count[DLM_RCOM_STATUS_REPLY]);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOOKUP], 0U);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_LOCK], 0U);
}

/* the number of packets grows with pairs of nodes for names, else with nodes */
static void packets_are_few(struct kunit *test)
{
	struct r_world *r = test->priv;
	int n = *(const int *)test->param_value;

	r_nodes(r, n);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
	KUNIT_EXPECT_EQ(test, r->count[DLM_RCOM_NAMES], (unsigned int)(n * (n - 1)));
	/* one ping for each pair and direction, some polls for each barrier and node */
	KUNIT_EXPECT_LE(test, r->count[DLM_RCOM_STATUS],
			(unsigned int)(n * (n - 1) + (n - 1) * 4 * 12));
}

/* --- bad news ----------------------------------------------------------- */

/* a reset of the link at any time loses nothing but time */
static void cut_anywhere(struct kunit *test)
{
	struct r_world *r = test->priv;
	unsigned int turn = 0, next = 3;

	r_nodes(r, 3);
	r_start_all(r);
	while (turn++ < 20000 && r_turn(r)) {
		if (turn != next)
			continue;
		memlink_cut(r->net, 1 + turn % 3, 1 + (turn + 1) % 3);
		next += 7;
		if (turn > 600)
			break;
	}
	r_run(r);
	r_agreed(r, .generation = 1, .slot = { 0, 1, 2, 3 });
}

/* stopped after any number of turns, all go through it the next time */
static void stopped_anywhere(struct kunit *test)
{
	struct r_world *r = test->priv;
	unsigned int turns, i;
	u32 generation = 0;

	r_nodes(r, 3);
	for (turns = 1; turns < 250; turns++) {
		r_start_all(r);
		for (i = 0; i < turns; i++)
			r_turn(r);
		r_stop_all(r);
		for (i = 1; i <= 3; i++) {
			KUNIT_EXPECT_EQ(test, dlm_recover_status(r->host[i].ls), 0U);
			KUNIT_EXPECT_EQ(test, r->host[i].ls->gate.state,
					(int)DLM_GATE_CLOSED);
			generation = max(generation, r->host[i].ls->generation);
		}
	}
	r_start_all(r);
	r_run(r);
	r_agreed(r, .generation = generation + 1, .slot = { 0, 1, 2, 3 });
}

/* one stops and starts later than the others: its old answers mean nothing */
static void late_start(struct kunit *test)
{
	struct r_world *r = test->priv;
	int i;

	r_nodes(r, 3);
	r_start(r, 1, 0);
	r_start(r, 3, 0);
	for (i = 0; i < 300; i++)
		r_turn(r);
	KUNIT_EXPECT_EQ(test, (int)r->host[1].ls->recovery->phase, (int)DLM_PH_NODES);
	KUNIT_EXPECT_EQ(test, dlm_recover_nodeid(r->host[1].ls), 2);
	r_start(r, 2, 0);
	r_run(r);
	r_agreed(r, .generation = 1, .slot = { 0, 1, 2, 3 });
}

/* --- another configuration (recovery.md 5, decisions.md) ---------------- */

/* members 1.. that are established, and a stranger; who fails */
struct stranger {
	const char	*name;
	int		id;		/* the stranger's */
	bool		established;	/* the others have been through a recovery */
	u32		flags;		/* of the stranger's lockspace */
	unsigned int	lvblen;		/* of the stranger's, 0: as the others' */
	bool		stranger_fails;	/* else the others do */
};

static const struct stranger strangers[] = {
	{ "joins with flags", 3, true, DLM_LSFL_TIMEWARN, 0, true },
	{ "joins with lvblen", 3, true, 0, 64, true },
	{ "joins with NODIR", 3, true, DLM_LSFL_NODIR, 0, true },
	{ "joins as the lowest", 1, true, DLM_LSFL_TIMEWARN, 0, true },
	{ "all are new, not the lowest", 3, false, DLM_LSFL_TIMEWARN, 0, true },
	{ "all are new, the lowest", 1, false, DLM_LSFL_TIMEWARN, 0, false },
};

static void stranger_desc(const struct stranger *s, char *desc)
{
	strscpy(desc, s->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(strangers, strangers, stranger_desc);

static void mismatch(struct kunit *test)
{
	const struct stranger *s = test->param_value;
	struct r_world *r = test->priv;
	int i, a = s->id == 1 ? 2 : 1, b = s->id == 1 ? 3 : 2;

	r_node(r, a, 0);
	r_node(r, b, 0);
	if (s->established) {
		r_start_all(r);
		r_run(r);
		r_all_running(r);
		r_stop_all(r);
	}
	r_node(r, s->id, s->flags);
	if (s->lvblen)
		r->host[s->id].ls->lvblen = s->lvblen;
	r_start_all(r);
	r_run(r);
	for (i = 1; i <= 3; i++) {
		struct dlm_ls *ls = r->host[i].ls;
		bool fails = (i == s->id) == s->stranger_fails;
		int phase = fails ? DLM_PH_FAILED : DLM_PH_RUNNING;

		KUNIT_EXPECT_EQ_MSG(test, (int)ls->recovery->phase, phase, "node %d", i);
		if (fails && !(s->established && i != s->id))
			KUNIT_EXPECT_EQ(test, dlm_ls_wait_joined(ls), -EPROTO);
		else
			KUNIT_EXPECT_EQ(test, dlm_member_count(ls),
					s->stranger_fails ? 2U : 1U);
	}
	/* the stranger leaves, as its create fails: the others do not notice */
	if (!s->stranger_fails)
		return;
	r_stop_all(r);
	r_kill(r, s->id);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
}

static struct kunit_case recover_cases[] = {
	KUNIT_CASE_PARAM(join_together, counts_gen_params),
	KUNIT_CASE(join_and_leave),
	KUNIT_CASE(two_nodes_packets),
	KUNIT_CASE_PARAM(packets_are_few, counts_gen_params),
	KUNIT_CASE(cut_anywhere),
	KUNIT_CASE(stopped_anywhere),
	KUNIT_CASE(late_start),
	KUNIT_CASE_PARAM(mismatch, strangers_gen_params),
	{ }
};

static struct kunit_suite recover_suite = {
	.name = "dlm_recover",
	.init = r_init,
	.exit = r_exit,
	.test_cases = recover_cases,
};

kunit_test_suite(recover_suite);
