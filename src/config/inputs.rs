//! Reads single settings from their sources, and applies the ranks of the sources.

use super::rank::{Authority, Overruled, Purpose, Rank, RepositoryWeight, Why};
use super::setting_info::{Ignored, SettingInfo};
use super::used::{TRUST, WrongSetting};
use super::value::{InvalidValue, Raw, Shown, Value};
use super::{Error, InstanceSettings, Notice, OptionValue, Setting, Source};
use crate::escape::Escaped;
use crate::private_folder;
use crate::repository::{ConfigEntry, Repository, Scope};
use crate::trust::Instance;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Everything that the configuration is read from, so that tests need no process environment.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// Options of paraph's command line.
    pub options: &'a [OptionValue],
    /// Environment variables by name.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// git's configuration in git's order.
    pub entries: &'a [ConfigEntry],
    /// The current folder.
    pub directory: &'a Path,
    /// What `~` stands for.
    pub home: Option<&'a Path>,
    /// How much the repository's own configuration counts.
    pub weight: RepositoryWeight,
    /// What the configuration is read for.
    pub purpose: Purpose,
    /// The file by which the user imported the trust of an instance, if there is one.
    pub imported: &'a dyn Fn(&Instance) -> Option<PathBuf>,
}

/// The number of characters of a value that an error repeats, at most.
const SHOWN_LENGTH: usize = 120;

/// Why a value elsewhere has no effect, for a setting with [`Authority::UserFiles`].
const ONLY_USER_FILES: &str = "is ignored: only the files of the user and the system set it";

/// Why a repository's value has no effect, for a setting with [`Authority::NotRepository`].
pub(super) const NOT_OF_REPOSITORY: &str = "is ignored: a repository does not set it unless paraph.trustRepository names that repository";

/// The keys of an instance, in `[paraph "NAME"]`.
const INSTANCE_KEYS: [&str; 4] = ["trustedRoot", "signingConfig", "mirror", "accessCodeFile"];

const TRUST_REPOSITORY: &str = "paraph.trustRepository";

/// A value as a source has it.
enum Found<'a> {
    Text(OsString, Source),
    Entry(&'a ConfigEntry, &'static str),
}

impl Found<'_> {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text, _) => text.is_empty(),
            Self::Entry(entry, _) => entry.value.as_ref().is_some_and(Vec::is_empty),
        }
    }
}

impl<'a> Inputs<'a> {
    /// These entries of git's configuration, to verify with.
    pub(crate) fn of_entries(entries: &'a [ConfigEntry], directory: &'a Path, home: Option<&'a Path>) -> Self {
        Self {
            options: &[],
            variable: &|_| None,
            entries,
            directory,
            home,
            weight: RepositoryWeight::Weak,
            purpose: Purpose::Verifying,
            imported: &|instance| private_folder::imported_trust(instance.as_str()).filter(|file| file.exists()),
        }
    }

    /// How much the configuration of a repository counts, by the user's own files.
    ///
    /// # Errors
    /// If the configuration cannot be read.
    pub(super) fn weight_of(&self, repository: &Repository) -> Result<RepositoryWeight, Error> {
        let mut trusted: Vec<PathBuf> = Vec::new();
        for entry in self.trusted_repositories() {
            if entry.value.as_ref().is_some_and(Vec::is_empty) {
                trusted.clear();
                continue;
            }
            // a value that is not a path trusts no repository; the table's setting reports it
            trusted.extend(self.entry::<Option<PathBuf>>(entry, TRUST_REPOSITORY, false).ok().and_then(|setting| setting.value));
        }
        if trusted.iter().any(|path| repository.is_at(path)) {
            return Ok(RepositoryWeight::AsUser);
        }
        Ok(if repository.is_embedded()? { RepositoryWeight::Embedded } else { RepositoryWeight::Weak })
    }

    fn trusted_repositories(&self) -> impl Iterator<Item = &'a ConfigEntry> {
        self.entries.iter().filter(|entry| is_key(entry, "paraph", None, "trustRepository") && is_of_user(entry))
    }

    /// Values of `paraph.trustRepository` that name no repository here: what is no path, and what git's `safe.directory` would accept.
    pub(super) fn misplaced_trust(&self) -> Vec<Notice> {
        let text = |entry: &ConfigEntry| entry.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let is_no_path = |entry: &ConfigEntry| {
            let value = text(entry);
            value == "." || value.contains('*') || self.entry::<Option<PathBuf>>(entry, TRUST_REPOSITORY, false).is_err()
        };
        let notice = |entry: &ConfigEntry| Notice {
            source: self.source(entry, TRUST_REPOSITORY),
            others: Vec::new(),
            text: format!("is ignored: expected the path of one repository, such as ~/src/corp; it is \"{}\"", shortened(&text(entry))),
        };
        self.trusted_repositories().filter(|entry| is_no_path(entry)).map(notice).collect()
    }

    /// The value of one setting; its default if the value is not allowed, which is noted.
    pub(super) fn setting_or_default<T: Value>(
        &self,
        info: &'static SettingInfo,
        overruled: &mut Overruled,
        wrong: &mut Vec<WrongSetting>,
    ) -> Result<Setting<T>, Error> {
        self.setting(info, overruled).or_else(|error| {
            wrong.push(WrongSetting { name: info.name.to_owned(), message: error.to_string(), used: info.used, instance: None });
            self.parsed(None, info)
        })
    }

    /// The value of one setting, by the authority that the table gives it.
    fn setting<T: Value>(&self, info: &'static SettingInfo, overruled: &mut Overruled) -> Result<Setting<T>, Error> {
        match info.authority {
            Authority::Free => self.effective(info),
            Authority::TrustRoot if self.purpose == Purpose::Signing => self.effective(info),
            Authority::UserFiles => self.of_user(info),
            Authority::NotRepository => self.parsed(self.strong(info), info),
            Authority::Ranked | Authority::TrustRoot => self.ranked(info, overruled),
            Authority::Restricts(value) => self.restricted(info, value, overruled),
        }
    }

    /// The last value in the files of the user and the system. Each of the others must be allowed too.
    fn of_user<T: Value>(&self, info: &'static SettingInfo) -> Result<Setting<T>, Error> {
        for key in info.keys {
            let is_set = |entry: &&ConfigEntry| key.split_once('.').is_some_and(|(section, name)| is_key(entry, section, None, name));
            for entry in self.entries.iter().filter(|entry| is_of_user(entry)).filter(is_set) {
                self.parsed::<T>(Some(Found::Entry(entry, key)), info)?;
            }
        }
        self.parsed(self.in_git(info, is_of_user), info)
    }

    /// The value by git's order, whatever the rank of its source.
    fn effective<T: Value>(&self, info: &'static SettingInfo) -> Result<Setting<T>, Error> {
        self.parsed(self.of_call(info).or_else(|| self.in_git(info, |_| true)), info)
    }

    /// The value of the strongest source.
    fn ranked<T: Value>(&self, info: &'static SettingInfo, overruled: &mut Overruled) -> Result<Setting<T>, Error> {
        let strong = self.strong(info);
        let weak = self.in_git(info, |entry| self.is_weak(entry));
        let Some(weak) = weak.map(|weak| self.value::<T>(weak, info.secret)) else { return self.parsed(strong, info) };
        match strong {
            // a weak value that does not count is not judged
            Some(strong) => {
                let strong: Setting<T> = self.value(strong, info.secret)?;
                if let Ok(weak) = weak
                    && weak.value.shown() != strong.value.shown()
                {
                    overruled.add(weak.source, Why::Stronger(strong.source.clone()));
                }
                Ok(strong)
            }
            None if self.weight == RepositoryWeight::Embedded => {
                overruled.add(weak?.source, Why::Embedded);
                self.parsed(None, info)
            }
            None => weak,
        }
    }

    /// The value of the stronger sources, or the repository's if it is this one and no environment variable or option says otherwise.
    fn restricted<T: Value>(&self, info: &'static SettingInfo, value: &str, overruled: &mut Overruled) -> Result<Setting<T>, Error> {
        let strong: Setting<T> = self.parsed(self.strong(info), info)?;
        let Some(weak) = self.in_git(info, |entry| self.is_weak(entry)).filter(|_| strong.source.rank() <= Some(Rank::User)) else {
            return Ok(strong);
        };
        let weak: Setting<T> = self.value(weak, info.secret)?;
        let restrictive = Shown::Text(value.to_owned());
        if weak.value.shown() == restrictive {
            return Ok(weak);
        }
        if strong.value.shown() == restrictive {
            overruled.add(weak.source, Why::Relaxes);
        }
        Ok(strong)
    }

    /// The value of a source that is stronger than the repository.
    fn strong(&self, info: &'static SettingInfo) -> Option<Found<'a>> {
        self.of_call(info).or_else(|| self.in_git(info, |entry| !self.is_weak(entry)))
    }

    /// The strongest source that gives a setting another value than its default, apart from the repository.
    pub(super) fn strong_source<T: Value>(&self, info: &'static SettingInfo) -> Option<Source> {
        let setting: Setting<T> = self.value(self.strong(info)?, info.secret).ok()?;
        (setting.value.shown() != Shown::Unset).then_some(setting.source)
    }

    /// An option or an environment variable.
    fn of_call(&self, info: &'static SettingInfo) -> Option<Found<'a>> {
        if let Some(option) = self.options.iter().find(|option| option.setting == info.name) {
            return Some(Found::Text(option.value.clone(), Source::Option(option.flag)));
        }
        let variable = |name: &&'static str| Some(Found::Text((self.variable)(name)?, Source::Variable(name)));
        info.variables.iter().find_map(variable)
    }

    /// The value in git's configuration among these entries.
    fn in_git(&self, info: &'static SettingInfo, is_wanted: impl Fn(&ConfigEntry) -> bool) -> Option<Found<'a>> {
        info.keys.iter().find_map(|key| {
            let (section, name) = key.split_once('.')?;
            let entry = self.entries.iter().rfind(|entry| is_key(entry, section, None, name) && is_wanted(entry))?;
            Some(Found::Entry(entry, key))
        })
    }

    fn is_weak(&self, entry: &ConfigEntry) -> bool {
        self.rank(entry.scope) == Rank::Repository
    }

    pub(super) fn rank(&self, scope: Scope) -> Rank {
        match scope {
            Scope::Local | Scope::Worktree if self.weight != RepositoryWeight::AsUser => Rank::Repository,
            Scope::System | Scope::Global | Scope::Local | Scope::Worktree => Rank::User,
            Scope::Environment | Scope::CommandLine => Rank::Environment,
        }
    }

    /// The value that was found, otherwise the default. An empty value unsets, unless the type has a meaning for it.
    fn parsed<T: Value>(&self, found: Option<Found<'_>>, info: &'static SettingInfo) -> Result<Setting<T>, Error> {
        let empty = Raw { text: Some(""), base: self.directory, home: self.home };
        if let Some(found) = found.filter(|found| !found.is_empty() || T::parse(&empty).is_ok()) {
            return self.value(found, info.secret);
        }
        let raw = Raw { text: Some(info.default), base: self.directory, home: self.home };
        let value = T::parse(&raw).map_err(|refusal| bad_value::<T>(Source::Default, Some(info.default), refusal, info.secret))?;
        Ok(Setting { value, source: Source::Default })
    }

    fn value<T: Value>(&self, found: Found<'_>, secret: bool) -> Result<Setting<T>, Error> {
        match found {
            Found::Text(text, source) => self.text(&text, source, secret),
            Found::Entry(entry, key) => self.entry(entry, key, secret),
        }
    }

    fn text<T: Value>(&self, value: &OsString, source: Source, secret: bool) -> Result<Setting<T>, Error> {
        let Some(text) = value.to_str() else {
            let refusal = InvalidValue::Because("it is not valid UTF-8".to_owned());
            return Err(bad_value::<T>(source, Some(&value.to_string_lossy()), refusal, secret));
        };
        let raw = Raw { text: Some(text), base: self.directory, home: self.home };
        T::parse(&raw).map_err(|refusal| bad_value::<T>(source.clone(), raw.text, refusal, secret)).map(|value| Setting { value, source })
    }

    fn entry<T: Value>(&self, entry: &ConfigEntry, key: &str, secret: bool) -> Result<Setting<T>, Error> {
        let source = self.source(entry, key);
        let text = match entry.value.as_deref().map(std::str::from_utf8) {
            None => None,
            Some(Ok(text)) => Some(text),
            Some(Err(_)) => {
                let value = entry.value.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
                let refusal = InvalidValue::Because("it is not valid UTF-8".to_owned());
                return Err(bad_value::<T>(source, Some(&value), refusal, secret));
            }
        };
        // gitsign's paths are relative to the current folder; ours to the file that sets them, so that both can be moved together
        let folder = entry.file.as_deref().and_then(Path::parent).filter(|_| entry.section == "paraph");
        let raw = Raw { text, base: folder.unwrap_or(self.directory), home: self.home };
        T::parse(&raw).map_err(|refusal| bad_value::<T>(source.clone(), raw.text, refusal, secret)).map(|value| Setting { value, source })
    }

    pub(super) fn source(&self, entry: &ConfigEntry, key: &str) -> Source {
        Source::Git { key: key.to_owned(), scope: entry.scope, file: entry.file.clone(), rank: self.rank(entry.scope) }
    }

    /// The subsections `[paraph "NAME"]`. One that the user describes is not described by a repository. One that is wrong is left out and noted.
    pub(super) fn instances(&self, overruled: &mut Overruled, wrong: &mut Vec<WrongSetting>) -> Vec<InstanceSettings> {
        let mut instances: Vec<InstanceSettings> = Vec::new();
        let mut refused: Vec<&str> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.section == "paraph") {
            let Some(name) = entry.subsection.as_deref() else { continue };
            if instances.iter().any(|instance| instance.name.as_str() == name) || refused.contains(&name) {
                continue;
            }
            let (read, instance) = match self.name_of_instance(entry, name) {
                Ok(instance) => (self.instance(instance, overruled), Some(name.to_owned())),
                Err(error) => (Err(error), None),
            };
            match read {
                Ok(described) => instances.extend(described),
                Err(error) => {
                    refused.push(name);
                    let name = format!("[paraph \"{}\"]", shortened(name));
                    wrong.push(WrongSetting { name, message: error.to_string(), used: TRUST, instance });
                }
            }
        }
        instances
    }

    /// The name of an instance that an entry describes.
    fn name_of_instance(&self, entry: &ConfigEntry, name: &str) -> Result<Instance, Error> {
        let refuse = |reason: String| Error::BadInstance {
            name: shortened(name),
            place: Source::place(entry.scope, entry.file.as_deref()),
            reason,
            allowed: Instance::ALLOWED,
        };
        let raw = Raw { text: Some(name), base: self.directory, home: self.home };
        let instance = Instance::parse(&raw).map_err(|refusal| refuse(refusal.clause()))?;
        if instance.is_built_in() {
            return Err(refuse(": it is the name of a built-in instance".to_owned()));
        }
        Ok(instance)
    }

    fn instance(&self, name: Instance, overruled: &mut Overruled) -> Result<Option<InstanceSettings>, Error> {
        let is_embedded = self.weight == RepositoryWeight::Embedded && self.purpose == Purpose::Verifying;
        let why = self.described_by_user(&name).or(is_embedded.then_some(Why::Embedded));
        let counts = |entry: &ConfigEntry| why.is_none() || !self.is_weak(entry);
        let settings = InstanceSettings {
            trusted_root: self.of_instance(&name, "trustedRoot", counts)?,
            signing_config: self.of_instance(&name, "signingConfig", counts)?,
            mirror: self.of_instance(&name, "mirror", counts)?,
            access_code_file: self.of_instance(&name, "accessCodeFile", counts)?,
            name: name.clone(),
        };
        if let Some(why) = &why {
            for key in INSTANCE_KEYS {
                let entry = self.entries.iter().rfind(|entry| is_key(entry, "paraph", Some(name.as_str()), key) && self.is_weak(entry));
                let Some(entry) = entry else { continue };
                let weak = self.entry::<Option<String>>(entry, &format!("paraph.{name}.{key}"), false)?;
                if settings.shown(key) != self.shown_like(key, &weak, entry) {
                    overruled.add(weak.source, why.clone());
                }
            }
        }
        // a description of which nothing counts does not make the name known
        let is_described = self.entries.iter().any(|entry| describes(entry, &name) && counts(entry));
        Ok(is_described.then_some(settings))
    }

    /// What a repository's value would be shown as, if it counted.
    fn shown_like(&self, key: &str, weak: &Setting<Option<String>>, entry: &ConfigEntry) -> Shown {
        if key == "mirror" {
            return weak.value.shown();
        }
        self.entry::<PathBuf>(entry, key, false).map_or(Shown::Unset, |path| path.value.shown())
    }

    fn of_instance<T: Value>(
        &self,
        instance: &Instance,
        name: &str,
        counts: impl Fn(&ConfigEntry) -> bool,
    ) -> Result<Setting<Option<T>>, Error> {
        match self.entries.iter().rfind(|entry| is_key(entry, "paraph", Some(instance.as_str()), name) && counts(entry)) {
            Some(entry) => self.entry(entry, &format!("paraph.{instance}.{name}"), false),
            None => Ok(Setting { value: None, source: Source::Default }),
        }
    }

    /// Where the user describes an instance: in their own configuration, or by an import.
    pub(super) fn described_by_user(&self, name: &Instance) -> Option<Why> {
        let is_description = |entry: &&ConfigEntry| describes(entry, name) && !self.is_weak(entry);
        let entry = self.entries.iter().rfind(is_description).map(|entry| {
            let key = INSTANCE_KEYS.iter().find(|key| key.eq_ignore_ascii_case(&entry.name)).map_or(entry.name.as_str(), |key| key);
            self.source(entry, &format!("paraph.{name}.{key}"))
        });
        let is_named = |entry: &ConfigEntry| self.is_weak(entry) && entry.value.as_deref() == Some(name.as_str().as_bytes());
        entry.map(Why::Stronger).or_else(|| {
            // the disk is looked at only if a repository describes or chooses the name
            let is_asked = self
                .entries
                .iter()
                .any(|entry| is_named(entry) || (self.is_weak(entry) && entry.subsection.as_deref() == Some(name.as_str())));
            is_asked.then(|| (self.imported)(name)).flatten().map(Why::Imported)
        })
    }

    /// Settings without effect: those that are ignored, and keys that are no settings.
    pub(super) fn notices(&self, settings: &[&'static SettingInfo], all_ignored: &[Ignored]) -> Vec<Notice> {
        let mut notices: Vec<Notice> = Vec::new();
        for entry in self.entries {
            let key = match &entry.subsection {
                Some(subsection) => format!("{}.{subsection}.{}", entry.section, entry.name),
                None => format!("{}.{}", entry.section, entry.name),
            };
            let ignored = all_ignored.iter().find(|ignored| ignored.keys.iter().any(|known| known.eq_ignore_ascii_case(&key)));
            let text = if let Some(ignored) = ignored {
                format!("is ignored: {}", ignored.reason)
            } else if !is_known(entry, &key, settings) {
                "is not a known setting and is ignored".to_owned()
            } else if has_authority(settings, Authority::UserFiles, &key) && !is_of_user(entry) {
                ONLY_USER_FILES.to_owned()
            } else if has_authority(settings, Authority::NotRepository, &key) && self.is_weak(entry) {
                NOT_OF_REPOSITORY.to_owned()
            } else {
                continue;
            };
            // as the documentation spells it
            let known = settings.iter().flat_map(|info| info.keys).find(|known| known.eq_ignore_ascii_case(&key));
            let notice = Notice { source: self.source(entry, known.unwrap_or(&key.as_str())), others: Vec::new(), text };
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        for ignored in all_ignored {
            for name in ignored.variables.iter().filter(|name| (self.variable)(name).is_some()) {
                let text = format!("is ignored: {}", ignored.reason);
                notices.push(Notice { source: Source::Variable(name), others: Vec::new(), text });
            }
        }
        for name in user_files_settings(settings).flat_map(|info| info.variables).filter(|name| (self.variable)(name).is_some()) {
            notices.push(Notice { source: Source::Variable(name), others: Vec::new(), text: ONLY_USER_FILES.to_owned() });
        }
        notices
    }
}

impl InstanceSettings {
    /// The value of one of [`INSTANCE_KEYS`].
    fn shown(&self, key: &str) -> Shown {
        match key {
            "trustedRoot" => self.trusted_root.value.shown(),
            "signingConfig" => self.signing_config.value.shown(),
            "mirror" => self.mirror.value.shown(),
            _ => self.access_code_file.value.shown(),
        }
    }
}

/// The settings that only the files of the user and the system set.
fn user_files_settings(settings: &[&'static SettingInfo]) -> impl Iterator<Item = &'static SettingInfo> {
    settings.iter().copied().filter(|info| info.authority == Authority::UserFiles)
}

fn has_authority(settings: &[&'static SettingInfo], authority: Authority, key: &str) -> bool {
    settings.iter().filter(|info| info.authority == authority).any(|info| info.keys.iter().any(|known| known.eq_ignore_ascii_case(key)))
}

/// Whether it is in a file of the user or the system.
fn is_of_user(entry: &ConfigEntry) -> bool {
    matches!(entry.scope, Scope::System | Scope::Global)
}

fn is_key(entry: &ConfigEntry, section: &str, subsection: Option<&str>, name: &str) -> bool {
    entry.section == section && entry.subsection.as_deref() == subsection && entry.name.eq_ignore_ascii_case(name)
}

/// Whether an entry describes an instance. An unknown key, which is ignored, describes nothing.
fn describes(entry: &ConfigEntry, name: &Instance) -> bool {
    INSTANCE_KEYS.iter().any(|key| is_key(entry, "paraph", Some(name.as_str()), key))
}

fn is_known(entry: &ConfigEntry, key: &str, settings: &[&SettingInfo]) -> bool {
    match entry.subsection {
        None => settings.iter().any(|info| info.keys.iter().any(|known| known.eq_ignore_ascii_case(key))),
        Some(_) => entry.section == "paraph" && INSTANCE_KEYS.iter().any(|known| known.eq_ignore_ascii_case(&entry.name)),
    }
}

fn bad_value<T: Value>(source: Source, text: Option<&str>, refusal: InvalidValue, secret: bool) -> Error {
    let value = match (text, &refusal) {
        (None, _) => "set without a value".to_owned(),
        (Some(_), InvalidValue::Hidden(_)) => "not valid (not shown, because it may hold a secret)".to_owned(),
        (Some(_), _) if secret => "not valid (not shown, because it is a secret)".to_owned(),
        (Some(text), _) => format!("\"{}\"", shortened(text)),
    };
    Error::BadValue { origin: source, value, reason: refusal.clause(), allowed: T::ALLOWED }
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_LENGTH).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Escaped(&shown).to_string()
}
