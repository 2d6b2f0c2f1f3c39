// SPDX-License-Identifier: GPL-2.0-only
/*
 * See helpers_vfs.h.  Included by one C file of the module that needs it.
 */
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/statfs.h>
#include "helpers_vfs.h"

int fscache_helper_statfs(const struct path *path,
			  struct fscache_helper_statistics *stats)
{
	struct kstatfs all = {};
	int ret = vfs_statfs(path, &all);

	stats->block_size = all.f_bsize;
	stats->blocks = all.f_blocks;
	stats->blocks_free = all.f_bavail;
	stats->files = all.f_files;
	stats->files_free = all.f_ffree;
	return ret;
}

const struct cred *fscache_helper_override_creds(const struct cred *cred)
{
	return override_creds(cred);
}

void fscache_helper_revert_creds(const struct cred *cred)
{
	revert_creds(cred);
}

void fscache_helper_current_pwd(struct path *path)
{
	get_fs_pwd(current->fs, path);
}

bool fscache_helper_is_idmapped(const struct vfsmount *mnt)
{
	return is_idmapped_mnt(mnt);
}

void fscache_helper_kiocb_end_write(struct kiocb *iocb)
{
	kiocb_end_write(iocb);
}

int fscache_helper_current_ioprio(void)
{
	return get_current_ioprio();
}

bool fscache_helper_capable_sys_admin(void)
{
	return capable(CAP_SYS_ADMIN);
}

void fscache_helper_synchronize_tasks(void)
{
	synchronize_rcu_tasks();
}

void fscache_helper_flush_workqueue(struct workqueue_struct *queue)
{
	flush_workqueue(queue);
}

int fscache_helper_path_mkdir(const struct path *dir, struct dentry *dentry, umode_t mode)
{
	return security_path_mkdir(dir, dentry, mode);
}

int fscache_helper_path_unlink(const struct path *dir, struct dentry *dentry)
{
	return security_path_unlink(dir, dentry);
}

int fscache_helper_path_rename(const struct path *old_dir, struct dentry *old,
				  const struct path *new_dir, struct dentry *new,
				  unsigned int flags)
{
	return security_path_rename(old_dir, old, new_dir, new, flags);
}

int fscache_helper_inode_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return security_inode_mkdir(dir, dentry, mode);
}

int fscache_helper_inode_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return security_inode_create(dir, dentry, mode);
}

int fscache_helper_secctx_to_secid(const char *context, u32 len, u32 *secid)
{
	return security_secctx_to_secid(context, len, secid);
}
