#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest's part of tests/demo/run that needs several nodes.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
trap - EXIT
rc=0

# told WANTED NODE COMMAND... - a process on that node does it; show its answer
told() {
	local want=$1 got
	got=$(ask "${@:2}" 2>&1)
	printf '   node %s: %-34s %s\n' "$2" "${*:3}" "$got"
	[ "$got" = "$want" ] || { echo "   WRONG: should be: $want"; rc=1; }
}
shown() {
	local text=$1
	shift
	if "$@"; then echo "   ok $text"; else echo "   WRONG: $text"; rc=1; fi
}
running() { ls_running "$@" && [ "$FAILED" = 0 ]; }

echo
echo "11. Three nodes in one kernel, each a network namespace with its own address"
nodes_up 3
ip -br link show type veth | awk '{ print "   " $1, $2 }'
echo
echo "12. A lockspace on all of them (configfs and sysfs, no daemon)"
shown "create on nodes 1, 2, 3" ls_join demo 1 2 3
shown "all have recovered" running demo 1 2 3
agent demo 1 2 3
ss -Htn -N n1 | awk '{ print "   connection", $4, "-", $5 }'
echo
echo "13. A lock moves from node to node, and a value with it"
echo "    (who asks first is the master of the resource: node 3)"
told granted 3 get l EX disk
told "granted lvb=from-node-3" 3 set l EX lvb=from-node-3
told ok 1 lock l EX disk valblk
told yes 3 bast l
told "granted lvb=from-node-3" 3 set l NL valblk
told "granted lvb=from-node-3" 1 wait l
told "granted lvb=from-node-1" 1 set l PR lvb=from-node-1
told "granted lvb=from-node-1" 2 get l PR disk valblk
told EAGAIN 3 set l EX noqueue
echo
echo "14. The master dies"
node_kill 3
echo "   node 3 is gone: its namespace, its addresses, its process"
shown "1 and 2 have recovered" running demo 1 2
told "granted lvb=from-node-1" 2 set l PR valblk
told ok 2 conv l EX
told yes 1 bast l
told unlocked 1 put l
told granted 2 wait l
echo
echo "15. It comes back"
node_back 3
shown "create on node 3" ls_join demo 3
shown "all have recovered" running demo 1 2 3
agent demo 3
told ok 3 lock l PR disk
told yes 2 bast l
told "granted lvb=from-node-2" 2 set l NL lvb=from-node-2
told granted 3 wait l
echo
echo "16. The end"
quit 1 2 3
for i in 1 2 3; do shown "node $i leaves" ls_leave demo "$i"; done
for i in 1 2 3; do node_off "$i"; done
shown "rmmod dlm" unload_dlm
[ "$FAILED" = 0 ] || rc=1
exit "$rc"
