/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The recorded dialogues show what nodes said.  What programs did on the node that was master is
 * not in them; this is what must have happened for the dialogue to make sense.
 */
#ifndef _DLM_KUNIT_TALK_DEEDS_H
#define _DLM_KUNIT_TALK_DEEDS_H

#include "fixture.h"

enum what { LOCK, CONV, UNLOCK };

/**
 * struct deed - what a program did without a message
 * @part: number of the recording
 * @n: before which packet of it; 0: before the first one
 * @us: on which node
 * @what: what it did
 * @name: to its lock on this resource
 * @mode: mode that it wanted
 * @flags: with these flags
 * @outcome: 0 (granted as asked), WAITS, or the status
 * @lvb: bytes of the value block
 */
struct deed {
	u8		part;
	u8		n;
	u8		us;
	enum what	what;
	const char	*name;
	int		mode;
	u32		flags;
	int		outcome;
	char		lvb;
};

static const struct deed deeds[] = {
	/* node 2 had a lock on what it is master of; 06: and wrote once */
	{ 4, 1, 2, LOCK, "rdm1", NL, VALBLK },
	{ 6, 10, 2, CONV, "rdm1", EX, VALBLK },
	{ 6, 10, 2, CONV, "rdm1", NL, VALBLK, .lvb = 'X' },
	{ 7, 1, 2, LOCK, "nq2", PR },
	{ 7, 7, 2, LOCK, "nq2", EX, NOQUEUE | NOQUEUEBAST, -EAGAIN },
	{ 8, 1, 2, LOCK, "bg0", NL, VALBLK },
	{ 8, 3, 2, CONV, "bg0", PR, VALBLK, WAITS },
	{ 8, 6, 2, CONV, "bg0", EX, VALBLK },
	{ 8, 8, 2, CONV, "bg0", PR, VALBLK, .lvb = 'H' },
	{ 8, 11, 2, CONV, "bg0", NL },
	{ 9, 1, 2, LOCK, "cn3", PR },
	{ 10, 1, 2, LOCK, "dl1", PR },
	{ 10, 3, 2, CONV, "dl1", EX, 0, WAITS },
	{ 10, 8, 2, UNLOCK, "dl1" },
	{ 10, 11, 2, LOCK, "alt1", CW },
	{ 11, 1, 2, LOCK, "ul0", NL, VALBLK },
	{ 12, 1, 2, LOCK, "pd1", NL },
	{ 13, 1, 2, LOCK, "pg0", NL },
	{ 14, 5, 1, UNLOCK, "rmv0" },
	{ 14, 5, 2, UNLOCK, "rmw0" },
	/* without directory: what node 1 had when node 2 joined */
	{ 29, 0, 1, LOCK, "nodir0", NL },
	{ 29, 0, 1, LOCK, "nodir1", NL },
	{ 29, 0, 1, LOCK, "nodir2", NL, VALBLK },
	{ 29, 0, 1, LOCK, "nodir3", NL },
	{ 29, 0, 1, LOCK, "nodir4", NL },
	{ 29, 0, 1, LOCK, "nodir5", PR },
	{ 29, 0, 1, LOCK, "nodir6", NL, VALBLK },
	{ 29, 0, 1, LOCK, "nodir7", NL },
	/* and node 2 when node 1 came back */
	{ 33, 0, 2, LOCK, "xy5", NL },
};

#endif
