/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the device side: misc devices, open handles, their locks and what
 * waits to be read from them.
 *
 * Locks, outermost first:
 *	registry lock (mutex) > the misc core's mutex > node->lock
 *	dlm_rsb.lock > dlm_owner.lock (guards a handle's queue)
 * open() is called under the misc core's mutex, so it takes only spinlocks.
 */
#ifndef _DLM_USER_USER_H
#define _DLM_USER_USER_H

#include <linux/dlm_device.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <dlm/core.h>
#include <dlm/node.h>

/* --- forms of requests and results (compat32.c) ------------------------- */

#define DLM_REQ_SIZE		offsetof(struct dlm_write_request, i.lock.name)
#define DLM_REQ_SIZE32		100
#define DLM_REQ_MAX		(DLM_REQ_SIZE + DLM_RESNAME_MAXLEN)
#define DLM_RESULT_SIZE		sizeof(struct dlm_lock_result)
#define DLM_RESULT_SIZE32	52

/**
 * struct dlm_user_req - a request as it was written, in the kernel's own form
 * @r: the request; with an array behind it for the resource name
 * @raw: the same as bytes
 * @count: bytes that were written
 * @tail: bytes of a resource name that were written, more than
 *	DLM_RESNAME_MAXLEN not counted
 * @compat: it came in the 32-bit form
 */
struct dlm_user_req {
	union {
		struct dlm_write_request	r;
		char				raw[DLM_REQ_MAX];
	};
	unsigned int	count;
	unsigned int	tail;
	bool		compat;
};

struct dlm_user_result;

/**
 * struct dlm_user_out - a result in the form that the program reads
 * @raw: its bytes
 */
struct dlm_user_out {
	u8	raw[DLM_RESULT_SIZE + DLM_USER_LVB_LEN] __aligned(8);
};

int dlm_req_read(struct dlm_user_req *req, const char __user *buf, size_t count);
unsigned int dlm_result_size(bool compat);
unsigned int dlm_result_encode(struct dlm_user_out *out, bool compat,
			       size_t room, const struct dlm_user_result *res);
ssize_t dlm_version_read(char __user *buf);

/* --- devices (registry.c) ----------------------------------------------- */

struct dlm_placeholder;

/**
 * struct dlm_user_dev - the misc device of all lockspaces of one name
 *
 * Lifetime: registered while a lockspace has that name on some node.  One
 * reference is held meanwhile, one by each open handle: a device that is only
 * held by handles keeps its minor from being given to another lockspace.
 *
 * @node: on the registry's list; registry lock
 * @ref: see above
 * @users: lockspaces of that name, 0 once deregistered; registry lock
 * @minor: its minor; stays when @misc forgets it
 * @holder: what occupies @minor once @users is 0, or NULL; registry lock
 * @misc: for the misc core
 * @namelen: bytes of @name
 * @name: of the lockspaces
 * @misc_name: name in /proc/misc and sysfs
 * @node_name: path below /dev
 */
struct dlm_user_dev {
	struct list_head	node;
	struct kref		ref;
	unsigned int		users;
	int			minor;
	struct dlm_placeholder	*holder;
	struct miscdevice	misc;
	unsigned int		namelen;
	char			name[DLM_LOCKSPACE_LEN + 1];
	char			misc_name[sizeof("dlm-ls_") + DLM_LOCKSPACE_LEN];
	char			node_name[sizeof("misc/dlm_") + DLM_LOCKSPACE_LEN];
};

int dlm_dev_plug(struct dlm_ls *ls);
void dlm_dev_unplug(struct dlm_ls *ls);
void dlm_dev_put(struct dlm_user_dev *dev);
struct dlm_ls *dlm_dev_find_ls(struct dlm_node *node, u32 minor);
int dlm_dev_minor(struct dlm_node *node, const char *name, unsigned int len);

extern const struct file_operations dlm_device_fops;

/* --- handles, locks, results (results.c) -------------------------------- */

/**
 * struct dlm_user_proc - one open file of a lockspace device
 *
 * Lifetime: references are held by the file and by each list of effects that
 * names @owner.sink.  The lockspace and the device are given back when the file is
 * closed, the memory with the last reference.
 *
 * @owner: the engine's part; @owner.lock guards @queue, @seq and @basts
 * @ref: see above
 * @queue: results and slots in the order in which they arose, through
 *	dlm_user_entry.node
 * @seq: number of results queued so far
 * @basts: slots on @queue
 * @compat: the program showed that it is a 32-bit one; only ever set
 * @wait: readers
 * @spare: a result that the next operation may take, or NULL; by xchg()
 * @dev: device it was opened through
 */
struct dlm_user_proc {
	struct dlm_owner	owner;
	struct kref		ref;
	struct list_head	queue;
	u32			seq;
	unsigned int		basts;
	bool			compat;
	wait_queue_head_t	wait;
	struct dlm_user_result	*spare;
	struct dlm_user_dev	*dev;
};

/**
 * struct dlm_user_entry - place in a handle's queue
 * @node: on proc->queue
 * @seq: proc->seq when it was queued (results only)
 * @last_mode: granted mode when the last completion was queued (slots only)
 * @told: mode of the last blocking callback if no completion was queued after it,
 *	else DLM_LOCK_IV (slots only)
 * @slot: it is a lock's slot, not a result
 * @pending: a slot that is on the queue
 * @has_lvb: a result with a value block to be delivered
 * @bast_mode: mode that somebody wants; 0 for completions
 * @sbflags: DLM_SBF_* (completions only)
 */
struct dlm_user_entry {
	struct list_head	node;
	union {
		u32		seq;
		struct {
			s8	last_mode;
			s8	told;
		};
	};
	bool			slot;
	union {
		bool		pending;
		bool		has_lvb;
	};
	u8			bast_mode;
	u8			sbflags;
};

/**
 * struct dlm_user_result - what one read() returns
 *
 * Made before the operation that it will be the completion of is accepted, so
 * that no completion is lost for want of memory.  Belongs to the operation, then to the
 * lock (dlm_user_lock.reserved), then to a handle's queue, then to the reader.
 *
 * @entry: on a queue
 * @next: on a lock's list of reserved results
 * @addr: routine for the program to call
 * @param: its argument
 * @lksb: the program's status block
 * @lkid: the lock
 * @status: 0 or negative
 * @lvb: value block as of queueing
 */
struct dlm_user_result {
	union {
		struct dlm_user_entry	entry;
		struct dlm_user_result	*next;
	};
	unsigned long		addr;
	unsigned long		param;
	unsigned long		lksb;
	u32			lkid;
	int			status;
	char			lvb[DLM_USER_LVB_LEN];
};

/**
 * struct dlm_user_lock - a lock that was taken through a device
 *
 * @lkb: the engine's part
 * @slot: the one blocking callback that may wait to be read; owner->lock, but for
 *	@last_mode and @told
 * @castaddr: completion routine of the last lock or conversion
 * @castparam: its argument
 * @bastaddr: routine for blocking callbacks, 0 for none
 * @bastparam: its argument
 * @lksb: status block given last
 * @xid: transaction id, for reports
 * @reserved: results for the completions of outstanding operations
 *
 * Fields without another note are guarded by the resource's lock.  The routines,
 * their arguments and @lksb are written under owner->lock too while @slot is
 * pending, because then a reader may look at them.
 */
struct dlm_user_lock {
	struct dlm_lkb		lkb;
	struct dlm_user_entry	slot;
	unsigned long		castaddr;
	unsigned long		castparam;
	unsigned long		bastaddr;
	unsigned long		bastparam;
	unsigned long		lksb;
	u64			xid;
	struct dlm_user_result	*reserved;
};

/**
 * struct dlm_user_op - one operation of a program
 * @op: the engine's part
 * @params: what the program wrote
 * @cmd: DLM_USER_*
 * @result: for the completion; NULL once the lock has it
 * @extra: for a blocking callback that has not been read when its pointers change;
 *	may be NULL
 */
struct dlm_user_op {
	struct dlm_op			op;
	const struct dlm_lock_params	*params;
	u8				cmd;
	struct dlm_user_result		*result;
	struct dlm_user_result		*extra;
};

extern const struct dlm_lkb_ops dlm_user_lkb_ops;

int dlm_results_init(void);
void dlm_results_exit(void);

struct dlm_user_lock *dlm_user_lock_alloc(const struct dlm_lock_params *params);
void dlm_user_lock_free(struct dlm_user_lock *lock);

struct dlm_user_result *dlm_result_get(struct dlm_user_proc *proc);
void dlm_result_put(struct dlm_user_proc *proc, struct dlm_user_result *res);

struct dlm_user_proc *dlm_proc_create(struct dlm_ls *ls, struct dlm_user_dev *dev);
void dlm_proc_close(struct dlm_user_proc *proc);

struct dlm_user_result *dlm_queue_take(struct dlm_user_proc *proc,
				       struct dlm_user_result *bast);
void dlm_queue_put_back(struct dlm_user_proc *proc, struct dlm_user_result *res,
			const struct dlm_user_result *bast);
u32 dlm_queue_mark(struct dlm_user_proc *proc);
void dlm_queue_forget(struct dlm_user_proc *proc, u32 mark);

/* --- the devices that are always there ---------------------------------- */

int dlm_control_init(void);
void dlm_control_exit(void);
int dlm_monitor_init(void);
void dlm_monitor_exit(void);
int dlm_plock_init(void);
void dlm_plock_exit(void);
int dlm_timewarn_init(void);
void dlm_timewarn_exit(void);

#endif
