//! Prints the public items of a crate, one a line, from the JSON file of rustdoc that the first argument names.
//!
//! What the compiler derives or adds by itself is left out: auto traits, blanket implementations and `#[derive]`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: paraph-public-api FILE");
        return ExitCode::from(2);
    };
    let builder = public_api::Builder::from_rustdoc_json(path);
    match builder.omit_auto_trait_impls(true).omit_blanket_impls(true).omit_auto_derived_impls(true).build() {
        Ok(api) => {
            print!("{api}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
