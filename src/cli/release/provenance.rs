//! The SLSA provenance of a release, from what the certificate of a CI job says.
//!
//! Source: SLSA provenance v1.

use crate::judge::{OtherJob, Release};
use serde_json::{Value, json};

/// The type of the predicate.
pub(super) const TYPE: &str = "https://slsa.dev/provenance/v1";

/// The provenance; `None` if the certificate does not name repository and commit.
///
/// # Errors
/// [`OtherJob`].
pub(super) fn predicate(claims: &[(&str, String)], release: &Release) -> Result<Option<Value>, OtherJob> {
    let claim = |name: &str| claims.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let (Some(repository), Some(commit)) = (claim("sourceRepositoryUri"), claim("sourceRepositoryDigest")) else { return Ok(None) };
    release.check_job(claims)?;
    let reference = claim("sourceRepositoryRef").unwrap_or_default();
    Ok(Some(json!({
        "buildDefinition": {
            // what the issuer says of the job that signs
            "buildType": "https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md",
            "externalParameters": {
                "buildConfig": { "uri": claim("buildConfigUri"), "digest": { "gitCommit": claim("buildConfigDigest") } },
                "source": { "uri": repository, "ref": reference },
                "trigger": claim("buildTrigger"),
            },
            "resolvedDependencies": [{
                "uri": format!("git+{repository}@{reference}"),
                "digest": { "gitCommit": commit, "gitTag": release.tag.digest.id, "gitTree": release.tree.digest.id },
            }],
        },
        "runDetails": {
            "builder": { "id": claim("buildSignerUri").unwrap_or(repository) },
            "metadata": { "invocationId": claim("runInvocationUri") },
        },
    })))
}
