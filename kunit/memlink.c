// SPDX-License-Identifier: GPL-2.0
/*
 * A network in memory: see memlink.h.
 */
#include <linux/in.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "../dlm_lowcomms/peer.h"
#include "memlink.h"

#define WIRE_SIZE	32768
#define NO_PICK		(-1)

/**
 * struct wire - one direction between two nodes
 * @buf: bytes on their way
 * @len: how many
 * @stream: the receiver's end
 * @stalled: bytes do not move
 * @hungry: the receiver had no memory for the first packet in @stream
 */
struct wire {
	u8			*buf;
	unsigned int		len;
	struct dlm_stream	*stream;
	bool			stalled;
	bool			hungry;
};

/**
 * struct end - a node's place in the network
 * @ops: what its transport calls; finds the way back here
 * @net: the network
 * @nodeid: 0 if the place is free
 * @comms: its transport
 * @up: started and not stopped
 */
struct end {
	struct dlm_link_ops	ops;
	struct memlink		*net;
	int			nodeid;
	struct dlm_comms	*comms;
	bool			up;
};

/**
 * struct memlink - the network
 * @rnd: choices of memlink_step()
 * @end: nodes
 * @wire: [from][to]
 * @apart: [a][b] and [b][a]: no connection possible
 * @tap: sees packets
 * @tap_priv: for @tap
 */
struct memlink {
	struct rnd_state	rnd;
	struct end		end[MEMLINK_NODES];
	struct wire		wire[MEMLINK_NODES][MEMLINK_NODES];
	bool			apart[MEMLINK_NODES][MEMLINK_NODES];
	memlink_tap_fn		tap;
	void			*tap_priv;
};

static int place_of(struct memlink *net, int nodeid)
{
	int i;

	for (i = 0; i < MEMLINK_NODES; i++) {
		if (net->end[i].nodeid == nodeid)
			return i;
	}
	return NO_PICK;
}

/* the session of @a with @b, in form of the peer; the caller puts it */
static struct dlm_peer *peer_at(struct memlink *net, int a, int b)
{
	if (!net->end[a].up)
		return NULL;
	return dlm_peer_find(net->end[a].comms, net->end[b].nodeid);
}

static bool linked(struct memlink *net, int a, int b)
{
	return a != b && net->end[a].up && net->end[b].up && !net->apart[a][b];
}

/* --- what a transport calls ---------------------------------------------- */

static struct end *end_of(struct dlm_comms *comms)
{
	return container_of(comms->link, struct end, ops);
}

static int end_start(struct dlm_comms *comms)
{
	end_of(comms)->up = true;
	return 0;
}

static void lose(struct memlink *net, int a, int b)
{
	struct dlm_peer *peer = peer_at(net, a, b);
	struct wire *w = &net->wire[a][b];

	w->len = 0;
	w->hungry = false;
	if (w->stream)
		w->stream->len = 0;
	if (peer) {
		dlm_session_lost(&peer->session);
		dlm_peer_put(peer);
	}
}

static void cut(struct memlink *net, int a, int b)
{
	lose(net, a, b);
	lose(net, b, a);
}

static void end_stop(struct dlm_comms *comms, bool orderly)
{
	struct end *e = end_of(comms);
	int i, me = e - e->net->end;

	/* what was said before an orderly end still arrives */
	if (orderly)
		memlink_run(e->net);
	for (i = 0; i < MEMLINK_NODES; i++)
		cut(e->net, me, i);
	e->up = false;
}

static void end_kick(struct dlm_peer *peer)
{
}

static void end_drop(struct dlm_peer *peer, bool forget)
{
	struct end *e = end_of(peer->comms);
	int other = place_of(e->net, peer->nodeid);

	if (other != NO_PICK)
		cut(e->net, e - e->net->end, other);
}

static void end_settle(struct dlm_comms *comms)
{
	memlink_run(end_of(comms)->net);
}

static const struct dlm_link_ops end_ops = {
	.start	= end_start,
	.stop	= end_stop,
	.kick	= end_kick,
	.drop	= end_drop,
	.settle	= end_settle,
};

/* --- life ---------------------------------------------------------------- */

/**
 * memlink_create - make a network without nodes
 * @seed: of the choices of memlink_step()
 *
 * Return: the network, or NULL without memory.
 */
struct memlink *memlink_create(u64 seed)
{
	struct memlink *net = kvzalloc(sizeof(*net), GFP_KERNEL);

	if (net)
		prandom_seed_state(&net->rnd, seed);
	return net;
}

/**
 * memlink_destroy - destroy a network and the transports of its nodes
 * @net: the network, or NULL
 */
void memlink_destroy(struct memlink *net)
{
	int i, j;

	if (!net)
		return;
	for (i = 0; i < MEMLINK_NODES; i++) {
		if (net->end[i].nodeid)
			memlink_kill(net, net->end[i].nodeid);
	}
	for (i = 0; i < MEMLINK_NODES; i++) {
		for (j = 0; j < MEMLINK_NODES; j++) {
			kvfree(net->wire[i][j].buf);
			kvfree(net->wire[i][j].stream);
		}
	}
	kvfree(net);
}

/**
 * memlink_set_tap - look at all packets
 * @net: the network
 * @tap: called for each, or NULL
 * @priv: for @tap
 */
void memlink_set_tap(struct memlink *net, memlink_tap_fn tap, void *priv)
{
	net->tap = tap;
	net->tap_priv = priv;
}

static bool need_wire(struct wire *w)
{
	if (!w->buf)
		w->buf = kvmalloc(WIRE_SIZE, GFP_KERNEL);
	if (!w->stream)
		w->stream = kvzalloc(sizeof(*w->stream), GFP_KERNEL);
	return w->buf && w->stream;
}

static bool introduce(struct end *a, struct end *b)
{
	struct sockaddr_storage addr = { };
	struct sockaddr_in *in = (void *)&addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK + b->nodeid);
	return !dlm_comms_addr_add(a->comms, b->nodeid, &addr, false);
}

static bool meet_others(struct memlink *net, int me)
{
	struct end *e = &net->end[me];
	struct dlm_peer *peer;
	int i;

	for (i = 0; i < MEMLINK_NODES; i++) {
		if (i == me || !net->end[i].nodeid)
			continue;
		if (!need_wire(&net->wire[i][me]) || !need_wire(&net->wire[me][i]) ||
		    !introduce(e, &net->end[i]))
			return false;
		peer = dlm_peer_find(net->end[i].comms, e->nodeid);
		if (peer)
			dlm_peer_put(peer);
		else if (!introduce(&net->end[i], e))
			return false;
	}
	return true;
}

/**
 * memlink_join - a node enters the network
 * @net: the network
 * @nodeid: its id; it may have been here before
 * @user: who receives
 * @priv: for @user
 *
 * Return: its transport, started, or NULL if there is no room or no memory.
 */
struct dlm_comms *memlink_join(struct memlink *net, int nodeid,
			       const struct dlm_comms_user *user, void *priv)
{
	struct dlm_comms_config config = { };
	int me = place_of(net, 0);
	struct end *e;

	if (me == NO_PICK || place_of(net, nodeid) != NO_PICK)
		return NULL;
	e = &net->end[me];
	e->ops = end_ops;
	e->net = net;
	e->comms = dlm_comms_create(NULL, user, priv, &e->ops);
	if (!e->comms)
		return NULL;
	e->nodeid = nodeid;
	if (dlm_comms_start(e->comms, nodeid, &config) || !meet_others(net, me)) {
		memlink_kill(net, nodeid);
		return NULL;
	}
	return e->comms;
}

/**
 * memlink_introduce - a node is told the address of another one
 * @net: the network
 * @nodeid: who is told
 * @other: of whom; nothing happens if it is not there
 *
 * Return: false if there was no memory.
 */
bool memlink_introduce(struct memlink *net, int nodeid, int other)
{
	int b = place_of(net, other);

	return b == NO_PICK || introduce(&net->end[place_of(net, nodeid)], &net->end[b]);
}

/**
 * memlink_kill - a node dies without a word
 * @net: the network
 * @nodeid: which
 *
 * Its transport is destroyed.  The others keep their peer until they forget it.
 */
void memlink_kill(struct memlink *net, int nodeid)
{
	int me = place_of(net, nodeid);

	dlm_comms_destroy(net->end[me].comms);
	net->end[me].comms = NULL;
	net->end[me].nodeid = 0;
	memset(net->apart[me], 0, sizeof(net->apart[me]));
	for (int i = 0; i < MEMLINK_NODES; i++) {
		net->apart[i][me] = false;
		net->wire[i][me].stalled = false;
		net->wire[me][i].stalled = false;
	}
}

/**
 * memlink_comms - transport of a node
 * @net: the network
 * @nodeid: which
 *
 * Return: the transport, or NULL if there is no such node.
 */
struct dlm_comms *memlink_comms(struct memlink *net, int nodeid)
{
	int me = place_of(net, nodeid);

	return me == NO_PICK ? NULL : net->end[me].comms;
}

/* --- moving bytes -------------------------------------------------------- */

static void show_tap(struct memlink *net, int a, int b, const u8 *p, unsigned int n)
{
	const struct dlm_w_header *h;
	unsigned int len;

	for (; n && net->tap; n -= len, p += len) {
		h = (const void *)p;
		len = le16_to_cpu(h->length);
		net->tap(net->tap_priv, net->end[a].nodeid, net->end[b].nodeid, p, len);
	}
}

static unsigned int transmit(struct memlink *net, int a, int b)
{
	struct wire *w = &net->wire[a][b];
	struct dlm_peer *peer;
	unsigned int n;

	if (!linked(net, a, b))
		return 0;
	peer = peer_at(net, a, b);
	if (!peer)
		return 0;
	n = dlm_session_fill(&peer->session, w->buf + w->len, WIRE_SIZE - w->len);
	show_tap(net, a, b, w->buf + w->len, n);
	w->len += n;
	dlm_peer_put(peer);
	return n;
}

/* what the stream has goes to the user; returns bytes that were handled */
static unsigned int digest(struct memlink *net, int a, int b)
{
	struct dlm_peer *peer = peer_at(net, b, a);
	struct wire *w = &net->wire[a][b];
	unsigned int len = w->stream->len;
	struct dlm_fx fx = { };
	int err;

	if (!peer) {
		/* like a connection from a stranger */
		cut(net, a, b);
		return len;
	}
	mutex_lock(&peer->rx_mutex);
	err = dlm_peer_input(peer, w->stream, &fx);
	mutex_unlock(&peer->rx_mutex);
	len -= w->stream->len;
	w->hungry = err == -ENOMEM;
	dlm_peer_input_end(peer, &fx);
	dlm_fx_flush(&fx);
	dlm_peer_put(peer);
	if (err == -EBADMSG)
		cut(net, a, b);
	return len;
}

/* returns bytes that went from the wire or out of the stream */
static unsigned int deliver(struct memlink *net, int a, int b, unsigned int bytes)
{
	struct wire *w = &net->wire[a][b];
	unsigned int n, moved = 0;

	if (!linked(net, a, b) || w->stalled)
		return 0;
	if (w->hungry)
		moved = digest(net, a, b);
	while (bytes && w->len && !w->hungry) {
		n = min3(bytes, w->len, DLM_STREAM_SIZE - w->stream->len);
		memcpy(w->stream->buf + w->stream->len, w->buf, n);
		w->stream->len += n;
		w->len -= n;
		memmove(w->buf, w->buf + n, w->len);
		bytes -= n;
		moved += n;
		digest(net, a, b);
	}
	return moved;
}

/* bytes of the first packets on a wire, counted from what the stream has of the first */
static unsigned int bytes_of(const struct wire *w, unsigned int packets)
{
	unsigned int have = w->stream->len, pos = 0;
	struct dlm_w_header h;
	unsigned int i;
	u8 *raw = (void *)&h;

	while (packets-- && pos + sizeof(h) <= have + w->len) {
		for (i = 0; i < sizeof(h); i++)
			raw[i] = pos + i < have ? w->stream->buf[pos + i] :
						  w->buf[pos + i - have];
		pos += max_t(unsigned int, le16_to_cpu(h.length), sizeof(h));
	}
	return pos > have ? pos - have : 0;
}

/**
 * memlink_transmit - a session's bytes go onto the wire
 * @net: the network
 * @from: sender
 * @to: receiver
 *
 * Return: bytes.
 */
unsigned int memlink_transmit(struct memlink *net, int from, int to)
{
	return transmit(net, place_of(net, from), place_of(net, to));
}

/**
 * memlink_deliver - bytes on the wire arrive, as one batch
 * @net: the network
 * @from: sender
 * @to: receiver
 * @bytes: at most so many
 *
 * Return: bytes.
 */
unsigned int memlink_deliver(struct memlink *net, int from, int to,
			     unsigned int bytes)
{
	return deliver(net, place_of(net, from), place_of(net, to), bytes);
}

/**
 * memlink_deliver_packets - packets on the wire arrive, as one batch
 * @net: the network
 * @from: sender
 * @to: receiver
 * @packets: at most so many
 *
 * Return: bytes.
 */
unsigned int memlink_deliver_packets(struct memlink *net, int from, int to,
				     unsigned int packets)
{
	int a = place_of(net, from), b = place_of(net, to);

	return deliver(net, a, b, bytes_of(&net->wire[a][b], packets));
}

/**
 * memlink_on_wire - bytes between two nodes
 * @net: the network
 * @from: sender
 * @to: receiver
 *
 * Return: bytes.
 */
unsigned int memlink_on_wire(struct memlink *net, int from, int to)
{
	return net->wire[place_of(net, from)][place_of(net, to)].len;
}

/**
 * memlink_inject - bytes that no session has sent
 * @net: the network
 * @from: as if it came from there
 * @to: receiver
 * @bytes: anything
 * @len: how many, up to what fits
 */
void memlink_inject(struct memlink *net, int from, int to, const void *bytes,
		    unsigned int len)
{
	struct wire *w = &net->wire[place_of(net, from)][place_of(net, to)];

	len = min(len, WIRE_SIZE - w->len);
	memcpy(w->buf + w->len, bytes, len);
	w->len += len;
}

static bool idle(struct memlink *net, int a, int b)
{
	struct dlm_peer *peer = peer_at(net, a, b);
	bool pending = false;

	if (!peer)
		return false;
	if (dlm_session_wants_idle(&peer->session)) {
		dlm_session_idle(&peer->session);
		pending = dlm_session_idle(&peer->session);
		if (dlm_session_stalled(&peer->session))
			cut(net, a, b);
	}
	dlm_peer_put(peer);
	return pending && linked(net, a, b);
}

/**
 * memlink_idle - a moment passes: owed acknowledgements become due
 * @net: the network
 */
void memlink_idle(struct memlink *net)
{
	int a, b;

	for (a = 0; a < MEMLINK_NODES; a++) {
		for (b = 0; b < MEMLINK_NODES; b++)
			idle(net, a, b);
	}
}

/* --- as long as there is something to do --------------------------------- */

enum { EV_TRANSMIT, EV_DELIVER, EV_IDLE, EV_KINDS };

static bool possible(struct memlink *net, int a, int b, int what)
{
	struct wire *w = &net->wire[a][b];
	struct dlm_peer *peer;
	bool yes;

	if (!linked(net, a, b))
		return false;
	if (what == EV_DELIVER)
		return !w->stalled && (w->len || w->hungry);
	peer = peer_at(net, a, b);
	if (!peer)
		return false;
	if (what == EV_TRANSMIT)
		yes = dlm_session_pending(&peer->session) &&
		      WIRE_SIZE - w->len >= DLM_PACKET_MAX;
	else
		yes = dlm_session_wants_idle(&peer->session);
	dlm_peer_put(peer);
	return yes;
}

/* picks one of all possible events, each with the same probability */
static bool pick(struct memlink *net, int kinds, int *a, int *b, int *what)
{
	unsigned int n = 0;
	int i, j, k;

	for (i = 0; i < MEMLINK_NODES; i++) {
		for (j = 0; j < MEMLINK_NODES; j++) {
			for (k = 0; k < kinds; k++) {
				if (!possible(net, i, j, k))
					continue;
				if (prandom_u32_state(&net->rnd) % ++n)
					continue;
				*a = i;
				*b = j;
				*what = k;
			}
		}
	}
	return n;
}

/**
 * memlink_step - one random event
 * @net: the network
 *
 * A session transmits; a few packets, or some bytes, arrive; or, when nothing of that
 * is possible, a moment passes for somebody.
 *
 * Return: false if nothing was pending.
 */
bool memlink_step(struct memlink *net)
{
	int a, b, what;
	u32 r;

	if (!pick(net, EV_IDLE, &a, &b, &what)) {
		/* whom a missing packet keeps waiting has no end of idle moments */
		for (a = 0; a < MEMLINK_NODES; a++) {
			for (b = 0; b < MEMLINK_NODES; b++) {
				if (idle(net, a, b))
					return true;
			}
		}
		return false;
	}
	if (what == EV_TRANSMIT) {
		transmit(net, a, b);
		return true;
	}
	r = prandom_u32_state(&net->rnd);
	if (r % 4)
		deliver(net, a, b, bytes_of(&net->wire[a][b], 1 + (r >> 8) % 8));
	else
		deliver(net, a, b, 1 + (r >> 8) % 300);
	return true;
}

static bool sweep(struct memlink *net)
{
	bool progress = false;
	int a, b;

	for (a = 0; a < MEMLINK_NODES; a++) {
		for (b = 0; b < MEMLINK_NODES; b++) {
			progress |= transmit(net, a, b) > 0;
			progress |= deliver(net, a, b, MEMLINK_ALL) > 0;
		}
	}
	return progress;
}

/**
 * memlink_run - go on until nothing is pending
 * @net: the network
 *
 * All that can arrive arrives, in a fixed order, and is acknowledged.  What is stalled or
 * apart stays, and so does what a receiver has no memory for.
 */
void memlink_run(struct memlink *net)
{
	bool more;
	int a, b;

	do {
		while (sweep(net))
			;
		more = false;
		for (a = 0; a < MEMLINK_NODES; a++) {
			for (b = 0; b < MEMLINK_NODES; b++)
				more |= idle(net, a, b);
		}
	} while (more);
}

/**
 * memlink_quiet - is nothing pending?
 * @net: the network
 *
 * Return: true if memlink_run() would do nothing.
 */
bool memlink_quiet(struct memlink *net)
{
	int a, b, what;

	return !pick(net, EV_KINDS, &a, &b, &what);
}

/* --- mishaps ------------------------------------------------------------- */

/**
 * memlink_cut - the connection of two nodes is reset
 * @net: the network
 * @a: one
 * @b: other
 */
void memlink_cut(struct memlink *net, int a, int b)
{
	cut(net, place_of(net, a), place_of(net, b));
}

/**
 * memlink_part - two nodes cannot reach each other, or can again
 * @net: the network
 * @a: one
 * @b: other
 * @apart: they cannot; their connection is reset
 */
void memlink_part(struct memlink *net, int a, int b, bool apart)
{
	int i = place_of(net, a), j = place_of(net, b);

	if (apart)
		cut(net, i, j);
	net->apart[i][j] = apart;
	net->apart[j][i] = apart;
}

/**
 * memlink_stall - bytes of one direction do not arrive for now
 * @net: the network
 * @from: sender
 * @to: receiver
 * @stalled: or do again
 */
void memlink_stall(struct memlink *net, int from, int to, bool stalled)
{
	net->wire[place_of(net, from)][place_of(net, to)].stalled = stalled;
}
