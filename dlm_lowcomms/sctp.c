// SPDX-License-Identifier: GPL-2.0
/*
 * SCTP: all addresses of each node are used; when a path fails the kernel's SCTP
 * takes another (wire.md 2.1, 2.4).  Nothing here needs sctp.ko to be there:
 * without it a socket cannot be made, and that is all.
 */
#include <linux/in.h>
#include <linux/ratelimit.h>
#include <linux/sctp.h>
#include "conn.h"

/* many small packets of many nodes come at once */
#define RECEIVE_BUFFER	(4 * 1024 * 1024)

static void sctp_tune(struct sock *sk)
{
	int on = 1;

	sk->sk_prot->setsockopt(sk, SOL_SCTP, SCTP_NODELAY, KERNEL_SOCKPTR(&on),
				sizeof(on));
	sock_set_rcvbuf(sk, RECEIVE_BUFFER);
}

/* an interface that failed may have lost its address: the others will do */
static int sctp_bind(struct socket *sock, const struct dlm_addrs *local, u16 port)
{
	struct sockaddr_storage addr;
	unsigned int i, bound = 0;
	int err = 0;

	for (i = 0; i < local->n; i++) {
		addr = local->a[i];
		dlm_addr_set_port(&addr, port);
		if (!bound)
			err = kernel_bind(sock, (struct sockaddr_unsized *)&addr,
					  dlm_addr_len(&addr));
		else
			err = sock_bind_add(sock->sk, (struct sockaddr_unsized *)&addr,
					    dlm_addr_len(&addr));
		if (!err)
			bound++;
		else if (err == -EADDRNOTAVAIL)
			pr_warn_ratelimited("dlm: SCTP goes without %pISc, which this machine does not have\n",
					    &addr);
		else
			return err;
	}
	return bound ? 0 : err;
}

static unsigned int sctp_target(const struct dlm_addrs *addrs, unsigned int attempt)
{
	return (attempt - 1) % addrs->n;
}

const struct dlm_proto dlm_sctp = {
	.name		= "SCTP",
	.protocol	= IPPROTO_SCTP,
	/* whoever ends an association first is not told of its end */
	.shutdown	= SHUT_RDWR,
	.tune		= sctp_tune,
	.bind		= sctp_bind,
	.target		= sctp_target,
};
