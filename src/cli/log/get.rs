//! `paraph log get`.

use super::{Options, call, warn};
use crate::{
    cli::{
        exit::{Exit, Failure},
        show::print_fields,
        ui::Ui,
    },
    config::{OptionValue, RekorVersion, Use},
    judge::log::{EntryName, FoundEntry, LogReader},
    report::{EntryBody, EntryContents},
    selection,
    wording::counted,
};
use jiff::Timestamp;
use serde::Serialize;

/// Show an entry of the log, verified
///
/// Fetches one entry from the log that you sign with, or from --rekor-url. Verifies its inclusion proof, the checkpoint and, with Rekor v1, the
/// signed entry timestamp (SET). Then it prints the fields of the entry. An entry says what was logged; whether the signature in it is good is
/// not judged.
///
/// Fails if the log does not have the entry, or if its answer does not verify.
///
/// Example: paraph log get 4026478
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The entry: its index in the log, or its UUID (64 or 80 hexadecimal digits, Rekor v1)
    #[arg(value_name = "UUID|INDEX")]
    entry: String,
    /// The version of the log's API: 1 or 2
    #[arg(long, value_name = "VERSION")]
    rekor_version: Option<String>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let name = EntryName::parse(&arguments.entry).ok_or_else(|| {
        Failure::usage(format!("\"{}\" is neither an index nor a UUID of a log entry", arguments.entry))
            .with_hint("give a number, or 64 or 80 hexadecimal digits")
    })?;
    let context = arguments.options.open(OptionValue::of("rekorVersion", "--rekor-version", arguments.rekor_version.as_deref()))?;
    context.config.require(&[Use::Signer])?;
    let wanted = match (&name, &arguments.rekor_version) {
        // only Rekor v1 has UUIDs, whatever version is configured
        (EntryName::Uuid(_), None) => Some(RekorVersion::V1),
        _ => context.config.rekor_protocol(),
    };
    let (url, version) = selection::log(&context.config, &context.trust_store(), Timestamp::now(), wanted)?;
    let (roots, http) = (context.trust_roots()?, context.http()?);
    let found = call(&http, ui, LogReader::new(&roots, &http).get(&name, &url, version))?;
    warn(&context, ui);
    let document = Document::of(&url, found);
    if arguments.options.json {
        ui.json(&document);
        return Ok(Exit::Good);
    }
    ui.line(format!("entry {} of the log {url}: verified", document.log_index));
    let of = if document.signed_entry_timestamp {
        "its signed entry timestamp and its inclusion proof verify"
    } else {
        "its inclusion proof verifies"
    };
    ui.line(format!("  Included in the tree of {} of \"{}\"; {of}.", counted(document.tree_size, "entry"), document.origin));
    ui.line("Fields of the entry:");
    print_fields(&document, ui);
    Ok(Exit::Good)
}

/// `--json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    url: String,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    kind: String,
    log_id: String,
    log_index: u64,
    proof_index: u64,
    tree_size: u64,
    root_hash: String,
    leaf_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrated_time: Option<String>,
    signed_entry_timestamp: bool,
    checkpoint: Vec<String>,
    #[serde(flatten)]
    body: EntryBody,
}

impl Document {
    fn of(url: &str, found: FoundEntry) -> Self {
        let FoundEntry { uuid, entry, included } = found;
        let body = EntryBody::of(&entry.canonicalized_body);
        let contents = EntryContents::of_entry(entry);
        Self {
            url: url.to_owned(),
            origin: included.checkpoint.origin,
            uuid,
            kind: contents.kind,
            log_id: contents.log_id,
            log_index: included.log_index,
            proof_index: included.proof_index,
            tree_size: included.checkpoint.tree_size,
            root_hash: hex::encode(included.checkpoint.root_hash),
            leaf_hash: hex::encode(included.leaf_hash),
            integrated_time: included.integrated_time.map(|time| time.to_string()),
            signed_entry_timestamp: contents.inclusion_promise,
            checkpoint: contents.checkpoint,
            body,
        }
    }
}
