// SPDX-License-Identifier: GPL-2.0
/* Modes: compatibility, conversions, flag rules, alternative modes. */
#include "modes.h"

static int fd;

/* lang-01: all pairs of a held and a requested mode */
static void pairs(void)
{
	char res[32];
	int g, r, a, b;

	for (g = 0; g < 6; g++) {
		for (r = 0; r < 6; r++) {
			snprintf(res, sizeof(res), "pair%d%d", g, r);
			a = GRANT(fd, g, 0, res);
			b = t_lock(fd, r, 0, res, 0x20);
			CHECK(b > 0, "lang-01: %s beside %s returns an id", mode_name[r],
			      mode_name[g]);
			IS(t_pending(fd, b), mode_compat[g][r], "lang-01: %s beside %s %s",
			   mode_name[r], mode_name[g], mode_compat[g][r] ? "granted" : "waits");
			t_drop(fd, a);
			if (!mode_compat[g][r])
				CAST(fd, b, 0, "lang-01: granted when the holder is gone");
			else
				t_drain(fd);
			IS(mode_held(fd, res), r, "lang-01: %s is what is held", mode_name[r]);
			t_drop(fd, b);
		}
	}
}

/* lang-02: all conversions beside another holder */
static void conversion(int from, int to, int other, bool noqueue)
{
	bool ok = mode_compat[to][other];
	char what[64], res[32];
	struct t_ev e;
	int a, b;

	snprintf(res, sizeof(res), "cv%d%d%d%d", from, to, other, noqueue);
	snprintf(what, sizeof(what), "%s->%s beside %s%s", mode_name[from], mode_name[to],
		 mode_name[other], noqueue ? " NOQUEUE" : "");
	a = GRANT(fd, from, 0, res);
	b = GRANT(fd, other, 0, res);
	IS(t_conv(fd, a, to, noqueue ? LKF_NOQUEUE : 0), 0, "lang-02: %s returns 0", what);
	if (!ok && !noqueue) {
		IS(t_pending(fd, a), 0, "lang-02: %s waits", what);
		t_drop(fd, b);
		b = 0;
	}
	if (t_get(fd, a, false, &e))
		e.status = 1;
	IS(e.status, !ok && noqueue ? -EAGAIN : 0, "lang-02: %s completes", what);
	if (b)
		t_drop(fd, b);
	IS(mode_held(fd, res), !ok && noqueue ? from : to, "lang-02: %s leaves the right mode",
	   what);
	t_drop(fd, a);
	t_drain(fd);
}

static void conversions(void)
{
	int from, to, other;

	for (from = 0; from < 6; from++)
		for (to = 0; to < 6; to++)
			for (other = 0; other < 6; other++) {
				if (!mode_compat[from][other])
					continue;
				conversion(from, to, other, false);
				conversion(from, to, other, true);
			}
}

/* lang-08: flag combinations that are refused before anything happens */
static void flag_rules(void)
{
	static const struct {
		int mode;
		uint32_t flags;
		const char *name;
	} new_bad[] = {
		{ PR, LKF_CANCEL, "CANCEL" },
		{ PR, LKF_QUECVT, "QUECVT without CONVERT" },
		{ PR, LKF_CONVDEADLK, "CONVDEADLK without CONVERT" },
		{ PR, LKF_CONVDEADLK | LKF_NOQUEUE, "CONVDEADLK and NOQUEUE" },
		{ EX, LKF_EXPEDITE, "EXPEDITE with EX" },
		{ CR, LKF_EXPEDITE, "EXPEDITE with CR" },
		{ NL, LKF_EXPEDITE | LKF_NOQUEUE, "EXPEDITE and NOQUEUE" },
		{ NL, LKF_EXPEDITE | LKF_QUECVT, "EXPEDITE and QUECVT" },
	}, conv_bad[] = {
		{ EX, LKF_CANCEL, "CANCEL" },
		{ EX, LKF_CONVDEADLK | LKF_NOQUEUE, "CONVDEADLK and NOQUEUE" },
		{ NL, LKF_EXPEDITE, "EXPEDITE" },
	};
	size_t i;
	int id, m, to;

	for (i = 0; i < sizeof(new_bad) / sizeof(new_bad[0]); i++)
		IS(t_lock(fd, new_bad[i].mode, new_bad[i].flags, "flags", 0x30), -EINVAL,
		   "lang-08: request with %s", new_bad[i].name);
	id = GRANT(fd, PR, 0, "flags");
	for (i = 0; i < sizeof(conv_bad) / sizeof(conv_bad[0]); i++)
		IS(t_conv(fd, id, conv_bad[i].mode, conv_bad[i].flags), -EINVAL,
		   "lang-08: conversion with %s", conv_bad[i].name);
	for (m = 6; m < 256; m = m * 2 + 1) {
		IS(t_lock(fd, m, 0, "flags", 0x30), -EINVAL, "lang-08: request of mode %d", m);
		IS(t_conv(fd, id, m, 0), -EINVAL, "lang-08: conversion to mode %d", m);
	}
	QUIET(fd, 0, "lang-08: refused calls send nothing");
	IS(mode_held(fd, "flags"), PR, "lang-08: and change nothing");
	t_drop(fd, id);

	for (m = 0; m < 6; m++) {
		for (to = 0; to < 6; to++) {
			id = GRANT(fd, m, 0, "quecvt");
			IS(t_conv(fd, id, to, LKF_QUECVT), mode_quecvt(m, to) ? 0 : -EINVAL,
			   "lang-05: QUECVT %s->%s", mode_name[m], mode_name[to]);
			t_drop(fd, id);
		}
	}

	/* bits that mean nothing here are taken */
	id = t_lock(fd, PR, 0x80000 | LKF_NODLCKBLK | LKF_FORCEUNLOCK | LKF_NOQUEUEBAST, "flags",
		    0x30);
	CHECK(id > 0, "lang-08: flags without meaning are accepted");
	CAST(fd, id, 0, "lang-08: and the lock is granted");
	IS(t_unlock(fd, id, 0), 0, "lang-08: and can be unlocked");
	CAST(fd, id, -EUNLOCK, "lang-08: EUNLOCK");
}

/* lang-09: what is held with ALTPR or ALTCW is the alternative */
static void alternatives(void)
{
	static const struct {
		int other, want;
		uint32_t flags;
		int got;	/* -1: not granted */
	} t[] = {
		{ PR, EX, LKF_ALTPR, PR }, { PR, PW, LKF_ALTPR, PR }, { CW, EX, LKF_ALTCW, CW },
		{ CW, PR, LKF_ALTCW, CW }, { PR, CW, LKF_ALTPR, PR }, { CW, PW, LKF_ALTCW, CW },
		{ PW, EX, LKF_ALTPR, -1 }, { CW, EX, LKF_ALTPR, -1 }, { EX, PR, LKF_ALTCW, -1 },
		{ PR, EX, LKF_ALTPR | LKF_ALTCW, PR }, { CW, EX, LKF_ALTPR | LKF_ALTCW, -1 },
		{ CW, PR, LKF_ALTPR | LKF_ALTCW, CW }, { NL, EX, LKF_ALTPR, EX },
		{ CW, PR, LKF_ALTPR, -1 },
	};
	struct t_ev e;
	char what[64];
	size_t i;
	int a, b, conv;

	for (i = 0; i < 2 * sizeof(t) / sizeof(t[0]); i++) {
		typeof(&t[0]) c = &t[i / 2];

		conv = i & 1;
		snprintf(what, sizeof(what), "%s%s beside %s with%s%s",
			 conv ? "conversion to " : "", mode_name[c->want], mode_name[c->other],
			 c->flags & LKF_ALTPR ? " ALTPR" : "", c->flags & LKF_ALTCW ? " ALTCW" : "");
		a = GRANT(fd, c->other, 0, "alt");
		if (conv) {
			b = GRANT(fd, NL, 0, "alt");
			t_conv(fd, b, c->want, c->flags | LKF_NOQUEUE);
		} else {
			b = t_lock(fd, c->want, c->flags | LKF_NOQUEUE, "alt", 0x40);
		}
		if (t_get(fd, b, false, &e))
			e.status = 1;
		IS(e.status, c->got < 0 ? -EAGAIN : 0, "lang-09: %s", what);
		IS(e.sbflags & DLM_SBF_ALTMODE, c->got >= 0 && c->got != c->want ? DLM_SBF_ALTMODE : 0,
		   "lang-09: %s: ALTMODE", what);
		t_drop(fd, a);
		if (c->got >= 0)
			IS(mode_held(fd, "alt"), c->got, "lang-09: %s: held", what);
		if (c->got >= 0 || conv)
			t_drop(fd, b);
	}

	/* also when a waiting lock is looked at again */
	a = GRANT(fd, EX, 0, "alt2");
	b = t_lock(fd, EX, LKF_ALTPR, "alt2", 0x40);
	QUIET(fd, b, "lang-09: EX with ALTPR behind EX waits");
	t_conv(fd, a, PR, 0);
	e = CAST(fd, b, 0, "lang-09: granted once the holder went to PR");
	IS(e.sbflags, DLM_SBF_ALTMODE, "lang-09: with ALTMODE");
	t_drop(fd, a);
	IS(mode_held(fd, "alt2"), PR, "lang-09: as PR");
	/* the next operation forgets ALTMODE */
	t_drain(fd);
	t_conv(fd, b, CR, 0);
	e = CAST(fd, b, 0, "lang-09: conversion of it");
	IS(e.sbflags, 0, "lang-09: clears ALTMODE");
	t_drop(fd, b);
}

int main(void)
{
	t_init();
	fd = t_ls_new("modes", 0);
	pairs();
	conversions();
	flag_rules();
	alternatives();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
