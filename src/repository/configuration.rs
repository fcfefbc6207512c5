//! Git's configuration as a list of values with their origins, in git's order: the last value is effective.

use super::{Error, Ownership, Repository, chain, command_line_parameters, options};
use std::path::{Path, PathBuf};

use gix::config::Source;

/// One value of git's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigEntry {
    /// The section, in lower case.
    pub section: String,
    /// The subsection as written; its case matters.
    pub subsection: Option<String>,
    /// The name, in lower case.
    pub name: String,
    /// The value; `None` for a name without an equals sign, which means true.
    pub value: Option<Vec<u8>>,
    /// The part of git's configuration.
    pub scope: Scope,
    /// The absolute path of the file; `None` for the command line and the environment.
    pub file: Option<PathBuf>,
}

/// The parts of git's configuration. Later ones take precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The system's file.
    System,
    /// The user's files.
    Global,
    /// The repository's file.
    Local,
    /// The work tree's own file.
    Worktree,
    /// `GIT_CONFIG_COUNT` and its companions.
    Environment,
    /// `git -c`.
    CommandLine,
}

impl Scope {
    /// The name of the part.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Worktree => "worktree",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
        }
    }

    /// Whether it belongs to the repository.
    pub(crate) fn is_repository(self) -> bool {
        matches!(self, Self::Local | Self::Worktree)
    }
}

impl Repository {
    /// The values in these sections (in lower case), in git's order, with included files.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn configuration(&self, sections: &[&str]) -> Result<Vec<ConfigEntry>, Error> {
        let snapshot = self.gix.config_snapshot();
        entries(snapshot.plumbing(), Some(self), sections)
    }
}

impl Repository {
    /// Every file that the configuration comes from, and every file that one of them includes under some condition, whether it exists or not.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn configuration_files(&self) -> Result<Vec<PathBuf>, Error> {
        let home = gix::path::env::home_dir();
        let mut files: Vec<PathBuf> = Vec::new();
        for section in self.gix.config_snapshot().plumbing().sections() {
            files.extend(section.meta().path.as_deref().map(absolute).transpose()?);
        }
        for entry in self.configuration(&["include", "includeif"])?.iter().filter(|entry| entry.name == "path") {
            let Some(path) = entry.value.as_deref().map(String::from_utf8_lossy) else { continue };
            let folder = entry.file.as_deref().and_then(Path::parent).unwrap_or(self.place());
            files.push(match (path.strip_prefix("~/"), &home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => absolute(&folder.join(&*path))?,
            });
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// [`Repository::configuration`] outside a repository: of the system, the user, the environment and the command line.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn global_configuration(sections: &[&str]) -> Result<Vec<ConfigEntry>, Error> {
    let file = gix::config(None, &options(Ownership::Required)?.full).map_err(|error| Error::Configuration(chain(&error)))?;
    entries(&file, None, sections)
}

fn entries(file: &gix::config::File, repository: Option<&Repository>, sections: &[&str]) -> Result<Vec<ConfigEntry>, Error> {
    let mut entries = Vec::new();
    collect(file, sections, &mut entries)?;
    if let Some(command_line) = command_line(repository)? {
        collect(&command_line, sections, &mut entries)?;
    }
    Ok(entries)
}

fn collect(file: &gix::config::File, sections: &[&str], entries: &mut Vec<ConfigEntry>) -> Result<(), Error> {
    for section in file.sections() {
        let header = section.header();
        let name = header.name().to_ascii_lowercase();
        let Some(wanted) = sections.iter().find(|wanted| wanted.as_bytes() == name.as_slice()) else { continue };
        let meta = section.meta();
        let Some(scope) = scope(meta.source) else { continue };
        let subsection = header.subsection_name().map(|name| String::from_utf8_lossy(name).into_owned());
        let file = meta.path.as_deref().map(absolute).transpose()?;
        let mut names: Vec<String> = section.value_names().map(|name| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let mut values: Vec<Option<Vec<u8>>> = section.values(&name).into_iter().map(|value| Some(value.into())).collect();
            // a name without an equals sign counts only if it is the last one
            if section.value_implicit(&name) == Some(None) {
                values.push(None);
            }
            entries.extend(values.into_iter().map(|value| ConfigEntry {
                section: (*wanted).to_owned(),
                subsection: subsection.clone(),
                name: name.clone(),
                value,
                scope,
                file: file.clone(),
            }));
        }
    }
    Ok(())
}

/// The part that a source belongs to. The overrides of the command line that gix reads are left out: [`command_line`] reads them with their
/// spaces and included files.
fn scope(source: Source) -> Option<Scope> {
    match source {
        Source::GitInstallation | Source::System => Some(Scope::System),
        Source::Git | Source::User => Some(Scope::Global),
        Source::Local => Some(Scope::Local),
        Source::Worktree => Some(Scope::Worktree),
        Source::Env => Some(Scope::Environment),
        Source::Cli => Some(Scope::CommandLine),
        Source::Api | Source::EnvOverride => None,
    }
}

/// The settings of `git -c`, with included files.
fn command_line(repository: Option<&Repository>) -> Result<Option<gix::config::File>, Error> {
    let parameters = command_line_parameters()?;
    if parameters.is_empty() {
        return Ok(None);
    }
    let failed = |error: gix::Error| Error::Configuration(format!("on git's command line: {}", chain(&error)));
    let mut file = gix::config::File::new(gix::config::file::Metadata::from(Source::Cli));
    for parameter in &parameters {
        let (section, subsection, name) = parameter.parts().ok_or(Error::Parameters)?;
        let mut section = file.new_section(section, subsection.map(|name| name.to_owned().into())).map_err(failed)?;
        section.push(name, parameter.value.as_deref().map(Into::into)).map_err(failed)?;
    }
    let home = gix::path::env::home_dir();
    let head = repository.and_then(|repository| repository.gix.head_name().ok().flatten());
    let includes = gix::config::file::includes::Options::follow(
        gix::config::path::interpolate::Context { home_dir: home.as_deref(), ..Default::default() },
        gix::config::file::includes::conditional::Context {
            git_dir: repository.map(Repository::git_dir),
            branch_name: head.as_ref().map(|name| name.as_ref()),
        },
    );
    file.resolve_includes(gix::config::file::init::Options { includes, ..Default::default() }).map_err(failed)?;
    Ok(Some(file))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::CurrentDirectory)
}
