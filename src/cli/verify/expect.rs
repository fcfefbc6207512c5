//! The flags that name the identities a caller expects, as cosign and gitsign spell them.

use super::{Exit, Failure};
use crate::policy::{Expected, ExpectedIdentity, Pattern};

/// Whom to expect; these decide in place of the allowed identities
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Expected identity")]
pub(super) struct Expect {
    /// The identity, exactly; repeat it, with an issuer each, for several
    #[arg(long, value_name = "NAME")]
    certificate_identity: Vec<String>,
    /// A regular expression that matches the whole identity
    #[arg(long, value_name = "PATTERN")]
    certificate_identity_regexp: Vec<String>,
    /// Its OpenID issuer, exactly; the first issuer belongs to the first identity, and so on
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Vec<String>,
    /// A regular expression that matches the whole issuer
    #[arg(long, value_name = "PATTERN")]
    certificate_oidc_issuer_regexp: Vec<String>,
    /// The event that triggered the GitHub workflow
    #[arg(long, value_name = "TEXT")]
    certificate_github_workflow_trigger: Option<String>,
    /// The commit of the GitHub workflow
    #[arg(long, value_name = "TEXT")]
    certificate_github_workflow_sha: Option<String>,
    /// The name of the GitHub workflow
    #[arg(long, value_name = "TEXT")]
    certificate_github_workflow_name: Option<String>,
    /// The repository of the GitHub workflow
    #[arg(long, value_name = "TEXT")]
    certificate_github_workflow_repository: Option<String>,
    /// The ref of the GitHub workflow
    #[arg(long, value_name = "TEXT")]
    certificate_github_workflow_ref: Option<String>,
}

impl Expect {
    /// The expected identities; `None` where no flag was given.
    pub(super) fn identities(&self) -> Result<Option<Vec<ExpectedIdentity>>, Failure> {
        let identities = texts(&self.certificate_identity, &self.certificate_identity_regexp)?;
        let issuers = texts(&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp)?;
        let claims = self.claims();
        if identities.is_empty() && issuers.is_empty() && claims.is_empty() {
            return Ok(None);
        }
        if identities.len() != issuers.len() || identities.is_empty() {
            let message = format!("each expected identity needs its issuer: identities {}, issuers {}", identities.len(), issuers.len());
            return Err(Failure::new(Exit::Usage, message).with_hint("give --certificate-identity and --certificate-oidc-issuer in pairs"));
        }
        let pairs = identities.into_iter().zip(issuers);
        Ok(Some(pairs.map(|(identity, issuer)| ExpectedIdentity { identity, issuer, claims: claims.clone() }).collect()))
    }

    fn claims(&self) -> Vec<(&'static str, String)> {
        let claims = [
            ("githubWorkflowTrigger", &self.certificate_github_workflow_trigger),
            ("githubWorkflowSha", &self.certificate_github_workflow_sha),
            ("githubWorkflowName", &self.certificate_github_workflow_name),
            ("githubWorkflowRepository", &self.certificate_github_workflow_repository),
            ("githubWorkflowRef", &self.certificate_github_workflow_ref),
        ];
        claims.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// Exact texts first, then patterns; which of both kinds belong together cannot be told, so only one kind may be given.
fn texts(exact: &[String], patterns: &[String]) -> Result<Vec<Expected>, Failure> {
    if exact.iter().chain(patterns).any(String::is_empty) {
        return Err(Failure::new(Exit::Usage, "an expected identity or issuer is empty").with_hint("perhaps a variable is not set"));
    }
    if !exact.is_empty() && !patterns.is_empty() {
        return Err(Failure::new(Exit::Usage, "an expected identity is given exactly or by a pattern, not both")
            .with_hint("use patterns for all of them"));
    }
    let compiled = patterns.iter().map(|text| {
        let pattern = Pattern::new(text).map_err(|cause| Failure::new(Exit::Usage, format!("{text} is no regular expression: {cause}")));
        pattern.map(Expected::Pattern)
    });
    exact.iter().map(|text| Ok(Expected::Exactly(text.clone()))).chain(compiled).collect()
}
