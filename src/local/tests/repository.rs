//! What clients are given to trust: the files, and the TUF repository.

use std::sync::{Arc, Mutex};

use super::{Fixture, now};

#[test]
fn the_trust_files_are_what_clients_parse() {
    let fixture = Fixture::new(&[]);
    let instance = fixture.instance();
    let root = sigstore_trust_root::TrustedRoot::from_json(instance.trusted_root_json()).unwrap();
    assert_eq!((root.tlogs.len(), root.ctlogs.len(), root.certificate_authorities.len(), root.timestamp_authorities.len()), (2, 1, 1, 1));
    let config = sigstore_trust_root::SigningConfig::from_json(instance.signing_config_json()).unwrap();
    assert_eq!(config.rekor_url(None).unwrap().major_api_version, 2);
    assert_eq!(config.rekor_url(Some(1)).unwrap().url, instance.url());
}

/// The repository as a TUF client fetches from it.
struct Mirror(Arc<Fixture>);

impl sigstore_tuf::Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, _: u64) -> sigstore_tuf::transport::FetchFuture<'a> {
        let answer = self.0.get(&format!("/tuf/{name}"));
        Box::pin(async move { Ok((answer.status() == 200).then(|| answer.body().to_vec())) })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, _: u64) -> sigstore_tuf::transport::FetchFuture<'a> {
        let answer = self.0.get(&format!("/tuf/targets/{path}"));
        Box::pin(async move { Ok((answer.status() == 200).then(|| answer.body().to_vec())) })
    }
}

#[test]
fn a_tuf_client_follows_the_repository_and_its_timestamp_is_renewed() {
    let clock = Arc::new(Mutex::new(now()));
    let hands = clock.clone();
    let fixture = Arc::new(Fixture::with_clock(&[], Arc::new(move || *hands.lock().unwrap())));
    let root = fixture.get("/tuf/1.root.json").body().to_vec();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut client = sigstore_tuf::Updater::new(Mirror(fixture.clone()), &root).unwrap();
        client.refresh(now()).await.unwrap();
        let target = client.get_target("trusted_root.json", now()).await.unwrap();
        assert_eq!(target, fixture.instance().trusted_root_json().as_bytes());
        client.get_target("signing_config.v0.2.json", now()).await.unwrap();
        assert_eq!(client.trusted().timestamp().unwrap().version, 1);
        let later = now() + jiff::SignedDuration::from_hours(24 * 30);
        *clock.lock().unwrap() = later;
        let mut client = sigstore_tuf::Updater::new(Mirror(fixture.clone()), &root).unwrap();
        client.refresh(later).await.unwrap();
        assert_eq!(client.trusted().timestamp().unwrap().version, 2);
    });
    for outside in ["targets/../../instance.json", "../access-code", "targets/00.access-code", "targets/../1.root.json", "2.root.json", ""]
    {
        assert_eq!(fixture.get(&format!("/tuf/{outside}")).status(), 404, "{outside}");
    }
}
