//! The list of signed certificate timestamps (SCTs) in a certificate: an accepted list with one SCT is what an authority writes.
#![no_main]

use const_oid::db::rfc6962::CT_PRECERT_SCTS;
use der::asn1::OctetString;
use libfuzzer_sys::fuzz_target;
use paraph::internals::certificate::{Certificate, HashAlgorithm, Sct, sct::sct_list};
use paraph_fuzz::{
    check_refusal,
    facts::{GOOD, ROOTS},
    template,
};
use x509_cert::ext::Extension;

fuzz_target!(|data: &[u8]| {
    let template = GOOD[0].certificate.der();
    let value = OctetString::new(data).expect("a string");
    let der = template::with_extensions(template, vec![Extension { extn_id: CT_PRECERT_SCTS, critical: false, extn_value: value }]);
    let certificate = Certificate::from_der(&der).expect("the template's certificate");
    let scts = match Sct::embedded(&certificate) {
        Ok(scts) => scts,
        Err(rejection) => return check_refusal(&rejection),
    };
    assert!(!scts.is_empty());
    let tbs = certificate.tbs_without(CT_PRECERT_SCTS).expect("it was read");
    for sct in &scts {
        let issuer = ROOTS[0].authorities[0].certificates()[0].spki();
        let signed = sct.signed_bytes(&certificate, issuer).expect("it was read");
        for log in ROOTS.iter().flat_map(|root| &root.ct_logs) {
            assert!(log.key.key.verify(sct.hash, &signed, &sct.signature).is_err(), "no log signed the template without its extensions");
        }
    }
    if let [sct] = scts.as_slice() {
        // version, type, time, entry type, issuer and length stand before the certificate, a length before the extensions
        let signed = sct.signed_bytes(&certificate, b"").expect("it was read");
        let extensions = &signed[2 + 8 + 2 + 32 + 3 + tbs.len() + 2..];
        let milliseconds = u64::try_from(sct.time.as_millisecond()).expect("after 1970");
        let mut written = sct_list(&sct.log_id, milliseconds, extensions, &sct.signature).expect("it was read");
        assert_eq!(written.len(), data.len());
        // the writer uses SHA-256 and ECDSA; the reader accepts others
        let algorithm = data.len() - sct.signature.len() - 4..data.len() - sct.signature.len() - 2;
        assert_eq!(data[algorithm.start], if sct.hash == HashAlgorithm::Sha256 { 4 } else { 5 });
        written[algorithm.clone()].copy_from_slice(&data[algorithm]);
        assert_eq!(written, data);
    }
});
