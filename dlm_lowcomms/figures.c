// SPDX-License-Identifier: GPL-2.0
/*
 * What can be read about peers: state of the conversation and counters.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "peer.h"

static const char * const stat_names[] = {
	[DLM_SC_SENT]		= "sent",
	[DLM_SC_RESENT]		= "resent",
	[DLM_SC_RECEIVED]	= "received",
	[DLM_SC_ACKS_SENT]	= "acks_sent",
	[DLM_SC_ACKS_RECEIVED]	= "acks_received",
	[DLM_SC_BAD_ACK]	= "bad_acks",
	[DLM_SC_DUPLICATE]	= "duplicates",
	[DLM_SC_GAP]		= "gaps",
	[DLM_SC_UNOPENED]	= "unopened",
	[DLM_SC_MISMATCH]	= "version_mismatches",
	[DLM_SC_STRAY_FIN]	= "stray_fins",
	[DLM_SC_REFUSED]	= "refused_after_fin",
	[DLM_SC_RESET]		= "resets",
	[DLM_SC_LOST]		= "connections_lost",
};

static_assert(ARRAY_SIZE(stat_names) == DLM_SC_MAX);

/**
 * struct figures - what a session is doing, copied under its lock
 * @state: enum dlm_session_state
 * @version: of the peer, 0 if it was not heard
 * @users: lockspaces in which it is a member
 * @queued: packets that were not sent, or not acknowledged
 * @send_seq: next number to send
 * @recv_next: next number to receive
 * @stats: enum dlm_session_stat
 */
struct figures {
	unsigned int	state;
	u32		version;
	unsigned int	users;
	unsigned int	queued;
	u32		send_seq;
	u32		recv_next;
	unsigned long	stats[DLM_SC_MAX];
};

static void copy_figures(struct dlm_session *s, struct figures *f)
{
	spin_lock(&s->lock);
	f->state = s->state;
	f->version = s->version;
	f->users = s->users;
	f->queued = s->queued;
	f->send_seq = s->send_seq;
	f->recv_next = s->recv_next;
	memcpy(f->stats, s->stats, sizeof(f->stats));
	spin_unlock(&s->lock);
}

static void show_peer(struct dlm_peer *peer, dlm_comms_show_fn show, void *priv)
{
	int id = peer->nodeid, i;
	struct figures f;

	copy_figures(&peer->session, &f);
	show(priv, id, "state", f.state);
	show(priv, id, "version_minor", f.version & 0xffff);
	show(priv, id, "users", f.users);
	show(priv, id, "queued", f.queued);
	show(priv, id, "send_seq", f.send_seq);
	show(priv, id, "recv_next", f.recv_next);
	for (i = 0; i < DLM_SC_MAX; i++)
		show(priv, id, stat_names[i], f.stats[i]);
	show(priv, id, "main_connection", !!READ_ONCE(peer->lines.main));
	show(priv, id, "other_connection", !!READ_ONCE(peer->lines.other));
	show(priv, id, "connects", atomic_long_read(&peer->lines.connects));
	show(priv, id, "accepts", atomic_long_read(&peer->lines.accepts));
	show(priv, id, "floods", atomic_long_read(&peer->lines.floods));
	for (i = DLM_FRAME_LENGTH; i < DLM_FRAME_VERDICTS; i++)
		show(priv, id, dlm_verdict_name(i), atomic_long_read(&peer->bad[i]));
}

/**
 * dlm_comms_show - show figures of all peers, by node id
 * @comms: our side; what belongs to no peer has node id 0
 * @show: called for each figure; may sleep
 * @priv: for @show
 *
 * Context: process context.
 */
void dlm_comms_show(struct dlm_comms *comms, dlm_comms_show_fn show, void *priv)
{
	unsigned long index = 0;
	struct dlm_peer *peer;

	show(priv, 0, "strangers", atomic_long_read(&comms->strangers));
	show(priv, 0, "undeliverable", atomic_long_read(&comms->unknown));
	while ((peer = dlm_peer_next(comms, &index))) {
		show_peer(peer, show, priv);
		dlm_peer_put(peer);
	}
}
