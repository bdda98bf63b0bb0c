#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 20-23: nodes of both kinds join one after the other and at once, leave and
# come again; locks, blocking callbacks and value blocks go all ways.
# ours: 1 2 3
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"
guests_up tcp
check "20, 21: 1 joins" ls_join x 1
check "20, 21: 2 joins" ls_join x 2
ls_running x 1 2
agent x 1 2
play_modes 1 2
play_modes 2 1
play_lvb 1 2
play_lvb 2 1
check "23: 3 joins" ls_join x 3
ls_running x 1 2 3
agent x 3
play_all 1 2 3
play_all 3 1 2
quit 3
rounds=3
[ -z "${DLM_LONG-}" ] || rounds=20
for i in $(seq "$rounds"); do
	check "23: 3 leaves, $i" ls_leave x 3
	ls_running x 1 2
	check "23: 3 joins again, $i" ls_join x 3
	ls_running x 1 2 3
done
agent x 3
play_all 2 3 1
quit 1 2 3
ls_end x
check "22: all join an empty lockspace at once" ls_join y 1 2 3
ls_running y 1 2 3
agent y 1 2 3
play_modes 2 3
quit 1 2 3
ls_end y
logs_clean "all of it"
guests_down
finish
