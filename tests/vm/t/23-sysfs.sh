#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 90
# smoke: yes
# /sys/kernel/dlm, uevents, flags at create, counters.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
S=/sys/kernel/dlm
ours= ; [ -e /sys/module/dlm/parameters/solo ] && ours=1

udevadm monitor --kernel --property >/run/uevents 2>&1 &
monitor=$!
wait_for 20 grep -q KERNEL /run/uevents || bail "udevadm monitor"
same "empty at first" "$(ls $S)" ""
check "create" raw_ls create plain
check "create with NODIR" raw_ls create nodir 0x1
check "create with TIMEWARN" raw_ls create warn 0x2
check "create with both" raw_ls create both 0x3
same "one directory each, nothing else" "$(ls $S | tr '\n' ' ')" "both nodir plain warn "
[ -z "$ours" ] || for n in plain:0 nodir:1 warn:0 both:1; do
	same "nodir of ${n%:*}" "$(cat "$S/${n%:*}/nodir")" "${n#*:}"
done
same "files" "$(ls $S/plain | tr '\n' ' ')" "control event_done id nodir recover_nodeid recover_status "
for f in control:200 event_done:200 id:644 nodir:644 recover_status:444 recover_nodeid:444; do
	same "mode of ${f%:*}" "$(stat -c %a "$S/plain/${f%:*}")" "${f#*:}"
done
check "id is a number" grep -qE '^[0-9]+$' $S/plain/id
check "recover_status is hex" grep -qE '^[0-9a-f]+$' $S/plain/recover_status
check "recover_nodeid is a number" grep -qE '^-?[0-9]+$' $S/plain/recover_nodeid
expect_errno EINVAL "control: 2" write_file $S/plain/control 2
expect_errno EINVAL "control: text" write_file $S/plain/control x
expect_errno EINVAL "id: text" write_file $S/plain/id x
check "id can be set" write_file $S/plain/id 4242
same "and read" "$(cat $S/plain/id)" 4242
check "with a newline" write_file $S/plain/id $'4243\n'
same "and read" "$(cat $S/plain/id)" 4243
# a trailing NUL, as dlm_controld writes it
printf '4244\0' >$S/plain/id
same "with a NUL" "$(cat $S/plain/id)" 4244
check "nodir: other numbers are ignored" write_file $S/plain/nodir 0
same "nodir cannot be cleared" "$(echo 0 >$S/nodir/nodir; cat $S/nodir/nodir)" "$([ -n "$ours" ] && echo 1 || echo 0)"
check "event_done when nobody waits" write_file $S/plain/event_done 0

for n in plain nodir warn both; do
	run_prog lang_smoke "$n"
	check "release $n" raw_ls remove $n
done
same "empty again" "$(ls $S)" ""
events() {
	local a n
	for a in add remove; do
		for n in plain nodir; do
			grep -A9 "^KERNEL\[.*$a .*/kernel/dlm/$n (dlm)" /run/uevents | grep -q "^LOCKSPACE=$n" ||
				return 1
		done
	done
}
check "uevents add and remove with LOCKSPACE" wait_for 20 events
check "their SUBSYSTEM and DEVPATH" grep -q '^DEVPATH=/kernel/dlm/plain' /run/uevents
kill $monitor
wait $monitor 2>/dev/null

if [ -n "$ours" ]; then
	check "create" raw_ls create cnt
	raw_ls hold cnt 5 a 0 "" 3 a 0 "" 5 b 8 v >/run/holding &
	holder=$!
	wait_for 20 grep -q holding /run/holding || bail "no holder"
	stat_of() { awk -v k="$1" '$1 == k { print $2 }' /sys/kernel/debug/dlm/cnt_stats; }
	same "counter: requests" "$(stat_of requests)" 3
	same "counter: converts" "$(stat_of converts)" 1
	same "counter: granted" "$(stat_of granted)" 3
	same "counter: queued" "$(stat_of queued)" 1
	same "counter: basts" "$(stat_of basts)" 1
	check "counters of the node" grep -qE '^lockspaces_created [0-9]+$' "/sys/kernel/debug/dlm/node stats"
	state() { awk -v k="$1" '$1 == k { print $2 }' /sys/kernel/debug/dlm/cnt_state; }
	same "state: locks" "$(state locks)" 3
	same "state: resources" "$(state resources)" 2
	kill $holder
	wait $holder 2>/dev/null
	same "state: locks after the holder's end" "$(state locks)" 0
	check "release" raw_ls remove cnt
fi
dlm_down
finish
