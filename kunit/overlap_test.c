// SPDX-License-Identifier: GPL-2.0
/*
 * waiters.c: cancels and forced unlocks of operations whose answer is not there yet
 * (messages.md 9), with both orders in which things can meet.
 */
#include "cluster.h"

/* a resource mastered on node 1, its directory node; h keeps it there */
struct scene {
	struct c_world	*c;
	const char	*name;
	struct t_lock	*keep;
	struct t_lock	*h;	/* in the way, on node 1 */
	struct t_lock	*l;	/* the lock in question, on node 2 */
};

static void set_scene(struct kunit *test, struct scene *s)
{
	s->c = test->priv;
	s->name = c_name(s->c, 1);
	s->keep = c_new(s->c, 1, s->name);
	s->h = c_new(s->c, 1, s->name);
	s->l = c_new(s->c, 2, s->name);
	c_lock(s->keep, NL, 0, 0);
	c_forget(s->c);
}

static int ask(struct scene *s, int mode, u32 flags)
{
	return t_call_lock(s->l, mode, flags, s->name, strlen(s->name));
}

static int cancel(struct scene *s)
{
	return t_call_cancel(s->l, CANCEL, -DLM_ECANCEL);
}

/* every plain operation is refused while an answer is due */
static void busy(struct kunit *test, struct scene *s)
{
	KUNIT_EXPECT_EQ(test, t_call_convert(s->l, NL, CONVERT), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s->l, 0), -EBUSY);
}

/* --- LOOKUP, REQUEST ---------------------------------------------------- */

static void request_cancel_granted(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, 0), 0);
	busy(test, &s);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	c_settle(s.c);
	/* too late */
	t_granted(s.l, PR);
	t_quiet(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY");
	c_check(s.c);
	c_convert(s.l, EX, 0, 0);
	c_unlock(s.l, 0);
}

static void request_cancel_queued(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	c_lock(s.h, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, 0), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	c_settle(s.c);
	t_bast(s.h, PR);
	t_cast(s.l, -DLM_ECANCEL, IV, 0);
	t_gone(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY CANCEL CANCEL_REPLY");
	c_check(s.c);
}

static void request_cancel_refused(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	c_lock(s.h, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, NOQUEUE), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	c_settle(s.c);
	t_cast(s.l, -EAGAIN, IV, 0);
	t_gone(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY");
}

static void request_unlock_granted(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, 0), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), -EINVAL);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	c_settle(s.c);
	t_granted(s.l, PR);
	t_cast(s.l, -DLM_EUNLOCK, PR, 0);
	t_gone(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY UNLOCK UNLOCK_REPLY");
	c_check(s.c);
}

static void request_unlock_queued(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	c_lock(s.h, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, 0), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
	c_settle(s.c);
	t_bast(s.h, PR);
	t_cast(s.l, -DLM_EUNLOCK, IV, 0);
	t_gone(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY UNLOCK UNLOCK_REPLY");
	c_check(s.c);
}

static void request_unlock_refused(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	c_lock(s.h, EX, 0, 0);
	KUNIT_EXPECT_EQ(test, ask(&s, PR, NOQUEUE), 0);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
	c_settle(s.c);
	/* one answer for both */
	t_cast(s.l, -DLM_EUNLOCK, IV, 0);
	t_gone(s.l);
	c_sent(s.c, "LOOKUP REQUEST_REPLY");
}

/* the answer to a LOOKUP finds that nobody wants the lock any more */
static void lookup_overlap(struct kunit *test)
{
	static const bool forced[] = { false, true };
	struct c_world *c = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(forced); i++) {
		const char *name = c_name(c, 1);
		struct t_lock *m = c_new(c, 3, name), *l = c_new(c, 2, name);

		c_lock(m, NL, 0, 0);
		c_forget(c);
		t_call_lock(l, PR, 0, name, strlen(name));
		KUNIT_EXPECT_EQ(test, forced[i] ?
				t_call_unlock(l, FORCEUNLOCK) :
				t_call_cancel(l, CANCEL, -DLM_ECANCEL), 0);
		c_settle(c);
		t_cast(l, forced[i] ? -DLM_EUNLOCK : -DLM_ECANCEL, IV, 0);
		t_gone(l);
		c_sent(c, "LOOKUP LOOKUP_REPLY");
		c_check(c);
	}
}

/* nobody wants the lock any more, but the directory has made us master */
static void lookup_makes_master(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 3, name);

	t_call_lock(a, PR, 0, name, strlen(name));
	KUNIT_EXPECT_EQ(test, t_call_unlock(a, FORCEUNLOCK), 0);
	c_settle(c);
	t_cast(a, -DLM_EUNLOCK, IV, 0);
	KUNIT_EXPECT_EQ(test, c_master(c, 2, name), 0);
	c_forget(c);
	c_lock(b, EX, 0, 0);
	c_sent(c, "LOOKUP LOOKUP_REPLY REQUEST REQUEST_REPLY");
	c_check(c);
}

/* a lock that waits for another one's LOOKUP is let go at once */
static void lookup_queue(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *m = c_new(c, 3, name);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 2, name);
	struct t_lock *d = c_new(c, 2, name);

	c_lock(m, NL, 0, 0);
	c_forget(c);
	t_call_lock(a, PR, 0, name, strlen(name));
	t_call_lock(b, PR, 0, name, strlen(name));
	t_call_lock(d, PR, 0, name, strlen(name));
	KUNIT_EXPECT_EQ(test, t_call_unlock(b, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, t_call_cancel(b, CANCEL, -DLM_ECANCEL), 0);
	t_cast(b, -DLM_ECANCEL, IV, 0);
	t_gone(b);
	KUNIT_EXPECT_EQ(test, t_call_unlock(d, FORCEUNLOCK), 0);
	t_cast(d, -DLM_EUNLOCK, IV, 0);
	t_gone(d);
	/* and the one that asked as well: nobody is left */
	KUNIT_EXPECT_EQ(test, t_call_unlock(a, FORCEUNLOCK), 0);
	c_settle(c);
	t_cast(a, -DLM_EUNLOCK, IV, 0);
	c_sent(c, "LOOKUP LOOKUP_REPLY");
	c_check(c);
}

/* the one that asked goes, the next one takes over */
static void lookup_promote(struct kunit *test)
{
	struct c_world *c = test->priv;
	const char *name = c_name(c, 1);
	struct t_lock *m = c_new(c, 3, name);
	struct t_lock *a = c_new(c, 2, name), *b = c_new(c, 2, name);

	c_lock(m, NL, 0, 0);
	c_forget(c);
	t_call_lock(a, PR, 0, name, strlen(name));
	t_call_lock(b, PR, 0, name, strlen(name));
	KUNIT_EXPECT_EQ(test, t_call_cancel(a, CANCEL, -DLM_ECANCEL), 0);
	c_settle(c);
	t_cast(a, -DLM_ECANCEL, IV, 0);
	t_granted(b, PR);
	c_check(c);
}

/* --- CONVERT ------------------------------------------------------------ */

/* a lock on node 2 in CR; h on node 1 stands in its way if told so */
static void set_convert(struct kunit *test, struct scene *s, bool blocked)
{
	set_scene(test, s);
	c_lock(s->l, CR, 0, 0);
	if (blocked)
		c_lock(s->h, CR, 0, 0);
	c_forget(s->c);
}

static void convert_cancel_granted(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, false);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT), 0);
	busy(test, &s);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	c_settle(s.c);
	t_granted(s.l, EX);
	t_quiet(s.l);
	/* who cancelled has been told that it was too late */
	c_sent(s.c, "CONVERT CONVERT_REPLY CANCEL");
	c_check(s.c);
	c_convert(s.l, NL, 0, 0);
	c_unlock(s.l, 0);
}

/* nothing is left to cancel, as when an orphan's process ends, and who asks is told so */
static void idle_cancel(struct kunit *test)
{
	struct dlm_w_msg msg = {
		.type = cpu_to_le32(DLM_MSG_CANCEL),
		.rqmode = cpu_to_le32(DLM_LOCK_IV),
	};
	struct scene s;

	set_convert(test, &s, false);
	c_convert(s.l, EX, 0, 0);
	msg.lkid = cpu_to_le32(s.l->id);
	msg.remid = c_last(s.c, DLM_MSG_CONVERT_REPLY)->msg.lkid;
	c_forget(s.c);
	c_inject(s.c, 2, 1, &msg, NULL, 0);
	c_settle(s.c);
	t_quiet(s.l);
	c_sent(s.c, "CANCEL_REPLY");
	c_check(s.c);
	c_unlock(s.l, 0);
}

/*
 * The conversion's answer is here, the cancel's is not: the lock can be used, and the
 * late answer, if the master is one that gives it, is not taken for that to another cancel.
 */
static void late_answer(struct kunit *test, bool given)
{
	struct dlm_w_msg reply = { .type = cpu_to_le32(DLM_MSG_CANCEL_REPLY) };
	struct scene s;

	set_convert(test, &s, true);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, PW, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 2, 1));
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 1, 2));
	t_granted(s.l, PW);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	if (given) {
		reply.remid = cpu_to_le32(s.l->id);
		c_inject(s.c, 1, 2, &reply, NULL, 0);
	}
	c_settle(s.c);
	t_bast(s.h, EX);
	t_cast(s.l, -DLM_ECANCEL, PW, 0);
	t_holds(s.l, PW);
	c_sent(s.c, "CONVERT*2 CONVERT_REPLY*2 CANCEL*2 CANCEL_REPLY");
	c_check(s.c);
	c_unlock(s.l, 0);
}

static void stale_cancel(struct kunit *test)
{
	late_answer(test, false);
}

static void stale_cancel_answered(struct kunit *test)
{
	late_answer(test, true);
}

static void convert_cancel_queued(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 2, 1));
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 1, 2));
	/* queued; now only the cancel's answer is due */
	t_converting(s.l, CR);
	busy(test, &s);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	c_settle(s.c);
	t_bast(s.h, EX);
	t_cast(s.l, -DLM_ECANCEL, CR, 0);
	c_sent(s.c, "CONVERT CONVERT_REPLY CANCEL CANCEL_REPLY");
	c_check(s.c);
}

static void convert_cancel_refused(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT | NOQUEUE), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	c_settle(s.c);
	t_cast(s.l, -EAGAIN, CR, 0);
	/* a stock holder waits for that */
	c_sent(s.c, "CONVERT CONVERT_REPLY CANCEL CANCEL_REPLY");
	c_check(s.c);
	c_unlock(s.l, 0);
}

static void convert_unlock(struct kunit *test)
{
	static const struct {
		bool	blocked;
		u32	flags;
		int	first;	/* what is told before, WAITS for nothing */
	} rows[] = {
		{ false, 0, 0 },
		{ true, 0, WAITS },
		{ true, NOQUEUE, -EAGAIN },
	};
	struct scene s;
	int i, held;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set_convert(test, &s, rows[i].blocked);
		KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT | rows[i].flags), 0);
		KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
		KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), -EINVAL);
		KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
		c_settle(s.c);
		held = rows[i].first ? CR : EX;
		if (rows[i].first != WAITS)
			t_cast(s.l, rows[i].first, held, 0);
		t_cast(s.l, -DLM_EUNLOCK, held, 0);
		t_gone(s.l);
		if (rows[i].first == WAITS)
			t_bast(s.h, EX);
		t_quiet(s.h);
		c_sent(s.c, "CONVERT CONVERT_REPLY UNLOCK UNLOCK_REPLY");
		c_check(s.c);
	}
}

/* --- CANCEL ------------------------------------------------------------- */

/* GRANT and CANCEL cross: the grant wins */
static void cancel_meets_grant(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	c_convert(s.l, EX, 0, WAITS);
	t_bast(s.h, EX);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	busy(test, &s);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.h, 0), 0);
	t_cast(s.h, -DLM_EUNLOCK, CR, 0);
	c_settle(s.c);
	t_granted(s.l, EX);
	t_quiet(s.l);
	c_check(s.c);
	c_convert(s.l, NL, 0, 0);
}

/* the other order */
static void cancel_before_grant(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	c_convert(s.l, EX, 0, WAITS);
	t_bast(s.h, EX);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 2, 1));
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.h, 0), 0);
	t_cast(s.h, -DLM_EUNLOCK, CR, 0);
	c_settle(s.c);
	t_cast(s.l, -DLM_ECANCEL, CR, 0);
	c_check(s.c);
}

/* a forced unlock follows a cancel */
static void cancel_unlock(struct kunit *test)
{
	static const bool converting[] = { true, false };
	struct scene s;
	int i, held;

	for (i = 0; i < ARRAY_SIZE(converting); i++) {
		if (converting[i]) {
			set_convert(test, &s, true);
			c_convert(s.l, EX, 0, WAITS);
		} else {
			set_scene(test, &s);
			c_lock(s.h, CR, 0, 0);
			c_lock(s.l, EX, 0, WAITS);
		}
		t_bast(s.h, EX);
		c_forget(s.c);
		held = converting[i] ? CR : IV;
		KUNIT_EXPECT_EQ(test, cancel(&s), 0);
		KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
		KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), -EINVAL);
		c_settle(s.c);
		/* what was never granted ends once, and nothing may come after */
		if (converting[i])
			t_cast(s.l, -DLM_ECANCEL, held, 0);
		t_cast(s.l, -DLM_EUNLOCK, held, 0);
		t_gone(s.l);
		c_sent(s.c, "CANCEL CANCEL_REPLY UNLOCK UNLOCK_REPLY");
		c_check(s.c);
	}
}

/* only a cancel's answer is due, when a forced unlock comes */
static void cancel_due_unlock(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	KUNIT_EXPECT_EQ(test, t_call_convert(s.l, EX, CONVERT), 0);
	KUNIT_EXPECT_EQ(test, cancel(&s), 0);
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 2, 1));
	KUNIT_EXPECT_TRUE(test, c_step(s.c, 1, 2));
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), 0);
	c_settle(s.c);
	t_bast(s.h, EX);
	t_cast(s.l, -DLM_ECANCEL, CR, 0);
	t_cast(s.l, -DLM_EUNLOCK, CR, 0);
	t_gone(s.l);
	c_check(s.c);
}

/* --- UNLOCK ------------------------------------------------------------- */

static void unlock_overlaps(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, false);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, 0), 0);
	busy(test, &s);
	KUNIT_EXPECT_EQ(test, cancel(&s), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_unlock(s.l, FORCEUNLOCK), -EINVAL);
	c_settle(s.c);
	t_cast(s.l, -DLM_EUNLOCK, CR, 0);
	c_sent(s.c, "UNLOCK UNLOCK_REPLY");
}

/* unlocked while it waits: one answer for both */
static void unlock_waiting(struct kunit *test)
{
	struct scene s;

	set_scene(test, &s);
	c_lock(s.h, EX, 0, 0);
	c_lock(s.l, PR, 0, WAITS);
	t_bast(s.h, PR);
	c_unlock(s.l, 0);
	t_gone(s.l);
	c_check(s.c);
}

/* the deadlock command's and a timeout's way to say "cancelled" */
static void cancel_status(struct kunit *test)
{
	struct scene s;

	set_convert(test, &s, true);
	c_convert(s.l, EX, 0, WAITS);
	t_bast(s.h, EX);
	KUNIT_EXPECT_EQ(test, t_call_cancel(s.l, 0, -EDEADLK), 0);
	c_settle(s.c);
	t_cast(s.l, -EDEADLK, CR, 0);
	/* not remembered for the next one */
	c_convert(s.l, EX, 0, WAITS);
	c_cancel(s.l);
	c_check(s.c);
}

static struct kunit_case overlap_cases[] = {
	KUNIT_CASE(request_cancel_granted),
	KUNIT_CASE(request_cancel_queued),
	KUNIT_CASE(request_cancel_refused),
	KUNIT_CASE(request_unlock_granted),
	KUNIT_CASE(request_unlock_queued),
	KUNIT_CASE(request_unlock_refused),
	KUNIT_CASE(lookup_overlap),
	KUNIT_CASE(lookup_makes_master),
	KUNIT_CASE(lookup_queue),
	KUNIT_CASE(lookup_promote),
	KUNIT_CASE(convert_cancel_granted),
	KUNIT_CASE(idle_cancel),
	KUNIT_CASE(stale_cancel),
	KUNIT_CASE(stale_cancel_answered),
	KUNIT_CASE(convert_cancel_queued),
	KUNIT_CASE(convert_cancel_refused),
	KUNIT_CASE(convert_unlock),
	KUNIT_CASE(cancel_meets_grant),
	KUNIT_CASE(cancel_before_grant),
	KUNIT_CASE(cancel_unlock),
	KUNIT_CASE(cancel_due_unlock),
	KUNIT_CASE(unlock_overlaps),
	KUNIT_CASE(unlock_waiting),
	KUNIT_CASE(cancel_status),
	{ }
};

static struct kunit_suite overlap_suite = {
	.name = "dlm_overlap",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = overlap_cases,
};

kunit_test_suites(&overlap_suite);
