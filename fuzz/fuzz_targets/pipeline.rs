//! The whole pipeline: an object is parsed, verified, judged, and reported as JSON and in sentences. Nothing is good that nobody signed, and
//! every report can be printed.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use paraph::{
    Rejection,
    internals::{escape::is_printable, report::Contents, signature::ParsedSignature},
    object::{Commit, ObjectFormat, PushCertificate, Signed, Tag},
    policy::{AllowedIdentities, Policy, Verdict},
    report::{Claimed, Report, sentences},
    verify::Verified,
};
use paraph_fuzz::{
    check_refusal, der_tree,
    facts::{SIGNED, VERIFIER},
    seeds,
};
use std::sync::LazyLock;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let file = std::fs::read_to_string(seeds::test_file("vectors/allowed-identities")).expect("the allowed identities are there");
    Policy { allowed: Some(AllowedIdentities::parse(&file).expect("the allowed identities are read")), ..Policy::default() }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { der_tree::mutate_object(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"object ") {
        let tag = Tag::parse(data).ok();
        let format = tag.as_ref().and_then(Tag::format).unwrap_or(ObjectFormat::Sha1);
        judge(VERIFIER.verify_tag(data, format, None), tag.map(|tag| tag.signed));
    } else if data.starts_with(b"certificate version 0.1\n") {
        judge(VERIFIER.verify_push_certificate(data), PushCertificate::parse(data).ok().map(|push| push.signed));
    } else {
        for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
            judge(VERIFIER.verify_commit(data, format), Commit::parse(data, format).ok().map(|commit| commit.signed));
        }
    }
});

fn judge(result: Result<Verified, Rejection>, signed: Option<Signed<'_>>) {
    match &result {
        Ok(verified) => {
            SIGNED.check(verified);
            // git hands payload and signature to its program: the verdict is the same
            let signed = signed.as_ref().expect("it was verified");
            let again = VERIFIER.verify(signed).expect("it was verified");
            assert_eq!(again.subject().digest, verified.subject().digest);
        }
        Err(rejection) => check_refusal(rejection),
    }
    if let Some(signed) = &signed {
        let mut cms = Vec::new();
        let signature = ParsedSignature::parse(&signed.signature, &mut cms);
        if let Ok(contents) = Contents::of(&signature) {
            serde_json::to_string(&contents).expect("JSON");
        }
        let _ = Claimed::of(&signature);
    }

    let accepted = result.is_ok();
    let judgement = POLICY.judge(result);
    assert!(accepted || !matches!(judgement.verdict(), Verdict::Good | Verdict::Untrusted | Verdict::Legacy));
    let lines = sentences(&judgement);
    assert!(!lines.is_empty() && lines.iter().all(|line| is_printable(line)), "{lines:?}");
    assert_eq!(lines[0].starts_with("Good signature"), accepted);

    let report = Report::new(None, &judgement);
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["verdict"], judgement.verdict().as_str());
    assert_eq!(json.get("identity").is_some(), accepted);
    assert_eq!(json.get("reason").is_some(), !accepted);
    for told in [json["message"].as_str(), json["decision"].as_str()].into_iter().flatten() {
        assert!(is_printable(told), "{told:?}");
    }
}
