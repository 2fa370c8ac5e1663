//! rollback: see the library beside it.

fn main() -> std::process::ExitCode {
    step::main::<rollback::Tool>()
}
