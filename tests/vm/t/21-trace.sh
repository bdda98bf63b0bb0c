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
