// SPDX-License-Identifier: GPL-2.0
/*
 * What an engine call leaves to be done once the resource is unlocked: see
 * struct dlm_sink in include/dlm/core.h.
 */
#include <linux/bitops.h>
#include <dlm/core.h>
#include <dlm/transport.h>

/**
 * dlm_fx_add - have a sink flushed
 * @fx: effects of the running operation
 * @sink: something was appended to its queue
 *
 * Call it after appending.
 * Context: any, under the lock that guards the queue or after it.
 */
void dlm_fx_add(struct dlm_fx *fx, struct dlm_sink *sink)
{
	if (test_and_set_bit(0, &sink->fx_busy))
		return;
	sink->ops->get(sink);
	sink->fx_next = fx->first;
	fx->first = sink;
}

static void free_spare(struct dlm_fx *fx)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(fx->spare); i++) {
		if (fx->spare[i])
			dlm_packet_free(fx->spare[i]);
		fx->spare[i] = NULL;
	}
}

/**
 * dlm_fx_flush - flush all sinks, free what was not sent, and forget it all
 * @fx: effects, empty afterwards
 *
 * Context: process context, no spinlock held.
 */
void dlm_fx_flush(struct dlm_fx *fx)
{
	struct dlm_sink *sink;

	free_spare(fx);
	while ((sink = fx->first)) {
		fx->first = sink->fx_next;
		/* from here on others list it again; flush sees all they appended before */
		clear_bit(0, &sink->fx_busy);
		smp_mb__after_atomic(); /* pairs with test_and_set_bit() */
		sink->ops->flush(sink);
		sink->ops->put(sink);
	}
}
