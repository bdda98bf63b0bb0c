/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks between nodes: a lockspace on each of up to R_NODES nodes, joined by the real
 * recovery on a network in memory (rnet.h), and the words of fixture.h for locks on
 * any of them.
 *
 *	c = test->priv;				nodes 1 to n, by c_init2(), c_init3() ...
 *	name = c_name(c, 1);			a resource whose directory node is 1
 *	l = c_new(c, 2, name);			a lock to be, on node 2
 *	c_lock(l, EX, 0, 0);			asks, lets the messages run, looks at the outcome
 *	c_sent(c, "LOOKUP LOOKUP_REPLY");	those messages and no others were sent
 *	c_call() ... c_step() ...		or one packet after the other
 *
 * Nothing moves but by c_settle(), c_step(), c_advance() and the words that call them.
 */
#ifndef _DLM_KUNIT_CLUSTER_H
#define _DLM_KUNIT_CLUSTER_H

#include <dlm/transport.h>
#include "rnet.h"

#define C_LOG	64
#define C_LOCKS	1024

/**
 * struct c_msg - a lock message that was put on the wire
 * @from: sender
 * @to: receiver
 * @type: enum dlm_msg_type
 * @len: its bytes
 * @msg: the message
 * @extra: what follows it, as far as it is a name or a short value block
 */
struct c_msg {
	int			from;
	int			to;
	enum dlm_msg_type	type;
	unsigned int		len;
	struct dlm_w_msg	msg;
	u8			extra[DLM_RESNAME_MAXLEN];
};

/**
 * struct c_world - the cluster
 * @test: the test
 * @r: nodes, network and clock
 * @nodes: how many
 * @w: by node id: what fixture.h needs to know of a node
 * @log: lock messages since c_forget(), the first C_LOG of them
 * @logged: how many
 * @count: the same by type
 * @names: names that c_name() made
 * @named: how many
 * @locks: what c_new() made, the first C_LOCKS: nothing unexpected may be told to them
 * @nlocks: how many
 */
struct c_world {
	struct kunit	*test;
	struct r_world	*r;
	int		nodes;
	struct t_world	w[R_NODES + 1];
	struct c_msg	log[C_LOG];
	unsigned int	logged;
	unsigned int	count[DLM_MSG_TYPES];
	char		names[32][16];
	unsigned int	named;
	struct t_lock	*locks[C_LOCKS];
	unsigned int	nlocks;
};

int c_init2(struct kunit *test);
int c_init3(struct kunit *test);
int c_init_nodir(struct kunit *test);
int c_init_n(struct kunit *test, int nodes, u32 flags, bool bast);
void c_exit(struct kunit *test);

const char *c_name(struct c_world *c, int dir);
struct t_lock *c_new(struct c_world *c, int node, const char *name);
struct t_client *c_client(struct c_world *c, int node);
struct dlm_ls *c_ls(struct c_world *c, int node);

bool c_step(struct c_world *c, int from, int to);
void c_settle(struct c_world *c);
void c_advance(struct c_world *c, unsigned int ms);
void c_recover(struct c_world *c);
void c_die(struct c_world *c, int node);

void c_forget(struct c_world *c);
void c_sent_at(struct c_world *c, const char *what, int line);
const struct c_msg *c_last(struct c_world *c, enum dlm_msg_type type);
void c_inject(struct c_world *c, int from, int to, struct dlm_w_msg *msg,
	      const void *extra, unsigned int extra_len);
void c_inject_stored(struct c_world *c, int from, int to, struct dlm_w_msg *msg,
		     const void *extra, unsigned int extra_len);
/* enum dlm_ls_stat of a node */
u64 c_stat(struct c_world *c, int node, enum dlm_ls_stat what);
/* -2 if the node does not know the resource */
int c_master(struct c_world *c, int node, const char *name);

int c_call_lock(struct t_lock *l, int mode, u32 flags);
void c_lock_at(struct t_lock *l, int mode, u32 flags, int outcome, int line);
void c_convert_at(struct t_lock *l, int mode, u32 flags, int outcome, int line);
void c_unlock_at(struct t_lock *l, u32 flags, int line);
void c_cancel_at(struct t_lock *l, int line);
void c_check_at(struct c_world *c, int line);

/* ask, settle, and look at the outcome: 0 (granted as asked), WAITS, or the status */
#define c_lock(l, mode, flags, outcome) \
	c_lock_at(l, mode, flags, outcome, __LINE__)
#define c_convert(l, mode, flags, outcome) \
	c_convert_at(l, mode, (flags) | CONVERT, outcome, __LINE__)
#define c_unlock(l, flags)	c_unlock_at(l, flags, __LINE__)
#define c_cancel(l)		c_cancel_at(l, __LINE__)
/* what was sent since the last look, as names in any order; "CONVERT*2" for two */
#define c_sent(c, what)		c_sent_at(c, what, __LINE__)
/* holder's and master's copies agree, no two locks are in each other's way */
#define c_check(c)		c_check_at(c, __LINE__)

#endif
