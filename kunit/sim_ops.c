// SPDX-License-Identifier: GPL-2.0
/*
 * The simulator's programs: their handles, and what they do with their locks.
 */
#include <linux/slab.h>
#include "sim.h"

/* names of different lengths, with different directory nodes */
const char * const sim_names[SIM_NAMES] = { "a", "second", "the third name", "4" };

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
	h->bast = sim_percent(n->s->w, 75);
	h->pid = 1 + sim_below(n->s->w, 5);
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
		sim_spoiled(l);
	sim_leaves(l);
	l->doubt = l->pending == SIM_CONVERT &&
		   (l->flags & CONVDEADLK || dlm_convert_middle(l->held, l->want));
	if (persistent && !l->unlocking)
		l->life = SIM_ORPHAN;
	else
		l->life = SIM_GHOST;
	if (l->pending || l->unlocking)
		l->fuzzy = true;
	l->s->w->cover->orphans += l->life == SIM_ORPHAN && l->held != IV;
}

static void handle_close(struct sim_handle *h, bool dead)
{
	struct sim_lock *l;

	for (l = h->n->s->lock; l < h->n->s->lock + SIM_LOCKS; l++) {
		if (l->life != SIM_LIVE || l->h != h)
			continue;
		if (dead)
			sim_free_slot(l);
		else
			abandon(l, false);
	}
	sim_deny(h->n->s->w, true);
	dlm_owner_close(&h->owner);
	sim_denied(h->n->s->w, SIM_NOMEM_CALL);
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
			sim_free_slot(l);
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
		if (sim_percent(s->w, all[i].percent))
			flags |= all[i].flag;
	return flags;
}

static int some_mode(struct sim *s)
{
	static const u8 often[] = { NL, CR, CW, PR, PW, EX, EX, PR, PW, NL };

	return often[sim_below(s->w, ARRAY_SIZE(often))];
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
	l->doomed = 0;
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
	bool denied;

	if (mode == NL && !(flags & NOQUEUE) && sim_percent(s->w, 30))
		flags |= EXPEDITE;
	lkb = kzalloc(sizeof(*lkb), GFP_KERNEL);
	if (!lkb)
		return;
	lkb->to = l;
	l->s = s;
	l->n = h->n;
	l->h = h;
	l->name = sim_below(s->w, SIM_NAMES);
	expect_request(l, mode, flags);
	op_init(&op, l, mode, flags);
	sim_say(s, "node %d: lock %d request \"%s\" %d flags %x", h->n->id, sim_number(l),
		sim_names[l->name], mode, flags);
	sim_deny(s->w, true);
	err = dlm_request(h->n->ls, &op, &lkb->lkb, sim_names[l->name],
			  strlen(sim_names[l->name]));
	denied = sim_denied(s->w, SIM_NOMEM_CALL);
	if (err) {
		sim_say(s, "    %d", err);
		if (err != -ENOMEM || !denied)
			sim_fail(s, "lock %d: request: %d", sim_number(l), err);
		kfree(lkb);
		sim_free_slot(l);
	}
}

static void expect_convert(struct sim_lock *l, int mode, u32 flags)
{
	bool writes = dlm_lvb_dir(l->held, mode) == DLM_LVB_WRITE;

	l->has_buf |= !!(flags & VALBLK);
	if (writes && flags & IVVALBLK) {
		sim_spoiled(l);
	} else if (writes && flags & VALBLK) {
		l->value = ++l->s->stamp;
		sim_written(l);
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
	bool idle = l->pending == SIM_IDLE && !l->unlocking, down, denied;
	int mode = some_mode(s), err;
	u32 flags = some_flags(s) | CONVERT;
	struct sim_name old = s->name[l->name];
	struct sim_lock before = *l;
	u64 bytes[T_LVBLEN / 8];
	struct dlm_op op;

	if (!(flags & NOQUEUE) && sim_percent(s->w, 15))
		flags |= CONVDEADLK;
	if (idle && dlm_quecvt_legal(l->held, mode) && sim_percent(s->w, 10))
		flags |= QUECVT;
	if (sim_percent(s->w, 4))
		flags |= IVVALBLK;
	down = idle && dlm_convert_down(l->held, mode);
	if (idle)
		expect_convert(l, mode, flags);
	op_init(&op, l, mode, flags);
	sim_value_bytes(l->value, bytes);
	op.lvb_in = (void *)bytes;
	sim_say(s, "node %d: lock %d (%x) \"%s\" convert %d to %d flags %x value %llu",
		l->n->id, sim_number(l), l->id, sim_names[l->name], before.held, mode, flags,
		l->value);
	sim_deny(s->w, true);
	err = dlm_convert(l->n->ls, &op, l->id);
	denied = sim_denied(s->w, SIM_NOMEM_CALL);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		s->name[l->name] = old;
		if (idle && (err != -EBUSY || !l->late) && (err != -ENOMEM || !denied))
			sim_fail(s, "lock %d: convert: %d", sim_number(l), err);
	} else if (!idle) {
		sim_fail(s, "lock %d: convert was accepted", sim_number(l));
	} else if (down && l->pending) {
		sim_fail(s, "lock %d: conversion down has to wait", sim_number(l));
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
		l->s->w->cover->overlap[which]++;
	dlm_rsb_unlock(lkb->rsb);
}

static void expect_unlock(struct sim_lock *l, u32 flags, bool idle)
{
	u32 all = l->flags | flags;

	if (!idle) {
		l->fuzzy |= !!(all & (VALBLK | IVVALBLK));
		if (flags & IVVALBLK)
			sim_spoiled(l);
	} else if (l->held >= PW && all & IVVALBLK) {
		sim_spoiled(l);
	} else if (l->held >= PW && all & VALBLK && l->has_buf) {
		sim_written(l);
	}
	l->flags = all;
	l->unlocking = true;
	sim_leaves(l);
}

static void do_unlock(struct sim *s, struct sim_lock *l, bool force)
{
	bool idle = l->pending == SIM_IDLE && !l->unlocking, denied;
	struct sim_name old = s->name[l->name];
	struct sim_lock before = *l;
	struct dlm_op op;
	u32 flags = 0;
	int err;

	if (sim_percent(s->w, 30))
		flags |= VALBLK;
	if (sim_percent(s->w, 5))
		flags |= IVVALBLK;
	if (force)
		flags |= FORCEUNLOCK;
	if (!l->unlocking)
		expect_unlock(l, flags, idle);
	op_init(&op, l, IV, flags);
	sim_say(s, "node %d: lock %d (%x) \"%s\" unlock from %d flags %x value %llu",
		l->n->id, sim_number(l), l->id, sim_names[l->name], before.held, flags, l->value);
	sim_deny(s->w, true);
	err = dlm_unlock_id(l->n->ls, &op, l->id);
	denied = sim_denied(s->w, SIM_NOMEM_CALL);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		s->name[l->name] = old;
		if (idle && (force || err != -EBUSY || !l->late) &&
		    (err != -ENOMEM || !denied))
			sim_fail(s, "lock %d: unlock: %d", sim_number(l), err);
		return;
	}
	if (before.unlocking)
		sim_fail(s, "lock %d: second unlock was accepted", sim_number(l));
	if (l->life == SIM_LIVE)
		count_overlaps(l);
}

static void do_cancel(struct sim *s, struct sim_lock *l, int status)
{
	struct sim_lock before = *l;
	struct dlm_op op;
	bool denied;
	int err;

	op_init(&op, l, IV, CANCEL);
	if (l->pending && !l->cancelled && !l->unlocking) {
		l->cancelled = true;
		l->cancel_as = status;
	}
	sim_say(s, "node %d: lock %d (%x) \"%s\" cancel", l->n->id, sim_number(l), l->id,
		sim_names[l->name]);
	sim_deny(s->w, true);
	err = dlm_cancel_id(l->n->ls, &op, l->id, status);
	denied = sim_denied(s->w, SIM_NOMEM_CALL);
	if (err) {
		sim_say(s, "    %d", err);
		*l = before;
		if (err != -EINVAL && (err != -ENOMEM || !denied))
			sim_fail(s, "lock %d: cancel: %d", sim_number(l), err);
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
	sim_deny(s->w, true);
	err = dlm_owner_purge(&h->owner);
	sim_denied(s->w, SIM_NOMEM_CALL);
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
		sim_spoiled(l);
		sim_leaves(l);
		l->life = SIM_GHOST;
	}
	sim_deny(n->s->w, true);
	err = dlm_orphans_purge(n->ls, 0);
	if (err == -ENOMEM && sim_denied(n->s->w, SIM_NOMEM_CALL))
		err = dlm_orphans_purge(n->ls, 0);
	sim_denied(n->s->w, SIM_NOMEM_CALL);
	if (err)
		sim_fail(n->s, "purge: %d", err);
}

/* which orphans of a node must go if a message to it arrives */
static void doom(struct sim_node *n, u32 pid)
{
	struct dlm_lkb *lkb;
	struct sim_lock *l;

	n->purged = true;
	for (l = n->s->lock; l < n->s->lock + SIM_LOCKS; l++) {
		if (l->life != SIM_ORPHAN || l->n != n)
			continue;
		lkb = dlm_lkb_lock(n->ls, l->id);
		if (!lkb)
			continue;
		if (lkb->flags & DLM_LKB_ORPHAN && (!pid || lkb->pid == pid)) {
			l->doomed = n->s->changes + 1;
			/* as sim_purge(), when the message arrives */
			sim_spoiled(l);
			sim_leaves(l);
		}
		dlm_rsb_unlock(lkb->rsb);
	}
}

/* one node wants the orphans of another to go */
static void do_purge_remote(struct sim *s, struct sim_node *n)
{
	struct sim_node *to = &s->n[sim_below(s->w, s->w->nodes)];
	u32 pid = sim_below(s->w, 3);
	int err;

	if (to == n || !to->ls || to->leaving)
		return;
	sim_say(s, "node %d: purge node %d pid %u", n->id, to->id, pid);
	sim_deny(s->w, true);
	err = dlm_purge_remote(n->ls, to->id, pid);
	if (sim_denied(s->w, SIM_NOMEM_CALL) && err == -ENOMEM)
		return;
	/* who has not begun with that recovery yet does not know the other */
	if (err && (err != -ENOBUFS || (s->daemon == SIM_D_IDLE && dlm_is_member(n->ls, to->id))))
		sim_fail(s, "purge: %d", err);
	if (!err)
		doom(to, pid);
}

static void adopted(struct sim_lock *l, struct sim_handle *h, int mode, u32 flags)
{
	l->s->w->cover->adopted++;
	l->life = SIM_LIVE;
	l->h = h;
	l->held = mode;
	l->flags = flags;
	l->pending = SIM_IDLE;
	l->cancelled = false;
	l->unlocking = false;
	l->doomed = 0;
	l->late = true;
}

static void do_adopt(struct sim *s, struct sim_handle *h)
{
	struct sim_lock tmp = { .h = h }, *l;
	int name = sim_below(s->w, SIM_NAMES), mode = some_mode(s), err;
	u32 flags = PERSISTENT | (sim_percent(s->w, 50) ? VALBLK : 0);
	struct dlm_op op;

	op_init(&op, &tmp, mode, flags);
	sim_deny(s->w, false);
	err = dlm_orphan_adopt(h->n->ls, &op, sim_names[name], strlen(sim_names[name]));
	sim_denied(s->w, SIM_NOMEM_CALL);
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
		if (!sim_below(s->w, ++seen))
			found = l;
	}
	return found;
}

static void on_lock(struct sim *s, struct sim_lock *l)
{
	u32 what = sim_below(s->w, 100);

	if (what < 40)
		do_convert(s, l);
	else if (what < 70)
		do_unlock(s, l, false);
	else if (what < 88)
		do_cancel(s, l, sim_percent(s->w, 15) ? -EDEADLK : -DLM_ECANCEL);
	else
		do_unlock(s, l, true);
}

static void on_handle(struct sim *s, struct sim_node *n)
{
	struct sim_handle *h = &n->handle[sim_below(s->w, SIM_HANDLES)];
	u32 what = sim_below(s->w, 100);

	if (what < 40)
		do_close(s, h);
	else if (!sim_runs(n))
		return;
	else if (what < 50)
		do_purge_own(s, h);
	else if (what < 60)
		sim_purge(n);
	else if (what < 70)
		do_purge_remote(s, n);
	else
		do_adopt(s, h);
}

/**
 * sim_operation - some program does something
 * @s: the world
 */
void sim_operation(struct sim *s)
{
	struct sim_node *n = &s->n[sim_below(s->w, s->w->nodes)];
	struct sim_lock *l;

	if (!n->ls || n->leaving)
		return;
	if (sim_percent(s->w, 6)) {
		on_handle(s, n);
		return;
	}
	if (!sim_runs(n))
		return;
	l = some_lock(s, n, SIM_LIVE);
	if (l && s->w->calm && sim_percent(s->w, 80)) {
		do_unlock(s, l, false);
		return;
	}
	if (l && sim_percent(s->w, 65)) {
		on_lock(s, l);
		return;
	}
	l = some_lock(s, n, SIM_FREE);
	if (l)
		do_request(s, l, &n->handle[sim_below(s->w, SIM_HANDLES)]);
}
