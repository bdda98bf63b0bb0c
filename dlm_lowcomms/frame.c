// SPDX-License-Identifier: GPL-2.0
/*
 * From bytes of a stream to packets: see frame.h.
 *
 * Whatever a peer sends goes through here first: after it, lengths are true and
 * each fixed part is there.  What a lock or recovery message says is not looked at, but
 * for the type of bare recovery messages.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "frame.h"

static const char * const verdict_names[] = {
	[DLM_FRAME_OK]		= "ok",
	[DLM_FRAME_MORE]	= "incomplete",
	[DLM_FRAME_LENGTH]	= "bad_length",
	[DLM_FRAME_VERSION]	= "bad_version",
	[DLM_FRAME_NODEID]	= "bad_nodeid",
	[DLM_FRAME_CMD]		= "bad_cmd",
	[DLM_FRAME_SHORT]	= "bad_short",
	[DLM_FRAME_BARE]	= "bad_bare",
	[DLM_FRAME_OPTIONS]	= "bad_options",
	[DLM_FRAME_IN_LENGTH]	= "bad_inner_length",
	[DLM_FRAME_IN_VERSION]	= "bad_inner_version",
	[DLM_FRAME_IN_CMD]	= "bad_inner_cmd",
	[DLM_FRAME_IN_SHORT]	= "bad_inner_short",
	[DLM_FRAME_IN_NODEID]	= "bad_inner_nodeid",
};

static_assert(ARRAY_SIZE(verdict_names) == DLM_FRAME_VERDICTS);

/**
 * dlm_verdict_name - word for logs and counters
 * @verdict: any
 *
 * Return: a constant string.
 */
const char *dlm_verdict_name(enum dlm_verdict verdict)
{
	return verdict_names[verdict];
}

static bool known_version(__le32 version)
{
	return version == cpu_to_le32(DLM_WIRE_3_1) ||
	       version == cpu_to_le32(DLM_WIRE_3_2);
}

/* bytes that a packet of this command has at least */
static unsigned int fixed_part(u8 cmd)
{
	switch (cmd) {
	case DLM_CMD_MSG:
		return sizeof(struct dlm_w_msg);
	case DLM_CMD_RCOM:
		return sizeof(struct dlm_w_rcom);
	case DLM_CMD_OPTS:
		return sizeof(struct dlm_w_opts);
	default:
		return sizeof(struct dlm_w_header);
	}
}

/* may this command stand alone? (wire.md 8.8, 9) */
static bool outer_cmd(u32 version, u8 cmd)
{
	switch (cmd) {
	case DLM_CMD_MSG:
		return version == DLM_WIRE_3_1;
	case DLM_CMD_RCOM:
		return true;
	case DLM_CMD_OPTS:
	case DLM_CMD_ACK:
		return version == DLM_WIRE_3_2;
	default:
		return false;
	}
}

/* recovery messages that repeat themselves need no number (wire.md 6.7) */
static bool may_be_bare(const struct dlm_w_rcom *rc)
{
	switch (le32_to_cpu(rc->type)) {
	case DLM_RCOM_LOOKUP:
	case DLM_RCOM_LOCK:
	case DLM_RCOM_LOOKUP_REPLY:
	case DLM_RCOM_LOCK_REPLY:
		return false;
	default:
		return true;
	}
}

static enum dlm_verdict open_envelope(const struct dlm_w_opts *o, int nodeid,
				      struct dlm_frame *f)
{
	unsigned int skip = sizeof(*o) + le16_to_cpu(o->optlen);
	const struct dlm_w_header *h;
	unsigned int room;

	if (skip > f->bytes)
		return DLM_FRAME_OPTIONS;
	h = (const void *)o + skip;
	room = f->bytes - skip;
	if (room < sizeof(*h) || le16_to_cpu(h->length) != room)
		return DLM_FRAME_IN_LENGTH;
	if (!known_version(h->version))
		return DLM_FRAME_IN_VERSION;
	if (h->cmd != o->nextcmd ||
	    (h->cmd != DLM_CMD_MSG && h->cmd != DLM_CMD_RCOM && h->cmd != DLM_CMD_FIN))
		return DLM_FRAME_IN_CMD;
	if (room < fixed_part(h->cmd))
		return DLM_FRAME_IN_SHORT;
	if (le32_to_cpu(h->nodeid) != nodeid)
		return DLM_FRAME_IN_NODEID;
	f->inner = h;
	f->inner_cmd = h->cmd;
	f->inner_len = room;
	return DLM_FRAME_OK;
}

/**
 * dlm_frame_parse - look at the first packet of a stream
 * @buf: bytes that were received, at any address
 * @have: how many
 * @nodeid: who is at the other end
 * @f: filled as far as the verdict allows
 *
 * Reads nothing beyond @have.
 *
 * Context: any.
 * Return: enum dlm_verdict.
 */
enum dlm_verdict dlm_frame_parse(const void *buf, unsigned int have, int nodeid,
				 struct dlm_frame *f)
{
	const struct dlm_w_header *h = buf;

	memset(f, 0, sizeof(*f));
	if (have < sizeof(*h))
		return DLM_FRAME_MORE;
	f->bytes = le16_to_cpu(h->length);
	if (f->bytes < sizeof(*h) || f->bytes > DLM_PACKET_MAX)
		return DLM_FRAME_LENGTH;
	if (have < f->bytes)
		return DLM_FRAME_MORE;
	if (!known_version(h->version))
		return DLM_FRAME_VERSION;
	f->version = le32_to_cpu(h->version);
	f->cmd = h->cmd;
	f->u = le32_to_cpu(h->u);
	if (le32_to_cpu(h->nodeid) != nodeid)
		return DLM_FRAME_NODEID;
	if (!outer_cmd(f->version, h->cmd))
		return DLM_FRAME_CMD;
	if (f->bytes < fixed_part(h->cmd))
		return DLM_FRAME_SHORT;
	if (h->cmd == DLM_CMD_OPTS)
		return open_envelope(buf, nodeid, f);
	if (h->cmd == DLM_CMD_ACK)
		return DLM_FRAME_OK;
	if (f->version == DLM_WIRE_3_2 && !may_be_bare(buf))
		return DLM_FRAME_BARE;
	f->inner = buf;
	f->inner_cmd = h->cmd;
	f->inner_len = f->bytes;
	return DLM_FRAME_OK;
}
