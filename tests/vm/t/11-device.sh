#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 120
# smoke: yes
# Lockspace devices: sizes, reads, poll, signals, faulting addresses.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog raw_device
dlm_down
finish
