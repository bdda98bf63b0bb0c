/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two transports over real sockets on the loopback interface, at 127.0.0.1 and 127.0.0.2.
 *
 * Results arrive in other threads; a deadline that passes is a failure.
 *
 *	lo_meet(test, DLM_PROTO_TCP);	both run and have heard each other
 *	lo_traffic(test, 1000);		messages in both directions
 *	lo_check(test, 1000);		all came, in order
 */
#ifndef _DLM_KUNIT_LOOPBACK_H
#define _DLM_KUNIT_LOOPBACK_H

#include <kunit/test.h>
#include <linux/completion.h>
#include "../dlm_lowcomms/conn.h"

#define LO_DEADLINE	(60 * HZ)
#define LO_PORT		21064

/**
 * struct lo_node - one node
 * @comms: its transport
 * @nodeid: who it is
 * @which: the other one's membership
 * @sent: messages sent to the other
 * @got: messages received
 * @wrong: messages that were not the next
 * @goal: @done is completed when so many were received
 * @nomem: so many calls of receive() fail from now on
 * @echo: answers each message
 * @done: @goal was reached
 * @heard: a plain packet came
 */
struct lo_node {
	struct dlm_comms	*comms;
	int			nodeid;
	u64			which;
	atomic_t		sent;
	u32			got;
	u32			wrong;
	u32			goal;
	unsigned int		nomem;
	bool			echo;
	struct completion	done;
	struct completion	heard;
};

struct lo_world {
	struct lo_node	n[2];
};

extern const struct dlm_comms_user lo_user;

void lo_send(struct lo_node *n, struct dlm_fx *fx);
void lo_hello(struct lo_node *n);
void lo_addr(struct sockaddr_storage *addr, int nodeid);
void lo_introduce(struct lo_node *n, int nodeid);
bool lo_wait(struct completion *c);
struct lo_node *lo_node(struct kunit *test, int i);
int lo_start(struct lo_node *n, unsigned int protocol);
int lo_init(struct kunit *test);
void lo_exit(struct kunit *test);
void lo_meet(struct kunit *test, unsigned int protocol);
void lo_check(struct kunit *test, u32 goal);
void lo_expect(struct kunit *test, u32 packets);
void lo_push(struct kunit *test, u32 packets);
void lo_traffic(struct kunit *test, u32 packets);
struct dlm_peer *lo_peer(struct kunit *test, int i);

#endif
