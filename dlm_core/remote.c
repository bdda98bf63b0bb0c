// SPDX-License-Identifier: GPL-2.0
/*
 * The master's side of operations that other nodes ask for (messages.md 6 to 8).
 *
 * Each handler has the memory it may need before it locks the resource, checks, lets
 * master.c decide, and answers.  The answer takes its place in the requester's stream
 * before anything that follows from the operation (messages.md 3): a GRANT must not
 * overtake the "queued" it belongs to.
 */
#include <linux/slab.h>
#include "engine.h"
#include "lockspace.h"
#include "recv.h"

static bool mode_ok(int mode)
{
	return mode >= DLM_LOCK_NL && mode <= DLM_LOCK_EX;
}

/* --- memory ------------------------------------------------------------- */

/**
 * struct reserve - what a handler may need
 * @lkb: a master copy
 * @lkb_lvb: its value block buffer
 * @rsb_lvb: the resource's
 */
struct reserve {
	struct dlm_lkb	*lkb;
	char		*lkb_lvb;
	char		*rsb_lvb;
};

static void free_reserve(struct reserve *res)
{
	dlm_mstcpy_free(res->lkb);
	kfree(res->lkb_lvb);
	kfree(res->rsb_lvb);
}

static int reserve_lvbs(const struct dlm_ls *ls, struct reserve *res,
			bool lkb, bool rsb)
{
	if (lkb && !res->lkb_lvb)
		res->lkb_lvb = kzalloc(ls->lvblen, GFP_NOIO);
	if (rsb && !res->rsb_lvb)
		res->rsb_lvb = kzalloc(ls->lvblen, GFP_NOIO);
	return (lkb && !res->lkb_lvb) || (rsb && !res->rsb_lvb) ? -ENOMEM : 0;
}

static void use_reserve(struct dlm_lkb *lkb, struct reserve *res)
{
	struct dlm_rsb *r = lkb->rsb;

	if (!lkb->lvb && res->lkb_lvb) {
		lkb->lvb = res->lkb_lvb;
		lkb->flags |= DLM_LKB_OWN_LVB;
		res->lkb_lvb = NULL;
	}
	if (!r->lvb && res->rsb_lvb) {
		r->lvb = res->rsb_lvb;
		res->rsb_lvb = NULL;
	}
}

/* --- what a message says of a lock -------------------------------------- */

static void take_flags(struct dlm_lkb *lkb, const struct dlm_w_msg *msg)
{
	lkb->exflags = le32_to_cpu(msg->exflags);
	lkb->sbflags = le32_to_cpu(msg->sbflags) &
		       (DLM_SBF_DEMOTED | DLM_SBF_VALNOTVALID | DLM_SBF_ALTMODE);
	lkb->flags &= ~DLM_WIRE_FLAGS;
	lkb->flags |= le32_to_cpu(msg->flags) & DLM_WIRE_FLAGS;
}

static bool wants_lvb(const struct dlm_w_msg *msg)
{
	return le32_to_cpu(msg->exflags) & DLM_LKF_VALBLK;
}

/* 6.1 sends bytes that mean nothing as well */
static void take_lvb(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	if (wants_lvb(m->msg) && lkb->lvb)
		memcpy(lkb->lvb, m->msg->extra, dlm_recv_lvb(m));
}

/* --- REQUEST ------------------------------------------------------------ */

/* are locks of our own here that have another master? */
static bool has_process_copies(struct dlm_rsb *r)
{
	struct list_head *queues[] = { &r->granted, &r->convert, &r->wait };
	const struct dlm_lkb *lkb;
	int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		lkb = list_first_entry_or_null(queues[i], struct dlm_lkb, queue);
		if (lkb && dlm_lkb_remote(lkb))
			return true;
	}
	return false;
}

/*
 * May the sender have us as master? 0 or the reply (messages.md 6.1).  That the directory
 * node thinks that we are tells something only if it was the directory node when it said so:
 * what was stored may be older than the members, and by now it knows better.
 */
static int become_master(const struct dlm_recv *m, struct dlm_rsb *r, bool fresh)
{
	struct dlm_ls *ls = r->ls;
	int dir, from = m->nodeid;

	if (!r->nodeid)
		return 0;
	/* here we are not the directory node, or it names another master */
	dir = dlm_dir_nodeid(ls, r->name, r->len);
	if (ls->nodir || (from != dir && !fresh) || has_process_copies(r))
		return -ENOTBLK;
	if (from != dir || m->stored)
		return -EBADR;
	r->nodeid = 0;
	r->flags &= ~DLM_RSB_UNCERTAIN;
	return 0;
}

static void init_copy(struct dlm_lkb *lkb, const struct dlm_recv *m,
		      struct reserve *res)
{
	const struct dlm_w_msg *msg = m->msg;

	take_flags(lkb, msg);
	if (le32_to_cpu(msg->asts) & DLM_WIRE_BAST)
		lkb->flags |= DLM_LKB_BAST;
	lkb->pid = le32_to_cpu(msg->pid);
	lkb->rqmode = le32_to_cpu(msg->rqmode);
	use_reserve(lkb, res);
}

/* resource locked, and ours */
static int request_locked(const struct dlm_recv *m, struct dlm_rsb *r,
			  struct reserve *res)
{
	struct dlm_lkb *lkb = res->lkb;
	int result;

	if (dlm_mstcpy_attach(r, lkb, m->nodeid, le32_to_cpu(m->msg->lkid)))
		return -ENOMEM;
	res->lkb = NULL;
	dlm_rsb_activate(r);
	init_copy(lkb, m, res);
	result = dlm_master_request(lkb);
	dlm_send_reply(lkb, DLM_MSG_REQUEST_REPLY, result, m->fx);
	dlm_master_request_effects(lkb, m->fx, result);
	if (result == -EAGAIN)
		dlm_lkb_end(lkb);
	return 0;
}

static bool request_ok(const struct dlm_w_msg *msg)
{
	int mode = le32_to_cpu(msg->rqmode);

	return mode_ok(mode) &&
	       (mode == DLM_LOCK_NL ||
		!(le32_to_cpu(msg->exflags) & DLM_LKF_EXPEDITE));
}

static int request_reserve(const struct dlm_recv *m, struct reserve *res)
{
	bool lvb = wants_lvb(m->msg);
	int mode = le32_to_cpu(m->msg->rqmode);

	res->lkb = dlm_mstcpy_alloc();
	if (!res->lkb || reserve_lvbs(m->ls, res, lvb, lvb && mode >= DLM_LOCK_PW)) {
		free_reserve(res);
		return -ENOMEM;
	}
	return 0;
}

/*
 * Who asks us for what we do not know has that from a time when we did, and asks the
 * directory next.  If somebody asks for that name again, the directory has it from there, too:
 * its node may have been another when we forgot the resource.  Such a record must go, or
 * requests are sent here for ever.  Once too often does no harm: no LOOKUP of ours is under way
 * for what we do not know.
 */
static void turn_away(const struct dlm_recv *m, struct dlm_rsb *r, int err, bool fresh)
{
	u32 *last = &m->ls->turned_away[r->hash % DLM_TURNED_AWAY];

	dlm_send_error(m->ls, m->nodeid, m->msg, DLM_MSG_REQUEST_REPLY, err,
		       m->fx);
	if (err != -EBADR || !fresh)
		return;
	if (READ_ONCE(*last) == r->hash)
		dlm_send_remove(r, dlm_dir_nodeid(m->ls, r->name, r->len), m->fx);
	WRITE_ONCE(*last, r->hash);
}

/**
 * dlm_recv_request - another node wants a lock (messages.md 6)
 * @m: REQUEST, or LOOKUP for a resource that is mastered here
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_request(const struct dlm_recv *m)
{
	struct reserve res = { };
	struct dlm_op op = { };
	struct dlm_rsb *r;
	int err;

	if (dlm_fx_reserve(m->ls, m->fx, 2, GFP_NOIO))
		return -ENOMEM;
	if (!request_ok(m->msg)) {
		dlm_send_error(m->ls, m->nodeid, m->msg, DLM_MSG_REQUEST_REPLY,
			       -EINVAL, m->fx);
		return dlm_bad_msg(m, "request with a bad mode");
	}
	if (request_reserve(m, &res))
		return -ENOMEM;
	r = dlm_rsb_lock(m->ls, &op, m->msg->extra, m->tail);
	dlm_rsb_free_reserved(op.rsb);
	if (IS_ERR(r)) {
		free_reserve(&res);
		return PTR_ERR(r);
	}
	err = become_master(m, r, op.fresh);
	if (err)
		turn_away(m, r, err, op.fresh);
	else
		err = request_locked(m, r, &res);
	dlm_rsb_unlock(r);
	free_reserve(&res);
	return err == -ENOMEM ? err : 0;
}

/* --- operations on a lock ----------------------------------------------- */

/* what may be wrong with the lock an operation is about */
enum trouble {
	NONE,
	NO_LOCK,	/* answered by -ENOENT */
	NOT_YOURS,	/* not answered */
};

/*
 * Lock the resource of the lock that a message is about.  For a CANCEL the holder's id
 * is not compared.
 */
static enum trouble lock_copy(const struct dlm_recv *m, bool compare,
			      struct dlm_lkb **lkbp)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(m->ls, le32_to_cpu(m->msg->remid));
	enum trouble trouble = NONE;

	if (!lkb)
		return NO_LOCK;
	if (compare && lkb->remid != le32_to_cpu(m->msg->lkid))
		trouble = NO_LOCK;
	else if (!(lkb->flags & DLM_LKB_MSTCPY) || lkb->nodeid != m->nodeid)
		trouble = NOT_YOURS;
	if (trouble)
		dlm_rsb_unlock(lkb->rsb);
	*lkbp = lkb;
	return trouble;
}

static int no_lock(const struct dlm_recv *m, enum dlm_msg_type reply,
		   enum trouble trouble)
{
	if (trouble == NO_LOCK)
		dlm_send_error(m->ls, m->nodeid, m->msg, reply, -ENOENT, m->fx);
	return dlm_bad_msg(m, trouble == NO_LOCK ? "no such lock" :
						   "lock of another node");
}

/*
 * The same for an operation that may move a value block: with the buffers that
 * takes.  An unlock (@mode is DLM_LOCK_IV) without one has nothing to move if the lock never
 * had any.  Returns 0, a trouble, or -ENOMEM.
 */
static int lock_with_lvbs(const struct dlm_recv *m, int mode,
			  struct reserve *res, struct dlm_lkb **lkbp)
{
	enum trouble trouble;
	struct dlm_lkb *lkb;
	bool for_lkb, for_rsb;

	for (;;) {
		trouble = lock_copy(m, true, lkbp);
		if (trouble || !wants_lvb(m->msg))
			return trouble;
		lkb = *lkbp;
		for_lkb = !lkb->lvb && !res->lkb_lvb &&
			  (mode != DLM_LOCK_IV || m->tail);
		for_rsb = !lkb->rsb->lvb && !res->rsb_lvb &&
			  max_t(int, mode, lkb->grmode) >= DLM_LOCK_PW;
		if (!for_lkb && !for_rsb)
			return NONE;
		dlm_rsb_unlock(lkb->rsb);
		if (reserve_lvbs(m->ls, res, for_lkb, for_rsb))
			return -ENOMEM;
	}
}

/* --- CONVERT ------------------------------------------------------------ */

/*
 * A stock holder learns of an alternative mode only from a GRANT (messages.md 16, 10):
 * it is told "queued" first.
 */
static void convert_reply(struct dlm_lkb *lkb, const struct dlm_recv *m,
			  int result)
{
	bool alt = !result && (lkb->sbflags & DLM_SBF_ALTMODE);

	if (!result && !alt)
		lkb->flags |= DLM_LKB_ANSWERED;
	dlm_send_reply(lkb, DLM_MSG_CONVERT_REPLY, alt ? -EINPROGRESS : result,
		       m->fx);
	if (alt)
		dlm_send_reply(lkb, DLM_MSG_GRANT, 0, m->fx);
}

/* grants of others, which come first after a demotion, must not use up our packets */
static void swap_spare(struct dlm_fx *fx, struct dlm_fx *aside)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fx->spare); i++)
		swap(fx->spare[i], aside->spare[i]);
}

/*
 * Its holder counts on a conversion to less, and awaits no answer.  What is less goes by the
 * mode that the holder believes to have: a stock one may not know that its lock was demoted, and
 * knows no mode after a conversion between PR and CW lost its master (recovery.md 9.3).
 */
static bool counted_on(const struct dlm_w_msg *msg)
{
	return dlm_convert_down((s32)le32_to_cpu(msg->grmode), le32_to_cpu(msg->rqmode));
}

static void convert_locked(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	int mode = le32_to_cpu(m->msg->rqmode);
	bool silent = counted_on(m->msg);
	struct dlm_fx aside = { };
	int result;

	take_flags(lkb, m->msg);
	take_lvb(lkb, m);
	if (silent)
		lkb->exflags &= ~DLM_LKF_QUECVT;
	lkb->flags &= ~DLM_LKB_ANSWERED;
	lkb->lvbseq = le32_to_cpu(m->msg->lvbseq);
	lkb->rqmode = mode;
	swap_spare(m->fx, &aside);
	result = dlm_master_convert(lkb, m->fx);
	swap_spare(m->fx, &aside);
	dlm_fx_flush(&aside);
	if (!silent) {
		convert_reply(lkb, m, result);
	} else if (result == -EINPROGRESS) {
		/* it was demoted, and nobody waits for more: it keeps the weaker mode */
		dlm_master_cancel(lkb);
		result = 0;
	}
	dlm_master_convert_effects(lkb, m->fx, result);
	if (result == -EAGAIN || result == -EDEADLK)
		lkb->rqmode = DLM_LOCK_IV;
}

/**
 * dlm_recv_convert - another node wants another mode (messages.md 7.2)
 * @m: the message
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_convert(const struct dlm_recv *m)
{
	int mode = le32_to_cpu(m->msg->rqmode);
	struct reserve res = { };
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	int err;

	if (!mode_ok(mode))
		return dlm_bad_msg(m, "conversion with a bad mode");
	if (dlm_fx_reserve(m->ls, m->fx, 2, GFP_NOIO))
		return -ENOMEM;
	err = lock_with_lvbs(m, mode, &res, &lkb);
	if (err) {
		free_reserve(&res);
		return err < 0 ? err : no_lock(m, DLM_MSG_CONVERT_REPLY, err);
	}
	r = lkb->rsb;
	if (lkb->status == DLM_LKSTS_GRANTED) {
		use_reserve(lkb, &res);
		convert_locked(lkb, m);
	} else {
		dlm_send_error(m->ls, m->nodeid, m->msg, DLM_MSG_CONVERT_REPLY,
			       -EBUSY, m->fx);
		dlm_bad_msg(m, "conversion of a lock that waits");
	}
	dlm_rsb_unlock(r);
	free_reserve(&res);
	return 0;
}

/* --- UNLOCK, CANCEL ----------------------------------------------------- */

/**
 * dlm_recv_unlock - another node gives a lock back (messages.md 8.1)
 * @m: the message
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_unlock(const struct dlm_recv *m)
{
	struct reserve res = { };
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	int err;

	if (dlm_fx_reserve(m->ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	err = lock_with_lvbs(m, DLM_LOCK_IV, &res, &lkb);
	if (err) {
		free_reserve(&res);
		return err < 0 ? err : no_lock(m, DLM_MSG_UNLOCK_REPLY, err);
	}
	r = lkb->rsb;
	use_reserve(lkb, &res);
	take_flags(lkb, m->msg);
	take_lvb(lkb, m);
	err = dlm_master_unlock(lkb);
	dlm_lkb_end(lkb);
	dlm_send_reply(lkb, DLM_MSG_UNLOCK_REPLY, err, m->fx);
	dlm_grant_pending(r, m->fx);
	dlm_rsb_unlock(r);
	free_reserve(&res);
	return 0;
}

/*
 * This cancel met the reply that granted the conversion on its way, and its sender expects nothing
 * more (messages.md 9).  A stock one would even take our answer for that to its next cancel, if it
 * has converted and cancelled again, and never hear of the next conversion's end.  A lock that
 * wants nothing can be cancelled, too: that has to be answered.
 */
static bool met_reply(const struct dlm_lkb *lkb, const struct dlm_w_msg *msg)
{
	return lkb->flags & DLM_LKB_ANSWERED && (int)le32_to_cpu(msg->rqmode) == lkb->grmode;
}

/**
 * dlm_recv_cancel - another node stops waiting (messages.md 8.2)
 * @m: the message
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_cancel(const struct dlm_recv *m)
{
	enum trouble trouble;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	u8 demoted;
	int result;

	if (dlm_fx_reserve(m->ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	trouble = lock_copy(m, false, &lkb);
	if (trouble)
		return no_lock(m, DLM_MSG_CANCEL_REPLY, trouble);
	r = lkb->rsb;
	/* its holder does not know, and must be told, that it was demoted meanwhile */
	demoted = lkb->sbflags & DLM_SBF_DEMOTED;
	take_flags(lkb, m->msg);
	lkb->sbflags |= demoted;
	result = dlm_master_cancel(lkb);
	if (lkb->status == DLM_LKSTS_WAITING)
		dlm_lkb_end(lkb);
	if (!met_reply(lkb, m->msg))
		dlm_send_reply(lkb, DLM_MSG_CANCEL_REPLY, result, m->fx);
	if (result)
		dlm_grant_pending(r, m->fx);
	dlm_rsb_unlock(r);
	return 0;
}
