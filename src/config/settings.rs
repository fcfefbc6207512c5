//! The table of all settings, and the struct [`Config`] that it defines.

use super::rank::{Authority::*, Overruled};
use super::setting_info::{Ignored, SettingInfo};
use super::used::*;
use super::value::{
    AgentConfirm, AgentUse, CommitIds, KeyringUse, Lifetime, PolicyRoot, RekorMode, RekorVersion, Secret, ServiceUrl, Shown, TokenProvider,
    Value,
};
use super::{Error, Inputs, InstanceSettings, Notice, Setting, Source, UrlOpener};
use crate::trust::Instance;
use std::path::PathBuf;
use std::time::Duration;

/// The effective value of a setting, as it is shown.
#[derive(Debug)]
pub(crate) struct Effective<'a> {
    /// Its line of the table.
    pub info: &'static SettingInfo,
    /// Its value.
    pub value: Shown,
    /// Where the value comes from.
    pub source: &'a Source,
}

macro_rules! settings {
    ($($field:ident: $type:ty {
        name: $name:literal, keys: [$($key:literal),*], variables: [$($variable:literal),*],
        default: $default:literal, otherwise: $otherwise:literal, secret: $secret:literal, authority: $authority:expr, used: $used:expr,
        help: $help:literal,
    })*) => {
        /// All settings with their sources. The fields' descriptions are the table's.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct Config {
            $(#[doc = $help] pub $field: Setting<$type>,)*
            /// The instances that are configured by name: `[paraph "NAME"]`.
            pub instances: Vec<InstanceSettings>,
            /// Settings without effect.
            pub notices: Vec<Notice>,
            /// Settings of the repository that do not decide, because a stronger source does.
            pub overruled: Vec<Notice>,
            /// Settings whose values are not allowed. Their fields have the defaults: see [`Config::require`].
            pub wrong: Vec<WrongSetting>,
        }

        #[expect(non_upper_case_globals, reason = "each is named like the field that it describes")]
        pub(super) mod info {
            use super::*;
            $(pub(in super::super) const $field: &SettingInfo = &SettingInfo {
                name: $name, keys: &[$($key),*], variables: &[$($variable),*], allowed: <$type as Value>::ALLOWED,
                default: $default, otherwise: $otherwise, help: $help, secret: $secret, authority: $authority,
                used: $used,
            };)*
        }

        /// Every setting.
        pub(crate) const SETTINGS: &[&SettingInfo] = &[$(info::$field),*];

        impl Config {
            /// Reads the configuration from these inputs. Values that are not allowed are in [`Config::wrong`].
            ///
            /// # Errors
            /// If a default is not allowed, which no table has.
            pub(crate) fn from_inputs(inputs: &Inputs<'_>) -> Result<Self, Error> {
                let (mut overruled, mut wrong) = (Overruled::default(), Vec::new());
                let mut config = Self {
                    $($field: inputs.setting_or_default(info::$field, &mut overruled, &mut wrong)?,)*
                    instances: inputs.instances(&mut overruled, &mut wrong),
                    notices: inputs.notices(SETTINGS, IGNORED),
                    overruled: Vec::new(),
                    wrong,
                };
                config.notice_modes();
                config.rank_trust_root(inputs, &mut overruled);
                config.overruled = overruled.notices();
                config.overruled.extend(inputs.misplaced_trust());
                Ok(config)
            }

            /// Every setting with its effective value, in the table's order.
            pub(crate) fn effective(&self) -> Vec<Effective<'_>> {
                vec![$(Effective { info: info::$field, value: self.$field.value.shown(), source: &self.$field.source },)*]
            }
        }
    };
}

settings! {
    instance: Option<Instance> {
        name: "instance", keys: ["paraph.instance"], variables: ["PARAPH_INSTANCE"],
        default: "", otherwise: "uses custom if trust comes from the files below, otherwise public", secret: false, authority: Free, used: TRUST,
        help: "The Sigstore instance to sign with and to verify against. The section [paraph \"NAME\"] in git's configuration describes an instance of your own, with trustedRoot, signingConfig and mirror.",
    }
    trusted_root: Option<PathBuf> {
        name: "trustedRoot", keys: ["paraph.trustedRoot"], variables: ["PARAPH_TRUSTED_ROOT"],
        default: "", otherwise: "uses the instance's", secret: false, authority: TrustRoot, used: TRUST,
        help: "A trusted_root.json file: the authorities and logs to trust instead of the instance's.",
    }
    signing_config: Option<PathBuf> {
        name: "signingConfig", keys: ["paraph.signingConfig"], variables: ["PARAPH_SIGNING_CONFIG"],
        default: "", otherwise: "uses the instance's", secret: false, authority: Free, used: SIGNER,
        help: "A signing_config.json file: the services to sign with instead of the instance's.",
    }
    allowed_identities: Option<PathBuf> {
        name: "allowedIdentities", keys: ["paraph.allowedIdentities"], variables: ["PARAPH_ALLOWED_IDENTITIES"],
        default: "", otherwise: "nobody is trusted", secret: false, authority: Ranked, used: POLICY,
        help: "The file that lists the identities whose signatures are trusted. If it is missing, empty or unreadable, nobody is trusted.",
    }
    trust_repository: Option<PathBuf> {
        name: "trustRepository", keys: ["paraph.trustRepository"], variables: [],
        default: "", otherwise: "no repository decides what you trust", secret: false, authority: UserFiles, used: NOTHING,
        help: "A repository whose own configuration counts as yours. Set it again for each further repository. A value that is not a path is ignored, with a warning.",
    }
    policy_root: Option<PolicyRoot> {
        name: "policyRoot", keys: ["paraph.policyRoot"], variables: ["PARAPH_POLICY_ROOT"],
        default: "", otherwise: "no policy of a repository decides", secret: false, authority: Ranked, used: REPOSITORY_POLICY,
        help: "The commit at which trust in the policy of the repository begins, or the digest of that policy's file. The policy then decides instead of the allowed identities. See man/policy.md.",
    }
    policy_file: Option<PathBuf> {
        name: "policyFile", keys: ["paraph.policyFile"], variables: ["PARAPH_POLICY_FILE"],
        default: "", otherwise: "only a policy in the repository can decide", secret: false, authority: Ranked, used: REPOSITORY_POLICY,
        help: "A policy outside the repository, for those who cannot commit one. It decides instead of the allowed identities.",
    }
    judge_since: Option<CommitIds> {
        name: "judgeSince", keys: ["paraph.judgeSince"], variables: [],
        default: "", otherwise: "only the policy exempts commits", secret: false, authority: NotRepository, used: REPOSITORY_POLICY,
        help: "Commits that are exempt from the policy of the repository, with all their ancestors.",
    }
    match_committer: bool {
        name: "matchCommitter", keys: ["paraph.matchCommitter", "gitsign.matchCommitter"], variables: ["PARAPH_MATCH_COMMITTER"],
        default: "false", otherwise: "", secret: false, authority: Restricts("true"), used: COMMITTER,
        help: "Whether the identity must also match the committer (a tag's tagger, a push's pusher). It is an additional requirement; a match alone does not grant trust.",
    }
    allow_legacy: bool {
        name: "allowLegacy", keys: ["paraph.allowLegacy"], variables: ["PARAPH_ALLOW_LEGACY"],
        default: "false", otherwise: "", secret: false, authority: Restricts("false"), used: POLICY,
        help: "Whether a signature that only a legacy rule accepts is judged by its identity. Otherwise it is reported as legacy.",
    }
    guarded_refs: Option<String> {
        name: "guardedRefs", keys: ["paraph.guardedRefs"], variables: [],
        default: "", otherwise: "every ref is guarded, and a new one is judged with its whole history", secret: false, authority: Free, used: NOTHING,
        help: "The refs that a hook on a server guards: full names, in which an asterisk stands for any characters, such as `refs/heads/* refs/tags/*`. Several values are joined. Pushes to other refs are accepted, except below refs/replace/. What the guarded refs lead to counts as judged. Only git's configuration files are read.",
    }
    verdict_cache: bool {
        name: "verdictCache", keys: ["paraph.verdictCache"], variables: ["PARAPH_VERDICT_CACHE"],
        default: "false", otherwise: "", secret: false, authority: Free, used: CACHE,
        help: "Whether `paraph verify` stores its results in the user's cache folder and reuses them. Anyone who can write to that folder can then change verdicts.",
    }
    forge_key: Option<PathBuf> {
        name: "forgeKey", keys: ["paraph.forgeKey"], variables: ["PARAPH_FORGE_KEY"],
        default: "", otherwise: "a forge's signatures are not judged", secret: false, authority: Ranked, used: FORGE,
        help: "A file with the OpenPGP or SSH public keys with which a forge signs the merges that it creates. A merge commit signed with one of them is good. Any other commit signed with one of them is untrusted.",
    }
    forge_committer: Option<String> {
        name: "forgeCommitter", keys: ["paraph.forgeCommitter"], variables: ["PARAPH_FORGE_COMMITTER"],
        default: "", otherwise: "any committer is accepted", secret: false, authority: Ranked, used: FORGE,
        help: "The e-mail address that the forge's merges must have as their committer, such as noreply@github.com. It is an additional requirement; it has no effect without the forge's key.",
    }
    expected_identity: Option<String> {
        name: "expectedIdentity", keys: ["paraph.expectedIdentity"], variables: ["PARAPH_EXPECTED_IDENTITY"],
        default: "", otherwise: "any identity may sign", secret: false, authority: Free, used: SIGNER,
        help: "The identity to sign as. A token of any other is refused before the certificate authority is asked, and a certificate of any other before the log is.",
    }
    expected_issuer: Option<ServiceUrl> {
        name: "expectedIssuer", keys: ["paraph.expectedIssuer"], variables: ["PARAPH_EXPECTED_ISSUER"],
        default: "", otherwise: "any issuer may vouch for the signer", secret: false, authority: Ranked, used: SIGNER,
        help: "The OpenID issuer that must vouch for the signer, as the certificate names it. A token of any other is refused before the certificate authority is asked, and a certificate of any other before the log is.",
    }
    identity_token: Option<Secret> {
        name: "identityToken", keys: [], variables: ["PARAPH_ID_TOKEN", "SIGSTORE_ID_TOKEN"],
        default: "", otherwise: "asks the token provider", secret: true, authority: Free, used: SIGNER,
        help: "The identity token to sign with.",
    }
    identity_token_file: Option<PathBuf> {
        name: "identityTokenFile", keys: ["paraph.identityTokenFile"], variables: ["PARAPH_ID_TOKEN_FILE", "SIGSTORE_OIDC_TOKEN_FILE"],
        default: "", otherwise: "asks the token provider", secret: false, authority: Free, used: SIGNER,
        help: "A regular file with the identity token to sign with. It is read for each signature; a line feed at its end is ignored.",
    }
    token_provider: Option<TokenProvider> {
        name: "tokenProvider", keys: ["paraph.tokenProvider", "gitsign.tokenProvider"],
        variables: ["PARAPH_TOKEN_PROVIDER", "GITSIGN_TOKEN_PROVIDER", "SIGSTORE_TOKEN_PROVIDER"],
        default: "", otherwise: "uses SIGSTORE_ID_TOKEN, then identityTokenFile, then a login; a CI job where nobody can log in signs as itself", secret: false, authority: Free, used: SIGNER,
        help: "Where the identity token comes from. Only the named provider is asked. `device` shows a code to enter in a browser on any device. A login does the same if there is a terminal but no desktop, and the issuer supports it. For a projected Kubernetes token, use `filesystem`.",
    }
    issuer: Option<ServiceUrl> {
        name: "issuer", keys: ["paraph.issuer", "gitsign.issuer"],
        variables: ["PARAPH_OIDC_ISSUER", "GITSIGN_OIDC_ISSUER", "SIGSTORE_OIDC_ISSUER"],
        default: "", otherwise: "uses the signing config's", secret: false, authority: Free, used: SIGNER,
        help: "The OpenID Connect issuer to log in with.",
    }
    client_id: String {
        name: "clientID", keys: ["paraph.clientID", "gitsign.clientID"],
        variables: ["PARAPH_OIDC_CLIENT_ID", "GITSIGN_OIDC_CLIENT_ID", "SIGSTORE_OIDC_CLIENT_ID"],
        default: "sigstore", otherwise: "", secret: false, authority: Free, used: SIGNER,
        help: "The client id of this program at the issuer.",
    }
    client_secret_file: Option<PathBuf> {
        name: "clientSecretFile", keys: ["paraph.clientSecretFile", "gitsign.clientSecretFile"],
        variables: ["PARAPH_OIDC_CLIENT_SECRET_FILE", "GITSIGN_OIDC_CLIENT_SECRET_FILE", "SIGSTORE_OIDC_CLIENT_SECRET_FILE"],
        default: "", otherwise: "uses no client secret", secret: false, authority: NotRepository, used: LOGIN,
        help: "A file with the client secret that belongs to the client id.",
    }
    redirect_url: Option<ServiceUrl> {
        name: "redirectURL", keys: ["paraph.redirectURL", "gitsign.redirectURL"],
        variables: ["PARAPH_OIDC_REDIRECT_URL", "GITSIGN_OIDC_REDIRECT_URL", "SIGSTORE_OIDC_REDIRECT_URL"],
        default: "", otherwise: "uses a free port on the loopback interface", secret: false, authority: Free, used: LOGIN,
        help: "The URL to which the issuer sends the browser after a login.",
    }
    connector_id: Option<String> {
        name: "connectorID", keys: ["paraph.connectorID", "gitsign.connectorID"],
        variables: ["PARAPH_CONNECTOR_ID", "GITSIGN_CONNECTOR_ID", "SIGSTORE_CONNECTOR_ID"],
        default: "", otherwise: "the login page asks", secret: false, authority: Free, used: LOGIN,
        help: "The issuer that the login page selects by itself, such as https://github.com/login/oauth.",
    }
    url_opener: Option<UrlOpener> {
        name: "urlOpener", keys: ["paraph.urlOpener", "gitsign.urlOpener"], variables: ["PARAPH_URL_OPENER", "GITSIGN_URL_OPENER"],
        default: "", otherwise: "uses the desktop's browser", secret: false, authority: NotRepository, used: LOGIN,
        help: "The command that opens the login page. It is split into words without a shell; quotes group words, and {{.URL}} is replaced with the address. If it fails on a machine with a terminal and no desktop, paraph shows a code to log in with.",
    }
    autoclose: bool {
        name: "autoclose", keys: ["paraph.autoclose", "gitsign.autoclose"],
        variables: ["PARAPH_AUTOCLOSE", "GITSIGN_AUTOCLOSE", "SIGSTORE_AUTOCLOSE"],
        default: "true", otherwise: "", secret: false, authority: Free, used: LOGIN,
        help: "Whether the last page of a login closes itself. Browsers allow that only if the page has no history, so set connectorID too.",
    }
    autoclose_timeout: u16 {
        name: "autocloseTimeout", keys: ["paraph.autocloseTimeout", "gitsign.autocloseTimeout"],
        variables: ["PARAPH_AUTOCLOSE_TIMEOUT", "GITSIGN_AUTOCLOSE_TIMEOUT", "SIGSTORE_AUTOCLOSE_TIMEOUT"],
        default: "6", otherwise: "", secret: false, authority: Free, used: LOGIN,
        help: "The number of seconds after which the last page of a login closes.",
    }
    terminal_prompt: bool {
        name: "terminalPrompt", keys: ["paraph.terminalPrompt"], variables: ["PARAPH_TERMINAL_PROMPT", "GIT_TERMINAL_PROMPT"],
        default: "true", otherwise: "", secret: false, authority: Free, used: SIGNER,
        help: "Whether a login may be shown on the terminal when git signs. If false, nothing is written to the terminal, and a signature that needs a login fails at once unless a browser can open. GCM_INTERACTIVE=never does the same, and also opens no browser.",
    }
    login_timeout: Duration {
        name: "loginTimeout", keys: ["paraph.loginTimeout"], variables: ["PARAPH_LOGIN_TIMEOUT"],
        default: "300", otherwise: "", secret: false, authority: Free, used: LOGIN,
        help: "The number of seconds that a login waits for the user.",
    }
    agent: AgentUse {
        name: "agent", keys: ["paraph.agent"], variables: ["PARAPH_AGENT"],
        default: "auto", otherwise: "", secret: false, authority: Free, used: LOGIN,
        help: "Whether the agent makes signatures that need a login, and keeps the login for later ones. `auto` starts the agent if it is not running. `running` uses it only if it is running. `never` does not use it.",
    }
    agent_socket: Option<PathBuf> {
        name: "agentSocket", keys: ["paraph.agentSocket"], variables: ["PARAPH_AGENT_SOCK"],
        default: "", otherwise: "uses the agent on this machine", secret: false, authority: Free, used: LOGIN,
        help: "The socket of an agent on another machine, forwarded with `ssh -R`. The person at that machine approves the signatures.",
    }
    agent_timeout: Lifetime {
        name: "agentTimeout", keys: ["paraph.agentTimeout"], variables: ["PARAPH_AGENT_TIMEOUT"],
        default: "43200", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "The number of seconds after which an idle agent exits. The agent reads it when it starts.",
    }
    agent_confirm: AgentConfirm {
        name: "agentConfirm", keys: ["paraph.agentConfirm"], variables: ["PARAPH_AGENT_CONFIRM"],
        default: "ask", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "Whether the agent asks before it signs for another machine: in `paraph agent confirm`, by a desktop notification or in an askpass window. The agent reads it when it starts.",
    }
    agent_confirm_signatures: u32 {
        name: "agentConfirmSignatures", keys: ["paraph.agentConfirmSignatures"], variables: ["PARAPH_AGENT_CONFIRM_SIGNATURES"],
        default: "100", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "How many signatures one approval covers, for the same connection, machine and identity. The agent reads it when it starts.",
    }
    agent_confirm_time: Duration {
        name: "agentConfirmTime", keys: ["paraph.agentConfirmTime"], variables: ["PARAPH_AGENT_CONFIRM_TIME"],
        default: "600", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "The number of seconds that one approval is valid. The agent reads it when it starts.",
    }
    agent_sign_digests: bool {
        name: "agentSignDigests", keys: ["paraph.agentSignDigests"], variables: [],
        default: "false", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "Whether the agent signs a digest without asking. A digest may be that of anything, a commit included. paraph sends one for a file of more than 1 MiB. The agent reads it when it starts.",
    }
    keyring: KeyringUse {
        name: "keyring", keys: ["paraph.keyring"], variables: ["PARAPH_KEYRING"],
        default: "never", otherwise: "", secret: false, authority: UserFiles, used: AGENT,
        help: "Where the agent stores refresh tokens, so that logins outlast it. `never` keeps them in its memory only. `os` stores them in the desktop's Secret Service, or in the Keychain on macOS. `secret-service` stores them in the Secret Service. `keyutils` stores them in the kernel's memory until the machine restarts or they are unused for days. If the chosen keyring fails, no other is used. The agent reads it when it starts.",
    }
    fulcio: Option<ServiceUrl> {
        name: "fulcio", keys: ["paraph.fulcio", "gitsign.fulcio"], variables: ["PARAPH_FULCIO_URL", "GITSIGN_FULCIO_URL", "SIGSTORE_FULCIO_URL"],
        default: "", otherwise: "uses the signing config's", secret: false, authority: Free, used: SIGNER,
        help: "The certificate authority to sign with.",
    }
    fulcio_root: Option<PathBuf> {
        name: "fulcioRoot", keys: ["paraph.fulcioRoot", "gitsign.fulcioRoot"],
        variables: ["PARAPH_FULCIO_ROOT", "GITSIGN_FULCIO_ROOT", "SIGSTORE_FULCIO_ROOT", "SIGSTORE_ROOT_FILE"],
        default: "", otherwise: "uses the trusted root's", secret: false, authority: TrustRoot, used: TRUST,
        help: "A PEM file with the certificate authority's certificates, trusted instead of the trusted root's.",
    }
    ct_log_public_key: Option<PathBuf> {
        name: "ctLogPublicKey", keys: ["paraph.ctLogPublicKey"], variables: ["PARAPH_CT_LOG_PUBLIC_KEY_FILE", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"],
        default: "", otherwise: "uses the trusted root's", secret: false, authority: TrustRoot, used: TRUST,
        help: "A PEM file with the public key of the certificate transparency log, trusted instead of the trusted root's.",
    }
    rekor: Option<ServiceUrl> {
        name: "rekor", keys: ["paraph.rekor", "gitsign.rekor"], variables: ["PARAPH_REKOR_URL", "GITSIGN_REKOR_URL", "SIGSTORE_REKOR_URL"],
        default: "", otherwise: "uses the signing config's", secret: false, authority: Free, used: SIGNER,
        help: "The transparency log to sign with.",
    }
    rekor_version: Option<RekorVersion> {
        name: "rekorVersion", keys: ["paraph.rekorVersion", "gitsign.rekorVersion"],
        variables: ["PARAPH_REKOR_VERSION", "GITSIGN_REKOR_VERSION", "SIGSTORE_REKOR_VERSION"],
        default: "", otherwise: "uses 1 if the log is set by its URL, otherwise the signing config's", secret: false, authority: Free, used: SIGNER,
        help: "The version of the log's API.",
    }
    rekor_mode: RekorMode {
        name: "rekorMode", keys: ["paraph.rekorMode", "gitsign.rekorMode"], variables: ["PARAPH_REKOR_MODE", "GITSIGN_REKOR_MODE"],
        default: "offline", otherwise: "", secret: false, authority: Free, used: NOTHING,
        help: "Where gitsign stores the log entry. paraph embeds it in the signature in both modes, so that verification needs no network.",
    }
    rekor_public_key: Option<PathBuf> {
        name: "rekorPublicKey", keys: ["paraph.rekorPublicKey"], variables: ["PARAPH_REKOR_PUBLIC_KEY", "SIGSTORE_REKOR_PUBLIC_KEY"],
        default: "", otherwise: "uses the trusted root's", secret: false, authority: TrustRoot, used: TRUST,
        help: "A PEM file with the public key of the transparency log, trusted instead of the trusted root's.",
    }
    timestamp_server_url: Option<ServiceUrl> {
        name: "timestampServerURL", keys: ["paraph.timestampServerURL", "gitsign.timestampServerURL"],
        variables: ["PARAPH_TIMESTAMP_SERVER_URL", "GITSIGN_TIMESTAMP_SERVER_URL", "SIGSTORE_TIMESTAMP_SERVER_URL"],
        default: "", otherwise: "uses the signing config's with version 2 of the log, none with version 1", secret: false, authority: Free, used: SIGNER,
        help: "The RFC 3161 timestamp authority to sign with.",
    }
    timestamp_cert_chain: Option<PathBuf> {
        name: "timestampCertChain", keys: ["paraph.timestampCertChain", "gitsign.timestampCertChain"],
        variables: ["PARAPH_TIMESTAMP_CERT_CHAIN", "GITSIGN_TIMESTAMP_CERT_CHAIN", "SIGSTORE_TIMESTAMP_CERT_CHAIN", "SIGSTORE_TSA_CERTIFICATE_FILE"],
        default: "", otherwise: "uses the trusted root's", secret: false, authority: TrustRoot, used: TRUST,
        help: "A PEM file with the timestamp authority's certificates, trusted instead of the trusted root's.",
    }
    allow_plain_http: bool {
        name: "allowPlainHttp", keys: ["paraph.allowPlainHttp"], variables: ["PARAPH_ALLOW_PLAIN_HTTP"],
        default: "false", otherwise: "", secret: false, authority: Restricts("false"), used: NETWORK,
        help: "Whether an identity token may be sent over plain http to an issuer or certificate authority on another machine, where anyone on the way can read it. Plain http to this machine is always allowed.",
    }
    timeout: Duration {
        name: "timeout", keys: ["paraph.timeout"], variables: ["PARAPH_TIMEOUT"],
        default: "30", otherwise: "", secret: false, authority: Free, used: NETWORK,
        help: "The number of seconds that one call to a service may take. Version 2 of the log answers only after it has published an entry, so allow it some seconds.",
    }
    log_path: Option<PathBuf> {
        name: "logPath", keys: ["paraph.logPath", "gitsign.logPath"], variables: ["PARAPH_LOG", "GITSIGN_LOG"],
        default: "", otherwise: "no log is written", secret: false, authority: NotRepository, used: SIGNER,
        help: "Messages are appended to this file, because git hides them on success. A new file is readable by you only.",
    }
}

/// Settings of other programs that paraph ignores, with the reason.
pub(crate) const IGNORED: &[Ignored] = &[
    Ignored {
        keys: &["gitsign.credentialCache", "gitsign.credentialCacheMode"],
        variables: &["GITSIGN_CREDENTIAL_CACHE", "GITSIGN_CREDENTIAL_CACHE_MODE"],
        reason: "gitsign's credential cache is not used; paraph's agent replaces it",
    },
    Ignored {
        keys: &["gitsign.enableSigstoreGo"],
        variables: &["GITSIGN_ENABLE_SIGSTORE_GO"],
        reason: "it selects a library inside gitsign; the signatures are the same",
    },
    Ignored {
        keys: &["gitsign.timestampURL", "gitsign.timestampCert"],
        variables: &[],
        reason: "gitsign does not read it either; use timestampServerURL and timestampCertChain",
    },
    Ignored {
        keys: &[],
        variables: &["TUF_ROOT", "TUF_MIRROR", "TUF_ROOT_JSON"],
        reason: "paraph has its own trust store; fill it with `paraph trust initialize --mirror URL --root FILE`",
    },
];

impl Config {
    /// An explicit `online` has no effect on the signature: the entry is in the log and in the signature.
    fn notice_modes(&mut self) {
        if self.rekor_mode.value == RekorMode::Online {
            let text = "is \"online\"; the log entry is embedded in the signature as well".to_owned();
            self.notices.push(Notice { source: self.rekor_mode.source.clone(), others: Vec::new(), text });
        }
    }
}
