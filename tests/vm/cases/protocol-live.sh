# SPDX-License-Identifier: GPL-2.0-only
# What the device answers about a cache that is used: what is in use, what was released, when
# there is too little room, what cannot be removed, and that the cache stopped.
# pairs: c-c r-r
. ./lib.sh
. ./by-hand.sh
. ./flaky.sh

ours=${PAIR#*-}
device() { python3 "$HERE/device.py" "$@"; }
# in_folder FILE VERB : says it of a file in the cache
in_folder() { (cd "$(dirname "$1")" && device say "$2 $(basename "$1")"); }
state_of() { [[ "$state " =~ (^| )$1=([0-9a-f]+)\  ]] || fail "no $1 in the state line: $state"; echo "${BASH_REMATCH[2]}"; }
tell() { state=$(device tell); }
room_again() { tell; [ "$(state_of cull)" = 0 ]; }
# unused : the mount goes, and everything is released.
unused() {
	umount_nfs
	wait_for "all objects are released" no_objects
}
no_objects() { awk '$6 == "A" { n = $4 } END { exit n != 0 }' /proc/fs/fscache/caches; }
# answers WHAT WANTED COMMAND... : until it does; a volume or an object may be in use for a moment.
answers() {
	wait_for "$1: $2" eval "[ \"\$($3)\" = '$2' ]"
}

flaky_start
server_start
rm -rf $EXPORT/live; mkdir -p $EXPORT/live
random $EXPORT/live/1 700001
for i in 2 3; do random $EXPORT/live/$i $((i * 30011)); done
sync -f $EXPORT/live
bind

say "limits that nobody has set"
tell
equal "cull" "$(state_of cull)" 0
read -r files blocks size < <(stat -f -c '%c %b %S' $CACHE)
for limit in run=7 cull=5 stop=1; do
	equal "f${limit%=*}" "$((0x$(state_of f${limit%=*})))" $((files / 100 * ${limit#*=}))
	equal "b${limit%=*}" "$((0x$(state_of b${limit%=*})))" $((blocks / 100 * ${limit#*=}))
done

say "released"
mount_nfs
cat $MNT/live/1 >/dev/null
unused
tell
object=$(find $CACHE/cache -type f)
folder=$(dirname "$object")
equal "poll when all is known" "$(device poll)" ''
mount_nfs
exec 5<$MNT/live/1
cat <&5 >/dev/null
equal "inuse of an object that is used" "$(in_folder "$object" inuse)" EBUSY
equal "cull of an object that is used" "$(in_folder "$object" cull)" EBUSY
equal "inuse of a folder that is used" "$(in_folder "$folder" inuse)" EBUSY
equal "cull of a folder that is used" "$(in_folder "$folder" cull)" EBUSY
equal "cull of a volume that is used" "$(in_folder "$(dirname "$folder")" cull)" EBUSY
[ -f "$object" ] || fail "an object that is used is gone"
equal "poll while it is used" "$(device poll)" ''
exec 5<&-
unused
equal "poll when it was released" "$(device poll 60000)" in
tell
equal "objects released" "$(state_of freleased)" 1
sectors=$(stat -c %b "$object")
[ "$ours" = c ] || sectors=$((sectors * 512 / size))
equal "blocks released" "$((0x$(state_of breleased)))" "$sectors"
tell
equal "objects released since" "$(state_of freleased)" 0
equal "poll when that is known" "$(device poll)" ''
equal "inuse of what was released" "$(in_folder "$object" inuse)" 'done'

say "too little room"
mount_nfs
exec 5<$MNT/live/1
cat <&5 >/dev/null
tell
free=$(stat -f -c %a $CACHE)
fallocate -l $(((free - blocks * 3 / 100) * size)) $CACHE/other
exec 6<$MNT/live/2
cat <&6 >/dev/null
equal "poll when there is too little room" "$(device poll 60000)" "in out"
tell
equal "cull then" "$(state_of cull)" 1
equal "poll when that is known" "$(device poll)" out
rm $CACHE/other
wait_for "culling is over when there is room" room_again
equal "poll then" "$(device poll)" ''
cmp $MNT/live/2 $EXPORT/live/2 || fail "wrong bytes when there was too little room"
exec 5<&- 6<&-
unused

say "what cannot be removed"
answers "inuse after all" 'done' "in_folder $object inuse"
chattr +i "$object"
if [ "$ours" = r ]; then
	equal "cull of an immutable file" "$(in_folder "$object" cull)" EBUSY
	[ -f "$object" ] || fail "an immutable file was culled"
	equal "inuse of it after that" "$(in_folder "$object" inuse)" 'done'
	chattr -i "$object"
	equal "cull of it when it is not" "$(in_folder "$object" cull)" 'done'
	[ ! -e "$object" ] || fail "a file that was culled is there"
else
	# And so it stays, for the mark that was set for it.
	equal "cull of an immutable file" "$(in_folder "$object" cull)" EIO
	chattr -i "$object"
	equal "cull of it when it is not" "$(in_folder "$object" cull)" EBUSY
fi
answers "cull of a folder that nobody uses" 'done' "in_folder $folder cull"
more "folders in the graveyard" "$(find $CACHE/graveyard -mindepth 1 | wc -l)" 0
mount_nfs
same live
umount_nfs

say "the cache stopped"
unbind
# What is in memory needs no disk.
wait_for "the cache's disk is unmounted" umount $CACHE 2>/dev/null
mount -o noatime /dev/mapper/flaky $CACHE
bind
mount_nfs
same live
the_disk error
# The folder may stay in memory; then the answer is ESTALE until something else's failing stops the cache.
fails() {
	echo 3 >/proc/sys/vm/drop_caches
	[ "$(in_folder $CACHE/cache/nothing inuse)" = EIO ]
}
wait_for "inuse says EIO when the disk fails" fails
wait_for "the cache stops" no_cache_active
same live
[ "$ours" = c ] || equal "poll when the cache has stopped" "$(device poll)" in
for command in bind 'brun 10%' 'bcull 7%' 'bstop 3%' 'frun 10%' 'fcull 7%' 'fstop 3%' 'cull x' 'debug 0' \
	"dir $CACHE" 'inuse x' 'secctx x' 'tag x' nonsense; do
	equal "'$command' when the cache has stopped" "$(device say "$command")" EIO
done
same live
umount_nfs
unbind
flaky_mend
flaky_end
