# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the tests 80 and 81 do, with one transport each, and 83; with stock nodes among ours, too
# (interop/t/58-*).

COMMS=/sys/kernel/config/dlm/cluster/comms

# what the daemon made of its configuration
look_at_config() {
	local i want=$'AF_INET\t10.0.0.2'
	[ "$1" = tcp ] || want+=$'\nAF_INET\t10.0.1.2'
	for i in $(seq "$NODES"); do
		same "node $i: addresses" "$(on "$i" cat $COMMS/2/addr_list)" "$want"
		same "node $i: mark" "$(on "$i" cat $COMMS/../mark)" 7
		same "node $i: cluster_name" "$(on "$i" cat $COMMS/../cluster_name)" test
	done
	[ "$1" = tcp ] || return 0
	for i in $(seq "$NODES"); do
		# what ss reads otherwise does not tell marks
		on "$i" modprobe -a tcp_diag || fail "node $i: tcp_diag"
		on "$i" ss -tneOH state established '( sport = :21064 or dport = :21064 )' >/tmp/ss
		# beside what ss has to say about cgroups
		check "node $i has connections" grep -q :21064 /tmp/ss
		same "node $i: all have the mark" "$(grep :21064 /tmp/ss | grep -v fwmark:0x7)" ""
	done
}

# ours NODE - this module, not the stock one
ours() { on "$1" test -e /sys/module/dlm/parameters/solo; }

# talks_to NODE PEER - is the conversation of the transports under way?
talks_to() { on "$1" grep -q "^$2 state 1\$" "/sys/kernel/debug/dlm/node peers"; }

cluster_test() {
	local i before
	cluster_up "$1"
	cluster_serve

	check "all join at once" ls_join x 1 2 3
	for i in 1 2 3; do
		check "node $i sees all" wait_for 30 ls_sees x "$i" "1 2 3"
		same "node $i: one id" "$(on "$i" cat /sys/kernel/dlm/x/id)" "$(cat /sys/kernel/dlm/x/id)"
	done
	look_at_config "$1"
	for i in 1 3; do ! ours "$i" || check "$i talks to 2" talks_to "$i" 2; done
	agent x 1 2 3
	play_all 1 2 3

	# what the tools show
	does "2: EX" "granted lvb=" 2 get d EX dumped valblk
	does "3: waits" ok 3 lock d PR dumped
	does "2 is told" yes 2 bast d
	for i in 2 3; do
		on "$i" dlm_tool lockdump x >"/tmp/dump.$i" || fail "node $i: lockdump"
		on "$i" dlm_tool lockdebug -s -v -w x >"/tmp/debug.$i" || fail "node $i: lockdebug"
		check "node $i: lockdump shows the resource" grep -q '"dumped"' "/tmp/dump.$i"
		check_not "node $i: no parse error" grep -qi "parse error" "/tmp/dump.$i" "/tmp/debug.$i"
	done
	check "2 holds EX there" grep -qE 'gr EX .*"dumped"' /tmp/dump.2
	check "3 waits for PR there" grep -qE 'rq PR .*"dumped"' /tmp/dump.3
	for i in 1 2 3; do
		same "dlm_tool status on node $i" \
			"$(on "$i" dlm_tool status | sed -n 's/^node \([0-9]*\) M.*/\1/p' | xargs)" "1 2 3"
	done

	# --- a node fails with locks held ------------------------------------
	does "2: unlock" unlocked 2 put d
	does "3 has it" granted 3 wait d
	does "3: EX" "granted lvb=" 3 get e EX killed valblk
	does "1: waits" ok 1 lock e EX killed
	does "3 is told" yes 3 bast e
	before=$(life 3)
	node_kill 3
	check "1 has what the dead one had" wait_for 120 pending_no 1 e
	does "1: granted" granted 1 wait e
	for i in 1 2; do check "node $i: 3 has gone" wait_for 30 ls_sees x "$i" "1 2"; done
	play_modes 1 2
	check "3 boots again" wait_for 300 lives 3 $((before + 1))
	check "3 joins again" ls_join x 3
	for i in 1 2 3; do check "node $i sees all again" wait_for 30 ls_sees x "$i" "1 2 3"; done
	agent x 3
	fragile 3 || does "3: what 1 holds is held" EAGAIN 3 get e EX killed noqueue
	quit 1 2 3
	agent x 1 2 3
	play_all 3 1 2

	# --- clean leave --------------------------------------------------------
	does "2: PR" granted 2 get f PR left
	does "1: EX waits" ok 1 lock f EX left
	does "2 is told" yes 2 bast f
	quit 2
	does "1 has it" granted 1 wait f
	check "2 leaves" ls_leave x 2
	check "1 sees it" wait_for 30 ls_sees x 1 "1 3"
	same "2: sysfs is empty" "$(on 2 ls /sys/kernel/dlm)" ""
	play_lvb 1 3

	# --- a daemon that has nothing to lose ------------------------------------
	# shellcheck disable=SC2016 # for the other shell
	on 2 bash -c 'kill -KILL $(pidof dlm_controld)'
	on 2 dlm_controld || fail "dlm_controld again"
	check "2: the daemon is back" wait_for 60 on 2 dlm_tool status >/dev/null
	check "2 joins again" ls_join x 2
	agent x 2
	play_modes 2 1

	# --- and one that had ------------------------------------------------------
	does "3: EX" granted 3 get g EX lost
	does "1: waits" ok 1 lock g EX lost
	does "3 is told" yes 3 bast g
	before=$(life 3)
	# shellcheck disable=SC2016
	on 3 bash -c 'kill -KILL $(pidof dlm_controld)'
	stopped() { [ "$(on 3 cat /sys/kernel/dlm/x/recover_status)" = 0 ]; }
	check "3: the lockspace is stopped" wait_for 30 stopped
	node_kill 3
	check "1 has the lock" wait_for 120 pending_no 1 g
	check "3 boots again" wait_for 300 lives 3 $((before + 1))
	check "3 joins again" ls_join x 3
	agent x 3
	play_modes 3 2

	quit 1 2 3
	for i in 3 1 2; do check "$i leaves" ls_leave x "$i"; done
	cluster_down
}

# the same without failing nodes, for two
cluster_short() {
	local i
	cluster_up "$1"
	cluster_serve
	check "both join at once" ls_join x 1 2
	for i in 1 2; do check "node $i sees both" wait_for 30 ls_sees x "$i" "1 2"; done
	look_at_config "$1"
	agent x 1 2
	play_modes 1 2
	play_lvb 2 1
	quit 1 2
	check "1 leaves" ls_leave x 1
	check "2 sees it" wait_for 30 ls_sees x 2 2
	check "1 joins again" ls_join x 1
	check "2 sees that, too" wait_for 30 ls_sees x 2 "1 2"
	agent x 1 2
	play_modes 2 1
	quit 1 2
	for i in 1 2; do check "$i leaves" ls_leave x "$i"; done
	cluster_down
}

pending_no() { [ "$(ask "$1" pending "$2")" = no ]; }
