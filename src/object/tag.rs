//! Tags: `object`, `type`, `tag`, `tagger`, an empty line, the message with the signature at its end, in both object formats.

use super::{Header, ObjectFormat, SignatureKind, Signed, duplicate, email_of_ident, format_of_id, malformed, split_headers, without};
use crate::{Reason, Rejection, signature::armor};
use std::{borrow::Cow, collections::HashSet};

/// A tag, split into headers, signed bytes and signature. It borrows from the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The tagged object's id, lower-case hexadecimal.
    pub target: &'a str,
    /// The tagged object's type, as the tag says: `commit`, `tag`, `tree` or `blob`.
    pub target_type: &'a str,
    /// The tag's own name.
    pub name: &'a str,
    /// The tagger's e-mail address, where the line has one.
    pub tagger_email: Option<&'a str>,
    /// What was signed, and the signature.
    pub signed: Signed<'a>,
    /// The signature in the header of the other object format. It covers the tag as converted to that format, and this verifier does not judge
    /// it here.
    pub other_format: Option<Vec<u8>>,
}

impl<'a> Tag<'a> {
    /// Splits a tag as `git cat-file tag` prints it.
    ///
    /// # Errors
    /// [`Reason::NoSignature`], or another reason of the layer `object`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let SplitTag { fields, body_start, signatures } = SplitTag::new(bytes)?;
        let mut signed = split_signature(bytes, body_start)?;
        let own = ObjectFormat::from_hex_length(fields.target.len()).map(ObjectFormat::signature_header);
        if signatures.iter().any(|header| own.is_some_and(|own| header.name == own.as_bytes())) {
            return Err(Reason::MultipleSignatures.into());
        }
        // git strips the header before it verifies
        if let Some(header) = signatures.first() {
            signed.payload = Cow::Owned(without(&signed.payload, header.raw));
        }
        Ok(Self {
            target: fields.target,
            target_type: fields.target_type,
            name: fields.name,
            tagger_email: fields.tagger_email,
            signed,
            other_format: signatures.first().map(Header::value),
        })
    }

    /// Parses a tag as [`Tag::parse`] does, and checks what its bytes alone do not show: that its target's id is of the repository's format, and that its name is that of the
    /// reference by which it was reached, where it was.
    ///
    /// # Errors
    /// As [`Tag::parse`], [`Tag::check_format`] and [`Tag::check_name`].
    pub fn parse_in(bytes: &'a [u8], format: ObjectFormat, reference: Option<&str>) -> Result<Self, Rejection> {
        let tag = Self::parse(bytes)?;
        tag.check_in(format, reference)?;
        Ok(tag)
    }

    /// Checks what the bytes alone do not tell.
    ///
    /// # Errors
    /// As [`Tag::check_format`] and [`Tag::check_name`].
    pub(crate) fn check_in(&self, format: ObjectFormat, reference: Option<&str>) -> Result<(), Rejection> {
        self.check_format(format)?;
        reference.map_or(Ok(()), |reference| self.check_name(reference))
    }

    /// Checks the name by which the tag was reached: a tag says nothing about another name than its own, and git does not compare them.
    /// References outside `refs/tags/` are not tag names; the name of a work tree or of namespaces before them changes nothing
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

    /// The object format, by the length of the target's id.
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

/// Checks a tag without its signature, which is of this kind, and finds the tagger's address.
pub(super) fn check_payload(payload: &[u8], kind: SignatureKind) -> Result<Option<String>, Rejection> {
    let SplitTag { fields, body_start, signatures } = SplitTag::new(payload)?;
    // git has stripped the headers that it knows
    if let Some(header) = signatures.first() {
        return Err(Rejection::new(Reason::UnsignedHeader, String::from_utf8_lossy(header.name)));
    }
    check_message(payload, body_start, kind)?;
    Ok(fields.tagger_email.map(str::to_owned))
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
        SplitTag::new(bytes).map(|split| split.fields)
    }
}

/// A tag's headers, and where its message begins.
struct SplitTag<'a> {
    fields: TagHeaders<'a>,
    /// The place of the empty line.
    body_start: usize,
    /// The headers with signatures, each once.
    signatures: Vec<Header<'a>>,
}

impl<'a> SplitTag<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let (headers, rest) = split_headers(bytes)?;
        let mut seen = HashSet::new();
        for header in &headers {
            let is_signature = matches!(header.name, b"gpgsig" | b"gpgsig-sha256");
            if header.name.starts_with(b"gpgsig") && !is_signature {
                return Err(Rejection::new(Reason::UnsignedHeader, String::from_utf8_lossy(header.name)));
            }
            if !seen.insert(header.name) {
                return Err(if is_signature { Reason::MultipleSignatures.into() } else { duplicate(header.name) });
            }
        }
        let names: Vec<&[u8]> = headers.iter().map(|header| header.name).collect();
        let in_order = match names.as_slice() {
            [b"object", b"type", b"tag", b"tagger", ..] => true,
            [b"object", b"type", b"tag", others @ ..] => others.iter().all(|name| name.starts_with(b"gpgsig")),
            _ => false,
        };
        if !in_order {
            return Err(Rejection::new(Reason::HeaderOrder, "object, type, tag and tagger do not stand in their places"));
        }
        let field = |name: &[u8]| headers.iter().find(|header| header.name == name).map(|header| header.first_line).unwrap_or_default();
        if format_of_id(field(b"object")).is_none() {
            return Err(malformed("the object line does not hold an object id"));
        }
        // where one goes on, git's readers do not agree on what comes next
        if let Some(header) = headers.iter().take(4).find(|header| !header.is_one_line()) {
            return Err(malformed(&format!("its {} goes on over a second line", String::from_utf8_lossy(header.name))));
        }
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).map_err(|_| malformed("a header is not valid UTF-8"));
        let fields = TagHeaders {
            target: text(field(b"object"))?,
            target_type: text(field(b"type"))?,
            name: text(field(b"tag"))?,
            tagger_email: email_of_ident(field(b"tagger")),
        };
        let signatures = headers.into_iter().filter(|header| header.name.starts_with(b"gpgsig")).collect();
        Ok(Self { fields, body_start: bytes.len() - rest.len(), signatures })
    }
}

/// The payload of a tag or a push certificate ends before the last line that begins a known kind of signature (git's `parse_signed_buffer`).
pub(super) fn split_signature(bytes: &[u8], body_start: usize) -> Result<Signed<'_>, Rejection> {
    let kind_at = |start: usize| SignatureKind::of(bytes.get(start..).unwrap_or_default());
    let last =
        line_starts(bytes, body_start).filter(|start| kind_at(*start) != SignatureKind::Unknown).last().ok_or(Reason::NoSignature)?;
    let (payload, signature) = bytes.split_at(last);
    check_message(payload, body_start, SignatureKind::of(signature))?;
    Ok(Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(signature) })
}

/// Checks that what stands before a signature of this kind holds no Sigstore signature: it would become part of what the last one signs, and
/// readers that look for the first would take that one. Lines that begin other kinds are text for git. Before another kind, one line is text
/// too, and only a whole block is a signature.
pub(super) fn check_message(payload: &[u8], body_start: usize, kind: SignatureKind) -> Result<(), Rejection> {
    let starts_with = |start: usize, line: &str| payload.get(start..).unwrap_or_default().starts_with(line.as_bytes());
    let Some(begin) = line_starts(payload, body_start).find(|start| starts_with(*start, armor::BEGIN)) else { return Ok(()) };
    if kind != SignatureKind::X509 && !line_starts(payload, begin).any(|start| starts_with(start, armor::END)) {
        return Ok(());
    }
    let lines = payload.get(body_start..begin).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
    Err(Rejection::new(Reason::MultipleSignatures, format!("one begins in line {} of the message", lines.max(1))))
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

    #[test]
    fn the_last_line_that_begins_a_signature_counts_as_for_git() {
        let pgp = "-----BEGIN PGP SIGNATURE-----\n\nYQ==\n-----END PGP SIGNATURE-----\n";
        let begins = ["-----BEGIN PGP MESSAGE-----", "-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----x"];
        for line in begins.into_iter().chain([pgp, "-----BEGIN SIGNED MESSAGE-----"]) {
            let message = format!("{TAG}{line}\nmore\n");
            for signature in [SIGNATURE, pgp] {
                let text = format!("{message}{signature}");
                if (line, signature) == (armor::BEGIN, SIGNATURE) {
                    assert_eq!(reason(&text), Reason::MultipleSignatures);
                    assert_eq!(Tag::parse(text.as_bytes()).unwrap_err().detail(), "one begins in line 2 of the message");
                    continue;
                }
                let tag = Tag::parse(text.as_bytes()).unwrap();
                assert_eq!((&*tag.signed.payload, &*tag.signed.signature), (message.as_bytes(), signature.as_bytes()), "{line}");
            }
        }
        assert_eq!(reason(&format!("{TAG}{SIGNATURE}{pgp}")), Reason::MultipleSignatures);
    }

    #[test]
    fn a_signature_header_of_the_other_format_is_set_aside_and_one_of_its_own_is_a_second_signature() {
        let with = |target: &str, headers: &str| {
            let tag =
                TAG.replace("0123456789012345678901234567890123456789", target).replace("\n\nmessage", &format!("\n{headers}\nmessage"));
            format!("{tag}{SIGNATURE}")
        };
        for (target, other, own) in [("1".repeat(40), "gpgsig-sha256", "gpgsig"), ("1".repeat(64), "gpgsig", "gpgsig-sha256")] {
            let text = with(&target, &format!("{other} one\n two\n"));
            let tag = Tag::parse(text.as_bytes()).unwrap();
            assert_eq!(&*tag.signed.payload, with(&target, "").strip_suffix(SIGNATURE).unwrap().as_bytes());
            assert_eq!(tag.other_format.as_deref(), Some(&b"one\ntwo\n"[..]));
            #[cfg(feature = "cli")]
            assert!(TagHeaders::parse(text.as_bytes()).is_ok());
            assert_eq!(reason(&with(&target, &format!("{own} x\n"))), Reason::MultipleSignatures);
            assert_eq!(reason(&with(&target, &format!("{other} x\n{other} x\n"))), Reason::MultipleSignatures);
            assert_eq!(reason(&with(&target, &format!("{other}x y\n"))), Reason::UnsignedHeader);
            // what git passes to its program holds none
            assert_eq!(
                check_payload(&text.as_bytes()[..text.len() - SIGNATURE.len()], SignatureKind::X509).unwrap_err().reason(),
                Reason::UnsignedHeader
            );
        }
        assert_eq!(reason(&with(&"1".repeat(40), "").replace("\ntag v1", "\ngpgsig-sha256 x\ntag v1")), Reason::HeaderOrder);
    }
}
