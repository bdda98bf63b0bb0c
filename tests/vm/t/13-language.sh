#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 200
# smoke: yes
# Queue order, conversion deadlock, cancel, value blocks, blocking callbacks.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog lang_queue
run_prog lang_deadlock
run_prog lang_cancel
run_prog lang_lvb
run_prog lang_bast
dlm_down
finish
