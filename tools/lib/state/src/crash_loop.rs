//! Restarts since the switch, by a counter that others may reset.

use crate::model::{State, Status, Switch};
use std::time::SystemTime;

impl Switch {
    /// Takes in what the supervisor's counter says now.
    ///
    /// A counter that fell was reset (a manual restart or `reset-failed` does that): what it shows since then is
    /// counted on top. One that was never seen before begins here: what it counted earlier belongs to nobody.
    pub fn observe(&mut self, restarts: u64) {
        self.counted += match self.last_seen.or(self.restarts) {
            None => 0,
            Some(before) if restarts >= before => restarts - before,
            Some(_) => restarts,
        };
        self.last_seen = Some(restarts);
    }
}

impl State {
    /// Whether a crash loop still leads back at this moment.
    pub fn on_watch(&self, now: SystemTime) -> bool {
        match self.status {
            Status::Validating(_) => true,
            Status::RollingBack(_) => false,
            Status::Idle | Status::Deploying(_) => {
                self.probation_until.is_some_and(|until| now < until)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(at_switch: Option<u64>, counters: &[u64]) -> u64 {
        let mut switch = Switch {
            restarts: at_switch,
            ..Switch::default()
        };
        for counter in counters {
            switch.observe(*counter);
        }
        switch.counted
    }

    #[test]
    fn restarts_before_the_switch_do_not_count() {
        assert_eq!(after(Some(7), &[7, 8, 9]), 2);
        assert_eq!(after(None, &[7, 8]), 1);
    }

    #[test]
    fn a_reset_counter_goes_on_counting() {
        assert_eq!(after(Some(7), &[0]), 0);
        assert_eq!(after(Some(7), &[0, 1, 2]), 2);
        assert_eq!(after(Some(0), &[1, 2, 0, 1, 2]), 4);
    }
}
