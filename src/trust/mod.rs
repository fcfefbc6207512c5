//! Trust roots: the authorities and logs of an instance of Sigstore, parsed from files and never fetched.
//!
//! Source: Sigstore protobuf-specs, `sigstore_trustroot.proto`. A root is parsed once into keys and certificates. A malformed part makes the whole
//! root an error, never a smaller root. Windows are closed intervals.

pub(crate) mod authority;
mod custom;
#[cfg(feature = "cli")]
mod digest;
mod error;

use authority::{Authority, TimestampAuthority};
pub use custom::KeyFiles;
pub use error::{TrustRootDefect, TrustRootError};
#[cfg(feature = "cli")]
pub(crate) use sigstore_trust_root::SigningConfig;

use crate::{
    certificate::{Certificate, KeyKind, PublicKey},
    evidence::{checkpoint, log::LogKey},
    wording::spoken_time,
};
use jiff::Timestamp;
use sigstore_trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_types::TimeRange;
use std::{borrow::Cow, fmt};

/// A trusted root file larger than this is not read, in bytes.
#[doc(hidden)]
pub const MAX_TRUSTED_ROOT: usize = 4 << 20;
/// The number of authorities or logs of one kind in a root, at most.
const MAX_ENTRIES: usize = 256;

/// The number of certificates in a chain, at most.
const MAX_CHAIN: usize = 8;

/// The Sigstore that a root belongs to. A signature is never verified with the root of one instance and the log entry of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Instance {
    /// `public`: the public-good instance.
    Public,
    /// `staging`: its staging instance.
    Staging,
    /// `custom`: trust that comes from files or variables and has no name.
    Custom,
    /// An instance that the user has named; never one of the names above.
    Named(InstanceName),
}

/// The name of an instance, as [`Instance::named`] accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceName(String);

impl Instance {
    /// Whether the program defines this name.
    pub fn is_built_in(&self) -> bool {
        !matches!(self, Self::Named(_))
    }

    /// An instance by its name: 1 to 64 letters, digits, `.`, `-` or `_`. The first is not a dot, since names become file names.
    pub fn named(name: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(allowed) {
            return None;
        }
        let built_in = [Self::Public, Self::Staging, Self::Custom].into_iter().find(|instance| instance.as_str() == name);
        Some(built_in.unwrap_or_else(|| Self::Named(InstanceName(name.to_owned()))))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Public => "public",
            Self::Staging => "staging",
            Self::Custom => "custom",
            Self::Named(InstanceName(name)) => name,
        }
    }

    /// The Sigstore whose trust root is embedded in this program.
    pub(crate) fn embedded(&self) -> Option<SigstoreInstance> {
        match self {
            Self::Public => Some(SigstoreInstance::PublicGood),
            Self::Staging => Some(SigstoreInstance::Staging),
            Self::Custom | Self::Named(_) => None,
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A time range, both ends included. A missing end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The last instant.
    pub end: Option<Timestamp>,
}

impl Window {
    /// The window without ends, for keys from files.
    pub const ALWAYS: Self = Self { start: None, end: None };

    /// The window of a part of a trusted root; a part without one is always trusted. A log has one.
    fn of(range: Option<TimeRange>) -> Self {
        range.map_or(Self::ALWAYS, |range| Self { start: Some(range.start), end: range.end })
    }

    /// Whether the window contains `time`.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.start, self.end) {
            (Some(start), Some(end)) => write!(f, "{} to {}", spoken_time(start), spoken_time(end)),
            (Some(start), None) => write!(f, "from {} on", spoken_time(start)),
            (None, Some(end)) => write!(f, "until {}", spoken_time(end)),
            (None, None) => f.write_str("always"),
        }
    }
}

/// A log of a trust root.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The log's key.
    pub key: LogKey,
    /// When the log is trusted.
    pub window: Window,
    /// The log's address; empty if only a key file is known.
    pub base_url: String,
}

/// The authorities and logs that the signatures of an instance are verified with.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    /// The instance.
    pub instance: Instance,
    /// Where the root comes from: `embedded in …`, the name of a file, or a TUF mirror.
    pub source: String,
    /// The certificate authorities.
    #[doc(hidden)]
    pub authorities: Vec<Authority>,
    /// The transparency logs.
    #[doc(hidden)]
    pub logs: Vec<Log>,
    /// The certificate transparency logs.
    #[doc(hidden)]
    pub ct_logs: Vec<Log>,
    /// The timestamp authorities.
    #[doc(hidden)]
    pub timestamp_authorities: Vec<TimestampAuthority>,
}

impl TrustRoot {
    /// The root of an instance that is embedded in this program: [`Instance::Public`] or [`Instance::Staging`]. `None` for others.
    ///
    /// # Errors
    /// Only if the program was built with an invalid root.
    pub fn embedded(instance: &Instance) -> Result<Option<Self>, TrustRootError> {
        let Some(embedded) = instance.embedded() else { return Ok(None) };
        let mut root = Self::from_json(embedded.embedded_trusted_root_json().as_bytes(), instance.clone(), "embedded in this program")?;
        if let Some(newest) = root.newest() {
            root.source = format!("embedded in paraph {}, with keys of {}", env!("CARGO_PKG_VERSION"), newest.strftime("%Y-%m-%d"));
        }
        Ok(Some(root))
    }

    /// Checks the signatures in the chains of all authorities now, for a caller with time to spare. The results are cached; otherwise a
    /// verification checks the chains that it needs.
    #[doc(hidden)]
    pub fn check_chains(&self) {
        self.authorities.iter().for_each(Authority::check_chain);
        self.timestamp_authorities.iter().for_each(TimestampAuthority::check_chain);
    }

    /// Parses a `trusted_root.json`. `source` is its name in messages.
    ///
    /// ```
    /// use paraph::trust::{Instance, TrustRoot};
    ///
    /// let file = std::fs::read("tests/vectors/trusted_root.json").unwrap();
    /// let root = TrustRoot::from_json(&file, Instance::named("corp").unwrap(), "trusted_root.json").unwrap();
    /// assert_eq!(root.instance.as_str(), "corp");
    /// assert!(TrustRoot::from_json(b"{}", Instance::Custom, "empty.json").is_err());
    /// ```
    ///
    /// # Errors
    /// If a part of it is malformed, or a log is listed twice.
    pub fn from_json(json: &[u8], instance: Instance, source: &str) -> Result<Self, TrustRootError> {
        let error = |cause: TrustRootDefect| TrustRootError::new(source, cause);
        if json.len() > MAX_TRUSTED_ROOT {
            return Err(error(TrustRootDefect::TooLarge(json.len())));
        }
        let root: TrustedRoot = crate::json_object::from_slice(json).map_err(|cause| error(TrustRootDefect::of_json(&cause)))?;
        if !root.media_type.starts_with("application/vnd.dev.sigstore.trustedroot") {
            return Err(error(TrustRootDefect::MediaType(root.media_type)));
        }
        let counts = [root.tlogs.len(), root.ctlogs.len(), root.certificate_authorities.len(), root.timestamp_authorities.len()];
        if counts.into_iter().any(|count| count > MAX_ENTRIES) {
            return Err(error(TrustRootDefect::TooManyEntries));
        }
        let chain = |certificates: &[sigstore_trust_root::trusted_root::CertificateEntry]| -> Result<Vec<Certificate>, TrustRootError> {
            certificates
                .iter()
                .map(|entry| {
                    Certificate::from_der(entry.raw_bytes.as_bytes()).map_err(|cause| error(TrustRootDefect::of_certificate(&cause)))
                })
                .collect()
        };
        let authorities = root.certificate_authorities.iter().map(|authority| {
            Authority::new(chain(&authority.cert_chain.certificates)?, Window::of(authority.valid_for))
                .map_err(|cause| error(TrustRootDefect::Authority { name: authority.uri.clone(), cause: Box::new(cause) }))
        });
        let timestamp_authorities = root.timestamp_authorities.iter().map(|authority| {
            let uri = authority.uri.as_deref().unwrap_or("a timestamp authority");
            TimestampAuthority::new(chain(&authority.cert_chain.certificates)?, Window::of(authority.valid_for))
                .map_err(|cause| error(TrustRootDefect::Authority { name: uri.to_owned(), cause: Box::new(cause) }))
        });
        let logs = root.tlogs.iter().map(|log| {
            if log.public_key.valid_for.is_none() {
                return Err(error(TrustRootDefect::LogWithoutStart(log.base_url.clone())));
            }
            let key = log_key(log.public_key.raw_bytes.as_bytes(), log.log_id.key_id.as_bytes(), &log.base_url);
            key.map(|key| key.map(|key| Log { key, window: Window::of(log.public_key.valid_for), base_url: log.base_url.clone() }))
                .map_err(&error)
        });
        let ct_logs = root.ctlogs.iter().map(|log| {
            let key = log_key(log.public_key.raw_bytes.as_bytes(), log.log_id.key_id.as_bytes(), "");
            key.map(|key| key.map(|key| Log { key, window: Window::of(log.public_key.valid_for), base_url: log.base_url.clone() }))
                .map_err(&error)
        });
        let root = Self {
            authorities: authorities.collect::<Result<_, _>>()?,
            timestamp_authorities: timestamp_authorities.collect::<Result<_, _>>()?,
            logs: logs.filter_map(Result::transpose).collect::<Result<_, _>>()?,
            ct_logs: ct_logs.filter_map(Result::transpose).collect::<Result<_, _>>()?,
            instance,
            source: source.to_owned(),
        };
        for (index, log) in root.logs.iter().enumerate() {
            if root.logs.iter().skip(index + 1).any(|other| other.key.id == log.key.id) {
                return Err(error(TrustRootDefect::DuplicateLog(log.base_url.clone())));
            }
        }
        Ok(root)
    }

    /// The keys of this root, for messages: a noun phrase such as "the public Sigstore's keys of 2025-09-23".
    pub(crate) fn keys(&self) -> String {
        let whose = match self.instance {
            Instance::Public => "the public Sigstore's keys",
            Instance::Staging => "the staging Sigstore's keys",
            Instance::Custom | Instance::Named(_) => return format!("the keys of the instance {} ({})", self.instance, self.source),
        };
        self.newest().map_or_else(|| whose.to_owned(), |newest| format!("{whose} of {}", newest.strftime("%Y-%m-%d")))
    }

    /// The start of the newest window.
    fn newest(&self) -> Option<Timestamp> {
        let authorities = self.authorities.iter().map(Authority::window);
        let timestamp_authorities = self.timestamp_authorities.iter().map(TimestampAuthority::window);
        let logs = self.logs.iter().chain(&self.ct_logs).map(|log| log.window);
        authorities.chain(timestamp_authorities).chain(logs).filter_map(|window| window.start).max()
    }

    /// The log with this id, whose checkpoint calls it `origin`.
    ///
    /// The id of an Ed25519 key covers the log's name (C2SP signed-note), which a key file does not contain. Such a key gets the id for the name
    /// in the checkpoint; the checkpoint's signature shows whether the key belongs to that name.
    #[doc(hidden)]
    pub fn log(&self, id: &[u8; 32], origin: &str) -> Option<Cow<'_, Log>> {
        let named = |log: &Log| {
            let nameless = log.base_url.is_empty() && log.key.origin.is_none() && log.key.key.kind() == KeyKind::Ed25519;
            (nameless && checkpoint::key_id(origin, &log.key.key, &[]) == *id)
                .then(|| Log { key: LogKey { id: *id, ..log.key.clone() }, ..log.clone() })
        };
        let listed = self.logs.iter().find(|log| log.key.id == *id).map(Cow::Borrowed);
        listed.or_else(|| self.logs.iter().find_map(named).map(Cow::Owned))
    }

    /// The log whose key signed a checkpoint of that log.
    #[cfg(feature = "cli")]
    pub(crate) fn signer_of(&self, checkpoint: &checkpoint::Checkpoint) -> Option<Cow<'_, Log>> {
        self.logs.iter().find_map(|log| {
            let is_nameless = log.base_url.is_empty() && log.key.origin.is_none() && log.key.key.kind() == KeyKind::Ed25519;
            let id = if is_nameless { checkpoint::key_id(&checkpoint.origin, &log.key.key, &[]) } else { log.key.id };
            checkpoint.verify(&log.key.key, &id).ok()?;
            self.log(&id, &checkpoint.origin)
        })
    }

    /// The addresses of the logs that support Rekor v1's search. Logs of Rekor v2 do not; their key id covers their name. A log from a key file
    /// has no address.
    #[doc(hidden)]
    pub fn searchable_logs(&self) -> impl Iterator<Item = &str> {
        self.logs.iter().filter(|log| log.key.origin.is_none() && !log.base_url.is_empty()).map(|log| log.base_url.as_str())
    }

    /// The CT logs with this id. A log may be listed twice, with different windows.
    #[doc(hidden)]
    pub fn ct_logs<'a>(&'a self, id: &'a [u8; 32]) -> impl Iterator<Item = &'a Log> {
        self.ct_logs.iter().filter(move |log| log.key.id == *id)
    }
}

/// The key of a log; `None` for an unknown kind of key, so that an older program can use a newer root.
fn log_key(spki: &[u8], id: &[u8], base_url: &str) -> Result<Option<LogKey>, TrustRootDefect> {
    let id: [u8; 32] = id.try_into().map_err(|_| TrustRootDefect::LogId(base_url.to_owned()))?;
    let Ok(key) = PublicKey::from_spki(spki) else { return Ok(None) };
    let host = host_of(base_url);
    // a C2SP key id covers the origin of the checkpoints, which is the host name in Rekor v2
    let covers_name = key.kind() == KeyKind::Ed25519 && host.is_some_and(|host| checkpoint::key_id(host, &key, spki) == id);
    Ok(Some(LogKey { key, id, origin: covers_name.then_some(host).flatten().map(str::to_owned) }))
}

/// The host name in a URL, without user, port and path.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() }.filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_roots_are_read() {
        let public = TrustRoot::embedded(&Instance::Public).unwrap().unwrap();
        assert!(public.authorities.len() >= 2 && !public.logs.is_empty() && !public.ct_logs.is_empty());
        assert!(TrustRoot::embedded(&Instance::Staging).unwrap().is_some());
        assert!(TrustRoot::embedded(&Instance::Custom).unwrap().is_none());
    }

    #[test]
    fn a_malformed_root_is_an_error_and_never_a_smaller_root() {
        let embedded = SigstoreInstance::PublicGood.embedded_trusted_root_json();
        let read = |json: &str| TrustRoot::from_json(json.as_bytes(), Instance::Public, "test").map(|_| ());
        assert!(read(embedded).is_ok());
        let mut value: serde_json::Value = serde_json::from_str(embedded).unwrap();
        value["tlogs"][0]["publicKey"]["validFor"] = serde_json::json!({"end": "2030-01-01T00:00:00Z"});
        assert!(read(&value.to_string()).unwrap_err().to_string().contains("start"));
        let mut value: serde_json::Value = serde_json::from_str(embedded).unwrap();
        value["tlogs"][0]["publicKey"].as_object_mut().unwrap().remove("validFor");
        assert!(matches!(read(&value.to_string()).unwrap_err().cause, TrustRootDefect::LogWithoutStart(_)));
        let mut value: serde_json::Value = serde_json::from_str(embedded).unwrap();
        let log = value["tlogs"][0].clone();
        value["tlogs"].as_array_mut().unwrap().push(log);
        assert!(matches!(read(&value.to_string()).unwrap_err().cause, TrustRootDefect::DuplicateLog(_)));
        assert!(read("{}").is_err());
        assert_eq!(read("root:x:0").unwrap_err().to_string(), "test is not a trusted root: it is not JSON");
    }

    #[test]
    fn the_host_of_a_url_is_found() {
        assert_eq!(host_of("https://log2025-1.rekor.sigstore.dev"), Some("log2025-1.rekor.sigstore.dev"));
        assert_eq!(host_of("http://127.0.0.1:8080/api"), Some("127.0.0.1"));
        assert_eq!(host_of("http://[::1]:1/"), Some("[::1]"));
        assert_eq!(host_of("nothing"), None);
    }

    #[test]
    fn the_name_of_an_instance_has_no_odd_characters() {
        assert_eq!(Instance::named("corp-2.eu").unwrap().as_str(), "corp-2.eu");
        assert_eq!(Instance::named("public"), Some(Instance::Public));
        for odd in ["", "..", "a b", "a\n", "a/b", &"x".repeat(65)] {
            assert!(Instance::named(odd).is_none(), "{odd:?}");
        }
    }
}
