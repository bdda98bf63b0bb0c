#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1000 handles, 20,000 locks, fork storms, closing with everything pending.
# kernels: all
# cpus: 2
# mem: 1536
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

dlm_up
if [ "$TIME_FACTOR" -gt 1 ]; then
	run_prog hostile_many -h 200 -l 4000
else
	run_prog hostile_many
fi
dlm_down
finish
