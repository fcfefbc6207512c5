//! The paraph program.
fn main() -> std::process::ExitCode {
    paraph::internals::main()
}
