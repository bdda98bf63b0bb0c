/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets as they are on the wire (wire.md 3 to 7): layouts and numbers only.
 *
 * Packets follow each other in a byte stream without padding, so a received one may
 * start at any address: the structs are packed and the compiler reads them byte-wise
 * where it must.  All integers are little-endian unless a type says otherwise.
 */
#ifndef _DLM_WIRE_H
#define _DLM_WIRE_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <dlm/compat.h>

#define DLM_WIRE_MAJOR		0x00030000
#define DLM_WIRE_3_1		0x00030001
#define DLM_WIRE_3_2		0x00030002
#define DLM_WIRE_MAJOR_MASK	0xffff0000

#define DLM_PACKET_MAX		4096	/* any packet, header included */
#define DLM_INNER_MAX		(DLM_PACKET_MAX - (int)sizeof(struct dlm_w_opts))

/* dlm_w_header.cmd */
enum dlm_wire_cmd {
	DLM_CMD_MSG	= 1,
	DLM_CMD_RCOM	= 2,
	DLM_CMD_OPTS	= 3,
	DLM_CMD_ACK	= 4,
	DLM_CMD_FIN	= 5,
};

/**
 * struct dlm_w_header - begin of every packet (wire.md 4)
 * @version: DLM_WIRE_*
 * @u: lockspace id (MSG, RCOM), sequence number (OPTS), next expected (ACK)
 * @nodeid: sender
 * @length: bytes of the whole packet, 16..4096
 * @cmd: enum dlm_wire_cmd
 * @pad: 0
 */
struct dlm_w_header {
	__le32	version;
	__le32	u;
	__le32	nodeid;
	__le16	length;
	u8	cmd;
	u8	pad;
} __packed;
static_assert(sizeof(struct dlm_w_header) == 16);

/**
 * struct dlm_w_opts - envelope that carries a sequence number (wire.md 7.1)
 * @header: cmd OPTS; @u is the sequence number
 * @nextcmd: cmd of the packet inside
 * @pad: 0
 * @optlen: bytes of options between this and the packet inside, 0
 * @pad2: 0
 */
struct dlm_w_opts {
	struct dlm_w_header	header;
	u8			nextcmd;
	u8			pad;
	__le16			optlen;
	__le32			pad2;
} __packed;
static_assert(sizeof(struct dlm_w_opts) == 24);

/* dlm_w_msg.type; also wait_type of locks and of debugfs */
enum dlm_msg_type {
	DLM_MSG_REQUEST		= 1,
	DLM_MSG_CONVERT		= 2,
	DLM_MSG_UNLOCK		= 3,
	DLM_MSG_CANCEL		= 4,
	DLM_MSG_REQUEST_REPLY	= 5,
	DLM_MSG_CONVERT_REPLY	= 6,
	DLM_MSG_UNLOCK_REPLY	= 7,
	DLM_MSG_CANCEL_REPLY	= 8,
	DLM_MSG_GRANT		= 9,
	DLM_MSG_BAST		= 10,
	DLM_MSG_LOOKUP		= 11,
	DLM_MSG_REMOVE		= 12,
	DLM_MSG_LOOKUP_REPLY	= 13,
	DLM_MSG_PURGE		= 14,
	DLM_MSG_TYPES		= 15,
};

/* dlm_w_msg.flags, dlm_w_lock.flags: only these bits mean anything */
#define DLM_WIRE_USER		0x0001
#define DLM_WIRE_ORPHAN		0x0002
#define DLM_WIRE_FLAGS		0x0003

/* dlm_w_msg.asts, dlm_w_lock.asts */
#define DLM_WIRE_AST		0x1
#define DLM_WIRE_BAST		0x2

/* dlm_w_msg.nodeid of a LOOKUP, and of a LOOKUP_REPLY from who is not the directory node */
#define DLM_WIRE_NO_NODE	0xffffffff

/* numbers of messages.md and wire.md 10.5; the same on every architecture */
#define DLM_WIRE_EDEADLK	35
#define DLM_WIRE_EBADR		53
#define DLM_WIRE_EBADSLT	57
#define DLM_WIRE_EPROTO		71
#define DLM_WIRE_EOPNOTSUPP	95
#define DLM_WIRE_ETIMEDOUT	110
#define DLM_WIRE_EINPROGRESS	115

/**
 * struct dlm_w_msg - a lock message (wire.md 5)
 * @header: cmd MSG; @u is the lockspace
 * @type: enum dlm_msg_type
 * @nodeid: LOOKUP_REPLY: the master
 * @pid: owner's
 * @lkid: lock id on the sender (LOOKUP_REPLY: on the receiver)
 * @remid: lock id on the receiver
 * @parent_lkid: 0
 * @parent_remid: 0
 * @exflags: DLM_LKF_*
 * @sbflags: DLM_SBF_*
 * @flags: DLM_WIRE_FLAGS; ignore the rest
 * @lvbseq: value block sequence
 * @hash: of the name
 * @status: sender's queue; only for show
 * @grmode: signed; only for show
 * @rqmode: signed
 * @bastmode: BAST: what the blocked lock wants
 * @asts: DLM_WIRE_AST, DLM_WIRE_BAST
 * @result: replies
 * @extra: name or value block, up to header.length
 */
struct dlm_w_msg {
	struct dlm_w_header	header;
	__le32			type;
	__le32			nodeid;
	__le32			pid;
	__le32			lkid;
	__le32			remid;
	__le32			parent_lkid;
	__le32			parent_remid;
	__le32			exflags;
	__le32			sbflags;
	__le32			flags;
	__le32			lvbseq;
	__le32			hash;
	__le32			status;
	__le32			grmode;
	__le32			rqmode;
	__le32			bastmode;
	__le32			asts;
	__le32			result;
	u8			extra[];
} __packed;
static_assert(sizeof(struct dlm_w_msg) == 88);

/* dlm_w_rcom.type */
enum dlm_rcom_type {
	DLM_RCOM_STATUS		= 1,
	DLM_RCOM_NAMES		= 2,
	DLM_RCOM_LOOKUP		= 3,
	DLM_RCOM_LOCK		= 4,
	DLM_RCOM_STATUS_REPLY	= 5,
	DLM_RCOM_NAMES_REPLY	= 6,
	DLM_RCOM_LOOKUP_REPLY	= 7,
	DLM_RCOM_LOCK_REPLY	= 8,
	DLM_RCOM_TYPES		= 9,
};

/* rc_id of a LOOKUP that old nodes use for debugging; never answered (wire.md 6.8) */
#define DLM_RCOM_DEBUG_ID	0xffffffff

/**
 * struct dlm_w_rcom - a recovery message (wire.md 6)
 * @header: cmd RCOM; @u is the lockspace
 * @type: enum dlm_rcom_type
 * @result: replies, per type
 * @id: chosen by who asks, echoed by who answers
 * @seq: sender's recovery sequence number
 * @seq_reply: replies: @seq of the request; requests: 0
 * @buf: body, up to header.length
 */
struct dlm_w_rcom {
	struct dlm_w_header	header;
	__le32			type;
	__le32			result;
	__le64			id;
	__le64			seq;
	__le64			seq_reply;
	u8			buf[];
} __packed;
static_assert(sizeof(struct dlm_w_rcom) == 48);

#define DLM_STATUS_NEED_SLOTS	0x00000001

/**
 * struct dlm_w_status - body of STATUS (wire.md 6.1)
 * @flags: DLM_STATUS_NEED_SLOTS
 * @unused: 0
 * @unused2: 0
 */
struct dlm_w_status {
	__le32	flags;
	__le32	unused;
	__le64	unused2;
} __packed;
static_assert(sizeof(struct dlm_w_status) == 16);

/**
 * struct dlm_w_config - begin of the body of STATUS_REPLY (wire.md 6.2)
 * @lvblen: bytes of a value block; 0xffffffff: no such lockspace (yet)
 * @lsflags: DLM_LSFL_* that members must agree on
 * @flags: DLM_CONFIG_*; 0 on stock nodes
 * @our_slot: replier's slot, 0 for none yet
 * @num_slots: records that follow
 * @generation: replier's count of recoveries
 * @unused: 0
 * @unused2: 0
 */
struct dlm_w_config {
	__le32	lvblen;
	__le32	lsflags;
	__le32	flags;
	__le16	our_slot;
	__le16	num_slots;
	__le32	generation;
	__le32	unused;
	__le64	unused2;
} __packed;
static_assert(sizeof(struct dlm_w_config) == 32);

/* dlm_w_config.flags: obeys DLM_LSFL_NODIR (decisions.md); stock nodes do not */
#define DLM_CONFIG_NODIR	0x00000001

/**
 * struct dlm_w_slot - one member's slot (wire.md 6.3)
 * @nodeid: the member
 * @slot: 1-based
 * @unused: 0
 * @unused2: 0
 */
struct dlm_w_slot {
	__le32	nodeid;
	__le16	slot;
	__le16	unused;
	__le64	unused2;
} __packed;
static_assert(sizeof(struct dlm_w_slot) == 16);

/* lengths in a NAMES_REPLY (wire.md 6.5) */
#define DLM_NAMES_MORE		0x0000
#define DLM_NAMES_END		0xffff

/**
 * struct dlm_w_lock - body of LOCK and LOCK_REPLY (wire.md 6.6)
 * @ownpid: owner's pid
 * @lkid: holder's lock id
 * @remid: new master's lock id (LOCK_REPLY)
 * @parent_lkid: 0
 * @parent_remid: 0
 * @exflags: DLM_LKF_*
 * @flags: DLM_WIRE_FLAGS
 * @lvbseq: holder's value block sequence
 * @result: LOCK_REPLY
 * @rqmode: wanted mode or -1
 * @grmode: granted mode or -1
 * @status: enum dlm_lkb_status, 1..3
 * @asts: DLM_WIRE_AST, DLM_WIRE_BAST
 * @wait_type: enum dlm_msg_type whose reply is awaited, or 0
 * @namelen: 1..64
 * @name: zero padded
 * @lvb: value block, up to header.length
 */
struct dlm_w_lock {
	__le32	ownpid;
	__le32	lkid;
	__le32	remid;
	__le32	parent_lkid;
	__le32	parent_remid;
	__le32	exflags;
	__le32	flags;
	__le32	lvbseq;
	__le32	result;
	s8	rqmode;
	s8	grmode;
	s8	status;
	u8	asts;
	__le16	wait_type;
	__le16	namelen;
	u8	name[DLM_RESNAME_MAXLEN];
	u8	lvb[];
} __packed;
static_assert(sizeof(struct dlm_w_lock) == 108);

/* value blocks must fit a message and a lock record (wire.md 3) */
#define DLM_LVBLEN_MAX		3912
static_assert(sizeof(struct dlm_w_opts) + sizeof(struct dlm_w_rcom) +
	      sizeof(struct dlm_w_lock) + DLM_LVBLEN_MAX <= DLM_PACKET_MAX);

/* body of NAMES_REPLY */
#define DLM_NAMES_MAX \
	(DLM_INNER_MAX - (int)sizeof(struct dlm_w_rcom))
#define DLM_SLOTS_MAX							\
	((DLM_INNER_MAX - (int)sizeof(struct dlm_w_rcom) -		\
	  (int)sizeof(struct dlm_w_config)) / (int)sizeof(struct dlm_w_slot))
static_assert(DLM_NAMES_MAX == 4024);
static_assert(DLM_SLOTS_MAX == 249);

/* STATUS_REPLY result: what a member has done, and all members (wire.md 10.4) */
#define DLM_RS_NODES		0x01
#define DLM_RS_NODES_ALL	0x02
#define DLM_RS_DIR		0x04
#define DLM_RS_DIR_ALL		0x08
#define DLM_RS_LOCKS		0x10
#define DLM_RS_LOCKS_ALL	0x20
#define DLM_RS_DONE		0x40
#define DLM_RS_DONE_ALL		0x80

#endif
