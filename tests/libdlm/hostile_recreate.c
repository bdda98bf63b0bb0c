// SPDX-License-Identifier: GPL-2.0
/*
 * Create, use and release one lockspace again and again, through libdlm, while
 * udev (if it runs) comes behind with its own opinion of /dev/misc.
 *
 * usage: hostile_recreate NAME ROUNDS
 */
#include "t.h"

static bool settled(void)
{
	/* no udevd, nothing to wait for */
	return access("/run/udev/control", F_OK) ||
	       system("udevadm settle --timeout=120") == 0;
}

/* take and drop a lock through a handle opened by path */
static bool usable(const char *name, int minor)
{
	dlm_lshandle_t h = dlm_open_lockspace(name);
	struct t_ev e;
	bool ok;
	int fd, id;

	if (!h)
		return false;
	fd = dlm_ls_get_fd(h);
	id = t_lock(fd, EX, 0, "res", 0x10);
	ok = t_minor(fd) == minor && id > 0 && !t_get(fd, id, false, &e) && !e.status;
	dlm_close_lockspace(h);
	return ok;
}

int main(int argc, char **argv)
{
	int i, n = argc > 2 ? atoi(argv[2]) : 0, now = 0, later = 0, gone = 0, m;
	const char *name = argc > 1 ? argv[1] : "x";
	struct stat st;
	dlm_lshandle_t h;

	t_init();
	t_deadline(240);
	for (i = 0; i < n; i++) {
		/* released before udev has seen it come */
		h = dlm_create_lockspace(name, 0600);
		if (!h)
			T_DIE("create, round %d", i);
		dlm_release_lockspace(name, h, 1);
		gone += access(t_path(name), F_OK) != 0;
		h = dlm_create_lockspace(name, 0600);
		if (!h)
			T_DIE("create again, round %d", i);
		m = t_minor(dlm_ls_get_fd(h));
		now += usable(name, m);
		if (!settled())
			T_DIE("udevadm settle");
		if (!stat(t_path(name), &st) && S_ISCHR(st.st_mode) &&
		    (int)minor(st.st_rdev) == m && usable(name, m))
			later++;
		else
			printf("round %d: the node is missing or wrong\n", i);
		dlm_release_lockspace(name, h, 1);
		if (i % 2)	/* every other time the next create comes at once */
			settled();
	}
	IS(now, n, "recreate: usable when create returns");
	IS(later, n, "recreate: there and usable when udev has done its work");
	IS(gone, n, "recreate: gone when release returns");
	return t_done();
}
