//! Why a repository or git's configuration cannot be opened, as one clause. gix nests its errors, and does not always name the file.

use super::{chain, file_variable};
use gix::{
    bstr::ByteSlice as _,
    config::{File, Source, file::Metadata, parse},
    error::MetadataValue,
};
use std::path::{Path, PathBuf};

/// The largest file of configuration that is read again for the message, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// Texts of gix that only say what it was about to do.
const HEADINGS: [&str; 3] = [
    "Repository configuration could not be loaded: ",
    "Could not initialize configuration from a path: ",
    "Could not parse configuration: ",
];

/// What is wrong with alternates that lead back to themselves.
const CYCLE: &str = "the object directories that objects/info/alternates names form a cycle";

/// The cause of gix's error. `directory` is where the repository was searched for.
pub(super) fn cause(error: &gix::Error, directory: Option<&Path>) -> String {
    if is_cycle(error) {
        return CYCLE.to_owned();
    }
    let own = directory.map(own_files).unwrap_or_default();
    if let Some(fault) = user_files().into_iter().chain(own).find_map(|path| fault(&path)) {
        return fault;
    }
    if let Some(error) = error.downcast_any_ref::<parse::Error>() {
        return format!("line {} of an included configuration file is not valid", error.line_number());
    }
    if let Some(fault) = wrong_value(error) {
        return fault;
    }
    HEADINGS.iter().fold(chain(error), |text, heading| text.replacen(heading, "", 1))
}

/// The setting whose value is wrong. gix tells the kinds of values apart by its texts only.
fn wrong_value(error: &gix::Error) -> Option<String> {
    let metadata = error.metadata_merged();
    let text = |name| match metadata.get(name)? {
        MetadataValue::String(text) => Some(text.clone()),
        MetadataValue::Bytes(bytes) => Some(bytes.to_str_lossy().into_owned()),
        _ => None,
    };
    let (key, value) = (text("key")?, text("input")?);
    let texts = chain(error);
    let expected = match () {
        () if texts.contains("Booleans need") => "; expected true or false",
        () if texts.contains("Integers needs") || texts.contains("integer") => "; expected a number",
        () => ", which is not one of its values",
    };
    Some(format!("{key} is \"{value}\"{expected}"))
}

/// gix gives this error by its text only.
fn is_cycle(error: &gix::Error) -> bool {
    error.iter_errors().any(|source| source.to_string().starts_with("Alternates form a cycle"))
}

/// What is wrong with a file of configuration, if it is not one that git could read.
fn fault(path: &Path) -> Option<String> {
    let shown = path.display();
    let unreadable = |error: &std::io::Error| Some(format!("{shown} cannot be read: {error}"));
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return unreadable(&error),
    };
    if found.is_dir() {
        return Some(format!("{shown} is a folder; expected a file"));
    }
    if !found.is_file() || found.len() > MAX_FILE {
        return None;
    }
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(&error),
    };
    let error = File::from_bytes_owned(&mut bytes.clone(), Metadata::from(Source::Local), Default::default()).err()?;
    let line = error.downcast_any_ref::<parse::Error>().map_or(1, parse::Error::line_number);
    // git takes a carriage return for white space, gix does not
    let text = bytes.split_inclusive(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let has_return = text.strip_suffix(b"\r\n").unwrap_or(text).contains(&b'\r');
    let why = if has_return { ": it has a carriage return that does not end a line with a line feed" } else { "" };
    Some(format!("line {line} of {shown} is not valid{why}"))
}

/// The files of the system and the user.
fn user_files() -> Vec<PathBuf> {
    let files = [Source::System, Source::Git, Source::User].map(|source| source.storage_location(&mut file_variable));
    files.into_iter().flatten().collect()
}

/// The files of the first repository at or above a folder.
fn own_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(directory) = std::path::absolute(directory) else { return Vec::new() };
    let candidates = directory.ancestors().flat_map(|folder| [folder.join(".git"), folder.to_owned()]);
    let git_dir =
        candidates.map(|path| gix::discover::path::from_gitdir_file(&path).unwrap_or(path)).find(|path| path.join("HEAD").exists());
    let Some(git_dir) = git_dir else { return Vec::new() };
    let common = gix::discover::path::from_plain_file(&git_dir.join("commondir")).and_then(Result::ok);
    let common = common.map_or_else(|| git_dir.clone(), |path| git_dir.join(path));
    vec![common.join("config"), git_dir.join("config.worktree")]
}
