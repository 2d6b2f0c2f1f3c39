/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One function per trace event.
 *
 * The kernel's own header of the events reads fields of an object and of a
 * volume.  Ours are Rust's; these functions take what the events show, and
 * dress it up as the little that the header looks at.
 */
#ifndef CACHEFILES_RUST_TRACE_HELPERS_H
#define CACHEFILES_RUST_TRACE_HELPERS_H

#include <linux/fscache-cache.h>
#include <linux/netfs.h>

/* What is stored in a file, as the events' header wants to have it named. */
enum cachefiles_content {
	CACHEFILES_RUST_CONTENT_FIRST,
	CACHEFILES_RUST_CONTENT_LAST = 255,
};

struct cachefiles_object;
struct cachefiles_volume;

#include <trace/events/netfs.h>
#include <trace/events/cachefiles.h>

/* An object of 0 is no object. */
void cachefiles_helper_trace_ref(unsigned int object, unsigned int cookie,
				 int usage, unsigned int why);
void cachefiles_helper_trace_lookup(unsigned int object, struct dentry *dir,
				    struct dentry *found);
void cachefiles_helper_trace_mkdir(struct dentry *dir, struct dentry *child);
void cachefiles_helper_trace_tmpfile(unsigned int object, struct inode *inode);
void cachefiles_helper_trace_link(unsigned int object, struct inode *inode);
void cachefiles_helper_trace_unlink(unsigned int object, u64 ino,
				    unsigned int why);
void cachefiles_helper_trace_rename(unsigned int object, u64 ino,
				    unsigned int why);
void cachefiles_helper_trace_coherency(unsigned int object,
				       struct fscache_cookie *cookie, u64 ino,
				       const u8 *stored, unsigned int content,
				       unsigned int why);
void cachefiles_helper_trace_vol_coherency(struct fscache_volume *vcookie,
					   u64 ino, unsigned int why);
void cachefiles_helper_trace_prep_read(unsigned int object, u64 start,
				       size_t len, unsigned short flags,
				       unsigned int source, unsigned int why,
				       u64 cache_ino, u64 netfs_ino);
void cachefiles_helper_trace_read(unsigned int object, struct inode *inode,
				  u64 start, size_t len);
void cachefiles_helper_trace_write(unsigned int object, struct inode *inode,
				   u64 start, size_t len);
void cachefiles_helper_trace_trunc(unsigned int object, struct inode *inode,
				   u64 from, u64 to, unsigned int why);
void cachefiles_helper_trace_mark_active(unsigned int object,
					 struct inode *inode);
void cachefiles_helper_trace_mark_failed(unsigned int object,
					 struct inode *inode);
void cachefiles_helper_trace_mark_inactive(unsigned int object,
					   struct inode *inode);
void cachefiles_helper_trace_vfs_error(unsigned int object,
				       struct inode *inode, int error,
				       unsigned int where);
void cachefiles_helper_trace_io_error(unsigned int object, struct inode *inode,
				      int error, unsigned int where);

/* Events that others define. */
void cachefiles_helper_trace_netfs_sreq(struct netfs_io_subrequest *subreq,
					unsigned int what);
void cachefiles_helper_trace_volume_pin(struct fscache_volume *volume,
					int n_accesses);

/* The module's parameter. */
extern unsigned int cachefiles_debug;

#endif /* CACHEFILES_RUST_TRACE_HELPERS_H */
