// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever talks to the transport of a node and should not, or not like that.
 *
 * usage: raw_peer [-s] flood FROM TO COUNT silent|part|garbage|close
 *		COUNT connections from address FROM to address TO, the last 32 of
 *		them open at a time: that say nothing, the beginning of a
 *		packet, nonsense, or end at once.  Prints how many were made
 *	  raw_peer [-s] deaf OUR TO...
 *		in the background: takes OUR's port, connects to the others, accepts
 *		everybody, and never reads a byte; prints "pid PID"
 *	  raw_peer crowd LOCKSPACE COUNT
 *		asks for COUNT locks on names of its own without waiting for answers,
 *		then reads them; prints "asked" and "answered"
 *
 * -s: SCTP.  Addresses are IPv4.
 */
#include "t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define PORT	21064
#define OPEN	32

static int protocol = IPPROTO_TCP;

static struct sockaddr_in address(const char *s, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (inet_pton(AF_INET, s, &in.sin_addr) != 1)
		T_DIE("address %s", s);
	return in;
}

static int new_socket(const char *from, int port, int flags)
{
	struct sockaddr_in in = address(from, port);
	int fd = socket(AF_INET, SOCK_STREAM | flags, protocol), one = 1;

	if (fd < 0)
		T_DIE("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&in, sizeof(in)))
		T_DIE("bind %s", from);
	return fd;
}

/* a connect that nobody answers must not hold up the others; who is thrown out at once was in */
static bool connected(int fd, const char *to)
{
	struct sockaddr_in in = address(to, PORT);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = 0;

	if (!connect(fd, (void *)&in, sizeof(in)))
		return true;
	return errno == EINPROGRESS && poll(&p, 1, 2000) == 1 &&
	       !getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) &&
	       (!err || err == ECONNRESET);
}

static void say(int fd, const char *kind)
{
	/* version 3.2, command 1 */
	static const unsigned char part[] = { 2, 0, 3, 0, 1, 2, 3 };
	unsigned char b[512];
	size_t len = 0, i;

	if (!strcmp(kind, "part")) {
		len = sizeof(part);
		memcpy(b, part, len);
	} else if (!strcmp(kind, "garbage")) {
		len = sizeof(b);
		for (i = 0; i < len; i++)
			b[i] = random();
	}
	/* it may be reset already */
	if (len && send(fd, b, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
}

static int flood(char **argv)
{
	int fds[OPEN], i, n = atoi(argv[2]), made = 0;

	memset(fds, -1, sizeof(fds));
	for (i = 0; i < n; i++) {
		int *fd = &fds[i % OPEN];

		if (*fd >= 0)
			close(*fd);
		*fd = new_socket(argv[0], 0, SOCK_NONBLOCK);
		if (!connected(*fd, argv[1]))
			continue;
		made++;
		say(*fd, argv[3]);
		if (!strcmp(argv[3], "close")) {
			close(*fd);
			*fd = -1;
		}
	}
	printf("%d\n", made);
	return 0;
}

static int deaf(char **argv)
{
	int small = 4096, fd, listener = new_socket(argv[0], PORT, 0);
	const char *our = *argv;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (listen(listener, 16))
		T_DIE("listen");
	for (argv++; *argv; argv++) {
		fd = new_socket(our, 0, SOCK_NONBLOCK);
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		if (!connected(fd, *argv))
			fprintf(stderr, "raw_peer: no connection to %s\n", *argv);
	}
	if (daemon(1, 1))
		T_DIE("daemon");
	printf("pid %d\n", getpid());
	for (;;) {
		if (accept(listener, NULL, NULL) < 0)
			pause();
	}
}

static int crowd(const char *ls, int n)
{
	int fd = t_ls_open(ls), asked = 0, answered = 0;
	struct t_ev e;
	char name[32];

	if (fd < 0)
		T_DIE("open %s", ls);
	t_deadline(600);
	for (; asked < n; asked++) {
		snprintf(name, sizeof(name), "crowd%d.%d", getpid(), asked);
		if (t_lock(fd, EX, 0, name, asked + 1) <= 0)
			break;
		if (!(asked & 63)) {
			printf("asked %d\n", asked);
			fflush(stdout);
		}
	}
	printf("asked %d\n", asked);
	fflush(stdout);
	while (answered < asked && !t_next_ms(fd, &e, 120000 * t_factor()))
		answered += !e.status;
	printf("answered %d\n", answered);
	return answered != n;
}

int main(int argc, char **argv)
{
	t_init();
	if (argc > 1 && !strcmp(argv[1], "-s")) {
		protocol = IPPROTO_SCTP;
		argv++;
		argc--;
	}
	if (argc == 6 && !strcmp(argv[1], "flood"))
		return flood(argv + 2);
	if (argc > 3 && !strcmp(argv[1], "deaf"))
		return deaf(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "crowd"))
		return crowd(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: see the top of raw_peer.c\n");
	return 2;
}
