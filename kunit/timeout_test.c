// SPDX-License-Identifier: GPL-2.0
/*
 * timeout.c: LKF_TIMEOUT and TIMEWARN with invented times (lock-semantics.md 9).
 *
 * The scans here are the test's own; the real timer is put off for hours.
 */
#include <linux/sched.h>
#include "fixture.h"

#define TIMEOUT		DLM_LKF_TIMEOUT

/* what node->timewarn was called with */
struct warnings {
	unsigned int		n;
	struct dlm_timewarn	last;
};

static void warn(const struct dlm_timewarn *tw)
{
	/* the scans run in the test's own thread */
	struct t_world *w = current->kunit_test->priv;
	struct warnings *warnings = w->priv;

	warnings->n++;
	warnings->last = *tw;
}

static void prepare(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct warnings *warnings;

	warnings = kunit_kzalloc(test, sizeof(*warnings), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, warnings);
	w->priv = warnings;
	w->node->config.scan_secs = 10000;
	w->node->timewarn = warn;
}

static int timeout_init(struct kunit *test)
{
	t_init(test);
	prepare(test);
	return 0;
}

static int timewarn_init(struct kunit *test)
{
	t_init_timewarn(test);
	prepare(test);
	return 0;
}

static ktime_t since(struct t_lock *l)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(l->w->ls, l->id);
	ktime_t t;

	KUNIT_ASSERT_NOT_NULL(l->w->test, lkb);
	t = lkb->since;
	dlm_rsb_unlock(lkb->rsb);
	return t;
}

/* a scan @ms after @l began to wait */
static void scan_at(struct t_lock *l, s64 ms)
{
	dlm_watch_scan(l->w->ls, ktime_add_ms(since(l), ms));
}

static unsigned int warned(struct t_world *w)
{
	return ((struct warnings *)w->priv)->n;
}

static void request_expires(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	w->b->timeout_cs = 150;
	t_lock(w->b, EX, TIMEOUT, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	scan_at(w->b, 0);
	scan_at(w->b, 1499);
	t_quiet(w->b);
	scan_at(w->b, 1500);
	t_cast(w->b, -ETIMEDOUT, IV, 0);
	t_gone(w->b);
	/* others go on as after any cancel */
	t_granted(w->c, PR);
}

static void conversion_expires(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	w->b->timeout_cs = 1;
	t_convert(w->b, EX, TIMEOUT, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	scan_at(w->b, 9);
	t_quiet(w->b);
	scan_at(w->b, 10);
	t_cast(w->b, -ETIMEDOUT, PR, 0);
	t_holds(w->b, PR);
	t_granted(w->c, PR);
	/* as good as new */
	w->b->timeout_cs = 100;
	t_convert(w->b, EX, TIMEOUT, WAITS);
	scan_at(w->b, 999);
	t_quiet(w->b);
	scan_at(w->b, 1000);
	t_cast(w->b, -ETIMEDOUT, PR, 0);
	t_unlock(w->b, 0);
}

/* 0, or a number without the flag, means none */
static void no_timeout(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	w->b->timeout_cs = 0;
	t_lock(w->b, EX, TIMEOUT, WAITS);
	w->c->timeout_cs = 1;
	t_lock(w->c, EX, 0, WAITS);
	scan_at(w->b, 1000000000);
	t_waiting(w->b);
	t_waiting(w->c);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
}

/* each wait is timed anew, and only while it lasts */
static void wait_is_over(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->b->timeout_cs = 100;
	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, PR, TIMEOUT, WAITS);
	KUNIT_EXPECT_FALSE(test, list_empty(&w->ls->watched));
	t_unlock(w->a, 0);
	t_granted(w->b, PR);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
	scan_at(w->b, 1000000);
	t_holds(w->b, PR);
	/* a lock granted at once is not watched at all */
	t_convert(w->b, CR, TIMEOUT, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
	/* a later wait without the flag has no timeout */
	t_lock(w->a, CW, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	scan_at(w->b, 1000000);
	t_converting(w->b, CR);
	t_cancel(w->b);
	t_convert(w->b, EX, TIMEOUT, WAITS);
	t_cancel(w->b);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
	t_convert(w->b, EX, TIMEOUT, WAITS);
	t_unlock(w->b, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
	t_lock(w->b, EX, TIMEOUT, WAITS);
	t_client_close(w->client[1]);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
}

/* several in one scan, each by its own time; the rest stays watched */
static void many(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->b->timeout_cs = 100;
	w->c->timeout_cs = 300;
	w->d->timeout_cs = 200;
	w->e->timeout_cs = 100;
	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, TIMEOUT, WAITS);
	t_lock(w->c, EX, TIMEOUT, WAITS);
	t_lock(w->d, EX, TIMEOUT, WAITS);
	t_lock(w->e, EX, TIMEOUT, WAITS);
	scan_at(w->c, 2500);
	t_cast(w->b, -ETIMEDOUT, IV, 0);
	t_cast(w->d, -ETIMEDOUT, IV, 0);
	t_cast(w->e, -ETIMEDOUT, IV, 0);
	t_waiting(w->c);
	scan_at(w->c, 3500);
	t_cast(w->c, -ETIMEDOUT, IV, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->watched));
}

/* without TIMEWARN nobody is warned */
static void no_timewarn(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->b->timeout_cs = 1000000;
	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, TIMEOUT, WAITS);
	scan_at(w->b, 100000);
	KUNIT_EXPECT_EQ(test, warned(w), 0U);
}

/* at five seconds by default, once for each wait */
static void warns_once(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, EX, 0, WAITS);
	scan_at(w->b, 4999);
	KUNIT_EXPECT_EQ(test, warned(w), 0U);
	scan_at(w->b, 5000);
	KUNIT_EXPECT_EQ(test, warned(w), 1U);
	scan_at(w->b, 5000);
	scan_at(w->b, 1000000);
	KUNIT_EXPECT_EQ(test, warned(w), 1U);
	t_waiting(w->b);
	t_unlock(w->a, 0);
	t_granted(w->b, EX);
	/* a new wait, a new warning */
	t_convert(w->b, PR, 0, 0);
	t_lock(w->a, PR, 0, 0);
	t_convert(w->b, EX, 0, WAITS);
	scan_at(w->b, 5000);
	scan_at(w->b, 5001);
	KUNIT_EXPECT_EQ(test, warned(w), 2U);
}

static void warning_says_who(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_timewarn *tw = &((struct warnings *)w->priv)->last;

	w->node->config.timewarn_cs = 10;
	t_lock(w->a, PR, 0, 0);
	t_lock(w->b, CR, 0, 0);
	t_convert(w->b, PW, 0, WAITS);
	scan_at(w->b, 99);
	KUNIT_EXPECT_EQ(test, warned(w), 0U);
	scan_at(w->b, 100);
	KUNIT_ASSERT_EQ(test, warned(w), 1U);
	KUNIT_EXPECT_EQ(test, tw->ls_id, dlm_ls_id(w->ls));
	KUNIT_EXPECT_EQ(test, tw->nodeid, 0);
	KUNIT_EXPECT_EQ(test, tw->pid, 101U);
	KUNIT_EXPECT_EQ(test, tw->lkid, w->b->id);
	KUNIT_EXPECT_EQ(test, tw->remid, 0U);
	KUNIT_EXPECT_EQ(test, tw->xid, 0x1000000000ULL + w->b->id);
	KUNIT_EXPECT_EQ(test, (int)tw->status, 3);
	KUNIT_EXPECT_EQ(test, (int)tw->grmode, CR);
	KUNIT_EXPECT_EQ(test, (int)tw->rqmode, PW);
	KUNIT_EXPECT_EQ(test, tw->len, 1U);
	KUNIT_EXPECT_EQ(test, tw->name[0], 'r');
	t_lock(w->c, PR, 0, WAITS);
	scan_at(w->c, 100);
	KUNIT_EXPECT_EQ(test, (int)tw->status, 1);
	KUNIT_EXPECT_EQ(test, (int)tw->grmode, IV);
	KUNIT_EXPECT_EQ(test, (int)tw->rqmode, PR);
	KUNIT_EXPECT_EQ(test, tw->pid, 102U);
}

/* NODLCKWT is exempt, though its timeout works */
static void nodlckwt_is_exempt(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, NODLCKWT, WAITS);
	w->c->timeout_cs = 1000;
	t_lock(w->c, EX, NODLCKWT | TIMEOUT, WAITS);
	scan_at(w->b, 9999);
	KUNIT_EXPECT_EQ(test, warned(w), 0U);
	scan_at(w->c, 10000);
	KUNIT_EXPECT_EQ(test, warned(w), 0U);
	t_waiting(w->b);
	t_cast(w->c, -ETIMEDOUT, IV, 0);
}

/* timeout 0 is no timeout, but still a wait to be warned of */
static void timeout_zero_is_warned(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	t_lock(w->b, EX, TIMEOUT, WAITS);
	scan_at(w->b, 100000);
	t_waiting(w->b);
	KUNIT_EXPECT_EQ(test, warned(w), 1U);
}

/* warned of first, ended in the same scan or later */
static void warning_and_timeout(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	w->b->timeout_cs = 600;
	t_lock(w->b, EX, TIMEOUT, WAITS);
	w->c->timeout_cs = 400;
	t_lock(w->c, EX, TIMEOUT, WAITS);
	scan_at(w->c, 5000);
	KUNIT_EXPECT_EQ(test, warned(w), 2U);
	t_cast(w->c, -ETIMEDOUT, IV, 0);
	t_waiting(w->b);
	scan_at(w->b, 6000);
	KUNIT_EXPECT_EQ(test, warned(w), 2U);
	t_cast(w->b, -ETIMEDOUT, IV, 0);
}

static struct kunit_case timeout_cases[] = {
	KUNIT_CASE(request_expires),
	KUNIT_CASE(conversion_expires),
	KUNIT_CASE(no_timeout),
	KUNIT_CASE(wait_is_over),
	KUNIT_CASE(many),
	KUNIT_CASE(no_timewarn),
	{}
};

static struct kunit_suite timeout_suite = {
	.name = "dlm_timeout",
	.init = timeout_init,
	.exit = t_exit,
	.test_cases = timeout_cases,
};

static struct kunit_case timewarn_cases[] = {
	KUNIT_CASE(request_expires),
	KUNIT_CASE(warns_once),
	KUNIT_CASE(warning_says_who),
	KUNIT_CASE(nodlckwt_is_exempt),
	KUNIT_CASE(timeout_zero_is_warned),
	KUNIT_CASE(warning_and_timeout),
	{}
};

static struct kunit_suite timewarn_suite = {
	.name = "dlm_timewarn",
	.init = timewarn_init,
	.exit = t_exit,
	.test_cases = timewarn_cases,
};

kunit_test_suites(&timeout_suite, &timewarn_suite);

MODULE_LICENSE("GPL");
