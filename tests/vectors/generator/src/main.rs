//! Writes the test vectors: `cargo run --manifest-path tests/vectors/generator/Cargo.toml [FOLDER]`.
//!
//! The folder is `tests/vectors` by default. Vectors that are no longer made are removed from it.

use std::path::PathBuf;

fn main() {
    let vectors = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let folder = std::env::args_os().nth(1).map_or_else(vectors, PathBuf::from);
    let written = paraph_vectors::write(&folder);
    println!("{written} vectors written to {}", folder.display());
}
