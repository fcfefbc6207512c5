//! Google: the metadata server gives the token of the machine's service account. If that account may act as another one, IAM gives the other
//! one's token for an access token.

use super::{Problem, Surroundings, field};
use crate::service::{Answer, Call, Service, stays_on_host};
use reqwest::header::{HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

/// The account that `google-impersonate` signs as: the name that cosign and gitsign read.
const ACCOUNT: &str = "GOOGLE_SERVICE_ACCOUNT_NAME";
/// Replaces the metadata server's address, as in Google's client libraries.
const METADATA_HOST: &str = "GCE_METADATA_HOST";
/// Replaces IAM's address, as in gcloud.
const IAM_ENDPOINT: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const METADATA: Service = Service::Workload("Google's metadata server");
const IAM: Service = Service::Workload("Google IAM");

/// The machine's own account.
pub(super) async fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let query = [("audience", surroundings.audience), ("format", "full")];
    let answer = metadata("identity", &query, surroundings).await?;
    let text = std::str::from_utf8(&answer.body).map_err(|_| answer.malformed("it is not valid UTF-8"))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// The account of [`ACCOUNT`].
pub(super) async fn impersonated(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let account = surroundings.require(ACCOUNT)?;
    if !account.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_".contains(c)) {
        return Err(Problem::Value { name: ACCOUNT, why: "is not an address of a service account".into() });
    }
    let access = field(&metadata("token", &[], surroundings).await?, "access_token")?;
    let base = surroundings.url(IAM_ENDPOINT)?;
    let base = base.as_ref().map_or("https://iamcredentials.googleapis.com/", Url::as_str).trim_end_matches('/');
    let address = format!("{base}/v1/projects/-/serviceAccounts/{}:generateIdToken", account.as_str());
    let url = Url::parse(&address).map_err(|error| Problem::Value { name: IAM_ENDPOINT, why: format!("is not a URL: {error}") })?;
    let call = Call::post_json(IAM, url, &serde_json::json!({ "audience": surroundings.audience, "includeEmail": true }));
    field(&surroundings.http.send(&call.bearer(&access)).await?, "token")
}

async fn metadata(what: &str, query: &[(&str, &str)], surroundings: &Surroundings<'_>) -> Result<Answer, Problem> {
    let host = surroundings.get(METADATA_HOST);
    let host = host.as_ref().map_or("metadata.google.internal", |host| host.as_str());
    let wrong = |why: &str| Problem::Value { name: METADATA_HOST, why: why.into() };
    let address = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/{what}");
    let mut url = Url::parse(&address).map_err(|_| wrong("is not a host"))?;
    // the server there decides who the machine is
    if !stays_on_host(&url) {
        return Err(wrong("is neither a loopback nor a link-local address"));
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let google = HeaderValue::from_static("Google");
    let call = Call { headers: vec![(FLAVOR, google.clone())], ..Call::get(METADATA, url) };
    let answer = surroundings.http.send(&call).await?;
    if answer.status != reqwest::StatusCode::OK {
        return Err(answer.refused().into());
    }
    // with this header the server shows that it is the metadata server
    if answer.headers.get(FLAVOR) != Some(&google) {
        return Err(answer.malformed("it does not come from a metadata server").into());
    }
    Ok(answer)
}
