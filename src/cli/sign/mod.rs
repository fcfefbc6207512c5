//! `paraph sign`: signs files and statements, and writes bundles.

mod bundle_file;
mod input;
mod options;
#[cfg(unix)]
mod overlapping;
mod signer;

pub(super) use bundle_file::BundleFile;
pub(super) use input::Input;
pub(super) use options::Options;
#[cfg(unix)]
use signer::OnThreads;
pub(super) use signer::Signer;

use super::{
    caller::Caller,
    context::Context,
    exit::{Exit, Failure},
    git_settings::GitSettings,
    identity,
    signing_request::SigningRequest,
    terminal::Terminal,
    ui::Ui,
};
use crate::{agent_protocol::SubjectToSign, config::SIGNING_FILES, sign::MAX_STATEMENT, verify::Verified, wording::counted};
use serde_json::json;
use std::{ffi::OsString, path::PathBuf};

/// Sign files, as Sigstore bundles
///
/// Writes the bundle FILE.sigstore.json beside each file. Every Sigstore client can verify it, and so can `paraph verify-file`. All files are
/// signed with one login. The log shows the digest of a file, not its name or content.
///
/// FILE is a path, `-` for standard input, or sha256:HEX for a file that is elsewhere. Fails if a bundle exists and --force is not given. If one
/// file fails, the bundles of the files before it stay. Up to eight signatures are made at the same time.
///
/// Example: paraph sign dist/*.tar.gz
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The files to sign
    #[arg(value_name = "FILE", required_unless_present = "statement")]
    files: Vec<OsString>,
    /// Sign this in-toto statement, byte for byte
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    statement: Option<PathBuf>,
    /// Write the bundle to this file. It is needed for standard input and digests, and possible for one file only
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Something to sign, and where its bundle goes.
struct Planned {
    input: Input,
    bundle: BundleFile,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let planned = plan(arguments)?;
    let batch = Batch { planned: &planned, is_statement: arguments.statement.is_some(), json: arguments.options.json };
    with_signer(&arguments.options, ui, |signer, ui| batch.sign_all(signer, ui))?;
    Ok(Exit::Good)
}

/// Files that are signed with one login.
struct Batch<'a> {
    planned: &'a [Planned],
    /// Whether they are statements.
    is_statement: bool,
    /// Whether to print JSON.
    json: bool,
}

impl Batch<'_> {
    /// Signs all files in their order.
    ///
    /// # Errors
    /// Of the first file that has no bundle. The bundles of others stay.
    fn sign_all(&self, signer: &mut Signer<'_>, ui: &mut Ui) -> Result<(), Failure> {
        let mut done = 0;
        while let Some(planned) = self.planned.get(done) {
            // the first signature has done the login, and has shown what becomes public
            #[cfg(unix)]
            if done > 0
                && let Some(threads) = self.threads(signer)
            {
                done = self.sign_overlapping(done, &threads, signer, ui)?;
                continue;
            }
            let signed = self.sign(planned, signer, ui);
            signed.map_err(|failure| with_place(failure, &self.output(planned, &planned.input.name()), (done, self.planned.len())))?;
            done += 1;
        }
        Ok(())
    }

    /// What signs several files at the same time. This process says of each digest what it may be, before it signs it.
    #[cfg(unix)]
    fn threads<'s>(&self, signer: &Signer<'s>) -> Option<OnThreads<'s>> {
        let has_digest = || self.planned.iter().any(|planned| matches!(planned.input, Input::Digest(_)));
        signer.on_threads().filter(|threads| matches!(threads, OnThreads::ByAgent(_)) || !has_digest())
    }

    fn sign(&self, planned: &Planned, signer: &mut Signer<'_>, ui: &mut Ui) -> Result<(), Failure> {
        if let Input::Digest(_) = planned.input {
            ui.note(format!("{} may be the digest of anything, a commit included.", planned.input.name()));
        }
        self.output(planned, &planned.input.name()).sign(&self.read(&planned.input)?, signer, ui)
    }

    fn read(&self, input: &Input) -> Result<SubjectToSign, Failure> {
        match self.is_statement {
            true => input.read_whole(MAX_STATEMENT).map(|payload| SubjectToSign::Statement { payload }),
            false => input.read(),
        }
    }

    fn output<'o>(&self, planned: &'o Planned, name: &'o str) -> Output<'o> {
        Output { name, bundle: &planned.bundle, json: self.json }
    }
}

/// Calls `work` with a signer that the options and the configuration select.
pub(super) fn with_signer<T>(
    options: &Options,
    ui: &mut Ui,
    work: impl FnOnce(&mut Signer<'_>, &mut Ui) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let context = Context::read_to_sign(&options.settings())?;
    context.config.require(SIGNING_FILES)?;
    let terminal: &'static Terminal = super::process_memory::leak_until_exit(Terminal::of_call(&context.config).with_messages());
    if let Some(problem) = &terminal.unwritable {
        ui.warning(problem);
    }
    let key = GitSettings::load(context.repository.as_ref()).ok().and_then(|settings| settings.key());
    let requested = identity::requested_signer(&context.config, key.as_deref(), None)?;
    let choice = identity::choice(&context, terminal)?;
    let caller = Caller::none();
    let request = SigningRequest { requested: &requested, choice: &choice, context: &context, terminal, caller: &caller };
    work(&mut Signer::new(request), ui)
}

/// What is to be signed and written, checked before anybody logs in.
fn plan(arguments: &Args) -> Result<Vec<Planned>, Failure> {
    let inputs = match &arguments.statement {
        Some(statement) => vec![if statement.as_os_str() == "-" { Input::Stdin } else { Input::File(statement.clone()) }],
        None => arguments.files.iter().map(|file| Input::parse(file)).collect::<Result<_, _>>()?,
    };
    if arguments.bundle.is_some() && inputs.len() != 1 {
        return Err(Failure::usage("--bundle names the bundle of one file").with_hint("sign the files one by one, or omit --bundle"));
    }
    let mut planned: Vec<Planned> = Vec::new();
    let all = inputs.clone();
    for input in inputs {
        input.check()?;
        let path = arguments.bundle.clone().or_else(|| input.bundle()).ok_or_else(|| {
            Failure::usage(format!("there is no file beside which the bundle of {} could be", input.name()))
                .with_hint("name the bundle with --bundle FILE")
        })?;
        let read = all.iter().filter_map(Input::place).chain(arguments.options.files());
        let bundle = BundleFile::plan(&path, arguments.options.force)?.apart_from(read)?;
        if planned.iter().any(|other| other.bundle.is_same(&bundle)) {
            return Err(Failure::usage(format!("{} is given twice", input.name())));
        }
        planned.push(Planned { input, bundle });
    }
    Ok(planned)
}

/// Where a signature goes.
pub(super) struct Output<'a> {
    /// The name of what is signed, in messages.
    pub(super) name: &'a str,
    pub(super) bundle: &'a BundleFile,
    /// Whether to print JSON.
    pub(super) json: bool,
}

impl Output<'_> {
    /// Signs, writes the bundle, and says so.
    ///
    /// # Errors
    /// There is no bundle.
    pub(super) fn sign(&self, subject: &SubjectToSign, signer: &mut Signer<'_>, ui: &mut Ui) -> Result<(), Failure> {
        let signature = signer.sign(subject, ui)?;
        self.bundle.write(&signature.text)?;
        self.report(&signature.verified, ui);
        // line by line, for somebody who waits for the next file
        ui.flush()
    }

    fn report(&self, verified: &Verified, ui: &mut Ui) {
        let (identity, bundle) = (verified.identity(), self.bundle.path().display());
        if !self.json {
            return ui.line(format!("{}: signed as {} in {bundle}", self.name, identity.name));
        }
        ui.json_line(&json!({
            "file": self.name,
            "bundle": bundle.to_string(),
            "digest": { "sha256": hex::encode(verified.subject().digest) },
            "identity": identity.name,
            "issuer": identity.issuer,
            "instance": verified.instance().as_str(),
            "time": verified.time().to_string(),
            "logIndex": verified.entry().log_index,
        }));
    }
}

/// The failure with the file that it is about, and how many were finished before.
fn with_place(failure: Failure, output: &Output<'_>, (done, all): (usize, usize)) -> Failure {
    let Output { name, .. } = output;
    let message = if failure.message.contains(name) { failure.message } else { format!("{name}: {}", failure.message) };
    let message = if all == 1 { message } else { format!("{message}; {done} of {} were signed before", counted(all, "file")) };
    Failure { message, ..failure }
}
