//! Files that are something else in disguise.
//!
//! The signature of a file is ECDSA over the file's SHA-256. So are other signatures: that of a CMS over its signed attributes, or over its
//! content if it has no such attributes, and that of a DSSE envelope over its pre-authentication encoding. Whoever gets such bytes signed as a
//! file can move the signature into a commit or an envelope that the signer never saw.

/// What the bytes of a file are besides a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disguise {
    /// The signed attributes of a CMS.
    SignedAttributes,
    /// A git object without its signature; its kind.
    Object(&'static str),
    /// The pre-authentication encoding of a DSSE envelope.
    Envelope,
}

impl Disguise {
    /// How many bytes tell it.
    #[cfg(feature = "cli")]
    pub(super) const BEGINNING: usize = 512;

    /// What these bytes are besides a file, by their beginning. What only a lenient reader accepts counts too.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if begins_with_attribute(bytes) {
            return Some(Self::SignedAttributes);
        }
        if bytes.starts_with(b"DSSEv1 ") {
            return Some(Self::Envelope);
        }
        [("tree ", "commit"), ("object ", "tag")]
            .into_iter()
            .find(|(header, _)| bytes.strip_prefix(header.as_bytes()).is_some_and(begins_with_id))
            .map(|(_, kind)| Self::Object(kind))
            .or_else(|| bytes.starts_with(b"certificate version ").then_some(Self::Object("push certificate")))
    }
}

impl std::fmt::Display for Disguise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SignedAttributes => f.write_str("the signed attributes of a CMS signature, such as git's"),
            Self::Object(kind) => write!(f, "a git {kind} without its signature"),
            Self::Envelope => f.write_str("the signed bytes of a DSSE envelope"),
        }
    }
}

/// Whether the bytes begin as a SET whose first element is a SEQUENCE that begins with an object identifier.
fn begins_with_attribute(bytes: &[u8]) -> bool {
    const SET: u8 = 0x31;
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    let content = value_of(bytes, SET).and_then(|elements| value_of(elements, SEQUENCE));
    content.is_some_and(|attribute| attribute.first() == Some(&OBJECT_IDENTIFIER))
}

/// What follows this tag and its length, in any of BER's forms.
fn value_of(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    match length {
        0x81..=0xfe => rest.get(usize::from(length & 0x7f)..),
        _ => Some(rest),
    }
}

/// Whether the bytes begin with the id of a git object and the end of its line.
fn begins_with_id(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    matches!(digits, 40 | 64) && bytes.get(digits) == Some(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::git::signed_attributes;

    #[test]
    fn what_else_a_verifier_could_take_the_bytes_for_is_found() {
        let attributes = signed_attributes(&[7; 32], 1_700_000_000).unwrap();
        assert_eq!(Disguise::of(&attributes), Some(Disguise::SignedAttributes));
        // lengths that are not the shortest, and the indefinite one
        let (_, elements) = attributes.split_at(2);
        for length in [&[0x81, 0x69][..], &[0x82, 0, 0x69], &[0x80]] {
            assert_eq!(Disguise::of(&[&[0x31], length, elements].concat()), Some(Disguise::SignedAttributes), "{length:?}");
        }
        let id = "0123456789abcdef0123456789abcdef01234567";
        let sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        for (text, expected) in [
            (format!("tree {id}\nauthor A"), Disguise::Object("commit")),
            (format!("tree {sha256}\nauthor A"), Disguise::Object("commit")),
            (format!("object {id}\ntype commit\n"), Disguise::Object("tag")),
            ("certificate version 0.1\npusher".to_owned(), Disguise::Object("push certificate")),
            ("DSSEv1 28 application/vnd.in-toto+json 2 {}".to_owned(), Disguise::Envelope),
        ] {
            assert_eq!(Disguise::of(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_files_are_only_files() {
        for bytes in [
            &b""[..],
            b"1",
            b"10\n",
            b"1, 2, 3\n",
            b"tree of life\n",
            b"tree 0123\n",
            b"object oriented\n",
            b"certificate\n",
            b"DSSE\n",
            &[0x30, 0x82, 1, 0, 6],
            &[0x31, 0xff],
            &[0x31, 0x02, 0x30, 0x00],
        ] {
            assert_eq!(Disguise::of(bytes), None, "{bytes:?}");
        }
    }
}
