//! The agent's protocol, as the agent and its client read it. A frame is never longer than announced or allowed. An accepted request is
//! complete and within its caps, gives the same bytes when it is written again, and its payload is judged without a panic. A refused one gets
//! a short printable refusal. An accepted reply gives the same bytes when it is written again.
#![no_main]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use paraph::{
    internals::{
        agent_protocol::{
            self as protocol, Call, MAX_NAME, MAX_PATH, MAX_PAYLOAD, MAX_REPLY, MAX_REQUEST, OLDEST_VERSION, Refusal, Reply, Request, Sign,
            SubjectToSign, VERSION,
        },
        escape,
    },
    object::{Payload, PayloadKind},
};
use paraph_fuzz::check_refusal;

/// The maximum length of a refusal.
const MAX_REFUSAL: usize = 4096;

fuzz_target!(|data: &[u8]| {
    for cap in [16, MAX_REPLY, MAX_REQUEST] {
        let mut rest = data;
        if let Ok(frame) = protocol::read(&mut rest, cap) {
            assert!(!frame.is_empty() && frame.len() <= cap);
            assert_eq!(data.len() - rest.len(), 4 + frame.len());
            read_request(&frame);
            read_reply(&frame);
        }
    }
    read_request(data);
    read_reply(data);
});

fn read_request(frame: &[u8]) {
    let request = match Request::parse(frame) {
        Ok(request) => request,
        Err(refusal) => return check_answer(&refusal),
    };
    assert!((OLDEST_VERSION..=VERSION).contains(&request.version));
    assert!(request.program.len() <= MAX_NAME);
    if let Some(oldest) = request.oldest_frame() {
        let read = Request::parse(oldest.expect("it can be sent").get(4..).expect("a frame"));
        assert_eq!(read.as_ref().map(|read| &read.call), Ok(&request.call));
    }
    let newest = Request { version: VERSION, ..request.clone() };
    assert_eq!(Request::parse(&serde_json::to_vec(&newest).expect("it was read")).as_ref(), Ok(&newest));
    let Call::Sign(Sign { subject, instance, expected, expected_issuer, hint, repository, host, .. }) = &request.call else { return };
    for name in [Some(instance), expected.as_ref(), expected_issuer.as_ref(), hint.as_ref(), host.as_ref()].into_iter().flatten() {
        assert!(name.len() <= MAX_NAME);
    }
    assert!(repository.as_ref().is_none_or(|path| path.len() <= MAX_PATH));
    let SubjectToSign::Git { payload } = subject else { return };
    assert!(payload.len() <= MAX_PAYLOAD);
    let value: serde_json::Value = serde_json::from_slice(frame).expect("it was read");
    let sent = if request.version == VERSION { &value["subject"]["payload"] } else { &value["payload"] };
    let sent = sent.as_str().and_then(|text| STANDARD.decode(text).ok());
    assert_eq!(sent.as_ref(), Some(payload));
    match Payload::parse(payload) {
        Ok(object) => match object.kind {
            PayloadKind::Commit => assert!(payload.starts_with(b"tree ")),
            PayloadKind::Tag => assert!(payload.starts_with(b"object ")),
            PayloadKind::Push => assert!(payload.starts_with(b"certificate version ")),
        },
        Err(rejection) => check_refusal(&rejection),
    }
}

fn check_answer(refusal: &Reply) {
    assert!(refusal.is_last());
    let Reply::Refused { kind, message, hint } = refusal else { panic!("{refusal:?}") };
    assert!(matches!(kind, Refusal::Request | Refusal::Version) && hint.is_none());
    assert!(escape::is_printable(&escape::Escaped(message).to_string()));
    assert!(protocol::frame(refusal).expect("it can be sent").len() <= MAX_REFUSAL);
}

fn read_reply(frame: &[u8]) {
    if let Ok(reply) = serde_json::from_slice::<Reply>(frame) {
        let written = serde_json::to_vec(&reply).expect("it was read");
        assert_eq!(serde_json::from_slice::<Reply>(&written).ok().as_ref(), Some(&reply));
    }
}
