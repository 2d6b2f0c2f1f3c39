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

void fscache_helper_flush_workqueue(struct workqueue_struct *queue)
{
	flush_workqueue(queue);
}
