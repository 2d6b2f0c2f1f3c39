# SPDX-License-Identifier: GPL-2.0-only
#
# What can be made here; 'make help' says it shortly.  The work is done by
# scripts/, each of which can be run by hand.
#
#   KDIR    a prepared kernel tree with Rust; default: Debian's, made on demand
#   PAIR    which modules a virtual machine uses, <fscache>-<cachefiles>, each
#           r (Rust) or c (the kernel's own)
#   BUILD   where prepared parts are kept (sysroot, kernel tree, guest image)
#   V=1     show commands

SHELL := /bin/bash
.DELETE_ON_ERROR:

export KDIR KERNEL PAIR BUILD JOBS V

# MAKEFLAGS of this make mean nothing to the makes that run in the sysroot.
unexport MAKEFLAGS

modules:
	@scripts/modules.sh modules

install:
	@scripts/install.sh

demo: modules
	@scripts/demo.sh

check:
	@scripts/check.sh

check-debug:
	@scripts/check-debug.sh

# make check-long PART="churn": see scripts/check-long.sh --help
check-long: modules
	@scripts/check-long.sh $(PART)

# make compat FS="nfs3 smb3": see scripts/compat.sh --help
compat: modules
	@scripts/compat.sh $(FS)

# make vm T="case case" PAIR=r-r
vm: modules
	@scripts/check.sh --vm $(T)

# make bench PART="cost time": see scripts/bench.sh --help
bench: modules
	@scripts/bench.sh $(PART)

# make exercise TIME=600 SEED=1 PAIR=r-r
TIME ?= 600
SEED ?= 1
exercise: modules
	@tests/exerciser/run.sh --pair $(or $(PAIR),r-r) --seconds $(TIME) --seed $(SEED)

fmt:
	@scripts/fmt.sh

fmt-check:
	@scripts/fmt.sh --check

clippy:
	@scripts/modules.sh --lint

doc:
	@scripts/doc.sh

clean:
	rm -rf build

# Also what is kept outside of this folder.
distclean: clean
	@scripts/clean-parts.sh

help:
	@echo 'make              build fscache.ko, netfs.ko and cachefiles.ko into build/modules'
	@echo 'make install      put them under updates/ of the running kernel, and run depmod'
	@echo 'make demo         read a tree over NFS twice in a virtual machine, the second time from the cache'
	@echo 'make check        run all tests'
	@echo 'make check-debug   run the tests, and the exerciser, on a debug kernel, which is built first'
	@echo 'make check-long   what takes hours: power cuts, damaged trees, an hour of the daemon, all cases with all pairs'
	@echo 'make compat       run every filesystem with its real server, on C and on Rust, and make a table'
	@echo 'make vm T=CASE    run some cases of tests/vm/cases in a virtual machine'
	@echo 'make bench        measure all pairs of C and Rust modules: cost of each operation, scale, memory'
	@echo 'make exercise     random sequences for TIME=600 seconds in a virtual machine'
	@echo 'make fmt          format the Rust code; fmt-check only says whether it is'
	@echo 'make clippy       lint with the set of the kernel and ours; warnings are errors'
	@echo 'make doc          rustdoc of both modules into build/doc'
	@echo 'make clean        remove build/; distclean also what is kept in BUILD'
	@echo
	@echo 'KDIR=, PAIR=, BUILD=, V=1: see the head of the Makefile'

.PHONY: modules install demo check check-debug check-long compat vm bench exercise fmt fmt-check clippy doc clean distclean help
