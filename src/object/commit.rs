//! Commits: `tree`, `parent`s, `author`, `committer`, further headers, signature headers, an empty line, the message.

use super::{Header, ObjectFormat, Signed, duplicate, email_of_ident, format_of_id, malformed, split_headers};
use crate::{Reason, Rejection};
use std::borrow::Cow;

/// Headers that may stand once, beside the four that open a commit.
const ONCE: [&[u8]; 4] = [b"encoding", b"gpgsig", b"gpgsig-sha256", b"change-id"];

/// A commit, split into headers, signed bytes and signature. It borrows from the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The object id of its tree, lower-case hexadecimal.
    pub tree: &'a str,
    /// The object ids of its parents, in their order.
    pub parents: Vec<&'a str>,
    /// The committer's e-mail address, where the line has one.
    pub committer_email: Option<&'a str>,
    /// What was signed, and the signature.
    pub signed: Signed<'a>,
    /// The signature in the header of the other object format. It covers the commit as converted to that format, and this verifier does not
    /// judge it here.
    pub other_format: Option<Vec<u8>>,
}

impl<'a> Commit<'a> {
    /// Splits a commit as `git cat-file commit` prints it, in a repository of the given object format.
    ///
    /// # Errors
    /// [`Reason::NoSignature`], or another reason of the layer `object`.
    pub fn parse(bytes: &'a [u8], format: ObjectFormat) -> Result<Self, Rejection> {
        let (headers, _) = split_headers(bytes)?;
        if check_order(&headers)? != format {
            return Err(malformed("its object ids are not of the repository's format"));
        }
        let (mut signature, mut other_format) = (None, None);
        for header in signature_headers(&headers) {
            // git strips every header whose name starts so, also one that it does not know: nothing would cover it
            let slot = match header.name {
                name if name == format.signature_header().as_bytes() => &mut signature,
                name if name == format.other().signature_header().as_bytes() => &mut other_format,
                name => return Err(Rejection::new(Reason::UnsignedHeader, String::from_utf8_lossy(name))),
            };
            if slot.replace(header).is_some() {
                return Err(Reason::MultipleSignatures.into());
            }
        }
        // most objects of a usual history have none, so nothing is copied before
        let signature = signature.ok_or(Reason::NoSignature)?.value();
        let field = |name: &[u8]| headers.iter().find(|header| header.name == name).map(|header| header.first_line);
        let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).unwrap_or_default();
        Ok(Self {
            tree: field(b"tree").map(text).unwrap_or_default(),
            parents: headers.iter().filter(|header| header.name == b"parent").map(|header| text(header.first_line)).collect(),
            committer_email: field(b"committer").and_then(email_of_ident),
            signed: Signed { payload: Cow::Owned(payload(bytes, &headers)), signature: Cow::Owned(signature) },
            other_format: other_format.map(Header::value),
        })
    }
}

/// The headers that git strips before it verifies.
fn signature_headers<'h, 'a>(headers: &'h [Header<'a>]) -> impl Iterator<Item = &'h Header<'a>> {
    headers.iter().filter(|header| header.name.starts_with(b"gpgsig"))
}

/// A commit without its signature headers.
fn payload(bytes: &[u8], headers: &[Header<'_>]) -> Vec<u8> {
    let (mut payload, mut kept_from) = (Vec::with_capacity(bytes.len()), bytes);
    for header in signature_headers(headers) {
        let before = kept_from.len() - remaining(bytes, header.raw);
        payload.extend_from_slice(kept_from.get(..before).unwrap_or_default());
        kept_from = kept_from.get(before + header.raw.len()..).unwrap_or_default();
    }
    payload.extend_from_slice(kept_from);
    payload
}

/// The parents of a commit, or of its payload, and the tags in its `mergetag` headers. Both are empty for a commit without such a header, or
/// one that is malformed, which its own verdict says.
#[cfg(feature = "cli")]
pub(crate) fn merged_tags(bytes: &[u8]) -> (Vec<&str>, Vec<Vec<u8>>) {
    if memchr::memmem::find(bytes, b"\nmergetag ").is_none() {
        return Default::default();
    }
    let Ok((headers, _)) = split_headers(bytes) else { return Default::default() };
    let tags: Vec<_> = headers.iter().filter(|header| header.name == b"mergetag").map(Header::value).collect();
    let parents = headers.iter().filter(|header| header.name == b"parent").map(|header| header.first_line);
    (parents.filter_map(|parent| std::str::from_utf8(parent).ok()).collect(), tags)
}

/// Checks what git leaves of a commit once its signature headers are stripped, and finds the committer's address.
pub(super) fn check_payload(payload: &[u8]) -> Result<Option<String>, Rejection> {
    let (headers, _) = split_headers(payload)?;
    check_order(&headers)?;
    if let Some(header) = headers.iter().find(|header| header.name.starts_with(b"gpgsig")) {
        return Err(Rejection::new(Reason::UnsignedHeader, String::from_utf8_lossy(header.name)));
    }
    let committer = headers.iter().find(|header| header.name == b"committer");
    Ok(committer.and_then(|header| email_of_ident(header.first_line)).map(str::to_owned))
}

/// How many bytes of `whole` stand from the start of `part` on; `part` lies within `whole`.
fn remaining(whole: &[u8], part: &[u8]) -> usize {
    whole.len() - (part.as_ptr().addr() - whole.as_ptr().addr())
}

/// `tree`, then `parent`s, then `author`, then `committer`: git's readers find the first or the last of each, so each stands once, on one
/// line. Returns the format of the ids.
fn check_order(headers: &[Header<'_>]) -> Result<ObjectFormat, Rejection> {
    let mut rest = headers.iter().peekable();
    let mut take = |name: &str| {
        let header = rest.next_if(|header| header.name == name.as_bytes())?;
        Some(header)
    };
    let tree = take("tree").ok_or_else(|| out_of_order(headers, "tree"))?;
    let mut ids = vec![tree];
    while let Some(parent) = take("parent") {
        ids.push(parent);
    }
    let formats = ids.iter().map(|header| if header.is_one_line() { format_of_id(header.first_line) } else { None });
    let formats = formats.collect::<Option<Vec<_>>>().ok_or_else(|| malformed("a tree or parent line does not hold an object id"))?;
    let format = match formats.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => *first,
        _ => return Err(malformed("its object ids are of two formats")),
    };
    for name in ["author", "committer"] {
        let header = take(name).ok_or_else(|| out_of_order(headers, name))?;
        // where it goes on, git's readers do not agree on what comes next
        if !header.is_one_line() {
            return Err(malformed(&format!("its {name} goes on over a second line")));
        }
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    for header in rest {
        if matches!(header.name, b"tree" | b"author" | b"committer") {
            return Err(duplicate(header.name));
        }
        if header.name == b"parent" {
            return Err(Rejection::new(Reason::HeaderOrder, "a parent after the author"));
        }
        if ONCE.contains(&header.name) {
            if seen.contains(&header.name) {
                return Err(if header.name.starts_with(b"gpgsig") { Reason::MultipleSignatures.into() } else { duplicate(header.name) });
            }
            seen.push(header.name);
        }
    }
    Ok(format)
}

fn out_of_order(headers: &[Header<'_>], name: &str) -> Rejection {
    let count = |name: &[u8]| headers.iter().filter(|header| header.name == name).count();
    for once in [&b"tree"[..], b"author", b"committer"] {
        if count(once) > 1 {
            return duplicate(once);
        }
    }
    match count(name.as_bytes()) {
        0 => malformed(&format!("it has no {name}")),
        _ => Rejection::new(Reason::HeaderOrder, format!("{name} does not stand in its place")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "gpgsig -----BEGIN SIGNED MESSAGE-----\n YQ==\n -----END SIGNED MESSAGE-----\n";

    fn commit(extra: &str) -> String {
        format!(
            "tree {0}\nparent {0}\nauthor A <a@example.com> 1 +0000\ncommitter C <c@example.com> 1 +0000\n{extra}\nmessage without a final line feed",
            "0123456789012345678901234567890123456789"
        )
    }

    fn reason(text: &str) -> Reason {
        Commit::parse(text.as_bytes(), ObjectFormat::Sha1).unwrap_err().reason()
    }

    #[test]
    fn the_payload_is_the_object_without_its_signature() {
        let text = commit(SIGNATURE);
        let parsed = Commit::parse(text.as_bytes(), ObjectFormat::Sha1).unwrap();
        assert_eq!(parsed.signed.payload.as_ref(), commit("").as_bytes());
        assert_eq!(parsed.signed.signature.as_ref(), b"-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n");
        assert_eq!(parsed.committer_email, Some("c@example.com"));
        assert_eq!(parsed.parents.len(), 1);
    }

    #[test]
    fn a_committer_s_address_is_read_whatever_the_name_s_encoding() {
        let (before, after) = (commit(SIGNATURE), b"committer J\xe9r\xf4me <j@example.com>");
        let at = before.find("committer C <c@example.com>").unwrap();
        let bytes = [&before.as_bytes()[..at], after, &before.as_bytes()[at + 27..]].concat();
        assert_eq!(Commit::parse(&bytes, ObjectFormat::Sha1).unwrap().committer_email, Some("j@example.com"));
    }

    #[test]
    fn headers_around_the_signature_stay_in_the_payload() {
        let around = |signature: &str| commit(&format!("encoding ISO-8859-1\n{signature}x-custom one\n two\n"));
        let (signed, plain) = (around(SIGNATURE), around(""));
        assert_eq!(Commit::parse(signed.as_bytes(), ObjectFormat::Sha1).unwrap().signed.payload.as_ref(), plain.as_bytes());
    }

    #[test]
    fn a_sha_256_repository_keeps_its_signature_elsewhere() {
        let short = commit(&SIGNATURE.replace("gpgsig", "gpgsig-sha256"));
        let id = "0123456789012345678901234567890123456789";
        let long = short.replace(id, &format!("{id}{}", "5c".repeat(12)));
        let of = |text: &str, format| Commit::parse(text.as_bytes(), format).map_err(|rejection| rejection.reason()).err();
        assert_eq!(of(&long, ObjectFormat::Sha256), None);
        assert_eq!(of(&short, ObjectFormat::Sha1), Some(Reason::NoSignature));
        // nor can an object of one format stand in a repository of the other, or name objects of both
        assert_eq!([of(&short, ObjectFormat::Sha256), of(&long, ObjectFormat::Sha1)], [Some(Reason::MalformedObject); 2]);
        let mixed = long.replacen(&format!("{id}{}", "5c".repeat(12)), id, 1);
        assert_eq!([ObjectFormat::Sha1, ObjectFormat::Sha256].map(|format| of(&mixed, format)), [Some(Reason::MalformedObject); 2]);
    }

    #[test]
    fn what_gits_readers_disagree_on_is_refused() {
        let good = commit(SIGNATURE);
        let tree = "tree 0123456789012345678901234567890123456789\n";
        assert_eq!(reason(&format!("{tree}{good}")), Reason::DuplicateHeader);
        assert_eq!(reason(&good.replace("\nauthor", "\nauthor E <e@example.com> 1 +0000\nauthor")), Reason::DuplicateHeader);
        assert_eq!(reason(&good.replace("\ngpgsig", "\ncommitter E <e@example.com> 1 +0000\ngpgsig")), Reason::DuplicateHeader);
        assert_eq!(reason(&good.replace("\ngpgsig", "\nparent 0123456789012345678901234567890123456789\ngpgsig")), Reason::HeaderOrder);
        assert_eq!(
            reason(&format!("author A <a@b> 1 +0000\n{}", good.replace("author A <a@example.com> 1 +0000\n", ""))),
            Reason::HeaderOrder
        );
        assert_eq!(reason(&commit(&format!("{SIGNATURE}{SIGNATURE}"))), Reason::MultipleSignatures);
        assert_eq!(reason(&commit(&format!("{SIGNATURE}x y\n{SIGNATURE}"))), Reason::MultipleSignatures);
        assert_eq!(reason(&commit(&format!("{SIGNATURE}gpgsigEVIL x\n y\n"))), Reason::UnsignedHeader);
        let other = SIGNATURE.replace("gpgsig", "gpgsig-sha256");
        assert_eq!(reason(&commit(&format!("{SIGNATURE}{other}{other}"))), Reason::MultipleSignatures);
        assert_eq!(reason(&good.replace("message", "mess\0age")), Reason::NulByte);
        assert_eq!(reason(&commit("")), Reason::NoSignature);
        assert_eq!(reason(&commit("").replace("message", "gpgsig -----BEGIN SIGNED MESSAGE-----")), Reason::NoSignature);
        assert_eq!(reason("tree"), Reason::MalformedObject);
        assert_eq!(reason(""), Reason::MalformedObject);
    }
}
