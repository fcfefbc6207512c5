//! Certificates made from a good one with other extensions. Their signatures do not verify.

use der::{Decode, Encode, asn1::AnyRef};
use paraph::internals::certificate::x509::{CertificateFields, TbsCertificate};
use x509_cert::ext::Extension;

/// The certificate with these extensions.
pub fn with_extensions(certificate: &[u8], extensions: Vec<Extension>) -> Vec<u8> {
    let fields = CertificateFields::from_der(certificate).expect("a certificate");
    let old = tbs(certificate);
    let mut changed = TbsCertificate::from_der(&old).expect("a TBS");
    changed.extensions = Some(extensions);
    let changed = changed.to_der().expect("a TBS");
    CertificateFields { tbs_certificate: AnyRef::from_der(&changed).expect("a TBS"), ..fields }.to_der().expect("a certificate")
}

/// The encoded TBSCertificate of a certificate.
pub fn tbs(certificate: &[u8]) -> Vec<u8> {
    CertificateFields::from_der(certificate).expect("a certificate").tbs_certificate.to_der().expect("a TBS")
}
