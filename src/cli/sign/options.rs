//! The flags of the commands that write bundles.

use crate::config::OptionValue;
use std::{ffi::OsString, path::PathBuf};

/// How to sign
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// Replace an existing bundle
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Sign with the services of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
    /// Check the signature with the trust root in this file (trusted_root.json)
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Sign with the services in this file (signing_config.json)
    #[arg(long, value_name = "FILE")]
    signing_config: Option<PathBuf>,
    /// Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it
    #[arg(long, value_name = "TOKEN")]
    identity_token: Option<String>,
    /// Print a JSON object for each signature
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Options {
    /// The settings that they override.
    pub(in crate::cli) fn settings(&self) -> Vec<OptionValue> {
        let option = |setting, flag, value: Option<OsString>| value.map(|value| OptionValue { setting, flag, value });
        let path = |path: &Option<PathBuf>| path.clone().map(OsString::from);
        let text = |text: &Option<String>| text.clone().map(OsString::from);
        [
            option("instance", "--instance", text(&self.instance)),
            option("trustedRoot", "--trusted-root", path(&self.trusted_root)),
            option("signingConfig", "--signing-config", path(&self.signing_config)),
            option("identityToken", "--identity-token", text(&self.identity_token)),
            // the token goes before any provider that is configured
            option("tokenProvider", "--identity-token", self.identity_token.as_ref().map(|_| "envvar".into())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
