//! A request and an answer as the services see them: whole, in memory, independent of the HTTP library.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use serde::Deserialize as _;
use serde_json::{Value, json};

/// A request whose host and origin have been checked and whose body is within its cap.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// A header's value where it is one, and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The media type of the body, without parameters, in lower case; what Go's servers take where there is none.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or("application/octet-stream");
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the answer may be of this media type. Quality values are not weighed: what is named is accepted.
    pub fn accepts(&self, media_type: &str) -> bool {
        let Some(value) = self.header("accept") else { return true };
        let family = media_type.split_once('/').map(|(family, _)| format!("{family}/*"));
        let ranges = value.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        let mut ranges = ranges.map(str::to_ascii_lowercase);
        ranges.any(|range| range == "*/*" || range == media_type || Some(&range) == family.as_ref())
    }

    /// The first JSON value of the body; like Go's servers, it does not mind what follows.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&mut serde_json::Deserializer::from_slice(&self.body))
    }

    /// The parameters of the query.
    pub fn query_pairs(&self) -> Pairs {
        Pairs::parse(&self.query)
    }
}

/// Parameters in `application/x-www-form-urlencoded`, of a query or a form.
#[derive(Debug, Clone, Default)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// Decodes them.
    pub fn parse(encoded: &str) -> Self {
        Self(url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect())
    }

    /// A parameter's value; nothing where it is absent, empty, or stands more than once (RFC 6749, section 3.1).
    pub fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let (_, value) = values.next()?;
        (values.next().is_none() && !value.is_empty()).then_some(value)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer with a body of this media type.
    pub fn new(status: u16, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let answer = Self { status: StatusCode::from_u16(status).unwrap_or_default(), headers: Vec::new(), body: body.into() };
        if media_type.is_empty() { answer } else { answer.with(header::CONTENT_TYPE, media_type) }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A JSON answer with a final line feed, as Rekor v1 and the timestamp authority write it.
    pub fn json_line(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", format!("{value}\n"))
    }

    /// A plain text.
    pub fn text(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }

    /// An error as a gRPC gateway writes it (Fulcio, Rekor v2): the code is gRPC's.
    pub fn grpc_error(code: Grpc, message: &str) -> Self {
        let (number, status) = code.numbers();
        Self::json(status, &json!({ "code": number, "message": message, "details": [] }))
    }

    /// An error as Rekor v1 and the timestamp authority write it.
    pub fn api_error(status: u16, code: u16, message: &str) -> Self {
        Self::json(status, &json!({ "code": code, "message": message }))
    }

    /// Adds a header; a value that cannot stand in one is left out.
    pub fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    /// Says that the answer must not be stored, with the headers that Rekor v1 and the timestamp authority send.
    pub fn uncached(self) -> Self {
        self.with(header::CACHE_CONTROL, "no-cache, no-store, no-transform, must-revalidate, private, max-age=0")
            .with(header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT")
            .with(header::PRAGMA, "no-cache")
            .with(HeaderName::from_static("x-accel-expires"), "0")
    }

    /// The status code.
    #[cfg(test)]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The body.
    #[cfg(test)]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// A header's value.
    #[cfg(test)]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name)?.1.to_str().ok()
    }

    /// The names of the headers.
    #[cfg(test)]
    pub fn header_names(&self) -> Vec<String> {
        self.headers.iter().map(|(name, _)| name.to_string()).collect()
    }

    /// For the HTTP library.
    pub fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// The gRPC codes that the services answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grpc {
    /// 3, HTTP 400.
    InvalidArgument,
    /// 5, HTTP 404.
    NotFound,
    /// 6, HTTP 409.
    AlreadyExists,
    /// 12, HTTP 501.
    Unimplemented,
    /// 13, HTTP 500.
    Internal,
}

impl Grpc {
    fn numbers(self) -> (u16, u16) {
        match self {
            Self::InvalidArgument => (3, 400),
            Self::NotFound => (5, 404),
            Self::AlreadyExists => (6, 409),
            Self::Unimplemented => (12, 501),
            Self::Internal => (13, 500),
        }
    }
}

/// A `bytes` field of protobuf's JSON: base64 in the standard or the URL alphabet, padded or not.
pub fn protobuf_bytes(text: &str) -> Option<Vec<u8>> {
    use base64::{
        Engine as _, alphabet,
        engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    GeneralPurpose::new(&alphabet, config).decode(text).ok()
}

/// A field in which null is the same as absent, as it is to Go's servers.
pub fn nullable<'de, D: serde::Deserializer<'de>, T: serde::Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
