//! Fulcio's HTTP API: v2 (`signingCert` with a signature over the address or with a CSR, `trustBundle`, `configuration`) and the older v1
//! that stock gitsign calls. Certificates are `authority`'s; what answers look like is the real server's.

use der::{
    Decode as _, Document, Sequence,
    asn1::{AnyRef, BitStringRef},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use spki::AlgorithmIdentifierRef;
use x509_cert::request::CertReqInfo;

use super::{
    answer::{Answer, Call, Grpc, nullable, protobuf_bytes},
    authority::{self, Leaf, Promise},
    ct,
    error::LocalError,
    faults::Fault,
    keys::{Algorithm, SigningKey},
    services::Services,
    state::pem_chain,
    token::{self, Claims},
};
use crate::{
    certificate::{HashAlgorithm, KeyKind, PublicKey},
    signature::pem,
};

/// The words of the real server.
const INVALID_TOKEN: &str = "There was an error processing the identity token";
const INVALID_KEY: &str = "The public key supplied in the request could not be parsed";
const INVALID_CSR: &str = "The certificate signing request could not be parsed";
const INVALID_SIGNATURE: &str = "The signature supplied in the request could not be verified";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct V2Request {
    #[serde(deserialize_with = "nullable")]
    credentials: Credentials,
    #[serde(deserialize_with = "nullable", alias = "public_key_request")]
    public_key_request: PublicKeyRequest,
    #[serde(deserialize_with = "nullable", alias = "certificate_signing_request")]
    certificate_signing_request: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Credentials {
    #[serde(deserialize_with = "nullable", alias = "oidc_identity_token")]
    oidc_identity_token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PublicKeyRequest {
    #[serde(deserialize_with = "nullable", alias = "public_key")]
    public_key: KeyContent,
    #[serde(deserialize_with = "nullable", alias = "proof_of_possession")]
    proof_of_possession: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyContent {
    #[serde(deserialize_with = "nullable")]
    content: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct V1Request {
    public_key: Option<KeyContent>,
    #[serde(deserialize_with = "nullable")]
    signed_email_address: String,
    #[serde(deserialize_with = "nullable")]
    certificate_signing_request: String,
}

/// `POST /api/v2/signingCert`.
pub fn signing_cert_v2(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let request: V2Request = match parse(call) {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let proof = if request.certificate_signing_request.is_empty() {
        let key = request.public_key_request.public_key.content.into_bytes();
        protobuf_bytes(&request.public_key_request.proof_of_possession).map(|signature| Proof::Signature { key, signature })
    } else {
        protobuf_bytes(&request.certificate_signing_request).map(Proof::Csr)
    };
    let Some(proof) = proof else { return Ok(Answer::grpc_error(Grpc::InvalidArgument, "illegal base64 data at input byte 0")) };
    let token = if request.credentials.oidc_identity_token.is_empty() { bearer(call) } else { request.credentials.oidc_identity_token };
    Ok(match issue(services, &token, &proof)? {
        Ok(chain) => {
            let certificates: Vec<String> = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
            Answer::json(200, &json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": certificates } } }))
        }
        Err(message) => Answer::grpc_error(Grpc::InvalidArgument, message),
    })
}

/// `POST /api/v1/signingCert`.
pub fn signing_cert_v1(services: &Services, call: &Call) -> Result<Answer, LocalError> {
    let request: V1Request = match parse(call) {
        Ok(request) => request,
        Err(answer) => return Ok(answer),
    };
    let proof = if !request.certificate_signing_request.is_empty() {
        protobuf_bytes(&request.certificate_signing_request).map(Proof::Csr)
    } else if let Some(key) = request.public_key {
        let (key, signature) = (protobuf_bytes(&key.content), protobuf_bytes(&request.signed_email_address));
        key.zip(signature).map(|(key, signature)| Proof::Signature { key, signature })
    } else {
        return Ok(Answer::grpc_error(Grpc::InvalidArgument, INVALID_KEY));
    };
    let Some(proof) = proof else { return Ok(Answer::grpc_error(Grpc::InvalidArgument, "illegal base64 data at input byte 0")) };
    Ok(match issue(services, &bearer(call), &proof)? {
        Ok(chain) => Answer::new(201, "application/pem-certificate-chain", spaced_chain(&chain)),
        Err(message) => Answer::grpc_error(Grpc::InvalidArgument, message),
    })
}

/// `GET /api/v1/rootCert`.
pub fn root_cert(services: &Services) -> Answer {
    Answer::new(200, "application/pem-certificate-chain", spaced_chain(&services.state.fulcio_chain))
}

/// `GET /api/v2/trustBundle`.
pub fn trust_bundle(services: &Services) -> Answer {
    let certificates: Vec<String> = services.state.fulcio_chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    Answer::json(200, &json!({ "chains": [{ "certificates": certificates }] }))
}

/// `GET /api/v2/configuration`.
pub fn configuration(services: &Services) -> Answer {
    Answer::json(
        200,
        &json!({ "issuers": [{
            "issuerUrl": services.url, "audience": token::AUDIENCE, "challengeClaim": "email", "spiffeTrustDomain": "",
            "issuerType": "email", "subjectDomain": "", "skipEmailVerification": false,
        }] }),
    )
}

/// How a client shows that it has the key.
enum Proof {
    /// A signature over the address; the key is PEM or DER.
    Signature { key: Vec<u8>, signature: Vec<u8> },
    /// A PKCS #10 request in PEM.
    Csr(Vec<u8>),
}

/// The chain, leaf first; or the words for the client.
fn issue(services: &Services, token: &str, proof: &Proof) -> Result<Result<Vec<Vec<u8>>, &'static str>, LocalError> {
    let now = services.now();
    let Ok(claims) = token::verify(token, &services.url, &services.state.keys.issuer, now) else { return Ok(Err(INVALID_TOKEN)) };
    let spki = match proof {
        Proof::Signature { key, signature } => check_signature(key, signature, &claims.email),
        Proof::Csr(csr) => check_csr(csr),
    };
    let leaf = match spki {
        Ok((spki, key)) => certify(services, &spki, &key, &claims, now)?,
        Err(message) => return Ok(Err(message)),
    };
    let mut chain = vec![leaf];
    chain.extend(services.state.fulcio_chain.iter().cloned());
    Ok(Ok(chain))
}

fn certify(services: &Services, spki: &[u8], key: &PublicKey, claims: &Claims, now: Timestamp) -> Result<Vec<u8>, LocalError> {
    let stranger = if services.has(Fault::OtherKey) {
        SigningKey::from_pem(Algorithm::EcdsaP256, &SigningKey::generate(Algorithm::EcdsaP256)?)
    } else {
        None
    };
    let leaf = Leaf {
        spki: stranger.as_ref().map_or(spki, |key| key.spki()),
        raw_public_key: stranger.as_ref().map_or(key.raw(), |key| key.raw_public_key()),
        email: if services.has(Fault::OtherIdentity) { "somebody-else@example.com" } else { &claims.email },
        issuer: &claims.iss,
        subject: &claims.sub,
        not_before: now,
        lifetime: services.certificate_lifetime,
    };
    authority::leaf(&leaf, (&services.fulcio_certificate, &services.state.keys.fulcio), |signed_bytes| {
        if services.has(Fault::NoSct) {
            return Ok(None);
        }
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let mut promise: Promise = ct::add(services, milliseconds, &signed_bytes(milliseconds)?)?;
        if services.has(Fault::BadSct) {
            promise.signature = services.state.keys.ct.sign(b"something else")?;
        }
        Ok(Some(promise))
    })
}

fn check_signature(key: &[u8], signature: &[u8], email: &str) -> Result<(Vec<u8>, PublicKey), &'static str> {
    let spki = match std::str::from_utf8(key).ok().map(|text| Document::from_pem(text.trim())) {
        Some(Ok(("PUBLIC KEY", document))) => document.into_vec(),
        _ => key.to_vec(),
    };
    let key = PublicKey::from_spki(&spki).map_err(|_| INVALID_KEY)?;
    key.verify(default_hash(key.kind()), email.as_bytes(), signature).map_err(|_| INVALID_SIGNATURE)?;
    Ok((spki, key))
}

/// `CertificationRequest` (RFC 2986), its signed part kept as it is encoded.
#[derive(Sequence)]
struct CertificationRequest<'a> {
    info: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

fn check_csr(csr: &[u8]) -> Result<(Vec<u8>, PublicKey), &'static str> {
    use der::Encode as _;
    let text = std::str::from_utf8(csr).map_err(|_| INVALID_CSR)?;
    let Ok(("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", document)) = Document::from_pem(text.trim()) else {
        return Err(INVALID_CSR);
    };
    let request = CertificationRequest::from_der(document.as_bytes()).map_err(|_| INVALID_CSR)?;
    let signed = request.info.to_der().map_err(|_| INVALID_CSR)?;
    let info = CertReqInfo::from_der(&signed).map_err(|_| INVALID_CSR)?;
    let spki = info.public_key.to_der().map_err(|_| INVALID_CSR)?;
    let key = PublicKey::from_spki(&spki).map_err(|_| INVALID_KEY)?;
    let signature = request.signature.as_bytes().ok_or(INVALID_CSR)?;
    key.verify_with(&request.algorithm, &signed, signature).map_err(|_| INVALID_SIGNATURE)?;
    Ok((spki, key))
}

fn default_hash(kind: KeyKind) -> HashAlgorithm {
    match kind {
        KeyKind::EcdsaP384 => HashAlgorithm::Sha384,
        KeyKind::EcdsaP256 | KeyKind::Rsa | KeyKind::Ed25519 => HashAlgorithm::Sha256,
    }
}

/// An empty body is an empty message, as a gRPC gateway has it.
fn parse<T: serde::de::DeserializeOwned + Default>(call: &Call) -> Result<T, Answer> {
    if call.body.is_empty() {
        return Ok(T::default());
    }
    call.json().map_err(|error| {
        let message = if error.is_eof() { "unexpected EOF".to_owned() } else { error.to_string() };
        Answer::grpc_error(Grpc::InvalidArgument, &message)
    })
}

fn bearer(call: &Call) -> String {
    // the real server knows the scheme in this spelling only
    call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned()
}

/// The chain as v1 writes it: an empty line between certificates, no line feed at the end.
fn spaced_chain(chain: &[Vec<u8>]) -> String {
    pem_chain(chain).replace("-----END CERTIFICATE-----\n-----", "-----END CERTIFICATE-----\n\n-----").trim_end().to_owned()
}
