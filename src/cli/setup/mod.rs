//! `paraph setup`: configures git for this program. Changes are shown first and can be undone.

#[cfg(unix)]
mod trial;

use super::{
    confirmation,
    exit::{Exit, Failure},
    git_changes::{Place, files_in, line, refuse_pipes},
    git_settings::{GitSettings, check_replaceable, global_file, this_program},
    ui::Ui,
};
use crate::{policy::AllowedIdentities, repository::Repository};
use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// What to do about a file of allowed identities that cannot be used.
const ALLOWED_HINT: &str = "name a file with a line for each identity, as `paraph allow` writes it";

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
    let place = place(arguments)?;
    if arguments.undo { undo(&place, arguments, ui) } else { set_up(&place, arguments, ui) }
}

fn set_up(place: &Place, arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let program = this_program()?;
    let wanted = wanted(arguments, &program)?;
    let changes = place.changes(&wanted)?;
    if changes.is_empty() {
        ui.note(format!("git is already configured {}.", words(place)));
    }
    for change in &changes {
        ui.line(line(change));
    }
    if !changes.is_empty() && confirmed(&format!("Change git's configuration {}?", words(place)), arguments, ui)? {
        place.make(&changes, &format!("paraph setup {} --undo", place.scope))?;
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
    let back = place.revertible("paraph setup", ui)?;
    if back.is_empty() {
        ui.note(format!("There is nothing to restore {}.", words(place)));
    } else if !confirmed(&format!("Change git's configuration {}?", words(place)), arguments, ui)? {
        return Ok(Exit::Good);
    }
    if arguments.dry_run {
        return Ok(Exit::Good);
    }
    place.revert(&back)?;
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
            return Err(Failure::usage(format!("--identity is \"{identity}\"; expected an e-mail address or the URI of a workload"))
                .with_hint("give an address such as ann@example.com"));
        }
        wanted.push(("paraph.expectedIdentity".to_owned(), identity.clone()));
    }
    if let Some(file) = &arguments.allowed_identities {
        let file = std::path::absolute(file).map_err(|error| Failure::io("the current folder cannot be found", &error))?;
        let bytes = super::input::read_regular(&file, crate::policy::MAX_FILE).map_err(|failure| failure.with_hint(ALLOWED_HINT))?;
        let text_of = String::from_utf8_lossy(&bytes);
        AllowedIdentities::parse(&text_of)
            .map_err(|error| Failure::configuration(format!("{}, {error}", file.display())).with_hint(ALLOWED_HINT))?;
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
    confirmation::confirmed(question, arguments.yes, "make the changes with --yes, or only show them with --dry-run", ui)
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

/// The place that the arguments name.
fn place(arguments: &Args) -> Result<Place, Failure> {
    let folder = std::env::current_dir().map_err(|error| Failure::io("the current folder cannot be found", &error))?;
    if arguments.global {
        check_replaceable(&global_file()?)?;
    }
    refuse_pipes(files_in(&folder))?;
    let repository = if arguments.global { None } else { Repository::discover()? };
    match repository {
        Some(repository) => {
            check_replaceable(&repository.common_dir().join("config"))?;
            Ok(Place { scope: "--local", record: repository.common_dir().join("paraph-setup.json"), folder: None })
        }
        None if arguments.global => {
            let places =
                ProjectDirs::from("", "", "paraph").ok_or_else(|| Failure::system("there is no home folder").with_hint("set HOME"))?;
            let folder = places.state_dir().unwrap_or(places.data_local_dir());
            Ok(Place { scope: "--global", record: folder.join("setup.json"), folder: None })
        }
        None => Err(Failure::object("neither this folder nor a parent is a git repository")
            .with_hint("change into a repository, or use --global for all your repositories")),
    }
}

fn words(place: &Place) -> &'static str {
    if place.scope == "--global" { "for all your repositories" } else { "for this repository" }
}
