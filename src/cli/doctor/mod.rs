//! `paraph doctor`: checks the configuration and the services, and tells how to fix problems.
//!
//! Each check is a function that returns its findings. No check changes anything, obtains a token, or sends data to a service. One check runs
//! the program that git calls, with `--version`, unless the repository names it.

#[cfg(unix)]
mod agent;
mod answer;
#[cfg(unix)]
mod keyring;
mod machine;
mod services;
mod tilde;

use super::{
    context::Context,
    exit::{Exit, Failure},
    terminal::Terminal,
    ui::Ui,
};
use crate::{
    repository::{self, Repository},
    wording::counted,
};
use serde_json::json;

/// Check the configuration and the services
///
/// Checks git's settings, paraph's settings, the identity, the keyring, the allowed identities, the hooks and the trust root. Asks the issuer,
/// the certificate authority, the log, the timestamp authority and the TUF repository whether they answer, and compares the clock with
/// theirs. Runs the program that git calls, with --version, unless the repository names it. The services get public requests only. Nothing is changed, except that a configured keyring stores a test entry for a moment.
///
/// Exits with 0 if there is no problem; warnings do not count. Otherwise the first problem decides: 3 for settings, 6 for the identity, 7 for
/// trust, 5 for services.
///
/// Example: paraph doctor --offline
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Do not ask the services
    #[arg(long)]
    offline: bool,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    Ok,
    /// Worth knowing.
    Note,
    /// It may not be intended.
    Warning,
    /// It does not work; the command exits so.
    Problem(Exit),
}

/// One line of the output.
#[derive(Debug)]
struct Finding {
    about: &'static str,
    severity: Severity,
    /// A clause without a period.
    text: String,
    /// What to do about it: a clause without a period, or a command.
    fix: Option<String>,
    /// The cause of a problem, where several checks can fail for the same.
    cause: Option<String>,
}

impl Finding {
    fn new(about: &'static str, severity: Severity, text: impl Into<String>) -> Self {
        Self { about, severity, text: text.into(), fix: None, cause: None }
    }

    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Severity::Ok, text)
    }

    fn note(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Severity::Note, text)
    }

    fn warning(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Severity::Warning, text)
    }

    fn problem(about: &'static str, failure: Failure) -> Self {
        let cause = Some(failure.message.clone());
        Self { about, severity: Severity::Problem(failure.exit), text: failure.message, fix: failure.hint, cause }
    }

    /// This finding with a cause that several findings share, if there is one.
    fn cause(self, cause: Option<String>) -> Self {
        Self { cause: cause.or(self.cause), ..self }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem(_) => "problem",
        }
    }
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let repository = Repository::discover();
    let may_git_read = !matches!(repository, Err(repository::Error::IrregularFile { .. }));
    let mut findings = vec![machine::program(), machine::git(may_git_read)];
    if let Ok(repository) = repository {
        findings.extend(machine::calls(repository.as_ref()));
    }
    match Context::load_for(&[], &[]).and_then(|verifying| Ok((verifying, Context::read_to_sign(&[])?))) {
        Ok((verifying, context)) => {
            let terminal = Terminal::of_call(&context.config);
            findings.extend(machine::settings(&verifying));
            findings.extend(machine::identity(&context, &terminal));
            #[cfg(unix)]
            {
                let status = super::agent::status::running();
                let is_login = super::identity::choice(&context, &terminal).map_or(true, |choice| choice.source.is_login());
                findings.extend(agent::all(&context, &status, is_login));
                findings.extend(keyring::all(&status));
            }
            findings.extend(machine::allowed(&verifying));
            findings.extend(machine::hooks(context.repository.as_ref()));
            findings.extend(machine::trust(&verifying));
            if arguments.offline {
                findings.push(Finding::note("services", "not asked (--offline)"));
            } else {
                findings.extend(services::all(&context).unwrap_or_else(|failure| vec![Finding::problem("services", failure)]));
            }
        }
        Err(failure) => findings.push(Finding::problem("settings", failure)),
    }
    let causes = causes(&findings);
    tell_each_cause_once(&mut findings);
    findings.extend(machine::last_failure(&causes));
    if arguments.json {
        let document = |finding: &Finding| json!({ "about": finding.about, "state": finding.severity.name(), "text": finding.text, "fix": finding.fix });
        ui.json(&json!({ "findings": findings.iter().map(document).collect::<Vec<_>>() }));
    } else {
        print(&findings, ui);
    }
    Ok(findings
        .iter()
        .find_map(|finding| match finding.severity {
            Severity::Problem(exit) => Some(exit),
            _ => None,
        })
        .unwrap_or(Exit::Good))
}

/// The causes of the problems, each with the check that found it.
fn causes(findings: &[Finding]) -> Vec<(String, &'static str)> {
    findings.iter().filter_map(|finding| Some((finding.cause.clone()?, finding.about))).collect()
}

/// Keeps the first problem of each cause. The checks that fail for the same cause could not be done, and refer to it.
fn tell_each_cause_once(findings: &mut [Finding]) {
    let mut told: Vec<(String, &'static str)> = Vec::new();
    for finding in findings {
        let Some(cause) = finding.cause.take() else { continue };
        match told.iter().find(|(known, _)| *known == cause) {
            Some((_, first)) => *finding = Finding::note(finding.about, format!("not checked; see {first}")),
            None => told.push((cause, finding.about)),
        }
    }
}

fn print(findings: &[Finding], ui: &mut Ui) {
    for finding in findings {
        ui.line(format!("{:<8} {:<11} {}", finding.severity.name(), finding.about, finding.text));
        if let Some(fix) = &finding.fix {
            ui.line(format!("{:<20} -> {fix}", ""));
        }
    }
    let count = |wanted: fn(Severity) -> bool| findings.iter().filter(|finding| wanted(finding.severity)).count();
    let problems = count(|severity| matches!(severity, Severity::Problem(_)));
    let warnings = count(|severity| severity == Severity::Warning);
    ui.note(format!("{}, {}.", counted(problems, "problem"), counted(warnings, "warning")));
}
