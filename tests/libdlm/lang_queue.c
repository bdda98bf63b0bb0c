// SPDX-License-Identifier: GPL-2.0
/* Order: who waits behind whom, who may overtake, who is granted next. */
#include "modes.h"

static int fd;

/* new lock that must wait */
static int waiting(int mode, uint32_t flags, const char *res, const char *name)
{
	int id = t_lock(fd, mode, flags, res, 0x20);

	CHECK(id > 0, "%s: accepted", name);
	QUIET(fd, id, name);
	return id;
}

static void converting(int id, int mode, uint32_t flags, const char *name)
{
	IS(t_conv(fd, id, mode, flags), 0, "%s: accepted", name);
	QUIET(fd, id, name);
}

/* lang-03: a compatible request still waits behind others */
static void behind(void)
{
	int h = GRANT(fd, PR, 0, "q3"), w, r, n, x, nl;

	w = waiting(EX, 0, "q3", "lang-03: EX waits behind PR");
	r = waiting(PR, 0, "q3", "lang-03: PR waits behind the waiting EX");
	nl = waiting(NL, 0, "q3", "lang-03: NL without EXPEDITE waits too");
	x = t_lock(fd, NL, LKF_EXPEDITE, "q3", 0x20);
	CAST(fd, x, 0, "lang-03: NL with EXPEDITE is granted at once");
	n = t_lock(fd, PR, LKF_NOORDER, "q3", 0x20);
	CAST(fd, n, 0, "lang-03: NOORDER overtakes when it asks");
	n = t_lock(fd, PR, LKF_NOQUEUE, "q3", 0x20);
	CAST(fd, n, -EAGAIN, "lang-03: NOQUEUE does not overtake");
	QUIET(fd, w, "lang-03: EX still waits");
	t_drop(fd, h);
	QUIET(fd, w, "lang-03: EX waits for the overtaker too");
	t_drain(fd);
	IS(t_purge(fd, 0, syscall(SYS_gettid)), 0, "lang-03: clean up");
	(void)r;
	(void)nl;
}

/* lang-03: a queued NOORDER lock is granted in the re-scan that reaches it */
static void noorder_later(void)
{
	int h = GRANT(fd, EX, 0, "q3n"), w, c, n;

	w = waiting(EX, 0, "q3n", "lang-03: EX behind EX");
	c = waiting(CR, 0, "q3n", "lang-03: CR behind them");
	n = waiting(PR, LKF_NOORDER, "q3n", "lang-03: NOORDER PR beside EX waits");
	IS(t_conv(fd, h, PR, 0), 0, "lang-03: holder goes down to PR");
	CAST(fd, h, 0, "lang-03: done");
	CAST(fd, n, 0, "lang-03: NOORDER is granted past the EX");
	QUIET(fd, w, "lang-03: EX waits on");
	QUIET(fd, c, "lang-03: CR keeps its place behind EX");
	t_drop(fd, w);
	CAST(fd, c, 0, "lang-03: CR is granted when the EX has gone");
	t_drop(fd, c);
	t_drop(fd, n);
	t_drop(fd, h);
}

/* first come, first served; several at once if they fit together */
static void fifo(void)
{
	int h = GRANT(fd, EX, 0, "fifo"), id[6], i;
	static const int mode[6] = { PR, PR, EX, PR, CR, PR };
	struct t_ev e;

	for (i = 0; i < 6; i++)
		id[i] = waiting(mode[i], 0, "fifo", "lang-03: queue");
	t_drop(fd, h);
	CAST(fd, id[0], 0, "order: first PR");
	CAST(fd, id[1], 0, "order: second PR with it");
	for (i = 2; i < 6; i++)
		QUIET(fd, id[i], "order: nobody past the EX");
	t_drop(fd, id[0]);
	QUIET(fd, id[2], "order: EX still waits for the second PR");
	t_drop(fd, id[1]);
	CAST(fd, id[2], 0, "order: EX alone");
	QUIET(fd, id[3], "order: nobody beside EX");
	t_drop(fd, id[2]);
	for (i = 3; i < 6; i++) {
		IS(t_next(fd, &e), 0, "order: a result");
		IS(e.id, id[i], "order: the rest in order of arrival");
	}
	for (i = 3; i < 6; i++)
		t_drop(fd, id[i]);
}

/* lang-04: a converting lock blocks with its old mode */
static void old_mode_blocks(void)
{
	int a = GRANT(fd, PR, 0, "q4"), b = GRANT(fd, PR, 0, "q4"), c, d;

	converting(a, EX, 0, "lang-04: PR->EX beside PR waits");
	c = t_lock(fd, CW, LKF_NOQUEUE, "q4", 0x20);
	CAST(fd, c, -EAGAIN, "lang-04: CW does not fit to the old PR");
	t_drop(fd, b);
	CAST(fd, a, 0, "lang-04: converted when alone");
	t_drain(fd);

	/* the same with nobody else holding: only the converting lock is in the way */
	b = GRANT(fd, NL, 0, "q4");
	IS(t_conv(fd, a, PR, 0), 0, "lang-04: back to PR");
	CAST(fd, a, 0, "lang-04: granted");
	IS(t_conv(fd, b, CR, 0), 0, "lang-04: other to CR");
	CAST(fd, b, 0, "lang-04: granted");
	converting(a, EX, 0, "lang-04: PR->EX beside CR waits");
	d = waiting(CW, LKF_NOORDER, "q4", "lang-04: CW waits for the converting PR");
	t_cancel(fd, a);
	CAST(fd, a, -ECANCEL, "lang-04: conversion cancelled");
	QUIET(fd, d, "lang-04: PR again, CW still waits");
	IS(t_conv(fd, a, NL, 0), 0, "lang-04: PR goes");
	CAST(fd, a, 0, "lang-04: granted");
	CAST(fd, d, 0, "lang-04: CW is granted");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drop(fd, d);
}

/* lang-05: conversions jump the convert queue, with QUECVT they do not */
static void quecvt(void)
{
	int a = GRANT(fd, PR, 0, "q5"), b = GRANT(fd, NL, 0, "q5"), c = GRANT(fd, NL, 0, "q5"), d;

	converting(b, EX, 0, "lang-05: NL->EX beside PR waits");
	IS(t_conv(fd, c, CR, LKF_QUECVT), 0, "lang-05: NL->CR with QUECVT");
	QUIET(fd, c, "lang-05: waits behind the conversion");
	d = GRANT(fd, NL, LKF_EXPEDITE, "q5");
	IS(t_conv(fd, d, CR, 0), 0, "lang-05: NL->CR without");
	CAST(fd, d, 0, "lang-05: jumps");
	t_drop(fd, d);
	t_drop(fd, a);
	CAST(fd, b, 0, "lang-05: first conversion");
	QUIET(fd, c, "lang-05: CR beside EX waits");
	t_conv(fd, b, NL, 0);
	CAST(fd, b, 0, "lang-05: EX gone");
	CAST(fd, c, 0, "lang-05: second conversion");
	t_drop(fd, b);
	t_drop(fd, c);

	/* NOORDER wins over a queue that is in the way of QUECVT, except that f comes first */
	a = GRANT(fd, PR, 0, "q5");
	b = GRANT(fd, NL, 0, "q5");
	c = GRANT(fd, NL, 0, "q5");
	converting(b, EX, 0, "lang-05: NL->EX waits again");
	IS(t_conv(fd, c, CR, LKF_QUECVT | LKF_NOORDER), 0, "lang-05: QUECVT and NOORDER");
	QUIET(fd, c, "lang-05: QUECVT decides at first handling");
	t_drop(fd, b);
	CAST(fd, c, 0, "lang-05: granted after that");
	t_drop(fd, a);
	t_drop(fd, c);
}

/* conversions go before waiting requests, in order */
static void converts_first(void)
{
	int a = GRANT(fd, EX, 0, "cf"), b = GRANT(fd, NL, 0, "cf"), c = GRANT(fd, NL, 0, "cf"), w;

	w = waiting(PR, 0, "cf", "order: PR waits");
	converting(b, EX, 0, "order: first conversion waits");
	converting(c, PR, 0, "order: second conversion waits");
	t_drop(fd, a);
	CAST(fd, b, 0, "order: first conversion is granted");
	QUIET(fd, c, "order: second waits");
	QUIET(fd, w, "order: request waits");
	t_conv(fd, b, PR, 0);
	CAST(fd, b, 0, "order: EX to PR");
	CAST(fd, c, 0, "order: second conversion");
	CAST(fd, w, 0, "order: then the request");
	t_drop(fd, b);
	t_drop(fd, c);
	t_drop(fd, w);
}

/* lang-06: HEADQUE goes in front */
static void headque(void)
{
	int h = GRANT(fd, EX, 0, "q6"), a, b, c, d;

	a = waiting(EX, 0, "q6", "lang-06: first EX waits");
	b = waiting(EX, LKF_HEADQUE, "q6", "lang-06: second with HEADQUE");
	t_drop(fd, h);
	CAST(fd, b, 0, "lang-06: HEADQUE is granted first");
	QUIET(fd, a, "lang-06: the other waits");
	t_drop(fd, b);
	CAST(fd, a, 0, "lang-06: then the other");

	b = GRANT(fd, NL, 0, "q6");
	c = GRANT(fd, NL, 0, "q6");
	d = GRANT(fd, NL, 0, "q6");
	converting(b, EX, 0, "lang-06: conversion waits");
	converting(c, EX, LKF_QUECVT | LKF_HEADQUE, "lang-06: second with HEADQUE");
	t_drop(fd, a);
	CAST(fd, c, 0, "lang-06: HEADQUE conversion first");
	QUIET(fd, b, "lang-06: the other waits");
	t_drop(fd, c);
	CAST(fd, b, 0, "lang-06: then the other");
	t_drop(fd, b);
	t_drop(fd, d);
}

/* lang-16: plain unlock of a waiting lock */
static void unlock_waiting(void)
{
	int h = GRANT(fd, PR, 0, "q16"), a, b, n;

	a = waiting(EX, 0, "q16", "lang-16: EX waits");
	b = waiting(PR, 0, "q16", "lang-16: PR waits behind it");
	IS(t_unlock(fd, a, 0), 0, "lang-16: plain unlock of the waiting EX");
	CAST(fd, a, -EUNLOCK, "lang-16: EUNLOCK");
	QUIET(fd, a, "lang-16: and nothing else");
	CAST(fd, b, 0, "lang-16: next waiter proceeds");
	IS(t_unlock(fd, a, 0), -ENOENT, "lang-16: id is dead");

	/* of a converting one: no completion for the conversion */
	n = GRANT(fd, NL, 0, "q16");
	converting(n, EX, 0, "lang-16: conversion waits");
	IS(t_unlock(fd, n, 0), 0, "lang-16: plain unlock of the converting lock");
	CAST(fd, n, -EUNLOCK, "lang-16: EUNLOCK");
	QUIET(fd, n, "lang-16: and nothing else for the conversion");
	t_drop(fd, h);
	t_drop(fd, b);
}

/* resources are apart, names binary, 64 bytes long */
static void names(void)
{
	char long1[DLM_RESNAME_MAXLEN], long2[DLM_RESNAME_MAXLEN];
	int a, b, i;

	memset(long1, 'x', sizeof(long1));
	memcpy(long2, long1, sizeof(long2));
	long2[sizeof(long2) - 1] = 'y';
	a = t_lock_n(fd, EX, 0, long1, sizeof(long1), 1);
	CAST(fd, a, 0, "names: 64 bytes");
	b = t_lock_n(fd, EX, 0, long2, sizeof(long2), 1);
	CAST(fd, b, 0, "names: differ in the last byte only");
	t_drop(fd, b);
	b = t_lock_n(fd, EX, 0, long1, sizeof(long1) - 1, 1);
	CAST(fd, b, 0, "names: one byte shorter");
	t_drop(fd, b);
	b = t_lock_n(fd, EX, LKF_NOQUEUE, long1, sizeof(long1), 1);
	CAST(fd, b, -EAGAIN, "names: the same one is taken");
	t_drop(fd, a);
	a = t_lock_n(fd, EX, 0, "", 0, 1);
	CAST(fd, a, 0, "names: empty is legal");
	b = t_lock_n(fd, EX, LKF_NOQUEUE, "", 0, 1);
	CAST(fd, b, -EAGAIN, "names: and one resource");
	t_drop(fd, a);
	a = t_lock_n(fd, EX, 0, "a\0b", 3, 1);
	CAST(fd, a, 0, "names: a NUL inside");
	b = t_lock_n(fd, EX, 0, "a\0c", 3, 1);
	CAST(fd, b, 0, "names: counts");
	t_drop(fd, a);
	t_drop(fd, b);
	for (i = 0; i < 256; i++) {
		char c = i ? i : 'q';

		a = t_lock_n(fd, EX, LKF_NOQUEUE, &c, 1, 1);
		if (a <= 0)
			break;
	}
	IS(i, 256, "names: any byte");
	t_drain(fd);
	t_purge(fd, 0, syscall(SYS_gettid));
}

/* one resource, many holders, many waiters */
static void crowd(void)
{
	enum { N = 400 };
	static int id[N];
	struct t_ev e;
	int h = GRANT(fd, EX, 0, "crowd"), i, bad = 0;

	for (i = 0; i < N; i++)
		id[i] = t_lock(fd, i % 10 ? PR : PW, 0, "crowd", i + 1);
	t_drop(fd, h);
	for (i = 0; i < N; i++) {
		if (t_next(fd, &e)) {
			bad++;
			break;
		}
		if (t_is_bast(&e)) {
			i--;
			continue;
		}
		bad += e.id != id[i] || e.status || e.param != (uintptr_t)i + 1;
		/* a PW is alone, PRs come in tens: drop each at once */
		t_unlock(fd, id[i], 0);
		t_get(fd, id[i], false, &e);
		bad += e.status != -EUNLOCK;
		/* what came meanwhile is the next grants: put it back in order */
		while (t_stashed && i + 1 < N) {
			e = t_stash[0];
			memmove(&t_stash[0], &t_stash[1], --t_stashed * sizeof(e));
			if (t_is_bast(&e))
				continue;
			i++;
			bad += e.id != id[i] || e.status;
			t_unlock(fd, id[i], 0);
			t_get(fd, id[i], false, &e);
			bad += e.status != -EUNLOCK;
		}
	}
	IS(bad, 0, "order: %d waiters are served in order", N);
}

int main(void)
{
	t_init();
	fd = t_ls_new("queue", 0);
	behind();
	noorder_later();
	fifo();
	old_mode_blocks();
	quecvt();
	converts_first();
	headque();
	unlock_waiting();
	names();
	crowd();
	t_drain(fd);
	IS(mode_held(fd, "q6"), NL, "nothing is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
