#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two machines without daemons: runs the commands of Documentation/cluster.rst as
# they stand there, and looks whether they do what it says.
# kernels: 6.1 6.12 7.x
# guests: 2
# time: 100
# run: --dies 2
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

# recipe NAME - the literal block behind the line ".. run: NAME"
recipe() {
	awk -v start=".. run: $1" '
		$0 == start { on = 1; next }
		on && /^    / { seen = 1; print; next }
		on && seen && /^[^ ]/ { exit }
	' "$VM_DIR/../../Documentation/cluster.rst" | sed "s/^ *us=1 /us=$NODE /"
}
# in this shell, as if it had been typed
follow() {
	recipe "$1" >"/run/recipe.$1"
	[ -s "/run/recipe.$1" ] || bail "no recipe $1"
	set -e
	# shellcheck disable=SC1090
	. "/run/recipe.$1"
	set +e
	pass "node $NODE: $1"
}
agent() { lt_agent "$@"; }
state() { sed -n "s/^$1 //p" /sys/kernel/debug/dlm/shop_state; }
running() { [ "$(state phase)" = running ] && [ "$(state members)" = "$1" ]; }
step() { barrier "$1" 2; }

load_dlm || bail "insmod"
follow configure
step configured
follow join
check "node $NODE: two members run" wait_for 30 running 2
agent serve /run/agent shop || bail "agent"
step joined

if [ "$NODE" = 1 ]; then
	same "1: EX" "$(agent ask /run/agent get a EX one)" granted
	grep -q '^2 state 1$' '/sys/kernel/debug/dlm/node peers'
	same "1: the transport talks to 2" $? 0
	step held
	step met
	same "1: unlock" "$(agent ask /run/agent put a)" unlocked
	step free
else
	step held
	same "2: it is held" "$(agent ask /run/agent get a EX one noqueue)" EAGAIN
	step met
	step free
	same "2: EX" "$(agent ask /run/agent get a EX one)" granted
	agent ask /run/agent quit >/dev/null
fi
step locked

# --- node 2 leaves ---------------------------------------------------------
if [ "$NODE" = 1 ]; then
	follow stop
	step stopped
	step left
	follow left
	check "1: alone" wait_for 30 running 1
	same "1: the lock of the one that left is free" \
		"$(agent ask /run/agent get b EX one noqueue)" granted
	same "1: unlock" "$(agent ask /run/agent put b)" unlocked
	step alone
	# and is back
	follow stop
	mkdir cluster/spaces/shop/nodes/2
	echo 2 >cluster/spaces/shop/nodes/2/nodeid
	step again
	echo 1 >/sys/kernel/dlm/shop/control
else
	step stopped
	follow leave
	same "2: no lockspace is left" "$(ls /sys/kernel/dlm)" ""
	step left
	step alone
	step again
	follow join
	agent serve /run/agent2 shop || bail "agent"
fi
check "node $NODE: two members again" wait_for 30 running 2
step back

# --- node 2 fails -----------------------------------------------------------
if [ "$NODE" = 2 ]; then
	same "2: EX" "$(agent ask /run/agent2 get c EX two)" granted
	: >/shared/dead
	echo b >/proc/sysrq-trigger
fi
dead() { [ -e /shared/dead ]; }
wait_for 60 dead || bail "2 does not die"
same "1: EX waits" "$(agent ask /run/agent lock c EX two)" ok
follow failed
same "1: has what the dead one had" "$(agent ask /run/agent wait c)" granted
check "1: alone" wait_for 30 running 1
agent ask /run/agent quit >/dev/null
check "1: leave" bash -c 'dlm_tool leave shop & cd /sys/kernel/config/dlm
	until grep -q "waiting_for.*leave" /sys/kernel/debug/dlm/shop_state; do sleep 0.1; done
	echo 0 >/sys/kernel/dlm/shop/event_done; wait $!'
cd / || exit
rmdir /sys/kernel/config/dlm/cluster/spaces/shop/nodes/1 /sys/kernel/config/dlm/cluster/spaces/shop \
	/sys/kernel/config/dlm/cluster/comms/1 /sys/kernel/config/dlm/cluster
check "1: rmmod" wait_for 20 rmmod dlm
finish
