//! The verdicts as SARIF 2.1.0 (OASIS), for tools that collect findings: a rule for each cause, a result for each object that is not good.
//!
//! The object is a logical location, since a commit or tag is no file; the physical one beside it, without which GitHub takes no document, names
//! it by a path that no work tree has. Every cause that there is stands among the rules, so that a rule's index
//! is the same in every document of a version of the program. Results are written as they come and kept nowhere; rules and invocation follow.

use crate::{
    Explanation, LegacyRule, Reason, Rejection,
    cli::{
        exit::{Exit, Failure},
        ui::Ui,
    },
    judge::Judged,
    policy::{Decision, Finding, Judgement, Verdict},
    report::sentences,
};
use serde::Serialize;

/// The rule for a range that a shallow clone cuts off.
const SHALLOW: &str = "incomplete-history";

/// What stands before the first result.
const OPENING: &str = r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":["#;

/// A document that is being written.
#[derive(Debug)]
pub(super) struct Sarif {
    rules: Vec<Rule>,
    /// What stands before the next result.
    before: &'static str,
}

impl Sarif {
    pub(super) fn new() -> Self {
        Self { rules: rules().collect(), before: OPENING }
    }

    pub(super) fn add(&mut self, judged: &Judged, ui: &mut Ui) {
        let Some(id) = judged.judgement.cause() else { return };
        let text = sentences(&judged.judgement).join(" ");
        let location = Location::of(&judged.id, judged.kind.name());
        let text = format!("{} {}: {text}", judged.kind.name(), judged.id);
        self.write(id, judged.judgement.verdict, text, location, judged.title.clone(), ui);
    }

    /// Commits behind which a shallow clone has nothing.
    pub(super) fn cut(&mut self, commits: &[String], ui: &mut Ui) {
        for commit in commits {
            let text = format!("The history ends at the commit {commit} of a shallow clone, and what lies behind was not verified.");
            self.write(SHALLOW, Verdict::Unchecked, text, Location::of(commit, "commit"), None, ui);
        }
    }

    fn write(&mut self, id: &'static str, verdict: Verdict, text: String, location: Location, title: Option<String>, ui: &mut Ui) {
        let oid = location.logical_locations.first().map(|place| place.fully_qualified_name.clone()).unwrap_or_default();
        let result = ResultObject {
            rule_id: id,
            rule_index: self.rules.iter().position(|rule| rule.id == id),
            level: level(verdict),
            message: Text { text },
            locations: [location],
            partial_fingerprints: Fingerprints { object_id: oid.clone() },
            properties: Properties { verdict: verdict.as_str(), oid: Some(oid), title },
        };
        ui.json_part(std::mem::replace(&mut self.before, ",\n"), &result);
    }

    /// The rest of the document. A call that failed says so in it, and how far it came.
    pub(super) fn end(self, exit: Exit, failure: Option<&Failure>, ui: &mut Ui) {
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
        let verdict = Judgement::from(Rejection::from(*reason)).verdict;
        Rule::new(reason.id(), verdict, reason.sentence(), reason.advice())
    });
    // what is a reason as well stands among those
    let rules = LegacyRule::ALL.iter().filter(|rule| Reason::ALL.iter().all(|reason| reason.id() != rule.id()));
    let rules = rules.map(|rule| Rule::new(rule.id(), Verdict::Legacy, rule.sentence(), rule.advice()));
    let findings = Finding::ALL.iter().filter(|finding| finding.verdict() != Verdict::Good);
    let findings = findings.map(|finding| Rule::new(finding.id(), finding.verdict(), finding.sentence(), finding.advice()));
    let decisions = Decision::TABLE.iter().map(|row| Rule::new(row.id, row.verdict, row.sentence, row.advice));
    let shallow =
        Rule::new(SHALLOW, Verdict::Unchecked, "the history is cut off by a shallow clone", "fetch the rest: `git fetch --unshallow`");
    reasons.chain(rules).chain(findings).chain(decisions).chain([shallow])
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
