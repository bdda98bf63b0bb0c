// SPDX-License-Identifier: GPL-2.0
/*
 * Init and exit of the device side.
 */
#include <linux/kernel.h>
#include <dlm/user.h>
#include "user.h"

static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ dlm_results_init, dlm_results_exit },
	{ dlm_timewarn_init, dlm_timewarn_exit },
	{ dlm_monitor_init, dlm_monitor_exit },
	{ dlm_plock_init, dlm_plock_exit },
	/* programs come in as soon as this one is there */
	{ dlm_control_init, dlm_control_exit },
};

static void exit_parts(unsigned int n)
{
	while (n--)
		parts[n].exit();
}

/**
 * dlm_user_init - bring up the devices
 *
 * Return: 0 or a negative errno, with nothing left behind.
 */
int dlm_user_init(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		err = parts[i].init();
		if (err) {
			exit_parts(i);
			return err;
		}
	}
	return 0;
}

/**
 * dlm_user_exit - undo dlm_user_init()
 *
 * No lockspace is left: each pins the module.
 */
void dlm_user_exit(void)
{
	exit_parts(ARRAY_SIZE(parts));
}
