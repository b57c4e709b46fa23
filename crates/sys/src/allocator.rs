//! allocator — memory for programs that live shortly and allocate many small things.
//!
//! musl's own allocator is built to withstand misuse from C and takes several times as long. Sizes are rounded up to
//! classes; what is given back waits in its class to be given out again. Large blocks are mappings of their own, which
//! the kernel can grow in place. The thread that allocates first (there is mostly no other) has its memory to itself; a
//! lock guards that of all others. What one gives back that another took is from then on its own.
//!
//! Where there is no memory the process says so and ends: a Rust program can do nothing else, and by itself would end
//! without a word. Who builds something big asks `has_room` first.
//!
//! Differs: memory of a class never becomes memory of another.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, c_char};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// From this size on, a block is a mapping of its own.
const LARGE: usize = 128 * 1024;
/// What is taken from the system at once for small blocks; later more.
const CHUNK_FIRST: usize = 64 * 1024;
const CHUNK_MOST: usize = 1024 * 1024;
const PAGE: usize = 4096;

/// Up to 1 KiB in steps of 16 bytes, then four classes for each doubling.
const SMALL_MOST: usize = 1024;
const SMALL_CLASSES: usize = SMALL_MOST / 16;
const CLASSES: usize = SMALL_CLASSES + 4 * 7;

/// The allocator. A program makes it its own by `#[global_allocator]`.
pub struct Allocator {
    /// The thread that allocated first; 0 before that.
    first: AtomicUsize,
    /// What it has.
    own: UnsafeCell<State>,
    locked: AtomicBool,
    /// What all others have.
    shared: UnsafeCell<State>,
}

thread_local! {
    /// Its address tells threads apart: two that live at the same time have two of it.
    static MARK: Cell<u8> = const { Cell::new(0) };
}

struct State {
    /// For each class, blocks that were given back, each pointing to the next.
    free: [*mut u8; CLASSES],
    /// The part of the last chunk that was not given out yet.
    at: usize,
    end: usize,
    chunk: usize,
}

// SAFETY: `own` is touched only by the thread named in `first`, which is set once; `shared` by the holder of `locked`.
unsafe impl Sync for Allocator {}

impl Allocator {
    pub const fn new() -> Allocator {
        Allocator {
            first: AtomicUsize::new(0),
            own: UnsafeCell::new(State::new()),
            locked: AtomicBool::new(false),
            shared: UnsafeCell::new(State::new()),
        }
    }

    /// Takes a block of `size`, or with `block` gives that one back.
    #[inline(always)]
    fn exchange(&self, block: *mut u8, size: usize) -> *mut u8 {
        let thread = MARK.with(Cell::as_ptr) as usize;
        if self.first.load(Ordering::Relaxed) == thread {
            // SAFETY: no other thread touches it, and nothing in it allocates.
            return unsafe { &mut *self.own.get() }.exchange(block, size);
        }
        self.exchange_shared(block, size, thread)
    }

    #[cold]
    #[inline(never)]
    fn exchange_shared(&self, block: *mut u8, size: usize, thread: usize) -> *mut u8 {
        if self.first.compare_exchange(0, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return self.exchange(block, size);
        }
        while self.locked.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: the lock is held, and nothing in it allocates.
        let result = unsafe { &mut *self.shared.get() }.exchange(block, size);
        self.locked.store(false, Ordering::Release);
        result
    }
}

impl Default for Allocator {
    fn default() -> Allocator {
        Allocator::new()
    }
}

/// The class of a size below `LARGE`, and the size that its blocks have.
#[inline(always)]
const fn class(size: usize) -> (usize, usize) {
    if size <= SMALL_MOST {
        let class = size.saturating_sub(1) / 16;
        return (class, (class + 1) * 16);
    }
    large_class(size)
}

#[cold]
#[inline(never)]
const fn large_class(size: usize) -> (usize, usize) {
    // 1024 < size: the leading bit names the doubling, the two bits behind it the quarter.
    let doubling = (usize::BITS - (size - 1).leading_zeros() - 1) as usize;
    let quarter = (size - 1) >> (doubling - 2) & 3;
    let class = SMALL_CLASSES + (doubling - 10) * 4 + quarter;
    (class, (quarter + 5) << (doubling - 2))
}

/// How blocks of more than `SMALL_MOST` bytes are aligned: as the states of compressors and digests want to be.
const ALIGN: usize = 64;

/// Whether the block gets a mapping of its own.
#[inline]
fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE || (layout.align() > 16 && (layout.align() > ALIGN || layout.size() <= SMALL_MOST))
}

fn pages(size: usize) -> usize {
    (size + PAGE - 1) & !(PAGE - 1)
}

/// Whether `size` bytes more can be had now, as far as limits and the kernel's accounting tell.
pub fn has_room(size: usize) -> bool {
    if size > isize::MAX as usize {
        return false;
    }
    let size = pages(size.max(1));
    let block = map(size);
    if block.is_null() {
        return false;
    }
    // SAFETY: the mapping was made above and nobody knows it.
    unsafe { libc::munmap(block.cast(), size) };
    true
}

/// The status of a process that ended for want of memory.
const NO_MEMORY_STATUS: libc::c_int = 2;

/// Ends the process with "NAME: out of memory" on standard error.
#[cold]
#[inline(never)]
fn fail() -> ! {
    unsafe extern "C" {
        /// What the program was called by, set before main by both C libraries of Linux.
        static program_invocation_short_name: *const c_char;
    }
    // SAFETY: the name is a string of the process's arguments, null before they were looked at. Nothing here allocates.
    unsafe {
        let name = program_invocation_short_name;
        let name = if name.is_null() { c"sh" } else { CStr::from_ptr(name) };
        let part = |text: &CStr| libc::iovec {
            iov_base: text.as_ptr().cast_mut().cast(),
            iov_len: text.count_bytes(),
        };
        libc::writev(2, [part(name), part(c": out of memory\n")].as_ptr(), 2);
        libc::_exit(NO_MEMORY_STATUS)
    }
}

/// A fresh mapping of zeros for a large block. Without memory it ends the process.
fn map_or_fail(size: usize) -> *mut u8 {
    let block = map(pages(size));
    if block.is_null() {
        fail();
    }
    block
}

/// A fresh mapping of zeros; null if there is none.
fn map(size: usize) -> *mut u8 {
    // SAFETY: a new anonymous mapping touches nothing that exists.
    let address = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED { null_mut() } else { address.cast() }
}

impl State {
    const fn new() -> State {
        State { free: [null_mut(); CLASSES], at: 0, end: 0, chunk: CHUNK_FIRST }
    }

    #[inline(always)]
    fn exchange(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        let (class, size) = class(size);
        if block.is_null() {
            return self.take(class, size);
        }
        // SAFETY: the block came from `take` for this class and is not used any more.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
        null_mut()
    }

    #[inline(always)]
    fn take(&mut self, class: usize, size: usize) -> *mut u8 {
        let first = self.free[class];
        if !first.is_null() {
            // SAFETY: a block in the list belongs to nobody, is at least 16 bytes long, and begins with the next one's
            // address.
            self.free[class] = unsafe { first.cast::<*mut u8>().read() };
            return first;
        }
        self.take_new(size)
    }

    #[inline(never)]
    fn take_new(&mut self, size: usize) -> *mut u8 {
        // The sizes of larger classes are multiples of this, but those of small ones may lie before.
        if size > SMALL_MOST {
            self.at = (self.at + ALIGN - 1) & !(ALIGN - 1);
        }
        // Ends of chunks are ends of pages: this does not go beyond.
        if self.end - self.at < size {
            self.grow(size);
        }
        let block = self.at;
        self.at += size;
        block as *mut u8
    }

    #[cold]
    fn grow(&mut self, size: usize) {
        let mut chunk = self.chunk.max(pages(size));
        let mut start = map(chunk) as usize;
        if start == 0 {
            chunk = pages(size);
            start = map_or_fail(chunk) as usize;
        }
        // What was left of the last chunk is lost, unless the new one happens to follow it.
        if start != self.end {
            self.at = start;
        }
        self.end = start + chunk;
        self.chunk = (self.chunk * 2).min(CHUNK_MOST);
    }
}

// SAFETY: blocks come from fresh mappings, do not overlap, are aligned to 16 bytes (larger ones to `ALIGN`, mappings to
// pages), and stay until they
// are given back. Layouts of more than a page's alignment do not occur and get null.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return if layout.align() > PAGE { null_mut() } else { map_or_fail(layout.size()) };
        }
        self.exchange(null_mut(), layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            // SAFETY: it is a mapping of its own, of that many pages.
            unsafe { libc::munmap(block.cast(), pages(layout.size())) };
        } else {
            self.exchange(block, layout.size());
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the same conditions as for `alloc`.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() && !is_large(layout) {
            // SAFETY: the block has at least this size.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size does not overflow with this alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (is_large(layout), is_large(new_layout)) {
            (false, false) if class(layout.size()).0 == class(new_size).0 => return block,
            (true, true) if pages(layout.size()) == pages(new_size) => return block,
            (true, true) => {
                // SAFETY: it is a mapping of its own; the kernel may move it.
                let moved = unsafe {
                    libc::mremap(block.cast(), pages(layout.size()), pages(new_size), libc::MREMAP_MAYMOVE)
                };
                if moved == libc::MAP_FAILED {
                    fail();
                }
                return moved.cast();
            }
            _ => {}
        }
        // SAFETY: both blocks are valid for the smaller of the two sizes and do not overlap; the old one is given back
        // with its own layout.
        unsafe {
            let new = self.alloc(new_layout);
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_blocks_are_aligned() {
        let allocator = Allocator::new();
        for size in [1, 1024, 1025, 3000, 40_000, 100_000, LARGE] {
            for align in [16, 32, 64, 128, 4096] {
                let small = Layout::from_size_align(48, 16).unwrap();
                let layout = Layout::from_size_align(size, align).unwrap();
                // SAFETY: the layouts are valid; the blocks are written within them, and given back with them.
                unsafe {
                    let between = allocator.alloc(small);
                    let block = allocator.alloc(layout);
                    assert!((block as usize).is_multiple_of(align), "{size} {align}");
                    block.write_bytes(1, size);
                    allocator.dealloc(block, layout);
                    allocator.dealloc(between, small);
                }
            }
        }
    }

    #[test]
    fn classes_hold_their_sizes() {
        let mut last = (0, 0);
        for size in 1..LARGE {
            let (class, rounded) = class(size);
            assert!(rounded >= size && rounded - size <= (size / 4).max(16), "{size}: {rounded}");
            assert!(class < CLASSES && rounded % 16 == 0, "{size}");
            assert!((class, rounded) >= last, "{size}");
            last = (class, rounded);
        }
    }

    #[test]
    fn tells_whether_there_is_room() {
        assert!(has_room(0) && has_room(LARGE));
        assert!(!has_room(isize::MAX as usize - PAGE) && !has_room(usize::MAX));
    }

    #[test]
    fn threads_have_memory_of_their_own() {
        static ALLOCATOR: Allocator = Allocator::new();
        let work = |mark: u8| {
            let layout = Layout::from_size_align(40, 8).unwrap();
            for _ in 0..200 {
                // SAFETY: the layout is valid; each block is used within its size and given back once.
                unsafe {
                    let blocks: Vec<*mut u8> = (0..50).map(|_| ALLOCATOR.alloc(layout)).collect();
                    blocks.iter().for_each(|block| block.write_bytes(mark, 40));
                    for block in blocks {
                        assert!(std::slice::from_raw_parts(block, 40).iter().all(|&byte| byte == mark));
                        ALLOCATOR.dealloc(block, layout);
                    }
                }
            }
        };
        std::thread::scope(|scope| (1..5).for_each(|mark| drop(scope.spawn(move || work(mark)))));
    }

    #[test]
    fn gives_memory_that_keeps_its_contents() {
        let allocator = Allocator::new();
        let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut random: usize = 12345;
        for round in 0..20_000usize {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let size = 1 + (random >> 33) % if round % 100 == 0 { 400_000 } else { 3000 };
            let mark = round as u8;
            // SAFETY: layouts are valid and kept with their blocks; blocks are used within their sizes.
            unsafe {
                if blocks.len() > 300 {
                    let (block, layout, mark) = blocks.swap_remove((random >> 20) % 300);
                    let slice = std::slice::from_raw_parts(block, layout.size());
                    assert!(slice.iter().all(|&byte| byte == mark));
                    if round % 3 == 0 {
                        let new = allocator.realloc(block, layout, size);
                        let kept = layout.size().min(size);
                        assert!(std::slice::from_raw_parts(new, kept).iter().all(|&byte| byte == mark));
                        new.write_bytes(mark, size);
                        blocks.push((new, Layout::from_size_align(size, 16).unwrap(), mark));
                        continue;
                    }
                    allocator.dealloc(block, layout);
                }
                let layout = Layout::from_size_align(size, 16).unwrap();
                let block = allocator.alloc_zeroed(layout);
                assert!(std::slice::from_raw_parts(block, size).iter().all(|&byte| byte == 0));
                assert_eq!(block as usize % 16, 0);
                block.write_bytes(mark, size);
                blocks.push((block, layout, mark));
            }
        }
    }
}
