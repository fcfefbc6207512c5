use super::*;
use crate::{
    config::Inputs,
    repository::{ConfigEntry, Scope},
};

fn with<T>(settings: &[(&str, &str)], check: impl FnOnce(&Config, &TrustStore) -> T) -> T {
    let entries: Vec<ConfigEntry> = settings
        .iter()
        .map(|(name, value)| ConfigEntry {
            section: "paraph".into(),
            subsection: None,
            name: name.to_ascii_lowercase(),
            value: Some(value.as_bytes().to_vec()),
            scope: Scope::Global,
            file: Some("/home/ann/.gitconfig".into()),
        })
        .collect();
    check(&Config::from_inputs(&Inputs::of_entries(&entries, Path::new("/"), None)).unwrap(), &TrustStore::empty())
}

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn with_hint(error: &SelectionError) -> String {
    format!("{error} / {}", error.hint().unwrap_or_default())
}

#[test]
fn a_name_that_nothing_describes_is_called_unknown() {
    let now = time("2026-11-28T00:00:00Z");
    let expected = "there is no instance \"nosuch\" (set by paraph.instance in /home/ann/.gitconfig (global)) / check the spelling";
    with(&[("instance", "nosuch")], |config, store| {
        assert_eq!(with_hint(&trust_roots(config, store, now).unwrap_err()), expected);
        assert_eq!(with_hint(&services(config, store, now).unwrap_err()), expected);
        assert_eq!(with_hint(&issuer(config, store, now).unwrap_err()), expected);
    });
    // an instance without configuration may consist of files
    with(&[("instance", "own"), ("fulcioRoot", "/nowhere")], |config, store| {
        let error = services(config, store, now).unwrap_err();
        assert_eq!(with_hint(&error), "no transparency log is configured for the instance own / set paraph.rekor");
    });
}

#[test]
fn a_clock_at_which_no_service_is_valid_is_named() {
    let now = time("1971-02-03T00:00:00Z");
    with(&[], |config, store| {
        let expected = "this clock says 1971-02-03 00:00:00 UTC; no transparency log of the instance public is valid then / set the clock";
        assert_eq!(with_hint(&services(config, store, now).unwrap_err()), expected);
        let expected = "this clock says 1971-02-03 00:00:00 UTC; no issuer of the instance public is valid then / set the clock";
        assert_eq!(with_hint(&issuer(config, store, now).unwrap_err()), expected);
    });
}

#[test]
fn files_of_allowed_identities_that_cannot_be_used_allow_nobody_and_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("allowed");
    let path = file.to_str().unwrap();
    let warning = || {
        with(&[("allowedIdentities", path)], |config, _| {
            let (policy, warnings) = policy(config);
            assert_eq!(policy.allowed.unwrap().lines().len(), 0);
            warnings.join(" ").replace(path, "FILE")
        })
    };
    assert_eq!(
        warning(),
        "Cannot read the allowed-identities file FILE (set by paraph.allowedIdentities in /home/ann/.gitconfig (global)): \
         No such file or directory (os error 2). Until it is fixed, nobody is trusted."
    );
    std::fs::write(&file, "# nobody\n").unwrap();
    assert_eq!(warning(), "The allowed-identities file FILE lists nobody, so nobody is trusted.");
    std::fs::write(&file, [0xff]).unwrap();
    assert_eq!(warning(), "The allowed-identities file FILE is not valid UTF-8. Until it is fixed, nobody is trusted.");
}
