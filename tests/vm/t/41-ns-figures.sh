#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Figures of a cluster, in counts: what wakes up for a remote request. Not on the debug
# kernel, where callers are so slow that they are preempted while they send.
# kernels: 6.1 6.12 7.x
# cpus: 1
# time: 120
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
T=/sys/kernel/tracing
[ -d $T/events/workqueue ] || skip_all "no tracing in this kernel"
n=200

# figure TEXT COUNT OF [REACH] - COUNT per OF operations, at most REACH of them per 100
figure() {
	local text=$1 count=$2 of=$3 reach=${4-} per limit=''
	per=$((count * 100 / of))
	[ -z "$reach" ] || printf -v limit ', reach %d.%02d' $((reach / 100)) $((reach % 100))
	printf 'figure: %-56s %d for %d, %d.%02d each%s\n' "$text" "$count" "$of" \
		$((per / 100)) $((per % 100)) "$limit"
	[ -z "$reach" ] || check "$text: at most $reach of 100" [ "$per" -le "$reach" ]
}

# traced PATTERN - lines of the trace
traced() { grep -cE "$1" /run/trace; }
all_done() { [ "$(grep -c ready /run/rounds)" = 2 ]; }

nodes_up 2
check "join" ls_join x 1 2
ls_running x 1 2
agent x 1
does "node 1 masters the name" granted 1 get a NL name

mkfifo /run/go
on 2 lt_rounds x name $n </run/go >/run/rounds &
rounds=$!
exec 8>/run/go
wait_for 20 grep -q ready /run/rounds || bail "lt_rounds does not begin"
# what was said so far is acknowledged by now, or will be during the rounds
echo 16384 >$T/buffer_size_kb
echo 'prev_comm ~ "kworker*" || next_comm ~ "kworker*"' >$T/events/sched/sched_switch/filter
echo 1 >$T/events/sched/sched_switch/enable
echo 1 >$T/events/workqueue/workqueue_execute_start/enable
echo >$T/trace
echo 1 >$T/tracing_on
echo go >&8
wait_for 60 all_done || bail "lt_rounds does not end"
echo 0 >$T/tracing_on
grep -v '^#' $T/trace >/run/trace
echo 0 >$T/events/enable
echo 0 >$T/events/sched/sched_switch/filter
echo go >&8
exec 8>&-
check "lt_rounds" wait $rounds

# a round has two remote requests, a lock and its unlock; both sides run in this kernel
ops=$((2 * n))
grep -oE 'function [a-z_]+ \[dlm\]' /run/trace | sort | uniq -c
check "there is something to count" [ "$(traced 'function conn_work')" -ge $ops ]
rx=$(traced 'function conn_work') tx=$(traced 'function tx_work')
# after a pause, which a slow machine makes in between, an ACK goes out that somebody receives
pauses=$(traced 'function idle_work')
# a question arrives on one side, the answer on the other; every 32nd packet is followed by an ACK
figure "work items per request, one on each side" $((rx + tx - pauses)) $ops 207
figure "of these, transmissions that the caller left over" "$tx" $ops 3
# others use these threads as well, and they are preempted
figure "switches to kernel workers per request, both sides" \
	"$(traced 'sched_switch: .*next_comm=kworker/u')" $ops
quit 1
ls_end x
nodes_down
finish
