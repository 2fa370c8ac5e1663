//! What to do where nobody serves.

use application::Application;
use state::{Outcome, Verdict};
use step::Context;

/// The command that leads out of it: back to the last release that a deploy has ended well with, past the live one, which has just been
/// tried, and those that are known bad. Where there is none, what is wrong has to be mended and deployed.
pub(crate) fn way_out(application: &Application, context: &Context) -> String {
    if let Some(name) = served(application) {
        return format!("rollback --to {name}");
    }
    context.note("no other release is known to have served: mend what is wrong, and deploy that");
    "deploy-state show".to_owned()
}

fn served(application: &Application) -> Option<String> {
    let state = application.load().ok()?;
    let link = application.link().ok()?;
    let told = application.store.told().ok()?;
    let served = told.into_iter().rev().filter_map(|told| {
        let well = told.outcome.as_deref() == Some(Outcome::Succeeded.name());
        told.live.filter(|_| well)
    });
    let mut usable = served.filter(|name| {
        Some(name.as_str()) != link.release()
            && state.verdict(name) != Verdict::Bad
            && releases::resolve(&application.layout, name).is_ok()
    });
    usable.next()
}
