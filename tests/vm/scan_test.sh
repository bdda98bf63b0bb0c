#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scan_test.sh - whether scan finds what a kernel says of its faults, and nothing else.
here=$(cd "$(dirname "$0")" && pwd)
p=0 f=0

# says WANTED - each line of standard input by itself: 1 to be found, 0 not
says() {
	local line rc
	while read -r line; do
		printf '[   12.345678] %s\r\n' "$line" | "$here/scan" - >/dev/null
		rc=$?
		if [ "$rc" = "$1" ]; then
			p=$((p + 1))
		else
			f=$((f + 1))
			echo "status $rc instead of $1: $line"
		fi
	done
}

says 1 <<'END'
WARNING: CPU: 1 PID: 77 at dlm_core/grant.c:12 dlm_grant+0x1/0x2 [dlm]
WARNING: possible circular locking dependency detected
WARNING: suspicious RCU usage
BUG: KASAN: slab-use-after-free in dlm_lkb_put+0x1/0x2 [dlm]
BUG: KCSAN: data-race in dlm_tick / dlm_tock
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: scheduling while atomic: modprobe/77/0x00000002
BUG: sleeping function called from invalid context at mm/slab.h:1
BUG dlm_lkb (Tainted: G           OE     ): Objects remaining in dlm_lkb on __kmem_cache_shutdown()
UBSAN: array-index-out-of-bounds in dlm_core/dir.c:1:2
Oops: 0000 [#1] PREEMPT SMP
general protection fault, probably for non-canonical address
Kernel panic - not syncing: Fatal exception
INFO: task dlm_recoverd:77 blocked for more than 120 seconds.
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [modprobe:77]
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [swapper/0:0]
rcu: INFO: rcu_preempt self-detected stall on CPU
unreferenced object 0xffff888003f7c3c0 (size 192):
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
refcount_t: underflow; use-after-free.
list_del corruption. prev->next should be ffff888003f7c3c0
Out of memory: Killed process 77 (hammer)
sysfs: cannot create duplicate filename '/kernel/dlm/x'
END
says 0 <<'END'
dlm: x: dlm_recover 3 generation 2 done: 12 ms
dlm: x: a warning is not what begins so
kcsan: enabled early
dlm: module verification failed: signature and/or required key missing - tainting kernel
WARNING: CPU: 0 PID: 9 at fs/dlm/requestqueue.c:48 dlm_add_requestqueue+0x1/0x2 [dlm]
watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [swapper/0:1]
END
echo "$p passed, $f failed"
[ "$f" -eq 0 ]
