// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets as a link: who connects, when, and who transmits (wire.md 2.3, 2.4).
 *
 * A peer has up to two connections: one that we send on (main), and one that it
 * may have made although we had one (other).  We read from both.
 *
 * Whoever has something to send transmits in his own context if nobody else does
 * at the moment, at most one buffer; the rest is left to the peer's work item.  Who finds
 * somebody else transmitting leaves DLM_LINES_AGAIN behind, which that one
 * looks at after it let go of tx_mutex.
 *
 * Connecting does not block: the work item begins it, the socket's callback ends it,
 * and a deadline gives it up.  Each peer has its own work item and its own pause
 * between attempts, so one that cannot be reached delays no other.
 */
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include "conn.h"

/* pause between attempts to connect, and how long one may last */
#define CONNECT_PAUSE		HZ
#define CONNECT_DEADLINE	(10 * HZ)
/* who waits for the other side to close its end (wire.md 2.7) */
#define CLOSE_WAIT		(5 * HZ)
/* until the log says what a connection's end is waited for */
#define COMPLAIN		(10 * HZ)
/* for a full socket if no callback tells that it has room again */
#define FULL_PAUSE		msecs_to_jiffies(20)
/* between two calls of dlm_session_idle() */
#define IDLE_PAUSE		msecs_to_jiffies(200)
/* buffers that the work item sends before others have their turn */
#define TX_BUDGET		16

/**
 * dlm_lines_queue - have a peer's work done
 * @peer: the peer
 * @delay: jiffies from now; if it waits already, only 0 changes that
 *
 * Context: any but interrupts.
 */
void dlm_lines_queue(struct dlm_peer *peer, unsigned long delay)
{
	struct dlm_lines *l = &peer->lines;

	spin_lock(&l->lock);
	if (l->closed)
		;
	else if (delay)
		queue_delayed_work(peer->comms->wq, &l->tx_work, delay);
	else
		mod_delayed_work(peer->comms->wq, &l->tx_work, 0);
	spin_unlock(&l->lock);
}

/**
 * dlm_lines_queue_idle - watch a session in case that nothing comes
 * @peer: the peer
 *
 * Context: any but interrupts.
 */
void dlm_lines_queue_idle(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;

	if (!dlm_session_wants_idle(&peer->session))
		return;
	spin_lock(&l->lock);
	if (!l->closed)
		queue_delayed_work(peer->comms->wq, &l->idle_work, IDLE_PAUSE);
	spin_unlock(&l->lock);
}

/* the peer's connections, with references for the caller */
static void get_conns(struct dlm_peer *peer, struct dlm_conn *conn[2])
{
	struct dlm_lines *l = &peer->lines;
	int i;

	spin_lock(&l->lock);
	conn[0] = l->main;
	conn[1] = l->other;
	for (i = 0; i < 2; i++) {
		if (conn[i])
			dlm_conn_get(conn[i]);
	}
	spin_unlock(&l->lock);
}

static void kill_conns(struct dlm_peer *peer, bool sync)
{
	struct dlm_conn *conn[2];
	int i;

	get_conns(peer, conn);
	for (i = 0; i < 2; i++) {
		if (!conn[i])
			continue;
		if (sync)
			dlm_conn_kill_sync(conn[i]);
		else
			dlm_conn_kill(conn[i]);
		dlm_conn_put(conn[i]);
	}
}

/*
 * Also those that are being closed already; none begins any more.  Two of them are waited for by
 * their work, which is what lockdep understands: a caller with a lock that receive() takes is
 * found at once.
 */
static void end_conns(struct dlm_peer *peer)
{
	kill_conns(peer, true);
	while (!wait_event_timeout(peer->comms->wait,
				   !atomic_read(&peer->lines.conns), COMPLAIN))
		pr_warn("dlm: node %d: %d connections are not closed yet\n",
			peer->nodeid, atomic_read(&peer->lines.conns));
}

/**
 * dlm_lines_adopt - a new connection takes its place
 * @peer: the peer; tx_mutex held
 * @conn: new connection, ours or the peer's
 *
 * A second one of the peer replaces its first.
 *
 * Return: false if the peer is forgotten.
 */
bool dlm_lines_adopt(struct dlm_peer *peer, struct dlm_conn *conn)
{
	struct dlm_lines *l = &peer->lines;
	struct dlm_conn *old = NULL;
	bool ok;

	spin_lock(&l->lock);
	ok = !l->closed && READ_ONCE(peer->comms->running);
	if (ok && !l->main) {
		l->main = conn;
	} else if (ok) {
		old = l->other;
		if (old)
			dlm_conn_get(old);
		l->other = conn;
	}
	spin_unlock(&l->lock);
	if (old) {
		dlm_conn_kill(old);
		dlm_conn_put(old);
	}
	return ok;
}

/**
 * dlm_lines_closed - a connection is gone
 * @peer: the peer; tx_mutex held
 * @conn: the connection, its socket is released
 *
 * What was sent on it without being acknowledged goes again, on the connection that the peer made,
 * if there is one: that is read by the peer, while a new one of ours may wait for a stock node to
 * accept it (it looks for new connections only when one comes).
 */
void dlm_lines_closed(struct dlm_peer *peer, struct dlm_conn *conn)
{
	struct dlm_lines *l = &peer->lines;
	bool main;

	spin_lock(&l->lock);
	main = l->main == conn;
	if (main)
		l->main = l->other && dlm_conn_ready(l->other) ? l->other : NULL;
	if (l->other == conn || l->other == l->main)
		l->other = NULL;
	spin_unlock(&l->lock);
	if (!main)
		return;
	dlm_session_lost(&peer->session);
	l->retry_at = jiffies;
	/* at once if it worked for a while, else not in a hurry */
	if (!test_bit(DLM_CONN_UP, &conn->flags) ||
	    time_before(jiffies, conn->since + CONNECT_PAUSE))
		l->retry_at += CONNECT_PAUSE;
}

/* --- connecting ---------------------------------------------------------- */

/**
 * dlm_lines_failed - say that an attempt to connect failed
 * @peer: the node
 * @err: why, a negative errno
 *
 * Of attempts that fail one after the other only the first is mentioned.
 *
 * Context: any.
 */
void dlm_lines_failed(struct dlm_peer *peer, int err)
{
	if (READ_ONCE(peer->lines.attempts) <= 1)
		pr_warn_ratelimited("dlm: node %d: cannot connect yet, error %d\n",
				    peer->nodeid, err);
}

static int connect_link(struct dlm_peer *peer, struct socket *sock)
{
	const struct dlm_comms *comms = peer->comms;
	struct dlm_lines *l = &peer->lines;
	struct sockaddr_storage to;
	struct dlm_addrs local;
	struct dlm_conn *conn;
	int err;

	dlm_comms_local(peer->comms, &local);
	err = local.n ? comms->proto->bind(sock, &local, 0) : -ENOENT;
	if (err)
		return err;
	spin_lock(&peer->comms->addr_lock);
	to = peer->addrs.a[comms->proto->target(&peer->addrs, l->attempts)];
	spin_unlock(&peer->comms->addr_lock);
	dlm_addr_set_port(&to, comms->config.port);
	err = dlm_conn_open(peer, sock, &conn);
	if (err)
		return err;
	err = kernel_connect(sock, (struct sockaddr_unsized *)&to,
			     dlm_addr_len(&to), O_NONBLOCK);
	if (err && err != -EINPROGRESS) {
		dlm_lines_failed(peer, err);
		dlm_conn_kill(conn);
	} else {
		dlm_conn_look(conn);
	}
	/* the socket is the connection's now, for good or ill */
	return 0;
}

static void begin_connect(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;
	struct socket *sock;
	int err;

	l->retry_at = jiffies + CONNECT_PAUSE;
	l->attempts++;
	err = dlm_sock_create(peer->comms, dlm_peer_mark(peer), &sock);
	if (!err) {
		err = connect_link(peer, sock);
		if (err)
			dlm_sock_reset(sock);
	}
	if (err)
		dlm_lines_failed(peer, err);
	else
		atomic_long_inc(&l->connects);
}

static long jiffies_until(unsigned long when)
{
	return time_after(when, jiffies) ? when - jiffies : 0;
}

/* what to do without a connection that bytes can be sent on; returns when to look again */
static long want_connection(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;
	struct dlm_conn *conn = l->main;
	long wait;

	if (conn) {
		if (test_bit(DLM_CONN_UP, &conn->flags))
			return MAX_SCHEDULE_TIMEOUT;
		wait = jiffies_until(conn->since + CONNECT_DEADLINE);
		if (!wait) {
			dlm_lines_failed(peer, -ETIMEDOUT);
			dlm_conn_kill(conn);
		}
		return wait ?: MAX_SCHEDULE_TIMEOUT;
	}
	if (!READ_ONCE(peer->comms->running) || !READ_ONCE(peer->addrs.n) ||
	    !dlm_session_wants_link(&peer->session))
		return MAX_SCHEDULE_TIMEOUT;
	wait = jiffies_until(l->retry_at);
	if (wait)
		return wait;
	begin_connect(peer);
	return l->main ? CONNECT_DEADLINE : CONNECT_PAUSE;
}

/* --- transmitting -------------------------------------------------------- */

/* returns jiffies until there is something to do again; tx_mutex held */
static long transmit(struct dlm_peer *peer, unsigned int budget, bool may_connect)
{
	/* only who holds tx_mutex makes or ends the main connection */
	struct dlm_conn *conn = READ_ONCE(peer->lines.main);
	int err;

	if (!conn || !dlm_conn_ready(conn))
		return may_connect ? want_connection(peer) : 0;
	peer->lines.attempts = 0;
	err = dlm_conn_transmit(conn, budget);
	if (err == -EAGAIN)
		return FULL_PAUSE;
	if (err < 0)
		dlm_conn_kill(conn);
	return err > 0 ? 0 : MAX_SCHEDULE_TIMEOUT;
}

static void tx_unlock(struct dlm_peer *peer, long wait)
{
	struct dlm_lines *l = &peer->lines;

	mutex_unlock(&l->tx_mutex);
	/* who failed to lock has set the bit before he tried */
	smp_mb();
	if (test_bit(DLM_LINES_AGAIN, &l->flags))
		wait = 0;
	if (wait < MAX_SCHEDULE_TIMEOUT)
		dlm_lines_queue(peer, wait);
}

static void tx_work(struct work_struct *work)
{
	struct dlm_peer *peer = container_of(work, struct dlm_peer,
					     lines.tx_work.work);
	unsigned int noio = memalloc_noio_save();
	long wait;

	mutex_lock(&peer->lines.tx_mutex);
	clear_bit(DLM_LINES_AGAIN, &peer->lines.flags);
	smp_mb__after_atomic(); /* what is asked for from here on sets it again */
	wait = transmit(peer, TX_BUDGET, true);
	tx_unlock(peer, wait);
	memalloc_noio_restore(noio);
}

static void link_kick(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;
	unsigned int noio;
	long wait;

	set_bit(DLM_LINES_AGAIN, &l->flags);
	smp_mb__after_atomic(); /* pairs with tx_unlock() */
	if (!mutex_trylock(&l->tx_mutex))
		return;
	clear_bit(DLM_LINES_AGAIN, &l->flags);
	smp_mb__after_atomic(); /* as in tx_work() */
	noio = memalloc_noio_save();
	wait = transmit(peer, 1, false);
	memalloc_noio_restore(noio);
	tx_unlock(peer, wait);
}

static void idle_work(struct work_struct *work)
{
	struct dlm_peer *peer = container_of(work, struct dlm_peer,
					     lines.idle_work.work);

	if (dlm_session_idle(&peer->session))
		link_kick(peer);
	if (dlm_session_stalled(&peer->session)) {
		pr_warn_ratelimited("dlm: node %d: packets are missing, reset connections\n",
				    peer->nodeid);
		kill_conns(peer, false);
	}
	dlm_lines_queue_idle(peer);
}

/* --- start, stop --------------------------------------------------------- */

/**
 * dlm_lines_init - a new peer has no connections
 * @peer: new peer
 */
void dlm_lines_init(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;

	mutex_init(&l->tx_mutex);
	spin_lock_init(&l->lock);
	INIT_DELAYED_WORK(&l->tx_work, tx_work);
	INIT_DELAYED_WORK(&l->idle_work, idle_work);
	l->retry_at = jiffies;
}

static int link_start(struct dlm_comms *comms)
{
	switch (comms->config.protocol) {
	case DLM_PROTO_TCP:
		comms->proto = &dlm_tcp;
		break;
	case DLM_PROTO_SCTP:
		comms->proto = &dlm_sctp;
		break;
	default:
		return -EPROTONOSUPPORT;
	}
	return dlm_listen(comms);
}

/* our side of all connections to a peer ends, in order */
static void half_close(struct dlm_peer *peer)
{
	struct dlm_lines *l = &peer->lines;
	struct dlm_conn *conn[2];
	int i;

	get_conns(peer, conn);
	mutex_lock(&l->tx_mutex);
	for (i = 0; i < 2; i++) {
		if (conn[i] && conn[i]->sock)
			kernel_sock_shutdown(conn[i]->sock,
					     peer->comms->proto->shutdown);
	}
	mutex_unlock(&l->tx_mutex);
	for (i = 0; i < 2; i++) {
		if (conn[i])
			dlm_conn_put(conn[i]);
	}
}

static bool all_gone(struct dlm_comms *comms)
{
	unsigned long index = 0;
	struct dlm_peer *peer;
	bool gone = true;

	while (gone && (peer = dlm_peer_next(comms, &index))) {
		gone = !READ_ONCE(peer->lines.main) && !READ_ONCE(peer->lines.other);
		dlm_peer_put(peer);
	}
	return gone;
}

static void link_stop(struct dlm_comms *comms, bool orderly)
{
	unsigned int noio = memalloc_noio_save();
	unsigned long index = 0;
	struct dlm_peer *peer;

	dlm_listen_end(comms);
	while ((peer = dlm_peer_next(comms, &index))) {
		/* no connect begins any more, the transport does not run */
		cancel_delayed_work_sync(&peer->lines.tx_work);
		if (orderly)
			half_close(peer);
		dlm_peer_put(peer);
	}
	if (orderly)
		wait_event_timeout(comms->wait, READ_ONCE(comms->dead) ||
				   all_gone(comms), CLOSE_WAIT);
	index = 0;
	while ((peer = dlm_peer_next(comms, &index))) {
		end_conns(peer);
		cancel_delayed_work_sync(&peer->lines.idle_work);
		dlm_peer_put(peer);
	}
	memalloc_noio_restore(noio);
}

static void link_drop(struct dlm_peer *peer, bool forget)
{
	struct dlm_lines *l = &peer->lines;

	if (forget) {
		spin_lock(&l->lock);
		l->closed = true;
		spin_unlock(&l->lock);
		cancel_delayed_work_sync(&l->tx_work);
		cancel_delayed_work_sync(&l->idle_work);
	}
	if (forget)
		end_conns(peer);
	else
		kill_conns(peer, false);
}

const struct dlm_link_ops dlm_socket_link = {
	.start	= link_start,
	.stop	= link_stop,
	.kick	= link_kick,
	.drop	= link_drop,
};
