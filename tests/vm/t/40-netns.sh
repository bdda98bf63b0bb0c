#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lockspaces per network namespace, and what is left when a namespace ends.
# kernels: all
# smoke: yes
# cpus: 2
# time: 120
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"

# names - what /proc/misc has of lockspaces
names() { sed -n 's/^.* dlm-ls_//p' /proc/misc; }

dlm_up
[ -e /sys/module/dlm/parameters/solo ] || skip_all "the stock module knows one node only"
run_prog ns_nodes
same "no lockspace in /proc/misc" "$(names)" ""

# namespaces with names, and processes that end in any order
ip netns add a && ip netns add b || bail "ip netns"
ip netns exec a ns_ls join shop || fail "join in a"
ip netns exec b ns_ls join shop || fail "join in b"
same "one device for both" "$(names)" shop
ip netns del a
# a dies in the background; b must not notice
check "b still has it" ip netns exec b ns_ls leave shop
gone() { [ -z "$(names)" ] && [ ! -e /dev/misc/dlm_shop ]; }
check "the device goes with the last" wait_for 20 gone
ip netns del b

# the module goes while namespaces that never used it, and ones that did, exist
ip netns add c
ip netns exec c ns_ls join left || fail "join in c"
check_not "rmmod is refused while a namespace has a lockspace" rmmod dlm
ip netns del c
check "rmmod when the namespace has gone" wait_for 20 rmmod dlm
same "no device is left" "$(compgen -G '/dev/misc/dlm*')" ""
finish
