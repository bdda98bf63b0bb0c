// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of operations whose answer may never come (recovery.md 9.1, 9.5): in phase
 * DLM_PH_WAITERS they end, or are marked and sent again once masters are known.
 */
#include "engine.h"
#include "lockspace.h"

/*
 * The master that is gone may have demoted this conversion and granted another lock instead,
 * and nobody is left who could say so: the lock is taken as demoted.  Its owner allowed that.
 */
static void demote_in_doubt(struct dlm_lkb *lkb)
{
	if (!(lkb->exflags & DLM_LKF_CONVDEADLK) || lkb->grmode == DLM_LOCK_NL)
		return;
	dlm_lkb_hold(lkb, DLM_LOCK_NL);
	lkb->sbflags |= DLM_SBF_DEMOTED;
}

/* as if the master that is gone had answered */
static void end_waiting(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (lkb->status == DLM_LKSTS_CONVERT)
		demote_in_doubt(lkb);
	dlm_wait_cancelled(lkb, fx);
}

static void recover_overlap(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (lkb->flags & DLM_LKB_OVL_UNLOCK) {
		dlm_wait_unlocked(lkb, fx);
	} else if (lkb->flags & DLM_LKB_OVL_CANCEL) {
		lkb->flags &= ~DLM_LKB_OVL_CANCEL;
		/* unless it came too late */
		if (lkb->rqmode != DLM_LOCK_IV)
			end_waiting(lkb, fx);
		else
			lkb->cancel_as = 0;
	}
}

/**
 * dlm_waiter_recover - what becomes of an operation whose answer may never come
 * @lkb: any lock
 * @fx: effects
 * @gone: the node in @lkb->nodeid is not a member any more, or masters move (nodir)
 *
 * Ends it, or marks it (DLM_LKB_RESEND) for dlm_waiters_resend(). recovery.md 9.1.
 * The lock may end.
 *
 * Context: resource locked, the gate is shut and nobody inside.
 */
void dlm_waiter_recover(struct dlm_lkb *lkb, struct dlm_fx *fx, bool gone)
{
	if (lkb->flags & DLM_LKB_MSTCPY)
		return;
	if (lkb->wait_type == DLM_MSG_LOOKUP) {
		lkb->flags |= DLM_LKB_RESEND;
		return;
	}
	if (!gone)
		return;
	lkb->wait_count = lkb->wait_type ? 1 : 0;
	switch (lkb->wait_type) {
	case DLM_MSG_CONVERT:
		demote_in_doubt(lkb);
		fallthrough;
	case DLM_MSG_REQUEST:
		lkb->flags |= DLM_LKB_RESEND;
		break;
	case DLM_MSG_UNLOCK:
		dlm_wait_unlocked(lkb, fx);
		break;
	case DLM_MSG_CANCEL:
		dlm_wait_end(lkb);
		if (lkb->flags & DLM_LKB_OVL_UNLOCK)
			dlm_wait_unlocked(lkb, fx);
		else if (lkb->status != DLM_LKSTS_GRANTED)
			end_waiting(lkb, fx);
		break;
	default:
		recover_overlap(lkb, fx);
		break;
	}
}

/**
 * dlm_waiter_answered - its answer is among what was stored, and comes too late
 * @lkb: lock on a queue of a resource that gets a new master; the one before is a member, and
 *	has no lock of ours on it
 * @fx: effects
 *
 * What was stored goes by who the master is.  The lock ends if that is what it waits for.
 *
 * Context: resource locked, the gate is shut and nobody inside.
 */
void dlm_waiter_answered(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (lkb->flags & (DLM_LKB_MSTCPY | DLM_LKB_RESEND))
		return;
	if (lkb->wait_type == DLM_MSG_UNLOCK || (lkb->flags & DLM_LKB_OVL_UNLOCK))
		dlm_wait_unlocked(lkb, fx);
	else if (lkb->status == DLM_LKSTS_WAITING &&
		 (lkb->wait_type == DLM_MSG_CANCEL || (lkb->flags & DLM_LKB_OVL_CANCEL)))
		dlm_wait_cancelled(lkb, fx);
}

static void resend_convert(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	u16 overlap = lkb->flags & (DLM_LKB_OVL_CANCEL | DLM_LKB_OVL_UNLOCK);

	lkb->flags &= ~overlap;
	if (overlap & DLM_LKB_OVL_UNLOCK) {
		lkb->rqmode = DLM_LOCK_IV;
		if (dlm_lkb_remote(lkb))
			dlm_unlock_send(lkb, fx);
		else
			dlm_unlock_locked(lkb, fx, false);
	} else if (overlap) {
		dlm_wait_cancelled(lkb, fx);
	} else if (dlm_lkb_remote(lkb)) {
		dlm_convert_send(lkb, fx);
	} else {
		dlm_convert_here(lkb, fx);
	}
}

static void resend(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	lkb->wait_count = 0;
	lkb->wait_type = 0;
	lkb->flags &= ~DLM_LKB_RESEND;
	if (lkb->status != DLM_LKSTS_LOOKUP) {
		resend_convert(lkb, fx);
		return;
	}
	if (dlm_overlap_ends(lkb, fx))
		return;
	dlm_first_done(lkb);
	dlm_lkb_move(lkb, DLM_LKSTS_LOOKUP);
	dlm_owe(lkb->rsb, 0);
}

/**
 * dlm_waiters_resend - send what dlm_waiter_recover() marked
 * @ls: the lockspace, its masters known again
 * @fx: effects
 *
 * Requests go out by dlm_later_run().  recovery.md 9.5.
 *
 * Context: may sleep for memory; like a received message, as if inside the gate.
 * Return: 0, or -ENOMEM: call it again.
 */
int dlm_waiters_resend(struct dlm_ls *ls, struct dlm_fx *fx)
{
	return dlm_each_flagged(ls, DLM_LKB_RESEND, resend, fx);
}
