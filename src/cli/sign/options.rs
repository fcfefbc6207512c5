//! The flags of the commands that write bundles.

use crate::config::OptionValue;
use std::path::{Path, PathBuf};

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
    /// The files that they name.
    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = &Path> {
        self.trusted_root.iter().chain(&self.signing_config).map(PathBuf::as_path)
    }

    /// The settings that they override.
    pub(in crate::cli) fn settings(&self) -> Vec<OptionValue> {
        let signing = [
            OptionValue::of("signingConfig", "--signing-config", self.signing_config.as_deref()),
            OptionValue::of("identityToken", "--identity-token", self.identity_token.as_deref()),
            // the token goes before any provider that is configured
            OptionValue::of("tokenProvider", "--identity-token", self.identity_token.as_ref().map(|_| "envvar")),
        ];
        let trust = OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref());
        trust.chain(signing.into_iter().flatten()).collect()
    }
}
