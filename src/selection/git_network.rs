//! git's settings of connections (`http.proxy`, `http.sslCAInfo` and others), for the calls to the services.
//!
//! They come from the command line, the environment, the user and the system. Those of a repository are ignored: whoever wrote it must not
//! put a proxy or a certificate authority in front of an identity token.

use crate::{
    repository::{self, ConfigEntry, Repository, Scope, global_configuration},
    service::{Addresses, Network, NetworkName, NetworkSetting},
};
use std::{ffi::OsString, path::Path};
use url::Url;

const SECTIONS: &[&str] = &["http"];
/// The keys that are read, in lower case.
const KEYS: [(&str, NetworkName); 5] = [
    ("proxy", NetworkName::Proxy),
    ("sslcainfo", NetworkName::CaInfo),
    ("sslcapath", NetworkName::CaPath),
    ("proxysslcainfo", NetworkName::ProxyCaInfo),
    ("sslverify", NetworkName::Verify),
];
/// The variables that are read. For git they go before all keys.
const VARIABLES: [(&str, NetworkName); 3] =
    [("GIT_SSL_CAINFO", NetworkName::CaInfo), ("GIT_SSL_CAPATH", NetworkName::CaPath), ("GIT_PROXY_SSL_CAINFO", NetworkName::ProxyCaInfo)];
/// Turns verification off if it is set, to whatever.
const NO_VERIFY: &str = "GIT_SSL_NO_VERIFY";

/// The settings for this process, and those of the repository, which are ignored.
pub(crate) struct GitNetwork {
    pub(crate) network: Network,
    /// Their keys, with their places.
    pub(crate) ignored: Vec<String>,
}

impl GitNetwork {
    /// The settings of a call in a repository or outside one.
    ///
    /// # Errors
    /// If git's configuration cannot be read.
    pub(crate) fn load(repository: Option<&Repository>) -> Result<Self, repository::Error> {
        let entries = match repository {
            Some(repository) => repository.configuration(SECTIONS)?,
            None => global_configuration(SECTIONS)?,
        };
        let (ignored, used): (Vec<ConfigEntry>, Vec<ConfigEntry>) = entries.into_iter().partition(|entry| entry.scope.is_repository());
        let ignored = ignored.iter().filter_map(|entry| Some(setting(entry)?.origin)).collect();
        Ok(Self { network: from_entries(&used, &|name| std::env::var_os(name)), ignored })
    }

    /// The settings of the user and the system, for the agent. The variables are those with which it was started.
    ///
    /// # Errors
    /// If git's configuration cannot be read.
    #[cfg(unix)]
    pub(crate) fn of_user() -> Result<Network, repository::Error> {
        let mut entries = global_configuration(SECTIONS)?;
        entries.retain(|entry| matches!(entry.scope, Scope::System | Scope::Global));
        Ok(from_entries(&entries, &|name| std::env::var_os(name)))
    }
}

fn from_entries(entries: &[ConfigEntry], variable: &dyn Fn(&str) -> Option<OsString>) -> Network {
    let mut settings: Vec<NetworkSetting> = entries.iter().filter_map(setting).collect();
    let of_variable = |name: &str, sets, value| NetworkSetting {
        addresses: Addresses::Always,
        name: sets,
        value,
        origin: format!("the variable {name}"),
        is_of_call: false,
    };
    for (name, sets) in VARIABLES {
        let path = variable(name).filter(|path| !path.is_empty()).and_then(|path| std::path::absolute(path).ok());
        settings.extend(path.map(|path| of_variable(name, sets, path.to_string_lossy().into_owned())));
    }
    if variable(NO_VERIFY).is_some() {
        settings.push(of_variable(NO_VERIFY, NetworkName::Verify, "false".to_owned()));
    }
    Network { settings }
}

/// The setting of an entry. A key that is not read, or whose URL is not valid, has no effect, as for git.
fn setting(entry: &ConfigEntry) -> Option<NetworkSetting> {
    let (_, name) = *KEYS.iter().find(|(key, _)| entry.name.eq_ignore_ascii_case(key))?;
    let addresses = match entry.subsection.as_deref() {
        None => Addresses::All,
        Some(url) => Addresses::Below(Box::new(Url::parse(url).ok()?)),
    };
    let text = entry.value.as_deref().map(String::from_utf8_lossy);
    let value = match name {
        NetworkName::Proxy => text?.into_owned(),
        NetworkName::Verify => text.is_none_or(|text| !is_false(&text)).to_string(),
        NetworkName::CaInfo | NetworkName::CaPath | NetworkName::ProxyCaInfo => path(&text?, entry.file.as_deref())?,
    };
    let is_of_call = matches!(entry.scope, Scope::Environment | Scope::CommandLine);
    Some(NetworkSetting { addresses, name, value, origin: origin(entry), is_of_call })
}

/// Whether git takes a value for false.
fn is_false(text: &str) -> bool {
    ["", "false", "no", "off", "0"].iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// The absolute path of a value. One that is relative starts at the file that sets it: the current folder may belong to somebody else.
fn path(text: &str, file: Option<&Path>) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let path = match text.strip_prefix("~/") {
        Some(rest) => std::env::home_dir()?.join(rest),
        None => match file.and_then(Path::parent) {
            Some(folder) => folder.join(text),
            None => std::path::absolute(text).ok()?,
        },
    };
    Some(path.to_string_lossy().into_owned())
}

fn origin(entry: &ConfigEntry) -> String {
    let name = KEYS.iter().zip(NAMES).find(|((key, _), _)| entry.name.eq_ignore_ascii_case(key)).map_or("", |(_, name)| name);
    let key = match &entry.subsection {
        Some(url) => format!("http.{}.{name}", shown(url)),
        None => format!("http.{name}"),
    };
    match (&entry.file, entry.scope) {
        (Some(file), scope) => format!("{key} in {} ({})", file.display(), scope.name()),
        (None, Scope::CommandLine) => format!("{key} on git's command line"),
        (None, _) => format!("{key} in git's environment (GIT_CONFIG_COUNT)"),
    }
}

/// The keys as git's manual writes them, in the order of [`KEYS`].
const NAMES: [&str; 5] = ["proxy", "sslCAInfo", "sslCAPath", "proxySSLCAInfo", "sslVerify"];

/// A URL without its password.
pub(crate) fn shown(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => {
            let _ = url.set_password(Some("***"));
            url.to_string()
        }
        // an address without a scheme can have a password too
        Err(_) if text.contains('@') => format!("***@{}", text.rsplit('@').next().unwrap_or_default()),
        _ => match text.rsplit_once('@') {
            Some((start, host)) if !start.contains("://") => format!("***@{host}"),
            _ => text.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(subsection: Option<&str>, name: &str, value: Option<&str>, file: Option<&str>) -> ConfigEntry {
        ConfigEntry {
            section: "http".to_owned(),
            subsection: subsection.map(str::to_owned),
            name: name.to_owned(),
            value: value.map(|value| value.as_bytes().to_vec()),
            scope: if file.is_some() { Scope::Global } else { Scope::CommandLine },
            file: file.map(Into::into),
        }
    }

    #[test]
    fn values_are_read_as_git_reads_them() {
        let value = |name, value, file| setting(&entry(None, name, value, file)).map(|setting| setting.value);
        assert_eq!(value("proxy", Some("p:1"), None).as_deref(), Some("p:1"));
        assert_eq!(value("proxy", None, None), None);
        for (text, verifies) in [(None, "true"), (Some("off"), "false"), (Some("0"), "false"), (Some(""), "false"), (Some("2"), "true")] {
            assert_eq!(value("sslverify", text, None).as_deref(), Some(verifies), "{text:?}");
        }
        assert_eq!(value("sslcainfo", Some("ca.pem"), Some("/home/ann/.gitconfig")).as_deref(), Some("/home/ann/ca.pem"));
        assert_eq!(value("sslcainfo", Some("/ca.pem"), Some("/home/ann/.gitconfig")).as_deref(), Some("/ca.pem"));
        assert_eq!(value("sslcert", Some("x"), None), None);
        assert_eq!(setting(&entry(Some("no url"), "proxy", Some("p"), None)), None);
    }

    #[test]
    fn variables_go_before_all_keys() {
        let entries = [entry(Some("https://example.com/"), "sslcainfo", Some("/key"), None), entry(None, "sslverify", Some("true"), None)];
        let variable = |name: &str| match name {
            "GIT_SSL_CAINFO" => Some(OsString::from("/variable")),
            NO_VERIFY => Some(OsString::new()),
            _ => None,
        };
        let network = from_entries(&entries, &variable);
        let url = Url::parse("https://example.com/a").unwrap();
        let effective = |name| network.effective(name, &url).map(|setting| (setting.value.as_str(), setting.origin.as_str()));
        assert_eq!(effective(NetworkName::CaInfo), Some(("/variable", "the variable GIT_SSL_CAINFO")));
        assert_eq!(effective(NetworkName::Verify), Some(("false", "the variable GIT_SSL_NO_VERIFY")));
    }

    #[test]
    fn a_password_is_not_shown() {
        for (text, expected) in [
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://u:secret@proxy:3128", "http://u:***@proxy:3128/"),
            ("u:secret@proxy", "***@proxy"),
            ("u:secret@proxy:3128", "***@proxy:3128"),
            ("proxy:3128", "proxy:3128"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
