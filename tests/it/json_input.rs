//! JSON from outside: whatever reads it refuses an array in the place of an object, a repeated field, more than one document, and what is not JSON,
//! each with one line of its own. A document of any depth is no danger.

use crate::{
    logins::{Nobody, client, http, options, run},
    support::{
        sandbox::{Done, Sandbox},
        sigstore::{EMAIL, Sigstore},
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use paraph::internals::identity::{LoginMethod, RefreshToken};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

/// Hostile forms of a document, each with its name.
pub fn forms(document: &str) -> Vec<(&'static str, String)> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(document).unwrap();
    let (field, value) = object.iter().next().unwrap();
    let values: Vec<&Value> = object.values().collect();
    let rest = document.trim().strip_prefix('{').unwrap();
    vec![
        ("array", serde_json::to_string(&values).unwrap()),
        ("array of it", format!("[{document}]")),
        ("repeated field", format!("{{{}:{value},{rest}", Value::from(field.as_str()))),
        ("deep", "[".repeat(20_000) + &"]".repeat(20_000)),
        ("deep objects", "{\"a\":".repeat(5_000) + "1" + &"}".repeat(5_000)),
        ("second document", format!("{}{{}}", document.trim())),
        ("bytes behind", format!("{} x", document.trim())),
        ("cut", document.trim().strip_suffix('}').unwrap().to_owned()),
        ("empty", String::new()),
        ("null", "null".to_owned()),
    ]
}

/// Checks a refusal: one line for the error, and no success. Returns the line.
fn refusal(done: &Done, what: &str, form: &str) -> String {
    let text = format!("{}{}", done.stdout, done.stderr);
    assert!(!text.contains("panicked") && !matches!(done.code, None | Some(0 | 101)), "{what}, {form}: {done:?}");
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ") || line.contains("[bundle-")).collect();
    assert!(!errors.is_empty() && errors.iter().all(|line| line.len() < 1000), "{what}, {form}: {done:?}");
    errors[0].to_owned()
}

/// Refuses every form; the lines differ at least as much as the kinds of faults do.
fn all_refused(what: &str, document: &str, kinds: usize, accepted: &[&str], call: impl Fn(&str) -> Done) {
    let mut lines = BTreeSet::new();
    for (form, text) in forms(document) {
        let done = call(&text);
        if !accepted.contains(&form) {
            lines.insert(refusal(&done, what, form));
        }
    }
    assert!(lines.len() >= kinds, "{what}: {lines:#?}");
}

fn signing() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let mut sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    sandbox.set("SIGSTORE_ID_TOKEN", &sigstore.token(EMAIL));
    fs::write(sandbox.work().join("file"), "text").unwrap();
    (sigstore, sandbox)
}

#[test]
fn files_of_json_are_objects() {
    let (sigstore, sandbox) = signing();
    let input = sandbox.root().join("input");
    let with = |arguments: &[&str], text: &str| {
        fs::write(&input, text).unwrap();
        let arguments: Vec<&str> =
            arguments.iter().map(|argument| if *argument == "INPUT" { input.to_str().unwrap() } else { argument }).collect();
        sandbox.paraph(&arguments)
    };
    let read = |path: &str| fs::read_to_string(path).unwrap();
    assert_eq!(sandbox.paraph(&["sign", "file"]).code, Some(0));
    let bundle = read(sandbox.work().join("file.sigstore.json").to_str().unwrap());
    assert_eq!(with(&["verify-file", "--bundle", "INPUT", "file"], &bundle).code, Some(10));
    all_refused("bundle", &bundle, 5, &[], |text| with(&["verify-file", "--bundle", "INPUT", "file"], text));
    let root = read(&sigstore.file("trusted_root.json"));
    all_refused("trusted root", &root, 3, &[], |text| with(&["trust", "import", "--instance", "lab", "INPUT"], text));
    let first = read(&sigstore.file("tuf/1.root.json"));
    let mirror = format!("{}/tuf", sigstore.url);
    // the library reads the last of repeated fields, and verifies the signatures over what it has read
    all_refused("TUF root", &first, 4, &["repeated field"], |text| {
        with(&["trust", "initialize", "--instance", "lab", "--mirror", &mirror, "--root", "INPUT"], text)
    });
    let statement = format!(
        r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"file","digest":{{"sha256":"{}"}}}}],"predicateType":"https://x.example/p","predicate":{{}}}}"#,
        "0".repeat(64)
    );
    assert_eq!(with(&["sign", "--statement", "INPUT", "--bundle", "signed.json"], &statement).code, Some(0));
    all_refused("statement", &statement, 5, &[], |text| {
        with(&["sign", "--statement", "INPUT", "--bundle", "signed.json", "--force"], text)
    });
    sandbox.git(&["config", "--global", "paraph.local.signingConfig", input.to_str().unwrap()]);
    let config = read(&sigstore.file("signing_config.json"));
    assert_eq!(with(&["sign", "--force", "file"], &config).code, Some(0));
    all_refused("signing config", &config, 5, &[], |text| with(&["sign", "--force", "file"], text));
}

/// The parts of a bundle that are objects: an array of the same values is none of them.
#[test]
fn an_array_of_the_fields_is_no_part_of_a_bundle() {
    let (sigstore, sandbox) = signing();
    assert_eq!(sandbox.paraph(&["sign", "file"]).code, Some(0));
    sigstore.allow(&sandbox, EMAIL);
    let bundle: Value = serde_json::from_slice(&fs::read(sandbox.work().join("file.sigstore.json")).unwrap()).unwrap();
    let mut seen = 0;
    let mut parts: Vec<String> = vec![String::new()];
    while let Some(pointer) = parts.pop() {
        let part = bundle.pointer(&pointer).unwrap();
        let below: Vec<String> = match part {
            Value::Object(fields) => fields.keys().cloned().collect(),
            Value::Array(elements) => (0..elements.len()).map(|number| number.to_string()).collect(),
            _ => Vec::new(),
        };
        parts.extend(below.into_iter().map(|name| format!("{pointer}/{name}")));
        let Value::Object(fields) = part else { continue };
        let mut values: Vec<Value> = fields.values().cloned().collect();
        // fields that may be left out
        for _ in 0..3 {
            let mut changed = bundle.clone();
            *changed.pointer_mut(&pointer).unwrap() = Value::from(values.clone());
            fs::write(sandbox.work().join("changed.json"), changed.to_string()).unwrap();
            let done = sandbox.paraph(&["verify-file", "--bundle", "changed.json", "file"]);
            assert!(done.code == Some(15) && done.stdout.contains("[bundle-malformed]"), "{pointer}: {done:?}");
            values.push(Value::Null);
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn the_parts_of_a_token_are_objects() {
    let (sigstore, sandbox) = signing();
    let token = sigstore.token(EMAIL);
    let parts: Vec<&str> = token.split('.').collect();
    let decoded = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let with = |token: String| -> Done {
        let file = sandbox.root().join("token");
        fs::write(&file, token).unwrap();
        let mut command = sandbox.command(&sandbox.program, &sandbox.work());
        command.env_remove("SIGSTORE_ID_TOKEN").env("SIGSTORE_OIDC_TOKEN_FILE", file).args(["sign", "--force", "file"]);
        command.output().unwrap().into()
    };
    all_refused("header", &decoded(parts[0]), 1, &[], |text| with([&*URL_SAFE_NO_PAD.encode(text), parts[1], parts[2]].join(".")));
    all_refused("claims", &decoded(parts[1]), 5, &[], |text| with([parts[0], &*URL_SAFE_NO_PAD.encode(text), parts[2]].join(".")));
}

/// A server of fixed answers.
struct Server {
    url: String,
}

impl Server {
    /// One that gives the same answer to everything.
    fn start(status: &'static str, body: String) -> Self {
        Self::answering(status, move |_, _| body.clone())
    }

    /// One whose answers follow from its own URL and a request's path.
    fn answering(status: &'static str, body: impl Fn(&str, &str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = url.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 1 << 16];
                let length = stream.read(&mut request).unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]);
                let body = body(&own, request.split(' ').nth(1).unwrap_or_default());
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
            }
        });
        Self { url }
    }
}

#[test]
fn answers_of_services_are_objects() {
    let (_sigstore, sandbox) = signing();
    let with = |variable: &str, status: &'static str, text: &str| -> Done {
        let server = Server::start(status, text.to_owned());
        let mut command = sandbox.command(&sandbox.program, &sandbox.work());
        command.env(variable, &server.url).args(["sign", "--force", "file"]).output().unwrap().into()
    };
    let certificate = r#"{"signedCertificateEmbeddedSct":{"chain":{"certificates":["x"]}}}"#;
    let entry = r#"{"0123":{"body":"x","integratedTime":1,"logID":"x","logIndex":1}}"#;
    for (variable, status, document, kinds) in [
        ("PARAPH_FULCIO_URL", "201 Created", certificate, 4),
        ("PARAPH_REKOR_URL", "201 Created", entry, 3),
        ("PARAPH_FULCIO_URL", "400 Bad Request", r#"{"code":3,"message":"x"}"#, 2),
    ] {
        let refused = |text: &str| {
            let done = with(variable, status, text);
            // each call has its own port
            let stderr = done.stderr.replace(|character: char| character.is_ascii_digit(), "");
            Done { stderr, ..done }
        };
        all_refused(variable, document, kinds, &[], refused);
    }
}

/// The metadata of an issuer are read by the OpenID library in a login; `doctor` reads the same answer.
#[test]
fn the_metadata_of_an_issuer_are_an_object() {
    let (_sigstore, sandbox) = signing();
    let document = r#"{"issuer":"URL","authorization_endpoint":"URL/a","token_endpoint":"URL/t","jwks_uri":"URL/j"}"#;
    for (form, text) in forms(document) {
        let server = Server::start("200 OK", text);
        let mut command = sandbox.command(&sandbox.program, &sandbox.work());
        let done: Done = command.env("PARAPH_OIDC_ISSUER", &server.url).arg("doctor").output().unwrap().into();
        let line = done.stdout.lines().find(|line| line.starts_with("problem  issuer")).unwrap_or_default();
        assert!(line.contains("sent an ") && !done.stderr.contains("panicked"), "{form}: {done:?}");
    }
}

/// The answers in a login with a code and in a renewal. None of the forms leads as far as the good answers do.
#[test]
fn the_answers_of_an_issuer_are_objects() {
    let metadata = r#"{"issuer":"URL","authorization_endpoint":"URL/a","token_endpoint":"URL/t","jwks_uri":"URL/keys","device_authorization_endpoint":"URL/device","response_types_supported":["code"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}"#;
    let good = [
        ("/.well-known/openid-configuration", metadata),
        ("/keys", r#"{"keys":[]}"#),
        ("/t", r#"{"id_token":"no token","token_type":"Bearer"}"#),
        ("/device", r#"{"device_code":"x","user_code":"AB-CD","verification_uri":"URL/v","expires_in":60,"interval":0}"#),
    ];
    let error = |by_device: bool, path: &'static str, answer: String| {
        let server = Server::answering("200 OK", move |url, asked| {
            let body = good.iter().find(|(known, _)| *known == asked).map_or("", |(_, body)| body);
            if asked == path { &answer } else { body }.replace("URL", url)
        });
        run(async {
            let (client, http, session) = (client(&server.url), http(), RefreshToken::new("token".to_owned().into(), "ann").unwrap());
            let outcome = match by_device {
                true => client.log_in(&http, &options(LoginMethod::Device), &Nobody).await.map(drop),
                false => client.renew(&http, &session).await.map(drop),
            };
            outcome.unwrap_err().to_string().replace(&server.url, "URL")
        })
    };
    let mut lines = BTreeSet::new();
    for (by_device, path, document) in good.iter().flat_map(|(path, document)| [(true, *path, *document), (false, *path, *document)]) {
        if path == "/device" && !by_device {
            continue;
        }
        let reached = error(by_device, path, document.to_owned());
        assert!(reached.contains("token"), "{reached}");
        let mut hostile = forms(document);
        let object: serde_json::Map<String, Value> = serde_json::from_str(document).unwrap();
        let first = object.keys().next().unwrap();
        for (form, wrong) in
            [("number", Value::from(7)), ("object", serde_json::json!({"a": 1})), ("list of lists", serde_json::json!([[]]))]
        {
            let mut changed = object.clone();
            changed.insert(first.clone(), wrong);
            hostile.push((form, Value::from(changed).to_string()));
        }
        hostile.push(("huge", document.to_owned() + &" ".repeat(2 << 20)));
        // the library passes over keys that it cannot read
        hostile.retain(|(form, _)| (path, *form) != ("/keys", "list of lists"));
        for (form, text) in hostile {
            let told = error(by_device, path, text);
            assert!(told != reached && told.len() < 1000, "{path}, {form}: {told}");
            lines.insert(told);
        }
    }
    assert!(lines.len() >= 8, "{lines:#?}");
}

/// The local Sigstore reads what its real models read: the first document of a body. It never fails otherwise than with an answer in their form.
#[test]
fn requests_of_the_local_sigstore_are_objects() {
    let (sigstore, _sandbox) = signing();
    let address = sigstore.url.strip_prefix("http://").unwrap();
    for path in [
        "/api/v2/signingCert",
        "/api/v1/log/entries",
        "/api/v2/log/entries",
        "/api/v1/timestamp",
        "/api/v1/index/retrieve",
        "/api/v1/log/entries/retrieve",
    ] {
        for (form, text) in forms(r#"{"a":1,"b":[{"c":2}]}"#) {
            let mut stream = TcpStream::connect(address).unwrap();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let status = answer.split(' ').nth(1).unwrap_or_default();
            // as Rekor answers
            let is_cut = status == "500" && answer.contains("unexpected EOF");
            let is_search = path.ends_with("retrieve") && status == "200" && answer.ends_with("[]\n");
            assert!(status.starts_with('4') || is_cut || is_search, "{path}, {form}: {answer}");
            assert!(!form.starts_with("array") || status.starts_with('4'), "{path}, {form}: {answer}");
        }
    }
}
