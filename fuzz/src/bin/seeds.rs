//! Writes the seeds of a target into a folder: `seeds TARGET FOLDER`. A seed's file is named by what it holds, so that writing them again
//! changes nothing.

use der::{Decode, Encode};
use paraph::certificate::{Certificate, x509::TbsCertificate};
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
        fs::write(folder.join(paraph::hex(&Sha256::digest(seed)[..10])), seed).expect("the seed can be written");
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
        _ => Vec::new(),
    }
}

fn from_parts(take: impl Fn(Parts) -> Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let parts = seeds::objects().into_iter().filter_map(|Object { bytes, .. }| seeds::parts(&bytes));
    parts.flat_map(take).collect()
}

/// A certificate, and its extensions.
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

/// The files, and each certificate of them as PEM.
fn trusted_roots() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = seeds::files("trusted_root.json").into_iter().map(|(_, bytes)| bytes).collect();
    seeds.extend(fs::read(seeds::test_file("fixtures/real-objects/trusted_root.json")));
    for root in ROOTS.iter() {
        let chains = root.authorities.iter().map(|one| one.certificates());
        for chain in chains.chain(root.timestamp_authorities.iter().map(|one| one.certificates())) {
            seeds.push(chain.iter().map(|one| paraph::signature::pem("CERTIFICATE", one.der())).collect::<String>().into_bytes());
            seeds.extend(chain.iter().map(|one| paraph::signature::pem("PUBLIC KEY", one.spki()).into_bytes()));
        }
    }
    seeds
}
