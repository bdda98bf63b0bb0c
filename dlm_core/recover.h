/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of recovery: from a change of members to the return of normal locking
 * (recovery.md).
 *
 * It is one machine per lockspace.  Its phases follow each other in the order of enum
 * dlm_phase; each is a function that does a bounded piece of work and says
 * whether it is done, waits for others, or wants to go on.  Start, replies of other
 * nodes and time drive it, through dlm_ls_kick() and dlm_ls_work(); it never blocks.
 *
 * recovery->lock is held during each step and while a recovery message is handled, so
 * within recovery everything happens one after the other.  The gate is shut
 * meanwhile: nobody else changes resources and locks.
 *
 * Locking order: ls->control_lock > recovery->lock > dlm_rsb.lock
 *		  recovery->lock > stored_lock | ls->work_lock
 */
#ifndef _DLM_RECOVER_H
#define _DLM_RECOVER_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <dlm/transport.h>
#include "engine.h"
#include "lockspace.h"

/**
 * enum dlm_phase - how far recovery is (recovery.md 3)
 * @DLM_PH_STOPPED: between stop and start
 * @DLM_PH_PREPARE: drop unused resources, list the others
 * @DLM_PH_PING: everybody must answer, and have our configuration
 * @DLM_PH_MEMBERS: node array, index of names
 * @DLM_PH_WAITERS: operations that wait for a reply of who is gone; before anybody
 *	can tell us of new masters, while locks still know whom they asked
 * @DLM_PH_PURGE: locks and messages of who is gone; before who came back can send any
 * @DLM_PH_NODES: barrier: all know the members
 * @DLM_PH_NAMES: ask for the names we are directory node of
 * @DLM_PH_DIR: barrier: all have their directory
 * @DLM_PH_MASTERS: find new masters
 * @DLM_PH_SEND: send our locks to new masters
 * @DLM_PH_LOCKS: barrier: all have sent theirs
 * @DLM_PH_FINISH: what new masters do with what they got
 * @DLM_PH_DONE: barrier: all may go on
 * @DLM_PH_REPLAY: messages that came meanwhile
 * @DLM_PH_RESEND: operations that have to be sent again
 * @DLM_PH_GRANT: grant what became free
 * @DLM_PH_OPEN: the last messages that came meanwhile; then the gate opens
 * @DLM_PH_RUNNING: normal locking
 * @DLM_PH_FAILED: this node cannot take part: until the next stop
 * @DLM_PH_MAX: number of phases
 */
enum dlm_phase {
	DLM_PH_STOPPED,
	DLM_PH_PREPARE,
	DLM_PH_PING,
	DLM_PH_MEMBERS,
	DLM_PH_WAITERS,
	DLM_PH_PURGE,
	DLM_PH_NODES,
	DLM_PH_NAMES,
	DLM_PH_DIR,
	DLM_PH_MASTERS,
	DLM_PH_SEND,
	DLM_PH_LOCKS,
	DLM_PH_FINISH,
	DLM_PH_DONE,
	DLM_PH_REPLAY,
	DLM_PH_RESEND,
	DLM_PH_GRANT,
	DLM_PH_OPEN,
	DLM_PH_RUNNING,
	DLM_PH_FAILED,
	DLM_PH_MAX
};

/* dlm_rsb.flags, of DLM_RSB_RECOVER */
#define DLM_RSB_NEW_MASTER	0x1000	/* until a recovery has come to its end */
#define DLM_RSB_LVB_SUSPECT	0x2000	/* who may have written it is gone */
#define DLM_RSB_SETTLED		0x4000	/* directory node: master known in this recovery */
#define DLM_RSB_ASKED		0x8000	/* LOOKUP_REPLY is due */

/* dlm_lkb.flags, of DLM_LKB_RECOVER: LOCK_REPLY is due */
#define DLM_LKB_LOCK_SENT	0x1000

/* what a phase function says; a negative errno ends this node's recovery */
enum {
	DLM_STEP_DONE	= 0,	/* on to the next phase */
	DLM_STEP_WAIT	= 1,	/* until a reply, or dlm_step.due */
	DLM_STEP_MORE	= 2,	/* call again soon */
};

#define DLM_RECOVER_REPEAT_MS	5000	/* unanswered STATUS, NAMES (recovery.md 6) */
#define DLM_RECOVER_POLL_MS	1000	/* longest pause between two polls */
#define DLM_RECOVER_AGAIN_MS	1000	/* until what was refused is sent again */
#define DLM_RECOVER_NOMEM_MS	20	/* until another try to get memory */
#define DLM_RECOVER_BATCH	512	/* resources or locks of one step */
#define DLM_RECOVER_FLIGHT	1024	/* LOOKUPs or LOCKs without reply */

/*
 * Memory for lock messages that wait for the end of recovery.  A member has at most a few
 * messages per lock under way, and none once it is stopped itself, so this is much
 * more than there ever is.  Who sends more is not read from until some have been worked on,
 * or it is a member no longer.
 */
#define DLM_STORED_MAX		(256UL << 20)

/* what all members must have in common (recovery.md 5) */
struct dlm_ls_config {
	u32	lvblen;
	u32	lsflags;
	u32	flags;
};

/**
 * struct dlm_rpeer - a member as this recovery sees it
 *
 * Guarded by recovery->lock.
 *
 * @conf: from the provider
 * @which: what the transport calls this membership, 0 if there is none
 * @told: its configuration is known
 * @config: the configuration
 * @generation: its generation of slots
 * @slot: its slot as it says, 0 for none; 1-based
 * @minor: minor version it speaks
 * @bits: DLM_RS_* that it reported last
 * @wants: RCOM type of the reply that is due, 0 for none
 * @id: id of that request
 * @asked: when it was sent
 * @next: not before this may it be asked again
 * @names: how far the exchange of names with it is
 * @lastlen: bytes of @last
 * @last: last name that it sent
 * @pages: how many it sent since the first
 * @marklen: bytes of @mark
 * @mark: last name of a page before: no other may end with it
 * @index: where the names for it begin in recovery->index
 * @index_end: where they end
 * @page: first of the page that it was sent last
 * @page_end: behind that page
 */
struct dlm_rpeer {
	struct dlm_member_conf	conf;
	u64			which;
	bool			told;
	struct dlm_ls_config	config;
	u32			generation;
	u16			slot;
	u16			minor;
	u32			bits;
	u8			wants;
	u64			id;
	ktime_t			asked;
	ktime_t			next;
	enum {
		DLM_NAMES_ASK,
		DLM_NAMES_ALL,
	}			names;
	u8			lastlen;
	char			last[DLM_RESNAME_MAXLEN];
	unsigned int		pages;
	u8			marklen;
	char			mark[DLM_RESNAME_MAXLEN];
	unsigned int		index;
	unsigned int		index_end;
	unsigned int		page;
	unsigned int		page_end;
};

/* a node whose former incarnation is no member any more; see struct dlm_member_conf */
struct dlm_gone {
	int	nodeid;
	bool	purged;		/* what there is of it now belongs to who came back */
	bool	settled;	/* likewise what it masters, and that has our locks */
};

/**
 * struct dlm_recovery - the machine, and what it knows
 *
 * Lifetime: that of the lockspace.
 *
 * @lock: see above; sleeps. Guards all that has no other note
 * @ls: the lockspace
 * @phase: changed only by dlm_recover_phase()
 * @begun: the current phase has been entered
 * @paused: somebody holds the machine: dlm_recover_pause()
 * @batch: how much a step does; tests make it small, to meet the machine anywhere
 * @seq: epoch: +1 with each stop and each start
 * @next_id: id of the last request
 * @status: DLM_RS_*, what STATUS is answered with
 * @since: begin of @phase
 * @start: begin of the recovery, 0 once it is over
 * @asked: node asked last
 * @error: why the phase is DLM_PH_FAILED
 * @outcome: of the first recovery: 1 while it is open, then 0 or an errno
 * @wait: woken when @outcome changes
 * @peers: configured members but for those that were refused, ourselves
 *	included, ascending by node id
 * @npeers: how many
 * @low: the lowest of them, which leads the others
 * @gone: nodes that are no members any more, or again, ascending by node id; until a
 *	recovery has come to its end
 * @ngone: how many
 * @our_slot: 0 for none
 * @slots: the table; valid while @nslots is not 0
 * @nslots: entries; 0 between stop and DLM_RS_NODES_ALL
 * @former: entries that were valid before the stop
 * @roots: resources that were in use in the beginning, kept until the end
 * @nroots: how many
 * @room: how many @roots could hold
 * @cursor: next of @roots for the phase
 * @index: those of @roots that we master, by directory node
 * @queue: ring of ids of our locks that a new master has to be sent
 * @queue_size: entries of @queue: a lock is in it, or its reply is due
 * @queue_head: next to be sent
 * @queued: how many are to be sent
 * @flight: LOOKUPs or LOCKs without reply
 * @again: some LOOKUPs had a reply that makes no sense, or LOCKs were not taken
 * @again_at: when to go on with them, 0 if that is not known yet
 * @copies: master copies made of LOCKs, by holder and its lock id; until a
 *	recovery has come to its end
 * @stored_lock: guards @stored, @stored_bytes; opening the gate; leaf
 * @stored: struct dlm_stored, oldest first
 * @stored_bytes: memory in @stored
 * @stored_max: how much there may be; constant but in tests
 */
struct dlm_recovery {
	struct mutex		lock;	/* nearly all below */
	struct dlm_ls		*ls;
	enum dlm_phase		phase;
	bool			begun;
	bool			paused;
	unsigned int		batch;
	u64			seq;
	u64			next_id;
	u32			status;
	ktime_t			since;
	ktime_t			start;
	int			asked;
	int			error;
	int			outcome;
	wait_queue_head_t	wait;

	struct dlm_rpeer	*peers;
	unsigned int		npeers;
	int			low;
	struct dlm_gone		*gone;
	unsigned int		ngone;

	u16			our_slot;
	struct dlm_slot		*slots;
	unsigned int		nslots;
	unsigned int		former;

	struct dlm_rsb		**roots;
	unsigned int		nroots;
	unsigned int		room;
	unsigned int		cursor;
	struct dlm_rsb		**index;
	u32			*queue;
	unsigned int		queue_size;
	unsigned int		queue_head;
	unsigned int		queued;
	unsigned int		flight;
	bool			again;
	ktime_t			again_at;
	struct rhashtable	copies;

	spinlock_t		stored_lock;	/* @stored, opening the gate */
	struct list_head	stored;
	size_t			stored_bytes;
	size_t			stored_max;
};

/**
 * struct dlm_step - one step of the machine
 * @ls: the lockspace
 * @rec: its recovery
 * @now: time of the step
 * @due: when it wants to be called again if nothing happens; KTIME_MAX for never
 * @budget: resources, locks, messages or phases that may still be looked at
 * @fx: effects
 */
struct dlm_step {
	struct dlm_ls		*ls;
	struct dlm_recovery	*rec;
	ktime_t			now;
	ktime_t			due;
	unsigned int		budget;
	struct dlm_fx		fx;
};

/**
 * struct rcom - a recovery message that came
 * @ls: lockspace it is for
 * @rec: its recovery, locked
 * @nodeid: sender
 * @peer: the sender as a member; NULL only for STATUS
 * @msg: the message
 * @type: its type, known to be valid
 * @body: bytes of msg->buf
 * @fx: effects
 */
struct rcom {
	struct dlm_ls			*ls;
	struct dlm_recovery		*rec;
	int				nodeid;
	struct dlm_rpeer		*peer;
	const struct dlm_w_rcom		*msg;
	unsigned int			type;
	unsigned int			body;
	struct dlm_fx			*fx;
};

/* what a message's function says besides 0 and -ENOMEM: it changed nothing */
#define RCOM_IGNORE	1	/* nobody waits for it, or not any more */
#define RCOM_BAD	2	/* nobody may send that */

static inline void dlm_step_due(struct dlm_step *st, ktime_t when)
{
	if (ktime_before(when, st->due))
		st->due = when;
}

/* recoverd.c */
bool dlm_step_pauses(struct dlm_step *st);
int dlm_recover_init(struct dlm_ls *ls);
void dlm_recover_pause(struct dlm_ls *ls);
void dlm_recover_resume(struct dlm_ls *ls);
void dlm_recover_shut_down(struct dlm_ls *ls);
void dlm_recover_exit(struct dlm_ls *ls);
void dlm_recover_halt(struct dlm_recovery *rec);
void dlm_recover_begin(struct dlm_recovery *rec);
void dlm_recover_run(struct dlm_ls *ls);
const char *dlm_phase_name(enum dlm_phase phase);

/* member.c */
struct dlm_rpeer *dlm_rpeer_find(const struct dlm_recovery *rec, int nodeid);
bool dlm_is_us(const struct dlm_recovery *rec, const struct dlm_rpeer *p);
bool dlm_is_low(const struct dlm_recovery *rec);
bool dlm_is_gone(const struct dlm_recovery *rec, int nodeid);
bool dlm_is_unpurged(const struct dlm_recovery *rec, int nodeid);
void dlm_gone_purged(struct dlm_recovery *rec);
bool dlm_is_unsettled(const struct dlm_recovery *rec, int nodeid);
void dlm_gone_settled(struct dlm_recovery *rec);
void dlm_our_config(const struct dlm_ls *ls, struct dlm_ls_config *c);
int dlm_members_check(struct dlm_recovery *rec);
int dlm_members_publish(struct dlm_recovery *rec);
void dlm_members_forget_gone(struct dlm_recovery *rec);
void dlm_members_clear(struct dlm_recovery *rec);

/* slots.c */
int dlm_slots_assign(struct dlm_recovery *rec);
int dlm_slots_copy(struct dlm_recovery *rec, u32 generation,
		   const struct dlm_w_slot *in, unsigned int n);
void dlm_slots_void(struct dlm_recovery *rec);

/* reqqueue.c */
void dlm_stored_drop_gone(struct dlm_recovery *rec);
void dlm_stored_drop_stale(struct dlm_recovery *rec);
int dlm_stored_replay(struct dlm_step *st);
bool dlm_stored_open(struct dlm_recovery *rec);
void dlm_stored_drop_all(struct dlm_recovery *rec);

/* rcom.c */
struct dlm_packet *dlm_rcom_new(struct dlm_ls *ls, enum dlm_rcom_type type,
				unsigned int body);
struct dlm_packet *dlm_rcom_ask(struct dlm_step *st, struct dlm_rpeer *peer,
				enum dlm_rcom_type type, unsigned int body);
struct dlm_packet *dlm_rcom_reply(const struct rcom *m, enum dlm_rcom_type type,
				  unsigned int body);
void dlm_rcom_shorten(struct dlm_packet *p, unsigned int bytes);
void dlm_rcom_send(struct dlm_ls *ls, int nodeid, struct dlm_packet *p,
		   struct dlm_fx *fx);
int dlm_rcom_status(struct dlm_step *st, struct dlm_rpeer *p, u32 flags);
int dlm_rcom_receive(struct dlm_ls *ls, int nodeid, const void *packet,
		     unsigned int len, struct dlm_fx *fx);
int dlm_rcom_not_ready(struct dlm_node *node, int nodeid, const void *packet,
		       struct dlm_fx *fx);

/* recover_dir.c */
int dlm_roots_list(struct dlm_step *st);
void dlm_roots_drop(struct dlm_recovery *rec);
int dlm_names_index(struct dlm_recovery *rec);
int dlm_names_run(struct dlm_step *st);
int dlm_masters_run(struct dlm_step *st);
int dlm_on_names(const struct rcom *m);
int dlm_on_names_reply(const struct rcom *m);
int dlm_on_lookup(const struct rcom *m);
int dlm_on_lookup_reply(const struct rcom *m);

/* recover_locks.c */
int dlm_copies_init(struct dlm_recovery *rec);
void dlm_copies_exit(struct dlm_recovery *rec);
void dlm_copies_forget(struct dlm_recovery *rec);
int dlm_waiters_run(struct dlm_step *st);
int dlm_purge_run(struct dlm_step *st);
int dlm_send_locks_run(struct dlm_step *st);
int dlm_finish_run(struct dlm_step *st);
int dlm_on_lock(const struct rcom *m);
int dlm_on_lock_reply(const struct rcom *m);

#endif
