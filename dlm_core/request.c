// SPDX-License-Identifier: GPL-2.0
/*
 * The requester's side of every operation: checks, current flags, reserves,
 * and the way from a program's call to the master and back to its completion.
 *
 * With the master on this node the way is a function call: no message, no
 * work item, no allocation beyond the lock itself.  Only when the resource is locked
 * can one tell where its master is; an operation that lacks the packet it needs
 * then, or room in the master's queue, lets go, gets it, and looks again.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <dlm/trace.h>
#include <dlm/transport.h>
#include "engine.h"
#include "lockspace.h"

#define UNLOCK_FLAGS	(DLM_LKF_CANCEL | DLM_LKF_VALBLK | \
			 DLM_LKF_IVVALBLK | DLM_LKF_FORCEUNLOCK)

/**
 * dlm_lock_check_flags - are a request's or conversion's flags possible?
 * @flags: DLM_LKF_*
 * @mode: wanted mode, any number
 *
 * Implements the "EINVAL" rows of lock-semantics.md 4.
 * Return: 0 or -EINVAL.
 */
int dlm_lock_check_flags(u32 flags, int mode)
{
	bool convert = flags & DLM_LKF_CONVERT;

	if (mode < DLM_LOCK_NL || mode > DLM_LOCK_EX)
		return -EINVAL;
	if (flags & DLM_LKF_CANCEL)
		return -EINVAL;
	if ((flags & DLM_LKF_QUECVT) && !convert)
		return -EINVAL;
	if ((flags & DLM_LKF_CONVDEADLK) &&
	    (!convert || (flags & DLM_LKF_NOQUEUE)))
		return -EINVAL;
	if ((flags & DLM_LKF_EXPEDITE) &&
	    (convert || (flags & (DLM_LKF_QUECVT | DLM_LKF_NOQUEUE)) ||
	     mode != DLM_LOCK_NL))
		return -EINVAL;
	return 0;
}

/**
 * dlm_unlock_check_flags - are an unlock's or cancel's flags possible?
 * @flags: DLM_LKF_*
 *
 * Return: 0 or -EINVAL.
 */
int dlm_unlock_check_flags(u32 flags)
{
	if (flags & ~UNLOCK_FLAGS)
		return -EINVAL;
	if ((flags & DLM_LKF_CANCEL) && (flags & DLM_LKF_FORCEUNLOCK))
		return -EINVAL;
	return 0;
}

/*
 * Value block buffers that @lkb's next grants or its unlock may write, as bits
 * of what is missing.  They are there before the operation is accepted: a
 * later grant must not fail for want of memory.
 */
#define NEED_LKB_LVB	0x1
#define NEED_RSB_LVB	0x2

static int reserve_lvbs(struct dlm_ls *ls, struct dlm_op *op, int need)
{
	if ((need & NEED_LKB_LVB) && !op->lkb_lvb) {
		op->lkb_lvb = kzalloc(ls->lvblen, GFP_NOIO);
		if (!op->lkb_lvb)
			return -ENOMEM;
	}
	if ((need & NEED_RSB_LVB) && !op->rsb_lvb) {
		op->rsb_lvb = kzalloc(ls->lvblen, GFP_NOIO);
		if (!op->rsb_lvb)
			return -ENOMEM;
	}
	return 0;
}

static void free_reserves(struct dlm_op *op)
{
	dlm_rsb_free_reserved(op->rsb);
	kfree(op->rsb_lvb);
	kfree(op->lkb_lvb);
	kfree(op->watch);
}

/* enter the lockspace for one operation */
static int op_begin(struct dlm_ls *ls, struct dlm_op *op, int need, bool watch)
{
	int err;

	op->fx = (struct dlm_fx){ };
	op->lkb_lvb = NULL;
	op->rsb_lvb = NULL;
	op->watch = NULL;
	op->rsb = NULL;
	op->inside = true;

	err = reserve_lvbs(ls, op, need);
	if (!err && watch)
		err = dlm_watch_reserve(ls, op);
	if (!err)
		err = dlm_gate_enter(&ls->gate);
	if (err) {
		free_reserves(op);
		return err;
	}
	op->now = ktime_get_coarse();
	return 0;
}

static void op_end(struct dlm_ls *ls, struct dlm_op *op, int err)
{
	if (op->inside)
		dlm_gate_leave(&ls->gate);
	dlm_fx_flush(&op->fx);
	free_reserves(op);
	if (err)
		dlm_ls_count(ls, DLM_ST_REFUSED);
}

/* is there a packet for a message? */
static bool op_ready(const struct dlm_op *op)
{
	return op->fx.spare[0];
}

/*
 * Make op_ready() true, with no resource locked.  New requests, and conversions to what is not
 * weaker, wait while too much is queued for a node; what others may be waiting for does not.
 * Who has waited goes on, even if the queue is full again: he adds but one.
 */
static int op_get_ready(struct dlm_ls *ls, struct dlm_op *op, int nodeid,
			bool throttle)
{
	int err;

	err = dlm_fx_reserve(ls, &op->fx, 1, GFP_NOIO);
	if (err || !throttle || !dlm_comms_congested(ls->comms, nodeid))
		return err;
	/* nobody may sleep inside the gate for what a peer does */
	dlm_gate_leave(&ls->gate);
	op->inside = false;
	/* its master is chosen by the members of now */
	dlm_rsb_free_reserved(op->rsb);
	op->rsb = NULL;
	err = dlm_comms_wait_room(ls->comms, nodeid);
	if (!err)
		err = dlm_gate_enter(&ls->gate);
	op->inside = !err;
	return err;
}

/* buffers for value blocks that a conversion, unlock or cancel may still need */
static int lvbs_needed(const struct dlm_lkb *lkb, const struct dlm_op *op,
		       bool convert)
{
	u32 flags = op->flags | (convert ? 0 : lkb->exflags);
	int need = 0;

	if (!(flags & DLM_LKF_VALBLK))
		return 0;
	if (convert && !lkb->lvb && !op->lkb_lvb)
		need |= NEED_LKB_LVB;
	if (!dlm_lkb_remote(lkb) && !lkb->rsb->lvb && !op->rsb_lvb &&
	    (lkb->grmode >= DLM_LOCK_PW ||
	     (convert && op->mode >= DLM_LOCK_PW)))
		need |= NEED_RSB_LVB;
	return need;
}

/*
 * Find the lock of a conversion, unlock or cancel, and make sure that the
 * buffers and the packet are there which it may need.
 */
static struct dlm_lkb *op_lock(struct dlm_ls *ls, struct dlm_op *op, u32 lkid,
			       bool convert)
{
	struct dlm_lkb *lkb;
	bool send, throttle;
	int need, nodeid, err;

	for (;;) {
		lkb = dlm_lkb_lock(ls, lkid);
		if (!lkb)
			return ERR_PTR(-ENOENT);
		if (lkb->ops != op->ops) {
			dlm_rsb_unlock(lkb->rsb);
			return ERR_PTR(-EINVAL);
		}
		need = lvbs_needed(lkb, op, convert);
		nodeid = lkb->nodeid;
		/* others may be waiting for what a weaker mode lets through */
		throttle = convert && !dlm_convert_down(lkb->grmode, op->mode);
		send = dlm_lkb_remote(lkb) && !op_ready(op);
		if (!need && !send)
			return lkb;
		dlm_rsb_unlock(lkb->rsb);
		err = reserve_lvbs(ls, op, need);
		if (!err && send)
			err = op_get_ready(ls, op, nodeid, throttle);
		if (err)
			return ERR_PTR(err);
	}
}

static void use_rsb_lvb(struct dlm_rsb *r, struct dlm_op *op)
{
	if (r->lvb || !op->rsb_lvb)
		return;
	r->lvb = op->rsb_lvb;
	op->rsb_lvb = NULL;
}

/* the operation is accepted: it takes over the lock's flags and reserves */
static void op_apply(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct dlm_rsb *r = lkb->rsb;

	/* in a lock call FORCEUNLOCK means nothing and must not be remembered */
	lkb->exflags = op->flags & ~DLM_LKF_FORCEUNLOCK;
	lkb->rqmode = op->mode;
	lkb->sbflags = 0;
	lkb->pid = op->pid;
	lkb->since = op->now;
	lkb->timeout_cs = op->flags & DLM_LKF_TIMEOUT ? op->timeout_cs : 0;
	if (!lkb->lvb && op->lkb_lvb) {
		lkb->lvb = op->lkb_lvb;
		lkb->flags |= DLM_LKB_OWN_LVB;
		op->lkb_lvb = NULL;
	}
	if (lkb->lvb && op->lvb_in)
		memcpy(lkb->lvb, op->lvb_in, r->ls->lvblen);
	use_rsb_lvb(r, op);
	dlm_watch_adopt(lkb, op);
	lkb->ops->accept(lkb, op);
}

/**
 * dlm_request_here - the master of a new lock is this node
 * @lkb: lock with its wanted mode, on no queue or on the lookup queue; may have ended
 *	on return
 * @fx: effects
 *
 * Context: resource locked.
 */
void dlm_request_here(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	int result;

	lkb->nodeid = 0;
	result = dlm_master_request(lkb);
	if (result != -EINPROGRESS)
		dlm_lkb_complete(lkb, fx, result);
	dlm_master_request_effects(lkb, fx, result);
	if (result == -EAGAIN)
		dlm_lkb_end(lkb);
}

static int request_locked(struct dlm_ls *ls, struct dlm_op *op,
			  struct dlm_lkb *lkb)
{
	const struct dlm_rsb *r = lkb->rsb;
	int err;

	err = dlm_lkb_publish(ls, lkb);
	if (err)
		return err;
	if (op->owner && !dlm_owner_add(op->owner, lkb)) {
		dlm_lkb_unpublish(ls, lkb);
		return -ESHUTDOWN;
	}
	op->lkid = lkb->id;
	trace_dlm_lock_start(ls->global_id, lkb->id, op->mode, op->flags,
			     r->name, r->len);
	op_apply(lkb, op);
	dlm_ls_count(ls, DLM_ST_REQUEST);

	if (r->nodeid)
		dlm_ask(lkb, &op->fx);
	else
		dlm_request_here(lkb, &op->fx);
	trace_dlm_lock_end(ls->global_id, op->lkid, op->mode, op->flags,
			   r->name, r->len, 0);
	return 0;
}

/* find the resource, locked, so that a request can go to its master */
static struct dlm_rsb *request_rsb(struct dlm_ls *ls, struct dlm_op *op,
				   const void *name, unsigned int len)
{
	struct dlm_rsb *r;
	int nodeid, err;

	for (;;) {
		r = dlm_rsb_lock(ls, op, name, len);
		if (IS_ERR(r))
			return r;
		dlm_rsb_activate(r);
		if (!dlm_must_send(r, &nodeid) || op_ready(op))
			return r;
		dlm_rsb_unlock(r);
		err = op_get_ready(ls, op, nodeid, true);
		if (err)
			return ERR_PTR(err);
	}
}

/**
 * dlm_request - ask for a new lock
 * @ls: the lockspace
 * @op: the operation; op->lkid is the new lock's id afterwards
 * @lkb: new lock of kind @op->ops, its own part filled in; belongs to the
 *	engine after success (freed through @op->ops->free when it ends)
 * @name: resource name, @len bytes of any value
 * @len: 0..DLM_RESNAME_MAXLEN, else -EINVAL
 *
 * The outcome comes by the lock's completion, which may run before this
 * returns.  lock-semantics.md 3, user-abi.md 7.3.
 *
 * Context: sleeps (killably) while the lockspace is stopped or the master's queue is
 * full, and for memory.
 * Return: 0, -EINVAL (flags, mode, name, owner is closing), -ENOMEM, -ENOENT
 * (lockspace is gone), -EINTR (killed while waiting).
 */
int dlm_request(struct dlm_ls *ls, struct dlm_op *op, struct dlm_lkb *lkb,
		const void *name, unsigned int len)
{
	struct dlm_rsb *r;
	int need = 0, err;

	err = dlm_lock_check_flags(op->flags, op->mode);
	if (err || len > DLM_RESNAME_MAXLEN || (op->flags & DLM_LKF_CONVERT))
		return -EINVAL;
	if (op->flags & DLM_LKF_VALBLK)
		need = op->mode >= DLM_LOCK_PW ? NEED_LKB_LVB | NEED_RSB_LVB :
						 NEED_LKB_LVB;
	err = op_begin(ls, op, need, true);
	if (err)
		return err;

	r = request_rsb(ls, op, name, len);
	if (IS_ERR(r)) {
		err = PTR_ERR(r);
	} else {
		dlm_lkb_init(lkb, op->ops, r, op->lkb_flags);
		err = request_locked(ls, op, lkb);
		dlm_rsb_unlock(r);
	}
	op_end(ls, op, err);
	if (err == -ESHUTDOWN) {
		/* it could be found by id for a moment; the caller frees it */
		synchronize_rcu();
		err = -EINVAL;
	}
	return err;
}

/**
 * dlm_convert_here - a lock that this node masters wants another mode
 * @lkb: granted lock with its wanted mode
 * @fx: effects
 *
 * Context: resource locked.
 */
void dlm_convert_here(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	int result = dlm_master_convert(lkb, fx);

	if (result != -EINPROGRESS)
		dlm_lkb_complete(lkb, fx, result);
	dlm_master_convert_effects(lkb, fx, result);
	if (result == -EAGAIN || result == -EDEADLK)
		lkb->rqmode = DLM_LOCK_IV;
}

static int convert_locked(struct dlm_ls *ls, struct dlm_op *op,
			  struct dlm_lkb *lkb)
{
	lkb->ops->bind(lkb, op);
	if (lkb->status != DLM_LKSTS_GRANTED || dlm_remote_busy(lkb))
		return -EBUSY;
	if ((op->flags & DLM_LKF_QUECVT) &&
	    !dlm_quecvt_legal(lkb->grmode, op->mode))
		return -EINVAL;

	op_apply(lkb, op);
	dlm_ls_count(ls, DLM_ST_CONVERT);

	if (dlm_lkb_remote(lkb))
		dlm_convert_send(lkb, &op->fx);
	else
		dlm_convert_here(lkb, &op->fx);
	return 0;
}

/**
 * dlm_convert - ask for another mode of a lock
 * @ls: the lockspace
 * @op: the operation
 * @lkid: the lock
 *
 * Context: as dlm_request().
 * Return: 0, -EINVAL (flags, mode, illegal QUECVT pair, not this kind of
 * lock), -ENOENT (no such lock, or lockspace gone), -EBUSY (an operation on the
 * lock is unfinished), -ENOMEM, -EINTR. lock-semantics.md 4.
 */
int dlm_convert(struct dlm_ls *ls, struct dlm_op *op, u32 lkid)
{
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	int err;

	if (dlm_lock_check_flags(op->flags, op->mode) ||
	    !(op->flags & DLM_LKF_CONVERT))
		return -EINVAL;
	err = op_begin(ls, op, 0, true);
	if (err)
		return err;

	lkb = op_lock(ls, op, lkid, true);
	if (IS_ERR(lkb)) {
		err = PTR_ERR(lkb);
	} else {
		r = lkb->rsb;
		trace_dlm_lock_start(ls->global_id, lkid, op->mode, op->flags,
				     r->name, r->len);
		err = convert_locked(ls, op, lkb);
		trace_dlm_lock_end(ls->global_id, lkid, op->mode, op->flags,
				   r->name, r->len, err);
		dlm_rsb_unlock(r);
	}
	op_end(ls, op, err);
	return err;
}

/**
 * dlm_unlock_locked - unlock a lock on any queue
 * @lkb: the lock; ended on return
 * @fx: effects
 * @silent: no completion for the owner
 *
 * Context: resource locked.
 */
void dlm_unlock_locked(struct dlm_lkb *lkb, struct dlm_fx *fx, bool silent)
{
	struct dlm_rsb *r = lkb->rsb;
	int status = dlm_master_unlock(lkb);

	if (!silent)
		dlm_lkb_complete(lkb, fx, status);
	dlm_lkb_end(lkb);
	dlm_grant_pending(r, fx);
}

/**
 * dlm_cancel_locked - cancel what a lock waits for
 * @lkb: the lock; may have ended on return
 * @fx: effects, with a packet if the lock is remote
 * @status: what the completion says
 *
 * Context: resource locked.
 * Return: 0, -EBUSY if there was nothing to cancel, -EINVAL if it is cancelled or unlocked
 * already.
 */
int dlm_cancel_locked(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct dlm_rsb *r = lkb->rsb;
	int err;

	if (dlm_lkb_remote(lkb)) {
		err = dlm_cancel_check(lkb);
		if (!err)
			dlm_cancel_send(lkb, fx, status);
		return err;
	}
	if (!dlm_master_cancel(lkb))
		return -EBUSY;
	dlm_lkb_complete(lkb, fx, status);
	if (lkb->status == DLM_LKSTS_WAITING)
		dlm_lkb_end(lkb);
	dlm_grant_pending(r, fx);
	return 0;
}

/*
 * What was accepted for the operation under way serves a cancel's completion, too:
 * only one of them comes.
 */
/* the deadlock command's FORCEUNLOCK must not pass for a forced unlock that is under way */
static u32 cancel_flags(const struct dlm_op *op)
{
	return (op->flags & ~DLM_LKF_FORCEUNLOCK) | DLM_LKF_CANCEL;
}

static int remote_unlock_op(struct dlm_ls *ls, struct dlm_op *op,
			    struct dlm_lkb *lkb, int status)
{
	int err;

	if (status) {
		err = dlm_cancel_check(lkb);
		if (err)
			return err == -EBUSY ? 0 : err;
		lkb->exflags |= cancel_flags(op);
		dlm_ls_count(ls, DLM_ST_CANCEL);
		dlm_cancel_send(lkb, &op->fx, status);
		return 0;
	}
	err = dlm_unlock_check(lkb, op->flags & DLM_LKF_FORCEUNLOCK);
	if (err)
		return err;
	lkb->exflags |= op->flags;
	lkb->sbflags = 0;
	lkb->ops->accept(lkb, op);
	dlm_ls_count(ls, DLM_ST_UNLOCK);
	dlm_unlock_send(lkb, &op->fx);
	return 0;
}

static int unlock_op(struct dlm_ls *ls, struct dlm_op *op, struct dlm_lkb *lkb,
		     int status)
{
	lkb->ops->bind(lkb, op);

	if (dlm_lkb_remote(lkb))
		return remote_unlock_op(ls, op, lkb, status);
	if (!status) {
		use_rsb_lvb(lkb->rsb, op);
		lkb->exflags |= op->flags;
		lkb->sbflags = 0;
		lkb->ops->accept(lkb, op);
		dlm_ls_count(ls, DLM_ST_UNLOCK);
		dlm_unlock_locked(lkb, &op->fx, false);
		return 0;
	}

	/* one effective cancel for each conversion */
	if (lkb->exflags & DLM_LKF_CANCEL)
		return -EINVAL;
	if (lkb->status == DLM_LKSTS_GRANTED)
		return 0;
	lkb->exflags |= cancel_flags(op);
	lkb->sbflags = 0;
	lkb->ops->accept(lkb, op);
	dlm_ls_count(ls, DLM_ST_CANCEL);
	dlm_cancel_locked(lkb, &op->fx, status);
	return 0;
}

static int unlock_or_cancel(struct dlm_ls *ls, struct dlm_op *op, u32 lkid,
			    int status)
{
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	int err;

	err = dlm_unlock_check_flags(op->flags);
	if (err)
		return err;
	err = op_begin(ls, op, 0, false);
	if (err)
		return err;

	lkb = op_lock(ls, op, lkid, false);
	if (IS_ERR(lkb)) {
		err = PTR_ERR(lkb);
	} else {
		r = lkb->rsb;
		trace_dlm_unlock_start(ls->global_id, lkid, op->flags,
				       r->name, r->len);
		err = unlock_op(ls, op, lkb, status);
		trace_dlm_unlock_end(ls->global_id, lkid, op->flags,
				     r->name, r->len, err);
		dlm_rsb_unlock(r);
	}
	op_end(ls, op, err);
	return err;
}

/**
 * dlm_unlock_id - unlock, forced or not
 * @ls: the lockspace
 * @op: the operation; flags VALBLK, IVVALBLK, FORCEUNLOCK
 * @lkid: the lock
 *
 * Context: as dlm_request().
 * Return: 0 (the completion says -DLM_EUNLOCK), -EINVAL (flags, not this kind
 * of lock, forced before), -EBUSY (not forced, and a master's answer is outstanding),
 * -ENOENT, -ENOMEM, -EINTR. lock-semantics.md 8.
 */
int dlm_unlock_id(struct dlm_ls *ls, struct dlm_op *op, u32 lkid)
{
	return unlock_or_cancel(ls, op, lkid, 0);
}

/**
 * dlm_cancel_id - cancel what a lock waits for
 * @ls: the lockspace
 * @op: the operation
 * @lkid: the lock
 * @status: what the completion says: -DLM_ECANCEL, or -EDEADLK for the
 *	deadlock command
 *
 * A lock that does not wait is left alone: 0 and no completion.
 *
 * Context: as dlm_request().
 * Return: 0, -EINVAL (flags, not this kind of lock, or cancelled before with
 * no conversion since), -ENOENT, -ENOMEM, -EINTR.
 */
int dlm_cancel_id(struct dlm_ls *ls, struct dlm_op *op, u32 lkid, int status)
{
	return unlock_or_cancel(ls, op, lkid, status);
}
