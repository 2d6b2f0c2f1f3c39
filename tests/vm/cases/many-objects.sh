# SPDX-License-Identifier: GPL-2.0-only
# Culling an object costs the same, however many there are: the last of MANY (default
# 600; a million by hand) takes no longer than the first.
. ./lib.sh
. ./by-hand.sh

MANY=${MANY:-600}
fresh_cache
server_start
rm -rf $EXPORT/many
python3 - $EXPORT/many "$MANY" <<-'END'
	import os, sys
	for i in range(int(sys.argv[2])):
	    folder = f"{sys.argv[1]}/{i // 1000}"
	    os.makedirs(folder, exist_ok=True)
	    with open(f"{folder}/{i}", "w") as file:
	        file.write(f"{i}\n")
END
sync -f $EXPORT/many
bind
mount_nfs
before=$(objects)
sums $MNT/many >/tmp/seen
umount_nfs
# A file gets its name when it is put away, which an umount does not wait for.
all_stored() { [ $(($(objects) - before)) -ge "$MANY" ]; }
WHY_NOT=objects wait_for "$MANY objects have names, beside $before" all_stored

# What is culled goes through the folders as the daemon does; the time is the processor's.
python3 - $CACHE/cache "$MANY" <<-'END' || fail "$(cat /tmp/reason)"
	import os, sys, time

	def say(reason):
	    print(reason, file=open("/tmp/reason", "w"))
	    sys.exit(1)

	many, costs = int(sys.argv[2]), []
	for folder, _, files in os.walk(sys.argv[1]):
	    if not files:
	        continue
	    os.chdir(folder)
	    for name in files:
	        began = time.process_time_ns()
	        os.write(9, b"cull " + name.encode())
	        costs.append(time.process_time_ns() - began)
	if len(costs) < many:
	    say(f"{len(costs)} objects of {many} were culled")
	# The cheapest of each end: a busy host makes most of them dearer, at any time.
	end = many // 5
	first, last = min(costs[:end]), min(costs[-end:])
	print(f"  culled {len(costs)} objects; the cheapest of the first took {first // 1000} us, of the last {last // 1000} us")
	if last > 3 * first:
	    say(f"the cheapest of the last {end} took {last} ns, of the first {end} {first} ns")
END
more "objects after culling all" 1 "$(objects)"
mount_nfs
same many
umount_nfs
unbind
