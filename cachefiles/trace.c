// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace events of cachefiles, from the kernel's own header, and the
 * functions by which Rust fires them (see trace_helpers.h).
 */
#include <linux/fs.h>
#include <linux/fscache-cache.h>
#include <trace/events/fscache.h>
#include "trace_helpers.h"

/* What the header of the events looks at. */
struct cachefiles_object {
	struct fscache_cookie *cookie;
	unsigned int debug_id;
};

struct cachefiles_volume {
	struct fscache_volume *vcookie;
};

#define CREATE_TRACE_POINTS
#include <trace/events/cachefiles.h>

#define OBJECT(id) \
	struct cachefiles_object dressed = { .debug_id = (id) }; \
	struct cachefiles_object *o = &dressed
#define OBJECT_OR_NULL(id) \
	struct cachefiles_object dressed = { .debug_id = (id) }; \
	struct cachefiles_object *o = (id) ? &dressed : NULL

void cachefiles_helper_trace_ref(unsigned int object, unsigned int cookie,
				 int usage, unsigned int why)
{
	trace_cachefiles_ref(object, cookie, usage, why);
}

void cachefiles_helper_trace_lookup(unsigned int object, struct dentry *dir,
				    struct dentry *found)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_lookup(o, dir, found);
}

void cachefiles_helper_trace_mkdir(struct dentry *dir, struct dentry *child)
{
	trace_cachefiles_mkdir(dir, child);
}

void cachefiles_helper_trace_tmpfile(unsigned int object, struct inode *inode)
{
	OBJECT(object);

	trace_cachefiles_tmpfile(o, inode);
}

void cachefiles_helper_trace_link(unsigned int object, struct inode *inode)
{
	OBJECT(object);

	trace_cachefiles_link(o, inode);
}

void cachefiles_helper_trace_unlink(unsigned int object, u64 ino,
				    unsigned int why)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_unlink(o, ino, why);
}

void cachefiles_helper_trace_rename(unsigned int object, u64 ino,
				    unsigned int why)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_rename(o, ino, why);
}

void cachefiles_helper_trace_coherency(unsigned int object,
				       struct fscache_cookie *cookie, u64 ino,
				       const u8 *stored, unsigned int content,
				       unsigned int why)
{
	OBJECT(object);

	o->cookie = cookie;
	trace_cachefiles_coherency(o, ino, stored, content, why);
}

void cachefiles_helper_trace_vol_coherency(struct fscache_volume *vcookie,
					   u64 ino, unsigned int why)
{
	struct cachefiles_volume v = { .vcookie = vcookie };

	trace_cachefiles_vol_coherency(&v, ino, why);
}

void cachefiles_helper_trace_prep_read(unsigned int object, u64 start,
				       size_t len, unsigned short flags,
				       unsigned int source, unsigned int why,
				       u64 cache_ino, u64 netfs_ino)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_prep_read(o, start, len, flags, source, why,
				   cache_ino, netfs_ino);
}

void cachefiles_helper_trace_read(unsigned int object, struct inode *inode,
				  u64 start, size_t len)
{
	OBJECT(object);

	trace_cachefiles_read(o, inode, start, len);
}

void cachefiles_helper_trace_write(unsigned int object, struct inode *inode,
				   u64 start, size_t len)
{
	OBJECT(object);

	trace_cachefiles_write(o, inode, start, len);
}

void cachefiles_helper_trace_trunc(unsigned int object, struct inode *inode,
				   u64 from, u64 to, unsigned int why)
{
	OBJECT(object);

	trace_cachefiles_trunc(o, inode, from, to, why);
}

void cachefiles_helper_trace_mark_active(unsigned int object,
					 struct inode *inode)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_mark_active(o, inode);
}

void cachefiles_helper_trace_mark_failed(unsigned int object,
					 struct inode *inode)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_mark_failed(o, inode);
}

void cachefiles_helper_trace_mark_inactive(unsigned int object,
					   struct inode *inode)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_mark_inactive(o, inode);
}

void cachefiles_helper_trace_vfs_error(unsigned int object,
				       struct inode *inode, int error,
				       unsigned int where)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_vfs_error(o, inode, error, where);
}

void cachefiles_helper_trace_io_error(unsigned int object, struct inode *inode,
				      int error, unsigned int where)
{
	OBJECT_OR_NULL(object);

	trace_cachefiles_io_error(o, inode, error, where);
}

void cachefiles_helper_trace_netfs_sreq(struct netfs_io_subrequest *subreq,
					unsigned int what)
{
	trace_netfs_sreq(subreq, what);
}

void cachefiles_helper_trace_volume_pin(struct fscache_volume *volume,
					int n_accesses)
{
	trace_fscache_access_volume(volume->debug_id, 0,
				    refcount_read(&volume->ref), n_accesses,
				    fscache_access_cache_pin);
}
