#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 24-27, 55, 56: members with another configuration, late and wrong answers; lockspaces made with
# NODIR and TIMEWARN. Beyond the list: a member that asks and hardly reads the answers.
# guests: 2
# ours: 2 1
# time: 400
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

case ${OURS:-} in *1*) N=1 T=2 ;; *) N=2 T=1 ;; esac

runs() { ls_recovered c "$1"; }
says_mismatch() { log_has "$1" 'config mismatch'; }

# mismatch CHECK NODE OPTION - a member says that it is configured differently
mismatch() {
	local nr=$1 i=$2
	LS_ID[c]=$((LS_ID[c] + 1))
	check "$nr: $i is alone" ls_join c "$i"
	ls_running c "$i"
	agent c "$i"
	does "$nr: $i has a lock" granted "$i" get k EX a
	on "$i" dmesg -C
	member_by_hand "$i" c 3 "$3"
	ls_stop c "$i"
	start c "$i" "$i" 3
	if is_stock "$i"; then
		check "$nr: $i sees that $3 is different" wait_for 30 says_mismatch "$i"
		check_not "$nr: and stays stopped" runs "$i"
	else
		check "$nr: $i goes on without $3" wait_for 30 runs "$i"
		does "$nr: $i locks" granted "$i" get j EX b
		does "$nr: $i: unlock" unlocked "$i" put j
	fi
	member_ends
	ls_stop c "$i"
	start c "$i" "$i"
	ls_running c "$i"
	does "$nr: $i still has its lock" unlocked "$i" put k
	quit "$i"
	# or a stock node waits three minutes for its farewell
	configure "$i" gone 3
	ls_end c
}

# answers CHECK NODE OPTION TEXT - recovery ends all the same
answers() {
	local nr=$1 i=$2
	LS_ID[c]=$((LS_ID[c] + 1))
	check "$nr: $i is alone" ls_join c "$i"
	ls_running c "$i"
	member_by_hand "$i" c 3 "$3"
	ls_stop c "$i"
	start c "$i" "$i" 3
	check "$nr: $i recovers, $4" wait_for 60 runs "$i"
	member_ends
	check "$nr: the question was repeated" grep -qE 'asked ([2-9]|[0-9]{2,}) times' /run/peer.out
	ls_stop c "$i"
	start c "$i" "$i"
	ls_running c "$i"
	configure "$i" gone 3
	ls_end c
}

# greedy NODE - what a member asks for and does not read takes no memory without end
greedy() {
	local i=$1
	LS_ID[c]=$((LS_ID[c] + 1))
	check "greedy: $i is alone" ls_join c "$i"
	ls_running c "$i"
	member_by_hand "$i" c 3 greedy
	ls_stop c "$i"
	start c "$i" "$i" 3
	check "greedy: $i recovers" wait_for 60 runs "$i"
	: >/run/peer.go
	check "greedy: answers pile up" wait_for 180 _queued "$i" 65536
	check "greedy: $i says so" wait_for 30 log_has "$i" 'does not read what it asks for'
	check_not "greedy: and does not read as fast any more" wait_for 10 _queued "$i" 80000
	agent c "$i"
	does "greedy: $i locks" granted "$i" get k EX a
	does "greedy: $i: unlock" unlocked "$i" put k
	quit "$i"
	member_ends
	ls_stop c "$i"
	start c "$i" "$i"
	ls_running c "$i"
	configure "$i" gone 3
	ls_end c
	check "greedy: nothing is left of it" wait_for 30 _gone "$i"
}
_queued() { [ "$(node_figure "$1" 3 queued)" -gt "$2" ]; }
_gone() { [ -z "$(node_figure "$1" 3 queued)" ]; }

# delayed - all that N says comes 7 s late for a while, over the real transport
delayed() {
	check "26: join" ls_join c 1 2
	ls_running c 1 2
	net_filter "$N" delay 7000ms
	wire_mark
	ls_stop c 1 2
	ls_start c 1 2
	check "26: $T asks again" wait_for 60 _repeats 3
	net_plain "$N"
	ls_running c 1 2
	pass "26: and recovers when $N is faster"
	agent c 1 2
	play_modes 1 2
	quit 1 2
	ls_end c
}
_repeats() { [ "$(wire "$T>$N .* STATUS ls=" | wc -l)" -ge "$1" ]; }

# refused CHECK FIRST ITS_FLAG SECOND ITS_FLAG - the second one may not join; the first goes on
refused() {
	local nr=$1 a=$2 b=$4 fa=$3 fb=$5 rc n
	LS_ID[c]=$((LS_ID[c] + 1))
	joiner "$a" c "$fa"
	start c "$a" "$a"
	put_sys "$a" c event_done 0
	wait "$JOIN"
	same "$nr: $a with ${fa:-no flag}" "$?" 0
	MEMBERS[c]=$a
	ls_running c "$a"
	agent c "$a"
	does "$nr: $a locks" granted "$a" get k EX res
	n=$(events "$b" offline c)
	joiner "$b" c "$fb"
	ls_stop c "$a"
	start c "$a" 1 2
	start c "$b" 1 2
	put_sys "$b" c event_done 0
	if ! is_stock "$a"; then
		check "$nr: $a goes on meanwhile" wait_for 60 runs "$a"
		does "$nr: $a locks" granted "$a" get j EX other
		does "$nr: $a: unlock" unlocked "$a" put j
	fi
	# it was told that it is a member, finds that it cannot be one, and says that it leaves
	check "$nr: $b gives up" wait_for 60 had_events "$b" offline c "$n"
	ls_stop c "$a"
	put_sys "$b" c event_done 0
	configure "$b" drop c
	start c "$a" "$a"
	wait "$JOIN"; rc=$?
	check "$nr: $b with ${fb:-no flag} is refused" test "$rc" -ne 0
	check "$nr: for a difference" grep -qiE 'protocol|operation not permitted' "/run/join.$b"
	ls_running c "$a"
	does "$nr: $a still has its lock" unlocked "$a" put k
	quit "$a"
	ls_end c
}

# both CHECK FLAG - both have it
both() {
	LS_ID[c]=$((LS_ID[c] + 1))
	local first
	joiner 1 c "$2"
	first=$JOIN
	joiner 2 c "$2"
	start c 1 1 2
	start c 2 1 2
	put_sys 1 c event_done 0
	put_sys 2 c event_done 0
	wait "$first" && wait "$JOIN"
	same "$1: both with $2" "$?" 0
	MEMBERS[c]="1 2"
	ls_running c 1 2
	agent c 1 2
	play_modes 1 2
	play_modes 2 1
	quit 1 2
	ls_end c
}

guests_up tcp
wire_on
LS_ID[c]=6000
for i in "$T" "$N"; do
	mismatch 24 "$i" lvblen=64
	mismatch 25 "$i" flags=16
	answers 26 "$i" late=7 "an answer came late"
	answers 27 "$i" oldseq "an answer was of another recovery"
done
greedy "$N"
delayed
refused 55 "$N" nodir "$T" ""
refused 55 "$T" nodir "$N" ""
refused 56 "$N" timewarn "$T" ""
refused 56 "$T" timewarn "$N" ""
both 56 timewarn
# (a connection that is seven seconds late may end, and then things are said again)
logs_clean "24-27, 55, 56" 'config mismatch|ignore msg|error -71|reject|refus|differ|seq mismatch'
wire_off
guests_down
finish
