//! Signatures made against the local Sigstore, through the library.

use crate::support::bundle::second_opinion;
use paraph::{
    Reason,
    internals::{
        evidence::entry::{EntryKind, EntryVersion},
        identity::{IdentityToken, RequestedSigner},
        local,
        service::{Http, TimeLimits},
        sign::{Content, LogVersion, Services, Session, Signature, Silent},
    },
    object::Signed,
    trust::{Instance, TrustRoot},
    verify::{TimeSource, Verifier},
};
use std::borrow::Cow;

const PAYLOAD: &[u8] =
    b"tree 0123456789012345678901234567890123456789\nauthor A <a@example.com> 1 +0000\ncommitter A <a@example.com> 1 +0000\n\nmessage";

struct Local {
    running: local::Running,
    root: TrustRoot,
    trusted_root: String,
    token: IdentityToken,
    _folder: tempfile::TempDir,
}

fn local() -> Local {
    let folder = tempfile::tempdir().unwrap();
    let instance = local::Instance::init(&folder.path().join("local")).unwrap();
    let trusted_root = instance.trusted_root_json().to_owned();
    let root = TrustRoot::from_json(trusted_root.as_bytes(), Instance::named("local").unwrap(), "local").unwrap();
    let token = IdentityToken::parse(&instance.identity_token("a@example.com").unwrap()).unwrap();
    Local { running: instance.start(local::ServeOptions::default()).unwrap(), root, trusted_root, token, _folder: folder }
}

impl Local {
    fn services(&self, log_version: LogVersion, timestamp: bool) -> Services {
        let url = self.running.url().to_owned();
        let timestamp_authority = timestamp.then(|| format!("{url}/api/v1/timestamp"));
        Services { fulcio: url.clone(), log: url, log_version, timestamp_authority }
    }

    fn sign(&self, services: &Services) -> Signature {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = Http::new(TimeLimits::default());
            let roots = [self.root.clone()].into();
            let session = Session { services, roots: &roots, http: &http, clock: &jiff::Timestamp::now };
            let credential = session.obtain(&self.token, &RequestedSigner::anyone(), &Silent).await.unwrap();
            session.sign(Content::Git(PAYLOAD), &credential, &Silent).await.unwrap()
        })
    }
}

#[test]
fn a_signature_with_each_log_verifies_and_the_second_opinion_agrees() {
    let local = local();
    for (version, timestamp, expected) in [
        (LogVersion::V1, false, EntryVersion::V001),
        (LogVersion::V1, true, EntryVersion::V001),
        (LogVersion::V2, true, EntryVersion::V002),
    ] {
        let signature = local.sign(&local.services(version, timestamp));
        let verified = &signature.verified;
        assert_eq!(verified.identity().name, "a@example.com");
        assert_eq!(verified.instance().as_str(), "local");
        assert_eq!(verified.entry().kind, EntryKind::HashedRekord(expected));
        assert_eq!(verified.times().iter().any(|time| time.source == TimeSource::TimestampAuthority), timestamp);
        let issuer = &verified.identity().issuer;
        second_opinion(signature.text.as_bytes(), &local.trusted_root, "a@example.com", issuer).unwrap();
    }
}

#[test]
fn a_signature_of_one_instance_is_unknown_to_another() {
    let local = local();
    let signature = local.sign(&local.services(LogVersion::V1, false));
    let signed = Signed { payload: Cow::Borrowed(PAYLOAD), signature: Cow::Borrowed(signature.text.as_bytes()) };
    let public = TrustRoot::embedded(&Instance::Public).unwrap().unwrap();
    assert_eq!(Verifier::new(vec![public], jiff::Timestamp::now()).verify(&signed).unwrap_err().reason(), Reason::UnknownAuthority);
}
