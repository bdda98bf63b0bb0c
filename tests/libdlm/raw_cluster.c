// SPDX-License-Identifier: GPL-2.0
/*
 * What a control daemon does with configfs, one step at a time, for scripts
 * that play the daemon of a node: a network namespace /run/netns/nNODE with the
 * cluster directory nNODE.
 *
 * usage: raw_cluster NODE conf PROTOCOL ADDR...  directory, comms 1.. with these
 *						  addresses; PROTOCOL 0 TCP, 1 SCTP;
 *						  ADDR,ADDR: several of one node
 *	  raw_cluster NODE comm ID ADDR		  one more of them
 *	  raw_cluster NODE gone ID...		  comms that go
 *	  raw_cluster NODE members LS ID...	  exactly these; +ID: made anew,
 *						  ID:WEIGHT: not 1
 *	  raw_cluster NODE drop LS		  the lockspace's directory goes
 *	  raw_cluster NODE destroy		  everything goes
 *	  raw_cluster NODE listen FILE		  in the background: hold dlm-monitor
 *		open and append "online LS", "offline LS" ... from uevents to FILE
 */
#include "t.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

static int node, failed;
static char top[128];

/* the path of a file of the node's directory */
__attribute__((format(printf, 1, 2)))
static const char *path(const char *fmt, ...)
{
	static char p[512];
	va_list ap;
	int n = snprintf(p, sizeof(p), "%s", top);

	va_start(ap, fmt);
	vsnprintf(p + n, sizeof(p) - n, fmt, ap);
	va_end(ap);
	return p;
}

static void complain(const char *what, const char *p)
{
	fprintf(stderr, "raw_cluster: %s %s: %s\n", what, p, strerror(errno));
	failed = 1;
}

static void put(const char *p, const void *v, int len)
{
	int fd = open(p, O_WRONLY);

	/* EEXIST: an address that is there already */
	if (fd < 0 || (write(fd, v, len) != len && errno != EEXIST))
		complain("write", p);
	if (fd >= 0)
		close(fd);
}

static void put_str(const char *p, const char *s)
{
	put(p, s, strlen(s));
}

static void make_dir(const char *p)
{
	if (mkdir(p, 0755) && errno != EEXIST)
		complain("mkdir", p);
}

static void remove_dir(const char *p)
{
	if (rmdir(p) && errno != ENOENT)
		complain("rmdir", p);
}

static void add_addr(const char *id, const char *addr)
{
	struct sockaddr_storage ss;
	struct sockaddr_in *in = (void *)&ss;
	struct sockaddr_in6 *in6 = (void *)&ss;

	memset(&ss, 0, sizeof(ss));
	if (inet_pton(AF_INET, addr, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
	} else if (inet_pton(AF_INET6, addr, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
	} else {
		errno = EINVAL;
		complain("address", addr);
		return;
	}
	put(path("/comms/%s/addr", id), &ss, sizeof(ss));
}

static void add_comm(const char *id, char *addrs)
{
	char *addr;

	make_dir(path("/comms/%s", id));
	put_str(path("/comms/%s/nodeid", id), id);
	while ((addr = strsep(&addrs, ",")))
		add_addr(id, addr);
	if (atoi(id) == node)
		put_str(path("/comms/%s/local", id), "1");
}

static void configure(char **argv)
{
	char id[16];
	int i;

	make_dir(path("%s", ""));
	put_str(path("/protocol"), argv[0]);
	put_str(path("/recover_callbacks"), "1");
	put_str(path("/cluster_name"), "test");
	for (i = 1; argv[i]; i++) {
		snprintf(id, sizeof(id), "%d", i);
		add_comm(id, argv[i]);
	}
}

/* call fn for each directory in a directory of the node */
static void each(const char *dir, void (*fn)(const char *dir, const char *name, void *arg),
		 void *arg)
{
	DIR *d = opendir(path("%s", dir));
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && e->d_type == DT_DIR)
			fn(dir, e->d_name, arg);
	if (d)
		closedir(d);
}

static void remove_child(const char *dir, const char *name, void *arg)
{
	remove_dir(path("%s/%s", dir, name));
}

static void remove_unless_listed(const char *dir, const char *name, void *arg)
{
	char **ids = arg;

	size_t len = strlen(name);

	for (; *ids; ids++)
		if (!strncmp(*ids, name, len) && strchr(":", (*ids)[len]))
			return;
	remove_dir(path("%s/%s", dir, name));
}

static void members(const char *ls, char **ids)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "/spaces/%s/nodes", ls);
	make_dir(path("/spaces/%s", ls));
	each(dir, remove_unless_listed, ids);	/* "+3" does not protect 3 */
	for (; *ids; ids++) {
		char *weight, *id = strdup(*ids + (**ids == '+'));

		weight = strchr(id, ':');
		if (weight)
			*weight++ = 0;
		if (access(path("%s/%s", dir, id), F_OK) == 0)
			continue;
		make_dir(path("%s/%s", dir, id));
		put_str(path("%s/%s/nodeid", dir, id), id);
		put_str(path("%s/%s/weight", dir, id), weight ?: "1");
	}
}

static void drop(const char *ls)
{
	char dir[256];

	snprintf(dir, sizeof(dir), "/spaces/%s/nodes", ls);
	each(dir, remove_child, NULL);
	remove_dir(path("/spaces/%s", ls));
}

static void drop_child(const char *dir, const char *name, void *arg)
{
	drop(name);
}

static int listen_to_kernel(const char *file)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int out = open(file, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int s = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char b[8192], *name;
	int len;

	if (out < 0 || bind(s, (void *)&nl, sizeof(nl)) ||
	    open("/dev/misc/dlm-monitor", O_RDONLY) < 0) {
		complain("listen", file);
		return 1;
	}
	if (daemon(1, 1))
		return 1;
	dprintf(out, "pid %d\n", getpid());
	for (;;) {
		len = recv(s, b, sizeof(b) - 1, 0);
		if (len <= 0)
			continue;
		b[len] = 0;
		name = strstr(b, "@/kernel/dlm/");
		if (!name)
			continue;
		*name = 0;
		dprintf(out, "%s %s\n", b, name + strlen("@/kernel/dlm/"));
	}
}

static void enter(void)
{
	char p[64];
	int fd;

	snprintf(p, sizeof(p), "/run/netns/n%d", node);
	fd = open(p, O_RDONLY);
	if (fd < 0)
		return;		/* its directories outlive it */
	if (setns(fd, CLONE_NEWNET))
		T_DIE("setns %s", p);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 2 ? argv[2] : "";
	int i;

	node = argc > 1 ? atoi(argv[1]) : 0;
	snprintf(top, sizeof(top), "/sys/kernel/config/dlm/n%d", node);
	enter();
	if (!strcmp(cmd, "conf") && argc > 4) {
		configure(argv + 3);
	} else if (!strcmp(cmd, "comm") && argc == 5) {
		add_comm(argv[3], argv[4]);
	} else if (!strcmp(cmd, "gone") && argc > 3) {
		for (i = 3; i < argc; i++)
			remove_dir(path("/comms/%s", argv[i]));
	} else if (!strcmp(cmd, "members") && argc > 4) {
		members(argv[3], argv + 4);
	} else if (!strcmp(cmd, "drop") && argc == 4) {
		drop(argv[3]);
	} else if (!strcmp(cmd, "destroy")) {
		each("/spaces", drop_child, NULL);
		each("/comms", remove_child, NULL);
		remove_dir(path("%s", ""));
	} else if (!strcmp(cmd, "listen") && argc == 4) {
		return listen_to_kernel(argv[3]);
	} else {
		fprintf(stderr, "usage: see the top of raw_cluster.c\n");
		return 2;
	}
	return failed;
}
