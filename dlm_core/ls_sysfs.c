// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/dlm/NAME and the uevents of lockspaces (control-plane.md 3, 4).
 *
 * /sys/kernel/dlm holds nothing but one directory for each lockspace of the
 * viewer's network namespace: control daemons and cluster agents fence a node that
 * shows anything else there.
 *
 * Life of struct dlm_ls_kobj: kobject_del() in dlm_sysfs_del_ls() waits for
 * readers and writers inside an attribute and lets no new ones in, even through
 * files that are still open.  The memory goes when the kobject says that it is
 * unused, which the same function waits for: no code of this module runs for it
 * afterwards.
 */
#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/net_namespace.h>
#include "config.h"
#include "lockspace.h"

/*
 * Newer kernels hand the callbacks a const kobject, and the newest know a
 * namespace by its struct ns_common.  The types themselves tell which.
 */
#define cb_kobject							\
	typeof(*__builtin_choose_expr(					\
		__builtin_types_compatible_p(				\
			typeof(((struct kobj_type *)NULL)->get_ownership), \
			void (*)(struct kobject *, kuid_t *, kgid_t *)), \
		(struct kobject *)NULL, (const struct kobject *)NULL))
#define cb_namespace							\
	typeof(((struct kobj_type *)NULL)->namespace(NULL))

struct dlm_ls_kobj {
	struct kobject		kobj;
	struct dlm_ls		*ls;
	struct mutex		start_lock;	/* from reading members to their use */
	struct completion	unused;
};

struct dlm_kset {
	struct kset		kset;
	struct completion	unused;
};

static struct dlm_kset *dlm_kset;

static struct dlm_ls_kobj *to_ls_kobj(const struct kobject *kobj)
{
	return container_of(kobj, struct dlm_ls_kobj, kobj);
}

/* --- attributes -------------------------------------------------------- */

struct ls_attr {
	struct attribute	attr;
	ssize_t (*show)(struct dlm_ls *ls, char *buf);
	int (*store)(struct dlm_ls *ls, const char *buf);
};

/*
 * Start with the members that are configured.  How that went is not reported here.
 * One start at a time, so that the list read last is the one that counts.
 */
static void start_as_configured(struct dlm_ls *ls)
{
	struct dlm_member_conf *members;
	int count;

	mutex_lock(&ls->sysfs->start_lock);
	count = dlm_config_members(ls->node, ls->name, &members);
	if (count < 0)
		pr_err("dlm: %s: not started, zero members_count: error %d\n",
		       ls->name, count);
	else if (dlm_ls_start(ls, members, count))
		dlm_config_members_undo(ls->node, ls->name, members, count);
	kfree(members);
	mutex_unlock(&ls->sysfs->start_lock);
}

static void start_alone(struct dlm_ls *ls)
{
	struct dlm_member_conf us = { .nodeid = ls->node->nodeid, .weight = 1 };

	dlm_ls_start(ls, &us, 1);
}

/* daemons write numbers with or without a newline or NUL behind them */
static int control_store(struct dlm_ls *ls, const char *buf)
{
	int value, err;

	err = kstrtoint(buf, 0, &value);
	if (err)
		return err;
	switch (value) {
	case 0:
		dlm_ls_stop(ls);
		return 0;
	case 1:
		if (ls->solo)
			start_alone(ls);
		else
			start_as_configured(ls);
		return 0;
	default:
		return -EINVAL;
	}
}

static int event_done_store(struct dlm_ls *ls, const char *buf)
{
	int value, err;

	err = kstrtoint(buf, 0, &value);
	if (!err)
		dlm_ls_event_done(ls, value);
	return err;
}

static ssize_t id_show(struct dlm_ls *ls, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ls->global_id));
}

static int id_store(struct dlm_ls *ls, const char *buf)
{
	u32 value;
	int err;

	err = kstrtou32(buf, 0, &value);
	if (!err)
		dlm_ls_set_id(ls, value);
	return err;
}

static ssize_t nodir_show(struct dlm_ls *ls, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(ls->nodir));
}

/* can be set, but not cleared */
static int nodir_store(struct dlm_ls *ls, const char *buf)
{
	int value, err;

	err = kstrtoint(buf, 0, &value);
	if (!err && value == 1)
		WRITE_ONCE(ls->nodir, true);
	return err;
}

static ssize_t recover_status_show(struct dlm_ls *ls, char *buf)
{
	return sysfs_emit(buf, "%x\n", dlm_recover_status(ls));
}

static ssize_t recover_nodeid_show(struct dlm_ls *ls, char *buf)
{
	return sysfs_emit(buf, "%d\n", dlm_recover_nodeid(ls));
}

static const struct ls_attr control_attr =
	__ATTR(control, 0200, NULL, control_store);
static const struct ls_attr event_done_attr =
	__ATTR(event_done, 0200, NULL, event_done_store);
static const struct ls_attr id_attr = __ATTR(id, 0644, id_show, id_store);
static const struct ls_attr nodir_attr =
	__ATTR(nodir, 0644, nodir_show, nodir_store);
static const struct ls_attr recover_status_attr = __ATTR_RO(recover_status);
static const struct ls_attr recover_nodeid_attr = __ATTR_RO(recover_nodeid);

static const struct attribute *const ls_attrs[] = {
	&control_attr.attr,
	&event_done_attr.attr,
	&id_attr.attr,
	&nodir_attr.attr,
	&recover_status_attr.attr,
	&recover_nodeid_attr.attr,
	NULL
};

static ssize_t ls_attr_show(struct kobject *kobj, struct attribute *attr,
			    char *buf)
{
	const struct ls_attr *a = container_of(attr, struct ls_attr, attr);

	return a->show ? a->show(to_ls_kobj(kobj)->ls, buf) : -EIO;
}

/* callers repeat what a write leaves over, so it takes all or nothing */
static ssize_t ls_attr_store(struct kobject *kobj, struct attribute *attr,
			     const char *buf, size_t len)
{
	const struct ls_attr *a = container_of(attr, struct ls_attr, attr);
	int err;

	if (!a->store)
		return -EIO;
	err = a->store(to_ls_kobj(kobj)->ls, buf);
	return err ?: len;
}

static const struct sysfs_ops ls_sysfs_ops = {
	.show	= ls_attr_show,
	.store	= ls_attr_store,
};

/* --- kobjects ---------------------------------------------------------- */

static void ls_kobj_unused(struct kobject *kobj)
{
	complete(&to_ls_kobj(kobj)->unused);
}

/* the tag that sysfs and uevents go by: valid as long as the node runs */
static cb_namespace ls_kobj_namespace(cb_kobject *kobj)
{
	struct net *net = to_ls_kobj(kobj)->ls->node->net;

	return __builtin_choose_expr(__builtin_types_compatible_p(cb_namespace,
								  const void *),
				     net, &net->ns);
}

static const struct kobj_type ls_kobj_type = {
	.release	= ls_kobj_unused,
	.sysfs_ops	= &ls_sysfs_ops,
	.namespace	= ls_kobj_namespace,
};

static void kset_unused(struct kobject *kobj)
{
	complete(&container_of(kobj, struct dlm_kset, kset.kobj)->unused);
}

static const struct kobj_ns_type_operations *kset_child_ns(cb_kobject *kobj)
{
	return &net_ns_type_operations;
}

static const struct kobj_type kset_type = {
	.release	= kset_unused,
	.sysfs_ops	= &kobj_sysfs_ops,
	.child_ns_type	= kset_child_ns,
};

static int ls_uevent(cb_kobject *kobj, struct kobj_uevent_env *env)
{
	return add_uevent_var(env, "LOCKSPACE=%s", to_ls_kobj(kobj)->ls->name);
}

static const struct kset_uevent_ops ls_uevent_ops = {
	.uevent	= ls_uevent,
};

/* drop the last reference of this module and wait for everybody else's */
static void ls_kobj_free(struct dlm_ls_kobj *lk)
{
	kobject_put(&lk->kobj);
	wait_for_completion(&lk->unused);
	kfree(lk);
}

/**
 * dlm_sysfs_add_ls - make a lockspace's directory and announce it
 * @ls: the lockspace
 *
 * Does nothing on a node without a namespace (tests).
 *
 * Context: sleeps.
 * Return: 0 or an errno.
 */
int dlm_sysfs_add_ls(struct dlm_ls *ls)
{
	struct dlm_ls_kobj *lk;
	int err;

	if (!ls->node->net)
		return 0;
	lk = kzalloc(sizeof(*lk), GFP_KERNEL);
	if (!lk)
		return -ENOMEM;
	init_completion(&lk->unused);
	mutex_init(&lk->start_lock);
	lk->ls = ls;
	lk->kobj.kset = &dlm_kset->kset;
	err = kobject_init_and_add(&lk->kobj, &ls_kobj_type, NULL, "%s",
				   ls->name);
	if (err)
		goto out_free;
	ls->sysfs = lk;
	err = sysfs_create_files(&lk->kobj, ls_attrs);
	if (err)
		goto out_del;
	kobject_uevent(&lk->kobj, KOBJ_ADD);
	return 0;

out_del:
	ls->sysfs = NULL;
	kobject_del(&lk->kobj);
out_free:
	ls_kobj_free(lk);
	return err;
}

/**
 * dlm_sysfs_ask - ask the control daemon to let this node join or leave
 * @ls: the lockspace; without effect if it has no directory (tests)
 * @join: join, else leave
 *
 * Context: sleeps.
 */
void dlm_sysfs_ask(struct dlm_ls *ls, bool join)
{
	/* a clean leave: our locks are gone, nobody need recover anything of us */
	char recover[20] = "RELEASE_RECOVER=0", *env[] = { recover, NULL };
	int err;

	if (!ls->sysfs)
		return;
	if (join)
		err = kobject_uevent(&ls->sysfs->kobj, KOBJ_ONLINE);
	else
		err = kobject_uevent_env(&ls->sysfs->kobj, KOBJ_OFFLINE, env);
	if (err)
		pr_err("dlm: %s: uevent lost: error %d\n", ls->name, err);
}

/**
 * dlm_sysfs_del_ls - announce a lockspace's end and remove its directory
 * @ls: the lockspace; its namespace is still there
 *
 * Context: sleeps until nobody is inside one of its files any more; must not
 * be called with a lock that an attribute takes.
 */
void dlm_sysfs_del_ls(struct dlm_ls *ls)
{
	struct dlm_ls_kobj *lk = ls->sysfs;

	if (!lk)
		return;
	ls->sysfs = NULL;
	kobject_uevent(&lk->kobj, KOBJ_REMOVE);
	kobject_del(&lk->kobj);
	ls_kobj_free(lk);
}

/**
 * dlm_sysfs_init - make /sys/kernel/dlm
 *
 * Return: 0 or an errno.
 */
int dlm_sysfs_init(void)
{
	struct dlm_kset *k;
	int err;

	k = kzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return -ENOMEM;
	init_completion(&k->unused);
	k->kset.kobj.ktype = &kset_type;
	k->kset.kobj.parent = kernel_kobj;
	k->kset.uevent_ops = &ls_uevent_ops;
	err = kobject_set_name(&k->kset.kobj, "dlm");
	if (!err)
		err = kset_register(&k->kset);
	if (err) {
		kfree(k);
		return err;
	}
	dlm_kset = k;
	return 0;
}

/**
 * dlm_sysfs_exit - remove /sys/kernel/dlm, which must be empty
 */
void dlm_sysfs_exit(void)
{
	kset_unregister(&dlm_kset->kset);
	wait_for_completion(&dlm_kset->unused);
	kfree(dlm_kset);
	dlm_kset = NULL;
}
