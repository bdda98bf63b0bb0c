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

struct dlm_ls;

/* dlm_rsb.flags */
#define DLM_RSB_LVB		0x01	/* @lvb holds a value block */
#define DLM_RSB_LVB_INVALID	0x02	/* VALNOTVALID: not written since its writer died */
#define DLM_RSB_DEAD		0x04	/* out of the name table, about to be freed */
#define DLM_RSB_RECOVER_GRANT	0x08	/* grant pass ignores the convert queue's order */

/**
 * struct dlm_rsb - one resource: a name that locks are taken on
 *
 * Lifetime: made by the first request for a name; dies, under @lock, when its
 * last lock is gone (dlm_rsb_unlock()), and is freed after an RCU grace period.
 * Whoever finds one under rcu_read_lock() takes @lock and looks at
 * DLM_RSB_DEAD.  A dead resource is out of the table before @lock is dropped, so
 * that a new look-up cannot find it.
 *
 * @node: name table, RCU
 * @ls: its lockspace
 * @lock: guards all that follows and the locks on the queues
 * @flags: DLM_RSB_*
 * @granted: locks that hold a mode; the order means nothing
 * @convert: conversions that wait, in order
 * @wait: new requests that wait, in order
 * @rcu: replaces @granted once dead
 * @lvb: lvblen bytes, or NULL; holds a value block only with DLM_RSB_LVB
 * @lvbseq: counts writes of the value block
 * @nodeid: the master, 0 for this node
 * @len: bytes of @name
 * @name: not terminated
 */
struct dlm_rsb {
	struct rhash_head	node;
	struct dlm_ls		*ls;
	spinlock_t		lock;	/* all below, and the locks on the queues */
	u32			flags;
	union {
		struct list_head	granted;
		struct rcu_head		rcu;
	};
	struct list_head	convert;
	struct list_head	wait;
	char			*lvb;
	u32			lvbseq;
	int			nodeid;
	u8			len;
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

/* rsb.c */
int dlm_rsb_caches_init(void);
void dlm_rsb_caches_exit(void);
int dlm_rsb_table_init(struct dlm_ls *ls);
void dlm_rsb_table_exit(struct dlm_ls *ls);
struct dlm_rsb *dlm_rsb_lock(struct dlm_ls *ls, struct dlm_op *op,
			     const void *name, unsigned int len);
void dlm_rsb_unlock(struct dlm_rsb *r);
void dlm_rsb_free_reserved(struct dlm_rsb *r);

/* lkb.c */
int dlm_lkb_table_init(struct dlm_ls *ls);
void dlm_lkb_table_exit(struct dlm_ls *ls);
unsigned int dlm_lkb_count(struct dlm_ls *ls);
int dlm_lkb_publish(struct dlm_ls *ls, struct dlm_lkb *lkb);
void dlm_lkb_unpublish(struct dlm_ls *ls, struct dlm_lkb *lkb);
struct dlm_lkb *dlm_lkb_lock(struct dlm_ls *ls, u32 id);
struct dlm_rsb *dlm_lkb_lock_rsb(struct dlm_lkb *lkb);
void dlm_lkb_move(struct dlm_lkb *lkb, enum dlm_lkb_status status);
void dlm_lkb_queue(struct dlm_lkb *lkb, enum dlm_lkb_status status);
void dlm_lkb_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status);
void dlm_lkb_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode);
void dlm_lkb_end(struct dlm_lkb *lkb);

/* lvb.c */
void dlm_lvb_on_grant(struct dlm_lkb *lkb);
void dlm_lvb_on_unlock(struct dlm_lkb *lkb);

/* grant.c */
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

/* lockspace.c */
void dlm_ls_release_all(struct dlm_node *node);

/* request.c */
int dlm_lock_check_flags(u32 flags, int mode);
int dlm_unlock_check_flags(u32 flags);
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
