// SPDX-License-Identifier: GPL-2.0
/*
 * The table of resources, by name.
 *
 * Lookups are lockless.  A resource is created by the first request for its name and
 * dies with its last lock; both happen under its own lock, so there is no
 * table lock that all CPUs share (the buckets have theirs).
 */
#include <linux/jhash.h>
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
};

static u32 key_hash(const void *data, u32 len, u32 seed)
{
	const struct rsb_key *key = data;

	return jhash(key->name, key->len, seed);
}

static u32 rsb_hash(const void *data, u32 len, u32 seed)
{
	const struct dlm_rsb *r = data;

	return jhash(r->name, r->len, seed);
}

static int rsb_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct rsb_key *key = arg->key;
	const struct dlm_rsb *r = obj;

	return r->len != key->len || memcmp(r->name, key->name, key->len);
}

/* the kernel's own hash of a public name, but seeded: nobody can aim at a bucket */
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
				      sizeof(struct dlm_rsb) + SHORT_NAME,
				      0, 0, NULL);
	rsb_long = kmem_cache_create("dlm_rsb_long",
				     sizeof(struct dlm_rsb) + DLM_RESNAME_MAXLEN,
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

static struct dlm_rsb *rsb_alloc(struct dlm_ls *ls, const void *name,
				 unsigned int len)
{
	struct dlm_rsb *r = kmem_cache_alloc(cache_for(len), GFP_NOIO);

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
	r->len = len;
	r->pass = 0;
	memcpy(r->name, name, len);
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
 * dlm_rsb_lock - find or make a resource and lock it
 * @ls: the lockspace
 * @op: carries a new resource if one has to be allocated
 * @name: @len bytes, any values
 * @len: 0..DLM_RESNAME_MAXLEN
 *
 * Context: may sleep for memory; returns with the resource locked.
 * Return: the resource, or an ERR_PTR: -ENOMEM. End with dlm_rsb_unlock().
 */
struct dlm_rsb *dlm_rsb_lock(struct dlm_ls *ls, struct dlm_op *op,
			     const void *name, unsigned int len)
{
	struct rsb_key key = { .name = name, .len = len };
	struct dlm_rsb *r, *old;

	for (;;) {
		r = rsb_find(ls, &key);
		if (r)
			return r;

		if (!op->rsb)
			op->rsb = rsb_alloc(ls, name, len);
		r = op->rsb;
		if (!r)
			return ERR_PTR(-ENOMEM);

		/* locked before anybody can find it */
		rsb_spin_lock(r);
		old = rhashtable_lookup_get_insert_key(&ls->rsbs, &key,
						       &r->node, rsb_params);
		if (!old) {
			op->rsb = NULL;
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

/**
 * dlm_rsb_unlock - unlock a resource, and end it if it has no lock any more
 * @r: locked resource; not to be touched afterwards
 */
void dlm_rsb_unlock(struct dlm_rsb *r)
{
	bool unused = dlm_rsb_unused(r);

	if (unused) {
		r->flags |= DLM_RSB_DEAD;
		rhashtable_remove_fast(&r->ls->rsbs, &r->node, rsb_params);
	}
	rsb_spin_unlock(r);
	if (unused)
		call_rcu(&r->rcu, rsb_free_rcu);
}
