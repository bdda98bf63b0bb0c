// SPDX-License-Identifier: GPL-2.0
/*
 * What the simulator tells: its story, what was wrong, and each packet that passes.
 */
#include "sim.h"

/* --- the story ----------------------------------------------------------- */

static __printf(3, 0)
void tell(struct sim_world *w, const char *which, const char *fmt, va_list args)
{
	char *line = w->line[w->lines++ % SIM_LINES];
	int n;

	n = scnprintf(line, SIM_LINE, "%6u %s", w->step, which);
	vscnprintf(line + n, SIM_LINE - n, fmt, args);
	if (w->trace)
		pr_info("sim %s\n", line);
}

static const char *mark(const struct sim *s)
{
	return s->nr ? "B: " : "";
}

/**
 * sim_tell - tell what happens
 * @w: the world
 * @fmt: one line
 *
 * The last lines are printed when something is wrong, all of them with dlm.sim_trace=1.
 */
void sim_tell(struct sim_world *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(w, "", fmt, args);
	va_end(args);
}

/**
 * sim_say - tell what happens in a lockspace
 * @s: the lockspace
 * @fmt: one line
 */
void sim_say(struct sim *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tell(s->w, mark(s), fmt, args);
	va_end(args);
}

static __printf(3, 0)
void blame(struct sim_world *w, const char *which, const char *fmt, va_list args)
{
	int n;

	if (w->failed)
		return;
	w->failed = true;
	n = scnprintf(w->why, sizeof(w->why), "%s", which);
	vscnprintf(w->why + n, sizeof(w->why) - n, fmt, args);
	sim_tell(w, "FAILED: %s", w->why);
}

/**
 * sim_blame - something is wrong
 * @w: the world
 * @fmt: what; only the first is kept
 *
 * Context: any; sim_destroy() reports it.
 */
void sim_blame(struct sim_world *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	blame(w, "", fmt, args);
	va_end(args);
}

/**
 * sim_fail - something is wrong in a lockspace
 * @s: the lockspace
 * @fmt: what; only the first is kept
 *
 * Context: any; sim_destroy() reports it.
 */
void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	blame(s->w, mark(s), fmt, args);
	va_end(args);
}

static void tell_waiting(struct dlm_lkb *lkb, void *arg)
{
	const struct dlm_rsb *r = lkb->rsb;

	if (lkb->status == DLM_LKSTS_GRANTED && !lkb->wait_type)
		return;
	pr_info("sim   lock %x of \"%.*s\" (flags %x, master %d): node %d, flags %x, status %d, awaits %d (%d), tries %d\n",
		lkb->id, r->len, r->name, r->flags, r->nodeid, lkb->nodeid, lkb->flags,
		lkb->status, lkb->wait_type, lkb->wait_count, lkb->tries);
}

/**
 * sim_report - print what there is to know of what was wrong
 * @w: the world
 */
void sim_report(struct sim_world *w)
{
	unsigned int i = w->lines > SIM_LINES ? w->lines - SIM_LINES : 0;
	struct sim_node *n;
	struct sim *s;

	for (; i < w->lines && !w->trace; i++)
		pr_info("sim %s\n", w->line[i % SIM_LINES]);
	for (s = w->space; s < sim_spaces_end(w); s++) {
		for (n = s->n; n < sim_nodes_end(s); n++) {
			if (!n->ls)
				continue;
			pr_info("sim %snode %d: phase \"%s\", status %x, due in %lld ms\n",
				mark(s), n->id,
				dlm_phase_name(n->ls->recovery->phase),
				n->ls->recovery->status,
				n->due == KTIME_MAX ? -1 : ktime_ms_delta(n->due, w->now));
			dlm_lkb_walk(n->ls, tell_waiting, NULL);
		}
	}
	KUNIT_FAIL(w->test, "dlm.sim_seed=%u step %u: %s", w->seed, w->step, w->why);
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

static void say_msg(struct sim_world *w, const char *way, const struct dlm_w_msg *m)
{
	static const char * const what[DLM_MSG_TYPES] = {
		"?", "REQUEST", "CONVERT", "UNLOCK", "CANCEL", "REQUEST_REPLY",
		"CONVERT_REPLY", "UNLOCK_REPLY", "CANCEL_REPLY", "GRANT", "BAST",
		"LOOKUP", "REMOVE", "LOOKUP_REPLY", "PURGE",
	};
	u32 type = le32_to_cpu(m->type);

	if (type >= DLM_MSG_TYPES) {
		sim_blame(w, "message of type %u", type);
		return;
	}
	w->cover->msg[type]++;
	count_result(w->cover, type, le32_to_cpu(m->result));
	w->cover->demoted += type == DLM_MSG_CONVERT_REPLY &&
			     le32_to_cpu(m->sbflags) & DLM_SBF_DEMOTED;
	sim_tell(w, "%s %s %x %x gr %d rq %d node %d: %d", way, what[type],
		 le32_to_cpu(m->lkid), le32_to_cpu(m->remid), (s32)le32_to_cpu(m->grmode),
		 (s32)le32_to_cpu(m->rqmode), (s32)le32_to_cpu(m->nodeid),
		 (s32)le32_to_cpu(m->result));
}

static void say_rcom(struct sim_world *w, const char *way, const struct dlm_w_rcom *rc)
{
	static const char * const what[DLM_RCOM_TYPES] = {
		"?", "status", "names", "lookup", "lock", "status reply", "names reply",
		"lookup reply", "lock reply",
	};
	const struct dlm_w_lock *l = (const void *)rc->buf;
	u32 type = le32_to_cpu(rc->type);

	if (type >= DLM_RCOM_TYPES) {
		sim_blame(w, "recovery message of type %u", type);
		return;
	}
	w->cover->rcom[type]++;
	if (type == DLM_RCOM_LOCK || type == DLM_RCOM_LOCK_REPLY)
		sim_tell(w, "%s %s %x %x \"%.*s\" gr %d rq %d state %d: %d", way,
			 what[type], le32_to_cpu(l->lkid), le32_to_cpu(l->remid),
			 le16_to_cpu(l->namelen), l->name, l->grmode, l->rqmode, l->status,
			 le32_to_cpu(l->result));
	else
		sim_tell(w, "%s %s %x", way, what[type], le32_to_cpu(rc->result));
}

/**
 * sim_on_packet - a packet was put on the wire
 * @priv: the world
 * @from: sender
 * @to: receiver
 * @packet: all of it
 * @len: its bytes
 */
void sim_on_packet(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;
	struct sim_world *w = priv;
	char way[24];

	/* who, to whom, and the number */
	if (h->cmd == DLM_CMD_OPTS) {
		snprintf(way, sizeof(way), "  %d>%d #%u", from, to, le32_to_cpu(h->u));
		if (((const struct dlm_w_opts *)packet)->nextcmd == DLM_CMD_FIN) {
			w->cover->fins++;
			sim_tell(w, "%s farewell", way);
			return;
		}
		h = packet + sizeof(struct dlm_w_opts);
	} else {
		snprintf(way, sizeof(way), "  %d>%d", from, to);
	}
	if (h->cmd == DLM_CMD_MSG)
		say_msg(w, way, (const void *)h);
	else if (h->cmd == DLM_CMD_RCOM)
		say_rcom(w, way, (const void *)h);
	else if (w->trace && h->cmd == DLM_CMD_ACK)
		sim_tell(w, "%s ack #%u", way, le32_to_cpu(h->u));
}
