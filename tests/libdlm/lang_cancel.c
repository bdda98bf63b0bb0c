// SPDX-License-Identifier: GPL-2.0
/* Cancel, forced unlock, and operations that meet a busy lock. */
#include "modes.h"

static int fd;

static void waiting(void)
{
	int h = GRANT(fd, EX, 0, "c1"), w = t_lock(fd, PR, LKF_VALBLK, "c1", 1), v, i;

	QUIET(fd, w, "lang-17: PR waits");
	IS(t_conv(fd, w, EX, 0), -EBUSY, "lang-18: convert while waiting");
	IS(t_conv(fd, w, NL, 0), -EBUSY, "lang-18: also down");
	v = t_lock(fd, CR, 0, "c1", 1);
	IS(t_cancel(fd, w), 0, "lang-17: cancel of a waiting lock");
	CAST(fd, w, -ECANCEL, "lang-17: ECANCEL");
	QUIET(fd, w, "lang-17: once");
	IS(t_cancel(fd, w), -ENOENT, "lang-17: and the id is dead");
	IS(t_conv(fd, w, NL, 0), -ENOENT, "lang-17: for conversions too");
	IS(t_unlock(fd, w, 0), -ENOENT, "lang-17: and unlocks");
	QUIET(fd, v, "lang-17: who waited behind still waits for EX");

	/* many in a row, the queue is scanned again after each */
	w = t_lock(fd, EX, LKF_HEADQUE, "c1", 1);
	t_conv(fd, h, PR, 0);
	CAST(fd, h, 0, "lang-17: holder to PR");
	QUIET(fd, v, "lang-17: CR is behind the EX");
	IS(t_cancel(fd, w), 0, "lang-17: cancel the EX");
	CAST(fd, w, -ECANCEL, "lang-17: ECANCEL");
	CAST(fd, v, 0, "lang-17: and the one behind is granted");
	t_drain(fd);

	/* abi-11 */
	for (i = 0; i < 5; i++)
		IS(t_cancel(fd, h), 0, "abi-11: cancel of an idle lock");
	QUIET(fd, h, "abi-11: sends nothing");
	IS(t_conv(fd, h, CR, 0), 0, "abi-11: and is forgotten");
	CAST(fd, h, 0, "abi-11: converted");
	t_drop(fd, h);
	t_drop(fd, v);
}

static void converting(void)
{
	int a = GRANT(fd, CR, 0, "c2"), b = GRANT(fd, CR, 0, "c2");

	IS(t_conv(fd, a, EX, 0), 0, "lang-17: CR->EX");
	QUIET(fd, a, "lang-17: waits");
	IS(t_conv(fd, a, PR, 0), -EBUSY, "lang-18: convert while converting");
	IS(t_conv(fd, a, NL, 0), -EBUSY, "lang-18: also down");
	QUIET(fd, a, "lang-18: EBUSY sends nothing");
	IS(t_cancel(fd, a), 0, "lang-17: cancel of a conversion");
	CAST(fd, a, -ECANCEL, "lang-17: ECANCEL");
	IS(t_cancel(fd, a), -EINVAL, "abi-11: another cancel before a new convert");
	IS(t_cancel(fd, a), -EINVAL, "abi-11: and again");
	QUIET(fd, a, "abi-11: sends nothing");
	t_drain(fd);
	t_drop(fd, b);
	IS(mode_held(fd, "c2"), CR, "lang-17: it holds its old mode");
	IS(t_conv(fd, a, PR, 0), 0, "lang-17: it can be converted");
	CAST(fd, a, 0, "lang-17: granted");
	IS(t_cancel(fd, a), 0, "abi-11: after a convert cancel returns 0 again");
	QUIET(fd, a, "abi-11: and sends nothing");

	/* cancelled conversions make room for those behind */
	b = GRANT(fd, NL, 0, "c2");
	int c = GRANT(fd, NL, 0, "c2");

	t_conv(fd, b, EX, 0);
	t_conv(fd, c, PR, LKF_QUECVT);
	QUIET(fd, c, "lang-17: QUECVT waits behind a conversion");
	IS(t_cancel(fd, b), 0, "lang-17: cancel the first");
	CAST(fd, b, -ECANCEL, "lang-17: ECANCEL");
	CAST(fd, c, 0, "lang-17: the second is granted");
	t_drop(fd, a);
	t_drop(fd, b);
	t_drop(fd, c);
	t_drain(fd);
}

/* each of the flags that an unlock may not have */
static void unlock_flags(void)
{
	uint32_t ok = LKF_CANCEL | LKF_VALBLK | LKF_IVVALBLK | LKF_FORCEUNLOCK, bit;
	int id = GRANT(fd, PR, 0, "c3");

	for (bit = 1; bit; bit <<= 1)
		if (!(bit & ok))
			IS(t_unlock(fd, id, bit), -EINVAL, "unlock with flag 0x%x", bit);
	IS(t_unlock(fd, id, LKF_CANCEL | LKF_FORCEUNLOCK), -EINVAL, "CANCEL and FORCEUNLOCK");
	IS(t_unlock(fd, id, LKF_CANCEL | LKF_NOQUEUE), -EINVAL, "CANCEL and NOQUEUE");
	QUIET(fd, id, "refused unlocks send nothing");
	IS(mode_held(fd, "c3"), PR, "and change nothing");
	IS(t_unlock(fd, id, LKF_VALBLK | LKF_IVVALBLK), 0, "VALBLK and IVVALBLK");
	CAST(fd, id, -EUNLOCK, "EUNLOCK");
}

/* forced unlock works from every queue and is said once */
static void force(void)
{
	int h = GRANT(fd, EX, 0, "c4"), w, c;

	w = t_lock(fd, EX, 0, "c4", 1);
	IS(t_unlock(fd, w, LKF_FORCEUNLOCK), 0, "force unlock of a waiting lock");
	CAST(fd, w, -EUNLOCK, "EUNLOCK");
	QUIET(fd, w, "once");
	BAST(fd, h, EX, "the holder was told");
	IS(t_unlock(fd, w, LKF_FORCEUNLOCK), -ENOENT, "second time: gone");
	c = GRANT(fd, NL, 0, "c4");
	t_conv(fd, c, EX, 0);
	IS(t_unlock(fd, c, LKF_FORCEUNLOCK), 0, "force unlock of a converting lock");
	CAST(fd, c, -EUNLOCK, "EUNLOCK");
	QUIET(fd, c, "once");
	IS(t_unlock(fd, h, LKF_FORCEUNLOCK), 0, "force unlock of a granted lock");
	CAST(fd, h, -EUNLOCK, "EUNLOCK");
	QUIET(fd, 0, "nothing else");
	/* a flag of a lock call, where it means nothing, does not spoil it */
	h = GRANT(fd, EX, LKF_FORCEUNLOCK, "c4");
	OURS(IS(t_unlock(fd, h, LKF_FORCEUNLOCK), 0, "force unlock after FORCEUNLOCK in a lock"));
	if (t_stock())
		t_unlock(fd, h, 0);
	CAST(fd, h, -EUNLOCK, "EUNLOCK");
}

/* abi-10 and the table of unlock results */
static void unlock_pointers(void)
{
	struct t_op o = T_OP(0x1111);
	struct t_ev e;
	int id;

	o.mode = EX;
	o.name = "c5";
	o.namelen = 2;
	id = t_op(fd, &o);
	e = CAST(fd, id, 0, "abi-10: granted");
	CHECK(e.addr == (uintptr_t)T_CAST && e.param == 0x1111 && e.lksb == 0x1111,
	      "abi-10: pointers of the request");
	o = (struct t_op)T_OP(0);
	o.cmd = DLM_USER_UNLOCK;
	o.lkid = id;
	o.castaddr = 0x3333;
	o.castparam = 0;
	o.lksb = 0x4444;
	IS(t_op(fd, &o), 0, "abi-10: unlock");
	e = CAST(fd, id, -EUNLOCK, "abi-10: EUNLOCK");
	CHECK(e.addr == (uintptr_t)T_CAST, "abi-10: castaddr of an unlock is ignored");
	CHECK(e.param == 0x1111, "abi-10: castparam 0 keeps the old one");
	CHECK(e.lksb == 0x4444, "abi-10: the lksb pointer is replaced");

	id = t_lock(fd, EX, 0, "c5", 0x1111);
	CAST(fd, id, 0, "abi-10: granted again");
	o.lkid = id;
	o.castparam = 0x5555;
	IS(t_op(fd, &o), 0, "abi-10: unlock with a parameter");
	e = CAST(fd, id, -EUNLOCK, "abi-10: EUNLOCK");
	CHECK(e.param == 0x5555, "abi-10: castparam replaces");

	/* a convert replaces everything */
	id = t_lock(fd, PR, 0, "c5", 0x1111);
	CAST(fd, id, 0, "abi-10: granted");
	o = (struct t_op)T_OP(0x6666);
	o.mode = CR;
	o.flags = LKF_CONVERT;
	o.lkid = id;
	o.castaddr = 0x7777;
	IS(t_op(fd, &o), 0, "abi-10: convert");
	e = CAST(fd, id, 0, "abi-10: granted");
	CHECK(e.addr == 0x7777 && e.param == 0x6666 && e.lksb == 0x6666,
	      "abi-10: convert replaces the pointers");
	t_drop(fd, id);
}

/* a failing convert has stored its pointers all the same */
static void failing_convert(void)
{
	int h = GRANT(fd, EX, 0, "c6"), w = t_lock(fd, PR, 0, "c6", 0x1111);
	struct t_op o = T_OP(0x2222);
	struct t_ev e;

	o.mode = EX;
	o.flags = LKF_CONVERT;
	o.lkid = w;
	IS(t_op(fd, &o), -EBUSY, "abi: convert of a waiting lock");
	t_drop(fd, h);
	e = CAST(fd, w, 0, "abi: the request is granted");
	CHECK(e.param == 0x2222 && e.lksb == 0x2222,
	      "abi: with the pointers of the failed convert");
	t_drop(fd, w);
}

static void bad_ids(void)
{
	static const int ids[] = { 0, -1, 0x7fffffff, 0x10000000 };
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		IS(t_conv(fd, ids[i], PR, 0), -ENOENT, "convert of id %d", ids[i]);
		IS(t_unlock(fd, ids[i], 0), -ENOENT, "unlock of id %d", ids[i]);
		IS(t_cancel(fd, ids[i]), -ENOENT, "cancel of id %d", ids[i]);
		IS(t_unlock(fd, ids[i], LKF_FORCEUNLOCK), -ENOENT, "force unlock of id %d", ids[i]);
	}
	QUIET(fd, 0, "unknown ids send nothing");
}

int main(void)
{
	t_init();
	fd = t_ls_new("cancel", 0);
	waiting();
	converting();
	unlock_flags();
	force();
	unlock_pointers();
	failing_convert();
	bad_ids();
	QUIET(fd, 0, "nothing unexpected is left");
	IS(t_ls_free(fd), 0, "release");
	return t_done();
}
