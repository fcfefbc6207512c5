//! The form of the services' answers. Each real server writes JSON and errors in its own way.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde_json::{Value, json};

use super::error::LocalError;

/// An answer with its whole body.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl Answer {
    /// An answer with a body of this media type. An empty media type leaves out the header.
    pub(super) fn new(status: u16, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let answer = Self { status: StatusCode::from_u16(status).unwrap_or_default(), headers: Vec::new(), body: body.into() };
        if media_type.is_empty() { answer } else { answer.with(header::CONTENT_TYPE, media_type) }
    }

    /// A JSON answer.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A JSON answer with a final line feed, as Rekor v1 and the timestamp authority write it.
    pub(super) fn json_line(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", format!("{value}\n"))
    }

    /// A plain text.
    pub(super) fn text(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{text}\n"))
    }

    /// An error as a gRPC gateway writes it (Fulcio, Rekor v2).
    pub(super) fn grpc_error(code: Grpc, message: &str) -> Self {
        let (number, status) = code.numbers();
        Self::json(status, &json!({ "code": number, "message": message, "details": [] }))
    }

    /// An error as Rekor v1 and the timestamp authority write it.
    pub(super) fn api_error(status: u16, code: u16, message: &str) -> Self {
        Self::json(status, &json!({ "code": code, "message": message }))
    }

    /// Adds a header. A value that a header cannot hold is left out.
    pub(super) fn with(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A failure of this server. The services with a gRPC gateway answer in their own form.
impl IntoResponse for LocalError {
    fn into_response(self) -> Response<Body> {
        let status = match &self {
            Self::Full(_) => 503,
            error if error.is_out_of_space() => 507,
            _ => 500,
        };
        Answer::api_error(status, status, &self.to_string()).into_response()
    }
}

/// Forbids caching, with the headers that Rekor v1 and the timestamp authority send.
pub(super) async fn uncached(mut response: Response<Body>) -> Response<Body> {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CACHE_CONTROL, "no-cache, no-store, no-transform, must-revalidate, private, max-age=0"),
        (header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (header::PRAGMA, "no-cache"),
        (HeaderName::from_static("x-accel-expires"), "0"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Adds `Vary: Origin`, as the servers do that know CORS.
pub(super) async fn varying_by_origin(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// The refusal of a path, as a gRPC gateway writes it.
pub(super) async fn not_found() -> Answer {
    Answer::grpc_error(Grpc::NotFound, "Not Found")
}

/// The refusal of a method, as a gRPC gateway writes it.
pub(super) async fn method_not_allowed() -> Answer {
    Answer::grpc_error(Grpc::Unimplemented, "Method Not Allowed")
}

/// The gRPC codes that the services answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grpc {
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
    /// The code's number, and the HTTP status that goes with it.
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
