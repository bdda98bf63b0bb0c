// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c: close, orphans, purge and adoption (user-abi.md 7.3, 7.6, 10).
 */
#include "fixture.h"

/* every lock of the handle goes, nobody else's */
static void close_unlocks(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, 0, 0);
	t_lock(w->d, PR, 0, 0);
	t_lock(w->b, PR, 0, 0);
	t_convert(w->d, EX, 0, WAITS);
	t_lock(w->c, EX, 0, WAITS);
	t_client_close(w->client[0]);
	t_gone(w->a);
	t_gone(w->d);
	t_quiet(w->a);
	t_quiet(w->d);
	KUNIT_EXPECT_EQ(test, w->a->unbinds, 1U);
	t_holds(w->b, PR);
	t_unlock(w->b, 0);
	t_granted(w->c, EX);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 1U);
}

/* a request that waits goes as well, and lets others through */
static void close_ends_waiters(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->b, PR, 0, 0);
	t_lock(w->a, EX, 0, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_client_close(w->client[0]);
	t_gone(w->a);
	t_granted(w->c, PR);
}

static void closed_takes_nothing(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->b, NL, 0, 0);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->a, NL, 0, "r", 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->a, EX, VALBLK, "other", 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 1U);
	KUNIT_EXPECT_EQ(test, atomic_read(&w->ls->rsbs.nelems), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->client[0]->owner.locks));
}

static void persistent_stays(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, PERSISTENT, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_client_close(w->client[0]);
	t_holds(w->a, EX);
	KUNIT_EXPECT_EQ(test, w->a->unbinds, 1U);
	/* it blocks as before, and is told nothing */
	t_lock(w->c, CR, NOQUEUE | NOQUEUEBAST, -EAGAIN);
	t_quiet(w->a);
	t_waiting(w->b);
}

/* the flags of the last conversion decide */
static void persistent_by_last_convert(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, PERSISTENT, 0);
	t_convert(w->a, NL, 0, 0);
	t_lock(w->d, NL, 0, 0);
	t_convert(w->d, CR, PERSISTENT, 0);
	t_client_close(w->client[0]);
	t_gone(w->a);
	t_holds(w->d, CR);
}

/* PERSISTENT in an accepted cancel would be EINVAL: nothing else makes it so */
static void orphan_drops_conversion(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->b, PR, 0, 0);
	t_lock(w->a, PR, 0, 0);
	t_convert(w->a, EX, PERSISTENT, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_client_close(w->client[0]);
	t_holds(w->a, PR);
	KUNIT_EXPECT_EQ(test, t_look(w->a).rqmode, IV);
	t_quiet(w->a);
	t_granted(w->c, PR);
}

static void orphan_drops_request(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->b, PR, 0, 0);
	t_lock(w->a, EX, PERSISTENT, WAITS);
	t_lock(w->c, PR, 0, WAITS);
	t_client_close(w->client[0]);
	t_gone(w->a);
	t_granted(w->c, PR);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 2U);
}

/* an orphan can be used by its id; its owner is gone */
static void orphan_by_id(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, PERSISTENT, 0);
	t_lock(w->b, PR, 0, WAITS);
	t_client_close(w->client[0]);
	w->c->id = w->a->id;
	KUNIT_EXPECT_EQ(test, t_call_convert(w->c, PR, CONVERT), 0);
	t_quiet(w->c);
	t_quiet(w->a);
	t_granted(w->b, PR);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->c, 0), 0);
	t_gone(w->c);
	t_quiet(w->a);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->orphans));
}

/* another handle may use a lock; the completion goes to the owner */
static void other_handle(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, EX, 0, 0);
	w->b->id = w->a->id;
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, PR, CONVERT), 0);
	t_granted(w->a, PR);
	t_quiet(w->b);
	t_client_close(w->client[1]);
	t_holds(w->a, PR);
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, 0), 0);
	t_cast(w->a, -DLM_EUNLOCK, PR, 0);
	t_quiet(w->b);
}

/* PURGE of one's own: persistent locks too, no completions, the handle lives on */
static void purge_own(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->d, PR, 0, 0);
	t_lock(w->b, CR, PERSISTENT, 0);
	t_convert(w->a, EX, PERSISTENT, WAITS);
	t_lock(w->c, PW, 0, WAITS);
	KUNIT_EXPECT_EQ(test, dlm_owner_purge(&w->client[0]->owner), 0);
	t_gone(w->a);
	t_gone(w->d);
	t_quiet(w->a);
	t_quiet(w->d);
	KUNIT_EXPECT_EQ(test, w->a->unbinds, 1U);
	KUNIT_EXPECT_EQ(test, w->d->unbinds, 1U);
	t_holds(w->b, CR);
	t_granted(w->c, PW);
	t_lock(w->a, CR, 0, 0);
	KUNIT_EXPECT_EQ(test, dlm_owner_purge(&w->client[0]->owner), 0);
	t_gone(w->a);
	KUNIT_EXPECT_EQ(test, dlm_owner_purge(&w->client[0]->owner), 0);
}

/* PURGE of orphans, by the thread that used them last */
static void purge_pid(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	w->client[0]->pid = 200;
	t_lock(w->d, PR, PERSISTENT, 0);
	t_lock(w->b, PR, PERSISTENT, 0);
	t_lock(w->c, EX, 0, WAITS);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 999), 0);
	/* b is no orphan */
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 101), 0);
	t_holds(w->a, PR);
	t_holds(w->d, PR);
	t_holds(w->b, PR);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 200), 0);
	t_holds(w->a, PR);
	t_gone(w->d);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 100), 0);
	t_gone(w->a);
	t_holds(w->b, PR);
	t_unlock(w->b, 0);
	t_granted(w->c, EX);
}

/* those of others stay in their order, before and after */
static void purge_between(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->b, PR, PERSISTENT, 0);
	t_lock(w->c, PR, PERSISTENT, 0);
	t_client_close(w->client[0]);
	t_client_close(w->client[1]);
	t_client_close(w->client[2]);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 101), 0);
	t_gone(w->b);
	w->d->client = t_client_new(w);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->d, PR, PERSISTENT), 0);
	KUNIT_EXPECT_EQ(test, w->d->id, w->a->id);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->d, PR, PERSISTENT), 0);
	KUNIT_EXPECT_EQ(test, w->d->id, w->c->id);
	t_client_close(w->d->client);
}

static void purge_all(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->b, PR, PERSISTENT, 0);
	t_lock(w->c, EX, 0, WAITS);
	t_client_close(w->client[0]);
	t_client_close(w->client[1]);
	t_waiting(w->c);
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
	t_granted(w->c, EX);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 1U);
	KUNIT_EXPECT_TRUE(test, list_empty(&w->ls->orphans));
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
}

/* the holder's mode must match; no completion; flags, pid and owner are new */
static void adopt(struct kunit *test)
{
	struct t_world *w = test->priv;
	int mode;

	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), -ENOENT);
	t_lock(w->a, PR, PERSISTENT, 0);
	/* not an orphan yet */
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), -ENOENT);
	t_client_close(w->client[0]);
	for (mode = NL; mode <= EX; mode++)
		if (mode != PR)
			KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, mode, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, 6, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, PERSISTENT | ORPHAN), 0);
	KUNIT_EXPECT_EQ(test, w->b->id, w->a->id);
	KUNIT_EXPECT_EQ(test, t_look(w->b).exflags, PERSISTENT | ORPHAN);
	KUNIT_EXPECT_EQ(test, t_look(w->b).pid, 101U);
	KUNIT_EXPECT_EQ(test, w->a->binds, 1U);
	t_quiet(w->b);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, PR, 0), -ENOENT);
	/* the events still go to a's record, which is the lock's */
	KUNIT_EXPECT_EQ(test, t_call_convert(w->b, CR, CONVERT | PERSISTENT), 0);
	t_granted(w->a, CR);
	t_client_close(w->client[1]);
	t_holds(w->b, CR);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, CR, 0), 0);
	t_client_close(w->client[2]);
	t_gone(w->c);
	KUNIT_EXPECT_EQ(test, dlm_lkb_count(w->ls), 0U);
}

/* exact names: same length and bytes */
static void adopt_by_name(struct kunit *test)
{
	struct t_world *w = test->priv;

	w->a->name = "name";
	t_lock(w->a, EX, PERSISTENT, 0);
	w->d->name = "other";
	t_lock(w->d, PR, PERSISTENT, 0);
	t_client_close(w->client[0]);
	w->b->name = "nam";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), -ENOENT);
	w->b->name = "names";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), -ENOENT);
	w->b->name = "namE";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), -ENOENT);
	w->b->name = "";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), -ENOENT);
	/* EX is only there under the other name */
	w->b->name = "other";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), -EAGAIN);
	w->b->name = "name";
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, EX, 0), 0);
	KUNIT_EXPECT_EQ(test, w->b->id, w->a->id);
}

static void adopt_oldest(struct kunit *test)
{
	struct t_world *w = test->priv;

	/* b became an orphan before a did, though it was taken later */
	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->b, PR, PERSISTENT, 0);
	t_lock(w->e, CR, PERSISTENT, 0);
	t_client_close(w->client[1]);
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, PR, 0), 0);
	KUNIT_EXPECT_EQ(test, w->c->id, w->b->id);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->f, PR, 0), 0);
	KUNIT_EXPECT_EQ(test, w->f->id, w->a->id);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, PR, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, CR, 0), 0);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, CR, 0), -ENOENT);
}

/*
 * EXPEDITE is for new requests: given to an orphan that somebody has converted by
 * its id, it must not let the conversion through.
 */
static void expedite_of_adopted(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, NL, PERSISTENT, 0);
	t_lock(w->b, EX, 0, 0);
	t_client_close(w->client[0]);
	w->c->id = w->a->id;
	KUNIT_EXPECT_EQ(test, t_call_convert(w->c, PR, CONVERT), 0);
	t_converting(w->c, NL);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->e, NL, EXPEDITE), 0);
	/* has the queues looked at */
	t_lock(w->f, NL, EXPEDITE, 0);
	t_unlock(w->f, 0);
	t_converting(w->c, NL);
	t_unlock(w->b, 0);
	t_granted(w->a, PR);
}

/* a handle that is being closed adopts nothing, and the orphan stays one */
static void closed_adopts_nothing(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_client_close(w->client[0]);
	t_client_close(w->client[1]);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), -EINVAL);
	t_holds(w->a, PR);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->c, PR, 0), 0);
}

/* adoption does not wait for a stopped lockspace, nor does close */
static void while_stopped(struct kunit *test)
{
	struct t_world *w = test->priv;

	t_lock(w->a, PR, PERSISTENT, 0);
	t_lock(w->d, PR, 0, 0);
	dlm_ls_stop(w->ls);
	t_client_close(w->client[0]);
	t_gone(w->d);
	KUNIT_EXPECT_EQ(test, t_call_adopt(w->b, PR, 0), 0);
	t_start_alone(w);
	w->b->id = w->a->id;
	KUNIT_EXPECT_EQ(test, t_call_unlock(w->b, 0), 0);
	t_cast(w->a, -DLM_EUNLOCK, PR, 0);
}

/* a lock leaves its owner's list however it ends */
static void lists(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_owner *owner = &w->client[0]->owner;

	t_lock(w->a, EX, 0, 0);
	t_unlock(w->a, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&owner->locks));
	t_lock(w->b, EX, 0, 0);
	t_lock(w->a, EX, NOQUEUE, -EAGAIN);
	KUNIT_EXPECT_TRUE(test, list_empty(&owner->locks));
	t_lock(w->a, EX, 0, WAITS);
	KUNIT_EXPECT_FALSE(test, list_empty(&owner->locks));
	t_cancel(w->a);
	KUNIT_EXPECT_TRUE(test, list_empty(&owner->locks));
	t_lock(w->a, EX, 0, WAITS);
	t_unlock(w->a, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&owner->locks));
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE(close_unlocks),
	KUNIT_CASE(close_ends_waiters),
	KUNIT_CASE(closed_takes_nothing),
	KUNIT_CASE(persistent_stays),
	KUNIT_CASE(persistent_by_last_convert),
	KUNIT_CASE(orphan_drops_conversion),
	KUNIT_CASE(orphan_drops_request),
	KUNIT_CASE(orphan_by_id),
	KUNIT_CASE(other_handle),
	KUNIT_CASE(purge_own),
	KUNIT_CASE(purge_pid),
	KUNIT_CASE(purge_between),
	KUNIT_CASE(purge_all),
	KUNIT_CASE(adopt),
	KUNIT_CASE(adopt_by_name),
	KUNIT_CASE(adopt_oldest),
	KUNIT_CASE(expedite_of_adopted),
	KUNIT_CASE(closed_adopts_nothing),
	KUNIT_CASE(while_stopped),
	KUNIT_CASE(lists),
	{}
};

static struct kunit_suite owner_suite = {
	.name = "dlm_owner",
	.init = t_init,
	.exit = t_exit,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);

MODULE_LICENSE("GPL");
