//! Prints the verdicts on files as sentences, JSON or SARIF.

use crate::{
    cli::{
        exit::{Exit, Failure},
        ui::{Bytes, Ui},
        verify::{Format, Sarif},
    },
    escape::Escaped,
    judge::{JudgedBundle, JudgedFile, NamedFile},
    policy::Verdict,
    report::{Report, next_step, sentences},
    selection::Deciders,
    wording::counted,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashSet},
    io::IsTerminal,
};

/// A file smaller than this is hashed before anybody sees a progress bar, in bytes.
const SMALL: u64 = 64 << 20;

pub(super) struct Output<'a> {
    format: Format,
    quiet: bool,
    ui: &'a mut Ui,
    verdicts: BTreeMap<Verdict, usize>,
    sarif: Option<Sarif>,
    deciders: Deciders,
    unsaid: Option<String>,
}

impl<'a> Output<'a> {
    pub(super) fn new(format: Format, quiet: bool, ui: &'a mut Ui) -> Self {
        let sarif = (format == Format::Sarif).then(Sarif::new);
        Self { format, quiet, ui, verdicts: BTreeMap::new(), sarif, deciders: Deciders::default(), unsaid: None }
    }

    /// Sets whose configuration decides.
    pub(super) fn decided_by(&mut self, deciders: Deciders) {
        self.deciders = deciders;
    }

    /// Starts a progress bar over the bytes of a large file.
    pub(super) fn begin_bytes(&mut self, file: &NamedFile) -> Option<Bytes> {
        let NamedFile::Path(path) = file else { return None };
        let size = std::fs::metadata(path).ok()?.len();
        if size < SMALL || self.is_in_the_way() { None } else { self.ui.begin_bytes(size) }
    }

    /// Starts a progress bar over files.
    pub(super) fn begin(&mut self, files: usize) {
        if !self.is_in_the_way()
            && let Some(total) = self.ui.begin_progress()
        {
            total.set(files as u64);
        }
    }

    fn is_in_the_way(&self) -> bool {
        self.quiet || (self.format == Format::Json && std::io::stdout().is_terminal())
    }

    pub(super) fn warn(&mut self, text: String) {
        self.ui.warning(text);
    }

    pub(super) fn show(&mut self, judged: &JudgedFile) {
        let verdict = judged.verdict();
        *self.verdicts.entry(verdict).or_default() += 1;
        let Some(deciding) = judged.deciding() else { return };
        let said = self.deciders.sentence(&deciding.judgement);
        match self.format {
            Format::Json => self.ui.json_line(&FileReport::new(judged, deciding, &self.deciders)),
            Format::Text if !self.quiet => self.print(judged, deciding, said.clone()),
            Format::Text | Format::Sarif => {}
        }
        self.unsaid = self.unsaid.take().or(said);
        if let Some(sarif) = &mut self.sarif {
            sarif.add_file(&judged.name, &deciding.judgement, self.ui);
        }
        self.ui.step_progress(verdict == Verdict::Good);
    }

    fn print(&mut self, judged: &JudgedFile, deciding: &JudgedBundle, said: Option<String>) {
        self.ui.line(format!("file {}: {}", Escaped(&judged.name), judged.verdict().as_str()));
        for sentence in sentences(&deciding.judgement).into_iter().chain(said).chain(next_step(&deciding.judgement)) {
            self.ui.line(format!("  {sentence}"));
        }
        if let Some(predicate_type) = &deciding.predicate_type {
            self.ui.line(format!("  The bundle holds a statement of the type {}.", Escaped(predicate_type)));
        }
        if judged.bundles().len() > 1 {
            for bundle in judged.bundles() {
                let why = bundle.judgement.explanation().map(|cause| format!(" [{}]", cause.id())).unwrap_or_default();
                let place = bundle.place.as_deref().unwrap_or_default();
                self.ui.line(format!("  Bundle {}: {}{why}", Escaped(place), bundle.judgement.verdict().as_str()));
            }
        }
    }

    /// Prints the summary and finds the exit code.
    pub(super) fn finish(self, failure: Option<Failure>) -> Result<Exit, Failure> {
        self.ui.end_progress();
        if let Some(unsaid) = self.unsaid.filter(|_| self.quiet || self.format == Format::Sarif) {
            self.ui.warning(unsaid);
        }
        let total: usize = self.verdicts.values().sum();
        if total > 1 && failure.is_none() && self.format == Format::Text && !self.quiet {
            let counts: Vec<String> = self.verdicts.iter().map(|(verdict, count)| format!("{count} {}", verdict.as_str())).collect();
            self.ui.line(format!("{}: {}.", counted(total, "file"), counts.join(", ")));
        }
        let exit = Exit::of_verdicts(self.verdicts.into_keys().collect::<HashSet<_>>());
        if let Some(sarif) = self.sarif {
            sarif.end(failure.as_ref().map_or(exit, |failure| failure.exit), failure.as_ref(), self.ui);
        }
        failure.map_or(Ok(exit), Err)
    }
}

/// One line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReport {
    file: String,
    #[serde(flatten)]
    deciding: BundleReport,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundles: Vec<BundleReport>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleReport {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicate_type: Option<String>,
}

impl FileReport {
    fn new(judged: &JudgedFile, deciding: &JudgedBundle, deciders: &Deciders) -> Self {
        let all = judged.bundles();
        let bundles = if all.len() > 1 { all.iter().map(|bundle| BundleReport::new(bundle, deciders)).collect() } else { Vec::new() };
        Self { file: judged.name.clone(), deciding: BundleReport::new(deciding, deciders), bundles }
    }
}

impl BundleReport {
    fn new(bundle: &JudgedBundle, deciders: &Deciders) -> Self {
        Self { report: bundle.report(deciders), bundle: bundle.place.clone(), predicate_type: bundle.predicate_type.clone() }
    }
}
