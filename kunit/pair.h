/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two nodes that really run at the same time, for what one thread cannot show.
 *
 * Sessions, frames, peers, lock engine and recovery are those of production.  Bytes go through
 * a buffer in memory instead of a socket, one for each direction: whoever has something to send
 * transmits in his own context, as with sockets, and a thread for each direction delivers, in
 * batches of any size, and does what work items and callbacks of sockets would do.
 *
 *	p = pair_create(test, false, false);	nodes 1 and 2, locking runs on both
 *	...					threads lock and unlock on p->node[0], p->node[1]
 *	pair_cut(p, w);				the connection of one direction is lost
 *	pair_stop(p); pair_start(p, 1, 3);	recovery, with new shares of the directory
 *	pair_destroy(p);
 *
 * What is watched on the way, independent of the session's own books:
 *	the numbers of the packets that are transmitted, which must have no gap;
 *	what arrives, which must be what was sent, in order and once;
 *	the order of messages about one lock: nothing about it before it was accepted.
 * It is counted in p->wrong, never asserted: threads are running.
 */
#ifndef _DLM_KUNIT_PAIR_H
#define _DLM_KUNIT_PAIR_H

#include <linux/kthread.h>
#include <linux/wait.h>
#include "fixture.h"
#include "../dlm_core/recover.h"
#include "../dlm_lowcomms/peer.h"

#define PAIR_BUF	16384
#define PAIR_LOG	8192	/* packets sent and not arrived yet; a power of two */
#define PAIR_IDS	BIT(20)

/* what may be wrong */
enum pair_wrong {
	PAIR_GAP,		/* a number was left out */
	PAIR_SWAPPED,		/* what arrives is not what comes next */
	PAIR_EARLY,		/* about a lock that was not accepted yet */
	PAIR_BAD_STREAM,	/* bytes that are no packets */
	PAIR_OVERFLOW,		/* of these books */
	PAIR_NOT_ASKED,		/* a completion that nobody waits for */
	PAIR_INCOMPATIBLE,	/* two programs rely on modes that exclude each other */
	PAIR_BAST_EARLY,	/* a blocking callback for who was never granted anything */
	PAIR_BAD_RESULT,
	PAIR_LOST,		/* a reference, or a lock that never ends */
	PAIR_WRONGS
};

struct pair;

/**
 * struct pair_way - one direction
 * @p: both
 * @from: index of the sender
 * @tx_mutex: who holds it transmits
 * @again: bit 0: somebody wanted to transmit meanwhile
 * @tx: packets that the session gave, from @tx_off to @tx_len on their way into @buf
 * @tx_off: see there
 * @tx_len: see there
 * @next: number that the next new packet must have; @tx_mutex
 * @lock: guards @buf, @len and @log
 * @buf: bytes under way
 * @len: how many
 * @log: a sum over each packet that was sent and has not arrived
 * @head: packets sent so far
 * @tail: packets arrived so far
 * @rx_mutex: guards @stream and @hungry
 * @stream: receiver's end
 * @hungry: the receiver had no memory
 * @rnd: sizes of batches; @rx_mutex
 * @wait: the mover sleeps here
 * @mover: thread that delivers
 * @deliveries: times that the receiver was given something
 * @cuts: times that it was cut
 */
struct pair_way {
	struct pair		*p;
	int			from;
	struct mutex		tx_mutex; /* @tx*, @next */
	unsigned long		again;
	u8			tx[PAIR_BUF];
	unsigned int		tx_off;
	unsigned int		tx_len;
	u32			next;
	spinlock_t		lock;	/* @buf, @len, @log, @head, @tail */
	u8			buf[PAIR_BUF];
	unsigned int		len;
	u32			log[PAIR_LOG];
	unsigned int		head;
	unsigned int		tail;
	struct mutex		rx_mutex; /* @stream, @hungry, @rnd */
	struct dlm_stream	stream;
	bool			hungry;
	struct rnd_state	rnd;
	wait_queue_head_t	wait;
	struct task_struct	*mover;
	unsigned long		deliveries;
	unsigned long		cuts;
};

/**
 * struct pair_node - a node
 * @p: both
 * @ops: its link; finds the way back here
 * @node: the node
 * @ls: its lockspace
 * @accepted: ids of its locks that a master accepted; whoever receives for it
 * @due: when dlm_ls_work() is wanted; @due_lock
 * @due_lock: guards @due; any context
 * @wait: the worker sleeps here
 * @worker: calls dlm_ls_work(); NULL if that is left to the work item
 */
struct pair_node {
	struct pair		*p;
	struct dlm_link_ops	ops;
	struct dlm_node		*node;
	struct dlm_ls		*ls;
	unsigned long		*accepted;
	spinlock_t		due_lock; /* @due */
	ktime_t			due;
	wait_queue_head_t	wait;
	struct task_struct	*worker;
};

/**
 * struct pair - both nodes
 * @node: index is the node id minus 1
 * @way: index is that of the sender
 * @wrong: enum pair_wrong
 * @unreliable: threads of ours are to suffer from failing allocations
 */
struct pair {
	struct pair_node	node[2];
	struct pair_way		way[2];
	atomic_t		wrong[PAIR_WRONGS];
	bool			unreliable;
};

static inline void pair_wrong(struct pair *p, enum pair_wrong what)
{
	atomic_inc(&p->wrong[what]);
}

const char *pair_wrong_name(enum pair_wrong what);
struct pair *pair_create(struct kunit *test, bool workers, bool unreliable);
void pair_destroy(struct pair *p);
void pair_cut(struct pair *p, int way);
void pair_stop(struct pair *p, int first);
void pair_start(struct pair *p, unsigned int weight1, unsigned int weight2);
bool pair_runs(struct pair *p);

#endif
