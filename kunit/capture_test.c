// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of stock nodes, one by one: what they mean here, and that the same fields make the same
 * bytes here.  Dialogues are in talk_test.c.
 *
 * Recovery messages are built by the machine that needs them, so their bytes are compared there.
 */
#include <linux/kstrtox.h>
#include <dlm/compat.h>
#include "capture.h"
#include "rnet.h"
#include "../dlm_lowcomms/peer.h"
#include "capture_packets.h"

/**
 * capture_bytes - what hex digits stand for
 * @hex: see capture.h
 * @out: the bytes
 * @room: of @out
 *
 * Return: bytes, 0 if @hex makes no sense.
 */
unsigned int capture_bytes(const char *hex, u8 *out, unsigned int room)
{
	unsigned int n = 0, times;
	int used;

	while (*hex) {
		if (*hex == ' ' || *hex == '\n') {
			hex++;
			continue;
		}
		if (n == room || hex2bin(&out[n], hex, 1))
			return 0;
		n++;
		hex += 2;
		if (*hex != '*')
			continue;
		if (sscanf(hex, "*%u%n", &times, &used) < 1 || !times ||
		    times - 1 > room - n)
			return 0;
		memset(&out[n], out[n - 1], times - 1);
		n += times - 1;
		hex += used;
	}
	return n;
}

/* --- fields ---------------------------------------------------------------- */

struct field {
	const char	*name;
	unsigned int	at;
	unsigned int	size;
};

static const struct field ack_fields[] = {
	{ "version", offsetof(struct dlm_w_header, version), 4 },
	{ "seq", offsetof(struct dlm_w_header, u), 4 },
	{ "node", offsetof(struct dlm_w_header, nodeid), 4 },
	{ "length", offsetof(struct dlm_w_header, length), 2 },
	{ "cmd", offsetof(struct dlm_w_header, cmd), 1 },
	{ }
};

static const struct field opts_fields[] = {
	{ "version", offsetof(struct dlm_w_header, version), 4 },
	{ "seq", offsetof(struct dlm_w_header, u), 4 },
	{ "node", offsetof(struct dlm_w_header, nodeid), 4 },
	{ "length", offsetof(struct dlm_w_header, length), 2 },
	{ "cmd", offsetof(struct dlm_w_header, cmd), 1 },
	{ "nextcmd", offsetof(struct dlm_w_opts, nextcmd), 1 },
	{ "optlen", offsetof(struct dlm_w_opts, optlen), 2 },
	{ }
};

static const struct field fin_fields[] = {
	{ "version", offsetof(struct dlm_w_header, version), 4 },
	{ "word", offsetof(struct dlm_w_header, u), 4 },
	{ "node", offsetof(struct dlm_w_header, nodeid), 4 },
	{ "length", offsetof(struct dlm_w_header, length), 2 },
	{ "cmd", offsetof(struct dlm_w_header, cmd), 1 },
	{ }
};

static const struct field msg_fields[] = {
	{ "version", offsetof(struct dlm_w_header, version), 4 },
	{ "lockspace", offsetof(struct dlm_w_header, u), 4 },
	{ "node", offsetof(struct dlm_w_header, nodeid), 4 },
	{ "length", offsetof(struct dlm_w_header, length), 2 },
	{ "cmd", offsetof(struct dlm_w_header, cmd), 1 },
	{ "type", offsetof(struct dlm_w_msg, type), 4 },
	{ "nodeid", offsetof(struct dlm_w_msg, nodeid), 4 },
	{ "pid", offsetof(struct dlm_w_msg, pid), 4 },
	{ "lkid", offsetof(struct dlm_w_msg, lkid), 4 },
	{ "remid", offsetof(struct dlm_w_msg, remid), 4 },
	{ "parent_lkid", offsetof(struct dlm_w_msg, parent_lkid), 4 },
	{ "parent_remid", offsetof(struct dlm_w_msg, parent_remid), 4 },
	{ "exflags", offsetof(struct dlm_w_msg, exflags), 4 },
	{ "sbflags", offsetof(struct dlm_w_msg, sbflags), 4 },
	{ "flags", offsetof(struct dlm_w_msg, flags), 4 },
	{ "lvbseq", offsetof(struct dlm_w_msg, lvbseq), 4 },
	{ "hash", offsetof(struct dlm_w_msg, hash), 4 },
	{ "status", offsetof(struct dlm_w_msg, status), 4 },
	{ "grmode", offsetof(struct dlm_w_msg, grmode), 4 },
	{ "rqmode", offsetof(struct dlm_w_msg, rqmode), 4 },
	{ "bastmode", offsetof(struct dlm_w_msg, bastmode), 4 },
	{ "asts", offsetof(struct dlm_w_msg, asts), 4 },
	{ "result", offsetof(struct dlm_w_msg, result), 4 },
	{ }
};

static const struct field rcom_fields[] = {
	{ "version", offsetof(struct dlm_w_header, version), 4 },
	{ "lockspace", offsetof(struct dlm_w_header, u), 4 },
	{ "node", offsetof(struct dlm_w_header, nodeid), 4 },
	{ "length", offsetof(struct dlm_w_header, length), 2 },
	{ "cmd", offsetof(struct dlm_w_header, cmd), 1 },
	{ "type", offsetof(struct dlm_w_rcom, type), 4 },
	{ "result", offsetof(struct dlm_w_rcom, result), 4 },
	{ "id", offsetof(struct dlm_w_rcom, id), 8 },
	{ "seq", offsetof(struct dlm_w_rcom, seq), 8 },
	{ "seq_reply", offsetof(struct dlm_w_rcom, seq_reply), 8 },
	{ }
};

static const struct field status_fields[] = {
	{ "rs_flags", offsetof(struct dlm_w_status, flags), 4 },
	{ }
};

#define SLOTS	sizeof(struct dlm_w_config)
#define SLOT	sizeof(struct dlm_w_slot)

static const struct field config_fields[] = {
	{ "lvblen", offsetof(struct dlm_w_config, lvblen), 4 },
	{ "lsflags", offsetof(struct dlm_w_config, lsflags), 4 },
	{ "flags", offsetof(struct dlm_w_config, flags), 4 },
	{ "our_slot", offsetof(struct dlm_w_config, our_slot), 2 },
	{ "num_slots", offsetof(struct dlm_w_config, num_slots), 2 },
	{ "generation", offsetof(struct dlm_w_config, generation), 4 },
	{ "node", SLOTS + offsetof(struct dlm_w_slot, nodeid), 4 },
	{ "slot", SLOTS + offsetof(struct dlm_w_slot, slot), 2 },
	{ "node", SLOTS + SLOT + offsetof(struct dlm_w_slot, nodeid), 4 },
	{ "slot", SLOTS + SLOT + offsetof(struct dlm_w_slot, slot), 2 },
	{ }
};

static const struct field lock_fields[] = {
	{ "ownpid", offsetof(struct dlm_w_lock, ownpid), 4 },
	{ "lkid", offsetof(struct dlm_w_lock, lkid), 4 },
	{ "remid", offsetof(struct dlm_w_lock, remid), 4 },
	{ "parent_lkid", offsetof(struct dlm_w_lock, parent_lkid), 4 },
	{ "parent_remid", offsetof(struct dlm_w_lock, parent_remid), 4 },
	{ "exflags", offsetof(struct dlm_w_lock, exflags), 4 },
	{ "flags", offsetof(struct dlm_w_lock, flags), 4 },
	{ "lvbseq", offsetof(struct dlm_w_lock, lvbseq), 4 },
	{ "result", offsetof(struct dlm_w_lock, result), 4 },
	{ "rqmode", offsetof(struct dlm_w_lock, rqmode), 1 },
	{ "grmode", offsetof(struct dlm_w_lock, grmode), 1 },
	{ "status", offsetof(struct dlm_w_lock, status), 1 },
	{ "asts", offsetof(struct dlm_w_lock, asts), 1 },
	{ "wait_type", offsetof(struct dlm_w_lock, wait_type), 2 },
	{ "namelen", offsetof(struct dlm_w_lock, namelen), 2 },
	{ }
};

/* the next "name value" of a text */
static bool next_word(const char **text, char *name, unsigned int room, s64 *value)
{
	char word[24];
	unsigned int n;

	n = strcspn(*text, " ");
	if (!n || n >= room)
		return false;
	memcpy(name, *text, n);
	name[n] = 0;
	*text += n + 1;
	n = strcspn(*text, ",\n");
	if (n >= sizeof(word))
		return false;
	memcpy(word, *text, n);
	word[n] = 0;
	*text += n;
	*text += strspn(*text, "\n, ");
	/* ids use all 64 bits */
	return !(word[0] == '-' ? kstrtos64(word, 0, value) : kstrtou64(word, 0, (u64 *)value));
}

/**
 * struct reading - a packet and its explanation
 * @test: the test
 * @p: the packet
 * @text: what is left of the explanation
 */
struct reading {
	struct kunit			*test;
	const struct capture_packet	*p;
	const char			*text;
};

/* all of @f that the explanation has here, in order, are at @base as it says; returns how many */
static unsigned int read_fields(struct reading *r, const struct field *f, const u8 *base)
{
	const char *before;
	unsigned int n = 0;
	char name[16];
	s64 value;
	u64 got;

	for (before = r->text; *r->text && f->name; f++) {
		if (!next_word(&r->text, name, sizeof(name), &value)) {
			KUNIT_FAIL(r->test, "%s: \"%s\"", r->p->title, before);
			return n;
		}
		if (strcmp(name, f->name)) {
			r->text = before;
			continue;
		}
		got = 0;
		memcpy(&got, base + f->at, f->size);
		got = le64_to_cpu((__force __le64)got);
		value &= GENMASK_ULL(8 * f->size - 1, 0);
		KUNIT_EXPECT_EQ_MSG(r->test, got, (u64)value, "%s: %s", r->p->title, name);
		before = r->text;
		n++;
	}
	return n;
}

static const struct field *body_fields(u32 type)
{
	switch (type) {
	case DLM_RCOM_STATUS:
		return status_fields;
	case DLM_RCOM_STATUS_REPLY:
		return config_fields;
	case DLM_RCOM_LOCK:
	case DLM_RCOM_LOCK_REPLY:
		return lock_fields;
	default:
		return NULL;
	}
}

static void packet_desc(const struct capture_packet *p, char *desc)
{
	strscpy(desc, p->title, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(packets, capture_packets, packet_desc);

/* frame.c finds what is inside, and wire.h has each field where the explanation has it */
static void fields(struct kunit *test)
{
	struct reading r = { .test = test, .p = test->param_value };
	u8 *buf = kunit_kzalloc(test, DLM_PACKET_MAX, GFP_KERNEL);
	const struct dlm_w_rcom *rc;
	const struct field *body;
	struct dlm_frame f;
	unsigned int len;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	r.text = r.p->fields;
	len = capture_bytes(r.p->hex, buf, DLM_PACKET_MAX);
	KUNIT_ASSERT_GT(test, len, 0U);
	KUNIT_ASSERT_EQ(test, (int)dlm_frame_parse(buf, len, r.p->from, &f), (int)DLM_FRAME_OK);
	KUNIT_EXPECT_EQ(test, f.bytes, len);
	KUNIT_EXPECT_EQ(test, f.version, (u32)DLM_WIRE_3_2);
	if (f.cmd == DLM_CMD_ACK) {
		KUNIT_EXPECT_EQ(test, read_fields(&r, ack_fields, buf), 5U);
		return;
	}
	if (f.cmd == DLM_CMD_OPTS)
		KUNIT_EXPECT_EQ(test, read_fields(&r, opts_fields, buf), 7U);
	KUNIT_EXPECT_EQ(test, f.inner_len, (unsigned int)(buf + len - (u8 *)f.inner));
	if (f.inner_cmd == DLM_CMD_FIN) {
		KUNIT_EXPECT_EQ(test, read_fields(&r, fin_fields, f.inner), 5U);
	} else if (f.inner_cmd == DLM_CMD_MSG) {
		KUNIT_EXPECT_EQ(test, read_fields(&r, msg_fields, f.inner), 23U);
	} else {
		KUNIT_EXPECT_EQ(test, read_fields(&r, rcom_fields, f.inner), 10U);
		rc = f.inner;
		body = body_fields(le32_to_cpu(rc->type));
		if (body)
			KUNIT_EXPECT_GT(test, read_fields(&r, body, rc->buf), 0U);
	}
	KUNIT_EXPECT_STREQ(test, r.text, "");
}

/* --- the same bytes --------------------------------------------------------- */

/**
 * struct maker - a node that makes a packet
 * @r: its world
 * @ls: its lockspace
 * @out: the last packet it has put on the wire
 * @len: its bytes
 * @said: the first four, as far as they are short
 * @nsaid: how many there were
 */
struct maker {
	struct r_world	*r;
	struct dlm_ls	*ls;
	u8		out[DLM_PACKET_MAX];
	unsigned int	len;
	u8		said[4][64];
	unsigned int	nsaid;
};

static int deaf(void *priv, int nodeid, const void *packet, unsigned int len,
		struct dlm_fx *fx)
{
	return 0;
}

static const struct dlm_comms_user deaf_user = { .receive = deaf };

static void note(void *priv, int from, int to, const void *packet, unsigned int len)
{
	struct maker *m = priv;

	m->len = len;
	memcpy(m->out, packet, len);
	if (m->nsaid < ARRAY_SIZE(m->said))
		memcpy(m->said[m->nsaid], packet, min_t(size_t, len, sizeof(m->said[0])));
	m->nsaid++;
}

/* node @from, whose next number for node @to is @seq */
static struct maker *maker_of(struct kunit *test, int from, int to, u32 lockspace, u32 seq)
{
	struct maker *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	struct dlm_peer *peer;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->r = test->priv;
	r_node(m->r, from, 0);
	m->ls = m->r->host[from].ls;
	dlm_ls_set_id(m->ls, lockspace);
	KUNIT_ASSERT_NOT_NULL(test, memlink_join(m->r->net, to, &deaf_user, NULL));
	memlink_set_tap(m->r->net, note, m);
	peer = dlm_peer_find(m->r->host[from].node->comms, to);
	KUNIT_ASSERT_NOT_NULL(test, peer);
	peer->session.version = DLM_WIRE_3_2;
	peer->session.shared = true;
	peer->session.state = DLM_SS_ESTABLISHED;
	peer->session.send_seq = seq;
	peer->session.sent_end = seq;
	peer->session.ack_value = seq;
	dlm_peer_put(peer);
	return m;
}

/* nobody will answer */
static void forget_talk(struct maker *m, const struct capture_packet *p)
{
	struct dlm_peer *peer = dlm_peer_find(m->r->host[p->from].node->comms, p->to);

	dlm_session_reset(&peer->session);
	dlm_peer_put(peer);
}

/* a number of the explanation; of two that have a name the second */
static s64 number(struct kunit *test, const struct capture_packet *p, const char *what)
{
	const char *text = p->fields;
	s64 value, found = S64_MIN;
	char name[16];

	while (*text && next_word(&text, name, sizeof(name), &value))
		if (!strcmp(name, what))
			found = value;
	KUNIT_EXPECT_NE_MSG(test, found, S64_MIN, "%s: %s", p->title, what);
	return found;
}

/* a lock as the explanation has it, on a resource of that name */
static struct dlm_lkb *lock_of(struct kunit *test, const struct capture_packet *p,
			       struct maker *m, char *lvb)
{
	struct dlm_lkb *lkb = kunit_kzalloc(test, sizeof(*lkb), GFP_KERNEL);
	struct dlm_rsb *r = kunit_kzalloc(test, sizeof(*r) + DLM_RESNAME_MAXLEN, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_ASSERT_NOT_NULL(test, r);
	r->ls = m->ls;
	r->len = strlen(p->name ?: "");
	memcpy(r->name, p->name ?: "", r->len);
	lkb->rsb = r;
	lkb->nodeid = p->to;
	lkb->pid = number(test, p, "pid");
	lkb->id = number(test, p, "lkid");
	lkb->remid = number(test, p, "remid");
	lkb->exflags = number(test, p, "exflags");
	lkb->sbflags = number(test, p, "sbflags");
	lkb->flags = number(test, p, "flags") & DLM_WIRE_FLAGS;
	if (number(test, p, "asts") & DLM_WIRE_BAST)
		lkb->flags |= DLM_LKB_BAST;
	lkb->lvbseq = number(test, p, "lvbseq");
	lkb->status = number(test, p, "status");
	lkb->grmode = number(test, p, "grmode");
	lkb->rqmode = number(test, p, "rqmode");
	if (lkb->exflags & VALBLK)
		lkb->lvb = lvb;
	return lkb;
}

static void make(struct kunit *test, struct maker *m, const struct capture_packet *p,
		 const struct dlm_w_msg *want)
{
	u32 type = le32_to_cpu(want->type);
	char *lvb = kunit_kzalloc(test, T_LVBLEN, GFP_KERNEL);
	struct dlm_lkb *lkb = lock_of(test, p, m, lvb);
	struct dlm_w_msg asked = { .lkid = lkb->remid };
	int result = dlm_result_from_wire(number(test, p, "result"));
	struct dlm_fx fx = { };

	KUNIT_ASSERT_NOT_NULL(test, lvb);
	if (lkb->lvb && type != DLM_MSG_LOOKUP && type != DLM_MSG_REQUEST)
		memcpy(lvb, want->extra, min_t(int, T_LVBLEN, le16_to_cpu(want->header.length) -
					       (int)sizeof(*want)));
	KUNIT_ASSERT_EQ(test, dlm_fx_reserve(m->ls, &fx, 1, GFP_KERNEL), 0);
	switch (type) {
	case DLM_MSG_BAST:
		dlm_send_bast(lkb, number(test, p, "bastmode"), &fx);
		break;
	case DLM_MSG_LOOKUP_REPLY:
		asked.lkid = cpu_to_le32(lkb->id);
		dlm_send_lookup_reply(m->ls, p->to, &asked, number(test, p, "nodeid"), &fx);
		break;
	case DLM_MSG_REMOVE:
		dlm_send_remove(lkb->rsb, p->to, &fx);
		break;
	case DLM_MSG_PURGE:
		dlm_send_purge(m->ls, p->to, lkb->pid, &fx);
		break;
	case DLM_MSG_REQUEST_REPLY ... DLM_MSG_GRANT:
		asked.lkid = cpu_to_le32(lkb->remid);
		if (result && !lkb->id)
			dlm_send_error(m->ls, p->to, &asked, type, result, &fx);
		else
			dlm_send_reply(lkb, type, result, &fx);
		break;
	default:
		dlm_send_op(lkb, type, &fx);
	}
	dlm_fx_flush(&fx);
	memlink_transmit(m->r->net, p->from, p->to);
	forget_talk(m, p);
}

/*
 * What 6.1 sends in excess (wire.md 5): its own bits in m_flags, and a value block of zeros that
 * nobody has asked for.  Returns the bytes that are left.
 */
static unsigned int without_excess(u8 *packet, unsigned int len)
{
	struct dlm_w_header *outer = (void *)packet;
	struct dlm_w_msg *msg = (void *)(packet + sizeof(struct dlm_w_opts));
	unsigned int tail = len - sizeof(struct dlm_w_opts) - sizeof(*msg);

	msg->flags &= cpu_to_le32(DLM_WIRE_FLAGS);
	switch (le32_to_cpu(msg->type)) {
	case DLM_MSG_REQUEST:
	case DLM_MSG_LOOKUP:
	case DLM_MSG_REMOVE:
		return len;
	}
	if (msg->exflags & cpu_to_le32(VALBLK) || !tail || memchr_inv(msg->extra, 0, tail))
		return len;
	len -= tail;
	outer->length = cpu_to_le16(len);
	msg->header.length = cpu_to_le16(len - sizeof(struct dlm_w_opts));
	return len;
}

/* where two packets differ, in words */
static void same_bytes(struct kunit *test, const char *title, const u8 *got, unsigned int len,
		       const u8 *want, unsigned int want_len)
{
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(test, len, want_len, "%s: length", title);
	for (i = 0; i < min(len, want_len); i++)
		KUNIT_EXPECT_EQ_MSG(test, (int)got[i], (int)want[i], "%s: byte %u", title, i);
}

static void message(struct kunit *test, const struct capture_packet *p, u8 *buf, unsigned int len)
{
	const struct dlm_w_header *outer = (void *)buf;
	struct dlm_w_msg *want = (void *)(buf + sizeof(struct dlm_w_opts));
	struct maker *m;

	m = maker_of(test, p->from, p->to, le32_to_cpu(want->header.u), le32_to_cpu(outer->u));
	make(test, m, p, want);
	len = without_excess(buf, len);
	same_bytes(test, p->title, m->out, m->len, buf, len);
}

/* session.c's own packets */
static void farewell(struct kunit *test, const struct capture_packet *p, const u8 *buf,
		     unsigned int len)
{
	const struct dlm_w_header *outer = (const void *)buf;
	struct maker *m = maker_of(test, p->from, p->to, 0, le32_to_cpu(outer->u));
	struct dlm_peer *peer = dlm_peer_find(m->r->host[p->from].node->comms, p->to);

	KUNIT_ASSERT_NOT_NULL(test, peer);
	if (outer->cmd == DLM_CMD_ACK)
		peer->session.ack_now = true;
	else
		dlm_session_shutdown(&peer->session);
	memlink_transmit(m->r->net, p->from, p->to);
	same_bytes(test, p->title, m->out, m->len, buf, len);
	dlm_peer_put(peer);
	forget_talk(m, p);
}

static void bytes(struct kunit *test)
{
	const struct capture_packet *p = test->param_value;
	u8 *buf = kunit_kzalloc(test, DLM_PACKET_MAX, GFP_KERNEL);
	struct dlm_frame f;
	unsigned int len;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	len = capture_bytes(p->hex, buf, DLM_PACKET_MAX);
	KUNIT_ASSERT_EQ(test, (int)dlm_frame_parse(buf, len, p->from, &f), (int)DLM_FRAME_OK);
	if (f.cmd == DLM_CMD_ACK || f.inner_cmd == DLM_CMD_FIN)
		farewell(test, p, buf, len);
	else if (f.inner_cmd == DLM_CMD_MSG)
		message(test, p, buf, len);
	else
		kunit_skip(test, "built by recovery: see dlm_talk");
}

/* --- farewells ---------------------------------------------------------------- */

/* who begins says FIN, ACK; the other one ACK, FIN, at once or when it is no member any more */
static void farewell_desc(const struct talk_packet (*p)[4], char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "recording %u", (*p)[0].part);
}

KUNIT_ARRAY_PARAM(farewells, capture_farewells, farewell_desc);

#define FIN_WHILE_MEMBER	32	/* number of that recording */

static u32 seq_of(const struct talk_packet *p, u8 *buf)
{
	capture_bytes(p->hex, buf, DLM_PACKET_MAX);
	return le32_to_cpu(((const struct dlm_w_header *)buf)->u);
}

/* node @us in its conversation, just before the farewell */
static struct maker *before_farewell(struct kunit *test, const struct talk_packet *p, int us,
				     int them, struct dlm_peer **peer)
{
	const struct talk_packet *our = p[0].from == us ? &p[0] : &p[2];
	const struct talk_packet *their = p[0].from == us ? &p[2] : &p[0];
	u8 *buf = kunit_kzalloc(test, DLM_PACKET_MAX, GFP_KERNEL);
	struct maker *m;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	m = maker_of(test, us, them, 1, seq_of(our, buf));
	*peer = dlm_peer_find(m->r->host[us].node->comms, them);
	KUNIT_ASSERT_NOT_NULL(test, *peer);
	(*peer)->session.recv_next = seq_of(their, buf);
	(*peer)->session.users = p->part == FIN_WHILE_MEMBER && our == &p[2];
	return m;
}

static void hear(struct kunit *test, struct maker *m, const struct talk_packet *p, int us)
{
	u8 buf[64];
	unsigned int len = capture_bytes(p->hex, buf, sizeof(buf));

	memlink_inject(m->r->net, p->from, us, buf, len);
	KUNIT_EXPECT_EQ(test, memlink_deliver(m->r->net, p->from, us, MEMLINK_ALL), len);
	memlink_transmit(m->r->net, us, p->from);
}

static void said(struct kunit *test, struct maker *m, unsigned int n, const struct talk_packet *p)
{
	u8 buf[64];
	unsigned int len = capture_bytes(p->hex, buf, sizeof(buf));

	KUNIT_ASSERT_GT(test, m->nsaid, n);
	same_bytes(test, "farewell", m->said[n], len, buf, len);
}

static void farewell_begun(struct kunit *test)
{
	const struct talk_packet *p = *(const struct talk_packet (*)[4])test->param_value;
	struct dlm_peer *peer;
	struct maker *m = before_farewell(test, p, p[0].from, p[1].from, &peer);

	dlm_session_shutdown(&peer->session);
	memlink_transmit(m->r->net, p[0].from, p[1].from);
	said(test, m, 0, &p[0]);
	hear(test, m, &p[1], p[0].from);
	KUNIT_EXPECT_EQ(test, (int)peer->session.state, (int)DLM_SS_FIN_WAIT2);
	hear(test, m, &p[2], p[0].from);
	said(test, m, 1, &p[3]);
	KUNIT_EXPECT_EQ(test, m->nsaid, 2U);
	KUNIT_EXPECT_TRUE(test, dlm_session_closed(&peer->session));
	dlm_peer_put(peer);
}

static void farewell_answered(struct kunit *test)
{
	const struct talk_packet *p = *(const struct talk_packet (*)[4])test->param_value;
	struct dlm_peer *peer;
	struct maker *m = before_farewell(test, p, p[1].from, p[0].from, &peer);

	hear(test, m, &p[0], p[1].from);
	said(test, m, 0, &p[1]);
	if (p->part == FIN_WHILE_MEMBER) {
		KUNIT_EXPECT_EQ(test, m->nsaid, 1U);
		KUNIT_EXPECT_EQ(test, (int)peer->session.state, (int)DLM_SS_CLOSE_WAIT);
		dlm_session_member_del(&peer->session);
		memlink_transmit(m->r->net, p[1].from, p[0].from);
	}
	said(test, m, 1, &p[2]);
	KUNIT_EXPECT_EQ(test, m->nsaid, 2U);
	hear(test, m, &p[3], p[1].from);
	KUNIT_EXPECT_TRUE(test, dlm_session_closed(&peer->session));
	dlm_peer_put(peer);
}

/* --- numbers that all nodes compute ------------------------------------------ */

static const struct {
	const char	*name;
	u32		id;
} ids[] = {
	{ "foo", 0x6ce2339d },
	{ "testls", 0xe5adef01 },
	{ "clvmd", 0x4104eefa },
	{ "x", 0xc4107e9a },
	{ "nod", 0x4aa2c2b9 },
};

/* as a control daemon wrote them */
static void lockspace_ids(struct kunit *test)
{
	struct dlm_node *node = t_node(test);
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++)
		KUNIT_EXPECT_EQ_MSG(test, dlm_ls_id(t_ls(test, node, ids[i].name, 0)),
				    ids[i].id, "%s", ids[i].name);
	dlm_node_stop(node);
	dlm_node_put(node);
}

/* hash and directory node among nodes 1 to 3 of names of 1 to 64 bytes */
static const struct {
	u32	hash;
	u8	dir;
} dirs[] = {
	{ 0x57e5ac5e, 2 }, { 0x391e59c8, 1 }, { 0x3b8cfd72, 2 }, { 0x508e1746, 1 },
	{ 0x1479e548, 1 }, { 0xe138c93b, 3 }, { 0xf4734cec, 3 }, { 0x1efa1509, 2 },
	{ 0x160c374b, 2 }, { 0x872681ef, 3 }, { 0xe8ec6896, 1 }, { 0x15bf187f, 3 },
	{ 0x093ba981, 3 }, { 0x0c015b93, 2 }, { 0x6dfcad2a, 2 }, { 0x164c9031, 3 },
	{ 0xcb5b4361, 1 }, { 0x1de10633, 3 }, { 0x1a4425a2, 2 }, { 0x8e2f7fcc, 1 },
	{ 0xb8aeb144, 2 }, { 0x508514d8, 1 }, { 0x2d27bb93, 1 }, { 0x47776c5c, 2 },
	{ 0x8ed91f48, 3 }, { 0xe105113c, 3 }, { 0xec7aa004, 2 }, { 0x22d4650f, 1 },
	{ 0xa3e02870, 1 }, { 0xad6b0e87, 2 }, { 0xf278fb12, 3 }, { 0x53144d9d, 2 },
	{ 0x8249d542, 3 }, { 0x75b54fa2, 2 }, { 0xe872a2e2, 2 }, { 0xa5afb142, 2 },
	{ 0xf0998420, 1 }, { 0x0a28d6d6, 3 }, { 0x4d81bbf5, 3 }, { 0xf79fbb51, 2 },
	{ 0xc0885857, 2 }, { 0xb32f38e5, 2 }, { 0x910eb831, 1 }, { 0xcc09e83b, 1 },
	{ 0xd747dd43, 2 }, { 0x1698df07, 1 }, { 0x8ea4071d, 1 }, { 0x4af79263, 1 },
	{ 0xd70f8b6f, 3 }, { 0x0f7b7021, 1 }, { 0xfc65fd31, 3 }, { 0xd3deb803, 2 },
	{ 0x743c7f9c, 3 }, { 0xf619f34e, 2 }, { 0xf8aa5794, 2 }, { 0x7cac4a51, 3 },
	{ 0xca2227bc, 3 }, { 0x1d6d3e11, 1 }, { 0x76e60356, 1 }, { 0xb97118bb, 2 },
	{ 0x3cefab88, 3 }, { 0x6b9a7689, 1 }, { 0xa778657b, 3 }, { 0xb1ee2d6f, 2 },
};

static void directory(struct kunit *test)
{
	static const struct dlm_member three[] = { { 1, 1 }, { 2, 1 }, { 3, 1 } };
	unsigned int i, j;
	int array[3];
	u32 hash;
	u8 name[DLM_RESNAME_MAXLEN];

	KUNIT_ASSERT_EQ(test, dlm_node_array(three, 3, array), 3U);
	for (i = 1; i <= ARRAY_SIZE(dirs); i++) {
		for (j = 0; j < i; j++)
			name[j] = 37 * i + 11 * j + i * j / 4;
		hash = dlm_dir_hash(name, i);
		KUNIT_EXPECT_EQ_MSG(test, hash, dirs[i - 1].hash, "%u bytes", i);
		KUNIT_EXPECT_EQ_MSG(test, array[(hash >> 16) % 3], (int)dirs[i - 1].dir,
				    "%u bytes", i);
	}
}

static struct kunit_case capture_cases[] = {
	KUNIT_CASE_PARAM(fields, packets_gen_params),
	KUNIT_CASE_PARAM(bytes, packets_gen_params),
	KUNIT_CASE_PARAM(farewell_begun, farewells_gen_params),
	KUNIT_CASE_PARAM(farewell_answered, farewells_gen_params),
	KUNIT_CASE(lockspace_ids),
	KUNIT_CASE(directory),
	{ }
};

static struct kunit_suite capture_suite = {
	.name = "dlm_capture",
	.init = r_init,
	.exit = r_exit,
	.test_cases = capture_cases,
};

kunit_test_suite(capture_suite);
