//! The RFC 3161 timestamp authority over HTTP (section 3.4), as Sigstore's timestamp-authority answers. The structures come from
//! `evidence::rfc3161` and `signature::cms`, with which the verifier reads tokens.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::header,
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, on},
};
use const_oid::{
    ObjectIdentifier,
    db::rfc5912::{ID_SHA_256, ID_SHA_384, ID_SHA_512},
};
use der::{
    Any, Decode as _, Encode as _, Tag, TagNumber,
    asn1::{AnyRef, Int, OctetString, OctetStringRef, UtcTime},
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use super::{
    answer::{Answer, uncached, varying_by_origin},
    api_error::{method_not_allowed, not_found},
    authority::{pem_chain, serial_number, signature_algorithm},
    error::LocalError,
    faults::Fault,
    protobuf_json::protobuf_bytes,
    request::MediaType,
    routing::only_get,
    services::LocalServices,
};
use crate::{
    evidence::rfc3161::{
        Accuracy, GenTime, ID_CT_TST_INFO, MessageImprint, PkiStatus, PkiStatusInfo, TimeStampReq, TimeStampResp, TstInfo,
    },
    signature::cms::{ID_CONTENT_TYPE, ID_MESSAGE_DIGEST, ID_SIGNING_TIME, SignedDataParts, attribute, set_of_der},
};

/// The policy under which Sigstore's authorities issue timestamps.
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");
/// id-aa-signingCertificateV2 (RFC 5035), the signed attribute that names the certificate.
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The authority's endpoints.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    Router::new()
        .route("/api/v1/timestamp", any(method_not_allowed("POST")).merge(on(MethodFilter::POST, stamp).layer(map_response(uncached))))
        .route("/api/v1/timestamp/certchain", only_get(certificate_chain, method_not_allowed("GET")))
        .route("/api/v1/timestamp/{*path}", any(not_found))
        .route("/api/v1/timestamp/", any(not_found))
        .layer(map_response(varying_by_origin))
}

/// Why a request is refused, in the words of the real server.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("request in body is required")]
    Empty,
    #[error("unsupported media type {0:?}, only [application/timestamp-query application/json] are allowed")]
    MediaType(String),
    #[error("Error generating timestamp response")]
    Malformed,
    #[error("Weak hash algorithm in timestamp request")]
    HashAlgorithm,
    #[error("Message digest has incorrect length for specified algorithm")]
    DigestLength,
    #[error("unaccepted policy: requested TSA policy is not supported by the TSA")]
    Policy,
    #[error(transparent)]
    Local(#[from] LocalError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let message = self.to_string();
        let answer = match self {
            Self::Empty => Answer::api_error(422, 602, &message),
            Self::MediaType(_) => Answer::api_error(415, 415, &message),
            Self::Malformed | Self::HashAlgorithm | Self::DigestLength | Self::Policy => {
                Answer::new(400, "application/timestamp-reply", json!({ "code": 400, "message": message }).to_string())
            }
            Self::Local(error) => return error.into_response(),
        };
        answer.into_response()
    }
}

/// `GET /api/v1/timestamp/certchain`.
async fn certificate_chain(State(services): State<Arc<LocalServices>>) -> Answer {
    let chain = pem_chain(&services.folder.timestamp_chain);
    Answer::new(200, "application/pem-certificate-chain", chain).with(header::CACHE_CONTROL, "max-age=86400, immutable")
}

/// `POST /api/v1/timestamp`.
async fn stamp(State(services): State<Arc<LocalServices>>, MediaType(media_type): MediaType, body: Bytes) -> Result<Answer, Error> {
    if body.is_empty() {
        return Err(Error::Empty);
    }
    let request = match media_type.as_str() {
        "application/timestamp-query" => TimeStampReq::from_der(&body).ok(),
        "application/json" => json_request(&body),
        _ => return Err(Error::MediaType(media_type)),
    };
    let request = request.filter(|request| request.version == 1 && request.extensions.is_none()).ok_or(Error::Malformed)?;
    let length = match request.message_imprint.hash_algorithm.oid {
        ID_SHA_256 => 32,
        ID_SHA_384 => 48,
        ID_SHA_512 => 64,
        _ => return Err(Error::HashAlgorithm),
    };
    let parameters_null = request.message_imprint.hash_algorithm.parameters.as_ref().is_none_or(|any| any.is_null());
    if request.message_imprint.hashed_message.as_bytes().len() != length || !parameters_null {
        return Err(Error::DigestLength);
    }
    if request.req_policy.is_some_and(|policy| policy != POLICY) {
        return Err(Error::Policy);
    }
    let token = token(&services, request)?;
    let answer = TimeStampResp {
        status: PkiStatusInfo { status: PkiStatus::Granted, status_string: None, fail_info: None },
        time_stamp_token: Some(Any::from_der(&token).map_err(encoding)?),
    };
    Ok(Answer::new(200, "application/timestamp-reply", answer.to_der().map_err(encoding)?))
}

/// The `TimeStampToken` for a valid query.
fn token(services: &LocalServices, request: TimeStampReq) -> Result<Vec<u8>, LocalError> {
    let key = &services.folder.keys.timestamp;
    let certificate = &services.timestamp_certificate;
    let ahead = if services.has(Fault::WrongTime) { 3600 } else { 0 };
    let time = services.now().as_second() + ahead;
    let info = TstInfo {
        version: 1,
        policy: POLICY,
        message_imprint: if services.has(Fault::OtherImprint) { other_imprint()? } else { request.message_imprint },
        serial_number: Int::new(&serial_number()?).map_err(encoding)?,
        gen_time: GenTime::new(time, 0).ok_or(LocalError::Crypto("encode this time"))?,
        accuracy: Some(Accuracy { seconds: Some(1), ..Accuracy::default() }),
        ordering: false,
        nonce: if services.has(Fault::OtherNonce) { Some(Int::new(&[42]).map_err(encoding)?) } else { request.nonce },
        // GeneralName directoryName [4]
        tsa: Some(Any::new(Tag::ContextSpecific { constructed: true, number: TagNumber(4) }, certificate.subject()).map_err(encoding)?),
        extensions: None,
    }
    .to_der()
    .map_err(encoding)?;
    let signing_time =
        u64::try_from(time).ok().and_then(|seconds| UtcTime::from_unix_duration(std::time::Duration::from_secs(seconds)).ok());
    let signing_time = signing_time.ok_or(LocalError::Crypto("encode this time"))?.to_der().map_err(encoding)?;
    let digest = OctetString::new(Sha256::digest(&info).as_slice()).and_then(|digest| digest.to_der()).map_err(encoding)?;
    let signed_attributes = [
        attribute(ID_CONTENT_TYPE, &ID_CT_TST_INFO.to_der().map_err(encoding)?),
        attribute(ID_SIGNING_TIME, &signing_time),
        attribute(ID_MESSAGE_DIGEST, &digest),
        attribute(SIGNING_CERTIFICATE_V2, &signing_certificate(&certificate.fingerprint())?),
    ]
    .into_iter()
    .collect::<der::Result<Vec<_>>>()
    .and_then(set_of_der)
    .map_err(encoding)?;
    let certificates: &[&[u8]] = if request.cert_req { &[certificate.der()] } else { &[] };
    SignedDataParts {
        version: 3,
        content_type: ID_CT_TST_INFO,
        content: Some(&info),
        certificates,
        issuer: certificate.issuer(),
        serial: certificate.serial(),
        digest_algorithm: AlgorithmIdentifierRef { oid: ID_SHA_256, parameters: None },
        signed_attributes: &signed_attributes,
        signature_algorithm: signature_algorithm(key),
        signature: &key.sign(&signed_attributes)?,
        unsigned_attributes: Vec::new(),
    }
    .to_der()
    .map_err(encoding)
}

/// `SigningCertificateV2` with one `ESSCertIDv2`, whose hash is SHA-256, the default.
fn signing_certificate(fingerprint: &[u8; 32]) -> Result<Vec<u8>, LocalError> {
    let mut value = OctetStringRef::new(fingerprint).and_then(|hash| hash.to_der()).map_err(encoding)?;
    // ESSCertIDv2, the sequence of them, SigningCertificateV2
    for _ in 0..3 {
        value = AnyRef::new(Tag::Sequence, &value).and_then(|sequence| sequence.to_der()).map_err(encoding)?;
    }
    Ok(value)
}

fn other_imprint() -> Result<MessageImprint, LocalError> {
    let hashed_message = OctetString::new(Sha256::digest("something else").as_slice()).map_err(encoding)?;
    Ok(MessageImprint { hash_algorithm: AlgorithmIdentifierOwned { oid: ID_SHA_256, parameters: None }, hashed_message })
}

/// A query in JSON, the real server's second form.
fn json_request(body: &[u8]) -> Option<TimeStampReq> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Query {
        artifact_hash: String,
        hash_algorithm: String,
        nonce: Option<u64>,
        #[serde(default)]
        certificates: bool,
    }
    let query: Query = crate::json_object::from_slice(body).ok()?;
    let oid = match query.hash_algorithm.as_str() {
        "sha256" => ID_SHA_256,
        "sha384" => ID_SHA_384,
        "sha512" => ID_SHA_512,
        _ => return None,
    };
    let hashed_message = OctetString::new(protobuf_bytes(&query.artifact_hash)?).ok()?;
    Some(TimeStampReq {
        version: 1,
        message_imprint: MessageImprint { hash_algorithm: AlgorithmIdentifierOwned { oid, parameters: None }, hashed_message },
        req_policy: None,
        nonce: query.nonce.map(|nonce| nonce.to_der().and_then(|der| Int::from_der(&der))).transpose().ok()?,
        cert_req: query.certificates,
        extensions: None,
    })
}

fn encoding(_: der::Error) -> LocalError {
    LocalError::Crypto("encode a timestamp")
}
