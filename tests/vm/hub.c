// SPDX-License-Identifier: GPL-2.0
/*
 * hub - an ethernet hub for QEMU's "-netdev stream" over a unix socket.
 *
 * A client sends frames as <be32 length><frame>; each is copied to every other
 * client. Nothing is lost between clients that read: what a client's socket does not
 * take waits in a queue of its own. A client that does not read for long, like
 * a guest that boots again, loses what its queue has no room for, and delays
 * nobody. The network of the machine is not involved. Clients come and go.
 *
 * Usage: hub SOCKET
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 32
#define BUF_SIZE (1 << 20)

/* bytes [start, start + fill) are valid; whole frames, the first one perhaps begun */
struct buffer {
	size_t start;
	size_t fill;
	unsigned char *bytes;	/* BUF_SIZE */
};

struct client {
	int fd;			/* -1: free */
	struct buffer in;
	struct buffer out;
};

static struct client clients[MAX_CLIENTS];

static void drop(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	c->in.start = c->in.fill = 0;
	c->out.start = c->out.fill = 0;
}

static void add(int listener)
{
	int i, fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (i = 0; i < MAX_CLIENTS; i++) {
		if (clients[i].fd < 0) {
			clients[i].fd = fd;
			return;
		}
	}
	close(fd);
}

/* as much of the queue as the socket takes */
static void flush_out(struct client *c)
{
	struct buffer *b = &c->out;
	ssize_t k;

	while (b->fill) {
		k = send(c->fd, b->bytes + b->start, b->fill, MSG_NOSIGNAL);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN)
			return;
		if (k <= 0) {
			drop(c);
			return;
		}
		b->start += k;
		b->fill -= k;
	}
	b->start = 0;
}

/* one frame with its length; lost if there is no room */
static void queue_frame(struct client *c, const unsigned char *p, size_t n)
{
	struct buffer *b = &c->out;

	if (n > BUF_SIZE - b->fill)
		return;
	if (n > BUF_SIZE - b->start - b->fill) {
		memmove(b->bytes, b->bytes + b->start, b->fill);
		b->start = 0;
	}
	memcpy(b->bytes + b->start + b->fill, p, n);
	b->fill += n;
}

/* length of the first frame with its header, 0: not all here, -1: nonsense */
static ssize_t first_frame(const struct buffer *b)
{
	uint32_t len;

	if (b->fill < sizeof(len))
		return 0;
	memcpy(&len, b->bytes + b->start, sizeof(len));
	len = ntohl(len);
	if (len > BUF_SIZE - sizeof(len))
		return -1;
	return b->fill < sizeof(len) + len ? 0 : (ssize_t)(sizeof(len) + len);
}

static void forward(struct client *c)
{
	struct buffer *b = &c->in;
	struct client *o;
	ssize_t k, n;

	k = read(c->fd, b->bytes + b->fill, BUF_SIZE - b->fill);
	if (k < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (k <= 0) {
		drop(c);
		return;
	}
	b->fill += k;
	while ((n = first_frame(b)) > 0) {
		for (o = clients; o < clients + MAX_CLIENTS; o++)
			if (o != c && o->fd >= 0)
				queue_frame(o, b->bytes + b->start, n);
		b->start += n;
		b->fill -= n;
	}
	if (n < 0) {
		fprintf(stderr, "hub: bad frame length\n");
		drop(c);
	}
	memmove(b->bytes, b->bytes + b->start, b->fill);
	b->start = 0;
	for (o = clients; o < clients + MAX_CLIENTS; o++)
		if (o->fd >= 0)
			flush_out(o);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	strcpy(addr.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, MAX_CLIENTS))
		return -1;
	return fd;
}

static void serve(int listener)
{
	struct pollfd p[MAX_CLIENTS + 1];
	int i;

	for (i = 0; i < MAX_CLIENTS; i++)
		p[i] = (struct pollfd){
			.fd = clients[i].fd,
			.events = POLLIN | (clients[i].out.fill ? POLLOUT : 0),
		};
	p[MAX_CLIENTS] = (struct pollfd){ .fd = listener, .events = POLLIN };
	if (poll(p, MAX_CLIENTS + 1, -1) < 0)
		return;
	for (i = 0; i < MAX_CLIENTS; i++) {
		/* the slot may have been dropped while another was served */
		if (p[i].fd < 0 || clients[i].fd != p[i].fd)
			continue;
		if (p[i].revents & POLLOUT)
			flush_out(&clients[i]);
		if (clients[i].fd == p[i].fd && p[i].revents & ~POLLOUT)
			forward(&clients[i]);
	}
	if (p[MAX_CLIENTS].revents)
		add(listener);
}

int main(int argc, char **argv)
{
	int listener, i;

	if (argc != 2 || strlen(argv[1]) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		fprintf(stderr, "usage: hub SOCKET\n");
		return 2;
	}
	listener = listen_at(argv[1]);
	if (listener < 0) {
		perror("hub");
		return 1;
	}
	for (i = 0; i < MAX_CLIENTS; i++) {
		clients[i].fd = -1;
		clients[i].in.bytes = malloc(BUF_SIZE);
		clients[i].out.bytes = malloc(BUF_SIZE);
		if (!clients[i].in.bytes || !clients[i].out.bytes)
			return 1;
	}
	for (;;)
		serve(listener);
}
