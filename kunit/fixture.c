// SPDX-License-Identifier: GPL-2.0
/*
 * The fixture of the suites: see fixture.h.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include "fixture.h"

const struct t_pair t_pairs[T_PAIRS] = {
	{ NL, NL }, { NL, CR }, { NL, CW }, { NL, PR }, { NL, PW }, { NL, EX },
	{ CR, NL }, { CR, CR }, { CR, CW }, { CR, PR }, { CR, PW }, { CR, EX },
	{ CW, NL }, { CW, CR }, { CW, CW }, { CW, PR }, { CW, PW }, { CW, EX },
	{ PR, NL }, { PR, CR }, { PR, CW }, { PR, PR }, { PR, PW }, { PR, EX },
	{ PW, NL }, { PW, CR }, { PW, CW }, { PW, PR }, { PW, PW }, { PW, EX },
	{ EX, NL }, { EX, CR }, { EX, CW }, { EX, PR }, { EX, PW }, { EX, EX },
};

const struct t_pair t_new_pairs[T_NEW_PAIRS] = {
	{ IV, NL }, { IV, CR }, { IV, CW }, { IV, PR }, { IV, PW }, { IV, EX },
	{ NL, NL }, { NL, CR }, { NL, CW }, { NL, PR }, { NL, PW }, { NL, EX },
	{ CR, NL }, { CR, CR }, { CR, CW }, { CR, PR }, { CR, PW }, { CR, EX },
	{ CW, NL }, { CW, CR }, { CW, CW }, { CW, PR }, { CW, PW }, { CW, EX },
	{ PR, NL }, { PR, CR }, { PR, CW }, { PR, PR }, { PR, PW }, { PR, EX },
	{ PW, NL }, { PW, CR }, { PW, CW }, { PW, PR }, { PW, PW }, { PW, EX },
	{ EX, NL }, { EX, CR }, { EX, CW }, { EX, PR }, { EX, PW }, { EX, EX },
};

static const char compat[6][6] = {
	/*	  NL   CR   CW   PR   PW   EX */
	/* NL */ { 'y', 'y', 'y', 'y', 'y', 'y' },
	/* CR */ { 'y', 'y', 'y', 'y', 'y', '-' },
	/* CW */ { 'y', 'y', 'y', '-', '-', '-' },
	/* PR */ { 'y', 'y', '-', 'y', '-', '-' },
	/* PW */ { 'y', 'y', '-', '-', '-', '-' },
	/* EX */ { 'y', '-', '-', '-', '-', '-' },
};

bool t_compat(int a, int b)
{
	return a == IV || b == IV || compat[a][b] == 'y';
}

const char *t_mode_name(int mode)
{
	static const char * const names[] = {
		"IV", "NL", "CR", "CW", "PR", "PW", "EX",
	};

	return mode >= IV && mode <= EX ? names[mode + 1] : "??";
}

void t_pair_desc(const struct t_pair *p, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s-%s", t_mode_name(p->from),
		 t_mode_name(p->to));
}

/* --- the kind of lock --------------------------------------------------- */

static struct t_lock *lock_of(const struct dlm_lkb *lkb)
{
	return container_of(lkb, struct test_lkb, lkb)->to;
}

static void tell(struct dlm_lkb *lkb, struct dlm_fx *fx,
		 const struct t_event *what)
{
	struct t_lock *l = lock_of(lkb);
	struct t_event *ev = &l->ev[l->told % T_EVENTS];

	if (l->told - l->seen == T_EVENTS) {
		l->lost = true;
		return;
	}
	*ev = *what;
	ev->has_lvb = lkb->lvb;
	if (lkb->lvb)
		memcpy(ev->lvb, lkb->lvb, T_LVBLEN);
	l->told++;
	dlm_fx_add(fx, &lkb->owner->sink);
}

static void lkb_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
	lock_of(lkb)->binds++;
}

static void lkb_accept(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct t_lock *l = lock_of(lkb);

	/* a completion may be read before the call returns: the id must be there */
	l->id = lkb->id;
	l->accepts++;
}

static void lkb_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct t_event ev = {
		.kind = T_CAST,
		.status = status,
		.mode = lkb->grmode,
		.sbflags = lkb->sbflags,
	};

	tell(lkb, fx, &ev);
}

static void lkb_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	struct t_event ev = { .kind = T_BAST, .mode = mode };

	tell(lkb, fx, &ev);
}

static void lkb_unbind(struct dlm_lkb *lkb)
{
	lock_of(lkb)->unbinds++;
}

static u64 lkb_xid(const struct dlm_lkb *lkb)
{
	return 0x1000000000ULL + lkb->id;
}

static void lkb_free(struct dlm_lkb *lkb)
{
	kfree(container_of(lkb, struct test_lkb, lkb));
}

const struct dlm_lkb_ops t_lkb_ops = {
	.bind		= lkb_bind,
	.accept		= lkb_accept,
	.complete	= lkb_complete,
	.blocking	= lkb_blocking,
	.unbind		= lkb_unbind,
	.xid		= lkb_xid,
	.free		= lkb_free,
};

/* --- clients ------------------------------------------------------------ */

static struct t_client *client_of(struct dlm_sink *sink)
{
	return container_of(sink, struct t_client, owner.sink);
}

static void sink_get(struct dlm_sink *sink)
{
	client_of(sink)->gets++;
}

static void sink_put(struct dlm_sink *sink)
{
	client_of(sink)->puts++;
}

static void sink_flush(struct dlm_sink *sink)
{
	client_of(sink)->flushes++;
}

static const struct dlm_sink_ops sink_ops = {
	.get	= sink_get,
	.put	= sink_put,
	.flush	= sink_flush,
};

/* a handle that lives until the end of the test or t_client_close() */
struct t_client *t_client_new(struct t_world *w)
{
	struct t_client *c;

	c = kunit_kzalloc(w->test, sizeof(*c), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(w->test, c);
	dlm_ls_get(w->ls);
	dlm_owner_init(&c->owner, w->ls, &sink_ops);
	c->bast = w->client[0] && w->client[0]->bast;
	c->pid = 100;
	return c;
}

/* as close() does; does nothing the second time */
void t_client_close(struct t_client *c)
{
	if (c->owner.closing)
		return;
	dlm_owner_close(&c->owner);
	dlm_ls_put(c->owner.ls);
}

/* the stopped lockspace goes on with this node as its only member */
void t_start_alone(struct t_world *w)
{
	struct dlm_member_conf alone = { .nodeid = w->node->nodeid, .weight = 1 };

	KUNIT_EXPECT_EQ(w->test, dlm_ls_start(w->ls, &alone, 1), 0);
}

/* --- the world ---------------------------------------------------------- */

/* a solo node; end with dlm_node_stop() and dlm_node_put() */
static void count_modes(const struct list_head *queue, unsigned int n[])
{
	const struct dlm_lkb *lkb;

	list_for_each_entry(lkb, queue, queue)
		if (lkb->grmode != IV)
			n[lkb->grmode]++;
}

bool t_counts_right(const struct dlm_rsb *r)
{
	unsigned int n[EX + 1] = { };
	int mode;

	count_modes(&r->granted, n);
	count_modes(&r->convert, n);
	count_modes(&r->wait, n);
	count_modes(&r->lookup, n);
	for (mode = CR; mode <= EX; mode++)
		if (dlm_rsb_held(r, mode) != n[mode] || !(r->modes & BIT(mode)) != !n[mode])
			return false;
	return true;
}

struct dlm_node *t_node(struct kunit *test)
{
	struct dlm_node *node = dlm_node_create(NULL);

	KUNIT_ASSERT_NOT_NULL(test, node);
	node->config.solo = true;
	/* consoles lose lines when there are too many, and the results are among them */
	node->config.log_info = 0;
	return node;
}

/* a device lockspace; the creator's reference goes with its release */
struct dlm_ls *t_ls(struct kunit *test, struct dlm_node *node, const char *name,
		    u32 flags)
{
	struct dlm_ls_params params = {
		.name = name,
		.namelen = strlen(name),
		.flags = flags,
		.lvblen = T_LVBLEN,
		.device = true,
	};
	struct dlm_ls *ls = NULL;

	KUNIT_ASSERT_EQ(test, dlm_ls_create(node, &params, &ls), 0);
	KUNIT_ASSERT_NOT_NULL(test, ls);
	return ls;
}

static int world_init(struct kunit *test, bool bast, u32 ls_flags)
{
	struct t_world *w;
	int i;

	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	test->priv = w;
	w->node = t_node(test);
	w->ls = t_ls(test, w->node, "world", ls_flags);
	for (i = 0; i < T_CLIENTS; i++) {
		w->client[i] = t_client_new(w);
		w->client[i]->bast = bast;
		w->client[i]->pid = 100 + i;
	}
	for (i = 0; i < ARRAY_SIZE(w->all); i++)
		w->all[i] = t_new(w, w->client[i % T_CLIENTS], "r");
	return 0;
}

/* nobody wants blocking callbacks */
int t_init(struct kunit *test)
{
	return world_init(test, false, 0);
}

/* everybody does */
int t_init_bast(struct kunit *test)
{
	return world_init(test, true, 0);
}

/* the lockspace warns of long waits */
int t_init_timewarn(struct kunit *test)
{
	return world_init(test, false, DLM_LSFL_TIMEWARN);
}

void t_exit(struct kunit *test)
{
	struct t_world *w = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(w->all); i++)
		if (w->all[i])
			t_quiet(w->all[i]);
	dlm_node_stop(w->node);
	for (i = 0; i < T_CLIENTS; i++) {
		if (!w->client[i])
			continue;
		KUNIT_EXPECT_EQ(test, w->client[i]->gets, w->client[i]->puts);
		t_client_close(w->client[i]);
	}
	dlm_node_put(w->node);
}

struct t_lock *t_new(struct t_world *w, struct t_client *c, const char *name)
{
	struct t_lock *l = kunit_kzalloc(w->test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(w->test, l);
	l->w = w;
	l->client = c;
	l->name = name;
	return l;
}

/* value block bytes that no two lengths or places have alike */
void t_fill(void *lvb, u8 first)
{
	u8 *p = lvb;
	int i;

	for (i = 0; i < T_LVBLEN; i++)
		p[i] = first + 7 * i;
}

/* --- operations --------------------------------------------------------- */

static void op_init(struct dlm_op *op, struct t_lock *l, int mode, u32 flags)
{
	/* what the core fills in must not matter beforehand */
	memset(op, 0xa5, sizeof(*op));
	op->ops = &t_lkb_ops;
	op->owner = &l->client->owner;
	op->flags = flags;
	op->mode = mode;
	op->lkb_flags = DLM_LKB_USER | (l->client->bast ? DLM_LKB_BAST : 0);
	op->pid = l->client->pid;
	op->timeout_cs = l->timeout_cs;
	op->lvb_in = l->lvb_in;
	op->priv = l;
}

int t_call_lock(struct t_lock *l, int mode, u32 flags, const void *name,
		unsigned int len)
{
	struct test_lkb *lkb;
	struct dlm_op op;
	int err;

	lkb = kmalloc(sizeof(*lkb), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(l->w->test, lkb);
	/* likewise */
	memset(lkb, 0xa5, sizeof(*lkb));
	lkb->to = l;
	op_init(&op, l, mode, flags);
	/* bytes come with conversions only */
	op.lvb_in = NULL;
	err = dlm_request(l->w->ls, &op, &lkb->lkb, name, len);
	if (err)
		kfree(lkb);
	else
		KUNIT_EXPECT_EQ(l->w->test, op.lkid, l->id);
	return err;
}

int t_call_convert(struct t_lock *l, int mode, u32 flags)
{
	struct dlm_op op;

	op_init(&op, l, mode, flags);
	return dlm_convert(l->w->ls, &op, l->id);
}

int t_call_unlock(struct t_lock *l, u32 flags)
{
	struct dlm_op op;

	op_init(&op, l, IV, flags);
	return dlm_unlock_id(l->w->ls, &op, l->id);
}

int t_call_cancel(struct t_lock *l, u32 flags, int status)
{
	struct dlm_op op;

	op_init(&op, l, IV, flags);
	return dlm_cancel_id(l->w->ls, &op, l->id, status);
}

int t_call_adopt(struct t_lock *l, int mode, u32 flags)
{
	struct dlm_op op;
	int err;

	op_init(&op, l, mode, flags);
	err = dlm_orphan_adopt(l->w->ls, &op, l->name, strlen(l->name));
	if (!err)
		l->id = op.lkid;
	return err;
}

struct t_state t_look(struct t_lock *l)
{
	struct t_state st = { .status = DLM_LKSTS_DEAD, .grmode = IV };
	struct dlm_lkb *lkb = dlm_lkb_lock(l->w->ls, l->id);

	if (!lkb)
		return st;
	st.alive = true;
	st.status = lkb->status;
	st.grmode = lkb->grmode;
	st.rqmode = lkb->rqmode;
	st.exflags = lkb->exflags;
	st.sbflags = lkb->sbflags;
	st.pid = lkb->pid;
	dlm_rsb_unlock(lkb->rsb);
	return st;
}

/* --- operations with their outcome -------------------------------------- */

static void outcome_at(struct t_lock *l, int mode, int outcome, int held, int line)
{
	if (outcome == WAITS)
		t_quiet_at(l, line);
	else
		t_cast_at(l, outcome, outcome ? held : mode, 0, line);
}

void t_lock_at(struct t_lock *l, int mode, u32 flags, int outcome, int line)
{
	int err = t_call_lock(l, mode, flags, l->name, strlen(l->name));

	KUNIT_EXPECT_EQ_MSG(l->w->test, err, 0, "line %d", line);
	if (!err)
		outcome_at(l, mode, outcome, IV, line);
}

void t_convert_at(struct t_lock *l, int mode, u32 flags, int outcome, int line)
{
	int held = t_look(l).grmode;
	int err = t_call_convert(l, mode, flags);

	KUNIT_EXPECT_EQ_MSG(l->w->test, err, 0, "line %d", line);
	if (!err)
		outcome_at(l, mode, outcome, held, line);
}

void t_unlock_at(struct t_lock *l, u32 flags, int line)
{
	int held = t_look(l).grmode;
	int err = t_call_unlock(l, flags);

	KUNIT_EXPECT_EQ_MSG(l->w->test, err, 0, "line %d", line);
	if (!err)
		t_cast_at(l, -DLM_EUNLOCK, held, 0, line);
}

void t_cancel_at(struct t_lock *l, int line)
{
	int held = t_look(l).grmode;
	int err = t_call_cancel(l, CANCEL, -DLM_ECANCEL);

	KUNIT_EXPECT_EQ_MSG(l->w->test, err, 0, "line %d", line);
	if (!err)
		t_cast_at(l, -DLM_ECANCEL, held, 0, line);
}

static const struct t_event *next_event(struct t_lock *l, int line)
{
	KUNIT_EXPECT_FALSE_MSG(l->w->test, l->lost, "line %d: too many events",
			       line);
	if (l->seen == l->told) {
		KUNIT_FAIL(l->w->test, "line %d: lock %x was told nothing",
			   line, l->id);
		return NULL;
	}
	return &l->ev[l->seen++ % T_EVENTS];
}

void t_cast_at(struct t_lock *l, int status, int mode, u8 sbflags, int line)
{
	const struct t_event *ev = next_event(l, line);
	struct kunit *test = l->w->test;

	if (!ev)
		return;
	KUNIT_EXPECT_EQ_MSG(test, ev->kind, T_CAST, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, ev->status, status, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, ev->mode, mode, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, ev->sbflags, sbflags, "line %d", line);
}

void t_bast_at(struct t_lock *l, int mode, int line)
{
	const struct t_event *ev = next_event(l, line);
	struct kunit *test = l->w->test;

	if (!ev)
		return;
	KUNIT_EXPECT_EQ_MSG(test, ev->kind, T_BAST, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, ev->mode, mode, "line %d", line);
}

void t_quiet_at(struct t_lock *l, int line)
{
	const struct t_event *ev;

	while (l->seen != l->told) {
		ev = next_event(l, line);
		KUNIT_FAIL(l->w->test, "line %d: lock %x was told %s %d, mode %s",
			   line, l->id, ev->kind == T_CAST ? "status" : "to give way,",
			   ev->status, t_mode_name(ev->mode));
	}
}

void t_state_at(struct t_lock *l, int status, int grmode, int line)
{
	struct t_state st = t_look(l);
	struct kunit *test = l->w->test;

	KUNIT_EXPECT_EQ_MSG(test, st.status, status, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, st.grmode, grmode, "line %d", line);
}

void t_lvb_at(struct t_lock *l, u8 first, int line)
{
	const struct t_event *ev = &l->ev[(l->seen - 1) % T_EVENTS];
	struct kunit *test = l->w->test;
	u8 lvb[T_LVBLEN];

	t_fill(lvb, first);
	KUNIT_ASSERT_NE_MSG(test, l->seen, 0U, "line %d: no event", line);
	KUNIT_EXPECT_TRUE_MSG(test, ev->has_lvb, "line %d", line);
	KUNIT_EXPECT_EQ_MSG(test, memcmp(ev->lvb, lvb, T_LVBLEN), 0,
			    "line %d: value block starts with %02x %02x, not %02x %02x",
			    line, ev->lvb[0], ev->lvb[1], lvb[0], lvb[1]);
}
