// SPDX-License-Identifier: GPL-2.0
/*
 * Owners of locks: what happens to a handle's locks when it is closed, and to
 * those that outlive it (user-abi.md 7.3, 7.6, 10).
 *
 * A list of locks is guarded by a leaf lock, but a lock may be changed only with its
 * resource locked, which comes first.  Walkers therefore look at the first entry,
 * let go of the list, lock the resource and check that the lock is still there; RCU
 * keeps the memory meanwhile.
 */
#include <linux/rhashtable.h>
#include "engine.h"
#include "lockspace.h"

/**
 * dlm_owner_init - initialise the core's part of a handle
 * @owner: the handle
 * @ls: its lockspace; the caller holds a reference for the owner's life
 * @ops: how to reach the reader of its queue
 */
void dlm_owner_init(struct dlm_owner *owner, struct dlm_ls *ls,
		    const struct dlm_sink_ops *ops)
{
	owner->sink.ops = ops;
	owner->sink.fx_next = NULL;
	owner->sink.fx_busy = 0;
	owner->ls = ls;
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->locks);
	owner->closing = false;
}

/**
 * dlm_owner_add - give a lock to an owner
 * @owner: the owner
 * @lkb: lock without owner
 *
 * Context: resource locked.
 * Return: false if the owner is closing.
 */
bool dlm_owner_add(struct dlm_owner *owner, struct dlm_lkb *lkb)
{
	bool ok;

	spin_lock(&owner->lock);
	ok = !owner->closing;
	if (ok) {
		lkb->owner = owner;
		list_add_tail(&lkb->owner_node, &owner->locks);
	}
	spin_unlock(&owner->lock);
	return ok;
}

/**
 * dlm_owner_drop - take a lock from its owner, or from the orphans
 * @lkb: the lock
 *
 * Context: resource locked.
 */
void dlm_owner_drop(struct dlm_lkb *lkb)
{
	struct dlm_owner *owner = lkb->owner;
	struct dlm_ls *ls = lkb->rsb->ls;

	if (owner) {
		lkb->ops->unbind(lkb);
		spin_lock(&owner->lock);
		list_del_init(&lkb->owner_node);
		spin_unlock(&owner->lock);
		lkb->owner = NULL;
	} else if ((lkb->flags & (DLM_LKB_ORPHAN | DLM_LKB_MSTCPY)) == DLM_LKB_ORPHAN) {
		spin_lock(&ls->orphan_lock);
		list_del_init(&lkb->owner_node);
		spin_unlock(&ls->orphan_lock);
		lkb->flags &= ~DLM_LKB_ORPHAN;
	}
}

/* nobody hears of it any more; to its master it still is what it was */
static void force_out_remote(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	u16 orphan = lkb->flags & DLM_LKB_ORPHAN;

	dlm_owner_drop(lkb);
	/* its unlock is under way */
	if (lkb->wait_type == DLM_MSG_UNLOCK || lkb->flags & DLM_LKB_OVL_UNLOCK)
		return;
	lkb->flags |= orphan;
	lkb->exflags |= DLM_LKF_FORCEUNLOCK | DLM_LKF_IVVALBLK;
	dlm_unlock_send(lkb, fx);
}

/* its holder died: as an unlock, and who wrote the value block is not to be trusted */
static void force_out(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (dlm_lkb_remote(lkb)) {
		force_out_remote(lkb, fx);
		return;
	}
	lkb->exflags |= DLM_LKF_FORCEUNLOCK | DLM_LKF_IVVALBLK;
	dlm_unlock_locked(lkb, fx, true);
}

static void add_orphan(struct dlm_lkb *lkb)
{
	struct dlm_ls *ls = lkb->rsb->ls;

	lkb->flags |= DLM_LKB_ORPHAN;
	spin_lock(&ls->orphan_lock);
	list_add_tail(&lkb->owner_node, &ls->orphans);
	spin_unlock(&ls->orphan_lock);
	dlm_ls_count(ls, DLM_ST_ORPHANED);
}

/* what it waits for is cancelled; its master is told in any case (messages.md 14) */
static void make_remote_orphan(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	if (lkb->wait_type == DLM_MSG_UNLOCK || (lkb->flags & DLM_LKB_OVL_UNLOCK))
		return;
	add_orphan(lkb);
	if (lkb->wait_type != DLM_MSG_CANCEL && !(lkb->flags & DLM_LKB_OVL_CANCEL))
		dlm_cancel_send(lkb, fx, -DLM_ECANCEL);
}

/* a persistent lock stays in its granted mode, without anybody to tell */
static void make_orphan(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	struct dlm_rsb *r = lkb->rsb;
	bool granted = lkb->grmode != DLM_LOCK_IV;
	bool waited;

	dlm_watch_stop(lkb);
	dlm_owner_drop(lkb);
	if (dlm_lkb_remote(lkb)) {
		make_remote_orphan(lkb, fx);
		return;
	}
	waited = dlm_master_cancel(lkb);
	if (granted)
		add_orphan(lkb);
	else
		dlm_lkb_end(lkb);
	if (waited)
		dlm_grant_pending(r, fx);
}

static void release_lock(struct dlm_lkb *lkb, struct dlm_fx *fx, bool all)
{
	if (!all && (lkb->exflags & DLM_LKF_PERSISTENT))
		make_orphan(lkb, fx);
	else
		force_out(lkb, fx);
}

/* how many there are now, so that who empties a list has an end in view */
static unsigned long count_locks(const struct list_head *list, spinlock_t *lock)
{
	const struct list_head *pos;
	unsigned long n = 0;

	spin_lock(lock);
	list_for_each(pos, list)
		n++;
	spin_unlock(lock);
	return n;
}

/* the lock stays, without an owner, until dlm_sweep_zombies(); with @all not as an orphan */
static void make_zombie(struct dlm_lkb *lkb, bool all)
{
	struct dlm_ls *ls = lkb->rsb->ls;

	if (all)
		lkb->exflags &= ~DLM_LKF_PERSISTENT;
	dlm_watch_stop(lkb);
	dlm_owner_drop(lkb);
	lkb->flags |= DLM_LKB_ZOMBIE;
	atomic_inc(&ls->later.zombies);
}

/* how a handle's locks are let go */
enum release_how {
	NORMAL,		/* persistent ones become orphans */
	ALL,		/* they go as well */
	DETACH,		/* as zombies: locking is stopped, nothing may be sent */
};

/* is there memory for a message? A node that is alone needs none */
static bool can_send(struct dlm_ls *ls, struct dlm_fx *fx)
{
	return !ls->comms || !dlm_fx_reserve(ls, fx, 1, GFP_NOIO);
}

/* empties owner->locks */
static void release_locks(struct dlm_owner *owner, enum release_how how)
{
	unsigned long left = count_locks(&owner->locks, &owner->lock);
	bool all = how == ALL, poor, zombies = false;
	struct dlm_fx fx = { };
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	/* others may add to the list, unless the owner is closing */
	while (owner->closing || left--) {
		poor = how != DETACH && !can_send(owner->ls, &fx);
		rcu_read_lock();
		spin_lock(&owner->lock);
		lkb = list_first_entry_or_null(&owner->locks, struct dlm_lkb,
					       owner_node);
		spin_unlock(&owner->lock);
		if (!lkb) {
			rcu_read_unlock();
			break;
		}
		r = dlm_lkb_lock_rsb(lkb);
		rcu_read_unlock();
		if (!r)
			continue;
		if (lkb->owner != owner) {
			;
		} else if (how == DETACH || (poor && dlm_lkb_remote(lkb))) {
			make_zombie(lkb, all);
			zombies = true;
		} else {
			release_lock(lkb, &fx, all);
		}
		dlm_rsb_unlock(r);
		dlm_fx_flush(&fx);
		cond_resched();
	}
	dlm_fx_flush(&fx);
	if (zombies)
		dlm_ls_kick(owner->ls, 0);
}

/**
 * dlm_owner_close - the handle is closed: let its locks go
 * @owner: the owner; gets no effects any more once this returns
 *
 * Locks without PERSISTENT are unlocked by force, the others become orphans.
 * Passes a gate that is shut: a handle can always be closed.  In a cluster its locks
 * are only taken from it then, and let go when locking goes on.
 *
 * Context: may sleep.
 * Return: 0.
 */
int dlm_owner_close(struct dlm_owner *owner)
{
	struct dlm_gate *gate = &owner->ls->gate;

	spin_lock(&owner->lock);
	owner->closing = true;
	spin_unlock(&owner->lock);
	if (dlm_gate_try_enter(gate)) {
		release_locks(owner, NORMAL);
		dlm_gate_leave(gate);
	} else {
		release_locks(owner, owner->ls->comms ? DETACH : NORMAL);
	}
	return 0;
}

/**
 * dlm_owner_purge - unlock all locks of a handle by force, persistent ones too
 * @owner: the owner
 *
 * No completions. Locks taken while this runs may stay.
 *
 * Context: sleeps (killably) while the lockspace is stopped.
 * Return: 0, -ENOENT (lockspace is gone), -EINTR.
 */
int dlm_owner_purge(struct dlm_owner *owner)
{
	int err = dlm_gate_enter(&owner->ls->gate);

	if (err)
		return err;
	release_locks(owner, ALL);
	dlm_gate_leave(&owner->ls->gate);
	return 0;
}

/*
 * With its resource locked: the oldest on @from of process @pid, 0 for any.  What is older goes
 * to @kept.  NULL: there is none.
 */
static struct dlm_lkb *next_orphan(struct dlm_ls *ls, struct list_head *from,
				   struct list_head *kept, u32 pid)
{
	struct dlm_lkb *lkb;
	bool match, locked;

	for (;; cond_resched()) {
		rcu_read_lock();
		spin_lock(&ls->orphan_lock);
		lkb = list_first_entry_or_null(from, struct dlm_lkb, owner_node);
		match = lkb && (!pid || lkb->pid == pid);
		if (lkb && !match)
			list_move_tail(&lkb->owner_node, kept);
		spin_unlock(&ls->orphan_lock);
		locked = match && dlm_lkb_lock_rsb(lkb);
		rcu_read_unlock();
		if (!lkb)
			return NULL;
		if (!locked)
			continue;
		/* it may have ended meanwhile */
		if (lkb->flags & DLM_LKB_ORPHAN)
			return lkb;
		dlm_rsb_unlock(lkb->rsb);
	}
}

static int purge_orphans(struct dlm_ls *ls, struct list_head *from,
			 struct list_head *kept, u32 pid, struct dlm_fx *fx)
{
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	for (;;) {
		if (ls->comms && dlm_fx_reserve(ls, fx, 1, GFP_NOIO))
			return -ENOMEM;
		lkb = next_orphan(ls, from, kept, pid);
		if (!lkb)
			return 0;
		r = lkb->rsb;
		dlm_ls_count(ls, DLM_ST_PURGED);
		force_out(lkb, fx);
		dlm_rsb_unlock(r);
		cond_resched();
	}
}

/**
 * dlm_purge_inside - unlock the orphans of a process by force
 * @ls: the lockspace
 * @pid: whose, 0 for all
 * @fx: effects
 *
 * Context: may sleep for memory; inside the gate.
 * Return: 0 or -ENOMEM (some are left).
 */
int dlm_purge_inside(struct dlm_ls *ls, u32 pid, struct dlm_fx *fx)
{
	LIST_HEAD(from);
	LIST_HEAD(kept);
	int err;

	/* of handles that were closed before, too */
	if (dlm_has_zombies(ls) && dlm_sweep_zombies(ls))
		return -ENOMEM;
	mutex_lock(&ls->orphan_mutex);
	/* aside, so that each is looked at once */
	spin_lock(&ls->orphan_lock);
	list_splice_init(&ls->orphans, &from);
	spin_unlock(&ls->orphan_lock);
	err = purge_orphans(ls, &from, &kept, pid, fx);
	spin_lock(&ls->orphan_lock);
	list_splice(&from, &ls->orphans);
	list_splice(&kept, &ls->orphans);
	spin_unlock(&ls->orphan_lock);
	mutex_unlock(&ls->orphan_mutex);
	return err;
}

/**
 * dlm_orphans_purge - unlock the orphans of a process by force
 * @ls: the lockspace
 * @pid: whose, 0 for all
 *
 * Context: sleeps (killably) while the lockspace is stopped.
 * Return: 0, -ENOENT (lockspace is gone), -EINTR, -ENOMEM.
 */
int dlm_orphans_purge(struct dlm_ls *ls, u32 pid)
{
	struct dlm_fx fx = { };
	int err;

	err = dlm_gate_enter(&ls->gate);
	if (err)
		return err;
	err = dlm_purge_inside(ls, pid, &fx);
	dlm_gate_leave(&ls->gate);
	dlm_fx_flush(&fx);
	return err;
}

/**
 * dlm_purge_remote - ask another node to unlock its orphans of a process
 * @ls: the lockspace
 * @nodeid: the node
 * @pid: whose, 0 for all
 *
 * Nobody answers (messages.md 14).
 *
 * Context: as dlm_orphans_purge().
 * Return: 0, -ENOBUFS (no member), -ENOENT, -EINTR, -ENOMEM.
 */
int dlm_purge_remote(struct dlm_ls *ls, int nodeid, u32 pid)
{
	struct dlm_fx fx = { };
	int err;

	err = dlm_gate_enter(&ls->gate);
	if (err)
		return err;
	err = -ENOBUFS;
	if (ls->comms && dlm_is_member(ls, nodeid))
		err = dlm_fx_reserve(ls, &fx, 1, GFP_NOIO);
	if (!err)
		dlm_send_purge(ls, nodeid, pid, &fx);
	dlm_gate_leave(&ls->gate);
	dlm_fx_flush(&fx);
	return err;
}

/*
 * The oldest orphan of that name and mode, with its resource locked.  @other_mode: the name was
 * there in another mode.
 */
static struct dlm_lkb *lock_orphan(struct dlm_ls *ls, const void *name,
				   unsigned int len, int mode, bool *other_mode)
{
	struct dlm_lkb *lkb, *found;
	bool locked;

	do {
		found = NULL;
		rcu_read_lock();
		spin_lock(&ls->orphan_lock);
		list_for_each_entry(lkb, &ls->orphans, owner_node) {
			if (lkb->rsb->len != len || memcmp(lkb->rsb->name, name, len))
				continue;
			if (lkb->grmode == mode) {
				found = lkb;
				break;
			}
			*other_mode = true;
		}
		spin_unlock(&ls->orphan_lock);
		locked = found && dlm_lkb_lock_rsb(found);
		rcu_read_unlock();
		if (locked && (found->flags & DLM_LKB_ORPHAN))
			return found;
		/* it ended meanwhile: look again */
		if (locked)
			dlm_rsb_unlock(found->rsb);
	} while (found);
	return NULL;
}

/* unlocks its resource */
static int adopt(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct dlm_rsb *r = lkb->rsb;
	int err = 0;

	if (lkb->ops != op->ops) {
		err = -EINVAL;
	} else if (dlm_lkb_remote(lkb) && dlm_remote_busy(lkb)) {
		/* what its former owner wanted is still being cancelled */
		err = -EAGAIN;
	} else {
		dlm_owner_drop(lkb);
		if (dlm_owner_add(op->owner, lkb)) {
			lkb->exflags = op->flags & ~DLM_LKF_FORCEUNLOCK;
			lkb->sbflags = 0;
			lkb->pid = op->pid;
			op->lkid = lkb->id;
			lkb->ops->bind(lkb, op);
			dlm_ls_count(r->ls, DLM_ST_ADOPTED);
		} else {
			err = -EINVAL;
			add_orphan(lkb);
		}
	}
	dlm_rsb_unlock(r);
	return err;
}

/**
 * dlm_orphan_adopt - take over an orphan
 * @ls: the lockspace
 * @op: the operation; op->owner gets the lock, its flags become @op->flags
 * @name: resource name
 * @len: 0..DLM_RESNAME_MAXLEN, else -EINVAL
 *
 * The oldest orphan of that name with granted mode @op->mode is taken; there
 * is no completion. user-abi.md 7.3.
 *
 * Context: sleeps while orphans are purged; does not wait for recovery.
 * Return: 0 with op->lkid set, -EAGAIN (orphans of that name have other
 * modes, or the oldest is not at rest yet, or locks of handles that were closed
 * during recovery are about to become orphans), -ENOENT (none, or lockspace gone),
 * -EINVAL (flags, mode, owner closing).
 */
int dlm_orphan_adopt(struct dlm_ls *ls, struct dlm_op *op,
		     const void *name, unsigned int len)
{
	bool other_mode = false;
	struct dlm_lkb *lkb;
	int err = -ENOENT;

	if (dlm_lock_check_flags(op->flags, op->mode) || len > DLM_RESNAME_MAXLEN)
		return -EINVAL;
	if (!dlm_ls_alive(ls))
		return -ENOENT;
	op->fx = (struct dlm_fx){ };
	/* a purge puts them aside */
	mutex_lock(&ls->orphan_mutex);
	lkb = lock_orphan(ls, name, len, op->mode, &other_mode);
	if (lkb)
		err = adopt(lkb, op);
	else if (other_mode || dlm_has_zombies(ls))
		err = -EAGAIN;
	mutex_unlock(&ls->orphan_mutex);
	dlm_fx_flush(&op->fx);
	return err;
}

/**
 * dlm_ls_drop_locks - end all locks of a lockspace without telling anybody
 * @ls: lockspace that no operation can enter any more
 *
 * Context: may sleep. Handles may be closed at the same time.
 */
void dlm_ls_drop_locks(struct dlm_ls *ls)
{
	struct rhashtable_iter iter;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;

	while (dlm_lkb_count(ls)) {
		rhashtable_walk_enter(&ls->lkbs, &iter);
		rhashtable_walk_start(&iter);
		while ((lkb = rhashtable_walk_next(&iter))) {
			if (IS_ERR(lkb))
				continue;
			r = dlm_lkb_lock_rsb(lkb);
			if (!r)
				continue;
			dlm_lkb_end(lkb);
			dlm_rsb_unlock(r);
			if (need_resched()) {
				rhashtable_walk_stop(&iter);
				cond_resched();
				rhashtable_walk_start(&iter);
			}
		}
		rhashtable_walk_stop(&iter);
		rhashtable_walk_exit(&iter);
		cond_resched();
	}
	dlm_rsb_forget_unused(ls);
}

static void sweep(struct dlm_lkb *lkb, struct dlm_fx *fx)
{
	lkb->flags &= ~DLM_LKB_ZOMBIE;
	release_lock(lkb, fx, false);
}

/**
 * dlm_has_zombies - are there locks that dlm_sweep_zombies() is to let go?
 * @ls: the lockspace
 *
 * Context: any.
 * Return: true if there may be.
 */
bool dlm_has_zombies(struct dlm_ls *ls)
{
	return atomic_read(&ls->later.zombies) != READ_ONCE(ls->later.swept);
}

/**
 * dlm_sweep_zombies - let the locks of handles go that were closed while it was not possible
 * @ls: the lockspace
 *
 * Context: may sleep for memory; inside the gate.
 * Return: 0, or -ENOMEM: some are left.
 */
int dlm_sweep_zombies(struct dlm_ls *ls)
{
	int upto = atomic_read(&ls->later.zombies), old, err;
	struct dlm_fx fx = { };

	err = dlm_each_flagged(ls, DLM_LKB_ZOMBIE, sweep, &fx);
	/* who began earlier may end later, and takes nothing back */
	do {
		old = READ_ONCE(ls->later.swept);
	} while (!err && upto - old > 0 &&
		 cmpxchg(&ls->later.swept, old, upto) != old);
	dlm_fx_flush(&fx);
	return err;
}

static void count_user(struct dlm_lkb *lkb, void *arg)
{
	unsigned int *n = arg;

	if (lkb->owner || (!list_empty(&lkb->owner_node)))
		++*n;
}

/**
 * dlm_ls_users - locks that somebody on this node counts on
 * @ls: the lockspace, with nobody inside the gate
 *
 * Not those held by other nodes, and not those whose handle is closed and whose unlock
 * is under way.
 *
 * Context: may sleep.
 * Return: how many there are.
 */
unsigned int dlm_ls_users(struct dlm_ls *ls)
{
	unsigned int n = 0;

	if (!ls->comms)
		return dlm_lkb_count(ls);
	dlm_lkb_walk(ls, count_user, &n);
	return n;
}
