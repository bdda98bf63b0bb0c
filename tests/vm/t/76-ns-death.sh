#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Nodes that fail and come back under load, and a module that goes at once after.
# kernels: all
# long: yes
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3
check "join" ls_join x 1 2 3
f=$NS_RUN/count
counted() { cl_count sum "$f"; }
moved() { [ "$(counted)" -gt "$1" ]; }
start() { spawn "$1" cl_count x "$f" "$1" -l 4; pids[$1]=$!; }
for i in 1 2 3; do start "$i"; done
check "they count" wait_for 60 moved 100
# whoever fails may fail with a lock held; the others must not stop for long
for i in 3 2 1 3; do
	n=$(counted)
	: >"$f.$i"
	node_kill "$i"
	check "the others go on without $i" wait_for 60 moved "$n"
	node_back "$i"
	check "$i joins again" ls_join x "$i"
	n=$(counted)
	check "they go on with $i" wait_for 60 moved "$n"
	start "$i"
done
# a failure in the middle of a recovery
: >"$f.2"
: >"$f.3"
ls_stop x 1 2 3
ls_start x 1 2 3
node_kill 2
node_kill 3
n=$(counted)
check "the last one goes on" wait_for 60 moved "$n"
node_back 2
node_back 3
check "both join again" ls_join x 2 3
start 2
start 3
# those on the master's own node do more rounds in the time that a message takes, but
# nobody is passed over
for i in 1 2 3; do
	n=$(cl_count of "$f" "$i")
	# shellcheck disable=SC2317,SC2329 # called by wait_for
	further() { [ "$(cl_count of "$f" "$i")" -gt $((n + 40)) ]; }
	check "$i counts" wait_for 90 further
done
: >"$f.stop"
for i in 1 2 3; do check "$i counted right" wait "${pids[i]}"; done
run_prog cl_count check "$f"
# the resources have ended with their locks: a new count
f=$NS_RUN/again
for i in 1 2 3; do start "$i"; done
n=$(counted)
check "they count again" wait_for 60 moved "$n"
# everything at once, under load
for i in 1 2 3; do node_off "$i"; done
net_down
check "rmmod" wait_for 30 rmmod dlm
check "it is gone" wait_for 10 dlm_unloaded
finish
