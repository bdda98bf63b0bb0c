// SPDX-License-Identifier: GPL-2.0
/*
 * Transports over real sockets: two nodes on the loopback interface, at
 * 127.0.0.1 and 127.0.0.2.
 *
 * Results arrive in other threads; a deadline that passes is a failure.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/inet_connection_sock.h>
#include <net/net_namespace.h>
#include "../dlm_lowcomms/conn.h"

#define DEADLINE	(60 * HZ)
#define PORT		21064

/**
 * struct c_node - one node
 * @comms: its transport
 * @nodeid: who it is
 * @sent: messages sent to the other
 * @got: messages received
 * @wrong: messages that were not the next
 * @goal: @done is completed when so many were received
 * @plain: recovery messages received
 * @nomem: so many calls of receive() fail from now on
 * @echo: answers each message
 * @done: @goal was reached
 * @heard: a plain packet came
 */
struct c_node {
	struct dlm_comms	*comms;
	int			nodeid;
	atomic_t		sent;
	u32			got;
	u32			wrong;
	u32			goal;
	unsigned int		nomem;
	bool			echo;
	struct completion	done;
	struct completion	heard;
};

struct c_world {
	struct c_node	n[2];
};

static void c_send(struct c_node *n, struct dlm_fx *fx)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_MSG, sizeof(struct dlm_w_msg),
						GFP_KERNEL);
	struct dlm_w_msg *m = (void *)p->data;

	m->lkid = cpu_to_le32(atomic_fetch_inc(&n->sent));
	dlm_comms_send(n->comms, 3 - n->nodeid, p, true, fx);
}

static int c_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		     struct dlm_fx *fx)
{
	const struct dlm_w_msg *m = packet;
	struct c_node *n = priv;

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
		c_send(n, fx);
	if (++n->got == n->goal)
		complete(&n->done);
	return 0;
}

static const struct dlm_comms_user c_user = {
	.receive = c_receive,
};

static void c_hello(struct c_node *n)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_RCOM, sizeof(struct dlm_w_rcom),
						GFP_KERNEL);
	struct dlm_w_rcom *rc = (void *)p->data;
	struct dlm_fx fx = { };

	rc->type = cpu_to_le32(DLM_RCOM_STATUS);
	dlm_comms_send(n->comms, 3 - n->nodeid, p, false, &fx);
	dlm_fx_flush(&fx);
}

static void c_addr(struct sockaddr_storage *addr, int nodeid)
{
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK + nodeid - 1);
}

static void loopback_up(void)
{
	struct net_device *lo = init_net.loopback_dev;

	rtnl_lock();
	dev_change_flags(lo, lo->flags | IFF_UP, NULL);
	rtnl_unlock();
}

static bool c_wait(struct completion *c)
{
	return wait_for_completion_timeout(c, DEADLINE);
}

static struct c_node *c_node(struct kunit *test, int i)
{
	struct c_world *w = test->priv;

	return &w->n[i];
}

static int c_start(struct c_node *n, unsigned int protocol)
{
	struct dlm_comms_config config = {
		.protocol = protocol,
		.port = PORT,
	};
	int err;

	err = dlm_comms_start(n->comms, n->nodeid, &config);
	return err ?: dlm_comms_member_add(n->comms, 3 - n->nodeid);
}

static int c_init(struct kunit *test)
{
	struct c_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct sockaddr_storage addr;
	struct c_node *n;
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
		n->comms = dlm_comms_create(&init_net, &c_user, n, NULL);
		if (!n->comms)
			return -ENOMEM;
		c_addr(&addr, i + 1);
		dlm_comms_addr_add(n->comms, i + 1, &addr, true);
		c_addr(&addr, 2 - i);
		dlm_comms_addr_add(n->comms, 2 - i, &addr, false);
	}
	return 0;
}

static void c_exit(struct kunit *test)
{
	struct c_world *w = test->priv;
	int i;

	for (i = 0; w && i < 2; i++) {
		if (w->n[i].comms)
			dlm_comms_destroy(w->n[i].comms);
	}
}

/* both nodes run and have heard each other */
static void c_meet(struct kunit *test, unsigned int protocol)
{
	int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, c_start(c_node(test, i), protocol), 0);
	for (i = 0; i < 2; i++)
		c_hello(c_node(test, i));
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_TRUE(test, c_wait(&c_node(test, i)->heard));
}

static void c_check(struct kunit *test, u32 goal)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct c_node *n = c_node(test, i);

		KUNIT_EXPECT_TRUE(test, c_wait(&n->done));
		KUNIT_EXPECT_EQ(test, n->got, goal);
		KUNIT_EXPECT_EQ(test, n->wrong, 0U);
	}
}

/* before what is to be waited for is sent: it is waited for only once */
static void c_expect(struct kunit *test, u32 packets)
{
	c_node(test, 0)->goal += packets;
	c_node(test, 1)->goal += packets;
}

static void c_push(struct kunit *test, u32 packets)
{
	struct dlm_fx fx = { };
	u32 i;

	for (i = 0; i < packets; i++) {
		c_send(c_node(test, 0), &fx);
		c_send(c_node(test, 1), &fx);
		if (i % 7 == 0)
			dlm_fx_flush(&fx);
	}
	dlm_fx_flush(&fx);
}

static void c_traffic(struct kunit *test, u32 packets)
{
	c_expect(test, packets);
	c_push(test, packets);
}

static const unsigned int protocols[] = { DLM_PROTO_TCP, DLM_PROTO_SCTP };

static void protocol_desc(const unsigned int *protocol, char *desc)
{
	strscpy(desc, *protocol == DLM_PROTO_TCP ? "tcp" : "sctp", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(protocol, protocols, protocol_desc);

/* which one this case is for */
static unsigned int protocol_of(struct kunit *test)
{
	const unsigned int *protocol = test->param_value;

	if (*protocol == DLM_PROTO_SCTP && !IS_ENABLED(CONFIG_IP_SCTP))
		kunit_skip(test, "no SCTP in this kernel");
	return *protocol;
}

static void traffic(struct kunit *test)
{
	c_meet(test, protocol_of(test));
	c_traffic(test, 3000);
	c_check(test, 3000);
}

/* one of our addresses is not there: the others do, and without any there is no start */
static void sctp_lost_address(struct kunit *test)
{
	struct dlm_comms_config config = { .protocol = DLM_PROTO_SCTP, .port = PORT };
	struct dlm_comms *comms = c_node(test, 0)->comms, *none;
	struct sockaddr_storage ours, absent;

	if (!IS_ENABLED(CONFIG_IP_SCTP))
		kunit_skip(test, "no SCTP in this kernel");
	c_addr(&ours, 1);
	c_addr(&absent, 1);
	((struct sockaddr_in *)&absent)->sin_addr.s_addr = htonl(0xc0000201);
	dlm_comms_local_forget(comms);
	dlm_comms_addr_add(comms, 1, &absent, true);
	dlm_comms_addr_add(comms, 1, &ours, true);
	c_meet(test, DLM_PROTO_SCTP);
	c_traffic(test, 3000);
	c_check(test, 3000);

	none = dlm_comms_create(&init_net, &c_user, c_node(test, 0), NULL);
	KUNIT_ASSERT_NOT_NULL(test, none);
	dlm_comms_addr_add(none, 1, &absent, true);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(none, 1, &config), -EADDRNOTAVAIL);
	dlm_comms_destroy(none);
}

static struct dlm_peer *c_peer(struct kunit *test, int i)
{
	return dlm_peer_find(c_node(test, i)->comms, 2 - i);
}

/* connections are reset in the middle of traffic, by either side */
static void tcp_resets(struct kunit *test)
{
	int round, i;

	c_meet(test, DLM_PROTO_TCP);
	for (round = 0; round < 3; round++) {
		struct dlm_peer *peer = c_peer(test, round % 2);

		c_expect(test, 1000);
		c_push(test, 500);
		peer->comms->link->drop(peer, false);
		dlm_peer_put(peer);
		c_push(test, 500);
		for (i = 0; i < 2; i++)
			KUNIT_EXPECT_TRUE(test, c_wait(&c_node(test, i)->done));
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, c_node(test, i)->got, 3000U);
		KUNIT_EXPECT_EQ(test, c_node(test, i)->wrong, 0U);
	}
}

/*
 * A dead path is noticed in seconds, on connections that we made and on others; and none has
 * the lock class of programs' sockets.
 */
static void tcp_dead_path(struct kunit *test)
{
	unsigned int seen = 0;
	int i, k;

	c_meet(test, DLM_PROTO_TCP);
	for (i = 0; i < 2; i++) {
		struct dlm_peer *peer = c_peer(test, i);
		struct dlm_conn *conn[2];

		mutex_lock(&peer->lines.tx_mutex);
		conn[0] = peer->lines.main;
		conn[1] = peer->lines.other;
		for (k = 0; k < 2; k++) {
			if (!conn[k] || !conn[k]->sock)
				continue;
			seen++;
			KUNIT_EXPECT_EQ(test,
					inet_csk(conn[k]->sock->sk)->icsk_user_timeout,
					10000U);
			KUNIT_EXPECT_TRUE(test, conn[k]->sock->sk->sk_kern_sock);
		}
		mutex_unlock(&peer->lines.tx_mutex);
		dlm_peer_put(peer);
	}
	KUNIT_EXPECT_GE(test, seen, 2U);
}

/* no memory for packets now and then */
static void tcp_no_memory(struct kunit *test)
{
	c_meet(test, DLM_PROTO_TCP);
	c_node(test, 1)->nomem = 3;
	c_traffic(test, 100);
	c_check(test, 100);
	KUNIT_EXPECT_EQ(test, c_node(test, 1)->nomem, 0U);
}

/**
 * struct hook - a socket's operations, with one of ours
 * @ops: what the socket has
 * @real: what it had
 * @peer: who is at the other end
 * @calls: of sendmsg()
 */
struct hook {
	struct proto_ops	ops;
	const struct proto_ops	*real;
	struct dlm_peer		*peer;
	unsigned int		calls;
};

/* in the middle of a transmission somebody else has something to send, too */
static int hook_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct hook *h = container_of(READ_ONCE(sock->ops), struct hook, ops);
	int n = h->real->sendmsg(sock, msg, len);

	h->peer->comms->link->kick(h->peer);
	WRITE_ONCE(h->calls, h->calls + 1);
	return n;
}

/* put our operations on the main connection, or take them off */
static void hook_on(struct hook *h, bool on)
{
	struct dlm_lines *l = &h->peer->lines;

	mutex_lock(&l->tx_mutex);
	if (l->main) {
		h->real = on ? l->main->sock->ops : h->real;
		h->ops = *h->real;
		h->ops.sendmsg = hook_sendmsg;
		WRITE_ONCE(l->main->sock->ops, on ? &h->ops : h->real);
	}
	mutex_unlock(&l->tx_mutex);
}

/* who transmits looks after it, when he let go of the lock, at what others wished meanwhile */
static void tcp_wish(struct kunit *test)
{
	struct hook *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	unsigned long end = jiffies + DEADLINE;

	KUNIT_ASSERT_NOT_NULL(test, h);
	c_meet(test, DLM_PROTO_TCP);
	c_traffic(test, 100);
	c_check(test, 100);
	h->peer = dlm_peer_find(c_node(test, 0)->comms, 2);
	KUNIT_ASSERT_NOT_NULL(test, h->peer);
	hook_on(h, true);
	KUNIT_EXPECT_NOT_NULL(test, h->real);
	c_push(test, 1);
	while ((!READ_ONCE(h->calls) ||
		test_bit(DLM_LINES_AGAIN, &h->peer->lines.flags)) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_GT(test, h->calls, 0U);
	KUNIT_EXPECT_FALSE(test, test_bit(DLM_LINES_AGAIN, &h->peer->lines.flags));
	if (h->real)
		hook_on(h, false);
	dlm_peer_put(h->peer);
}

/* a connection whose packets the user has no memory for can be ended all the same */
static void tcp_hungry_end(struct kunit *test)
{
	struct c_node *n = c_node(test, 1);
	unsigned long end = jiffies + DEADLINE;
	struct dlm_peer *peer;

	c_meet(test, DLM_PROTO_TCP);
	n->nomem = UINT_MAX;
	c_push(test, 10);
	while (READ_ONCE(n->nomem) == UINT_MAX && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_NE(test, n->nomem, UINT_MAX);
	peer = c_peer(test, 1);
	dlm_comms_peer_forget(n->comms, 1);
	KUNIT_EXPECT_NULL(test, peer->lines.main);
	KUNIT_EXPECT_NULL(test, peer->lines.other);
	n->nomem = 0;
	dlm_peer_put(peer);
}

/* a socket of the test's own, connected from 127.0.0.@from to node @to; NULL if it cannot be */
static struct socket *c_connect(int from, int to, int protocol)
{
	struct sockaddr_storage addr;
	struct socket *sock;
	int err;

	if (sock_create_kern(&init_net, AF_INET, SOCK_STREAM, protocol, &sock))
		return NULL;
	sock->sk->sk_rcvtimeo = DEADLINE;
	c_addr(&addr, from);
	err = kernel_bind(sock, (struct sockaddr_unsized *)&addr, dlm_addr_len(&addr));
	c_addr(&addr, to);
	dlm_addr_set_port(&addr, PORT);
	err = err ?: kernel_connect(sock, (struct sockaddr_unsized *)&addr,
				    dlm_addr_len(&addr), 0);
	/* who is refused at once may be told so here already */
	if (!err || err == -ECONNRESET)
		return sock;
	sock_release(sock);
	return NULL;
}

/* the other side ends the connection; what it sent before is thrown away */
static bool c_ended(struct socket *sock)
{
	u8 buf[64];
	struct kvec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { };
	int n;

	do {
		n = kernel_recvmsg(sock, &msg, &iov, 1, sizeof(buf), 0);
	} while (n > 0);
	return n != -EAGAIN;
}

/* are all of these ended but @but? */
static bool c_all_ended(struct socket **sock, int n, int but)
{
	unsigned long end = jiffies + DEADLINE;
	struct msghdr msg = { };
	struct kvec iov;
	int i, left;
	u8 byte;

	do {
		schedule_timeout_uninterruptible(1);
		for (i = 0, left = 0; i < n; i++) {
			iov.iov_base = &byte;
			iov.iov_len = 1;
			left += kernel_recvmsg(sock[i], &msg, &iov, 1, 1,
					       MSG_DONTWAIT) == -EAGAIN;
		}
	} while (left > but && time_before(jiffies, end));
	return left <= but;
}

#define FLOOD	200

/*
 * Connections from a member's address that say nothing, or half a packet, or nonsense, and
 * never end: each new one replaces the one before, the real one goes on.
 */
static void tcp_half_open(struct kunit *test)
{
	static const u8 half[40] = { 2, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 40, 0, 3 };
	static const u8 wrong[16] = { 2, 0, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 3 };
	const struct kvec say[] = {
		{ (void *)half, sizeof(half) - 1 }, { }, { (void *)wrong, sizeof(wrong) },
	};
	struct c_node *n = c_node(test, 1);
	struct msghdr msg = { };
	struct dlm_peer *peer;
	struct socket **sock;
	struct kvec iov;
	int i;

	sock = kunit_kcalloc(test, FLOOD, sizeof(*sock), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sock);
	c_meet(test, DLM_PROTO_TCP);
	for (i = 0; i < FLOOD; i++) {
		sock[i] = c_connect(1, 2, IPPROTO_TCP);
		KUNIT_ASSERT_NOT_NULL(test, sock[i]);
		iov = say[i % 3];
		if (iov.iov_len)
			kernel_sendmsg(sock[i], &msg, &iov, 1, iov.iov_len);
	}
	c_traffic(test, 1000);
	c_check(test, 1000);
	/* all but two at most are ended by now, or will be; which two, nobody knows */
	KUNIT_EXPECT_TRUE(test, c_all_ended(sock, FLOOD, 2));
	peer = c_peer(test, 1);
	KUNIT_EXPECT_NOT_NULL(test, peer->lines.main);
	KUNIT_EXPECT_GE(test, atomic_long_read(&peer->lines.accepts) +
			atomic_long_read(&peer->lines.floods), (long)FLOOD);
	dlm_peer_put(peer);
	for (i = 0; i < FLOOD; i++)
		sock_release(sock[i]);
	KUNIT_EXPECT_EQ(test, n->wrong, 0U);
}

/* a connection of the test's own making to node 2, which has read a STATUS from it */
static struct socket *c_caller(struct kunit *test)
{
	struct dlm_w_rcom rc = {
		.header = {
			.version = cpu_to_le32(DLM_WIRE_3_2),
			.nodeid = cpu_to_le32(1),
			.length = cpu_to_le16(sizeof(rc)),
			.cmd = DLM_CMD_RCOM,
		},
		.type = cpu_to_le32(DLM_RCOM_STATUS),
	};
	struct kvec iov = { .iov_base = &rc, .iov_len = sizeof(rc) };
	struct c_node *n = c_node(test, 1);
	struct msghdr msg = { };
	struct socket *sock;

	reinit_completion(&n->heard);
	sock = c_connect(1, 2, IPPROTO_TCP);
	KUNIT_ASSERT_NOT_NULL(test, sock);
	kernel_sendmsg(sock, &msg, &iov, 1, sizeof(rc));
	KUNIT_EXPECT_TRUE(test, c_wait(&n->heard));
	return sock;
}

/* the same, and it is the one that node 2 sends on */
static struct socket *c_mute(struct kunit *test, struct dlm_peer *peer)
{
	struct socket *sock;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		bool up;

		sock = c_caller(test);
		mutex_lock(&peer->lines.tx_mutex);
		up = peer->lines.main && dlm_conn_ready(peer->lines.main);
		mutex_unlock(&peer->lines.tx_mutex);
		if (up)
			return sock;
		/* our own attempt to connect was in the way */
		sock_release(sock);
	}
	KUNIT_FAIL(test, "never got the main connection");
	return NULL;
}

/*
 * A peer that asks and never reads: nobody waits for it who need not, new requests would; and it
 * can be forgotten at any time.
 */
static void tcp_never_reads(struct kunit *test)
{
	struct c_node *n = c_node(test, 1);
	struct dlm_peer *peer = c_peer(test, 1);
	struct dlm_fx fx = { };
	struct socket *sock;
	int i;

	KUNIT_ASSERT_EQ(test, c_start(n, DLM_PROTO_TCP), 0);
	sock = c_mute(test, peer);
	for (i = 0; i < 50000; i++) {
		c_send(n, &fx);
		if (i % 10 == 0)
			dlm_fx_flush(&fx);
	}
	dlm_fx_flush(&fx);
	KUNIT_EXPECT_TRUE(test, dlm_comms_congested(n->comms, 1));
	KUNIT_EXPECT_EQ(test, peer->session.queued, 50000U);
	dlm_comms_peer_forget(n->comms, 1);
	KUNIT_EXPECT_EQ(test, peer->session.queued, 0U);
	KUNIT_EXPECT_FALSE(test, dlm_comms_congested(n->comms, 1));
	dlm_peer_put(peer);
	if (sock)
		sock_release(sock);
}

/* our connection ends: that of the peer is used, as a stock node might not look at a new one */
static void tcp_second_line(struct kunit *test)
{
	struct msghdr msg = { };
	struct dlm_peer *peer;
	struct dlm_conn *main;
	struct socket *sock;
	u8 byte;
	struct kvec iov = { .iov_base = &byte, .iov_len = 1 };

	c_meet(test, DLM_PROTO_TCP);
	c_traffic(test, 100);
	c_check(test, 100);
	peer = c_peer(test, 1);
	sock = c_caller(test);
	mutex_lock(&peer->lines.tx_mutex);
	main = peer->lines.main;
	KUNIT_ASSERT_NOT_NULL(test, main);
	KUNIT_EXPECT_NOT_NULL(test, peer->lines.other);
	dlm_conn_get(main);
	mutex_unlock(&peer->lines.tx_mutex);
	dlm_conn_kill_sync(main);
	dlm_conn_put(main);
	/* and when that ends, too, what was sent there goes again */
	c_expect(test, 100);
	c_push(test, 100);
	KUNIT_EXPECT_EQ(test, kernel_recvmsg(sock, &msg, &iov, 1, 1, MSG_WAITALL), 1);
	sock_release(sock);
	c_check(test, 200);
	dlm_peer_put(peer);
}

/* node 1 answers each message; who asks gets all answers */
static void tcp_echo(struct kunit *test)
{
	struct dlm_fx fx = { };
	int i;

	c_meet(test, DLM_PROTO_TCP);
	c_node(test, 1)->echo = true;
	c_node(test, 0)->goal = 2000;
	for (i = 0; i < 2000; i++) {
		c_send(c_node(test, 0), &fx);
		dlm_fx_flush(&fx);
	}
	KUNIT_EXPECT_TRUE(test, c_wait(&c_node(test, 0)->done));
	KUNIT_EXPECT_EQ(test, c_node(test, 0)->wrong, 0U);
	KUNIT_EXPECT_EQ(test, c_node(test, 1)->wrong, 0U);
}

/* a node leaves with a farewell, and comes back to begin with number 0 */
static void leave_and_return(struct kunit *test)
{
	unsigned int protocol = protocol_of(test);
	struct dlm_peer *peer;
	int round, i;

	for (round = 0; round < 2; round++) {
		c_meet(test, protocol);
		c_traffic(test, 100);
		c_check(test, 100);
		for (i = 0; i < 2; i++)
			dlm_comms_member_del(c_node(test, i)->comms, 2 - i);
		for (i = 0; i < 2; i++)
			dlm_comms_stop(c_node(test, i)->comms);
		for (i = 0; i < 2; i++) {
			struct c_node *n = c_node(test, i);

			peer = c_peer(test, i);
			KUNIT_EXPECT_EQ(test, (int)peer->session.state, (int)DLM_SS_CLOSED);
			KUNIT_EXPECT_NULL(test, peer->lines.main);
			KUNIT_EXPECT_NULL(test, peer->lines.other);
			dlm_peer_put(peer);
			atomic_set(&n->sent, 0);
			n->got = 0;
			n->goal = 0;
			reinit_completion(&n->done);
			reinit_completion(&n->heard);
		}
	}
}

/* packets that wait for a node that is not there yet arrive when it is */
static void late_start(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, c_start(c_node(test, 0), DLM_PROTO_TCP), 0);
	c_hello(c_node(test, 0));
	KUNIT_ASSERT_EQ(test, c_start(c_node(test, 1), DLM_PROTO_TCP), 0);
	KUNIT_EXPECT_TRUE(test, c_wait(&c_node(test, 1)->heard));
}

/* forgotten in the middle of traffic, or destroyed: see c_exit() */
static void forget_while_busy(struct kunit *test)
{
	c_meet(test, DLM_PROTO_TCP);
	c_traffic(test, 1000);
	dlm_comms_peer_forget(c_node(test, 0)->comms, 2);
	KUNIT_EXPECT_NULL(test, dlm_peer_find(c_node(test, 0)->comms, 2));
}

static void destroy_while_busy(struct kunit *test)
{
	c_meet(test, DLM_PROTO_TCP);
	c_traffic(test, 1000);
}

static void refusals(struct kunit *test)
{
	struct dlm_comms_config config = { .protocol = 2, .port = PORT };
	struct c_node *n = c_node(test, 0);
	struct dlm_comms *bare;

	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), -EPROTONOSUPPORT);
	KUNIT_EXPECT_FALSE(test, dlm_comms_running(n->comms));
	config.protocol = DLM_PROTO_TCP;
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 0, &config), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), 0);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), -EBUSY);
	bare = dlm_comms_create(&init_net, &c_user, n, NULL);
	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(bare, 1, &config), -ENOENT);
	dlm_comms_destroy(bare);
}

/* --- whoever else connects ------------------------------------------------ */

/* says something, and is told what recvmsg() tells */
static int c_say(struct socket *sock, u32 word)
{
	struct kvec iov = { .iov_base = &word, .iov_len = sizeof(word) };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };

	return kernel_sendmsg(sock, &msg, &iov, 1, sizeof(word));
}

/* an address that no node has: refused and counted, even if it says nothing */
static void strangers(struct kunit *test)
{
	unsigned int protocol = protocol_of(test);
	int kind = protocol == DLM_PROTO_TCP ? IPPROTO_TCP : IPPROTO_SCTP;
	struct socket *sock;
	int i;

	c_meet(test, protocol);
	for (i = 0; i < 5; i++) {
		sock = c_connect(9, 1, kind);
		/* it may be refused before connect() returns; that it was is counted */
		if (!sock)
			continue;
		KUNIT_EXPECT_TRUE(test, c_ended(sock));
		sock_release(sock);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c_node(test, 0)->comms->strangers), 5L);
	c_traffic(test, 100);
	c_check(test, 100);
}

/*
 * A closed socket may outlive the module for a while: what its callbacks are then must not be the
 * listening socket's, which TCP copies into those that it makes for connections.
 */
static void own_callbacks(struct kunit *test)
{
	struct dlm_conn *conn[2];
	struct dlm_peer *peer;
	struct socket *fresh;
	int i, j;

	c_meet(test, DLM_PROTO_TCP);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					       IPPROTO_TCP, &fresh), 0);
	for (i = 0; i < 2; i++) {
		peer = c_peer(test, i);
		mutex_lock(&peer->lines.tx_mutex);
		conn[0] = peer->lines.main;
		conn[1] = peer->lines.other;
		for (j = 0; j < 2; j++) {
			if (!conn[j])
				continue;
			KUNIT_EXPECT_PTR_EQ(test, conn[j]->orig_data_ready,
					    fresh->sk->sk_data_ready);
			KUNIT_EXPECT_PTR_EQ(test, conn[j]->orig_state_change,
					    fresh->sk->sk_state_change);
		}
		mutex_unlock(&peer->lines.tx_mutex);
		dlm_peer_put(peer);
	}
	sock_release(fresh);
}

/* has the last connection of a flood been read from, or refused? */
static bool c_taken(struct dlm_peer *peer, const struct dlm_conn *before, long floods)
{
	struct dlm_lines *l = &peer->lines;
	bool taken;

	if (atomic_long_read(&l->floods) != floods)
		return true;
	spin_lock(&l->lock);
	/* only grows meanwhile: its work waits for rx_mutex */
	taken = l->other && l->other != before && data_race(l->other->stream.len);
	spin_unlock(&l->lock);
	return taken;
}

/*
 * More and more connections of one peer, none of which can be closed at the moment: they
 * end at a limit, and the conversation goes on.
 */
static void flood(struct kunit *test)
{
	struct socket *sock[16] = { };
	struct dlm_conn *before;
	unsigned long end = jiffies + DEADLINE;
	struct dlm_peer *peer;
	long floods;
	int i;

	c_meet(test, DLM_PROTO_TCP);
	peer = c_peer(test, 0);
	KUNIT_ASSERT_NOT_NULL(test, peer);
	/* what was read cannot be handled, nor can the connection be closed before */
	mutex_lock(&peer->rx_mutex);
	for (i = 0; i < ARRAY_SIZE(sock); i++) {
		before = READ_ONCE(peer->lines.other);
		floods = atomic_long_read(&peer->lines.floods);
		sock[i] = c_connect(2, 1, IPPROTO_TCP);
		if (!sock[i])
			break;
		c_say(sock[i], 0x00030002);
		while (!c_taken(peer, before, floods) && time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_EQ(test, i, (int)ARRAY_SIZE(sock));
	KUNIT_EXPECT_LE(test, atomic_read(&peer->lines.conns), 8);
	KUNIT_EXPECT_GT(test, atomic_long_read(&peer->lines.floods), 0L);
	mutex_unlock(&peer->rx_mutex);
	c_traffic(test, 1000);
	c_check(test, 1000);
	for (i = 0; i < ARRAY_SIZE(sock); i++) {
		if (sock[i])
			sock_release(sock[i]);
	}
	dlm_peer_put(peer);
}

static struct kunit_case comms_cases[] = {
	KUNIT_CASE_PARAM(traffic, protocol_gen_params),
	KUNIT_CASE(tcp_resets),
	KUNIT_CASE(tcp_dead_path),
	KUNIT_CASE(tcp_no_memory),
	KUNIT_CASE(tcp_echo),
	KUNIT_CASE(tcp_hungry_end),
	KUNIT_CASE(tcp_wish),
	KUNIT_CASE(tcp_half_open),
	KUNIT_CASE(tcp_never_reads),
	KUNIT_CASE(tcp_second_line),
	KUNIT_CASE(sctp_lost_address),
	KUNIT_CASE_PARAM(leave_and_return, protocol_gen_params),
	KUNIT_CASE(late_start),
	KUNIT_CASE(forget_while_busy),
	KUNIT_CASE(destroy_while_busy),
	KUNIT_CASE(refusals),
	KUNIT_CASE_PARAM(strangers, protocol_gen_params),
	KUNIT_CASE(own_callbacks),
	KUNIT_CASE(flood),
	{}
};

static struct kunit_suite comms_suite = {
	.name = "dlm_comms",
	.init = c_init,
	.exit = c_exit,
	.test_cases = comms_cases,
};

kunit_test_suites(&comms_suite);

MODULE_LICENSE("GPL");
