// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing pages of a file to the cache with fscache_write_to_cache(): needs an
 * inode with pages, so there is a filesystem for such, which nobody can mount.
 */
#include <linux/fs_context.h>
#include <linux/highmem.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include "exerciser.h"

static struct vfsmount *exer_mount;

static int exer_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x45584552) ? 0 : -ENOMEM;
}

static struct file_system_type exer_fs = {
	.name			= "fscache-exerciser",
	.init_fs_context	= exer_init_fs_context,
	.kill_sb		= kill_anon_super,
};

static bool exer_release_folio(struct folio *folio, gfp_t gfp)
{
	return !folio_test_private_2(folio);
}

static void exer_invalidate_folio(struct folio *folio, size_t offset, size_t length)
{
}

static const struct address_space_operations exer_aops = {
	.dirty_folio		= noop_dirty_folio,
	.release_folio		= exer_release_folio,
	.invalidate_folio	= exer_invalidate_folio,
};

int exer_mapping_init(void)
{
	exer_mount = kern_mount(&exer_fs);
	return PTR_ERR_OR_ZERO(exer_mount);
}

void exer_mapping_exit(void)
{
	kern_unmount(exer_mount);
}

/* The inode of a cookie; NULL when there is no memory. */
struct inode *exer_inode(struct exer_cookie *cookie)
{
	struct inode *inode;

	mutex_lock(&cookie->inode_mutex);
	if (!cookie->inode) {
		inode = alloc_anon_inode(exer_mount->mnt_sb);
		if (!IS_ERR(inode)) {
			inode->i_mapping->a_ops = &exer_aops;
			cookie->inode = inode;
		}
	}
	inode = cookie->inode;
	mutex_unlock(&cookie->inode_mutex);
	return inode;
}

struct exer_store {
	struct completion	done;
	atomic_t		completions;
	ssize_t			transferred;
};

static void exer_store_done(void *priv, ssize_t transferred_or_error)
{
	struct exer_store *store = priv;

	if (atomic_inc_return(&store->completions) != 1) {
		atomic_inc(&exer_double_completions);
		return;
	}
	store->transferred = transferred_or_error;
	complete(&store->done);
}

static int exer_make_pages(struct address_space *mapping, struct exer_request *rq,
			   u64 tag, bool mark)
{
	pgoff_t index, last = (rq->start + rq->length - 1) >> PAGE_SHIFT;

	for (index = rq->start >> PAGE_SHIFT; index <= last; index++) {
		struct folio *folio;
		void *p;

		folio = __filemap_get_folio(mapping, index, FGP_LOCK | FGP_CREAT, GFP_KERNEL);
		if (IS_ERR(folio))
			return PTR_ERR(folio);
		p = kmap_local_folio(folio, 0);
		exer_fill(p, tag, folio_pos(folio),
			  rq->flags & EXER_TAIL ? rq->size : LLONG_MAX);
		kunmap_local(p);
		folio_mark_uptodate(folio);
		if (mark)
			folio_start_private_2(folio);
		folio_unlock(folio);
		folio_put(folio);
	}
	return 0;
}

static unsigned int exer_count_marked(struct address_space *mapping, struct exer_request *rq)
{
	pgoff_t index, last = (rq->start + rq->length - 1) >> PAGE_SHIFT;
	unsigned int marked = 0;

	for (index = rq->start >> PAGE_SHIFT; index <= last; index++) {
		struct folio *folio = filemap_get_folio(mapping, index);

		if (IS_ERR(folio))
			continue;
		if (folio_test_private_2(folio))
			marked++;
		folio_put(folio);
	}
	return marked;
}

/*
 * The lock of the coherency data is held all the time, so the content cannot
 * become stale on its way.  (What becomes of pages that do is up to a
 * filesystem, which has no means to say with which content it began.)
 */
int exer_write_to_cache(struct exer_cookie *cookie, struct exer_request *rq)
{
	struct exer_store *store;
	struct inode *inode;
	bool caching;
	int ret;

	if (!rq->length || rq->length > EXER_PAGES_MAX * PAGE_SIZE ||
	    rq->start % PAGE_SIZE + rq->length > EXER_PAGES_MAX * PAGE_SIZE ||
	    rq->start > 1ULL << 40 || rq->size > 1ULL << 41)
		return -EINVAL;
	inode = exer_inode(cookie);
	store = kzalloc(sizeof(*store), GFP_KERNEL);
	if (!inode || !store) {
		kfree(store);
		return -ENOMEM;
	}
	init_completion(&store->done);

	down_read(&cookie->life);
	mutex_lock(&cookie->coherency_lock);
	if (cookie->relinquished && !(cookie->kept && rq->flags & EXER_MISUSE)) {
		rq->result = -ESTALE;
		ret = 0;
		goto out;
	}
	/* As ceph does it: the flag is part of the question. */
	caching = fscache_cookie_enabled(cookie->cookie) && !(rq->flags & EXER_NO_CACHING);
	rq->tag_epoch = exer_epoch(cookie);
	ret = exer_make_pages(inode->i_mapping, rq,
			      EXER_TAG(rq->who, rq->tag_epoch, rq->serial), caching);
	if (ret < 0) {
		if (caching)
			__fscache_clear_page_bits(inode->i_mapping, rq->start, rq->length);
		goto out;
	}
	i_size_write(inode, rq->size);
	fscache_write_to_cache(cookie->cookie, inode->i_mapping, rq->start, rq->length,
			       rq->size, exer_store_done, store, true, caching);
	if (!wait_for_completion_timeout(&store->done, 90 * HZ)) {
		rq->result = -ETIMEDOUT;
		store = NULL;		/* the completion may still come */
		ihold(inode);
	} else {
		rq->transferred = store->transferred;
		rq->result = store->transferred < 0 ? store->transferred : 0;
		/* The marks must be gone before the filesystem is told. */
		rq->source = exer_count_marked(inode->i_mapping, rq);
		if (!rq->source)
			truncate_inode_pages(inode->i_mapping, 0);
		if (cookie->cookie)
			fscache_note_page_release(cookie->cookie);
	}
out:
	exer_cookie_info(cookie, &rq->info);
	mutex_unlock(&cookie->coherency_lock);
	up_read(&cookie->life);
	kfree(store);
	return ret;
}
