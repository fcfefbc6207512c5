//! The nonce of a push certificate: whether the certificate was made for this server and now.

/// Over a stateless connection (HTTP) the nonce comes from an earlier request, and git says how long ago that was. An old certificate must
/// not stay valid, so this is the limit, in seconds.
const MAX_SLOP: u64 = 300;

/// Whether git found a fresh nonce of this server in the certificate. `status` and `slop` are git's variables `GIT_PUSH_CERT_NONCE_STATUS`
/// and `GIT_PUSH_CERT_NONCE_SLOP`; one that is not set is empty.
pub(crate) fn is_fresh_nonce(status: &str, slop: &str) -> bool {
    match status {
        "OK" => true,
        "SLOP" => slop.parse::<i64>().is_ok_and(|slop| slop.unsigned_abs() <= MAX_SLOP),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_recent_nonce_of_this_server_is_fresh() {
        for (status, slop) in [("OK", ""), ("OK", "9999"), ("SLOP", "0"), ("SLOP", "300"), ("SLOP", "-300")] {
            assert!(is_fresh_nonce(status, slop), "{status} {slop}");
        }
        for (status, slop) in [
            ("", ""),
            ("BAD", ""),
            ("MISSING", ""),
            ("UNSOLICITED", "0"),
            ("SLOP", ""),
            ("SLOP", "301"),
            ("SLOP", "-301"),
            ("SLOP", "-9223372036854775808"),
            ("SLOP", "1e2"),
            ("ok", ""),
        ] {
            assert!(!is_fresh_nonce(status, slop), "{status} {slop}");
        }
    }
}
