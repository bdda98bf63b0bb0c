// SPDX-License-Identifier: GPL-2.0
/*
 * Where connections come in (wire.md 2.1, 2.2): a peer is known by its address.
 */
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <net/tcp_states.h>
#include "conn.h"

#define BACKLOG		128
/* so many at a time: who floods us does not keep the CPU */
#define BUDGET		64
/*
 * Connections of one peer at a time.  Two are in use; a peer may make new ones faster than
 * the old ones are closed, and each has its buffers.
 */
#define PEER_CONNS	8
/* to look again after an accept without memory */
#define RETRY		msecs_to_jiffies(100)

/**
 * struct dlm_listener - the listening socket of a node
 * @comms: whose
 * @sock: the socket
 * @work: accepts
 * @orig_data_ready: the socket's own callback
 * @orig_state_change: dito
 *
 * Lifetime: from dlm_listen() to dlm_listen_end().
 */
struct dlm_listener {
	struct dlm_comms	*comms;
	struct socket		*sock;
	struct delayed_work	work;
	void			(*orig_data_ready)(struct sock *sk);
	void			(*orig_state_change)(struct sock *sk);
};

/*
 * TCP tells of a new connection by data_ready, SCTP by state_change, and by data_ready not
 * before it has data.  Sockets that TCP makes for connections inherit the callbacks until
 * disinherit().
 */
static void listener_ready(struct sock *sk)
{
	struct dlm_listener *li;

	if (sk->sk_state != TCP_LISTEN)
		return;
	read_lock_bh(&sk->sk_callback_lock);
	li = sk->sk_user_data;
	if (li)
		mod_delayed_work(li->comms->wq, &li->work, 0);
	read_unlock_bh(&sk->sk_callback_lock);
}

static void set_callbacks(struct dlm_listener *li, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	li->orig_data_ready = sk->sk_data_ready;
	li->orig_state_change = sk->sk_state_change;
	sk->sk_user_data = li;
	sk->sk_data_ready = listener_ready;
	sk->sk_state_change = listener_ready;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* the listening socket's own callbacks come back, or those that an accepted one should have */
static void disinherit(const struct dlm_listener *li, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = li->orig_data_ready;
	sk->sk_state_change = li->orig_state_change;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* takes over the socket on success */
static int take_in(struct dlm_comms *comms, struct socket *sock)
{
	struct sockaddr_storage from = { };
	struct dlm_conn *conn;
	struct dlm_peer *peer;
	int err;

	err = kernel_getpeername(sock, (struct sockaddr *)&from);
	if (err < 0)
		return err;
	peer = dlm_addr_owner(comms, &from);
	if (!peer) {
		atomic_long_inc(&comms->strangers);
		pr_warn_ratelimited("dlm: connect from non cluster node %pISc\n", &from);
		return -EPERM;
	}
	if (atomic_read(&peer->lines.conns) >= PEER_CONNS) {
		atomic_long_inc(&peer->lines.floods);
		pr_warn_ratelimited("dlm: node %d: too many connections at once\n",
				    peer->nodeid);
		dlm_peer_put(peer);
		return -EBUSY;
	}
	dlm_sock_prepare(comms->proto, sock->sk, dlm_peer_mark(peer));
	mutex_lock(&peer->lines.tx_mutex);
	err = dlm_conn_open(peer, sock, &conn);
	if (!err)
		dlm_conn_look(conn);	/* at what came before it had callbacks */
	mutex_unlock(&peer->lines.tx_mutex);
	if (!err) {
		atomic_long_inc(&peer->lines.accepts);
		/* it may be the one to send on, and may have missed somebody's wish */
		dlm_lines_queue(peer, 0);
	}
	dlm_peer_put(peer);
	return err;
}

static void take_or_reset(const struct dlm_listener *li, struct socket *sock)
{
	disinherit(li, sock->sk);
	if (take_in(li->comms, sock))
		dlm_sock_reset(sock);
}

static void listener_work(struct work_struct *work)
{
	struct dlm_listener *li = container_of(work, struct dlm_listener, work.work);
	unsigned int noio = memalloc_noio_save();
	struct socket *sock;
	int err = 0, budget;

	for (budget = BUDGET; budget && !err; budget--) {
		err = kernel_accept(li->sock, &sock, O_NONBLOCK);
		if (err == -ECONNABORTED)
			err = 0;
		else if (!err)
			take_or_reset(li, sock);
	}
	if (err != -EAGAIN)
		queue_delayed_work(li->comms->wq, &li->work, err ? RETRY : 0);
	memalloc_noio_restore(noio);
}

static int open_listener(struct dlm_listener *li)
{
	struct dlm_comms *comms = li->comms;
	struct dlm_addrs local;
	int err;

	err = dlm_sock_create(comms, comms->config.mark, &li->sock);
	if (err)
		return err;
	dlm_comms_local(comms, &local);
	err = comms->proto->bind(li->sock, &local, comms->config.port);
	if (err)
		goto release;
	if (local.n > 1 && comms->proto == &dlm_tcp)
		pr_info("dlm: TCP uses the first of several local addresses\n");
	set_callbacks(li, li->sock->sk);
	err = kernel_listen(li->sock, BACKLOG);
	if (!err)
		return 0;
release:
	sock_release(li->sock);
	return err;
}

/**
 * dlm_listen - begin to accept connections
 * @comms: our side
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -ENOENT without an address of ours; -EPROTONOSUPPORT; what the
 * network says.
 */
int dlm_listen(struct dlm_comms *comms)
{
	unsigned int noio = memalloc_noio_save();
	struct dlm_listener *li;
	int err = -ENOMEM;

	li = kzalloc(sizeof(*li), GFP_KERNEL);
	if (!li)
		goto out;
	li->comms = comms;
	INIT_DELAYED_WORK(&li->work, listener_work);
	comms->listener = li;
	err = open_listener(li);
	if (err) {
		comms->listener = NULL;
		kfree(li);
	}
out:
	memalloc_noio_restore(noio);
	return err;
}

/**
 * dlm_listen_end - accept no connections any more
 * @comms: our side
 *
 * Context: sleeps.
 */
void dlm_listen_end(struct dlm_comms *comms)
{
	struct dlm_listener *li = comms->listener;

	disinherit(li, li->sock->sk);
	cancel_delayed_work_sync(&li->work);
	sock_release(li->sock);
	comms->listener = NULL;
	kfree(li);
}
