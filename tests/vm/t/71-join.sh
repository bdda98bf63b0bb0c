#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# time: 150
# cpus: 2
# Join and leave with a control daemon played by hand; one that goes; killed tasks.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/daemon.sh"
load_dlm || bail "insmod"
[ -e /sys/module/dlm/parameters/solo ] || skip_all "the stock module cannot be interrupted"
ip link set lo up
udevadm monitor --kernel --property >/run/uevents 2>&1 &
monitor=$!
wait_for 20 grep -q KERNEL /run/uevents || bail "udevadm monitor"

# uevent ACTION NAME - has it been seen, with all that daemons look at?
uevent() {
	awk -v action="$1" -v name="$2" '
		/^KERNEL\[/ { ok = 0 }
		/^ACTION=/ { a = substr($0, 8) } /^DEVPATH=/ { p = substr($0, 9) }
		/^SUBSYSTEM=dlm$/ { ok = 1 } /^LOCKSPACE=/ { l = substr($0, 11) }
		/^SEQNUM=/ || /^$/ {
			if (ok && a == action && l == name && p == "/kernel/dlm/" name) found = 1
		}
		END { exit !found }' /run/uevents
}
# joining NAME - start a create and wait until it asks the daemon
joining() {
	in_background "create.$1" raw_ls create "$1" "${2:-0}"
	wait_for 20 waits_for "$1" "that we join" || fail "$1 does not ask the daemon"
}
# joined NAME - create it, with the daemon's part
joined() {
	joining "$@"
	confirm_join "$1" 1 || fail "the daemon's part for $1"
	check "$1: created" grep -qE '^[0-9]+$' <(result_of $PID "create.$1")
}
# leaving NAME [force]
leaving() {
	in_background "remove.$1" raw_ls remove "$@"
	wait_for 20 waits_for "$1" "that we leave" || fail "$1 does not ask the daemon"
}
# left NAME
left() {
	leaving "$@"
	confirm_leave "$1"
	same "$1: removed" "$(result_of $PID "remove.$1")" 0
	same "/sys/kernel/dlm is empty right after" "$(ls $SYSFS)" ""
}

dmesg_has() { dmesg | grep -q "$1"; }

# without a cluster, without a local node
same "no cluster" "$(raw_ls create x)" ENOSYS
mkdir $CLUSTER
same "no local node" "$(raw_ls create x)" ENOSYS
same "nothing is left" "$(ls $SYSFS)" ""
check "configure" cluster_up 1 127.0.0.1

# the sequence, step by step
joining one
same "listed" "$(ls $SYSFS)" one
same "not joined" "$(state_of one state)" joining
check "uevent add" wait_for 20 uevent add one
check "uevent online" wait_for 20 uevent online one
same "stopped" "$(state_of one gate)" closed
same "recover_status" "$(cat $SYSFS/one/recover_status)" 0
check "start without members" write_file $SYSFS/one/control 1
same "starts nothing" "$(state_of one gate)" closed
printf '12345\0' >$SYSFS/one/id
same "id with NUL" "$(cat $SYSFS/one/id)" 12345
space_add one 1
check "event_done before the start" write_file $SYSFS/one/event_done 0
check "waits for recovery" wait_for 20 waits_for one "first recovery"
check "a stop meanwhile" write_file $SYSFS/one/control 0
check "is still waiting" waits_for one "first recovery"
check "start" write_file $SYSFS/one/control $'1\n'
check "created" grep -qE '^[0-9]+$' <(result_of $PID create.one)
same "running" "$(state_of one gate)" open
same "recover_status" "$(cat $SYSFS/one/recover_status)" ff
check "device" test -c /dev/misc/dlm_one
expect_errno EBUSY "the port is in use" write_file $CLUSTER/tcp_port 21065
check "we listen there" grep -q '0100007F:5248 00000000:0000 0A' /proc/net/tcp
run_prog lang_smoke one
same "exists" "$(raw_ls create one)" EEXIST

# stop and start
check "stop" write_file $SYSFS/one/control 0
check "stop again" write_file $SYSFS/one/control 0
raw_ls hold one 5 r >/run/holding &
holder=$!
sleeps() { grep -q dlm_gate /proc/$holder/stack || [ "$(awk '{ print $3 }' /proc/$holder/stat)" = D ]; }
check "a request sleeps" wait_for 20 sleeps
check_not "it has nothing" grep -q holding /run/holding
check "start" write_file $SYSFS/one/control 1
check "the request goes on" wait_for 20 grep -q holding /run/holding
check "start again does no harm" write_file $SYSFS/one/control 1
same "running" "$(state_of one gate)" open
same "busy" "$(raw_ls remove one)" EBUSY
same "still there" "$(state_of one state)" ready
left one force
check "uevent offline" wait_for 20 uevent offline one
check "uevent remove" wait_for 20 uevent remove one
check "offline says how" grep -q '^RELEASE_RECOVER=0' /run/uevents
check_not "device is gone" test -e /dev/misc/dlm_one
kill $holder
wait $holder 2>/dev/null

# NODIR, a lockspace each, several at once
joined nodir 1
same "nodir" "$(cat $SYSFS/nodir/nodir)" 1
left nodir
joining a; pa=$PID
joining b; pb=$PID
confirm_join b 1
check "b does not wait for a" grep -qE '^[0-9]+$' <(result_of $pb create.b)
check "a still waits" waits_for a "that we join"
confirm_join a 1
check "a" grep -qE '^[0-9]+$' <(result_of $pa create.a)
leaving a; confirm_leave a
same "a: removed" "$(result_of $PID remove.a)" 0
left b

# refused
while read -r answer errno; do
	joining no
	echo "$answer" >$SYSFS/no/event_done
	same "refused with $answer" "$(result_of $PID create.no)" "$errno"
	same "nothing is left" "$(ls $SYSFS; compgen -G '/dev/misc/dlm_no*')" ""
done <<-END
	-5 EIO
	-1 ECONNREFUSED
	-100000 EPROTO
END
# two creators of a name
joining twin; p1=$PID
in_background twin2 raw_ls create twin; p2=$PID
confirm_join twin 1
check "first creator" grep -qE '^[0-9]+$' <(result_of $p1 create.twin)
same "second creator" "$(result_of $p2 twin2)" EEXIST
# the daemon removes configfs first and confirms later
leaving twin
space_del twin
check "waits for event_done" waits_for twin "that we leave"
echo 0 >$SYSFS/twin/event_done
same "removed" "$(result_of $PID remove.twin)" 0

# killed while joining: undone in the background
joining dying
kill -9 $PID
check "the creator is gone" wait_for 20 ended $PID
same "its lockspace is not" "$(ls $SYSFS)" dying
same "the name is taken" "$(raw_ls create dying)" EEXIST
check "one can see why" waits_for dying "that we join"
confirm_join dying 1
check "then it leaves" wait_for 20 waits_for dying "that we leave"
confirm_leave dying
gone() { [ -z "$(ls $SYSFS)" ]; }
check "and is gone" wait_for 20 gone
# killed while leaving: goes on in the background
joined dying
leaving dying
kill -9 $PID
check "the remover is gone" wait_for 20 ended $PID
same "the name is taken" "$(raw_ls create dying)" EEXIST
confirm_leave dying
check "it is gone" wait_for 20 gone

# dlm-monitor
monitor_open
joined mon
same "opened: lockspaces go on" "$(state_of mon gate)" open
joining late; late=$PID
monitor_close
same "closed: locking stops" "$(state_of mon gate)" closed
check "logged" dmesg_has 'mon: locking stops'
same "who waits for the daemon fails" "$(result_of $late create.late)" ENOSYS
same "create fails" "$(raw_ls create other)" ENOSYS
same "release does not wait" "$(raw_ls remove mon)" 0
same "empty" "$(ls $SYSFS)" ""
space_del mon
monitor_open
joined mon
monitor_close
monitor_open
check "started by the next daemon" write_file $SYSFS/mon/control 1
same "running" "$(state_of mon gate)" open
left mon
# a daemon that dies while a release waits
joined mon
leaving mon
monitor_close
same "the release ends" "$(result_of $PID remove.mon)" 0
space_del mon

# the end
kill $monitor
wait $monitor 2>/dev/null
check "clear" cluster_down
check "rmmod" unload_dlm
finish
