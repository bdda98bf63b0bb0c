// SPDX-License-Identifier: GPL-2.0
/* Conversion deadlock: EDEADLK, demotion, NODLCKWT; the DEADLOCK command. */
#include "modes.h"

static int fd;

static void converting(int id, int mode, uint32_t flags, const char *name)
{
	IS(t_conv(fd, id, mode, flags), 0, "%s: accepted", name);
	QUIET(fd, id, name);
}

/* lang-07: both PR to EX */
static void edeadlk(void)
{
	int a = GRANT(fd, PR, 0, "dl"), b = GRANT(fd, PR, 0, "dl");

	IS(t_conv(fd, a, EX, 0), 0, "lang-07: first PR->EX");
	BAST(fd, b, EX, "lang-07: the other is told");
	QUIET(fd, a, "lang-07: first waits");
	IS(t_conv(fd, b, EX, 0), 0, "lang-07: second PR->EX returns 0");
	CAST(fd, b, -EDEADLK, "lang-07: EDEADLK at once");
	QUIET(fd, 0, "lang-07: first still waits, nobody is told anything");
	IS(t_conv(fd, b, NL, 0), 0, "lang-07: second drops to NL");
	CAST(fd, b, 0, "lang-07: granted");
	CAST(fd, a, 0, "lang-07: first gets EX");
	IS(mode_held(fd, "dl"), EX, "lang-07: held");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drain(fd);
}

/* lang-07: a refused conversion leaves the old mode in place */
static void keeps_mode(void)
{
	int a = GRANT(fd, PR, 0, "dl"), b = GRANT(fd, PR, 0, "dl");

	converting(a, PW, 0, "lang-07: PR->PW waits");
	IS(t_conv(fd, b, CW, 0), 0, "lang-07: PR->CW against it");
	CAST(fd, b, -EDEADLK, "lang-07: EDEADLK");
	t_drop(fd, a);
	t_drain(fd);
	IS(mode_held(fd, "dl"), PR, "lang-07: still PR");
	IS(t_conv(fd, b, EX, 0), 0, "lang-07: it can be converted again");
	CAST(fd, b, 0, "lang-07: granted");
	t_drop(fd, b);

	/* no cycle, no error: CR beside a conversion to PW */
	a = GRANT(fd, PR, 0, "dl");
	b = GRANT(fd, CR, 0, "dl");
	int c = GRANT(fd, PR, 0, "dl");

	converting(a, PW, 0, "lang-07: PR->PW waits for the other PR");
	IS(t_conv(fd, b, CW, 0), 0, "lang-07: CR->CW");
	QUIET(fd, b, "lang-07: CR does not stand in PW's way: it waits");
	t_drop(fd, c);
	CAST(fd, a, 0, "lang-07: PW granted");
	t_drain(fd);
	t_drop(fd, a);
	CAST(fd, b, 0, "lang-07: then CW");
	t_drop(fd, b);
	t_drain(fd);
}

/* lang-07: NOQUEUE switches detection off */
static void noqueue(void)
{
	int a = GRANT(fd, PR, 0, "dn"), b = GRANT(fd, PR, 0, "dn");

	converting(a, EX, 0, "lang-07: PR->EX waits");
	IS(t_conv(fd, b, EX, LKF_NOQUEUE), 0, "lang-07: with NOQUEUE");
	CAST(fd, b, -EAGAIN, "lang-07: EAGAIN, not EDEADLK");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drain(fd);
}

/* lang-07: CONVDEADLK demotes to NL and grants later */
static void convdeadlk(void)
{
	int a = GRANT(fd, PR, 0, "dc"), b = GRANT(fd, PR, 0, "dc");
	struct t_ev e;

	converting(a, EX, 0, "lang-07: PR->EX waits");
	BAST(fd, b, EX, "lang-07: the other is told");
	IS(t_conv(fd, b, EX, LKF_CONVDEADLK), 0, "lang-07: CONVDEADLK");
	e = CAST(fd, a, 0, "lang-07: the other is granted by the demotion");
	IS(e.sbflags, 0, "lang-07: which is not demoted");
	QUIET(fd, b, "lang-07: the demoted one waits");
	IS(t_conv(fd, a, NL, 0), 0, "lang-07: winner goes");
	CAST(fd, a, 0, "lang-07: granted");
	e = CAST(fd, b, 0, "lang-07: demoted one is granted");
	IS(e.sbflags, DLM_SBF_DEMOTED, "lang-07: with DEMOTED");
	IS(mode_held(fd, "dc"), EX, "lang-07: as EX");
	t_drain(fd);
	IS(t_conv(fd, b, EX, 0), 0, "lang-07: next conversion");
	e = CAST(fd, b, 0, "lang-07: granted");
	IS(e.sbflags, 0, "lang-07: DEMOTED is gone");
	t_drop(fd, b);
	t_drop(fd, a);
	t_drain(fd);
}

/* lang-07: a demoted lock that is cancelled holds NL */
static void demoted_cancel(void)
{
	int a = GRANT(fd, PR, 0, "dx"), b = GRANT(fd, PR, 0, "dx"), c = GRANT(fd, CR, 0, "dx");

	converting(a, PW, 0, "lang-07: PR->PW waits");
	IS(t_conv(fd, b, EX, LKF_CONVDEADLK), 0, "lang-07: CONVDEADLK");
	CAST(fd, a, 0, "lang-07: PW granted beside CR");
	t_drain(fd);
	IS(t_cancel(fd, b), 0, "lang-07: cancel the demoted conversion");
	CAST(fd, b, -ECANCEL, "lang-07: ECANCEL");
	t_drop(fd, a);
	t_drop(fd, c);
	IS(mode_held(fd, "dx"), NL, "lang-07: it holds NL");
	t_drop(fd, b);
}

/* lang-07: NODLCKWT queues, its own owner is told at a re-scan */
static void nodlckwt(void)
{
	int a, b, c;

	/* PR and PR: the first conversion told EX already, so no more */
	a = GRANT(fd, PR, 0, "dw");
	b = GRANT(fd, PR, 0, "dw");
	converting(a, EX, 0, "lang-07: PR->EX waits");
	t_drain(fd);
	IS(t_conv(fd, b, EX, LKF_NODLCKWT), 0, "lang-07: NODLCKWT");
	QUIET(fd, b, "lang-07: is queued");
	t_cancel(fd, b);
	CAST(fd, b, -ECANCEL, "lang-07: and can be cancelled");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drain(fd);

	/* PW then EX: told PW, so its own EX is news */
	a = GRANT(fd, PR, 0, "dw2");
	b = GRANT(fd, PR, 0, "dw2");
	c = GRANT(fd, CR, 0, "dw2");
	converting(a, PW, 0, "lang-07: PR->PW waits");
	t_drain(fd);
	IS(t_conv(fd, b, EX, LKF_NODLCKWT), 0, "lang-07: PR->EX NODLCKWT");
	t_pending(fd, 0);
	/* any unlock re-scans */
	t_drop(fd, c);
	BAST(fd, b, EX, "lang-07: its own owner is told its own mode");
	t_drain(fd);
	c = GRANT(fd, NL, LKF_EXPEDITE, "dw2");
	t_drop(fd, c);
	QUIET(fd, b, "lang-07: once");
	IS(t_cancel(fd, b), 0, "lang-07: so it can cancel");
	CAST(fd, b, -ECANCEL, "lang-07: ECANCEL");
	t_drop(fd, b);
	CAST(fd, a, 0, "lang-07: and the other goes on");
	t_drop(fd, a);
	t_drain(fd);
}

/* lang-20: DEADLOCK command */
static void command(void)
{
	int h = GRANT(fd, EX, 0, "dd"), w = t_lock(fd, EX, 0, "dd", 1), a;

	QUIET(fd, w, "lang-20: EX waits");
	IS(t_deadlock(fd, w), 0, "lang-20: DEADLOCK of a waiting lock");
	CAST(fd, w, -EDEADLK, "lang-20: EDEADLK");
	IS(t_unlock(fd, w, 0), -ENOENT, "lang-20: and it is gone");
	IS(t_deadlock(fd, w), -ENOENT, "lang-20: unknown id");
	IS(t_deadlock(fd, 0), -ENOENT, "lang-20: id 0");

	a = GRANT(fd, NL, 0, "dd");
	converting(a, EX, 0, "lang-20: conversion waits");
	IS(t_deadlock(fd, a), 0, "lang-20: DEADLOCK of a conversion");
	CAST(fd, a, -EDEADLK, "lang-20: EDEADLK");
	QUIET(fd, a, "lang-20: once");
	IS(t_conv(fd, a, CR, 0), 0, "lang-20: it still holds its old mode");
	t_drop(fd, h);
	CAST(fd, a, 0, "lang-20: and can be converted");

	IS(t_deadlock(fd, a), 0, "lang-20: of an idle lock: 0");
	QUIET(fd, a, "lang-20: and nothing happens");
	/* the wish is not remembered */
	h = GRANT(fd, CR, 0, "dd");
	converting(a, EX, 0, "lang-20: conversion waits");
	IS(t_cancel(fd, a), 0, "lang-20: real cancel");
	OURS(CAST(fd, a, -ECANCEL, "lang-20: says ECANCEL"));
	t_drop(fd, a);
	t_drop(fd, h);
	t_drain(fd);
}

int main(void)
{
	t_init();
	fd = t_ls_new("deadlock", 0);
	edeadlk();
	keeps_mode();
	noqueue();
	convdeadlk();
	demoted_cancel();
	nodlckwt();
	command();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
