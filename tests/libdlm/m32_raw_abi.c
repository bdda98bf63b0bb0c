// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program on a 64-bit kernel: 100-byte requests as i386 lays them out,
 * 52 and 84-byte results, and the 104-byte size that Linux's own module wants.
 * Numbers: user-abi section 5.
 */
#include "t.h"

/* sizes are what this is about: everything through one place */
static int lock_len(int fd, int mode, uint32_t flags, int id, const char *name, int namelen,
		    int extra)
{
	struct t_req q = t_req(DLM_USER_LOCK);
	struct dlm_lock_params *l = &q.r.i.lock;

	l->mode = mode;
	l->flags = flags;
	l->lkid = id;
	l->namelen = namelen;
	l->castaddr = T_CAST;
	l->bastaddr = T_BAST;
	l->castparam = (void *)0xfffffff0;
	l->bastparam = (void *)0x80000001;
	l->lksb = (void *)0xdeadbeef;
	memset(l->lvb, 'v', DLM_LVB_LEN);
	memcpy((char *)&q + 100, name, strlen(name));
	return t_write(fd, &q, 100 + strlen(name) + extra);
}

static void layout(void)
{
	IS(sizeof(struct dlm_write_request), 100, "m32: size of a request");
	IS(sizeof(struct dlm_lock_result), 52, "m32: size of a result");
	IS(offsetof(struct dlm_write_request, i.lock.lvb), 68, "m32: value block in a request");
	IS(t_req(DLM_USER_LOCK).r.is64bit, 0, "m32: is64bit");
}

static void results(int fd)
{
	struct dlm_lock_result *r;
	char b[256];
	int id, other;

	id = lock_len(fd, EX, LKF_VALBLK, 0, "result", 6, 0);
	CHECK(id > 0, "m32: lock with 106 bytes");
	memset(b, 0x5a, sizeof(b));
	IS(t_read(fd, b, sizeof(b)), 84, "m32: completion with a value block");
	r = (void *)b;
	IS(r->length, 84, "m32: length field");
	IS(r->lvb_offset, 52, "m32: where the value block is");
	IS(r->lksb.sb_lkid, id, "m32: lock id");
	CHECK(r->user_astaddr == T_CAST && r->user_astparam == (void *)0xfffffff0 &&
	      r->user_lksb == (void *)0xdeadbeef, "m32: pointers come back");
	CHECK(!r->lksb.sb_lvbptr && !r->unused[0] && !r->unused[1] && !r->unused[2] &&
	      !b[37] && !b[38] && !b[39], "m32: padding is zero");
	CHECK(b[84] == 0x5a, "m32: nothing written behind it");
	/* a PR request by another handle makes it block */
	other = t_ls_open("m32abi");
	lock_len(other, PR, 0, 0, "result", 6, 0);
	IS(t_read(fd, b, sizeof(b)), 52, "m32: blocking callback");
	IS(r->bast_mode, PR, "m32: its mode");
	CHECK(r->user_astaddr == T_BAST && r->user_astparam == (void *)0x80000001,
	      "m32: its pointers");
	IS(lock_len(fd, NL, LKF_CONVERT | LKF_VALBLK, id, "", 0, 0), 0, "m32: convert with 100 bytes");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: a stored value block does not come back");
	IS(t_read(other, b, sizeof(b)), 52, "m32: the other is granted");
	IS(lock_len(other, PR, LKF_CONVERT | LKF_VALBLK, r->lksb.sb_lkid, "", 0, 0), 0,
	   "m32: convert to the same mode with VALBLK");
	IS(t_read(other, b, 83), 52, "m32: no room for the value block");
	IS(r->lvb_offset, 0, "m32: then it is left out");
	IS(lock_len(other, PR, LKF_CONVERT | LKF_VALBLK, r->lksb.sb_lkid, "", 0, 0), 0,
	   "m32: once more");
	IS(t_read(other, b, 84), 84, "m32: 84 bytes are enough");
	CHECK(b[52] == 'v' && b[83] == 'v', "m32: the stored bytes arrive");
	close(other);
	IS(t_unlock(fd, id, 0), 0, "m32: unlock with 100 bytes");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: its completion");
	IS(r->lksb.sb_status, -EUNLOCK, "m32: EUNLOCK");
}

static void sizes(int fd)
{
	struct t_req q = t_req(DLM_USER_LOCK);
	char b[256], name[65];
	int id, two;

	IS(t_write(fd, &q, 99), -EINVAL, "m32: 99 bytes");
	IS(t_read(fd, b, 12), 12, "m32: version");
	IS(((uint32_t *)b)[0], 6, "m32: version 6");
	IS(lock_len(fd, EX, 0, 0, "abc", 4, 0), -EINVAL, "m32: a name longer than what was written");
	/* the last four bytes of a name are where Linux's own module cuts */
	id = lock_len(fd, EX, 0, 0, "lastbyteA", 9, 0);
	two = lock_len(fd, EX, LKF_NOQUEUE, 0, "lastbyteB", 9, 0);
	CHECK(id > 0 && two > 0, "m32: two names that differ in the last byte");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: first granted");
	IS(((struct dlm_lock_result *)b)->lksb.sb_status, 0, "m32: status");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: second granted");
	IS(((struct dlm_lock_result *)b)->lksb.sb_status, 0, "m32: it is another resource");
	two = lock_len(fd, EX, LKF_NOQUEUE, 0, "lastbyteA", 9, 4);
	CHECK(two > 0, "m32: 4 bytes more behind the name, as with a 104-byte header");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: its completion");
	IS(((struct dlm_lock_result *)b)->lksb.sb_status, -EAGAIN, "m32: it is the same resource");
	IS(lock_len(fd, NL, LKF_CONVERT, id, "", 0, 4), 0, "m32: convert with 104 bytes");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: its completion");
	q = t_req(DLM_USER_UNLOCK);
	q.r.i.lock.lkid = id;
	q.r.i.lock.lksb = (void *)0x10;
	IS(t_write(fd, &q, 104), 0, "m32: unlock with 104 bytes");
	IS(t_read(fd, b, sizeof(b)), 52, "m32: its completion");
	memset(name, 'n', 64);
	name[64] = 0;
	CHECK(lock_len(fd, EX, 0, 0, name, 64, 0) > 0, "m32: a name of 64 bytes");
	IS(t_read(fd, b, 51), -EINVAL, "m32: read of 51 bytes");
	IS(t_read(fd, b, 52), 52, "m32: read of 52 bytes");
	IS(t_purge(fd, 0, syscall(SYS_gettid)), 0, "m32: purge with 100 bytes");
	fcntl(fd, F_SETFL, O_NONBLOCK);
	IS(t_read(fd, b, sizeof(b)), -EAGAIN, "m32: purge says nothing");
}

static void lockspaces(void)
{
	int ctl = t_control(), m, fd;
	char b[64];

	m = t_create(ctl, "m32abi", 0);
	CHECK(m >= 0, "m32: create");
	IS(t_create(ctl, "m32abi", 0), -EEXIST, "m32: create again");
	IS(access(t_path("m32abi"), F_OK), 0, "m32: the name is whole");
	IS(t_read(ctl, b, 12), 12, "m32: version from the control device");
	fd = t_ls_open("m32abi");
	CHECK(fd >= 0, "m32: open");
	results(fd);
	sizes(fd);
	lock_len(fd, EX, 0, 0, "busy", 4, 0);
	IS(t_remove(ctl, m, 0), -EBUSY, "m32: release with a lock");
	close(fd);
	IS(t_remove(ctl, m, 0), 0, "m32: release with 100 bytes");
	CHECK(access(t_path("m32abi"), F_OK), "m32: it is gone");
	close(ctl);
}

int main(void)
{
	t_init();
	layout();
	lockspaces();
	return t_done();
}
