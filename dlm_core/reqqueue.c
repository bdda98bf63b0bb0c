// SPDX-License-Identifier: GPL-2.0
/*
 * What arrives: to whom it goes, and lock messages that have to wait
 * (messages.md 15).
 *
 * A lock message is worked on inside the gate.  While that is shut it is stored; when
 * recovery is over the stored ones are worked on in their order, and the gate opens in
 * the moment in which none is left: both the last look at the store and the opening happen
 * under stored_lock, as does the look at the gate of who stores.
 */
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include "recover.h"

/**
 * struct dlm_stored - a lock message that waits for the gate
 * @entry: recovery->stored
 * @nodeid: sender
 * @len: bytes of @data
 * @data: the message
 */
struct dlm_stored {
	struct list_head	entry;
	int			nodeid;
	unsigned int		len;
	u8			data[];
};

/* 0, -ENOMEM, -EAGAIN if the gate opened in the meantime, -ENOENT if it is dead */
static int store(struct dlm_ls *ls, int nodeid, const void *packet,
		 unsigned int len)
{
	struct dlm_recovery *rec = ls->recovery;
	struct dlm_stored *s;
	int err = 0;

	s = kmalloc(struct_size(s, data, len), GFP_NOIO | __GFP_NOWARN);
	if (!s)
		return -ENOMEM;
	s->nodeid = nodeid;
	s->len = len;
	memcpy(s->data, packet, len);
	spin_lock(&rec->stored_lock);
	if (ls->gate.state == DLM_GATE_OPEN)
		err = -EAGAIN;
	else if (ls->gate.state == DLM_GATE_DEAD)
		err = -ENOENT;
	else if (rec->stored_bytes + sizeof(*s) + len > rec->stored_max)
		err = -ENOMEM;
	if (!err) {
		list_add_tail(&s->entry, &rec->stored);
		rec->stored_bytes += sizeof(*s) + len;
	}
	spin_unlock(&rec->stored_lock);
	if (!err) {
		dlm_ls_count(ls, DLM_ST_STORED);
		return 0;
	}
	kfree(s);
	if (err == -ENOMEM) {
		dlm_ls_count(ls, DLM_ST_STORE_FULL);
		pr_warn_ratelimited("dlm: %s: node %d is not read from: too many messages wait for the end of recovery\n",
				    ls->name, nodeid);
	}
	return err;
}

static int stray(struct dlm_ls *ls)
{
	dlm_ls_count(ls, DLM_ST_MSG_STRAY);
	return 0;
}

static int receive_msg(struct dlm_ls *ls, int nodeid, const void *packet,
		       unsigned int len, struct dlm_fx *fx)
{
	int err;

	if (!dlm_is_member(ls, nodeid) || !READ_ONCE(ls->generation))
		return stray(ls);
	do {
		if (dlm_gate_try_enter(&ls->gate)) {
			err = dlm_recv_msg(ls, nodeid, packet, len, false, fx);
			dlm_gate_leave(&ls->gate);
			return err;
		}
		err = store(ls, nodeid, packet, len);
	} while (err == -EAGAIN);
	return err == -ENOENT ? stray(ls) : err;
}

static void drop(struct dlm_recovery *rec, struct dlm_stored *s)
{
	spin_lock(&rec->stored_lock);
	list_del(&s->entry);
	rec->stored_bytes -= sizeof(*s) + s->len;
	spin_unlock(&rec->stored_lock);
	kfree(s);
}

/**
 * dlm_stored_drop_all - the lockspace ends
 * @rec: recovery of a lockspace whose gate is dead
 */
void dlm_stored_drop_all(struct dlm_recovery *rec)
{
	struct dlm_stored *s, *next;
	LIST_HEAD(list);

	/* who stores either did so before this, or sees that the gate is dead */
	spin_lock(&rec->stored_lock);
	list_splice_init(&rec->stored, &list);
	spin_unlock(&rec->stored_lock);
	list_for_each_entry_safe(s, next, &list, entry)
		drop(rec, s);
}

static void drop_if(struct dlm_recovery *rec,
		    bool (*cond)(const struct dlm_recovery *rec,
				 const struct dlm_stored *s))
{
	struct dlm_stored *s, *next;
	LIST_HEAD(list);

	/* what comes meanwhile is later, and not for us to judge */
	spin_lock(&rec->stored_lock);
	list_splice_init(&rec->stored, &list);
	spin_unlock(&rec->stored_lock);
	list_for_each_entry_safe(s, next, &list, entry)
		if (cond(rec, s))
			drop(rec, s);
	spin_lock(&rec->stored_lock);
	list_splice(&list, &rec->stored);
	spin_unlock(&rec->stored_lock);
}

static bool of_gone(const struct dlm_recovery *rec, const struct dlm_stored *s)
{
	return dlm_is_unpurged(rec, s->nodeid) || !dlm_rpeer_find(rec, s->nodeid);
}

/**
 * dlm_stored_drop_gone - forget the messages of who is gone
 * @rec: recovery, locked, in DLM_PH_PURGE
 */
void dlm_stored_drop_gone(struct dlm_recovery *rec)
{
	drop_if(rec, of_gone);
}

/* masters are known by now, or will be asked for again; nodir: all is sent again */
static bool is_stale(const struct dlm_recovery *rec, const struct dlm_stored *s)
{
	const struct dlm_w_msg *msg = (const void *)s->data;

	switch (le32_to_cpu(msg->type)) {
	case DLM_MSG_LOOKUP:
	case DLM_MSG_LOOKUP_REPLY:
	case DLM_MSG_REMOVE:
		return true;
	/* nobody asks for that once more */
	case DLM_MSG_PURGE:
		return false;
	default:
		return rec->ls->nodir;
	}
}

/**
 * dlm_stored_drop_stale - forget messages that have no meaning after a recovery
 * @rec: recovery, locked; this node does not yet show that it is done
 *
 * Nobody has begun to use the lockspace again, so all that is stored is old.
 */
void dlm_stored_drop_stale(struct dlm_recovery *rec)
{
	drop_if(rec, is_stale);
}

static struct dlm_stored *first_stored(struct dlm_recovery *rec)
{
	struct dlm_stored *s;

	spin_lock(&rec->stored_lock);
	s = list_first_entry_or_null(&rec->stored, struct dlm_stored, entry);
	spin_unlock(&rec->stored_lock);
	return s;
}

/**
 * dlm_stored_replay - work on what was stored
 * @st: step; the gate is shut
 *
 * Context: sleeps.
 * Return: DLM_STEP_DONE (there was none left), DLM_STEP_MORE, -ENOMEM.
 */
int dlm_stored_replay(struct dlm_step *st)
{
	struct dlm_stored *s;
	int err;

	while ((s = first_stored(st->rec))) {
		if (!st->budget)
			return DLM_STEP_MORE;
		st->budget--;
		err = dlm_recv_msg(st->ls, s->nodeid, (const void *)s->data,
				   s->len, true, &st->fx);
		if (err)
			return err;
		drop(st->rec, s);
	}
	return DLM_STEP_DONE;
}

/**
 * dlm_stored_open - open the gate if nothing is stored
 * @rec: recovery, locked
 *
 * Return: true if it is open now.
 */
bool dlm_stored_open(struct dlm_recovery *rec)
{
	bool open;

	spin_lock(&rec->stored_lock);
	open = list_empty(&rec->stored);
	if (open)
		dlm_gate_set(&rec->ls->gate, DLM_GATE_OPEN);
	spin_unlock(&rec->stored_lock);
	return open;
}

/**
 * dlm_receive - a packet came: struct dlm_comms_user.receive
 * @priv: our struct dlm_node
 * @nodeid: sender
 * @packet: whole packet of command MSG or RCOM, at any address
 * @len: its bytes, at least those of the fixed part
 * @fx: effects
 *
 * Context: sleeps.
 * Return: 0, or -ENOMEM if nothing was done and the packet shall come again.
 */
int dlm_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		struct dlm_fx *fx)
{
	const struct dlm_w_header *h = packet;
	struct dlm_node *node = priv;
	struct dlm_ls *ls;
	int err = 0;

	ls = dlm_ls_by_id(node, le32_to_cpu(h->u));
	if (!ls) {
		dlm_node_count(node, DLM_NS_STRAY);
		if (h->cmd == DLM_CMD_RCOM)
			err = dlm_rcom_not_ready(node, nodeid, packet, fx);
		return err;
	}
	if (h->cmd == DLM_CMD_RCOM)
		err = dlm_rcom_receive(ls, nodeid, packet, len, fx);
	else
		err = receive_msg(ls, nodeid, packet, len, fx);
	dlm_ls_put(ls);
	return err;
}
