// SPDX-License-Identifier: GPL-2.0
/*
 * Lock value blocks (lock-semantics.md 6).
 *
 * The resource's buffer is reserved with the first lock or conversion that
 * may one day write it (see request.c), so nothing here can fail.
 */
#include <linux/string.h>
#include "engine.h"
#include "lockspace.h"

static void lvb_store(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	if (!lkb->lvb || !(lkb->exflags & DLM_LKF_VALBLK) || !r->lvb)
		return;
	memcpy(r->lvb, lkb->lvb, r->ls->lvblen);
	r->flags |= DLM_RSB_LVB;
	r->flags &= ~DLM_RSB_LVB_INVALID;
	lkb->lvbseq = ++r->lvbseq;
}

static void lvb_load(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	memcpy(lkb->lvb, r->lvb, r->ls->lvblen);
	lkb->lvbseq = r->lvbseq;
}

/**
 * dlm_lvb_on_grant - move the value block as a grant asks
 * @lkb: lock about to get @rqmode; its granted mode is still the old one
 *
 * Context: resource locked.
 */
void dlm_lvb_on_grant(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	switch (dlm_lvb_dir(lkb->grmode, lkb->rqmode)) {
	case DLM_LVB_READ:
		if (!lkb->lvb || !(lkb->exflags & DLM_LKF_VALBLK) ||
		    !(r->flags & DLM_RSB_LVB))
			return;
		lvb_load(lkb);
		break;
	case DLM_LVB_WRITE:
		if (lkb->exflags & DLM_LKF_IVVALBLK)
			r->flags |= DLM_RSB_LVB_INVALID;
		else
			lvb_store(lkb);
		return;
	case DLM_LVB_NONE:
		break;
	}
	if (r->flags & DLM_RSB_LVB_INVALID)
		lkb->sbflags |= DLM_SBF_VALNOTVALID;
}

/**
 * dlm_lvb_on_unlock - move the value block as an unlock asks
 * @lkb: lock about to go
 *
 * Context: resource locked.
 */
void dlm_lvb_on_unlock(struct dlm_lkb *lkb)
{
	if (lkb->grmode < DLM_LOCK_PW)
		return;
	if (lkb->exflags & DLM_LKF_IVVALBLK)
		lkb->rsb->flags |= DLM_RSB_LVB_INVALID;
	else
		lvb_store(lkb);
}
