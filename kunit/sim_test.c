// SPDX-License-Identifier: GPL-2.0
/*
 * Random runs of a whole cluster: see sim.h.
 *
 * Kernel parameters: dlm.sim_seed= the first seed, dlm.sim_seeds= how many, dlm.sim_steps=
 * events of each, dlm.sim_trace=1 to tell everything that happens.  A failing seed, which the
 * failure names, fails again in the same step:
 *
 *	dlm.sim_seed=4711 dlm.sim_seeds=1
 */
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include "sim.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

#define DEFAULT_SEEDS	64
#define DEFAULT_STEPS	3000

static unsigned int first_seed;
module_param_named(sim_seed, first_seed, uint, 0444);
static unsigned int seeds = DEFAULT_SEEDS;
module_param_named(sim_seeds, seeds, uint, 0444);
static unsigned int steps = DEFAULT_STEPS;
module_param_named(sim_steps, steps, uint, 0444);
static bool trace;
module_param_named(sim_trace, trace, bool, 0444);

/* the programs end, and with them all locks */
static void the_end(struct sim_world *w)
{
	struct sim_node *n;
	struct sim *s;

	sim_rest(w, false);
	w->ending = true;
	for (s = w->space; s < sim_spaces_end(w); s++)
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (n->ls && !w->failed)
				sim_handles_close(n, false);
	if (!w->failed)
		sim_rest(w, false);
	for (s = w->space; s < sim_spaces_end(w); s++)
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (n->ls && !w->failed)
				sim_purge(n);
	if (!w->failed)
		sim_rest(w, true);
}

static bool one_run(struct kunit *test, unsigned int seed, struct sim_cover *cover)
{
	int level = console_loglevel;
	struct sim_world *w;
	unsigned int i;
	bool ok;

	/* what the nodes log would fill the console: it loses lines when it is slow */
	if (!trace)
		console_loglevel = CONSOLE_LOGLEVEL_QUIET;
	w = sim_create(test, seed, cover, trace);
	for (i = 0; i < steps && !w->failed; i++) {
		sim_step(w);
		if (i % 1000 == 999)
			sim_rest(w, false);
	}
	if (!w->failed)
		the_end(w);
	ok = !w->failed;
	if (!ok)
		console_loglevel = level;
	sim_destroy(w);
	console_loglevel = level;
	return ok;
}

/* --- coverage ------------------------------------------------------------ */

static void expect_all(struct kunit *test, const char *what, const unsigned int *n,
		       unsigned int from, unsigned int to)
{
	unsigned int i;

	for (i = from; i < to; i++)
		KUNIT_EXPECT_NE_MSG(test, n[i], 0U, "%s %u never came up", what, i);
}

static void show(struct kunit *test, const char *what, const unsigned int *n,
		 unsigned int count)
{
	char line[256];
	unsigned int i, len = 0;

	for (i = 0; i < count; i++)
		len += scnprintf(line + len, sizeof(line) - len, " %u", n[i]);
	kunit_info(test, "%s:%s", what, line);
}

static void check_cover(struct kunit *test, const struct sim_cover *c)
{
	bool nomem = t_faults_possible();

	expect_all(test, "lock message", c->msg, 1, DLM_MSG_TYPES);
	expect_all(test, "recovery message", c->rcom, 1, DLM_RCOM_TYPES);
	expect_all(test, "result", c->result, 0, SIM_RESULTS);
	expect_all(test, "stop in phase", c->abort, 0, DLM_PH_MAX);
	expect_all(test, "fault", c->fault, 0, nomem ? SIM_FAULTS : SIM_NOMEM_CALL);
	expect_all(test, "value block row", c->values, 0, SIM_LVBS);
	expect_all(test, "overlap", c->overlap, 0, SIM_OVERLAPS);
	expect_all(test, "completion", c->told, 0, ARRAY_SIZE(c->told));
	KUNIT_EXPECT_NE(test, c->basts, 0U);
	KUNIT_EXPECT_NE(test, c->notvalid, 0U);
	KUNIT_EXPECT_NE(test, c->demoted, 0U);
	KUNIT_EXPECT_NE(test, c->altmode, 0U);
	KUNIT_EXPECT_NE(test, c->orphans, 0U);
	KUNIT_EXPECT_NE(test, c->adopted, 0U);
	KUNIT_EXPECT_NE(test, c->fins, 0U);
	KUNIT_EXPECT_NE(test, c->purges, 0U);
}

static void show_cover(struct kunit *test, const struct sim_cover *c)
{
	show(test, "lock messages", c->msg, DLM_MSG_TYPES);
	show(test, "recovery messages", c->rcom, DLM_RCOM_TYPES);
	show(test, "results", c->result, SIM_RESULTS);
	show(test, "stops by phase", c->abort, DLM_PH_MAX);
	show(test, "faults", c->fault, SIM_FAULTS);
	show(test, "overlaps", c->overlap, SIM_OVERLAPS);
	show(test, "completions", c->told, ARRAY_SIZE(c->told));
	show(test, "value block rows", c->values, SIM_LVBS);
	kunit_info(test, "farewells %u, purged elsewhere %u", c->fins, c->purges);
	kunit_info(test, "basts %u, not valid %u, demoted %u, other mode %u, orphans %u, adopted %u, rests %u",
		   c->basts, c->notvalid, c->demoted, c->altmode, c->orphans, c->adopted,
		   c->rests);
}

static void random_cluster(struct kunit *test)
{
	struct sim_cover *cover = kunit_kzalloc(test, sizeof(*cover), GFP_KERNEL);
	unsigned int i, failures = 0;

	KUNIT_ASSERT_NOT_NULL(test, cover);
	for (i = 0; i < seeds && failures < 3; i++) {
		failures += !one_run(test, first_seed + i, cover);
		cond_resched();
	}
	show_cover(test, cover);
	/* enough steps meet everything */
	if (seeds >= DEFAULT_SEEDS && steps >= DEFAULT_STEPS && !failures)
		check_cover(test, cover);
}

static struct kunit_case sim_cases[] = {
	KUNIT_CASE(random_cluster),
	{ }
};

static struct kunit_suite sim_suite = {
	.name = "dlm_sim",
	.test_cases = sim_cases,
};

kunit_test_suite(sim_suite);
