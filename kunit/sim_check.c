// SPDX-License-Identifier: GPL-2.0
/*
 * What the simulator demands: after each event, and when all is at rest.
 */
#include "sim.h"

/* --- after each event ---------------------------------------------------- */

/* the mode that a program may rely on, IV for none */
static int relied_on(const struct sim_lock *l)
{
	if (l->life == SIM_ORPHAN)
		return l->doubt ? IV : l->held;
	if (l->life != SIM_LIVE || l->unlocking)
		return IV;
	if (l->pending != SIM_CONVERT)
		return l->held;
	/* these may have lost their mode already, or have got one that is not above it */
	if (dlm_convert_middle(l->held, l->want) || l->flags & (CONVDEADLK | ALTPR | ALTCW))
		return IV;
	return l->held;
}

static void check_compatible(struct sim *s, int name)
{
	struct sim_lock *a, *b;
	int mode;

	for (a = s->lock; a < s->lock + SIM_LOCKS; a++) {
		if (a->life == SIM_FREE || a->name != name)
			continue;
		mode = relied_on(a);
		for (b = s->lock; mode > NL && b < a; b++) {
			if (b->life == SIM_FREE || b->name != name ||
			    t_compat(mode, relied_on(b)))
				continue;
			sim_fail(s, "\"%s\": lock %d of node %d has %d, %d of node %d has %d",
				 sim_names[name], (int)(a - s->lock), a->n->id, mode,
				 (int)(b - s->lock), b->n->id, relied_on(b));
		}
	}
}

static struct dlm_rsb *find(const struct sim_node *n, int name)
{
	return n->ls ? dlm_rsb_find(n->ls, sim_names[name], strlen(sim_names[name])) : NULL;
}

static bool all_open(const struct sim *s)
{
	int i;

	for (i = 0; i < s->w->nodes; i++)
		if (s->n[i].ls && !sim_runs(&s->n[i]))
			return false;
	return true;
}

static bool has_queues(const struct dlm_rsb *r)
{
	return !list_empty(&r->granted) || !list_empty(&r->convert) || !list_empty(&r->wait);
}

/* the one node that masters it, NULL if none does */
static struct sim_node *master_of(struct sim *s, int name)
{
	struct sim_node *master = NULL, *n;
	struct dlm_rsb *r;

	for (n = s->n; n < sim_nodes_end(s); n++) {
		r = find(n, name);
		if (!r)
			continue;
		if (!t_counts_right(r))
			sim_fail(s, "\"%s\": node %d miscounts its locks", sim_names[name],
				 n->id);
		if (!r->nodeid && has_queues(r)) {
			if (master)
				sim_fail(s, "\"%s\" has two masters, nodes %d and %d",
					 sim_names[name], master->id, n->id);
			master = n;
		}
		dlm_rsb_unlock(r);
	}
	return master;
}

/**
 * sim_check_step - what must be true after each event
 * @s: the world
 */
void sim_check_step(struct sim *s)
{
	int i;

	sim_reap(s);
	for (i = 0; i < SIM_NAMES; i++)
		if (s->dirty & BIT(i))
			check_compatible(s, i);
	s->dirty = 0;
	if (s->w->step % 16 == 0 && s->daemon == SIM_D_IDLE && all_open(s))
		for (i = 0; i < SIM_NAMES; i++)
			master_of(s, i);
}

/* --- at rest: each lock --------------------------------------------------- */

static void check_lock(struct sim_lock *l)
{
	static const u8 place[] = {
		[SIM_IDLE] = DLM_LKSTS_GRANTED,
		[SIM_REQUEST] = DLM_LKSTS_WAITING,
		[SIM_CONVERT] = DLM_LKSTS_CONVERT,
	};
	struct dlm_lkb *lkb = dlm_lkb_lock(l->n->ls, l->id);
	int nr = l - l->s->lock;

	if (!lkb) {
		sim_fail(l->s, "lock %d (%x) of node %d is gone", nr, l->id, l->n->id);
		return;
	}
	l->late = false;
	if (l->life == SIM_GHOST)
		sim_fail(l->s, "lock %d (%x) of node %d not let go: state %d wait %d/%d flags %x",
			 nr, l->id, l->n->id, lkb->status, lkb->wait_type,
			 lkb->wait_count, lkb->flags);
	else if (l->life == SIM_ORPHAN && l->doomed == l->s->changes + 1)
		sim_fail(l->s, "orphan %d (%x) of node %d should be gone", nr, l->id,
			 l->n->id);
	else if (l->life == SIM_ORPHAN && lkb->status != DLM_LKSTS_GRANTED)
		sim_fail(l->s, "orphan %d (%x) of node %d still waits", nr, l->id, l->n->id);
	else if (l->life == SIM_LIVE && l->unlocking)
		sim_fail(l->s, "lock %d (%x) of node %d is still unlocking", nr, l->id,
			 l->n->id);
	else if (l->life == SIM_LIVE && lkb->status != place[l->pending])
		sim_fail(l->s, "lock %d (%x) of node %d: state %d not %d: %d/%d flags %x, node %d",
			 nr, l->id, l->n->id, lkb->status, place[l->pending], lkb->wait_type,
			 lkb->wait_count, lkb->flags, lkb->nodeid);
	else if (lkb->wait_type || lkb->wait_count ||
		 lkb->flags & (DLM_LKB_OVL_CANCEL | DLM_LKB_OVL_UNLOCK | DLM_LKB_RESEND |
			       DLM_LKB_ZOMBIE | DLM_LKB_FIRST))
		sim_fail(l->s, "lock %d (%x) of node %d awaits a reply: %d/%d flags %x",
			 nr, l->id, l->n->id, lkb->wait_type, lkb->wait_count, lkb->flags);
	else if (l->life == SIM_LIVE && !l->pending && lkb->grmode != l->held)
		sim_fail(l->s, "lock %d (%x) of node %d holds %d, its program thinks %d", nr,
			 l->id, l->n->id, lkb->grmode, l->held);
	dlm_rsb_unlock(lkb->rsb);
}

/* --- at rest: each resource ------------------------------------------------ */

#define COPIES 64

/* a lock on some queue, as one side has it */
struct copy {
	struct sim_node	*n;	/* whose it is, as this side says */
	u32		id;	/* on its own node; 0 if this side does not know */
	u32		master_id;
	int		status;
	int		grmode;
	int		rqmode;
	u32		exflags;
};

struct copies {
	unsigned int	n;
	struct copy	c[COPIES];
};

static void add_queue(struct sim_node *n, const struct list_head *q, struct copies *of_master,
		      struct copies *of_holder)
{
	const struct dlm_lkb *lkb;
	struct copies *to;
	struct copy *c;

	list_for_each_entry(lkb, q, queue) {
		to = lkb->nodeid && !(lkb->flags & DLM_LKB_MSTCPY) ? of_holder : of_master;
		if (to->n == COPIES)
			continue;
		c = &to->c[to->n++];
		c->n = n;
		c->id = lkb->id;
		c->master_id = lkb->remid;
		if (lkb->flags & DLM_LKB_MSTCPY) {
			c->n = &n->s->n[lkb->nodeid - 1];
			c->id = lkb->remid;
			c->master_id = lkb->id;
		}
		c->status = lkb->status;
		c->grmode = lkb->grmode;
		c->rqmode = lkb->rqmode;
		c->exflags = lkb->exflags;
	}
}

/* a conversion may be demoted while it waits: its holder learns of that later */
static bool same_mode(const struct copy *a, const struct copy *b)
{
	return a->grmode == b->grmode ||
	       (a->status == DLM_LKSTS_CONVERT && a->exflags & CONVDEADLK &&
		(a->grmode == NL || b->grmode == NL));
}

static bool same_copy(const struct copy *a, const struct copy *b)
{
	return a->n == b->n && a->id == b->id && a->master_id == b->master_id &&
	       a->status == b->status && same_mode(a, b) &&
	       (a->status == DLM_LKSTS_GRANTED || a->rqmode == b->rqmode);
}

static bool has_copy(const struct copies *all, const struct copy *c)
{
	unsigned int i;

	for (i = 0; i < all->n; i++)
		if (same_copy(&all->c[i], c))
			return true;
	return false;
}

static void check_copies(struct sim *s, int name, struct sim_node *master,
			 const struct copies *m, const struct copies *h)
{
	unsigned int i;

	for (i = 0; i < h->n; i++)
		if (!has_copy(m, &h->c[i]))
			sim_fail(s, "\"%s\": lock %x of node %d (%d, %d-%d) differs at its master",
				 sim_names[name], h->c[i].id, h->c[i].n->id, h->c[i].status,
				 h->c[i].grmode, h->c[i].rqmode);
	for (i = 0; i < m->n; i++)
		if (m->c[i].n != master && !has_copy(h, &m->c[i]))
			sim_fail(s, "\"%s\": copy %x of node %d (%d, %d-%d) differs at its holder",
				 sim_names[name], m->c[i].id, m->c[i].n->id, m->c[i].status,
				 m->c[i].grmode, m->c[i].rqmode);
}

static bool conflicts(const struct copies *m, const struct copy *who, int mode)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (&m->c[i] != who && m->c[i].status != DLM_LKSTS_WAITING &&
		    !t_compat(m->c[i].grmode, mode))
			return true;
	return false;
}

/* must this lock wait, given its place in the queue? Master's queues in order */
static bool must_wait(const struct copies *m, const struct copy *c)
{
	unsigned int i;

	/* who went to the head is looked at when something else happens, not before */
	if (conflicts(m, c, c->rqmode) || c->exflags & HEADQUE)
		return true;
	/* who was to queue at first stays there until something else happens, too */
	if (c->exflags & NOORDER)
		return c->exflags & QUECVT;
	for (i = 0; i < m->n; i++) {
		if (m->c[i].status == DLM_LKSTS_CONVERT &&
		    (c->status == DLM_LKSTS_WAITING || &m->c[i] < c))
			return true;
		if (m->c[i].status == DLM_LKSTS_WAITING &&
		    c->status == DLM_LKSTS_WAITING && &m->c[i] < c)
			return true;
	}
	return false;
}

static void check_queues(struct sim *s, int name, const struct copies *m)
{
	unsigned int i, k;

	for (i = 0; i < m->n; i++) {
		if (m->c[i].status != DLM_LKSTS_GRANTED && !must_wait(m, &m->c[i]))
			sim_fail(s, "\"%s\": lock %x of node %d (%d, %d to %d) waits for nobody",
				 sim_names[name], m->c[i].id, m->c[i].n->id, m->c[i].status,
				 m->c[i].grmode, m->c[i].rqmode);
		for (k = 0; k < i; k++)
			if (!t_compat(m->c[i].grmode, m->c[k].grmode))
				sim_fail(s, "\"%s\": granted %d and %d", sim_names[name],
					 m->c[i].grmode, m->c[k].grmode);
	}
}

static void check_value(struct sim *s, int name, const struct dlm_rsb *r)
{
	const struct sim_name *v = &s->name[name];
	u64 value;

	if (!(r->flags & DLM_RSB_LVB)) {
		if (v->value && !v->lost && !v->fuzzy)
			sim_fail(s, "\"%s\" lost its value %llu", sim_names[name], v->value);
		return;
	}
	memcpy(&value, r->lvb, sizeof(value));
	if (r->flags & DLM_RSB_LVB_INVALID) {
		if (!v->invalid)
			sim_fail(s, "\"%s\" has an invalid value", sim_names[name]);
	} else if (v->sure && !v->moved) {
		sim_fail(s, "\"%s\" has a valid value", sim_names[name]);
	} else if (value != v->value && !v->lost && !v->fuzzy) {
		sim_fail(s, "\"%s\" has value %llu, not %llu", sim_names[name], value,
			 v->value);
	}
}

static int directory_of(struct sim *s, int name)
{
	int i;

	for (i = 0; i < s->w->nodes; i++)
		if (s->n[i].ls)
			return dlm_dir_nodeid(s->n[i].ls, sim_names[name],
					      strlen(sim_names[name]));
	return 0;
}

/* what a node that is not the master says of it; its locks go to @h */
static void check_holder(struct sim *s, int name, struct sim_node *n,
			 const struct sim_node *master, struct copies *h,
			 struct copies *none)
{
	struct dlm_rsb *r = find(n, name);
	int says;

	if (!r) {
		if (master && !s->nodir && directory_of(s, name) == n->id)
			sim_fail(s, "\"%s\": its directory node %d does not know it",
				 sim_names[name], n->id);
		return;
	}
	says = r->nodeid;
	add_queue(n, &r->granted, none, h);
	add_queue(n, &r->convert, none, h);
	add_queue(n, &r->wait, none, h);
	if (!list_empty(&r->lookup))
		sim_fail(s, "\"%s\": node %d still looks for its master", sim_names[name],
			 n->id);
	if (none->n)
		sim_fail(s, "\"%s\": node %d has master copies", sim_names[name], n->id);
	if (master && says != master->id &&
	    (has_queues(r) || directory_of(s, name) == n->id))
		sim_fail(s, "\"%s\": node %d says that node %d is master, not %d",
			 sim_names[name], n->id, says, master->id);
	if (!master && has_queues(r))
		sim_fail(s, "\"%s\": node %d has locks, but there is no master",
			 sim_names[name], n->id);
	dlm_rsb_unlock(r);
}

static void check_name(struct sim *s, int name, struct copies *m, struct copies *h)
{
	struct sim_node *master = master_of(s, name), *n;
	struct dlm_rsb *r;

	m->n = 0;
	h->n = 0;
	for (n = s->n; n < sim_nodes_end(s); n++)
		if (n != master && n->ls)
			check_holder(s, name, n, master, h, m);
	if (!master)
		return;
	if (s->nodir && directory_of(s, name) != master->id)
		sim_fail(s, "\"%s\": node %d is master without directory", sim_names[name],
			 master->id);
	r = find(master, name);
	add_queue(master, &r->granted, m, h);
	add_queue(master, &r->convert, m, h);
	add_queue(master, &r->wait, m, h);
	if (!list_empty(&r->lookup))
		sim_fail(s, "\"%s\": its master %d looks for it", sim_names[name],
			 master->id);
	check_copies(s, name, master, m, h);
	check_queues(s, name, m);
	check_value(s, name, r);
	dlm_rsb_unlock(r);
}

/* members agree on the generation, and each has a slot of its own */
static void check_slots(struct sim *s)
{
	const struct sim_node *n, *first = NULL;
	u64 taken = 0;

	for (n = s->n; n < sim_nodes_end(s); n++) {
		if (!sim_is_member(n))
			continue;
		first = first ?: n;
		if (n->ls->generation != first->ls->generation)
			sim_fail(s, "generation %u on node %d, %u on node %d",
				 n->ls->generation, n->id, first->ls->generation,
				 first->id);
		if (!n->ls->recovery->our_slot || taken & BIT_ULL(n->ls->recovery->our_slot))
			sim_fail(s, "node %d has slot %u", n->id,
				 n->ls->recovery->our_slot);
		taken |= BIT_ULL(n->ls->recovery->our_slot);
		if (n->odd != first->odd)
			sim_fail(s, "nodes %d and %d are both members", n->id, first->id);
	}
}

/**
 * sim_check_rest - what must be true when nothing is under way
 * @s: the world
 */
void sim_check_rest(struct sim *s)
{
	struct copies *c = kunit_kzalloc(s->w->test, 2 * sizeof(*c), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(s->w->test, c);
	sim_reap(s);
	check_slots(s);
	for (i = 0; i < SIM_LOCKS; i++)
		if (s->lock[i].life != SIM_FREE)
			check_lock(&s->lock[i]);
	for (i = 0; i < SIM_NAMES; i++)
		check_name(s, i, &c[0], &c[1]);
	kunit_kfree(s->w->test, c);
}

/*
 * A recovery may leave a record of a master that forgot the resource when the directory was
 * elsewhere; it goes when somebody asks, or with the next recovery.
 */
static bool is_idle_record(struct sim *s, int name, const struct sim_node *n,
			   const struct dlm_rsb *r)
{
	return s->w->changes && r->nodeid > 0 && r->flags & DLM_RSB_INACTIVE &&
	       directory_of(s, name) == n->id;
}

/**
 * sim_check_empty - nobody has a lock: nothing may be left
 * @s: the world, at rest
 */
void sim_check_empty(struct sim *s)
{
	struct sim_node *n;
	struct dlm_rsb *r;
	int i;

	for (n = s->n; n < sim_nodes_end(s); n++) {
		if (!n->ls)
			continue;
		if (dlm_lkb_count(n->ls))
			sim_fail(s, "node %d has %u locks left", n->id,
				 dlm_lkb_count(n->ls));
		for (i = 0; i < SIM_NAMES; i++) {
			r = find(n, i);
			if (!r)
				continue;
			if (!is_idle_record(s, i, n, r))
				sim_fail(s, "node %d knows \"%s\": master %d flags %x directory %d",
					 n->id, sim_names[i], r->nodeid, r->flags,
					 directory_of(s, i));
			dlm_rsb_unlock(r);
		}
	}
}
