//! What a file `packed-refs` says about who resolves a name: git and gix search it as if it were sorted and as git writes it, so each may find
//! another line in one that is not.

use super::{Error, Repository, bounded};
use std::{collections::BTreeSet, fs::Metadata, path::Path, sync::Arc, time::SystemTime};

/// The file, as far as it decides who resolves a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PackedReferences {
    /// Whether every line is as git writes it, every name is a full one, and the names are in ascending order.
    pub is_regular: bool,
    /// The names that it has more than once.
    pub repeated: BTreeSet<String>,
    /// Whether a name can be mistaken for an object id.
    pub has_ids: bool,
}

/// The file as it was read last, and what shows that it is unchanged. It is needed for each name, and can be large.
#[derive(Debug, Default)]
pub(super) struct RememberedFile(std::cell::RefCell<Option<(Version, Arc<PackedReferences>)>>);

/// What changes with the file: git replaces it as a whole.
type Version = Option<(u64, Option<SystemTime>)>;

impl RememberedFile {
    /// The file in a git directory, read again if it changed.
    pub(super) fn read(&self, git_dir: &Path) -> Result<Arc<PackedReferences>, Error> {
        let version = |file: Metadata| (file.len(), file.modified().ok());
        let version: Version = std::fs::metadata(git_dir.join("packed-refs")).ok().map(version);
        if let Some((of, packed)) = &*self.0.borrow()
            && *of == version
        {
            return Ok(Arc::clone(packed));
        }
        let packed = Arc::new(PackedReferences::read(git_dir)?);
        *self.0.borrow_mut() = Some((version, Arc::clone(&packed)));
        Ok(packed)
    }
}

impl Repository {
    /// Whether a reference has this value in the file `packed-refs`, and nobody is changing that file: it keeps the value if its own file is
    /// deleted.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn keeps_packed(&self, reference: &str, id: &str) -> Result<bool, Error> {
        let folder = self.common_dir();
        if std::fs::symlink_metadata(folder.join("packed-refs.lock")).is_ok() {
            return Ok(false);
        }
        let line = format!("{id} {reference}");
        let bytes = bounded::packed_references(folder)?.unwrap_or_default();
        Ok(bytes.split(|byte| *byte == b'\n').any(|packed| packed == line.as_bytes()))
    }
}

impl PackedReferences {
    /// Reads the file in a git directory. One that is missing is regular.
    fn read(git_dir: &Path) -> Result<Self, Error> {
        let bytes = bounded::packed_references(git_dir)?;
        Ok(bytes.map_or(Self { is_regular: true, ..Self::default() }, |bytes| Self::of(&bytes)))
    }

    fn of(bytes: &[u8]) -> Self {
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !matches!(line.first(), None | Some(b'#' | b'^')));
        let name = |line: &'_ [u8]| line.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
        let names = lines.map(|line| line.get(name(line)..).unwrap_or_default().trim_ascii_end());
        let (mut is_regular, mut last) = (has_regular_lines(bytes), &b""[..]);
        for name in names.clone() {
            is_regular &= last < name && name.starts_with(b"refs/");
            last = name;
        }
        let has_ids = names.clone().any(can_be_id);
        let mut repeated = BTreeSet::new();
        if !is_regular {
            let mut seen = BTreeSet::new();
            let again = names.filter(|name| !seen.insert(*name));
            repeated = again.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        }
        Self { is_regular, repeated, has_ids }
    }
}

/// Whether every line has the form that git writes: the header, then references, each with at most one peeled id.
fn has_regular_lines(bytes: &[u8]) -> bool {
    let is_id = |text: &[u8]| matches!(text.len(), 40 | 64) && text.iter().all(u8::is_ascii_hexdigit);
    let is_name = |text: &[u8]| !text.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control());
    let Some(bytes) = bytes.strip_suffix(b"\n") else { return bytes.is_empty() };
    let mut can_be_peeled = false;
    bytes.split(|byte| *byte == b'\n').enumerate().all(|(number, line)| {
        let is_regular = match line {
            [b'#', ..] => number == 0 && line.starts_with(b"# pack-refs with: ") && !line.contains(&b'\r'),
            [b'^', id @ ..] => can_be_peeled && is_id(id),
            _ => line
                .iter()
                .position(|byte| *byte == b' ')
                .and_then(|space| line.split_at_checked(space))
                .is_some_and(|(id, name)| is_id(id) && is_name(name.get(1..).unwrap_or_default())),
        };
        can_be_peeled = !matches!(line, [b'#' | b'^', ..]);
        is_regular
    })
}

/// Whether a part of a name is as long as an object id and consists of hexadecimal digits.
fn can_be_id(name: &[u8]) -> bool {
    name.split(|byte| *byte == b'/').any(|part| matches!(part.len(), 40 | 64) && part.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_regular_if_its_names_ascend() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let of = |text: &str| {
            let packed = PackedReferences::of(text.replace('1', id).as_bytes());
            (packed.is_regular, packed.repeated.into_iter().collect::<Vec<_>>().join(","))
        };
        let regular = (true, String::new());
        assert_eq!(of("# pack-refs with: peeled fully-peeled sorted \n1 refs/heads/a\n^1\n1 refs/heads/b\n"), regular);
        assert_eq!([of(""), of("1 refs/heads/a\n")], [regular.clone(), regular]);
        let other = (false, String::new());
        assert_eq!(of("1 refs/heads/b\n1 refs/heads/a\n"), other);
        assert_eq!(of("1 main\n1 refs/heads/a\n"), other);
        assert_eq!(of("1 refs/heads/a\n1 refs/heads/b\n1 refs/heads/a\r\n"), (false, "refs/heads/a".into()));
        assert_eq!(of("1 refs/heads/a\n1 refs/heads/a\n"), (false, "refs/heads/a".into()));
    }

    #[test]
    fn a_file_with_a_line_that_git_does_not_write_is_not_regular() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let of = |text: &str| PackedReferences::of(text.replace('1', id).as_bytes()).is_regular;
        assert!(of("# pack-refs with: peeled \n1 refs/heads/a\n"));
        for text in [
            "1 refs/heads/a",
            "1 refs/heads/a\r\n",
            "1  refs/heads/a\n",
            "1\trefs/heads/a\n",
            "1 refs/heads/a \n",
            "1 refs/heads/a\n\n1 refs/heads/b\n",
            "1 refs/heads/a\n# comment\n1 refs/heads/b\n",
            "# pack-refs with:\n1 refs/heads/a\n",
            "^1\n1 refs/heads/a\n",
            "1 refs/heads/a\n^1\n^1\n",
            "0 refs/heads/a\n",
            "ref: refs/heads/b refs/heads/a\n",
            "\u{feff}1 refs/heads/a\n",
        ] {
            assert!(!of(text), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_can_be_an_id_is_known() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let of = |name: &str| PackedReferences::of(format!("1 refs/heads/a\n1 {name}\n").as_bytes()).has_ids;
        assert!(of(&format!("refs/heads/{id}")) && of(&format!("refs/remotes/{}/HEAD", id.to_uppercase())));
        assert!(!of("refs/heads/main") && !of(&format!("refs/heads/{id}0")) && !of(&format!("refs/heads/x{}", &id[1..])));
    }

    #[test]
    fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let remembered = RememberedFile::default();
        let repeated = || remembered.read(folder.path()).unwrap().repeated.len();
        assert_eq!(repeated(), 0);
        std::fs::write(folder.path().join("packed-refs"), "1 refs/heads/a\n2 refs/heads/a\n").unwrap();
        assert_eq!(repeated(), 1);
        std::fs::remove_file(folder.path().join("packed-refs")).unwrap();
        assert_eq!(repeated(), 0);
    }
}
