// SPDX-License-Identifier: GPL-2.0
/* lang_smoke NAME: a lock, a wait, a conversion in an existing lockspace. */
#include "t.h"

int main(int argc, char **argv)
{
	int fd, id, w;

	t_init();
	fd = argc == 2 ? t_ls_open(argv[1]) : -EINVAL;
	if (!CHECK(fd >= 0, "open: %d", fd))
		return t_done();
	id = GRANT(fd, EX, 0, "smoke");
	w = t_lock(fd, PR, 0, "smoke", 1);
	BAST(fd, id, PR, "told");
	t_conv(fd, id, CR, 0);
	CAST(fd, id, 0, "converted");
	CAST(fd, w, 0, "granted");
	t_drop(fd, id);
	t_drop(fd, w);
	QUIET(fd, 0, "quiet");
	return t_done();
}
