// SPDX-License-Identifier: GPL-2.0
/*
 * hub - a lossless ethernet hub for QEMU's "-netdev stream" over a unix socket.
 *
 * A client sends frames as <be32 length><frame>; each is copied to every other
 * client. Nothing is dropped (a slow client stalls the hub) and the network of
 * the machine is not involved. Clients come and go. Usage: hub SOCKET
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_CLIENTS 32
#define BUF_SIZE (1 << 20)

struct client {
	int fd;			/* -1: free */
	size_t fill;
	unsigned char *buf;	/* BUF_SIZE bytes, the first fill are valid */
};

static struct client clients[MAX_CLIENTS];

static int put(int fd, const unsigned char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		p += k;
		n -= k;
	}
	return 0;
}

static void drop(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	c->fill = 0;
}

static void add(int listener)
{
	int i, fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	for (i = 0; i < MAX_CLIENTS; i++) {
		if (clients[i].fd < 0) {
			clients[i].fd = fd;
			return;
		}
	}
	close(fd);
}

/* bytes of whole frames at the start of the buffer; -1 for nonsense */
static ssize_t whole_frames(const struct client *c)
{
	size_t off = 0;
	uint32_t len;

	while (c->fill - off >= sizeof(len)) {
		memcpy(&len, c->buf + off, sizeof(len));
		len = ntohl(len);
		if (len > BUF_SIZE - sizeof(len))
			return -1;
		if (c->fill - off < sizeof(len) + len)
			break;
		off += sizeof(len) + len;
	}
	return off;
}

static void forward(struct client *c)
{
	ssize_t k = read(c->fd, c->buf + c->fill, BUF_SIZE - c->fill);
	ssize_t n;
	int i;

	if (k < 0 && errno == EINTR)
		return;
	if (k <= 0) {
		drop(c);
		return;
	}
	c->fill += k;
	n = whole_frames(c);
	if (n < 0) {
		fprintf(stderr, "hub: bad frame length\n");
		drop(c);
		return;
	}
	if (!n)
		return;
	for (i = 0; i < MAX_CLIENTS; i++) {
		struct client *o = &clients[i];

		if (o != c && o->fd >= 0 && put(o->fd, c->buf, n))
			drop(o);
	}
	memmove(c->buf, c->buf + n, c->fill - n);
	c->fill -= n;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct pollfd p[MAX_CLIENTS + 1];
	int listener, i;

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "usage: hub SOCKET\n");
		return 2;
	}
	strcpy(addr.sun_path, argv[1]);
	unlink(argv[1]);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, MAX_CLIENTS)) {
		perror("hub");
		return 1;
	}
	for (i = 0; i < MAX_CLIENTS; i++) {
		clients[i].fd = -1;
		clients[i].buf = malloc(BUF_SIZE);
		if (!clients[i].buf)
			return 1;
	}
	for (;;) {
		for (i = 0; i < MAX_CLIENTS; i++)
			p[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
		p[MAX_CLIENTS] = (struct pollfd){ .fd = listener, .events = POLLIN };
		if (poll(p, MAX_CLIENTS + 1, -1) < 0)
			continue;
		/* the slot may have been dropped while another was served */
		for (i = 0; i < MAX_CLIENTS; i++)
			if (p[i].fd >= 0 && clients[i].fd == p[i].fd && p[i].revents)
				forward(&clients[i]);
		if (p[MAX_CLIENTS].revents)
			add(listener);
	}
}
