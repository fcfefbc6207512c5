//! What a file `packed-refs` says about who resolves a name: git and gix search it as if it were sorted, so each may find another line in one
//! that is not.

use super::{Error, bounded};
use std::{collections::BTreeSet, fs::Metadata, path::Path, rc::Rc, time::SystemTime};

/// The file, as far as it decides who resolves a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PackedReferences {
    /// Whether every name is a full one, and the names are in ascending order.
    pub is_regular: bool,
    /// The names that it has more than once.
    pub repeated: BTreeSet<String>,
    /// Whether a name can be mistaken for an object id.
    pub has_ids: bool,
}

/// The file as it was read last, and what shows that it is unchanged. It is needed for each name, and can be large.
#[derive(Debug, Default)]
pub(super) struct RememberedFile(std::cell::RefCell<Option<(Version, Rc<PackedReferences>)>>);

/// What changes with the file: git replaces it as a whole.
type Version = Option<(u64, Option<SystemTime>)>;

impl RememberedFile {
    /// The file in a git directory, read again if it changed.
    pub(super) fn read(&self, git_dir: &Path) -> Result<Rc<PackedReferences>, Error> {
        let version = |file: Metadata| (file.len(), file.modified().ok());
        let version: Version = std::fs::metadata(git_dir.join("packed-refs")).ok().map(version);
        if let Some((of, packed)) = &*self.0.borrow()
            && *of == version
        {
            return Ok(Rc::clone(packed));
        }
        let packed = Rc::new(PackedReferences::read(git_dir)?);
        *self.0.borrow_mut() = Some((version, Rc::clone(&packed)));
        Ok(packed)
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
        let (mut is_regular, mut last) = (true, &b""[..]);
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

/// Whether a part of a name is as long as an object id and consists of hexadecimal digits.
fn can_be_id(name: &[u8]) -> bool {
    name.split(|byte| *byte == b'/').any(|part| matches!(part.len(), 40 | 64) && part.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_regular_if_its_names_ascend() {
        let of = |text: &str| {
            let packed = PackedReferences::of(text.as_bytes());
            (packed.is_regular, packed.repeated.into_iter().collect::<Vec<_>>().join(","))
        };
        assert_eq!(of("# pack-refs with: peeled fully-peeled sorted \n1 refs/heads/a\n^2\n1 refs/heads/b\n"), (true, String::new()));
        assert_eq!(of(""), (true, String::new()));
        assert_eq!(of("1 refs/heads/b\n1 refs/heads/a\n"), (false, String::new()));
        assert_eq!(of("1 refs/heads/a\n2 refs/heads/b\n3 refs/heads/a\r\n"), (false, "refs/heads/a".into()));
        assert_eq!(of("1 refs/heads/a\n2 refs/heads/a\n"), (false, "refs/heads/a".into()));
        assert_eq!(of("1 main\n1 refs/heads/a\n"), (false, String::new()));
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
