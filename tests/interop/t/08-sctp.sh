#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 8, and 9-16, 18 over SCTP: two addresses for each node; a path is cut, then both for a while.
# guests: 2
# ours: 2 1
# time: 500
# shellcheck disable=SC2034,SC2154 # arrays of ns.sh
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/vms.sh"
. "$VM_DIR/../interop/lib.sh"

case ${OURS:-} in *1*) N=1 T=2 ;; *) N=2 T=1 ;; esac
ns_addr() { echo "10.0.0.$1,10.1.0.$1"; }

# every guest: another network, and a transport that soon takes the other path. No association may
# end: a stock node then loses messages for good, or never connects again, among stock nodes, too
sctp_there || bail "no SCTP"
ip addr add "10.1.0.$NODE/24" dev eth0
sysctl -qw net.sctp.path_max_retrans=1 net.sctp.rto_initial=500 net.sctp.rto_min=200 \
	net.sctp.rto_max=1000 net.sctp.association_max_retrans=60 net.sctp.hb_interval=10000

# cut NODE NETWORK..., mend NODE
cut() {
	local n=$1 rules_in='' rules_out='' a
	shift
	for a; do
		rules_in+="meta l4proto sctp ip saddr $a drop; "
		rules_out+="meta l4proto sctp ip daddr $a drop; "
	done
	on "$n" nft "table ip c { chain i { type filter hook input priority 0; $rules_in }; chain o { type filter hook output priority 0; $rules_out }; }" ||
		fail "node $n: nothing is cut"
}
mend() { on "$1" nft delete table ip c; }

idle() {
	if is_stock "$1"; then [ "$(comms "$1" "$2" send_queue_count)" -le "$3" ]; else
		[ "$(figure "$1" "$2" queued)" -le "$3" ]; fi
}
# sctp_count NODE FIGURE; more NODE FIGURE THAN
sctp_count() { on "$1" awk -v f="$2" '$1 == f { print $2 }' /proc/net/sctp/snmp; }
more() { [ "$(sctp_count "$1" "$2")" -gt "$3" ]; }

# what a node made by hand says: numbers, odd packets, messages of one byte and of 64 KiB
foreign() {
	local i
	for i in 3 9; do ip addr add "10.0.0.$i/24" dev eth0; done
	for i in "$T" "$N"; do
		# a stock node looks for connections when data comes, once: this one would be taken
		# for the next one
		is_stock "$i" || by_hand "$i" x 9@10.0.0.9 stranger
		configure "$i" comm 3 10.0.0.3
		by_hand "$i" x 3@10.0.0.3 talk
		is_stock "$i" && same "09: version of 3 on $i" "$(comms "$i" 3 version)" 0x00030002
		by_hand "$i" x 3@10.0.0.3 pieces
		is_stock "$i" || by_hand "$i" x 3@10.0.0.3 framing
		configure "$i" gone 3
	done
	play_modes 1 2
}

guests_up sctp
export PEER_SCTP=1
wire_on
referee_on
LS_ID[x]=5000 LS_ID[y]=5001
check "08: join" ls_join x 1 2
ls_running x 1 2
agent x 1 2
play_modes 1 2
play_lvb 2 1
is_stock "$T" && {
	same "09: version" "$(comms "$T" "$N" version)" 0x00030002
	same "09: state" "$(comms "$T" "$N" state)" ESTABLISHED
}

# a lockspace that one of them does not have yet
joiner "$T" y
first=$JOIN
start y "$T" "$T" "$N"
is_stock "$T" && check "10: $T goes on asking" wait_for 60 log_has "$T" 'not ready'
joiner "$N" y
start y "$N" "$N" "$T"
put_sys "$N" y event_done 0
put_sys "$T" y event_done 0
wait "$first"
MEMBERS[y]="$T $N"
ls_running y "$T" "$N"
pass "10: both have recovered"
ls_end y

same "11: each conversation begins with number 0" \
	"$(awk '$3 ~ /^seq=[0-9]/ && !f[$2]++ && $3 != "seq=0"' "$WIRE")" ""
# both ways, or the watcher sees nothing
for i in "1>2" "2>1"; do check "12: numbers of $i are seen" test "$(grep -c " $i seq=[1-9]" "$WIRE")" -ge 10; done
wire_clean "09-12"
foreign
wire_forget

stress_on x 1
stress_on x 2
progress 500
for i in 1 2; do check_not "12: no number is missed or repeated on $i" log_has "$i" 'seq mismatch.*nodeid: [12]$|packets are missing'; done
cut "$N" 10.0.0.0/24
progress 1000 300 && pass "08: the other path is used"
mend "$N"
progress 300
before=$(sctp_count "$N" SctpT3RtxExpireds)
cut "$N" 10.0.0.0/24 10.1.0.0/24
check "14: $N repeats in vain" wait_for 120 more "$N" SctpT3RtxExpireds $((before + 8))
mend "$N"
progress 1000 300 && pass "14: it goes on where it was"
stress_off "08, 12, 14" 1 2
for i in 1 2; do check "14: nothing outstanding on $i" wait_for 20 no_waiters "$i" x; done
check "11: $T has little unconfirmed" wait_for 20 idle "$T" "$N" 1
check "11: $N has little unconfirmed" wait_for 20 idle "$N" "$T" 256

wire_clean "08, 12, 14"
# or nothing odd was seen because nothing was looked at
check_not "12: the view of the wire has no hole" grep -q '^HOLE' "$WIRE"

# with one path cut from the beginning the other one must be found
quit "$N"
check "08: $N leaves" ls_leave x "$N"
cut "$N" 10.0.0.0/24
check "08: and joins again, where the first path is cut" ls_join x "$N"
ls_running x 1 2
agent x "$N"
play_modes 1 2
play_lvb 2 1
mend "$N"
quit 1 2
ls_end x
# what was said of the node made by hand
logs_clean "08-16, 18" 'seq mismatch|non cluster|version header|invalid h_nodeid|unsupported h_cmd|unknown|len|Not a mem|node 3|invalid lockspace|_receive_message'
wire_off
referee_off
guests_down
finish
