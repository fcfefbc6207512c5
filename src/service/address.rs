//! Addresses on this machine, and those of its host's metadata service.

use reqwest::Url;

/// Whether the address is on this machine: `localhost`, a name below it, 127.0.0.0/8 or ::1.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether a call stays on this machine and its host: the address is on this machine, or belongs to the host's metadata service. That is a
/// link-local address, or Google's name for it. Calls to such an address use no proxy, and nobody else can read plain http to it.
pub(crate) fn stays_on_host(url: &Url) -> bool {
    is_loopback(url)
        || match url.host() {
            Some(url::Host::Domain(name)) => name == "metadata.google.internal",
            Some(url::Host::Ipv4(address)) => address.is_link_local(),
            Some(url::Host::Ipv6(address)) => address.is_unicast_link_local(),
            None => false,
        }
}
