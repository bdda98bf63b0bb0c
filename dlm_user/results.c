// SPDX-License-Identifier: GPL-2.0
/*
 * A handle's locks and its queue: what the engine tells of a lock becomes
 * something that a program reads (user-abi.md 8).
 *
 * Completions are results that were made beforehand; they hold what was true when
 * they were queued.  Blocking callbacks carry nothing but a mode, so each
 * lock has one slot for them in itself: a callback that has not been read yet is
 * overtaken by the next one, which asks for at least as much.  Nothing is
 * allocated while a lock changes.
 */
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "user.h"

static struct kmem_cache *dlm_lock_cache __ro_after_init;
static struct kmem_cache *dlm_result_cache __ro_after_init;

static struct dlm_user_lock *to_lock(struct dlm_lkb *lkb)
{
	return container_of(lkb, struct dlm_user_lock, lkb);
}

static struct dlm_user_op *to_user_op(struct dlm_op *op)
{
	return container_of(op, struct dlm_user_op, op);
}

static struct dlm_user_proc *to_proc(struct dlm_owner *owner)
{
	return container_of(owner, struct dlm_user_proc, owner);
}

/* --- memory ------------------------------------------------------------- */

/**
 * dlm_result_get - a result for an operation to come
 * @proc: handle that asks
 *
 * Context: may sleep.
 * Return: the result, or NULL without memory.
 */
struct dlm_user_result *dlm_result_get(struct dlm_user_proc *proc)
{
	struct dlm_user_result *res = xchg(&proc->spare, NULL);

	return res ?: kmem_cache_alloc(dlm_result_cache, GFP_NOIO);
}

/**
 * dlm_result_put - a result is not needed any more
 * @proc: handle whose next operation may take it
 * @res: the result, or NULL
 */
void dlm_result_put(struct dlm_user_proc *proc, struct dlm_user_result *res)
{
	if (!res)
		return;
	if (READ_ONCE(proc->spare) || cmpxchg(&proc->spare, NULL, res))
		kmem_cache_free(dlm_result_cache, res);
}

static void free_reserved(struct dlm_user_lock *lock)
{
	struct dlm_user_result *res;

	while ((res = lock->reserved)) {
		lock->reserved = res->next;
		kmem_cache_free(dlm_result_cache, res);
	}
}

static void set_pointers(struct dlm_user_lock *lock,
			 const struct dlm_lock_params *params)
{
	lock->castaddr = (unsigned long)params->castaddr;
	lock->castparam = (unsigned long)params->castparam;
	lock->bastaddr = (unsigned long)params->bastaddr;
	lock->bastparam = (unsigned long)params->bastparam;
	lock->lksb = (unsigned long)params->lksb;
	lock->xid = params->xid;
}

/**
 * dlm_user_lock_alloc - make a lock for dlm_request()
 * @params: what the program wrote
 *
 * Context: may sleep.
 * Return: the lock, or NULL without memory.
 */
struct dlm_user_lock *dlm_user_lock_alloc(const struct dlm_lock_params *params)
{
	struct dlm_user_lock *lock;

	lock = kmem_cache_zalloc(dlm_lock_cache, GFP_NOIO);
	if (!lock)
		return NULL;
	lock->slot.slot = true;
	lock->slot.last_mode = DLM_LOCK_IV;
	lock->slot.told = DLM_LOCK_IV;
	set_pointers(lock, params);
	return lock;
}

/**
 * dlm_user_lock_free - free a lock that the engine does not have
 * @lock: the lock
 */
void dlm_user_lock_free(struct dlm_user_lock *lock)
{
	free_reserved(lock);
	kmem_cache_free(dlm_lock_cache, lock);
}

/* --- what the engine tells: resource locked ----------------------------- */

/* owner->lock held, slot pending */
static void fill_bast(struct dlm_user_result *res, const struct dlm_user_lock *lock)
{
	res->entry.slot = false;
	res->entry.bast_mode = lock->slot.bast_mode;
	res->entry.sbflags = 0;
	res->addr = lock->bastaddr;
	res->param = lock->bastparam;
	res->lksb = lock->lksb;
	res->lkid = lock->lkb.id;
	res->status = 0;
	res->entry.has_lvb = false;
}

/* takes a slot off its queue; owner->lock held */
static void slot_unlink(struct dlm_user_proc *proc, struct dlm_user_lock *lock)
{
	list_del(&lock->slot.node);
	WRITE_ONCE(proc->basts, proc->basts - 1);
	/* the slot's reader is done with the lock */
	smp_store_release(&lock->slot.pending, false);
}

/* a callback that waits keeps the pointers it arose with; owner->lock held */
static void slot_to_result(struct dlm_user_proc *proc, struct dlm_user_lock *lock,
			   struct dlm_user_op *uop)
{
	struct dlm_user_result *res = uop->extra;

	if (!res)
		return;
	uop->extra = NULL;
	fill_bast(res, lock);
	res->entry.seq = proc->seq;
	list_add(&res->entry.node, &lock->slot.node);
	slot_unlink(proc, lock);
}

static void change_pointers(struct dlm_user_lock *lock, struct dlm_user_op *uop)
{
	const struct dlm_lock_params *params = uop->params;

	if (uop->cmd == DLM_USER_LOCK) {
		set_pointers(lock, params);
		return;
	}
	lock->lksb = (unsigned long)params->lksb;
	if (params->castparam)
		lock->castparam = (unsigned long)params->castparam;
}

static bool pointers_differ(const struct dlm_user_lock *lock,
			    const struct dlm_user_op *uop)
{
	const struct dlm_lock_params *params = uop->params;

	return lock->lksb != (unsigned long)params->lksb ||
	       (uop->cmd == DLM_USER_LOCK &&
		(lock->bastaddr != (unsigned long)params->bastaddr ||
		 lock->bastparam != (unsigned long)params->bastparam));
}

/* even an operation that is refused leaves its pointers (user-abi.md 7.3) */
static void lock_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct dlm_user_lock *lock = to_lock(lkb);
	struct dlm_user_op *uop = to_user_op(op);
	struct dlm_user_proc *proc;

	if (uop->cmd == DLM_USER_DEADLOCK)
		return;
	/* only we set it, a reader clears it when it is done */
	if (!smp_load_acquire(&lock->slot.pending)) {
		change_pointers(lock, uop);
	} else {
		proc = to_proc(lkb->owner);
		spin_lock(&proc->owner.lock);
		if (lock->slot.pending && pointers_differ(lock, uop))
			slot_to_result(proc, lock, uop);
		change_pointers(lock, uop);
		spin_unlock(&proc->owner.lock);
	}
	if (op->flags & DLM_LKF_ORPHAN && !(op->flags & DLM_LKF_CONVERT))
		lock->slot.last_mode = lkb->grmode;
}

static void lock_accept(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct dlm_user_lock *lock = to_lock(lkb);
	struct dlm_user_op *uop = to_user_op(op);

	/* nobody hears of an orphan */
	if (!uop->result || !lkb->owner)
		return;
	uop->result->next = lock->reserved;
	lock->reserved = uop->result;
	uop->result = NULL;
}

static void fill_completion(struct dlm_user_result *res,
			    const struct dlm_user_lock *lock, int status, int prev)
{
	const struct dlm_lkb *lkb = &lock->lkb;

	res->entry.slot = false;
	res->entry.bast_mode = 0;
	res->entry.sbflags = lkb->sbflags;
	res->addr = lock->castaddr;
	res->param = lock->castparam;
	res->lksb = lock->lksb;
	res->lkid = lkb->id;
	res->status = status;
	res->entry.has_lvb = !status && lkb->lvb &&
		       dlm_lvb_dir(prev, lkb->grmode) != DLM_LVB_WRITE;
	if (res->entry.has_lvb)
		memcpy(res->lvb, lkb->lvb, DLM_USER_LVB_LEN);
}

static void lock_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct dlm_user_lock *lock = to_lock(lkb);
	struct dlm_user_proc *proc = to_proc(lkb->owner);
	struct dlm_user_result *res = lock->reserved;
	int prev = lock->slot.last_mode;

	lock->slot.last_mode = lkb->grmode;
	lock->slot.told = DLM_LOCK_IV;
	/* adopted while a conversion was under way that nobody asked to hear of */
	if (!res)
		return;
	lock->reserved = res->next;
	fill_completion(res, lock, status, prev);

	spin_lock(&proc->owner.lock);
	res->entry.seq = ++proc->seq;
	list_add_tail(&res->entry.node, &proc->queue);
	spin_unlock(&proc->owner.lock);
	dlm_fx_add(fx, &proc->owner.sink);
}

/*
 * The owner knows already that somebody wants @mode, or more.  More means above
 * PR: who makes room for PR has not made room for CW.
 */
static bool knows(const struct dlm_user_lock *lock, int mode)
{
	return lock->slot.told == mode ||
	       (lock->slot.told > mode && lock->slot.told > DLM_LOCK_PR);
}

static void lock_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	struct dlm_user_lock *lock = to_lock(lkb);
	struct dlm_user_proc *proc = to_proc(lkb->owner);
	struct dlm_user_entry *slot = &lock->slot;

	if (!lock->bastaddr || dlm_modes_compat(mode, lock->slot.last_mode) ||
	    knows(lock, mode))
		return;

	spin_lock(&proc->owner.lock);
	if (!slot->pending) {
		slot->bast_mode = mode;
		list_add_tail(&slot->node, &proc->queue);
		WRITE_ONCE(proc->basts, proc->basts + 1);
		slot->pending = true;
	} else if (lock->slot.told == DLM_LOCK_IV) {
		/* a completion lies between: what waits is out of date */
		slot->bast_mode = mode;
		list_move_tail(&slot->node, &proc->queue);
	} else if (slot->bast_mode < mode) {
		slot->bast_mode = mode;
	}
	lock->slot.told = slot->bast_mode;
	spin_unlock(&proc->owner.lock);
	dlm_fx_add(fx, &proc->owner.sink);
}

static void lock_unbind(struct dlm_lkb *lkb)
{
	struct dlm_user_lock *lock = to_lock(lkb);
	struct dlm_user_proc *proc = to_proc(lkb->owner);

	/* as in lock_bind(); afterwards no reader looks at the lock */
	if (smp_load_acquire(&lock->slot.pending)) {
		spin_lock(&proc->owner.lock);
		if (lock->slot.pending)
			slot_unlink(proc, lock);
		spin_unlock(&proc->owner.lock);
	}
	lock->slot.told = DLM_LOCK_IV;
	free_reserved(lock);
}

static u64 lock_xid(const struct dlm_lkb *lkb)
{
	return container_of(lkb, struct dlm_user_lock, lkb)->xid;
}

static void lock_free(struct dlm_lkb *lkb)
{
	dlm_user_lock_free(to_lock(lkb));
}

const struct dlm_lkb_ops dlm_user_lkb_ops = {
	.bind		= lock_bind,
	.accept		= lock_accept,
	.complete	= lock_complete,
	.blocking	= lock_blocking,
	.unbind		= lock_unbind,
	.xid		= lock_xid,
	.free		= lock_free,
};

/* --- handles ------------------------------------------------------------ */

static void proc_free(struct kref *ref)
{
	kfree(container_of(ref, struct dlm_user_proc, ref));
}

static void sink_get(struct dlm_sink *sink)
{
	kref_get(&container_of(sink, struct dlm_user_proc, owner.sink)->ref);
}

static void sink_put(struct dlm_sink *sink)
{
	kref_put(&container_of(sink, struct dlm_user_proc, owner.sink)->ref,
		 proc_free);
}

static void sink_flush(struct dlm_sink *sink)
{
	struct dlm_user_proc *proc =
		container_of(sink, struct dlm_user_proc, owner.sink);

	if (wq_has_sleeper(&proc->wait))
		wake_up_interruptible_poll(&proc->wait, EPOLLIN | EPOLLRDNORM);
}

static const struct dlm_sink_ops proc_sink_ops = {
	.get	= sink_get,
	.put	= sink_put,
	.flush	= sink_flush,
};

/**
 * dlm_proc_create - make the state of an open handle
 * @ls: its lockspace; the caller's reference goes with dlm_proc_close()
 * @dev: its device; likewise
 *
 * Context: may sleep for memory, under the misc core's mutex.
 * Return: the handle, or NULL without memory (the references stay with the caller).
 */
struct dlm_user_proc *dlm_proc_create(struct dlm_ls *ls, struct dlm_user_dev *dev)
{
	struct dlm_user_proc *proc;

	proc = kzalloc(sizeof(*proc), GFP_NOIO);
	if (!proc)
		return NULL;
	dlm_owner_init(&proc->owner, ls, &proc_sink_ops);
	kref_init(&proc->ref);
	INIT_LIST_HEAD(&proc->queue);
	init_waitqueue_head(&proc->wait);
	proc->dev = dev;
	return proc;
}

static void free_results(struct list_head *list)
{
	struct dlm_user_result *res, *next;

	list_for_each_entry_safe(res, next, list, entry.node)
		kmem_cache_free(dlm_result_cache, res);
}

/**
 * dlm_proc_close - the file is closed
 * @proc: its handle; gone for the caller afterwards
 *
 * Ends the handle's locks or makes orphans of them; what was not read is lost.
 *
 * Context: may sleep.
 */
void dlm_proc_close(struct dlm_user_proc *proc)
{
	dlm_owner_close(&proc->owner);
	/* no lock is left, so neither are slots, and nothing is queued any more */
	free_results(&proc->queue);
	if (proc->spare)
		kmem_cache_free(dlm_result_cache, proc->spare);
	dlm_ls_put(proc->owner.ls);
	dlm_dev_put(proc->dev);
	kref_put(&proc->ref, proc_free);
}

/* --- the queue, from the reader's side ---------------------------------- */

/**
 * dlm_queue_take - take the next thing to read
 * @proc: the handle
 * @bast: filled in and returned if that is a blocking callback
 *
 * Return: a result, which goes back by dlm_result_put() if it is not @bast;
 * NULL if there is nothing.
 */
struct dlm_user_result *dlm_queue_take(struct dlm_user_proc *proc,
				       struct dlm_user_result *bast)
{
	struct dlm_user_result *res = NULL;
	struct dlm_user_entry *entry;
	struct dlm_user_lock *lock;

	spin_lock(&proc->owner.lock);
	entry = list_first_entry_or_null(&proc->queue, struct dlm_user_entry,
					 node);
	if (entry && entry->slot) {
		lock = container_of(entry, struct dlm_user_lock, slot);
		fill_bast(bast, lock);
		slot_unlink(proc, lock);
		res = bast;
	} else if (entry) {
		res = container_of(entry, struct dlm_user_result, entry);
		list_del(&entry->node);
	}
	spin_unlock(&proc->owner.lock);
	return res;
}

/**
 * dlm_queue_put_back - something that was taken could not be read
 * @proc: the handle
 * @res: what dlm_queue_take() returned
 * @bast: its second argument
 *
 * A blocking callback becomes a result of its own, because its lock may be
 * gone; without memory for that it is lost.
 *
 * Context: may sleep.
 */
void dlm_queue_put_back(struct dlm_user_proc *proc, struct dlm_user_result *res,
			const struct dlm_user_result *bast)
{
	if (res == bast) {
		res = dlm_result_get(proc);
		if (!res)
			return;
		*res = *bast;
	}
	spin_lock(&proc->owner.lock);
	if (res->entry.bast_mode)
		res->entry.seq = proc->seq;
	list_add(&res->entry.node, &proc->queue);
	spin_unlock(&proc->owner.lock);
	/* others may have gone to sleep meanwhile */
	sink_flush(&proc->owner.sink);
}

/**
 * dlm_queue_mark - remember how far the queue goes now
 * @proc: the handle
 *
 * Return: for dlm_queue_forget().
 */
u32 dlm_queue_mark(struct dlm_user_proc *proc)
{
	u32 mark;

	spin_lock(&proc->owner.lock);
	mark = proc->seq;
	spin_unlock(&proc->owner.lock);
	return mark;
}

/**
 * dlm_queue_forget - drop what was there to be read
 * @proc: the handle
 * @mark: what was queued after this was taken stays
 */
void dlm_queue_forget(struct dlm_user_proc *proc, u32 mark)
{
	struct dlm_user_entry *entry, *next;
	LIST_HEAD(old);

	spin_lock(&proc->owner.lock);
	list_for_each_entry_safe(entry, next, &proc->queue, node)
		if (!entry->slot && (s32)(entry->seq - mark) <= 0)
			list_move(&entry->node, &old);
	spin_unlock(&proc->owner.lock);
	free_results(&old);
}

/* --- caches ------------------------------------------------------------- */

/**
 * dlm_results_init - make the slab caches
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_results_init(void)
{
	dlm_lock_cache = KMEM_CACHE(dlm_user_lock, 0);
	if (!dlm_lock_cache)
		return -ENOMEM;
	dlm_result_cache = KMEM_CACHE(dlm_user_result, 0);
	if (!dlm_result_cache) {
		kmem_cache_destroy(dlm_lock_cache);
		return -ENOMEM;
	}
	return 0;
}

/**
 * dlm_results_exit - undo dlm_results_init()
 */
void dlm_results_exit(void)
{
	/* locks are freed after an RCU grace period */
	rcu_barrier();
	kmem_cache_destroy(dlm_result_cache);
	kmem_cache_destroy(dlm_lock_cache);
}
