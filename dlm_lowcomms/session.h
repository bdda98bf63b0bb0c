/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What makes the packets to and from one node arrive exactly once and in order,
 * whatever happens to connections (wire.md 8).  Pure: no socket, no timer, no clock.
 *
 * Whoever carries bytes (conn.c, or the in-memory link of the tests) uses it so:
 *
 *	dlm_session_fill()	takes bytes to transmit, whole packets
 *	dlm_session_receive()	asks what to do with a packet that came
 *	dlm_session_batch_end()	nothing more came right now
 *	dlm_session_idle()	a moment has passed
 *	dlm_session_lost()	the connection broke: what was not acknowledged goes again
 */
#ifndef _DLM_SESSION_H
#define _DLM_SESSION_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <dlm/transport.h>
#include "frame.h"

/*
 * An ACK is due when this many packets were delivered, and else only when nothing
 * came for a moment: steady traffic has one ACK for 32 packets.
 */
#define DLM_ACK_EVERY		32

/* so many calls of dlm_session_idle() a gap may stay before the connection is reset */
#define DLM_GAP_PATIENCE	25

/* local requests wait while more packets than this are queued, until half are gone */
#define DLM_SESSION_ROOM	1024

/* a peer with more packets than this queued does not read what it asks for: read it slowly */
#define DLM_SESSION_FLOOD	65536

/**
 * enum dlm_session_state - end of a conversation (wire.md 8.7)
 * @DLM_SS_CLOSED: nothing said yet, or all said
 * @DLM_SS_ESTABLISHED: traffic
 * @DLM_SS_FIN_WAIT1: we said FIN
 * @DLM_SS_FIN_WAIT2: our FIN was acknowledged
 * @DLM_SS_CLOSE_WAIT: the peer said FIN, we still have lockspaces with it
 * @DLM_SS_CLOSING: both said FIN at once, ours is not acknowledged
 * @DLM_SS_LAST_ACK: peer said FIN, then we did
 * @DLM_SS_STATES: how many there are
 */
enum dlm_session_state {
	DLM_SS_CLOSED,
	DLM_SS_ESTABLISHED,
	DLM_SS_FIN_WAIT1,
	DLM_SS_FIN_WAIT2,
	DLM_SS_CLOSE_WAIT,
	DLM_SS_CLOSING,
	DLM_SS_LAST_ACK,
	DLM_SS_STATES
};

/* what a session counts */
enum dlm_session_stat {
	DLM_SC_SENT,		/* packets handed to a link, repetitions too */
	DLM_SC_RESENT,		/* of these, repetitions */
	DLM_SC_RECEIVED,	/* packets that the user took */
	DLM_SC_ACKS_SENT,
	DLM_SC_ACKS_RECEIVED,
	DLM_SC_BAD_ACK,		/* acknowledges what was never sent */
	DLM_SC_DUPLICATE,	/* came again */
	DLM_SC_GAP,		/* came too early */
	DLM_SC_UNOPENED,	/* came from a node that must begin differently */
	DLM_SC_MISMATCH,	/* version is not the one of the conversation */
	DLM_SC_STRAY_FIN,	/* FIN in a state that knows none */
	DLM_SC_REFUSED,		/* packets of ours after our FIN, or to no member */
	DLM_SC_RESET,		/* conversations that ended, in whatever way */
	DLM_SC_LOST,		/* connections lost */
	DLM_SC_MAX
};

/**
 * struct dlm_session - conversation with one node
 * @lock: guards all; leaf
 * @state: enum dlm_session_state
 * @version: DLM_WIRE_3_1 or _3_2 since the peer was heard, 0 before
 * @our_nodeid: goes into headers
 * @peer: node at the other end, for trace events
 * @users: lockspaces in which the peer is a member
 * @shared: it was a member at some time in this conversation
 * @early: numbers were received before it was a member, and none since
 * @leaving: we have no lockspace any more
 * @epoch: counts resets, so that a packet in the user's hands is not
 *	taken for one of the next conversation
 * @start: first number, 0 but in tests
 * @send_seq: number of the next sequenced packet
 * @sent_end: numbers before this were handed to a link at least once
 * @recv_next: number we wait for
 * @ack_value: what our next ACK says
 * @ack_now: an ACK goes before the next packet
 * @unacked: packets delivered since our last ACK
 * @idle_mark: @recv_next when dlm_session_idle() was last called
 * @gap: 0, or calls of dlm_session_idle() since a packet came too early, plus 1
 * @fin_seq: number of our FIN, in the states that have one
 * @fin: our FIN, allocated beforehand
 * @by_fin: the last conversation began with the peer's FIN
 * @todo: packets to transmit, in order
 * @plain: packets on @todo that have no number
 * @sent: sequenced packets that were transmitted and not acknowledged, in order
 * @queued: packets on both lists
 * @crowded: @queued passed DLM_SESSION_ROOM and has not halved yet
 * @stats: enum dlm_session_stat
 *
 * Lifetime: part of a peer.
 */
struct dlm_session {
	spinlock_t		lock;	/* everything below */
	u8			state;
	u32			version;
	int			our_nodeid;
	int			peer;
	unsigned int		users;
	bool			shared;
	bool			early;
	bool			leaving;
	unsigned int		epoch;
	u32			start;
	u32			send_seq;
	u32			sent_end;
	u32			recv_next;
	u32			ack_value;
	bool			ack_now;
	unsigned int		unacked;
	u32			idle_mark;
	unsigned int		gap;
	u32			fin_seq;
	struct dlm_packet	*fin;
	bool			by_fin;
	struct list_head	todo;
	unsigned int		plain;
	struct list_head	sent;
	unsigned int		queued;
	bool			crowded;
	unsigned long		stats[DLM_SC_MAX];
};

/* what to do with a received packet */
enum dlm_session_act {
	DLM_ACT_NONE,		/* done with it */
	DLM_ACT_DELIVER,	/* give it to the user, then dlm_session_took() */
};

int dlm_session_init(struct dlm_session *s, int our_nodeid);
void dlm_session_rename(struct dlm_session *s, int our_nodeid);
void dlm_session_destroy(struct dlm_session *s);
void dlm_session_reset(struct dlm_session *s);

/* local side */
bool dlm_session_send(struct dlm_session *s, struct dlm_packet *p, bool sequenced);
bool dlm_session_member_add(struct dlm_session *s);
void dlm_session_member_del(struct dlm_session *s);
void dlm_session_shutdown(struct dlm_session *s);
bool dlm_session_closed(struct dlm_session *s);
bool dlm_session_crowded(struct dlm_session *s);
bool dlm_session_flooded(struct dlm_session *s);

/* link's side */
unsigned int dlm_session_fill(struct dlm_session *s, void *buf,
			      unsigned int size);
bool dlm_session_pending(struct dlm_session *s);
bool dlm_session_wants_link(struct dlm_session *s);
enum dlm_session_act dlm_session_receive(struct dlm_session *s,
					 enum dlm_verdict verdict,
					 const struct dlm_frame *f,
					 unsigned int *epoch);
void dlm_session_took(struct dlm_session *s, const struct dlm_frame *f,
		      unsigned int epoch);
bool dlm_session_batch_end(struct dlm_session *s);
bool dlm_session_wants_idle(struct dlm_session *s);
bool dlm_session_idle(struct dlm_session *s);
bool dlm_session_stalled(struct dlm_session *s);
void dlm_session_lost(struct dlm_session *s);

#endif
