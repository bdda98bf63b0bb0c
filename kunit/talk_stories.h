/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dialogues of talk_test.c, and what programs did meanwhile.
 *
 * Recordings show what nodes said.  What programs did on the node that was master is not in
 * them; deeds[] is what must have happened for the dialogue to make sense.
 */
#ifndef _DLM_KUNIT_TALK_STORIES_H
#define _DLM_KUNIT_TALK_STORIES_H

#include "capture.h"
#include "fixture.h"
#include "capture_6_1.h"
#include "capture_7_3.h"
#include "capture_more.h"
#include "capture_late.h"

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

/**
 * struct story - a dialogue, and who we are in it
 * @desc: for people
 * @p: packets
 * @n: how many
 * @us: our node id; the other one is 3 - @us
 * @nodir: lockspace without directory
 * @old: we have been in the lockspace before the other one came
 * @late: we join when the other one has asked us for a while already
 * @id: of the lockspace
 * @generation: ours before, if @old
 * @pid: of programs in deeds[]
 */
struct story {
	const char			*desc;
	const struct talk_packet	*p;
	unsigned int			n;
	int				us;
	bool				nodir;
	bool				old;
	bool				late;
	u32				id;
	u32				generation;
	u32				pid;
};

#define TESTLS	0xe5adef01	/* lockspaces testls and nod */
#define NOD	0x4aa2c2b9

static const struct story stories[] = {
	{ "6.1 as node 1", talk_6_1, ARRAY_SIZE(talk_6_1), 1,
	  .id = TESTLS, .old = true, .generation = 1 },
	{ "6.1 as node 2", talk_6_1, ARRAY_SIZE(talk_6_1), 2,
	  .id = TESTLS },
	{ "7.3 as node 1", talk_7_3, ARRAY_SIZE(talk_7_3), 1,
	  .id = TESTLS, .old = true, .generation = 1 },
	{ "7.3 as node 2", talk_7_3, ARRAY_SIZE(talk_7_3), 2,
	  .id = TESTLS },
	{ "6.1 nodir as node 1", nodir_6_1, ARRAY_SIZE(nodir_6_1), 1,
	  .id = NOD, .nodir = true, .old = true, .generation = 1,
	  .pid = 100 },
	{ "6.1 nodir as node 2", nodir_6_1, ARRAY_SIZE(nodir_6_1), 2,
	  .id = NOD, .nodir = true },
	{ "7.3 nodir as node 1", nodir_7_3, ARRAY_SIZE(nodir_7_3), 1,
	  .id = NOD, .nodir = true, .old = true, .generation = 1,
	  .pid = 106 },
	{ "7.3 nodir as node 2", nodir_7_3, ARRAY_SIZE(nodir_7_3), 2,
	  .id = NOD, .nodir = true },
	{ "6.1 rejoin as node 1", rejoin_6_1, ARRAY_SIZE(rejoin_6_1), 1,
	  .id = TESTLS },
	{ "6.1 rejoin as node 2", rejoin_6_1, ARRAY_SIZE(rejoin_6_1), 2,
	  .id = TESTLS, .old = true, .generation = 3 },
	{ "7.3 rejoin as node 1", rejoin_7_3, ARRAY_SIZE(rejoin_7_3), 1,
	  .id = TESTLS },
	{ "7.3 rejoin as node 2", rejoin_7_3, ARRAY_SIZE(rejoin_7_3), 2,
	  .id = TESTLS, .old = true, .generation = 3 },
	{ "6.1 late as node 2", late_6_1, ARRAY_SIZE(late_6_1), 2,
	  .id = TESTLS, .late = true },
	{ "7.3 late as node 2", late_7_3, ARRAY_SIZE(late_7_3), 2,
	  .id = TESTLS, .late = true },
};

#endif
