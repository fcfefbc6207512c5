//! Named pipes.

use std::{path::Path, process::Command};

/// Makes a named pipe.
pub fn make(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
