#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same over SCTP: basics, a failure, a bad network, an end under load.
# kernels: all
# long: yes
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3 sctp
check "join" ls_join x 1 2 3
agent x 1 2 3
play_all 1 2 3
net_shape delay 10ms loss 1%
play_lvb 3 1
net_plain
does "3: EX" granted 3 get a EX a
does "1: waits" ok 1 lock a EX a
does "3 is told" yes 3 bast a
node_kill 3
does "1 has it" granted 1 wait a
node_back 3
check "3 joins again" ls_join x 3
agent x 3
play_modes 3 2
quit 1 2 3

# everything at once, under load
f=$NS_RUN/count
counted() { cl_count sum "$f"; }
moved() { [ "$(counted)" -gt "$1" ]; }
for i in 1 2 3; do spawn "$i" cl_count x "$f" "$i" -w 3 -l 4; done
check "they count" wait_for 60 moved 50
node_kill 3
c=$(counted)
check "the others go on without 3" wait_for 60 moved $((c + 10))
node_back 3
check "3 joins again" ls_join x 3
spawn 3 cl_count x "$f" 3 -l 4
c=$(cl_count of "$f" 3)
again() { [ "$(cl_count of "$f" 3)" -gt "$c" ]; }
check "3 counts" wait_for 60 again
for i in 1 2 3; do node_off "$i"; done
net_down
check "rmmod" wait_for 30 rmmod dlm
check "it is gone" wait_for 10 dlm_unloaded
finish
