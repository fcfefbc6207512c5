//! Git's configuration as a list of values with their origins, in git's order: the last value is effective.

use super::bounded::{included_file, interpolation};
use super::config_entry::{ConfigEntry, Scope};
use super::{Error, Ownership, Repository, chain, command_line_parameters, file_variable, git, opening, options};
use std::path::{Path, PathBuf};

use gix::bstr::{BStr, ByteSlice as _};
use gix::config::Source;

impl Repository {
    /// The values in these sections (in lower case), in git's order, with included files.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn configuration(&self, sections: &[&str]) -> Result<Vec<ConfigEntry>, Error> {
        if let Some(entries) = self.configuration_by_git()? {
            return Ok(entries.iter().filter(|entry| sections.contains(&entry.section.as_str())).cloned().collect());
        }
        entries(self.gix.config_snapshot().plumbing(), Some(self), sections)
    }

    /// Every file that the configuration comes from or can come from: git's default files and every file that one of them includes under some
    /// condition, whether it exists or not.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn configuration_files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files: Vec<PathBuf> = self.default_configuration_files()?;
        for section in self.gix.config_snapshot().plumbing().sections() {
            files.extend(section.meta().path.as_deref().map(absolute).transpose()?);
        }
        files.extend(self.configuration_by_git()?.into_iter().flatten().filter_map(|entry| entry.file.clone()));
        for entry in self.configuration(&["include", "includeif"])?.iter().filter(|entry| entry.name == "path") {
            let Some(path) = entry.value.as_deref() else { continue };
            let folder = entry.file.as_deref().and_then(Path::parent).unwrap_or(self.place());
            files.push(absolute(&included_file(path, folder))?);
        }
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The files that git reads wherever they exist.
    fn default_configuration_files(&self) -> Result<Vec<PathBuf>, Error> {
        let of_user = [Source::Git, Source::User].map(|source| source.storage_location(&mut file_variable));
        let of_system = std::env::var_os("GIT_CONFIG_SYSTEM").map(PathBuf::from);
        let own = [self.common_dir().join("config"), self.git_dir().join("config.worktree")];
        of_user.into_iter().flatten().chain(of_system).chain(own).map(|path| absolute(&path)).collect()
    }

    /// All values as git reads them, if gix may read them differently. git is asked once.
    fn configuration_by_git(&self) -> Result<Option<&[ConfigEntry]>, Error> {
        if let Some(known) = self.configuration_by_git.get() {
            return Ok(known.as_deref());
        }
        let snapshot = self.gix.config_snapshot();
        // gix knows the name of the section in one spelling only, and not each key
        let mut parameters = command_line_parameters()?.into_iter();
        let is_conditional = parameters.any(|parameter| parameter.parts().is_some_and(|(section, ..)| section == "includeif"));
        let is_uncertain = is_conditional
            || snapshot.plumbing().sections().any(|section| {
                let header = section.header();
                self.is_uncertain_include(header.name(), header.subsection_name())
            });
        let entries = is_uncertain.then(|| git::configuration(self)).transpose()?;
        Ok(self.configuration_by_git.get_or_init(|| entries).as_deref())
    }

    /// Whether gix may read this section, if it is an inclusion, otherwise than git. gix knows the names of these sections in one spelling
    /// only, compares folders by their real paths, and searches only some files for the addresses of remotes.
    fn is_uncertain_include(&self, section: &BStr, condition: Option<&BStr>) -> bool {
        let Some(condition) = condition else {
            return section.eq_ignore_ascii_case(b"include") && section != "include";
        };
        if !section.eq_ignore_ascii_case(b"includeIf") {
            return false;
        }
        let Some((kind, pattern)) = condition.split_once_str(":") else { return false };
        match kind {
            b"gitdir" | b"gitdir/i" => {
                let is_home = pattern.starts_with(b"~") && gix::path::env::home_dir().is_none_or(|home| !is_real(&home));
                section != "includeIf" || pattern.starts_with(b"./") || is_home || !self.has_one_path() || self.is_linked()
            }
            b"onbranch" => section != "includeIf" || self.references_by_git || !self.has_plain_head(),
            b"hasconfig" => true,
            _ => section != "includeIf",
        }
    }

    /// Whether this is a linked work tree, for which gix compares the common directory and git compares the work tree's own.
    fn is_linked(&self) -> bool {
        self.git_dir() != self.common_dir()
    }

    /// Whether the git directory has the same path for git, which follows the path by which the shell came here, and for gix.
    fn has_one_path(&self) -> bool {
        let Ok(here) = std::env::current_dir() else { return false };
        let shell = std::env::var_os("PWD").map(PathBuf::from);
        let has_alias = shell.is_some_and(|shell| shell != here && shell.canonicalize().is_ok_and(|real| real == here));
        let named = ["GIT_DIR", "GIT_WORK_TREE"].iter().filter_map(std::env::var_os).map(PathBuf::from);
        let linked = self.work_tree().map(|tree| tree.join(".git")).filter(|link| link.is_symlink());
        !has_alias && linked.is_none() && is_real(self.git_dir()) && named.into_iter().all(|path| is_real(&path))
    }
}

fn is_real(path: &Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| path.canonicalize().is_ok_and(|real| real == path))
}

/// [`Repository::configuration`] outside a repository: of the system, the user, the environment and the command line.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn global_configuration(sections: &[&str]) -> Result<Vec<ConfigEntry>, Error> {
    let file =
        gix::config(None, &options(Ownership::Required)?.full).map_err(|error| Error::Configuration(opening::cause(&error, None)))?;
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
        // to git, the case of `[paraph.NAME]` does not matter, unlike that of `[paraph "NAME"]`
        let subsection = if header.is_legacy() { subsection.map(|name| name.to_ascii_lowercase()) } else { subsection };
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
        interpolation(home.as_deref()),
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
