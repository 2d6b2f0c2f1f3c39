# SPDX-License-Identifier: GPL-2.0-only
# A file is made longer on the server between two mounts.
. ./compat.sh
server_change extended between
