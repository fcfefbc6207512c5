//! git's settings of connections: the services are called as git itself calls servers, except as a repository says.

use super::repository;
use crate::support::{objects::installed, sandbox::Sandbox, sigstore::Sigstore};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Stdio},
    sync::{Arc, Mutex},
};

/// A proxy that records the first line of each request, and tunnels to one server or refuses.
struct Proxy {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(server: Option<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        // the threads end with the test's process
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                record.lock().unwrap().push(String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned());
                match server.and_then(|port| TcpStream::connect(("127.0.0.1", port)).ok()) {
                    None => drop(client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
                    Some(server) => {
                        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                        for (mut from, mut to) in [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))]
                            .map(|(from, to)| (from.unwrap(), to.unwrap()))
                        {
                            std::thread::spawn(move || {
                                let _ = std::io::copy(&mut from, &mut to);
                                let _ = to.shutdown(Shutdown::Both);
                            });
                        }
                    }
                }
            }
        });
        Self { url, seen }
    }

    /// Whether it was asked for a host since the last time.
    fn was_asked_for(&self, host: &str) -> bool {
        std::mem::take(&mut *self.seen.lock().unwrap()).iter().any(|line| line.contains(host))
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }
}

/// A repository that signs with a certificate authority on another machine, which can be reached through a proxy alone.
fn repository_with_remote_fulcio() -> (Sigstore, Sandbox) {
    let (sigstore, mut sandbox) = repository();
    sandbox.git(&["config", "--global", "paraph.fulcio", "https://fulcio.invalid"]);
    sandbox.git(&["config", "--global", "paraph.timeout", "5"]);
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token(crate::support::sigstore::EMAIL));
    (sigstore, sandbox)
}

const COMMIT: [&str; 5] = ["commit", "-q", "-S", "--allow-empty", "-m"];

fn commit(sandbox: &Sandbox, options: &[&str]) -> String {
    let done = sandbox.try_git(&[options, &COMMIT, &["message"]].concat());
    assert_eq!(done.code, Some(128), "{}", done.stderr);
    sandbox.paraph(&["doctor", "--offline"]).stdout
}

#[test]
fn gits_proxy_is_used_from_everywhere_but_a_repository() {
    let (_sigstore, mut sandbox) = repository_with_remote_fulcio();
    let (proxy, other) = (Proxy::start(None), Proxy::start(None));
    let asks = |sandbox: &Sandbox, options: &[&str]| {
        commit(sandbox, options);
        assert!(!other.was_asked_for("fulcio.invalid"));
        proxy.was_asked_for("CONNECT fulcio.invalid:443")
    };
    assert!(!asks(&sandbox, &[]));
    let of = |key: &str, proxy: &str| format!("{key}={proxy}");
    assert!(asks(&sandbox, &["-c", &of("http.proxy", &proxy.url)]));
    assert!(asks(&sandbox, &["-c", &of("http.proxy", proxy.address())]), "without a scheme");
    assert!(asks(&sandbox, &["-c", &of("http.https://fulcio.invalid.proxy", &proxy.url), "-c", &of("http.proxy", &other.url)]));
    assert!(asks(&sandbox, &["-c", &of("http.https://*.invalid/.proxy", &proxy.url)]));
    assert!(!asks(&sandbox, &["-c", &of("http.https://elsewhere.invalid.proxy", &proxy.url)]));
    assert!(!asks(&sandbox, &["-c", &of("remote.origin.proxy", &proxy.url)]));
    // in the repository
    sandbox.git(&["config", "http.proxy", &proxy.url]);
    sandbox.git(&["config", "http.https://fulcio.invalid.proxy", &proxy.url]);
    assert!(!asks(&sandbox, &[]));
    sandbox.git(&["config", "--global", "http.proxy", &proxy.url]);
    sandbox.git(&["config", "http.proxy", &other.url]);
    assert!(asks(&sandbox, &[]), "the user's own");
    // git's own order: an empty value means no proxy, and no_proxy counts for git's setting too
    assert!(!asks(&sandbox, &["-c", "http.proxy="]));
    sandbox.set("no_proxy", "fulcio.invalid");
    assert!(!asks(&sandbox, &[]));
    sandbox.unset("no_proxy");
    sandbox.set("https_proxy", &other.url);
    assert!(asks(&sandbox, &[]), "the setting goes before the variable");
}

#[test]
#[cfg(unix)]
fn the_agent_uses_its_users_proxy_and_leaves_what_is_set_for_one_command() {
    let (_sigstore, mut sandbox) = repository_with_remote_fulcio();
    sandbox.link_program();
    sandbox.git(&["config", "--global", "gpg.x509.program", &sandbox.program]);
    sandbox.unset("SIGSTORE_ID_TOKEN");
    sandbox.set("PARAPH_AGENT", "auto");
    let (users, commands) = (Proxy::start(None), Proxy::start(None));
    sandbox.git(&["config", "--global", "http.proxy", &users.url]);
    commit(&sandbox, &[]);
    assert!(users.was_asked_for("fulcio.invalid"));
    commit(&sandbox, &["-c", &format!("http.proxy={}", commands.url)]);
    assert!(commands.was_asked_for("fulcio.invalid") && !users.was_asked_for("fulcio.invalid"));
    assert_eq!(sandbox.paraph(&["agent", "stop"]).code, Some(0));
}

#[test]
fn services_on_this_machine_are_called_directly() {
    let (_sigstore, sandbox) = repository();
    let proxy = Proxy::start(None);
    for setting in [format!("http.proxy={}", proxy.url), "http.sslCAInfo=/nowhere".to_owned(), "http.sslVerify=false".to_owned()] {
        sandbox.git(&[&["-c", &setting], &COMMIT[..], &["message"]].concat());
    }
    assert!(!proxy.was_asked_for(""));
}

#[test]
fn connections_without_verification_are_refused() {
    let (_sigstore, mut sandbox) = repository_with_remote_fulcio();
    let refusal = "turns off the verification of certificates";
    let proxy = Proxy::start(None);
    let of_proxy = format!("http.proxy={}", proxy.url);
    for setting in ["http.sslVerify=false", "http.https://fulcio.invalid.sslVerify=no"] {
        let report = commit(&sandbox, &["-c", &of_proxy, "-c", setting]);
        assert!(report.contains(refusal) && !proxy.was_asked_for("fulcio.invalid"), "{setting}: {report}");
    }
    // somebody else's address, and a repository's setting
    assert!(!commit(&sandbox, &["-c", &of_proxy, "-c", "http.https://git.example.com.sslVerify=false"]).contains(refusal));
    sandbox.git(&["config", "http.sslVerify", "false"]);
    assert!(!commit(&sandbox, &["-c", &of_proxy]).contains(refusal));
    assert!(proxy.was_asked_for("fulcio.invalid"));
    sandbox.set("GIT_SSL_NO_VERIFY", "1");
    let report = commit(&sandbox, &["-c", &of_proxy]);
    assert!(report.contains("the variable GIT_SSL_NO_VERIFY") && !proxy.was_asked_for("fulcio.invalid"), "{report}");
}

/// A server over TLS whose certificate nobody knows, with its certificate in `ca.pem`.
struct Unknown {
    server: Child,
    port: u16,
}

impl Unknown {
    fn start(sandbox: &Sandbox) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = sandbox.root();
        let extensions = ["-addext", "subjectAltName=DNS:fulcio.invalid,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
        let subject = ["-subj", "/CN=fulcio.invalid", "-keyout", "key.pem", "-out", "ca.pem"];
        let mut certificate = sandbox.command("openssl", &root);
        certificate
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
            .args(extensions)
            .args(subject);
        assert!(certificate.output().unwrap().status.success());
        let mut server = sandbox.command("openssl", &root);
        server.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "ca.pem", "-key", "key.pem", "-www", "-quiet"]);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { server, port }
    }
}

impl Drop for Unknown {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn gits_certificate_authorities_are_used_from_everywhere_but_a_repository() {
    let test = "gits_certificate_authorities_are_used_from_everywhere_but_a_repository";
    if !installed("openssl", test) {
        return;
    }
    let (_sigstore, mut sandbox) = repository_with_remote_fulcio();
    let server = Unknown::start(&sandbox);
    let proxy = Proxy::start(Some(server.port));
    sandbox.git(&["config", "--global", "http.proxy", &proxy.url]);
    // the server answers no request of this kind
    sandbox.git(&["config", "--global", "paraph.timeout", "2"]);
    let file = sandbox.root().join("ca.pem").to_str().unwrap().to_owned();
    let folder = sandbox.root().join("authorities");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&file, folder.join("0123abcd.0")).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    // what comes after the handshake does not matter here
    let is_trusted = |sandbox: &Sandbox, options: &[&str]| {
        let report = commit(sandbox, options);
        assert!(report.contains("Fulcio at https://fulcio.invalid"), "{report}");
        !report.contains("could not be authenticated")
    };
    assert!(!is_trusted(&sandbox, &[]));
    for (key, value) in [("sslCAInfo", &file), ("sslCAPath", &folder), ("https://fulcio.invalid.sslCAInfo", &file)] {
        assert!(is_trusted(&sandbox, &["-c", &format!("http.{key}={value}")]), "{key}");
        sandbox.git(&["config", &format!("http.{key}"), value]);
    }
    assert!(!is_trusted(&sandbox, &["-c", &format!("http.https://elsewhere.invalid.sslCAInfo={file}")]), "the repository's are not used");
    let report = commit(&sandbox, &["-c", "http.sslCAInfo=/nowhere/ca.pem"]);
    assert!(report.contains("/nowhere/ca.pem cannot be used"), "{report}");
    for (name, value) in [("GIT_SSL_CAINFO", &file), ("GIT_SSL_CAPATH", &folder)] {
        sandbox.set(name, value);
        assert!(is_trusted(&sandbox, &[]), "{name}");
        sandbox.unset(name);
    }
}

#[test]
fn a_service_over_tls_on_this_machine_is_authenticated_as_any_other_but_without_a_proxy() {
    if !installed("openssl", "a_service_over_tls_on_this_machine_is_authenticated_as_any_other_but_without_a_proxy") {
        return;
    }
    let (_sigstore, mut sandbox) = repository_with_remote_fulcio();
    let (server, proxy) = (Unknown::start(&sandbox), Proxy::start(None));
    let service = format!("https://localhost:{}", server.port);
    sandbox.git(&["config", "--global", "paraph.fulcio", &service]);
    // the server answers no request of this kind
    sandbox.git(&["config", "--global", "paraph.timeout", "2"]);
    sandbox.git(&["config", "--global", "http.proxy", &proxy.url]);
    let file = sandbox.root().join("ca.pem").to_str().unwrap().to_owned();
    let is_trusted = |sandbox: &Sandbox, options: &[&str]| {
        let report = commit(sandbox, options);
        assert!(report.contains(&format!("Fulcio at {service}")), "{report}");
        assert!(!proxy.was_asked_for(""));
        !report.contains("could not be authenticated")
    };
    assert!(!is_trusted(&sandbox, &[]));
    assert!(is_trusted(&sandbox, &["-c", &format!("http.sslCAInfo={file}")]));
    sandbox.git(&["config", "http.sslCAInfo", &file]);
    assert!(!is_trusted(&sandbox, &[]), "the repository's are not used");
    sandbox.set("SSL_CERT_FILE", &file);
    assert!(is_trusted(&sandbox, &[]));
    sandbox.unset("SSL_CERT_FILE");
    let report = commit(&sandbox, &["-c", "http.sslVerify=false"]);
    assert!(report.contains("turns off the verification of certificates"), "{report}");
}

#[test]
fn config_and_doctor_show_what_is_used_without_passwords() {
    let (_sigstore, sandbox) = repository();
    sandbox.git(&["config", "--global", "http.proxy", "http://ann:hunter2@proxy.invalid:3128"]);
    sandbox.git(&["config", "--global", "http.https://a.invalid.sslCAInfo", "~/ca.pem"]);
    sandbox.git(&["config", "http.proxy", "http://mallory:hunter2@proxy.invalid"]);
    for arguments in [&["config"][..], &["config", "--json"], &["doctor"]] {
        let done = sandbox.paraph(arguments);
        let shown = format!("{}{}", done.stdout, done.stderr);
        assert!(shown.contains("http://ann:***@proxy.invalid:3128") && !shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("http.https://a.invalid.sslCAInfo in "), "{shown}");
        assert!(shown.contains(sandbox.home().join("ca.pem").to_str().unwrap()), "{shown}");
        if arguments != ["config", "--json"] {
            assert!(shown.contains("is not used: a repository does not choose how an identity token travels"), "{shown}");
        }
    }
}
