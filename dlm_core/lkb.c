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
	count_completion(lkb->rsb->ls, status);
	if (lkb->owner)
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
	if (lkb->owner)
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
	rhashtable_remove_fast(&ls->lkbs, &lkb->id_node, lkb_params);
	call_rcu(&lkb->rcu, lkb_free_rcu);
}
