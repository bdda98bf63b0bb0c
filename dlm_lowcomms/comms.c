// SPDX-License-Identifier: GPL-2.0
/*
 * The transport of one node: what the core calls (include/dlm/transport.h).
 *
 * A peer exists from the first address or membership that is told about it
 * until it is forgotten.  Whatever waits for a peer (room in its queue, the end of a
 * conversation) is woken when the peer or the transport goes.
 */
#include <linux/netdevice.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "peer.h"

/* how long the last lockspace waits for the farewells of the others (wire.md 8.7) */
#define FAREWELL	(5 * HZ)

/**
 * dlm_comms_create - make a transport
 * @net: namespace for sockets; may be NULL if @link needs none
 * @user: who receives
 * @priv: passed to @user
 * @link: what carries the bytes; NULL for sockets
 *
 * Context: may sleep.
 * Return: the transport, not started, or NULL without memory.
 */
struct dlm_comms *dlm_comms_create(struct net *net,
				   const struct dlm_comms_user *user, void *priv,
				   const struct dlm_link_ops *link)
{
	struct dlm_comms *comms;

	comms = kzalloc(sizeof(*comms), GFP_KERNEL);
	if (!comms)
		return NULL;
	kref_init(&comms->ref);
	comms->net = net;
	comms->user = user;
	comms->priv = priv;
	comms->link = link ?: &dlm_socket_link;
	if (!link) {
		comms->wq = alloc_workqueue("dlm_comms", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
		if (!comms->wq) {
			kfree(comms);
			return NULL;
		}
	}
	mutex_init(&comms->mutex);
	xa_init(&comms->peers);
	spin_lock_init(&comms->addr_lock);
	init_waitqueue_head(&comms->wait);
	return comms;
}

/**
 * dlm_comms_get - take a reference
 * @comms: transport that the caller knows to exist
 */
void dlm_comms_get(struct dlm_comms *comms)
{
	kref_get(&comms->ref);
}

static void comms_free(struct kref *ref)
{
	struct dlm_comms *comms = container_of(ref, struct dlm_comms, ref);

	xa_destroy(&comms->peers);
	kfree(comms);
}

/**
 * dlm_comms_put - drop a reference
 * @comms: the transport
 *
 * Context: any but interrupts.
 */
void dlm_comms_put(struct dlm_comms *comms)
{
	kref_put(&comms->ref, comms_free);
}

/**
 * dlm_comms_peer_forget - a node is no longer part of the cluster
 * @comms: our side
 * @nodeid: who; unknown ones are ignored
 *
 * Connections are reset, queues dropped, waiters woken; a node of this
 * id that comes later is a new one.
 *
 * Context: sleeps until nothing of this peer is being received.
 */
void dlm_comms_peer_forget(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer = xa_erase(&comms->peers, nodeid);

	if (!peer)
		return;
	WRITE_ONCE(peer->gone, true);
	comms->link->drop(peer, true);
	dlm_session_reset(&peer->session);
	wake_up_all(&comms->wait);
	dlm_peer_put(peer);
}

/**
 * dlm_comms_destroy - end a transport, without farewell
 * @comms: the caller's reference is gone afterwards
 *
 * Who waits in dlm_comms_stop() or dlm_comms_wait_room() is woken first.
 *
 * Context: sleeps, not for long.
 */
void dlm_comms_destroy(struct dlm_comms *comms)
{
	unsigned long index = 0;
	struct dlm_peer *peer;

	WRITE_ONCE(comms->dead, true);
	wake_up_all(&comms->wait);
	mutex_lock(&comms->mutex);
	if (comms->running) {
		WRITE_ONCE(comms->running, false);
		comms->link->stop(comms, false);
	}
	mutex_unlock(&comms->mutex);
	while ((peer = dlm_peer_next(comms, &index))) {
		dlm_comms_peer_forget(comms, peer->nodeid);
		dlm_peer_put(peer);
	}
	/* peers that somebody still has queue no work any more */
	if (comms->wq) {
		destroy_workqueue(comms->wq);
		/* callbacks of sockets that were ours a moment ago */
		synchronize_net();
	}
	dlm_comms_put(comms);
}

static int add_addr(struct dlm_addrs *addrs, const struct sockaddr_storage *addr)
{
	if (addrs->n == DLM_COMMS_ADDRS)
		return -ENOSPC;
	addrs->a[addrs->n++] = *addr;
	return 0;
}

/**
 * dlm_comms_addr_add - tell an address of a node
 * @comms: our side
 * @nodeid: whose
 * @addr: IPv4 or IPv6 address; its port is ignored
 * @local: it is our own
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an impossible node id, -EAFNOSUPPORT, -ENOSPC after
 * DLM_COMMS_ADDRS addresses, -ENOMEM.
 */
int dlm_comms_addr_add(struct dlm_comms *comms, int nodeid,
		       const struct sockaddr_storage *addr, bool local)
{
	struct sockaddr_storage clean = *addr;
	struct dlm_peer *peer = NULL;
	int err;

	/* both families have the port at the same place */
	if (clean.ss_family != AF_INET && clean.ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	((struct sockaddr_in *)&clean)->sin_port = 0;
	if (!local) {
		peer = dlm_peer_make(comms, nodeid);
		if (IS_ERR(peer))
			return PTR_ERR(peer);
	}
	spin_lock(&comms->addr_lock);
	err = add_addr(peer ? &peer->addrs : &comms->local, &clean);
	spin_unlock(&comms->addr_lock);
	if (peer)
		dlm_peer_put(peer);
	return err;
}

/**
 * dlm_comms_local_forget - addresses of ours are not valid any more
 * @comms: our side; one that runs goes on with those it started with
 *
 * Context: any but interrupts.
 */
void dlm_comms_local_forget(struct dlm_comms *comms)
{
	spin_lock(&comms->addr_lock);
	comms->local.n = 0;
	spin_unlock(&comms->addr_lock);
}

/**
 * dlm_comms_set_mark - SO_MARK of connections to a node
 * @comms: our side
 * @nodeid: whose
 * @mark: 0 for the mark of the cluster
 *
 * Connections that exist keep theirs.
 *
 * Context: may sleep.
 * Return: 0, -EINVAL for an impossible node id, -ENOMEM.
 */
int dlm_comms_set_mark(struct dlm_comms *comms, int nodeid, u32 mark)
{
	struct dlm_peer *peer = dlm_peer_make(comms, nodeid);

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	spin_lock(&comms->addr_lock);
	peer->mark = mark;
	spin_unlock(&comms->addr_lock);
	dlm_peer_put(peer);
	return 0;
}

/**
 * dlm_comms_start - begin to listen
 * @comms: transport that is not running
 * @our_nodeid: our node id, positive
 * @config: copied
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if it runs already, -EINVAL for an impossible node id, -ENOENT
 * without an address of ours, -EPROTONOSUPPORT if the kernel has no such protocol,
 * or what the sockets say.
 */
int dlm_comms_start(struct dlm_comms *comms, int our_nodeid,
		    const struct dlm_comms_config *config)
{
	unsigned long index = 0;
	struct dlm_peer *peer;
	int err = -EBUSY;

	if (our_nodeid <= 0)
		return -EINVAL;
	mutex_lock(&comms->mutex);
	if (comms->running || comms->dead)
		goto out;
	comms->our_nodeid = our_nodeid;
	comms->config = *config;
	WRITE_ONCE(comms->running, true);
	err = comms->link->start(comms);
	if (err)
		WRITE_ONCE(comms->running, false);
	while ((peer = dlm_peer_next(comms, &index))) {
		dlm_session_rename(&peer->session, our_nodeid);
		if (err)
			comms->link->drop(peer, false);
		else
			comms->link->kick(peer);
		dlm_peer_put(peer);
	}
out:
	mutex_unlock(&comms->mutex);
	return err;
}

/**
 * dlm_comms_leave - say farewell to all peers
 * @comms: our side
 *
 * First half of dlm_comms_stop(), for tests that look at what is said.
 *
 * Context: may sleep.
 */
void dlm_comms_leave(struct dlm_comms *comms)
{
	unsigned long index = 0;
	struct dlm_peer *peer;

	while ((peer = dlm_peer_next(comms, &index))) {
		dlm_session_shutdown(&peer->session);
		comms->link->kick(peer);
		dlm_peer_put(peer);
	}
}

static bool all_closed(struct dlm_comms *comms)
{
	unsigned long index = 0;
	struct dlm_peer *peer;
	bool closed = true;

	while (closed && (peer = dlm_peer_next(comms, &index))) {
		closed = dlm_session_closed(&peer->session);
		dlm_peer_put(peer);
	}
	return closed;
}

static void reset_all(struct dlm_comms *comms)
{
	unsigned long index = 0;
	struct dlm_peer *peer;

	while ((peer = dlm_peer_next(comms, &index))) {
		if (!dlm_session_closed(&peer->session))
			pr_warn("dlm: node %d did not say farewell\n", peer->nodeid);
		dlm_session_reset(&peer->session);
		dlm_peer_put(peer);
	}
}

/**
 * dlm_comms_stop - the last lockspace is gone: say farewell and close
 * @comms: transport; nothing happens if it is not running
 *
 * Context: sleeps, up to five seconds for peers that do not answer and as long
 * again for those that do not close.
 */
void dlm_comms_stop(struct dlm_comms *comms)
{
	mutex_lock(&comms->mutex);
	if (comms->running) {
		dlm_comms_leave(comms);
		if (comms->link->settle)
			comms->link->settle(comms);
		else
			wait_event_timeout(comms->wait, READ_ONCE(comms->dead) ||
					   all_closed(comms), FAREWELL);
		WRITE_ONCE(comms->running, false);
		wake_up_all(&comms->wait);
		comms->link->stop(comms, !comms->dead);
		reset_all(comms);
	}
	mutex_unlock(&comms->mutex);
}

/**
 * dlm_comms_running - between start and stop?
 * @comms: transport
 *
 * Return: true if so.
 */
bool dlm_comms_running(const struct dlm_comms *comms)
{
	return READ_ONCE(comms->running);
}

/**
 * dlm_comms_member_add - a node became member of one of our lockspaces
 * @comms: our side
 * @nodeid: who; not ourselves
 * @which: gets what dlm_comms_member_del() has to be told, never 0
 *
 * Connects if there is no connection.
 *
 * Context: may sleep.
 * Return: 0, -EINVAL for an impossible node id, -ENOMEM.
 */
int dlm_comms_member_add(struct dlm_comms *comms, int nodeid, u64 *which)
{
	struct dlm_peer *peer = dlm_peer_make(comms, nodeid);

	if (IS_ERR(peer))
		return PTR_ERR(peer);
	if (!dlm_session_member_add(&peer->session)) {
		pr_info("dlm: node %d: last farewell was stuck, begin anew\n", nodeid);
		/* what was queued is gone: there is room */
		wake_up_all(&comms->wait);
	}
	*which = peer->which;
	comms->link->kick(peer);
	dlm_peer_put(peer);
	return 0;
}

/**
 * dlm_comms_member_del - a node is member of one of our lockspaces no longer
 * @comms: our side
 * @nodeid: who; unknown ones are ignored
 * @which: from dlm_comms_member_add(); if the node was forgotten since then, that membership
 *	is over already, and those of a node with its id that came later are others
 *
 * Context: may sleep.
 */
void dlm_comms_member_del(struct dlm_comms *comms, int nodeid, u64 which)
{
	struct dlm_peer *peer = dlm_peer_find(comms, nodeid);

	if (!peer)
		return;
	if (peer->which == which) {
		dlm_session_member_del(&peer->session);
		comms->link->kick(peer);
	}
	dlm_peer_put(peer);
}

/**
 * dlm_comms_send - send a packet
 * @comms: our side
 * @nodeid: to whom; if it is no peer the packet is dropped
 * @p: packet of dlm_packet_alloc(), filled; not the caller's any more
 * @sequenced: it must arrive exactly once and in order; else it may get lost with
 *	a connection.  Only STATUS and STATUS_REPLY may do without (wire.md 6.7)
 * @fx: the caller flushes it once its spinlocks are released
 *
 * Packets to one node arrive in the order of these calls.
 *
 * Context: any but interrupts; under the core's spinlocks.
 */
void dlm_comms_send(struct dlm_comms *comms, int nodeid, struct dlm_packet *p,
		    bool sequenced, struct dlm_fx *fx)
{
	struct dlm_peer *peer = dlm_peer_find(comms, nodeid);

	if (!peer) {
		atomic_long_inc(&comms->unknown);
		dlm_packet_free(p);
		return;
	}
	if (dlm_session_send(&peer->session, p, sequenced))
		dlm_fx_add(fx, &peer->sink);
	dlm_peer_put(peer);
}

/**
 * dlm_comms_congested - is so much queued that new requests should wait?
 * @comms: our side
 * @nodeid: for whom
 *
 * Replies and everything else that a peer waits for is sent regardless.
 *
 * Context: any but interrupts.
 * Return: true if dlm_comms_wait_room() would sleep.
 */
bool dlm_comms_congested(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer = dlm_peer_find(comms, nodeid);
	bool crowded;

	if (!peer)
		return false;
	crowded = dlm_session_crowded(&peer->session);
	dlm_peer_put(peer);
	return crowded;
}

/**
 * dlm_comms_wait_room - wait until a node is not congested
 * @comms: our side
 * @nodeid: for whom
 *
 * For new local requests only, never under a lock that recovery or the receiving of
 * packets needs.  Ends when the peer is forgotten or the transport stops.
 *
 * Context: sleeps, killably.
 * Return: 0, or -EINTR if the task was killed.
 */
int dlm_comms_wait_room(struct dlm_comms *comms, int nodeid)
{
	struct dlm_peer *peer = dlm_peer_find(comms, nodeid);
	int err;

	if (!peer)
		return 0;
	err = wait_event_killable(comms->wait,
				  !dlm_session_crowded(&peer->session) ||
				  READ_ONCE(peer->gone) || READ_ONCE(comms->dead) ||
				  !READ_ONCE(comms->running));
	dlm_peer_put(peer);
	return err ? -EINTR : 0;
}
