#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs in the guest of tests/bench/run: busybox only, nothing else is there.
insmod "$DLM_KO" $DLM_PARAMS || exit 1
if [ ! -e /sys/module/dlm/parameters/solo ]; then
	/bin/minictl 1 127.0.0.1 || exit 1
fi
exec /bin/bench_ops "$@"
