// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's value blocks.
 *
 * Each value block that is written is a new number.  Who is granted CW or more, so not
 * beside a writer, must see the last write of any program, unless recovery lost it.  What
 * recovery does is compared with the table in recovery.md 10, of which this is another
 * reading: when a node finishes what it got, from the queues that it had just before.
 */
#include <linux/string.h>
#include "sim.h"

/* --- value blocks -------------------------------------------------------- */

/**
 * sim_value_bytes - a value as bytes
 * @value: any number
 * @bytes: gets T_LVBLEN of them
 */
void sim_value_bytes(u64 value, void *bytes)
{
	u64 *p = bytes;
	int i;

	for (i = 0; i < T_LVBLEN / 8; i++)
		p[i] = value;
}

static u64 value_of(struct sim_lock *l, const char *bytes)
{
	u64 v[T_LVBLEN / 8];
	int i;

	memcpy(v, bytes, T_LVBLEN);
	for (i = 1; i < T_LVBLEN / 8; i++)
		if (v[i] != v[0])
			sim_fail(l->s, "lock %d: value block of %llu and %llu",
				 sim_number(l), v[0], v[i]);
	return v[0];
}

/* does anybody keep the resource in use for certain, but for @not? */
static bool in_use(const struct sim_lock *not)
{
	const struct sim_lock *l;

	for (l = not->s->lock; l < not->s->lock + SIM_LOCKS; l++)
		if (l != not && l->name == not->name && l->held != IV && !l->unlocking &&
		    (l->life == SIM_LIVE || (l->life == SIM_ORPHAN && !l->doomed)))
			return true;
	return false;
}

/* may the lock, of which nobody knows where it is, still write or spoil the value block? */
static bool troubled(const struct sim *s, int name)
{
	const struct sim_lock *l;

	for (l = s->lock; l < s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->name == name &&
		    (l->fuzzy || l->life == SIM_GHOST))
			return true;
	return false;
}

/**
 * sim_written - a program wrote its value
 * @l: its lock
 */
void sim_written(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	name->moved = true;
	name->sure = false;
	name->writer = l->n;
	name->value = l->value;
	name->lost = false;
	name->invalid = false;
	name->fuzzy = false;
}

/**
 * sim_spoiled - a program let the value block become invalid, at some time
 * @l: its lock
 */
void sim_spoiled(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	name->moved = true;
	name->sure = false;
	name->invalid = true;
	name->fuzzy = true;
}

/**
 * sim_leaves - a lock goes: what becomes of the value block if it was the last?
 * @l: the lock
 */
void sim_leaves(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	if (in_use(l))
		return;
	name->moved = true;
	name->lost = true;
	name->sure = false;
}

/**
 * sim_clear_up - an operation that might have written is over
 * @l: its lock
 */
void sim_clear_up(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	if (!l->fuzzy)
		return;
	l->fuzzy = false;
	name->moved = true;
	name->sure = false;
	name->fuzzy = true;
	name->invalid |= !!(l->flags & IVVALBLK);
}

/**
 * sim_values_in_doubt - masters may be lost
 * @s: the lockspace
 *
 * What they had is found in the locks of others, or is not (recovery.md 10).
 */
void sim_values_in_doubt(struct sim *s)
{
	struct sim_lock *l;
	int i;

	for (i = 0; i < SIM_NAMES; i++) {
		s->name[i].lost = true;
		s->name[i].invalid = true;
		s->name[i].sure = false;
	}
	/* a strong lock whose program never read the value passes on what it has */
	for (l = s->lock; l < s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->has_buf && l->held > CR &&
		    l->value != s->name[l->name].value)
			s->name[l->name].fuzzy = true;
}

/**
 * sim_writer_dies - a machine is about to die
 * @n: a node of it
 *
 * A program is not told when its value block has arrived at the master, so what it wrote last
 * may be lost without a trace.
 */
void sim_writer_dies(struct sim_node *n)
{
	int i;

	for (i = 0; i < SIM_NAMES; i++)
		n->s->name[i].fuzzy |= n->s->name[i].writer == n;
}

/**
 * sim_has_read - a program was given the value block
 * @l: its lock
 * @lkb: the lock
 */
void sim_has_read(struct sim_lock *l, const struct dlm_lkb *lkb)
{
	struct sim_name *name = &l->s->name[l->name];
	u64 own = l->value;

	l->value = value_of(l, lkb->lvb);
	if (lkb->sbflags & DLM_SBF_VALNOTVALID) {
		l->s->w->cover->notvalid++;
		if (lkb->grmode > CR && !name->invalid && !troubled(l->s, l->name))
			sim_fail(l->s, "lock %d: value block not valid", sim_number(l));
		return;
	}
	/* NL and CR may be held beside a writer */
	if (lkb->grmode <= CR || troubled(l->s, l->name))
		return;
	if (name->sure)
		sim_fail(l->s, "lock %d: value block of \"%s\" must not be valid",
			 sim_number(l), sim_names[l->name]);
	if (l->value == name->value || name->fuzzy)
		return;
	if (name->lost && (!l->value || l->value == own)) {
		name->fuzzy = true;
		return;
	}
	sim_fail(l->s, "lock %d reads %llu from \"%s\", not %llu", sim_number(l), l->value,
		 sim_names[l->name], name->value);
}

/* all is known of it: the master says what there is */
static void settled(struct sim *s, int i, const struct dlm_rsb *r)
{
	struct sim_name *name = &s->name[i];

	name->invalid = r->flags & DLM_RSB_LVB_INVALID;
	name->sure = name->invalid && r->flags & DLM_RSB_LVB;
	if (!(r->flags & DLM_RSB_LVB))
		return;
	memcpy(&name->value, r->lvb, sizeof(name->value));
	name->fuzzy = false;
	name->lost = false;
}

/**
 * sim_values_settled - nothing is under way
 * @s: the lockspace, at rest and right
 */
void sim_values_settled(struct sim *s)
{
	struct sim_node *n;
	struct dlm_rsb *r;
	int i;

	for (n = s->n; n < sim_nodes_end(s); n++)
		n->purged = false;
	for (i = 0; i < SIM_NAMES; i++) {
		s->name[i].moved = false;
		s->name[i].writer = NULL;
		if (troubled(s, i))
			continue;
		for (n = s->n; n < sim_nodes_end(s); n++) {
			if (!n->ls)
				continue;
			r = dlm_rsb_find(n->ls, sim_names[i], strlen(sim_names[i]));
			if (!r)
				continue;
			if (!r->nodeid && !(r->flags & DLM_RSB_INACTIVE))
				settled(s, i, r);
			dlm_rsb_unlock(r);
		}
	}
}

/* --- what recovery does (recovery.md 9.3, 10) -------------------------------- */

static void look_at_queue(struct sim_res *res, const struct list_head *queue,
			  const struct dlm_recovery *rec, bool alone)
{
	const struct dlm_lkb *lkb;
	struct sim_copy *c;

	list_for_each_entry(lkb, queue, queue) {
		if (res->n == SIM_LOCKS) {
			res->odd = true;
			return;
		}
		c = &res->c[res->n++];
		c->status = lkb->status;
		c->grmode = lkb->grmode;
		c->rqmode = lkb->rqmode;
		c->valblk = lkb->exflags & VALBLK;
		c->has = lkb->lvb && c->valblk;
		if (c->has)
			memcpy(&c->value, lkb->lvb, sizeof(c->value));
		c->seq = lkb->lvbseq;
		c->gone = lkb->flags & DLM_LKB_MSTCPY && rec->phase <= DLM_PH_PURGE &&
			  (alone || rec->ls->nodir || dlm_is_unpurged(rec, lkb->nodeid));
		/* it may end, or wait no more, before it is looked at */
		res->odd |= lkb->wait_type || lkb->wait_count ||
			    lkb->flags & DLM_LKB_ZOMBIE;
	}
}

/**
 * sim_values_before - a node may be about to finish what it got in recovery
 * @n: the node
 * @alone: it is the only member
 *
 * Return: for sim_values_after().
 */
struct sim_before *sim_values_before(struct sim_node *n, bool alone)
{
	struct dlm_recovery *rec = n->ls->recovery;
	struct sim_before *b = &n->s->w->before;
	struct sim_res *res;
	struct dlm_rsb *r;
	int i;

	b->due = rec->phase < DLM_PH_FINISH ||
		 (rec->phase == DLM_PH_FINISH && !rec->cursor);
	if (!b->due)
		return b;
	b->stored = !list_empty(&rec->stored);
	for (i = 0; i < SIM_NAMES; i++) {
		res = &b->res[i];
		memset(res, 0, offsetof(struct sim_res, c));
		r = dlm_rsb_find(n->ls, sim_names[i], strlen(sim_names[i]));
		if (!r)
			continue;
		res->there = true;
		res->nodeid = r->nodeid;
		res->flags = r->flags;
		res->odd = r->flags & DLM_RSB_INACTIVE;
		if (r->flags & DLM_RSB_LVB)
			memcpy(&res->value, r->lvb, sizeof(res->value));
		look_at_queue(res, &r->granted, rec, alone);
		look_at_queue(res, &r->convert, rec, alone);
		res->waits = !list_empty(&r->convert) || !list_empty(&r->wait);
		dlm_rsb_unlock(r);
	}
	return b;
}

static bool is_granted(const struct sim_res *res, int mode)
{
	unsigned int i;

	for (i = 0; i < res->n; i++)
		if (!res->c[i].gone && res->c[i].status == DLM_LKSTS_GRANTED &&
		    res->c[i].grmode == mode)
			return true;
	return false;
}

/* the mode that a lock has once PR and CW that crossed are told apart */
static int mode_then(const struct sim_res *res, const struct sim_copy *c)
{
	if (c->status != DLM_LKSTS_CONVERT ||
	    (c->rqmode != PR && c->rqmode != CW))
		return c->grmode;
	if (c->grmode == IV)
		return is_granted(res, PR) ? PR : is_granted(res, CW) ? CW : c->rqmode;
	if (c->grmode + c->rqmode == PR + CW && c->grmode != c->rqmode &&
	    is_granted(res, c->rqmode))
		return NL;
	return c->grmode;
}

/* the row of the table, and with which lock */
static enum sim_lvb row_of(const struct sim_res *res, bool new, const struct sim_copy **which)
{
	const struct sim_copy *c, *low = NULL;
	bool suspect = res->flags & DLM_RSB_LVB_SUSPECT;

	for (c = res->c; c < res->c + res->n; c++)
		suspect |= c->gone && c->valblk && c->grmode >= PW;
	for (c = res->c; c < res->c + res->n && new; c++) {
		if (c->gone || !c->has)
			continue;
		*which = c;
		if (mode_then(res, c) > CR)
			return SIM_LVB_HIGH;
		if (!low || (s32)(c->seq - low->seq) >= 0)
			low = c;
	}
	*which = low;
	if (low)
		return SIM_LVB_LOW;
	if (suspect)
		return SIM_LVB_SUSPECT;
	return new ? SIM_LVB_NONE : SIM_LVB_KEPT;
}

/* is it certain what programs will be told? */
static void now_known(struct sim *s, int i, const struct dlm_rsb *r)
{
	struct sim_name *name = &s->name[i];
	const struct sim_lock *l;

	if (name->moved || troubled(s, i))
		return;
	for (l = s->lock; l < s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->name == i && (l->pending || l->unlocking))
			return;
	name->invalid = r->flags & DLM_RSB_LVB_INVALID;
	name->sure = name->invalid && r->flags & DLM_RSB_LVB;
}

static void check_row(struct sim_node *n, int i, const struct sim_res *res,
		      const struct dlm_rsb *r)
{
	bool new = res->nodeid || n->s->nodir || res->flags & DLM_RSB_NEW_MASTER;
	bool invalid = r->flags & DLM_RSB_LVB_INVALID, must;
	const struct sim_copy *which = NULL;
	enum sim_lvb row = row_of(res, new, &which);
	u64 value = which ? which->value : res->value, is = 0;

	n->s->w->cover->values[row]++;
	must = row == SIM_LVB_SUSPECT || row == SIM_LVB_LOW ||
	       (row != SIM_LVB_HIGH && res->flags & DLM_RSB_LVB_INVALID && !res->nodeid);
	/* who was not the master and has nothing to go by has no opinion */
	if (row == SIM_LVB_NONE && res->nodeid)
		must = invalid;
	if (invalid != must)
		sim_fail(n->s, "node %d: \"%s\" is %s after recovery (row %d)", n->id,
			 sim_names[i], invalid ? "invalid" : "valid", row);
	if (r->flags & DLM_RSB_LVB)
		memcpy(&is, r->lvb, sizeof(is));
	if ((which || r->flags & DLM_RSB_LVB) && is != value)
		sim_fail(n->s, "node %d: \"%s\" has value %llu, not %llu, after recovery (row %d)",
			 n->id, sim_names[i], is, value, row);
	now_known(n->s, i, r);
}

/**
 * sim_values_after - did a node finish what it got, and how?
 * @n: the node
 * @b: from sim_values_before()
 */
void sim_values_after(struct sim_node *n, const struct sim_before *b)
{
	enum dlm_phase phase = n->ls->recovery->phase;
	const struct sim_res *res;
	struct dlm_rsb *r;
	int i;

	if (!b->due || phase <= DLM_PH_FINISH || phase == DLM_PH_FAILED)
		return;
	for (i = 0; i < SIM_NAMES; i++) {
		res = &b->res[i];
		if (!res->there || res->odd ||
		    (phase > DLM_PH_DONE && (b->stored || res->waits)))
			continue;
		r = dlm_rsb_find(n->ls, sim_names[i], strlen(sim_names[i]));
		if (!r)
			continue;
		if (!r->nodeid && !(r->flags & DLM_RSB_INACTIVE))
			check_row(n, i, res, r);
		dlm_rsb_unlock(r);
	}
}
