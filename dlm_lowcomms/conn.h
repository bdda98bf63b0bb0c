/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets: kinds of them, one connection, and the connections of a peer.
 */
#ifndef _DLM_CONN_H
#define _DLM_CONN_H

#include <linux/net.h>
#include <net/sock.h>
#include "peer.h"

/* bytes taken from a session at once */
#define DLM_TX_SIZE	8192
static_assert(DLM_TX_SIZE >= 2 * DLM_PACKET_MAX);

/**
 * struct dlm_proto - a kind of socket
 * @name: for logs
 * @protocol: IPPROTO_*
 * @shutdown: SHUT_* that makes our end close in order and read the end of the stream
 * @tune: set options of a new or accepted socket
 * @bind: bind to our addresses; @port 0 for connections that we make
 * @target: which address of a peer an attempt to connect goes to; the first is attempt 1
 *
 * All may sleep; @tune does not fail, a socket works without it.
 */
struct dlm_proto {
	const char	*name;
	int		protocol;
	int		shutdown;
	void (*tune)(struct sock *sk);
	int (*bind)(struct socket *sock, const struct dlm_addrs *local, u16 port);
	unsigned int (*target)(const struct dlm_addrs *addrs, unsigned int attempt);
};

extern const struct dlm_proto dlm_tcp, dlm_sctp;

/* dlm_conn.flags */
#define DLM_CONN_UP	0	/* was connected at least once */
#define DLM_CONN_KILL	1	/* to be reset */
#define DLM_CONN_CLOSED	2	/* has no socket any more */
#define DLM_CONN_HUNGRY	3	/* the user had no memory for the first packet */
#define DLM_CONN_SLOW	4	/* nothing is read before @read_at */
#define DLM_CONN_TOLD	5	/* the log says that it is slow */

/**
 * struct dlm_conn - one connection
 * @ref: the open socket, pending work, callers
 * @peer: who is at the other end; holds a reference
 * @sock: until DLM_CONN_CLOSED; changed under lines->tx_mutex, by @work only
 * @work: receives, and closes: nothing else does
 * @flags: DLM_CONN_*
 * @since: when it was made, then when it was connected (jiffies)
 * @read_at: with DLM_CONN_SLOW (jiffies); used by @work only
 * @orig_data_ready: the socket's own callback
 * @orig_state_change: dito
 * @orig_write_space: dito
 * @orig_error_report: dito
 * @tx_len: bytes in @tx; lines->tx_mutex, as the next two
 * @tx_off: how many of them the socket took
 * @tx: what was taken from the session
 * @stream: what was received; used by @work only
 *
 * Lifetime: open until @work closes it, which drops the open socket's reference.
 */
struct dlm_conn {
	struct kref		ref;
	struct dlm_peer		*peer;
	struct socket		*sock;
	struct delayed_work	work;
	unsigned long		flags;
	unsigned long		since;
	unsigned long		read_at;
	void			(*orig_data_ready)(struct sock *sk);
	void			(*orig_state_change)(struct sock *sk);
	void			(*orig_write_space)(struct sock *sk);
	void			(*orig_error_report)(struct sock *sk);
	unsigned int		tx_len;
	unsigned int		tx_off;
	u8			tx[DLM_TX_SIZE];
	struct dlm_stream	stream;
};

/* addr.c */
void dlm_comms_local(struct dlm_comms *comms, struct dlm_addrs *addrs);
void dlm_addr_set_port(struct sockaddr_storage *addr, u16 port);
int dlm_addr_len(const struct sockaddr_storage *addr);
struct dlm_peer *dlm_addr_owner(struct dlm_comms *comms,
				const struct sockaddr_storage *addr);
u32 dlm_peer_mark(struct dlm_peer *peer);

/* conn.c */
void dlm_sock_prepare(const struct dlm_proto *proto, struct sock *sk, u32 mark);
int dlm_sock_create(struct dlm_comms *comms, u32 mark, struct socket **sockp);
void dlm_sock_reset(struct socket *sock);
int dlm_conn_open(struct dlm_peer *peer, struct socket *sock,
		  struct dlm_conn **connp);
void dlm_conn_look(struct dlm_conn *conn);
void dlm_conn_get(struct dlm_conn *conn);
void dlm_conn_put(struct dlm_conn *conn);
void dlm_conn_kill(struct dlm_conn *conn);
void dlm_conn_kill_sync(struct dlm_conn *conn);
bool dlm_conn_ready(const struct dlm_conn *conn);
int dlm_conn_transmit(struct dlm_conn *conn, unsigned int budget);

/* link.c */
void dlm_lines_queue(struct dlm_peer *peer, unsigned long delay);
void dlm_lines_queue_idle(struct dlm_peer *peer);
bool dlm_lines_adopt(struct dlm_peer *peer, struct dlm_conn *conn);
void dlm_lines_closed(struct dlm_peer *peer, struct dlm_conn *conn);
void dlm_lines_failed(struct dlm_peer *peer, int err);

/* accept.c */
int dlm_listen(struct dlm_comms *comms);
void dlm_listen_end(struct dlm_comms *comms);

#endif
