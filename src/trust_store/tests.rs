use super::*;

fn json() -> &'static str {
    SigstoreInstance::PublicGood.embedded_trusted_root_json()
}

fn store(folder: &std::path::Path) -> TrustStore {
    let folders = Folders { caches: folder.join("cache"), imports: folder.join("data/trust") };
    TrustStore { folders: Some(folders), mirrors: vec![(corp(), "https://tuf.corp.test/".into())] }
}

fn corp() -> Instance {
    Instance::named("corp").unwrap()
}

fn now() -> Timestamp {
    "2026-11-28T12:00:00Z".parse().unwrap()
}

#[test]
fn an_import_is_stored_for_its_instance_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.stored(&corp(), now()).unwrap(), None);
    let root = store.import(&corp(), "corp.json", json().as_bytes(), now()).unwrap();
    assert_eq!(root.instance, corp());
    let stored = store.stored(&corp(), now()).unwrap().unwrap();
    assert_eq!(stored.trusted_root, json().as_bytes());
    assert_eq!(stored.description, "imported from corp.json on 2026-11-28");
    assert_eq!(stored.signing_config, None);
    assert_eq!(store.stored(&Instance::Public, now()).unwrap(), None);
}

#[test]
fn a_damaged_import_is_an_error_and_not_an_older_trust() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    store.import(&corp(), "corp.json", json().as_bytes(), now()).unwrap();
    std::fs::write(folder.path().join("data/trust/corp.json"), "{").unwrap();
    assert!(matches!(store.stored(&corp(), now()), Err(Error::DamagedImport { .. })));
}

#[test]
fn what_is_not_a_trusted_root_is_not_imported() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert!(matches!(store.import(&corp(), "corp.json", b"{}", now()), Err(Error::TrustRoot(_))));
    assert!(matches!(store.import(&Instance::Custom, "corp.json", json().as_bytes(), now()), Err(Error::NotImportable(_))));
    assert_eq!(store.stored(&corp(), now()).unwrap(), None);
}

#[test]
fn an_instance_has_the_mirror_that_is_built_in_or_configured() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let url = |instance: &Instance| store.mirror(instance).unwrap().map(|mirror| mirror.url().to_owned());
    assert_eq!(url(&corp()).as_deref(), Some("https://tuf.corp.test"));
    assert_eq!(url(&Instance::Public).as_deref(), Some("https://tuf-repo-cdn.sigstore.dev"));
    assert_eq!(url(&Instance::Custom), None);
    assert!(store.is_refresh_due(&corp(), now()).unwrap());
    assert!(!store.is_refresh_due(&Instance::Custom, now()).unwrap());
}

#[test]
fn without_a_home_folder_nothing_is_stored() {
    let store = TrustStore::empty();
    assert_eq!(store.stored(&Instance::Public, now()).unwrap(), None);
    assert!(store.mirror(&Instance::Public).unwrap().is_none());
    assert!(matches!(store.import(&corp(), "corp.json", json().as_bytes(), now()), Err(Error::NoHome)));
}
