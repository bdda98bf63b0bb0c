// SPDX-License-Identifier: GPL-2.0
/*
 * dlm-control: create and remove lockspaces (user-abi.md 7.1, 7.2).
 *
 * A handle works on the node of the namespace it was opened in.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/string.h>
#include "user.h"

#define NAME_OFFSET	offsetof(struct dlm_write_request, i.lspace.name)

/* would share its device node with the one for POSIX locks */
static bool name_is_taken(const char *name, unsigned int len)
{
	static const char plock[] = "plock";

	return len == sizeof(plock) - 1 && !memcmp(name, plock, len);
}

static int create_lockspace(struct dlm_node *node, const struct dlm_user_req *req)
{
	struct dlm_ls_params params = {
		.name	= req->raw + NAME_OFFSET,
		.flags	= req->r.i.lspace.flags,
		.lvblen	= DLM_USER_LVB_LEN,
		.device	= true,
		.plug	= dlm_dev_plug,
		.unplug	= dlm_dev_unplug,
	};
	struct dlm_ls *ls;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	params.namelen = strnlen(params.name, req->count - NAME_OFFSET);
	if (!params.namelen || params.namelen > DLM_LOCKSPACE_LEN)
		return -EINVAL;
	if (name_is_taken(params.name, params.namelen))
		return -EEXIST;
	err = dlm_ls_create(node, &params, &ls);
	if (err)
		return err;
	/* somebody else may release it at any moment, so @ls is not looked at */
	return dlm_dev_minor(node, params.name, params.namelen);
}

static int remove_lockspace(struct dlm_node *node, const struct dlm_user_req *req)
{
	const struct dlm_lspace_params *p = &req->r.i.lspace;
	struct dlm_ls *ls;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ls = dlm_dev_find_ls(node, p->minor);
	if (!ls)
		return -EINVAL;
	err = dlm_ls_release(ls, p->flags & DLM_USER_LSFLG_FORCEFREE ?
			     DLM_RELEASE_FORCE : DLM_RELEASE_IF_UNUSED);
	dlm_ls_put(ls);
	/* a positive number tells of kernel users that keep it */
	return min(err, 0);
}

static ssize_t control_write(struct file *file, const char __user *buf,
			     size_t count, loff_t *ppos)
{
	struct dlm_node *node = file->private_data;
	struct dlm_user_req req;
	int err;

	err = dlm_req_read(&req, buf, count);
	if (!err) {
		switch (req.r.cmd) {
		case DLM_USER_CREATE_LOCKSPACE:
			return create_lockspace(node, &req);
		case DLM_USER_REMOVE_LOCKSPACE:
			return remove_lockspace(node, &req);
		}
		err = -EINVAL;
	}
	dlm_node_count(node, DLM_NS_BAD_WRITE);
	return err;
}

static ssize_t control_read(struct file *file, char __user *buf, size_t count,
			    loff_t *ppos)
{
	if (count != sizeof(struct dlm_device_version))
		return -EINVAL;
	return dlm_version_read(buf);
}

static int control_open(struct inode *inode, struct file *file)
{
	struct dlm_node *node = dlm_node_of_current();

	dlm_node_get(node);
	file->private_data = node;
	return 0;
}

static int control_release(struct inode *inode, struct file *file)
{
	dlm_node_put(file->private_data);
	return 0;
}

static const struct file_operations control_fops = {
	.owner		= THIS_MODULE,
	.open		= control_open,
	.release	= control_release,
	.read		= control_read,
	.write		= control_write,
	.llseek		= noop_llseek,
};

static struct miscdevice control_device = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= "dlm-control",
	.nodename	= "misc/dlm-control",
	.mode		= 0600,
	.fops		= &control_fops,
};

/**
 * dlm_control_init - register dlm-control
 *
 * Return: 0 or a negative errno.
 */
int dlm_control_init(void)
{
	return misc_register(&control_device);
}

/**
 * dlm_control_exit - undo dlm_control_init()
 */
void dlm_control_exit(void)
{
	misc_deregister(&control_device);
}
