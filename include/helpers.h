/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * C functions for what the kernel offers only as a macro or an inline function.
 * Both modules compile helpers.c into themselves; nothing here is exported.
 */
#ifndef FSCACHE_RUST_HELPERS_H
#define FSCACHE_RUST_HELPERS_H

#include <linux/siphash.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct address_space;
struct seq_file;

/* Of fscache.ko; see layout.c there. */
extern const size_t fscache_layout[];
extern const size_t fscache_layout_len;

/* Of fscache.ko, for netfs.ko; the kernel declares them in a header of fs/netfs. */
int fscache_stats_show(struct seq_file *m);
int fscache_proc_init(void);
void fscache_proc_cleanup(void);

/* kzalloc() that may sleep, without the detour by krealloc() of the kernel crate. */
void *fscache_helper_kzalloc(size_t len);

void fscache_helper_cond_resched(void);
unsigned int fscache_helper_nofs_save(void);
void fscache_helper_nofs_restore(unsigned int old);
unsigned long fscache_helper_spin_lock_irqsave(spinlock_t *lock);
void fscache_helper_spin_unlock_irqrestore(spinlock_t *lock,
					   unsigned long flags);
void fscache_helper_init_work(struct work_struct *work, work_func_t func);
struct workqueue_struct *fscache_helper_alloc_workqueue(const char *name,
							unsigned int flags);
void fscache_helper_clear_page_bits(struct address_space *mapping, loff_t start,
				    size_t len);

/* hsiphash(), which is inline. */
u32 fscache_helper_hash(const void *data, size_t len, const hsiphash_key_t *key);

#endif /* FSCACHE_RUST_HELPERS_H */
