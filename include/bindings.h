/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The input of bindgen: the kernel's headers whose items the kernel crate does
 * not bind, and what both modules' C helpers declare.
 *
 * Trace events come first: they define the reason enums that fscache-cache.h
 * only declares, and bindgen takes a merely declared enum for an int.
 */
#ifndef FSCACHE_RUST_BINDINGS_H
#define FSCACHE_RUST_BINDINGS_H

#define CREATE_RUST_TRACE_POINTS
#include <linux/fs.h>
#include <linux/netfs.h>
#include <trace/events/fscache.h>
#include <linux/fscache.h>
#include <linux/fscache-cache.h>
#include <linux/namei.h>
#include <linux/falloc.h>
#include <linux/fs_struct.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/siphash.h>
#include <linux/poll.h>
#include <linux/statfs.h>
#include <linux/timer.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "helpers.h"

/* For cachefiles. */
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/miscdevice.h>
#include <linux/security.h>
#include <linux/xattr.h>
#include "helpers_vfs.h"
#include "cachefiles/trace_helpers.h"

/* Macros that bindgen cannot evaluate, or (HZ) takes the user-space value of. */
static const unsigned long FSCACHE_HZ = HZ;

static const unsigned int FSCACHE_LOOKUP_DIRECTORY = LOOKUP_DIRECTORY;
static const unsigned long CACHEFILES_MAX_RW_COUNT = MAX_RW_COUNT;
static const unsigned int CACHEFILES_SREQ_PREPARE = netfs_sreq_trace_cache_prepare;
static const unsigned int CACHEFILES_SREQ_WRITE = netfs_sreq_trace_cache_write;
static const unsigned int CACHEFILES_SREQ_NOWRITE = netfs_sreq_trace_cache_nowrite;
static const unsigned long CACHEFILES_INLINE_KEY = sizeof(((struct fscache_cookie *)0)->inline_key);
static const unsigned long CACHEFILES_INLINE_AUX = sizeof(((struct fscache_cookie *)0)->inline_aux);
static const unsigned int CACHEFILES_EPOLLIN = EPOLLIN;
static const unsigned int CACHEFILES_EPOLLOUT = EPOLLOUT;

#endif /* FSCACHE_RUST_BINDINGS_H */
