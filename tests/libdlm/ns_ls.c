// SPDX-License-Identifier: GPL-2.0
/* ns_ls join|leave NAME - for scripts: create, or force-release, a lockspace */
#include "t.h"

int main(int argc, char **argv)
{
	dlm_lshandle_t h;

	if (argc == 3 && !strcmp(argv[1], "join")) {
		h = dlm_create_lockspace(argv[2], 0600);
		if (h)
			return 0;
	} else if (argc == 3 && !strcmp(argv[1], "leave")) {
		h = dlm_open_lockspace(argv[2]);
		if (h && !dlm_release_lockspace(argv[2], h, 1))
			return 0;
	} else {
		fprintf(stderr, "usage: ns_ls join|leave NAME\n");
		return 2;
	}
	perror(argv[2]);
	return 1;
}
