// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of every call fails once: /proc/self/fail-nth makes the Nth
 * allocation of the next calls fail, N = 1, 2, ... until none is left.  A call that
 * meets the failure says ENOMEM and has changed nothing, or does without.
 * Needs a kernel with CONFIG_FAILSLAB (exit status 77: there is none).
 */
#include "t.h"

static int nth = -1;
static int ctl, fd = -1, minor_, total;

static void arm(int n)
{
	char b[16];
	int len = snprintf(b, sizeof(b), "%d", n);

	if (pwrite(nth, b, len, 0) != len)
		T_DIE("fail-nth");
}

/* did the failure happen? Disarms in any case */
static bool fired(void)
{
	char b[16] = "";

	if (pread(nth, b, sizeof(b) - 1, 0) <= 0)
		T_DIE("fail-nth");
	if (pwrite(nth, "0", 1, 0) != 1)
		T_DIE("fail-nth");
	return atoi(b) == 0;
}

/*
 * Run @call with each allocation failing in turn.  @undo puts things back after
 * a success, @same tells that a failure has changed nothing.
 */
static void each(const char *what, int (*call)(void), void (*undo)(int), bool (*same)(void))
{
	int n, r, failed = 0, wrong = 0, changed = 0;
	bool hit = true;

	for (n = 1; hit && n < 1000; n++) {
		arm(n);
		r = call();
		hit = fired();
		if (r < 0) {
			failed++;
			if (r != -ENOMEM || !hit) {
				wrong++;
				printf("%s, allocation %d: %s\n", what, n, strerror(-r));
			}
			if (same && !same()) {
				changed++;
				printf("%s, allocation %d: something was changed\n", what, n);
			}
		} else {
			undo(r);
		}
	}
	total += failed;
	CHECK(n < 1000, "nomem: %s ends (%d allocations, %d refusals)", what, n - 2, failed);
	IS(wrong, 0, "nomem: %s: errors other than ENOMEM", what);
	IS(changed, 0, "nomem: %s: refusals that changed something", what);
}

/* --- lockspaces ---------------------------------------------------------- */

static int c_create(void)
{
	return t_create(ctl, "nomem", 0);
}

static void u_create(int r)
{
	t_remove(ctl, r, DLM_USER_LSFLG_FORCEFREE);
}

static bool no_lockspace(void)
{
	return access(t_path("nomem"), F_OK) && access("/sys/kernel/dlm/nomem", F_OK);
}

static int c_open(void)
{
	return t_ls_open("nomem");
}

static void u_open(int r)
{
	close(r);
}

static int c_control(void)
{
	int r = open(T_CTL, O_RDWR);

	return r < 0 ? -errno : r;
}

static int c_remove(void)
{
	return t_remove(ctl, minor_, DLM_USER_LSFLG_FORCEFREE);
}

static void u_remove(int r)
{
	(void)r;
	minor_ = t_create(ctl, "nomem", 0);
	if (minor_ < 0)
		T_DIE("create again: %d", minor_);
}

static bool still_there(void)
{
	int f = t_ls_open("nomem");
	bool ok = f >= 0 && t_lock(f, NL, 0, "probe", 0x10) > 0;

	if (f >= 0)
		close(f);
	return ok;
}

/* --- locks --------------------------------------------------------------- */

static int id, round_;
static uint32_t flags;
static int mode;

static int c_lock(void)
{
	char name[32];

	snprintf(name, sizeof(name), "fresh%d", round_++);
	return t_lock(fd, mode, flags, name, 0x10);
}

static int c_lock_known(void)
{
	return t_lock(fd, mode, flags, "known", 0x10);
}

static void u_lock(int r)
{
	struct t_ev e;

	if (t_get(fd, r, false, &e))
		T_DIE("no completion");
	t_drop(fd, r);
}

static void u_waiting(int r)
{
	struct t_ev e;

	if (t_unlock(fd, r, LKF_CANCEL) || t_get(fd, r, false, &e) || e.status != -ECANCEL)
		T_DIE("cancel of a waiting lock: status %d", e.status);
}

static bool no_result(void)
{
	struct t_ev e;

	return t_next_ms(fd, &e, 0) == -ETIMEDOUT;
}

static int c_convert(void)
{
	return t_conv_lvb(fd, id, mode, flags, "0123456789abcdef0123456789abcdef");
}

static void u_convert(int r)
{
	struct t_ev e;

	(void)r;
	if (t_get(fd, id, false, &e) || e.status)
		T_DIE("convert: status %d", e.status);
	if (t_conv(fd, id, NL, 0) || t_get(fd, id, false, &e))
		T_DIE("convert back");
}

static int c_unlock(void)
{
	return t_unlock(fd, id, 0);
}

static int c_force(void)
{
	return t_unlock(fd, id, LKF_FORCEUNLOCK);
}

static void u_unlock(int r)
{
	struct t_ev e;

	(void)r;
	if (t_get(fd, id, false, &e) || e.status != -EUNLOCK)
		T_DIE("unlock: status %d", e.status);
	id = t_grant(fd, NL, 0, "known", T_WHERE);
}

static bool lock_there(void)
{
	struct t_ev e;

	return no_result() && !t_conv(fd, id, CR, 0) && !t_get(fd, id, false, &e) && !e.status &&
	       !t_conv(fd, id, NL, 0) && !t_get(fd, id, false, &e) && !e.status;
}

static int c_idle_cancel(void)
{
	return t_cancel(fd, id);
}

static void u_nothing(int r)
{
	(void)r;
}

static int c_purge(void)
{
	return t_purge(fd, 0, 0);
}

static int c_read(void)
{
	char b[256];
	int r;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	r = t_read(fd, b, sizeof(b));
	fcntl(fd, F_SETFL, 0);
	return r == -EAGAIN ? 0 : r;
}

/* close cannot say ENOMEM: it has to work */
static void closes(void)
{
	bool hit = true;
	int n, f, ok = 0, k;

	for (n = 1; hit && n < 200; n++) {
		f = t_ls_open("nomem");
		t_lock(f, EX, LKF_VALBLK, "closed", 0x10);
		t_lock(f, PR, 0, "closed", 0x20);
		t_lock(f, EX, LKF_PERSISTENT, "orphaned", 0x30);
		arm(n);
		close(f);
		hit = fired();
		/* the next owner finds it free, and the orphan in place */
		k = t_lock(fd, EX, LKF_NOQUEUE, "closed", 0x10);
		ok += k > 0 && t_expect(fd, k, false, 0, T_WHERE, "nomem: lock after close").status == 0;
		t_drop(fd, k);
		t_purge(fd, 0, 0);
	}
	IS(ok, n - 1, "nomem: close frees the locks all the same");
}

static void locks(void)
{
	int holder;

	mode = EX;
	each("new lock", c_lock, u_lock, no_result);
	flags = LKF_VALBLK;
	each("new lock with a value block", c_lock, u_lock, no_result);
	flags = LKF_TIMEOUT;
	each("new lock with a timeout", c_lock, u_lock, no_result);
	flags = LKF_NOQUEUE | LKF_NOQUEUEBAST;
	each("new lock that does not wait", c_lock, u_lock, no_result);
	flags = 0;
	holder = t_grant(fd, EX, 0, "known", T_WHERE);
	t_drain(fd);
	each("new lock that waits", c_lock_known, u_waiting, NULL);
	t_drop(fd, holder);
	id = t_grant(fd, NL, 0, "known", T_WHERE);
	each("convert", c_convert, u_convert, lock_there);
	flags = LKF_VALBLK;
	each("convert with a value block", c_convert, u_convert, lock_there);
	flags = 0;
	each("unlock", c_unlock, u_unlock, lock_there);
	each("forced unlock", c_force, u_unlock, lock_there);
	each("cancel", c_idle_cancel, u_nothing, lock_there);
	each("purge", c_purge, u_nothing, lock_there);
	each("read", c_read, u_nothing, NULL);
	closes();
}

int main(void)
{
	t_init();
	t_deadline(200);
	nth = open("/proc/self/fail-nth", O_RDWR);
	if (nth < 0)
		return 77;
	ctl = t_control();
	each("open dlm-control", c_control, u_open, NULL);
	each("create", c_create, u_create, no_lockspace);
	u_remove(0);
	each("open", c_open, u_open, NULL);
	each("release", c_remove, u_remove, still_there);
	fd = t_ls_open("nomem");
	locks();
	close(fd);
	IS(t_remove(ctl, minor_, 0), 0, "nomem: nothing is left");
	printf("%d calls were refused for want of memory\n", total);
	CHECK(total >= 10, "nomem: memory was really refused");
	return t_done();
}
