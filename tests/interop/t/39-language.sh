#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 39-45, 47, 48: order of queues, blocking callbacks, refusals, value blocks,
# deadlocks, flags, cancels and orphans, with the master on either kind of node.
# guests: 2
# ours: 1 2
# time: 500
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# each plays with M, the master of the resource, and O, the other node

queue_order() {
	local m=$1 o=$2 i
	does "39: $m holds" granted "$m" get h EX order
	for i in "$o a" "$m b" "$o c" "$o d" "$m e"; do
		does "39: $i waits" ok "${i% *}" lock "${i#* }" EX order
	done
	does "39: $m: unlock" unlocked "$m" put h
	for i in "$o a" "$m b" "$o c" "$o d" "$m e"; do
		does "39: $i is next" granted "${i% *}" wait "${i#* }"
		does "39: $i: unlock" unlocked "${i% *}" put "${i#* }"
	done
}

bast_modes() {
	local m=$1 o=$2
	does "40: $o: PR" granted "$o" get h PR basts
	does "40: $m: CW waits" ok "$m" lock c CW basts
	does "40: $o is told" yes "$o" bast h
	does "40: $m: EX waits" ok "$m" lock e EX basts
	does "40: $o is told of more" yes "$o" bast h
	does "40: $m: PW waits" ok "$m" lock p PW basts
	does "40: not of less" yes "$o" quiet h
	does "40: $o: the same mode again" granted "$o" set h PR
	does "40: that is a new grant" yes "$o" bast h
	does "40: $o: unlock" unlocked "$o" put h
	does "40: $m: CW" granted "$m" wait c
	does "40: $m: unlock" unlocked "$m" put c
	does "40: $m: EX" granted "$m" wait e
	does "40: $m: unlock" unlocked "$m" put e
	does "40: $m: PW" granted "$m" wait p
	does "40: $m: unlock" unlocked "$m" put p
}

refusals() {
	local m=$1 o=$2
	does "41: $m: EX" granted "$m" get h EX no
	does "41: $o: NOQUEUE" EAGAIN "$o" get r PR no noqueue
	does "41: $m is not told" yes "$m" quiet h
	does "41: $o: NOQUEUEBAST" EAGAIN "$o" get r PR no noqueue noqueuebast
	does "41: $m is told" yes "$m" bast h
	same "41: no trace of it" "$(dumped "$m" x no)" "EX IV"
	does "41: $m: down to CR" granted "$m" set h CR
	does "41: $o: PR" granted "$o" get r PR no
	does "41: $m: CR to EX, NOQUEUE" EAGAIN "$m" set h EX noqueue
	does "41: $o: PR to EX, NOQUEUE" EAGAIN "$o" set r EX noqueue
	does "41: $o: still PR" EAGAIN "$m" set h CW noqueue
	does "41: $m: unlock" unlocked "$m" put h
	does "41: $o: unlock" unlocked "$o" put r
}

down_and_up() {
	local m=$1 o=$2
	does "42: $m: NL" granted "$m" get k NL updown
	does "42: $o: EX" "granted lvb=" "$o" get h EX updown valblk
	does "42: $o: down, writes" ok "$o" conv h NL lvb=first
	does "42: $o: done" "granted lvb=first" "$o" wait h
	does "42: $o: up at once" "granted lvb=first" "$o" set h EX valblk
	does "42: $o: down, writes" "granted lvb=second" "$o" set h NL lvb=second
	does "42: $m reads" "granted lvb=second" "$m" set k PR valblk
	does "47: a block that comes with a conversion" "granted lvb=second" "$o" set h PR valblk
	does "42: $m: unlock" unlocked "$m" put k
	does "42: $o: unlock" unlocked "$o" put h
}

deadlocks() {
	local m=$1 o=$2
	does "43: $m: PR" granted "$m" get a PR dead
	does "43: $o: PR" granted "$o" get b PR dead
	does "43: $m: EX waits" ok "$m" conv a EX
	does "43: $o: EX would wait for ever" EDEADLK "$o" set b EX
	does "43: $o: CONVDEADLK" ok "$o" conv b EX convdeadlk
	does "43: $m first" granted "$m" wait a
	does "43: $m: unlock" unlocked "$m" put a
	does "43: $o was demoted" "granted DEMOTED" "$o" wait b
	does "43: $o: unlock" unlocked "$o" put b
	does "43: $m: PR" granted "$m" get a PR dead2
	does "43: $o: PR" granted "$o" get b PR dead2
	does "43: $o: EX waits" ok "$o" conv b EX
	does "43: $m: NODLCKWT waits" ok "$m" conv a EX nodlckwt
	does "43: $m: unlock all the same" unlocked "$m" put a force
	does "43: $o: EX" granted "$o" wait b
	does "43: $o: unlock" unlocked "$o" put b
}

alternatives() {
	local m=$1 o=$2
	does "44: $m: CW" granted "$m" get h CW alt
	does "44: $o: PR or CW" "granted ALTMODE" "$o" get r PR alt altcw
	does "44: $o: unlock" unlocked "$o" put r
	does "44: $o: EX waits" ok "$o" lock r EX alt
	does "44: $m: EXPEDITE passes" granted "$m" get n NL alt expedite
	does "44: $m: NL does not" EAGAIN "$m" get o NL alt noqueue
	does "44: $m: NOORDER does" granted "$m" get o CR alt noorder
	does "44: $m: unlock" unlocked "$m" put n
	does "44: $m: unlock" unlocked "$m" put o
	does "44: $m: HEADQUE waits" ok "$m" lock p PW alt headque
	does "44: $m: unlock" unlocked "$m" put h
	does "44: $m was before" granted "$m" wait p
	does "44: $o waits" yes "$o" pending r
	does "44: $m: unlock" unlocked "$m" put p
	does "44: $o: granted" granted "$o" wait r
	does "44: $o: unlock" unlocked "$o" put r
}

convert_queue() {
	local m=$1 o=$2
	does "44: $m: PR" granted "$m" get a PR cq
	does "44: $o: CR" granted "$o" get b CR cq
	does "44: $o: NL" granted "$o" get c NL cq
	does "44: $o: EX waits" ok "$o" conv b EX
	does "44: $o: to PR passes by" granted "$o" set c PR
	does "44: $o: to NL" granted "$o" set c NL
	does "44: $o: QUECVT waits" ok "$o" conv c PR quecvt
	does "44: $o: waits" yes "$o" pending c
	does "44: $m: unlock" unlocked "$m" put a
	does "44: $o: EX" granted "$o" wait b
	does "44: $o: down" granted "$o" set b NL
	does "44: $o: PR" granted "$o" wait c
	does "44: $o: unlock" unlocked "$o" put c
	does "44: $o: unlock" unlocked "$o" put b
}

cancels() {
	local m=$1 o=$2
	does "45: $m: EX" granted "$m" get h EX cancels
	does "45: $o: PR waits" ok "$o" lock r PR cancels
	does "45: $o: cancel" ok "$o" cancel r
	does "45: $o: cancelled" cancelled "$o" wait r
	does "45: nobody waits any more" granted "$o" get q NL cancels noqueue
	does "45: $o: unlock" unlocked "$o" put q
	does "45: $m: down" granted "$m" set h PR
	does "45: $o: NL" granted "$o" get s NL cancels
	does "45: $o: to EX waits" ok "$o" conv s EX
	does "45: $o: cancel" ok "$o" cancel s
	does "45: $o: cancelled" cancelled "$o" wait s
	does "45: $o: still NL" granted "$o" set s PR
	does "45: cancel of what is granted" ok "$o" cancel s
	does "45: $o: unlock" unlocked "$o" put s
	does "45: $m: unlock" unlocked "$m" put h
	does "46: $m: EX" granted "$m" get h EX cancels
	does "46: $o: PR waits" ok "$o" lock r PR cancels
	does "46: $o: unlock by force" unlocked "$o" put r force
	does "46: $m: unlock" unlocked "$m" put h
}

# orphans M O - persistent locks outlive their process, until somebody purges them
orphans() {
	local m=$1 o=$2 pid
	agent x "${o}p" "${o}pp"
	pid=$(ask "${o}p" pid)
	does "48: $m: NL" granted "$m" get n NL orphan
	does "48: $m: NL" granted "$m" get k NL orphan2
	does "48: $o: persistent EX" "granted lvb=" "${o}p" get e EX orphan persistent valblk
	does "48: $o: another process, too" granted "${o}pp" get f EX orphan2 persistent
	quit "${o}p" "${o}pp"
	does "48: $m: PR has to wait" EAGAIN "$m" set n PR noqueue
	does "48: $m purges one of them" ok "$m" purge "$o" "$pid"
	does "48: $m: PR" ok "$m" conv n PR
	does "48: $m: has it" granted "$m" wait n
	does "48: the other is still there" EAGAIN "$m" set k PR noqueue
	does "48: $m purges all" ok "$m" purge "$o"
	does "48: $m: PR" ok "$m" conv k PR
	does "48: $m: has it" granted "$m" wait k
	does "48: $m: unlock" unlocked "$m" put n
	does "48: $m: unlock" unlocked "$m" put k
}

guests_up tcp
wire_on
check "join" ls_join x 1 2
ls_running x 1 2
agent x 1 2
for f in queue_order bast_modes refusals down_and_up deadlocks alternatives convert_queue cancels orphans; do
	[ "$f" = refusals ] && how=gently || how=
	$how "$f" 1 2
	$how "$f" 2 1
done
for i in 1 2; do check "45: nothing outstanding on $i" wait_for 10 no_waiters "$i" x; done
wire_sync
same "39: GRANTs before the reply that the lock has to wait" "$(awk '
	$4 ~ /^(REQUEST|CONVERT)_REPLY$/ {
		# number of the lock at who asked
		split($8, id, "=")
		waits[$2 " " id[2]] = $0 ~ / res=-115 /
	}
	$4 == "GRANT" { split($8, id, "="); n++; if (!waits[$2 " " id[2]]) odd++ }
	END { print n ? odd + 0 : "no GRANT" }' "$WIRE")" 0
quit 1 2
ls_end x
logs_clean "39-48"
wire_clean "39-48"
wire_off
guests_down
finish
