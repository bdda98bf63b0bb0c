// SPDX-License-Identifier: GPL-2.0
/*
 * Trace events of what travels: each message is seen once where it is sent and once where it
 * comes, with the same number and content (control-plane.md 10).
 */
#include <dlm/trace.h>
#include "cluster.h"

#define EVENTS	256

/* one lock or recovery message, sent or received */
struct seen {
	u32		dst;
	u32		seq;
	bool		rcom;
	unsigned int	namelen;
	char		name[DLM_RESNAME_MAXLEN];
	union {
		struct dlm_w_msg	msg;
		struct dlm_w_rcom	rc;
	};
};

struct story {
	struct seen	ev[EVENTS];
	unsigned int	n;
};

struct stories {
	struct story	sent;
	struct story	got;
};

static struct seen *next(struct story *s, u32 dst, u32 seq, bool rcom)
{
	struct seen *e = &s->ev[min_t(unsigned int, s->n, EVENTS - 1)];

	s->n++;
	memset(e, 0, sizeof(*e));
	e->dst = dst;
	e->seq = seq;
	e->rcom = rcom;
	return e;
}

static void on_send(void *data, u32 dst, u32 seq, const struct dlm_w_msg *m,
		    const void *name, unsigned int len)
{
	struct stories *st = data;
	struct seen *e = next(&st->sent, dst, seq, false);

	e->msg = *m;
	e->namelen = len;
	if (len)
		memcpy(e->name, name, len);
}

static void on_recv(void *data, u32 dst, u32 seq, const struct dlm_w_msg *m,
		    const void *name, unsigned int len)
{
	struct stories *st = data;

	next(&st->got, dst, seq, false)->msg = *m;
}

static void on_send_rcom(void *data, u32 dst, u32 seq, const struct dlm_w_rcom *rc)
{
	struct stories *st = data;

	next(&st->sent, dst, seq, true)->rc = *rc;
}

static void on_recv_rcom(void *data, u32 dst, u32 seq, const struct dlm_w_rcom *rc)
{
	struct stories *st = data;

	next(&st->got, dst, seq, true)->rc = *rc;
}

static void watch(struct kunit *test, struct stories *st)
{
	if (register_trace_dlm_send_message(on_send, st))
		kunit_skip(test, "no tracepoints in this kernel");
	register_trace_dlm_recv_message(on_recv, st);
	register_trace_dlm_send_rcom(on_send_rcom, st);
	register_trace_dlm_recv_rcom(on_recv_rcom, st);
}

static void look_away(struct stories *st)
{
	unregister_trace_dlm_send_message(on_send, st);
	unregister_trace_dlm_recv_message(on_recv, st);
	unregister_trace_dlm_send_rcom(on_send_rcom, st);
	unregister_trace_dlm_recv_rcom(on_recv_rcom, st);
	tracepoint_synchronize_unregister();
}

/* how often something of that kind and number came from the one to the other */
static unsigned int count(const struct story *s, const struct seen *like)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->n && i < EVENTS; i++) {
		const struct seen *e = &s->ev[i];

		n += e->dst == like->dst && e->seq == like->seq &&
		     e->rcom == like->rcom &&
		     !memcmp(&e->msg, &like->msg,
			     like->rcom ? sizeof(like->rc) : sizeof(like->msg));
	}
	return n;
}

static void expect_same(struct kunit *test, struct stories *st)
{
	unsigned int i;

	KUNIT_EXPECT_GT(test, st->sent.n, 0U);
	KUNIT_EXPECT_LT(test, st->sent.n, (unsigned int)EVENTS);
	KUNIT_EXPECT_EQ(test, st->sent.n, st->got.n);
	for (i = 0; i < st->sent.n && i < EVENTS; i++) {
		KUNIT_EXPECT_EQ_MSG(test, count(&st->sent, &st->sent.ev[i]), 1U, "event %u", i);
		KUNIT_EXPECT_EQ_MSG(test, count(&st->got, &st->sent.ev[i]), 1U, "event %u", i);
	}
}

static void messages(struct kunit *test)
{
	struct stories *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, st);
	watch(test, st);
	c_lock(a, PR, 0, 0);
	c_lock(b, EX, 0, WAITS);
	t_bast(a, EX);
	c_convert(a, NL, 0, 0);
	t_granted(b, EX);
	c_unlock(a, 0);
	look_away(st);
	expect_same(test, st);
	for (i = 0; i < st->sent.n; i++) {
		const struct seen *e = &st->sent.ev[i];
		u32 type = le32_to_cpu(e->msg.type);

		KUNIT_EXPECT_EQ(test, e->msg.header.cmd, (u8)DLM_CMD_MSG);
		if (type == DLM_MSG_LOOKUP_REPLY)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, e->namelen, (unsigned int)strlen(name), "type %u", type);
		KUNIT_EXPECT_EQ(test, memcmp(e->name, name, e->namelen), 0);
	}
}

static void recovery(struct kunit *test)
{
	struct stories *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	struct c_world *c = test->priv;
	unsigned int i, numbered = 0;

	KUNIT_ASSERT_NOT_NULL(test, st);
	watch(test, st);
	r_stop_all(c->r);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	look_away(st);
	expect_same(test, st);
	for (i = 0; i < st->sent.n; i++) {
		const struct seen *e = &st->sent.ev[i];
		u32 type = le32_to_cpu(e->rc.type);

		KUNIT_EXPECT_TRUE(test, e->rcom);
		if (type == DLM_RCOM_STATUS || type == DLM_RCOM_STATUS_REPLY)
			KUNIT_EXPECT_EQ(test, e->seq, 0U);
		else
			numbered++;
	}
	KUNIT_EXPECT_GT(test, numbered, 0U);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(messages),
	KUNIT_CASE(recovery),
	{ }
};

static struct kunit_suite trace_suite = {
	.name = "dlm_trace",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);
