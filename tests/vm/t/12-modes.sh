#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 120
# smoke: yes
# Mode compatibility, conversions, flag rules, alternative modes.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog lang_modes
dlm_down
finish
