// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on many nodes that share no memory: a referee, one process anywhere,
 * knows who relies on which mode and what value blocks must be.
 *
 * usage: raw_stress referee ADDRESS:PORT	in the background; prints "pid PID"
 *	  raw_stress run LOCKSPACE ADDRESS:PORT NODE [-r RESOURCES] [-s SEED] [-p PAUSE] [-w] [-m]
 *		until the referee says that it is enough; prints PASS and FAIL lines.  -p: sleep
 *		up to so many milliseconds now and then, so that names get unused; -w: requests
 *		wait, none has NOQUEUE; -m: nothing is converted between PR and CW
 *	  raw_stress tell ADDRESS:PORT stop|go	everybody ends; the next ones may begin
 *	  raw_stress tell ADDRESS:PORT quit NODE	one node's processes end
 *	  raw_stress tell ADDRESS:PORT dead NODE	it relies on nothing any more
 *	  raw_stress tell ADDRESS:PORT unsure	value blocks may be lost from now on, and
 *						nobody judges them
 *	  raw_stress tell ADDRESS:PORT sure	not any more: what is stored from now on counts
 *	  raw_stress tell ADDRESS:PORT count	prints how many operations were granted
 *	  raw_stress tell ADDRESS:PORT more N SECONDS	waits until so many more were granted;
 *						status 1 if they were not, or at the first
 *						violation
 *	  raw_stress tell ADDRESS:PORT errors	prints how many violations there were, and
 *						processes that met something odd
 *
 * What is checked: every accepted operation ends with exactly one completion, of a kind that it
 * may have, within a time; no two incompatible modes are held at once; a PR to EX holder
 * gets the value block that was stored last.  A process tells the referee of a mode
 * when it has read the completion, and withdraws it before it asks for less, so what the
 * referee knows is always within what is really held.
 */
#include "t.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "hammer_model.h"

#define CLIENTS		32
#define SLOTS		8
#define STUCK_S		120
#define LINGER_S	30

enum { CLAIM = 1, WITHDRAW, STORE, BEGIN, STOP, GO, QUIT, DEAD, UNSURE, SURE, COUNT, ERRORS, ODD };

struct call {
	int what, node, slot, res, mode;
	int check;		/* is the value block to be judged? */
	int invalid;
	char lvb[DLM_LVB_LEN];
};

struct verdict {
	int ok;
	int finish;
	long number;
	char why[96];
};

/* --- referee ------------------------------------------------------------ */

struct claim {
	int used, node, fd, slot, res, mode;
};

static struct claim claims[CLIENTS * SLOTS * 2];
static struct {
	bool known;
	char lvb[DLM_LVB_LEN];
} blocks[MAX_RES];
static bool quitting[256], stopping, unsure;
static long granted, violations;

static struct claim *claim_of(int fd, int slot)
{
	struct claim *c, *free = NULL;

	for (c = claims; c < claims + CLIENTS * SLOTS * 2; c++) {
		if (c->used && c->fd == fd && c->slot == slot)
			return c;
		if (!c->used && !free)
			free = c;
	}
	return free;
}

static void judge_claim(int fd, const struct call *q, struct verdict *v)
{
	struct claim *c, *mine = claim_of(fd, q->slot);

	granted++;
	for (c = claims; c < claims + CLIENTS * SLOTS * 2; c++) {
		if (!c->used || c == mine || c->res != q->res || mode_compat(c->mode, q->mode))
			continue;
		v->ok = 0;
		snprintf(v->why, sizeof(v->why), "mode %d granted while node %d holds %d", q->mode,
			 c->node, c->mode);
	}
	if (q->check && blocks[q->res].known &&
	    (q->invalid || memcmp(blocks[q->res].lvb, q->lvb, DLM_LVB_LEN))) {
		v->ok = 0;
		snprintf(v->why, sizeof(v->why), "value block %02x%02x%02x%02x invalid %d, stored %02x%02x%02x%02x",
			 q->lvb[0] & 255, q->lvb[1] & 255, q->lvb[2] & 255, q->lvb[3] & 255,
			 q->invalid, blocks[q->res].lvb[0] & 255, blocks[q->res].lvb[1] & 255,
			 blocks[q->res].lvb[2] & 255, blocks[q->res].lvb[3] & 255);
	}
	if (mine)
		*mine = (struct claim){ 1, q->node, fd, q->slot, q->res, q->mode };
}

static void forget(int fd, int node)
{
	struct claim *c;

	for (c = claims; c < claims + CLIENTS * SLOTS * 2; c++)
		if (c->fd == fd || c->node == node)
			c->used = 0;
}

static void judge(int fd, const struct call *q, struct verdict *v)
{
	struct claim *c;
	int i;

	switch (q->what) {
	case CLAIM:
		judge_claim(fd, q, v);
		break;
	case STORE:
		blocks[q->res].known = !unsure;
		memcpy(blocks[q->res].lvb, q->lvb, DLM_LVB_LEN);
		/* fall through */
	case WITHDRAW:
		c = claim_of(fd, q->slot);
		if (c)
			c->used = 0;
		break;
	case BEGIN:
		quitting[q->node] = false;
		break;
	case STOP:
	case GO:
		stopping = q->what == STOP;
		break;
	case QUIT:
		quitting[q->node] = true;
		break;
	case DEAD:
		forget(-1, q->node);
		break;
	case UNSURE:
	case SURE:
		unsure = q->what == UNSURE;
		for (i = 0; i < MAX_RES; i++)
			blocks[i].known = false;
		break;
	case COUNT:
		v->number = granted;
		break;
	case ERRORS:
		v->number = violations;
		break;
	case ODD:
		v->ok = 0;
		break;
	}
	violations += !v->ok;
	v->finish = stopping || (q->node >= 0 && quitting[q->node]);
}

static int endpoint(const char *where, bool listening)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, port = 0;
	char host[64] = "";

	if (sscanf(where, "%63[^:]:%d", host, &port) != 2)
		T_DIE("address %s", where);
	inet_pton(AF_INET, host, &in.sin_addr);
	in.sin_port = htons(port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listening ? bind(fd, (void *)&in, sizeof(in)) || listen(fd, CLIENTS)
		      : connect(fd, (void *)&in, sizeof(in)))
		T_DIE("%s", where);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int referee(const char *where)
{
	struct pollfd p[CLIENTS + 1] = { { .events = POLLIN } };
	struct verdict v;
	struct call q;
	int n = 1, i, fd, one = 1;

	p[0].fd = endpoint(where, true);
	if (daemon(1, 1))
		T_DIE("daemon");
	printf("pid %d\n", getpid());
	fflush(stdout);
	for (;;) {
		if (poll(p, n, -1) < 0)
			continue;
		for (i = n - 1; i > 0; i--) {
			if (!p[i].revents)
				continue;
			v = (struct verdict){ .ok = 1 };
			if (recv(p[i].fd, &q, sizeof(q), MSG_WAITALL) == sizeof(q) &&
			    q.res >= 0 && q.res < MAX_RES && q.node < 256) {
				judge(p[i].fd, &q, &v);
				if (send(p[i].fd, &v, sizeof(v), MSG_NOSIGNAL) == sizeof(v))
					continue;
			}
			forget(p[i].fd, -1);
			close(p[i].fd);
			p[i] = p[--n];
		}
		if (p[0].revents && n <= CLIENTS) {
			fd = accept4(p[0].fd, NULL, NULL, SOCK_CLOEXEC);
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			if (fd >= 0)
				p[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		}
	}
}

/* --- a process that locks ----------------------------------------------- */

struct slot {
	int id, gen, res;	/* id 0: free */
	int mode;		/* granted as of the last completion, -1: none */
	bool busy, request, ending, cancelled;
	int want;
	uint32_t flags;
	double since;
};

static struct slot slots[SLOTS];
static int ls, line, node, resources = 64, pause_ms;
static bool no_noqueue, no_middle;
static unsigned int seed, rng;
static bool finish;
static long ops, casts;

static unsigned int rnd(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return rng % n;
}

__attribute__((format(printf, 2, 3), noreturn))
static void bad(const struct slot *s, const char *fmt, ...)
{
	struct call odd = { .what = ODD, .node = node };
	char b[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	printf("FAIL stress: node %d after %ld operations: %s", node, ops, b);
	if (s)
		printf(" [slot %ld id %d resource %d mode %d want %d flags %x busy %d]",
		       (long)(s - slots), s->id, s->res, s->mode, s->want, s->flags, s->busy);
	printf(" (seed %u)\n", seed);
	fflush(stdout);
	/* that somebody may look at who has which lock */
	send(line, &odd, sizeof(odd), MSG_NOSIGNAL);
	sleep(LINGER_S);
	_exit(1);
}

static struct verdict call(const struct call *q)
{
	struct verdict v;

	if (send(line, q, sizeof(*q), MSG_NOSIGNAL) != sizeof(*q) ||
	    recv(line, &v, sizeof(v), MSG_WAITALL) != sizeof(v))
		bad(NULL, "the referee is gone");
	finish |= v.finish;
	return v;
}

static struct call about(const struct slot *s, int what)
{
	return (struct call){ .what = what, .node = node, .slot = s - slots, .res = s->res };
}

static void claim(struct slot *s, int from, const struct t_ev *e)
{
	struct call q = about(s, CLAIM);
	struct verdict v;

	q.mode = s->mode;
	/* with pauses names get unused, and then a block is forgotten */
	if (e && !pause_ms && s->mode >= PR && lvb_dir(from, s->mode) == 'R') {
		q.check = e->has_lvb;
		q.invalid = !!(e->sbflags & DLM_SBF_VALNOTVALID);
		memcpy(q.lvb, e->lvb, DLM_LVB_LEN);
	}
	v = call(&q);
	if (!v.ok)
		bad(s, "%s", v.why);
}

static bool may_end_so(const struct slot *s, int status)
{
	switch (status) {
	case 0:
	case -EUNLOCK:
		return (status == -EUNLOCK) == s->ending;
	case -EAGAIN:
		return s->flags & LKF_NOQUEUE;
	case -EDEADLK:
		return !s->request;
	case -ECANCEL:
		return s->cancelled;
	}
	return false;
}

static void on_cast(struct slot *s, const struct t_ev *e)
{
	int from = s->mode;

	casts++;
	if (!s->id || e->id != s->id)
		bad(s, "completion %d of lock %d, which has ended", e->status, e->id);
	if (!s->busy)
		bad(s, "completion %d without an operation", e->status);
	/* forced over a request that was under way, which may still end first */
	if (s->ending && s->request && e->status != -EUNLOCK) {
		if (e->status) {
			s->id = 0;
			s->busy = false;
		}
		return;
	}
	if (!may_end_so(s, e->status))
		bad(s, "status %d", e->status);
	s->busy = false;
	if (s->ending || (e->status && s->request)) {
		s->id = 0;
		return;
	}
	if (!e->status)
		s->mode = s->want;
	claim(s, from, e->status ? NULL : e);
}

static int drain(int ms)
{
	struct t_ev e;
	int n = 0;

	while (!t_next_ms(ls, &e, n ? 0 : ms)) {
		struct slot *s = &slots[e.param & 15];

		n++;
		if ((e.param & 15) >= SLOTS || (uintptr_t)s->gen << 4 != (e.param & ~15ul)) {
			if (!t_is_bast(&e))
				bad(NULL, "completion %d of an older lock %d", e.status, e.id);
			continue;
		}
		if (!t_is_bast(&e))
			on_cast(s, &e);
	}
	return n;
}

/* the answer to a cancel that came too late may be under way: the lock is busy until then */
static int operate(const struct slot *s, const struct t_op *o)
{
	double end = t_now() + STUCK_S * t_factor();
	int r;

	while ((r = t_op(ls, o)) == -EBUSY && !s->busy && s->cancelled && t_now() < end)
		usleep(500);
	return r;
}

static void begin(struct slot *s, int want, uint32_t flags)
{
	s->busy = true;
	s->want = want;
	s->flags = flags;
	s->since = t_now();
	ops++;
}

static struct t_op op_of(const struct slot *s)
{
	struct t_op o = T_OP((uintptr_t)s->gen << 4 | (s - slots));

	o.lkid = s->id;
	return o;
}

static void request(struct slot *s)
{
	struct t_op o;
	char name[32];
	int r;

	s->gen++;
	s->id = 0;
	s->res = rnd(resources);
	s->mode = -1;
	s->ending = s->cancelled = false;
	s->request = true;
	o = op_of(s);
	o.mode = rnd(6);
	o.flags = LKF_VALBLK | (rnd(4) || no_noqueue ? 0 : LKF_NOQUEUE);
	snprintf(name, sizeof(name), "stress%d", s->res);
	o.name = name;
	o.namelen = strlen(name);
	r = t_op(ls, &o);
	if (r <= 0)
		bad(s, "request mode %d flags %x: %d", o.mode, o.flags, r);
	s->id = r;
	begin(s, o.mode, o.flags);
}

static void convert(struct slot *s, int to)
{
	struct t_op o = op_of(s);
	struct call q = about(s, WITHDRAW);
	char lvb[DLM_LVB_LEN];
	int i, r;

	if (no_middle && (s->mode == PR || s->mode == CW) && to == PR + CW - s->mode)
		to = s->mode;
	for (i = 0; i < DLM_LVB_LEN; i++)
		q.lvb[i] = lvb[i] = rnd(256);
	o.mode = to;
	o.flags = LKF_CONVERT | LKF_VALBLK;
	o.lvb = lvb;
	if (s->mode >= PW && lvb_dir(s->mode, to) == 'W')
		q.what = STORE;		/* nobody can see it before we have given way */
	else if (!rnd(4))
		o.flags |= LKF_NOQUEUE;
	if (q.what == STORE || !mode_covers(to, s->mode))
		call(&q);
	r = operate(s, &o);
	if (r)
		bad(s, "conversion to %d flags %x: %d", to, o.flags, r);
	s->cancelled = s->request = false;
	begin(s, to, o.flags);
}

static void end(struct slot *s, bool force)
{
	struct t_op o = op_of(s);
	struct call q = about(s, WITHDRAW);
	int r;

	o.cmd = DLM_USER_UNLOCK;
	o.flags = force ? LKF_FORCEUNLOCK : 0;
	call(&q);
	r = operate(s, &o);
	if (force && (r == -EBUSY || r == -EINVAL || r == -ENOENT))
		return;		/* its end, or a cancel, is under way */
	if (r)
		bad(s, "unlock flags %x: %d", o.flags, r);
	s->ending = true;
	begin(s, -1, 0);
}

static void cancel(struct slot *s)
{
	struct t_op o = op_of(s);
	int r;

	o.cmd = DLM_USER_UNLOCK;
	o.flags = LKF_CANCEL;
	r = t_op(ls, &o);
	if (r && r != -EBUSY && r != -EINVAL && r != -ENOENT)
		bad(s, "cancel: %d", r);
	if (!r)
		s->cancelled = true;
}

/* one that waits: look, and sometimes give up */
static void wait_on(struct slot *s)
{
	if (t_now() - s->since > STUCK_S * t_factor())
		bad(s, "no completion after %d s", STUCK_S * t_factor());
	if (s->ending || s->cancelled || rnd(12)) {
		drain(1);
		return;
	}
	/* it may have been granted already, and the end of a strong lock stores */
	if (s->request && s->want < PW && !rnd(4))
		end(s, true);
	else
		cancel(s);
}

/* nobody may unlock what could store a value block at a time we do not know */
static void go_on(struct slot *s)
{
	if (s->mode >= PW)
		convert(s, rnd(3) ? (int)rnd(PW) : NL);
	else if (finish || !rnd(3))
		end(s, false);
	else
		convert(s, rnd(6));
}

static bool all_wait(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (!slots[i].id || !slots[i].busy)
			return false;
	return true;
}

static void step(void)
{
	struct slot *s = &slots[rnd(SLOTS)];

	drain(all_wait() ? 10 : 0);
	if (pause_ms && !rnd(16))
		usleep(rnd(pause_ms) * 1000);
	if (s->id && s->busy)
		wait_on(s);
	else if (s->id)
		go_on(s);
	else if (!finish)
		request(s);
}

static bool all_free(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].id)
			return false;
	return true;
}

/* something that stays, so that value blocks do */
static void keep(void)
{
	char name[32];
	int i;

	setenv("T_LS_EXISTS", "1", 1);
	for (i = 0; i < resources; i++) {
		snprintf(name, sizeof(name), "stress%d", i);
		t_grant(ls, NL, 0, name, "a lock that stays");
	}
}

static int run(const char *name, const char *where)
{
	struct call q = { .what = BEGIN, .node = node };
	double told = t_now(), last = told;
	struct t_ev e;
	int r;

	t_deadline(36000);
	/* whoever answers us shall have his turn */
	if (nice(10) < 0)
		T_DIE("nice");
	line = endpoint(where, false);
	ls = t_ls_open(name);
	if (ls < 0)
		bad(NULL, "open %s: %s", name, strerror(-ls));
	if (!pause_ms)
		keep();
	call(&q);
	while (!finish || !all_free()) {
		step();
		if (t_now() > told + 5) {
			told = t_now();
			printf("node %d: %ld operations\n", node, ops);
			q.what = COUNT;
			call(&q);
		}
		if (!finish)
			last = t_now();
		else if (t_now() > last + STUCK_S * t_factor())
			bad(NULL, "does not come to an end");
	}
	r = t_next_ms(ls, &e, 100);
	CHECK(r == -ETIMEDOUT || t_is_bast(&e), "stress: node %d: nothing is left over", node);
	CHECK(casts > 0, "stress: node %d: %ld operations, %ld completions", node, ops, casts);
	close(ls);
	return t_done();
}

static int wait_for_more(const char *where, long n, int seconds)
{
	struct call q = { .what = COUNT, .node = -1 }, wrong = { .what = ERRORS, .node = -1 };
	double end = t_now() + seconds * t_factor();

	t_deadline(seconds + 60);
	line = endpoint(where, false);
	n += call(&q).number;
	while (call(&q).number < n) {
		if (t_now() > end || call(&wrong).number)
			return 1;
		usleep(100000);
	}
	return 0;
}

static int tell(const char *where, const char *what, const char *arg)
{
	static const char *const names[] = {
		[STOP] = "stop", [GO] = "go", [QUIT] = "quit", [DEAD] = "dead",
		[UNSURE] = "unsure", [SURE] = "sure", [COUNT] = "count", [ERRORS] = "errors",
	};
	struct call q = { .node = arg ? atoi(arg) : -1 };
	struct verdict v;

	for (q.what = ERRORS; q.what >= STOP && strcmp(names[q.what], what); q.what--)
		;
	if (q.what < STOP)
		return 2;
	line = endpoint(where, false);
	v = call(&q);
	if (q.what == COUNT || q.what == ERRORS)
		printf("%ld\n", v.number);
	return 0;
}

int main(int argc, char **argv)
{
	int o;

	t_init();
	seed = time(NULL) ^ getpid();
	if (argc == 3 && !strcmp(argv[1], "referee"))
		return referee(argv[2]);
	if (argc == 6 && !strcmp(argv[3], "more"))
		return wait_for_more(argv[2], atol(argv[4]), atoi(argv[5]));
	if (argc >= 4 && !strcmp(argv[1], "tell"))
		return tell(argv[2], argv[3], argv[4]);
	if (argc < 5 || strcmp(argv[1], "run")) {
		fprintf(stderr, "usage: see the top of raw_stress.c\n");
		return 2;
	}
	node = atoi(argv[4]);
	while ((o = getopt(argc - 4, argv + 4, "r:s:p:wm")) != -1) {
		switch (o) {
		case 'r': resources = atoi(optarg); break;
		case 's': seed = strtoul(optarg, NULL, 0); break;
		case 'p': pause_ms = atoi(optarg); break;
		case 'w': no_noqueue = true; break;
		case 'm': no_middle = true; break;
		default: return 2;
		}
	}
	if (resources < 1 || resources > MAX_RES || node < 1 || node > 255)
		return 2;
	rng = seed * 2654435761u + node * 40503u + 1;
	if (!rng)
		rng = 1;
	return run(argv[2], argv[3]);
}
