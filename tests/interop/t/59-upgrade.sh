#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What an administrator does (Documentation/interop.rst, "One node at a time"), with corosync and
# stock dlm_controld: a stock cluster gets our module node by node, and the stock one again. The others
# hold locks and use the lockspace meanwhile. The nodes that are named begin as ours.
# ours: 0
# time: 900
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/corosync.sh"
. "$VM_DIR/../cluster/daemons.sh"
. "$VM_DIR/../interop/lib.sh"

# upgrade NODE ours|stock - the steps of the document, but for systemctl and depmod
upgrade() {
	local i=$1
	becomes "$i" "$2"
	check "rolling: $i leaves" ls_leave x "$i"
	check "rolling: $i: the daemon ends" wait_for 60 daemon_gone "$i"
	check "rolling: $i: rmmod" wait_for 30 on "$i" rmmod dlm
	on "$i" insmod "$KO" || fail "rolling: $i: the $2 module does not load"
	on "$i" dlm_controld || fail "rolling: $i: dlm_controld"
	check "rolling: $i: the daemon is back" wait_for 60 on "$i" dlm_tool status >/dev/null
	if [ "$2" = ours ]; then check "rolling: $i is ours" ours "$i"; else check_not "rolling: $i is stock" ours "$i"; fi
}

# see_all LS MEMBERS - as dlm_tool says it on each of them
see_all() {
	local i
	for i in $2; do check "rolling: $i sees $2" wait_for 60 ls_sees "$1" "$i" "$2"; done
}

# turn NODE ours|stock - it is master of a lock that one of the others holds and the other one waits for
turn() {
	local i=$1 r=kept$1$2 a b n
	read -r a b <<<"$(echo "1 2 3" | tr -d "$i")"
	does "rolling: $i is master" granted "$i" get k NL "$r"
	does "rolling: $a holds" granted "$a" get k EX "$r"
	does "rolling: $b waits" ok "$b" lock k PR "$r"
	does "rolling: $a is told" yes "$a" bast k
	quit "$i"
	upgrade "$i" "$2"
	see_all x "$a $b"
	play_modes "$a" "$b"
	play_lvb "$b" "$a"
	check "rolling: $i joins again" ls_join x "$i"
	see_all x "1 2 3"
	agent x "$i"
	does "rolling: $i waits, too" ok "$i" lock k PR "$r"
	does "rolling: $b still waits" yes "$b" pending k
	does "rolling: $a writes" "granted lvb=$2$i" "$a" set k NL "lvb=$2$i"
	for n in "$b" "$i"; do
		does "rolling: $n has it" granted "$n" wait k
		does "rolling: $n reads" "granted lvb=$2$i" "$n" set k PR valblk
	done
	for n in 1 2 3; do does "rolling: $n unlocks" unlocked "$n" put k; done
	play_all "$i" "$b" "$a"
}

cluster_up tcp
cluster_serve
wire_on
check "rolling: all join" ls_join x 1 2 3
see_all x "1 2 3"
agent x 1 2 3
play_all 1 2 3
for i in 2 1 3; do turn "$i" ours; done
for i in 3 1 2; do turn "$i" stock; done
quit 1 2 3
for i in 1 2 3; do check "rolling: $i leaves" ls_leave x "$i"; done
# daemons stop a recovery when the next node comes; a STATUS may come before the daemon has told its
# kernel the number of the lockspace
logs_clean "rolling" 'dlm_recover_[a-z_]* error -4|dlm_receive_rcom ignore|invalid lockspace [0-9]* from . cmd 2 type 1$'
wire_clean "rolling"
wire_off
cluster_down
finish
