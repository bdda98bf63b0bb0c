/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLM_NET_H
#define _DLM_NET_H

struct dlm_node;

int dlm_net_init(void);
void dlm_net_exit(void);

/* main.c: what the rooms provide for a node comes and goes */
int dlm_node_setup(struct dlm_node *node);
void dlm_node_teardown(struct dlm_node *node);

#endif
