/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events of system "dlm", with the field names that scripts for the
 * stock module know (control-plane.md 10), and the life of lockspaces.
 *
 * All take plain values, so that every room can raise them.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dlm

#if !defined(_DLM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DLM_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include <dlm/compat.h>

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

#endif

/* <trace/define_trace.h> reads this file again; -I finds it in any build */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH dlm
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
