#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Leaving: masters move, EBUSY, force, orphans and purge over nodes, stops without
# a change of members.
# kernels: all
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3
check "join" ls_join x 1 2
agent x 1 2
does "1 masters a" granted 1 get a PR a
does "2: PR on a" granted 2 get a PR a
does "2 masters b" granted 2 get b EX b
does "1: EX on b waits" ok 1 lock b EX b
does "2 is told" yes 2 bast b

# somebody comes in the middle
check "3 joins" ls_join x 3
agent x 3
does "3: EX on a waits" ok 3 lock a EX a
does "1 is told" yes 1 bast a
does "2 is told" yes 2 bast a
does "b: 1 still waits" yes 1 pending b

# stop and start, nobody comes or goes
for order in "1 2 3" "3 2 1" "2 1 3"; do
	# shellcheck disable=SC2086 # a list
	ls_stop x $order
	ls_start x 1 2 3
	ls_running x 1 2 3
done
ls_stop x 1 2 3
ls_stop x 2
ls_start x 3 2 1
ls_start x 1 2 3
ls_running x 1 2 3
does "a: 3 still waits" yes 3 pending a
# an operation while it is stopped waits for the start
ls_stop x 1 2 3
ask 3 get s EX s >"$NS_RUN/answer" &
asked=$!
ls_start x 1 2 3
wait "$asked"
same "a request while stopped" "$(cat "$NS_RUN/answer")" granted

# --- the master leaves ---------------------------------------------------------
does "1: unlock a" unlocked 1 put a
expect_errno EBUSY "1: locks in the way" on 1 ns_ls release x
does "1: take back b" ok 1 cancel b
does "1: cancelled" cancelled 1 wait b
does "1: copies of others' locks are not in the way: PR a" yes 3 pending a
check "1 leaves" ls_leave x 1 release
quit 1
ls_running x 2 3
does "a: 3 still waits" yes 3 pending a
does "2: unlock a" unlocked 2 put a
does "3 has a" granted 3 wait a
does "3: EX on b waits" ok 3 lock b EX b
does "2 knows that from before" yes 2 quiet b
# by force, with locks
check "2 leaves by force" ls_leave x 2
quit 2
does "3 has b" granted 3 wait b
check "1 joins again" ls_join x 1
check "2 joins again" ls_join x 2
agent x 1 2
does "1: a is held" EAGAIN 1 get a EX a noqueue
quit 3
does "1: a" granted 1 get a EX a

# --- orphans ---------------------------------------------------------------------
agent x 3
pid=$(ask 3 pid)
does "3: persistent" granted 3 get o EX orph persistent
does "3: persistent" granted 3 get p PR orph2 persistent
quit 3
does "2: an orphan is in the way" EAGAIN 2 get o EX orph noqueue
agent x 3
does "3: adopt one" granted 3 get o EX orph orphan
does "3: unlock" unlocked 3 put o
does "2: free now" granted 2 get o EX orph noqueue
does "2: the other is still there" EAGAIN 2 get p EX orph2 noqueue
does "2: purge on 3" ok 2 purge 3 "$pid"
does "2: it is free" granted 2 get p EX orph2
agent x 3b
does "3: persistent again" granted 3b get p PR orph3 persistent
quit 3b
node_kill 3
does "2: an orphan ends with its node" granted 2 get q EX orph3 noqueue
quit 1 2
ls_end x
nodes_down
finish
