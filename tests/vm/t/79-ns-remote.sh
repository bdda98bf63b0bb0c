#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The programs of 12-modes and 13-language on a node that masters nothing: without
# a directory and with weight 0 all its resources are mastered by the other node.
# kernels: all
# long: yes
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 2
# shellcheck disable=SC2034 # for ns.sh
WEIGHT[2]=0
# shellcheck disable=SC2034
for p in modes queue deadlock cancel lvb bast; do
	LS_NODIR[$p]=1
	check "join $p" ls_join "$p" 1 2
	ls_running "$p" 1 2
	run_prog on 2 env T_LS_EXISTS=1 "lang_$p"
	ls_end "$p"
done
nodes_down
finish
