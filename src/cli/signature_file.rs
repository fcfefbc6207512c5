//! The place where a signature goes: standard output, or the file of `--output`.

use super::{exit::Failure, git_call::SignCall, ui::Ui};
use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
};

/// Where the signature is written.
pub(super) enum SignatureFile {
    /// To standard output.
    StandardOutput,
    /// To a file, as gpgsm does: what it held before is replaced when there is a signature.
    File {
        /// Its path.
        path: PathBuf,
        /// The file, open for writing.
        file: File,
        /// It did not exist before.
        is_new: bool,
    },
}

impl SignatureFile {
    /// Opens the place before anything is signed, so that one that cannot be written to fails first.
    pub(super) fn open(call: &SignCall) -> Result<Self, Failure> {
        let Some(path) = call.output.as_deref() else {
            // a caller that discards status lines too wants the exit status alone
            if call.status_fd != Some(1) {
                Ui::require_output()?;
            }
            return Ok(Self::StandardOutput);
        };
        let is_new = !path.exists();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| Failure::io(&format!("{} cannot be written", path.display()), &error))?;
        Ok(Self::File { path: path.to_owned(), file, is_new })
    }

    /// Writes and flushes the signature.
    pub(super) fn write(self, signature: &[u8], ui: &mut Ui) -> Result<(), Failure> {
        match self {
            Self::StandardOutput => {
                ui.bytes(signature);
                ui.flush()
            }
            Self::File { path, mut file, .. } => {
                let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
                let written =
                    if is_regular { file.set_len(0) } else { Ok(()) }.and_then(|()| file.write_all(signature)).and_then(|()| file.flush());
                written.map_err(|error| Failure::system(format!("{} could not be written: {error}", path.display())))
            }
        }
    }

    /// Removes the file that was created for a signature that was not made.
    pub(super) fn discard(self) {
        if let Self::File { path, is_new: true, file } = self
            && file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
        {
            // an empty file is left at worst
            let _ = std::fs::remove_file(path);
        }
    }
}
