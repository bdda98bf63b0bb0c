// SPDX-License-Identifier: GPL-2.0
/*
 * Start and stop of a cluster node, and its control daemon's presence.
 */
#include <linux/slab.h>
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
	node->config.scan_secs = 5;
	node->config.timewarn_cs = 500;
	node->config.toss_secs = 10;
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->lockspaces);
	init_waitqueue_head(&node->changed);
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
	dlm_ls_release_all(node);
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
	int err = 0;

	spin_lock(&node->lock);
	if (list_empty(&node->lockspaces))
		node->monitors++;
	else
		err = -EBUSY;
	spin_unlock(&node->lock);
	return err;
}

/**
 * dlm_node_monitor_close - a control daemon is gone
 * @node: the node
 */
void dlm_node_monitor_close(struct dlm_node *node)
{
	spin_lock(&node->lock);
	node->monitors--;
	spin_unlock(&node->lock);
}
