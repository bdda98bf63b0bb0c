// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads on the same few resources at once: locks, conversions, unlocks and
 * cancels of one's own locks and of others', handles that close, orphans,
 * purges.  What comes out is not determined, but some things must hold:
 * a completion answers an operation, holders are compatible, nothing is left over.
 *
 * For KCSAN, KASAN and lockdep as much as for the checks made here.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include "fixture.h"

#define DEADLINE	(300 * HZ)
#define THREADS		4
#define STEPS		4000
#define NAMES		3
#define KEPT		8	/* lock ids that a thread remembers */

/**
 * struct hammer - what the threads share
 * @ls: the lockspace
 * @errors: what went wrong, by kind
 * @ids: lock ids that somebody remembers; any thread may use any of them
 * @freed: locks whose memory was given back
 * @made: locks that were accepted
 */
struct hammer {
	struct dlm_ls	*ls;
	atomic_t	errors[4];
	u32		ids[THREADS * KEPT];
	atomic_t	freed;
	atomic_t	made;
};

enum { NOT_ASKED, INCOMPATIBLE, BAD_RESULT, LOST };

/**
 * struct hammer_owner - a handle
 * @owner: engine's part
 * @h: see there
 * @next: the thread's handles, all are kept until the end
 * @refs: references on its queue
 */
struct hammer_owner {
	struct dlm_owner	owner;
	struct hammer		*h;
	struct hammer_owner	*next;
	atomic_t		refs;
};

/**
 * struct hammer_lkb - a lock
 * @lkb: engine's part
 * @h: see there
 * @asked: an operation waits for its completion; resource's lock
 */
struct hammer_lkb {
	struct dlm_lkb	lkb;
	struct hammer	*h;
	bool		asked;
};

/**
 * struct hammer_thread - one of the threads
 * @h: see there
 * @n: its number
 * @rnd: its chance
 * @cur: its open handle, first of all it had
 * @task: the thread
 * @done: it has made all its steps
 */
struct hammer_thread {
	struct hammer		*h;
	int			n;
	struct rnd_state	rnd;
	struct hammer_owner	*cur;
	struct task_struct	*task;
	struct completion	done;
};

static struct hammer_lkb *hammer_lkb(struct dlm_lkb *lkb)
{
	return container_of(lkb, struct hammer_lkb, lkb);
}

static void wrong(struct hammer *h, int kind)
{
	atomic_inc(&h->errors[kind]);
}

static void h_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
}

static void h_accept(struct dlm_lkb *lkb, struct dlm_op *op)
{
	/* not for unlocks and cancels */
	if (op->mode != IV)
		hammer_lkb(lkb)->asked = true;
}

static void check_compatible(struct hammer *h, const struct dlm_lkb *lkb)
{
	const struct dlm_rsb *r = lkb->rsb;
	const struct dlm_lkb *x;

	list_for_each_entry(x, &r->granted, queue)
		if (x != lkb && !t_compat(x->grmode, lkb->grmode))
			wrong(h, INCOMPATIBLE);
	list_for_each_entry(x, &r->convert, queue)
		if (x != lkb && !t_compat(x->grmode, lkb->grmode))
			wrong(h, INCOMPATIBLE);
}

static void h_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct hammer_lkb *hl = hammer_lkb(lkb);

	if (!hl->asked && status != -DLM_EUNLOCK)
		wrong(hl->h, NOT_ASKED);
	hl->asked = false;
	if (!status)
		check_compatible(hl->h, lkb);
	dlm_fx_add(fx, &lkb->owner->sink);
}

static void h_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	if (t_compat(lkb->grmode, mode) && lkb->status == DLM_LKSTS_GRANTED)
		wrong(hammer_lkb(lkb)->h, INCOMPATIBLE);
	dlm_fx_add(fx, &lkb->owner->sink);
}

static void h_unbind(struct dlm_lkb *lkb)
{
	/* an orphan's operation is dropped without a word */
	hammer_lkb(lkb)->asked = false;
}

static u64 h_xid(const struct dlm_lkb *lkb)
{
	return 0;
}

static void h_free(struct dlm_lkb *lkb)
{
	struct hammer_lkb *hl = hammer_lkb(lkb);

	atomic_inc(&hl->h->freed);
	kfree(hl);
}

static const struct dlm_lkb_ops hammer_ops = {
	.bind		= h_bind,
	.accept		= h_accept,
	.complete	= h_complete,
	.blocking	= h_blocking,
	.unbind		= h_unbind,
	.xid		= h_xid,
	.free		= h_free,
};

static struct hammer_owner *owner_of(struct dlm_sink *sink)
{
	return container_of(sink, struct hammer_owner, owner.sink);
}

static void h_get(struct dlm_sink *sink)
{
	atomic_inc(&owner_of(sink)->refs);
}

static void h_put(struct dlm_sink *sink)
{
	atomic_dec(&owner_of(sink)->refs);
}

static void h_flush(struct dlm_sink *sink)
{
	/* flushing without a reference, or in a place where one may not sleep */
	might_sleep();
	if (atomic_read(&owner_of(sink)->refs) <= 0)
		wrong(owner_of(sink)->h, LOST);
}

static const struct dlm_sink_ops hammer_sink_ops = {
	.get	= h_get,
	.put	= h_put,
	.flush	= h_flush,
};

/* false without memory */
static bool open_handle(struct hammer_thread *t)
{
	struct hammer_owner *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return false;
	o->h = t->h;
	o->next = t->cur;
	dlm_owner_init(&o->owner, t->h->ls, &hammer_sink_ops);
	t->cur = o;
	return true;
}

static u32 below(struct hammer_thread *t, u32 limit)
{
	return prandom_u32_state(&t->rnd) % limit;
}

/* what may come back of a call about a lock that others use as well */
static void check_result(struct hammer_thread *t, int err)
{
	switch (err) {
	case 0:
	case -EBUSY:
	case -ENOENT:
	case -EAGAIN:
	case -EINVAL:
		return;
	default:
		wrong(t->h, BAD_RESULT);
	}
}

static void request(struct hammer_thread *t, struct dlm_op *op)
{
	static const char names[NAMES] = { 'a', 'b', 'c' };
	struct hammer_lkb *hl = kzalloc(sizeof(*hl), GFP_KERNEL);
	int err;

	if (!hl)
		return;
	hl->h = t->h;
	op->flags &= ~(CONVERT | QUECVT | CONVDEADLK);
	err = dlm_request(t->h->ls, op, &hl->lkb, &names[below(t, NAMES)], 1);
	if (err) {
		wrong(t->h, BAD_RESULT);
		kfree(hl);
		return;
	}
	atomic_inc(&t->h->made);
	WRITE_ONCE(t->h->ids[t->n * KEPT + below(t, KEPT)], op->lkid);
}

static u32 some_flags(struct hammer_thread *t)
{
	static const u32 flags[] = {
		NOQUEUE, NOQUEUEBAST, VALBLK, IVVALBLK, PERSISTENT, PERSISTENT,
		NODLCKWT, HEADQUE, NOORDER, ALTPR, ALTCW, DLM_LKF_TIMEOUT,
	};
	u32 got = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!below(t, 5))
			got |= flags[i];
	if (!(got & NOQUEUE) && !below(t, 5))
		got |= CONVDEADLK;
	return got;
}

static void hammer_step(struct hammer_thread *t)
{
	u32 id = READ_ONCE(t->h->ids[below(t, THREADS * KEPT)]);
	struct dlm_op op = {
		.ops = &hammer_ops,
		.owner = &t->cur->owner,
		.flags = some_flags(t),
		.mode = below(t, 6),
		.lkb_flags = DLM_LKB_BAST,
		.pid = t->n,
		.timeout_cs = 1,
	};
	u32 what = below(t, 100);

	if (what < 35) {
		request(t, &op);
	} else if (what < 65) {
		op.flags |= CONVERT;
		check_result(t, dlm_convert(t->h->ls, &op, id));
	} else if (what < 82) {
		op.flags = 0;
		op.mode = IV;
		check_result(t, dlm_unlock_id(t->h->ls, &op, id));
	} else if (what < 90) {
		op.flags = CANCEL;
		op.mode = IV;
		check_result(t, dlm_cancel_id(t->h->ls, &op, id, -DLM_ECANCEL));
	} else if (what < 93) {
		op.flags = 0;
		check_result(t, dlm_orphan_adopt(t->h->ls, &op, "a", 1));
	} else if (what < 95) {
		check_result(t, dlm_orphans_purge(t->h->ls, below(t, THREADS)));
	} else if (what < 96) {
		check_result(t, dlm_owner_purge(&t->cur->owner));
	} else if (what < 97) {
		/* a scan that finds many of them too late */
		dlm_watch_scan(t->h->ls, ktime_add_ms(ktime_get_coarse(), 1000));
	} else if (what < 98) {
		op.flags = 0;
		op.mode = IV;
		check_result(t, dlm_cancel_id(t->h->ls, &op, id, -EDEADLK));
	} else {
		dlm_owner_close(&t->cur->owner);
		if (!open_handle(t))
			wrong(t->h, BAD_RESULT);
	}
}

static int hammer_thread(void *data)
{
	struct hammer_thread *t = data;
	int i;

	for (i = 0; i < STEPS; i++) {
		hammer_step(t);
		cond_resched();
	}
	dlm_owner_close(&t->cur->owner);
	complete(&t->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void check_end(struct kunit *test, struct hammer *h)
{
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(h->ls, 0), 0);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(h->ls), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->ls->rsbs.nelems), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&h->ls->orphans));
	KUNIT_EXPECT_TRUE(test, list_empty(&h->ls->watched));
	/* all locks are freed a grace period after they ended */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&h->freed), atomic_read(&h->made));
	KUNIT_EXPECT_GT(test, atomic_read(&h->made), THREADS * STEPS / 10);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->errors[NOT_ASKED]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->errors[INCOMPATIBLE]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->errors[BAD_RESULT]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->errors[LOST]), 0);
}

static void hammer(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct hammer_thread *t;
	struct hammer_owner *o;
	struct hammer *h;
	int i;

	h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, h);
	t = kunit_kcalloc(test, THREADS, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	h->ls = w->ls;
	for (i = 0; i < THREADS; i++) {
		t[i].h = h;
		t[i].n = i;
		prandom_seed_state(&t[i].rnd, 1 + i);
		init_completion(&t[i].done);
		KUNIT_ASSERT_TRUE(test, open_handle(&t[i]));
		t[i].task = kthread_run(hammer_thread, &t[i], "dlm-smp-%d", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(t[i].task));
	}
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&t[i].done, DEADLINE), 0UL);
		kthread_stop(t[i].task);
	}
	check_end(test, h);
	for (i = 0; i < THREADS; i++) {
		while ((o = t[i].cur)) {
			t[i].cur = o->next;
			KUNIT_EXPECT_EQ(test, atomic_read(&o->refs), 0);
			KUNIT_EXPECT_TRUE(test, list_empty(&o->owner.locks));
			kfree(o);
		}
	}
}

static struct kunit_case smp_cases[] = {
	KUNIT_CASE(hammer),
	{}
};

static struct kunit_suite smp_suite = {
	.name = "dlm_smp",
	.init = t_init_timewarn,
	.exit = t_exit,
	.test_cases = smp_cases,
};

kunit_test_suite(smp_suite);

MODULE_LICENSE("GPL");
