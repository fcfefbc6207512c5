//! Files of allowed identities: a file allows exactly those whom a simple reading of its lines allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::{
    internals::escape::is_printable,
    policy::{AllowedIdentities, Decision, Policy, Verdict},
    verify::Verified,
};
use paraph_fuzz::{facts::GOOD, reference};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let allowed = match AllowedIdentities::parse(text) {
        Ok(allowed) => allowed,
        Err(error) => {
            assert!(error.line >= 1 && error.line <= text.lines().count().max(1));
            return assert!(is_printable(&error.to_string()), "{error}");
        }
    };
    for line in allowed.lines() {
        assert!(!line.identity.is_empty() && !line.issuer.is_empty() && !line.issuer.contains('*') && !line.kinds.is_empty());
    }
    for good in GOOD.iter() {
        let expected = plainly(&allowed, &good.verified);
        let ruling = allowed.decide(&good.verified);
        match (ruling.decision(), expected) {
            (Decision::Allowed, Some(expected)) => assert_eq!(ruling.line(), Some(expected)),
            (Decision::NotAllowed | Decision::AllowedElsewhere, None) => {}
            (found, expected) => panic!("{found:?} and {expected:?}"),
        }
        let judgement = Policy { allowed: Some(allowed.clone()), ..Policy::default() }.judge(Ok(good.verified.clone()));
        assert_eq!(judgement.verdict() == Verdict::Good, expected.is_some());
        // comparing with the committer is an additional requirement
        let stricter = Policy { allowed: Some(allowed.clone()), match_committer: true, ..Policy::default() };
        assert!(stricter.judge(Ok(good.verified.clone())).verdict() != Verdict::Good || expected.is_some());
    }
});

/// The first line that allows the identity.
fn plainly(allowed: &AllowedIdentities, verified: &Verified) -> Option<usize> {
    let identity = verified.identity();
    let kind = verified.subject().kind;
    let fits = allowed.lines().iter().find(|line| {
        line.issuer == identity.issuer
            && reference::glob(&line.identity, &identity.name)
            && line.instance == *verified.instance()
            && line.kinds.contains(&kind)
            && verified.times().iter().all(|trusted| {
                line.window.start.is_none_or(|start| start <= trusted.time) && line.window.end.is_none_or(|end| trusted.time <= end)
            })
    });
    fits.map(|line| line.line)
}
