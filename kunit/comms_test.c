// SPDX-License-Identifier: GPL-2.0
/*
 * Transports over real sockets.
 */
#include <linux/in.h>
#include <linux/slab.h>
#include <net/inet_connection_sock.h>
#include <net/net_namespace.h>
#include "loopback.h"

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
	lo_meet(test, protocol_of(test));
	lo_traffic(test, 3000);
	lo_check(test, 3000);
}

/* one of our addresses is not there: the others do, and without any there is no start */
static void sctp_lost_address(struct kunit *test)
{
	struct dlm_comms_config config = { .protocol = DLM_PROTO_SCTP, .port = LO_PORT };
	struct dlm_comms *comms = lo_node(test, 0)->comms, *none;
	struct sockaddr_storage ours, absent;

	if (!IS_ENABLED(CONFIG_IP_SCTP))
		kunit_skip(test, "no SCTP in this kernel");
	lo_addr(&ours, 1);
	lo_addr(&absent, 1);
	((struct sockaddr_in *)&absent)->sin_addr.s_addr = htonl(0xc0000201);
	dlm_comms_local_forget(comms);
	dlm_comms_addr_add(comms, 1, &absent, true);
	dlm_comms_addr_add(comms, 1, &ours, true);
	lo_meet(test, DLM_PROTO_SCTP);
	lo_traffic(test, 3000);
	lo_check(test, 3000);

	none = dlm_comms_create(&init_net, &lo_user, lo_node(test, 0), NULL);
	KUNIT_ASSERT_NOT_NULL(test, none);
	dlm_comms_addr_add(none, 1, &absent, true);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(none, 1, &config), -EADDRNOTAVAIL);
	dlm_comms_destroy(none);
}

/* connections are reset in the middle of traffic, by either side */
static void tcp_resets(struct kunit *test)
{
	int round, i;

	lo_meet(test, DLM_PROTO_TCP);
	for (round = 0; round < 3; round++) {
		struct dlm_peer *peer = lo_peer(test, round % 2);

		lo_expect(test, 1000);
		lo_push(test, 500);
		peer->comms->link->drop(peer, false);
		dlm_peer_put(peer);
		lo_push(test, 500);
		for (i = 0; i < 2; i++)
			KUNIT_EXPECT_TRUE(test, lo_wait(&lo_node(test, i)->done));
	}
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, lo_node(test, i)->got, 3000U);
		KUNIT_EXPECT_EQ(test, lo_node(test, i)->wrong, 0U);
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

	lo_meet(test, DLM_PROTO_TCP);
	for (i = 0; i < 2; i++) {
		struct dlm_peer *peer = lo_peer(test, i);
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
	lo_meet(test, DLM_PROTO_TCP);
	lo_node(test, 1)->nomem = 3;
	lo_traffic(test, 100);
	lo_check(test, 100);
	KUNIT_EXPECT_EQ(test, lo_node(test, 1)->nomem, 0U);
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
	unsigned long end = jiffies + LO_DEADLINE;

	KUNIT_ASSERT_NOT_NULL(test, h);
	lo_meet(test, DLM_PROTO_TCP);
	lo_traffic(test, 100);
	lo_check(test, 100);
	h->peer = dlm_peer_find(lo_node(test, 0)->comms, 2);
	KUNIT_ASSERT_NOT_NULL(test, h->peer);
	hook_on(h, true);
	KUNIT_EXPECT_NOT_NULL(test, h->real);
	lo_push(test, 1);
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
	struct lo_node *n = lo_node(test, 1);
	unsigned long end = jiffies + LO_DEADLINE;
	struct dlm_peer *peer;

	lo_meet(test, DLM_PROTO_TCP);
	n->nomem = UINT_MAX;
	lo_push(test, 10);
	while (READ_ONCE(n->nomem) == UINT_MAX && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_NE(test, n->nomem, UINT_MAX);
	peer = lo_peer(test, 1);
	dlm_comms_peer_forget(n->comms, 1);
	KUNIT_EXPECT_NULL(test, peer->lines.main);
	KUNIT_EXPECT_NULL(test, peer->lines.other);
	n->nomem = 0;
	dlm_peer_put(peer);
}

/* a socket of the test's own, connected from 127.0.0.@from to node @to; NULL if it cannot be */
static struct socket *lo_connect(int from, int to, int protocol)
{
	struct sockaddr_storage addr;
	struct socket *sock;
	int err;

	if (sock_create_kern(&init_net, AF_INET, SOCK_STREAM, protocol, &sock))
		return NULL;
	sock->sk->sk_rcvtimeo = LO_DEADLINE;
	lo_addr(&addr, from);
	err = kernel_bind(sock, (struct sockaddr_unsized *)&addr, dlm_addr_len(&addr));
	lo_addr(&addr, to);
	dlm_addr_set_port(&addr, LO_PORT);
	err = err ?: kernel_connect(sock, (struct sockaddr_unsized *)&addr,
				    dlm_addr_len(&addr), 0);
	/* who is refused at once may be told so here already */
	if (!err || err == -ECONNRESET)
		return sock;
	sock_release(sock);
	return NULL;
}

/* the other side ends the connection; what it sent before is thrown away */
static bool lo_ended(struct socket *sock)
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
static bool lo_all_ended(struct socket **sock, int n, int but)
{
	unsigned long end = jiffies + LO_DEADLINE;
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
	struct lo_node *n = lo_node(test, 1);
	struct msghdr msg = { };
	struct dlm_peer *peer;
	struct socket **sock;
	struct kvec iov;
	int i;

	sock = kunit_kcalloc(test, FLOOD, sizeof(*sock), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sock);
	lo_meet(test, DLM_PROTO_TCP);
	for (i = 0; i < FLOOD; i++) {
		sock[i] = lo_connect(1, 2, IPPROTO_TCP);
		KUNIT_ASSERT_NOT_NULL(test, sock[i]);
		iov = say[i % 3];
		if (iov.iov_len)
			kernel_sendmsg(sock[i], &msg, &iov, 1, iov.iov_len);
	}
	lo_traffic(test, 1000);
	lo_check(test, 1000);
	/* all but two at most are ended by now, or will be; which two, nobody knows */
	KUNIT_EXPECT_TRUE(test, lo_all_ended(sock, FLOOD, 2));
	peer = lo_peer(test, 1);
	KUNIT_EXPECT_NOT_NULL(test, peer->lines.main);
	KUNIT_EXPECT_GE(test, atomic_long_read(&peer->lines.accepts) +
			atomic_long_read(&peer->lines.floods), (long)FLOOD);
	dlm_peer_put(peer);
	for (i = 0; i < FLOOD; i++)
		sock_release(sock[i]);
	KUNIT_EXPECT_EQ(test, n->wrong, 0U);
}

/* a connection of the test's own making to node 2, which has read a STATUS from it */
static struct socket *lo_caller(struct kunit *test)
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
	struct lo_node *n = lo_node(test, 1);
	struct msghdr msg = { };
	struct socket *sock;

	reinit_completion(&n->heard);
	sock = lo_connect(1, 2, IPPROTO_TCP);
	KUNIT_ASSERT_NOT_NULL(test, sock);
	kernel_sendmsg(sock, &msg, &iov, 1, sizeof(rc));
	KUNIT_EXPECT_TRUE(test, lo_wait(&n->heard));
	return sock;
}

/* the same, and it is the one that node 2 sends on */
static struct socket *lo_mute(struct kunit *test, struct dlm_peer *peer)
{
	struct socket *sock;
	int tries;

	for (tries = 0; tries < 100; tries++) {
		bool up;

		sock = lo_caller(test);
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
	struct lo_node *n = lo_node(test, 1);
	struct dlm_peer *peer = lo_peer(test, 1);
	struct dlm_fx fx = { };
	struct socket *sock;
	int i;

	KUNIT_ASSERT_EQ(test, lo_start(n, DLM_PROTO_TCP), 0);
	sock = lo_mute(test, peer);
	for (i = 0; i < 50000; i++) {
		lo_send(n, &fx);
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

	lo_meet(test, DLM_PROTO_TCP);
	lo_traffic(test, 100);
	lo_check(test, 100);
	peer = lo_peer(test, 1);
	sock = lo_caller(test);
	mutex_lock(&peer->lines.tx_mutex);
	main = peer->lines.main;
	KUNIT_ASSERT_NOT_NULL(test, main);
	KUNIT_EXPECT_NOT_NULL(test, peer->lines.other);
	dlm_conn_get(main);
	mutex_unlock(&peer->lines.tx_mutex);
	dlm_conn_kill_sync(main);
	dlm_conn_put(main);
	/* and when that ends, too, what was sent there goes again */
	lo_expect(test, 100);
	lo_push(test, 100);
	KUNIT_EXPECT_EQ(test, kernel_recvmsg(sock, &msg, &iov, 1, 1, MSG_WAITALL), 1);
	sock_release(sock);
	lo_check(test, 200);
	dlm_peer_put(peer);
}

/* attempts to connect go to one address after the other, beginning with the first */
static void targets(struct kunit *test)
{
	static const struct dlm_addrs addrs = { .n = 3 };
	unsigned int attempt;

	for (attempt = 1; attempt < 9; attempt++) {
		KUNIT_EXPECT_EQ(test, dlm_tcp.target(&addrs, attempt), 0U);
		KUNIT_EXPECT_EQ(test, dlm_sctp.target(&addrs, attempt), (attempt - 1) % 3);
	}
}

/* node 1 answers each message; who asks gets all answers */
static void tcp_echo(struct kunit *test)
{
	struct dlm_fx fx = { };
	int i;

	lo_meet(test, DLM_PROTO_TCP);
	lo_node(test, 1)->echo = true;
	lo_node(test, 0)->goal = 2000;
	for (i = 0; i < 2000; i++) {
		lo_send(lo_node(test, 0), &fx);
		dlm_fx_flush(&fx);
	}
	KUNIT_EXPECT_TRUE(test, lo_wait(&lo_node(test, 0)->done));
	KUNIT_EXPECT_EQ(test, lo_node(test, 0)->wrong, 0U);
	KUNIT_EXPECT_EQ(test, lo_node(test, 1)->wrong, 0U);
}

/* a node leaves with a farewell, and comes back to begin with number 0 */
static void leave_and_return(struct kunit *test)
{
	unsigned int protocol = protocol_of(test);
	struct dlm_peer *peer;
	int round, i;

	for (round = 0; round < 2; round++) {
		lo_meet(test, protocol);
		lo_traffic(test, 100);
		lo_check(test, 100);
		for (i = 0; i < 2; i++)
			dlm_comms_member_del(lo_node(test, i)->comms, 2 - i,
					     lo_node(test, i)->which);
		for (i = 0; i < 2; i++)
			dlm_comms_stop(lo_node(test, i)->comms);
		for (i = 0; i < 2; i++) {
			struct lo_node *n = lo_node(test, i);

			peer = lo_peer(test, i);
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
	KUNIT_ASSERT_EQ(test, lo_start(lo_node(test, 0), DLM_PROTO_TCP), 0);
	lo_hello(lo_node(test, 0));
	KUNIT_ASSERT_EQ(test, lo_start(lo_node(test, 1), DLM_PROTO_TCP), 0);
	KUNIT_EXPECT_TRUE(test, lo_wait(&lo_node(test, 1)->heard));
}

/**
 * struct lo_late - who still has a connection while its peer is forgotten
 * @work: lets go of it
 * @conn: the connection
 * @end: jiffies
 * @done: it was let go of
 */
struct lo_late {
	struct work_struct	work;
	struct dlm_conn		*conn;
	unsigned long		end;
	bool			done;
};

static void lo_let_go(struct work_struct *work)
{
	struct lo_late *late = container_of(work, struct lo_late, work);

	while (!READ_ONCE(late->conn->peer->gone) && time_before(jiffies, late->end))
		schedule_timeout_uninterruptible(1);
	/* time for who does not wait for this */
	schedule_timeout_uninterruptible(HZ / 10);
	WRITE_ONCE(late->done, true);
	dlm_conn_put(late->conn);
}

/* who is forgotten has no connection any more, not even one that another has replaced */
static void forget_replaced(struct kunit *test)
{
	struct lo_late late = { .end = jiffies + LO_DEADLINE };
	struct dlm_peer *peer;
	struct socket *sock[2];

	lo_meet(test, DLM_PROTO_TCP);
	peer = lo_peer(test, 1);
	sock[0] = lo_caller(test);
	spin_lock(&peer->lines.lock);
	late.conn = peer->lines.other;
	if (late.conn)
		dlm_conn_get(late.conn);
	spin_unlock(&peer->lines.lock);
	KUNIT_ASSERT_NOT_NULL(test, late.conn);
	sock[1] = lo_connect(1, 2, IPPROTO_TCP);
	while (READ_ONCE(peer->lines.other) == late.conn && time_before(jiffies, late.end))
		schedule_timeout_uninterruptible(1);
	KUNIT_EXPECT_PTR_NE(test, READ_ONCE(peer->lines.other), late.conn);
	INIT_WORK_ONSTACK(&late.work, lo_let_go);
	schedule_work(&late.work);
	dlm_comms_peer_forget(lo_node(test, 1)->comms, 1);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(late.done));
	flush_work(&late.work);
	destroy_work_on_stack(&late.work);
	sock_release(sock[0]);
	if (sock[1])
		sock_release(sock[1]);
	dlm_peer_put(peer);
}

/* forgotten in the middle of traffic, or destroyed: see lo_exit() */
static void forget_while_busy(struct kunit *test)
{
	lo_meet(test, DLM_PROTO_TCP);
	lo_traffic(test, 1000);
	dlm_comms_peer_forget(lo_node(test, 0)->comms, 2);
	KUNIT_EXPECT_NULL(test, dlm_peer_find(lo_node(test, 0)->comms, 2));
}

static void destroy_while_busy(struct kunit *test)
{
	lo_meet(test, DLM_PROTO_TCP);
	lo_traffic(test, 1000);
}

static void refusals(struct kunit *test)
{
	struct dlm_comms_config config = { .protocol = 2, .port = LO_PORT };
	struct lo_node *n = lo_node(test, 0);
	struct dlm_comms *bare;

	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), -EPROTONOSUPPORT);
	KUNIT_EXPECT_FALSE(test, dlm_comms_running(n->comms));
	config.protocol = DLM_PROTO_TCP;
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 0, &config), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), 0);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(n->comms, 1, &config), -EBUSY);
	bare = dlm_comms_create(&init_net, &lo_user, n, NULL);
	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, dlm_comms_start(bare, 1, &config), -ENOENT);
	dlm_comms_destroy(bare);
}

/* --- whoever else connects ------------------------------------------------ */

/* says something, and is told what recvmsg() tells */
static int lo_say(struct socket *sock, u32 word)
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

	lo_meet(test, protocol);
	for (i = 0; i < 5; i++) {
		sock = lo_connect(9, 1, kind);
		/* it may be refused before connect() returns; that it was is counted */
		if (!sock)
			continue;
		KUNIT_EXPECT_TRUE(test, lo_ended(sock));
		sock_release(sock);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&lo_node(test, 0)->comms->strangers), 5L);
	lo_traffic(test, 100);
	lo_check(test, 100);
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

	lo_meet(test, DLM_PROTO_TCP);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					       IPPROTO_TCP, &fresh), 0);
	for (i = 0; i < 2; i++) {
		peer = lo_peer(test, i);
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
static bool lo_taken(struct dlm_peer *peer, const struct dlm_conn *before, long floods)
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
	unsigned long end = jiffies + LO_DEADLINE;
	struct dlm_peer *peer;
	long floods;
	int i;

	lo_meet(test, DLM_PROTO_TCP);
	peer = lo_peer(test, 0);
	KUNIT_ASSERT_NOT_NULL(test, peer);
	/* what was read cannot be handled, nor can the connection be closed before */
	mutex_lock(&peer->rx_mutex);
	for (i = 0; i < ARRAY_SIZE(sock); i++) {
		before = READ_ONCE(peer->lines.other);
		floods = atomic_long_read(&peer->lines.floods);
		sock[i] = lo_connect(2, 1, IPPROTO_TCP);
		if (!sock[i])
			break;
		lo_say(sock[i], 0x00030002);
		while (!lo_taken(peer, before, floods) && time_before(jiffies, end))
			schedule_timeout_uninterruptible(1);
	}
	KUNIT_EXPECT_EQ(test, i, (int)ARRAY_SIZE(sock));
	KUNIT_EXPECT_LE(test, atomic_read(&peer->lines.conns), 8);
	KUNIT_EXPECT_GT(test, atomic_long_read(&peer->lines.floods), 0L);
	mutex_unlock(&peer->rx_mutex);
	lo_traffic(test, 1000);
	lo_check(test, 1000);
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
	KUNIT_CASE(targets),
	KUNIT_CASE_PARAM(leave_and_return, protocol_gen_params),
	KUNIT_CASE(late_start),
	KUNIT_CASE(forget_while_busy),
	KUNIT_CASE(forget_replaced),
	KUNIT_CASE(destroy_while_busy),
	KUNIT_CASE(refusals),
	KUNIT_CASE_PARAM(strangers, protocol_gen_params),
	KUNIT_CASE(own_callbacks),
	KUNIT_CASE(flood),
	{}
};

static struct kunit_suite comms_suite = {
	.name = "dlm_comms",
	.init = lo_init,
	.exit = lo_exit,
	.test_cases = comms_cases,
};

kunit_test_suites(&comms_suite);

MODULE_LICENSE("GPL");
