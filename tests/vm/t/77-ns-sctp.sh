#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same over SCTP: basics, a failure, a bad network.
# kernels: all
# long: yes
# cpus: 2
# time: 300
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
ls_end x
nodes_down
finish
