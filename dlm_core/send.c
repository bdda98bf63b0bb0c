// SPDX-License-Identifier: GPL-2.0
/*
 * Lock messages on their way out (messages.md, wire.md 5).
 *
 * A message is built and takes its place in the peer's stream while the resource is
 * locked, so its packet was allocated before: struct dlm_fx carries one or two.
 * Who sends without having reserved has a bug; nothing is sent then.
 */
#include <linux/slab.h>
#include <dlm/transport.h>
#include "engine.h"
#include "lockspace.h"

/* --- results (wire.md 10.5) --------------------------------------------- */

static const struct {
	int	ours;
	int	wire;
} results[] = {
	{ EDEADLK,	DLM_WIRE_EDEADLK },
	{ EBADR,	DLM_WIRE_EBADR },
	{ EBADSLT,	DLM_WIRE_EBADSLT },
	{ EPROTO,	DLM_WIRE_EPROTO },
	{ EOPNOTSUPP,	DLM_WIRE_EOPNOTSUPP },
	{ ETIMEDOUT,	DLM_WIRE_ETIMEDOUT },
	{ EINPROGRESS,	DLM_WIRE_EINPROGRESS },
};

/**
 * dlm_result_to_wire - an errno as other nodes understand it
 * @result: 0 or negative
 *
 * Return: the number to send.
 */
int dlm_result_to_wire(int result)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(results); i++)
		if (result == -results[i].ours)
			return -results[i].wire;
	return result;
}

/**
 * dlm_result_from_wire - an errno that another node sent
 * @result: 0 or negative
 *
 * Return: the number here.
 */
int dlm_result_from_wire(int result)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(results); i++)
		if (result == -results[i].wire)
			return -results[i].ours;
	return result;
}

/* --- packets ------------------------------------------------------------ */

/* every message of the lockspace fits */
static unsigned int packet_room(const struct dlm_ls *ls)
{
	return sizeof(struct dlm_w_msg) +
	       max_t(unsigned int, ls->lvblen, DLM_RESNAME_MAXLEN);
}

/* tests let allocations fail that may not wait */
static bool denied(struct dlm_ls *ls, gfp_t gfp)
{
	if (likely(!ls->deny_packets) || gfpflags_allow_blocking(gfp))
		return false;
	ls->deny_packets--;
	return true;
}

/**
 * dlm_fx_reserve - have packets at hand before anything is changed
 * @ls: the lockspace
 * @fx: gets them
 * @n: how many, 1 or 2
 * @gfp: GFP_NOIO, or GFP_NOWAIT | __GFP_NOWARN under a spinlock
 *
 * Context: as @gfp.
 * Return: 0 or -ENOMEM.
 */
int dlm_fx_reserve(struct dlm_ls *ls, struct dlm_fx *fx, unsigned int n,
		   gfp_t gfp)
{
	unsigned int i, room = packet_room(ls);
	struct dlm_packet *p;

	for (i = 0; i < n; i++) {
		p = fx->spare[i];
		/* it may have been meant for another lockspace */
		if (likely(p && p->len >= room))
			continue;
		if (denied(ls, gfp))
			return -ENOMEM;
		if (p)
			dlm_packet_free(p);
		p = dlm_packet_alloc(DLM_CMD_MSG, room, gfp);
		fx->spare[i] = p;
		if (!p)
			return -ENOMEM;
	}
	return 0;
}

/* a reserved packet with @tail bytes after the fixed part, zero but for its header */
static struct dlm_packet *take(struct dlm_ls *ls, struct dlm_fx *fx,
			       unsigned int tail, enum dlm_msg_type type,
			       int nodeid)
{
	int i = fx->spare[1] ? 1 : 0;
	struct dlm_packet *p = fx->spare[i];
	struct dlm_w_msg *msg;

	if (WARN_ON_ONCE(!p))
		return NULL;
	fx->spare[i] = NULL;
	p->len = sizeof(*msg) + tail;
	msg = (struct dlm_w_msg *)p->data;
	msg->header = (struct dlm_w_header){
		.version = cpu_to_le32(DLM_WIRE_3_2),
		.u = cpu_to_le32(ls->global_id),
		.nodeid = cpu_to_le32(ls->node->nodeid),
		.length = cpu_to_le16(p->len),
		.cmd = DLM_CMD_MSG,
	};
	msg->type = cpu_to_le32(type);
	msg->nodeid = cpu_to_le32(nodeid);
	return p;
}

static struct dlm_w_msg *msg_of(struct dlm_packet *p)
{
	return (struct dlm_w_msg *)p->data;
}

static void send(struct dlm_ls *ls, int nodeid, struct dlm_packet *p,
		 struct dlm_fx *fx)
{
	dlm_ls_count(ls, DLM_ST_SENT);
	dlm_comms_send(ls->comms, nodeid, p, true, fx);
}

/* --- messages about a lock ---------------------------------------------- */

static bool has_lvb(enum dlm_msg_type type)
{
	switch (type) {
	case DLM_MSG_CONVERT:
	case DLM_MSG_UNLOCK:
	case DLM_MSG_REQUEST_REPLY:
	case DLM_MSG_CONVERT_REPLY:
	case DLM_MSG_GRANT:
		return true;
	default:
		return false;
	}
}

/* name or value block, as the type has it; NULL for none */
static const void *tail_of(const struct dlm_lkb *lkb, enum dlm_msg_type type,
			   unsigned int *len)
{
	const struct dlm_rsb *r = lkb->rsb;

	if (type == DLM_MSG_REQUEST || type == DLM_MSG_LOOKUP) {
		*len = r->len;
		return r->name;
	}
	if (has_lvb(type) && lkb->lvb && (lkb->exflags & DLM_LKF_VALBLK)) {
		*len = r->ls->lvblen;
		return lkb->lvb;
	}
	*len = 0;
	return NULL;
}

static void fill(struct dlm_w_msg *msg, const struct dlm_lkb *lkb)
{
	const struct dlm_rsb *r = lkb->rsb;
	u32 asts = DLM_WIRE_AST;
	u32 exflags = lkb->exflags;

	/* an unlock may ask to write what the lock has not got */
	if (!lkb->lvb)
		exflags &= ~DLM_LKF_VALBLK;
	if (lkb->flags & DLM_LKB_BAST)
		asts |= DLM_WIRE_BAST;
	msg->pid = cpu_to_le32(lkb->pid);
	msg->lkid = cpu_to_le32(lkb->id);
	msg->remid = cpu_to_le32(lkb->remid);
	msg->exflags = cpu_to_le32(exflags);
	msg->sbflags = cpu_to_le32(lkb->sbflags);
	msg->flags = cpu_to_le32(lkb->flags & DLM_WIRE_FLAGS);
	msg->lvbseq = cpu_to_le32(lkb->lvbseq);
	msg->hash = cpu_to_le32(dlm_dir_hash(r->name, r->len));
	if (lkb->status != DLM_LKSTS_LOOKUP)
		msg->status = cpu_to_le32(lkb->status);
	msg->grmode = cpu_to_le32(lkb->grmode);
	msg->rqmode = cpu_to_le32(lkb->rqmode);
	msg->asts = cpu_to_le32(asts);
}

static struct dlm_packet *lock_packet(struct dlm_lkb *lkb,
				      enum dlm_msg_type type, int nodeid,
				      struct dlm_fx *fx)
{
	struct dlm_packet *p;
	unsigned int len;
	const void *tail = tail_of(lkb, type, &len);

	p = take(lkb->rsb->ls, fx, len, type, nodeid);
	if (!p)
		return NULL;
	fill(msg_of(p), lkb);
	p->name = lkb->rsb->name;
	p->namelen = lkb->rsb->len;
	if (len)
		memcpy(msg_of(p)->extra, tail, len);
	return p;
}

/**
 * dlm_send_op - send an operation to the node in @lkb->nodeid
 * @lkb: process copy
 * @type: REQUEST, LOOKUP, CONVERT, UNLOCK or CANCEL
 * @fx: effects, with a packet reserved
 *
 * Context: resource locked.
 */
void dlm_send_op(struct dlm_lkb *lkb, enum dlm_msg_type type, struct dlm_fx *fx)
{
	struct dlm_packet *p = lock_packet(lkb, type, lkb->nodeid, fx);

	if (!p)
		return;
	if (type == DLM_MSG_LOOKUP)
		msg_of(p)->nodeid = cpu_to_le32(DLM_WIRE_NO_NODE);
	send(lkb->rsb->ls, lkb->nodeid, p, fx);
}

/**
 * dlm_send_reply - answer, or grant, the holder of a lock
 * @lkb: master copy
 * @type: one of the replies, or GRANT
 * @result: 0 or negative
 * @fx: effects, with a packet reserved
 *
 * Context: resource locked.
 */
void dlm_send_reply(struct dlm_lkb *lkb, enum dlm_msg_type type, int result,
		    struct dlm_fx *fx)
{
	struct dlm_packet *p = lock_packet(lkb, type, lkb->nodeid, fx);

	if (!p)
		return;
	msg_of(p)->result = cpu_to_le32(dlm_result_to_wire(result));
	send(lkb->rsb->ls, lkb->nodeid, p, fx);
}

/**
 * dlm_send_bast - tell a holder that its lock is in the way
 * @lkb: master copy
 * @mode: what the other wants
 * @fx: effects, with a packet reserved
 *
 * Context: resource locked.
 */
void dlm_send_bast(struct dlm_lkb *lkb, int mode, struct dlm_fx *fx)
{
	struct dlm_packet *p = lock_packet(lkb, DLM_MSG_BAST, lkb->nodeid, fx);

	if (!p)
		return;
	msg_of(p)->bastmode = cpu_to_le32(mode);
	send(lkb->rsb->ls, lkb->nodeid, p, fx);
}

/* --- messages without a lock -------------------------------------------- */

/**
 * dlm_send_error - answer an operation for which there is no lock
 * @ls: the lockspace
 * @nodeid: who asked
 * @msg: what it sent
 * @type: of the reply
 * @result: negative
 * @fx: effects, with a packet reserved
 */
void dlm_send_error(struct dlm_ls *ls, int nodeid, const struct dlm_w_msg *msg,
		    enum dlm_msg_type type, int result, struct dlm_fx *fx)
{
	struct dlm_packet *p = take(ls, fx, 0, type, nodeid);

	if (!p)
		return;
	msg_of(p)->remid = msg->lkid;
	msg_of(p)->result = cpu_to_le32(dlm_result_to_wire(result));
	send(ls, nodeid, p, fx);
}

/**
 * dlm_send_lookup_reply - say who is master
 * @ls: the lockspace
 * @nodeid: who asked
 * @msg: its LOOKUP
 * @master: a node id; not us
 * @fx: effects, with a packet reserved
 *
 * If we are not the directory node, @master is DLM_MASTER_UNKNOWN.
 */
void dlm_send_lookup_reply(struct dlm_ls *ls, int nodeid,
			   const struct dlm_w_msg *msg, int master,
			   struct dlm_fx *fx)
{
	struct dlm_packet *p = take(ls, fx, 0, DLM_MSG_LOOKUP_REPLY, master);

	if (!p)
		return;
	/* the requester's id, not ours (messages.md 16, 1) */
	msg_of(p)->lkid = msg->lkid;
	if (master < 0)
		msg_of(p)->result = cpu_to_le32(-EINVAL);
	send(ls, nodeid, p, fx);
}

/**
 * dlm_send_remove - tell the directory that we forget a resource
 * @r: unused resource that we master
 * @nodeid: its directory node
 * @fx: effects, with a packet reserved
 *
 * Context: resource locked, and found by nobody once it is unlocked: so no LOOKUP of
 * the same name can overtake this.
 */
void dlm_send_remove(struct dlm_rsb *r, int nodeid, struct dlm_fx *fx)
{
	struct dlm_packet *p = take(r->ls, fx, r->len, DLM_MSG_REMOVE, 0);

	if (!p)
		return;
	msg_of(p)->hash = cpu_to_le32(dlm_dir_hash(r->name, r->len));
	p->name = r->name;
	p->namelen = r->len;
	memcpy(msg_of(p)->extra, r->name, r->len);
	send(r->ls, nodeid, p, fx);
}

/**
 * dlm_send_purge - ask a node to drop orphans
 * @ls: the lockspace
 * @nodeid: the node
 * @pid: whose, 0 for all
 * @fx: effects, with a packet reserved
 */
void dlm_send_purge(struct dlm_ls *ls, int nodeid, u32 pid, struct dlm_fx *fx)
{
	struct dlm_packet *p = take(ls, fx, 0, DLM_MSG_PURGE, nodeid);

	if (!p)
		return;
	msg_of(p)->pid = cpu_to_le32(pid);
	send(ls, nodeid, p, fx);
}
