//! Prints the verdicts as sentences, JSON or SARIF, and finds the exit code of the worst.

use super::{
    options::{Format, Options},
    sarif::Sarif,
    summary::Summary,
};
use crate::{
    Reason,
    cli::{
        exit::{Exit, Failure},
        ui::{JsonText, Total, Ui, json_line},
    },
    judge::Judged,
    policy::{Judgement, PolicyDecision, Verdict},
    report::{Claimed, TagReport, next_step, sentences},
    repository::{Substitutes, is_of_git},
    selection::Deciders,
    wording::counted,
};
use std::{
    collections::{HashMap, HashSet},
    io::IsTerminal,
    sync::Arc,
};

/// Digits of an id that are remembered and shown.
const SHORT_ID: usize = 16;

/// Repeated payloads that are listed, at most; the others are counted.
const EXAMPLES: usize = 3;

/// A judged object, and its line of JSON where that is the format.
pub(super) struct Printable {
    judged: Judged,
    line: Option<JsonText>,
}

pub(super) struct Output<'a> {
    options: &'a Options,
    ui: &'a mut Ui,
    summary: Summary,
    verdicts: HashSet<Verdict>,
    sarif: Option<Sarif>,
    repeated: Repeated,
    /// Whether objects that were not named are shown only in the summary.
    is_grouped: bool,
    /// Good merges with a merged tag that has a fault.
    faulty_merges: FaultyMerges,
    /// Signatures for the other object format that were not checked, and that are bad.
    other_unchecked: usize,
    other_refused: usize,
    deciders: Arc<Deciders>,
    /// What git shows in place of objects, and the objects among them that judged ones are or lead to.
    substitutes: Substitutes,
    judged_replaced: Vec<String>,
    /// What to say about good verdicts that have no lines of their own.
    unsaid: Option<String>,
}

impl<'a> Output<'a> {
    pub(super) fn new(options: &'a Options, ui: &'a mut Ui) -> Self {
        let sarif = (options.format() == Format::Sarif).then(Sarif::new);
        let is_grouped = options.format() == Format::Text && !options.verbose && std::io::stdout().is_terminal();
        Self {
            options,
            ui,
            summary: Summary::default(),
            verdicts: HashSet::new(),
            sarif,
            repeated: Repeated::default(),
            deciders: Arc::default(),
            is_grouped,
            faulty_merges: FaultyMerges::default(),
            substitutes: Substitutes::default(),
            judged_replaced: Vec::new(),
            other_unchecked: 0,
            other_refused: 0,
            unsaid: None,
        }
    }

    /// Sets whose configuration decides.
    pub(super) fn decided_by(&mut self, deciders: &Deciders) {
        self.deciders = Arc::new(deciders.clone());
    }

    /// Sets what git shows in place of objects, and warns of the revisions by which git finds others.
    pub(super) fn substituted_by_git(&mut self, substitutes: Substitutes, revisions: &[String]) {
        self.substitutes = substitutes;
        for revision in revisions.iter().filter(|revision| self.substitutes.lead_elsewhere(revision)) {
            self.ui.warning(format!(
                "git finds another object by \"{revision}\": an object on the way is replaced, or a graft gives it other parents. paraph verified the originals."
            ));
        }
    }

    /// Starts a progress bar where many objects are judged. There is none with `--quiet`, or where JSON is printed to the same terminal.
    pub(super) fn begin(&mut self) -> Option<Total> {
        let is_in_the_way = self.options.format() == Format::Json && std::io::stdout().is_terminal();
        if self.options.quiet || is_in_the_way { None } else { self.ui.begin_progress() }
    }

    /// Prints a warning about the call.
    pub(super) fn warn(&mut self, text: String) {
        self.ui.warning(text);
    }

    /// Prints an object that was named by itself.
    pub(super) fn show(&mut self, judged: &Judged) {
        self.note(judged);
        match self.options.format() {
            Format::Json => self.ui.json_line(&judged.report(&self.deciders)),
            Format::Text if !self.options.quiet => self.print(judged),
            Format::Text | Format::Sarif => {}
        }
    }

    /// Prints an object of a list. On a terminal, the summary has it.
    pub(super) fn show_listed(&mut self, judged: &Judged) {
        if self.is_grouped { self.note(judged) } else { self.show(judged) }
    }

    /// Says which references were left out, of those that git makes itself.
    pub(super) fn left_out(&mut self, references: &[String]) {
        let names: Vec<&str> = references.iter().map(String::as_str).filter(|name| is_of_git(name)).collect();
        let Some(examples) = names.get(..names.len().min(EXAMPLES)).filter(|names| !names.is_empty() && !self.options.quiet) else {
            return;
        };
        let more = if names.len() > examples.len() { ", …" } else { "" };
        self.ui.note(format!(
            "Left out: {} that git makes and cannot sign ({}{more}). Use --include-ref to verify {} too.",
            counted(names.len(), "ref"),
            examples.join(", "),
            if names.len() == 1 { "it" } else { "them" },
        ));
    }

    /// Returns the function that prepares an object for [`Output::show_of_many`]. It runs on the core that judged the object, because writing
    /// a line of JSON takes as long as finding a result in the verdict cache.
    pub(super) fn preparation(&self) -> impl Fn(Judged) -> Printable + Sync + use<> {
        let is_json = self.options.format() == Format::Json;
        let deciders = Arc::clone(&self.deciders);
        move |judged| Printable { line: is_json.then(|| json_line(&judged.report(&deciders))), judged }
    }

    /// Prints one of many objects. As text, only objects that are not good take up lines.
    pub(super) fn show_of_many(&mut self, object: Printable) {
        let Printable { judged, line } = object;
        match line {
            Some(line) => {
                self.note(&judged);
                self.ui.json_text(line);
            }
            None if self.options.format() == Format::Text && has_nothing_to_say(judged.judgement()) => self.note(&judged),
            None => self.show_listed(&judged),
        }
    }

    fn note(&mut self, judged: &Judged) {
        match &judged.other_format {
            Some(other) if other.is_unchecked() => self.other_unchecked += 1,
            Some(other) if other.state == "refused" => self.other_refused += 1,
            _ => {}
        }
        self.faulty_merges.add(judged);
        if judged.judgement().counts() {
            self.verdicts.insert(judged.judgement().verdict());
        }
        // the summary is printed as text only
        if self.options.format() == Format::Text {
            self.summary.add(judged);
        }
        self.repeated.add(judged);
        if let Some(replaced) = self.substitutes.in_place_of(&judged.id).filter(|id| !self.judged_replaced.contains(id)) {
            self.judged_replaced.push(replaced);
        }
        if self.unsaid.is_none() {
            self.unsaid = self.deciders.sentence(judged.judgement());
        }
        if let Some(sarif) = &mut self.sarif {
            sarif.add(judged, self.ui);
        }
        self.ui.step_progress(judged.judgement().verdict() == Verdict::Good || !judged.judgement().counts());
    }

    /// Reports the commits where a shallow clone ends: the rest of the range was not verified.
    pub(super) fn cut(&mut self, commits: &[String]) {
        let Some(first) = commits.first() else { return };
        self.verdicts.insert(Verdict::Unchecked);
        self.summary.cut(commits.len());
        if let Some(sarif) = &mut self.sarif {
            sarif.cut(commits, self.ui);
        }
        self.ui.warning(format!(
            "The history ends at {} of a shallow clone ({first} …). Older commits were not verified; `git fetch --unshallow` fetches them.",
            counted(commits.len(), "commit")
        ));
    }

    /// Prints the summary and finds the exit code. `many` is whether the call can be about more than one object.
    pub(super) fn finish(self, many: bool, failure: Option<Failure>) -> Result<Exit, Failure> {
        self.ui.end_progress();
        if let Some(warning) = self.repeated.warning() {
            self.ui.warning(warning);
        }
        if let Some(warning) = self.faulty_merges.warning() {
            self.ui.warning(warning);
        }
        if let Some(first) = self.judged_replaced.first() {
            let others = match self.judged_replaced.len() - 1 {
                0 => String::new(),
                others => format!(" and {}", counted(others, "other object")),
            };
            self.ui.warning(format!(
                "git shows another object in place of {first}{others}: `git replace -l` or the file info/grafts lists them. paraph verified the original."
            ));
        }
        if many && self.other_unchecked + self.other_refused > 0 {
            self.ui.warning(format!(
                "Signatures for the other object format: {} not checked, {} bad. The verdicts do not depend on them.",
                self.other_unchecked, self.other_refused
            ));
        }
        // where objects have lines, each says it
        if let Some(unsaid) = self.unsaid.filter(|_| many || self.options.quiet || self.options.format() == Format::Sarif) {
            self.ui.warning(unsaid);
        }
        let exit = Exit::of_verdicts(self.verdicts);
        if let Some(sarif) = self.sarif {
            sarif.end(failure.as_ref().map_or(exit, |failure| failure.exit), failure.as_ref(), self.ui);
        } else if failure.is_none() && many && self.options.format() == Format::Text && !self.options.quiet {
            for line in self.summary.lines() {
                self.ui.line(line);
            }
            if self.is_grouped && self.summary.is_shortened() {
                self.ui.line("--verbose shows each object that is not good.");
            }
        }
        failure.map_or(Ok(exit), Err)
    }

    fn print(&mut self, judged: &Judged) {
        let is_lightweight = judged.judgement().rejection().is_some_and(|rejection| rejection.reason() == Reason::NotAnnotated);
        let kind = if is_lightweight { "lightweight tag" } else { judged.kind.name() };
        self.ui.line(format!("{kind} {}: {}", judged.id, judged.judgement().verdict().as_str()));
        let by = self.deciders.sentence(judged.judgement());
        for sentence in sentences(judged.judgement()).into_iter().chain(by).chain(next_step(judged.judgement())) {
            self.ui.line(format!("  {sentence}"));
        }
        if let Some(claim) = judged.claimed.as_ref().and_then(Claimed::sentence) {
            self.ui.line(format!("  {claim}"));
        }
        if let Some(other) = &judged.other_format {
            self.ui.line(format!("  {}", other.sentence()));
        }
        if let Some(tag) = &judged.tag {
            self.ui.line(format!("  {}", scope(tag)));
        }
    }
}

/// Whether the summary of many objects says enough: it is good, or the policy of the repository exempts it.
fn has_nothing_to_say(judgement: &Judgement) -> bool {
    let is_exempt = judgement.policy().is_some_and(|ruling| ruling.decision == PolicyDecision::Exempt);
    judgement.verdict() == Verdict::Good || is_exempt
}

/// Finds objects with the same payload. Anyone can re-encode the signature of an object and so create another object, with an id of its own,
/// that verifies too.
#[derive(Default)]
struct Repeated {
    /// The beginning of the first id, by half of the payload's digest. Half is enough against collisions, and saves memory in a long history.
    first: HashMap<[u8; 16], [u8; SHORT_ID]>,
    pairs: Vec<(String, String)>,
    count: usize,
}

impl Repeated {
    fn add(&mut self, judged: &Judged) {
        let Some(verified) = judged.judgement().verification() else { return };
        let (Some(digest), Some(id)) = (verified.subject().digest.first_chunk(), judged.id.as_bytes().first_chunk()) else { return };
        let first = self.first.entry(*digest).or_insert(*id);
        if first != id {
            self.count += 1;
            if self.pairs.len() < EXAMPLES {
                self.pairs.push((String::from_utf8_lossy(first).into_owned(), String::from_utf8_lossy(id).into_owned()));
            }
        }
    }

    fn warning(&self) -> Option<String> {
        let pairs: Vec<String> = self.pairs.iter().map(|(first, again)| format!("{again} of {first}")).collect();
        let more = if self.count > pairs.len() { ", …" } else { "" };
        match self.count {
            0 => None,
            1 => Some(format!("1 object repeats the payload of another: {}.", pairs.join(", "))),
            count => Some(format!("{} repeat the payloads of others: {}{more}.", counted(count, "object"), pairs.join(", "))),
        }
    }
}

/// Finds good merges that hold a signed tag with a fault: the tag is part of what the merge's signature covers, and not its signature.
#[derive(Default)]
struct FaultyMerges {
    count: usize,
    /// The first one: its id, the tag's name and the fault.
    first: Option<String>,
}

impl FaultyMerges {
    fn add(&mut self, judged: &Judged) {
        if let Some(fault) = judged.merged_tags.first() {
            self.count += 1;
            self.first.get_or_insert_with(|| format!("{} holds the tag \"{}\", which has a fault: {}", judged.id, fault.name, fault.fault));
        }
    }

    fn warning(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        Some(match self.count {
            1 => format!("The merge {first}."),
            count => format!("{count} merges hold a copy of a signed tag with a fault. The first is {first}."),
        })
    }
}

/// A sentence about the scope of the verdict on a tag.
fn scope(tag: &TagReport) -> String {
    let TagReport { name, target, target_type, target_judged } = tag;
    if *target_judged {
        format!("This verdict is on the tag {name}; the {target_type} {target} that it names has a verdict of its own.")
    } else {
        format!("This verdict is on the tag {name} only; use --target to judge the {target_type} {target} that it names.")
    }
}
