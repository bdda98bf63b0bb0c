// SPDX-License-Identifier: GPL-2.0
/*
 * Programs on two nodes at once, in threads: requests, conversions, unlocks, cancels, by force
 * and not, handles that close, orphans, purges; while connections break, locking is stopped and
 * started with another directory, and allocations fail.
 *
 * What comes out is not determined, but some things must hold: those of pair.h about what is
 * sent; every operation that was accepted completes once; no two programs rely on modes that
 * exclude each other; in the end every lock has ended and nothing is left.
 *
 * For KCSAN, KASAN and lockdep as much as for the checks made here.
 */
#include <linux/completion.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include "faults.h"
#include "pair.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

#define DEADLINE	(600 * HZ)
#define THREADS		4	/* every other one on node 1 */
#define SLOTS		8	/* locks of a thread */
#define NAMES		3

static unsigned int steps = 600;
module_param_named(pair_steps, steps, uint, 0444);
MODULE_PARM_DESC(pair_steps, "operations of each thread of the suite dlm_pair");
static unsigned int first_seed = 1;
module_param_named(pair_seed, first_seed, uint, 0444);
MODULE_PARM_DESC(pair_seed, "seed of the choices of the suite dlm_pair");

struct club;
struct member;

/**
 * struct name - a resource, as the programs see it
 * @lock: guards @held, and what locks say about what they rely on; leaf
 * @held: programs that rely on each mode
 */
struct name {
	spinlock_t	lock;	/* all of it */
	unsigned int	held[EX + 1];
};

/**
 * struct slot - a lock as its program knows it
 * @m: the program
 * @name: of which resource; constant while it is not @gone
 * @id: lock id
 * @gone: it has ended, the slot may be used again; release and acquire
 * @asked: a request or conversion awaits its completion; release and acquire
 * @granted: it had a mode at least once; resource's lock
 * @unlocked: an unlock was accepted: resource's lock
 * @ending: the program relies on nothing any more; name->lock
 * @mode: mode that the program relies on; name->lock
 */
struct slot {
	struct member	*m;
	struct name	*name;
	u32		id;
	bool		gone;
	bool		asked;
	bool		granted;
	bool		unlocked;
	bool		ending;
	int		mode;
};

/**
 * struct handle - an open handle
 * @owner: engine's part
 * @m: its program
 * @next: those the program had before; all are kept until the end
 * @refs: references on its queue
 */
struct handle {
	struct dlm_owner	owner;
	struct member		*m;
	struct handle		*next;
	atomic_t		refs;
};

/* a lock of the engine; @s is not to be used after unbind */
struct pair_lkb {
	struct dlm_lkb	lkb;
	struct club	*c;
	struct slot	*s;
};

/**
 * struct member - a program: a thread
 * @c: all of them
 * @n: where it runs
 * @number: of the thread, its pid for the engine
 * @rnd: its chance
 * @handle: open handle, first of all it had
 * @slot: its locks
 * @wait: it sleeps here until it is told something
 * @news: it was
 * @task: the thread
 * @done: it has ended all its locks
 */
struct member {
	struct club		*c;
	struct pair_node	*n;
	int			number;
	struct rnd_state	rnd;
	struct handle		*handle;
	struct slot		slot[SLOTS];
	wait_queue_head_t	wait;
	bool			news;
	struct task_struct	*task;
	struct completion	done;
};

/**
 * struct club - all programs
 * @p: the nodes
 * @name: resources
 * @m: programs
 * @busy: programs that are not done
 * @made: locks that were accepted
 * @freed: locks whose memory was given back
 * @told: completions
 * @refused: calls that ended with -ENOMEM
 */
struct club {
	struct pair	*p;
	struct name	name[NAMES];
	struct member	m[THREADS];
	atomic_t	busy;
	atomic_t	made;
	atomic_t	freed;
	atomic_t	told;
	atomic_t	refused;
};

/* --- what programs rely on ------------------------------------------------ */

static void set_mode_locked(struct slot *s, int mode)
{
	struct name *name = s->name;
	int i;

	lockdep_assert_held(&name->lock);
	if (s->mode != IV)
		name->held[s->mode]--;
	WRITE_ONCE(s->mode, mode);
	if (mode == IV)
		return;
	for (i = NL; i <= EX; i++)
		if (name->held[i] && !t_compat(i, mode))
			pair_wrong(s->m->c->p, PAIR_INCOMPATIBLE);
	name->held[mode]++;
}

/* the program has, from now on, no more than @mode */
static void set_mode(struct slot *s, int mode)
{
	spin_lock(&s->name->lock);
	if (!s->ending)
		set_mode_locked(s, mode);
	spin_unlock(&s->name->lock);
}

/* the program wants nothing of this lock any more */
static void give_up(struct slot *s)
{
	spin_lock(&s->name->lock);
	set_mode_locked(s, IV);
	s->ending = true;
	spin_unlock(&s->name->lock);
}

/* before it converts: what it has at any rate until it is told the outcome */
static int sure_mode(const struct slot *s, int want, u32 flags)
{
	int has = READ_ONCE(s->mode);

	if (has == IV || flags & (CONVDEADLK | ALTPR | ALTCW) || dlm_convert_middle(has, want))
		return min(has, (int)NL);
	return min(has, want);
}

/* --- what the engine tells ------------------------------------------------ */

static struct pair_lkb *pair_lkb(struct dlm_lkb *lkb)
{
	return container_of(lkb, struct pair_lkb, lkb);
}

static void on_bind(struct dlm_lkb *lkb, struct dlm_op *op)
{
}

static void on_accept(struct dlm_lkb *lkb, struct dlm_op *op)
{
	struct slot *s = pair_lkb(lkb)->s;

	/* an orphan has no program; a cancel changes nothing for its program */
	if (!s || op->flags & CANCEL)
		return;
	if (op->mode != IV)
		WRITE_ONCE(s->asked, true);
	else
		s->unlocked = true;
}

static void on_complete(struct dlm_lkb *lkb, struct dlm_fx *fx, int status)
{
	struct slot *s = pair_lkb(lkb)->s;
	struct pair *p = pair_lkb(lkb)->c->p;

	if (!s) {
		pair_wrong(p, PAIR_NOT_ASKED);
		return;
	}
	atomic_inc(&s->m->c->told);
	if (status == -DLM_EUNLOCK ? !s->unlocked : !s->asked)
		pair_wrong(p, PAIR_NOT_ASKED);
	if (status == -DLM_EUNLOCK)
		s->unlocked = false;
	if (!status) {
		s->granted = true;
		set_mode(s, lkb->grmode);
	}
	dlm_fx_add(fx, &lkb->owner->sink);
	/* the program may go on; it wakes up later */
	smp_store_release(&s->asked, false);
}

static void on_blocking(struct dlm_lkb *lkb, struct dlm_fx *fx, int mode)
{
	struct slot *s = pair_lkb(lkb)->s;

	if (!s || !s->granted)
		pair_wrong(pair_lkb(lkb)->c->p, PAIR_BAST_EARLY);
	dlm_fx_add(fx, &lkb->owner->sink);
}

static void on_unbind(struct dlm_lkb *lkb)
{
	struct slot *s = pair_lkb(lkb)->s;

	if (!s)
		return;
	pair_lkb(lkb)->s = NULL;
	give_up(s);
	/* the program may use the slot again: is_gone() */
	smp_store_release(&s->gone, true);
}

static u64 on_xid(const struct dlm_lkb *lkb)
{
	return 0;
}

static void on_free(struct dlm_lkb *lkb)
{
	atomic_inc(&pair_lkb(lkb)->c->freed);
	kfree(pair_lkb(lkb));
}

static const struct dlm_lkb_ops lkb_ops = {
	.bind		= on_bind,
	.accept		= on_accept,
	.complete	= on_complete,
	.blocking	= on_blocking,
	.unbind		= on_unbind,
	.xid		= on_xid,
	.free		= on_free,
};

static struct handle *handle_of(struct dlm_sink *sink)
{
	return container_of(sink, struct handle, owner.sink);
}

static void sink_get(struct dlm_sink *sink)
{
	atomic_inc(&handle_of(sink)->refs);
}

static void sink_put(struct dlm_sink *sink)
{
	atomic_dec(&handle_of(sink)->refs);
}

static void sink_flush(struct dlm_sink *sink)
{
	struct member *m = handle_of(sink)->m;

	might_sleep();
	if (atomic_read(&handle_of(sink)->refs) <= 0)
		pair_wrong(m->c->p, PAIR_LOST);
	WRITE_ONCE(m->news, true);
	wake_up(&m->wait);
}

static const struct dlm_sink_ops sink_ops = {
	.get	= sink_get,
	.put	= sink_put,
	.flush	= sink_flush,
};

/* --- what programs do ----------------------------------------------------- */

static u32 below(struct member *m, u32 limit)
{
	return prandom_u32_state(&m->rnd) % limit;
}

/* what calls about one's own lock may say */
static void check_result(struct member *m, int err)
{
	switch (err) {
	case -ENOMEM:
		atomic_inc(&m->c->refused);
		break;
	case 0:
	case -EBUSY:	/* a cancel that came too late awaits its answer */
	case -EINVAL:	/* unlocked, or cancelled, before */
	case -ENOENT:	/* gone meanwhile */
		break;
	default:
		pair_wrong(m->c->p, PAIR_BAD_RESULT);
	}
}

static u32 some_flags(struct member *m)
{
	static const u32 flags[] = {
		NOQUEUE, NOQUEUEBAST, VALBLK, VALBLK, PERSISTENT, NODLCKWT, HEADQUE, NOORDER,
		ALTPR, ALTCW,
	};
	u32 got = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (!below(m, 6))
			got |= flags[i];
	return got;
}

static struct dlm_op op_of(struct member *m, int mode, u32 flags)
{
	return (struct dlm_op){
		.ops = &lkb_ops,
		.owner = &m->handle->owner,
		.flags = flags,
		.mode = mode,
		.lkb_flags = DLM_LKB_USER | DLM_LKB_BAST,
		.pid = 1 + m->number,
	};
}

static void request(struct member *m, struct slot *s)
{
	struct dlm_op op = op_of(m, below(m, EX + 1), some_flags(m));
	struct pair_lkb *pl = kzalloc(sizeof(*pl), GFP_KERNEL);
	int err, name = below(m, NAMES);
	char text = 'a' + name;

	if (!pl)
		return;
	pl->c = m->c;
	pl->s = s;
	s->name = &m->c->name[name];
	s->mode = IV;
	s->granted = false;
	s->unlocked = false;
	s->asked = false;
	s->ending = false;
	WRITE_ONCE(s->gone, false);
	err = dlm_request(m->n->ls, &op, &pl->lkb, &text, 1);
	if (!err) {
		atomic_inc(&m->c->made);
		WRITE_ONCE(s->id, op.lkid);
		return;
	}
	if (err != -ENOMEM)
		pair_wrong(m->c->p, PAIR_BAD_RESULT);
	atomic_inc(&m->c->refused);
	WRITE_ONCE(s->gone, true);
	kfree(pl);
}

/* of a lock that awaits nothing */
static void convert(struct member *m, struct slot *s)
{
	u32 flags = CONVERT | some_flags(m);
	struct dlm_op op;
	int mode = below(m, EX + 1);

	if (!(flags & NOQUEUE) && !below(m, 4))
		flags |= CONVDEADLK;
	op = op_of(m, mode, flags);
	set_mode(s, sure_mode(s, mode, flags));
	check_result(m, dlm_convert(m->n->ls, &op, s->id));
}

static void unlock(struct member *m, struct slot *s, bool force)
{
	struct dlm_op op = op_of(m, IV, force ? FORCEUNLOCK : 0);

	give_up(s);
	check_result(m, dlm_unlock_id(m->n->ls, &op, s->id));
}

/* of any program on this node */
static void cancel(struct member *m)
{
	struct member *other = &m->c->m[below(m, THREADS)];
	struct dlm_op op = op_of(m, IV, CANCEL);
	int status = below(m, 3) ? -DLM_ECANCEL : -EDEADLK;

	if (other->n == m->n)
		check_result(m, dlm_cancel_id(m->n->ls, &op,
					      READ_ONCE(other->slot[below(m, SLOTS)].id), status));
}

static bool is_gone(const struct slot *s)
{
	/* with on_unbind() */
	return smp_load_acquire(&s->gone);
}

static bool is_busy(const struct slot *s)
{
	/* with on_complete() */
	return smp_load_acquire(&s->asked);
}

static bool open_handle(struct member *m)
{
	struct handle *h = NULL;

	while (!h)
		h = kzalloc(sizeof(*h), GFP_KERNEL);
	h->m = m;
	h->next = m->handle;
	dlm_owner_init(&h->owner, m->n->ls, &sink_ops);
	m->handle = h;
	return true;
}

/* with all its locks; what it leaves behind is purged */
static void reopen(struct member *m)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (!is_gone(&m->slot[i]))
			give_up(&m->slot[i]);
	dlm_owner_close(&m->handle->owner);
	for (i = 0; i < SLOTS; i++)
		if (!is_gone(&m->slot[i]))
			pair_wrong(m->c->p, PAIR_LOST);
	open_handle(m);
	check_result(m, dlm_orphans_purge(m->n->ls, 1 + m->number));
}

/* a while, or until something was told */
static void rest(struct member *m)
{
	wait_event_timeout(m->wait, READ_ONCE(m->news), HZ / 20 + 1);
	WRITE_ONCE(m->news, false);
}

static void one_step(struct member *m)
{
	struct slot *s = &m->slot[below(m, SLOTS)];
	u32 what = below(m, 100);

	if (what < 2) {
		reopen(m);
	} else if (what < 10) {
		cancel(m);
	} else if (is_gone(s)) {
		request(m, s);
	} else if (is_busy(s)) {
		if (what < 30)
			unlock(m, s, true);
		else if (what < 60)
			rest(m);
	} else if (what < 70) {
		convert(m, s);
	} else {
		unlock(m, s, what < 75);
	}
}

static bool all_gone(struct member *m)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (!is_gone(&m->slot[i]))
			return false;
	return true;
}

/* end all locks, and see all of them end */
static void clean_up(struct member *m)
{
	unsigned long end = jiffies + DEADLINE;
	int i;

	while (!all_gone(m) && time_before(jiffies, end)) {
		for (i = 0; i < SLOTS; i++)
			if (!is_gone(&m->slot[i]))
				unlock(m, &m->slot[i], true);
		rest(m);
	}
	if (!all_gone(m))
		pair_wrong(m->c->p, PAIR_LOST);
}

static int member_thread(void *data)
{
	struct member *m = data;
	unsigned int i;

	t_faults_here(m->c->p->unreliable);
	for (i = 0; i < steps; i++) {
		one_step(m);
		cond_resched();
	}
	t_faults_here(false);
	clean_up(m);
	dlm_owner_close(&m->handle->owner);
	atomic_dec(&m->c->busy);
	complete(&m->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* --- trouble -------------------------------------------------------------- */

static bool wait_until(bool (*what)(struct club *c), struct club *c)
{
	unsigned long end = jiffies + DEADLINE;

	while (!what(c)) {
		if (time_after(jiffies, end))
			return false;
		schedule_timeout_uninterruptible(1);
	}
	return true;
}

static bool both_run(struct club *c)
{
	return pair_runs(c->p);
}

static bool nothing_left(struct club *c)
{
	int i;

	for (i = 0; i < 2; i++)
		if (dlm_lkb_count(c->p->node[i].ls))
			return false;
	return true;
}

/* break connections, and stop and start locking, until all programs are done */
static unsigned int make_trouble(struct club *c, bool cuts, bool recoveries)
{
	unsigned long end = jiffies + DEADLINE;
	unsigned int stops = 0;
	struct rnd_state rnd;
	u32 r;

	prandom_seed_state(&rnd, first_seed + 99);
	while (atomic_read(&c->busy) && time_before(jiffies, end)) {
		r = prandom_u32_state(&rnd);
		schedule_timeout_uninterruptible(1 + r % 3);
		r >>= 8;
		if (cuts && r % 4 < 2)
			pair_cut(c->p, r % 2);
		r >>= 8;
		if (!recoveries || r % 8)
			continue;
		r >>= 4;
		pair_stop(c->p, r % 2);
		pair_start(c->p, 1 + r / 2 % 3, 1 + r / 8 % 3);
		stops++;
		/* or the next stop meets it in any phase */
		if (r / 32 % 4 && !wait_until(both_run, c))
			break;
	}
	return stops;
}

/* --- the suite ------------------------------------------------------------ */

static void start_members(struct kunit *test, struct club *c)
{
	struct member *m;
	int i, j;

	for (i = 0; i < NAMES; i++)
		spin_lock_init(&c->name[i].lock);
	for (i = 0; i < THREADS; i++) {
		m = &c->m[i];
		m->c = c;
		m->n = &c->p->node[i % 2];
		m->number = i;
		prandom_seed_state(&m->rnd, first_seed + i);
		init_waitqueue_head(&m->wait);
		init_completion(&m->done);
		for (j = 0; j < SLOTS; j++) {
			m->slot[j].m = m;
			m->slot[j].mode = IV;
			m->slot[j].gone = true;
		}
		open_handle(m);
	}
	atomic_set(&c->busy, THREADS);
	for (i = 0; i < THREADS; i++) {
		m = &c->m[i];
		m->task = kthread_run(member_thread, m, "dlm-pair-%d", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(m->task));
		if (IS_ERR(m->task)) {
			atomic_dec(&c->busy);
			complete(&m->done);
		}
	}
}

static void check_end(struct kunit *test, struct club *c)
{
	struct handle *h;
	int i;

	KUNIT_EXPECT_TRUE(test, wait_until(both_run, c));
	for (i = 0; i < THREADS; i++)
		dlm_orphans_purge(c->m[i].n->ls, 0);
	KUNIT_EXPECT_TRUE(test, wait_until(nothing_left, c));
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, atomic_read(&c->freed), atomic_read(&c->made));
	for (i = 0; i < PAIR_WRONGS; i++)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c->p->wrong[i]), 0, "%s",
				    pair_wrong_name(i));
	for (i = 0; i < THREADS; i++) {
		while ((h = c->m[i].handle)) {
			c->m[i].handle = h->next;
			KUNIT_EXPECT_EQ(test, atomic_read(&h->refs), 0);
			KUNIT_EXPECT_TRUE(test, list_empty(&h->owner.locks));
			kfree(h);
		}
	}
}

static void hammer(struct kunit *test, bool cuts, bool recoveries, bool faults)
{
	struct club *c = kvzalloc(sizeof(*c), GFP_KERNEL);
	unsigned int stops;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->p = pair_create(test, faults, faults);
	KUNIT_EXPECT_TRUE(test, wait_until(both_run, c));
	if (faults)
		t_faults_begin(3);
	start_members(test, c);
	stops = make_trouble(c, cuts, recoveries);
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&c->m[i].done, DEADLINE), 0UL);
		if (!IS_ERR(c->m[i].task))
			kthread_stop(c->m[i].task);
	}
	if (faults)
		t_faults_end();
	kunit_info(test, "%d locks, %d completions, %u recoveries, %lu and %lu cuts, %d calls without memory\n",
		   atomic_read(&c->made), atomic_read(&c->told), stops, c->p->way[0].cuts,
		   c->p->way[1].cuts, atomic_read(&c->refused));
	KUNIT_EXPECT_GT(test, atomic_read(&c->made), (int)(THREADS * steps / 20));
	check_end(test, c);
	KUNIT_EXPECT_EQ(test, !!stops, recoveries);
	KUNIT_EXPECT_EQ(test, !!atomic_read(&c->refused), faults);
	pair_destroy(c->p);
	kvfree(c);
}

static void undisturbed(struct kunit *test)
{
	hammer(test, false, false, false);
}

static void cut_connections(struct kunit *test)
{
	hammer(test, true, false, false);
}

static void recoveries(struct kunit *test)
{
	hammer(test, true, true, false);
}

static void without_memory(struct kunit *test)
{
	if (!t_faults_possible())
		kunit_skip(test, "no fault injection in this kernel");
	hammer(test, true, true, true);
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE(undisturbed),
	KUNIT_CASE(cut_connections),
	KUNIT_CASE(recoveries),
	KUNIT_CASE(without_memory),
	{}
};

static struct kunit_suite pair_suite = {
	.name = "dlm_pair",
	.test_cases = pair_cases,
};

kunit_test_suite(pair_suite);

MODULE_LICENSE("GPL");
