// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's machines, their lockspaces, and the control daemons that tell them who is a
 * member.
 *
 * A daemon stops a lockspace on all members before it starts it on any.  Farewells are
 * said by a machine that has no lockspace any more, once nobody counts it as a member.
 */
#include <linux/rhashtable.h>
#include <dlm/transport.h>
#include "sim.h"
#include "../dlm_lowcomms/peer.h"

static const struct dlm_comms_user comms_user = {
	.receive = dlm_receive,
};

/* --- machines and lockspaces --------------------------------------------- */

static void on_kick(struct dlm_ls *ls, unsigned int delay_ms)
{
	struct sim_node *n = dlm_ls_client(ls);
	ktime_t due;

	if (!n)
		return;
	due = ktime_add_ms(n->s->w->now, delay_ms);
	if (ktime_before(due, n->due))
		n->due = due;
}

/**
 * sim_machine_up - a machine boots
 * @w: the world
 * @i: its place
 *
 * Return: false without memory.
 */
bool sim_machine_up(struct sim_world *w, int i)
{
	struct sim_machine *m = &w->m[i];

	m->node = dlm_node_create(NULL);
	if (!m->node)
		return false;
	m->node->nodeid = i + 1;
	m->node->kick = on_kick;
	m->node->config.solo = true;
	m->node->config.log_info = 0;
	m->node->config.toss_secs = 1;
	m->node->comms = memlink_join(w->net, i + 1, &comms_user, m->node);
	m->forget = 0;
	m->talk = SIM_T_RUNS;
	return m->node->comms;
}

/* as if it had been created by a node of a cluster, and not been started yet */
static void never_started(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;

	dlm_ls_stop(ls);
	mutex_lock(&rec->lock);
	dlm_members_clear(rec);
	ls->generation = 0;
	rec->our_slot = 0;
	rec->former = 0;
	rec->outcome = 1;
	mutex_unlock(&rec->lock);
}

/* tables without chance, or the same seed would not give the same run */
static void tame_table(struct rhashtable *ht)
{
	ht->p.automatic_shrinking = false;
	ht->p.max_size = 64;
	rcu_dereference_raw(ht->tbl)->hash_rnd = 1;
}

/**
 * sim_lockspace_up - a machine creates the lockspace
 * @n: the node, whose machine is up
 */
void sim_lockspace_up(struct sim_node *n)
{
	struct dlm_ls_params params = {
		.name = n->s->nr ? "simB" : "simA",
		.namelen = 4,
		.flags = n->s->nodir ? DLM_LSFL_NODIR : 0,
		.lvblen = T_LVBLEN,
		.device = true,
	};
	int err;

	err = dlm_ls_create(n->m->node, &params, &n->ls);
	KUNIT_ASSERT_EQ(n->s->w->test, err, 0);
	tame_table(&n->ls->rsbs);
	tame_table(&n->ls->lkbs);
	n->ls->name_seed = n->id;
	if (n->odd)
		n->ls->exflags |= 0x100;
	never_started(n->ls);
	n->due = KTIME_MAX;
	dlm_ls_set_client(n->ls, n);
	n->stopped = true;
	n->started = false;
	n->leaving = false;
	n->purged = false;
	n->in = true;
	n->incarnation++;
	memset(n->seen, 0, sizeof(n->seen));
	sim_handles_open(n);
}

/* the lockspace goes, and nobody is asked */
static void lockspace_down(struct sim_node *n)
{
	dlm_ls_set_client(n->ls, NULL);
	dlm_ls_release(n->ls, DLM_RELEASE_FORCE);
	sim_handles_close(n, true);
	n->ls = NULL;
	n->in = false;
	n->leaving = false;
	n->due = KTIME_MAX;
}

/**
 * sim_machine_down - a machine dies
 * @w: the world
 * @i: its place
 */
void sim_machine_down(struct sim_world *w, int i)
{
	struct sim_machine *m = &w->m[i];
	struct sim *s;
	int k;

	/* no last words */
	for (k = 0; k < w->nodes; k++)
		if (w->m[k].node && k != i)
			memlink_part(w->net, i + 1, k + 1, true);
	for (s = w->space; s < sim_spaces_end(w); s++)
		if (s->n[i].ls)
			lockspace_down(&s->n[i]);
	dlm_node_stop(m->node);
	memlink_kill(w->net, i + 1);
	dlm_node_put(m->node);
	m->node = NULL;
	for (k = 0; k < w->nodes; k++)
		if (w->m[k].node)
			w->m[k].forget |= BIT(i + 1);
}

/* --- farewells ------------------------------------------------------------ */

static bool has_lockspace(struct sim_world *w, int i)
{
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		if (s->n[i].ls)
			return true;
	return false;
}

/* does anybody still count this node as a member? */
static bool is_counted(struct sim_world *w, int i)
{
	struct sim_node *n;
	struct sim *s;

	for (s = w->space; s < sim_spaces_end(w); s++)
		for (n = s->n; n < sim_nodes_end(s); n++)
			if (n->ls && dlm_rpeer_find(n->ls->recovery, i + 1))
				return true;
	return false;
}

static void check_closed(struct sim_world *w, int a, int b, bool leaves)
{
	struct dlm_session *x;
	struct dlm_peer *peer;

	if (!w->m[b].node || w->m[b].talk == SIM_T_STOPPED)
		return;
	/* one of the two has not noticed yet that the other one died */
	if ((w->m[a].forget & BIT(b + 1)) || (w->m[b].forget & BIT(a + 1)))
		return;
	peer = dlm_peer_find(w->m[a].node->comms, b + 1);
	if (!peer)
		return;
	x = &peer->session;
	/* for who stays: or nothing that counts was ever said in it, at least not to us */
	if (!dlm_session_closed(x) &&
	    (leaves || (x->shared && (x->send_seq || (x->recv_next && !x->early)))))
		sim_blame(w, "node %d: session with %d in state %d after farewells", a + 1,
			  b + 1, peer->session.state);
	dlm_peer_put(peer);
}

static bool all_said(struct sim_world *w, int i)
{
	unsigned long index = 0;
	struct dlm_peer *peer;
	bool closed = true;

	while (closed && (peer = dlm_peer_next(w->m[i].node->comms, &index))) {
		closed = dlm_session_closed(&peer->session);
		dlm_peer_put(peer);
	}
	return closed;
}

static void stop_talking(struct sim_world *w, int i)
{
	int k;

	/* what is left to say is said now */
	sim_heal(w, 100);
	memlink_run(w->net);
	for (k = 0; k < w->nodes; k++) {
		if (k == i)
			continue;
		check_closed(w, i, k, true);
		if (w->m[k].node && w->m[k].node->comms && w->m[k].talk != SIM_T_STOPPED)
			check_closed(w, k, i, false);
	}
	sim_tell(w, "node %d: transport stops", i + 1);
	dlm_comms_stop(w->m[i].node->comms);
	w->m[i].talk = SIM_T_STOPPED;
	w->cover->fault[SIM_FAREWELL]++;
}

/**
 * sim_farewell_step - somebody who has no lockspace any more says farewell
 * @w: the world
 * @now: who has begun ends it
 *
 * Return: false if there was nothing to do.
 */
bool sim_farewell_step(struct sim_world *w, bool now)
{
	struct sim_machine *m;
	int i;

	for (i = 0; i < w->nodes; i++) {
		m = &w->m[i];
		if (!m->node || has_lockspace(w, i))
			continue;
		if (m->talk == SIM_T_RUNS && !is_counted(w, i) && !m->forget) {
			sim_tell(w, "node %d: farewell", i + 1);
			m->talk = SIM_T_BYE;
			dlm_comms_leave(m->node->comms);
			return true;
		}
		if (m->talk == SIM_T_BYE && (now || all_said(w, i))) {
			stop_talking(w, i);
			return true;
		}
	}
	return false;
}

/**
 * sim_talk_again - a machine's transport is wanted again
 * @w: the world
 * @i: the machine
 *
 * A start waits for a stop.
 *
 * Return: false if it failed, which is wrong.
 */
bool sim_talk_again(struct sim_world *w, int i)
{
	struct dlm_comms_config config = { };
	struct sim_machine *m = &w->m[i];

	if (m->talk == SIM_T_BYE)
		stop_talking(w, i);
	if (m->talk == SIM_T_STOPPED && dlm_comms_start(m->node->comms, i + 1, &config))
		return false;
	m->talk = SIM_T_RUNS;
	return true;
}

/* --- the control daemons --------------------------------------------------- */

/**
 * sim_some_node - one of those that fit
 * @s: the lockspace
 * @fits: which
 *
 * Return: any of them, or NULL.
 */
struct sim_node *sim_some_node(struct sim *s, bool (*fits)(const struct sim_node *n))
{
	struct sim_node *found = NULL, *n;
	unsigned int seen = 0;

	for (n = s->n; n < sim_nodes_end(s); n++)
		if (fits(n) && !sim_below(s->w, ++seen))
			found = n;
	return found;
}

static bool must_stop(const struct sim_node *n)
{
	return n->ls && (n->in || n->leaving) && !n->stopped;
}

static bool must_start(const struct sim_node *n)
{
	return sim_is_member(n) && !n->started;
}

static bool must_release(const struct sim_node *n)
{
	return n->ls && n->leaving;
}

static bool must_forget(const struct sim_node *n)
{
	return n->m->node && n->m->forget;
}

/**
 * sim_forget - a machine's daemon removes the addresses of who died
 * @w: the world
 * @m: the machine
 *
 * Who is back already has addresses again.
 */
void sim_forget(struct sim_world *w, struct sim_machine *m)
{
	int id;

	for (id = 1; id <= w->nodes; id++) {
		if (!(m->forget & BIT(id)))
			continue;
		dlm_comms_peer_forget(m->node->comms, id);
		if (!memlink_introduce(w->net, m - w->m + 1, id))
			sim_blame(w, "no memory for an address");
	}
	m->forget = 0;
}

/**
 * sim_stop_one - stop the lockspace on one node
 * @n: the node
 */
void sim_stop_one(struct sim_node *n)
{
	enum dlm_phase phase = n->ls->recovery->phase;

	n->s->w->cover->abort[phase]++;
	sim_say(n->s, "node %d: stop in phase \"%s\"", n->id, dlm_phase_name(phase));
	dlm_ls_stop(n->ls);
	if (dlm_recover_status(n->ls))
		sim_fail(n->s, "node %d is stopped with status %x", n->id,
			 dlm_recover_status(n->ls));
	n->stopped = true;
	n->started = false;
}

static unsigned int list_members(struct sim_node *n, struct dlm_member_conf *m)
{
	struct sim_node *o;
	int count = 0;

	for (o = n->s->n; o < sim_nodes_end(n->s); o++) {
		if (!sim_is_member(o))
			continue;
		m[count].nodeid = o->id;
		m[count].weight = o->weight;
		m[count].is_new = n->seen[o->id - 1] &&
				  n->seen[o->id - 1] != o->incarnation;
		count++;
	}
	return count;
}

static void start_one(struct sim_node *n)
{
	struct dlm_member_conf m[SIM_NODES] = { };
	struct sim *s = n->s;
	struct sim_before *before;
	struct sim_node *o;
	bool denied;
	int count, err;

	count = list_members(n, m);
	sim_say(s, "node %d: start with %d members", n->id, count);
	/* who is alone is through with recovery in a moment */
	sim_values_in_doubt(s);
	/* how much it does at a time, so that it can be met everywhere */
	n->ls->recovery->batch = s->ambush ? 1 : sim_percent(s->w, 50) ?
				 1 + sim_below(s->w, 3) : DLM_RECOVER_BATCH;
	before = sim_values_before(n, true);
	sim_deny(s->w, false);
	err = dlm_ls_start(n->ls, m, count);
	denied = sim_denied(s->w, SIM_NOMEM_START);
	if (err == -ENOMEM && denied) {
		sim_say(s, "    no memory");
		return;
	}
	if (err)
		sim_fail(s, "node %d: start: %d", n->id, err);
	n->stopped = false;
	n->started = true;
	for (o = s->n; o < sim_nodes_end(s); o++)
		n->seen[o->id - 1] = sim_is_member(o) ? o->incarnation : 0;
	if (count == 1)
		sim_values_after(n, before);
}

/**
 * sim_daemon_step - one thing that a daemon does
 * @s: the lockspace
 *
 * Return: false if there is nothing to do.
 */
bool sim_daemon_step(struct sim *s)
{
	struct sim_node *n;
	int i;

	n = sim_some_node(s, must_forget);
	if (n && sim_percent(s->w, 20)) {
		sim_forget(s->w, n->m);
		return true;
	}
	if (s->daemon == SIM_D_STOPPING) {
		n = sim_some_node(s, must_stop);
		if (n) {
			sim_stop_one(n);
			return true;
		}
		/* nobody starts before all have noticed who died */
		for (i = 0; i < s->w->nodes; i++)
			if (s->w->m[i].node && s->w->m[i].forget)
				sim_forget(s->w, &s->w->m[i]);
		s->daemon = SIM_D_STARTING;
	}
	if (s->daemon == SIM_D_IDLE)
		return false;
	n = sim_some_node(s, must_release);
	if (n && sim_percent(s->w, 40)) {
		sim_say(s, "node %d: release", n->id);
		lockspace_down(n);
		return true;
	}
	if (!sim_some_node(s, must_start) && n)
		return true;
	n = sim_some_node(s, must_start);
	if (n) {
		start_one(n);
		return true;
	}
	s->daemon = SIM_D_IDLE;
	return false;
}

/**
 * sim_change - the membership changes: all stop again
 * @s: the lockspace
 */
void sim_change(struct sim *s)
{
	struct sim_node *n;

	s->daemon = SIM_D_STOPPING;
	s->changes++;
	for (n = s->n; n < sim_nodes_end(s); n++)
		/* who is stopped may be told so again */
		if (n->started || sim_percent(s->w, 20))
			n->stopped = false;
	sim_values_in_doubt(s);
}
