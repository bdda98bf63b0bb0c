// SPDX-License-Identifier: GPL-2.0
/*
 * Locks: the table of ids, moving between queues, completion and end.
 *
 * There is no reference count.  A lock lives exactly as long as it is attached to
 * its resource; whoever has the resource locked may use it.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include "engine.h"
#include "lockspace.h"

static const struct rhashtable_params lkb_params = {
	.key_len	     = sizeof(u32),
	.key_offset	     = offsetof(struct dlm_lkb, id),
	.head_offset	     = offsetof(struct dlm_lkb, id_node),
	.automatic_shrinking = true,
};

/**
 * dlm_lkb_table_init - make a lockspace's table of lock ids
 * @ls: the lockspace
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_lkb_table_init(struct dlm_ls *ls)
{
	atomic_set(&ls->next_id, 0);
	return rhashtable_init(&ls->lkbs, &lkb_params);
}

/**
 * dlm_lkb_table_exit - destroy the table of lock ids, which must be empty
 * @ls: the lockspace
 */
void dlm_lkb_table_exit(struct dlm_ls *ls)
{
	WARN_ON_ONCE(atomic_read(&ls->lkbs.nelems));
	rhashtable_destroy(&ls->lkbs);
}

/**
 * dlm_lkb_count - number of locks in a lockspace
 * @ls: the lockspace
 *
 * Return: the number at some moment during the call.
 */
unsigned int dlm_lkb_count(struct dlm_ls *ls)
{
	return atomic_read(&ls->lkbs.nelems);
}

/**
 * dlm_lkb_init - a lock that is attached to nothing but its resource
 * @lkb: memory for it
 * @ops: its kind
 * @r: its resource
 * @flags: DLM_LKB_*
 */
void dlm_lkb_init(struct dlm_lkb *lkb, const struct dlm_lkb_ops *ops,
		  struct dlm_rsb *r, u16 flags)
{
	lkb->rsb = r;
	INIT_LIST_HEAD(&lkb->queue);
	lkb->ops = ops;
	lkb->owner = NULL;
	INIT_LIST_HEAD(&lkb->owner_node);
	lkb->watch = NULL;
	lkb->lvb = NULL;
	lkb->since = 0;
	lkb->timeout_cs = 0;
	lkb->remid = 0;
	lkb->nodeid = 0;
	lkb->exflags = 0;
	lkb->lvbseq = 0;
	lkb->pid = 0;
	lkb->grmode = DLM_LOCK_IV;
	lkb->rqmode = DLM_LOCK_IV;
	lkb->highbast = DLM_LOCK_NL;
	lkb->status = DLM_LKSTS_DEAD;
	lkb->sbflags = 0;
	lkb->wait_type = 0;
	lkb->flags = flags;
	lkb->wait_count = 0;
	lkb->tries = 0;
	lkb->cancel_as = 0;
}

/**
 * dlm_lkb_publish - give a lock its id and let it be found
 * @ls: the lockspace
 * @lkb: lock that is ready but for @id
 *
 * Ids go up and start again after DLM_LKID_MAX, so that a late message or a
 * forgotten id does not hit another lock.
 *
 * Context: resource locked.
 * Return: 0 or -ENOMEM.
 */
int dlm_lkb_publish(struct dlm_ls *ls, struct dlm_lkb *lkb)
{
	int err;

	do {
		lkb->id = atomic_inc_return(&ls->next_id) & DLM_LKID_MAX;
		if (!lkb->id)
			continue;
		err = rhashtable_lookup_insert_fast(&ls->lkbs, &lkb->id_node,
						    lkb_params);
	} while (!lkb->id || err == -EEXIST);
	return err ? -ENOMEM : 0;
}

/**
 * dlm_lkb_unpublish - undo dlm_lkb_publish() for a lock that was never queued
 * @ls: the lockspace
 * @lkb: the lock; somebody may still look at it until an RCU grace period is over
 *
 * Context: resource locked.
 */
void dlm_lkb_unpublish(struct dlm_ls *ls, struct dlm_lkb *lkb)
{
	rhashtable_remove_fast(&ls->lkbs, &lkb->id_node, lkb_params);
}

/**
 * dlm_lkb_lock_rsb - lock the resource of a lock that may be dying
 * @lkb: lock that cannot be freed: the caller is in an RCU read-side section
 *
 * Return: its resource, locked, or NULL if the lock has ended.
 */
struct dlm_rsb *dlm_lkb_lock_rsb(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	rsb_spin_lock(r);
	if (lkb->status != DLM_LKSTS_DEAD)
		return r;
	rsb_spin_unlock(r);
	return NULL;
}

/**
 * dlm_lkb_lock - find a lock by id and lock its resource
 * @ls: the lockspace
 * @id: any number
 *
 * Return: the lock with lkb->rsb locked, or NULL if there is none.
 */
struct dlm_lkb *dlm_lkb_lock(struct dlm_ls *ls, u32 id)
{
	struct dlm_lkb *lkb;

	rcu_read_lock();
	lkb = rhashtable_lookup(&ls->lkbs, &id, lkb_params);
	if (lkb && !dlm_lkb_lock_rsb(lkb))
		lkb = NULL;
	rcu_read_unlock();
	return lkb;
}

/* those that are not sent are in front of those whose answer is awaited */
static void queue_lookup(struct dlm_lkb *lkb)
{
	struct list_head *pos = lkb->rsb->lookup.prev;

	if (!lkb->wait_type)
		while (pos != &lkb->rsb->lookup &&
		       list_entry(pos, struct dlm_lkb, queue)->wait_type)
			pos = pos->prev;
	list_add(&lkb->queue, pos);
}

/**
 * dlm_lkb_move - put a lock on a queue of its resource
 * @lkb: the lock
 * @status: the queue; DLM_LKSTS_DEAD for none
 *
 * New entries go to the tail of the convert and wait queues, or to the head
 * with DLM_LKF_HEADQUE.
 *
 * Context: resource locked.
 */
void dlm_lkb_move(struct dlm_lkb *lkb, enum dlm_lkb_status status)
{
	struct dlm_rsb *r = lkb->rsb;
	struct list_head *queue;

	lockdep_assert_held(&r->lock);

	lkb->status = status;
	list_del_init(&lkb->queue);
	switch (status) {
	case DLM_LKSTS_GRANTED:
		list_add(&lkb->queue, &r->granted);
		return;
	case DLM_LKSTS_CONVERT:
		queue = &r->convert;
		break;
	case DLM_LKSTS_WAITING:
		queue = &r->wait;
		break;
	case DLM_LKSTS_LOOKUP:
		queue_lookup(lkb);
		return;
	default:
		return;
	}
	if (lkb->exflags & DLM_LKF_HEADQUE)
		list_add(&lkb->queue, queue);
	else
		list_add_tail(&lkb->queue, queue);
}

static void count_held(struct dlm_rsb *r, int mode, int by)
{
	if (mode < DLM_LOCK_CR)
		return;
	if (mode < DLM_LOCK_PW)
		r->held[mode - DLM_LOCK_CR] += by;
	else
		r->held_strong[mode - DLM_LOCK_PW] += by;
	if (dlm_rsb_held(r, mode))
		r->modes |= BIT(mode);
	else
		r->modes &= ~BIT(mode);
}

/**
 * dlm_lkb_hold - a lock's granted mode changes
 * @lkb: the lock
 * @mode: new mode, DLM_LOCK_IV for none
 *
 * The resource counts its locks by granted mode, so that nobody has to look at
 * all of them to know what excludes what.
 *
 * Context: resource locked.
 */
void dlm_lkb_hold(struct dlm_lkb *lkb, int mode)
{
	lockdep_assert_held(&lkb->rsb->lock);
	count_held(lkb->rsb, lkb->grmode, -1);
	lkb->grmode = mode;
	count_held(lkb->rsb, mode, 1);
}

/**
 * dlm_lkb_queue - make a lock wait
 * @lkb: the lock
 * @status: DLM_LKSTS_WAITING or DLM_LKSTS_CONVERT
 *
 * Context: resource locked.
 */
void dlm_lkb_queue(struct dlm_lkb *lkb, enum dlm_lkb_status status)
{
	dlm_lkb_move(lkb, status);
	dlm_watch_start(lkb);
	dlm_ls_count(lkb->rsb->ls, DLM_ST_QUEUED);
}

static void count_completion(struct dlm_ls *ls, int status)
{
	switch (status) {
	case 0:
		dlm_ls_count(ls, DLM_ST_GRANTED);
		break;
	case -EAGAIN:
		dlm_ls_count(ls, DLM_ST_EAGAIN);
		break;
	case -EDEADLK:
		dlm_ls_count(ls, DLM_ST_EDEADLK);
		break;
	case -DLM_ECANCEL:
		dlm_ls_count(ls, DLM_ST_ECANCEL);
		break;
	case -ETIMEDOUT:
		dlm_ls_count(ls, DLM_ST_ETIMEDOUT);
		break;
	}
}

/* nobody hears of an orphan */
static bool has_listener(const struct dlm_lkb *lkb)
{
	return lkb->owner || (lkb->flags & DLM_LKB_MSTCPY);
}

/**
 * dlm_lkb_complete - tell the owner that the outstanding operation ended
 * @lkb: the lock, in its new state
 * @fx: effects
 * @status: 0 or a negative number
 *
 * Context: resource locked.
 */
void dlm_lkb_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	dlm_watch_stop(lkb);
	if (!(lkb->flags & DLM_LKB_MSTCPY))
		count_completion(lkb->rsb->ls, status);
	if (has_listener(lkb))
		lkb->ops->complete(lkb, fx, status);
}

/**
 * dlm_lkb_blocking - tell the owner that its lock blocks another
 * @lkb: the lock
 * @fx: effects
 * @mode: what the other wants
 *
 * Context: resource locked.
 */
void dlm_lkb_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	dlm_ls_count(lkb->rsb->ls, DLM_ST_BAST);
	if (has_listener(lkb))
		lkb->ops->blocking(lkb, fx, mode);
}

static void lkb_free_rcu(struct rcu_head *rcu)
{
	struct dlm_lkb *lkb = container_of(rcu, struct dlm_lkb, rcu);

	if (lkb->flags & DLM_LKB_OWN_LVB)
		kfree(lkb->lvb);
	lkb->ops->free(lkb);
}

/**
 * dlm_lkb_end - end a lock
 * @lkb: the lock; memory stays until the end of the caller's RCU section or
 *	until the resource is unlocked, whichever is later
 *
 * Takes it off its queue, its owner and the id table.
 *
 * Context: resource locked.
 */
void dlm_lkb_end(struct dlm_lkb *lkb)
{
	struct dlm_ls *ls = lkb->rsb->ls;

	dlm_watch_stop(lkb);
	dlm_watch_free(lkb);
	dlm_owner_drop(lkb);
	dlm_lkb_move(lkb, DLM_LKSTS_DEAD);
	dlm_lkb_hold(lkb, DLM_LOCK_IV);
	dlm_first_done(lkb);
	rhashtable_remove_fast(&ls->lkbs, &lkb->id_node, lkb_params);
	call_rcu(&lkb->rcu, lkb_free_rcu);
}

/* --- all locks ---------------------------------------------------------- */

/**
 * dlm_lkb_walk - look at all locks
 * @ls: the lockspace
 * @fn: called for each lock, its resource locked; must not sleep, leaves it locked
 * @arg: for @fn
 *
 * Linear in their number.  If the table is resized meanwhile, @fn may see a lock
 * again.
 *
 * Context: may sleep between two locks.
 */
void dlm_lkb_walk(struct dlm_ls *ls, dlm_lkb_fn fn, void *arg)
{
	struct rhashtable_iter iter;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	rhashtable_walk_enter(&ls->lkbs, &iter);
	rhashtable_walk_start(&iter);
	while ((lkb = rhashtable_walk_next(&iter))) {
		if (IS_ERR(lkb))
			continue;
		r = dlm_lkb_lock_rsb(lkb);
		if (r) {
			fn(lkb, arg);
			dlm_rsb_unlock(r);
		}
		/* a walk that pauses at what was taken out passes over others */
		if (need_resched() && lkb->status != DLM_LKSTS_DEAD) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/* how many were found, or -ENOMEM */
static int flagged_pass(struct dlm_ls *ls, u16 flag, dlm_flagged_fn fn,
			struct dlm_fx *fx)
{
	struct rhashtable_iter iter;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	int err = 0, found = 0;

	rhashtable_walk_enter(&ls->lkbs, &iter);
	rhashtable_walk_start(&iter);
	while (!err && (lkb = rhashtable_walk_next(&iter))) {
		u32 id;

		if (IS_ERR(lkb) || !(READ_ONCE(lkb->flags) & flag))
			continue;
		found++;
		id = lkb->id;
		rhashtable_walk_stop(&iter);
		if (ls->comms)
			err = dlm_fx_reserve(ls, fx, 1, GFP_NOIO);
		lkb = err ? NULL : dlm_lkb_lock(ls, id);
		if (lkb) {
			r = lkb->rsb;
			if (lkb->flags & flag)
				fn(lkb, fx);
			dlm_rsb_unlock(r);
		}
		cond_resched();
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return err ?: found;
}

/**
 * dlm_each_flagged - do something about all locks with a flag, which takes messages
 * @ls: the lockspace
 * @flag: one of DLM_LKB_*
 * @fn: called with the resource locked and a packet at hand; clears the flag
 * @fx: effects
 *
 * Context: may sleep for memory.
 * Return: 0, or -ENOMEM: some are left.
 */
int dlm_each_flagged(struct dlm_ls *ls, u16 flag, dlm_flagged_fn fn,
		     struct dlm_fx *fx)
{
	int found;

	/* @fn may take locks out, and the walk then passes over others */
	do
		found = flagged_pass(ls, flag, fn, fx);
	while (found > 0);
	return found;
}
