#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 120
# Lock timeouts, warnings of long waits over generic netlink.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog lang_timeout
dlm_down
finish
