#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same over IPv6.
# kernels: 6.1 7.x
# long: yes
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3 tcp 6
check "join" ls_join x 1 2 3
agent x 1 2 3
play_all 1 2 3
node_kill 1
play_modes 2 3
node_back 1
check "1 joins again" ls_join x 1
agent x 1
play_lvb 1 3
quit 1 2 3
ls_end x
nodes_down
finish
