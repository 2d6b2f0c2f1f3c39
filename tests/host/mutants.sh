# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by scripts/mutants.sh: faults in the module's own code that the host
# tests must find, for what cannot be spoilt from the tests (those that can are
# in tests/host/fscache/src/stand_in/fault.rs).
#
# mutant ID CRATE TEST FILE WHAT INSTEAD : with INSTEAD in the place of WHAT,
# which is in FILE once, TEST fails.  ID is that of Documentation/immunity.md.

layout=fscache/layout

# --- constructors, and who gives back what ------------------------------------
mutant O1 structures constructors::volume_without_a_cache $layout/volume.rs \
	'cache.put(CacheWhy::PutAllocVolume);' 'let _ = cache.into_raw();'
mutant O1 structures constructors::cookie_of_a_key_that_is_taken fscache/cookie.rs \
	'|c| &c.acquires_key_in_use);
                volume.put(VolumeWhy::PutCookie);' '|c| &c.acquires_key_in_use);
                let _ = volume.into_raw();'
mutant R12 structures constructors::cache_of_a_backend fscache/cache.rs \
	'cache.discard();' 'let _ = cache.into_raw();'
mutant D3 structures constructors::cookies $layout/new_cookie.rs \
	'free(key_at);' 'let _ = key_at;'
mutant D3 structures constructors::cookies $layout/new_cookie.rs \
	'free(aux_at);
                }
                fscache' 'free(aux_at);
                }
                free_cookie(cookie);
                fscache'
mutant R13 structures references::last_put_in_a_completion $layout/cookie_ref.rs \
	'unsafe { fscache().queue.queue(&raw mut (*this.as_raw()).work) };' 'unsafe { Self::release(cookie) };'
mutant I3 structures references::hashed_and_given_back $layout/cookie_ref.rs \
	'if fscache().cookies.is_hashed(this) {' 'if false {'
mutant R7 structures keys::of_volumes $layout/volume.rs \
	'usize::from(*key))' 'usize::from(*key & 127))'
mutant D26 structures keys::coherency_data_that_is_new fscache/volume.rs \
	'volume.update_coherency(coherency);' 'let _ = coherency;'
mutant O3 structures write::told_once fscache/write.rs \
	'unsafe { request.completion.complete(request.range, result) };' 'let _ = result;'
mutant O4 structures write::told_once fscache/write.rs \
	'request.resources.end();' ''

# --- tables -------------------------------------------------------------------
mutant I3 structures table::one_chain fscache/table.rs \
	'unsafe { *before.link().0.get() = after };' 'let _ = (before, after);'
mutant D23 structures table::grows fscache/table.rs \
	'let old = shard_lock.lock().rehash(chains);' \
	'let old = if true { chains } else { shard_lock.lock().rehash(chains) };'
mutant I3 structures table::grows fscache/table.rs \
	'next = unsafe { *node.link().0.get() };
                self.push(node);' 'next = unsafe { *node.link().0.get() };
                if node.hash() % 7 != 0 {
                    self.push(node);
                }'
mutant R67 structures table::clash fscache/table.rs \
	'let reason = Shard::walk(*chain)
                    .filter(|other| other.hash() == node.hash())' 'let reason = Shard::walk(*chain)'

# --- volumes and caches -------------------------------------------------------
mutant R1 fscache all_goes_well::collision fscache/volume.rs \
	'!volumes.table.any(' 'volumes.table.any('
mutant R1 fscache all_goes_well::collision_of_three fscache/volume.rs \
	'other.debug_id() == old && same(new, other)' 'same(new, other)'
mutant R8 fscache all_goes_well::collision fscache/volume.rs \
	'wait::wake(&volumes.table);' ''
mutant R9 fscache all_goes_well::made_while_the_cache_goes fscache/volume.rs \
	'let Some(access) = access else {
        volume.flags().clear_and_wake(flags::CREATING_BIT);' 'let Some(access) = access else {'
mutant D4 fscache all_goes_well::withdrawn_twice fscache/volume.rs \
	'if !volume.flags().test_and_set(flags::WITHDRAWN) {' '{'
mutant R11 fscache all_goes_well::used_while_the_cache_goes fscache/access.rs \
	'let access = Self::pin(volume, cookie, why);
        if volume.cache().is_live() {' 'let access = Self::pin(volume, cookie, why);
        if true {'
mutant R11 fscache all_goes_well::used_while_the_cache_goes fscache/worker.rs \
	'let access = VolumeAccess::resume(cookie.volume(), cookie.debug_id());' \
	'let access = VolumeAccess::resume(cookie.volume(), cookie.debug_id());
    access.end(AccessWhy::LookupCookieEnd);
    let access = VolumeAccess::pin(cookie.volume(), cookie.debug_id(), AccessWhy::LookupCookie);'

# --- cookies ------------------------------------------------------------------
mutant R5 fscache all_goes_well::discard_and_use fscache/users.rs \
	'while active > 0 {' 'while active >= 0 {'
mutant R6 fscache all_goes_well::withdraw_and_read fscache/io.rs \
	'let guard = cookie.lock();
    let state = cookie.state();
    drop(guard);' 'let state = cookie.state();'
mutant D6 fscache all_goes_well::use_and_unuse fscache/users.rs \
	'(!modify || cookie.flags().any(flags::LOCAL_WRITE))' 'true'
mutant D22 fscache all_goes_well::discard_and_invalidate fscache/lru.rs \
	'Action::Again => self.push(cookie, wait::now()),' 'Action::Again => {}'
mutant D22 fscache all_goes_well::discard_and_unuse fscache/lru.rs \
	'// Was used meanwhile.
            self.push(cookie, since);' ''
mutant R14 fscache all_goes_well::lru_shut_down fscache/lru.rs \
	'self.timer.shutdown();' ''
mutant I1 fscache all_goes_well::relinquish_and_acquire fscache/cookie.rs \
	'    fscache().lru.remove(&cookie);
' ''
mutant I2 fscache all_goes_well::discard_and_use fscache/worker.rs \
	'access.end(AccessWhy::LookupCookieEnd);' 'access.suspend();'
mutant I5 fscache all_goes_well::invalidate_without_space fscache/worker.rs \
	'let mark = !keep &&' 'let mark = false &&'
mutant I1 fscache all_goes_well::broken_and_unuse fscache/cookie.rs \
	'Action::Again if cookie.flags().any(flags::REQUESTS) => cookie.queue(why),' ''
mutant I5 fscache all_goes_well::invalidate_without_space fscache/worker.rs \
	'if mark && state != State::Relinquishing' 'if false'
mutant D22 fscache all_goes_well::use_and_unuse fscache/users.rs \
	'fscache().lru.add(cookie);' ''
mutant D24 fscache bounds::patience_ends include/deadline.rs \
	'(left > 0 && left <= PATIENCE).then_some(left)' 'Some(left.max(1))'
mutant I14 fscache all_goes_well::unuse_too_often fscache/users.rs \
	'if cookie.n_active().load(Relaxed) <= 0 {' 'if false {'
mutant D22 fscache all_goes_well::early_and_relinquish fscache/lru.rs \
	'now.flags & flags::RELINQUISHED == 0 && !now.active' '!now.active'
mutant R5 fscache exhaustive::plain_use_is_as_decided fscache/state.rs \
	'State::Active => flags & DO_LRU_DISCARD == 0,' 'State::Active => true,'
mutant D6 fscache exhaustive::plain_use_is_as_decided fscache/state.rs \
	'is_plain && (!modify || flags & LOCAL_WRITE != 0)' 'is_plain'
mutant I14 structures states::of_bytes fscache/layout/cookie.rs \
	'} else {
        State::Dropped' '} else {
        State::Failed'
mutant O6 fscache all_goes_well::relinquish_and_acquire fscache/cookie.rs \
	'if is_awaited {' 'if false {'
mutant O6 fscache all_goes_well::relinquish_and_acquire fscache/cookie.rs \
	'old.flags().update(flags::KEY_AWAITED, 0);' ''
