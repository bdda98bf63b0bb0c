// SPDX-License-Identifier: GPL-2.0
/*
 * Master copies: the master's side of locks that other nodes hold.
 *
 * For the engine they are a kind of lock like any other; what their owner is told
 * travels.  The packet for that is reserved before the lock changes (dlm_can_tell()),
 * so nothing here can fail.
 */
#include <linux/slab.h>
#include "engine.h"
#include "lockspace.h"

static void mstcpy_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
}

static void mstcpy_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	/* whatever else happens to it is an answer to its holder */
	if (!status)
		dlm_send_reply(lkb, DLM_MSG_GRANT, 0, fx);
}

static void mstcpy_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	dlm_send_bast(lkb, mode, fx);
}

static void mstcpy_unbind(struct dlm_lkb *lkb)
{
}

static u64 mstcpy_xid(const struct dlm_lkb *lkb)
{
	return 0;
}

const struct dlm_lkb_ops dlm_mstcpy_ops = {
	.bind		= mstcpy_bind,
	.accept		= mstcpy_bind,
	.complete	= mstcpy_complete,
	.blocking	= mstcpy_blocking,
	.unbind		= mstcpy_unbind,
	.xid		= mstcpy_xid,
	.free		= dlm_mstcpy_free,
};

/**
 * dlm_mstcpy_alloc - memory for a master copy
 *
 * Context: may sleep.
 * Return: the lock, not attached to anything, or NULL.
 */
struct dlm_lkb *dlm_mstcpy_alloc(void)
{
	return kmalloc(sizeof(struct dlm_lkb), GFP_NOIO);
}

/**
 * dlm_mstcpy_free - give that memory back
 * @lkb: lock that nobody can find, or NULL
 */
void dlm_mstcpy_free(struct dlm_lkb *lkb)
{
	kfree(lkb);
}

/**
 * dlm_can_tell - can this lock's owner be told something now?
 * @lkb: any lock
 * @fx: effects; has a packet afterwards if one is needed
 *
 * Asked before a lock changes, so that the change can still be put off.
 *
 * Context: resource locked.
 * Return: false if there is no memory for a message.
 */
bool dlm_can_tell(const struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	return !(lkb->flags & DLM_LKB_MSTCPY) ||
	       !dlm_fx_reserve(lkb->rsb->ls, fx, 1, GFP_NOWAIT | __GFP_NOWARN);
}

/**
 * dlm_mstcpy_attach - make a new master copy part of its resource
 * @r: the resource, of which this node is, or is about to become, the master
 * @lkb: what dlm_mstcpy_alloc() returned
 * @nodeid: the holder
 * @remid: its id there
 *
 * The lock is published but on no queue; modes, flags and value block are the
 * caller's.
 *
 * Context: resource locked.
 * Return: 0 or -ENOMEM (@lkb stays the caller's).
 */
int dlm_mstcpy_attach(struct dlm_rsb *r, struct dlm_lkb *lkb, int nodeid,
		      u32 remid)
{
	memset(lkb, 0, sizeof(*lkb));
	dlm_lkb_init(lkb, &dlm_mstcpy_ops, r, DLM_LKB_MSTCPY);
	lkb->nodeid = nodeid;
	lkb->remid = remid;
	return dlm_lkb_publish(r->ls, lkb);
}

static bool mode_ok(int mode)
{
	return mode >= DLM_LOCK_IV && mode <= DLM_LOCK_EX;
}

/* modes that go with where the lock is */
static bool record_ok(const struct dlm_w_lock *rec)
{
	if (!mode_ok(rec->grmode) || !mode_ok(rec->rqmode))
		return false;
	switch (rec->status) {
	case DLM_LKSTS_GRANTED:
		return rec->grmode != DLM_LOCK_IV;
	case DLM_LKSTS_CONVERT:
		/* old kernels lose the mode of these two, which is found again */
		return rec->rqmode != DLM_LOCK_IV &&
		       (rec->grmode != DLM_LOCK_IV ||
			rec->rqmode == DLM_LOCK_PR || rec->rqmode == DLM_LOCK_CW);
	case DLM_LKSTS_WAITING:
		return rec->rqmode != DLM_LOCK_IV;
	default:
		return false;
	}
}

/**
 * dlm_mstcpy_recover - make a master copy of what a LOCK record says
 * @r: the resource
 * @lkb: what dlm_mstcpy_alloc() returned; the engine's after success
 * @nodeid: who sent the record
 * @rec: the record; modes and status are checked here
 * @lvb: lvblen bytes of the record's value block in memory of their own, which the lock
 *	takes over, or NULL
 *
 * A conversion keeps its place behind those that came before it.  Does
 * nothing about duplicates.
 *
 * Context: resource locked.
 * Return: 0, -EINVAL (the record makes no sense), -ENOMEM.
 */
int dlm_mstcpy_recover(struct dlm_rsb *r, struct dlm_lkb *lkb, int nodeid,
		       const struct dlm_w_lock *rec, char *lvb)
{
	/* who has this flag does not wait: it would overtake everybody */
	u32 exflags = le32_to_cpu(rec->exflags) & ~DLM_LKF_EXPEDITE;
	int err;

	if (!record_ok(rec))
		return -EINVAL;
	err = dlm_mstcpy_attach(r, lkb, nodeid, le32_to_cpu(rec->lkid));
	if (err)
		return err;
	/* an order that was lost anyway must not be turned round */
	lkb->exflags = exflags & ~DLM_LKF_HEADQUE;
	lkb->flags |= le32_to_cpu(rec->flags) & DLM_WIRE_FLAGS;
	if (rec->asts & DLM_WIRE_BAST)
		lkb->flags |= DLM_LKB_BAST;
	if (lvb) {
		lkb->lvb = lvb;
		lkb->flags |= DLM_LKB_OWN_LVB;
	}
	lkb->lvbseq = le32_to_cpu(rec->lvbseq);
	lkb->pid = le32_to_cpu(rec->ownpid);
	dlm_lkb_hold(lkb, rec->status == DLM_LKSTS_WAITING ? DLM_LOCK_IV : rec->grmode);
	lkb->rqmode = rec->status == DLM_LKSTS_GRANTED ? DLM_LOCK_IV : rec->rqmode;
	dlm_lkb_move(lkb, rec->status);
	lkb->exflags = exflags;
	return 0;
}
