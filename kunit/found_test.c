// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs that random clusters have found (remote_random_test.c, sim.h), each in the few
 * steps that it takes.
 */
#include <dlm/transport.h>
#include "cluster.h"
#include "faults.h"

/* a name's directory node after a change is not known before: some names, for luck */
#define TRIES	8

/* --- operations ---------------------------------------------------------- */

/* VALBLK in an unlock of a lock that never had a value block */
static void unlock_names_value_block(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *keep = c_new(c, 1, name), *l = c_new(c, 2, name);
	const struct c_msg *m;

	c_lock(keep, NL, 0, 0);
	c_lock(l, EX, 0, 0);
	c_unlock(l, VALBLK);
	t_gone(l);
	/* nor is one announced to the master */
	m = c_last(c, DLM_MSG_UNLOCK);
	KUNIT_ASSERT_NOT_NULL(test, m);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(m->msg.exflags) & VALBLK, 0U);
	c_check(c);
}

/* an orphan gets no new owner while its conversion is still being cancelled */
static void adopted_too_early(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *keep = c_new(c, 1, name), *l = c_new(c, 2, name);
	struct t_lock *heir = c_new(c, 2, name);

	l->client = c->w[2].client[1];
	c_lock(keep, PR, 0, 0);
	c_lock(l, CR, PERSISTENT, 0);
	c_convert(l, EX, PERSISTENT, WAITS);
	t_bast(keep, EX);
	t_client_close(l->client);
	KUNIT_EXPECT_EQ(test, t_call_adopt(heir, CR, ORPHAN), -EAGAIN);
	c_settle(c);
	t_quiet(l);
	KUNIT_EXPECT_EQ(test, t_call_adopt(heir, CR, ORPHAN), 0);
	t_quiet(l);
	c_check(c);
}

/* a handle is closed, and there is no memory for the first thing that needs some */
static void close_in_need(struct kunit *test, struct t_client *client)
{
	t_faults_begin(0);
	t_fail_nth(1);
	t_client_close(client);
	KUNIT_EXPECT_TRUE(test, t_failed());
	t_faults_end();
}

/*
 * A handle that is closed without memory for messages, or during recovery, leaves locks that
 * are swept up later.  Until then no orphan is denied, and a purge gets them.
 */
static void orphans_not_swept_up(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *keep = c_new(c, 1, name), *l = c_new(c, 2, name);
	struct t_lock *heir = c_new(c, 2, name);

	if (!t_faults_possible())
		kunit_skip(test, "no fault injection in this kernel");
	l->client = c->w[2].client[1];
	c_lock(keep, NL, 0, 0);
	c_lock(l, PR, PERSISTENT, 0);
	close_in_need(test, l->client);
	KUNIT_EXPECT_EQ(test, t_call_adopt(heir, PR, ORPHAN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(c_ls(c, 2), 0), 0);
	KUNIT_EXPECT_EQ(test, t_call_adopt(heir, PR, ORPHAN), -ENOENT);
	c_settle(c);
	t_quiet(l);
	t_gone(l);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 2)), 0U);
	c_check(c);
}

/* what is mastered here goes at once, without memory for messages as well */
static void close_without_memory(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *l = c_new(c, 1, name), *heir = c_new(c, 1, name);

	if (!t_faults_possible())
		kunit_skip(test, "no fault injection in this kernel");
	l->client = c->w[1].client[1];
	c_lock(l, EX, 0, 0);
	close_in_need(test, l->client);
	KUNIT_EXPECT_FALSE(test, dlm_has_zombies(c_ls(c, 1)));
	c_lock(heir, EX, NOQUEUE, 0);
	c_check(c);
}

/* a purge that has no memory for its messages ends persistent locks all the same, later */
static void purge_without_memory(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *keep = c_new(c, 1, name), *l = c_new(c, 2, name);

	if (!t_faults_possible())
		kunit_skip(test, "no fault injection in this kernel");
	l->client = c->w[2].client[1];
	c_lock(keep, NL, 0, 0);
	c_lock(l, PR, PERSISTENT, 0);
	t_faults_begin(0);
	t_fail_nth(1);
	KUNIT_EXPECT_EQ(test, dlm_owner_purge(&l->client->owner), 0);
	KUNIT_EXPECT_TRUE(test, t_failed());
	t_faults_end();
	c_settle(c);
	t_gone(l);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 2)), 0U);
	c_check(c);
}

/* the directory names a master that has forgotten, and the master never told it */
static void stale_record(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 2);
	struct t_lock *a = c_new(c, 1, name), *b = c_new(c, 3, name);
	struct dlm_rsb *r;

	c_lock(a, NL, 0, 0);
	c_unlock(a, 0);
	r = dlm_rsb_find(c_ls(c, 1), name, strlen(name));
	KUNIT_ASSERT_NOT_NULL(test, r);
	dlm_rsb_forget(r);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 1);
	KUNIT_EXPECT_EQ(test, c_call_lock(b, EX, 0), 0);
	c_advance(c, 500);
	t_granted(b, EX);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 3);
	c_check(c);
}

/* --- recovery and operations --------------------------------------------- */

/*
 * A conversion is on its way to a master that dies.  Node 1 is further with recovery and
 * asks node 2, which has not yet looked after the conversion, who is master.
 */
static void waiter_and_new_master(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock *l1[TRIES], *l2[TRIES], *l3[TRIES];
	const char *name;
	int i;

	for (i = 0; i < TRIES; i++) {
		name = c_name(c, 3);
		l1[i] = c_new(c, 1, name);
		l2[i] = c_new(c, 2, name);
		l3[i] = c_new(c, 3, name);
		c_lock(l3[i], NL, 0, 0);
		c_lock(l2[i], NL, 0, 0);
		c_lock(l1[i], NL, 0, 0);
	}
	for (i = 0; i < TRIES; i++) {
		KUNIT_EXPECT_EQ(test, t_call_convert(l1[i], CR, CONVERT), 0);
		KUNIT_EXPECT_EQ(test, t_call_convert(l2[i], CR, CONVERT), 0);
	}
	c_die(c, 3);
	for (i = 0; i < TRIES; i++) {
		t_granted(l1[i], CR);
		t_granted(l2[i], CR);
	}
	c_check(c);
}

/*
 * The table of locks may grow while recovery walks over it, and then a lock is met twice: what
 * waits for an answer of who is gone, in every way, ends or goes on once all the same.
 */
static void waiters_met_twice(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *keep = c_new(c, 3, name), *converts = c_new(c, 1, name);
	struct t_lock *unlocks = c_new(c, 1, name), *cancels = c_new(c, 1, name);
	struct t_lock *asks = c_new(c, 1, name), *gives_up = c_new(c, 1, name);
	struct dlm_recovery *rec = c_ls(c, 1)->recovery;
	struct dlm_step again = { .ls = rec->ls, .rec = rec };
	unsigned int turns = 0;

	c_lock(keep, CR, 0, 0);
	c_lock(converts, NL, 0, 0);
	c_lock(unlocks, CR, 0, 0);
	c_lock(cancels, NL, 0, 0);
	c_convert(cancels, EX, 0, WAITS);
	t_bast(keep, EX);
	t_bast(unlocks, EX);
	KUNIT_EXPECT_EQ(test, t_call_cancel(cancels, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(converts, CR, CONVERT | NOORDER), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(unlocks, 0), 0);
	KUNIT_EXPECT_EQ(test, c_call_lock(asks, NL, 0), 0);
	KUNIT_EXPECT_EQ(test, c_call_lock(gives_up, NL, 0), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(gives_up, FORCEUNLOCK), 0);
	r_kill(c->r, 3);
	r_stop_all(c->r);
	r_start_all(c->r);
	while (rec->phase <= DLM_PH_WAITERS && turns++ < 10000)
		r_turn(c->r);
	KUNIT_EXPECT_LT(test, (int)rec->phase, (int)DLM_PH_MASTERS);
	mutex_lock(&rec->lock);
	dlm_waiters_run(&again);
	mutex_unlock(&rec->lock);
	dlm_fx_flush(&again.fx);
	r_run(c->r);
	r_all_running(c->r);
	c_settle(c);
	t_cast(unlocks, -DLM_EUNLOCK, CR, 0);
	t_cast(cancels, -DLM_ECANCEL, NL, 0);
	t_cast(gives_up, -DLM_EUNLOCK, IV, 0);
	t_granted(converts, CR);
	t_granted(asks, NL);
	t_quiet(unlocks);
	t_quiet(cancels);
	t_quiet(gives_up);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 1)), 3U);
	c_check(c);
}

/* granted before its cancel arrived, and only the cancel's answer is due when the master dies */
static void cancel_too_late(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 3);
	struct t_lock *keep = c_new(c, 3, name), *l = c_new(c, 1, name);

	c_lock(keep, PR, 0, 0);
	c_lock(l, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, t_call_convert(l, EX, CONVERT), 0);
	c_step(c, 1, 3);
	t_bast(keep, EX);
	KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	c_step(c, 3, 1);
	t_quiet(l);
	KUNIT_EXPECT_EQ(test, t_call_unlock(keep, 0), 0);
	t_cast(keep, -DLM_EUNLOCK, PR, 0);
	c_step(c, 3, 1);
	t_granted(l, EX);
	c_die(c, 3);
	t_quiet(l);
	t_holds(l, EX);
	c_convert(l, NL, 0, 0);
	c_check(c);
}

/*
 * A conversion with CONVDEADLK was demoted for another one, and the master dies.  What it held
 * is not its any more, and it is told in the end, even if its holder was @told before.
 */
static void demoted_and_gone(struct kunit *test, bool told)
{
	struct c_world *c = test->priv;
	struct t_lock *keep, *l[TRIES], *other[TRIES];
	const char *name;
	int i;

	for (i = 0; i < TRIES; i++) {
		name = c_name(c, 3);
		keep = c_new(c, 3, name);
		l[i] = c_new(c, 2, name);
		other[i] = c_new(c, 1, name);
		c_lock(keep, NL, 0, 0);
		c_lock(l[i], PR, 0, 0);
		c_lock(other[i], PR, 0, 0);
		c_convert(other[i], EX, 0, WAITS);
		t_bast(l[i], EX);
		KUNIT_EXPECT_EQ(test, t_call_convert(l[i], EX, CONVERT | CONVDEADLK), 0);
		c_step(c, 2, 3);
		while (c_step(c, 3, 1))
			;
		while (told && c_step(c, 3, 2))
			;
		t_granted(other[i], EX);
		t_bast(other[i], EX);
	}
	c_die(c, 3);
	for (i = 0; i < TRIES; i++) {
		t_quiet(other[i]);
		t_quiet(l[i]);
		t_holds(other[i], EX);
	}
	c_check(c);
	for (i = 0; i < TRIES; i++) {
		c_unlock(other[i], 0);
		c_settle(c);
		t_cast(l[i], 0, EX, DLM_SBF_DEMOTED);
	}
	c_check(c);
}

static void demoted_by_who_is_gone(struct kunit *test)
{
	demoted_and_gone(test, false);
}

static void demoted_and_told(struct kunit *test)
{
	demoted_and_gone(test, true);
}

/* node 3 masters, and is in the way of @l on node 1; so is @other on node 2 */
static void both_read(struct c_world *c, struct t_lock **keep, struct t_lock **l,
		      struct t_lock **other)
{
	const char *name = c_name(c, 3);

	*keep = c_new(c, 3, name);
	*l = c_new(c, 1, name);
	*other = c_new(c, 2, name);
	c_lock(*keep, CR, 0, 0);
	c_lock(*l, PR, 0, 0);
	c_lock(*other, PR, 0, 0);
}

/* the same, but it waited already and was demoted later, of which the holder is never told */
static void demoted_while_it_waited(struct kunit *test)
{
	struct t_lock *keep, *l, *other;
	struct c_world *c = test->priv;

	both_read(c, &keep, &l, &other);
	c_convert(l, EX, CONVDEADLK, WAITS);
	t_bast(keep, EX);
	t_bast(other, EX);
	c_convert(other, EX, NODLCKWT | NOORDER, WAITS);
	c_unlock(keep, 0);
	t_granted(other, EX);
	t_bast(other, EX);
	c_die(c, 3);
	t_bast(other, EX);
	t_quiet(l);
	t_holds(other, EX);
	c_check(c);
	c_unlock(other, 0);
	t_cast(l, 0, EX, DLM_SBF_DEMOTED);
	c_check(c);
}

/* the same, and its owner cancels, but is not answered any more */
static void demoted_and_cancelled(struct kunit *test, bool told)
{
	struct t_lock *keep, *l, *other;
	struct c_world *c = test->priv;

	both_read(c, &keep, &l, &other);
	KUNIT_EXPECT_EQ(test, t_call_convert(l, EX, CONVERT | CONVDEADLK), 0);
	KUNIT_EXPECT_TRUE(test, c_step(c, 1, 3));
	t_bast(keep, EX);
	/* before it hears that it waits, the cancel overlaps */
	if (!told)
		KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	KUNIT_EXPECT_TRUE(test, c_step(c, 3, 1));
	KUNIT_EXPECT_EQ(test, t_call_convert(other, EX, CONVERT | NODLCKWT | NOORDER), 0);
	KUNIT_EXPECT_TRUE(test, c_step(c, 2, 3));
	t_unlock(keep, 0);
	while (c_step(c, 3, 2))
		;
	t_bast(other, EX);
	t_granted(other, EX);
	t_bast(other, EX);
	if (told)
		KUNIT_EXPECT_EQ(test, t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
	c_die(c, 3);
	t_holds(other, EX);
	t_cast(l, -DLM_ECANCEL, NL, DLM_SBF_DEMOTED);
	c_check(c);
}

static void demoted_then_cancelled(struct kunit *test)
{
	demoted_and_cancelled(test, true);
}

static void cancelled_then_demoted(struct kunit *test)
{
	demoted_and_cancelled(test, false);
}

#define MANY	300

/* many requests on their way to who dies, half of them not wanted any more */
static void nobody_passed_over(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct t_lock **l = kunit_kcalloc(test, MANY, sizeof(*l), GFP_KERNEL);
	const char *name = c_name(c, 3);
	struct t_lock *keep = c_new(c, 3, name), *mine = c_new(c, 1, name);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	c_lock(keep, NL, 0, 0);
	c_lock(mine, NL, 0, 0);
	for (i = 0; i < MANY; i++) {
		l[i] = c_new(c, 1, name);
		KUNIT_EXPECT_EQ(test, c_call_lock(l[i], NL, 0), 0);
	}
	for (i = 0; i < MANY; i += 2)
		KUNIT_EXPECT_EQ(test, t_call_unlock(l[i], FORCEUNLOCK), 0);
	c_die(c, 3);
	for (i = 0; i < MANY; i++) {
		if (i % 2)
			t_granted(l[i], NL);
		else
			t_cast(l[i], -DLM_EUNLOCK, IV, 0);
	}
}

/* without directory: the writer dies, and no lock is left that has a value block */
static void writer_dies_nodir(struct kunit *test)
{
	struct t_lock *keep[TRIES], *writer, *reader;
	char written[T_LVBLEN];
	struct c_world *c;
	const char *name;
	int i, stayed = 0;

	c_init_n(test, 3, DLM_LSFL_NODIR, true);
	c = test->priv;
	t_fill(written, 10);
	for (i = 0; i < TRIES; i++) {
		name = c_name(c, 1);
		keep[i] = c_new(c, 1, name);
		c_lock(keep[i], NL, 0, 0);
		writer = c_new(c, 2, name);
		c_lock(writer, EX, VALBLK, 0);
		writer->lvb_in = written;
		c_convert(writer, NL, VALBLK, 0);
		c_convert(writer, EX, VALBLK, 0);
	}
	c_die(c, 2);
	for (i = 0; i < TRIES; i++) {
		if (c_master(c, 1, keep[i]->name))
			continue;
		stayed++;
		reader = c_new(c, 1, keep[i]->name);
		KUNIT_EXPECT_EQ(test, c_call_lock(reader, CR, VALBLK), 0);
		c_settle(c);
		t_cast(reader, 0, CR, VALNOTVALID);
	}
	KUNIT_EXPECT_GT(test, stayed, 0);
	c_exit(test);
}

/*
 * A request to a master of yesterday, whose sender became the directory node in the recovery
 * that it had to wait for: it knows better by now.  The same one without a recovery between
 * means that a REMOVE is under way.
 */
static void stored_request_of_directory(struct kunit *test)
{
	struct c_world *c = test->priv;
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(DLM_MSG_REQUEST),
		.lkid = cpu_to_le32(4711),
		.rqmode = cpu_to_le32(EX),
	};
	const char *name = c_name(c, 2);
	struct t_lock *l = c_new(c, 3, name);

	c_lock(l, EX, 0, 0);
	c_inject_stored(c, 2, 1, &msg, name, strlen(name));
	c_settle(c);
	KUNIT_EXPECT_EQ(test, (int)le32_to_cpu(c_last(c, DLM_MSG_REQUEST_REPLY)->msg.result),
			-DLM_WIRE_EBADR);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(c_ls(c, 1)), 0U);
	c_unlock(l, 0);
}

/*
 * Who repeats a request that was turned away has nothing left to do then.  If its work were due
 * at once, the next time that it is turned away would not wait either, and it would go round
 * between directory and old master as fast as they answer.
 */
static void turned_away_waits(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *was = c_new(c, 3, name), *l = c_new(c, 2, name);
	struct r_host *h = &c->r->host[2];
	struct dlm_rsb *r;

	c_lock(was, NL, 0, 0);
	c_unlock(was, 0);
	r = dlm_rsb_find(c_ls(c, 3), name, strlen(name));
	KUNIT_ASSERT_NOT_NULL(test, r);
	dlm_rsb_forget(r);
	KUNIT_EXPECT_EQ(test, c_call_lock(l, PR, 0), 0);
	c_settle(c);
	KUNIT_EXPECT_TRUE(test, ktime_after(h->due, c->r->now));
	KUNIT_ASSERT_NE(test, h->due, KTIME_MAX);
	c->r->now = h->due;
	h->due = KTIME_MAX;
	c_forget(c);
	dlm_ls_work(c_ls(c, 2), c->r->now);
	KUNIT_EXPECT_TRUE(test, ktime_after(h->due, c->r->now));
	c_advance(c, 500);
	KUNIT_EXPECT_GT(test, c->count[DLM_MSG_REQUEST] + c->count[DLM_MSG_LOOKUP], 0U);
	t_granted(l, PR);
	c_check(c);
}

/* without directory all is sent again after a recovery, but for this */
static void purge_is_kept(struct kunit *test)
{
	struct c_world *c;
	struct t_lock *l;

	c_init_nodir(test);
	c = test->priv;
	l = c_new(c, 1, c_name(c, 1));
	l->client = c->w[1].client[1];
	c_lock(l, EX, PERSISTENT, 0);
	t_client_close(l->client);
	dlm_ls_stop(c_ls(c, 1));
	KUNIT_EXPECT_EQ(test, dlm_purge_remote(c_ls(c, 2), 1, 0), 0);
	c_step(c, 2, 1);
	t_holds(l, EX);
	c_recover(c);
	t_gone(l);
	c_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(turned_away_waits),
	KUNIT_CASE(unlock_names_value_block),
	KUNIT_CASE(adopted_too_early),
	KUNIT_CASE(orphans_not_swept_up),
	KUNIT_CASE(close_without_memory),
	KUNIT_CASE(purge_without_memory),
	KUNIT_CASE(stale_record),
	KUNIT_CASE(stored_request_of_directory),
	KUNIT_CASE(waiter_and_new_master),
	KUNIT_CASE(waiters_met_twice),
	KUNIT_CASE(cancel_too_late),
	KUNIT_CASE(demoted_by_who_is_gone),
	KUNIT_CASE(demoted_and_told),
	KUNIT_CASE(demoted_while_it_waited),
	KUNIT_CASE(demoted_then_cancelled),
	KUNIT_CASE(cancelled_then_demoted),
	KUNIT_CASE(nobody_passed_over),
	{ }
};

static struct kunit_suite suite = {
	.name = "dlm_found",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = cases,
};

static struct kunit_case own_cases[] = {
	KUNIT_CASE(writer_dies_nodir),
	KUNIT_CASE(purge_is_kept),
	{ }
};

static struct kunit_suite own_suite = {
	.name = "dlm_found_own",
	.test_cases = own_cases,
};

kunit_test_suites(&suite, &own_suite);
