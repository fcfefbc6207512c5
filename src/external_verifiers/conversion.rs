//! Objects in the other object format, as git converts them in a dual-format repository (`extensions.compatObjectFormat`).
//!
//! git keeps the table of ids in formats that depend on its version, so git is asked.

use super::TIMEOUT;
use crate::{
    bounded_process, git_process,
    object::ObjectFormat,
    repository::{RawObject, Repository},
};
use std::path::PathBuf;

/// git's conversion of objects in this repository.
#[derive(Debug)]
pub(crate) struct Conversion {
    git_dir: PathBuf,
}

impl Conversion {
    /// The conversion, where the repository's own configuration names a second format.
    pub(crate) fn of(repository: &Repository) -> Option<Self> {
        let entries = repository.configuration(&["extensions"]).ok()?;
        let is_dual = entries.iter().any(|entry| entry.name == "compatobjectformat" && entry.scope.is_repository());
        is_dual.then(|| Self { git_dir: repository.git_dir().to_owned() })
    }

    /// The object in this format; `None` where git does not know it in that format, or it is too large or not UTF-8.
    pub(crate) fn object(&self, object: &RawObject, format: ObjectFormat) -> Option<Vec<u8>> {
        let id = self.printed(&["rev-parse", &format!("--output-object-format={}", format.name()), "--verify", &object.id])?;
        let id = id.trim_end();
        (ObjectFormat::from_hex_length(id.len()) == Some(format)).then_some(())?;
        let text = self.printed(&["cat-file", object.kind.name(), id])?;
        (!text.contains(char::REPLACEMENT_CHARACTER)).then(|| text.into_bytes())
    }

    fn printed(&self, arguments: &[&str]) -> Option<String> {
        let mut command = git_process::reading(&self.git_dir);
        command.args(arguments);
        bounded_process::run(command, b"", TIMEOUT).ok().filter(|answer| answer.success).map(|answer| answer.output)
    }
}
