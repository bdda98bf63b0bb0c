// SPDX-License-Identifier: GPL-2.0
/*
 * Reliable, ordered conversation with one node: see session.h.
 *
 * Sending.  A packet gets its number when it is handed over (dlm_session_send()), under
 * whatever locks its sender holds, so that the order of numbers is the order of
 * state changes.  It waits on @todo; dlm_session_fill() copies it into the link's
 * buffer, and moves it to @sent if it has a number, or frees it.  An ACK frees what
 * it covers.  When a connection is lost, @sent goes back in front of
 * @todo.  Copying costs a few hundred bytes per packet and saves all questions
 * about who owns a packet while a socket looks at it.
 *
 * Nothing with a number leaves before the peer was heard and its version is known
 * (wire.md 8.2); packets without number overtake what is held back for that reason,
 * or the two nodes would wait for each other.  Otherwise packets leave in the order
 * they came.
 *
 * Receiving.  A packet is delivered in its turn and once, and its number is used up when
 * the user took it.  An early one is dropped: the peer repeats from the first
 * that is missing (wire.md 8.4, 8.6).
 *
 * Ending.  The table of wire.md 8.7 is in take_fin(), fin_acked(),
 * dlm_session_member_del() and dlm_session_shutdown().  The ACK of the peer's last FIN outlives
 * the conversation.  Two things are done that the table lacks, because the
 * handshake has no other cure for them: a FIN that finds no conversation is
 * acknowledged (the ACK of it was lost with a connection), and a STATUS
 * that comes when only an ACK is missing begins the next conversation.
 *
 * Machines may fail, be back, and leave again before somebody has noticed.  He repeats to
 * the new one what he said to the old one, and then forgets (wire.md 8.6).  So nothing with a
 * number but FIN is said to who has not been a member, and what such a one says may begin
 * anew: he has forgotten by the time that both start a lockspace.  The first packet with a
 * number after that tells: it is the first of all, or the next.
 * Who leaves opens no conversation any more; one that the peer begins is ended at once.
 *
 * All numbers are compared so that they may wrap.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <dlm/trace.h>
#include "session.h"

/* dlm_packet.flags */
#define P_NUMBERED	0x1

static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/**
 * dlm_packet_alloc - make an empty packet
 * @cmd: DLM_CMD_MSG, DLM_CMD_RCOM or DLM_CMD_FIN
 * @len: bytes, header included, up to DLM_INNER_MAX
 * @gfp: how to allocate
 *
 * Version, length and command are filled in, the node id is when it is sent; the
 * rest is zero.
 *
 * Context: as @gfp allows.
 * Return: the packet, or NULL without memory or with an impossible length.
 */
struct dlm_packet *dlm_packet_alloc(enum dlm_wire_cmd cmd, unsigned int len,
				    gfp_t gfp)
{
	struct dlm_w_header *h;
	struct dlm_packet *p;

	if (len < sizeof(*h) || len > DLM_INNER_MAX)
		return NULL;
	p = kzalloc(struct_size(p, data, len), gfp);
	if (!p)
		return NULL;
	INIT_LIST_HEAD(&p->entry);
	p->len = len;
	h = (void *)p->data;
	h->version = cpu_to_le32(DLM_WIRE_3_2);
	h->length = cpu_to_le16(len);
	h->cmd = cmd;
	return p;
}

/**
 * dlm_packet_free - give up a packet that is not sent after all
 * @p: on no list; NULL is fine
 *
 * Context: any.
 */
void dlm_packet_free(struct dlm_packet *p)
{
	kfree(p);
}

static void count_queued(struct dlm_session *s, int n)
{
	WRITE_ONCE(s->queued, s->queued + n);
	if (s->queued > DLM_SESSION_ROOM)
		WRITE_ONCE(s->crowded, true);
	else if (s->queued <= DLM_SESSION_ROOM / 2)
		WRITE_ONCE(s->crowded, false);
}

/* take a packet off its list for good */
static void drop(struct dlm_session *s, struct dlm_packet *p)
{
	list_del_init(&p->entry);
	count_queued(s, -1);
	if (!(p->flags & P_NUMBERED))
		s->plain--;
	if (p != s->fin)
		dlm_packet_free(p);
}

static void drop_all(struct dlm_session *s, struct list_head *list)
{
	struct dlm_packet *p, *next;

	list_for_each_entry_safe(p, next, list, entry)
		drop(s, p);
}

static void append(struct dlm_session *s, struct dlm_packet *p, bool numbered)
{
	struct dlm_w_header *h = (void *)p->data;

	h->nodeid = cpu_to_le32(s->our_nodeid);
	if (numbered) {
		p->flags = P_NUMBERED;
		p->seq = s->send_seq++;
	} else {
		p->flags = 0;
		s->plain++;
	}
	list_add_tail(&p->entry, &s->todo);
	count_queued(s, 1);
}

static void trace_sent(const struct dlm_session *s, struct dlm_packet *p)
{
	const struct dlm_w_header *h = (const void *)p->data;
	u32 seq = p->flags & P_NUMBERED ? p->seq : 0;

	if (h->cmd == DLM_CMD_RCOM)
		trace_dlm_send_rcom(s->peer, seq, (const void *)p->data);
	else
		trace_dlm_send_message(s->peer, seq, (const void *)p->data,
				       p->name, p->namelen);
	/* the resource may be gone from here on */
	p->name = NULL;
}

static void begin_again(struct dlm_session *s)
{
	drop_all(s, &s->todo);
	drop_all(s, &s->sent);
	s->version = 0;
	s->send_seq = s->start;
	s->sent_end = s->start;
	s->recv_next = s->start;
	s->ack_now = false;
	s->unacked = 0;
	s->idle_mark = s->start;
	s->gap = 0;
	s->epoch++;
	s->early = false;
	s->shared = s->users;
	/* whoever has lockspaces with us will talk to us again */
	s->state = s->users ? DLM_SS_ESTABLISHED : DLM_SS_CLOSED;
}

/* the handshake is complete; an ACK that is still owed is sent nevertheless */
static void conclude(struct dlm_session *s)
{
	bool ack = s->ack_now;

	begin_again(s);
	s->ack_now = ack;
	s->stats[DLM_SC_RESET]++;
}

static void say_fin(struct dlm_session *s, enum dlm_session_state next)
{
	s->fin_seq = s->send_seq;
	append(s, s->fin, true);
	s->state = next;
}

/**
 * dlm_session_init - prepare a conversation
 * @s: memory that is zero
 * @our_nodeid: 0 if not known yet
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dlm_session_init(struct dlm_session *s, int our_nodeid)
{
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->todo);
	INIT_LIST_HEAD(&s->sent);
	s->our_nodeid = our_nodeid;
	s->fin = dlm_packet_alloc(DLM_CMD_FIN, sizeof(struct dlm_w_header), GFP_NOIO);
	return s->fin ? 0 : -ENOMEM;
}

/**
 * dlm_session_destroy - free what it holds
 * @s: nobody uses it any more
 */
void dlm_session_destroy(struct dlm_session *s)
{
	drop_all(s, &s->todo);
	drop_all(s, &s->sent);
	dlm_packet_free(s->fin);
	s->fin = NULL;
}

/**
 * dlm_session_rename - our node id became known
 * @s: session
 * @our_nodeid: goes into all headers from now on
 */
void dlm_session_rename(struct dlm_session *s, int our_nodeid)
{
	spin_lock(&s->lock);
	s->our_nodeid = our_nodeid;
	spin_unlock(&s->lock);
}

/**
 * dlm_session_reset - forget the conversation
 * @s: session
 *
 * Both sides must do so at the same moment (wire.md 8.6).  What is queued is dropped.
 */
void dlm_session_reset(struct dlm_session *s)
{
	spin_lock(&s->lock);
	begin_again(s);
	s->by_fin = false;
	s->leaving = false;
	s->stats[DLM_SC_RESET]++;
	spin_unlock(&s->lock);
}

static bool said_fin(const struct dlm_session *s)
{
	switch (s->state) {
	case DLM_SS_FIN_WAIT1:
	case DLM_SS_FIN_WAIT2:
	case DLM_SS_CLOSING:
	case DLM_SS_LAST_ACK:
		return true;
	default:
		return false;
	}
}

/**
 * dlm_session_send - give a packet its place
 * @s: session
 * @p: packet; belongs to the session from now on
 * @sequenced: it gets a number and is repeated until it is acknowledged
 *
 * Context: any but interrupts; takes only the session's lock.
 * Return: false if it was freed instead, because we said FIN already or the peer has never been
 * a member.
 */
bool dlm_session_send(struct dlm_session *s, struct dlm_packet *p, bool sequenced)
{
	bool ok;

	spin_lock(&s->lock);
	ok = !sequenced || (s->shared && !said_fin(s));
	if (ok) {
		append(s, p, sequenced);
		trace_sent(s, p);
	} else {
		s->stats[DLM_SC_REFUSED]++;
	}
	spin_unlock(&s->lock);
	if (!ok)
		dlm_packet_free(p);
	return ok;
}

/**
 * dlm_session_member_add - the peer is member of one more of our lockspaces
 * @s: session
 *
 * Return: false if the end of the last conversation was stuck and it was
 * reset because of that.
 */
bool dlm_session_member_add(struct dlm_session *s)
{
	bool stuck;

	spin_lock(&s->lock);
	s->users++;
	stuck = s->state != DLM_SS_CLOSED && s->state != DLM_SS_ESTABLISHED;
	if (stuck) {
		begin_again(s);
		s->stats[DLM_SC_RESET]++;
	} else if (!s->shared) {
		s->early = s->recv_next != s->start;
	}
	s->shared = true;
	s->leaving = false;
	s->state = DLM_SS_ESTABLISHED;
	spin_unlock(&s->lock);
	return !stuck;
}

/**
 * dlm_session_member_del - the peer is member of one lockspace less
 * @s: session
 */
void dlm_session_member_del(struct dlm_session *s)
{
	spin_lock(&s->lock);
	if (s->users && !--s->users && s->state == DLM_SS_CLOSE_WAIT)
		say_fin(s, DLM_SS_LAST_ACK);
	spin_unlock(&s->lock);
}

/**
 * dlm_session_shutdown - we leave our last lockspace: begin the handshake
 * @s: session
 *
 * Who never said anything, or speaks 3.1, knows no handshake: nothing is left to
 * be said then.  dlm_session_closed() tells when it is over.
 */
void dlm_session_shutdown(struct dlm_session *s)
{
	spin_lock(&s->lock);
	s->users = 0;
	s->leaving = true;
	if (s->state == DLM_SS_CLOSE_WAIT) {
		say_fin(s, DLM_SS_LAST_ACK);
	} else if (s->state == DLM_SS_ESTABLISHED) {
		if (s->version == DLM_WIRE_3_2)
			say_fin(s, DLM_SS_FIN_WAIT1);
		else
			begin_again(s);
	}
	spin_unlock(&s->lock);
}

/**
 * dlm_session_closed - is the handshake over, with nothing left to be sent?
 * @s: session
 *
 * Return: true if so.
 */
bool dlm_session_closed(struct dlm_session *s)
{
	bool closed;

	spin_lock(&s->lock);
	closed = s->state == DLM_SS_CLOSED && !s->ack_now;
	spin_unlock(&s->lock);
	return closed;
}

/**
 * dlm_session_crowded - should new requests wait?
 * @s: session
 *
 * Return: true from DLM_SESSION_ROOM queued packets on, until half of them are gone.
 */
bool dlm_session_crowded(struct dlm_session *s)
{
	return READ_ONCE(s->crowded);
}

/**
 * dlm_session_flooded - should no more be read than the peer can bear?
 * @s: session
 *
 * Requests of ours wait long before (dlm_session_crowded()), so what is queued are answers, and
 * whoever asked for them does not read them.  Not to read at all is no way out: two nodes that
 * have both asked for a lot would wait for each other.
 *
 * Return: true while more than DLM_SESSION_FLOOD packets are queued.
 */
bool dlm_session_flooded(struct dlm_session *s)
{
	return READ_ONCE(s->queued) > DLM_SESSION_FLOOD;
}

/* --- to the link --------------------------------------------------------- */

static unsigned int put_ack(struct dlm_session *s, void *buf)
{
	struct dlm_w_header h = {
		.version = cpu_to_le32(DLM_WIRE_3_2),
		.u = cpu_to_le32(s->ack_value),
		.nodeid = cpu_to_le32(s->our_nodeid),
		.length = cpu_to_le16(sizeof(h)),
		.cmd = DLM_CMD_ACK,
	};

	memcpy(buf, &h, sizeof(h));
	s->ack_now = false;
	s->unacked = 0;
	s->stats[DLM_SC_ACKS_SENT]++;
	return sizeof(h);
}

/* 3.1 peers know no envelopes (wire.md 8.8) */
static bool in_envelope(const struct dlm_session *s, const struct dlm_packet *p)
{
	return (p->flags & P_NUMBERED) && s->version == DLM_WIRE_3_2;
}

static unsigned int wire_size(const struct dlm_session *s,
			      const struct dlm_packet *p)
{
	return p->len + (in_envelope(s, p) ? sizeof(struct dlm_w_opts) : 0);
}

static void put_packet(struct dlm_session *s, struct dlm_packet *p, void *buf)
{
	struct dlm_w_header *h = (void *)p->data;

	h->nodeid = cpu_to_le32(s->our_nodeid);
	if (in_envelope(s, p)) {
		p->envelope = (struct dlm_w_opts) {
			.header = {
				.version = cpu_to_le32(DLM_WIRE_3_2),
				.u = cpu_to_le32(p->seq),
				.nodeid = h->nodeid,
				.length = cpu_to_le16(wire_size(s, p)),
				.cmd = DLM_CMD_OPTS,
			},
			.nextcmd = h->cmd,
		};
		memcpy(buf, &p->envelope, sizeof(p->envelope));
		buf += sizeof(p->envelope);
	}
	memcpy(buf, p->data, p->len);
}

/* its bytes are with the link: keep it until it is acknowledged, or forget it */
static void transmitted(struct dlm_session *s, struct dlm_packet *p)
{
	s->stats[DLM_SC_SENT]++;
	if (!in_envelope(s, p)) {
		drop(s, p);
		return;
	}
	if (before(p->seq, s->sent_end))
		s->stats[DLM_SC_RESENT]++;
	else
		s->sent_end = p->seq + 1;
	list_move_tail(&p->entry, &s->sent);
}

/**
 * dlm_session_fill - take bytes to transmit
 * @s: session
 * @buf: where to
 * @size: room; DLM_PACKET_MAX is enough for one packet of any kind
 *
 * Only whole packets are taken, an ACK first if one is due.  They count as transmitted;
 * if they do not arrive, dlm_session_lost() must be called.
 *
 * Context: any but interrupts; one caller at a time, or bytes are out of order.
 * Return: bytes put into @buf, 0 if nothing is to be sent now.
 */
unsigned int dlm_session_fill(struct dlm_session *s, void *buf, unsigned int size)
{
	struct dlm_packet *p, *next;
	unsigned int used = 0, n;

	spin_lock(&s->lock);
	if (s->ack_now && size >= sizeof(struct dlm_w_header))
		used = put_ack(s, buf);
	list_for_each_entry_safe(p, next, &s->todo, entry) {
		if (!s->version && (p->flags & P_NUMBERED)) {
			if (!s->plain)
				break;
			continue;
		}
		n = wire_size(s, p);
		if (n > size - used)
			break;
		put_packet(s, p, buf + used);
		used += n;
		transmitted(s, p);
	}
	spin_unlock(&s->lock);
	return used;
}

static bool something_to_send(const struct dlm_session *s)
{
	return s->ack_now || s->plain || (s->version && !list_empty(&s->todo));
}

/**
 * dlm_session_pending - would dlm_session_fill() give bytes?
 * @s: session
 *
 * Return: true if so.
 */
bool dlm_session_pending(struct dlm_session *s)
{
	bool pending;

	spin_lock(&s->lock);
	pending = something_to_send(s);
	spin_unlock(&s->lock);
	return pending;
}

/**
 * dlm_session_wants_link - should there be a connection?
 * @s: session
 *
 * Return: true if there is something to send, or the peer is a member.
 */
bool dlm_session_wants_link(struct dlm_session *s)
{
	bool wants;

	spin_lock(&s->lock);
	wants = s->users || something_to_send(s);
	spin_unlock(&s->lock);
	return wants;
}

/**
 * dlm_session_lost - a connection broke
 * @s: session
 *
 * Call it when no byte of an earlier dlm_session_fill() will be transmitted any
 * more.  All that is not acknowledged goes again, with its old numbers.
 */
void dlm_session_lost(struct dlm_session *s)
{
	spin_lock(&s->lock);
	list_splice_init(&s->sent, &s->todo);
	s->gap = 0;
	/* after the end nobody connects just for an ACK: who misses it asks again */
	if (s->state == DLM_SS_CLOSED)
		s->ack_now = false;
	s->stats[DLM_SC_LOST]++;
	spin_unlock(&s->lock);
}

/* --- from the link ------------------------------------------------------- */

static void fin_acked(struct dlm_session *s)
{
	switch (s->state) {
	case DLM_SS_FIN_WAIT1:
		s->state = DLM_SS_FIN_WAIT2;
		break;
	case DLM_SS_CLOSING:
	case DLM_SS_LAST_ACK:
		conclude(s);
		break;
	}
}

static void drop_acked(struct dlm_session *s, struct list_head *list, u32 end)
{
	struct dlm_packet *p, *next;

	list_for_each_entry_safe(p, next, list, entry) {
		if (!(p->flags & P_NUMBERED))
			continue;
		if (!before(p->seq, end))
			return;
		drop(s, p);
	}
}

static void take_ack(struct dlm_session *s, u32 end)
{
	if (before(s->sent_end, end)) {
		s->stats[DLM_SC_BAD_ACK]++;
		return;
	}
	s->stats[DLM_SC_ACKS_RECEIVED]++;
	drop_acked(s, &s->sent, end);
	/* what is about to be repeated */
	drop_acked(s, &s->todo, end);
	if (said_fin(s) && before(s->fin_seq, end))
		fin_acked(s);
}

static void used_up(struct dlm_session *s)
{
	s->ack_value = ++s->recv_next;
	s->unacked++;
	s->gap = 0;
}

static void take_fin(struct dlm_session *s)
{
	s->ack_now = true;
	switch (s->state) {
	case DLM_SS_ESTABLISHED:
		if (s->users)
			s->state = DLM_SS_CLOSE_WAIT;
		else
			say_fin(s, DLM_SS_LAST_ACK);
		break;
	case DLM_SS_FIN_WAIT1:
		s->state = DLM_SS_CLOSING;
		break;
	case DLM_SS_FIN_WAIT2:
		conclude(s);
		break;
	case DLM_SS_LAST_ACK:
		break;
	default:
		s->stats[DLM_SC_STRAY_FIN]++;
	}
}

/* the first packet decides how we talk; wire.md 8.2 has what it may be */
static bool open_with(struct dlm_session *s, enum dlm_verdict verdict,
		      const struct dlm_frame *f)
{
	bool plain = f->cmd == DLM_CMD_RCOM || f->cmd == DLM_CMD_MSG;
	bool fin = verdict == DLM_FRAME_OK && f->inner_cmd == DLM_CMD_FIN;

	/*
	 * Whom we have forgotten may say farewell, and waits for ours.  Once: or two who have
	 * forgotten each other would go on with that for ever.
	 */
	if (!plain && (f->cmd != DLM_CMD_OPTS || f->u != s->start ||
		       (fin && s->by_fin && s->state == DLM_SS_CLOSED))) {
		s->stats[DLM_SC_UNOPENED]++;
		if (fin) {
			s->ack_value = f->u + 1;
			s->ack_now = true;
		}
		return false;
	}
	s->version = f->version;
	s->by_fin = fin;
	if (s->state == DLM_SS_CLOSED)
		s->state = DLM_SS_ESTABLISHED;
	if (s->leaving && !plain && !fin)
		say_fin(s, DLM_SS_FIN_WAIT1);
	return true;
}

static enum dlm_session_act take_numbered(struct dlm_session *s,
					  enum dlm_verdict verdict,
					  const struct dlm_frame *f)
{
	/* what came before was for somebody of our name, or has no effect twice */
	if (f->u == s->start && (!s->shared || s->early))
		s->recv_next = s->start;
	if (before(f->u, s->recv_next)) {
		s->stats[DLM_SC_DUPLICATE]++;
		s->ack_now = true;
		return DLM_ACT_NONE;
	}
	if (f->u != s->recv_next) {
		s->stats[DLM_SC_GAP]++;
		if (!s->gap)
			s->gap = 1;
		return DLM_ACT_NONE;
	}
	s->early = false;
	if (verdict == DLM_FRAME_OK && f->inner_cmd != DLM_CMD_FIN)
		return DLM_ACT_DELIVER;
	used_up(s);
	if (verdict == DLM_FRAME_OK)
		take_fin(s);
	return DLM_ACT_NONE;
}

/* STATUS: said for a lockspace that there is, so it is not the end of anything */
static bool is_question(const struct dlm_frame *f)
{
	const struct dlm_w_rcom *rc = f->inner;

	return f->cmd == DLM_CMD_RCOM && rc->type == cpu_to_le32(DLM_RCOM_STATUS);
}

static enum dlm_session_act take(struct dlm_session *s, enum dlm_verdict verdict,
				 const struct dlm_frame *f)
{
	bool numbered = f->cmd == DLM_CMD_OPTS, ack = f->cmd == DLM_CMD_ACK;
	bool plain = !numbered && !ack;

	/*
	 * The peer has forgotten a conversation of which we miss the last ACK.  Not if it
	 * cannot have our FIN yet, or just answers what we asked before.
	 */
	if (is_question(f) && before(s->fin_seq, s->sent_end) &&
	    (s->state == DLM_SS_LAST_ACK || s->state == DLM_SS_CLOSING))
		conclude(s);
	/* a question is answered, no more */
	if (plain && s->leaving && s->state == DLM_SS_CLOSED)
		return DLM_ACT_DELIVER;
	if (!s->version && !open_with(s, verdict, f))
		return DLM_ACT_NONE;
	if (s->version != f->version) {
		s->stats[DLM_SC_MISMATCH]++;
		return DLM_ACT_NONE;
	}
	if (numbered)
		return take_numbered(s, verdict, f);
	if (!ack)
		return DLM_ACT_DELIVER;
	take_ack(s, f->u);
	return DLM_ACT_NONE;
}

/**
 * dlm_session_receive - what to do with a packet
 * @s: session
 * @verdict: dlm_frame_parse() said so
 * @f: the packet
 * @epoch: filled for dlm_session_took()
 *
 * Context: process context; callers for one session come one after the other.
 * Return: DLM_ACT_DELIVER if the user shall get @f->inner, else DLM_ACT_NONE.
 */
enum dlm_session_act dlm_session_receive(struct dlm_session *s,
					 enum dlm_verdict verdict,
					 const struct dlm_frame *f,
					 unsigned int *epoch)
{
	enum dlm_session_act act;

	if (verdict != DLM_FRAME_OK && verdict < DLM_FRAME_IN)
		return DLM_ACT_NONE;
	spin_lock(&s->lock);
	act = take(s, verdict, f);
	*epoch = s->epoch;
	spin_unlock(&s->lock);
	return act;
}

/**
 * dlm_session_took - the user took a packet: its number is used up
 * @s: session
 * @f: the packet
 * @epoch: from dlm_session_receive()
 */
void dlm_session_took(struct dlm_session *s, const struct dlm_frame *f,
		      unsigned int epoch)
{
	spin_lock(&s->lock);
	if (s->epoch == epoch) {
		s->stats[DLM_SC_RECEIVED]++;
		if (f->cmd == DLM_CMD_OPTS)
			used_up(s);
	}
	spin_unlock(&s->lock);
}

/**
 * dlm_session_batch_end - all that had come was handled
 * @s: session
 *
 * Return: true if there is something to be sent now.
 */
bool dlm_session_batch_end(struct dlm_session *s)
{
	bool pending;

	spin_lock(&s->lock);
	if (s->unacked >= DLM_ACK_EVERY)
		s->ack_now = true;
	pending = something_to_send(s);
	spin_unlock(&s->lock);
	return pending;
}

/**
 * dlm_session_wants_idle - is there something to do if nothing else happens?
 * @s: session
 *
 * Return: true if dlm_session_idle() should be called after a while.
 */
bool dlm_session_wants_idle(struct dlm_session *s)
{
	bool wants;

	spin_lock(&s->lock);
	wants = (s->unacked && !s->ack_now) || s->gap;
	spin_unlock(&s->lock);
	return wants;
}

/**
 * dlm_session_idle - a moment has passed
 * @s: session
 *
 * If nothing was delivered since the last call, what was is acknowledged.
 *
 * Return: true if there is something to be sent now.
 */
bool dlm_session_idle(struct dlm_session *s)
{
	bool pending;

	spin_lock(&s->lock);
	if (s->unacked && s->idle_mark == s->recv_next)
		s->ack_now = true;
	s->idle_mark = s->recv_next;
	if (s->gap)
		s->gap++;
	pending = something_to_send(s);
	spin_unlock(&s->lock);
	return pending;
}

/**
 * dlm_session_stalled - will the missing packet come any more?
 * @s: session
 *
 * A peer repeats only after it saw a connection reset (wire.md 8.4), and one
 * that lost packets with a closed connection has not seen any.
 *
 * Return: true if the connection should be reset.
 */
bool dlm_session_stalled(struct dlm_session *s)
{
	bool stalled;

	spin_lock(&s->lock);
	stalled = s->gap > DLM_GAP_PATIENCE;
	spin_unlock(&s->lock);
	return stalled;
}
