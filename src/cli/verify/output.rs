//! The verdicts as they are told: sentences, JSON or SARIF, and the exit code of the worst.

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
    policy::Verdict,
    report::{Report, TagReport, sentences},
};
use std::{
    collections::{HashMap, HashSet},
    io::IsTerminal,
};

/// Digits of an id that are kept and shown.
const SHORT_ID: usize = 16;

/// Repeated payloads that are named, at most; the rest is counted.
const EXAMPLES: usize = 3;

/// A judged object, and its line for programs where they are told in lines.
pub(super) struct Told {
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
}

impl<'a> Output<'a> {
    pub fn new(options: &'a Options, ui: &'a mut Ui) -> Self {
        let sarif = (options.format() == Format::Sarif).then(Sarif::new);
        Self { options, ui, summary: Summary::default(), verdicts: HashSet::new(), sarif, repeated: Repeated::default() }
    }

    /// A bar for people who wait, where many objects are judged. `--quiet` wants none, and on the terminal that gets the lines for programs one
    /// would only be in the way.
    pub fn begin(&mut self) -> Option<Total> {
        let is_in_the_way = self.options.format() == Format::Json && std::io::stdout().is_terminal();
        if self.options.quiet || is_in_the_way { None } else { self.ui.begin_progress() }
    }

    /// What a person should know about the call.
    pub fn warn(&mut self, text: String) {
        self.ui.warning(text);
    }

    /// One object that was named by itself.
    pub fn show(&mut self, judged: &Judged) {
        self.note(judged);
        match self.options.format() {
            Format::Json => self.ui.json_line(&report(judged)),
            Format::Text if !self.options.quiet => self.print(judged),
            Format::Text | Format::Sarif => {}
        }
    }

    /// What turns a judged object into what [`Output::told`] takes, on whichever core judged it: writing a line takes as long as
    /// looking up a verdict that is known.
    pub fn telling(&self) -> impl Fn(Judged) -> Told + Sync + use<> {
        let is_json = self.options.format() == Format::Json;
        move |judged| Told { line: is_json.then(|| json_line(&report(&judged))), judged }
    }

    /// One of many: only what is not good takes up lines of text.
    pub fn told(&mut self, told: Told) {
        let Told { judged, line } = told;
        match line {
            Some(line) => {
                self.note(&judged);
                self.ui.json_text(line);
            }
            None if self.options.format() == Format::Text && judged.judgement.verdict == Verdict::Good => self.note(&judged),
            None => self.show(&judged),
        }
    }

    fn note(&mut self, judged: &Judged) {
        self.verdicts.insert(judged.judgement.verdict);
        // nobody reads it beside the lines for programs
        if self.options.format() == Format::Text {
            self.summary.add(judged);
        }
        self.repeated.add(judged);
        if let Some(sarif) = &mut self.sarif {
            sarif.add(judged, self.ui);
        }
        self.ui.step_progress(judged.judgement.verdict == Verdict::Good);
    }

    /// Where a shallow clone ends, there was no more to look at: that is not the whole range.
    pub fn cut(&mut self, commits: &[String]) {
        let Some(first) = commits.first() else { return };
        self.verdicts.insert(Verdict::Unchecked);
        self.summary.cut(commits.len());
        if let Some(sarif) = &mut self.sarif {
            sarif.cut(commits, self.ui);
        }
        self.ui.warning(format!(
            "The history ends at {} commit{} of a shallow clone ({first} …), and what lies behind was not verified; `git fetch --unshallow` brings it.",
            commits.len(),
            if commits.len() == 1 { "" } else { "s" }
        ));
    }

    /// Tells what only the whole can tell. `many` is whether a summary says more than the one verdict.
    pub fn finish(self, many: bool, failure: Option<Failure>) -> Result<Exit, Failure> {
        self.ui.end_progress();
        if let Some(warning) = self.repeated.warning() {
            self.ui.warning(warning);
        }
        let exit = Exit::of_verdicts(self.verdicts);
        if let Some(sarif) = self.sarif {
            sarif.end(failure.as_ref().map_or(exit, |failure| failure.exit), failure.as_ref(), self.ui);
        } else if failure.is_none() && many && self.options.format() == Format::Text && !self.options.quiet {
            for line in self.summary.lines() {
                self.ui.line(line);
            }
        }
        failure.map_or(Ok(exit), Err)
    }

    fn print(&mut self, judged: &Judged) {
        let is_lightweight = judged.judgement.result.as_ref().is_err_and(|rejection| rejection.reason() == Reason::NotAnnotated);
        let kind = if is_lightweight { "lightweight tag" } else { judged.kind.name() };
        self.ui.line(format!("{kind} {}: {}", judged.id, judged.judgement.verdict.as_str()));
        for sentence in sentences(&judged.judgement) {
            self.ui.line(format!("  {sentence}"));
        }
        if let Some(tag) = &judged.tag {
            self.ui.line(format!("  {}", scope(tag)));
        }
    }
}

/// Objects that differ in nothing but their signature: whoever has one can wrap its signature anew and has another, with an id of its own,
/// that verifies too.
#[derive(Default)]
struct Repeated {
    /// By half of the payload's digest, which no collision meets, the beginning of the first id: a long history is kept in little memory.
    first: HashMap<[u8; 16], [u8; SHORT_ID]>,
    pairs: Vec<(String, String)>,
    count: usize,
}

impl Repeated {
    fn add(&mut self, judged: &Judged) {
        let Ok(verified) = &judged.judgement.result else { return };
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
            count => Some(format!("{count} objects repeat the payloads of others: {}{more}.", pairs.join(", "))),
        }
    }
}

/// What the verdict on a tag is about.
fn scope(tag: &TagReport) -> String {
    let TagReport { name, target, target_type, target_judged } = tag;
    if *target_judged {
        format!("This is the verdict on the tag {name}; the {target_type} {target} that it names has one of its own.")
    } else {
        format!("This is the verdict on the tag {name} alone; the {target_type} {target} that it names was not judged (--target).")
    }
}

/// The report on an object, for JSON.
fn report(judged: &Judged) -> Report {
    Report { kind: Some(judged.kind.name()), tag: judged.tag.clone(), ..Report::new(Some(judged.id.clone()), &judged.judgement) }
}
