// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on the engine and on the reference model, compared after
 * every step: results, what each owner was told in which order, queues, modes,
 * flags, value blocks.  Beside the model two invariants are checked on the engine alone.
 *
 * A run is determined by its seed, which a failure prints together with the last
 * operations.  Kernel parameters: dlm.kunit_seed= the first seed,
 * dlm.kunit_seeds= how many, dlm.kunit_steps= operations for each.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include "fixture.h"
#include "model.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

#define DEFAULT_SEED	1
static unsigned int first_seed = DEFAULT_SEED;
module_param_named(kunit_seed, first_seed, uint, 0444);
static unsigned int seeds = 100;
module_param_named(kunit_seeds, seeds, uint, 0444);
static unsigned int steps = 1000;
module_param_named(kunit_steps, steps, uint, 0444);

/* from one seed to the next, so that boots with neighbouring first seeds share none */
#define SEED_STRIDE	1000003
#define HISTORY		24
#define CHOICES		100

enum what { REQUEST, CONV, UNLOCK, DO_CANCEL, DEADLOCK, ADOPT, CLOSE, PURGE_OWN, PURGE };

/**
 * struct step - an operation that was made, for the report
 * @what: kind
 * @op: its arguments
 * @err: result
 */
struct step {
	enum what	what;
	struct model_op	op;
	int		err;
};

/**
 * struct tally - how often something worth the trouble came up
 * @status: completions with -EAGAIN, -EDEADLK, -DLM_ECANCEL
 * @sbflags: DEMOTED, VALNOTVALID, ALTMODE
 * @basts: blocking callbacks
 */
struct tally {
	unsigned int	status[3];
	unsigned int	sbflags[3];
	unsigned int	basts;
};

/**
 * struct run - one seed's run
 * @test: the case
 * @w: node and lockspace
 * @m: the model
 * @rnd: source of chance
 * @seed: its seed
 * @n: steps made
 * @owner: the engine's handles, by the model's numbers
 * @lock: the engine's locks, by slot
 * @history: the last steps
 * @lvb: bytes for a conversion
 * @failed: a difference was found and reported
 */
struct run {
	struct kunit		*test;
	struct t_world		*w;
	struct model		*m;
	struct rnd_state	rnd;
	unsigned int		seed;
	unsigned int		n;
	struct t_client		*owner[MODEL_OWNERS];
	struct t_lock		*lock[MODEL_SLOTS];
	struct step		history[HISTORY];
	u8			lvb[MODEL_LVB];
	bool			failed;
};

/* names of very different lengths */
static const char * const names[MODEL_NAMES] = {
	"", "n", "a name as long as they get, that is, sixty-four bytes of anyth..",
};

static u32 below(struct run *run, u32 limit)
{
	return prandom_u32_state(&run->rnd) % limit;
}

static bool percent(struct run *run, u32 p)
{
	return below(run, 100) < p;
}

/* --- report ------------------------------------------------------------- */

static void print_step(struct run *run, unsigned int n)
{
	static const char * const what[] = {
		"request", "convert", "unlock", "cancel", "deadlock", "adopt",
		"close", "purge own", "purge",
	};
	const struct step *s = &run->history[n % HISTORY];

	kunit_info(run->test, "step %u: %s slot %d owner %d name %d mode %s flags %x pid %u: %d",
		   n, what[s->what], s->op.slot, s->op.owner, s->op.name,
		   t_mode_name(s->op.mode), s->op.flags, s->op.pid, s->err);
}

static void __printf(2, 3) differ(struct run *run, const char *fmt, ...)
{
	unsigned int n = run->n > HISTORY ? run->n - HISTORY : 0;
	struct va_format vaf;
	va_list args;

	if (run->failed)
		return;
	run->failed = true;
	for (; n < run->n; n++)
		print_step(run, n);
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	KUNIT_FAIL(run->test, "dlm.kunit_seed=%u step %u: %pV", run->seed,
		   run->n - 1, &vaf);
	va_end(args);
}

/* --- comparison --------------------------------------------------------- */

static void count(struct run *run, const struct t_event *ev)
{
	struct tally *tally = run->w->priv;
	int i;

	if (ev->kind == T_BAST) {
		tally->basts++;
		return;
	}
	tally->status[0] += ev->status == -EAGAIN;
	tally->status[1] += ev->status == -EDEADLK;
	tally->status[2] += ev->status == -DLM_ECANCEL;
	for (i = 0; i < 3; i++)
		tally->sbflags[i] += !!(ev->sbflags & BIT(i));
}

static void compare_told(struct run *run, int slot)
{
	const struct model_lock *want = &run->m->lock[slot];
	struct t_lock *l = run->lock[slot];
	unsigned int i, n = l->told - l->seen;

	if (n != want->ntold)
		differ(run, "slot %d was told %u times, not %u", slot, n, want->ntold);
	for (i = 0; i < n && i < want->ntold; i++) {
		const struct t_event *ev = &l->ev[(l->seen + i) % T_EVENTS];
		const struct model_told *t = &want->told[i];
		enum t_event_kind kind = t->bast >= 0 ? T_BAST : T_CAST;

		count(run, ev);
		if (ev->kind != kind) {
			differ(run, "slot %d: event %u is of the wrong kind", slot, i);
		} else if (kind == T_BAST) {
			if (ev->mode != t->bast)
				differ(run, "slot %d: to give way to %d, not %d",
				       slot, ev->mode, t->bast);
		} else if (ev->status != t->status || ev->mode != t->mode ||
			   ev->sbflags != t->sbflags) {
			differ(run, "slot %d: status %d mode %d flags %x, not %d %d %x",
			       slot, ev->status, ev->mode, ev->sbflags,
			       t->status, t->mode, t->sbflags);
		} else if (ev->has_lvb != t->has_buf ||
			   (ev->has_lvb && memcmp(ev->lvb, t->buf, MODEL_LVB))) {
			differ(run, "slot %d: value block %d %02x, not %d %02x", slot,
			       ev->has_lvb, ev->lvb[0], t->has_buf, t->buf[0]);
		}
	}
	l->seen = l->told;
}

static void compare_queue(struct run *run, const struct list_head *queue,
			  const struct model_queue *want, const char *name)
{
	const struct dlm_lkb *lkb;
	unsigned int i = 0;

	list_for_each_entry(lkb, queue, queue) {
		if (i == want->n || run->lock[want->slot[i]]->id != lkb->id)
			break;
		i++;
	}
	if (!list_entry_is_head(lkb, queue, queue) || i != want->n)
		differ(run, "%s queue differs at place %u", name, i);
}

static void compare_resource(struct run *run, const struct dlm_rsb *r,
			     const struct model_name *want)
{
	bool has_lvb = r->flags & DLM_RSB_LVB;
	bool invalid = r->flags & DLM_RSB_LVB_INVALID;

	compare_queue(run, &r->convert, &want->convert, "convert");
	compare_queue(run, &r->wait, &want->wait, "wait");
	if (has_lvb != want->has_lvb || invalid != want->invalid ||
	    r->lvbseq != want->seq)
		differ(run, "value block there %d invalid %d number %u, not %d %d %u",
		       has_lvb, invalid, r->lvbseq, want->has_lvb, want->invalid,
		       want->seq);
	if (has_lvb && memcmp(r->lvb, want->lvb, MODEL_LVB))
		differ(run, "value block %02x, not %02x", r->lvb[0], want->lvb[0]);
}

/* no two incompatible modes are held */
static void check_holders(struct run *run, struct dlm_rsb *r)
{
	struct list_head *queues[] = { &r->granted, &r->convert };
	const struct dlm_lkb *a, *b;
	int i, j;

	if (!t_counts_right(r))
		differ(run, "the counts of granted modes are wrong");
	for (i = 0; i < 2; i++)
		list_for_each_entry(a, queues[i], queue)
			for (j = 0; j < 2; j++)
				list_for_each_entry(b, queues[j], queue)
					if (a != b && !t_compat(a->grmode, b->grmode))
						differ(run, "locks %x in %s and %x in %s",
						       a->id, t_mode_name(a->grmode),
						       b->id, t_mode_name(b->grmode));
}

static bool fits(const struct dlm_rsb *r, const struct dlm_lkb *lkb)
{
	const struct dlm_lkb *x;

	list_for_each_entry(x, &r->granted, queue)
		if (x != lkb && !t_compat(x->grmode, lkb->rqmode))
			return false;
	list_for_each_entry(x, &r->convert, queue)
		if (x != lkb && !t_compat(x->grmode, lkb->rqmode))
			return false;
	return true;
}

/* after a re-scan nobody waits who could have what he wants */
static void check_waiters(struct run *run, struct dlm_rsb *r)
{
	const struct dlm_lkb *lkb;
	bool first = true;

	list_for_each_entry(lkb, &r->convert, queue) {
		if ((first || lkb->exflags & NOORDER) && fits(r, lkb))
			differ(run, "lock %x converts for nothing", lkb->id);
		first = false;
	}
	list_for_each_entry(lkb, &r->wait, queue) {
		if ((first || lkb->exflags & NOORDER) && fits(r, lkb))
			differ(run, "lock %x waits for nothing", lkb->id);
		first = false;
	}
}

static void compare_lock(struct run *run, const struct dlm_lkb *lkb)
{
	int slot = container_of(lkb, struct test_lkb, lkb)->to->tag;
	const struct model_lock *want = &run->m->lock[slot];
	const struct dlm_owner *owner = NULL;

	if (lkb->id != run->lock[slot]->id)
		differ(run, "slot %d: lock %x, not %x", slot, lkb->id, run->lock[slot]->id);
	if (lkb->status != want->place || lkb->grmode != want->held ||
	    lkb->rqmode != want->want)
		differ(run, "slot %d: status %d modes %d %d, not %d %d %d", slot,
		       lkb->status, lkb->grmode, lkb->rqmode,
		       want->place, want->held, want->want);
	if (lkb->exflags != want->flags || lkb->sbflags != want->sbflags ||
	    lkb->pid != want->pid)
		differ(run, "slot %d: flags %x %x pid %u, not %x %x %u", slot,
		       lkb->exflags, lkb->sbflags, lkb->pid,
		       want->flags, want->sbflags, want->pid);
	if (!lkb->lvb != !want->has_buf ||
	    (lkb->lvb && memcmp(lkb->lvb, want->buf, MODEL_LVB)))
		differ(run, "slot %d: buffer", slot);
	if (want->owner != MODEL_NOBODY)
		owner = &run->owner[want->owner]->owner;
	if (!!(lkb->flags & DLM_LKB_ORPHAN) != want->orphan || lkb->owner != owner)
		differ(run, "slot %d: owner", slot);
}

/* one of its locks leads to a resource; returns the number of locks on it */
static unsigned int compare_name(struct run *run, int name, int slot)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(run->w->ls, run->lock[slot]->id);
	struct list_head *queues[3];
	unsigned int n = 0;
	struct dlm_rsb *r;
	int i;

	if (!lkb) {
		differ(run, "slot %d is gone", slot);
		return 0;
	}
	r = lkb->rsb;
	queues[0] = &r->granted;
	queues[1] = &r->convert;
	queues[2] = &r->wait;
	for (i = 0; i < 3; i++) {
		list_for_each_entry(lkb, queues[i], queue) {
			compare_lock(run, lkb);
			n++;
		}
	}
	compare_resource(run, r, &run->m->name[name]);
	check_holders(run, r);
	if (run->m->name[name].rescanned)
		check_waiters(run, r);
	dlm_rsb_unlock(r);
	return n;
}

static void compare(struct run *run)
{
	unsigned int want[MODEL_NAMES] = { }, all = 0, used = 0, n;
	int last[MODEL_NAMES];
	int slot, name;

	for (slot = 0; slot < MODEL_SLOTS; slot++) {
		const struct model_lock *l = &run->m->lock[slot];

		compare_told(run, slot);
		if (l->place == MODEL_NOWHERE)
			continue;
		want[l->name]++;
		last[l->name] = slot;
	}
	for (name = 0; name < MODEL_NAMES; name++) {
		if (!want[name])
			continue;
		used++;
		all += want[name];
		n = compare_name(run, name, last[name]);
		if (n != want[name])
			differ(run, "%u locks on name %d, not %u", n, name, want[name]);
	}
	if (dlm_lkb_count(run->w->ls) != all)
		differ(run, "%u locks, not %u", dlm_lkb_count(run->w->ls), all);
	if (atomic_read(&run->w->ls->rsbs.nelems) != used)
		differ(run, "%d resources, not %u",
		       atomic_read(&run->w->ls->rsbs.nelems), used);
}

/* --- chance ------------------------------------------------------------- */

/* flags with their chance in percent, for requests and for conversions */
static const struct chance {
	u32 flag;
	u8 request;
	u8 convert;
} chances[] = {
	{ DLM_LKF_NOQUEUE,	20, 15 },
	{ DLM_LKF_CANCEL,	1, 1 },
	{ DLM_LKF_VALBLK,	50, 50 },
	{ DLM_LKF_QUECVT,	1, 15 },
	{ DLM_LKF_IVVALBLK,	5, 10 },
	{ DLM_LKF_CONVDEADLK,	1, 20 },
	{ DLM_LKF_PERSISTENT,	25, 25 },
	{ DLM_LKF_NODLCKWT,	20, 35 },
	{ DLM_LKF_NODLCKBLK,	5, 5 },
	{ DLM_LKF_EXPEDITE,	5, 1 },
	{ DLM_LKF_NOQUEUEBAST,	40, 40 },
	{ DLM_LKF_HEADQUE,	10, 10 },
	{ DLM_LKF_NOORDER,	10, 15 },
	{ DLM_LKF_ORPHAN,	5, 5 },
	{ DLM_LKF_ALTPR,	12, 12 },
	{ DLM_LKF_ALTCW,	12, 12 },
	{ DLM_LKF_FORCEUNLOCK,	5, 5 },
	{ DLM_LKF_TIMEOUT,	5, 5 },
	{ 0x80000000,		2, 2 },
};

static u32 some_flags(struct run *run, bool convert, int mode)
{
	u32 flags = convert ? DLM_LKF_CONVERT : 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(chances); i++)
		if (percent(run, convert ? chances[i].convert : chances[i].request))
			flags |= chances[i].flag;
	/* what cannot be is tried as well, but not most of the time */
	if (percent(run, 90)) {
		flags &= ~DLM_LKF_CANCEL;
		if (convert || mode || flags & DLM_LKF_NOQUEUE)
			flags &= ~DLM_LKF_EXPEDITE;
		if (!convert)
			flags &= ~(DLM_LKF_QUECVT | DLM_LKF_CONVDEADLK);
		if (flags & DLM_LKF_CONVDEADLK)
			flags &= ~DLM_LKF_NOQUEUE;
	}
	return flags;
}

static u32 some_unlock_flags(struct run *run)
{
	u32 flags = 0;

	if (percent(run, 30))
		flags |= DLM_LKF_VALBLK;
	if (percent(run, 10))
		flags |= DLM_LKF_IVVALBLK;
	if (percent(run, 10))
		flags |= DLM_LKF_FORCEUNLOCK;
	if (percent(run, 2))
		flags |= BIT(below(run, 32));
	return flags;
}

static int some_mode(struct run *run)
{
	return percent(run, 1) ? (int)below(run, 10) - 2 : (int)below(run, 6);
}

static bool in_use(const struct run *run, int slot)
{
	return run->m->lock[slot].place != MODEL_NOWHERE;
}

/* one in use, or one that is free; any if there is none of the kind */
static int some_slot(struct run *run, bool used)
{
	int slot = below(run, MODEL_SLOTS), i;

	for (i = 0; i < MODEL_SLOTS && in_use(run, slot) != used; i++)
		slot = (slot + 1) % MODEL_SLOTS;
	return slot;
}

static enum what some_operation(struct run *run)
{
	static const u8 upto[] = {
		[REQUEST] = 28, [CONV] = 73, [UNLOCK] = 83, [DO_CANCEL] = 90,
		[DEADLOCK] = 92, [ADOPT] = 95, [CLOSE] = 97, [PURGE_OWN] = 98,
		[PURGE] = CHOICES,
	};
	u32 n = below(run, CHOICES);
	int i;

	for (i = 0; n >= upto[i]; i++)
		;
	return i;
}

/* --- one step ----------------------------------------------------------- */

static struct t_client *new_owner(struct run *run, int i)
{
	struct t_client *c = t_client_new(run->w);

	/* one of them has no blocking routine */
	c->bast = i != MODEL_OWNERS - 1;
	return c;
}

static void close_owner(struct run *run, int owner)
{
	struct t_client *c = run->owner[owner];

	model_close(run->m, owner);
	t_client_close(c);
	if (c->gets != c->puts)
		differ(run, "owner %d: references %u %u", owner, c->gets, c->puts);
	run->m->closed[owner] = false;
	run->owner[owner] = new_owner(run, owner);
}

/* a call on a slot's lock, through whatever handle */
static void prepare_lock(struct run *run, struct model_op *op)
{
	struct t_lock *l = run->lock[op->slot];

	l->client = run->owner[op->owner];
	l->client->pid = op->pid;
	l->name = names[op->name];
	/* far off, so that it only takes a watch along */
	l->timeout_cs = op->mode == EX ? 100000 : 0;
	l->lvb_in = (const char *)op->lvb;
}

static int both_request(struct run *run, struct model_op *op)
{
	struct t_lock *l = run->lock[op->slot];
	int err, want;

	op->wants_bast = run->owner[op->owner]->bast;
	want = model_request(run->m, op);
	err = t_call_lock(l, op->mode, op->flags, names[op->name],
			  strlen(names[op->name]));
	if (err != want)
		differ(run, "result %d, not %d", err, want);
	return err;
}

static int both_adopt(struct run *run, struct model_op *op)
{
	struct t_lock tmp = {
		.w = run->w,
		.client = run->owner[op->owner],
		.name = names[op->name],
	};
	int err, want, slot;

	tmp.client->pid = op->pid;
	want = model_adopt(run->m, op, &slot);
	err = t_call_adopt(&tmp, op->mode, op->flags);
	if (err != want)
		differ(run, "result %d, not %d", err, want);
	else if (!err && tmp.id != run->lock[slot]->id)
		differ(run, "lock %x, not slot %d", tmp.id, slot);
	return err;
}

static int both(struct run *run, enum what what, struct model_op *op)
{
	struct t_lock *l = run->lock[op->slot];
	int err = 0, want = 0;

	switch (what) {
	case REQUEST:
		return both_request(run, op);
	case ADOPT:
		return both_adopt(run, op);
	case CONV:
		want = model_convert(run->m, op);
		err = t_call_convert(l, op->mode, op->flags);
		break;
	case UNLOCK:
		want = model_unlock(run->m, op);
		err = t_call_unlock(l, op->flags);
		break;
	case DO_CANCEL:
		want = model_cancel(run->m, op, -DLM_ECANCEL);
		err = t_call_cancel(l, op->flags, -DLM_ECANCEL);
		break;
	case DEADLOCK:
		want = model_cancel(run->m, op, -EDEADLK);
		err = t_call_cancel(l, op->flags, -EDEADLK);
		break;
	case CLOSE:
		close_owner(run, op->owner);
		break;
	case PURGE_OWN:
		model_purge_own(run->m, op->owner);
		err = dlm_owner_purge(&run->owner[op->owner]->owner);
		break;
	case PURGE:
		model_purge(run->m, op->pid);
		err = dlm_orphans_purge(run->w->ls, op->pid);
		break;
	}
	if (err != want)
		differ(run, "result %d, not %d", err, want);
	return err;
}

static void choose(struct run *run, enum what what, struct model_op *op)
{
	/* a lock that does not exist is -ENOENT, now and then */
	op->slot = some_slot(run, what != REQUEST && percent(run, 97));
	op->owner = below(run, MODEL_OWNERS);
	op->name = below(run, MODEL_NAMES);
	op->mode = some_mode(run);
	op->pid = below(run, 4);
	switch (what) {
	case REQUEST:
	case CONV:
	case ADOPT:
		op->flags = some_flags(run, what == CONV, op->mode);
		break;
	case UNLOCK:
		op->flags = some_unlock_flags(run);
		break;
	case DO_CANCEL:
		op->flags = DLM_LKF_CANCEL | (percent(run, 10) ? DLM_LKF_VALBLK : 0);
		break;
	case DEADLOCK:
		op->flags = percent(run, 50) ? DLM_LKF_CANCEL : 0;
		break;
	default:
		break;
	}
	if (what == CONV && percent(run, 75)) {
		prandom_bytes_state(&run->rnd, run->lvb, MODEL_LVB);
		op->lvb = run->lvb;
	}
}

static void step(struct run *run)
{
	struct step *s = &run->history[run->n % HISTORY];
	enum what what = some_operation(run);
	struct model_op op = { };

	choose(run, what, &op);
	if (what == REQUEST && in_use(run, op.slot)) {
		/* no place for another */
		what = UNLOCK;
		op.flags = 0;
	}
	model_begin(run->m);
	if (what <= DEADLOCK)
		prepare_lock(run, &op);
	s->what = what;
	s->op = op;
	run->n++;
	s->err = both(run, what, &op);
	compare(run);
}

static void one_run(struct kunit *test, unsigned int seed)
{
	struct run *run;
	int i;

	run = kunit_kzalloc(test, sizeof(*run), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, run);
	run->test = test;
	run->w = test->priv;
	run->seed = seed;
	prandom_seed_state(&run->rnd, seed);
	run->m = kunit_kzalloc(test, sizeof(*run->m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, run->m);
	for (i = 0; i < MODEL_OWNERS; i++)
		run->owner[i] = new_owner(run, i);
	for (i = 0; i < MODEL_SLOTS; i++) {
		run->lock[i] = t_new(run->w, run->owner[0], "");
		/* no lock has this id */
		run->lock[i]->id = ~0U;
		run->lock[i]->tag = i;
		run->m->lock[i].owner = MODEL_NOBODY;
	}
	while (run->n < steps && !run->failed)
		step(run);
	/* the end: nothing is left of anybody */
	for (i = 0; i < MODEL_OWNERS; i++)
		t_client_close(run->owner[i]);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(run->w->ls, 0), 0);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(run->w->ls), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&run->w->ls->rsbs.nelems), 0);
}

/* tenths of all seeds, so that one case does not take for ever */
static const unsigned int tenths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static void tenth_desc(const unsigned int *tenth, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seeds-from-%u-below-%u",
		 *tenth * seeds / 10, (*tenth + 1) * seeds / 10);
}

KUNIT_ARRAY_PARAM(tenth, tenths, tenth_desc);

/* enough steps of the seeds that always run meet everything; others need not */
static void check_tally(struct kunit *test, unsigned int n)
{
	struct t_world *w = test->priv;
	const struct tally *tally = w->priv;
	int i;

	if (first_seed != DEFAULT_SEED || (u64)n * steps < 5000)
		return;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_NE(test, tally->status[i], 0U);
		KUNIT_EXPECT_NE(test, tally->sbflags[i], 0U);
	}
	KUNIT_EXPECT_NE(test, tally->basts, 0U);
	KUNIT_EXPECT_NE(test, dlm_ls_stat_sum(w->ls, DLM_ST_ORPHANED), 0ULL);
	KUNIT_EXPECT_NE(test, dlm_ls_stat_sum(w->ls, DLM_ST_ADOPTED), 0ULL);
	KUNIT_EXPECT_NE(test, dlm_ls_stat_sum(w->ls, DLM_ST_PURGED), 0ULL);
	KUNIT_EXPECT_NE(test, dlm_ls_stat_sum(w->ls, DLM_ST_REFUSED), 0ULL);
}

static void against_model(struct kunit *test)
{
	const unsigned int *tenth = test->param_value;
	struct tally tally = { };
	struct t_world *w = test->priv;
	unsigned int i;

	w->priv = &tally;
	for (i = *tenth * seeds / 10; i < (*tenth + 1) * seeds / 10; i++) {
		one_run(test, first_seed + i * SEED_STRIDE);
		cond_resched();
	}
	check_tally(test, i - *tenth * seeds / 10);
}

static int against_init(struct kunit *test)
{
	struct t_world *w;

	t_init(test);
	w = test->priv;
	/* time is no part of the model */
	w->node->config.scan_secs = 100000;
	return 0;
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE_PARAM(against_model, tenth_gen_params),
	{}
};

static struct kunit_suite random_suite = {
	.name = "dlm_random",
	.init = against_init,
	.exit = t_exit,
	.test_cases = random_cases,
};

kunit_test_suite(random_suite);

MODULE_LICENSE("GPL");
