//! File descriptors that were inherited and must go no further.
//!
//! A shell that holds a lock on descriptor 9, or a `make` with its job server, hands those to every tool it starts;
//! a service started by that tool would keep them for as long as it lives. This is the only crate with unsafe code:
//! no library offers a safe way to mark a descriptor that one did not open oneself.

use nix::libc;

/// Marks every descriptor from 3 up as closed on exec. Without effect on a kernel before 5.11, which lacks the call.
///
/// To be called before the first thread is started, so that no other thread is opening descriptors meanwhile.
pub fn keep_from_children() {
    // SAFETY: close_range(2) with CLOSE_RANGE_CLOEXEC takes three integers, touches no memory and closes nothing:
    // every descriptor stays valid in this process, whoever owns it.
    #[allow(unsafe_code)]
    let _unsupported = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}
