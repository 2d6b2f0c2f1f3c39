// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading from the cache and writing to it, in the way of netfs: begin an
 * operation, ask the cache what it has or whether there is room, transfer, end.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/uio.h>
#include "exerciser.h"

#define EXER_PATIENCE	(90 * HZ)	/* for a transfer; then it is a finding */
#define EXER_STEP	0x9e3779b97f4a7c15ULL

/*
 * A transfer.  Submitter and completion hold a reference each: the pages stay
 * for as long as the cache may touch them, also when the submitter gave up.
 */
struct exer_io {
	struct netfs_io_subrequest subrequest;	/* first: a trace point of cachefiles
						 * takes any private datum for one */
	struct kref		ref;
	atomic_t		completions;
	struct completion	done;
	ssize_t			transferred;
	unsigned int		nr_pages;
	struct bio_vec		pages[EXER_TIMED_PAGES_MAX];
};

static void exer_io_free(struct kref *ref)
{
	struct exer_io *io = container_of(ref, struct exer_io, ref);
	unsigned int i;

	for (i = 0; i < io->nr_pages; i++)
		__free_page(io->pages[i].bv_page);
	kfree(io);
}

static struct exer_io *exer_io_alloc(size_t len)
{
	struct exer_io *io = kzalloc(sizeof(*io), GFP_KERNEL);

	if (!io)
		return NULL;
	kref_init(&io->ref);
	init_completion(&io->done);
	while (io->nr_pages < DIV_ROUND_UP(len, PAGE_SIZE)) {
		struct page *page = alloc_page(GFP_KERNEL);

		if (!page) {
			kref_put(&io->ref, exer_io_free);
			return NULL;
		}
		bvec_set_page(&io->pages[io->nr_pages++], page, PAGE_SIZE, 0);
	}
	return io;
}

static void exer_io_done(void *priv, ssize_t transferred_or_error)
{
	struct exer_io *io = priv;

	if (atomic_inc_return(&io->completions) != 1) {
		atomic_inc(&exer_double_completions);
		return;
	}
	io->transferred = transferred_or_error;
	complete(&io->done);
	kref_put(&io->ref, exer_io_free);
}

static bool exer_io_wait(struct exer_io *io)
{
	return wait_for_completion_timeout(&io->done, EXER_PATIENCE);
}

/* The page at @pos; from @end on there are zeros. */
void exer_fill(void *page, u64 tag, loff_t pos, loff_t end)
{
	u64 *words = page;
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(u64); i++)
		words[i] = tag + ((u64)pos / sizeof(u64) + i) * EXER_STEP;
	if (end < pos + (loff_t)PAGE_SIZE) {
		size_t keep = end > pos ? end - pos : 0;

		memset(page + keep, 0, PAGE_SIZE - keep);
	}
}

/* What was filled in by exer_fill(), of @len bytes that were read at @pos. */
static u64 exer_tag(const void *page, size_t len, loff_t pos)
{
	const u64 *words = page;
	size_t i, n = len / sizeof(u64);
	u64 tag;

	if (!n || pos % sizeof(u64))
		return EXER_TAG_MIXED;
	if (!memchr_inv(page, 0, len))
		return EXER_TAG_HOLE;
	if (!memchr_inv(page, 0xa5, len))
		return EXER_TAG_UNREAD;
	tag = words[0] - (u64)pos / sizeof(u64) * EXER_STEP;
	for (i = 1; i < n; i++)
		if (words[i] - ((u64)pos / sizeof(u64) + i) * EXER_STEP != tag)
			return EXER_TAG_MIXED;
	return tag;
}

/* As exer_tag(), but what was filled in may end anywhere, and zeros follow. */
static u64 exer_tag_of_part(const u8 *page, size_t len, loff_t pos, struct exer_part *part)
{
	const u64 *words = (const u64 *)page;
	size_t low, high;
	u64 tag;

	len = round_down(len, sizeof(u64));
	tag = exer_tag(page, len, pos);
	part->low = 0;
	part->high = 0;
	if (!len || pos % sizeof(u64) || tag == EXER_TAG_HOLE || tag == EXER_TAG_UNREAD)
		return tag;
	tag = words[0] - (u64)pos / sizeof(u64) * EXER_STEP;
	for (low = len; !page[low - 1]; low--)
		;
	for (high = 0; high < len; high++) {
		u64 word = tag + ((u64)pos / sizeof(u64) + high / sizeof(u64)) * EXER_STEP;

		if (page[high] != ((const u8 *)&word)[high % sizeof(u64)])
			break;
	}
	part->low = low;
	part->high = high;
	return low <= high ? tag : EXER_TAG_MIXED;
}

static struct exer_operation *exer_operation_begin(struct exer_cookie *cookie,
						   struct exer_request *rq)
{
	struct exer_operation *op = kzalloc(sizeof(*op), GFP_KERNEL);
	int ret;

	if (!op)
		return NULL;
	kref_init(&op->object.ref);
	op->object.type = EXER_OPERATION;
	mutex_init(&op->lock);
	kref_get(&cookie->object.ref);
	op->cookie = cookie;
	op->subrequest.rreq = &op->request;

	down_read(&cookie->life);
	if (cookie->relinquished && !(cookie->kept && rq->flags & EXER_MISUSE)) {
		ret = -ESTALE;
	} else {
		atomic_inc(&cookie->operations);
		if (rq->op == EXER_WRITE || rq->op == EXER_TIME_WRITE || rq->flags & EXER_FOR_WRITE)
			ret = fscache_begin_write_operation(exer_resources(op), cookie->cookie);
		else
			ret = fscache_begin_read_operation(exer_resources(op), cookie->cookie);
		if (ret < 0)
			atomic_dec(&cookie->operations);
	}
	up_read(&cookie->life);
	rq->result = ret;
	if (ret == 0) {
		op->live = true;
		op->epoch = cookie->base_epoch + exer_resources(op)->inval_counter -
			cookie->base_counter;
		rq->tag_epoch = op->epoch;
	}
	return op;
}

static void exer_operation_end(struct exer_operation *op)
{
	if (!op->live)
		return;
	op->live = false;
	fscache_end_operation(exer_resources(op));
	atomic_dec(&op->cookie->operations);
}

void exer_operation_free(struct exer_operation *op)
{
	exer_operation_end(op);
	exer_put(&op->cookie->object);
	kfree(op);
}

int exer_begin(struct exer_session *session, struct exer_cookie *cookie, struct exer_request *rq)
{
	struct exer_operation *op = exer_operation_begin(cookie, rq);

	if (!op)
		return -ENOMEM;
	if (!op->live) {
		exer_put(&op->object);
		rq->handle = 0;
		return 0;
	}
	return exer_publish(session, &op->object, &rq->handle);
}

static int exer_read(struct exer_operation *op, struct exer_request *rq)
{
	struct netfs_cache_resources *cres = exer_resources(op);
	const struct netfs_cache_ops *ops = fscache_operation_valid(cres);
	struct netfs_io_subrequest *subrequest = &op->subrequest;
	size_t len = rq->length, i, off;
	enum netfs_read_from_hole hole = NETFS_READ_HOLE_IGNORE;
	struct iov_iter iter;
	struct exer_io *io;

	if (!ops) {
		rq->result = -ENOBUFS;
		return 0;
	}
	rq->source = NETFS_SOURCE_UNKNOWN;
	if (rq->flags & EXER_DIRECT) {
		hole = NETFS_READ_HOLE_FAIL;
	} else {
		op->request.inode = exer_inode(op->cookie);
		if (!op->request.inode)
			return -ENOMEM;
		subrequest->start = rq->start;
		subrequest->len = len;
		subrequest->flags = 0;
		rq->source = ops->prepare_read(subrequest, rq->size);
		/* The end may have been rounded up to a block: no more than was asked for. */
		len = min(len, subrequest->len);
		rq->length = len;
		if (rq->source != NETFS_READ_FROM_CACHE || !len)
			return 0;
	}

	io = exer_io_alloc(len);
	if (!io)
		return -ENOMEM;
	for (i = 0; i < io->nr_pages; i++)
		memset(page_address(io->pages[i].bv_page), 0xa5, PAGE_SIZE);
	iov_iter_bvec(&iter, ITER_DEST, io->pages, io->nr_pages, len);
	kref_get(&io->ref);
	rq->result = fscache_read(cres, rq->start, &iter, hole, exer_io_done, io);
	if (rq->result == -EIOCBQUEUED)
		rq->result = 0;
	if (!exer_io_wait(io)) {
		rq->result = -ETIMEDOUT;
	} else {
		rq->transferred = io->transferred;
		memset(rq->tags, 0, sizeof(rq->tags));
		memset(rq->parts, 0, sizeof(rq->parts));
		for (i = 0, off = 0; io->transferred > 0 && off < io->transferred;
		     i++, off += PAGE_SIZE) {
			const void *page = page_address(io->pages[i].bv_page);
			size_t part = min_t(size_t, PAGE_SIZE, io->transferred - off);

			if (rq->flags & EXER_TAIL)
				rq->tags[i] = exer_tag_of_part(page, part, rq->start + off,
							       &rq->parts[i]);
			else
				rq->tags[i] = exer_tag(page, part, rq->start + off);
		}
	}
	kref_put(&io->ref, exer_io_free);
	return 0;
}

static int exer_write(struct exer_operation *op, struct exer_request *rq)
{
	struct netfs_cache_resources *cres = exer_resources(op);
	const struct netfs_cache_ops *ops = fscache_operation_valid(cres);
	loff_t start = rq->start;
	size_t len = rq->length, i;
	struct iov_iter iter;
	struct exer_io *io;
	u64 tag;
	int ret;

	if (!ops) {
		rq->result = -ENOBUFS;
		return 0;
	}
	io = exer_io_alloc(len);
	if (!io)
		return -ENOMEM;
	ret = ops->prepare_write(cres, &start, &len, io->nr_pages * PAGE_SIZE, rq->size, true);
	if (ret == 0 && (len > io->nr_pages * PAGE_SIZE || start > rq->start))
		ret = -EPROTO;
	if (ret < 0) {
		rq->result = ret;
		goto out;
	}
	/*
	 * Only now there is surely a file to write to, so what is valid now may
	 * be written to it: an invalidation from here on exchanges the file.
	 */
	rq->tag_epoch = rq->flags & EXER_EARLY ? op->epoch : exer_epoch(op->cookie);
	tag = EXER_TAG(rq->who, rq->tag_epoch, rq->serial);
	for (i = 0; i < io->nr_pages; i++)
		exer_fill(page_address(io->pages[i].bv_page), tag, start + i * PAGE_SIZE,
			  rq->flags & EXER_TAIL ? rq->size : LLONG_MAX);
	iov_iter_bvec(&iter, ITER_SOURCE, io->pages, io->nr_pages, len);
	kref_get(&io->ref);
	rq->result = fscache_write(cres, start, &iter, exer_io_done, io);
	if (rq->result == -EIOCBQUEUED || rq->result > 0)
		rq->result = 0;
	if (!exer_io_wait(io)) {
		rq->result = -ETIMEDOUT;
	} else {
		rq->transferred = io->transferred;
		/* As when the pages leave the page cache: now the cache has to be asked. */
		fscache_note_page_release(op->cookie->cookie);
	}
out:
	kref_put(&io->ref, exer_io_free);
	return 0;
}

/*
 * The same transfer again and again, at one place after the other: what the
 * cache does for it, from its being asked to its answer.  Nobody looks at the
 * bytes.
 */
static int exer_timed(struct exer_operation *op, struct exer_request *rq)
{
	struct netfs_cache_resources *cres = exer_resources(op);
	const struct netfs_cache_ops *ops = fscache_operation_valid(cres);
	struct netfs_io_subrequest *subrequest = &op->subrequest;
	loff_t start = rq->start, step = rq->advice ?: rq->length;
	struct exer_io *io;
	u64 began;
	u32 i;

	if (!ops) {
		rq->result = -ENOBUFS;
		return 0;
	}
	io = exer_io_alloc(rq->length);
	if (!io)
		return -ENOMEM;
	op->request.inode = exer_inode(op->cookie);
	if (!op->request.inode) {
		kref_put(&io->ref, exer_io_free);
		return -ENOMEM;
	}
	began = ktime_get_ns();
	for (i = 0; i < rq->serial && rq->result == 0; i++, start += step) {
		struct iov_iter iter;
		size_t len = rq->length;

		if (start + len > rq->size)
			start = rq->start;
		kref_get(&io->ref);
		atomic_set(&io->completions, 0);
		reinit_completion(&io->done);
		if (rq->op == EXER_TIME_READ) {
			subrequest->start = start;
			subrequest->len = len;
			subrequest->flags = 0;
			iov_iter_bvec(&iter, ITER_DEST, io->pages, io->nr_pages, len);
			if (ops->prepare_read(subrequest, rq->size) != NETFS_READ_FROM_CACHE) {
				rq->result = -ENODATA;
			} else {
				len = min(len, subrequest->len);
				iov_iter_truncate(&iter, len);
				fscache_read(cres, start, &iter, NETFS_READ_HOLE_IGNORE, exer_io_done, io);
			}
		} else {
			loff_t at = start;

			iov_iter_bvec(&iter, ITER_SOURCE, io->pages, io->nr_pages, len);
			rq->result = ops->prepare_write(cres, &at, &len, len, rq->size, true);
			if (rq->result == 0)
				fscache_write(cres, at, &iter, exer_io_done, io);
		}
		if (rq->result) {
			kref_put(&io->ref, exer_io_free);
		} else if (!exer_io_wait(io)) {
			rq->result = -ETIMEDOUT;
		} else if (io->transferred != len) {
			rq->result = io->transferred < 0 ? io->transferred : -EIO;
		}
	}
	rq->nanoseconds = ktime_get_ns() - began;
	rq->transferred = i;
	/* As in exer_write(). */
	if (rq->op == EXER_TIME_WRITE)
		fscache_note_page_release(op->cookie->cookie);
	kref_put(&io->ref, exer_io_free);
	return 0;
}

static int exer_occupancy(struct exer_operation *op, struct exer_request *rq)
{
	struct netfs_cache_resources *cres = exer_resources(op);
	const struct netfs_cache_ops *ops = fscache_operation_valid(cres);
	loff_t start = -1;
	size_t len = 0;

	if (!ops) {
		rq->result = -ENOBUFS;
		return 0;
	}
	rq->result = ops->query_occupancy(cres, rq->start, rq->length, PAGE_SIZE, &start, &len);
	rq->start = start;
	rq->transferred = len;
	return 0;
}

static bool exer_io_bounds(const struct exer_request *rq)
{
	bool timed = rq->op == EXER_TIME_READ || rq->op == EXER_TIME_WRITE;

	return rq->length && (!timed || rq->serial <= 1000000) &&
		rq->length <= (timed ? EXER_TIMED_PAGES_MAX : EXER_PAGES_MAX) * PAGE_SIZE &&
		rq->start < (1ULL << 40) && rq->size < (1ULL << 41);
}

int exer_operation_op(struct exer_operation *op, struct exer_request *rq)
{
	int ret = 0;

	mutex_lock(&op->lock);
	if (!op->live) {
		rq->result = -ESTALE;
		goto out;
	}
	switch (rq->op) {
	case EXER_END:
		exer_operation_end(op);
		break;
	case EXER_WAIT_OPERATION:
		rq->result = fscache_wait_for_operation(exer_resources(op), FSCACHE_WANT_READ);
		break;
	case EXER_READ:
		rq->tag_epoch = op->epoch;
		ret = exer_io_bounds(rq) ? exer_read(op, rq) : -EINVAL;
		break;
	case EXER_WRITE:
		ret = exer_io_bounds(rq) ? exer_write(op, rq) : -EINVAL;
		break;
	case EXER_TIME_READ:
	case EXER_TIME_WRITE:
		ret = exer_io_bounds(rq) ? exer_timed(op, rq) : -EINVAL;
		break;
	case EXER_OCCUPANCY:
		ret = exer_io_bounds(rq) ? exer_occupancy(op, rq) : -EINVAL;
		break;
	default:
		ret = -EINVAL;
		break;
	}
out:
	mutex_unlock(&op->lock);
	return ret;
}

/* A transfer in an operation of its own. */
int exer_cookie_io(struct exer_cookie *cookie, struct exer_request *rq)
{
	struct exer_operation *op;
	int ret = 0;

	if (!exer_io_bounds(rq))
		return -EINVAL;
	op = exer_operation_begin(cookie, rq);
	if (!op)
		return -ENOMEM;
	if (op->live)
		ret = exer_operation_op(op, rq);
	exer_put(&op->object);
	return ret;
}
