//! The settings by which git's own verifier decides (`gpg.*`), ranked like paraph's: which programs run, and whose keys they trust.
//!
//! git itself takes the last value, so a repository's own configuration would name the program and the keys that judge it. The values that
//! count are therefore given to git on its command line.

use super::rank::{Overruled, Rank, RepositoryWeight, Why};
use super::{Error, Inputs, Notice, Setting, Source, home, of_process};
use crate::repository::{ConfigEntry, Repository, Scope};
use std::path::{Path, PathBuf};

/// The settings of git's verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitVerifier {
    openpgp_program: Setting<Option<String>>,
    ssh_program: Setting<Option<String>>,
    allowed_signers: Setting<Option<String>>,
    revocation_file: Setting<Option<String>>,
    min_trust_level: Setting<Option<String>>,
    /// The values of the repository that do not count, with the stronger ones.
    pub overruled: Vec<Notice>,
}

/// A setting of git's, with the other name that git has for it.
struct Key {
    name: &'static str,
    alias: Option<&'static str>,
    /// The value that stands for an unset one; `None` if a repository can set the key without granting trust.
    unset: Option<&'static str>,
}

const OPENPGP_PROGRAM: Key = Key { name: "gpg.program", alias: Some("gpg.openpgp.program"), unset: Some("gpg") };
const SSH_PROGRAM: Key = Key { name: "gpg.ssh.program", alias: None, unset: Some("ssh-keygen") };
const ALLOWED_SIGNERS: Key = Key { name: "gpg.ssh.allowedSignersFile", alias: None, unset: Some("/dev/null") };
const REVOCATION_FILE: Key = Key { name: "gpg.ssh.revocationFile", alias: None, unset: None };
const MIN_TRUST_LEVEL: Key = Key { name: "gpg.minTrustLevel", alias: None, unset: None };

/// git's trust levels, the lowest first.
const TRUST_LEVELS: [&str; 5] = ["undefined", "never", "marginal", "fully", "ultimate"];

impl GitVerifier {
    /// Those that count in this repository.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(crate) fn load(repository: &Repository) -> Result<Self, Error> {
        let entries = repository.configuration(&["gpg"])?;
        of_process(Some(repository), &[], |inputs| Ok(Self::of_entries(&Inputs { entries: &entries, ..*inputs })))
    }

    /// Those of a hook on a server. Only git's configuration files count, and where they are silent git's defaults: the person who pushes may
    /// control the environment.
    ///
    /// # Errors
    /// As [`GitVerifier::load`].
    pub(crate) fn of_server(repository: &Repository) -> Result<Self, Error> {
        let mut entries = repository.configuration(&["gpg"])?;
        entries.retain(|entry| !matches!(entry.scope, Scope::Environment | Scope::CommandLine));
        let weight = RepositoryWeight::AsUser;
        let set = of_process(Some(repository), &[], |inputs| Ok(Self::of_entries(&Inputs { entries: &entries, weight, ..*inputs })))?;
        let or_default = |setting: Setting<Option<String>>, key: &Key| {
            let value = setting.value.or_else(|| key.unset.map(str::to_owned));
            Setting { value, source: setting.source }
        };
        Ok(Self {
            openpgp_program: or_default(set.openpgp_program, &OPENPGP_PROGRAM),
            ssh_program: or_default(set.ssh_program, &SSH_PROGRAM),
            allowed_signers: or_default(set.allowed_signers, &ALLOWED_SIGNERS),
            ..set
        })
    }

    fn of_entries(inputs: &Inputs<'_>) -> Self {
        let mut overruled = Overruled::default();
        Self {
            openpgp_program: ranked(inputs, &OPENPGP_PROGRAM, &mut overruled),
            ssh_program: ranked(inputs, &SSH_PROGRAM, &mut overruled),
            allowed_signers: ranked(inputs, &ALLOWED_SIGNERS, &mut overruled),
            revocation_file: ranked(inputs, &REVOCATION_FILE, &mut overruled),
            min_trust_level: ranked(inputs, &MIN_TRUST_LEVEL, &mut overruled),
            overruled: overruled.notices(),
        }
    }

    /// The values for `git -c`, which takes precedence over every file.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let settings = [
            (&OPENPGP_PROGRAM, &self.openpgp_program),
            (&SSH_PROGRAM, &self.ssh_program),
            (&ALLOWED_SIGNERS, &self.allowed_signers),
            (&REVOCATION_FILE, &self.revocation_file),
            (&MIN_TRUST_LEVEL, &self.min_trust_level),
        ];
        settings.into_iter().filter_map(|(key, setting)| Some(format!("{}={}", key.name, setting.value.as_ref()?))).collect()
    }

    /// The source of the program for OpenPGP, which decides; `None` for git's default.
    pub(crate) fn openpgp_source(&self) -> Option<&Source> {
        of_set(&self.openpgp_program)
    }

    /// The weakest source of the program and the keys for SSH.
    pub(crate) fn ssh_source(&self) -> Option<&Source> {
        [&self.ssh_program, &self.allowed_signers].into_iter().filter_map(of_set).min_by_key(|source| source.rank())
    }

    /// The files that decide: those with keys, and the programs that are named by a path. git resolves relative paths in the folder in which
    /// it runs.
    pub(crate) fn files(&self, folder: &Path) -> Vec<PathBuf> {
        let home = home();
        let resolved = |path: &str| {
            let path = path.strip_prefix(":(optional)").unwrap_or(path);
            match (path.strip_prefix("~/"), &home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => folder.join(path),
            }
        };
        let is_path = |program: &&String| program.contains(['/', '\\']);
        let programs = [&self.openpgp_program, &self.ssh_program].into_iter().filter_map(|setting| setting.value.as_ref()).filter(is_path);
        let keys = [&self.allowed_signers, &self.revocation_file].into_iter().filter_map(|setting| setting.value.as_ref());
        programs.chain(keys).filter(|path| !path.is_empty()).map(|path| resolved(path)).collect()
    }
}

fn of_set(setting: &Setting<Option<String>>) -> Option<&Source> {
    Some(&setting.source).filter(|source| **source != Source::Default)
}

/// The value of the strongest source; for the trust level, the higher one.
fn ranked(inputs: &Inputs<'_>, key: &Key, overruled: &mut Overruled) -> Setting<Option<String>> {
    let is_weak = |entry: &ConfigEntry| inputs.rank(entry.scope) == Rank::Repository;
    let strong = found(inputs, key, |entry| !is_weak(entry));
    let weak = found(inputs, key, is_weak);
    let unset = |value: Option<&str>| Setting { value: value.map(str::to_owned), source: Source::Default };
    match (strong, weak) {
        (None, None) => unset(None),
        (Some(one), None) => one,
        (Some(strong), Some(weak)) => {
            if key.name == MIN_TRUST_LEVEL.name && level(&weak) > level(&strong) {
                return weak;
            }
            if weak.value != strong.value {
                overruled.add(weak.source, Why::Stronger(strong.source.clone()));
            }
            strong
        }
        (None, Some(weak)) if inputs.weight == RepositoryWeight::Embedded && key.unset.is_some() => {
            overruled.add(weak.source, Why::Embedded);
            unset(key.unset)
        }
        (None, Some(weak)) => weak,
    }
}

/// The last value among these entries. A name without a value makes git fail.
fn found(inputs: &Inputs<'_>, key: &Key, is_wanted: impl Fn(&ConfigEntry) -> bool) -> Option<Setting<Option<String>>> {
    let name_of = |entry: &ConfigEntry| {
        let name = match &entry.subsection {
            Some(subsection) => format!("{}.{subsection}.{}", entry.section, entry.name),
            None => format!("{}.{}", entry.section, entry.name),
        };
        [Some(key.name), key.alias].into_iter().flatten().find(|known| is_same_key(known, &name))
    };
    let (entry, name) = inputs.entries.iter().rev().filter(|entry| is_wanted(entry)).find_map(|entry| Some((entry, name_of(entry)?)))?;
    let value = entry.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned());
    Some(Setting { value: Some(value.unwrap_or_default()), source: inputs.source(entry, name) })
}

/// The case of a subsection matters, that of the section and the name does not.
fn is_same_key(known: &str, name: &str) -> bool {
    let subsection =
        |key: &str| key.split_once('.').and_then(|(_, rest)| rest.rsplit_once('.')).map(|(subsection, _)| subsection.to_owned());
    known.eq_ignore_ascii_case(name) && subsection(known) == subsection(name)
}

fn level(setting: &Setting<Option<String>>) -> Option<usize> {
    let value = setting.value.as_deref()?;
    TRUST_LEVELS.iter().position(|level| level.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Scope;

    fn entry(scope: Scope, key: &str, value: &str) -> ConfigEntry {
        let (section, rest) = key.split_once('.').unwrap();
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(subsection, name)| (Some(subsection.to_owned()), name));
        let value = Some(value.as_bytes().to_vec());
        let file = Some(PathBuf::from(format!("/{}", scope.name())));
        ConfigEntry { section: section.to_owned(), subsection, name: name.to_ascii_lowercase(), value, scope, file }
    }

    fn of(weight: RepositoryWeight, entries: &[(Scope, &str, &str)]) -> (GitVerifier, Vec<String>) {
        let entries: Vec<_> = entries.iter().map(|(scope, key, value)| entry(*scope, key, value)).collect();
        let inputs = Inputs { weight, ..Inputs::of_entries(&entries, Path::new("/"), None) };
        let verifier = GitVerifier::of_entries(&inputs);
        let notices = verifier.overruled.iter().map(ToString::to_string).collect();
        (verifier, notices)
    }

    #[test]
    fn the_strongest_source_of_each_key_is_given_to_git() {
        for (name, alias) in [
            ("gpg.program", "gpg.openpgp.program"),
            ("gpg.openpgp.program", "gpg.program"),
            ("gpg.ssh.program", "gpg.ssh.program"),
            ("gpg.ssh.allowedSignersFile", "gpg.ssh.allowedSignersFile"),
            ("gpg.ssh.revocationFile", "gpg.ssh.revocationFile"),
        ] {
            let parameter = |value: &str| vec![format!("{}={value}", if name.contains("openpgp") { alias } else { name })];
            for strong in [Scope::System, Scope::Global, Scope::Environment, Scope::CommandLine] {
                for weak in [Scope::Local, Scope::Worktree] {
                    for entries in [[(strong, name, "own"), (weak, alias, "evil")], [(weak, alias, "evil"), (strong, name, "own")]] {
                        let (verifier, notices) = of(RepositoryWeight::Weak, &entries);
                        assert_eq!(verifier.parameters(), parameter("own"), "{entries:?}");
                        assert!(matches!(&notices[..], [notice] if notice.contains(alias) && notice.contains(name)), "{notices:?}");
                    }
                }
            }
            let (alone, notices) = of(RepositoryWeight::Weak, &[(Scope::Local, name, "evil")]);
            assert_eq!((alone.parameters(), notices.len()), (parameter("evil"), 0));
            let (trusted, _) = of(RepositoryWeight::AsUser, &[(Scope::Global, name, "own"), (Scope::Local, alias, "other")]);
            assert_eq!(trusted.parameters(), parameter("other"));
        }
    }

    #[test]
    fn what_an_embedded_repository_names_is_replaced_by_the_default() {
        let names = ["gpg.openpgp.program", "gpg.ssh.program", "gpg.ssh.allowedSignersFile", "gpg.ssh.revocationFile", "gpg.minTrustLevel"];
        let entries: Vec<_> = names.iter().map(|name| (Scope::Local, *name, "x")).collect();
        let (verifier, notices) = of(RepositoryWeight::Embedded, &entries);
        let expected = ["gpg.program=gpg", "gpg.ssh.program=ssh-keygen", "gpg.ssh.allowedSignersFile=/dev/null"];
        assert_eq!(verifier.parameters()[..3], expected);
        assert_eq!((verifier.openpgp_source(), verifier.ssh_source(), notices.len()), (None, None, 1));
    }

    #[test]
    fn a_repository_raises_the_trust_level_and_does_not_lower_it() {
        for (own, weak, expected) in [("fully", "marginal", "fully"), ("marginal", "ULTIMATE", "ULTIMATE"), ("never", "nonsense", "never")]
        {
            let (verifier, notices) =
                of(RepositoryWeight::Weak, &[(Scope::Global, "gpg.minTrustLevel", own), (Scope::Local, "gpg.minTrustLevel", weak)]);
            assert_eq!(verifier.parameters(), [format!("gpg.minTrustLevel={expected}")]);
            assert_eq!(notices.is_empty(), expected == weak, "{notices:?}");
        }
    }

    #[test]
    fn the_case_of_a_subsection_matters() {
        let (verifier, _) = of(RepositoryWeight::Weak, &[(Scope::Global, "gpg.SSH.program", "x"), (Scope::Global, "gpg.ssh.PROGRAM", "y")]);
        assert_eq!(verifier.parameters(), ["gpg.ssh.program=y"]);
    }
}
