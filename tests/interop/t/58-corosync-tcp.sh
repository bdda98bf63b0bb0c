#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Three machines with corosync and stock dlm_controld, as 80-corosync-tcp, but with either module: the
# daemons make and end lockspaces, nodes fail and come back.
# ours: 1 2 3
# time: 1000
# run: --reboots 3
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/corosync.sh"
. "$VM_DIR/../cluster/daemons.sh"
. "$VM_DIR/../interop/lib.sh"
cluster_test tcp
finish
