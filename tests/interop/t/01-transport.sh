#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 1-7, 9-19: connections, numbers, acknowledgements, repetition; what is broken, odd, or cut into
# pieces; a peer that speaks version 3.1.
# guests: 2
# ours: 2 1
# time: 600
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

case ${OURS:-} in *1*) N=1 T=2 ;; *) N=2 T=1 ;; esac
rounds=5
[ -z "${DLM_LONG-}" ] || rounds=50

comms_dir() { echo "/sys/kernel/config/dlm/n$1/comms/$2"; }

# marked NODE PEER MARK - packets with a mark are counted from now on
marked() {
	on "$1" sh -c "echo $3 >$(comms_dir "$1" "$2")/mark &&
		nft 'table ip m { chain o { type filter hook output priority 0; meta mark $3 tcp dport 21064 counter; meta mark $3 tcp sport 21064 counter; }; }'" ||
		fail "07: node $1: no mark"
}
marked_count() { on "$1" nft list table ip m | sed -n 's/.*counter packets \([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }

unknown_address() {
	local what='connect from non cluster'
	check "02: $T is alone" ls_join x "$T"
	configure "$T" gone "$N"
	joiner "$N" x
	wire_mark
	start x "$N" "$N" "$T"
	heard 60 " $N>$T SYN " && pass "02: $N connects" || fail "02: $N does not connect"
	check "02: $T does not know it" wait_for 60 log_has "$T" "$what"
	check "02: $N tries again" wait_for 60 _again
	configure "$T" comm "$N" "$(ns_addr "$N")"
	marked "$T" "$N" 85
	ls_stop x "$T" "$N"
	start x "$T" "$T" "$N"
	start x "$N" "$N" "$T"
	put_sys "$N" x event_done 0
	wait "$JOIN"
	same "02: $N has joined" "$?" 0
	MEMBERS[x]="$T $N"
	ls_running x "$T" "$N"
}
_again() { [ "$(wire " $N>$T SYN " | wc -l)" -ge 2 ]; }

# both ways, on one socket or two, from and to the first address
connections() {
	is_stock "$T" && check "01: $T says who connected" log_has "$T" "got connection from $N"
	same "01, 03: sockets" "$(on "$T" ss -tnH state established "( sport = :21064 or dport = :21064 )" |
		awk '{ for (i = 3; i <= 4; i++) { sub(/:.*/, "", $i); print $i } }' | sort -u | xargs)" \
		"10.0.0.1 10.0.0.2"
	is_stock "$T" && {
		same "09: version" "$(comms "$T" "$N" version)" 0x00030002
		same "09: state" "$(comms "$T" "$N" state)" ESTABLISHED
	}
}

idle() {
	if is_stock "$1"; then [ "$(comms "$1" "$2" send_queue_count)" -le "$3" ]; else
		[ "$(figure "$1" "$2" queued)" -le "$3" ]; fi
}

# a node that is not there yet, and one that has no such lockspace yet
late() {
	LS_ID[y]=5001
	MEMBERS[y]=$T
	joiner "$T" y
	wire_mark
	start y "$T" "$T" "$N"
	heard 60 "$N>$T seq=[-0-9]+ STATUS_REPLY ls=5001 res=-3" && pass "10: $N has no such lockspace yet" ||
		fail "10: $N does not say that"
	check "10: $T goes on asking" wait_for 60 _asked 3
	joiner "$N" y
	local first=$JOIN
	start y "$N" "$N" "$T"
	put_sys "$N" y event_done 0
	put_sys "$T" y event_done 0
	wait "$first"
	ls_running y "$T" "$N"
	pass "10: both have recovered"
	MEMBERS[y]="$T $N"
	ls_end y
}
_asked() { [ "$(wire "$T>$N .* STATUS ls=5001" | wc -l)" -ge "$1" ]; }

absent() {
	wire_mark
	joiner "$T" z
	start z "$T" "$T" "$N"
	check "06: $T tries again and again" wait_for 120 _syns 3
	check "03: from its first address to the first of $N" test "$(wire " $T>$N SYN " | wc -l)" -ge 3
	is_stock "$T" && check "03: and says so" log_has "$T" "connect(ing)? to (node )?$N"
	joiner "$N" z
	local first=$JOIN
	start z "$N" "$N" "$T"
	put_sys "$N" z event_done 0
	put_sys "$T" z event_done 0
	wait "$first"
	MEMBERS[z]="$T $N"
	ls_running z "$T" "$N"
	pass "06: recovery went on by itself"
}
_syns() { [ "$(wire " $T>$N SYN " | wc -l)" -ge "$1" ]; }

third_connections() {
	local i
	for ((i = 0; i < rounds; i++)); do
		on "$N" raw_peer flood "$(ns_addr "$N")" "$(ns_addr "$T")" 3 silent >/dev/null
		progress 20 || return
	done
	pass "05: a third connection costs nothing"
}

load() {
	local i n
	stress_on x 1
	stress_on x 2
	progress 200
	third_connections || return
	wire_mark
	for ((i = 0; i < rounds; i++)); do
		resets "$N"
		resets "$T"
		progress 20 || return
	done
	n=$(wire ' SYN ' | wc -l)
	check "04, 14: connections began anew ($n)" test "$n" -ge "$rounds"
	# now each of them sends on a connection that is the other one's second
	third_connections || return
	if [ -n "${DLM_LONG-}" ]; then progress 10000 1200; else progress 500; fi
	stress_off "04, 05, 12, 14" 1 2 || return
	for i in 1 2; do check "14: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
	check "11: $T has little unconfirmed" wait_for 20 idle "$T" "$N" 1
	check "11: $N has little unconfirmed" wait_for 20 idle "$N" "$T" 256
}

# names of all lengths with value blocks, one after the other
lengths() {
	local a=$1 b=$2 i name step=9
	[ -z "${DLM_LONG-}" ] || step=1
	for ((i = 1; i <= 64; i += step)); do
		name=$(printf "%0${i}d" "$i")
		name=${name: -i}
		tell "$a" get k EX "$name" valblk
		does "19: $a stores under a name of $i" "granted lvb=$i" "$a" set k NL "lvb=$i"
		does "19: $b reads it" "granted lvb=$i" "$b" get r PR "$name" valblk
		tell "$a" put k
		tell "$b" put r
	done
}

by_proxy() { [ -n "$(on "$N" ss -tnH state established "( sport = :7999 )")" ]; }

in_pieces() {
	local how py="$VM_DIR/../interop/split.py"
	for how in bytes lumps; do
		on "$N" sh -c "$py 7999 $how >/run/split" || fail "13: no proxy"
		on "$N" nft "table ip s {
			chain o { type nat hook output priority -100; meta mark != 99 ip daddr $(ns_addr "$T") tcp dport 21064 redirect to :7999; };
			chain i { type filter hook input priority 0; ip saddr $(ns_addr "$T") tcp dport 21064 tcp flags & (syn | ack) == syn drop; }; }" ||
			fail "13: no redirection"
		# ours must be first, or it will not be used; a SYN of the other one may wait. (It must not be
		# refused: 6.1 then connects again hundreds of times a second)
		resets "$N"
		check "13: a connection by way of the proxy ($how)" wait_for 30 by_proxy
		on "$N" nft delete chain ip s i
		lengths 1 2
		play_lvb 2 1
		check "13: it was used ($how)" by_proxy
		on "$N" sh -c 'nft delete table ip s; kill $(sed -n "s/pid //p" /run/split)'
		resets "$N"
		lengths 2 1
	done
}

# raw NODE PEER BYTES - a stock node sends that
raw() { on "$1" bash -c "printf '%b' '$3' >/sys/kernel/debug/dlm/comms/$2/rawmsg"; }

# le32, le16 NUMBER - for printf %b
le32() { printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
le16() { printf '\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)); }
head_of() { printf '%s' "$(le32 0x00030002)$(le32 "$1")$(le32 "$T")$(le16 "$2")\\x0$3\\x00"; }
zeros() { printf '\\x00%.0s' $(seq "$1"); }

# what T can be made to send; N goes on. (In place of a number 0, T puts its next one, which N
# would then miss for ever if it could not take the packet: it is not repeated)
odd_packets() {
	local purge seq i
	is_stock "$T" || return
	play_modes 1 2
	purge="$(head_of "${LS_ID[x]}" 88 1)$(le32 14)$(zeros 68)"
	wire_mark
	# one ACK for each: a late one for what came before may be among them, not three
	for i in 1 2 3; do raw "$T" "$N" "$(head_of 1 112 3)\\x01$(zeros 7)$purge"; done
	check "15: $N acknowledges what is repeated" wait_for 20 _acked 3
	wire_mark
	raw "$T" "$N" "$(head_of 0x70000000 112 3)\\x01$(zeros 7)$purge"
	# at once: after five seconds without the right numbers N would have the connection made anew
	play_modes 2 1
	check_not "16: the connection is kept" heard 0 "RST|EOF"
	raw "$T" "$N" "$purge"
	raw "$T" "$N" "$(head_of 0x70000002 20 3)$(zeros 4)"
	raw "$T" "$N" "$(head_of 0x70000001 40 3)\\x09$(zeros 7)$(head_of 0 16 9)"
	raw "$T" "$N" "$(head_of 0 16 9)"
	play_modes 2 1
	for seq in 15 4097; do
		wire_mark
		raw "$T" "$N" "$(head_of 0 "$seq" 2)$(zeros 64)"
		heard 20 "$N>$T RST" && pass "18: a length of $seq ends the connection" || fail "18: a length of $seq is taken"
		play_modes 1 2
	done
}

_acked() { [ "$(wire | sed -n '/ seq=1 PURGE /,$p' | grep -c "$N>$T ACK next=[1-9]")" -ge "$1" ]; }

foreign() {
	local i id
	for i in 3 4 9; do ip addr add "10.0.0.$i/24" dev eth0; done
	for i in "$T" "$N"; do
		by_hand "$i" x 9@10.0.0.9 stranger
		for id in 3 4; do configure "$i" comm "$id" "10.0.0.$id"; done
		by_hand "$i" x 3@10.0.0.3 talk
		is_stock "$i" && {
			same "09: version of 3 on $i" "$(comms "$i" 3 version)" 0x00030002
			same "09: state of 3 on $i" "$(comms "$i" 3 state)" ESTABLISHED
		}
		by_hand "$i" x 3@10.0.0.3 pieces
		is_stock "$i" || by_hand "$i" x 3@10.0.0.3 framing
		# or a stock node that leaves waits three minutes for its farewell
		for id in 3 4; do configure "$i" gone "$id"; done
	done
	play_modes 1 2
}

# a member that speaks 3.1
old_version() {
	local i=$1 ls=old$1 name
	check "17: $i is alone" ls_join "$ls" "$i"
	agent "$ls" "${i}o"
	name=$(raw_wire pick "old" 1 "$i" "$i" 4) name=${name% }
	does "17: $i has a lock" granted "${i}o" get k PR "$name"
	member_by_hand "$i" "$ls" 4 v31 "lock=$name"
	ls_stop "$ls" "$i"
	start "$ls" "$i" "$i" 4
	ls_running "$ls" "$i"
	is_stock "$i" && {
		same "17: version of 4 on $i" "$(comms "$i" 4 version)" 0x00030001
		check "17: $i says so" log_has "$i" "version 0x00030001 for node 4"
	}
	: >/run/peer.go
	wait_for 60 grep -q unlocked /run/peer.out
	member_ends
	ls_stop "$ls" "$i"
	start "$ls" "$i" "$i"
	ls_running "$ls" "$i"
	quit "${i}o"
	ls_end "$ls"
	configure "$i" gone 4
}

guests_up tcp
wire_on
referee_on
LS_ID[x]=5000 LS_ID[z]=5002
marked "$N" "$T" 86
unknown_address
agent x 1 2
play_modes 1 2
connections
late
lengths 1 2
in_pieces
wire_clean "01-14, 19"
odd_packets
foreign
wire_forget
load || bail "the load does not go on"
# of connections that began after the marks were set
check "07: $T marks what it sends" test "$(marked_count "$T")" -gt 0
check "07: $N marks what it sends" test "$(marked_count "$N")" -gt 0
quit 1 2
ls_end x
# the last one was left on both: no connection any more
absent
ls_end z
wire_clean "04, 05, 14"
old_version "$T"
old_version "$N"
# (N is started before T knows of it, once, and may be told of T's table without it)
logs_clean "01-19" 'non cluster|got connection|seq mismatch|version header|invalid h_nodeid|unsupported h_cmd|unknown|len|Not a mem|node 3|invalid lockspace|accepting connection|_receive_message|table ignored'
wire_off
referee_off
guests_down
finish
