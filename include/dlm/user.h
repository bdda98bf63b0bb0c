/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's init and the engine's hooks use of dlm_user/.
 */
#ifndef _DLM_USER_H
#define _DLM_USER_H

struct dlm_timewarn;

int dlm_user_init(void);
void dlm_user_exit(void);

void dlm_timewarn_send(const struct dlm_timewarn *w);

#endif
