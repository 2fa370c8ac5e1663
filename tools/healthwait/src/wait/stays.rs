//! What follows a wait that ended well: the watch, and the look at its end.

use super::Wait;
use crate::judge::Judgement;
use crate::soak::{Soak, Soaking};
use crate::watch::Looks;
use deadline::Deadline;
use probe::Question;
use std::time::Duration;
use step::Failure;

/// What is not well at the very end of a watch is looked at so often, this far apart, before it is believed.
const LOOKS_AT_THE_END: u32 = 3;
const BETWEEN_LOOKS_AT_THE_END: Duration = Duration::from_secs(1);

impl Wait<'_> {
    /// All is well: is it still so after a while?
    pub(super) fn watch(
        &mut self,
        questions: &[Question],
        soak: &mut Soak<'_>,
    ) -> Result<(), Failure> {
        // Its end is its own affair; a signal ends it.
        let deadline = Deadline::never();
        let soaking = Soaking {
            questions,
            interval: self.interval,
            targets: &mut self.targets,
            looks: self.looks.as_mut(),
            soak,
        };
        let (report, result) = soaking.run(&deadline);
        self.watched = Some(report);
        let result = result.and_then(|()| self.at_the_end(&deadline));
        if let (Err(failure), Some(watched)) = (&result, &mut self.watched) {
            failure.message().clone_into(&mut watched.why);
            self.reasons = vec![failure.message().to_owned()];
        }
        result.map_err(|failure| {
            if failure.hint_text().is_none() {
                self.with_hint(failure)
            } else {
                failure
            }
        })
    }

    /// The end of a watch: the service runs and has kept to its limits, and it is still the new process that answers.
    fn at_the_end(&mut self, deadline: &Deadline) -> Result<(), Failure> {
        for look in 1.. {
            self.unprovable = 0;
            let well = self.look_at_the_end(deadline)?;
            if well {
                break;
            }
            if look == LOOKS_AT_THE_END {
                return Err(self.not_well_any_more());
            }
            deadline.sleep(BETWEEN_LOOKS_AT_THE_END)?;
        }
        Ok(())
    }

    fn look_at_the_end(&mut self, deadline: &Deadline) -> Result<bool, Failure> {
        self.reasons = Vec::new();
        let Some(looks) = &mut self.looks else {
            return Ok(true);
        };
        match looks.look(deadline)? {
            Judgement::Well => {}
            Judgement::Unwell(why) => {
                self.reasons = why;
                return Ok(false);
            }
            Judgement::Hopeless(why) => return Err(Failure::no("service-failed", why.join("; "))),
        }
        // The proof is that of now, and the answers after it are asked for anew.
        self.proof = None;
        self.prove(deadline)
    }

    fn not_well_any_more(&self) -> Failure {
        if self.unprovable > 0 {
            return self.unprovable();
        }
        let wrong = self.what_is_wrong();
        if self.is_disproven() {
            return Failure::no(
                "proof-disproven",
                format!("another process answers at the end of the watch: {wrong}"),
            );
        }
        let over_limit = self.looks.as_ref().is_some_and(Looks::is_beyond_a_limit);
        let code = if over_limit {
            "limit-exceeded"
        } else {
            "not-healthy"
        };
        Failure::no(code, format!("not well at the end of the watch: {wrong}"))
    }
}
