/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The simulator: a cluster of up to SIM_NODES nodes in one thread, driven by one seed.
 *
 * Nothing happens by itself.  sim_step() picks one event: bytes of one direction move, one
 * node's lockspace works, a program does something with a lock, the control daemon goes on,
 * or there is a fault.  Time is a number that is moved when nobody has anything to do.  The
 * code below the lock language is that of production, down to the session with its numbers
 * and acknowledgements; TCP, work items, the control daemon and programs are simulated.
 *
 *	sim.c		the world: nodes, network, daemon, choice of events, faults
 *	sim_ops.c	programs: handles, locks, operations, what they are told
 *	sim_check.c	what must always be true, and what must be true at rest
 *	sim_test.c	the suite: seeds, coverage
 *
 * The same seed gives the same run, event by event.
 */
#ifndef _DLM_KUNIT_SIM_H
#define _DLM_KUNIT_SIM_H

#include <linux/prandom.h>
#include "fixture.h"
#include "memlink.h"
#include "../dlm_core/recover.h"

#define SIM_NODES	7
#define SIM_HANDLES	3
#define SIM_LOCKS	40
#define SIM_NAMES	4
#define SIM_LINES	160
#define SIM_LINE	112

struct sim;
struct sim_node;

/**
 * struct sim_handle - a program's open handle
 * @owner: engine's part
 * @n: its node
 * @open: in use
 * @bast: its locks want blocking callbacks
 * @pid: the program
 * @gets: references taken on its queue, minus those given back
 */
struct sim_handle {
	struct dlm_owner	owner;
	struct sim_node		*n;
	bool			open;
	bool			bast;
	u32			pid;
	int			gets;
};

/**
 * enum sim_life - what a slot is used for
 * @SIM_FREE: nothing
 * @SIM_LIVE: a lock of an open handle
 * @SIM_ORPHAN: a persistent lock whose handle was closed
 * @SIM_GHOST: a lock that its closed handle let go, and that may not be gone yet
 */
enum sim_life {
	SIM_FREE,
	SIM_LIVE,
	SIM_ORPHAN,
	SIM_GHOST,
};

/* what a lock awaits the completion of */
enum sim_pending {
	SIM_IDLE,
	SIM_REQUEST,
	SIM_CONVERT,
};

/**
 * struct sim_lock - a lock as its program knows it
 * @s: the world
 * @life: what the slot is used for
 * @n: its node
 * @h: its handle, unless @life says that it is closed
 * @name: number of the resource
 * @id: lock id
 * @pending: operation whose completion is due
 * @unlocking: an unlock was accepted: -DLM_EUNLOCK is due
 * @cancelled: a cancel was accepted while something was pending
 * @cancel_as: ... and this is what it completes with
 * @late: a cancel's own answer may still be due
 * @fuzzy: its unlock may write what nobody can tell
 * @doubt: an orphan whose held mode nobody can tell
 * @bast: wants blocking callbacks, whoever adopts it
 * @held: granted mode as of the last completion
 * @want: mode of the pending operation
 * @flags: current flags
 * @has_buf: has a value block buffer
 * @value: what it last read or wrote
 */
struct sim_lock {
	struct sim		*s;
	enum sim_life		life;
	struct sim_node		*n;
	struct sim_handle	*h;
	int			name;
	u32			id;
	enum sim_pending	pending;
	bool			unlocking;
	bool			cancelled;
	int			cancel_as;
	bool			late;
	bool			fuzzy;
	bool			doubt;
	bool			bast;
	int			held;
	int			want;
	u32			flags;
	bool			has_buf;
	u64			value;
};

/**
 * struct sim_name - what is known of a resource's value block
 * @value: last write of any program, 0 for none
 * @lost: it may be gone: the resource may have been without locks, or its master
 * @invalid: it may be marked not valid
 * @fuzzy: nobody can tell what is in it until the next write
 */
struct sim_name {
	u64	value;
	bool	lost;
	bool	invalid;
	bool	fuzzy;
};

/**
 * struct sim_node - a machine
 * @s: the world
 * @id: node id
 * @node: NULL while it is down
 * @ls: its lockspace, NULL if it has none
 * @due: when the lockspace's work is wanted, KTIME_MAX for never
 * @in: it is to be a member
 * @leaving: it is to release its lockspace once all have stopped
 * @stopped: as the daemon told it
 * @started: likewise, since the last change of the membership
 * @incarnation: counts lockspaces; 0 before the first
 * @comm_seq: counts deaths
 * @weight: share of the directory
 * @seen: incarnations of the members of its last start, 0 for none
 * @forget: nodes that died and that its transport still knows, as bits
 * @handle: its programs
 */
struct sim_node {
	struct sim		*s;
	int			id;
	struct dlm_node		*node;
	struct dlm_ls		*ls;
	ktime_t			due;
	bool			in;
	bool			leaving;
	bool			stopped;
	bool			started;
	u32			incarnation;
	u32			comm_seq;
	unsigned int		weight;
	u32			seen[SIM_NODES];
	u32			forget;
	struct sim_handle	handle[SIM_HANDLES];
};

enum sim_daemon {
	SIM_D_IDLE,
	SIM_D_STOPPING,
	SIM_D_STARTING,
};

enum sim_fault {
	SIM_CUT,
	SIM_PART,
	SIM_STALL,
	SIM_KILL,
	SIM_LEAVE,
	SIM_JOIN,
	SIM_REJOIN,		/* joins while some still have it as a former member */
	SIM_AGAIN,		/* stop and start without a change */
	SIM_FAULTS,
};

enum sim_overlap {
	SIM_OVL_CANCEL_REQUEST,
	SIM_OVL_CANCEL_CONVERT,
	SIM_OVL_UNLOCK_REQUEST,
	SIM_OVL_UNLOCK_CONVERT,
	SIM_OVL_UNLOCK_CANCEL,
	SIM_OVERLAPS,
};

enum sim_result {
	SIM_RES_OK,
	SIM_RES_QUEUED,
	SIM_RES_EAGAIN,
	SIM_RES_EBADR,
	SIM_RES_ENOTBLK,
	SIM_RES_EDEADLK,
	SIM_RES_EUNLOCK,
	SIM_RES_ECANCEL,
	SIM_RESULTS,
};

/**
 * struct sim_cover - how often something happened, over all seeds
 * @msg: lock messages by type
 * @rcom: recovery messages by type
 * @result: results of replies
 * @abort: stops by the phase they met
 * @fault: faults
 * @overlap: operations on locks that awaited a reply
 * @told: completions by status: 0, EAGAIN, EDEADLK, ECANCEL, EUNLOCK
 * @basts: blocking callbacks
 * @notvalid: value blocks that were not valid
 * @demoted: conversions that lost their mode
 * @altmode: grants in another mode
 * @orphans: locks that outlived their handle
 * @adopted: ... and got another
 * @rests: times that all was at rest and looked at
 */
struct sim_cover {
	unsigned int	msg[DLM_MSG_TYPES];
	unsigned int	rcom[DLM_RCOM_TYPES];
	unsigned int	result[SIM_RESULTS];
	unsigned int	abort[DLM_PH_MAX];
	unsigned int	fault[SIM_FAULTS];
	unsigned int	overlap[SIM_OVERLAPS];
	unsigned int	told[5];
	unsigned int	basts;
	unsigned int	notvalid;
	unsigned int	demoted;
	unsigned int	altmode;
	unsigned int	orphans;
	unsigned int	adopted;
	unsigned int	rests;
};

/**
 * struct sim - the world
 * @test: the test case
 * @cover: where to count
 * @rnd: source of chance
 * @seed: what it began with
 * @step: events so far
 * @trace: print all lines at once
 * @failed: something was wrong
 * @why: what
 * @cuts: connections may be reset, parted and stalled
 * @changes: the membership may change
 * @nodir: lockspaces are without directory
 * @calm: few locks and much time, so that resources are forgotten
 * @busy: percentage of events that are operations
 * @nodes: machines of this run
 * @now: the time
 * @net: the network
 * @daemon: what the control daemons are about to do
 * @n: machines; node ids are one higher
 * @lock: slots
 * @name: value blocks
 * @dirty: names on which something was granted since the last check, as bits
 * @stamp: value block value written last
 * @line: last lines of the story
 * @lines: how many there were
 */
struct sim {
	struct kunit		*test;
	struct sim_cover	*cover;
	struct rnd_state	rnd;
	unsigned int		seed;
	unsigned int		step;
	bool			trace;
	bool			failed;
	char			why[160];

	bool			cuts;
	bool			changes;
	bool			nodir;
	bool			calm;
	unsigned int		busy;
	unsigned int		nodes;

	ktime_t			now;
	struct memlink		*net;
	enum sim_daemon		daemon;
	struct sim_node		n[SIM_NODES];
	struct sim_lock		lock[SIM_LOCKS];
	struct sim_name		name[SIM_NAMES];
	unsigned int		dirty;
	u64			stamp;

	char			line[SIM_LINES][SIM_LINE];
	unsigned int		lines;
};

static inline u32 sim_below(struct sim *s, u32 limit)
{
	return prandom_u32_state(&s->rnd) % limit;
}

static inline bool sim_percent(struct sim *s, u32 p)
{
	return sim_below(s, 100) < p;
}

/* may programs on this node do something without being put to sleep? */
static inline bool sim_runs(const struct sim_node *n)
{
	return n->ls && n->ls->gate.state == DLM_GATE_OPEN;
}

/* sim.c */
struct sim *sim_create(struct kunit *test, unsigned int seed, struct sim_cover *cover,
		       bool trace);
void sim_destroy(struct sim *s);
void sim_step(struct sim *s);
void sim_rest(struct sim *s, bool empty);
void sim_say(struct sim *s, const char *fmt, ...) __printf(2, 3);
void sim_fail(struct sim *s, const char *fmt, ...) __printf(2, 3);

/* sim_ops.c */
extern const char * const sim_names[SIM_NAMES];
void sim_handles_open(struct sim_node *n);
void sim_handles_close(struct sim_node *n, bool dead);
void sim_programs_end(struct sim_node *n);
void sim_purge(struct sim_node *n);
void sim_operation(struct sim *s);
void sim_reap(struct sim *s);
void sim_values_in_doubt(struct sim *s);

/* sim_check.c */
void sim_check_step(struct sim *s);
void sim_check_rest(struct sim *s);
void sim_check_empty(struct sim *s);

#endif
