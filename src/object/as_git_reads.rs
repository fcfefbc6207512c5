//! Payload and signature as git takes them from an object with a fault, to name the kind of its signature. Nothing here is verified.
//!
//! Source: git's `commit.c` (`parse_buffer_signed_by_header`) and `gpg-interface.c` (`parse_signed_buffer`).

use super::{ObjectFormat, SignatureKind, Signed};
use std::borrow::Cow;

impl Signed<'_> {
    /// Those of a commit: every line of every signature header counts. `None` without a signature, or with one of several in x509 armor.
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
        // text before x509 armor is no other kind
        let is_hidden = begins(&signature).any(|(start, kind)| start > 0 && kind == SignatureKind::X509);
        if signature.is_empty() || is_hidden || is_mixed(begins(&signature).map(|(_, kind)| kind)) {
            return None;
        }
        Some(Signed { payload: Cow::Owned(payload), signature: Cow::Owned(signature) })
    }

    /// Those of a tag or a push certificate: the signature begins at the last line that begins one.
    pub(crate) fn of_faulty_text(bytes: &[u8]) -> Option<Signed<'_>> {
        let (start, kind) = begins(bytes).last()?;
        // before a signature of another kind, all others are text for git
        if kind == SignatureKind::X509 && begins(bytes).count() > 1 {
            return None;
        }
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

/// Whether one of several signatures is x509: it may be Sigstore's, and git checks only one of them.
fn is_mixed(kinds: impl Iterator<Item = SignatureKind>) -> bool {
    let kinds: Vec<SignatureKind> = kinds.collect();
    kinds.len() > 1 && kinds.contains(&SignatureKind::X509)
}
