//! The options of gpg and gpgsm, and what they mean for this program.

/// What an option means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A detached signature is wanted.
    Sign,
    /// A signature is to be verified.
    Verify,
    /// Keys are to be listed.
    List {
        /// Only those with a secret key.
        secret: bool,
    },
    /// Lists are for programs.
    Colons,
    /// It has a value.
    Value(ValueMeaning),
    /// It has no effect on what this program does.
    Ignored,
    /// It asks for something else than this program does.
    Refused,
}

/// What the value of an option means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueMeaning {
    /// The descriptor for status lines.
    StatusFd,
    /// The key to sign with.
    LocalUser,
    /// The key to sign with if no other is named.
    DefaultKey,
    /// The file for the signature.
    Output,
    /// A descriptor to read something from that is not needed.
    InputFd,
    /// Nothing.
    Ignored,
}

/// Switches without effect. They are about keys, passphrases, revocation lists, questions and messages, none of which paraph has.
const IGNORED: &[&str] = &[
    "armor",
    "armour",
    "assume-armor",
    "assume-base64",
    "assume-binary",
    "auto-check-trustdb",
    "auto-issuer-key-retrieve",
    "auto-key-retrieve",
    "batch",
    "disable-crl-checks",
    "disable-dirmngr",
    "disable-ocsp",
    "disable-policy-checks",
    "disable-trusted-cert-crl-check",
    "enable-crl-checks",
    "enable-issuer-based-crl-check",
    "enable-ocsp",
    "enable-policy-checks",
    "enable-trusted-cert-crl-check",
    "exit-on-status-write-error",
    "expert",
    "fixed-list-mode",
    "force-crl-refresh",
    "force-v3-sigs",
    "lock-multiple",
    "lock-never",
    "lock-once",
    "no",
    "no-auto-check-trustdb",
    "no-auto-issuer-key-retrieve",
    "no-auto-key-locate",
    "no-auto-key-retrieve",
    "no-autostart",
    "no-batch",
    "no-default-keyring",
    "no-emit-version",
    "no-encrypt-to",
    "no-greeting",
    "no-options",
    "no-permission-warning",
    "no-random-seed-file",
    "no-secmem-warning",
    "no-sk-comments",
    "no-textmode",
    "no-tty",
    "no-use-agent",
    "no-verbose",
    "quiet",
    "require-secmem",
    "use-agent",
    "utf8-strings",
    "verbose",
    "with-fingerprint",
    "with-key-data",
    "with-keygrip",
    "with-md5-fingerprint",
    "with-secret",
    "with-subkey-fingerprint",
    "with-validation",
    "yes",
];

/// Options whose value has no effect.
const IGNORED_VALUES: &[&str] = &[
    "agent-program",
    "auto-key-locate",
    "charset",
    "cipher-algo",
    "comment",
    "compliance",
    "debug",
    "debug-level",
    "default-keyserver-url",
    "digest-algo",
    "dirmngr-program",
    "display",
    "display-charset",
    "homedir",
    "include-certs",
    "keyid-format",
    "keyring",
    "keyserver",
    "keyserver-options",
    "lc-ctype",
    "lc-messages",
    "list-options",
    "log-file",
    "logger-fd",
    "logger-file",
    "attribute-fd",
    "min-cert-level",
    "options",
    "passphrase",
    "passphrase-file",
    "passphrase-repeat",
    "personal-digest-preferences",
    "pinentry-mode",
    "policy-file",
    "request-origin",
    "secret-keyring",
    "sender",
    "trust-model",
    "trustdb-name",
    "ttyname",
    "ttytype",
    "validation-model",
    "verify-options",
    "weak-digest",
    "xauthority",
];

/// What would change the result, or is another task.
const REFUSED: &[&str] = &[
    "base64",
    "call-dirmngr",
    "call-protect-tool",
    "card-edit",
    "card-status",
    "change-passphrase",
    "clear-sign",
    "clearsign",
    "decrypt",
    "decrypt-files",
    "delete-keys",
    "delete-secret-keys",
    "dry-run",
    "dump-keys",
    "edit-key",
    "enable-special-filenames",
    "encrypt",
    "encrypt-files",
    "export",
    "export-secret-key-p12",
    "export-secret-keys",
    "faked-system-time",
    "full-gen-key",
    "full-generate-key",
    "gen-key",
    "gen-revoke",
    "generate-key",
    "ignore-cert-extension",
    "import",
    "learn-card",
    "list-packets",
    "no-armor",
    "p12-charset",
    "passwd",
    "print-md",
    "quick-generate-key",
    "receive-keys",
    "recipient",
    "recv-keys",
    "refresh-keys",
    "search-keys",
    "send-keys",
    "sign-key",
    "store",
    "symmetric",
    "textmode",
    "verify-files",
];

/// What a long option without its dashes means; `None` for an unknown one.
pub(super) fn of_long(name: &str) -> Option<Meaning> {
    Some(match name {
        "sign" | "detach-sign" | "detached-sign" => Meaning::Sign,
        "verify" => Meaning::Verify,
        "list-secret-keys" => Meaning::List { secret: true },
        "list-keys" | "list-public-keys" | "locate-keys" | "list-external-keys" | "list-chain" | "fingerprint" => {
            Meaning::List { secret: false }
        }
        "with-colons" => Meaning::Colons,
        "status-fd" => Meaning::Value(ValueMeaning::StatusFd),
        "local-user" => Meaning::Value(ValueMeaning::LocalUser),
        "default-key" => Meaning::Value(ValueMeaning::DefaultKey),
        "output" => Meaning::Value(ValueMeaning::Output),
        "passphrase-fd" | "command-fd" => Meaning::Value(ValueMeaning::InputFd),
        name if IGNORED_VALUES.contains(&name) => Meaning::Value(ValueMeaning::Ignored),
        name if IGNORED.contains(&name) => Meaning::Ignored,
        name if REFUSED.contains(&name) => Meaning::Refused,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_option_has_two_meanings() {
        let mut names: Vec<&str> = [IGNORED, IGNORED_VALUES, REFUSED].concat();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(
            names.iter().all(|name| of_long(name)
                .is_some_and(|meaning| { matches!(meaning, Meaning::Ignored | Meaning::Refused | Meaning::Value(ValueMeaning::Ignored)) }))
        );
    }
}
