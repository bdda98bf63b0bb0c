// SPDX-License-Identifier: GPL-2.0
/*
 * The least that a DLM module needs from user space, in place of corosync and
 * dlm_controld, with a fixed membership: holds dlm-monitor open, fills configfs
 * and answers the lockspace uevents.
 *
 * usage: minictl NODEID ADDR1 [ADDR2 ...]	(node i has ADDRi, IPv4)
 *
 * Goes to the background when ready.  Commands, one per line, in /run/minictl:
 *	stop	control=0 in all lockspaces
 *	del K	drop node K from all lockspaces and from comms
 *	start	control=1 in all lockspaces
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLUSTER	"/sys/kernel/config/dlm/cluster"
#define SYSFS	"/sys/kernel/dlm"
#define NODES	64

static int us, nodes, dead[NODES + 1];

__attribute__((format(printf, 3, 4)))
static void put(const void *v, int len, const char *fmt, ...)
{
	char p[512];
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(p, sizeof(p), fmt, ap);
	va_end(ap);
	fd = open(p, O_WRONLY);
	if (fd < 0 || write(fd, v, len) != len)
		fprintf(stderr, "minictl: %s: %s\n", p, strerror(errno));
	if (fd >= 0)
		close(fd);
}

#define put_int(v, ...) do {						\
	char _s[32];							\
	int _n = snprintf(_s, sizeof(_s), "%lld", (long long)(v));	\
	put(_s, _n, __VA_ARGS__);					\
} while (0)

__attribute__((format(printf, 1, 2)))
static void make_dir(const char *fmt, ...)
{
	char p[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, sizeof(p), fmt, ap);
	va_end(ap);
	if (mkdir(p, 0755) && errno != EEXIST)
		fprintf(stderr, "minictl: mkdir %s: %s\n", p, strerror(errno));
}

__attribute__((format(printf, 1, 2)))
static void remove_dir(const char *fmt, ...)
{
	char p[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, sizeof(p), fmt, ap);
	va_end(ap);
	if (rmdir(p) && errno != ENOENT)
		fprintf(stderr, "minictl: rmdir %s: %s\n", p, strerror(errno));
}

static void join(const char *ls)
{
	unsigned int id = 5381;
	const char *c;
	int i;

	for (c = ls; *c; c++)
		id = id * 33 + *c;
	make_dir(CLUSTER "/spaces/%s", ls);
	for (i = 1; i <= nodes; i++) {
		if (dead[i])
			continue;
		make_dir(CLUSTER "/spaces/%s/nodes/%d", ls, i);
		put_int(i, CLUSTER "/spaces/%s/nodes/%d/nodeid", ls, i);
		put_int(1, CLUSTER "/spaces/%s/nodes/%d/weight", ls, i);
	}
	put_int(id, SYSFS "/%s/id", ls);
	put_int(1, SYSFS "/%s/control", ls);
	put_int(0, SYSFS "/%s/event_done", ls);
}

static void leave(const char *ls)
{
	int i;

	put_int(0, SYSFS "/%s/control", ls);
	for (i = 1; i <= nodes; i++)
		remove_dir(CLUSTER "/spaces/%s/nodes/%d", ls, i);
	remove_dir(CLUSTER "/spaces/%s", ls);
	put_int(0, SYSFS "/%s/event_done", ls);
}

/* a command for every lockspace we are in */
static void command(const char *what)
{
	DIR *d = opendir(CLUSTER "/spaces");
	struct dirent *e;
	int k = 0;

	if (sscanf(what, "del %d", &k) == 1 && (k < 1 || k > NODES))
		k = 0;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (k)
			remove_dir(CLUSTER "/spaces/%s/nodes/%d", e->d_name, k);
		else
			put_int(!strcmp(what, "start"), SYSFS "/%s/control", e->d_name);
	}
	if (d)
		closedir(d);
	if (k) {
		dead[k] = 1;
		remove_dir(CLUSTER "/comms/%d", k);
	}
}

static void configure(char **addr)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *in = (void *)&ss;
	int i;

	make_dir(CLUSTER);
	put("test", 4, CLUSTER "/cluster_name");
	for (i = 1; i <= nodes; i++) {
		memset(&ss, 0, sizeof(ss));
		in->sin_family = AF_INET;
		inet_pton(AF_INET, addr[i - 1], &in->sin_addr);
		make_dir(CLUSTER "/comms/%d", i);
		put_int(i, CLUSTER "/comms/%d/nodeid", i);
		put(&ss, sizeof(ss), CLUSTER "/comms/%d/addr", i);
		if (i == us)
			put_int(1, CLUSTER "/comms/%d/local", i);
	}
}

static void uevent(int fd)
{
	char b[8192], *name;
	int len = recv(fd, b, sizeof(b) - 1, 0);

	if (len <= 0)
		return;
	b[len] = 0;
	name = strstr(b, "@/kernel/dlm/");
	if (!name)
		return;
	name += strlen("@/kernel/dlm/");
	if (!strncmp(b, "online@", 7))
		join(name);
	else if (!strncmp(b, "offline@", 8))
		leave(name);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	char b[4096], *line, *next;
	struct pollfd p[2];
	int len;

	if (argc < 3 || argc > NODES + 2)
		return 2;
	us = atoi(argv[1]);
	nodes = argc - 2;
	if (open("/dev/misc/dlm-monitor", O_RDONLY) < 0) {
		perror("minictl: dlm-monitor");
		return 1;
	}
	p[0].fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	if (bind(p[0].fd, (void *)&nl, sizeof(nl))) {
		perror("minictl: netlink");
		return 1;
	}
	mkfifo("/run/minictl", 0600);
	p[1].fd = open("/run/minictl", O_RDWR);
	configure(argv + 2);
	if (daemon(1, 1))
		return 1;
	p[0].events = POLLIN;
	p[1].events = POLLIN;
	for (;;) {
		poll(p, 2, -1);
		if (p[0].revents)
			uevent(p[0].fd);
		if (!p[1].revents)
			continue;
		len = read(p[1].fd, b, sizeof(b) - 1);
		b[len > 0 ? len : 0] = 0;
		for (line = strtok_r(b, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
			command(line);
	}
}
