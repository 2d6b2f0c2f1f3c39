// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace points of fscache, made from the kernel's own declaration of them,
 * with the entry points that Rust calls behind their static keys (trace.rs).
 */
#include <linux/module.h>
#include <linux/fscache-cache.h>

#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include <trace/events/fscache.h>

EXPORT_TRACEPOINT_SYMBOL(fscache_access_cache);
EXPORT_TRACEPOINT_SYMBOL(fscache_access_volume);
EXPORT_TRACEPOINT_SYMBOL(fscache_access);
