#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest's part of tests/demo/run.
. "${VM_DIR:?}/guest.sh"
trap - EXIT	# the tour counts for itself
rc=0

# shown TEXT COMMAND... - print the command's outcome; a failure ends in rc
shown() {
	local text=$1
	shift
	if "$@"; then echo "   ok $text"; else echo "   WRONG: $text"; rc=1; fi
}

echo
echo "Linux $(uname -r), nothing configured: no cluster, no daemon, no udev"
echo
echo "1. Load the module"
shown "insmod dlm.ko solo=1" load_dlm solo=1
shown "/dev/misc/dlm-control exists" test -c /dev/misc/dlm-control
shown "/dev/misc/dlm-monitor exists" test -c /dev/misc/dlm-monitor
same_dlm=$(modinfo -F license "$DLM_KO")
shown "license: $same_dlm" test "${same_dlm#GPL}" != "$same_dlm"

demo_tour || rc=1

echo
echo "10. Unload the module"
shown "/sys/kernel/dlm is empty" test -z "$(ls /sys/kernel/dlm)"
shown "rmmod dlm" unload_dlm
shown "no device is left" test -z "$(find /dev -name 'dlm*')"

bash "$VM_DIR/../demo/cluster.sh" || rc=1
exit "$rc"
