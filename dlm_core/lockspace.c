// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a lockspace: create, find, release.
 *
 * A lockspace enters its node's list, and thereby takes its name, before
 * anything that can sleep, and leaves it when everything is undone.  Who comes
 * with the same name in between waits for that one lockspace and for no other.  The
 * state tells how far it is; it changes under node->lock.
 */
#include <linux/crc32.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <dlm/trace.h>
#include "engine.h"
#include "lockspace.h"
#include "recover.h"

/* flags that members need not agree on (user-abi.md 7.1) */
#define LOCAL_FLAGS	(DLM_LSFL_FS | DLM_LSFL_NEWEXCL | DLM_LSFL_SOFTIRQ)

static void set_state(struct dlm_ls *ls, enum dlm_ls_state state)
{
	lockdep_assert_held(&ls->node->lock);
	ls->state = state;
	wake_up_all(&ls->node->changed);
}

static void set_state_locked(struct dlm_ls *ls, enum dlm_ls_state state)
{
	spin_lock(&ls->node->lock);
	set_state(ls, state);
	spin_unlock(&ls->node->lock);
}

static bool in_transit(const struct dlm_ls *ls)
{
	enum dlm_ls_state state = READ_ONCE(ls->state);

	return state == DLM_LS_JOINING || state == DLM_LS_LEAVING ||
	       state == DLM_LS_CHECKING;
}

/**
 * dlm_ls_get - take a reference
 * @ls: lockspace that the caller knows to exist
 */
void dlm_ls_get(struct dlm_ls *ls)
{
	kref_get(&ls->ref);
}

static void ls_free(struct kref *ref)
{
	struct dlm_ls *ls = container_of(ref, struct dlm_ls, ref);

	dlm_lkb_table_exit(ls);
	dlm_rsb_table_exit(ls);
	dlm_gate_destroy(&ls->gate);
	free_percpu(ls->stats);
	dlm_recover_exit(ls);
	xa_destroy(&ls->said);
	dlm_node_put(ls->node);
	kfree_rcu(ls, rcu);
}

/**
 * dlm_ls_put - drop a reference
 * @ls: the lockspace
 *
 * Context: may sleep.
 */
void dlm_ls_put(struct dlm_ls *ls)
{
	kref_put(&ls->ref, ls_free);
}

/**
 * dlm_ls_name - name of a lockspace
 * @ls: the lockspace
 *
 * Return: terminated string.
 */
const char *dlm_ls_name(const struct dlm_ls *ls)
{
	return ls->name;
}

/**
 * dlm_ls_lvblen - length of its value blocks
 * @ls: the lockspace
 *
 * Return: bytes.
 */
unsigned int dlm_ls_lvblen(const struct dlm_ls *ls)
{
	return ls->lvblen;
}

/**
 * dlm_ls_id - its cluster-wide number
 * @ls: the lockspace
 *
 * Return: the number, as in trace events and netlink messages.
 */
u32 dlm_ls_id(const struct dlm_ls *ls)
{
	return READ_ONCE(ls->global_id);
}

/**
 * dlm_ls_alive - may it still be used?
 * @ls: the lockspace
 *
 * Return: false once it is released: its handles are dead then.
 */
bool dlm_ls_alive(const struct dlm_ls *ls)
{
	return !READ_ONCE(ls->gate.barred);
}

/**
 * dlm_ls_node - its node
 * @ls: the lockspace
 *
 * Return: node that lives as long as @ls.
 */
struct dlm_node *dlm_ls_node(const struct dlm_ls *ls)
{
	return ls->node;
}

/**
 * dlm_ls_set_client - attach an object of the room that made the lockspace
 * @ls: the lockspace; called from its plug and unplug functions
 * @client: any pointer
 */
void dlm_ls_set_client(struct dlm_ls *ls, void *client)
{
	WRITE_ONCE(ls->client, client);
}

/**
 * dlm_ls_client - what dlm_ls_set_client() attached
 * @ls: the lockspace
 *
 * Return: the pointer, NULL if there is none.
 */
void *dlm_ls_client(const struct dlm_ls *ls)
{
	return READ_ONCE(ls->client);
}

/* any state; node->lock held */
static struct dlm_ls *find_name(struct dlm_node *node, const char *name,
				unsigned int len)
{
	struct dlm_ls *ls;

	list_for_each_entry(ls, &node->lockspaces, node_entry)
		if (ls->namelen == len && !memcmp(ls->name, name, len))
			return ls;
	return NULL;
}

/**
 * dlm_ls_find - find a lockspace that can be opened
 * @node: the node
 * @name: its name
 * @len: bytes of @name
 *
 * Context: any; takes only spinlocks.
 * Return: lockspace with a reference, or NULL.
 */
struct dlm_ls *dlm_ls_find(struct dlm_node *node, const char *name,
			   unsigned int len)
{
	struct dlm_ls *ls;

	spin_lock(&node->lock);
	ls = find_name(node, name, len);
	if (ls && (ls->state == DLM_LS_READY || ls->state == DLM_LS_CHECKING))
		dlm_ls_get(ls);
	else
		ls = NULL;
	spin_unlock(&node->lock);
	return ls;
}

/**
 * dlm_ls_by_id - find a lockspace by its cluster-wide number
 * @node: the node
 * @id: the number
 *
 * In any state: one that joins or leaves has packets to answer, too.  If several have the same
 * number, any of them.
 *
 * Context: any; takes no lock.
 * Return: lockspace with a reference, or NULL.
 */
struct dlm_ls *dlm_ls_by_id(struct dlm_node *node, u32 id)
{
	struct dlm_ls *ls, *found = NULL;

	rcu_read_lock();
	hash_for_each_possible_rcu(node->by_id, ls, id_node, id) {
		if (dlm_ls_id(ls) == id && kref_get_unless_zero(&ls->ref)) {
			found = ls;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * dlm_ls_set_id - the control daemon gives a lockspace its number
 * @ls: the lockspace
 * @id: the number
 *
 * For a moment it is not found by any: no packet is due before the first start.
 *
 * Context: sleeps.
 */
void dlm_ls_set_id(struct dlm_ls *ls, u32 id)
{
	struct dlm_node *node = ls->node;

	mutex_lock(&ls->control_lock);
	if (ls->global_id == id)
		goto out;
	spin_lock(&node->lock);
	if (hash_hashed(&ls->id_node))
		hash_del_rcu(&ls->id_node);
	WRITE_ONCE(ls->global_id, id);
	spin_unlock(&node->lock);
	/* who stands at @ls goes on in its old chain, and must not get into another */
	synchronize_rcu();
	spin_lock(&node->lock);
	if (ls->state != DLM_LS_GONE)
		hash_add_rcu(node->by_id, &ls->id_node, id);
	spin_unlock(&node->lock);
out:
	mutex_unlock(&ls->control_lock);
}

/*
 * The name becomes part of a path and of lines that libdlm parses word by
 * word, so what a device lockspace may be called is limited (decisions.md).
 */
static bool device_name_ok(const char *name, unsigned int len)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		if (name[i] == '/' || (u8)name[i] <= ' ' || name[i] == 0x7f)
			return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

/* who asks for a name that is there already? node->lock held */
static int meet_existing(struct dlm_ls *ls, const struct dlm_ls_params *params)
{
	if (params->device || (params->flags & DLM_LSFL_NEWEXCL) ||
	    ls->abandoned)
		return -EEXIST;
	ls->create_count++;
	dlm_ls_get(ls);
	return 1;
}

static bool may_run_solo(const struct dlm_node *node)
{
	const struct dlm_ls *ls;

	if (!node->config.solo || node->cluster || node->monitors)
		return false;
	list_for_each_entry(ls, &node->lockspaces, node_entry)
		if (!ls->solo)
			return false;
	return true;
}

/*
 * Nothing stands in the way of a new lockspace?  Then it is clear, too, who we are
 * and who decides about members.  node->lock held.
 */
static int may_create(struct dlm_ls *ls)
{
	struct dlm_node *node = ls->node;
	bool first = list_empty(&node->lockspaces);

	if (dlm_node_has_daemon_locked(node)) {
		if (first)
			node->nodeid = node->local_id;
		if (node->nodeid == node->local_id)
			return 0;
	} else if (ls->device && !node->dead && may_run_solo(node)) {
		ls->solo = true;
		return 0;
	}
	if (ls->device)
		return -ENOSYS;
	return first && !node->local_id ? -ENOTCONN : -EUNATCH;
}

static void add_to_node(struct dlm_ls *ls)
{
	lockdep_assert_held(&ls->node->lock);
	list_add_tail(&ls->node_entry, &ls->node->lockspaces);
	hash_add_rcu(ls->node->by_id, &ls->id_node, ls->global_id);
}

/* created or released, or left to the background: nobody waits for it any longer */
static bool settled(const struct dlm_ls *ls)
{
	return !in_transit(ls) || READ_ONCE(ls->abandoned);
}

/*
 * Put the new lockspace on its node's list, when the name is free.
 * Return: 0, 1 with *@old if a kernel user joined an existing one, or an errno.
 */
static int claim_name(struct dlm_ls *ls, const struct dlm_ls_params *params,
		      struct dlm_ls **old)
{
	struct dlm_node *node = ls->node;
	struct dlm_ls *other;
	int err;

	for (;;) {
		spin_lock(&node->lock);
		other = find_name(node, ls->name, ls->namelen);
		if (!other) {
			err = may_create(ls);
			if (!err)
				add_to_node(ls);
			spin_unlock(&node->lock);
			return err;
		}
		if (settled(other)) {
			*old = other;
			err = meet_existing(other, params);
			spin_unlock(&node->lock);
			return err;
		}
		dlm_ls_get(other);
		spin_unlock(&node->lock);
		err = wait_event_killable(node->changed, settled(other));
		dlm_ls_put(other);
		if (err)
			return -EINTR;
	}
}

static void finish(struct work_struct *work);

static struct dlm_ls *ls_alloc(struct dlm_node *node,
			       const struct dlm_ls_params *params)
{
	static const char prefix[] = "dlm:ls:";
	struct dlm_ls *ls;

	ls = kzalloc(sizeof(*ls), GFP_KERNEL);
	if (!ls)
		return NULL;
	kref_init(&ls->ref);
	ls->state = DLM_LS_JOINING;
	ls->namelen = params->namelen;
	memcpy(ls->name, params->name, params->namelen);
	ls->exflags = params->flags & ~LOCAL_FLAGS;
	ls->lvblen = params->lvblen;
	ls->nodir = params->flags & DLM_LSFL_NODIR;
	ls->device = params->device;
	ls->unplug = params->unplug;
	ls->create_count = 1;
	INIT_WORK(&ls->finish, finish);
	mutex_init(&ls->control_lock);
	mutex_init(&ls->orphan_mutex);
	spin_lock_init(&ls->orphan_lock);
	INIT_LIST_HEAD(&ls->orphans);
	dlm_watch_init(ls);
	dlm_later_init(ls);
	xa_init(&ls->said);
	/* what dlm_controld would choose (wire.md 1); it may still write another */
	ls->global_id = ~crc32_le(crc32_le(~0U, prefix, sizeof(prefix) - 1),
				  ls->name, ls->namelen + 1);

	ls->stats = alloc_percpu(struct dlm_ls_stats);
	if (!ls->stats)
		goto out_free;
	if (dlm_gate_init(&ls->gate))
		goto out_stats;
	if (dlm_rsb_table_init(ls))
		goto out_gate;
	if (dlm_lkb_table_init(ls))
		goto out_rsbs;
	if (dlm_recover_init(ls))
		goto out_lkbs;
	ls->node = node;
	ls->comms = node->comms;
	dlm_node_get(node);
	return ls;

out_lkbs:
	dlm_lkb_table_exit(ls);
out_rsbs:
	dlm_rsb_table_exit(ls);
out_gate:
	dlm_gate_destroy(&ls->gate);
out_stats:
	free_percpu(ls->stats);
out_free:
	kfree(ls);
	return NULL;
}

/* undo claim_name(); drops the list's reference */
static void give_up_name(struct dlm_ls *ls)
{
	spin_lock(&ls->node->lock);
	list_del(&ls->node_entry);
	if (hash_hashed(&ls->id_node))
		hash_del_rcu(&ls->id_node);
	set_state(ls, DLM_LS_GONE);
	spin_unlock(&ls->node->lock);
	dlm_ls_put(ls);
}

/* nobody can enter any more: end what is inside */
static void ls_shut_down(struct dlm_ls *ls)
{
	mutex_lock(&ls->control_lock);
	dlm_recover_shut_down(ls);
	mutex_unlock(&ls->control_lock);
	dlm_watch_exit(ls);
	dlm_ls_drop_locks(ls);
	dlm_rsb_forget_unused(ls);
}

/* nobody uses it, and we are not in its group: all goes, the name last */
static void take_down(struct dlm_ls *ls)
{
	ls_shut_down(ls);
	dlm_debugfs_del_ls(ls);
	dlm_sysfs_del_ls(ls);
	if (ls->uses_comms)
		dlm_node_comms_put(ls->node);
	trace_dlm_lockspace(ls->name, "gone", current->comm, 0);
	give_up_name(ls);
	module_put(THIS_MODULE);
}

/* whoever should have done it was killed */
static void finish(struct work_struct *work)
{
	struct dlm_ls *ls = container_of(work, struct dlm_ls, finish);
	unsigned int noio = memalloc_noio_save();

	dlm_ls_part(ls, ls->quiet, false);
	take_down(ls);
	memalloc_noio_restore(noio);
}

/*
 * Leave the group and take the lockspace down; if the task is killed while it waits
 * for the control daemon, in the background.
 * Return: 0 or -EINTR.
 */
static int part_and_take_down(struct dlm_ls *ls)
{
	if (!dlm_ls_part(ls, ls->quiet, true)) {
		take_down(ls);
		return 0;
	}
	spin_lock(&ls->node->lock);
	ls->abandoned = true;
	spin_unlock(&ls->node->lock);
	wake_up_all(&ls->node->changed);
	queue_work(dlm_wq, &ls->finish);
	return -EINTR;
}

static int ls_come_up(struct dlm_ls *ls, const struct dlm_ls_params *params)
{
	int err;

	err = dlm_sysfs_add_ls(ls);
	if (err)
		return err;
	/* while it joins one can see there what it waits for */
	dlm_debugfs_add_ls(ls);
	err = dlm_ls_join(ls);
	if (!err && params->plug)
		err = params->plug(ls);
	if (!err)
		set_state_locked(ls, DLM_LS_READY);
	return err;
}

/**
 * dlm_ls_create - create a lockspace
 * @node: the node to create it on
 * @params: what it is to be
 * @lsp: gets the lockspace; the creator's reference goes with dlm_ls_release()
 *
 * user-abi.md 7.1, kernel-api.md 3, control-plane.md 5. A name that another
 * task is just creating or releasing is waited for. What a killed task began is undone
 * in the background; its name is taken until then.
 *
 * Context: sleeps; the waits are killable.
 * Return: 0, -EINVAL (name, lvblen or flags), -EEXIST, -ENOSYS (device: the
 * DLM cannot work: not solo and no control daemon), -EUNATCH or -ENOTCONN (the same for
 * kernel users), -ENOMEM, -EINTR, what dlm_ls_join() or @params->plug returned.
 */
int dlm_ls_create(struct dlm_node *node, const struct dlm_ls_params *params,
		  struct dlm_ls **lsp)
{
	struct dlm_ls *ls, *old = NULL;
	unsigned int noio;
	int err;

	if (!params->namelen || params->namelen > DLM_LOCKSPACE_LEN ||
	    params->lvblen % 8 || params->lvblen > DLM_LVBLEN_MAX)
		return -EINVAL;
	if (params->device && ((params->flags & DLM_LSFL_SOFTIRQ) ||
			       !device_name_ok(params->name, params->namelen)))
		return -EINVAL;
	noio = memalloc_noio_save();
	ls = ls_alloc(node, params);
	err = -ENOMEM;
	if (!ls)
		goto out_noio;

	err = claim_name(ls, params, &old);
	if (err <= 0)
		trace_dlm_lockspace(ls->name, "create", current->comm, err);
	if (err) {
		dlm_ls_put(ls);
		ls = old;
		goto out_noio;
	}
	__module_get(THIS_MODULE);
	/* once it has joined, anybody may release it */
	dlm_ls_get(ls);
	err = ls_come_up(ls, params);
	trace_dlm_lockspace(ls->name, "ready", current->comm, err);
	if (err) {
		if (part_and_take_down(ls))
			err = -EINTR;
	} else {
		dlm_node_count(node, DLM_NS_CREATED);
		pr_info_ratelimited("dlm: %s: lockspace created, flags %x\n",
				    ls->name, ls->exflags);
	}
	dlm_ls_put(ls);
out_noio:
	memalloc_noio_restore(noio);
	if (err < 0) {
		dlm_node_count(node, DLM_NS_CREATE_FAILED);
		return err;
	}
	*lsp = ls;
	return 0;
}

/*
 * From now on users of this node get nothing any more, unless @unused and a lock of theirs is
 * left.  Other nodes are served, as masters do, and recovery runs: until we are stopped to
 * be taken out of the group, they need our answers.
 * Return: 0 or -EBUSY.
 */
static int ls_close(struct dlm_ls *ls, bool unused)
{
	int err = 0;

	mutex_lock(&ls->control_lock);
	dlm_recover_pause(ls);
	if (unused && dlm_ls_users(ls))
		err = -EBUSY;
	else
		dlm_gate_bar(&ls->gate);
	dlm_recover_resume(ls);
	mutex_unlock(&ls->control_lock);
	return err;
}

static int ls_leave(struct dlm_ls *ls)
{
	if (ls->unplug)
		ls->unplug(ls);
	ls_close(ls, false);
	dlm_node_count(ls->node, DLM_NS_RELEASED);
	pr_info_ratelimited("dlm: %s: lockspace released\n", ls->name);
	return part_and_take_down(ls);
}

/* the release of @ls begins, if it is there to be released */
static int claim_release(struct dlm_ls *ls, enum dlm_release how)
{
	struct dlm_node *node = ls->node;
	int err = 0;

	spin_lock(&node->lock);
	if (ls->state != DLM_LS_READY)
		err = -EINVAL;
	else if (ls->create_count > 1)
		err = --ls->create_count;
	else
		set_state(ls, how == DLM_RELEASE_IF_UNUSED ?
			      DLM_LS_CHECKING : DLM_LS_LEAVING);
	spin_unlock(&node->lock);
	return err;
}

/**
 * dlm_ls_release - give a lockspace back
 * @ls: the lockspace; the caller has a reference of its own if it uses @ls
 *	after a successful release
 * @how: what to do about locks that are left
 *
 * Handles that are still open become dead; nobody waits for them to close.
 * user-abi.md 7.2 and 11, control-plane.md 5, decisions.md.
 *
 * Context: sleeps: until the control daemon has confirmed that we leave, killably;
 * shortly if there is none, or nobody to be told.
 * Return: 0 (it is gone), the number of creators left, -EBUSY (locks are left
 * and @how minds), -EINVAL (somebody else releases it), -EINTR (killed: it goes in the
 * background).
 */
int dlm_ls_release(struct dlm_ls *ls, enum dlm_release how)
{
	unsigned int noio;
	int err;

	err = claim_release(ls, how);
	trace_dlm_lockspace(ls->name, "release", current->comm, err);
	if (err)
		return err;
	noio = memalloc_noio_save();
	if (how == DLM_RELEASE_IF_UNUSED) {
		err = ls_close(ls, true);
		if (err) {
			set_state_locked(ls, DLM_LS_READY);
			goto out;
		}
		set_state_locked(ls, DLM_LS_LEAVING);
	}
	ls->quiet = how == DLM_RELEASE_QUIET;
	err = ls_leave(ls);
out:
	memalloc_noio_restore(noio);
	return err;
}

/* the lockspace after @ls, or the first; a reference moves from one to the other */
static struct dlm_ls *next_ls(struct dlm_node *node, struct dlm_ls *ls)
{
	struct list_head *pos = &node->lockspaces;
	struct dlm_ls *next = NULL;

	spin_lock(&node->lock);
	/* if @ls left the list meanwhile, begin again: it does no harm */
	if (ls && ls->state != DLM_LS_GONE)
		pos = &ls->node_entry;
	if (!list_is_last(pos, &node->lockspaces)) {
		next = list_entry(pos->next, struct dlm_ls, node_entry);
		dlm_ls_get(next);
	}
	spin_unlock(&node->lock);
	if (ls)
		dlm_ls_put(ls);
	return next;
}

/**
 * dlm_ls_stop_all - stop locking everywhere: the control daemon is gone
 * @node: the node
 *
 * Context: sleeps until nobody is inside of locking.
 */
void dlm_ls_stop_all(struct dlm_node *node)
{
	struct dlm_ls *ls = NULL;

	while ((ls = next_ls(node, ls))) {
		pr_err("dlm: %s: locking stops, no control daemon\n", ls->name);
		dlm_ls_stop(ls);
	}
}

/**
 * dlm_node_daemon_changed - a control daemon came or went, or the node ends
 * @node: the node
 *
 * Wakes creators and releasers that wait for a daemon's answer.
 *
 * Context: any but interrupts; not with node->lock.
 */
void dlm_node_daemon_changed(struct dlm_node *node)
{
	struct dlm_ls *ls;

	spin_lock(&node->lock);
	list_for_each_entry(ls, &node->lockspaces, node_entry)
		wake_up_all(&ls->recovery->wait);
	spin_unlock(&node->lock);
	wake_up_all(&node->changed);
}

/**
 * dlm_ls_release_all - release all lockspaces of a node that stops
 * @node: node on which nothing new can be created
 *
 * Context: sleeps.
 */
void dlm_ls_release_all(struct dlm_node *node)
{
	struct dlm_ls *ls;

	for (;;) {
		spin_lock(&node->lock);
		ls = list_first_entry_or_null(&node->lockspaces, struct dlm_ls,
					      node_entry);
		if (ls) {
			dlm_ls_get(ls);
			ls->create_count = 1;
		}
		spin_unlock(&node->lock);
		if (!ls)
			return;
		/* others that create or release it come to an end by themselves */
		wait_event(node->changed, !in_transit(ls));
		dlm_ls_release(ls, DLM_RELEASE_QUIET);
		dlm_ls_put(ls);
	}
}
