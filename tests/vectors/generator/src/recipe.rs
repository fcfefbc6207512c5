//! A signature, built as the client builds it, with a place for one defect at each step.

use super::{
    certificate::{
        CODE_SIGNING, ISSUER_V1, ISSUER_V2, Sct, Template, authority_key_identifier, email, extended_key_usage, key_usage, raw, serial,
        subject_alternative_name, subject_key_identifier, utf8,
    },
    evidence::{Edit, Entry, Record, Token, apply, unsigned_attribute},
    key::Key,
    world::{ISSUER, SIGNER, TIME, World},
};
use der::{Decode, asn1::ObjectIdentifier};
use paraph::internals::{
    certificate::Certificate,
    signature::{
        armor,
        cms::{ID_DATA, RawSet, SignedDataParts, set_of_der},
        git::signed_attributes,
    },
};
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;

const LOG_ENTRY: &str = "1.3.6.1.4.1.57264.3.1";
const TIME_STAMP_TOKEN: &str = "1.2.840.113549.1.9.16.2.14";

/// All parts of a signature. A new recipe gives a good signature.
pub struct Recipe<'w> {
    pub leaf: Template,
    /// The key of the leaf's issuer.
    pub issuer_key: &'w Key,
    /// The certificate's SCT.
    pub sct: Option<Sct<'w>>,
    pub edit_leaf: Edit<Vec<u8>>,
    /// The key that signs the commit.
    pub key: &'w Key,
    /// Other certificates, before and after the leaf. The order is kept.
    pub before: Vec<Vec<u8>>,
    pub after: Vec<Vec<u8>>,
    /// Another certificate that the signature names as the signer's.
    pub named: Option<Vec<u8>>,
    pub content_type: ObjectIdentifier,
    pub content: Option<Vec<u8>>,
    pub digest_algorithm: Vec<u8>,
    pub signature_algorithm: Option<Vec<u8>>,
    /// A change to the encoded signed attributes. They are sorted afterwards unless `unsorted` is set.
    pub edit_attributes: Edit<Vec<Vec<u8>>>,
    pub unsorted: bool,
    pub signing_time: i64,
    /// A change to the signature before it is logged and timestamped.
    pub edit_signature: Edit<Vec<u8>>,
    pub entry: Option<Entry<'w>>,
    pub tokens: Vec<Token<'w>>,
    /// Other unsigned attributes.
    pub attributes: Vec<Vec<u8>>,
    pub edit_cms: Edit<Vec<u8>>,
}

/// sha256 without parameters.
pub fn sha256() -> Vec<u8> {
    super::der::sequence(&[super::der::oid("2.16.840.1.101.3.4.2.1")])
}

impl World {
    /// A signature with an entry of Rekor v1.
    pub fn v1(&self) -> Recipe<'_> {
        Recipe {
            leaf: self.leaf(SIGNER, &self.signer),
            issuer_key: &self.intermediate_key,
            sct: Some(self.sct()),
            edit_leaf: None,
            key: &self.signer,
            before: Vec::new(),
            after: Vec::new(),
            named: None,
            content_type: ID_DATA,
            content: None,
            digest_algorithm: sha256(),
            signature_algorithm: None,
            edit_attributes: None,
            unsorted: false,
            signing_time: TIME,
            edit_signature: None,
            entry: Some(Entry::v1(&self.rekor1)),
            tokens: Vec::new(),
            attributes: Vec::new(),
            edit_cms: None,
        }
    }

    /// A signature with an entry of Rekor v2 and a timestamp.
    pub fn v2(&self) -> Recipe<'_> {
        Recipe { entry: Some(Entry::v2(&self.rekor2)), tokens: vec![Token::of(&self.tsa)], ..self.v1() }
    }

    /// The content of a Fulcio certificate that is valid for ten minutes around [`TIME`].
    pub fn leaf(&self, address: &str, key: &Key) -> Template {
        Template {
            serial: serial(&format!("leaf of {address}")),
            issuer: super::certificate::name("fulcio intermediate"),
            not_before: TIME - 60,
            not_after: TIME + 540,
            subject: super::der::sequence(&[]),
            spki: key.spki(),
            extensions: vec![
                key_usage(&[0]),
                extended_key_usage(false, &[CODE_SIGNING]),
                subject_key_identifier(key),
                authority_key_identifier(&self.intermediate_key),
                subject_alternative_name(true, &[email(address.as_bytes())]),
                raw(ISSUER_V1, false, ISSUER.as_bytes().to_vec()),
                utf8(ISSUER_V2, ISSUER),
            ],
        }
    }

    pub fn sct(&self) -> Sct<'_> {
        Sct {
            log: &self.ct,
            seconds: TIME - 60,
            issuer_spki: self.intermediate_key.spki(),
            extensions: Vec::new(),
            other_tbs: None,
            edit: None,
        }
    }
}

impl Recipe<'_> {
    /// The signer's certificate.
    pub fn certificate(&self) -> Vec<u8> {
        let mut leaf = match &self.sct {
            Some(sct) => self.leaf.with_sct(self.issuer_key, sct),
            None => self.leaf.signed_by(self.issuer_key),
        };
        apply(&self.edit_leaf, &mut leaf);
        leaf
    }

    /// The CMS signature over a payload.
    pub fn cms(&self, payload: &[u8]) -> Vec<u8> {
        let leaf = self.certificate();
        let attributes = signed_attributes(&Sha256::digest(payload).into(), u64::try_from(self.signing_time).unwrap()).unwrap();
        let mut attributes: Vec<Vec<u8>> =
            RawSet::from_der(&attributes).unwrap().elements().unwrap().into_iter().map(<[u8]>::to_vec).collect();
        apply(&self.edit_attributes, &mut attributes);
        let signed = if self.unsorted { super::der::set(&attributes) } else { set_of_der(attributes).unwrap() };
        let mut signature = self.key.sign(&signed);
        apply(&self.edit_signature, &mut signature);

        let mut unsigned = self.attributes.clone();
        if let Some(entry) = &self.entry {
            let record = Record {
                digest: Sha256::digest(&signed).into(),
                signature: signature.clone(),
                certificate: leaf.clone(),
                key_details: self.key.details(),
            };
            unsigned.push(unsigned_attribute(LOG_ENTRY, &[super::der::octets(&entry.make(&record))]));
        }
        if !self.tokens.is_empty() {
            let tokens: Vec<Vec<u8>> = self.tokens.iter().map(|token| token.make(&signature)).collect();
            unsigned.push(unsigned_attribute(TIME_STAMP_TOKEN, &tokens));
        }
        let algorithm = self.signature_algorithm.clone().unwrap_or_else(|| self.key.signature_algorithm());
        let (issuer, serial) = self.identifier(&leaf);
        let bag: Vec<&[u8]> = self.before.iter().chain([&leaf]).chain(&self.after).map(Vec::as_slice).collect();
        let mut cms = SignedDataParts {
            version: 1,
            content_type: self.content_type,
            content: self.content.as_deref(),
            certificates: &bag,
            issuer: &issuer,
            serial: &serial,
            digest_algorithm: AlgorithmIdentifierRef::from_der(&self.digest_algorithm).unwrap(),
            signed_attributes: &signed,
            signature_algorithm: AlgorithmIdentifierRef::from_der(&algorithm).unwrap(),
            signature: &signature,
            unsigned_attributes: unsigned,
        }
        .to_der()
        .unwrap();
        if bag.len() > 1 {
            // the writer sorts sets, but senders need not
            cms = super::der::edit(&cms, |cms| {
                *cms.at(&super::cases::CERTIFICATES).children() = bag.iter().map(|der| super::der::Node::parse(der)).collect();
            });
        }
        apply(&self.edit_cms, &mut cms);
        cms
    }

    /// The issuer and serial number that name the signer's certificate.
    fn identifier(&self, leaf: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let named = self.named.as_deref().unwrap_or(leaf);
        match Certificate::from_der(named) {
            Ok(certificate) => (certificate.issuer().to_vec(), certificate.serial().to_vec()),
            // the library cannot parse this certificate, so the template is used
            Err(_) => (self.leaf.issuer.clone(), self.leaf.serial.clone()),
        }
    }

    /// The armored signature over a payload.
    pub fn armored(&self, payload: &[u8]) -> String {
        armor::encode(&self.cms(payload))
    }

    /// A commit with this signature.
    pub fn commit(&self) -> Vec<u8> {
        self.commit_of(COMMIT.as_bytes())
    }

    pub fn commit_of(&self, payload: &[u8]) -> Vec<u8> {
        commit(payload, &self.armored(payload))
    }

    pub fn tag(&self) -> Vec<u8> {
        self.tag_of(TAG.as_bytes())
    }

    pub fn tag_of(&self, payload: &[u8]) -> Vec<u8> {
        [payload, self.armored(payload).as_bytes()].concat()
    }
}

/// The payload of most vectors.
pub const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Alice <alice@example.com> 1740830400 +0000\ncommitter Alice <alice@example.com> 1740830400 +0000\n\nA message\n";
pub const TAG: &str =
    "object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype tree\ntag v1\ntagger Alice <alice@example.com> 1740830400 +0000\n\nA message\n";
pub const PUSH: &str = "certificate version 0.1\npusher Alice <alice@example.com> 1740830400 +0000\npushee https://git.example/repository\nnonce 1740830400-0123456789abcdef\n\n0000000000000000000000000000000000000000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 refs/heads/main\n";

/// A commit with its signature in the last header.
pub fn commit(payload: &[u8], signature: &str) -> Vec<u8> {
    with_header(payload, &header("gpgsig", signature))
}

/// The payload with headers before its empty line.
pub fn with_header(payload: &[u8], headers: &str) -> Vec<u8> {
    let end = payload.windows(2).position(|pair| pair == b"\n\n").map_or(payload.len(), |at| at + 1);
    [&payload[..end], headers.as_bytes(), &payload[end..]].concat()
}

/// A header with a value of several lines.
pub fn header(name: &str, value: &str) -> String {
    format!("{name} {}\n", value.strip_suffix('\n').unwrap_or(value).replace('\n', "\n "))
}
