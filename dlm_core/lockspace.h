/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLM_LOCKSPACE_H
#define _DLM_LOCKSPACE_H

#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <dlm/core.h>
#include <dlm/node.h>
#include "gate.h"

/**
 * enum dlm_ls_state - life of a lockspace; changed only by dlm_ls_set_state()
 * @DLM_LS_JOINING: has its name, may not be used yet
 * @DLM_LS_READY: joined; the gate tells whether locking runs
 * @DLM_LS_CHECKING: a release looks whether it is in use; otherwise as ready
 * @DLM_LS_LEAVING: being released
 * @DLM_LS_GONE: out of the node's list, memory waits for the last handle
 */
enum dlm_ls_state {
	DLM_LS_JOINING,
	DLM_LS_READY,
	DLM_LS_CHECKING,
	DLM_LS_LEAVING,
	DLM_LS_GONE,
};

/* what a lockspace counts (stats.c names them) */
enum dlm_ls_stat {
	DLM_ST_REQUEST,		/* accepted operations ... */
	DLM_ST_CONVERT,
	DLM_ST_UNLOCK,
	DLM_ST_CANCEL,
	DLM_ST_REFUSED,		/* operations that ended with an errno at once */
	DLM_ST_GRANTED,		/* completions with status 0 */
	DLM_ST_QUEUED,		/* operations that had to wait */
	DLM_ST_EAGAIN,
	DLM_ST_EDEADLK,
	DLM_ST_ECANCEL,
	DLM_ST_ETIMEDOUT,
	DLM_ST_BAST,		/* blocking callbacks told */
	DLM_ST_TIMEWARN,
	DLM_ST_ORPHANED,
	DLM_ST_ADOPTED,
	DLM_ST_PURGED,
	DLM_ST_SENT,		/* lock messages */
	DLM_ST_RECEIVED,
	DLM_ST_BAD_MSG,		/* that made no sense */
	DLM_ST_RETRY,		/* requests that were turned away by who is not master */
	DLM_ST_STORED,		/* lock messages that had to wait for recovery */
	DLM_ST_STORE_FULL,	/* the same, but there were too many already */
	DLM_ST_MSG_STRAY,	/* lock messages of who is no member, or that are too old */
	DLM_ST_RCOM_IGNORED,	/* recovery messages that nobody waited for */
	DLM_ST_RCOM_BAD,
	DLM_ST_MAX
};

/**
 * enum dlm_group - where we stand with the control daemon (join.c)
 * @DLM_GROUP_OUT: not member, or not by its leave (solo)
 * @DLM_GROUP_ASKED_IN: we asked to join
 * @DLM_GROUP_IN: it confirmed that
 * @DLM_GROUP_ASKED_OUT: we asked to leave
 */
enum dlm_group {
	DLM_GROUP_OUT,
	DLM_GROUP_ASKED_IN,
	DLM_GROUP_IN,
	DLM_GROUP_ASKED_OUT,
};

struct dlm_ls_kobj;
struct dlm_recovery;
struct seq_file;

/**
 * struct dlm_member_conf - a member as its provider names it
 * @nodeid: the node
 * @weight: share of the directory (messages.md 2)
 * @is_new: left and came back since the last start: another incarnation
 */
struct dlm_member_conf {
	int		nodeid;
	unsigned int	weight;
	bool		is_new;
};

/* the part of it that decides who is directory node of what */
struct dlm_member {
	int		nodeid;
	unsigned int	weight;
};

/**
 * struct dlm_members - who is in the lockspace, and the directory's node array
 * @rcu: to free it
 * @count: of @member
 * @total: entries of @array
 * @array: node ids, index is a name's hash (messages.md 2); part of the same allocation
 * @member: ascending node ids
 *
 * Never changes: recovery publishes another one in ls->members while no operation
 * is inside the gate.
 */
struct dlm_members {
	struct rcu_head		rcu;
	unsigned int		count;
	unsigned int		total;
	int			*array;
	struct dlm_member	member[];
};

/* names remembered as turned away; two that share a place only take longer (remote.c) */
#define DLM_TURNED_AWAY	16

/**
 * struct dlm_later - what a lockspace does later (later.c)
 * @lock: guards all of it; leaf below a resource's lock
 * @owed: resources with something to do now, through dlm_rsb.link
 * @delayed: the same, but not before the next dlm_ls_work()
 * @unused: inactive resources that age, oldest first
 * @zombies: locks so far that could not go when their handle was closed
 * @swept: @zombies at the time when the last dlm_sweep_zombies() that did all began
 * @round: rounds of ageing so far
 * @next_round: when the next one begins
 */
struct dlm_later {
	spinlock_t		lock;	/* all below */
	struct list_head	owed;
	struct list_head	delayed;
	struct list_head	unused;
	atomic_t		zombies;
	int			swept;
	u32			round;
	ktime_t			next_round;
};

struct dlm_ls_stats {
	unsigned long	n[DLM_ST_MAX];
};

/**
 * struct dlm_ls - one lockspace on one node
 *
 * Lifetime: @ref is held by the node's list (until released), by each handle
 * and while an operation runs.  State beyond the memory (tables, files,
 * device) goes in dlm_ls_release().
 *
 * @ref: see above
 * @node: its node; holds a reference
 * @rcu: to free it: dlm_ls_by_id() may just be looking
 * @node_entry: on node->lockspaces; node->lock
 * @id_node: in node->by_id; RCU, changed under node->lock
 * @state: enum dlm_ls_state; written under node->lock
 * @name: terminated copy
 * @namelen: bytes of @name
 * @global_id: id given by the control daemon; CRC of the name while solo;
 *	dlm_ls_set_id()
 * @exflags: DLM_LSFL_* that all members must agree on
 * @lvblen: bytes of a value block
 * @nodir: no resource directory
 * @device: made through dlm-control
 * @solo: runs without control daemon, this node alone
 * @uses_comms: holds the transport: dlm_node_comms_put() is due
 * @quiet: leaves without telling the control daemon
 * @group: see there; changed by whoever creates or releases
 * @answered: the control daemon answered; node->lock
 * @answer: what it said; node->lock
 * @abandoned: who created or released it was killed, @finish does the rest; node->lock
 * @finish: does that
 * @create_count: creators that have not released it; node->lock
 * @waiting_for: what a create or release sleeps for, NULL if for nothing
 * @client: object of the room that made the lockspace (dlm_user), or NULL
 * @unplug: see struct dlm_ls_params
 * @control_lock: serialises stop, start and the end; sleeps
 * @gate: every operation is inside; closed while stopped; @control_lock
 * @rsbs: resources by name
 * @lkbs: locks by id
 * @next_id: lock id given last
 * @orphan_mutex: held by who takes orphans away: a purge has them aside; above a
 *	resource's lock
 * @orphan_lock: guards @orphans; leaf below a resource's lock
 * @orphans: locks whose handle is closed, through dlm_lkb.owner_node, oldest first
 * @watch_lock: guards @watched and @watch_round; leaf below a resource's lock
 * @watched: locks that wait and are timed, through dlm_watch.node
 * @watch_round: number of the current scan
 * @watch_work: scans @watched while it is not empty
 * @generation: of the members' slots, goes up with each recovery; recovery->lock
 * @members: see there; RCU, NULL until the first start; written under recovery->lock
 * @recovery: the phase machine (recover.h)
 * @work: runs dlm_ls_work()
 * @work_lock: guards @work_due and @work_on; leaf, any context
 * @work_due: when @work will run, in jiffies, if it is queued
 * @work_on: @work may be queued
 * @stats: per-CPU counters
 * @comms: its node's transport, NULL in tests that have none
 * @name_seed: of dlm_rsb.hash
 * @walk_pass: number of the last dlm_rsb_walk()
 * @later: owed work and unused resources
 * @said: by node id: kinds of nonsense that the log has already; dlm_first_bad()
 * @turned_away: hashes of names, each in a place of its own, whose last REQUEST got EBADR
 * @deny_packets: tests: so many allocations of packets under a spinlock fail
 * @sysfs: its object in /sys/kernel/dlm (ls_sysfs.c), or NULL
 * @debug_files: its debugfs files
 */
struct dlm_ls {
	struct kref		ref;
	struct rcu_head		rcu;
	struct dlm_node		*node;
	struct list_head	node_entry;
	struct hlist_node	id_node;
	enum dlm_ls_state	state;
	char			name[DLM_LOCKSPACE_LEN + 1];
	u8			namelen;
	u32			global_id;
	u32			exflags;
	unsigned int		lvblen;
	bool			nodir;
	bool			device;
	bool			solo;
	bool			uses_comms;
	bool			quiet;
	enum dlm_group		group;
	bool			answered;
	int			answer;
	bool			abandoned;
	struct work_struct	finish;
	unsigned int		create_count;
	const char		*waiting_for;
	void			*client;
	void			(*unplug)(struct dlm_ls *ls);

	struct mutex		control_lock;	/* stop, start, end */
	struct dlm_gate		gate;
	struct rhashtable	rsbs;
	struct rhashtable	lkbs;
	atomic_t		next_id;

	struct mutex		orphan_mutex;	/* who takes from @orphans */
	spinlock_t		orphan_lock;	/* @orphans */
	struct list_head	orphans;

	spinlock_t		watch_lock;	/* @watched, @watch_round */
	struct list_head	watched;
	unsigned int		watch_round;
	struct delayed_work	watch_work;

	u32			generation;
	struct dlm_members __rcu *members;
	struct dlm_recovery	*recovery;
	struct delayed_work	work;
	spinlock_t		work_lock;	/* @work_due, @work_on */
	unsigned long		work_due;
	bool			work_on;
	struct dlm_ls_stats __percpu *stats;

	struct dlm_comms	*comms;
	u32			name_seed;
	u8			walk_pass;
	struct dlm_later	later;
	struct xarray		said;
	u32			turned_away[DLM_TURNED_AWAY];
	unsigned int		deny_packets;

	struct dlm_ls_kobj	*sysfs;
	struct dentry		*debug_files[8];
};

/* what a lockspace goes through; log_info of the cluster's configuration tells if it is said */
#define dlm_ls_info(ls, fmt, ...)					\
do {									\
	const struct dlm_ls *_ls = (ls);				\
									\
	if (READ_ONCE(_ls->node->config.log_info))			\
		pr_info("dlm: %s: " fmt, _ls->name, ##__VA_ARGS__);	\
} while (0)

static inline void dlm_ls_count(struct dlm_ls *ls, enum dlm_ls_stat what)
{
	this_cpu_inc(ls->stats->n[what]);
}

extern struct workqueue_struct *dlm_wq;

/* lockspace.c */
struct dlm_ls *dlm_ls_by_id(struct dlm_node *node, u32 id);
void dlm_ls_set_id(struct dlm_ls *ls, u32 id);
void dlm_ls_release_all(struct dlm_node *node);
void dlm_ls_stop_all(struct dlm_node *node);
void dlm_node_daemon_changed(struct dlm_node *node);

/* join.c */
int dlm_ls_join(struct dlm_ls *ls);
int dlm_ls_part(struct dlm_ls *ls, bool quiet, bool killable);
void dlm_ls_event_done(struct dlm_ls *ls, int result);

/* node.c */
int dlm_node_comms_get(struct dlm_node *node);
void dlm_node_comms_put(struct dlm_node *node);
void dlm_node_end_comms(struct dlm_node *node);
bool dlm_node_has_daemon_locked(const struct dlm_node *node);

/* stats.c */
u64 dlm_ls_stat_sum(const struct dlm_ls *ls, enum dlm_ls_stat what);
const char *dlm_ls_stat_name(enum dlm_ls_stat what);
const char *dlm_node_stat_name(enum dlm_node_stat what);

/* debugfs.c */
void dlm_debugfs_init(void);
void dlm_debugfs_exit(void);
void dlm_debugfs_add_node(struct dlm_node *node);
void dlm_debugfs_del_node(struct dlm_node *node);
void dlm_debugfs_add_ls(struct dlm_ls *ls);
void dlm_debugfs_del_ls(struct dlm_ls *ls);

/* ls_sysfs.c */
int dlm_sysfs_init(void);
void dlm_sysfs_exit(void);
int dlm_sysfs_add_ls(struct dlm_ls *ls);
void dlm_sysfs_ask(struct dlm_ls *ls, bool join);
void dlm_sysfs_del_ls(struct dlm_ls *ls);

/* member.c: the two entry points of all membership providers, and who is a member */
void dlm_ls_stop(struct dlm_ls *ls);
int dlm_ls_start(struct dlm_ls *ls, const struct dlm_member_conf *members,
		 unsigned int count);
int dlm_ls_wait_joined(struct dlm_ls *ls);
bool dlm_is_member(struct dlm_ls *ls, int nodeid);
unsigned int dlm_member_count(struct dlm_ls *ls);

/* recv.c */
#define DLM_BAD_RCOM	(DLM_MSG_TYPES + 1)
bool dlm_first_bad(struct dlm_ls *ls, int nodeid, unsigned int kind);

/* recoverd.c: all that a lockspace does by itself */
#define DLM_WORK_NEVER	UINT_MAX
void dlm_ls_kick(struct dlm_ls *ls, unsigned int delay_ms);
unsigned int dlm_ls_work(struct dlm_ls *ls, ktime_t now);
u32 dlm_recover_status(struct dlm_ls *ls);
int dlm_recover_nodeid(struct dlm_ls *ls);
void dlm_recover_show(struct seq_file *m, struct dlm_ls *ls);

/* reqqueue.c: struct dlm_comms_user.receive; @priv is the node */
int dlm_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		struct dlm_fx *fx);

/* dir.c */
#define DLM_NODE_ARRAY_MAX	0x10000
unsigned int dlm_node_array(const struct dlm_member *m, unsigned int count,
			    int *array);

#endif
