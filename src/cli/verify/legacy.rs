//! The flags for legacy signatures.

use super::super::{context::Context, exit::Failure};
use crate::{
    config::OptionValue,
    judge::entries::{Entries, Lookup},
    trust::TrustRoot,
};

/// How legacy signatures are treated
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Legacy signatures")]
pub(super) struct Legacy {
    /// Ask the logs of the trust root for entries that signatures do not embed, as in gitsign's online mode
    ///
    /// Sends a hash of the object's id and the signer's certificate to the Rekor v1 logs that the trust root names. The answer is checked like
    /// an embedded entry and stored, so that the next verification needs no network.
    #[arg(long)]
    lookup: bool,
    /// Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy
    #[arg(long)]
    allow_legacy: bool,
}

impl Legacy {
    /// The setting that the flags replace.
    pub(super) fn setting(&self) -> Option<OptionValue> {
        self.allow_legacy.then(|| OptionValue { setting: "allowLegacy", flag: "--allow-legacy", value: "true".into() })
    }

    /// The log entries to use where a signature embeds none.
    pub(super) fn entries(&self, context: &Context, roots: &[TrustRoot]) -> Result<Entries, Failure> {
        let http = if self.lookup { Some(context.http()?) } else { None };
        Ok(Entries::stored().with_lookup(http.map(|http| Lookup::new(http, roots))))
    }
}
