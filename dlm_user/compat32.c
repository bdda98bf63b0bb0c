// SPDX-License-Identifier: GPL-2.0
/*
 * Forms of requests and results: the kernel's own, and that of 32-bit programs
 * on a 64-bit kernel (user-abi.md 5, 6).
 *
 * The two forms of a request differ from the first pointer on.  A 32-bit one
 * is turned into the kernel's own form where it lies, as soon as it is read.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "user.h"

/* the part of a 32-bit request that differs, up to the value block */
struct pointers32 {
	u32	castparam;
	u32	castaddr;
	u32	bastparam;
	u32	bastaddr;
	u32	lksb;
};

#define POINTERS		offsetof(struct dlm_write_request, i.lock.castparam)
#define LVB			offsetof(struct dlm_write_request, i.lock.lvb)
#define LVB32			(POINTERS + sizeof(struct pointers32))

static_assert(LVB32 + DLM_USER_LVB_LEN == DLM_REQ_SIZE32);
static_assert(DLM_REQ_SIZE >= DLM_REQ_SIZE32);

struct result32 {
	u32	version[3];
	u32	length;
	u32	user_astaddr;
	u32	user_astparam;
	u32	user_lksb;
	s32	sb_status;
	u32	sb_lkid;
	u8	sb_flags;
	u8	sb_pad[3];
	u32	sb_lvbptr;
	u8	bast_mode;
	u8	unused[3];
	u32	lvb_offset;
};

static_assert(sizeof(struct result32) == DLM_RESULT_SIZE32);
static_assert(sizeof(struct result32) <= sizeof(struct dlm_lock_result));

#ifdef CONFIG_64BIT
static_assert(DLM_REQ_SIZE == 120);
static_assert(DLM_RESULT_SIZE == 72);
#endif

static bool is_lock_request(const struct dlm_user_req *req)
{
	return req->r.cmd == DLM_USER_LOCK || req->r.cmd == DLM_USER_UNLOCK ||
	       req->r.cmd == DLM_USER_DEADLOCK;
}

static void __user *pointer(u32 p)
{
	return (void __user *)(unsigned long)p;
}

/* what is moved goes up, so the last part is moved first */
static void widen(struct dlm_user_req *req)
{
	struct dlm_lock_params *lock = &req->r.i.lock;
	struct pointers32 p;

	memmove(req->raw + DLM_REQ_SIZE, req->raw + DLM_REQ_SIZE32, req->tail);
	memmove(req->raw + LVB, req->raw + LVB32, DLM_USER_LVB_LEN);
	memcpy(&p, req->raw + POINTERS, sizeof(p));
	lock->castparam = pointer(p.castparam);
	lock->castaddr = pointer(p.castaddr);
	lock->bastparam = pointer(p.bastparam);
	lock->bastaddr = pointer(p.bastaddr);
	lock->lksb = pointer(p.lksb);
}

static int check_version(const struct dlm_user_req *req)
{
	const u32 *v = req->r.version;

	if (v[0] == DLM_DEVICE_VERSION_MAJOR && v[1] <= DLM_DEVICE_VERSION_MINOR)
		return 0;
	pr_debug_ratelimited("dlm: %s (%d) uses device version %u.%u.%u, this is %d.%d.%d\n",
			     current->comm, task_pid_nr(current), v[0], v[1], v[2],
			     DLM_DEVICE_VERSION_MAJOR, DLM_DEVICE_VERSION_MINOR,
			     DLM_DEVICE_VERSION_PATCH);
	return -EBADE;
}

/**
 * dlm_req_read - read a request from a program
 * @req: gets the request; only what was written and fits its command is set
 * @buf: where it is
 * @count: its bytes
 *
 * Context: may fault.
 * Return: 0, -EINVAL (size), -EFAULT, -EBADE (version).
 */
int dlm_req_read(struct dlm_user_req *req, const char __user *buf, size_t count)
{
	size_t min = IS_ENABLED(CONFIG_COMPAT) ? DLM_REQ_SIZE32 : DLM_REQ_SIZE;
	int err;

	if (count < min || count > DLM_REQ_MAX)
		return -EINVAL;
	if (copy_from_user(req->raw, buf, count))
		return -EFAULT;
	req->compat = IS_ENABLED(CONFIG_COMPAT) && !req->r.is64bit;
	if (!req->compat && count < DLM_REQ_SIZE)
		return -EINVAL;
	err = check_version(req);
	if (err)
		return err;

	req->count = count;
	req->tail = count - (req->compat ? DLM_REQ_SIZE32 : DLM_REQ_SIZE);
	if (req->tail > DLM_RESNAME_MAXLEN)
		req->tail = DLM_RESNAME_MAXLEN;
	if (req->compat && is_lock_request(req))
		widen(req);
	return 0;
}

/**
 * dlm_result_size - bytes of a result without value block
 * @compat: in the 32-bit form
 *
 * Return: bytes.
 */
unsigned int dlm_result_size(bool compat)
{
	return compat ? DLM_RESULT_SIZE32 : DLM_RESULT_SIZE;
}

static void encode(struct dlm_lock_result *out, const struct dlm_user_result *res,
		   unsigned int len, unsigned int lvb_offset)
{
	memset(out, 0, sizeof(*out));
	out->version[0] = DLM_DEVICE_VERSION_MAJOR;
	out->version[1] = DLM_DEVICE_VERSION_MINOR;
	out->version[2] = DLM_DEVICE_VERSION_PATCH;
	out->length = len;
	out->user_astaddr = (void __user *)res->addr;
	out->user_astparam = (void __user *)res->param;
	out->user_lksb = (struct dlm_lksb __user *)res->lksb;
	out->lksb.sb_status = res->status;
	out->lksb.sb_lkid = res->lkid;
	out->lksb.sb_flags = res->entry.sbflags;
	out->bast_mode = res->entry.bast_mode;
	out->lvb_offset = lvb_offset;
}

static void encode32(struct result32 *out, const struct dlm_user_result *res,
		     unsigned int len, unsigned int lvb_offset)
{
	memset(out, 0, sizeof(*out));
	out->version[0] = DLM_DEVICE_VERSION_MAJOR;
	out->version[1] = DLM_DEVICE_VERSION_MINOR;
	out->version[2] = DLM_DEVICE_VERSION_PATCH;
	out->length = len;
	out->user_astaddr = res->addr;
	out->user_astparam = res->param;
	out->user_lksb = res->lksb;
	out->sb_status = res->status;
	out->sb_lkid = res->lkid;
	out->sb_flags = res->entry.sbflags;
	out->bast_mode = res->entry.bast_mode;
	out->lvb_offset = lvb_offset;
}

/**
 * dlm_result_encode - bring a result into the form that is read
 * @out: gets it
 * @compat: in the 32-bit form
 * @room: bytes the program has for it, at least dlm_result_size(); if there
 *	is none for the value block, it is left out
 * @res: the result
 *
 * Return: bytes of @out.
 */
unsigned int dlm_result_encode(struct dlm_user_out *out, bool compat,
			       size_t room, const struct dlm_user_result *res)
{
	unsigned int size = dlm_result_size(compat);
	bool lvb = res->entry.has_lvb && room >= size + DLM_USER_LVB_LEN;
	unsigned int len = lvb ? size + DLM_USER_LVB_LEN : size;

	if (compat)
		encode32((void *)out->raw, res, len, lvb ? size : 0);
	else
		encode((void *)out->raw, res, len, lvb ? size : 0);
	if (lvb)
		memcpy(out->raw + size, res->lvb, DLM_USER_LVB_LEN);
	return len;
}

/**
 * dlm_version_read - what a read of 12 bytes returns, on any device
 * @buf: where the program wants it
 *
 * Return: 12 or -EFAULT.
 */
ssize_t dlm_version_read(char __user *buf)
{
	static const struct dlm_device_version version = {
		.version = {
			DLM_DEVICE_VERSION_MAJOR,
			DLM_DEVICE_VERSION_MINOR,
			DLM_DEVICE_VERSION_PATCH,
		},
	};

	if (copy_to_user(buf, &version, sizeof(version)))
		return -EFAULT;
	return sizeof(version);
}
