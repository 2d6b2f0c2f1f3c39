# SPDX-License-Identifier: GPL-2.0-only
# A file is deleted on the server between two mounts.
. ./compat.sh
server_change deleted between
