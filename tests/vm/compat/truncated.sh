# SPDX-License-Identifier: GPL-2.0-only
# A file is cut short on the server between two mounts.
. ./compat.sh
server_change truncated between
