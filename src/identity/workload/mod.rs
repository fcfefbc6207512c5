//! Identities of workloads: tokens that the platform gives to a job or a service, without a person.
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
//! One file a provider. Each asks for the audience that it is given, and says in one sentence who gave no token and why. All HTTP is this
//! program's: its caps and deadlines hold, and no proxy stands before a metadata address. Kubernetes' projected tokens are files, and no
//! matter of this module.
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

use super::token::{IdentityToken, TokenError};
use crate::service::{Http, ServiceError};
use std::{ffi::OsString, time::Duration};
use zeroize::Zeroizing;

/// All that one provider may take until it has given a token.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Who gives a workload its token.
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
    /// A service account at Google that this one may act as.
    GoogleImpersonate,
    /// SPIFFE's Workload API.
    Spiffe,
    /// A managed or federated identity at Azure.
    Azure,
}

/// What a provider may look at.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The HTTP clients.
    pub http: &'a Http,
    /// The environment.
    pub variable: &'a (dyn Fn(&str) -> Option<OsString> + Sync),
    /// Whom the token is to be made out to: the client id.
    pub audience: &'a str,
    /// The time for all of it; [`DEADLINE`] as a rule.
    pub deadline: Duration,
}

const GITHUB_PERMISSION: &str = "Give the job `permissions: id-token: write`; a workflow of a pull request from a fork gets none.";
const GITLAB_ID_TOKENS: &str = "Give the job `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore` in .gitlab-ci.yml.";

/// Why a provider gave no token, in one sentence that names it.
#[derive(Debug, thiserror::Error)]
#[error("{provider} gave no identity token: {problem}")]
pub(crate) struct WorkloadError {
    /// Who.
    pub provider: Provider,
    /// Why.
    #[source]
    pub problem: Problem,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Problem {
    /// Something that the platform sets is absent.
    #[error("the variable {0} is not set")]
    Variable(&'static str),
    /// Something that the platform sets cannot be used.
    #[error("the variable {name} {why}")]
    Value {
        /// The variable.
        name: &'static str,
        /// Why not, as a clause.
        why: String,
    },
    /// A file that a variable names cannot be read.
    #[error("{path} cannot be read: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program that gives tokens did not.
    #[error("the program {program} {what}")]
    Program {
        /// Its name.
        program: &'static str,
        /// What it did, as a clause.
        what: String,
    },
    /// The Workload API did not answer as it should.
    #[error("the Workload API at {address} {what}")]
    WorkloadApi {
        /// The socket.
        address: String,
        /// What it did, as a clause.
        what: String,
    },
    /// A token service did not answer as it should.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What came is no token.
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
        match self {
            Self::GithubActions => "github-actions",
            Self::Gitlab => "gitlab",
            Self::Circleci => "circleci",
            Self::Buildkite => "buildkite-agent",
            Self::Google => "google-workload-identity",
            Self::GoogleImpersonate => "google-impersonate",
            Self::Spiffe => "spiffe",
            Self::Azure => "azure",
        }
    }

    /// The CI system whose job this process is part of, by the variable that it documents for that, where it gives the job a token. A token
    /// of the machine underneath is nobody's unless it is asked for.
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

    /// What to do in a job of a CI system that gives it no token and would where it is asked to.
    pub(crate) fn remedy_in_job(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
        let is = |name: &str| variable(name).is_some_and(|found| found == "true");
        if Self::of_job(variable).is_some() {
            None
        } else if is("GITHUB_ACTIONS") {
            Some(GITHUB_PERMISSION)
        } else if is("GITLAB_CI") {
            Some(GITLAB_ID_TOKENS)
        } else if is("CIRCLECI") {
            Some("CircleCI gives a token to jobs that use a context.")
        } else {
            None
        }
    }

    /// Asks for a token. Nothing about it is checked but its form.
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
                "This is for jobs of CircleCI; there the program `circleci` gives a token for the audience, with `circleci run oidc get`."
            }
            (Problem::Program { .. }, Provider::Buildkite) => {
                "This is for jobs of Buildkite, with an agent of version 3.46 or newer in the PATH."
            }
            (Problem::Service(_), Provider::Google | Provider::GoogleImpersonate) => {
                "The metadata server is there only on machines of Google, with a service account; for impersonation that account needs the role Service Account OpenID Connect Identity Token Creator."
            }
            (Problem::Variable(_), Provider::GoogleImpersonate) => {
                "Set GOOGLE_SERVICE_ACCOUNT_NAME to the address of the service account to sign as."
            }
            (Problem::WorkloadApi { .. } | Problem::Variable(_) | Problem::Value { .. }, Provider::Spiffe) => {
                "SPIFFE_ENDPOINT_SOCKET names the agent's socket, as unix:///path or tcp://IP:PORT; the workload needs a registration entry."
            }
            (Problem::Service(_), Provider::Azure) => {
                "Give the machine or service a managed identity; paraph.clientID names the application for which the token is made out."
            }
            (Problem::Service(error), _) => error.hint().unwrap_or("try again; if it keeps failing, look at the service's status page"),
            _ => "`paraph whoami --check` shows what the token provider gives; paraph.tokenProvider chooses another one.",
        }
    }
}

impl Surroundings<'_> {
    /// A variable's text without white space around it; none where it is empty.
    fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        let text = Zeroizing::new((self.variable)(name)?.into_string().ok()?);
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| Zeroizing::new(trimmed.to_owned()))
    }

    fn require(&self, name: &'static str) -> Result<Zeroizing<String>, Problem> {
        self.get(name).ok_or(Problem::Variable(name))
    }

    /// A variable that holds the address of a service.
    fn url(&self, name: &'static str) -> Result<Option<url::Url>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let wrong = |why: &str| Problem::Value { name, why: why.to_owned() };
        let url = url::Url::parse(&text).map_err(|error| wrong(&format!("is no address: {error}")))?;
        match url.scheme() {
            "https" | "http" => Ok(Some(url)),
            _ => Err(wrong("is no address of http or https")),
        }
    }
}

/// A field of an answer in JSON that holds a token.
fn field(answer: &crate::service::Answer, name: &'static str) -> Result<Zeroizing<String>, Problem> {
    if answer.status != reqwest::StatusCode::OK {
        return Err(answer.refused().into());
    }
    let mut json: serde_json::Value =
        serde_json::from_slice(&answer.body).map_err(|_| answer.malformed("it is not the JSON that a token service gives"))?;
    match json.get_mut(name).map(serde_json::Value::take) {
        Some(serde_json::Value::String(token)) => Ok(Zeroizing::new(token)),
        _ => Err(answer.malformed(format!("it has no {name}")).into()),
    }
}

#[cfg(test)]
mod tests;
