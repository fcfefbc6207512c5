//! Certificates and their extensions: the input is a certificate, or the extensions of one. A certificate with Fulcio's profile names one
//! printable identity. An accepted one gives the same bytes when it is encoded again.
#![no_main]

use const_oid::ObjectIdentifier;
use der::Decode;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use paraph::{
    internals::{
        certificate::{Certificate, Sct, SignerCertificate},
        escape::is_printable,
        trust::{Authority, TimestampAuthority},
    },
    trust::Window,
};
use paraph_fuzz::{
    check_refusal, der_tree,
    facts::{GOOD, ROOTS, SIGNED, VERIFIER},
    template,
};
use x509_cert::ext::Extension;

/// An extension that no real certificate has.
const ABSENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.9999.7");

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { der_tree::mutate(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    let der = match Vec::<Extension>::from_der(data) {
        Ok(extensions) => template::with_extensions(GOOD[0].certificate.der(), extensions),
        Err(_) => data.to_vec(),
    };
    let certificate = match Certificate::from_der(&der) {
        Ok(certificate) => certificate,
        Err(rejection) => return check_refusal(&rejection),
    };
    assert_eq!(certificate.der(), der);
    assert!(Certificate::from_der(&[&der, &[0][..]].concat()).is_err());
    assert_eq!(certificate.tbs_without(ABSENT).expect("it was read"), template::tbs(&der));
    let oids = certificate.extensions().iter().map(|extension| extension.extn_id);
    assert_eq!(oids.clone().collect::<std::collections::HashSet<_>>().len(), oids.count());

    for root in ROOTS.iter() {
        let issuer = &root.authorities[0].certificates()[0];
        if certificate.verify_signature(issuer.public_key()).is_ok() {
            assert!(SIGNED.certificates.contains(&certificate.fingerprint()), "an authority's signature that no seed has");
        }
    }
    let _ = Sct::embedded(&certificate);
    let _ = Authority::new(vec![certificate.clone()], Window::ALWAYS)
        .map(|authority| authority.path(&GOOD[0].certificate, std::slice::from_ref(&certificate)).map(|path| path.is_some()));
    let _ = TimestampAuthority::new(vec![certificate.clone()], Window::ALWAYS)
        .map(|authority| authority.path(&GOOD[0].certificate, std::slice::from_ref(&certificate)).map(|path| path.is_some()));
    if let Err(rejection) = VERIFIER.check_certificate(&der, &[GOOD[1].certificate.der().to_vec()]) {
        check_refusal(&rejection);
    }
    match SignerCertificate::new(certificate) {
        Ok(signer) => {
            let identity = signer.identity();
            assert!(!identity.name.is_empty() && is_printable(&identity.name) && !identity.name.contains(char::is_whitespace));
            assert!(!identity.issuer.is_empty() && is_printable(&identity.issuer));
        }
        Err(rejection) => check_refusal(&rejection),
    }
});
