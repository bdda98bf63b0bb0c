// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail: see faults.h.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>
#include "faults.h"

#if defined(CONFIG_FAILSLAB) && defined(CONFIG_FAULT_INJECTION_DEBUG_FS)

/*
 * failslab's switches, reached through its debugfs files, and what they were before.
 * "spare waiters" spares allocations that may sleep, which is all of ours.
 */
static struct {
	bool		*spare_waiters;
	bool		*filter;
	unsigned long	*verbose;
	unsigned long	*probability;
	atomic_t	*times;
} knob;

static struct {
	bool		spare_waiters;
	bool		filter;
	unsigned long	verbose;
	unsigned long	probability;
	int		times;
} old;

/* a debugfs file for one number keeps a pointer to it */
static void *number_of(const char *name)
{
	struct dentry *dir, *file;
	void *p = NULL;

	dir = debugfs_lookup("failslab", NULL);
	if (IS_ERR_OR_NULL(dir))
		return NULL;
	file = debugfs_lookup(name, dir);
	if (!IS_ERR_OR_NULL(file)) {
		p = d_inode(file)->i_private;
		dput(file);
	}
	dput(dir);
	return p;
}

bool t_faults_possible(void)
{
	knob.spare_waiters = number_of("ignore-gfp-wait");
	knob.filter = number_of("task-filter");
	knob.verbose = number_of("verbose");
	knob.probability = number_of("probability");
	knob.times = number_of("times");
	return knob.spare_waiters && knob.filter && knob.verbose && knob.probability &&
	       knob.times;
}

void t_faults_begin(unsigned int percent)
{
	old.spare_waiters = *knob.spare_waiters;
	old.filter = *knob.filter;
	old.verbose = *knob.verbose;
	old.probability = *knob.probability;
	old.times = atomic_read(knob.times);
	*knob.verbose = 0;
	*knob.filter = true;
	*knob.spare_waiters = false;
	atomic_set(knob.times, -1);
	*knob.probability = percent;
}

void t_faults_end(void)
{
	*knob.probability = old.probability;
	atomic_set(knob.times, old.times);
	*knob.spare_waiters = old.spare_waiters;
	*knob.filter = old.filter;
	*knob.verbose = old.verbose;
}

void t_fail_nth(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

bool t_failed(void)
{
	bool did = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return did;
}

void t_faults_here(bool on)
{
	current->make_it_fail = on;
}

#else

bool t_faults_possible(void)
{
	return false;
}

void t_faults_begin(unsigned int percent)
{
}

void t_faults_end(void)
{
}

void t_fail_nth(unsigned int n)
{
}

bool t_failed(void)
{
	return false;
}

void t_faults_here(bool on)
{
}

#endif
