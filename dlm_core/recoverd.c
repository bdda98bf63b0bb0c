// SPDX-License-Identifier: GPL-2.0
/*
 * The phase machine of recovery, and what drives it (recovery.md 3).
 *
 * phases[] is the whole story: a function for each phase, called until it says that
 * it is done; a phase with a status bit is a barrier, where all members meet: the
 * lowest node asks all others until all show the bit, then shows the bit after it, for which
 * the others ask.  All functions may be called again after -ENOMEM.
 *
 * A stop takes recovery->lock, too, so it meets the machine between two steps; what
 * is under way then is of an older epoch, and its replies are not accepted any more.
 */
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <dlm/trace.h>
#include "recover.h"

/**
 * struct phase - one phase
 * @name: for people
 * @run: does a piece of it
 * @bit: DLM_RS_* to show from its begin on: a barrier; 0 for none
 */
struct phase {
	const char	*name;
	int		(*run)(struct dlm_step *st);
	u32		bit;
};

/* --- asking ------------------------------------------------------------ */

/*
 * Ask @p for its status, unless it has not answered yet or was asked just now.
 * Pauses grow with the time already spent, so that waiting never takes much longer
 * than what is waited for.
 */
static int poll(struct dlm_step *st, struct dlm_rpeer *p, u32 flags)
{
	struct dlm_recovery *rec = st->rec;
	ktime_t due = p->next;
	s64 pause;
	int err;

	if (p->wants)
		due = ktime_add_ms(p->asked, DLM_RECOVER_REPEAT_MS);
	if (ktime_before(st->now, due)) {
		dlm_step_due(st, due);
		return 0;
	}
	err = dlm_rcom_status(st, p, flags);
	if (err)
		return err;
	pause = div_s64(ktime_ms_delta(st->now, rec->since), 4);
	p->next = ktime_add_ms(st->now, clamp_t(s64, pause, 1, DLM_RECOVER_POLL_MS));
	dlm_step_due(st, ktime_add_ms(st->now, DLM_RECOVER_REPEAT_MS));
	return 0;
}

static const struct phase phases[DLM_PH_MAX];

/* is this member the reason why we wait? */
static bool lacks(const struct dlm_recovery *rec, const struct dlm_rpeer *p)
{
	u32 bit = phases[rec->phase].bit;

	if (dlm_is_us(rec, p))
		return false;
	if (rec->phase == DLM_PH_PING)
		return !p->told;
	if (rec->phase == DLM_PH_NAMES)
		return p->names != DLM_NAMES_ALL;
	if (!bit)
		return false;
	if (dlm_is_low(rec))
		return !(p->bits & bit);
	return p->conf.nodeid == rec->low && !(p->bits & (bit << 1));
}

/* ask all that keep us waiting */
static int poll_all(struct dlm_step *st, u32 flags)
{
	struct dlm_recovery *rec = st->rec;
	bool waiting = false;
	unsigned int i;
	int err;

	for (i = 0; i < rec->npeers; i++) {
		if (!lacks(rec, &rec->peers[i]))
			continue;
		waiting = true;
		err = poll(st, &rec->peers[i], flags);
		if (err)
			return err;
	}
	return waiting ? DLM_STEP_WAIT : DLM_STEP_DONE;
}

/* --- phases ------------------------------------------------------------ */

static int run_ping(struct dlm_step *st)
{
	int ret = poll_all(st, 0);

	return ret ?: dlm_members_check(st->rec);
}

static int run_members(struct dlm_step *st)
{
	return dlm_members_publish(st->rec) ?: dlm_names_index(st->rec);
}

static int run_barrier(struct dlm_step *st)
{
	u32 flags = st->rec->phase == DLM_PH_NODES ? DLM_STATUS_NEED_SLOTS : 0;
	struct dlm_recovery *rec = st->rec;
	int ret;

	ret = poll_all(st, dlm_is_low(rec) ? 0 : flags);
	if (ret || !dlm_is_low(rec))
		return ret;
	if (rec->phase == DLM_PH_NODES) {
		ret = dlm_slots_assign(rec);
		if (ret)
			return ret;
	}
	rec->status |= phases[rec->phase].bit << 1;
	return DLM_STEP_DONE;
}

static int run_finish(struct dlm_step *st)
{
	int ret = dlm_finish_run(st);

	if (ret)
		return ret;
	dlm_roots_drop(st->rec);
	dlm_gone_settled(st->rec);
	dlm_stored_drop_stale(st->rec);
	return DLM_STEP_DONE;
}

/* all members are done: nothing of this recovery will have to be repeated */
static int run_replay(struct dlm_step *st)
{
	dlm_members_forget_gone(st->rec);
	dlm_copies_forget(st->rec);
	return dlm_stored_replay(st);
}

static int run_resend(struct dlm_step *st)
{
	return dlm_waiters_resend(st->ls, &st->fx);
}

static int run_grant(struct dlm_step *st)
{
	return dlm_later_run(st->ls, &st->fx);
}

static int run_open(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;

	int ret;

	do {
		ret = dlm_stored_replay(st);
		if (ret)
			return ret;
	} while (!dlm_stored_open(rec));
	return DLM_STEP_DONE;
}

static const struct phase phases[DLM_PH_MAX] = {
	[DLM_PH_STOPPED]	= { "stopped" },
	[DLM_PH_PREPARE]	= { "prepare", dlm_roots_list },
	[DLM_PH_PING]		= { "ping", run_ping },
	[DLM_PH_MEMBERS]	= { "members", run_members },
	[DLM_PH_WAITERS]	= { "waiters", dlm_waiters_run },
	[DLM_PH_PURGE]		= { "purge", dlm_purge_run },
	[DLM_PH_NODES]		= { "wait for nodes", run_barrier, DLM_RS_NODES },
	[DLM_PH_NAMES]		= { "names", dlm_names_run },
	[DLM_PH_DIR]		= { "wait for directories", run_barrier, DLM_RS_DIR },
	[DLM_PH_MASTERS]	= { "masters", dlm_masters_run },
	[DLM_PH_SEND]		= { "send locks", dlm_send_locks_run },
	[DLM_PH_LOCKS]		= { "wait for locks", run_barrier, DLM_RS_LOCKS },
	[DLM_PH_FINISH]		= { "finish", run_finish },
	[DLM_PH_DONE]		= { "wait for all", run_barrier, DLM_RS_DONE },
	[DLM_PH_REPLAY]		= { "replay", run_replay },
	[DLM_PH_RESEND]		= { "resend", run_resend },
	[DLM_PH_GRANT]		= { "grant", run_grant },
	[DLM_PH_OPEN]		= { "open", run_open },
	[DLM_PH_RUNNING]	= { "running" },
	[DLM_PH_FAILED]		= { "failed" },
};

/**
 * dlm_step_pauses - is it too early to send again what was refused?
 * @st: step; its recovery's @again is set when something was
 *
 * A peer that refuses in good faith is not as far as we are, or recovery will start anew; one
 * that does it for ever shall not keep the network busy.
 *
 * Context: recovery locked.
 * Return: true while the phase must wait; the step is due then when it need not any more.
 */
bool dlm_step_pauses(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;

	if (!rec->again)
		return false;
	if (!rec->again_at)
		rec->again_at = ktime_add_ms(st->now, DLM_RECOVER_AGAIN_MS);
	if (ktime_before(st->now, rec->again_at)) {
		dlm_step_due(st, rec->again_at);
		return true;
	}
	rec->again = false;
	rec->again_at = 0;
	return false;
}

/**
 * dlm_phase_name - a phase in words
 * @phase: the phase
 *
 * Return: constant string.
 */
const char *dlm_phase_name(enum dlm_phase phase)
{
	return phases[phase].name;
}

/* --- the machine ------------------------------------------------------- */

static void set_phase(struct dlm_recovery *rec, enum dlm_phase phase)
{
	rec->phase = phase;
	rec->begun = false;
	trace_dlm_recover(rec->ls->name, dlm_phase_name(phase), rec->seq,
			  rec->status, rec->npeers, rec->ngone);
}

static void set_outcome(struct dlm_recovery *rec, int outcome)
{
	if (!rec->outcome)
		return;
	WRITE_ONCE(rec->outcome, outcome);
	wake_up_all(&rec->wait);
}

static void enter_phase(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	unsigned int i;

	rec->begun = true;
	rec->since = st->now;
	rec->cursor = 0;
	rec->flight = 0;
	rec->again = false;
	rec->again_at = 0;
	rec->status |= phases[rec->phase].bit;
	for (i = 0; i < rec->npeers; i++) {
		rec->peers[i].wants = 0;
		rec->peers[i].next = 0;
	}
	if (rec->phase == DLM_PH_PREPARE)
		rec->start = st->now;
}

static void finished(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;

	/* not after a mere pause */
	if (rec->start)
		dlm_ls_info(st->ls, "dlm_recover %llu generation %u done: %lld ms\n",
			    rec->seq, st->ls->generation,
			    ktime_ms_delta(st->now, rec->start));
	rec->start = 0;
	set_outcome(rec, 0);
}

static void give_up(struct dlm_recovery *rec, int err)
{
	pr_err("dlm: %s: dlm_recover %llu failed in phase \"%s\": error %d\n",
	       rec->ls->name, rec->seq, dlm_phase_name(rec->phase), err);
	rec->error = err;
	set_phase(rec, DLM_PH_FAILED);
	set_outcome(rec, err);
}

/* as far as it goes; what the last phase function said */
static int step(struct dlm_step *st)
{
	struct dlm_recovery *rec = st->rec;
	int ret;

	while (!rec->paused && phases[rec->phase].run) {
		if (!rec->begun)
			enter_phase(st);
		ret = phases[rec->phase].run(st);
		if (ret == -ENOMEM) {
			dlm_step_due(st, ktime_add_ms(st->now, DLM_RECOVER_NOMEM_MS));
			return DLM_STEP_WAIT;
		}
		if (ret > 0)
			return ret;
		if (ret)
			give_up(rec, ret);
		else
			set_phase(rec, rec->phase + 1);
		if (rec->phase == DLM_PH_RUNNING) {
			finished(st);
			break;
		}
		if (st->budget <= 1)
			return DLM_STEP_MORE;
		st->budget--;
	}
	return DLM_STEP_WAIT;
}

/* one step with all that belongs to it; when the next is due */
static ktime_t recover_step(struct dlm_ls *ls, ktime_t now)
{
	struct dlm_recovery *rec = ls->recovery;
	struct dlm_step st = {
		.ls = ls, .rec = rec, .now = now, .due = KTIME_MAX,
		.budget = rec->batch,
	};

	mutex_lock(&rec->lock);
	if (step(&st) == DLM_STEP_MORE)
		st.due = now;
	mutex_unlock(&rec->lock);
	dlm_fx_flush(&st.fx);
	return st.due;
}

/**
 * dlm_ls_work - do what a lockspace does by itself
 * @ls: the lockspace
 * @now: the time, CLOCK_MONOTONIC; tests may invent it
 *
 * Called from a work item, or by whoever set node->kick.
 *
 * Context: sleeps. Not called twice at a time for the same lockspace.
 * Return: milliseconds until it wants to be called again if nobody kicks it, 0 for at once,
 * DLM_WORK_NEVER.
 */
unsigned int dlm_ls_work(struct dlm_ls *ls, ktime_t now)
{
	ktime_t due = recover_step(ls, now);
	unsigned int later = DLM_WORK_NEVER;
	unsigned int wait = DLM_WORK_NEVER;

	if (dlm_gate_try_enter(&ls->gate)) {
		later = dlm_later_work(ls, now);
		dlm_gate_leave(&ls->gate);
	}
	if (due != KTIME_MAX)
		wait = clamp_t(s64, ktime_ms_delta(ktime_add_ns(due, NSEC_PER_MSEC - 1), now),
			       0, INT_MAX);
	return min(wait, later);
}

static void work_fn(struct work_struct *work)
{
	struct dlm_ls *ls = container_of(to_delayed_work(work), struct dlm_ls, work);
	unsigned int noio, delay;

	noio = memalloc_noio_save();
	delay = dlm_ls_work(ls, ktime_get());
	if (delay != DLM_WORK_NEVER)
		dlm_ls_kick(ls, delay);
	memalloc_noio_restore(noio);
}

/**
 * dlm_ls_kick - have dlm_ls_work() called
 * @ls: the lockspace
 * @delay_ms: at the latest after so many milliseconds
 *
 * Context: any but hard interrupts; spinlocks may be held.
 */
void dlm_ls_kick(struct dlm_ls *ls, unsigned int delay_ms)
{
	unsigned long due = jiffies + msecs_to_jiffies(delay_ms);

	if (ls->node->kick) {
		ls->node->kick(ls, delay_ms);
		return;
	}
	spin_lock_bh(&ls->work_lock);
	if (ls->work_on && (!delayed_work_pending(&ls->work) ||
			    time_before(due, ls->work_due))) {
		ls->work_due = due;
		mod_delayed_work(dlm_wq, &ls->work, due - jiffies);
	}
	spin_unlock_bh(&ls->work_lock);
}

/**
 * dlm_recover_halt - stop the machine, whatever it does
 * @rec: recovery, locked
 *
 * The gate is shut, but not empty yet.
 */
void dlm_recover_halt(struct dlm_recovery *rec)
{
	rec->seq++;
	rec->status = 0;
	dlm_slots_void(rec);
	set_phase(rec, DLM_PH_STOPPED);
	dlm_gate_set(&rec->ls->gate, DLM_GATE_CLOSED);
}

/**
 * dlm_recover_begin - the first phase follows
 * @rec: recovery, locked, stopped, with its new list of members
 */
void dlm_recover_begin(struct dlm_recovery *rec)
{
	rec->seq++;
	rec->low = rec->peers[0].conf.nodeid;
	rec->error = 0;
	dlm_ls_info(rec->ls, "dlm_recover %llu\n", rec->seq);
	set_phase(rec, DLM_PH_PREPARE);
}

/**
 * dlm_recover_run - run the machine right here, as far as it goes
 * @ls: the lockspace
 *
 * Context: sleeps.
 */
void dlm_recover_run(struct dlm_ls *ls)
{
	ktime_t now, due;

	do {
		now = ktime_get();
		due = recover_step(ls, now);
	} while (!ktime_after(due, now));
	/* the rest, if there is any, and what it left to be done later */
	dlm_ls_kick(ls, 0);
}

/* --- begin and end of a lockspace -------------------------------------- */

/**
 * dlm_recover_init - give a new lockspace its machine
 * @ls: the lockspace; ls->node is set
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dlm_recover_init(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = kzalloc(sizeof(*rec), GFP_KERNEL);

	if (!rec)
		return -ENOMEM;
	if (dlm_copies_init(rec)) {
		kfree(rec);
		return -ENOMEM;
	}
	mutex_init(&rec->lock);
	rec->ls = ls;
	rec->seq = get_random_u64();
	rec->next_id = get_random_u64();
	rec->outcome = 1;
	rec->batch = DLM_RECOVER_BATCH;
	init_waitqueue_head(&rec->wait);
	spin_lock_init(&rec->stored_lock);
	INIT_LIST_HEAD(&rec->stored);
	rec->stored_max = DLM_STORED_MAX;
	ls->recovery = rec;
	INIT_DELAYED_WORK(&ls->work, work_fn);
	spin_lock_init(&ls->work_lock);
	ls->work_on = true;
	return 0;
}

/**
 * dlm_recover_pause - hold the machine, and keep operations out
 * @ls: the lockspace; control_lock held
 *
 * On return no operation is inside and none comes in until dlm_recover_resume().
 *
 * Context: sleeps.
 */
void dlm_recover_pause(struct dlm_ls *ls)
{
	mutex_lock(&ls->recovery->lock);
	ls->recovery->paused = true;
	dlm_gate_set(&ls->gate, DLM_GATE_CLOSED);
	mutex_unlock(&ls->recovery->lock);
	dlm_gate_drain(&ls->gate);
}

/**
 * dlm_recover_resume - end of dlm_recover_pause()
 * @ls: the lockspace; control_lock held
 *
 * Context: sleeps.
 */
void dlm_recover_resume(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;

	mutex_lock(&rec->lock);
	rec->paused = false;
	/* messages may have come meanwhile */
	if (rec->phase == DLM_PH_RUNNING)
		set_phase(rec, DLM_PH_OPEN);
	mutex_unlock(&rec->lock);
	dlm_recover_run(ls);
}

/**
 * dlm_recover_shut_down - nobody can use the lockspace any more
 * @ls: the lockspace; control_lock held
 *
 * Context: sleeps.
 */
void dlm_recover_shut_down(struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;

	mutex_lock(&rec->lock);
	rec->paused = true;
	dlm_recover_halt(rec);
	dlm_gate_set(&ls->gate, DLM_GATE_DEAD);
	set_outcome(rec, -EINTR);
	mutex_unlock(&rec->lock);
	spin_lock_bh(&ls->work_lock);
	ls->work_on = false;
	spin_unlock_bh(&ls->work_lock);
	cancel_delayed_work_sync(&ls->work);
	dlm_gate_drain(&ls->gate);
	mutex_lock(&rec->lock);
	dlm_roots_drop(rec);
	dlm_stored_drop_all(rec);
	dlm_members_clear(rec);
	mutex_unlock(&rec->lock);
}

/**
 * dlm_recover_exit - free the machine
 * @ls: the lockspace, of which only memory is left
 */
void dlm_recover_exit(struct dlm_ls *ls)
{
	dlm_copies_exit(ls->recovery);
	kfree(ls->recovery->slots);
	kfree(ls->recovery);
}

/* --- for people -------------------------------------------------------- */

/**
 * dlm_recover_status - content of sysfs recover_status
 * @ls: the lockspace
 *
 * Context: any.
 * Return: DLM_RS_*.
 */
u32 dlm_recover_status(struct dlm_ls *ls)
{
	return READ_ONCE(ls->recovery->status);
}

/**
 * dlm_recover_nodeid - content of sysfs recover_nodeid
 * @ls: the lockspace
 *
 * Context: any.
 * Return: node asked last.
 */
int dlm_recover_nodeid(struct dlm_ls *ls)
{
	return READ_ONCE(ls->recovery->asked);
}

/**
 * dlm_recover_show - how far recovery is, and whom it waits for
 * @m: file in debugfs
 * @ls: the lockspace
 *
 * Context: sleeps for a step of recovery.
 */
void dlm_recover_show(struct seq_file *m, struct dlm_ls *ls)
{
	struct dlm_recovery *rec = ls->recovery;
	unsigned int i;

	mutex_lock(&rec->lock);
	seq_printf(m, "phase %s\n", dlm_phase_name(rec->phase));
	seq_printf(m, "since_ms %lld\n", ktime_ms_delta(ktime_get(), rec->since));
	seq_printf(m, "error %d\n", rec->error);
	seq_printf(m, "seq %llu\n", rec->seq);
	seq_printf(m, "status %x\n", rec->status);
	seq_printf(m, "low_node %d\n", rec->low);
	seq_puts(m, "waiting_for_nodes");
	for (i = 0; i < rec->npeers; i++)
		if (lacks(rec, &rec->peers[i]))
			seq_printf(m, " %d", rec->peers[i].conf.nodeid);
	seq_printf(m, "\nasked %d\n", rec->asked);
	seq_printf(m, "outstanding %u\n", rec->flight);
	seq_puts(m, "gone");
	for (i = 0; i < rec->ngone; i++)
		seq_printf(m, " %d", rec->gone[i].nodeid);
	seq_puts(m, "\n");
	for (i = 0; i < rec->npeers; i++)
		seq_printf(m, "member %d weight %u slot %u status %x\n",
			   rec->peers[i].conf.nodeid, rec->peers[i].conf.weight,
			   rec->peers[i].slot, rec->peers[i].bits);
	mutex_unlock(&rec->lock);
}
