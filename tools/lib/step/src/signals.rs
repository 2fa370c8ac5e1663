//! Signals: which one came is remembered, the step in hand ends in order, and the tool dies by that very signal.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::{fs, thread};

/// Watches for the signals that ask a program to end. One that was ignored at the start (`nohup`) stays ignored.
pub(crate) fn watch() {
    let ignored = ignored_at_start();
    let wanted: Vec<i32> = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored & (1 << (signal - 1)) == 0)
        .collect();
    // Without a watch the default action ends the tool, which is what would be wanted then.
    if let Ok(mut signals) = Signals::new(wanted) {
        thread::spawn(move || {
            for signal in signals.forever() {
                deadline::interrupt::raise(signal);
            }
        });
    }
}

/// Dies by `signal`, so that whoever started the tool sees what ended it.
pub(crate) fn die_by(signal: i32) {
    // If the kernel refuses, the caller goes on to exit with 128 + N.
    signal_hook::low_level::emulate_default_handler(signal).ok();
}

/// The mask of ignored signals, signal N being bit N - 1; proc(5), `SigIgn`.
fn ignored_at_start() -> u64 {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status
                .lines()
                .find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}
