// SPDX-License-Identifier: GPL-2.0
/*
 * One node for each network namespace.
 */
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <net/netns/generic.h>
#include "engine.h"
#include "lockspace.h"
#include "net.h"

static unsigned int dlm_net_id __read_mostly;

struct dlm_net {
	struct dlm_node	*node;
};

/**
 * dlm_node_of_current - the node of the calling task's network namespace
 *
 * Return: node that lives at least as long as the task stays there.
 */
struct dlm_node *dlm_node_of_current(void)
{
	struct dlm_net *dn;

	dn = net_generic(current->nsproxy->net_ns, dlm_net_id);
	return dn->node;
}

static int __net_init net_init(struct net *net)
{
	struct dlm_net *dn = net_generic(net, dlm_net_id);

	dn->node = dlm_node_create(net);
	if (!dn->node)
		return -ENOMEM;
	if (dlm_node_setup(dn->node)) {
		dlm_node_put(dn->node);
		return -ENOMEM;
	}
	dlm_debugfs_add_node(dn->node);
	return 0;
}

static void __net_exit net_exit(struct net *net)
{
	struct dlm_net *dn = net_generic(net, dlm_net_id);

	dlm_node_stop(dn->node);
	dlm_node_end_comms(dn->node);
	dlm_node_teardown(dn->node);
	dlm_debugfs_del_node(dn->node);
	dlm_node_put(dn->node);
}

static struct pernet_operations net_ops = {
	.init	= net_init,
	.exit	= net_exit,
	.id	= &dlm_net_id,
	.size	= sizeof(struct dlm_net),
};

/**
 * dlm_net_init - make a node in every network namespace, present and future
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * dlm_net_exit - undo dlm_net_init()
 */
void dlm_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
