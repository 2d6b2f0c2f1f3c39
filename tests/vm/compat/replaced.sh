# SPDX-License-Identifier: GPL-2.0-only
# A file is replaced by another on the server between two mounts.
. ./compat.sh
server_change replaced between
