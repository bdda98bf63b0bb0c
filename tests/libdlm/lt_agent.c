// SPDX-License-Identifier: GPL-2.0
/*
 * A process that holds locks and does what it is told, so that a script can let
 * processes on several nodes play together.
 *
 * usage: lt_agent serve ENDPOINT [LOCKSPACE]	goes to the background when ready
 *	  lt_agent ask ENDPOINT COMMAND...	prints the answer
 *	  lt_agent talk				for many questions: reads lines "ENDPOINT
 *						COMMAND...", prints a line for each
 *
 * ENDPOINT is a path (a unix socket, which works across network namespaces) or
 * ADDRESS:PORT (IPv4).  Commands, NAME being the script's own name of a lock:
 *
 *	lock NAME MODE RESOURCE [FLAG...]	"ok", or the error of the call
 *	conv NAME MODE [FLAG...]		the same
 *	unlock NAME [FLAG...], cancel NAME	the same
 *	wait NAME		until the last one is completed: "granted", "unlocked",
 *				"cancelled", EAGAIN ... then lvb=TEXT (if valblk was
 *				given) and VALNOTVALID, DEMOTED, ALTMODE where they apply
 *	get, set, put		lock, conv, unlock and wait at once
 *	bast NAME		until somebody wants it: "yes"
 *	pending NAME		"yes": not completed, "no"
 *	quiet NAME		"yes": nobody wanted it since the last "bast", "no"
 *	id NAME, pid		numbers
 *	purge NODEID PID	orphans of a process
 *	run COMMAND		what a shell prints for it; its status is ask's
 *	read FILE		its first line, or the error
 *	write FILE TEXT		"ok", or the error
 *	exists FILE		"yes", "no"
 *	quit
 *
 * FLAGs are LKF_ names in small letters, and lvb=TEXT for a value block to write.
 */
#include "t.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#define LOCKS	64
#define CLIENTS	64

struct lock {
	char name[32];
	struct dlm_lksb sb;
	char lvb[DLM_LVB_LEN];
	bool pending, valblk;
	bool bast;		/* wanted by somebody since the last question */
};

/* who waits for what */
struct client {
	int fd;			/* 0: free */
	struct lock *lock;
	bool bast;
};

static struct lock locks[LOCKS];
static struct client clients[CLIENTS];
static dlm_lshandle_t ls;

static const char *const mode_names[] = { "NL", "CR", "CW", "PR", "PW", "EX" };

static const struct {
	const char *name;
	uint32_t flag;
} flag_names[] = {
	{ "noqueue", LKF_NOQUEUE }, { "valblk", LKF_VALBLK }, { "quecvt", LKF_QUECVT },
	{ "ivvalblk", LKF_IVVALBLK }, { "convdeadlk", LKF_CONVDEADLK },
	{ "persistent", LKF_PERSISTENT }, { "nodlckwt", LKF_NODLCKWT },
	{ "expedite", LKF_EXPEDITE }, { "noqueuebast", LKF_NOQUEUEBAST },
	{ "headque", LKF_HEADQUE }, { "noorder", LKF_NOORDER }, { "orphan", LKF_ORPHAN },
	{ "altpr", LKF_ALTPR }, { "altcw", LKF_ALTCW }, { "force", LKF_FORCEUNLOCK },
};

static const struct {
	int nr;
	const char *name;
} status_names[] = {
	{ 0, "granted" }, { EUNLOCK, "unlocked" }, { ECANCEL, "cancelled" },
	{ EAGAIN, "EAGAIN" }, { EINVAL, "EINVAL" }, { ENOENT, "ENOENT" },
	{ EBUSY, "EBUSY" }, { EDEADLK, "EDEADLK" }, { ETIMEDOUT, "ETIMEDOUT" },
	{ ENOMEM, "ENOMEM" }, { EPERM, "EPERM" }, { ENOTCONN, "ENOTCONN" },
	{ EEXIST, "EEXIST" }, { EPROTO, "EPROTO" }, { EINTR, "EINTR" },
};

static const char *status_name(int nr)
{
	static char b[16];

	for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++)
		if (status_names[i].nr == nr)
			return status_names[i].name;
	snprintf(b, sizeof(b), "E%d", nr);
	return b;
}

static int mode_of(const char *s)
{
	for (int m = NL; s && m <= EX; m++)
		if (!strcmp(s, mode_names[m]))
			return m;
	return -1;
}

static struct lock *lock_of(const char *name, bool create)
{
	struct lock *l, *free = NULL;

	for (l = locks; name && l < locks + LOCKS; l++) {
		if (!strcmp(l->name, name))
			return l;
		if (!l->name[0] && !free)
			free = l;
	}
	if (!name || !create || !free)
		return NULL;
	snprintf(free->name, sizeof(free->name), "%s", name);
	return free;
}

/* --- callbacks --------------------------------------------------------- */

static void ast(void *arg)
{
	((struct lock *)arg)->pending = false;
}

/* libdlm does not pass on which mode is wanted */
static void bast(void *arg)
{
	((struct lock *)arg)->bast = true;
}

/* --- answers ----------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void answer(int fd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(fd, fmt, ap);
	va_end(ap);
	shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void answer_completion(int fd, struct lock *l)
{
	char lvb[DLM_LVB_LEN + 8] = "";
	int status = l->sb.sb_status, flags = l->sb.sb_flags;

	if (l->valblk && !status)
		snprintf(lvb, sizeof(lvb), " lvb=%.*s", DLM_LVB_LEN, l->lvb);
	answer(fd, "%s%s%s%s%s\n", status_name(status), lvb,
	       flags & DLM_SBF_VALNOTVALID ? " VALNOTVALID" : "",
	       flags & DLM_SBF_DEMOTED ? " DEMOTED" : "",
	       flags & DLM_SBF_ALTMODE ? " ALTMODE" : "");
	/* an ended lock's name is free again */
	if (status == EUNLOCK)
		memset(l, 0, sizeof(*l));
}

static void answer_waiters(void)
{
	struct client *c;

	for (c = clients; c < clients + CLIENTS; c++) {
		if (!c->fd || (c->bast ? !c->lock->bast : c->lock->pending))
			continue;
		if (c->bast) {
			c->lock->bast = false;
			answer(c->fd, "yes\n");
		} else {
			answer_completion(c->fd, c->lock);
		}
		c->fd = 0;
	}
}

static void wait_later(int fd, struct lock *l, bool for_bast)
{
	struct client *c;

	for (c = clients; c < clients + CLIENTS; c++)
		if (!c->fd) {
			*c = (struct client){ .fd = fd, .lock = l, .bast = for_bast };
			return;
		}
	answer(fd, "too many\n");
}

/* --- commands ---------------------------------------------------------- */

static bool parse_flags(char **save, struct lock *l, uint32_t *flags)
{
	size_t i, n = sizeof(flag_names) / sizeof(flag_names[0]);
	char *w;

	while ((w = strtok_r(NULL, " ", save))) {
		if (!strncmp(w, "lvb=", 4)) {
			memset(l->lvb, 0, sizeof(l->lvb));
			memcpy(l->lvb, w + 4, strnlen(w + 4, sizeof(l->lvb)));
			*flags |= LKF_VALBLK;
			continue;
		}
		for (i = 0; i < n && strcmp(w, flag_names[i].name); i++)
			;
		if (i == n)
			return false;
		*flags |= flag_names[i].flag;
	}
	return true;
}

/* the call itself: 0 or errno, EINVAL also for a command that makes no sense */
static int operate(const char *verb, char **save)
{
	bool request = !strcmp(verb, "lock"), convert = !strcmp(verb, "conv");
	struct lock *l = lock_of(strtok_r(NULL, " ", save), request);
	uint32_t flags = convert ? LKF_CONVERT : 0;
	const char *res = "";
	int mode = 0;

	if (l && (request || convert))
		mode = mode_of(strtok_r(NULL, " ", save));
	if (request)
		res = strtok_r(NULL, " ", save);
	if (!l || mode < 0 || !res || !parse_flags(save, l, &flags))
		return EINVAL;
	if (!strcmp(verb, "cancel"))
		flags |= LKF_CANCEL;
	l->sb.sb_lvbptr = l->lvb;
	l->valblk = flags & LKF_VALBLK;
	l->pending = true;
	if (request || convert) {
		if (!dlm_ls_lockx(ls, mode, &l->sb, flags, res, strlen(res), 0, ast, l, bast,
				  NULL, NULL)) {
			/* adopting an orphan completes with the call */
			if (request && flags & LKF_ORPHAN) {
				l->pending = false;
				l->sb.sb_status = 0;
			}
			return 0;
		}
	} else if (!dlm_ls_unlock(ls, l->sb.sb_lkid, flags, &l->sb, l)) {
		return 0;
	}
	l->pending = false;
	return errno;
}

static void run(int fd, const char *cmd)
{
	int st;

	if (fork())
		return;
	signal(SIGCHLD, SIG_DFL);
	st = dup(fd);
	dup2(fd, 1);
	dup2(fd, 2);
	if (!fork()) {
		close(st);
		execl("/bin/bash", "bash", "-c", cmd, NULL);
		_exit(127);
	}
	close(1);
	close(2);
	if (wait(&st) < 0)
		_exit(1);
	dprintf(fd, "\n\1status %d\n", WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st));
	_exit(0);
}

static void read_file(int fd, const char *path)
{
	char b[256] = "";
	int f = open(path, O_RDONLY | O_CLOEXEC), n = f < 0 ? -1 : read(f, b, sizeof(b) - 1), err = errno;

	if (f >= 0)
		close(f);
	b[strcspn(b, "\n")] = 0;
	answer(fd, "%s\n", n < 0 ? status_name(err) : b);
}

static void write_file(int fd, const char *path, const char *text)
{
	int f = open(path, O_WRONLY | O_CLOEXEC);
	int n = f < 0 ? -1 : write(f, text, strlen(text)), err = errno;

	if (f >= 0)
		close(f);
	answer(fd, "%s\n", n < 0 ? status_name(err) : "ok");
}

/* what needs no lockspace; false if it is something else */
static bool plain_command(int fd, const char *verb, char **save)
{
	char *path;

	if (!strcmp(verb, "run")) {
		run(fd, *save);
		close(fd);
		return true;
	}
	if (!strcmp(verb, "quit")) {
		answer(fd, "ok\n");
		_exit(0);
	}
	if (!strcmp(verb, "pid")) {
		answer(fd, "%d\n", getpid());
		return true;
	}
	if (strcmp(verb, "read") && strcmp(verb, "write") && strcmp(verb, "exists"))
		return false;
	path = strtok_r(NULL, " ", save);
	if (!path)
		answer(fd, "which file?\n");
	else if (*verb == 'r')
		read_file(fd, path);
	else if (*verb == 'w')
		write_file(fd, path, *save ? *save : "");
	else
		answer(fd, "%s\n", access(path, F_OK) ? "no" : "yes");
	return true;
}

static void command(int fd, char *line)
{
	static const char *const both[][2] = {
		{ "get", "lock" }, { "set", "conv" }, { "put", "unlock" },
	};
	char *save, *w, *verb = strtok_r(line, " ", &save);
	struct lock *l;
	bool waits = false;
	int i, err;

	if (!verb)
		verb = "";
	if (plain_command(fd, verb, &save))
		return;
	if (!strcmp(verb, "purge")) {
		w = strtok_r(NULL, " ", &save);
		i = w ? atoi(w) : 0;
		err = dlm_ls_purge(ls, i, save ? atoi(save) : 0) ? errno : 0;
		answer(fd, "%s\n", err ? status_name(err) : "ok");
		return;
	}
	for (i = 0; i < 3; i++)
		if (!strcmp(verb, both[i][0])) {
			verb = (char *)both[i][1];
			waits = true;
		}
	w = save;
	if (!strcmp(verb, "lock") || !strcmp(verb, "conv") || !strcmp(verb, "unlock") ||
	    !strcmp(verb, "cancel")) {
		char name[32] = "";

		sscanf(w ? w : "", "%31s", name);
		err = operate(verb, &save);
		if (err || !waits)
			answer(fd, "%s\n", err ? status_name(err) : "ok");
		else
			wait_later(fd, lock_of(name, false), false);
		return;
	}
	l = lock_of(strtok_r(NULL, " ", &save), false);
	if (!l)
		answer(fd, "no such lock\n");
	else if (!strcmp(verb, "wait") || !strcmp(verb, "bast"))
		wait_later(fd, l, *verb == 'b');
	else if (!strcmp(verb, "pending"))
		answer(fd, "%s\n", l->pending ? "yes" : "no");
	else if (!strcmp(verb, "quiet"))
		answer(fd, "%s\n", l->bast ? "no" : "yes");
	else if (!strcmp(verb, "id"))
		answer(fd, "%d\n", l->sb.sb_lkid);
	else
		answer(fd, "what is %s?\n", verb);
}

/* --- ends -------------------------------------------------------------- */

static int endpoint(const char *s, bool listening)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr *a = (void *)&un;
	socklen_t len = sizeof(un);
	char host[64] = "";
	int fd, port = 0, one = 1;

	if (strchr(s, '/')) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", s);
		if (listening)
			unlink(s);
	} else {
		if (sscanf(s, "%63[^:]:%d", host, &port) != 2)
			return -1;
		inet_pton(AF_INET, host, &in.sin_addr);
		in.sin_port = htons(port);
		a = (void *)&in;
		len = sizeof(in);
	}
	fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listening ? bind(fd, a, len) || listen(fd, 16) : connect(fd, a, len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int serve(const char *where, const char *name)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN, .fd = -1 } };
	char line[4096];
	int fd, n, len;

	if (name) {
		ls = dlm_open_lockspace(name);
		if (!ls) {
			perror(name);
			return 1;
		}
		p[1].fd = dlm_ls_get_fd(ls);
	}
	p[0].fd = endpoint(where, true);
	if (p[0].fd < 0) {
		perror(where);
		return 1;
	}
	if (daemon(1, 1))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		answer_waiters();
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents)
			dlm_dispatch(p[1].fd);
		if (!p[0].revents)
			continue;
		fd = accept4(p[0].fd, NULL, NULL, SOCK_CLOEXEC);
		for (len = 0; fd >= 0 && len < (int)sizeof(line) - 1; len += n) {
			n = read(fd, line + len, sizeof(line) - 1 - len);
			if (n <= 0 || memchr(line + len, '\n', n)) {
				len += n > 0 ? n : 0;
				break;
			}
		}
		line[len] = 0;
		line[strcspn(line, "\n")] = 0;
		if (fd >= 0)
			command(fd, line);
	}
}

/* a connection to an agent, or -1 */
static int call(const char *where)
{
	struct timeval tv = { .tv_sec = 60 * t_factor() };
	int fd = endpoint(where, false);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return fd;
}

static int talk(void)
{
	char line[4096], *where, *command;
	FILE *f;
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		where = strtok_r(line, " ", &command);
		fd = where ? call(where) : -1;
		if (fd < 0) {
			printf("no agent: %s\n", strerror(errno));
			continue;
		}
		dprintf(fd, "%s", command);
		f = fdopen(fd, "r");
		if (fgets(line, sizeof(line), f))
			fputs(line, stdout);
		else
			puts("no answer");
		fclose(f);
	}
	return 0;
}

/* exit status: that of a "run", 0 for any other answer, 3 if there is none */
static int ask(char **argv)
{
	int fd = call(argv[0]), st = 0, nl;
	char line[4096];
	bool any = false;
	FILE *f;

	if (fd < 0) {
		perror(argv[0]);
		return 3;
	}
	for (argv++; *argv; argv++)
		dprintf(fd, "%s%s", *argv, argv[1] ? " " : "\n");
	f = fdopen(fd, "r");
	while (fgets(line, sizeof(line), f)) {
		any = true;
		nl = strcspn(line, "\n");
		/* the last line of a "run"; what it started may still hold the socket */
		if (sscanf(line, "\1status %d", &st) == 1)
			break;
		if (nl)
			fputs(line, stdout);
	}
	if (!any)
		printf("no answer\n");
	return any ? st : 3;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if (argc > 3 && !strcmp(argv[1], "ask"))
		return ask(argv + 2);
	if (argc == 2 && !strcmp(argv[1], "talk"))
		return talk();
	fprintf(stderr, "usage: see the top of lt_agent.c\n");
	return 2;
}
