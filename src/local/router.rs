//! The routes of all services.

use std::sync::Arc;

use axum::{Router, http::header, middleware::from_fn_with_state};
use serde_json::json;

use super::{
    answer::{Answer, Grpc, not_found},
    ct,
    faults::Service,
    fulcio,
    guard::{Observer, Shared, check_origin, guard},
    openid, rekor1, rekor2,
    routing::only_get,
    services::Services,
    timestamp, tuf_endpoint,
};

/// All services behind their guards.
pub(super) fn router(services: Arc<Services>, observer: Option<Observer>) -> Router {
    let port = services.folder.settings.port;
    let shared = Shared::new(services.clone(), observer);
    let guarded = |routes: Router<Arc<Services>>, service: Option<Service>, too_large: fn() -> Answer| {
        routes.layer(from_fn_with_state(shared.guard(service, too_large), guard))
    };
    Router::new()
        .merge(guarded(openid::routes().with_state(services.issuer.clone()), Some(Service::Issuer), too_large))
        .merge(guarded(fulcio::routes(), Some(Service::Fulcio), too_large_for_fulcio))
        .merge(guarded(timestamp::routes(), Some(Service::Tsa), too_large))
        .merge(guarded(rekor1::routes(), Some(Service::Rekor), too_large))
        .merge(guarded(rekor2::routes(), Some(Service::Rekor), too_large_for_grpc))
        .merge(guarded(tuf_endpoint::routes(), Some(Service::Tuf), too_large))
        .merge(guarded(ct::routes().merge(health()).fallback(nowhere), None, too_large))
        .layer(from_fn_with_state(port, check_origin))
        .with_state(services)
}

/// The health checks of Rekor v2 and of the timestamp authority.
fn health() -> Router<Arc<Services>> {
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

fn too_large_for_grpc() -> Answer {
    Answer::grpc_error(Grpc::InvalidArgument, "http: request body too large")
}

fn too_large_for_fulcio() -> Answer {
    too_large_for_grpc().with(header::VARY, "Origin")
}
