#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A bad network under load: delay and loss, partitions that mend, resets.
# kernels: 6.1 7.x
# long: yes
# cpus: 2
# time: 900
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
# load NAME LOCKS [ROUNDS] - count on all three nodes, in the background
load() {
	load_file=$NS_RUN/count.$1 load_pids=()
	local i
	for i in 1 2 3; do
		spawn "$i" cl_count x "$load_file" "$i" -s -w 3 -l "$2" ${3:+-n "$3"}
		load_pids+=($!)
	done
}
# loaded TEXT - until they are ready; every one must have counted right
loaded() {
	local p
	: >"$load_file.stop"
	for p in "${load_pids[@]}"; do check "$1" wait "$p"; done
	run_prog cl_count check "$load_file"
}
# counted - what all have done so far
counted() { cl_count sum "$load_file"; }
moved() { [ "$(counted)" -gt "$1" ]; }

nodes_up 3
check "join" ls_join x 1 2 3
load plain 2 150
loaded "a good network"

net_shape delay 20ms loss 1%
load slow 2 20
loaded "20 ms, 1 % loss"
agent x 1 2 3
play_lvb 1 3
net_plain

net_shape delay 2ms 2ms reorder 20%
load reorder 2 60
loaded "packets out of order"
net_plain

# connections end while everybody talks
load reset 3
for round in 1 2 3 4 5 6; do
	n=$(counted)
	net_reset $((round % 3 + 1)) || fail "ss -K"
	check "round $round: they go on after a reset" wait_for 60 moved "$n"
done
loaded "connections reset"

# nobody can reach 2 for a while; members stay
load cut 3
for round in 1 2; do
	net_cut 2
	sleep 3	# what is cut must be missed: the time is the fault itself
	n=$(counted)
	net_mend 2
	check "round $round: they go on when the network is back" wait_for 90 moved "$n"
done
loaded "cut off for a while"

# a stop and start while nobody hears 2: recovery ends when it is back
net_cut 2
ls_stop x 1 2 3
ls_start x 1 2 3
check_not "no recovery without 2" ls_recovered x 1
net_mend 2
ls_running x 1 2 3
play_modes 1 2
quit 1 2 3
ls_end x
nodes_down
finish
