// SPDX-License-Identifier: GPL-2.0
/*
 * session.c over the in-memory link: what arrives, in which order, how often.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include "../dlm_lowcomms/peer.h"
#include "memlink.h"

/**
 * struct s_node - one end of a conversation
 * @comms: its transport
 * @nodeid: who it is
 * @sent: packets sent to the other, each carries its number
 * @got: packets received
 * @wrong: packets that were not the next
 * @nomem: so many calls of receive() fail from now on
 */
struct s_node {
	struct dlm_comms	*comms;
	int			nodeid;
	u32			sent;
	u32			got;
	u32			wrong;
	unsigned int		nomem;
};

struct s_world {
	struct memlink		*net;
	struct s_node		n[2];
};

static int s_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		     struct dlm_fx *fx)
{
	const struct dlm_w_msg *m = packet;
	struct s_node *n = priv;

	if (n->nomem) {
		n->nomem--;
		return -ENOMEM;
	}
	if (m->header.cmd != DLM_CMD_MSG)
		return 0;
	if (le32_to_cpu(m->lkid) != n->got)
		n->wrong++;
	n->got++;
	return 0;
}

static const struct dlm_comms_user s_user = {
	.receive = s_receive,
};

/* a recovery message that opens the conversation */
static void s_hello(struct s_world *w, int from, int to)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_RCOM,
						sizeof(struct dlm_w_rcom), GFP_KERNEL);
	struct dlm_w_rcom *rc = (void *)p->data;
	struct dlm_fx fx = { };

	rc->type = cpu_to_le32(DLM_RCOM_STATUS);
	dlm_comms_send(w->n[from].comms, w->n[to].nodeid, p, false, &fx);
	dlm_fx_flush(&fx);
}

static void s_send(struct s_world *w, int from, int to, unsigned int extra)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_MSG,
						sizeof(struct dlm_w_msg) + extra,
						GFP_KERNEL);
	struct dlm_w_msg *m = (void *)p->data;
	struct dlm_fx fx = { };

	m->lkid = cpu_to_le32(w->n[from].sent++);
	dlm_comms_send(w->n[from].comms, w->n[to].nodeid, p, true, &fx);
	dlm_fx_flush(&fx);
}

static int s_init(struct kunit *test)
{
	struct s_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int i;

	if (!w)
		return -ENOMEM;
	test->priv = w;
	w->net = memlink_create(1);
	for (i = 0; i < 2; i++) {
		w->n[i].nodeid = i + 1;
		w->n[i].comms = memlink_join(w->net, i + 1, &s_user, &w->n[i]);
		if (!w->n[i].comms)
			return -ENOMEM;
	}
	return 0;
}

static void s_exit(struct kunit *test)
{
	struct s_world *w = test->priv;

	if (w)
		memlink_destroy(w->net);
}

static void in_order(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	/* nothing with a number leaves before the other was heard */
	s_send(w, 0, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	s_hello(w, 0, 1);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	s_hello(w, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 1U);
	for (i = 0; i < 1000; i++) {
		s_send(w, 0, 1, i % 70);
		s_send(w, 1, 0, i % 50);
	}
	memlink_run(w->net);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, w->n[i].got, w->n[!i].sent);
		KUNIT_EXPECT_EQ(test, w->n[i].wrong, 0U);
	}
	KUNIT_EXPECT_TRUE(test, memlink_quiet(w->net));
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(in_order),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "dlm_stream",
	.init = s_init,
	.exit = s_exit,
	.test_cases = stream_cases,
};

kunit_test_suites(&stream_suite);

MODULE_LICENSE("GPL");
