#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Three nodes, each a network namespace: modes, value blocks, queues, several lockspaces.
# kernels: all
# smoke: yes
# cpus: 2
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3
check "all join at once" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3
play_all 1 2 3
play_all 3 1 2

# another lockspace with other members has nothing to do with it
check "two join another" ls_join other 2 3
agent other 2o 3o
does "x: EX" granted 2 get a EX same
does "other: EX of the same name" granted 3o get a EX same noqueue
play_lvb 2o 3o
check_not "no device of it for the third" on 1 test -e "$(node_sys 1)/other"
expect_errno EEXIST "a second create on one node" on 1 ns_ls join x

# a lockspace that only one node has, and its end
check "one alone" ls_join mine 1
agent mine 1m
does "EX alone" granted 1m get a EX same
quit 1m
check "alone: leave" ls_leave mine 1

quit 1 2 3 2o 3o
ls_end other
ls_end x
nodes_down
finish
