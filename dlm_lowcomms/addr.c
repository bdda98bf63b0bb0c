// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses of nodes: a peer is whoever has one of its addresses (wire.md 2.2).
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>
#include "conn.h"

/**
 * dlm_addr_set_port - fill in a port
 * @addr: IPv4 or IPv6 address
 * @port: host byte order
 */
void dlm_addr_set_port(struct sockaddr_storage *addr, u16 port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)addr)->sin_port = htons(port);
}

/**
 * dlm_addr_len - bytes of an address
 * @addr: IPv4 or IPv6 address
 *
 * Return: what socket calls want.
 */
int dlm_addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

/* scope ids and ports do not count */
static bool same_addr(const struct sockaddr_storage *a,
		      const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr);
	return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

static bool has_addr(const struct dlm_addrs *addrs,
		     const struct sockaddr_storage *addr)
{
	unsigned int i;

	for (i = 0; i < addrs->n; i++) {
		if (same_addr(&addrs->a[i], addr))
			return true;
	}
	return false;
}

/**
 * dlm_addr_owner - who has this address?
 * @comms: our side
 * @addr: where a connection came from
 *
 * Context: any but interrupts.
 * Return: peer with a reference for the caller, or NULL.
 */
struct dlm_peer *dlm_addr_owner(struct dlm_comms *comms,
				const struct sockaddr_storage *addr)
{
	unsigned long index = 0;
	struct dlm_peer *peer;
	bool found;

	while ((peer = dlm_peer_next(comms, &index))) {
		spin_lock(&comms->addr_lock);
		found = has_addr(&peer->addrs, addr);
		spin_unlock(&comms->addr_lock);
		if (found)
			break;
		dlm_peer_put(peer);
	}
	return peer;
}

/**
 * dlm_comms_local - copy our own addresses
 * @comms: our side
 * @addrs: where to
 */
void dlm_comms_local(struct dlm_comms *comms, struct dlm_addrs *addrs)
{
	spin_lock(&comms->addr_lock);
	*addrs = comms->local;
	spin_unlock(&comms->addr_lock);
}

/**
 * dlm_peer_mark - SO_MARK of connections to a peer
 * @peer: the peer
 *
 * Return: its own mark, or that of the cluster, 0 for none.
 */
u32 dlm_peer_mark(struct dlm_peer *peer)
{
	struct dlm_comms *comms = peer->comms;
	u32 mark;

	spin_lock(&comms->addr_lock);
	mark = peer->mark ?: comms->config.mark;
	spin_unlock(&comms->addr_lock);
	return mark;
}
