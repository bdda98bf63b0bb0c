/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small kit for test programs of the lockspace devices: named checks,
 * deadlines, children, raw requests, and a reader that finds the result it is
 * asked for.  Every program is one .c file that includes this one.
 *
 *	t_init();
 *	int fd = t_ls_new("x", 0);
 *	int id = t_lock(fd, EX, 0, "res", 0x10);
 *	CAST(fd, id, 0, "abi-07: granted");
 *	return t_done();
 *
 * Raw calls return the kernel's answer, errors as negative errno.  The
 * environment: TIME_FACTOR stretches deadlines.  Against Linux's own dlm.ko
 * the checks made with OURS() (where this module differs on purpose) are
 * skipped, all others must hold for both.
 */
#ifndef T_H
#define T_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/dlm.h>
#include <linux/dlm_device.h>
#define BUILDING_LIBDLM		/* no second copy of the structures above */
#ifndef _REENTRANT
#define _REENTRANT		/* the calls that need a thread, too */
#endif
#include <libdlm.h>

#define T_FN		__attribute__((unused)) static
#define T_CTL		"/dev/misc/dlm-control"
#define T_DEV		"/dev/misc/dlm_"
#define T_REQ		sizeof(struct dlm_write_request)
#define T_RES		sizeof(struct dlm_lock_result)
#define T_CAST		((void *)0x1001)	/* AST routine of t_lock() */
#define T_BAST		((void *)0x2002)	/* blocking AST routine of t_lock() */
#ifndef DLM_LSFL_NODIR
#define DLM_LSFL_NODIR	0x1
#endif

enum { NL, CR, CW, PR, PW, EX };

/* --- checks ------------------------------------------------------------ */

static int t_passed, t_failed, t_skipped;
static char t_last[256] = "start";

T_FN double t_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

T_FN int t_factor(void)
{
	const char *s = getenv("TIME_FACTOR");
	int f = s ? atoi(s) : 1;

	return f > 0 ? f : 1;
}

/* the module that comes with Linux has no parameters */
T_FN bool t_stock(void)
{
	return access("/sys/module/dlm/parameters/solo", F_OK) != 0;
}

/**
 * t_check() - count a check and print its line
 * @ok: did it hold
 * @where: source position, printed on failure
 * @detail: what was seen, printed on failure, may be empty
 * @fmt: name of the check, beginning with the number of what it shows
 */
__attribute__((format(printf, 4, 5)))
T_FN bool t_check(bool ok, const char *where, const char *detail, const char *fmt, ...)
{
	char name[sizeof(t_last)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	memcpy(t_last, name, sizeof(t_last));
	if (ok) {
		t_passed++;
		printf("PASS %s\n", name);
	} else {
		t_failed++;
		printf("FAIL %s [%s] %s\n", name, where, detail);
	}
	fflush(stdout);
	return ok;
}

T_FN void t_skip(const char *name)
{
	t_skipped++;
	printf("SKIP %s\n", name);
}

#define T_STR2(x)	#x
#define T_STR(x)	T_STR2(x)
#define T_WHERE		__FILE__ ":" T_STR(__LINE__)

/* CHECK(condition, "name", ...) */
#define CHECK(cond, ...) t_check((cond), T_WHERE, #cond, __VA_ARGS__)

/* IS(got, wanted, "name", ...): both integers */
#define IS(got, want, ...) ({						\
	long long _g = (got), _w = (want);				\
	char _d[160];							\
	snprintf(_d, sizeof(_d), #got ": got %lld, wanted %lld", _g, _w); \
	t_check(_g == _w, T_WHERE, _d, __VA_ARGS__);			\
})

/* OURS(check): only where this module and Linux's own differ on purpose */
#define OURS(check) do {						\
	if (t_stock())							\
		t_skip(T_WHERE);					\
	else								\
		check;							\
} while (0)

/* nothing of the rest can work */
#define T_DIE(fmt, ...) do {						\
	printf("FAIL " fmt " [" T_WHERE "] %s\n", ##__VA_ARGS__, strerror(errno)); \
	fflush(stdout);							\
	_exit(1);							\
} while (0)

T_FN void t_on_alarm(int sig)
{
	static const char a[] = "FAIL deadline of the program, after: ";

	(void)sig;
	if (write(1, a, sizeof(a) - 1) < 0 || write(1, t_last, strlen(t_last)) < 0 ||
	    write(1, "\n", 1) < 0)
		_exit(125);
	_exit(124);
}

/* t_deadline(SECONDS) - the program ends as failed after that time */
T_FN void t_deadline(int seconds)
{
	signal(SIGALRM, t_on_alarm);
	alarm(seconds * t_factor());
}

T_FN void t_init(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	t_deadline(120);
}

/* exit status of the program */
T_FN int t_done(void)
{
	printf("DONE %d passed, %d failed, %d skipped\n", t_passed, t_failed, t_skipped);
	fflush(stdout);
	return t_failed || !t_passed;
}

/* --- waiting ----------------------------------------------------------- */

#define T_WAIT_S	20	/* ends only what would fail anyway */

/* T_UNTIL(condition): poll it; false after the deadline */
#define T_UNTIL(cond) ({						\
	double _end = t_now() + T_WAIT_S * t_factor();			\
	bool _ok;							\
	while (!(_ok = (cond)) && t_now() < _end)			\
		usleep(2000);						\
	_ok;								\
})

/* state letter of a thread in /proc, 0 if it is gone */
T_FN char t_task_state(pid_t tid)
{
	char p[64], b[256], *s;
	FILE *f;
	char st = 0;

	snprintf(p, sizeof(p), "/proc/%d/stat", tid);
	f = fopen(p, "r");
	if (!f)
		return 0;
	if (fgets(b, sizeof(b), f)) {
		s = strrchr(b, ')');
		if (s)
			st = s[2];
	}
	fclose(f);
	return st;
}

/* number of the system call a thread sleeps in, -1 if it runs or is gone */
T_FN long t_task_syscall(pid_t tid)
{
	char p[64], b[64] = "";
	FILE *f;
	long nr = -1;

	snprintf(p, sizeof(p), "/proc/%d/syscall", tid);
	f = fopen(p, "r");
	if (!f)
		return -1;
	if (!fgets(b, sizeof(b), f) || sscanf(b, "%ld", &nr) != 1)
		nr = -1;
	fclose(f);
	return nr;
}

/* CPU time a thread has used, in clock ticks */
T_FN long t_task_ticks(pid_t tid)
{
	unsigned long u = 0, s = 0;
	char p[64], b[512], *c;
	FILE *f;

	snprintf(p, sizeof(p), "/proc/%d/stat", tid);
	f = fopen(p, "r");
	if (!f)
		return -1;
	if (fgets(b, sizeof(b), f)) {
		c = strrchr(b, ')');
		if (c)
			sscanf(c + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			       &u, &s);
	}
	fclose(f);
	return u + s;
}

/* the thread sleeps in this system call; false after the deadline */
T_FN bool t_sleeps_in(pid_t tid, long nr)
{
	return T_UNTIL(t_task_syscall(tid) == nr &&
		       (t_task_state(tid) == 'S' || t_task_state(tid) == 'D'));
}

/* --- children ---------------------------------------------------------- */

/* run fn(arg) in a child; its return value is the exit status */
T_FN pid_t t_child(int (*fn)(void *arg), void *arg)
{
	pid_t p;

	fflush(stdout);
	p = fork();
	if (p < 0)
		T_DIE("fork");
	if (p == 0) {
		t_passed = t_failed = t_skipped = 0;
		alarm(120 * t_factor());	/* alarms are not inherited */
		p = fn(arg);
		fflush(stdout);
		_exit(p);
	}
	return p;
}

/* exit status of a child, 128 + signal if killed, -1 if it does not end */
T_FN int t_reap(pid_t pid)
{
	int st = 0;
	pid_t r = 0;

	if (!T_UNTIL((r = waitpid(pid, &st, WNOHANG)) != 0) || r < 0)
		return -1;
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

T_FN int t_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	return t_reap(pid);
}

/* a pair of ends to signal through: t_post(), t_await() */
struct t_gate {
	int fd[2];
};

T_FN struct t_gate t_gate(void)
{
	struct t_gate g;

	if (pipe(g.fd))
		T_DIE("pipe");
	return g;
}

T_FN void t_post(struct t_gate *g, int value)
{
	if (write(g->fd[1], &value, sizeof(value)) != sizeof(value))
		T_DIE("gate");
}

/* what was posted, or -1 after the deadline */
T_FN int t_await(struct t_gate *g)
{
	struct pollfd p = { .fd = g->fd[0], .events = POLLIN };
	int v;

	if (poll(&p, 1, T_WAIT_S * 1000 * t_factor()) != 1 ||
	    read(g->fd[0], &v, sizeof(v)) != sizeof(v))
		return -1;
	return v;
}

/* --- raw requests ------------------------------------------------------ */

/* write() as the kernel answers it: >= 0, or negative errno */
T_FN int t_write(int fd, const void *buf, size_t len)
{
	ssize_t r = write(fd, buf, len);

	return r < 0 ? -errno : (int)r;
}

T_FN int t_read(int fd, void *buf, size_t len)
{
	ssize_t r = read(fd, buf, len);

	return r < 0 ? -errno : (int)r;
}

/* a request with its version and command set and room for a name */
struct t_req {
	struct dlm_write_request r;
	char tail[DLM_RESNAME_MAXLEN + 64];
};

T_FN struct t_req t_req(int cmd)
{
	struct t_req q;

	memset(&q, 0, sizeof(q));
	q.r.version[0] = DLM_DEVICE_VERSION_MAJOR;
	q.r.version[1] = DLM_DEVICE_VERSION_MINOR;
	q.r.version[2] = DLM_DEVICE_VERSION_PATCH;
	q.r.cmd = cmd;
	q.r.is64bit = sizeof(long) == 8;
	return q;
}

T_FN int t_control(void)
{
	int fd = open(T_CTL, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		T_DIE("open " T_CTL);
	return fd;
}

/* minor, or negative errno; name may hold any bytes */
T_FN int t_create_n(int ctl, const void *name, size_t len, uint32_t flags)
{
	struct t_req q = t_req(DLM_USER_CREATE_LOCKSPACE);
	size_t off = offsetof(struct dlm_write_request, i.lspace.name);

	q.r.i.lspace.flags = flags;
	memcpy((char *)&q + off, name, len);
	/* a name that is too long must not be refused for the size of the request */
	return t_write(ctl, &q, len <= DLM_LOCKSPACE_LEN ? T_REQ + len : T_REQ);
}

T_FN int t_create(int ctl, const char *name, uint32_t flags)
{
	return t_create_n(ctl, name, strlen(name), flags);
}

T_FN int t_remove(int ctl, int minor, uint32_t flags)
{
	struct t_req q = t_req(DLM_USER_REMOVE_LOCKSPACE);

	q.r.i.lspace.flags = flags;
	q.r.i.lspace.minor = minor;
	return t_write(ctl, &q, T_REQ);
}

T_FN const char *t_path(const char *name)
{
	static char p[128];

	snprintf(p, sizeof(p), T_DEV "%s", name);
	return p;
}

/* a handle of a lockspace, or negative errno */
T_FN int t_ls_open(const char *name)
{
	int fd = open(t_path(name), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* T_LS_EXISTS in the environment: lockspaces of a cluster, which are there and stay */
T_FN bool t_ls_exists(void)
{
	return getenv("T_LS_EXISTS");
}

/* create a lockspace and open it; the program ends if that does not work */
T_FN int t_ls_new(const char *name, uint32_t flags)
{
	int ctl = t_control(), r = t_ls_exists() ? 0 : t_create(ctl, name, flags);

	if (r < 0) {
		errno = -r;
		T_DIE("create lockspace %s", name);
	}
	close(ctl);
	r = t_ls_open(name);
	if (r < 0) {
		errno = -r;
		T_DIE("open lockspace %s", name);
	}
	return r;
}

T_FN int t_minor(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -errno : (int)minor(st.st_rdev);
}

/* close the handle, then remove its lockspace with force */
T_FN int t_ls_free(int fd)
{
	int ctl = t_control(), m = t_minor(fd), r;

	close(fd);
	r = t_ls_exists() ? 0 : t_remove(ctl, m, DLM_USER_LSFLG_FORCEFREE);
	close(ctl);
	return r;
}

/* everything of a LOCK or UNLOCK that a test may want to set */
struct t_op {
	int cmd;
	int mode;
	uint32_t flags, lkid;
	uint64_t xid, timeout;
	uintptr_t castparam, castaddr, bastparam, bastaddr, lksb;
	const char *lvb;	/* DLM_LVB_LEN bytes */
	const void *name;
	size_t namelen;
};

T_FN int t_op(int fd, const struct t_op *o)
{
	struct t_req q = t_req(o->cmd);
	struct dlm_lock_params *l = &q.r.i.lock;

	l->mode = o->mode;
	l->namelen = o->namelen;
	l->flags = o->flags;
	l->lkid = o->lkid;
	l->xid = o->xid;
	l->timeout = o->timeout;
	l->castparam = (void *)o->castparam;
	l->castaddr = (void *)o->castaddr;
	l->bastparam = (void *)o->bastparam;
	l->bastaddr = (void *)o->bastaddr;
	l->lksb = (void *)o->lksb;
	if (o->lvb)
		memcpy(l->lvb, o->lvb, DLM_LVB_LEN);
	if (o->namelen)
		memcpy((char *)&q + T_REQ, o->name, o->namelen);
	return t_write(fd, &q, T_REQ + o->namelen);
}

/* the usual operation; @tag comes back as parameter and lksb of its results */
#define T_OP(tag) {							\
	.cmd = DLM_USER_LOCK, .castaddr = (uintptr_t)T_CAST,		\
	.bastaddr = (uintptr_t)T_BAST, .castparam = (tag),		\
	.bastparam = (tag), .lksb = (tag)				\
}

/* new lock: id or negative errno */
T_FN int t_lock_n(int fd, int mode, uint32_t flags, const void *name, size_t len, uintptr_t tag)
{
	struct t_op o = T_OP(tag);

	o.mode = mode;
	o.flags = flags;
	o.name = name;
	o.namelen = len;
	return t_op(fd, &o);
}

T_FN int t_lock(int fd, int mode, uint32_t flags, const char *name, uintptr_t tag)
{
	return t_lock_n(fd, mode, flags, name, strlen(name), tag);
}

/* convert with a value block (may be NULL); LKF_CONVERT is added */
T_FN int t_conv_lvb(int fd, int id, int mode, uint32_t flags, const char *lvb)
{
	struct t_op o = T_OP(0x77);

	o.mode = mode;
	o.flags = flags | LKF_CONVERT;
	o.lkid = id;
	o.lvb = lvb;
	return t_op(fd, &o);
}

T_FN int t_conv(int fd, int id, int mode, uint32_t flags)
{
	return t_conv_lvb(fd, id, mode, flags, NULL);
}

T_FN int t_unlock(int fd, int id, uint32_t flags)
{
	struct t_op o = T_OP(0x88);

	o.cmd = DLM_USER_UNLOCK;
	o.flags = flags;
	o.lkid = id;
	return t_op(fd, &o);
}

T_FN int t_cancel(int fd, int id)
{
	return t_unlock(fd, id, LKF_CANCEL);
}

T_FN int t_deadlock(int fd, int id)
{
	struct t_op o = T_OP(0x99);

	o.cmd = DLM_USER_DEADLOCK;
	o.lkid = id;
	return t_op(fd, &o);
}

T_FN int t_purge(int fd, uint32_t nodeid, uint32_t pid)
{
	struct t_req q = t_req(DLM_USER_PURGE);

	q.r.i.purge.nodeid = nodeid;
	q.r.i.purge.pid = pid;
	return t_write(fd, &q, T_REQ);
}

/* --- results ----------------------------------------------------------- */

struct t_ev {
	int fd;
	int len;		/* what read() returned */
	int status, id, sbflags, bast;
	uintptr_t addr, param, lksb;
	bool has_lvb, padded;	/* padded: all unused bytes are zero */
	char lvb[DLM_LVB_LEN];
};

static struct t_ev t_stash[512];
static int t_stashed;

T_FN void t_ev_parse(struct t_ev *e, int fd, const void *buf, int len)
{
	const struct dlm_lock_result *r = buf;
	const unsigned char *b = buf;
	size_t i;

	memset(e, 0, sizeof(*e));
	e->fd = fd;
	e->len = len;
	e->status = r->lksb.sb_status;
	e->id = r->lksb.sb_lkid;
	e->sbflags = r->lksb.sb_flags;
	e->bast = r->bast_mode;
	e->addr = (uintptr_t)r->user_astaddr;
	e->param = (uintptr_t)r->user_astparam;
	e->lksb = (uintptr_t)r->user_lksb;
	e->padded = !r->unused[0] && !r->unused[1] && !r->unused[2] && !r->lksb.sb_lvbptr &&
		    r->length == (uint32_t)len &&
		    r->version[0] == 6 && r->version[1] == 0 && r->version[2] == 2;
	for (i = offsetof(struct dlm_lock_result, lksb.sb_flags) + 1;
	     i < offsetof(struct dlm_lock_result, lksb.sb_lvbptr); i++)
		e->padded &= !b[i];
	if (r->lvb_offset) {
		e->has_lvb = true;
		memcpy(e->lvb, b + r->lvb_offset, DLM_LVB_LEN);
	}
}

/* next result, whatever it is; 0 or negative errno (-ETIMEDOUT: deadline) */
T_FN int t_next_ms(int fd, struct t_ev *e, int ms)
{
	union {
		struct dlm_lock_result r;
		char b[sizeof(struct dlm_lock_result) + DLM_LVB_LEN];
	} u;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int fl = fcntl(fd, F_GETFL), r;

	/* a blocking callback may vanish between poll and read */
	fcntl(fd, F_SETFL, fl | O_NONBLOCK);
	do {
		r = poll(&p, 1, ms);
		if (r == 1)
			r = t_read(fd, &u, sizeof(u));
		else
			r = r ? -errno : -ETIMEDOUT;
	} while (r == -EAGAIN || r == -EINTR);
	fcntl(fd, F_SETFL, fl);
	if (r < 0)
		return r;
	t_ev_parse(e, fd, &u, r);
	return 0;
}

T_FN int t_next(int fd, struct t_ev *e)
{
	return t_next_ms(fd, e, T_WAIT_S * 1000 * t_factor());
}

T_FN bool t_is_bast(const struct t_ev *e)
{
	return e->addr == (uintptr_t)T_BAST;
}

T_FN bool t_ev_match(const struct t_ev *e, int fd, int id, bool bast)
{
	return e->fd == fd && e->id == id && t_is_bast(e) == bast;
}

T_FN void t_stash_push(const struct t_ev *e)
{
	if (t_stashed == (int)(sizeof(t_stash) / sizeof(t_stash[0])))
		T_DIE("stash is full");
	t_stash[t_stashed++] = *e;
}

T_FN bool t_stash_pop(int fd, int id, bool bast, struct t_ev *e)
{
	for (int i = 0; i < t_stashed; i++) {
		if (!t_ev_match(&t_stash[i], fd, id, bast))
			continue;
		*e = t_stash[i];
		memmove(&t_stash[i], &t_stash[i + 1], (--t_stashed - i) * sizeof(*e));
		return true;
	}
	return false;
}

/* the next completion (or blocking AST) of one lock; others are kept aside */
T_FN int t_get(int fd, int id, bool bast, struct t_ev *e)
{
	int r;

	if (t_stash_pop(fd, id, bast, e))
		return 0;
	for (;;) {
		r = t_next(fd, e);
		if (r || t_ev_match(e, fd, id, bast))
			return r;
		t_stash_push(e);
	}
}

/*
 * Everything that was queued before this call is in the stash afterwards: a
 * lock and unlock of its own come out last.  True if that worked.
 */
T_FN bool t_fence(int fd)
{
	static int n;
	struct t_op o = T_OP(0xfe1ce);
	struct t_ev e;
	char name[32];
	int id;

	snprintf(name, sizeof(name), "fence.%d.%d", getpid(), n++);
	o.name = name;
	o.namelen = strlen(name);
	id = t_op(fd, &o);
	if (id <= 0)
		return false;
	/* the stash may hold results of an older lock with the same id */
	while (!t_next(fd, &e)) {
		if (e.id != id || e.lksb != o.lksb) {
			t_stash_push(&e);
			continue;
		}
		if (e.status)
			return e.status == -EUNLOCK;
		/* another node may master it: no unlock before the grant is here */
		o.cmd = DLM_USER_UNLOCK;
		o.namelen = 0;
		o.lkid = id;
		if (t_op(fd, &o))
			return false;
	}
	return false;
}

/* how many results of a lock (0: of any) are waiting */
T_FN int t_pending(int fd, int id)
{
	int n = 0;

	if (!t_fence(fd))
		return -1;
	for (int i = 0; i < t_stashed; i++)
		n += t_stash[i].fd == fd && (!id || t_stash[i].id == id);
	return n;
}

/* forget what waits on a handle */
T_FN void t_drain(int fd)
{
	int i, n = 0;

	t_fence(fd);
	for (i = 0; i < t_stashed; i++)
		if (t_stash[i].fd != fd)
			t_stash[n++] = t_stash[i];
	t_stashed = n;
}

T_FN struct t_ev t_expect(int fd, int id, bool bast, int want, const char *where, const char *name)
{
	struct t_ev e;
	char d[160];
	int r = t_get(fd, id, bast, &e);

	if (r) {
		memset(&e, 0, sizeof(e));
		snprintf(d, sizeof(d), "no %s for lock %d: %s", bast ? "blocking AST" : "completion",
			 id, strerror(-r));
		t_check(false, where, d, "%s", name);
		return e;
	}
	snprintf(d, sizeof(d), "got %d, wanted %d", bast ? e.bast : e.status, want);
	t_check((bast ? e.bast : e.status) == want, where, d, "%s", name);
	return e;
}

/* the lock's next completion has this status; the result is the value */
#define CAST(fd, id, status, name) t_expect(fd, id, false, status, T_WHERE, name)
/* the lock's next blocking AST is for this mode */
#define BAST(fd, id, mode, name) t_expect(fd, id, true, mode, T_WHERE, name)
/* nothing waits for this lock (0: on this handle) */
#define QUIET(fd, id, name) IS(t_pending(fd, id), 0, "%s", name)

/* new lock that must be granted at once; its id */
T_FN int t_grant(int fd, int mode, uint32_t flags, const char *name, const char *where)
{
	int id = t_lock(fd, mode, flags, name, 0x55);
	struct t_ev e = { .status = -1 };

	if (id <= 0 || (!t_ls_exists() && t_pending(fd, id) < 1) || t_get(fd, id, false, &e) || e.status) {
		t_check(false, where, "", "setup: lock %s mode %d: id %d status %d", name, mode,
			id, e.status);
		exit(t_done());
	}
	return id;
}

#define GRANT(fd, mode, flags, name) t_grant(fd, mode, flags, name, T_WHERE)

/* drop a lock for certain and forget its results */
T_FN void t_drop(int fd, int id)
{
	struct t_ev e;

	t_fence(fd);
	for (int i = t_stashed; i-- > 0;)
		if (t_stash[i].fd == fd && t_stash[i].id == id)
			memmove(&t_stash[i], &t_stash[i + 1], (--t_stashed - i) * sizeof(e));
	if (t_unlock(fd, id, LKF_FORCEUNLOCK) == 0)
		while (!t_get(fd, id, false, &e) && e.status != -EUNLOCK)
			;
}

#endif
