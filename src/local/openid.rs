//! The OpenID issuer's endpoints, its discovery document and its keys (OpenID Connect Core 1.0).

use std::sync::Arc;

use axum::{Router, extract::State, routing::any};
use serde_json::json;

use super::{
    answer::Answer,
    authorization, device,
    device::DEVICE_GRANT,
    faults::Fault,
    issuer::Issuer,
    routing::{only_get, only_post},
    token, token_endpoint,
};

/// The issuer's endpoints.
pub(super) fn routes() -> Router<Arc<Issuer>> {
    Router::new()
        .route("/.well-known/openid-configuration", only_get(discovery, method_not_allowed))
        .route("/keys", only_get(keys, method_not_allowed))
        .route("/auth", any(method_not_allowed).head(method_not_allowed).get(authorization::ask).post(authorization::log_in))
        .route("/token", only_post(token_endpoint::token, method_not_allowed))
        .route("/revoke", only_post(token_endpoint::revoke, method_not_allowed))
        .route("/device/code", only_post(device::authorize, method_not_allowed))
        .route("/device", any(method_not_allowed).head(method_not_allowed).get(device::ask).post(device::enter))
}

async fn method_not_allowed() -> Answer {
    Answer::text(405, "Method Not Allowed")
}

/// `GET /.well-known/openid-configuration`.
async fn discovery(State(issuer): State<Arc<Issuer>>) -> Answer {
    let url = &issuer.url;
    let offline = (!issuer.has(Fault::NoRefresh)).then_some("offline_access");
    let scopes: Vec<&str> = ["openid", "email"].into_iter().chain(offline).collect();
    let mut metadata = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/auth"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "device_authorization_endpoint": format!("{url}/device/code"),
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [issuer.key.algorithm()],
        "scopes_supported": scopes,
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "email", "email_verified", "nonce"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
    });
    if issuer.has(Fault::NoDevice)
        && let Some(metadata) = metadata.as_object_mut()
    {
        metadata.remove("device_authorization_endpoint");
    }
    Answer::json(200, &metadata)
}

/// `GET /keys`.
async fn keys(State(issuer): State<Arc<Issuer>>) -> Answer {
    Answer::json(200, &token::key_set(&issuer.key))
}
