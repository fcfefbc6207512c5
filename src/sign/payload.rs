//! What git wants to have signed, parsed before anything is sent.

use crate::{
    Reason, Rejection,
    object::{Payload, PayloadKind, SignatureKind},
};

/// Why a payload is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PayloadError {
    /// A line of the message looks like the start of a signature, so that the signed object would not verify.
    #[error("line {line} of the {} looks like a signature", if *.kind == PayloadKind::Push { "push certificate" } else { "tag message" })]
    SignatureInMessage {
        /// What the payload is.
        kind: PayloadKind,
        /// The line's number in the message, from 1.
        line: usize,
    },
    /// It is not a commit, tag or push certificate that could be verified.
    #[error("this is not a commit, tag or push certificate that could be verified: {0}")]
    Unverifiable(Rejection),
}

impl PayloadError {
    /// What to do about it, if there is something.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::SignatureInMessage { .. } => Some("indent the line"),
            Self::Unverifiable(_) => None,
        }
    }
}

/// Reads a payload as git hands it to its signing program.
///
/// # Errors
/// [`PayloadError`].
pub(crate) fn parse_payload(payload: &[u8]) -> Result<Payload, PayloadError> {
    Payload::parse(payload).map_err(|rejection| match rejection.reason() {
        Reason::MultipleSignatures => {
            let kind = if payload.starts_with(b"object ") { PayloadKind::Tag } else { PayloadKind::Push };
            PayloadError::SignatureInMessage { kind, line: signature_line(payload) }
        }
        _ => PayloadError::Unverifiable(rejection),
    })
}

/// The first line of the message that looks like the start of a signature.
fn signature_line(payload: &[u8]) -> usize {
    let body = payload.windows(2).position(|pair| pair == b"\n\n").map_or(payload, |at| payload.get(at + 2..).unwrap_or_default());
    body.split(|byte| *byte == b'\n').position(|line| SignatureKind::of(line) != SignatureKind::Unknown).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_looks_signed_is_refused_with_its_line() {
        let tag = "object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t@example.com> 1 +0000\n\nfirst\n\n";
        assert_eq!(parse_payload(tag.as_bytes()).unwrap().kind, PayloadKind::Tag);
        let error = parse_payload(format!("{tag}-----BEGIN PGP SIGNATURE-----\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 3 of the tag message looks like a signature");
        assert!(parse_payload(format!("{tag} -----BEGIN PGP SIGNATURE-----\n").as_bytes()).is_ok());
    }
}
