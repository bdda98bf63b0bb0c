// SPDX-License-Identifier: GPL-2.0
/*
 * Peers by node id, and what happens to the bytes that they send.
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <dlm/trace.h>
#include "peer.h"

/**
 * dlm_peer_get - take a reference
 * @peer: peer that the caller knows to exist
 *
 * Context: any.
 */
void dlm_peer_get(struct dlm_peer *peer)
{
	kref_get(&peer->ref);
}

static void peer_free(struct kref *ref)
{
	struct dlm_peer *peer = container_of(ref, struct dlm_peer, ref);

	dlm_session_destroy(&peer->session);
	dlm_comms_put(peer->comms);
	kfree_rcu(peer, rcu);
}

/**
 * dlm_peer_put - drop a reference
 * @peer: the peer
 *
 * Context: any but interrupts.
 */
void dlm_peer_put(struct dlm_peer *peer)
{
	kref_put(&peer->ref, peer_free);
}

static void sink_get(struct dlm_sink *sink)
{
	dlm_peer_get(container_of(sink, struct dlm_peer, sink));
}

static void sink_put(struct dlm_sink *sink)
{
	dlm_peer_put(container_of(sink, struct dlm_peer, sink));
}

static void sink_flush(struct dlm_sink *sink)
{
	struct dlm_peer *peer = container_of(sink, struct dlm_peer, sink);

	peer->comms->link->kick(peer);
}

static const struct dlm_sink_ops peer_sink_ops = {
	.get	= sink_get,
	.put	= sink_put,
	.flush	= sink_flush,
};

/**
 * dlm_peer_find - peer by node id
 * @comms: our side
 * @nodeid: who
 *
 * Context: any but interrupts.
 * Return: peer with a reference for the caller, or NULL.
 */
struct dlm_peer *dlm_peer_find(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer;

	rcu_read_lock();
	peer = xa_load(&comms->peers, nodeid);
	if (peer && !kref_get_unless_zero(&peer->ref))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

/**
 * dlm_peer_next - walk over all peers
 * @comms: our side
 * @index: 0 at first
 *
 * Peers that come or go meanwhile may be missed.
 *
 * Context: any but interrupts.
 * Return: peer with a reference for the caller, or NULL at the end.
 */
struct dlm_peer *dlm_peer_next(struct dlm_comms *comms, unsigned long *index)
{
	struct dlm_peer *peer;

	rcu_read_lock();
	do {
		peer = xa_find_after(&comms->peers, index, ULONG_MAX, XA_PRESENT);
	} while (peer && !kref_get_unless_zero(&peer->ref));
	rcu_read_unlock();
	return peer;
}

static struct dlm_peer *peer_new(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer;

	peer = kzalloc(sizeof(*peer), GFP_NOIO);
	if (!peer)
		return NULL;
	if (dlm_session_init(&peer->session, comms->our_nodeid)) {
		kfree(peer);
		return NULL;
	}
	kref_init(&peer->ref);
	mutex_init(&peer->rx_mutex);
	dlm_lines_init(peer);
	peer->sink.ops = &peer_sink_ops;
	peer->nodeid = nodeid;
	peer->which = atomic64_inc_return(&comms->made);
	peer->session.peer = nodeid;
	peer->comms = comms;
	dlm_comms_get(comms);
	return peer;
}

/**
 * dlm_peer_make - peer by node id, made if it is not there
 * @comms: our side
 * @nodeid: who, positive
 *
 * Context: may sleep.
 * Return: peer with a reference for the caller; ERR_PTR of -EINVAL for an impossible
 * id, -ENOMEM.
 */
struct dlm_peer *dlm_peer_make(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer;
	int err;

	if (nodeid <= 0)
		return ERR_PTR(-EINVAL);
	for (;;) {
		peer = dlm_peer_find(comms, nodeid);
		if (peer)
			return peer;
		peer = peer_new(comms, nodeid);
		if (!peer)
			return ERR_PTR(-ENOMEM);
		dlm_peer_get(peer);	/* the table's */
		err = xa_insert(&comms->peers, nodeid, peer, GFP_NOIO);
		if (!err)
			return peer;
		dlm_peer_put(peer);
		dlm_peer_put(peer);
		if (err != -EBUSY)
			return ERR_PTR(err);
	}
}

/* once for each kind; figures.c shows how many there were */
static void complain(struct dlm_peer *peer, enum dlm_verdict verdict,
		     const struct dlm_frame *f)
{
	if (atomic_long_inc_return(&peer->bad[verdict]) == 1)
		pr_warn("dlm: node %d: packet refused: %s (cmd %u, %u bytes)\n",
			peer->nodeid, dlm_verdict_name(verdict), f->cmd,
			f->bytes);
}

static void trace_frame(const struct dlm_comms *comms, const struct dlm_frame *f)
{
	u32 seq = f->cmd == DLM_CMD_OPTS ? f->u : 0;

	if (f->inner_cmd == DLM_CMD_RCOM)
		trace_dlm_recv_rcom(comms->our_nodeid, seq, f->inner);
	else
		trace_dlm_recv_message(comms->our_nodeid, seq, f->inner, NULL, 0);
}

static int take_frame(struct dlm_peer *peer, enum dlm_verdict verdict,
		      const struct dlm_frame *f, struct dlm_fx *fx)
{
	const struct dlm_comms *comms = peer->comms;
	unsigned int epoch;

	if (dlm_session_receive(&peer->session, verdict, f, &epoch) != DLM_ACT_DELIVER)
		return 0;
	trace_frame(comms, f);
	if (comms->user->receive(comms->priv, peer->nodeid, f->inner, f->inner_len,
				 fx) == -ENOMEM)
		return -ENOMEM;
	dlm_session_took(&peer->session, f, epoch);
	return 0;
}

/**
 * dlm_peer_input - handle the packets of a stream
 * @peer: who sent them
 * @st: received bytes; a rest that is not handled stays
 * @fx: what is to be done afterwards
 *
 * Context: process context, peer->rx_mutex held.
 * Return: 0; -ENOMEM if the user has no memory: call again later, without having
 * received more; -EBADMSG if the stream makes no sense any more: reset the connection.
 */
int dlm_peer_input(struct dlm_peer *peer, struct dlm_stream *st, struct dlm_fx *fx)
{
	enum dlm_verdict verdict;
	unsigned int pos = 0;
	struct dlm_frame f;
	int err = 0;

	lockdep_assert_held(&peer->rx_mutex);
	while (!err) {
		verdict = dlm_frame_parse(st->buf + pos, st->len - pos,
					  peer->nodeid, &f);
		if (verdict == DLM_FRAME_MORE)
			break;
		if (verdict != DLM_FRAME_OK)
			complain(peer, verdict, &f);
		if (verdict == DLM_FRAME_LENGTH) {
			err = -EBADMSG;
			break;
		}
		err = take_frame(peer, verdict, &f, fx);
		if (!err)
			pos += f.bytes;
	}
	st->len -= pos;
	memmove(st->buf, st->buf + pos, st->len);
	return err;
}

/**
 * dlm_peer_input_end - all that had come was handled
 * @peer: who sent it
 * @fx: gets the peer if something is to be sent to it; the caller flushes
 *
 * Context: process context.
 */
void dlm_peer_input_end(struct dlm_peer *peer, struct dlm_fx *fx)
{
	if (dlm_session_batch_end(&peer->session))
		dlm_fx_add(fx, &peer->sink);
	if (wq_has_sleeper(&peer->comms->wait))
		wake_up_all(&peer->comms->wait);
}
