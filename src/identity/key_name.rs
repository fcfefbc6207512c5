//! The key that git names when it signs (`user.signingKey`, `-u`): an identity, or a key of another kind of signature.

/// The end of a file's name that holds a key or certificate.
const KEY_FILES: [&str; 8] = ["pub", "pem", "key", "asc", "crt", "cer", "p12", "pfx"];

/// The schemes of names of files, keys and fingerprints.
const KEY_SCHEMES: [&str; 20] = [
    "file",
    "env",
    "key",
    "keyid",
    "pkcs11",
    "tpm",
    "tpm2",
    "tpmkey",
    "piv",
    "yubikey",
    "openpgp4fpr",
    "keychain",
    "hashivault",
    "k8s",
    "gitlab",
    "github",
    "sha1",
    "sha256",
    "sha512",
    "md5",
];

/// The identity in a key: the address in `Name <email>`, an e-mail address, or the URI of a workload. A path, a fingerprint, an SSH key or the
/// name of a key management service is not an identity, although it may contain an `@`.
pub(crate) fn identity_in(key: &str) -> Option<String> {
    email_of(key).or_else(|| is_uri(key).then(|| key.to_owned()))
}

/// The identity that a caller names for one signature. Besides [`identity_in`], it may be any URI (`mailto:` and `acct:` stand for an address)
/// and any text around an `@` that names no file or key. It may be quoted, or end with the `!` that OpenPGP's users know.
pub(crate) fn identity_named(key: &str) -> Option<String> {
    let key = key.trim();
    let inner = key.rsplit_once('<').map_or(key, |(_, rest)| rest.split('>').next().unwrap_or_default()).trim();
    let inner = unquoted(inner.strip_suffix('!').unwrap_or(inner));
    let is_scheme = |scheme: &str| ["mailto", "acct"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let address = inner.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).map_or(inner, |(_, rest)| rest);
    if is_like_address(address) {
        return Some(address.to_owned());
    }
    identity_in(key).or_else(|| is_other_uri(inner).then(|| inner.to_owned()))
}

/// A text without the quotes around all of it.
fn unquoted(text: &str) -> &str {
    let without = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    without('"').or_else(|| without('\'')).unwrap_or(text)
}

/// Whether a text has the form of an address: a local part, quoted or not, and a host, which may be one label or an address of the network.
fn is_like_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_local = match quoted {
        Some(inner) => !inner.is_empty() && !inner.contains(char::is_control),
        None => !local.is_empty() && !local.contains(is_no_address),
    };
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match literal {
        Some(inner) => !inner.is_empty() && !inner.contains(char::is_whitespace),
        None => {
            let (host, last) = (host.trim_end_matches('.'), host.rsplit('.').find(|label| !label.is_empty()).unwrap_or_default());
            !host.contains(is_no_address)
                && !KEY_FILES.contains(&last.to_ascii_lowercase().as_str())
                && host.chars().any(|character| character.is_alphabetic() || character == '.')
        }
    };
    is_local && is_host
}

/// Whether a character stands in paths and names of keys, and not in addresses.
fn is_no_address(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "/\\:;".contains(character)
}

/// Whether a text is a URI (RFC 3986) and does not name a file, a key or a fingerprint.
fn is_other_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    let is_fingerprint = text.chars().all(|character| character.is_ascii_hexdigit() || character == ':');
    is_scheme
        && !is_fingerprint
        && !KEY_SCHEMES.contains(&scheme.as_str())
        && !scheme.ends_with("kms")
        && !rest.is_empty()
        && !rest.starts_with(':')
        && !rest.contains(|character: char| character.is_whitespace() || character.is_control())
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
            ("bob@example.com!", "bob@example.com"),
            ("\"bob@example.com\"", "bob@example.com"),
            ("'bob@example.com'", "bob@example.com"),
            ("bob@[127.0.0.1]", "bob@[127.0.0.1]"),
            ("bob@[IPv6:::1]", "bob@[IPv6:::1]"),
            ("bob@10.0.0.1", "bob@10.0.0.1"),
            ("bob@example.com.", "bob@example.com."),
            ("a@b@c.d", "a@b@c.d"),
            ("urn:x:y", "urn:x:y"),
            ("did:web:example.com", "did:web:example.com"),
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
            "DEADBEEF!",
            "AB:CD:EF",
            "SHA256:abc",
            r"C:\keys",
            "file:/keys/a",
            "gcpkms://projects/p@example.com",
            "keys/a@host!",
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
