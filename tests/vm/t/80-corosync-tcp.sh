#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Three machines with corosync and stock dlm_controld, over TCP.
# kernels: 6.1 7.x
# long: yes
# guests: 3
# time: 1000
# run: --reboots 3
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/corosync.sh"
. "$VM_DIR/../cluster/daemons.sh"
cluster_test tcp
finish
