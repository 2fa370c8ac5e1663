//! `drain-wait`: until no work is in flight.

fn main() -> std::process::ExitCode {
    step::main::<drain_wait::Tool>()
}
