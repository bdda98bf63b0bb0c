#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Random and half-valid calls at the devices while lockspaces come and go, a
# million with DLM_LONG. HOSTILE_CALLS and HOSTILE_SEED change the run.
# kernels: all
# cpus: 2
# mem: 1536
# time: 2900
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

n=100000
[ -n "$DLM_LONG" ] && n=1000000
[ "$TIME_FACTOR" -gt 1 ] && n=$((n / 20))
dlm_up
run_prog hostile_fuzz -n "${HOSTILE_CALLS:-$n}" -s "${HOSTILE_SEED:-$RANDOM}" -t 2700
dlm_down
finish
