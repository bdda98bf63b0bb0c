/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam between the core and the transport.
 *
 * The core hands over whole packets (a lock or recovery message with its header)
 * for a node id, and is handed whole packets.  In between are the session of each
 * peer (numbers, acknowledgements, repetition, wire.md 8) and its links (TCP,
 * SCTP, or the in-memory link of the tests).  Everything to one node is
 * one ordered stream, whatever happens to connections.
 *
 * Order: a packet takes its place in the stream in dlm_comms_send(), which
 * may be called under spinlocks; bytes move when the effects are flushed.
 */
#ifndef _DLM_TRANSPORT_H
#define _DLM_TRANSPORT_H

#include <linux/list.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <dlm/core.h>
#include <dlm/wire.h>

struct dlm_comms;
struct net;

#define DLM_COMMS_ADDRS		3	/* addresses of one node (control-plane.md 2) */

/* --- up: what the transport calls --------------------------------------- */

/**
 * struct dlm_comms_user - who receives
 * @receive: a packet of command MSG or RCOM from @nodeid came in its turn.  @packet
 *	has @len bytes, header included; @len is the header's length and at
 *	least that of the fixed part; the header's nodeid is @nodeid; the address may
 *	be odd; nothing else is checked.  Effects that are added to @fx are
 *	flushed at the end of the batch.  Return 0, or -ENOMEM if nothing was done and
 *	the same packet shall come again later: until then nothing is read from this
 *	peer, and the packet's number is not consumed.
 *	Process context, no locks; calls for one peer come one after the other.
 */
struct dlm_comms_user {
	int (*receive)(void *priv, int nodeid, const void *packet,
		       unsigned int len, struct dlm_fx *fx);
};

/* --- packets on their way out ------------------------------------------- */

/**
 * struct dlm_packet - a packet that somebody fills and sends
 * @entry: for its owner until it is sent, then the session's
 * @seq: the session's
 * @len: bytes of the inner packet
 * @flags: the session's
 * @namelen: bytes of @name
 * @name: of the resource, for trace events, or NULL; valid until the packet is sent
 * @envelope: filled by the session; not sent with packets that are not sequenced
 * @data: the inner packet; zeroed by dlm_packet_alloc() but for what it fills in
 */
struct dlm_packet {
	struct list_head	entry;
	u32			seq;
	u16			len;
	u16			flags;
	u8			namelen;
	const char		*name;
	struct dlm_w_opts	envelope;
	u8			data[];
};

struct dlm_packet *dlm_packet_alloc(enum dlm_wire_cmd cmd, unsigned int len,
				    gfp_t gfp);
void dlm_packet_free(struct dlm_packet *p);

/* --- down: what the core calls ------------------------------------------ */

/* dlm_comms_params.protocol, as configfs has it */
enum dlm_protocol {
	DLM_PROTO_TCP	= 0,
	DLM_PROTO_SCTP	= 1,
};

/**
 * struct dlm_comms_config - settings that the owner may change until start
 * @protocol: enum dlm_protocol
 * @port: TCP or SCTP port of all nodes
 * @mark: SO_MARK, 0 for none
 */
struct dlm_comms_config {
	unsigned int	protocol;
	u16		port;
	u32		mark;
};

struct dlm_peer;

/**
 * struct dlm_link_ops - a kind of link: what carries the bytes between nodes
 * @start: the transport starts: listen.  May sleep; 0 or a negative errno
 * @stop: close all connections; with @orderly the other side sees their end, else a
 *	reset.  On return nothing is received any more.  May sleep, not for long
 * @kick: there is something for this peer, or it became a member: connect if there is
 *	no connection, transmit what goes without waiting.  Process context
 * @drop: reset all connections to this peer: it is forgotten (@forget, then
 *	nothing of it may be used afterwards), or its stream makes no sense.  May sleep
 *	if @forget
 * @settle: dlm_comms_stop() waits for farewells: do what there is to do; NULL if
 *	work goes on by itself
 *
 * Who implements it uses dlm_lowcomms/peer.h: a link hands bytes to
 * dlm_peer_input() and takes bytes from dlm_session_fill().
 */
struct dlm_link_ops {
	int (*start)(struct dlm_comms *comms);
	void (*stop)(struct dlm_comms *comms, bool orderly);
	void (*kick)(struct dlm_peer *peer);
	void (*drop)(struct dlm_peer *peer, bool forget);
	void (*settle)(struct dlm_comms *comms);
};

struct dlm_comms *dlm_comms_create(struct net *net,
				   const struct dlm_comms_user *user, void *priv,
				   const struct dlm_link_ops *link);
void dlm_comms_destroy(struct dlm_comms *comms);

/* addresses: from configfs, at any time */
int dlm_comms_addr_add(struct dlm_comms *comms, int nodeid,
		       const struct sockaddr_storage *addr, bool local);
int dlm_comms_set_mark(struct dlm_comms *comms, int nodeid, u32 mark);
void dlm_comms_peer_forget(struct dlm_comms *comms, int nodeid);
void dlm_comms_local_forget(struct dlm_comms *comms);

/* the first lockspace comes, the last one goes */
int dlm_comms_start(struct dlm_comms *comms, int our_nodeid,
		    const struct dlm_comms_config *config);
void dlm_comms_stop(struct dlm_comms *comms);
bool dlm_comms_running(const struct dlm_comms *comms);

/* a node became, or is no longer, member of one of our lockspaces */
int dlm_comms_member_add(struct dlm_comms *comms, int nodeid, u64 *which);
void dlm_comms_member_del(struct dlm_comms *comms, int nodeid, u64 which);

void dlm_comms_send(struct dlm_comms *comms, int nodeid, struct dlm_packet *p,
		    bool sequenced, struct dlm_fx *fx);

/**
 * typedef dlm_comms_show_fn - one figure of a peer
 * @priv: given to dlm_comms_show()
 * @nodeid: the peer, 0 for what belongs to none
 * @name: word without spaces
 * @value: now
 */
typedef void (*dlm_comms_show_fn)(void *priv, int nodeid, const char *name,
				  unsigned long value);

void dlm_comms_show(struct dlm_comms *comms, dlm_comms_show_fn show, void *priv);
bool dlm_comms_congested(struct dlm_comms *comms, int nodeid);
int dlm_comms_wait_room(struct dlm_comms *comms, int nodeid);

#endif
