#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 28, 36, 46, 49: random operations on all nodes, judged by a referee; recovery that is interrupted
# over and over; names that get unused all the time; answers that come late.
# ours: 2 1 3
# time: 700
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

# stress SECONDS OPERATIONS - at least so long and so many
stress() {
	local i end=$((SECONDS + $1))
	local -a slab
	for i in 1 2 3; do stress_on x "$i"; done
	progress "$2" 600
	for i in $(stock_nodes); do slab[$i]=$(slab_of "$i"); done
	while [ "$SECONDS" -lt "$end" ] && progress 1000 600; do :; done
	for i in $(stock_nodes); do
		check "49: memory of $i does not grow (${slab[$i]} kB before)" \
			test "$(slab_of "$i")" -lt $((slab[$i] + 20000))
	done
	stress_off 49 1 2 3
	# and no lock is left to keep value blocks
	referee unsure
	referee sure
	for i in 1 2 3; do check "49: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
	for i in $(stock_nodes); do
		check "49: $i has little unconfirmed" wait_for 20 confirmed "$i"
	done
}
slab_of() { on "$1" sed -n 's/^Slab: *\([0-9]*\) kB/\1/p' /proc/meminfo; }

# by 6.1 what a peer did not confirm goes down to nothing; by others it may wait for 256 packets
confirmed() {
	local k
	for k in 1 2 3; do
		[ "$k" = "$1" ] || [ "$(comms "$1" "$k" send_queue_count)" -le 300 ] || return 1
	done
}

# flapping - 3 is stopped and started, with the others, at any moment of recovery
flapping() {
	local i rounds=10 zero=(0 '')
	[ -z "${DLM_LONG-}" ] || rounds=50
	for i in 1 2 3; do stress_on x "$i"; done
	progress 300 600
	referee unsure
	# at least so often, and until it came in the middle of something everywhere
	i=0
	while [ "$i" -lt "$rounds" ] || { [ "$i" -lt 100 ] && [ "$(untouched)" -gt 0 ]; }; do
		i=$((i + 1))
		ls_stop x 1 2 3
		ls_start x 1 2 3
		# after 0 to 80 ms, or 0 to 800
		read -r -t "0.${zero[i % 2]}$((RANDOM % 9))" -u "$NAP_FD" _
	done
	ls_running x 1 2 3
	referee sure
	same "28: nodes that were not interrupted" "$(untouched)" 0
	stress_off 28 1 2 3
	for i in 1 2 3; do check "28: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
	too_early
}

# untouched - how many stock nodes were not interrupted so far
untouched() {
	local i n=0
	for i in $(stock_nodes); do
		log_has "$i" 'dlm_recover.*(interrupted|error -4)' || n=$((n + 1))
	done
	echo "$n"
}

# no node asks for a lock, after it has asked for somebody's status in this recovery, while the
# last thing that any node told of itself is that it has not done everything
too_early() {
	same "28: lock messages before everybody was done" "$(awk -v ls="ls=${LS_ID[x]}" '
		$5 != ls { next }
		{ split($2, e, ">"); from = e[1] }
		$4 == "STATUS" { asked[from] = NR }
		$4 == "STATUS_REPLY" {
			split($6, r, "=")
			# 64: DONE. When did it begin not to be?
			if (int(r[2] / 64) % 2) delete since[from]
			else if (!(from in since)) since[from] = NR
		}
		$4 == "REQUEST" && $NF != "again" {
			for (k in since) if (asked[from] > since[k]) odd++
		}
		END { print odd + 0 }' "$WIRE")" 0
}

# unused - names are forgotten after a second, while somebody asks for them
unused() {
	local i
	for i in 1 2 3; do
		on "$i" sh -c "cd /sys/kernel/config/dlm/n$i && echo 1 >toss_secs && { echo 1 >scan_secs; } 2>/dev/null"
	done
	check "36: join" ls_join u 1 2 3
	ls_running u 1 2 3
	wire_mark
	for i in 1 2 3; do stress_on u "$i" -p 1500; done
	check "36: there were REMOVEs" wait_for 200 _removes 30
	[ -z "${DLM_LONG-}" ] || wait_for 3000 _removes 1000
	stress_off 36 1 2 3
	echo "36: $(wire ' REMOVE ' | wc -l) REMOVEs, $(wire 'REQUEST_REPLY .* res=-(15|53) ' | wc -l) refusals"
	for i in 1 2 3; do check "36: nothing outstanding on $i" wait_for 20 no_waiters "$i" u; done
	ls_end u
}
_removes() { [ "$(wire ' REMOVE ' | wc -l)" -ge "$1" ]; }

unlocked() { tell "$1" wait "$2" && [ "$ANSWER" = unlocked ]; }

# late_answers - a lock is forced away while LOOKUP, REQUEST or CONVERT is not answered
late_answers() {
	local a=$1 m=$2 third=$((6 - $1 - $2)) n names
	read -ra names <<<"$(raw_wire pick "late$a$m-" 2 "$m" 1 2 3)"
	n=$(raw_wire pick "late$a$m-" 1 "$third" 1 2 3) n=${n% }
	does "46: $m holds" granted "$m" get h PR "${names[1]}"
	does "46: $a converts later" granted "$a" get c NL "${names[1]}"
	does "46: $m is master of a name of $third" granted "$m" get q PR "$n"
	net_filter "$m" delay 1500ms
	does "46: $a: LOOKUP to $m" ok "$a" lock l EX "${names[0]}"
	does "46: $a: by force" unlocked "$a" put l force
	does "46: $a: REQUEST to $m" ok "$a" lock r PR "$n"
	# that it was granted may be told first
	tell "$a" put r force
	[ "$ANSWER" = unlocked ] || wait_for 20 unlocked "$a" r
	same "46: $a: by force" "$ANSWER" unlocked
	does "46: $a: CONVERT to $m" ok "$a" conv c EX
	does "46: $a: by force" unlocked "$a" put c force
	net_plain "$m"
	for i in 1 2 3; do check "46: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
	same "46: $m has only its own" "$(dumped "$m" x "${names[1]}")" "PR IV"
	does "46: $m: unlock" unlocked "$m" put h
	does "46: $m: unlock" unlocked "$m" put q
	same "46: $m has nothing" "$(dumped "$m" x "${names[0]}")" ""
}

guests_up tcp
wire_on
referee_on
check "join" ls_join x 1 2 3
ls_running x 1 2 3
agent x 1 2 3
for p in "1 2" "2 1" "3 2" "2 3"; do
	# shellcheck disable=SC2086 # two
	late_answers $p
done
quit 1 2 3
if [ -n "${DLM_LONG-}" ]; then stress 3600 10000; else stress 20 1500; fi
flapping
ls_end x
unused
logs_clean "28, 36, 46, 49" 'error -4|interrupted|ignore msg'
wire_clean "28, 36, 46, 49"
wire_off
referee_off
guests_down
finish
