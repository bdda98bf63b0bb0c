// SPDX-License-Identifier: GPL-2.0
/*
 * TCP: one address of each node is used (wire.md 2.1, 2.4).
 */
#include <linux/in.h>
#include <linux/tcp.h>
#include "conn.h"

/*
 * Milliseconds that the other side may leave bytes unacknowledged, or its window shut.  TCP
 * doubles its pauses up to two minutes: after a partition of that length nothing would move for
 * as long again.  So the connection is dropped; the session repeats on the next one, and
 * an attempt to connect lasts ten seconds at most.
 */
#define DEAD_PATH	10000

static void tcp_tune(struct sock *sk)
{
	tcp_sock_set_nodelay(sk);
	tcp_sock_set_user_timeout(sk, DEAD_PATH);
}

/* peers know us by our first address */
static int tcp_bind(struct socket *sock, const struct dlm_addrs *local, u16 port)
{
	struct sockaddr_storage addr = local->a[0];

	dlm_addr_set_port(&addr, port);
	return kernel_bind(sock, (struct sockaddr_unsized *)&addr,
			   dlm_addr_len(&addr));
}

static unsigned int tcp_target(const struct dlm_addrs *addrs, unsigned int attempt)
{
	return 0;
}

const struct dlm_proto dlm_tcp = {
	.name		= "TCP",
	.protocol	= IPPROTO_TCP,
	.shutdown	= SHUT_WR,
	.tune		= tcp_tune,
	.bind		= tcp_bind,
	.target		= tcp_target,
};
