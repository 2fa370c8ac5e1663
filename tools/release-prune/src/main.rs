//! `release-prune`: old releases removed, by use and by number.

fn main() -> std::process::ExitCode {
    step::main::<release_prune::Tool>()
}
