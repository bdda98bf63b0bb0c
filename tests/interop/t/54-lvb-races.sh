#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 54: a node fails in the middle of a conversion that writes a value block: who
# has what afterwards does not depend on which nodes are ours.
# ours: 1 2 3
# time: 900
# run: --reboots 3
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# The resource is mastered by node 3, except where it says so.  W writes: it holds
# EX; R waits for EX from NL; both have value blocks.

back() {
	check "$1 boots again" node_back "$1"
	check "$1 joins again" ls_join x "+$1"
	ls_running x 1 2 3
	agent x "$1"
}

# setup W R RESOURCE MASTER
setup() {
	local w=$1 r=$2 res=$3 m=$4
	does "54: $m is master" granted "${m}m" get h NL "$res"
	does "54: $w: EX" "granted lvb=" "$w" get a EX "$res" valblk
	does "54: $w writes" "granted lvb=old" "$w" set a EX lvb=old
	does "54: $r: NL" "granted lvb=old" "$r" get b NL "$res" valblk
	does "54: $r waits for EX" ok "$r" conv b EX valblk
	does "54: $w is told" yes "$w" bast a
}

# ended W R TEXT - both give their locks back
ended() {
	does "54: $1: unlock" unlocked "$1" put a
	does "54: $2: unlock" unlocked "$2" put b
}

# (a) the master fails before the writer writes
case_a() {
	setup "$1" "$2" a 3
	node_kill 3
	ls_running x 1 2
	does "54a: $2 still waits" yes "$2" pending b
	does "54a: $1 writes" "granted lvb=new" "$1" set a NL lvb=new
	does "54a: $2 has it" "granted lvb=new" "$2" wait b
	ended "$1" "$2"
	back 3
	agent x 3m
}

# (b) after the writer wrote, before the waiter was granted: what was written is lost
case_b() {
	local got
	setup "$1" "$2" b 3
	net_mute 3
	does "54b: $1 writes" "granted lvb=new" "$1" set a NL lvb=new
	node_kill 3
	ls_running x 1 2
	got=$(ask "$2" wait b)
	case $got in
	*VALNOTVALID) pass "54b: $2 is told that the block is not valid" ;;
	*) fail "54b: $2 got '$got'" ;;
	esac
	ended "$1" "$2"
	back 3
	agent x 3m
}

# (c) after the waiter was granted
case_c() {
	setup "$1" "$2" c 3
	does "54c: $1 writes" "granted lvb=new" "$1" set a NL lvb=new
	does "54c: $2 has it" "granted lvb=new" "$2" wait b
	node_kill 3
	ls_running x 1 2
	does "54c: $1 waits" ok "$1" conv a PR valblk
	does "54c: $2 is told" yes "$2" bast b
	does "54c: $2: down" granted "$2" set b PR
	does "54c: $1 reads" "granted lvb=new" "$1" wait a
	ended "$1" "$2"
	back 3
	agent x 3m
}

# (d) the master survives, the writer fails before it writes: node 3 writes
case_d() {
	local m=$1 r=$2 got
	setup 3 "$r" d "$m"
	node_kill 3
	ls_running x 1 2
	got=$(ask "$r" wait b)
	case $got in
	*VALNOTVALID) pass "54d: $r is told that the block is not valid" ;;
	*) fail "54d: $r got '$got'" ;;
	esac
	does "54d: $r: unlock" unlocked "$r" put b
	does "54d: $m: unlock" unlocked "${m}m" put h
	back 3
	agent x 3m
}

# (e) after it wrote
case_e() {
	local m=$1 r=$2
	setup 3 "$r" e "$m"
	does "54e: 3 writes" "granted lvb=new" 3 set a NL lvb=new
	does "54e: $r has it" "granted lvb=new" "$r" wait b
	node_kill 3
	ls_running x 1 2
	does "54e: $r: still valid" "granted lvb=new" "$r" set b PR valblk
	does "54e: $r: unlock" unlocked "$r" put b
	does "54e: $m: unlock" unlocked "${m}m" put h
	back 3
	agent x 3m
}

# (f) who waits fails
case_f() {
	local m=$1 w=$2
	setup "$w" 3 f "$m"
	node_kill 3
	ls_running x 1 2
	does "54f: $w writes" "granted lvb=new" "$w" set a NL lvb=new
	does "54f: $w reads" "granted lvb=new" "$w" set a PR valblk
	does "54f: $w: unlock" unlocked "$w" put a
	does "54f: $m: unlock" unlocked "${m}m" put h
	back 3
	agent x 3m
}

guests_up tcp
check "join" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3 1m 2m 3m
if [ -n "${DLM_LONG-}" ]; then
	for _ in 1 2 3; do
		for f in case_a case_b case_c case_d case_e case_f; do
			"$f" 1 2
			"$f" 2 1
		done
	done
else
	case_a 1 2
	case_b 2 1
	case_c 1 2
	case_d 2 1
	case_e 1 2
	case_f 2 1
fi
quit 1 2 3 1m 2m 3m
ls_end x
logs_clean "54"
guests_down
finish
