/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few tables of the lock language that the hammer judges by, written down
 * once more on purpose: a test must not take them from what it tests.
 */
#ifndef HAMMER_MODEL_H
#define HAMMER_MODEL_H

#include <stdbool.h>

#define MAX_RES		64

/* may both modes be held at once (symmetric; NL CR CW PR PW EX) */
static inline bool mode_compat(int a, int b)
{
	static const char *const t[6] = {
		"yyyyyy",
		"yyyyy-",
		"yyy---",
		"yy-y--",
		"yy----",
		"y-----",
	};

	return t[a][b] == 'y';
}

/* does holding @strong imply every right of @weak */
static inline bool mode_covers(int strong, int weak)
{
	int m;

	for (m = 0; m < 6; m++)
		if (mode_compat(strong, m) && !mode_compat(weak, m))
			return false;
	return true;
}

static inline bool quecvt_legal(int from, int to)
{
	static const char *const t[6] = {
		"-yyyyy",
		"--yyyy",
		"---yyy",
		"--y-yy",
		"-----y",
		"------",
	};

	return t[from][to] == 'y';
}

/* value block: R = resource to caller, W = caller to resource; -1 = new lock */
static inline char lvb_dir(int from, int to)
{
	static const char *const t[7] = {
		"RRRRRR",
		"RRRRRR",
		"-RRRRR",
		"--RRRR",
		"---RRR",
		"WWWWWR",
		"WWWWWW",
	};

	return t[from + 1][to];
}

#endif
