#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Several processes on shared resources at random, with and without deaths.
# kernels: all
# smoke: yes
# cpus: 2
# time: 240
. "${VM_DIR:?}/guest.sh"

n=4000
[ "$KERNEL" = debug ] && n=1500
seed=${HAMMER_SEED:-$RANDOM}
load_dlm solo=1 || bail "insmod failed"
check "3 resources, seed $seed" hammer_locks -s "$seed" -n "$n"
check "1 resource" hammer_locks -s "$seed" -r 1 -n $((n / 2))
check "40 resources" hammer_locks -s "$seed" -r 40 -p 8 -n $((n / 2))
check "processes die" hammer_locks -s "$seed" -k 8000
check "rmmod" unload_dlm

check "no leak" kmemleak_scan
finish
