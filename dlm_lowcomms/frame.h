/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From bytes of a stream to packets (wire.md 3, 4, 7, 9).  Pure: no state.
 */
#ifndef _DLM_FRAME_H
#define _DLM_FRAME_H

#include <linux/types.h>
#include <dlm/wire.h>

/**
 * enum dlm_verdict - what is wrong with a frame
 * @DLM_FRAME_OK: nothing
 * @DLM_FRAME_MORE: not all of it has come yet
 * @DLM_FRAME_LENGTH: impossible length: nobody knows where the next one begins
 * @DLM_FRAME_VERSION: neither 3.1 nor 3.2
 * @DLM_FRAME_NODEID: another node's id
 * @DLM_FRAME_CMD: not a command that may come like this in this version
 * @DLM_FRAME_SHORT: shorter than the fixed part of its kind
 * @DLM_FRAME_BARE: a recovery message that must be sequenced came without number
 * @DLM_FRAME_OPTIONS: options end after the packet
 * @DLM_FRAME_IN_LENGTH: inside: not the length that the envelope has room for
 * @DLM_FRAME_IN_VERSION: inside: neither 3.1 nor 3.2
 * @DLM_FRAME_IN_CMD: inside: not MSG, RCOM or FIN, or not what the envelope says
 * @DLM_FRAME_IN_SHORT: inside: shorter than the fixed part of its kind
 * @DLM_FRAME_IN_NODEID: inside: another node's id
 * @DLM_FRAME_VERDICTS: how many there are
 *
 * From DLM_FRAME_IN on the envelope is good and its number is used up, so that
 * one bad packet does not stop the stream for ever.
 */
enum dlm_verdict {
	DLM_FRAME_OK,
	DLM_FRAME_MORE,
	DLM_FRAME_LENGTH,
	DLM_FRAME_VERSION,
	DLM_FRAME_NODEID,
	DLM_FRAME_CMD,
	DLM_FRAME_SHORT,
	DLM_FRAME_BARE,
	DLM_FRAME_OPTIONS,
	DLM_FRAME_IN_LENGTH,
	DLM_FRAME_IN_VERSION,
	DLM_FRAME_IN_CMD,
	DLM_FRAME_IN_SHORT,
	DLM_FRAME_IN_NODEID,
	DLM_FRAME_VERDICTS
};

#define DLM_FRAME_IN	DLM_FRAME_IN_LENGTH

/**
 * struct dlm_frame - one packet of a stream
 * @bytes: where the next one begins; valid unless DLM_FRAME_MORE or _LENGTH
 * @version: DLM_WIRE_3_1 or DLM_WIRE_3_2
 * @cmd: of the outer header
 * @u: number of an envelope, or value of an ACK
 * @inner: MSG, RCOM or FIN, in an envelope or bare; NULL for an ACK
 * @inner_cmd: its command
 * @inner_len: its bytes
 *
 * From @version on valid if the verdict is DLM_FRAME_OK; @version, @cmd and @u also
 * if it is DLM_FRAME_IN or later.
 */
struct dlm_frame {
	unsigned int	bytes;
	u32		version;
	u8		cmd;
	u32		u;
	const void	*inner;
	u8		inner_cmd;
	unsigned int	inner_len;
};

enum dlm_verdict dlm_frame_parse(const void *buf, unsigned int have, int nodeid,
				 struct dlm_frame *f);
const char *dlm_verdict_name(enum dlm_verdict verdict);

#endif
