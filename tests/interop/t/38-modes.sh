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

modes=(NL CR CW PR PW EX)
# row: held, column: wanted
together=(
	"1 1 1 1 1 1"
	"1 1 1 1 1 0"
	"1 1 1 0 0 0"
	"1 1 0 1 0 0"
	"1 1 0 0 0 0"
	"1 0 0 0 0 0"
)

# pairs HOLDER REQUESTER MASTER
pairs() {
	local h=$1 r=$2 m=$3 i j row want res=m$1$2$3 bad=$FAILED
	does "38: $m is master" granted "${m}m" get m NL "$res"
	for i in 0 1 2 3 4 5; do
		does "38: $h holds ${modes[i]}" granted "$h" get h "${modes[i]}" "$res"
		read -ra row <<<"${together[i]}"
		for j in 0 1 2 3 4 5; do
			want=EAGAIN
			[ "${row[j]}" = 0 ] || want=granted
			does "38: ${modes[i]} on $h, ${modes[j]} on $r, master $m" "$want" \
				"$r" get r "${modes[j]}" "$res" noqueue
			[ "${row[j]}" = 0 ] || ask "$r" put r >/dev/null
		done
		if [ "${row[5]}" = 0 ]; then
			does "38: $r waits" ok "$r" lock r EX "$res"
			does "38: $h is told" yes "$h" bast h
			same "38: the queues on master $m" "$(dumped "$m" x "$res")" \
				"$(printf '%s\n' "NL IV" "${modes[i]} IV" "IV EX" | sort)"
			does "38: $h: unlock" unlocked "$h" put h
			does "38: $r: granted" granted "$r" wait r
			does "38: $r: unlock" unlocked "$r" put r
		else
			does "38: $h: unlock" unlocked "$h" put h
		fi
	done
	does "38: $m: unlock" unlocked "${m}m" put m
	[ "$FAILED" = "$bad" ]
}

guests_up tcp
check "join" ls_join x 1 2
ls_running x 1 2
agent x 1 2 1m 2m
for m in 1 2; do
	check "38: held by 1, wanted by 2, master $m" pairs 1 2 "$m"
	check "38: held by 2, wanted by 1, master $m" pairs 2 1 "$m"
done
for i in 1 2; do check "38: nothing outstanding on $i" no_waiters "$i" x; done
quit 1 2 1m 2m
ls_end x
logs_clean "38"
guests_down
finish
