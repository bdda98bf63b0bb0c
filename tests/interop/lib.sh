# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For interoperability tests, after cluster/vms.sh: what stock nodes say and show.

# lines that stock nodes write among themselves, too
log_usual='dlm_user_daemon|log_(debug|info)|not ready'

# nodes_of stock|ours
nodes_of() {
	local i
	for i in $NODES_UP; do
		case $1:${OURS-} in
		ours:*"$i"*) echo "$i" ;;
		ours:*) ;;
		stock:*"$i"*) ;;
		*) echo "$i" ;;
		esac
	done
}
stock_nodes() { nodes_of stock; }

# log_has NODE REGEX
log_has() { on "$1" dmesg | grep -qE "$2"; }

# logs_clean TEXT [REGEX] - no node complained, but for lines with REGEX
logs_clean() {
	local i got
	for i in $NODES_UP; do
		got=$(on "$i" dmesg | grep -E 'dlm' |
			grep -iE 'WARN|BUG|invalid|ignor|unexpected|error|mismatch|bad |duplicate|reject' |
			grep -vE "$log_usual${2:+|$2}" | head -5)
		same "$1: node $i does not complain" "$got" ""
	done
}

# dumped NODE LS RESOURCE - its locks there: "grmode rqmode", sorted
dumped() { on "$1" dlm_tool lockdump -M "$2" | grep "\"$3\"" | sed -E 's/.*gr ([A-Z]+) rq ([A-Z]+).*/\1 \2/' | sort; }

# waiting_for_peer NODE LS - operations without an answer
waiting_for_peer() { on "$1" cat "/sys/kernel/debug/dlm/$2_waiters"; }
no_waiters() { [ -z "$(waiting_for_peer "$1" "$2")" ]; }

# trace_on NODE..., traced NODE - lock messages that it sent and got, one a line:
# "send TYPE" or "recv TYPE", as numbers of the wire
trace_on() {
	local i
	for i; do
		on "$i" sh -c 'cd /sys/kernel/tracing && echo >trace &&
			for e in send recv; do echo 1 >events/dlm/dlm_${e}_message/enable; done'
	done
}
trace_off() {
	local i
	for i; do on "$i" sh -c 'cd /sys/kernel/tracing && echo 0 >events/dlm/enable'; done
}
traced() { on "$1" cat /sys/kernel/tracing/trace | grep -v '^#'; }
