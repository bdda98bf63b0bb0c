// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a few resources from three nodes, with a network that moves one
 * packet at a time, loses connections, and memory that fails.
 *
 * Kernel parameters: dlm.kunit_remote_seed= the first seed, not 0,
 * dlm.kunit_remote_seeds= how many.
 *
 * At each moment: locks that nobody is changing go together, cluster-wide.  At rest:
 * copies agree, and each operation was completed once.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include "cluster.h"

/* beside the module's own parameters */
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

#define NODES	3
#define SLOTS	20
#define NAMES	4
#define STEPS	3000

static unsigned int first_seed = 1;
module_param_named(kunit_remote_seed, first_seed, uint, 0444);
static unsigned int seeds = 40;
module_param_named(kunit_remote_seeds, seeds, uint, 0444);

/**
 * struct slot - a lock, and what must have become of it
 * @l: the lock, NULL if none is made
 * @ops: requests and conversions that were accepted
 * @unlocks: unlocks that were accepted
 * @ended: completions of @ops
 * @unlocked: completions of @unlocks
 */
struct slot {
	struct t_lock	*l;
	unsigned int	ops;
	unsigned int	unlocks;
	unsigned int	ended;
	unsigned int	unlocked;
};

struct play {
	struct c_world	*c;
	struct rnd_state rnd;
	u64		seed;
	unsigned int	step;
	const char	*names[NAMES];
	struct slot	slot[SLOTS];
};

static u32 pick(struct play *p, u32 n)
{
	return prandom_u32_state(&p->rnd) % n;
}

static bool chance(struct play *p, u32 percent)
{
	return pick(p, 100) < percent;
}

static void expect(struct play *p, bool ok, const char *what,
		   const struct slot *s)
{
	KUNIT_EXPECT_TRUE_MSG(p->c->test, ok,
			      "%s: seed %llu step %u slot %d: ops %u ended %u unlocks %u unlocked %u",
			      what, p->seed, p->step, (int)(s - p->slot),
			      s->ops, s->ended, s->unlocks, s->unlocked);
}

#define EXPECT(p, cond, s)	expect(p, cond, #cond, s)

static void drain(struct play *p)
{
	const struct t_event *ev;
	struct slot *s;

	for (s = p->slot; s < p->slot + SLOTS; s++) {
		if (!s->l)
			continue;
		EXPECT(p, !s->l->lost, s);
		while (s->l->seen != s->l->told) {
			ev = &s->l->ev[s->l->seen++ % T_EVENTS];
			if (ev->kind == T_BAST)
				continue;
			if (ev->status == -DLM_EUNLOCK)
				s->unlocked++;
			else
				s->ended++;
		}
		EXPECT(p, s->ended <= s->ops, s);
		EXPECT(p, s->unlocked <= s->unlocks, s);
	}
}

/* --- operations --------------------------------------------------------- */

static u32 lock_flags(struct play *p, int mode, bool convert)
{
	u32 flags = 0;

	if (chance(p, 20))
		flags |= NOQUEUE;
	if (chance(p, 30))
		flags |= VALBLK;
	if (chance(p, 10))
		flags |= NOQUEUEBAST;
	if (chance(p, 10))
		flags |= HEADQUE;
	if (chance(p, 5))
		flags |= NOORDER;
	if (chance(p, 5))
		flags |= ALTPR;
	if (chance(p, 5))
		flags |= ALTCW;
	if (convert && !(flags & NOQUEUE) && chance(p, 30))
		flags |= CONVDEADLK;
	else if (convert && chance(p, 10))
		flags |= NODLCKWT;
	return flags | (convert ? CONVERT : 0);
}

static void make(struct play *p, struct slot *s)
{
	const char *name = p->names[pick(p, NAMES)];
	int node = 1 + pick(p, NODES), mode = pick(p, 6);

	s->l = t_new(&p->c->w[node], p->c->w[node].client[0], name);
	s->ops = 1;
	s->unlocks = 0;
	s->ended = 0;
	s->unlocked = 0;
	KUNIT_EXPECT_EQ(p->c->test,
			t_call_lock(s->l, mode, lock_flags(p, mode, false), name,
				    strlen(name)), 0);
}

static void operate(struct play *p)
{
	struct slot *s = &p->slot[pick(p, SLOTS)];
	int mode = pick(p, 6);

	if (!s->l) {
		make(p, s);
		return;
	}
	switch (pick(p, 8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		if (!t_call_convert(s->l, mode, lock_flags(p, mode, true)))
			s->ops++;
		break;
	case 4:
	case 5:
		if (!t_call_unlock(s->l, chance(p, 20) ? VALBLK : 0))
			s->unlocks++;
		break;
	case 6:
		if (!t_call_unlock(s->l, FORCEUNLOCK))
			s->unlocks++;
		break;
	default:
		t_call_cancel(s->l, CANCEL, -DLM_ECANCEL);
		break;
	}
}

/* --- invariants --------------------------------------------------------- */

/* granted and nothing on its way; the mode, or IV */
static int settled_mode(struct t_lock *l)
{
	struct dlm_lkb *lkb = dlm_lkb_lock(l->w->ls, l->id);
	int mode = IV;

	if (!lkb)
		return IV;
	if (lkb->status == DLM_LKSTS_GRANTED && !lkb->wait_type &&
	    !lkb->wait_count)
		mode = lkb->grmode;
	dlm_rsb_unlock(lkb->rsb);
	return mode;
}

static void check_modes(struct play *p)
{
	int mode[SLOTS], i, j;

	for (i = 0; i < SLOTS; i++) {
		mode[i] = p->slot[i].l ? settled_mode(p->slot[i].l) : IV;
		for (j = 0; j < i; j++)
			EXPECT(p, mode[i] == IV || mode[j] == IV ||
			       p->slot[i].l->name != p->slot[j].l->name ||
			       t_compat(mode[i], mode[j]), &p->slot[i]);
	}
}

static void check_rest(struct play *p)
{
	struct t_state st;
	struct slot *s;

	c_advance(p->c, 200);
	drain(p);
	c_check(p->c);
	for (s = p->slot; s < p->slot + SLOTS; s++) {
		if (!s->l)
			continue;
		st = t_look(s->l);
		EXPECT(p, s->unlocked == s->unlocks, s);
		if (!st.alive) {
			/* an unlock may have been the answer to both */
			EXPECT(p, s->ended == s->ops ||
			       (s->unlocks && s->ended == s->ops - 1), s);
			kunit_kfree(p->c->test, s->l);
			s->l = NULL;
			continue;
		}
		EXPECT(p, st.status == DLM_LKSTS_GRANTED ||
		       st.status == DLM_LKSTS_CONVERT ||
		       st.status == DLM_LKSTS_WAITING, s);
		EXPECT(p, s->ended == s->ops - (st.status != DLM_LKSTS_GRANTED), s);
	}
}

static void move(struct play *p)
{
	int node = 1 + pick(p, NODES);

	switch (pick(p, 40)) {
	case 0:
		memlink_cut(p->c->r->net, node, 1 + node % NODES);
		break;
	case 1:
		c_ls(p->c, node)->deny_packets = pick(p, 4);
		break;
	case 2:
		p->c->r->now = ktime_add_ms(p->c->r->now, pick(p, 3000));
		fallthrough;
	case 3:
	case 4:
	case 5:
		dlm_ls_work(c_ls(p->c, node), p->c->r->now);
		break;
	default:
		memlink_step(p->c->r->net);
		break;
	}
}

static void play(struct kunit *test, u64 seed)
{
	struct play *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct slot *s;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->c = test->priv;
	p->seed = seed;
	prandom_seed_state(&p->rnd, p->seed);
	for (i = 0; i < NAMES; i++)
		p->names[i] = c_name(p->c, 1 + i % NODES);
	for (p->step = 1; p->step <= STEPS; p->step++) {
		if (chance(p, 40))
			operate(p);
		else
			move(p);
		drain(p);
		check_modes(p);
		if (p->step % 300 == 0)
			check_rest(p);
		if (test->status == KUNIT_FAILURE)
			break;
	}
	/* all go: then nothing is left but what is remembered */
	for (s = p->slot; s < p->slot + SLOTS; s++)
		if (s->l && !t_call_unlock(s->l, FORCEUNLOCK))
			s->unlocks++;
	check_rest(p);
	for (i = 1; i <= NODES; i++)
		KUNIT_EXPECT_EQ_MSG(test, dlm_lkb_count(c_ls(p->c, i)), 0U,
				    "seed %llu node %d", p->seed, i);
	c_advance(p->c, 30000);
	for (i = 1; i <= NODES; i++)
		KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c_ls(p->c, i)->rsbs.nelems), 0,
				    "seed %llu node %d", p->seed, i);
}

/* each on nodes of its own */
static void seeds_in_turn(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < seeds && test->status != KUNIT_FAILURE; i++) {
		if (i) {
			c_exit(test);
			KUNIT_ASSERT_EQ(test, c_init3(test), 0);
		}
		play(test, first_seed + i);
	}
}

static struct kunit_case random_cases[] = {
	KUNIT_CASE(seeds_in_turn),
	{ }
};

static struct kunit_suite random_suite = {
	.name = "dlm_remote_random",
	.init = c_init3,
	.exit = c_exit,
	.test_cases = random_cases,
};

kunit_test_suites(&random_suite);
