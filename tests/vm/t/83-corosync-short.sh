#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two machines with corosync and stock dlm_controld: what 80 shows, but for
# nodes that fail, in a minute.
# kernels: 6.1 6.12 7.x
# guests: 2
# time: 300
. "${VM_DIR:?}/guest.sh"
. "$VM_DIR/../libdlm/prog.sh"
. "$VM_DIR/../cluster/corosync.sh"
. "$VM_DIR/../cluster/daemons.sh"
cluster_short tcp
finish
