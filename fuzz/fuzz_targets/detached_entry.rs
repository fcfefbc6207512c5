//! Log entries outside the signature, and the files that hold them: an entry counts only if a log signed it about the object and none is
//! embedded, and the result says so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::evidence::{
    detached::{DetachedEntry, from_file, to_file},
    log::parse_entry,
};
use paraph_fuzz::{
    check_refusal,
    facts::{GOOD, ONLINE, SIGNED, VERIFIER},
};
use sha2::{Digest, Sha256};

fuzz_target!(|data: &[u8]| {
    if let Ok(lines) = std::str::from_utf8(data) {
        check_file(lines);
        // a fuzzer cannot find the digest of its own input
        check_file(&format!("paraph log entries 1\n{}\n{lines}", hex::encode(Sha256::digest(lines))));
    }
    let entry = match parse_entry(data).and_then(DetachedEntry::new) {
        Ok(entry) => entry,
        Err(rejection) => return check_refusal(&rejection),
    };
    let entries = [entry];
    assert_eq!(from_file(&to_file(&entries)).expect("what was written"), entries);

    let body = String::from_utf8_lossy(&entries[0].entry().canonicalized_body);
    let mut about = ONLINE.iter().filter(|online| online.digests.iter().any(|digest| body.contains(digest))).peekable();
    // an entry about none of them is tried with one
    let asked = about.peek().is_none().then(|| &ONLINE[0]);
    for online in about.chain(asked) {
        match VERIFIER.verify_with(&online.signed, &entries) {
            Ok(verified) => {
                assert!(!verified.legacy_rules().is_empty(), "an entry from outside that is not said to be one");
                SIGNED.check(&verified);
            }
            Err(rejection) => check_refusal(&rejection),
        }
    }
    let embedded = VERIFIER.verify_with(&GOOD[0].signed(), &entries).expect("it has an entry of its own");
    assert!(embedded.legacy_rules().is_empty() && *embedded.entry() == *GOOD[0].verified.entry());
});

fn check_file(text: &str) {
    if let Ok(entries) = from_file(text) {
        assert!(entries.len() <= 16);
        assert_eq!(from_file(&to_file(&entries)).as_ref(), Ok(&entries));
    }
}
