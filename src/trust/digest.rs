//! A digest of a trust root, as a part of the verdict cache's key.
//!
//! It covers everything that can change a verdict or its message. Its encoding is explicit, so that renaming a type does not change it.

use super::{Log, TrustRoot, Window};
use crate::certificate::{Certificate, KeyKind};
use sha2::{Digest, Sha256};

impl TrustRoot {
    /// The SHA-256 of instance, source, authorities and logs. Roots with the same digest verify in the same way.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let Self { instance, source, authorities, logs, ct_logs, timestamp_authorities } = self;
        let mut parts = Parts(Sha256::new());
        parts.text(instance.as_str());
        parts.text(source);
        parts.count(authorities.len());
        authorities.iter().for_each(|authority| parts.authority(authority.certificates(), authority.window()));
        parts.count(timestamp_authorities.len());
        timestamp_authorities.iter().for_each(|authority| parts.authority(authority.certificates(), authority.window()));
        for logs in [logs, ct_logs] {
            parts.count(logs.len());
            logs.iter().for_each(|log| parts.log(log));
        }
        parts.0.finalize().into()
    }
}

/// Hashes parts, each preceded by its length, so that different sequences of parts have different bytes.
struct Parts(Sha256);

impl Parts {
    fn count(&mut self, count: usize) {
        self.0.update(u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn window(&mut self, Window { start, end }: Window) {
        for time in [start, end] {
            // a missing end has no bytes
            let nanoseconds = time.map(|time| time.as_nanosecond().to_be_bytes());
            self.bytes(nanoseconds.as_ref().map_or(&[], |bytes| bytes));
        }
    }

    fn authority(&mut self, certificates: &[Certificate], window: Window) {
        self.count(certificates.len());
        certificates.iter().for_each(|certificate| self.bytes(certificate.der()));
        self.window(window);
    }

    fn log(&mut self, Log { key, window, base_url }: &Log) {
        self.text(kind_name(key.key.kind()));
        self.bytes(key.key.raw());
        self.bytes(&key.id);
        // a missing origin differs from an empty one
        self.count(key.origin.iter().len());
        self.text(key.origin.as_deref().unwrap_or_default());
        self.window(*window);
        self.text(base_url);
    }
}

/// The kind of a key as the digest has it.
fn kind_name(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::EcdsaP256 => "ecdsa-p256",
        KeyKind::EcdsaP384 => "ecdsa-p384",
        KeyKind::EcdsaP521 => "ecdsa-p521",
        KeyKind::Ed25519 => "ed25519",
        KeyKind::Rsa => "rsa",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Instance;

    #[test]
    fn each_part_of_a_root_changes_its_digest() {
        let root = TrustRoot::embedded(&Instance::Public).unwrap().unwrap();
        let digest = root.digest();
        assert_eq!(root.clone().digest(), digest);
        let window = Window { start: None, end: Some("2030-01-01T00:00:00Z".parse().unwrap()) };
        let changes: [fn(&mut TrustRoot, Window); 11] = [
            |root, _| root.instance = Instance::Staging,
            |root, _| root.source.push('!'),
            |root, _| drop(root.authorities.pop()),
            |root, window| {
                let certificates = root.authorities[0].certificates().to_vec();
                root.authorities[0] = super::super::Authority::new(certificates, window).unwrap();
            },
            |root, _| drop(root.timestamp_authorities.pop()),
            |root, _| root.logs.swap(0, 1),
            |root, window| root.logs[0].window = window,
            |root, _| root.logs[0].base_url.push('/'),
            |root, _| root.logs[0].key.id[0] ^= 1,
            |root, _| root.logs[0].key.origin = Some(String::new()),
            |root, _| root.ct_logs[0].key.key = root.ct_logs[1].key.key.clone(),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = root.clone();
            change(&mut changed, window);
            assert_ne!(changed.digest(), digest, "{number}");
        }
        assert_ne!(TrustRoot::embedded(&Instance::Staging).unwrap().unwrap().digest(), digest);
    }
}
