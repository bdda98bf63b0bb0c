// SPDX-License-Identifier: GPL-2.0
/* dlm-control and dlm-monitor: versions, sizes, names, rights, minors. */
#include <dirent.h>
#include <sched.h>
#include "t.h"
#include "caps.h"

static int ctl;

/* entries of /sys/kernel/dlm */
static int lockspaces(void)
{
	DIR *d = opendir("/sys/kernel/dlm");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return d ? n : -1;
}

static int misc_minor(const char *name)
{
	char n[128];
	FILE *f = fopen("/proc/misc", "r");
	int m, r = -1;

	while (f && fscanf(f, "%d %127s", &m, n) == 2)
		if (!strcmp(n, name))
			r = m;
	if (f)
		fclose(f);
	return r;
}

static void nodes(void)
{
	static const char *const name[] = { "dlm-control", "dlm-monitor", "dlm_plock" };
	struct pollfd p;
	struct stat st;
	char path[64];
	size_t i;
	int fd;

	for (i = 0; i < 3; i++) {
		/* POSIX locks are a part of their own, which may be missing */
		if (i == 2 && misc_minor(name[i]) < 0) {
			t_skip("dev: no dlm_plock");
			continue;
		}
		snprintf(path, sizeof(path), "/dev/misc/%s", name[i]);
		if (!CHECK(!stat(path, &st), "dev: %s exists", path))
			continue;
		CHECK(S_ISCHR(st.st_mode) && major(st.st_rdev) == 10, "dev: %s is a misc device",
		      name[i]);
		IS(st.st_mode & 07777, 0600, "dev: %s mode", name[i]);
		IS(misc_minor(name[i]), minor(st.st_rdev), "dev: %s is in /proc/misc", name[i]);
	}
	CHECK(lseek(ctl, 100, SEEK_SET) >= 0, "dev: seek is no error");
	p = (struct pollfd){ .fd = ctl, .events = POLLIN | POLLOUT };
	IS(poll(&p, 1, 0), 1, "dev: dlm-control is always ready");
	fd = open("/dev/misc/dlm-monitor", O_RDONLY);
	if (t_stock() && fd < 0)
		return;
	CHECK(fd >= 0, "dev: dlm-monitor opens");
	IS(t_read(fd, path, 12), -EINVAL, "dev: dlm-monitor does not read");
	close(fd);
}

/* abi-04, abi-05 */
static void versions(void)
{
	static const struct {
		uint32_t v[3];
		int want;
	} t[] = {
		{ { 6, 0, 2 }, 0 }, { { 6, 0, 99 }, 0 }, { { 6, 0, 0 }, 0 }, { { 6, 1, 0 }, -EBADE },
		{ { 5, 0, 0 }, -EBADE }, { { 7, 0, 2 }, -EBADE }, { { 0, 0, 0 }, -EBADE },
		{ { 6, 0xffffffff, 2 }, -EBADE }, { { 0xffffffff, 0, 2 }, -EBADE },
	};
	struct t_req q = t_req(DLM_USER_REMOVE_LOCKSPACE);
	char name[32];
	uint32_t v[3];
	int unknown = t_stock() ? -ENOENT : -EINVAL;
	size_t i;
	int n, r;

	q.r.i.lspace.minor = 0xfffff;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memcpy(q.r.version, t[i].v, sizeof(v));
		IS(t_write(ctl, &q, T_REQ), t[i].want ?: unknown, "abi-04: version %u.%u.%u",
		   t[i].v[0], t[i].v[1], t[i].v[2]);
		q.r.cmd = DLM_USER_CREATE_LOCKSPACE;
		n = snprintf(name, sizeof(name), "v%zu", i);
		memcpy((char *)&q + 24, name, n + 1);
		r = t_write(ctl, &q, T_REQ);
		CHECK(t[i].want ? r == t[i].want : r >= 0, "abi-04: create with version %u.%u.%u: %d",
		      t[i].v[0], t[i].v[1], t[i].v[2], r);
		if (r >= 0)
			t_remove(ctl, r, 0);
		q = t_req(DLM_USER_REMOVE_LOCKSPACE);
		q.r.i.lspace.minor = 0xfffff;
	}
	IS(t_read(ctl, v, 12), 12, "abi-05: read of 12 bytes");
	CHECK(v[0] == 6 && v[1] == 0 && v[2] == 2, "abi-05: gives 6.0.2");
	IS(t_read(ctl, v, 12), 12, "abi-05: again");
	for (n = 0; n <= 128; n++)
		if (n != 12 && t_read(ctl, name, n > 32 ? 32 : n) != -EINVAL)
			break;
	IS(n, 129, "abi-05: other counts");
	IS(t_read(ctl, (void *)8, 12), -EFAULT, "abi-05: bad address");
}

/* abi-06 on the control device, and the commands it does not know */
static void sizes(void)
{
	struct t_req q = t_req(DLM_USER_REMOVE_LOCKSPACE);
	int unknown = t_stock() ? -ENOENT : -EINVAL, n, c;
	static const int other[] = {
		DLM_USER_LOCK, DLM_USER_UNLOCK, DLM_USER_QUERY, DLM_USER_PURGE,
		DLM_USER_DEADLOCK, 0, 8, 255,
	};

	q.r.i.lspace.minor = 0xfffff;
	q.r.version[0] = 5;
	/* with a bad version the answer tells whether the size was good */
	for (n = 0; n < 100; n++)
		if (t_write(ctl, &q, n) != -EINVAL)
			break;
	IS(n, 100, "abi-06: short requests");
	OURS(IS(t_write(ctl, &q, T_REQ - 1), -EINVAL, "abi-06: 119 bytes"));
	IS(t_write(ctl, &q, T_REQ), -EBADE, "abi-06: 120 bytes");
	IS(t_write(ctl, &q, T_REQ + 64), -EBADE, "abi-06: 184 bytes");
	IS(t_write(ctl, &q, T_REQ + 65), -EINVAL, "abi-06: 185 bytes");
	IS(t_write(ctl, &q, sizeof(q)), -EINVAL, "abi-06: more");
	q.r.version[0] = 6;
	IS(t_write(ctl, &q, T_REQ), unknown, "remove of an unknown minor");
	IS(t_write(ctl, (void *)8, T_REQ), -EFAULT, "abi: bad address");
	for (c = 0; c < (int)(sizeof(other) / sizeof(other[0])); c++) {
		struct t_req o = t_req(other[c]);

		IS(t_write(ctl, &o, T_REQ), -EINVAL, "abi: command %d on dlm-control", other[c]);
	}
}

/* abi-03 and the names that are refused */
static void names(void)
{
	static const char *const bad[] = {
		" ", "a b", " a", "a ", "a\tb", "a\nb", "a/b", "/", ".", "..", "\x01", "a\x7f",
		"\x1b[1m", "a\r",
	};
	static const char *const good[] = {
		"a.b", "...", "-", "dlm", "control", "a:b", "%s%n", "\"q'", "A_b-c", "[x]",
	};
	char n64[97], got[256];
	struct stat st;
	size_t i;
	int m, fd;

	IS(t_create(ctl, "", 0), -EINVAL, "name: empty");
	memset(n64, 'n', sizeof(n64));
	IS(t_create_n(ctl, n64, 65, 0), -EINVAL, "abi-03: 65 bytes");
	IS(t_create_n(ctl, n64, 96, 0), -EINVAL, "abi-03: up to the end of the request");
	n64[64] = 0;
	m = t_create(ctl, n64, 0);
	if (CHECK(m >= 0, "abi-03: 64 bytes: %d", m)) {
		CHECK(!stat(t_path(n64), &st) && (int)minor(st.st_rdev) == m,
		      "abi-03: its node has the minor that was returned");
		fd = t_ls_open(n64);
		CHECK(fd >= 0, "abi-03: opens");
		m = t_lock(fd, EX, 0, "r", 1);
		CAST(fd, m, 0, "abi-03: a lock in it");
		snprintf(got, sizeof(got), "/sys/kernel/dlm/%s", n64);
		CHECK(!access(got, F_OK), "abi-03: in sysfs under its full name");
		IS(t_ls_free(fd), 0, "abi-03: release");
		CHECK(access(t_path(n64), F_OK) && errno == ENOENT, "abi-03: node is gone");
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		OURS(IS(t_create(ctl, bad[i], 0), -EINVAL, "name: bad one %zu", i));
	for (i = 0; i < sizeof(good) / sizeof(good[0]) && !t_stock(); i++) {
		m = t_create(ctl, good[i], 0);
		CHECK(m >= 0, "name: '%s' (%d)", good[i], m);
		CHECK(!stat(t_path(good[i]), &st) && (int)minor(st.st_rdev) == m,
		      "name: '%s' has its node", good[i]);
		IS(t_remove(ctl, m, 0), 0, "name: '%s' is removed", good[i]);
	}
	IS(t_create(ctl, "plock", 0), -EEXIST, "name: plock would collide with dlm_plock");
	IS(misc_minor("dlm_plock") >= 0, !access("/dev/misc/dlm_plock", F_OK),
	   "name: dlm_plock is unharmed");
	/* ends at the first NUL */
	m = t_create_n(ctl, "cut\0tail", 8, 0);
	CHECK(m >= 0 && !access(t_path("cut"), F_OK), "name: ends at a NUL");
	IS(t_remove(ctl, m, 0), 0, "name: removed");
	IS(lockspaces(), 0, "name: nothing is left in /sys/kernel/dlm");
}

/* abi-01 */
static void exists(void)
{
	int m = t_create(ctl, "twice", 0), fd, m2;

	CHECK(m >= 0, "abi-01: create");
	OURS(IS(t_create(ctl, "twice", 0), -EEXIST, "abi-01: again"));
	IS(t_create(ctl, "twice", DLM_LSFL_NEWEXCL), -EEXIST, "abi-01: with NEWEXCL");
	OURS(IS(t_create(ctl, "twice", DLM_LSFL_NODIR), -EEXIST, "abi-01: with other flags"));
	fd = t_ls_open("twice");
	CHECK(fd >= 0, "abi-01: then it can be opened");
	IS(t_minor(fd), m, "abi-01: it is the same one");
	IS(t_ls_free(fd), 0, "abi-01: release");
	m2 = t_create(ctl, "twice", DLM_LSFL_NEWEXCL);
	CHECK(m2 >= 0, "abi-01: NEWEXCL of a new name");
	IS(t_remove(ctl, m2, 0), 0, "abi-01: release");
	m2 = t_create(ctl, "twice", 0x4);
	CHECK(m2 >= 0, "abi: flag 4 is accepted");
	IS(t_remove(ctl, m2, 0), 0, "abi: release");
	OURS(IS(t_create(ctl, "twice", 0x10), -EINVAL, "abi: flag 0x10 is the kernel's own"));
}

/* abi-02: without the capability */
static int powerless(void *arg)
{
	int minor = *(int *)arg, unknown = -EPERM;
	struct t_req q = t_req(DLM_USER_CREATE_LOCKSPACE);
	char n65[65];
	int fd, id;

	memset(n65, 'n', 65);
	IS(t_create(ctl, "", 0), -EPERM, "abi-02: empty name");
	IS(t_create(ctl, "fresh", 0), -EPERM, "abi-02: fresh name");
	IS(t_create(ctl, "there", 0), -EPERM, "abi-02: existing name");
	IS(t_create(ctl, "there", DLM_LSFL_NEWEXCL), -EPERM, "abi-02: existing name, NEWEXCL");
	IS(t_create_n(ctl, n65, 65, 0), -EPERM, "abi-02: long name");
	IS(t_create(ctl, "a b", 0), -EPERM, "abi-02: bad name");
	IS(t_create(ctl, "plock", 0), -EPERM, "abi-02: plock");
	IS(t_create(ctl, "x", 0xffffffff), -EPERM, "abi-02: bad flags");
	IS(t_remove(ctl, 0xfffff, 0), unknown, "abi-02: remove of an unknown minor");
	IS(t_remove(ctl, minor, 0), -EPERM, "abi-02: remove");
	IS(t_remove(ctl, minor, DLM_USER_LSFLG_FORCEFREE), -EPERM, "abi-02: remove with force");
	q.r.version[0] = 5;
	IS(t_write(ctl, &q, T_REQ), -EBADE, "abi-02: the version comes first");
	IS(t_write(ctl, &q, 20), -EINVAL, "abi-02: so does the size");
	q = t_req(DLM_USER_LOCK);
	IS(t_write(ctl, &q, T_REQ), -EINVAL, "abi-02: and what the device does not do");
	fd = t_ls_open("there");
	CHECK(fd >= 0, "abi-02: opening needs no capability");
	id = t_lock(fd, EX, LKF_PERSISTENT, "r", 1);
	CAST(fd, id, 0, "abi-02: nor does locking");
	IS(t_unlock(fd, id, 0), 0, "abi-02: nor unlocking");
	CAST(fd, id, -EUNLOCK, "abi-02: done");
	IS(t_purge(fd, 0, 0), 0, "abi-02: nor purging");
	close(fd);
	return t_failed;
}

static int dropped(void *arg)
{
	IS(t_drop_sys_admin(), 0, "abi-02: drop CAP_SYS_ADMIN");
	return powerless(arg);
}

/* all capabilities, but in a user namespace of its own */
static int in_userns(void *arg)
{
	if (unshare(CLONE_NEWUSER)) {
		t_skip("abi-02: no user namespaces here");
		return 0;
	}
	IS(t_create(ctl, "", 0), -EPERM, "abi-02: empty name in a user namespace");
	IS(t_create(ctl, "fresh", 0), -EPERM, "abi-02: in a user namespace");
	IS(t_remove(ctl, *(int *)arg, DLM_USER_LSFLG_FORCEFREE), -EPERM,
	   "abi-02: remove in a user namespace");
	return t_failed;
}

static void rights(void)
{
	int m = t_create(ctl, "there", 0);

	IS(t_reap(t_child(dropped, &m)), 0, "abi-02: without CAP_SYS_ADMIN");
	IS(t_reap(t_child(in_userns, &m)), 0, "abi-02: root of a user namespace");
	CHECK(!access(t_path("there"), F_OK), "abi-02: nothing happened to the lockspace");
	IS(t_remove(ctl, m, 0), 0, "abi-02: release");
}

/* abi-20: minors that are not a lockspace's */
static void foreign_minors(void)
{
	int want = t_stock() ? -ENOENT : -EINVAL, m = t_create(ctl, "keep", 0), i, r;
	static const char *const dev[] = { "dlm-control", "dlm-monitor", "dlm_plock" };

	for (i = 0; i < 3; i++)
		IS(t_remove(ctl, misc_minor(dev[i]), DLM_USER_LSFLG_FORCEFREE), want,
		   "abi-20: remove by the minor of %s", dev[i]);
	IS(t_remove(ctl, 0, DLM_USER_LSFLG_FORCEFREE), want, "abi-20: remove of minor 0");
	IS(t_remove(ctl, -1, DLM_USER_LSFLG_FORCEFREE), want, "abi-20: remove of minor -1");
	for (i = 1, r = 0; i < 5000; i++)
		if (i != m)
			r += t_remove(ctl, i, DLM_USER_LSFLG_FORCEFREE) != want;
	IS(r, 0, "abi-20: remove of any other minor");
	CHECK(!access(t_path("keep"), F_OK), "abi-20: the lockspace is unharmed");
	IS(t_remove(ctl, m, 0), 0, "abi-20: release");
	IS(t_remove(ctl, m, 0), want, "abi: release of a minor that is gone");
}

/* create and remove on a lockspace device, and the other way round */
static void wrong_device(void)
{
	static const int bad[] = {
		DLM_USER_CREATE_LOCKSPACE, DLM_USER_REMOVE_LOCKSPACE, DLM_USER_QUERY, 0, 8, 255,
	};
	int fd = t_ls_new("wrong", 0), c;

	for (c = 0; c < (int)(sizeof(bad) / sizeof(bad[0])); c++) {
		struct t_req q = t_req(bad[c]);

		strcpy((char *)&q + 24, "other");
		IS(t_write(fd, &q, T_REQ), -EINVAL, "abi: command %d on a lockspace", bad[c]);
	}
	IS(lockspaces(), 1, "abi: no lockspace arose");
	/* a flag that does not mean anything is no force */
	c = t_lock(fd, EX, 0, "r", 1);
	CAST(fd, c, 0, "abi: a lock");
	IS(t_remove(ctl, t_minor(fd), DLM_USER_LSFLG_AUTOFREE), -EBUSY,
	   "abi: AUTOFREE does not force");
	IS(t_ls_free(fd), 0, "abi: release");
}

/* many lockspaces; where minors are few (128 in 6.1) they run out properly */
static void many(void)
{
	enum { MAX = 300 };
	static int minor[MAX];
	char name[16];
	int i, n, r = 0, bad = 0;

	if (t_stock())
		return;
	for (n = 0; n < MAX; n++) {
		snprintf(name, sizeof(name), "many%d", n);
		r = t_create(ctl, name, 0);
		if (r < 0)
			break;
		minor[n] = r;
	}
	CHECK(n > 50, "minors: %d lockspaces", n);
	if (n < MAX) {
		IS(r, -ENOMEM, "minors: then there are none");
		IS(lockspaces(), n, "minors: the failed create left nothing");
		IS(t_create(ctl, name, 0), -ENOMEM, "minors: and can be repeated");
		IS(t_remove(ctl, minor[0], 0), 0, "minors: remove one");
		minor[0] = t_create(ctl, name, 0);
		CHECK(minor[0] >= 0, "minors: makes room for one: %d", minor[0]);
	}
	for (i = 0; i < n; i++)
		bad += t_remove(ctl, minor[i], 0) != 0;
	IS(bad, 0, "minors: all are removed");
}

/* the monitor keeps a solo node from being born and the other way round */
static void monitor(void)
{
	int fd, m;

	if (t_stock())
		return;
	m = t_create(ctl, "solo", 0);
	fd = open("/dev/misc/dlm-monitor", O_RDONLY);
	CHECK(fd < 0 && errno == EBUSY, "solo: dlm-monitor is busy while a solo lockspace exists");
	IS(t_remove(ctl, m, 0), 0, "solo: release");
	fd = open("/dev/misc/dlm-monitor", O_RDONLY);
	CHECK(fd >= 0, "solo: then it opens");
	close(fd);
	m = t_create(ctl, "solo", 0);
	CHECK(m >= 0, "solo: and after it closed lockspaces work again: %d", m);
	IS(t_remove(ctl, m, 0), 0, "solo: release");
}

int main(void)
{
	t_init();
	ctl = t_control();
	nodes();
	versions();
	sizes();
	names();
	exists();
	rights();
	foreign_minors();
	wrong_device();
	many();
	monitor();
	IS(lockspaces(), 0, "nothing is left");
	return t_done();
}
