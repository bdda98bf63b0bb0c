#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A node fails with locks held: its locks go, others get them, value blocks are
# valid or not as recovery.md 10 says; it comes back.
# kernels: all
# cpus: 2
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/ns.sh"
nodes_up 3
check "join" ls_join x 1 2 3
agent x 1 2 3

# --- a holder that is not the master ---------------------------------------
# whoever asks first masters a resource
does "1 masters w" granted 1 get w NL w
does "1 writes w" granted 1 set w EX
does "1 writes w" "granted lvb=kept" 1 set w NL lvb=kept
does "3: EX on w" "granted lvb=kept" 3 get w EX w valblk
does "3: PR on r" granted 3 get r PR r
does "1: EX on r waits" ok 1 lock r EX r
does "3 is told" yes 3 bast r
does "2: EX on w waits" ok 2 lock w EX w valblk
does "3 is told" yes 3 bast w
# --- a master that dies with locks of others --------------------------------
does "3 masters m" "granted lvb=" 3 get m NL m valblk
does "1 writes m" granted 1 get m EX m
does "1 writes m" "granted lvb=mval" 1 set m PR lvb=mval
does "2: NL on m" granted 2 get m NL m
does "3 masters n" "granted lvb=" 3 get n NL n valblk
does "2: EX on n" granted 2 get n EX n
does "2 writes n" "granted lvb=nval" 2 set n NL lvb=nval
does "1: CR on n" "granted lvb=nval" 1 get n CR n valblk
does "3 masters c" granted 3 get c NL c
does "1: PR on c" granted 1 get c PR c
does "2: EX on c waits" ok 2 lock c EX c
does "1 is told" yes 1 bast c
does "3: EX on gone, alone" granted 3 get g EX gone

node_kill 3
ls_running x 1 2
does "w: the waiter has it, the block is invalid" "granted lvb=kept VALNOTVALID" 2 wait w
does "r: the waiter has it" granted 1 wait r
does "m: read above CR keeps the block valid" "granted lvb=mval" 2 set m PR valblk
does "m: the new master knows the reader" EAGAIN 2 set m EX noqueue
does "n: only NL and CR are left: invalid" "granted lvb=nval VALNOTVALID" 1 set n PR valblk
does "c: still waits" yes 2 pending c
does "c: unlock" unlocked 1 put c
does "c: the waiter has it" granted 2 wait c
does "gone: nobody knows it" granted 1 get g EX gone noqueue

# --- it comes back ----------------------------------------------------------
node_back 3
check "3 joins again" ls_join x 3
ls_running x 1 2 3
agent x 3
does "3: what others hold is held" EAGAIN 3 get w EX w noqueue
does "3: waits" ok 3 lock c EX c
does "2 is told" yes 2 bast c
does "2: unlock" unlocked 2 put c
does "3 has it" granted 3 wait c
does "w: valid after a write" "granted lvb=again" 2 set w NL lvb=again
does "3 reads it" "granted lvb=again" 3 get w PR w valblk
quit 1 2 3
agent x 1 2 3
play_all 1 2 3

# --- it is back before anybody noticed ----------------------------------------
does "3: EX" granted 3 get f EX fast
does "1: waits" ok 1 lock f EX fast
does "3 is told" yes 3 bast f
node_off 3
ls_stop x 1 2
raw_cluster 1 gone 3
raw_cluster 2 gone 3
node_back 3
# shellcheck disable=SC2034 # for ns.sh
MEMBERS["x"]="1 2"
check "3 joins before it was removed" ls_join x +3
ls_running x 1 2 3
does "1 has what 3 had" granted 1 wait f
agent x 3
does "3 starts from nothing" EAGAIN 3 get f EX fast noqueue
does "1: unlock" unlocked 1 put f

# --- two at once, the lowest among them --------------------------------------
does "1: EX" granted 1 get z EX z
does "2: waits" ok 2 lock z EX z
does "1 is told" yes 1 bast z
does "3: waits behind" ok 3 lock z EX z
node_kill 1 2
ls_running x 3
does "the last one has it" granted 3 wait z
does "and can go on" granted 3 get y EX y
node_back 1
node_back 2
check "both come back at once" ls_join x 1 2
agent x 1 2
does "they see the last one's lock" EAGAIN 1 get z EX z noqueue
quit 1 2 3
agent x 1 2 3
play_all 2 3 1
quit 1 2 3
ls_end x
nodes_down
finish
