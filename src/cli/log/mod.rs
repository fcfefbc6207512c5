//! `paraph log`: what a transparency log says, verified.

mod get;
mod prove;

use super::{
    context::Context,
    exit::{Exit, Failure},
    ui::Ui,
};
use crate::{
    config::{OptionValue, Use},
    service::{Http, runtime},
};
use std::{future::Future, path::PathBuf};

/// Ask a transparency log, and verify its answers
///
/// The log is not trusted: what it says is verified with the trust root. See man/log.md.
///
/// Example: paraph log prove v1.0
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Get(get::Args),
    Prove(prove::Args),
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Get(arguments) => get::run(arguments, ui),
        Command::Prove(arguments) => prove::run(arguments, ui),
    }
}

/// Which log, and what to verify it with
#[derive(Debug, clap::Args)]
struct Options {
    /// The address of the log
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,
    /// Use this instance: its log and its trust root
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
    /// Verify with the trust root in this file (trusted_root.json)
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// The limit for one request, in seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<String>,
    /// Print JSON: see man/json.md
    #[arg(long)]
    json: bool,
}

impl Options {
    fn open(&self, more: impl IntoIterator<Item = OptionValue>) -> Result<Context, Failure> {
        let own = [
            OptionValue::of("rekor", "--rekor-url", self.rekor_url.as_deref()),
            OptionValue::of("timeout", "--timeout", self.timeout.as_deref()),
        ];
        let trust = OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref());
        let options: Vec<OptionValue> = trust.chain(own.into_iter().flatten()).chain(more).collect();
        let context = Context::load_for(&options, &[Use::Trust])?;
        // an address on the command line must be one
        if self.rekor_url.is_some() {
            context.config.require(&[Use::Signer])?;
        }
        Ok(context)
    }
}

/// Says which of the repository's settings are not used, and whether the repository itself named the trust root.
fn warn(context: &Context, ui: &mut Ui) {
    for notice in &context.config.overruled {
        ui.warning(format!("{notice}."));
    }
    if let Some(sentence) = context.deciders(None).root_sentence() {
        ui.warning(sentence);
    }
}

/// Runs calls of a log, and shows what the clients noticed.
fn call<T>(http: &Http, ui: &mut Ui, calls: impl Future<Output = Result<T, crate::judge::log::LogError>>) -> Result<T, Failure> {
    let runtime = runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
    let result = runtime.block_on(calls);
    for warning in http.take_warnings() {
        ui.warning(format!("{warning}."));
    }
    Ok(result?)
}
