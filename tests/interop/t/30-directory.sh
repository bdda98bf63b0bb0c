#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 11, 29-35, 37: who is asked for a master, who becomes it, when that is forgotten, with every
# node in every part; the same without a directory.
# ours: 2 1 3
# time: 500
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# pick PREFIX COUNT DIRECTORY - names
pick() { raw_wire pick "$1" "$2" "$3" ${IDS:-1 2 3}; }

# tossed NODE RESOURCE - is it among the unused ones there?
tossed() { on "$1" cat /sys/kernel/debug/dlm/x_toss | grep -q "$2"; }
not_tossed() { ! tossed "$@"; }

# first_locks A D M - requester, directory node, somebody else
first_locks() {
	local a=$1 d=$2 m=$3 n names
	read -ra names <<<"$(pick "d$a$d$m-" 4 "$d")"
	n=${names[0]}
	wire_mark
	does "30: $a: EX, directory node $d" granted "$a" get k EX "$n"
	said "30: $a asks $d and is told: you" "$a>$d LOOKUP, $d>$a LOOKUP_REPLY:$a"
	check "30: $d keeps a record of it" tossed "$d" "$n"
	wire_mark
	if fragile "$d"; then
		does "33: $d: its own directory knows $a" ok "$d" lock r EX "$n"
		said "33: $d asks $a at once" "$d>$a REQUEST, $a>$d REQUEST_REPLY:-115"
		does "33: $d: cancel" ok "$d" cancel r
		does "33: $d: cancelled" cancelled "$d" wait r
	else
		does "33: $d: its own directory knows $a" EAGAIN "$d" get r EX "$n" noqueue
		said "33: $d asks $a at once" "$d>$a REQUEST, $a>$d REQUEST_REPLY:-11"
	fi
	wire_mark
	does "32: $m: NL, master $a" granted "$m" get r NL "$n"
	said "32: $m asks $d, then $a" \
		"$m>$d LOOKUP, $d>$m LOOKUP_REPLY:$a, $m>$a REQUEST, $a>$m REQUEST_REPLY:0"
	does "32: $m: unlock" unlocked "$m" put r
	n=${names[1]}
	wire_mark
	does "31: $d: EX, its own directory" granted "$d" get h EX "$n"
	said "31: $d asks nobody" ""
	does "31: $a: NL, master and directory $d" granted "$a" get r NL "$n"
	said "31: $d answers the LOOKUP as a REQUEST" "$a>$d LOOKUP, $d>$a REQUEST_REPLY:0"
	same "31: $d has the lock of $a" "$(dumped "$d" x "$n")" "$(printf 'EX IV\nNL IV')"
	does "31: $a: unlock" unlocked "$a" put r
	does "31: $d: unlock" unlocked "$d" put h
	# for forgotten(): the master gives it up
	does "34: $a: unlock" unlocked "$a" put k
	LEFT+=("$a $d $m ${names[0]}")
}

# forgotten A D M NAME - unused for ten seconds, the master forgets it and says so
forgotten() {
	local a=$1 d=$2 m=$3 n=$4
	wait_for 60 grep -qE " $a>$d .* REMOVE .*name=$n\$" "$WIRE" && pass "34, 35: $a tells $d that it forgot $n" ||
		fail "34, 35: no REMOVE of $n from $a to $d"
	wait_for 10 not_tossed "$d" "$n" || fail "34: $d still has a record of $n"
	wait_for 30 not_tossed "$m" "$n" || fail "34: $m still knows a master of $n"
	wire_mark
	does "35: $m: EX again" granted "$m" get r EX "$n"
	said "35: $m has to ask again" "$m>$d LOOKUP, $d>$m LOOKUP_REPLY:$m"
	does "35: $m: unlock" unlocked "$m" put r
}

# weights - all names go to whom the weights say
weights() {
	local count=400 i odd
	[ -z "${DLM_LONG-}" ] || count=10000
	WEIGHT=([1]=2 [2]=1 [3]=0)
	check "29: join, weights 2 1 0" ls_join w 1 2 3
	WEIGHT=()
	ls_running w 1 2 3
	wire_mark
	for i in 3 1 2; do check "29: $i takes $count names" on "$i" raw_peer crowd w "$count" >/dev/null; done
	wire_sync
	odd=$(wire ' LOOKUP ' | awk '{
		for (i = 5; i <= NF; i++) { split($i, a, "="); v[a[1]] = a[2] }
		n++
		split("1 1 2", array, " ")
		split($2, ends, ">")
		if (ends[2] != array[v["h"] % 3 + 1]) odd++
	} END { print n + 0, odd + 0 }')
	same "29: LOOKUPs that went elsewhere" "${odd#* }" 0
	check "29: there were some" test "${odd% *}" -gt "$count"
	for i in $(stock_nodes); do check_not "29: $i has no objection" log_has "$i" 'dlm_master_lookup from'; done
	ls_end w
}

# no_directory - the node of the hash is the master
no_directory() {
	local a d n i
	LS_NODIR[nd]=1
	check "37: join without a directory" ls_join nd 1 2 3
	ls_running nd 1 2 3
	agent nd 1n 2n 3n
	wire_mark
	for a in 1 2 3; do
		for d in 1 2 3; do
			n=$(pick "n$a$d-" 1 "$d") n=${n% }
			wire_mark
			does "37: $a: EX of a name of $d" granted "${a}n" get k EX "$n"
			if [ "$a" = "$d" ]; then
				said "37: $a asks nobody" ""
			else
				said "37: $a asks $d" "$a>$d REQUEST, $d>$a REQUEST_REPLY:0"
			fi
			does "37: $a: unlock" unlocked "${a}n" put k
		done
	done
	for i in 1 2 3; do
		does "37: $i: PR" granted "${i}n" get keep PR all
	done
	quit 3n
	check "37: 3 leaves" ls_leave nd 3
	ls_running nd 1 2
	must_wait "37: 1 still has its lock" 2n no EX all
	check "37: 3 is back" ls_join nd 3
	ls_running nd 1 2 3
	agent nd 3n
	must_wait "37: and sees the locks" 3n no EX all
	same "37: nobody asked for a directory" "$(grep -cE "(LOOKUP|REMOVE)(_REPLY)? ls=${LS_ID[nd]} " "$WIRE")" 0
	quit 1n 2n 3n
	ls_end nd
}

guests_up tcp
wire_on
check "join" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3
LEFT=()
for p in "1 2 3" "1 3 2" "2 1 3" "2 3 1" "3 1 2" "3 2 1"; do
	# shellcheck disable=SC2086 # three
	first_locks $p
done
same "11: each conversation begins with number 0" \
	"$(awk '$3 ~ /^seq=[0-9]/ && !f[$2]++ && $3 != "seq=0"' "$WIRE")" ""
for p in "${LEFT[@]}"; do
	# shellcheck disable=SC2086 # four
	forgotten $p
done
weights
no_directory
quit 1 2 3
ls_end x
logs_clean "29-37"
wire_clean "29-37"
wire_off
guests_down
finish
