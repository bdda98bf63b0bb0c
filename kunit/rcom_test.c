// SPDX-License-Identifier: GPL-2.0
/*
 * rcom.c, recover_dir.c, recover_locks.c: recovery messages one by one, good and bad.
 *
 * Node 1 is brought to some phase and held there; messages "from node 2" go straight to its
 * receiver, and the answers are looked at where they leave.
 */
#include "rnet.h"

/**
 * struct answer - the last recovery message that node 1 put on the wire
 * @seen: how many were there since ask()
 * @type: its type
 * @result: its result
 * @id: its id
 * @len: bytes of @body
 * @body: its body
 */
struct answer {
	unsigned int	seen;
	u32		type;
	int		result;
	u64		id;
	unsigned int	len;
	u8		body[DLM_NAMES_MAX];
};

/**
 * struct rcom_world - what a case works with
 * @r: two nodes
 * @a: last answer
 * @ls_id: lockspace of the message to be sent; 0: the right one
 * @type: its type
 * @id: its id
 * @seq_reply: what it answers
 * @result: its result
 * @len: bytes of @body
 * @body: its body
 */
struct rcom_world {
	struct r_world	*r;
	struct answer	a;
	u32		ls_id;
	u32		type;
	u64		id;
	u64		seq_reply;
	u32		result;
	unsigned int	len;
	u8		body[DLM_NAMES_MAX];
};

static void tap(void *priv, int from, int to, const void *packet,
		unsigned int len)
{
	const struct dlm_w_header *h = packet;
	const struct dlm_w_rcom *rc = packet;
	struct rcom_world *w = priv;

	if (h->cmd == DLM_CMD_OPTS) {
		rc = packet + sizeof(struct dlm_w_opts);
		h = &rc->header;
	}
	if (h->cmd != DLM_CMD_RCOM || from != 1)
		return;
	w->a.seen++;
	w->a.type = le32_to_cpu(rc->type);
	w->a.result = le32_to_cpu(rc->result);
	w->a.id = le64_to_cpu(rc->id);
	w->a.len = le16_to_cpu(h->length) - sizeof(*rc);
	memcpy(w->a.body, rc->buf, w->a.len);
}

static int rcom_init(struct kunit *test)
{
	struct rcom_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, w);
	r_init(test);
	w->r = test->priv;
	test->priv = w;
	r_nodes(w->r, 2);
	return 0;
}

static void rcom_exit(struct kunit *test)
{
	struct rcom_world *w = test->priv;

	test->priv = w->r;
	r_exit(test);
}

static struct dlm_recovery *rec1(struct rcom_world *w)
{
	return w->r->host[1].ls->recovery;
}

/* node 1 is in this phase, with its bit shown; nothing is under way then */
static void bring_to(struct rcom_world *w, enum dlm_phase phase)
{
	struct kunit *test = w->r->test;
	int turns = 0;

	if (phase != DLM_PH_STOPPED)
		r_start_all(w->r);
	while (turns++ < 10000 && (rec1(w)->phase < phase || !rec1(w)->begun) &&
	       rec1(w)->phase != DLM_PH_RUNNING && phase != DLM_PH_STOPPED)
		r_turn(w->r);
	KUNIT_ASSERT_EQ(test, (int)rec1(w)->phase, (int)phase);
	memlink_transmit(w->r->net, 1, 2);
	memlink_set_tap(w->r->net, tap, w);
}

/* send what @w describes to node 1; true if it answered */
static bool ask_as(struct rcom_world *w, int from)
{
	struct kunit *test = w->r->test;
	struct dlm_fx fx = { };
	struct dlm_w_rcom *rc;
	unsigned int len = sizeof(*rc) + w->len;

	rc = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rc);
	rc->header.version = cpu_to_le32(DLM_WIRE_3_2);
	rc->header.u = cpu_to_le32(w->ls_id ?: dlm_ls_id(w->r->host[1].ls));
	rc->header.nodeid = cpu_to_le32(from);
	rc->header.length = cpu_to_le16(len);
	rc->header.cmd = DLM_CMD_RCOM;
	rc->type = cpu_to_le32(w->type);
	rc->result = cpu_to_le32(w->result);
	rc->id = cpu_to_le64(w->id);
	rc->seq = cpu_to_le64(77);
	rc->seq_reply = cpu_to_le64(w->seq_reply);
	memcpy(rc->buf, w->body, w->len);
	w->a = (struct answer){ };
	KUNIT_EXPECT_EQ(test, dlm_receive(w->r->host[1].node, from, rc, len, &fx), 0);
	/* off to the wire, where the tap sees it */
	dlm_fx_flush(&fx);
	memlink_transmit(w->r->net, 1, 2);
	return w->a.seen;
}

static bool ask(struct rcom_world *w, u32 type, unsigned int len)
{
	w->type = type;
	w->id = 4711;
	w->len = len;
	return ask_as(w, 2);
}

static u64 stat(struct rcom_world *w, enum dlm_ls_stat what)
{
	return dlm_ls_stat_sum(w->r->host[1].ls, what);
}

/* a name that node 1, or node 2, keeps the directory of */
static unsigned int name_of_dir(struct rcom_world *w, int dir, char *name)
{
	static const struct dlm_member two[2] = { { 1, 1 }, { 2, 1 } };
	int array[2], i;

	KUNIT_ASSERT_EQ(w->r->test, dlm_node_array(two, 2, array), 2U);
	for (i = 0; i < 1000; i++) {
		snprintf(name, 16, "n%d", i);
		if (array[(dlm_dir_hash(name, strlen(name)) >> 16) % 2] == dir)
			break;
	}
	return strlen(name);
}

static struct dlm_w_lock *lock_record(struct rcom_world *w, const char *name,
				      unsigned int len)
{
	struct dlm_w_lock *l = (void *)w->body;

	memset(w->body, 0, sizeof(w->body));
	l->lkid = cpu_to_le32(9);
	l->ownpid = cpu_to_le32(5);
	l->grmode = DLM_LOCK_PR;
	l->rqmode = DLM_LOCK_IV;
	l->status = DLM_LKSTS_GRANTED;
	l->asts = DLM_WIRE_AST;
	l->namelen = cpu_to_le16(len);
	memcpy(l->name, name, min_t(unsigned int, len, DLM_RESNAME_MAXLEN));
	return l;
}

/* --- what is answered when (recovery.md 6) ------------------------------ */

struct when {
	enum dlm_phase	phase;
	bool		names;
	bool		lookup;
	bool		lock;
};

static const struct when whens[] = {
	{ DLM_PH_STOPPED, false, false, false },
	{ DLM_PH_PING, false, false, false },
	{ DLM_PH_NODES, true, false, false },
	{ DLM_PH_DIR, true, true, true },
	{ DLM_PH_LOCKS, false, true, true },
	{ DLM_PH_DONE, false, false, false },
	{ DLM_PH_RUNNING, false, false, false },
};

static void when_desc(const struct when *when, char *desc)
{
	strscpy(desc, dlm_phase_name(when->phase), KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(whens, whens, when_desc);

static void answered_when(struct kunit *test)
{
	const struct when *when = test->param_value;
	struct rcom_world *w = test->priv;
	char name[16];
	unsigned int len = name_of_dir(w, 1, name);
	u64 ignored;

	bring_to(w, when->phase);
	ignored = stat(w, DLM_ST_RCOM_IGNORED);
	/* a status always, to anybody; the body is optional */
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_STATUS, 16));
	KUNIT_EXPECT_EQ(test, w->a.type, (u32)DLM_RCOM_STATUS_REPLY);
	KUNIT_EXPECT_EQ(test, (u32)w->a.result, rec1(w)->status);
	KUNIT_EXPECT_EQ(test, w->a.id, 4711ULL);
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_STATUS, 0));
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_IGNORED), ignored);

	KUNIT_EXPECT_EQ(test, ask(w, DLM_RCOM_NAMES, 0), when->names);
	if (when->names)
		KUNIT_EXPECT_EQ(test, w->a.type, (u32)DLM_RCOM_NAMES_REPLY);
	memcpy(w->body, name, len);
	KUNIT_EXPECT_EQ(test, ask(w, DLM_RCOM_LOOKUP, len), when->lookup);
	if (when->lookup) {
		KUNIT_EXPECT_EQ(test, w->a.type, (u32)DLM_RCOM_LOOKUP_REPLY);
		/* the first who asks is master, and again */
		KUNIT_EXPECT_EQ(test, w->a.result, 2);
		KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_LOOKUP, len));
		KUNIT_EXPECT_EQ(test, w->a.result, 2);
	}
	lock_record(w, "unknown", 7);
	KUNIT_EXPECT_EQ(test, ask(w, DLM_RCOM_LOCK, sizeof(struct dlm_w_lock)),
			when->lock);
	if (when->lock) {
		KUNIT_EXPECT_EQ(test, w->a.type, (u32)DLM_RCOM_LOCK_REPLY);
		KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(((struct dlm_w_lock *)w->a.body)->result),
				-DLM_WIRE_EBADR);
	}
	/* replies that nobody waits for */
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_STATUS_REPLY, 32));
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_NAMES_REPLY, 2));
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_LOOKUP_REPLY, 0));
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_LOCK_REPLY, sizeof(struct dlm_w_lock)));
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_IGNORED), ignored + 4 +
			!when->names + !when->lookup + !when->lock);
	/* and requests of who is no member */
	w->type = DLM_RCOM_NAMES;
	w->len = 0;
	KUNIT_EXPECT_FALSE(test, ask_as(w, 3));
}

/* --- bad ones ------------------------------------------------------------ */

struct bad {
	const char	*name;
	u32		type;
	unsigned int	len;
	u8		fill;
};

static const struct bad bads[] = {
	{ "type 0", 0, 0 },
	{ "type 9", 9, 0 },
	{ "type -1", 0xffffffff, 0 },
	{ "name of 65 bytes", DLM_RCOM_NAMES, 65, 'x' },
	{ "page behind a strange name", DLM_RCOM_NAMES, 8, 'x' },
	{ "lookup without name", DLM_RCOM_LOOKUP, 0 },
	{ "lookup of 65 bytes", DLM_RCOM_LOOKUP, 65, 'x' },
	{ "lock of 107 bytes", DLM_RCOM_LOCK, 107 },
	{ "lock without body", DLM_RCOM_LOCK, 0 },
	{ "status reply of 31 bytes", DLM_RCOM_STATUS_REPLY, 31 },
	{ "lock reply of 107 bytes", DLM_RCOM_LOCK_REPLY, 107 },
};

static void bad_desc(const struct bad *b, char *desc)
{
	strscpy(desc, b->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bads, bads, bad_desc);

static void bad_message(struct kunit *test)
{
	const struct bad *b = test->param_value;
	struct rcom_world *w = test->priv;
	u64 before;

	bring_to(w, DLM_PH_DIR);
	before = stat(w, DLM_ST_RCOM_BAD);
	memset(w->body, b->fill, b->len);
	KUNIT_EXPECT_FALSE(test, ask(w, b->type, b->len));
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_BAD), before + 1);
	r_run(w->r);
	r_all_running(w->r);
}

/* an old debug request, and a name whose directory is elsewhere: no answer */
static void bad_lookup(struct kunit *test)
{
	struct rcom_world *w = test->priv;
	unsigned int len;

	bring_to(w, DLM_PH_DIR);
	len = name_of_dir(w, 2, (char *)w->body);
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_LOOKUP, len));
	w->len = name_of_dir(w, 1, (char *)w->body);
	w->id = DLM_RCOM_DEBUG_ID;
	KUNIT_EXPECT_FALSE(test, ask_as(w, 2));
}

/* what a LOCK can look like: fields that differ from a good one's */
struct record {
	const char	*name;
	int		result;
	s8		grmode;
	s8		rqmode;
	s8		status;
	u16		namelen;	/* 0: the right one */
	u32		parent;
	unsigned int	lvb;		/* bytes; with VALBLK */
};

static const struct record records[] = {
	{ "granted", 0, PR, IV, 2 },
	{ "converting", 0, CR, EX, 3 },
	{ "waiting", 0, IV, EX, 1 },
	{ "value block", 0, PR, IV, 2, .lvb = T_LVBLEN },
	{ "short value block", 0, PR, IV, 2, .lvb = 5 },
	{ "converting, mode lost", 0, IV, CW, 3 },
	{ "long value block", -EINVAL, PR, IV, 2, .lvb = T_LVBLEN + 1 },
	{ "status 0", -EINVAL, PR, IV, 0 },
	{ "status 4", -EINVAL, PR, IV, 4 },
	{ "status -1", -EINVAL, PR, IV, -1 },
	{ "grmode 6", -EINVAL, 6, IV, 2 },
	{ "grmode -2", -EINVAL, -2, IV, 2 },
	{ "rqmode 6", -EINVAL, CR, 6, 3 },
	{ "granted nothing", -EINVAL, IV, IV, 2 },
	{ "converting to nothing", -EINVAL, CR, IV, 3 },
	{ "converting to EX, mode lost", -EINVAL, IV, EX, 3 },
	{ "waiting for nothing", -EINVAL, IV, IV, 1 },
	{ "name of 65 bytes", -EINVAL, PR, IV, 2, .namelen = 65 },
	{ "name of 65535 bytes", -EINVAL, PR, IV, 2, .namelen = 65535 },
	{ "parent", -DLM_WIRE_EOPNOTSUPP, PR, IV, 2, .parent = 1 },
};

static void record_desc(const struct record *rec, char *desc)
{
	strscpy(desc, rec->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(records, records, record_desc);

static int locks_on(struct rcom_world *w)
{
	return dlm_lkb_count(w->r->host[1].ls);
}

static void a_lock(struct kunit *test)
{
	const struct record *in = test->param_value;
	struct rcom_world *w = test->priv;
	struct t_world tw = { .test = test };
	const struct dlm_w_lock *out = (void *)w->a.body;
	struct dlm_w_lock *l;
	unsigned int len = sizeof(*l) + in->lvb;
	struct t_client *client;
	struct t_lock *mine;

	/* node 1 alone has a lock on it, so it is a root */
	r_stop_all(w->r);
	tw.node = w->r->host[1].node;
	tw.ls = w->r->host[1].ls;
	client = t_client_new(&tw);
	mine = t_new(&tw, client, "root");
	KUNIT_EXPECT_EQ(test, r_start_with(w->r, 1, (int []){ 1 }, 1, 0), 0);
	t_lock(mine, NL, 0, 0);
	r_stop_all(w->r);
	bring_to(w, DLM_PH_DIR);

	l = lock_record(w, "root", 4);
	l->grmode = in->grmode;
	l->rqmode = in->rqmode;
	l->status = in->status;
	l->parent_lkid = cpu_to_le32(in->parent);
	if (in->namelen)
		l->namelen = cpu_to_le16(in->namelen);
	if (in->lvb)
		l->exflags = cpu_to_le32(VALBLK);
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_LOCK, len));
	KUNIT_EXPECT_EQ(test, w->a.len, (unsigned int)sizeof(*l));
	KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(out->result), in->result);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(out->lkid), 9U);
	KUNIT_EXPECT_EQ(test, locks_on(w), in->result ? 1 : 2);
	if (!in->result) {
		u32 id = le32_to_cpu(out->remid);

		KUNIT_EXPECT_NE(test, id, 0U);
		/* sent twice: it is the same lock */
		KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_LOCK, len));
		KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(out->result), -EEXIST);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(out->remid), id);
		KUNIT_EXPECT_EQ(test, locks_on(w), 2);
	}
	dlm_node_stop(tw.node);
	t_client_close(client);
}

/* --- conversions between PR and CW (recovery.md 9.3) -------------------- */

struct crossing {
	const char	*name;
	s8		grmode;		/* of a conversion that was sent */
	s8		rqmode;
	s8		other;		/* what another lock is granted */
	s8		result;		/* granted mode in the end */
};

static const struct crossing crossings[] = {
	{ "PR to CW beside PR", PR, CW, PR, PR },
	{ "PR to CW beside CW", PR, CW, CW, NL },
	{ "CW to PR beside PR", CW, PR, PR, NL },
	{ "CW to PR beside CW", CW, PR, CW, CW },
	{ "CR to EX beside CW", CR, EX, CW, CR },
	{ "lost, to CW beside PR", IV, CW, PR, PR },
	{ "lost, to PR beside CW", IV, PR, CW, CW },
	{ "lost, to CW beside NL", IV, CW, NL, CW },
};

static void crossing_desc(const struct crossing *x, char *desc)
{
	strscpy(desc, x->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(crossings, crossings, crossing_desc);

static void pr_and_cw(struct kunit *test)
{
	const struct crossing *x = test->param_value;
	struct rcom_world *w = test->priv;
	struct t_world tw = { .test = test };
	const struct dlm_w_lock *out = (void *)w->a.body;
	struct t_client *client;
	struct dlm_lkb *lkb;
	struct dlm_w_lock *l;
	struct t_lock *other;
	u32 id;

	r_stop_all(w->r);
	tw.node = w->r->host[1].node;
	tw.ls = w->r->host[1].ls;
	client = t_client_new(&tw);
	other = t_new(&tw, client, "root");
	KUNIT_EXPECT_EQ(test, r_start_with(w->r, 1, (int []){ 1 }, 1, 0), 0);
	t_lock(other, x->other, 0, 0);
	r_stop_all(w->r);
	bring_to(w, DLM_PH_DIR);
	l = lock_record(w, "root", 4);
	l->grmode = x->grmode;
	l->rqmode = x->rqmode;
	l->status = DLM_LKSTS_CONVERT;
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_LOCK, sizeof(*l)));
	id = le32_to_cpu(out->remid);
	lkb = dlm_lkb_lock(tw.ls, id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	lkb->rsb->flags |= DLM_RSB_NEW_MASTER;
	rsb_spin_unlock(lkb->rsb);
	while (rec1(w)->phase <= DLM_PH_FINISH && r_turn(w->r))
		;
	lkb = dlm_lkb_lock(tw.ls, id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_EXPECT_EQ(test, lkb->grmode, x->result);
	KUNIT_EXPECT_TRUE(test, lkb->rsb->flags & DLM_RSB_RECOVER_GRANT);
	KUNIT_EXPECT_FALSE(test, lkb->rsb->flags & (DLM_RSB_RECOVER | DLM_RSB_PINNED));
	rsb_spin_unlock(lkb->rsb);
	dlm_node_stop(tw.node);
	t_client_close(client);
}

/* a lock that waits cannot overtake others by a flag that such a lock never has */
static void waits_in_line(struct kunit *test)
{
	struct rcom_world *w = test->priv;
	struct t_world tw = { .test = test };
	const struct dlm_w_lock *out = (void *)w->a.body;
	struct t_client *client;
	struct dlm_w_lock *l;
	struct t_lock *mine;
	struct dlm_lkb *lkb;
	u32 id;

	r_stop_all(w->r);
	tw.node = w->r->host[1].node;
	tw.ls = w->r->host[1].ls;
	client = t_client_new(&tw);
	mine = t_new(&tw, client, "root");
	KUNIT_EXPECT_EQ(test, r_start_with(w->r, 1, (int []){ 1 }, 1, 0), 0);
	t_lock(mine, EX, 0, 0);
	r_stop_all(w->r);
	bring_to(w, DLM_PH_DIR);
	l = lock_record(w, "root", 4);
	l->grmode = IV;
	l->rqmode = EX;
	l->status = DLM_LKSTS_WAITING;
	l->exflags = cpu_to_le32(EXPEDITE);
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_LOCK, sizeof(*l)));
	KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(out->result), 0);
	id = le32_to_cpu(out->remid);
	lkb = dlm_lkb_lock(tw.ls, id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	lkb->rsb->flags |= DLM_RSB_NEW_MASTER;
	rsb_spin_unlock(lkb->rsb);
	r_run(w->r);
	r_all_running(w->r);
	lkb = dlm_lkb_lock(tw.ls, id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_EXPECT_EQ(test, (int)lkb->status, (int)DLM_LKSTS_WAITING);
	rsb_spin_unlock(lkb->rsb);
	dlm_node_stop(tw.node);
	t_client_close(client);
}

/* --- pages of names (wire.md 6.5, recovery.md 7) ------------------------- */

/**
 * struct page_case - pages that node 2 sends one after the other
 * @name: of the case
 * @pages: each a list of names, "-" for none.  A digit is a name whose directory is here, x one
 *	whose directory is elsewhere; then may come: . the end of all, ! nothing at all (no
 *	terminator), < a length that reaches beyond the page, > one of 65.  Else the page
 *	ends so that there is more
 * @bad: which page is refused, 0 for none; then node 1 asks anew
 * @strange: names that are refused while their page is used
 */
struct page_case {
	const char	*name;
	const char	*pages[10];
	int		bad;
	unsigned int	strange;
};

static const struct page_case page_cases[] = {
	{ "one page", { "12." } },
	{ "three pages", { "12", "34", "5." } },
	{ "nothing", { "-." } },
	{ "unsorted, and twice", { "312", "21", "5." } },
	{ "strange names", { "1x", "x2." }, .strange = 2 },
	{ "no names, but more", { "-" }, .bad = 1 },
	{ "no terminator", { "12!" }, .bad = 1 },
	{ "no body", { "-!" }, .bad = 1 },
	{ "length beyond the page", { "1<" }, .bad = 1 },
	{ "name of 65 bytes", { "1>" }, .bad = 1 },
	{ "bad after good", { "12", "34", "5!" }, .bad = 3 },
	{ "the same page again", { "12", "12" }, .bad = 2 },
	{ "the same page later", { "12", "34", "34" }, .bad = 3 },
	{ "a circle of two", { "1", "2", "1", "2" }, .bad = 4 },
	{ "a circle of three", { "1", "2", "3", "1", "2", "3", "1" }, .bad = 7 },
};

static void page_desc(const struct page_case *p, char *desc)
{
	strscpy(desc, p->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(pages, page_cases, page_desc);

/* the @n-th name with this directory node */
static unsigned int nth_name(struct rcom_world *w, int dir, int n, char *name)
{
	int i, seen = 0;

	for (i = 0; i < 1000; i++) {
		snprintf(name, 16, "page%d", i);
		if (dlm_dir_nodeid(w->r->host[1].ls, name, strlen(name)) == dir &&
		    seen++ == n)
			break;
	}
	return strlen(name);
}

static void put_length(struct rcom_world *w, unsigned int len)
{
	w->body[w->len++] = len >> 8;
	w->body[w->len++] = len;
}

static void put_name(struct rcom_world *w, char c)
{
	char name[16];
	unsigned int len;

	len = c == 'x' ? nth_name(w, 2, 0, name) : nth_name(w, 1, c - '0', name);
	put_length(w, len);
	memcpy(w->body + w->len, name, len);
	w->len += len;
}

static void make_page(struct rcom_world *w, const char *page)
{
	w->len = 0;
	for (; *page; page++) {
		switch (*page) {
		case '-':
			break;
		case '.':
			put_length(w, DLM_NAMES_END);
			return;
		case '!':
			return;
		case '<':
			put_length(w, 10);
			w->body[w->len++] = 'n';
			return;
		case '>':
			put_length(w, 65);
			memset(w->body + w->len, 'n', 65);
			w->len += 65;
			break;
		default:
			put_name(w, *page);
		}
	}
	put_length(w, DLM_NAMES_MORE);
}

static void names_page(struct kunit *test)
{
	const struct page_case *pc = test->param_value;
	struct rcom_world *w = test->priv;
	struct dlm_rpeer *p;
	u64 bad, before;
	int i;

	bring_to(w, DLM_PH_NAMES);
	p = dlm_rpeer_find(rec1(w), 2);
	before = stat(w, DLM_ST_RCOM_BAD);
	for (i = 0; i < ARRAY_SIZE(pc->pages) && pc->pages[i]; i++) {
		KUNIT_ASSERT_EQ(test, (int)p->wants, (int)DLM_RCOM_NAMES_REPLY);
		make_page(w, pc->pages[i]);
		w->type = DLM_RCOM_NAMES_REPLY;
		w->id = p->id;
		w->seq_reply = rec1(w)->seq;
		bad = stat(w, DLM_ST_RCOM_BAD);
		ask_as(w, 2);
		if (pc->bad == i + 1) {
			KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_BAD), bad + 1);
			KUNIT_EXPECT_EQ(test, (int)p->wants, (int)DLM_RCOM_NAMES_REPLY);
			continue;
		}
		KUNIT_EXPECT_EQ(test, (int)p->wants, 0);
		/* it asks for the next one, behind the last name */
		dlm_ls_work(w->r->host[1].ls, w->r->now);
		memlink_transmit(w->r->net, 1, 2);
	}
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_BAD), before + pc->strange + !!pc->bad);
	if (!pc->bad)
		KUNIT_EXPECT_EQ(test, (int)p->names, (int)DLM_NAMES_ALL);
	/* the real node 2 answers when it is asked anew */
	r_run(w->r);
	r_all_running(w->r);
}

/* the same page as an answer to something else is dropped: another epoch, another question */
static void not_due(struct kunit *test)
{
	struct rcom_world *w = test->priv;
	struct dlm_rpeer *p;

	bring_to(w, DLM_PH_NAMES);
	p = dlm_rpeer_find(rec1(w), 2);
	make_page(w, ".");
	w->type = DLM_RCOM_NAMES_REPLY;
	w->id = p->id;
	w->seq_reply = rec1(w)->seq - 1;
	ask_as(w, 2);
	KUNIT_EXPECT_EQ(test, (int)p->wants, (int)DLM_RCOM_NAMES_REPLY);
	w->seq_reply = rec1(w)->seq;
	w->id = p->id - 1;
	ask_as(w, 2);
	KUNIT_EXPECT_EQ(test, (int)p->wants, (int)DLM_RCOM_NAMES_REPLY);
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_IGNORED), 2ULL);
	w->id = p->id;
	ask_as(w, 2);
	KUNIT_EXPECT_EQ(test, (int)p->wants, 0);
	/* once more: nothing is due any more */
	ask_as(w, 2);
	KUNIT_EXPECT_EQ(test, stat(w, DLM_ST_RCOM_IGNORED), 3ULL);
	r_run(w->r);
	r_all_running(w->r);
}

/* a lockspace that is not here: "not ready", to a status and to nothing else */
static void not_ready(struct kunit *test)
{
	struct rcom_world *w = test->priv;
	const struct dlm_w_config *c = (void *)w->a.body;

	memlink_set_tap(w->r->net, tap, w);
	w->ls_id = 12345;
	KUNIT_EXPECT_TRUE(test, ask(w, DLM_RCOM_STATUS, 16));
	KUNIT_EXPECT_EQ(test, w->a.type, (u32)DLM_RCOM_STATUS_REPLY);
	KUNIT_EXPECT_EQ(test, w->a.result, -3);
	KUNIT_EXPECT_EQ(test, w->a.id, 4711ULL);
	KUNIT_EXPECT_EQ(test, w->a.len, 32U);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(c->lvblen), 0xffffffffU);
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_NAMES, 0));
	KUNIT_EXPECT_FALSE(test, ask(w, DLM_RCOM_STATUS_REPLY, 32));
}

static struct kunit_case rcom_cases[] = {
	KUNIT_CASE_PARAM(answered_when, whens_gen_params),
	KUNIT_CASE_PARAM(bad_message, bads_gen_params),
	KUNIT_CASE(bad_lookup),
	KUNIT_CASE_PARAM(a_lock, records_gen_params),
	KUNIT_CASE_PARAM(pr_and_cw, crossings_gen_params),
	KUNIT_CASE(waits_in_line),
	KUNIT_CASE_PARAM(names_page, pages_gen_params),
	KUNIT_CASE(not_due),
	KUNIT_CASE(not_ready),
	{ }
};

static struct kunit_suite rcom_suite = {
	.name = "dlm_rcom",
	.init = rcom_init,
	.exit = rcom_exit,
	.test_cases = rcom_cases,
};

kunit_test_suite(rcom_suite);
