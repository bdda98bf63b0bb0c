// SPDX-License-Identifier: GPL-2.0
/*
 * What the master of a resource does with an operation.
 *
 * Each operation comes in two halves.  The first decides and returns what a
 * reply would carry; the caller then answers the requester; the second, the effects, deals
 * with everybody else.  The order matters: a requester must hear of its own
 * operation before it hears of what follows from it.
 *
 * All functions: resource locked.
 */
#include "engine.h"
#include "lockspace.h"

/**
 * dlm_master_request - decide on a new lock
 * @lkb: attached to its resource, on no queue, @rqmode set
 *
 * Return: 0 granted, -EINPROGRESS queued, -EAGAIN refused (NOQUEUE; the
 * caller ends the lock).
 */
int dlm_master_request(struct dlm_lkb *lkb)
{
	int err;

	if (dlm_grant_now(lkb, &err)) {
		dlm_grant(lkb);
		return 0;
	}
	if (lkb->exflags & DLM_LKF_NOQUEUE)
		return -EAGAIN;
	dlm_lkb_queue(lkb, DLM_LKSTS_WAITING);
	return -EINPROGRESS;
}

static void blocked_effects(struct dlm_lkb *lkb, struct dlm_fx *fx, int result)
{
	if (result == -EINPROGRESS)
		dlm_bast_granted(lkb, fx);
	else if (result == -EAGAIN && (lkb->exflags & DLM_LKF_NOQUEUEBAST))
		dlm_bast_all(lkb, fx);
}

/**
 * dlm_master_request_effects - second half of dlm_master_request()
 * @lkb: the lock, @rqmode still set if it was not granted
 * @fx: effects
 * @result: of the first half
 */
void dlm_master_request_effects(struct dlm_lkb *lkb, struct dlm_fx *fx,
				int result)
{
	blocked_effects(lkb, fx, result);
}

/**
 * dlm_master_convert - decide on a conversion
 * @lkb: granted lock with @rqmode set
 * @fx: effects (a demotion lets other conversions through first)
 *
 * Return: 0 granted, -EINPROGRESS queued, -EAGAIN refused (NOQUEUE), -EDEADLK
 * refused (conversion deadlock); a refused lock keeps its mode and its @rqmode,
 * which the caller clears after the effects.
 */
int dlm_master_convert(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	int err, high = DLM_LOCK_IV;
	bool cw = false;

	if (dlm_grant_now(lkb, &err)) {
		dlm_grant(lkb);
		return 0;
	}
	if (err && !(lkb->exflags & DLM_LKF_NODLCKWT))
		return err;
	if (lkb->sbflags & DLM_SBF_DEMOTED) {
		dlm_grant_converts(lkb->rsb, fx, &high, &cw);
		if (dlm_grant_now(lkb, &err)) {
			dlm_grant(lkb);
			return 0;
		}
	}
	if (lkb->exflags & DLM_LKF_NOQUEUE)
		return -EAGAIN;
	dlm_lkb_queue(lkb, DLM_LKSTS_CONVERT);
	return -EINPROGRESS;
}

/**
 * dlm_master_convert_effects - second half of dlm_master_convert()
 * @lkb: the lock, @rqmode still set if it was not granted
 * @fx: effects
 * @result: of the first half
 */
void dlm_master_convert_effects(struct dlm_lkb *lkb, struct dlm_fx *fx,
				int result)
{
	if (result)
		blocked_effects(lkb, fx, result);
	/* what a demoted lock held may be what a request with NOORDER waits for */
	if (!result || (result == -EINPROGRESS && lkb->sbflags & DLM_SBF_DEMOTED))
		dlm_grant_pending(lkb->rsb, fx);
}

/**
 * dlm_master_unlock - let a lock go
 * @lkb: lock on any queue; the caller ends it, then calls dlm_grant_pending()
 *
 * Return: -DLM_EUNLOCK.
 */
int dlm_master_unlock(struct dlm_lkb *lkb)
{
	dlm_lvb_on_unlock(lkb);
	return -DLM_EUNLOCK;
}

/**
 * dlm_master_cancel - stop a lock from waiting
 * @lkb: lock on any queue
 *
 * A conversion goes back to the grant queue with its old mode; a request is
 * to be ended by the caller.  If anything changed, the caller calls
 * dlm_grant_pending() afterwards.
 *
 * Return: -DLM_ECANCEL, or 0 if there was nothing to cancel.
 */
int dlm_master_cancel(struct dlm_lkb *lkb)
{
	switch (lkb->status) {
	case DLM_LKSTS_CONVERT:
		lkb->rqmode = DLM_LOCK_IV;
		dlm_lkb_move(lkb, DLM_LKSTS_GRANTED);
		return -DLM_ECANCEL;
	case DLM_LKSTS_WAITING:
		return -DLM_ECANCEL;
	default:
		return 0;
	}
}
