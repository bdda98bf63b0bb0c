// SPDX-License-Identifier: GPL-2.0
/*
 * The directory: which node keeps the record of a name (messages.md 2).
 */
#include <linux/jhash.h>
#include "engine.h"
#include "lockspace.h"
#include "recv.h"

/**
 * dlm_node_array - weigh the members of a lockspace against each other
 * @m: members, ascending by node id
 * @count: how many
 * @array: gets each node id as many times as the node's weight says, or NULL.
 *	With all weights 0, each counts 1
 *
 * The index into the array is a 16-bit number modulo its length, so that nobody can
 * tell an array of DLM_NODE_ARRAY_MAX entries from a longer one.
 *
 * Return: entries, at most DLM_NODE_ARRAY_MAX.
 */
unsigned int dlm_node_array(const struct dlm_member *m, unsigned int count,
			    int *array)
{
	unsigned int i, j, weight, total = 0;
	bool weighed = false;

	for (i = 0; i < count; i++)
		weighed |= m[i].weight;
	for (i = 0; i < count; i++) {
		weight = weighed ? m[i].weight : 1;
		weight = min(weight, DLM_NODE_ARRAY_MAX - total);
		for (j = 0; array && j < weight; j++)
			array[total + j] = m[i].nodeid;
		total += weight;
	}
	return total;
}

/**
 * dlm_dir_hash - the hash of a name that all nodes agree on
 * @name: @len bytes
 * @len: 0..DLM_RESNAME_MAXLEN
 *
 * Return: the hash (messages.md 2).
 */
u32 dlm_dir_hash(const void *name, unsigned int len)
{
	return jhash(name, len, 0);
}

/**
 * dlm_dir_shared - is the directory spread over several nodes?
 * @ls: the lockspace
 *
 * Return: false if there is nobody to ask: this node is the only member, or (@ls->nodir)
 * everybody knows the master by the name alone.
 */
bool dlm_dir_shared(const struct dlm_ls *ls)
{
	const struct dlm_members *m;
	bool shared;

	if (ls->nodir)
		return false;
	rcu_read_lock();
	m = rcu_dereference(ls->members);
	shared = m && m->count > 1;
	rcu_read_unlock();
	return shared;
}

/**
 * dlm_dir_of_hash - the directory node of a name, by its hash
 * @ls: the lockspace
 * @hash: what dlm_dir_hash() says
 *
 * Return: node id; our own if there is no other member.
 */
int dlm_dir_of_hash(const struct dlm_ls *ls, u32 hash)
{
	const struct dlm_members *m;
	int nodeid = ls->node->nodeid;

	rcu_read_lock();
	m = rcu_dereference(ls->members);
	if (m && m->count > 1 && m->total)
		nodeid = m->array[(hash >> 16) % m->total];
	rcu_read_unlock();
	return nodeid;
}

/**
 * dlm_dir_nodeid - the directory node of a name
 * @ls: the lockspace
 * @name: @len bytes
 * @len: 0..DLM_RESNAME_MAXLEN
 *
 * With @ls->nodir that is the master.
 *
 * Return: node id; our own if there is no other member.
 */
int dlm_dir_nodeid(const struct dlm_ls *ls, const void *name, unsigned int len)
{
	const struct dlm_members *m;
	bool alone;

	/* a lone node hashes no names */
	rcu_read_lock();
	m = rcu_dereference(ls->members);
	alone = !m || m->count == 1;
	rcu_read_unlock();
	return alone ? ls->node->nodeid :
		       dlm_dir_of_hash(ls, dlm_dir_hash(name, len));
}

/* --- messages: resource directory's side -------------------------------- */

/**
 * dlm_recv_lookup - somebody asks for a resource's master (messages.md 5.1)
 * @m: the message, with a valid name
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_recv_lookup(const struct dlm_recv *m)
{
	struct dlm_ls *ls = m->ls;
	const void *name = m->msg->extra;
	struct dlm_op op = { };
	struct dlm_rsb *r;
	int master;

	if (dlm_fx_reserve(ls, m->fx, 1, GFP_NOIO))
		return -ENOMEM;
	if (ls->nodir ||
	    dlm_dir_nodeid(ls, name, m->tail) != ls->node->nodeid) {
		dlm_send_lookup_reply(ls, m->nodeid, m->msg, DLM_MASTER_UNKNOWN,
				      m->fx);
		return dlm_bad_msg(m, "lookup: we do not keep that record");
	}
	r = dlm_rsb_lock(ls, &op, name, m->tail);
	dlm_rsb_free_reserved(op.rsb);
	if (IS_ERR(r))
		return PTR_ERR(r);
	if (op.fresh || r->nodeid == DLM_MASTER_UNKNOWN)
		r->nodeid = m->nodeid;
	master = r->nodeid;
	if (master)
		dlm_send_lookup_reply(ls, m->nodeid, m->msg, master, m->fx);
	dlm_rsb_unlock(r);
	/* the master is here: the question is as good as a request */
	return master ? 0 : dlm_recv_request(m);
}

/**
 * dlm_recv_remove - a master forgets a resource (messages.md 13)
 * @m: the message, with a valid name
 *
 * Return: 0.
 */
int dlm_recv_remove(const struct dlm_recv *m)
{
	struct dlm_ls *ls = m->ls;
	const void *name = m->msg->extra;
	u32 hash = dlm_dir_hash(name, m->tail);
	struct dlm_rsb *r;

	if (ls->nodir || le32_to_cpu(m->msg->hash) != hash ||
	    dlm_dir_of_hash(ls, hash) != ls->node->nodeid)
		return dlm_bad_msg(m, "remove: we do not keep that record");
	r = dlm_rsb_find(ls, name, m->tail);
	if (!r)
		return dlm_bad_msg(m, "remove: no such record");
	if (r->nodeid == m->nodeid && (r->flags & DLM_RSB_INACTIVE)) {
		dlm_rsb_forget(r);
		return 0;
	}
	/* in use here: our REQUEST is on its way and makes the sender master again */
	if (r->nodeid == m->nodeid) {
		dlm_rsb_unlock(r);
		return 0;
	}
	dlm_rsb_unlock(r);
	return dlm_bad_msg(m, "remove: another node is master");
}
