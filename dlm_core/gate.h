/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DLM_GATE_H
#define _DLM_GATE_H

#include <linux/percpu.h>
#include <linux/wait.h>

/**
 * enum dlm_gate_state - may operations go on?
 * @DLM_GATE_CLOSED: no, they sleep until it changes
 * @DLM_GATE_OPEN: yes
 * @DLM_GATE_DEAD: never again, they fail
 */
enum dlm_gate_state {
	DLM_GATE_CLOSED,
	DLM_GATE_OPEN,
	DLM_GATE_DEAD,
};

/**
 * struct dlm_gate - what every operation on a lockspace passes
 * @state: enum dlm_gate_state
 * @barred: who asks with dlm_gate_enter() is refused, for ever, whatever @state is
 * @inside: operations inside, per CPU; only the sum means anything
 * @wait: sleepers: operations until it opens, and whoever drains it
 *
 * Entering and leaving touch nothing that another CPU writes.  A task that
 * entered may leave on another CPU, but one that finds the gate shut takes its
 * count back on the CPU where it added it (preemption is off meanwhile), so that
 * a sum taken by the closer never comes out too low.
 *
 * Users of this node come by dlm_gate_enter(), the work for other nodes and the lockspace's own
 * by dlm_gate_try_enter(): a lockspace that is being left is barred to the first and
 * goes on with the second.
 */
struct dlm_gate {
	int			state;
	bool			barred;
	int __percpu		*inside;
	wait_queue_head_t	wait;
};

int dlm_gate_init(struct dlm_gate *gate);
void dlm_gate_destroy(struct dlm_gate *gate);
bool dlm_gate_try_enter(struct dlm_gate *gate);
int dlm_gate_enter(struct dlm_gate *gate);
void dlm_gate_leave(struct dlm_gate *gate);
void dlm_gate_set(struct dlm_gate *gate, enum dlm_gate_state state);
void dlm_gate_bar(struct dlm_gate *gate);
void dlm_gate_drain(struct dlm_gate *gate);

#endif
