/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network in memory, for transports of up to MEMLINK_NODES nodes in one test.
 *
 * It is a kind of link (struct dlm_link_ops) where TCP would be, so sessions,
 * frames and peers are those of production.  Everything runs in the test's thread
 * and nothing happens by itself: no work item, no timer.  What production would do
 * later is pending until the test asks for it:
 *
 *	net = memlink_create(seed);
 *	a = memlink_join(net, 1, &user, priv);	a started transport, which knows
 *	b = memlink_join(net, 2, &user, priv);	all others and is known to them
 *	dlm_comms_send(a, 2, packet, true, &fx);
 *	dlm_fx_flush(&fx);
 *	memlink_run(net);			until nothing is pending any more
 *	memlink_destroy(net);			destroys the transports too
 *
 * or, for one random event after the other, repeatable by its seed:
 *
 *	while (memlink_step(net))
 *		;
 *
 * Bytes go: session > wire > stream of the receiver > its user.  memlink_transmit() does
 * the first, memlink_deliver() the other two.  A cut loses what is on the wire and in the
 * stream, and both sessions are told, as with a reset connection.  What is transmitted next
 * connects again, unless the two are apart.
 */
#ifndef _DLM_KUNIT_MEMLINK_H
#define _DLM_KUNIT_MEMLINK_H

#include <dlm/transport.h>

#define MEMLINK_NODES	8
#define MEMLINK_ALL	0xffffffff	/* bytes */

struct memlink;

/**
 * typedef memlink_tap_fn - sees each packet when it is put on the wire
 * @priv: given to memlink_set_tap()
 * @from: sender
 * @to: receiver
 * @packet: whole packet, envelope included
 * @len: its bytes
 */
typedef void (*memlink_tap_fn)(void *priv, int from, int to, const void *packet,
			       unsigned int len);

struct memlink *memlink_create(u64 seed);
void memlink_destroy(struct memlink *net);
void memlink_set_tap(struct memlink *net, memlink_tap_fn tap, void *priv);

struct dlm_comms *memlink_join(struct memlink *net, int nodeid,
			       const struct dlm_comms_user *user, void *priv);
void memlink_kill(struct memlink *net, int nodeid);
bool memlink_introduce(struct memlink *net, int nodeid, int other);
struct dlm_comms *memlink_comms(struct memlink *net, int nodeid);

unsigned int memlink_transmit(struct memlink *net, int from, int to);
unsigned int memlink_deliver(struct memlink *net, int from, int to,
			     unsigned int bytes);
unsigned int memlink_deliver_packets(struct memlink *net, int from, int to,
				     unsigned int packets);
unsigned int memlink_on_wire(struct memlink *net, int from, int to);
void memlink_inject(struct memlink *net, int from, int to, const void *bytes,
		    unsigned int len);
void memlink_idle(struct memlink *net);

bool memlink_step(struct memlink *net);
void memlink_run(struct memlink *net);
bool memlink_quiet(struct memlink *net);

void memlink_cut(struct memlink *net, int a, int b);
void memlink_part(struct memlink *net, int a, int b, bool apart);
void memlink_stall(struct memlink *net, int from, int to, bool stalled);

#endif
