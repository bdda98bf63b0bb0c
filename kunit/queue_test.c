// SPDX-License-Identifier: GPL-2.0
/*
 * grant.c and master.c: who is served "later", in which order, and what makes
 * the queues move (lock-semantics.md 2, 3 rules g to j, 8).
 */
#include "fixture.h"

/* rule j: first come, first served, and as many as fit */
static void requests_in_order(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_lock(w->d, EX, 0, WAITS);
	t_lock(w->e, PR, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->b, PR);
	t_granted(w->c, PR);
	t_unlock(w->b, 0);
	t_quiet(w->d);
	t_unlock(w->c, 0);
	t_granted(w->d, EX);
	t_quiet(w->e);
	t_unlock(w->d, 0);
	t_granted(w->e, PR);
}

static void head_of_wait_queue(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, EX, HEADQUE, WAITS);
	t_lock(w->d, EX, HEADQUE, WAITS);
	t_lock(w->e, EX, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->d, EX);
	t_unlock(w->d, 0);
	t_granted(w->c, EX);
	t_unlock(w->c, 0);
	t_granted(w->b, EX);
	t_unlock(w->b, 0);
	t_granted(w->e, EX);
}

/* HEADQUE makes a request wait first in line: it is no licence to skip the line */
static void head_is_not_skipping(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, HEADQUE, WAITS);
	t_lock(w->d, PR, HEADQUE | NOQUEUE, -EAGAIN);
	/* the next look at the queues serves it */
	t_lock(w->e, NL, EXPEDITE, 0);
	t_unlock(w->e, 0);
	t_granted(w->c, PR);
}

static void head_of_convert_queue(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, NL, EXPEDITE, 0);
	t_lock(w->c, NL, EXPEDITE, 0);
	t_lock(w->d, NL, EXPEDITE, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_convert(w->c, EX, HEADQUE, WAITS);
	t_convert(w->d, EX, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->c, EX);
	t_unlock(w->c, 0);
	t_granted(w->b, EX);
	t_unlock(w->b, 0);
	t_granted(w->d, EX);
}

/* rule h */
static void conversions_in_order(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_lock(w->d, NL, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_convert(w->c, CW, 0, WAITS);
	t_convert(w->d, CW, 0, WAITS);
	/* c and d would fit now, b is first */
	t_convert(w->a, CR, 0, 0);
	t_quiet(w->c);
	t_quiet(w->d);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);
	t_unlock(w->b, 0);
	t_granted(w->c, CW);
	t_granted(w->d, CW);
}

/* rule g for conversions: only later, now they jump anyway */
static void conversion_without_order(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_lock(w->d, NL, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_convert(w->c, CW, NOORDER, WAITS);
	t_convert(w->d, CW, 0, WAITS);
	t_convert(w->a, CR, 0, 0);
	t_granted(w->c, CW);
	t_quiet(w->b);
	t_quiet(w->d);
}

/* rule g for requests: granted when the re-scan reaches it */
static void request_without_order(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PW, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, NOORDER, WAITS);
	t_lock(w->d, PR, 0, WAITS);
	t_convert(w->a, PR, 0, 0);
	t_granted(w->c, PR);
	t_quiet(w->b);
	t_quiet(w->d);
	/* even while conversions wait */
	t_lock(w->e, CW, NOORDER, WAITS);
	t_convert(w->c, EX, 0, WAITS);
	t_convert(w->a, NL, 0, 0);
	t_granted(w->c, EX);
	t_convert(w->c, PR, 0, 0);
	t_convert(w->a, CR, 0, 0);
	t_convert(w->c, EX, 0, WAITS);
	t_lock(w->f, CR, NOORDER, 0);
}

/* a convert queue, even of locks that block nobody, stops requests */
static void conversions_go_first(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_convert(w->b, PW, 0, WAITS);
	t_lock(w->c, PW, 0, WAITS);
	t_lock(w->d, NL, 0, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->b, PW);
	t_quiet(w->c);
	t_unlock(w->b, 0);
	t_granted(w->c, PW);
	t_granted(w->d, NL);
}

/*
 * A grant behind can make room ahead: c gives up PR for CW, which b is waiting
 * for.  Then the scan begins again.
 */
static void grant_behind_makes_room(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_lock(w->c, PR, 0, 0);
	t_convert(w->b, CW, 0, WAITS);
	t_convert(w->c, CW, NOORDER | NODLCKWT, WAITS);
	t_unlock(w->a, 0);
	t_granted(w->c, CW);
	t_granted(w->b, CW);
}

static void by_unlock(struct t_world *w)
{
	t_unlock(w->c, 0);
}

static void by_unlock_of_waiter(struct t_world *w)
{
	t_unlock(w->d, 0);
}

static void by_cancel(struct t_world *w)
{
	t_cancel(w->d);
}

static void by_conversion(struct t_world *w)
{
	t_convert(w->c, NL, 0, 0);
}

static void by_idle_cancel(struct t_world *w)
{
	KUNIT_EXPECT_EQ(w->test, t_call_cancel(w->a, CANCEL, -DLM_ECANCEL), 0);
}

static void by_request(struct t_world *w)
{
	t_lock(w->e, NL, EXPEDITE, 0);
}

static void by_refused_request(struct t_world *w)
{
	t_lock(w->e, PR, NOQUEUE, -EAGAIN);
}

static void by_refused_conversion(struct t_world *w)
{
	t_convert(w->a, EX, NOQUEUE, -EAGAIN);
}

static void by_failed_unlock(struct t_world *w)
{
	KUNIT_EXPECT_EQ(w->test, t_call_unlock(w->c, ORPHAN), -EINVAL);
}

struct rescan_case {
	const char *name;
	void (*act)(struct t_world *w);
	bool served;
};

static const struct rescan_case rescan_cases[] = {
	{ "unlock",		by_unlock,		true },
	{ "unlock of a waiter",	by_unlock_of_waiter,	true },
	{ "cancel",		by_cancel,		true },
	{ "granted conversion",	by_conversion,		true },
	{ "idle cancel",	by_idle_cancel,		false },
	{ "granted request",	by_request,		false },
	{ "refused request",	by_refused_request,	false },
	{ "refused conversion",	by_refused_conversion,	false },
	{ "failed unlock",	by_failed_unlock,	false },
};

static void rescan_desc(const struct rescan_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rescan, rescan_cases, rescan_desc);

static void what_moves_the_queues(struct kunit *test)
{
	const struct rescan_case *c = test->param_value;
	struct t_world *w = test->priv;

	/* f is first in line and would fit: only a re-scan is missing */
	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_lock(w->c, NL, 0, 0);
	t_lock(w->d, EX, 0, WAITS);
	t_lock(w->f, PR, HEADQUE, WAITS);
	c->act(w);
	if (c->served)
		t_granted(w->f, PR);
	t_quiet(w->f);
}

/* an alternative mode is tried again at each look */
static void alternative_later(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, ALTCW, WAITS);
	t_lock(w->c, EX, ALTPR, WAITS);
	t_convert(w->a, CW, 0, 0);
	t_cast(w->b, 0, CW, ALTMODE);
	t_quiet(w->c);
	t_unlock(w->a, 0);
	t_quiet(w->c);
	t_unlock(w->b, 0);
	t_granted(w->c, EX);
}

static void alternative_conversion_later(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PW, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, PW, ALTPR | ALTCW, WAITS);
	t_convert(w->a, PR, 0, 0);
	t_cast(w->b, 0, PR, ALTMODE);
	t_holds(w->b, PR);
}

static void unlock_waiting(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_unlock(w->b, 0);
	t_gone(w->b);
	t_granted(w->c, PR);
}

static void unlock_converting(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_lock(w->c, CW, 0, WAITS);
	t_unlock(w->b, 0);
	t_gone(w->b);
	t_quiet(w->c);
	t_unlock(w->a, 0);
	t_granted(w->c, CW);
}

static void force_unlock(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_unlock(w->c, FORCEUNLOCK);
	t_unlock(w->b, FORCEUNLOCK);
	t_unlock(w->a, FORCEUNLOCK);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->a, FORCEUNLOCK), -ENOENT);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
}

static void cancel_waiting(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_cancel(w->b);
	t_granted(w->c, PR);
	t_gone(w->b);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), -ENOENT);
}

static void cancel_converting(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_cancel(w->b);
	t_holds(w->b, PR);
	t_granted(w->c, PR);
	KUNIT_EXPECT_EQ(test, t_look(w->b).rqmode, IV);
	/* one effective cancel for each conversion */
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), -EINVAL);
	t_convert(w->b, EX, 0, WAITS);
	t_cancel(w->b);
	/* and the lock is as good as before */
	t_convert(w->b, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), 0);
	t_unlock(w->b, 0);
}

/* nothing happens, however often */
static void cancel_idle(struct kunit *test)
{
	struct t_world *w = test->priv;
	int i;

	t_lock(w->a, PR, 0, 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, CANCEL, -DLM_ECANCEL), 0);
		t_quiet(w->a);
	}
	KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, 0U);
	/* a DEADLOCK command on an idle lock does not colour a later cancel */
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->a, 0, -EDEADLK), 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->a, EX, 0, WAITS);
	t_cancel(w->a);
}

static void deadlock_command(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, 0, -EDEADLK), 0);
	t_cast(w->b, -EDEADLK, CR, 0);
	t_holds(w->b, CR);
	t_lock(w->c, EX, 0, WAITS);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->c, CANCEL, -EDEADLK), 0);
	t_cast(w->c, -EDEADLK, IV, 0);
	t_gone(w->c);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->c, 0, -EDEADLK), -ENOENT);
}

/* any number of resources, each with queues of its own */
static void many_resources(struct kunit *test)
{
	enum { N = 200 };
	struct t_world *w = test->priv;
	struct t_lock **holder, **waiter;
	char *name;
	int i;

	holder = kunit_kcalloc(test, 2 * N, sizeof(*holder), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, holder);
	waiter = holder + N;
	for (i = 0; i < N; i++) {
		name = kunit_kzalloc(test, 16, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, name);
		snprintf(name, 16, "res%d", i);
		holder[i] = t_new(w, w->client[0], name);
		waiter[i] = t_new(w, w->client[1], name);
		t_lock(holder[i], EX, 0, 0);
	}
	for (i = 0; i < N; i++)
		t_lock(waiter[i], PR, 0, WAITS);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 2U * N);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), N);
	for (i = N - 1; i >= 0; i--) {
		t_unlock(holder[i], 0);
		t_granted(waiter[i], PR);
		if (i)
			t_quiet(waiter[i - 1]);
	}
	for (i = 0; i < N; i++)
		t_unlock(waiter[i], 0);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), 0);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(requests_in_order),
	KUNIT_CASE(head_of_wait_queue),
	KUNIT_CASE(head_is_not_skipping),
	KUNIT_CASE(head_of_convert_queue),
	KUNIT_CASE(conversions_in_order),
	KUNIT_CASE(conversion_without_order),
	KUNIT_CASE(request_without_order),
	KUNIT_CASE(conversions_go_first),
	KUNIT_CASE(grant_behind_makes_room),
	KUNIT_CASE_PARAM(what_moves_the_queues, rescan_gen_params),
	KUNIT_CASE(alternative_later),
	KUNIT_CASE(alternative_conversion_later),
	KUNIT_CASE(unlock_waiting),
	KUNIT_CASE(unlock_converting),
	KUNIT_CASE(force_unlock),
	KUNIT_CASE(cancel_waiting),
	KUNIT_CASE(cancel_converting),
	KUNIT_CASE(cancel_idle),
	KUNIT_CASE(deadlock_command),
	KUNIT_CASE(many_resources),
	{}
};

static struct kunit_suite queue_suite = {
	.name = "dlm_queue",
	.init = t_init,
	.exit = t_exit,
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);

MODULE_LICENSE("GPL");
