# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Which modules are loaded, and whose they are: told from the running kernel,
# so that a table can claim nothing that is not so.

# module_wanted NAME : what the pair says NAME should be.
module_wanted() {
	case $1:$PAIR in
	fscache:r-*) echo ours ;;
	fscache:c-*) echo none ;;       # inside the stock netfs.ko
	netfs:r-* | cachefiles:*-r) echo ours ;;
	*) echo stock ;;
	esac
}

# module_line NAME : name, whose, file; fails when that is not what the pair wants.
module_line() {
	local name=$1 whose file rust
	whose=$(module_origin "$name")
	[ "$whose" = "$(module_wanted "$name")" ] || fail "module $name is '$whose', but pair $PAIR wants '$(module_wanted "$name")'"
	if [ "$whose" = none ]; then
		grep -q ' t fscache_cookie_worker.*\[netfs\]\| fscache_add_cache.*\[netfs\]' /proc/kallsyms ||
			fail "there is no module $name, and netfs does not hold it either"
		printf '%-11s %-29s %s\n' "$name" "stock, in C" "(inside netfs.ko)"
		return 0
	fi
	file=$(modinfo -F filename "$name")
	# What modprobe would take is what is loaded, as far as the kernel can tell.
	if [ -s "/sys/module/$name/srcversion" ]; then
		equal "source version of the loaded $name" "$(cat "/sys/module/$name/srcversion")" "$(modinfo -F srcversion "$name")"
	fi
	case $whose:$file in
	ours:*/updates/*)
		[ "$(modinfo -F intree "$name")" != Y ] || fail "$file calls itself part of the kernel"
		rust=$(grep -c " _R.*\[$name\]" /proc/kallsyms) || true
		if [ "$rust" -gt 0 ]; then whose="ours, $rust Rust functions"; else whose='ours, in C'; fi
		;;
	stock:*/kernel/*)
		[ "$(modinfo -F intree "$name")" = Y ] || fail "$file is not one of the kernel's own"
		whose='stock, in C'
		;;
	*) fail "module $name is $whose, but modprobe's file for it is $file" ;;
	esac
	printf '%-11s %-29s %s\n' "$name" "$whose" "$file"
}
