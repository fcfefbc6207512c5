//! `paraph log prove`.

use super::{Options, call, warn};
use crate::{
    bundle::Bundle,
    cli::{
        context::Context,
        exit::{Exit, Failure},
        input::read,
        show::{bundle_file, signed},
        ui::Ui,
    },
    judge::{
        log::{LogProof, LogReader, Provable, TreeHead},
        read_bundles,
    },
    verify::{ManagedKey, Verifier},
    wording::counted,
};
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A file with a public key larger than this is not read, in bytes.
const MAX_KEY_FILE: usize = 1 << 20;

/// Prove that a log entry is still in its log
///
/// Fetches the newest checkpoint of the log, and the proof that its tree continues the tree of the checkpoint inside the bundle or signature.
/// So the log still has the entry, and did not change what it had before. An entry without a checkpoint gets an inclusion proof.
///
/// The signature must verify; whom you trust does not matter. Fails if the log lost or changed entries, or proves nothing.
///
/// Example: paraph log prove v1.0
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file with a bundle, or a commit or tag in git's syntax
    #[arg(value_name = "BUNDLE|REV")]
    signature: String,
    /// The public key (PEM) of a bundle that was signed with a key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let context = arguments.options.open(None)?;
    let roots = context.trust_roots()?;
    let provable = arguments.provable(&context, &Verifier::new(roots.clone(), Timestamp::now()))?;
    let http = context.http()?;
    let reader = LogReader::new(&roots, &http);
    let url = arguments.options.rekor_url.as_deref();
    let (proofs, failure) = call(&http, ui, async {
        let mut proofs = Vec::new();
        for (_, provable) in &provable {
            match reader.prove(provable, url).await {
                Ok(proof) => proofs.push(proof),
                Err(error) => return Ok((proofs, Some(error))),
            }
        }
        Ok((proofs, None))
    })?;
    warn(&context, ui);
    for ((name, provable), proof) in provable.iter().zip(&proofs) {
        match arguments.options.json {
            true => ui.json_line(&Document::of(name, provable, proof)),
            false => ui.line(sentence(name, provable, proof)),
        }
    }
    if let Some(error) = failure {
        return Err(error.into());
    }
    Ok(Exit::Good)
}

impl Args {
    /// The entries to prove, each with the name of what holds it.
    fn provable(&self, context: &Context, verifier: &Verifier) -> Result<Vec<(String, Provable)>, Failure> {
        let name = &self.signature;
        if let Some(path) = self.bundle(context)? {
            let key =
                self.key.as_deref().map(|path| Ok::<_, Failure>(ManagedKey::from_pem(&read(Some(path), MAX_KEY_FILE)?))).transpose()?;
            let key = key.transpose().map_err(|rejection| Failure::usage(rejection.to_string()))?;
            let mut all = Vec::new();
            for (place, bundle) in read_bundles(path)? {
                let bundle: Bundle = bundle.map_err(|rejection| Failure::object(format!("cannot read the bundle {place}: {rejection}")))?;
                all.extend(Provable::of_bundle(verifier, &bundle, key.as_ref())?.into_iter().map(|provable| (place.clone(), provable)));
            }
            return Ok(all);
        }
        if self.key.is_some() {
            return Err(Failure::usage(format!("a key is given, and {name} is not a bundle")).with_hint("leave --key out"));
        }
        let object = context.repository()?.object(name)?;
        Ok(vec![(format!("{} {}", object.kind.name(), object.id), Provable::of_git(verifier, &signed(&object)?)?)])
    }

    /// The file that holds bundles, if it is one.
    fn bundle(&self, context: &Context) -> Result<Option<&Path>, Failure> {
        let name = &self.signature;
        // no revision ends so: a bundle that is missing is named as a file
        if bundle_file(name).is_some() || name.ends_with(".sigstore.json") {
            return Ok(Some(Path::new(name)));
        }
        if !Path::new(name).is_file() {
            return Ok(None);
        }
        match context.repository.as_ref().is_some_and(|repository| repository.object(name).is_ok()) {
            true => Err(Failure::usage(format!("{name} is a file and a revision")).with_hint(format!("write ./{name} for the file"))),
            false => Ok(Some(Path::new(name))),
        }
    }
}

fn sentence(name: &str, provable: &Provable, proof: &LogProof) -> String {
    let LogProof { origin, embedded, newest, .. } = proof;
    let (index, size) = (provable.logged.log_index, counted(newest.size, "entry"));
    let entry = format!("{name}: entry {index} is in the newest tree of the log \"{origin}\" ({size})");
    match embedded {
        Some(embedded) if embedded.size == newest.size => format!("{entry}, which is the tree of its own checkpoint."),
        Some(embedded) => format!("{entry}, which continues the tree of its own checkpoint ({}).", counted(embedded.size, "entry")),
        None => format!("{entry}. It has no checkpoint of its own, only the log's promise to include it."),
    }
}

/// `--json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    signature: &'a str,
    url: &'a str,
    origin: &'a str,
    kind: String,
    log_id: String,
    log_index: u64,
    leaf_hash: String,
    proof: &'static str,
    embedded: Option<Head>,
    newest: Head,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    tree_size: u64,
    root_hash: String,
}

impl From<TreeHead> for Head {
    fn from(head: TreeHead) -> Self {
        Self { tree_size: head.size, root_hash: hex::encode(head.root_hash) }
    }
}

impl<'a> Document<'a> {
    fn of(name: &'a str, provable: &Provable, proof: &'a LogProof) -> Self {
        let logged = &provable.logged;
        Self {
            signature: name,
            url: &proof.url,
            origin: &proof.origin,
            kind: format!("{} {}", logged.kind.name(), logged.kind.version()),
            log_id: hex::encode(proof.log_id),
            log_index: logged.log_index,
            leaf_hash: hex::encode(logged.leaf_hash),
            proof: match &proof.embedded {
                Some(embedded) if embedded.size == proof.newest.size => "same",
                Some(_) => "consistency",
                None => "inclusion",
            },
            embedded: proof.embedded.map(Head::from),
            newest: proof.newest.into(),
        }
    }
}
