//! Objects that git would not make: signed ones that were changed afterwards, and signatures of other programs.

use super::sandbox::{Done, Sandbox};
use paraph::{
    internals::{
        certificate::Certificate,
        signature::{
            GitSignature, armor,
            cms::{SignedData, SignerIdentifier},
            git::GitSignatureParts,
        },
    },
    object::{Commit, ObjectFormat, Tag},
};
use std::path::{Path, PathBuf};

/// A commit or tag in two parts.
#[derive(Clone)]
pub struct Parts {
    pub payload: Vec<u8>,
    pub signature: String,
}

impl Sandbox {
    /// The bytes of an object.
    pub fn object(&self, kind: &str, revision: &str) -> Vec<u8> {
        let output = self.command("git", &self.work()).args(["cat-file", kind, revision]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Stores bytes as an object, whatever git thinks of them, and gives its id.
    pub fn store(&self, kind: &str, bytes: &[u8]) -> String {
        let mut command = self.command("git", &self.work());
        let done = self.feed(command.args(["hash-object", "-t", kind, "-w", "--literally", "--stdin"]), bytes);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.stdout.trim_end().to_owned()
    }

    /// A signed commit of a SHA-1 repository, split.
    pub fn commit_parts(&self, revision: &str) -> Parts {
        let bytes = self.object("commit", revision);
        let signed = Commit::parse(&bytes, ObjectFormat::Sha1).unwrap().signed;
        Parts { payload: signed.payload.into_owned(), signature: String::from_utf8(signed.signature.into_owned()).unwrap() }
    }

    /// A commit's signature and its payload in two files, as git passes them to its program.
    pub fn files_to_verify(&self, revision: &str) -> [PathBuf; 2] {
        let parts = self.commit_parts(revision);
        let files = ["signature", "data"].map(|name| self.root().join(name));
        std::fs::write(&files[0], &parts.signature).unwrap();
        std::fs::write(&files[1], &parts.payload).unwrap();
        files
    }

    /// A signed tag, split.
    pub fn tag_parts(&self, revision: &str) -> Parts {
        let bytes = self.object("tag", revision);
        let signed = Tag::parse(&bytes).unwrap().signed;
        Parts { payload: signed.payload.into_owned(), signature: String::from_utf8(signed.signature.into_owned()).unwrap() }
    }

    /// Stores a commit of these parts.
    pub fn store_commit(&self, parts: &Parts) -> String {
        self.store("commit", &commit(&parts.payload, "gpgsig", &parts.signature))
    }

    /// Stores a tag of these parts.
    pub fn store_tag(&self, parts: &Parts) -> String {
        self.store("tag", &[parts.payload.as_slice(), parts.signature.as_bytes()].concat())
    }
}

/// A commit with its signature in the header `header`.
pub fn commit(payload: &[u8], header: &str, signature: &str) -> Vec<u8> {
    let end = payload.windows(2).position(|pair| pair == b"\n\n").unwrap() + 1;
    let value = signature.trim_end_matches('\n').replace('\n', "\n ");
    [&payload[..end], format!("{header} {value}\n").as_bytes(), &payload[end..]].concat()
}

impl Parts {
    /// The same with a text of the payload replaced, all of whose places are meant.
    pub fn with_payload(&self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.payload.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Self { payload: text.replace(from, to).into_bytes(), ..self.clone() }
    }

    /// The same with another signature.
    pub fn with_signature(&self, signature: impl Into<String>) -> Self {
        Self { signature: signature.into(), ..self.clone() }
    }

    /// The same with the bytes of its CMS changed, without any change of length.
    pub fn with_cms(&self, from: &[u8], to: &[u8]) -> Self {
        assert_eq!(from.len(), to.len());
        let mut cms = armor::decode(self.signature.as_bytes()).unwrap();
        let places: Vec<usize> = (0..=cms.len() - from.len()).filter(|at| cms[*at..].starts_with(from)).collect();
        assert!(!places.is_empty());
        for at in places {
            cms[at..at + to.len()].copy_from_slice(to);
        }
        self.with_signature(armor::encode(&cms))
    }

    /// The same without its log entry and timestamps: as where they have to be looked up.
    pub fn without_evidence(&self) -> Self {
        let cms = armor::decode(self.signature.as_bytes()).unwrap();
        let signature = GitSignature::new(SignedData::from_der(&cms).unwrap()).unwrap();
        let SignerIdentifier::IssuerAndSerialNumber { issuer, serial } = signature.signer.identifier else { panic!("a key identifier") };
        let [certificate] = signature.certificates[..] else { panic!("more than one certificate") };
        let parts = GitSignatureParts {
            certificate,
            issuer,
            serial,
            signed_attributes: &signature.signer.signed_bytes().unwrap(),
            signature: signature.signer.signature,
            entry: None,
            tokens: &[],
        };
        self.with_signature(armor::encode(&parts.to_der().unwrap()))
    }
}

/// The key id that git is to show for a signature; `None` for one without a certificate.
pub fn key_of(signature: &str) -> Option<String> {
    let cms = armor::decode(signature.as_bytes()).ok()?;
    let signed_data = SignedData::from_der(&cms).ok()?;
    let fingerprint = Certificate::from_der(signed_data.certificates.first()?).ok()?.fingerprint();
    Some(fingerprint.iter().map(|byte| format!("{byte:02X}")).collect())
}

/// What an OpenPGP signature looks like to git; its content is none.
pub const OPENPGP: &str = "-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQQ=\n=abcd\n-----END PGP SIGNATURE-----\n";

/// A CMS signature by openssl with a self-made certificate; `None`, with a line that says so, where there is no openssl.
pub fn openssl_signature(sandbox: &Sandbox, test: &str, payload: &[u8]) -> Option<String> {
    let file = |name: &str| sandbox.root().join(name).to_str().unwrap().to_owned();
    let (key, certificate, content, cms) = (file("foreign-key"), file("foreign-certificate"), file("foreign-content"), file("foreign-cms"));
    if !Path::new(&certificate).exists() {
        let subject = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Foreign Fred"];
        openssl(sandbox, test, &[&subject[..], &["-keyout", &key, "-out", &certificate]].concat())?;
    }
    std::fs::write(&content, payload).unwrap();
    let form = ["cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER"];
    let files = ["-signer", &certificate, "-inkey", &key, "-in", &content, "-out", &cms];
    let done = openssl(sandbox, test, &[&form[..], &files].concat())?;
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    Some(armor::encode(&std::fs::read(cms).unwrap()))
}

/// What openssl says of a signature's CMS over its payload, whoever signed it; `None`, with a line that says so, where there is none.
pub fn openssl_verifies(sandbox: &Sandbox, test: &str, parts: &Parts) -> Option<Done> {
    let file = |name: &str| sandbox.root().join(name).to_str().unwrap().to_owned();
    let (content, cms) = (file("own-content"), file("own-cms"));
    std::fs::write(&cms, armor::decode(parts.signature.as_bytes()).unwrap()).unwrap();
    std::fs::write(&content, &parts.payload).unwrap();
    let form = ["cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-out", "/dev/null"];
    openssl(sandbox, test, &[&form[..], &["-in", &cms, "-content", &content]].concat())
}

fn openssl(sandbox: &Sandbox, test: &str, arguments: &[&str]) -> Option<Done> {
    let command = || sandbox.command("openssl", &sandbox.work());
    installed("openssl", test).then(|| command().args(arguments).output().unwrap().into())
}

/// Whether a program is here; where it is not, a line says that the test is skipped.
pub fn installed(program: &str, test: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("SKIPPED {test}: there is no {program} here");
    }
    found
}
