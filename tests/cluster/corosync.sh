# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A cluster of virtual machines with corosync and dlm_controld. Use, in a test
# for several guests (the same script runs in all of them), after vm/guest.sh and
# libdlm/prog.sh:
#
#	. "$VM_DIR/../cluster/corosync.sh"
#	cluster_up tcp			module, corosync, daemon on this guest
#	cluster_serve			guests but the first do what that one says
#	on 2 PROGRAM
#	cluster_down
#
# Nothing is fenced: a guest that fails is forgotten, and may boot again.

CORO_PROTO=tcp
CORO_LOGS=	# of this guest's daemons since it booted, seen by all

# shellcheck source=tests/cluster/play.sh
. "$VM_DIR/../cluster/play.sh"

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

coro_conf() {
	local i
	cat <<-END
	totem {
		version: 2
		cluster_name: test
		transport: knet
		crypto_cipher: none
		crypto_hash: none
		token: $((12000 * TIME_FACTOR))
	}
	logging {
		to_stderr: no
		to_syslog: no
		to_logfile: yes
		logfile: $CORO_LOGS/corosync.log
	}
	quorum {
		provider: corosync_votequorum
		expected_votes: $NODES
	}
	nodelist {
	END
	for i in $(seq "$NODES"); do
		printf '\tnode {\n\t\tname: node%s\n\t\tnodeid: %s\n\t\tring0_addr: 10.0.0.%s\n' \
			"$i" "$i" "$i"
		[ "$CORO_PROTO" = tcp ] || printf '\t\tring1_addr: 10.0.1.%s\n' "$i"
		printf '\t}\n'
	done
	echo "}"
}

daemon_answers() { dlm_tool status >/dev/null 2>&1; }
members_are() { [ "$(corosync-quorumtool -s 2>/dev/null | sed -n 's/^Nodes: *//p')" = "$1" ]; }

daemon_up() {
	dlm_controld || bail "dlm_controld"
	wait_for 60 daemon_answers || { tail -30 "$CORO_LOGS/dlm_controld.log"; bail "no answer from dlm_controld"; }
}

# cluster_up tcp|sctp
cluster_up() {
	local came
	CORO_PROTO=$1
	[ -x /usr/sbin/dlm_controld ] || skip_all "no dlm_controld: tests/deps.sh vm"
	# with SCTP every node has two addresses
	[ "$CORO_PROTO" = tcp ] || {
		sctp_there || bail "no SCTP"
		ip addr add "10.0.1.$NODE/24" dev eth0
	}
	load_dlm || bail "insmod"
	CORO_LOGS=/shared/log.$NODE.$(life "$NODE")
	mkdir -p /etc/corosync /var/lib/corosync /etc/dlm /run/dlm_controld "$CORO_LOGS"
	ln -s "$CORO_LOGS" /var/log/dlm_controld
	coro_conf >/etc/corosync/corosync.conf
	cat >/etc/dlm/dlm.conf <<-END
	enable_fencing=0
	enable_startup_fencing=0
	enable_quorum_lockspace=0
	enable_plock=1
	mark=7
	log_debug=1
	debug_logfile=1
	protocol=$CORO_PROTO
	END
	came=$(life "$NODE")
	[ "$came" = 0 ] || wait_for 200 test -e "/shared/missed.$NODE.$came" || bail "nobody has missed node $NODE"
	corosync || bail "corosync"
	wait_for 200 members_are "$NODES" || { cat "$CORO_LOGS/corosync.log"; bail "corosync: not all nodes"; }
	daemon_up
	lt_agent serve "10.0.0.$NODE:7000" || bail "agent"
	: >"/shared/life.$NODE.$(($(life "$NODE") + 1))"
}

# life NODE - how many times it came up
life() { find /shared -name "life.$1.*" | wc -l; }
lives() { [ "$(life "$1")" -ge "$2" ]; }

# the last words of every guest
leave_cluster() {
	same "node $NODE: no lockspace is left" "$(ls /sys/kernel/dlm)" ""
	check "node $NODE: dlm_controld ends" wait_for 30 daemon_gone "$NODE"
	# shellcheck disable=SC2046 # pids
	kill $(pidof corosync)
	check "node $NODE: corosync ends" wait_for 60 ended corosync
	check "node $NODE: rmmod" wait_for 20 rmmod dlm
}
ended() { ! pidof "$1" >/dev/null; }

# daemon_gone NODE - told to end, until it has: a signal that comes while the daemon has something to
# do is not looked at before the next one
# shellcheck disable=SC2016 # for a shell there
daemon_gone() { on "$1" bash -c 'p=$(pidof dlm_controld) || exit 0; kill $p; exit 1'; }

# cluster_serve - the first guest goes on when all are there, the others stay here
cluster_serve() {
	local i
	if [ "$NODE" = 1 ]; then
		# shellcheck disable=SC2034 # for interop/lib.sh
		NODES_UP=$(seq -s' ' "$NODES")
		for i in $(seq "$NODES"); do
			wait_for 300 lives "$i" 1 || bail "node $i does not come"
		done
		return 0
	fi
	until [ -e /shared/end ]; do sleep 0.2; done
	leave_cluster
	finish
}

# complaints - what daemons found wrong; there is no configfs tree when they start
complaints() {
	grep -hiE 'fail|error|cannot|invalid|abort' /shared/log.*/dlm_controld.log |
		grep -vE 'opendir failed: 2$|counts member'
}

# cluster_down - no lockspace may be left anywhere
cluster_down() {
	same "no daemon complains" "$(complaints)" ""
	: >/shared/end
	leave_cluster
}

# ls_join LS NODE... - at once
ls_join() {
	local ls=$1 i p rc=0 pids=()
	shift
	for i; do
		on "$i" ns_ls join "$ls" & pids+=($!)
	done
	for p in "${pids[@]}"; do wait "$p" || rc=1; done
	return "$rc"
}
ls_leave() { on "$2" ns_ls leave "$1"; }

# ls_sees LS NODE MEMBERS - what dlm_tool on that node says
ls_sees() { [ "$(on "$2" dlm_tool ls "$1" | sed -n 's/^members *//p' | xargs)" = "$3" ]; }

# node_kill NODE - reset; the others notice by themselves.  It must not be back before they have:
# dlm_controld has a node killed that joins with what it knows while nobody saw it go.
node_kill() {
	local came
	came=$(life "$1")
	on "$1" bash -c '(sleep 0.2; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &'
	(wait_for 200 members_are $((NODES - 1)) && : >"/shared/missed.$1.$came") &
}
