//! Log entries that signatures of old do not embed: kept on this machine, and looked up where the user asks for it.
//!
//! The pipeline decides; this room only brings it what is missing. Without `--lookup` nothing here opens a socket.

mod kept;

use crate::{
    Reason, Rejection,
    config::{Config, OptionValue},
    evidence::detached::DetachedEntry,
    object::Signed,
    service::{Cause, Http, ServiceError, Settings, search::look_up},
    trust::TrustRoot,
    verify::{Sought, Verified, Verifier},
};
use kept::Kept;
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::runtime::Runtime;

/// How signatures of old are treated
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Signatures of old")]
pub(super) struct Legacy {
    /// Ask the logs of the trust root for entries that signatures do not embed, as in gitsign's online mode
    ///
    /// The logs of Rekor v1 that the trust root names are told a hash of the object's id and the signer's certificate. What they answer is
    /// checked like an embedded entry, and kept, so that the next verification needs no network.
    #[arg(long)]
    lookup: bool,
    /// Judge signatures that need an older rule by their identity, instead of reporting them as legacy
    #[arg(long)]
    allow_legacy: bool,
}

impl Legacy {
    /// What they set in the configuration.
    pub(super) fn setting(&self) -> Option<OptionValue> {
        self.allow_legacy.then(|| OptionValue { setting: "allowLegacy", flag: "--allow-legacy", value: "true".into() })
    }
}

/// Where entries come from that a signature does not embed.
#[derive(Debug)]
pub(super) struct Entries {
    kept: Option<Kept>,
    lookup: Option<Lookup>,
    warnings: Mutex<Vec<String>>,
}

impl Entries {
    /// From nowhere: what a server accepts does not depend on what lies in a cache.
    pub fn none() -> Self {
        Self { kept: None, lookup: None, warnings: Mutex::default() }
    }

    /// From those that were kept.
    pub fn kept() -> Self {
        Self { kept: Kept::of_user(), ..Self::none() }
    }

    /// From those that were kept, and from the logs of the roots where the options ask for it.
    pub fn new(options: &Legacy, config: &Config, roots: &[TrustRoot]) -> Self {
        Self { lookup: options.lookup.then(|| Lookup::new(config, roots)), ..Self::kept() }
    }

    /// Verifies a signature; where nothing but its log entry is missing, with an entry from here.
    ///
    /// # Errors
    /// Why the signature is not accepted.
    pub fn verify(&self, verifier: &Verifier, signed: &Signed<'_>) -> Result<Verified, Rejection> {
        let result = verifier.verify(signed);
        match &result {
            Err(rejection) if rejection.reason().is_missing_entry() => {}
            _ => return result,
        }
        let Ok(sought) = Sought::of(signed) else { return result };
        let with_kept = self.read(&sought).map(|entries| verifier.verify_with(signed, &entries));
        match (with_kept, &self.lookup) {
            (Some(Ok(verified)), _) => Ok(verified),
            (_, Some(lookup)) => self.look_up(lookup, &sought, verifier, signed),
            (Some(Err(rejection)), None) => Err(Rejection::new(
                rejection.reason(),
                format!("{}in entries that were kept, which `paraph verify --lookup` fetches anew", after(rejection.detail())),
            )),
            (None, None) => result,
        }
    }

    /// What the user should know, in sentences. Each is handed out once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner));
        warnings.extend(self.lookup.iter().flat_map(|lookup| lookup.http.take_remarks()));
        warnings
    }

    fn look_up(&self, lookup: &Lookup, sought: &Sought, verifier: &Verifier, signed: &Signed<'_>) -> Result<Verified, Rejection> {
        let entries = lookup.entries(sought)?;
        let verified = verifier.verify_with(signed, &entries)?;
        if let Some(Err(why)) = self.kept.as_ref().map(|kept| kept.write(&sought.name(), &entries)) {
            self.warn(format!("The log entry that was found could not be kept, so that it has to be looked up again: {why}."));
        }
        Ok(verified)
    }

    /// What is kept for a signature; damage is said, and then nothing is.
    fn read(&self, sought: &Sought) -> Option<Vec<DetachedEntry>> {
        let kept = self.kept.as_ref()?;
        match kept.read(&sought.name()) {
            Ok(entries) => entries.filter(|entries| !entries.is_empty()),
            Err(why) => {
                let next = if self.lookup.is_some() { "it is fetched anew" } else { "`paraph verify --lookup` fetches it anew" };
                self.warn(format!("A kept log entry cannot be used, and {next}: {why}."));
                None
            }
        }
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// A detail before more detail.
fn after(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!("{detail}; ") }
}

/// The logs that may be asked, and how.
#[derive(Debug)]
struct Lookup {
    logs: Vec<String>,
    http: Http,
    runtime: OnceLock<std::io::Result<Runtime>>,
    /// Why the logs are not asked any more.
    given_up: Mutex<Option<ServiceError>>,
}

impl Lookup {
    fn new(config: &Config, roots: &[TrustRoot]) -> Self {
        let mut logs: Vec<String> = roots.iter().flat_map(TrustRoot::searchable_logs).map(str::to_owned).collect();
        logs.dedup();
        let http = Http::new(Settings { request: config.timeout.value, ..Settings::default() });
        Self { logs, http, runtime: OnceLock::new(), given_up: Mutex::default() }
    }

    /// What the logs have about a signature; at least one entry, of which nothing was checked.
    fn entries(&self, sought: &Sought) -> Result<Vec<DetachedEntry>, Rejection> {
        let failed = |why: String| Rejection::new(Reason::LookupFailed, why);
        if self.logs.is_empty() {
            return Err(failed("the trust root names no address of a log of Rekor v1".into()));
        }
        if let Some(error) = self.given_up.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Err(failed(error.to_string()));
        }
        let runtime = self.runtime.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_all().build());
        let runtime = runtime.as_ref().map_err(|error| failed(format!("the network calls cannot be started: {error}")))?;
        let found = runtime.block_on(look_up(&self.http, &self.logs, &sought.digests, &sought.certificate)).map_err(|error| {
            // a log that does not answer is not waited for a thousand times
            if is_lasting(error.cause()) {
                *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            }
            failed(error.to_string())
        })?;
        let (mut entries, mut refused) = (Vec::new(), None);
        for entry in found {
            match DetachedEntry::new(entry) {
                Ok(entry) => entries.push(entry),
                Err(rejection) => refused = refused.or(Some(rejection)),
            }
        }
        match (entries.is_empty(), refused) {
            (false, _) => Ok(entries),
            (true, Some(rejection)) => Err(rejection),
            (true, None) => Err(Rejection::new(Reason::EntryNotFound, format!("asked at {}", self.logs.join(" and ")))),
        }
    }
}

/// Whether the next call would most likely fail like this one.
fn is_lasting(cause: &Cause) -> bool {
    use Cause::{Address, Budget, Client, Deadline, Unavailable, Unreachable, Untrusted};
    matches!(cause, Address(_) | Client(_) | Unreachable(_) | Untrusted(_) | Deadline(_) | Budget(_) | Unavailable { .. })
}
