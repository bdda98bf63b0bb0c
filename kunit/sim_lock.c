// SPDX-License-Identifier: GPL-2.0
/*
 * What the simulator's programs are told, and whether it was due.
 *
 * A slot knows what its program may believe: what it holds, what it waits for, what its
 * value block was.  Whatever the engine says is compared with that at once.
 */
#include <linux/slab.h>
#include "sim.h"

static struct sim_lock *slot_of(const struct dlm_lkb *lkb)
{
	return container_of(lkb, struct sim_lkb, lkb)->to;
}

/**
 * sim_number - a lock's number
 * @l: its slot
 *
 * Return: as in the story.
 */
int sim_number(const struct sim_lock *l)
{
	return l - l->s->lock;
}

/* --- what programs are told ---------------------------------------------- */

/**
 * sim_free_slot - a lock is no more
 * @l: its slot
 */
void sim_free_slot(struct sim_lock *l)
{
	sim_clear_up(l);
	l->h = NULL;
	l->life = SIM_FREE;
}

static void not_due(struct sim_lock *l, int status)
{
	sim_fail(l->s, "lock %d (%x) told %d, which is not due: pending %d%s%s", sim_number(l),
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
		l->s->w->cover->demoted++;
		from = NL;
		if (!(l->flags & CONVDEADLK))
			sim_fail(l->s, "lock %d was demoted", sim_number(l));
	}
	if (lkb->sbflags & DLM_SBF_ALTMODE) {
		l->s->w->cover->altmode++;
		l->want = l->flags & ALTPR && l->want != PR ? PR : CW;
		if (!(l->flags & (ALTPR | ALTCW)))
			sim_fail(l->s, "lock %d has another mode", sim_number(l));
	}
	if (lkb->grmode != l->want)
		sim_fail(l->s, "lock %d has mode %d, not %d", sim_number(l), lkb->grmode,
			 l->want);
	if (l->flags & VALBLK && lkb->lvb && dlm_lvb_dir(from, l->want) == DLM_LVB_READ)
		sim_has_read(l, lkb);
	if (!l->unlocking)
		sim_clear_up(l);
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
		sim_clear_up(l);
	l->pending = SIM_IDLE;
	l->late |= l->cancelled;
	l->cancelled = false;
	/* who unlocks it, too, is told of that as well */
	if (request && !l->unlocking) {
		sim_leaves(l);
		sim_free_slot(l);
	} else {
		l->held = lkb->grmode;
	}
}

static void told_unlocked(struct sim_lock *l)
{
	sim_leaves(l);
	sim_free_slot(l);
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
			s->w->cover->told[i]++;
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
			 l->n->id, lkb->id, sim_number(l), status);
		return;
	}
	dlm_fx_add(fx, &l->h->owner.sink);
	sim_say(l->s, "    node %d: lock %d (%x) told %d, holds %d, sb %x", l->n->id,
		sim_number(l), l->id, status, lkb->grmode, lkb->sbflags);
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
		sim_fail(l->s, "lock %d blocks, but does not want to know", sim_number(l));
	if (mode < NL || mode > EX)
		sim_fail(l->s, "lock %d blocks mode %d", sim_number(l), mode);
	l->s->w->cover->basts++;
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

const struct dlm_lkb_ops sim_lkb_ops = {
	.bind		= on_bind,
	.accept		= on_accept,
	.complete	= on_complete,
	.blocking	= on_blocking,
	.unbind		= on_unbind,
	.xid		= on_xid,
	.free		= on_free,
};

/* --- without an owner ------------------------------------------------------ */

/* an orphan that is none any more: only who asks for that may end it */
static void let_go(struct sim_lock *l)
{
	if (l->life != SIM_ORPHAN)
		return;
	if (l->held != IV && !l->doubt && !l->n->purged)
		sim_fail(l->s, "orphan %d (%x) of node %d ends", sim_number(l), l->id,
			 l->n->id);
	l->s->w->cover->purges += l->n->purged;
	sim_spoiled(l);
	l->life = SIM_GHOST;
}

/**
 * sim_reap - find out which orphans and abandoned locks are gone
 * @s: the lockspace
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
			if (lkb->flags & DLM_LKB_OVL_UNLOCK ||
			    lkb->wait_type == DLM_MSG_UNLOCK)
				let_go(l);
			dlm_rsb_unlock(lkb->rsb);
		} else {
			let_go(l);
			sim_leaves(l);
			sim_spoiled(l);
			sim_free_slot(l);
		}
	}
}
