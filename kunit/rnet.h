/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes that recover, for the suites of recovery: up to R_NODES nodes with a lockspace of the
 * same name on a network in memory, and a clock that only the test moves.
 *
 *	r = test->priv;
 *	r_nodes(r, 3);			nodes 1 to 3, lockspaces never started
 *	r_start_all(r);			each with all living nodes as members
 *	r_run(r);			until nobody has anything to do
 *	r_all_running(r);
 *
 * Everything happens in the test's thread.
 */
#ifndef _DLM_KUNIT_RNET_H
#define _DLM_KUNIT_RNET_H

#include "fixture.h"
#include "memlink.h"
#include "../dlm_core/recover.h"

#define R_NODES		5
#define R_LOG		4096

/**
 * struct r_event - a recovery message on its way
 * @from: sender
 * @to: receiver
 * @type: enum dlm_rcom_type
 * @result: of replies; flags of STATUS
 */
struct r_event {
	int	from;
	int	to;
	u32	type;
	u32	result;
};

/**
 * struct r_host - one node
 * @r: its world
 * @node: NULL if it does not exist, or is dead
 * @ls: its lockspace
 * @due: when its work is wanted, KTIME_MAX for never
 */
struct r_host {
	struct r_world		*r;
	struct dlm_node		*node;
	struct dlm_ls		*ls;
	ktime_t			due;
};

/**
 * struct r_world - all of them
 * @test: the test
 * @net: the network
 * @now: the clock
 * @host: by node id; 0 is not used
 * @log: recovery messages in the order in which they were transmitted
 * @logged: how many; the first R_LOG are kept
 * @count: the same by type
 * @steps: times that r_run() called some work
 */
struct r_world {
	struct kunit		*test;
	struct memlink		*net;
	ktime_t			now;
	struct r_host		host[R_NODES + 1];
	struct r_event		log[R_LOG];
	unsigned int		logged;
	unsigned int		count[DLM_RCOM_TYPES];
	unsigned int		steps;
};

int r_init(struct kunit *test);
void r_exit(struct kunit *test);
void r_tap(void *priv, int from, int to, const void *packet, unsigned int len);
void r_node(struct r_world *r, int id, u32 flags);
void r_nodes(struct r_world *r, int n);
void r_kill(struct r_world *r, int id);
int r_start_with(struct r_world *r, int id, const int *ids, int n, int renewed);
void r_start(struct r_world *r, int id, int renewed);
void r_start_all(struct r_world *r);
void r_stop_all(struct r_world *r);
bool r_turn(struct r_world *r);
void r_run(struct r_world *r);
void r_forget_log(struct r_world *r);
void r_running_at(struct r_world *r, int line);

#define r_all_running(r)	r_running_at(r, __LINE__)

#endif
