//! Identities of workloads: tokens that a platform gives to a job or a service.
//!
//! | provider | who is asked | what for |
//! | --- | --- | --- |
//! | `github-actions` | the job's token service (`ACTIONS_ID_TOKEN_REQUEST_URL`) | [OpenID Connect in GitHub Actions] |
//! | `gitlab` | nobody: the variable `SIGSTORE_ID_TOKEN`, which `id_tokens` of the job sets | GitLab CI's ID tokens |
//! | `circleci` | the variable `CIRCLE_OIDC_TOKEN_V2`, else the program `circleci` | CircleCI's tokens, with custom claims |
//! | `buildkite-agent` | the program `buildkite-agent` | `buildkite-agent oidc request-token` |
//! | `google-workload-identity` | the metadata server | the identity of the machine's service account |
//! | `google-impersonate` | the metadata server, then IAM's `generateIdToken` | another service account |
//! | `spiffe` | the Workload API (`SPIFFE_ENDPOINT_SOCKET`) | a JWT-SVID |
//! | `azure` | Entra, the service's endpoint of managed identities, or IMDS | a managed or federated identity |
//!
//! Each provider has a file. Each requests the given audience. An error names the provider and the reason in one sentence. The limits and
//! deadlines of this program's HTTP apply, and no proxy is used for a metadata address. Kubernetes' projected tokens are files, which this
//! module does not read.
//!
//! [OpenID Connect in GitHub Actions]: https://docs.github.com/actions/reference/security/oidc

mod azure;
mod buildkite;
mod circleci;
mod github;
mod gitlab;
mod google;
mod program;
mod spiffe;

pub(crate) use spiffe::WorkloadApiError;

use super::token::{IdentityToken, TokenError};
use crate::{
    config::TokenProvider,
    service::{Http, ServiceError},
};
use std::{ffi::OsString, time::Duration};
use zeroize::Zeroizing;

/// The time limit of one provider.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The platform that gives a workload its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    /// GitHub Actions.
    GithubActions,
    /// GitLab CI.
    Gitlab,
    /// CircleCI.
    Circleci,
    /// Buildkite's agent.
    Buildkite,
    /// The service account of a machine, container or function at Google.
    Google,
    /// A service account at Google that the machine's account may act as.
    GoogleImpersonate,
    /// SPIFFE's Workload API.
    Spiffe,
    /// A managed or federated identity at Azure.
    Azure,
}

/// What a provider may use.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The HTTP clients.
    pub http: &'a Http,
    /// The environment.
    pub variable: &'a (dyn Fn(&str) -> Option<OsString> + Sync),
    /// The wanted audience: the client id.
    pub audience: &'a str,
    /// The time limit, usually [`DEADLINE`].
    pub deadline: Duration,
}

const GITHUB_PERMISSION: &str = "give the job `permissions: id-token: write`; a workflow of a pull request from a fork cannot have it";
const GITLAB_ID_TOKENS: &str = "give the job `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore` in .gitlab-ci.yml";

/// Why a provider gave no token.
#[derive(Debug, thiserror::Error)]
#[error("{provider} gave no identity token: {problem}")]
pub(crate) struct WorkloadError {
    /// The provider.
    pub provider: Provider,
    /// The reason.
    #[source]
    pub problem: Problem,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Problem {
    /// A variable of the platform is not set.
    #[error("the variable {0} is not set")]
    Variable(&'static str),
    /// A variable of the platform has a value that cannot be used.
    #[error("the variable {name} {why}")]
    Value {
        /// The variable.
        name: &'static str,
        /// What is wrong with it, as a clause.
        why: String,
    },
    /// A file that a variable names cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A program that gives tokens failed.
    #[error("the program {program} {what}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it did, as a clause.
        what: String,
    },
    /// A call of the Workload API failed.
    #[error("the Workload API at {address} {error}")]
    WorkloadApi {
        /// The socket.
        address: String,
        /// What went wrong.
        error: WorkloadApiError,
    },
    /// A call of a token service failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The answer is not a token.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Provider {
    /// Every provider.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::GithubActions,
        Self::Gitlab,
        Self::Circleci,
        Self::Buildkite,
        Self::Google,
        Self::GoogleImpersonate,
        Self::Spiffe,
        Self::Azure,
    ];

    /// Its name in the configuration.
    pub(crate) fn name(self) -> &'static str {
        self.setting().as_str()
    }

    /// The value of `paraph.tokenProvider` that names it.
    pub(crate) fn setting(self) -> TokenProvider {
        match self {
            Self::GithubActions => TokenProvider::GithubActions,
            Self::Gitlab => TokenProvider::Gitlab,
            Self::Circleci => TokenProvider::Circleci,
            Self::Buildkite => TokenProvider::Buildkite,
            Self::Google => TokenProvider::Google,
            Self::GoogleImpersonate => TokenProvider::GoogleImpersonate,
            Self::Spiffe => TokenProvider::Spiffe,
            Self::Azure => TokenProvider::Azure,
        }
    }

    /// The CI system whose job this process is, if it gives the job a token. It is detected by the documented variable. The token of the machine
    /// below is not used unless it is configured.
    pub(crate) fn of_job(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Self> {
        let is = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
        let set = |name: &str| variable(name).is_some_and(|found| !found.is_empty());
        if is("GITHUB_ACTIONS", "true") && set(github::REQUEST_URL) && set(github::REQUEST_TOKEN) {
            Some(Self::GithubActions)
        } else if is("GITLAB_CI", "true") && set(gitlab::TOKEN) {
            Some(Self::Gitlab)
        } else if is("CIRCLECI", "true") && set(circleci::TOKEN) {
            Some(Self::Circleci)
        } else if is("BUILDKITE", "true") && set("BUILDKITE_JOB_ID") {
            Some(Self::Buildkite)
        } else {
            None
        }
    }

    /// What to do in a CI job that gets no token but could.
    pub(crate) fn remedy_in_job(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
        let is = |name: &str| variable(name).is_some_and(|found| found == "true");
        if Self::of_job(variable).is_some() {
            None
        } else if is("GITHUB_ACTIONS") {
            Some(GITHUB_PERMISSION)
        } else if is("GITLAB_CI") {
            Some(GITLAB_ID_TOKENS)
        } else if is("CIRCLECI") {
            Some("let the job use a context: CircleCI gives a token only to such jobs")
        } else {
            None
        }
    }

    /// Requests a token. Only its form is checked.
    ///
    /// # Errors
    /// A [`WorkloadError`].
    pub(crate) async fn token(self, surroundings: &Surroundings<'_>) -> Result<IdentityToken, WorkloadError> {
        let http = surroundings.http.within(surroundings.deadline);
        let surroundings = Surroundings { http: &http, ..*surroundings };
        let text = match self {
            Self::GithubActions => github::token(&surroundings).await,
            Self::Gitlab => gitlab::token(&surroundings),
            Self::Circleci => circleci::token(&surroundings),
            Self::Buildkite => buildkite::token(&surroundings),
            Self::Google => google::token(&surroundings).await,
            Self::GoogleImpersonate => google::impersonated(&surroundings).await,
            Self::Spiffe => spiffe::token(&surroundings).await,
            Self::Azure => azure::token(&surroundings).await,
        };
        let token = text.and_then(|text| Ok(IdentityToken::parse(&text)?));
        token.map_err(|problem| WorkloadError { provider: self, problem })
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::GithubActions => "GitHub Actions",
            Self::Gitlab => "GitLab CI",
            Self::Circleci => "CircleCI",
            Self::Buildkite => "Buildkite",
            Self::Google => "Google workload identity",
            Self::GoogleImpersonate => "Google impersonation",
            Self::Spiffe => "SPIFFE",
            Self::Azure => "Azure",
        })
    }
}

impl WorkloadError {
    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match (&self.problem, self.provider) {
            (Problem::Variable(_), Provider::GithubActions) => GITHUB_PERMISSION,
            (Problem::Variable(_) | Problem::Token(_), Provider::Gitlab) => GITLAB_ID_TOKENS,
            (Problem::Variable(_) | Problem::Program { .. }, Provider::Circleci) => {
                "use this in jobs of CircleCI only: the program `circleci` gives the token there, with `circleci run oidc get`"
            }
            (Problem::Program { .. }, Provider::Buildkite) => {
                "use this in jobs of Buildkite only, with an agent of version 3.46 or newer in the PATH"
            }
            (Problem::Service(_), Provider::Google | Provider::GoogleImpersonate) => {
                "use this on machines of Google with a service account only; for impersonation that account needs the role Service Account OpenID Connect Identity Token Creator"
            }
            (Problem::Variable(_), Provider::GoogleImpersonate) => {
                "set GOOGLE_SERVICE_ACCOUNT_NAME to the address of the service account to sign as"
            }
            (Problem::WorkloadApi { .. } | Problem::Variable(_) | Problem::Value { .. }, Provider::Spiffe) => {
                "set SPIFFE_ENDPOINT_SOCKET to the agent's socket, as unix:///path or tcp://IP:PORT; the workload needs a registration entry"
            }
            (Problem::Service(_), Provider::Azure) => {
                "give the machine or service a managed identity; paraph.clientID names the application that is the token's audience"
            }
            (Problem::Service(error), _) => error.hint().unwrap_or("try again; if it keeps failing, check the service's status page"),
            _ => "run `paraph whoami --check` to see what the token provider gives, or choose another one with paraph.tokenProvider",
        }
    }
}

impl Surroundings<'_> {
    /// A variable's text without white space around it; `None` if it is empty.
    fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        let text = Zeroizing::new((self.variable)(name)?.into_string().ok()?);
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| Zeroizing::new(trimmed.to_owned()))
    }

    fn require(&self, name: &'static str) -> Result<Zeroizing<String>, Problem> {
        self.get(name).ok_or(Problem::Variable(name))
    }

    /// A variable that holds a URL.
    fn url(&self, name: &'static str) -> Result<Option<url::Url>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let wrong = |why: &str| Problem::Value { name, why: why.to_owned() };
        let url = url::Url::parse(&text).map_err(|error| wrong(&format!("is not a URL: {error}")))?;
        match url.scheme() {
            "https" | "http" => Ok(Some(url)),
            _ => Err(wrong("is not a URL of http or https")),
        }
    }
}

/// The fields that hold a token. A repeated one is an error: two readers could use different ones.
#[derive(serde::Deserialize)]
struct Tokens {
    access_token: Option<serde_json::Value>,
    token: Option<serde_json::Value>,
    value: Option<serde_json::Value>,
}

/// A field of a JSON answer that holds a token.
fn field(answer: &crate::service::Answer, name: &'static str) -> Result<Zeroizing<String>, Problem> {
    if answer.status != reqwest::StatusCode::OK {
        return Err(answer.refused().into());
    }
    let tokens: Tokens =
        crate::json_object::from_slice(&answer.body).map_err(|_| answer.malformed("it is not the JSON of a token service"))?;
    let token = match name {
        "access_token" => tokens.access_token,
        "token" => tokens.token,
        _ => tokens.value,
    };
    match token {
        Some(serde_json::Value::String(token)) => Ok(Zeroizing::new(token)),
        _ => Err(answer.malformed(format!("it has no {name}")).into()),
    }
}

#[cfg(test)]
mod tests;
