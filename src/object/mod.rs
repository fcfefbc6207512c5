//! Raw git objects, split into payload and signature. No I/O.
//!
//! Objects are split on their raw bytes, as git does it, and never encoded again. git's own readers disagree about some objects, such as one
//! with a repeated header. A valid signature would not say what it covers, so such objects are refused.
//! Source: git's `commit.c` (`parse_buffer_signed_by_header`), `gpg-interface.c` (`parse_signed_buffer`) and `fsck.c`.

mod as_git_reads;
mod commit;
pub(crate) mod logged_id;
pub(crate) mod push_certificate;
mod tag;

pub(crate) use as_git_reads::x509_signatures;
pub use commit::Commit;
#[cfg(feature = "cli")]
pub(crate) use commit::merged_tags;
pub use push_certificate::{PushCertificate, RefUpdate};
pub use tag::Tag;
#[cfg(feature = "cli")]
pub(crate) use tag::{TagHeaders, tag_name, without_namespaces};

use crate::{Reason, Rejection, signature::armor};
use std::borrow::Cow;

/// An object larger than this is not verified, in bytes.
#[doc(hidden)]
pub const MAX_OBJECT: usize = 128 << 20;
/// Header lines of an object, continuation lines included, at most.
#[doc(hidden)]
pub const MAX_HEADER_LINES: usize = 100_000;

/// The hash function of a repository's object ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectFormat {
    /// SHA-1: the signature of a commit is in `gpgsig`.
    Sha1,
    /// SHA-256: the signature of a commit is in `gpgsig-sha256`.
    Sha256,
}

impl ObjectFormat {
    /// The format whose object ids have this many hexadecimal digits.
    pub(crate) fn from_hex_length(digits: usize) -> Option<Self> {
        match digits {
            40 => Some(Self::Sha1),
            64 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The name that git gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    /// The other format, in which a dual-format repository signs each object too (`extensions.compatObjectFormat`).
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Sha1 => Self::Sha256,
            Self::Sha256 => Self::Sha1,
        }
    }

    /// The header that holds a commit's signature.
    #[doc(hidden)]
    pub fn signature_header(self) -> &'static str {
        match self {
            Self::Sha1 => "gpgsig",
            Self::Sha256 => "gpgsig-sha256",
        }
    }
}

/// The signed bytes of an object, and the signature over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The signed bytes.
    pub payload: Cow<'a, [u8]>,
    /// The signature as text, armor included.
    pub signature: Cow<'a, [u8]>,
}

impl Signed<'_> {
    /// Refuses the kinds of signatures that the pipeline names but does not verify.
    ///
    /// # Errors
    /// [`Reason::OpenPgpSignature`], [`Reason::SshSignature`] or [`Reason::UnknownSignatureKind`], with the finding
    /// [`Reason::ArmorTrailingData`] where there is text beside such a signature, which the programs for it ignore.
    #[doc(hidden)]
    pub fn require_x509(&self) -> Result<(), Rejection> {
        let reason = match SignatureKind::of(&self.signature) {
            SignatureKind::X509 => return Ok(()),
            SignatureKind::OpenPgp => Reason::OpenPgpSignature,
            SignatureKind::Ssh => Reason::SshSignature,
            SignatureKind::Unknown => return Err(Reason::UnknownSignatureKind.into()),
        };
        Err(if self.has_text_beside_armor() { Rejection::with_finding(reason, &Reason::ArmorTrailingData.into()) } else { reason.into() })
    }

    /// Whether there is anything beside one armor and the white space with which some programs end: on the line that ends it, below, or
    /// between its lines, where the programs that read it pass over what they do not know.
    fn has_text_beside_armor(&self) -> bool {
        let mut lines = self.signature.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let label = |line: &[u8], word: &[u8]| Some(line.strip_prefix(word)?.strip_suffix(b"-----")?.to_vec());
        let Some(kind) = lines.next().and_then(|line| label(line, b"-----BEGIN ")) else { return true };
        // headers have a colon and end with an empty line; a checksum begins with its sign, and nothing follows it
        let (mut in_headers, mut is_over) = (true, false);
        for line in lines.by_ref() {
            if line.starts_with(b"-----END ") {
                return label(line, b"-----END ") != Some(kind) || lines.any(|line| !line.is_empty());
            }
            in_headers &= line.contains(&b':');
            let is_code = line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
            if !line.is_empty() && !in_headers && (is_over || !is_code) {
                return true;
            }
            is_over |= line.starts_with(b"=");
        }
        true
    }
}

/// What kind of object a signature is over.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PayloadKind {
    /// A commit.
    Commit,
    /// A tag.
    Tag,
    /// A push certificate.
    Push,
}

impl PayloadKind {
    /// Its name in allowed identities and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Push => "push",
        }
    }
}

/// A signed payload, as git hands it to its program: its kind, and the claimed author.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it is.
    pub kind: PayloadKind,
    /// The e-mail address of the committer, tagger or pusher: a claim.
    pub email: Option<String>,
}

impl Payload {
    /// Reads a payload with the same strictness as a whole object, as far as git has left it.
    ///
    /// # Errors
    /// A reason of the layer `object`.
    pub fn parse(payload: &[u8]) -> Result<Self, Rejection> {
        Self::before(payload, SignatureKind::X509)
    }

    /// The same for a payload with a signature of this kind after it. See [`tag::check_message`].
    pub(crate) fn before(payload: &[u8], kind: SignatureKind) -> Result<Self, Rejection> {
        if payload.starts_with(PushCertificate::FIRST_LINE.as_bytes()) {
            return Ok(Self { kind: PayloadKind::Push, email: push_certificate::check_payload(payload)? });
        }
        if payload.starts_with(b"object ") {
            return Ok(Self { kind: PayloadKind::Tag, email: tag::check_payload(payload, kind)? });
        }
        Ok(Self { kind: PayloadKind::Commit, email: commit::check_payload(payload)? })
    }
}

/// The kinds of signatures that git dispatches on, by their first line.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// `-----BEGIN SIGNED MESSAGE-----`.
    X509,
    /// `-----BEGIN PGP SIGNATURE-----` or `-----BEGIN PGP MESSAGE-----`.
    OpenPgp,
    /// `-----BEGIN SSH SIGNATURE-----`.
    Ssh,
    /// Anything else.
    Unknown,
}

impl SignatureKind {
    const BEGIN_LINES: [(&'static str, Self); 4] = [
        (armor::BEGIN, Self::X509),
        ("-----BEGIN PGP SIGNATURE-----", Self::OpenPgp),
        ("-----BEGIN PGP MESSAGE-----", Self::OpenPgp),
        ("-----BEGIN SSH SIGNATURE-----", Self::Ssh),
    ];

    /// The kind of a signature's text.
    pub fn of(text: &[u8]) -> Self {
        Self::BEGIN_LINES.iter().find(|(begin, _)| text.starts_with(begin.as_bytes())).map_or(Self::Unknown, |(_, kind)| *kind)
    }
}

/// One header of an object: its name, its value with continuation lines joined by line feeds, and the bytes that it takes up.
struct Header<'a> {
    name: &'a [u8],
    /// The value's first line.
    first_line: &'a [u8],
    /// With all continuation lines and their line feeds.
    raw: &'a [u8],
}

impl Header<'_> {
    /// The value's lines with their line feeds; continuation lines without their leading space.
    fn value(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.raw.len());
        let mut rest = self.raw.get(self.name.len() + 1..).unwrap_or_default();
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(end);
            value.extend_from_slice(line);
            rest = after.strip_prefix(b" ").unwrap_or(after);
        }
        value
    }

    /// Whether it has no continuation line.
    fn is_one_line(&self) -> bool {
        self.raw.len() == self.name.len() + 1 + self.first_line.len() + 1
    }
}

/// Splits the headers of an object from what follows: the empty line and the message.
fn split_headers(bytes: &[u8]) -> Result<(Vec<Header<'_>>, &[u8]), Rejection> {
    if bytes.len() > MAX_OBJECT {
        return Err(Rejection::new(Reason::ObjectTooLarge, format!("{} bytes; at most {MAX_OBJECT} are read", bytes.len())));
    }
    if memchr::memchr(0, bytes).is_some() {
        return Err(Reason::NulByte.into());
    }
    // tree, parent, author, committer, signature, and others
    let mut headers: Vec<Header<'_>> = Vec::with_capacity(8);
    let (mut rest, mut lines) = (bytes, 0usize);
    let mut header_start = bytes;
    while !rest.is_empty() && !rest.starts_with(b"\n") {
        lines += 1;
        if lines > MAX_HEADER_LINES {
            return Err(Rejection::new(Reason::ObjectTooLarge, format!("more than {MAX_HEADER_LINES} header lines")));
        }
        let Some(end) = memchr::memchr(b'\n', rest) else { return Err(malformed("a header line does not end")) };
        let (line, after) = rest.split_at(end);
        let after = after.get(1..).unwrap_or_default();
        if line.starts_with(b" ") {
            let header = headers.last_mut().ok_or_else(|| malformed("it begins with a continuation line"))?;
            header.raw = header_start.get(..header_start.len() - after.len()).unwrap_or_default();
        } else {
            let space = memchr::memchr(b' ', line).ok_or_else(|| malformed("a header has no value"))?;
            header_start = rest;
            headers.push(Header {
                name: line.get(..space).unwrap_or_default(),
                first_line: line.get(space + 1..).unwrap_or_default(),
                raw: rest.get(..=end).unwrap_or_default(),
            });
        }
        rest = after;
    }
    Ok((headers, rest))
}

/// `bytes` without `part`, which lies within them.
fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    [bytes.get(..start).unwrap_or_default(), bytes.get(start + part.len()..).unwrap_or_default()].concat()
}

/// The format of an object id in lower-case hexadecimal; `None` for other bytes.
fn format_of_id(bytes: &[u8]) -> Option<ObjectFormat> {
    let is_hexadecimal = bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ObjectFormat::from_hex_length(bytes.len()).filter(|_| is_hexadecimal)
}

/// The e-mail address of a `Name <address> seconds zone` line, whose name may be in any encoding.
fn email_of_ident(ident: &[u8]) -> Option<&str> {
    let mut parts = ident.splitn(2, |byte| *byte == b'<').skip(1);
    let mut rest = parts.next()?.splitn(2, |byte| *byte == b'>');
    let email = rest.next()?;
    rest.next().and_then(|_| std::str::from_utf8(email).ok())
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::MalformedObject, detail)
}

fn duplicate(name: &[u8]) -> Rejection {
    Rejection::new(Reason::DuplicateHeader, String::from_utf8_lossy(name))
}
