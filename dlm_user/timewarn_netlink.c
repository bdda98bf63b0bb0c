// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink family "DLM": tells a listener of locks that wait too long
 * (control-plane.md 8).  There is one listener, in the initial namespace: the
 * last one that said HELLO.
 */
#include <linux/atomic.h>
#include <net/genetlink.h>
#include <dlm/core.h>
#include <dlm/user.h>
#include "user.h"

enum {
	CMD_HELLO	= 1,	/* program to kernel */
	CMD_TIMEOUT	= 2,	/* kernel to program */
	CMD_END
};

enum {
	ATTR_LOCK	= 1,	/* struct lock_data */
};

/* the ABI's layout; newer kernels do not carry the header any more */
struct lock_data {
	u16		version;
	u32		lockspace_id;
	s32		nodeid;
	s32		ownpid;
	u32		id;
	u32		remid;
	u64		xid;
	s8		status;
	s8		grmode;
	s8		rqmode;
	unsigned long	timestamp;
	s32		resource_namelen;
	char		resource_name[DLM_RESNAME_MAXLEN];
};

#ifdef CONFIG_64BIT
static_assert(sizeof(struct lock_data) == 120);
static_assert(offsetof(struct lock_data, resource_name) == 52);
#endif

static int hello(struct sk_buff *skb, struct genl_info *info);

/* nothing is asked of a HELLO's attributes: old daemons send an odd one */
static const struct genl_small_ops ops[] = {
	{
		.cmd		= CMD_HELLO,
		.validate	= GENL_DONT_VALIDATE_STRICT,
		.doit		= hello,
	},
};

/**
 * struct dlm_genl - the family and its listener
 * @family: for generic netlink
 * @listener: port of the last HELLO, 0 for none
 * @seq: number of the next message
 */
struct dlm_genl {
	struct genl_family	family;
	atomic_t		listener;
	atomic_t		seq;
};

static struct dlm_genl dlm_genl = {
	.family = {
		.name		= "DLM",
		.version	= 1,
		.module		= THIS_MODULE,
		.small_ops	= ops,
		.n_small_ops	= ARRAY_SIZE(ops),
		.resv_start_op	= CMD_END,
	},
};

static int hello(struct sk_buff *skb, struct genl_info *info)
{
	atomic_set(&dlm_genl.listener, info->snd_portid);
	return 0;
}

static void fill(struct lock_data *data, const struct dlm_timewarn *w)
{
	memset(data, 0, sizeof(*data));
	data->version = 1;
	data->lockspace_id = w->ls_id;
	data->nodeid = w->nodeid;
	data->ownpid = w->pid;
	data->id = w->lkid;
	data->remid = w->remid;
	data->xid = w->xid;
	data->status = w->status;
	data->grmode = w->grmode;
	data->rqmode = w->rqmode;
	data->resource_namelen = min_t(unsigned int, w->len, DLM_RESNAME_MAXLEN);
	memcpy(data->resource_name, w->name, data->resource_namelen);
}

/**
 * dlm_timewarn_send - tell the listener of a lock that waits too long
 * @w: the lock
 *
 * A message that cannot be sent is dropped: there will be no listener, or it
 * does not read.
 *
 * Context: may sleep.
 */
void dlm_timewarn_send(const struct dlm_timewarn *w)
{
	int listener = atomic_read(&dlm_genl.listener);
	struct lock_data data;
	struct sk_buff *skb;
	void *head;

	if (!listener)
		return;
	fill(&data, w);
	skb = genlmsg_new(nla_total_size(sizeof(data)), GFP_NOIO);
	if (!skb)
		return;
	head = genlmsg_put(skb, 0, atomic_inc_return(&dlm_genl.seq) - 1,
			   &dlm_genl.family, 0, CMD_TIMEOUT);
	if (!head || nla_put(skb, ATTR_LOCK, sizeof(data), &data)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	/* its port may be somebody else's next time */
	if (genlmsg_unicast(&init_net, skb, listener) == -ECONNREFUSED)
		atomic_cmpxchg(&dlm_genl.listener, listener, 0);
}

/**
 * dlm_timewarn_init - register the family
 *
 * Return: 0 or a negative errno.
 */
int dlm_timewarn_init(void)
{
	return genl_register_family(&dlm_genl.family);
}

/**
 * dlm_timewarn_exit - undo dlm_timewarn_init()
 */
void dlm_timewarn_exit(void)
{
	genl_unregister_family(&dlm_genl.family);
}
