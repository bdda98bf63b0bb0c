#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 150
# smoke: yes
# cpus: 2
# Death, orphans, release with and without force, dead handles, re-creation.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
run_prog lang_orphan
run_prog lifecycle
dlm_down
finish
