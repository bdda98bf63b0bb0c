// SPDX-License-Identifier: GPL-2.0
/*
 * Names and sums of the counters.
 */
#include <linux/percpu.h>
#include "lockspace.h"

static const char *const ls_names[] = {
	[DLM_ST_REQUEST]	= "requests",
	[DLM_ST_CONVERT]	= "converts",
	[DLM_ST_UNLOCK]		= "unlocks",
	[DLM_ST_CANCEL]		= "cancels",
	[DLM_ST_REFUSED]	= "refused",
	[DLM_ST_GRANTED]	= "granted",
	[DLM_ST_QUEUED]		= "queued",
	[DLM_ST_EAGAIN]		= "again",
	[DLM_ST_EDEADLK]	= "deadlocks",
	[DLM_ST_ECANCEL]	= "cancelled",
	[DLM_ST_ETIMEDOUT]	= "timeouts",
	[DLM_ST_BAST]		= "basts",
	[DLM_ST_TIMEWARN]	= "timewarns",
	[DLM_ST_ORPHANED]	= "orphaned",
	[DLM_ST_ADOPTED]	= "adopted",
	[DLM_ST_PURGED]		= "purged",
	[DLM_ST_SENT]		= "messages_sent",
	[DLM_ST_RECEIVED]	= "messages_received",
	[DLM_ST_BAD_MSG]	= "messages_bad",
	[DLM_ST_RETRY]		= "retries",
	[DLM_ST_STORED]		= "stored_messages",
	[DLM_ST_STORE_FULL]	= "store_full",
	[DLM_ST_MSG_STRAY]	= "stray_messages",
	[DLM_ST_RCOM_IGNORED]	= "ignored_rcoms",
	[DLM_ST_RCOM_BAD]	= "bad_rcoms",
};

static_assert(ARRAY_SIZE(ls_names) == DLM_ST_MAX);

static const char *const node_names[] = {
	[DLM_NS_CREATED]	= "lockspaces_created",
	[DLM_NS_RELEASED]	= "lockspaces_released",
	[DLM_NS_CREATE_FAILED]	= "lockspaces_failed",
	[DLM_NS_BAD_WRITE]	= "bad_writes",
	[DLM_NS_STRAY]		= "stray_packets",
};

static_assert(ARRAY_SIZE(node_names) == DLM_NS_MAX);

/**
 * dlm_ls_stat_sum - value of a lockspace's counter
 * @ls: the lockspace
 * @what: which counter
 *
 * Context: any.
 * Return: sum over all CPUs; counts that are just being made may be missing.
 */
u64 dlm_ls_stat_sum(const struct dlm_ls *ls, enum dlm_ls_stat what)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(ls->stats, cpu)->n[what]);
	return sum;
}

/**
 * dlm_ls_stat_name - name of a lockspace's counter
 * @what: which counter, less than DLM_ST_MAX
 *
 * Return: one word, part of the ABI of debugfs.
 */
const char *dlm_ls_stat_name(enum dlm_ls_stat what)
{
	return ls_names[what];
}

/**
 * dlm_node_stat_name - name of a node's counter
 * @what: which counter, less than DLM_NS_MAX
 *
 * Return: one word, part of the ABI of debugfs.
 */
const char *dlm_node_stat_name(enum dlm_node_stat what)
{
	return node_names[what];
}
