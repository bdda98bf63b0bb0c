// SPDX-License-Identifier: GPL-2.0
/* Blocking callbacks: who is told what, how often, and what is filtered. */
#include "modes.h"

static int fd;

/* lang-14: which holder is told of which request; once per mode */
static void pairs(void)
{
	char res[16];
	int g, r, a, b, told;

	for (g = 0; g < 6; g++) {
		for (r = 0; r < 6; r++) {
			snprintf(res, sizeof(res), "b%d%d", g, r);
			a = GRANT(fd, g, 0, res);
			b = t_lock(fd, r, 0, res, 1);
			told = !mode_compat[g][r];
			if (told)
				BAST(fd, a, r, "lang-14: holder is told");
			QUIET(fd, a, told ? "lang-14: once" : "lang-14: not told");
			if (told) {
				QUIET(fd, b, "lang-14: the one who waits is not told");
				t_cancel(fd, b);
				t_drain(fd);
				/*
				 * The same again: it knows already.  Between PR and CW
				 * only a told EX counts as knowing, and whether the
				 * device then drops the repetition differs by kernel.
				 */
				b = t_lock(fd, r, 0, res, 1);
				if (!(g == PR && r == CW) && !(g == CW && r == PR))
					QUIET(fd, a, "lang-14: same mode again is not told");
			}
			t_drop(fd, a);
			t_drop(fd, b);
			t_drain(fd);
		}
	}
}

/* lang-14: memory: higher modes are news, a grant forgets */
static void memory(void)
{
	int a = GRANT(fd, EX, 0, "mem"), b, c, d;

	b = t_lock(fd, PR, 0, "mem", 1);
	BAST(fd, a, PR, "lang-14: EX holder told PR");
	c = t_lock(fd, CR, 0, "mem", 1);
	QUIET(fd, a, "lang-14: lower mode is not told");
	d = t_lock(fd, EX, 0, "mem", 1);
	BAST(fd, a, EX, "lang-14: EX after PR is told");
	IS(t_conv(fd, a, EX, 0), 0, "lang-14: EX->EX");
	CAST(fd, a, 0, "lang-14: granted");
	BAST(fd, a, EX, "lang-14: told again after a grant");
	QUIET(fd, a, "lang-14: once, the highest mode");
	t_drop(fd, d);
	QUIET(fd, a, "lang-14: knows more than what is left");
	IS(t_conv(fd, a, PW, 0), 0, "lang-14: EX->PW");
	CAST(fd, a, 0, "lang-14: granted");
	BAST(fd, a, PR, "lang-14: told PR at the re-scan");
	QUIET(fd, b, "lang-14: PR still waits");
	QUIET(fd, c, "lang-14: CR behind PR waits");
	t_drop(fd, b);
	CAST(fd, c, 0, "lang-14: CR granted");
	t_drop(fd, a);
	t_drop(fd, c);
	t_drain(fd);
}

/* lang-14: PR and CW exclude each other though their numbers do not say so */
static void pr_cw(void)
{
	int a = GRANT(fd, PR, 0, "prcw"), b, c;

	b = t_lock(fd, CW, 0, "prcw", 1);
	BAST(fd, a, CW, "lang-14: PR holder told CW");
	c = t_lock(fd, EX, 0, "prcw", 1);
	BAST(fd, a, EX, "lang-14: then EX");
	t_drop(fd, c);
	t_drop(fd, b);
	t_drain(fd);
	t_drop(fd, a);

	a = GRANT(fd, CW, 0, "prcw");
	b = t_lock(fd, PR, 0, "prcw", 1);
	BAST(fd, a, PR, "lang-14: CW holder told PR");
	t_drop(fd, b);
	t_drop(fd, a);
	t_drain(fd);

	/* at a re-scan: blocked PR and CW; the PR holder is told CW */
	int x = GRANT(fd, EX, 0, "prcw2");

	b = t_lock(fd, PR, 0, "prcw2", 1);
	c = t_lock(fd, CW, 0, "prcw2", 1);
	t_drain(fd);
	t_conv(fd, x, PR, 0);
	CAST(fd, x, 0, "lang-14: EX->PR");
	CAST(fd, b, 0, "lang-14: PR granted beside it");
	BAST(fd, x, CW, "lang-14: PR holder told CW at the re-scan");
	BAST(fd, b, CW, "lang-14: the new one too");
	t_drop(fd, x);
	t_drop(fd, b);
	t_drop(fd, c);
	t_drain(fd);

	/* both a PR and a CW are blocked: a PR holder is told CW, a PW holder PR */
	x = GRANT(fd, PW, 0, "prcw3");
	b = t_lock(fd, CW, 0, "prcw3", 1);
	c = t_lock(fd, PR, 0, "prcw3", 1);
	t_drain(fd);
	t_conv(fd, x, PW, 0);
	CAST(fd, x, 0, "lang-14: PW->PW");
	BAST(fd, x, PR, "lang-14: highest blocked mode");
	t_conv(fd, x, PR, 0);
	CAST(fd, x, 0, "lang-14: PW->PR");
	BAST(fd, x, CW, "lang-14: told CW, PR is compatible");
	QUIET(fd, 0, "lang-14: CW first in the queue, PR behind it");
	t_drop(fd, x);
	t_drop(fd, b);
	t_drop(fd, c);
	t_drain(fd);
}

/* all holders are told, grant queue only, not the requester */
static void several(void)
{
	int a = GRANT(fd, PR, 0, "sev"), b = GRANT(fd, PR, 0, "sev"), n = GRANT(fd, NL, 0, "sev"), c;

	c = t_lock(fd, EX, 0, "sev", 1);
	BAST(fd, a, EX, "lang-14: first holder");
	BAST(fd, b, EX, "lang-14: second holder");
	QUIET(fd, n, "lang-14: not who holds NL");
	t_drop(fd, c);
	t_drain(fd);

	/* a converting lock is not on the grant queue */
	t_conv(fd, a, PW, 0);
	QUIET(fd, b, "lang-14: PR->PW: the other knows EX already");
	c = t_lock(fd, EX, 0, "sev", 1);
	QUIET(fd, a, "lang-15: a converting lock is not told of a queued request");
	t_drop(fd, c);
	t_drop(fd, a);
	t_drop(fd, b);
	t_drop(fd, n);
	t_drain(fd);
}

/* lang-15: refused NOQUEUE requests */
static void noqueue(void)
{
	int a = GRANT(fd, PR, 0, "nq"), b = GRANT(fd, CR, 0, "nq"), c;

	c = t_lock(fd, EX, LKF_NOQUEUE, "nq", 1);
	CAST(fd, c, -EAGAIN, "lang-15: NOQUEUE");
	QUIET(fd, a, "lang-15: tells nobody");
	c = t_lock(fd, EX, LKF_NOQUEUE | LKF_NOQUEUEBAST, "nq", 1);
	CAST(fd, c, -EAGAIN, "lang-15: NOQUEUE and NOQUEUEBAST");
	BAST(fd, a, EX, "lang-15: tells a holder");
	BAST(fd, b, EX, "lang-15: and the other");
	t_drain(fd);
	IS(t_conv(fd, b, PW, LKF_NOQUEUE), 0, "lang-15: conversion");
	CAST(fd, b, -EAGAIN, "lang-15: NOQUEUE");
	QUIET(fd, a, "lang-15: tells nobody");
	t_drop(fd, a);
	t_drop(fd, b);

	/* converting locks are told too */
	a = GRANT(fd, PR, 0, "nq2");
	b = GRANT(fd, CR, 0, "nq2");
	t_conv(fd, a, EX, 0);
	BAST(fd, b, EX, "lang-15: told by the conversion");
	QUIET(fd, a, "lang-15: it waits");
	c = t_lock(fd, PW, LKF_NOQUEUE | LKF_NOQUEUEBAST, "nq2", 1);
	CAST(fd, c, -EAGAIN, "lang-15: refused");
	BAST(fd, a, PW, "lang-15: the converting PR is told");
	QUIET(fd, b, "lang-15: CR is compatible");
	t_drop(fd, b);
	t_drain(fd);
	t_drop(fd, a);

	/* NOQUEUEBAST alone means nothing, and nothing is sent when it is granted */
	a = GRANT(fd, PR, 0, "nq3");
	c = t_lock(fd, PR, LKF_NOQUEUE | LKF_NOQUEUEBAST, "nq3", 1);
	CAST(fd, c, 0, "lang-15: granted");
	QUIET(fd, a, "lang-15: nobody told");
	t_drop(fd, a);
	t_drop(fd, c);
}

/* abi-18: what the device filters */
static void filters(void)
{
	struct t_op o = T_OP(0x123);
	int a, b, c;
	struct t_ev e;

	o.mode = EX;
	o.name = "flt";
	o.namelen = 3;
	o.bastaddr = 0;
	a = t_op(fd, &o);
	CAST(fd, a, 0, "abi-18: holder without blocking routine");
	b = t_lock(fd, EX, 0, "flt", 1);
	QUIET(fd, a, "abi-18: is never told");
	t_drop(fd, b);
	/* a convert may bring one */
	IS(t_conv(fd, a, EX, 0), 0, "abi-18: convert with a routine");
	CAST(fd, a, 0, "abi-18: granted");
	b = t_lock(fd, EX, 0, "flt", 1);
	e = BAST(fd, a, EX, "abi-18: now it is told");
	CHECK(e.addr == (uintptr_t)T_BAST && e.param == 0x77, "abi-18: with its parameter");
	t_drop(fd, a);
	CAST(fd, b, 0, "abi-18: granted");
	t_drop(fd, b);
	t_drain(fd);

	/* compatible with the mode of the last completion: dropped */
	a = GRANT(fd, EX, 0, "flt2");
	IS(t_conv(fd, a, NL, 0), 0, "abi-18: to NL");
	CAST(fd, a, 0, "abi-18: NL");
	b = GRANT(fd, EX, 0, "flt2");
	QUIET(fd, a, "abi-18: NL holder is not told");
	t_drop(fd, a);
	t_drop(fd, b);

	/* two equal ones before a read give one */
	a = GRANT(fd, PR, 0, "flt3");
	b = t_lock(fd, EX, LKF_NOQUEUE | LKF_NOQUEUEBAST, "flt3", 1);
	c = t_lock(fd, EX, LKF_NOQUEUE | LKF_NOQUEUEBAST, "flt3", 1);
	CAST(fd, b, -EAGAIN, "abi-18: refused");
	CAST(fd, c, -EAGAIN, "abi-18: refused again");
	BAST(fd, a, EX, "abi-18: two equal ones");
	QUIET(fd, a, "abi-18: give one");
	t_drop(fd, a);
	t_drain(fd);
}

/* the result of a blocking callback */
static void result(void)
{
	int a = t_lock(fd, EX, LKF_VALBLK, "res", 0x321), b;
	struct t_ev e;

	CAST(fd, a, 0, "abi-08: holder");
	b = t_lock(fd, PR, 0, "res", 1);
	e = BAST(fd, a, PR, "abi-08: told");
	CHECK(e.id == a && e.param == 0x321 && e.lksb == 0x321 && e.addr == (uintptr_t)T_BAST,
	      "abi-08: pointers of a blocking AST");
	CHECK(e.status == 0 && e.sbflags == 0, "abi-08: status and flags 0");
	CHECK(e.padded, "abi-08: padding zero, length right");
	IS(e.bast, PR, "abi-08: wanted mode");
	OURS(CHECK(!e.has_lvb && e.len == (int)T_RES, "abi-08: no value block"));
	/* order: a blocking callback and a completion as they arose */
	t_conv(fd, a, EX, 0);
	IS(t_next(fd, &e), 0, "order: first");
	CHECK(!t_is_bast(&e) && e.id == a, "order: the completion");
	IS(t_next(fd, &e), 0, "order: second");
	CHECK(t_is_bast(&e) && e.id == a, "order: then the blocking callback");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drain(fd);
}

int main(void)
{
	t_init();
	fd = t_ls_new("bast", 0);
	pairs();
	memory();
	pr_cw();
	several();
	noqueue();
	filters();
	result();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
