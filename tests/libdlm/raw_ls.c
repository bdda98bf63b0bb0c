// SPDX-License-Identifier: GPL-2.0
/*
 * Lockspaces from the shell.  Prints the kernel's answer: a number, or the name
 * of the error; exit status 1 for errors.
 *
 *	raw_ls create NAME [FLAGS]	raw_ls remove NAME|MINOR [force]
 *	raw_ls hold NAME [MODE RESOURCE [FLAGS [VALUE]]]...
 *		opens NAME, takes the locks (a lock that waits stays waiting), says
 *		"holding" and keeps all until it is killed.  VALUE is written to the
 *		value block by a conversion, or is >MODE to convert to a mode
 */
#include "t.h"

static int answer(int r)
{
	if (r < 0)
		printf("%s\n", strerrorname_np(-r) ?: "?");
	else
		printf("%d\n", r);
	return r < 0;
}

static int hold(int argc, char **argv)
{
	struct t_op o;
	char lvb[DLM_LVB_LEN];
	int fd, r, i;

	fd = t_ls_open(argv[0]);
	if (fd < 0)
		return answer(fd);
	for (i = 1; i + 1 < argc; i += 4) {
		o = (struct t_op)T_OP(0x10);
		o.mode = atoi(argv[i]);
		o.name = argv[i + 1];
		o.namelen = strlen(argv[i + 1]);
		o.flags = i + 2 < argc ? strtoul(argv[i + 2], NULL, 0) : 0;
		o.xid = 77;
		r = t_op(fd, &o);
		if (r > 0 && i + 3 < argc && *argv[i + 3] == '>') {
			t_conv(fd, r, atoi(argv[i + 3] + 1), o.flags);
		} else if (r > 0 && i + 3 < argc && *argv[i + 3]) {
			memset(lvb, 0, sizeof(lvb));
			strncpy(lvb, argv[i + 3], sizeof(lvb) - 1);
			t_conv_lvb(fd, r, o.mode, o.flags, lvb);
		}
		answer(r);
	}
	printf("holding\n");
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct stat st;
	int minor;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "create"))
		return answer(t_create(t_control(), argv[2],
				       argc > 3 ? strtoul(argv[3], NULL, 0) : 0));
	if (!strcmp(argv[1], "remove")) {
		minor = stat(t_path(argv[2]), &st) ? atoi(argv[2]) : (int)minor(st.st_rdev);
		return answer(t_remove(t_control(), minor, argc > 3 ? DLM_USER_LSFLG_FORCEFREE : 0));
	}
	if (!strcmp(argv[1], "hold"))
		return hold(argc - 2, argv + 2);
	return 2;
}
