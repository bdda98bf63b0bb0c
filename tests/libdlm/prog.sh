# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For test scripts, after guest.sh: run programs made with t.h.

# a loop at the end of a pipe counts in this shell; a bare guest has no /dev/fd
shopt -s lastpipe

# dlm_up [PARAM=VALUE...] - load the module so that lockspaces can be made.
# Linux's own needs a control daemon for that, and stays loaded.
dlm_up() {
	dlm_loaded || load_dlm solo=1 "$@" || bail "insmod"
	[ -e /sys/module/dlm/parameters/solo ] || pidof minictl >/dev/null ||
		minictl 1 127.0.0.1 || bail "minictl"
}

# dlm_down - nothing may be left, and the module must go
dlm_down() {
	[ -e /sys/module/dlm/parameters/solo ] || return 0
	same "/sys/kernel/dlm is empty in the end" "$(ls /sys/kernel/dlm)" ""
	check "rmmod" unload_dlm
}

# run_prog NAME [ARGS...] - its checks become ours; passed ones are counted,
# not printed
run_prog() {
	local line done=
	"$@" 2>&1 | while IFS= read -r line; do
		case $line in
		"PASS "*) PASSED=$((PASSED + 1)) ;;
		"FAIL "*) fail "$*: ${line#FAIL }" ;;
		"SKIP "*) SKIPPED=$((SKIPPED + 1)) ;;
		"DONE "*) done=1; echo "ok    $*: ${line#DONE }" ;;
		*) echo "$line" ;;
		esac
	done
	[ -n "$done" ] || fail "$* did not reach its end"
}
