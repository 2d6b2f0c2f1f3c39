# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS of version 4.2.
NFS_VERSION=4.2
. ./servers/nfs.sh
