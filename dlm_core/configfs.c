// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/config/dlm (control-plane.md 2): directories and files around the
 * objects of config.c.
 *
 * configfs is one tree for all network namespaces.  A cluster directory
 * configures the node of the namespace in which it was made, and only tasks of that
 * namespace may write into it or make directories in it (-EPERM).  It does not keep
 * the namespace alive: when that ends, files give -ENODEV and the directories can
 * be removed.  configfs lets nobody refuse an rmdir, so whoever has the rights of
 * the tree's owner may remove directories from everywhere.
 *
 * Life: an object is taken out of config.c's lists by drop_item(), after which no file
 * of it is read or written any more; its memory goes with the last reference.
 */
#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "config.h"

/* a cluster directory; "spaces" and "comms" are always in it */
struct cluster_dir {
	struct config_group	group;
	struct config_group	spaces;
	struct config_group	comms;
	struct dlm_cluster	cluster;
};

struct comm_dir {
	struct config_item	item;
	struct dlm_conf_comm	comm;
};

/* a lockspace; "nodes" is always in it */
struct space_dir {
	struct config_group	group;
	struct config_group	nodes;
	struct dlm_conf_space	space;
};

struct member_dir {
	struct config_item	item;
	struct dlm_conf_member	member;
};

static struct cluster_dir *to_cluster_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct cluster_dir, group);
}

static struct comm_dir *to_comm_dir(struct config_item *item)
{
	return container_of(item, struct comm_dir, item);
}

static struct space_dir *to_space_dir(struct config_item *item)
{
	return container_of(to_config_group(item), struct space_dir, group);
}

static struct member_dir *to_member_dir(struct config_item *item)
{
	return container_of(item, struct member_dir, item);
}

/* the files of a namespace that has ended show nothing */
static int may_read(const struct dlm_cluster *cluster)
{
	return READ_ONCE(cluster->node->dead) ? -ENODEV : 0;
}

static int may_write(const struct dlm_cluster *cluster)
{
	int err = may_read(cluster);

	if (!err && cluster->node != dlm_node_of_current())
		err = -EPERM;
	return err;
}

/* --- cluster ------------------------------------------------------------ */

static ssize_t show_number(struct config_item *item, enum dlm_config_key key,
			   char *page)
{
	struct dlm_cluster *cluster = &to_cluster_dir(item)->cluster;

	return may_read(cluster) ?:
	       sysfs_emit(page, "%u\n", dlm_config_get(cluster->node, key));
}

static ssize_t store_number(struct config_item *item, enum dlm_config_key key,
			    const char *page, size_t len)
{
	struct dlm_cluster *cluster = &to_cluster_dir(item)->cluster;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return may_write(cluster) ?:
	       dlm_config_set(cluster->node, key, page) ?: len;
}

#define CLUSTER_NUMBER(_name, _key)					\
static const enum dlm_config_key cluster_key_##_name = (_key);		\
static ssize_t cluster_##_name##_show(struct config_item *item, char *page) \
{									\
	return show_number(item, cluster_key_##_name, page);		\
}									\
static ssize_t cluster_##_name##_store(struct config_item *item,	\
				       const char *page, size_t len)	\
{									\
	return store_number(item, cluster_key_##_name, page, len);	\
}									\
CONFIGFS_ATTR(cluster_, _name)

CLUSTER_NUMBER(tcp_port, DLM_CFG_TCP_PORT);
CLUSTER_NUMBER(buffer_size, DLM_CFG_BUFFER_SIZE);
CLUSTER_NUMBER(rsbtbl_size, DLM_CFG_RSBTBL_SIZE);
CLUSTER_NUMBER(recover_timer, DLM_CFG_RECOVER_TIMER);
CLUSTER_NUMBER(toss_secs, DLM_CFG_TOSS_SECS);
CLUSTER_NUMBER(scan_secs, DLM_CFG_SCAN_SECS);
CLUSTER_NUMBER(log_debug, DLM_CFG_LOG_DEBUG);
CLUSTER_NUMBER(log_info, DLM_CFG_LOG_INFO);
CLUSTER_NUMBER(protocol, DLM_CFG_PROTOCOL);
CLUSTER_NUMBER(mark, DLM_CFG_MARK);
CLUSTER_NUMBER(timewarn_cs, DLM_CFG_TIMEWARN_CS);
CLUSTER_NUMBER(new_rsb_count, DLM_CFG_NEW_RSB_COUNT);
CLUSTER_NUMBER(recover_callbacks, DLM_CFG_RECOVER_CALLBACKS);

static ssize_t cluster_cluster_name_show(struct config_item *item, char *page)
{
	struct dlm_cluster *cluster = &to_cluster_dir(item)->cluster;
	struct dlm_node *node = cluster->node;
	ssize_t len = may_read(cluster);

	if (len)
		return len;
	mutex_lock(&node->control);
	len = sysfs_emit(page, "%s\n", node->config.cluster_name);
	mutex_unlock(&node->control);
	return len;
}

static ssize_t cluster_cluster_name_store(struct config_item *item,
					  const char *page, size_t len)
{
	struct dlm_cluster *cluster = &to_cluster_dir(item)->cluster;
	int err = may_write(cluster);

	if (err)
		return err;
	dlm_config_set_cluster_name(cluster->node, page, len);
	return len;
}
CONFIGFS_ATTR(cluster_, cluster_name);

static struct configfs_attribute *cluster_attrs[] = {
	&cluster_attr_tcp_port,
	&cluster_attr_buffer_size,
	&cluster_attr_rsbtbl_size,
	&cluster_attr_recover_timer,
	&cluster_attr_toss_secs,
	&cluster_attr_scan_secs,
	&cluster_attr_log_debug,
	&cluster_attr_log_info,
	&cluster_attr_protocol,
	&cluster_attr_mark,
	&cluster_attr_timewarn_cs,
	&cluster_attr_new_rsb_count,
	&cluster_attr_recover_callbacks,
	&cluster_attr_cluster_name,
	NULL
};

/* --- comms/ID ----------------------------------------------------------- */

#define COMM_STORE(_name)						\
static ssize_t comm_##_name##_store(struct config_item *item,		\
				    const char *page, size_t len)	\
{									\
	struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;		\
									\
	return may_write(comm->cluster) ?:				\
	       dlm_conf_comm_set_##_name(comm, page) ?: len;		\
}

COMM_STORE(nodeid)
COMM_STORE(mark)
COMM_STORE(local)

static ssize_t comm_nodeid_show(struct config_item *item, char *page)
{
	const struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;

	return may_read(comm->cluster) ?:
	       sysfs_emit(page, "%d\n", READ_ONCE(comm->nodeid));
}

static ssize_t comm_mark_show(struct config_item *item, char *page)
{
	const struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;

	return may_read(comm->cluster) ?:
	       sysfs_emit(page, "%u\n", READ_ONCE(comm->mark));
}

static ssize_t comm_local_show(struct config_item *item, char *page)
{
	const struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;

	return may_read(comm->cluster) ?:
	       sysfs_emit(page, "%d\n", READ_ONCE(comm->local));
}

static ssize_t comm_addr_store(struct config_item *item, const char *page,
			       size_t len)
{
	struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;

	return may_write(comm->cluster) ?:
	       dlm_conf_comm_set_addr(comm, page, len) ?: len;
}

static ssize_t comm_addr_list_show(struct config_item *item, char *page)
{
	struct dlm_conf_comm *comm = &to_comm_dir(item)->comm;

	return may_read(comm->cluster) ?:
	       dlm_conf_comm_addr_list(comm, page, PAGE_SIZE);
}

CONFIGFS_ATTR(comm_, nodeid);
CONFIGFS_ATTR(comm_, mark);
CONFIGFS_ATTR(comm_, local);
CONFIGFS_ATTR_WO(comm_, addr);
CONFIGFS_ATTR_RO(comm_, addr_list);

static struct configfs_attribute *comm_attrs[] = {
	&comm_attr_nodeid,
	&comm_attr_mark,
	&comm_attr_local,
	&comm_attr_addr,
	&comm_attr_addr_list,
	NULL
};

static void comm_release(struct config_item *item)
{
	kfree(to_comm_dir(item));
}

static struct configfs_item_operations comm_item_ops = {
	.release	= comm_release,
};

static const struct config_item_type comm_type = {
	.ct_item_ops	= &comm_item_ops,
	.ct_attrs	= comm_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_item *comm_make(struct config_group *group,
				     const char *name)
{
	struct cluster_dir *dir = container_of(group, struct cluster_dir, comms);
	struct comm_dir *cd;
	int err;

	err = may_write(&dir->cluster);
	if (err)
		return ERR_PTR(err);
	cd = kzalloc(sizeof(*cd), GFP_NOIO);
	if (!cd)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&cd->item, name, &comm_type);
	err = dlm_conf_comm_add(&cd->comm, &dir->cluster, name);
	if (err) {
		kfree(cd);
		return ERR_PTR(err);
	}
	return &cd->item;
}

static void comm_drop(struct config_group *group, struct config_item *item)
{
	dlm_conf_comm_del(&to_comm_dir(item)->comm);
	config_item_put(item);
}

static struct configfs_group_operations comms_ops = {
	.make_item	= comm_make,
	.drop_item	= comm_drop,
};

static const struct config_item_type comms_type = {
	.ct_group_ops	= &comms_ops,
	.ct_owner	= THIS_MODULE,
};

/* --- spaces/NAME/nodes/ID ----------------------------------------------- */

static ssize_t member_nodeid_show(struct config_item *item, char *page)
{
	const struct dlm_conf_member *m = &to_member_dir(item)->member;

	return may_read(m->space->cluster) ?:
	       sysfs_emit(page, "%d\n", READ_ONCE(m->nodeid));
}

static ssize_t member_nodeid_store(struct config_item *item, const char *page,
				   size_t len)
{
	struct dlm_conf_member *m = &to_member_dir(item)->member;

	return may_write(m->space->cluster) ?:
	       dlm_conf_member_set_nodeid(m, page) ?: len;
}

static ssize_t member_weight_show(struct config_item *item, char *page)
{
	const struct dlm_conf_member *m = &to_member_dir(item)->member;

	return may_read(m->space->cluster) ?:
	       sysfs_emit(page, "%u\n", READ_ONCE(m->weight));
}

static ssize_t member_weight_store(struct config_item *item, const char *page,
				   size_t len)
{
	struct dlm_conf_member *m = &to_member_dir(item)->member;

	return may_write(m->space->cluster) ?:
	       dlm_conf_member_set_weight(m, page) ?: len;
}

CONFIGFS_ATTR(member_, nodeid);
CONFIGFS_ATTR(member_, weight);

static struct configfs_attribute *member_attrs[] = {
	&member_attr_nodeid,
	&member_attr_weight,
	NULL
};

static void member_release(struct config_item *item)
{
	kfree(to_member_dir(item));
}

static struct configfs_item_operations member_item_ops = {
	.release	= member_release,
};

static const struct config_item_type member_type = {
	.ct_item_ops	= &member_item_ops,
	.ct_attrs	= member_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_item *member_make(struct config_group *group,
				       const char *name)
{
	struct space_dir *dir = container_of(group, struct space_dir, nodes);
	struct member_dir *md;
	int err;

	err = may_write(dir->space.cluster);
	if (err)
		return ERR_PTR(err);
	md = kzalloc(sizeof(*md), GFP_NOIO);
	if (!md)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&md->item, name, &member_type);
	err = dlm_conf_member_add(&md->member, &dir->space, name);
	if (err) {
		kfree(md);
		return ERR_PTR(err);
	}
	return &md->item;
}

static void member_drop(struct config_group *group, struct config_item *item)
{
	dlm_conf_member_del(&to_member_dir(item)->member);
	config_item_put(item);
}

static struct configfs_group_operations members_ops = {
	.make_item	= member_make,
	.drop_item	= member_drop,
};

static const struct config_item_type members_type = {
	.ct_group_ops	= &members_ops,
	.ct_owner	= THIS_MODULE,
};

/* --- spaces/NAME -------------------------------------------------------- */

static void space_release(struct config_item *item)
{
	kfree(to_space_dir(item));
}

static struct configfs_item_operations space_item_ops = {
	.release	= space_release,
};

static const struct config_item_type space_type = {
	.ct_item_ops	= &space_item_ops,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *space_make(struct config_group *group,
				       const char *name)
{
	struct cluster_dir *dir = container_of(group, struct cluster_dir, spaces);
	struct space_dir *sd;
	int err;

	err = may_write(&dir->cluster);
	if (err)
		return ERR_PTR(err);
	sd = kzalloc(sizeof(*sd), GFP_NOIO);
	if (!sd)
		return ERR_PTR(-ENOMEM);
	err = dlm_conf_space_add(&sd->space, &dir->cluster, name);
	if (err) {
		kfree(sd);
		return ERR_PTR(err);
	}
	config_group_init_type_name(&sd->group, name, &space_type);
	config_group_init_type_name(&sd->nodes, "nodes", &members_type);
	configfs_add_default_group(&sd->nodes, &sd->group);
	return &sd->group;
}

static void space_drop(struct config_group *group, struct config_item *item)
{
	struct space_dir *sd = to_space_dir(item);

	dlm_conf_space_del(&sd->space);
	configfs_remove_default_groups(&sd->group);
	config_item_put(item);
}

static struct configfs_group_operations spaces_ops = {
	.make_group	= space_make,
	.drop_item	= space_drop,
};

static const struct config_item_type spaces_type = {
	.ct_group_ops	= &spaces_ops,
	.ct_owner	= THIS_MODULE,
};

/* --- the cluster directory ---------------------------------------------- */

static void cluster_release(struct config_item *item)
{
	kfree(to_cluster_dir(item));
}

static struct configfs_item_operations cluster_item_ops = {
	.release	= cluster_release,
};

static const struct config_item_type cluster_type = {
	.ct_item_ops	= &cluster_item_ops,
	.ct_attrs	= cluster_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group *cluster_make(struct config_group *group,
					 const char *name)
{
	struct cluster_dir *dir;
	int err;

	dir = kzalloc(sizeof(*dir), GFP_NOIO);
	if (!dir)
		return ERR_PTR(-ENOMEM);
	err = dlm_cluster_add(&dir->cluster, dlm_node_of_current());
	if (err) {
		kfree(dir);
		return ERR_PTR(err);
	}
	config_group_init_type_name(&dir->group, name, &cluster_type);
	config_group_init_type_name(&dir->spaces, "spaces", &spaces_type);
	config_group_init_type_name(&dir->comms, "comms", &comms_type);
	configfs_add_default_group(&dir->spaces, &dir->group);
	configfs_add_default_group(&dir->comms, &dir->group);
	return &dir->group;
}

static void cluster_drop(struct config_group *group, struct config_item *item)
{
	struct cluster_dir *dir = to_cluster_dir(item);

	dlm_cluster_del(&dir->cluster);
	configfs_remove_default_groups(&dir->group);
	config_item_put(item);
}

static struct configfs_group_operations clusters_ops = {
	.make_group	= cluster_make,
	.drop_item	= cluster_drop,
};

static const struct config_item_type clusters_type = {
	.ct_group_ops	= &clusters_ops,
	.ct_owner	= THIS_MODULE,
};

static struct configfs_subsystem dlm_subsys = {
	.su_group = {
		.cg_item = {
			.ci_namebuf	= "dlm",
			.ci_type	= &clusters_type,
		},
	},
};

/**
 * dlm_configfs_init - make /sys/kernel/config/dlm
 *
 * Return: 0 or an errno.
 */
int dlm_configfs_init(void)
{
	config_group_init(&dlm_subsys.su_group);
	mutex_init(&dlm_subsys.su_mutex);
	return configfs_register_subsystem(&dlm_subsys);
}

/**
 * dlm_configfs_exit - remove it
 *
 * There is no cluster directory: each pins the module.
 */
void dlm_configfs_exit(void)
{
	configfs_unregister_subsystem(&dlm_subsys);
	mutex_destroy(&dlm_subsys.su_mutex);
}
