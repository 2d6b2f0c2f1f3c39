// SPDX-License-Identifier: GPL-2.0-only
/*
 * See helpers.h.  Included by one C file of each module.
 */
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "helpers.h"

#ifndef CONFIG_PREEMPT_RT
/* For spinlock.rs. */
static_assert(offsetof(spinlock_t, rlock) == 0);
#endif

u32 fscache_helper_hash(const void *data, size_t len, const hsiphash_key_t *key)
{
	return hsiphash(data, len, key);
}

void *fscache_helper_kzalloc(size_t len)
{
	return kzalloc(len, GFP_KERNEL);
}

void fscache_helper_cond_resched(void)
{
	cond_resched();
}

unsigned int fscache_helper_nofs_save(void)
{
	return memalloc_nofs_save();
}

void fscache_helper_nofs_restore(unsigned int old)
{
	memalloc_nofs_restore(old);
}

unsigned long fscache_helper_spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	return flags;
}

void fscache_helper_spin_unlock_irqrestore(spinlock_t *lock,
					   unsigned long flags)
{
	spin_unlock_irqrestore(lock, flags);
}

void fscache_helper_init_work(struct work_struct *work, work_func_t func)
{
	INIT_WORK(work, func);
}

struct workqueue_struct *fscache_helper_alloc_workqueue(const char *name,
							unsigned int flags)
{
	return alloc_workqueue("%s", flags, 0, name);
}

/*
 * Takes the mark that says "being copied to the cache" off the folios of a
 * range.  Folios that were moved or replaced meanwhile are met again or passed
 * over, and never taken for something else.
 */
void fscache_helper_clear_page_bits(struct address_space *mapping, loff_t start,
				    size_t len)
{
	pgoff_t last = (start + len - 1) >> PAGE_SHIFT;
	XA_STATE(xas, &mapping->i_pages, start >> PAGE_SHIFT);
	struct folio *folio;

	if (!len)
		return;
	rcu_read_lock();
	xas_for_each(&xas, folio, last) {
		if (xas_retry(&xas, folio) || xa_is_value(folio))
			continue;
		if (folio_test_private_2(folio))
			folio_end_private_2(folio);
	}
	rcu_read_unlock();
}
