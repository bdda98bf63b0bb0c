// SPDX-License-Identifier: GPL-2.0
/*
 * What a lockspace does later: work that is owed to resources, and the ageing of
 * those that are kept without locks.
 *
 * Owed work is what could not be done where it arose, under a resource's lock:
 * requests that waited for the master's name and need a packet each, a grant pass that
 * had no memory for a message, requests that were turned away and are repeated after a
 * moment.  A resource is on at most one list (dlm_rsb.link): an active one on @owed or
 * @delayed, with DLM_RSB_OWED; an inactive one on @unused.
 *
 * Ageing reads no clock where a lock ends: @unused is in the order of rounds, and
 * dlm_later_work() counts rounds.
 *
 * Locking order: dlm_rsb.lock > dlm_later.lock
 */
#include "engine.h"
#include "lockspace.h"

/* of toss_secs; an entry lives AGE_ROUNDS to AGE_ROUNDS + 1 of them */
#define AGE_ROUNDS	4
#define RETRY_MS	10

/**
 * dlm_later_init - prepare it
 * @ls: new lockspace
 */
void dlm_later_init(struct dlm_ls *ls)
{
	struct dlm_later *la = &ls->later;

	spin_lock_init(&la->lock);
	INIT_LIST_HEAD(&la->owed);
	INIT_LIST_HEAD(&la->delayed);
	INIT_LIST_HEAD(&la->unused);
}

static unsigned int round_ms(const struct dlm_ls *ls)
{
	return READ_ONCE(ls->node->config.toss_secs) * MSEC_PER_SEC / AGE_ROUNDS;
}

static void enlist(struct dlm_rsb *r, struct list_head *list)
{
	struct dlm_later *la = &r->ls->later;

	r->flags |= DLM_RSB_OWED;
	spin_lock(&la->lock);
	list_move_tail(&r->link, list);
	spin_unlock(&la->lock);
}

/**
 * dlm_owe - have work done on a resource
 * @r: resource with locks, locked
 * @delay_ms: 0, or about how many milliseconds it has time
 */
void dlm_owe(struct dlm_rsb *r, unsigned int delay_ms)
{
	struct dlm_later *la = &r->ls->later;

	enlist(r, delay_ms ? &la->delayed : &la->owed);
	dlm_ls_kick(r->ls, delay_ms);
}

/**
 * dlm_age - an unused resource begins to age
 * @r: inactive resource, locked
 */
void dlm_age(struct dlm_rsb *r)
{
	struct dlm_later *la = &r->ls->later;
	bool first;

	spin_lock(&la->lock);
	first = list_empty(&la->unused);
	r->due = la->round + AGE_ROUNDS + 1;
	list_move_tail(&r->link, &la->unused);
	spin_unlock(&la->lock);
	if (first)
		dlm_ls_kick(r->ls, round_ms(r->ls));
}

/**
 * dlm_unlist - take a resource off whatever list it is on
 * @r: locked resource
 */
void dlm_unlist(struct dlm_rsb *r)
{
	struct dlm_later *la = &r->ls->later;

	if (!(r->flags & (DLM_RSB_OWED | DLM_RSB_INACTIVE)))
		return;
	spin_lock(&la->lock);
	list_del_init(&r->link);
	spin_unlock(&la->lock);
	r->flags &= ~DLM_RSB_OWED;
}

/* the first resource of a list, locked; NULL if the list is empty */
static struct dlm_rsb *lock_first(struct dlm_ls *ls, struct list_head *list,
				  u16 flag, bool due_only)
{
	struct dlm_later *la = &ls->later;
	struct dlm_rsb *r;

	for (;;) {
		rcu_read_lock();
		spin_lock(&la->lock);
		r = list_first_entry_or_null(list, struct dlm_rsb, link);
		if (r && due_only && (s16)(r->due - la->round) > 0)
			r = NULL;
		spin_unlock(&la->lock);
		if (!r) {
			rcu_read_unlock();
			return NULL;
		}
		rsb_spin_lock(r);
		rcu_read_unlock();
		/* off the list meanwhile? then look again */
		if ((r->flags & flag) && !(r->flags & DLM_RSB_DEAD) &&
		    !list_empty(&r->link))
			return r;
		rsb_spin_unlock(r);
	}
}

/* --- owed work ----------------------------------------------------------- */

/* one piece of what is owed; there is a packet. True if there may be more */
static bool step(struct dlm_rsb *r, struct dlm_fx *fx)
{
	if (r->flags & DLM_RSB_GRANT_OWED) {
		r->flags &= ~DLM_RSB_GRANT_OWED;
		dlm_grant_pending(r, fx);
		return true;
	}
	return dlm_lookup_next(r, fx);
}

/**
 * dlm_later_run - do what is owed now
 * @ls: the lockspace
 * @fx: effects
 *
 * Context: may sleep for memory; inside the gate.
 * Return: 0, or -ENOMEM: the rest stays owed, and is done in a while.
 */
int dlm_later_run(struct dlm_ls *ls, struct dlm_fx *fx)
{
	struct dlm_later *la = &ls->later;
	struct dlm_rsb *r;

	while (!list_empty_careful(&la->owed)) {
		if (ls->comms && dlm_fx_reserve(ls, fx, 2, GFP_NOIO)) {
			dlm_ls_kick(ls, RETRY_MS);
			return -ENOMEM;
		}
		r = lock_first(ls, &la->owed, DLM_RSB_OWED, false);
		if (!r)
			break;
		/* what arises in the step is owed anew */
		dlm_unlist(r);
		/* nobody needs to be woken for it: a kick now would cut the next delay short */
		if (step(r, fx))
			enlist(r, &la->owed);
		dlm_rsb_unlock(r);
		cond_resched();
	}
	return 0;
}

/* --- ageing ------------------------------------------------------------- */

/* forget @r, which is old enough; its master tells the directory */
static int forget(struct dlm_ls *ls, struct dlm_rsb *r, struct dlm_fx *fx)
{
	int dir = dlm_dir_nodeid(ls, r->name, r->len);

	if (!r->nodeid && !ls->nodir && dir != ls->node->nodeid) {
		if (!fx->spare[0]) {
			rsb_spin_unlock(r);
			return -EAGAIN;
		}
		dlm_send_remove(r, dir, fx);
	}
	dlm_rsb_forget(r);
	return 0;
}

static int forget_old(struct dlm_ls *ls, struct dlm_fx *fx)
{
	struct dlm_rsb *r;

	while ((r = lock_first(ls, &ls->later.unused, DLM_RSB_INACTIVE, true))) {
		if (forget(ls, r, fx) && dlm_fx_reserve(ls, fx, 1, GFP_NOIO))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* count a round if it is time; milliseconds to the next one */
static unsigned int next_round(struct dlm_ls *ls, ktime_t now)
{
	struct dlm_later *la = &ls->later;
	unsigned int wait = DLM_WORK_NEVER;
	s64 left;

	spin_lock(&la->lock);
	if (!list_empty(&la->unused)) {
		left = ktime_ms_delta(la->next_round, now);
		if (left <= 0) {
			la->round++;
			left = round_ms(ls);
			la->next_round = ktime_add_ms(now, left);
		}
		wait = min_t(s64, left, round_ms(ls));
	}
	spin_unlock(&la->lock);
	return wait;
}

/**
 * dlm_later_work - do what is owed and forget what is old
 * @ls: the lockspace
 * @now: CLOCK_MONOTONIC, or a test's own
 *
 * Context: may sleep for memory; inside the gate.
 * Return: milliseconds after which it is to be called again, DLM_WORK_NEVER if
 * somebody will ask for it (dlm_ls_kick()).
 */
unsigned int dlm_later_work(struct dlm_ls *ls, ktime_t now)
{
	struct dlm_later *la = &ls->later;
	struct dlm_fx fx = { };
	unsigned int wait;
	int err;

	spin_lock(&la->lock);
	list_splice_tail_init(&la->delayed, &la->owed);
	spin_unlock(&la->lock);
	wait = next_round(ls, now);
	err = dlm_later_run(ls, &fx);
	if (!err)
		err = forget_old(ls, &fx);
	if (!err && dlm_has_zombies(ls))
		err = dlm_sweep_zombies(ls);
	dlm_fx_flush(&fx);
	if (err)
		return RETRY_MS;
	return list_empty_careful(&la->unused) ? DLM_WORK_NEVER : wait;
}
