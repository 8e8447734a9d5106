//! An allocator that counts what it gave out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts the system allocator's bytes.
pub(crate) struct Tally {
    live: AtomicUsize,
    peak: AtomicUsize,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { live: AtomicUsize::new(0), peak: AtomicUsize::new(0) }
    }

    /// Begins to look for a peak, and gives the bytes in use.
    pub(crate) fn start(&self) -> usize {
        let live = self.live();
        self.peak.store(live, Relaxed);
        live
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    fn grow(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(live, Relaxed);
    }
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; all it does is count")]
// SAFETY: every call is handed to the system allocator as it came.
unsafe impl GlobalAlloc for Tally {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.live.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.live.fetch_sub(layout.size(), Relaxed);
        self.grow(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}
