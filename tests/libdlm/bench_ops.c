// SPDX-License-Identifier: GPL-2.0
/*
 * What lock operations cost through stock libdlm: the same program for any
 * dlm.ko.  It counts time stamp ticks, which under QEMU's -icount shift=0 are
 * instructions of the guest and repeat exactly.
 *
 * An operation is the library call and one read() for its completion, as a
 * program does that has its own event loop.  "dispatch" is the same conversion
 * with the library's dlm_dispatch(), which adds four system calls of its own.
 *
 * usage: bench_ops [-n OPERATIONS] [-h HELD]
 * Prints lines "NAME VALUE": ticks per operation, or bytes per lock.
 */
#include "t.h"
#include <x86intrin.h>

static dlm_lshandle_t ls;
static int fd, done;
static char (*names)[16];

static void on_ast(void *arg)
{
	(void)arg;
	done++;
}

static void take_one(struct dlm_lksb *lksb, int want)
{
	struct {
		struct dlm_lock_result r;
		char lvb[DLM_LVB_LEN];
	} b;

	if (read(fd, &b, sizeof(b)) < (ssize_t)sizeof(b.r) || b.r.user_lksb != lksb ||
	    b.r.lksb.sb_status != -want)
		T_DIE("status %d, wanted %d", b.r.lksb.sb_status, -want);
	lksb->sb_lkid = b.r.lksb.sb_lkid;
	lksb->sb_status = want;
}

static void request(struct dlm_lksb *lksb, int mode, int flags, const char *name)
{
	if (dlm_ls_lock(ls, mode, lksb, flags, name, strlen(name), 0, on_ast, lksb, NULL, NULL))
		T_DIE("dlm_ls_lock %s", name);
}

static void lock(struct dlm_lksb *lksb, int mode, int flags, const char *name)
{
	request(lksb, mode, flags, name);
	take_one(lksb, 0);
}

static void unlock(struct dlm_lksb *lksb)
{
	if (dlm_ls_unlock(ls, lksb->sb_lkid, 0, lksb, lksb))
		T_DIE("dlm_ls_unlock");
	take_one(lksb, EUNLOCK);
}

static void report(const char *what, unsigned long long ticks, int n)
{
	printf("%s %llu\n", what, (ticks + n / 2) / n);
}

/* pages that all slab caches have, in bytes */
static long slab_bytes(void)
{
	unsigned long pages, slabs;
	char line[512], *p;
	long sum = 0;
	FILE *f = fopen("/proc/slabinfo", "r");

	if (!f)
		T_DIE("/proc/slabinfo");
	while (fgets(line, sizeof(line), f)) {
		p = strstr(line, " : slabdata ");
		if (!p || sscanf(line, "%*s %*u %*u %*u %*u %lu", &pages) != 1 ||
		    sscanf(p, " : slabdata %*u %lu", &slabs) != 1)
			continue;
		sum += slabs * pages * 4096;
	}
	fclose(f);
	return sum;
}

static void converts(int n)
{
	struct dlm_lksb l = { 0 };
	unsigned long long t;
	int i, before;

	lock(&l, PR, 0, "convert");
	for (i = 0; i < 100; i++)
		lock(&l, i % 2 ? PR : EX, LKF_CONVERT, "convert");
	t = __rdtsc();
	for (i = 0; i < n; i++)
		lock(&l, i % 2 ? PR : EX, LKF_CONVERT, "convert");
	report("convert", __rdtsc() - t, n);

	before = done;
	t = __rdtsc();
	for (i = 0; i < n; i++) {
		request(&l, i % 2 ? PR : EX, LKF_CONVERT, "convert");
		dlm_dispatch(fd);
	}
	report("dispatch", __rdtsc() - t, n);
	if (done - before != n)
		T_DIE("%d completions of %d", done - before, n);
	unlock(&l);
}

static void fresh(int n)
{
	struct dlm_lksb l = { 0 };
	unsigned long long t;
	int i;

	for (i = 0; i < 100; i++) {
		lock(&l, EX, 0, names[n + i]);
		unlock(&l);
	}
	t = __rdtsc();
	for (i = 0; i < n; i++) {
		lock(&l, EX, 0, names[i]);
		unlock(&l);
	}
	report("fresh", __rdtsc() - t, n);
}

static void held(int n, int first)
{
	struct dlm_lksb *l = calloc(n, sizeof(*l));
	unsigned long long t, u;
	long bytes;
	int i;

	memset(l, 0, n * sizeof(*l));	/* its page faults are not the module's */
	bytes = slab_bytes();
	t = __rdtsc();
	for (i = 0; i < n; i++)
		lock(&l[i], EX, 0, names[first + i]);
	t = __rdtsc() - t;
	bytes = slab_bytes() - bytes;
	u = __rdtsc();
	for (i = 0; i < n; i++)
		unlock(&l[i]);
	u = __rdtsc() - u;
	report("held", t + u, n);
	report("held-lock", t, n);
	report("held-unlock", u, n);
	report("bytes", bytes, n);
	free(l);
}

int main(int argc, char **argv)
{
	int n = 1000, h = 20000, o, i;

	t_init();
	while ((o = getopt(argc, argv, "n:h:")) != -1) {
		if (o == 'n')
			n = atoi(optarg);
		else if (o == 'h')
			h = atoi(optarg);
		else
			return 2;
	}
	names = calloc(n + 100 + h, sizeof(*names));
	for (i = 0; i < n + 100 + h; i++)
		snprintf(names[i], sizeof(*names), "r%07x", i);
	ls = dlm_create_lockspace("bench", 0600);
	if (!ls)
		T_DIE("create");
	fd = dlm_ls_get_fd(ls);
	converts(n);
	fresh(n);
	held(h, n + 100);
	return dlm_release_lockspace("bench", ls, 1) != 0;
}
