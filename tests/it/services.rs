//! The clients of the services and the login, with the local Sigstore over real HTTP.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    pkcs8::EncodePublicKey as _,
};
use paraph::internals::{
    evidence::entry::{HashedRekord, TransparencyLogEntry},
    evidence::rfc3161::TstInfo,
    identity::{Desktop, DeviceCode, IdentityToken, LoginError, LoginMethod, LoginOptions, OidcClient, Opener, Prompt},
    local::{Instance, Running, ServeOptions},
    service::{
        Http, TimeLimits,
        fulcio::{CertificateRequest, Fulcio},
        rekor_v1::RekorV1,
        rekor_v2::RekorV2,
        timestamp::TimestampAuthority,
        tuf::Mirror,
    },
};
use std::time::Duration;

struct Sigstore {
    folder: tempfile::TempDir,
    url: String,
    tuf: String,
    trusted_root: String,
    access_code: String,
    _running: Running,
}

fn sigstore() -> Sigstore {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::init(&folder.path().join("instance")).unwrap();
    let (url, tuf) = (instance.url(), instance.tuf_url());
    let (trusted_root, access_code) = (instance.trusted_root_json().to_owned(), instance.access_code().to_owned());
    let running = instance.start(ServeOptions::default()).unwrap();
    Sigstore { folder, url, tuf, trusted_root, access_code, _running: running }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn http() -> Http {
    Http::new(TimeLimits::default())
}

async fn log_in(sigstore: &Sigstore, access_code: &str, email: &str) -> Result<IdentityToken, LoginError> {
    log_in_at(&sigstore.url, access_code, email).await
}

async fn log_in_at(url: &str, access_code: &str, email: &str) -> Result<IdentityToken, LoginError> {
    let options = LoginOptions {
        method: LoginMethod::Direct(access_code),
        login_hint: Some(email),
        offline: false,
        opener: &Opener::Nothing,
        desktop: Desktop { terminal: false, session: false },
        autoclose: None,
        timeout: Duration::from_secs(30),
    };
    Ok(OidcClient::public(url, "sigstore").log_in(&http(), &options, &Unseen).await?.id_token)
}

/// The prompt of a login at the local issuer, which shows nothing.
struct Unseen;

impl Prompt for Unseen {
    fn log_in_at(&self, url: &str, _opening: bool) {
        panic!("{url}");
    }

    fn enter_code(&self, code: DeviceCode<'_>) {
        panic!("{code:?}");
    }
}

/// A key, its certificate and a signature.
struct Signed {
    digest: [u8; 32],
    signature: Vec<u8>,
    chain: Vec<Vec<u8>>,
}

impl Signed {
    async fn by(sigstore: &Sigstore) -> Self {
        let token = log_in(sigstore, &sigstore.access_code, "you@example.com").await.unwrap();
        let key = SigningKey::from_slice(&[5; 32]).unwrap();
        let sign = |message: &[u8]| {
            let signature: DerSignature = key.sign(message);
            signature.as_bytes().to_vec()
        };
        let public_key = key.verifying_key().to_public_key_der().unwrap();
        let proof = sign(token.principal().as_bytes());
        let request = CertificateRequest { token: token.secret(), public_key: public_key.as_bytes(), proof: &proof };
        let chain = Fulcio::new(&http(), &sigstore.url).unwrap().certify(request).await.unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"message").as_ref().try_into().unwrap();
        Self { digest, signature: sign(b"message"), chain }
    }

    fn record(&self) -> HashedRekord<'_> {
        HashedRekord::of_certificate(&self.digest, &self.signature, &self.chain[0], "PKIX_ECDSA_P256_SHA_256")
    }
}

fn log_ids(trusted_root: &str) -> Vec<Vec<u8>> {
    let root: serde_json::Value = serde_json::from_str(trusted_root).unwrap();
    let id = |log: &serde_json::Value| STANDARD.decode(log["logId"]["keyId"].as_str().unwrap()).unwrap();
    root["tlogs"].as_array().unwrap().iter().map(id).collect()
}

/// The parts of an entry that are the same in each answer.
fn lasting(entry: &TransparencyLogEntry) -> (i64, Vec<u8>, i64, Vec<u8>) {
    (entry.log_index, entry.log_id.as_ref().unwrap().key_id.clone(), entry.integrated_time, entry.canonicalized_body.clone())
}

#[test]
fn a_login_without_a_person_gives_a_token_that_fulcio_takes() {
    run(async {
        let sigstore = sigstore();
        let signed = Signed::by(&sigstore).await;
        assert_eq!(signed.chain.len(), 3);
        let error = log_in(&sigstore, "another code", "you@example.com").await.unwrap_err();
        assert!(matches!(error, LoginError::AccessCode | LoginError::Refused { .. }), "{error}");
    });
}

#[test]
fn both_logs_give_the_same_entry_when_they_are_asked_twice() {
    run(async {
        let sigstore = sigstore();
        let signed = Signed::by(&sigstore).await;
        let v1 = RekorV1::new(&http(), &sigstore.url).unwrap();
        let (made, found) = (v1.create(&signed.record()).await.unwrap(), v1.create(&signed.record()).await.unwrap());
        assert_eq!(lasting(&made), lasting(&found));
        let (v2, ids) = (RekorV2::new(&http(), &sigstore.url).unwrap(), log_ids(&sigstore.trusted_root));
        let (made, found) = (v2.create(&signed.record(), &ids).await.unwrap(), v2.create(&signed.record(), &ids).await.unwrap());
        assert_eq!(lasting(&made), lasting(&found));
    });
}

#[test]
fn the_authority_stamps_the_signature() {
    run(async {
        let sigstore = sigstore();
        let url = format!("{}/api/v1/timestamp", sigstore.url);
        let token = TimestampAuthority::new(&http(), &url).unwrap().stamp(b"a signature").await.unwrap();
        let said = TstInfo::of_token(&token).unwrap();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"a signature");
        assert_eq!(said.message_imprint.hashed_message.as_bytes(), digest.as_ref());
    });
}

#[test]
fn the_local_tuf_repository_gives_the_instances_trust() {
    run(async {
        let sigstore = sigstore();
        let mirror = Mirror::new(sigstore.folder.path(), &sigstore.tuf).unwrap();
        let root = std::fs::read(sigstore.folder.path().join("instance/tuf/1.root.json")).unwrap();
        mirror.initialize(&http(), &root).await.unwrap();
        let trust = mirror.refresh(&http(), jiff::Timestamp::now()).await.unwrap();
        assert_eq!(trust.trusted_root, sigstore.trusted_root);
        assert!(trust.signing_config.is_some());
        assert_eq!(mirror.cached().unwrap(), Some(trust));
    });
}

/// A program that is stopped when the test ends.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_can_write_nothing_answers_what_it_has_and_refuses_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("instance");
    let instance = Instance::init(&path).unwrap();
    let (url, access_code) = (instance.url(), instance.access_code().to_owned());
    // the largest file may have no byte: every write fails, as on a full disk
    let full = "ulimit -f 0; trap '' XFSZ; exec \"$0\" local serve --dir \"$1\"";
    let read_only = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && exec \"$0\" local serve --dir \"$1\"";
    let namespace = ["--user", "--map-root-user", "--mount"];
    let tried = std::process::Command::new("unshare").args(namespace).args(["mount", "--bind", "/dev/null", "/dev/null"]).output();
    let mut cases = vec![vec!["bash", "-c", full]];
    if tried.is_ok_and(|tried| tried.status.success()) {
        cases.push([&["unshare"], &namespace[..], &["bash", "-c", read_only]].concat());
    }
    for case in cases {
        let mut serve = std::process::Command::new(case[0]);
        serve.args(&case[1..]).arg(env!("CARGO_BIN_EXE_paraph")).arg(&path).stderr(std::process::Stdio::null());
        let _server = Stopped(serve.spawn().unwrap());
        reads_and_does_not_write(&url, &access_code);
    }
}

fn reads_and_does_not_write(url: &str, access_code: &str) {
    run(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let started = std::time::Instant::now();
        while client.get(format!("{url}/healthz")).send().await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "it does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for file in ["keys", "tuf/timestamp.json", "tuf/1.root.json", "api/v1/log", "api/v2/trustBundle", "api/v2/checkpoint"] {
            let answer = client.get(format!("{url}/{file}")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{file}");
        }
        let error = log_in_at(url, access_code, "you@example.com").await.unwrap_err();
        assert!(error.to_string().contains("507 Insufficient Storage"), "{error}");
    });
}

#[test]
fn stop_signals_the_process_that_holds_the_lock_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("instance");
    Instance::init(&path).unwrap();
    let program = env!("CARGO_BIN_EXE_paraph");
    let call = |words: &[&str]| std::process::Command::new(program).arg("local").args(words).arg("--dir").arg(&path).output().unwrap();
    let mut other = Stopped(std::process::Command::new("sleep").arg("600").spawn().unwrap());
    let earlier = other.0.id().to_string();
    // what an earlier server left on a read-only mount, and on a full disk
    for recorded in [earlier.as_str(), "", "0", "-1"] {
        let mut serve = std::process::Command::new(program);
        serve.args(["local", "serve", "--dir"]).arg(&path).stderr(std::process::Stdio::piped());
        let mut server = Stopped(serve.spawn().unwrap());
        // the first line is printed when it listens
        let mut messages = std::io::BufReader::new(server.0.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut messages, &mut String::new()).unwrap();
        std::fs::write(path.join("lock"), recorded).unwrap();
        let status: serde_json::Value = serde_json::from_slice(&call(&["status", "--json"]).stdout).unwrap();
        assert_eq!(status["process"], server.0.id(), "{recorded:?}");
        let stopped = call(&["stop"]);
        assert!(stopped.status.success(), "{recorded:?}: {}", String::from_utf8_lossy(&stopped.stderr));
        assert!(!server.0.wait().unwrap().success(), "it ended by the signal");
        assert!(other.0.try_wait().unwrap().is_none(), "{recorded:?}: another process was ended");
    }
    // a lock of which the system names no holder
    std::fs::write(path.join("lock"), &earlier).unwrap();
    let lock = std::fs::File::open(path.join("lock")).unwrap();
    lock.try_lock().unwrap();
    let refused = call(&["stop"]);
    let message = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(5), "{message}");
    assert!(message.contains("does not say which process serves"), "{message}");
    assert!(other.0.try_wait().unwrap().is_none(), "another process was ended");
}

#[test]
fn a_server_in_the_background_keeps_no_descriptor_of_its_caller() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("instance");
    Instance::init(&path).unwrap();
    let program = env!("CARGO_BIN_EXE_paraph");
    // the output ends when the last process has closed descriptor 3
    let script = "exec 3>&1 >/dev/null 2>&1; \"$0\" local serve --background --dir \"$1\"";
    let mut caller = std::process::Command::new("bash");
    caller.args(["-c", script, program]).arg(&path).stdout(std::process::Stdio::piped());
    let mut caller = caller.spawn().unwrap();
    let mut output = caller.stdout.take().unwrap();
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::io::Read::read_to_end(&mut output, &mut Vec::new())));
    assert!(caller.wait().unwrap().success());
    let ended = ended.recv_timeout(Duration::from_secs(10));
    assert!(Instance::served_by(&path).is_some());
    let stopped = std::process::Command::new(program).args(["local", "stop", "--dir"]).arg(&path).output().unwrap();
    assert!(stopped.status.success());
    assert!(ended.is_ok_and(|read| read.is_ok()), "the server holds the descriptor");
}
