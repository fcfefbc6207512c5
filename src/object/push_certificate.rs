//! Push certificates (`git push --signed`): what a pusher says about the refs that a push moves.
//!
//! Source: git's `send-pack.c` (`generate_push_cert`) and gitformat-pack's description of `push-cert`.

use super::{Signed, email_of_ident, format_of_id, malformed, tag::split_signature};
use crate::{Reason, Rejection};

/// Ref updates in one certificate, at most.
pub const MAX_UPDATES: usize = 100_000;

/// A push certificate, split into its lines, the signed bytes and the signature. It borrows from the blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushCertificate<'a> {
    /// Who pushes, as `user.signingKey` or the committer's name and address, with the time.
    pub pusher: &'a str,
    /// The URL that is pushed to, as the pusher's remote names it.
    pub pushee: Option<&'a str>,
    /// The nonce that the server sent, if it sent one.
    pub nonce: Option<&'a str>,
    /// The push options (`git push --push-option`).
    pub options: Vec<&'a str>,
    /// The refs that move.
    pub updates: Vec<RefUpdate<'a>>,
    /// What was signed, and the signature.
    pub signed: Signed<'a>,
}

/// One ref that a push moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefUpdate<'a> {
    /// The old object id; zeros for a new ref.
    pub old: &'a str,
    /// The new object id; zeros for a deleted ref.
    pub new: &'a str,
    /// The full name of the ref.
    pub name: &'a str,
}

impl<'a> PushCertificate<'a> {
    /// The line with which every push certificate begins.
    pub(crate) const FIRST_LINE: &'static str = "certificate version 0.1\n";

    /// Splits a certificate as it is in the blob that `GIT_PUSH_CERT` names.
    ///
    /// # Errors
    /// [`Reason::NoSignature`], or another reason of the layer `object`.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejection> {
        let signed = split_signature(bytes, 0)?;
        let payload = bytes.get(..bytes.len() - signed.signature.len()).unwrap_or_default();
        let fields = Fields::parse(payload)?;
        let Fields { pusher, pushee, nonce, options, updates } = fields;
        Ok(Self { pusher, pushee, nonce, options, updates, signed })
    }

    /// The pusher's e-mail address, where the line has one.
    pub fn pusher_email(&self) -> Option<&'a str> {
        email_of_pusher(self.pusher)
    }
}

/// Checks a push certificate without its signature, and finds the pusher's address.
pub(super) fn check_payload(payload: &[u8]) -> Result<Option<String>, Rejection> {
    let fields = Fields::parse(payload)?;
    Ok(email_of_pusher(fields.pusher).map(str::to_owned))
}

/// The address of `KEY seconds zone`. The key is `Name <address>`, or `user.signingKey` as it stands, which may be an address alone.
fn email_of_pusher(pusher: &str) -> Option<&str> {
    let alone = || {
        let (key, _) = pusher.rsplit_once(' ')?.0.rsplit_once(' ')?;
        (key.contains('@') && !key.contains(char::is_whitespace)).then_some(key)
    };
    email_of_ident(pusher.as_bytes()).or_else(alone)
}

fn is_of_one_format(old: &str, new: &str) -> bool {
    let format = format_of_id(old.as_bytes());
    format.is_some() && format == format_of_id(new.as_bytes())
}

struct Fields<'a> {
    pusher: &'a str,
    pushee: Option<&'a str>,
    nonce: Option<&'a str>,
    options: Vec<&'a str>,
    updates: Vec<RefUpdate<'a>>,
}

impl<'a> Fields<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, Rejection> {
        if payload.contains(&0) {
            return Err(Reason::NulByte.into());
        }
        let text = std::str::from_utf8(payload).map_err(|_| malformed("the push certificate is not valid UTF-8"))?;
        let body =
            text.strip_prefix(PushCertificate::FIRST_LINE).ok_or_else(|| malformed("it is not a push certificate of version 0.1"))?;
        let (headers, updates) = body.split_once("\n\n").ok_or_else(|| malformed("the push certificate has no empty line"))?;

        let (mut pusher, mut pushee, mut nonce, mut options) = (None, None, None, Vec::new());
        for line in headers.split('\n') {
            let (name, value) = line.split_once(' ').ok_or_else(|| malformed("a header has no value"))?;
            let slot = match name {
                "pusher" => &mut pusher,
                "pushee" => &mut pushee,
                "nonce" => &mut nonce,
                "push-option" => {
                    options.push(value);
                    continue;
                }
                _ => return Err(malformed("the push certificate has a header that is not known")),
            };
            if slot.replace(value).is_some() {
                return Err(Rejection::new(Reason::DuplicateHeader, name));
            }
        }
        let pusher = pusher.ok_or_else(|| malformed("it has no pusher"))?;
        Ok(Self { pusher, pushee, nonce, options, updates: ref_updates(updates)? })
    }
}

fn ref_updates(lines: &str) -> Result<Vec<RefUpdate<'_>>, Rejection> {
    let lines = lines.strip_suffix('\n').ok_or_else(|| malformed("the push certificate's last line does not end"))?;
    if lines.split('\n').count() > MAX_UPDATES {
        return Err(malformed("the push certificate has too many refs"));
    }
    lines
        .split('\n')
        .map(|line| {
            let (old, rest) = line.split_once(' ')?;
            let (new, name) = rest.split_once(' ')?;
            (is_of_one_format(old, new) && name.starts_with("refs/")).then_some(RefUpdate { old, new, name })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| malformed("a line of the push certificate is not of the form OLD NEW REF"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n";
    const CERTIFICATE: &str = "certificate version 0.1\npusher A <a@example.com> 1 +0000\npushee file:///x\nnonce 1-2\npush-option ci.skip\n\n0000000000000000000000000000000000000000 0123456789012345678901234567890123456789 refs/heads/main\n";

    #[test]
    fn a_certificate_is_read() {
        let text = format!("{CERTIFICATE}{SIGNATURE}");
        let certificate = PushCertificate::parse(text.as_bytes()).unwrap();
        assert_eq!(certificate.signed.payload.as_ref(), CERTIFICATE.as_bytes());
        assert_eq!(certificate.updates[0].name, "refs/heads/main");
        assert_eq!((certificate.pusher_email(), certificate.nonce), (Some("a@example.com"), Some("1-2")));
    }

    #[test]
    fn a_pusher_who_is_named_by_a_key_has_an_address_where_the_key_is_one() {
        let email = |pusher: &str| {
            let text = format!("{}{SIGNATURE}", CERTIFICATE.replace("A <a@example.com>", pusher));
            PushCertificate::parse(text.as_bytes()).unwrap().pusher_email().map(str::to_owned)
        };
        assert_eq!(email("a@example.com").as_deref(), Some("a@example.com"));
        assert_eq!(email("A <a@example.com>").as_deref(), Some("a@example.com"));
        assert_eq!(email("0xDEADBEEF"), None);
        assert_eq!(email("two words@example.com"), None);
    }

    #[test]
    fn what_is_not_of_the_form_is_refused() {
        let reason = |text: String| PushCertificate::parse(text.as_bytes()).unwrap_err().reason();
        assert_eq!(reason(CERTIFICATE.into()), Reason::NoSignature);
        assert_eq!(reason(format!("{}{SIGNATURE}", CERTIFICATE.replace("nonce", "nonse"))), Reason::MalformedObject);
        assert_eq!(reason(format!("{}{SIGNATURE}", CERTIFICATE.replace("nonce", "nonce 7\nnonce"))), Reason::DuplicateHeader);
        assert_eq!(reason(format!("{}{SIGNATURE}", CERTIFICATE.replace("refs/heads/main", "main"))), Reason::MalformedObject);
        assert_eq!(reason(format!("{}{SIGNATURE}", CERTIFICATE.replace("0.1", "0.2"))), Reason::MalformedObject);
    }
}
