//! Log entries: an entry that is accepted for a signature proves that its body is in a tree that a log signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::evidence::{
    entry::{EntryKind, HashedRekord, TransparencyLogEntry},
    log,
};
use paraph_fuzz::{
    check_refusal,
    facts::{GOOD, ROOTS, SIGNED, logs},
};
use prost::Message;
use sha2::{Digest, Sha256};

fuzz_target!(|data: &[u8]| {
    let entry = match log::parse_entry(data) {
        Ok(entry) => entry,
        Err(rejection) => return check_refusal(&rejection),
    };
    // unknown fields are left out, the others are kept
    let encoded = entry.encode_to_vec();
    assert_eq!(TransparencyLogEntry::decode(encoded.as_slice()).expect("what was written"), entry);

    let origin = log::stated_origin(&entry);
    if let Ok(id) = log::log_id(&entry) {
        for root in ROOTS.iter() {
            if let Some(log) = root.log(&id, origin) {
                assert_eq!(log.key.id, id);
            }
        }
    }
    for good in GOOD.iter() {
        let expected = HashedRekord::of_certificate(&good.digest, &good.parts.signature, good.certificate.der(), good.certificate.public_key().details());
        for log in logs() {
            let checked = match log::verify_entry(&entry, &expected, &log.key) {
                Ok(checked) => checked,
                Err(rejection) => {
                    check_refusal(&rejection);
                    continue;
                }
            };
            let EntryKind::HashedRekord(version) = checked.kind else { panic!("an entry of another kind holds no git signature") };
            let leaf = Sha256::new().chain_update([0]).chain_update(expected.canonical_body(version)).finalize();
            assert_eq!(checked.leaf_hash, <[u8; 32]>::from(leaf));
            let proof = entry.inclusion_proof.as_ref().expect("it was checked");
            let root: [u8; 32] = proof.root_hash.as_slice().try_into().expect("it was checked");
            assert!(SIGNED.trees.contains(&(checked.origin, checked.tree_size, root)), "a tree that no log signed");
            assert!(checked.integrated_time.is_none_or(|time| SIGNED.log_times.contains(&time.as_second())), "a time that no log signed");
        }
    }
});
