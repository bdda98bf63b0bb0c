#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 60
# Without "solo" and without a cluster there are no lockspaces; with it, at once.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
[ "$(modinfo -F parm "$DLM_KO" | grep -c '^solo:')" = 1 ] || skip_all "not our module"

load_dlm || bail "insmod"
same "solo is off by default" "$(cat /sys/module/dlm/parameters/solo | tr yn10 YNYN)" N
same "/sys/kernel/dlm exists and is empty" "$(ls /sys/kernel/dlm; echo $?)" 0
for n in dlm-control dlm-monitor; do
	check "/dev/misc/$n" test -c /dev/misc/$n
	check "$n in /proc/misc" grep -qw "$n" /proc/misc
done
same "create without solo" "$(raw_ls create x)" ENOSYS
same "nothing is left of it" "$(ls /sys/kernel/dlm; ls -d /dev/misc/dlm_x* 2>/dev/null)" ""
same "bad names come first" "$(raw_ls create "a b")" EINVAL
same "dlm_tool says it" "$(dlm_tool join x 2>&1 | grep -c 'error')" 1
check "rmmod" unload_dlm
same "nodes are gone" "$(ls /dev/misc 2>/dev/null)" ""
check_not "not in /proc/misc" grep -q dlm /proc/misc

load_dlm solo=1 || bail "insmod"
same "solo is on" "$(cat /sys/module/dlm/parameters/solo | tr yn10 YNYN)" Y
check "dlm_tool join" dlm_tool join x
check "node" test -c /dev/misc/dlm_x
check "sysfs" test -d /sys/kernel/dlm/x
check_not "rmmod is refused meanwhile" rmmod dlm
check "dlm_tool leave" dlm_tool leave x
same "/sys/kernel/dlm is empty right after" "$(ls /sys/kernel/dlm)" ""
check_not "node is gone" test -e /dev/misc/dlm_x
check "rmmod" unload_dlm
finish
