// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of lockspaces: one for each name, shared by the nodes
 * (namespaces) that have a lockspace of that name (house.md, "Nodes and network namespaces").
 *
 * libdlm releases a lockspace by the minor of its own handle.  So as long as a
 * handle of a released lockspace is open, its minor must not become the minor of
 * another lockspace, or the wrong one would be released.  The misc core gives out minors
 * as it likes; one of those that it offers is occupied by a placeholder
 * until the last of its handles is closed.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "user.h"

/* guards the list and all but the names of its devices; before the misc core's mutex */
static DEFINE_MUTEX(dlm_registry_lock);
static LIST_HEAD(dlm_registry);

/*
 * The misc core of 6.1 gives minors downwards and does not know which of the
 * low ones belong to fixed devices (1 is psaux): it fails with a stack trace when
 * it gets there, so do not let it.  Newer ones start at 256.
 */
#define LOWEST_MINOR	16

static int register_somewhere(struct miscdevice *misc)
{
	int err;

	misc->minor = MISC_DYNAMIC_MINOR;
	err = misc_register(misc);
	if (!err && misc->minor < LOWEST_MINOR) {
		misc_deregister(misc);
		err = -ENOSPC;
	}
	/* no name is tried twice, so whatever exists already is a minor */
	return err == -EBUSY || err == -ENOSPC || err == -EEXIST ? -ENOMEM : err;
}

/**
 * struct dlm_placeholder - occupies a minor
 * @misc: the device; nobody can open it
 * @number: part of its name
 * @name: its name
 */
struct dlm_placeholder {
	struct miscdevice	misc;
	unsigned int		number;
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

static void placeholder_drop(struct dlm_placeholder *ph)
{
	misc_deregister(&ph->misc);
	kfree(ph);
}

/* registry lock held */
static unsigned int placeholder_number(void)
{
	const struct dlm_user_dev *dev;
	unsigned int number = 0;

	list_for_each_entry(dev, &dlm_registry, node)
		if (dev->holder && dev->holder->number >= number)
			number = dev->holder->number + 1;
	return number;
}

static struct dlm_placeholder *placeholder_make(void)
{
	struct dlm_placeholder *ph;
	int err;

	ph = kzalloc(sizeof(*ph), GFP_NOIO);
	if (!ph)
		return ERR_PTR(-ENOMEM);
	ph->number = placeholder_number();
	snprintf(ph->name, sizeof(ph->name), "dlm-hold_%u", ph->number);
	ph->misc.name = ph->name;
	ph->misc.fops = &placeholder_fops;
	err = register_somewhere(&ph->misc);
	if (err) {
		kfree(ph);
		return ERR_PTR(err);
	}
	return ph;
}

/* a device that only handles hold, with nothing at its minor as far as we know */
static bool is_uncovered(const struct dlm_user_dev *dev)
{
	return !dev->users && !dev->holder;
}

/* registry lock held */
static struct dlm_user_dev *find_uncovered(int minor)
{
	struct dlm_user_dev *dev;

	list_for_each_entry(dev, &dlm_registry, node)
		if (is_uncovered(dev) && dev->minor == minor)
			return dev;
	return NULL;
}

static bool any_uncovered(void)
{
	const struct dlm_user_dev *dev;

	list_for_each_entry(dev, &dlm_registry, node)
		if (is_uncovered(dev))
			return true;
	return false;
}

/*
 * Occupy the minors of dead devices until the misc core offers another one.
 * Registry lock held.
 */
static int cover_dead_minors(void)
{
	struct dlm_placeholder *ph;
	struct dlm_user_dev *dev;

	while (any_uncovered()) {
		ph = placeholder_make();
		if (IS_ERR(ph))
			return PTR_ERR(ph);
		dev = find_uncovered(ph->misc.minor);
		if (!dev) {
			placeholder_drop(ph);
			break;
		}
		dev->holder = ph;
	}
	return 0;
}

/* registry lock held */
static int dev_register(struct dlm_user_dev *dev)
{
	int err;

	for (;;) {
		err = cover_dead_minors();
		if (err)
			return err;
		err = register_somewhere(&dev->misc);
		if (err)
			return err;
		if (!find_uncovered(dev->misc.minor))
			break;
		/* somebody else gave a dead one back between the two calls */
		misc_deregister(&dev->misc);
	}
	dev->minor = dev->misc.minor;
	return 0;
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
	if (dev->holder)
		placeholder_drop(dev->holder);
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
