//! Trusted roots, as JSON and as key files: an accepted root can be used, and only the signer's signatures are good under it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    internals::escape::{Escaped, is_printable},
    trust::{Instance, KeyFiles, TrustRoot, TrustRootError},
    verify::Verifier,
};
use paraph_fuzz::{check_refusal, facts::GOOD};
use std::collections::HashSet;

fuzz_target!(|data: &[u8]| {
    check(TrustRoot::from_json(data, Instance::Public, "fuzzed"));
    let file = || Some(("fuzzed".to_owned(), data.to_vec()));
    check(KeyFiles { fulcio_root: file(), ..KeyFiles::default() }.over(None));
    check(KeyFiles { rekor_public_key: file(), ..KeyFiles::default() }.over(None));
    check(KeyFiles { ct_log_public_key: file(), ..KeyFiles::default() }.over(None));
    check(KeyFiles { timestamp_chain: file(), ..KeyFiles::default() }.over(None));
    let all = KeyFiles { fulcio_root: file(), rekor_public_key: file(), ct_log_public_key: file(), timestamp_chain: file() };
    check(all.over(None));
});

fn check(root: Result<TrustRoot, TrustRootError>) {
    let root = match root {
        Ok(root) => root,
        Err(error) => return assert!(is_printable(&Escaped(&error.to_string()).to_string())),
    };
    let authorities = root.authorities.iter().map(|authority| authority.certificates().len());
    let authorities = authorities.chain(root.timestamp_authorities.iter().map(|authority| authority.certificates().len()));
    assert!(authorities.into_iter().all(|length| (1..=8).contains(&length)));
    if root.source == "fuzzed" && root.instance == Instance::Public {
        let ids: HashSet<[u8; 32]> = root.logs.iter().map(|log| log.key.id).collect();
        assert_eq!(ids.len(), root.logs.len());
    }
    let verifier = Verifier::new(vec![root], jiff::Timestamp::MAX);
    for good in GOOD.iter() {
        match verifier.verify_cms(&good.parts.cms, &good.payload) {
            Ok(verified) => assert_eq!(verified.identity(), good.verified.identity()),
            Err(rejection) => check_refusal(&rejection),
        }
        assert!(verifier.verify_cms(&good.parts.cms, b"another payload").is_err());
    }
}
