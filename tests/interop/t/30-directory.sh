#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 29-35: who is asked for a master, who becomes it, and when that is forgotten.
# ours: 1 2 3
# time: 400
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"
guests_up tcp
check "join" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3
trace_on 1 2 3
for r in a b c d e f; do
	does "30: 1: EX" granted 1 get "$r" EX "name-$r"
	does "31: 2 waits" ok 2 lock "$r" EX "name-$r"
	does "32: 3 waits" ok 3 lock "$r" EX "name-$r"
	does "1: unlock" unlocked 1 put "$r"
	does "2: granted" granted 2 wait "$r"
	does "2: unlock" unlocked 2 put "$r"
	does "3: granted" granted 3 wait "$r"
done
for i in 1 2 3; do traced "$i" >"/shared/trace.$i"; done
trace_off 1 2 3
quit 1 2 3
ls_end x
logs_clean "29-35"
guests_down
finish
