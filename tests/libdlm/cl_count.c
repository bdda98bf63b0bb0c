// SPDX-License-Identifier: GPL-2.0
/*
 * Mutual exclusion over nodes: one process on each of them counts in a file that
 * all share, under an EX lock, and hands the count over in the value block, too.
 *
 *  - nobody else counts meanwhile, no count is lost
 *  - in the end it says how often others had a lock while it waited for it
 *  - the value block holds the count of the last holder, or is said to be invalid;
 *    with -s it is always valid
 *
 * usage: cl_count LOCKSPACE FILE NODE [-s] [-n ROUNDS] [-l LOCKS] [-w PROCESSES]
 *	  cl_count check FILE	when all have ended: is everything there?
 *	  cl_count sum FILE	how far they are
 *	  cl_count of FILE NODE	how far that one is
 *
 * With -w nobody begins before so many are there: a resource, and its value block,
 * ends with its last lock.  Without -n they end when there is a file FILE.stop.  Who is killed is announced
 * by a file FILE.NODE before.
 */
#include "t.h"

#define LOCKS	8
#define NODES	64

struct shared {
	struct {
		uint64_t count, holder;
	} lock[LOCKS];
	uint64_t done[NODES][LOCKS];
	uint64_t ready;
};

static struct shared *sh;
static const char *file;
static int node, nlocks = 1;
static bool strict;
static uint64_t passed_by, passed_by_max;	/* rounds of others while we waited */
static struct dlm_lksb sb[LOCKS];
static char lvb[LOCKS][DLM_LVB_LEN];
static dlm_lshandle_t ls;

__attribute__((format(printf, 2, 3), noreturn))
static void bad(int i, const char *fmt, ...)
{
	char b[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	printf("FAIL count: node %d lock %d after %lu rounds: %s\n", node, i,
	       (unsigned long)sh->done[node][i], b);
	fflush(stdout);
	_exit(1);
}

static bool dead(int n)
{
	char p[256];

	snprintf(p, sizeof(p), "%s.%d", file, n);
	return access(p, F_OK) == 0;
}

static bool stopped(void)
{
	char p[256];

	snprintf(p, sizeof(p), "%s.stop", file);
	return access(p, F_OK) == 0;
}

static void map(void)
{
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*sh)))
		T_DIE("open %s", file);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (sh == MAP_FAILED)
		T_DIE("map %s", file);
	close(fd);
}

static void lock(int i, int mode)
{
	char name[16];
	int r;

	snprintf(name, sizeof(name), "count%d", i);
	sb[i].sb_lvbptr = lvb[i];
	r = dlm_ls_lock_wait(ls, mode, &sb[i],
			     LKF_VALBLK | (sb[i].sb_lkid ? LKF_CONVERT : 0), name,
			     strlen(name), 0, NULL, NULL, NULL);
	if (r || sb[i].sb_status)
		bad(i, "lock %d: %d (errno %d) status %d", mode, r, errno, sb[i].sb_status);
}

static void round_of(int i)
{
	uint64_t h, c, v, before = __atomic_load_n(&sh->lock[i].count, __ATOMIC_SEQ_CST);
	bool invalid;

	lock(i, LKM_EXMODE);
	h = __atomic_exchange_n(&sh->lock[i].holder, node, __ATOMIC_SEQ_CST);
	if (h && !dead(h))
		bad(i, "node %d holds it, too", (int)h);
	c = sh->lock[i].count;
	passed_by += c - before;
	if (c - before > passed_by_max)
		passed_by_max = c - before;
	memcpy(&v, lvb[i], sizeof(v));
	invalid = sb[i].sb_flags & DLM_SBF_VALNOTVALID;
	if (invalid && strict)
		bad(i, "the value block is invalid");
	if (!invalid && v != c && !h)
		bad(i, "value block %lu, count %lu", (unsigned long)v, (unsigned long)c);
	if (!(c & 15))
		usleep(500);	/* let the others come into the queue */
	sh->lock[i].count = c + 1;
	sh->done[node][i]++;
	v = c + 1;
	memcpy(lvb[i], &v, sizeof(v));
	if (__atomic_exchange_n(&sh->lock[i].holder, 0, __ATOMIC_SEQ_CST) != (uint64_t)node)
		bad(i, "somebody else took it meanwhile");
	lock(i, LKM_NLMODE);
}

static int check(void)
{
	uint64_t sum;
	int i, n, killed = 0;

	for (n = 1; n < NODES; n++)
		killed += dead(n);
	for (i = 0; i < LOCKS; i++) {
		for (sum = 0, n = 0; n < NODES; n++)
			sum += sh->done[n][i];
		/* one that was killed may have stopped between the two */
		CHECK(sum == sh->lock[i].count ||
		      (sh->lock[i].count > sum && sh->lock[i].count <= sum + killed),
		      "count: lock %d: %lu counted, %lu done", i,
		      (unsigned long)sh->lock[i].count, (unsigned long)sum);
	}
	return t_done();
}

static int sum_of(int n)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < LOCKS; i++)
		sum += sh->done[n][i];
	printf("%lu\n", sum);
	return 0;
}

static int sum_up(void)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < LOCKS; i++)
		sum += sh->lock[i].count;
	printf("%lu\n", sum);
	return 0;
}

int main(int argc, char **argv)
{
	long rounds = 0, r;
	uint64_t wait = 0;
	int o, i;

	t_init();
	if (argc == 3) {
		file = argv[2];
		map();
		return strcmp(argv[1], "sum") ? check() : sum_up();
	}
	if (argc < 4)
		return 2;
	file = argv[2];
	node = atoi(argv[3]);
	if (node < 1 || node >= NODES)
		return 2;
	if (argc == 4 && !strcmp(argv[1], "of")) {
		map();
		return sum_of(node);
	}
	while ((o = getopt(argc - 3, argv + 3, "sn:l:w:")) != -1) {
		switch (o) {
		case 's': strict = true; break;
		case 'n': rounds = atol(optarg); break;
		case 'w': wait = atoi(optarg); break;
		case 'l': nlocks = atoi(optarg); break;
		default: return 2;
		}
	}
	if (nlocks < 1 || nlocks > LOCKS)
		return 2;
	t_deadline(300);
	map();
	ls = dlm_open_lockspace(argv[1]);
	if (!ls || dlm_ls_pthread_init(ls))
		T_DIE("open %s", argv[1]);
	for (i = 0; i < nlocks; i++)
		lock(i, LKM_NLMODE);
	__atomic_fetch_add(&sh->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&sh->ready, __ATOMIC_SEQ_CST) < wait)
		usleep(2000);
	for (r = 0; rounds ? r < rounds : !stopped(); r++)
		round_of(r % nlocks);
	printf("node %d: %ld rounds; others had the lock %.1f times while it waited, at most %lu\n",
	       node, r, r ? (double)passed_by / r : 0.0, (unsigned long)passed_by_max);
	return 0;
}
