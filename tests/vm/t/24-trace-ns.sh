#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tracepoints of what travels between nodes: dlm_send_*, dlm_recv_*; figures of peers in debugfs.
# kernels: all
# cpus: 2
# time: 180
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
T=/sys/kernel/tracing
E=$T/events/dlm
[ -d $T/events ] || skip_all "no tracing in this kernel"
nodes_up 2
for ev in send_message recv_message send_rcom recv_rcom send recv; do
	echo 1 >"$E/dlm_$ev/enable" || fail "no event dlm_$ev"
done
check "both join" ls_join x 1 2
ls_running x 1 2
agent x 1 2
does "1: EX" granted 1 get a EX traced
does "2: EX waits" ok 2 lock a EX traced
does "1 is told" yes 1 bast a
does "1: unlock" unlocked 1 put a
does "2 has it" granted 2 wait a
does "1: EX waits" ok 1 lock b EX traced
does "2 is told, from afar" yes 2 bast a
does "2: unlock" unlocked 2 put a
does "1 has it" granted 1 wait b
does "1: unlock" unlocked 1 put b
for ev in send_message recv_message send_rcom recv_rcom send recv; do
	echo 0 >"$E/dlm_$ev/enable"
done
trace=$(grep -v '^#' $T/trace)
id=$(cat "$(node_sys 1)/x/id")

# the resource's name is there, in hexadecimal, whatever the message is about
check "a request or look-up is sent" grep -qE "dlm_send_message: .*h_lockspace=$id .*m_type=(REQUEST|LOOKUP) .*m_rqmode=EX .*res_name=747261636564(00)?$" <<<"$trace"
check "a BAST is sent" grep -qE "dlm_send_message: .*m_type=BAST .*m_bastmode=EX .*res_name=747261636564" <<<"$trace"
check "and received" grep -qE "dlm_recv_message: .*m_type=BAST .*m_bastmode=EX" <<<"$trace"
check "names are asked for" grep -qE "dlm_send_rcom: dst=[12] .*h_cmd=2 .*rc_type=NAMES " <<<"$trace"
check "a status has no number" grep -qE "dlm_recv_rcom: dst=[12] h_seq=0 .*rc_type=STATUS " <<<"$trace"
check "bytes are sent" grep -qE "dlm_send: nodeid=[12] ret=[0-9]+" <<<"$trace"
check "and received" grep -qE "dlm_recv: nodeid=[12] ret=[0-9]+" <<<"$trace"

# nothing is lost, and nothing comes twice: the same events on both sides but for their name
numbered() { sed -n "s/.* dlm_$1: \(dst=[0-9]* h_seq=[1-9][0-9]* .* h_lockspace=$id .*m_type=[A-Z_]*\) .*/\1/p" <<<"$trace" | sort; }
check "there are some" [ -n "$(numbered send_message)" ]
same "sent and received" "$(numbered recv_message)" "$(numbered send_message)"

check "figures of peers" on 1 grep -qE '^2 received [1-9]' /sys/kernel/debug/dlm/net-*/"node peers"
quit 1 2
ls_end x
nodes_down
finish
