/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share: a node with one lockspace, handles ("clients") and a
 * kind of lock that writes down what its owner is told.
 *
 * Everything hangs off struct t_world, which is test->priv.  A lock's story
 * is read in order, entry by entry; t_exit() fails the test if something was told that the
 * test did not ask for.
 *
 * The macros pass on the line of their use, which is what a failure prints.
 */
#ifndef _DLM_KUNIT_FIXTURE_H
#define _DLM_KUNIT_FIXTURE_H

#include <kunit/test.h>
#include <dlm/core.h>
#include <dlm/node.h>
#include "../dlm_core/engine.h"
#include "../dlm_core/lockspace.h"

/* short names of modes and flags: a test is a table of them */
#define NL	DLM_LOCK_NL
#define CR	DLM_LOCK_CR
#define CW	DLM_LOCK_CW
#define PR	DLM_LOCK_PR
#define PW	DLM_LOCK_PW
#define EX	DLM_LOCK_EX
#define IV	DLM_LOCK_IV

#define NOQUEUE		DLM_LKF_NOQUEUE
#define CANCEL		DLM_LKF_CANCEL
#define CONVERT		DLM_LKF_CONVERT
#define VALBLK		DLM_LKF_VALBLK
#define QUECVT		DLM_LKF_QUECVT
#define IVVALBLK	DLM_LKF_IVVALBLK
#define CONVDEADLK	DLM_LKF_CONVDEADLK
#define PERSISTENT	DLM_LKF_PERSISTENT
#define NODLCKWT	DLM_LKF_NODLCKWT
#define EXPEDITE	DLM_LKF_EXPEDITE
#define NOQUEUEBAST	DLM_LKF_NOQUEUEBAST
#define HEADQUE		DLM_LKF_HEADQUE
#define NOORDER		DLM_LKF_NOORDER
#define ORPHAN		DLM_LKF_ORPHAN
#define ALTPR		DLM_LKF_ALTPR
#define ALTCW		DLM_LKF_ALTCW
#define FORCEUNLOCK	DLM_LKF_FORCEUNLOCK

#define DEMOTED		DLM_SBF_DEMOTED
#define VALNOTVALID	DLM_SBF_VALNOTVALID
#define ALTMODE		DLM_SBF_ALTMODE

#define T_LVBLEN	32
#define T_EVENTS	24
#define T_CLIENTS	3

/* outcome of a call: no completion yet */
#define WAITS		1

enum t_event_kind {
	T_CAST,
	T_BAST,
};

/**
 * struct t_event - something that an owner was told
 * @kind: completion or blocking callback
 * @status: of a completion
 * @mode: granted mode after a completion; wanted mode of a blocking callback
 * @sbflags: of a completion
 * @has_lvb: the lock had a value block buffer
 * @lvb: its bytes
 */
struct t_event {
	enum t_event_kind	kind;
	int			status;
	int			mode;
	u8			sbflags;
	bool			has_lvb;
	u8			lvb[T_LVBLEN];
};

/**
 * struct t_client - a handle
 * @owner: engine's part
 * @bast: its locks want blocking callbacks
 * @pid: thread that uses it
 * @gets: references taken on its queue
 * @puts: references given back
 * @flushes: times its reader was woken
 */
struct t_client {
	struct dlm_owner	owner;
	bool			bast;
	u32			pid;
	unsigned int		gets;
	unsigned int		puts;
	unsigned int		flushes;
};

/**
 * struct t_lock - what a test keeps of a lock; outlives the lock
 * @w: its world
 * @client: who asks
 * @name: resource, terminated string
 * @id: lock id
 * @lvb_in: value block bytes to go with the next conversions, or NULL
 * @timeout_cs: for DLM_LKF_TIMEOUT
 * @tag: a number that the test gives it
 * @binds: calls of ops->bind
 * @accepts: calls of ops->accept
 * @unbinds: calls of ops->unbind
 * @told: events so far
 * @seen: events the test has looked at
 * @ev: the events
 * @lost: more than fit
 */
struct t_lock {
	struct t_world		*w;
	struct t_client		*client;
	const char		*name;
	u32			id;
	const char		*lvb_in;
	u32			timeout_cs;
	int			tag;
	unsigned int		binds;
	unsigned int		accepts;
	unsigned int		unbinds;
	unsigned int		told;
	unsigned int		seen;
	struct t_event		ev[T_EVENTS];
	bool			lost;
};

/**
 * struct test_lkb - the kind of lock of these tests
 * @lkb: engine's part
 * @to: who writes down what happens
 */
struct test_lkb {
	struct dlm_lkb	lkb;
	struct t_lock	*to;
};

/**
 * struct t_world - what a test case runs in
 * @test: the case
 * @node: a node of its own, solo
 * @ls: a device lockspace on it
 * @client: handles; those of @client[0] and up want blocking callbacks if the
 *	test says so
 * @a: locks "r", of client 0, ready to be asked for
 * @b: of client 1
 * @c: of client 2
 * @d: of client 0 again, and so on
 * @e: likewise
 * @f: likewise
 * @all: the same as an array
 * @priv: of the suite
 */
struct t_world {
	struct kunit		*test;
	struct dlm_node		*node;
	struct dlm_ls		*ls;
	struct t_client		*client[T_CLIENTS];
	union {
		struct {
			struct t_lock *a, *b, *c, *d, *e, *f;
		};
		struct t_lock	*all[6];
	};
	void			*priv;
};

/**
 * struct t_state - a look at a lock
 * @alive: it exists
 * @status: enum dlm_lkb_status
 * @grmode: granted mode
 * @rqmode: wanted mode
 * @exflags: current flags
 * @sbflags: status flags
 * @pid: its recorded pid
 */
struct t_state {
	bool	alive;
	int	status;
	int	grmode;
	int	rqmode;
	u32	exflags;
	u8	sbflags;
	u32	pid;
};

/* a pair of modes as a test parameter; all pairs with -1..5 before 0..5 */
struct t_pair {
	s8	from;
	s8	to;
};

#define T_PAIRS		36
#define T_NEW_PAIRS	42
extern const struct t_pair t_pairs[T_PAIRS];
extern const struct t_pair t_new_pairs[T_NEW_PAIRS];
void t_pair_desc(const struct t_pair *p, char *desc);
const char *t_mode_name(int mode);
/* the compatibility table of lock-semantics.md 1, not the engine's */
bool t_compat(int a, int b);
/* does a locked resource know how many of its locks hold which mode? */
bool t_counts_right(const struct dlm_rsb *r);

extern const struct dlm_lkb_ops t_lkb_ops;

int t_init(struct kunit *test);
int t_init_bast(struct kunit *test);
int t_init_timewarn(struct kunit *test);
void t_exit(struct kunit *test);
struct dlm_node *t_node(struct kunit *test);
struct dlm_ls *t_ls(struct kunit *test, struct dlm_node *node, const char *name,
		    u32 flags);
struct t_client *t_client_new(struct t_world *w);
void t_client_close(struct t_client *c);
void t_start_alone(struct t_world *w);
struct t_lock *t_new(struct t_world *w, struct t_client *c, const char *name);
void t_fill(void *lvb, u8 first);

/* the bare operations: the call's result, nothing is checked */
int t_call_lock(struct t_lock *l, int mode, u32 flags, const void *name,
		unsigned int len);
int t_call_convert(struct t_lock *l, int mode, u32 flags);
int t_call_unlock(struct t_lock *l, u32 flags);
int t_call_cancel(struct t_lock *l, u32 flags, int status);
int t_call_adopt(struct t_lock *l, int mode, u32 flags);
struct t_state t_look(struct t_lock *l);

void t_lock_at(struct t_lock *l, int mode, u32 flags, int outcome, int line);
void t_convert_at(struct t_lock *l, int mode, u32 flags, int outcome, int line);
void t_unlock_at(struct t_lock *l, u32 flags, int line);
void t_cancel_at(struct t_lock *l, int line);
void t_cast_at(struct t_lock *l, int status, int mode, u8 sbflags, int line);
void t_bast_at(struct t_lock *l, int mode, int line);
void t_quiet_at(struct t_lock *l, int line);
void t_state_at(struct t_lock *l, int status, int grmode, int line);
void t_lvb_at(struct t_lock *l, u8 first, int line);

/* ask, and look at the outcome: 0 (granted as asked), WAITS, or the status */
#define t_lock(l, mode, flags, outcome) \
	t_lock_at(l, mode, flags, outcome, __LINE__)
#define t_convert(l, mode, flags, outcome) \
	t_convert_at(l, mode, (flags) | CONVERT, outcome, __LINE__)
/* unlock, and see -DLM_EUNLOCK */
#define t_unlock(l, flags)	t_unlock_at(l, flags, __LINE__)
/* cancel, and see -DLM_ECANCEL */
#define t_cancel(l)		t_cancel_at(l, __LINE__)

/* the next thing that @l was told */
#define t_granted(l, mode)	t_cast_at(l, 0, mode, 0, __LINE__)
#define t_cast(l, status, mode, sbflags) \
	t_cast_at(l, status, mode, sbflags, __LINE__)
#define t_bast(l, mode)		t_bast_at(l, mode, __LINE__)
/* nothing more */
#define t_quiet(l)		t_quiet_at(l, __LINE__)
/* where it is and what it holds */
#define t_holds(l, mode)	t_state_at(l, DLM_LKSTS_GRANTED, mode, __LINE__)
#define t_waiting(l)		t_state_at(l, DLM_LKSTS_WAITING, IV, __LINE__)
#define t_converting(l, mode)	t_state_at(l, DLM_LKSTS_CONVERT, mode, __LINE__)
#define t_gone(l)		t_state_at(l, DLM_LKSTS_DEAD, IV, __LINE__)
/* value block bytes at the last event looked at, as t_fill() made them */
#define t_lvb(l, first)		t_lvb_at(l, first, __LINE__)

#endif
