/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As helpers.h, for the VFS: what the wrappers path.rs, cred.rs, kiocb.rs and
 * their neighbours need of inline functions.
 */
#ifndef FSCACHE_RUST_HELPERS_VFS_H
#define FSCACHE_RUST_HELPERS_VFS_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/security.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

/* The part of a struct kstatfs, which the kernel crate does not know, that counts. */
struct fscache_helper_statistics {
	s64 block_size;
	u64 blocks;
	u64 blocks_free;
	u64 files;
	u64 files_free;
};

int fscache_helper_statfs(const struct path *path,
			  struct fscache_helper_statistics *stats);
const struct cred *fscache_helper_override_creds(const struct cred *cred);
void fscache_helper_revert_creds(const struct cred *cred);
void fscache_helper_current_pwd(struct path *path);
bool fscache_helper_is_idmapped(const struct vfsmount *mnt);
void fscache_helper_kiocb_end_write(struct kiocb *iocb);
int fscache_helper_current_ioprio(void);
bool fscache_helper_capable_sys_admin(void);
void fscache_helper_synchronize_tasks(void);
void fscache_helper_flush_workqueue(struct workqueue_struct *queue);

/* What may be configured away in the kernel is inline then. */
int fscache_helper_path_mkdir(const struct path *dir, struct dentry *dentry, umode_t mode);
int fscache_helper_path_unlink(const struct path *dir, struct dentry *dentry);
int fscache_helper_path_rename(const struct path *old_dir, struct dentry *old,
				  const struct path *new_dir, struct dentry *new,
				  unsigned int flags);
int fscache_helper_inode_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode);
int fscache_helper_inode_create(struct inode *dir, struct dentry *dentry, umode_t mode);
int fscache_helper_secctx_to_secid(const char *context, u32 len, u32 *secid);

#endif /* FSCACHE_RUST_HELPERS_VFS_H */
