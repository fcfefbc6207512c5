//! Azure, in the order of its own libraries: exchange a federated token at Entra, or ask the service's endpoint of managed identities, or ask
//! the machine's instance metadata service (IMDS).
//!
//! The audience is a resource: the id or URI of an application that is registered at Entra. `clientID` has to name it.

use super::{Problem, Surroundings, field};
use crate::{
    identity::{MAX_TOKEN, source::read_token_file},
    service::{Body, Call, Retry, Service, stays_on_host},
};
use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
/// Replaces the address of IMDS, as in Azure's libraries.
const IMDS_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

pub(super) async fn token(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    if let Some(file) = surroundings.get(TOKEN_FILE) {
        federated(&file, surroundings).await
    } else if surroundings.get(ENDPOINT).is_some() {
        of_service(surroundings).await
    } else {
        of_machine(surroundings).await
    }
}

/// OAuth 2.0 client credentials. The assertion is the token that Kubernetes or another platform wrote into the file.
async fn federated(file: &str, surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let (tenant, client) = (surroundings.require(TENANT)?, surroundings.require(CLIENT)?);
    let assertion = read_token_file(file.as_ref()).map_err(|source| Problem::File { path: file.to_owned(), source })?;
    if assertion.len() > MAX_TOKEN {
        return Err(crate::identity::TokenError::TooLarge.into());
    }
    let authority = surroundings.url(AUTHORITY)?;
    let authority = authority.as_ref().map_or("https://login.microsoftonline.com/", Url::as_str).trim_end_matches('/');
    let url = Url::parse(authority).ok().and_then(|mut url| {
        url.path_segments_mut().ok()?.pop_if_empty().extend([tenant.as_str(), "oauth2", "v2.0", "token"]);
        Some(url)
    });
    let url = url.ok_or_else(|| Problem::Value { name: AUTHORITY, why: "is not a URL".into() })?;
    let form = form_urlencoded::Serializer::new(String::with_capacity(2 * MAX_TOKEN))
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &client)
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion.trim())
        .append_pair("scope", &format!("{}/.default", surroundings.audience))
        .finish();
    let call = Call {
        accept: Some("application/json"),
        body: Body::Of("application/x-www-form-urlencoded", form.into_bytes().into()),
        retry: Retry::Safe,
        ..Call::new(Service::Workload("Entra"), Method::POST, url)
    };
    field(&surroundings.http.send(&call).await?, "access_token")
}

/// App Service, Functions, Container Apps. The header shows that the caller is the service itself.
async fn of_service(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let mut url = surroundings.url(ENDPOINT)?.ok_or(Problem::Variable(ENDPOINT))?;
    let secret = surroundings.require(HEADER)?;
    let mut secret = HeaderValue::from_str(&secret)
        .map_err(|_| Problem::Value { name: HEADER, why: "contains characters that are not possible in a header".into() })?;
    secret.set_sensitive(true);
    resource(&mut url, "2019-08-01", surroundings);
    ask("the endpoint of managed identities", url, ("x-identity-header", secret), surroundings).await
}

/// A virtual machine.
async fn of_machine(surroundings: &Surroundings<'_>) -> Result<Zeroizing<String>, Problem> {
    let base = surroundings.url(IMDS_HOST)?;
    let base = base.as_ref().map_or("http://169.254.169.254/", Url::as_str).trim_end_matches('/');
    let wrong = |why: &str| Problem::Value { name: IMDS_HOST, why: why.into() };
    let mut url = Url::parse(&format!("{base}/metadata/identity/oauth2/token")).map_err(|_| wrong("is not a URL"))?;
    // the server there decides who the machine is
    if !stays_on_host(&url) {
        return Err(wrong("is neither a loopback nor a link-local address"));
    }
    resource(&mut url, "2018-02-01", surroundings);
    ask("IMDS", url, ("metadata", HeaderValue::from_static("true")), surroundings).await
}

fn resource(url: &mut Url, version: &str, surroundings: &Surroundings<'_>) {
    let mut query = url.query_pairs_mut();
    query.append_pair("api-version", version).append_pair("resource", surroundings.audience);
    // selects one of several user-assigned identities
    if let Some(client) = surroundings.get(CLIENT) {
        query.append_pair("client_id", &client);
    }
}

async fn ask(
    service: &'static str,
    url: Url,
    (name, value): (&'static str, HeaderValue),
    surroundings: &Surroundings<'_>,
) -> Result<Zeroizing<String>, Problem> {
    let headers = vec![(HeaderName::from_static(name), value)];
    let call = Call { accept: Some("application/json"), headers, ..Call::get(Service::Workload(service), url) };
    field(&surroundings.http.send(&call).await?, "access_token")
}
