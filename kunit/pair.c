// SPDX-License-Identifier: GPL-2.0
/*
 * Two nodes that really run at the same time: see pair.h.
 */
#include <linux/in.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include "faults.h"
#include "pair.h"

/* between two calls of dlm_session_idle() */
#define IDLE_PAUSE	(HZ / 50 + 1)

/* --- books ---------------------------------------------------------------- */

const char *pair_wrong_name(enum pair_wrong what)
{
	static const char * const names[PAIR_WRONGS] = {
		[PAIR_GAP]		= "number left out",
		[PAIR_SWAPPED]		= "arrived out of order",
		[PAIR_EARLY]		= "message before the lock was accepted",
		[PAIR_BAD_STREAM]	= "bytes that are no packets",
		[PAIR_OVERFLOW]		= "overflow of the books",
		[PAIR_NOT_ASKED]	= "completion that was not due",
		[PAIR_INCOMPATIBLE]	= "incompatible modes held",
		[PAIR_BAST_EARLY]	= "blocking callback before a grant",
		[PAIR_BAD_RESULT]	= "impossible result of a call",
		[PAIR_LOST]		= "lost reference or completion",
	};

	return names[what];
}

/* questions about the status are repeated, and may get lost */
static bool may_get_lost(const struct dlm_w_header *h)
{
	const struct dlm_w_rcom *rc = (const void *)h;
	u32 type;

	if (h->cmd != DLM_CMD_RCOM)
		return false;
	type = le32_to_cpu(rc->type);
	return type == DLM_RCOM_STATUS || type == DLM_RCOM_STATUS_REPLY;
}

static u32 sum_of(const struct dlm_w_header *h)
{
	return jhash(h, le16_to_cpu(h->length), 0);
}

static void log_packet(struct pair_way *w, const struct dlm_w_header *inner)
{
	spin_lock(&w->lock);
	if (w->head - w->tail >= PAIR_LOG)
		pair_wrong(w->p, PAIR_OVERFLOW);
	else
		w->log[w->head++ % PAIR_LOG] = sum_of(inner);
	spin_unlock(&w->lock);
}

/* a session gave packets; repetitions of earlier ones among them */
static void watch_sent(struct pair_way *w, const u8 *p, unsigned int n)
{
	const struct dlm_w_opts *o;
	unsigned int len;
	u32 seq;

	for (; n; n -= len, p += len) {
		o = (const void *)p;
		len = le16_to_cpu(o->header.length);
		if (len < sizeof(o->header) || len > n) {
			pair_wrong(w->p, PAIR_BAD_STREAM);
			return;
		}
		if (o->header.cmd != DLM_CMD_OPTS || o->nextcmd == DLM_CMD_FIN)
			continue;
		seq = le32_to_cpu(o->header.u);
		if ((s32)(seq - w->next) > 0)
			pair_wrong(w->p, PAIR_GAP);
		if (seq != w->next)
			continue;
		w->next++;
		if (!may_get_lost((const void *)(o + 1)))
			log_packet(w, (const void *)(o + 1));
	}
}

/* the user takes a packet */
static void watch_taken(struct pair_way *w, const struct dlm_w_header *inner)
{
	if (may_get_lost(inner))
		return;
	spin_lock(&w->lock);
	if (w->tail == w->head || w->log[w->tail++ % PAIR_LOG] != sum_of(inner))
		pair_wrong(w->p, PAIR_SWAPPED);
	spin_unlock(&w->lock);
}

/* a lock's master speaks of it for the first time when it accepts it */
static void watch_lock(struct pair_node *n, const struct dlm_w_msg *m)
{
	u32 id = le32_to_cpu(m->remid);
	int result = (int)le32_to_cpu(m->result);

	switch (le32_to_cpu(m->type)) {
	case DLM_MSG_REQUEST_REPLY:
		if (id >= PAIR_IDS)
			pair_wrong(n->p, PAIR_OVERFLOW);
		else if (!result || result == -EINPROGRESS)
			__set_bit(id, n->accepted);
		return;
	case DLM_MSG_CONVERT_REPLY:
	case DLM_MSG_UNLOCK_REPLY:
	case DLM_MSG_CANCEL_REPLY:
	case DLM_MSG_GRANT:
	case DLM_MSG_BAST:
		if (id < PAIR_IDS && !test_bit(id, n->accepted))
			pair_wrong(n->p, PAIR_EARLY);
		return;
	}
}

static int on_receive(void *priv, int nodeid, const void *packet, unsigned int len,
		      struct dlm_fx *fx)
{
	struct dlm_node *node = priv;
	const struct dlm_w_header *h = packet;
	struct pair_node *n = container_of(node->comms->link, struct pair_node, ops);
	int err;

	/* before anybody is told of it */
	if (h->cmd == DLM_CMD_MSG)
		watch_lock(n, packet);
	err = dlm_receive(node, nodeid, packet, len, fx);
	if (err != -ENOMEM)
		watch_taken(&n->p->way[nodeid - 1], h);
	return err;
}

static const struct dlm_comms_user comms_user = {
	.receive = on_receive,
};

/* --- transmitting --------------------------------------------------------- */

/* the peer that receives, or the one that sends, as the other knows it */
static struct dlm_peer *peer_of(struct pair *p, int us, int other)
{
	struct dlm_comms *comms = READ_ONCE(p->node[us].node->comms);

	return comms ? dlm_peer_find(comms, other + 1) : NULL;
}

/* true if there is more, but no room for it; tx_mutex held */
static bool transmit(struct pair_way *w, struct dlm_session *s, unsigned int budget)
{
	unsigned int n;

	while (budget) {
		if (w->tx_off == w->tx_len) {
			w->tx_off = 0;
			w->tx_len = dlm_session_fill(s, w->tx, PAIR_BUF / 2);
			if (!w->tx_len)
				return false;
			budget--;
			watch_sent(w, w->tx, w->tx_len);
		}
		spin_lock(&w->lock);
		n = min(w->tx_len - w->tx_off, PAIR_BUF - w->len);
		memcpy(w->buf + w->len, w->tx + w->tx_off, n);
		w->len += n;
		spin_unlock(&w->lock);
		w->tx_off += n;
		if (w->tx_off < w->tx_len)
			return true;
	}
	return dlm_session_pending(s);
}

static void link_kick(struct dlm_peer *peer)
{
	struct pair_node *n = container_of(peer->comms->link, struct pair_node, ops);
	struct pair_way *w = &n->p->way[n - n->p->node];

	set_bit(0, &w->again);
	smp_mb__after_atomic(); /* as in dlm_lowcomms/link.c */
	if (mutex_trylock(&w->tx_mutex)) {
		clear_bit(0, &w->again);
		smp_mb__after_atomic(); /* likewise */
		transmit(w, &peer->session, 1);
		mutex_unlock(&w->tx_mutex);
	}
	wake_up(&w->wait);
}

static int link_start(struct dlm_comms *comms)
{
	return 0;
}

/* the threads that use the peers have ended, or the mover resets its direction itself */
static void link_stop(struct dlm_comms *comms, bool orderly)
{
}

static void link_drop(struct dlm_peer *peer, bool forget)
{
}

static void link_settle(struct dlm_comms *comms)
{
}

static const struct dlm_link_ops link_ops = {
	.start	= link_start,
	.stop	= link_stop,
	.kick	= link_kick,
	.drop	= link_drop,
	.settle	= link_settle,
};

/**
 * pair_cut - one direction loses its connection, with all that is under way
 * @p: both
 * @way: index of the sender
 *
 * Context: sleeps.
 */
void pair_cut(struct pair *p, int way)
{
	struct pair_way *w = &p->way[way];
	struct dlm_peer *peer = peer_of(p, way, !way);

	mutex_lock(&w->tx_mutex);
	mutex_lock(&w->rx_mutex);
	spin_lock(&w->lock);
	w->len = 0;
	spin_unlock(&w->lock);
	w->tx_off = 0;
	w->tx_len = 0;
	w->stream.len = 0;
	w->hungry = false;
	w->cuts++;
	mutex_unlock(&w->rx_mutex);
	if (peer)
		dlm_session_lost(&peer->session);
	mutex_unlock(&w->tx_mutex);
	if (!peer)
		return;
	link_kick(peer);
	dlm_peer_put(peer);
}

/* --- delivering ----------------------------------------------------------- */

/* a batch from the buffer to the stream; rx_mutex held */
static unsigned int fetch(struct pair_way *w)
{
	u32 r = prandom_u32_state(&w->rnd);
	/* a few bytes, or some packets, or all there is */
	unsigned int n = r % 8 ? r % 3 ? PAIR_BUF : (r >> 8) % 2000 : (r >> 8) % 50;

	spin_lock(&w->lock);
	n = min3(n, w->len, DLM_STREAM_SIZE - w->stream.len);
	memcpy(w->stream.buf + w->stream.len, w->buf, n);
	w->len -= n;
	memmove(w->buf, w->buf + n, w->len);
	spin_unlock(&w->lock);
	w->stream.len += n;
	return n;
}

/* false if nothing more can be done at the moment */
static bool deliver(struct pair_way *w, struct dlm_peer *sender)
{
	struct dlm_fx fx = { };
	bool more = false;
	int err = 0;

	mutex_lock(&w->rx_mutex);
	if (fetch(w) || w->hungry) {
		mutex_lock(&sender->rx_mutex);
		err = dlm_peer_input(sender, &w->stream, &fx);
		mutex_unlock(&sender->rx_mutex);
		w->deliveries++;
		w->hungry = err == -ENOMEM;
		more = !err;
	}
	mutex_unlock(&w->rx_mutex);
	dlm_peer_input_end(sender, &fx);
	dlm_fx_flush(&fx);
	if (err == -EBADMSG) {
		pair_wrong(w->p, PAIR_BAD_STREAM);
		pair_cut(w->p, w->from);
	}
	return more;
}

static bool has_work(struct pair_way *w)
{
	return kthread_should_stop() || test_bit(0, &w->again) ||
	       (READ_ONCE(w->len) && !READ_ONCE(w->hungry)) ||
	       READ_ONCE(w->tx_off) != READ_ONCE(w->tx_len);
}

static void idle(struct pair_way *w, struct dlm_peer *sender)
{
	if (!dlm_session_wants_idle(&sender->session))
		return;
	if (dlm_session_idle(&sender->session))
		link_kick(sender);
	if (dlm_session_stalled(&sender->session))
		pair_cut(w->p, w->from);
}

/* one direction's work items, callbacks and timer */
static int mover(void *data)
{
	struct pair_way *w = data;
	struct dlm_peer *receiver = peer_of(w->p, w->from, !w->from);
	struct dlm_peer *sender = peer_of(w->p, !w->from, w->from);
	unsigned int noio = memalloc_noio_save();

	t_faults_here(w->p->unreliable);
	while (!kthread_should_stop()) {
		if (!wait_event_timeout(w->wait, has_work(w), IDLE_PAUSE))
			idle(w, sender);
		mutex_lock(&w->tx_mutex);
		clear_bit(0, &w->again);
		smp_mb__after_atomic(); /* as in dlm_lowcomms/link.c */
		transmit(w, &receiver->session, 4);
		mutex_unlock(&w->tx_mutex);
		while (deliver(w, sender))
			cond_resched();
		/* what found no room before */
		if (dlm_session_pending(&receiver->session))
			set_bit(0, &w->again);
		cond_resched();
	}
	t_faults_here(false);
	memalloc_noio_restore(noio);
	dlm_peer_put(receiver);
	dlm_peer_put(sender);
	return 0;
}

/* --- a lockspace's own work ------------------------------------------------ */

static void on_kick(struct dlm_ls *ls, unsigned int delay_ms)
{
	struct pair_node *n = dlm_ls_client(ls);
	ktime_t due = ktime_add_ms(ktime_get(), delay_ms);
	unsigned long flags;

	if (!n)
		return;
	spin_lock_irqsave(&n->due_lock, flags);
	n->due = min(n->due, due);
	spin_unlock_irqrestore(&n->due_lock, flags);
	wake_up(&n->wait);
}

/* jiffies until there is something to do, 0 for now; then nothing is due any more */
static long take_due(struct pair_node *n)
{
	unsigned long flags;
	ktime_t due;

	spin_lock_irqsave(&n->due_lock, flags);
	due = n->due;
	if (!ktime_after(due, ktime_get()))
		n->due = KTIME_MAX;
	spin_unlock_irqrestore(&n->due_lock, flags);
	if (due == KTIME_MAX)
		return HZ;
	return max_t(s64, 0, nsecs_to_jiffies64(max_t(s64, 0, ktime_sub(due, ktime_get()))));
}

static bool due_before(struct pair_node *n, ktime_t when)
{
	unsigned long flags;
	bool yes;

	spin_lock_irqsave(&n->due_lock, flags);
	yes = ktime_before(n->due, when);
	spin_unlock_irqrestore(&n->due_lock, flags);
	return yes;
}

static int worker(void *data)
{
	struct pair_node *n = data;
	unsigned int delay;
	ktime_t until;
	long wait;

	t_faults_here(n->p->unreliable);
	while (!kthread_should_stop()) {
		wait = take_due(n);
		if (!wait) {
			delay = dlm_ls_work(n->ls, ktime_get());
			if (delay != DLM_WORK_NEVER)
				on_kick(n->ls, delay);
			cond_resched();
			continue;
		}
		until = ktime_add_ns(ktime_get(), jiffies_to_nsecs(wait));
		wait_event_timeout(n->wait, kthread_should_stop() || due_before(n, until),
				   wait);
	}
	t_faults_here(false);
	return 0;
}

/* --- life ----------------------------------------------------------------- */

static void introduce(struct kunit *test, struct pair *p, int us)
{
	struct sockaddr_storage addr = { };
	struct sockaddr_in *in = (void *)&addr;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK + us);
	KUNIT_ASSERT_EQ(test, dlm_comms_addr_add(p->node[!us].node->comms, us + 1, &addr, false),
			0);
}

static void make_node(struct kunit *test, struct pair *p, int i, bool worker)
{
	struct dlm_comms_config config = { };
	struct pair_node *n = &p->node[i];
	struct dlm_recovery *rec;

	n->p = p;
	n->ops = link_ops;
	n->due = KTIME_MAX;
	spin_lock_init(&n->due_lock);
	init_waitqueue_head(&n->wait);
	n->accepted = kvcalloc(BITS_TO_LONGS(PAIR_IDS), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, n->accepted);
	n->node = t_node(test);
	n->node->nodeid = i + 1;
	if (worker)
		n->node->kick = on_kick;
	n->node->comms = dlm_comms_create(NULL, &comms_user, n->node, &n->ops);
	KUNIT_ASSERT_NOT_NULL(test, n->node->comms);
	KUNIT_ASSERT_EQ(test, dlm_comms_start(n->node->comms, i + 1, &config), 0);
	n->ls = t_ls(test, n->node, "world", 0);
	dlm_ls_set_client(n->ls, n);
	/* forget that it came up alone */
	dlm_ls_stop(n->ls);
	rec = n->ls->recovery;
	mutex_lock(&rec->lock);
	dlm_members_clear(rec);
	mutex_unlock(&rec->lock);
	n->ls->generation = 0;
	rec->our_slot = 0;
	rec->former = 0;
	rec->outcome = 1;
}

static void make_way(struct kunit *test, struct pair *p, int i)
{
	struct pair_way *w = &p->way[i];

	w->p = p;
	w->from = i;
	mutex_init(&w->tx_mutex);
	mutex_init(&w->rx_mutex);
	spin_lock_init(&w->lock);
	init_waitqueue_head(&w->wait);
	prandom_seed_state(&w->rnd, 100 + i);
}

/**
 * pair_create - two nodes, and locking runs on both
 * @test: the test
 * @workers: lockspaces work in threads of ours, not in work items
 * @unreliable: once all runs, allocations in threads of ours may fail
 *
 * Return: the nodes; does not return without memory.
 */
struct pair *pair_create(struct kunit *test, bool workers, bool unreliable)
{
	struct pair *p = kvzalloc(sizeof(*p), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->unreliable = unreliable;
	for (i = 0; i < 2; i++) {
		make_node(test, p, i, workers);
		make_way(test, p, i);
	}
	introduce(test, p, 0);
	introduce(test, p, 1);
	for (i = 0; i < 2; i++) {
		p->way[i].mover = kthread_run(mover, &p->way[i], "dlm-mover-%d", i + 1);
		KUNIT_ASSERT_FALSE(test, IS_ERR(p->way[i].mover));
		if (!workers)
			continue;
		p->node[i].worker = kthread_run(worker, &p->node[i], "dlm-worker-%d", i + 1);
		KUNIT_ASSERT_FALSE(test, IS_ERR(p->node[i].worker));
	}
	pair_start(p, 1, 1);
	return p;
}

/**
 * pair_destroy - both go, without farewell
 * @p: both; no other thread uses them any more
 */
void pair_destroy(struct pair *p)
{
	int i;

	pair_stop(p, 0);
	for (i = 0; i < 2; i++) {
		kthread_stop(p->way[i].mover);
		if (p->node[i].worker)
			kthread_stop(p->node[i].worker);
	}
	for (i = 0; i < 2; i++) {
		dlm_node_stop(p->node[i].node);
		dlm_node_end_comms(p->node[i].node);
		dlm_node_put(p->node[i].node);
		kvfree(p->node[i].accepted);
	}
	kvfree(p);
}

/* --- what a control daemon does ------------------------------------------- */

/**
 * pair_stop - stop locking on both nodes
 * @p: both
 * @first: index of who is stopped first
 *
 * Context: sleeps.
 */
void pair_stop(struct pair *p, int first)
{
	dlm_ls_stop(p->node[first].ls);
	dlm_ls_stop(p->node[!first].ls);
}

/**
 * pair_start - both go on
 * @p: both, stopped
 * @weight1: share of node 1 of the directory
 * @weight2: share of node 2
 *
 * Does not wait until they do.
 *
 * Context: sleeps.
 */
void pair_start(struct pair *p, unsigned int weight1, unsigned int weight2)
{
	const struct dlm_member_conf m[2] = {
		{ .nodeid = 1, .weight = weight1 },
		{ .nodeid = 2, .weight = weight2 },
	};
	int i, err;

	for (i = 0; i < 2; i++) {
		do
			err = dlm_ls_start(p->node[i].ls, m, 2);
		while (err == -ENOMEM);
		if (err)
			pair_wrong(p, PAIR_BAD_RESULT);
	}
}

/**
 * pair_runs - does locking go on?
 * @p: both
 *
 * Return: true if both gates are open.
 */
bool pair_runs(struct pair *p)
{
	return READ_ONCE(p->node[0].ls->gate.state) == DLM_GATE_OPEN &&
	       READ_ONCE(p->node[1].ls->gate.state) == DLM_GATE_OPEN;
}
