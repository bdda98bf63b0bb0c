# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Helpers for test scripts that run in a guest.  Use:
#
#	. "${VM_DIR:?}/guest.sh"
#	load_dlm solo=1
#	check "node exists" test -c /dev/misc/dlm-control
#	unload_dlm
#	finish
#
# Set by the harness: NODE NODES KERNEL VM_DIR DLM_KO LIBDLM_BIN TIME_FACTOR.
# /shared is a directory of the machine, seen by all guests of a run.

: "${NODE:=1}" "${NODES:=1}" "${TIME_FACTOR:=1}" "${DLM_KO:=}"
PASSED=0 FAILED=0 SKIPPED=0
PATH=${LIBDLM_BIN:+$LIBDLM_BIN:}$PATH

uptime_s() { cut -d' ' -f1 /proc/uptime; }
say() { echo "$(uptime_s) $*"; }
pass() { PASSED=$((PASSED + 1)); echo "ok    $*"; }
fail() { FAILED=$((FAILED + 1)); echo "FAIL  $*"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "skip  $*"; }
# skip_all REASON - the test makes no sense here; ends it
skip_all() { echo "skip  $*"; trap - EXIT; exit 77; }
# bail REASON - nothing of the rest can work; ends the test as failed
bail() { fail "$*"; exit 1; }

# finish - the last line of a test
finish() { exit 0; }

on_exit() {
	local rc=$?
	[ "$rc" -ne 0 ] && [ "$FAILED" -eq 0 ] && fail "script ended with status $rc"
	echo "$PASSED checks passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" -eq 0 ] || exit 1
	[ "$PASSED" -gt 0 ] || { echo "FAIL  no check ran"; exit 1; }
	exit 0
}
trap on_exit EXIT

# check TEXT COMMAND... - passes if the command returns 0
check() {
	local text=$1
	shift
	if "$@"; then pass "$text"; else fail "$text (status $?: $*)"; fi
}

# check_not TEXT COMMAND... - passes if the command returns non-zero
check_not() {
	local text=$1
	shift
	if "$@"; then fail "$text (succeeded: $*)"; else pass "$text"; fi
}

# same TEXT GOT WANTED
same() {
	if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: got '$2', wanted '$3'"; fi
}

# expect_rc STATUS TEXT COMMAND...
expect_rc() {
	local want=$1 text=$2 rc
	shift 2
	"$@"
	rc=$?
	same "$text" "$rc" "$want"
}

# errno_text NAME - what strerror() says for it
errno_text() {
	case $1 in
	EPERM) echo "Operation not permitted" ;;
	ENOENT) echo "No such file or directory" ;;
	EINTR) echo "Interrupted system call" ;;
	EIO) echo "Input/output error" ;;
	ENXIO) echo "No such device or address" ;;
	EBADF) echo "Bad file descriptor" ;;
	EAGAIN) echo "Resource temporarily unavailable" ;;
	ENOMEM) echo "Cannot allocate memory" ;;
	EACCES) echo "Permission denied" ;;
	EFAULT) echo "Bad address" ;;
	EBUSY) echo "Device or resource busy" ;;
	EEXIST) echo "File exists" ;;
	ENODEV) echo "No such device" ;;
	ENOTDIR) echo "Not a directory" ;;
	EINVAL) echo "Invalid argument" ;;
	ENOSPC) echo "No space left on device" ;;
	EDEADLK) echo "Resource deadlock avoided" ;;
	ENAMETOOLONG) echo "File name too long" ;;
	ENOSYS) echo "Function not implemented" ;;
	EUNATCH) echo "Protocol driver not attached" ;;
	EBADE) echo "Invalid exchange" ;;
	ENOTCONN) echo "Transport endpoint is not connected" ;;
	ETIMEDOUT) echo "Connection timed out" ;;
	ECONNREFUSED) echo "Connection refused" ;;
	EALREADY) echo "Operation already in progress" ;;
	ESTALE) echo "Stale file handle" ;;
	ECANCELED) echo "Operation canceled" ;;
	EPROTO) echo "Protocol error" ;;
	ERANGE) echo "Numerical result out of range" ;;
	EMSGSIZE) echo "Message too long" ;;
	EOPNOTSUPP) echo "Operation not supported" ;;
	*) echo "errno_text does not know $1" ;;
	esac
}

# expect_errno NAME TEXT COMMAND... - the command fails and its output names
# the error, as symbol (EINVAL) or as strerror() text
expect_errno() {
	local want=$1 text=$2 out rc
	shift 2
	out=$(LC_ALL=C "$@" 2>&1)
	rc=$?
	if [ "$rc" -eq 0 ]; then
		fail "$text: succeeded, wanted $want ($*)"
	elif grep -qE "(^|[^A-Z])$want([^A-Z]|\$)|$(errno_text "$want")" <<<"$out"; then
		pass "$text"
	else
		fail "$text: wanted $want, got status $rc: $out"
	fi
}

# write_file FILE TEXT - one write(2); for expect_errno
write_file() { printf '%s' "$2" >"$1"; }

# wait_for SECONDS COMMAND... - poll until it returns 0; 1 after the deadline.
# The deadline is generous: it only ends tests that would fail anyway.
wait_for() {
	local end=$((SECONDS + $1 * TIME_FACTOR))
	shift
	until "$@"; do
		[ "$SECONDS" -ge "$end" ] && return 1
		sleep 0.05
	done
}

# barrier NAME [COUNT] - until COUNT (default: all) guests have reached it
barrier() {
	: >"/shared/barrier.$1.$NODE"
	# shellcheck disable=SC2329
	_arrived() { [ "$(find /shared -maxdepth 1 -name "barrier.$1.*" | wc -l)" -ge "$2" ]; }
	wait_for 120 _arrived "$1" "${2:-$NODES}" || bail "barrier $1: not all guests came"
}

dlm_loaded() { [ -d /sys/module/dlm ]; }
dlm_unloaded() { [ ! -d /sys/module/dlm ]; }

# sctp_there - loaded or, as in the debug kernel, built in
sctp_there() { [ -d /proc/sys/net/sctp ] || modprobe sctp; }

# load_dlm [PARAM=VALUE...] - what modprobe would do, with the module under test
load_dlm() {
	local m
	[ -n "$DLM_KO" ] || bail "no module under test (run with --dlm)"
	for m in $(modinfo -F depends "$DLM_KO" | tr , ' '); do
		modprobe "$m" || bail "cannot load $m"
	done
	insmod "$DLM_KO" "$@" || return 1
	mountpoint -q /sys/kernel/config 2>/dev/null || ! grep -qw configfs /proc/filesystems ||
		mount -t configfs none /sys/kernel/config
}

unload_dlm() {
	rmmod dlm || return 1
	wait_for 10 dlm_unloaded
}

# slab_objects CACHE - active objects of a slab cache, 0 if there is none
slab_objects() { awk -v c="$1" '$1 == c { n = $2 } END { print n + 0 }' /proc/slabinfo; }

# start_udev - udevd with the stock rules and a real /dev/misc directory
start_udev() {
	rm -f /dev/misc 2>/dev/null
	mkdir -p /dev/misc /run/udev
	/lib/systemd/systemd-udevd --daemon && udevadm trigger --action=add &&
		udevadm settle --timeout=$((60 * TIME_FACTOR))
}

# kmemleak_scan - report leaks to the console, where the harness finds them.
# Two scans: the first only marks what is young.  No-op without kmemleak.
kmemleak_scan() {
	local f=/sys/kernel/debug/kmemleak
	[ -w "$f" ] || return 0
	sleep 5	# an object younger than that is never reported
	echo scan >"$f" && echo scan >"$f"
	cat "$f" >/dev/ttyS0
	[ ! -s "$f" ] && [ -z "$(head -c1 "$f")" ]
}
