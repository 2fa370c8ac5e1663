//! `release-swap`: one atomic switch of `current`.

fn main() -> std::process::ExitCode {
    step::main::<release_swap::Tool>()
}
