//! Fulcio's HTTP API: v2 (`signingCert` with a signed address or a CSR, `trustBundle`, `configuration`) and v1, which stock gitsign calls.
//! Answers look like those of the real server. `authority` issues the certificates.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, State},
    http::{header, request::Parts},
    middleware::map_response,
    response::{IntoResponse, Response},
};
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, ID_RSASSA_PSS};
use der::{
    Decode as _, Document, Encode as _, Sequence,
    asn1::{AnyRef, BitStringRef},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use x509_cert::request::CertReqInfo;

use super::{
    answer::{Answer, Grpc, method_not_allowed, varying_by_origin},
    authority::{self, IssuedSct, Leaf, pem_chain},
    clock::milliseconds,
    ct,
    error::LocalError,
    faults::Fault,
    keys::{Algorithm, SigningKey},
    protobuf_json::{InvalidMessage, Message, nullable, protobuf_bytes},
    request::header_value,
    routing::{only_get, only_post},
    services::LocalServices,
    token::{self, Claims},
    verifiers::is_permitted,
};
use crate::{
    certificate::{HashAlgorithm, KeyKind, PublicKey, key::signature_hash},
    signature::pem,
};

/// Fulcio's endpoints.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    Router::new()
        .route("/api/v2/signingCert", only_post(signing_cert_v2, method_not_allowed))
        .route("/api/v1/signingCert", only_post(signing_cert_v1, method_not_allowed))
        .route("/api/v2/trustBundle", only_get(trust_bundle, method_not_allowed))
        .route("/api/v2/configuration", only_get(configuration, method_not_allowed))
        .route("/api/v1/rootCert", only_get(root_cert, method_not_allowed))
        .layer(map_response(varying_by_origin))
}

/// Why Fulcio issues no certificate, in the words of the real server.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    #[error("illegal base64 data at input byte 0")]
    Base64,
    #[error("There was an error processing the identity token")]
    Token,
    #[error("The public key supplied in the request could not be parsed")]
    Key,
    /// The curve or the size of the RSA key is not allowed.
    #[error("The public key supplied in the request is insecure")]
    InsecureKey,
    /// The CSR is signed by RSA with the newer padding.
    #[error("unrecognized signature algorithm: SHA256-RSAPSS")]
    Pss,
    /// The key may not sign with this hash.
    #[error("signing algorithm not permitted: {0}, {1}")]
    Algorithm(&'static str, &'static str),
    #[error("The certificate signing request could not be parsed")]
    Csr,
    #[error("The signature supplied in the request could not be verified")]
    Signature,
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = if matches!(self, Self::Local(_)) { Grpc::Internal } else { Grpc::InvalidArgument };
        Answer::grpc_error(code, &self.to_string()).into_response()
    }
}

/// The bearer token; empty where there is none.
struct Bearer(String);

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        // the real server knows the scheme in this spelling only
        let value = header_value(&parts.headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        Ok(Self(value.unwrap_or_default().to_owned()))
    }
}

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
async fn signing_cert_v2(
    State(services): State<Arc<LocalServices>>,
    Bearer(bearer): Bearer,
    request: Result<Message<V2Request>, InvalidMessage>,
) -> Result<Answer, Error> {
    let Message(request) = request?;
    let proof = if request.certificate_signing_request.is_empty() {
        let key = request.public_key_request.public_key.content.into_bytes();
        protobuf_bytes(&request.public_key_request.proof_of_possession).map(|signature| ProofOfPossession::Signature { key, signature })
    } else {
        protobuf_bytes(&request.certificate_signing_request).map(ProofOfPossession::Csr)
    };
    let proof = proof.ok_or(Error::Base64)?;
    let token = if request.credentials.oidc_identity_token.is_empty() { bearer } else { request.credentials.oidc_identity_token };
    let chain = issue(&services, &token, &proof)?;
    let certificates: Vec<String> = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    Ok(Answer::json(200, &json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": certificates } } })))
}

/// `POST /api/v1/signingCert`.
async fn signing_cert_v1(
    State(services): State<Arc<LocalServices>>,
    Bearer(bearer): Bearer,
    request: Result<Message<V1Request>, InvalidMessage>,
) -> Result<Answer, Error> {
    let Message(request) = request?;
    let proof = if !request.certificate_signing_request.is_empty() {
        protobuf_bytes(&request.certificate_signing_request).map(ProofOfPossession::Csr)
    } else if let Some(key) = request.public_key {
        let (key, signature) = (protobuf_bytes(&key.content), protobuf_bytes(&request.signed_email_address));
        key.zip(signature).map(|(key, signature)| ProofOfPossession::Signature { key, signature })
    } else {
        return Err(Error::Key);
    };
    let chain = issue(&services, &bearer, &proof.ok_or(Error::Base64)?)?;
    Ok(Answer::new(201, "application/pem-certificate-chain", spaced_chain(&chain)))
}

/// `GET /api/v1/rootCert`.
async fn root_cert(State(services): State<Arc<LocalServices>>) -> Answer {
    Answer::new(200, "application/pem-certificate-chain", spaced_chain(&services.folder.fulcio_chain))
}

/// `GET /api/v2/trustBundle`.
async fn trust_bundle(State(services): State<Arc<LocalServices>>) -> Answer {
    let certificates: Vec<String> = services.folder.fulcio_chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    Answer::json(200, &json!({ "chains": [{ "certificates": certificates }] }))
}

/// `GET /api/v2/configuration`.
async fn configuration(State(services): State<Arc<LocalServices>>) -> Answer {
    Answer::json(
        200,
        &json!({ "issuers": [{
            "issuerUrl": services.url, "audience": token::AUDIENCE, "challengeClaim": "email", "spiffeTrustDomain": "",
            "issuerType": "email", "subjectDomain": "", "skipEmailVerification": false,
        }] }),
    )
}

/// How a client proves that it holds the key.
enum ProofOfPossession {
    /// A signature over the address, or a job's subject. The key is PEM or DER.
    Signature { key: Vec<u8>, signature: Vec<u8> },
    /// A PKCS #10 request in PEM.
    Csr(Vec<u8>),
}

/// Issues a certificate and returns its chain, leaf first.
fn issue(services: &LocalServices, token: &str, proof: &ProofOfPossession) -> Result<Vec<Vec<u8>>, Error> {
    let now = services.now();
    let claims = token::verify(token, &services.url, &services.folder.keys.issuer, now).map_err(|_| Error::Token)?;
    let (spki, key) = match proof {
        ProofOfPossession::Signature { key, signature } => check_signature(key, signature, claims.principal())?,
        ProofOfPossession::Csr(csr) => check_csr(csr)?,
    };
    let mut chain = vec![certify(services, (&spki, &key), &claims, now)?];
    chain.extend(services.folder.fulcio_chain.iter().cloned());
    Ok(chain)
}

/// Issues a leaf for a subject's key, with the lies that faults order.
fn certify(services: &LocalServices, (spki, key): (&[u8], &PublicKey), claims: &Claims, now: Timestamp) -> Result<Vec<u8>, LocalError> {
    let other_key = if services.has(Fault::OtherKey) {
        SigningKey::from_pem(Algorithm::EcdsaP256, &SigningKey::generate(Algorithm::EcdsaP256)?)
    } else {
        None
    };
    let leaf = Leaf {
        spki: other_key.as_ref().map_or(spki, |key| key.spki()),
        raw_public_key: other_key.as_ref().map_or(key.raw(), |key| key.raw_public_key()),
        email: if services.has(Fault::OtherIdentity) { "somebody-else@example.com" } else { &claims.email },
        issuer: &claims.iss,
        subject: &claims.sub,
        job: claims.job.as_ref(),
        not_before: now,
        lifetime: services.certificate_lifetime,
    };
    authority::leaf(&leaf, (&services.fulcio_certificate, &services.folder.keys.fulcio), |signed_bytes| {
        if services.has(Fault::NoSct) {
            return Ok(None);
        }
        let time = milliseconds(now);
        let mut sct: IssuedSct = ct::add(services, time, &signed_bytes(time)?)?;
        if services.has(Fault::BadSct) {
            sct.signature = services.folder.keys.ct.sign(b"something else")?;
        }
        Ok(Some(sct))
    })
}

fn check_signature(key: &[u8], signature: &[u8], principal: &str) -> Result<(Vec<u8>, PublicKey), Error> {
    let spki = match std::str::from_utf8(key).ok().map(|text| Document::from_pem(text.trim())) {
        Some(Ok(("PUBLIC KEY", document))) => document.into_vec(),
        _ => key.to_vec(),
    };
    let key = parse_key(&spki)?;
    key.verify(default_hash(key.kind()), principal.as_bytes(), signature).map_err(|_| Error::Signature)?;
    Ok((spki, key))
}

/// `CertificationRequest` (RFC 2986). The signed part stays encoded.
#[derive(Sequence)]
struct CertificationRequest<'a> {
    info: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

fn check_csr(csr: &[u8]) -> Result<(Vec<u8>, PublicKey), Error> {
    let text = std::str::from_utf8(csr).map_err(|_| Error::Csr)?;
    let Ok(("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", document)) = Document::from_pem(text.trim()) else {
        return Err(Error::Csr);
    };
    let request = CertificationRequest::from_der(document.as_bytes()).map_err(|_| Error::Csr)?;
    let signed = request.info.to_der().map_err(|_| Error::Csr)?;
    let info = CertReqInfo::from_der(&signed).map_err(|_| Error::Csr)?;
    let spki = info.public_key.to_der().map_err(|_| Error::Csr)?;
    let key = parse_key(&spki)?;
    let signature = request.signature.as_bytes().ok_or(Error::Csr)?;
    if request.algorithm.oid == ID_RSASSA_PSS {
        return Err(Error::Pss);
    }
    let hash = signature_hash(&request.algorithm, key.kind()).ok_or(Error::Signature)?;
    key.verify(hash, &signed, signature).map_err(|_| Error::Signature)?;
    permit(&key, hash)?;
    Ok((spki, key))
}

/// A key on a curve and of a size that Fulcio allows.
fn parse_key(spki: &[u8]) -> Result<PublicKey, Error> {
    let is_curve = || SubjectPublicKeyInfoRef::from_der(spki).is_ok_and(|parsed| parsed.algorithm.oid == ID_EC_PUBLIC_KEY);
    let key = PublicKey::from_spki(spki).map_err(|_| if is_curve() { Error::InsecureKey } else { Error::Key })?;
    let is_allowed = key.kind() != KeyKind::Rsa || is_permitted(&key, HashAlgorithm::Sha256);
    if is_allowed { Ok(key) } else { Err(Error::InsecureKey) }
}

/// The hash of a proof of possession by this kind of key. Ed25519 has its own.
fn default_hash(kind: KeyKind) -> HashAlgorithm {
    match kind {
        KeyKind::EcdsaP256 | KeyKind::Rsa => HashAlgorithm::Sha256,
        KeyKind::EcdsaP384 => HashAlgorithm::Sha384,
        KeyKind::EcdsaP521 | KeyKind::Ed25519 => HashAlgorithm::Sha512,
    }
}

/// Fulcio allows a key with the hash of its size alone.
fn permit(key: &PublicKey, hash: HashAlgorithm) -> Result<(), Error> {
    let kind = match key.kind() {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 | KeyKind::EcdsaP521 => "*ecdsa.PublicKey",
        KeyKind::Rsa => "*rsa.PublicKey",
        KeyKind::Ed25519 => return Ok(()),
    };
    let name = match hash {
        HashAlgorithm::Sha256 => "SHA-256",
        HashAlgorithm::Sha384 => "SHA-384",
        HashAlgorithm::Sha512 => "SHA-512",
    };
    if is_permitted(key, hash) { Ok(()) } else { Err(Error::Algorithm(kind, name)) }
}

/// The chain in the form of v1: an empty line between certificates and no final line feed.
fn spaced_chain(chain: &[Vec<u8>]) -> String {
    pem_chain(chain).replace("-----END CERTIFICATE-----\n-----", "-----END CERTIFICATE-----\n\n-----").trim_end().to_owned()
}
