//! JSON as Go's servers read it, and the JSON form of protobuf messages.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use base64::{
    DecodeError, Engine as _, alphabet,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig,
        general_purpose::{STANDARD, URL_SAFE},
    },
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::answer::{Answer, Grpc};

/// The first JSON value of a body. Like Go's servers, it ignores what follows.
///
/// # Errors
/// Where the value is malformed or incomplete, or is not a `T`.
pub(super) fn first_value<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    crate::json_object::first_value(&mut serde_json::Deserializer::from_slice(body))
}

/// A `bytes` field: base64 in the standard or the URL alphabet, padded or not.
pub(super) fn protobuf_bytes(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

/// Why Go's decoder refuses a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("illegal base64 data at input byte {0}")]
pub(super) struct InvalidBase64(usize);

/// Base64 as Go's servers read it: in the standard alphabet, padded, line ends ignored.
///
/// # Errors
/// [`InvalidBase64`].
pub(super) fn go_base64(text: &str) -> Result<Vec<u8>, InvalidBase64> {
    STANDARD.decode(without_line_ends(text).as_ref()).map_err(|error| match error {
        DecodeError::InvalidByte(offset, _) | DecodeError::InvalidLastSymbol(offset, _) => InvalidBase64(offset),
        DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => InvalidBase64(text.len() & !3),
    })
}

/// Base64 as DSSE's Go library reads it: padded, in the standard or the URL alphabet, line ends ignored.
pub(super) fn padded_base64(text: &str) -> Option<Vec<u8>> {
    let text = without_line_ends(text);
    STANDARD.decode(text.as_ref()).or_else(|_| URL_SAFE.decode(text.as_ref())).ok()
}

fn without_line_ends(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) { Cow::Owned(text.replace(['\r', '\n'], "")) } else { Cow::Borrowed(text) }
}

/// A member that is an object.
pub(super) fn object<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).filter(|value| value.is_object())
}

/// Deserializes a field in which null means the same as absent.
///
/// # Errors
/// Where the value is neither null nor a `T`.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The request message of a gRPC gateway (Fulcio, Rekor v2). An empty body is an empty message, and its media type does not matter.
#[derive(Debug)]
pub(super) struct Message<T>(pub T);

/// The body is not such a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvalidMessage {
    /// The body ends within the JSON value.
    #[error("unexpected EOF")]
    Incomplete,
    /// The JSON is malformed, or a field has another type.
    #[error("{0}")]
    Malformed(serde_json::Error),
}

impl IntoResponse for InvalidMessage {
    fn into_response(self) -> Response {
        Answer::grpc_error(Grpc::InvalidArgument, &self.to_string()).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Message<T> {
    type Rejection = InvalidMessage;

    async fn from_request(request: Request, state: &S) -> Result<Self, InvalidMessage> {
        let body = Bytes::from_request(request, state).await.map_err(|_| InvalidMessage::Incomplete)?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        first_value(&body)
            .map(Self)
            .map_err(|error| if error.is_eof() { InvalidMessage::Incomplete } else { InvalidMessage::Malformed(error) })
    }
}
