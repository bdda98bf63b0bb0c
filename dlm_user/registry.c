// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of lockspaces: one for each name, shared by the nodes
 * (namespaces) that have a lockspace of that name (house.md, "Nodes and network namespaces").
 *
 * libdlm releases a lockspace by the minor of its own handle.  So as long as a
 * handle of a released lockspace is open, its minor must not become the minor of
 * another lockspace, or the wrong one would be released.  The misc core gives out minors
 * as it likes; when it offers one of those, something else is registered there
 * until it offers another.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "user.h"

/* guards the list and the devices' @users; taken before the misc core's mutex */
static DEFINE_MUTEX(dlm_registry_lock);
static LIST_HEAD(dlm_registry);

/**
 * struct placeholder - occupies a minor for a moment
 * @node: on a list of them
 * @misc: the device; nobody can open it
 * @name: its name
 */
struct placeholder {
	struct list_head	node;
	struct miscdevice	misc;
	char			name[sizeof("dlm-hold_") + 10];
};

static int placeholder_open(struct inode *inode, struct file *file)
{
	return -ENODEV;
}

static const struct file_operations placeholder_fops = {
	.owner	= THIS_MODULE,
	.open	= placeholder_open,
};

static void placeholder_drop(struct placeholder *ph)
{
	misc_deregister(&ph->misc);
	kfree(ph);
}

static struct placeholder *placeholder_make(unsigned int number)
{
	struct placeholder *ph;
	int err;

	ph = kzalloc(sizeof(*ph), GFP_NOIO);
	if (!ph)
		return ERR_PTR(-ENOMEM);
	snprintf(ph->name, sizeof(ph->name), "dlm-hold_%u", number);
	ph->misc.minor = MISC_DYNAMIC_MINOR;
	ph->misc.name = ph->name;
	ph->misc.fops = &placeholder_fops;
	err = misc_register(&ph->misc);
	if (err) {
		kfree(ph);
		return ERR_PTR(err);
	}
	return ph;
}

/* is it the minor of a device that only handles hold? registry lock held */
static bool minor_is_dead(int minor)
{
	const struct dlm_user_dev *dev;

	list_for_each_entry(dev, &dlm_registry, node)
		if (!dev->users && dev->minor == minor)
			return true;
	return false;
}

static bool any_dead_minor(void)
{
	const struct dlm_user_dev *dev;

	list_for_each_entry(dev, &dlm_registry, node)
		if (!dev->users)
			return true;
	return false;
}

/*
 * Occupy dead minors until the misc core offers another one, which is given
 * back.  Registry lock held.
 */
static int occupy_dead_minors(struct list_head *holders, unsigned int *number)
{
	struct placeholder *ph;

	if (!any_dead_minor())
		return 0;
	for (;;) {
		ph = placeholder_make((*number)++);
		if (IS_ERR(ph))
			return PTR_ERR(ph);
		if (!minor_is_dead(ph->misc.minor)) {
			placeholder_drop(ph);
			return 0;
		}
		list_add(&ph->node, holders);
	}
}

/*
 * The misc core of 6.1 gives minors downwards and does not know which of the
 * low ones belong to fixed devices (1 is psaux): it fails with a stack trace when
 * it gets there, so do not let it.  Newer ones start at 256.
 */
#define LOWEST_MINOR	16

/* registry lock held */
static int dev_register(struct dlm_user_dev *dev)
{
	struct placeholder *ph, *next;
	unsigned int number = 0;
	LIST_HEAD(holders);
	int err;

	for (;;) {
		dev->misc.minor = MISC_DYNAMIC_MINOR;
		err = occupy_dead_minors(&holders, &number);
		if (err)
			break;
		err = misc_register(&dev->misc);
		if (err)
			break;
		if (dev->misc.minor < LOWEST_MINOR) {
			misc_deregister(&dev->misc);
			err = -ENOSPC;
			break;
		}
		if (!minor_is_dead(dev->misc.minor))
			break;
		/* somebody else gave a dead one back between the two calls */
		misc_deregister(&dev->misc);
	}
	list_for_each_entry_safe(ph, next, &holders, node)
		placeholder_drop(ph);
	dev->minor = dev->misc.minor;
	/* no name is tried twice, so whatever exists already is a minor */
	return err == -EBUSY || err == -ENOSPC || err == -EEXIST ? -ENOMEM : err;
}

static struct dlm_user_dev *dev_alloc(const char *name)
{
	struct dlm_user_dev *dev;

	dev = kzalloc(sizeof(*dev), GFP_NOIO);
	if (!dev)
		return NULL;
	kref_init(&dev->ref);
	dev->namelen = strscpy(dev->name, name, sizeof(dev->name));
	snprintf(dev->misc_name, sizeof(dev->misc_name), "dlm-ls_%s", name);
	snprintf(dev->node_name, sizeof(dev->node_name), "misc/dlm_%s", name);
	dev->misc.name = dev->misc_name;
	dev->misc.nodename = dev->node_name;
	dev->misc.mode = 0600;
	dev->misc.fops = &dlm_device_fops;
	return dev;
}

/* the registered device of that name; registry lock held */
static struct dlm_user_dev *dev_find(const char *name)
{
	struct dlm_user_dev *dev;

	list_for_each_entry(dev, &dlm_registry, node)
		if (dev->users && !strcmp(dev->name, name))
			return dev;
	return NULL;
}

/* registry lock held */
static struct dlm_user_dev *dev_make(const char *name)
{
	struct dlm_user_dev *dev;
	int err;

	dev = dev_alloc(name);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	err = dev_register(dev);
	if (err) {
		kfree(dev);
		return ERR_PTR(err);
	}
	list_add(&dev->node, &dlm_registry);
	return dev;
}

/**
 * dlm_dev_plug - give a lockspace its device
 * @ls: lockspace made through dlm-control
 *
 * Context: sleeps.
 * Return: 0, -ENOMEM (memory or minors), or what registering a device returned.
 */
int dlm_dev_plug(struct dlm_ls *ls)
{
	struct dlm_user_dev *dev;
	int err = 0;

	mutex_lock(&dlm_registry_lock);
	dev = dev_find(dlm_ls_name(ls));
	if (!dev)
		dev = dev_make(dlm_ls_name(ls));
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
	} else {
		dev->users++;
		dlm_ls_set_client(ls, dev);
	}
	mutex_unlock(&dlm_registry_lock);
	return err;
}

static void dev_free(struct kref *ref)
{
	struct dlm_user_dev *dev = container_of(ref, struct dlm_user_dev, ref);

	list_del(&dev->node);
	mutex_unlock(&dlm_registry_lock);
	kfree(dev);
}

/**
 * dlm_dev_put - drop a reference
 * @dev: the device
 *
 * Context: sleeps.
 */
void dlm_dev_put(struct dlm_user_dev *dev)
{
	kref_put_mutex(&dev->ref, dev_free, &dlm_registry_lock);
}

/**
 * dlm_dev_unplug - undo dlm_dev_plug()
 * @ls: the lockspace
 *
 * When this returns and no other node has a lockspace of that name, the
 * device cannot be opened any more and its node is gone.
 *
 * Context: sleeps.
 */
void dlm_dev_unplug(struct dlm_ls *ls)
{
	struct dlm_user_dev *dev = dlm_ls_client(ls);
	bool last;

	mutex_lock(&dlm_registry_lock);
	dlm_ls_set_client(ls, NULL);
	last = !--dev->users;
	if (last)
		misc_deregister(&dev->misc);
	mutex_unlock(&dlm_registry_lock);
	if (last)
		dlm_dev_put(dev);
}

/**
 * dlm_dev_find_ls - the lockspace that a minor means on a node
 * @node: the node
 * @minor: any number
 *
 * Context: sleeps.
 * Return: lockspace with a reference, or NULL.
 */
struct dlm_ls *dlm_dev_find_ls(struct dlm_node *node, u32 minor)
{
	struct dlm_user_dev *dev;
	struct dlm_ls *ls = NULL;

	mutex_lock(&dlm_registry_lock);
	list_for_each_entry(dev, &dlm_registry, node) {
		if (!dev->users || dev->minor != minor)
			continue;
		ls = dlm_ls_find(node, dev->name, dev->namelen);
		if (ls && dlm_ls_client(ls) != dev) {
			dlm_ls_put(ls);
			ls = NULL;
		}
		break;
	}
	mutex_unlock(&dlm_registry_lock);
	return ls;
}

/**
 * dlm_dev_minor - the minor of a lockspace that was just made
 * @node: its node
 * @name: its name
 * @len: bytes of @name
 *
 * Context: sleeps.
 * Return: the minor, or -ENOENT if it was released again.
 */
int dlm_dev_minor(struct dlm_node *node, const char *name, unsigned int len)
{
	struct dlm_user_dev *dev;
	int minor = -ENOENT;
	struct dlm_ls *ls;

	ls = dlm_ls_find(node, name, len);
	if (!ls)
		return -ENOENT;
	mutex_lock(&dlm_registry_lock);
	dev = dlm_ls_client(ls);
	if (dev)
		minor = dev->minor;
	mutex_unlock(&dlm_registry_lock);
	dlm_ls_put(ls);
	return minor;
}
