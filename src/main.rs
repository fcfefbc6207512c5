//! The program `paraph`: calls the library.
fn main() -> std::process::ExitCode {
    paraph::internals::main()
}
