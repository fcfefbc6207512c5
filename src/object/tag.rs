//! Tags: `object`, `type`, `tag`, `tagger`, an empty line, the message with the signature at its end, in both object formats.

use super::{ObjectFormat, SignatureKind, Signed, duplicate, email_of_ident, format_of_id, malformed, split_headers};
use crate::{Reason, Rejection};
use std::{borrow::Cow, collections::HashSet};

/// A tag, split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The tagged object's id.
    pub target: &'a str,
    /// The tagged object's type.
    pub target_type: &'a str,
    /// The tag's own name.
    pub name: &'a str,
    /// The tagger's e-mail address, where the line has one.
    pub tagger_email: Option<&'a str>,
    /// What was signed, and the signature.
    pub signed: Signed<'a>,
}

impl<'a> Tag<'a> {
    /// Splits a tag as `git cat-file tag` prints it.
    ///
    /// # Errors
    /// [`Reason::NoSignature`], or another reason of the layer `object`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let (fields, body_start) = TagHeaders::split(bytes)?;
        Ok(Self {
            target: fields.target,
            target_type: fields.target_type,
            name: fields.name,
            tagger_email: fields.tagger_email,
            signed: split_signature(bytes, body_start)?,
        })
    }

    /// Parses a tag as [`Tag::parse`] does, and checks what its bytes alone do not tell: that its target's id is of the repository's format, and that its name is that of the
    /// reference by which it was reached, where it was.
    ///
    /// # Errors
    /// As [`Tag::parse`], [`Tag::check_format`] and [`Tag::check_name`].
    pub fn parse_in(bytes: &'a [u8], format: ObjectFormat, reference: Option<&str>) -> Result<Self, Rejection> {
        let tag = Self::parse(bytes)?;
        tag.check_format(format)?;
        reference.map_or(Ok(()), |reference| tag.check_name(reference))?;
        Ok(tag)
    }

    /// Checks the name by which the tag was reached: a tag says nothing about another name than its own, and git does not compare them.
    /// References outside `refs/tags/` are no tag names; the name of a work tree or of namespaces before them changes nothing
    /// (gitrepository-layout, gitnamespaces).
    ///
    /// # Errors
    /// [`Reason::TagName`].
    #[doc(hidden)]
    pub fn check_name(&self, reference: &str) -> Result<(), Rejection> {
        match tag_name(reference) {
            Some(name) if name != self.name => {
                Err(Rejection::new(Reason::TagName, format!("refs/tags/{name} leads to the tag named {}", self.name)))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the target's id is of the format of the repository that holds the tag.
    ///
    /// # Errors
    /// [`Reason::MalformedObject`].
    pub(crate) fn check_format(&self, format: ObjectFormat) -> Result<(), Rejection> {
        check_format(self.target, format)
    }

    /// The object format, as the length of the target's id tells it.
    #[doc(hidden)]
    pub fn format(&self) -> Option<ObjectFormat> {
        ObjectFormat::from_hex_length(self.target.len())
    }
}

fn check_format(target: &str, format: ObjectFormat) -> Result<(), Rejection> {
    match ObjectFormat::from_hex_length(target.len()) {
        Some(found) if found == format => Ok(()),
        _ => Err(malformed("its target's id is not of the repository's format")),
    }
}

/// A reference without the name of the work tree that it is seen from.
fn without_work_tree(reference: &str) -> &str {
    let of_linked = || reference.strip_prefix("worktrees/")?.split_once('/').map(|(_, rest)| rest);
    reference.strip_prefix("main-worktree/").or_else(of_linked).unwrap_or(reference)
}

/// The name of the tag that a reference is, also one of another work tree or in namespaces: clients of the namespace n are served
/// `refs/namespaces/n/refs/tags/v1` as `refs/tags/v1`.
pub(crate) fn tag_name(reference: &str) -> Option<&str> {
    without_namespaces(without_work_tree(reference)).strip_prefix("refs/tags/")
}

/// A reference as clients of its namespace see it.
pub(crate) fn without_namespaces(mut reference: &str) -> &str {
    while let Some((_, rest)) = reference.strip_prefix("refs/namespaces/").and_then(|rest| rest.split_once('/')) {
        reference = rest;
    }
    reference
}

/// Checks a tag without its signature, and finds the tagger's address.
pub(super) fn check_payload(payload: &[u8]) -> Result<Option<String>, Rejection> {
    let (fields, body_start) = TagHeaders::split(payload)?;
    match split_signature(payload, body_start) {
        Err(rejection) if rejection.reason() == Reason::NoSignature => Ok(fields.tagger_email.map(str::to_owned)),
        // an earlier signature became part of what the last one signs
        _ => Err(Reason::MultipleSignatures.into()),
    }
}

/// What a tag says in its headers, whether or not it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagHeaders<'a> {
    /// The tagged object's id.
    pub target: &'a str,
    /// The tagged object's type.
    pub target_type: &'a str,
    /// The tag's own name.
    pub name: &'a str,
    /// The tagger's e-mail address, where the line has one.
    pub tagger_email: Option<&'a str>,
}

impl<'a> TagHeaders<'a> {
    /// As [`Tag::check_format`].
    ///
    /// # Errors
    /// [`Reason::MalformedObject`].
    #[cfg(feature = "cli")]
    pub(crate) fn check_format(&self, format: ObjectFormat) -> Result<(), Rejection> {
        check_format(self.target, format)
    }

    /// Reads the headers and leaves the rest alone.
    ///
    /// # Errors
    /// A reason of the layer `object`.
    #[cfg(feature = "cli")]
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        Self::split(bytes).map(|(headers, _)| headers)
    }

    /// The headers, and where the message begins.
    fn split(bytes: &'a [u8]) -> Result<(Self, usize), Rejection> {
        let (headers, rest) = split_headers(bytes)?;
        let mut seen = HashSet::new();
        for header in &headers {
            if header.name.starts_with(b"gpgsig") {
                return Err(Rejection::new(Reason::UnsignedHeader, String::from_utf8_lossy(header.name)));
            }
            if !seen.insert(header.name) {
                return Err(duplicate(header.name));
            }
        }
        let names: Vec<&[u8]> = headers.iter().map(|header| header.name).collect();
        if !matches!(names.as_slice(), [b"object", b"type", b"tag"] | [b"object", b"type", b"tag", b"tagger", ..]) {
            return Err(Rejection::new(Reason::HeaderOrder, "object, type, tag and tagger do not stand in their places"));
        }
        let field = |name: &[u8]| {
            headers.iter().find(|header| header.name == name).and_then(|header| header.lines.first().copied()).unwrap_or_default()
        };
        if format_of_id(field(b"object")).is_none() {
            return Err(malformed("the object line does not hold an object id"));
        }
        // where one goes on, git's readers do not agree on what comes next
        if let Some(header) = headers.iter().take(4).find(|header| header.lines.len() > 1) {
            return Err(malformed(&format!("its {} goes on over a second line", String::from_utf8_lossy(header.name))));
        }
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).map_err(|_| malformed("a header is not valid UTF-8"));
        let fields = Self {
            target: text(field(b"object"))?,
            target_type: text(field(b"type"))?,
            name: text(field(b"tag"))?,
            tagger_email: email_of_ident(field(b"tagger")),
        };
        Ok((fields, bytes.len() - rest.len()))
    }
}

/// The payload of a tag or a push certificate ends before the last line that begins a known kind of signature.
pub(super) fn split_signature(bytes: &[u8], body_start: usize) -> Result<Signed<'_>, Rejection> {
    let begins =
        line_starts(bytes, body_start).filter(|start| SignatureKind::of(bytes.get(*start..).unwrap_or_default()) != SignatureKind::Unknown);
    let begins: Vec<usize> = begins.collect();
    let Some((last, earlier)) = begins.split_last() else { return Err(Reason::NoSignature.into()) };
    // an earlier signature would become part of what the last one signs
    if !earlier.is_empty() {
        return Err(Reason::MultipleSignatures.into());
    }
    let (payload, signature) = bytes.split_at(*last);
    Ok(Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(signature) })
}

fn line_starts(bytes: &[u8], from: usize) -> impl Iterator<Item = usize> {
    let after_feeds = bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(from).chain(after_feeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n";
    const TAG: &str = "object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t@example.com> 1 +0000\n\nmessage\n";

    fn reason(text: &str) -> Reason {
        Tag::parse(text.as_bytes()).unwrap_err().reason()
    }

    #[test]
    fn the_payload_ends_where_the_signature_begins() {
        let text = format!("{TAG}{SIGNATURE}");
        let tag = Tag::parse(text.as_bytes()).unwrap();
        assert_eq!(tag.signed.payload.as_ref(), TAG.as_bytes());
        assert_eq!(tag.signed.signature.as_ref(), SIGNATURE.as_bytes());
        assert_eq!((tag.name, tag.target_type, tag.tagger_email), ("v1", "commit", Some("t@example.com")));
    }

    #[test]
    fn many_headers_take_no_longer_than_their_bytes() {
        let headers: String = (0..99_000).map(|number| format!("x-{number} y\n")).collect();
        let tag = |last: &str| format!("{}{SIGNATURE}", TAG.replace("\n\nmessage", &format!("\n{headers}{last}\nmessage")));
        assert!(Tag::parse(tag("").as_bytes()).is_ok());
        assert_eq!(reason(&tag("x-0 z\n")), Reason::DuplicateHeader);
    }

    #[test]
    fn each_defect_has_its_reason() {
        assert_eq!(reason(TAG), Reason::NoSignature);
        assert_eq!(reason(&format!("{TAG}{SIGNATURE}{SIGNATURE}")), Reason::MultipleSignatures);
        assert_eq!(reason(&format!("{TAG}{SIGNATURE}-----BEGIN PGP SIGNATURE-----\n")), Reason::MultipleSignatures);
        assert_eq!(reason(&format!("{}{SIGNATURE}", TAG.replace("\ntag v1", "\ntag v1\ntag v2"))), Reason::DuplicateHeader);
        assert_eq!(reason(&format!("{}{SIGNATURE}", TAG.replace("\ntagger", "\ngpgsigx y\ntagger"))), Reason::UnsignedHeader);
        assert_eq!(reason(&format!("type commit\n{}{SIGNATURE}", TAG.replace("type commit\n", ""))), Reason::HeaderOrder);
        assert_eq!(reason(&format!("{}\0{SIGNATURE}", TAG)), Reason::NulByte);
    }
}
