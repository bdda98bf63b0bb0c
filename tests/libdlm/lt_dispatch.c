// SPDX-License-Identifier: GPL-2.0
/*
 * Stock libdlm without threads: dlm_dispatch() on the handle's descriptor, and
 * the sequence of calls that lvmlockd makes.
 */
#include "modes.h"

static dlm_lshandle_t ls;
static char order[64];
static int ordered;

struct lock {
	struct dlm_lksb lksb;
	char lvb[DLM_LVB_LEN];
	char name;
	int casts, basts;
};

static void on_cast(void *arg)
{
	struct lock *l = arg;

	l->casts++;
	if (ordered < (int)sizeof(order) - 2)
		order[ordered++] = l->name;
}

static void on_bast(void *arg)
{
	((struct lock *)arg)->basts++;
}

static int lock(struct lock *l, int mode, uint32_t flags, const char *name)
{
	l->lksb.sb_lvbptr = l->lvb;
	return dlm_ls_lock(ls, mode, &l->lksb, flags, name, strlen(name), 0, on_cast, l, on_bast,
			   NULL) ? -errno : 0;
}

static bool wait_cast(struct lock *l, int n)
{
	struct pollfd p = { .fd = dlm_ls_get_fd(ls), .events = POLLIN };

	while (l->casts < n) {
		if (poll(&p, 1, T_WAIT_S * 1000 * t_factor()) != 1)
			return false;
		if (dlm_dispatch(p.fd))
			return false;
	}
	return true;
}

static void dispatch(void)
{
	struct lock a = { .name = 'a' }, b = { .name = 'b' };
	int fd = dlm_ls_get_fd(ls), fl = fcntl(fd, F_GETFL);

	IS(dlm_dispatch(fd), 0, "dispatch: with nothing there");
	IS(lock(&a, LKM_EXMODE, 0, "d"), 0, "dispatch: EX");
	IS(lock(&b, LKM_PRMODE, 0, "d"), 0, "dispatch: PR");
	CHECK(a.lksb.sb_lkid && b.lksb.sb_lkid, "dispatch: ids are there at once");
	IS(dlm_dispatch(fd), 0, "dispatch: read all");
	IS(a.casts, 1, "dispatch: EX granted");
	IS(b.casts, 0, "dispatch: PR waits");
	IS(a.basts, 1, "dispatch: and the holder was told");
	IS(fcntl(fd, F_GETFL), fl, "dispatch: descriptor flags are as before");
	IS(dlm_ls_unlock(ls, a.lksb.sb_lkid, 0, &a.lksb, &a), 0, "dispatch: unlock");
	CHECK(wait_cast(&b, 1), "dispatch: PR granted");
	CHECK(wait_cast(&a, 2), "dispatch: EUNLOCK");
	IS(a.lksb.sb_status, EUNLOCK, "dispatch: status");
	order[ordered] = 0;
	CHECK(!strcmp(order, "aab") || !strcmp(order, "aba"), "dispatch: order %s", order);
	IS(dlm_ls_unlock(ls, b.lksb.sb_lkid, 0, &b.lksb, &b), 0, "dispatch: unlock");
	CHECK(wait_cast(&b, 2), "dispatch: done");
}

/* an NL lock kept for ever, converted up and down; 1 for all pointers, synchronous reads */
static void lvmlockd(void)
{
	struct lock a = { .name = 'a' }, b = { .name = 'b' };
	char v[DLM_LVB_LEN] = "generation 7";

	IS(lock(&a, LKM_NLMODE, LKF_EXPEDITE | LKF_VALBLK, "vg"), 0, "abi-22: NL EXPEDITE VALBLK");
	CHECK(wait_cast(&a, 1) && !a.lksb.sb_status, "abi-22: granted");
	IS(lock(&a, LKM_EXMODE, LKF_CONVERT | LKF_NOQUEUE | LKF_PERSISTENT | LKF_VALBLK, "vg"), 0,
	   "abi-22: convert to EX NOQUEUE PERSISTENT VALBLK, with the name again");
	CHECK(wait_cast(&a, 2) && !a.lksb.sb_status, "abi-22: granted");
	IS(a.lksb.sb_flags, 0, "abi-22: valid");
	IS(lock(&b, LKM_PRMODE, LKF_NOQUEUE | LKF_VALBLK, "vg"), 0, "abi-22: another's PR");
	CHECK(wait_cast(&b, 1), "abi-22: answered");
	IS(b.lksb.sb_status, EAGAIN, "abi-22: EAGAIN");
	memcpy(a.lvb, v, sizeof(v));
	IS(lock(&a, LKM_NLMODE, LKF_CONVERT | LKF_VALBLK, "vg"), 0, "abi-22: down to NL");
	CHECK(wait_cast(&a, 3) && !a.lksb.sb_status, "abi-22: granted");
	IS(lock(&b, LKM_PRMODE, LKF_VALBLK, "vg"), 0, "abi-22: new reader");
	CHECK(wait_cast(&b, 2) && !b.lksb.sb_status, "abi-22: granted");
	CHECK(!memcmp(b.lvb, v, sizeof(v)), "abi-22: reads what was written");
	IS(dlm_ls_unlock(ls, b.lksb.sb_lkid, 0, &b.lksb, &b), 0, "abi-22: unlock");
	CHECK(wait_cast(&b, 3), "abi-22: done");
	/* EX again; the daemon dies, the next one adopts */
	IS(lock(&a, LKM_EXMODE, LKF_CONVERT | LKF_NOQUEUE | LKF_PERSISTENT | LKF_VALBLK, "vg"), 0,
	   "abi-22: EX again");
	CHECK(wait_cast(&a, 4) && !a.lksb.sb_status, "abi-22: granted");
	CHECK(!memcmp(a.lvb, v, sizeof(v)), "abi-22: with the value");
	dlm_close_lockspace(ls);
	ls = dlm_open_lockspace("lt");
	memset(&b.lksb, 0, sizeof(b.lksb));
	IS(dlm_ls_lock(ls, LKM_PRMODE, &b.lksb, LKF_ORPHAN, "vg", 2, 0, (void *)1, (void *)1,
		       (void *)1, NULL), -1, "abi-22: adopt as PR");
	IS(errno, EAGAIN, "abi-22: EAGAIN");
	IS(dlm_ls_lock(ls, LKM_EXMODE, &b.lksb, LKF_ORPHAN | LKF_PERSISTENT, "vg", 2, 0, (void *)1,
		       (void *)1, (void *)1, NULL), 0, "abi-22: adopt as EX");
	IS(b.lksb.sb_lkid, a.lksb.sb_lkid, "abi-22: the same lock");
	IS(dlm_dispatch(dlm_ls_get_fd(ls)), 0, "abi-22: no callback to address 1");
	IS(lock(&b, LKM_NLMODE, LKF_CONVERT, ""), 0, "abi-22: down without PERSISTENT");
	CHECK(wait_cast(&b, 4), "abi-22: granted");
	dlm_close_lockspace(ls);
	ls = dlm_open_lockspace("lt");
	IS(dlm_ls_lock(ls, LKM_NLMODE, &b.lksb, LKF_ORPHAN, "vg", 2, 0, (void *)1, (void *)1,
		       (void *)1, NULL), -1, "abi-22: adopt after that");
	IS(errno, ENOENT, "abi-22: nothing was left");
	/* orphans of a dead daemon that nobody wants are purged */
	IS(lock(&b, LKM_EXMODE, LKF_PERSISTENT, "vg2"), 0, "abi-22: EX");
	CHECK(wait_cast(&b, 5), "abi-22: granted");
	dlm_close_lockspace(ls);
	ls = dlm_open_lockspace("lt");
	IS(dlm_ls_purge(ls, 0, 0), 0, "abi-22: purge");
	IS(lock(&b, LKM_EXMODE, LKF_NOQUEUE, "vg2"), 0, "abi-22: EX after it");
	CHECK(wait_cast(&b, 6) && !b.lksb.sb_status, "abi-22: granted");
	IS(dlm_ls_unlock(ls, b.lksb.sb_lkid, 0, &b.lksb, &b), 0, "abi-22: unlock");
	CHECK(wait_cast(&b, 7), "abi-22: done");
}

int main(void)
{
	t_init();
	ls = dlm_create_lockspace("lt", 0600);
	if (!CHECK(ls, "create: %s", strerror(errno)))
		return t_done();
	dispatch();
	lvmlockd();
	IS(dlm_release_lockspace("lt", ls, 0), 0, "release");
	CHECK(access(t_path("lt"), F_OK), "release: gone");
	return t_done();
}
