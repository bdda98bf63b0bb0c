#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module loads, makes its devices without udev, and goes away.
# kernels: all
# smoke: yes
# boot: shared
# time: 30
. "${VM_DIR:?run it with tests/vm/suite}/guest.sh"

load_dlm solo=1 || bail "insmod failed"
check "loaded" dlm_loaded
check "dlm-control exists" test -c /dev/misc/dlm-control
check "dlm-monitor exists" test -c /dev/misc/dlm-monitor
check "/proc/misc names dlm-control" grep -qw dlm-control /proc/misc
same "mode of dlm-control" "$(stat -c %a /dev/misc/dlm-control)" 600
check "rmmod" unload_dlm
check_not "no device stays behind" test -e /dev/misc/dlm-control
check_not "nothing left in /proc/misc" grep -q dlm /proc/misc
finish
