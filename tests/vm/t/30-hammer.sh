#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several processes on shared resources at random, with and without deaths.
# kernels: all
# smoke: yes
# cpus: 2
# time: 240
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

n=4000
[ "$TIME_FACTOR" -gt 1 ] && n=1000
seed=${HAMMER_SEED:-$RANDOM}
dlm_up
run_prog hammer_locks -s "$seed" -n "$n"
run_prog hammer_locks -s "$seed" -r 1 -n $((n / 2))
run_prog hammer_locks -s "$seed" -r 40 -p 8 -n $((n / 2))
run_prog hammer_locks -s "$seed" -k 6000
dlm_down
finish
