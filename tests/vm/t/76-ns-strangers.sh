#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whoever connects and should not, or not like that: unknown addresses, floods of
# connections that say nothing or nonsense, a node that stops reading. They are counted,
# the others go on.
# kernels: all
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
n=200
[ -n "${DLM_LONG-}" ] && n=$((2000 / TIME_FACTOR))
proto=${STRANGERS_PROTO:-tcp}
[ "$proto" = sctp ] && sctp=-s || sctp=
nodes_up 3 "$proto"
check "join" ls_join x 1 2 3
node_net 9

f=$NS_RUN/count
counted() { cl_count sum "$f"; }
moved() { [ "$(counted)" -gt "$1" ]; }
pids=()
for i in 1 2; do
	spawn "$i" cl_count x "$f" "$i" -s -w 2 -l 2
	pids+=($!)
done
check "they count" wait_for 60 moved 20
figure_above() { [ "$(node_figure "$1" "$2" "$3")" -gt "$4" ]; }
# flood FROM-NODE FROM TO KIND
flood() {
	local made c
	c=$(counted)
	# shellcheck disable=SC2086 # -s or nothing
	made=$(on "$1" raw_peer $sctp flood "$2" "$3" "$n" "$4")
	check "$4 from $2: $made connections of $n" test "${made:-0}" -gt 0
	check "$4 from $2: the others go on" wait_for 60 moved $((c + 10))
}

# --- an address that no node has ----------------------------------------------
for kind in silent part garbage close; do flood 9 10.1.0.9 10.1.0.1 "$kind"; done
check "strangers are counted" wait_for 20 figure_above 1 0 strangers $((n / 2))
same "nobody else had any" "$(node_figure 2 0 strangers)" 0

# --- the address of a node that is there ------------------------------------------
accepts=$(node_figure 1 3 accepts)
for kind in silent part garbage close; do flood 3 10.1.0.3 10.1.0.1 "$kind"; done
check "they are taken in" figure_above 1 3 accepts "$accepts"
check "nonsense is counted" figure_above 1 3 bad_length 0
agent x 1 3
play_modes 3 1
play_lvb 1 3
quit 1 3

# --- a node that stops reading -------------------------------------------------------
# 3 fails, and its daemon does not notice; the others keep its locks and ask it
node_off 3
node_net 3
# shellcheck disable=SC2086
on 3 raw_peer $sctp deaf 10.1.0.3 10.1.0.1 10.1.0.2 >"$NS_RUN/deaf" || fail "the deaf one"
out=$NS_RUN/crowd
spawn 1 raw_peer crowd x 6000 >"$out"
crowd=$!
check "requests for it pile up" wait_for 90 figure_above 1 3 queued 1000
throttled() { grep -q dlm_comms_wait_room "/proc/$1/stack"; }
check "who asks for more sleeps" wait_for 60 throttled $crowd
spawn 1 raw_peer crowd x 6000 >/dev/null
victim=$!
check "so does the next one" wait_for 60 throttled $victim
check "the queue is bounded" test "$(node_figure 1 3 queued)" -lt 1100
ended() { ! kill -0 "$1" 2>/dev/null; }
kill -KILL $victim
check "it can be killed" wait_for 20 ended $victim
c=$(counted)
check "the others go on" wait_for 60 moved $((c + 10))
check_not "not all is asked" grep -q "asked 6000" "$out"
wait_for 20 grep -q pid "$NS_RUN/deaf"
kill -KILL "$(sed -n 's/^pid //p' "$NS_RUN/deaf")"
ip netns del n3
ip link del v3 2>/dev/null
nodes_gone 3
ls_running x 1 2
check "who asked has an answer to everything" wait "$crowd"
check "all of it is granted" grep -q "answered 6000" "$out"
c=$(counted)
check "they go on without it" wait_for 60 moved $((c + 10))
: >"$f.stop"
for p in "${pids[@]}"; do check "counted right" wait "$p"; done
run_prog cl_count check "$f"
ls_end x
ip netns del n9
nodes_down
finish
