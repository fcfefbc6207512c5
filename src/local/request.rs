//! What the handlers take from a request, read as the real servers read it.

use std::convert::Infallible;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse, Response},
};

use super::answer::Answer;

/// The value of a header that stands once and is text.
pub(super) fn header_value(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The media type of the body without parameters, in lower case. Go's servers assume `application/octet-stream` where none is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaType(pub String);

impl MediaType {
    fn of(headers: &HeaderMap) -> Self {
        let value = header_value(headers, header::CONTENT_TYPE).unwrap_or("application/octet-stream");
        Self(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}

impl<S: Sync> FromRequestParts<S> for MediaType {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The media types that the client accepts. Quality values are not weighed: every named type is accepted.
#[derive(Debug, Clone)]
pub(super) struct Accepted(Option<String>);

impl Accepted {
    /// Whether the answer may be of this media type.
    pub(super) fn includes(&self, media_type: &str) -> bool {
        let Some(value) = &self.0 else { return true };
        let family = media_type.split_once('/').map(|(family, _)| format!("{family}/*"));
        let ranges = value.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        let mut ranges = ranges.map(str::to_ascii_lowercase);
        ranges.any(|range| range == "*/*" || range == media_type || Some(&range) == family.as_ref())
    }
}

impl<S: Sync> FromRequestParts<S> for Accepted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(header_value(&parts.headers, header::ACCEPT).map(str::to_owned)))
    }
}

/// The path as it was sent, without percent-decoding.
#[derive(Debug, Clone)]
pub(super) struct RawPath(pub String);

impl RawPath {
    /// What follows this prefix; empty where it does not stand there.
    pub(super) fn after(&self, prefix: &str) -> &str {
        self.0.strip_prefix(prefix).unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for RawPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.uri.path().to_owned()))
    }
}

/// Parameters in `application/x-www-form-urlencoded`.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Decodes them.
    pub(super) fn parse(encoded: &str) -> Self {
        Self(url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; `None` where it is absent, empty, or stands more than once (RFC 6749, section 3.1).
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let (_, value) = values.next()?;
        (values.next().is_none() && !value.is_empty()).then_some(value)
    }
}

/// The parameters of the query.
#[derive(Debug, Clone)]
pub(super) struct Query(pub Parameters);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Parameters::parse(parts.uri.query().unwrap_or_default())))
    }
}

/// The parameters of a form in the body.
#[derive(Debug, Clone)]
pub(super) struct Form(pub Parameters);

/// The body is not a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotAForm;

impl IntoResponse for NotAForm {
    fn into_response(self) -> Response {
        Answer::text(400, "The body is not a form").into_response()
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = NotAForm;

    async fn from_request(request: Request, state: &S) -> Result<Self, NotAForm> {
        if MediaType::of(request.headers()).0 != "application/x-www-form-urlencoded" {
            return Err(NotAForm);
        }
        let body = Bytes::from_request(request, state).await.map_err(|_| NotAForm)?;
        Ok(Self(Parameters::parse(&String::from_utf8_lossy(&body))))
    }
}
