// SPDX-License-Identifier: GPL-2.0
/*
 * Dialogues that two nodes with the stock module had (tests/kunit/captures), with this module in
 * the place of one of them.
 *
 * One node is ours.  What the other one has said is put on the wire in the recorded order; what
 * the node in our place has said must come from ours, byte by byte.  Programs on our node ask for
 * what the recorded messages ask for; what they did without a message is in the table deeds[].
 * What programs are told must be what the master's message says.
 *
 * Left open are, and put into the recorded packet before it is compared:
 *  - lock ids, ids and sequence numbers of recovery: opaque, but always the same ones;
 *  - numbers of envelopes: recordings begin anywhere in a conversation; ours count up from 0;
 *  - acknowledgements, whose rhythm is everybody's own (session_test.c);
 *  - 6.1's own bits in m_flags and rl_flags, and value blocks of zeros without VALBLK;
 *  - the order of LOCKs; zeros behind the end of a NAMES_REPLY;
 *  - m_rqmode and m_lvbseq of some replies, where nobody looks at them;
 *  - the value block in an UNLOCK of libdlm's, which is what its stack had;
 *  - whether NAMES, NAMES_REPLY and "not ready" have an envelope (wire.md 6.7);
 *  - a STATUS to which the last answer came already in another one.
 */
#include <linux/string.h>
#include "capture.h"
#include "rnet.h"
#include "../dlm_lowcomms/peer.h"
#include "talk_stories.h"

#define PIDS		12
#define LOCKS		64
#define IDS		128
#define OUT		256
#define PATIENCE	40
#define NOT_ASKED	U64_MAX

static void story_desc(const struct story *s, char *desc)
{
	strscpy(desc, s->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(stories, stories, story_desc);

/* a recorded number and ours */
struct pair {
	u64	theirs;
	u64	ours;
};

/**
 * struct talk - a dialogue that is repeated
 * @test: the test
 * @s: which
 * @p: packet that is due
 * @buf: its bytes
 * @len: how many
 * @r: our node and its clock
 * @them: the other node
 * @w: for programs
 * @client: programs, by recorded pid
 * @lock: their locks
 * @nlocks: how many
 * @ids: recorded id of a lock of ours, and ours
 * @nids: how many
 * @asked: recorded id of a question of ours, and ours
 * @nasked: how many
 * @seq: recorded and real sequence number of our recovery
 * @sent: number of their next envelope
 * @got: number of our next envelope
 * @out: what our node has sent
 * @outlen: bytes of each, 0: dealt with
 * @nout: how many
 */
struct talk {
	struct kunit			*test;
	const struct story		*s;
	const struct talk_packet	*p;
	u8				*buf;
	unsigned int			len;
	struct r_world			*r;
	int				them;
	struct t_world			w;
	struct t_client			*client[PIDS];
	struct t_lock			*lock[LOCKS];
	unsigned int			nlocks;
	struct pair			ids[IDS];
	unsigned int			nids;
	struct pair			asked[IDS];
	unsigned int			nasked;
	struct pair			seq;
	u32				sent;
	u32				got;
	u8				*out[OUT];
	unsigned int			outlen[OUT];
	unsigned int			nout;
};

/* for messages, and in place of a line number: 6003 is packet 3 of recording 6 */
#define HERE		"packet %d"

static int mark(u8 part, u8 n)
{
	return 1000 * part + n;
}

static int at(const struct talk *t)
{
	return mark(t->p->part, t->p->n);
}

static const u64 *ours(const struct pair *pairs, unsigned int n, u64 theirs)
{
	while (n--)
		if (pairs[n].theirs == theirs)
			return &pairs[n].ours;
	return NULL;
}

static void learn(struct talk *t, struct pair *pairs, unsigned int *n, u64 theirs, u64 our)
{
	KUNIT_ASSERT_LT(t->test, *n, (unsigned int)IDS);
	pairs[(*n)++] = (struct pair){ theirs, our };
}

static struct dlm_w_header *inner_of(u8 *packet)
{
	struct dlm_w_header *h = (void *)packet;

	return h->cmd == DLM_CMD_OPTS ? (void *)(packet + sizeof(struct dlm_w_opts)) : h;
}

static u32 type_of(const struct dlm_w_header *inner)
{
	return le32_to_cpu(((const struct dlm_w_msg *)inner)->type);
}

static unsigned int tail_of(const struct dlm_w_msg *msg)
{
	return le16_to_cpu(msg->header.length) - sizeof(*msg);
}

static int deaf(void *priv, int nodeid, const void *packet, unsigned int len,
		struct dlm_fx *fx)
{
	return 0;
}

static const struct dlm_comms_user deaf_user = { .receive = deaf };

/* --- our node ---------------------------------------------------------------- */

static void note_packet(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;
	struct talk *t = priv;

	if (from != t->s->us || h->cmd == DLM_CMD_ACK)
		return;
	if (h->cmd == DLM_CMD_OPTS)
		KUNIT_EXPECT_EQ(t->test, le32_to_cpu(h->u), t->got++);
	KUNIT_EXPECT_LT_MSG(t->test, t->nout, (unsigned int)OUT, HERE, at(t));
	if (t->nout == OUT)
		return;
	t->out[t->nout] = kunit_kmalloc(t->test, len, GFP_KERNEL);
	if (!t->out[t->nout])
		return;
	memcpy(t->out[t->nout], packet, len);
	t->outlen[t->nout++] = len;
}

/* bytes move, and what answers them at once does */
static bool move(struct talk *t)
{
	bool more = memlink_deliver(t->r->net, t->them, t->s->us, MEMLINK_ALL) > 0;

	more |= memlink_transmit(t->r->net, t->s->us, t->them) > 0;
	/* they are deaf, and said already what they had to say */
	memlink_deliver(t->r->net, t->s->us, t->them, MEMLINK_ALL);
	return more;
}

/* until nothing more happens without the clock */
static void pump(struct talk *t)
{
	struct r_host *h = &t->r->host[t->s->us];
	unsigned int delay;
	bool more;

	do {
		more = move(t);
		if (ktime_after(h->due, t->r->now))
			continue;
		h->due = KTIME_MAX;
		delay = dlm_ls_work(h->ls, t->r->now);
		if (delay != DLM_WORK_NEVER)
			h->due = min(h->due, ktime_add_ms(t->r->now, delay));
		more = true;
	} while (more);
}

/* the clock goes to what is due next */
static bool wait(struct talk *t)
{
	struct r_host *h = &t->r->host[t->s->us];

	if (h->due == KTIME_MAX)
		return false;
	t->r->now = max(t->r->now, h->due);
	pump(t);
	return true;
}

/* --- programs ---------------------------------------------------------------- */

static struct t_client *client_of(struct talk *t, u32 pid)
{
	int i;

	for (i = 0; i < PIDS; i++) {
		if (t->client[i] && t->client[i]->pid == pid && !t->client[i]->owner.closing)
			return t->client[i];
		if (t->client[i])
			continue;
		t->client[i] = t_client_new(&t->w);
		t->client[i]->bast = true;
		t->client[i]->pid = pid;
		return t->client[i];
	}
	KUNIT_FAIL(t->test, "too many programs");
	return t->client[0];
}

static struct t_lock *new_lock(struct talk *t, u32 pid, const void *name, unsigned int len)
{
	char *copy = kunit_kzalloc(t->test, DLM_RESNAME_MAXLEN + 1, GFP_KERNEL);
	struct t_lock *l;

	KUNIT_ASSERT_LT(t->test, t->nlocks, (unsigned int)LOCKS);
	KUNIT_ASSERT_NOT_NULL(t->test, copy);
	memcpy(copy, name, len);
	l = t_new(&t->w, client_of(t, pid), copy);
	t->lock[t->nlocks++] = l;
	return l;
}

/* the last lock of that name */
static struct t_lock *named(struct talk *t, const char *name)
{
	unsigned int n;

	for (n = t->nlocks; n > 0; n--)
		if (!strcmp(t->lock[n - 1]->name, name))
			return t->lock[n - 1];
	return NULL;
}

static struct t_lock *lock_by_id(struct talk *t, u32 id)
{
	unsigned int n;

	for (n = t->nlocks; n > 0; n--)
		if (t->lock[n - 1]->id == id)
			return t->lock[n - 1];
	return NULL;
}

static void forget_events(struct t_lock *l)
{
	l->seen = l->told;
}

static void do_deed(struct talk *t, const struct deed *d)
{
	int err, held = IV;
	u8 lvb[T_LVBLEN];
	struct t_lock *l;

	if (d->what == LOCK) {
		l = new_lock(t, t->s->pid, d->name, strlen(d->name));
		err = t_call_lock(l, d->mode, d->flags, d->name, strlen(d->name));
	} else {
		l = named(t, d->name);
		KUNIT_ASSERT_NOT_NULL(t->test, l);
		forget_events(l);
		held = t_look(l).grmode;
		memset(lvb, d->lvb, sizeof(lvb));
		l->lvb_in = lvb;
		err = d->what == CONV ? t_call_convert(l, d->mode, d->flags | CONVERT) :
					t_call_unlock(l, d->flags);
	}
	KUNIT_EXPECT_EQ_MSG(t->test, err, 0, "before " HERE, mark(d->part, d->n));
	if (d->outcome == WAITS)
		t_quiet_at(l, mark(d->part, d->n));
	else if (d->what == UNLOCK)
		t_cast_at(l, -DLM_EUNLOCK, held, 0, mark(d->part, d->n));
	else
		t_cast_at(l, d->outcome, d->outcome ? held : d->mode, 0, mark(d->part, d->n));
	l->lvb_in = NULL;
	/* the same name may be asked for twice: the first one counts */
	if (d->outcome == -EAGAIN)
		t->nlocks--;
}

static void do_deeds(struct talk *t, u8 part, u8 n)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(deeds); i++) {
		if (deeds[i].part != part || deeds[i].n != n || deeds[i].us != t->s->us)
			continue;
		pump(t);
		do_deed(t, &deeds[i]);
		pump(t);
	}
}

/* a program asks for what the recorded message asks for */
static void play_program(struct talk *t, const struct dlm_w_msg *msg)
{
	u32 exflags = le32_to_cpu(msg->exflags), pid = le32_to_cpu(msg->pid);
	u32 type = le32_to_cpu(msg->type);
	const u64 *id = ours(t->ids, t->nids, le32_to_cpu(msg->lkid));
	struct t_lock *l = id ? lock_by_id(t, *id) : NULL;
	int err;

	switch (type) {
	case DLM_MSG_LOOKUP:
	case DLM_MSG_REQUEST:
		l = new_lock(t, pid, msg->extra, tail_of(msg));
		err = t_call_lock(l, le32_to_cpu(msg->rqmode), exflags, l->name, tail_of(msg));
		break;
	case DLM_MSG_PURGE:
		err = dlm_purge_remote(t->w.ls, t->them, pid);
		break;
	default:
		KUNIT_ASSERT_NOT_NULL_MSG(t->test, l, HERE, at(t));
		/* from the death of a process, or its orphans */
		if (le32_to_cpu(msg->flags) & DLM_WIRE_ORPHAN ||
		    (exflags & IVVALBLK && exflags & FORCEUNLOCK)) {
			t_client_close(l->client);
			return;
		}
		l->lvb_in = tail_of(msg) ? msg->extra : NULL;
		if (type == DLM_MSG_CONVERT)
			err = t_call_convert(l, le32_to_cpu(msg->rqmode), exflags);
		else if (type == DLM_MSG_CANCEL)
			err = t_call_cancel(l, CANCEL, -DLM_ECANCEL);
		else
			err = t_call_unlock(l, exflags & (VALBLK | IVVALBLK | FORCEUNLOCK));
		if (type == DLM_MSG_CONVERT &&
		    dlm_convert_down(le32_to_cpu(msg->grmode), le32_to_cpu(msg->rqmode)))
			t_cast_at(l, 0, le32_to_cpu(msg->rqmode), 0, at(t));
		l->lvb_in = NULL;
	}
	KUNIT_EXPECT_EQ_MSG(t->test, err, 0, HERE, at(t));
}

/* --- what they said ---------------------------------------------------------- */

/* the value block travels to who got a mode that reads it (messages.md 11.1) */
static bool reads(int from, int to)
{
	return to >= from && from < PW && to > NL;
}

/* a program is told what the master's message says */
static void told(struct talk *t, struct t_lock *l, const struct dlm_w_msg *msg, int held)
{
	int result = dlm_result_from_wire(le32_to_cpu(msg->result));
	int grmode = le32_to_cpu(msg->grmode), where = at(t);
	u32 type = le32_to_cpu(msg->type);
	const struct t_event *ev;

	if (type == DLM_MSG_BAST) {
		t_bast_at(l, le32_to_cpu(msg->bastmode), where);
		return;
	}
	if (result == -EINPROGRESS || (type == DLM_MSG_CANCEL_REPLY && !result)) {
		t_quiet_at(l, where);
		return;
	}
	/* the program is gone */
	if (l->client->owner.closing)
		return;
	if (type == DLM_MSG_UNLOCK_REPLY || type == DLM_MSG_CANCEL_REPLY)
		grmode = held;
	t_cast_at(l, result, grmode, le32_to_cpu(msg->sbflags), where);
	if (result || !tail_of(msg) || !(msg->exflags & cpu_to_le32(VALBLK)) ||
	    !reads(held, grmode))
		return;
	ev = &l->ev[(l->seen - 1) % T_EVENTS];
	KUNIT_EXPECT_TRUE_MSG(t->test, ev->has_lvb && !memcmp(ev->lvb, msg->extra, T_LVBLEN),
			      HERE ": value block", at(t));
}

static u32 our_id(struct talk *t, __le32 theirs)
{
	const u64 *id = ours(t->ids, t->nids, le32_to_cpu(theirs));

	if (!theirs)
		return 0;
	KUNIT_ASSERT_NOT_NULL_MSG(t->test, id, HERE ": lock %x", at(t), le32_to_cpu(theirs));
	return *id;
}

static void hear_msg(struct talk *t, struct dlm_w_msg *msg)
{
	u32 type = le32_to_cpu(msg->type), id = 0;
	struct t_lock *l;
	int held = IV;

	if (type == DLM_MSG_LOOKUP_REPLY) {
		id = our_id(t, msg->lkid);
		msg->lkid = cpu_to_le32(id);
	} else {
		id = our_id(t, msg->remid);
		msg->remid = cpu_to_le32(id);
	}
	l = id ? lock_by_id(t, id) : NULL;
	if (l)
		held = t_look(l).grmode;
	memlink_inject(t->r->net, t->them, t->s->us, t->buf, t->len);
	pump(t);
	if (!l)
		return;
	if (type != DLM_MSG_LOOKUP_REPLY)
		told(t, l, msg, held);
	else if (le32_to_cpu(msg->nodeid) == t->s->us)
		t_cast_at(l, 0, t_look(l).grmode, 0, at(t));
}

/* what the node in our place answered to this STATUS */
static u32 answer_to(struct talk *t, __le64 id)
{
	u8 *buf = kunit_kmalloc(t->test, DLM_PACKET_MAX, GFP_KERNEL);
	const struct dlm_w_rcom *rc;
	const struct talk_packet *p;
	u32 result = 0;

	KUNIT_ASSERT_NOT_NULL(t->test, buf);
	for (p = t->p; p < t->s->p + t->s->n; p++) {
		capture_bytes(p->hex, buf, DLM_PACKET_MAX);
		rc = (void *)inner_of(buf);
		if (p->from != t->s->us || rc->header.cmd != DLM_CMD_RCOM || rc->id != id ||
		    le32_to_cpu(rc->type) != DLM_RCOM_STATUS_REPLY)
			continue;
		result = le32_to_cpu(rc->result);
		break;
	}
	kunit_kfree(t->test, buf);
	return result;
}

/*
 * Recovery here goes on when something is missing, while that of stock nodes has a thread, which
 * may have been anywhere when they were asked: as far as they were, that is.
 */
static void catch_up(struct talk *t, const struct dlm_w_rcom *status)
{
	u32 bits = answer_to(t, status->id);

	if (bits & ~t->w.ls->recovery->status)
		pump(t);
}

static void hear_rcom(struct talk *t, struct dlm_w_rcom *rc)
{
	struct dlm_w_lock *lock = (void *)rc->buf;
	const u64 *id;

	if (le32_to_cpu(rc->type) == DLM_RCOM_STATUS)
		catch_up(t, rc);

	if (le32_to_cpu(rc->type) >= DLM_RCOM_STATUS_REPLY) {
		id = ours(t->asked, t->nasked, le64_to_cpu(rc->id));
		KUNIT_ASSERT_NOT_NULL_MSG(t->test, id, HERE, at(t));
		if (*id == NOT_ASKED)
			return;
		rc->id = cpu_to_le64(*id);
		rc->seq_reply = cpu_to_le64(t->seq.ours);
		if (le32_to_cpu(rc->type) == DLM_RCOM_LOCK_REPLY)
			lock->lkid = cpu_to_le32(our_id(t, lock->lkid));
	}
	memlink_inject(t->r->net, t->them, t->s->us, t->buf, t->len);
	while (move(t))
		;
}

static void hear(struct talk *t)
{
	struct dlm_w_header *outer = (void *)t->buf, *inner = inner_of(t->buf);

	if (outer->cmd == DLM_CMD_OPTS)
		outer->u = cpu_to_le32(t->sent++);
	if (inner->cmd == DLM_CMD_MSG)
		hear_msg(t, (void *)inner);
	else
		hear_rcom(t, (void *)inner);
}

/* --- what we say ------------------------------------------------------------- */

/* is it the answer to the same question, or about the same thing? */
static bool about_same(const struct dlm_w_header *a, const struct dlm_w_header *b)
{
	const struct dlm_w_rcom *ra = (const void *)a, *rb = (const void *)b;
	const struct dlm_w_lock *la = (const void *)ra->buf, *lb = (const void *)rb->buf;

	if (a->cmd != b->cmd || type_of(a) != type_of(b))
		return false;
	if (a->cmd != DLM_CMD_RCOM)
		return true;
	if (type_of(a) >= DLM_RCOM_STATUS_REPLY)
		return ra->id == rb->id;
	return type_of(a) != DLM_RCOM_LOCK || !memcmp(la->name, lb->name, sizeof(la->name));
}

static int find_out(struct talk *t)
{
	unsigned int i;

	for (i = 0; i < t->nout; i++)
		if (t->outlen[i] && about_same(inner_of(t->out[i]), inner_of(t->buf)))
			return i;
	return -1;
}

static void cut(struct talk *t, struct dlm_w_header *inner, unsigned int bytes)
{
	struct dlm_w_header *outer = (void *)t->buf;

	t->len -= bytes;
	outer->length = cpu_to_le16(t->len);
	if (inner != outer)
		inner->length = cpu_to_le16(le16_to_cpu(inner->length) - bytes);
}

/* a recorded lock id of ours becomes the one that it is here */
static __le32 same_id(struct talk *t, __le32 theirs, __le32 our)
{
	const u64 *known = ours(t->ids, t->nids, le32_to_cpu(theirs));

	if (!theirs)
		return theirs;
	if (known && *known == le32_to_cpu(our))
		return our;
	/* a new lock may have the number of one that is gone */
	learn(t, t->ids, &t->nids, le32_to_cpu(theirs), le32_to_cpu(our));
	return our;
}

static void expect_msg(struct talk *t, struct dlm_w_msg *want, const struct dlm_w_msg *got)
{
	unsigned int tail = tail_of(want);
	u32 type = le32_to_cpu(want->type);

	want->flags &= cpu_to_le32(DLM_WIRE_FLAGS);
	/* nobody looks at the mode that was wanted here; it depends on what came before */
	if (type == DLM_MSG_BAST || type == DLM_MSG_CANCEL_REPLY ||
	    le32_to_cpu(want->result) == (u32)-DLM_WIRE_EDEADLK)
		want->rqmode = got->rqmode;
	/* nor at how often the value block was written, once the lock is gone */
	if (type == DLM_MSG_UNLOCK_REPLY)
		want->lvbseq = got->lvbseq;
	if (type != DLM_MSG_LOOKUP_REPLY)
		want->lkid = same_id(t, want->lkid, got->lkid);
	if (type == DLM_MSG_LOOKUP || type == DLM_MSG_REQUEST || type == DLM_MSG_REMOVE)
		return;
	/* libdlm's stack; here it is what the lock had (decisions.md) */
	if (type == DLM_MSG_UNLOCK && tail == tail_of(got))
		memcpy(want->extra, got->extra, tail);
	if (tail && !(want->exflags & cpu_to_le32(VALBLK)) &&
	    !memchr_inv(want->extra, 0, tail))
		cut(t, &want->header, tail);
}

static void expect_rcom(struct talk *t, struct dlm_w_rcom *want, const struct dlm_w_rcom *got)
{
	struct dlm_w_lock *lock = (void *)want->buf;
	const struct dlm_w_lock *our = (const void *)got->buf;
	u32 type = le32_to_cpu(want->type);
	int names, more;

	if (type < DLM_RCOM_STATUS_REPLY) {
		learn(t, t->asked, &t->nasked, le64_to_cpu(want->id), le64_to_cpu(got->id));
		if (!t->seq.ours)
			t->seq = (struct pair){ le64_to_cpu(want->seq), le64_to_cpu(got->seq) };
		want->id = got->id;
	}
	KUNIT_EXPECT_TRUE_MSG(t->test, le64_to_cpu(want->seq) == t->seq.theirs ||
			      type >= DLM_RCOM_STATUS_REPLY, HERE, at(t));
	want->seq = got->seq;
	switch (type) {
	case DLM_RCOM_NAMES_REPLY:
		names = le16_to_cpu(got->header.length) - sizeof(*got);
		more = le16_to_cpu(want->header.length) - sizeof(*want) - names;
		if (names >= 2 && more > 0 && !memchr_inv(want->buf + names, 0, more))
			cut(t, &want->header, more);
		break;
	case DLM_RCOM_LOCK:
		lock->lkid = same_id(t, lock->lkid, our->lkid);
		lock->flags &= cpu_to_le32(DLM_WIRE_FLAGS);
		break;
	case DLM_RCOM_LOCK_REPLY:
		lock->remid = same_id(t, lock->remid, our->remid);
		lock->flags &= cpu_to_le32(DLM_WIRE_FLAGS);
		break;
	}
}

/* NAMES, NAMES_REPLY: with an envelope or without */
static void same_envelope(struct talk *t, const u8 *got)
{
	const struct dlm_w_header *theirs = (const void *)t->buf, *our = (const void *)got;
	struct dlm_w_opts *o = (void *)t->buf;

	if (theirs->cmd == our->cmd)
		return;
	if (our->cmd == DLM_CMD_OPTS) {
		memmove(t->buf + sizeof(*o), t->buf, t->len);
		t->len += sizeof(*o);
		*o = (struct dlm_w_opts) {
			.header = {
				.version = cpu_to_le32(DLM_WIRE_3_2),
				.nodeid = cpu_to_le32(t->s->us),
				.length = cpu_to_le16(t->len),
				.cmd = DLM_CMD_OPTS,
			},
			.nextcmd = DLM_CMD_RCOM,
		};
	} else {
		t->len -= sizeof(*o);
		memmove(t->buf, t->buf + sizeof(*o), t->len);
	}
}

static void compare(struct talk *t, const u8 *got, unsigned int len)
{
	struct dlm_w_header *outer, *inner;
	const struct dlm_w_header *our;
	unsigned int i, bad = 0;

	if (inner_of(t->buf)->cmd == DLM_CMD_RCOM)
		same_envelope(t, got);
	outer = (void *)t->buf;
	inner = inner_of(t->buf);
	our = inner_of((u8 *)got);
	if (outer->cmd == DLM_CMD_OPTS)
		outer->u = ((const struct dlm_w_header *)got)->u;
	if (inner->cmd == DLM_CMD_MSG)
		expect_msg(t, (void *)inner, (const void *)our);
	else
		expect_rcom(t, (void *)inner, (const void *)our);
	KUNIT_EXPECT_EQ_MSG(t->test, len, t->len, HERE ": length", at(t));
	for (i = 0; i < min(len, t->len) && bad < 8; i++) {
		if (got[i] == t->buf[i])
			continue;
		bad++;
		KUNIT_FAIL(t->test, HERE ": byte %u is %02x, not %02x", at(t), i, got[i],
			   t->buf[i]);
	}
}

static bool from_program(const struct dlm_w_header *inner)
{
	if (inner->cmd != DLM_CMD_MSG)
		return false;
	switch (type_of(inner)) {
	case DLM_MSG_LOOKUP:
	case DLM_MSG_REQUEST:
	case DLM_MSG_CONVERT:
	case DLM_MSG_UNLOCK:
	case DLM_MSG_CANCEL:
	case DLM_MSG_PURGE:
		return true;
	default:
		return false;
	}
}

/* a STATUS that we need not ask for: our next question has been put already */
static bool not_asked(struct talk *t)
{
	const struct dlm_w_header *h = inner_of(t->buf);
	unsigned int i;

	if (h->cmd != DLM_CMD_RCOM || type_of(h) != DLM_RCOM_STATUS)
		return false;
	for (i = 0; i < t->nout; i++) {
		h = t->outlen[i] ? inner_of(t->out[i]) : NULL;
		if (h && h->cmd == DLM_CMD_RCOM && type_of(h) < DLM_RCOM_STATUS_REPLY)
			break;
	}
	if (i == t->nout)
		return false;
	learn(t, t->asked, &t->nasked,
	      le64_to_cpu(((struct dlm_w_rcom *)inner_of(t->buf))->id), NOT_ASKED);
	return true;
}

static void join(struct talk *t)
{
	int ids[] = { 1, 2 };

	dlm_ls_set_id(t->w.ls, t->s->id);
	KUNIT_EXPECT_EQ(t->test, r_start_with(t->r, t->s->us, ids, 2, 0), 0);
	pump(t);
}

static void say(struct talk *t)
{
	const struct dlm_w_header *h = inner_of(t->buf);
	int turns = PATIENCE, i = find_out(t);

	/* our first question */
	if (dlm_ls_id(t->w.ls) != t->s->id && h->cmd == DLM_CMD_RCOM &&
	    type_of(h) == DLM_RCOM_STATUS)
		join(t);
	if (i < 0) {
		pump(t);
		i = find_out(t);
	}
	if (i < 0 && from_program(inner_of(t->buf))) {
		/* a call would wait for the end of recovery */
		KUNIT_ASSERT_EQ_MSG(t->test, t->w.ls->gate.state, (int)DLM_GATE_OPEN, HERE,
				    at(t));
		play_program(t, (void *)inner_of(t->buf));
		pump(t);
		i = find_out(t);
	}
	if (i < 0 && not_asked(t))
		return;
	while (i < 0 && turns-- && wait(t))
		i = find_out(t);
	if (i < 0) {
		KUNIT_FAIL(t->test, HERE ": nothing like it was said", at(t));
		return;
	}
	compare(t, t->out[i], t->outlen[i]);
	t->outlen[i] = 0;
}

/* --- a dialogue -------------------------------------------------------------- */

static void begin(struct talk *t)
{
	int alone[] = { t->s->us };
	struct r_host *h = &t->r->host[t->s->us];

	r_node(t->r, t->s->us, 0);
	KUNIT_ASSERT_NOT_NULL(t->test, memlink_join(t->r->net, t->them, &deaf_user, NULL));
	memlink_set_tap(t->r->net, note_packet, t);
	h->ls->nodir = t->s->nodir;
	t->w.test = t->test;
	t->w.node = h->node;
	t->w.ls = h->ls;
	if (t->s->old) {
		dlm_ls_set_id(h->ls, t->s->id);
		KUNIT_EXPECT_EQ(t->test, r_start_with(t->r, t->s->us, alone, 1, 0), 0);
		pump(t);
		do_deeds(t, t->s->p->part, 0);
		dlm_ls_stop(h->ls);
		h->ls->generation = t->s->generation;
		h->ls->recovery->our_slot = t->s->us;
	}
	if (!t->s->late)
		join(t);
}

/* nobody will answer any more */
static void end(struct talk *t)
{
	struct dlm_peer *peer = dlm_peer_find(t->w.node->comms, t->them);
	unsigned int i;

	dlm_session_reset(&peer->session);
	dlm_peer_put(peer);
	dlm_node_stop(t->w.node);
	for (i = 0; i < PIDS; i++)
		if (t->client[i])
			t_client_close(t->client[i]);
}

static void nothing_else(struct talk *t)
{
	const struct dlm_w_header *h;
	unsigned int i;

	pump(t);
	for (i = 0; i < t->nout; i++) {
		if (!t->outlen[i])
			continue;
		h = inner_of(t->out[i]);
		KUNIT_FAIL(t->test, "command %u, type %u was said in addition", h->cmd,
			   type_of(h));
	}
}

static void dialogue(struct kunit *test)
{
	struct talk *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->s = test->param_value;
	t->r = test->priv;
	t->them = 3 - t->s->us;
	t->buf = kunit_kzalloc(test, DLM_PACKET_MAX, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->buf);
	t->p = t->s->p;
	begin(t);
	for (i = 0; i < t->s->n; i++) {
		t->p = &t->s->p[i];
		t->len = capture_bytes(t->p->hex, t->buf, DLM_PACKET_MAX);
		KUNIT_ASSERT_GT(test, t->len, 0U);
		do_deeds(t, t->p->part, t->p->n);
		if (t->p->from == t->s->us)
			say(t);
		else
			hear(t);
	}
	nothing_else(t);
	KUNIT_EXPECT_EQ(test, (int)t->w.ls->recovery->phase, (int)DLM_PH_RUNNING);
	end(t);
}

static struct kunit_case talk_cases[] = {
	KUNIT_CASE_PARAM(dialogue, stories_gen_params),
	{ }
};

static struct kunit_suite talk_suite = {
	.name = "dlm_talk",
	.init = r_init,
	.exit = r_exit,
	.test_cases = talk_cases,
};

kunit_test_suite(talk_suite);
