//! The library's verdict on a vector.

use super::case::{Case, Cell};
use paraph::{
    Explanation as _, Rejection,
    internals::evidence::detached::from_file,
    object::{Commit, ObjectFormat, PushCertificate, Signed, Tag},
    policy::{AllowedIdentities, Policy},
    trust::{Instance, TrustRoot},
    verify::{Verified, Verifier},
};
use std::{fs, path::Path};

/// The current time for entry points that take one.
pub const NOW: &str = "2026-01-01T00:00:00Z";

pub fn library_cell(case: &Case) -> Cell {
    match verifier(&case.trusted_root) {
        Some(verifier) => library_cell_of(&verifier, case),
        None => Cell::judged("refused", "trusted-root"),
    }
}

/// The library's verifier under a trusted root, where that can be used.
pub fn verifier(trusted_root: &Path) -> Option<Verifier> {
    let json = fs::read(trusted_root).unwrap();
    let root = TrustRoot::from_json(&json, Instance::named("vectors").unwrap(), "vectors").ok()?;
    Some(Verifier::new(vec![root], NOW.parse().unwrap()))
}

pub fn library_cell_of(verifier: &Verifier, case: &Case) -> Cell {
    // a file that cannot be used allows no identity
    let allowed = AllowedIdentities::parse(&fs::read_to_string(&case.allowed_identities).unwrap()).unwrap_or_default();
    let judgement = Policy { allowed: Some(allowed), ..Policy::default() }.judge(verify(verifier, case));
    let reason = match (judgement.rejection(), judgement.verification()) {
        (Some(rejection), _) => rejection.reason().id().to_owned(),
        (None, None) => "-".into(),
        (None, Some(verified)) if verified.legacy_rules().is_empty() => "-".into(),
        (None, Some(verified)) => verified.legacy_rules().iter().map(|reason| reason.id()).collect::<Vec<_>>().join(","),
    };
    Cell::judged(judgement.verdict().as_str(), reason)
}

/// The library's result before the policy decides.
pub fn verify(verifier: &Verifier, case: &Case) -> Result<Verified, Rejection> {
    match (&case.entries, case.kind) {
        (Some(entries), _) => verifier.verify_with(&signed(case)?, &from_file(entries).unwrap()),
        (None, "commit") => verifier.verify_commit(&case.object, ObjectFormat::Sha1),
        (None, "tag") => verifier.verify_tag(&case.object, ObjectFormat::Sha1, case.reference.as_deref()),
        (None, _) => verifier.verify_push_certificate(&case.object),
    }
}

/// What was signed, and the signature.
pub fn signed(case: &Case) -> Result<Signed<'_>, Rejection> {
    match case.kind {
        "commit" => Ok(Commit::parse(&case.object, ObjectFormat::Sha1)?.signed),
        "tag" => Ok(Tag::parse_in(&case.object, ObjectFormat::Sha1, case.reference.as_deref())?.signed),
        _ => Ok(PushCertificate::parse(&case.object)?.signed),
    }
}
