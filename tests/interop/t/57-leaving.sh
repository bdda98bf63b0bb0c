#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nodes leave and join again, one after the other, while all are under the load of check 49: what
# 57-rolling does, but nobody changes the module. With no node of ours (run -p 0) it shows what stock nodes
# do; with DLM_MIDDLE=1 they also convert between PR and CW, which stock nodes of 6.1 and
# 6.12 may lose.
# ours: 2
# time: 700
# shellcheck disable=SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# away NODE - it leaves and comes again
away() {
	local i=$1
	stress_off "rolling: $i leaves the load" "$i"
	referee unsure
	check "rolling: $i leaves" ls_leave x "$i"
	# shellcheck disable=SC2046,SC2086 # lists
	ls_running x ${MEMBERS[x]}
	referee sure
	progress 100 600
	referee unsure
	check "rolling: $i joins" ls_join x "$i"
	ls_running x 1 2 3
	referee sure
	stress_on x "$i"
	progress 200 600
}

guests_up tcp
# shellcheck disable=SC2034 # for stress_on
LEAVING=1
wire_on
referee_on
check "join" ls_join x 1 2 3
ls_running x 1 2 3
for i in 1 2 3; do stress_on x "$i"; done
progress 300 600
rounds=2
[ -z "${DLM_LONG-}" ] || rounds=10
while [ "$rounds" -gt 0 ]; do
	rounds=$((rounds - 1))
	for i in 2 1 3; do
		away "$i"
		[ "$(referee errors)" = 0 ] || break 2
	done
done
stress_off "rolling" 1 2 3
for i in 1 2 3; do check "rolling: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
ls_end x
logs_clean "rolling"
wire_clean "rolling"
wire_off
referee_off
guests_down
finish
