//! `paraph show`: the verdict on one object, and all that its signature holds.

use super::{
    context::Context,
    exit::{Exit, Failure},
    ui::Ui,
};
use crate::{
    bundle::{Bundle, BundleContent},
    escape::Escaped,
    gitsign_statement,
    judge::{BUNDLE_ENDINGS, Entries, Judge, SignableKind, read_bundles},
    object::{Commit, Signed, Tag},
    report::{BundleContents, Contents, Report, next_step, sentences},
    repository::RawObject,
    signature::ParsedSignature,
    verify::Verifier,
    wording::{counted, spoken_time},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, path::Path};

/// Show the contents of a signature
///
/// Prints the certificate with its identity, the log entry and the timestamps of a signed commit or tag, whether or not they verify. These are
/// the signature's claims; the verdict is in the first line. Succeeds whatever the verdict is, and fails if there is no CMS signature.
///
/// A file that ends in .sigstore.json, .sigstore.jsonl or .sigstore is a bundle. Prints all that it holds, without a verdict.
///
/// `--format intoto` prints an in-toto statement about any commit or annotated tag, with the predicate of `gitsign show`. It has no verdict.
///
/// Example: paraph show v1.0
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The commit or tag, in git's syntax, or a file with a bundle; a tag is the tag object itself
    #[arg(default_value = "HEAD")]
    pub revision: String,
    /// Print in this format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// The remote whose URL names the subject of an in-toto statement
    #[arg(long, short, value_name = "NAME", default_value = "origin")]
    pub remote: String,
}

/// The format of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Sentences, and the fields of the signature
    Text,
    /// One JSON document: see man/json.md
    Json,
    /// The in-toto statement of `gitsign show`
    Intoto,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    if let Some(bundle) = bundle_file(&arguments.revision) {
        return show_bundles(bundle, arguments, ui);
    }
    let context = Context::load(&[])?;
    let object = context.repository()?.object(&arguments.revision)?;
    if arguments.format == Format::Intoto {
        ui.json(&gitsign_statement::statement(&object, context.repository()?, &arguments.remote)?);
        return Ok(Exit::Good);
    }
    let signed = signed(&object)?;
    let mut cms = Vec::new();
    let signature = ParsedSignature::parse(&signed.signature, &mut cms);
    let contents = Contents::of(&signature).map_err(|rejection| unreadable(&object, &rejection.to_string()))?;
    let verifier = Verifier::new(context.trust_roots()?, jiff::Timestamp::now());
    let (policy, warnings) = context.policy();
    let judge = Judge::new(verifier, policy).with_entries(Entries::stored()).with_conversion_in(context.repository()?);
    let judged = judge.shown(context.repository()?, &object, &signature)?;
    let judgement = judged.judgement();
    let deciders = context.deciders(None);
    for warning in warnings {
        ui.warning(warning);
    }
    if context.repository()?.substitutes(false).has(&object.id) {
        ui.warning(format!("git shows another object in place of {}: `git replace -l` lists it. paraph shows the original.", object.id));
    }
    if arguments.json || arguments.format == Format::Json {
        ui.json(&Document { report: judged.report(&deciders), contents });
        return Ok(Exit::Good);
    }
    ui.line(format!("{} {}: {}", object.kind.name(), object.id, judgement.verdict().as_str()));
    for sentence in sentences(judgement).into_iter().chain(deciders.sentence(judgement)).chain(next_step(judgement)) {
        ui.line(format!("  {sentence}"));
    }
    if let Some(other) = &judged.other_format {
        ui.line(format!("  {}", other.sentence()));
    }
    for tag in &judged.merged_tags {
        ui.line(format!("  {}", tag.sentence()));
    }
    ui.line("");
    ui.line("Contents of the signature (its claims):");
    print_fields(&contents, ui);
    Ok(Exit::Good)
}

/// Prints a document field by field.
pub(super) fn print_fields(contents: &impl Serialize, ui: &mut Ui) {
    let tree = serde_json::to_string(contents).and_then(|json| serde_json::from_str(&json));
    if let Ok(Tree::Fields(fields)) = tree {
        let mut lines = Vec::new();
        fields.iter().for_each(|(name, field)| field.lines(name, 1, &mut lines));
        lines.into_iter().for_each(|line| ui.line(line));
    }
}

/// The file with a bundle that the argument names: by its ending, since revisions have no such names.
pub(super) fn bundle_file(name: &str) -> Option<&Path> {
    let is_named = BUNDLE_ENDINGS.iter().any(|ending| name.ends_with(ending));
    Some(Path::new(name)).filter(|path| is_named && path.is_file())
}

/// Shows what the bundles of a file hold.
fn show_bundles(path: &Path, arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    if arguments.format == Format::Intoto {
        return Err(Failure::usage("a bundle has no such statement").with_hint("give a commit or a tag, or leave --format out"));
    }
    for (place, bundle) in read_bundles(path)? {
        let bundle = bundle.map_err(|rejection| Failure::object(format!("cannot show the bundle {place}: {rejection}")))?;
        let contents = BundleContents::of(&bundle);
        if arguments.json || arguments.format == Format::Json {
            ui.json(&BundleDocument { bundle: place, contents });
            continue;
        }
        ui.line(format!("bundle {}: not judged; `paraph verify-file` verifies it with its file", Escaped(&place)));
        ui.line("Contents of the bundle (its claims):");
        print_fields(&contents.without_documents(), ui);
        embedded(&bundle).iter().for_each(|(name, document)| document.print(name, ui));
    }
    Ok(Exit::Good)
}

/// Lines of a document that are printed, at most.
const MAX_LINES: usize = 400;
/// Characters of such a line, at most.
const MAX_LINE: usize = 1000;

/// A document inside a bundle.
enum Embedded {
    Json(Tree),
    Text(String),
}

impl Embedded {
    fn of(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).map_or_else(|_| Self::Text(String::from_utf8_lossy(bytes).into_owned()), Self::Json)
    }

    /// Prints as much of it as people read.
    fn print(&self, name: &str, ui: &mut Ui) {
        let mut lines = Vec::new();
        match self {
            Self::Json(tree) => tree.lines(name, 1, &mut lines),
            Self::Text(text) => {
                lines.push(format!("  {name}:"));
                lines.extend(text.lines().map(|line| format!("    {line}")));
            }
        }
        let hidden = lines.len().saturating_sub(MAX_LINES);
        let mut is_cut = false;
        for line in lines.iter().take(MAX_LINES) {
            match line.char_indices().nth(MAX_LINE) {
                Some((end, _)) => {
                    is_cut = true;
                    ui.line(format!("{}…", line.get(..end).unwrap_or_default()));
                }
                None => ui.line(line),
            }
        }
        if hidden > 0 {
            ui.line(format!("    … {} more; --json prints all", counted(hidden, "line")));
        } else if is_cut {
            ui.line("    Long lines were cut; --json prints all.");
        }
    }
}

/// The predicate of a bundle, or another payload, and the bodies of its log entries.
fn embedded(bundle: &Bundle) -> Vec<(String, Embedded)> {
    let mut found = Vec::new();
    match (&bundle.content, bundle.statement()) {
        (BundleContent::Envelope(envelope), Ok(Some(_))) => {
            // with a name that appears twice, and in the order of the document
            if let Ok(Tree::Fields(fields)) = serde_json::from_slice(&envelope.payload) {
                let predicates = fields.into_iter().filter(|(name, _)| name == "predicate");
                found.extend(predicates.map(|(name, tree)| (name, Embedded::Json(tree))));
            }
        }
        (BundleContent::Envelope(envelope), _) => found.push(("payload".to_owned(), Embedded::of(&envelope.payload))),
        (BundleContent::Message(_), _) => {}
    }
    let bodies = bundle.entries.iter().filter(|entry| !entry.canonicalized_body.is_empty());
    found.extend(bodies.map(|entry| (format!("body of the log entry {}", entry.log_index), Embedded::of(&entry.canonicalized_body))));
    found
}

/// `--json` for a bundle.
#[derive(Serialize)]
struct BundleDocument {
    bundle: String,
    contents: BundleContents,
}

/// `--json`: the fields of `paraph verify --json`, and the contents of the signature.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    report: Report,
    contents: Contents,
}

/// The signature of a commit or tag.
pub(super) fn signed(object: &RawObject) -> Result<Signed<'_>, Failure> {
    let split = match SignableKind::of(object)? {
        SignableKind::Commit => Commit::parse(&object.bytes, object.format).map(|commit| commit.signed),
        SignableKind::Tag => Tag::parse(&object.bytes).map(|tag| tag.signed),
    };
    split.map_err(|rejection| unreadable(object, &rejection.to_string()))
}

fn unreadable(object: &RawObject, cause: &str) -> Failure {
    Failure::object(format!("cannot show a signature of the {} {}: {cause}", object.kind.name(), object.id))
}

/// A document with its fields in the order of the structs, which a JSON value does not keep.
enum Tree {
    Text(String),
    List(Vec<Tree>),
    Fields(Vec<(String, Tree)>),
}

impl Tree {
    /// Indented lines.
    fn lines(&self, name: &str, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Text(text) => lines.push(format!("{indent}{name}: {}", spoken(name, text))),
            Self::Fields(fields) => {
                lines.push(format!("{indent}{name}:"));
                fields.iter().for_each(|(name, field)| field.lines(name, depth + 1, lines));
            }
            Self::List(elements) if elements.is_empty() => {}
            Self::List(elements) if elements.iter().all(|element| matches!(element, Self::Text(_))) => {
                lines.push(format!("{indent}{name}:"));
                elements.iter().for_each(|element| element.element_line(name, depth + 1, lines));
            }
            Self::List(elements) => elements.iter().for_each(|element| element.lines(name, depth, lines)),
        }
    }

    fn element_line(&self, name: &str, depth: usize, lines: &mut Vec<String>) {
        if let Self::Text(text) = self {
            lines.push(format!("{}{}", "  ".repeat(depth), spoken(name, text)).trim_end().to_owned());
        }
    }
}

/// The value of a field for people: the times of signature, certificate and evidence are not in RFC 3339.
fn spoken<'a>(name: &str, text: &'a str) -> Cow<'a, str> {
    let (time, rest) = match name {
        "signingTime" | "integratedTime" | "time" | "notBefore" | "notAfter" => (text, ""),
        "signedCertificateTimestamps" => text.find(' ').map_or((text, ""), |end| text.split_at(end)),
        _ => return text.into(),
    };
    time.parse().map_or(text.into(), |time| format!("{}{rest}", spoken_time(time)).into())
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(field) = fields.next_entry()? {
            list.push(field);
        }
        Ok(Tree::Fields(list))
    }
}
