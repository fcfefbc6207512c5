//! The flags for the identities that the caller expects, spelled as in cosign and gitsign.

use super::Failure;
use crate::{
    policy::{Expected, ExpectedIdentity, Pattern},
    wording::counted,
};

/// The expected identities, which replace the allowed identities
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Expected identity")]
pub(in crate::cli) struct Expect {
    /// The exact identity; may be repeated, with one issuer for each
    #[arg(long, value_name = "NAME")]
    certificate_identity: Vec<String>,
    /// A regular expression for the whole identity
    #[arg(long, value_name = "PATTERN")]
    certificate_identity_regexp: Vec<String>,
    /// The exact OpenID issuer; the first belongs to the first identity, and so on
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Vec<String>,
    /// A regular expression for the whole issuer
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
    pub(in crate::cli) fn identities(&self) -> Result<Option<Vec<ExpectedIdentity>>, Failure> {
        let identities = texts(&self.certificate_identity, &self.certificate_identity_regexp)?;
        let issuers = texts(&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp)?;
        let claims = self.claims();
        if identities.is_empty() && issuers.is_empty() && claims.is_empty() {
            return Ok(None);
        }
        if identities.len() != issuers.len() || identities.is_empty() {
            let (identities, issuers) = (counted(identities.len(), "expected identity"), counted(issuers.len(), "expected issuer"));
            let message = format!("{identities} and {issuers} are given; each identity needs one issuer");
            return Err(Failure::usage(message).with_hint("give --certificate-identity and --certificate-oidc-issuer in pairs"));
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

/// Exact texts or patterns, not both: the order in which the two kinds were given is not known, so they could not be paired.
fn texts(exact: &[String], patterns: &[String]) -> Result<Vec<Expected>, Failure> {
    if exact.iter().chain(patterns).any(String::is_empty) {
        return Err(
            Failure::usage("an expected identity or issuer is empty").with_hint("check whether a variable in the command is not set")
        );
    }
    if !exact.is_empty() && !patterns.is_empty() {
        return Err(Failure::usage("expected identities are given both exactly and by pattern").with_hint("use a pattern for each of them"));
    }
    let compiled = patterns.iter().map(|text| {
        let pattern = Pattern::new(text).map_err(|cause| {
            Failure::usage(format!("\"{text}\" is not a regular expression: {cause}"))
                .with_hint("correct the pattern; a backslash before a special character, as in `\\.`, takes it literally")
        });
        pattern.map(Expected::Pattern)
    });
    exact.iter().map(|text| Ok(Expected::Exactly(text.clone()))).chain(compiled).collect()
}
