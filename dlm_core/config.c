// SPDX-License-Identifier: GPL-2.0
/*
 * What a control daemon configures (control-plane.md 2): numbers of the node,
 * nodes of the cluster with their addresses, members of lockspaces.
 *
 * All of it is guarded by node->control, a mutex that is held for as long as it
 * takes to look or to change, never while waiting for a peer or a daemon.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include "config.h"
#include "lockspace.h"

/**
 * struct config_var - a number of a cluster directory
 * @name: of its file
 * @offset: in struct dlm_config
 * @initial: its default
 * @min: less is -EINVAL
 * @max: more is @above
 * @above: a negative errno
 * @fixed: cannot be changed while the transport runs
 */
struct config_var {
	const char	*name;
	unsigned int	offset;
	unsigned int	initial;
	unsigned int	min;
	unsigned int	max;
	int		above;
	bool		fixed;
};

#define VAR(_name, _initial, _min, _max, _above, _fixed) {		\
	.name = #_name, .offset = offsetof(struct dlm_config, _name),	\
	.initial = _initial, .min = _min, .max = _max, .above = _above,	\
	.fixed = _fixed,						\
}

#define ANY(_name, _initial, _min)					\
	VAR(_name, _initial, _min, UINT_MAX, -ERANGE, false)

static const struct config_var config_vars[DLM_CFG_MAX] = {
	[DLM_CFG_TCP_PORT]	= VAR(tcp_port, 21064, 1, U16_MAX, -ERANGE, true),
	[DLM_CFG_BUFFER_SIZE]	= ANY(buffer_size, 4096, 4096),
	[DLM_CFG_RSBTBL_SIZE]	= ANY(rsbtbl_size, 1024, 1),
	[DLM_CFG_RECOVER_TIMER]	= ANY(recover_timer, 5, 1),
	[DLM_CFG_TOSS_SECS]	= ANY(toss_secs, 10, 1),
	[DLM_CFG_SCAN_SECS]	= ANY(scan_secs, 5, 1),
	[DLM_CFG_LOG_DEBUG]	= ANY(log_debug, 0, 0),
	[DLM_CFG_LOG_INFO]	= ANY(log_info, 1, 0),
	[DLM_CFG_PROTOCOL]	= VAR(protocol, DLM_PROTO_TCP, DLM_PROTO_TCP,
				      DLM_PROTO_SCTP, -EINVAL, true),
	[DLM_CFG_MARK]		= ANY(mark, 0, 0),
	[DLM_CFG_TIMEWARN_CS]	= ANY(timewarn_cs, 500, 1),
	[DLM_CFG_NEW_RSB_COUNT]	= ANY(new_rsb_count, 128, 0),
	[DLM_CFG_RECOVER_CALLBACKS] = ANY(recover_callbacks, 0, 0),
};

static unsigned int *var_value(struct dlm_config *config,
			       enum dlm_config_key key)
{
	return (void *)config + config_vars[key].offset;
}

/**
 * dlm_config_init - set everything to its default
 * @config: zeroed
 */
void dlm_config_init(struct dlm_config *config)
{
	enum dlm_config_key key;

	for (key = 0; key < DLM_CFG_MAX; key++)
		*var_value(config, key) = config_vars[key].initial;
}

/**
 * dlm_config_name - name of a number
 * @key: which
 *
 * Return: the name of its file.
 */
const char *dlm_config_name(enum dlm_config_key key)
{
	return config_vars[key].name;
}

static bool transport_runs(const struct dlm_node *node)
{
	return node->comms && dlm_comms_running(node->comms);
}

/**
 * dlm_config_set - change a number
 * @node: whose
 * @key: which
 * @text: decimal, hexadecimal (0x) or octal (0), with or without a newline
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for anything but a number and for numbers that make no
 * sense, -ERANGE for too big ones, -EBUSY while the transport uses it.
 */
int dlm_config_set(struct dlm_node *node, enum dlm_config_key key,
		   const char *text)
{
	const struct config_var *var = &config_vars[key];
	unsigned int value;
	int err;

	err = kstrtouint(text, 0, &value);
	if (err)
		return err;
	if (value < var->min)
		return -EINVAL;
	if (value > var->max)
		return var->above;
	mutex_lock(&node->control);
	if (var->fixed && transport_runs(node))
		err = -EBUSY;
	else
		WRITE_ONCE(*var_value(&node->config, key), value);
	mutex_unlock(&node->control);
	return err;
}

/**
 * dlm_config_get - read a number
 * @node: whose
 * @key: which
 *
 * Return: its value.
 */
unsigned int dlm_config_get(const struct dlm_node *node,
			    enum dlm_config_key key)
{
	const void *config = &node->config;

	return READ_ONCE(*(const unsigned int *)(config + config_vars[key].offset));
}

/**
 * dlm_config_set_cluster_name - change the cluster's name
 * @node: whose
 * @text: stored as it is, a newline included
 * @len: of @text; what does not fit is left out
 *
 * Context: may sleep.
 */
void dlm_config_set_cluster_name(struct dlm_node *node, const char *text,
				 size_t len)
{
	char *name = node->config.cluster_name;

	len = min(len, sizeof(node->config.cluster_name) - 1);
	mutex_lock(&node->control);
	memcpy(name, text, len);
	name[len] = '\0';
	mutex_unlock(&node->control);
}

/* --- clusters ---------------------------------------------------------- */

/* the id that a directory's name stands for, -1 if it is none */
static int id_of_name(const char *name)
{
	int id;

	return kstrtoint(name, 10, &id) || id <= 0 ? -1 : id;
}

static int parse_nodeid(const char *text, int *nodeid)
{
	int err = kstrtoint(text, 0, nodeid);

	if (!err && *nodeid <= 0)
		err = -EINVAL;
	return err;
}

static void set_local_id(struct dlm_node *node, int nodeid)
{
	spin_lock(&node->lock);
	node->local_id = nodeid;
	spin_unlock(&node->lock);
	dlm_node_daemon_changed(node);
}

/* its addresses go, and connections with them */
static void forget_comm(struct dlm_conf_comm *comm)
{
	struct dlm_node *node = comm->cluster->node;

	lockdep_assert_held(&node->control);
	if (comm->nodeid <= 0 || node->cluster != comm->cluster)
		return;
	if (node->local_id == comm->nodeid) {
		set_local_id(node, 0);
		if (node->comms)
			dlm_comms_local_forget(node->comms);
	} else if (node->comms) {
		dlm_comms_peer_forget(node->comms, comm->nodeid);
	}
}

/* a cluster directory comes; node->control held */
static int may_add_cluster(struct dlm_node *node)
{
	const struct dlm_ls *ls;
	int err = 0;

	spin_lock(&node->lock);
	if (node->dead)
		err = -ENODEV;
	list_for_each_entry(ls, &node->lockspaces, node_entry)
		if (ls->solo || node->cluster)
			err = -EBUSY;
	spin_unlock(&node->lock);
	return err;
}

static void set_cluster(struct dlm_node *node, struct dlm_cluster *cluster)
{
	spin_lock(&node->lock);
	node->cluster = cluster;
	spin_unlock(&node->lock);
	dlm_node_daemon_changed(node);
}

/**
 * dlm_cluster_add - begin to configure a node
 * @cluster: zeroed
 * @node: the node; another cluster that was configured on it is forgotten
 *
 * Context: may sleep.
 * Return: 0; -EBUSY while a lockspace runs that needs things to stay as they are:
 * a solo one, or any if there is a cluster already; -ENODEV if the node is
 * gone.
 */
int dlm_cluster_add(struct dlm_cluster *cluster, struct dlm_node *node)
{
	struct dlm_conf_comm *comm;
	int err;

	INIT_LIST_HEAD(&cluster->comms);
	INIT_LIST_HEAD(&cluster->spaces);
	mutex_lock(&node->control);
	err = may_add_cluster(node);
	if (!err) {
		if (node->cluster)
			list_for_each_entry(comm, &node->cluster->comms, entry)
				forget_comm(comm);
		dlm_node_get(node);
		cluster->node = node;
		set_cluster(node, cluster);
	}
	mutex_unlock(&node->control);
	return err;
}

/**
 * dlm_cluster_del - the node is not configured any more
 * @cluster: empty; the numbers that were set through it stay
 *
 * Context: may sleep.
 */
void dlm_cluster_del(struct dlm_cluster *cluster)
{
	struct dlm_node *node = cluster->node;

	mutex_lock(&node->control);
	if (node->cluster == cluster)
		set_cluster(node, NULL);
	mutex_unlock(&node->control);
	dlm_node_put(node);
}

/* take node->control, if the cluster is one that counts */
static int lock_cluster(struct dlm_cluster *cluster)
{
	struct dlm_node *node = cluster->node;
	int err = 0;

	mutex_lock(&node->control);
	if (READ_ONCE(node->dead))
		err = -ENODEV;
	else if (node->cluster != cluster)
		err = -EBUSY;
	if (err)
		mutex_unlock(&node->control);
	return err;
}

static void unlock_cluster(struct dlm_cluster *cluster)
{
	mutex_unlock(&cluster->node->control);
}

/* --- nodes of the cluster ---------------------------------------------- */

static struct dlm_conf_comm *find_comm(struct dlm_cluster *cluster, int nodeid)
{
	struct dlm_conf_comm *comm;

	list_for_each_entry(comm, &cluster->comms, entry)
		if (comm->nodeid == nodeid)
			return comm;
	return NULL;
}

/**
 * dlm_conf_comm_add - a node comes
 * @comm: zeroed
 * @cluster: its cluster
 * @name: of its directory; a number is its node id until another is written
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if there is a node with that id; -ENODEV if our node is
 * gone, -EBUSY if another cluster directory replaced this one (likewise below).
 */
int dlm_conf_comm_add(struct dlm_conf_comm *comm, struct dlm_cluster *cluster,
		      const char *name)
{
	int err;

	comm->cluster = cluster;
	comm->nodeid = id_of_name(name);
	err = lock_cluster(cluster);
	if (err)
		return err;
	if (comm->nodeid > 0 && find_comm(cluster, comm->nodeid))
		err = -EEXIST;
	else
		list_add_tail(&comm->entry, &cluster->comms);
	unlock_cluster(cluster);
	return err;
}

/**
 * dlm_conf_comm_del - a node goes
 * @comm: the node
 *
 * Its connections are closed and its addresses forgotten; if it is our own, the
 * control daemon no longer counts as available.
 *
 * Context: may sleep.
 */
void dlm_conf_comm_del(struct dlm_conf_comm *comm)
{
	struct dlm_node *node = comm->cluster->node;

	mutex_lock(&node->control);
	forget_comm(comm);
	list_del(&comm->entry);
	mutex_unlock(&node->control);
}

/**
 * dlm_conf_comm_set_nodeid - tell a node's id
 * @comm: the node
 * @text: number; the same one may come again
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -ERANGE; -EEXIST if another node has it; -EBUSY if this one
 * has an address or is our own, which belong to the id.
 */
int dlm_conf_comm_set_nodeid(struct dlm_conf_comm *comm, const char *text)
{
	int nodeid, err;

	err = parse_nodeid(text, &nodeid) ?: lock_cluster(comm->cluster);
	if (err)
		return err;
	if (nodeid != comm->nodeid) {
		if (find_comm(comm->cluster, nodeid))
			err = -EEXIST;
		else if (comm->count || comm->local)
			err = -EBUSY;
		else
			comm->nodeid = nodeid;
	}
	unlock_cluster(comm->cluster);
	return err;
}

static bool is_our_node(const struct dlm_conf_comm *comm)
{
	return comm->nodeid > 0 && comm->cluster->node->local_id == comm->nodeid;
}

static bool same_addr(const struct sockaddr_storage *a,
		      const struct sockaddr_storage *b)
{
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr) &&
	       a6->sin6_scope_id == b6->sin6_scope_id;
}

static int add_addr(struct dlm_conf_comm *comm,
		    const struct sockaddr_storage *addr)
{
	struct dlm_comms *comms = comm->cluster->node->comms;
	unsigned int i;
	int err = 0;

	if (comm->nodeid <= 0)
		return -EINVAL;
	if (addr->ss_family != AF_INET && addr->ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (comm->count == DLM_COMMS_ADDRS)
		return -ENOSPC;
	for (i = 0; i < comm->count; i++)
		if (same_addr(&comm->addr[i], addr))
			return -EEXIST;
	if (comms)
		err = dlm_comms_addr_add(comms, comm->nodeid, addr,
					 is_our_node(comm));
	if (!err)
		comm->addr[comm->count++] = *addr;
	return err;
}

/**
 * dlm_conf_comm_set_addr - tell another address of a node
 * @comm: the node
 * @bytes: a struct sockaddr_storage; its port is ignored
 * @len: of @bytes
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for another length or if the node's id is not known,
 * -EAFNOSUPPORT, -ENOSPC after DLM_COMMS_ADDRS addresses, -EEXIST for one that it
 * has, -ENOMEM.
 */
int dlm_conf_comm_set_addr(struct dlm_conf_comm *comm, const void *bytes,
			   size_t len)
{
	struct sockaddr_storage addr;
	int err;

	if (len != sizeof(addr))
		return -EINVAL;
	memcpy(&addr, bytes, sizeof(addr));
	err = lock_cluster(comm->cluster);
	if (err)
		return err;
	err = add_addr(comm, &addr);
	unlock_cluster(comm->cluster);
	return err;
}

/**
 * dlm_conf_comm_set_mark - SO_MARK of connections to a node
 * @comm: the node
 * @text: number, 0 for the cluster's
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -ERANGE, -EINVAL if the node's id is not known, -ENOMEM.
 */
int dlm_conf_comm_set_mark(struct dlm_conf_comm *comm, const char *text)
{
	struct dlm_node *node = comm->cluster->node;
	u32 mark;
	int err;

	err = kstrtou32(text, 0, &mark) ?: lock_cluster(comm->cluster);
	if (err)
		return err;
	if (comm->nodeid <= 0)
		err = -EINVAL;
	else if (node->comms && !is_our_node(comm))
		err = dlm_comms_set_mark(node->comms, comm->nodeid, mark);
	if (!err)
		comm->mark = mark;
	unlock_cluster(comm->cluster);
	return err;
}

/* what was told of a peer turns out to be about ourselves */
static int become_local(struct dlm_conf_comm *comm)
{
	struct dlm_node *node = comm->cluster->node;
	unsigned int i;
	int err = 0;

	if (node->comms) {
		dlm_comms_peer_forget(node->comms, comm->nodeid);
		for (i = 0; !err && i < comm->count; i++)
			err = dlm_comms_addr_add(node->comms, comm->nodeid,
						 &comm->addr[i], true);
	}
	if (!err)
		set_local_id(node, comm->nodeid);
	return err;
}

/**
 * dlm_conf_comm_set_local - is this our own node?
 * @comm: the node
 * @text: a number; not 0 makes it our own, if no other is
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -ERANGE, -EINVAL if the node's id is not known, -ENOMEM.
 */
int dlm_conf_comm_set_local(struct dlm_conf_comm *comm, const char *text)
{
	struct dlm_node *node = comm->cluster->node;
	int local, err;

	err = kstrtoint(text, 0, &local) ?: lock_cluster(comm->cluster);
	if (err)
		return err;
	if (comm->nodeid <= 0)
		err = -EINVAL;
	else if (local && !node->local_id)
		err = become_local(comm);
	if (!err)
		comm->local = local;
	unlock_cluster(comm->cluster);
	return err;
}

/**
 * dlm_conf_comm_addr_list - a node's addresses, as text
 * @comm: the node
 * @buf: for the text
 * @size: of @buf
 *
 * Context: may sleep.
 * Return: bytes of text, one line for each address.
 */
size_t dlm_conf_comm_addr_list(struct dlm_conf_comm *comm, char *buf,
			       size_t size)
{
	size_t len = 0;
	unsigned int i;

	mutex_lock(&comm->cluster->node->control);
	for (i = 0; i < comm->count; i++) {
		const void *a = &comm->addr[i];

		if (comm->addr[i].ss_family == AF_INET)
			len += scnprintf(buf + len, size - len, "AF_INET\t%pI4\n",
					 &((const struct sockaddr_in *)a)->sin_addr);
		else
			len += scnprintf(buf + len, size - len, "AF_INET6\t%pI6\n",
					 &((const struct sockaddr_in6 *)a)->sin6_addr);
	}
	mutex_unlock(&comm->cluster->node->control);
	return len;
}

/* --- members of lockspaces --------------------------------------------- */

/**
 * dlm_conf_space_add - the members of a lockspace will follow
 * @space: zeroed
 * @cluster: its cluster
 * @name: the lockspace's name
 *
 * Context: may sleep.
 * Return: 0; -ENAMETOOLONG if no lockspace can have that name; -ENODEV, -EBUSY.
 */
int dlm_conf_space_add(struct dlm_conf_space *space,
		       struct dlm_cluster *cluster, const char *name)
{
	int err;

	if (strscpy(space->name, name, sizeof(space->name)) < 0)
		return -ENAMETOOLONG;
	space->cluster = cluster;
	INIT_LIST_HEAD(&space->members);
	err = lock_cluster(cluster);
	if (err)
		return err;
	list_add_tail(&space->entry, &cluster->spaces);
	unlock_cluster(cluster);
	return 0;
}

/**
 * dlm_conf_space_del - forget a lockspace's members
 * @space: without members
 *
 * Context: may sleep.
 */
void dlm_conf_space_del(struct dlm_conf_space *space)
{
	mutex_lock(&space->cluster->node->control);
	list_del(&space->entry);
	mutex_unlock(&space->cluster->node->control);
}

static struct dlm_conf_member *find_member(struct dlm_conf_space *space,
					   int nodeid)
{
	struct dlm_conf_member *member;

	list_for_each_entry(member, &space->members, entry)
		if (member->nodeid == nodeid)
			return member;
	return NULL;
}

/**
 * dlm_conf_member_add - a node becomes member of a lockspace
 * @member: zeroed
 * @space: the lockspace
 * @name: of its directory; a number is its node id until another is written
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if there is a member with that id; -ENODEV, -EBUSY.
 */
int dlm_conf_member_add(struct dlm_conf_member *member,
			struct dlm_conf_space *space, const char *name)
{
	int nodeid = id_of_name(name);
	int err;

	member->space = space;
	member->nodeid = -1;
	member->weight = 1;
	member->is_new = true;
	err = lock_cluster(space->cluster);
	if (err)
		return err;
	if (nodeid > 0 && find_member(space, nodeid)) {
		err = -EEXIST;
	} else {
		if (nodeid > 0)
			member->nodeid = nodeid;
		list_add_tail(&member->entry, &space->members);
	}
	unlock_cluster(space->cluster);
	return err;
}

/**
 * dlm_conf_member_del - a node is member no more
 * @member: the member
 *
 * Context: may sleep.
 */
void dlm_conf_member_del(struct dlm_conf_member *member)
{
	struct dlm_node *node = member->space->cluster->node;

	mutex_lock(&node->control);
	list_del(&member->entry);
	mutex_unlock(&node->control);
}

/**
 * dlm_conf_member_set_nodeid - tell a member's node id
 * @member: the member
 * @text: a number
 *
 * Context: may sleep.
 * Return: 0; -EINVAL, -ERANGE, -EEXIST if another member has it.
 */
int dlm_conf_member_set_nodeid(struct dlm_conf_member *member,
			       const char *text)
{
	struct dlm_cluster *cluster = member->space->cluster;
	struct dlm_conf_member *other;
	int nodeid, err;

	err = parse_nodeid(text, &nodeid) ?: lock_cluster(cluster);
	if (err)
		return err;
	other = find_member(member->space, nodeid);
	if (other && other != member)
		err = -EEXIST;
	else
		member->nodeid = nodeid;
	unlock_cluster(cluster);
	return err;
}

/**
 * dlm_conf_member_set_weight - tell a member's share of the directory
 * @member: the member
 * @text: a number, 0 for no share
 *
 * Context: may sleep.
 * Return: 0; -EINVAL (negative ones too), -ERANGE.
 */
int dlm_conf_member_set_weight(struct dlm_conf_member *member,
			       const char *text)
{
	struct dlm_cluster *cluster = member->space->cluster;
	int weight, err;

	err = kstrtoint(text, 0, &weight);
	if (!err && weight < 0)
		err = -EINVAL;
	if (!err)
		err = lock_cluster(cluster);
	if (err)
		return err;
	member->weight = weight;
	unlock_cluster(cluster);
	return 0;
}

static struct dlm_conf_space *find_space(struct dlm_node *node,
					 const char *name)
{
	struct dlm_conf_space *space;

	if (node->cluster)
		list_for_each_entry(space, &node->cluster->spaces, entry)
			if (!strcmp(space->name, name))
				return space;
	return NULL;
}

/* node->control held */
static int copy_members(struct dlm_conf_space *space,
			struct dlm_member_conf **members)
{
	struct dlm_member_conf *conf;
	struct dlm_conf_member *m;
	int count = 0;

	list_for_each_entry(m, &space->members, entry)
		count += m->nodeid > 0;
	if (!count)
		return -ENOENT;
	conf = kcalloc(count, sizeof(*conf), GFP_NOIO);
	if (!conf)
		return -ENOMEM;
	*members = conf;
	list_for_each_entry(m, &space->members, entry) {
		if (m->nodeid <= 0)
			continue;
		conf->nodeid = m->nodeid;
		conf->weight = m->weight;
		conf->is_new = m->is_new;
		m->is_new = false;
		conf++;
	}
	return count;
}

/**
 * dlm_config_members - a start reads who is member of a lockspace
 * @node: our node
 * @name: the lockspace
 * @members: gets the list, to be freed with kfree()
 *
 * Members that are "new" in the list are new no longer, unless dlm_config_members_undo() is called.
 *
 * Context: may sleep.
 * Return: how many they are; -ENOENT if the lockspace is not configured or has no
 * members, -ENOMEM.
 */
int dlm_config_members(struct dlm_node *node, const char *name,
		       struct dlm_member_conf **members)
{
	struct dlm_conf_space *space;
	int count = -ENOENT;

	*members = NULL;
	mutex_lock(&node->control);
	space = find_space(node, name);
	if (space)
		count = copy_members(space, members);
	mutex_unlock(&node->control);
	return count;
}

/**
 * dlm_config_members_undo - that start came to nothing
 * @node: our node
 * @name: the lockspace
 * @members: what dlm_config_members() gave
 * @count: how many
 *
 * Who was "new" in the list is it again, for the next start.
 *
 * Context: may sleep.
 */
void dlm_config_members_undo(struct dlm_node *node, const char *name,
			     const struct dlm_member_conf *members, int count)
{
	struct dlm_conf_member *m;
	struct dlm_conf_space *space;

	mutex_lock(&node->control);
	space = find_space(node, name);
	for (; space && count; count--, members++) {
		m = members->is_new ? find_member(space, members->nodeid) : NULL;
		if (m)
			m->is_new = true;
	}
	mutex_unlock(&node->control);
}
