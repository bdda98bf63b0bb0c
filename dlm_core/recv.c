// SPDX-License-Identifier: GPL-2.0
/*
 * Lock messages on their way in: the checks that all types share, and the table of who
 * acts on which.
 *
 * A peer may send anything.  Each handler looks at what it uses before it changes
 * anything; what makes no sense is counted, logged and, where the protocol has an
 * answer for it, answered.
 */
#include <linux/bits.h>
#include <linux/xarray.h>
#include "engine.h"
#include "lockspace.h"
#include "recv.h"

/**
 * dlm_first_bad - is it the first time that a node gets this wrong, and should that be said?
 * @ls: the lockspace
 * @nodeid: the node
 * @kind: a small number: type of a message, or DLM_BAD_RCOM and more
 *
 * A node that goes on and on must not fill the log; the counters tell how much there was.
 *
 * Context: any but interrupts; a resource may be locked.
 * Return: true once for each node and kind, if log_info is set.
 */
bool dlm_first_bad(struct dlm_ls *ls, int nodeid, unsigned int kind)
{
	unsigned long said = xa_to_value(xa_load(&ls->said, nodeid));

	if (!READ_ONCE(ls->node->config.log_info) || (said & BIT(kind)))
		return false;
	xa_store(&ls->said, nodeid, xa_mk_value(said | BIT(kind)),
		 GFP_NOWAIT | __GFP_NOWARN);
	return true;
}

/**
 * dlm_bad_msg - a message makes no sense
 * @m: the message
 * @why: for the log
 *
 * Return: 0, so that the sender's stream goes on.
 */
int dlm_bad_msg(const struct dlm_recv *m, const char *why)
{
	u32 type = le32_to_cpu(m->msg->type);

	dlm_ls_count(m->ls, DLM_ST_BAD_MSG);
	if (dlm_first_bad(m->ls, m->nodeid, min_t(u32, type, DLM_MSG_TYPES)))
		pr_warn("dlm: %s: node %d, message %u, lock %x: %s\n",
			m->ls->name, m->nodeid, type,
			le32_to_cpu(m->msg->remid), why);
	return 0;
}

static int recv_purge(const struct dlm_recv *m)
{
	return dlm_purge_inside(m->ls, le32_to_cpu(m->msg->pid), m->fx);
}

/* an over-long name, answered as far as the protocol has an answer */
static int bad_name(const struct dlm_recv *m)
{
	u32 type = le32_to_cpu(m->msg->type);

	if (type != DLM_MSG_REMOVE &&
	    dlm_fx_reserve(m->ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	if (type == DLM_MSG_REQUEST)
		dlm_send_error(m->ls, m->nodeid, m->msg, DLM_MSG_REQUEST_REPLY,
			       -EINVAL, m->fx);
	else if (type == DLM_MSG_LOOKUP)
		dlm_send_lookup_reply(m->ls, m->nodeid, m->msg,
				      DLM_MASTER_UNKNOWN, m->fx);
	return dlm_bad_msg(m, "name too long");
}

static const struct {
	int	(*fn)(const struct dlm_recv *m);
	bool	name;
} handlers[DLM_MSG_TYPES] = {
	[DLM_MSG_REQUEST]	= { dlm_recv_request, true },
	[DLM_MSG_CONVERT]	= { dlm_recv_convert },
	[DLM_MSG_UNLOCK]	= { dlm_recv_unlock },
	[DLM_MSG_CANCEL]	= { dlm_recv_cancel },
	[DLM_MSG_REQUEST_REPLY]	= { dlm_recv_request_reply },
	[DLM_MSG_CONVERT_REPLY]	= { dlm_recv_convert_reply },
	[DLM_MSG_UNLOCK_REPLY]	= { dlm_recv_unlock_reply },
	[DLM_MSG_CANCEL_REPLY]	= { dlm_recv_cancel_reply },
	[DLM_MSG_GRANT]		= { dlm_recv_grant },
	[DLM_MSG_BAST]		= { dlm_recv_bast },
	[DLM_MSG_LOOKUP]	= { dlm_recv_lookup, true },
	[DLM_MSG_REMOVE]	= { dlm_recv_remove, true },
	[DLM_MSG_LOOKUP_REPLY]	= { dlm_recv_lookup_reply },
	[DLM_MSG_PURGE]		= { recv_purge },
};

/**
 * dlm_recv_msg - act on a lock message
 * @ls: the lockspace
 * @nodeid: who sent it
 * @msg: the packet
 * @len: its bytes, header included
 * @stored: it came while the gate was shut
 * @fx: effects; flushed by the caller
 *
 * Context: may sleep for memory; inside the gate, or recovery that plays stored messages
 * back; one at a time for each sender.
 * Return: 0, or -ENOMEM: nothing was done, the same message must come again.
 */
int dlm_recv_msg(struct dlm_ls *ls, int nodeid, const struct dlm_w_msg *msg,
		 unsigned int len, bool stored, struct dlm_fx *fx)
{
	struct dlm_recv m = {
		.ls = ls,
		.nodeid = nodeid,
		.msg = msg,
		.stored = stored,
		.fx = fx,
	};
	u32 type;
	int err;

	if (len < sizeof(*msg) || len > DLM_INNER_MAX)
		return 0;
	m.tail = len - sizeof(*msg);
	m.result = dlm_result_from_wire(le32_to_cpu(msg->result));
	type = le32_to_cpu(msg->type);
	if (type >= DLM_MSG_TYPES || !handlers[type].fn)
		return dlm_bad_msg(&m, "unknown type");
	if (nodeid == ls->node->nodeid || !dlm_is_member(ls, nodeid))
		return dlm_bad_msg(&m, "sender is not a member");
	if (m.result > 0)
		return dlm_bad_msg(&m, "result is not an error number");
	if (handlers[type].name && m.tail > DLM_RESNAME_MAXLEN)
		return bad_name(&m);

	dlm_ls_count(ls, DLM_ST_RECEIVED);
	err = handlers[type].fn(&m);
	/* locks that waited for the master's name need not wait for a work item */
	if (!err)
		dlm_later_run(ls, fx);
	return err;
}
