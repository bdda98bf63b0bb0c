// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's world: what happens next, rest, begin and end.  See sim.h.
 */
#include <dlm/transport.h>
#include "sim.h"

/* sim_rest() gives up after so many events */
#define SIM_PATIENCE	400000

/* --- memory that runs out -------------------------------------------------- */

/**
 * sim_deny - the next call may have no memory
 * @w: the world
 * @often: it is one that tends to allocate
 */
void sim_deny(struct sim_world *w, bool often)
{
	w->denying = w->nomem && sim_percent(w, often ? 20 : 8);
	if (w->denying)
		t_fail_nth(1 + sim_below(w, 4));
}

/**
 * sim_denied - end of sim_deny()
 * @w: the world
 * @what: how to count it
 *
 * Return: true if an allocation failed.
 */
bool sim_denied(struct sim_world *w, enum sim_fault what)
{
	bool hit = w->denying && t_failed();

	w->denying = false;
	w->cover->fault[what] += hit;
	return hit;
}

/* --- what happens next --------------------------------------------------- */

static bool is_due(const struct sim_node *n)
{
	return n->ls && !ktime_after(n->due, n->s->w->now);
}

static bool work(struct sim *s)
{
	struct sim_node *n = sim_some_node(s, is_due);
	struct sim_before *before;
	unsigned int delay;

	if (!n)
		return false;
	n->due = KTIME_MAX;
	before = sim_values_before(n, false);
	sim_deny(s->w, false);
	delay = dlm_ls_work(n->ls, s->w->now);
	sim_denied(s->w, SIM_NOMEM_WORK);
	if (delay != DLM_WORK_NEVER && n->ls->node->kick)
		n->ls->node->kick(n->ls, delay);
	sim_values_after(n, before);
	sim_look(n);
	return true;
}

static bool any_work(struct sim_world *w)
{
	struct sim *first = sim_some_space(w), *s;

	if (work(first))
		return true;
	for (s = w->space; s < sim_spaces_end(w); s++)
		if (s != first && work(s))
			return true;
	return false;
}

static ktime_t first_due(struct sim_world *w)
{
	ktime_t first = KTIME_MAX;
	struct sim_node *n;
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (n->ls)
				first = min(first, n->due);
	return first;
}

static void tick(struct sim_world *w)
{
	ktime_t first = first_due(w);

	if (first == KTIME_MAX || (sim_percent(w, 70) && !w->calm))
		w->now = ktime_add_ms(w->now, 1 + sim_below(w, 5));
	else if (ktime_after(first, w->now))
		w->now = first;
}

static bool move_bytes(struct sim_world *w)
{
	bool moved;

	sim_deny(w, false);
	moved = memlink_step(w->net);
	sim_denied(w, SIM_NOMEM_PACKET);
	return moved;
}

static void check_step(struct sim_world *w)
{
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		sim_check_step(s);
}

/**
 * sim_step - one event
 * @w: the world
 */
void sim_step(struct sim_world *w)
{
	u32 what = sim_below(w, 1000);
	struct sim *s = sim_some_space(w);

	w->step++;
	if (what < 15)
		sim_fault(w);
	else if (what < 45 && s->daemon != SIM_D_IDLE)
		sim_daemon_step(s);
	else if (what < 75)
		tick(w);
	else if (what < 82)
		memlink_idle(w->net);
	else if (what < 85)
		sim_farewell_step(w, false);
	else if (what < 85 + w->busy * 5)
		sim_operation(s);
	else if (sim_percent(w, 30) || !move_bytes(w))
		any_work(w);
	check_step(w);
}

/* --- rest ----------------------------------------------------------------- */

static bool all_run(struct sim_world *w)
{
	struct sim_node *n;
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++) {
		if (s->daemon != SIM_D_IDLE)
			return false;
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (sim_is_member(n) &&
			    n->ls->recovery->phase != DLM_PH_RUNNING)
				return false;
	}
	return true;
}

static bool tables_empty(struct sim_world *w)
{
	struct sim_node *n;
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (n->ls && (dlm_lkb_count(n->ls) ||
				      atomic_read(&n->ls->rsbs.nelems)))
				return false;
	return true;
}

static bool some_daemon(struct sim_world *w)
{
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		if (sim_daemon_step(s))
			return true;
	return sim_farewell_step(w, true);
}

/* nothing happens but that time passes; true if nobody wants more of it */
static bool wait_for_time(struct sim_world *w, bool empty, ktime_t end)
{
	ktime_t first = first_due(w);
	bool run = all_run(w);

	if (empty && tables_empty(w))
		return true;
	if (run && !empty && ktime_after(first, ktime_add_ms(w->now, 100)))
		return true;
	if (first == KTIME_MAX || ktime_after(first, end)) {
		if (!run)
			sim_blame(w, "recovery does not go on");
		return true;
	}
	w->now = max(w->now, first);
	return false;
}

static void settle(struct sim_world *w, bool empty)
{
	ktime_t end = ktime_add_ms(w->now, 60000);
	unsigned int i;
	struct sim *s;

	sim_heal(w, 100);
	for (i = 0; !w->failed; i++) {
		if (i > SIM_PATIENCE) {
			sim_blame(w, "no rest");
			break;
		}
		w->step++;
		if (!(move_bytes(w) || some_daemon(w) || any_work(w)) &&
		    wait_for_time(w, empty, end))
			break;
		check_step(w);
	}
	w->cover->rests++;
	for (s = w->space; s < sim_spaces_end(w); s++) {
		if (!w->failed)
			sim_check_rest(s);
		if (!w->failed && empty)
			sim_check_empty(s);
		sim_values_settled(s);
	}
	if (!w->failed && !memlink_quiet(w->net))
		sim_blame(w, "the network is not at rest");
}

/**
 * sim_rest - let everything come to rest, without faults, and look at it
 * @w: the world
 * @empty: wait also until what is unused is forgotten
 *
 * Then the membership may change with nothing else under way, and all comes to rest again.
 */
void sim_rest(struct sim_world *w, bool empty)
{
	sim_tell(w, "rest");
	settle(w, empty);
	if (!w->failed && !empty && sim_quiet_change(w))
		settle(w, false);
}

/* --- begin and end ------------------------------------------------------- */

static void choose(struct sim_world *w)
{
	unsigned int seed = w->seed;

	/* quiet seeds come first to mind when something fails */
	w->cuts = seed % 4 != 0;
	w->changes = seed % 4 >= 2;
	w->calm = seed % 8 == 5;
	w->nomem = seed % 8 >= 5;
	w->busy = 10 + sim_below(w, 70);
	w->nodes = 2 + (sim_percent(w, 50) ? sim_below(w, 2) : sim_below(w, SIM_NODES - 1));
	w->spaces = seed % 4 == 3 ? SIM_SPACES : 1;
}

static void make_space(struct sim_world *w, int nr)
{
	struct sim *s = &w->space[nr];
	unsigned int i;

	s->w = w;
	s->nr = nr;
	s->nodir = w->seed % 16 == 7 && !nr;
	s->daemon = SIM_D_STARTING;
	for (i = 0; i < w->nodes; i++) {
		s->n[i].s = s;
		s->n[i].m = &w->m[i];
		s->n[i].id = i + 1;
		s->n[i].due = KTIME_MAX;
		s->n[i].weight = sim_percent(w, 80) ? 1 : sim_below(w, 3);
	}
	for (i = 0; i < w->nodes; i++)
		if (w->m[i].node && (!i || !nr || !w->changes || sim_percent(w, 70)))
			sim_lockspace_up(&s->n[i]);
}

/**
 * sim_create - make a world
 * @test: the test case
 * @seed: all that chance decides
 * @cover: where to count
 * @trace: tell the story while it happens
 *
 * Return: a world whose nodes are about to start.
 */
struct sim_world *sim_create(struct kunit *test, unsigned int seed,
			     struct sim_cover *cover, bool trace)
{
	struct sim_world *w = kvzalloc(sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->seed = seed;
	w->cover = cover;
	w->trace = trace;
	prandom_seed_state(&w->rnd, seed);
	w->now = ms_to_ktime(100000000);
	w->net = memlink_create(seed);
	KUNIT_ASSERT_NOT_NULL(test, w->net);
	memlink_set_tap(w->net, sim_on_packet, w);
	choose(w);
	w->nomem = w->nomem && t_faults_possible();
	if (w->nomem)
		t_faults_begin(0);
	for (i = 0; i < w->nodes; i++)
		if (!i || !w->changes || sim_percent(w, 70))
			KUNIT_ASSERT_TRUE(test, sim_machine_up(w, i));
	for (i = 0; i < w->spaces; i++)
		make_space(w, i);
	sim_tell(w, "%u nodes, %u lockspaces%s%s%s%s", w->nodes, w->spaces,
		 w->space[0].nodir ? ", no directory" : "", w->cuts ? ", cuts" : "",
		 w->changes ? ", changes" : "", w->nomem ? ", no memory" : "");
	return w;
}

/**
 * sim_destroy - end a world, and report if something was wrong
 * @w: the world
 */
void sim_destroy(struct sim_world *w)
{
	unsigned int i;

	if (w->failed)
		sim_report(w);
	w->trace = false;
	for (i = 0; i < w->nodes; i++)
		if (w->m[i].node)
			sim_machine_down(w, i);
	memlink_destroy(w->net);
	if (w->nomem)
		t_faults_end();
	rcu_barrier();
	kvfree(w);
}
