# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS of version 4.1.
NFS_VERSION=4.1
. ./servers/nfs.sh
