#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 120
# smoke: yes
# Stock libdlm, with its thread and without.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog lib_threads
run_prog lt_dispatch
check "dlm_tool leave of the default lockspace" dlm_tool leave default
dlm_down
finish
