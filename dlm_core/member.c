// SPDX-License-Identifier: GPL-2.0
/*
 * Who is in the lockspace: stop and start, which every membership provider calls, and
 * the lists that recovery makes of what the provider said.
 *
 * Provider: the members of a start.  recovery->peers: the same without those that
 * are refused, with what they told.  ls->members: what the lock engine goes by; it
 * is replaced once all answered.  recovery->gone: who was in one of the lists since the
 * last recovery that came to its end, and is not any more.
 *
 * A member with another configuration (recovery.md 5) is the stranger's problem,
 * not ours: all members ask all others before they agree on anything, so all see
 * the same configurations and choose the same side: that of the lowest established
 * member (one that has been through a recovery), or of the lowest if all are new.
 * Who differs from it fails; the others go on without.
 */
#include <linux/bsearch.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include "recover.h"

static int by_nodeid(const void *a, const void *b)
{
	/* all structs that are searched begin with the node id, which is positive */
	return *(const int *)a - *(const int *)b;
}

/**
 * dlm_rpeer_find - a member as recovery sees it
 * @rec: recovery, locked
 * @nodeid: any number
 *
 * Return: the member, or NULL if the node is none.
 */
struct dlm_rpeer *dlm_rpeer_find(const struct dlm_recovery *rec, int nodeid)
{
	return bsearch(&nodeid, rec->peers, rec->npeers, sizeof(*rec->peers),
		       by_nodeid);
}

/**
 * dlm_is_us - is this member this node?
 * @rec: recovery
 * @p: member
 *
 * Return: true if it is.
 */
bool dlm_is_us(const struct dlm_recovery *rec, const struct dlm_rpeer *p)
{
	return p->conf.nodeid == rec->ls->node->nodeid;
}

/**
 * dlm_is_low - do we lead?
 * @rec: recovery, locked
 *
 * Return: true if our node id is the lowest of the members.
 */
bool dlm_is_low(const struct dlm_recovery *rec)
{
	return rec->low == rec->ls->node->nodeid;
}

static struct dlm_gone *find_gone(const struct dlm_recovery *rec, int nodeid)
{
	if (!rec->ngone)
		return NULL;
	return bsearch(&nodeid, rec->gone, rec->ngone, sizeof(*rec->gone),
		       by_nodeid);
}

/**
 * dlm_is_gone - has a node, or a former incarnation of it, left?
 * @rec: recovery, locked
 * @nodeid: any number
 *
 * Return: true from the start that removes it to the end of a recovery.
 */
bool dlm_is_gone(const struct dlm_recovery *rec, int nodeid)
{
	return find_gone(rec, nodeid);
}

/**
 * dlm_is_unpurged - is what we have of a node that of its former incarnation?
 * @rec: recovery, locked
 * @nodeid: any number
 *
 * A recovery may be interrupted after the node came back and took locks again.
 *
 * Return: true from the start that removes it to the end of DLM_PH_PURGE.
 */
bool dlm_is_unpurged(const struct dlm_recovery *rec, int nodeid)
{
	const struct dlm_gone *g = find_gone(rec, nodeid);

	return g && !g->purged;
}

/**
 * dlm_gone_purged - nothing is left of former incarnations
 * @rec: recovery, locked
 */
void dlm_gone_purged(struct dlm_recovery *rec)
{
	unsigned int i;

	for (i = 0; i < rec->ngone; i++)
		rec->gone[i].purged = true;
}

/**
 * dlm_is_unsettled - may resources still have a node's former incarnation for master?
 * @rec: recovery, locked
 * @nodeid: any number
 *
 * What it masters later has been sent our locks already, even if a recovery was interrupted.
 *
 * Return: true from the start that removes it to the end of DLM_PH_FINISH.
 */
bool dlm_is_unsettled(const struct dlm_recovery *rec, int nodeid)
{
	const struct dlm_gone *g = find_gone(rec, nodeid);

	return g && !g->settled;
}

/**
 * dlm_gone_settled - all resources have masters again, which have our locks
 * @rec: recovery, locked
 */
void dlm_gone_settled(struct dlm_recovery *rec)
{
	unsigned int i;

	for (i = 0; i < rec->ngone; i++)
		rec->gone[i].settled = true;
}

/* for a member that is lost between two starts; install() left room for all */
static void now_gone(struct dlm_recovery *rec, int nodeid)
{
	struct dlm_gone *g = find_gone(rec, nodeid);

	if (g) {
		*g = (struct dlm_gone){ .nodeid = nodeid };
		return;
	}
	rec->gone[rec->ngone++] = (struct dlm_gone){ .nodeid = nodeid };
	sort(rec->gone, rec->ngone, sizeof(*rec->gone), by_nodeid, NULL);
}

/**
 * dlm_is_member - may this node send us lock messages?
 * @ls: the lockspace
 * @nodeid: any number
 *
 * Context: any.
 * Return: true if it was a member in the recovery that ran last.
 */
bool dlm_is_member(struct dlm_ls *ls, int nodeid)
{
	const struct dlm_members *m;
	bool is;

	rcu_read_lock();
	m = rcu_dereference(ls->members);
	is = m && bsearch(&nodeid, m->member, m->count, sizeof(m->member[0]),
			  by_nodeid);
	rcu_read_unlock();
	return is;
}

/**
 * dlm_member_count - how many nodes are in the lockspace
 * @ls: the lockspace
 *
 * Context: any.
 * Return: 0 before the first start.
 */
unsigned int dlm_member_count(struct dlm_ls *ls)
{
	const struct dlm_members *m;
	unsigned int count;

	rcu_read_lock();
	m = rcu_dereference(ls->members);
	count = m ? m->count : 0;
	rcu_read_unlock();
	return count;
}

/* --- what the transport knows ------------------------------------------ */

/* count this node's lockspaces in common with @p; true if it can be done */
static bool hello(const struct dlm_recovery *rec, struct dlm_rpeer *p)
{
	int err = dlm_comms_member_add(rec->ls->comms, p->conf.nodeid, &p->which);

	if (err)
		pr_err("dlm: %s: no connection to node %d: error %d\n",
		       rec->ls->name, p->conf.nodeid, err);
	else
		dlm_ls_info(rec->ls, "add member %d\n", p->conf.nodeid);
	return !err;
}

/* once: also if a start that failed said it already */
static void goodbye(const struct dlm_recovery *rec, struct dlm_rpeer *p)
{
	if (!p->which)
		return;
	dlm_ls_info(rec->ls, "remove member %d\n", p->conf.nodeid);
	dlm_comms_member_del(rec->ls->comms, p->conf.nodeid, p->which);
	p->which = 0;
}

/* --- configurations ---------------------------------------------------- */

/**
 * dlm_our_config - what the other members must have in common with us
 * @ls: the lockspace
 * @c: filled in
 */
void dlm_our_config(const struct dlm_ls *ls, struct dlm_ls_config *c)
{
	c->lvblen = ls->lvblen;
	c->lsflags = ls->exflags;
	c->flags = ls->exflags & DLM_LSFL_NODIR ? DLM_CONFIG_NODIR : 0;
}

static bool same_config(const struct dlm_ls_config *a,
			const struct dlm_ls_config *b)
{
	return a->lvblen == b->lvblen && a->lsflags == b->lsflags &&
	       !((a->flags ^ b->flags) & DLM_CONFIG_NODIR);
}

static const struct dlm_rpeer *reference(const struct dlm_recovery *rec)
{
	unsigned int i;

	for (i = 0; i < rec->npeers; i++)
		if (rec->peers[i].generation)
			return &rec->peers[i];
	return &rec->peers[0];
}

static void refuse(struct dlm_recovery *rec, struct dlm_rpeer *p,
		   const struct dlm_ls_config *ref)
{
	pr_err("dlm: %s: config mismatch: node %d has lvblen %u flags %x %x, the members have lvblen %u flags %x %x: refused\n",
	       rec->ls->name, p->conf.nodeid, p->config.lvblen,
	       p->config.lsflags, p->config.flags, ref->lvblen, ref->lsflags,
	       ref->flags);
	goodbye(rec, p);
	/* who was a member all the time did not come back differently: it died meanwhile */
	if (!p->conf.is_new)
		now_gone(rec, p->conf.nodeid);
}

/**
 * dlm_members_check - leave out who has another configuration
 * @rec: recovery, locked; all members told theirs
 *
 * Return: 0, or -EPROTO if it is this node that does not fit.
 */
int dlm_members_check(struct dlm_recovery *rec)
{
	struct dlm_ls_config ref, our;
	unsigned int i, n = 0;

	dlm_our_config(rec->ls, &our);
	for (i = 0; i < rec->npeers; i++) {
		if (!dlm_is_us(rec, &rec->peers[i]))
			continue;
		rec->peers[i].config = our;
		rec->peers[i].generation = rec->ls->generation;
		rec->peers[i].slot = rec->our_slot;
	}
	ref = reference(rec)->config;
	if (!same_config(&our, &ref)) {
		pr_err("dlm: %s: config mismatch: lvblen %u flags %x %x, the members have lvblen %u flags %x %x\n",
		       rec->ls->name, our.lvblen, our.lsflags, our.flags,
		       ref.lvblen, ref.lsflags, ref.flags);
		return -EPROTO;
	}
	for (i = 0; i < rec->npeers; i++) {
		if (same_config(&rec->peers[i].config, &ref))
			rec->peers[n++] = rec->peers[i];
		else
			refuse(rec, &rec->peers[i], &ref);
	}
	rec->npeers = n;
	rec->low = rec->peers[0].conf.nodeid;
	return 0;
}

/**
 * dlm_members_publish - tell the lock engine who is a member
 * @rec: recovery, locked, whose members are settled; the gate is shut
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM.
 */
int dlm_members_publish(struct dlm_recovery *rec)
{
	struct dlm_ls *ls = rec->ls;
	struct dlm_member *list;
	struct dlm_members *m, *old;
	unsigned int i, total;

	list = kmalloc_array(rec->npeers, sizeof(*list), GFP_NOIO);
	if (!list)
		return -ENOMEM;
	for (i = 0; i < rec->npeers; i++) {
		list[i].nodeid = rec->peers[i].conf.nodeid;
		list[i].weight = rec->peers[i].conf.weight;
	}
	total = dlm_node_array(list, rec->npeers, NULL);
	m = kvmalloc(struct_size(m, member, rec->npeers) +
		     total * sizeof(*m->array), GFP_NOIO);
	if (m) {
		m->count = rec->npeers;
		m->total = total;
		memcpy(m->member, list, rec->npeers * sizeof(*list));
		m->array = (void *)&m->member[m->count];
		dlm_node_array(list, rec->npeers, m->array);
		old = rcu_replace_pointer(ls->members, m,
					  lockdep_is_held(&rec->lock));
		if (old)
			kvfree_rcu(old, rcu);
	}
	kfree(list);
	return m ? 0 : -ENOMEM;
}

/* --- lists ------------------------------------------------------------- */

/**
 * dlm_members_forget_gone - recovery from the loss of members is over
 * @rec: recovery, locked
 */
void dlm_members_forget_gone(struct dlm_recovery *rec)
{
	kvfree(rec->gone);
	rec->gone = NULL;
	rec->ngone = 0;
}

/**
 * dlm_members_clear - the lockspace ends: nobody is a member
 * @rec: recovery, locked
 */
void dlm_members_clear(struct dlm_recovery *rec)
{
	struct dlm_members *old;
	unsigned int i;

	for (i = 0; i < rec->npeers; i++)
		if (!dlm_is_us(rec, &rec->peers[i]))
			goodbye(rec, &rec->peers[i]);
	kvfree(rec->peers);
	rec->peers = NULL;
	rec->npeers = 0;
	dlm_members_forget_gone(rec);
	old = rcu_replace_pointer(rec->ls->members, NULL,
				  lockdep_is_held(&rec->lock));
	if (old)
		kvfree_rcu(old, rcu);
}

/* lists of a start, before it is certain that it can be done */
struct new_lists {
	struct dlm_rpeer	*peers;
	unsigned int		npeers;
	struct dlm_gone		*gone;
	unsigned int		ngone;
};

static int new_peers(struct new_lists *nl, const struct dlm_member_conf *conf,
		     unsigned int count)
{
	unsigned int i;

	nl->peers = kvcalloc(count, sizeof(*nl->peers), GFP_KERNEL);
	if (!nl->peers)
		return -ENOMEM;
	nl->npeers = count;
	for (i = 0; i < count; i++)
		nl->peers[i].conf = conf[i];
	sort(nl->peers, count, sizeof(*nl->peers), by_nodeid, NULL);
	for (i = 0; i < count; i++)
		if (nl->peers[i].conf.nodeid <= 0 ||
		    (i && !by_nodeid(&nl->peers[i - 1], &nl->peers[i])))
			return -EINVAL;
	return 0;
}

/* was this member there all the time? */
static bool stays(const struct new_lists *nl, const struct dlm_rpeer *old)
{
	const struct dlm_rpeer *p;

	p = bsearch(old, nl->peers, nl->npeers, sizeof(*p), by_nodeid);
	return p && !p->conf.is_new;
}

/* did a node come back, and leave once more? */
static bool left_again(const struct dlm_recovery *rec,
		       const struct new_lists *nl, int nodeid)
{
	const struct dlm_rpeer *p = dlm_rpeer_find(rec, nodeid);

	return p && !stays(nl, p);
}

/* who was gone already, and who is now; each once */
static int new_gone(struct new_lists *nl, const struct dlm_recovery *rec)
{
	unsigned int i, n = 0;

	/* and room for those who turn out to be others than they were, see refuse() */
	nl->gone = kvcalloc(rec->ngone + rec->npeers + nl->npeers,
			    sizeof(*nl->gone), GFP_KERNEL);
	if (!nl->gone)
		return -ENOMEM;
	for (; n < rec->ngone; n++) {
		nl->gone[n] = rec->gone[n];
		if (left_again(rec, nl, nl->gone[n].nodeid)) {
			nl->gone[n].purged = false;
			nl->gone[n].settled = false;
		}
	}
	for (i = 0; i < rec->npeers; i++) {
		const struct dlm_rpeer *p = &rec->peers[i];

		if (dlm_is_us(rec, p) || stays(nl, p) ||
		    dlm_is_gone(rec, p->conf.nodeid))
			continue;
		nl->gone[n++].nodeid = p->conf.nodeid;
	}
	nl->ngone = n;
	sort(nl->gone, n, sizeof(*nl->gone), by_nodeid, NULL);
	return 0;
}

/* what the transport calls the membership of @nodeid, 0 if it counts none */
static u64 counted_as(const struct dlm_recovery *rec, int nodeid)
{
	const struct dlm_rpeer *old = dlm_rpeer_find(rec, nodeid);

	return old ? old->which : 0;
}

/*
 * The transport learns who goes and who comes.  Who goes has gone in any case, also if the start
 * fails: the next one finds no number in rec->peers.  If somebody cannot come, nobody does.
 */
static int tell_comms(struct dlm_recovery *rec, const struct new_lists *nl)
{
	struct dlm_rpeer *p;

	for (p = rec->peers; p < rec->peers + rec->npeers; p++)
		if (!stays(nl, p))
			goodbye(rec, p);
	for (p = nl->peers; p < nl->peers + nl->npeers; p++) {
		p->which = counted_as(rec, p->conf.nodeid);
		if (!p->which && !dlm_is_us(rec, p) && !hello(rec, p))
			goto undo;
	}
	return 0;
undo:
	while (p-- > nl->peers)
		if (!counted_as(rec, p->conf.nodeid))
			goodbye(rec, p);
	return -ENOMEM;
}

static int install(struct dlm_recovery *rec, const struct dlm_member_conf *conf,
		   unsigned int count)
{
	struct new_lists nl = { };
	int err;

	err = new_peers(&nl, conf, count);
	if (!err && !bsearch(&rec->ls->node->nodeid, nl.peers, nl.npeers,
			     sizeof(*nl.peers), by_nodeid))
		err = -EINVAL;
	if (!err)
		err = new_gone(&nl, rec);
	if (!err)
		err = tell_comms(rec, &nl);
	if (err) {
		kvfree(nl.peers);
		kvfree(nl.gone);
		return err;
	}
	kvfree(rec->peers);
	kvfree(rec->gone);
	rec->peers = nl.peers;
	rec->npeers = nl.npeers;
	rec->gone = nl.gone;
	rec->ngone = nl.ngone;
	return 0;
}

/* --- the two entry points ---------------------------------------------- */

/**
 * dlm_ls_stop - stop locking
 * @ls: the lockspace; may be stopped already
 *
 * On return no operation is inside, no lock message is worked on, recovery has
 * ended whatever it did, our status bits are 0 and nothing that was asked before
 * can be answered any more. New operations sleep until recovery after the next
 * start is over. recovery.md 2.
 *
 * Context: sleeps, for a step of recovery and until nobody is inside.
 */
void dlm_ls_stop(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;

	mutex_lock(&ls->control_lock);
	mutex_lock(&rec->lock);
	dlm_recover_halt(rec);
	mutex_unlock(&rec->lock);
	dlm_gate_drain(&ls->gate);
	mutex_unlock(&ls->control_lock);
}

/**
 * dlm_ls_start - start locking with these members
 * @ls: the lockspace, stopped
 * @members: members in any order, this node included
 * @count: how many, 1..DLM_SLOTS_MAX
 *
 * Recovery goes on in the background, but if this node is the only member it is
 * over on return unless memory is short. recovery.md 2.
 *
 * Context: sleeps for memory.
 * Return: 0; -EINVAL: not stopped, a bad or missing node id, no transport to reach
 * others with; -ENOMEM, also if the transport cannot take a new member.
 */
int dlm_ls_start(struct dlm_ls *ls, const struct dlm_member_conf *members,
		 unsigned int count)
{
	struct dlm_recovery *rec = ls->recovery;
	unsigned int noio;
	int err = -EINVAL;

	if (!count || count > DLM_SLOTS_MAX || (count > 1 && !ls->comms))
		return -EINVAL;
	noio = memalloc_noio_save();
	mutex_lock(&ls->control_lock);
	mutex_lock(&rec->lock);
	if (rec->phase == DLM_PH_STOPPED)
		err = install(rec, members, count);
	else
		pr_err("dlm: %s: start ignored, it was not stopped\n", ls->name);
	if (!err)
		dlm_recover_begin(rec);
	mutex_unlock(&rec->lock);
	if (!err && count == 1)
		dlm_recover_run(ls);
	else if (!err)
		dlm_ls_kick(ls, 0);
	mutex_unlock(&ls->control_lock);
	memalloc_noio_restore(noio);
	return err;
}

/**
 * dlm_ls_wait_joined - wait for the outcome of a lockspace's first recovery
 * @ls: the lockspace
 *
 * A recovery that is stopped half-way has no outcome: the next one counts.
 *
 * Context: sleeps; killable.
 * Return: 0; -EPROTO: configured differently from the other members; -EINTR.
 */
int dlm_ls_wait_joined(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;

	if (wait_event_killable(rec->wait, READ_ONCE(rec->outcome) <= 0))
		return -EINTR;
	return READ_ONCE(rec->outcome);
}
