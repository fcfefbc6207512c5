//! What is wrong with a file `packed-refs`: git and gix search it as if it were sorted, so each may find another line in one that is not.

use super::Error;
use std::{collections::BTreeSet, io::ErrorKind, path::Path};

/// The file, as far as it decides who resolves a name.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PackedReferences {
    /// Whether every name is a full one, and the names are in ascending order.
    pub is_regular: bool,
    /// The names that it has more than once.
    pub repeated: BTreeSet<String>,
}

impl PackedReferences {
    /// Reads the file in a git directory. One that is missing is regular.
    pub(super) fn read(git_dir: &Path) -> Result<Self, Error> {
        match std::fs::read(git_dir.join("packed-refs")) {
            Ok(bytes) => Ok(Self::of(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self { is_regular: true, ..Self::default() }),
            Err(error) => Err(Error::ObjectStore { path: git_dir.join("packed-refs"), cause: error.to_string() }),
        }
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
        let mut repeated = BTreeSet::new();
        if !is_regular {
            let mut seen = BTreeSet::new();
            let again = names.filter(|name| !seen.insert(*name));
            repeated = again.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        }
        Self { is_regular, repeated }
    }
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
}
