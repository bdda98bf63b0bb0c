// SPDX-License-Identifier: GPL-2.0
/*
 * lt_rounds LOCKSPACE NAME N - takes a lock and gives it back, N times, one thing after the
 * other.  Before that, and after it, it prints "ready" and waits for a line.
 */
#include "t.h"

static dlm_lshandle_t ls;
static int casts;

static void on_cast(void *arg)
{
	(void)arg;
	casts++;
}

/* sleeps until the completion of the last operation was read */
static void complete(int n)
{
	struct pollfd p = { .fd = dlm_ls_get_fd(ls), .events = POLLIN };

	while (casts < n) {
		if (poll(&p, 1, T_WAIT_S * 1000 * t_factor()) != 1)
			T_DIE("no completion");
		if (dlm_dispatch(p.fd))
			T_DIE("dlm_dispatch");
	}
}

static void meet(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		T_DIE("nobody says that it goes on");
}

int main(int argc, char **argv)
{
	struct dlm_lksb l = { 0 };
	int i, n = argc == 4 ? atoi(argv[3]) : 0, did = 0;

	t_init();
	if (!n) {
		fprintf(stderr, "usage: lt_rounds LOCKSPACE NAME N\n");
		return 2;
	}
	ls = dlm_open_lockspace(argv[1]);
	if (!ls)
		T_DIE("open %s", argv[1]);
	for (i = -1; i < n; i++) {
		/* the first round finds the master */
		if (!i)
			meet();
		if (dlm_ls_lock(ls, LKM_PRMODE, &l, 0, argv[2], strlen(argv[2]), 0, on_cast, &l,
				NULL, NULL))
			T_DIE("lock");
		complete(++did);
		if (l.sb_status)
			T_DIE("lock: status %d", l.sb_status);
		if (dlm_ls_unlock(ls, l.sb_lkid, 0, &l, &l))
			T_DIE("unlock");
		complete(++did);
	}
	meet();
	return 0;
}
