//! Routes that answer one method alone. axum's `get` answers HEAD too, which the real servers refuse.

use axum::{
    handler::Handler,
    routing::{MethodRouter, any},
};

/// GET goes to `handler`; every other method goes to `refuse`.
pub(super) fn only_get<H, T, R, U, S>(handler: H, refuse: R) -> MethodRouter<S>
where
    H: Handler<T, S>,
    R: Handler<U, S>,
    T: 'static,
    U: 'static,
    S: Clone + Send + Sync + 'static,
{
    any(refuse.clone()).head(refuse).get(handler)
}

/// POST goes to `handler`; every other method goes to `refuse`.
pub(super) fn only_post<H, T, R, U, S>(handler: H, refuse: R) -> MethodRouter<S>
where
    H: Handler<T, S>,
    R: Handler<U, S>,
    T: 'static,
    U: 'static,
    S: Clone + Send + Sync + 'static,
{
    any(refuse).post(handler)
}
