/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The transport of one node and its peers, as the links see them.
 *
 * Locks, outermost first:
 *
 *	comms->mutex			start and stop
 *	peer->rx_mutex			one batch of received packets after the other
 *	  > what the user's receive() takes
 *	      > session.lock		leaf; dlm_comms_send() comes here under the core's locks
 *	      | comms->addr_lock	leaf
 */
#ifndef _DLM_PEER_H
#define _DLM_PEER_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include "session.h"

/* what may wait in a stream for being handled; a batch is at most this */
#define DLM_STREAM_SIZE		16384
static_assert(DLM_STREAM_SIZE >= 2 * DLM_PACKET_MAX);

/**
 * struct dlm_stream - received bytes of one connection
 * @len: bytes in @buf
 * @buf: begins with a packet
 */
struct dlm_stream {
	unsigned int	len;
	u8		buf[DLM_STREAM_SIZE];
};

/**
 * struct dlm_addrs - addresses of a node
 * @n: how many
 * @a: the first is where connections come from and go to; ports are 0
 */
struct dlm_addrs {
	unsigned int		n;
	struct sockaddr_storage	a[DLM_COMMS_ADDRS];
};

/**
 * struct dlm_comms - transport of one node
 * @ref: owner, and each peer
 * @net: for sockets; NULL in tests
 * @user: who receives
 * @priv: for @user
 * @link: what carries bytes; constant
 * @mutex: start and stop come one after the other
 * @running: between start and stop; written under @mutex
 * @dead: dlm_comms_destroy() was called: nobody waits for peers any more
 * @our_nodeid: since the last start
 * @config: of the last start
 * @peers: by node id; readers under RCU
 * @addr_lock: guards @local, and addresses and marks of peers
 * @local: our own addresses
 * @wait: woken when a conversation ended, room was made, a peer went
 * @unknown: packets to nodes that are no peers
 *
 * Lifetime: see @ref; peers that are still in somebody's effects keep it.
 */
struct dlm_comms {
	struct kref			ref;
	struct net			*net;
	const struct dlm_comms_user	*user;
	void				*priv;
	const struct dlm_link_ops	*link;
	struct mutex			mutex;	/* @running, @config */
	bool				running;
	bool				dead;
	int				our_nodeid;
	struct dlm_comms_config		config;
	struct xarray			peers;
	spinlock_t			addr_lock; /* @local, peers' addresses */
	struct dlm_addrs		local;
	wait_queue_head_t		wait;
	atomic_long_t			unknown;
};

/**
 * struct dlm_peer - another node
 * @sink: as part of effects
 * @ref: the table, effects, connections, work items, callers
 * @rcu: for freeing
 * @comms: our side; holds a reference
 * @nodeid: who it is
 * @gone: it was forgotten
 * @session: the conversation
 * @rx_mutex: its packets are handled by one thread at a time
 * @addrs: comms->addr_lock
 * @mark: SO_MARK, 0 for comms->config.mark; comms->addr_lock
 * @bad: frames that were refused, by verdict
 *
 * Lifetime: made by the first address or membership, until dlm_comms_peer_forget() and
 * the last reference; then an RCU grace period.
 */
struct dlm_peer {
	struct dlm_sink		sink;
	struct kref		ref;
	struct rcu_head		rcu;
	struct dlm_comms	*comms;
	int			nodeid;
	bool			gone;
	struct dlm_session	session;
	struct mutex		rx_mutex;
	struct dlm_addrs	addrs;
	u32			mark;
	atomic_long_t		bad[DLM_FRAME_VERDICTS];
};

struct dlm_peer *dlm_peer_find(struct dlm_comms *comms, int nodeid);
struct dlm_peer *dlm_peer_make(struct dlm_comms *comms, int nodeid);
struct dlm_peer *dlm_peer_next(struct dlm_comms *comms, unsigned long *index);
void dlm_peer_get(struct dlm_peer *peer);
void dlm_peer_put(struct dlm_peer *peer);

int dlm_peer_input(struct dlm_peer *peer, struct dlm_stream *st, struct dlm_fx *fx);
void dlm_peer_input_end(struct dlm_peer *peer, struct dlm_fx *fx);

void dlm_comms_get(struct dlm_comms *comms);
void dlm_comms_put(struct dlm_comms *comms);
void dlm_comms_leave(struct dlm_comms *comms);

#endif
