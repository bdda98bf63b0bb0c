// SPDX-License-Identifier: GPL-2.0
/* Lockspace devices: sizes, reads, poll, signals, addresses that fault. */
#include "modes.h"

static int fd;

/* offsets of a 32-bit request and result, whatever this program is */
struct req32 {
	uint32_t version[3];
	uint8_t cmd, is64bit, unused[2];
	uint8_t mode, namelen;
	uint16_t unused2;
	uint32_t flags, lkid, parent;
	uint32_t xid[2], timeout[2];
	uint32_t castparam, castaddr, bastparam, bastaddr, lksb;
	char lvb[DLM_LVB_LEN];
	char name[64];
};

struct res32 {
	uint32_t version[3], length, astaddr, astparam, user_lksb;
	int32_t status;
	uint32_t lkid;
	uint8_t sbflags, pad[3];
	uint32_t lvbptr;
	uint8_t bast, unused[3];
	uint32_t lvb_offset;
	char lvb[DLM_LVB_LEN];
};

_Static_assert(offsetof(struct req32, name) == 100, "32-bit request");
_Static_assert(offsetof(struct res32, lvb) == 52, "32-bit result");

static int locks_in(const char *res)
{
	int m = mode_held(fd, res);

	t_drain(fd);
	return m;
}

/* abi-06 and namelen */
static void sizes(void)
{
	struct t_req q = t_req(DLM_USER_LOCK);
	int n, id, bad;

	q.r.i.lock.mode = EX;
	q.r.i.lock.castaddr = T_CAST;
	q.r.i.lock.lksb = (void *)1;
	memset((char *)&q + T_REQ, 'x', sizeof(q.tail));
	for (n = 0, bad = 0; n < 100; n++)
		bad += t_write(fd, &q, n) != -EINVAL;
	IS(bad, 0, "abi-06: requests below 100 bytes");
	for (n = 100, bad = 0; n < (int)T_REQ; n++)
		bad += t_write(fd, &q, n) != -EINVAL;
	OURS(IS(bad, 0, "abi-06: 64-bit requests below 120 bytes"));
	t_drain(fd);
	if (t_stock())
		t_purge(fd, 0, syscall(SYS_gettid));
	id = t_write(fd, &q, T_REQ);
	CHECK(id > 0, "abi-06: 120 bytes: %d", id);
	CAST(fd, id, 0, "abi-06: granted, empty name");
	t_drop(fd, id);
	q.r.i.lock.namelen = 64;
	id = t_write(fd, &q, T_REQ + 64);
	CHECK(id > 0, "abi-06: 184 bytes: %d", id);
	CAST(fd, id, 0, "abi-06: granted");
	t_drop(fd, id);
	for (n = 1, bad = 0; n < 60; n++)
		bad += t_write(fd, &q, T_REQ + 64 + n) != -EINVAL;
	IS(bad, 0, "abi-06: 185 bytes and more");
	q.r.i.lock.namelen = 65;
	IS(t_write(fd, &q, T_REQ + 64), -EINVAL, "abi: namelen 65");
	q.r.i.lock.namelen = 255;
	IS(t_write(fd, &q, T_REQ + 64), -EINVAL, "abi: namelen 255");
	for (n = 0, bad = 0; n < 64; n++) {
		q.r.i.lock.namelen = n + 1;
		bad += t_write(fd, &q, T_REQ + n) != -EINVAL;
	}
	OURS(IS(bad, 0, "abi: namelen beyond what was written"));
	if (t_stock())
		t_purge(fd, 0, syscall(SYS_gettid));
	t_drain(fd);

	/* surplus after the name is ignored */
	q.r.i.lock.namelen = 3;
	id = t_write(fd, &q, T_REQ + 20);
	CHECK(id > 0, "abi-06: surplus after the name");
	CAST(fd, id, 0, "abi-06: granted");
	n = t_lock(fd, EX, LKF_NOQUEUE, "xxx", 1);
	CAST(fd, n, -EAGAIN, "abi-06: namelen decides");
	/* what libdlm does: a convert with namelen 0 and a name after it */
	q.r.i.lock.flags = LKF_CONVERT;
	q.r.i.lock.lkid = id;
	q.r.i.lock.mode = PR;
	q.r.i.lock.namelen = 0;
	IS(t_write(fd, &q, T_REQ + 17), 0, "abi-06: convert with surplus");
	CAST(fd, id, 0, "abi-06: granted");
	q.r.i.lock.namelen = 17;
	IS(t_write(fd, &q, T_REQ + 17), 0, "abi-06: convert with a name");
	CAST(fd, id, 0, "abi-06: granted");
	t_drop(fd, id);
	QUIET(fd, 0, "abi-06: nothing else");
}

/* abi-04 on a lockspace, and pointers that must not be null */
static void requests(void)
{
	struct t_req q = t_req(DLM_USER_LOCK);
	struct t_op o = T_OP(1);

	q.r.i.lock.castaddr = T_CAST;
	q.r.i.lock.lksb = (void *)1;
	q.r.version[0] = 5;
	IS(t_write(fd, &q, T_REQ), -EBADE, "abi-04: lock with major 5");
	q.r.version[0] = 6;
	q.r.version[1] = 1;
	IS(t_write(fd, &q, T_REQ), -EBADE, "abi-04: with 6.1.0");
	o.name = "p";
	o.namelen = 1;
	o.castaddr = 0;
	IS(t_op(fd, &o), -EINVAL, "abi: castaddr 0");
	o.flags = LKF_CONVERT;
	IS(t_op(fd, &o), -EINVAL, "abi: castaddr 0 in a convert");
	o.flags = LKF_ORPHAN;
	IS(t_op(fd, &o), -EINVAL, "abi: castaddr 0 in an adopt");
	o.flags = 0;
	o.castaddr = 1;
	o.lksb = 0;
	IS(t_op(fd, &o), -EINVAL, "abi: lksb 0");
	IS(locks_in("p"), NL, "abi: no lock arose");
	OURS(QUIET(fd, 0, "abi: and no result"));
}

/* abi-07 */
static void answers(void)
{
	int h, id, i, last = 0, bad = 0;

	h = t_lock(fd, EX, 0, "a7", 1);
	CHECK(h > 0, "abi-07: new lock returns its id");
	CAST(fd, h, 0, "abi-07: granted");
	IS(t_conv(fd, h, EX, 0), 0, "abi-07: convert returns 0");
	CAST(fd, h, 0, "abi-07: granted");
	id = t_lock(fd, PR, LKF_NOQUEUE, "a7", 1);
	CHECK(id > 0 && id != h, "abi-07: refused NOQUEUE returns an id");
	CAST(fd, id, -EAGAIN, "abi-07: and EAGAIN");
	IS(t_unlock(fd, id, 0), -ENOENT, "abi-07: then the id is gone");
	IS(t_conv(fd, id, NL, 0), -ENOENT, "abi-07: for converts");
	/* before its result was read, too */
	id = t_lock(fd, PR, LKF_NOQUEUE, "a7", 1);
	i = t_conv(fd, id, NL, 0);
	OURS(IS(i, -ENOENT, "abi-07: gone before EAGAIN was read"));
	CAST(fd, id, -EAGAIN, "abi-07: which is still there");
	id = t_lock(fd, PR, 0, "a7", 1);
	QUIET(fd, id, "abi-07: waits");
	t_drop(fd, id);
	t_drop(fd, h);
	for (i = 0; i < 300; i++) {
		id = t_lock(fd, NL, 0, "ids", 1);
		bad += id <= last;
		last = id;
		if (i % 2)
			t_drop(fd, id);
	}
	OURS(IS(bad, 0, "abi: ids increase"));
	t_purge(fd, 0, syscall(SYS_gettid));
	t_drain(fd);
}

/* abi-05, abi-08 */
static void reads(void)
{
	unsigned char b[256];
	uint32_t v[3];
	struct t_ev e;
	int id, n, bad;

	id = t_lock(fd, EX, 0, "rd", 0xabc);
	IS(t_read(fd, v, 12), 12, "abi-05: version with a result queued");
	CHECK(v[0] == 6 && v[1] == 0 && v[2] == 2, "abi-05: 6.0.2");
	for (n = 0, bad = 0; n < (int)T_RES; n++) {
		if (n == 12 || (t_stock() && n >= 52))
			continue;
		bad += t_read(fd, b, n) != -EINVAL;
	}
	IS(bad, 0, "abi-08: too small reads");
	memset(b, 0x5a, sizeof(b));
	IS(t_read(fd, b, sizeof(b)), T_RES, "abi-08: 72 bytes, still there");
	t_ev_parse(&e, fd, b, T_RES);
	CHECK(e.padded && e.id == id && !e.status && e.param == 0xabc && e.lksb == 0xabc && !e.bast,
	      "abi-08: content, padding, length");
	for (n = T_RES, bad = 0; n < (int)sizeof(b); n++)
		bad += b[n] != 0x5a;
	IS(bad, 0, "abi-08: nothing behind it");

	IS(t_conv(fd, id, PR, LKF_VALBLK), 0, "abi-08: convert with VALBLK");
	IS(t_read(fd, b, sizeof(b)), T_RES, "abi-08: a written value does not come back");
	t_conv(fd, id, PW, LKF_VALBLK);
	memset(b, 0x5a, sizeof(b));
	IS(t_read(fd, b, sizeof(b)), T_RES + 32, "abi-08: 104 bytes with a value");
	t_ev_parse(&e, fd, b, T_RES + 32);
	CHECK(e.padded && e.has_lvb, "abi-08: content, padding, length");
	IS(((struct dlm_lock_result *)b)->lvb_offset, T_RES, "abi-08: offset");
	for (n = T_RES, bad = 0; n < (int)T_RES + 32; n++) {
		int r;

		t_conv(fd, id, NL, 0);
		CAST(fd, id, 0, "abi-08: down");
		t_conv(fd, id, PR, LKF_VALBLK);
		memset(b, 0x5a, sizeof(b));
		r = t_read(fd, b, n);
		t_ev_parse(&e, fd, b, T_RES);
		bad += r != (int)T_RES || e.has_lvb || !e.padded || b[T_RES] != 0x5a;
	}
	IS(bad, 0, "abi-08: no room for the value: dropped");
	t_drop(fd, id);
}

/* abi-08: requests of a 32-bit program */
static void compat(void)
{
	struct req32 q = { .version = { 6, 0, 2 }, .cmd = DLM_USER_LOCK, .mode = EX };
	struct res32 r;
	int h = t_ls_open("dev"), id;
	char b[256];

	if (sizeof(long) != 8)
		return;
	q.castaddr = 0x11;
	q.castparam = 0x12;
	q.bastaddr = 0xfffffff0;
	q.bastparam = 0xffffffff;
	q.lksb = 0x13;
	q.flags = LKF_VALBLK;
	q.namelen = 4;
	memcpy(q.name, "c32x", 4);
	id = t_write(h, &q, t_stock() ? 108 : 104);
	CHECK(id > 0, "abi-08: 32-bit request: %d", id);
	IS(t_read(h, b, 51), -EINVAL, "abi-08: 51 bytes");
	IS(t_read(h, b, 52), 52, "abi-08: 52 bytes, value dropped");
	memcpy(&r, b, 52);
	IS(r.lvb_offset, 0, "abi-08: no value");
	IS(r.length, 52, "abi-08: length");
	CHECK(r.astaddr == 0x11 && r.astparam == 0x12 && r.user_lksb == 0x13 && !r.status &&
	      (int)r.lkid == id, "abi-08: content");
	CHECK(!r.sbflags && !r.pad[0] && !r.pad[1] && !r.pad[2] && !r.lvbptr && !r.unused[0] &&
	      !r.unused[1] && !r.unused[2], "abi-08: padding");
	q.flags = LKF_CONVERT | LKF_VALBLK;
	q.lkid = id;
	q.namelen = 0;
	memcpy(q.lvb, "value", 6);
	IS(t_write(h, &q, 104), 0, "abi-08: 32-bit convert");
	IS(t_read(h, b, sizeof(b)), 52, "abi-08: EX->EX stores, nothing back");
	q.mode = NL;
	IS(t_write(h, &q, 104), 0, "abi-08: to NL");
	IS(t_read(h, b, sizeof(b)), 52, "abi-08: stores");
	q.mode = PR;
	memset(q.lvb, 0, 32);
	IS(t_write(h, &q, 104), 0, "abi-08: to PR");
	IS(t_read(h, &r, sizeof(r)), 84, "abi-08: 84 bytes with a value");
	IS(r.lvb_offset, 52, "abi-08: offset");
	CHECK(!memcmp(r.lvb, "value", 6), "abi-08: the value");
	/* the blocking callback has its own addresses, 32 bits wide */
	int w = t_lock(fd, EX, LKF_NOQUEUE | LKF_NOQUEUEBAST, "c32x", 1);

	if (!t_stock()) {
		CAST(fd, w, -EAGAIN, "abi-08: the name was c32x");
		IS(t_read(h, &r, sizeof(r)), 52, "abi-08: blocking callback");
		CHECK(r.astaddr == 0xfffffff0 && r.astparam == 0xffffffff && r.bast == EX,
		      "abi-08: its addresses");
		q = (struct req32){ .version = { 6, 0, 2 }, .cmd = DLM_USER_UNLOCK, .lkid = id,
				    .lksb = 0x13 };
		IS(t_write(h, &q, 100), 0, "abi-08: 100-byte unlock");
		IS(t_read(h, &r, sizeof(r)), 52, "abi-08: EUNLOCK");
		IS(r.status, -EUNLOCK, "abi-08: EUNLOCK");
		IS(t_write(h, &q, 99), -EINVAL, "abi-08: 99 bytes");
		q.cmd = DLM_USER_LOCK;
		q.castaddr = 1;
		q.namelen = 5;
		IS(t_write(h, &q, 104), -EINVAL, "abi-08: namelen beyond what was written");
	}
	close(h);
	t_drain(fd);
}

static void on_signal(int sig)
{
	(void)sig;
}

struct reader {
	int fd;
	pid_t tid;
	int result;
	char buf[256];
};

static void *reading(void *arg)
{
	struct reader *r = arg;

	r->tid = syscall(SYS_gettid);
	r->result = t_read(r->fd, r->buf, sizeof(r->buf));
	return NULL;
}

static pthread_t start_reader(struct reader *r, int h)
{
	pthread_t t;

	memset(r, 0, sizeof(*r));
	r->fd = h;
	if (pthread_create(&t, NULL, reading, r))
		T_DIE("thread");
	CHECK(T_UNTIL(*(volatile pid_t *)&r->tid != 0) && t_sleeps_in(r->tid, SYS_read),
	      "abi-09: reader sleeps");
	return t;
}

static bool ended(pthread_t t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += T_WAIT_S * t_factor();
	return pthread_timedjoin_np(t, NULL, &ts) == 0;
}

/* abi-09, poll, O_NONBLOCK */
static void waiting(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDNORM };
	struct reader r;
	struct t_ev e;
	pthread_t t;
	int id;

	IS(poll(&p, 1, 0), 0, "poll: nothing queued");
	id = t_lock(fd, EX, 0, "w", 1);
	IS(poll(&p, 1, 0), 1, "poll: something queued");
	IS(p.revents, POLLIN | POLLRDNORM, "poll: says readable");
	CAST(fd, id, 0, "poll: it is there");
	IS(poll(&p, 1, 0), 0, "poll: nothing again");
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	IS(t_read(fd, &e, sizeof(e)), -EAGAIN, "O_NONBLOCK: empty read");
	IS(t_conv(fd, id, EX, 0), 0, "O_NONBLOCK: writes work");
	fcntl(fd, F_SETFL, O_RDWR);
	CAST(fd, id, 0, "O_NONBLOCK: done");

	sigaction(SIGUSR1, &sa, NULL);
	t = start_reader(&r, fd);
	pthread_kill(t, SIGUSR1);
	CHECK(ended(t), "abi-09: a signal wakes it");
	IS(r.result, -EINTR, "abi-09: EINTR");
	sa.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &sa, NULL);
	t = start_reader(&r, fd);
	pthread_kill(t, SIGUSR1);
	CHECK(t_sleeps_in(r.tid, SYS_read), "abi-09: SA_RESTART goes on sleeping");
	IS(t_conv(fd, id, NL, 0), 0, "abi-09: until there is something");
	CHECK(ended(t), "abi-09: then it wakes");
	IS(r.result, T_RES, "abi-09: with the result");
	t = start_reader(&r, fd);
	pthread_cancel(t);
	CHECK(ended(t), "abi-09: pthread_cancel() ends it");

	/* a result for one of two readers, then for the other */
	struct reader r2;
	pthread_t t2;

	t = start_reader(&r, fd);
	t2 = start_reader(&r2, fd);
	t_conv(fd, id, PR, 0);
	t_conv(fd, id, NL, 0);
	CHECK(ended(t) && ended(t2), "abi-09: two readers, two results");
	CHECK(r.result == (int)T_RES && r2.result == (int)T_RES, "abi-09: one each");
	t_drop(fd, id);
	QUIET(fd, 0, "abi-09: no more");
}

/* strict order of arrival, nothing lost */
static void order(void)
{
	enum { N = 2000 };
	int a = GRANT(fd, NL, 0, "oa"), b = GRANT(fd, NL, 0, "ob"), i, bad = 0;
	struct t_op o;
	struct t_ev e;

	if (t_stock())
		return;
	for (i = 1; i <= N; i++) {
		o = (struct t_op)T_OP(i);
		o.flags = LKF_CONVERT;
		o.lkid = i % 3 ? a : b;
		o.mode = i % 6;
		bad += t_op(fd, &o) != 0;
	}
	IS(bad, 0, "order: %d conversions of two locks, nothing read", N);
	for (i = 1; i <= N; i++)
		bad += t_next(fd, &e) || e.param != (uintptr_t)i || e.id != (i % 3 ? a : b) ||
		       e.status || e.lksb != (uintptr_t)i;
	IS(bad, 0, "order: all results, in order, with their own pointers");
	t_drop(fd, a);
	t_drop(fd, b);
}

/* abi-17, abi-19 */
static int converts(void *arg)
{
	return t_conv(fd, *(int *)arg, CR, 0) ? 1 : 0;
}

static void handles(void)
{
	int h2 = t_ls_open("dev"), id = t_lock(fd, EX, 0, "h", 0x21), w;

	CAST(fd, id, 0, "abi-17: lock through the first handle");
	IS(t_conv(h2, id, PR, 0), 0, "abi-17: convert through the second");
	CAST(fd, id, 0, "abi-17: arrives at the first");
	w = t_lock(h2, EX, 0, "h", 1);
	BAST(fd, id, EX, "abi-17: blocking callback at the first");
	IS(t_cancel(fd, w), 0, "abi-17: cancel of the second's through the first");
	CAST(h2, w, -ECANCEL, "abi-17: arrives at the second");
	close(h2);
	IS(locks_in("h"), PR, "abi-17: closing the second drops nothing");
	IS(t_reap(t_child(converts, &id)), 0, "abi-19: a child converts through the shared handle");
	CAST(fd, id, 0, "abi-19: result is there after the child ended");
	IS(locks_in("h"), CR, "abi-19: its exit dropped nothing");
	h2 = t_ls_open("dev");
	IS(t_unlock(h2, id, 0), 0, "abi-17: unlock through a second handle");
	CAST(fd, id, -EUNLOCK, "abi-17: arrives at the first");
	close(h2);

	/* another lockspace does not know the id */
	id = t_lock(fd, EX, 0, "h", 1);
	CAST(fd, id, 0, "abi-17: lock");
	h2 = t_ls_new("dev2", 0);
	IS(t_unlock(h2, id + 5, 0), -ENOENT, "abi-17: ids are per lockspace");
	w = t_lock(h2, EX, LKF_NOQUEUE, "h", 1);
	CAST(h2, w, 0, "abi-17: so are names");
	IS(t_ls_free(h2), 0, "abi-17: release");
	t_drop(fd, id);
}

/* requests and buffers that reach into a page that is not there */
static void faults(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct t_req q = t_req(DLM_USER_LOCK);
	int len = T_REQ + 8, n, bad, id, ctl = t_control();
	struct t_ev e;

	munmap(m + page, page);
	q.r.i.lock.mode = EX;
	q.r.i.lock.castaddr = T_CAST;
	q.r.i.lock.lksb = (void *)1;
	q.r.i.lock.namelen = 8;
	strcpy((char *)&q + T_REQ, "faulting");
	for (n = 0, bad = 0; n < len; n++) {
		memcpy(m + page - n, &q, n);
		bad += t_write(fd, m + page - n, len) != -EFAULT;
	}
	IS(bad, 0, "fault: lock request cut at every byte");
	IS(locks_in("faulting"), NL, "fault: no lock arose");
	memcpy(m + page - len, &q, len);
	id = t_write(fd, m + page - len, len);
	CHECK(id > 0, "fault: up to the very end of the page it works");
	CAST(fd, id, 0, "fault: granted");
	q.r.cmd = DLM_USER_CREATE_LOCKSPACE;
	for (n = 0, bad = 0; n < len; n++) {
		memcpy(m + page - n, &q, n);
		bad += t_write(ctl, m + page - n, len) != -EFAULT;
	}
	IS(bad, 0, "fault: create request cut at every byte");
	close(ctl);

	for (n = 0, bad = 0; n < (int)T_RES + 32; n++) {
		t_conv(fd, id, NL, 0);
		CAST(fd, id, 0, "fault: down");
		t_conv(fd, id, PR, LKF_VALBLK);
		bad += t_read(fd, m + page - n, T_RES + 32) != -EFAULT;
		t_drain(fd);
	}
	IS(bad, 0, "fault: result cut at every byte");
	for (n = 0, bad = 0; n < 12; n++)
		bad += t_read(fd, m + page - n, 12) != -EFAULT;
	IS(bad, 0, "fault: version cut at every byte");
	IS(t_conv(fd, id, NL, 0), 0, "fault: all goes on");
	e = CAST(fd, id, 0, "fault: granted");
	CHECK(e.padded, "fault: complete");
	t_drop(fd, id);
	mprotect(m, page, PROT_READ);
	id = t_lock(fd, EX, 0, "faulting", 1);
	IS(t_read(fd, m, 256), -EFAULT, "fault: read-only page");
	t_drain(fd);
	t_drop(fd, id);
	munmap(m, page);
}

int main(void)
{
	t_init();
	fd = t_ls_new("dev", 0);
	sizes();
	requests();
	answers();
	reads();
	compat();
	waiting();
	order();
	handles();
	faults();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
