//! Many files: how near `paraph verify-file` comes to the floor, for signatures over files and for statements in envelopes.

use crate::{
    floor::{Material, Parts, SAMPLE, Times, each, on_threads, times},
    measure::{Run, pinned, run},
    set::{Authorities, Signer, Subject, allowed_people, parent},
};
use aws_lc_rs::digest::{SHA256, digest};
use paraph::{
    internals::{
        bundle::{Bundle, BundleContent, BundleSigner, Envelope, IN_TOTO},
        evidence::entry::{EntryKind, EntryVersion},
        signature::pem,
    },
    trust::{Instance, TrustRoot},
};
use paraph_vectors::{
    bundle::{b64, entry_json, hexadecimal, raw_bytes},
    world::World,
};
use rayon::prelude::*;
use serde_json::{Value, json};
use std::{
    hint::black_box,
    path::{Path, PathBuf},
};

/// Files of a set.
pub const FILES: usize = 10_000;
/// Changes with what is generated.
const VERSION: u32 = 1;

/// What the bundles hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Message,
    Statement,
}

/// A folder with files, each with its bundle, and the trust under which they verify.
pub struct Files(PathBuf);

impl Files {
    /// The files with this content, made where they are not there from an earlier run.
    pub fn of(world: &World, content: Content) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("batch").join(format!("bundles-v{VERSION}-{content:?}-{FILES}"));
        if !folder.exists() {
            eprintln!("Making {FILES} bundles ({content:?}); later runs find them in {}.", folder.display());
            let made = tempfile::tempdir_in(parent(&folder)).unwrap();
            std::fs::write(made.path().join("trusted_root.json"), world.trusted_root().to_string()).unwrap();
            std::fs::write(made.path().join("allowed-identities"), allowed_people("instance=custom for=file,attestation")).unwrap();
            std::fs::create_dir(made.path().join("files")).unwrap();
            let authorities = Authorities::of(world);
            (0..FILES).into_par_iter().for_each(|number| make(&authorities, number, content, made.path()));
            std::fs::rename(made.keep(), &folder).unwrap();
        }
        Self(folder)
    }

    /// Verifies all files.
    pub fn verify(&self, cores: usize) -> Run {
        let mut command = pinned(cores, Path::new(&crate::paraph()));
        command.args(["verify-file", "--json", "--trusted-root"]).arg(self.0.join("trusted_root.json")).args((0..FILES).map(name));
        command.current_dir(self.0.join("files")).env("HOME", &self.0).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env_remove("XDG_CACHE_HOME").env("PARAPH_ALLOWED_IDENTITIES", self.0.join("allowed-identities"));
        let done = run(&mut command, None);
        assert!(done.status.success(), "{:?}", done.status);
        done
    }

    /// The floor on so many cores, in a process of its own.
    pub fn floor(&self, cores: usize) -> Times {
        crate::floor_by(cores, &["bundle-floor".as_ref(), self.0.as_os_str()])
    }
}

fn name(number: usize) -> String {
    format!("file-{number:05}")
}

fn make(authorities: &Authorities<'_>, number: usize, content: Content, folder: &Path) {
    let signer = Signer::new(authorities, number, Subject::Person);
    let file = format!("file {number}\n").repeat(80).into_bytes();
    let bundle = match content {
        Content::Message => message(authorities, number, &signer, &file),
        Content::Statement => statement(authorities, number, &signer, &file),
    };
    let path = folder.join("files").join(name(number));
    std::fs::write(path.with_extension("sigstore.json"), format!("{bundle}\n")).unwrap();
    std::fs::write(path, file).unwrap();
}

fn message(authorities: &Authorities<'_>, number: usize, signer: &Signer, file: &[u8]) -> Value {
    let (signature, record) = signer.sign(file);
    let kind = EntryKind::HashedRekord(EntryVersion::V001);
    let mut bundle = around(authorities, number, signer, (kind, &record.body(EntryVersion::V001)));
    let digest = digest(&SHA256, file);
    bundle["messageSignature"] =
        json!({ "messageDigest": { "algorithm": "SHA2_256", "digest": b64(digest.as_ref()) }, "signature": b64(&signature) });
    bundle
}

fn statement(authorities: &Authorities<'_>, number: usize, signer: &Signer, file: &[u8]) -> Value {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": name(number), "digest": { "sha256": hexadecimal(file) } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": { "buildType": "https://example.com/build", "externalParameters": { "run": number } } },
    });
    let payload = statement.to_string().into_bytes();
    let envelope = Envelope { payload_type: IN_TOTO.into(), payload: payload.clone(), signature: Vec::new() };
    let (signature, _) = signer.sign(&envelope.signed_bytes());
    let fields = json!({ "payload": b64(&payload), "payloadType": IN_TOTO, "signatures": [{ "sig": b64(&signature) }] });
    let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": hexadecimal(bytes) });
    let logged = json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": hash(fields.to_string().as_bytes()),
        "payloadHash": hash(&payload),
        "signatures": [{ "signature": b64(&signature), "verifier": b64(pem("CERTIFICATE", &signer.leaf).as_bytes()) }],
    } });
    let mut bundle = around(authorities, number, signer, (EntryKind::DsseV001, logged.to_string().as_bytes()));
    bundle["dsseEnvelope"] = fields;
    bundle
}

/// A bundle without its content.
fn around(authorities: &Authorities<'_>, number: usize, signer: &Signer, (kind, body): (EntryKind, &[u8])) -> Value {
    let entry = signer.entry(authorities, number, body, kind.kind_version());
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "certificate": raw_bytes(&signer.leaf), "tlogEntries": [entry_json(&entry, body)] },
    })
}

/// Measures the floor over the first files of a set.
pub fn measure(folder: &Path, threads: usize) -> Times {
    let json = std::fs::read(folder.join("trusted_root.json")).unwrap();
    let root = TrustRoot::from_json(&json, Instance::Custom, "the set's").unwrap();
    let paths: Vec<PathBuf> = (0..SAMPLE).map(|number| folder.join("files").join(name(number))).collect();
    let read = |path: &Path| (std::fs::read(path).unwrap(), std::fs::read(path.with_extension("sigstore.json")).unwrap());
    let bundles: Vec<(Vec<u8>, Vec<u8>)> = paths.iter().map(|path| read(path)).collect();
    let parts: Vec<Parts> = bundles.iter().filter_map(|(file, bundle)| parts(file, bundle, &root)).collect();
    assert_eq!(parts.len(), SAMPLE, "some signature cannot be measured");
    on_threads(threads, || {
        let reading = each(&paths, |path| {
            let (file, bundle) = read(path);
            black_box((digest(&SHA256, &file), bundle));
        });
        let parsing = each(&bundles, |(_, bundle)| {
            let bundle = Bundle::parse(bundle).unwrap();
            let _ = black_box(bundle.statement());
        });
        times(&parts, reading, parsing)
    })
}

fn parts(file: &[u8], bundle: &[u8], root: &TrustRoot) -> Option<Parts> {
    let bundle = Bundle::parse(bundle).ok()?;
    let BundleSigner::Certificates(certificate, _) = &bundle.signer else { return None };
    let (signed, signature) = match &bundle.content {
        BundleContent::Message(message) => (file.to_vec(), &message.signature),
        BundleContent::Envelope(envelope) => (envelope.signed_bytes(), &envelope.signature),
    };
    let entry = bundle.entries.first()?.clone();
    let body = entry.canonicalized_body.clone();
    Parts::from_material(Material { certificate: certificate.as_ref().clone(), signed, signature, entry, body }, root)
}
