/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions (6.1, 6.12, 7.x).  The rest of the
 * module is written for the newest; names that older kernels lack, or that newer ones
 * dropped although the ABI keeps them, are provided here.
 */
#ifndef _DLM_COMPAT_H
#define _DLM_COMPAT_H

#include <linux/dlm.h>
#include <linux/dlmconstants.h>
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/version.h>
#include <net/net_namespace.h>

/* hex2bin() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/hex.h>
#endif

/* members of struct file_lock: owner, flags, type, pid */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <linux/filelock.h>
#define dlm_fl(fl, member)	((fl)->c.flc_##member)
#else
#define dlm_fl(fl, member)	((fl)->fl_##member)
#endif

/* lockspace flags that later headers dropped; the numbers are ABI */
#ifndef DLM_LSFL_NODIR
#define DLM_LSFL_NODIR		0x00000001
#endif
#ifndef DLM_LSFL_TIMEWARN
#define DLM_LSFL_TIMEWARN	0x00000002
#endif
#ifndef DLM_LSFL_FS
#define DLM_LSFL_FS		0x00000004
#endif
#ifndef DLM_LSFL_NEWEXCL
#define DLM_LSFL_NEWEXCL	0x00000008
#endif
#ifndef DLM_LSFL_SOFTIRQ
#define DLM_LSFL_SOFTIRQ	0x00000010
#endif
#ifndef DLM_LKF_TIMEOUT
#define DLM_LKF_TIMEOUT		0x00040000
#endif

/* socket calls take an address whose size is given beside it */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define sockaddr_unsized	sockaddr
#endif

#endif
