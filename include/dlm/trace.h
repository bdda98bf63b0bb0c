/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of system "dlm", with the field names that scripts for the
 * stock module know (control-plane.md 10), and the life of lockspaces.
 *
 * All take plain values or packets, so that every room can raise them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dlm

#if !defined(_DLM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DLM_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include <dlm/compat.h>
#include <dlm/wire.h>

#define dlm_show_mode(mode) __print_symbolic(mode,			\
	{ DLM_LOCK_IV, "IV" }, { DLM_LOCK_NL, "NL" },			\
	{ DLM_LOCK_CR, "CR" }, { DLM_LOCK_CW, "CW" },			\
	{ DLM_LOCK_PR, "PR" }, { DLM_LOCK_PW, "PW" },			\
	{ DLM_LOCK_EX, "EX" })

#define dlm_show_flags(flags) __print_flags(flags, "|",			\
	{ DLM_LKF_NOQUEUE,	"NOQUEUE" },				\
	{ DLM_LKF_CANCEL,	"CANCEL" },				\
	{ DLM_LKF_CONVERT,	"CONVERT" },				\
	{ DLM_LKF_VALBLK,	"VALBLK" },				\
	{ DLM_LKF_QUECVT,	"QUECVT" },				\
	{ DLM_LKF_IVVALBLK,	"IVVALBLK" },				\
	{ DLM_LKF_CONVDEADLK,	"CONVDEADLK" },				\
	{ DLM_LKF_PERSISTENT,	"PERSISTENT" },				\
	{ DLM_LKF_NODLCKWT,	"NODLCKWT" },				\
	{ DLM_LKF_NODLCKBLK,	"NODLCKBLK" },				\
	{ DLM_LKF_EXPEDITE,	"EXPEDITE" },				\
	{ DLM_LKF_NOQUEUEBAST,	"NOQUEUEBAST" },			\
	{ DLM_LKF_HEADQUE,	"HEADQUE" },				\
	{ DLM_LKF_NOORDER,	"NOORDER" },				\
	{ DLM_LKF_ORPHAN,	"ORPHAN" },				\
	{ DLM_LKF_ALTPR,	"ALTPR" },				\
	{ DLM_LKF_ALTCW,	"ALTCW" },				\
	{ DLM_LKF_FORCEUNLOCK,	"FORCEUNLOCK" },			\
	{ DLM_LKF_TIMEOUT,	"TIMEOUT" })

#define dlm_show_sbflags(flags) __print_flags(flags, "|",		\
	{ DLM_SBF_DEMOTED,	"DEMOTED" },				\
	{ DLM_SBF_VALNOTVALID,	"VALNOTVALID" },			\
	{ DLM_SBF_ALTMODE,	"ALTMODE" })

#define dlm_show_name()							\
	__print_hex_str(__get_dynamic_array(res_name),			\
			__get_dynamic_array_len(res_name))

/* a lock call begins; @lkid is 0 for a new lock */
TRACE_EVENT(dlm_lock_start,

	TP_PROTO(u32 ls_id, u32 lkid, int mode, u32 flags,
		 const void *name, unsigned int len),

	TP_ARGS(ls_id, lkid, mode, flags, name, len),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(int, mode)
		__field(__u32, flags)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->mode = mode;
		__entry->flags = flags;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x mode=%s flags=%s res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_mode(__entry->mode), dlm_show_flags(__entry->flags),
		  dlm_show_name())
);

/* a lock call returns @error; the lock may be granted or waiting */
TRACE_EVENT(dlm_lock_end,

	TP_PROTO(u32 ls_id, u32 lkid, int mode, u32 flags,
		 const void *name, unsigned int len, int error),

	TP_ARGS(ls_id, lkid, mode, flags, name, len, error),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(int, mode)
		__field(__u32, flags)
		__field(int, error)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->mode = mode;
		__entry->flags = flags;
		__entry->error = error;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x mode=%s flags=%s error=%d res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_mode(__entry->mode), dlm_show_flags(__entry->flags),
		  __entry->error, dlm_show_name())
);

/* a blocking callback reaches its owner: somebody wants @mode */
TRACE_EVENT(dlm_bast,

	TP_PROTO(u32 ls_id, u32 lkid, int mode,
		 const void *name, unsigned int len),

	TP_ARGS(ls_id, lkid, mode, name, len),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(int, mode)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->mode = mode;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x mode=%s res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_mode(__entry->mode), dlm_show_name())
);

/* a completion reaches its owner */
TRACE_EVENT(dlm_ast,

	TP_PROTO(u32 ls_id, u32 lkid, u8 sb_flags, int sb_status,
		 const void *name, unsigned int len),

	TP_ARGS(ls_id, lkid, sb_flags, sb_status, name, len),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(__u8, sb_flags)
		__field(int, sb_status)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->sb_flags = sb_flags;
		__entry->sb_status = sb_status;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x sb_flags=%s sb_status=%d res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_sbflags(__entry->sb_flags), __entry->sb_status,
		  dlm_show_name())
);

/* an unlock or cancel begins; the name may be unknown yet (@len 0) */
TRACE_EVENT(dlm_unlock_start,

	TP_PROTO(u32 ls_id, u32 lkid, u32 flags,
		 const void *name, unsigned int len),

	TP_ARGS(ls_id, lkid, flags, name, len),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(__u32, flags)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->flags = flags;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x flags=%s res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_flags(__entry->flags), dlm_show_name())
);

/* an unlock or cancel returns @error */
TRACE_EVENT(dlm_unlock_end,

	TP_PROTO(u32 ls_id, u32 lkid, u32 flags,
		 const void *name, unsigned int len, int error),

	TP_ARGS(ls_id, lkid, flags, name, len, error),

	TP_STRUCT__entry(
		__field(__u32, ls_id)
		__field(__u32, lkb_id)
		__field(__u32, flags)
		__field(int, error)
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->ls_id = ls_id;
		__entry->lkb_id = lkid;
		__entry->flags = flags;
		__entry->error = error;
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("ls_id=%u lkb_id=%x flags=%s error=%d res_name=%s",
		  __entry->ls_id, __entry->lkb_id,
		  dlm_show_flags(__entry->flags), __entry->error,
		  dlm_show_name())
);

/*
 * A step in the life of a lockspace: @what (create, ready, release, gone), by
 * the task @who, with the result @error.
 */
TRACE_EVENT(dlm_lockspace,

	TP_PROTO(const char *name, const char *what, const char *who, int error),

	TP_ARGS(name, what, who, error),

	TP_STRUCT__entry(
		__array(char, name, DLM_LOCKSPACE_LEN + 1)
		__array(char, what, 16)
		__array(char, who, 16)
		__field(int, error)
	),

	TP_fast_assign(
		strscpy(__entry->name, name, DLM_LOCKSPACE_LEN + 1);
		strscpy(__entry->what, what, 16);
		strscpy(__entry->who, who, 16);
		__entry->error = error;
	),

	TP_printk("name=%s what=%s who=%s error=%d",
		  __entry->name, __entry->what, __entry->who, __entry->error)
);

/* recovery of a lockspace enters a phase (recovery.md 3) */
TRACE_EVENT(dlm_recover,

	TP_PROTO(const char *name, const char *phase, u64 seq, u32 status,
		 unsigned int members, unsigned int gone),

	TP_ARGS(name, phase, seq, status, members, gone),

	TP_STRUCT__entry(
		__array(char, name, DLM_LOCKSPACE_LEN + 1)
		__array(char, phase, 24)
		__field(u64, seq)
		__field(u32, status)
		__field(unsigned int, members)
		__field(unsigned int, gone)
	),

	TP_fast_assign(
		strscpy(__entry->name, name, DLM_LOCKSPACE_LEN + 1);
		strscpy(__entry->phase, phase, 24);
		__entry->seq = seq;
		__entry->status = status;
		__entry->members = members;
		__entry->gone = gone;
	),

	TP_printk("name=%s phase=\"%s\" seq=%llu status=%x members=%u gone=%u",
		  __entry->name, __entry->phase, __entry->seq, __entry->status,
		  __entry->members, __entry->gone)
);

/* --- what travels (control-plane.md 10) ---------------------------------- */

#define dlm_show_msg_type(type) __print_symbolic(type,			\
	{ DLM_MSG_REQUEST,		"REQUEST" },			\
	{ DLM_MSG_CONVERT,		"CONVERT" },			\
	{ DLM_MSG_UNLOCK,		"UNLOCK" },			\
	{ DLM_MSG_CANCEL,		"CANCEL" },			\
	{ DLM_MSG_REQUEST_REPLY,	"REQUEST_REPLY" },		\
	{ DLM_MSG_CONVERT_REPLY,	"CONVERT_REPLY" },		\
	{ DLM_MSG_UNLOCK_REPLY,		"UNLOCK_REPLY" },		\
	{ DLM_MSG_CANCEL_REPLY,		"CANCEL_REPLY" },		\
	{ DLM_MSG_GRANT,		"GRANT" },			\
	{ DLM_MSG_BAST,			"BAST" },			\
	{ DLM_MSG_LOOKUP,		"LOOKUP" },			\
	{ DLM_MSG_REMOVE,		"REMOVE" },			\
	{ DLM_MSG_LOOKUP_REPLY,		"LOOKUP_REPLY" },		\
	{ DLM_MSG_PURGE,		"PURGE" })

#define dlm_show_rcom_type(type) __print_symbolic(type,			\
	{ DLM_RCOM_STATUS,		"STATUS" },			\
	{ DLM_RCOM_NAMES,		"NAMES" },			\
	{ DLM_RCOM_LOOKUP,		"LOOKUP" },			\
	{ DLM_RCOM_LOCK,		"LOCK" },			\
	{ DLM_RCOM_STATUS_REPLY,	"STATUS_REPLY" },		\
	{ DLM_RCOM_NAMES_REPLY,		"NAMES_REPLY" },		\
	{ DLM_RCOM_LOOKUP_REPLY,	"LOOKUP_REPLY" },		\
	{ DLM_RCOM_LOCK_REPLY,		"LOCK_REPLY" })

/*
 * A recovery message took its place in the stream to node @dst, or came to node @dst in its
 * turn.  @seq is 0 for one that has no number; 6.1 calls it so, later kernels h_seq.
 */
DECLARE_EVENT_CLASS(dlm_rcom,

	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_rcom *rc),

	TP_ARGS(dst, seq, rc),

	TP_STRUCT__entry(
		__field(__u32, dst)
		__field(__u32, h_seq)
		__field(__u32, seq)
		__field(__u32, h_version)
		__field(__u32, h_lockspace)
		__field(__u32, h_nodeid)
		__field(__u16, h_length)
		__field(__u8, h_cmd)
		__field(__u32, rc_type)
		__field(int, rc_result)
		__field(__u64, rc_id)
		__field(__u64, rc_seq)
		__field(__u64, rc_seq_reply)
		__dynamic_array(unsigned char, rc_buf,
				le16_to_cpu(rc->header.length) - sizeof(*rc))
	),

	TP_fast_assign(
		__entry->dst = dst;
		__entry->h_seq = seq;
		__entry->seq = seq;
		__entry->h_version = le32_to_cpu(rc->header.version);
		__entry->h_lockspace = le32_to_cpu(rc->header.u);
		__entry->h_nodeid = le32_to_cpu(rc->header.nodeid);
		__entry->h_length = le16_to_cpu(rc->header.length);
		__entry->h_cmd = rc->header.cmd;
		__entry->rc_type = le32_to_cpu(rc->type);
		__entry->rc_result = le32_to_cpu(rc->result);
		__entry->rc_id = le64_to_cpu(rc->id);
		__entry->rc_seq = le64_to_cpu(rc->seq);
		__entry->rc_seq_reply = le64_to_cpu(rc->seq_reply);
		memcpy(__get_dynamic_array(rc_buf), rc->buf,
		       __get_dynamic_array_len(rc_buf));
	),

	TP_printk("dst=%u h_seq=%u h_version=%x h_lockspace=%u h_nodeid=%u h_length=%u h_cmd=%u rc_type=%s rc_result=%d rc_id=%llu rc_seq=%llu rc_seq_reply=%llu rc_buf=%s",
		  __entry->dst, __entry->h_seq, __entry->h_version,
		  __entry->h_lockspace, __entry->h_nodeid, __entry->h_length,
		  __entry->h_cmd,
		  dlm_show_rcom_type(__entry->rc_type), __entry->rc_result,
		  __entry->rc_id, __entry->rc_seq, __entry->rc_seq_reply,
		  __print_hex_str(__get_dynamic_array(rc_buf),
				  __get_dynamic_array_len(rc_buf)))
);

DEFINE_EVENT(dlm_rcom, dlm_send_rcom,
	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_rcom *rc),
	TP_ARGS(dst, seq, rc)
);

DEFINE_EVENT(dlm_rcom, dlm_recv_rcom,
	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_rcom *rc),
	TP_ARGS(dst, seq, rc)
);

/*
 * The same for a lock message.  @name is that of the resource it is about, where it is sent and
 * where it is about one.
 */
DECLARE_EVENT_CLASS(dlm_message,

	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_msg *m,
		 const void *name, unsigned int len),

	TP_ARGS(dst, seq, m, name, len),

	TP_STRUCT__entry(
		__field(__u32, dst)
		__field(__u32, h_seq)
		__field(__u32, seq)
		__field(__u32, h_version)
		__field(__u32, h_lockspace)
		__field(__u32, h_nodeid)
		__field(__u16, h_length)
		__field(__u8, h_cmd)
		__field(__u32, m_type)
		__field(__u32, m_nodeid)
		__field(__u32, m_pid)
		__field(__u32, m_lkid)
		__field(__u32, m_remid)
		__field(__u32, m_parent_lkid)
		__field(__u32, m_parent_remid)
		__field(__u32, m_exflags)
		__field(__u32, m_sbflags)
		__field(__u32, m_flags)
		__field(__u32, m_lvbseq)
		__field(__u32, m_hash)
		__field(int, m_status)
		__field(int, m_grmode)
		__field(int, m_rqmode)
		__field(int, m_bastmode)
		__field(int, m_asts)
		__field(int, m_result)
		__dynamic_array(unsigned char, m_extra,
				le16_to_cpu(m->header.length) - sizeof(*m))
		__dynamic_array(unsigned char, res_name, len)
	),

	TP_fast_assign(
		__entry->dst = dst;
		__entry->h_seq = seq;
		__entry->seq = seq;
		__entry->h_version = le32_to_cpu(m->header.version);
		__entry->h_lockspace = le32_to_cpu(m->header.u);
		__entry->h_nodeid = le32_to_cpu(m->header.nodeid);
		__entry->h_length = le16_to_cpu(m->header.length);
		__entry->h_cmd = m->header.cmd;
		__entry->m_type = le32_to_cpu(m->type);
		__entry->m_nodeid = le32_to_cpu(m->nodeid);
		__entry->m_pid = le32_to_cpu(m->pid);
		__entry->m_lkid = le32_to_cpu(m->lkid);
		__entry->m_remid = le32_to_cpu(m->remid);
		__entry->m_parent_lkid = le32_to_cpu(m->parent_lkid);
		__entry->m_parent_remid = le32_to_cpu(m->parent_remid);
		__entry->m_exflags = le32_to_cpu(m->exflags);
		__entry->m_sbflags = le32_to_cpu(m->sbflags);
		__entry->m_flags = le32_to_cpu(m->flags);
		__entry->m_lvbseq = le32_to_cpu(m->lvbseq);
		__entry->m_hash = le32_to_cpu(m->hash);
		__entry->m_status = le32_to_cpu(m->status);
		__entry->m_grmode = le32_to_cpu(m->grmode);
		__entry->m_rqmode = le32_to_cpu(m->rqmode);
		__entry->m_bastmode = le32_to_cpu(m->bastmode);
		__entry->m_asts = le32_to_cpu(m->asts);
		__entry->m_result = le32_to_cpu(m->result);
		memcpy(__get_dynamic_array(m_extra), m->extra,
		       __get_dynamic_array_len(m_extra));
		if (len)
			memcpy(__get_dynamic_array(res_name), name, len);
	),

	TP_printk("dst=%u h_seq=%u h_version=%x h_lockspace=%u h_nodeid=%u h_length=%u h_cmd=%u m_type=%s m_nodeid=%u m_pid=%u m_lkid=%x m_remid=%x m_exflags=%s m_sbflags=%s m_flags=%x m_lvbseq=%u m_hash=%x m_status=%d m_grmode=%s m_rqmode=%s m_bastmode=%s m_asts=%d m_result=%d m_extra=%s res_name=%s",
		  __entry->dst, __entry->h_seq, __entry->h_version,
		  __entry->h_lockspace, __entry->h_nodeid, __entry->h_length,
		  __entry->h_cmd,
		  dlm_show_msg_type(__entry->m_type), __entry->m_nodeid,
		  __entry->m_pid, __entry->m_lkid, __entry->m_remid,
		  dlm_show_flags(__entry->m_exflags),
		  dlm_show_sbflags(__entry->m_sbflags), __entry->m_flags,
		  __entry->m_lvbseq, __entry->m_hash, __entry->m_status,
		  dlm_show_mode(__entry->m_grmode),
		  dlm_show_mode(__entry->m_rqmode),
		  dlm_show_mode(__entry->m_bastmode), __entry->m_asts,
		  __entry->m_result,
		  __print_hex_str(__get_dynamic_array(m_extra),
				  __get_dynamic_array_len(m_extra)),
		  dlm_show_name())
);

DEFINE_EVENT(dlm_message, dlm_send_message,
	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_msg *m,
		 const void *name, unsigned int len),
	TP_ARGS(dst, seq, m, name, len)
);

DEFINE_EVENT(dlm_message, dlm_recv_message,
	TP_PROTO(u32 dst, u32 seq, const struct dlm_w_msg *m,
		 const void *name, unsigned int len),
	TP_ARGS(dst, seq, m, name, len)
);

/* @ret: bytes that a connection to @nodeid took, or had, or a negative errno */
DECLARE_EVENT_CLASS(dlm_bytes,

	TP_PROTO(int nodeid, int ret),

	TP_ARGS(nodeid, ret),

	TP_STRUCT__entry(
		__field(int, nodeid)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->nodeid = nodeid;
		__entry->ret = ret;
	),

	TP_printk("nodeid=%d ret=%d", __entry->nodeid, __entry->ret)
);

DEFINE_EVENT(dlm_bytes, dlm_send,
	TP_PROTO(int nodeid, int ret),
	TP_ARGS(nodeid, ret)
);

DEFINE_EVENT(dlm_bytes, dlm_recv,
	TP_PROTO(int nodeid, int ret),
	TP_ARGS(nodeid, ret)
);

#endif

/* <trace/define_trace.h> reads this file again; -I finds it in any build */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH dlm
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
