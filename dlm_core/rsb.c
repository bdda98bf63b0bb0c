// SPDX-License-Identifier: GPL-2.0
/*
 * The table of resources, by name.
 *
 * Lookups are lockless.  A resource is created by the first request for its name and
 * dies with its last lock, or later if its master is worth remembering; both happen
 * under its own lock, so there is no table lock that all CPUs share (the buckets
 * have theirs).
 */
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include "engine.h"
#include "lockspace.h"

/* names come in two sizes, most are short */
#define SHORT_NAME	32

static struct kmem_cache *rsb_short;
static struct kmem_cache *rsb_long;

struct rsb_key {
	const char	*name;
	unsigned int	len;
	u32		hash;
};

static void make_key(const struct dlm_ls *ls, struct rsb_key *key,
		     const void *name, unsigned int len)
{
	key->name = name;
	key->len = len;
	key->hash = jhash(name, len, ls->name_seed);
}

/* the name itself is hashed once for a lock's life */
static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct rsb_key *key = data;

	return key->hash ^ seed;
}

static u32 rsb_hash(const void *data, u32 len, u32 seed)
{
	const struct dlm_rsb *r = data;

	return r->hash ^ seed;
}

static int rsb_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct rsb_key *key = arg->key;
	const struct dlm_rsb *r = obj;

	return r->hash != key->hash || r->len != key->len ||
	       memcmp(r->name, key->name, key->len);
}

/* a public hash of public names, but seeded: nobody can aim at a bucket */
static const struct rhashtable_params rsb_params = {
	.head_offset	     = offsetof(struct dlm_rsb, node),
	.hashfn		     = key_hash,
	.obj_hashfn	     = rsb_hash,
	.obj_cmpfn	     = rsb_cmp,
	.automatic_shrinking = true,
};

/**
 * dlm_rsb_caches_init - make the slab caches
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_rsb_caches_init(void)
{
	rsb_short = kmem_cache_create("dlm_rsb_short",
				      offsetof(struct dlm_rsb, name[SHORT_NAME]),
				      0, 0, NULL);
	rsb_long = kmem_cache_create("dlm_rsb_long",
				     offsetof(struct dlm_rsb, name[DLM_RESNAME_MAXLEN]),
				     0, 0, NULL);
	if (rsb_short && rsb_long)
		return 0;
	dlm_rsb_caches_exit();
	return -ENOMEM;
}

/**
 * dlm_rsb_caches_exit - destroy them; after the last RCU callback has run
 */
void dlm_rsb_caches_exit(void)
{
	kmem_cache_destroy(rsb_long);
	kmem_cache_destroy(rsb_short);
}

static struct kmem_cache *cache_for(unsigned int len)
{
	return len <= SHORT_NAME ? rsb_short : rsb_long;
}

static struct dlm_rsb *rsb_alloc(struct dlm_ls *ls, const struct rsb_key *key)
{
	struct dlm_rsb *r = kmem_cache_alloc(cache_for(key->len), GFP_NOIO);
	int dir = dlm_dir_nodeid(ls, key->name, key->len);

	if (!r)
		return NULL;
	r->ls = ls;
	spin_lock_init(&r->lock);
	r->flags = 0;
	INIT_LIST_HEAD(&r->granted);
	INIT_LIST_HEAD(&r->convert);
	INIT_LIST_HEAD(&r->wait);
	INIT_LIST_HEAD(&r->lookup);
	INIT_LIST_HEAD(&r->link);
	r->lvb = NULL;
	r->lvbseq = 0;
	r->nodeid = 0;
	if (dir != ls->node->nodeid)
		r->nodeid = ls->nodir ? dir : DLM_MASTER_UNKNOWN;
	r->hash = key->hash;
	memset(r->held, 0, sizeof(r->held));
	memset(r->held_strong, 0, sizeof(r->held_strong));
	r->modes = 0;
	r->len = key->len;
	r->pass = READ_ONCE(ls->walk_pass);
	memcpy(r->name, key->name, key->len);
	return r;
}

static void rsb_free(struct dlm_rsb *r)
{
	kfree(r->lvb);
	kmem_cache_free(cache_for(r->len), r);
}

static void rsb_free_rcu(struct rcu_head *rcu)
{
	rsb_free(container_of(rcu, struct dlm_rsb, rcu));
}

/**
 * dlm_rsb_free_reserved - free a resource that was never published
 * @r: resource or NULL
 */
void dlm_rsb_free_reserved(struct dlm_rsb *r)
{
	if (r)
		rsb_free(r);
}

/**
 * dlm_rsb_table_init - make a lockspace's name table
 * @ls: the lockspace
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_rsb_table_init(struct dlm_ls *ls)
{
	ls->name_seed = get_random_u32();
	return rhashtable_init(&ls->rsbs, &rsb_params);
}

/**
 * dlm_rsb_table_exit - destroy the name table, which must be empty
 * @ls: the lockspace
 */
void dlm_rsb_table_exit(struct dlm_ls *ls)
{
	WARN_ON_ONCE(atomic_read(&ls->rsbs.nelems));
	rhashtable_destroy(&ls->rsbs);
}

static struct dlm_rsb *rsb_find(struct dlm_ls *ls, const struct rsb_key *key)
{
	struct dlm_rsb *r;

	rcu_read_lock();
	while ((r = rhashtable_lookup(&ls->rsbs, key, rsb_params))) {
		rsb_spin_lock(r);
		if (!(r->flags & DLM_RSB_DEAD))
			break;
		/* died while we waited for its lock, thus is out of the table */
		rsb_spin_unlock(r);
	}
	rcu_read_unlock();
	return r;
}

/**
 * dlm_rsb_find - find a resource and lock it
 * @ls: the lockspace
 * @name: @len bytes, any values
 * @len: 0..DLM_RESNAME_MAXLEN
 *
 * Return: the resource, to be unlocked by dlm_rsb_unlock(), or NULL.
 */
struct dlm_rsb *dlm_rsb_find(struct dlm_ls *ls, const void *name,
			     unsigned int len)
{
	struct rsb_key key;

	make_key(ls, &key, name, len);
	return rsb_find(ls, &key);
}

/**
 * dlm_rsb_lock - find or make a resource and lock it
 * @ls: the lockspace
 * @op: carries a new resource if one has to be allocated; op->fresh tells whether
 *	that happened
 * @name: @len bytes, any values
 * @len: 0..DLM_RESNAME_MAXLEN
 *
 * This node masters a new resource if it is its directory node.
 *
 * Context: may sleep for memory; returns with the resource locked.
 * Return: the resource, or an ERR_PTR: -ENOMEM. End with dlm_rsb_unlock().
 */
struct dlm_rsb *dlm_rsb_lock(struct dlm_ls *ls, struct dlm_op *op,
			     const void *name, unsigned int len)
{
	struct dlm_rsb *r, *old;
	struct rsb_key key;

	make_key(ls, &key, name, len);
	for (;;) {
		op->fresh = false;
		r = rsb_find(ls, &key);
		if (r)
			return r;

		if (!op->rsb)
			op->rsb = rsb_alloc(ls, &key);
		r = op->rsb;
		if (!r)
			return ERR_PTR(-ENOMEM);

		/* locked before anybody can find it */
		rsb_spin_lock(r);
		old = rhashtable_lookup_get_insert_key(&ls->rsbs, &key,
						       &r->node, rsb_params);
		if (!old) {
			op->rsb = NULL;
			op->fresh = true;
			return r;
		}
		rsb_spin_unlock(r);
		if (IS_ERR(old))
			return ERR_PTR(-ENOMEM);
	}
}

/**
 * dlm_rsb_unused - has a resource no lock?
 * @r: locked resource
 *
 * Return: true if so.
 */
bool dlm_rsb_unused(const struct dlm_rsb *r)
{
	return list_empty(&r->granted) && list_empty(&r->convert) &&
	       list_empty(&r->wait) && list_empty(&r->lookup);
}

/* what becomes of a resource without locks (messages.md 13) */
enum fate {
	FREE,	/* nobody loses anything */
	AGE,	/* for a while it saves the next user a question */
	KEEP,	/* the directory's record of another master */
};

static enum fate rsb_fate(const struct dlm_rsb *r)
{
	struct dlm_ls *ls = r->ls;
	bool we_keep_record;

	if (!dlm_dir_shared(ls) || r->nodeid == DLM_MASTER_UNKNOWN)
		return FREE;
	we_keep_record = dlm_dir_nodeid(ls, r->name, r->len) == ls->node->nodeid;
	if (!r->nodeid)
		return we_keep_record ? FREE : AGE;
	return we_keep_record ? KEEP : AGE;
}

/* without locks there is no value block and nothing to tell anybody */
static void rsb_deactivate(struct dlm_rsb *r)
{
	kfree(r->lvb);
	r->lvb = NULL;
	r->lvbseq = 0;
	r->flags = DLM_RSB_INACTIVE;
}

static void rsb_kill(struct dlm_rsb *r)
{
	r->flags |= DLM_RSB_DEAD;
	rhashtable_remove_fast(&r->ls->rsbs, &r->node, rsb_params);
}

/**
 * dlm_rsb_unlock - unlock a resource, and end or keep it if it has no lock any more
 * @r: locked resource; not to be touched afterwards
 */
void dlm_rsb_unlock(struct dlm_rsb *r)
{
	bool dead = false;

	if (dlm_rsb_unused(r) &&
	    !(r->flags & (DLM_RSB_INACTIVE | DLM_RSB_PINNED))) {
		enum fate fate = rsb_fate(r);

		dlm_unlist(r);
		dead = fate == FREE;
		if (dead) {
			rsb_kill(r);
		} else {
			rsb_deactivate(r);
			if (fate == AGE)
				dlm_age(r);
		}
	}
	rsb_spin_unlock(r);
	if (dead)
		call_rcu(&r->rcu, rsb_free_rcu);
}

/**
 * dlm_rsb_activate - somebody wants a lock on the resource
 * @r: locked resource
 *
 * What is remembered of a remote master may be out of date by now.
 */
void dlm_rsb_activate(struct dlm_rsb *r)
{
	if (likely(!(r->flags & DLM_RSB_INACTIVE)))
		return;
	dlm_unlist(r);
	r->flags &= ~DLM_RSB_INACTIVE;
	if (r->nodeid)
		r->flags |= DLM_RSB_UNCERTAIN;
}

/**
 * dlm_rsb_forget - unlock an inactive resource and free it
 * @r: locked resource; not to be touched afterwards
 */
void dlm_rsb_forget(struct dlm_rsb *r)
{
	dlm_unlist(r);
	rsb_kill(r);
	rsb_spin_unlock(r);
	call_rcu(&r->rcu, rsb_free_rcu);
}

/* --- for recovery ------------------------------------------------------- */

/**
 * dlm_rsb_walk - look at all resources
 * @ls: the lockspace; walks do not overlap
 * @fn: called once for each resource, locked; must not sleep and leaves it locked
 * @arg: for @fn
 *
 * Resources that are made meanwhile are not shown.  Linear in their number.
 *
 * Context: may sleep between two resources.
 */
void dlm_rsb_walk(struct dlm_ls *ls, dlm_rsb_fn fn, void *arg)
{
	u8 pass = ls->walk_pass + 1;
	struct rhashtable_iter iter;
	struct dlm_rsb *r;

	WRITE_ONCE(ls->walk_pass, pass);
	rhashtable_walk_enter(&ls->rsbs, &iter);
	rhashtable_walk_start(&iter);
	while ((r = rhashtable_walk_next(&iter))) {
		/* the table was resized: begins again, and shows some twice */
		if (IS_ERR(r))
			continue;
		rsb_spin_lock(r);
		if (r->flags & DLM_RSB_DEAD || r->pass == pass) {
			rsb_spin_unlock(r);
		} else {
			r->pass = pass;
			fn(r, arg);
			dlm_rsb_unlock(r);
		}
		/* a walk that pauses at what was taken out passes over others */
		if (need_resched() && !(READ_ONCE(r->flags) & DLM_RSB_DEAD)) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

static void set_masters(struct list_head *queue, int nodeid)
{
	struct dlm_lkb *lkb;

	list_for_each_entry(lkb, queue, queue) {
		if (lkb->flags & DLM_LKB_MSTCPY)
			continue;
		lkb->nodeid = nodeid;
		lkb->remid = 0;
	}
}

/**
 * dlm_rsb_set_master - recovery found a new master
 * @r: locked resource
 * @nodeid: the master, 0 for this node
 *
 * Our own locks on the queues belong to it from now on; their ids there are to
 * be learned.  Requests on the lookup queue are left to dlm_waiter_recover().
 */
void dlm_rsb_set_master(struct dlm_rsb *r, int nodeid)
{
	r->nodeid = nodeid;
	r->flags &= ~DLM_RSB_UNCERTAIN;
	set_masters(&r->granted, nodeid);
	set_masters(&r->convert, nodeid);
	set_masters(&r->wait, nodeid);
}

/**
 * dlm_rsb_forget_unused - drop all that is only remembered
 * @ls: the lockspace, with nobody inside the gate
 *
 * Directory records included: recovery makes a new directory.
 *
 * Context: may sleep.
 */
void dlm_rsb_forget_unused(struct dlm_ls *ls)
{
	struct rhashtable_iter iter;
	struct dlm_rsb *r;

	rhashtable_walk_enter(&ls->rsbs, &iter);
	rhashtable_walk_start(&iter);
	while ((r = rhashtable_walk_next(&iter))) {
		if (IS_ERR(r) || !(READ_ONCE(r->flags) & DLM_RSB_INACTIVE))
			continue;
		rsb_spin_lock(r);
		if ((r->flags & DLM_RSB_INACTIVE) && !(r->flags & DLM_RSB_DEAD))
			dlm_rsb_forget(r);
		else
			dlm_rsb_unlock(r);
		if (need_resched()) {
			/* from the beginning: what was taken out is no place to go on from */
			rhashtable_walk_stop(&iter);
			rhashtable_walk_exit(&iter);
			cond_resched();
			rhashtable_walk_enter(&ls->rsbs, &iter);
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}
