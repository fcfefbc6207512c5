//! A trust root from key and certificate files, as in the variables and the configuration of gitsign and cosign.

use super::{Authority, Instance, Log, TimestampAuthority, TrustRoot, TrustRootDefect, TrustRootError, Window};
use crate::{
    certificate::{Certificate, PublicKey},
    evidence::log::LogKey,
};
use der::pem::PemLabel;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// The files that the user configured, each with its name and content. Missing parts are taken from the base root, if there is one.
#[derive(Debug, Clone, Default)]
pub struct KeyFiles {
    /// Fulcio's certificates (`gitsign.fulcioRoot`, `SIGSTORE_ROOT_FILE`): PEM, intermediates and roots in any order.
    pub fulcio_root: Option<(String, Vec<u8>)>,
    /// Rekor's public key (`SIGSTORE_REKOR_PUBLIC_KEY`), or several: PEM.
    pub rekor_public_key: Option<(String, Vec<u8>)>,
    /// The CT log's public key (`SIGSTORE_CT_LOG_PUBLIC_KEY_FILE`): PEM.
    pub ct_log_public_key: Option<(String, Vec<u8>)>,
    /// The timestamp authority's chain (`gitsign.timestampServerCert`, `SIGSTORE_TSA_CERTIFICATE_FILE`): PEM.
    pub timestamp_chain: Option<(String, Vec<u8>)>,
}

impl KeyFiles {
    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.fulcio_root.is_none() && self.rekor_public_key.is_none() && self.ct_log_public_key.is_none() && self.timestamp_chain.is_none()
    }

    /// The root of these files, each of which replaces its part of `base`. Its instance is [`Instance::Custom`]: trust from files never belongs to
    /// another instance.
    ///
    /// ```no_run
    /// use paraph::trust::{Instance, KeyFiles, TrustRoot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = |name: &str| std::io::Result::Ok(Some((name.to_owned(), std::fs::read(name)?)));
    /// let files = KeyFiles { fulcio_root: file("fulcio.pem")?, rekor_public_key: file("rekor.pem")?, ..KeyFiles::default() };
    /// let root = files.over(TrustRoot::embedded(&Instance::Public)?)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If a file does not contain the expected certificates or keys.
    pub fn over(&self, base: Option<TrustRoot>) -> Result<TrustRoot, TrustRootError> {
        let mut names = Vec::new();
        let mut root = base.unwrap_or_else(|| TrustRoot {
            instance: Instance::Custom,
            source: String::new(),
            authorities: Vec::new(),
            logs: Vec::new(),
            ct_logs: Vec::new(),
            timestamp_authorities: Vec::new(),
        });
        if let Some((name, pem)) = &self.fulcio_root {
            root.authorities = chains(name, pem)?
                .into_iter()
                .map(|chain| Authority::new(chain, Window::ALWAYS).map_err(|cause| TrustRootError::new(name, cause)))
                .collect::<Result<_, _>>()?;
            names.push(name.as_str());
        }
        if let Some((name, pem)) = &self.rekor_public_key {
            root.logs = logs(name, pem)?;
            names.push(name);
        }
        if let Some((name, pem)) = &self.ct_log_public_key {
            root.ct_logs = logs(name, pem)?;
            names.push(name);
        }
        if let Some((name, pem)) = &self.timestamp_chain {
            root.timestamp_authorities = chains(name, pem)?
                .into_iter()
                .map(|chain| TimestampAuthority::new(chain, Window::ALWAYS).map_err(|cause| TrustRootError::new(name, cause)))
                .collect::<Result<_, _>>()?;
            names.push(name);
        }
        root.instance = Instance::Custom;
        root.source = if root.source.is_empty() { names.join(", ") } else { format!("{}, with {}", root.source, names.join(", ")) };
        Ok(root)
    }
}

/// The chains in a PEM file. A chain begins with each certificate that issued no other in the file.
fn chains(name: &str, pem: &[u8]) -> Result<Vec<Vec<Certificate>>, TrustRootError> {
    let certificates = blocks(name, pem)?
        .into_iter()
        .filter(|(label, _)| label == x509_cert::Certificate::PEM_LABEL)
        .map(|(_, der)| Certificate::from_der(&der).map_err(|cause| TrustRootError::new(name, TrustRootDefect::of_certificate(&cause))))
        .collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() {
        return Err(TrustRootError::new(name, TrustRootDefect::NoCertificate));
    }
    let self_issued = |certificate: &Certificate| certificate.issuer() == certificate.subject();
    let issuers: HashSet<&[u8]> = certificates.iter().filter(|certificate| !self_issued(certificate)).map(Certificate::issuer).collect();
    let firsts: Vec<&Certificate> = certificates.iter().filter(|certificate| !issuers.contains(certificate.subject())).collect();
    let chain_from = |first: &Certificate| {
        let mut chain = vec![first.clone()];
        while let Some(last) = chain.last().filter(|last| !self_issued(last) && chain.len() < certificates.len()) {
            let Some(issuer) = certificates.iter().find(|certificate| certificate.subject() == last.issuer()) else { break };
            chain.push(issuer.clone());
        }
        chain
    };
    Ok(firsts.into_iter().map(chain_from).collect())
}

fn logs(name: &str, pem: &[u8]) -> Result<Vec<Log>, TrustRootError> {
    let keys = blocks(name, pem)?.into_iter().filter(|(label, _)| label == "PUBLIC KEY").map(|(_, spki)| {
        let key = PublicKey::from_spki(&spki).map_err(|cause| TrustRootError::new(name, TrustRootDefect::PublicKey(cause.to_string())))?;
        let key = LogKey { key, id: Sha256::digest(&spki).into(), origin: None };
        Ok(Log { key, window: Window::ALWAYS, base_url: String::new() })
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(TrustRootError::new(name, TrustRootDefect::NoPublicKey)) } else { Ok(keys) }
}

/// The PEM blocks of a file: label and bytes. Text between blocks is ignored, because openssl writes some.
fn blocks(name: &str, pem: &[u8]) -> Result<Vec<(String, Vec<u8>)>, TrustRootError> {
    let text = std::str::from_utf8(pem).map_err(|_| TrustRootError::new(name, TrustRootDefect::NotUtf8))?;
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("-----BEGIN ") {
        let block = rest.get(start..).unwrap_or_default();
        let end = block.find("-----END ").and_then(|end| Some(end + block.get(end + 9..)?.find("-----")? + 14));
        let end = end.ok_or_else(|| TrustRootError::new(name, TrustRootDefect::UnfinishedPem))?;
        let (block, after) = block.split_at(end);
        let (label, der) =
            der::pem::decode_vec(block.as_bytes()).map_err(|cause| TrustRootError::new(name, TrustRootDefect::Pem(cause.to_string())))?;
        blocks.push((label.to_owned(), der));
        rest = after;
    }
    Ok(blocks)
}
