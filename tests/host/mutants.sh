# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Sourced by scripts/mutants.sh: faults in the module's own code that the host
# tests must find, for what cannot be spoilt from the tests (those that can are
# in tests/host/fscache/src/stand_in/fault.rs).
#
# mutant ID CRATE TEST FILE WHAT INSTEAD : with INSTEAD in the place of WHAT,
# which is in FILE once, TEST fails.  ID is that of Documentation/immunity.md, or of
# immunity-cachefiles.md.

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
	'unsafe { fscache().queue.queue(work) };' 'unsafe { Self::release(cookie) };'
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

# --- cachefiles ---------------------------------------------------------------
extent=cachefiles/extent.rs
mutant R31 cachefiles limits::block_sizes cachefiles/limits.rs \
	'self.blocks_for(sectors.saturating_mul(512))' 'sectors'
mutant R30 cachefiles limits::any_size_up_to_all cachefiles/limits.rs \
	'bytes.div_ceil(self.bytes())' 'bytes / self.bytes()'
mutant I16 cachefiles limits::judging cachefiles/limits.rs \
	'free.files < self.files.stop || free.blocks < self.blocks.stop' 'free.blocks < self.blocks.stop'
mutant R35 cachefiles coherency::every_length cachefiles/coherency.rs \
	'if stored_data.len() != data.len() {
        Verdict::BadXattr
    } else if *reserved' 'if stored_data.len() < data.len() {
        Verdict::BadXattr
    } else if *reserved'
mutant D7 cachefiles coherency::every_type_and_content cachefiles/coherency.rs \
	'None => Verdict::BadContent,' 'None => Verdict::Coherent,'
mutant D6 cachefiles coherency::every_type_and_content cachefiles/coherency.rs \
	'Some(Content::Dirty) => Verdict::Dirty,' ''
mutant I8 cachefiles coherency::one_flipped_bit_is_seen cachefiles/coherency.rs \
	'} else if stored_data != data {
        Verdict::BadData
    } else if u64' '} else if stored_data.first() != data.first() {
        Verdict::BadData
    } else if u64'
mutant D20 cachefiles key::every_length cachefiles/key.rs \
	'if len > NAME_MAX {' 'if false {'
mutant I13 cachefiles key::injective_over_small_keys cachefiles/key.rs \
	"name.push([b','])?;" ''
mutant I13 cachefiles key::like_the_model cachefiles/key.rs \
	'word.leading_zeros() / 4' 'word.leading_zeros() / 8'
mutant I13 cachefiles key::like_the_model cachefiles/key.rs \
	'33..=46 | 48..=127' '33..=127'
mutant R36 cachefiles extent::file_sizes $extent \
	'round_up(size.min(POS_MAX), DIO_BLOCK)' 'round_down(size.min(POS_MAX), DIO_BLOCK)'
mutant R44 cachefiles extent::aligned_stores $extent \
	'let need = DIO_BLOCK.saturating_sub(part);' 'let need = part;'
mutant D14 cachefiles extent::aligned_stores $extent \
	'let skip = round_up(start, DIO_BLOCK).checked_sub(start)?;' \
	'let skip = start.checked_sub(round_down(start, DIO_BLOCK))?;'
mutant R43 cachefiles extent::extremes_do_not_overflow $extent \
	'.filter(|len| start.checked_add(*len).is_some_and(|end| end <= POS_MAX))' \
	'.filter(|len| start + *len <= POS_MAX)'
mutant D26 cachefiles extent::a_read_is_never_longer_nor_empty_nor_invented $extent \
	'} else if end >= size {' '} else if true {'
mutant D26 cachefiles extent::found_data_is_data_within_the_range $extent \
	'let data_end = hole.min(end);' 'let data_end = hole;'
mutant D26 cachefiles extent::occupancy_is_what_it_says $extent \
	'Ok(pos) if pos >= end => return Ok(Occupancy::Empty),' 'Ok(pos) if pos > end => return Ok(Occupancy::Empty),'
mutant D26 cachefiles extent::damage_covers_nothing_else $extent \
	'|| first > other_end || other_first > end' ''
mutant R60 cachefiles extent::whole_blocks_are_forgotten $extent \
	'let end = round_up(start.saturating_add(len), block);' 'let end = start.saturating_add(len);'
mutant I11 cachefiles command::names_with_newlines cachefiles/command.rs \
	'if !is_about_a_name(line) {' 'if true {'
mutant I11 cachefiles command::refusals cachefiles/command.rs \
	'if !rest.iter().all(|&byte| is_space(byte)) {' 'if false {'
mutant I11 cachefiles command::every_percent cachefiles/command.rs \
	'.checked_mul(u64::from(base))?' '.wrapping_mul(u64::from(base))'
mutant R60 cachefiles integrity::damage_again_while_it_is_mended cachefiles/integrity.rs \
	'(self.writes.fetch_add(0, ordering::Full) == 0).then_some(Mendable { word, range })' 'Some(Mendable { word, range })'
mutant R60 cachefiles integrity::damage_in_two_places cachefiles/integrity.rs \
	'self.damage.cmpxchg(was.word, 0, ordering::Full).is_ok()' \
	'{ self.damage.store(0, ordering::Release); was.word != 1 }'
mutant R60 cachefiles integrity::damage_before_the_replacement cachefiles/integrity.rs \
	'self.damage.xchg(0, ordering::Full);
    }' '}'
mutant R60 cachefiles integrity::damage_in_two_places cachefiles/integrity.rs \
	'Err(now) => old = now,' 'Err(_) => break,'

# --- what is copied while the file is cut -----------------------------------------
mutant I5 cachefiles extent::only_what_is_in_the_file $extent \
	'    let end = if was_cut {' '    let end = if false {'
mutant I5 cachefiles extent::only_what_is_in_the_file $extent \
	'len.min(end.saturating_sub(start))' 'len'
mutant I5 structures write::cut_meanwhile fscache/io.rs \
	'if cookie.copies().fetch_add(0, Full) != 0
' 'if false
'
mutant I5 structures write::cut_meanwhile fscache/write.rs \
	'cookie.copies().fetch_sub(1, Full);' ''
# The end of a copy may be in an interrupt.
mutant R13 structures write::told_once fscache/write.rs \
	'cookie.copies().fetch_sub(1, Full);' 'cookie.copies().fetch_sub(1, Full); drop(cookie.lock());'
mutant I5 structures write::cut_meanwhile fscache/cookie.rs \
	'    // So that the backend refuses what has not reached it yet.
    guard.count_invalidation();' ''
mutant I5 structures write::cut_meanwhile fscache/write.rs \
	'file_size.min(unsafe { size_now(range.mapping) })' 'file_size'

# --- what is known of an object's file --------------------------------------------
mutant D26 cachefiles known::what_is_known_is_there cachefiles/known.rs \
	'if asked.removals == self.removals {' 'if true {'
mutant D26 cachefiles known::what_is_known_is_there cachefiles/known.rs \
	'let extent = if self.state == state {' 'let extent = if self.state.file == state.file {'
mutant D26 cachefiles known::what_is_known_is_there cachefiles/known.rs \
	'let extent = if self.state == state {' 'let extent = if self.state.changed == state.changed {'
mutant D26 cachefiles known::what_is_known_is_there cachefiles/known.rs \
	'        self.extent = Extent::EMPTY;
    }' '    }'

# --- what ext4 makes of blocks that were allocated --------------------------------
mutant D26 cachefiles stores::none_touch cachefiles/stores.rs \
	'self.start <= other.end && other.start <= self.end' 'self.start < other.end && other.start < self.end'
mutant D26 cachefiles stores::none_touch cachefiles/stores.rs \
	'self.file == other.file && ' ''
mutant D26 cachefiles stores::none_touch cachefiles/stores.rs \
	'self.stores.swap(at, last);' 'let _ = at;'
mutant D26 cachefiles stores::there_is_an_end_to_them cachefiles/stores.rs \
	'            return;
        };
        let last' '            self.len = self.len.saturating_sub(1);
            return;
        };
        let last'
mutant D26 cachefiles extent::every_hole cachefiles/extent.rs \
	'Ok(data) => data.min(size),' 'Ok(data) => data,'
mutant D26 cachefiles extent::every_hole cachefiles/extent.rs \
	'Err(SeekError::BeyondEnd) => size,' 'Err(SeekError::BeyondEnd) => hole,'

# --- what was free a moment ago ---------------------------------------------------
mutant I11 cachefiles limits::what_was_free_a_moment_ago cachefiles/limits.rs \
	'if self.jiffy != jiffy {' 'if self.jiffy > jiffy {'
mutant I11 cachefiles limits::what_was_free_a_moment_ago cachefiles/limits.rs \
	'self.free = self.free.less(want);
        Some(self.free)' 'Some(self.free.less(want))'

# --- what is written, or out of date, where there is no object --------------------
mutant D5 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'LOCAL_WRITE | DO_PREP_TO_WRITE | DO_INVALIDATE' 'LOCAL_WRITE | DO_PREP_TO_WRITE'
mutant D5 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'let clear = if now.state == State::Failed {
        0' 'let clear = if now.state == State::Failed {
        flags::DO_INVALIDATE'
mutant D5 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'writes && (now.active || now.state == State::Failed)' 'writes && now.active'
mutant D24 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'Decision::stay(now, Action::Rest).set(writer | WENT_ON)' 'Decision::stay(now, Action::Rest).set(writer)'
mutant D24 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'if patient && now.flags & WENT_ON == 0 {' 'if patient {'
mutant D5 fscache exhaustive::everything_that_can_happen fscache/state.rs \
	'let is_open = now.state == State::Withdrawing || now.flags & WENT_ON != 0;' 'let is_open = now.state == State::Withdrawing;'
mutant D5 structures write::old_content_after_an_invalidation fscache/cookie.rs \
	'if now.active && now.flags & flags::LOCAL_WRITE != 0 {' 'if false {'
mutant D5 structures write::old_content_after_an_invalidation fscache/access.rs \
	'is_live() && !cookie.flags().any(flags::DISABLED)' 'is_live()'
mutant D5 structures write::old_content_after_an_invalidation fscache/io.rs \
	'why != AccessWhy::IoWrite || !cookie.flags().any(HAS_OLD_CONTENT)' 'true'
mutant D5 structures write::changed_while_read fscache/cookie.rs \
	'if now.accessed {' 'if false {'
mutant D5 structures write::changed_while_read fscache/cookie.rs \
	'if cookie.n_accesses().fetch_add(0, Full) > 1 {' 'if false {'
mutant D5 structures write::changed_while_read fscache/cookie.rs \
	'now.flags & folios == folios' 'false'
mutant D5 structures write::changed_while_read fscache/cookie.rs \
	'cookie.flags().update(flags::OLD_READS, 0);' ''
mutant D5 structures write::changed_while_read fscache/io.rs \
	'is_used && size' 'false && size'
mutant D5 structures write::changed_while_read fscache/io.rs \
	'is_used && size <=' 'is_used && size <'
mutant D5 structures write::old_reads_end_with_the_users fscache/users.rs \
	'UNTIL_UNUSED | flags::OLD_READS | ' 'UNTIL_UNUSED | '
mutant D5 structures write::old_reads_end_with_the_users fscache/users.rs \
	'if cookie.n_accesses().fetch_add(0, Full) == 0 {' 'if true {'
mutant I5 structures write::cache_goes_in_the_middle fscache/io.rs \
	'if !is_ready && want == Want::Write {' 'if false {'
mutant I5 structures write::cache_goes_in_the_middle fscache/io.rs \
	'if cookie.n_accesses().fetch_add(0, Full) != 0 {' 'if false {'
mutant D11 structures references::last_reference_goes_while_it_is_kept fscache/layout/cookie_ref.rs \
	'cookie.refs().inc();
        look();' 'look();
        cookie.refs().inc();'
