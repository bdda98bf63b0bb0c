// SPDX-License-Identifier: GPL-2.0
/* What is left of a handle: death, PERSISTENT, orphans, adopting, purging. */
#include "modes.h"

static int fd;

struct dead {
	const char *res;
	int mode;
	uint32_t flags;
	int conv;		/* mode to convert to, -1 for none */
	uint32_t conv_flags;
	bool waits;		/* the last operation is not granted */
	struct t_gate ready;
};

static int holder(void *arg)
{
	struct dead *d = arg;
	int h = t_ls_open("orphan"), id = t_lock(h, d->mode, d->flags, d->res, 0xdead), r = id;
	struct t_ev e = { .status = 0 };

	if (id > 0 && (d->conv >= 0 || !d->waits))
		r = t_get(h, id, false, &e) || e.status ? -1 : id;
	if (r > 0 && d->conv >= 0) {
		r = t_conv(h, id, d->conv, d->conv_flags) ? -2 : id;
		if (r > 0 && !d->waits)
			r = t_get(h, id, false, &e) || e.status ? -3 : id;
	}
	t_post(&d->ready, r);
	while (1)
		pause();
	return 0;
}

static struct dead dead(const char *res, int mode, uint32_t flags)
{
	return (struct dead){ .res = res, .mode = mode, .flags = flags, .conv = -1 };
}

/* a child does it and is killed; the id it had, and who it was */
static int dies(struct dead d, pid_t *pid)
{
	int id;
	pid_t p;

	d.ready = t_gate();
	p = t_child(holder, &d);
	id = t_await(&d.ready);
	CHECK(id > 0, "setup: child holds what it should (%d)", id);
	IS(t_kill(p), 128 + SIGKILL, "setup: child is killed");
	if (pid)
		*pid = p;
	return id;
}

static int adopt(int h, const char *res, int mode, uint32_t flags)
{
	return t_lock(h, mode, flags | LKF_ORPHAN, res, 0xadd);
}

/* is this mode free now? */
static bool gets(const char *res, int mode)
{
	int id = t_lock(fd, mode, LKF_NOQUEUE, res, 1);
	struct t_ev e = { .status = 1 };

	if (id > 0 && !t_get(fd, id, false, &e) && !e.status)
		t_drop(fd, id);
	return !e.status;
}

/* abi-12 */
static void death(void)
{
	int w, x, y;
	struct dead d;
	pid_t p;

	dies(dead("d1", EX, 0), NULL);
	CHECK(gets("d1", EX), "abi-12: the lock of a dead process is gone");

	/* who waited for it is granted, who waited dies silently */
	d = dead("d2", EX, 0);
	d.ready = t_gate();
	p = t_child(holder, &d);
	CHECK(t_await(&d.ready) > 0, "setup: child holds EX");
	w = t_lock(fd, PR, 0, "d2", 1);
	QUIET(fd, w, "abi-12: waits for the child");
	t_kill(p);
	CAST(fd, w, 0, "abi-12: granted by its death");
	d = dead("d2", EX, 0);
	d.waits = true;
	d.ready = t_gate();
	p = t_child(holder, &d);
	CHECK(t_await(&d.ready) > 0, "setup: child waits for EX");
	BAST(fd, w, EX, "abi-12: told of the child's wish");
	x = t_lock(fd, PR, 0, "d2", 1);
	QUIET(fd, x, "abi-12: behind it");
	t_kill(p);
	CAST(fd, x, 0, "abi-12: granted when the one before died");
	y = GRANT(fd, NL, 0, "d2");
	t_drop(fd, x);
	t_drop(fd, w);
	t_drop(fd, y);

	/* a conversion in progress dies too */
	w = GRANT(fd, CR, 0, "d3");
	d = dead("d3", CR, 0);
	d.conv = EX;
	d.waits = true;
	dies(d, NULL);
	t_drain(fd);
	IS(mode_held(fd, "d3"), CR, "abi-12: only our CR is left");
	t_drop(fd, w);
}

/* abi-12, abi-13 */
static void orphans(void)
{
	int ctl = t_control(), id, got, w, h;
	struct t_ev e;

	id = dies(dead("o1", EX, LKF_PERSISTENT), NULL);
	CHECK(!gets("o1", CR), "abi-12: an orphan blocks others");
	CHECK(gets("o1", NL), "abi-12: but not NL");
	IS(t_remove(ctl, t_minor(fd), 0), -EBUSY, "abi-15: and makes a release busy");
	w = t_lock(fd, PR, 0, "o1", 1);
	QUIET(fd, w, "abi-12: one can wait for it");
	t_drop(fd, w);
	IS(adopt(fd, "o1", PR, 0), -EAGAIN, "abi-13: adopt with the wrong mode");
	IS(adopt(fd, "o1", NL, 0), -EAGAIN, "abi-13: again");
	IS(adopt(fd, "o2", EX, 0), -ENOENT, "abi-13: adopt where there is none");
	IS(adopt(fd, "o1x", EX, 0), -ENOENT, "abi-13: longer name");
	IS(adopt(fd, "o", EX, 0), -ENOENT, "abi-13: shorter name");
	got = adopt(fd, "o1", 6, 0);
	CHECK(got == -EINVAL || got == -EAGAIN, "abi-13: bad mode: %d", got);
	QUIET(fd, 0, "abi-13: no result for any of them");
	h = t_ls_open("orphan");
	got = adopt(h, "o1", EX, LKF_PERSISTENT);
	IS(got, id, "abi-13: adopt returns the id");
	QUIET(h, 0, "abi-13: and sends nothing");
	IS(adopt(fd, "o1", EX, 0), -ENOENT, "abi-13: it is no orphan any more");
	/* it belongs to its new handle */
	w = t_lock(fd, EX, 0, "o1", 1);
	e = BAST(h, id, EX, "abi-13: blocking callback goes to the new handle");
	IS(e.param, 0xadd, "abi-13: with the new parameter");
	IS(t_conv(h, id, PR, LKF_PERSISTENT), 0, "abi-13: it can be converted");
	CAST(h, id, 0, "abi-13: done");
	QUIET(fd, w, "abi-13: EX still waits");
	t_drop(fd, w);
	close(h);
	CHECK(!gets("o1", EX), "abi-13: closed with PERSISTENT: orphan again");
	h = t_ls_open("orphan");
	IS(adopt(h, "o1", PR, 0), id, "abi-13: adopted without PERSISTENT");
	close(h);
	CHECK(gets("o1", EX), "abi-13: then death frees it");
	IS(adopt(fd, "o1", PR, 0), -ENOENT, "abi-13: nothing left");

	/* adopt and unlock */
	id = dies(dead("o3", PW, LKF_PERSISTENT), NULL);
	IS(adopt(fd, "o3", PW, 0), id, "abi-13: adopt");
	IS(t_unlock(fd, id, 0), 0, "abi-13: unlock");
	CAST(fd, id, -EUNLOCK, "abi-13: EUNLOCK");

	/* oldest first; CONVERT wins over ORPHAN */
	id = dies(dead("o4", CR, LKF_PERSISTENT), NULL);
	w = dies(dead("o4", CR, LKF_PERSISTENT), NULL);
	IS(adopt(fd, "o4", CR, 0), id, "abi-13: the oldest first");
	IS(adopt(fd, "o4", CR, 0), w, "abi-13: then the other");
	IS(t_conv(fd, id, NL, LKF_ORPHAN), 0, "abi-13: CONVERT with ORPHAN converts");
	CAST(fd, id, 0, "abi-13: done");
	t_drop(fd, id);
	t_drop(fd, w);
	close(ctl);
}

/* PERSISTENT counts as given last */
static void last_flags(void)
{
	struct dead d = dead("p1", EX, LKF_PERSISTENT);

	d.conv = PR;
	dies(d, NULL);
	CHECK(gets("p1", EX), "abi-12: converted without PERSISTENT: freed");
	d = dead("p2", NL, 0);
	d.conv = EX;
	d.conv_flags = LKF_PERSISTENT;
	dies(d, NULL);
	CHECK(!gets("p2", CR), "abi-12: converted with it: orphan");
	IS(t_purge(fd, 0, 0), 0, "abi-14: purge of all orphans");
	CHECK(gets("p2", EX), "abi-14: they are gone");
}

/* an orphan whose conversion was pending stays at its mode */
static void pending(void)
{
	int a = GRANT(fd, CR, 0, "c1"), b;
	struct dead d = dead("c1", CR, LKF_PERSISTENT);

	d.conv = EX;
	d.conv_flags = LKF_PERSISTENT;
	d.waits = true;
	dies(d, NULL);
	t_drain(fd);
	b = GRANT(fd, CR, 0, "c1");
	t_drop(fd, a);
	t_drop(fd, b);
	IS(mode_held(fd, "c1"), CR, "abi-12: pending conversion of an orphan is cancelled");
	IS(adopt(fd, "c1", EX, 0), -EAGAIN, "abi-13: it is not EX");
	b = adopt(fd, "c1", CR, 0);
	CHECK(b > 0, "abi-13: it is CR");
	QUIET(fd, b, "abi-13: no result of the cancel");
	t_drop(fd, b);

	if (t_stock())
		return;		/* the purge below is a list corruption there */
	a = GRANT(fd, EX, 0, "c2");
	d = dead("c2", EX, LKF_PERSISTENT);
	d.waits = true;
	dies(d, NULL);
	t_drain(fd);
	IS(t_conv(fd, a, PR, 0), 0, "abi-12: never granted, PERSISTENT");
	CAST(fd, a, 0, "abi-12: done");
	CHECK(gets("c2", PR), "abi-12: does not wait in the queue");
	b = adopt(fd, "c2", EX, 0);
	CHECK(b == -EAGAIN || b == -ENOENT, "abi-12: and cannot be adopted: %d", b);
	IS(t_purge(fd, 0, 0), 0, "abi-14: an entry, if there is one, can be purged");
	IS(adopt(fd, "c2", EX, 0), -ENOENT, "abi-14: gone");
	t_drop(fd, a);
}

/* abi-14 */
static void purges(void)
{
	pid_t p1, p2;
	int h, h2, id, w, self = syscall(SYS_gettid);

	dies(dead("g1", EX, LKF_PERSISTENT), &p1);
	dies(dead("g2", EX, LKF_PERSISTENT), &p2);
	IS(t_purge(fd, 0, 0x7fffffff), 0, "abi-14: purge of an unknown pid");
	CHECK(!gets("g1", CR) && !gets("g2", CR), "abi-14: does nothing");
	w = t_lock(fd, PR, 0, "g1", 1);
	QUIET(fd, w, "abi-14: PR waits for the orphan");
	IS(t_purge(fd, 0, p1), 0, "abi-14: purge of one pid");
	CAST(fd, w, 0, "abi-14: who waited for its orphan is granted");
	CHECK(!gets("g2", CR), "abi-14: the other's orphan stays");
	t_drop(fd, w);
	dies(dead("g1", EX, LKF_PERSISTENT), &p1);
	IS(t_purge(fd, 0, 0), 0, "abi-14: purge of pid 0");
	CHECK(gets("g1", EX) && gets("g2", EX), "abi-14: clears all orphans");

	/* one's own */
	h = t_ls_open("orphan");
	h2 = t_ls_open("orphan");
	id = t_lock(h, EX, LKF_PERSISTENT, "own1", 1);
	CHECK(id > 0, "abi-14: persistent lock, result unread");
	GRANT(h, PR, 0, "own2");
	w = t_lock(h, EX, 0, "own2x", 1);
	GRANT(h2, EX, LKF_PERSISTENT, "own3");
	dies(dead("g3", EX, LKF_PERSISTENT), NULL);
	IS(t_purge(h, 0, 0), 0, "abi-14: purge of pid 0");
	CHECK(!gets("own1", CR) && !gets("own3", CR), "abi-14: leaves what has a handle");
	IS(t_purge(h, 0, self), 0, "abi-14: purge of one's own");
	CHECK(gets("own1", EX) && gets("own2", EX) && gets("own2x", EX),
	      "abi-14: frees all of this handle");
	CHECK(!gets("own3", CR), "abi-14: and nothing of another");
	IS(t_unlock(h, id, 0), -ENOENT, "abi-14: ids are gone");
	t_stashed = 0;
	QUIET(h, 0, "abi-14: no results are left, none arose");
	id = t_lock(h, EX, 0, "own1", 1);
	CAST(h, id, 0, "abi-14: the handle still works");
	close(h);
	close(h2);
	CHECK(!gets("own3", CR), "abi-14: other's persistent lock is an orphan now");
	IS(t_purge(fd, 0, self), 0, "abi-14: purge of one's own tid");
	CHECK(!gets("own3", CR), "abi-14: does not reach orphans");
	IS(t_purge(fd, 77, 0), -ENOBUFS, "abi-14: purge on a node that is not there");
	IS(t_purge(fd, 0, 0), 0, "abi-14: clean up");
}

/* the value block: not touched by becoming an orphan, marked by its purge */
static void value(void)
{
	int k = GRANT(fd, EX, LKF_VALBLK, "val"), r;
	struct t_ev e;
	char v[DLM_LVB_LEN] = "value";

	t_conv_lvb(fd, k, NL, LKF_VALBLK, v);
	CAST(fd, k, 0, "abi-12: value stored");
	dies(dead("val", EX, LKF_PERSISTENT | LKF_VALBLK), NULL);
	r = t_lock(fd, NL, LKF_VALBLK | LKF_EXPEDITE, "val", 1);
	e = CAST(fd, r, 0, "abi-12: reader beside an orphan");
	CHECK(!e.sbflags && !strcmp(e.lvb, v), "abi-12: value is valid");
	t_drop(fd, r);
	t_purge(fd, 0, 0);
	r = t_lock(fd, NL, LKF_VALBLK | LKF_EXPEDITE, "val", 1);
	e = CAST(fd, r, 0, "abi-14: reader after the purge");
	CHECK(e.sbflags == DLM_SBF_VALNOTVALID && !strcmp(e.lvb, v), "abi-14: marked, old bytes");
	t_drop(fd, r);
	t_drop(fd, k);
}

/* ids of orphans through other handles: any answer, no harm */
static void touch(void)
{
	int id;

	if (t_stock())
		return;
	id = dies(dead("t1", PR, LKF_PERSISTENT), NULL);
	t_conv(fd, id, NL, LKF_NOQUEUE);
	t_cancel(fd, id);
	t_deadlock(fd, id);
	t_drain(fd);
	IS(t_purge(fd, 0, 0), 0, "orphan: purge");
	CHECK(gets("t1", EX), "orphan: gone");
	id = dies(dead("t2", PR, LKF_PERSISTENT), NULL);
	t_unlock(fd, id, LKF_FORCEUNLOCK);
	t_drain(fd);
	IS(t_purge(fd, 0, 0), 0, "orphan: purge");
	CHECK(gets("t2", EX), "orphan: gone");
}

int main(void)
{
	int ctl;

	t_init();
	fd = t_ls_new("orphan", 0);
	death();
	orphans();
	last_flags();
	pending();
	purges();
	value();
	touch();
	QUIET(fd, 0, "nothing unexpected is left");
	ctl = t_control();
	OURS(IS(t_remove(ctl, t_minor(fd), 0), 0, "release without force: nothing is left"));
	if (t_stock())
		t_ls_free(fd);
	return t_done();
}
