// SPDX-License-Identifier: GPL-2.0
/*
 * One connection: a socket, its callbacks, and the work that receives.
 *
 * Callbacks only queue the connection's work item.  That is the one place
 * where bytes are received and where the socket is closed, so neither can meet the other.
 * Everybody else who wants a connection gone sets DLM_CONN_KILL.  Transmission
 * happens in any thread, under lines->tx_mutex, which closing takes too.
 *
 * All work on sockets runs under memalloc_noio_save(): we may be called by
 * those who free memory.
 */
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/tcp_states.h>
#include <dlm/trace.h>
#include "conn.h"

/* one work item reads at most so many batches before others have their turn */
#define RX_BUDGET	16
/* how long to wait for memory, or for room that no callback announces */
#define RETRY		msecs_to_jiffies(20)
/* between two batches of a peer that does not read its answers */
#define SLOW		HZ

static struct lock_class_key dlm_sock_keys[4];

/*
 * Our sockets are used under locks that others take while they use theirs.
 *
 * Those that kernel_accept() gives us are left alone: the network may use their locks already, and
 * to set a class is to make the lock anew.  They have the class of the kernel's sockets
 * ("k-sk_lock-AF_INET"), which a clone of a kernel's listener gets, so what programs do under
 * their own sockets' locks is no concern of theirs.
 */
static void set_lock_class(struct sock *sk)
{
	if (!sock_allow_reclassification(sk))
		return;
	if (sk->sk_family == AF_INET6)
		sock_lock_init_class_and_name(sk, "slock-AF_INET6-DLM",
					      &dlm_sock_keys[0],
					      "sk_lock-AF_INET6-DLM",
					      &dlm_sock_keys[1]);
	else
		sock_lock_init_class_and_name(sk, "slock-AF_INET-DLM",
					      &dlm_sock_keys[2],
					      "sk_lock-AF_INET-DLM",
					      &dlm_sock_keys[3]);
}

/**
 * dlm_sock_prepare - options that all our sockets have (wire.md 2.5)
 * @proto: kind
 * @sk: new or accepted
 * @mark: SO_MARK
 *
 * Context: may sleep.
 */
void dlm_sock_prepare(const struct dlm_proto *proto, struct sock *sk, u32 mark)
{
	sk->sk_allocation = GFP_NOIO;
	sk->sk_use_task_frag = false;
	sock_set_mark(sk, mark);
	proto->tune(sk);
}

/**
 * dlm_sock_create - make a socket in the node's namespace
 * @comms: our side
 * @mark: SO_MARK
 * @sockp: filled
 *
 * Context: may sleep; in a memalloc_noio_save() section.
 * Return: 0; -ENOENT without an address of ours; -EPROTONOSUPPORT if the kernel does not
 * have the protocol or the family; what the network says.
 */
int dlm_sock_create(struct dlm_comms *comms, u32 mark, struct socket **sockp)
{
	struct dlm_addrs local;
	int err;

	dlm_comms_local(comms, &local);
	if (!local.n)
		return -ENOENT;
	err = sock_create_kern(comms->net, local.a[0].ss_family, SOCK_STREAM,
			       comms->proto->protocol, sockp);
	if (err == -EAFNOSUPPORT || err == -ESOCKTNOSUPPORT)
		err = -EPROTONOSUPPORT;
	if (err)
		return err;
	set_lock_class((*sockp)->sk);
	sock_set_reuseaddr((*sockp)->sk);
	dlm_sock_prepare(comms->proto, (*sockp)->sk, mark);
	return 0;
}

/**
 * dlm_sock_reset - release a socket so that the other side sees a reset
 * @sock: socket without callbacks of ours
 *
 * A peer repeats what is not acknowledged after a reset, and loses it after an orderly
 * close (wire.md 2.6).
 *
 * Context: may sleep.
 */
void dlm_sock_reset(struct socket *sock)
{
	sock_no_linger(sock->sk);
	sock_release(sock);
}

/* --- references and work ------------------------------------------------- */

/**
 * dlm_conn_get - take a reference
 * @conn: connection that the caller knows to exist
 */
void dlm_conn_get(struct dlm_conn *conn)
{
	kref_get(&conn->ref);
}

static void conn_free(struct kref *ref)
{
	struct dlm_conn *conn = container_of(ref, struct dlm_conn, ref);

	if (atomic_dec_and_test(&conn->peer->lines.conns))
		wake_up_all(&conn->peer->comms->wait);
	dlm_peer_put(conn->peer);
	kvfree(conn);
}

/**
 * dlm_conn_put - drop a reference
 * @conn: the connection
 *
 * Context: process context, or the socket is open.
 */
void dlm_conn_put(struct dlm_conn *conn)
{
	kref_put(&conn->ref, conn_free);
}

/* from any context as long as the caller has a reference, or the socket is open */
static void queue_conn(struct dlm_conn *conn, unsigned long delay)
{
	struct workqueue_struct *wq = conn->peer->comms->wq;
	bool fresh;

	dlm_conn_get(conn);
	if (delay)
		fresh = queue_delayed_work(wq, &conn->work, delay);
	else
		fresh = !mod_delayed_work(wq, &conn->work, 0);
	if (!fresh)
		dlm_conn_put(conn);
}

/**
 * dlm_conn_look - see whether something came
 * @conn: the connection; the caller has a reference, or peer's tx_mutex
 *
 * Context: any but interrupts.
 */
void dlm_conn_look(struct dlm_conn *conn)
{
	queue_conn(conn, 0);
}

/**
 * dlm_conn_kill - reset a connection soon
 * @conn: the connection; the caller has a reference
 *
 * Context: any but interrupts.
 */
void dlm_conn_kill(struct dlm_conn *conn)
{
	set_bit(DLM_CONN_KILL, &conn->flags);
	queue_conn(conn, 0);
}

/**
 * dlm_conn_kill_sync - reset a connection and wait until it is
 * @conn: the connection; the caller has a reference
 *
 * Context: sleeps; not called by anything that the user's receive() calls.
 */
void dlm_conn_kill_sync(struct dlm_conn *conn)
{
	dlm_conn_kill(conn);
	flush_delayed_work(&conn->work);
}

/**
 * dlm_conn_ready - can bytes be sent?
 * @conn: the connection; tx_mutex held, or called by its work
 *
 * Return: true if it is connected.
 */
bool dlm_conn_ready(const struct dlm_conn *conn)
{
	return conn->sock &&
	       READ_ONCE(conn->sock->sk->sk_state) == TCP_ESTABLISHED &&
	       !test_bit(DLM_CONN_KILL, &conn->flags);
}

/* --- callbacks ----------------------------------------------------------- */

static void wake_conn(struct sock *sk)
{
	struct dlm_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn)
		queue_conn(conn, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void conn_write_space(struct sock *sk)
{
	struct dlm_conn *conn;

	read_lock_bh(&sk->sk_callback_lock);
	conn = sk->sk_user_data;
	if (conn) {
		conn->orig_write_space(sk);
		if (sk_stream_is_writeable(sk))
			queue_conn(conn, 0);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void set_callbacks(struct dlm_conn *conn, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	conn->orig_data_ready = sk->sk_data_ready;
	conn->orig_state_change = sk->sk_state_change;
	conn->orig_write_space = sk->sk_write_space;
	conn->orig_error_report = sk->sk_error_report;
	sk->sk_user_data = conn;
	sk->sk_data_ready = wake_conn;
	sk->sk_state_change = wake_conn;
	sk->sk_write_space = conn_write_space;
	sk->sk_error_report = wake_conn;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void restore_callbacks(struct dlm_conn *conn, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = conn->orig_data_ready;
	sk->sk_state_change = conn->orig_state_change;
	sk->sk_write_space = conn->orig_write_space;
	sk->sk_error_report = conn->orig_error_report;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* --- closing ------------------------------------------------------------- */

static void conn_close(struct dlm_conn *conn, bool orderly)
{
	struct dlm_peer *peer = conn->peer;
	struct socket *sock = conn->sock;

	mutex_lock(&peer->lines.tx_mutex);
	set_bit(DLM_CONN_CLOSED, &conn->flags);
	conn->sock = NULL;
	restore_callbacks(conn, sock->sk);
	if (orderly)
		sock_release(sock);
	else
		dlm_sock_reset(sock);
	dlm_lines_closed(peer, conn);
	mutex_unlock(&peer->lines.tx_mutex);
	wake_up_all(&peer->comms->wait);
	dlm_lines_queue(peer, 0);
	dlm_conn_put(conn);
}

/* --- receiving ----------------------------------------------------------- */

/* hand on what the stream has; false if the connection is no good any more */
static bool digest(struct dlm_conn *conn)
{
	struct dlm_peer *peer = conn->peer;
	struct dlm_fx fx = { };
	int err;

	mutex_lock(&peer->rx_mutex);
	err = dlm_peer_input(peer, &conn->stream, &fx);
	mutex_unlock(&peer->rx_mutex);
	dlm_peer_input_end(peer, &fx);
	dlm_fx_flush(&fx);
	if (err == -ENOMEM) {
		set_bit(DLM_CONN_HUNGRY, &conn->flags);
		queue_conn(conn, RETRY);
	} else {
		clear_bit(DLM_CONN_HUNGRY, &conn->flags);
	}
	return err != -EBADMSG;
}

/* bytes, 0 at the end of the stream, or a negative errno */
static int receive(struct dlm_conn *conn)
{
	struct dlm_stream *st = &conn->stream;
	struct kvec iov = {
		.iov_base = st->buf + st->len,
		.iov_len = DLM_STREAM_SIZE - st->len,
	};
	struct msghdr msg = { };
	int n;

	n = kernel_recvmsg(conn->sock, &msg, &iov, 1, iov.iov_len,
			   MSG_DONTWAIT | MSG_NOSIGNAL);
	trace_dlm_recv(conn->peer->nodeid, n);
	if (n > 0)
		st->len += n;
	return n;
}

static bool connecting(const struct dlm_conn *conn)
{
	int state = READ_ONCE(conn->sock->sk->sk_state);

	return !test_bit(DLM_CONN_UP, &conn->flags) &&
	       (state == TCP_SYN_SENT || state == TCP_SYN_RECV);
}

static void note_up(struct dlm_conn *conn)
{
	if (!dlm_conn_ready(conn) || test_and_set_bit(DLM_CONN_UP, &conn->flags))
		return;
	conn->since = jiffies;
	pr_info_ratelimited("dlm: node %d: %s connection is up\n", conn->peer->nodeid,
			    conn->peer->comms->proto->name);
	dlm_lines_queue(conn->peer, 0);
}

/*
 * Who asks and does not read the answers is not served faster than one batch a second: they all
 * take memory.  True while nothing is to be read.
 */
static bool is_slow(struct dlm_conn *conn)
{
	long left = conn->read_at - jiffies;

	if (!test_bit(DLM_CONN_SLOW, &conn->flags))
		return false;
	if (left > 0) {
		queue_conn(conn, left);
		return true;
	}
	clear_bit(DLM_CONN_SLOW, &conn->flags);
	return false;
}

static void slow_down(struct dlm_conn *conn)
{
	if (!dlm_session_flooded(&conn->peer->session))
		return;
	if (!test_and_set_bit(DLM_CONN_TOLD, &conn->flags))
		pr_warn_ratelimited("dlm: node %d does not read what it asks for\n",
				    conn->peer->nodeid);
	conn->read_at = jiffies + SLOW;
	set_bit(DLM_CONN_SLOW, &conn->flags);
}

/* true if there may be more to read; *@end is set to why not, 1 for an orderly end */
static bool receive_some(struct dlm_conn *conn, int *end)
{
	int budget, n;

	if (test_bit(DLM_CONN_HUNGRY, &conn->flags) && !digest(conn))
		*end = -EBADMSG;
	for (budget = RX_BUDGET; budget && !*end; budget--) {
		if (test_bit(DLM_CONN_HUNGRY, &conn->flags))
			return false;
		if (test_bit(DLM_CONN_KILL, &conn->flags)) {
			*end = -ECONNRESET;
			break;
		}
		if (is_slow(conn))
			return false;
		n = receive(conn);
		if (n == -EAGAIN)
			return false;
		if (n <= 0)
			*end = n ?: 1;
		else if (!digest(conn))
			*end = -EBADMSG;
		slow_down(conn);
	}
	return true;
}

static void say_end(const struct dlm_conn *conn, int err)
{
	struct dlm_peer *peer = conn->peer;

	if (test_bit(DLM_CONN_UP, &conn->flags))
		pr_info_ratelimited("dlm: node %d: connection lost, error %d\n",
				    peer->nodeid, err);
	else if (!test_bit(DLM_CONN_KILL, &conn->flags))
		dlm_lines_failed(peer, err);
}

static void conn_work(struct work_struct *work)
{
	struct dlm_conn *conn = container_of(work, struct dlm_conn, work.work);
	struct dlm_peer *peer = conn->peer;
	unsigned int noio = memalloc_noio_save();
	int end = 0;

	if (test_bit(DLM_CONN_CLOSED, &conn->flags))
		goto out;
	note_up(conn);
	/* whatever the user has no memory for, who wants it dead waits for that */
	if (test_bit(DLM_CONN_KILL, &conn->flags))
		end = -ECONNRESET;
	else if (!connecting(conn) && receive_some(conn, &end) && !end)
		queue_conn(conn, 0);
	if (end) {
		if (end < 0)
			say_end(conn, end);
		conn_close(conn, end > 0);
	} else if (dlm_session_pending(&peer->session)) {
		peer->comms->link->kick(peer);
	}
	dlm_lines_queue_idle(peer);
out:
	memalloc_noio_restore(noio);
	dlm_conn_put(conn);
}

/* --- transmitting -------------------------------------------------------- */

static int send_rest(struct dlm_conn *conn)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };
	struct kvec iov = {
		.iov_base = conn->tx + conn->tx_off,
		.iov_len = conn->tx_len - conn->tx_off,
	};
	int n;

	n = kernel_sendmsg(conn->sock, &msg, &iov, 1, iov.iov_len);
	trace_dlm_send(conn->peer->nodeid, n);
	return n;
}

/**
 * dlm_conn_transmit - send what the session has, as far as the socket takes it
 * @conn: a connection that is ready
 * @budget: times DLM_TX_SIZE bytes at most
 *
 * Context: may sleep for memory; peer's tx_mutex held, in a memalloc_noio_save()
 * section.
 * Return: 0 if nothing is left; 1 if there is more to be sent at once; -EAGAIN if the
 * socket is full; other errors mean that the connection is dead.
 */
int dlm_conn_transmit(struct dlm_conn *conn, unsigned int budget)
{
	struct dlm_session *s = &conn->peer->session;
	int n;

	lockdep_assert_held(&conn->peer->lines.tx_mutex);
	while (budget) {
		if (conn->tx_off == conn->tx_len) {
			conn->tx_off = 0;
			conn->tx_len = dlm_session_fill(s, conn->tx, DLM_TX_SIZE);
			if (!conn->tx_len)
				return 0;
			budget--;
		}
		n = send_rest(conn);
		if (!n || n == -ENOMEM || n == -ENOBUFS)
			return -EAGAIN;
		if (n < 0)
			return n;
		conn->tx_off += n;
	}
	if (conn->tx_off < conn->tx_len)
		return 1;
	return dlm_session_pending(s);
}

/**
 * dlm_conn_open - make a connection of a socket
 * @peer: who is, or will be, at the other end
 * @sock: connected, or about to be; on success it belongs to the connection
 * @connp: filled
 *
 * The caller calls dlm_conn_look() as soon as the socket is no longer idle.
 *
 * Context: may sleep; peer's tx_mutex held, and the connection stays at least
 * as long as it is; in a memalloc_noio_save() section.
 * Return: 0; -ENOMEM; -ESHUTDOWN if the peer is forgotten.
 */
int dlm_conn_open(struct dlm_peer *peer, struct socket *sock,
		  struct dlm_conn **connp)
{
	struct dlm_conn *conn;

	lockdep_assert_held(&peer->lines.tx_mutex);
	conn = kvmalloc(sizeof(*conn), GFP_KERNEL);
	if (!conn)
		return -ENOMEM;
	memset(conn, 0, offsetof(struct dlm_conn, tx));
	conn->stream.len = 0;
	kref_init(&conn->ref);
	INIT_DELAYED_WORK(&conn->work, conn_work);
	dlm_peer_get(peer);
	conn->peer = peer;
	atomic_inc(&peer->lines.conns);
	conn->sock = sock;
	conn->since = jiffies;
	if (!dlm_lines_adopt(peer, conn)) {
		dlm_conn_put(conn);
		return -ESHUTDOWN;
	}
	set_callbacks(conn, sock->sk);
	*connp = conn;
	return 0;
}
