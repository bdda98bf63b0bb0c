#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 20-23: nodes of both kinds join one after the other and at once, leave and
# come again; who has which slot; locks, blocking callbacks and value blocks go all ways.
# ours: 1 2 3
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"
guests_up tcp
check "20, 21: 1 joins" ls_join x 1
recovered "20, 21: 1 alone" x "1: 1:1" 1
check "20, 21: 2 joins" ls_join x 2
recovered "20, 21: 2 joins" x "2: 1:1 2:2" 1 2
for i in $(stock_nodes); do
	[ "$i" = 3 ] || for l in "add member $((3 - i))" 'dlm_recover_members 2 nodes' 'dlm_recover.* done'; do
		check "20, 21: $i says $l" log_has "$i" "x: $l"
	done
done
agent x 1 2
play_modes 1 2
play_modes 2 1
play_lvb 1 2
play_lvb 2 1
check "23: 3 joins" ls_join x 3
recovered "23: 3 joins" x "3: 1:1 2:2 3:3" 1 2 3
agent x 3
play_all 1 2 3
play_all 3 1 2
quit 3
rounds=3
[ -z "${DLM_LONG-}" ] || rounds=20
for i in $(seq "$rounds"); do
	check "23: 3 leaves, $i" ls_leave x 3
	recovered "23: 3 leaves, $i" x "$((2 + 2 * i)): 1:1 2:2" 1 2
	check "23: 3 joins again, $i" ls_join x 3
	recovered "23: 3 joins again, $i" x "$((3 + 2 * i)): 1:1 2:2 3:3" 1 2 3
done
agent x 3
play_all 2 3 1
quit 1 2 3
ls_end x
check "22: all join an empty lockspace at once" ls_join y 1 2 3
recovered "22: all at once" y "1: 1:1 2:2 3:3" 1 2 3
agent y 1 2 3
play_modes 2 3
quit 1 2 3
ls_end y
# the lowest one comes last, and has to learn who has what; who leaves gives up a slot
check "21: 3 is alone" ls_join z 3
check "21: 2 joins" ls_join z 2
recovered "21: 2 joins" z "2: 1:3 2:2" 2 3
check "21: 1 joins" ls_join z 1
recovered "21: 1 joins" z "3: 1:3 2:2 3:1" 1 2 3
check "23: 2 leaves" ls_leave z 2
recovered "23: 2 leaves" z "4: 1:3 3:1" 1 3
check "23: 2 joins again" ls_join z 2
recovered "23: 2 joins again" z "5: 1:3 2:2 3:1" 1 2 3
ls_end z
logs_clean "all of it"
guests_down
finish
