# SPDX-License-Identifier: GPL-2.0-only
# A file is rewritten, with the same size, on the server while the client has it mounted.
. ./compat.sh
server_change changed mounted
