//! Tags: an accepted tag is split as git splits it, and has one name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    Reason,
    object::{Payload, PayloadKind, Tag},
};
use paraph_fuzz::{check_refusal, reference};

fuzz_target!(|data: &[u8]| {
    let tag = match Tag::parse(data) {
        Ok(tag) => tag,
        Err(rejection) => return check_refusal(&rejection),
    };
    let payload = tag.signed.payload.as_ref();
    assert_eq!(data.len() - tag.signed.signature.len(), reference::signature_start(data));
    assert!(data.ends_with(&tag.signed.signature));
    if tag.other_format.is_some() {
        // git strips the other format's header from the payload
        assert!(payload.len() + tag.signed.signature.len() < data.len());
    } else {
        assert_eq!([payload, tag.signed.signature.as_ref()].concat(), data);
    }

    if tag.signed.require_x509().is_ok() {
        let read = Payload::parse(payload).expect("the payload of a tag that was accepted");
        assert_eq!((read.kind, read.email.as_deref()), (PayloadKind::Tag, tag.tagger_email));
    }
    // lines that begin other kinds of signatures are part of the message
    let rest = Tag::parse(payload).map(|rest| rest.signed.require_x509().is_err());
    assert!(
        rest.is_ok_and(|is_other| is_other) || matches!(Tag::parse(payload), Err(rejection) if rejection.reason() == Reason::NoSignature)
    );

    if tag.other_format.is_some() {
        return;
    }

    let format = tag.format().expect("its object's id was read");
    assert_eq!(tag.signed.logged_ids()[0].id, reference::object_id("tag", data, format));
    assert!(tag.check_name(&format!("refs/tags/{}", tag.name)).is_ok());
    assert!(tag.check_name(&format!("refs/tags/{}x", tag.name)).is_err());
});
