//! `paraph verify-file`: arguments and output. Files are judged in [`crate::judge`].

mod output;

use super::{
    context::Context,
    exit::{Exit, Failure},
    input::{announcing_waits, read},
    ui::Ui,
    verify::{Expect, Format, time},
};
use crate::{
    config::{OptionValue, VERIFYING_FILES},
    judge::{FileJudge, NamedFile},
    statement::predicate_type,
    verify::{ManagedKey, Verifier, batch},
};
use jiff::Timestamp;
use output::Output;
use std::{ffi::OsString, path::PathBuf};

/// A file with a public key larger than this is not read, in bytes.
const MAX_KEY_FILE: usize = 1 << 20;
/// The number of files that one core takes at a time, at most.
const MAX_CHUNK: usize = 32;

/// Verify files by their Sigstore bundles, offline
///
/// Looks for FILE.sigstore.json, FILE.sigstore.jsonl (a bundle on each line) and FILE.sigstore beside each file. Verifies each bundle, and
/// whether you trust the identity that signed it. A line of your allowed identities must say `for=file`, for attestations `for=attestation`,
/// and for releases `for=release`. A file is good if one of its bundles is. A file without a bundle is `unsigned`. Fails unless every verdict
/// is good; the exit code is that of the worst verdict.
///
/// Reads each file once and does not keep it in memory. `sha256:HEX` stands for a file with that digest, and needs --bundle.
///
/// Example: paraph verify-file paraph-1.2.tar.gz
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files, or digests of files (sha256:HEX)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
    /// The file with the bundle or bundles
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Require a statement of this type: a URI, or a name such as slsaprovenance1, spdxjson, cyclonedx, vuln, openvex or custom
    #[arg(long = "type", value_name = "TYPE")]
    predicate_type: Option<String>,
    /// Verify with this public key (PEM) instead of an identity
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print the verdicts in this format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Print only warnings and errors; the exit code gives the result
    #[arg(long, short, conflicts_with_all = ["json", "format"])]
    quiet: bool,
    /// Verify with the trust root in this file (trusted_root.json)
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Verify with the trust root of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
    /// Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<Timestamp>,
    #[command(flatten)]
    expect: Expect,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let mut output = Output::new(format, arguments.quiet, ui);
    let (judge, warnings) = match open(arguments, &mut output) {
        Ok(opened) => opened,
        Err(failure) => return output.finish(Some(failure)),
    };
    let files: Vec<NamedFile> = arguments.files.iter().map(|name| NamedFile::parse(name)).collect::<Result<_, _>>()?;
    let failure = judge_all(&judge, &files, &mut output).err();
    for warning in warnings {
        output.warn(warning);
    }
    output.finish(failure)
}

fn open(arguments: &Args, output: &mut Output<'_>) -> Result<(FileJudge, Vec<String>), Failure> {
    let context = Context::load_for(&arguments.settings(), VERIFYING_FILES)?;
    let expected = arguments.expect.identities()?;
    if arguments.key.is_some() && expected.is_some() {
        return Err(Failure::usage("a key and an expected identity are given; a key has no identity")
            .with_hint("give --key, or --certificate-identity with --certificate-oidc-issuer"));
    }
    let predicate_type = arguments.predicate_type.as_deref().map(|name| {
        predicate_type(name).ok_or_else(|| {
            Failure::usage(format!("\"{name}\" is not a type of statements"))
                .with_hint("give a URI, or one of the names that `paraph verify-file --help` lists")
        })
    });
    let verifier = Verifier::new(context.trust_roots()?, arguments.at.unwrap_or_else(Timestamp::now));
    let (mut policy, warnings) = context.policy();
    policy.expected = expected;
    output.decided_by(context.deciders(policy.expected.as_ref().map(|_| "--certificate-identity")));
    let key = arguments.key.as_deref().map(|path| Ok::<_, Failure>(ManagedKey::from_pem(&read(Some(path), MAX_KEY_FILE)?))).transpose()?;
    let predicate_type = predicate_type.transpose()?.map(str::to_owned);
    Ok((FileJudge { verifier, policy, key, predicate_type, bundle: arguments.bundle.clone() }, warnings))
}

fn judge_all(judge: &FileJudge, files: &[NamedFile], output: &mut Output<'_>) -> Result<(), Failure> {
    if let [file] = files {
        let bar = output.begin_bytes(file);
        let paths = file.path().into_iter().chain(judge.bundle.as_deref());
        let judged = announcing_waits(paths, || judge.judge(file, |length| bar.iter().for_each(|bar| bar.add(length))))?;
        output.show(&judged);
        return Ok(());
    }
    output.begin(files.len());
    let chunk = files.len().div_ceil(4 * rayon::current_num_threads()).clamp(1, MAX_CHUNK);
    let work = |chunk: Vec<&NamedFile>| chunk.into_iter().map(|file| judge.judge(file, |_| {})).collect();
    let mut failure = None;
    let paths = files.iter().filter_map(NamedFile::path).chain(judge.bundle.as_deref());
    announcing_waits(paths, || {
        batch::in_order(files.iter(), chunk, work, |judged| match judged {
            Ok(judged) if failure.is_none() => output.show(&judged),
            Ok(_) => {}
            Err(error) => failure = failure.take().or(Some(Failure::from(error))),
        });
    });
    failure.map_or(Ok(()), Err)
}

impl Args {
    fn settings(&self) -> Vec<OptionValue> {
        OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref()).collect()
    }
}
