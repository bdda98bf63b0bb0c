// SPDX-License-Identifier: GPL-2.0
/*
 * session.c alone: one end of a conversation, with packets made by hand.
 *
 * A step says what happens to the session; after it the state, and what
 * goes out ("A" for an ACK, "F" for our FIN, "m" for a message, "p" for a plain packet), are
 * compared.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include "../dlm_lowcomms/session.h"

#define US	1
#define PEER	2
#define OUT_MAX	64

enum u_event {
	U_END,
	U_ADD,		/* peer becomes member */
	U_DEL,		/* and is no longer */
	U_SHUTDOWN,	/* we leave */
	U_SEND,		/* we send a message */
	U_SEND_PLAIN,	/* we send STATUS */
	U_STATUS,	/* peer sends STATUS */
	U_STATUS31,	/* the same from a 3.1 node */
	U_ANSWER,	/* peer answers a STATUS of ours */
	U_MSG31,	/* bare message of a 3.1 node */
	U_MSG,		/* message with the next number, taken */
	U_MSG_AT,	/* message with number @arg, taken if it is delivered */
	U_BAD,		/* envelope with the next number and rubbish in it */
	U_FIN,		/* FIN with the next number */
	U_FIN_AT,	/* FIN with number @arg */
	U_ACK,		/* ACK of all we sent */
	U_ACK_AT,	/* ACK of all before @arg */
	U_LOST,		/* connection breaks */
	U_BATCH,	/* batch of received packets ends */
	U_IDLE,		/* a moment passes */
	U_RESET,	/* node is forgotten */
};

/**
 * struct u_step - one event and what must follow
 * @event: enum u_event
 * @arg: for those that have one
 * @state: afterwards
 * @out: what dlm_session_fill() gives
 * @act: delivered?
 */
struct u_step {
	enum u_event		event;
	u32			arg;
	enum dlm_session_state	state;
	const char		*out;
	enum dlm_session_act	act;
};

struct u_world {
	struct dlm_session	s;
	u8			buf[4 * DLM_PACKET_MAX];
	u32			acked;	/* what the last ACK said */
	u32			seq;	/* of the last numbered packet that went out */
};

static int u_init(struct kunit *test)
{
	struct u_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	test->priv = w;
	/* as if it had been a member; membership itself changes the end of a conversation */
	w->s.shared = true;
	return dlm_session_init(&w->s, US);
}

static void u_exit(struct kunit *test)
{
	struct u_world *w = test->priv;

	if (w)
		dlm_session_destroy(&w->s);
}

static enum dlm_session_act u_take(struct u_world *w, enum dlm_verdict verdict,
				   const struct dlm_frame *f)
{
	enum dlm_session_act act;
	unsigned int epoch;

	act = dlm_session_receive(&w->s, verdict, f, &epoch);
	if (act == DLM_ACT_DELIVER)
		dlm_session_took(&w->s, f, epoch);
	return act;
}

static enum dlm_session_act u_numbered(struct u_world *w, u8 cmd, u32 seq)
{
	struct dlm_frame f = {
		.version = DLM_WIRE_3_2,
		.cmd = DLM_CMD_OPTS,
		.u = seq,
		.inner_cmd = cmd,
	};

	return u_take(w, cmd ? DLM_FRAME_OK : DLM_FRAME_IN_CMD, &f);
}

static enum dlm_session_act u_bare(struct u_world *w, u32 version, u8 cmd, u32 u)
{
	const struct dlm_w_rcom status = { .type = cpu_to_le32(DLM_RCOM_STATUS) };
	struct dlm_frame f = {
		.version = version,
		.cmd = cmd,
		.u = u,
		.inner_cmd = cmd == DLM_CMD_ACK ? 0 : cmd,
		.inner = &status,
		.inner_len = sizeof(status),
	};

	return u_take(w, DLM_FRAME_OK, &f);
}

/* the answer to a STATUS of ours */
static enum dlm_session_act u_answer(struct u_world *w)
{
	const struct dlm_w_rcom reply = { .type = cpu_to_le32(DLM_RCOM_STATUS_REPLY) };
	struct dlm_frame f = {
		.version = DLM_WIRE_3_2,
		.cmd = DLM_CMD_RCOM,
		.inner_cmd = DLM_CMD_RCOM,
		.inner = &reply,
		.inner_len = sizeof(reply),
	};

	return u_take(w, DLM_FRAME_OK, &f);
}

static void u_send(struct kunit *test, bool sequenced)
{
	struct u_world *w = test->priv;
	struct dlm_packet *p;

	p = dlm_packet_alloc(sequenced ? DLM_CMD_MSG : DLM_CMD_RCOM,
			     sizeof(struct dlm_w_msg), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	dlm_session_send(&w->s, p, sequenced);
}

static enum dlm_session_act u_event(struct kunit *test, const struct u_step *step)
{
	struct u_world *w = test->priv;

	switch (step->event) {
	case U_ADD:
		dlm_session_member_add(&w->s);
		break;
	case U_DEL:
		dlm_session_member_del(&w->s);
		break;
	case U_SHUTDOWN:
		dlm_session_shutdown(&w->s);
		break;
	case U_SEND:
		u_send(test, true);
		break;
	case U_SEND_PLAIN:
		u_send(test, false);
		break;
	case U_STATUS:
		return u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	case U_ANSWER:
		return u_answer(w);
	case U_STATUS31:
		return u_bare(w, DLM_WIRE_3_1, DLM_CMD_RCOM, 0);
	case U_MSG31:
		return u_bare(w, DLM_WIRE_3_1, DLM_CMD_MSG, 0);
	case U_MSG:
		return u_numbered(w, DLM_CMD_MSG, w->s.recv_next);
	case U_MSG_AT:
		return u_numbered(w, DLM_CMD_MSG, step->arg);
	case U_BAD:
		return u_numbered(w, 0, w->s.recv_next);
	case U_FIN:
		return u_numbered(w, DLM_CMD_FIN, w->s.recv_next);
	case U_FIN_AT:
		return u_numbered(w, DLM_CMD_FIN, step->arg);
	case U_ACK:
		return u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, w->s.sent_end);
	case U_ACK_AT:
		return u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, step->arg);
	case U_LOST:
		dlm_session_lost(&w->s);
		break;
	case U_BATCH:
		dlm_session_batch_end(&w->s);
		break;
	case U_IDLE:
		dlm_session_idle(&w->s);
		break;
	case U_RESET:
		dlm_session_reset(&w->s);
		break;
	case U_END:
		break;
	}
	return DLM_ACT_NONE;
}

/* what goes out now, as letters */
static void u_out(struct kunit *test, char *out)
{
	struct u_world *w = test->priv;
	unsigned int n = dlm_session_fill(&w->s, w->buf, sizeof(w->buf)), pos = 0;
	struct dlm_w_header h;

	while (pos < n) {
		memcpy(&h, w->buf + pos, sizeof(h));
		if (h.cmd == DLM_CMD_ACK) {
			*out++ = 'A';
			w->acked = le32_to_cpu(h.u);
		} else if (h.cmd == DLM_CMD_OPTS) {
			*out++ = w->buf[pos + 16] == DLM_CMD_FIN ? 'F' : 'm';
			w->seq = le32_to_cpu(h.u);
		} else {
			*out++ = h.cmd == DLM_CMD_MSG ? 'M' : 'p';
		}
		KUNIT_EXPECT_EQ(test, le32_to_cpu(h.nodeid), (u32)US);
		pos += le16_to_cpu(h.length);
	}
	*out = 0;
}

/* @shared: the peer was a member before */
static void u_run(struct kunit *test, const char *name, const struct u_step *steps,
		  bool shared)
{
	struct u_world *w = test->priv;
	const struct u_step *step;
	char out[OUT_MAX];
	int act;

	w->s.shared = shared;

	for (step = steps; step->event; step++) {
		act = u_event(test, step);
		KUNIT_EXPECT_EQ_MSG(test, act, (int)step->act, "%s, step %zd", name,
				    step - steps);
		KUNIT_EXPECT_EQ_MSG(test, (int)w->s.state, (int)step->state,
				    "%s, step %zd", name, step - steps);
		u_out(test, out);
		if (strcmp(out, step->out ?: ""))
			KUNIT_FAIL(test, "%s, step %zd: sent \"%s\", not \"%s\"", name,
				   step - steps, out, step->out ?: "");
	}
	dlm_session_reset(&w->s);
	w->s.users = 0;
	dlm_session_reset(&w->s);
}

#define CLOSED		DLM_SS_CLOSED
#define ESTABLISHED	DLM_SS_ESTABLISHED
#define FIN_WAIT1	DLM_SS_FIN_WAIT1
#define FIN_WAIT2	DLM_SS_FIN_WAIT2
#define CLOSE_WAIT	DLM_SS_CLOSE_WAIT
#define CLOSING		DLM_SS_CLOSING
#define LAST_ACK	DLM_SS_LAST_ACK
#define TAKEN		DLM_ACT_DELIVER

struct u_story {
	const char	*name;
	struct u_step	steps[16];
};

/* wire.md 8.7, row by row; then what the table leaves open */
static const struct u_story fin_stories[] = {
	{ "first packet opens", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN } } },
	{ "membership opens", {
		{ U_ADD, 0, ESTABLISHED } } },
	{ "active side", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_ACK, 0, FIN_WAIT2 },
		{ U_FIN, 0, CLOSED, "A" } } },
	{ "passive side, user count 0", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, LAST_ACK, "AF" },
		{ U_ACK, 0, CLOSED } } },
	{ "passive side, still member", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, CLOSE_WAIT, "A" },
		{ U_SEND, 0, CLOSE_WAIT, "m" },
		{ U_DEL, 0, LAST_ACK, "F" },
		{ U_ACK, 0, CLOSED } } },
	{ "member of two lockspaces", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, CLOSE_WAIT, "A" },
		{ U_DEL, 0, CLOSE_WAIT },
		{ U_DEL, 0, LAST_ACK, "F" },
		{ U_ACK, 0, CLOSED } } },
	{ "both at once", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_FIN, 0, CLOSING, "A" },
		{ U_ACK, 0, CLOSED } } },
	{ "FIN in LAST_ACK", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, LAST_ACK, "AF" },
		{ U_FIN, 0, LAST_ACK, "A" },
		{ U_ACK, 0, CLOSED } } },
	{ "ACK that does not cover the FIN", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_ACK_AT, 1, FIN_WAIT1 },
		{ U_ACK_AT, 2, FIN_WAIT2 },
		{ U_FIN, 0, CLOSED, "A" } } },
	{ "messages after FIN_WAIT1", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_SEND, 0, FIN_WAIT1 },
		{ U_MSG, 0, FIN_WAIT1, "", TAKEN },
		{ U_ACK, 0, FIN_WAIT2 },
		{ U_MSG, 0, FIN_WAIT2, "", TAKEN },
		{ U_FIN, 0, CLOSED, "A" } } },
	{ "FIN is repeated", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_LOST, 0, FIN_WAIT1, "mF" },
		{ U_ACK, 0, FIN_WAIT2 } } },
	{ "leave from CLOSE_WAIT", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, CLOSE_WAIT, "A" },
		{ U_SHUTDOWN, 0, LAST_ACK, "F" },
		{ U_ACK, 0, CLOSED } } },
	{ "no handshake with who said nothing", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_SEND, 0, ESTABLISHED },
		{ U_SHUTDOWN, 0, CLOSED },
		{ U_STATUS, 0, CLOSED, "", TAKEN } } },
	{ "no handshake with 3.1", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS31, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, CLOSED } } },
	{ "shutdown of a closed one", {
		{ U_SHUTDOWN, 0, CLOSED } } },
	{ "stuck in FIN_WAIT1, joins again", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN } } },
	{ "stuck in LAST_ACK, STATUS", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, LAST_ACK, "AF" },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN } } },
	{ "an answer ends nothing: the FIN is still to be acknowledged", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, LAST_ACK, "AF" },
		{ U_ANSWER, 0, LAST_ACK, "", TAKEN },
		{ U_LOST, 0, LAST_ACK, "F" },
		{ U_ACK, 0, CLOSED } } },
	{ "STATUS does not disturb FIN_WAIT", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SHUTDOWN, 0, FIN_WAIT1, "F" },
		{ U_STATUS, 0, FIN_WAIT1, "", TAKEN },
		{ U_ACK, 0, FIN_WAIT2 },
		{ U_STATUS, 0, FIN_WAIT2, "", TAKEN },
		{ U_FIN, 0, CLOSED, "A" } } },
	{ "second FIN in CLOSE_WAIT", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, CLOSE_WAIT, "A" },
		{ U_FIN, 0, CLOSE_WAIT, "A" } } },
	{ "FIN of a forgotten conversation", {
		{ U_FIN_AT, 9, CLOSED, "A" },
		{ U_ACK_AT, 9, CLOSED } } },
	{ "numbers begin again", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_FIN_AT, 1, LAST_ACK, "AF" },
		{ U_ACK, 0, CLOSED },
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_ACK_AT, 1, ESTABLISHED } } },
};

static void fin_table(struct kunit *test)
{
	const struct u_story *st;

	for (st = fin_stories; st < fin_stories + ARRAY_SIZE(fin_stories); st++)
		u_run(test, st->name, st->steps, true);
}

/*
 * A machine fails, is back, joins or leaves before all others have noticed: who is no member
 * yet, who leaves, and what is repeated to the wrong one.
 */
static const struct u_story early_stories[] = {
	{ "nothing with a number before membership", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED },
		{ U_SEND_PLAIN, 0, ESTABLISHED, "p" },
		{ U_ADD, 0, ESTABLISHED },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_DEL, 0, ESTABLISHED },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_RESET, 0, CLOSED },
		{ U_SEND, 0, CLOSED } } },
	{ "what was meant for another one is not counted", {
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN },
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "A" },
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 0, ESTABLISHED, "A" },
		{ U_DEL, 0, ESTABLISHED },
		{ U_DEL, 0, ESTABLISHED },
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN } } },
	{ "or it goes on, and who repeats is not believed twice", {
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 2, ESTABLISHED },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "A" },
		{ U_MSG_AT, 2, ESTABLISHED, "", TAKEN } } },
	{ "nothing came before", {
		{ U_ADD, 0, ESTABLISHED },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "A" } } },
	{ "farewell of who was never a member", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN, 0, LAST_ACK, "AF" },
		{ U_FIN_AT, 0, LAST_ACK, "A" },
		{ U_ACK, 0, CLOSED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN } } },
	{ "it begins anew as often as it likes, until it is a member", {
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 1, ESTABLISHED, "A" },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_FIN_AT, 0, LAST_ACK, "AF" },
		{ U_FIN_AT, 0, LAST_ACK, "A" },
		{ U_ACK, 0, CLOSED } } },
	{ "who leaves answers, and begins nothing", {
		{ U_SHUTDOWN, 0, CLOSED },
		{ U_STATUS, 0, CLOSED, "", TAKEN },
		{ U_SEND_PLAIN, 0, CLOSED, "p" },
		{ U_STATUS, 0, CLOSED, "", TAKEN },
		{ U_ADD, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN } } },
	{ "who leaves ends at once what the other begins", {
		{ U_SHUTDOWN, 0, CLOSED },
		{ U_MSG_AT, 0, FIN_WAIT1, "F", TAKEN },
		{ U_ACK, 0, FIN_WAIT2 },
		{ U_FIN, 0, CLOSED, "A" },
		{ U_STATUS, 0, CLOSED, "", TAKEN } } },
	{ "who leaves, and is told farewell first", {
		{ U_SHUTDOWN, 0, CLOSED },
		{ U_FIN_AT, 0, LAST_ACK, "AF" },
		{ U_ACK, 0, CLOSED } } },
	{ "it comes back after its stop", {
		{ U_SHUTDOWN, 0, CLOSED },
		{ U_RESET, 0, CLOSED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN } } },
};

static void before_membership(struct kunit *test)
{
	const struct u_story *st;

	for (st = early_stories; st < early_stories + ARRAY_SIZE(early_stories); st++)
		u_run(test, st->name, st->steps, false);
}

static const struct u_story version_stories[] = {
	{ "held back until heard, plain ones go", {
		{ U_SEND, 0, CLOSED },
		{ U_SEND_PLAIN, 0, CLOSED, "p" },
		{ U_SEND, 0, CLOSED },
		{ U_STATUS, 0, ESTABLISHED, "mm", TAKEN },
		{ U_SEND_PLAIN, 0, ESTABLISHED, "p" } } },
	{ "opened by number 0", {
		{ U_SEND, 0, CLOSED },
		{ U_MSG_AT, 0, ESTABLISHED, "m", TAKEN } } },
	{ "not opened by others", {
		{ U_SEND, 0, CLOSED },
		{ U_MSG_AT, 1, CLOSED },
		{ U_ACK_AT, 1, CLOSED } } },
	{ "3.1 gets bare ones, nothing is repeated or acknowledged", {
		{ U_SEND, 0, CLOSED },
		{ U_STATUS31, 0, ESTABLISHED, "M", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "M" },
		{ U_LOST, 0, ESTABLISHED },
		{ U_MSG31, 0, ESTABLISHED, "", TAKEN },
		{ U_IDLE, 0, ESTABLISHED },
		{ U_IDLE, 0, ESTABLISHED } } },
	{ "3.1 begins with a message", {
		{ U_MSG31, 0, ESTABLISHED, "", TAKEN } } },
	{ "version stays", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_STATUS31, 0, ESTABLISHED },
		{ U_LOST, 0, ESTABLISHED },
		{ U_STATUS31, 0, ESTABLISHED },
		{ U_RESET, 0, CLOSED },
		{ U_STATUS31, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG, 0, ESTABLISHED },
		{ U_STATUS, 0, ESTABLISHED } } },
};

static void versions(struct kunit *test)
{
	const struct u_story *st;

	for (st = version_stories;
	     st < version_stories + ARRAY_SIZE(version_stories); st++)
		u_run(test, st->name, st->steps, true);
}

static const struct u_story order_stories[] = {
	{ "duplicate: ACK; gap: nothing", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 0, ESTABLISHED, "A" },
		{ U_MSG_AT, 2, ESTABLISHED },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN },
		{ U_MSG_AT, 2, ESTABLISHED, "", TAKEN } } },
	{ "rubbish in an envelope uses its number up", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_BAD, 0, ESTABLISHED },
		{ U_MSG_AT, 1, ESTABLISHED, "", TAKEN } } },
	{ "ACK of what was not sent", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_ACK_AT, 2, ESTABLISHED },
		{ U_LOST, 0, ESTABLISHED, "m" },
		{ U_ACK_AT, 1, ESTABLISHED },
		{ U_LOST, 0, ESTABLISHED } } },
	{ "old ACK", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_ACK_AT, 1, ESTABLISHED },
		{ U_ACK_AT, 0, ESTABLISHED },
		{ U_LOST, 0, ESTABLISHED, "m" } } },
	{ "plain ones are not repeated, others in front of what is new", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_SEND_PLAIN, 0, ESTABLISHED, "p" },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_LOST, 0, ESTABLISHED, "mm" } } },
	{ "idle ACK", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG, 0, ESTABLISHED, "", TAKEN },
		{ U_BATCH, 0, ESTABLISHED },
		{ U_IDLE, 0, ESTABLISHED },
		{ U_IDLE, 0, ESTABLISHED, "A" },
		{ U_IDLE, 0, ESTABLISHED } } },
	{ "idle only if nothing came", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_MSG, 0, ESTABLISHED, "", TAKEN },
		{ U_IDLE, 0, ESTABLISHED },
		{ U_MSG, 0, ESTABLISHED, "", TAKEN },
		{ U_IDLE, 0, ESTABLISHED },
		{ U_IDLE, 0, ESTABLISHED, "A" } } },
	{ "forgotten", {
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_SEND, 0, ESTABLISHED, "m" },
		{ U_RESET, 0, CLOSED },
		{ U_LOST, 0, CLOSED },
		{ U_STATUS, 0, ESTABLISHED, "", TAKEN },
		{ U_LOST, 0, ESTABLISHED } } },
};

static void order(struct kunit *test)
{
	const struct u_story *st;

	for (st = order_stories; st < order_stories + ARRAY_SIZE(order_stories); st++)
		u_run(test, st->name, st->steps, true);
}

/* an ACK for each 32 packets, whether they come one by one or together */
static void ack_policy(struct kunit *test)
{
	static const unsigned int batches[] = { 1, 3, 31, 32, 100 };
	struct u_world *w = test->priv;
	char out[OUT_MAX];
	unsigned int i, n, acks;

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	for (i = 0; i < ARRAY_SIZE(batches); i++) {
		acks = 0;
		for (n = 1; n <= 3200; n++) {
			u_numbered(w, DLM_CMD_MSG, w->s.recv_next);
			if (n % batches[i])
				continue;
			dlm_session_batch_end(&w->s);
			u_out(test, out);
			acks += strlen(out);
			if (*out)
				KUNIT_EXPECT_EQ(test, w->acked, w->s.recv_next);
		}
		KUNIT_EXPECT_LE_MSG(test, acks, 100U, "batches of %u", batches[i]);
		KUNIT_EXPECT_GE_MSG(test, acks, 3200 / (batches[i] + 32), "batches of %u",
				    batches[i]);
	}
}

/* both numbers go over the end of 32 bits */
static void wrap(struct kunit *test)
{
	struct u_world *w = test->priv;
	char out[OUT_MAX];
	u32 i;

	w->s.start = 0xfffffff0;
	dlm_session_reset(&w->s);
	w->s.shared = true;
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	for (i = 0; i < 32; i++) {
		u_send(test, true);
		u_out(test, out);
		KUNIT_EXPECT_EQ(test, w->seq, 0xfffffff0 + i);
	}
	KUNIT_EXPECT_EQ(test, w->s.queued, 32U);
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 0xfffffffe);
	KUNIT_EXPECT_EQ(test, w->s.queued, 18U);
	/* too far */
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 0x11);
	KUNIT_EXPECT_EQ(test, w->s.queued, 18U);
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 0x0);
	KUNIT_EXPECT_EQ(test, w->s.queued, 16U);
	dlm_session_lost(&w->s);
	u_out(test, out);
	KUNIT_EXPECT_EQ(test, strlen(out), 16UL);
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 0x10);
	KUNIT_EXPECT_EQ(test, w->s.queued, 0U);
	for (i = 0; i < 32; i++)
		KUNIT_EXPECT_EQ(test, (int)u_numbered(w, DLM_CMD_MSG, 0xfffffff0 + i),
				(int)DLM_ACT_DELIVER);
	/* a duplicate from before the wrap */
	KUNIT_EXPECT_EQ(test, (int)u_numbered(w, DLM_CMD_MSG, 0xfffffff5),
			(int)DLM_ACT_NONE);
	u_out(test, out);
	KUNIT_EXPECT_STREQ(test, out, "A");
	KUNIT_EXPECT_EQ(test, w->acked, 0x10U);
}

/* an ACK that comes between a cut and the repetition saves the repetition */
static void acked_before_repeated(struct kunit *test)
{
	struct u_world *w = test->priv;
	char out[OUT_MAX];
	int i;

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	for (i = 0; i < 3; i++)
		u_send(test, true);
	u_out(test, out);
	dlm_session_lost(&w->s);
	u_send(test, false);
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 2);
	u_out(test, out);
	KUNIT_EXPECT_STREQ(test, out, "mp");
	KUNIT_EXPECT_EQ(test, w->seq, 2U);
}

/* the user had no memory: the number is not used up; a reset meanwhile is noticed */
static void taken_or_not(struct kunit *test)
{
	struct u_world *w = test->priv;
	struct dlm_frame f = {
		.version = DLM_WIRE_3_2,
		.cmd = DLM_CMD_OPTS,
		.inner_cmd = DLM_CMD_MSG,
	};
	unsigned int epoch;

	KUNIT_EXPECT_EQ(test, (int)dlm_session_receive(&w->s, DLM_FRAME_OK, &f, &epoch),
			(int)DLM_ACT_DELIVER);
	KUNIT_EXPECT_EQ(test, w->s.recv_next, 0U);
	KUNIT_EXPECT_EQ(test, (int)dlm_session_receive(&w->s, DLM_FRAME_OK, &f, &epoch),
			(int)DLM_ACT_DELIVER);
	dlm_session_reset(&w->s);
	dlm_session_took(&w->s, &f, epoch);
	KUNIT_EXPECT_EQ(test, w->s.recv_next, 0U);
	KUNIT_EXPECT_EQ(test, (int)dlm_session_receive(&w->s, DLM_FRAME_OK, &f, &epoch),
			(int)DLM_ACT_DELIVER);
	dlm_session_took(&w->s, &f, epoch);
	KUNIT_EXPECT_EQ(test, w->s.recv_next, 1U);
}

/* a farewell with the first number, and nothing goes out yet */
static void u_first_fin(struct u_world *w)
{
	const struct dlm_frame fin = {
		.version = DLM_WIRE_3_2,
		.cmd = DLM_CMD_OPTS,
		.inner_cmd = DLM_CMD_FIN,
	};
	unsigned int epoch;

	dlm_session_receive(&w->s, DLM_FRAME_OK, &fin, &epoch);
}

/*
 * Who says farewell still answers what it was asked before, with packets that have no number:
 * they come before our own farewell is out and are no new conversation.
 */
static void replies_after_fin(struct kunit *test)
{
	struct u_world *w = test->priv;
	char out[OUT_MAX];

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	u_first_fin(w);
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	KUNIT_EXPECT_EQ(test, (int)w->s.state, (int)LAST_ACK);
	u_out(test, out);
	KUNIT_EXPECT_STREQ(test, out, "AF");
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 1);
	KUNIT_EXPECT_EQ(test, (int)w->s.state, (int)CLOSED);
}

/* a farewell that comes out of nothing is answered by another one, but not again and again */
static void fin_of_nothing(struct kunit *test)
{
	struct u_world *w = test->priv;
	char out[OUT_MAX];

	u_first_fin(w);
	KUNIT_EXPECT_EQ(test, (int)w->s.state, (int)LAST_ACK);
	u_out(test, out);
	KUNIT_EXPECT_STREQ(test, out, "AF");
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, 1);
	u_first_fin(w);
	KUNIT_EXPECT_EQ(test, (int)w->s.state, (int)CLOSED);
	u_out(test, out);
	KUNIT_EXPECT_STREQ(test, out, "A");
	KUNIT_EXPECT_EQ(test, w->acked, 1U);
}

/* new requests wait for room, until half is free */
static void room(struct kunit *test)
{
	struct u_world *w = test->priv;
	char out[OUT_MAX];
	u32 i;

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	for (i = 0; i <= DLM_SESSION_ROOM; i++) {
		KUNIT_EXPECT_FALSE(test, dlm_session_crowded(&w->s));
		u_send(test, true);
		u_out(test, out);
	}
	KUNIT_EXPECT_TRUE(test, dlm_session_crowded(&w->s));
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, DLM_SESSION_ROOM / 2);
	KUNIT_EXPECT_TRUE(test, dlm_session_crowded(&w->s));
	u_bare(w, DLM_WIRE_3_2, DLM_CMD_ACK, DLM_SESSION_ROOM / 2 + 1);
	KUNIT_EXPECT_FALSE(test, dlm_session_crowded(&w->s));
	for (i = 0; i <= DLM_SESSION_ROOM; i++)
		u_send(test, true);
	KUNIT_EXPECT_TRUE(test, dlm_session_crowded(&w->s));
	dlm_session_reset(&w->s);
	KUNIT_EXPECT_FALSE(test, dlm_session_crowded(&w->s));
}

/* far more than our own requests can make it */
static void flood(struct kunit *test)
{
	struct u_world *w = test->priv;

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	u_send(test, true);
	KUNIT_EXPECT_FALSE(test, dlm_session_flooded(&w->s));
	/* as if they were there */
	w->s.queued += DLM_SESSION_FLOOD;
	KUNIT_EXPECT_TRUE(test, dlm_session_flooded(&w->s));
	w->s.queued -= DLM_SESSION_FLOOD;
	KUNIT_EXPECT_FALSE(test, dlm_session_flooded(&w->s));
}

/* who waits for a missing packet for long must have the connection reset */
static void stall(struct kunit *test)
{
	struct u_world *w = test->priv;
	unsigned int i;

	u_bare(w, DLM_WIRE_3_2, DLM_CMD_RCOM, 0);
	KUNIT_EXPECT_FALSE(test, dlm_session_wants_idle(&w->s));
	u_numbered(w, DLM_CMD_MSG, 1);
	KUNIT_EXPECT_TRUE(test, dlm_session_wants_idle(&w->s));
	for (i = 0; i < DLM_GAP_PATIENCE; i++) {
		KUNIT_EXPECT_FALSE(test, dlm_session_stalled(&w->s));
		dlm_session_idle(&w->s);
	}
	KUNIT_EXPECT_TRUE(test, dlm_session_stalled(&w->s));
	dlm_session_lost(&w->s);
	KUNIT_EXPECT_FALSE(test, dlm_session_stalled(&w->s));
	u_numbered(w, DLM_CMD_MSG, 1);
	u_numbered(w, DLM_CMD_MSG, 0);
	for (i = 0; i < 2 * DLM_GAP_PATIENCE; i++)
		dlm_session_idle(&w->s);
	KUNIT_EXPECT_FALSE(test, dlm_session_stalled(&w->s));
}

static struct kunit_case session_cases[] = {
	KUNIT_CASE(fin_table),
	KUNIT_CASE(before_membership),
	KUNIT_CASE(versions),
	KUNIT_CASE(order),
	KUNIT_CASE(ack_policy),
	KUNIT_CASE(wrap),
	KUNIT_CASE(acked_before_repeated),
	KUNIT_CASE(taken_or_not),
	KUNIT_CASE(replies_after_fin),
	KUNIT_CASE(fin_of_nothing),
	KUNIT_CASE(room),
	KUNIT_CASE(flood),
	KUNIT_CASE(stall),
	{}
};

static struct kunit_suite session_suite = {
	.name = "dlm_session",
	.init = u_init,
	.exit = u_exit,
	.test_cases = session_cases,
};

kunit_test_suites(&session_suite);

MODULE_LICENSE("GPL");
