#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rolling replacement: a cluster of stock nodes under the load of check 49; one after the
# other is replaced by ours and, at last, back. The nodes that are named begin as ours.
# ours: 0
# time: 700
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# module NODE ours|stock - it gets that one, as an upgrade does it
module() {
	local i=$1
	becomes "$i" "$2"
	check "rolling: $i unloads" unload "$i"
	on "$i" insmod "$KO" || fail "rolling: $i: $2 module does not load"
	check "rolling: $i is a node again, $2" configure_again "$i"
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

rolling_begin 500
for i in 2 1 3; do rolling "$i" 300 module "$i" ours; done
progress 500 600
for i in 3 2 1; do rolling "$i" 300 module "$i" stock; done
progress 500 600
rolling_end
