// SPDX-License-Identifier: GPL-2.0
/*
 * tsc - print how many thousand ticks a second this machine's time stamp counter makes, which
 * is what TCG shows to its guests. A guest that finds out by itself while it does not get
 * a processor is wrong, and its clock runs at a tenth, or ten times its speed from then on.
 * Prints nothing where there is no such counter.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>

struct point {
	uint64_t tsc, ns;
};

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* both at the same time: the closest of several tries */
static struct point point(void)
{
	struct point p = { 0 };
	uint64_t before, after, best = -1;

	for (int i = 0; i < 1000; i++) {
		uint64_t ns;

		before = __rdtsc();
		ns = clock_ns();
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		p = (struct point){ before + best / 2, ns };
	}
	return p;
}

int main(void)
{
	struct timespec nap = { .tv_nsec = 100000000 };
	struct point a = point(), b;

	nanosleep(&nap, NULL);
	b = point();
	printf("%.0f\n", (double)(b.tsc - a.tsc) * 1e6 / (b.ns - a.ns));
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
