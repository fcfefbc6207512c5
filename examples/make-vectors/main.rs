//! Writes the test vectors: `cargo run --example make-vectors [FOLDER]`.
//!
//! Everything is made from seeded keys, deterministic signatures and fixed times: made again, each file has the same bytes. The folder is
//! `tests/vectors` where none is named; folders in it that are no longer made are removed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a defect here is a defect of the vectors, and ends the program"
)]

mod vectors;

fn main() {
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors").into());
    let made = vectors::write(folder.as_ref());
    println!("{made} vectors written to {}", folder.display());
}
