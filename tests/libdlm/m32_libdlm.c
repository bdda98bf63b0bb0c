// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program with the distribution's own 32-bit libdlm: create, lock,
 * convert with a value block, unlock, release.
 */
#define _REENTRANT	1	/* the calls that need the reader thread */
#include "t.h"

static volatile int blocked;

static void on_bast(void *arg)
{
	(void)arg;
	blocked++;
}

int main(void)
{
	char one[DLM_LVB_LEN], two[DLM_LVB_LEN];
	struct dlm_lksb a = { .sb_lvbptr = one }, b = { .sb_lvbptr = two };
	dlm_lshandle_t ls, again;
	uint32_t v[3];

	t_init();
	IS(sizeof(void *), 4, "m32: a 32-bit program");
	IS(dlm_kernel_version(&v[0], &v[1], &v[2]), 0, "m32: kernel version");
	CHECK(v[0] == 6 && v[1] == 0 && v[2] == 2, "m32: it is 6.0.2");
	ls = dlm_create_lockspace("libdlm32", 0640);
	CHECK(ls, "m32: create");
	if (!ls)
		return t_done();
	again = dlm_create_lockspace("libdlm32", 0640);
	CHECK(!again && errno == EEXIST, "m32: second create");
	again = dlm_open_lockspace("libdlm32");
	CHECK(again, "m32: open");
	IS(dlm_ls_pthread_init(ls), 0, "m32: reader thread");
	IS(dlm_ls_pthread_init(again), 0, "m32: another");

	IS(dlm_ls_lock_wait(ls, EX, &a, LKF_VALBLK, "resource", 8, 0, NULL, on_bast, NULL), 0,
	   "m32: lock EX");
	IS(a.sb_status, 0, "m32: granted");
	CHECK(a.sb_lkid, "m32: lock id");
	IS(dlm_ls_lock_wait(again, EX, &b, LKF_NOQUEUE, "resource", 8, 0, NULL, NULL, NULL) != 0 ||
	   b.sb_status == EAGAIN, 1, "m32: EX for another is refused");
	IS(dlm_ls_lock_wait(again, PR, &b, LKF_NOQUEUE | LKF_NOQUEUEBAST, "resource", 8, 0, NULL,
			    NULL, NULL) != 0 || b.sb_status == EAGAIN, 1, "m32: PR too");
	CHECK(T_UNTIL(blocked == 1), "m32: the holder is told");
	memcpy(one, "0123456789abcdef0123456789ABCDEF", DLM_LVB_LEN);
	IS(dlm_ls_lock_wait(ls, NL, &a, LKF_CONVERT | LKF_VALBLK, "", 0, 0, NULL, NULL, NULL), 0,
	   "m32: convert to NL stores the value block");
	memset(two, 0, DLM_LVB_LEN);
	IS(dlm_ls_lock_wait(again, PR, &b, LKF_VALBLK, "resource", 8, 0, NULL, NULL, NULL), 0,
	   "m32: lock PR with VALBLK");
	IS(b.sb_status, 0, "m32: granted");
	CHECK(!memcmp(one, two, DLM_LVB_LEN), "m32: the value block arrives");
	IS(b.sb_flags, 0, "m32: it is valid");
	IS(dlm_ls_unlock_wait(again, b.sb_lkid, 0, &b), 0, "m32: unlock");
	IS(b.sb_status, EUNLOCK, "m32: EUNLOCK");
	IS(dlm_ls_unlock_wait(ls, a.sb_lkid, 0, &a), 0, "m32: unlock the first");
	IS(dlm_close_lockspace(again), 0, "m32: close");
	IS(dlm_release_lockspace("libdlm32", ls, 0), 0, "m32: release");
	CHECK(access(T_DEV "libdlm32", F_OK), "m32: the device is gone");
	return t_done();
}
