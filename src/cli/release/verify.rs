//! `paraph verify-release`.

use crate::{
    bundle::{Bundle, BundleContent, MAX_BUNDLE},
    cli::{
        context::Context,
        exit::{Exit, Failure},
        input::{read, read_regular},
        sign::Input,
        ui::Ui,
    },
    config::OptionValue,
    judge::{Judge, Release, ReleaseError},
    policy::{Judgement, Policy, Verdict},
    rejection::Audience,
    report::sentences,
    repository::{RawObject, Repository},
    statement::RELEASE,
    verify::{Artifact, Verifier},
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
/// Verifies that each file is in the release, that its signer may sign releases (`for=release` in your allowed identities), and that the tag
/// inside the bundle is signed by somebody who may sign tags. In a clone, the tag there must be that very object.
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
    let (path, bytes) = match &arguments.bundle {
        Some(path) => (path.clone(), read(Some(path), MAX_BUNDLE)?),
        None => {
            let path = only_release_beside(&inputs)?;
            let bytes = read_regular(&path, MAX_BUNDLE)?;
            (path, bytes)
        }
    };
    let bundle = Bundle::parse(&bytes).map_err(|rejection| bad(&path, &rejection.to_string()))?;
    let (policy, warnings) = context.policy();
    let check = ReleaseCheck { path: &path, bundle: &bundle, verifier: Verifier::new(context.trust_roots()?, Timestamp::now()), policy };
    let verified = check.run(arguments, &inputs, context.repository.as_ref());
    for warning in warnings {
        ui.warning(warning);
    }
    let verified = verified?;
    for name in &verified.files {
        match arguments.json {
            true => ui.json_line(&verified.document(name)),
            false => ui.line(verified.sentence(name)),
        }
    }
    Ok(Exit::Good)
}

impl Args {
    fn settings(&self) -> Vec<OptionValue> {
        OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref()).collect()
    }
}

/// The check of one release.
struct ReleaseCheck<'a> {
    path: &'a Path,
    bundle: &'a Bundle,
    verifier: Verifier,
    policy: Policy,
}

/// A release whose every part is good.
struct VerifiedRelease {
    files: Vec<String>,
    released_by: String,
    tagged_by: String,
    tagged_at: Timestamp,
    release: Release,
    /// Whether the tag was compared with that of a clone.
    compared: bool,
}

impl ReleaseCheck<'_> {
    fn run(self, arguments: &Args, inputs: &[Input], repository: Option<&Repository>) -> Result<VerifiedRelease, Failure> {
        let mut files = Vec::new();
        let mut released_by = String::new();
        for input in inputs {
            let artifact = Artifact::sha256(input.digest()?);
            let verified = self.verifier.verify_parsed_bundle(self.bundle, &artifact, Some(RELEASE));
            let judgement = self.policy.judge(verified);
            released_by = require_good(&format!("{} as a file of the release in {}", input.name(), self.path.display()), &judgement)?;
            files.push(input.name());
        }
        let bad = |error: ReleaseError| bad(self.path, &error.to_string());
        let payload: &[u8] = match &self.bundle.content {
            BundleContent::Envelope(envelope) => &envelope.payload,
            BundleContent::Message(_) => &[],
        };
        let release = Release::parse(payload).map_err(bad)?;
        let tag = release.tag_object().map_err(bad)?;
        let name = &release.tag.name;
        if let Some(expected) = arguments.tag.as_ref().filter(|expected| expected.trim_start_matches("refs/tags/") != name) {
            let message = format!("the files were released from the tag {name}; expected {expected}");
            return Err(Failure::verdict(Verdict::Bad, message));
        }
        let judgement = Judge::new(self.verifier, self.policy).object(&tag)?.judgement;
        let tagged_by = require_good(&format!("the tag {name} in the release"), &judgement)?;
        let tagged_at = judgement.verification().map(|verified| verified.time()).unwrap_or_default();
        let compared = repository.map(|repository| compare(&tag, &release, repository)).transpose()?.unwrap_or_default();
        Ok(VerifiedRelease { files, released_by, tagged_by, tagged_at, release, compared })
    }
}

/// Who signed what is good. What is not good ends the check.
fn require_good(what: &str, judgement: &Judgement) -> Result<String, Failure> {
    let verdict = judgement.verdict();
    match judgement.verification() {
        Some(verified) if verdict == Verdict::Good => Ok(verified.identity().name.clone()),
        _ => {
            let failure = Failure::verdict(verdict, format!("{what} is {}: {}", verdict.as_str(), why(judgement)));
            Err(Failure { hint: judgement.advice_for(Audience::Terminal).or(failure.hint), ..failure })
        }
    }
}

/// Why the verdict is not good, as a clause.
pub(super) fn why(judgement: &Judgement) -> String {
    match (judgement.ruling(), judgement.rejection()) {
        (Some(ruling), _) => ruling.to_string(),
        (None, Some(rejection)) => format!("{rejection} [{}]", rejection.explanation().id()),
        (None, None) => sentences(judgement).join(" ").trim_end_matches('.').to_owned(),
    }
}

/// Compares the tag with that of a clone. False if the clone has no tag of this name.
fn compare(tag: &RawObject, release: &Release, repository: &Repository) -> Result<bool, Failure> {
    let (name, differs) = (&release.tag.name, |message: String| Err(Failure::verdict(Verdict::Bad, message)));
    let Ok(here) = repository.object(&format!("refs/tags/{name}")) else { return Ok(false) };
    if here.id != tag.id {
        return differs(format!("the tag {name} here is the {} {}; the release is of the tag {}", here.kind.name(), here.id, tag.id));
    }
    let tree = repository.object(&format!("{}^{{tree}}", tag.id))?.id;
    let stated = &release.tree.digest.id;
    match tree == *stated {
        true => Ok(true),
        false => differs(format!("the tree of the tag {name} is {tree}; the release states {stated}")),
    }
}

impl VerifiedRelease {
    fn sentence(&self, file: &str) -> String {
        let Self { released_by, tagged_by, tagged_at, release, compared, .. } = self;
        let commit: String = release.commit.digest.id.chars().take(7).collect();
        let day = tagged_at.strftime("%Y-%m-%d");
        let here = if *compared { ", as in this repository" } else { "" };
        format!(
            "{file} was released by {released_by} from tag {} (signed by {tagged_by} on {day}), commit {commit}{here}.",
            release.tag.name
        )
    }

    fn document(&self, file: &str) -> serde_json::Value {
        let Self { released_by, tagged_by, tagged_at, release, compared, .. } = self;
        json!({
            "file": file,
            "verdict": "good",
            "releasedBy": released_by,
            "tag": release.tag.name,
            "tagId": release.tag.digest.id,
            "taggedBy": tagged_by,
            "taggedAt": tagged_at.to_string(),
            "commit": release.commit.digest.id,
            "tree": release.tree.digest.id,
            "comparedWithRepository": compared,
        })
    }
}

fn bad(path: &Path, why: &str) -> Failure {
    Failure::verdict(Verdict::Bad, format!("the release in {} is bad: {why}", path.display()))
}

/// The only bundle of a release beside the files.
fn only_release_beside(inputs: &[Input]) -> Result<PathBuf, Failure> {
    let name_it = "name the bundle with --bundle FILE";
    let mut found: Vec<PathBuf> = Vec::new();
    let folders = inputs.iter().filter_map(|input| match input {
        Input::File(path) => Some(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()),
        Input::Stdin | Input::Digest(_) => None,
    });
    let folders: std::collections::BTreeSet<PathBuf> = folders.collect();
    for folder in folders {
        let entries = std::fs::read_dir(&folder).map_err(|error| Failure::io(&format!("{} cannot be read", folder.display()), &error))?;
        let paths = entries.take(MAX_FILES).filter_map(|entry| Some(entry.ok()?.path()));
        found.extend(paths.filter(|path| path.to_string_lossy().ends_with(".sigstore.json") && is_release(path)));
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::verdict(Verdict::Unsigned, "there is no release bundle beside the files").with_hint(name_it)),
        [first, second, ..] => {
            Err(Failure::usage(format!("there are several release bundles beside the files: {}, {}", first.display(), second.display()))
                .with_hint(name_it))
        }
    }
}

fn is_release(path: &Path) -> bool {
    let bundle = read_regular(path, MAX_BUNDLE).ok().and_then(|bytes| Bundle::parse(&bytes).ok());
    let statement = bundle.and_then(|bundle| bundle.statement().ok().flatten());
    statement.is_some_and(|statement| statement.predicate_type == RELEASE)
}
