// SPDX-License-Identifier: GPL-2.0
/*
 * Which flags, modes and ids are accepted, and which errno the others get
 * (lock-semantics.md 4), in the order in which the checks are made.
 */
#include "fixture.h"

#define ALL_FLAGS	0x7ffff
#define TIMEOUT		0x40000

/*
 * The rules again, as the table of lock-semantics.md 4 has them: what makes a
 * flag impossible is a set of others that must be there or must not.
 */
struct rule {
	u32 flag;
	u32 needs;	/* all of them */
	u32 excludes;	/* any of them */
	s8 mode;	/* only with this mode, IV: any */
};

static const struct rule lock_rules[] = {
	{ 0x00002, 0,	    ~0U, IV },			/* CANCEL: never */
	{ 0x00010, 0x00004, 0, IV },			/* QUECVT */
	{ 0x00040, 0x00004, 0x00001, IV },		/* CONVDEADLK */
	{ 0x00400, 0,	    0x00004 | 0x00010 | 0x00001, NL },	/* EXPEDITE */
};

static int lock_errno(u32 flags, int mode)
{
	const struct rule *r;

	if (mode < 0 || mode > 5)
		return -EINVAL;
	for (r = lock_rules; r < lock_rules + ARRAY_SIZE(lock_rules); r++) {
		if (!(flags & r->flag))
			continue;
		if ((flags & r->needs) != r->needs || flags & r->excludes ||
		    (r->mode != IV && r->mode != mode))
			return -EINVAL;
	}
	return 0;
}

static void all_lock_flags(struct kunit *test)
{
	u32 flags, wrong = 0;
	int mode;

	for (mode = -2; mode <= 7; mode++) {
		for (flags = 0; flags <= ALL_FLAGS; flags++) {
			if (dlm_lock_check_flags(flags, mode) ==
			    lock_errno(flags, mode))
				continue;
			if (!wrong++)
				KUNIT_FAIL(test, "flags %x mode %d: %d, not %d",
					   flags, mode,
					   dlm_lock_check_flags(flags, mode),
					   lock_errno(flags, mode));
		}
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/* other bits are no reason to refuse a lock */
static void other_lock_flags(struct kunit *test)
{
	int bit;

	for (bit = 19; bit < 32; bit++) {
		KUNIT_EXPECT_EQ(test, dlm_lock_check_flags(1U << bit, EX), 0);
		KUNIT_EXPECT_EQ(test, dlm_lock_check_flags(1U << bit | CANCEL, EX),
				-EINVAL);
	}
	KUNIT_EXPECT_EQ(test, dlm_lock_check_flags(0, INT_MIN), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_lock_check_flags(0, INT_MAX), -EINVAL);
}

static int unlock_errno(u32 flags)
{
	switch (flags & 0x20002) {
	case 0x20002:
		return -EINVAL;
	default:
		/* besides CANCEL and FORCEUNLOCK only VALBLK and IVVALBLK */
		return (flags | 0x20002 | 0x8 | 0x20) == (0x20002 | 0x8 | 0x20) ?
		       0 : -EINVAL;
	}
}

static void all_unlock_flags(struct kunit *test)
{
	u32 flags, wrong = 0;
	int bit;

	for (flags = 0; flags <= ALL_FLAGS; flags++) {
		if (dlm_unlock_check_flags(flags) == unlock_errno(flags))
			continue;
		if (!wrong++)
			KUNIT_FAIL(test, "flags %x: %d, not %d", flags,
				   dlm_unlock_check_flags(flags),
				   unlock_errno(flags));
	}
	for (bit = 19; bit < 32; bit++)
		KUNIT_EXPECT_EQ(test, dlm_unlock_check_flags(1U << bit), -EINVAL);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
}

/* the calls make these checks, and a call that fails changes nothing */
static void calls_check_flags(struct kunit *test)
{
	struct t_world *w = test->priv;
	u32 flags;
	int i;

	t_lock(w->a, PR, PERSISTENT, 0);
	for (i = 0; i < 19; i++) {
		flags = BIT(i) | EXPEDITE;
		KUNIT_EXPECT_EQ(test, t_call_lock(w->b, EX, flags, "r", 1), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_convert(w->a, EX, flags | CONVERT), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, flags), -EINVAL);
		flags = BIT(i) | NOORDER;
		KUNIT_EXPECT_EQ(test, t_call_unlock(w->a, flags), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, flags, -DLM_ECANCEL), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, flags, -EDEADLK), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, 6, 0, "r", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, IV, 0, "r", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, 6, CONVERT), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, IV, CONVERT), -EINVAL);
	/* each call has its kind of flag */
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, NL, CONVERT, "r", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, NL, 0), -EINVAL);

	KUNIT_EXPECT_EQ(test, w->a->binds, 0U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 1U);
	KUNIT_EXPECT_EQ(test, w->b->accepts, 0U);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, PERSISTENT);
	t_holds(w->a, PR);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), 1);
}

/* flags are looked at before the id, the id before the lock's state */
static void unknown_ids(struct kunit *test)
{
	static const u32 ids[] = { 0, 2, 1000, DLM_LKID_MAX, 0x80000001, ~0U };
	struct t_world *w = test->priv;
	int i;

	t_lock(w->a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, w->a->id, 1U);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		w->b->id = ids[i];
		KUNIT_EXPECT_EQ(test, t_call_convert(w->b, EX, CONVERT), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_convert(w->b, NL, CONVERT | QUECVT), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, 0), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, FORCEUNLOCK), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, 0, -EDEADLK), -ENOENT);
		KUNIT_EXPECT_EQ(test, t_call_convert(w->b, 6, CONVERT), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, ORPHAN), -EINVAL);
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL | FORCEUNLOCK,
						    -DLM_ECANCEL), -EINVAL);
	}
}

/* a conversion of a lock that waits or converts; the state comes before QUECVT */
static void busy(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_lock(w->c, EX, 0, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, NL, CONVERT), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, NL, CONVERT | QUECVT), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->c, NL, CONVERT), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->c, PR, CONVERT | NOQUEUE), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, 7, CONVERT), -EINVAL);
	KUNIT_EXPECT_EQ(test, w->b->accepts, 2U);
	KUNIT_EXPECT_EQ(test, w->c->accepts, 1U);
	t_converting(w->b, CR);
	t_waiting(w->c);
	KUNIT_EXPECT_EQ(test, t_look(w->b).rqmode, EX);
	KUNIT_EXPECT_EQ(test, t_look(w->b).exflags, CONVERT);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);
}

/* an id of another kind of lock */
static void other_kind(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_lkb_ops other = t_lkb_ops;
	struct dlm_op op = { .ops = &other, .flags = CONVERT, .mode = NL };

	t_lock(w->a, PR, PERSISTENT, 0);
	KUNIT_EXPECT_EQ(test, dlm_convert(w->ls, &op, w->a->id), -EINVAL);
	op.flags = 0;
	KUNIT_EXPECT_EQ(test, dlm_unlock_id(w->ls, &op, w->a->id), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_cancel_id(w->ls, &op, w->a->id, -EDEADLK), -EINVAL);
	KUNIT_EXPECT_EQ(test, w->a->binds, 0U);
	t_client_close(w->client[0]);
	op.owner = &w->client[1]->owner;
	op.mode = PR;
	KUNIT_EXPECT_EQ(test, dlm_orphan_adopt(w->ls, &op, "r", 1), -EINVAL);
	t_holds(w->a, PR);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), 0);
}

/* current flags: replaced by lock and convert, or-ed by unlock and cancel */
static void current_flags(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT | NODLCKWT | 0x80000000, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, PERSISTENT | NODLCKWT | 0x80000000);
	t_convert(w->a, PR, NOORDER, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, CONVERT | NOORDER);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->a, EX, HEADQUE, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, CANCEL | VALBLK, -DLM_ECANCEL), 0);
	t_cast(w->a, -DLM_ECANCEL, PR, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, CONVERT | HEADQUE | CANCEL | VALBLK);
	t_convert(w->a, EX, NOQUEUE, -EAGAIN);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, CONVERT | NOQUEUE);
}

/* who used it last */
static void recorded_pid(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).pid, 100U);
	w->client[0]->pid = 555;
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).pid, 100U);
	t_convert(w->a, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).pid, 555U);
}

/* FORCEUNLOCK in a lock call is ignored: a later close or unlock goes its way */
static void forceunlock_in_lock(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, FORCEUNLOCK, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags & FORCEUNLOCK, 0U);
	t_convert(w->a, EX, FORCEUNLOCK, 0);
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags & FORCEUNLOCK, 0U);
	t_lock(w->b, PR, FORCEUNLOCK, WAITS);
	t_unlock(w->a, FORCEUNLOCK);
	t_granted(w->b, PR);
	t_lock(w->d, CR, FORCEUNLOCK | PERSISTENT, 0);
	t_client_close(w->client[1]);
	t_gone(w->b);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, CR, FORCEUNLOCK), 0);
	KUNIT_EXPECT_EQ(test, t_look(w->c).exflags & FORCEUNLOCK, 0U);
	t_client_close(w->client[2]);
	t_gone(w->c);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
}

/* ORPHAN means nothing together with CONVERT */
static void orphan_with_convert(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_convert(w->a, CR, ORPHAN, 0);
	t_holds(w->a, CR);
}

/* bind comes for each call that finds its lock, accept for those that pass */
static void bind_and_accept(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 1U);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, NL, CONVERT | QUECVT), -EINVAL);
	KUNIT_EXPECT_EQ(test, w->a->binds, 1U);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, NL, CONVERT), -EBUSY);
	KUNIT_EXPECT_EQ(test, w->a->binds, 3U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 2U);
	t_cancel(w->a);
	KUNIT_EXPECT_EQ(test, w->a->binds, 4U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 3U);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, CANCEL, -DLM_ECANCEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, w->a->binds, 5U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 3U);
	t_unlock(w->a, 0);
	KUNIT_EXPECT_EQ(test, w->a->binds, 6U);
	KUNIT_EXPECT_EQ(test, w->a->accepts, 4U);
	KUNIT_EXPECT_EQ(test, w->a->unbinds, 1U);
}

static struct kunit_case flags_cases[] = {
	KUNIT_CASE(calls_check_flags),
	KUNIT_CASE(unknown_ids),
	KUNIT_CASE(busy),
	KUNIT_CASE(other_kind),
	KUNIT_CASE(current_flags),
	KUNIT_CASE(recorded_pid),
	KUNIT_CASE(forceunlock_in_lock),
	KUNIT_CASE(orphan_with_convert),
	KUNIT_CASE(bind_and_accept),
	{}
};

static struct kunit_suite flags_suite = {
	.name = "dlm_flags",
	.init = t_init,
	.exit = t_exit,
	.test_cases = flags_cases,
};

static struct kunit_case flag_table_cases[] = {
	KUNIT_CASE(all_lock_flags),
	KUNIT_CASE(other_lock_flags),
	KUNIT_CASE(all_unlock_flags),
	{}
};

static struct kunit_suite flag_table_suite = {
	.name = "dlm_flag_table",
	.test_cases = flag_table_cases,
};

kunit_test_suites(&flags_suite, &flag_table_suite);

MODULE_LICENSE("GPL");
