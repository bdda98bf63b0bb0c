// SPDX-License-Identifier: GPL-2.0
/*
 * The directory: which node keeps the record of a name (messages.md 2).
 */
#include "engine.h"
#include "lockspace.h"

/**
 * dlm_node_array - weigh the members of a lockspace against each other
 * @m: members, ascending by node id
 * @count: how many
 * @array: gets each node id as many times as the node's weight says, or NULL.
 *	With all weights 0, each counts 1
 *
 * The index into the array is a 16-bit number modulo its length, so that nobody can
 * tell an array of DLM_NODE_ARRAY_MAX entries from a longer one.
 *
 * Return: entries, at most DLM_NODE_ARRAY_MAX.
 */
unsigned int dlm_node_array(const struct dlm_member *m, unsigned int count,
			    int *array)
{
	unsigned int i, j, weight, total = 0;
	bool weighed = false;

	for (i = 0; i < count; i++)
		weighed |= m[i].weight;
	for (i = 0; i < count; i++) {
		weight = weighed ? m[i].weight : 1;
		weight = min(weight, DLM_NODE_ARRAY_MAX - total);
		for (j = 0; array && j < weight; j++)
			array[total + j] = m[i].nodeid;
		total += weight;
	}
	return total;
}
