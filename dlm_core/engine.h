/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the lock engine: resources, and the functions that change them.
 *
 * Everything here that takes a resource expects it locked, does not sleep, does
 * not allocate and reads no clock.  Memory comes from struct dlm_op, where
 * it was reserved; effects go to struct dlm_fx.
 */
#ifndef _DLM_ENGINE_H
#define _DLM_ENGINE_H

#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <dlm/core.h>
#include <dlm/wire.h>

struct dlm_ls;
struct dlm_packet;

/* dlm_rsb.flags */
#define DLM_RSB_LVB		0x01	/* @lvb holds a value block */
#define DLM_RSB_LVB_INVALID	0x02	/* VALNOTVALID: not written since its writer died */
#define DLM_RSB_DEAD		0x04	/* out of the name table, about to be freed */
#define DLM_RSB_RECOVER_GRANT	0x08	/* grant pass ignores the convert queue's order */
#define DLM_RSB_INACTIVE	0x10	/* no lock, kept because of @nodeid */
#define DLM_RSB_ASKING		0x20	/* a DLM_LKB_FIRST lock waits for an answer */
#define DLM_RSB_OWED		0x40	/* on one of the lists of dlm_owed */
#define DLM_RSB_GRANT_OWED	0x80	/* a grant pass stopped for want of memory */
#define DLM_RSB_UNCERTAIN	0x100	/* @nodeid is what it was when we last had a lock */
#define DLM_RSB_PINNED		0x0800	/* recovery looks at it: not to be freed */
#define DLM_RSB_RECOVER		0xf000	/* for the recovery's use */

/* dlm_rsb.nodeid, if nobody knows the master; 0 is this node */
#define DLM_MASTER_UNKNOWN	(-1)

/**
 * struct dlm_rsb - one resource: a name that locks are taken on
 *
 * It is at the same time the cached answer to "who is the master?" and, on its
 * directory node, the directory's record.  An *active* resource has locks, an *inactive*
 * one is only kept for its @nodeid.
 *
 * Lifetime: made by the first request for a name, or as a directory record; dies, under
 * @lock, when its last lock is gone and nobody needs to know its master
 * (dlm_rsb_unlock()), and is freed after an RCU grace period.  With one
 * member it always dies with its last lock.
 * Whoever finds one under rcu_read_lock() takes @lock and looks at
 * DLM_RSB_DEAD.  A dead resource is out of the table before @lock is dropped, so
 * that a new look-up cannot find it.
 *
 * @node: name table, RCU
 * @ls: its lockspace
 * @lock: guards all that follows and the locks on the queues
 * @flags: DLM_RSB_*
 * @len: bytes of @name
 * @pass: last dlm_rsb_walk() that saw it
 * @granted: locks that hold a mode; the order means nothing
 * @convert: conversions that wait, in order
 * @wait: new requests that wait, in order
 * @lookup: new requests that no master has accepted yet: first those not sent, in
 *	order, then those whose answer is awaited
 * @rcu: replaces @granted once dead
 * @link: list of unused resources, or of those with something owed; ls->later.lock
 * @lvb: lvblen bytes, or NULL; holds a value block only with DLM_RSB_LVB
 * @lvbseq: counts writes of the value block
 * @nodeid: the master, 0 for this node, DLM_MASTER_UNKNOWN
 * @hash: of the name, for the table; constant
 * @held: locks that hold CR, CW, PR; NL is in nobody's way (dlm_lkb_hold())
 * @held_strong: locks that hold PW, EX
 * @due: low bits of the round of ls->later in which it is forgotten; ls->later.lock
 * @modes: which of the counts are not 0, as BIT(mode)
 * @name: not terminated
 */
struct dlm_rsb {
	struct rhash_head	node;
	struct dlm_ls		*ls;
	spinlock_t		lock;	/* all below, and the locks on the queues */
	u16			flags;
	u8			len;
	u8			pass;
	union {
		struct list_head	granted;
		struct rcu_head		rcu;
	};
	struct list_head	convert;
	struct list_head	wait;
	struct list_head	lookup;
	struct list_head	link;
	char			*lvb;
	u32			lvbseq;
	int			nodeid;
	u32			hash;
	u32			held[3];
	u16			held_strong[2];
	u16			due;
	u8			modes;
	char			name[];
};

/*
 * A resource's lock comes and goes with a pointer (find and lock, unlock and
 * perhaps free), which sparse cannot follow: it is told that nothing happened.
 * lockdep watches at run time.
 */
static inline void rsb_spin_lock(struct dlm_rsb *r)
{
	spin_lock(&r->lock);
	__release(&r->lock);
}

static inline void rsb_spin_unlock(struct dlm_rsb *r)
{
	__acquire(&r->lock);
	spin_unlock(&r->lock);
}

/* a process copy whose master is (or is asked) elsewhere */
static inline bool dlm_lkb_remote(const struct dlm_lkb *lkb)
{
	return (lkb->nodeid || lkb->status == DLM_LKSTS_LOOKUP) &&
	       !(lkb->flags & DLM_LKB_MSTCPY);
}

/* locks that hold a mode of DLM_LOCK_CR..DLM_LOCK_EX */
static inline unsigned int dlm_rsb_held(const struct dlm_rsb *r, int mode)
{
	return mode < DLM_LOCK_PW ? r->held[mode - DLM_LOCK_CR] :
				    r->held_strong[mode - DLM_LOCK_PW];
}

/* rsb.c */
int dlm_rsb_caches_init(void);
void dlm_rsb_caches_exit(void);
int dlm_rsb_table_init(struct dlm_ls *ls);
void dlm_rsb_table_exit(struct dlm_ls *ls);
struct dlm_rsb *dlm_rsb_lock(struct dlm_ls *ls, struct dlm_op *op,
			     const void *name, unsigned int len);
void dlm_rsb_unlock(struct dlm_rsb *r);
void dlm_rsb_free_reserved(struct dlm_rsb *r);
struct dlm_rsb *dlm_rsb_find(struct dlm_ls *ls, const void *name,
			     unsigned int len);
bool dlm_rsb_unused(const struct dlm_rsb *r);
void dlm_rsb_activate(struct dlm_rsb *r);
void dlm_rsb_forget(struct dlm_rsb *r);

/*
 * For the recovery, which runs with the gate shut and empty:
 *
 * dlm_rsb_walk() shows every resource once, dlm_lkb_walk() every lock (one again if the
 * table grows meanwhile), in time linear in their number.  dlm_rsb_set_master() changes a
 * resource's master and that of its process copies.  dlm_rsb_forget_unused() drops what is
 * inactive.
 * dlm_mstcpy_recover() makes a master copy from a LOCK record.
 * dlm_waiter_recover() ends an operation, or marks it for sending again (recovery.md 9.1);
 * dlm_waiter_answered() ends one whose answer comes too late to be understood;
 * dlm_waiters_resend() sends or finishes the marked ones once locking is enabled (9.5).
 * dlm_sweep_zombies() lets the locks of handles go that were closed meanwhile.
 */
typedef void (*dlm_rsb_fn)(struct dlm_rsb *r, void *arg);
typedef void (*dlm_lkb_fn)(struct dlm_lkb *lkb, void *arg);

void dlm_rsb_walk(struct dlm_ls *ls, dlm_rsb_fn fn, void *arg);
void dlm_lkb_walk(struct dlm_ls *ls, dlm_lkb_fn fn, void *arg);
void dlm_rsb_set_master(struct dlm_rsb *r, int nodeid);
void dlm_rsb_forget_unused(struct dlm_ls *ls);

/* dir.c */
int dlm_dir_nodeid(const struct dlm_ls *ls, const void *name, unsigned int len);
int dlm_dir_of_hash(const struct dlm_ls *ls, u32 hash);
bool dlm_dir_shared(const struct dlm_ls *ls);
u32 dlm_dir_hash(const void *name, unsigned int len);

/* lkb.c */
int dlm_lkb_table_init(struct dlm_ls *ls);
void dlm_lkb_table_exit(struct dlm_ls *ls);
unsigned int dlm_lkb_count(struct dlm_ls *ls);
int dlm_lkb_publish(struct dlm_ls *ls, struct dlm_lkb *lkb);
void dlm_lkb_unpublish(struct dlm_ls *ls, struct dlm_lkb *lkb);
struct dlm_lkb *dlm_lkb_lock(struct dlm_ls *ls, u32 id);
struct dlm_rsb *dlm_lkb_lock_rsb(struct dlm_lkb *lkb);
void dlm_lkb_move(struct dlm_lkb *lkb, enum dlm_lkb_status status);
void dlm_lkb_hold(struct dlm_lkb *lkb, int mode);
void dlm_lkb_queue(struct dlm_lkb *lkb, enum dlm_lkb_status status);
void dlm_lkb_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status);
void dlm_lkb_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode);
void dlm_lkb_end(struct dlm_lkb *lkb);
void dlm_lkb_init(struct dlm_lkb *lkb, const struct dlm_lkb_ops *ops,
		  struct dlm_rsb *r, u16 flags);
typedef void (*dlm_flagged_fn)(struct dlm_lkb *lkb, struct dlm_fx *fx);
int dlm_each_flagged(struct dlm_ls *ls, u16 flag, dlm_flagged_fn fn,
		     struct dlm_fx *fx);

/* lvb.c */
void dlm_lvb_on_grant(struct dlm_lkb *lkb);
void dlm_lvb_on_unlock(struct dlm_lkb *lkb);

/* mstcpy.c: copies of locks that are held on other nodes */
extern const struct dlm_lkb_ops dlm_mstcpy_ops;
struct dlm_lkb *dlm_mstcpy_alloc(void);
void dlm_mstcpy_free(struct dlm_lkb *lkb);
int dlm_mstcpy_attach(struct dlm_rsb *r, struct dlm_lkb *lkb, int nodeid,
		      u32 remid);
int dlm_mstcpy_recover(struct dlm_rsb *r, struct dlm_lkb *lkb, int nodeid,
		       const struct dlm_w_lock *rec, char *lvb);
bool dlm_can_tell(const struct dlm_lkb *lkb, struct dlm_fx *fx);

/* send.c */
int dlm_result_to_wire(int result);
int dlm_result_from_wire(int result);
int dlm_fx_reserve(struct dlm_ls *ls, struct dlm_fx *fx, unsigned int n,
		   gfp_t gfp);
void dlm_send_op(struct dlm_lkb *lkb, enum dlm_msg_type type,
		 struct dlm_fx *fx);
void dlm_send_reply(struct dlm_lkb *lkb, enum dlm_msg_type type, int result,
		    struct dlm_fx *fx);
void dlm_send_bast(struct dlm_lkb *lkb, int mode, struct dlm_fx *fx);
void dlm_send_error(struct dlm_ls *ls, int nodeid, const struct dlm_w_msg *msg,
		    enum dlm_msg_type type, int result, struct dlm_fx *fx);
void dlm_send_lookup_reply(struct dlm_ls *ls, int nodeid,
			   const struct dlm_w_msg *msg, int master,
			   struct dlm_fx *fx);
void dlm_send_remove(struct dlm_rsb *r, int nodeid, struct dlm_fx *fx);
void dlm_send_purge(struct dlm_ls *ls, int nodeid, u32 pid, struct dlm_fx *fx);

/* waiters.c: operations whose reply is awaited */
bool dlm_must_send(struct dlm_rsb *r, int *nodeid);
void dlm_ask(struct dlm_lkb *lkb, struct dlm_fx *fx);
bool dlm_lookup_next(struct dlm_rsb *r, struct dlm_fx *fx);
void dlm_first_done(struct dlm_lkb *lkb);
bool dlm_remote_busy(const struct dlm_lkb *lkb);
void dlm_convert_send(struct dlm_lkb *lkb, struct dlm_fx *fx);
int dlm_cancel_check(const struct dlm_lkb *lkb);
void dlm_cancel_send(struct dlm_lkb *lkb, struct dlm_fx *fx, int status);
int dlm_unlock_check(const struct dlm_lkb *lkb, bool force);
void dlm_unlock_send(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_wait_end(struct dlm_lkb *lkb);
bool dlm_overlap_ends(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_wait_unlocked(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_wait_cancelled(struct dlm_lkb *lkb, struct dlm_fx *fx);

/* recover_waiters.c */
void dlm_waiter_recover(struct dlm_lkb *lkb, struct dlm_fx *fx, bool gone);
void dlm_waiter_answered(struct dlm_lkb *lkb, struct dlm_fx *fx);
int dlm_waiters_resend(struct dlm_ls *ls, struct dlm_fx *fx);

/* recv.c */
int dlm_recv_msg(struct dlm_ls *ls, int nodeid, const struct dlm_w_msg *msg,
		 unsigned int len, bool stored, struct dlm_fx *fx);

/* later.c: what is owed to resources, and those that are kept unused */
void dlm_later_init(struct dlm_ls *ls);
void dlm_owe(struct dlm_rsb *r, unsigned int delay_ms);
void dlm_age(struct dlm_rsb *r);
void dlm_unlist(struct dlm_rsb *r);
int dlm_later_run(struct dlm_ls *ls, struct dlm_fx *fx);
unsigned int dlm_later_work(struct dlm_ls *ls, ktime_t now);

/* grant.c */
int dlm_alternative_mode(const struct dlm_lkb *lkb);
bool dlm_excluded(const struct dlm_lkb *lkb, int mode);
bool dlm_grant_now(struct dlm_lkb *lkb, int *err);
void dlm_grant(struct dlm_lkb *lkb);
bool dlm_grant_converts(struct dlm_rsb *r, struct dlm_fx *fx,
			int *high, bool *cw);
void dlm_grant_pending(struct dlm_rsb *r, struct dlm_fx *fx);
void dlm_bast_granted(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_bast_all(struct dlm_lkb *lkb, struct dlm_fx *fx);

/* master.c: what the master does; the result is what a reply would carry */
int dlm_master_request(struct dlm_lkb *lkb);
void dlm_master_request_effects(struct dlm_lkb *lkb, struct dlm_fx *fx, int result);
int dlm_master_convert(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_master_convert_effects(struct dlm_lkb *lkb, struct dlm_fx *fx, int result);
int dlm_master_unlock(struct dlm_lkb *lkb);
int dlm_master_cancel(struct dlm_lkb *lkb);

/* owner.c */
bool dlm_owner_add(struct dlm_owner *owner, struct dlm_lkb *lkb);
void dlm_owner_drop(struct dlm_lkb *lkb);
void dlm_ls_drop_locks(struct dlm_ls *ls);
bool dlm_has_zombies(struct dlm_ls *ls);
int dlm_sweep_zombies(struct dlm_ls *ls);
int dlm_purge_inside(struct dlm_ls *ls, u32 pid, struct dlm_fx *fx);
unsigned int dlm_ls_users(struct dlm_ls *ls);

/* lockspace.c */
void dlm_ls_release_all(struct dlm_node *node);

/* request.c */
int dlm_lock_check_flags(u32 flags, int mode);
int dlm_unlock_check_flags(u32 flags);
void dlm_request_here(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_convert_here(struct dlm_lkb *lkb, struct dlm_fx *fx);
void dlm_unlock_locked(struct dlm_lkb *lkb, struct dlm_fx *fx, bool silent);
int dlm_cancel_locked(struct dlm_lkb *lkb, struct dlm_fx *fx, int status);

/* timeout.c */
int dlm_watch_reserve(struct dlm_ls *ls, struct dlm_op *op);
void dlm_watch_adopt(struct dlm_lkb *lkb, struct dlm_op *op);
void dlm_watch_start(struct dlm_lkb *lkb);
void dlm_watch_stop(struct dlm_lkb *lkb);
void dlm_watch_free(struct dlm_lkb *lkb);
void dlm_watch_init(struct dlm_ls *ls);
void dlm_watch_exit(struct dlm_ls *ls);
void dlm_watch_scan(struct dlm_ls *ls, ktime_t now);

#endif
