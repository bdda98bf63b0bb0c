#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two machines with corosync and stock dlm_controld, one with either module, over SCTP with two
# addresses each.
# guests: 2
# ours: 1 2
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/corosync.sh"
. "$VM_DIR/../cluster/daemons.sh"
. "$VM_DIR/../interop/lib.sh"
cluster_short sctp
finish
