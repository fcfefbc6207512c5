//! The file of a reference as git reads it. gix knows only the form that git writes.

use super::{Error, Repository, bounded};
use std::path::{Component, Path, PathBuf};

/// What the file of a reference holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LooseReference {
    /// There is no such file.
    Missing,
    /// The id of an object.
    Id,
    /// The name of another reference.
    Symbolic(String),
    /// Another form, which gix may read otherwise than git; with the name of the reference that it leads to, if git finds one.
    Other(Option<String>),
}

/// What is below `refs/`. Links to folders were limited before.
#[derive(Debug, Default)]
pub(super) struct FilesOfReferences {
    /// The files, each with the name of its reference.
    pub files: Vec<(String, PathBuf)>,
    /// The links to folders of the same references, each with the beginning of the names below it, and how the same names begin without the link.
    pub links: Vec<(String, String)>,
}

/// How the file of a symbolic reference begins.
const SYMBOLIC: &[u8] = b"ref:";

impl LooseReference {
    /// Reads the file of a reference in a git directory.
    pub(super) fn read(git_dir: &Path, name: &str, digits: usize) -> Result<Self, Error> {
        // no reference has another name
        if name.is_empty() || !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(Self::Missing);
        }
        Self::read_file(&git_dir.join(name), digits)
    }

    /// Reads the file of a reference at this path.
    pub(super) fn read_file(path: &Path, digits: usize) -> Result<Self, Error> {
        let Ok(found) = path.symlink_metadata() else { return Ok(Self::Missing) };
        if found.is_dir() {
            return Ok(Self::Missing);
        }
        if found.is_symlink() {
            let target = path.read_link().ok().and_then(|target| target.into_os_string().into_string().ok());
            return Ok(Self::Other(target.filter(|target| target.starts_with("refs/"))));
        }
        Ok(bounded::reference(path)?.map_or(Self::Missing, |bytes| Self::of(&bytes, digits)))
    }

    fn of(bytes: &[u8], digits: usize) -> Self {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if line.len() == digits && line.iter().all(u8::is_ascii_hexdigit) {
            return Self::Id;
        }
        let Some(target) = bytes.strip_prefix(SYMBOLIC) else { return Self::Other(None) };
        let end = target.iter().rposition(|byte| !is_space(byte)).map_or(0, |last| last + 1);
        let start = target.iter().position(|byte| !is_space(byte)).unwrap_or(end);
        let target = String::from_utf8_lossy(target.get(start..end).unwrap_or_default()).into_owned();
        let is_plain =
            target.starts_with("refs/") && !target.contains(|character: char| character.is_whitespace() || character.is_control());
        if is_plain && line.len() == SYMBOLIC.len() + 1 + target.len() && line.get(SYMBOLIC.len()) == Some(&b' ') {
            return Self::Symbolic(target);
        }
        Self::Other(Some(target))
    }

    /// The reference that it leads to.
    pub(super) fn target(self) -> Option<String> {
        match self {
            Self::Symbolic(target) | Self::Other(Some(target)) => Some(target),
            Self::Missing | Self::Id | Self::Other(None) => None,
        }
    }
}

/// What git takes for white space.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl Repository {
    /// The file of a reference, in the git directory of this work tree and in the one that all work trees share.
    pub(super) fn loose_references(&self, name: &str) -> Result<Vec<LooseReference>, Error> {
        let digits = self.gix.object_hash().len_in_hex();
        let mut folders = vec![self.git_dir()];
        folders.extend(Some(self.common_dir()).filter(|common| *common != self.git_dir()));
        folders.into_iter().map(|folder| LooseReference::read(folder, name, digits)).collect()
    }

    /// The files and the linked folders below `refs/`.
    pub(super) fn files_of_references(&self) -> FilesOfReferences {
        let mut found = FilesOfReferences::default();
        let mut tops = vec![self.common_dir().join("refs")];
        tops.extend((self.git_dir() != self.common_dir()).then(|| self.git_dir().join("refs")));
        for top in tops {
            let real = top.canonicalize().ok();
            let mut folders = vec![("refs".to_owned(), top)];
            while let Some((name, folder)) = folders.pop() {
                for entry in bounded::entries(&folder) {
                    let (name, path) = (format!("{name}/{}", entry.file_name().to_string_lossy()), entry.path());
                    if !path.is_dir() {
                        found.files.push((name, path));
                        continue;
                    }
                    if path.is_symlink()
                        && let (Ok(target), Some(real)) = (path.canonicalize(), &real)
                        && let Ok(below) = target.strip_prefix(real)
                    {
                        found.links.push((format!("{name}/"), format!("{}/", Path::new("refs").join(below).display())));
                    }
                    folders.push((name, path));
                }
            }
        }
        found
    }

    /// Whether the branch of `HEAD` is the one that gix finds: its file has the usual form, and the branch is not a symbolic reference.
    pub(super) fn has_plain_head(&self) -> bool {
        let is_plain = |name: &str| {
            let found = self.loose_references(name).unwrap_or_else(|_| vec![LooseReference::Other(None)]);
            found.into_iter().all(|file| matches!(file, LooseReference::Missing | LooseReference::Id))
        };
        match LooseReference::read(self.git_dir(), "HEAD", self.gix.object_hash().len_in_hex()) {
            Ok(LooseReference::Symbolic(branch)) => is_plain(&branch),
            Ok(LooseReference::Id) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_forms_that_git_writes_are_read_without_git() {
        let of = |text: &str| LooseReference::of(text.as_bytes(), 40);
        let id = "0123456789abcdef0123456789ABCDEF01234567";
        let main = || Some("refs/heads/main".to_owned());
        assert_eq!([of(id), of(&format!("{id}\n"))], [LooseReference::Id, LooseReference::Id]);
        assert_eq!(of("ref: refs/heads/main\n"), LooseReference::Symbolic("refs/heads/main".into()));
        assert_eq!(of("ref: refs/heads/main"), LooseReference::Symbolic("refs/heads/main".into()));
        for text in ["ref:refs/heads/main", "ref:\trefs/heads/main\n", "ref:\r\n refs/heads/main \r\n\n", "ref:  refs/heads/main\n"] {
            assert_eq!(of(text), LooseReference::Other(main()), "{text:?}");
        }
        for text in ["ref: refs/heads/a b\n", "ref: refs/heads/a\u{b}\n", "ref: HEAD\n", "ref: \n", "ref:"] {
            assert!(matches!(of(text), LooseReference::Other(Some(_))), "{text:?}");
        }
        for text in ["", "REF: refs/heads/main\n", &format!("{id}\r\n"), &format!("{id} x\n"), &format!("{id}0\n"), &id[1..]] {
            assert_eq!(of(text), LooseReference::Other(None), "{text:?}");
        }
    }
}
