// SPDX-License-Identifier: GPL-2.0
/*
 * dlm-monitor: a control daemon shows its presence by holding it open
 * (control-plane.md 6).
 */
#include <linux/module.h>
#include "user.h"

static int monitor_open(struct inode *inode, struct file *file)
{
	struct dlm_node *node = dlm_node_of_current();
	int err;

	err = dlm_node_monitor_open(node);
	if (err)
		return err;
	dlm_node_get(node);
	file->private_data = node;
	return 0;
}

static int monitor_release(struct inode *inode, struct file *file)
{
	struct dlm_node *node = file->private_data;

	dlm_node_monitor_close(node);
	dlm_node_put(node);
	return 0;
}

static const struct file_operations monitor_fops = {
	.owner		= THIS_MODULE,
	.open		= monitor_open,
	.release	= monitor_release,
	.llseek		= noop_llseek,
};

static struct miscdevice monitor_device = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= "dlm-monitor",
	.nodename	= "misc/dlm-monitor",
	.mode		= 0600,
	.fops		= &monitor_fops,
};

/**
 * dlm_monitor_init - register dlm-monitor
 *
 * Return: 0 or a negative errno.
 */
int dlm_monitor_init(void)
{
	return misc_register(&monitor_device);
}

/**
 * dlm_monitor_exit - undo dlm_monitor_init()
 */
void dlm_monitor_exit(void)
{
	misc_deregister(&monitor_device);
}
