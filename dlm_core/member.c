// SPDX-License-Identifier: GPL-2.0
/*
 * Stop and start: the two entry points of every membership provider.
 *
 * The only provider so far is `solo`: this node is the only member, so
 * that a start has nothing to recover.
 */
#include "engine.h"
#include "lockspace.h"

/**
 * dlm_ls_stop - stop locking
 * @ls: the lockspace; may be stopped already
 *
 * New operations sleep until the next start, none is inside any more.
 *
 * Context: sleeps.
 */
void dlm_ls_stop(struct dlm_ls *ls)
{
	mutex_lock(&ls->control_lock);
	dlm_gate_set(&ls->gate, DLM_GATE_CLOSED);
	dlm_gate_drain(&ls->gate);
	mutex_unlock(&ls->control_lock);
}

/**
 * dlm_ls_start - start locking with these members
 * @ls: the lockspace; nothing happens if it runs
 * @nodeids: node ids of the members
 * @count: how many
 *
 * Context: sleeps.
 * Return: 0, -EINVAL if the members are not just this node.
 */
int dlm_ls_start(struct dlm_ls *ls, const int *nodeids, unsigned int count)
{
	if (count != 1 || nodeids[0] != ls->node->nodeid)
		return -EINVAL;
	mutex_lock(&ls->control_lock);
	if (ls->gate.state == DLM_GATE_CLOSED) {
		ls->members = count;
		ls->generation++;
		dlm_gate_set(&ls->gate, DLM_GATE_OPEN);
	}
	mutex_unlock(&ls->control_lock);
	return 0;
}
