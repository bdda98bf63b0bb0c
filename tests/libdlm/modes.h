/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lock language's tables as the tests believe them, written down from the
 * specification and not from the module.
 */
#ifndef T_MODES_H
#define T_MODES_H

#include "t.h"

static const char mode_name[6][3] = { "NL", "CR", "CW", "PR", "PW", "EX" };

/* may be held together */
static const bool mode_compat[6][6] = {
	/*		NL CR CW PR PW EX */
	[NL] = {	1, 1, 1, 1, 1, 1 },
	[CR] = {	1, 1, 1, 1, 1, 0 },
	[CW] = {	1, 1, 1, 0, 0, 0 },
	[PR] = {	1, 1, 0, 1, 0, 0 },
	[PW] = {	1, 1, 0, 0, 0, 0 },
	[EX] = {	1, 0, 0, 0, 0, 0 },
};

/* QUECVT is legal for this conversion */
T_FN bool mode_quecvt(int from, int to)
{
	static const char *const t[6] = {
		"-yyyyy", "--yyyy", "---yyy", "--y-yy", "-----y", "------",
	};

	return t[from][to] == 'y';
}

/* what a conversion does with the value block: R to the caller, W from it */
T_FN char mode_lvb(int from, int to)
{
	static const char *const t[6] = {
		"RRRRRR", "-RRRRR", "--RRRR", "---RRR", "WWWWWR", "WWWWWW",
	};

	return t[from][to];
}

/*
 * Which mode do the others on this resource hold together?  Asks with NOQUEUE
 * requests; -1 if the answer fits no single mode.
 */
T_FN int mode_held(int fd, const char *res)
{
	bool ok[6];
	int m, h, id;
	struct t_ev e;

	for (m = 0; m < 6; m++) {
		id = t_lock(fd, m, LKF_NOQUEUE, res, 0x66);
		if (id <= 0 || t_get(fd, id, false, &e))
			return -2;
		ok[m] = e.status == 0;
		if (ok[m] && (t_unlock(fd, id, 0) || t_get(fd, id, false, &e)))
			return -2;
	}
	for (h = 5; h >= 0; h--)
		if (!memcmp(ok, mode_compat[h], sizeof(ok)))
			return h;
	return -1;
}

#endif
