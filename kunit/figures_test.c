// SPDX-License-Identifier: GPL-2.0
/*
 * Figures, printed as "figure: ..." in the kernel log and held against what is to be reached:
 * messages per operation, acknowledgements, time that an empty recovery waits, and how
 * work grows with the number of locks.
 *
 * Counts and simulated time are the same in every run.  Growth is a ratio of times: exact in
 * the flavour "count" of tests/kunit/run, whose clock counts instructions.  Elsewhere caches and
 * other load have a large part in it, and it is only printed.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "../dlm_lowcomms/peer.h"
#include "cluster.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

#define figure(test, fmt, ...)	kunit_info(test, "figure: " fmt "\n", ##__VA_ARGS__)

/* --- messages ------------------------------------------------------------- */

static unsigned int sent(struct c_world *c)
{
	unsigned int i, n = 0;

	for (i = 0; i < DLM_MSG_TYPES; i++)
		n += c->count[i];
	c_forget(c);
	return n;
}

/* what was sent since the last look; the number is that of messages.md */
static void used(struct c_world *c, const char *what, unsigned int reach)
{
	unsigned int n = sent(c);

	figure(c->test, "messages, %-52s %u, reach %u", what, n, reach);
	KUNIT_EXPECT_LE_MSG(c->test, n, reach, "%s", what);
}

static void messages_of_requests(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *a, *b;
	const char *name;

	name = c_name(c, 1);
	a = c_new(c, 1, name);
	c_lock(a, EX, 0, 0);
	used(c, "new name, we are its directory node", 0);
	b = c_new(c, 2, name);
	c_lock(b, NL, 0, 0);
	used(c, "name that its directory node masters", 2);
	c_unlock(b, 0);
	used(c, "unlock of a remote lock", 2);
	b = c_new(c, 2, name);
	c_lock(b, NL, 0, 0);
	used(c, "again, soon", 2);

	name = c_name(c, 1);
	a = c_new(c, 2, name);
	c_lock(a, EX, 0, 0);
	used(c, "new name, its directory node is another", 2);
	b = c_new(c, 3, name);
	c_lock(b, NL, 0, 0);
	used(c, "name that a third node masters", 4);
	b = c_new(c, 3, name);
	c_lock(b, NL, 0, 0);
	used(c, "one more lock, the master is known", 2);
	b = c_new(c, 1, name);
	c_lock(b, NL, 0, 0);
	used(c, "from the directory node, another is master", 2);
	b = c_new(c, 3, name);
	c_lock(b, PR, NOQUEUE, -EAGAIN);
	used(c, "refused, the master is known", 2);
}

static void messages_of_changes(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *local = c_new(c, 1, name), *a = c_new(c, 2, name);
	struct t_lock *b = c_new(c, 3, name);

	c_lock(local, NL, 0, 0);
	c_lock(a, NL, 0, 0);
	c_forget(c);
	c_convert(a, EX, 0, 0);
	used(c, "conversion up", 2);
	c_convert(local, CR, 0, WAITS);
	t_bast(a, CR);
	used(c, "local conversion blocked by a remote lock", 1);
	c_convert(a, NL, 0, 0);
	t_granted(local, CR);
	used(c, "conversion down", 1);
	c_unlock(local, 0);
	used(c, "unlock of a local lock", 0);
	c_convert(a, EX, 0, 0);
	c_forget(c);
	c_lock(b, EX, 0, WAITS);
	t_bast(a, EX);
	used(c, "request blocked by another node's lock", 3);
	c_cancel(b);
	used(c, "cancel", 2);
	/* the holder is not told twice */
	b = c_new(c, 3, name);
	c_lock(b, EX, 0, WAITS);
	used(c, "blocked by who knows that already", 2);
	c_unlock(a, 0);
	t_granted(b, EX);
	used(c, "unlock that grants another node's lock", 3);
}

static void messages_of_the_end(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *a = c_new(c, 2, c_name(c, 1));

	c_lock(a, EX, 0, 0);
	c_forget(c);
	c_unlock(a, 0);
	used(c, "unlock of the last lock, we are master", 0);
	c_advance(c, 120000);
	used(c, "the same, two minutes later: REMOVE", 1);
}

static unsigned long stat_of(struct c_world *c, int node, int other, enum dlm_session_stat what)
{
	struct dlm_peer *peer = dlm_peer_find(memlink_comms(c->r->net, node), other);
	unsigned long n = peer->session.stats[what];

	dlm_peer_put(peer);
	return n;
}

/* steady traffic: questions and answers, one after the other */
static void acknowledgements(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *keep = c_new(c, 1, name), *l = c_new(c, 2, name);
	unsigned long acks[2], got[2];
	unsigned int i, n = 1600;

	c_lock(keep, NL, 0, 0);
	c_lock(l, NL, 0, 0);
	for (i = 0; i < 2; i++) {
		acks[i] = stat_of(c, 1 + i, 2 - i, DLM_SC_ACKS_SENT);
		got[i] = stat_of(c, 1 + i, 2 - i, DLM_SC_RECEIVED);
	}
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, t_call_convert(l, i % 2 ? CR : PR, CONVERT), 0);
		while (c_step(c, 2, 1) || c_step(c, 1, 2))
			;
		l->seen = 0;
		l->told = 0;
	}
	for (i = 0; i < 2; i++) {
		acks[i] = stat_of(c, 1 + i, 2 - i, DLM_SC_ACKS_SENT) - acks[i];
		got[i] = stat_of(c, 1 + i, 2 - i, DLM_SC_RECEIVED) - got[i];
		figure(test, "ACKs of node %u in steady traffic: %lu for %lu packets, reach %lu",
		       i + 1, acks[i], got[i], got[i] / 32);
		KUNIT_EXPECT_GE(test, got[i], (unsigned long)n / 2);
		KUNIT_EXPECT_LE(test, acks[i], got[i] / 32);
	}
}

/* --- recovery of nothing -------------------------------------------------- */

/* simulated milliseconds until locking goes on after @gone left @n nodes */
static s64 empty_recovery(struct r_world *r, int n, int gone)
{
	ktime_t start;

	r_nodes(r, n);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
	r_forget_log(r);
	start = r->now;
	r_stop_all(r);
	r_kill(r, gone);
	r_start_all(r);
	r_run(r);
	r_all_running(r);
	return ktime_ms_delta(r->now, start);
}

/* bytes take no time here, so all the time that passes was waited */
static void waiting_of_recovery(struct kunit *test)
{
	const int *p = test->param_value;
	struct r_world *r;
	s64 ms;

	r_init(test);
	r = test->priv;
	ms = empty_recovery(r, p[0], p[1]);
	figure(test, "empty recovery, %d of %d is gone: %lld ms, %u steps, %u messages, reach 10",
	       p[1], p[0], ms, r->steps, r->logged);
	KUNIT_EXPECT_LE(test, ms, 10LL);
	r_exit(test);
}

static const int removals[][2] = { { 3, 3 }, { 3, 1 }, { 3, 2 }, { 4, 1 }, { 5, 5 } };

static void removal_desc(const int (*p)[2], char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d of %d", (*p)[1], (*p)[0]);
}

KUNIT_ARRAY_PARAM(removals, removals, removal_desc);

#define HOP	5	/* milliseconds */

/* what is on the wire now arrives, and what it leads to at once is put there */
static void one_hop(struct r_world *r)
{
	unsigned int bytes[R_NODES + 1][R_NODES + 1] = { };
	int a, b;

	for (a = 1; a <= R_NODES; a++)
		for (b = 1; b <= R_NODES; b++)
			if (a != b && r->host[a].node && r->host[b].node)
				bytes[a][b] = memlink_on_wire(r->net, a, b);
	for (a = 1; a <= R_NODES; a++)
		for (b = 1; b <= R_NODES; b++)
			if (bytes[a][b])
				memlink_deliver(r->net, a, b, bytes[a][b]);
}

/* all that is due, and what is to be sent goes onto the wire */
static void work_and_send(struct r_world *r)
{
	unsigned int delay;
	struct r_host *h;
	int a, b;

	for (a = 1; a <= R_NODES; a++) {
		h = &r->host[a];
		while (h->node && !ktime_after(h->due, r->now)) {
			h->due = KTIME_MAX;
			delay = dlm_ls_work(h->ls, r->now);
			if (delay != DLM_WORK_NEVER)
				h->due = min(h->due, ktime_add_ms(r->now, delay));
		}
	}
	for (a = 1; a <= R_NODES; a++)
		for (b = 1; b <= R_NODES; b++)
			if (a != b && r->host[a].node && r->host[b].node)
				memlink_transmit(r->net, a, b);
}

static bool all_run(struct r_world *r)
{
	int i;

	for (i = 1; i <= R_NODES; i++)
		if (r->host[i].node && r->host[i].ls->recovery->phase != DLM_PH_RUNNING)
			return false;
	return true;
}

/* the same where a packet is under way for five milliseconds */
static void recovery_in_round_trips(struct kunit *test)
{
	unsigned int ms = 0;
	struct r_world *r;

	r_init(test);
	r = test->priv;
	empty_recovery(r, 4, 4);
	r_stop_all(r);
	r_kill(r, 3);
	r_start_all(r);
	for (ms = 0; !all_run(r) && ms < 10000; ms++) {
		work_and_send(r);
		r->now = ktime_add_ms(r->now, 1);
		if (ms % HOP == HOP - 1)
			one_hop(r);
	}
	figure(test, "empty recovery of 2 nodes, %u ms there and back: %u ms, %u round trips",
	       2 * HOP, ms, ms / (2 * HOP));
	/* six things are asked for, one after the other, and as many are waited for */
	KUNIT_EXPECT_LE(test, ms, 12U * 2 * HOP + 10);
	r_exit(test);
}

/* --- growth --------------------------------------------------------------- */

static int locks = IS_ENABLED(CONFIG_UML) ? 100000 : 2000;
module_param_named(figures_locks, locks, int, 0444);
MODULE_PARM_DESC(figures_locks, "locks for the figures about growth, compared with a tenth of it");
static bool exact;
module_param_named(figures_exact, exact, bool, 0444);
MODULE_PARM_DESC(figures_exact, "the clock counts instructions: judge growth by the ratio to be reached");

/**
 * struct bulk - many locks of one node, of which nothing is remembered
 * @owner: their handle
 * @granted: completions
 */
struct bulk {
	struct dlm_owner	owner;
	unsigned long		granted;
};

static void bulk_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
}

static void bulk_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	if (!status)
		container_of(lkb->owner, struct bulk, owner)->granted++;
}

static void bulk_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
}

static void bulk_unbind(struct dlm_lkb *lkb)
{
}

static u64 bulk_xid(const struct dlm_lkb *lkb)
{
	return 0;
}

static void bulk_free(struct dlm_lkb *lkb)
{
	kfree(lkb);
}

static const struct dlm_lkb_ops bulk_ops = {
	.bind		= bulk_bind,
	.accept		= bulk_bind,
	.complete	= bulk_complete,
	.blocking	= bulk_blocking,
	.unbind		= bulk_unbind,
	.xid		= bulk_xid,
	.free		= bulk_free,
};

static void bulk_sink(struct dlm_sink *sink)
{
}

static const struct dlm_sink_ops bulk_sink_ops = {
	.get	= bulk_sink,
	.put	= bulk_sink,
	.flush	= bulk_sink,
};

static void bulk_init(struct bulk *b, struct dlm_ls *ls)
{
	b->granted = 0;
	dlm_owner_init(&b->owner, ls, &bulk_sink_ops);
}

static u32 bulk_lock(struct kunit *test, struct bulk *b, const char *name, int mode)
{
	struct dlm_op op = {
		.ops = &bulk_ops, .owner = &b->owner, .mode = mode, .pid = 1,
	};
	struct dlm_lkb *lkb = kmalloc(sizeof(*lkb), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_ASSERT_EQ(test, dlm_request(b->owner.ls, &op, lkb, name, strlen(name)), 0);
	return op.lkid;
}

/* nanoseconds per lock of: @n requests for one name, then @n unlocks */
static u64 one_name(struct kunit *test, unsigned int n, unsigned int *messages)
{
	struct t_world *w = test->priv;
	struct dlm_op op = { .ops = &bulk_ops, .mode = IV };
	struct bulk b;
	unsigned int i;
	u32 first = 0, id = 0;
	u64 start;

	bulk_init(&b, w->ls);
	op.owner = &b.owner;
	start = ktime_get_ns();
	for (i = 0; i < n; i++) {
		id = bulk_lock(test, &b, "one name", i % 2 ? PR : CR);
		first = first ?: id;
		/* as programs do, lest hash tables that are to grow have to wait */
		cond_resched();
	}
	/* in the order in which they came */
	for (; first <= id; first++) {
		KUNIT_ASSERT_EQ(test, dlm_unlock_id(w->ls, &op, first), 0);
		cond_resched();
	}
	start = ktime_get_ns() - start;
	KUNIT_EXPECT_EQ(test, b.granted, (unsigned long)n);
	dlm_owner_close(&b.owner);
	rcu_barrier();
	return div_u64(start, n);
}

/* @messages: of the last run, they are the same in all */
static u64 best_of(struct kunit *test,
		   u64 (*fn)(struct kunit *test, unsigned int n, unsigned int *messages),
		   unsigned int n, unsigned int *messages)
{
	u64 best = U64_MAX;
	int i;

	for (i = 0; i < (exact ? 1 : 3); i++)
		best = min(best, fn(test, n, messages));
	return best;
}

/* ten times the locks take at most @tenths / 10 times the time */
static void judge(struct kunit *test, const char *what, u64 few, u64 many, unsigned int tenths)
{
	unsigned int ratio = div64_u64(many * 1000, max_t(u64, few, 1));

	figure(test, "%s: %llu ns each of %d, %llu ns each of %d: times %u.%02u, reach %u.%02u",
	       what, few, locks / 10, many, locks, ratio / 100, ratio % 100, tenths / 10,
	       tenths % 10 * 10);
	if (exact)
		KUNIT_EXPECT_LE(test, ratio, tenths * 10);
}

/* locks that exclude nobody, all on one resource */
static void growth_on_one_name(struct kunit *test)
{
	u64 few, many;

	t_init(test);
	few = best_of(test, one_name, locks / 10, NULL);
	many = best_of(test, one_name, locks, NULL);
	judge(test, "one name", few, many, 130);
	t_exit(test);
}

/*
 * Names of their own, mastered by all three in turn, half of the locks by another
 * node than the holder's.  Then node 3 dies: its locks are dropped, what it mastered gets another
 * master, and everything gets another directory node.
 */
static u64 recovery_of(struct kunit *test, unsigned int n, unsigned int *messages)
{
	struct bulk *b = kunit_kcalloc(test, 4, sizeof(*b), GFP_KERNEL);
	unsigned int i, node, turns = 0;
	struct c_world *c;
	char name[33];
	u64 start;

	KUNIT_ASSERT_NOT_NULL(test, b);
	c_init_n(test, 3, 0, false);
	c = test->priv;
	for (node = 1; node <= 3; node++)
		bulk_init(&b[node], c_ls(c, node));
	for (i = 0; i < n / 2; i++) {
		snprintf(name, sizeof(name), "%032u", i);
		bulk_lock(test, &b[1 + i % 3], name, NL);
		if (i % 256 == 255)
			c_settle(c);
	}
	c_settle(c);
	for (i = 0; i < n / 2; i++) {
		snprintf(name, sizeof(name), "%032u", i);
		bulk_lock(test, &b[1 + (i + 1) % 3], name, PR);
		if (i % 256 == 255)
			c_settle(c);
	}
	c_settle(c);
	KUNIT_EXPECT_EQ(test, b[1].granted + b[2].granted + b[3].granted, (unsigned long)n / 2 * 2);

	memlink_set_tap(c->r->net, r_tap, c->r);
	r_forget_log(c->r);
	r_stop_all(c->r);
	r_kill(c->r, 3);
	dlm_owner_close(&b[3].owner);
	for (i = 0; i < T_CLIENTS; i++)
		t_client_close(c->w[3].client[i]);
	c->nodes = 2;
	start = ktime_get_ns();
	r_start_all(c->r);
	c_settle(c);
	while (!all_run(c->r) && turns++ < 10000)
		c_advance(c, 1);
	start = ktime_get_ns() - start;
	r_all_running(c->r);
	*messages = 0;
	for (i = 0; i < DLM_RCOM_TYPES; i++)
		*messages += c->r->count[i];
	KUNIT_EXPECT_EQ(test, b[1].owner.closing, false);
	for (node = 1; node <= 2; node++)
		dlm_node_stop(c->r->host[node].node);
	for (node = 1; node <= 2; node++)
		dlm_owner_close(&b[node].owner);
	c_exit(test);
	rcu_barrier();
	return div_u64(start, n);
}

/*
 * Messages are counted, and judged everywhere.  The clock is that of the wall: on a machine with
 * other work it says little.
 */
static void growth_of_recovery(struct kunit *test)
{
	unsigned int a, b;
	u64 few = best_of(test, recovery_of, locks / 10, &a);
	u64 many = best_of(test, recovery_of, locks, &b);

	judge(test, "recovery of 3 nodes", few, many, 120);
	figure(test, "recovery of 3 nodes: %u messages for %d locks, %u for %d, reach times 12",
	       a, locks / 10, b, locks);
	KUNIT_EXPECT_GT(test, a, locks / 100U);
	KUNIT_EXPECT_LE(test, b, 12 * a);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(messages_of_requests),
	KUNIT_CASE(messages_of_changes),
	KUNIT_CASE(messages_of_the_end),
	KUNIT_CASE(acknowledgements),
	{}
};

static struct kunit_suite message_suite = {
	.name = "dlm_figures_messages",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = message_cases,
};

static struct kunit_case time_cases[] = {
	KUNIT_CASE_PARAM(waiting_of_recovery, removals_gen_params),
	KUNIT_CASE(recovery_in_round_trips),
	KUNIT_CASE(growth_on_one_name),
	KUNIT_CASE(growth_of_recovery),
	{}
};

static struct kunit_suite time_suite = {
	.name = "dlm_figures_time",
	.test_cases = time_cases,
};

kunit_test_suites(&message_suite, &time_suite);

MODULE_LICENSE("GPL");
