// SPDX-License-Identifier: GPL-2.0
/*
 * The directory after a change of members: who masters what (recovery.md 7, 8).
 *
 * Recovery works on a list of the resources that were in use when it began (roots):
 * nothing is added to them while the gate is shut, and none of them is freed until the
 * list is given up.
 *
 * Names: each node asks each other for the names that the other masters and that
 * it keeps the directory of now.  The answers come from an index that is made once, by
 * directory node.  One-byte names come first in it, since a page must not end with one:
 * a request to go on behind a one-byte name cannot be told from one to begin.
 *
 * Masters: for a resource whose master is gone the directory node decides: the first
 * that asks, or itself if its own turn over the roots comes first.  What it said once in a
 * recovery, or learned from names, is settled (DLM_RSB_SETTLED).
 *
 * An interrupted recovery leaves opinions behind of which others may not have heard.  Who
 * decides then (tests in kunit/found_master_test.c, found_test.c):
 *
 *	who thinks that X is master		decides			test
 *	X itself				X, by naming it		master_in_doubt
 *	holder, told so in a recovery that	directory node, asked	master_in_doubt
 *	  did not end (DLM_RSB_NEW_MASTER)	  once more
 *	directory node, and X named it		X			master_in_doubt
 *	directory node, and X did not name it,	first that asks		master_in_doubt,
 *	  whatever it has of it itself				  master_dropped_it
 *	who is directory node now, and has a	X refuses, he decides	stored_request_of_...
 *	  request stored at X
 *	directory node, after recovery, and X	asker is refused by X,	stale_record
 *	  has dropped it			  asks again
 *	anybody, without directory		the hash of the name	grant_owed_elsewhere
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "recover.h"

/* lengths of names in pages are big-endian */
static unsigned int get_len(const u8 *at)
{
	return at[0] << 8 | at[1];
}

static void put_len(unsigned int len, u8 *at)
{
	at[0] = len >> 8;
	at[1] = len;
}

/* --- roots -------------------------------------------------------------- */

/**
 * dlm_roots_drop - give the list of resources up
 * @rec: recovery, locked
 *
 * Those that lost their last lock meanwhile end.
 */
void dlm_roots_drop(struct dlm_recovery *rec)
{
	unsigned int i;

	for (i = 0; i < rec->nroots; i++) {
		rsb_spin_lock(rec->roots[i]);
		rec->roots[i]->flags &= ~DLM_RSB_PINNED;
		dlm_rsb_unlock(rec->roots[i]);
		cond_resched();
	}
	kvfree(rec->roots);
	kvfree(rec->index);
	kvfree(rec->queue);
	rec->roots = NULL;
	rec->index = NULL;
	rec->queue = NULL;
	rec->nroots = 0;
}

static void nothing(struct dlm_rsb *r, void *arg)
{
}

static void add_root(struct dlm_rsb *r, void *arg)
{
	struct dlm_recovery *rec = arg;

	if (dlm_rsb_unused(r) || rec->nroots >= rec->room)
		return;
	r->flags &= ~(DLM_RSB_SETTLED | DLM_RSB_ASKED);
	r->flags |= DLM_RSB_PINNED;
	rec->roots[rec->nroots++] = r;
}

/**
 * dlm_roots_list - list the resources that are in use, drop the others
 * @st: step; nobody is inside the gate
 *
 * Context: sleeps.
 * Return: 0 or -ENOMEM.
 */
int dlm_roots_list(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;

	dlm_roots_drop(rec);
	/* what an interrupted recovery left without locks becomes inactive, or ends */
	dlm_rsb_walk(st->ls, nothing, NULL);
	dlm_rsb_forget_unused(st->ls);
	rec->room = atomic_read(&st->ls->rsbs.nelems);
	rec->roots = kvmalloc_array(rec->room + 1, sizeof(*rec->roots), GFP_NOIO);
	if (!rec->roots)
		return -ENOMEM;
	dlm_rsb_walk(st->ls, add_root, rec);
	return 0;
}

/* --- index of names ----------------------------------------------------- */

/* the member that keeps the directory record of what we master, if it is another */
static struct dlm_rpeer *record_keeper(struct dlm_recovery *rec,
				       const struct dlm_rsb *r)
{
	int dir;

	if (r->nodeid || !r->len)
		return NULL;
	dir = dlm_dir_nodeid(rec->ls, r->name, r->len);
	return dir == rec->ls->node->nodeid ? NULL : dlm_rpeer_find(rec, dir);
}

/**
 * dlm_names_index - prepare the answers to NAMES
 * @rec: recovery, locked; the members are published
 *
 * Context: sleeps for memory.
 * Return: 0 or -ENOMEM.
 */
int dlm_names_index(struct dlm_recovery *rec)
{
	struct dlm_rpeer *p, *end = rec->peers + rec->npeers;
	unsigned int i, at = 0, pass;

	kvfree(rec->index);
	rec->index = kvmalloc_array(rec->nroots + 1, sizeof(*rec->index), GFP_NOIO);
	if (!rec->index)
		return -ENOMEM;
	for (p = rec->peers; p < end; p++)
		p->index_end = 0;
	for (i = 0; i < rec->nroots; i++) {
		p = record_keeper(rec, rec->roots[i]);
		if (p)
			p->index_end++;
	}
	for (p = rec->peers; p < end; p++) {
		p->index = at;
		at += p->index_end;
		p->index_end = p->index;
		p->page = p->index;
		p->page_end = p->index;
	}
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < rec->nroots; i++) {
			bool first = rec->roots[i]->len == 1;

			if (first == pass)
				continue;
			p = record_keeper(rec, rec->roots[i]);
			if (p)
				rec->index[p->index_end++] = rec->roots[i];
		}
		cond_resched();
	}
	return 0;
}

/* --- answering NAMES ---------------------------------------------------- */

static bool is_name(const struct dlm_rsb *r, const struct rcom *m)
{
	return r->len == m->body && !memcmp(r->name, m->msg->buf, m->body);
}

/* where the page that is asked for begins, or a negative number */
static int page_begin(const struct rcom *m)
{
	const struct dlm_rpeer *p = m->peer;
	struct dlm_rsb **index = m->rec->index;

	if (m->body <= 1)
		return p->index;
	if (p->page_end > p->index && is_name(index[p->page_end - 1], m))
		return p->page_end;
	/* the reply was late, and the request was repeated */
	if (p->page > p->index && is_name(index[p->page - 1], m))
		return p->page;
	return -1;
}

/*
 * The asker names the last name of a page for the next one, and cannot name one of one byte.
 * Those are indexed first and together fit into the first page, which thus ends with another.
 */
static_assert(256 * (2 + 1) + 2 + DLM_RESNAME_MAXLEN + 2 <= DLM_NAMES_MAX);

/* how many names fit from @begin on; *@bytes: of the records */
static unsigned int page_end(const struct rcom *m, unsigned int begin,
			     unsigned int *bytes)
{
	struct dlm_rsb **index = m->rec->index;
	unsigned int end = begin, n = 0;

	while (end < m->peer->index_end &&
	       n + 2 + index[end]->len + 2 <= DLM_NAMES_MAX)
		n += 2 + index[end++]->len;
	*bytes = n;
	return end;
}

/**
 * dlm_on_names - a member wants names that it keeps the directory of
 * @m: the message
 *
 * Return: 0, -ENOMEM, RCOM_BAD.
 */
int dlm_on_names(const struct rcom *m)
{
	unsigned int begin, end, i, bytes;
	struct dlm_packet *p;
	u8 *at;

	if (m->body > DLM_RESNAME_MAXLEN || page_begin(m) < 0)
		return RCOM_BAD;
	begin = page_begin(m);
	end = page_end(m, begin, &bytes);
	p = dlm_rcom_reply(m, DLM_RCOM_NAMES_REPLY, bytes + 2);
	if (!p)
		return -ENOMEM;
	at = ((struct dlm_w_rcom *)p->data)->buf;
	for (i = begin; i < end; i++) {
		const struct dlm_rsb *r = m->rec->index[i];

		put_len(r->len, at);
		memcpy(at + 2, r->name, r->len);
		at += 2 + r->len;
	}
	put_len(end < m->peer->index_end ? DLM_NAMES_MORE : DLM_NAMES_END, at);
	m->peer->page = begin;
	m->peer->page_end = end;
	dlm_rcom_send(m->ls, m->nodeid, p, m->fx);
	return 0;
}

/* --- asking for names --------------------------------------------------- */

static int ask_names(struct dlm_step *st, struct dlm_rpeer *p)
{
	ktime_t repeat = ktime_add_ms(p->asked, DLM_RECOVER_REPEAT_MS);
	struct dlm_packet *packet;

	if (p->wants && ktime_before(st->now, repeat)) {
		dlm_step_due(st, repeat);
		return 0;
	}
	/* a request to go on must not be repeated: from the start */
	if (p->wants) {
		p->lastlen = 0;
		p->marklen = 0;
		p->pages = 0;
	}
	packet = dlm_rcom_ask(st, p, DLM_RCOM_NAMES, p->lastlen);
	if (!packet)
		return -ENOMEM;
	memcpy(((struct dlm_w_rcom *)packet->data)->buf, p->last, p->lastlen);
	dlm_rcom_send(st->ls, p->conf.nodeid, packet, &st->fx);
	dlm_step_due(st, ktime_add_ms(st->now, DLM_RECOVER_REPEAT_MS));
	return 0;
}

/**
 * dlm_names_run - phase DLM_PH_NAMES: get the names we keep the directory of
 * @st: step
 *
 * All members are asked at the same time.
 *
 * Return: DLM_STEP_DONE, DLM_STEP_WAIT, -ENOMEM.
 */
int dlm_names_run(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	struct dlm_rpeer *p;
	bool waiting = false;

	if (st->ls->nodir)
		return DLM_STEP_DONE;
	for (p = rec->peers; p < rec->peers + rec->npeers; p++) {
		if (dlm_is_us(rec, p) || p->names == DLM_NAMES_ALL)
			continue;
		waiting = true;
		if (ask_names(st, p))
			return -ENOMEM;
	}
	return waiting ? DLM_STEP_WAIT : DLM_STEP_DONE;
}

static void end_answered(struct list_head *queue, struct dlm_fx *fx)
{
	struct dlm_lkb *lkb, *next;

	list_for_each_entry_safe(lkb, next, queue, queue)
		dlm_waiter_answered(lkb, fx);
}

/*
 * The resource changes hands: our locks on it have to be sent there.  A former master that
 * lives and does not name the resource has no lock of ours any more: it has answered, and before
 * it said anything in this recovery.
 */
static void new_master(struct dlm_rsb *r, int nodeid, struct dlm_fx *fx)
{
	end_answered(&r->granted, fx);
	end_answered(&r->convert, fx);
	end_answered(&r->wait, fx);
	dlm_rsb_set_master(r, nodeid);
	r->flags |= DLM_RSB_NEW_MASTER;
}

/* a member says that it masters this resource */
static int record_name(const struct rcom *m, const u8 *name, unsigned int len)
{
	struct dlm_op op = { };
	struct dlm_rsb *r;

	if (dlm_dir_nodeid(m->ls, name, len) != m->ls->node->nodeid) {
		pr_err_ratelimited("dlm: %s: node %d sends a name whose directory is not here: different members?\n",
				   m->ls->name, m->nodeid);
		dlm_ls_count(m->ls, DLM_ST_RCOM_BAD);
		return 0;
	}
	r = dlm_rsb_lock(m->ls, &op, name, len);
	dlm_rsb_free_reserved(op.rsb);
	if (IS_ERR(r))
		return PTR_ERR(r);
	if (op.fresh || r->nodeid == DLM_MASTER_UNKNOWN)
		r->nodeid = m->nodeid;
	else if (!r->nodeid)
		pr_err_ratelimited("dlm: %s: node %d masters a resource, and so do we\n",
				   m->ls->name, m->nodeid);
	else if (r->nodeid != m->nodeid || dlm_is_unsettled(m->rec, m->nodeid))
		new_master(r, m->nodeid, m->fx);
	r->flags |= DLM_RSB_SETTLED;
	dlm_rsb_unlock(r);
	return 0;
}

/* where the terminator of a page is; -1 if something is wrong with it */
static int page_check(const struct rcom *m)
{
	unsigned int at = 0, len;

	while (at + 2 <= m->body) {
		len = get_len(m->msg->buf + at);
		if (len == DLM_NAMES_MORE || len == DLM_NAMES_END)
			return at;
		if (len > DLM_RESNAME_MAXLEN)
			return -1;
		/* perhaps beyond the page: then there is no terminator */
		at += 2 + len;
	}
	return -1;
}

/*
 * Does this page end where an earlier one did?  Then the sender leads us round in a circle.  One
 * name is kept, of page 1, 2, 4, 8 ...: whatever length the circle has, it meets that.
 */
static bool goes_round(struct dlm_rpeer *p, const u8 *name, unsigned int len)
{
	if (p->marklen == len && !memcmp(p->mark, name, len))
		return true;
	if (is_power_of_2(++p->pages)) {
		p->marklen = len;
		memcpy(p->mark, name, len);
	}
	return false;
}

/**
 * dlm_on_names_reply - a page of names
 * @m: the message, the reply that is due
 *
 * A page that makes no sense is not used; the sender is asked anew after a while.
 *
 * Return: 0, -ENOMEM (it can be done again), RCOM_BAD.
 */
int dlm_on_names_reply(const struct rcom *m)
{
	const u8 *buf = m->msg->buf, *last = NULL;
	struct dlm_rpeer *p = m->peer;
	int at, len, end = page_check(m);
	bool more;

	if (end < 0)
		return RCOM_BAD;
	more = get_len(buf + end) == DLM_NAMES_MORE;
	for (at = 0; at < end; at += 2 + len) {
		len = get_len(buf + at);
		if (record_name(m, buf + at + 2, len))
			return -ENOMEM;
		/* behind a shorter one we cannot ask to go on */
		if (len > 1)
			last = buf + at;
	}
	if (more && (!last || goes_round(p, last + 2, get_len(last))))
		return RCOM_BAD;
	p->wants = 0;
	if (more) {
		p->lastlen = get_len(last);
		memcpy(p->last, last + 2, p->lastlen);
	} else {
		p->names = DLM_NAMES_ALL;
	}
	return 0;
}

/* --- new masters -------------------------------------------------------- */

static bool master_is_lost(const struct dlm_recovery *rec,
			   const struct dlm_rsb *r)
{
	/* inactive: a record that was made in this recovery */
	return r->nodeid > 0 &&
	       !(r->flags & (DLM_RSB_SETTLED | DLM_RSB_INACTIVE)) &&
	       dlm_is_unsettled(rec, r->nodeid);
}

/* was learned in a recovery that did not come to its end: did the master hear of it? */
static bool master_is_doubtful(const struct dlm_rsb *r)
{
	return r->nodeid > 0 && (r->flags & DLM_RSB_NEW_MASTER) &&
	       !(r->flags & (DLM_RSB_SETTLED | DLM_RSB_INACTIVE));
}

/*
 * Is there still to be decided who masters it?  On the directory node, too: a master that was
 * only learned in an interrupted recovery and does not name the resource now has dropped it.
 */
static bool is_open(const struct dlm_recovery *rec, const struct dlm_rsb *r)
{
	return master_is_lost(rec, r) || master_is_doubtful(r);
}

static int send_lookup(struct dlm_step *st, unsigned int root, int dir)
{
	struct dlm_rsb *r = st->rec->roots[root];
	struct dlm_packet *p;
	struct dlm_w_rcom *rc;

	p = dlm_rcom_new(st->ls, DLM_RCOM_LOOKUP, r->len);
	if (!p)
		return -ENOMEM;
	rc = (void *)p->data;
	/* any number but DLM_RCOM_DEBUG_ID, which is beyond all memory */
	rc->id = cpu_to_le64(root + 1);
	memcpy(rc->buf, r->name, r->len);
	rsb_spin_lock(r);
	r->flags |= DLM_RSB_ASKED;
	rsb_spin_unlock(r);
	st->rec->flight++;
	WRITE_ONCE(st->rec->asked, dir);
	dlm_rcom_send(st->ls, dir, p, &st->fx);
	return 0;
}

/* 0 or -ENOMEM */
static int find_master(struct dlm_step *st, unsigned int root)
{
	struct dlm_rsb *r = st->rec->roots[root];
	int us = st->ls->node->nodeid, dir;

	if (!st->ls->nodir && !is_open(st->rec, r))
		return 0;
	dir = dlm_dir_nodeid(st->ls, r->name, r->len);
	if (!st->ls->nodir && dir != us)
		return send_lookup(st, root, dir);
	rsb_spin_lock(r);
	if (st->ls->nodir || is_open(st->rec, r)) {
		new_master(r, dir == us ? 0 : dir, &st->fx);
		r->flags |= DLM_RSB_SETTLED;
	}
	rsb_spin_unlock(r);
	return 0;
}

/* what had an answer that makes no sense is asked anew, after a while */
static int ask_anew(struct dlm_step *st)
{
	if (dlm_step_pauses(st))
		return DLM_STEP_WAIT;
	st->rec->cursor = 0;
	return DLM_STEP_MORE;
}

/**
 * dlm_masters_run - phase DLM_PH_MASTERS: find masters where they are gone
 * @st: step
 *
 * Return: DLM_STEP_DONE, DLM_STEP_WAIT, DLM_STEP_MORE, -ENOMEM.
 */
int dlm_masters_run(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;

	for (; rec->cursor < rec->nroots; rec->cursor++) {
		if (rec->flight >= DLM_RECOVER_FLIGHT)
			return DLM_STEP_WAIT;
		if (!st->budget)
			return DLM_STEP_MORE;
		st->budget--;
		if (find_master(st, rec->cursor))
			return -ENOMEM;
	}
	if (rec->flight)
		return DLM_STEP_WAIT;
	return rec->again ? ask_anew(st) : DLM_STEP_DONE;
}

/*
 * Who is master of what the directory node was asked for; 0: this node.  All others have named what
 * they master before anybody asks.  So whoever is thought to be master and has not named
 * this is gone, or has dropped it; also if we learned of him in this phase of a recovery that did
 * not come to its end.
 */
static int decide(const struct rcom *m, struct dlm_rsb *r, bool fresh)
{
	if (fresh || r->nodeid == DLM_MASTER_UNKNOWN)
		r->nodeid = m->nodeid;
	else if (r->nodeid && !(r->flags & (DLM_RSB_SETTLED | DLM_RSB_INACTIVE)))
		new_master(r, m->nodeid, m->fx);
	r->flags |= DLM_RSB_SETTLED;
	return r->nodeid;
}

/**
 * dlm_on_lookup - a member asks who masters a resource now
 * @m: the message
 *
 * Who is not the directory node says nothing: an in-tree asker takes whatever comes
 * for a node id.
 *
 * Return: 0, -ENOMEM, RCOM_BAD.
 */
int dlm_on_lookup(const struct rcom *m)
{
	struct dlm_op op = { };
	struct dlm_packet *p;
	struct dlm_w_rcom *rc;
	struct dlm_rsb *r;
	int master;

	if (!m->body || m->body > DLM_RESNAME_MAXLEN || m->ls->nodir ||
	    le64_to_cpu(m->msg->id) == DLM_RCOM_DEBUG_ID ||
	    dlm_dir_nodeid(m->ls, m->msg->buf, m->body) != m->ls->node->nodeid)
		return RCOM_BAD;
	p = dlm_rcom_reply(m, DLM_RCOM_LOOKUP_REPLY, 0);
	if (!p)
		return -ENOMEM;
	r = dlm_rsb_lock(m->ls, &op, m->msg->buf, m->body);
	dlm_rsb_free_reserved(op.rsb);
	if (IS_ERR(r)) {
		dlm_packet_free(p);
		return PTR_ERR(r);
	}
	master = decide(m, r, op.fresh);
	dlm_rsb_unlock(r);
	rc = (void *)p->data;
	rc->result = cpu_to_le32(master ?: m->ls->node->nodeid);
	dlm_rcom_send(m->ls, m->nodeid, p, m->fx);
	return 0;
}

/**
 * dlm_on_lookup_reply - the directory node says who is master
 * @m: the message, of this recovery
 *
 * If that is no member it is asked anew after a while: the next change of members may be on
 * its way to us.
 *
 * Return: 0, RCOM_BAD, RCOM_IGNORE.
 */
int dlm_on_lookup_reply(const struct rcom *m)
{
	u64 root = le64_to_cpu(m->msg->id) - 1;
	int master = le32_to_cpu(m->msg->result);
	struct dlm_rsb *r;
	bool asked, sane;

	if (m->rec->phase != DLM_PH_MASTERS || root >= m->rec->nroots)
		return RCOM_IGNORE;
	r = m->rec->roots[root];
	if (dlm_dir_nodeid(m->ls, r->name, r->len) != m->nodeid)
		return RCOM_BAD;
	sane = dlm_rpeer_find(m->rec, master);
	rsb_spin_lock(r);
	asked = r->flags & DLM_RSB_ASKED;
	r->flags &= ~DLM_RSB_ASKED;
	if (asked && sane) {
		new_master(r, master == m->ls->node->nodeid ? 0 : master,
			   m->fx);
		/* or it would be asked for again with those that are */
		r->flags |= DLM_RSB_SETTLED;
	}
	rsb_spin_unlock(r);
	if (!asked)
		return RCOM_IGNORE;
	m->rec->flight--;
	if (sane)
		return 0;
	m->rec->again = true;
	dlm_ls_kick(m->ls, 0);
	return RCOM_BAD;
}
