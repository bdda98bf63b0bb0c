// SPDX-License-Identifier: GPL-2.0
/*
 * The two transports of loopback.h.
 */
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "loopback.h"

/* the next message to the other one */
void lo_send(struct lo_node *n, struct dlm_fx *fx)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_MSG, sizeof(struct dlm_w_msg),
						GFP_KERNEL);
	struct dlm_w_msg *m = (void *)p->data;

	m->lkid = cpu_to_le32(atomic_fetch_inc(&n->sent));
	dlm_comms_send(n->comms, 3 - n->nodeid, p, true, fx);
}

static int lo_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		      struct dlm_fx *fx)
{
	const struct dlm_w_msg *m = packet;
	struct lo_node *n = priv;

	if (n->nomem) {
		n->nomem--;
		return -ENOMEM;
	}
	if (m->header.cmd == DLM_CMD_RCOM) {
		complete(&n->heard);
		return 0;
	}
	if (le32_to_cpu(m->lkid) != n->got)
		n->wrong++;
	if (n->echo)
		lo_send(n, fx);
	if (++n->got == n->goal)
		complete(&n->done);
	return 0;
}

const struct dlm_comms_user lo_user = {
	.receive = lo_receive,
};

/* a recovery message: whoever gets it has heard of us */
void lo_hello(struct lo_node *n)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_RCOM, sizeof(struct dlm_w_rcom),
						GFP_KERNEL);
	struct dlm_w_rcom *rc = (void *)p->data;
	struct dlm_fx fx = { };

	rc->type = cpu_to_le32(DLM_RCOM_STATUS);
	dlm_comms_send(n->comms, 3 - n->nodeid, p, false, &fx);
	dlm_fx_flush(&fx);
}

/* where node @nodeid is; port 0 */
void lo_addr(struct sockaddr_storage *addr, int nodeid)
{
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK + nodeid - 1);
}

/* @n knows where node @nodeid is */
void lo_introduce(struct lo_node *n, int nodeid)
{
	struct sockaddr_storage addr;

	lo_addr(&addr, nodeid);
	dlm_comms_addr_add(n->comms, nodeid, &addr, nodeid == n->nodeid);
}

static void loopback_up(void)
{
	struct net_device *lo = init_net.loopback_dev;

	rtnl_lock();
	dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
}

/* false if that takes too long */
bool lo_wait(struct completion *c)
{
	return wait_for_completion_timeout(c, LO_DEADLINE);
}

/* node @i + 1 */
struct lo_node *lo_node(struct kunit *test, int i)
{
	struct lo_world *w = test->priv;

	return &w->n[i];
}

/* 0, or why the transport does not run */
int lo_start(struct lo_node *n, unsigned int protocol)
{
	struct dlm_comms_config config = {
		.protocol = protocol,
		.port = LO_PORT,
	};
	int err;

	err = dlm_comms_start(n->comms, n->nodeid, &config);
	return err ?: dlm_comms_member_add(n->comms, 3 - n->nodeid, &n->which);
}

/* of a suite: test->priv becomes a struct lo_world, whose nodes do not run yet */
int lo_init(struct kunit *test)
{
	struct lo_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct lo_node *n;
	int i;

	if (!w)
		return -ENOMEM;
	test->priv = w;
	loopback_up();
	for (i = 0; i < 2; i++) {
		n = &w->n[i];
		n->nodeid = i + 1;
		init_completion(&n->done);
		init_completion(&n->heard);
		n->comms = dlm_comms_create(&init_net, &lo_user, n, NULL);
		if (!n->comms)
			return -ENOMEM;
		lo_introduce(n, 1);
		lo_introduce(n, 2);
	}
	return 0;
}

/* of a suite */
void lo_exit(struct kunit *test)
{
	struct lo_world *w = test->priv;
	int i;

	for (i = 0; w && i < 2; i++) {
		if (w->n[i].comms)
			dlm_comms_destroy(w->n[i].comms);
	}
}

/* both nodes run and have heard each other */
void lo_meet(struct kunit *test, unsigned int protocol)
{
	int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, lo_start(lo_node(test, i), protocol), 0);
	for (i = 0; i < 2; i++)
		lo_hello(lo_node(test, i));
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, lo_wait(&lo_node(test, i)->heard));
}

/* both have got @goal messages, in order */
void lo_check(struct kunit *test, u32 goal)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct lo_node *n = lo_node(test, i);

		KUNIT_EXPECT_TRUE(test, lo_wait(&n->done));
		KUNIT_EXPECT_EQ(test, n->got, goal);
		KUNIT_EXPECT_EQ(test, n->wrong, 0U);
	}
}

/* before what is to be waited for is sent: it is waited for only once */
void lo_expect(struct kunit *test, u32 packets)
{
	lo_node(test, 0)->goal += packets;
	lo_node(test, 1)->goal += packets;
}

/* so many messages in each direction */
void lo_push(struct kunit *test, u32 packets)
{
	struct dlm_fx fx = { };
	u32 i;

	for (i = 0; i < packets; i++) {
		lo_send(lo_node(test, 0), &fx);
		lo_send(lo_node(test, 1), &fx);
		if (i % 7 == 0)
			dlm_fx_flush(&fx);
	}
	dlm_fx_flush(&fx);
}

/* the same, to be waited for */
void lo_traffic(struct kunit *test, u32 packets)
{
	lo_expect(test, packets);
	lo_push(test, packets);
}

/* what node @i + 1 knows of the other one, with a reference */
struct dlm_peer *lo_peer(struct kunit *test, int i)
{
	return dlm_peer_find(lo_node(test, i)->comms, 2 - i);
}
