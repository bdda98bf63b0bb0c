/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct dlm_node is one cluster node and owns everything of it.  In
 * production there is one per network namespace; tests make as many as they
 * like, so nothing but sockets may need @net.
 */
#ifndef _DLM_NODE_H
#define _DLM_NODE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <dlm/compat.h>

struct dentry;
struct dlm_comms;
struct dlm_ls;
struct dlm_timewarn;

/**
 * struct dlm_config - tunables of a node (control-plane.md 2)
 * @solo: a device lockspace may run with this node as its only member
 * @scan_secs: seconds between two looks at waiting locks
 * @timewarn_cs: centiseconds of waiting before a TIMEWARN message
 * @toss_secs: seconds for which an unused resource's master is remembered
 */
struct dlm_config {
	bool		solo;
	unsigned int	scan_secs;
	unsigned int	timewarn_cs;
	unsigned int	toss_secs;
};

/* what a node counts (stats.c names them) */
enum dlm_node_stat {
	DLM_NS_CREATED,		/* lockspaces created */
	DLM_NS_RELEASED,	/* lockspaces released */
	DLM_NS_CREATE_FAILED,
	DLM_NS_BAD_WRITE,	/* device writes refused for their form */
	DLM_NS_STRAY,		/* packets for a lockspace that is not here */
	DLM_NS_MAX
};

/**
 * struct dlm_node - one cluster node
 *
 * Lifetime: references are held by the namespace (until its exit) and by each
 * lockspace.
 *
 * @ref: see above
 * @net: its namespace; NULL in tests; valid until dlm_node_stop() returned
 * @nodeid: our node id, 1 while running solo
 * @config: tunables, plain reads and writes
 * @timewarn: told of locks that wait for too long, or NULL
 * @comms: the transport; NULL while there is none (solo)
 * @kick: NULL, or what is called instead of queueing a lockspace's work: the caller, a
 *	test, calls dlm_ls_work() then. Any context
 * @lock: guards @lockspaces, their states, @dead and @monitors; leaf
 * @lockspaces: all of them, through dlm_ls.node_entry
 * @dead: dlm_node_stop() was called: nothing new may be created
 * @monitors: open dlm-monitor handles
 * @changed: woken when a lockspace appears, finishes joining or is gone
 * @debug_dir: /sys/kernel/debug/dlm, or a directory below it for namespaces
 *	other than the initial one; NULL in tests
 * @stats: enum dlm_node_stat
 */
struct dlm_node {
	struct kref		ref;
	struct net		*net;
	int			nodeid;
	struct dlm_config	config;
	void			(*timewarn)(const struct dlm_timewarn *w);
	struct dlm_comms	*comms;
	void			(*kick)(struct dlm_ls *ls, unsigned int delay_ms);
	spinlock_t		lock;	/* @lockspaces, @dead, @monitors */
	struct list_head	lockspaces;
	bool			dead;
	unsigned int		monitors;
	wait_queue_head_t	changed;
	struct dentry		*debug_dir;
	atomic_long_t		stats[DLM_NS_MAX];
};

struct dlm_node *dlm_node_create(struct net *net);
void dlm_node_stop(struct dlm_node *node);
void dlm_node_get(struct dlm_node *node);
void dlm_node_put(struct dlm_node *node);
struct dlm_node *dlm_node_of_current(void);

int dlm_node_monitor_open(struct dlm_node *node);
void dlm_node_monitor_close(struct dlm_node *node);

static inline void dlm_node_count(struct dlm_node *node,
				  enum dlm_node_stat what)
{
	atomic_long_inc(&node->stats[what]);
}

#endif
