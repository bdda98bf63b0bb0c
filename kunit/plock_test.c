// SPDX-License-Identifier: GPL-2.0
/*
 * plock.c: requests, and the answers of a daemon that the test plays.
 */
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include "fixture.h"

#define DEADLINE	(60 * HZ)

/**
 * struct asker - a call of a file system in a thread of its own
 * @w: world
 * @file: the file
 * @fl: the lock
 * @op: DLM_PLOCK_OP_*
 * @number: inode
 * @target: whose request is cancelled
 * @rv: result
 * @done: it is over
 * @task: the thread
 */
struct asker {
	struct t_world		*w;
	struct file		*file;
	struct file_lock	fl;
	u8			op;
	u64			number;
	struct asker		*target;
	int			rv;
	struct completion	done;
	struct task_struct	*task;
};

static const struct file_operations file_fops = { };

static int ask_thread(void *data)
{
	struct asker *a = data;

	allow_signal(SIGKILL);
	allow_signal(SIGUSR1);
	switch (a->op) {
	case DLM_PLOCK_OP_LOCK:
		a->rv = dlm_plock_lock(a->w->ls, a->number, a->file, &a->fl);
		break;
	case DLM_PLOCK_OP_UNLOCK:
		a->rv = dlm_plock_unlock(a->w->ls, a->number, a->file, &a->fl);
		break;
	case DLM_PLOCK_OP_GET:
		a->rv = dlm_plock_get(a->w->ls, a->number, &a->fl);
		break;
	case DLM_PLOCK_OP_CANCEL:
		a->rv = dlm_plock_cancel(a->w->ls, a->number, a->file, &a->target->fl);
		break;
	}
	complete(&a->done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static struct asker *asker(struct kunit *test, struct file *file, u8 op,
			   int type, loff_t start, loff_t end, bool wait)
{
	struct asker *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->w = test->priv;
	a->file = file;
	a->op = op;
	a->number = 77;
	locks_init_lock(&a->fl);
	a->fl.fl_start = start;
	a->fl.fl_end = end;
	dlm_fl(&a->fl, type) = type;
	dlm_fl(&a->fl, flags) = FL_POSIX | (wait ? FL_SLEEP : 0);
	dlm_fl(&a->fl, owner) = (fl_owner_t)a;
	dlm_fl(&a->fl, pid) = 4000;
	return a;
}

static void go(struct kunit *test, struct asker *a)
{
	init_completion(&a->done);
	a->task = kthread_run(ask_thread, a, "dlm-plock-test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(a->task));
}

static int result(struct kunit *test, struct asker *a)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&a->done, DEADLINE), 0UL);
	kthread_stop(a->task);
	return a->rv;
}

static struct dlm_plocks *queues(struct kunit *test)
{
	struct t_world *w = test->priv;

	return &w->node->plocks;
}

/* the next request, which must come */
static struct dlm_plock_info next(struct kunit *test, u8 op)
{
	unsigned long end = jiffies + DEADLINE;
	struct dlm_plock_info info = { };
	int err;

	while ((err = dlm_plocks_read(queues(test), &info)) == -EAGAIN &&
	       time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, info.optype, op);
	return info;
}

static void none(struct kunit *test)
{
	struct dlm_plock_info info;

	KUNIT_EXPECT_EQ(test, dlm_plocks_read(queues(test), &info), -EAGAIN);
}

static void answer(struct kunit *test, struct dlm_plock_info info, int rv)
{
	info.rv = rv;
	KUNIT_EXPECT_EQ(test, dlm_plocks_write(queues(test), &info), 0);
}

static void all_answered(struct kunit *test)
{
	none(test);
	KUNIT_EXPECT_TRUE(test, list_empty(&queues(test)->asked));
}

static struct file *open_file(struct kunit *test)
{
	struct file *file = anon_inode_getfile("dlm-plock", &file_fops, NULL, O_RDWR);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	return file;
}

/* does the VFS know of a lock of this owner? */
static bool recorded(struct asker *a)
{
	struct file_lock fl;

	locks_init_lock(&fl);
	dlm_fl(&fl, type) = F_WRLCK;
	dlm_fl(&fl, flags) = FL_POSIX;
	dlm_fl(&fl, owner) = (fl_owner_t)a->w;
	fl.fl_start = a->fl.fl_start;
	fl.fl_end = a->fl.fl_end;
	posix_test_lock(a->file, &fl);
	return dlm_fl(&fl, type) != F_UNLCK;
}

static void forget(struct asker *a)
{
	dlm_fl(&a->fl, type) = F_UNLCK;
	dlm_fl(&a->fl, flags) = FL_POSIX;
	a->fl.fl_start = 0;
	a->fl.fl_end = OFFSET_MAX;
	posix_lock_file(a->file, &a->fl, NULL);
}

static void fields(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 5, 9, true);
	struct dlm_plock_info info;

	go(test, a);
	info = next(test, DLM_PLOCK_OP_LOCK);
	KUNIT_EXPECT_EQ(test, info.version[0], 1U);
	KUNIT_EXPECT_EQ(test, info.version[1], 2U);
	KUNIT_EXPECT_EQ(test, info.version[2], 0U);
	KUNIT_EXPECT_EQ(test, info.ex, 1);
	KUNIT_EXPECT_EQ(test, info.wait, 1);
	KUNIT_EXPECT_EQ(test, info.flags, 0);
	KUNIT_EXPECT_EQ(test, info.pid, 4000U);
	KUNIT_EXPECT_EQ(test, info.nodeid, 0);
	KUNIT_EXPECT_EQ(test, info.rv, 0);
	KUNIT_EXPECT_EQ(test, info.fsid, dlm_ls_id(a->w->ls));
	KUNIT_EXPECT_EQ(test, info.number, 77ULL);
	KUNIT_EXPECT_EQ(test, info.start, 5ULL);
	KUNIT_EXPECT_EQ(test, info.end, 9ULL);
	KUNIT_EXPECT_EQ(test, info.owner, (u64)(unsigned long)a);
	none(test);
	answer(test, info, 0);
	KUNIT_EXPECT_EQ(test, result(test, a), 0);
	KUNIT_EXPECT_TRUE(test, recorded(a));
	all_answered(test);
	forget(a);
	fput(file);
}

struct version_case {
	u32 major, minor;
	int err;
};

static void versions(struct kunit *test)
{
	static const struct version_case cases[] = {
		{ 1, 0, 0 }, { 1, 2, 0 }, { 1, 3, -EINVAL }, { 0, 2, -EINVAL },
		{ 2, 0, -EINVAL },
	};
	struct dlm_plock_info info = { };
	int i;

	/* nobody waits for these */
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		info.version[0] = cases[i].major;
		info.version[1] = cases[i].minor;
		KUNIT_EXPECT_EQ(test, dlm_plocks_write(queues(test), &info), cases[i].err);
	}
}

static void refused(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_RDLCK, 0, 1, false);
	struct dlm_plock_info info;

	go(test, a);
	info = next(test, DLM_PLOCK_OP_LOCK);
	KUNIT_EXPECT_EQ(test, info.ex, 0);
	KUNIT_EXPECT_EQ(test, info.wait, 0);
	answer(test, info, -EAGAIN);
	KUNIT_EXPECT_EQ(test, result(test, a), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, recorded(a));
	fput(file);
}

/* answers to who waits come in any order, and must name all of it */
static void any_order(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a[3];
	struct dlm_plock_info info[3], wrong;
	int i;

	for (i = 0; i < 3; i++) {
		a[i] = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, i * 10, i * 10 + 5, true);
		go(test, a[i]);
		info[i] = next(test, DLM_PLOCK_OP_LOCK);
	}
	for (i = 0; i < 7; i++) {
		wrong = info[0];
		wrong.number += i == 0;
		wrong.owner += i == 1;
		wrong.pid += i == 2;
		wrong.start += i == 3;
		wrong.end += i == 4;
		wrong.ex ^= i == 5;
		wrong.fsid += i == 6;
		answer(test, wrong, 0);
	}
	wrong = info[0];
	wrong.wait = 0;
	answer(test, wrong, 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&a[i]->done));
	answer(test, info[2], -EDEADLK);
	KUNIT_EXPECT_EQ(test, result(test, a[2]), -EDEADLK);
	answer(test, info[0], 0);
	KUNIT_EXPECT_EQ(test, result(test, a[0]), 0);
	answer(test, info[1], 0);
	KUNIT_EXPECT_EQ(test, result(test, a[1]), 0);
	all_answered(test);
	forget(a[0]);
	forget(a[1]);
	fput(file);
}

/* all others are answered in their order; who was killed keeps his place */
static void in_order(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a[3];
	struct dlm_plock_info info[3], close;
	int i;

	for (i = 0; i < 3; i++) {
		a[i] = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, i * 10, i * 10 + 5, false);
		go(test, a[i]);
		info[i] = next(test, DLM_PLOCK_OP_LOCK);
	}
	send_sig(SIGKILL, a[0]->task, 1);
	KUNIT_EXPECT_EQ(test, result(test, a[0]), -EINTR);
	none(test);
	/* it was granted: the daemon is told that nobody wants it */
	answer(test, info[0], 0);
	close = next(test, DLM_PLOCK_OP_UNLOCK);
	KUNIT_EXPECT_EQ(test, close.flags, DLM_PLOCK_FL_CLOSE);
	KUNIT_EXPECT_EQ(test, close.start, 0ULL);
	KUNIT_EXPECT_EQ(test, close.end, (u64)OFFSET_MAX);
	KUNIT_EXPECT_EQ(test, close.owner, (u64)(unsigned long)a[0]);
	answer(test, info[1], -EAGAIN);
	KUNIT_EXPECT_EQ(test, result(test, a[1]), -EAGAIN);
	answer(test, info[2], 0);
	KUNIT_EXPECT_EQ(test, result(test, a[2]), 0);
	all_answered(test);
	forget(a[2]);
	fput(file);
}

static void killed_before_reading(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true);
	unsigned long end = jiffies + DEADLINE;

	go(test, a);
	while (list_empty_careful(&queues(test)->requests) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	send_sig(SIGKILL, a->task, 1);
	KUNIT_EXPECT_EQ(test, result(test, a), -EINTR);
	all_answered(test);
	fput(file);
}

static void killed_while_waiting(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true);
	struct dlm_plock_info info;

	go(test, a);
	info = next(test, DLM_PLOCK_OP_LOCK);
	send_sig(SIGKILL, a->task, 1);
	KUNIT_EXPECT_EQ(test, result(test, a), -EINTR);
	KUNIT_EXPECT_EQ(test, next(test, DLM_PLOCK_OP_UNLOCK).flags, DLM_PLOCK_FL_CLOSE);
	/* too late, ignored */
	answer(test, info, 0);
	all_answered(test);
	fput(file);
}

/* another signal takes the request back, if the daemon can do that */
static void interrupted(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true);
	struct dlm_plock_info info, cancel;

	go(test, a);
	next(test, DLM_PLOCK_OP_LOCK);
	send_sig(SIGUSR1, a->task, 1);
	cancel = next(test, DLM_PLOCK_OP_CANCEL);
	KUNIT_EXPECT_EQ(test, cancel.wait, 0);
	KUNIT_EXPECT_EQ(test, cancel.number, 77ULL);
	answer(test, cancel, 0);
	KUNIT_EXPECT_EQ(test, result(test, a), -EINTR);
	all_answered(test);

	/* an old daemon, or too late: the answer counts */
	go(test, a);
	info = next(test, DLM_PLOCK_OP_LOCK);
	send_sig(SIGUSR1, a->task, 1);
	answer(test, next(test, DLM_PLOCK_OP_CANCEL), -EINVAL);
	answer(test, info, 0);
	KUNIT_EXPECT_EQ(test, result(test, a), 0);
	KUNIT_EXPECT_TRUE(test, recorded(a));
	all_answered(test);
	forget(a);

	/* killed while the daemon thinks about it */
	a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true);
	go(test, a);
	info = next(test, DLM_PLOCK_OP_LOCK);
	send_sig(SIGUSR1, a->task, 1);
	cancel = next(test, DLM_PLOCK_OP_CANCEL);
	send_sig(SIGKILL, a->task, 1);
	KUNIT_EXPECT_EQ(test, result(test, a), -EINTR);
	KUNIT_EXPECT_EQ(test, next(test, DLM_PLOCK_OP_UNLOCK).flags, DLM_PLOCK_FL_CLOSE);
	answer(test, cancel, -ENOENT);
	all_answered(test);
	fput(file);
}

static void lock_it(struct kunit *test, struct asker *a)
{
	go(test, a);
	answer(test, next(test, DLM_PLOCK_OP_LOCK), 0);
	KUNIT_ASSERT_EQ(test, result(test, a), 0);
}

static void unlocks(struct kunit *test)
{
	struct file *file = open_file(test);
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, false);

	lock_it(test, a);
	a->op = DLM_PLOCK_OP_UNLOCK;
	dlm_fl(&a->fl, type) = F_UNLCK;
	go(test, a);
	answer(test, next(test, DLM_PLOCK_OP_UNLOCK), -ENOENT);
	KUNIT_EXPECT_EQ(test, result(test, a), 0);
	KUNIT_EXPECT_FALSE(test, recorded(a));
	/* nothing is locked: nobody is asked */
	go(test, a);
	KUNIT_EXPECT_EQ(test, result(test, a), 0);
	all_answered(test);

	/* a file is closed: no answer */
	a->op = DLM_PLOCK_OP_LOCK;
	dlm_fl(&a->fl, type) = F_WRLCK;
	lock_it(test, a);
	a->op = DLM_PLOCK_OP_UNLOCK;
	dlm_fl(&a->fl, type) = F_UNLCK;
	dlm_fl(&a->fl, flags) |= FL_CLOSE;
	go(test, a);
	KUNIT_EXPECT_EQ(test, result(test, a), 0);
	KUNIT_EXPECT_EQ(test, next(test, DLM_PLOCK_OP_UNLOCK).flags, DLM_PLOCK_FL_CLOSE);
	all_answered(test);
	dlm_fl(&a->fl, flags) &= ~FL_CLOSE;

	/* the task is killed, but the daemon must know */
	a->op = DLM_PLOCK_OP_LOCK;
	dlm_fl(&a->fl, type) = F_WRLCK;
	lock_it(test, a);
	a->op = DLM_PLOCK_OP_UNLOCK;
	dlm_fl(&a->fl, type) = F_UNLCK;
	go(test, a);
	while (list_empty_careful(&queues(test)->requests))
		schedule_timeout_uninterruptible(1);
	send_sig(SIGKILL, a->task, 1);
	KUNIT_EXPECT_EQ(test, result(test, a), -EINTR);
	answer(test, next(test, DLM_PLOCK_OP_UNLOCK), 0);
	all_answered(test);
	fput(file);
}

struct get_case {
	int rv;
	int nodeid;
	u8 ex;
	int result;
	int type;
	int pid;
};

static void gets(struct kunit *test)
{
	static const struct get_case cases[] = {
		{ 0,		0, 0,	0,	 F_UNLCK, 0 },
		{ -ENOENT,	0, 0,	0,	 F_UNLCK, 0 },
		{ 1,		1, 1,	0,	 F_WRLCK, 55 },
		{ 1,		2, 0,	0,	 F_RDLCK, -55 },
		{ -ENOSYS,	0, 0,	-ENOSYS, F_WRLCK, 4000 },
	};
	struct dlm_plock_info info;
	struct asker *a;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		a = asker(test, NULL, DLM_PLOCK_OP_GET, F_WRLCK, 10, 20, false);
		go(test, a);
		info = next(test, DLM_PLOCK_OP_GET);
		info.nodeid = cases[i].nodeid;
		info.ex = cases[i].ex;
		info.pid = 55;
		info.start = 12;
		info.end = 13;
		answer(test, info, cases[i].rv);
		KUNIT_EXPECT_EQ(test, result(test, a), cases[i].result);
		KUNIT_EXPECT_EQ(test, (int)dlm_fl(&a->fl, type), cases[i].type);
		if (cases[i].pid)
			KUNIT_EXPECT_EQ(test, (int)dlm_fl(&a->fl, pid), cases[i].pid);
		if (cases[i].rv > 0)
			KUNIT_EXPECT_EQ(test, a->fl.fl_start, (loff_t)12);
	}
	all_answered(test);
}

/* --- lock managers ------------------------------------------------------- */

/* what the callback was told last; in the lock's pid field's owner, the asker */
static int grant(struct file_lock *fl, int result)
{
	struct asker *a = container_of(fl, struct asker, fl);

	a->rv = result;
	complete(&a->done);
	/* the file says whether the lock is still wanted */
	return a->op == DLM_PLOCK_OP_UNLOCK;
}

static const struct lock_manager_operations manager = {
	.lm_grant	= grant,
};

static struct asker *deferred(struct kunit *test, struct file *file)
{
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true);

	a->fl.fl_lmops = &manager;
	init_completion(&a->done);
	KUNIT_EXPECT_EQ(test, dlm_plock_lock(a->w->ls, 77, file, &a->fl),
			FILE_LOCK_DEFERRED);
	return a;
}

static void managers(struct kunit *test)
{
	struct file *file = open_file(test);
	struct dlm_plock_info info;
	struct asker *a;

	a = deferred(test, file);
	info = next(test, DLM_PLOCK_OP_LOCK);
	answer(test, info, 0);
	KUNIT_EXPECT_TRUE(test, completion_done(&a->done));
	KUNIT_EXPECT_EQ(test, a->rv, 0);
	KUNIT_EXPECT_TRUE(test, recorded(a));
	a->fl.fl_lmops = NULL;
	forget(a);

	a = deferred(test, file);
	answer(test, next(test, DLM_PLOCK_OP_LOCK), -EAGAIN);
	KUNIT_EXPECT_EQ(test, a->rv, -EAGAIN);
	KUNIT_EXPECT_FALSE(test, recorded(a));

	/* the manager does not want it any more: both give it back */
	a = deferred(test, file);
	a->op = DLM_PLOCK_OP_UNLOCK;
	answer(test, next(test, DLM_PLOCK_OP_LOCK), 0);
	KUNIT_EXPECT_FALSE(test, recorded(a));
	KUNIT_EXPECT_EQ(test, next(test, DLM_PLOCK_OP_UNLOCK).flags, DLM_PLOCK_FL_CLOSE);
	all_answered(test);
	fput(file);
}

static void cancels(struct kunit *test)
{
	struct file *file = open_file(test);
	struct t_world *w = test->priv;
	struct asker *a = asker(test, file, DLM_PLOCK_OP_LOCK, F_WRLCK, 0, 9, true), *b;
	struct dlm_plock_info info;

	/* who waits himself is interrupted by signals */
	KUNIT_EXPECT_EQ(test, dlm_plock_cancel(w->ls, 77, file, &a->fl), -EOPNOTSUPP);
	/* not read by the daemon yet: it need not know */
	a = deferred(test, file);
	KUNIT_EXPECT_EQ(test, dlm_plock_cancel(w->ls, 77, file, &a->fl), -EINTR);
	KUNIT_EXPECT_EQ(test, a->rv, -EINTR);
	all_answered(test);
	/* answered already, and nothing is locked */
	KUNIT_EXPECT_EQ(test, dlm_plock_cancel(w->ls, 77, file, &a->fl), 0);
	all_answered(test);
	/* the daemon knows of it: it decides */
	a = deferred(test, file);
	info = next(test, DLM_PLOCK_OP_LOCK);
	b = asker(test, file, DLM_PLOCK_OP_CANCEL, F_WRLCK, 0, 9, true);
	b->target = a;
	go(test, b);
	answer(test, next(test, DLM_PLOCK_OP_CANCEL), 0);
	KUNIT_EXPECT_EQ(test, result(test, b), -EINTR);
	KUNIT_EXPECT_EQ(test, a->rv, -EINTR);
	answer(test, info, 0);
	all_answered(test);
	/* an old one refuses: the request stays */
	a = deferred(test, file);
	info = next(test, DLM_PLOCK_OP_LOCK);
	b->target = a;
	go(test, b);
	answer(test, next(test, DLM_PLOCK_OP_CANCEL), -EINVAL);
	KUNIT_EXPECT_EQ(test, result(test, b), -EINVAL);
	KUNIT_EXPECT_FALSE(test, completion_done(&a->done));
	answer(test, info, -EAGAIN);
	KUNIT_EXPECT_EQ(test, a->rv, -EAGAIN);
	/* granted already: it is unlocked */
	a = deferred(test, file);
	answer(test, next(test, DLM_PLOCK_OP_LOCK), 0);
	KUNIT_EXPECT_TRUE(test, recorded(a));
	dlm_fl(&a->fl, flags) |= FL_CLOSE;
	KUNIT_EXPECT_EQ(test, dlm_plock_cancel(w->ls, 77, file, &a->fl), 0);
	KUNIT_EXPECT_FALSE(test, recorded(a));
	KUNIT_EXPECT_EQ(test, next(test, DLM_PLOCK_OP_UNLOCK).flags, DLM_PLOCK_FL_CLOSE);
	all_answered(test);
	fput(file);
}

/* what is left at a node's end is freed with it */
static void left_over(struct kunit *test)
{
	struct file *file = open_file(test);
	struct dlm_plocks *q = queues(test);

	deferred(test, file);
	deferred(test, file);
	next(test, DLM_PLOCK_OP_LOCK);
	dlm_plocks_exit(q);
	all_answered(test);
	KUNIT_EXPECT_EQ(test, file_count(file), 1L);
	fput(file);
}

static struct kunit_case plock_cases[] = {
	KUNIT_CASE(fields),
	KUNIT_CASE(versions),
	KUNIT_CASE(refused),
	KUNIT_CASE(any_order),
	KUNIT_CASE(in_order),
	KUNIT_CASE(killed_before_reading),
	KUNIT_CASE(killed_while_waiting),
	KUNIT_CASE(interrupted),
	KUNIT_CASE(unlocks),
	KUNIT_CASE(gets),
	KUNIT_CASE(managers),
	KUNIT_CASE(cancels),
	KUNIT_CASE(left_over),
	{}
};

static struct kunit_suite plock_suite = {
	.name = "dlm_plock",
	.init = t_init,
	.exit = t_exit,
	.test_cases = plock_cases,
};

kunit_test_suite(plock_suite);

MODULE_LICENSE("GPL");
