//! Comparing the names of identities: what is equal, and what was almost meant.
//!
//! The domain of an e-mail address has no case (RFC 5321, section 2.4). Its local part has: only its server knows whether two of them are one
//! mailbox. URIs and user names are compared as they stand.

use std::borrow::Cow;

/// An e-mail address with its domain, which follows the last `@`, in lower case. A URI, a text without `@`, and a domain that is not ASCII
/// stay as they are.
pub(crate) fn with_folded_domain(address: &str) -> Cow<'_, str> {
    match address.rsplit_once('@') {
        Some((local, domain)) if domain.is_ascii() && !address.contains("://") && domain.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Cow::Owned(format!("{local}@{}", domain.to_ascii_lowercase()))
        }
        _ => Cow::Borrowed(address),
    }
}

/// Whether two e-mail addresses are the same.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one == other || with_folded_domain(one) == with_folded_domain(other)
}

const QUOTATION_MARKS: [char; 7] = ['\'', '"', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'];

/// How a written name or issuer differs from the one that was probably meant, as a clause; `None` where the two have little in common.
pub(crate) fn near_miss(written: &str, meant: &str) -> Option<&'static str> {
    let same = |written: &str| written.eq_ignore_ascii_case(meant);
    let without_slash = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    let in_brackets = |text: &str| text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).is_some_and(same);
    let in_quotes =
        || written.strip_prefix(QUOTATION_MARKS).and_then(|rest| rest.strip_suffix(QUOTATION_MARKS)).is_some_and(|text| same(text.trim()));
    if written == meant {
        None
    } else if same(written.trim()) && written.trim() != written {
        Some("a space at the start or end differs")
    } else if in_quotes() {
        Some("these quotation marks do not belong there")
    } else if same(written) {
        Some("upper and lower case differ")
    } else if without_slash(written) == without_slash(meant) {
        Some("a slash at the end differs")
    } else if written.contains(',') && written.split(',').any(|part| same(part.trim()) || in_brackets(part)) {
        Some("a comma does not separate names")
    } else if written.contains(';') && written.split(';').any(|part| same(part.trim()) || in_brackets(part)) {
        Some("a semicolon does not separate names")
    } else if written.contains('@') && written.strip_suffix('.').is_some_and(same) {
        Some("a dot at the end differs")
    } else if in_brackets(written) {
        Some("the angle brackets do not belong there")
    } else if written.split_once(':').is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("mailto") && same(rest)) {
        Some("\"mailto:\" does not belong there")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_domain_of_an_address_has_no_case() {
        for (one, other) in [("a@example.com", "a@Example.COM"), ("a@b@X.org", "a@b@x.org"), ("A@x", "A@X")] {
            assert!(same_address(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("A@example.com", "a@example.com"),
            ("a@B@x.org", "a@b@x.org"),
            ("EXAMPLE", "example"),
            ("a@\u{212a}.org", "a@k.org"),
            ("a@\u{c4}.org", "a@\u{e4}.org"),
            ("https://x/w@refs/heads/Main", "https://x/w@refs/heads/main"),
            ("spiffe://Host/a@B", "spiffe://Host/a@b"),
        ] {
            assert!(!same_address(one, other), "{one} {other}");
        }
    }

    #[test]
    fn near_misses_are_named_by_what_differs() {
        let meant = "ann@example.com";
        for (written, word) in [
            ("Ann@example.com", "case"),
            ("<ann@example.com>", "brackets"),
            ("Ann <ann@example.com>", "brackets"),
            ("bob@example.com,ann@example.com", "comma"),
            ("<bob@example.com>, <Ann@example.com>", "comma"),
            ("mailto:ann@example.com", "mailto"),
            ("bob@example.com;ann@example.com", "semicolon"),
            ("Ann <ann@example.com>; Bob <bob@example.com>", "semicolon"),
            ("ann@example.com.", "dot"),
            ("ann@Example.com.", "dot"),
            (" ann@example.com", "space"),
            ("Ann@example.com\u{a0}", "space"),
            ("'ann@example.com'", "quotation"),
            ("`ann@example.com`", "quotation"),
            ("\u{201c}ann@example.com\u{201d}", "quotation"),
        ] {
            assert!(near_miss(written, meant).is_some_and(|cause| cause.contains(word)), "{written}");
        }
        assert!(near_miss("https://issuer.example/", "https://issuer.example").is_some_and(|cause| cause.contains("slash")));
        for written in ["bob@example.com", "ann@example.org", "ann", "", "*", " ", "'", "''", "'ann@example.com", " bob@example.com"] {
            assert_eq!(near_miss(written, meant), None, "{written}");
        }
    }
}
