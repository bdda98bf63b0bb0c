#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# For make check: a stock node (2) between two of ours. Connections, numbers and a reset (1, 3, 9,
# 11, 14), joins (20, 21), directory (30, 31), all mode pairs (38), value blocks (42, 47), a clean leave
# (50), the death of a master (51-53).
# ours: 13
# time: 200
# run: --dies 3
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

guests_up tcp
wire_on
check "20: 2 joins" ls_join x 2
check "20, 21: 1 joins" ls_join x 1
ls_running x 1 2
agent x 1 2
# whoever has something to say first
check "01, 03: 2 says who is connected" log_has 2 'got connection from 1|connected to node 1|connecting to 1'
same "09: version" "$(comms 2 1 version)" 0x00030002
same "09: state" "$(comms 2 1 state)" ESTABLISHED

for d in 1 2; do
	a=$((3 - d))
	read -r n own _ <<<"$(raw_wire pick "dir$d-" 2 "$d" 1 2)"
	wire_mark
	does "30: $a: EX, directory node $d" granted "$a" get k EX "$n"
	said "30: $a asks $d and is told: you" "$a>$d LOOKUP, $d>$a LOOKUP_REPLY:$a"
	wire_mark
	does "31: $d: its own directory" granted "$d" get h EX "$own"
	does "31: $a: NL" granted "$a" get r NL "$own"
	said "31: $d answers the LOOKUP as a REQUEST" "$a>$d LOOKUP, $d>$a REQUEST_REPLY:0"
	does "31: $a: unlock" unlocked "$a" put r
	does "31: $d: unlock" unlocked "$d" put h
	does "30: $a: unlock" unlocked "$a" put k
done
same "11: each conversation begins with number 0" \
	"$(awk '$3 ~ /^seq=[0-9]/ && !f[$2]++ && $3 != "seq=0"' "$WIRE")" ""

agent x 1m 2m
for m in 1 2; do
	check "38: held by 1, wanted by 2, master $m" gently mode_pairs 1 2 "$m"
	check "38: held by 2, wanted by 1, master $m" gently mode_pairs 2 1 "$m"
done
quit 1m 2m
play_modes 1 2
play_lvb 1 2
play_lvb 2 1

does "14: 1 has it" granted 1 get a EX rst
does "14: 2 waits" ok 2 lock b EX rst
for i in 1 2; do resets "$i"; done
does "14: 1: unlock" unlocked 1 put a
does "14: 2 has it" granted 2 wait b
does "14: 2: unlock" unlocked 2 put b

check "23: 3 joins" ls_join x 3
ls_running x 1 2 3
agent x 3
does "51: 3 is master" granted 3 get h NL dead
does "51: 1 reads" granted 1 get r PR dead
does "51: 2 wants to write" ok 2 lock w EX dead
does "51: 1 is told" yes 1 bast r
does "51: 3 holds alone" granted 3 get own EX own
does "51: 2 waits for that" ok 2 lock q PR own
does "52: 3 writes" "granted lvb=" 3 get v EX block valblk
does "52: and hands on" "granted lvb=known" 3 set v EX lvb=known
does "52: 2: NL" "granted lvb=known" 2 get v NL block valblk
node_kill 3
ls_running x 1 2
does "51: 2 has what 3 held" granted 2 wait q
does "51: 2 still wants to write" yes 2 pending w
does "51: 1: unlock" unlocked 1 put r
does "51: 2 writes" granted 2 wait w
tell 2 set v PR valblk
check "52: the block is not valid" test "${ANSWER##* }" = VALNOTVALID
for n in w q v; do does "51: 2: unlock" unlocked 2 put "$n"; done
for i in 1 2; do check "53: nothing outstanding on $i" wait_for 10 no_waiters "$i" x; done

quit 1 2
check "50: 1 leaves" ls_leave x 1
ls_running x 2
check "50: its conversation is over" wait_for 20 closed_on 2 1
ls_end x
logs_clean "short" 'seq mismatch'
wire_clean "short"
wire_off
guests_down
finish
