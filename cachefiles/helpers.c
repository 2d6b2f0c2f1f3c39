// SPDX-License-Identifier: GPL-2.0-only
/*
 * What only C can say: the helpers of the shared wrappers, and the module's
 * writable parameter.
 */
#include <linux/module.h>
#include "../include/helpers.c"
#include "../include/helpers_vfs.c"
#include "trace_helpers.h"

unsigned int cachefiles_debug;
module_param_named(debug, cachefiles_debug, uint, 0644);
MODULE_PARM_DESC(debug, "CacheFiles debugging mask");
