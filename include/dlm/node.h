/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct dlm_node is one cluster node and owns everything of it.  In
 * production there is one per network namespace; tests make as many as they
 * like, so nothing but sockets may need @net.
 */
#ifndef _DLM_NODE_H
#define _DLM_NODE_H

#include <linux/hashtable.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <dlm/compat.h>
#include <dlm/plock.h>

struct dentry;
struct dlm_cluster;
struct dlm_comms;
struct dlm_ls;
struct dlm_timewarn;

/**
 * struct dlm_config - tunables of a node (control-plane.md 2)
 * @solo: a device lockspace may run with this node as its only member
 * @scan_secs: seconds between two looks at waiting locks
 * @timewarn_cs: centiseconds of waiting before a TIMEWARN message
 * @toss_secs: seconds for which an unused resource's master is remembered
 * @tcp_port: port of all nodes, TCP or SCTP
 * @protocol: enum dlm_protocol
 * @mark: SO_MARK of connections, 0 for none
 * @log_debug: what to log is ...
 * @log_info: ... up to the kernel's log level; kept for control daemons
 * @recover_callbacks: kernel users are told of recoveries
 * @buffer_size: without effect, like the next ones; kept for control daemons
 * @rsbtbl_size: see there
 * @recover_timer: see there
 * @new_rsb_count: see there
 * @cluster_name: text, "" if none was given; node->control
 *
 * config.c has the defaults; numbers are plain reads and writes.
 */
struct dlm_config {
	bool		solo;
	unsigned int	scan_secs;
	unsigned int	timewarn_cs;
	unsigned int	toss_secs;
	unsigned int	tcp_port;
	unsigned int	protocol;
	unsigned int	mark;
	unsigned int	log_debug;
	unsigned int	log_info;
	unsigned int	recover_callbacks;
	unsigned int	buffer_size;
	unsigned int	rsbtbl_size;
	unsigned int	recover_timer;
	unsigned int	new_rsb_count;
	char		cluster_name[64];
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
 * @nodeid: our node id; changes only while there is no lockspace
 * @config: tunables
 * @timewarn: told of locks that wait for too long, or NULL
 * @comms: the transport, NULL if there is none (some tests); @control
 * @kick: NULL, or what is called instead of queueing a lockspace's work: the caller, a
 *	test, calls dlm_ls_work() then. Any context
 * @control: guards @cluster and all that is configured; outside of @lock
 * @cluster: what a control daemon configured, or NULL; changed under @lock, too
 * @start_lock: guards @comms_users: start and stop of @comms; outside of @control
 * @comms_users: lockspaces that need @comms
 * @lock: guards @lockspaces, @by_id, their states, @dead, @local_id, @monitors and
 *	@monitored; leaf
 * @lockspaces: all of them, through dlm_ls.node_entry
 * @by_id: the same by their number, for packets; readers under RCU
 * @dead: dlm_node_stop() was called: nothing new may be created
 * @local_id: node id of ours that is configured, 0 if none is
 * @monitors: open dlm-monitor handles
 * @monitored: there was one once
 * @changed: woken when a lockspace appears, finishes joining or is gone, and when a
 *	control daemon comes, goes or answers
 * @plocks: requests about POSIX locks to the control daemon
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
	struct mutex		control;	/* @cluster, @config */
	struct dlm_cluster	*cluster;
	struct mutex		start_lock;	/* @comms_users */
	unsigned int		comms_users;
	spinlock_t		lock;	/* @lockspaces, @dead, @local_id, @monitor* */
	struct list_head	lockspaces;
	DECLARE_HASHTABLE(by_id, 5);
	bool			dead;
	int			local_id;
	unsigned int		monitors;
	bool			monitored;
	wait_queue_head_t	changed;
	struct dlm_plocks	plocks;
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
bool dlm_node_has_daemon(struct dlm_node *node);

static inline void dlm_node_count(struct dlm_node *node,
				  enum dlm_node_stat what)
{
	atomic_long_inc(&node->stats[what]);
}

#endif
