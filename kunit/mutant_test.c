// SPDX-License-Identifier: GPL-2.0
/*
 * A node that sends nonsense: real packets, damaged, into frames, sessions and handlers.
 *
 * Nodes 1 to 3 work on locks; packets of all types that they (and node 4, which dies) send are
 * kept.  Then node 3 sends them again, with bits flipped, fields set to what might hurt,
 * cut short or made longer, while the others work and recover.  Packets have exactly their size in
 * memory, so that KASAN sees who reads on.  Whatever happened, once node 3 is no
 * member any more the others must recover and lock.
 *
 * Kernel parameters: dlm.mutants= how many packets, dlm.mutant_seed= the first world's seed.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <dlm/transport.h>
#include "cluster.h"
#include "../dlm_lowcomms/peer.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "dlm."

static unsigned int mutants = 40000;
module_param(mutants, uint, 0444);
MODULE_PARM_DESC(mutants, "damaged packets for the handlers");

static unsigned int mutant_seed = 1;
module_param(mutant_seed, uint, 0444);
MODULE_PARM_DESC(mutant_seed, "seed of the first world of damaged packets");

#define EVIL		3	/* who sends nonsense */
#define DEAD		4	/* dies in the beginning */
#define KEPT		256
#define LONGEST		600
#define LOCKS		28
#define PER_WORLD	2000

/* a packet without its envelope */
struct kept {
	unsigned int	len;
	u8		data[LONGEST];
};

struct m_world {
	struct c_world	*c;
	struct rnd_state rnd;
	unsigned int	seed;
	unsigned int	seen;
	struct kept	kept[KEPT];
	struct t_lock	*l[LOCKS];
	u64		types[2];	/* of messages, recovery messages that were kept */
	u8		p[LONGEST];	/* damaged packet */
	u8		wire[sizeof(struct dlm_w_opts) + LONGEST];
};

static u32 pick(struct m_world *m, u32 n)
{
	return prandom_u32_state(&m->rnd) % n;
}

/* keeps any KEPT of all packets, each with the same probability */
static void keep(void *priv, int from, int to, const void *packet, unsigned int len)
{
	const struct dlm_w_header *h = packet;
	struct m_world *m = priv;
	struct kept *k;
	u32 at;

	if (h->cmd == DLM_CMD_OPTS) {
		packet += sizeof(struct dlm_w_opts);
		len -= sizeof(struct dlm_w_opts);
		h = packet;
	}
	if ((h->cmd != DLM_CMD_MSG && h->cmd != DLM_CMD_RCOM) || len > LONGEST)
		return;
	m->types[h->cmd == DLM_CMD_RCOM] |=
		BIT_ULL(le32_to_cpu(((const struct dlm_w_msg *)packet)->type) % 64);
	m->seen++;
	at = m->seen <= KEPT ? m->seen - 1 : pick(m, m->seen);
	if (at >= KEPT)
		return;
	k = &m->kept[at];
	k->len = len;
	memcpy(k->data, packet, len);
}

/* --- a life before ------------------------------------------------------- */

/* would a program be put to sleep there? */
static bool open_at(struct m_world *m, int node)
{
	struct r_host *h = &m->c->r->host[node];
	int to;

	if (!h->node || h->ls->gate.state != DLM_GATE_OPEN)
		return false;
	for (to = 1; to <= DEAD; to++)
		if (to != node && dlm_comms_congested(h->node->comms, to))
			return false;
	return true;
}

static void use(struct m_world *m, struct t_lock *l)
{
	static const u8 modes[] = { NL, CR, CW, PR, PW, EX };
	int mode = modes[pick(m, ARRAY_SIZE(modes))];
	u32 flags = (pick(m, 2) ? VALBLK : 0) | (pick(m, 4) ? 0 : NOQUEUE) |
		    (pick(m, 4) ? 0 : PERSISTENT);

	if (!open_at(m, l->w->node->nodeid))
		return;
	/* what comes of it is not looked at */
	l->seen = l->told;
	switch (l->id ? pick(m, 8) : 8) {
	case 0:
		t_call_unlock(l, 0);
		break;
	case 1:
		t_call_unlock(l, FORCEUNLOCK);
		break;
	case 2:
		t_call_cancel(l, CANCEL, -DLM_ECANCEL);
		break;
	case 3:
		dlm_purge_remote(l->w->ls, 1 + pick(m, 4), pick(m, 3));
		break;
	case 8:
		t_call_lock(l, mode, flags, l->name, strlen(l->name));
		break;
	default:
		t_call_convert(l, mode, flags | CONVERT);
		break;
	}
}

static void use_some(struct m_world *m, int n)
{
	while (n--)
		use(m, m->l[pick(m, LOCKS)]);
}

static void make_locks(struct m_world *m)
{
	const char *names[6];
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = c_name(m->c, 1 + i % DEAD);
	for (i = 0; i < LOCKS; i++) {
		m->l[i] = c_new(m->c, 1 + i % DEAD, names[pick(m, ARRAY_SIZE(names))]);
		use(m, m->l[i]);
	}
	c_settle(m->c);
}

static void recover(struct m_world *m)
{
	r_stop_all(m->c->r);
	r_start_all(m->c->r);
	r_run(m->c->r);
}

static void begin(struct kunit *test, struct m_world *m, unsigned int seed)
{
	struct t_lock *l;
	int i;

	m->seed = seed;
	m->seen = 0;
	prandom_seed_state(&m->rnd, seed);
	c_init_n(test, 4, 0, true);
	m->c = test->priv;
	memlink_set_tap(m->c->r->net, keep, m);
	make_locks(m);
	/* a name that is forgotten, which its master tells the directory */
	l = c_new(m->c, 2, c_name(m->c, 1));
	c_lock(l, NL, 0, 0);
	c_unlock(l, 0);
	c_advance(m->c, 15000);
	for (i = 0; i < 6; i++) {
		use_some(m, 12);
		c_settle(m->c);
	}
	r_kill(m->c->r, DEAD);
	recover(m);
	use_some(m, 12);
	c_settle(m->c);
	/* from now on they are only damaged */
	memlink_set_tap(m->c->r->net, NULL, NULL);
}

/* --- damage -------------------------------------------------------------- */

static u32 nasty(struct m_world *m)
{
	static const u32 some[] = {
		0, 1, 2, 3, 4, 5, 6, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
		0xfffffff2, 0xfffeffff, 0x10001, (u32)-EBADR, (u32)-ENOTBLK, (u32)-EAGAIN,
		(u32)-DLM_WIRE_EINPROGRESS, (u32)-DLM_WIRE_EDEADLK, (u32)-DLM_EUNLOCK,
		(u32)-DLM_ECANCEL, (u32)-EEXIST, (u32)-DLM_WIRE_EBADR,
	};
	u32 r = pick(m, 4);

	if (r == 0)
		return m->l[pick(m, LOCKS)]->id;
	return r == 1 ? prandom_u32_state(&m->rnd) : some[pick(m, ARRAY_SIZE(some))];
}

static void set_field(struct m_world *m, u8 *p, unsigned int len)
{
	unsigned int at = pick(m, len);
	__le32 v = cpu_to_le32(nasty(m));

	/* mostly one of the fields */
	if (pick(m, 8))
		at &= ~3U;
	if (pick(m, 8) == 0)
		p[at] = le32_to_cpu(v);
	else if (pick(m, 8) == 0 && at + 2 <= len)
		memcpy(p + at, &v, 2);
	else if (at + 4 <= len)
		memcpy(p + at, &v, 4);
}

/* a recovery message that is awaited just now, whatever it says */
static void make_due(struct m_world *m, struct dlm_w_rcom *rc, int victim)
{
	struct dlm_recovery *rec = c_ls(m->c, victim)->recovery;
	struct dlm_rpeer *peer;

	rc->seq_reply = cpu_to_le64(rec->seq);
	if (!pick(m, 4)) {
		rc->id = cpu_to_le64(1 + pick(m, 8));
		return;
	}
	mutex_lock(&rec->lock);
	peer = dlm_rpeer_find(rec, EVIL);
	if (peer) {
		rc->id = cpu_to_le64(peer->id);
		if (pick(m, 2) && peer->wants)
			rc->type = cpu_to_le32(peer->wants);
	}
	mutex_unlock(&rec->lock);
}

static unsigned int fixed_part(u8 cmd)
{
	return cmd == DLM_CMD_MSG ? sizeof(struct dlm_w_msg) : sizeof(struct dlm_w_rcom);
}

/* into @p, which has room for LONGEST; its length */
static unsigned int damage(struct m_world *m, u8 *p, int victim)
{
	const struct kept *k = &m->kept[pick(m, min_t(u32, m->seen, KEPT))];
	struct dlm_w_header *h = (void *)p;
	unsigned int len = k->len, least, n;

	memset(p, 0, LONGEST);
	memcpy(p, k->data, len);
	if (h->cmd == DLM_CMD_RCOM && pick(m, 8))
		make_due(m, (void *)p, victim);
	for (n = pick(m, 4); n; n--) {
		if (pick(m, 2))
			p[pick(m, len)] ^= 1 << pick(m, 8);
		else
			set_field(m, p, len);
	}
	/* who damages the header gets no further than this (wire.md 4) */
	if (h->cmd != DLM_CMD_RCOM && h->cmd != DLM_CMD_MSG)
		h->cmd = ((const struct dlm_w_header *)k->data)->cmd;
	if (pick(m, 16))
		h->u = ((const struct dlm_w_header *)k->data)->u;
	least = fixed_part(h->cmd);
	if (!pick(m, 4))
		len = least + pick(m, LONGEST - least);
	else if (!pick(m, 4))
		len += pick(m, 9) - 4;
	len = clamp_t(unsigned int, len, least, LONGEST);
	h->version = cpu_to_le32(DLM_WIRE_3_2);
	h->nodeid = cpu_to_le32(EVIL);
	h->length = cpu_to_le16(len);
	return len;
}

/* --- delivery ------------------------------------------------------------ */

/* past frame and session, from a block of exactly its size, at any address */
static void hand_over(struct m_world *m, int victim, const u8 *p, unsigned int len)
{
	unsigned int skew = pick(m, 4);
	int from = pick(m, 32) ? EVIL : pick(m, 6);
	struct dlm_fx fx = { };
	u8 *exact;

	exact = kmalloc(len + skew, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(m->c->test, exact);
	memcpy(exact + skew, p, len);
	dlm_receive(m->c->r->host[victim].node, from, exact + skew, len, &fx);
	dlm_fx_flush(&fx);
	kfree(exact);
}

/* in an envelope with the number that is awaited, some of them damaged as well */
static void inject(struct m_world *m, int victim, const u8 *p, unsigned int len)
{
	struct dlm_peer *peer = dlm_peer_find(m->c->r->host[victim].node->comms, EVIL);
	u8 *buf = m->wire;
	struct dlm_w_opts o = {
		.header.version = cpu_to_le32(DLM_WIRE_3_2),
		.header.nodeid = cpu_to_le32(EVIL),
		.header.length = cpu_to_le16(sizeof(o) + len),
		.header.cmd = DLM_CMD_OPTS,
		.nextcmd = ((const struct dlm_w_header *)p)->cmd,
	};

	if (!peer)
		return;
	o.header.u = cpu_to_le32(peer->session.recv_next);
	dlm_peer_put(peer);
	memcpy(buf, &o, sizeof(o));
	memcpy(buf + sizeof(o), p, len);
	if (!pick(m, 4))
		buf[pick(m, sizeof(o) + 16)] ^= 1 << pick(m, 8);
	memlink_inject(m->c->r->net, EVIL, victim, buf, sizeof(o) + len);
	memlink_deliver(m->c->r->net, EVIL, victim, MEMLINK_ALL);
}

static void one(struct m_world *m, unsigned int i)
{
	int victim = 1 + pick(m, 2);
	unsigned int len = damage(m, m->p, victim), n;

	if (pick(m, 3))
		hand_over(m, victim, m->p, len);
	else
		inject(m, victim, m->p, len);
	if (pick(m, 16) == 0)
		use_some(m, 2);
	for (n = pick(m, 3); n; n--)
		r_turn(m->c->r);
	if (pick(m, 200))
		return;
	r_stop_all(m->c->r);
	for (n = pick(m, 20); n; n--)
		r_turn(m->c->r);
	r_start_all(m->c->r);
	for (n = pick(m, 500); n; n--)
		r_turn(m->c->r);
}

/* --- life after ---------------------------------------------------------- */

static void end(struct kunit *test, struct m_world *m, u64 *bad)
{
	struct c_world *c = m->c;
	struct t_lock *a, *b;
	const char *name;
	int i;

	for (i = 1; i <= 2; i++) {
		bad[0] += c_stat(c, i, DLM_ST_BAD_MSG);
		bad[1] += c_stat(c, i, DLM_ST_RCOM_BAD);
		bad[2] += c_stat(c, i, DLM_ST_RCOM_IGNORED);
		bad[3] += c_stat(c, i, DLM_ST_RECEIVED);
	}
	r_kill(c->r, EVIL);
	recover(m);
	r_all_running(c->r);
	for (i = 0; i < c->nlocks; i++)
		c->locks[i]->seen = c->locks[i]->told;
	if (open_at(m, 1) && open_at(m, 2)) {
		name = c_name(c, 1);
		a = c_new(c, 1, name);
		b = c_new(c, 2, name);
		c_lock(b, EX, 0, 0);
		c_lock(a, PR, 0, WAITS);
		t_bast(b, PR);
		c_unlock(b, 0);
		t_granted(a, PR);
	}
	for (i = 0; i < c->nlocks; i++) {
		c->locks[i]->seen = c->locks[i]->told;
		c->locks[i]->lost = false;
	}
	c_exit(test);
}

static void damaged_packets(struct kunit *test)
{
	struct m_world *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	unsigned int done = 0, i, world = 0;
	int level = console_loglevel;
	u64 bad[4] = { };

	KUNIT_ASSERT_NOT_NULL(test, m);
	/* it is all said in the log of the kernel, but not on the slow console */
	console_loglevel = CONSOLE_LOGLEVEL_QUIET;
	for (; done < mutants; world++) {
		begin(test, m, mutant_seed + world);
		for (i = 0; i < PER_WORLD && done < mutants; i++, done++)
			one(m, i);
		end(test, m, bad);
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "dlm.mutant_seed=%u dlm.mutants=%u\n", m->seed, i);
			break;
		}
		cond_resched();
	}
	console_loglevel = level;
	kunit_info(test, "%u packets in %u worlds: acted on %llu, bad messages %llu, bad recovery messages %llu, ignored %llu\n",
		   done, world, bad[3], bad[0], bad[1], bad[2]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_GT(test, bad[i], 0ULL);
	/* all of them came to be damaged; ids begin with 1 */
	KUNIT_EXPECT_EQ(test, m->types[0], BIT_ULL(DLM_MSG_TYPES) - 2);
	KUNIT_EXPECT_EQ(test, m->types[1], BIT_ULL(DLM_RCOM_TYPES) - 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(damaged_packets),
	{ }
};

static struct kunit_suite suite = {
	.name = "dlm_mutants",
	.test_cases = cases,
};

kunit_test_suite(suite);
