// SPDX-License-Identifier: GPL-2.0
/*
 * What happens between insmod and rmmod in the reload test: several
 * lockspaces, locks in every state, orphans, dead handles, then all released.
 */
#include "t.h"

static void use(const char *name, bool leave)
{
	int fd = t_ls_new(name, 0), other = t_ls_open(name), m = t_minor(fd), i, ctl, id;
	char res[32];

	for (i = 0; i < 50; i++) {
		snprintf(res, sizeof(res), "res%d", i);
		id = t_lock(fd, EX, i % 2 ? LKF_VALBLK : LKF_PERSISTENT, res, 0x10);
		t_lock(other, i % 6, i % 3 ? 0 : LKF_NOQUEUE, res, 0x20);
		if (i % 5 == 0)
			t_conv_lvb(fd, id, PR, LKF_VALBLK, "0123456789abcdef0123456789abcde");
		if (i % 7 == 0)
			t_unlock(fd, id, 0);
	}
	if (!leave) {
		close(fd);
		close(other);
	}
	ctl = t_control();
	IS(t_remove(ctl, m, DLM_USER_LSFLG_FORCEFREE), 0, "reload: release %s", name);
	close(ctl);
	if (leave) {	/* dead handles, closed after the lockspace went */
		close(fd);
		close(other);
	}
}

int main(void)
{
	t_init();
	use("one", false);
	OURS(use("two", true));
	use("three", false);
	return t_done();
}
