// SPDX-License-Identifier: GPL-2.0
/*
 * Locks that wait too long: LKF_TIMEOUT and TIMEWARN (lock-semantics.md 9).
 *
 * Only locks that asked for it are watched, on a list per lockspace that is
 * looked through every scan_secs while it is not empty.
 */
#include <linux/slab.h>
#include "engine.h"
#include "lockspace.h"

/**
 * struct dlm_watch - a lock's place among the timed ones
 * @node: on ls->watched while the lock waits
 * @lkid: the lock
 * @round: scan that looked at it last
 * @warned: TIMEWARN was sent for this wait
 *
 * Belongs to the lock (lkb->watch), made with the operation that asks for it.
 * All but @lkid are guarded by ls->watch_lock.
 */
struct dlm_watch {
	struct list_head	node;
	u32			lkid;
	unsigned int		round;
	bool			warned;
};

static bool wants_watch(const struct dlm_ls *ls, u32 flags, u32 timeout_cs)
{
	if ((flags & DLM_LKF_TIMEOUT) && timeout_cs)
		return true;
	return (ls->exflags & DLM_LSFL_TIMEWARN) && !(flags & DLM_LKF_NODLCKWT);
}

/**
 * dlm_watch_reserve - make a watch for an operation if it may need one
 * @ls: the lockspace
 * @op: gets @watch
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dlm_watch_reserve(struct dlm_ls *ls, struct dlm_op *op)
{
	if (!wants_watch(ls, op->flags, op->timeout_cs))
		return 0;
	op->watch = kzalloc(sizeof(*op->watch), GFP_NOIO);
	if (!op->watch)
		return -ENOMEM;
	INIT_LIST_HEAD(&op->watch->node);
	return 0;
}

/**
 * dlm_watch_adopt - an accepted operation brings its watch, or drops it
 * @lkb: the lock, not waiting
 * @op: the operation
 *
 * Context: resource locked.
 */
void dlm_watch_adopt(struct dlm_lkb *lkb, struct dlm_op *op)
{
	swap(lkb->watch, op->watch);
	if (lkb->watch)
		lkb->watch->lkid = lkb->id;
}

/**
 * dlm_watch_start - the lock begins to wait
 * @lkb: the lock
 *
 * Context: resource locked.
 */
void dlm_watch_start(struct dlm_lkb *lkb)
{
	struct dlm_ls *ls = lkb->rsb->ls;
	struct dlm_watch *w = lkb->watch;

	if (!w)
		return;
	spin_lock(&ls->watch_lock);
	if (list_empty(&ls->watched))
		queue_delayed_work(dlm_wq, &ls->watch_work,
				   ls->node->config.scan_secs * HZ);
	w->warned = false;
	w->round = ls->watch_round;
	list_move_tail(&w->node, &ls->watched);
	spin_unlock(&ls->watch_lock);
}

/**
 * dlm_watch_stop - the lock does not wait any more
 * @lkb: the lock
 *
 * Context: resource locked.
 */
void dlm_watch_stop(struct dlm_lkb *lkb)
{
	struct dlm_ls *ls = lkb->rsb->ls;

	if (!lkb->watch)
		return;
	spin_lock(&ls->watch_lock);
	list_del_init(&lkb->watch->node);
	spin_unlock(&ls->watch_lock);
}

/**
 * dlm_watch_free - the lock ends
 * @lkb: the lock, not watched
 *
 * Context: resource locked.
 */
void dlm_watch_free(struct dlm_lkb *lkb)
{
	kfree(lkb->watch);
	lkb->watch = NULL;
}

static void fill_warning(struct dlm_timewarn *w, const struct dlm_lkb *lkb)
{
	const struct dlm_rsb *r = lkb->rsb;

	w->ls_id = r->ls->global_id;
	w->nodeid = r->nodeid;
	w->pid = lkb->pid;
	w->lkid = lkb->id;
	w->remid = lkb->remid;
	w->xid = lkb->ops->xid(lkb);
	w->status = lkb->status;
	w->grmode = lkb->grmode;
	w->rqmode = lkb->rqmode;
	w->len = r->len;
	memcpy(w->name, r->name, r->len);
}

/* the first wait of this lock that TIMEWARN has to be told of? */
static bool must_warn(struct dlm_ls *ls, const struct dlm_lkb *lkb, s64 waited_ms)
{
	bool warn;

	if (!(ls->exflags & DLM_LSFL_TIMEWARN) ||
	    (lkb->exflags & DLM_LKF_NODLCKWT) ||
	    waited_ms < ls->node->config.timewarn_cs * 10LL)
		return false;
	spin_lock(&ls->watch_lock);
	warn = !lkb->watch->warned;
	lkb->watch->warned = true;
	spin_unlock(&ls->watch_lock);
	return warn;
}

static void scan_lock(struct dlm_ls *ls, u32 lkid, ktime_t now)
{
	struct dlm_fx fx = { };
	struct dlm_timewarn w;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	bool warn = false;
	s64 waited_ms;

	/* to cancel it; the next scan comes */
	if (ls->comms && dlm_fx_reserve(ls, &fx, 1, GFP_NOIO))
		return;
	lkb = dlm_lkb_lock(ls, lkid);
	if (!lkb)
		goto out;
	r = lkb->rsb;
	if (lkb->watch && lkb->status != DLM_LKSTS_GRANTED) {
		waited_ms = ktime_ms_delta(now, lkb->since);
		warn = must_warn(ls, lkb, waited_ms);
		if (warn)
			fill_warning(&w, lkb);
		if (lkb->timeout_cs && waited_ms >= lkb->timeout_cs * 10LL)
			dlm_cancel_locked(lkb, &fx, -ETIMEDOUT);
	}
	dlm_rsb_unlock(r);
out:
	dlm_fx_flush(&fx);
	if (warn) {
		dlm_ls_count(ls, DLM_ST_TIMEWARN);
		if (ls->node->timewarn)
			ls->node->timewarn(&w);
	}
}

/**
 * dlm_watch_scan - look at all locks that are watched, once
 * @ls: the lockspace
 * @now: time
 *
 * Context: may sleep; inside the gate.
 */
void dlm_watch_scan(struct dlm_ls *ls, ktime_t now)
{
	struct dlm_watch *w;
	unsigned int round;
	u32 lkid;

	spin_lock(&ls->watch_lock);
	round = ++ls->watch_round;
	while ((w = list_first_entry_or_null(&ls->watched, struct dlm_watch,
					     node)) && w->round != round) {
		w->round = round;
		list_move_tail(&w->node, &ls->watched);
		lkid = w->lkid;
		spin_unlock(&ls->watch_lock);
		scan_lock(ls, lkid, now);
		cond_resched();
		spin_lock(&ls->watch_lock);
	}
	spin_unlock(&ls->watch_lock);
}

static void watch_work(struct work_struct *work)
{
	struct dlm_ls *ls = container_of(work, struct dlm_ls, watch_work.work);

	/* while stopped nobody waits for a lock, but for the recovery */
	if (dlm_gate_try_enter(&ls->gate)) {
		dlm_watch_scan(ls, ktime_get_coarse());
		dlm_gate_leave(&ls->gate);
	}
	spin_lock(&ls->watch_lock);
	if (!list_empty(&ls->watched))
		queue_delayed_work(dlm_wq, &ls->watch_work,
				   ls->node->config.scan_secs * HZ);
	spin_unlock(&ls->watch_lock);
}

/**
 * dlm_watch_init - prepare a lockspace's watch list
 * @ls: the lockspace
 */
void dlm_watch_init(struct dlm_ls *ls)
{
	spin_lock_init(&ls->watch_lock);
	INIT_LIST_HEAD(&ls->watched);
	INIT_DELAYED_WORK(&ls->watch_work, watch_work);
}

/**
 * dlm_watch_exit - stop scanning for good
 * @ls: lockspace without locks
 *
 * Context: sleeps.
 */
void dlm_watch_exit(struct dlm_ls *ls)
{
	cancel_delayed_work_sync(&ls->watch_work);
}
