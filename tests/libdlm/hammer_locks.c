// SPDX-License-Identifier: GPL-2.0
/*
 * Hammer: several processes lock, convert, cancel and unlock a few shared
 * resources at random and check what they are told.
 *
 *  - every accepted operation ends with exactly one completion, in order;
 *    nothing comes after a lock's EUNLOCK, ECANCEL, ...
 *  - a blocking callback never names a mode that the holder's mode allows, and
 *    never the same mode twice between two completions
 *  - no two incompatible modes are held at once.  A process claims a mode in
 *    shared memory when it has read the completion and withdraws the claim
 *    before it asks for less, so claims are always within what is really held
 *  - what PW/EX holders stored in the value block is what PR..EX holders get,
 *    and VALNOTVALID comes exactly when a holder invalidated it
 *
 * usage: hammer_locks [-p PROCESSES] [-r RESOURCES] [-n OPERATIONS EACH]
 *		       [-s SEED] [-t DEADLINE] [-k MILLISECONDS] [-f] [-x MASK]
 *		       [-N NAMESPACE,...]
 *  -k  instead of counting, run so long and kill processes and start new
 *      ones meanwhile (value blocks are not checked: a death invalidates them
 *      at a time nobody knows)
 *  -f  fault injection: requests may fail with ENOMEM, and then must have
 *      changed nothing
 *  -x  leave out, to narrow a failure down: 1 alternative modes, 2 cancels,
 *      4 CONVDEADLK, 8 converts and unlocks before the completion is read
 *  -N  the lockspace exists already in these network namespaces; the processes are
 *      spread over them
 */
#include "t.h"
#include <sched.h>
#include "hammer_model.h"

#define MAX_PROCS	16
#define SLOTS		6

struct shared {
	pthread_mutex_t lock[MAX_RES];
	/* claim[p][s]: mode << 8 | resource + 1, or 0 */
	unsigned int claim[MAX_PROCS][SLOTS];
	int dying[MAX_PROCS];
	char lvb[MAX_RES][DLM_LVB_LEN];
	int invalid[MAX_RES];
	unsigned long ops[MAX_PROCS], casts[MAX_PROCS], basts[MAX_PROCS], nomem[MAX_PROCS];
	int failed;
};

/* what a slot waits for: one entry per accepted operation */
struct want {
	int mode;
	uint32_t flags;
	bool request, unlock;
	bool cancelled, deadlocked;	/* such a command was sent meanwhile */
};

struct slot {
	int id;			/* 0: free */
	int res, gen;
	int mode;		/* granted as of the last completion read, -1: none */
	uint32_t flags;		/* of the last accepted lock or convert */
	int told;		/* mode of the last blocking callback since then */
	bool demotable;		/* CONVDEADLK may have taken the mode away */
	bool cancel_sent;	/* an accepted CANCEL since the last convert */
	struct want q[4];
	int nq;
};

static struct shared *sh;
static int procs = 4, resources = 3, me;
static unsigned long nops = 5000;
static int kills;	/* milliseconds, 0: no kills */
static unsigned int seed;
static bool faults;
static unsigned int omit;
static bool stock;
static int limit = 300;
static const char *const ls = "hammer";
static char *spaces;	/* namespaces, "a,b,c", or NULL */
static struct slot slots[SLOTS];
static int fd;
static unsigned int rng;

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
	char b[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b, sizeof(b), fmt, ap);
	va_end(ap);
	/* the locks go with this process, so its claims must not accuse others */
	sh->dying[me] = 1;
	memset(sh->claim[me], 0, sizeof(sh->claim[me]));
	sh->failed = 1;
	printf("FAIL hammer: process %d after %lu operations: %s", me, sh->ops[me], b);
	if (s)
		printf(" [slot %ld id %d res %d mode %d flags %x pending %d]",
		       (long)(s - slots), s->id, s->res, s->mode, s->flags, s->nq);
	printf(" (seed %u)\n", seed);
	fflush(stdout);
	_exit(1);
}

/* --- claims ------------------------------------------------------------- */

static void res_lock(int res)
{
	if (pthread_mutex_lock(&sh->lock[res]) == EOWNERDEAD)
		pthread_mutex_consistent(&sh->lock[res]);
}

static void res_unlock(int res)
{
	pthread_mutex_unlock(&sh->lock[res]);
}

static void withdraw(struct slot *s)
{
	__atomic_store_n(&sh->claim[me][s - slots], 0, __ATOMIC_SEQ_CST);
}

static void claim(struct slot *s, int mode)
{
	unsigned int c;
	int p, i;

	res_lock(s->res);
	for (p = 0; p < procs && !sh->dying[me]; p++)
		for (i = 0; i < SLOTS; i++) {
			if (p == me && i == s - slots)
				continue;
			c = __atomic_load_n(&sh->claim[p][i], __ATOMIC_SEQ_CST);
			if ((c & 0xff) == s->res + 1u && !mode_compat(c >> 8, mode)) {
				res_unlock(s->res);
				bad(s, "mode %d granted while process %d holds %d", mode,
				    p, c >> 8);
			}
		}
	if (!sh->dying[me])
		__atomic_store_n(&sh->claim[me][s - slots], mode << 8 | (s->res + 1),
				 __ATOMIC_SEQ_CST);
	res_unlock(s->res);
}

/* --- value blocks ------------------------------------------------------- */

static void check_lvb(struct slot *s, const struct want *w, int from, int to,
		      const struct t_ev *e)
{
	bool inval;

	/* only these claims keep writers away */
	if (kills || faults || to < PR || !(w->flags & LKF_VALBLK) || lvb_dir(from, to) != 'R')
		return;
	inval = sh->invalid[s->res];
	if (!!(e->sbflags & DLM_SBF_VALNOTVALID) != inval)
		bad(s, "%d to %d: VALNOTVALID %d, wanted %d", from, to, !inval, inval);
	if (!e->has_lvb)
		bad(s, "%d to %d: no value block in the result", from, to);
	if (memcmp(e->lvb, sh->lvb[s->res], DLM_LVB_LEN))
		bad(s, "%d to %d: value block %02x %02x %02x, wanted %02x %02x %02x", from, to,
		    e->lvb[0] & 255, e->lvb[1] & 255, e->lvb[2] & 255,
		    sh->lvb[s->res][0] & 255, sh->lvb[s->res][1] & 255, sh->lvb[s->res][2] & 255);
}

/* --- results ------------------------------------------------------------ */

static struct slot *find(uintptr_t tag)
{
	struct slot *s = &slots[tag & 15];

	if ((tag & 15) >= SLOTS || (uintptr_t)s->gen << 4 != (tag & ~15ul))
		return NULL;
	return s;
}

static void on_bast(struct slot *s, const struct t_ev *e)
{
	sh->basts[me]++;
	if (!s || !s->id)
		bad(s, "blocking callback for lock %d, which has ended", e->id);
	if (e->bast < CR || e->bast > EX)
		bad(s, "blocking callback for mode %d", e->bast);
	if (s->mode < 0)
		bad(s, "blocking callback before the lock was granted");
	if (mode_compat(s->mode, e->bast))
		bad(s, "blocking callback for mode %d, which does not conflict", e->bast);
	/* Linux 6.1 only compares with what is still unread */
	if (s->told == e->bast && !stock)
		bad(s, "blocking callback for mode %d again", e->bast);
	s->told = e->bast;
}

static bool status_allowed(const struct want *w, int status)
{
	switch (status) {
	case 0:
		return !w->unlock;
	case -EUNLOCK:
		return w->unlock;
	case -EAGAIN:
		return !w->unlock && w->flags & LKF_NOQUEUE;
	case -EDEADLK:
		return !w->unlock && (w->deadlocked ||
			(!w->request && !(w->flags & (LKF_NODLCKWT | LKF_CONVDEADLK | LKF_NOQUEUE))));
	case -ECANCEL:
		return !w->unlock && w->cancelled;
	}
	return false;
}

static void slot_ended(struct slot *s)
{
	withdraw(s);
	s->id = 0;
	s->nq = 0;
	s->gen++;
}

static void on_cast(struct slot *s, const struct t_ev *e)
{
	struct want w;
	int from, to;

	sh->casts[me]++;
	if (!s || !s->id)
		bad(s, "completion %d for lock %d, which has ended", e->status, e->id);
	if (!s->nq)
		bad(s, "completion %d without an operation", e->status);
	/* an unlock swallows the operation that was still queued */
	if (e->status == -EUNLOCK && s->q[s->nq - 1].unlock)
		s->q[0] = s->q[s->nq - 1], s->nq = 1;
	w = s->q[0];
	memmove(&s->q[0], &s->q[1], --s->nq * sizeof(w));
	if (!status_allowed(&w, e->status))
		bad(s, "status %d for mode %d flags %x request %d cancelled %d", e->status,
		    w.mode, w.flags, w.request, w.cancelled);
	s->told = -1;
	if (e->status == -EUNLOCK || (e->status && w.request)) {
		/* on its way an unlock may find that a cancel was faster */
		if (s->nq && e->status != -EUNLOCK && !(spaces && s->q[0].unlock))
			bad(s, "request ended with %d under a later operation", e->status);
		slot_ended(s);
		return;
	}
	if (e->status) {
		if (e->sbflags & DLM_SBF_DEMOTED)
			s->mode = NL;
		if (!s->nq && !s->demotable)
			claim(s, s->mode);
		return;
	}
	from = s->mode;
	to = w.mode;
	if (e->sbflags & DLM_SBF_DEMOTED) {
		if (!(w.flags & LKF_CONVDEADLK))
			bad(s, "demoted without CONVDEADLK");
		from = NL;
	}
	if (e->sbflags & DLM_SBF_ALTMODE) {
		if (!(w.flags & (LKF_ALTPR | LKF_ALTCW)))
			bad(s, "alternative mode without being asked for");
		to = w.flags & LKF_ALTPR ? PR : CW;
	}
	s->mode = to;
	s->demotable = false;
	if (s->nq)
		return;
	claim(s, to);
	check_lvb(s, &w, from, to, e);
}

/* read what is there; wait for the first up to ms */
static int drain(int ms)
{
	struct t_ev e;
	int n = 0;

	while (!t_next_ms(fd, &e, n ? 0 : ms)) {
		struct slot *s = find(e.param);

		n++;
		if (!e.padded)
			bad(s, "result of %d bytes with a wrong length, version or padding", e.len);
		if (s && s->id && e.id != s->id)
			bad(s, "result for lock %d", e.id);
		if (t_is_bast(&e))
			on_bast(s, &e);
		else
			on_cast(s, &e);
	}
	return n;
}

/* --- operations --------------------------------------------------------- */

static struct t_op op_of(const struct slot *s)
{
	struct t_op o = T_OP((uintptr_t)s->gen << 4 | (s - slots));

	o.lkid = s->id;
	return o;
}

static bool nomem(int r)
{
	if (!faults || r != -ENOMEM)
		return false;
	sh->nomem[me]++;
	return true;
}

static uint32_t allowed(uint32_t flags)
{
	if (omit & 1)
		flags &= ~(LKF_ALTPR | LKF_ALTCW);
	if (omit & 4)
		flags &= ~LKF_CONVDEADLK;
	return flags;
}

static void push(struct slot *s, struct want w)
{
	if (s->nq == (int)(sizeof(s->q) / sizeof(s->q[0])))
		bad(s, "too many operations at once");
	s->q[s->nq++] = w;
}

/*
 * On another node's lock the answer to a cancel may be on its way although what was
 * to be cancelled has been completed: the lock is busy until then.
 */
static int op_on(struct slot *s, const struct t_op *o)
{
	double end = t_now() + T_WAIT_S * t_factor();
	int r;

	do {
		r = t_op(fd, o);
	} while (r == -EBUSY && spaces && !s->nq && s->cancel_sent && t_now() < end &&
		 !usleep(200));
	return r;
}

static void do_request(struct slot *s)
{
	static const uint32_t menu[] = {
		0, 0, LKF_NOQUEUE, LKF_NOQUEUE | LKF_NOQUEUEBAST, LKF_HEADQUE, LKF_NOORDER,
		LKF_ALTPR, LKF_ALTCW, LKF_NODLCKWT,
	};
	struct t_op o;
	char name[16];
	int r;

	s->res = rnd(resources);
	s->gen++;
	s->id = 0;
	o = op_of(s);
	o.mode = rnd(6);
	o.flags = allowed(menu[rnd(sizeof(menu) / sizeof(menu[0]))]);
	if (!rnd(3))
		o.flags |= LKF_VALBLK;
	if (o.mode == NL && !(o.flags & LKF_NOQUEUE) && !rnd(2))
		o.flags |= LKF_EXPEDITE;
	snprintf(name, sizeof(name), "res%d", s->res);
	o.name = name;
	o.namelen = strlen(name);
	r = t_op(fd, &o);
	if (nomem(r))
		return;
	if (r <= 0)
		bad(s, "request mode %d flags %x: %d", o.mode, o.flags, r);
	s->id = r;
	s->mode = -1;
	s->told = -1;
	s->flags = o.flags;
	s->demotable = s->cancel_sent = false;
	push(s, (struct want){ .mode = o.mode, .flags = o.flags, .request = true });
}

/* a store must be announced before it can be seen by the next holder */
static void prepare_store(struct slot *s, struct t_op *o, char *lvb)
{
	int i;

	for (i = 0; i < DLM_LVB_LEN; i++)
		lvb[i] = rnd(256);
	o->lvb = lvb;
	if (s->nq || s->mode < PW || o->flags & LKF_QUECVT || lvb_dir(s->mode, o->mode) != 'W')
		return;
	if (o->flags & LKF_IVVALBLK) {
		sh->invalid[s->res] = 1;
	} else if (o->flags & LKF_VALBLK) {
		memcpy(sh->lvb[s->res], lvb, DLM_LVB_LEN);
		sh->invalid[s->res] = 0;
	}
}

static void do_convert(struct slot *s)
{
	static const uint32_t menu[] = {
		0, 0, 0, LKF_NOQUEUE, LKF_NOQUEUE | LKF_NOQUEUEBAST, LKF_CONVDEADLK,
		LKF_NODLCKWT, LKF_QUECVT, LKF_HEADQUE, LKF_ALTPR, LKF_ALTCW, LKF_NOORDER,
	};
	struct t_op o = op_of(s);
	char lvb[DLM_LVB_LEN];
	int r;

	o.mode = rnd(6);
	o.flags = LKF_CONVERT | allowed(menu[rnd(sizeof(menu) / sizeof(menu[0]))]);
	/* whether a writer still is one, and what it stored, must be known */
	if (s->nq || s->mode >= PW)
		o.flags &= ~(LKF_CONVDEADLK | LKF_ALTPR | LKF_ALTCW);
	if (s->mode >= 0 && o.flags & LKF_QUECVT && !s->demotable &&
	    !quecvt_legal(s->mode, o.mode))
		o.flags &= ~LKF_QUECVT;
	o.flags |= rnd(2) ? LKF_VALBLK : 0;
	o.flags |= rnd(8) ? 0 : LKF_IVVALBLK;
	prepare_store(s, &o, lvb);
	/* a step up still holds the old mode while it waits, others may not */
	if (s->nq || o.flags & (LKF_CONVDEADLK | LKF_ALTPR | LKF_ALTCW) ||
	    !mode_covers(o.mode, s->mode))
		withdraw(s);
	r = op_on(s, &o);
	if (nomem(r)) {
		if (!s->nq && !s->demotable)
			claim(s, s->mode);
		return;
	}
	if (r == -EBUSY && s->nq)
		return;
	if (r == -ENOENT && s->nq)	/* its end is in the queue */
		return;
	if (r == -EINVAL && o.flags & LKF_QUECVT && (s->nq || s->demotable))
		return;
	if (r)
		bad(s, "convert to %d flags %x: %d", o.mode, o.flags, r);
	s->flags = o.flags;
	s->cancel_sent = false;
	s->demotable |= !!(o.flags & LKF_CONVDEADLK);
	push(s, (struct want){ .mode = o.mode, .flags = o.flags });
}

static void do_cancel(struct slot *s)
{
	struct t_op o = op_of(s);
	bool dead = !rnd(4);
	int i, r;

	if (omit & 2 && !s->nq)
		return;

	o.cmd = dead ? DLM_USER_DEADLOCK : DLM_USER_UNLOCK;
	o.flags = dead ? 0 : LKF_CANCEL;
	r = op_on(s, &o);
	if (nomem(r))
		return;
	if (r == -ENOENT && s->nq)
		return;
	if (r == -EINVAL && s->cancel_sent)
		return;
	if (r == -EBUSY && s->nq && spaces)
		return;
	if (r)
		bad(s, "cancel (%s): %d", dead ? "DEADLOCK" : "UNLOCK", r);
	if (!s->nq)		/* idle: nothing happened */
		return;
	/* which operation it met is not known: all that are still open */
	for (i = 0; i < s->nq; i++) {
		s->q[i].cancelled |= !dead;
		s->q[i].deadlocked |= dead;
	}
	s->cancel_sent = true;
}

static void do_unlock(struct slot *s)
{
	struct t_op o = op_of(s);
	bool writer = !s->nq && s->mode >= PW && !s->demotable;
	int r;

	o.cmd = DLM_USER_UNLOCK;
	o.flags = rnd(4) ? 0 : LKF_FORCEUNLOCK;
	/* what an unlock stores is the lock's buffer, tested elsewhere: spoil it */
	if (writer) {
		o.flags |= LKF_IVVALBLK;
		sh->invalid[s->res] = 1;
	}
	withdraw(s);
	r = op_on(s, &o);
	if (nomem(r)) {
		if (!s->nq && !s->demotable)
			claim(s, s->mode);
		return;
	}
	if (r == -ENOENT && s->nq)
		return;
	if (r == -EBUSY && s->nq && spaces)	/* on its way to the master */
		return;
	if (r)
		bad(s, "unlock flags %x: %d", o.flags, r);
	push(s, (struct want){ .unlock = true });
}

/* the id of an ended lock is not found, whatever is asked */
static void do_stale(int id)
{
	struct t_op o = T_OP(0xdead);
	int r, i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].id == id)
			return;
	o.lkid = id;
	o.cmd = rnd(2) ? DLM_USER_UNLOCK : DLM_USER_LOCK;
	o.flags = o.cmd == DLM_USER_LOCK ? LKF_CONVERT : 0;
	r = t_op(fd, &o);
	if (r != -ENOENT && !nomem(r))
		bad(NULL, "operation on ended lock %d: %d", id, r);
}

/*
 * May the lock hold PW or EX although the completion is not read yet?  Ending
 * such a lock would store or spoil the value block, or would not.
 */
static bool may_write(const struct slot *s)
{
	int i;

	for (i = 0; i < s->nq; i++)
		if (s->q[i].mode >= PW)
			return true;
	return s->mode >= PW;
}

static void step(void)
{
	struct slot *s = &slots[rnd(SLOTS)];
	static int ended, idle;

	if (!s->id) {
		do_request(s);
	} else if (s->nq) {
		if (s->q[s->nq - 1].unlock || s->nq >= 3 || rnd(4)) {
			idle = drain(rnd(8) ? 0 : 1) ? 0 : idle + 1;
			return;
		}
		/* whatever is left out, waiting for each other must end */
		if (idle < 50 && omit & (may_write(s) ? 2 : 8))
			return;
		switch (may_write(s) || omit & 8 ? 0 : rnd(6)) {
		case 0 ... 2:
			do_cancel(s);
			break;
		case 3:
			do_convert(s);
			break;
		default:
			do_unlock(s);
		}
	} else {
		switch (rnd(10)) {
		case 0 ... 5:
			do_convert(s);
			break;
		case 6:
			do_cancel(s);
			break;
		case 7:
			if (ended && !stock)
				do_stale(ended);
			break;
		default:
			ended = s->id;
			do_unlock(s);
		}
	}
	idle = 0;
	sh->ops[me]++;
	drain(0);
}

/* end all locks; what is accepted now must complete without anybody's help */
static void finish(void)
{
	struct t_ev e;
	int i, r;

	for (i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[i];

		while (s->id) {
			if (s->nq && !s->q[s->nq - 1].unlock)
				do_cancel(s);
			else if (!s->nq)
				do_unlock(s);
			if (s->id && s->nq && !drain(30000 * t_factor()))
				bad(s, "no completion for the last operation");
		}
	}
	r = t_next_ms(fd, &e, 0);
	if (r != -ETIMEDOUT)
		bad(NULL, "left over: %d, lock %d status %d bast %d", r, e.id, e.status, e.bast);
}

static void inject(void)
{
	int f = open("/proc/self/make-it-fail", O_WRONLY);

	if (f < 0 || write(f, "1", 1) != 1)
		T_DIE("make-it-fail");
	close(f);
}

/* enter the nth of the namespaces, counting round and round */
static void enter(int nth)
{
	char p[128], list[256], *name = NULL;
	int i, ns;

	if (!spaces)
		return;
	for (i = 0; i <= nth; i++) {
		name = name ? strtok(NULL, ",") : NULL;
		if (!name) {
			snprintf(list, sizeof(list), "%s", spaces);
			name = strtok(list, ",");
		}
	}
	snprintf(p, sizeof(p), "/run/netns/%s", name);
	ns = open(p, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		T_DIE("enter %s", p);
	close(ns);
}

static int worker(void *arg)
{
	t_deadline(limit);
	me = (long)arg;
	rng = seed * 2654435761u + me * 40503u + 1 + sh->ops[me];
	if (!rng)
		rng = 1;
	enter(me);
	fd = t_ls_open(ls);
	if (fd < 0)
		bad(NULL, "open: %s", strerror(-fd));
	if (faults)
		inject();
	while (kills || sh->ops[me] < nops)
		step();
	finish();
	return 0;
}

/* --- parent ------------------------------------------------------------- */

static void show(double start)
{
	unsigned long o = 0, c = 0, b = 0, m = 0;
	int p;

	for (p = 0; p < procs; p++) {
		o += sh->ops[p];
		c += sh->casts[p];
		b += sh->basts[p];
		m += sh->nomem[p];
	}
	printf("%5.1f s: %lu operations, %lu completions, %lu blocking callbacks", t_now() - start,
	       o, c, b);
	printf(faults ? ", %lu out of memory\n" : "\n", m);
}

static void setup(void)
{
	pthread_mutexattr_t a;
	struct t_ev e;
	int i, id, r;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	for (i = 0; i < MAX_RES; i++)
		pthread_mutex_init(&sh->lock[i], &a);
	fd = t_ls_new(ls, 0);
	/* a lock that stays, and a first store, so that value blocks live on */
	for (i = 0; i < resources; i++) {
		char name[16];

		snprintf(name, sizeof(name), "res%d", i);
		id = t_grant(fd, EX, LKF_VALBLK, name, "setup");
		memset(sh->lvb[i], 'a' + i, DLM_LVB_LEN);
		r = t_conv_lvb(fd, id, NL, LKF_VALBLK, sh->lvb[i]);
		if (r || t_get(fd, id, false, &e) || e.status)
			bad(NULL, "setup: %d", r);
	}
}

static void end(pid_t *pid, int p)
{
	int r;

	/* its locks go when it dies, so its claims have to go before */
	sh->dying[p] = 1;
	for (r = 0; r < resources; r++) {
		res_lock(r);
		memset(sh->claim[p], 0, sizeof(sh->claim[p]));
		res_unlock(r);
	}
	kill(pid[p], SIGKILL);
	waitpid(pid[p], NULL, 0);
}

static void replace(pid_t *pid, int p)
{
	end(pid, p);
	sh->dying[p] = 0;
	pid[p] = t_child(worker, (void *)(long)p);
}

static bool watch(pid_t *pid)
{
	double start = t_now(), next = start + 2;
	int left = procs, p, st;
	pid_t w;

	while (left && !sh->failed) {
		w = waitpid(-1, &st, WNOHANG);
		for (p = 0; w > 0 && p < procs; p++)
			if (pid[p] == w) {
				pid[p] = 0;
				left--;
				sh->failed |= !WIFEXITED(st) || WEXITSTATUS(st);
			}
		if (t_now() > next) {
			show(start);
			next += 2;
		}
		if (kills && t_now() > start + kills / 1000.0)
			break;
		if (kills && !sh->failed && !rnd(4))
			replace(pid, rnd(procs));
		usleep(20000);
	}
	for (p = 0; p < procs; p++)
		if (pid[p])
			end(pid, p);
	show(start);
	return !sh->failed;
}

/*
 * With all processes gone nobody is in the way of EX, and nothing is left.  To another node it
 * may take a moment to hear of the last one's end.
 */
static void leftovers(void)
{
	struct t_ev e;
	char name[16];
	int i, id, n = 0;

	for (i = 0; i < resources; i++) {
		snprintf(name, sizeof(name), "res%d", i);
		id = t_lock(fd, EX, 0, name, 0x55);
		n += id > 0 && !t_get(fd, id, false, &e) && !e.status;
	}
	IS(n, resources, "hammer: resources that can be locked EX at the end");
}

int main(int argc, char **argv)
{
	pid_t pid[MAX_PROCS];
	int o, p, ctl, m;
	bool ok;

	t_init();
	seed = time(NULL) ^ getpid();
	while ((o = getopt(argc, argv, "p:r:n:s:t:k:fx:N:")) != -1) {
		switch (o) {
		case 'p': procs = atoi(optarg); break;
		case 'r': resources = atoi(optarg); break;
		case 'n': nops = atol(optarg); break;
		case 's': seed = strtoul(optarg, NULL, 0); break;
		case 't': limit = atoi(optarg); break;
		case 'k': kills = atoi(optarg); break;
		case 'x': omit = atoi(optarg); break;
		case 'f': faults = true; break;
		case 'N':
			spaces = optarg;
			setenv("T_LS_EXISTS", "1", 1);
			break;
		default: return 2;
		}
	}
	if (procs < 1 || procs > MAX_PROCS || resources < 1 || resources > MAX_RES)
		return 2;
	t_deadline(limit);
	rng = seed | 1;
	stock = t_stock();
	enter(0);
	printf("seed %u, %d processes, %d resources, ", seed, procs, resources);
	if (kills)
		printf("%d ms with kills\n", kills);
	else
		printf("%lu operations each\n", nops);
	setup();
	for (p = 0; p < procs; p++)
		pid[p] = t_child(worker, (void *)(long)p);
	ok = watch(pid);
	CHECK(ok, "hammer: %d processes on %d resources, seed %u", procs, resources, seed);
	m = t_minor(fd);
	if (ok)
		leftovers();
	close(fd);
	if (t_ls_exists())
		return t_done();
	ctl = t_control();
	IS(t_remove(ctl, m, ok ? 0 : DLM_USER_LSFLG_FORCEFREE), 0,
	   "hammer: no lock is left, the lockspace is released");
	return t_done();
}
