//! `paraph verify-release`.

use crate::{
    bundle::{Bundle, MAX_BUNDLE},
    cli::{
        context::Context,
        exit::{Exit, Failure},
        input::{read, read_regular},
        sign::Input,
        ui::Ui,
    },
    config::OptionValue,
    judge::{Comparison, JudgedRelease, ReleaseBundle, ReleaseFault, ReleaseJudge, ReleasedFile},
    policy::Judgement,
    selection::Deciders,
    statement::RELEASE,
    verify::Verifier,
};
use jiff::Timestamp;
use serde_json::json;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Files beside the released ones that are looked at, at most.
const MAX_FILES: usize = 10_000;

/// Verify who released files from which signed tag, offline
///
/// Verifies that each file is in the release. You must allow the release's signer with `for=release`, and the signer of the tag inside the
/// bundle to sign tags. If the repository here has a tag of this name, it must be the same object.
///
/// Without --bundle it takes the only release bundle beside the files. Fails unless all of it is good; the exit code is that of the worst
/// verdict.
///
/// Example: paraph verify-release app-1.2.tar.gz
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The released files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
    /// The name that the tag must have
    #[arg(long, value_name = "NAME")]
    tag: Option<String>,
    /// The bundle of the release
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Verify with the trust root in this file (trusted_root.json)
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
    /// Verify with the trust root of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    instance: Option<String>,
    /// Print a JSON object for each file
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&arguments.settings())?;
    let inputs: Vec<Input> = arguments.files.iter().map(|file| Input::parse(file)).collect::<Result<_, _>>()?;
    let judged = judge(arguments, &inputs, &context, ui).map_err(|unverified| match unverified {
        Unverified::Fault(fault) => {
            for document in inputs.iter().filter(|_| arguments.json).filter_map(|input| document_of_fault(input, &fault)) {
                ui.json_line(&document);
            }
            fault.into()
        }
        Unverified::Failure(failure) => failure,
    })?;
    let verified = VerifiedRelease { judged, deciders: context.deciders(None) };
    for file in &verified.judged.files {
        match arguments.json {
            true => ui.json_line(&verified.document(file)),
            false => ui.line(verified.sentence(file)),
        }
    }
    for sentence in verified.cautions().filter(|_| !arguments.json) {
        ui.line(sentence);
    }
    Ok(Exit::Good)
}

impl Args {
    fn settings(&self) -> Vec<OptionValue> {
        OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref()).collect()
    }
}

/// Why a release was not verified.
enum Unverified {
    /// It is not good.
    Fault(ReleaseFault),
    /// It was not judged.
    Failure(Failure),
}

impl From<ReleaseFault> for Unverified {
    fn from(fault: ReleaseFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failure> for Unverified {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Reads the bundle and the files, and has them judged.
fn judge(arguments: &Args, inputs: &[Input], context: &Context, ui: &mut Ui) -> Result<JudgedRelease, Unverified> {
    let (path, bytes) = match &arguments.bundle {
        Some(path) => (path.clone(), read(Some(path), MAX_BUNDLE)?),
        None => {
            let path = only_release_beside(inputs)?;
            let bytes = read_regular(&path, MAX_BUNDLE)?;
            (path, bytes)
        }
    };
    let bundle = ReleaseBundle::parse(path, &bytes)?;
    let (policy, warnings) = context.policy();
    let mut judge = ReleaseJudge::new(bundle, Verifier::new(context.trust_roots()?, Timestamp::now()), policy);
    let files = inputs.iter().try_for_each(|input| {
        // a pipe can be read only once
        let artifact = input.artifact(&judge.hashes())?;
        Ok::<_, Unverified>(judge.file(&input.name(), &own_name(input), &artifact)?)
    });
    let judged = files.and_then(|()| Ok(judge.finish(arguments.tag.as_deref(), context.repository.as_ref())?));
    for warning in warnings {
        ui.warning(warning);
    }
    judged
}

/// The file's own name; empty for what has none.
fn own_name(input: &Input) -> String {
    match input {
        Input::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        Input::Stdin | Input::Digest(_) => String::new(),
    }
}

/// The result for a file of a release that is not good; `None` where there is no verdict.
fn document_of_fault(input: &Input, fault: &ReleaseFault) -> Option<serde_json::Value> {
    let (verdict, reason) = fault.verdict()?;
    Some(json!({ "file": input.name(), "verdict": verdict.as_str(), "reason": reason, "message": fault.to_string() }))
}

/// The name of a file in sentences.
fn shown_name(ReleasedFile { given, released_as }: &ReleasedFile) -> String {
    match Path::new(given).file_name().is_some_and(|name| name.to_string_lossy() == released_as.as_str()) {
        true => given.clone(),
        false => format!("{given} (released as {released_as})"),
    }
}

/// A good release, as it is shown.
struct VerifiedRelease {
    judged: JudgedRelease,
    deciders: Deciders,
}

/// Who signed what was verified.
fn signer(judgement: &Judgement) -> &str {
    judgement.verification().map_or("", |verified| verified.identity().name.as_str())
}

impl VerifiedRelease {
    /// When the tag was signed.
    fn tagged_at(&self) -> Timestamp {
        self.judged.tagged.verification().map(|verified| verified.time()).unwrap_or_default()
    }

    fn sentence(&self, file: &ReleasedFile) -> String {
        let JudgedRelease { release, released, tagged, compared, .. } = &self.judged;
        let (released_by, tagged_by) = (signer(released), signer(tagged));
        let commit: String = release.commit.digest.id.chars().take(7).collect();
        let day = self.tagged_at().strftime("%Y-%m-%d");
        let here = if *compared == Comparison::Same { ", as in this repository" } else { "" };
        format!(
            "{} was released by {released_by} from tag {} (signed by {tagged_by} on {day}), commit {commit}{here}.",
            shown_name(file),
            release.tag.name
        )
    }

    /// What weakens the result.
    fn cautions(&self) -> impl Iterator<Item = String> {
        self.not_compared().into_iter().chain(self.deciders.sentence(&self.judged.tagged))
    }

    /// That the tag was compared with nothing.
    fn not_compared(&self) -> Option<String> {
        match self.judged.compared {
            Comparison::Same => None,
            Comparison::NoRepository => {
                Some("The tag was not compared with a repository: this folder is not in a clone of its repository.".to_owned())
            }
        }
    }

    fn document(&self, file: &ReleasedFile) -> serde_json::Value {
        let JudgedRelease { release, released, tagged, compared, .. } = &self.judged;
        json!({
            "file": file.given,
            "releasedAs": file.released_as,
            "verdict": released.verdict().max(tagged.verdict()).as_str(),
            "releasedBy": signer(released),
            "tag": release.tag.name,
            "tagId": release.tag.digest.id,
            "taggedBy": signer(tagged),
            "taggedAt": self.tagged_at().to_string(),
            "commit": release.commit.digest.id,
            "tree": release.tree.digest.id,
            "comparedWithRepository": *compared == Comparison::Same,
            "trustedBy": self.deciders.trusted_by(tagged),
        })
    }
}

/// The only bundle of a release beside the files.
fn only_release_beside(inputs: &[Input]) -> Result<PathBuf, Unverified> {
    let mut found: Vec<PathBuf> = Vec::new();
    let folders = inputs.iter().filter_map(|input| match input {
        Input::File(path) => Some(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()),
        Input::Stdin | Input::Digest(_) => None,
    });
    let folders: std::collections::BTreeSet<PathBuf> = folders.collect();
    for folder in folders {
        let failed = |error: std::io::Error| Failure::io(&format!("{} cannot be read", folder.display()), &error);
        let entries = std::fs::read_dir(&folder).map_err(failed)?.take(MAX_FILES + 1).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        if entries.len() > MAX_FILES {
            let many = format!("{} has more than {MAX_FILES} files, too many to look for the release bundle", folder.display());
            return Err(Failure::usage(many).with_hint("name the bundle with --bundle FILE").into());
        }
        let paths = entries.into_iter().map(|entry| entry.path());
        found.extend(paths.filter(|path| path.to_string_lossy().ends_with(".sigstore.json") && is_release(path)));
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(ReleaseFault::NoBundle.into()),
        [first, second, ..] => {
            let several = format!("there are several release bundles beside the files: {}, {}", first.display(), second.display());
            Err(Failure::usage(several).with_hint("name the bundle with --bundle FILE").into())
        }
    }
}

fn is_release(path: &Path) -> bool {
    let bundle = read_regular(path, MAX_BUNDLE).ok().and_then(|bytes| Bundle::parse(&bytes).ok());
    let statement = bundle.as_ref().and_then(|bundle| bundle.statement().ok().flatten());
    statement.is_some_and(|statement| statement.predicate_type == RELEASE)
}
