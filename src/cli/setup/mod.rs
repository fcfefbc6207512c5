//! `paraph setup`: git's configuration for this program, shown before it is changed and put back on demand.

mod record;
#[cfg(unix)]
mod trial;

use super::{
    exit::{Exit, Failure},
    git_settings::{GitSettings, this_program},
    ui::Ui,
};
use crate::{git_process, policy::AllowedIdentities, repository::Repository};
use directories::ProjectDirs;
use record::{Change, Record};
use std::{
    io::{BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
    process::Output,
};

/// Configure git to sign and verify with paraph
///
/// Shows each change of git's configuration, asks, makes it with `git config`, and ends with a test signature in a temporary folder, by a
/// private Sigstore on this machine: nothing is sent anywhere. The program is named by its absolute path, since programs with windows often
/// start git with another PATH. `--undo` puts back what was there before.
///
/// In a repository it configures that repository, with --global all repositories of the user.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For all repositories of the user
    #[arg(long, conflicts_with = "local")]
    global: bool,
    /// For the repository here, which is what happens anyway inside of one
    #[arg(long)]
    local: bool,
    /// Also sign every commit and every annotated tag from now on, not only those with -S and -s
    #[arg(long)]
    always: bool,
    /// Refuse to sign as anybody but this identity (paraph.expectedIdentity)
    #[arg(long, value_name = "IDENTITY")]
    identity: Option<String>,
    /// Trust the identities that this file allows (paraph.allowedIdentities)
    #[arg(long, value_name = "FILE")]
    allowed_identities: Option<PathBuf>,
    /// Put back what was there before
    #[arg(long, conflicts_with_all = ["always", "identity", "allowed_identities"])]
    undo: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Show the changes, and make none
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
        ui.note(format!("git is configured already, {}.", place.words()));
    }
    for change in &changes {
        ui.line(format!("{}: {} -> {}", change.key, shown(&change.before), change.after));
    }
    if !changes.is_empty() && confirmed(&format!("Change git's configuration {}?", place.words()), arguments, ui)? {
        let mut record = Record::read(&place.record)?;
        record.add(&changes);
        // first what is needed to undo it
        record.write(&place.record)?;
        for change in &changes {
            place.git(&["--replace-all", &change.key, &change.after])?;
        }
        let scope = if place.scope == "--global" { " --global" } else { "" };
        ui.note(format!("git is configured. `paraph setup{scope} --undo` puts back what was there before."));
    } else if !changes.is_empty() {
        return Ok(Exit::Good);
    }
    let elsewhere = if place.scope == "--global" && is_overridden(&wanted, ui)? { "Elsewhere sign" } else { "Sign" };
    if !arguments.dry_run {
        try_out(&program, ui)?;
        ui.note(format!("{elsewhere} with `git commit -S` or `git tag -s`; `paraph whoami` shows as whom, and what with."));
    }
    Ok(Exit::Good)
}

fn undo(place: &Place, arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let record = Record::read(&place.record)?;
    let current = place.values()?;
    let mut back = Vec::new();
    for change in record.changes.iter().rev() {
        let now = values_of(&current, &change.key);
        if now == change.before {
            continue;
        }
        if now != [Some(change.after.clone())] {
            ui.warning(format!("{} is {} by now, and not what paraph setup made it: it stays.", change.key, shown(&now)));
            continue;
        }
        ui.line(format!("{}: {} -> {}", change.key, change.after, shown(&change.before)));
        back.push(change);
    }
    if back.is_empty() {
        ui.note(format!("There is nothing to put back {}.", place.words()));
    } else if !confirmed(&format!("Change git's configuration {}?", place.words()), arguments, ui)? {
        return Ok(Exit::Good);
    }
    if arguments.dry_run {
        return Ok(Exit::Good);
    }
    for change in back {
        place.git(&["--unset-all", &change.key])?;
        for value in &change.before {
            // a key without an equals sign means true, and git itself writes none
            place.git(&["--add", &change.key, value.as_deref().unwrap_or("true")])?;
        }
    }
    Record::default().write(&place.record)?;
    Ok(Exit::Good)
}

/// The settings in the order in which they are shown.
fn wanted(arguments: &Args, program: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Failure::new(Exit::Configuration, format!("the path {} is no text in UTF-8, as git's configuration needs it", path.display()))
        })
    };
    let mut wanted = vec![("gpg.format".to_owned(), "x509".to_owned()), ("gpg.x509.program".to_owned(), text(program)?)];
    if arguments.always {
        wanted.extend(["commit.gpgSign", "tag.gpgSign"].map(|key| (key.to_owned(), "true".to_owned())));
    }
    if let Some(identity) = &arguments.identity {
        if identity.is_empty() || identity.contains(char::is_whitespace) || !crate::escape::is_printable(identity) {
            return Err(Failure::new(Exit::Usage, "--identity takes an e-mail address or the URI of a workload, without spaces"));
        }
        wanted.push(("paraph.expectedIdentity".to_owned(), identity.clone()));
    }
    if let Some(file) = &arguments.allowed_identities {
        let file = std::path::absolute(file).map_err(|error| Failure::io("the current folder cannot be found", &error))?;
        let bytes = super::input::read(Some(&file), crate::policy::MAX_FILE)?;
        let text_of = String::from_utf8_lossy(&bytes);
        AllowedIdentities::parse(&text_of).map_err(|error| Failure::new(Exit::Configuration, format!("{}, {error}", file.display())))?;
        wanted.push(("paraph.allowedIdentities".to_owned(), text(&file)?));
    }
    Ok(wanted)
}

/// Whether something closer, such as the repository that this is, has a setting of git's of its own, which wins over the user's; says which.
fn is_overridden(wanted: &[(String, String)], ui: &mut Ui) -> Result<bool, Failure> {
    let settings = GitSettings::load(Repository::discover()?.as_ref())?;
    let mut found = false;
    for (key, value) in wanted {
        if let Some(here) = settings.get(key).filter(|here| here.value != *value) {
            ui.warning(format!("{key} is {} here, from {}, which wins over what is set for all your repositories", here.value, here.place));
            found = true;
        }
    }
    Ok(found)
}

/// Whether to go on. Where nobody can be asked, nothing is done.
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
        return Err(Failure::new(Exit::Usage, "nothing was changed, since nobody can be asked here")
            .with_hint("--yes makes these changes without asking, --dry-run only shows them"));
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
    let took = trial::run(program)?;
    ui.note(format!("A test signature was made and verified through git, in {} ms, on this machine alone.", took.as_millis()));
    Ok(())
}

#[cfg(not(unix))]
fn try_out(_: &Path, ui: &mut Ui) -> Result<(), Failure> {
    ui.note("No test signature was made: the private Sigstore that it needs runs on Unix only.");
    Ok(())
}

/// A part of git's configuration, and the record of what was changed there.
struct Place {
    scope: &'static str,
    record: PathBuf,
}

/// A key in git's spelling with one of its values.
type Value = (String, Option<String>);

impl Place {
    fn new(arguments: &Args) -> Result<Self, Failure> {
        let repository = if arguments.global { None } else { Repository::discover()? };
        match repository {
            Some(repository) => Ok(Self { scope: "--local", record: repository.common_dir().join("paraph-setup.json") }),
            None if arguments.global => {
                let places = ProjectDirs::from("", "", "paraph")
                    .ok_or_else(|| Failure::new(Exit::Io, "there is no home folder").with_hint("set HOME"))?;
                let folder = places.state_dir().unwrap_or(places.data_local_dir());
                Ok(Self { scope: "--global", record: folder.join("setup.json") })
            }
            None => Err(Failure::new(Exit::Object, "this is not a git repository, and none is above it")
                .with_hint("run it in a repository, or with --global for all repositories of yours")),
        }
    }

    fn words(&self) -> &'static str {
        if self.scope == "--global" { "for all your repositories" } else { "for this repository" }
    }

    /// What is set here, includes left out, which `git config` would not change either.
    fn values(&self) -> Result<Vec<Value>, Failure> {
        let output = self.run(&["-z", "--list"])?;
        // a file that does not exist yet sets nothing
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
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::new(Exit::Configuration, format!("git config {} {} failed: {said}", self.scope, arguments.join(" ")))
            .with_hint("`paraph setup --undo` puts back what was changed"))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let output = git_process::git(["config", self.scope]).args(arguments).output();
        output.map_err(|error| Failure::io("git cannot be run", &error))
    }
}

/// The values of a key; section and name are compared without case, as git does.
fn values_of(values: &[Value], key: &str) -> Vec<Option<String>> {
    values.iter().filter(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.clone()).collect()
}

fn shown(values: &[Option<String>]) -> String {
    match values {
        [] => "not set".to_owned(),
        values => values.iter().map(|value| value.as_deref().unwrap_or("set without a value")).collect::<Vec<_>>().join(", "),
    }
}
