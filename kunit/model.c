// SPDX-License-Identifier: GPL-2.0
/*
 * The reference model: see model.h.  Section numbers are those of
 * lock-semantics.md unless another page is named.
 */
#include <linux/dlm.h>
#include <linux/errno.h>
#include <linux/string.h>
#include "model.h"

/* --- 1: modes ----------------------------------------------------------- */

static bool compatible(int a, int b)
{
	/* the strongest mode that may be held beside NL, CR ... but for PR with PR */
	static const int beside[6] = { 5, 4, 2, 1, 1, 0 };

	if (a < 0 || b < 0 || (a == 3 && b == 3))
		return true;
	return b <= beside[a];
}

/* 1: pairs for QUECVT: upward, and PR to CW */
static bool quecvt_ok(int from, int to)
{
	return to > from || (from == 3 && to == 2);
}

/* 6: 'R' resource to caller, 'W' caller to resource, '-' nothing */
static char direction(int from, int to)
{
	if (from == 5 || (from == 4 && to < 5))
		return 'W';
	return to < from ? '-' : 'R';
}

static bool flags_ok(u32 flags, int mode)
{
	bool convert = flags & DLM_LKF_CONVERT;
	bool noqueue = flags & DLM_LKF_NOQUEUE;

	if (mode < 0 || mode > 5 || flags & DLM_LKF_CANCEL)
		return false;
	if (flags & DLM_LKF_EXPEDITE &&
	    (convert || noqueue || flags & DLM_LKF_QUECVT || mode))
		return false;
	if (!convert)
		return !(flags & (DLM_LKF_QUECVT | DLM_LKF_CONVDEADLK));
	return !(flags & DLM_LKF_CONVDEADLK && noqueue);
}

static bool unlock_flags_ok(u32 flags)
{
	u32 rest = flags & ~(DLM_LKF_VALBLK | DLM_LKF_IVVALBLK);

	return !rest || rest == DLM_LKF_CANCEL || rest == DLM_LKF_FORCEUNLOCK;
}

/* --- queues ------------------------------------------------------------- */

static void enqueue(struct model_queue *q, int slot, bool first)
{
	if (first) {
		memmove(q->slot + 1, q->slot, q->n * sizeof(q->slot[0]));
		q->slot[0] = slot;
	} else {
		q->slot[q->n] = slot;
	}
	q->n++;
}

static void dequeue(struct model_queue *q, int slot)
{
	unsigned int i, kept = 0;

	for (i = 0; i < q->n; i++)
		if (q->slot[i] != slot)
			q->slot[kept++] = q->slot[i];
	q->n = kept;
}

static void place(struct model *m, int slot, enum model_place to)
{
	struct model_lock *l = &m->lock[slot];
	struct model_name *r = &m->name[l->name];
	bool first = l->flags & DLM_LKF_HEADQUE;
	int i;

	dequeue(&r->convert, slot);
	dequeue(&r->wait, slot);
	l->place = to;
	if (to == MODEL_CONVERTING)
		enqueue(&r->convert, slot, first);
	if (to == MODEL_WAITING)
		enqueue(&r->wait, slot, first);
	if (to != MODEL_NOWHERE)
		return;
	l->owner = MODEL_NOBODY;
	l->orphan = false;
	for (i = 0; i < MODEL_SLOTS; i++)
		if (m->lock[i].place != MODEL_NOWHERE && m->lock[i].name == l->name)
			return;
	/* 6: the last lock takes the value block with it */
	r->has_lvb = false;
	r->invalid = false;
	r->seq = 0;
}

/* --- what owners are told ----------------------------------------------- */

static void tell(struct model_lock *l, int bast, int status)
{
	struct model_told *t = &l->told[l->ntold];

	if (l->owner == MODEL_NOBODY || l->ntold == MODEL_TOLD)
		return;
	l->ntold++;
	t->bast = bast;
	t->status = status;
	t->mode = l->held;
	t->sbflags = l->sbflags;
	t->has_buf = l->has_buf;
	memcpy(t->buf, l->buf, MODEL_LVB);
}

static void complete_op(struct model_lock *l, int status)
{
	tell(l, -1, status);
}

static void tell_bast(struct model_lock *l, int mode)
{
	l->memory = mode;
	tell(l, mode, 0);
}

/* --- 6: value blocks ---------------------------------------------------- */

static void store(struct model *m, struct model_lock *l)
{
	struct model_name *r = &m->name[l->name];

	if (!(l->flags & DLM_LKF_VALBLK) || !l->has_buf)
		return;
	memcpy(r->lvb, l->buf, MODEL_LVB);
	r->has_lvb = true;
	r->invalid = false;
	r->seq++;
}

static void lvb_at_grant(struct model *m, struct model_lock *l)
{
	struct model_name *r = &m->name[l->name];

	switch (direction(l->held, l->want)) {
	case 'R':
		if (!(l->flags & DLM_LKF_VALBLK) || !l->has_buf || !r->has_lvb)
			break;
		memcpy(l->buf, r->lvb, MODEL_LVB);
		if (r->invalid)
			l->sbflags |= DLM_SBF_VALNOTVALID;
		break;
	case 'W':
		if (l->flags & DLM_LKF_IVVALBLK)
			r->invalid = true;
		else
			store(m, l);
		break;
	default:
		if (r->invalid)
			l->sbflags |= DLM_SBF_VALNOTVALID;
	}
}

static void lvb_at_unlock(struct model *m, struct model_lock *l)
{
	if (l->held < 4)
		return;
	if (l->flags & DLM_LKF_IVVALBLK)
		m->name[l->name].invalid = true;
	else
		store(m, l);
}

/* --- 3 and 5: who is granted -------------------------------------------- */

static bool holds(const struct model_lock *l, int name)
{
	return l->name == name && (l->place == MODEL_GRANTED ||
				   l->place == MODEL_CONVERTING);
}

static bool rules(const struct model *m, int slot, int mode, bool now)
{
	const struct model_lock *l = &m->lock[slot];
	const struct model_name *r = &m->name[l->name];
	int i;

	if (l->flags & DLM_LKF_EXPEDITE && l->held < 0)
		return true;					/* a, new requests only */
	for (i = 0; i < MODEL_SLOTS; i++)
		if (i != slot && holds(&m->lock[i], l->name) &&
		    !compatible(m->lock[i].held, mode))
			return false;				/* b, c */
	if (now && l->held >= 0 && !(l->flags & DLM_LKF_QUECVT))
		return true;					/* e */
	if (now && l->held >= 0)
		return !r->convert.n;				/* f */
	if (l->flags & DLM_LKF_NOORDER)
		return true;					/* g */
	if (l->held >= 0)
		return r->convert.slot[0] == slot;		/* h */
	if (now)
		return !r->convert.n && !r->wait.n;		/* i */
	return !r->convert.n && r->wait.slot[0] == slot;	/* j */
}

static bool conversion_deadlock(const struct model *m, int slot)
{
	const struct model_lock *l = &m->lock[slot], *x;
	const struct model_queue *q = &m->name[l->name].convert;
	bool passed = false;
	unsigned int i;

	for (i = 0; i < q->n; i++) {
		x = &m->lock[q->slot[i]];
		if (q->slot[i] == slot)
			passed = true;
		else if (!compatible(l->held, x->want) &&
			 (!passed || !compatible(x->held, l->want)))
			return true;
	}
	return false;
}

enum answer { YES, NO, DEADLOCK, DEMOTED };

static enum answer decide(struct model *m, int slot, bool now)
{
	struct model_lock *l = &m->lock[slot];
	int alternative = -1;

	if (rules(m, slot, l->want, now))
		return YES;
	if (l->held >= 0 && !(l->flags & DLM_LKF_NOQUEUE) &&
	    conversion_deadlock(m, slot)) {
		if (!(l->flags & DLM_LKF_CONVDEADLK))
			return DEADLOCK;
		l->held = 0;
		l->sbflags |= DLM_SBF_DEMOTED;
		return DEMOTED;
	}
	if (l->flags & DLM_LKF_ALTPR && l->want != 3)
		alternative = 3;
	else if (l->flags & DLM_LKF_ALTCW && l->want != 2)
		alternative = 2;
	if (alternative < 0 || !rules(m, slot, alternative, now))
		return NO;
	l->want = alternative;
	l->sbflags |= DLM_SBF_ALTMODE;
	return YES;
}

static void grant(struct model *m, int slot)
{
	struct model_lock *l = &m->lock[slot];

	lvb_at_grant(m, l);
	l->held = l->want;
	l->want = -1;
	l->memory = -1;
	place(m, slot, MODEL_GRANTED);
	complete_op(l, 0);
}

/* --- re-scan ------------------------------------------------------------ */

struct blocked {
	int	highest;
	bool	cw;
};

static void is_blocked(struct blocked *b, const struct model_lock *l)
{
	if (l->want > b->highest)
		b->highest = l->want;
	if (l->want == 2)
		b->cw = true;
}

/* from the head; true if that changed anything and has to be done again */
static bool scan_conversions(struct model *m, int name, struct blocked *b)
{
	struct model_queue *q = &m->name[name].convert;
	struct model_lock *l;
	unsigned int i;

	b->highest = -1;
	b->cw = false;
	for (i = 0; i < q->n; i++) {
		l = &m->lock[q->slot[i]];
		switch (decide(m, q->slot[i], false)) {
		case YES:
			grant(m, q->slot[i]);
			return true;
		case DEMOTED:
			return true;
		case DEADLOCK:
			if (l->flags & DLM_LKF_NODLCKWT && l->wants_bast &&
			    l->memory < l->want)
				tell_bast(l, l->want);
			break;
		case NO:
			break;
		}
		is_blocked(b, l);
	}
	return false;
}

static void rescan(struct model *m, int name)
{
	struct model_name *r = &m->name[name];
	struct model_lock *l;
	struct blocked b;
	unsigned int i;
	int slot;

	while (scan_conversions(m, name, &b))
		;
	for (i = 0; i < r->wait.n; ) {
		slot = r->wait.slot[i];
		if (decide(m, slot, false) == YES) {
			grant(m, slot);
		} else {
			is_blocked(&b, &m->lock[slot]);
			i++;
		}
	}
	r->rescanned = true;
	/* 7: a blocked mode of -1 is compatible with everything */
	for (slot = 0; slot < MODEL_SLOTS; slot++) {
		l = &m->lock[slot];
		if (l->place != MODEL_GRANTED || l->name != name || !l->wants_bast)
			continue;
		if (l->held == 3 && b.cw) {
			if (l->memory < 5)
				tell_bast(l, b.highest == 3 ? 2 : b.highest);
		} else if (!compatible(l->held, b.highest) && l->memory < b.highest) {
			tell_bast(l, b.highest);
		}
	}
}

/* 7: a lock goes on a queue, or is refused (then converting locks hear it, too) */
static void tell_holders(struct model *m, int asking, bool converting)
{
	int name = m->lock[asking].name, want = m->lock[asking].want, slot;
	struct model_lock *l;
	bool middle;

	for (slot = 0; slot < MODEL_SLOTS; slot++) {
		l = &m->lock[slot];
		if (slot == asking || !holds(l, name) || !l->wants_bast)
			continue;
		if (l->place == MODEL_CONVERTING && !converting)
			continue;
		middle = (l->held == 3 && want == 2) || (l->held == 2 && want == 3);
		if (middle ? l->memory < 5 :
			     !compatible(l->held, want) && l->memory < want)
			tell_bast(l, want);
	}
}

/* --- operations --------------------------------------------------------- */

/**
 * model_begin - forget what the last operation told whom
 * @m: the model
 */
void model_begin(struct model *m)
{
	int i;

	for (i = 0; i < MODEL_SLOTS; i++)
		m->lock[i].ntold = 0;
	for (i = 0; i < MODEL_NAMES; i++)
		m->name[i].rescanned = false;
}

static void accept(struct model_lock *l, const struct model_op *op)
{
	/* 4: FORCEUNLOCK is ignored in a lock call */
	l->flags = op->flags & ~DLM_LKF_FORCEUNLOCK;
	l->sbflags = 0;
	l->want = op->mode;
	l->pid = op->pid;
	if (op->flags & DLM_LKF_VALBLK && !l->has_buf) {
		memset(l->buf, 0, MODEL_LVB);
		l->has_buf = true;
	}
	if (op->lvb && l->has_buf)
		memcpy(l->buf, op->lvb, MODEL_LVB);
}

/* not granted and not to be queued */
static void refuse(struct model *m, int slot, int status)
{
	struct model_lock *l = &m->lock[slot];

	complete_op(l, status);
	if (status == -EAGAIN && l->flags & DLM_LKF_NOQUEUEBAST)
		tell_holders(m, slot, true);
	l->want = -1;
}

/**
 * model_request - a new lock
 * @m: the model
 * @op: with an unused slot
 *
 * Return: 0 or a negative errno; nothing has happened then.
 */
int model_request(struct model *m, const struct model_op *op)
{
	struct model_lock *l = &m->lock[op->slot];

	if (!flags_ok(op->flags, op->mode) || m->closed[op->owner])
		return -EINVAL;
	memset(l, 0, sizeof(*l));
	l->name = op->name;
	l->owner = op->owner;
	l->wants_bast = op->wants_bast;
	l->since = ++m->clock;
	l->held = -1;
	l->memory = -1;
	accept(l, op);
	if (decide(m, op->slot, true) == YES) {
		grant(m, op->slot);
	} else if (l->flags & DLM_LKF_NOQUEUE) {
		refuse(m, op->slot, -EAGAIN);
		place(m, op->slot, MODEL_NOWHERE);
	} else {
		place(m, op->slot, MODEL_WAITING);
		tell_holders(m, op->slot, false);
	}
	return 0;
}

/**
 * model_convert - another mode
 * @m: the model
 * @op: with any slot
 *
 * Return: 0 or a negative errno.
 */
int model_convert(struct model *m, const struct model_op *op)
{
	struct model_lock *l = &m->lock[op->slot];
	enum answer answer;
	bool demoted;
	struct blocked b;

	if (!flags_ok(op->flags, op->mode))
		return -EINVAL;
	if (l->place == MODEL_NOWHERE)
		return -ENOENT;
	if (l->place != MODEL_GRANTED)
		return -EBUSY;
	if (op->flags & DLM_LKF_QUECVT && !quecvt_ok(l->held, op->mode))
		return -EINVAL;
	accept(l, op);
	/* while it is being decided the lock is on no queue, so no rule sees it twice */
	answer = decide(m, op->slot, true);
	demoted = answer == DEMOTED;
	if (demoted) {
		while (scan_conversions(m, l->name, &b))
			;
		answer = decide(m, op->slot, true);
	}
	if (answer == YES) {
		grant(m, op->slot);
		rescan(m, l->name);
	} else if (answer == DEADLOCK && !(l->flags & DLM_LKF_NODLCKWT)) {
		refuse(m, op->slot, -EDEADLK);
	} else if (l->flags & DLM_LKF_NOQUEUE) {
		refuse(m, op->slot, -EAGAIN);
	} else {
		place(m, op->slot, MODEL_CONVERTING);
		tell_holders(m, op->slot, false);
		if (demoted)
			rescan(m, l->name);
	}
	return 0;
}

static void remove_lock(struct model *m, int slot)
{
	lvb_at_unlock(m, &m->lock[slot]);
	complete_op(&m->lock[slot], -DLM_EUNLOCK);
	place(m, slot, MODEL_NOWHERE);
	rescan(m, m->lock[slot].name);
}

/**
 * model_unlock - unlock, forced or not
 * @m: the model
 * @op: with any slot
 *
 * Return: 0 or a negative errno.
 */
int model_unlock(struct model *m, const struct model_op *op)
{
	struct model_lock *l = &m->lock[op->slot];

	if (!unlock_flags_ok(op->flags))
		return -EINVAL;
	if (l->place == MODEL_NOWHERE)
		return -ENOENT;
	l->flags |= op->flags;
	l->sbflags = 0;
	remove_lock(m, op->slot);
	return 0;
}

/**
 * model_cancel - cancel, also on behalf of the DEADLOCK command
 * @m: the model
 * @op: with any slot
 * @status: what the completion says
 *
 * Return: 0 or a negative errno.
 */
int model_cancel(struct model *m, const struct model_op *op, int status)
{
	struct model_lock *l = &m->lock[op->slot];

	if (!unlock_flags_ok(op->flags))
		return -EINVAL;
	if (l->place == MODEL_NOWHERE)
		return -ENOENT;
	if (l->flags & DLM_LKF_CANCEL)
		return -EINVAL;
	if (l->place == MODEL_GRANTED)
		return 0;
	l->flags |= op->flags | DLM_LKF_CANCEL;
	l->sbflags = 0;
	l->want = -1;
	if (l->place == MODEL_CONVERTING)
		place(m, op->slot, MODEL_GRANTED);
	complete_op(l, status);
	if (l->place == MODEL_WAITING)
		place(m, op->slot, MODEL_NOWHERE);
	rescan(m, l->name);
	return 0;
}

/* --- user-abi.md 7.3, 7.6, 10: owners ----------------------------------- */

/* the owner's (or, for nobody, the orphans') next lock after a serial number */
static int next_of(const struct model *m, int owner, unsigned long after)
{
	const struct model_lock *l;
	int slot, best = -1;

	for (slot = 0; slot < MODEL_SLOTS; slot++) {
		l = &m->lock[slot];
		if (l->place == MODEL_NOWHERE || l->since <= after)
			continue;
		if (owner == MODEL_NOBODY ? !l->orphan : l->owner != owner)
			continue;
		if (best < 0 || l->since < m->lock[best].since)
			best = slot;
	}
	return best;
}

static void holder_died(struct model *m, int slot)
{
	struct model_lock *l = &m->lock[slot];

	l->owner = MODEL_NOBODY;
	l->flags |= DLM_LKF_IVVALBLK;
	remove_lock(m, slot);
}

static void becomes_orphan(struct model *m, int slot)
{
	struct model_lock *l = &m->lock[slot];
	enum model_place was = l->place;

	l->owner = MODEL_NOBODY;
	l->want = -1;
	if (was == MODEL_WAITING) {
		place(m, slot, MODEL_NOWHERE);
	} else {
		l->orphan = true;
		l->since = ++m->clock;
	}
	if (was == MODEL_CONVERTING)
		place(m, slot, MODEL_GRANTED);
	if (was != MODEL_GRANTED)
		rescan(m, l->name);
}

/**
 * model_adopt - take over an orphan
 * @m: the model
 * @op: with name, mode, flags, owner and pid
 * @slot: gets the lock's slot
 *
 * Return: 0 or a negative errno.
 */
int model_adopt(struct model *m, const struct model_op *op, int *slot)
{
	unsigned long after = 0;
	bool other_mode = false;
	struct model_lock *l;
	int i;

	if (!flags_ok(op->flags, op->mode))
		return -EINVAL;
	while ((i = next_of(m, MODEL_NOBODY, after)) >= 0) {
		l = &m->lock[i];
		after = l->since;
		if (l->name != op->name)
			continue;
		if (l->held != op->mode) {
			other_mode = true;
			continue;
		}
		l->owner = op->owner;
		l->orphan = false;
		l->since = ++m->clock;
		l->flags = op->flags & ~DLM_LKF_FORCEUNLOCK;
		l->sbflags = 0;
		l->pid = op->pid;
		*slot = i;
		return 0;
	}
	return other_mode ? -EAGAIN : -ENOENT;
}

/**
 * model_close - a handle is closed
 * @m: the model
 * @owner: the handle
 */
void model_close(struct model *m, int owner)
{
	int slot;

	m->closed[owner] = true;
	while ((slot = next_of(m, owner, 0)) >= 0) {
		if (m->lock[slot].flags & DLM_LKF_PERSISTENT)
			becomes_orphan(m, slot);
		else
			holder_died(m, slot);
	}
}

/**
 * model_purge_own - PURGE of a handle's own locks
 * @m: the model
 * @owner: the handle
 */
void model_purge_own(struct model *m, int owner)
{
	int slot;

	while ((slot = next_of(m, owner, 0)) >= 0)
		holder_died(m, slot);
}

/**
 * model_purge - PURGE of orphans
 * @m: the model
 * @pid: thread that used them last, 0 for all
 */
void model_purge(struct model *m, u32 pid)
{
	unsigned long after = 0;
	int slot;

	while ((slot = next_of(m, MODEL_NOBODY, after)) >= 0) {
		after = m->lock[slot].since;
		if (!pid || m->lock[slot].pid == pid)
			holder_died(m, slot);
	}
}
