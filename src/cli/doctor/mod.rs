//! `paraph doctor`: what is configured and from where, what answers, what is wrong, and how to mend it.
//!
//! Each check is a function that gives its findings; nothing is changed, no token is asked for, and no service is sent anything.

#[cfg(unix)]
mod agent;
#[cfg(unix)]
mod keyring;
mod machine;
mod services;

use super::{
    context::Context,
    exit::{Exit, Failure},
    terminal::Terminal,
    ui::Ui,
};
use crate::repository::Repository;
use serde_json::json;

/// Find out what is configured, what answers and what is wrong
///
/// Looks at git and its settings, the settings of paraph, the identity, the keyring, the allowed identities, the hooks and the trust root,
/// and whether issuer, certificate authority, log, timestamp authority and TUF repository answer; compares the clock with theirs. Nothing
/// is changed but that a keyring that is configured has to keep an entry for a moment, and no service is sent anything but a question that
/// everybody may ask.
///
/// Exits with 0 where nothing is wrong; warnings do not count. Otherwise with the code of the first problem's kind: 3 for settings, 6 for
/// the identity, 7 for trust, 5 for services.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask nobody
    #[arg(long)]
    offline: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// Worth knowing.
    Note,
    /// It may not be what is wanted.
    Warning,
    /// It does not work; with this exit.
    Problem(Exit),
}

/// One finding.
#[derive(Debug)]
struct Finding {
    about: &'static str,
    state: State,
    text: String,
    fix: Option<String>,
}

impl Finding {
    fn new(about: &'static str, state: State, text: impl Into<String>) -> Self {
        Self { about, state, text: text.into(), fix: None }
    }

    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, State::Ok, text)
    }

    fn note(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, State::Note, text)
    }

    fn warning(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, State::Warning, text)
    }

    fn problem(about: &'static str, failure: Failure) -> Self {
        Self { about, state: State::Problem(failure.exit), text: failure.message, fix: failure.hint }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem(_) => "problem",
        }
    }
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let mut findings = vec![machine::program(), machine::git()];
    if let Ok(repository) = Repository::discover() {
        findings.extend(machine::calls(repository.as_ref()));
    }
    match Context::load(&[]) {
        Ok(context) => {
            let terminal = Terminal::open(context.config.log_path.value.as_deref());
            findings.extend(machine::settings(&context));
            findings.extend(machine::identity(&context, &terminal));
            #[cfg(unix)]
            {
                let status = super::agent::running();
                findings.extend(agent::all(&context, &status).into_iter().chain(keyring::all(&context, &status)));
            }
            findings.extend(machine::allowed(&context));
            findings.extend(machine::hooks(context.repository.as_ref()));
            findings.extend(machine::trust(&context));
            if arguments.offline {
                findings.push(Finding::note("services", "not asked (--offline)"));
            } else {
                findings.extend(services::all(&context)?);
            }
        }
        Err(failure) => findings.push(Finding::problem("settings", failure)),
    }
    if arguments.json {
        let document =
            |finding: &Finding| json!({ "about": finding.about, "state": finding.state.word(), "text": finding.text, "fix": finding.fix });
        ui.json(&json!({ "findings": findings.iter().map(document).collect::<Vec<_>>() }));
    } else {
        print(&findings, ui);
    }
    Ok(findings
        .iter()
        .find_map(|finding| match finding.state {
            State::Problem(exit) => Some(exit),
            _ => None,
        })
        .unwrap_or(Exit::Good))
}

fn print(findings: &[Finding], ui: &mut Ui) {
    for finding in findings {
        ui.line(format!("{:<8} {:<11} {}", finding.state.word(), finding.about, finding.text));
        if let Some(fix) = &finding.fix {
            ui.line(format!("{:<20} -> {fix}", ""));
        }
    }
    let count = |wanted: fn(State) -> bool| findings.iter().filter(|finding| wanted(finding.state)).count();
    let problems = count(|state| matches!(state, State::Problem(_)));
    let warnings = count(|state| state == State::Warning);
    let plural = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    ui.note(format!("{}, {}.", plural(problems, "problem"), plural(warnings, "warning")));
}
