//! Commits: an accepted commit is split as git splits it, and splitting the joined parts gives the same parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    Reason,
    object::{Commit, ObjectFormat, Payload, PayloadKind},
};
use paraph_fuzz::{check_refusal, reference};

fuzz_target!(|data: &[u8]| {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let commit = match Commit::parse(data, format) {
            Ok(commit) => commit,
            Err(rejection) => {
                check_refusal(&rejection);
                continue;
            }
        };
        let (payload, signature) = (commit.signed.payload.as_ref(), commit.signed.signature.as_ref());
        assert_eq!(reference::split_commit(data, format), (payload.to_vec(), signature.to_vec()));

        // git's program gets only the payload, and must read the same
        let read = Payload::parse(payload).expect("the payload of a commit that was accepted");
        assert_eq!((read.kind, read.email.as_deref()), (PayloadKind::Commit, commit.committer_email));
        assert_eq!(Commit::parse(payload, format).expect_err("no signature is left").reason(), Reason::NoSignature);

        let joined = join(payload, signature, format);
        let again = Commit::parse(&joined, format).expect("the same commit, its signature as the last header");
        assert_eq!((again.signed.payload.as_ref(), again.signed.signature.as_ref()), (payload, signature));
        assert_eq!((again.tree, again.parents, again.committer_email), (commit.tree, commit.parents, commit.committer_email));
        // with its signature as the last header it is stored, and may be logged, under the id of these bytes
        if matches!((commit.tree.len(), format), (40, ObjectFormat::Sha1) | (64, ObjectFormat::Sha256)) {
            let ids = commit.signed.logged_ids();
            assert_eq!(ids[0].id, reference::object_id("commit", &joined, format));
            assert!(ids.iter().all(|id| !id.rules.is_empty()));
        }
    }
    if let Err(rejection) = Payload::parse(data) {
        check_refusal(&rejection);
    }
});

fn join(payload: &[u8], signature: &[u8], format: ObjectFormat) -> Vec<u8> {
    let at = payload.windows(2).position(|two| two == b"\n\n").map_or(payload.len(), |at| at + 1);
    let mut joined = [&payload[..at], format.signature_header().as_bytes(), b" "].concat();
    let (last, lines) = signature.split_last().expect("a signature ends with a line feed");
    assert_eq!(*last, b'\n');
    for byte in lines {
        joined.push(*byte);
        if *byte == b'\n' {
            joined.push(b' ');
        }
    }
    joined.push(b'\n');
    joined.extend(&payload[at..]);
    joined
}
