//! What every command starts with: the repository, the configuration, and what they select.

use super::exit::Failure;
use super::process_memory::leak_until_exit;
use super::terminal::Terminal;
use super::ui;
use crate::{
    config::{Config, GitVerifier, OptionValue, SIGNING, Use, VERIFYING},
    external_verifiers::ExternalVerifiers,
    policy::Policy,
    repository::Repository,
    selection::{self, Deciders, GitNetwork},
    service::{Http, TimeLimits},
    sign::Services,
    trust::TrustRoot,
    trust_store::TrustStore,
};
use jiff::Timestamp;
use std::path::PathBuf;

/// The repository and the configuration of a command.
pub(super) struct Context {
    /// The repository, if the command runs in one.
    pub repository: Option<Repository>,
    /// The configuration.
    pub config: Config,
}

impl Context {
    /// Reads both, to verify. Outside a repository, the configuration is the user's and the system's.
    pub(super) fn load(options: &[OptionValue]) -> Result<Self, Failure> {
        Self::load_for(options, VERIFYING)
    }

    /// Reads both, for these uses. Values that are not allowed and that nothing of it uses do no harm.
    pub(super) fn load_for(options: &[OptionValue], uses: &[Use]) -> Result<Self, Failure> {
        let repository = Repository::discover()?;
        let config = Config::load(repository.as_ref(), options)?;
        config.require(uses)?;
        Ok(Self { repository, config })
    }

    /// Reads both, to sign. The trust root is that of the services, also where a repository names both.
    pub(super) fn load_to_sign(options: &[OptionValue]) -> Result<Self, Failure> {
        let context = Self::read_to_sign(options)?;
        context.config.require(SIGNING)?;
        Ok(context)
    }

    /// The same; wrong values are an error only of what uses them.
    pub(super) fn read_to_sign(options: &[OptionValue]) -> Result<Self, Failure> {
        let repository = Repository::discover()?;
        let config = Config::load_to_sign(repository.as_ref(), options)?;
        Ok(Self { repository, config })
    }

    /// Reads both for a hook on a server. Only git's configuration files count: the person who pushes may control the environment.
    pub(super) fn of_server() -> Result<Self, Failure> {
        let repository = Repository::discover()?;
        let config = Config::of_server(repository.as_ref())?;
        config.require(VERIFYING)?;
        Ok(Self { repository, config })
    }

    /// Leaves the context to the end of the process, which frees all memory at once. A context that holds a token is dropped, so that the token
    /// is wiped.
    pub(super) fn leave(self) {
        if self.config.identity_token.value.is_none() {
            leak_until_exit(self);
        }
    }

    /// The repository of a command that needs one.
    pub(super) fn repository(&self) -> Result<&Repository, Failure> {
        self.repository.as_ref().ok_or_else(|| {
            Failure::object("neither this folder nor a parent is a git repository").with_hint("change into a repository, or set GIT_DIR")
        })
    }

    /// The trust roots.
    pub(super) fn trust_roots(&self) -> Result<Vec<TrustRoot>, Failure> {
        self.config.require(&[Use::Trust])?;
        Ok(selection::trust_roots(&self.config, &self.trust_store(), Timestamp::now())?)
    }

    /// The trust roots, refreshed first where the instance has a TUF repository and the stored trust is old. Where the repository does not
    /// answer, signing goes on with the stored trust.
    pub(super) fn trust_roots_for_signing(&self, terminal: &'static Terminal) -> Result<Vec<TrustRoot>, Failure> {
        if let Err(failure) = self.refresh_trust(&self.http()?.announcing_waits(terminal.waits())) {
            let name = self.config.instance_name();
            terminal
                .say(format!("The trust root of the instance {name} could not be refreshed; the stored one is used: {}.", failure.message));
        }
        self.trust_roots()
    }

    /// The configured policy, and warnings for the user.
    pub(super) fn policy(&self) -> (Policy, Vec<String>) {
        let (policy, mut warnings) = selection::policy(&self.config);
        warnings.extend(self.deciding_file_in_work_tree());
        warnings.extend(self.config.overruled.iter().map(|notice| format!("{notice}.")));
        (policy, warnings)
    }

    /// The commits that are exempt from the policy of the repository, with their ancestors.
    pub(super) fn judge_since(&self) -> Vec<String> {
        self.config.judge_since.value.as_ref().map(|commits| commits.0.clone()).unwrap_or_default()
    }

    /// Warnings of lines of the allowed identities that name an instance which is not configured.
    pub(super) fn unknown_instances(&self, policy: &Policy) -> Vec<String> {
        let Some(allowed) = &policy.allowed else { return Vec::new() };
        // stored trust that cannot be read is an error of whatever needs it
        selection::unknown_instances(&self.config, allowed, &self.trust_store(), Timestamp::now()).unwrap_or_default()
    }

    /// The sources of what decides. `expected` is the option that names the expected identities.
    pub(super) fn deciders(&self, expected: Option<&'static str>) -> Deciders {
        Deciders::of(&self.config, expected)
    }

    /// The verifiers of other kinds of signatures: the configured forge's key, and git with these settings.
    pub(super) fn external_verifiers(&self, git: Option<&GitVerifier>) -> Result<ExternalVerifiers, Failure> {
        self.config.require(&[Use::Forge])?;
        let verifiers = ExternalVerifiers::new(selection::forge(&self.config)?);
        Ok(match git {
            Some(git) => verifiers.with_git(self.repository()?, git.parameters()),
            None => verifiers,
        })
    }

    /// The settings of git's own verifier, and warnings for the user: what is ignored, and a file in the work tree that decides.
    pub(super) fn git_verifier(&self) -> Result<(GitVerifier, Vec<String>), Failure> {
        let repository = self.repository()?;
        let git = GitVerifier::load(repository)?;
        let ignored = git.overruled.iter().map(|notice| format!("{notice}."));
        let files = git.files(repository.work_tree().unwrap_or(repository.git_dir()));
        let warnings = ignored.chain(self.in_work_tree(files)).collect();
        Ok((git, warnings))
    }

    /// The services to sign with.
    pub(super) fn services(&self, now: Timestamp) -> Result<Services, Failure> {
        self.config.require(&[Use::Signer])?;
        Ok(selection::services(&self.config, &self.trust_store(), now)?)
    }

    /// The OpenID issuer to log in with.
    pub(super) fn issuer(&self, now: Timestamp) -> Result<String, Failure> {
        self.config.require(&[Use::Signer])?;
        Ok(selection::issuer(&self.config, &self.trust_store(), now)?)
    }

    /// An HTTP client with the configured deadline, and git's proxies and certificate authorities.
    pub(super) fn http(&self) -> Result<Http, Failure> {
        self.config.require(&[Use::Network])?;
        let limits = TimeLimits { request: self.config.timeout.value, ..TimeLimits::default() };
        let network = GitNetwork::load(self.repository.as_ref())?.network;
        let http = Http::new(limits).allowing_plain_http(self.config.allow_plain_http.value).with_network(network);
        Ok(if self.config.terminal_prompt.value { http.announcing_waits(ui::announce_wait) } else { http })
    }

    /// The user's trust store.
    pub(super) fn trust_store(&self) -> TrustStore {
        TrustStore::of_user(&self.config)
    }

    /// The address of the TUF repository that the trust of the instance in use is refreshed from. Trust from a file is not refreshed.
    pub(super) fn refreshed_from(&self) -> Option<String> {
        let name = self.config.instance_name();
        if selection::trusted_root_file(&self.config, &name).is_some() {
            return None;
        }
        Some(self.trust_store().mirror(&name).ok()??.url().to_owned())
    }

    fn refresh_trust(&self, http: &Http) -> Result<(), Failure> {
        let (name, now) = (self.config.instance_name(), Timestamp::now());
        let store = self.trust_store();
        if selection::trusted_root_file(&self.config, &name).is_some() || !store.is_refresh_due(&name, now)? {
            return Ok(());
        }
        let runtime = crate::service::runtime().map_err(|error| Failure::io("the network calls cannot be started", &error))?;
        runtime.block_on(store.refresh_in_time(&name, http, now))?;
        Ok(())
    }

    /// A warning if a file that decides what is trusted lies in the work tree: the branch that is judged can change it.
    pub(super) fn deciding_file_in_work_tree(&self) -> Option<String> {
        let mut files = selection::deciding_files(&self.config, &self.trust_store());
        match self.repository.as_ref()?.configuration_files() {
            Ok(others) => files.extend(others),
            Err(error) => return Some(error.to_string()),
        }
        self.in_work_tree(files)
    }

    /// The same about these files.
    pub(super) fn in_work_tree(&self, files: Vec<PathBuf>) -> Option<String> {
        match self.repository.as_ref()?.first_in_work_tree(files) {
            Ok(file) => file
                .map(|file| format!("{} is in the work tree: anyone who can change the branch can change who is trusted.", file.display())),
            Err(error) => Some(error.to_string()),
        }
    }
}
