//! Writes the seeds of a target into a folder: `seeds TARGET FOLDER`. A file's name is derived from its content, so writing again changes
//! nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use der::{Decode, Encode};
use paraph::internals::{
    agent_protocol as protocol,
    certificate::{Certificate, x509::TbsCertificate},
};
use paraph_fuzz::{
    facts::ROOTS,
    seeds::{self, Object, Parts},
    template,
};
use prost::Message;
use sha2::{Digest, Sha256};
use std::{fs, path::Path, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, folder] = arguments.as_slice() else {
        eprintln!("usage: seeds TARGET FOLDER");
        return ExitCode::from(2);
    };
    let seeds = of_target(target);
    if seeds.is_empty() {
        eprintln!("error: there is no target {target}");
        return ExitCode::from(2);
    }
    let folder = Path::new(folder);
    fs::create_dir_all(folder).expect("the folder can be made");
    for seed in &seeds {
        fs::write(folder.join(hex::encode(&Sha256::digest(seed)[..10])), seed).expect("the seed can be written");
    }
    println!("{}", seeds.len());
    ExitCode::SUCCESS
}

fn of_target(target: &str) -> Vec<Vec<u8>> {
    let objects = |kind: &str| seeds::objects().into_iter().filter(|object| object.kind == kind).map(|object| object.bytes).collect();
    match target {
        "commit" => objects("commit"),
        "tag" => objects("tag"),
        "push_certificate" => objects("push"),
        "pipeline" => seeds::objects().into_iter().map(|object| object.bytes).collect(),
        "armor" => from_parts(|parts| vec![parts.armored]),
        "cms" => from_parts(|parts| vec![parts.cms]),
        "certificate_extensions" => from_parts(|parts| parts.certificates.iter().flat_map(|der| with_extensions_alone(der)).collect()),
        "sct" => from_parts(|parts| parts.certificates.iter().filter_map(|der| sct_list(der)).collect()),
        "log_entry" => from_parts(|parts| parts.entry.into_iter().collect()),
        "detached_entry" => {
            let files = seeds::files("entries").into_iter().map(|(_, bytes)| bytes);
            files.chain(seeds::detached_entries().iter().map(|entry| entry.entry().encode_to_vec())).collect()
        }
        "checkpoint" => from_parts(|parts| parts.checkpoint.into_iter().map(String::into_bytes).collect()),
        "timestamp_token" => {
            let exchanges = seeds::timestamp_exchanges().into_iter().map(|(_, bytes)| bytes);
            from_parts(|parts| parts.tokens).into_iter().chain(exchanges).collect()
        }
        "trusted_root" => trusted_roots(),
        "allowed_identities" => seeds::files("allowed-identities").into_iter().map(|(_, bytes)| bytes).collect(),
        "git_parameters" => [
            "'paraph.trustedroot=/etc/root.json'",
            "'paraph.corp.trustedRoot'='/etc/root.json' 'gpg.format'='x509'",
            r"'user.name'='it'\''s me'\!'' 'commit.gpgsign'=",
            "'a.x=y.c'='' 'e.f'= 'g.h'\t'i.j =k'",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        "agent_protocol" => messages(),
        "bundle" => seeds::bundles(),
        "statement" => seeds::bundles().iter().filter_map(|bundle| payload(bundle)).collect(),
        _ => Vec::new(),
    }
}

/// The payload of a bundle's envelope.
fn payload(bundle: &[u8]) -> Option<Vec<u8>> {
    let fields: serde_json::Value = serde_json::from_slice(bundle).ok()?;
    STANDARD.decode(fields["dsseEnvelope"]["payload"].as_str()?).ok()
}

/// Messages of the agent's protocol, as JSON and as frames: a request of each kind, a request for each small object of the vectors, and a
/// reply of each kind.
fn messages() -> Vec<Vec<u8>> {
    let json = |message: serde_json::Value| message.to_string().into_bytes();
    let request = |fields: serde_json::Value| {
        let mut message = serde_json::json!({"version": protocol::VERSION, "program": "0.1.0"});
        for (name, value) in fields.as_object().expect("an object") {
            message[name] = value.clone();
        }
        json(message)
    };
    let sign = |payload: &[u8]| {
        request(serde_json::json!({
            "call": "sign", "subject": {"kind": "git", "payload": STANDARD.encode(payload)}, "instance": "public", "expected": null,
            "expected_issuer": "https://a.b", "hint": "ann@example.com", "repository": "/home/ann/src", "host": null, "reader": true,
        }))
    };
    let mut messages: Vec<Vec<u8>> =
        ["status", "journal", "lock", "unlock", "clear", "stop", "watch"].map(|call| request(serde_json::json!({"call": call}))).to_vec();
    messages.extend([
        request(serde_json::json!({"call": "login", "instance": "public", "hint": null})),
        request(serde_json::json!({"call": "logout", "identity": "ann@example.com"})),
        request(serde_json::json!({"call": "answer", "ask": 7, "allow": true})),
        request(serde_json::json!({"call": "sign", "subject": {"kind": "file", "digest": "00"}, "instance": "public", "reader": true})),
        json(serde_json::json!({
            "version": 1, "program": "0.1.0", "call": "sign", "payload": "dHJlZSA=", "instance": "public", "expected": null, "hint": null,
            "repository": null, "host": null, "reader": true,
        })),
        json(serde_json::json!({"version": 3, "program": "9.0.0", "call": "what", "else": [1, {}]})),
    ]);
    messages.extend(seeds::objects().iter().filter(|object| object.bytes.len() < 4096).map(|object| sign(&object.bytes)));
    messages.extend([
        sign(b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@x.y> 1 +0000\ncommitter A <a@x.y> 1 +0000\n\nm\n"),
        sign(b"object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\ntag v1\ntagger A <a@x.y> 1 +0000\n\nm\n"),
    ]);
    let login = serde_json::json!({
        "identity": "ann@example.com", "issuer": "https://a.b", "fulcio": "https://c.d", "certificate_until": 1, "renewable": true,
        "signatures": 3,
    });
    let signed = serde_json::json!({
        "time": 1, "kind": "commit", "identity": "ann@example.com", "repository": null, "host": "build", "payload": "00", "services": 1,
        "verification": 2,
    });
    messages.extend(
        [
            serde_json::json!({"reply": "say", "text": "x\u{1b}[31m"}),
            serde_json::json!({"reply": "log-in", "url": "https://a.b/?c", "opening": true}),
            serde_json::json!({"reply": "code", "verification_uri": "https://a.b", "user_code": "X", "verification_uri_complete": null, "expires": 600}),
            serde_json::json!({"reply": "publish", "of": "00112233445566778899aabbccddeeff", "text": ["a", "b"]}),
            serde_json::json!({"reply": "draft", "signature": "-----BEGIN SIGNED MESSAGE-----\n"}),
            serde_json::json!({"reply": "wait"}),
            serde_json::json!({"reply": "ask", "ask": 1, "text": "?"}),
            serde_json::json!({"reply": "signed", "signature": "-----BEGIN SIGNED MESSAGE-----\n"}),
            serde_json::json!({"reply": "logged-in", "identity": "a", "issuer": "b"}),
            serde_json::json!({
                "reply": "status", "process": 1, "program": "0.1.0", "started": 1, "locked": false, "memory": "locked", "logins": [login],
            }),
            serde_json::json!({"reply": "journal", "entries": [signed]}),
            serde_json::json!({"reply": "done", "remarks": ["x"]}),
            serde_json::json!({"reply": "refused", "kind": "locked", "message": "x", "hint": "y"}),
        ]
        .map(json),
    );
    let framed: Vec<Vec<u8>> =
        messages.iter().map(|message| [&u32::try_from(message.len()).expect("it is short").to_be_bytes()[..], message].concat()).collect();
    messages.into_iter().chain(framed).collect()
}

fn from_parts(take: impl Fn(Parts) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let parts = seeds::objects().into_iter().filter_map(|Object { bytes, .. }| seeds::parts(&bytes));
    parts.flat_map(take).collect()
}

/// A certificate and its extensions.
fn with_extensions_alone(der: &[u8]) -> Vec<Vec<u8>> {
    let mut seeds = vec![der.to_vec()];
    if Certificate::from_der(der).is_ok() {
        let tbs = template::tbs(der);
        let extensions = TbsCertificate::from_der(&tbs).ok().and_then(|tbs| tbs.extensions?.to_der().ok());
        seeds.extend(extensions);
    }
    seeds
}

fn sct_list(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    Some(certificate.extension_value(const_oid::db::rfc6962::CT_PRECERT_SCTS)?.extn_value.as_bytes().to_vec())
}

/// The files, and each of their certificates as PEM.
fn trusted_roots() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = seeds::files("trusted_root.json").into_iter().map(|(_, bytes)| bytes).collect();
    seeds.extend(fs::read(seeds::test_file("fixtures/real-objects/trusted_root.json")));
    for root in ROOTS.iter() {
        let chains = root.authorities.iter().map(|one| one.certificates());
        for chain in chains.chain(root.timestamp_authorities.iter().map(|one| one.certificates())) {
            seeds
                .push(chain.iter().map(|one| paraph::internals::signature::pem("CERTIFICATE", one.der())).collect::<String>().into_bytes());
            seeds.extend(chain.iter().map(|one| paraph::internals::signature::pem("PUBLIC KEY", one.spki()).into_bytes()));
        }
    }
    seeds
}
