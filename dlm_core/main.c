// SPDX-License-Identifier: GPL-2.0
/*
 * Module init and exit: the only place that knows all rooms.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <dlm/user.h>
#include "config.h"
#include "engine.h"
#include "lockspace.h"
#include "net.h"

static bool solo;
module_param(solo, bool, 0444);
MODULE_PARM_DESC(solo, "run device lockspaces with this node as only member when no cluster is configured");

struct workqueue_struct *dlm_wq;

static const struct dlm_comms_user comms_user = {
	.receive	= dlm_receive,
};

/**
 * dlm_node_setup - give a new node what the rooms provide for it
 * @node: new node
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_node_setup(struct dlm_node *node)
{
	node->config.solo = solo;
	node->timewarn = dlm_timewarn_send;
	node->comms = dlm_comms_create(node->net, &comms_user, node, NULL);
	return node->comms ? 0 : -ENOMEM;
}

/**
 * dlm_node_teardown - undo dlm_node_setup()
 * @node: node that was stopped
 */
void dlm_node_teardown(struct dlm_node *node)
{
	dlm_plocks_exit(&node->plocks);
}

static int __init dlm_init(void)
{
	int err;

	dlm_wq = alloc_workqueue("dlm", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!dlm_wq)
		return -ENOMEM;
	err = dlm_rsb_caches_init();
	if (err)
		goto out_wq;
	err = dlm_sysfs_init();
	if (err)
		goto out_caches;
	dlm_debugfs_init();
	err = dlm_net_init();
	if (err)
		goto out_debugfs;
	err = dlm_configfs_init();
	if (err)
		goto out_net;
	err = dlm_user_init();
	if (err)
		goto out_configfs;
	pr_info("dlm: DLM installed\n");
	return 0;

out_configfs:
	dlm_configfs_exit();
out_net:
	dlm_net_exit();
out_debugfs:
	dlm_debugfs_exit();
	dlm_sysfs_exit();
out_caches:
	rcu_barrier();
	dlm_rsb_caches_exit();
out_wq:
	destroy_workqueue(dlm_wq);
	return err;
}

static void __exit dlm_exit(void)
{
	dlm_user_exit();
	dlm_configfs_exit();
	dlm_net_exit();
	dlm_debugfs_exit();
	dlm_sysfs_exit();
	/* locks and resources are freed by RCU callbacks of this module */
	rcu_barrier();
	dlm_rsb_caches_exit();
	destroy_workqueue(dlm_wq);
}

module_init(dlm_init);
module_exit(dlm_exit);

MODULE_DESCRIPTION("Distributed Lock Manager");
MODULE_AUTHOR("The dlm.ko authors");
MODULE_LICENSE("GPL");
