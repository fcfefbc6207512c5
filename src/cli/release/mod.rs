//! `paraph release`: signs a statement that ties files to the signed tag that they were made from.

mod provenance;
pub(super) mod verify;

use super::{
    attest::StatementSubject,
    context::Context,
    exit::{Exit, Failure},
    sign::{self, BundleFile, Output, Signer},
    ui::Ui,
};
use crate::{
    agent_protocol::SubjectToSign,
    judge::{Judge, Release, ReleaseError, ReleaseFault, TagScope},
    repository::{ObjectKind, Repository},
    statement::RELEASE,
    verify::Verifier,
};
use jiff::Timestamp;
use serde_json::json;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Sign files as the release of a signed tag
///
/// Writes a bundle with a statement that names the files by their digests, and holds the tag, its commit and its tree. `paraph verify-release`
/// then says who released a file from which tag. In a CI job whose certificate names the repository and its commit, a second bundle
/// TAG.provenance.sigstore.json holds SLSA provenance.
///
/// A log of version 1, as the public Sigstore has, gets the whole statement: the names of the files, and the tag with its message.
///
/// Fails unless the tag is annotated, signed and `good`, HEAD is its commit, and no tracked file is modified.
///
/// Example: paraph release v1.2 app-1.2.tar.gz sbom.spdx.json
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The signed tag
    #[arg(value_name = "TAG")]
    tag: String,
    /// The files to release
    #[arg(value_name = "FILE", required = true)]
    files: Vec<OsString>,
    /// Write the bundle to this file; by default TAG.sigstore.json, with `-` for each `/` of the tag
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Accept another HEAD and modified files
    #[arg(long)]
    any_worktree: bool,
    #[command(flatten)]
    options: sign::Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = Context::load(&[])?;
    let repository = context.repository()?;
    let release = release_of(&context, repository, &arguments.tag)?;
    if !arguments.any_worktree {
        check_work_tree(repository, &release)?;
    }
    let subjects: Vec<StatementSubject> =
        arguments.files.iter().map(|file| StatementSubject::of_release(file)).collect::<Result<_, _>>()?;
    check_names(&subjects)?;
    let (path, provenance_path) = paths(arguments, &release.tag.name);
    let plan = |path: &Path| {
        let read = arguments.files.iter().map(Path::new).chain(arguments.options.files());
        BundleFile::plan(path, arguments.options.force)?.apart_from(read)
    };
    let bundle = plan(&path)?;
    sign::with_signer(&arguments.options, ui, |signer, ui| {
        let claims = signer.workload_claims(ui)?;
        let provenance = provenance::predicate(&claims, &release)
            .map_err(|error| Failure::object(error.to_string()).with_hint("run the job for the tag"))?;
        let provenance = match provenance {
            Some(predicate) => Some((provenance_file(plan(&provenance_path)?, &bundle)?, predicate)),
            None => None,
        };
        let statement = statement(&subjects, RELEASE, &json!(release));
        let mut write = |bundle: &BundleFile, payload: Vec<u8>, signer: &mut Signer<'_>| {
            let output = Output { name: &format!("release {}", release.tag.name), bundle, json: arguments.options.json };
            output.sign(&SubjectToSign::Statement { payload }, signer, ui)
        };
        write(&bundle, statement, signer)?;
        if let Some((bundle, predicate)) = provenance {
            write(&bundle, self::statement(&subjects, provenance::TYPE, &predicate), signer)?;
        }
        Ok(Exit::Good)
    })
}

/// The bundle of the provenance, which is another file than that of the release.
fn provenance_file(file: BundleFile, release: &BundleFile) -> Result<BundleFile, Failure> {
    match file.is_same(release) {
        true => Err(Failure::usage(format!("{} is the bundle of the provenance", file.path().display()))
            .with_hint("name another file with --output")),
        false => Ok(file),
    }
}

/// The bundle of the release, and that of its provenance.
fn paths(arguments: &Args, tag: &str) -> (PathBuf, PathBuf) {
    let name = tag.replace('/', "-");
    let default = || PathBuf::from(format!("{name}.sigstore.json"));
    let path = arguments.output.clone().unwrap_or_else(default);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    (path, folder.join(format!("{name}.provenance.sigstore.json")))
}

/// The release of a tag, if the tag is good.
fn release_of(context: &Context, repository: &Repository, name: &str) -> Result<Release, Failure> {
    let full = if name.starts_with("refs/tags/") { name.to_owned() } else { format!("refs/tags/{name}") };
    let tag = repository.object(&full)?;
    if tag.kind != ObjectKind::Tag {
        return Err(Failure::object(format!("{name} is not an annotated tag")).with_hint("sign one: `git tag -s NAME`"));
    }
    let (policy, _) = context.policy();
    let judge = Judge::new(Verifier::new(context.trust_roots()?, Timestamp::now()), policy);
    for judged in judge.tag(repository, tag.clone(), TagScope::TagsOnly)? {
        if let Err(fault) = ReleaseFault::unless_good(|| format!("the tag {name}"), judged.judgement()) {
            let failure = Failure::from(fault);
            let hint = || format!("`paraph verify-tag {name}` says more; a release needs a good tag");
            return Err(Failure { hint: failure.hint.or_else(|| Some(hint())), ..failure });
        }
    }
    let commit = repository.object(&format!("{}^{{commit}}", tag.id))?;
    let tree = repository.object(&format!("{}^{{tree}}", commit.id))?;
    Release::of(&tag, &commit.id, &tree.id).map_err(|error| refused(&error))
}

fn refused(error: &ReleaseError) -> Failure {
    Failure::object(format!("the tag cannot be released: {error}")).with_hint("release an annotated tag of a commit")
}

/// The files were made from what the tag names, as far as the work tree can tell.
fn check_work_tree(repository: &Repository, release: &Release) -> Result<(), Failure> {
    let hint = "check the tag out, or give --any-worktree";
    let head = repository.object("HEAD")?;
    let commit = &release.commit.digest.id;
    if head.id != *commit {
        return Err(Failure::object(format!("HEAD is {}; the commit of the tag is {commit}", head.id)).with_hint(hint));
    }
    match repository.modified_file(commit)? {
        Some(file) => Err(Failure::object(format!("tracked files are modified: {}", file.display()))
            .with_hint("commit or restore them, or give --any-worktree")),
        None => Ok(()),
    }
}

/// A name that stands for two files would let one pass for the other.
fn check_names(subjects: &[StatementSubject]) -> Result<(), Failure> {
    let is_repeated = |(at, subject): &(usize, &StatementSubject)| subjects.iter().take(*at).any(|earlier| earlier.name == subject.name);
    match subjects.iter().enumerate().find(is_repeated) {
        Some((_, subject)) => {
            Err(Failure::usage(format!("two files have the name {}", subject.name)).with_hint("a release has one file of each name"))
        }
        None => Ok(()),
    }
}

fn statement(subjects: &[StatementSubject], predicate_type: &str, predicate: &serde_json::Value) -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects.iter().map(StatementSubject::to_json).collect::<Vec<_>>(),
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    statement.to_string().into_bytes()
}
