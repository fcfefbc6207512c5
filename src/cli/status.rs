//! The status lines that git and jj read (GnuPG's `doc/DETAILS`), and the exit status that belongs to them.
//!
//! A judgement gives exactly one block, which is written once, at the end. Only a verified signature gives GOODSIG. Every block has a TRUST
//! line: without one, git 2.39 aborts where it shows the trust level. Each field that git reads is followed by a space and another field,
//! because git reads up to the next space, across line ends.

use crate::{
    escape::Escaped,
    policy::{Judgement, Verdict},
    report::{Claimed, fingerprint},
    verify::{Verification, Verified},
};

/// The key id where there is no certificate.
const NO_KEY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The block of a judgement. `claimed` is the claim of a signature that was not verified.
pub(super) fn verification(judgement: &Judgement, claimed: Option<&Claimed>) -> String {
    let lines = match (judgement.verification(), judgement.verdict()) {
        (Some(verified), Verdict::Good) => good(verified, "TRUST_FULLY"),
        (Some(verified), Verdict::Untrusted) => good(verified, "TRUST_UNDEFINED"),
        (Some(verified), _) => unchecked(&fingerprint(verified)),
        (None, Verdict::Bad) => {
            let key = claimed.map_or(NO_KEY, |claimed| claimed.fingerprint.as_str());
            let identity = claimed.and_then(|claimed| claimed.identity.as_deref()).unwrap_or("(nobody that could be read)");
            format!("[GNUPG:] BADSIG {key} {}\n[GNUPG:] TRUST_NEVER 0 shell\n", Escaped(identity))
        }
        (None, _) => unchecked(claimed.map_or(NO_KEY, |claimed| claimed.fingerprint.as_str())),
    };
    format!("[GNUPG:] NEWSIG\n{lines}")
}

/// Whether git must see success.
pub(super) fn is_success(judgement: &Judgement) -> bool {
    matches!(judgement.verdict(), Verdict::Good | Verdict::Untrusted)
}

/// The line of a new signature, without which git discards it.
pub(super) fn signature_created(verified: &Verified) -> String {
    let seconds = verified.time().as_second();
    format!("[GNUPG:] SIG_CREATED D 19 8 00 {seconds} {}\n", fingerprint(verified))
}

fn good(verified: &Verification, trust: &str) -> String {
    let key = fingerprint(verified);
    let time = verified.time();
    let date = time.to_string();
    let date = date.split('T').next().unwrap_or_default();
    format!(
        "[GNUPG:] GOODSIG {key} {}\n[GNUPG:] VALIDSIG {key} {date} {} 0 - - 19 8 00 {key}\n[GNUPG:] {trust} 0 shell\n",
        Escaped(&verified.identity().name),
        time.as_second()
    )
}

/// ERRSIG with all its fields. The last but one (9) means that a key is missing; jj expects NO_PUBKEY after it.
fn unchecked(key: &str) -> String {
    format!("[GNUPG:] ERRSIG {key} 19 8 00 0 9 {key}\n[GNUPG:] NO_PUBKEY {key}\n[GNUPG:] TRUST_UNDEFINED 0 shell\n")
}

/// The block where the input or the configuration could not be read, so that nothing was checked.
pub(super) fn nothing_checked(claimed: Option<&Claimed>) -> String {
    format!("[GNUPG:] NEWSIG\n{}", unchecked(claimed.map_or(NO_KEY, |claimed| claimed.fingerprint.as_str())))
}
