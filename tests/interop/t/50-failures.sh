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

# until the others are told, who wants to leave is master as before
still_master() {
	does "50: 2 wants to leave, and grants" granted 3 get s NL shared
	does "50: and converts" granted 3 set s PR
	does "50: and unlocks" unlocked 3 put s
}

leaves() {
	local t0 i
	does "50: 2 is master" granted 2 get h EX left
	does "50: 1 waits" ok 1 lock w PR left
	does "50: 3 waits" ok 3 lock w PR left
	does "50: 2 is master of more" granted 2 get k PR shared
	does "50: 1 shares" granted 1 get k PR shared
	quit 2
	does "50: 1 has it" granted 1 wait w
	does "50: 3 has it" granted 3 wait w
	wire_mark
	t0=$SECONDS
	ON_LEAVE=still_master check "50: 2 leaves" ls_leave x 2
	check "50: and does not wait for three minutes" test $((SECONDS - t0)) -lt 100
	ls_running x 1 3
	for i in 1 3; do
		! is_stock "$i" || check "50: $i says so" log_has "$i" 'x: remove member 2'
		heard 20 " 2>$i seq=[0-9]+ FIN" && heard 20 " $i>2 seq=[0-9]+ FIN" && pass "50: 2 and $i part" ||
			fail "50: 2 and $i do not both say FIN"
		check "50: $i has forgotten what 2 said" wait_for 20 forgot "$i" 2
		check "50: 2 has forgotten what $i said" wait_for 20 forgot 2 "$i"
	done
	must_wait "50: 1 still shares" 3 x EX shared
	does "50: 1: unlock" unlocked 1 put k
	does "50: 1: unlock" unlocked 1 put w
	does "50: 3: unlock" unlocked 3 put w
	wire_mark
	check "50: 2 joins again" ls_join x 2
	ls_running x 1 2 3
	agent x 2
	play_modes 1 2
	play_modes 2 3
	wire_sync
	same "50: conversations with 2 that do not begin with number 0" "$(wire | awk '
		$2 ~ /2/ && $3 ~ /^seq=[0-9]/ && !f[$2]++ { n++; if ($3 != "seq=0") odd++ }
		END { print n ? odd + 0 : "none at all" }')" 0
}

# forgot NODE PEER - the conversation is over
forgot() {
	if is_stock "$1"; then closed_on "$1" "$2"; else [ "$(figure "$1" "$2" state)" = 0 ]; fi
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
	for i in $(stock_nodes); do
		check "51: $i recovers masters and locks" log_has "$i" 'x: dlm_recover_masters'
		check "51: $i recovers locks" log_has "$i" 'x: dlm_recover_locks .*in'
	done
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
	local alone='' n i
	is_stock 1 && is_stock 2 && ! fragile 1 && alone=yes
	does "53: 3 is master" granted 3 get h NL u1
	does "53: and of this" granted 3 get i NL u2
	does "53: and of that" granted 3 get j EX u3
	does "53: and of the rest" granted 3 get k NL u4
	for i in 1 2; do
		does "53: $i: NL" granted "$i" get c NL u2
		does "53: $i: PR" granted "$i" get u PR u4
		does "53: $i waits" ok "$i" lock w PR u3
	done
	# beside, as holder: of EX and of PR, with blocks that were written
	for i in 1 2; do
		does "52: $i is master" granted "$i" get m NL "h$i"
		does "52: 3 has EX" "granted lvb=" 3 get "x$i" EX "h$i" valblk
		does "52: 3 writes" "granted lvb=old" 3 set "x$i" EX lvb=old
		does "52: $i is master" granted "$i" get n NL "r$i"
		does "52: 3 has EX" "granted lvb=" 3 get "y$i" EX "r$i" valblk
		does "52: 3 writes, and reads" "granted lvb=old" 3 set "y$i" PR lvb=old
		# PR to CW, while the other one has PR
		does "53: 3 is master" granted 3 get "z$i" NL "cw$i"
		does "53: 1 has PR" granted 1 get "cw$i" PR "cw$i"
		does "53: 2 has PR" granted 2 get "cw$i" PR "cw$i"
	done
	net_mute 3
	for i in 1 2; do
		does "53: $i: PR to CW" ok "$i" conv "cw$i" CW
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
		does "53: the other one gives way" unlocked $((3 - i)) put "cw$i"
		# 6.1 and 6.12 may lose this among themselves
		[ -n "$alone" ] || {
			does "53: $i has CW" granted "$i" wait "cw$i"
			does "53: $i: unlock" unlocked "$i" put "cw$i"
		}
		does "52: EX was held" "granted lvb=old VALNOTVALID" $((3 - i)) get x PR "h$i" valblk
		does "52: PR was held" "granted lvb=old" $((3 - i)) get y PR "r$i" valblk
		for n in x y; do does "52: unlock" unlocked $((3 - i)) put "$n"; done
		for n in m n; do does "52: unlock" unlocked "$i" put "$n"; done
	done
	for i in 1 2; do check "53: nothing outstanding on $i" wait_for 10 no_waiters "$i" x; done
}

guests_up tcp
wire_on
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
wire_clean "50-53"
wire_off
guests_down
finish
