//! Where the environment is protected, what lets more pass than the application's file does is refused.

mod rules;

use crate::args::Args;
use application::protected::{Demands, is_protected, not_forced};
use rules::Asked;
use step::{Context, Failure};

/// Whether the environment is protected. Refuses, where it is, whatever would let more pass than the application's file does. Where an
/// option's value comes from makes no difference: a variable of the caller's is as good as a word on the command line.
pub(crate) fn guard(args: &Args, context: &Context) -> Result<bool, Failure> {
    if !is_protected(context)? {
        return Ok(false);
    }
    if args.force {
        return Err(not_forced("failed checks are", "preflight"));
    }
    let demands = Demands::of("preflight", context.app());
    let asked = Asked::of(args, demands);
    match asked.excess().map_err(Failure::usage)? {
        Some(excess) => Err(demands.refused(&excess)),
        None => Ok(true),
    }
}
