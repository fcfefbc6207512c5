//! Timestamp tokens and the responses that contain them: a time is accepted only if an authority signed it over this signature.
#![no_main]

use der::{Decode, Encode};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use paraph::internals::{
    evidence::{
        rfc3161::{GenTime, TimeStampReq, TimeStampResp, TstInfo},
        timestamp::TimestampToken,
    },
    signature::cms::SignedData,
};
use paraph_fuzz::{
    check_refusal, der_tree,
    facts::{GOOD, ROOTS, SIGNED},
};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { der_tree::mutate(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    if let Ok(answer) = TimeStampResp::from_der(data) {
        assert_eq!(answer.to_der().expect("what was read"), data);
        assert!(answer.status.failures().len() <= 8);
        if let Some(token) = &answer.time_stamp_token {
            check_token(&token.to_der().expect("what was read"));
        }
    }
    if let Ok(query) = TimeStampReq::from_der(data) {
        assert_eq!(TimeStampReq::from_der(&query.to_der().expect("what was read")).as_ref(), Ok(&query));
    }
    check_token(data);
});

fn check_token(token: &[u8]) {
    match TstInfo::of_token(token) {
        Ok(info) => {
            let content = SignedData::from_der(token).expect("it was read").content.expect("it was read");
            assert_eq!(info.to_der().expect("what was read"), content);
            let time = info.gen_time;
            assert_eq!(GenTime::new(time.unix_seconds(), time.nanoseconds()), Some(time));
        }
        Err(rejection) => check_refusal(&rejection),
    }
    for good in GOOD.iter() {
        let known = ROOTS.iter().flat_map(|root| &root.timestamp_authorities).flat_map(|authority| authority.certificates());
        match TimestampToken::verify(token, &good.parts.signature, known) {
            // a token with a certificate of its own may state any time: the trust root does not know that certificate
            Ok(checked) => {
                for authority in ROOTS.iter().flat_map(|root| &root.timestamp_authorities) {
                    if let Ok(Some(path)) = authority.path(&checked.signer, &checked.others) {
                        let _ = path;
                        let nanoseconds = u32::try_from(checked.time.subsec_nanosecond()).unwrap_or_default();
                        assert!(SIGNED.token_times.contains(&(checked.time.as_second(), nanoseconds)), "a time that no authority signed");
                    }
                }
            }
            Err(rejection) => check_refusal(&rejection),
        }
    }
}
