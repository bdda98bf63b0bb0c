/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small model of the lock language of one node, written from the
 * specification alone and as plainly as possible: arrays, no pointers between objects, no
 * locking, nothing shared with the engine.  The random test compares the two.
 *
 * A lock is a number that the caller chooses ("slot").
 */
#ifndef _DLM_KUNIT_MODEL_H
#define _DLM_KUNIT_MODEL_H

#include <linux/types.h>

#define MODEL_SLOTS	24
#define MODEL_NAMES	3
#define MODEL_OWNERS	4
#define MODEL_TOLD	24
#define MODEL_LVB	32

#define MODEL_NOBODY	(-1)

/**
 * struct model_told - what an owner is told of a lock
 * @bast: wanted mode of a blocking callback, -1: this is a completion
 * @status: of a completion
 * @mode: granted mode after the completion
 * @sbflags: its status flags
 * @has_buf: the lock has a value block buffer ...
 * @buf: ... with these bytes
 */
struct model_told {
	int	bast;
	int	status;
	int	mode;
	u32	sbflags;
	bool	has_buf;
	u8	buf[MODEL_LVB];
};

/* where a lock is; the numbers are those of lock-semantics.md 2 */
enum model_place {
	MODEL_NOWHERE = 0,
	MODEL_WAITING = 1,
	MODEL_GRANTED = 2,
	MODEL_CONVERTING = 3,
};

/**
 * struct model_lock - a lock
 * @place: its queue
 * @name: its resource
 * @owner: MODEL_NOBODY for orphans
 * @orphan: its owner was closed
 * @wants_bast: has a blocking routine
 * @since: when it came to its owner, or to the orphans; a serial number
 * @held: granted mode, -1 none
 * @want: wanted mode, -1 none
 * @flags: current flags
 * @sbflags: status flags
 * @memory: last mode told since the last grant, -1 none
 * @pid: who used it last
 * @has_buf: there is a value block buffer ...
 * @buf: ... with these bytes
 * @told: what its owner was told in the last operation
 * @ntold: how often
 */
struct model_lock {
	enum model_place	place;
	int			name;
	int			owner;
	bool			orphan;
	bool			wants_bast;
	unsigned long		since;
	int			held;
	int			want;
	u32			flags;
	u32			sbflags;
	int			memory;
	u32			pid;
	bool			has_buf;
	u8			buf[MODEL_LVB];
	struct model_told	told[MODEL_TOLD];
	unsigned int		ntold;
};

/**
 * struct model_queue - slots in order
 * @n: how many
 * @slot: the first is served first
 */
struct model_queue {
	unsigned int	n;
	int		slot[MODEL_SLOTS];
};

/**
 * struct model_name - a resource
 * @convert: conversions that wait
 * @wait: requests that wait
 * @has_lvb: it has a value block ...
 * @lvb: ... with these bytes
 * @invalid: ... that is marked not valid
 * @seq: number of stores
 * @rescanned: the last operation had all queues looked at
 */
struct model_name {
	struct model_queue	convert;
	struct model_queue	wait;
	bool			has_lvb;
	u8			lvb[MODEL_LVB];
	bool			invalid;
	u32			seq;
	bool			rescanned;
};

/**
 * struct model - all there is
 * @lock: by slot
 * @name: resources
 * @closed: owners that are gone
 * @clock: last serial number
 */
struct model {
	struct model_lock	lock[MODEL_SLOTS];
	struct model_name	name[MODEL_NAMES];
	bool			closed[MODEL_OWNERS];
	unsigned long		clock;
};

/**
 * struct model_op - an operation
 * @owner: handle that asks
 * @slot: the lock
 * @name: resource, for requests and adoptions
 * @mode: wanted mode
 * @flags: as given
 * @pid: who asks
 * @wants_bast: for requests
 * @lvb: value block bytes of a conversion, or NULL
 */
struct model_op {
	int		owner;
	int		slot;
	int		name;
	int		mode;
	u32		flags;
	u32		pid;
	bool		wants_bast;
	const u8	*lvb;
};

void model_begin(struct model *m);
int model_request(struct model *m, const struct model_op *op);
int model_convert(struct model *m, const struct model_op *op);
int model_unlock(struct model *m, const struct model_op *op);
int model_cancel(struct model *m, const struct model_op *op, int status);
int model_adopt(struct model *m, const struct model_op *op, int *slot);
void model_close(struct model *m, int owner);
void model_purge_own(struct model *m, int owner);
void model_purge(struct model *m, u32 pid);

#endif
