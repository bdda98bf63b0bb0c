// SPDX-License-Identifier: GPL-2.0
/*
 * Joining and leaving a lockspace's group of nodes (control-plane.md 5).
 *
 * A control daemon decides who is in the group.  The kernel asks it by a uevent
 * and waits for its answer, the sysfs file event_done.  In between the daemon stops
 * and starts the lockspace as it likes.  Nobody is asked for a solo lockspace.
 *
 * ls->group tells how far this is.  Only the task that creates or releases the
 * lockspace, or the work item to which it left the rest when it was killed, changes it.
 * Each wait ends, too, when there is no daemon any more that could answer.
 */
#include <linux/sched/signal.h>
#include "config.h"
#include "lockspace.h"
#include "recover.h"

/* what debugfs shows as waiting_for */
#define JOIN_REASON	"the control daemon to confirm that we join (event_done)"
#define LEAVE_REASON	"the control daemon to confirm that we leave (event_done)"
#define RECOVERY_REASON	"the first recovery"

/**
 * dlm_ls_event_done - the control daemon answered
 * @ls: the lockspace
 * @result: 0 or positive: as asked for; negative: refused
 *
 * Without effect if nothing was asked.
 *
 * Context: any.
 */
void dlm_ls_event_done(struct dlm_ls *ls, int result)
{
	pr_info_ratelimited("dlm: %s: group event done %d\n", ls->name, result);
	spin_lock(&ls->node->lock);
	ls->answer = result;
	ls->answered = true;
	spin_unlock(&ls->node->lock);
	wake_up_all(&ls->node->changed);
}

static void ask(struct dlm_ls *ls, enum dlm_group group)
{
	spin_lock(&ls->node->lock);
	ls->group = group;
	ls->answered = false;
	spin_unlock(&ls->node->lock);
	pr_info_ratelimited("dlm: %s: %s the lockspace group...\n", ls->name,
			    group == DLM_GROUP_ASKED_IN ? "joining" : "leaving");
	dlm_sysfs_ask(ls, group == DLM_GROUP_ASKED_IN);
}

static bool answered_or_alone(struct dlm_ls *ls)
{
	return READ_ONCE(ls->answered) || !dlm_node_has_daemon(ls->node);
}

/* 0 once there is an answer or can be none any more, -EINTR */
static int wait_for_daemon(struct dlm_ls *ls, const char *what, bool killable)
{
	int err = 0;

	WRITE_ONCE(ls->waiting_for, what);
	if (killable)
		err = wait_event_killable(ls->node->changed,
					  answered_or_alone(ls));
	else
		wait_event_idle(ls->node->changed, answered_or_alone(ls));
	WRITE_ONCE(ls->waiting_for, NULL);
	return err ? -EINTR : 0;
}

static int no_daemon(const struct dlm_ls *ls)
{
	return ls->device ? -ENOSYS : -EUNATCH;
}

/*
 * What the daemon said to our wish to join.  EPERM is what it says for want of
 * anything better; programs shall read it as a missing capability only.
 */
static int join_answer(struct dlm_ls *ls)
{
	if (!READ_ONCE(ls->answered))
		return no_daemon(ls);
	if (ls->answer >= 0)
		return 0;
	if (ls->answer < -MAX_ERRNO)
		return -EPROTO;
	return ls->device && ls->answer == -EPERM ? -ECONNREFUSED : ls->answer;
}

static int wait_for_joining_answer(struct dlm_ls *ls, bool killable)
{
	int err;

	err = wait_for_daemon(ls, JOIN_REASON, killable);
	if (err)
		return err;
	err = join_answer(ls);
	ls->group = err ? DLM_GROUP_OUT : DLM_GROUP_IN;
	return err;
}

/* the first recovery that comes to an end decides, stopped ones do not */
static int wait_for_recovery(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;
	int err;

	WRITE_ONCE(ls->waiting_for, RECOVERY_REASON);
	err = wait_event_killable(rec->wait, READ_ONCE(rec->outcome) <= 0 ||
				  !dlm_node_has_daemon(ls->node));
	WRITE_ONCE(ls->waiting_for, NULL);
	if (err)
		return -EINTR;
	err = READ_ONCE(rec->outcome);
	return err > 0 ? no_daemon(ls) : err;
}

static int join_alone(struct dlm_ls *ls)
{
	struct dlm_member_conf us = { .nodeid = ls->node->nodeid, .weight = 1 };

	return dlm_ls_start(ls, &us, 1) ?: dlm_ls_wait_joined(ls);
}

/**
 * dlm_ls_join - become member, and run
 * @ls: lockspace that is listed and has its sysfs directory
 *
 * Whatever the result is, dlm_ls_part() has to follow before the lockspace goes.
 *
 * Context: sleeps until the control daemon and the first recovery are done;
 * killable.
 * Return: 0; -EINTR; -ENOSYS (device) or -EUNATCH: the daemon is gone; -ENOSYS
 * (device) or -ENOTCONN: the transport cannot start; what the daemon answered;
 * -EPROTO: configured differently from the other members; -ENOMEM.
 */
int dlm_ls_join(struct dlm_ls *ls)
{
	int err;

	if (ls->solo)
		return join_alone(ls);
	err = dlm_node_comms_get(ls->node);
	if (err == -EINTR || err == -ENOMEM)
		return err;
	if (err) {
		pr_err("dlm: %s: transport cannot start: error %d\n", ls->name, err);
		return ls->device ? -ENOSYS : -ENOTCONN;
	}
	ls->uses_comms = true;
	ask(ls, DLM_GROUP_ASKED_IN);
	err = wait_for_joining_answer(ls, true) ?: wait_for_recovery(ls);
	if (!err)
		pr_info_ratelimited("dlm: %s: join complete\n", ls->name);
	return err;
}

/**
 * dlm_ls_part - leave the group, however far the joining came
 * @ls: the lockspace
 * @quiet: do not tell the control daemon
 * @killable: the wait for the daemon may be interrupted
 *
 * After -EINTR it can be called again, and goes on where it was.
 *
 * Context: sleeps until the control daemon has answered.
 * Return: 0 or -EINTR.
 */
int dlm_ls_part(struct dlm_ls *ls, bool quiet, bool killable)
{
	int err;

	if (ls->group == DLM_GROUP_ASKED_IN) {
		err = wait_for_joining_answer(ls, killable);
		if (err == -EINTR && ls->group == DLM_GROUP_ASKED_IN)
			return err;
	}
	if (ls->group == DLM_GROUP_IN) {
		if (quiet || !dlm_node_has_daemon(ls->node))
			ls->group = DLM_GROUP_OUT;
		else
			ask(ls, DLM_GROUP_ASKED_OUT);
	}
	if (ls->group == DLM_GROUP_ASKED_OUT) {
		err = wait_for_daemon(ls, LEAVE_REASON, killable);
		if (err)
			return err;
		ls->group = DLM_GROUP_OUT;
	}
	return 0;
}
