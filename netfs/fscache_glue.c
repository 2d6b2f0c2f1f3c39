// SPDX-License-Identifier: GPL-2.0-only
/*
 * What netfs calls when it comes and goes, now that fscache is a module below
 * it: netfs makes the folder /proc/fs/netfs, fscache puts its files into it.
 */
#include <linux/init.h>

int fscache_proc_init(void);
void fscache_proc_cleanup(void);
int fscache_init(void);
void fscache_exit(void);

int __init fscache_init(void)
{
	return fscache_proc_init();
}

void fscache_exit(void)
{
	fscache_proc_cleanup();
}
