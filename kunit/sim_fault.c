// SPDX-License-Identifier: GPL-2.0
/*
 * What goes wrong in the simulator: connections, machines, changes of members in the worst
 * moment, joiners that do not fit.
 */
#include "sim.h"

/* --- changes of members --------------------------------------------------- */

static bool can_join(const struct sim_node *n)
{
	return !n->ls;
}

static bool is_remembered(const struct sim_node *n)
{
	const struct sim_node *o;

	for (o = n->s->n; o < sim_nodes_end(n->s); o++)
		if (sim_is_member(o) && o->seen[n->id - 1])
			return true;
	return false;
}

static bool is_established(const struct sim_node *n)
{
	return sim_is_member(n) && n->ls->generation;
}

static void come_in(struct sim_node *n)
{
	struct sim_world *w = n->s->w;

	w->cover->fault[is_remembered(n) ? SIM_REJOIN : SIM_JOIN]++;
	n->odd = sim_some_node(n->s, is_established) && sim_percent(w, 15);
	w->cover->fault[SIM_ODD] += n->odd;
	sim_say(n->s, "node %d: join%s", n->id, n->odd ? ", and is odd" : "");
	if (!n->m->node)
		KUNIT_ASSERT_TRUE(w->test, sim_machine_up(w, n->id - 1));
	else
		KUNIT_ASSERT_TRUE(w->test, sim_talk_again(w, n->id - 1));
	sim_lockspace_up(n);
	sim_change(n->s);
	n->stopped = true;
}

static void join(struct sim *s)
{
	struct sim_node *n = sim_some_node(s, can_join);

	if (n)
		come_in(n);
}

/* it dies and is back before anybody has noticed that it was away */
static void back_at_once(struct sim_world *w, int i)
{
	struct sim *s;
	int k;

	for (k = 0; k < w->nodes; k++)
		if (w->m[k].node)
			sim_forget(w, &w->m[k]);
	for (s = w->space; s < sim_spaces_end(w); s++)
		if (!s->nr || sim_percent(w, 50))
			come_in(&s->n[i]);
}

static unsigned int count_members(struct sim *s)
{
	struct sim_node *n;
	unsigned int count = 0;

	for (n = s->n; n < sim_nodes_end(s); n++)
		count += sim_is_member(n);
	return count;
}

static void die(struct sim_world *w, int i)
{
	bool member[SIM_SPACES];
	struct sim *s;

	w->cover->fault[SIM_KILL]++;
	sim_tell(w, "node %d: dies", i + 1);
	for (s = w->space; s < sim_spaces_end(w); s++) {
		member[s->nr] = sim_is_member(&s->n[i]);
		sim_writer_dies(&s->n[i]);
	}
	sim_machine_down(w, i);
	for (s = w->space; s < sim_spaces_end(w); s++)
		if (member[s->nr])
			sim_change(s);
}

static void leave(struct sim_node *n)
{
	n->s->w->cover->fault[SIM_LEAVE]++;
	sim_say(n->s, "node %d: leaves", n->id);
	n->in = false;
	n->leaving = true;
	sim_programs_end(n);
	sim_change(n->s);
}

static void lose_member(struct sim *s, bool dead)
{
	struct sim_node *n = sim_some_node(s, sim_is_member);
	struct sim_world *w = s->w;

	if (count_members(s) < 2)
		return;
	if (!dead) {
		leave(n);
		return;
	}
	die(w, n->id - 1);
	if (sim_percent(w, 25))
		back_at_once(w, n->id - 1);
}

static void change_members(struct sim *s, u32 what)
{
	if (what < 25) {
		lose_member(s, true);
	} else if (what < 45) {
		lose_member(s, false);
	} else if (what < 80) {
		join(s);
	} else {
		s->w->cover->fault[SIM_AGAIN]++;
		sim_say(s, "stop and start");
		sim_change(s);
	}
}

/* a change, and another one when a node has come that far */
static void lay_ambush(struct sim *s)
{
	s->ambush = 1 + sim_below(s->w, DLM_PH_RUNNING - 1);
	sim_say(s, "waiting for phase \"%s\"", dlm_phase_name(s->ambush));
	change_members(s, sim_below(s->w, 100));
}

/**
 * sim_quiet_change - the membership changes while all is at rest
 * @w: the world
 *
 * What recovery does to value blocks is certain then.
 *
 * Return: false if it does not change.
 */
bool sim_quiet_change(struct sim_world *w)
{
	struct sim *s = sim_some_space(w);

	if (!w->changes || w->ending || !sim_percent(w, 60))
		return false;
	w->cover->fault[SIM_QUIET]++;
	if (sim_percent(w, 50))
		lay_ambush(s);
	else
		change_members(s, sim_below(w, 100));
	return true;
}

/* --- what comes of it ------------------------------------------------------ */

/* a joiner that does not fit, or that others in whose view nobody fits */
static void turned_away(struct sim_node *n)
{
	struct dlm_recovery *rec = n->ls->recovery;
	struct sim_node *o;
	bool differs = false;

	/* who died since may have answered before */
	for (o = n->s->n; o < sim_nodes_end(n->s); o++)
		differs |= o->odd != n->odd;
	if (rec->error != -EPROTO || n->ls->generation || !differs) {
		sim_fail(n->s, "node %d: recovery failed: %d", n->id, rec->error);
		return;
	}
	n->s->w->cover->fault[SIM_REFUSED]++;
	if (rec->outcome != -EPROTO)
		sim_fail(n->s, "node %d: its create does not fail", n->id);
	sim_say(n->s, "node %d: refused", n->id);
	n->in = false;
	n->leaving = true;
	sim_programs_end(n);
	sim_change(n->s);
}

/**
 * sim_look - a node's recovery may have gone on
 * @n: the node
 */
void sim_look(struct sim_node *n)
{
	enum dlm_phase phase = n->ls->recovery->phase;
	struct sim *s = n->s;

	if (phase == DLM_PH_FAILED && n->in) {
		turned_away(n);
		return;
	}
	if (!s->ambush || phase != s->ambush || s->w->ending || !sim_percent(s->w, 70))
		return;
	s->w->cover->fault[SIM_AMBUSH]++;
	s->ambush = 0;
	sim_change(s);
	sim_stop_one(n);
	if (sim_percent(s->w, 40))
		lay_ambush(s);
}

/* --- connections ------------------------------------------------------------ */

static void mishap(struct sim_world *w)
{
	int a = sim_below(w, w->nodes), b = sim_below(w, w->nodes);
	u32 what = sim_below(w, 100);

	if (a == b || !w->m[a].node || !w->m[b].node)
		return;
	a++;
	b++;
	if (what < 50) {
		w->cover->fault[SIM_CUT]++;
		sim_tell(w, "  %d|%d cut", a, b);
		memlink_cut(w->net, a, b);
	} else if (what < 75) {
		w->cover->fault[SIM_PART]++;
		sim_tell(w, "  %d|%d part", a, b);
		memlink_part(w->net, a, b, true);
	} else {
		w->cover->fault[SIM_STALL]++;
		memlink_stall(w->net, a, b, true);
	}
}

/**
 * sim_heal - the network gets better
 * @w: the world
 * @percentage: of what is bad in it
 */
void sim_heal(struct sim_world *w, u32 percentage)
{
	int a, b;

	for (a = 0; a < w->nodes; a++) {
		for (b = 0; b < w->nodes; b++) {
			if (a == b || !w->m[a].node || !w->m[b].node ||
			    !sim_percent(w, percentage))
				continue;
			memlink_part(w->net, a + 1, b + 1, false);
			memlink_stall(w->net, a + 1, b + 1, false);
		}
	}
}

/**
 * sim_fault - something goes wrong
 * @w: the world
 */
void sim_fault(struct sim_world *w)
{
	u32 what = sim_below(w, 100);

	if (w->cuts && what < 70) {
		if (sim_percent(w, 50))
			mishap(w);
		else
			sim_heal(w, 40);
		return;
	}
	if (!w->changes || !sim_percent(w, 50))
		return;
	if (sim_percent(w, 50))
		lay_ambush(sim_some_space(w));
	else
		change_members(sim_some_space(w), sim_below(w, 100));
}
