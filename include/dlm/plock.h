/* SPDX-License-Identifier: GPL-2.0 */
/*
 * POSIX locks are the control daemon's business (control-plane.md 7); a node has
 * only the two queues of requests to it.  dlm_user/plock.c.
 */
#ifndef _DLM_PLOCK_H
#define _DLM_PLOCK_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <dlm/compat.h>
#include <uapi/linux/dlm_plock.h>

struct dlm_ls;
struct dlm_node;
struct file;
struct file_lock;

/* from 6.12 on; its daemons take back a request that waits */
#ifndef DLM_PLOCK_OP_CANCEL
#define DLM_PLOCK_OP_CANCEL	4
#endif

/**
 * struct dlm_plocks - a node's requests to its control daemon
 * @lock: guards both lists and what is on them; leaf
 * @requests: not read by the daemon yet, oldest first
 * @asked: read, but not answered, in the order of reading
 * @readers: the daemon, waiting in poll()
 */
struct dlm_plocks {
	spinlock_t		lock;	/* both lists and what is on them */
	struct list_head	requests;
	struct list_head	asked;
	wait_queue_head_t	readers;
};

static inline void dlm_plocks_init(struct dlm_plocks *q)
{
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->requests);
	INIT_LIST_HEAD(&q->asked);
	init_waitqueue_head(&q->readers);
}

void dlm_plocks_exit(struct dlm_plocks *q);
int dlm_plocks_read(struct dlm_plocks *q, struct dlm_plock_info *info);
int dlm_plocks_write(struct dlm_plocks *q, const struct dlm_plock_info *info);

int dlm_plock_lock(struct dlm_ls *ls, u64 number, struct file *file,
		   struct file_lock *fl);
int dlm_plock_unlock(struct dlm_ls *ls, u64 number, struct file *file,
		     struct file_lock *fl);
int dlm_plock_get(struct dlm_ls *ls, u64 number, struct file_lock *fl);
int dlm_plock_cancel(struct dlm_ls *ls, u64 number, struct file *file,
		     struct file_lock *fl);

#endif
