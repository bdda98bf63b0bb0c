#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A real udevd on a real /dev/misc, with dlm's stock rules and with ours: the
# nodes survive re-creation of lockspaces and reloads of the module.
# kernels: all
# cpus: 2
# time: 900
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

settle() { udevadm settle --timeout=$((60 * TIME_FACTOR)); }

# node_ok NAME MODE - a device that answers, with the minor that /proc/misc says
node_ok() {
	local f=/dev/misc/$1 m
	m=$(awk -v n="$1" '$2 == n { print $1 }' /proc/misc)
	[ -n "$m" ] && [ "$(stat -Lc %T "$f" 2>/dev/null)" = "$(printf %x "$m")" ] &&
		[ "$(stat -Lc %a "$f")" = "$2" ] && [ -c "$(readlink -f "$f")" ]
}
nodes_ok() { node_ok dlm-control 666 && node_ok dlm-monitor 666; }

# reload ROUNDS - rmmod, settle, insmod, settle (decisions: that order)
reload() {
	local i missing=0
	for i in $(seq "$1"); do
		rmmod dlm || { fail "rmmod, round $i"; return; }
		settle
		load_dlm solo=1 || { fail "insmod, round $i"; return; }
		[ -c /dev/misc/dlm-control ] || { missing=$((missing + 1)); echo "round $i: no node at once"; }
		settle
		nodes_ok || { missing=$((missing + 1)); echo "round $i:"; ls -l /dev/misc /dev/dlm*; }
	done
	same "nodes there after each of $1 reloads ($rules)" "$missing" 0
}

udevd_gone() { ! pgrep -x systemd-udevd >/dev/null; }

rounds=20 reloads=6
[ -n "$DLM_LONG" ] && [ "$TIME_FACTOR" = 1 ] && rounds=50 reloads=20
[ -n "$DLM_KO" ] || bail "no module"
rm -rf /etc/udev/rules.d/*dlm*
for rules in stock ours; do
	if [ $rules = ours ]; then
		udevadm control --exit
		wait_for 20 udevd_gone || fail "udevd does not end"
		rounds=$((rounds / 2)) reloads=$((reloads / 2))
		mkdir -p /etc/udev/rules.d
		cp "$VM_DIR/../../dlm_user/51-dlm.rules" /etc/udev/rules.d/51-dlm.rules || bail "no rules"
	fi
	start_udev || bail "udevd"
	dlm_up
	settle
	check "nodes with the rules' mode ($rules)" nodes_ok
	run_prog hostile_recreate udev "$rounds"
	reload "$reloads"
	# made while udevd looks away, found by it later
	run_prog hostile_recreate after 3
	check "rmmod ($rules)" unload_dlm
	settle
	same "nothing left in /dev ($rules)" "$(find /dev -name 'dlm*' | tr '\n' ' ')" ""
done
udevadm control --exit
finish
