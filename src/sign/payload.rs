//! What is to be signed, parsed before anything is sent.

use super::Content;
use crate::{
    Reason, Rejection,
    agent_protocol::SubjectToSign,
    object::{Payload, PayloadKind, SignatureKind},
    statement::Statement,
    verify::Disguise,
};
use sha2::{Digest as _, Sha256};

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
    /// Nothing was handed in.
    #[error("there is nothing to sign: the payload is empty")]
    Empty,
    /// Its first line is not that of a commit, tag or push certificate.
    #[error("the payload is not a commit, tag or push certificate")]
    UnknownKind,
    /// It begins like one, but its signature could not be verified.
    #[error("the payload cannot be signed, because it would not verify: {0}")]
    Unverifiable(Rejection),
    /// The signature of a file could be used for something else.
    #[error("the file is {0}; its signature would be valid for that too")]
    Disguised(Disguise),
    /// The digest is not one.
    #[error("the digest is not a SHA-256 in hexadecimal")]
    Digest,
    /// The statement is not one.
    #[error("the statement cannot be signed: {0}")]
    Statement(Rejection),
    /// A kind of subject that this program does not know.
    #[error("this kind of subject is not signed here")]
    UnknownSubject,
}

impl PayloadError {
    /// What to do about it, if there is something.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::SignatureInMessage { .. } => Some("indent the line"),
            Self::Empty => Some("sign with git: `git commit -S`, `git tag -s` or `git push --signed`"),
            Self::UnknownKind => {
                Some("sign with git: `git commit -S`, `git tag -s` or `git push --signed`; `paraph sign FILE` signs other files")
            }
            Self::Disguised(_) => Some("sign an archive that holds the file; commits and tags are signed with git"),
            Self::Statement(_) => Some("give an in-toto statement; `paraph attest` writes one about files"),
            Self::Unverifiable(_) | Self::Digest | Self::UnknownSubject => None,
        }
    }
}

/// Something to be signed, checked.
#[derive(Debug)]
pub(crate) struct ParsedSubject<'a> {
    /// What the session signs.
    pub(crate) content: Content<'a>,
    what: What,
}

/// What a subject is.
#[derive(Debug)]
enum What {
    Object(Payload),
    File,
    Digest,
    Statement,
}

impl ParsedSubject<'_> {
    /// The git object, if it is one.
    pub(crate) fn object(&self) -> Option<&Payload> {
        match &self.what {
            What::Object(object) => Some(object),
            What::File | What::Digest | What::Statement => None,
        }
    }

    /// What it is.
    #[cfg(unix)]
    pub(crate) fn kind(&self) -> SigningKind {
        match &self.what {
            What::Object(object) => SigningKind::Object(object.kind),
            What::File => SigningKind::File,
            What::Digest => SigningKind::Digest,
            What::Statement => SigningKind::Statement,
        }
    }
}

/// What is signed, as the agent tells its user.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SigningKind {
    /// A git object.
    Object(PayloadKind),
    /// A file whose bytes are known.
    File,
    /// A file of which only the digest is known: it may be anything.
    Digest,
    /// A statement.
    Statement,
}

#[cfg(unix)]
impl SigningKind {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Object(kind) => kind.as_str(),
            Self::File => "file",
            Self::Digest => "digest",
            Self::Statement => "statement",
        }
    }
}

/// Reads what is to be signed, and checks that its signature could verify and stands for nothing else.
///
/// # Errors
/// [`PayloadError`].
pub(crate) fn parse_subject(subject: &SubjectToSign) -> Result<ParsedSubject<'_>, PayloadError> {
    let (content, what) = match subject {
        SubjectToSign::Git { payload } => (Content::Git(payload), What::Object(parse_payload(payload)?)),
        SubjectToSign::File { content, .. } => match Disguise::of(content) {
            Some(disguise) => return Err(PayloadError::Disguised(disguise)),
            None => (Content::File(Sha256::digest(content).into()), What::File),
        },
        SubjectToSign::Digest { sha256, .. } => {
            let mut digest = [0; 32];
            hex::decode_to_slice(sha256, &mut digest).map_err(|_| PayloadError::Digest)?;
            (Content::File(digest), What::Digest)
        }
        SubjectToSign::Statement { payload } => {
            Statement::parse(payload).map_err(PayloadError::Statement)?;
            (Content::Statement(payload), What::Statement)
        }
        SubjectToSign::Unknown => return Err(PayloadError::UnknownSubject),
    };
    Ok(ParsedSubject { content, what })
}

/// Reads a payload as git hands it to its signing program.
///
/// # Errors
/// [`PayloadError`].
pub(crate) fn parse_payload(payload: &[u8]) -> Result<Payload, PayloadError> {
    if payload.is_empty() {
        return Err(PayloadError::Empty);
    }
    Payload::parse(payload).map_err(|rejection| match rejection.reason() {
        Reason::MultipleSignatures => {
            let kind = if payload.starts_with(b"object ") { PayloadKind::Tag } else { PayloadKind::Push };
            PayloadError::SignatureInMessage { kind, line: signature_line(payload) }
        }
        _ if [&b"tree "[..], b"object ", b"certificate "].iter().any(|begin| payload.starts_with(begin)) => {
            PayloadError::Unverifiable(rejection)
        }
        _ => PayloadError::UnknownKind,
    })
}

/// The first line of the message that looks like the start of a Sigstore signature. Lines that begin other kinds are text, as for git.
fn signature_line(payload: &[u8]) -> usize {
    let body = payload.windows(2).position(|pair| pair == b"\n\n").map_or(payload, |at| payload.get(at + 2..).unwrap_or_default());
    body.split(|byte| *byte == b'\n').position(|line| SignatureKind::of(line) == SignatureKind::X509).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_looks_signed_is_refused_with_its_line() {
        let tag = "object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t@example.com> 1 +0000\n\nfirst\n\n";
        assert_eq!(parse_payload(tag.as_bytes()).unwrap().kind, PayloadKind::Tag);
        let error = parse_payload(format!("{tag}-----BEGIN SIGNED MESSAGE-----\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 3 of the tag message looks like a signature");
        assert_eq!(parse_payload(b"").unwrap_err(), PayloadError::Empty);
        assert_eq!(parse_payload(b"hello\n").unwrap_err(), PayloadError::UnknownKind);
        assert!(matches!(parse_payload(b"tree 0123\n\nx\n"), Err(PayloadError::Unverifiable(_))));
        for line in [
            " -----BEGIN SIGNED MESSAGE-----",
            "-----BEGIN PGP SIGNATURE-----",
            "-----BEGIN PGP MESSAGE-----",
            "-----BEGIN SSH SIGNATURE-----",
        ] {
            assert!(parse_payload(format!("{tag}{line}\n").as_bytes()).is_ok(), "{line}");
        }
    }
}
