# SPDX-License-Identifier: GPL-2.0-only
# A file is rewritten, with the same size, on the server between two mounts.
. ./compat.sh
server_change changed between
