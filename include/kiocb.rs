// SPDX-License-Identifier: GPL-2.0-only

//! Asynchronous direct I/O on files that the kernel opened for itself.
//!
//! [`read`] and [`write()`] hand an I/O vector to the file's filesystem together with a
//! [`Completion`], a value that is consumed when the I/O has ended, exactly once: by whoever ends
//! it, in whatever context that is, or before the submission returns.
//!
//! The filesystem acts under credentials that are given; a completion that the submitter calls does
//! not.
//!
//! Two parties use the control block: whoever completes the I/O, and the submitter, into whose
//! frames the filesystem returns after it queued the I/O. Each owns a reference to it.

use crate::{
    bindings,
    cred::with_creds,
    iov::IoVector,
    nofs::without_fs_reclaim, //
};
use core::cell::UnsafeCell;
use kernel::{
    cred::Credential,
    fs::File,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        UniqueArc, //
    },
    types::Opaque,
};

/// What happens when an I/O has ended.
pub(crate) trait Completion: Send + 'static {
    /// What is dropped at the very end, after the file and the memory of the I/O were given back:
    /// the reference that keeps everything alive that the completion runs on.
    type Last: Send;

    /// Takes the number of bytes that were moved to or from `file`.
    ///
    /// May be called in interrupt context; must not sleep, nor may dropping the result.
    fn complete(self, file: &File, result: Result<usize>) -> Self::Last;
}

/// A control block and what belongs to it.
#[repr(C)]
struct Io<C> {
    /// First, so that a pointer to it is one to the whole.
    kiocb: Opaque<bindings::kiocb>,
    /// Keeps the file open until both parties are done.
    file: ARef<File>,
    /// Taken by whoever completes.
    completion: UnsafeCell<Option<C>>,
}

// SAFETY: The control block is used as its protocol has it; the completion is `Send`, and accessed
// by one party once, see `Io::finish()`.
unsafe impl<C: Send> Send for Io<C> {}
// SAFETY: As above.
unsafe impl<C: Send> Sync for Io<C> {}

impl<C: Completion> Io<C> {
    /// Consumes the completion.
    ///
    /// # Safety
    ///
    /// Called once, by the party that the I/O's result was told to.
    unsafe fn finish(&self, ret: isize) -> Option<C::Last> {
        // SAFETY: By the function's contract nobody else accesses the completion.
        let completion = unsafe { (*self.completion.get()).take() }?;
        let result = usize::try_from(ret).map_err(|_| errno(ret));
        Some(completion.complete(&self.file, result))
    }

    /// The end of an I/O that was queued.
    ///
    /// # Safety
    ///
    /// `kiocb` must be that of an `Io<C>`, together with the completing party's reference.
    unsafe extern "C" fn ki_complete(kiocb: *mut bindings::kiocb, ret: c_long) {
        // SAFETY: By the function's contract, and because the control block is the first field.
        let io = unsafe { Arc::<Self>::from_raw(kiocb.cast()) };
        // SAFETY: Valid until `io` goes.
        if unsafe { (*kiocb).ki_flags } as u32 & bindings::IOCB_WRITE != 0 {
            // SAFETY: A queued write holds protection against freezing, which is the completing
            // party's to give back.
            unsafe { bindings::fscache_helper_kiocb_end_write(kiocb) };
        }
        // SAFETY: The filesystem calls this once, and then the submission does not finish.
        let last = unsafe { io.finish(ret) };
        drop(io);
        drop(last);
    }
}

/// A C error as one of ours; an I/O cannot be restarted as a system call is.
fn errno(ret: isize) -> Error {
    let error = Error::from_errno(i32::try_from(ret).unwrap_or(-5));
    if error == ERESTARTSYS
        || error == ERESTARTNOINTR
        || error == ERESTARTNOHAND
        || error == ERESTART_RESTARTBLOCK
    {
        EINTR
    } else {
        error
    }
}

/// How a submission came out.
#[derive(Clone, Copy)]
pub(crate) enum Submitted {
    /// The I/O is under way.
    Queued,
    /// The I/O has ended, this many bytes were moved, and the completion was consumed.
    Done(usize),
}

/// A function that starts an I/O.
type Start = unsafe extern "C" fn(
    *mut bindings::file,
    *mut bindings::kiocb,
    *mut bindings::iov_iter,
) -> isize;

/// Where the bytes go.
#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

fn submit<C: Completion>(
    file: &File,
    pos: u64,
    iter: &mut IoVector<'_>,
    completion: C,
    wait: bool,
    cred: &Credential,
    direction: Direction,
) -> Result<Submitted> {
    let (flags, start): (u32, Start) = match direction {
        Direction::Read => (0, bindings::vfs_iocb_iter_read),
        Direction::Write => (bindings::IOCB_WRITE, bindings::vfs_iocb_iter_write),
    };
    let pos = match i64::try_from(pos) {
        Ok(pos) => pos,
        Err(_) => {
            completion.complete(file, Err(EFBIG));
            return Err(EFBIG);
        }
    };
    let kiocb = bindings::kiocb {
        ki_filp: file.as_ptr(),
        ki_pos: pos,
        ki_flags: (bindings::IOCB_DIRECT | flags) as c_int,
        // SAFETY: Reads a property of the current task.
        ki_ioprio: unsafe { bindings::fscache_helper_current_ioprio() } as u16,
        ki_complete: if wait {
            None
        } else {
            Some(Io::<C>::ki_complete)
        },
        ..pin_init::zeroed()
    };
    // The memory first, so that the completion is not lost if there is none.
    let memory = match UniqueArc::<Io<C>>::new_uninit(GFP_KERNEL) {
        Ok(memory) => memory,
        Err(_) => {
            completion.complete(file, Err(ENOMEM));
            return Err(ENOMEM);
        }
    };
    let io: Arc<Io<C>> = memory
        .write(Io {
            kiocb: Opaque::new(kiocb),
            file: file.into(),
            completion: UnsafeCell::new(Some(completion)),
        })
        .into();

    // An override holds no reference. Once the I/O has ended, the operation may end, and the cache
    // with its credentials, while this task has yet to revert them. So it has a reference of its
    // own, which it gives back itself, after that.
    let cred: ARef<Credential> = cred.into();
    // Who issued the I/O may lose the vector once it has ended, and a filesystem may look at it once
    // more after it queued the I/O (Btrfs does).
    let mut vector = iter.copy();
    // One reference for the completing party, one for the frames below.
    let theirs = Arc::into_raw(io.clone());
    let ret = with_creds(&cred, || {
        without_fs_reclaim(|| {
            // SAFETY: File and control block live for the duration of the call and until
            // completion; the control block is the first field of an `Io`. The vector lives for
            // the duration of the call, which is enough: those of system calls do no longer.
            unsafe { start(io.file.as_ptr(), theirs.cast_mut().cast(), &raw mut vector) }
        })
    });
    if ret == -(bindings::EIOCBQUEUED as isize) {
        return Ok(Submitted::Queued);
    }
    iter.set(vector);
    // SAFETY: The I/O was not queued, so the other party's reference was not taken over.
    drop(unsafe { Arc::from_raw(theirs) });
    // SAFETY: The result was told to us, here, and `ki_complete` is not called.
    let last = unsafe { io.finish(ret) };
    drop(io);
    drop(last);
    usize::try_from(ret)
        .map(Submitted::Done)
        .map_err(|_| errno(ret))
}

/// Reads at `pos` into `iter`, under `cred`. Sleeps while submitting, and until the end if `wait`.
///
/// `iter` is advanced by what was read if that is over on return, and else left as it was.
///
/// # Errors
///
/// Those of the submission, or of an I/O that ended at once; the completion was consumed.
pub(crate) fn read<C: Completion>(
    file: &File,
    pos: u64,
    iter: &mut IoVector<'_>,
    completion: C,
    wait: bool,
    cred: &Credential,
) -> Result<Submitted> {
    submit(file, pos, iter, completion, wait, cred, Direction::Read)
}

/// Writes `iter` at `pos`, under `cred`. Sleeps while submitting, and until the end if `wait`.
///
/// # Errors
///
/// As for [`read`].
pub(crate) fn write<C: Completion>(
    file: &File,
    pos: u64,
    iter: &mut IoVector<'_>,
    completion: C,
    wait: bool,
    cred: &Credential,
) -> Result<Submitted> {
    submit(file, pos, iter, completion, wait, cred, Direction::Write)
}
