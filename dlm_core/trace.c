// SPDX-License-Identifier: GPL-2.0
/*
 * The one place where the trace events of include/dlm/trace.h are defined.
 */
#define CREATE_TRACE_POINTS
#include <dlm/trace.h>
