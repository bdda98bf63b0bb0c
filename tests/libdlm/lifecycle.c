// SPDX-License-Identifier: GPL-2.0
/* Lockspaces come and go while handles, readers and locks are still there. */
#include "modes.h"

static int ctl;

static bool exists(const char *name)
{
	char p[128];

	snprintf(p, sizeof(p), "/sys/kernel/dlm/%s", name);
	return !access(p, F_OK) && !access(t_path(name), F_OK);
}

static bool gone(const char *name)
{
	char p[128];

	snprintf(p, sizeof(p), "/sys/kernel/dlm/%s", name);
	return access(p, F_OK) && errno == ENOENT && access(t_path(name), F_OK) && errno == ENOENT;
}

/* abi-15 without force */
static void busy(void)
{
	int fd = t_ls_new("busy", 0), m = t_minor(fd), id, w;

	id = GRANT(fd, NL, 0, "r");
	IS(t_remove(ctl, m, 0), -EBUSY, "abi-15: one NL lock makes it busy");
	CHECK(exists("busy"), "abi-15: nothing changed");
	IS(t_conv(fd, id, EX, 0), 0, "abi-15: the lock works");
	CAST(fd, id, 0, "abi-15: granted");
	w = t_ls_open("busy");
	CHECK(w >= 0, "abi-15: it can be opened");
	GRANT(w, PR, 0, "r2");
	t_drop(fd, id);
	IS(t_remove(ctl, m, 0), -EBUSY, "abi-15: a lock of another handle counts");
	close(w);
	if (t_stock())
		close(fd);	/* it waits for that */
	IS(t_remove(ctl, m, DLM_USER_LSFLG_AUTOFREE), 0, "abi-15: none left: released");
	CHECK(gone("busy"), "abi-16: node and sysfs directory are gone");
	IS(t_ls_open("busy"), -ENOENT, "abi-16: an open fails at once");
	close(fd);
	if (t_stock())
		return;

	/* a finished lock whose last result was not read does not count */
	fd = t_ls_new("busy", 0);
	id = t_lock(fd, EX, 0, "r", 1);
	IS(t_unlock(fd, id, 0), 0, "abi-15: lock and unlock, nothing read");
	IS(t_remove(ctl, t_minor(fd), 0), 0, "abi-15: unread results do not make it busy");
	IS(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0), 0,
	   "abi-15: poll of a dead handle is never ready");
	close(fd);
}

/* all that a dead handle still does */
static void check_dead(int fd, int id, const char *name)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t v[3];
	char b[256];

	IS(t_lock(fd, NL, 0, "r", 1), -ENOENT, "%s: lock", name);
	IS(t_lock(fd, NL, LKF_ORPHAN, "r", 1), -ENOENT, "%s: adopt", name);
	IS(t_conv(fd, id, NL, 0), -ENOENT, "%s: convert", name);
	IS(t_unlock(fd, id, 0), -ENOENT, "%s: unlock", name);
	IS(t_cancel(fd, id), -ENOENT, "%s: cancel", name);
	IS(t_deadlock(fd, id), -ENOENT, "%s: deadlock", name);
	IS(t_purge(fd, 0, 0), -ENOENT, "%s: purge", name);
	IS(t_read(fd, v, 12), 12, "%s: version", name);
	IS(poll(&p, 1, 0), 0, "%s: poll is never ready", name);
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	IS(t_read(fd, b, sizeof(b)), -EAGAIN, "%s: O_NONBLOCK read", name);
	fcntl(fd, F_SETFL, O_RDWR);
}

struct reader {
	int fd;
	pid_t tid;
	int result;
};

/* uses next to no CPU for half a second; a stalled guest may count a tick too many */
static bool idles(pid_t tid)
{
	long ticks = t_task_ticks(tid);

	usleep(500000);
	return t_task_ticks(tid) - ticks <= 1;
}

static void *reading(void *arg)
{
	struct reader *r = arg;
	char b[256];

	r->tid = syscall(SYS_gettid);
	r->result = t_read(r->fd, b, sizeof(b));
	return NULL;
}

static pthread_t start_reader(struct reader *r, int fd)
{
	pthread_t t;

	*r = (struct reader){ .fd = fd };
	if (pthread_create(&t, NULL, reading, r))
		T_DIE("thread");
	CHECK(T_UNTIL(*(volatile pid_t *)&r->tid != 0) && t_sleeps_in(r->tid, SYS_read),
	      "setup: reader sleeps");
	return t;
}

/* abi-15 with force */
static void forced(void)
{
	int fd = t_ls_new("force", 0), m = t_minor(fd), fd2, id, id2, h;
	struct reader r;
	pthread_t t;

	h = t_ls_open("force");
	id = GRANT(fd, EX, 0, "r");
	id2 = t_lock(h, EX, LKF_PERSISTENT, "r", 1);
	t = start_reader(&r, h);
	IS(t_remove(ctl, m, DLM_USER_LSFLG_FORCEFREE), 0, "abi-15: force, with locks and handles");
	CHECK(gone("force"), "abi-15: it is gone");
	check_dead(fd, id, "abi-15: dead handle");
	check_dead(h, id2, "abi-15: other dead handle");
	CHECK(t_sleeps_in(r.tid, SYS_read), "abi-15: the blocked reader keeps sleeping");
	CHECK(T_UNTIL(idles(r.tid)), "abi-15: and does not spin");

	/* the same name at once, the old handles stay dead */
	fd2 = t_ls_new("force", 0);
	CHECK(t_minor(fd2) != m, "minors: not reused while an old handle names it");
	id2 = t_lock(fd2, EX, LKF_NOQUEUE, "r", 1);
	CAST(fd2, id2, 0, "abi-15: old locks are gone");
	check_dead(fd, id, "abi-15: dead after re-creation");
	IS(t_remove(ctl, m, DLM_USER_LSFLG_FORCEFREE), -EINVAL,
	   "minors: a release by the old one hits nothing");
	CHECK(exists("force"), "minors: the new one is there");
	close(fd);
	IS(t_conv(fd2, id2, PR, 0), 0, "abi-15: closing a dead handle harms nothing");
	CAST(fd2, id2, 0, "abi-15: granted");
	CHECK(t_sleeps_in(r.tid, SYS_read), "abi-15: the reader still sleeps");
	pthread_cancel(t);
	pthread_join(t, NULL);
	close(h);
	IS(t_ls_free(fd2), 0, "abi-15: release");
	CHECK(gone("force"), "abi-15: gone");
}

/* not forced, others merely have it open */
static void merely_open(void)
{
	int fd = t_ls_new("open", 0), h = t_ls_open("open"), m = t_minor(fd);
	struct reader r;
	pthread_t t = start_reader(&r, h);

	IS(t_remove(ctl, m, 0), 0, "abi-15: not forced, handles without locks");
	CHECK(gone("open"), "abi-15: gone at once");
	check_dead(fd, 1, "abi-15: its handles");
	CHECK(t_sleeps_in(r.tid, SYS_read), "abi-15: blocked reader sleeps on");
	pthread_cancel(t);
	pthread_join(t, NULL);
	close(h);
	close(fd);
}

/* many generations, a handle of each kept open */
static void generations(void)
{
	enum { N = 60 };
	int fd[N], minor[N], i, j, bad = 0;

	for (i = 0; i < N; i++) {
		fd[i] = t_ls_new("gen", 0);
		minor[i] = t_minor(fd[i]);
		for (j = 0; j < i; j++)
			bad += minor[j] == minor[i];
		bad += t_lock(fd[i], EX, LKF_PERSISTENT, "r", 1) <= 0;
		bad += t_remove(ctl, minor[i], i % 2 ? DLM_USER_LSFLG_FORCEFREE : 0) !=
		       (i % 2 ? 0 : -EBUSY);
		if (i % 2 == 0)
			bad += t_remove(ctl, minor[i], DLM_USER_LSFLG_FORCEFREE) != 0;
	}
	IS(bad, 0, "minors: %d generations with all old handles open", N);
	for (i = 0; i < N; i++)
		bad += t_lock(fd[i], EX, 0, "r", 1) != -ENOENT || t_remove(ctl, minor[i], 0) != -EINVAL;
	IS(bad, 0, "minors: all old handles are dead");
	for (i = 0; i < N; i++)
		close(fd[i]);
	fd[0] = t_ls_new("gen", 0);
	CHECK(fd[0] >= 0, "minors: and life goes on");
	t_ls_free(fd[0]);
}

static int sleeps_reading(void *arg)
{
	char b[256];
	int fd = t_ls_open("kill");

	GRANT(fd, EX, 0, "r");
	t_post(arg, 1);
	while (t_read(fd, b, sizeof(b)) >= 0)
		;
	return 0;
}

/* killed readers, before and after their lockspace */
static void killed(void)
{
	struct t_gate g = t_gate();
	int fd = t_ls_new("kill", 0), id;
	pid_t p = t_child(sleeps_reading, &g);

	t_await(&g);
	CHECK(t_sleeps_in(p, SYS_read), "abi-09: child sleeps in read");
	id = t_lock(fd, EX, 0, "r", 1);
	QUIET(fd, id, "abi-09: EX waits for it");
	IS(t_kill(p), 128 + SIGKILL, "abi-09: SIGKILL ends it");
	CAST(fd, id, 0, "abi-09: and frees its lock");
	t_drop(fd, id);
	if (t_stock()) {
		t_ls_free(fd);
		return;
	}
	p = t_child(sleeps_reading, &g);
	t_await(&g);
	CHECK(t_sleeps_in(p, SYS_read), "abi-15: child sleeps in read");
	IS(t_ls_free(fd), 0, "abi-15: force release under it");
	CHECK(t_sleeps_in(p, SYS_read), "abi-15: it sleeps on");
	IS(t_kill(p), 128 + SIGKILL, "abi-15: SIGKILL ends it");
}

struct shared {
	int fd, id;
	struct t_gate up, down;
};

static int keeps_open(void *arg)
{
	struct shared *s = arg;

	t_post(&s->up, 1);
	return t_await(&s->down) != 1;
}

/* abi-19: the handle lives until its last copy is closed */
static void forked(void)
{
	struct shared s = { .fd = t_ls_new("fork", 0), .up = t_gate(), .down = t_gate() };
	int other = t_ls_open("fork"), w, d;
	pid_t p;

	s.id = GRANT(s.fd, EX, 0, "r");
	p = t_child(keeps_open, &s);
	IS(t_await(&s.up), 1, "abi-19: child has the handle");
	close(s.fd);
	w = t_lock(other, PR, 0, "r", 1);
	QUIET(other, w, "abi-19: the parent closed, the child still holds it");
	t_post(&s.down, 1);
	IS(t_reap(p), 0, "abi-19: child ends");
	CAST(other, w, 0, "abi-19: last copy closed: freed");
	d = dup(other);
	close(other);
	IS(t_conv(d, w, NL, 0), 0, "abi-19: a duplicate is the same handle");
	CAST(d, w, 0, "abi-19: granted");
	IS(t_ls_free(d), 0, "abi-19: release");
}

static int creates(void *arg)
{
	struct t_gate *g = arg;
	int r, fd;

	t_await(g);
	r = t_create(ctl, "race", 0);
	fd = t_ls_open("race");
	if (fd < 0)
		return 2;
	return r == -EEXIST ? 1 : r >= 0 ? 0 : 3;
}

/* several create the same name at once */
static void race(void)
{
	enum { N = 8 };
	struct t_gate g = t_gate();
	int i, round, won, lost;
	struct stat st;
	pid_t p[N];

	for (round = 0; round < 5; round++) {
		for (i = 0; i < N; i++)
			p[i] = t_child(creates, &g);
		for (i = 0; i < N; i++)
			t_post(&g, 1);
		for (i = won = lost = 0; i < N; i++) {
			int r = t_reap(p[i]);

			won += r == 0;
			lost += r == 1;
		}
		CHECK(won == 1 && lost == N - 1,
		      "abi-01: one creates (%d), the others get EEXIST (%d); all can open it", won,
		      lost);
		if (stat(t_path("race"), &st))
			st.st_rdev = 0;
		IS(t_remove(ctl, minor(st.st_rdev), 0), 0,
		   "abi: it stayed after its creator's end, and goes");
	}
}

/* mode of the node, as libdlm sets it */
static void mode(void)
{
	int fd = t_ls_new("mode", 0);
	struct stat st;

	IS(fstat(fd, &st), 0, "mode: stat");
	IS(st.st_mode & 07777, 0600, "mode: 0600 at first");
	IS(fchmod(fd, 0664), 0, "mode: fchmod");
	stat(t_path("mode"), &st);
	IS(st.st_mode & 07777, 0664, "mode: took effect");
	t_ls_free(fd);
	fd = t_ls_new("mode", 0);
	fstat(fd, &st);
	OURS(IS(st.st_mode & 07777, 0600, "mode: a new lockspace begins anew"));
	t_ls_free(fd);
}

int main(void)
{
	t_init();
	ctl = t_control();
	busy();
	killed();
	forked();
	mode();
	if (!t_stock()) {
		/* Linux waits for the handles to be closed */
		forced();
		merely_open();
		generations();
		race();
	}
	return t_done();
}
