// SPDX-License-Identifier: GPL-2.0
/*
 * Stock libdlm with its reader thread: lockspaces made, opened, released; the
 * synchronous calls; callbacks that come in the thread.
 */
#include "modes.h"
#include "caps.h"

static dlm_lshandle_t ls;

struct lock {
	struct dlm_lksb lksb;
	char lvb[DLM_LVB_LEN];
	int casts, basts;
	pthread_t cast_thread;
};

static void on_cast(void *arg)
{
	struct lock *l = arg;

	l->cast_thread = pthread_self();
	__atomic_add_fetch(&l->casts, 1, __ATOMIC_SEQ_CST);
}

static void on_bast(void *arg)
{
	__atomic_add_fetch(&((struct lock *)arg)->basts, 1, __ATOMIC_SEQ_CST);
}

static int lock_async(struct lock *l, int mode, uint32_t flags, const char *name)
{
	l->lksb.sb_lvbptr = l->lvb;
	return dlm_ls_lock(ls, mode, &l->lksb, flags, name, flags & LKF_CONVERT ? 0 : strlen(name),
			   0, on_cast, l, on_bast, NULL) ? -errno : 0;
}

static bool casts(struct lock *l, int n)
{
	return T_UNTIL(__atomic_load_n(&l->casts, __ATOMIC_SEQ_CST) >= n);
}

static int unlock_wait(struct lock *l, uint32_t flags)
{
	if (dlm_ls_unlock_wait(ls, l->lksb.sb_lkid, flags, &l->lksb))
		return -errno;
	return l->lksb.sb_status;
}

static bool there(const char *name)
{
	return !access(t_path(name), F_OK);
}

static void versions(void)
{
	uint32_t a = 0, b = 0, c = 0;

	IS(dlm_kernel_version(&a, &b, &c), 0, "abi-04: dlm_kernel_version()");
	CHECK(a == 6 && b == 0 && c == 2, "abi-04: 6.0.2");
	dlm_library_version(&a, &b, &c);
	CHECK(a == 6, "abi-04: library speaks the same major");
}

/* create, open, exists, mode */
static void spaces(void)
{
	dlm_lshandle_t h, h2;
	struct stat st;
	char n[66];

	ls = dlm_create_lockspace("lib", 0640);
	if (!CHECK(ls, "create: %s", strerror(errno)))
		exit(t_done());
	CHECK(there("lib"), "create: node exists");
	fstat(dlm_ls_get_fd(ls), &st);
	IS(st.st_mode & 07777, 0640, "create: mode");
	h = dlm_create_lockspace("lib", 0600);
	OURS(CHECK(!h && errno == EEXIST, "abi-01: second create: EEXIST"));
	if (h)
		dlm_release_lockspace("lib", h, 0);
	h = dlm_new_lockspace("lib", 0600, DLM_LSFL_NEWEXCL);
	CHECK(!h && errno == EEXIST, "abi-01: with NEWEXCL");
	h = dlm_open_lockspace("lib");
	CHECK(h, "abi-01: then open works");
	stat(t_path("lib"), &st);
	OURS(IS(st.st_mode & 07777, 0640, "abi-01: failed creates left the mode alone"));
	IS(dlm_close_lockspace(h), 0, "close");
	h = dlm_open_lockspace("nothere");
	CHECK(!h && errno == ENOENT, "open of an unknown name: ENOENT");
	h = dlm_create_lockspace("", 0600);
	CHECK(!h && errno == EINVAL, "create with an empty name: EINVAL");
	memset(n, 'n', sizeof(n));
	n[65] = 0;
	h = dlm_create_lockspace(n, 0600);
	CHECK(!h, "abi-03: 65 bytes: refused");
	n[64] = 0;
	h = dlm_create_lockspace(n, 0600);
	CHECK(h, "abi-03: 64 bytes: %s", strerror(errno));
	h2 = dlm_open_lockspace(n);
	CHECK(h2, "abi-03: open");
	dlm_close_lockspace(h2);
	if (h)
		IS(dlm_release_lockspace(n, h, 0), 0, "abi-03: release");
	CHECK(!there(n), "abi-03: gone");
}

/* the synchronous calls */
static void sync_calls(void)
{
	struct lock a = { 0 }, b = { 0 };

	IS(dlm_ls_pthread_init(ls), 0, "thread: init");
	a.lksb.sb_lvbptr = a.lvb;
	b.lksb.sb_lvbptr = b.lvb;
	IS(dlm_ls_lock_wait(ls, LKM_EXMODE, &a.lksb, LKF_VALBLK, "sync", 4, 0, NULL, NULL, NULL), 0,
	   "wait: EX");
	IS(a.lksb.sb_status, 0, "wait: granted");
	CHECK(a.lksb.sb_lkid > 0, "wait: id");
	IS(dlm_ls_lock_wait(ls, LKM_PRMODE, &b.lksb, LKF_NOQUEUE, "sync", 4, 0, NULL, NULL, NULL), 0,
	   "wait: NOQUEUE is accepted");
	IS(b.lksb.sb_status, EAGAIN, "wait: EAGAIN");
	strcpy(a.lvb, "through libdlm");
	IS(dlm_ls_lock_wait(ls, LKM_NLMODE, &a.lksb, LKF_VALBLK | LKF_CONVERT, "sync", 4, 0, NULL,
			    NULL, NULL), 0, "wait: convert, with a name");
	IS(a.lksb.sb_status, 0, "wait: granted");
	IS(dlm_ls_lock_wait(ls, LKM_PRMODE, &b.lksb, LKF_VALBLK, "sync", 4, 0, NULL, NULL, NULL), 0,
	   "wait: PR");
	CHECK(!strcmp(b.lvb, "through libdlm"), "lvb: passed on");
	IS(b.lksb.sb_flags, 0, "lvb: valid");
	IS(unlock_wait(&a, 0), EUNLOCK, "wait: EUNLOCK");
	IS(unlock_wait(&b, 0), EUNLOCK, "wait: EUNLOCK of the other");
	CHECK(dlm_ls_unlock_wait(ls, b.lksb.sb_lkid, 0, &b.lksb) == -1 && errno == ENOENT,
	      "wait: again: ENOENT");
	/* bad arguments come back as errno */
	CHECK(dlm_ls_lock_wait(ls, 17, &a.lksb, 0, "x", 1, 0, NULL, NULL, NULL) == -1 &&
	      errno == EINVAL, "wait: bad mode: EINVAL");
	CHECK(dlm_ls_lock_wait(ls, LKM_EXMODE, &a.lksb, LKF_CONVDEADLK, "x", 1, 0, NULL, NULL,
			       NULL) == -1 && errno == EINVAL, "wait: bad flags: EINVAL");
}

/* callbacks in the thread */
static void callbacks(void)
{
	struct lock a = { 0 }, b = { 0 };
	uint64_t xid = 99;

	IS(lock_async(&a, LKM_EXMODE, 0, "async"), 0, "thread: EX");
	CHECK(casts(&a, 1), "thread: completion came");
	IS(a.lksb.sb_status, 0, "thread: granted");
	CHECK(!pthread_equal(a.cast_thread, pthread_self()), "thread: in the other thread");
	IS(lock_async(&b, LKM_PRMODE, 0, "async"), 0, "thread: PR");
	CHECK(T_UNTIL(a.basts == 1), "thread: blocking callback came");
	IS(b.casts, 0, "thread: PR waits");
	IS(b.lksb.sb_status, EINPROG, "thread: in progress");
	IS(lock_async(&a, LKM_CRMODE, LKF_CONVERT, ""), 0, "thread: give way");
	CHECK(casts(&a, 2) && casts(&b, 1), "thread: both granted");
	IS(dlm_ls_unlock(ls, b.lksb.sb_lkid, 0, &b.lksb, &b), 0, "thread: unlock");
	CHECK(casts(&b, 2), "thread: completion");
	IS(b.lksb.sb_status, EUNLOCK, "thread: EUNLOCK");

	IS(dlm_ls_lockx(ls, LKM_EXMODE, &b.lksb, 0, "async", 5, 0, on_cast, &b, on_bast, &xid, NULL),
	   0, "lockx: EX");
	IS(dlm_ls_deadlock_cancel(ls, b.lksb.sb_lkid, 0), 0, "lang-20: dlm_ls_deadlock_cancel()");
	CHECK(casts(&b, 3), "lang-20: completion");
	IS(b.lksb.sb_status, EDEADLK, "lang-20: EDEADLK");

	IS(lock_async(&b, LKM_EXMODE, 0, "async"), 0, "cancel: EX");
	IS(dlm_ls_unlock(ls, b.lksb.sb_lkid, LKF_CANCEL, &b.lksb, &b), 0, "cancel: cancel");
	CHECK(casts(&b, 4), "cancel: completion");
	IS(b.lksb.sb_status, ECANCEL, "cancel: ECANCEL");
	/* not dlm_ls_unlock_wait(): the routine of the lock call would get its parameter */
	IS(dlm_ls_unlock(ls, a.lksb.sb_lkid, 0, &a.lksb, &a), 0, "thread: unlock");
	CHECK(casts(&a, 3), "thread: completion");
	IS(a.lksb.sb_status, EUNLOCK, "thread: EUNLOCK");
}

/* release: EBUSY is in the kernel's answer, libdlm does not pass it on */
static void release(void)
{
	struct lock a = { 0 };
	dlm_lshandle_t h2 = dlm_open_lockspace("lib"), keep = ls;
	double t;

	ls = h2;
	IS(dlm_ls_pthread_init(h2), 0, "release: second handle with a thread");
	a.lksb.sb_lvbptr = a.lvb;
	IS(dlm_ls_lock_wait(h2, LKM_EXMODE, &a.lksb, 0, "r", 1, 0, NULL, NULL, NULL), 0,
	   "release: EX through the second handle");
	IS(dlm_release_lockspace("lib", keep, 0), 0, "abi-15: release, not forced");
	CHECK(there("lib"), "abi-15: did nothing");
	IS(unlock_wait(&a, 0), EUNLOCK, "abi-15: the other handle works");
	t = t_now();
	IS(dlm_close_lockspace(h2), 0, "abi-09: close with a reader thread");
	CHECK(t_now() - t < 10 * t_factor(), "abi-09: returns promptly");
	h2 = dlm_open_lockspace("lib");
	CHECK(h2, "abi-15: it can be opened");
	IS(dlm_release_lockspace("lib", h2, 0), 0, "abi-16: release by the last user");
	CHECK(!there("lib"), "abi-16: gone");
	h2 = dlm_open_lockspace("lib");
	CHECK(!h2 && errno == ENOENT, "abi-16: an open fails");

	if (t_stock())
		return;		/* waits for other handles */
	keep = dlm_create_lockspace("lib", 0600);
	dlm_ls_pthread_init(keep);
	ls = keep;
	a = (struct lock){ 0 };
	IS(dlm_ls_lock_wait(ls, LKM_EXMODE, &a.lksb, 0, "r", 1, 0, NULL, NULL, NULL), 0,
	   "abi-15: EX");
	h2 = dlm_open_lockspace("lib");
	IS(dlm_release_lockspace("lib", h2, 1), 0, "abi-15: release with force");
	CHECK(!there("lib"), "abi-15: gone, though another handle is open");
	CHECK(dlm_ls_unlock_wait(ls, a.lksb.sb_lkid, 0, &a.lksb) == -1 && errno == ENOENT,
	      "abi-15: old handle: ENOENT");
	h2 = dlm_create_lockspace("lib", 0600);
	CHECK(h2, "abi-15: created again at once");
	t = t_now();
	IS(dlm_close_lockspace(keep), 0, "abi-15: the old handle closes");
	CHECK(t_now() - t < 10 * t_factor(), "abi-15: promptly");
	CHECK(there("lib"), "abi-15: the new one stays");
	/* a release through a stale handle must not hit the new one */
	keep = dlm_open_lockspace("lib");
	IS(dlm_release_lockspace("lib", h2, 1), 0, "minors: release");
	h2 = dlm_create_lockspace("lib", 0600);
	IS(dlm_release_lockspace("lib", keep, 1), 0, "minors: release by a stale handle");
	CHECK(there("lib"), "minors: the new lockspace is there");
	IS(dlm_release_lockspace("lib", h2, 0), 0, "minors: release");
	CHECK(!there("lib"), "minors: gone");
}

/* the default lockspace: made by whoever comes first */
static void by_default(void)
{
	struct dlm_lksb lksb = { 0 };
	int id = 0;

	IS(dlm_pthread_init(), 0, "default: init");
	CHECK(there("default"), "default: lockspace exists");
	IS(lock_resource("res", LKM_EXMODE, 0, &id), 0, "default: lock_resource()");
	CHECK(id > 0, "default: id");
	IS(lock_resource("res", LKM_PRMODE, LKF_CONVERT, &id), 0, "default: convert");
	IS(unlock_resource(id), 0, "default: unlock_resource()");
	IS(dlm_lock_wait(LKM_EXMODE, &lksb, 0, "res", 3, 0, NULL, NULL, NULL), 0, "default: lock");
	IS(dlm_unlock_wait(lksb.sb_lkid, 0, &lksb), 0, "default: unlock");
	IS(lksb.sb_status, EUNLOCK, "default: EUNLOCK");
	IS(dlm_pthread_cleanup(), 0, "default: cleanup");
}

static int powerless(void *arg)
{
	dlm_lshandle_t h;

	(void)arg;
	t_drop_sys_admin();
	h = dlm_create_lockspace("other", 0600);
	CHECK(!h && errno == EPERM, "abi-02: create without the capability: EPERM");
	h = dlm_create_lockspace("there", 0600);
	CHECK(!h && errno == EPERM, "abi-02: also of an existing name");
	h = dlm_open_lockspace("there");
	CHECK(h, "abi-02: open works");
	IS(dlm_release_lockspace("there", h, 1), 0, "abi-02: release says nothing");
	CHECK(there("there"), "abi-02: and does nothing");
	return t_failed;
}

static void rights(void)
{
	dlm_lshandle_t h = dlm_create_lockspace("there", 0666);

	CHECK(h, "abi-02: create");
	IS(t_reap(t_child(powerless, NULL)), 0, "abi-02: child");
	IS(dlm_release_lockspace("there", h, 1), 0, "abi-02: release");
	CHECK(!there("there"), "abi-02: gone");
}

int main(void)
{
	t_init();
	versions();
	spaces();
	sync_calls();
	callbacks();
	release();
	rights();
	by_default();
	return t_done();
}
