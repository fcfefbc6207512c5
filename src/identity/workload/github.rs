//! GitHub Actions: a job with the permission `id-token: write` may ask the token service, with a token for that.

use super::{Problem, Surroundings, field};
use crate::service::{Call, Service};
use zeroize::Zeroizing;

pub(super) const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
pub(super) const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

pub(super) async fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let mut url = surroundings.url(REQUEST_URL)?.ok_or(Problem::Variable(REQUEST_URL))?;
    let bearer = surroundings.require(REQUEST_TOKEN)?;
    // the URL has a query already
    url.query_pairs_mut().append_pair("audience", surroundings.audience);
    let call = Call { accept: Some("application/json"), ..Call::get(Service::Workload("its token service"), url) };
    field(&surroundings.http.send(&call.bearer(&bearer)).await?, "value")
}
