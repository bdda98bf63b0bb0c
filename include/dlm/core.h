/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the rooms above the lock engine (dlm_user, the kernel API, the tests)
 * may use of it: lockspaces, lock operations, owners of locks, effects.
 *
 * An operation runs in three steps.  The caller fills a struct dlm_op and
 * calls one of dlm_request(), dlm_convert(), dlm_unlock_id(), dlm_cancel_id().
 * The core waits at the lockspace's gate, reserves memory, and then changes
 * state under the resource's lock without sleeping.  What has to happen because of
 * that (completions, blocking callbacks, messages) takes its place in its
 * queue right there, so that the order is the order of the state changes; the
 * queues' readers are woken after unlocking (struct dlm_fx).
 *
 * Locking order, outermost first:
 *	dlm_rsb.lock > dlm_owner.lock | watch lock | id and name table buckets
 */
#ifndef _DLM_CORE_H
#define _DLM_CORE_H

#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <dlm/compat.h>

struct dlm_fx;
struct dlm_lkb;
struct dlm_ls;
struct dlm_node;
struct dlm_op;
struct dlm_owner;
struct dlm_packet;
struct dlm_rsb;
struct dlm_sink;
struct dlm_watch;

#define DLM_LKID_MAX		0x7fffffffU

/* --- effects ----------------------------------------------------------- */

/**
 * struct dlm_sink_ops - what an effect's receiver can do
 * @get: take a reference; any context
 * @put: drop it; process context without spinlocks
 * @flush: wake whoever reads the queue; process context without spinlocks
 */
struct dlm_sink_ops {
	void (*get)(struct dlm_sink *sink);
	void (*put)(struct dlm_sink *sink);
	void (*flush)(struct dlm_sink *sink);
};

/**
 * struct dlm_sink - somebody with a queue that engine functions append to
 * @ops: constant
 * @fx_next: next sink of the same struct dlm_fx; owned by whoever set @fx_busy
 * @fx_busy: bit 0 is set while the sink is on some caller's struct dlm_fx
 *
 * A sink that is already on another caller's list is not listed again: that
 * caller clears the bit before it flushes, so it cannot miss what was
 * appended earlier.
 */
struct dlm_sink {
	const struct dlm_sink_ops	*ops;
	struct dlm_sink			*fx_next;
	unsigned long			fx_busy;
};

/**
 * struct dlm_fx - what a running operation leaves to be done, and its packets
 * @first: sinks to flush once the resource is unlocked, through dlm_sink.fx_next
 * @spare: packets that were allocated for messages to come (dlm_fx_reserve()); what is not
 *	used serves the next operation, or is freed by dlm_fx_flush()
 */
struct dlm_fx {
	struct dlm_sink		*first;
	struct dlm_packet	*spare[2];
};

void dlm_fx_add(struct dlm_fx *fx, struct dlm_sink *sink);
void dlm_fx_flush(struct dlm_fx *fx);

/* --- locks ------------------------------------------------------------- */

/**
 * enum dlm_lkb_status - where a lock is; numbers are those of debugfs and of
 * netlink (lock-semantics.md 2)
 * @DLM_LKSTS_DEAD: not (or no longer) part of any resource
 * @DLM_LKSTS_WAITING: new request on the wait queue
 * @DLM_LKSTS_GRANTED: on the grant queue
 * @DLM_LKSTS_CONVERT: on the convert queue, still holding its granted mode
 * @DLM_LKSTS_LOOKUP: new request that no master has accepted yet: on the
 *	lookup queue
 */
enum dlm_lkb_status {
	DLM_LKSTS_DEAD = 0,
	DLM_LKSTS_WAITING = 1,
	DLM_LKSTS_GRANTED = 2,
	DLM_LKSTS_CONVERT = 3,
	DLM_LKSTS_LOOKUP = 4,
};

/* dlm_lkb.flags; bits 0 and 1 are also the wire's (wire.md 5) */
#define DLM_LKB_USER		0x01	/* belongs to a device handle */
#define DLM_LKB_ORPHAN		0x02	/* persistent, its handle was closed */
#define DLM_LKB_BAST		0x04	/* wants blocking callbacks */
#define DLM_LKB_OWN_LVB		0x08	/* @lvb was allocated by the core, which frees it */
#define DLM_LKB_MSTCPY		0x10	/* master's copy of a lock whose holder is node @nodeid */
#define DLM_LKB_FIRST		0x20	/* finds out the master for all of the lookup queue */
#define DLM_LKB_OVL_CANCEL	0x40	/* cancelled while a reply is awaited (messages.md 9) */
#define DLM_LKB_OVL_UNLOCK	0x80	/* unlocked by force likewise */
#define DLM_LKB_RESEND		0x100	/* @wait_type is to be sent again after recovery */
#define DLM_LKB_ZOMBIE		0x200	/* its handle was closed while locking was stopped */
#define DLM_LKB_ANSWERED	0x400	/* master's copy: a reply granted its last conversion */
#define DLM_LKB_RECOVER		0xf000	/* for the recovery's use */

/**
 * struct dlm_lkb_ops - how a kind of lock tells its owner what happened
 *
 * All but @free are called with the resource locked and must not sleep.
 *
 * @bind: an operation found this lock by its id, nothing is checked yet
 * @accept: the operation passed all checks; takes over what the caller
 *	reserved for its completion
 * @complete: the outstanding operation ended with @status (0 or negative, or
 *	-DLM_EUNLOCK, -DLM_ECANCEL); lkb->grmode and lkb->sbflags are current.
 *	A lock that is about to die gets @unbind after this
 * @blocking: the lock blocks another that wants @mode
 * @unbind: the lock leaves its owner (it dies or becomes an orphan): drop
 *	what is queued for it except completions
 * @xid: transaction id for reports
 * @free: releases the memory, an RCU grace period after the lock died
 */
struct dlm_lkb_ops {
	void (*bind)(struct dlm_lkb *lkb, struct dlm_op *op);
	void (*accept)(struct dlm_lkb *lkb, struct dlm_op *op);
	void (*complete)(struct dlm_lkb *lkb, struct dlm_fx *fx, int status);
	void (*blocking)(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode);
	void (*unbind)(struct dlm_lkb *lkb);
	u64 (*xid)(const struct dlm_lkb *lkb);
	void (*free)(struct dlm_lkb *lkb);
};

/**
 * struct dlm_lkb - one lock
 *
 * Lifetime: allocated by its kind (which embeds it), published in the id
 * table by dlm_request() and attached to its resource until it ends; then it is
 * unpublished under the resource's lock and freed after an RCU grace period.
 * There is no reference count: whoever finds a lock by id under
 * rcu_read_lock() takes rsb->lock and looks at @status.
 *
 * @id_node: id table, RCU
 * @rsb: its resource; set before publication, never changes
 * @queue: one of the resource's queues; rsb->lock
 * @rcu: replaces @queue once the lock is dead
 * @ops: constant
 * @owner: handle it belongs to, NULL for orphans; rsb->lock
 * @owner_node: on owner->locks (owner->lock) or on the lockspace's orphans
 * @watch: timeout watch, NULL if none; rsb->lock
 * @lvb: the lock's value block buffer, lockspace's lvblen bytes, or NULL
 * @since: begin of the last request or conversion (CLOCK_MONOTONIC)
 * @timeout_cs: LKF_TIMEOUT in centiseconds, 0 for none
 * @id: 1..DLM_LKID_MAX
 * @remid: id of the copy on the other node, 0 for a local lock or not known yet
 * @nodeid: the other node, 0 for a local lock: the holder of a master copy; the master of a
 *	process copy, or who was asked for it (@wait_type LOOKUP)
 * @exflags: current DLM_LKF_* flags (lock-semantics.md 4)
 * @lvbseq: value block sequence last returned to or written by this lock
 * @pid: thread that last requested, converted or adopted it
 * @grmode: granted mode, DLM_LOCK_IV if none; changed only by dlm_lkb_hold()
 * @rqmode: wanted mode, DLM_LOCK_IV if nothing is outstanding
 * @highbast: highest mode told since the last grant, DLM_LOCK_IV if none
 * @status: enum dlm_lkb_status; changed only by dlm_lkb_move()
 * @sbflags: DLM_SBF_* of the current operation
 * @wait_type: process copy: enum dlm_msg_type whose reply is awaited, or 0
 * @flags: DLM_LKB_*
 * @wait_count: replies that are due, overlaps included
 * @tries: times the request was turned away by who is not the master
 * @cancel_as: what a cancel under way completes with, a positive errno; 0: DLM_ECANCEL
 *
 * Fields without another note are guarded by rsb->lock.
 */
struct dlm_lkb {
	struct rhash_head		id_node;
	struct dlm_rsb			*rsb;
	union {
		struct list_head	queue;
		struct rcu_head		rcu;
	};
	const struct dlm_lkb_ops	*ops;
	struct dlm_owner		*owner;
	struct list_head		owner_node;
	struct dlm_watch		*watch;
	char				*lvb;
	ktime_t				since;
	u32				timeout_cs;
	u32				id;
	u32				remid;
	int				nodeid;
	u32				exflags;
	u32				lvbseq;
	u32				pid;
	s8				grmode;
	s8				rqmode;
	s8				highbast;
	u8				status;
	u8				sbflags;
	u8				wait_type;
	u16				flags;
	u8				wait_count;
	u8				tries;
	u8				cancel_as;
};

/**
 * struct dlm_owner - a holder of locks that can go away: one open handle
 * @sink: its queue of completions and blocking callbacks
 * @ls: the lockspace; the embedding object holds a reference
 * @lock: guards @locks, @closing and the embedding object's queue; leaf below
 *	the resource's lock
 * @locks: its locks, through dlm_lkb.owner_node
 * @closing: set by dlm_owner_close(): no lock may be added any more
 */
struct dlm_owner {
	struct dlm_sink		sink;
	struct dlm_ls		*ls;
	spinlock_t		lock;	/* @locks, @closing, the queue */
	struct list_head	locks;
	bool			closing;
};

void dlm_owner_init(struct dlm_owner *owner, struct dlm_ls *ls,
		    const struct dlm_sink_ops *ops);
int dlm_owner_close(struct dlm_owner *owner);
int dlm_owner_purge(struct dlm_owner *owner);
int dlm_orphans_purge(struct dlm_ls *ls, u32 pid);
int dlm_purge_remote(struct dlm_ls *ls, int nodeid, u32 pid);
int dlm_orphan_adopt(struct dlm_ls *ls, struct dlm_op *op,
		     const void *name, unsigned int len);

/* --- operations -------------------------------------------------------- */

/**
 * struct dlm_op - one lock operation on its way through the core
 *
 * Filled by the caller:
 * @ops: kind of lock that is asking; an id of another kind is -EINVAL
 * @owner: handle that asks (requests and adoptions: becomes the lock's owner),
 *	may be NULL
 * @flags: DLM_LKF_* as given by the program
 * @mode: wanted mode, DLM_LOCK_NL..DLM_LOCK_EX
 * @lkb_flags: DLM_LKB_* for a new lock
 * @pid: thread in the initial pid namespace
 * @timeout_cs: for LKF_TIMEOUT, centiseconds, 0 means none
 * @lvb_in: value block bytes that come with a request or conversion, or NULL
 * @priv: for the kind's @bind and @accept
 *
 * Filled by the core:
 * @lkid: id of the lock, valid after a successful request or adoption
 * @now: time of the operation
 * @fx: effects to flush
 * @lkb_lvb: reserved: value block buffer for the lock (with DLM_LKF_VALBLK)
 * @rsb_lvb: reserved: the same for the resource
 * @watch: reserved: timeout watch
 * @rsb: reserved: new resource
 * @fresh: the resource was made for this operation
 * @inside: it is inside the lockspace's gate
 *
 * What the engine did not use of the reserves is freed when the call returns.
 */
struct dlm_op {
	const struct dlm_lkb_ops	*ops;
	struct dlm_owner		*owner;
	u32				flags;
	int				mode;
	u16				lkb_flags;
	u32				pid;
	u32				timeout_cs;
	const char			*lvb_in;
	void				*priv;

	u32				lkid;
	ktime_t				now;
	struct dlm_fx			fx;
	char				*lkb_lvb;
	char				*rsb_lvb;
	struct dlm_watch		*watch;
	struct dlm_rsb			*rsb;
	bool				fresh;
	bool				inside;
};

int dlm_request(struct dlm_ls *ls, struct dlm_op *op, struct dlm_lkb *lkb,
		const void *name, unsigned int len);
int dlm_convert(struct dlm_ls *ls, struct dlm_op *op, u32 lkid);
int dlm_unlock_id(struct dlm_ls *ls, struct dlm_op *op, u32 lkid);
int dlm_cancel_id(struct dlm_ls *ls, struct dlm_op *op, u32 lkid, int status);

/**
 * struct dlm_timewarn - a lock has waited for too long (control-plane.md 8)
 * @ls_id: lockspace's global id
 * @nodeid: master, 0 for this node
 * @pid: owner
 * @lkid: the lock
 * @remid: its id on the master
 * @xid: transaction id
 * @status: enum dlm_lkb_status
 * @grmode: granted mode
 * @rqmode: wanted mode
 * @len: bytes of @name
 * @name: resource name, not terminated
 */
struct dlm_timewarn {
	u32		ls_id;
	int		nodeid;
	u32		pid;
	u32		lkid;
	u32		remid;
	u64		xid;
	u8		status;
	s8		grmode;
	s8		rqmode;
	unsigned int	len;
	char		name[DLM_RESNAME_MAXLEN];
};

/* --- pure tables (modes.c) --------------------------------------------- */

/**
 * enum dlm_lvb_dir - which way a value block goes when a mode is granted
 * @DLM_LVB_NONE: nowhere
 * @DLM_LVB_READ: resource to caller
 * @DLM_LVB_WRITE: caller to resource
 */
enum dlm_lvb_dir {
	DLM_LVB_NONE,
	DLM_LVB_READ,
	DLM_LVB_WRITE,
};

bool dlm_modes_compat(int a, int b);
u8 dlm_modes_conflicting(int mode);
bool dlm_convert_down(int from, int to);
bool dlm_convert_middle(int from, int to);
bool dlm_quecvt_legal(int from, int to);
enum dlm_lvb_dir dlm_lvb_dir(int from, int to);

/* --- lockspaces -------------------------------------------------------- */

/* how a release treats locks that are left (kernel-api.md 4) */
enum dlm_release {
	DLM_RELEASE_IF_UNUSED	= 0,	/* -EBUSY if any lock exists */
	DLM_RELEASE_FORCE	= 2,	/* drop them without callbacks */
	DLM_RELEASE_QUIET	= 3,	/* the same, without announcing it */
};

/**
 * struct dlm_ls_params - what a lockspace is created with
 * @name: 1..64 bytes, not terminated
 * @namelen: its length
 * @flags: DLM_LSFL_*
 * @lvblen: bytes of a value block, multiple of 8
 * @device: comes through dlm-control; may run solo
 * @plug: called once the lockspace runs and before anybody else is told that
 *	the name exists: registers its device.  May sleep; a negative result
 *	undoes the creation and is returned.  NULL for none
 * @unplug: undoes @plug, before anything of the lockspace goes away; also
 *	called when the node's namespace ends.  May sleep
 */
struct dlm_ls_params {
	const char	*name;
	unsigned int	namelen;
	u32		flags;
	unsigned int	lvblen;
	bool		device;
	int		(*plug)(struct dlm_ls *ls);
	void		(*unplug)(struct dlm_ls *ls);
};

int dlm_ls_create(struct dlm_node *node, const struct dlm_ls_params *params,
		  struct dlm_ls **lsp);
int dlm_ls_release(struct dlm_ls *ls, enum dlm_release how);
struct dlm_ls *dlm_ls_find(struct dlm_node *node, const char *name,
			   unsigned int len);
void dlm_ls_get(struct dlm_ls *ls);
void dlm_ls_put(struct dlm_ls *ls);
const char *dlm_ls_name(const struct dlm_ls *ls);
unsigned int dlm_ls_lvblen(const struct dlm_ls *ls);
u32 dlm_ls_id(const struct dlm_ls *ls);
bool dlm_ls_alive(const struct dlm_ls *ls);
struct dlm_node *dlm_ls_node(const struct dlm_ls *ls);
void dlm_ls_set_client(struct dlm_ls *ls, void *client);
void *dlm_ls_client(const struct dlm_ls *ls);

#endif
