//! Memory: what the machine has left, what a process takes.

use std::io;

use crate::Proc;
use crate::proc::malformed;

impl Proc {
    /// Bytes that programs can still get without the machine beginning to swap (`MemAvailable` of `/proc/meminfo`).
    pub fn available_memory(&self) -> io::Result<u64> {
        let text = self.text("meminfo")?;
        field(&text, "MemAvailable").ok_or_else(|| malformed(&self.path("meminfo")))
    }

    /// Bytes that are this process's own: anonymous and shared memory, swapped-out memory too; what it shares with others
    /// is divided among them. Files in memory are not counted, since they can be dropped at will. 0 for a kernel thread
    /// and a zombie.
    ///
    /// The division needs the right to look into the process (its own user, or root) and Linux 5.9; else what it shares is
    /// counted in full, as `RssAnon`, `RssShmem` and `VmSwap` of `/proc/PID/status` say, which anybody may read.
    pub fn process_memory(&self, pid: u32) -> io::Result<u64> {
        if let Ok(text) = self.text(Self::of(pid, "smaps_rollup"))
            && let (Some(anonymous), Some(shared)) =
                (field(&text, "Pss_Anon"), field(&text, "Pss_Shmem"))
        {
            return Ok(anonymous + shared + field(&text, "SwapPss").unwrap_or(0));
        }
        let text = self.text(Self::of(pid, "status"))?;
        let sum = ["RssAnon", "RssShmem", "VmSwap"];
        Ok(sum.iter().filter_map(|name| field(&text, name)).sum())
    }
}

/// `Name:   123 kB`, in bytes.
fn field(text: &str, name: &str) -> Option<u64> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whole_names_only() {
        let text = "MemAvailableX: 1 kB\nMemAvailable:   2048 kB\nHugePages_Total: 3\n";
        assert_eq!(field(text, "MemAvailable"), Some(2048 * 1024));
        assert_eq!(field(text, "MemAvail"), None);
        assert_eq!(field(text, "HugePages_Total"), None);
    }

    #[test]
    fn what_is_taken_is_seen() {
        let system = Proc::system();
        assert!(system.available_memory().unwrap() > 0);
        let before = system.process_memory(std::process::id()).unwrap();
        let block = vec![1_u8; 64 << 20];
        let after = system.process_memory(std::process::id()).unwrap();
        assert!(block.iter().all(|byte| *byte == 1));
        assert!(after > before + (60 << 20), "{before} {after}");
    }
}
