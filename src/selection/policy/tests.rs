//! Which policy decides, by the sources that pin one.

use super::*;
use crate::{
    config::Inputs,
    repository::{ConfigEntry, Scope},
};
use std::path::Path;

const ROOT: &str = "0123456789012345678901234567890123456789";

/// The policy that these settings pin.
fn pinned(settings: &[(Scope, &str, &str)], is_asked_for: bool) -> Result<Option<PinnedPolicy>, SelectionError> {
    let entry = |(scope, name, value): &(Scope, &str, &str)| ConfigEntry {
        section: "paraph".into(),
        subsection: None,
        name: name.to_ascii_lowercase(),
        value: Some(value.as_bytes().to_vec()),
        scope: *scope,
        file: Some("/config".into()),
    };
    let entries: Vec<ConfigEntry> = settings.iter().map(entry).collect();
    pinned_policy(&Config::from_inputs(&Inputs::of_entries(&entries, Path::new("/"), None)).unwrap(), is_asked_for)
}

fn weight(settings: &[(Scope, &str, &str)], is_asked_for: bool) -> Option<PolicyWeight> {
    pinned(settings, is_asked_for).unwrap().map(|pinned| pinned.weight)
}

#[test]
fn a_repository_pins_a_policy_only_if_asked_and_then_only_restricts_what_is_stronger() {
    use Scope::{Global, Local};
    let (user, repository) = ((Global, "policyRoot", ROOT), (Local, "policyRoot", ROOT));
    let (replaces, restricts) = (Some(PolicyWeight::Replaces), Some(PolicyWeight::Restricts));
    for (settings, by_default, asked_for) in [
        (vec![], None, None),
        (vec![user], replaces, replaces),
        (vec![user, (Global, "allowedIdentities", "/x")], replaces, replaces),
        (vec![repository], None, replaces),
        (vec![repository, (Local, "allowedIdentities", "/x")], None, replaces),
        (vec![repository, (Global, "allowedIdentities", "/x")], None, restricts),
        (vec![user, repository, (Global, "allowedIdentities", "/x")], replaces, replaces),
    ] {
        assert_eq!((weight(&settings, false), weight(&settings, true)), (by_default, asked_for), "{settings:?}");
    }
}

#[test]
fn the_stronger_of_root_and_file_decides_and_equals_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "version = 1\n").unwrap();
    let is_file = |settings: &[_]| matches!(pinned(settings, true).unwrap().unwrap().pin, Pin::File(_));
    use Scope::{Environment, Global, Local, System};
    assert!(is_file(&[(Local, "policyRoot", ROOT), (Global, "policyFile", path)]));
    assert!(!is_file(&[(Global, "policyRoot", ROOT), (Local, "policyFile", path)]));
    assert!(!is_file(&[(Environment, "policyRoot", ROOT), (Global, "policyFile", path)]));
    let error = pinned(&[(System, "policyRoot", ROOT), (Global, "policyFile", path)], false).unwrap_err();
    assert!(matches!(error, SelectionError::TwoPolicies { .. }), "{error}");
    std::fs::write(&file, "version = 2\n").unwrap();
    let error = pinned(&[(Global, "policyFile", path)], false).unwrap_err();
    assert_eq!(
        format!("{error} / {}", error.hint().unwrap()),
        format!(
            "the policy {path} cannot be used: line 1, column 11: version 2 is unknown; this program knows version 1 / correct the file"
        )
    );
    assert!(matches!(pinned(&[(Global, "policyFile", "/nowhere")], false), Err(SelectionError::File { .. })));
    // a weaker file that does not decide is not read
    assert!(pinned(&[(Global, "policyRoot", ROOT), (Local, "policyFile", "/nowhere")], true).unwrap().is_some());
}

#[test]
fn a_trust_root_of_the_repository_vouches_for_no_identity_of_a_stronger_policy() {
    use Scope::{Global, Local};
    let (root, trust) = ("policyRoot", "trustedRoot");
    for (settings, distrusts) in [
        (vec![(Global, root, ROOT)], false),
        (vec![(Global, root, ROOT), (Global, trust, "/x")], false),
        (vec![(Global, root, ROOT), (Local, trust, "/x")], true),
        (vec![(Local, root, ROOT), (Local, trust, "/x")], false),
    ] {
        assert_eq!(pinned(&settings, true).unwrap().unwrap().distrusts_root, distrusts, "{settings:?}");
    }
}

#[test]
fn a_root_is_a_full_id_or_a_digest() {
    let is_wrong = |name: &str, value: &str| {
        let entry = ConfigEntry {
            section: "paraph".into(),
            subsection: None,
            name: name.to_ascii_lowercase(),
            value: Some(value.as_bytes().to_vec()),
            scope: Scope::Global,
            file: None,
        };
        !Config::from_inputs(&Inputs::of_entries(&[entry], Path::new("/"), None)).unwrap().wrong.is_empty()
    };
    let sha256 = "a".repeat(64);
    for right in [ROOT, &sha256, &format!("sha256:{sha256}")] {
        assert!(!is_wrong("policyRoot", right), "{right}");
    }
    for wrong in ["HEAD", &ROOT[1..], &ROOT.replace('0', "A"), &format!("sha256:{ROOT}"), &format!("sha256:{}", "A".repeat(64)), "sha256:"]
    {
        assert!(is_wrong("policyRoot", wrong), "{wrong}");
    }
    assert!(!is_wrong("judgeSince", &format!("{ROOT}  {sha256}")));
    assert!(is_wrong("judgeSince", "main") && is_wrong("judgeSince", &format!("{ROOT},{ROOT}")));
}
