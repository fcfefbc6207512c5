//! What git and jj get when they call: a signature on standard output, or a judgement as status lines.

use super::{
    exit::{Exit, Failure},
    git_call::GitCall,
    git_sign, git_verify,
    ui::Ui,
};
use std::{
    fs::OpenOptions,
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

/// Serves one call.
pub fn run(call: GitCall) -> ExitCode {
    let mut ui = Ui::new();
    let result = match call {
        GitCall::Sign { status_fd, key, input } => git_sign::run(status_fd, key.as_deref(), input.as_deref(), &mut ui),
        GitCall::Verify { status_fd, signature, data } => git_verify::run(status_fd, &signature, data.as_deref(), &mut ui),
    };
    // to git there is one kind of failure; a status between 2 and 255 would say nothing more
    ui.finish(result.map_err(|failure| Failure { exit: Exit::NotGood, ..failure }))
}

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
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(limit as u64).read_to_end(&mut bytes)),
        None => io::stdin().lock().take(limit as u64).read_to_end(&mut bytes),
    };
    result.map_err(|error| Failure::io(&format!("{} cannot be read", name(path)), &error))?;
    Ok(bytes)
}

fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

/// Writes status lines to the descriptor that the caller asked for, in one piece.
pub(super) fn write_status(descriptor: Option<u32>, lines: &str, ui: &mut Ui) -> Result<(), Failure> {
    match descriptor {
        None => Ok(()),
        Some(1) => {
            ui.bytes(lines.as_bytes());
            Ok(())
        }
        Some(2) => {
            ui.status(lines);
            Ok(())
        }
        Some(other) => {
            let path = format!("/dev/fd/{other}");
            let written = OpenOptions::new().write(true).open(&path).and_then(|mut file| file.write_all(lines.as_bytes()));
            written.map_err(|error| Failure::io(&format!("the status lines cannot be written to descriptor {other}"), &error))
        }
    }
}
