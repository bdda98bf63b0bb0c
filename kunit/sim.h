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
 * A world has machines and a network, and one or two lockspaces on all of them.  A lockspace has
 * its own membership, daemon, programs and names.
 *
 *	sim.c		the choice of events, rest, begin and end
 *	sim_story.c	what is told of it, packets that pass
 *	sim_daemon.c	machines, lockspaces, the control daemons
 *	sim_fault.c	faults, changes of members
 *	sim_ops.c	programs: handles, operations
 *	sim_lock.c	what programs are told
 *	sim_value.c	value blocks, and what recovery does to them
 *	sim_check.c	what must always be true, and what must be true at rest
 *	sim_test.c	the suite: seeds, coverage
 *
 * The same seed gives the same run, event by event.
 */
#ifndef _DLM_KUNIT_SIM_H
#define _DLM_KUNIT_SIM_H

#include <linux/prandom.h>
#include "faults.h"
#include "fixture.h"
#include "memlink.h"
#include "../dlm_core/recover.h"

#define SIM_NODES	7
#define SIM_SPACES	2
#define SIM_HANDLES	3
#define SIM_LOCKS	40
#define SIM_NAMES	4
#define SIM_LINES	160
#define SIM_LINE	112

struct sim;
struct sim_node;
struct sim_world;

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
 * @doomed: an orphan that a message on its way shall end: sim.changes then, plus 1
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
	unsigned int		doomed;
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
 * @moved: a program wrote or spoiled it, or let the last lock go, since the last rest: that may
 *	still be under way
 * @sure: recovery had to mark it not valid, and nobody wrote it since
 * @writer: who wrote it since the last rest, or NULL
 */
struct sim_name {
	u64	value;
	bool	lost;
	bool	invalid;
	bool	fuzzy;
	bool	moved;
	bool	sure;
	const struct sim_node *writer;
};

/**
 * enum sim_talk - what a machine's transport does
 * @SIM_T_RUNS: it is there for lockspaces
 * @SIM_T_BYE: the last lockspace is gone, farewells are said
 * @SIM_T_STOPPED: they were
 */
enum sim_talk {
	SIM_T_RUNS,
	SIM_T_BYE,
	SIM_T_STOPPED,
};

/**
 * struct sim_machine - a machine
 * @node: NULL while it is down
 * @forget: machines that died and that its transport still knows, as bits
 * @talk: what its transport does
 */
struct sim_machine {
	struct dlm_node		*node;
	u32			forget;
	enum sim_talk		talk;
};

/**
 * struct sim_node - a machine as one lockspace sees it
 * @s: the lockspace
 * @m: the machine
 * @id: node id
 * @ls: its lockspace, NULL if it has none
 * @due: when the lockspace's work is wanted, KTIME_MAX for never
 * @in: it is to be a member
 * @leaving: it is to release its lockspace once all have stopped
 * @stopped: as the daemon told it
 * @started: likewise, since the last change of the membership
 * @odd: its lockspace is configured differently
 * @purged: another node asked it to drop orphans, since the last rest
 * @incarnation: counts lockspaces; 0 before the first
 * @weight: share of the directory
 * @seen: incarnations of the members of its last start, 0 for none
 * @handle: its programs
 */
struct sim_node {
	struct sim		*s;
	struct sim_machine	*m;
	int			id;
	struct dlm_ls		*ls;
	ktime_t			due;
	bool			in;
	bool			leaving;
	bool			stopped;
	bool			started;
	bool			odd;
	bool			purged;
	u32			incarnation;
	unsigned int		weight;
	u32			seen[SIM_NODES];
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
	SIM_AMBUSH,		/* a stop as soon as a node is in a certain phase */
	SIM_ODD,		/* a joiner with another configuration */
	SIM_REFUSED,		/* ... that was refused */
	SIM_QUIET,		/* a change of members while nothing else is under way */
	SIM_FAREWELL,		/* a transport stopped, all farewells said */
	SIM_NOMEM_CALL,		/* a program's call had no memory */
	SIM_NOMEM_START,	/* ... a start */
	SIM_NOMEM_PACKET,	/* ... a received packet */
	SIM_NOMEM_WORK,		/* ... a lockspace's own work */
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

/* a row of recovery.md 10 */
enum sim_lvb {
	SIM_LVB_KEPT,
	SIM_LVB_SUSPECT,
	SIM_LVB_NONE,
	SIM_LVB_HIGH,
	SIM_LVB_LOW,
	SIM_LVBS,
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
 * @demoted: conversions that lost their mode: answers and completions that say so
 * @altmode: grants in another mode
 * @orphans: locks that outlived their handle
 * @adopted: ... and got another
 * @fins: farewells
 * @purges: orphans that ended because another node wanted it
 * @values: what recovery did to value blocks, by enum sim_lvb
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
	unsigned int	fins;
	unsigned int	purges;
	unsigned int	values[SIM_LVBS];
	unsigned int	rests;
};

/**
 * struct sim - one lockspace on all machines
 * @w: the world
 * @nr: its number in the world
 * @nodir: it is without directory
 * @daemon: what its control daemons are about to do
 * @changes: how often its membership changed
 * @ambush: the next stop comes when a node is in this phase, 0 for no ambush
 * @n: machines; node ids are one higher
 * @lock: slots
 * @name: value blocks
 * @dirty: names on which something was granted since the last check, as bits
 * @stamp: value block value written last
 */
struct sim {
	struct sim_world	*w;
	int			nr;
	bool			nodir;
	enum sim_daemon		daemon;
	unsigned int		changes;
	enum dlm_phase		ambush;
	struct sim_node		n[SIM_NODES];
	struct sim_lock		lock[SIM_LOCKS];
	struct sim_name		name[SIM_NAMES];
	unsigned int		dirty;
	u64			stamp;
};

/**
 * struct sim_copy - a lock on the granted or conversion queue, before recovery finishes it
 * @status: the queue
 * @grmode: granted mode
 * @rqmode: wanted mode
 * @valblk: it uses the value block
 * @has: it has one
 * @value: what is in it
 * @seq: its number
 * @gone: its holder is gone, and that was not seen to yet
 */
struct sim_copy {
	int	status;
	int	grmode;
	int	rqmode;
	bool	valblk;
	bool	has;
	u64	value;
	u32	seq;
	bool	gone;
};

/**
 * struct sim_res - a resource before recovery finishes it
 * @there: the node has it
 * @nodeid: its master
 * @flags: DLM_RSB_*
 * @odd: too much can happen to it
 * @waits: somebody waits
 * @value: what is in its value block
 * @n: how many locks
 * @c: the locks
 */
struct sim_res {
	bool		there;
	int		nodeid;
	u16		flags;
	bool		odd;
	bool		waits;
	u64		value;
	unsigned int	n;
	struct sim_copy	c[SIM_LOCKS];
};

/**
 * struct sim_before - a node before a step of its recovery
 * @due: it has not finished anything yet
 * @stored: it has stored messages
 * @res: its resources
 */
struct sim_before {
	bool		due;
	bool		stored;
	struct sim_res	res[SIM_NAMES];
};

/**
 * struct sim_world - the world
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
 * @ending: ... but not any more
 * @calm: few locks and much time, so that resources are forgotten
 * @nomem: memory may run out
 * @denying: it may do so right now
 * @busy: percentage of events that are operations
 * @nodes: machines of this run
 * @spaces: lockspaces of this run
 * @now: the time
 * @net: the network
 * @m: machines
 * @space: lockspaces
 * @before: of the step that is being done
 * @line: last lines of the story
 * @lines: how many there were
 */
struct sim_world {
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
	bool			ending;
	bool			calm;
	bool			nomem;
	bool			denying;
	unsigned int		busy;
	unsigned int		nodes;
	unsigned int		spaces;

	ktime_t			now;
	struct memlink		*net;
	struct sim_machine	m[SIM_NODES];
	struct sim		space[SIM_SPACES];
	struct sim_before	before;

	char			line[SIM_LINES][SIM_LINE];
	unsigned int		lines;
};

static inline u32 sim_below(struct sim_world *w, u32 limit)
{
	return prandom_u32_state(&w->rnd) % limit;
}

static inline bool sim_percent(struct sim_world *w, u32 p)
{
	return sim_below(w, 100) < p;
}

static inline struct sim *sim_some_space(struct sim_world *w)
{
	return &w->space[w->spaces > 1 ? sim_below(w, w->spaces) : 0];
}

/* may programs on this node do something without being put to sleep? */
static inline bool sim_runs(const struct sim_node *n)
{
	return n->ls && n->ls->gate.state == DLM_GATE_OPEN;
}

static inline bool sim_is_member(const struct sim_node *n)
{
	return n->ls && n->in;
}

static inline const struct sim *sim_spaces_end(const struct sim_world *w)
{
	return w->space + w->spaces;
}

static inline const struct sim_node *sim_nodes_end(const struct sim *s)
{
	return s->n + s->w->nodes;
}

/* sim.c */
struct sim_world *sim_create(struct kunit *test, unsigned int seed,
			     struct sim_cover *cover, bool trace);
void sim_destroy(struct sim_world *w);
void sim_step(struct sim_world *w);
void sim_rest(struct sim_world *w, bool empty);
void sim_deny(struct sim_world *w, bool often);
bool sim_denied(struct sim_world *w, enum sim_fault what);

/* sim_story.c */
void sim_tell(struct sim_world *w, const char *fmt, ...) __printf(2, 3);
void sim_blame(struct sim_world *w, const char *fmt, ...) __printf(2, 3);
void sim_say(struct sim *s, const char *fmt, ...) __printf(2, 3);
void sim_fail(struct sim *s, const char *fmt, ...) __printf(2, 3);
void sim_report(struct sim_world *w);
void sim_on_packet(void *priv, int from, int to, const void *packet, unsigned int len);

/* sim_daemon.c */
struct sim_node *sim_some_node(struct sim *s, bool (*fits)(const struct sim_node *n));
bool sim_machine_up(struct sim_world *w, int i);
void sim_machine_down(struct sim_world *w, int i);
void sim_lockspace_up(struct sim_node *n);
void sim_change(struct sim *s);
void sim_stop_one(struct sim_node *n);
void sim_forget(struct sim_world *w, struct sim_machine *m);
bool sim_daemon_step(struct sim *s);
bool sim_farewell_step(struct sim_world *w, bool now);
bool sim_talk_again(struct sim_world *w, int i);

/* sim_fault.c */
void sim_fault(struct sim_world *w);
void sim_heal(struct sim_world *w, u32 percentage);
void sim_look(struct sim_node *n);
bool sim_quiet_change(struct sim_world *w);

/* sim_ops.c */
extern const char * const sim_names[SIM_NAMES];
void sim_handles_open(struct sim_node *n);
void sim_handles_close(struct sim_node *n, bool dead);
void sim_programs_end(struct sim_node *n);
void sim_purge(struct sim_node *n);
void sim_operation(struct sim *s);

/* sim_lock.c */
extern const struct dlm_lkb_ops sim_lkb_ops;

/**
 * struct sim_lkb - the kind of lock of the simulator's programs
 * @lkb: engine's part
 * @to: the slot
 */
struct sim_lkb {
	struct dlm_lkb	lkb;
	struct sim_lock	*to;
};

int sim_number(const struct sim_lock *l);
void sim_free_slot(struct sim_lock *l);
void sim_reap(struct sim *s);

/* sim_value.c */
void sim_value_bytes(u64 value, void *bytes);
void sim_written(struct sim_lock *l);
void sim_spoiled(struct sim_lock *l);
void sim_leaves(struct sim_lock *l);
void sim_has_read(struct sim_lock *l, const struct dlm_lkb *lkb);
void sim_values_in_doubt(struct sim *s);
void sim_writer_dies(struct sim_node *n);
void sim_values_settled(struct sim *s);
void sim_clear_up(struct sim_lock *l);
struct sim_before *sim_values_before(struct sim_node *n, bool alone);
void sim_values_after(struct sim_node *n, const struct sim_before *b);

/* sim_check.c */
void sim_check_step(struct sim *s);
void sim_check_rest(struct sim *s);
void sim_check_empty(struct sim *s);

#endif
