#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rolling replacement: a cluster of stock nodes under the load of check 49; one after the
# other is replaced by ours and, at last, back. The nodes that are named begin as ours.
# ours: 0
# time: 700
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# replace NODE ours|stock - it leaves, gets the other module, and joins again, as
# an upgrade does it
replace() {
	local i=$1 ko
	stress_off "rolling: $i leaves the load" "$i"
	referee unsure
	check "rolling: $i leaves" ls_leave x "$i"
	# shellcheck disable=SC2046,SC2086 # lists
	ls_running x ${MEMBERS[x]}
	referee sure
	if [ "$2" = ours ]; then ko=KO_OURS_$i OURS+=$i; else ko=KO_STOCK_$i OURS=${OURS//$i/}; fi
	check "rolling: $i unloads" unload "$i"
	on "$i" insmod "${!ko}" || fail "rolling: $i: $2 module does not load"
	check "rolling: $i is a node again" configure_again "$i"
	# what nobody has a lock on at that moment loses its value block
	referee unsure
	check "rolling: $i joins as $2" ls_join x "$i"
	ls_running x 1 2 3
	referee sure
	stress_on x "$i"
	progress 300 600
}

unload() {
	on "$1" sh -c "kill \$(sed -n 's/^pid //p' /shared/events.$1); raw_cluster $1 destroy &&
		for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do rmmod dlm 2>/dev/null && exit; sleep 1; done; exit 1"
}

# what guests_up does on a node
configure_again() {
	on "$1" sh -c "rm -f /shared/events.$1; raw_cluster $1 listen /shared/events.$1" || return
	wait_for 20 grep -q pid "/shared/events.$1"
	configure "$1" conf 0 "$(ns_addr 1)" "$(ns_addr 2)" "$(ns_addr 3)"
	on "$1" sh -c "echo 1 >/sys/kernel/config/dlm/n$1/log_debug; echo 1 >/sys/kernel/config/dlm/n$1/log_info" 2>/dev/null
	return 0
}

guests_up tcp
# shellcheck disable=SC2034 # for stress_on
LEAVING=1
wire_on
referee_on
check "join" ls_join x 1 2 3
ls_running x 1 2 3
for i in 1 2 3; do stress_on x "$i"; done
progress 500 600
for i in 2 1 3; do replace "$i" ours; done
progress 500 600
for i in 3 2 1; do replace "$i" stock; done
progress 500 600
stress_off "rolling" 1 2 3
for i in 1 2 3; do check "rolling: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
ls_end x
logs_clean "rolling"
wire_clean "rolling"
wire_off
referee_off
guests_down
finish
