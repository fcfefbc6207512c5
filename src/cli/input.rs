//! Bytes from a file or from standard input, with a limit.

use super::exit::{Exit, Failure};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// All of a file, or of standard input where there is none; more than `cap` bytes are refused.
pub(super) fn read(path: Option<&Path>, cap: usize) -> Result<Vec<u8>, Failure> {
    let bytes = read_at_most(path, cap + 1)?;
    if bytes.len() > cap {
        return Err(Failure::new(Exit::Io, format!("{} holds more than {cap} bytes, which are all that is read", name(path))));
    }
    Ok(bytes)
}

/// As much as a signature or a payload usually has, in bytes: to be read in one call.
const USUAL_INPUT: usize = 16 << 10;

/// The first `limit` bytes of a file, or of standard input where there is none.
pub(super) fn read_at_most(path: Option<&Path>, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(limit.min(USUAL_INPUT));
    let result = match path {
        Some(path) => File::open(path).and_then(|file| file.take(limit as u64).read_to_end(&mut bytes)),
        None => io::stdin().lock().take(limit as u64).read_to_end(&mut bytes),
    };
    result.map_err(|error| Failure::io(&format!("{} cannot be read", name(path)), &error))?;
    Ok(bytes)
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}
