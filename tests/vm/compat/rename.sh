# SPDX-License-Identifier: GPL-2.0-only
# A file in the cache is renamed by the mount, one over another, one into a folder
# that is renamed as well.
. ./compat.sh

filled
mv "$MNT/$PART/262144" "$MNT/$PART/262145"
mkdir "$MNT/$PART/folder"
mv "$MNT/$PART/4097" "$MNT/$PART/folder/moved"
mv "$MNT/$PART/folder" "$MNT/$PART/other"
[ ! -e "$EXPORT/$PART/262144" ] && [ -e "$EXPORT/$PART/other/moved" ] || fail "the server does not have the new names"
written
