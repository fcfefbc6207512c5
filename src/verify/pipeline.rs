//! The steps of verification, in order. See the [module](super).

use super::{
    ManagedKey, Verification, Verified, VerifiedByKey, Verifier,
    accepted::{AcceptedEvidence, Detached, LOOKUP_HINT, LoggedSigner, SignatureToLog},
    lookup,
    material::{EmbeddedEntry, Entries, SignatureMaterial, SigningCertificate},
};
use crate::{
    LegacyRule, Reason, Rejection,
    certificate::{Certificate, PublicKey, Scheme, Sct, SignedContent, SignerCertificate},
    evidence::detached::LoggedContent,
    trust::{TrustRoot, authority::IssuingPath},
    wording::spoken_time,
};
use std::sync::Arc;

impl Verifier {
    /// Checks everything that needs no log entry: signature, certificate, path and SCTs.
    pub(super) fn check_material<'a>(
        &'a self,
        signing: SigningCertificate<'a>,
        material: SignatureMaterial<'a>,
    ) -> Result<CheckedMaterial<'a>, Rejection> {
        let scheme = material.scheme(signing.certificate.public_key()).ok_or(Reason::SignatureInvalid)?;
        let certificate = SignerCertificate::new(Arc::clone(&signing.certificate))?;
        let issued = self.issued(&signing.certificate, signing.others.iter().copied())?;
        Ok(CheckedMaterial { verifier: self, material, scheme, certificate, issued })
    }

    /// Checks a signature by a key that the caller trusts: the signature, then the same evidence as that of a certificate.
    pub(super) fn verify_material_by_key(&self, key: &ManagedKey, material: &SignatureMaterial<'_>) -> Result<VerifiedByKey, Rejection> {
        let scheme = material.scheme(key.public_key()).ok_or(Reason::KeySignature)?;
        let signature = SignatureToLog { material, scheme, signer: LoggedSigner::Key(key.public_key(), key.spki()), now: self.now };
        let mut refused: Option<Rejection> = None;
        for root in self.roots.iter() {
            match signature.check(root, &Detached::default()) {
                Ok(AcceptedEvidence { entries, times }) => {
                    let entries = entries.into_iter().map(|checked| checked.entry).collect();
                    let (instance, subject) = (root.instance.clone(), material.subject.clone());
                    return Ok(VerifiedByKey { instance, key: key.fingerprint(), times, entries, subject });
                }
                // a root that knows the log says more than one that does not
                Err(rejection) if refused.as_ref().is_none_or(|first| first.reason() == Reason::LogUnknown) => refused = Some(rejection),
                Err(_) => {}
            }
        }
        Err(refused.unwrap_or_else(|| Rejection::new(Reason::LogUnknown, self.known_roots())))
    }

    /// Checks a certificate before anything is signed with it: profile, path and SCTs. `others` are the certificates that came with it.
    ///
    /// # Errors
    /// Why the certificate is not accepted.
    #[doc(hidden)]
    pub fn check_certificate(&self, leaf: &[u8], others: &[Vec<u8>]) -> Result<SignerCertificate, Rejection> {
        let certificate = SignerCertificate::new(Certificate::from_der(leaf)?)?;
        let others = others.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
        first_good(self.issued(certificate.certificate(), &others)?, |issued| match issued.old_traits?.first() {
            Some(old) => Err(old.reason().into()),
            None => Ok(certificate.clone()),
        })
    }

    /// The paths from the certificate to authorities of the trust roots; at least one.
    fn issued<'a>(
        &'a self,
        leaf: &Certificate,
        others: impl IntoIterator<Item = &'a Certificate> + Clone,
    ) -> Result<Vec<Issued<'a>>, Rejection> {
        let (mut issued, mut refused) = (Vec::new(), None);
        for root in self.roots.iter() {
            for authority in &root.authorities {
                match authority.path(leaf, others.clone()) {
                    Ok(Some(path)) => issued.push(Issued { root, old_traits: check_sct(root, leaf, &path), path }),
                    Ok(None) => {}
                    Err(rejection) => refused = refused.or(Some(rejection)),
                }
            }
        }
        match (issued.is_empty(), refused) {
            (false, _) => Ok(issued),
            (true, Some(rejection)) => Err(rejection),
            (true, None) => Err(Rejection::new(Reason::UnknownAuthority, self.known_roots())),
        }
    }

    /// The roots in use, and what to do if something is not in them.
    fn known_roots(&self) -> String {
        let keys: Vec<String> = self.roots.iter().map(TrustRoot::keys).collect();
        match keys.is_empty() {
            true => "no trust root is configured".into(),
            false => format!(
                "checked with {}; `paraph trust update` fetches newer ones, and --instance or `paraph local use` chooses another instance",
                keys.join(" and ")
            ),
        }
    }
}

/// A signature that fits its certificate, which comes from authorities of the trust roots. What is left to check is the evidence.
#[derive(Debug)]
pub(super) struct CheckedMaterial<'a> {
    verifier: &'a Verifier,
    material: SignatureMaterial<'a>,
    scheme: Scheme,
    certificate: SignerCertificate,
    issued: Vec<Issued<'a>>,
}

impl CheckedMaterial<'_> {
    /// The signer's certificate.
    pub(super) fn certificate(&self) -> &Certificate {
        self.certificate.certificate()
    }

    /// The signature as a log entry outside it would name it.
    pub(super) fn logged_signature(&self) -> LoggedContent {
        let signed_bytes = match &self.material.signed {
            SignedContent::Bytes(bytes) => bytes.as_ref(),
            // a bundle: nothing is looked up for it
            SignedContent::Digests(_) => &[],
        };
        lookup::logged_signature(signed_bytes, self.material.signature)
    }

    /// Whether an entry from elsewhere may help: none is embedded, and the SCTs are accepted on one of the paths.
    pub(super) fn may_use_detached_entry(&self) -> bool {
        let is_missing = matches!(self.material.entries, Entries::Embedded(EmbeddedEntry::InDraftEncoding | EmbeddedEntry::Missing));
        is_missing && self.issued.iter().any(|issued| issued.old_traits.is_ok())
    }

    /// The last steps: log entry, timestamps and trusted times.
    pub(super) fn verify(&self, detached: &Detached<'_>) -> Result<Verified, Rejection> {
        // a root may name one authority several times, each with its own validity period: one of them must fit
        first_good(&self.issued, |issued| self.verify_issued(issued, detached))
    }

    /// Certificate and evidence together.
    fn verify_issued(&self, issued: &Issued<'_>, detached: &Detached<'_>) -> Result<Verified, Rejection> {
        let old_traits = issued.old_traits.as_ref().map_err(Rejection::clone)?;
        let signer = LoggedSigner::Certificate(self.certificate(), &issued.path);
        let signature = SignatureToLog { material: &self.material, scheme: self.scheme, signer, now: self.verifier.now };
        let evidence = signature.check(issued.root, detached).map_err(|rejection| match old_traits.first() {
            // what an old certificate lacks says more than the entry that all signatures of its time lack
            Some(old) if rejection.reason() == Reason::EntryMissing => {
                Rejection::new(old.reason(), format!("and no log entry is embedded; {LOOKUP_HINT}"))
            }
            _ => rejection,
        })?;
        let AcceptedEvidence { entries, times } = evidence;
        let rules = entries.iter().flat_map(|checked| checked.rules.iter().copied());
        let legacy_rules = old_traits.iter().map(|old| old.rule()).chain(rules).collect();
        let mut entries = entries.into_iter().map(|checked| checked.entry);
        let entry = entries.next().ok_or(Reason::EntryMissing)?;
        let (instance, subject) = (issued.root.instance.clone(), self.material.subject.clone());
        let verification = Verification::new(instance, self.certificate.clone(), times, entry, subject);
        Ok(Verified::new(verification.with_legacy_rules(legacy_rules).with_further_entries(entries.collect())))
    }
}

/// A path from a certificate to an authority of a trust root, its signatures checked.
#[derive(Debug)]
struct Issued<'a> {
    root: &'a TrustRoot,
    path: IssuingPath<'a>,
    /// What the certificate lacks as one of Fulcio's first months, or why its SCTs are not accepted.
    old_traits: Result<Vec<OldCertificate>, Rejection>,
}

/// What a certificate of Fulcio's first months lacks. Beside a good log entry it is a legacy rule; without one it is why the signature
/// could not be checked.
#[derive(Debug, Clone, Copy)]
enum OldCertificate {
    /// The root issued it, not the intermediate.
    DirectlyFromRoot,
    /// It has no SCT.
    SctMissing,
}

impl OldCertificate {
    fn reason(self) -> Reason {
        match self {
            Self::DirectlyFromRoot => Reason::DirectlyFromRoot,
            Self::SctMissing => Reason::SctMissing,
        }
    }

    fn rule(self) -> LegacyRule {
        match self {
            Self::DirectlyFromRoot => LegacyRule::DirectlyFromRoot,
            Self::SctMissing => LegacyRule::SctMissing,
        }
    }
}

/// The first good result, or else the first rejection.
fn first_good<C, T>(candidates: impl IntoIterator<Item = C>, check: impl Fn(C) -> Result<T, Rejection>) -> Result<T, Rejection> {
    let mut first = None;
    for candidate in candidates {
        match check(candidate) {
            Ok(good) => return Ok(good),
            Err(rejection) => first = first.or(Some(rejection)),
        }
    }
    Err(first.unwrap_or_else(|| Reason::UnknownAuthority.into()))
}

/// Checks the certificate's SCTs, and returns what an old certificate lacks.
fn check_sct(root: &TrustRoot, certificate: &Certificate, path: &IssuingPath<'_>) -> Result<Vec<OldCertificate>, Rejection> {
    let mut old_traits = Vec::new();
    if path.directly_from_root {
        old_traits.push(OldCertificate::DirectlyFromRoot);
    }
    let scts = Sct::embedded(certificate)?;
    if scts.is_empty() {
        old_traits.push(OldCertificate::SctMissing);
    }
    // all of them must verify
    for sct in &scts {
        let logs: Vec<_> = root.ct_logs(&sct.log_id).collect();
        let known = logs.first().ok_or_else(|| {
            Rejection::new(Reason::SctUnknownLog, format!("log {}; checked with {}", hex::encode(sct.log_id), root.keys()))
        })?;
        let signed = sct.signed_bytes(certificate, path.issuer_spki())?;
        known.key.key.verify_cached(sct.hash, &signed, &sct.signature).map_err(|_| Reason::SctInvalid)?;
        if !logs.iter().any(|log| log.window.contains(sct.time)) {
            return Err(Rejection::new(
                Reason::OutsideLogWindow,
                format!("the certificate's timestamp of {} and the CT log's {}", spoken_time(sct.time), known.window),
            ));
        }
    }
    Ok(old_traits)
}

impl SignatureMaterial<'_> {
    /// The scheme in which the signature verifies with a key.
    fn scheme(&self, key: &PublicKey) -> Option<Scheme> {
        self.schemes.iter().copied().find(|scheme| scheme.verify(key, &self.signed, self.signature).is_ok())
    }
}
