#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 50-53: nodes leave and fail, with masters, value blocks and operations that
# nobody has answered; the others go on, whatever kind they are.
# ours: 1 2 3
# time: 600
# run: --reboots 3
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# back NODE - it boots and joins again
back() {
	check "$1 boots again" node_back "$1"
	check "$1 joins again" ls_join x "+$1"
	ls_running x 1 2 3
	agent x "$1"
}

leaves() {
	does "50: 2 is master" granted 2 get h EX left
	does "50: 1 waits" ok 1 lock w PR left
	does "50: 3 waits" ok 3 lock w PR left
	does "50: 2 is master of more" granted 2 get k PR shared
	does "50: 1 shares" granted 1 get k PR shared
	quit 2
	does "50: 1 has it" granted 1 wait w
	does "50: 3 has it" granted 3 wait w
	check "50: 2 leaves" ls_leave x 2
	ls_running x 1 3
	does "50: 1 still shares" EAGAIN 3 get x EX shared noqueue
	does "50: 1: unlock" unlocked 1 put k
	does "50: 1: unlock" unlocked 1 put w
	does "50: 3: unlock" unlocked 3 put w
	check "50: 2 joins again" ls_join x 2
	ls_running x 1 2 3
	agent x 2
	play_modes 1 2
	play_modes 2 3
}

master_dies() {
	does "51: 3 is master" granted 3 get h NL m51
	does "51: 1 reads" granted 1 get r PR m51
	does "51: 2 reads" granted 2 get r PR m51
	does "51: 1 wants to write" ok 1 conv r EX
	does "51: 2 is told" yes 2 bast r
	does "51: 2: another one waits" ok 2 lock q EX m51
	does "51: 3 holds alone" granted 3 get own EX m51b
	does "51: 1 waits for that" ok 1 lock own EX m51b
	does "52: 3 writes" "granted lvb=" 3 get v EX m52 valblk
	does "52: and hands on" "granted lvb=known" 3 set v PW lvb=known
	does "52: 1: NL" "granted lvb=known" 1 get v NL m52 valblk
	node_kill 3
	ls_running x 1 2
	does "51: 1 has what 3 held" granted 1 wait own
	does "51: 1 still wants to write" yes 1 pending r
	does "51: 2 still waits" yes 2 pending q
	does "51: 2: unlock" unlocked 2 put r
	does "51: 1 writes" granted 1 wait r
	does "51: 1: unlock" unlocked 1 put r
	does "51: 2 is next" granted 2 wait q
	does "51: 2: unlock" unlocked 2 put q
	does "51: 1: unlock" unlocked 1 put own
	case $(ask 1 set v PR valblk) in
	*VALNOTVALID) pass "52: the block is not valid" ;;
	*) fail "52: the block is said to be valid" ;;
	esac
	does "52: 1: unlock" unlocked 1 put v
}

unanswered() {
	does "53: 3 is master" granted 3 get h NL u1
	does "53: and of this" granted 3 get i NL u2
	does "53: and of that" granted 3 get j EX u3
	does "53: and of the rest" granted 3 get k NL u4
	for i in 1 2; do
		does "53: $i: NL" granted "$i" get c NL u2
		does "53: $i: PR" granted "$i" get u PR u4
		does "53: $i waits" ok "$i" lock w PR u3
	done
	net_mute 3
	for i in 1 2; do
		does "53: $i asks" ok "$i" lock r PR u1
		does "53: $i converts" ok "$i" conv c PR
		does "53: $i unlocks" ok "$i" unlock u
		does "53: $i cancels" ok "$i" cancel w
	done
	node_kill 3
	ls_running x 1 2
	for i in 1 2; do
		does "53: $i has it" granted "$i" wait r
		does "53: $i is converted" granted "$i" wait c
		does "53: $i is unlocked" unlocked "$i" wait u
		case $(ask "$i" wait w) in
		cancelled|granted) pass "53: $i is cancelled, or was granted" ;;
		*) fail "53: $i: odd end of a cancel" ;;
		esac
		does "53: $i: unlock" unlocked "$i" put r
		does "53: $i: unlock" unlocked "$i" put c
	done
	for i in 1 2; do check "53: nothing outstanding on $i" wait_for 10 no_waiters "$i" x; done
}

guests_up tcp
check "join" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3
leaves
master_dies
back 3
play_all 1 2 3
unanswered
back 3
quit 1 2 3
agent x 1 2 3
play_all 3 2 1
quit 1 2 3
ls_end x
logs_clean "50-53"
guests_down
finish
