// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c: what is a packet, and why not.
 *
 * The packets are the examples of the specification (wire.md 12), and some
 * that stock nodes were seen to send.  A case is one of them with bytes changed.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include "../dlm_lowcomms/frame.h"

/* node 2 asks node 1 for its status */
static const u8 w_status[] = {
	0x02, 0x00, 0x03, 0x00, 0x9d, 0x33, 0xe2, 0x6c, 0x02, 0x00, 0x00, 0x00,
	0x40, 0x00, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x01, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00,
};

/* node 1 does not know that lockspace */
static const u8 w_not_ready[] = {
	0x02, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x68, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x03, 0x00, 0x9d, 0x33, 0xe2, 0x6c, 0x01, 0x00, 0x00, 0x00,
	0x50, 0x00, 0x02, 0x00, 0x05, 0x00, 0x00, 0x00, 0xfd, 0xff, 0xff, 0xff,
	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* node 2 expects number 1 */
static const u8 w_ack[] = {
	0x02, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x10, 0x00, 0x04, 0x00,
};

/* node 2 says FIN with number 7 */
static const u8 w_fin[] = {
	0x02, 0x00, 0x03, 0x00, 0x07, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x28, 0x00, 0x03, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x10, 0x00, 0x05, 0x00,
};

/* node 2 requests "testres" with number 3 */
static const u8 w_request[] = {
	0x02, 0x00, 0x03, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x77, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x03, 0x00, 0x9d, 0x33, 0xe2, 0x6c, 0x02, 0x00, 0x00, 0x00,
	0x5f, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x67, 0x12, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0xd2, 0x62, 0x91, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x74, 0x65, 0x73, 0x74, 0x72, 0x65, 0x73,
};

/* recorded, 6.1: node 1 looks "rdir3" up */
static const u8 w_lookup[] = {
	0x02, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x75, 0x00, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x03, 0x00, 0x01, 0xef, 0xad, 0xe5, 0x01, 0x00, 0x00, 0x00,
	0x5d, 0x00, 0x01, 0x00, 0x0b, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0x64, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x67, 0xed, 0x07, 0xe5, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
	0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x72, 0x64, 0x69, 0x72, 0x33,
};

/* recorded, 6.1: node 2 answers a LOOKUP of the recovery */
static const u8 w_rlookup_reply[] = {
	0x02, 0x00, 0x03, 0x00, 0x16, 0x01, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
	0x48, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x02, 0x00, 0x03, 0x00, 0x01, 0xef, 0xad, 0xe5, 0x02, 0x00, 0x00, 0x00,
	0x30, 0x00, 0x02, 0x00, 0x07, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

/* recorded, 6.1: node 1 asks for names, without envelope */
static const u8 w_names[] = {
	0x02, 0x00, 0x03, 0x00, 0x01, 0xef, 0xad, 0xe5, 0x01, 0x00, 0x00, 0x00,
	0x30, 0x00, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0xdf, 0x3d, 0x39, 0x1e, 0xd0, 0x6c, 0x17, 0x20, 0x05, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

struct f_good {
	const char	*name;
	const u8	*bytes;
	unsigned int	len;
	int		nodeid;
	u8		cmd;
	u32		u;
	u8		inner_cmd;
	unsigned int	skip;		/* bytes before the inner packet */
};

#define GOOD(_b, ...)	{ .name = #_b, .bytes = _b, .len = sizeof(_b), __VA_ARGS__ }

static const struct f_good good[] = {
	GOOD(w_status, 2, DLM_CMD_RCOM, 0x6ce2339d, DLM_CMD_RCOM, 0),
	GOOD(w_not_ready, 1, DLM_CMD_OPTS, 0, DLM_CMD_RCOM, 24),
	GOOD(w_ack, 2, DLM_CMD_ACK, 1, 0, 0),
	GOOD(w_fin, 2, DLM_CMD_OPTS, 7, DLM_CMD_FIN, 24),
	GOOD(w_request, 2, DLM_CMD_OPTS, 3, DLM_CMD_MSG, 24),
	GOOD(w_lookup, 1, DLM_CMD_OPTS, 0, DLM_CMD_MSG, 24),
	GOOD(w_rlookup_reply, 2, DLM_CMD_OPTS, 278, DLM_CMD_RCOM, 24),
	GOOD(w_names, 1, DLM_CMD_RCOM, 0xe5adef01, DLM_CMD_RCOM, 0),
};

/* exactly @len bytes, so that KASAN sees any look behind them */
static u8 *f_copy(struct kunit *test, const u8 *bytes, unsigned int len)
{
	u8 *b = kunit_kmalloc(test, len ?: 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	memcpy(b, bytes, len);
	return b;
}

static void good_frames(struct kunit *test)
{
	const struct f_good *g;
	struct dlm_frame f;
	unsigned int have;
	u8 *b;

	for (g = good; g < good + ARRAY_SIZE(good); g++) {
		for (have = 0; have < g->len; have++) {
			b = f_copy(test, g->bytes, have);
			KUNIT_EXPECT_EQ_MSG(test, dlm_frame_parse(b, have, g->nodeid, &f),
					    DLM_FRAME_MORE, "%s, %u bytes", g->name, have);
			kunit_kfree(test, b);
		}
		b = f_copy(test, g->bytes, g->len);
		KUNIT_EXPECT_EQ_MSG(test, dlm_frame_parse(b, g->len, g->nodeid, &f),
				    DLM_FRAME_OK, "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, f.bytes, g->len, "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, f.version, (u32)DLM_WIRE_3_2, "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, f.cmd, g->cmd, "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, f.u, g->u, "%s", g->name);
		KUNIT_EXPECT_EQ_MSG(test, f.inner_cmd, g->inner_cmd, "%s", g->name);
		if (g->inner_cmd) {
			KUNIT_EXPECT_PTR_EQ(test, f.inner, (const void *)(b + g->skip));
			KUNIT_EXPECT_EQ(test, f.inner_len, g->len - g->skip);
		} else {
			KUNIT_EXPECT_NULL(test, f.inner);
		}
		kunit_kfree(test, b);
	}
}

struct f_patch {
	u8	at;
	u8	byte;
};

struct f_bad {
	const char		*name;
	const u8		*bytes;
	unsigned int		len;	/* as declared by the header after patching */
	struct f_patch		patch[4];
	unsigned int		patches;
	enum dlm_verdict	verdict;
};

#define BAD(_name, _b, _len, _v, ...)	{ .name = _name, .bytes = _b, .len = _len, \
	.verdict = _v, .patch = { __VA_ARGS__ },				   \
	.patches = sizeof((struct f_patch[]){ __VA_ARGS__ }) / sizeof(struct f_patch) }
#define S(_b)	sizeof(_b)

static const struct f_bad bad[] = {
	BAD("no header", w_status, S(w_status), DLM_FRAME_LENGTH, { 12, 15 }),
	BAD("length 0", w_status, S(w_status), DLM_FRAME_LENGTH, { 12, 0 }),
	BAD("length 4097", w_status, S(w_status), DLM_FRAME_LENGTH, { 12, 1 }, { 13, 16 }),
	BAD("length 65535", w_status, S(w_status), DLM_FRAME_LENGTH, { 12, 255 }, { 13, 255 }),
	BAD("length 4096", w_status, S(w_status), DLM_FRAME_MORE, { 12, 0 }, { 13, 16 }),
	BAD("version 3.3", w_status, S(w_status), DLM_FRAME_VERSION, { 0, 3 }),
	BAD("version 3.0", w_status, S(w_status), DLM_FRAME_VERSION, { 0, 0 }),
	BAD("version 2.2", w_status, S(w_status), DLM_FRAME_VERSION, { 2, 2 }),
	BAD("version and the rest", w_ack, S(w_ack), DLM_FRAME_VERSION, { 1, 1 }, { 8, 9 }),
	BAD("other node", w_status, S(w_status), DLM_FRAME_NODEID, { 8, 3 }),
	BAD("other node in envelope's header", w_request, S(w_request), DLM_FRAME_NODEID,
	    { 11, 0x80 }),
	BAD("other node in ACK", w_ack, S(w_ack), DLM_FRAME_NODEID, { 8, 0 }),
	BAD("command 0", w_status, S(w_status), DLM_FRAME_CMD, { 14, 0 }),
	BAD("command 6", w_status, S(w_status), DLM_FRAME_CMD, { 14, 6 }),
	BAD("bare FIN", w_ack, S(w_ack), DLM_FRAME_CMD, { 14, 5 }),
	BAD("bare lock message", w_request, S(w_request), DLM_FRAME_CMD, { 14, 1 }),
	BAD("3.1 with envelope", w_request, S(w_request), DLM_FRAME_CMD, { 0, 1 }),
	BAD("3.1 with ACK", w_ack, S(w_ack), DLM_FRAME_CMD, { 0, 1 }),
	BAD("3.1 short lock message", w_status, 64, DLM_FRAME_SHORT, { 0, 1 }, { 14, 1 }),
	BAD("short recovery message", w_status, 47, DLM_FRAME_SHORT, { 12, 47 }),
	BAD("short envelope", w_fin, 23, DLM_FRAME_SHORT, { 12, 23 }),
	BAD("bare recovery LOOKUP", w_status, S(w_status), DLM_FRAME_BARE, { 16, 3 }),
	BAD("bare recovery LOCK", w_status, S(w_status), DLM_FRAME_BARE, { 16, 4 }),
	BAD("bare recovery LOOKUP_REPLY", w_status, S(w_status), DLM_FRAME_BARE, { 16, 7 }),
	BAD("bare recovery LOCK_REPLY", w_status, S(w_status), DLM_FRAME_BARE, { 16, 8 }),
	BAD("bare recovery type 99", w_status, S(w_status), DLM_FRAME_OK, { 16, 99 }),
	BAD("3.1 bare recovery LOCK", w_status, S(w_status), DLM_FRAME_OK, { 0, 1 }, { 16, 4 }),
	BAD("options behind the end", w_fin, S(w_fin), DLM_FRAME_OPTIONS, { 18, 17 }),
	BAD("options of 65535", w_fin, S(w_fin), DLM_FRAME_OPTIONS, { 18, 255 }, { 19, 255 }),
	BAD("nothing but options", w_fin, S(w_fin), DLM_FRAME_IN_LENGTH, { 18, 16 }),
	BAD("no inner header", w_fin, 39, DLM_FRAME_IN_LENGTH, { 12, 39 }),
	BAD("empty envelope", w_fin, 24, DLM_FRAME_IN_LENGTH, { 12, 24 }),
	BAD("inner too long", w_request, S(w_request), DLM_FRAME_IN_LENGTH, { 36, 0x60 }),
	BAD("inner too short for its envelope", w_request, S(w_request), DLM_FRAME_IN_LENGTH,
	    { 36, 0x5e }),
	BAD("inner length 65535", w_request, S(w_request), DLM_FRAME_IN_LENGTH,
	    { 36, 255 }, { 37, 255 }),
	BAD("inner version", w_request, S(w_request), DLM_FRAME_IN_VERSION, { 24, 7 }),
	BAD("envelope says RCOM", w_request, S(w_request), DLM_FRAME_IN_CMD, { 16, 2 }),
	BAD("inner says RCOM", w_request, S(w_request), DLM_FRAME_IN_CMD, { 38, 2 }),
	BAD("envelope in envelope", w_request, S(w_request), DLM_FRAME_IN_CMD, { 16, 3 },
	    { 38, 3 }),
	BAD("ACK in envelope", w_fin, S(w_fin), DLM_FRAME_IN_CMD, { 16, 4 }, { 38, 4 }),
	BAD("command 0 in envelope", w_fin, S(w_fin), DLM_FRAME_IN_CMD, { 16, 0 }, { 38, 0 }),
	BAD("short inner lock message", w_request, 111, DLM_FRAME_IN_SHORT, { 12, 111 },
	    { 36, 87 }),
	BAD("shortest inner lock message", w_request, 112, DLM_FRAME_OK, { 12, 112 },
	    { 36, 88 }),
	BAD("short inner recovery message", w_fin, S(w_fin), DLM_FRAME_IN_SHORT, { 16, 2 },
	    { 38, 2 }),
	BAD("inner node", w_request, S(w_request), DLM_FRAME_IN_NODEID, { 32, 1 }),
};

static void bad_frames(struct kunit *test)
{
	const struct f_bad *c;
	struct dlm_frame f;
	unsigned int i;
	u8 *b;

	for (c = bad; c < bad + ARRAY_SIZE(bad); c++) {
		b = f_copy(test, c->bytes, c->len);
		for (i = 0; i < c->patches; i++)
			b[c->patch[i].at] = c->patch[i].byte;
		KUNIT_EXPECT_EQ_MSG(test, dlm_frame_parse(b, c->len, 2, &f), c->verdict,
				    "%s", c->name);
		if (c->verdict != DLM_FRAME_LENGTH && c->verdict != DLM_FRAME_MORE)
			KUNIT_EXPECT_EQ_MSG(test, f.bytes, c->len, "%s", c->name);
		if (c->verdict >= DLM_FRAME_IN)
			KUNIT_EXPECT_EQ_MSG(test, f.cmd, (u8)DLM_CMD_OPTS, "%s", c->name);
		if (c->verdict != DLM_FRAME_OK)
			KUNIT_EXPECT_NULL(test, f.inner);
		kunit_kfree(test, b);
	}
}

/* options are skipped, whatever they are */
static void options(struct kunit *test)
{
	u8 *b = kunit_kzalloc(test, sizeof(w_fin) + 5, GFP_KERNEL);
	struct dlm_frame f;

	KUNIT_ASSERT_NOT_NULL(test, b);
	memcpy(b, w_fin, 24);
	memset(b + 24, 0xee, 5);
	memcpy(b + 29, w_fin + 24, 16);
	b[12] += 5;
	b[18] = 5;
	KUNIT_EXPECT_EQ(test, dlm_frame_parse(b, sizeof(w_fin) + 5, 2, &f), DLM_FRAME_OK);
	KUNIT_EXPECT_PTR_EQ(test, f.inner, (const void *)(b + 29));
	KUNIT_EXPECT_EQ(test, f.inner_len, 16U);
}

static void verdicts_have_names(struct kunit *test)
{
	int v;

	for (v = 0; v < DLM_FRAME_VERDICTS; v++)
		KUNIT_EXPECT_NOT_NULL(test, dlm_verdict_name(v));
}

static struct kunit_case frame_cases[] = {
	KUNIT_CASE(good_frames),
	KUNIT_CASE(bad_frames),
	KUNIT_CASE(options),
	KUNIT_CASE(verdicts_have_names),
	{}
};

static struct kunit_suite frame_suite = {
	.name = "dlm_frame",
	.test_cases = frame_cases,
};

kunit_test_suites(&frame_suite);

MODULE_LICENSE("GPL");
