# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A cluster of virtual machines without daemons: the first guest plays the
# control daemon of all of them, with the words of ns.sh.  The module may be the
# stock one on any guest.  Use, in a test for several guests (the same script runs
# in all of them), after vm/guest.sh and libdlm/prog.sh:
#
#	. "$VM_DIR/../cluster/vms.sh"
#	guests_up tcp			the first guest goes on, the others serve it
#	ls_join x 1 2 3
#	on 2 PROGRAM
#	guests_down
#
# A guest that was killed boots again (vm/run --reboots), runs the script anew and
# serves; node_back waits for that.

# shellcheck source=tests/cluster/ns.sh
. "$VM_DIR/../cluster/ns.sh"
NS_RUN=/shared

# what a guest is told to do, port 7000; agents listen above
endpoint() {
	local tag=${2##*[0-9]}
	echo "10.0.0.$1:$((7001 + ${#tag}))"
}
on() {
	local n=$1
	shift
	lt_agent ask "10.0.0.$n:7000" run "$(printf '%q ' "$@")"
}
spawn() { on "$@" & }
node_figure() {
	on "$1" cat "/sys/kernel/debug/dlm/node peers" |
		awk -v p="$2" -v f="$3" '$1 == p && $2 == f { print $3 }'
}
get_sys() { on "$1" cat "/sys/kernel/dlm/$2/$3"; }

# what is asked over and over again is done without a process (play.sh)
put_sys() {
	tell "@$1" write "/sys/kernel/dlm/$2/$3" "$4"
	[ "$ANSWER" = ok ] || fail "node $1: $2/$3 := $4: $ANSWER"
}
has_sys() {
	tell "@$1" exists "/sys/kernel/dlm/$2"
	[ "$ANSWER" = yes ]
}
ls_recovered() {
	tell "@$2" read "/sys/kernel/dlm/$1/recover_status"
	case $ANSWER in 55|ff|FF) ;; *) false ;; esac
}
exec {NAP_FD}<> <(:)
wait_for() {
	local end=$((SECONDS + $1 * TIME_FACTOR))
	shift
	until "$@"; do
		[ "$SECONDS" -ge "$end" ] && return 1
		read -r -t 0.05 -u "$NAP_FD" _ || :
	done
}

configure() { on "$1" raw_cluster "$@"; }
ns_addr() { echo "10.0.0.$1"; }

# life NODE - how many times it came up
life() { find /shared -name "life.$1.*" | wc -l; }
lives() { [ "$(life "$1")" -ge "$2" ]; }

# is_stock NODE - not our module
is_stock() { on "$1" test ! -e /sys/module/dlm/parameters/solo; }
kernel_log() { on "$1" dmesg; }		# NODE

end_all() {
	local rc=$?
	: >/shared/end
	(exit "$rc")
	on_exit
}

# guests_up [tcp|sctp] - what every guest does first
guests_up() {
	local i proto=0 addrs=()
	[ "${1-tcp}" = tcp ] || proto=1
	sctp_there 2>/dev/null || [ "$proto" = 0 ] || bail "no SCTP"
	load_dlm || bail "insmod"
	rm -f "/shared/events.$NODE"
	raw_cluster "$NODE" listen "/shared/events.$NODE" || bail "monitor"
	wait_for 20 grep -q pid "/shared/events.$NODE"
	for i in $(seq "$NODES"); do addrs+=("$(ns_addr "$i")"); done
	raw_cluster "$NODE" conf "$proto" "${addrs[@]}" || bail "configuration"
	for i in log_debug log_info; do
		echo 1 >"/sys/kernel/config/dlm/n$NODE/$i" 2>/dev/null
	done
	lt_agent serve "10.0.0.$NODE:7000" || bail "agent"
	: >"/shared/life.$NODE.$(($(life "$NODE") + 1))"
	if [ "$NODE" != 1 ]; then
		until [ -e /shared/end ]; do read -r -t 1 -u "$NAP_FD" _; done
		leave_cluster
		finish
	fi
	# however it ends, the others must not wait
	trap 'end_all' EXIT
	NODES_UP=$(seq -s' ' "$NODES")
	for i in $NODES_UP; do
		ENDPOINT[@$i]=10.0.0.$i:7000
		wait_for 300 lives "$i" 1 || bail "guest $i does not come"
	done
}

# the last words of every guest
leave_cluster() {
	same "node $NODE: no lockspace is left" "$(ls /sys/kernel/dlm)" ""
	[ -z "$(ls /sys/kernel/dlm)" ] || return
	kill "$(sed -n 's/^pid //p' "/shared/events.$NODE")"
	raw_cluster "$NODE" destroy || fail "node $NODE: configuration cannot be removed"
	check "node $NODE: rmmod" wait_for 60 rmmod dlm
}

guests_down() {
	: >/shared/end
	leave_cluster
}

# node_off I - reset; the next thing it does is to boot
declare -A LIVES
node_off() {
	LIVES[$1]=$(life "$1")
	on "$1" bash -c '(sleep 0.2; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &'
	wait_for 20 deaf "$1" || fail "node $1 does not end"
	NODES_UP=$(without "$1" $NODES_UP)
}
deaf() { ! timeout 2 lt_agent ask "10.0.0.$1:7000" run true >/dev/null 2>&1; }

# node_back ID - it has booted again
node_back() {
	local i=$1 k
	wait_for 300 lives "$i" $((LIVES[$i] + 1)) || { fail "node $i does not boot again"; return 1; }
	for k in $NODES_UP; do configure "$k" comm "$i" "$(ns_addr "$i")"; done
	NODES_UP+=" $i"
}

# net_filter NODE NETEM... - what it sends to other DLMs is delayed, lost ...
net_filter() {
	local n=$1
	shift
	on "$n" sh -c "modprobe -a sch_prio sch_netem cls_u32; tc qdisc del dev eth0 root 2>/dev/null
		tc qdisc add dev eth0 root handle 1: prio &&
		tc qdisc add dev eth0 parent 1:3 handle 30: netem $* &&
		tc filter add dev eth0 parent 1:0 protocol ip u32 match ip dport 21064 0xffff flowid 1:3 &&
		tc filter add dev eth0 parent 1:0 protocol ip u32 match ip sport 21064 0xffff flowid 1:3" ||
		fail "node $n: no $*"
}
net_mute() { net_filter "$1" loss 100%; }
net_plain() { on "$1" tc qdisc del dev eth0 root; }
