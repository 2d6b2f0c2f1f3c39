# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# NFS of version 4.0.
NFS_VERSION=4.0
. ./servers/nfs.sh
