//! The verdicts as SARIF 2.1.0 (OASIS), for tools that collect findings: a rule for each cause, a result for each object that is not good.
//!
//! A commit or tag is not a file, so it is a logical location. GitHub accepts no document without a physical one, so there is a path as well,
//! which no work tree has. All causes are listed as rules, so that a rule has the same index in every document of a version of the program.
//! Results are written one by one and not kept; rules and invocation follow them.

use crate::{
    Explanation, LegacyRule, Reason,
    cli::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    escape::Escaped,
    judge::Judged,
    policy::{Decision, Finding, Judgement, PolicyDecision, Verdict},
    report::sentences,
};
use serde::Serialize;

/// The rule for a range that is incomplete because of a shallow clone.
const SHALLOW: &str = "incomplete-history";

/// The text before the first result.
const OPENING: &str = r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":["#;

/// A document that is being written.
#[derive(Debug)]
pub(in crate::cli) struct Sarif {
    rules: Vec<Rule>,
    /// The text before the next result.
    before: &'static str,
}

impl Sarif {
    pub(in crate::cli) fn new() -> Self {
        Self { rules: rules().collect(), before: OPENING }
    }

    pub(super) fn add(&mut self, judged: &Judged, ui: &mut Ui) {
        let Some(rule) = judged.judgement().explanation().map(Explanation::id) else { return };
        let text = sentences(judged.judgement()).join(" ");
        let kind = judged.kind.name();
        let text = format!("{kind} {}: {text}", judged.id);
        self.write(
            FaultyObject {
                rule,
                verdict: judged.judgement().verdict(),
                counts: judged.judgement().counts(),
                text,
                id: &judged.id,
                kind,
                title: judged.title.clone(),
            },
            ui,
        );
    }

    /// Adds a file that is not good.
    pub(in crate::cli) fn add_file(&mut self, name: &str, judgement: &Judgement, ui: &mut Ui) {
        let Some(rule) = judgement.explanation().map(Explanation::id) else { return };
        let text = format!("file {}: {}", Escaped(name), sentences(judgement).join(" "));
        self.write(FaultyObject { rule, verdict: judgement.verdict(), counts: true, text, id: name, kind: "file", title: None }, ui);
    }

    /// Adds the commits where a shallow clone ends.
    pub(super) fn cut(&mut self, commits: &[String], ui: &mut Ui) {
        for commit in commits {
            let text = format!("The history ends at the commit {commit} of a shallow clone; older commits were not verified.");
            self.write(
                FaultyObject { rule: SHALLOW, verdict: Verdict::Unchecked, counts: true, text, id: commit, kind: "commit", title: None },
                ui,
            );
        }
    }

    fn write(&mut self, object: FaultyObject<'_>, ui: &mut Ui) {
        let is_file = object.kind == "file";
        let result = ResultObject {
            rule_id: object.rule,
            rule_index: self.rules.iter().position(|rule| rule.id == object.rule),
            // what does not count fails no check
            level: if object.counts { level(object.verdict) } else { "note" },
            message: Text { text: object.text },
            locations: [if is_file { Location::of_file(object.id) } else { Location::of(object.id, object.kind) }],
            partial_fingerprints: Fingerprints { object_id: object.id.to_owned() },
            properties: Properties { verdict: object.verdict.as_str(), oid: (!is_file).then(|| object.id.to_owned()), title: object.title },
        };
        ui.json_part(std::mem::replace(&mut self.before, ",\n"), &result);
    }

    /// Writes the rest of the document. The document of a failed call holds its error and the results so far.
    pub(in crate::cli) fn end(self, exit: Exit, failure: Option<&Failure>, ui: &mut Ui) {
        let notifications = failure.map(|failure| Notification { level: "error", message: Text { text: failure.message.clone() } });
        let invocation = Invocation {
            execution_successful: failure.is_none(),
            exit_code: exit.code(),
            tool_execution_notifications: notifications.into_iter().collect(),
        };
        let driver = Driver { name: env!("CARGO_PKG_NAME"), semantic_version: env!("CARGO_PKG_VERSION"), rules: self.rules };
        if self.before == OPENING {
            ui.bytes(OPENING.as_bytes());
        }
        ui.json_part("],\n\"tool\":", &Tool { driver });
        ui.json_part(",\n\"invocations\":", &[invocation]);
        ui.bytes(b"}]}\n");
    }
}

/// An object that is not good.
struct FaultyObject<'a> {
    rule: &'static str,
    verdict: Verdict,
    counts: bool,
    text: String,
    id: &'a str,
    kind: &'static str,
    title: Option<String>,
}

fn level(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "none",
        Verdict::Legacy | Verdict::Unsigned | Verdict::Other => "warning",
        Verdict::Untrusted | Verdict::Unchecked | Verdict::Bad => "error",
    }
}

/// A rule for every cause.
fn rules() -> impl Iterator<Item = Rule> {
    let reasons = Reason::ALL.iter().map(|reason| {
        let verdict = reason.standing().into();
        Rule::new(reason.id(), verdict, reason.sentence(), reason.advice())
    });
    // what is a reason as well stands among those
    let rules = LegacyRule::ALL.iter().filter(|rule| Reason::ALL.iter().all(|reason| reason.id() != rule.id()));
    let rules = rules.map(|rule| Rule::new(rule.id(), Verdict::Legacy, rule.sentence(), rule.advice()));
    let findings = Finding::ALL.iter().filter(|finding| finding.verdict() != Verdict::Good);
    let findings = findings.map(|finding| Rule::new(finding.id(), finding.verdict(), finding.sentence(), finding.advice()));
    let decisions = Decision::ALL.iter().filter(|decision| decision.verdict() != Verdict::Good);
    let decisions = decisions.map(|decision| Rule::new(decision.id(), decision.verdict(), decision.sentence(), decision.advice()));
    let refused = |decision: &PolicyDecision| {
        let verdict = decision.verdict().filter(|verdict| *verdict != Verdict::Good)?;
        Some(Rule::new(decision.id(), verdict, decision.sentence(), decision.advice()))
    };
    let by_policy = PolicyDecision::ALL.iter().filter_map(refused);
    let shallow =
        Rule::new(SHALLOW, Verdict::Unchecked, "the history is incomplete, because this is a shallow clone", "run `git fetch --unshallow`");
    reasons.chain(rules).chain(findings).chain(decisions).chain(by_policy).chain([shallow])
}

#[derive(Debug, Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
    properties: Properties,
}

impl Rule {
    fn new(id: &'static str, verdict: Verdict, sentence: &str, advice: &str) -> Self {
        Self {
            id,
            short_description: Text { text: sentence_of(sentence) },
            full_description: Text { text: format!("{} The verdict is `{}`.", sentence_of(sentence), verdict.as_str()) },
            help: Text { text: sentence_of(advice) },
            default_configuration: Configuration { level: level(verdict) },
            properties: Properties { verdict: verdict.as_str(), oid: None, title: None },
        }
    }
}

/// A clause as a sentence.
fn sentence_of(clause: &str) -> String {
    let mut characters = clause.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Debug, Serialize)]
struct Text {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject {
    rule_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints,
    properties: Properties,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
}

#[derive(Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

impl Location {
    fn of_file(name: &str) -> Self {
        // a URI reference: what is no ordinary character of a path is encoded
        let encoded = name.bytes().map(|byte| match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        Self {
            physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri: encoded.collect() } },
            logical_locations: [LogicalLocation { fully_qualified_name: name.to_owned(), kind: "file" }],
        }
    }

    fn of(id: &str, kind: &'static str) -> Self {
        Self {
            physical_location: PhysicalLocation { artifact_location: ArtifactLocation { uri: format!(".git/{kind}/{id}") } },
            logical_locations: [LogicalLocation { fully_qualified_name: id.to_owned(), kind }],
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Fingerprints {
    #[serde(rename = "objectId/v1")]
    object_id: String,
}

#[derive(Debug, Serialize)]
struct Properties {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Debug, Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}
