#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 38: all mode pairs, with holder, requester and master on each kind of node.
# guests: 2
# ours: 1 2
# time: 400
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

guests_up tcp
check "join" ls_join x 1 2
ls_running x 1 2
agent x 1 2 1m 2m
for m in 1 2; do
	check "38: held by 1, wanted by 2, master $m" gently mode_pairs 1 2 "$m"
	check "38: held by 2, wanted by 1, master $m" gently mode_pairs 2 1 "$m"
done
for i in 1 2; do check "38: nothing outstanding on $i" no_waiters "$i" x; done
quit 1 2 1m 2m
ls_end x
logs_clean "38"
guests_down
finish
