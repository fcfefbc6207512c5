//! The key that git names when it signs (`user.signingKey`, `-u`): an identity, or a key of another kind of signature.

/// The end of a file's name that holds a key or certificate.
const KEY_FILES: [&str; 8] = ["pub", "pem", "key", "asc", "crt", "cer", "p12", "pfx"];

/// The identity in a key: the address in `Name <email>`, an e-mail address, or the URI of a workload. A path, a fingerprint, an SSH key or the
/// name of a key management service is not an identity, although it may contain an `@`.
pub(crate) fn identity_in(key: &str) -> Option<String> {
    email_of(key).or_else(|| is_uri(key).then(|| key.to_owned()))
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
    fn a_workloads_uri_is_an_identity() {
        for uri in ["https://github.com/o/r/.github/workflows/w.yml@refs/heads/main", "spiffe://example.com/ns/a", "http://127.0.0.1:1/x"] {
            assert_eq!((identity_in(uri).as_deref(), email_of(uri)), (Some(uri), None));
        }
    }
}
