# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A cluster in one kernel: each node is a network namespace with an address on
# one bridge, and this script is the control daemon of all of them.  Use, after
# vm/guest.sh and libdlm/prog.sh:
#
#	. "$VM_DIR/../cluster/ns.sh"
#	nodes_up 3			n1 .. n3, 10.1.0.1 .. 3
#	ls_join x 1 2 3
#	on 2 PROGRAM
#	nodes_down
#
# Daemons agree about who is in a lockspace; here the variable MEMBERS[LS] says
# it, and ls_members() makes it so on all nodes, in the order daemons would.

NS_RUN=/run/cluster
NODES_UP='' NS_PROTO=0 NS_FAMILY=4
# with 2 each node has a second address, 10.2.0.N, on a bridge of its own (IPv4 only)
: "${NS_PATHS:=1}"
declare -A MEMBERS LS_ID LS_NODIR PIDS WEIGHT

# shellcheck source=tests/cluster/play.sh
. "$VM_DIR/../cluster/play.sh"

ns_addr() {
	if [ "$NS_FAMILY" != 4 ]; then
		echo "fd00:1::$1"
	elif [ "$NS_PATHS" = 1 ]; then
		echo "10.1.0.$1"
	else
		echo "10.1.0.$1,10.2.0.$1"
	fi
}
on() { nsenter --net="/run/netns/n$1" -- "${@:2}"; }
endpoint() { echo "$NS_RUN/agent.$2"; }
# of a node's own /sys: this one shows the namespace it was mounted in
node_sys() { echo "$NS_RUN/sys$1/kernel/dlm"; }
get_sys() { cat "$(node_sys "$1")/$2/$3"; }	# NODE LS FILE
has_sys() { [ -e "$(node_sys "$1")/$2" ]; }	# NODE LS
configure() { raw_cluster "$@"; }		# NODE COMMAND...: what its daemon does

spawn() {
	local n=$1
	shift
	nsenter --net="/run/netns/n$n" -- "$@" &
	PIDS[$n]+=" $!"
}

# node_port I PORT BRIDGE ETH - one end of a cable in a bridge, the other one in a node
node_port() {
	ip link add "$2" type veth peer name "$4" netns "n$1" || bail "veth"
	ip link set "$2" master "$3" up
	ip -n "n$1" link set "$4" up
}

# node_net I - its namespace and its port of the bridge
node_net() {
	local i=$1
	ip netns add "n$i" || bail "ip netns add"
	node_port "$i" "v$i" dlmbr eth0
	# an address that is only tentative cannot be bound to
	sysctl -qw net.ipv6.conf.all.accept_dad=0
	on "$i" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.eth0.accept_dad=0
	ip -n "n$i" link set lo up
	if [ "$NS_FAMILY" = 4 ]; then
		ip -n "n$i" addr add "10.1.0.$i/24" dev eth0
		[ "$NS_PATHS" = 1 ] || {
			node_port "$i" "w$i" dlmbr2 eth1
			ip -n "n$i" addr add "10.2.0.$i/24" dev eth1
		}
	else
		ip -n "n$i" addr add "fd00:1::$i/64" dev eth0 nodad
	fi
}

# node_up I N - a node that knows of the nodes 1 to N
node_up() {
	local i=$1 n=$2 addrs=() k
	node_net "$i"
	mkdir -p "$NS_RUN/sys$i"
	on "$i" mount -t sysfs none "$NS_RUN/sys$i" || bail "sysfs of node $i"
	: >"$NS_RUN/events.$i"
	on "$i" raw_cluster "$i" listen "$NS_RUN/events.$i" || bail "monitor of node $i"
	wait_for 20 grep -q pid "$NS_RUN/events.$i"
	PIDS[$i]=" $(sed -n 's/^pid //p' "$NS_RUN/events.$i")"
	for k in $(seq "$n"); do addrs+=("$(ns_addr "$k")"); done
	configure "$i" conf "$NS_PROTO" "${addrs[@]}" || bail "configuration of node $i"
	NODES_UP+=" $i"
}

# nodes_up N [tcp|sctp] [4|6] [PARAM=VALUE...] - load the module, make N nodes
nodes_up() {
	local n=$1 i
	[ "${2-tcp}" = sctp ] && NS_PROTO=1 && { sctp_there || bail "no SCTP"; }
	NS_FAMILY=${3-4}
	dlm_loaded || load_dlm "${@:4}" || bail "insmod"
	[ -e /sys/module/dlm/parameters/solo ] || skip_all "the stock module is one node only"
	mkdir -p "$NS_RUN"
	ip link add dlmbr type bridge || bail "bridge"
	ip link set dlmbr up
	[ "$NS_PATHS" = 1 ] || {
		ip link add dlmbr2 type bridge || bail "bridge"
		ip link set dlmbr2 up
	}
	for i in $(seq "$n"); do node_up "$i" "$n"; done
	NS_NODES=$n
}

# put_end PID... - they end at once
put_end() {
	local p
	for p; do kill -KILL "$p" 2>/dev/null; done
	for p; do wait "$p" 2>/dev/null; done
}

# agent_pids NODE - not asked for: one that is slow to answer would stay, and its namespace with it
agent_pids() {
	pgrep -f "^lt_agent serve $NS_RUN/agent\\.$1[a-z]* "
	rm -f "$NS_RUN/agent.$1" "$NS_RUN/agent.$1"[a-z]*
}

# node_off I - it stops existing, in the middle of what it does: nothing it
# still wants to say gets out
node_off() {
	local i=$1
	ip link set "v$i" down
	[ "$NS_PATHS" = 1 ] || ip link set "w$i" down
	# shellcheck disable=SC2086,SC2046 # lists
	put_end $(agent_pids "$i") ${PIDS[$i]-}
	umount "$NS_RUN/sys$i"
	ip netns del "n$i"
	ip link del "v$i" 2>/dev/null
	ip link del "w$i" 2>/dev/null
	PIDS[$i]='' NODES_UP=" $NODES_UP "
	NODES_UP=${NODES_UP/ $i / }
	raw_cluster "$i" destroy || fail "configuration of node $i cannot be removed"
}

net_down() {
	ip link del dlmbr
	ip link del dlmbr2 2>/dev/null
}

# nodes_down - everything goes, and the module must be removable
nodes_down() {
	local i left
	for i in $NODES_UP; do
		left=$(ls "$(node_sys "$i")")
		same "node $i: no lockspace is left" "$left" ""
		node_off "$i"
	done
	net_down
	check "rmmod" wait_for 20 rmmod dlm
	check "it is gone" wait_for 10 dlm_unloaded
}

# node_figure NODE PEER NAME - a figure of its conversation with another node; PEER 0:
# of its transport
node_figure() {
	local ino
	ino=$(on "$1" stat -L -c %i /proc/self/ns/net)
	awk -v p="$2" -v f="$3" '$1 == p && $2 == f { print $3 }' \
		"/sys/kernel/debug/dlm/net-$ino/node peers"
}

# put_sys NODE LS FILE VALUE
put_sys() { echo "$4" >"$(node_sys "$1")/$2/$3" || fail "node $1: $2/$3 := $4"; }

ls_stop() {	# LS NODE...
	local i
	for i in "${@:2}"; do put_sys "$i" "$1" control 0; done
}

ls_start() {	# LS NODE...
	local i
	for i in "${@:2}"; do put_sys "$i" "$1" control 1; done
}

# ls_members LS ID... - from now on these, while all that remain are stopped;
# +ID was away meanwhile. WEIGHT[ID], LS_NODIR[LS]: if they are to be other than 1, 0
ls_members() {
	local ls=$1 i ids=()
	shift
	for i; do ids+=("$i:${WEIGHT[${i#+}]-1}"); done
	set -- "${@#+}"
	for i; do
		configure "$i" members "$ls" "${ids[@]}" || fail "members on node $i"
		[ -z "${LS_NODIR[$ls]-}" ] || put_sys "$i" "$ls" nodir 1
	done
	MEMBERS[$ls]="$*"
	ls_start "$ls" "$@"
}

# ls_running LS NODE... - until they have all recovered
ls_recovered() { case $(get_sys "$2" "$1" recover_status) in 55|ff|FF) ;; *) false ;; esac; }
ls_running() {
	local i
	for i in "${@:2}"; do
		wait_for 30 ls_recovered "$1" "$i" || {
			fail "node $i: $1 does not run: status $(get_sys "$i" "$1" recover_status)"
			cat "/sys/kernel/debug/dlm/$1"* 2>/dev/null | head -40
		}
	done
}

# ls_join LS ID... - these come in, at once; +ID was in it before it failed, and
# that is news to the others. Fails if one of the creates does
ls_join() {
	local ls=$1 i rc=0 old pids=() new=("${@:2}")
	shift
	set -- "${@#+}"
	[ -n "${LS_ID[$ls]-}" ] || LS_ID[$ls]=$((4096 + ${#LS_ID[@]}))
	old=${MEMBERS[$ls]-}
	for i; do
		on "$i" ns_ls join "$ls" &
		pids+=($!)
	done
	for i; do
		wait_for 20 has_sys "$i" "$ls/control" || { fail "node $i: no $ls"; return 1; }
		put_sys "$i" "$ls" id "${LS_ID[$ls]}"
	done
	# shellcheck disable=SC2086 # lists
	ls_stop "$ls" $old
	# shellcheck disable=SC2086
	ls_members "$ls" $old "${new[@]}"
	for i; do put_sys "$i" "$ls" event_done 0; done
	for i in "${pids[@]}"; do wait "$i" || rc=1; done
	return "$rc"
}

without() {	# ITEM LIST...
	local i
	for i in "${@:2}"; do [ "$i" = "$1" ] || printf '%s ' "$i"; done
}

events() { grep -c "^$2 $3\$" "$NS_RUN/events.$1"; }
had_events() { [ "$(events "$1" "$2" "$3")" -gt "$4" ]; }

# ls_leave LS ID [release] - one leaves, in the daemon's order; not by force. ON_LEAVE: a command
# for the time when it has asked to, and nobody was told yet
ls_leave() {
	local ls=$1 i=$2 n pid rc rest
	n=$(events "$i" offline "$ls")
	on "$i" ns_ls "${3-leave}" "$ls" &
	pid=$!
	if ! wait_for 20 had_events "$i" offline "$ls" "$n"; then
		fail "node $i: $ls: leaving was not announced"
		return 1
	fi
	[ -z "${ON_LEAVE-}" ] || $ON_LEAVE
	# shellcheck disable=SC2046,SC2086 # lists
	ls_stop "$ls" ${MEMBERS[$ls]}
	# shellcheck disable=SC2086
	rest=$(without "$i" ${MEMBERS[$ls]})
	configure "$i" drop "$ls"
	MEMBERS[$ls]=$rest
	# shellcheck disable=SC2086
	[ -z "$rest" ] || ls_members "$ls" $rest
	put_sys "$i" "$ls" event_done 0
	wait "$pid"; rc=$?
	! has_sys "$i" "$ls" || fail "node $i: $ls is still in sysfs"
	return "$rc"
}

# ls_end LS - the last ones leave
ls_end() {
	local i
	for i in ${MEMBERS[$1]}; do
		ls_leave "$1" "$i" || fail "node $i leaves $1"
		# a recovery that the next one interrupts is worth a line in a stock node's log
		# shellcheck disable=SC2086 # a list
		ls_running "$1" ${MEMBERS[$1]}
	done
}

# node_kill ID... - these fail; the others go on without them
node_kill() {
	local i
	for i; do node_off "$i"; done
	nodes_gone "$@"
}

# nodes_gone ID... - the daemons of the others see that these have failed
nodes_gone() {
	local i k ls rest
	for ls in "${!MEMBERS[@]}"; do
		rest=${MEMBERS[$ls]}
		for i; do
			# shellcheck disable=SC2086
			rest=$(without "$i" $rest)
		done
		[ "${rest% }" != "${MEMBERS[$ls]% }" ] || continue
		MEMBERS[$ls]=$rest
		# shellcheck disable=SC2086
		ls_stop "$ls" $rest
	done
	for k in $NODES_UP; do configure "$k" gone "$@"; done
	for ls in "${!MEMBERS[@]}"; do
		# shellcheck disable=SC2086
		[ -z "${MEMBERS[$ls]// }" ] || ls_members "$ls" ${MEMBERS[$ls]}
	done
}

# node_back ID - it boots again
node_back() {
	local i=$1 k
	for k in $NODES_UP; do configure "$k" comm "$i" "$(ns_addr "$i")"; done
	node_up "$i" "$NS_NODES"
}

# --- the network ---------------------------------------------------------

# net_shape NETEM... - delay 20ms loss 1%, on every node's way out
net_shape() {
	local i
	for i in $NODES_UP; do
		tc -n "n$i" qdisc replace dev eth0 root netem "$@" || bail "netem"
	done
}

net_plain() {
	local i
	for i in $NODES_UP; do tc -n "n$i" qdisc del dev eth0 root; done
}

# net_cut NODE, net_mend NODE - all it sends and is sent gets lost
net_cut() { tc -n "n$1" qdisc replace dev eth0 root netem loss 100% &&
	tc qdisc replace dev "v$1" root netem loss 100%; }
net_mend() { tc -n "n$1" qdisc del dev eth0 root; tc qdisc del dev "v$1" root; }

# net_reset NODE - every connection of a node ends with a reset
net_reset() { on "$1" ss -K -t "( sport = :21064 or dport = :21064 )" >/dev/null; }
