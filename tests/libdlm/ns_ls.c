// SPDX-License-Identifier: GPL-2.0
/*
 * ns_ls join NAME [nodir|timewarn], ns_ls leave|release NAME - for scripts: create a
 * lockspace, release it with force, or without.  An error is printed as strerror() says it.
 */
#include "t.h"

/* libdlm does not tell what the kernel answered */
static int release(const char *name)
{
	int fd = t_ls_open(name), ctl = t_control(), m = fd < 0 ? fd : t_minor(fd), r;

	if (fd >= 0)
		close(fd);
	r = m < 0 ? m : t_remove(ctl, m, 0);
	errno = -r;
	return r < 0;
}

static bool join(const char *name, uint32_t flags)
{
	int r;

	if (!(flags & DLM_LSFL_TIMEWARN))
		return dlm_new_lockspace(name, 0600, flags);
	/* which libdlm would leave out */
	r = t_create(t_control(), name, flags);
	errno = -r;
	return r >= 0 && dlm_open_lockspace(name);
}

int main(int argc, char **argv)
{
	dlm_lshandle_t h;
	uint32_t flags = 0;

	if (argc == 4)
		flags = !strcmp(argv[3], "nodir") ? DLM_LSFL_NODIR :
			!strcmp(argv[3], "timewarn") ? DLM_LSFL_TIMEWARN : 0;
	if ((argc == 3 || flags) && !strcmp(argv[1], "join")) {
		if (join(argv[2], flags))
			return 0;
	} else if (argc == 3 && !strcmp(argv[1], "leave")) {
		h = dlm_open_lockspace(argv[2]);
		if (h && !dlm_release_lockspace(argv[2], h, 1))
			return 0;
	} else if (argc == 3 && !strcmp(argv[1], "release")) {
		if (!release(argv[2]))
			return 0;
	} else {
		fprintf(stderr, "usage: see the top of ns_ls.c\n");
		return 2;
	}
	perror(argv[2]);
	return 1;
}
