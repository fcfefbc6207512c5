//! The list of keys that callers of gpgsm ask for before they sign. paraph has no keys: the list holds the identity that would sign.

use super::{
    context::Context,
    exit::{Exit, Failure},
    git_call::ListCall,
    git_settings::GitSettings,
    identity,
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    certificate::names::same_address,
    config::Use,
    escape::Escaped,
    identity::{TokenSource, identity_named},
};
use sha2::{Digest as _, Sha256};

/// What the list shows if nothing says who will log in.
const UNKNOWN: &str = "whoever logs in";

pub(super) fn run(call: &ListCall, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load_for(&[], &[Use::Signer])?;
    let git_key = GitSettings::load(context.repository.as_ref()).ok().and_then(|settings| settings.key());
    let mut names: Vec<Option<String>> = call.names.iter().map(|name| Some(name.to_string_lossy().into_owned())).collect();
    if names.is_empty() {
        names.push(git_key);
    }
    let of_token = identity_of_token(&context);
    let mut signers: Vec<String> = Vec::new();
    for name in names {
        let requested = identity::requested_signer(&context.config, name.as_deref(), None)?;
        let signer = of_token.clone().or_else(|| requested.login_name().map(str::to_owned));
        let signer = match (signer, &name) {
            // like gpgsm, which finds no key of this name and succeeds
            (Some(signer), Some(name)) if !call.names.is_empty() && !is_of(&signer, name) => continue,
            (signer, _) => signer.unwrap_or_else(|| UNKNOWN.to_owned()),
        };
        if !signers.contains(&signer) {
            signers.push(signer);
        }
    }
    for signer in signers {
        if call.colons {
            ui.bytes(colons(&signer, call.secret).as_bytes());
        } else {
            ui.line(format!("{signer} (a new key for each signature, certified for this identity)"));
        }
    }
    Ok(Exit::Good)
}

/// Whether a name means a signer: as gpgsm compares it, by the address, a part of the identity, or the end of the fingerprint.
fn is_of(signer: &str, name: &str) -> bool {
    let contains = |part: &str| !part.is_empty() && signer.to_lowercase().contains(&part.to_lowercase());
    let digits = name.trim_start_matches("0x");
    let is_key = digits.len() >= 8 && fingerprint(signer).ends_with(&digits.to_ascii_uppercase());
    let address = identity_named(name);
    is_key
        || address.as_ref().map_or_else(
            || contains(name.trim_start_matches(['*', '=', '<', '@']).trim_end_matches('>')),
            |address| same_address(address, signer),
        )
}

/// Whose token is at hand, if one is.
fn identity_of_token(context: &Context) -> Option<String> {
    let choice = identity::choice(context, &Terminal::none()).ok()?;
    let token = matches!(choice.source, TokenSource::Variable(_) | TokenSource::File(_)).then(|| choice.source.read().ok())??;
    Some(token.certificate_name().unwrap_or_else(|| token.principal().to_owned()))
}

/// One key in gpg's format for programs (`doc/DETAILS` of GnuPG): a certificate with its fingerprint and identity. The fingerprint is made of
/// the identity, because the key does not exist yet.
fn colons(signer: &str, secret: bool) -> String {
    let fingerprint = fingerprint(signer);
    let key_id: String = fingerprint.chars().skip(24).collect();
    let kind = if secret { "crs" } else { "crt" };
    let name = Escaped(signer).to_string().replace('\\', "\\x5c").replace(':', "\\x3a");
    format!("{kind}:u:256:19:{key_id}::::u:::s::::::nistp256:\nfpr:::::::::{fingerprint}:\nuid:u::::::::{name}:\n")
}

fn fingerprint(signer: &str) -> String {
    hex::encode_upper(Sha256::digest(signer)).chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_a_signer_as_gpgsm_compares_it() {
        let ann = "ann@example.com";
        for name in [
            "ann@example.com",
            "<ann@Example.com>",
            "Ann <ann@example.com>",
            "ann",
            "EXAMPLE.com",
            &fingerprint(ann),
            &fingerprint(ann)[32..],
        ] {
            assert!(is_of(ann, name), "{name}");
        }
        for name in ["nobody@example.com", "<an@example.com>", "ann@example.org", "0xDEADBEEF", "", "bob"] {
            assert!(!is_of(ann, name), "{name}");
        }
    }

    #[test]
    fn an_identity_stays_inside_its_field() {
        let lines = colons("https://example.com/a:b\n", true);
        assert_eq!(lines.lines().count(), 3, "{lines}");
        let uid = lines.lines().last().unwrap();
        assert_eq!(uid.split(':').nth(9), Some(r"https\x3a//example.com/a\x3ab\x5cu{a}"), "{uid}");
        assert!(lines.starts_with("crs:u:256:19:") && colons("a", false).starts_with("crt:"));
        // the field of the capabilities
        assert_eq!(lines.lines().next().unwrap().split(':').nth(11), Some("s"));
    }
}
