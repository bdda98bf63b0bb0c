#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The module comes and goes, 100 times with DLM_LONG, with lockspaces and locks in between,
# leaves nothing behind, and does not go while it is needed.
# kernels: all
# mem: 768
# time: 600
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

rounds=30
[ -n "$DLM_LONG" ] && rounds=100
[ "$TIME_FACTOR" -gt 1 ] && rounds=$((rounds / 4))

# memory - kB that the kernel cannot give back, after giving back what it can
memory() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(SUnreclaim|VmallocUsed|KernelStack|Percpu):/ { s += $2 } END { print s }' /proc/meminfo
}

one_round() {
	insmod "$DLM_KO" solo=1 && hostile_reload >/tmp/reload.out 2>&1 && rmmod dlm
}

dlm_up
ns_ls join held || fail "join"
check_not "rmmod is refused while a lockspace exists" rmmod dlm
check "the lockspace is unharmed" ns_ls leave held
exec 9<>/dev/misc/dlm-control
check_not "rmmod is refused while a handle is open" rmmod dlm
exec 9>&-
check "then it goes" unload_dlm

bad=0
for i in $(seq 1 5); do one_round || bad=$((bad + 1)); done	# what is cached on first use
before=$(memory)
for i in $(seq "$rounds"); do
	one_round || { bad=$((bad + 1)); cat /tmp/reload.out; dlm_loaded && rmmod dlm; }
	[ $((i % 20)) -eq 0 ] && say "round $i of $rounds, $(memory) kB"
done
same "rounds that failed of $rounds" "$bad" 0
after=$(memory)
say "unreclaimable memory: $before kB before, $after kB after"
# one leaked page a round would be 400 kB; per-cpu and slab caches move by less
check "no memory is lost" test "$((after - before))" -lt $((rounds * 3))
same "slab caches left" "$(awk '/^dlm/ { print $1 }' /proc/slabinfo | tr '\n' ' ')" ""
same "/sys/kernel/dlm is gone" "$(ls -d /sys/kernel/dlm 2>/dev/null)" ""
same "/sys/kernel/debug/dlm is gone" "$(ls -d /sys/kernel/debug/dlm 2>/dev/null)" ""
same "nothing in /proc/misc" "$(grep dlm /proc/misc)" ""
check "kmemleak finds nothing" kmemleak_scan
finish
