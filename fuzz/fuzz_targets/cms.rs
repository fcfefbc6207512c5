//! CMS over a payload: nothing is accepted that nobody signed, nothing is read beyond its end, and its content can be reported.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use paraph::{
    internals::{
        report::Contents,
        signature::{GitSignature, ParsedSignature, armor, cms::SignedData},
    },
    report::Claimed,
    trust::TrustRoot,
    verify::Verifier,
};
use paraph_fuzz::{
    check_refusal, der_tree,
    facts::{GOOD, SIGNED, VERIFIER},
};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { der_tree::mutate(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    if let Ok(signed_data) = SignedData::from_der(data) {
        assert!(SignedData::from_der(&data[..data.len() - 1]).is_err());
        assert!(SignedData::from_der(&[data, &[0]].concat()).is_err());
        for signer in &signed_data.signers {
            // the attributes are signed as a SET, and stand as [0]: the same bytes but for the tag
            if let Some(set) = signer.signed_attributes {
                let signed = signer.signed_bytes().expect("they were read");
                assert!(signed.first() == Some(&0x31) && signed.ends_with(set.0));
            }
        }
        if let Ok(signature) = GitSignature::new(signed_data) {
            let _ = signature.signing_time();
        }
    }

    for good in GOOD.iter() {
        match VERIFIER.verify_cms(data, &good.payload) {
            Ok(verified) => {
                SIGNED.check(&verified);
                assert_eq!(verified.subject().digest, good.verified.subject().digest);
            }
            Err(rejection) => check_refusal(&rejection),
        }
    }
    let nobody = Verifier::new(Vec::<TrustRoot>::new(), jiff::Timestamp::MAX);
    assert!(nobody.verify_cms(data, &GOOD[0].payload).is_err());

    let armored = armor::encode(data);
    let mut cms = Vec::new();
    let signature = ParsedSignature::parse(armored.as_bytes(), &mut cms);
    assert_eq!(signature.der(), data);
    if let Ok(contents) = Contents::of(&signature) {
        serde_json::to_string(&contents).expect("JSON");
    }
    let _ = Claimed::of(&signature);
});
