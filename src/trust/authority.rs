//! Certificate and timestamp authorities: their chains, and the path from a certificate up to their root.

use super::{MAX_CHAIN, TrustRootDefect, Window};
use crate::{Reason, Rejection, certificate::Certificate};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_KP_CODE_SIGNING, ID_KP_TIME_STAMPING,
};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier};

/// A certificate authority: its chain, from the issuing certificate to the root, and when it is trusted.
#[derive(Debug, Clone)]
pub struct Authority {
    chain: Chain,
    window: Window,
}

/// The certificates above an end-entity certificate, the issuer first.
#[derive(Debug, Clone)]
pub struct IssuingPath<'a> {
    /// The certificates, up to the root.
    pub certificates: Vec<&'a Certificate>,
    /// When the authority is trusted.
    pub window: Window,
    /// Whether an authority with an intermediate issued this certificate with its root, as before May 2022. The window then has no start: the
    /// root's validity period limits it.
    pub directly_from_root: bool,
}

impl IssuingPath<'_> {
    /// The SubjectPublicKeyInfo of the issuer, which an SCT covers.
    pub fn issuer_spki(&self) -> &[u8] {
        self.certificates.first().map(|issuer| issuer.spki()).unwrap_or_default()
    }
}

impl Authority {
    /// An authority from its chain.
    ///
    /// # Errors
    /// If the chain is empty or too long, or one of its certificates may not issue.
    pub fn new(chain: Vec<Certificate>, window: Window) -> Result<Self, TrustRootDefect> {
        let chain = Chain::new(chain)?;
        for (depth, certificate) in chain.certificates.iter().enumerate() {
            check_authority(certificate, depth, ID_KP_CODE_SIGNING).map_err(|rejection| TrustRootDefect::of_certificate(&rejection))?;
        }
        Ok(Self { chain, window })
    }

    /// The chain, the issuing certificate first.
    pub fn certificates(&self) -> &[Certificate] {
        &self.chain.certificates
    }

    /// When the authority is trusted.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Checks the signatures in the chain, once. [`Authority::path`] returns the result.
    pub(super) fn check_chain(&self) {
        let _ = self.chain.check_signatures();
    }

    /// The path from `leaf` to this authority's root, with checked signatures; `None` if another authority issued the certificate.
    ///
    /// Times are not checked. `others` are further certificates of the signature: one of them may be the intermediate between the leaf and a root
    /// that the trust root lists without intermediates.
    ///
    /// # Errors
    /// [`Reason::ChainSignature`] or [`Reason::CertificateProfile`].
    pub fn path<'a>(
        &'a self,
        leaf: &Certificate,
        others: impl IntoIterator<Item = &'a Certificate>,
    ) -> Result<Option<IssuingPath<'a>>, Rejection> {
        let certificates = &self.chain.certificates;
        if let Some(issuer) = certificates.first().filter(|issuer| may_have_issued(issuer, leaf)) {
            leaf.verify_signature(issuer.public_key())?;
            self.chain.check_signatures()?;
            return Ok(Some(IssuingPath { certificates: certificates.iter().collect(), window: self.window, directly_from_root: false }));
        }
        if let Some(root) = certificates.last().filter(|root| may_have_issued(root, leaf)) {
            leaf.verify_signature(root.public_key())?;
            let window = Window { start: None, end: self.window.end };
            return Ok(Some(IssuingPath { certificates: vec![root], window, directly_from_root: true }));
        }
        let [root] = certificates.as_slice() else { return Ok(None) };
        let may_stand_between =
            |other: &&Certificate| other.der() != leaf.der() && may_have_issued(other, leaf) && may_have_issued(root, other);
        let Some(intermediate) = others.into_iter().find(may_stand_between) else { return Ok(None) };
        check_authority(intermediate, 0, ID_KP_CODE_SIGNING)?;
        // the root was checked as the issuer of leaves; here it is one level higher
        check_authority(root, 1, ID_KP_CODE_SIGNING)?;
        leaf.verify_signature(intermediate.public_key())?;
        intermediate.verify_signature(root.public_key())?;
        Ok(Some(IssuingPath { certificates: vec![intermediate, root], window: self.window, directly_from_root: false }))
    }
}

/// A timestamp authority: its chain, with the signing certificate first if the trust root lists it, and when it is trusted.
#[derive(Debug, Clone)]
pub struct TimestampAuthority {
    chain: Chain,
    window: Window,
}

impl TimestampAuthority {
    /// An authority from its chain.
    ///
    /// # Errors
    /// If the chain is empty or too long.
    pub fn new(chain: Vec<Certificate>, window: Window) -> Result<Self, TrustRootDefect> {
        Ok(Self { chain: Chain::new(chain)?, window })
    }

    /// The chain, as in the trust root.
    pub fn certificates(&self) -> &[Certificate] {
        &self.chain.certificates
    }

    /// When the authority is trusted.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Checks the signatures in the chain, once. [`TimestampAuthority::path`] returns the result.
    pub(super) fn check_chain(&self) {
        let _ = self.chain.check_signatures();
    }

    /// The path from the certificate that signed a token to this authority's root; `None` if it belongs to another authority.
    ///
    /// # Errors
    /// [`Reason::ChainSignature`] or [`Reason::TimestampProfile`].
    pub fn path<'a>(&'a self, signer: &Certificate, others: &'a [Certificate]) -> Result<Option<Vec<&'a Certificate>>, Rejection> {
        let certificates = &self.chain.certificates;
        if let Some((first, above)) = certificates.split_first()
            && first.der() == signer.der()
        {
            let above: Vec<&Certificate> = above.iter().collect();
            check_authority_of_timestamps(&above)?;
            self.chain.check_signatures()?;
            return Ok(Some(above));
        }
        if let Some(at) = certificates.iter().position(|issuer| may_have_issued(issuer, signer) && is_authority(issuer)) {
            let above: Vec<&Certificate> = certificates.iter().skip(at).collect();
            check_authority_of_timestamps(&above)?;
            if let Some(issuer) = above.first() {
                signer.verify_signature(issuer.public_key())?;
            }
            self.chain.check_signatures()?;
            return Ok(Some(above));
        }
        let Some(root) = certificates.last().filter(|root| is_authority(root)) else { return Ok(None) };
        let between =
            others.iter().find(|other| other.der() != signer.der() && may_have_issued(other, signer) && may_have_issued(root, other));
        let Some(intermediate) = between else { return Ok(None) };
        check_authority_of_timestamps(&[intermediate, root])?;
        signer.verify_signature(intermediate.public_key())?;
        intermediate.verify_signature(root.public_key())?;
        Ok(Some(vec![intermediate, root]))
    }
}

/// Certificates, each issued by the next.
#[derive(Debug, Clone)]
struct Chain {
    certificates: Vec<Certificate>,
    /// Whether each signature in the chain verifies. It depends on the chain only, so it is checked once.
    signatures: OnceLock<Result<(), Rejection>>,
}

impl Chain {
    fn new(certificates: Vec<Certificate>) -> Result<Self, TrustRootDefect> {
        match certificates.len() {
            0 => Err(TrustRootDefect::EmptyChain),
            1..=MAX_CHAIN => {
                let known = CHAINS_OF_EMBEDDED_ROOTS.contains(&chain_digest(&certificates).as_str());
                Ok(Self { certificates, signatures: if known { OnceLock::from(Ok(())) } else { OnceLock::new() } })
            }
            length => Err(TrustRootDefect::LongChain(length)),
        }
    }

    fn check_signatures(&self) -> Result<(), Rejection> {
        self.signatures.get_or_init(|| check_chain(&self.certificates)).clone()
    }
}

/// The chains of the public and the staging instance, by [`chain_digest`]. A test of this module checks their signatures, once for all processes:
/// a check takes two fifths of the time of a verification, and git starts a process for each signature.
const CHAINS_OF_EMBEDDED_ROOTS: [&str; 6] = [
    "64faf9e0c5e1b5bf867a459cdcdc1b396498a7c16c2e001c11fb4cdc3e905460",
    "6759ee52e3b24dd9c61d3e6cc66e45bf43f270a9b9b30df052e15be5c306352b",
    "c2f5e4d1be6fadee9bf42061cbe0735e6a3585bbb74367d1ec565f2ec10558ec",
    "df49405fe294ccbfc7492613eced2b8a68c44deb942b0b9f8e4a9d9a614f3577",
    "f030c32c04a8d3073373b9fcc9dacae52076e3193b9d6f2c14ffd825e902666b",
    "fd580e4619bee6324ad91654b36052530781f358382646e5e6a2bae82b7a64b9",
];

/// The SHA-256 of the certificates, each preceded by its length in eight bytes; in lower-case hexadecimal.
fn chain_digest(certificates: &[Certificate]) -> String {
    let mut digest = Sha256::new();
    for certificate in certificates {
        digest.update((certificate.der().len() as u64).to_be_bytes());
        digest.update(certificate.der());
    }
    hex::encode(digest.finalize())
}

fn check_chain(certificates: &[Certificate]) -> Result<(), Rejection> {
    for (certificate, issuer) in certificates.iter().zip(certificates.iter().skip(1)) {
        if !may_have_issued(issuer, certificate) {
            return Err(Rejection::new(Reason::ChainSignature, "the chain in the trust root is broken"));
        }
        certificate.verify_signature(issuer.public_key())?;
    }
    Ok(())
}

/// Whether `issuer` may have issued `certificate`, by the names, and by the key identifiers if both have one.
fn may_have_issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    if issuer.subject() != certificate.issuer() {
        return false;
    }
    let stated = certificate.extension::<AuthorityKeyIdentifier>().ok().flatten().and_then(|(_, identifier)| identifier.key_identifier);
    let own = issuer.extension::<SubjectKeyIdentifier>().ok().flatten().map(|(_, identifier)| identifier.0);
    match (stated, own) {
        (Some(stated), Some(own)) => stated == own,
        _ => true,
    }
}

fn is_authority(certificate: &Certificate) -> bool {
    matches!(certificate.extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca)
}

/// Checks that a certificate may issue certificates for this purpose, with `depth` authorities between it and an end-entity certificate.
fn check_authority(certificate: &Certificate, depth: usize, purpose: ObjectIdentifier) -> Result<(), Rejection> {
    let wrong = |detail: &str| Err(Rejection::new(Reason::CertificateProfile, format!("an issuer {detail}")));
    match certificate.extension::<BasicConstraints>()? {
        Some((_, constraints)) if constraints.ca => {
            if constraints.path_len_constraint.is_some_and(|length| usize::from(length) < depth) {
                return wrong("has a path length constraint that the chain exceeds");
            }
        }
        _ => return wrong("is not a certificate authority"),
    }
    if let Some((_, usage)) = certificate.extension::<KeyUsage>()?
        && !usage.0.contains(KeyUsages::KeyCertSign)
    {
        return wrong("may not sign certificates");
    }
    if let Some((_, usages)) = certificate.extension::<ExtendedKeyUsage>()?
        && !usages.0.contains(&purpose)
    {
        return wrong("may not issue for this purpose");
    }
    if certificate.extension_value(ID_CE_NAME_CONSTRAINTS).is_some() {
        return wrong("has name constraints, which are not supported");
    }
    match certificate.unknown_critical(&[ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE, ID_CE_EXT_KEY_USAGE]) {
        Some(unknown) => wrong(&format!("has the critical extension {unknown}, which is not supported")),
        None => Ok(()),
    }
}

fn check_authority_of_timestamps(above: &[&Certificate]) -> Result<(), Rejection> {
    above.iter().enumerate().try_for_each(|(depth, certificate)| {
        check_authority(certificate, depth, ID_KP_TIME_STAMPING)
            .map_err(|rejection| Rejection::new(Reason::TimestampProfile, rejection.detail()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Instance, TrustRoot};
    use std::collections::BTreeSet;

    #[test]
    fn the_chains_that_are_not_checked_again_are_those_of_the_embedded_roots_and_hang_together() {
        let mut chains = BTreeSet::new();
        for instance in [Instance::Public, Instance::Staging] {
            let root = TrustRoot::embedded(&instance).unwrap().unwrap();
            let authorities = root.authorities.iter().map(|authority| &authority.chain);
            for chain in authorities.chain(root.timestamp_authorities.iter().map(|authority| &authority.chain)) {
                assert_eq!(check_chain(&chain.certificates), Ok(()), "{}", root.source);
                if chain.certificates.len() > 1 {
                    chains.insert(chain_digest(&chain.certificates));
                }
            }
        }
        assert_eq!(BTreeSet::from(CHAINS_OF_EMBEDDED_ROOTS.map(str::to_owned)), chains);
    }

    #[test]
    fn a_chain_with_another_byte_is_checked() {
        let root = TrustRoot::embedded(&Instance::Public).unwrap().unwrap();
        let known = root.authorities.iter().find(|authority| authority.chain.signatures.get().is_some()).unwrap();
        let mut der = known.chain.certificates[0].der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let mut certificates = known.chain.certificates.clone();
        certificates[0] = Certificate::from_der(&der).unwrap();
        let chain = Chain::new(certificates).unwrap();
        assert_eq!(chain.signatures.get(), None);
        assert_eq!(chain.check_signatures().unwrap_err().reason(), Reason::ChainSignature);
    }
}
