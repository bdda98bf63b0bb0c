#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Eight nodes come one after the other, and go.
# kernels: 6.1 7.x
# long: yes
# cpus: 2
# mem: 1024
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 8
for i in 1 2 3 4 5 6 7 8; do
	check "$i joins" ls_join x "$i"
	agent x "$i"
	does "$i: a lock of its own" granted "$i" get own EX "own$i"
	does "$i: with all others" granted "$i" get all PR all
done
ls_running x 1 2 3 4 5 6 7 8
does "the last one sees the first one's" EAGAIN 8 get x EX own1 noqueue
does "1: EX waits for all" ok 1 conv all EX
for i in 2 3 4 5 6 7 8; do
	does "$i is told" yes "$i" bast all
	does "1 still waits" yes 1 pending all
	does "$i: unlock" unlocked "$i" put all
done
does "1 has it" granted 1 wait all
node_kill 1 4 7
ls_running x 2 3 5 6 8
for i in 1 4 7; do does "own$i is free" granted 8 get "own$i" EX "own$i" noqueue; done
does "own5 is not" EAGAIN 8 get x EX own5 noqueue
quit 2 3 5 6 8
for i in 8 2 6 5 3; do check "$i leaves" ls_leave x "$i"; done
nodes_down
finish
