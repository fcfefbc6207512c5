//! What every command begins with: the repository, the configuration, and what they select.

use super::exit::{Exit, Failure};
use super::process_memory::leak_until_exit;
use super::terminal::Terminal;
use crate::{
    config::{Config, OptionValue},
    external_verifiers::ExternalVerifiers,
    policy::Policy,
    repository::Repository,
    selection::{self, Cached},
    service::{Http, Settings},
    sign::Services,
    trust::{Instance, TrustRoot},
};
use jiff::Timestamp;
use std::path::PathBuf;

/// The repository, if the command runs in one, and the configuration.
pub(super) struct Context {
    /// The repository.
    pub repository: Option<Repository>,
    /// The configuration.
    pub config: Config,
}

impl Context {
    /// Reads both. Without a repository the user's and the system's configuration hold.
    pub fn load(options: &[OptionValue]) -> Result<Self, Failure> {
        let repository = Repository::discover()?;
        let config = Config::load(repository.as_ref(), options)?;
        Ok(Self { repository, config })
    }

    /// Reads both for a hook on a server: of git's configuration only the files, and of the environment nothing, which whoever pushes might
    /// have set.
    pub fn of_server() -> Result<Self, Failure> {
        let repository = Repository::discover()?;
        let config = Config::of_files(repository.as_ref())?;
        Ok(Self { repository, config })
    }

    /// At the end of a process, which frees all of its memory at once. Only what holds a token is freed by itself, and with that wiped.
    pub fn leave(self) {
        if self.config.identity_token.value.is_none() {
            leak_until_exit(self);
        }
    }

    /// The repository, which this command cannot do without.
    pub fn repository(&self) -> Result<&Repository, Failure> {
        self.repository.as_ref().ok_or_else(|| {
            Failure::new(Exit::Object, "this is not a git repository, and none is above it")
                .with_hint("change into a repository, or set GIT_DIR")
        })
    }

    /// The trust roots.
    pub fn trust_roots(&self) -> Result<Vec<TrustRoot>, Failure> {
        Ok(selection::trust_roots(&self.config, &|name| self.cached(name))?)
    }

    /// The same, renewed where the instance has a TUF repository and the cache is old. A repository that does not answer is no reason not to
    /// sign with what is there.
    pub fn trust_roots_for_signing(&self, terminal: &Terminal) -> Result<Vec<TrustRoot>, Failure> {
        if let Err(remark) = super::trust::refresh_if_old(&self.config) {
            terminal.say(remark);
        }
        self.trust_roots()
    }

    /// Whom the configuration allows, and what the user should know about that.
    pub fn policy(&self) -> (Policy, Vec<String>) {
        let (policy, mut warnings) = selection::policy(&self.config);
        warnings.extend(self.policy_under_test());
        (policy, warnings)
    }

    /// Who judges signatures of other kinds: the configured forge's key, and git where the caller wants it.
    pub fn external_verifiers(&self, by_git: bool) -> Result<ExternalVerifiers, Failure> {
        Ok(ExternalVerifiers::new(selection::forge(&self.config)?, self.repository.as_ref().filter(|_| by_git)))
    }

    /// The services to sign with.
    pub fn services(&self, now: Timestamp) -> Result<Services, Failure> {
        Ok(selection::services(&self.config, &|name| self.cached(name), now)?)
    }

    /// The OpenID issuer to log in at.
    pub fn issuer(&self, now: Timestamp) -> Result<String, Failure> {
        Ok(selection::issuer(&self.config, &|name| self.cached(name), now)?)
    }

    /// Clients with the configured deadline.
    pub fn http(&self) -> Http {
        http(&self.config)
    }

    /// What the cache of TUF metadata holds for an instance.
    pub fn cached(&self, name: &Instance) -> Result<Option<Cached>, String> {
        super::trust::cached(&self.config, name)
    }

    /// A file of allowed identities or a forge's key in the work tree can be changed by the very branch that it should judge; one in the git
    /// directory not.
    pub fn policy_under_test(&self) -> Option<String> {
        let repository = self.repository.as_ref()?;
        let files = [&self.config.allowed_identities, &self.config.forge_key].into_iter().filter_map(|file| file.value.as_ref());
        let files: Vec<PathBuf> = files.filter_map(|file| file.canonicalize().ok()).collect();
        if files.is_empty() {
            return None;
        }
        let trees = match repository.work_trees() {
            Ok(trees) => trees,
            Err(error) => return Some(error.to_string()),
        };
        let trees: Vec<PathBuf> = trees.iter().filter_map(|tree| tree.canonicalize().ok()).collect();
        let git_dir = repository.common_dir().canonicalize().ok();
        let is_under_test = |file: &&PathBuf| {
            trees.iter().any(|tree| file.starts_with(tree)) && !git_dir.as_ref().is_some_and(|git_dir| file.starts_with(git_dir))
        };
        let file = files.iter().find(is_under_test)?;
        Some(format!("{} lies in the work tree: whoever can change a branch can change whom it allows.", file.display()))
    }
}

/// HTTP clients with the configured deadline.
pub(super) fn http(config: &Config) -> Http {
    let settings = Settings { request: config.timeout.value, ..Settings::default() };
    Http::new(settings).allowing_plain_http(config.allow_plain_http.value)
}
