// SPDX-License-Identifier: GPL-2.0-only

//! Something that is done every so often, by a kernel worker, until it is stopped; not while the
//! system is being suspended or hibernated.

use crate::{
    atomic::Atomic,
    bindings,
    wait::{
        self,
        Jiffies,
        PATIENCE, //
    },
    workqueue, //
};
use kernel::{
    container_of, new_mutex,
    prelude::*,
    sync::{
        atomic::ordering::{
            Acquire,
            Relaxed,
            Release, //
        },
        Arc,
        Mutex, //
    },
    types::Opaque,
};

/// What is done.
pub(crate) trait Tick: Send + Sync + 'static {
    /// How long it is waited from the end of one time to the next.
    const PERIOD: Jiffies;

    /// Does it once. May sleep, but not for ever: who stops it waits.
    fn tick(&self);
}

/// Does it. To be stopped before it is dropped, lest the target stays for ever.
#[pin_data(PinnedDrop)]
pub(crate) struct Periodic<T: Tick> {
    #[pin]
    work: Opaque<bindings::delayed_work>,
    /// [`None`] before the start and after the stop.
    #[pin]
    target: Mutex<Option<Arc<T>>>,
    /// 1 while it is being done; set under the lock of the target.
    runs: Atomic<i32>,
}

// SAFETY: Work items may be queued and cancelled from every thread, and the rest is a mutex.
unsafe impl<T: Tick> Send for Periodic<T> {}
// SAFETY: As above.
unsafe impl<T: Tick> Sync for Periodic<T> {}

impl<T: Tick> Periodic<T> {
    /// One that does nothing yet.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            work <- Opaque::ffi_init(|work: *mut bindings::delayed_work| {
                // SAFETY: `work` is valid for writes and pinned; the function accepts a work item
                // that lies in a `Periodic<T>`, as this one does. The timer is one that only the
                // work queue arms.
                unsafe {
                    workqueue::init_work(&raw mut (*work).work, Self::run);
                    bindings::timer_init_key(
                        &raw mut (*work).timer,
                        Some(bindings::delayed_work_timer_fn),
                        bindings::TIMER_IRQSAFE,
                        c"periodic".as_char_ptr(),
                        kernel::static_lock_class!().as_ptr(),
                    );
                }
            }),
            target <- new_mutex!(None, "periodic"),
            runs: Atomic::new(0),
        })
    }

    /// Begins to do it to `target`.
    pub(crate) fn start(&self, target: Arc<T>) {
        let mut guard = self.target.lock();
        *guard = Some(target);
        self.queue();
    }

    /// Ends it, and waits until nothing of it runs any more; calls `still_runs` every [`PATIENCE`]
    /// until then. Sleeps.
    pub(crate) fn stop(&self, mut still_runs: impl FnMut()) {
        let target = self.target.lock().take();
        while !wait::wait_for(&self.runs, PATIENCE, || self.runs.load(Acquire) == 0) {
            still_runs();
        }
        // SAFETY: Initialised, and not queued again, as there is no target.
        unsafe { bindings::cancel_delayed_work_sync(self.work.get()) };
        drop(target);
    }

    /// To be called under the lock of the target, while there is one.
    fn queue(&self) {
        // SAFETY: Initialised, and valid until `stop()`, which cancels it.
        unsafe {
            bindings::queue_delayed_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                // What is done may change a disk, which must not be once the image of the memory
                // was taken.
                bindings::system_freezable_wq,
                self.work.get(),
                T::PERIOD,
            )
        };
    }

    /// # Safety
    ///
    /// `work` must be that of a `Periodic<T>`, which is valid as long as this runs.
    unsafe extern "C" fn run(work: *mut bindings::work_struct) {
        // SAFETY: By the function's contract: `Opaque` is transparent.
        let this: &Self = unsafe {
            let work = container_of!(work, bindings::delayed_work, work);
            let work: *mut Opaque<bindings::delayed_work> = work.cast();
            &*container_of!(work, Self, work)
        };
        let guard = this.target.lock();
        let target = guard.clone();
        this.runs.store(i32::from(target.is_some()), Relaxed);
        drop(guard);
        if let Some(target) = target {
            target.tick();
            drop(target);
            this.runs.store(0, Release);
            wait::wake(&this.runs);
        }
        let guard = this.target.lock();
        if guard.is_some() {
            this.queue();
        }
    }
}

#[pinned_drop]
impl<T: Tick> PinnedDrop for Periodic<T> {
    fn drop(self: Pin<&mut Self>) {
        self.stop(|| ());
    }
}
