//! The key that git names when it signs (`user.signingKey`, `-u`): an identity, or a key of another kind of signature.

/// The end of a file's name that holds a key or certificate.
const KEY_FILES: [&str; 8] = ["pub", "pem", "key", "asc", "crt", "cer", "p12", "pfx"];

/// The identity in a key: the address in `Name <email>`, an e-mail address, or the URI of a workload. A path, a fingerprint, an SSH key or the
/// name of a key management service is not an identity, although it may contain an `@`.
pub(crate) fn identity_in(key: &str) -> Option<String> {
    email_of(key).or_else(|| is_uri(key).then(|| key.to_owned()))
}

/// The identity that a caller names for one signature. Besides [`identity_in`], it may be written as a URI (`mailto:`, `acct:`), have a quoted
/// local part, or be at a host without a dot.
pub(crate) fn identity_named(key: &str) -> Option<String> {
    let key = key.trim();
    let inner = key.rsplit_once('<').map_or(key, |(_, rest)| rest.split('>').next().unwrap_or_default()).trim();
    let is_scheme = |scheme: &str| ["mailto", "acct"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let address = inner.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).map_or(inner, |(_, rest)| rest);
    let is_address = is_quoted(address)
        || is_email(address)
        || address.rsplit_once('@').is_some_and(|(_, host)| is_host(host) && is_email(&format!("{address}.x")));
    if is_address { Some(address.to_owned()) } else { identity_in(key) }
}

/// Whether a text is an address whose local part is quoted (RFC 5322), at any host.
fn is_quoted(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(char::is_control)) && is_host(host.split('.').next().unwrap_or_default())
}

/// Whether a text is one label of a host's name.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().all(|character| character.is_ascii_digit())
        && text.chars().all(|character| character.is_alphanumeric() || character == '-')
}

/// The address in `Name <email>`, or the text itself if it is an address.
pub(crate) fn email_of(key: &str) -> Option<String> {
    let Some((_, rest)) = key.rsplit_once('<') else { return is_email(key).then(|| key.to_owned()) };
    let email = rest.split('>').next().unwrap_or_default();
    // the committer's address may be any text
    (email.contains('@') && !email.contains(char::is_whitespace)).then(|| email.to_owned())
}

/// Whether a text is an e-mail address and nothing else: `local@domain` with the characters of a dot-atom (RFC 5322) except those of paths,
/// and a domain of at least two labels.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_local = |character: char| character.is_alphanumeric() || "!#$%&'*+-=?^_`{|}.".contains(character);
    let is_label = |label: &str| {
        let inner = label.strip_prefix('-').or(label.strip_suffix('-'));
        !label.is_empty() && inner.is_none() && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    };
    let last = domain.rsplit_once('.').map(|(_, last)| last.to_ascii_lowercase());
    !local.is_empty()
        && !local.starts_with('.')
        && local.chars().all(is_local)
        && domain.split('.').all(is_label)
        && last.is_some_and(|last| !KEY_FILES.contains(&last.as_str()) && !last.chars().all(|character| character.is_ascii_digit()))
}

/// Whether a text is a URI as certificates of workloads name them. Other schemes are those of files and key management services.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    ["https", "http", "spiffe"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !rest.is_empty()
        && !text.contains(|character: char| character.is_whitespace() || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_key_names_an_address_or_nobody() {
        assert_eq!(email_of("A U Thor <a@example.com>").as_deref(), Some("a@example.com"));
        assert_eq!(email_of("<a@example.com>").as_deref(), Some("a@example.com"));
        assert_eq!(email_of("Root <root@host>").as_deref(), Some("root@host"));
        for email in ["a@example.com", "first.last+tag@sub.example.co.uk", "ü@exämple.org", "1234+a-b@users.noreply.example.com"] {
            assert_eq!(email_of(email).as_deref(), Some(email));
            assert_eq!(identity_in(email).as_deref(), Some(email));
        }
    }

    #[test]
    fn a_path_or_the_name_of_a_key_is_no_identity() {
        for key in [
            "",
            "0xDEADBEEF",
            "DEADBEEF!",
            "~/.ssh/id_ed25519@work.example.com.pub",
            "/home/a/keys/a@example.com",
            "./a@example.com",
            "keys/a@example.com",
            r"C:\keys\a@example.com",
            "a@example.com.pub",
            "a@example.com.PEM",
            "a@work",
            "id_ed25519@laptop",
            "a@10.0.0.1",
            "@example.com",
            "a@",
            "a@example..com",
            "a@-example.com",
            "key::ssh-ed25519 AAAA a@example.com",
            "ssh-ed25519 AAAA a@example.com",
            "pkcs11:token=a@example.com",
            "gcpkms://projects/p@example.com",
            "awskms:///alias/a@example.com",
            "file:///keys/a@example.com",
            "https://",
            "https://a b",
        ] {
            assert_eq!(identity_in(key), None, "{key}");
        }
    }

    #[test]
    fn a_name_for_one_call_is_an_address_in_more_forms() {
        for (key, named) in [
            ("mailto:bob@example.com", "bob@example.com"),
            ("Acct:bob@example.com", "bob@example.com"),
            ("<mailto:bob@example.com>", "bob@example.com"),
            ("bob@host", "bob@host"),
            ("Bob <bob@host>", "bob@host"),
            ("\"bob b\"@example.com", "\"bob b\"@example.com"),
            ("Bob <\"bob\"@host>", "\"bob\"@host"),
            (" bob@example.com ", "bob@example.com"),
            ("spiffe://example.com/ns/a", "spiffe://example.com/ns/a"),
        ] {
            assert_eq!(identity_named(key).as_deref(), Some(named), "{key}");
        }
        for key in [
            "",
            "0xDEADBEEF",
            "/keys/a@host",
            "a@example.com.pub",
            "ssh-ed25519 AAAA a@host",
            "key::x a@host",
            "pkcs11:token=a@host",
            "a@10",
            "@host",
            "\"\"@host",
        ] {
            assert_eq!(identity_named(key), None, "{key}");
        }
    }

    #[test]
    fn a_workloads_uri_is_an_identity() {
        for uri in ["https://github.com/o/r/.github/workflows/w.yml@refs/heads/main", "spiffe://example.com/ns/a", "http://127.0.0.1:1/x"] {
            assert_eq!((identity_in(uri).as_deref(), email_of(uri)), (Some(uri), None));
        }
    }
}
