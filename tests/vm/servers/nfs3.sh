# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS of version 3.
NFS_VERSION=3
. ./servers/nfs.sh
