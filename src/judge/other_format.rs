//! The second signature of an object in a dual-format repository. It changes no verdict.

use super::{Judge, SignableKind};
use crate::{
    Explanation as _, Rejection, Standing,
    escape::Escaped,
    object::{Commit, ObjectFormat, Tag},
    report::OtherFormatReport,
    repository::RawObject,
    verify::Verification,
};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Finds the beginning of the header that holds the signature of this format, in objects one after the other.
static HEADER_LINES: LazyLock<[(ObjectFormat, Finder<'static>); 2]> =
    LazyLock::new(|| [(ObjectFormat::Sha1, Finder::new(b"\ngpgsig ")), (ObjectFormat::Sha256, Finder::new(b"\ngpgsig-sha256 "))]);

impl Judge {
    /// What is known of the signature for the other object format, where the object carries one beside its own.
    pub(super) fn other_format(&self, object: &RawObject) -> Option<OtherFormatReport> {
        let format = object.format.other();
        let header = format.signature_header();
        // most objects have none, and need not be split again
        HEADER_LINES.iter().find(|(of, _)| *of == format)?.1.find(&object.bytes)?;
        let kind = SignableKind::of(object).ok()?;
        let signature = match kind {
            SignableKind::Commit => Commit::parse(&object.bytes, object.format).ok()?.other_format?,
            SignableKind::Tag => Tag::parse(&object.bytes).ok()?.other_format?,
        };
        let Some(converted) = self.conversion.as_ref().and_then(|conversion| conversion.object(object, format)) else {
            return Some(OtherFormatReport::not_checked(header, None));
        };
        let split = match kind {
            SignableKind::Commit => Commit::parse(&converted, format).map(|commit| commit.signed),
            SignableKind::Tag => Tag::parse_in(&converted, format, None).map(|tag| tag.signed),
        };
        // a conversion with another signature says nothing about this one
        let signed = split.ok().filter(|signed| signed.signature.as_ref() == signature);
        Some(match signed.map(|signed| self.verifier.verify(&signed)) {
            None => OtherFormatReport::not_checked(header, None),
            Some(Ok(verified)) => OtherFormatReport::verified(header, &verified),
            Some(Err(rejection)) if rejection.reason().standing() == Standing::Wrong => OtherFormatReport::refused(header, &rejection),
            Some(Err(rejection)) => OtherFormatReport::not_checked(header, Some(&rejection)),
        })
    }
}

impl OtherFormatReport {
    fn verified(header: &'static str, verified: &Verification) -> Self {
        let identity = verified.identity();
        Self { identity: Some(identity.name.clone()), issuer: Some(identity.issuer.clone()), ..Self::new(header, "verified") }
    }

    fn refused(header: &'static str, rejection: &Rejection) -> Self {
        Self::new(header, "refused").because(rejection)
    }

    /// `rejection` is what keeps it from being checked; `None` where the object is not known in the other format.
    fn not_checked(header: &'static str, rejection: Option<&Rejection>) -> Self {
        let report = Self::new(header, "not-checked");
        rejection.map_or(report.clone(), |rejection| report.because(rejection))
    }

    fn new(header: &'static str, state: &'static str) -> Self {
        Self { header, state, identity: None, issuer: None, reason: None, message: None }
    }

    fn because(self, rejection: &Rejection) -> Self {
        Self { reason: Some(rejection.reason().id()), message: Some(Escaped(&rejection.to_string()).to_string()), ..self }
    }

    /// Whether it was not checked.
    pub(crate) fn is_unchecked(&self) -> bool {
        self.state == "not-checked"
    }

    /// The sentence for people, escaped.
    pub(crate) fn sentence(&self) -> String {
        let format = if self.header == "gpgsig" { "SHA-1" } else { "SHA-256" };
        let subject = format!("The signature of its {format} form ({})", self.header);
        let cause = self.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        match &self.identity {
            Some(identity) => format!("{subject} verifies too, by {}.", Escaped(identity)),
            None if self.is_unchecked() => format!("{subject} was not checked{cause}."),
            None => format!("{subject} is BAD{cause}. The verdict does not depend on it."),
        }
    }
}
