//! Push certificates: an accepted one is split as git splits it, and its lines are the signed ones.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    Reason,
    object::{Payload, PayloadKind, PushCertificate},
};
use paraph_fuzz::{check_refusal, reference};

fuzz_target!(|data: &[u8]| {
    let push = match PushCertificate::parse(data) {
        Ok(push) => push,
        Err(rejection) => return check_refusal(&rejection),
    };
    let payload = push.signed.payload.as_ref();
    assert_eq!(payload.len(), reference::signature_start(data));
    assert_eq!([payload, push.signed.signature.as_ref()].concat(), data);

    let read = Payload::parse(payload).expect("the payload of a certificate that was accepted");
    assert_eq!((read.kind, read.email.as_deref()), (PayloadKind::Push, push.pusher_email()));
    assert_eq!(PushCertificate::parse(payload).expect_err("no signature is left").reason(), Reason::NoSignature);

    let lines: String = push.updates.iter().map(|update| format!("{} {} {}\n", update.old, update.new, update.name)).collect();
    assert!(!push.updates.is_empty() && payload.ends_with(format!("\n\n{lines}").as_bytes()));
    let headers = payload.len() - lines.len();
    let stated = push.options.len() + 1 + usize::from(push.pushee.is_some()) + usize::from(push.nonce.is_some());
    // the first line and the empty line are not headers
    assert_eq!(payload[..headers].iter().filter(|byte| **byte == b'\n').count(), stated + 2);
});
