#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 32-bit programs: raw requests of i386's layout, and libdlm built for i386.
# kernels: all
# smoke: yes
# time: 60
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

command -v m32_raw_abi >/dev/null || skip_all "the 32-bit programs are not built"
dlm_up
[ -e /sys/module/dlm/parameters/solo ] || skip_all "the stock module refuses i386 requests"
run_prog m32_raw_abi
run_prog m32_libdlm
dlm_down
finish
