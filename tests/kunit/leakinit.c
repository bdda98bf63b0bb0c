// SPDX-License-Identifier: GPL-2.0
/*
 * leakinit - /init of the debug flavour: after the suites have run, ask kmemleak
 * for what they left behind, print it on the console and reboot.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static int command(const char *what)
{
	int fd = open("/debug/kmemleak", O_WRONLY);
	int ok = fd >= 0 && write(fd, what, strlen(what)) == (ssize_t)strlen(what);

	close(fd);
	return ok;
}

static void report(void)
{
	char buf[4096];
	ssize_t n;
	int fd = open("/debug/kmemleak", O_RDONLY);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	close(fd);
}

int main(void)
{
	mkdir("/dev", 0755);
	mkdir("/debug", 0755);
	mount("none", "/dev", "devtmpfs", 0, NULL);
	mount("none", "/debug", "debugfs", 0, NULL);
	freopen("/dev/console", "w", stdout);
	/* kmemleak reports no object that is younger than five seconds */
	sleep(6);
	/* what a register or a stack still points at in one scan is gone in the next */
	if (command("scan") && command("scan")) {
		report();
		printf("kmemleak scan done\n");
	}
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	reboot(RB_AUTOBOOT);
	return 1;
}
