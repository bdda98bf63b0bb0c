// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's programs: handles, locks, operations, and what each must be told.
 *
 * A slot knows what its program may believe: what it holds, what it waits for, what its
 * value block was.  Whatever the engine says is compared with that at once.
 * Each value block that is written is a new number.  Who is granted CW or more, so not
 * beside a writer, must see the last write of any program, unless recovery.md 10 says so.
 */
#include <linux/slab.h>
#include "sim.h"

/* names of different lengths, with different directory nodes */
const char * const sim_names[SIM_NAMES] = { "a", "second", "the third name", "4" };

/**
 * struct sim_lkb - the kind of lock of the simulator's programs
 * @lkb: engine's part
 * @to: the slot
 */
struct sim_lkb {
	struct dlm_lkb	lkb;
	struct sim_lock	*to;
};

static struct sim_lock *slot_of(const struct dlm_lkb *lkb)
{
	return container_of(lkb, struct sim_lkb, lkb)->to;
}

static int number(const struct sim_lock *l)
{
	return l - l->s->lock;
}

/* --- value blocks -------------------------------------------------------- */

/* bytes of a value, so that a mixture of two can be told */
static void value_bytes(u64 value, void *bytes)
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
				 number(l), v[0], v[i]);
	return v[0];
}

/* does anybody keep the resource in use for certain, but for @not? */
static bool in_use(const struct sim_lock *not)
{
	const struct sim_lock *l;

	for (l = not->s->lock; l < not->s->lock + SIM_LOCKS; l++)
		if (l != not && l->name == not->name && l->held != IV && !l->unlocking &&
		    (l->life == SIM_LIVE || l->life == SIM_ORPHAN))
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

static void written(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	name->value = l->value;
	name->lost = false;
	name->invalid = false;
	name->fuzzy = false;
}

static void spoiled(struct sim_lock *l)
{
	struct sim_name *name = &l->s->name[l->name];

	name->invalid = true;
	name->fuzzy = true;
}

/* the lock goes: what becomes of the value block if it was the last? */
static void leaves(struct sim_lock *l)
{
	if (!in_use(l))
		l->s->name[l->name].lost = true;
}

/**
 * sim_values_in_doubt - masters may be lost
 * @s: the world
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
	}
	/* a strong lock whose program never read the value passes on what it has */
	for (l = s->lock; l < s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->has_buf && l->held > CR &&
		    l->value != s->name[l->name].value)
			s->name[l->name].fuzzy = true;
}

static void has_read(struct sim_lock *l, const struct dlm_lkb *lkb)
{
	struct sim_name *name = &l->s->name[l->name];
	u64 own = l->value;

	l->value = value_of(l, lkb->lvb);
	if (lkb->sbflags & DLM_SBF_VALNOTVALID) {
		l->s->cover->notvalid++;
		if (lkb->grmode > CR && !name->invalid && !troubled(l->s, l->name))
			sim_fail(l->s, "lock %d: value block not valid", number(l));
		return;
	}
	/* NL and CR may be held beside a writer */
	if (lkb->grmode <= CR || l->value == name->value || name->fuzzy ||
	    troubled(l->s, l->name))
		return;
	if (name->lost && (!l->value || l->value == own)) {
		name->fuzzy = true;
		return;
	}
	sim_fail(l->s, "lock %d reads %llu from \"%s\", not %llu", number(l), l->value,
		 sim_names[l->name], name->value);
}

/* --- what programs are told ---------------------------------------------- */

/* an operation that might have written is over */
static void clear_up(struct sim_lock *l)
{
	if (!l->fuzzy)
		return;
	l->fuzzy = false;
	l->s->name[l->name].fuzzy = true;
	l->s->name[l->name].invalid |= !!(l->flags & IVVALBLK);
}

static void free_slot(struct sim_lock *l)
{
	clear_up(l);
	l->h = NULL;
	l->life = SIM_FREE;
}

static void not_due(struct sim_lock *l, int status)
{
	sim_fail(l->s, "lock %d (%x) told %d, which is not due: pending %d%s%s", number(l),
		 l->id, status, l->pending, l->unlocking ? ", unlocking" : "",
		 l->cancelled ? ", cancelled" : "");
}

static void told_granted(struct sim_lock *l, const struct dlm_lkb *lkb)
{
	int from = l->held;

	if (l->pending == SIM_IDLE) {
		not_due(l, 0);
		return;
	}
	if (lkb->sbflags & DLM_SBF_DEMOTED) {
		l->s->cover->demoted++;
		from = NL;
		if (!(l->flags & CONVDEADLK))
			sim_fail(l->s, "lock %d was demoted", number(l));
	}
	if (lkb->sbflags & DLM_SBF_ALTMODE) {
		l->s->cover->altmode++;
		l->want = l->flags & ALTPR && l->want != PR ? PR : CW;
		if (!(l->flags & (ALTPR | ALTCW)))
			sim_fail(l->s, "lock %d has another mode", number(l));
	}
	if (lkb->grmode != l->want)
		sim_fail(l->s, "lock %d has mode %d, not %d", number(l), lkb->grmode,
			 l->want);
	if (l->flags & VALBLK && lkb->lvb && dlm_lvb_dir(from, l->want) == DLM_LVB_READ)
		has_read(l, lkb);
	if (!l->unlocking)
		clear_up(l);
	l->held = l->want;
	l->pending = SIM_IDLE;
	l->late |= l->cancelled;
	l->cancelled = false;
	l->s->dirty |= BIT(l->name);
}

/* the operation is over, without success */
static void told_refused(struct sim_lock *l, const struct dlm_lkb *lkb)
{
	bool request = l->pending == SIM_REQUEST;

	if (!l->unlocking)
		clear_up(l);
	l->pending = SIM_IDLE;
	l->late |= l->cancelled;
	l->cancelled = false;
	/* who unlocks it, too, is told of that as well */
	if (request && !l->unlocking) {
		leaves(l);
		free_slot(l);
	} else {
		l->held = lkb->grmode;
	}
}

static void told_unlocked(struct sim_lock *l)
{
	leaves(l);
	free_slot(l);
}

static bool was_due(const struct sim_lock *l, int status)
{
	switch (status) {
	case -EAGAIN:
		return l->pending && l->flags & NOQUEUE;
	case -EDEADLK:
		return (l->cancelled && l->cancel_as == status) ||
		       (l->pending == SIM_CONVERT &&
			!(l->flags & (NOQUEUE | CONVDEADLK | NODLCKWT)));
	case -DLM_ECANCEL:
		return l->cancelled && l->cancel_as == status;
	case -DLM_EUNLOCK:
		return l->unlocking;
	default:
		return false;
	}
}

static void count_told(struct sim *s, int status)
{
	static const int all[] = { 0, -EAGAIN, -EDEADLK, -DLM_ECANCEL, -DLM_EUNLOCK };
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i] == status)
			s->cover->told[i]++;
}

/* on its way out while its handle is still there: it may be told something before */
static bool is_purged(const struct sim_lock *l, const struct dlm_lkb *lkb)
{
	return l->life != SIM_LIVE && l->life != SIM_FREE && l->h && l->id == lkb->id;
}

static void on_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct sim_lock *l = slot_of(lkb);

	if (is_purged(l, lkb))
		return;
	if (l->life != SIM_LIVE || l->id != lkb->id) {
		sim_fail(l->s, "node %d: lock %x (slot %d) told %d after its end",
			 l->n->id, lkb->id, number(l), status);
		return;
	}
	dlm_fx_add(fx, &l->h->owner.sink);
	sim_say(l->s, "    node %d: lock %d (%x) told %d, holds %d, sb %x", l->n->id,
		number(l), l->id, status, lkb->grmode, lkb->sbflags);
	count_told(l->s, status);
	if (!status)
		told_granted(l, lkb);
	else if (!was_due(l, status))
		not_due(l, status);
	else if (status == -DLM_EUNLOCK)
		told_unlocked(l);
	else
		told_refused(l, lkb);
}

static void on_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	struct sim_lock *l = slot_of(lkb);

	if (is_purged(l, lkb))
		return;
	if (l->life != SIM_LIVE || l->id != lkb->id) {
		sim_fail(l->s, "lock %x blocks, after its end", lkb->id);
		return;
	}
	dlm_fx_add(fx, &l->h->owner.sink);
	if (!l->bast)
		sim_fail(l->s, "lock %d blocks, but does not want to know", number(l));
	if (mode < NL || mode > EX)
		sim_fail(l->s, "lock %d blocks mode %d", number(l), mode);
	l->s->cover->basts++;
}

static void on_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
}

static void on_accept(struct dlm_lkb *lkb, struct dlm_op *op)
{
	slot_of(lkb)->id = lkb->id;
}

static void on_unbind(struct dlm_lkb *lkb)
{
}

static u64 on_xid(const struct dlm_lkb *lkb)
{
	return 0;
}

static void on_free(struct dlm_lkb *lkb)
{
	kfree(container_of(lkb, struct sim_lkb, lkb));
}

static const struct dlm_lkb_ops sim_lkb_ops = {
	.bind		= on_bind,
	.accept		= on_accept,
	.complete	= on_complete,
	.blocking	= on_blocking,
	.unbind		= on_unbind,
	.xid		= on_xid,
	.free		= on_free,
};

/* --- handles ------------------------------------------------------------- */

static struct sim_handle *handle_of(struct dlm_sink *sink)
{
	return container_of(sink, struct sim_handle, owner.sink);
}

static void sink_get(struct dlm_sink *sink)
{
	handle_of(sink)->gets++;
}

static void sink_put(struct dlm_sink *sink)
{
	handle_of(sink)->gets--;
}

static void sink_flush(struct dlm_sink *sink)
{
}

static const struct dlm_sink_ops sink_ops = {
	.get	= sink_get,
	.put	= sink_put,
	.flush	= sink_flush,
};

static void handle_open(struct sim_node *n, struct sim_handle *h)
{
	dlm_ls_get(n->ls);
	dlm_owner_init(&h->owner, n->ls, &sink_ops);
	h->n = n;
	h->open = true;
	h->bast = sim_percent(n->s, 75);
	h->pid = 1 + sim_below(n->s, 5);
	h->gets = 0;
}

/**
 * sim_handles_open - programs open a node's new lockspace
 * @n: the node
 */
void sim_handles_open(struct sim_node *n)
{
	int i;

	for (i = 0; i < SIM_HANDLES; i++)
		handle_open(n, &n->handle[i]);
}

/* what becomes of a lock whose handle is closed (messages.md 14) */
static void abandon(struct sim_lock *l, bool purge)
{
	bool persistent = l->flags & PERSISTENT && !purge;

	/* the last word of a strong lock's holder is that its value block is not valid */
	if (!persistent)
		spoiled(l);
	leaves(l);
	l->doubt = l->pending == SIM_CONVERT &&
		   (l->flags & CONVDEADLK || dlm_convert_middle(l->held, l->want));
	if (persistent && !l->unlocking)
		l->life = SIM_ORPHAN;
	else
		l->life = SIM_GHOST;
	if (l->pending || l->unlocking)
		l->fuzzy = true;
	l->s->cover->orphans += l->life == SIM_ORPHAN && l->held != IV;
}

static void handle_close(struct sim_handle *h, bool dead)
{
	struct sim_lock *l;

	for (l = h->n->s->lock; l < h->n->s->lock + SIM_LOCKS; l++) {
		if (l->life != SIM_LIVE || l->h != h)
			continue;
		if (dead)
			free_slot(l);
		else
			abandon(l, false);
	}
	dlm_owner_close(&h->owner);
	for (l = h->n->s->lock; l < h->n->s->lock + SIM_LOCKS; l++)
		if (l->h == h)
			l->h = NULL;
	if (h->gets)
		sim_fail(h->n->s, "node %d: %d references on a closed handle", h->n->id,
			 h->gets);
	dlm_ls_put(h->owner.ls);
	h->open = false;
}

/**
 * sim_handles_close - all programs of a node end
 * @n: the node
 * @dead: its lockspace is gone already, with all locks
 */
void sim_handles_close(struct sim_node *n, bool dead)
{
	struct sim_lock *l;
	int i;

	for (i = 0; i < SIM_HANDLES; i++)
		if (n->handle[i].open)
			handle_close(&n->handle[i], dead);
	if (!dead)
		return;
	for (l = n->s->lock; l < n->s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->n == n)
			free_slot(l);
}

/**
 * sim_programs_end - a node is about to leave, its programs have no use for their locks
 * @n: the node; what its locks are told does not matter any more
 */
void sim_programs_end(struct sim_node *n)
{
	struct sim_lock *l;

	for (l = n->s->lock; l < n->s->lock + SIM_LOCKS; l++)
		if (l->life != SIM_FREE && l->n == n)
			l->life = SIM_GHOST;
}

/**
 * sim_reap - find out which orphans and abandoned locks are gone
 * @s: the world
 */
void sim_reap(struct sim *s)
{
	struct dlm_lkb *lkb;
	struct sim_lock *l;

	for (l = s->lock; l < s->lock + SIM_LOCKS; l++) {
		if (l->life != SIM_ORPHAN && l->life != SIM_GHOST)
			continue;
		lkb = dlm_lkb_lock(l->n->ls, l->id);
		if (lkb) {
			l->held = lkb->grmode;
			dlm_rsb_unlock(lkb->rsb);
		} else {
			leaves(l);
			spoiled(l);
			free_slot(l);
		}
	}
}

/* --- operations ---------------------------------------------------------- */

static void op_init(struct dlm_op *op, struct sim_lock *l, int mode, u32 flags)
{
	memset(op, 0xa5, sizeof(*op));
	op->ops = &sim_lkb_ops;
	op->owner = &l->h->owner;
	op->flags = flags;
	op->mode = mode;
	op->lkb_flags = DLM_LKB_USER | (l->h->bast ? DLM_LKB_BAST : 0);
	op->pid = l->h->pid;
	op->timeout_cs = 0;
	op->lvb_in = NULL;
	op->priv = l;
}

static u32 some_flags(struct sim *s)
{
	static const struct { u32 flag, percent; } all[] = {
		{ VALBLK, 55 }, { NOQUEUE, 20 }, { NOQUEUEBAST, 15 }, { PERSISTENT, 25 },
		{ HEADQUE, 5 }, { NOORDER, 5 }, { ALTPR, 4 }, { ALTCW, 4 }, { NODLCKWT, 15 },
	};
	u32 flags = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (sim_percent(s, all[i].percent))
			flags |= all[i].flag;
	return flags;
}

static int some_mode(struct sim *s)
{
	static const u8 often[] = { NL, CR, CW, PR, PW, EX, EX, PR, PW, NL };

	return often[sim_below(s, ARRAY_SIZE(often))];
}

/* the request before it is made: its completion may come before the call returns */
static void expect_request(struct sim_lock *l, int mode, u32 flags)
{
	l->life = SIM_LIVE;
	l->id = 0;
	l->pending = SIM_REQUEST;
	l->unlocking = false;
	l->cancelled = false;
	l->late = false;
	l->fuzzy = false;
	l->doubt = false;
	l->bast = l->h->bast;
	l->held = IV;
	l->want = mode;
	l->flags = flags;
	l->has_buf = flags & VALBLK;
	l->value = 0;
}

static void do_request(struct sim *s, struct sim_lock *l, struct sim_handle *h)
{
	int mode = some_mode(s), err;
	u32 flags = some_flags(s);
	struct sim_lkb *lkb;
	struct dlm_op op;

	if (mode == NL && !(flags & NOQUEUE) && sim_percent(s, 30))
		flags |= EXPEDITE;
	lkb = kzalloc(sizeof(*lkb), GFP_KERNEL);
	if (!lkb)
		return;
	lkb->to = l;
	l->s = s;
	l->n = h->n;
	l->h = h;
	l->name = sim_below(s, SIM_NAMES);
	expect_request(l, mode, flags);
	op_init(&op, l, mode, flags);
	sim_say(s, "node %d: lock %d request \"%s\" %d flags %x", h->n->id, number(l),
		sim_names[l->name], mode, flags);
	err = dlm_request(h->n->ls, &op, &lkb->lkb, sim_names[l->name],
			  strlen(sim_names[l->name]));
	if (err) {
		sim_fail(s, "lock %d: request: %d", number(l), err);
		kfree(lkb);
		free_slot(l);
	}
}

static void expect_convert(struct sim_lock *l, int mode, u32 flags)
{
	bool writes = dlm_lvb_dir(l->held, mode) == DLM_LVB_WRITE;

	l->has_buf |= !!(flags & VALBLK);
	if (writes && flags & IVVALBLK) {
		spoiled(l);
	} else if (writes && flags & VALBLK) {
		l->value = ++l->s->stamp;
		written(l);
	}
	/* granted in another mode it may be a write after all */
	if (l->held >= PW && flags & (ALTPR | ALTCW) && flags & (VALBLK | IVVALBLK)) {
		l->fuzzy = true;
		l->s->name[l->name].invalid |= !!(flags & IVVALBLK);
	}
	l->pending = SIM_CONVERT;
	l->want = mode;
	l->flags = flags;
	l->cancelled = false;
}

static void do_convert(struct sim *s, struct sim_lock *l)
{
	bool idle = l->pending == SIM_IDLE && !l->unlocking, down;
	int mode = some_mode(s), err;
	u32 flags = some_flags(s) | CONVERT;
	struct sim_name old = s->name[l->name];
	struct sim_lock before = *l;
	u64 bytes[T_LVBLEN / 8];
	struct dlm_op op;

	if (!(flags & NOQUEUE) && sim_percent(s, 15))
		flags |= CONVDEADLK;
	if (idle && dlm_quecvt_legal(l->held, mode) && sim_percent(s, 10))
		flags |= QUECVT;
	if (sim_percent(s, 4))
		flags |= IVVALBLK;
	down = idle && dlm_convert_down(l->held, mode);
	if (idle)
		expect_convert(l, mode, flags);
	op_init(&op, l, mode, flags);
	value_bytes(l->value, bytes);
	op.lvb_in = (void *)bytes;
	sim_say(s, "node %d: lock %d (%x) \"%s\" convert %d to %d flags %x value %llu",
		l->n->id, number(l), l->id, sim_names[l->name], before.held, mode, flags,
		l->value);
	err = dlm_convert(l->n->ls, &op, l->id);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		s->name[l->name] = old;
		if (idle && (err != -EBUSY || !l->late))
			sim_fail(s, "lock %d: convert: %d", number(l), err);
	} else if (!idle) {
		sim_fail(s, "lock %d: convert was accepted", number(l));
	} else if (down && l->pending) {
		sim_fail(s, "lock %d: conversion down has to wait", number(l));
	}
}

/* how an operation meets one that is under way */
static void count_overlaps(struct sim_lock *l)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(l->n->ls, l->id);
	int which = SIM_OVERLAPS;

	if (!lkb)
		return;
	if (lkb->flags & DLM_LKB_OVL_UNLOCK)
		which = lkb->wait_type == DLM_MSG_CONVERT ? SIM_OVL_UNLOCK_CONVERT :
			lkb->wait_type == DLM_MSG_CANCEL ? SIM_OVL_UNLOCK_CANCEL :
			lkb->wait_type ? SIM_OVL_UNLOCK_REQUEST : SIM_OVERLAPS;
	else if (lkb->flags & DLM_LKB_OVL_CANCEL)
		which = lkb->wait_type == DLM_MSG_CONVERT ? SIM_OVL_CANCEL_CONVERT :
			lkb->wait_type ? SIM_OVL_CANCEL_REQUEST : SIM_OVERLAPS;
	if (which != SIM_OVERLAPS)
		l->s->cover->overlap[which]++;
	dlm_rsb_unlock(lkb->rsb);
}

static void expect_unlock(struct sim_lock *l, u32 flags, bool idle)
{
	u32 all = l->flags | flags;

	if (!idle) {
		l->fuzzy |= !!(all & (VALBLK | IVVALBLK));
		if (flags & IVVALBLK)
			spoiled(l);
	} else if (l->held >= PW && all & IVVALBLK) {
		spoiled(l);
	} else if (l->held >= PW && all & VALBLK && l->has_buf) {
		written(l);
	}
	l->flags = all;
	l->unlocking = true;
	leaves(l);
}

static void do_unlock(struct sim *s, struct sim_lock *l, bool force)
{
	bool idle = l->pending == SIM_IDLE && !l->unlocking;
	struct sim_name old = s->name[l->name];
	struct sim_lock before = *l;
	struct dlm_op op;
	u32 flags = 0;
	int err;

	if (sim_percent(s, 30))
		flags |= VALBLK;
	if (sim_percent(s, 5))
		flags |= IVVALBLK;
	if (force)
		flags |= FORCEUNLOCK;
	if (!l->unlocking)
		expect_unlock(l, flags, idle);
	op_init(&op, l, IV, flags);
	sim_say(s, "node %d: lock %d (%x) \"%s\" unlock from %d flags %x value %llu",
		l->n->id, number(l), l->id, sim_names[l->name], before.held, flags, l->value);
	err = dlm_unlock_id(l->n->ls, &op, l->id);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		s->name[l->name] = old;
		if (idle && (force || err != -EBUSY || !l->late))
			sim_fail(s, "lock %d: unlock: %d", number(l), err);
		return;
	}
	if (before.unlocking)
		sim_fail(s, "lock %d: second unlock was accepted", number(l));
	if (l->life == SIM_LIVE)
		count_overlaps(l);
}

static void do_cancel(struct sim *s, struct sim_lock *l, int status)
{
	struct sim_lock before = *l;
	struct dlm_op op;
	int err;

	op_init(&op, l, IV, CANCEL);
	if (l->pending && !l->cancelled && !l->unlocking) {
		l->cancelled = true;
		l->cancel_as = status;
	}
	sim_say(s, "node %d: lock %d (%x) \"%s\" cancel", l->n->id, number(l), l->id,
		sim_names[l->name]);
	err = dlm_cancel_id(l->n->ls, &op, l->id, status);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		if (err != -EINVAL)
			sim_fail(s, "lock %d: cancel: %d", number(l), err);
	}
	if (!err && l->life == SIM_LIVE)
		count_overlaps(l);
}

static void do_close(struct sim *s, struct sim_handle *h)
{
	sim_say(s, "node %d: close handle %d", h->n->id, (int)(h - h->n->handle));
	handle_close(h, false);
	handle_open(h->n, h);
}

static void do_purge_own(struct sim *s, struct sim_handle *h)
{
	struct sim_lock *l;
	int err;

	sim_say(s, "node %d: purge handle %d", h->n->id, (int)(h - h->n->handle));
	for (l = s->lock; l < s->lock + SIM_LOCKS; l++)
		if (l->life == SIM_LIVE && l->h == h)
			abandon(l, true);
	err = dlm_owner_purge(&h->owner);
	if (err)
		sim_fail(s, "purge: %d", err);
}

/**
 * sim_purge - all orphans of a node go
 * @n: the node, running
 */
void sim_purge(struct sim_node *n)
{
	struct sim_lock *l;
	int err;

	sim_say(n->s, "node %d: purge", n->id);
	for (l = n->s->lock; l < n->s->lock + SIM_LOCKS; l++) {
		if (l->life != SIM_ORPHAN || l->n != n)
			continue;
		spoiled(l);
		leaves(l);
		l->life = SIM_GHOST;
	}
	err = dlm_orphans_purge(n->ls, 0);
	if (err)
		sim_fail(n->s, "purge: %d", err);
}

static void adopted(struct sim_lock *l, struct sim_handle *h, int mode, u32 flags)
{
	l->s->cover->adopted++;
	l->life = SIM_LIVE;
	l->h = h;
	l->held = mode;
	l->flags = flags;
	l->pending = SIM_IDLE;
	l->cancelled = false;
	l->unlocking = false;
	l->late = true;
}

static void do_adopt(struct sim *s, struct sim_handle *h)
{
	struct sim_lock tmp = { .h = h }, *l;
	int name = sim_below(s, SIM_NAMES), mode = some_mode(s), err;
	u32 flags = PERSISTENT | (sim_percent(s, 50) ? VALBLK : 0);
	struct dlm_op op;

	op_init(&op, &tmp, mode, flags);
	err = dlm_orphan_adopt(h->n->ls, &op, sim_names[name], strlen(sim_names[name]));
	if (err) {
		if (err != -ENOENT && err != -EAGAIN)
			sim_fail(s, "adopt: %d", err);
		return;
	}
	sim_say(s, "node %d: adopt %x \"%s\"", h->n->id, op.lkid, sim_names[name]);
	for (l = s->lock; l < s->lock + SIM_LOCKS; l++) {
		if (l->life == SIM_ORPHAN && l->n == h->n && l->id == op.lkid) {
			adopted(l, h, mode, flags);
			return;
		}
	}
	sim_fail(s, "adopted %x, which is no orphan", op.lkid);
}

static struct sim_lock *some_lock(struct sim *s, const struct sim_node *n, enum sim_life life)
{
	struct sim_lock *l, *found = NULL;
	unsigned int seen = 0;

	for (l = s->lock; l < s->lock + SIM_LOCKS; l++) {
		if (l->life != life || (life != SIM_FREE && l->n != n))
			continue;
		if (!sim_below(s, ++seen))
			found = l;
	}
	return found;
}

static void on_lock(struct sim *s, struct sim_lock *l)
{
	u32 what = sim_below(s, 100);

	if (what < 40)
		do_convert(s, l);
	else if (what < 70)
		do_unlock(s, l, false);
	else if (what < 88)
		do_cancel(s, l, sim_percent(s, 15) ? -EDEADLK : -DLM_ECANCEL);
	else
		do_unlock(s, l, true);
}

static void on_handle(struct sim *s, struct sim_node *n)
{
	struct sim_handle *h = &n->handle[sim_below(s, SIM_HANDLES)];
	u32 what = sim_below(s, 100);

	if (what < 40)
		do_close(s, h);
	else if (!sim_runs(n))
		return;
	else if (what < 50)
		do_purge_own(s, h);
	else if (what < 60)
		sim_purge(n);
	else
		do_adopt(s, h);
}

/**
 * sim_operation - some program does something
 * @s: the world
 */
void sim_operation(struct sim *s)
{
	struct sim_node *n = &s->n[sim_below(s, s->nodes)];
	struct sim_lock *l;

	if (!n->ls || n->leaving)
		return;
	if (sim_percent(s, 6)) {
		on_handle(s, n);
		return;
	}
	if (!sim_runs(n))
		return;
	l = some_lock(s, n, SIM_LIVE);
	if (l && s->calm && sim_percent(s, 80)) {
		do_unlock(s, l, false);
		return;
	}
	if (l && sim_percent(s, 65)) {
		on_lock(s, l);
		return;
	}
	l = some_lock(s, n, SIM_FREE);
	if (l)
		do_request(s, l, &n->handle[sim_below(s, SIM_HANDLES)]);
}
