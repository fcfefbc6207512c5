//! The routes of all services.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, http::header, middleware::from_fn_with_state};
use serde_json::json;

use super::{
    answer::{Answer, Grpc, not_found},
    ct,
    faults::Service,
    fulcio,
    guard::{BodyLimit, Observer, Shared, check_origin, guard},
    openid, rekor1, rekor2,
    routing::only_get,
    services::LocalServices,
    timestamp, tuf_endpoint,
};

/// The maximum size of a request to Fulcio and Rekor v2, in bytes, as in the real servers.
const GATEWAY_LIMIT: usize = 4 * 1024 * 1024;
/// The maximum size of a request to Rekor v1, in bytes. It gets whole envelopes. The real server has no limit of its own, but the load
/// balancer before the public one has.
const ENVELOPE_LIMIT: usize = 32 * 1024 * 1024;

/// All services behind their guards.
pub(super) fn router(services: Arc<LocalServices>, observer: Option<Observer>) -> Router {
    let port = services.folder.settings.port;
    let shared = Shared::new(services.clone(), observer);
    let guarded = |routes: Router<Arc<LocalServices>>, service: Option<Service>, limit: BodyLimit| {
        routes.layer(from_fn_with_state(shared.guard(service, limit), guard))
    };
    let usual = BodyLimit::usual(too_large);
    Router::new()
        .merge(guarded(openid::routes().with_state(services.issuer.clone()), Some(Service::Issuer), usual))
        .merge(guarded(fulcio::routes(), Some(Service::Fulcio), BodyLimit { bytes: GATEWAY_LIMIT, too_large: too_large_for_fulcio }))
        .merge(guarded(timestamp::routes(), Some(Service::Tsa), usual))
        .merge(guarded(rekor1::routes(), Some(Service::Rekor), BodyLimit { bytes: ENVELOPE_LIMIT, too_large: too_large_for_rekor1 }))
        .merge(guarded(rekor2::routes(), Some(Service::Rekor), BodyLimit { bytes: GATEWAY_LIMIT, too_large: too_large_for_grpc }))
        .merge(guarded(tuf_endpoint::routes(), Some(Service::Tuf), usual))
        .merge(guarded(ct::routes().merge(health()).fallback(nowhere), None, usual))
        .layer(from_fn_with_state(port, check_origin))
        // the guards limit bodies
        .layer(DefaultBodyLimit::disable())
        .with_state(services)
}

/// The health checks of Rekor v2 and of the timestamp authority.
fn health() -> Router<Arc<LocalServices>> {
    Router::new().route("/healthz", only_get(healthz, nowhere)).route("/ping", only_get(ping, nowhere))
}

async fn healthz() -> Answer {
    Answer::json(200, &json!({ "status": "SERVING" }))
}

async fn ping() -> Answer {
    Answer::new(200, "text/plain", ".").with(header::VARY, "Origin")
}

async fn nowhere() -> Answer {
    not_found().await.with(header::VARY, "Origin")
}

fn too_large() -> Answer {
    Answer::api_error(413, 413, "the body is too large")
}

fn too_large_for_rekor1() -> Answer {
    Answer::api_error(413, 413, "Request Entity Too Large")
}

fn too_large_for_grpc() -> Answer {
    Answer::grpc_error(Grpc::InvalidArgument, "http: request body too large")
}

fn too_large_for_fulcio() -> Answer {
    too_large_for_grpc().with(header::VARY, "Origin")
}
