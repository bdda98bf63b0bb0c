/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The transport of one node and its peers, as the links see them.
 *
 * Locks, outermost first:
 *
 *	comms->mutex			start and stop
 *	lines->tx_mutex			transmission to a peer
 *	  > the socket's own
 *	  > lines->lock			leaf
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
#include <linux/workqueue.h>
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

struct dlm_conn;
struct dlm_listener;
struct dlm_proto;

/* dlm_lines.flags */
#define DLM_LINES_AGAIN		0	/* somebody wanted to transmit meanwhile */

/**
 * struct dlm_lines - sockets between us and a peer (link.c); unused with other links
 * @tx_mutex: who holds it transmits, or makes or ends the main connection
 * @flags: DLM_LINES_*
 * @lock: guards @main, @other and @closed; leaf
 * @main: we send here; received from as well
 * @other: received from only: the peer connected while we had @main
 * @closed: the peer is forgotten: no connection and no work may begin any more
 * @tx_work: connects, transmits what callers left over
 * @idle_work: dlm_session_idle()
 * @retry_at: no connect before this (jiffies)
 * @attempts: connects since the last success, chooses an address
 * @conns: connections that exist, those that are just being closed included
 * @connects: connections that we made
 * @accepts: connections that the peer made
 * @floods: connections of the peer that were refused because @conns was too many
 */
struct dlm_lines {
	struct mutex		tx_mutex; /* transmission, @retry_at, @attempts */
	unsigned long		flags;
	spinlock_t		lock;	/* @main, @other, @closed */
	struct dlm_conn		*main;
	struct dlm_conn		*other;
	bool			closed;
	struct delayed_work	tx_work;
	struct delayed_work	idle_work;
	unsigned long		retry_at;
	unsigned int		attempts;
	atomic_t		conns;
	atomic_long_t		connects;
	atomic_long_t		accepts;
	atomic_long_t		floods;
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
 * @made: peers that were made so far
 * @addr_lock: guards @local, and addresses and marks of peers
 * @local: our own addresses
 * @wait: woken when a conversation ended, room was made, a peer or its last connection went
 * @unknown: packets to nodes that are no peers
 * @strangers: connections from addresses of nobody
 * @wq: all work of sockets; NULL with another link
 * @proto: TCP or SCTP, since the last start
 * @listener: where connections come in, between start and stop
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
	atomic64_t			made;
	spinlock_t			addr_lock; /* @local, peers' addresses */
	struct dlm_addrs		local;
	wait_queue_head_t		wait;
	atomic_long_t			unknown;
	atomic_long_t			strangers;
	struct workqueue_struct		*wq;
	const struct dlm_proto		*proto;
	struct dlm_listener		*listener;
};

/**
 * struct dlm_peer - another node
 * @sink: as part of effects
 * @ref: the table, effects, connections, work items, callers
 * @rcu: for freeing
 * @comms: our side; holds a reference
 * @nodeid: who it is
 * @which: which of those that had this node id, one after the other; never 0
 * @gone: it was forgotten
 * @session: the conversation
 * @rx_mutex: its packets are handled by one thread at a time
 * @addrs: comms->addr_lock
 * @mark: SO_MARK, 0 for comms->config.mark; comms->addr_lock
 * @lines: its sockets
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
	u64			which;
	bool			gone;
	struct dlm_session	session;
	struct mutex		rx_mutex; /* calls of the user's receive() */
	struct dlm_addrs	addrs;
	u32			mark;
	struct dlm_lines	lines;
	atomic_long_t		bad[DLM_FRAME_VERDICTS];
};

struct dlm_peer *dlm_peer_find(struct dlm_comms *comms, int nodeid);
struct dlm_peer *dlm_peer_make(struct dlm_comms *comms, int nodeid);
struct dlm_peer *dlm_peer_next(struct dlm_comms *comms, unsigned long *index);
void dlm_peer_get(struct dlm_peer *peer);
void dlm_peer_put(struct dlm_peer *peer);

void dlm_lines_init(struct dlm_peer *peer);

int dlm_peer_input(struct dlm_peer *peer, struct dlm_stream *st, struct dlm_fx *fx);
void dlm_peer_input_end(struct dlm_peer *peer, struct dlm_fx *fx);

extern const struct dlm_link_ops dlm_socket_link;

void dlm_comms_get(struct dlm_comms *comms);
void dlm_comms_put(struct dlm_comms *comms);
void dlm_comms_leave(struct dlm_comms *comms);

#endif
