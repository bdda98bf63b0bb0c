#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 90
# Tracepoints dlm:*, with the names and fields that scripts know.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
T=/sys/kernel/tracing
[ -d $T/events ] || skip_all "no tracing in this kernel"
dlm_up
E=$T/events/dlm

# fields EVENT NAME... - in any order, nothing else
fields() {
	local ev=$1 got want
	shift
	got=$(sed -n 's/^\tfield:.*[ ]\**\([a-z_]*\)\(\[[0-9]*\]\)*;\toffset.*/\1/p' "$E/$ev/format" |
		grep -v '^common_' | sort | tr '\n' ' ')
	want=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	same "fields of $ev" "$got" "$want"
}
fields dlm_lock_start ls_id lkb_id mode flags res_name
fields dlm_lock_end ls_id lkb_id mode flags error res_name
fields dlm_bast ls_id lkb_id mode res_name
fields dlm_ast ls_id lkb_id sb_flags sb_status res_name
fields dlm_unlock_start ls_id lkb_id flags res_name
fields dlm_unlock_end ls_id lkb_id flags error res_name

# has EVENT NAME... - these at least; what else there is depends on the kernel
has() {
	local ev=$1 name
	shift
	for name; do
		check "$ev has $name" grep -qE "^.field:.*[ *]$name(\[[0-9]*\])?;" "$E/$ev/format"
	done
}
header="h_version h_lockspace h_nodeid h_length h_cmd"
msg="m_type m_nodeid m_pid m_lkid m_remid m_parent_lkid m_parent_remid m_exflags m_sbflags m_flags
m_lvbseq m_hash m_status m_grmode m_rqmode m_bastmode m_asts m_result m_extra"
rcom="rc_type rc_result rc_id rc_seq rc_seq_reply rc_buf"
# shellcheck disable=SC2086	# lists of words
{
has dlm_send_message $header $msg res_name
has dlm_recv_message $header $msg
has dlm_send_rcom $header $rcom
has dlm_recv_rcom $header $rcom
}
fields dlm_send nodeid ret
fields dlm_recv nodeid ret
# the name of 6.1, and those of later kernels
[ ! -e /sys/module/dlm/parameters/solo ] || for ev in send_message recv_message send_rcom recv_rcom; do
	has dlm_$ev seq dst h_seq
done

check "create" raw_ls create tr
id=$(cat /sys/kernel/dlm/tr/id)
echo 1 >$E/enable
# EX, then PR behind it (blocking callback queued), then the holder dies
raw_ls hold tr 5 traced 0 "" 3 traced 0 "" >/run/holding &
holder=$!
wait_for 20 grep -q holding /run/holding || bail "no holder"
kill $holder
wait $holder 2>/dev/null
run_prog lang_cancel
echo 0 >$E/enable
trace=$(grep -v '^#' $T/trace)
check "lock_start of ours" grep -qE "dlm_lock_start: ls_id=$id lkb_id=[0-9a-f]+ mode=EX" <<<"$trace"
check "lock_end of ours" grep -qE "dlm_lock_end: ls_id=$id .*mode=PR .*error=0" <<<"$trace"
check "the name is there" grep -qE "ls_id=$id .*res_name=.*747261636564" <<<"$trace"
for ev in dlm_ast dlm_bast dlm_unlock_start dlm_unlock_end; do
	check "$ev fires" grep -q "$ev: " <<<"$trace"
done
check "unlock errors are seen" grep -qE 'dlm_unlock_end: .*error=-22' <<<"$trace"
check "status of completions is seen" grep -qE 'dlm_ast: .*sb_status=-65537' <<<"$trace"

# filters work on the fields
echo 'mode == 5 && flags == 0' >$E/dlm_lock_start/filter && pass "filter is accepted"
echo 0 >$E/dlm_lock_start/filter
check "release" raw_ls remove tr
check_not "nothing is traced that should not be" grep -q 'dlm_nothing' <<<"$trace"
dlm_down
finish
