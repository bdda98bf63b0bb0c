# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For test scripts, after guest.sh: a control daemon by hand, with mkdir and echo.

CONFIG=/sys/kernel/config/dlm
CLUSTER=$CONFIG/cluster
SYSFS=/sys/kernel/dlm

# sockaddr A.B.C.D - 128 bytes of struct sockaddr_storage
sockaddr() {
	local IFS=. b o
	# shellcheck disable=SC2086
	set -- $1
	printf '\2\0\0\0'
	for b; do
		printf -v o '\\x%02x' "$b"
		printf '%b' "$o"
	done
	head -c 120 /dev/zero
}

# put_bytes FILE - one write(2) of what comes from standard input, at most 4096 bytes
put_bytes() {
	cat >/run/bytes
	dd if=/run/bytes of="$1" bs=4096 count=1 conv=notrunc status=none
}

put_addr() { sockaddr "$2" | put_bytes "$1/addr"; }

# cluster_up NODEID ADDRESS - this node, configured; no monitor is open
cluster_up() {
	mkdir -p $CLUSTER && mkdir -p "$CLUSTER/comms/$1" &&
		echo "$1" >"$CLUSTER/comms/$1/nodeid" &&
		put_addr "$CLUSTER/comms/$1" "$2" &&
		echo 1 >"$CLUSTER/comms/$1/local"
}

# cluster_down - remove all that is configured
cluster_down() {
	local d
	for d in $CLUSTER/spaces/*/nodes/* $CLUSTER/spaces/* $CLUSTER/comms/* $CLUSTER; do
		[ ! -d "$d" ] || rmdir "$d" || return 1
	done
}

# space_add NAME NODEID... - members of a lockspace
space_add() {
	local name=$1 i
	shift
	mkdir -p "$CLUSTER/spaces/$name"
	for i; do
		mkdir -p "$CLUSTER/spaces/$name/nodes/$i" &&
			echo "$i" >"$CLUSTER/spaces/$name/nodes/$i/nodeid" || return 1
	done
}

# space_del NAME
space_del() {
	local d
	for d in "$CLUSTER/spaces/$1/nodes"/* "$CLUSTER/spaces/$1"; do
		[ ! -d "$d" ] || rmdir "$d"
	done
}

# confirm_join NAME NODEID... - what a daemon does when all nodes agree
confirm_join() {
	space_add "$@" && echo 1 >"$SYSFS/$1/control" && echo 0 >"$SYSFS/$1/event_done"
}

# confirm_leave NAME
confirm_leave() {
	echo 0 >"$SYSFS/$1/control"
	space_del "$1"
	echo 0 >"$SYSFS/$1/event_done"
}

# state_of NAME KEY - from debugfs
state_of() { sed -n "s/^$2 //p" "/sys/kernel/debug/dlm/$1_state"; }

# waits_for NAME PATTERN - what a create or release of NAME sleeps for
waits_for() { state_of "$1" waiting_for 2>/dev/null | grep -q "$2"; }

# in_background OUT COMMAND... - its output goes to /run/OUT; sets PID
in_background() {
	local out=$1
	shift
	"$@" >"/run/$out" 2>&1 7<&- &
	# shellcheck disable=SC2034
	PID=$!
}

# ended PID
ended() { ! kill -0 "$1" 2>/dev/null; }

# result_of PID OUT - waits for it, prints its output
result_of() {
	wait_for 60 ended "$1" || { echo "still runs"; return; }
	cat "/run/$2"
}

# monitor_open, monitor_close - as a daemon does; no other task has it open
monitor_open() { exec 7</dev/misc/dlm-monitor; }
monitor_close() { exec 7<&-; }
