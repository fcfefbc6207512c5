//! git's settings of connections: proxies and certificate authorities, for all addresses or for those below a URL.
//!
//! They are applied as git applies them (`http.<url>.*` in git-config(1)): of the settings with one name, the one whose URL fits best counts,
//! and the last one of equals. Calls to this machine and its metadata service use no proxy, and calls over plain http none of them.

use super::address::stays_on_host;
use crate::regular_file;
use reqwest::{Certificate, Url};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A larger file of certificates is not read, in bytes.
const MAX_FILE: usize = 8 << 20;
/// Files of a folder of certificates that are read, at most.
const MAX_FILES: usize = 4096;

/// What is set for connections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Network {
    /// In git's order: the last one counts.
    pub(crate) settings: Vec<NetworkSetting>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkSetting {
    /// The addresses that it is for.
    pub(crate) addresses: Addresses,
    /// What it sets.
    pub(crate) name: NetworkName,
    /// The value; paths are absolute.
    pub(crate) value: String,
    /// The key or variable, with its place.
    pub(crate) origin: String,
    /// It was set for one command.
    pub(crate) is_of_call: bool,
}

/// The addresses that a setting is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// All.
    All,
    /// Those below a URL.
    Below(Box<Url>),
    /// All, whatever is set for single ones: a variable.
    Always,
}

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkName {
    /// `http.proxy`.
    Proxy,
    /// `http.sslCAInfo`: a file of certificates.
    CaInfo,
    /// `http.sslCAPath`: a folder of such files.
    CaPath,
    /// `http.proxySSLCAInfo`: the same for a proxy over TLS.
    ProxyCaInfo,
    /// `http.sslVerify`: `true` or `false`.
    Verify,
}

impl NetworkName {
    /// Every name.
    #[cfg(all(unix, feature = "cli"))]
    pub(crate) const ALL: [Self; 5] = [Self::Proxy, Self::CaInfo, Self::CaPath, Self::ProxyCaInfo, Self::Verify];
}

/// Why a setting cannot be used: a clause that continues "SERVICE at URL …".
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// Certificates would not be verified.
    #[error("is not called, because {0} turns off the verification of certificates")]
    Unverified(String),
    /// The proxy cannot be used.
    #[error("is not called, because {origin} cannot be used: {why}")]
    Proxy {
        /// The setting.
        origin: String,
        /// The cause.
        why: &'static str,
    },
    /// The certificates cannot be used.
    #[error("is not called, because {} cannot be used (set by {origin}): {why}", .path.display())]
    Certificates {
        /// The file or folder.
        path: PathBuf,
        /// The setting.
        origin: String,
        /// The cause.
        why: String,
    },
}

/// How an address is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) proxy: ProxyUse,
    /// The certificates to trust instead of the system's.
    authorities: Vec<Authorities>,
    /// The certificates to trust for the proxy, too.
    proxy_authorities: Vec<Authorities>,
}

/// Which proxy is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum ProxyUse {
    /// The one that the system's variables name, if they name one.
    #[default]
    System,
    /// None.
    Never,
    /// This one, except for the addresses in `no_proxy`.
    At(Box<Url>),
}

/// A file or folder of certificates, and the setting that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authorities {
    path: PathBuf,
    origin: String,
}

impl Network {
    /// The setting of this name that counts for an address.
    pub(crate) fn effective(&self, name: NetworkName, url: &Url) -> Option<&NetworkSetting> {
        let mut best: Option<(Fit, &NetworkSetting)> = None;
        for setting in self.settings.iter().filter(|setting| setting.name == name) {
            let fit = match &setting.addresses {
                Addresses::All => Some(Fit::default()),
                Addresses::Below(pattern) => fit(pattern, url),
                Addresses::Always => Some(Fit { host: usize::MAX, ..Fit::default() }),
            };
            if let Some(fit) = fit
                && best.is_none_or(|(best, _)| fit >= best)
            {
                best = Some((fit, setting));
            }
        }
        best.map(|(_, setting)| setting)
    }

    /// How an address is reached.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub(super) fn route(&self, url: &Url) -> Result<Route, NetworkError> {
        if let Some(setting) = self.effective(NetworkName::Verify, url).filter(|setting| setting.value == "false")
            && url.scheme() == "https"
        {
            return Err(NetworkError::Unverified(setting.origin.clone()));
        }
        let proxy = match stays_on_host(url) {
            true => ProxyUse::Never,
            false => self.effective(NetworkName::Proxy, url).map(proxy).transpose()?.unwrap_or_default(),
        };
        let authorities = |name| {
            let setting = self.effective(name, url).filter(|setting| !setting.value.is_empty());
            setting.map(|setting| Authorities { path: PathBuf::from(&setting.value), origin: setting.origin.clone() })
        };
        let is_tls = matches!(&proxy, ProxyUse::At(url) if url.scheme() == "https");
        Ok(Route {
            proxy,
            authorities: [NetworkName::CaInfo, NetworkName::CaPath].into_iter().filter_map(authorities).collect(),
            proxy_authorities: authorities(NetworkName::ProxyCaInfo).filter(|_| is_tls).into_iter().collect(),
        })
    }
}

impl Route {
    /// No proxy, and the system's certificates.
    pub(super) fn direct() -> Self {
        Self { proxy: ProxyUse::Never, ..Self::default() }
    }

    /// The client builder with this route.
    ///
    /// # Errors
    /// [`NetworkError`], or reqwest's error about the proxy.
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Result<reqwest::ClientBuilder>, NetworkError> {
        let builder = match &self.proxy {
            ProxyUse::System => builder,
            ProxyUse::Never => builder.no_proxy(),
            ProxyUse::At(url) => match reqwest::Proxy::all(url.as_str()) {
                Ok(proxy) => builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env())),
                Err(error) => return Ok(Err(error)),
            },
        };
        let of_proxy = certificates(&self.proxy_authorities)?;
        if self.authorities.is_empty() {
            return Ok(Ok(builder.tls_certs_merge(of_proxy)));
        }
        Ok(Ok(builder.tls_certs_only(certificates(&self.authorities)?.into_iter().chain(of_proxy))))
    }
}

/// How well a URL of a setting fits an address. A greater one is the better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    host: usize,
    path: usize,
    user: bool,
}

/// How well a pattern fits; `None` if it does not. Scheme and port are equal; in the host, `*` is one label; the path is a prefix that ends
/// at a slash; a user of the pattern is the address's.
fn fit(pattern: &Url, url: &Url) -> Option<Fit> {
    let user = !pattern.username().is_empty();
    let is_same = pattern.scheme() == url.scheme() && pattern.port_or_known_default() == url.port_or_known_default();
    if !is_same || user && pattern.username() != url.username() {
        return None;
    }
    let (wanted, host) = (pattern.host_str()?, url.host_str()?);
    let labels = || wanted.split('.').zip(host.split('.'));
    if wanted.split('.').count() != host.split('.').count() || !labels().all(|(wanted, label)| wanted == "*" || wanted == label) {
        return None;
    }
    let prefix = pattern.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(Fit { host: wanted.len(), path: prefix.len(), user })
}

/// The proxy of a setting: an empty value means none, and an address without a scheme is one over http, as for git.
fn proxy(setting: &NetworkSetting) -> Result<ProxyUse, NetworkError> {
    let wrong = |why| NetworkError::Proxy { origin: setting.origin.clone(), why };
    let text = setting.value.trim();
    if text.is_empty() {
        return Ok(ProxyUse::Never);
    }
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.ok().filter(Url::has_host).ok_or_else(|| wrong("it is not the address of a proxy"))?;
    match url.scheme() {
        "http" | "https" => Ok(ProxyUse::At(Box::new(url))),
        _ => Err(wrong("only proxies over http and https are supported")),
    }
}

fn certificates(authorities: &[Authorities]) -> Result<Vec<Certificate>, NetworkError> {
    let mut certificates = Vec::new();
    for Authorities { path, origin } in authorities {
        let wrong = |why: String| NetworkError::Certificates { path: path.clone(), origin: origin.clone(), why };
        let found = if path.is_dir() { of_folder(path) } else { of_file(path) };
        let found = found.map_err(|error| wrong(error.to_string()))?;
        if found.is_empty() {
            return Err(wrong("it holds no certificate".to_owned()));
        }
        certificates.extend(found);
    }
    Ok(certificates)
}

/// The certificates of a PEM file.
fn of_file(path: &Path) -> io::Result<Vec<Certificate>> {
    let text = regular_file::read_at_most(path, MAX_FILE)?;
    if text.len() > MAX_FILE {
        return Err(io::Error::other(format!("it has more than {MAX_FILE} bytes, the limit")));
    }
    Certificate::from_pem_bundle(&text).map_err(|_| io::Error::other("it is not a PEM file"))
}

/// The certificates of the files in a folder. Other files may lie there.
fn of_folder(path: &Path) -> io::Result<Vec<Certificate>> {
    let files = std::fs::read_dir(path)?.flatten().take(MAX_FILES);
    Ok(files.filter_map(|file| of_file(&file.path()).ok()).flatten().collect())
}

#[cfg(test)]
mod tests;
