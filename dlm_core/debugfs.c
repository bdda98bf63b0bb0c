// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dlm: what a lockspace holds and how it is (control-plane.md 9).
 *
 * The initial namespace's lockspaces are in the directory itself, those of
 * others in net-<inode number of the namespace> below it.  dlm_tool parses
 * NAME_locks, NAME_all, NAME_toss and NAME_waiters; people read the rest.
 *
 * A dump walks the table of resources.  It copies one resource with its locks
 * at a time, which is all that happens under the resource's lock, and prints from the
 * copy, so that a resource with a million locks stops nobody for long and is
 * shown as it was at one moment.  What comes and goes meanwhile may be missed; when
 * that makes the table be resized under the walk, a resource may show up twice.
 *
 * A file that is still open keeps the lockspace's memory and the module; it cannot be
 * read any more once dlm_debugfs_del_ls() returned.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <dlm/transport.h>
#include "engine.h"
#include "lockspace.h"

#define ROOT		"dlm"
/* neither device lockspaces nor our files for others have a blank in the name */
#define NODE_STATS	"node stats"
#define NODE_PEERS	"node peers"

/* --- copies ------------------------------------------------------------ */

struct lock_copy {
	u64		xid;
	ktime_t		since;
	u32		id;
	u32		remid;
	u32		pid;
	u32		exflags;
	u32		lvbseq;
	int		nodeid;
	s8		grmode;
	s8		rqmode;
	s8		highbast;
	u8		status;
	u8		wait_type;
	u16		flags;
};

struct rsb_copy {
	const void	*token;		/* tells resources apart, only printed */
	ktime_t		now;
	u32		flags;
	u32		lvbseq;
	int		nodeid;
	u8		len;
	char		name[DLM_RESNAME_MAXLEN];
};

struct dump;

/**
 * struct dump_format - how one kind of file shows a lockspace
 * @unused: it is about resources without locks, and only those
 * @header: text before the first resource
 * @rsb: prints dump.rsb, or NULL
 * @lkb: prints one of its locks
 */
struct dump_format {
	bool		unused;
	const char	*header;
	void		(*rsb)(struct seq_file *m, const struct dump *d);
	void		(*lkb)(struct seq_file *m, const struct dump *d,
			       const struct lock_copy *lkb);
};

/**
 * struct dump - position of one reader
 * @ls: the lockspace; holds a reference
 * @format: constant
 * @iter: walks ls->rsbs
 * @pos: seq_file's number of the current item
 * @err: why nothing more can be shown
 * @at: current item: -1 the header, 0 the resource, n its n-th lock
 * @end: nothing more is to be shown
 * @rsb: the current resource
 * @lvb: its value block, if it has one
 * @locks: its locks, in the order of its queues
 * @nlocks: how many
 * @room: for how many @locks has memory
 */
struct dump {
	struct dlm_ls			*ls;
	const struct dump_format	*format;
	struct rhashtable_iter		iter;
	loff_t				pos;
	int				err;
	int				at;
	bool				end;
	struct rsb_copy			rsb;
	char				*lvb;
	struct lock_copy		*locks;
	unsigned int			nlocks;
	unsigned int			room;
};

static void copy_lock(struct lock_copy *c, const struct dlm_lkb *lkb)
{
	c->xid = lkb->ops->xid(lkb);
	c->since = lkb->since;
	c->id = lkb->id;
	c->remid = lkb->remid;
	c->pid = lkb->pid;
	c->exflags = lkb->exflags;
	c->lvbseq = lkb->lvbseq;
	c->nodeid = lkb->nodeid;
	c->grmode = lkb->grmode;
	c->rqmode = lkb->rqmode;
	c->highbast = lkb->highbast;
	c->status = lkb->status;
	c->wait_type = lkb->wait_type;
	c->flags = lkb->flags;
}

/* counts all, copies those that there is room for */
static void copy_queue(struct dump *d, const struct list_head *queue)
{
	const struct dlm_lkb *lkb;

	list_for_each_entry(lkb, queue, queue) {
		if (d->nlocks < d->room)
			copy_lock(&d->locks[d->nlocks], lkb);
		d->nlocks++;
	}
}

/* false if the resource is just going away */
static bool copy_rsb(struct dump *d, struct dlm_rsb *r)
{
	struct rsb_copy *c = &d->rsb;
	bool alive;

	d->nlocks = 0;
	spin_lock(&r->lock);
	alive = !(r->flags & DLM_RSB_DEAD) &&
		!(r->flags & DLM_RSB_INACTIVE) == !d->format->unused;
	if (alive) {
		c->token = r;
		c->now = ktime_get();
		c->flags = r->flags;
		c->lvbseq = r->lvbseq;
		c->nodeid = r->nodeid;
		c->len = r->len;
		memcpy(c->name, r->name, r->len);
		if (r->flags & DLM_RSB_LVB)
			memcpy(d->lvb, r->lvb, d->ls->lvblen);
		copy_queue(d, &r->granted);
		copy_queue(d, &r->convert);
		copy_queue(d, &r->wait);
		copy_queue(d, &r->lookup);
	}
	spin_unlock(&r->lock);
	return alive;
}

/* room for the locks that were counted, and some that may have come since */
static int make_room(struct dump *d)
{
	unsigned int room = d->nlocks + d->nlocks / 4 + 16;
	struct lock_copy *locks;

	locks = kvmalloc_array(room, sizeof(*locks), GFP_KERNEL);
	if (!locks)
		return -ENOMEM;
	kvfree(d->locks);
	d->locks = locks;
	d->room = room;
	return 0;
}

/*
 * Copy the next resource.
 * Return: 1, 0 if there is none, -ENOMEM, -EINTR.
 */
static int next_rsb(struct dump *d)
{
	struct dlm_rsb *r;
	bool alive, fits = true;
	int err;

	for (;;) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		rhashtable_walk_start(&d->iter);
		/* the same again if it did not fit, or its successor */
		r = fits ? rhashtable_walk_next(&d->iter) :
			   rhashtable_walk_peek(&d->iter);
		alive = !IS_ERR_OR_NULL(r) && copy_rsb(d, r);
		rhashtable_walk_stop(&d->iter);
		if (!r)
			return 0;
		fits = !alive || d->nlocks <= d->room;
		if (alive && fits)
			return 1;
		if (!fits) {
			err = make_room(d);
			if (err)
				return err;
		}
	}
}

/* --- walking ----------------------------------------------------------- */

static void dump_rewind(struct dump *d)
{
	rhashtable_walk_exit(&d->iter);
	/* a table that was just grown and is left alone now is shown exactly */
	flush_work(&d->ls->rsbs.run_work);
	rhashtable_walk_enter(&d->ls->rsbs, &d->iter);
	d->pos = 0;
	d->err = 0;
	d->at = -1;
	d->end = false;
}

static void *dump_start(struct seq_file *m, loff_t *pos)
{
	struct dump *d = m->private;

	if (!*pos)
		dump_rewind(d);
	if (*pos != d->pos)
		return NULL;
	if (d->err)
		return ERR_PTR(d->err);
	return d->end ? NULL : d;
}

static void *dump_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct dump *d = m->private;
	int ret;

	d->pos = ++*pos;
	if (d->at >= 0 && d->at < d->nlocks) {
		d->at++;
		return d;
	}
	ret = next_rsb(d);
	if (ret == 1) {
		d->at = 0;
		return d;
	}
	/* an error is for the next read: this one may have something to return */
	d->err = ret;
	d->end = true;
	return NULL;
}

static void dump_stop(struct seq_file *m, void *v)
{
}

static int dump_show(struct seq_file *m, void *v)
{
	const struct dump *d = m->private;

	if (d->at < 0)
		seq_puts(m, d->format->header);
	else if (d->at)
		d->format->lkb(m, d, &d->locks[d->at - 1]);
	else if (d->format->rsb)
		d->format->rsb(m, d);
	return 0;
}

static const struct seq_operations dump_ops = {
	.start	= dump_start,
	.next	= dump_next,
	.stop	= dump_stop,
	.show	= dump_show,
};

static int dump_open(struct inode *inode, struct file *file,
		     const struct dump_format *format)
{
	struct dlm_ls *ls = inode->i_private;
	struct dump *d;
	char *lvb;

	lvb = kvmalloc(ls->lvblen, GFP_KERNEL);
	if (!lvb)
		return -ENOMEM;
	d = __seq_open_private(file, &dump_ops, sizeof(*d));
	if (!d) {
		kvfree(lvb);
		return -ENOMEM;
	}
	d->ls = ls;
	d->format = format;
	d->lvb = lvb;
	d->at = -1;
	/* nobody removes the file, and thereby the lockspace, while we are here */
	dlm_ls_get(ls);
	rhashtable_walk_enter(&ls->rsbs, &d->iter);
	return 0;
}

static int dump_release(struct inode *inode, struct file *file)
{
	struct dump *d = ((struct seq_file *)file->private_data)->private;

	rhashtable_walk_exit(&d->iter);
	dlm_ls_put(d->ls);
	kvfree(d->locks);
	kvfree(d->lvb);
	return seq_release_private(inode, file);
}

#define DUMP_FILE(name)							\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return dump_open(inode, file, &name##_format);			\
}									\
									\
static const struct file_operations name##_fops = {			\
	.owner		= THIS_MODULE,					\
	.open		= name##_open,					\
	.read		= seq_read,					\
	.llseek		= seq_lseek,					\
	.release	= dump_release,					\
}

/* --- formats ----------------------------------------------------------- */

/* dlm_tool looks for two quotes and splits at newlines: names have neither */
static void put_quoted(struct seq_file *m, const struct rsb_copy *r)
{
	unsigned int i;
	char c;

	seq_putc(m, '"');
	for (i = 0; i < r->len; i++) {
		c = r->name[i];
		seq_putc(m, isascii(c) && isprint(c) && c != '"' ? c : '.');
	}
	seq_puts(m, "\"\n");
}

static void put_hex(struct seq_file *m, const char *bytes, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		seq_printf(m, " %02x", (u8)bytes[i]);
}

static void put_str_or_hex(struct seq_file *m, const struct rsb_copy *r)
{
	unsigned int i;

	for (i = 0; i < r->len; i++)
		if (!isascii(r->name[i]) || !isprint(r->name[i]))
			break;
	if (i == r->len) {
		seq_printf(m, "str %.*s\n", r->len, r->name);
		return;
	}
	seq_puts(m, "hex");
	put_hex(m, r->name, r->len);
	seq_putc(m, '\n');
}

static void locks_lkb(struct seq_file *m, const struct dump *d,
		      const struct lock_copy *lkb)
{
	const struct rsb_copy *r = &d->rsb;
	u64 us = ktime_us_delta(r->now, lkb->since);

	seq_printf(m, "%x %d %x %u %llu %x %x %d %d %d %llu %u %u ",
		   lkb->id, lkb->nodeid, lkb->remid, lkb->pid, lkb->xid,
		   lkb->exflags, lkb->flags, lkb->status,
		   lkb->grmode, lkb->rqmode, us, r->nodeid, r->len);
	put_quoted(m, r);
}

#define LOCKS_HEADER							\
	"id nodeid remid pid xid exflags flags sts grmode rqmode "	\
	"time_ms r_nodeid r_len r_name\n"

static const struct dump_format locks_format = {
	.header	= LOCKS_HEADER,
	.lkb	= locks_lkb,
};

DUMP_FILE(locks);

/* dlm_tool reads the flags as a decimal number: only the bit it knows */
#define ALL_LVB_INVALID		2

static void all_rsb(struct seq_file *m, const struct dump *d)
{
	const struct rsb_copy *r = &d->rsb;

	seq_printf(m, "rsb %p %d %x %x %d %d %u %u ",
		   r->token, r->nodeid, 0,
		   r->flags & DLM_RSB_LVB_INVALID ? ALL_LVB_INVALID : 0,
		   0, 0, 0, r->len);
	put_str_or_hex(m, r);
	if (!(r->flags & DLM_RSB_LVB))
		return;
	seq_printf(m, "lvb %u %u", r->lvbseq, d->ls->lvblen);
	put_hex(m, d->lvb, d->ls->lvblen);
	seq_putc(m, '\n');
}

static void all_lkb(struct seq_file *m, const struct dump *d,
		    const struct lock_copy *lkb)
{
	seq_printf(m, "lkb %x %d %x %u %llu %x %x %d %d %d %d %d %d %u %llu %llu\n",
		   lkb->id, lkb->nodeid, lkb->remid, lkb->pid, lkb->xid,
		   lkb->exflags, lkb->flags, lkb->status,
		   lkb->grmode, lkb->rqmode, max_t(int, lkb->highbast, 0),
		   lkb->status == DLM_LKSTS_LOOKUP, lkb->wait_type,
		   lkb->lvbseq, (u64)ktime_to_ns(lkb->since), 0ULL);
}

static const struct dump_format all_format = {
	.header	= "version rsb 1.1 lvb 1.1 lkb 1.1\n",
	.rsb	= all_rsb,
	.lkb	= all_lkb,
};

DUMP_FILE(all);

static const char *mode_name(int mode)
{
	static const char names[][3] = { "NL", "CR", "CW", "PR", "PW", "EX" };

	return mode < 0 || mode >= ARRAY_SIZE(names) ? "--" : names[mode];
}

static void text_rsb(struct seq_file *m, const struct dump *d)
{
	const struct rsb_copy *r = &d->rsb;
	unsigned int i;

	seq_printf(m, "\nResource %p Name (len=%u) ", r->token, r->len);
	put_quoted(m, r);
	if (r->nodeid > 0)
		seq_printf(m, "Local Copy, Master is node %d\n", r->nodeid);
	else if (r->nodeid < 0)
		seq_puts(m, "Looking up master (lkid 0)\n");
	else
		seq_puts(m, "Master Copy\n");
	if (!(r->flags & DLM_RSB_LVB))
		return;
	for (i = 0; i < d->ls->lvblen; i += 16) {
		seq_puts(m, i ? "\n    " : "LVB:");
		put_hex(m, d->lvb + i, min(d->ls->lvblen - i, 16U));
	}
	seq_puts(m, r->flags & DLM_RSB_LVB_INVALID ? " (INVALID)\n" : "\n");
}

static const struct {
	enum dlm_lkb_status	status;
	const char		*heading;
} text_queues[] = {
	{ DLM_LKSTS_GRANTED, "Granted Queue\n" },
	{ DLM_LKSTS_CONVERT, "Conversion Queue\n" },
	{ DLM_LKSTS_WAITING, "Waiting Queue\n" },
	{ DLM_LKSTS_LOOKUP, "Lookup Queue\n" },
};

/* the headings after queue number @from up to that of @status; its number */
static int text_headings(struct seq_file *m, int from, u8 status)
{
	int i;

	for (i = from + 1; i < ARRAY_SIZE(text_queues); i++) {
		/* the last one is shown only if there is something in it */
		if (text_queues[i].status == DLM_LKSTS_LOOKUP &&
		    status != DLM_LKSTS_LOOKUP)
			break;
		seq_puts(m, text_queues[i].heading);
		if (text_queues[i].status == status)
			break;
	}
	return i;
}

static int text_queue_of(u8 status)
{
	int i = 0;

	while (i < ARRAY_SIZE(text_queues) - 1 &&
	       text_queues[i].status != status)
		i++;
	return i;
}

static void text_lkb(struct seq_file *m, const struct dump *d,
		     const struct lock_copy *lkb)
{
	int queue = -1;

	if (lkb > d->locks)
		queue = text_queue_of(lkb[-1].status);
	if (queue < 0 || text_queues[queue].status != lkb->status)
		queue = text_headings(m, queue, lkb->status);
	seq_printf(m, "%08x %s", lkb->id, mode_name(lkb->grmode));
	if (lkb->status != DLM_LKSTS_GRANTED)
		seq_printf(m, " (%s)", mode_name(lkb->rqmode));
	if (lkb->nodeid)
		seq_printf(m, " %s %3d %08x", d->rsb.nodeid ? "Master:" :
			   "Remote:", lkb->nodeid, lkb->remid);
	seq_putc(m, '\n');
	if (lkb == &d->locks[d->nlocks - 1])
		text_headings(m, queue, DLM_LKSTS_DEAD);
}

static const struct dump_format text_format = {
	.header	= "",
	.rsb	= text_rsb,
	.lkb	= text_lkb,
};

DUMP_FILE(text);

/* resources that are kept for the sake of their master's name */
static void toss_rsb(struct seq_file *m, const struct dump *d)
{
	const struct rsb_copy *r = &d->rsb;
	int us = d->ls->node->nodeid;

	seq_printf(m, "rsb %p %d %d %d %d %u %x %u ", r->token, r->nodeid,
		   r->nodeid ?: us, dlm_dir_nodeid(d->ls, r->name, r->len), us,
		   0, 0, r->len);
	put_str_or_hex(m, r);
}

static void no_lkb(struct seq_file *m, const struct dump *d,
		   const struct lock_copy *lkb)
{
}

static const struct dump_format toss_format = {
	.unused	= true,
	.header	= "version 4 rsb 2\n",
	.rsb	= toss_rsb,
	.lkb	= no_lkb,
};

DUMP_FILE(toss);

static void waiters_lkb(struct seq_file *m, const struct dump *d,
			const struct lock_copy *lkb)
{
	if (!lkb->wait_type)
		return;
	seq_printf(m, "%x %d %d ", lkb->id, lkb->wait_type, lkb->nodeid);
	put_quoted(m, &d->rsb);
}

static const struct dump_format waiters_format = {
	.header	= "",
	.lkb	= waiters_lkb,
};

DUMP_FILE(waiters);

/* --- small files ------------------------------------------------------- */

static int stats_show(struct seq_file *m, void *v)
{
	const struct dlm_ls *ls = m->private;
	enum dlm_ls_stat i;

	for (i = 0; i < DLM_ST_MAX; i++)
		seq_printf(m, "%s %llu\n", dlm_ls_stat_name(i),
			   dlm_ls_stat_sum(ls, i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static const char *ls_state_name(enum dlm_ls_state state)
{
	switch (state) {
	case DLM_LS_JOINING:
		return "joining";
	case DLM_LS_READY:
		return "ready";
	case DLM_LS_CHECKING:
		return "checking";
	case DLM_LS_LEAVING:
		return "leaving";
	case DLM_LS_GONE:
		return "gone";
	}
	return "?";
}

static const char *gate_state_name(enum dlm_gate_state state)
{
	switch (state) {
	case DLM_GATE_CLOSED:
		return "closed";
	case DLM_GATE_OPEN:
		return "open";
	case DLM_GATE_DEAD:
		return "dead";
	}
	return "?";
}

static int state_show(struct seq_file *m, void *v)
{
	struct dlm_ls *ls = m->private;
	const char *reason = READ_ONCE(ls->waiting_for);

	seq_printf(m, "state %s\n", ls_state_name(READ_ONCE(ls->state)));
	seq_printf(m, "gate %s\n",
		   gate_state_name(READ_ONCE(ls->gate.state)));
	seq_printf(m, "waiting_for %s\n", reason ?: "nothing");
	seq_printf(m, "generation %u\n", READ_ONCE(ls->generation));
	seq_printf(m, "members %u\n", dlm_member_count(ls));
	seq_printf(m, "nodeid %d\n", ls->node->nodeid);
	seq_printf(m, "id %u\n", READ_ONCE(ls->global_id));
	seq_printf(m, "flags 0x%x\n", ls->exflags);
	seq_printf(m, "lvblen %u\n", ls->lvblen);
	seq_printf(m, "nodir %d\n", READ_ONCE(ls->nodir));
	seq_printf(m, "device %d\n", ls->device);
	seq_printf(m, "creators %u\n", READ_ONCE(ls->create_count));
	seq_printf(m, "references %u\n", kref_read(&ls->ref));
	seq_printf(m, "resources %d\n", atomic_read(&ls->rsbs.nelems));
	seq_printf(m, "locks %u\n", dlm_lkb_count(ls));
	dlm_recover_show(m, ls);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int node_stats_show(struct seq_file *m, void *v)
{
	const struct dlm_node *node = m->private;
	enum dlm_node_stat i;

	for (i = 0; i < DLM_NS_MAX; i++)
		seq_printf(m, "%s %ld\n", dlm_node_stat_name(i),
			   atomic_long_read(&node->stats[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(node_stats);

static void show_figure(void *priv, int nodeid, const char *name,
			unsigned long value)
{
	seq_printf(priv, "%d %s %lu\n", nodeid, name, value);
}

/* of other nodes: how the transport stands with them */
static int node_peers_show(struct seq_file *m, void *v)
{
	struct dlm_node *node = m->private;

	mutex_lock(&node->control);
	if (node->comms)
		dlm_comms_show(node->comms, show_figure, m);
	mutex_unlock(&node->control);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(node_peers);

/* --- directories and files --------------------------------------------- */

struct ls_file {
	const char			*suffix;
	umode_t				mode;
	const struct file_operations	*fops;
};

static const struct ls_file ls_files[] = {
	{ "",		0444, &text_fops },
	{ "_locks",	0644, &locks_fops },
	{ "_all",	0444, &all_fops },
	{ "_toss",	0444, &toss_fops },
	{ "_waiters",	0644, &waiters_fops },
	{ "_stats",	0444, &stats_fops },
	{ "_state",	0444, &state_fops },
};

static_assert(ARRAY_SIZE(ls_files) <=
	      ARRAY_SIZE(((struct dlm_ls *)NULL)->debug_files));

/**
 * dlm_debugfs_init - make the directory of all nodes
 *
 * Nobody minds if it cannot be made; nothing below it will be, either.
 */
void dlm_debugfs_init(void)
{
	debugfs_create_dir(ROOT, NULL);
}

/**
 * dlm_debugfs_exit - remove the directory, after all nodes
 */
void dlm_debugfs_exit(void)
{
	debugfs_lookup_and_remove(ROOT, NULL);
}

/**
 * dlm_debugfs_add_node - make a node's directory
 * @node: the node; one without a namespace (tests) gets none
 */
void dlm_debugfs_add_node(struct dlm_node *node)
{
	struct dentry *root, *dir;
	char name[24];

	if (!node->net)
		return;
	root = debugfs_lookup(ROOT, NULL);
	if (IS_ERR_OR_NULL(root))
		return;
	dir = root;
	if (!net_eq(node->net, &init_net)) {
		snprintf(name, sizeof(name), "net-%u", node->net->ns.inum);
		dir = debugfs_create_dir(name, root);
		dput(root);
		if (IS_ERR(dir))
			return;
	}
	debugfs_create_file(NODE_STATS, 0444, dir, node, &node_stats_fops);
	debugfs_create_file(NODE_PEERS, 0444, dir, node, &node_peers_fops);
	node->debug_dir = dir;
}

/**
 * dlm_debugfs_del_node - remove what dlm_debugfs_add_node() made
 * @node: node without lockspaces
 */
void dlm_debugfs_del_node(struct dlm_node *node)
{
	if (!node->debug_dir)
		return;
	if (net_eq(node->net, &init_net)) {
		debugfs_lookup_and_remove(NODE_STATS, node->debug_dir);
		debugfs_lookup_and_remove(NODE_PEERS, node->debug_dir);
		dput(node->debug_dir);
	} else {
		debugfs_remove(node->debug_dir);
	}
	node->debug_dir = NULL;
}

/* what cannot be part of a file name, or might be taken for another file of ours */
static void file_name(char *name, size_t size, const struct dlm_ls *ls,
		      const char *suffix)
{
	unsigned int i;

	snprintf(name, size, "%s%s", ls->name, suffix);
	for (i = 0; i < ls->namelen && name[i]; i++)
		if (name[i] == '/' || (u8)name[i] <= ' ')
			name[i] = '!';
}

/**
 * dlm_debugfs_add_ls - make a lockspace's files
 * @ls: the lockspace, which may not have joined yet
 *
 * A file whose name is taken ("x_locks" by a lockspace of that name) is left out.
 */
void dlm_debugfs_add_ls(struct dlm_ls *ls)
{
	char name[DLM_LOCKSPACE_LEN + 16];
	unsigned int i;

	if (!ls->node->debug_dir)
		return;
	for (i = 0; i < ARRAY_SIZE(ls_files); i++) {
		file_name(name, sizeof(name), ls, ls_files[i].suffix);
		ls->debug_files[i] =
			debugfs_create_file(name, ls_files[i].mode,
					    ls->node->debug_dir, ls,
					    ls_files[i].fops);
	}
}

/**
 * dlm_debugfs_del_ls - remove a lockspace's files
 * @ls: the lockspace
 *
 * Context: sleeps until nobody is inside one of them any more.
 */
void dlm_debugfs_del_ls(struct dlm_ls *ls)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ls_files); i++) {
		debugfs_remove(ls->debug_files[i]);
		ls->debug_files[i] = NULL;
	}
}
