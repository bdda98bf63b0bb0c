// SPDX-License-Identifier: GPL-2.0
/*
 * Hostile programs: random and half-valid writes and reads at dlm-control and
 * at lockspace handles, from several processes, with and without
 * CAP_SYS_ADMIN, while others create and force-release the same lockspaces.
 *
 * Every call must end, with an error from the list that the interface knows, and
 * in the end everything can be released.
 *
 * usage: hostile_fuzz [-n CALLS] [-p PROCESSES] [-c CREATORS] [-s SEED]
 *		       [-t DEADLINE] [-f]
 *  -n  in all; fewer if lockspaces are so short-lived that handles are rare
 *  -f  fault injection in all processes: ENOMEM is on the list, too
 */
#include "t.h"
#include <ctype.h>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <linux/capability.h>

#define MAX_PROCS	16
#define NAMES		5
#define HANDLES		6

struct shared {
	unsigned long calls[MAX_PROCS], good[MAX_PROCS], created, removed, nomem;
	unsigned int minors[NAMES];
	int stop;
};

static struct shared *sh;
static unsigned long ncalls = 20000;
static int procs = 4, creators = 2, limit = 600, me;
static unsigned int seed, rng;
static bool faults, capable = true;
static int ctl = -1, fds[HANDLES];
static unsigned char *edge;	/* the last writable byte is edge[-1] */

static unsigned int rnd(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return rng % n;
}

static const char *name_of(int i)
{
	static const char *const n[NAMES] = { "fuzz0", "fuzz1", "fuzz2", "a-b.c", "X" };

	return n[i];
}

__attribute__((format(printf, 1, 2), noreturn))
static void bad(const char *fmt, ...)
{
	char b[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	printf("FAIL fuzz: process %d, call %lu: %s (seed %u)\n", me, sh->calls[me], b, seed);
	fflush(stdout);
	_exit(1);
}

/* does the interface know this answer? */
static void judge(const char *what, int r)
{
	sh->calls[me]++;
	if (r >= 0) {
		sh->good[me]++;
		return;
	}
	switch (-r) {
	case EINVAL:
	case EBADE:
	case EFAULT:
	case EBUSY:
	case EEXIST:
	case ENOENT:
	case ENODEV:
	case EAGAIN:
	case EINTR:
	case ENOBUFS:	/* purge on a node that is not there */
		return;
	case EPERM:
		if (!capable)
			return;
		break;
	case ENOMEM:
		if (faults) {
			sh->nomem++;
			return;
		}
		break;
	}
	bad("%s: %s", what, strerror(-r));
}

/* --- what to send -------------------------------------------------------- */

static uint32_t number(void)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 127, 255, 256, 10000,
	};

	switch (rnd(4)) {
	case 0:
		return odd[rnd(sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return 1 << rnd(32);
	case 2:
		return rnd(2000);	/* ids that may exist */
	}
	return rng * 2654435761u;
}

static void noise(void *p, int len)
{
	unsigned char *b = p;

	while (len--)
		*b++ = rnd(256);
}

/* a request that is right but for what was rolled */
static int half_valid(struct t_req *q, bool control)
{
	struct dlm_lock_params *l = &q->r.i.lock;
	int len = T_REQ, n;

	*q = t_req(control ? DLM_USER_CREATE_LOCKSPACE + rnd(2) :
		   rnd(4) ? DLM_USER_LOCK + rnd(2) : DLM_USER_PURGE + rnd(2));
	if (!rnd(12))
		q->r.cmd = rnd(10);
	if (!rnd(20))
		q->r.version[rnd(3)] = number();
	if (!rnd(10))
		q->r.is64bit = rnd(3);
	if (control) {
		q->r.i.lspace.flags = rnd(2) ? DLM_USER_LSFLG_FORCEFREE : rnd(16) ? rnd(16) : number();
		/* mostly a lockspace that is there */
		q->r.i.lspace.minor = rnd(4) ? sh->minors[rnd(NAMES)] : number();
		n = snprintf(q->r.i.lspace.name, DLM_LOCKSPACE_LEN, "%s", name_of(rnd(NAMES)));
		if (!rnd(16))
			q->r.i.lspace.name[rnd(n)] = rnd(256);
		return len + n * rnd(2);
	}
	l->mode = rnd(12) ? rnd(6) : rnd(256);
	l->flags = rnd(3) ? 1u << rnd(19) : number();
	if (!rnd(3))
		l->flags |= LKF_CONVERT;
	if (q->r.cmd == DLM_USER_UNLOCK && rnd(4))
		l->flags &= LKF_CANCEL | LKF_VALBLK | LKF_IVVALBLK | LKF_FORCEUNLOCK;
	if (!rnd(3))
		l->flags = 0;
	l->lkid = number();
	l->xid = rng;
	l->timeout = number();
	l->castaddr = rnd(20) ? T_CAST : NULL;
	l->bastaddr = rnd(4) ? T_BAST : NULL;
	l->lksb = (void *)(rnd(20) ? 0x10ul : 0ul);
	if (q->r.cmd == DLM_USER_PURGE) {
		q->r.i.purge.nodeid = rnd(3) ? 0 : number();
		q->r.i.purge.pid = rnd(2) ? (uint32_t)getpid() : rnd(2) * number();
		return len;
	}
	n = rnd(12) ? 4 : rnd(65);
	l->namelen = rnd(16) ? (unsigned int)n : rnd(256);
	memset(q->tail, 'a' + rnd(3), n);
	if (!rnd(8))
		noise(q->tail, n);
	return len + n;
}

static int control_fd(void)
{
	if (ctl < 0 || !rnd(200)) {
		int n = open(T_CTL, O_RDWR);

		if (n < 0)
			judge("open control", -errno);
		if (ctl >= 0)
			close(ctl);
		ctl = n;
	}
	return ctl;
}

static void try_write(void)
{
	bool control = !rnd(40);	/* these are slow */
	int fd = control ? control_fd() : fds[rnd(HANDLES)], len, r;
	struct t_req q;

	if (fd < 0)
		return;
	/* now and then the other device gets it */
	len = half_valid(&q, control ^ !rnd(40));
	if (!rnd(8)) {
		len = rnd(260);
		if (len > (int)sizeof(q))
			len = sizeof(q);
	}
	if (!rnd(10))
		noise((char *)&q + rnd(len ? len : 1), 1 + rnd(4));
	if (!rnd(30))
		noise(&q, sizeof(q));
	if (!rnd(20)) {		/* the end of it is not mapped */
		memcpy(edge - sizeof(q), &q, sizeof(q));
		r = t_write(fd, edge - rnd(len + 1), len);
	} else {
		r = t_write(fd, &q, len);
	}
	judge(control ? "write control" : "write", r);
}

static void try_read(void)
{
	static const int size[] = { 12, 72, 104, 104, 104, 84, 52, 0, 1, 71, 103, 200 };
	int fd = rnd(12) ? fds[rnd(HANDLES)] : control_fd(), len, r;
	char b[256];

	if (fd < 0)
		return;
	len = rnd(8) ? size[rnd(sizeof(size) / sizeof(size[0]))] : (int)rnd(256);
	if (!rnd(30)) {
		r = t_read(fd, edge - rnd(len + 1), len);
	} else {
		memset(b, 0x5a, sizeof(b));
		r = t_read(fd, b, len);
		if (r > len)
			bad("read of %d bytes returned %d", len, r);
		for (; r >= 0 && len < (int)sizeof(b); len++)
			if (b[len] != 0x5a)
				bad("read wrote behind its %d bytes", len);
	}
	judge("read", r);
}

static void reopen(void)
{
	int *fd = &fds[rnd(HANDLES)];

	if (*fd >= 0)
		close(*fd);
	/* blocking handles are ended by the interval timer */
	*fd = open(t_path(name_of(rnd(NAMES))), O_RDWR | (rnd(10) ? O_NONBLOCK : 0));
	if (*fd < 0)
		judge("open", -errno);
}

static void on_timer(int sig)
{
	(void)sig;
}

/* neither the timer nor the death signal is inherited */
static void tick(void)
{
	struct sigaction sa = { .sa_handler = on_timer };	/* no SA_RESTART */
	/* where a tick takes its time there must be some left between two */
	struct timeval every = { 0, 3000 * t_factor() };
	struct itimerval it = { every, every };

	/* the parent is the one who watches the clock */
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void forked(void)
{
	pid_t p = fork();

	if (p < 0)
		return;
	if (!p) {		/* shares all handles and dies with some of them */
		tick();
		rng ^= getpid() * 7919u;
		for (int i = 0; i < 20; i++) {
			try_write();
			try_read();
		}
		_exit(0);
	}
	while (waitpid(p, NULL, 0) != p)
		if (errno != EINTR)
			bad("waitpid: %s", strerror(errno));
}

static void drop_cap(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		T_DIE("capget");
	d[0].effective &= ~(1u << CAP_SYS_ADMIN);
	d[0].permitted &= ~(1u << CAP_SYS_ADMIN);
	if (syscall(SYS_capset, &h, d))
		T_DIE("capset");
	capable = false;
}

static void inject(void)
{
	int f = open("/proc/self/make-it-fail", O_WRONLY);

	if (f < 0 || write(f, "1", 1) != 1)
		T_DIE("make-it-fail");
	close(f);
}

static void start(void *arg)
{
	int i;

	me = (long)arg;
	rng = seed * 2654435761u + me * 40503u + 1;
	if (!rng)
		rng = 1;
	for (i = 0; i < HANDLES; i++)
		fds[i] = -1;
	tick();
}

static int fuzzer(void *arg)
{
	unsigned long turn;

	start(arg);
	if (me % 2)
		drop_cap();
	if (faults)
		inject();
	/* who has no handle mostly turns without a call, and what is left are the slow ones */
	for (turn = 0; sh->calls[me] < ncalls && turn < 4 * ncalls && !sh->stop; turn++) {
		unsigned int k = rnd(100);

		if (k < 50)
			try_write();
		else if (k < 92)
			try_read();
		else if (k < 93 && !rnd(8))
			forked();
		else if (!rnd(4))
			reopen();
	}
	return 0;
}

/*
 * Somebody else made it: find its minor, so that it can be removed again.  Where
 * memory fails, its node in /dev may be missing or a dead one's.
 */
static void learn(int i)
{
	FILE *f = fopen("/proc/misc", "r");
	char line[200], name[200];
	int m;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%d dlm-ls_%199s", &m, name) == 2 && !strcmp(name, name_of(i)))
			sh->minors[i] = m;
	fclose(f);
}

static int creator(void *arg)
{
	int i, r;

	start(arg);
	ctl = t_control();
	if (faults)
		inject();
	while (!sh->stop) {
		i = rnd(NAMES);
		r = t_create(ctl, name_of(i), rnd(16));
		judge("create", r);
		if (r >= 0) {
			sh->minors[i] = r;
			sh->created++;
		} else if (r == -EEXIST) {
			learn(i);
		}
		/* leave the devices to the others now and then */
		usleep(rnd(10000));
		i = rnd(NAMES);
		r = t_remove(ctl, sh->minors[i], rnd(4) ? DLM_USER_LSFLG_FORCEFREE : 0);
		judge("remove", r);
		if (!r)
			sh->removed++;
	}
	return 0;
}

/* --- parent ------------------------------------------------------------- */

/* one of the names that creators use? */
static bool is_known(const char *misc_name)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (!strcmp(misc_name + strlen("dlm-ls_"), name_of(i)))
			return true;
	return false;
}

/*
 * Release the lockspaces that /proc/misc shows, or only those with names that some
 * fuzzer made up: nobody else would, and minors are few.  The list shrinks under
 * the reader, so it is read in whole first.
 * Returns the number of lockspaces that do not go.
 */
static int release_all(bool strays)
{
	static char list[1 << 16];
	int left = 0, m, c = t_control(), r, n = 0, fd = open("/proc/misc", O_RDONLY);
	char *line, *next, name[200];

	while ((r = read(fd, list + n, sizeof(list) - 1 - n)) > 0)
		n += r;
	close(fd);
	list[n] = 0;
	for (line = list; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (sscanf(line, "%d %199s", &m, name) != 2)
			continue;
		if (strncmp(name, "dlm-ls_", 7) &&
		    (strncmp(name, "dlm_", 4) || !strcmp(name, "dlm_plock")))
			continue;
		if (strays && is_known(name))
			continue;
		r = t_remove(c, m, DLM_USER_LSFLG_FORCEFREE);
		if (r && !strays) {
			printf("release of %s (minor %d): %d\n", name, m, r);
			left++;
		}
	}
	close(c);
	return left;
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static unsigned long sum(const unsigned long *v)
{
	unsigned long s = 0;
	int i;

	for (i = 0; i < procs; i++)
		s += v[i];
	return s;
}

static bool watch(pid_t *pid)
{
	double begin = t_now(), next = begin + 2;
	int left = procs, st, p;
	bool ok = true;
	pid_t w;

	while (left && ok && t_now() < begin + limit * t_factor()) {
		w = waitpid(-1, &st, WNOHANG);
		for (p = 0; w > 0 && p < procs + creators; p++)
			if (pid[p] == w) {
				pid[p] = 0;
				left -= p < procs;
				ok &= p < procs && WIFEXITED(st) && !WEXITSTATUS(st);
			}
		if (t_now() > next) {
			printf("%5.1f s: %lu calls, %lu accepted, %lu created, %lu released\n",
			       t_now() - begin, sum(sh->calls), sum(sh->good), sh->created,
			       sh->removed);
			next += 3;
			release_all(true);
		}
		usleep(10000);
	}
	if (left && ok)
		printf("deadline: %d processes still run\n", left);
	sh->stop = 1;
	return ok && !left;
}

int main(int argc, char **argv)
{
	pid_t pid[2 * MAX_PROCS];
	int o, p, ended = 0;
	bool ok;

	t_init();
	seed = time(NULL) ^ getpid();
	while ((o = getopt(argc, argv, "n:p:c:s:t:f")) != -1) {
		switch (o) {
		case 'n': ncalls = atol(optarg); break;
		case 'p': procs = atoi(optarg); break;
		case 'c': creators = atoi(optarg); break;
		case 's': seed = strtoul(optarg, NULL, 0); break;
		case 't': limit = atoi(optarg); break;
		case 'f': faults = true; break;
		default: return 2;
		}
	}
	if (procs < 1 || creators < 0 || procs + creators > MAX_PROCS)
		return 2;
	ncalls /= procs;
	t_deadline(limit + 60);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 4096, 4096);
	edge += 4096;
	printf("seed %u, %d processes, %d creators, %lu calls each\n", seed, procs, creators,
	       ncalls);
	for (p = 0; p < procs + creators; p++)
		pid[p] = t_child(p < procs ? fuzzer : creator, (void *)(long)p);
	ok = watch(pid);
	CHECK(ok, "fuzz: %lu calls of %d processes, seed %u", sum(sh->calls), procs, seed);
	CHECK(sum(sh->calls) > ncalls * procs / 4, "fuzz: most handles were open");
	CHECK(sh->created > 10 && sh->removed > 10, "fuzz: lockspaces came and went (%lu, %lu)",
	      sh->created, sh->removed);
	CHECK(!faults || sh->nomem, "fuzz: memory was refused %lu times", sh->nomem);
	for (p = 0; p < procs + creators; p++)
		if (pid[p])
			kill(pid[p], SIGKILL);
	while (T_UNTIL(waitpid(-1, NULL, WNOHANG)) && errno != ECHILD)
		ended++;
	CHECK(errno == ECHILD, "fuzz: every process can be ended");
	IS(release_all(false), 0, "fuzz: lockspaces that cannot be released");
	IS(entries("/sys/kernel/dlm"), 0, "fuzz: entries left in /sys/kernel/dlm");
	return t_done();
}
