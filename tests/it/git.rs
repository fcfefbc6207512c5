//! Signing and verifying through the real git: what git asks for, what it makes of the answer, and what a person sees.

mod advice;
mod drop_in;
mod dual_format;
mod failures;
mod hostile;
mod identities;
mod intoto;
mod legacy;
mod offline;
mod publication;
mod push;
mod signing;
mod status;
mod structure;
mod verdict_cache;
mod verify_command;
mod verify_tag;
mod workloads;

use crate::support::{filter::filtered, sandbox::Sandbox, sigstore::Sigstore};

/// A repository whose git signs with a running local Sigstore.
fn repository() -> (Sigstore, Sandbox) {
    let sigstore = Sigstore::start();
    let sandbox = Sandbox::with_repository();
    sigstore.configure(&sandbox);
    (sigstore, sandbox)
}

/// Output with what differs from run to run replaced, the sandbox's paths among it.
fn shown(sandbox: &Sandbox, text: &str) -> String {
    filtered(text, &[(sandbox.root().to_str().unwrap(), "ROOT")])
}

/// The git options with which another instance is used in place of the configured one.
fn other_instance(other: &Sigstore) -> Vec<String> {
    let setting = |key: &str, file: &str| ["-c".to_owned(), format!("paraph.local.{key}={}", other.file(file))];
    [setting("trustedRoot", "trusted_root.json"), setting("signingConfig", "signing_config.json"), setting("accessCodeFile", "access-code")]
        .concat()
}
