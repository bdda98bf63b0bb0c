#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nodes leave and join again, one after the other, while all are under the load of check 49: what
# 57-rolling does, but nobody changes the module. With no node of ours (run -p 0) it shows what stock nodes
# do; with DLM_MIDDLE=1 they also convert between PR and CW, which stock nodes of 6.1 and
# 6.12 may lose.
# ours: 2
# time: 700
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

rolling_begin 300
rounds=2
[ -z "${DLM_LONG-}" ] || rounds=10
while [ "$rounds" -gt 0 ]; do
	rounds=$((rounds - 1))
	for i in 2 1 3; do
		rolling "$i" 200 progress 100 600
		[ "$(referee errors)" = 0 ] || break 2
	done
done
rolling_end
