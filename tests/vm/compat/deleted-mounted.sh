# SPDX-License-Identifier: GPL-2.0-only
# A file is deleted on the server while the client has it mounted.
. ./compat.sh
server_change deleted mounted
