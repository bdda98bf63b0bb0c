// SPDX-License-Identifier: GPL-2.0
/*
 * Who is granted, and who is told to make room (lock-semantics.md 3, 5, 7).
 *
 * All functions work on one locked resource.  "Now" is the first look at a
 * request or conversion, "later" every look at one that is queued.
 */
#include <linux/list.h>
#include "engine.h"
#include "lockspace.h"

static bool is_conversion(const struct dlm_lkb *lkb)
{
	return lkb->grmode != DLM_LOCK_IV;
}

/**
 * dlm_excluded - does another lock hold what excludes a mode?
 * @lkb: the lock; what it holds itself does not count
 * @mode: the mode
 *
 * Context: resource locked.
 * Return: true if so.
 */
bool dlm_excluded(const struct dlm_lkb *lkb, int mode)
{
	const struct dlm_rsb *r = lkb->rsb;
	unsigned long in_the_way = r->modes & dlm_modes_conflicting(mode);

	/* the lock's own mode is not, if nobody else has it */
	if (lkb->grmode >= DLM_LOCK_CR && in_the_way & BIT(lkb->grmode) &&
	    dlm_rsb_held(r, lkb->grmode) == 1)
		in_the_way &= ~BIT(lkb->grmode);
	return in_the_way;
}

static bool is_first(const struct list_head *queue, const struct dlm_lkb *lkb)
{
	return queue->next == &lkb->queue;
}

/* rules a to j of lock-semantics.md 3, for one wanted mode */
static bool may_have(const struct dlm_lkb *lkb, int mode, bool now)
{
	const struct dlm_rsb *r = lkb->rsb;

	if ((lkb->exflags & DLM_LKF_EXPEDITE) && !is_conversion(lkb))
		return true;
	if (dlm_excluded(lkb, mode))
		return false;
	if (is_conversion(lkb)) {
		if (r->flags & DLM_RSB_RECOVER_GRANT)
			return true;
		if (now)
			return !(lkb->exflags & DLM_LKF_QUECVT) ||
			       list_empty(&r->convert);
		return (lkb->exflags & DLM_LKF_NOORDER) ||
		       is_first(&r->convert, lkb);
	}
	if (lkb->exflags & DLM_LKF_NOORDER)
		return true;
	if (!list_empty(&r->convert))
		return false;
	return now ? list_empty(&r->wait) : is_first(&r->wait, lkb);
}

/*
 * Conversion deadlock: somebody who waits with us cannot be served before we
 * give up what we hold.  Those ahead of us come first by order alone; those behind only
 * matter if we block each other.
 */
static bool in_conversion_deadlock(const struct dlm_lkb *lkb)
{
	const struct dlm_lkb *other;
	bool behind = false;

	list_for_each_entry(other, &lkb->rsb->convert, queue) {
		if (other == lkb) {
			behind = true;
			continue;
		}
		if (dlm_modes_compat(lkb->grmode, other->rqmode))
			continue;
		if (!behind || !dlm_modes_compat(other->grmode, lkb->rqmode))
			return true;
	}
	return false;
}

/**
 * dlm_alternative_mode - which other mode would do?
 * @lkb: lock with its wanted mode
 *
 * Return: the mode, DLM_LOCK_IV for none.
 */
int dlm_alternative_mode(const struct dlm_lkb *lkb)
{
	if ((lkb->exflags & DLM_LKF_ALTPR) && lkb->rqmode != DLM_LOCK_PR)
		return DLM_LOCK_PR;
	if ((lkb->exflags & DLM_LKF_ALTCW) && lkb->rqmode != DLM_LOCK_CW)
		return DLM_LOCK_CW;
	return DLM_LOCK_IV;
}

/*
 * Can the lock be granted, if need be in its alternative mode (which then becomes the
 * wanted one)?  @err is -EDEADLK if a conversion deadlock is in the way; a
 * lock that asked for it is demoted to NL instead.
 */
static bool can_grant(struct dlm_lkb *lkb, bool now, int *err)
{
	int alt;

	*err = 0;
	if (may_have(lkb, lkb->rqmode, now))
		return true;

	if (is_conversion(lkb) && !(lkb->exflags & DLM_LKF_NOQUEUE) &&
	    in_conversion_deadlock(lkb)) {
		if (lkb->exflags & DLM_LKF_CONVDEADLK) {
			dlm_lkb_hold(lkb, DLM_LOCK_NL);
			lkb->sbflags |= DLM_SBF_DEMOTED;
		} else {
			*err = -EDEADLK;
		}
		return false;
	}

	alt = dlm_alternative_mode(lkb);
	if (alt == DLM_LOCK_IV || !may_have(lkb, alt, now))
		return false;
	lkb->rqmode = alt;
	lkb->sbflags |= DLM_SBF_ALTMODE;
	return true;
}

/**
 * dlm_grant_now - can a new request or conversion be granted at once?
 * @lkb: the lock, not queued for this operation yet
 * @err: -EDEADLK if it would deadlock with a queued conversion, else 0
 *
 * May set an alternative wanted mode (DLM_SBF_ALTMODE), or demote the lock
 * (DLM_SBF_DEMOTED).
 *
 * Context: resource locked.
 * Return: true if dlm_grant() may be called.
 */
bool dlm_grant_now(struct dlm_lkb *lkb, int *err)
{
	return can_grant(lkb, true, err);
}

/**
 * dlm_grant - give a lock the mode it wants
 * @lkb: lock that can be granted
 *
 * Moves the value block, forgets which blocking callbacks were told.  Does
 * not complete the operation.
 *
 * Context: resource locked.
 */
void dlm_grant(struct dlm_lkb *lkb)
{
	dlm_lvb_on_grant(lkb);
	dlm_lkb_hold(lkb, lkb->rqmode);
	lkb->rqmode = DLM_LOCK_IV;
	lkb->highbast = DLM_LOCK_NL;
	dlm_lkb_move(lkb, DLM_LKSTS_GRANTED);
}

/*
 * There was no memory to tell somebody, so nothing was changed: the pass ends here and
 * is repeated later.  What was done so far is not done again: locks are off their
 * queues, holders have their @highbast.
 */
static void put_off(struct dlm_rsb *r)
{
	r->flags |= DLM_RSB_GRANT_OWED;
	dlm_owe(r, 0);
}

static void grant_queued(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	dlm_grant(lkb);
	dlm_lkb_complete(lkb, fx, 0);
}

static void blocked_by(const struct dlm_lkb *lkb, int *high, bool *cw)
{
	if (lkb->rqmode > *high)
		*high = lkb->rqmode;
	if (lkb->rqmode == DLM_LOCK_CW)
		*cw = true;
}

static bool wants_bast(const struct dlm_lkb *lkb)
{
	return lkb->flags & DLM_LKB_BAST;
}

/* a NODLCKWT lock that sits in a deadlock is told what it is waiting for */
static void tell_deadlock(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (!wants_bast(lkb) || !(lkb->exflags & DLM_LKF_NODLCKWT) ||
	    lkb->highbast >= lkb->rqmode)
		return;
	if (!dlm_can_tell(lkb, fx)) {
		put_off(lkb->rsb);
		return;
	}
	lkb->highbast = lkb->rqmode;
	dlm_lkb_blocking(lkb, fx, lkb->rqmode);
}

/**
 * dlm_grant_converts - grant the queued conversions that can be granted
 * @r: the resource
 * @fx: effects
 * @high: raised to the highest mode that stays blocked
 * @cw: set if a lock that wants CW stays blocked
 *
 * A grant can make room for a conversion further ahead only if it was not
 * itself the first one (NOORDER, recovery) or came down (alternative mode), and a demotion
 * always can: then the scan starts again.
 *
 * Context: resource locked.
 * Return: true if any was granted.
 */
bool dlm_grant_converts(struct dlm_rsb *r, struct dlm_fx *fx,
			int *high, bool *cw)
{
	struct dlm_lkb *lkb, *next;
	bool granted = false, again, demoted, first;
	int err, top;
	bool want_cw;

	do {
		again = false;
		top = *high;
		want_cw = *cw;
		list_for_each_entry_safe(lkb, next, &r->convert, queue) {
			if (!dlm_can_tell(lkb, fx)) {
				put_off(r);
				return granted;
			}
			demoted = lkb->sbflags & DLM_SBF_DEMOTED;
			first = is_first(&r->convert, lkb);
			if (can_grant(lkb, false, &err)) {
				grant_queued(lkb, fx);
				granted = true;
				if (first)
					continue;
				again = true;
				break;
			}
			if (!demoted && (lkb->sbflags & DLM_SBF_DEMOTED)) {
				again = true;
				break;
			}
			if (err)
				tell_deadlock(lkb, fx);
			blocked_by(lkb, &top, &want_cw);
		}
	} while (again);

	*high = top;
	*cw = want_cw;
	return granted;
}

/* false if the pass ended early */
static bool grant_waiters(struct dlm_rsb *r, struct dlm_fx *fx,
			  int *high, bool *cw)
{
	struct dlm_lkb *lkb, *next;
	int err;

	list_for_each_entry_safe(lkb, next, &r->wait, queue) {
		if (!dlm_can_tell(lkb, fx)) {
			put_off(r);
			return false;
		}
		if (can_grant(lkb, false, &err))
			grant_queued(lkb, fx);
		else
			blocked_by(lkb, high, cw);
	}
	return true;
}

/* false if there is no memory to tell it */
static bool tell_holder(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode,
			int remember)
{
	if (!dlm_can_tell(lkb, fx)) {
		put_off(lkb->rsb);
		return false;
	}
	lkb->highbast = remember;
	dlm_lkb_blocking(lkb, fx, mode);
	return true;
}

/* after a grant pass: tell the holders the strongest mode that stays blocked */
static void tell_holders(struct dlm_rsb *r, struct dlm_fx *fx, int high, bool cw)
{
	struct dlm_lkb *lkb;

	list_for_each_entry(lkb, &r->granted, queue) {
		bool pr_cw = cw && lkb->grmode == DLM_LOCK_PR;

		if (!wants_bast(lkb))
			continue;
		if (pr_cw ? lkb->highbast >= DLM_LOCK_EX :
			    lkb->highbast >= high ||
			    dlm_modes_compat(lkb->grmode, high))
			continue;
		if (!tell_holder(lkb, fx, pr_cw && high == DLM_LOCK_PR ?
				 DLM_LOCK_CW : high, high))
			return;
	}
}

/**
 * dlm_grant_pending - grant what can be granted after something was given up
 * @r: the resource
 * @fx: effects
 *
 * Conversions first, then new requests in order, then blocking callbacks for
 * what stays blocked.
 *
 * Context: resource locked.
 */
void dlm_grant_pending(struct dlm_rsb *r, struct dlm_fx *fx)
{
	int high = DLM_LOCK_IV;
	bool cw = false;

	if (list_empty(&r->convert) && list_empty(&r->wait)) {
		r->flags &= ~DLM_RSB_RECOVER_GRANT;
		return;
	}
	dlm_grant_converts(r, fx, &high, &cw);
	if (r->flags & DLM_RSB_GRANT_OWED)
		return;
	r->flags &= ~DLM_RSB_RECOVER_GRANT;
	if (grant_waiters(r, fx, &high, &cw) && high > DLM_LOCK_IV)
		tell_holders(r, fx, high, cw);
}

/* must this holder be told that somebody wants @mode? */
static bool must_tell(const struct dlm_lkb *holder, int mode)
{
	if (!wants_bast(holder))
		return false;
	if (dlm_convert_middle(holder->grmode, mode))
		return holder->highbast < DLM_LOCK_EX;
	return holder->highbast < mode &&
	       !dlm_modes_compat(holder->grmode, mode);
}

static void bast_queue(struct list_head *queue, const struct dlm_lkb *lkb,
		       struct dlm_fx *fx)
{
	struct dlm_lkb *holder;

	list_for_each_entry(holder, queue, queue)
		if (holder != lkb && must_tell(holder, lkb->rqmode) &&
		    !tell_holder(holder, fx, lkb->rqmode, lkb->rqmode))
			return;
}

/**
 * dlm_bast_granted - tell the holders in the way of a lock that was queued
 * @lkb: the lock
 * @fx: effects
 *
 * Context: resource locked.
 */
void dlm_bast_granted(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	bast_queue(&lkb->rsb->granted, lkb, fx);
}

/**
 * dlm_bast_all - tell holders and converters in the way of a refused lock
 * @lkb: the lock, with its wanted mode
 * @fx: effects
 *
 * Without memory for a message the holders on other nodes that are left are not told: the lock
 * is not there any more when the pass is repeated.
 *
 * Context: resource locked.
 */
void dlm_bast_all(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	bast_queue(&lkb->rsb->granted, lkb, fx);
	bast_queue(&lkb->rsb->convert, lkb, fx);
}
