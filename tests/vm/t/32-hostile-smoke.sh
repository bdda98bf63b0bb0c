#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The quick form of 31-hostile, for every run.
# kernels: all
# smoke: yes
# cpus: 2
# time: 120
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

dlm_up
run_prog hostile_fuzz -n 20000 -s "${HOSTILE_SEED:-$RANDOM}" -t 90
dlm_down
finish
