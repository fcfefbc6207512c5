//! Reads the status lines of gpg and the first line of ssh-keygen, as strictly as git or more.
//!
//! Sources: git's `gpg-interface.c` (`parse_gpg_output`, `parse_ssh_output`), GnuPG's `doc/DETAILS`.

use crate::policy::Finding;

/// The status lines of gpg that decide.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GpgStatus {
    /// The finding of each exclusive line (GOODSIG, BADSIG, …), without regard to trust.
    pub verdicts: Vec<Finding>,
    /// The user id in the last exclusive line.
    pub signer: Option<String>,
    /// The key id in the last exclusive line.
    pub key_id: Option<String>,
    /// The primary key's fingerprint in each VALIDSIG line.
    pub fingerprints: Vec<String>,
    /// How far gpg trusts the key; the last line wins.
    pub trust: Option<String>,
    /// How many signatures gpg checked.
    pub signatures: usize,
    /// Whether gpg does not have the key.
    pub no_key: bool,
}

impl GpgStatus {
    /// Reads the status lines, and ignores all other lines.
    pub(super) fn of(text: &str) -> Self {
        let mut status = Self::default();
        for line in text.lines().filter_map(|line| line.strip_prefix("[GNUPG:] ")) {
            let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
            let finding = match keyword {
                "GOODSIG" => Finding::KeyTrusted,
                "BADSIG" => Finding::OtherInvalid,
                "ERRSIG" => Finding::OtherUnchecked,
                "EXPSIG" => Finding::SignatureExpired,
                "EXPKEYSIG" => Finding::KeyExpired,
                "REVKEYSIG" => Finding::KeyRevoked,
                _ => {
                    status.note(keyword, rest);
                    continue;
                }
            };
            let (key, signer) = rest.split_once(' ').unwrap_or((rest, ""));
            status.verdicts.push(finding);
            status.key_id = Some(key.to_owned());
            // the fields after ERRSIG's key id are numbers
            status.signer = Some(signer.to_owned()).filter(|signer| keyword != "ERRSIG" && !signer.is_empty());
        }
        status
    }

    fn note(&mut self, keyword: &str, rest: &str) {
        match keyword {
            "NEWSIG" => self.signatures += 1,
            "NO_PUBKEY" => self.no_key = true,
            "VALIDSIG" => {
                let fields: Vec<&str> = rest.split(' ').collect();
                let primary = fields.get(9).or(fields.first()).copied().unwrap_or_default();
                self.fingerprints.push(primary.to_owned());
            }
            _ => {
                if let Some(trust) = keyword.strip_prefix("TRUST_") {
                    self.trust = Some(trust.to_owned());
                }
            }
        }
    }

    /// The verdict; `None` where there is not exactly one.
    pub(super) fn verdict(&self) -> Option<Finding> {
        match self.verdicts.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// The fingerprint where there is exactly one, otherwise the key id.
    pub(super) fn key(&self) -> Option<String> {
        match self.fingerprints.as_slice() {
            [one] => Some(one.clone()),
            _ => self.key_id.clone(),
        }
    }

    /// Whether gpg trusts the key at least marginally: git then shows G, otherwise U.
    pub(super) fn is_trusted(&self) -> bool {
        matches!(self.trust.as_deref(), Some("MARGINAL" | "FULLY" | "ULTIMATE"))
    }
}

/// A valid signature, as ssh-keygen reports it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshGood {
    /// The principal in the allowed signers file; `None` where the file does not name the key.
    pub principal: Option<String>,
    /// The key's fingerprint, `SHA256:…`.
    pub key: String,
}

/// Reads `Good "git" signature for PRINCIPAL with TYPE key FINGERPRINT`, where the principal may hold anything: the last "with" counts.
pub(super) fn ssh_good(text: &str) -> Option<SshGood> {
    let rest = text.lines().find_map(|line| line.strip_prefix("Good \"git\" signature "))?;
    let (principal, key) = match rest.strip_prefix("for ") {
        Some(rest) => {
            let (principal, key) = rest.rsplit_once(" with ")?;
            (Some(principal.to_owned()), key)
        }
        None => (None, rest.strip_prefix("with ")?),
    };
    let key = key.split_once(" key ")?.1.trim_end().to_owned();
    Some(SshGood { principal, key })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    fn good(trust: &str) -> String {
        format!(
            "[GNUPG:] NEWSIG\n[GNUPG:] KEY_CONSIDERED {FINGERPRINT} 0\n[GNUPG:] GOODSIG 89ABCDEF01234567 Ann <ann@example.com>\n\
             [GNUPG:] VALIDSIG {FINGERPRINT} 2026-01-01 1 0 4 0 22 8 00 {FINGERPRINT}\n[GNUPG:] {trust} 0 pgp\n"
        )
    }

    #[test]
    fn a_good_signature_has_one_verdict_and_its_key() {
        let status = GpgStatus::of(&good("TRUST_ULTIMATE"));
        assert_eq!((status.verdict(), status.is_trusted(), status.signatures), (Some(Finding::KeyTrusted), true, 1));
        assert_eq!((status.signer.as_deref(), status.key().as_deref()), (Some("Ann <ann@example.com>"), Some(FINGERPRINT)));
        for trust in ["TRUST_UNDEFINED", "TRUST_NEVER", "TRUST_", "OTHER"] {
            assert!(!GpgStatus::of(&good(trust)).is_trusted(), "{trust}");
        }
        assert!(!GpgStatus::of(&(good("TRUST_FULLY") + "[GNUPG:] TRUST_NEVER 0 pgp\n")).is_trusted(), "the last line wins");
    }

    #[test]
    fn two_verdicts_are_none() {
        let twice = good("TRUST_FULLY") + &good("TRUST_FULLY");
        assert_eq!(GpgStatus::of(&twice).verdict(), None);
        assert_eq!(GpgStatus::of(&(good("TRUST_FULLY") + "[GNUPG:] BADSIG 1 x\n")).verdict(), None);
        assert_eq!(GpgStatus::of("gpg: Good signature\n GNUPG:] GOODSIG 1 x\n").verdict(), None);
    }

    #[test]
    fn a_principal_may_hold_any_words() {
        let key = "SHA256:abc";
        let named = ssh_good("Good \"git\" signature for a with RSA key b with ED25519 key SHA256:abc\n").unwrap();
        assert_eq!(named, SshGood { principal: Some("a with RSA key b".into()), key: key.into() });
        let unknown = ssh_good("warning: x\nGood \"git\" signature with ED25519 key SHA256:abc\nNo principal matched.\n").unwrap();
        assert_eq!(unknown, SshGood { principal: None, key: key.into() });
        assert_eq!(ssh_good("Could not verify signature.\n"), None);
        assert_eq!(ssh_good("Good \"file\" signature for a with RSA key SHA256:abc"), None);
    }
}
