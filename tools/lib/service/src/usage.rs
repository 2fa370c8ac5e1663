//! What a service's processes take of the machine.

use std::time::Duration;

use host::Proc;

/// Memory and processor time of a service's living processes, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Bytes that they have for themselves, files in memory not counted; see [`Proc::process_memory`].
    pub memory_bytes: u64,
    /// Processor time that they have used since each of them started, and that of their children which have ended: a
    /// worker that is replaced takes none of it along.
    pub cpu_time: Duration,
    /// For how long the service has been running; `None` where its supervisor does not say.
    pub running_for: Option<Duration>,
}

impl Usage {
    /// One that ends meanwhile, or that this user may not look into, counts nothing.
    pub(crate) fn of(proc: &Proc, pids: &[u32], running_for: Option<Duration>) -> Self {
        let stats = pids.iter().filter_map(|pid| proc.stat(*pid).ok());
        Self {
            memory_bytes: pids
                .iter()
                .map(|pid| proc.process_memory(*pid).unwrap_or(0))
                .sum(),
            cpu_time: stats
                .map(|stat| stat.cpu_time + stat.ended_children_time)
                .sum(),
            running_for,
        }
    }

    /// The mean share of one core over its whole life, in percent. `None` where it has not lived for a second: the time is
    /// counted in ticks of 10 ms, and a start is no measure for a life.
    pub fn cpu_percent(&self) -> Option<f64> {
        let lived = self.running_for.filter(|lived| lived.as_secs() >= 1)?;
        Some(share(self.cpu_time, lived))
    }
}

/// The mean share of one core, in percent with two decimals, of so much processor time in so much time.
pub fn share(used: Duration, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    (used.as_secs_f64() / time.as_secs_f64() * 10_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_one_core_and_of_a_whole_life() {
        let second = Duration::from_secs(1);
        let usage = |running_for| Usage {
            memory_bytes: 0,
            cpu_time: second * 3,
            running_for,
        };
        assert_eq!(usage(Some(second * 2)).cpu_percent(), Some(150.0));
        assert_eq!(usage(Some(second * 900)).cpu_percent(), Some(0.33));
        assert_eq!(usage(Some(second / 2)).cpu_percent(), None);
        assert_eq!(usage(None).cpu_percent(), None);
        assert!(share(second, Duration::ZERO).abs() < f64::EPSILON);
    }

    #[test]
    fn this_very_process() {
        let usage = Usage::of(&Proc::system(), &[std::process::id(), 0], None);
        assert!(usage.memory_bytes > 0);
    }
}
