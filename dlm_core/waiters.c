// SPDX-License-Identifier: GPL-2.0
/*
 * The requester's side of locks whose master is another node: what is asked, what
 * answers are awaited, and what they do (messages.md 4 to 9).
 *
 * A process copy knows the operation whose reply it awaits (@wait_type), how many
 * replies are due in all (@wait_count), and whether a cancel or forced unlock was added
 * meanwhile (DLM_LKB_OVL_*).  All of it changes with the resource locked, in the
 * same moment in which the message takes its place in the stream.
 *
 * New requests are on the lookup queue until a master accepts them.  While the master is
 * not known for sure one of them, DLM_LKB_FIRST, finds out; the others wait for it.
 *
 * Replies come from other nodes: whatever does not fit what is awaited is counted
 * and dropped, and nothing changes.
 */
#include "engine.h"
#include "lockspace.h"
#include "recv.h"

/* pause before the n-th repetition of a request that was turned away */
#define RETRY_MAX_MS	64

/* --- sending ------------------------------------------------------------ */

static void await(struct dlm_lkb *lkb, enum dlm_msg_type type)
{
	lkb->wait_type = type;
	lkb->wait_count++;
}

static void ask_master(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	struct dlm_rsb *r = lkb->rsb;
	enum dlm_msg_type type = DLM_MSG_REQUEST;

	lkb->nodeid = r->nodeid;
	if (r->nodeid == DLM_MASTER_UNKNOWN) {
		type = DLM_MSG_LOOKUP;
		lkb->nodeid = dlm_dir_nodeid(r->ls, r->name, r->len);
	}
	lkb->remid = 0;
	await(lkb, type);
	dlm_lkb_move(lkb, DLM_LKSTS_LOOKUP);
	dlm_send_op(lkb, type, fx);
}

/**
 * dlm_must_send - does a new request need a packet?
 * @r: its resource, locked and active
 * @nodeid: gets the node that it would go to
 *
 * A directory node that has no record becomes the master.
 *
 * Return: false if the request is local, or queues behind another one.
 */
bool dlm_must_send(struct dlm_rsb *r, int *nodeid)
{
	if (!r->nodeid || (r->flags & DLM_RSB_ASKING))
		return false;
	*nodeid = r->nodeid;
	if (r->nodeid == DLM_MASTER_UNKNOWN)
		*nodeid = dlm_dir_nodeid(r->ls, r->name, r->len);
	if (*nodeid != r->ls->node->nodeid)
		return true;
	r->nodeid = 0;
	return false;
}

/**
 * dlm_ask - send a new request to its master, or find out who that is
 * @lkb: new lock on no queue, or one on the lookup queue that was not sent yet
 * @fx: effects, with a packet if dlm_must_send() says so
 *
 * Context: resource locked, its master is not this node.
 */
void dlm_ask(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	struct dlm_rsb *r = lkb->rsb;

	if (r->flags & DLM_RSB_ASKING) {
		dlm_lkb_move(lkb, DLM_LKSTS_LOOKUP);
		return;
	}
	if (r->nodeid == DLM_MASTER_UNKNOWN || (r->flags & DLM_RSB_UNCERTAIN)) {
		r->flags |= DLM_RSB_ASKING;
		lkb->flags |= DLM_LKB_FIRST;
	}
	ask_master(lkb, fx);
}

static bool is_unsent(const struct dlm_lkb *lkb)
{
	return lkb->status == DLM_LKSTS_LOOKUP && !lkb->wait_type;
}

static void stop_asking(struct dlm_lkb *lkb)
{
	lkb->flags &= ~DLM_LKB_FIRST;
	lkb->rsb->flags &= ~DLM_RSB_ASKING;
}

/**
 * dlm_lookup_next - go on with the first request that was not sent
 * @r: locked resource
 * @fx: effects, with a packet
 *
 * Return: true if there may be another one.
 */
bool dlm_lookup_next(struct dlm_rsb *r, struct dlm_fx *fx)
{
	struct dlm_lkb *lkb;
	int nodeid;

	lkb = list_first_entry_or_null(&r->lookup, struct dlm_lkb, queue);
	if (!lkb || lkb->wait_type)
		return false;
	if (lkb->flags & DLM_LKB_FIRST)
		stop_asking(lkb);
	else if (r->flags & DLM_RSB_ASKING)
		return false;
	if (dlm_must_send(r, &nodeid))
		dlm_ask(lkb, fx);
	else
		dlm_request_here(lkb, fx);
	return true;
}

/**
 * dlm_first_done - the lock does not look for the master any more
 * @lkb: any lock
 *
 * Whoever waited for it goes on.
 *
 * Context: resource locked.
 */
void dlm_first_done(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	if (!(lkb->flags & DLM_LKB_FIRST))
		return;
	stop_asking(lkb);
	if (!list_empty(&r->lookup))
		dlm_owe(r, 0);
}

/**
 * dlm_convert_send - send a conversion
 * @lkb: granted lock with @rqmode set, nothing awaited
 * @fx: effects, with a packet
 *
 * Nobody answers if the mode goes down: that is done at once (messages.md 7.1).
 *
 * Context: resource locked.
 */
void dlm_convert_send(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	bool down = dlm_convert_down(lkb->grmode, lkb->rqmode);

	if (!down)
		await(lkb, DLM_MSG_CONVERT);
	dlm_send_op(lkb, DLM_MSG_CONVERT, fx);
	if (!down)
		return;
	dlm_lkb_hold(lkb, lkb->rqmode);
	lkb->rqmode = DLM_LOCK_IV;
	lkb->highbast = DLM_LOCK_NL;
	dlm_lkb_complete(lkb, fx, 0);
}

static int cancel_status(struct dlm_lkb *lkb)
{
	int status = lkb->cancel_as ? -lkb->cancel_as : -DLM_ECANCEL;

	lkb->cancel_as = 0;
	return status;
}

/* a reply is awaited, or a message is to be sent again */
static bool is_busy(const struct dlm_lkb *lkb)
{
	return lkb->wait_type || lkb->wait_count;
}

/**
 * dlm_remote_busy - must a plain operation be refused?
 * @lkb: process copy
 *
 * Return: true if a reply is outstanding (messages.md 9).
 */
bool dlm_remote_busy(const struct dlm_lkb *lkb)
{
	return is_busy(lkb) || lkb->status == DLM_LKSTS_LOOKUP;
}

/* nobody but us knows of the request: it is over at once */
static void end_unsent(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	dlm_lkb_complete(lkb, fx, status);
	dlm_lkb_end(lkb);
}

/* where an overlapping operation has to wait for the answer to the first one */
static bool must_remember(const struct dlm_lkb *lkb)
{
	return lkb->status == DLM_LKSTS_LOOKUP || (lkb->flags & DLM_LKB_RESEND);
}

/**
 * dlm_cancel_check - may this lock be cancelled?
 * @lkb: process copy
 *
 * Return: 0 yes, -EBUSY there is nothing to cancel, -EINVAL.
 */
int dlm_cancel_check(const struct dlm_lkb *lkb)
{
	if ((lkb->exflags & DLM_LKF_CANCEL) ||
	    (lkb->flags & (DLM_LKB_OVL_CANCEL | DLM_LKB_OVL_UNLOCK)) ||
	    lkb->wait_type == DLM_MSG_UNLOCK || lkb->wait_type == DLM_MSG_CANCEL)
		return -EINVAL;
	if (lkb->status == DLM_LKSTS_GRANTED && !lkb->wait_type)
		return -EBUSY;
	return 0;
}

/**
 * dlm_cancel_send - cancel what a lock waits for
 * @lkb: process copy that passed dlm_cancel_check()
 * @fx: effects, with a packet
 * @status: what the completion says
 *
 * Context: resource locked.
 */
void dlm_cancel_send(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	lkb->cancel_as = status == -DLM_ECANCEL ? 0 : -status;
	if (is_unsent(lkb)) {
		end_unsent(lkb, fx, cancel_status(lkb));
		return;
	}
	if (must_remember(lkb)) {
		lkb->flags |= DLM_LKB_OVL_CANCEL;
		return;
	}
	if (lkb->wait_type) {
		lkb->flags |= DLM_LKB_OVL_CANCEL;
		lkb->wait_count++;
	} else {
		await(lkb, DLM_MSG_CANCEL);
	}
	dlm_send_op(lkb, DLM_MSG_CANCEL, fx);
}

/**
 * dlm_unlock_check - may this lock be unlocked?
 * @lkb: process copy
 * @force: DLM_LKF_FORCEUNLOCK
 *
 * Return: 0, -EBUSY, -EINVAL.
 */
int dlm_unlock_check(const struct dlm_lkb *lkb, bool force)
{
	if (!force)
		return dlm_remote_busy(lkb) ? -EBUSY : 0;
	if ((lkb->exflags & DLM_LKF_FORCEUNLOCK) ||
	    (lkb->flags & DLM_LKB_OVL_UNLOCK) || lkb->wait_type == DLM_MSG_UNLOCK)
		return -EINVAL;
	return 0;
}

/**
 * dlm_unlock_send - unlock
 * @lkb: process copy that passed dlm_unlock_check()
 * @fx: effects, with a packet
 *
 * Context: resource locked.
 */
void dlm_unlock_send(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (is_unsent(lkb)) {
		end_unsent(lkb, fx, -DLM_EUNLOCK);
		return;
	}
	if (must_remember(lkb)) {
		lkb->flags |= DLM_LKB_OVL_UNLOCK;
		return;
	}
	if (is_busy(lkb)) {
		lkb->flags |= DLM_LKB_OVL_UNLOCK;
		lkb->wait_count++;
	} else {
		await(lkb, DLM_MSG_UNLOCK);
	}
	dlm_send_op(lkb, DLM_MSG_UNLOCK, fx);
}

/* --- replies ------------------------------------------------------------ */

/* the lock that a message is about: a process copy mastered by (or asked of) its sender */
static struct dlm_lkb *lock_copy(const struct dlm_recv *m, __le32 id)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(m->ls, le32_to_cpu(id));

	if (!lkb)
		return NULL;
	if (dlm_lkb_remote(lkb) && lkb->nodeid == m->nodeid)
		return lkb;
	dlm_rsb_unlock(lkb->rsb);
	return NULL;
}

/*
 * The same for a reply.  An operation that will be made again after recovery was asked of who
 * is gone: nobody can have an answer to it.  But a LOOKUP is made again in any case, and who
 * was asked may have taken it for a request before.
 */
static struct dlm_lkb *asked_copy(const struct dlm_recv *m, __le32 id)
{
	struct dlm_lkb *lkb = lock_copy(m, id);

	if (!lkb || !(lkb->flags & DLM_LKB_RESEND) ||
	    lkb->wait_type == DLM_MSG_LOOKUP)
		return lkb;
	dlm_rsb_unlock(lkb->rsb);
	return NULL;
}

/**
 * dlm_wait_end - the reply is not awaited any more
 * @lkb: lock with @wait_type
 *
 * Context: resource locked.
 */
void dlm_wait_end(struct dlm_lkb *lkb)
{
	lkb->wait_type = 0;
	if (lkb->wait_count)
		lkb->wait_count--;
	lkb->flags &= ~DLM_LKB_RESEND;
}

/* unless it came before a recovery that has ended the lock, see dlm_waiter_answered() */
static int of_nobody(const struct dlm_recv *m, const char *why)
{
	return m->stored ? 0 : dlm_bad_msg(m, why);
}

static void end_overlap(struct dlm_lkb *lkb, u16 flag)
{
	lkb->flags &= ~flag;
	if (lkb->wait_count)
		lkb->wait_count--;
}

static void take_value_block(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	if (!lkb->lvb || !(lkb->exflags & DLM_LKF_VALBLK) || !m->tail ||
	    dlm_lvb_dir(lkb->grmode, lkb->rqmode) != DLM_LVB_READ)
		return;
	memcpy(lkb->lvb, m->msg->extra, dlm_recv_lvb(m));
	lkb->lvbseq = le32_to_cpu(m->msg->lvbseq);
}

/* a demotion that was known before stays true, whatever a later master knows of it */
static void take_sbflags(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	lkb->sbflags &= DLM_SBF_DEMOTED;
	lkb->sbflags |= le32_to_cpu(m->msg->sbflags) &
			(DLM_SBF_DEMOTED | DLM_SBF_VALNOTVALID | DLM_SBF_ALTMODE);
}

/* the master says that the lock has what it wants */
static void granted(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	int alt;

	take_sbflags(lkb, m);
	alt = dlm_alternative_mode(lkb);
	if ((lkb->sbflags & DLM_SBF_ALTMODE) && alt != DLM_LOCK_IV)
		lkb->rqmode = alt;
	take_value_block(lkb, m);
	dlm_lkb_hold(lkb, lkb->rqmode);
	lkb->rqmode = DLM_LOCK_IV;
	lkb->highbast = DLM_LOCK_NL;
	dlm_lkb_move(lkb, DLM_LKSTS_GRANTED);
	dlm_lkb_complete(lkb, m->fx, 0);
}

/* what was cancelled or unlocked while the request was on its way */
static void after_request(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	u16 overlap = lkb->flags & (DLM_LKB_OVL_CANCEL | DLM_LKB_OVL_UNLOCK);

	lkb->flags &= ~overlap;
	if (overlap & DLM_LKB_OVL_UNLOCK)
		dlm_unlock_send(lkb, m->fx);
	else if (overlap && lkb->status == DLM_LKSTS_WAITING)
		dlm_cancel_send(lkb, m->fx, cancel_status(lkb));
}

/* the request is over, without a lock */
static void refused(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	if (lkb->flags & DLM_LKB_OVL_UNLOCK)
		status = -DLM_EUNLOCK;
	dlm_lkb_complete(lkb, fx, status);
	dlm_lkb_end(lkb);
}

/**
 * dlm_overlap_ends - an overlap ends a request that no master has
 * @lkb: the lock
 * @fx: effects
 *
 * Context: resource locked.
 * Return: true if it did.
 */
bool dlm_overlap_ends(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (lkb->flags & DLM_LKB_OVL_UNLOCK)
		end_unsent(lkb, fx, -DLM_EUNLOCK);
	else if (lkb->flags & DLM_LKB_OVL_CANCEL)
		end_unsent(lkb, fx, cancel_status(lkb));
	else
		return false;
	return true;
}

/* who was asked is not the master: ask again after a moment */
static void ask_again(struct dlm_lkb *lkb)
{
	struct dlm_rsb *r = lkb->rsb;

	dlm_lkb_move(lkb, DLM_LKSTS_LOOKUP);
	/* before those that wait for it */
	if (lkb->flags & DLM_LKB_FIRST)
		list_move(&lkb->queue, &r->lookup);
	dlm_ls_count(r->ls, DLM_ST_RETRY);
	if (lkb->tries < 16)
		lkb->tries++;
	dlm_owe(r, min(1 << (lkb->tries - 1), RETRY_MAX_MS));
}

static void turned_away(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	struct dlm_rsb *r = lkb->rsb;
	struct dlm_ls *ls = m->ls;

	if (dlm_overlap_ends(lkb, m->fx))
		return;
	/* the directory's own record, and a master that has other locks of ours, stand */
	if (r->nodeid == m->nodeid && !ls->nodir &&
	    dlm_dir_nodeid(ls, r->name, r->len) != ls->node->nodeid &&
	    list_empty(&r->granted) && list_empty(&r->convert) &&
	    list_empty(&r->wait))
		r->nodeid = DLM_MASTER_UNKNOWN;
	ask_again(lkb);
}

static void accepted(struct dlm_lkb *lkb, const struct dlm_recv *m, int result)
{
	struct dlm_rsb *r = lkb->rsb;

	if (r->nodeid)
		r->nodeid = m->nodeid;
	r->flags &= ~DLM_RSB_UNCERTAIN;
	lkb->remid = le32_to_cpu(m->msg->lkid);
	lkb->tries = 0;
	if (result) {
		take_sbflags(lkb, m);
		dlm_lkb_queue(lkb, DLM_LKSTS_WAITING);
	} else {
		granted(lkb, m);
	}
	dlm_first_done(lkb);
	after_request(lkb, m);
}

/**
 * dlm_recv_request_reply - messages.md 6.3
 * @m: the message
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_request_reply(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	if (dlm_fx_reserve(m->ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	lkb = asked_copy(m, m->msg->remid);
	if (!lkb)
		return dlm_bad_msg(m, "reply to a request of nobody");
	r = lkb->rsb;
	if (lkb->wait_type != DLM_MSG_REQUEST &&
	    lkb->wait_type != DLM_MSG_LOOKUP) {
		dlm_rsb_unlock(r);
		return dlm_bad_msg(m, "reply to a request that was not made");
	}
	dlm_wait_end(lkb);
	switch (m->result) {
	case 0:
	case -EINPROGRESS:
		accepted(lkb, m, m->result);
		break;
	case -EAGAIN:
		/* only the master can say that */
		if (r->nodeid == DLM_MASTER_UNKNOWN)
			r->nodeid = m->nodeid;
		refused(lkb, m->fx, m->result);
		break;
	case -EBADR:
	case -ENOTBLK:
		turned_away(lkb, m);
		break;
	default:
		refused(lkb, m->fx, m->result);
		break;
	}
	dlm_rsb_unlock(r);
	return 0;
}

/*
 * The directory says who is master; @nodeid may be anything.  Taken over even if nobody
 * needs it any more: a directory that names us would send others here for ever.
 * False if it makes no sense.
 */
static bool learn(struct dlm_rsb *r, int nodeid)
{
	if (nodeid == r->ls->node->nodeid || !r->nodeid) {
		r->nodeid = 0;
		r->flags &= ~DLM_RSB_UNCERTAIN;
		return true;
	}
	if (nodeid <= 0 || !dlm_is_member(r->ls, nodeid))
		return false;
	r->nodeid = nodeid;
	r->flags |= DLM_RSB_UNCERTAIN;
	return true;
}

static void answered(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	struct dlm_rsb *r = lkb->rsb;
	bool known = learn(r, le32_to_cpu(m->msg->nodeid));

	if (dlm_overlap_ends(lkb, m->fx))
		return;
	if (!known) {
		ask_again(lkb);
	} else if (r->nodeid) {
		ask_master(lkb, m->fx);
	} else {
		dlm_first_done(lkb);
		dlm_request_here(lkb, m->fx);
	}
}

/**
 * dlm_recv_lookup_reply - messages.md 5.2
 * @m: the message
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_lookup_reply(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	if (dlm_fx_reserve(m->ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	lkb = asked_copy(m, m->msg->lkid);
	if (!lkb)
		return dlm_bad_msg(m, "answer to a question of nobody");
	r = lkb->rsb;
	if (lkb->wait_type != DLM_MSG_LOOKUP) {
		dlm_rsb_unlock(r);
		return dlm_bad_msg(m, "answer to a question that was not asked");
	}
	dlm_wait_end(lkb);
	answered(lkb, m);
	dlm_rsb_unlock(r);
	return 0;
}

static void converted(struct dlm_lkb *lkb, const struct dlm_recv *m)
{
	switch (m->result) {
	case 0:
	case -EINPROGRESS:
		take_sbflags(lkb, m);
		if (lkb->sbflags & DLM_SBF_DEMOTED)
			dlm_lkb_hold(lkb, DLM_LOCK_NL);
		if (!m->result)
			granted(lkb, m);
		else
			dlm_lkb_queue(lkb, DLM_LKSTS_CONVERT);
		break;
	case -EDEADLK:
		take_sbflags(lkb, m);
		fallthrough;
	default:
		lkb->rqmode = DLM_LOCK_IV;
		dlm_lkb_complete(lkb, m->fx, m->result);
		break;
	}
	/* the conversion is over: a cancel's answer will not matter, and may never come */
	if (m->result != -EINPROGRESS && (lkb->flags & DLM_LKB_OVL_CANCEL)) {
		lkb->flags &= ~DLM_LKB_OVL_CANCEL;
		lkb->wait_count--;
		lkb->cancel_as = 0;
	}
}

/**
 * dlm_recv_convert_reply - messages.md 7.3
 * @m: the message
 *
 * Return: 0.
 */
int dlm_recv_convert_reply(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb = asked_copy(m, m->msg->remid);
	struct dlm_rsb *r;

	if (!lkb)
		return of_nobody(m, "reply to a conversion of nobody");
	r = lkb->rsb;
	if (lkb->wait_type != DLM_MSG_CONVERT) {
		dlm_rsb_unlock(r);
		return dlm_bad_msg(m, "reply to a conversion that was not made");
	}
	dlm_wait_end(lkb);
	converted(lkb, m);
	dlm_rsb_unlock(r);
	return 0;
}

/**
 * dlm_wait_unlocked - the lock is gone
 * @lkb: the lock
 * @fx: effects
 *
 * Context: resource locked.
 */
void dlm_wait_unlocked(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	dlm_lkb_complete(lkb, fx, -DLM_EUNLOCK);
	dlm_lkb_end(lkb);
}

/**
 * dlm_recv_unlock_reply - messages.md 8.1
 * @m: the message
 *
 * A master that does not know the lock (any more) has unlocked it, too.
 *
 * Return: 0.
 */
int dlm_recv_unlock_reply(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb = asked_copy(m, m->msg->remid);
	struct dlm_rsb *r;

	if (!lkb)
		return of_nobody(m, "reply to an unlock of nobody");
	r = lkb->rsb;
	if (lkb->flags & DLM_LKB_OVL_UNLOCK) {
		end_overlap(lkb, DLM_LKB_OVL_UNLOCK);
	} else if (lkb->wait_type == DLM_MSG_UNLOCK) {
		dlm_wait_end(lkb);
	} else {
		dlm_rsb_unlock(r);
		return dlm_bad_msg(m, "reply to an unlock that was not made");
	}
	if (m->result == -DLM_EUNLOCK || m->result == -ENOENT)
		dlm_wait_unlocked(lkb, m->fx);
	else
		dlm_lkb_complete(lkb, m->fx, m->result ?: -EIO);
	dlm_rsb_unlock(r);
	return 0;
}

/**
 * dlm_wait_cancelled - the conversion or request is over
 * @lkb: the lock
 * @fx: effects
 *
 * Context: resource locked.
 */
void dlm_wait_cancelled(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	lkb->rqmode = DLM_LOCK_IV;
	if (lkb->status == DLM_LKSTS_CONVERT)
		dlm_lkb_move(lkb, DLM_LKSTS_GRANTED);
	/* a lock ends once: a forced unlock, which is still to be answered, does it */
	if (lkb->grmode == DLM_LOCK_IV && (lkb->flags & DLM_LKB_OVL_UNLOCK))
		return;
	dlm_lkb_complete(lkb, fx, cancel_status(lkb));
	if (lkb->grmode == DLM_LOCK_IV)
		dlm_lkb_end(lkb);
}

/* true if the reply is awaited; a conversion's own answer comes before that to its cancel */
static bool end_cancel(struct dlm_lkb *lkb)
{
	if (lkb->wait_type == DLM_MSG_CONVERT)
		return false;
	if (lkb->flags & DLM_LKB_OVL_CANCEL)
		end_overlap(lkb, DLM_LKB_OVL_CANCEL);
	else if (lkb->wait_type == DLM_MSG_CANCEL)
		dlm_wait_end(lkb);
	else
		return false;
	return true;
}

/*
 * Was this conversion demoted, which may happen at any time while it waits?  A stock master forgets
 * to say so when it is cancelled, but tells the mode.
 */
static bool was_demoted(const struct dlm_lkb *lkb, const struct dlm_w_msg *msg)
{
	if (lkb->grmode == DLM_LOCK_IV || lkb->grmode == DLM_LOCK_NL)
		return false;
	return le32_to_cpu(msg->sbflags) & DLM_SBF_DEMOTED ||
	       (lkb->exflags & DLM_LKF_CONVDEADLK && !le32_to_cpu(msg->grmode));
}

/**
 * dlm_recv_cancel_reply - messages.md 8.2
 * @m: the message
 *
 * Return: 0.
 */
int dlm_recv_cancel_reply(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb = asked_copy(m, m->msg->remid);
	struct dlm_rsb *r;

	/* the lock may have ended before: its unlock overtook nothing */
	if (!lkb)
		return 0;
	r = lkb->rsb;
	if (end_cancel(lkb)) {
		if (m->result == -DLM_ECANCEL && was_demoted(lkb, m->msg))
			dlm_lkb_hold(lkb, DLM_LOCK_NL);
		if (m->result == -DLM_ECANCEL && lkb->rqmode != DLM_LOCK_IV)
			dlm_wait_cancelled(lkb, m->fx);
		else
			lkb->cancel_as = 0;
	}
	dlm_rsb_unlock(r);
	return 0;
}

/* --- what the master says by itself (messages.md 10) -------------------- */

/**
 * dlm_recv_grant - a lock that waited is granted
 * @m: the message
 *
 * Return: 0.
 */
int dlm_recv_grant(const struct dlm_recv *m)
{
	struct dlm_lkb *lkb = lock_copy(m, m->msg->remid);
	struct dlm_rsb *r;

	if (!lkb)
		return dlm_bad_msg(m, "grant for nobody");
	r = lkb->rsb;
	/* one that was cancelled wants nothing any more, and is about to end */
	if ((lkb->status != DLM_LKSTS_WAITING &&
	     lkb->status != DLM_LKSTS_CONVERT) || lkb->rqmode == DLM_LOCK_IV) {
		dlm_rsb_unlock(r);
		return dlm_bad_msg(m, "grant for who does not wait");
	}
	granted(lkb, m);
	dlm_rsb_unlock(r);
	return 0;
}

/**
 * dlm_recv_bast - a lock is in the way of another
 * @m: the message
 *
 * Return: 0.
 */
int dlm_recv_bast(const struct dlm_recv *m)
{
	int mode = le32_to_cpu(m->msg->bastmode);
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	if (mode < DLM_LOCK_NL || mode > DLM_LOCK_EX)
		return dlm_bad_msg(m, "blocking callback with a bad mode");
	lkb = lock_copy(m, m->msg->remid);
	/* unlocked meanwhile: that is no error */
	if (!lkb)
		return 0;
	r = lkb->rsb;
	if (lkb->grmode != DLM_LOCK_IV) {
		lkb->highbast = mode;
		if (lkb->flags & DLM_LKB_BAST)
			dlm_lkb_blocking(lkb, m->fx, mode);
	}
	dlm_rsb_unlock(r);
	return 0;
}
