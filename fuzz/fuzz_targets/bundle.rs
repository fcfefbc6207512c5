//! Bundles: none that is not the one that was signed is good, and every refusal can be printed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    internals::bundle::{Bundle, MAX_PARTS},
    verify::Artifact,
};
use paraph_fuzz::{check_refusal, facts::VERIFIER};

fuzz_target!(|data: &[u8]| {
    let Ok(lines) = Bundle::split(data) else { return };
    for line in lines {
        let bundle = match Bundle::parse(line) {
            Ok(bundle) => bundle,
            Err(rejection) => {
                check_refusal(&rejection);
                continue;
            }
        };
        assert!(bundle.entries.len() <= MAX_PARTS && bundle.timestamps.len() <= MAX_PARTS);
        assert!(!bundle.hashes().is_empty());
        // no log of these roots has an entry about this file
        match VERIFIER.verify_bundle(line, &Artifact::bytes(b"a file that nobody signed"), None) {
            Ok(verified) => panic!("{:?}", verified.identity()),
            Err(rejection) => check_refusal(&rejection),
        }
    }
});
