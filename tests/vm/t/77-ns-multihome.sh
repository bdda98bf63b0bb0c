#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SCTP with two addresses per node, on two networks: locks go on when one of them is
# lost, first or second, unplugged or silent; a node that is reached on its second
# address only can join.
# kernels: all
# cpus: 2
# time: 600
export NS_PATHS=2
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3 sctp
check "join" ls_join x 1 2 3
agent x 1 2 3
play_modes 1 2
# every address of the other end is known, or there is no other path
paths() { on "$1" ss -Sani | grep -c '10\.2\.0\.'; }
check "associations have two paths" test "$(paths 1)" -gt 0

f=$NS_RUN/count
counted() { cl_count sum "$f"; }
moved() { [ "$(counted)" -gt "$1" ]; }
lost() { node_figure "$1" "$2" connections_lost; }
pids=()
for i in 1 2 3; do
	spawn "$i" cl_count x "$f" "$i" -s -w 3 -l 3
	pids+=($!)
done
check "they count" wait_for 60 moved 30
before="$(lost 1 2) $(lost 1 3) $(lost 2 3)"

# goes_on TEXT - all three nodes get further, not only those that see each other
goes_on() {
	local i n=()
	for i in 1 2 3; do n[i]=$(cl_count of "$f" "$i"); done
	for i in 1 2 3; do
		# shellcheck disable=SC2317,SC2329 # called by wait_for
		further() { [ "$(cl_count of "$f" "$i")" -gt $((n[i] + 2)) ]; }
		check "$1: node $i goes on" wait_for 90 further
	done
}
# silent PORT, speaks PORT - all that a node is sent on one network gets lost, and what
# it sends
silent() { tc qdisc replace dev "v$1" root netem loss 100% && tc -n "n$1" qdisc replace dev eth0 root netem loss 100%; }
speaks() { tc qdisc del dev "v$1" root && tc -n "n$1" qdisc del dev eth0 root; }

goes_on "both networks"
ip link set v2 down
goes_on "2 has only the second one"
ip link set v2 up
ip link set w2 down
goes_on "2 has only the first one"
ip link set w2 up
silent 3
goes_on "nobody hears 3 on the first one"
speaks 3
ip link set dlmbr down
goes_on "the first one is gone"
ip link set dlmbr up
goes_on "both networks again"
same "no connection was lost" "$(lost 1 2) $(lost 1 3) $(lost 2 3)" "$before"
: >"$f.stop"
for i in 0 1 2; do check "counted right" wait "${pids[i]}"; done
run_prog cl_count check "$f"

# a node that can only be reached on its second address
node_kill 3
node_back 3
ip link set v3 down
check "3 joins on its second address" ls_join x 3
ls_running x 1 2 3
agent x 3
play_modes 3 1
ip link set v3 up
quit 1 2 3
ls_end x
nodes_down
finish
