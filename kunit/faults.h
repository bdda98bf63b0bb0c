/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own fault injection, for suites: allocations that fail.
 *
 * Needs CONFIG_FAILSLAB and its debugfs files; t_faults_possible() says if they are there.
 */
#ifndef _DLM_KUNIT_FAULTS_H
#define _DLM_KUNIT_FAULTS_H

#include <linux/types.h>

bool t_faults_possible(void);
/* allocations of tasks that ask for it (t_fail_nth(), t_faults_here()) may fail, silently */
void t_faults_begin(unsigned int percent);
void t_faults_end(void);

/* the n-th allocation of this task fails */
void t_fail_nth(unsigned int n);
/* did it? */
bool t_failed(void);
/* some of this task's allocations fail, as t_faults_begin() said, or no longer */
void t_faults_here(bool on);

#endif
