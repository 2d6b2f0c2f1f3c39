// SPDX-License-Identifier: GPL-2.0-only
/*
 * The symbols of fscache.  What is not a function of abi.rs or a counter of
 * stats.rs is defined here: two objects that only C macros can make, and the
 * pointer to the workqueue, which fscache_main.rs sets.
 */
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/wait.h>
#include <linux/fscache-cache.h>
#include "../include/helpers.h"

DECLARE_RWSEM(fscache_addremove_sem);
DECLARE_WAIT_QUEUE_HEAD(fscache_clearance_waiters);
struct workqueue_struct *fscache_wq;

EXPORT_SYMBOL(fscache_addremove_sem);
EXPORT_SYMBOL(fscache_clearance_waiters);
EXPORT_SYMBOL(fscache_wq);

EXPORT_SYMBOL(fscache_n_updates);
EXPORT_SYMBOL(fscache_n_read);
EXPORT_SYMBOL(fscache_n_write);
EXPORT_SYMBOL(fscache_n_no_write_space);
EXPORT_SYMBOL(fscache_n_no_create_space);
EXPORT_SYMBOL(fscache_n_culled);
EXPORT_SYMBOL(fscache_n_dio_misfit);

EXPORT_SYMBOL(__fscache_acquire_volume);
EXPORT_SYMBOL(__fscache_relinquish_volume);
EXPORT_SYMBOL(__fscache_acquire_cookie);
EXPORT_SYMBOL(__fscache_use_cookie);
EXPORT_SYMBOL(__fscache_unuse_cookie);
EXPORT_SYMBOL(__fscache_relinquish_cookie);
EXPORT_SYMBOL(__fscache_invalidate);
EXPORT_SYMBOL(__fscache_resize_cookie);
EXPORT_SYMBOL(__fscache_begin_read_operation);
EXPORT_SYMBOL(__fscache_begin_write_operation);
EXPORT_SYMBOL(__fscache_write_to_cache);
EXPORT_SYMBOL(__fscache_clear_page_bits);

EXPORT_SYMBOL(fscache_acquire_cache);
EXPORT_SYMBOL(fscache_relinquish_cache);
EXPORT_SYMBOL(fscache_add_cache);
EXPORT_SYMBOL(fscache_withdraw_cache);
EXPORT_SYMBOL(fscache_io_error);
EXPORT_SYMBOL(fscache_withdraw_volume);
EXPORT_SYMBOL(fscache_try_get_volume);
EXPORT_SYMBOL(fscache_put_volume);
EXPORT_SYMBOL(fscache_end_volume_access);
EXPORT_SYMBOL(fscache_get_cookie);
EXPORT_SYMBOL(fscache_put_cookie);
EXPORT_SYMBOL(fscache_end_cookie_access);
EXPORT_SYMBOL(fscache_withdraw_cookie);
EXPORT_SYMBOL(fscache_cookie_lookup_negative);
EXPORT_SYMBOL(fscache_resume_after_invalidation);
EXPORT_SYMBOL(fscache_caching_failed);
EXPORT_SYMBOL(fscache_wait_for_operation);

/* For netfs.ko only. */
EXPORT_SYMBOL_GPL(fscache_stats_show);
EXPORT_SYMBOL_GPL(fscache_proc_init);
EXPORT_SYMBOL_GPL(fscache_proc_cleanup);
