// SPDX-License-Identifier: GPL-2.0
/*
 * Locks between nodes: see cluster.h.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "cluster.h"

static const char * const type_names[DLM_MSG_TYPES] = {
	[DLM_MSG_REQUEST]	= "REQUEST",
	[DLM_MSG_CONVERT]	= "CONVERT",
	[DLM_MSG_UNLOCK]	= "UNLOCK",
	[DLM_MSG_CANCEL]	= "CANCEL",
	[DLM_MSG_REQUEST_REPLY]	= "REQUEST_REPLY",
	[DLM_MSG_CONVERT_REPLY]	= "CONVERT_REPLY",
	[DLM_MSG_UNLOCK_REPLY]	= "UNLOCK_REPLY",
	[DLM_MSG_CANCEL_REPLY]	= "CANCEL_REPLY",
	[DLM_MSG_GRANT]		= "GRANT",
	[DLM_MSG_BAST]		= "BAST",
	[DLM_MSG_LOOKUP]	= "LOOKUP",
	[DLM_MSG_REMOVE]	= "REMOVE",
	[DLM_MSG_LOOKUP_REPLY]	= "LOOKUP_REPLY",
	[DLM_MSG_PURGE]		= "PURGE",
};

/* --- the network -------------------------------------------------------- */

static void on_packet(void *priv, int from, int to, const void *packet,
		      unsigned int len)
{
	const struct dlm_w_msg *msg = packet + sizeof(struct dlm_w_opts);
	const struct dlm_w_header *h = packet;
	struct c_world *c = priv;
	struct c_msg *e;

	if (h->cmd != DLM_CMD_OPTS || msg->header.cmd != DLM_CMD_MSG)
		return;
	len -= sizeof(struct dlm_w_opts);
	KUNIT_ASSERT_LT(c->test, le32_to_cpu(msg->type), (u32)DLM_MSG_TYPES);
	c->count[le32_to_cpu(msg->type)]++;
	if (c->logged >= C_LOG)
		return;
	e = &c->log[c->logged++];
	e->from = from;
	e->to = to;
	e->type = le32_to_cpu(msg->type);
	e->len = len;
	e->msg = *msg;
	memcpy(e->extra, msg->extra, min_t(size_t, len - sizeof(*msg),
					   sizeof(e->extra)));
}

/* deliver one packet that is under way; false if there is none */
bool c_step(struct c_world *c, int from, int to)
{
	memlink_transmit(c->r->net, from, to);
	return memlink_deliver_packets(c->r->net, from, to, 1);
}

static bool some_work(struct c_world *c)
{
	struct r_host *h;
	unsigned int delay;
	int i;

	for (i = 1; i <= c->nodes; i++) {
		h = &c->r->host[i];
		if (!h->node || ktime_after(h->due, c->r->now))
			continue;
		h->due = KTIME_MAX;
		delay = dlm_ls_work(h->ls, c->r->now);
		if (delay != DLM_WORK_NEVER)
			h->due = min(h->due, ktime_add_ms(c->r->now, delay));
		return true;
	}
	return false;
}

/* until nothing more happens without the clock */
void c_settle(struct c_world *c)
{
	unsigned int turns = 0;

	do
		memlink_run(c->r->net);
	while (some_work(c) && turns++ < 10000);
	KUNIT_ASSERT_LT(c->test, turns, 10000U);
}

static ktime_t first_due(struct c_world *c)
{
	ktime_t first = KTIME_MAX;
	int i;

	for (i = 1; i <= c->nodes; i++)
		if (c->r->host[i].node)
			first = min(first, c->r->host[i].due);
	return first;
}

/* the clock moves, and what is due happens in its time */
void c_advance(struct c_world *c, unsigned int ms)
{
	ktime_t end = ktime_add_ms(c->r->now, ms);

	c_settle(c);
	while (!ktime_after(first_due(c), end)) {
		c->r->now = max(c->r->now, first_due(c));
		c_settle(c);
	}
	c->r->now = end;
}

/* --- the world ---------------------------------------------------------- */

static void make_client(struct c_world *c, int node, bool bast)
{
	struct t_world *w = &c->w[node];
	int i;

	w->test = c->test;
	w->node = c->r->host[node].node;
	w->ls = c->r->host[node].ls;
	for (i = 0; i < T_CLIENTS; i++) {
		w->client[i] = t_client_new(w);
		w->client[i]->bast = bast;
		w->client[i]->pid = 100 * node + i;
	}
}

int c_init_n(struct kunit *test, int nodes, u32 flags, bool bast)
{
	struct c_world *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	r_init(test);
	c->test = test;
	c->r = test->priv;
	c->nodes = nodes;
	for (i = 1; i <= nodes; i++)
		r_node(c->r, i, flags);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	memlink_set_tap(c->r->net, on_packet, c);
	for (i = 1; i <= nodes; i++)
		make_client(c, i, bast);
	test->priv = c;
	c_settle(c);
	return 0;
}

int c_init2(struct kunit *test)
{
	return c_init_n(test, 2, 0, true);
}

int c_init3(struct kunit *test)
{
	return c_init_n(test, 3, 0, true);
}

int c_init_nodir(struct kunit *test)
{
	return c_init_n(test, 3, DLM_LSFL_NODIR, true);
}

void c_exit(struct kunit *test)
{
	struct c_world *c = test->priv;
	int i, j;

	for (i = 0; i < c->nlocks; i++)
		t_quiet(c->locks[i]);
	for (i = 1; i <= c->nodes; i++) {
		if (!c->r->host[i].node)
			continue;
		/* the world holds on until its clients are closed */
		dlm_node_stop(c->r->host[i].node);
	}
	for (i = 1; i <= c->nodes; i++)
		for (j = 0; j < T_CLIENTS; j++)
			t_client_close(c->w[i].client[j]);
	test->priv = c->r;
	r_exit(test);
}

/* a name that no test has used, with @dir as its directory node */
const char *c_name(struct c_world *c, int dir)
{
	char *name = c->names[c->named];
	int i;

	KUNIT_ASSERT_LT(c->test, c->named, (unsigned int)ARRAY_SIZE(c->names));
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(c->names[0]), "n%u-%d", c->named, i);
		if (dlm_dir_nodeid(c_ls(c, 1), name, strlen(name)) == dir)
			break;
	}
	c->named++;
	return name;
}

struct dlm_ls *c_ls(struct c_world *c, int node)
{
	return c->w[node].ls;
}

struct t_client *c_client(struct c_world *c, int node)
{
	return c->w[node].client[0];
}

struct t_lock *c_new(struct c_world *c, int node, const char *name)
{
	struct t_lock *l = t_new(&c->w[node], c->w[node].client[0], name);

	if (c->nlocks < C_LOCKS)
		c->locks[c->nlocks++] = l;
	return l;
}

/* --- messages ----------------------------------------------------------- */

/* all that live stop, and start with all that live */
void c_recover(struct c_world *c)
{
	r_stop_all(c->r);
	r_start_all(c->r);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
}

void c_die(struct c_world *c, int node)
{
	r_kill(c->r, node);
	c_recover(c);
}

void c_forget(struct c_world *c)
{
	c->logged = 0;
	memset(c->count, 0, sizeof(c->count));
}

static int type_of(const char *word, unsigned int len)
{
	int i;

	for (i = 1; i < DLM_MSG_TYPES; i++)
		if (strlen(type_names[i]) == len &&
		    !strncmp(type_names[i], word, len))
			return i;
	return 0;
}

void c_sent_at(struct c_world *c, const char *what, int line)
{
	unsigned int want[DLM_MSG_TYPES] = { };
	const char *p = what;
	unsigned int len;
	int i, type;

	while (*p) {
		len = strcspn(p, " *");
		type = type_of(p, len);
		KUNIT_ASSERT_NE_MSG(c->test, type, 0, "line %d: %s", line, p);
		p += len;
		want[type]++;
		if (*p == '*') {
			want[type] += p[1] - '0' - 1;
			p += 2;
		}
		p += strspn(p, " ");
	}
	for (i = 1; i < DLM_MSG_TYPES; i++)
		KUNIT_EXPECT_EQ_MSG(c->test, c->count[i], want[i], "line %d: %s",
				    line, type_names[i]);
	c_forget(c);
}

/* the last message of a type since c_forget() */
const struct c_msg *c_last(struct c_world *c, enum dlm_msg_type type)
{
	unsigned int i;

	for (i = c->logged; i > 0; i--)
		if (c->log[i - 1].type == type)
			return &c->log[i - 1];
	KUNIT_FAIL(c->test, "no %s was sent", type_names[type]);
	return NULL;
}

static void inject(struct c_world *c, int from, int to, struct dlm_w_msg *msg,
		   const void *extra, unsigned int extra_len, bool stored)
{
	struct dlm_ls *ls = c_ls(c, to);
	unsigned int len = sizeof(*msg) + extra_len;
	struct dlm_fx fx = { };
	struct dlm_w_msg *copy;

	copy = kunit_kzalloc(c->test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(c->test, copy);
	*copy = *msg;
	memcpy(copy->extra, extra, extra_len);
	copy->header = (struct dlm_w_header){
		.version = cpu_to_le32(DLM_WIRE_3_2),
		.u = cpu_to_le32(ls->global_id),
		.nodeid = cpu_to_le32(from),
		.length = cpu_to_le16(len),
		.cmd = DLM_CMD_MSG,
	};
	KUNIT_EXPECT_EQ(c->test, dlm_recv_msg(ls, from, copy, len, stored, &fx), 0);
	dlm_fx_flush(&fx);
}

/* as if node @from had sent it: straight to the receiver's handler */
void c_inject(struct c_world *c, int from, int to, struct dlm_w_msg *msg,
	      const void *extra, unsigned int extra_len)
{
	inject(c, from, to, msg, extra, extra_len, false);
}

/* the same for one that had to wait for the end of a recovery */
void c_inject_stored(struct c_world *c, int from, int to, struct dlm_w_msg *msg,
		     const void *extra, unsigned int extra_len)
{
	inject(c, from, to, msg, extra, extra_len, true);
}

/* --- looks -------------------------------------------------------------- */

u64 c_stat(struct c_world *c, int node, enum dlm_ls_stat what)
{
	return dlm_ls_stat_sum(c_ls(c, node), what);
}

int c_master(struct c_world *c, int node, const char *name)
{
	struct dlm_rsb *r = dlm_rsb_find(c_ls(c, node), name, strlen(name));
	int nodeid;

	if (!r)
		return -2;
	nodeid = r->nodeid;
	dlm_rsb_unlock(r);
	return nodeid;
}

/* --- operations --------------------------------------------------------- */

static void outcome_at(struct t_lock *l, int err, int mode, int outcome, int held,
		       int line)
{
	struct c_world *c = l->w->test->priv;

	KUNIT_EXPECT_EQ_MSG(l->w->test, err, 0, "line %d", line);
	c_settle(c);
	if (err)
		return;
	if (outcome == WAITS)
		t_quiet_at(l, line);
	else
		t_cast_at(l, outcome, outcome ? held : mode, 0, line);
}

/* just the call: nothing moves */
int c_call_lock(struct t_lock *l, int mode, u32 flags)
{
	return t_call_lock(l, mode, flags, l->name, strlen(l->name));
}

void c_lock_at(struct t_lock *l, int mode, u32 flags, int outcome, int line)
{
	int err = t_call_lock(l, mode, flags, l->name, strlen(l->name));

	outcome_at(l, err, mode, outcome, IV, line);
}

void c_convert_at(struct t_lock *l, int mode, u32 flags, int outcome, int line)
{
	int held = t_look(l).grmode;

	outcome_at(l, t_call_convert(l, mode, flags), mode, outcome, held, line);
}

void c_unlock_at(struct t_lock *l, u32 flags, int line)
{
	int held = t_look(l).grmode;

	outcome_at(l, t_call_unlock(l, flags), IV, -DLM_EUNLOCK, held, line);
}

void c_cancel_at(struct t_lock *l, int line)
{
	int held = t_look(l).grmode;
	int err = t_call_cancel(l, CANCEL, -DLM_ECANCEL);

	outcome_at(l, err, IV, -DLM_ECANCEL, held, line);
}

/* --- invariants --------------------------------------------------------- */

struct checking {
	struct c_world	*c;
	int		node;
	int		line;
};

/* granted modes of one resource on its master */
static void check_queue(struct checking *ck, struct dlm_rsb *r)
{
	struct dlm_lkb *a, *b;

	list_for_each_entry(a, &r->granted, queue) {
		list_for_each_entry(b, &r->granted, queue)
			KUNIT_EXPECT_TRUE_MSG(ck->c->test,
					      a == b || t_compat(a->grmode, b->grmode),
					      "line %d: %.*s: %s beside %s", ck->line,
					      r->len, r->name, t_mode_name(a->grmode),
					      t_mode_name(b->grmode));
		list_for_each_entry(b, &r->convert, queue)
			KUNIT_EXPECT_TRUE_MSG(ck->c->test,
					      t_compat(a->grmode, b->grmode),
					      "line %d: %.*s: %s beside %s", ck->line,
					      r->len, r->name, t_mode_name(a->grmode),
					      t_mode_name(b->grmode));
	}
}

static void check_rsb(struct dlm_rsb *r, void *arg)
{
	struct checking *ck = arg;

	KUNIT_EXPECT_TRUE_MSG(ck->c->test, t_counts_right(r), "line %d: %.*s: counts", ck->line,
			      r->len, r->name);
	if (!r->nodeid)
		check_queue(arg, r);
}

struct copy {
	int	nodeid;
	int	from;
	u32	id;
	u32	remid;
	int	status;
	int	grmode;
	int	rqmode;
};

struct copies {
	struct copy	*at;
	unsigned int	n;
	unsigned int	room;
	int		node;
};

static void note_copy(struct dlm_lkb *lkb, void *arg)
{
	struct copies *cs = arg;
	int from = lkb->flags & DLM_LKB_MSTCPY ? cs->node : -cs->node;
	unsigned int i;

	if (!(lkb->flags & DLM_LKB_MSTCPY) && !dlm_lkb_remote(lkb))
		return;
	/* a table that grows meanwhile may show a lock twice */
	for (i = 0; i < min(cs->n, cs->room); i++)
		if (cs->at[i].from == from && cs->at[i].id == lkb->id)
			return;
	if (cs->n < cs->room)
		cs->at[cs->n] = (struct copy){
			.nodeid = lkb->nodeid,
			.from = from,
			.id = lkb->id,
			.remid = lkb->remid,
			.status = lkb->status,
			.grmode = lkb->grmode,
			.rqmode = lkb->rqmode,
		};
	cs->n++;
}

/* at rest: each process copy has its master copy, and they agree */
static void check_copies(struct c_world *c, int line)
{
	struct copies cs = { .room = 512 };
	struct copy *a, *b;
	unsigned int i, j, found;

	cs.at = kvmalloc_array(cs.room, sizeof(*cs.at), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(c->test, cs.at);
	for (cs.node = 1; cs.node <= c->nodes; cs.node++)
		if (c->r->host[cs.node].ls)
			dlm_lkb_walk(c_ls(c, cs.node), note_copy, &cs);
	KUNIT_ASSERT_LE(c->test, cs.n, cs.room);
	for (i = 0; i < cs.n; i++) {
		a = &cs.at[i];
		found = 0;
		for (j = 0; j < cs.n; j++) {
			bool same_side;

			b = &cs.at[j];
			same_side = a->from < 0 ? b->from < 0 : b->from >= 0;
			if (same_side ||
			    abs(b->from) != a->nodeid ||
			    b->nodeid != abs(a->from) || b->id != a->remid ||
			    b->remid != a->id)
				continue;
			found++;
			KUNIT_EXPECT_EQ_MSG(c->test, a->status, b->status,
					    "line %d: lock %x of node %d", line,
					    a->id, a->from);
			/* nobody tells a holder whose conversion waits of a demotion */
			if (a->status == DLM_LKSTS_CONVERT &&
			    (a->grmode == NL || b->grmode == NL))
				continue;
			KUNIT_EXPECT_EQ_MSG(c->test, a->grmode, b->grmode,
					    "line %d: lock %x of node %d", line,
					    a->id, a->from);
			KUNIT_EXPECT_EQ_MSG(c->test, a->rqmode, b->rqmode,
					    "line %d: lock %x of node %d", line,
					    a->id, a->from);
		}
		KUNIT_EXPECT_EQ_MSG(c->test, found, 1U,
				    "line %d: lock %x of node %d, status %d, has no counterpart",
				    line, a->id, a->from, a->status);
	}
	kvfree(cs.at);
}

void c_check_at(struct c_world *c, int line)
{
	struct checking ck = { .c = c, .line = line };

	for (ck.node = 1; ck.node <= c->nodes; ck.node++)
		if (c->r->host[ck.node].ls)
			dlm_rsb_walk(c_ls(c, ck.node), check_rsb, &ck);
	check_copies(c, line);
}
