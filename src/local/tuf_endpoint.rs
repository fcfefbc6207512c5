//! The TUF repository over HTTP.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{answer::Answer, error::LocalError, request::RawPath, routing::only_get, services::LocalServices, tuf};

const PREFIX: &str = "/tuf/";

/// The repository's endpoints.
pub(super) fn routes() -> Router<Arc<LocalServices>> {
    Router::new().route("/tuf/{*path}", only_get(file, method_not_allowed)).route(PREFIX, only_get(file, method_not_allowed))
}

async fn method_not_allowed() -> Answer {
    Answer::text(405, "Method Not Allowed")
}

/// `GET /tuf/…`.
async fn file(State(services): State<Arc<LocalServices>>, path: RawPath) -> Result<Answer, Error> {
    let folder = &services.folder;
    let _renewing = services.tuf_lock();
    let file = tuf::file(&folder.path.join("tuf"), path.after(PREFIX), &folder.keys, services.now())?;
    Ok(Answer::new(200, "application/json", file.ok_or(Error::NotFound)?).with(header::CACHE_CONTROL, "no-cache"))
}

/// Why there is no file.
enum Error {
    NotFound,
    Local(LocalError),
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => Answer::text(404, "Not Found").into_response(),
            Self::Local(error) => error.into_response(),
        }
    }
}
