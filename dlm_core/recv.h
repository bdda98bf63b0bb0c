/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lock message being received: what recv.c checked, for those who act on it.
 */
#ifndef _DLM_RECV_H
#define _DLM_RECV_H

#include <linux/minmax.h>
#include <dlm/wire.h>
#include "engine.h"
#include "lockspace.h"

/**
 * struct dlm_recv - a message
 * @ls: the lockspace
 * @nodeid: sender, a member other than us
 * @msg: the packet; may lie at an odd address, and is the sender's choice
 *	byte for byte
 * @tail: bytes in msg->extra; if the type has a name, it fits
 * @result: msg->result in this kernel's numbers, 0 or negative
 * @stored: it came while the gate was shut, perhaps before members changed
 * @fx: effects, whose packets are used and replaced
 */
struct dlm_recv {
	struct dlm_ls		*ls;
	int			nodeid;
	const struct dlm_w_msg	*msg;
	unsigned int		tail;
	int			result;
	bool			stored;
	struct dlm_fx		*fx;
};

/* recv.c */
int dlm_bad_msg(const struct dlm_recv *m, const char *why);

/*
 * Bytes of a value block that came with a message: at most as many as there are in one.
 * Nodes that have no block to send leave it out, whatever the flags say (wire.md 5.1).
 */
static inline unsigned int dlm_recv_lvb(const struct dlm_recv *m)
{
	return min(m->tail, m->ls->lvblen);
}

/* the handlers: 0, or -ENOMEM with nothing done */
/* master.c's side: remote.c */
int dlm_recv_request(const struct dlm_recv *m);
int dlm_recv_convert(const struct dlm_recv *m);
int dlm_recv_unlock(const struct dlm_recv *m);
int dlm_recv_cancel(const struct dlm_recv *m);
/* dir.c */
int dlm_recv_lookup(const struct dlm_recv *m);
int dlm_recv_remove(const struct dlm_recv *m);
/* waiters.c */
int dlm_recv_request_reply(const struct dlm_recv *m);
int dlm_recv_convert_reply(const struct dlm_recv *m);
int dlm_recv_unlock_reply(const struct dlm_recv *m);
int dlm_recv_cancel_reply(const struct dlm_recv *m);
int dlm_recv_grant(const struct dlm_recv *m);
int dlm_recv_bast(const struct dlm_recv *m);
int dlm_recv_lookup_reply(const struct dlm_recv *m);

#endif
