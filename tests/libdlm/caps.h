/* SPDX-License-Identifier: GPL-2.0 */
/* Dropping CAP_SYS_ADMIN without the help of libcap. */
#ifndef T_CAPS_H
#define T_CAPS_H

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* this thread loses CAP_SYS_ADMIN for good; 0 if that worked */
static inline int t_drop_sys_admin(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return -1;
	d[0].effective &= ~(1u << CAP_SYS_ADMIN);
	d[0].permitted &= ~(1u << CAP_SYS_ADMIN);
	d[0].inheritable &= ~(1u << CAP_SYS_ADMIN);
	return syscall(SYS_capset, &h, d);
}

#endif
