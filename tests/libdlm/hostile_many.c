// SPDX-License-Identifier: GPL-2.0
/*
 * Many of everything: 1000 handles, 20,000 held locks, fork storms, and closing
 * handles with operations pending, results unread and locks waiting for them.
 *
 * usage: hostile_many [-h HANDLES] [-l LOCKS]
 */
#include "t.h"
#include <sys/resource.h>

static int nhandles = 1000, nlocks = 20000;

static int remove_plain(int m)
{
	int ctl = t_control(), r = t_remove(ctl, m, 0);

	close(ctl);
	return r;
}

/* every handle holds its share, all are shared with PR holders of others */
static void many_handles(void)
{
	int *fd = calloc(nhandles, sizeof(*fd)), i, m, bad = 0, granted = 0, id;
	struct t_ev e;
	char name[32];

	fd[0] = t_ls_new("many", 0);
	m = t_minor(fd[0]);
	for (i = 1; i < nhandles; i++) {
		fd[i] = t_ls_open("many");
		bad += fd[i] < 0;
	}
	IS(bad, 0, "many: opens that failed of %d", nhandles);
	for (i = 0; i < nlocks; i++) {
		snprintf(name, sizeof(name), "res%d", i / 2);
		bad += t_lock(fd[i % nhandles], PR, 0, name, i + 1) <= 0;
	}
	IS(bad, 0, "many: requests that failed of %d", nlocks);
	for (i = 0; i < nlocks; i++) {
		if (t_next_ms(fd[i % nhandles], &e, 0) || e.status)
			continue;
		granted += (e.param == (uintptr_t)i + 1);	/* in the order they were made */
	}
	IS(granted, nlocks, "many: completions in order");
	/* one waiter for EX tells both holders */
	id = t_lock(fd[2], EX, 0, "res0", 0x10);
	CHECK(id > 0 && !t_next(fd[0], &e) && t_is_bast(&e) && e.bast == EX &&
	      !t_next(fd[1], &e) && t_is_bast(&e), "many: both holders get a blocking callback");
	IS(remove_plain(m), -EBUSY, "many: release with all locks held");
	for (i = 0; i < nhandles; i++) {
		if (i == 2)
			continue;
		bad += close(fd[i]) != 0;
	}
	IS(bad, 0, "many: closes that failed");
	CHECK(!t_next(fd[2], &e) && e.param == 0x10 && !e.status,
	      "many: the waiter is granted when the holders are gone");
	close(fd[2]);
	IS(remove_plain(m), 0, "many: nothing is left of %d locks", nlocks);
	free(fd);
}

/* one handle holds everything: one close frees it */
static void one_close(void)
{
	int fd = t_ls_new("one", 0), m = t_minor(fd), i, bad = 0;
	char name[32];

	for (i = 0; i < nlocks; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		bad += t_lock(fd, EX, LKF_VALBLK, name, i + 1) <= 0;
	}
	IS(bad, 0, "close: requests that failed");
	close(fd);	/* nothing was read */
	IS(remove_plain(m), 0, "close: %d locks and unread results went with the handle", nlocks);
}

struct storm {
	int fd, n;
};

static int storm_child(void *arg)
{
	struct storm *s = arg;
	int i, id, r;

	for (i = 0; i < s->n; i++) {
		/* some wait for each other, some results are never read */
		id = t_lock(s->fd, i % 3 ? EX : PR, i % 5 ? 0 : LKF_NOQUEUE, "storm", i + 1);
		if (id <= 0)
			return 1;
		if (i % 2) {
			r = t_unlock(s->fd, id, LKF_FORCEUNLOCK);
			if (r && r != -ENOENT)	/* a refused NOQUEUE has ended */
				return 2;
		}
	}
	return 0;
}

/* children use the parent's handle at once and die with locks pending */
static void fork_storm(int rounds, int children)
{
	int fd = t_ls_new("storm", 0), m = t_minor(fd), i, k, bad = 0, ends = 0;
	struct storm s = { .fd = fd, .n = 20 };
	struct t_ev e;
	pid_t pid[64];

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < children; k++)
			pid[k] = t_child(storm_child, &s);
		for (k = 0; k < children; k++)
			bad += t_reap(pid[k]) != 0;
	}
	IS(bad, 0, "fork: children that failed of %d", rounds * children);
	while (!t_next_ms(fd, &e, 0))
		ends += e.status == -EUNLOCK;
	CHECK(ends > 0, "fork: the parent reads the children's results (%d)", ends);
	IS(remove_plain(m), -EBUSY, "fork: the children's locks live on with the handle");
	close(fd);
	IS(remove_plain(m), 0, "fork: the last close frees them");
}

static int own_handle_child(void *arg)
{
	int fd = t_ls_open("deaths"), i;

	(void)arg;
	if (fd < 0)
		return 1;
	for (i = 0; i < 10; i++)
		t_lock(fd, i % 2 ? EX : CR, 0, "shared", i + 1);
	for (;;)
		pause();
}

/* holders and waiters killed in any order; the survivor gets the lock */
static void deaths(int n)
{
	int fd = t_ls_new("deaths", 0), m = t_minor(fd), i, id;
	pid_t *pid = calloc(n, sizeof(*pid));
	struct t_ev e;

	for (i = 0; i < n; i++)
		pid[i] = t_child(own_handle_child, NULL);
	id = t_lock(fd, EX, 0, "shared", 0x10);
	for (i = 0; i < n; i++)
		t_kill(pid[(i * 7) % n]);
	CHECK(id > 0 && !t_get(fd, id, false, &e) && !e.status,
	      "deaths: granted after %d owners were killed", n);
	close(fd);
	IS(remove_plain(m), 0, "deaths: nothing is left");
	free(pid);
}

/* a handle is closed while its reader sleeps and its requests wait */
static int closing_child(void *arg)
{
	struct t_ev e;
	int fd = t_ls_open("closing"), id;

	(void)arg;
	id = t_lock(fd, EX, 0, "res", 0x20);	/* waits: the parent holds it */
	if (id <= 0 || t_conv(fd, id, PR, 0) != -EBUSY)
		return 1;
	if (fork() == 0) {	/* sleeps in read() when the parent dies */
		t_next(fd, &e);
		return 0;
	}
	_exit(0);
}

static void closing(void)
{
	int fd = t_ls_new("closing", 0), m = t_minor(fd), i, bad = 0, id;
	struct t_ev e;

	id = t_grant(fd, EX, 0, "res", "closing");
	for (i = 0; i < 50; i++)
		bad += t_reap(t_child(closing_child, NULL)) != 0;
	IS(bad, 0, "closing: children that failed");
	IS(t_unlock(fd, id, 0), 0, "closing: unlock");
	CHECK(!t_get(fd, id, false, &e) && e.status == -EUNLOCK, "closing: EUNLOCK");
	close(fd);
	/* grandchildren may still sleep on their handles: force, and they stay dead */
	i = t_control();
	IS(t_remove(i, m, DLM_USER_LSFLG_FORCEFREE), 0, "closing: forced release");
	close(i);
	CHECK(access(t_path("closing"), F_OK), "closing: the device is gone");
}

int main(int argc, char **argv)
{
	struct rlimit rl = { 4096, 4096 };
	int o;

	t_init();
	while ((o = getopt(argc, argv, "h:l:")) != -1) {
		if (o == 'h')
			nhandles = atoi(optarg);
		else if (o == 'l')
			nlocks = atoi(optarg);
		else
			return 2;
	}
	t_deadline(300);
	if (setrlimit(RLIMIT_NOFILE, &rl))
		T_DIE("setrlimit");
	many_handles();
	one_close();
	fork_storm(10, 20);
	deaths(60);
	OURS(closing());
	return t_done();
}
