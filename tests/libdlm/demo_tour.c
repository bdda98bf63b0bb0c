// SPDX-License-Identifier: GPL-2.0
/*
 * The demonstration: two processes and stock libdlm.  Prints every step, what
 * was called and what came back, and checks it; the exit status counts.
 */
#define _REENTRANT	1
#include "t.h"
#include <linux/capability.h>

#define NAME	"demo"
#define RES	"shared-file"

static int step_, wrong;
static pid_t main_pid;

__attribute__((format(printf, 1, 2)))
static void step(const char *fmt, ...)
{
	va_list ap;

	printf("\n%d. ", ++step_);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* who did what, what came back, and was that right */
__attribute__((format(printf, 3, 4)))
static bool say(bool ok, const char *call, const char *fmt, ...)
{
	char b[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	printf("   %s  %-47s -> %s%s\n", getpid() == main_pid ? "A" : "B", call, b,
	       ok ? "" : "   <== WRONG");
	fflush(stdout);
	wrong += !ok;
	return ok;
}

static const char *error(int e)
{
	static char b[64];

	snprintf(b, sizeof(b), "%s (%s)", strerrorname_np(e) ?: "?", strerror(e));
	return b;
}

/* --- process B ------------------------------------------------------------ */

struct talk {
	struct t_gate to_b, to_a;
};

struct b_lock {
	struct dlm_lksb lksb;
	char lvb[DLM_LVB_LEN];
	struct t_gate granted;
};

static void b_granted(void *arg)
{
	struct b_lock *l = arg;

	t_post(&l->granted, l->lksb.sb_status);
}

static int process_b(void *arg)
{
	struct talk *t = arg;
	struct b_lock l = { .lksb.sb_lvbptr = l.lvb, .granted = t_gate() };
	dlm_lshandle_t ls;
	int r;

	t_await(&t->to_b);
	ls = dlm_open_lockspace(NAME);
	say(ls, "dlm_open_lockspace(\"demo\")", "%s", ls ? "a handle" : error(errno));
	if (!ls || dlm_ls_pthread_init(ls))
		return 1;
	r = dlm_ls_lock(ls, LKM_PRMODE, &l.lksb, LKF_VALBLK, RES, strlen(RES), 0, b_granted, &l,
			NULL, NULL);
	say(!r, "dlm_ls_lock(PR, \"shared-file\")", "%s", r ? error(errno) : "0, accepted");
	t_post(&t->to_a, 1);

	r = t_await(&l.granted);
	say(r == 0, "completion", "granted, status %d", r);
	say(!strcmp(l.lvb, "written by A"), "value block", "\"%.31s\"", l.lvb);
	t_post(&t->to_a, 1);

	t_await(&t->to_b);	/* the lockspace is released under our feet */
	r = dlm_ls_lock(ls, LKM_NLMODE, &l.lksb, 0, RES, strlen(RES), 0, b_granted, &l, NULL, NULL);
	say(r && errno == ENOENT, "dlm_ls_lock() on the old handle", "%s", r ? error(errno) : "0");
	r = dlm_close_lockspace(ls);
	say(!r, "dlm_close_lockspace()", "%d", r);
	return wrong;
}

/* --- process A ------------------------------------------------------------ */

static struct t_gate blocked;

static void a_blocks(void *arg)
{
	(void)arg;
	t_post(&blocked, 1);
}

static int no_cap(void *arg)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];
	dlm_lshandle_t ls;

	main_pid = getpid();	/* speaks for A */
	if (syscall(SYS_capget, &h, d))
		return 1;
	d[0].effective &= ~(1u << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &h, d))
		return 1;
	ls = dlm_create_lockspace("other", 0600);
	say(!ls && errno == EPERM, "dlm_create_lockspace(\"other\")", "%s",
	    ls ? "a handle" : error(errno));
	return wrong;
}

static dlm_lshandle_t create(void)
{
	dlm_lshandle_t ls, again;
	struct stat st;

	step("Create a lockspace");
	ls = dlm_create_lockspace(NAME, 0600);
	if (!say(ls, "dlm_create_lockspace(\"demo\", 0600)", "%s", ls ? "a handle" : error(errno)))
		exit(1);
	if (stat(t_path(NAME), &st))
		memset(&st, 0, sizeof(st));
	say(S_ISCHR(st.st_mode) && (st.st_mode & 0777) == 0600, "stat(\"/dev/misc/dlm_demo\")",
	    "character device %d,%d mode %o", major(st.st_rdev), minor(st.st_rdev),
	    st.st_mode & 0777);

	step("Create it a second time: it exists");
	again = dlm_create_lockspace(NAME, 0600);
	say(!again && errno == EEXIST, "dlm_create_lockspace(\"demo\", 0600)", "%s",
	    again ? "a handle" : error(errno));

	step("Create another one as root without CAP_SYS_ADMIN: not allowed");
	wrong += t_reap(t_child(no_cap, NULL));
	return ls;
}

static void share(dlm_lshandle_t ls, struct talk *t)
{
	char lvb[DLM_LVB_LEN] = "";
	struct dlm_lksb a = { .sb_lvbptr = lvb };
	int r;

	step("Process A locks a resource exclusively");
	r = dlm_ls_lock_wait(ls, LKM_EXMODE, &a, LKF_VALBLK, RES, strlen(RES), 0, NULL, a_blocks,
			     NULL);
	say(!r && !a.sb_status, "dlm_ls_lock_wait(EX, \"shared-file\")", "%s, lock id %x",
	    r ? error(errno) : "granted", a.sb_lkid);

	step("Process B wants to read it: B waits, A is told");
	t_post(&t->to_b, 1);
	t_await(&t->to_a);
	r = t_await(&blocked);
	say(r == 1, "blocking callback", r == 1 ? "somebody waits for my lock" : "none came");

	step("A stores a value block and steps down to NL: B gets lock and value");
	strcpy(lvb, "written by A");
	r = dlm_ls_lock_wait(ls, LKM_NLMODE, &a, LKF_CONVERT | LKF_VALBLK, RES, strlen(RES), 0,
			     NULL, NULL, NULL);
	/* B prints meanwhile */
	t_await(&t->to_a);
	say(!r && !a.sb_status, "dlm_ls_lock_wait(NL, CONVERT | VALBLK)", "%s",
	    r ? error(errno) : "converted");
}

static void release(dlm_lshandle_t ls, struct talk *t)
{
	int ctl = t_control(), m = t_minor(dlm_ls_get_fd(ls)), r;

	/* libdlm keeps the kernel's answer to itself, so ask the device */
	step("Release the lockspace while locks are held: busy");
	r = t_remove(ctl, m, 0);
	say(r == -EBUSY, "write(dlm-control, REMOVE)", "%s", r ? error(-r) : "0");
	say(!access(t_path(NAME), F_OK), "access(\"/dev/misc/dlm_demo\")", "still there");
	close(ctl);

	step("Release it with force: gone at once, nobody is asked");
	r = dlm_release_lockspace(NAME, ls, 1);
	say(!r, "dlm_release_lockspace(\"demo\", force)", "%d", r);
	r = access(t_path(NAME), F_OK) ? errno : 0;
	say(r == ENOENT, "access(\"/dev/misc/dlm_demo\")", "%s", r ? error(r) : "still there");
	t_post(&t->to_b, 1);
}

int main(void)
{
	struct talk t = { t_gate(), t_gate() };
	dlm_lshandle_t ls;
	pid_t b;

	t_init();
	t_deadline(60);
	main_pid = getpid();
	step_ = 1;
	blocked = t_gate();
	b = t_child(process_b, &t);
	ls = create();
	if (dlm_ls_pthread_init(ls))
		T_DIE("dlm_ls_pthread_init");
	share(ls, &t);
	release(ls, &t);
	wrong += t_reap(b);
	return wrong != 0;
}
