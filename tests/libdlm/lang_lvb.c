// SPDX-License-Identifier: GPL-2.0
/* Value blocks: direction by mode pair, marks, life time, death of a writer. */
#include "modes.h"

static int fd;
static char A[DLM_LVB_LEN], B[DLM_LVB_LEN], C[DLM_LVB_LEN], zero[DLM_LVB_LEN];

static bool eq(const char *a, const char *b)
{
	return !memcmp(a, b, DLM_LVB_LEN);
}

/* make the resource's value block hold these bytes, valid */
static void store(const char *res, const char *bytes)
{
	int id = GRANT(fd, EX, LKF_VALBLK, res);
	struct t_ev e;

	if (t_conv_lvb(fd, id, NL, LKF_VALBLK, bytes) || t_get(fd, id, false, &e) || e.status)
		t_check(false, T_WHERE, "", "setup: store");
	t_drop(fd, id);
}

/* what a new reader sees; his NL lock comes and goes */
static struct t_ev look(const char *res)
{
	struct t_ev e = { .status = 1 };
	int id = t_lock(fd, NL, LKF_EXPEDITE | LKF_VALBLK, res, 0x50);

	if (id > 0 && !t_get(fd, id, false, &e))
		t_drop(fd, id);
	return e;
}

/* mark the value block invalid, bytes stay */
static void invalidate(const char *res)
{
	int id = GRANT(fd, EX, 0, res);
	struct t_ev e;

	if (t_unlock(fd, id, LKF_IVVALBLK) || t_get(fd, id, false, &e))
		t_check(false, T_WHERE, "", "setup: invalidate");
}

#define LOOK(res, bytes, flag, name) do {				\
	struct t_ev _e = look(res);					\
	CHECK(_e.has_lvb && eq(_e.lvb, bytes), "%s: bytes", name);	\
	IS(_e.sbflags, flag, "%s: VALNOTVALID", name);			\
} while (0)

/* lang-10: every pair */
static void pairs(void)
{
	char res[16], what[48];
	int from, to, k, id;
	struct t_ev e;

	for (from = 0; from < 6; from++) {
		for (to = 0; to < 6; to++) {
			snprintf(res, sizeof(res), "lvb%d%d", from, to);
			snprintf(what, sizeof(what), "lang-10: %s->%s", mode_name[from],
				 mode_name[to]);
			k = GRANT(fd, NL, 0, res);
			store(res, A);
			id = t_lock(fd, from, LKF_VALBLK, res, 1);
			e = CAST(fd, id, 0, "lang-10: new lock");
			CHECK(e.has_lvb && eq(e.lvb, A) && !e.sbflags,
			      "lang-10: new %s reads the value", mode_name[from]);
			IS(t_conv_lvb(fd, id, to, LKF_VALBLK, B), 0, "%s", what);
			e = CAST(fd, id, 0, "lang-10: conversion");
			IS(e.sbflags, 0, "%s: valid", what);
			switch (mode_lvb(from, to)) {
			case 'R':
				CHECK(e.has_lvb && eq(e.lvb, A), "%s reads", what);
				LOOK(res, A, 0, "lang-10: reading leaves it");
				break;
			case 'W':
				CHECK(!e.has_lvb, "%s returns none", what);
				LOOK(res, B, 0, "lang-10: writing");
				break;
			default:
				CHECK(e.has_lvb && eq(e.lvb, B), "%s returns the caller's own", what);
				LOOK(res, A, 0, "lang-10: neither");
			}
			t_drop(fd, id);
			t_drop(fd, k);
		}
	}
}

/* lang-10: unlock; what it stores is the buffer as last handed in */
static void unlocks(void)
{
	struct t_op o = T_OP(0x90);
	int k = GRANT(fd, NL, 0, "ul"), id, m;
	char what[48];

	for (m = 0; m < 6; m++) {
		snprintf(what, sizeof(what), "lang-10: unlock from %s", mode_name[m]);
		store("ul", A);
		/* up to the mode, then a conversion without VALBLK hands in B */
		id = GRANT(fd, m, LKF_VALBLK, "ul");
		IS(t_conv_lvb(fd, id, m, 0, B), 0, "%s: hand in", what);
		t_drain(fd);
		LOOK("ul", A, 0, what);
		o.cmd = DLM_USER_UNLOCK;
		o.lkid = id;
		o.flags = LKF_VALBLK;
		o.lvb = C;
		IS(t_op(fd, &o), 0, "%s: with VALBLK", what);
		CAST(fd, id, -EUNLOCK, what);
		/* the bytes in an unlock request are whatever libdlm had on its stack */
		OURS(LOOK("ul", m >= PW ? B : A, 0, what));
	}

	/* without VALBLK anywhere: nothing */
	store("ul", A);
	id = GRANT(fd, EX, LKF_VALBLK, "ul");
	t_conv_lvb(fd, id, EX, 0, B);
	t_drain(fd);
	IS(t_unlock(fd, id, 0), 0, "lang-10: unlock without VALBLK");
	CAST(fd, id, -EUNLOCK, "lang-10: done");
	LOOK("ul", A, 0, "lang-10: leaves the value alone");

	/* VALBLK of the last lock counts: it stores what it had read, which clears the mark */
	invalidate("ul");
	LOOK("ul", A, DLM_SBF_VALNOTVALID, "lang-10: marked");
	id = t_lock(fd, EX, LKF_VALBLK, "ul", 1);
	CAST(fd, id, 0, "lang-10: EX");
	IS(t_unlock(fd, id, 0), 0, "lang-10: unlock, VALBLK inherited");
	CAST(fd, id, -EUNLOCK, "lang-10: done");
	OURS(LOOK("ul", A, 0, "lang-10: was a store"));

	/* from PR it is not, though VALBLK is given */
	invalidate("ul");
	id = t_lock(fd, PR, LKF_VALBLK, "ul", 1);
	CAST(fd, id, 0, "lang-10: PR");
	IS(t_unlock(fd, id, LKF_VALBLK), 0, "lang-10: unlock from PR");
	CAST(fd, id, -EUNLOCK, "lang-10: done");
	CHECK(look("ul").sbflags == DLM_SBF_VALNOTVALID, "lang-10: is no store");

	/* IVVALBLK at unlock from PR does nothing, from PW it marks */
	store("ul", A);
	id = GRANT(fd, PR, LKF_VALBLK, "ul");
	t_unlock(fd, id, LKF_IVVALBLK);
	CAST(fd, id, -EUNLOCK, "lang-11: unlock from PR with IVVALBLK");
	LOOK("ul", A, 0, "lang-11: marks nothing");
	id = GRANT(fd, PW, LKF_VALBLK, "ul");
	t_conv_lvb(fd, id, PW, 0, B);
	t_drain(fd);
	t_unlock(fd, id, LKF_IVVALBLK);
	CAST(fd, id, -EUNLOCK, "lang-11: unlock from PW with IVVALBLK");
	LOOK("ul", A, DLM_SBF_VALNOTVALID, "lang-11: marks, bytes stay");
	t_drop(fd, k);
	t_drain(fd);
}

/* lang-11: VALBLK missing, IVVALBLK, a store clears the mark */
static void marks(void)
{
	int k = GRANT(fd, NL, 0, "mk"), id;
	struct t_ev e;

	store("mk", A);
	id = GRANT(fd, EX, LKF_VALBLK, "mk");
	IS(t_conv_lvb(fd, id, CR, 0, B), 0, "lang-11: EX->CR without VALBLK");
	CAST(fd, id, 0, "lang-11: done");
	LOOK("mk", A, 0, "lang-11: leaves the value alone");
	t_drop(fd, id);

	id = GRANT(fd, EX, LKF_VALBLK, "mk");
	IS(t_conv_lvb(fd, id, NL, LKF_VALBLK | LKF_IVVALBLK, B), 0, "lang-11: EX->NL with IVVALBLK");
	e = CAST(fd, id, 0, "lang-11: done");
	IS(e.sbflags, 0, "lang-11: which itself reports nothing");
	LOOK("mk", A, DLM_SBF_VALNOTVALID, "lang-11: next reader, old bytes");

	/* lang-13: '-' conversions tell it without VALBLK too, R ones only with it */
	t_drop(fd, id);
	id = t_lock(fd, PR, 0, "mk", 1);
	e = CAST(fd, id, 0, "lang-13: PR without VALBLK");
	IS(e.sbflags, 0, "lang-13: is not told");
	CHECK(!e.has_lvb, "lang-13: and gets no value");
	IS(t_conv(fd, id, CR, 0), 0, "lang-13: PR->CR");
	e = CAST(fd, id, 0, "lang-13: done");
	/* another node's master does not answer a step down */
	if (!t_ls_exists())
		IS(e.sbflags, DLM_SBF_VALNOTVALID, "lang-13: is told");
	CHECK(!e.has_lvb, "lang-13: without a value");
	IS(t_conv_lvb(fd, id, PR, 0, B), 0, "lang-13: CR->PR without VALBLK");
	e = CAST(fd, id, 0, "lang-13: done");
	IS(e.sbflags, 0, "lang-13: is not told");
	IS(t_conv_lvb(fd, id, PW, LKF_VALBLK, B), 0, "lang-13: PR->PW with VALBLK");
	e = CAST(fd, id, 0, "lang-13: done");
	IS(e.sbflags, DLM_SBF_VALNOTVALID, "lang-13: is told");
	CHECK(e.has_lvb && eq(e.lvb, A), "lang-13: with the old bytes");
	IS(t_conv_lvb(fd, id, PW, LKF_VALBLK, C), 0, "lang-11: PW->PW stores");
	e = CAST(fd, id, 0, "lang-11: done");
	IS(e.sbflags, 0, "lang-11: mark is gone");
	LOOK("mk", C, 0, "lang-11: a store clears it");

	/* reading without VALBLK gives back what was handed in */
	IS(t_conv_lvb(fd, id, NL, LKF_VALBLK, A), 0, "lang-10: to NL");
	CAST(fd, id, 0, "lang-10: done");
	IS(t_conv_lvb(fd, id, PR, 0, B), 0, "lang-10: NL->PR without VALBLK");
	e = CAST(fd, id, 0, "lang-10: done");
	CHECK(e.has_lvb && eq(e.lvb, B), "lang-10: returns the caller's own bytes");
	t_drop(fd, id);
	t_drop(fd, k);
}

/* lang-12: it lives as long as any lock, and begins empty */
static void life(void)
{
	int k, id;
	struct t_ev e;

	id = t_lock(fd, PR, LKF_VALBLK, "life", 1);
	e = CAST(fd, id, 0, "lang-12: reader of a fresh resource");
	CHECK(e.has_lvb && eq(e.lvb, zero) && !e.sbflags, "lang-12: sees zeros, valid");
	IS(t_conv_lvb(fd, id, EX, LKF_VALBLK, C), 0, "lang-12: R conversion, no value yet");
	e = CAST(fd, id, 0, "lang-12: done");
	CHECK(e.has_lvb && eq(e.lvb, C), "lang-12: gives back the caller's own bytes");
	t_drop(fd, id);

	k = GRANT(fd, NL, 0, "life2");
	store("life2", A);
	LOOK("life2", A, 0, "lang-12: survives with one NL holder");
	t_drop(fd, k);
	LOOK("life2", zero, 0, "lang-12: gone with the last lock");

	/* the mark goes with it */
	k = GRANT(fd, NL, 0, "life3");
	store("life3", A);
	invalidate("life3");
	LOOK("life3", A, DLM_SBF_VALNOTVALID, "lang-12: marked");
	t_drop(fd, k);
	LOOK("life3", zero, 0, "lang-12: the mark is gone too");

	/* a value given with a new request is ignored */
	struct t_op o = T_OP(1);

	k = GRANT(fd, NL, 0, "life4");
	store("life4", A);
	o.mode = EX;
	o.flags = LKF_VALBLK;
	o.name = "life4";
	o.namelen = 5;
	o.lvb = B;
	id = t_op(fd, &o);
	e = CAST(fd, id, 0, "lang-10: new EX with bytes");
	CHECK(e.has_lvb && eq(e.lvb, A), "lang-10: reads, its bytes are ignored");
	t_drain(fd);
	LOOK("life4", A, 0, "lang-10: resource unchanged");
	/* a failed lock returns none */
	int w = t_lock(fd, EX, LKF_NOQUEUE | LKF_VALBLK, "life4", 1);

	e = CAST(fd, w, -EAGAIN, "abi-08: refused request");
	CHECK(!e.has_lvb, "abi-08: without value");
	IS(t_conv_lvb(fd, k, EX, LKF_NOQUEUE | LKF_VALBLK, C), 0, "lang-10: refused conversion");
	e = CAST(fd, k, -EAGAIN, "lang-10: EAGAIN");
	CHECK(!e.has_lvb, "abi-08: without value");
	LOOK("life4", A, 0, "lang-10: and touches nothing");
	t_unlock(fd, id, 0);
	e = CAST(fd, id, -EUNLOCK, "abi-08: unlock");
	CHECK(!e.has_lvb, "abi-08: without value");
	t_drop(fd, k);
	t_drain(fd);
}

/* the buffer comes with the first VALBLK, at a conversion too */
static void late_buffer(void)
{
	int k = GRANT(fd, NL, 0, "late"), id;
	struct t_ev e;

	store("late", A);
	id = t_lock(fd, CR, 0, "late", 1);
	e = CAST(fd, id, 0, "lang-10: CR without VALBLK");
	CHECK(!e.has_lvb, "lang-10: no value");
	t_conv_lvb(fd, id, PR, LKF_VALBLK, B);
	e = CAST(fd, id, 0, "lang-10: CR->PR with VALBLK");
	CHECK(e.has_lvb && eq(e.lvb, A), "lang-10: reads");
	t_drop(fd, id);
	/* demotion: what the deadlock rule did to the mode does not write */
	int a = GRANT(fd, PR, 0, "late"), b = GRANT(fd, PR, LKF_VALBLK, "late");

	t_conv(fd, a, EX, 0);
	t_conv_lvb(fd, b, EX, LKF_VALBLK | LKF_CONVDEADLK, B);
	CAST(fd, a, 0, "lang-10: winner of a deadlock");
	t_conv(fd, a, NL, 0);
	CAST(fd, a, 0, "lang-10: goes");
	e = CAST(fd, b, 0, "lang-10: demoted NL->EX");
	CHECK(e.has_lvb && eq(e.lvb, A), "lang-10: reads");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drop(fd, k);
	t_drain(fd);
}

struct dead {
	const char *res;
	int mode;
	uint32_t flags;
	struct t_gate ready;
};

/* takes a lock on a handle of its own and lives until it is killed */
static int holder(void *arg)
{
	struct dead *d = arg;
	int h = t_ls_open("lvb"), id = t_lock(h, d->mode, d->flags, d->res, 1);
	struct t_ev e;

	t_post(&d->ready, id > 0 && !t_get(h, id, false, &e) && !e.status);
	while (1)
		pause();
	return 0;
}

static void dies_holding(const char *res, int mode, uint32_t flags)
{
	struct dead d = { res, mode, flags, t_gate() };
	pid_t p = t_child(holder, &d);

	IS(t_await(&d.ready), 1, "abi-12: child holds %s", mode_name[mode]);
	t_kill(p);
}

/* abi-12: death of a writer */
static void death(void)
{
	int k = GRANT(fd, NL, 0, "die");
	struct t_ev e;
	int id;

	dies_holding("die", EX, 0);
	e = look("die");
	IS(e.sbflags, 0, "abi-12: no value was stored: nothing to be invalid");
	store("die", A);
	dies_holding("die", PR, LKF_VALBLK);
	LOOK("die", A, 0, "abi-12: a dead reader does no harm");
	dies_holding("die", EX, 0);
	LOOK("die", A, DLM_SBF_VALNOTVALID, "abi-12: a dead EX, VALBLK or not");
	store("die", B);
	LOOK("die", B, 0, "abi-12: a store heals it");
	dies_holding("die", PW, LKF_VALBLK);
	LOOK("die", B, DLM_SBF_VALNOTVALID, "abi-12: a dead PW");
	id = t_lock(fd, EX, LKF_NOQUEUE, "die", 1);
	CAST(fd, id, 0, "abi-12: its lock is gone");
	t_drop(fd, id);

	/* purge of one's own locks is like a death */
	store("die", A);
	int h = t_ls_open("lvb");

	t_grant(h, EX, LKF_VALBLK, "die", T_WHERE);
	IS(t_purge(h, 0, syscall(SYS_gettid)), 0, "abi-14: purge of own locks");
	LOOK("die", A, DLM_SBF_VALNOTVALID, "abi-14: marks like a death");
	close(h);
	t_drop(fd, k);
}

int main(void)
{
	memset(A, 'a', sizeof(A));
	memset(B, 'b', sizeof(B));
	memset(C, 'c', sizeof(C));
	A[0] = 1;
	B[DLM_LVB_LEN - 1] = 2;
	t_init();
	fd = t_ls_new("lvb", 0);
	pairs();
	unlocks();
	marks();
	life();
	late_buffer();
	death();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
