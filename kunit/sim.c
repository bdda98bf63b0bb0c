// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's world: nodes, network, time, control daemon, faults, and what happens
 * next.  See sim.h.
 */
#include <linux/rhashtable.h>
#include <dlm/transport.h>
#include "sim.h"

/* sim_rest() gives up after so many events */
#define SIM_PATIENCE	400000

/* --- the story ----------------------------------------------------------- */

/**
 * sim_say - tell what happens
 * @s: the world
 * @fmt: one line
 *
 * The last lines are printed when something is wrong, all of them with dlm.sim_trace=1.
 */
void sim_say(struct sim *s, const char *fmt, ...)
{
	char *line = s->line[s->lines++ % SIM_LINES];
	va_list args;
	int n;

	n = scnprintf(line, SIM_LINE, "%6u ", s->step);
	va_start(args, fmt);
	vscnprintf(line + n, SIM_LINE - n, fmt, args);
	va_end(args);
	if (s->trace)
		pr_info("sim %s\n", line);
}

/**
 * sim_fail - something is wrong
 * @s: the world
 * @fmt: what; only the first is kept
 *
 * Context: any; sim_destroy() reports it.
 */
void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list args;

	if (s->failed)
		return;
	s->failed = true;
	va_start(args, fmt);
	vscnprintf(s->why, sizeof(s->why), fmt, args);
	va_end(args);
	sim_say(s, "FAILED: %s", s->why);
}

static void report(struct sim *s)
{
	unsigned int i = s->lines > SIM_LINES ? s->lines - SIM_LINES : 0;
	struct sim_node *n;

	for (; i < s->lines && !s->trace; i++)
		pr_info("sim %s\n", s->line[i % SIM_LINES]);
	for (n = s->n; n < s->n + s->nodes; n++)
		if (n->ls)
			pr_info("sim node %d: phase \"%s\", status %x, due in %lld ms\n",
				n->id, dlm_phase_name(n->ls->recovery->phase),
				n->ls->recovery->status,
				n->due == KTIME_MAX ? -1 : ktime_ms_delta(n->due, s->now));
	KUNIT_FAIL(s->test, "dlm.sim_seed=%u step %u: %s", s->seed, s->step, s->why);
}

/* --- what passes --------------------------------------------------------- */

static void count_result(struct sim_cover *c, u32 type, s32 result)
{
	static const struct {
		s32	wire;
		enum sim_result	what;
	} all[] = {
		{ 0, SIM_RES_OK },
		{ -DLM_WIRE_EINPROGRESS, SIM_RES_QUEUED },
		{ -EAGAIN, SIM_RES_EAGAIN },
		{ -DLM_WIRE_EBADR, SIM_RES_EBADR },
		{ -EBADR, SIM_RES_EBADR },
		{ -ENOTBLK, SIM_RES_ENOTBLK },
		{ -DLM_WIRE_EDEADLK, SIM_RES_EDEADLK },
		{ -DLM_EUNLOCK, SIM_RES_EUNLOCK },
		{ -DLM_ECANCEL, SIM_RES_ECANCEL },
	};
	int i;

	if (type < DLM_MSG_REQUEST_REPLY || type > DLM_MSG_CANCEL_REPLY)
		return;
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].wire == result) {
			c->result[all[i].what]++;
			return;
		}
	}
}

static void say_msg(struct sim *s, int from, int to, const struct dlm_w_msg *m)
{
	static const char * const what[DLM_MSG_TYPES] = {
		"?", "REQUEST", "CONVERT", "UNLOCK", "CANCEL", "REQUEST_REPLY",
		"CONVERT_REPLY", "UNLOCK_REPLY", "CANCEL_REPLY", "GRANT", "BAST",
		"LOOKUP", "REMOVE", "LOOKUP_REPLY", "PURGE",
	};
	u32 type = le32_to_cpu(m->type);

	if (type >= DLM_MSG_TYPES) {
		sim_fail(s, "message of type %u", type);
		return;
	}
	s->cover->msg[type]++;
	count_result(s->cover, type, le32_to_cpu(m->result));
	sim_say(s, "  %d>%d %s %x %x gr %d rq %d node %d: %d", from, to, what[type],
		le32_to_cpu(m->lkid), le32_to_cpu(m->remid), (s32)le32_to_cpu(m->grmode),
		(s32)le32_to_cpu(m->rqmode), (s32)le32_to_cpu(m->nodeid),
		(s32)le32_to_cpu(m->result));
}

static void say_rcom(struct sim *s, int from, int to, const struct dlm_w_rcom *rc)
{
	static const char * const what[DLM_RCOM_TYPES] = {
		"?", "status", "names", "lookup", "lock", "status reply", "names reply",
		"lookup reply", "lock reply",
	};
	const struct dlm_w_lock *w = (const void *)rc->buf;
	u32 type = le32_to_cpu(rc->type);

	if (type >= DLM_RCOM_TYPES) {
		sim_fail(s, "recovery message of type %u", type);
		return;
	}
	s->cover->rcom[type]++;
	if (type == DLM_RCOM_LOCK || type == DLM_RCOM_LOCK_REPLY)
		sim_say(s, "  %d>%d %s %x %x \"%.*s\" gr %d rq %d state %d: %d", from, to,
			what[type], le32_to_cpu(w->lkid), le32_to_cpu(w->remid),
			le16_to_cpu(w->namelen), w->name, w->grmode, w->rqmode, w->status,
			le32_to_cpu(w->result));
	else
		sim_say(s, "  %d>%d %s %x", from, to, what[type], le32_to_cpu(rc->result));
}

static void on_packet(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;

	if (h->cmd == DLM_CMD_OPTS) {
		if (((const struct dlm_w_opts *)packet)->nextcmd == DLM_CMD_FIN)
			return;
		h = packet + sizeof(struct dlm_w_opts);
	}
	if (h->cmd == DLM_CMD_MSG)
		say_msg(priv, from, to, (const void *)h);
	else if (h->cmd == DLM_CMD_RCOM)
		say_rcom(priv, from, to, (const void *)h);
}

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
	due = ktime_add_ms(n->s->now, delay_ms);
	if (ktime_before(due, n->due))
		n->due = due;
}

static bool machine_up(struct sim_node *n)
{
	struct sim *s = n->s;

	n->node = dlm_node_create(NULL);
	if (!n->node)
		return false;
	n->node->nodeid = n->id;
	n->node->kick = on_kick;
	n->node->config.solo = true;
	n->node->config.log_info = 0;
	n->node->config.toss_secs = 1;
	n->node->comms = memlink_join(s->net, n->id, &comms_user, n->node);
	n->forget = 0;
	return n->node->comms;
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

static void lockspace_up(struct sim_node *n)
{
	struct dlm_ls_params params = {
		.name = "sim",
		.namelen = 3,
		.flags = n->s->nodir ? DLM_LSFL_NODIR : 0,
		.lvblen = T_LVBLEN,
		.device = true,
	};

	KUNIT_ASSERT_EQ(n->s->test, dlm_ls_create(n->node, &params, &n->ls), 0);
	tame_table(&n->ls->rsbs);
	tame_table(&n->ls->lkbs);
	n->ls->name_seed = n->id;
	never_started(n->ls);
	n->due = KTIME_MAX;
	dlm_ls_set_client(n->ls, n);
	n->stopped = true;
	n->started = false;
	n->leaving = false;
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

static void machine_down(struct sim_node *n)
{
	struct sim *s = n->s;
	int i;

	/* no last words */
	for (i = 0; i < s->nodes; i++)
		if (s->n[i].node && &s->n[i] != n)
			memlink_part(s->net, n->id, s->n[i].id, true);
	if (n->ls)
		lockspace_down(n);
	dlm_node_stop(n->node);
	memlink_kill(s->net, n->id);
	dlm_node_put(n->node);
	n->node = NULL;
	n->comm_seq++;
	for (i = 0; i < s->nodes; i++)
		if (s->n[i].node)
			s->n[i].forget |= BIT(n->id);
}

/* --- the control daemons --------------------------------------------------- */

static struct sim_node *some_node(struct sim *s, bool (*fits)(const struct sim_node *n))
{
	struct sim_node *found = NULL, *n;
	unsigned int seen = 0;

	for (n = s->n; n < s->n + s->nodes; n++)
		if (fits(n) && !sim_below(s, ++seen))
			found = n;
	return found;
}

static bool is_member(const struct sim_node *n)
{
	return n->ls && n->in;
}

static bool must_stop(const struct sim_node *n)
{
	return n->ls && (n->in || n->leaving) && !n->stopped;
}

static bool must_start(const struct sim_node *n)
{
	return is_member(n) && !n->started;
}

static bool must_release(const struct sim_node *n)
{
	return n->ls && n->leaving;
}

static bool must_forget(const struct sim_node *n)
{
	return n->node && n->forget;
}

static unsigned int count_members(const struct sim *s)
{
	unsigned int n = 0, i;

	for (i = 0; i < s->nodes; i++)
		n += is_member(&s->n[i]);
	return n;
}

static void forget(struct sim_node *n)
{
	int id;

	for (id = 1; id <= n->s->nodes; id++)
		if (n->forget & BIT(id))
			dlm_comms_peer_forget(n->node->comms, id);
	n->forget = 0;
}

static void stop_one(struct sim_node *n)
{
	enum dlm_phase phase = n->ls->recovery->phase;

	n->s->cover->abort[phase]++;
	sim_say(n->s, "node %d: stop in phase \"%s\"", n->id, dlm_phase_name(phase));
	dlm_ls_stop(n->ls);
	if (dlm_recover_status(n->ls))
		sim_fail(n->s, "node %d is stopped with status %x", n->id,
			 dlm_recover_status(n->ls));
	n->stopped = true;
	n->started = false;
}

static void start_one(struct sim_node *n)
{
	struct dlm_member_conf m[SIM_NODES] = { };
	struct sim *s = n->s;
	int i, count = 0, err;

	if (n->forget)
		forget(n);
	for (i = 0; i < s->nodes; i++) {
		if (!is_member(&s->n[i])) {
			n->seen[i] = 0;
			continue;
		}
		m[count].nodeid = s->n[i].id;
		m[count].weight = s->n[i].weight;
		m[count].comm_seq = s->n[i].comm_seq;
		m[count].is_new = n->seen[i] && n->seen[i] != s->n[i].incarnation;
		n->seen[i] = s->n[i].incarnation;
		count++;
	}
	sim_say(s, "node %d: start with %d members", n->id, count);
	/* who is alone is through with recovery in a moment */
	sim_values_in_doubt(s);
	n->stopped = false;
	n->started = true;
	err = dlm_ls_start(n->ls, m, count);
	if (err)
		sim_fail(s, "node %d: start: %d", n->id, err);
}

/* one thing that a daemon does; false if there is nothing to do */
static bool daemon_step(struct sim *s)
{
	struct sim_node *n;

	n = some_node(s, must_forget);
	if (n && sim_percent(s, 20)) {
		forget(n);
		return true;
	}
	if (s->daemon == SIM_D_STOPPING) {
		n = some_node(s, must_stop);
		if (n) {
			stop_one(n);
			return true;
		}
		s->daemon = SIM_D_STARTING;
	}
	if (s->daemon == SIM_D_IDLE)
		return false;
	n = some_node(s, must_release);
	if (n && sim_percent(s, 40)) {
		sim_say(s, "node %d: release", n->id);
		lockspace_down(n);
		return true;
	}
	if (!some_node(s, must_start) && n)
		return true;
	n = some_node(s, must_start);
	if (n) {
		start_one(n);
		return true;
	}
	sim_values_in_doubt(s);
	s->daemon = SIM_D_IDLE;
	return false;
}

/* the membership changes: all stop again */
static void change(struct sim *s)
{
	struct sim_node *n;

	s->daemon = SIM_D_STOPPING;
	for (n = s->n; n < s->n + s->nodes; n++)
		/* who is stopped may be told so again */
		if (n->started || sim_percent(s, 20))
			n->stopped = false;
	sim_values_in_doubt(s);
}

/* --- faults -------------------------------------------------------------- */

static bool can_join(const struct sim_node *n)
{
	const struct sim *s = n->s;
	int i;

	if (n->ls)
		return false;
	for (i = 0; i < s->nodes && !n->node; i++)
		if (s->n[i].node && s->n[i].forget & BIT(n->id))
			return false;
	return true;
}

static bool is_remembered(const struct sim_node *n)
{
	const struct sim *s = n->s;
	int i;

	for (i = 0; i < s->nodes; i++)
		if (is_member(&s->n[i]) && s->n[i].seen[n->id - 1])
			return true;
	return false;
}

static void come_in(struct sim_node *n)
{
	struct sim *s = n->s;

	s->cover->fault[is_remembered(n) ? SIM_REJOIN : SIM_JOIN]++;
	sim_say(s, "node %d: join", n->id);
	if (!n->node)
		KUNIT_ASSERT_TRUE(s->test, machine_up(n));
	lockspace_up(n);
	change(s);
	n->stopped = true;
}

static void join(struct sim *s)
{
	struct sim_node *n = some_node(s, can_join);

	if (n)
		come_in(n);
}

/* it dies and is back before anybody has noticed that it was away */
static void back_at_once(struct sim_node *n)
{
	struct sim *s = n->s;
	int i;

	for (i = 0; i < s->nodes; i++)
		if (s->n[i].node)
			forget(&s->n[i]);
	come_in(n);
}

static void leave(struct sim *s, bool dead)
{
	struct sim_node *n = some_node(s, is_member);

	if (count_members(s) < 2)
		return;
	s->cover->fault[dead ? SIM_KILL : SIM_LEAVE]++;
	sim_say(s, "node %d: %s", n->id, dead ? "dies" : "leaves");
	if (dead) {
		machine_down(n);
	} else {
		n->in = false;
		n->leaving = true;
		sim_programs_end(n);
	}
	change(s);
	if (dead && sim_percent(s, 25))
		back_at_once(n);
}

static bool is_up(const struct sim_node *n)
{
	return n->node;
}

static void mishap(struct sim *s)
{
	struct sim_node *a = some_node(s, is_up), *b = some_node(s, is_up);
	u32 what = sim_below(s, 100);

	if (!a || a == b)
		return;
	if (what < 50) {
		s->cover->fault[SIM_CUT]++;
		sim_say(s, "  %d|%d cut", a->id, b->id);
		memlink_cut(s->net, a->id, b->id);
	} else if (what < 75) {
		s->cover->fault[SIM_PART]++;
		sim_say(s, "  %d|%d part", a->id, b->id);
		memlink_part(s->net, a->id, b->id, true);
	} else {
		s->cover->fault[SIM_STALL]++;
		memlink_stall(s->net, a->id, b->id, true);
	}
}

static void heal(struct sim *s, u32 percentage)
{
	int a, b;

	for (a = 0; a < s->nodes; a++) {
		for (b = 0; b < s->nodes; b++) {
			if (a == b || !s->n[a].node || !s->n[b].node ||
			    !sim_percent(s, percentage))
				continue;
			memlink_part(s->net, a + 1, b + 1, false);
			memlink_stall(s->net, a + 1, b + 1, false);
		}
	}
}

static void fault(struct sim *s)
{
	u32 what = sim_below(s, 100);

	if (s->cuts && what < 70) {
		if (sim_percent(s, 50))
			mishap(s);
		else
			heal(s, 40);
		return;
	}
	if (!s->changes || !sim_percent(s, 25))
		return;
	what = sim_below(s, 100);
	if (what < 30) {
		leave(s, true);
	} else if (what < 50) {
		leave(s, false);
	} else if (what < 85) {
		join(s);
	} else {
		s->cover->fault[SIM_AGAIN]++;
		sim_say(s, "stop and start");
		change(s);
	}
}

/* --- what happens next --------------------------------------------------- */

static bool is_due(const struct sim_node *n)
{
	return n->ls && !ktime_after(n->due, n->s->now);
}

static bool work(struct sim *s)
{
	struct sim_node *n = some_node(s, is_due);
	unsigned int delay;

	if (!n)
		return false;
	n->due = KTIME_MAX;
	delay = dlm_ls_work(n->ls, s->now);
	if (delay != DLM_WORK_NEVER)
		on_kick(n->ls, delay);
	if (n->ls->recovery->phase == DLM_PH_FAILED)
		sim_fail(s, "node %d: recovery failed: %d", n->id,
			 n->ls->recovery->error);
	return true;
}

static ktime_t first_due(const struct sim *s)
{
	ktime_t first = KTIME_MAX;
	int i;

	for (i = 0; i < s->nodes; i++)
		if (s->n[i].ls)
			first = min(first, s->n[i].due);
	return first;
}

static void tick(struct sim *s)
{
	ktime_t first = first_due(s);

	if (first == KTIME_MAX || (sim_percent(s, 70) && !s->calm))
		s->now = ktime_add_ms(s->now, 1 + sim_below(s, 5));
	else if (ktime_after(first, s->now))
		s->now = first;
}

/**
 * sim_step - one event
 * @s: the world
 */
void sim_step(struct sim *s)
{
	u32 what = sim_below(s, 1000);

	s->step++;
	if (what < 15)
		fault(s);
	else if (what < 45 && s->daemon != SIM_D_IDLE)
		daemon_step(s);
	else if (what < 75)
		tick(s);
	else if (what < 85)
		memlink_idle(s->net);
	else if (what < 85 + s->busy * 5)
		sim_operation(s);
	else if (sim_percent(s, 30) || !memlink_step(s->net))
		work(s);
	sim_check_step(s);
}

static bool all_run(const struct sim *s)
{
	int i;

	if (s->daemon != SIM_D_IDLE)
		return false;
	for (i = 0; i < s->nodes; i++)
		if (is_member(&s->n[i]) &&
		    s->n[i].ls->recovery->phase != DLM_PH_RUNNING)
			return false;
	return true;
}

static bool tables_empty(const struct sim *s)
{
	const struct sim_node *n;

	for (n = s->n; n < s->n + s->nodes; n++)
		if (n->ls && (dlm_lkb_count(n->ls) || atomic_read(&n->ls->rsbs.nelems)))
			return false;
	return true;
}

/* nothing happens but that time passes; true if nobody wants more of it */
static bool wait_for_time(struct sim *s, bool empty, ktime_t end)
{
	ktime_t first = first_due(s);
	bool run = all_run(s);

	if (empty && tables_empty(s))
		return true;
	if (run && !empty && ktime_after(first, ktime_add_ms(s->now, 100)))
		return true;
	if (first == KTIME_MAX || ktime_after(first, end)) {
		if (!run)
			sim_fail(s, "recovery does not go on");
		return true;
	}
	s->now = max(s->now, first);
	return false;
}

/**
 * sim_rest - let everything come to rest, without faults, and look at it
 * @s: the world
 * @empty: wait also until what is unused is forgotten
 */
void sim_rest(struct sim *s, bool empty)
{
	ktime_t end = ktime_add_ms(s->now, 60000);
	unsigned int i;

	sim_say(s, "rest");
	heal(s, 100);
	for (i = 0; !s->failed; i++) {
		if (i > SIM_PATIENCE) {
			sim_fail(s, "no rest");
			break;
		}
		s->step++;
		if (!(memlink_step(s->net) || daemon_step(s) || work(s)) &&
		    wait_for_time(s, empty, end))
			break;
		sim_check_step(s);
	}
	s->cover->rests++;
	if (!s->failed)
		sim_check_rest(s);
	if (!s->failed && empty)
		sim_check_empty(s);
}

/* --- begin and end ------------------------------------------------------- */

/**
 * sim_create - make a world
 * @test: the test case
 * @seed: all that chance decides
 * @cover: where to count
 * @trace: tell the story while it happens
 *
 * Return: a world whose nodes are about to start.
 */
struct sim *sim_create(struct kunit *test, unsigned int seed, struct sim_cover *cover,
		       bool trace)
{
	struct sim *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->test = test;
	s->seed = seed;
	s->cover = cover;
	s->trace = trace;
	prandom_seed_state(&s->rnd, seed);
	s->now = ms_to_ktime(100000000);
	s->net = memlink_create(seed);
	KUNIT_ASSERT_NOT_NULL(test, s->net);
	memlink_set_tap(s->net, on_packet, s);

	/* quiet seeds come first to mind when something fails */
	s->cuts = seed % 4 != 0;
	s->changes = seed % 4 >= 2;
	s->nodir = seed % 16 == 7;
	s->calm = seed % 8 == 5;
	s->busy = 10 + sim_below(s, 70);
	s->nodes = 2 + (sim_percent(s, 50) ? sim_below(s, 2) : sim_below(s, SIM_NODES - 1));
	for (i = 0; i < s->nodes; i++) {
		s->n[i].s = s;
		s->n[i].id = i + 1;
		s->n[i].due = KTIME_MAX;
		s->n[i].weight = sim_percent(s, 80) ? 1 : sim_below(s, 3);
	}
	for (i = 0; i < s->nodes; i++) {
		if (i && s->changes && sim_percent(s, 30))
			continue;
		KUNIT_ASSERT_TRUE(test, machine_up(&s->n[i]));
		lockspace_up(&s->n[i]);
	}
	sim_say(s, "%u nodes%s%s%s", s->nodes, s->nodir ? ", no directory" : "",
		s->cuts ? ", cuts" : "", s->changes ? ", changes" : "");
	s->daemon = SIM_D_STARTING;
	return s;
}

/**
 * sim_destroy - end a world, and report if something was wrong
 * @s: the world
 */
void sim_destroy(struct sim *s)
{
	unsigned int i;

	if (s->failed)
		report(s);
	s->trace = false;
	for (i = 0; i < s->nodes; i++)
		if (s->n[i].node)
			machine_down(&s->n[i]);
	memlink_destroy(s->net);
	rcu_barrier();
	kvfree(s);
}
