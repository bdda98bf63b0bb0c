// SPDX-License-Identifier: GPL-2.0
/*
 * The gate of a lockspace: see gate.h.
 */
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include "gate.h"

/**
 * dlm_gate_init - make a closed gate
 * @gate: to initialise
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dlm_gate_init(struct dlm_gate *gate)
{
	gate->state = DLM_GATE_CLOSED;
	gate->barred = false;
	init_waitqueue_head(&gate->wait);
	gate->inside = alloc_percpu(int);
	return gate->inside ? 0 : -ENOMEM;
}

/**
 * dlm_gate_destroy - release a gate that nobody uses any more
 * @gate: initialised gate
 */
void dlm_gate_destroy(struct dlm_gate *gate)
{
	free_percpu(gate->inside);
}

/**
 * dlm_gate_try_enter - enter if the gate is open
 * @gate: the gate
 *
 * Context: any.
 * Return: true if inside; the caller must call dlm_gate_leave().
 */
bool dlm_gate_try_enter(struct dlm_gate *gate)
{
	bool open;

	preempt_disable();
	this_cpu_inc(*gate->inside);
	/* pairs with dlm_gate_set(): either we see it shut or it sees us */
	smp_mb();
	open = READ_ONCE(gate->state) == DLM_GATE_OPEN;
	if (!open)
		this_cpu_dec(*gate->inside);
	preempt_enable();
	if (!open && wq_has_sleeper(&gate->wait))
		wake_up_all(&gate->wait);
	return open;
}

static bool has_to_wait(const struct dlm_gate *gate)
{
	return READ_ONCE(gate->state) == DLM_GATE_CLOSED && !READ_ONCE(gate->barred);
}

/**
 * dlm_gate_enter - enter for a user of this node, waiting for the gate to open
 * @gate: the gate
 *
 * Context: may sleep, killably, as long as the lockspace is stopped.
 * Return: 0 (the caller must call dlm_gate_leave()), -ENOENT if the gate is
 * dead or barred, -EINTR if the task was killed.
 */
int dlm_gate_enter(struct dlm_gate *gate)
{
	int err;

	while (!dlm_gate_try_enter(gate)) {
		err = wait_event_killable(gate->wait, !has_to_wait(gate));
		if (err)
			return -EINTR;
		if (READ_ONCE(gate->barred))
			return -ENOENT;
	}
	/* barred while it was shut, and opened again: whoever enters sees both */
	if (READ_ONCE(gate->barred)) {
		dlm_gate_leave(gate);
		return -ENOENT;
	}
	return 0;
}

/**
 * dlm_gate_leave - end what dlm_gate_enter() began
 * @gate: the gate
 *
 * Context: any context in which wake_up() may be called.
 */
void dlm_gate_leave(struct dlm_gate *gate)
{
	/* what was done inside happens before the count goes down ... */
	smp_mb();
	this_cpu_dec(*gate->inside);
	/* ... and the count goes down before we look for a drainer */
	smp_mb();
	if (unlikely(READ_ONCE(gate->state) != DLM_GATE_OPEN))
		wake_up_all(&gate->wait);
}

/**
 * dlm_gate_set - open or shut the gate
 * @gate: the gate
 * @state: new state; a dead gate stays dead, and is barred, too
 *
 * Context: any. Changes of one gate are serialised by the caller.
 */
void dlm_gate_set(struct dlm_gate *gate, enum dlm_gate_state state)
{
	if (gate->state == DLM_GATE_DEAD)
		return;
	if (state == DLM_GATE_DEAD)
		WRITE_ONCE(gate->barred, true);
	WRITE_ONCE(gate->state, state);
	/* pairs with dlm_gate_try_enter() and dlm_gate_leave() */
	smp_mb();
	wake_up_all(&gate->wait);
}

/**
 * dlm_gate_bar - no user of this node gets in any more, and who waits is sent away
 * @gate: a gate that is shut and empty
 *
 * Context: any. Changes of one gate are serialised by the caller.
 */
void dlm_gate_bar(struct dlm_gate *gate)
{
	WRITE_ONCE(gate->barred, true);
	smp_mb();	/* as in dlm_gate_set() */
	wake_up_all(&gate->wait);
}

static bool gate_empty(struct dlm_gate *gate)
{
	int cpu, sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(gate->inside, cpu));
	/* what happened inside is visible to whoever saw the gate empty */
	smp_mb();
	return !sum;
}

/**
 * dlm_gate_drain - wait until nobody is inside
 * @gate: a gate that is shut
 *
 * Context: sleeps. The wait is short: nothing that runs inside sleeps for
 * anything but memory.
 */
void dlm_gate_drain(struct dlm_gate *gate)
{
	wait_event(gate->wait, gate_empty(gate));
}
