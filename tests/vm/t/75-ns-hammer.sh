#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The hammer of 30-hammer with its processes on three nodes.
# kernels: all
# long: yes
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
n=1500
[ "$TIME_FACTOR" -gt 1 ] && n=300
[ -n "${DLM_LONG-}" ] && [ "$TIME_FACTOR" = 1 ] && n=$((n * 4))
seed=${HAMMER_SEED:-$RANDOM}
nodes_up 3
check "join" ls_join hammer 1 2 3
run_prog hammer_locks -N n1,n2,n3 -s "$seed" -p 6 -n "$n"
run_prog hammer_locks -N n1,n2,n3 -s "$seed" -p 3 -r 1 -n "$n"
run_prog hammer_locks -N n1,n2,n3 -s "$seed" -p 9 -r 40 -n "$n"
run_prog hammer_locks -N n1,n2,n3 -s "$seed" -p 6 -k 6000
ls_end hammer
nodes_down
finish
