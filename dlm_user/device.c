// SPDX-License-Identifier: GPL-2.0
/*
 * Lockspace devices: open, write, read, poll, close (user-abi.md 3, 6 to 11).
 *
 * A handle whose lockspace was released is dead: requests fail, reads sleep,
 * only closing works.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <dlm/trace.h>
#include "user.h"

/* --- requests ----------------------------------------------------------- */

static void op_init(struct dlm_user_op *uop, struct dlm_user_proc *proc,
		    const struct dlm_user_req *req)
{
	const struct dlm_lock_params *p = &req->r.i.lock;

	uop->op = (struct dlm_op){
		.ops	    = &dlm_user_lkb_ops,
		.owner	    = &proc->owner,
		.flags	    = p->flags,
		.mode	    = p->mode,
		.lkb_flags  = DLM_LKB_USER | DLM_LKB_BAST,
		.pid	    = task_pid_nr(current),
		.timeout_cs = min_t(u64, p->timeout, U32_MAX),
	};
	uop->params = p;
	uop->cmd = req->r.cmd;
	uop->result = NULL;
	uop->extra = NULL;
}

/*
 * Memory for what the operation will leave to be read.  A second result is
 * needed only if a blocking callback waits whose pointers the operation changes; one
 * that arises meanwhile arose during the operation and may have its pointers.
 */
static int op_reserve(struct dlm_user_op *uop, struct dlm_user_proc *proc,
		      bool completes)
{
	if (completes) {
		uop->result = dlm_result_get(proc);
		if (!uop->result)
			return -ENOMEM;
	}
	if (READ_ONCE(proc->basts)) {
		uop->extra = dlm_result_get(proc);
		if (!uop->extra) {
			dlm_result_put(proc, uop->result);
			return -ENOMEM;
		}
	}
	return 0;
}

static void op_end(struct dlm_user_op *uop, struct dlm_user_proc *proc)
{
	dlm_result_put(proc, uop->extra);
	dlm_result_put(proc, uop->result);
}

static int lock_new(struct dlm_user_proc *proc, struct dlm_user_op *uop)
{
	const struct dlm_lock_params *p = uop->params;
	struct dlm_user_lock *lock;
	int err;

	lock = dlm_user_lock_alloc(p);
	if (!lock)
		return -ENOMEM;
	uop->result = dlm_result_get(proc);
	err = -ENOMEM;
	if (uop->result)
		err = dlm_request(proc->owner.ls, &uop->op, &lock->lkb,
				  p->name, p->namelen);
	if (err)
		dlm_user_lock_free(lock);
	op_end(uop, proc);
	return err ?: uop->op.lkid;
}

static int lock_convert(struct dlm_user_proc *proc, struct dlm_user_op *uop)
{
	int err;

	err = op_reserve(uop, proc, true);
	if (err)
		return err;
	uop->op.lvb_in = uop->params->lvb;
	err = dlm_convert(proc->owner.ls, &uop->op, uop->params->lkid);
	op_end(uop, proc);
	return err;
}

static int lock_adopt(struct dlm_user_proc *proc, struct dlm_user_op *uop)
{
	const struct dlm_lock_params *p = uop->params;
	int err;

	err = dlm_orphan_adopt(proc->owner.ls, &uop->op, p->name, p->namelen);
	return err ?: uop->op.lkid;
}

static int do_lock(struct dlm_user_proc *proc, const struct dlm_user_req *req)
{
	const struct dlm_lock_params *p = &req->r.i.lock;
	struct dlm_user_op uop;

	if (!p->castaddr || !p->lksb)
		return -EINVAL;
	op_init(&uop, proc, req);
	if (p->flags & DLM_LKF_CONVERT)
		return lock_convert(proc, &uop);
	if (p->namelen > req->tail)
		return -EINVAL;
	if (p->flags & DLM_LKF_ORPHAN)
		return lock_adopt(proc, &uop);
	return lock_new(proc, &uop);
}

static int do_unlock(struct dlm_user_proc *proc, const struct dlm_user_req *req)
{
	bool cancel = req->r.i.lock.flags & DLM_LKF_CANCEL;
	u32 lkid = req->r.i.lock.lkid;
	struct dlm_user_op uop;
	int err;

	op_init(&uop, proc, req);
	/* a cancel ends an operation that has its result already */
	err = op_reserve(&uop, proc, !cancel);
	if (err)
		return err;
	if (cancel)
		err = dlm_cancel_id(proc->owner.ls, &uop.op, lkid, -DLM_ECANCEL);
	else
		err = dlm_unlock_id(proc->owner.ls, &uop.op, lkid);
	op_end(&uop, proc);
	return err;
}

static int do_deadlock(struct dlm_user_proc *proc,
		       const struct dlm_user_req *req)
{
	struct dlm_user_op uop;

	op_init(&uop, proc, req);
	return dlm_cancel_id(proc->owner.ls, &uop.op, req->r.i.lock.lkid,
			     -EDEADLK);
}

static int purge_own(struct dlm_user_proc *proc)
{
	u32 mark = dlm_queue_mark(proc);
	int err;

	err = dlm_owner_purge(&proc->owner);
	if (!err)
		dlm_queue_forget(proc, mark);
	return err;
}

static int do_purge(struct dlm_user_proc *proc, const struct dlm_user_req *req)
{
	const struct dlm_purge_params *p = &req->r.i.purge;
	struct dlm_ls *ls = proc->owner.ls;

	if (!dlm_ls_alive(ls))
		return -ENOENT;
	if (p->nodeid && p->nodeid != dlm_ls_node(ls)->nodeid)
		return dlm_purge_remote(ls, p->nodeid, p->pid);
	if (p->pid == task_pid_nr(current))
		return purge_own(proc);
	return dlm_orphans_purge(ls, p->pid);
}

typedef int (*request_fn)(struct dlm_user_proc *proc, const struct dlm_user_req *req);

static const request_fn requests[] = {
	[DLM_USER_LOCK]		= do_lock,
	[DLM_USER_UNLOCK]	= do_unlock,
	[DLM_USER_PURGE]	= do_purge,
	[DLM_USER_DEADLOCK]	= do_deadlock,
};

static ssize_t bad_write(struct dlm_user_proc *proc, int err)
{
	dlm_node_count(dlm_ls_node(proc->owner.ls), DLM_NS_BAD_WRITE);
	return err;
}

static ssize_t device_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	struct dlm_user_proc *proc = file->private_data;
	struct dlm_user_req req;
	request_fn fn = NULL;
	int err;

	err = dlm_req_read(&req, buf, count);
	if (err)
		return bad_write(proc, err);
	if (req.compat && !READ_ONCE(proc->compat))
		WRITE_ONCE(proc->compat, true);
	if (req.r.cmd < ARRAY_SIZE(requests))
		fn = requests[array_index_nospec(req.r.cmd, ARRAY_SIZE(requests))];
	if (!fn)
		return bad_write(proc, -EINVAL);
	return fn(proc, &req);
}

/* --- results ------------------------------------------------------------ */

static bool readable(const struct dlm_user_proc *proc)
{
	return !list_empty(&proc->queue) && dlm_ls_alive(proc->owner.ls);
}

/* the resource may be gone by now, so its name is not told */
static void trace_read(const struct dlm_user_proc *proc,
		       const struct dlm_user_result *res)
{
	if (res->entry.bast_mode)
		trace_dlm_bast(dlm_ls_id(proc->owner.ls), res->lkid,
			       res->entry.bast_mode, NULL, 0);
	else
		trace_dlm_ast(dlm_ls_id(proc->owner.ls), res->lkid,
			      res->entry.sbflags, res->status, NULL, 0);
}

/* the next thing to read, or an errno */
static struct dlm_user_result *take_or_wait(struct dlm_user_proc *proc,
					    struct dlm_user_result *bast,
					    bool nonblock)
{
	struct dlm_user_result *res;
	int err;

	for (;;) {
		if (readable(proc)) {
			res = dlm_queue_take(proc, bast);
			if (res)
				return res;
		}
		if (nonblock)
			return ERR_PTR(-EAGAIN);
		err = wait_event_interruptible(proc->wait, readable(proc));
		if (err)
			return ERR_PTR(err);
	}
}

static ssize_t device_read(struct file *file, char __user *buf, size_t count,
			   loff_t *ppos)
{
	struct dlm_user_proc *proc = file->private_data;
	struct dlm_user_result *res, bast;
	struct dlm_user_out out;
	unsigned int len;
	bool compat;

	if (count == sizeof(struct dlm_device_version))
		return dlm_version_read(buf);
	if (count < dlm_result_size(READ_ONCE(proc->compat)))
		return -EINVAL;

	res = take_or_wait(proc, &bast, file->f_flags & O_NONBLOCK);
	if (IS_ERR(res))
		return PTR_ERR(res);
	/* a reader may have come before the first request told its form */
	compat = READ_ONCE(proc->compat);
	len = dlm_result_encode(&out, compat, count, res);
	if (copy_to_user(buf, out.raw, len)) {
		dlm_queue_put_back(proc, res, &bast);
		return -EFAULT;
	}
	trace_read(proc, res);
	if (res != &bast)
		dlm_result_put(proc, res);
	return len;
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct dlm_user_proc *proc = file->private_data;

	poll_wait(file, &proc->wait, wait);
	/* pairs with wq_has_sleeper(): either it sees us or we see the result */
	smp_mb();
	return readable(proc) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* --- open and close ----------------------------------------------------- */

/* under the misc core's mutex, so the device stays */
static int device_open(struct inode *inode, struct file *file)
{
	struct dlm_user_dev *dev =
		container_of(file->private_data, struct dlm_user_dev, misc);
	struct dlm_user_proc *proc;
	struct dlm_ls *ls;

	ls = dlm_ls_find(dlm_node_of_current(), dev->name, dev->namelen);
	if (!ls)
		return -ENOENT;
	/* a kernel user's lockspace may have the same name in this namespace */
	if (dlm_ls_client(ls) != dev) {
		dlm_ls_put(ls);
		return -ENOENT;
	}
	proc = dlm_proc_create(ls, dev);
	if (!proc) {
		dlm_ls_put(ls);
		return -ENOMEM;
	}
	kref_get(&dev->ref);
	file->private_data = proc;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	dlm_proc_close(file->private_data);
	return 0;
}

const struct file_operations dlm_device_fops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.read		= device_read,
	.write		= device_write,
	.poll		= device_poll,
	.llseek		= noop_llseek,
};
