//! `paraph attest`: signs in-toto statements about files, digests and git revisions.

mod predicate;
mod subject;

use super::{
    context::Context,
    exit::{Exit, Failure},
    sign::{self, BundleFile, Input, Output},
    ui::Ui,
};
use crate::{agent_protocol::SubjectToSign, config::SIGNING_FILES, sign::MAX_STATEMENT};
use std::{ffi::OsString, path::PathBuf};
pub(super) use subject::StatementSubject;

/// Sign a statement about files or revisions
///
/// Writes a bundle with an in-toto statement: a predicate, such as an SBOM, about the subjects. With one file as subject the bundle is
/// FILE.sigstore.json beside it; otherwise --bundle names it. The predicate must be a JSON object, with the fields that its type requires.
///
/// Anyone who gets the bundle can read the predicate. A log of version 1, as the public Sigstore has, gets the whole statement, and shows at
/// least its digest. A log of version 2 gets only a digest. `paraph whoami` shows the version.
///
/// Example: paraph attest app.tar.gz --type spdxjson --predicate sbom.spdx.json
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the statement is about: files, or sha256:HEX for files that are elsewhere
    #[arg(value_name = "SUBJECT", required = true)]
    subjects: Vec<OsString>,
    /// The subjects are git revisions: commits, tags or trees
    #[arg(long)]
    rev: bool,
    /// The type of the predicate: a URI, or spdxjson, cyclonedx, slsaprovenance1, slsaprovenance, vuln, openvex, link or custom
    #[arg(long = "type", value_name = "TYPE", required = true)]
    predicate_type: String,
    /// The file with the predicate; `-` is standard input
    #[arg(long, value_name = "FILE", required = true)]
    predicate: OsString,
    /// Write the bundle to this file
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    options: sign::Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    // before a pipe is read to its end
    let bundle = bundle(arguments)?;
    let subjects = subjects(arguments)?;
    let statement = statement(arguments, &subjects)?;
    sign::with_signer(&arguments.options, ui, |signer, ui| {
        let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
        let output = Output { name: &names.join(", "), bundle: &bundle, json: arguments.options.json };
        output.sign(&SubjectToSign::Statement { payload: statement }, signer, ui)?;
        Ok(Exit::Good)
    })
}

fn subjects(arguments: &Args) -> Result<Vec<StatementSubject>, Failure> {
    let context = Context::read_to_sign(&[])?;
    context.config.require(SIGNING_FILES)?;
    if arguments.rev {
        let repository = context.repository()?;
        return arguments.subjects.iter().map(|revision| StatementSubject::of_revision(revision, repository)).collect();
    }
    arguments.subjects.iter().map(|file| StatementSubject::of_file(file, context.repository.as_ref())).collect()
}

/// The file of the bundle, which is none that the statement is made from.
fn bundle(arguments: &Args) -> Result<BundleFile, Failure> {
    let files = if arguments.rev { &[] } else { arguments.subjects.as_slice() };
    let read: Vec<Input> = files.iter().chain([&arguments.predicate]).map(|file| Input::parse(file)).collect::<Result<_, _>>()?;
    let read = read.iter().filter_map(Input::place).chain(arguments.options.files());
    BundleFile::plan(&bundle_path(arguments)?, arguments.options.force)?.apart_from(read)
}

fn bundle_path(arguments: &Args) -> Result<PathBuf, Failure> {
    let beside = match arguments.subjects.as_slice() {
        [file] if !arguments.rev => Input::parse(file)?.bundle(),
        _ => None,
    };
    arguments.bundle.clone().or(beside).ok_or_else(|| {
        Failure::usage("the statement is not about one file beside which its bundle could be")
            .with_hint("name the bundle with --bundle FILE")
    })
}

/// The statement, with the predicate byte for byte.
fn statement(arguments: &Args, subjects: &[StatementSubject]) -> Result<Vec<u8>, Failure> {
    let failed = |error: predicate::PredicateError| Failure { hint: error.hint().map(str::to_owned), ..Failure::usage(error.to_string()) };
    let uri = predicate::uri_of(&arguments.predicate_type).map_err(failed)?;
    let predicate = Input::parse(&arguments.predicate)?.read_whole(MAX_STATEMENT)?;
    predicate::check(uri, &predicate).map_err(failed)?;
    let head = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects.iter().map(StatementSubject::to_json).collect::<Vec<_>>(),
        "predicateType": uri,
    });
    // numbers stay as they are written
    let head = head.to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    Ok([head.as_bytes(), br#","predicate":"#, predicate.trim_ascii(), b"}"].concat())
}
