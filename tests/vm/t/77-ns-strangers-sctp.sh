#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 76-ns-strangers over SCTP.
# kernels: all
# long: yes
# cpus: 2
# time: 600
export STRANGERS_PROTO=sctp
. "${VM_DIR:?}/t/76-ns-strangers.sh"
