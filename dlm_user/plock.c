// SPDX-License-Identifier: GPL-2.0
/*
 * dlm_plock: POSIX locks of cluster file systems (control-plane.md 7, kernel-api.md 8).
 *
 * The control daemon decides about them.  A request waits in plocks->requests
 * until the daemon reads it, then in plocks->asked until the daemon writes the answer.
 * Answers to requests that wait for a lock come in any order and name what they
 * answer; all others come in the order of the requests.  So a request of the second
 * kind must stay on the list even if nobody wants to know the answer any more.
 *
 * Life of a struct plock: made by the task that asks, which frees it when it has
 * the answer.  If the task is killed first, or never waits, the request is an orphan
 * and goes with its answer, or, if none is expected (close), when it is read.
 *
 * plocks->lock is a leaf.  The daemon completes a request under it, so who finds it
 * completed takes the lock once before freeing.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <dlm/core.h>
#include <dlm/plock.h>
#include "user.h"

enum plock_state {
	PLOCK_QUEUED,		/* on plocks->requests */
	PLOCK_ASKED,		/* on plocks->asked */
	PLOCK_ANSWERED,		/* on no list */
};

/**
 * struct plock_async - a request of a lock manager, which waits for a callback
 * @fl: its lock, for the callback
 * @record: a copy, for the VFS
 * @file: the file; holds a reference
 */
struct plock_async {
	struct file_lock	*fl;
	struct file_lock	record;
	struct file		*file;
};

/**
 * struct plock - a request
 * @entry: on one of the lists
 * @info: what the daemon reads; then what it answered
 * @state: enum plock_state
 * @orphan: nobody waits for the answer
 * @done: completed by the answer
 * @async: who is called back with the answer, or NULL
 */
struct plock {
	struct list_head	entry;
	struct dlm_plock_info	info;
	enum plock_state	state;
	bool			orphan;
	struct completion	done;
	struct plock_async	*async;
};

static struct dlm_plocks *plocks_of(const struct dlm_ls *ls)
{
	return &dlm_ls_node(ls)->plocks;
}

static struct plock *plock_alloc(struct dlm_ls *ls, u64 number,
				 const struct file_lock *fl, u8 optype)
{
	struct plock *p = kzalloc(sizeof(*p), GFP_NOIO);

	if (!p)
		return NULL;
	init_completion(&p->done);
	p->info.version[0] = DLM_PLOCK_VERSION_MAJOR;
	p->info.version[1] = DLM_PLOCK_VERSION_MINOR;
	p->info.version[2] = DLM_PLOCK_VERSION_PATCH;
	p->info.optype = optype;
	p->info.ex = dlm_fl(fl, type) == F_WRLCK;
	p->info.pid = dlm_fl(fl, pid);
	p->info.fsid = dlm_ls_id(ls);
	p->info.number = number;
	p->info.start = fl->fl_start;
	p->info.end = fl->fl_end;
	p->info.owner = (unsigned long)dlm_fl(fl, owner);
	return p;
}

static void plock_free(struct plock *p)
{
	if (p->async) {
		fput(p->async->file);
		kfree(p->async);
	}
	kfree(p);
}

/* --- requests ----------------------------------------------------------- */

/* plocks->lock held */
static void enqueue(struct dlm_plocks *q, struct plock *p)
{
	lockdep_assert_held(&q->lock);
	p->state = PLOCK_QUEUED;
	list_add_tail(&p->entry, &q->requests);
	wake_up_all(&q->readers);
}

static void submit(struct dlm_plocks *q, struct plock *p)
{
	spin_lock(&q->lock);
	enqueue(q, p);
	spin_unlock(&q->lock);
}

/* the owner of a lock closes the file: all of its locks there go, no answer */
static void make_close(struct plock *p)
{
	p->info.optype = DLM_PLOCK_OP_UNLOCK;
	p->info.flags = DLM_PLOCK_FL_CLOSE;
	p->info.wait = 0;
	p->info.ex = 0;
	p->info.rv = 0;
	p->info.start = 0;
	p->info.end = OFFSET_MAX;
	p->orphan = true;
}

/*
 * The task that asked gives up; if the daemon had the request, it is told to
 * release what it may grant.
 * Return: true if so; false if there is an answer.
 */
static bool abandon(struct dlm_plocks *q, struct plock *p)
{
	struct plock *dead = NULL;
	bool gone = true;

	spin_lock(&q->lock);
	if (p->state == PLOCK_ANSWERED) {
		gone = false;
	} else if (p->state == PLOCK_QUEUED &&
		   p->info.optype != DLM_PLOCK_OP_UNLOCK) {
		list_del(&p->entry);
		dead = p;
	} else if (p->info.wait) {
		list_del(&p->entry);
		make_close(p);
		enqueue(q, p);
	} else {
		p->orphan = true;
	}
	spin_unlock(&q->lock);
	if (dead)
		plock_free(dead);
	return gone;
}

/* what the daemon said; the request is off the lists and can be freed */
static int answer_of(struct dlm_plocks *q, const struct plock *p)
{
	spin_lock(&q->lock);
	spin_unlock(&q->lock);
	return p->info.rv;
}

/*
 * Ask, and wait for the answer.
 * Return: 0 with *@rv, or -EINTR if the task was killed: then @p is not the caller's
 * any more.
 */
static int ask(struct dlm_plocks *q, struct plock *p, int *rv)
{
	submit(q, p);
	if (wait_for_completion_killable(&p->done) && abandon(q, p))
		return -EINTR;
	*rv = answer_of(q, p);
	return 0;
}

/*
 * Ask the daemon to forget a request that waits for a lock.
 * Return: 0; -EINTR: killed; else it is too late, or the daemon cannot do that.
 */
static int ask_to_cancel(struct dlm_plocks *q, const struct dlm_plock_info *info)
{
	struct plock *cancel;
	int err, rv;

	cancel = kzalloc(sizeof(*cancel), GFP_NOIO);
	if (!cancel)
		return -ENOMEM;
	init_completion(&cancel->done);
	cancel->info = *info;
	cancel->info.optype = DLM_PLOCK_OP_CANCEL;
	cancel->info.wait = 0;
	err = ask(q, cancel, &rv);
	if (err)
		return err;
	plock_free(cancel);
	return rv;
}

/* take it off the list of read (@asked) or unread requests, if it is there */
static bool unlist(struct dlm_plocks *q, struct plock *p, bool asked)
{
	bool was;

	spin_lock(&q->lock);
	was = p->state == (asked ? PLOCK_ASKED : PLOCK_QUEUED);
	if (was)
		list_del(&p->entry);
	spin_unlock(&q->lock);
	return was;
}

/* 0: the caller's request is off the lists; else as ask_to_cancel() */
static int take_back(struct dlm_plocks *q, struct plock *p)
{
	int err;

	if (unlist(q, p, false))
		return 0;
	err = ask_to_cancel(q, &p->info);
	if (err)
		return err;
	return unlist(q, p, true) ? 0 : -ENOENT;
}

/*
 * Wait for a lock.  A signal takes the request back, if the daemon can do that; a
 * deadly one ends the wait in any case.
 * Return: 0 with *@rv, or -EINTR: then @p is not the caller's any more.
 */
static int ask_for_lock(struct dlm_plocks *q, struct plock *p, int *rv)
{
	int err;

	submit(q, p);
	err = wait_for_completion_interruptible(&p->done);
	if (err && !fatal_signal_pending(current)) {
		err = take_back(q, p);
		if (!err) {
			plock_free(p);
			return -EINTR;
		}
		if (err != -EINTR)
			err = wait_for_completion_killable(&p->done);
	}
	if (err && abandon(q, p))
		return -EINTR;
	*rv = answer_of(q, p);
	return 0;
}

/* --- answers ------------------------------------------------------------ */

/* the VFS has to know what the daemon granted; it agrees, unless memory is short */
static void record(struct file *file, struct file_lock *fl, u64 number)
{
	int err = locks_lock_file_wait(file, fl);

	if (err)
		pr_err_ratelimited("dlm: plock: inode %llu: granted, but not recorded: error %d\n",
				   number, err);
}

/* the lock manager does not want it any more: its pid may be gone, so undo both */
static void undo_async(struct dlm_plocks *q, struct plock *p)
{
	dlm_fl(&p->async->record, type) = F_UNLCK;
	locks_lock_file_wait(p->async->file, &p->async->record);
	fput(p->async->file);
	kfree(p->async);
	p->async = NULL;
	p->info.optype = DLM_PLOCK_OP_UNLOCK;
	p->info.wait = 0;
	p->info.flags = DLM_PLOCK_FL_CLOSE;
	p->orphan = true;
	submit(q, p);
}

static void tell_manager(struct dlm_plocks *q, struct plock *p)
{
	struct file_lock *fl = p->async->fl;
	int rv = p->info.rv;

	if (!rv) {
		dlm_fl(&p->async->record, flags) &= ~FL_SLEEP;
		record(p->async->file, &p->async->record, p->info.number);
	}
	if (fl->fl_lmops->lm_grant(fl, rv) && !rv)
		undo_async(q, p);
	else
		plock_free(p);
}

static bool is_answer_to(const struct dlm_plock_info *a,
			 const struct dlm_plock_info *b)
{
	if (a->fsid != b->fsid || !a->wait != !b->wait)
		return false;
	return !a->wait ||
	       (a->number == b->number && a->owner == b->owner &&
		a->pid == b->pid && a->start == b->start && a->end == b->end &&
		!a->ex == !b->ex);
}

/* off the list, if it was there; plocks->lock held */
static struct plock *find_asked(struct dlm_plocks *q,
				const struct dlm_plock_info *info)
{
	struct plock *p;

	list_for_each_entry(p, &q->asked, entry) {
		if (!is_answer_to(info, &p->info))
			continue;
		list_del(&p->entry);
		p->state = PLOCK_ANSWERED;
		return p;
	}
	return NULL;
}

/**
 * dlm_plocks_write - the daemon answers
 * @q: the node's queues
 * @info: the answer; one that nobody waits for is ignored
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a version that we do not know.
 */
int dlm_plocks_write(struct dlm_plocks *q, const struct dlm_plock_info *info)
{
	struct plock *p, *dead = NULL, *async = NULL;

	if (info->version[0] != DLM_PLOCK_VERSION_MAJOR ||
	    info->version[1] > DLM_PLOCK_VERSION_MINOR)
		return -EINVAL;
	spin_lock(&q->lock);
	p = find_asked(q, info);
	if (!p)
		goto out;
	if (p->orphan) {
		if (p->info.optype == DLM_PLOCK_OP_LOCK && !info->rv) {
			make_close(p);
			enqueue(q, p);
		} else {
			dead = p;
		}
		goto out;
	}
	if (p->info.optype == DLM_PLOCK_OP_GET)
		p->info = *info;
	p->info.rv = info->rv;
	if (p->async)
		async = p;
	else
		complete(&p->done);
out:
	spin_unlock(&q->lock);
	if (dead)
		plock_free(dead);
	if (async)
		tell_manager(q, async);
	return 0;
}

/* the oldest request; those without answer are off the lists then */
static struct plock *take(struct dlm_plocks *q, struct dlm_plock_info *info)
{
	struct plock *p;

	spin_lock(&q->lock);
	p = list_first_entry_or_null(&q->requests, struct plock, entry);
	if (p) {
		*info = p->info;
		if (p->info.flags & DLM_PLOCK_FL_CLOSE) {
			list_del(&p->entry);
		} else {
			p->state = PLOCK_ASKED;
			list_move_tail(&p->entry, &q->asked);
		}
	}
	spin_unlock(&q->lock);
	return p;
}

/**
 * dlm_plocks_read - the daemon reads the oldest request
 * @q: the node's queues
 * @info: filled in
 *
 * Context: any but interrupts.
 * Return: 0; -EAGAIN if there is none.
 */
int dlm_plocks_read(struct dlm_plocks *q, struct dlm_plock_info *info)
{
	struct plock *p = take(q, info);

	if (!p)
		return -EAGAIN;
	if (info->flags & DLM_PLOCK_FL_CLOSE)
		plock_free(p);
	return 0;
}

/**
 * dlm_plocks_exit - a node ends: forget what nobody waits for
 * @q: the node's queues; nobody asks any more
 */
void dlm_plocks_exit(struct dlm_plocks *q)
{
	struct plock *p, *next;
	LIST_HEAD(all);

	spin_lock(&q->lock);
	list_splice_init(&q->requests, &all);
	list_splice_tail_init(&q->asked, &all);
	spin_unlock(&q->lock);
	list_for_each_entry_safe(p, next, &all, entry)
		plock_free(p);
}

/* --- what file systems call --------------------------------------------- */

static bool is_async(const struct file_lock *fl)
{
	return fl->fl_lmops && fl->fl_lmops->lm_grant;
}

static int lock_async(struct dlm_plocks *q, struct plock *p, struct file *file,
		      struct file_lock *fl)
{
	struct plock_async *async = kzalloc(sizeof(*async), GFP_NOIO);

	if (!async) {
		plock_free(p);
		return -ENOMEM;
	}
	async->fl = fl;
	async->file = get_file(file);
	locks_init_lock(&async->record);
	locks_copy_lock(&async->record, fl);
	p->async = async;
	submit(q, p);
	return FILE_LOCK_DEFERRED;
}

/**
 * dlm_plock_lock - lock a range of a file
 * @ls: lockspace of the file system
 * @number: inode number
 * @file: the file
 * @fl: the lock: kind, range, owner; FL_SLEEP to wait for it
 *
 * Context: sleeps until the control daemon answers; with FL_SLEEP interruptibly if the
 * daemon can take requests back, killably in any case.
 * Return: 0; FILE_LOCK_DEFERRED: a lock manager's callback will tell; -EINTR; -ENOMEM;
 * what the daemon says: -EAGAIN, -ENOSYS, -EEXIST ...
 */
int dlm_plock_lock(struct dlm_ls *ls, u64 number, struct file *file,
		   struct file_lock *fl)
{
	struct dlm_plocks *q = plocks_of(ls);
	struct plock *p;
	int err, rv;

	p = plock_alloc(ls, number, fl, DLM_PLOCK_OP_LOCK);
	if (!p)
		return -ENOMEM;
	p->info.wait = !!(dlm_fl(fl, flags) & FL_SLEEP);
	if (is_async(fl))
		return lock_async(q, p, file, fl);
	err = p->info.wait ? ask_for_lock(q, p, &rv) : ask(q, p, &rv);
	if (err)
		return err;
	if (!rv)
		record(file, fl, number);
	plock_free(p);
	return rv;
}

/* 0 if the VFS knows that nothing is locked there, else 1 */
static int forget(struct file *file, struct file_lock *fl)
{
	unsigned int flags = dlm_fl(fl, flags);
	int err;

	dlm_fl(fl, flags) |= FL_EXISTS;
	err = locks_lock_file_wait(file, fl);
	dlm_fl(fl, flags) = flags;
	return err != -ENOENT;
}

/**
 * dlm_plock_unlock - unlock a range of a file
 * @ls: lockspace of the file system
 * @number: inode number
 * @file: the file
 * @fl: range and owner; with FL_CLOSE nobody waits for the daemon
 *
 * Context: sleeps, killably: the daemon gets the request all the same.
 * Return: 0, also if nothing was locked; -EINTR; -ENOMEM; what the daemon says.
 */
int dlm_plock_unlock(struct dlm_ls *ls, u64 number, struct file *file,
		     struct file_lock *fl)
{
	struct dlm_plocks *q = plocks_of(ls);
	struct plock *p;
	int err, rv;

	p = plock_alloc(ls, number, fl, DLM_PLOCK_OP_UNLOCK);
	if (!p)
		return -ENOMEM;
	if (!forget(file, fl)) {
		plock_free(p);
		return 0;
	}
	if (dlm_fl(fl, flags) & FL_CLOSE) {
		p->info.flags = DLM_PLOCK_FL_CLOSE;
		p->orphan = true;
		submit(q, p);
		return 0;
	}
	err = ask(q, p, &rv);
	if (err)
		return err;
	plock_free(p);
	return rv == -ENOENT ? 0 : rv;
}

/* who is in the way, as the daemon says */
static void fill_conflict(struct file_lock *fl, const struct dlm_plock_info *info,
			  int our_nodeid)
{
	pid_t pid = info->pid;

	locks_init_lock(fl);
	dlm_fl(fl, type) = info->ex ? F_WRLCK : F_RDLCK;
	dlm_fl(fl, flags) = FL_POSIX;
	dlm_fl(fl, pid) = info->nodeid == our_nodeid ? pid : -pid;
	fl->fl_start = info->start;
	fl->fl_end = info->end;
}

/**
 * dlm_plock_get - would a lock meet another?
 * @ls: lockspace of the file system
 * @number: inode number
 * @fl: the lock; becomes the one in the way, whose pid is negative if it is another
 *	node's, or of type F_UNLCK if there is none
 *
 * Context: sleeps, killably.
 * Return: 0; -EINTR; -ENOMEM; what the daemon says.
 */
int dlm_plock_get(struct dlm_ls *ls, u64 number, struct file_lock *fl)
{
	struct plock *p;
	int err, rv;

	p = plock_alloc(ls, number, fl, DLM_PLOCK_OP_GET);
	if (!p)
		return -ENOMEM;
	err = ask(plocks_of(ls), p, &rv);
	if (err)
		return err;
	if (rv > 0) {
		fill_conflict(fl, &p->info, dlm_ls_node(ls)->nodeid);
		rv = 0;
	} else if (!rv || rv == -ENOENT) {
		dlm_fl(fl, type) = F_UNLCK;
		rv = 0;
	}
	plock_free(p);
	return rv;
}

/* the request of a lock manager; NULL if it is answered; plocks->lock held */
static struct plock *find_async(struct dlm_plocks *q, const struct file_lock *fl)
{
	struct list_head *lists[] = { &q->requests, &q->asked };
	struct plock *p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		list_for_each_entry(p, lists[i], entry)
			if (p->async && p->async->fl == fl)
				return p;
	return NULL;
}

/*
 * Take a lock manager's request off the lists, if the daemon need not be asked.
 * Return: the request; NULL with *@info if it must be asked; -ENOENT if it is
 * answered.
 */
static struct plock *take_async(struct dlm_plocks *q, const struct file_lock *fl,
				bool cancelled, struct dlm_plock_info *info)
{
	struct plock *p;

	spin_lock(&q->lock);
	p = find_async(q, fl);
	if (!p) {
		p = ERR_PTR(-ENOENT);
	} else if (cancelled || p->state == PLOCK_QUEUED) {
		list_del(&p->entry);
		p->state = PLOCK_ANSWERED;
	} else {
		*info = p->info;
		p = NULL;
	}
	spin_unlock(&q->lock);
	return p;
}

static int unlock_granted(struct dlm_ls *ls, u64 number, struct file *file,
			  struct file_lock *fl)
{
	unsigned char type = dlm_fl(fl, type);
	int err;

	dlm_fl(fl, type) = F_UNLCK;
	err = dlm_plock_unlock(ls, number, file, fl);
	dlm_fl(fl, type) = type;
	return err;
}

/**
 * dlm_plock_cancel - a lock manager does not want to wait any longer
 * @ls: lockspace of the file system
 * @number: inode number
 * @file: the file
 * @fl: the lock that dlm_plock_lock() deferred
 *
 * Context: sleeps, killably.
 * Return: -EINTR: taken back, the callback was told so; 0: it was granted, and is
 * unlocked now; -EOPNOTSUPP: it is no lock manager's; -ENOMEM; what the daemon says.
 */
int dlm_plock_cancel(struct dlm_ls *ls, u64 number, struct file *file,
		     struct file_lock *fl)
{
	struct dlm_plocks *q = plocks_of(ls);
	struct dlm_plock_info info;
	struct plock *p;
	int err = 0;

	if (!is_async(fl))
		return -EOPNOTSUPP;
	p = take_async(q, fl, false, &info);
	if (!p) {
		err = ask_to_cancel(q, &info);
		if (!err)
			p = take_async(q, fl, true, &info);
	}
	if (err == -ENOENT || IS_ERR(p))
		return unlock_granted(ls, number, file, fl);
	if (err)
		return err;
	p->info.rv = -EINTR;
	tell_manager(q, p);
	return -EINTR;
}

/* --- the device --------------------------------------------------------- */

/* a reader whose memory is bad must not cost a request */
static void put_back(struct dlm_plocks *q, struct plock *p, bool close)
{
	struct plock *other;

	spin_lock(&q->lock);
	if (close) {
		list_add(&p->entry, &q->requests);
		goto out;
	}
	list_for_each_entry(other, &q->asked, entry) {
		if (other != p)
			continue;
		p->state = PLOCK_QUEUED;
		list_move(&p->entry, &q->requests);
		break;
	}
out:
	spin_unlock(&q->lock);
}

static ssize_t plock_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	struct dlm_node *node = file->private_data;
	struct dlm_plock_info info;
	struct plock *p;
	bool close;

	if (count < sizeof(info))
		return -EINVAL;
	p = take(&node->plocks, &info);
	if (!p)
		return -EAGAIN;
	close = info.flags & DLM_PLOCK_FL_CLOSE;
	if (copy_to_user(buf, &info, sizeof(info))) {
		put_back(&node->plocks, p, close);
		return -EFAULT;
	}
	if (close)
		plock_free(p);
	return sizeof(info);
}

static ssize_t plock_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct dlm_node *node = file->private_data;
	struct dlm_plock_info info;

	if (count != sizeof(info))
		return -EINVAL;
	if (copy_from_user(&info, buf, sizeof(info)))
		return -EFAULT;
	return dlm_plocks_write(&node->plocks, &info) ?: count;
}

static __poll_t plock_poll(struct file *file, poll_table *wait)
{
	struct dlm_node *node = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &node->plocks.readers, wait);
	spin_lock(&node->plocks.lock);
	if (!list_empty(&node->plocks.requests))
		mask = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&node->plocks.lock);
	return mask;
}

static int plock_open(struct inode *inode, struct file *file)
{
	struct dlm_node *node = dlm_node_of_current();

	dlm_node_get(node);
	file->private_data = node;
	return 0;
}

static int plock_release(struct inode *inode, struct file *file)
{
	dlm_node_put(file->private_data);
	return 0;
}

static const struct file_operations plock_fops = {
	.owner		= THIS_MODULE,
	.open		= plock_open,
	.release	= plock_release,
	.read		= plock_read,
	.write		= plock_write,
	.poll		= plock_poll,
	.llseek		= noop_llseek,
};

static struct miscdevice plock_device = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= DLM_PLOCK_MISC_NAME,
	.nodename	= "misc/" DLM_PLOCK_MISC_NAME,
	.mode		= 0600,
	.fops		= &plock_fops,
};

/**
 * dlm_plock_init - register dlm_plock
 *
 * Return: 0 or a negative errno.
 */
int dlm_plock_init(void)
{
	static_assert(sizeof(struct dlm_plock_info) == 64);

	return misc_register(&plock_device);
}

/**
 * dlm_plock_exit - undo dlm_plock_init()
 */
void dlm_plock_exit(void)
{
	misc_deregister(&plock_device);
}
