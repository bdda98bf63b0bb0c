// SPDX-License-Identifier: GPL-2.0
/*
 * Value blocks (lock-semantics.md 6): what each grant and unlock moves, when
 * the mark "not valid" is set, told and cleared, how long a block lives.
 */
#include "fixture.h"

KUNIT_ARRAY_PARAM(new_pair, t_new_pairs, t_pair_desc);

#define OLD	0x11	/* what the resource holds before */
#define MINE	0x55	/* what the caller brings */
#define JUNK	0x99

static const char dirs[7][7] = {
	/* to  NL CR CW PR PW EX */
	/* new */ "RRRRRR",
	/* NL */ "RRRRRR",
	/* CR */ "-RRRRR",
	/* CW */ "--RRRR",
	/* PR */ "---RRR",
	/* PW */ "WWWWWR",
	/* EX */ "WWWWWW",
};

static char dir_of(const struct t_pair *p)
{
	return dirs[p->from + 1][p->to];
}

/* the block comes along with the next conversions of a lock */
static void bring(struct t_lock *l, void *lvb, u8 first)
{
	t_fill(lvb, first);
	l->lvb_in = lvb;
}

/*
 * Give the resource the block @first, and with @invalid the mark: f stays
 * behind in NL, so that it lasts.
 */
static void set_block(struct t_world *w, u8 first, bool invalid)
{
	u8 lvb[T_LVBLEN];

	if (!t_look(w->f).alive)
		t_lock(w->f, NL, VALBLK, 0);
	bring(w->f, lvb, first);
	t_convert(w->f, EX, 0, 0);
	t_convert(w->f, NL, VALBLK, 0);
	if (invalid) {
		t_convert(w->f, EX, 0, 0);
		t_convert(w->f, NL, IVVALBLK, 0);
	}
	w->f->lvb_in = NULL;
}

/* what the resource holds, seen through a new lock */
static void see_block(struct t_world *w, u8 first, bool invalid)
{
	struct t_lock *l = t_new(w, w->client[2], "r");

	KUNIT_EXPECT_EQ(w->test, t_call_lock(l, NL, VALBLK | EXPEDITE, "r", 1), 0);
	t_cast(l, 0, NL, invalid ? VALNOTVALID : 0);
	t_lvb(l, first);
	t_unlock(l, 0);
}

/* bring e to p->from without moving a block: it has a buffer and the bytes JUNK */
static void prepare(struct t_world *w, int from, u8 *lvb)
{
	if (from == IV)
		return;
	t_lock(w->e, NL, VALBLK, 0);
	bring(w->e, lvb, JUNK);
	t_convert(w->e, from, 0, 0);
}

/* the operation itself, with or without a lock before it */
static void change(struct t_world *w, const struct t_pair *p, u32 flags, u8 *lvb)
{
	bring(w->e, lvb, MINE);
	if (p->from == IV)
		KUNIT_EXPECT_EQ(w->test, t_call_lock(w->e, p->to, flags, "r", 1), 0);
	else
		KUNIT_EXPECT_EQ(w->test, t_call_convert(w->e, p->to, flags | CONVERT), 0);
}

static void with_valblk(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, false);
	prepare(w, p->from, lvb);
	change(w, p, VALBLK, lvb);
	t_cast(w->e, 0, p->to, 0);
	switch (dir_of(p)) {
	case 'R':
		t_lvb(w->e, OLD);
		break;
	case 'W':
		t_lvb(w->e, MINE);
		see_block(w, MINE, false);
		return;
	default:
		t_lvb(w->e, MINE);
	}
	see_block(w, OLD, false);
}

static void without_valblk(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, false);
	prepare(w, p->from, lvb);
	change(w, p, 0, lvb);
	t_cast(w->e, 0, p->to, 0);
	/* a lock that has a buffer takes the caller's bytes all the same */
	if (p->from != IV)
		t_lvb(w->e, MINE);
	see_block(w, OLD, false);
}

static void with_ivvalblk(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool writes = dir_of(p) == 'W';
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, false);
	prepare(w, p->from, lvb);
	change(w, p, VALBLK | IVVALBLK, lvb);
	t_cast(w->e, 0, p->to, 0);
	see_block(w, OLD, writes);
}

static void on_invalid_with_valblk(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	bool writes = dir_of(p) == 'W';
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, true);
	if (p->from != IV) {
		KUNIT_EXPECT_EQ(test, t_call_lock(w->e, NL, VALBLK, "r", 1), 0);
		t_cast(w->e, 0, NL, VALNOTVALID);
		t_convert(w->e, p->from, 0, 0);
	}
	change(w, p, VALBLK, lvb);
	/* told to readers and to those that move nothing; a writer clears it */
	t_cast(w->e, 0, p->to, writes ? 0 : VALNOTVALID);
	if (dir_of(p) == 'R')
		t_lvb(w->e, OLD);
	see_block(w, writes ? MINE : OLD, !writes);
}

static void on_invalid_without_valblk(struct kunit *test)
{
	const struct t_pair *p = test->param_value;
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, true);
	if (p->from != IV) {
		t_lock(w->e, NL, 0, 0);
		t_convert(w->e, p->from, 0, 0);
	}
	change(w, p, 0, lvb);
	t_cast(w->e, 0, p->to, dir_of(p) == '-' ? VALNOTVALID : 0);
	KUNIT_EXPECT_FALSE(test, w->e->ev[(w->e->seen - 1) % T_EVENTS].has_lvb);
	see_block(w, OLD, true);
}

/* a fresh resource has no block: a new lock's buffer is zero, a convert's own */
static void no_block(struct kunit *test)
{
	struct t_world *w = test->priv;
	u8 zero[T_LVBLEN] = { };
	u8 lvb[T_LVBLEN];

	bring(w->a, lvb, JUNK);
	w->a->lvb_in = NULL;
	t_lock(w->a, CR, VALBLK, 0);
	KUNIT_EXPECT_TRUE(test, w->a->ev[0].has_lvb);
	KUNIT_EXPECT_EQ(test, memcmp(w->a->ev[0].lvb, zero, T_LVBLEN), 0);
	bring(w->a, lvb, MINE);
	t_convert(w->a, PR, VALBLK, 0);
	t_lvb(w->a, MINE);
	/* PR to CR moves nothing, so there is still none */
	t_convert(w->a, CR, VALBLK, 0);
	t_lock(w->b, CR, VALBLK, 0);
	KUNIT_EXPECT_EQ(test, memcmp(w->b->ev[0].lvb, zero, T_LVBLEN), 0);
}

/* refused, cancelled and deadlocked conversions touch nothing */
static void failures_move_nothing(struct kunit *test)
{
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, false);
	t_lock(w->a, PR, VALBLK, 0);
	t_lock(w->b, PR, VALBLK, 0);
	bring(w->b, lvb, MINE);
	t_convert(w->b, EX, VALBLK | NOQUEUE, -EAGAIN);
	t_lvb(w->b, MINE);
	t_convert(w->a, EX, VALBLK, WAITS);
	t_convert(w->b, EX, VALBLK, -EDEADLK);
	t_cancel(w->a);
	t_unlock(w->b, VALBLK);
	t_unlock(w->a, 0);
	see_block(w, OLD, false);
	/* a writer that only wanted more keeps what it has to write */
	t_lock(w->c, PW, 0, 0);
	t_lock(w->d, CR, 0, 0);
	bring(w->c, lvb, MINE);
	t_convert(w->c, EX, VALBLK | NOQUEUE, -EAGAIN);
	see_block(w, OLD, false);
	t_unlock(w->c, 0);
	/* VALBLK of the refused conversion still counted, and its bytes */
	see_block(w, MINE, false);
}

struct unlock_case {
	const char *name;
	u32 convert;	/* flags of the last conversion */
	u32 unlock;
	bool store;
	bool invalid;
};

static const struct unlock_case unlock_cases[] = {
	{ "nothing",			0,	0,	false,	false },
	{ "valblk",			0,	VALBLK,	true,	false },
	{ "inherited valblk",		VALBLK,	0,	true,	false },
	{ "both",			VALBLK,	VALBLK,	true,	false },
	{ "ivvalblk",			0,	IVVALBLK,	false,	true },
	{ "ivvalblk wins",		VALBLK,	VALBLK | IVVALBLK, false, true },
	{ "inherited ivvalblk",		IVVALBLK,	VALBLK,	false,	true },
	{ "forced",			VALBLK,	FORCEUNLOCK,	true,	false },
};

static void unlock_desc(const struct unlock_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(unlock, unlock_cases, unlock_desc);

/*
 * From every mode up to PW.  A refused conversion sets the flags and the bytes
 * that the unlock inherits, without moving a block.
 */
static void unlock_rules(struct kunit *test)
{
	const struct unlock_case *c = test->param_value;
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN], junk[T_LVBLEN];
	bool writer;
	int mode;

	for (mode = NL; mode <= PW; mode++) {
		writer = mode >= PW;
		set_block(w, OLD, false);
		t_lock(w->e, NL, VALBLK, 0);
		t_convert(w->e, mode, 0, 0);
		t_lock(w->d, CR, 0, 0);
		bring(w->e, lvb, MINE);
		t_convert(w->e, EX, c->convert | NOQUEUE, -EAGAIN);
		/* bytes that come with an unlock are not taken */
		bring(w->e, junk, JUNK);
		t_unlock(w->e, c->unlock);
		t_lvb(w->e, MINE);
		see_block(w, writer && c->store ? MINE : OLD,
			  writer && c->invalid);
		t_unlock(w->d, 0);
	}
}

/* from EX nothing can be refused; a store shows in that it clears the mark */
static void unlock_from_ex(struct kunit *test)
{
	const struct unlock_case *c = test->param_value;
	struct t_world *w = test->priv;
	u8 read = c->convert & VALBLK ? OLD : MINE;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, true);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->e, NL, VALBLK, "r", 1), 0);
	t_cast(w->e, 0, NL, VALNOTVALID);
	bring(w->e, lvb, MINE);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->e, EX, c->convert | CONVERT), 0);
	t_cast(w->e, 0, EX, c->convert & VALBLK ? VALNOTVALID : 0);
	t_lvb(w->e, read);
	t_unlock(w->e, c->unlock);
	see_block(w, c->store ? read : OLD, !c->store);
}

/* a lock without a buffer has nothing to store, whatever its unlock says */
static void unlock_without_buffer(struct kunit *test)
{
	struct t_world *w = test->priv;

	set_block(w, OLD, false);
	t_lock(w->a, EX, 0, 0);
	t_unlock(w->a, VALBLK);
	see_block(w, OLD, false);
}

/* the resource's buffer is there in time, whoever is the first to need it */
static void first_store(struct kunit *test)
{
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	/* by a conversion that is the first to say VALBLK */
	t_lock(w->a, EX, 0, 0);
	bring(w->a, lvb, MINE);
	t_convert(w->a, NL, VALBLK, 0);
	see_block(w, MINE, false);
	t_unlock(w->a, 0);
	/* by an unlock that is, from a lock that got its buffer long ago */
	t_lock(w->a, NL, VALBLK, 0);
	t_convert(w->a, PW, 0, 0);
	t_lock(w->b, NL, 0, 0);
	t_unlock(w->a, VALBLK);
	see_block(w, MINE, false);
	t_unlock(w->b, 0);
	/* by the unlock of a lock that was granted later */
	t_lock(w->b, EX, 0, 0);
	t_lock(w->a, EX, VALBLK, WAITS);
	t_lock(w->c, NL, EXPEDITE, 0);
	t_unlock(w->b, 0);
	t_granted(w->a, EX);
	t_unlock(w->a, 0);
	KUNIT_EXPECT_EQ(test, t_call_lock(w->b, NL, VALBLK, "r", 1), 0);
	t_granted(w->b, NL);
	/* it stored its buffer's zeros: a block, not the absence of one */
	t_unlock(w->c, 0);
	bring(w->b, lvb, JUNK);
	t_convert(w->b, CR, VALBLK, 0);
	KUNIT_EXPECT_EQ(test, w->b->ev[(w->b->seen - 1) % T_EVENTS].lvb[0], 0);
}

static void lifetime(struct kunit *test)
{
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN], zero[T_LVBLEN] = { };

	set_block(w, OLD, true);
	t_lock(w->a, NL, 0, 0);
	t_unlock(w->f, 0);
	/* a, in NL and without any interest in it, keeps it */
	see_block(w, OLD, true);
	t_unlock(w->a, 0);
	/* nobody left: gone, with its mark */
	t_lock(w->a, NL, VALBLK, 0);
	KUNIT_EXPECT_EQ(test, memcmp(w->a->ev[(w->a->seen - 1) % T_EVENTS].lvb, zero,
				     T_LVBLEN), 0);
	bring(w->a, lvb, MINE);
	t_convert(w->a, CR, VALBLK, 0);
	t_lvb(w->a, MINE);
}

/* a waiting lock is a lock, too */
static void waiter_keeps_it(struct kunit *test)
{
	struct t_world *w = test->priv;

	set_block(w, OLD, false);
	t_convert(w->f, EX, 0, 0);
	t_lock(w->a, CR, VALBLK, WAITS);
	t_unlock(w->f, 0);
	t_granted(w->a, CR);
	t_lvb(w->a, OLD);
}

/* the alternative mode's direction counts */
static void alternative_mode(struct kunit *test)
{
	struct t_world *w = test->priv;
	u8 lvb[T_LVBLEN];

	set_block(w, OLD, false);
	t_lock(w->a, PW, 0, 0);
	t_lock(w->b, CR, 0, 0);
	bring(w->a, lvb, MINE);
	KUNIT_EXPECT_EQ(test, t_call_convert(w->a, EX, CONVERT | VALBLK | ALTPR), 0);
	t_cast(w->a, 0, PR, ALTMODE);
	see_block(w, MINE, false);
}

struct death_case {
	const char *name;
	s8 mode;
	u32 flags;
	s8 convert;	/* IV: none, else to a mode that has to wait */
	bool orphan;	/* stays */
	bool invalid;
};

static const struct death_case death_cases[] = {
	{ "NL",		NL, 0,		IV, false, false },
	{ "PR",		PR, 0,		IV, false, false },
	{ "PR, VALBLK",	PR, VALBLK,	IV, false, false },
	{ "PW",		PW, 0,		IV, false, true },
	{ "PW, VALBLK",	PW, VALBLK,	IV, false, true },
	{ "EX",		EX, 0,		IV, false, true },
	{ "EX, VALBLK",	EX, VALBLK,	IV, false, true },
	{ "PW to EX",	PW, VALBLK,	EX, false, true },
	{ "PR to EX",	PR, VALBLK,	EX, false, false },
	{ "EX, PERSISTENT",	EX, VALBLK | PERSISTENT, IV, true, false },
};

static void death_desc(const struct death_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(death, death_cases, death_desc);

static void owner_dies(struct kunit *test)
{
	const struct death_case *c = test->param_value;
	struct t_world *w = test->priv;

	/* f is client 2's */
	set_block(w, OLD, false);
	t_lock(w->a, c->mode, c->flags, 0);
	if (c->convert != IV) {
		t_lock(w->c, CR, 0, 0);
		t_convert(w->a, c->convert, c->flags, WAITS);
	}
	t_client_close(w->client[0]);
	KUNIT_EXPECT_EQ(test, t_look(w->a).alive, c->orphan);
	see_block(w, OLD, c->invalid);
	if (!c->orphan)
		return;
	/* the orphan's purge is its holder's death */
	KUNIT_EXPECT_EQ(test, dlm_orphans_purge(w->ls, 0), 0);
	see_block(w, OLD, true);
}

/* every store counts, nothing else does */
static void sequence(struct kunit *test)
{
	struct t_world *w = test->priv;
	struct dlm_lkb *lkb;
	u8 lvb[T_LVBLEN];
	u32 seq[4];
	int i;

	t_lock(w->a, EX, VALBLK, 0);
	bring(w->a, lvb, MINE);
	for (i = 0; i < ARRAY_SIZE(seq); i++) {
		t_convert(w->a, EX, i ? VALBLK : 0, 0);
		lkb = dlm_lkb_lock(w->ls, w->a->id);
		KUNIT_ASSERT_NOT_NULL(test, lkb);
		seq[i] = lkb->rsb->lvbseq;
		if (i)
			KUNIT_EXPECT_EQ(test, lkb->lvbseq, seq[i]);
		dlm_rsb_unlock(lkb->rsb);
		KUNIT_EXPECT_EQ(test, seq[i], seq[0] + i);
	}
	t_lock(w->b, NL, VALBLK, 0);
	lkb = dlm_lkb_lock(w->ls, w->b->id);
	KUNIT_ASSERT_NOT_NULL(test, lkb);
	KUNIT_EXPECT_EQ(test, lkb->lvbseq, seq[3]);
	KUNIT_EXPECT_EQ(test, lkb->rsb->lvbseq, seq[3]);
	dlm_rsb_unlock(lkb->rsb);
}

static struct kunit_case lvb_cases[] = {
	KUNIT_CASE_PARAM(with_valblk, new_pair_gen_params),
	KUNIT_CASE_PARAM(without_valblk, new_pair_gen_params),
	KUNIT_CASE_PARAM(with_ivvalblk, new_pair_gen_params),
	KUNIT_CASE_PARAM(on_invalid_with_valblk, new_pair_gen_params),
	KUNIT_CASE_PARAM(on_invalid_without_valblk, new_pair_gen_params),
	KUNIT_CASE(no_block),
	KUNIT_CASE(failures_move_nothing),
	KUNIT_CASE_PARAM(unlock_rules, unlock_gen_params),
	KUNIT_CASE_PARAM(unlock_from_ex, unlock_gen_params),
	KUNIT_CASE(unlock_without_buffer),
	KUNIT_CASE(first_store),
	KUNIT_CASE(lifetime),
	KUNIT_CASE(waiter_keeps_it),
	KUNIT_CASE(alternative_mode),
	KUNIT_CASE_PARAM(owner_dies, death_gen_params),
	KUNIT_CASE(sequence),
	{}
};

static struct kunit_suite lvb_suite = {
	.name = "dlm_lvb",
	.init = t_init,
	.exit = t_exit,
	.test_cases = lvb_cases,
};

kunit_test_suite(lvb_suite);

MODULE_LICENSE("GPL");
