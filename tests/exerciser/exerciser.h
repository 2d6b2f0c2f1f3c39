/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the exerciser share.
 *
 * Everything user space has a handle to is an exer_object with a count of
 * references; an operation holds one while it runs.  So a script can do
 * anything in any order from many threads, and only fscache can go wrong.
 */
#ifndef EXERCISER_H
#define EXERCISER_H

#include <linux/fscache.h>
#include <linux/fscache-cache.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <trace/events/fscache.h>
#include "uapi.h"

enum exer_type { EXER_VOLUME, EXER_COOKIE, EXER_OPERATION };

struct exer_object {
	struct kref		ref;
	enum exer_type		type;
};

/* An open file of the device. */
struct exer_session {
	struct xarray		objects;
	struct mutex		batch_lock;
	struct exer_batch	*batch;
};

struct exer_volume {
	struct exer_object	object;
	struct rw_semaphore	life;		/* written by relinquish */
	struct fscache_volume	*volume;	/* NULL by EXER_NULL_VOLUME */
	bool			relinquished;
	bool			kept;		/* we have a reference of our own */
	atomic_t		cookies;	/* ours that are not relinquished */
};

struct exer_cookie {
	struct exer_object	object;
	struct rw_semaphore	life;		/* written by relinquish */
	struct exer_volume	*volume;
	struct fscache_cookie	*cookie;	/* NULL when fscache gave none */
	bool			relinquished;
	bool			kept;
	atomic_t		uses;
	atomic_t		operations;	/* that are kept open */

	/*
	 * Coherency data and the counter of invalidations belong together, as
	 * under the lock of an inode; and as with NFS, that is a spinlock, so
	 * fscache_invalidate() is called where one must not sleep.
	 */
	struct mutex		coherency_lock;
	spinlock_t		inode_lock;
	u32			base_epoch;
	u32			base_counter;
	u32			aux_len;

	struct inode		*inode;		/* for pages, made when needed */
	struct mutex		inode_mutex;
};

/* A read or write operation, and the request that netfs would have of it. */
struct exer_operation {
	struct exer_object	object;
	struct exer_cookie	*cookie;
	struct mutex		lock;
	bool			live;
	u32			epoch;		/* when it began */
	struct netfs_io_request	request;
	struct netfs_io_subrequest subrequest;
};

static inline struct netfs_cache_resources *exer_resources(struct exer_operation *op)
{
	return &op->request.cache_resources;
}

extern atomic_t exer_double_completions;

/* main.c */
struct exer_object *exer_get(struct exer_session *session, u32 handle, enum exer_type type);
void exer_put(struct exer_object *object);
int exer_publish(struct exer_session *session, struct exer_object *object, u32 *handle);

/* volume.c */
int exer_volume_acquire(struct exer_session *session, struct exer_request *rq);
int exer_volume_relinquish(struct exer_volume *volume, struct exer_request *rq);
void exer_volume_free(struct exer_volume *volume);

/* cookie.c */
int exer_cookie_acquire(struct exer_session *session, struct exer_request *rq);
int exer_cookie_op(struct exer_cookie *cookie, struct exer_request *rq);
void exer_cookie_info(struct exer_cookie *cookie, struct exer_cookie_info *info);
void exer_cookie_free(struct exer_cookie *cookie);
u32 exer_epoch(struct exer_cookie *cookie);
void exer_fill_aux(u8 *aux, u32 len, u32 epoch);

/* io.c */
int exer_begin(struct exer_session *session, struct exer_cookie *cookie, struct exer_request *rq);
int exer_operation_op(struct exer_operation *op, struct exer_request *rq);
int exer_cookie_io(struct exer_cookie *cookie, struct exer_request *rq);
void exer_operation_free(struct exer_operation *op);
void exer_fill(void *page, u64 tag, loff_t pos, loff_t end);

/* mapping.c */
int exer_write_to_cache(struct exer_cookie *cookie, struct exer_request *rq);
struct inode *exer_inode(struct exer_cookie *cookie);
int exer_mapping_init(void);
void exer_mapping_exit(void);

/* batch.c */
int exer_loop(struct exer_cookie *cookie, struct exer_request *rq);
int exer_batch(struct exer_session *session, struct exer_request *rq);
void exer_batch_free(struct exer_session *session);

#endif
