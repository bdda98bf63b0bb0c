// SPDX-License-Identifier: GPL-2.0
/*
 * Start and stop of a cluster node, and its control daemon's presence.
 */
#include <linux/slab.h>
#include "config.h"
#include "engine.h"
#include "lockspace.h"

/**
 * dlm_node_create - make a node
 * @net: network namespace for its sockets; NULL in tests
 *
 * Context: may sleep.
 * Return: node with one reference, or NULL without memory.
 */
struct dlm_node *dlm_node_create(struct net *net)
{
	struct dlm_node *node;

	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return NULL;
	kref_init(&node->ref);
	node->net = net;
	node->nodeid = 1;
	dlm_config_init(&node->config);
	mutex_init(&node->control);
	mutex_init(&node->start_lock);
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->lockspaces);
	hash_init(node->by_id);
	init_waitqueue_head(&node->changed);
	dlm_plocks_init(&node->plocks);
	return node;
}

/**
 * dlm_node_get - take a reference
 * @node: node that the caller knows to exist
 */
void dlm_node_get(struct dlm_node *node)
{
	kref_get(&node->ref);
}

static void node_free(struct kref *ref)
{
	kfree(container_of(ref, struct dlm_node, ref));
}

/**
 * dlm_node_put - drop a reference
 * @node: the node
 */
void dlm_node_put(struct dlm_node *node)
{
	kref_put(&node->ref, node_free);
}

/**
 * dlm_node_stop - end everything that runs on a node
 * @node: the node; it stays as memory until the last reference is gone
 *
 * Releases all lockspaces without asking anybody. Open handles become dead.
 *
 * Context: sleeps.
 */
void dlm_node_stop(struct dlm_node *node)
{
	spin_lock(&node->lock);
	node->dead = true;
	spin_unlock(&node->lock);
	dlm_node_daemon_changed(node);
	dlm_ls_release_all(node);
}

/* --- the transport ------------------------------------------------------ */

static int start_comms(struct dlm_node *node)
{
	struct dlm_comms_config config;
	int err = 0;

	mutex_lock(&node->control);
	config.protocol = node->config.protocol;
	config.port = node->config.tcp_port;
	config.mark = node->config.mark;
	if (node->comms)
		err = dlm_comms_start(node->comms, node->nodeid, &config);
	mutex_unlock(&node->control);
	return err;
}

/**
 * dlm_node_end_comms - destroy the transport, without farewell
 * @node: node that was stopped
 *
 * Context: sleeps.
 */
void dlm_node_end_comms(struct dlm_node *node)
{
	struct dlm_comms *comms;

	mutex_lock(&node->control);
	comms = node->comms;
	node->comms = NULL;
	mutex_unlock(&node->control);
	if (comms)
		dlm_comms_destroy(comms);
}

/**
 * dlm_node_comms_get - a lockspace needs the transport
 * @node: the node
 *
 * The first one starts it.
 *
 * Context: sleeps; if the transport is just stopping, for some seconds, killably.
 * Return: 0, -EINTR, or what dlm_comms_start() says.
 */
int dlm_node_comms_get(struct dlm_node *node)
{
	int err = 0;

	if (mutex_lock_killable(&node->start_lock))
		return -EINTR;
	if (!node->comms_users)
		err = start_comms(node);
	if (!err)
		node->comms_users++;
	mutex_unlock(&node->start_lock);
	return err;
}

/**
 * dlm_node_comms_put - a lockspace does not need the transport any more
 * @node: the node
 *
 * The last one stops it. The transport of a namespace that ends is not stopped but
 * destroyed, without farewell, once all lockspaces are gone.
 *
 * Context: sleeps, for some seconds if peers do not answer.
 */
void dlm_node_comms_put(struct dlm_node *node)
{
	mutex_lock(&node->start_lock);
	if (!--node->comms_users && node->comms && !READ_ONCE(node->dead))
		dlm_comms_stop(node->comms);
	mutex_unlock(&node->start_lock);
}

/* --- the control daemon ------------------------------------------------- */

/**
 * dlm_node_has_daemon_locked - is there a control daemon?
 * @node: the node; node->lock held
 *
 * control-plane.md 6: we know who we are, and dlm-monitor is open or
 * was never needed.
 *
 * Return: true if it can be asked.
 */
bool dlm_node_has_daemon_locked(const struct dlm_node *node)
{
	lockdep_assert_held(&node->lock);
	return !node->dead && node->cluster && node->local_id &&
	       (node->monitors || !node->monitored);
}

/**
 * dlm_node_has_daemon - is there a control daemon?
 * @node: the node
 *
 * Context: any but interrupts.
 * Return: true if it can be asked.
 */
bool dlm_node_has_daemon(struct dlm_node *node)
{
	bool has;

	spin_lock(&node->lock);
	has = dlm_node_has_daemon_locked(node);
	spin_unlock(&node->lock);
	return has;
}

/**
 * dlm_node_monitor_open - a control daemon shows its presence
 * @node: the node
 *
 * Return: 0, or -EBUSY while a lockspace runs without a daemon: a solo node
 * must not drift into a cluster (decisions.md, `solo`).
 */
int dlm_node_monitor_open(struct dlm_node *node)
{
	const struct dlm_ls *ls;
	int err = 0;

	spin_lock(&node->lock);
	list_for_each_entry(ls, &node->lockspaces, node_entry)
		if (ls->solo)
			err = -EBUSY;
	if (!err) {
		node->monitors++;
		node->monitored = true;
	}
	spin_unlock(&node->lock);
	return err;
}

/**
 * dlm_node_monitor_close - a control daemon is gone
 * @node: the node
 *
 * If it was the last one, locking stops in all lockspaces: nobody would tell us
 * if other nodes fail. Who waits for an answer of the daemon goes on without.
 *
 * Context: sleeps until nobody is inside of locking.
 */
void dlm_node_monitor_close(struct dlm_node *node)
{
	bool last;

	spin_lock(&node->lock);
	last = !--node->monitors;
	spin_unlock(&node->lock);
	if (!last)
		return;
	dlm_node_daemon_changed(node);
	dlm_ls_stop_all(node);
}
