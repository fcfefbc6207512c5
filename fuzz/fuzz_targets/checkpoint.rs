//! Checkpoints: an accepted one begins as the writer gives it, and a log's signature is found only on trees that it signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::evidence::checkpoint::{Checkpoint, checkpoint_text, key_id, signed_note};
use paraph_fuzz::{
    check_refusal,
    facts::{SIGNED, logs},
};

fuzz_target!(|data: &[u8]| {
    let Ok(note) = std::str::from_utf8(data) else { return };
    let checkpoint = match Checkpoint::parse(note) {
        Ok(checkpoint) => checkpoint,
        Err(rejection) => return check_refusal(&rejection),
    };
    let Checkpoint { origin, tree_size, root_hash, .. } = &checkpoint;
    let text = checkpoint_text(origin, *tree_size, root_hash);
    assert!(note.starts_with(&text));
    assert!(!origin.is_empty() && !origin.contains(char::is_control));

    // written anew with one signature it is the same, but for further lines and signatures
    let written = signed_note(&text, "log.example", &[7; 32], b"signature");
    let again = Checkpoint::parse(&written).expect("what was written");
    assert_eq!((&again.origin, again.tree_size, &again.root_hash), (origin, *tree_size, root_hash));

    for log in logs() {
        match checkpoint.verify(&log.key.key, &log.key.id) {
            Ok(()) => assert!(SIGNED.trees.contains(&(origin.clone(), *tree_size, *root_hash)), "a tree that no log signed"),
            Err(rejection) => check_refusal(&rejection),
        }
        assert!(again.verify(&log.key.key, &key_id("log.example", &log.key.key, &[])).is_err());
    }
});
