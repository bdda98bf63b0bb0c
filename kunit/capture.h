/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that nodes with the stock module have sent, as tests/kunit/captures writes them
 * down: hex digits; "00*12" stands for a byte that comes twelve times.
 */
#ifndef _DLM_KUNIT_CAPTURE_H
#define _DLM_KUNIT_CAPTURE_H

#include <linux/types.h>

/**
 * struct capture_packet - a packet that was explained
 * @title: what it is
 * @from: sender
 * @to: receiver
 * @name: the resource it is about; not always part of the packet
 * @fields: "name value, ..." in the order of the wire
 * @hex: the packet
 */
struct capture_packet {
	const char	*title;
	int		from;
	int		to;
	const char	*name;
	const char	*fields;
	const char	*hex;
};

/**
 * struct talk_packet - a packet of a dialogue
 * @part: number of the recording
 * @n: which packet of it, from 1 on, acknowledgements not counted
 * @from: sender
 * @hex: the packet
 */
struct talk_packet {
	u8		part;
	u8		n;
	u8		from;
	const char	*hex;
};

unsigned int capture_bytes(const char *hex, u8 *out, unsigned int room);

#endif
