//! `paraph setup`: configures git for this program. Changes are shown first and can be undone.

#[cfg(unix)]
mod trial;

use super::{
    exit::{Exit, Failure},
    git_settings::{GitSettings, check_replaceable, global_file, this_program},
    ui::Ui,
};
use crate::{
    git_process,
    policy::AllowedIdentities,
    repository::Repository,
    setup_record::{Change, SetupRecord},
};
use directories::ProjectDirs;
use std::{
    io::{BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
    process::Output,
};

/// Configure git to sign and verify with paraph
///
/// Shows each change of git's configuration, asks, and makes it with `git config`. Then it makes a test signature in a temporary folder,
/// with a private Sigstore on this machine; nothing is published. The program is set by its absolute path, because graphical programs often
/// start git with a different PATH. `--undo` restores the earlier settings.
///
/// Inside a repository, that repository is configured; with --global, all repositories of the user.
///
/// Example: paraph setup --global --always
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Configure all repositories of the user
    #[arg(long, conflicts_with = "local")]
    global: bool,
    /// Configure this repository, the default inside one
    #[arg(long)]
    local: bool,
    /// Sign every commit and annotated tag, not only with -S and -s
    #[arg(long)]
    always: bool,
    /// Sign as this identity only (paraph.expectedIdentity)
    #[arg(long, value_name = "IDENTITY")]
    identity: Option<String>,
    /// Trust the identities in this file (paraph.allowedIdentities)
    #[arg(long, value_name = "FILE")]
    allowed_identities: Option<PathBuf>,
    /// Restore the settings from before `paraph setup`
    #[arg(long, conflicts_with_all = ["always", "identity", "allowed_identities"])]
    undo: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
    /// Show the changes without making them
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let place = Place::new(arguments)?;
    if arguments.undo { undo(&place, arguments, ui) } else { set_up(&place, arguments, ui) }
}

fn set_up(place: &Place, arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let program = this_program()?;
    let current = place.values()?;
    let wanted = wanted(arguments, &program)?;
    let changes: Vec<Change> = wanted
        .iter()
        .cloned()
        .map(|(key, after)| Change { before: values_of(&current, &key), key, after })
        .filter(|change| change.before != [Some(change.after.clone())])
        .collect();
    if changes.is_empty() {
        ui.note(format!("git is already configured {}.", place.words()));
    }
    for change in &changes {
        ui.line(format!("{}: {} -> {}", change.key, shown(&change.before), change.after));
    }
    if !changes.is_empty() && confirmed(&format!("Change git's configuration {}?", place.words()), arguments, ui)? {
        let mut record = SetupRecord::read(&place.record)?;
        record.add(&changes);
        // first, so that a change that fails can be undone
        record.write(&place.record)?;
        for (made, change) in changes.iter().enumerate() {
            place.git(&["--replace-all", &change.key, &change.after]).map_err(|failure| match made {
                0 => failure,
                _ => failure.with_hint(format!("restore the earlier settings with `paraph setup {} --undo`", place.scope)),
            })?;
        }
        let scope = if place.scope == "--global" { " --global" } else { "" };
        ui.note(format!("git is configured. `paraph setup{scope} --undo` restores the earlier settings."));
    } else if !changes.is_empty() {
        return Ok(Exit::Good);
    }
    let elsewhere = place.scope == "--global" && is_overridden(&wanted, ui)?;
    if !arguments.dry_run {
        try_out(&program, ui)?;
        ui.note(match (arguments.always, elsewhere) {
            (true, true) => "In other repositories, every commit and annotated tag is signed now.",
            (true, false) => "Every commit and annotated tag is signed now.",
            (false, true) => "In other repositories, sign with `git commit -S` or `git tag -s`.",
            (false, false) => "Sign with `git commit -S` or `git tag -s`.",
        });
        ui.note("`paraph whoami` shows the identity and the services.");
    }
    Ok(Exit::Good)
}

fn undo(place: &Place, arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let record = SetupRecord::read(&place.record)?;
    let current = place.values()?;
    let mut back = Vec::new();
    for change in record.changes.iter().rev() {
        let now = values_of(&current, &change.key);
        if now == change.before {
            continue;
        }
        if now != [Some(change.after.clone())] {
            ui.warning(format!("{} was changed to {} after `paraph setup`; it is left as it is.", change.key, shown(&now)));
            continue;
        }
        ui.line(format!("{}: {} -> {}", change.key, change.after, shown(&change.before)));
        back.push(change);
    }
    if back.is_empty() {
        ui.note(format!("There is nothing to restore {}.", place.words()));
    } else if !confirmed(&format!("Change git's configuration {}?", place.words()), arguments, ui)? {
        return Ok(Exit::Good);
    }
    if arguments.dry_run {
        return Ok(Exit::Good);
    }
    for change in back {
        place.git(&["--unset-all", &change.key])?;
        for value in &change.before {
            // a key without an equals sign means true; git cannot write one
            place.git(&["--add", &change.key, value.as_deref().unwrap_or("true")])?;
        }
    }
    SetupRecord::default().write(&place.record)?;
    Ok(Exit::Good)
}

/// The settings to make, in the order in which they are shown.
fn wanted(arguments: &Args, program: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Failure::configuration(format!("the path {} is not valid UTF-8, which git's configuration requires", path.display()))
        })
    };
    let mut wanted = vec![("gpg.format".to_owned(), "x509".to_owned()), ("gpg.x509.program".to_owned(), text(program)?)];
    if arguments.always {
        wanted.extend(["commit.gpgSign", "tag.gpgSign"].map(|key| (key.to_owned(), "true".to_owned())));
    }
    if let Some(identity) = &arguments.identity {
        if identity.is_empty() || identity.contains(char::is_whitespace) || !crate::escape::is_printable(identity) {
            return Err(Failure::usage("--identity is not valid; expected an e-mail address or the URI of a workload"));
        }
        wanted.push(("paraph.expectedIdentity".to_owned(), identity.clone()));
    }
    if let Some(file) = &arguments.allowed_identities {
        let file = std::path::absolute(file).map_err(|error| Failure::io("the current folder cannot be found", &error))?;
        let bytes = super::input::read(Some(&file), crate::policy::MAX_FILE)?;
        let text_of = String::from_utf8_lossy(&bytes);
        AllowedIdentities::parse(&text_of).map_err(|error| Failure::configuration(format!("{}, {error}", file.display())))?;
        wanted.push(("paraph.allowedIdentities".to_owned(), text(&file)?));
    }
    Ok(wanted)
}

/// Warns of settings that take precedence over the user's here, such as the repository's own. Returns whether there are any.
fn is_overridden(wanted: &[(String, String)], ui: &mut Ui) -> Result<bool, Failure> {
    let settings = GitSettings::load(Repository::discover()?.as_ref())?;
    let mut found = false;
    for (key, value) in wanted {
        if let Some(here) = settings.get(key).filter(|here| here.value != *value) {
            ui.warning(format!("{key} is {} here; {} takes precedence over the setting for all your repositories", here.value, here.place));
            found = true;
        }
    }
    Ok(found)
}

/// Asks for confirmation. If nobody can be asked, that is an error.
fn confirmed(question: &str, arguments: &Args, ui: &mut Ui) -> Result<bool, Failure> {
    ui.flush()?;
    if arguments.dry_run {
        ui.note("Nothing was changed.");
        return Ok(false);
    }
    if arguments.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nothing was changed: there is no terminal to ask for confirmation")
            .with_hint("make the changes with --yes, or only show them with --dry-run"));
    }
    ui.note(format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::io("the answer cannot be read", &error))?;
    let yes = ["y", "yes"].iter().any(|word| word.eq_ignore_ascii_case(answer.trim()));
    if !yes {
        ui.note("Nothing was changed.");
    }
    Ok(yes)
}

#[cfg(unix)]
fn try_out(program: &Path, ui: &mut Ui) -> Result<(), Failure> {
    ui.note("Testing with a throw-away log on this machine. Nothing is published.");
    let took = trial::run(program)?;
    ui.note(format!("git made and verified a test signature in {} ms.", took.as_millis()));
    Ok(())
}

#[cfg(not(unix))]
fn try_out(_: &Path, ui: &mut Ui) -> Result<(), Failure> {
    ui.note("No test signature was made: it needs the private Sigstore, which runs on Unix only.");
    Ok(())
}

/// A part of git's configuration, and the record of the changes there.
struct Place {
    scope: &'static str,
    record: PathBuf,
}

/// A key in git's spelling, and one of its values.
type Value = (String, Option<String>);

impl Place {
    fn new(arguments: &Args) -> Result<Self, Failure> {
        let repository = if arguments.global { None } else { Repository::discover()? };
        match repository {
            Some(repository) => {
                check_replaceable(&repository.common_dir().join("config"))?;
                Ok(Self { scope: "--local", record: repository.common_dir().join("paraph-setup.json") })
            }
            None if arguments.global => {
                check_replaceable(&global_file()?)?;
                let places =
                    ProjectDirs::from("", "", "paraph").ok_or_else(|| Failure::system("there is no home folder").with_hint("set HOME"))?;
                let folder = places.state_dir().unwrap_or(places.data_local_dir());
                Ok(Self { scope: "--global", record: folder.join("setup.json") })
            }
            None => Err(Failure::object("neither this folder nor a parent is a git repository")
                .with_hint("change into a repository, or use --global for all your repositories")),
        }
    }

    fn words(&self) -> &'static str {
        if self.scope == "--global" { "for all your repositories" } else { "for this repository" }
    }

    /// The settings here without included files, which `git config` does not change.
    fn values(&self) -> Result<Vec<Value>, Failure> {
        let output = self.run(&["-z", "--list"])?;
        // the file may not exist yet
        if !output.status.success() && self.scope == "--global" && !output.stderr.is_empty() {
            return Ok(Vec::new());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let value = |entry: &str| match entry.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (entry.to_owned(), None),
        };
        Ok(text.split('\0').filter(|entry| !entry.is_empty()).map(value).collect())
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Failure> {
        let output = self.run(arguments)?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::configuration(format!("git config {} {} failed: {message}", self.scope, arguments.join(" "))))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let output = git_process::git(["config", self.scope]).args(arguments).output();
        output.map_err(|error| Failure::io("git cannot be run", &error))
    }
}

/// The values of a key, which is compared without case, as git does.
fn values_of(values: &[Value], key: &str) -> Vec<Option<String>> {
    values.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone()).collect()
}

fn shown(values: &[Option<String>]) -> String {
    match values {
        [] => "not set".to_owned(),
        values => values.iter().map(|value| value.as_deref().unwrap_or("set without a value")).collect::<Vec<_>>().join(", "),
    }
}
