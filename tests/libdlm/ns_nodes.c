// SPDX-License-Identifier: GPL-2.0
/*
 * Each network namespace is a node of its own: lockspaces of one name in two
 * namespaces are independent, share one device, and end with their namespace.
 */
#include "t.h"
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

static int home;	/* the namespace the program was started in */

static void leave_home(void)
{
	if (unshare(CLONE_NEWNET))
		T_DIE("unshare");
}

static void go_home(void)
{
	if (setns(home, CLONE_NEWNET))
		T_DIE("setns");
}

static bool node_exists(const char *name)
{
	return access(t_path(name), F_OK) == 0;
}

static int create(const char *name)
{
	int ctl = t_control(), r = t_create(ctl, name, 0);

	close(ctl);
	return r;
}

static int force_out(int minor)
{
	int ctl = t_control(), r = t_remove(ctl, minor, DLM_USER_LSFLG_FORCEFREE);

	close(ctl);
	return r;
}

/* status of an EX request that does not wait */
static int try_ex(int fd, const char *res)
{
	struct t_ev e;
	int id = t_lock(fd, EX, LKF_NOQUEUE, res, 0x10);

	if (id < 0)
		return id;
	if (t_get(fd, id, false, &e))
		return 1;
	if (!e.status && (t_unlock(fd, id, 0) || t_get(fd, id, false, &e) ||
			  e.status != -EUNLOCK))
		return 2;
	return e.status == -EUNLOCK ? 0 : e.status;
}

/* does a lockspace show in a sysfs as this process's namespace sees it */
static bool in_sysfs(const char *name)
{
	char dir[] = "/run/sysfs.XXXXXX", p[128];
	bool r;

	if (!mkdtemp(dir) || mount("sysfs", dir, "sysfs", 0, NULL))
		T_DIE("mount sysfs");
	snprintf(p, sizeof(p), "%s/kernel/dlm/%s", dir, name);
	r = access(p, F_OK) == 0;
	umount(dir);
	rmdir(dir);
	return r;
}

/* --- two nodes, one name, unchanged libdlm ------------------------------- */

struct pair {
	struct t_gate to, from;
};

static int neighbour(void *arg)
{
	struct pair *p = arg;
	dlm_lshandle_t h;
	struct stat a, b;
	int fd, at_home;

	t_await(&p->to);	/* created and locked at home now */
	at_home = t_ls_open("twin");
	leave_home();
	IS(t_ls_open("twin") < 0, 1, "ns-1: no lockspace of the other namespace is opened");
	IS(try_ex(at_home, "res"), -EAGAIN, "ns-1: a handle from home stays with its node");
	h = dlm_create_lockspace("twin", 0600);
	CHECK(h, "ns-1: the same name can be created here");
	if (!h)
		return t_done();
	fd = dlm_ls_get_fd(h);
	fstat(at_home, &a);
	fstat(fd, &b);
	CHECK(a.st_rdev == b.st_rdev, "ns-1: one device serves both");
	close(at_home);
	IS(create("twin"), -EEXIST, "ns-1: a second create here is refused");
	IS(t_grant(fd, EX, 0, "res", T_WHERE) > 0, 1, "ns-1: EX is granted here too");
	IS(create("mine") >= 0, 1, "ns-1: a lockspace of its own");
	CHECK(in_sysfs("twin") && in_sysfs("mine"), "ns-1: sysfs here shows both");
	t_post(&p->from, 1);
	t_await(&p->to);	/* released at home now */
	CHECK(node_exists("twin"), "ns-2: the device stays while one node has it");
	IS(try_ex(fd, "other"), 0, "ns-2: this node's lockspace goes on");
	t_post(&p->from, 1);
	t_await(&p->to);	/* and created again at home */
	IS(try_ex(fd, "other"), 0, "ns-2: still on its own");
	IS(dlm_release_lockspace("twin", h, 1), 0, "ns-2: release here");
	IS(t_ls_open("twin") < 0, 1, "ns-2: it cannot be opened here any more");
	t_post(&p->from, 1);
	return t_done();	/* "mine" ends with the namespace */
}

static void twins(void)
{
	struct pair p = { t_gate(), t_gate() };
	/* before libdlm opens dlm-control, which it does once in a process */
	pid_t pid = t_child(neighbour, &p);
	dlm_lshandle_t h = dlm_create_lockspace("twin", 0600);

	if (!h)
		T_DIE("create twin");
	t_grant(dlm_ls_get_fd(h), EX, 0, "res", T_WHERE);
	t_post(&p.to, 1);
	IS(t_await(&p.from), 1, "ns-1: the neighbour is ready");
	CHECK(!in_sysfs("mine"), "ns-1: sysfs at home does not show the neighbour's");
	CHECK(in_sysfs("twin"), "ns-1: but shows this node's");
	IS(dlm_release_lockspace("twin", h, 1), 0, "ns-2: release at home");
	IS(t_ls_open("twin") < 0, 1, "ns-2: it cannot be opened at home any more");
	t_post(&p.to, 1);
	IS(t_await(&p.from), 1, "ns-2: the neighbour goes on");
	h = dlm_create_lockspace("twin", 0600);
	CHECK(h, "ns-2: created at home again");
	IS(try_ex(dlm_ls_get_fd(h), "res"), 0, "ns-2: the old lock is gone, the neighbour's not seen");
	t_post(&p.to, 1);
	IS(t_await(&p.from), 1, "ns-2: the neighbour released its own");
	CHECK(node_exists("twin"), "ns-2: the device stays");
	IS(try_ex(dlm_ls_get_fd(h), "res"), 0, "ns-2: and works");
	IS(t_reap(pid), 0, "ns-2: the neighbour's checks");
	IS(dlm_release_lockspace("twin", h, 1), 0, "ns-2: last release");
	CHECK(!node_exists("twin"), "ns-2: the device goes with the last node");
	CHECK(T_UNTIL(!node_exists("mine")), "ns-2: what the neighbour left behind goes");
}

/* --- a namespace dies ----------------------------------------------------- */

static int reader(void *arg)
{
	char b[256];

	return t_read(*(int *)arg, b, sizeof(b)) < 0;
}

static void death(void)
{
	int fd, other, m, id, again;
	struct t_ev e;
	pid_t pid;
	char b[256];

	leave_home();
	fd = t_ls_new("mortal", 0);
	m = t_minor(fd);
	other = t_ls_open("mortal");
	CHECK(other >= 0, "ns-3: two handles");
	id = t_grant(fd, EX, LKF_VALBLK, "res", T_WHERE);
	CHECK(t_lock(other, PR, 0, "res", 0x20) > 0, "ns-3: a waiter");
	t_grant(fd, EX, LKF_PERSISTENT, "orphan", T_WHERE);
	CHECK(BAST(fd, id, PR, "ns-3: blocking callback").bast == PR, "ns-3: seen");
	go_home();
	pid = t_child(reader, &other);
	CHECK(t_sleeps_in(pid, SYS_read), "ns-3: a reader sleeps");
	CHECK(T_UNTIL(!node_exists("mortal")), "ns-3: the device goes with the namespace");
	IS(T_UNTIL(t_lock(fd, NL, 0, "x", 0x10) == -ENOENT), 1, "ns-3: the handle is dead");
	IS(t_unlock(fd, id, 0), -ENOENT, "ns-3: unlock on it");
	IS(t_conv(fd, id, NL, 0), -ENOENT, "ns-3: convert on it");
	IS(t_purge(fd, 0, 0), -ENOENT, "ns-3: purge on it");
	CHECK(t_sleeps_in(pid, SYS_read), "ns-3: the reader still sleeps");
	IS(t_next_ms(fd, &e, 100), -ETIMEDOUT, "ns-3: poll is never ready");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	IS(t_read(fd, b, sizeof(b)), -EAGAIN, "ns-3: read without blocking");
	IS(force_out(m), -EINVAL, "ns-3: its minor names nothing");
	/* the name is free again while the old handles are open */
	again = t_ls_new("mortal", 0);
	CHECK(t_minor(again) != m, "ns-3: the minor of an open dead handle is not used again");
	IS(try_ex(again, "res"), 0, "ns-3: the new lockspace knows nothing of the old locks");
	IS(t_lock(fd, NL, 0, "x", 0x10), -ENOENT, "ns-3: the old handle stays dead");
	IS(t_kill(pid), 128 + SIGKILL, "ns-3: the sleeping reader can be killed");
	IS(close(fd), 0, "ns-3: close");
	IS(close(other), 0, "ns-3: close the other");
	IS(t_ls_free(again), 0, "ns-3: release");
}

/* the dying namespace shares its lockspace's name with this one */
static void shared_death(void)
{
	int fd = t_ls_new("both", 0), m = t_minor(fd), dead, id;

	id = t_grant(fd, EX, 0, "res", T_WHERE);
	leave_home();
	dead = t_ls_new("both", 0);
	IS(t_minor(dead), m, "ns-4: one minor");
	t_grant(dead, EX, 0, "res", T_WHERE);
	go_home();
	CHECK(T_UNTIL(t_lock(dead, NL, 0, "x", 0x10) == -ENOENT), "ns-4: the other node is gone");
	CHECK(node_exists("both"), "ns-4: the device stays");
	IS(t_conv(fd, id, NL, 0), 0, "ns-4: this node's lock is still there");
	t_drain(fd);
	IS(try_ex(fd, "res"), 0, "ns-4: and its lockspace works");
	IS(try_ex(dead, "res"), -ENOENT, "ns-4: the dead handle does not reach it");
	close(dead);
	IS(t_ls_free(fd), 0, "ns-4: release");
	CHECK(!node_exists("both"), "ns-4: the device is gone");
}

/* --- many at once --------------------------------------------------------- */

static int passer_by(void *arg)
{
	int i, fd, r;

	leave_home();
	for (i = 0; i < 5; i++) {
		r = create("crowd");
		if (r < 0)
			return 1;
		fd = t_ls_open("crowd");
		if (fd < 0)
			return 2;
		if (t_lock(fd, EX, 0, "res", 0x10) <= 0 || t_lock(fd, EX, 0, "res", 0x20) <= 0)
			return 3;
		if (create("crowd") != -EEXIST)
			return 4;
		if (i < 4 && force_out(r))
			return 5;
		if ((i + (long)arg) % 2)
			close(fd);
	}
	return 0;	/* the last one is left to the namespace's end */
}

static void crowd(int n)
{
	pid_t *pid = calloc(n, sizeof(*pid));
	int i, bad = 0, r;

	for (i = 0; i < n; i++)
		pid[i] = t_child(passer_by, (void *)(long)i);
	for (i = 0; i < n; i++) {
		r = t_reap(pid[i]);
		if (r)
			printf("namespace %d: %d\n", i, r);
		bad += r != 0;
	}
	IS(bad, 0, "ns-5: namespaces that failed of %d", n);
	CHECK(T_UNTIL(!node_exists("crowd")), "ns-5: the device goes with the last of them");
	free(pid);
}

/* root of a user namespace has CAP_SYS_ADMIN there, not here */
static int user_root(void *arg)
{
	int ctl = t_control();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return 77;
	return t_create(ctl, "userns", 0) == -EPERM ? 0 : 1;
}

int main(void)
{
	int r;

	t_init();
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0)
		T_DIE("no network namespaces");
	twins();
	death();
	shared_death();
	crowd(16);
	r = t_reap(t_child(user_root, NULL));
	if (r == 77)
		t_skip("ns-6: no user namespaces");
	else
		IS(r, 0, "ns-6: root of a user namespace gets EPERM");
	return t_done();
}
