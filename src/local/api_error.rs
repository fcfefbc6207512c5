//! Errors in the form of go-openapi's servers: Rekor v1 and the timestamp authority.

use std::future::{Ready, ready};

use axum::http::{Method, header};

use super::{answer::Answer, request::RawPath};

/// A handler that refuses a method where only these are allowed.
pub(super) fn method_not_allowed(allowed: &'static str) -> impl Fn(Method) -> Ready<Answer> + Clone + Send + Sync + 'static {
    move |method| {
        let message = format!("method {method} is not allowed, but [{allowed}] are");
        ready(Answer::api_error(405, 405, &message).with(header::ALLOW, allowed))
    }
}

/// Refuses an unknown path.
pub(super) async fn not_found(RawPath(path): RawPath) -> Answer {
    Answer::api_error(404, 404, &format!("path {path} was not found"))
}
