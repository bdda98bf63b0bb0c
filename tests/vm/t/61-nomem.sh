#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory runs out: each allocation of each call once, then at random below the
# hammer and below the hostile callers. Needs the debug kernel's failslab.
# kernels: debug
# cpus: 2
# mem: 2048
# time: 240
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

fs=/sys/kernel/debug/failslab
[ -d $fs ] || skip_all "no failslab in this kernel"
[ -e /proc/self/fail-nth ] || skip_all "no fail-nth in this kernel"
set_fault() { echo "$2" >"$fs/$1" || fail "cannot set $1"; }

set_fault verbose 0
set_fault ignore-gfp-wait N
dlm_up
run_prog hostile_nomem
dlm_down

# only the tasks that ask for it, one allocation in fifty
set_fault task-filter Y
set_fault interval 1
set_fault times -1
set_fault probability 2
dlm_up
run_prog hammer_locks -f -n 1500
run_prog hostile_fuzz -f -n 20000 -t 150
set_fault probability 0
dlm_down
finish
