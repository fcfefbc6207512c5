//! The program as an installation leaves it.

use std::path::{Path, PathBuf};

/// A copy of paraph. The linker's own output lies in the system's memory page by page, where a file that was copied or read from disk lies in
/// larger pieces: a process of it starts and ends a third of a millisecond sooner, as those of the programs beside it do.
pub fn paraph() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("installed-", env!("CARGO_CRATE_NAME")));
    std::fs::create_dir_all(&folder).unwrap();
    let program: PathBuf = folder.join("paraph");
    // a program that runs cannot be written to, and one that is gone can
    let _ = std::fs::remove_file(&program);
    std::fs::copy(env!("CARGO_BIN_EXE_paraph"), &program).unwrap();
    program.to_str().unwrap().to_owned()
}
