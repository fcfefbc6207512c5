//! `paraph verify-release`.

use crate::{
    bundle::{Bundle, BundleContent, MAX_BUNDLE},
    certificate::HashAlgorithm,
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
    repository::{self, RawObject, Repository},
    selection::Deciders,
    statement::{RELEASE, StatementSubject, SubjectMatch},
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
    let (verifier, deciders) = (Verifier::new(context.trust_roots()?, Timestamp::now()), context.deciders(None));
    let check = ReleaseCheck { path: &path, bundle: &bundle, verifier, policy, deciders };
    let verified = check.run(arguments, &inputs, context.repository.as_ref());
    for warning in warnings {
        ui.warning(warning);
    }
    let verified = verified?;
    for file in &verified.files {
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

/// The check of one release.
struct ReleaseCheck<'a> {
    path: &'a Path,
    bundle: &'a Bundle,
    verifier: Verifier,
    policy: Policy,
    deciders: Deciders,
}

/// A release whose every part is good.
struct VerifiedRelease {
    files: Vec<ReleasedFile>,
    released_by: String,
    tagged_by: String,
    tagged_at: Timestamp,
    release: Release,
    compared: Comparison,
    /// The rank of the source that decided whom to trust, and a sentence if it is the repository's own.
    trusted_by: Option<&'static str>,
    decided_here: Option<String>,
}

/// A file, and the name that the release gives it.
struct ReleasedFile {
    given: String,
    released_as: String,
}

impl ReleasedFile {
    /// The subject that is this file. One file of a release must not pass for another.
    fn of(input: &Input, digest: [u8; 32], bundle: &Bundle) -> Result<Self, Failure> {
        let given = input.name();
        let statement = bundle.statement().ok().flatten();
        let subjects = statement.as_ref().map(|statement| statement.subjects.as_slice()).unwrap_or_default();
        let is_this =
            |subject: &&StatementSubject| subject.compare(|hash| (hash == HashAlgorithm::Sha256).then_some(digest)) == SubjectMatch::Same;
        let names: Vec<&str> = subjects.iter().filter(is_this).filter_map(|subject| subject.name.as_deref()).collect();
        let own = match input {
            Input::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Input::Stdin | Input::Digest(_) => None,
        };
        let own = own.as_deref().unwrap_or_default();
        let released_as = if names.contains(&own) { own } else { names.first().copied().unwrap_or_default() };
        if released_as != own && subjects.iter().any(|subject| subject.name.as_deref() == Some(own)) {
            let message = format!("{given} is the file {released_as} of the release; the release has another file with the name {own}");
            return Err(Failure::verdict(Verdict::Bad, message).with_hint("do not use the file under this name; get the right one"));
        }
        Ok(Self { released_as: if released_as.is_empty() { given.clone() } else { released_as.to_owned() }, given })
    }

    /// Its name in sentences.
    fn name(&self) -> String {
        match Path::new(&self.given).file_name().is_some_and(|name| name.to_string_lossy() == self.released_as.as_str()) {
            true => self.given.clone(),
            false => format!("{} (released as {})", self.given, self.released_as),
        }
    }
}

/// Whether the tag was compared with that of a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// It is that very object.
    Same,
    /// There is no repository here.
    NoRepository,
    /// The repository has no tag of this name, but the tag's commit.
    NoTag,
    /// The repository has neither: it may be another one than that of the release.
    NoCommit,
}

/// A CI job signs for the commit that it runs for, in its repository. The certificate says which one that is.
fn check_job(claims: &[(&str, String)], release: &Release) -> Result<(), Failure> {
    let claim = |name: &str| claims.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let tagged = &release.commit.digest.id;
    match claim("sourceRepositoryDigest") {
        Some(commit) if commit != tagged => {
            let repository = claim("sourceRepositoryUri").unwrap_or("another repository");
            let message = format!("a job for the commit {commit} of {repository} signed the release; the commit of the tag is {tagged}");
            Err(Failure::verdict(Verdict::Bad, message)
                .with_hint("do not trust the files: get a release that a job for the tag has signed"))
        }
        _ => Ok(()),
    }
}

impl ReleaseCheck<'_> {
    fn run(self, arguments: &Args, inputs: &[Input], repository: Option<&Repository>) -> Result<VerifiedRelease, Failure> {
        let mut files = Vec::new();
        let (mut released_by, mut job) = (String::new(), None);
        for input in inputs {
            // a pipe can be read only once
            let digest = input.digest()?;
            let artifact = Artifact::sha256(digest);
            let verified = self.verifier.verify_parsed_bundle(self.bundle, &artifact, Some(RELEASE));
            let judgement = self.policy.judge(verified);
            released_by = require_good(&format!("{} as a file of the release in {}", input.name(), self.path.display()), &judgement)?;
            job = judgement.verification().map(|verified| verified.certificate().claims().to_vec());
            files.push(ReleasedFile::of(input, digest, self.bundle)?);
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
        check_job(&job.unwrap_or_default(), &release)?;
        let judged = Judge::new(self.verifier, self.policy).object(&tag)?;
        let judgement = judged.judgement();
        let tagged_by = require_good(&format!("the tag {name} in the release"), judgement)?;
        let tagged_at = judgement.verification().map(|verified| verified.time()).unwrap_or_default();
        let compared = repository.map_or(Ok(Comparison::NoRepository), |repository| compare(&tag, &release, repository))?;
        let (trusted_by, decided_here) = (self.deciders.trusted_by(judgement), self.deciders.sentence(judgement));
        Ok(VerifiedRelease { files, released_by, tagged_by, tagged_at, release, compared, trusted_by, decided_here })
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

/// Compares the tag with that of a clone. A tag that is here and cannot be read is an error.
fn compare(tag: &RawObject, release: &Release, repository: &Repository) -> Result<Comparison, Failure> {
    let (name, differs) = (&release.tag.name, |message: String| Err(Failure::verdict(Verdict::Bad, message)));
    let here = match repository.object(&format!("refs/tags/{name}")) {
        Ok(here) => here,
        Err(repository::Error::UnknownRevision { .. } | repository::Error::NotInShallowClone(_)) => {
            let has_commit = repository.object(&format!("{}^{{commit}}", release.commit.digest.id)).is_ok();
            return Ok(if has_commit { Comparison::NoTag } else { Comparison::NoCommit });
        }
        Err(error) => return Err(error.into()),
    };
    if here.id != tag.id {
        return differs(format!("the tag {name} here is the {} {}; the release is of the tag {}", here.kind.name(), here.id, tag.id));
    }
    let tree = repository.object(&format!("{}^{{tree}}", tag.id))?.id;
    let stated = &release.tree.digest.id;
    match tree == *stated {
        true => Ok(Comparison::Same),
        false => differs(format!("the tree of the tag {name} is {tree}; the release states {stated}")),
    }
}

impl VerifiedRelease {
    fn sentence(&self, file: &ReleasedFile) -> String {
        let Self { released_by, tagged_by, tagged_at, release, compared, .. } = self;
        let commit: String = release.commit.digest.id.chars().take(7).collect();
        let day = tagged_at.strftime("%Y-%m-%d");
        let here = if *compared == Comparison::Same { ", as in this repository" } else { "" };
        format!(
            "{} was released by {released_by} from tag {} (signed by {tagged_by} on {day}), commit {commit}{here}.",
            file.name(),
            release.tag.name
        )
    }

    /// What weakens the result.
    fn cautions(&self) -> impl Iterator<Item = String> {
        self.not_compared().into_iter().chain(self.decided_here.clone())
    }

    /// That the tag was compared with nothing.
    fn not_compared(&self) -> Option<String> {
        let name = &self.release.tag.name;
        let why = match self.compared {
            Comparison::Same => return None,
            Comparison::NoRepository => "this folder is not in a clone of its repository".to_owned(),
            Comparison::NoTag => format!("this repository has no tag {name}"),
            Comparison::NoCommit => format!("this repository has neither the tag {name} nor its commit, so it may be another one"),
        };
        Some(format!("The tag was not compared with a repository: {why}."))
    }

    fn document(&self, file: &ReleasedFile) -> serde_json::Value {
        let Self { released_by, tagged_by, tagged_at, release, compared, .. } = self;
        json!({
            "file": file.given,
            "releasedAs": file.released_as,
            "verdict": "good",
            "releasedBy": released_by,
            "tag": release.tag.name,
            "tagId": release.tag.digest.id,
            "taggedBy": tagged_by,
            "taggedAt": tagged_at.to_string(),
            "commit": release.commit.digest.id,
            "tree": release.tree.digest.id,
            "comparedWithRepository": *compared == Comparison::Same,
            "trustedBy": self.trusted_by,
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
    let statement = bundle.as_ref().and_then(|bundle| bundle.statement().ok().flatten());
    statement.is_some_and(|statement| statement.predicate_type == RELEASE)
}
