//! `healthwait`: until every target is well, and stays so.

fn main() -> std::process::ExitCode {
    step::main::<healthwait::Tool>()
}
