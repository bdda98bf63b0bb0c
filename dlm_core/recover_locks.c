// SPDX-License-Identifier: GPL-2.0
/*
 * Locks after a change of members (recovery.md 9, 10).
 *
 * Operations that waited for who is gone end or are marked; copies of locks that were held
 * there are dropped; resources with a new master get their locks from all holders;
 * the new master finishes what it got.
 *
 * What is to be sent is a ring of lock ids, made once.  Each lock is in the ring, or
 * its reply is due, or it is done with: a lock that the new master wants once more goes
 * back into the place that it left, and is sent again after a pause.
 *
 * A holder whose reply was lost in an interrupted recovery sends the same lock again.
 * The new master knows it by (holder, id there) from a table of what it got so.
 */
#include <linux/mm.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "recover.h"

/* --- master copies that were sent in recovery --------------------------- */

struct copy_key {
	int	nodeid;
	u32	remid;
};

/**
 * struct copy - a master copy, by its holder
 * @node: recovery->copies
 * @key: the holder and its id of the lock
 * @id: our id; the lock may have ended since
 */
struct copy {
	struct rhash_head	node;
	struct copy_key		key;
	u32			id;
};

static const struct rhashtable_params copy_params = {
	.key_len	     = sizeof(struct copy_key),
	.key_offset	     = offsetof(struct copy, key),
	.head_offset	     = offsetof(struct copy, node),
	.automatic_shrinking = true,
};

static void free_copy(void *ptr, void *arg)
{
	kfree(ptr);
}

/**
 * dlm_copies_init - make the table
 * @rec: recovery of a new lockspace
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_copies_init(struct dlm_recovery *rec)
{
	return rhashtable_init(&rec->copies, &copy_params);
}

/**
 * dlm_copies_exit - free the table and what is in it
 * @rec: recovery, used by nobody else
 */
void dlm_copies_exit(struct dlm_recovery *rec)
{
	rhashtable_free_and_destroy(&rec->copies, free_copy, NULL);
}

/**
 * dlm_copies_forget - nothing of what was sent will be sent again
 * @rec: recovery, locked
 *
 * Context: sleeps.
 */
void dlm_copies_forget(struct dlm_recovery *rec)
{
	struct rhashtable_iter iter;
	struct copy *c;

	/* a walk that pauses at what was taken out passes over others */
	while (atomic_read(&rec->copies.nelems)) {
		rhashtable_walk_enter(&rec->copies, &iter);
		rhashtable_walk_start(&iter);
		while ((c = rhashtable_walk_next(&iter))) {
			if (IS_ERR(c))
				continue;
			/* nobody looks things up without recovery->lock */
			rhashtable_remove_fast(&rec->copies, &c->node,
					       copy_params);
			rhashtable_walk_stop(&iter);
			kfree(c);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
		rhashtable_walk_stop(&iter);
		rhashtable_walk_exit(&iter);
	}
}

/* our id of the lock that @nodeid calls @remid, 0 if it was not sent or has ended */
static u32 find_copy(struct dlm_recovery *rec, const struct copy_key *key)
{
	struct copy *c;
	struct dlm_lkb *lkb;
	bool valid;

	c = rhashtable_lookup_fast(&rec->copies, key, copy_params);
	if (!c)
		return 0;
	lkb = dlm_lkb_lock(rec->ls, c->id);
	if (lkb) {
		valid = (lkb->flags & DLM_LKB_MSTCPY) &&
			lkb->nodeid == key->nodeid && lkb->remid == key->remid;
		rsb_spin_unlock(lkb->rsb);
		if (valid)
			return c->id;
	}
	rhashtable_remove_fast(&rec->copies, &c->node, copy_params);
	kfree(c);
	return 0;
}

/* --- operations --------------------------------------------------------- */

static void recover_waiter(struct dlm_lkb *lkb, void *arg)
{
	struct dlm_step *st = arg;

	dlm_waiter_recover(lkb, &st->fx, st->ls->nodir ||
			   dlm_is_gone(st->rec, lkb->nodeid));
}

/**
 * dlm_waiters_run - phase DLM_PH_WAITERS: end or mark what waits for an answer
 * @st: step
 *
 * Return: DLM_STEP_DONE.
 */
int dlm_waiters_run(struct dlm_step *st)
{
	dlm_lkb_walk(st->ls, recover_waiter, st);
	return DLM_STEP_DONE;
}

/* --- locks of who is gone ----------------------------------------------- */

static bool wrote_lvb(const struct dlm_lkb *lkb)
{
	return (lkb->exflags & DLM_LKF_VALBLK) && lkb->grmode >= DLM_LOCK_PW;
}

/* true if something was dropped */
static bool purge_queue(const struct dlm_recovery *rec, struct list_head *queue)
{
	struct dlm_lkb *lkb, *next;
	bool purged = false;

	list_for_each_entry_safe(lkb, next, queue, queue) {
		if (!(lkb->flags & DLM_LKB_MSTCPY) ||
		    (!rec->ls->nodir && !dlm_is_unpurged(rec, lkb->nodeid)))
			continue;
		if (wrote_lvb(lkb))
			lkb->rsb->flags |= DLM_RSB_LVB_SUSPECT;
		dlm_lkb_end(lkb);
		purged = true;
	}
	return purged;
}

/**
 * dlm_purge_run - phase DLM_PH_PURGE: drop what is left of who is gone
 * @st: step
 *
 * With nodir all copies go: every holder sends its locks anew in each recovery.
 *
 * Return: DLM_STEP_DONE, DLM_STEP_MORE.
 */
int dlm_purge_run(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	struct dlm_rsb *r;
	bool purged;

	for (; rec->cursor < rec->nroots && (rec->ngone || st->ls->nodir);
	     rec->cursor++) {
		if (!st->budget)
			return DLM_STEP_MORE;
		st->budget--;
		r = rec->roots[rec->cursor];
		rsb_spin_lock(r);
		purged = purge_queue(rec, &r->granted);
		purged |= purge_queue(rec, &r->convert);
		purged |= purge_queue(rec, &r->wait);
		if (purged)
			r->flags |= DLM_RSB_RECOVER_GRANT;
		rsb_spin_unlock(r);
	}
	dlm_stored_drop_gone(rec);
	dlm_gone_purged(rec);
	return DLM_STEP_DONE;
}

/* --- sending ------------------------------------------------------------ */

static bool must_be_sent(const struct dlm_rsb *r)
{
	return (r->flags & DLM_RSB_NEW_MASTER) && r->nodeid > 0;
}

/* how many process copies; their ids go to the ring if it exists */
static unsigned int list_queue(struct dlm_recovery *rec,
			       const struct list_head *queue)
{
	struct dlm_lkb *lkb;
	unsigned int n = 0;

	list_for_each_entry(lkb, queue, queue) {
		if (lkb->flags & DLM_LKB_MSTCPY)
			continue;
		n++;
		/* a reply that an interrupted recovery waited for is not due any more */
		lkb->flags &= ~DLM_LKB_LOCK_SENT;
		if (rec->queue && rec->queued < rec->queue_size)
			rec->queue[rec->queued++] = lkb->id;
	}
	return n;
}

static unsigned int list_locks(struct dlm_recovery *rec)
{
	unsigned int i, n = 0;

	for (i = 0; i < rec->nroots; i++) {
		struct dlm_rsb *r = rec->roots[i];

		rsb_spin_lock(r);
		if (must_be_sent(r)) {
			n += list_queue(rec, &r->granted);
			n += list_queue(rec, &r->convert);
			n += list_queue(rec, &r->wait);
		}
		rsb_spin_unlock(r);
		cond_resched();
	}
	return n;
}

static int make_queue(struct dlm_recovery *rec)
{
	unsigned int n = list_locks(rec);

	rec->queue = kvmalloc_array(n + 1, sizeof(*rec->queue), GFP_NOIO);
	if (!rec->queue)
		return -ENOMEM;
	rec->queue_size = n;
	rec->queue_head = 0;
	rec->queued = 0;
	list_locks(rec);
	return 0;
}

static void fill_record(struct dlm_w_lock *w, const struct dlm_lkb *lkb)
{
	const struct dlm_rsb *r = lkb->rsb;

	w->ownpid = cpu_to_le32(lkb->pid);
	w->lkid = cpu_to_le32(lkb->id);
	w->exflags = cpu_to_le32(lkb->exflags);
	w->flags = cpu_to_le32(lkb->flags & DLM_WIRE_FLAGS);
	w->lvbseq = cpu_to_le32(lkb->lvbseq);
	/*
	 * A conversion that the old master did not confirm is sent anew after
	 * recovery; until then the lock is just granted (recovery.md 9.3).
	 */
	w->rqmode = lkb->status == DLM_LKSTS_GRANTED ? DLM_LOCK_IV : lkb->rqmode;
	w->grmode = lkb->grmode;
	w->status = lkb->status;
	w->asts = DLM_WIRE_AST;
	if (lkb->flags & DLM_LKB_BAST)
		w->asts |= DLM_WIRE_BAST;
	w->namelen = cpu_to_le16(r->len);
	memcpy(w->name, r->name, r->len);
	if (lkb->lvb)
		memcpy(w->lvb, lkb->lvb, r->ls->lvblen);
}

static bool on_a_queue(const struct dlm_lkb *lkb)
{
	return lkb->status == DLM_LKSTS_GRANTED ||
	       lkb->status == DLM_LKSTS_CONVERT ||
	       lkb->status == DLM_LKSTS_WAITING;
}

/* 0 or -ENOMEM */
static int send_lock(struct dlm_step *st, u32 id)
{
	struct dlm_packet *p;
	struct dlm_w_rcom *rc;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	unsigned int len = sizeof(struct dlm_w_lock) + st->ls->lvblen;

	p = dlm_rcom_new(st->ls, DLM_RCOM_LOCK, len);
	if (!p)
		return -ENOMEM;
	rc = (void *)p->data;
	rc->id = cpu_to_le64(id);
	lkb = dlm_lkb_lock(st->ls, id);
	if (!lkb) {
		dlm_packet_free(p);
		return 0;
	}
	r = lkb->rsb;
	if (!on_a_queue(lkb) || r->nodeid <= 0) {
		dlm_packet_free(p);
	} else {
		if (!lkb->lvb)
			dlm_rcom_shorten(p, st->ls->lvblen);
		fill_record((void *)rc->buf, lkb);
		lkb->flags |= DLM_LKB_LOCK_SENT;
		st->rec->flight++;
		WRITE_ONCE(st->rec->asked, r->nodeid);
		dlm_rcom_send(st->ls, r->nodeid, p, &st->fx);
	}
	rsb_spin_unlock(r);
	return 0;
}

/**
 * dlm_send_locks_run - phase DLM_PH_SEND: send our locks to new masters
 * @st: step
 *
 * Return: DLM_STEP_DONE, DLM_STEP_WAIT, DLM_STEP_MORE, -ENOMEM.
 */
int dlm_send_locks_run(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	int err;

	if (!rec->queue) {
		err = make_queue(rec);
		if (err)
			return err;
	}
	while (rec->queued) {
		if (rec->flight >= DLM_RECOVER_FLIGHT || dlm_step_pauses(st))
			return DLM_STEP_WAIT;
		if (!st->budget)
			return DLM_STEP_MORE;
		st->budget--;
		err = send_lock(st, rec->queue[rec->queue_head]);
		if (err)
			return err;
		if (++rec->queue_head == rec->queue_size)
			rec->queue_head = 0;
		rec->queued--;
	}
	return rec->flight ? DLM_STEP_WAIT : DLM_STEP_DONE;
}

/* in the place that it left when it was sent */
static void send_again(struct dlm_recovery *rec, u32 id)
{
	unsigned int at = rec->queue_head + rec->queued;

	/* each that is due left a place */
	if (rec->queued >= rec->queue_size)
		return;
	if (at >= rec->queue_size)
		at -= rec->queue_size;
	rec->queue[at] = id;
	rec->queued++;
}

static void take_reply(struct dlm_recovery *rec, struct dlm_lkb *lkb,
		       const struct dlm_w_lock *w)
{
	int result = le32_to_cpu(w->result);

	switch (result) {
	case -DLM_WIRE_EBADR:
		send_again(rec, lkb->id);
		rec->again = true;
		break;
	case 0:
	case -EEXIST:
		lkb->remid = le32_to_cpu(w->remid);
		break;
	default:
		pr_err_ratelimited("dlm: %s: node %d refuses lock %x: error %d\n",
				   rec->ls->name, lkb->nodeid, lkb->id, result);
		break;
	}
}

/**
 * dlm_on_lock_reply - a new master has, or has not, got a lock of ours
 * @m: the message, of this recovery
 *
 * Return: 0, RCOM_IGNORE.
 */
int dlm_on_lock_reply(const struct rcom *m)
{
	const struct dlm_w_lock *w = (const void *)m->msg->buf;
	struct dlm_lkb *lkb;
	struct dlm_rsb *r;
	bool due;

	if (m->rec->phase != DLM_PH_SEND || !m->rec->flight)
		return RCOM_IGNORE;
	lkb = dlm_lkb_lock(m->ls, le32_to_cpu(w->lkid));
	if (!lkb)
		return RCOM_IGNORE;
	r = lkb->rsb;
	due = (lkb->flags & DLM_LKB_LOCK_SENT) && r->nodeid == m->nodeid;
	if (due) {
		lkb->flags &= ~DLM_LKB_LOCK_SENT;
		m->rec->flight--;
		take_reply(m->rec, lkb, w);
	}
	rsb_spin_unlock(r);
	return due ? 0 : RCOM_IGNORE;
}

/* --- receiving ---------------------------------------------------------- */

/**
 * struct new_copy - what a LOCK needs before anything changes
 * @reply: the packet that answers it
 * @lkb: master copy
 * @copy: entry of recovery->copies
 * @lvb: its value block, or NULL
 */
struct new_copy {
	struct dlm_packet	*reply;
	struct dlm_lkb		*lkb;
	struct copy		*copy;
	char			*lvb;
};

static void free_rest(struct new_copy *n)
{
	dlm_packet_free(n->reply);
	dlm_mstcpy_free(n->lkb);
	kfree(n->copy);
	kfree(n->lvb);
}

static int reserve(const struct rcom *m, const struct dlm_w_lock *w,
		   struct new_copy *n)
{
	unsigned int len = m->body - sizeof(*w);
	bool lvb = le32_to_cpu(w->exflags) & DLM_LKF_VALBLK &&
		   len <= m->ls->lvblen;

	n->reply = dlm_rcom_reply(m, DLM_RCOM_LOCK_REPLY, sizeof(*w));
	n->lkb = dlm_mstcpy_alloc();
	n->copy = kmalloc(sizeof(*n->copy), GFP_NOIO);
	if (lvb)
		n->lvb = kzalloc(m->ls->lvblen, GFP_NOIO);
	if (!n->reply || !n->lkb || !n->copy || (lvb && !n->lvb))
		return -ENOMEM;
	if (lvb)
		memcpy(n->lvb, w->lvb, len);
	return 0;
}

/* the copy is part of the resource now, and of the table */
static int add_copy(const struct rcom *m, struct dlm_rsb *r,
		    const struct dlm_w_lock *w, struct new_copy *n, u32 *id)
{
	struct copy *c = n->copy;
	int err;

	c->key.nodeid = m->nodeid;
	c->key.remid = le32_to_cpu(w->lkid);
	err = rhashtable_insert_fast(&m->rec->copies, &c->node, copy_params);
	if (err)
		return -ENOMEM;
	err = dlm_mstcpy_recover(r, n->lkb, m->nodeid, w, n->lvb);
	if (err) {
		rhashtable_remove_fast(&m->rec->copies, &c->node, copy_params);
		return err;
	}
	c->id = n->lkb->id;
	*id = c->id;
	n->copy = NULL;
	n->lkb = NULL;
	n->lvb = NULL;
	return 0;
}

/*
 * Our id of the lock that its holder calls @key, 0 if it is not there.  A resource that was ours
 * before this recovery has the locks of all members already; who sends one was late in more than
 * one recovery, and takes us for lost.
 */
static u32 find_held(const struct dlm_rsb *r, const struct copy_key *key)
{
	const struct list_head *queues[] = { &r->granted, &r->convert, &r->wait };
	const struct dlm_lkb *lkb;
	int i;

	if (r->nodeid || (r->flags & DLM_RSB_NEW_MASTER))
		return 0;
	for (i = 0; i < ARRAY_SIZE(queues); i++)
		list_for_each_entry(lkb, queues[i], queue)
			if ((lkb->flags & DLM_LKB_MSTCPY) &&
			    lkb->nodeid == key->nodeid && lkb->remid == key->remid)
				return lkb->id;
	return 0;
}

/* a lock of @m's sender, on a resource that is or will be ours; what the reply says */
static int take_lock(const struct rcom *m, const struct dlm_w_lock *w,
		     struct new_copy *n, u32 *id)
{
	unsigned int len = le16_to_cpu(w->namelen);
	struct copy_key key = { m->nodeid, le32_to_cpu(w->lkid) };
	struct dlm_op op = { };
	struct dlm_rsb *r;
	int err = -EBADR;

	if (w->parent_lkid)
		return -EOPNOTSUPP;
	if (!len || len > DLM_RESNAME_MAXLEN || !key.remid ||
	    m->body > sizeof(*w) + m->ls->lvblen)
		return -EINVAL;
	*id = find_copy(m->rec, &key);
	if (*id)
		return -EEXIST;
	if (m->ls->nodir) {
		if (dlm_dir_nodeid(m->ls, w->name, len) != m->ls->node->nodeid)
			return -EBADR;
		r = dlm_rsb_lock(m->ls, &op, w->name, len);
		dlm_rsb_free_reserved(op.rsb);
		if (IS_ERR(r))
			return PTR_ERR(r);
		if (op.fresh)
			r->flags |= DLM_RSB_NEW_MASTER;
	} else {
		r = dlm_rsb_find(m->ls, w->name, len);
		if (!r)
			return -EBADR;
	}
	if (!(r->flags & DLM_RSB_INACTIVE)) {
		*id = find_held(r, &key);
		err = *id ? -EEXIST : add_copy(m, r, w, n, id);
	}
	dlm_rsb_unlock(r);
	return err;
}

/**
 * dlm_on_lock - a holder sends us a lock, as the new master
 * @m: the message
 *
 * It may come before we know that we are.  Each gets exactly one reply.
 *
 * Return: 0 or -ENOMEM.
 */
int dlm_on_lock(const struct rcom *m)
{
	const struct dlm_w_lock *w = (const void *)m->msg->buf;
	struct new_copy n = { };
	struct dlm_w_lock *out;
	u32 id = 0;
	int err;

	err = reserve(m, w, &n);
	if (!err)
		err = take_lock(m, w, &n, &id);
	if (err != -ENOMEM) {
		out = (void *)((struct dlm_w_rcom *)n.reply->data)->buf;
		memcpy(out, w, sizeof(*out));
		out->remid = cpu_to_le32(id);
		out->result = cpu_to_le32(dlm_result_to_wire(err));
		dlm_rcom_send(m->ls, m->nodeid, n.reply, m->fx);
		n.reply = NULL;
	}
	free_rest(&n);
	return err == -ENOMEM ? err : 0;
}

/* --- finishing (recovery.md 9.3, 10) ------------------------------------ */

static const struct dlm_lkb *find_granted(const struct dlm_rsb *r, int a, int b)
{
	const struct dlm_lkb *lkb;

	list_for_each_entry(lkb, &r->granted, queue)
		if (lkb->grmode == a || lkb->grmode == b)
			return lkb;
	return NULL;
}

/*
 * A conversion with CONVDEADLK may have been demoted without its holder's knowledge.  That
 * another holds what excludes its mode tells; of two such conversions nobody knows which.
 */
static void finish_demotions(struct dlm_rsb *r)
{
	struct dlm_lkb *lkb;

	list_for_each_entry(lkb, &r->convert, queue)
		if ((lkb->exflags & DLM_LKF_CONVDEADLK) && lkb->grmode > DLM_LOCK_NL &&
		    dlm_excluded(lkb, lkb->grmode))
			lkb->sbflags |= DLM_SBF_DEMOTED;
	list_for_each_entry(lkb, &r->convert, queue)
		if ((lkb->sbflags & DLM_SBF_DEMOTED) && lkb->grmode > DLM_LOCK_NL)
			dlm_lkb_hold(lkb, DLM_LOCK_NL);
}

/*
 * PR and CW exclude each other, and a conversion from one to the other holds what it
 * gives up until it is granted.  If the old master had granted the other mode
 * already, to somebody else, the conversion had lost its mode on the way.
 */
static void finish_converts(struct dlm_rsb *r)
{
	const struct dlm_lkb *pr = find_granted(r, DLM_LOCK_PR, DLM_LOCK_PR);
	const struct dlm_lkb *cw = find_granted(r, DLM_LOCK_CW, DLM_LOCK_CW);
	struct dlm_lkb *lkb;

	list_for_each_entry(lkb, &r->convert, queue) {
		if (lkb->grmode == DLM_LOCK_IV &&
		    (lkb->rqmode == DLM_LOCK_PR || lkb->rqmode == DLM_LOCK_CW))
			/* what older kernels send: their own rule */
			dlm_lkb_hold(lkb, pr ? DLM_LOCK_PR :
					  cw ? DLM_LOCK_CW : lkb->rqmode);
		else if ((lkb->grmode == DLM_LOCK_PR &&
			  lkb->rqmode == DLM_LOCK_CW && cw) ||
			 (lkb->grmode == DLM_LOCK_CW &&
			  lkb->rqmode == DLM_LOCK_PR && pr))
			dlm_lkb_hold(lkb, DLM_LOCK_NL);
	}
}

/**
 * struct lvb_choice - which lock's value block is the resource's
 * @high: first one that is granted above CR
 * @low: of the others the one with the highest sequence
 */
struct lvb_choice {
	const struct dlm_lkb	*high;
	const struct dlm_lkb	*low;
};

static void look_for_lvb(struct lvb_choice *c, const struct list_head *queue)
{
	const struct dlm_lkb *lkb;

	list_for_each_entry(lkb, queue, queue) {
		if (!(lkb->exflags & DLM_LKF_VALBLK) || !lkb->lvb)
			continue;
		if (lkb->grmode > DLM_LOCK_CR) {
			c->high = lkb;
			return;
		}
		if (!c->low || (s32)(lkb->lvbseq - c->low->lvbseq) >= 0)
			c->low = lkb;
	}
}

/* uses *@spare if the resource has no buffer yet */
static void finish_lvb(struct dlm_rsb *r, char **spare)
{
	struct lvb_choice c = { };
	const struct dlm_lkb *lkb;

	if (!(r->flags & DLM_RSB_NEW_MASTER)) {
		if (r->flags & DLM_RSB_LVB_SUSPECT)
			r->flags |= DLM_RSB_LVB_INVALID;
		return;
	}
	look_for_lvb(&c, &r->granted);
	if (!c.high)
		look_for_lvb(&c, &r->convert);
	lkb = c.high ?: c.low;
	if (!lkb) {
		/* without directory we may have been the master before */
		if (r->flags & DLM_RSB_LVB_SUSPECT)
			r->flags |= DLM_RSB_LVB_INVALID;
		return;
	}
	if (!r->lvb)
		swap(r->lvb, *spare);
	memcpy(r->lvb, lkb->lvb, r->ls->lvblen);
	r->lvbseq = lkb->lvbseq;
	r->flags |= DLM_RSB_LVB;
	if (c.high)
		r->flags &= ~DLM_RSB_LVB_INVALID;
	else
		r->flags |= DLM_RSB_LVB_INVALID;
}

/* who is not the master has no business with copies of others' locks */
static void finish_remote(struct dlm_rsb *r, struct list_head *queue)
{
	struct dlm_lkb *lkb, *next;

	list_for_each_entry_safe(lkb, next, queue, queue)
		if (lkb->flags & DLM_LKB_MSTCPY)
			dlm_lkb_end(lkb);
}

static void finish_rsb(struct dlm_rsb *r, char **spare)
{
	bool new = r->flags & DLM_RSB_NEW_MASTER;

	if (r->nodeid) {
		finish_remote(r, &r->granted);
		finish_remote(r, &r->convert);
		finish_remote(r, &r->wait);
		/* also what an interrupted recovery, where it was ours, still owed */
		r->flags &= ~(DLM_RSB_LVB_INVALID | DLM_RSB_RECOVER_GRANT |
			      DLM_RSB_GRANT_OWED);
	} else {
		if (new) {
			finish_demotions(r);
			finish_converts(r);
		}
		finish_lvb(r, spare);
		if (new && !(list_empty(&r->convert) && list_empty(&r->wait)))
			r->flags |= DLM_RSB_RECOVER_GRANT;
		if (r->flags & DLM_RSB_RECOVER_GRANT) {
			r->flags |= DLM_RSB_GRANT_OWED;
			dlm_owe(r, 0);
		}
	}
	r->flags &= ~(DLM_RSB_NEW_MASTER | DLM_RSB_LVB_SUSPECT |
		      DLM_RSB_SETTLED | DLM_RSB_ASKED);
}

/**
 * dlm_finish_run - phase DLM_PH_FINISH: masters finish what they got
 * @st: step
 *
 * Return: DLM_STEP_DONE, DLM_STEP_MORE, -ENOMEM.
 */
int dlm_finish_run(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	unsigned int lvblen = st->ls->lvblen;
	char *spare = NULL;
	struct dlm_rsb *r;
	int ret = DLM_STEP_DONE;

	/* with nodir, what others sent may have made resources */
	if (st->ls->nodir && !rec->cursor && dlm_roots_list(st))
		return -ENOMEM;
	for (; rec->cursor < rec->nroots; rec->cursor++) {
		if (!st->budget) {
			ret = DLM_STEP_MORE;
			break;
		}
		st->budget--;
		if (!spare && lvblen) {
			spare = kmalloc(lvblen, GFP_NOIO);
			if (!spare) {
				ret = -ENOMEM;
				break;
			}
		}
		r = rec->roots[rec->cursor];
		rsb_spin_lock(r);
		finish_rsb(r, &spare);
		rsb_spin_unlock(r);
	}
	kfree(spare);
	return ret;
}
