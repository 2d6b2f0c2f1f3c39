# SPDX-License-Identifier: GPL-2.0-only
#
# What the Kbuild files of both Rust modules share: the bindings that the
# kernel crate lacks, and how rustc finds them.
#
# bindgen runs with the very flags that the kernel's own run had, taken from
# what Kbuild recorded of it, and emits only what the headers named below
# declare.  Every other type is resolved from kernel::bindings (see
# bindings.rs), so a struct inode is one type, whoever names it.

include_dir := $(srcroot)/include

kernel_bindgen := $(objtree)/rust/bindings/.bindings_generated.rs.cmd

bindgen_headers := linux/fscache linux/fscache-cache linux/netfs linux/namei \
	linux/proc_fs linux/rolling_buffer linux/siphash uapi/linux/falloc linux/falloc \
	trace/events/fscache trace/events/cachefiles trace/events/netfs

# Options as in rust/Makefile of the kernel.
bindgen_options := --rust-target 1.85 --use-core --with-derive-default \
	--ctypes-prefix ffi --no-layout-tests --no-debug '.*' \
	--enable-function-attribute-detection \
	--no-recursive-allowlist \
	$(foreach header,$(bindgen_headers),--allowlist-file '.*/$(header)[.]h') \
	--allowlist-file '.*/(bindings|helpers|helpers_vfs|trace_helpers)[.]h' \
	--allowlist-var '__tracepoint_(fscache|cachefiles|netfs)_.*' \
	--allowlist-function 'rust_do_trace_(fscache|cachefiles|netfs)_.*'

# The subshell keeps the change of directory away from Kbuild's own redirections.
quiet_cmd_fscache_bindgen = BINDGEN $@
      cmd_fscache_bindgen = ( out=$(abspath $@); cd $(objtree) && \
	eval "set -- $$(sed -n '1s/.* -- \(.*-DMODULE\).*/\1/p' $(kernel_bindgen))" && \
	[ $$\# -gt 10 ] && \
	$(BINDGEN) $(include_dir)/bindings.h \
		$$(grep -Ev '^\#|^$$' $(srctree)/rust/bindgen_parameters | \
			sed "/cfi_encoding/d;/newtype-enum/d") \
		$(bindgen_options) -o $$out -- "$$@" -I$(include_dir) -I$(srcroot) )

targets += bindings_generated.rs

$(obj)/bindings_generated.rs: $(include_dir)/bindings.h $(wildcard $(include_dir)/*.h) \
		$(include_dir)/rust.mk $(kernel_bindgen) FORCE
	$(call if_changed,fscache_bindgen)

# Read by include!(concat!(env!("BINDINGS"), ...)) in include/bindings.rs.
export BINDINGS := $(abspath $(obj))

# The kernel crate's macros include these files.  They thereby become
# prerequisites, and Kbuild has a pattern rule that would make them anew, inside
# the kernel tree.  They are the kernel's; this build never makes them.
$(abspath $(objtree))/rust/kernel/generated_arch_static_branch_asm.rs \
$(abspath $(objtree))/rust/kernel/generated_arch_warn_asm.rs \
$(abspath $(objtree))/rust/kernel/generated_arch_reachable_asm.rs: ;
