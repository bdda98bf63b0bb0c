#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 120
# smoke: yes
# dlm-control: versions, sizes, names, rights, minors.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog raw_control
dlm_down
finish
