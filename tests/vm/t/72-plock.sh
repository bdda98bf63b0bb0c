#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels: all
# boot: shared
# time: 60
# smoke: yes
# dlm_plock as a control daemon sees it while nobody asks for anything.
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
dlm_up
D=/dev/misc/dlm_plock

# info MAJOR MINOR WAIT LENGTH - the beginning of a struct dlm_plock_info
info() {
	{ printf '%b' "\\x0$1\\0\\0\\0\\x0$2\\0\\0\\0\\0\\0\\0\\0\\1\\1\\x0$3"; head -c 100 /dev/zero; } |
		head -c "$4" >/run/info
}
put_info() { dd if=/run/info of=$D bs=4096 conv=notrunc status=none; }

check "device" test -c $D
same "mode" "$(stat -L -c %a $D)" 600
check "in /proc/misc" grep -qw dlm_plock /proc/misc
expect_errno EAGAIN "read: nothing to do, on a blocking handle" dd if=$D bs=64 count=1 of=/dev/null status=none
expect_errno EINVAL "read of 63 bytes" dd if=$D bs=63 count=1 of=/dev/null status=none
for len in 63 65; do
	info 1 2 0 $len
	expect_errno EINVAL "write of $len bytes" put_info
done
info 1 3 0 64
expect_errno EINVAL "version 1.3" put_info
info 2 0 0 64
expect_errno EINVAL "version 2.0" put_info
for wait in 0 1; do
	info 1 2 $wait 64
	check "an answer that nobody waits for, wait $wait" put_info
done
dlm_down
finish
