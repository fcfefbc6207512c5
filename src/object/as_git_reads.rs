//! Payload and signature as git takes them from an object with a fault, to name the kind of its signature. Nothing here is verified.
//!
//! Source: git's `commit.c` (`parse_buffer_signed_by_header`) and `gpg-interface.c` (`parse_signed_buffer`).

use super::{ObjectFormat, SignatureKind, Signed};
use crate::signature::armor;
use std::borrow::Cow;

impl Signed<'_> {
    /// Those of a commit: every line of every signature header counts. `None` without a signature.
    pub(crate) fn of_faulty_commit(bytes: &[u8], format: ObjectFormat) -> Option<Signed<'static>> {
        let (mut payload, mut signature) = (Vec::with_capacity(bytes.len()), Vec::new());
        let (mut in_signature, mut in_other) = (false, false);
        let mut rest = bytes;
        while !rest.is_empty() && !rest.starts_with(b"\n") {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (line, after) = rest.split_at(end);
            let own = line.strip_prefix(format.signature_header().as_bytes()).and_then(|value| value.strip_prefix(b" "));
            let value = own.or_else(|| line.strip_prefix(b" ").filter(|_| in_signature));
            in_other = value.is_none() && (line.starts_with(b"gpgsig") || in_other && line.starts_with(b" "));
            in_signature = value.is_some();
            match value {
                Some(value) => signature.extend_from_slice(value),
                None if !in_other => payload.extend_from_slice(line),
                None => {}
            }
            rest = after;
        }
        payload.extend_from_slice(rest);
        let signed = Signed { payload: Cow::Owned(payload), signature: Cow::Owned(signature) };
        Some(signed).filter(|signed| !signed.signature.is_empty())
    }

    /// Those of a tag or a push certificate: the signature begins at the last line that begins one.
    pub(crate) fn of_faulty_text(bytes: &[u8]) -> Option<Signed<'_>> {
        let (start, _) = begins(bytes).last()?;
        let (payload, signature) = bytes.split_at_checked(start)?;
        Some(Signed { payload: Cow::Borrowed(payload), signature: Cow::Borrowed(signature) })
    }
}

/// Where a signature of a known kind begins, and its kind.
fn begins(bytes: &[u8]) -> impl Iterator<Item = (usize, SignatureKind)> {
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|feed| feed + 1));
    starts
        .map(|start| (start, SignatureKind::of(bytes.get(start..).unwrap_or_default())))
        .filter(|(_, kind)| *kind != SignatureKind::Unknown)
}

/// The x509 signatures in a text, each from the line that begins it to the line that ends it. A line alone is text.
pub(crate) fn x509_signatures(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    begins(text).filter(|(_, kind)| *kind == SignatureKind::X509).map_while(|(start, _)| {
        let from = text.get(start..)?;
        from.get(..memchr::memmem::find(from, armor::END.as_bytes())? + armor::END.len())
    })
}
