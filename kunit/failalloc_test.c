// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when memory runs out in the middle of an operation: -ENOMEM,
 * and nothing has changed.
 *
 * The kernel's own fault injection fails the first, second, third ... allocation of
 * the calling thread, until the operation needs no more.  Needs CONFIG_FAILSLAB
 * and its debugfs files; without them the suite is skipped.
 */
#include "faults.h"
#include "rnet.h"
#include "../dlm_lowcomms/peer.h"

static int failalloc_init(struct kunit *test)
{
	int err = t_init_timewarn(test);

	if (!err && t_faults_possible())
		t_faults_begin(0);
	return err;
}

static void failalloc_exit(struct kunit *test)
{
	if (t_faults_possible())
		t_faults_end();
	t_exit(test);
}

/* does not return where there is no fault injection */
static void needs_faults(struct kunit *test)
{
	if (!t_faults_possible())
		kunit_skip(test, "no fault injection in this kernel");
}

/* more than any operation allocates */
#define MOST	40

/*
 * dlm_request() as t_call_lock() makes it, but for the lock's own memory, which is
 * the caller's business; the n-th allocation fails.
 */
static int request(struct t_world *w, unsigned int n, struct test_lkb **lkb,
		   const char *name, bool *hit)
{
	struct dlm_op op = {
		.ops = &t_lkb_ops,
		.owner = &w->client[1]->owner,
		.flags = VALBLK | DLM_LKF_TIMEOUT,
		.mode = EX,
		.timeout_cs = 1000,
	};
	int err;

	if (!*lkb)
		*lkb = kzalloc(sizeof(**lkb), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(w->test, *lkb);
	(*lkb)->to = w->b;
	t_fail_nth(n);
	err = dlm_request(w->ls, &op, &(*lkb)->lkb, name, strlen(name));
	*hit = t_failed();
	if (!err)
		*lkb = NULL;
	return err;
}

static void requests(struct kunit *test)
{
	/* a new name, short and long, and one that is there */
	static const char * const names[] = {
		"new", "a name that does not fit into the small kind of resource", "r",
	};
	struct t_world *w = test->priv;
	struct test_lkb *lkb = NULL;
	unsigned int n, enomem = 0, count;
	int i, err, rsbs;
	bool hit;

	needs_faults(test);
	t_lock(w->a, NL, 0, 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (n = 1; n < MOST; n++) {
			count = dlm_lkb_count(w->ls);
			rsbs = atomic_read(&w->ls->rsbs.nelems);
			err = request(w, n, &lkb, names[i], &hit);
			if (!err && !hit)
				break;
			/* a table may do without the memory for its next size */
			if (!err) {
				t_granted(w->b, EX);
				t_unlock(w->b, 0);
				continue;
			}
			enomem++;
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), count);
			KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), rsbs);
			KUNIT_EXPECT_TRUE(test, list_empty(&w->client[1]->owner.locks));
			t_quiet(w->b);
		}
		KUNIT_EXPECT_LT(test, n, (unsigned int)MOST);
		t_granted(w->b, EX);
		t_unlock(w->b, 0);
	}
	/* two value blocks and a watch each time, the resource where it is new */
	KUNIT_EXPECT_GE(test, enomem, 3U * 3 + 2);
	kfree(lkb);
}

/*
 * The checkers' own bookkeeping allocates as well and does without if it must, so
 * that an operation may succeed although an allocation failed.
 */
static void conversions(struct kunit *test)
{
	struct t_world *w = test->priv;
	unsigned int n, enomem = 0;
	bool hit = true;
	int err;

	needs_faults(test);
	w->a->timeout_cs = 1000;
	for (n = 1; hit && n < MOST; n++) {
		t_lock(w->a, NL, PERSISTENT, 0);
		w->a->accepts = 0;
		t_fail_nth(n);
		err = t_call_convert(w->a, EX, CONVERT | VALBLK | DLM_LKF_TIMEOUT);
		hit = t_failed();
		if (err) {
			enomem++;
			KUNIT_EXPECT_TRUE(test, hit);
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			t_holds(w->a, NL);
			KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, PERSISTENT);
			KUNIT_EXPECT_EQ(test, t_look(w->a).rqmode, IV);
			KUNIT_EXPECT_EQ(test, w->a->accepts, 0U);
			t_quiet(w->a);
		} else {
			t_granted(w->a, EX);
		}
		t_unlock(w->a, 0);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	/* the watch and two value blocks */
	KUNIT_EXPECT_EQ(test, enomem, 3U);
}

/* an unlock that is the first to store a value block */
static void unlocks(struct kunit *test)
{
	struct t_world *w = test->priv;
	unsigned int n, enomem = 0;
	bool hit = true;
	int err;

	needs_faults(test);
	for (n = 1; hit && n < MOST; n++) {
		t_lock(w->a, NL, VALBLK, 0);
		t_convert(w->a, EX, 0, 0);
		t_fail_nth(n);
		err = t_call_unlock(w->a, VALBLK);
		hit = t_failed();
		if (!err) {
			t_cast(w->a, -DLM_EUNLOCK, EX, 0);
			continue;
		}
		enomem++;
		KUNIT_EXPECT_TRUE(test, hit);
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		t_holds(w->a, EX);
		KUNIT_EXPECT_EQ(test, t_look(w->a).exflags, CONVERT);
		t_quiet(w->a);
		t_unlock(w->a, 0);
	}
	KUNIT_EXPECT_FALSE(test, hit);
	KUNIT_EXPECT_EQ(test, enomem, 1U);
}

/* what must not fail: giving up */
static void giving_up_needs_nothing(struct kunit *test)
{
	struct t_world *w = test->priv;

	needs_faults(test);
	t_lock(w->a, PR, 0, 0);
	t_lock(w->d, PR, PERSISTENT, 0);
	t_lock(w->b, EX, VALBLK, WAITS);
	t_lock(w->c, EX, VALBLK, WAITS);
	t_fail_nth(1);
	KUNIT_EXPECT_EQ(test, t_call_cancel(w->b, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->a, 0), 0);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
	KUNIT_EXPECT_FALSE(test, t_failed());
	t_cast(w->b, -DLM_ECANCEL, IV, 0);
	t_cast(w->a, -DLM_EUNLOCK, PR, 0);
	t_granted(w->c, EX);
}

static void lockspaces(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_ls_params params = {
		.name = "new", .namelen = 3, .lvblen = T_LVBLEN, .device = true,
	};
	struct dlm_ls *ls = NULL;
	unsigned int n, enomem = 0;
	bool hit;
	int err;

	needs_faults(test);
	for (n = 1; n < MOST; n++) {
		t_fail_nth(n);
		err = dlm_ls_create(w->node, &params, &ls);
		hit = t_failed();
		if (err) {
			enomem++;
			KUNIT_EXPECT_TRUE(test, hit);
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			KUNIT_EXPECT_NULL(test, dlm_ls_find(w->node, "new", 3));
			continue;
		}
		KUNIT_EXPECT_EQ(test, dlm_ls_release(ls, DLM_RELEASE_IF_UNUSED), 0);
		if (!hit)
			break;
	}
	KUNIT_EXPECT_LT(test, n, (unsigned int)MOST);
	KUNIT_EXPECT_GE(test, enomem, 1U);
}

/* how many of node 1's lockspaces are counted for @nodeid; -1 if it was never heard of */
static int counted(struct r_world *r, int nodeid)
{
	struct dlm_peer *peer = dlm_peer_find(r->host[1].node->comms, nodeid);
	int users;

	if (!peer)
		return -1;
	users = peer->session.users;
	dlm_peer_put(peer);
	return users;
}

static const int members[] = { 1, 7, 8, 9 };

/* as many lockspaces as that for each of the others, or none and it may be unknown */
static void counts(struct r_world *r, int want)
{
	int i;

	for (i = 1; i < ARRAY_SIZE(members); i++) {
		int is = counted(r, members[i]);

		KUNIT_EXPECT_TRUE_MSG(r->test, is == want || (!want && is < 0),
				      "node %d: %d", members[i], is);
	}
}

/* a start that fails has counted nobody, and the next one counts each member once */
static void starts(struct kunit *test)
{
	struct r_world *r = test->priv;
	unsigned int n, enomem = 0;
	bool hit = true;
	int err, i;

	needs_faults(test);
	r_node(r, 1, 0);
	t_faults_begin(0);
	for (n = 1; hit && n < MOST; n++) {
		t_fail_nth(n);
		err = r_start_with(r, 1, members, ARRAY_SIZE(members), 0);
		hit = t_failed();
		if (err) {
			enomem++;
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			counts(r, 0);
			continue;
		}
		counts(r, 1);
		/* alone, and once more */
		dlm_ls_stop(r->host[1].ls);
		KUNIT_EXPECT_EQ(test, r_start_with(r, 1, members, 1, 0), 0);
		counts(r, 0);
		dlm_ls_stop(r->host[1].ls);
		for (i = 1; i < ARRAY_SIZE(members); i++)
			dlm_comms_peer_forget(r->host[1].node->comms, members[i]);
	}
	t_faults_end();
	KUNIT_EXPECT_LT(test, n, (unsigned int)MOST);
	KUNIT_EXPECT_GE(test, enomem, 4U);
}

static struct kunit_case failalloc_cases[] = {
	KUNIT_CASE(requests),
	KUNIT_CASE(conversions),
	KUNIT_CASE(unlocks),
	KUNIT_CASE(giving_up_needs_nothing),
	KUNIT_CASE(lockspaces),
	{}
};

static struct kunit_suite failalloc_suite = {
	.name = "dlm_failalloc",
	.init = failalloc_init,
	.exit = failalloc_exit,
	.test_cases = failalloc_cases,
};

static struct kunit_case start_cases[] = {
	KUNIT_CASE(starts),
	{}
};

static struct kunit_suite start_suite = {
	.name = "dlm_failalloc_start",
	.init = r_init,
	.exit = r_exit,
	.test_cases = start_cases,
};

kunit_test_suites(&failalloc_suite, &start_suite);

MODULE_LICENSE("GPL");
