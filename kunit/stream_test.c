// SPDX-License-Identifier: GPL-2.0
/*
 * Two nodes over the in-memory link: what arrives, in which order, how often,
 * whatever happens to connections and whatever nonsense comes.
 *
 * dlm.stream_mutants is how many damaged packets are tried, dlm.stream_seed the seed.
 */
#include <kunit/test.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include "../dlm_lowcomms/peer.h"
#include "memlink.h"

/**
 * struct s_node - one end of a conversation
 * @comms: its transport
 * @nodeid: who it is
 * @which: membership that was added last
 * @sent: packets sent to the other, each carries its number
 * @got: packets received
 * @wrong: packets that were not the next
 * @plain: recovery messages received
 * @nomem: so many calls of receive() fail from now on
 * @sum: of all bytes received, so that KASAN sees them read
 */
struct s_node {
	struct dlm_comms	*comms;
	int			nodeid;
	u64			which;
	u32			sent;
	u32			got;
	u32			wrong;
	u32			plain;
	unsigned int		nomem;
	u32			sum;
};

struct s_world {
	struct memlink		*net;
	struct s_node		n[2];
};

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

static unsigned int stream_seed = 4711;
module_param(stream_seed, uint, 0444);
MODULE_PARM_DESC(stream_seed, "seed of cuts and damages");

static unsigned int stream_mutants = 100000;
module_param(stream_mutants, uint, 0444);
MODULE_PARM_DESC(stream_mutants, "damaged packets to try");

static int s_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		     struct dlm_fx *fx)
{
	const struct dlm_w_msg *m = packet;
	struct s_node *n = priv;

	if (n->nomem) {
		n->nomem--;
		return -ENOMEM;
	}
	while (len--)
		n->sum += ((const u8 *)packet)[len];
	if (m->header.cmd != DLM_CMD_MSG) {
		n->plain++;
		return 0;
	}
	if (le32_to_cpu(m->lkid) != n->got)
		n->wrong++;
	n->got++;
	return 0;
}

static const struct dlm_comms_user s_user = {
	.receive = s_receive,
};

/* @at's lockspaces count the other one as a member */
static void s_member(struct s_world *w, int at)
{
	dlm_comms_member_add(w->n[at].comms, w->n[!at].nodeid, &w->n[at].which);
}

/* one lockspace less */
static void s_no_member(struct s_world *w, int at)
{
	dlm_comms_member_del(w->n[at].comms, w->n[!at].nodeid, w->n[at].which);
}

/* a recovery message that opens the conversation */
static void s_hello(struct s_world *w, int from, int to)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_RCOM,
						sizeof(struct dlm_w_rcom), GFP_KERNEL);
	struct dlm_w_rcom *rc = (void *)p->data;
	struct dlm_fx fx = { };

	rc->type = cpu_to_le32(DLM_RCOM_STATUS);
	dlm_comms_send(w->n[from].comms, w->n[to].nodeid, p, false, &fx);
	dlm_fx_flush(&fx);
}

static void s_send(struct s_world *w, int from, int to, unsigned int extra)
{
	struct dlm_packet *p = dlm_packet_alloc(DLM_CMD_MSG,
						sizeof(struct dlm_w_msg) + extra,
						GFP_KERNEL);
	struct dlm_w_msg *m = (void *)p->data;
	struct dlm_fx fx = { };

	m->lkid = cpu_to_le32(w->n[from].sent++);
	dlm_comms_send(w->n[from].comms, w->n[to].nodeid, p, true, &fx);
	dlm_fx_flush(&fx);
}

static int s_init(struct kunit *test)
{
	struct s_world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int i;

	if (!w)
		return -ENOMEM;
	test->priv = w;
	w->net = memlink_create(1);
	for (i = 0; i < 2; i++) {
		w->n[i].nodeid = i + 1;
		w->n[i].comms = memlink_join(w->net, i + 1, &s_user, &w->n[i]);
		if (!w->n[i].comms)
			return -ENOMEM;
	}
	return 0;
}

static void s_exit(struct kunit *test)
{
	struct s_world *w = test->priv;

	if (w)
		memlink_destroy(w->net);
}

static void in_order(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	/* nothing with a number leaves before the other was heard */
	s_member(w, 0);
	s_member(w, 1);
	s_send(w, 0, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	s_hello(w, 0, 1);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	s_hello(w, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 1U);
	for (i = 0; i < 1000; i++) {
		s_send(w, 0, 1, i % 70);
		s_send(w, 1, 0, i % 50);
	}
	memlink_run(w->net);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, w->n[i].got, w->n[!i].sent);
		KUNIT_EXPECT_EQ(test, w->n[i].wrong, 0U);
	}
	KUNIT_EXPECT_TRUE(test, memlink_quiet(w->net));
}

static struct dlm_session *s_session(struct s_world *w, int at)
{
	struct dlm_peer *peer = dlm_peer_find(w->n[at].comms, w->n[!at].nodeid);
	struct dlm_session *s = &peer->session;

	/* the table keeps it */
	dlm_peer_put(peer);
	return s;
}

static void s_meet(struct s_world *w)
{
	s_member(w, 0);
	s_member(w, 1);
	s_hello(w, 0, 1);
	s_hello(w, 1, 0);
	memlink_run(w->net);
}

static void s_check(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, w->n[i].got, w->n[!i].sent);
		KUNIT_EXPECT_EQ(test, w->n[i].wrong, 0U);
	}
}

/* connections break at random moments: each packet arrives exactly once, in order */
static void random_cuts(struct kunit *test, u64 seed)
{
	struct s_world *w = test->priv;
	unsigned int left = 4000, resent;
	struct rnd_state rnd;
	u32 r;

	prandom_seed_state(&rnd, seed);
	s_meet(w);
	while (left) {
		r = prandom_u32_state(&rnd);
		if (r % 100 < 40) {
			s_send(w, (r >> 8) & 1, !((r >> 8) & 1), (r >> 9) % 200);
			left--;
		} else if (r % 100 < 42) {
			memlink_cut(w->net, 1, 2);
		} else if (r % 1000 == 999) {
			w->n[(r >> 10) & 1].nomem = (r >> 11) % 5;
		} else {
			memlink_step(w->net);
		}
	}
	memlink_run(w->net);
	s_check(test);
	resent = s_session(w, 0)->stats[DLM_SC_RESENT] +
		 s_session(w, 1)->stats[DLM_SC_RESENT];
	KUNIT_EXPECT_GT(test, resent, 0U);
	KUNIT_EXPECT_EQ(test, s_session(w, 0)->queued, 0U);
	KUNIT_EXPECT_EQ(test, s_session(w, 1)->queued, 0U);
}

static void cuts(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	for (i = 0; i < 5; i++) {
		random_cuts(test, stream_seed + i);
		if (i == 2) {
			/* the same with numbers that wrap */
			s_session(w, 0)->start = 0xfffffc00;
			s_session(w, 1)->start = 0xfffffc00;
			dlm_session_reset(s_session(w, 0));
			dlm_session_reset(s_session(w, 1));
		}
	}
}

/* what was delivered and not acknowledged comes again after a cut, and is not delivered again */
static void duplicates(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	s_meet(w);
	for (i = 0; i < 20; i++)
		s_send(w, 0, 1, 0);
	memlink_transmit(w->net, 1, 2);
	memlink_deliver_packets(w->net, 1, 2, 20);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 20U);
	memlink_cut(w->net, 1, 2);
	s_send(w, 0, 1, 0);
	memlink_run(w->net);
	s_check(test);
	KUNIT_EXPECT_EQ(test, s_session(w, 1)->stats[DLM_SC_DUPLICATE], 20UL);
	KUNIT_EXPECT_EQ(test, s_session(w, 0)->stats[DLM_SC_RESENT], 20UL);
}

/* the receiver has no memory: the packet stays, in front of all others */
static void no_memory(struct kunit *test)
{
	struct s_world *w = test->priv;
	int i;

	s_meet(w);
	w->n[1].nomem = 1000;
	for (i = 0; i < 10; i++)
		s_send(w, 0, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	KUNIT_EXPECT_LT(test, w->n[1].nomem, 1000U);
	KUNIT_EXPECT_FALSE(test, memlink_quiet(w->net));
	/* a cut meanwhile changes nothing */
	memlink_cut(w->net, 1, 2);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	w->n[1].nomem = 0;
	memlink_run(w->net);
	s_check(test);
}

/* one node leaves, both leave at once; then they begin anew from number 0 */
static void farewells(struct kunit *test)
{
	struct dlm_comms_config config = { };
	struct s_world *w = test->priv;
	int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 2; i++) {
			w->n[i].sent = 0;
			w->n[i].got = 0;
		}
		s_meet(w);
		s_send(w, 0, 1, 0);
		s_send(w, 1, 0, 0);
		memlink_run(w->net);
		s_check(test);
		KUNIT_EXPECT_EQ(test, s_session(w, 0)->recv_next, 1U);
		if (round == 1) {
			/* both FINs on the wire */
			dlm_comms_leave(w->n[0].comms);
			dlm_comms_leave(w->n[1].comms);
			memlink_transmit(w->net, 1, 2);
			memlink_transmit(w->net, 2, 1);
			KUNIT_EXPECT_EQ(test, (int)s_session(w, 0)->state,
					(int)DLM_SS_FIN_WAIT1);
		} else {
			s_no_member(w, 1);
			s_no_member(w, 0);
		}
		dlm_comms_stop(w->n[0].comms);
		for (i = 0; i < 2; i++) {
			KUNIT_EXPECT_EQ(test, (int)s_session(w, i)->state,
					(int)DLM_SS_CLOSED);
			KUNIT_EXPECT_EQ(test, s_session(w, i)->recv_next, 0U);
		}
		KUNIT_EXPECT_FALSE(test, dlm_comms_running(w->n[0].comms));
		KUNIT_EXPECT_EQ(test, dlm_comms_start(w->n[0].comms, 1, &config), 0);
	}
}

/* a peer that is forgotten takes everything with it; the next of that id is a stranger */
static void forgotten(struct kunit *test)
{
	struct s_world *w = test->priv;
	struct sockaddr_storage addr = { .ss_family = AF_INET };
	struct dlm_fx fx = { };
	u64 former;

	s_meet(w);
	s_send(w, 0, 1, 0);
	/* still in somebody's effects when it goes */
	dlm_comms_send(w->n[0].comms, 2, dlm_packet_alloc(DLM_CMD_MSG, 88, GFP_KERNEL),
		       true, &fx);
	dlm_comms_peer_forget(w->n[0].comms, 2);
	dlm_fx_flush(&fx);
	KUNIT_EXPECT_NULL(test, dlm_peer_find(w->n[0].comms, 2));
	KUNIT_EXPECT_FALSE(test, dlm_comms_congested(w->n[0].comms, 2));
	KUNIT_EXPECT_EQ(test, dlm_comms_wait_room(w->n[0].comms, 2), 0);
	/* to nobody, and from a stranger */
	s_send(w, 0, 1, 0);
	s_hello(w, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[0].plain, 1U);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 0U);
	/* both begin anew */
	dlm_comms_peer_forget(w->n[1].comms, 1);
	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[1].comms, 1, &addr, false), 0);
	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[0].comms, 2, &addr, false), 0);
	w->n[0].sent = 0;
	former = w->n[0].which;
	s_meet(w);
	/* who counted on the former one takes nothing from the next */
	dlm_comms_member_del(w->n[0].comms, 2, former);
	KUNIT_EXPECT_EQ(test, s_session(w, 0)->users, 1U);
	s_send(w, 0, 1, 0);
	memlink_run(w->net);
	s_check(test);
}

struct s_shown {
	unsigned int	figures;
	unsigned long	received;
	unsigned long	bad_nodeid;
};

static void s_show(void *priv, int nodeid, const char *name, unsigned long value)
{
	struct s_shown *sh = priv;

	sh->figures++;
	if (nodeid == 1 && !strcmp(name, "received"))
		sh->received = value;
	if (nodeid == 1 && !strcmp(name, "bad_nodeid"))
		sh->bad_nodeid = value;
}

static void figures(struct kunit *test)
{
	static const struct dlm_w_header alien = {
		.version = cpu_to_le32(DLM_WIRE_3_2),
		.nodeid = cpu_to_le32(7),
		.length = cpu_to_le16(sizeof(alien)),
		.cmd = DLM_CMD_ACK,
	};
	struct s_world *w = test->priv;
	struct s_shown sh = { };

	s_meet(w);
	s_send(w, 0, 1, 0);
	memlink_inject(w->net, 1, 2, &alien, sizeof(alien));
	memlink_run(w->net);
	dlm_comms_show(w->n[1].comms, s_show, &sh);
	KUNIT_EXPECT_GT(test, sh.figures, (unsigned int)DLM_SC_MAX);
	KUNIT_EXPECT_EQ(test, sh.received, 2UL);
	KUNIT_EXPECT_EQ(test, sh.bad_nodeid, 1UL);
}

static void addresses(struct kunit *test)
{
	struct s_world *w = test->priv;
	struct sockaddr_storage addr = { .ss_family = AF_INET };
	int i, err = 0;
	u64 which;

	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[0].comms, 0, &addr, false), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[0].comms, -5, &addr, false), -EINVAL);
	addr.ss_family = AF_UNIX;
	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[0].comms, 5, &addr, false),
			-EAFNOSUPPORT);
	addr.ss_family = AF_INET6;
	for (i = 0; i < DLM_COMMS_ADDRS; i++)
		err = err ?: dlm_comms_addr_add(w->n[0].comms, 5, &addr, false);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, dlm_comms_addr_add(w->n[0].comms, 5, &addr, false), -ENOSPC);
	KUNIT_EXPECT_EQ(test, dlm_comms_member_add(w->n[0].comms, 0, &which), -EINVAL);
	KUNIT_EXPECT_EQ(test, dlm_comms_set_mark(w->n[0].comms, 0x7fffffff, 1), 0);
}

/* --- damaged packets ------------------------------------------------------ */

static unsigned int sane_packet(u8 *buf, struct rnd_state *rnd, u32 seq)
{
	struct dlm_w_opts *o = (void *)buf;
	struct dlm_w_header *h = &o->header;
	u32 r = prandom_u32_state(rnd);
	unsigned int inner = 0, extra = 0;
	u8 cmd = DLM_CMD_ACK;

	memset(buf, 0, 512);
	if (r % 8) {
		cmd = r % 8 < 5 ? DLM_CMD_MSG : r % 8 < 7 ? DLM_CMD_RCOM : DLM_CMD_FIN;
		inner = cmd == DLM_CMD_MSG ? 88 : cmd == DLM_CMD_RCOM ? 48 : 16;
		extra = cmd == DLM_CMD_FIN ? 0 : (r >> 8) % 200;
		o->nextcmd = cmd;
		h = (void *)(o + 1);
		h->version = cpu_to_le32(DLM_WIRE_3_2);
		h->nodeid = cpu_to_le32(1);
		h->length = cpu_to_le16(inner + extra);
		h->cmd = cmd;
		h = &o->header;
	}
	h->version = cpu_to_le32(DLM_WIRE_3_2);
	h->nodeid = cpu_to_le32(1);
	h->cmd = inner ? DLM_CMD_OPTS : DLM_CMD_ACK;
	h->u = cpu_to_le32(seq);
	h->length = cpu_to_le16((inner ? sizeof(*o) : sizeof(*h)) + inner + extra);
	return le16_to_cpu(h->length);
}

/* whatever comes, nothing breaks, and after a reset the conversation goes on */
static void mutants(struct kunit *test)
{
	struct s_world *w = test->priv;
	struct dlm_peer *peer = dlm_peer_find(w->n[1].comms, 1);
	unsigned int i, len, bits, v, refused = 0;
	struct rnd_state rnd;
	u8 buf[512];

	KUNIT_ASSERT_NOT_NULL(test, peer);
	prandom_seed_state(&rnd, stream_seed);
	s_meet(w);
	for (i = 0; i < stream_mutants; i++) {
		len = sane_packet(buf, &rnd, peer->session.recv_next);
		for (bits = prandom_u32_state(&rnd) % 4; bits; bits--)
			buf[prandom_u32_state(&rnd) % min(len, 44U)] ^=
				1 << prandom_u32_state(&rnd) % 8;
		memlink_inject(w->net, 1, 2, buf, len);
		memlink_deliver(w->net, 1, 2, MEMLINK_ALL);
		if (i % 64 == 0) {
			memlink_cut(w->net, 1, 2);
			dlm_session_reset(&peer->session);
			dlm_session_reset(s_session(w, 0));
		}
	}
	for (v = DLM_FRAME_LENGTH; v < DLM_FRAME_VERDICTS; v++)
		refused += !!atomic_long_read(&peer->bad[v]);
	/* all but options of that kind are hit */
	KUNIT_EXPECT_GE(test, refused, 9U);
	KUNIT_EXPECT_GT(test, w->n[1].got, 0U);
	memlink_cut(w->net, 1, 2);
	dlm_session_reset(&peer->session);
	dlm_session_reset(s_session(w, 0));
	dlm_peer_put(peer);
	w->n[0].sent = 0;
	w->n[1].got = 0;
	w->n[1].wrong = 0;
	s_meet(w);
	s_send(w, 0, 1, 0);
	memlink_run(w->net);
	KUNIT_EXPECT_EQ(test, w->n[1].got, 1U);
	KUNIT_EXPECT_EQ(test, w->n[1].wrong, 0U);
}

/* eight nodes, everybody to everybody, with stalls, partitions and a death */
static void many_nodes(struct kunit *test)
{
	struct memlink *net = memlink_create(8);
	struct s_node *n = kunit_kcalloc(test, MEMLINK_NODES + 1, sizeof(*n), GFP_KERNEL);
	struct dlm_packet *p;
	struct dlm_fx fx = { };
	int a, b, round;

	KUNIT_ASSERT_TRUE(test, net && n);
	for (a = 1; a <= MEMLINK_NODES; a++) {
		n[a].comms = memlink_join(net, a, &s_user, &n[a]);
		KUNIT_ASSERT_NOT_NULL(test, n[a].comms);
	}
	for (a = 1; a <= MEMLINK_NODES; a++)
		for (b = 1; b <= MEMLINK_NODES; b++)
			if (a != b)
				dlm_comms_member_add(n[a].comms, b, &n[a].which);
	KUNIT_EXPECT_NULL(test, memlink_join(net, 9, &s_user, &n[1]));
	memlink_stall(net, 1, 2, true);
	memlink_part(net, 3, 4, true);
	for (round = 0; round < 10; round++) {
		for (a = 1; a <= MEMLINK_NODES; a++) {
			for (b = 1; b <= MEMLINK_NODES; b++) {
				if (a == b)
					continue;
				p = dlm_packet_alloc(DLM_CMD_RCOM, 48, GFP_KERNEL);
				dlm_comms_send(n[a].comms, b, p, round > 0, &fx);
				dlm_fx_flush(&fx);
			}
			memlink_step(net);
		}
	}
	while (memlink_step(net))
		;
	/* 2 did not hear 1, so only the plain one came from there */
	KUNIT_EXPECT_EQ(test, n[1].plain, 6 * 10 + 1U);
	KUNIT_EXPECT_EQ(test, n[2].plain, 6 * 10U);
	KUNIT_EXPECT_EQ(test, n[3].plain, 6 * 10U);
	memlink_stall(net, 1, 2, false);
	memlink_part(net, 3, 4, false);
	memlink_kill(net, 8);
	memlink_run(net);
	for (a = 1; a < MEMLINK_NODES; a++)
		KUNIT_EXPECT_EQ(test, n[a].plain, 7 * 10U);
	memlink_destroy(net);
}

static struct kunit_case stream_cases[] = {
	KUNIT_CASE(in_order),
	KUNIT_CASE(cuts),
	KUNIT_CASE(duplicates),
	KUNIT_CASE(no_memory),
	KUNIT_CASE(farewells),
	KUNIT_CASE(forgotten),
	KUNIT_CASE(figures),
	KUNIT_CASE(addresses),
	KUNIT_CASE(mutants),
	KUNIT_CASE(many_nodes),
	{}
};

static struct kunit_suite stream_suite = {
	.name = "dlm_stream",
	.init = s_init,
	.exit = s_exit,
	.test_cases = stream_cases,
};

kunit_test_suites(&stream_suite);

MODULE_LICENSE("GPL");
