//! The table of all settings, and the struct that it gives.

use super::value::{
    AgentConfirm, AgentUse, KeyringUse, Lifetime, RekorMode, RekorVersion, Secret, ServiceUrl, Shown, TokenProvider, Value,
};
use super::{Error, Inputs, InstanceSettings, Notice, Setting, Source, UrlOpener};
use crate::trust::Instance;
use std::path::PathBuf;
use std::time::Duration;

/// One line of the table: what can be set, how, and what it does.
#[derive(Debug)]
pub struct SettingInfo {
    /// Its name, the same in errors, JSON and documentation.
    pub name: &'static str,
    /// Its keys in git's configuration, the strongest first.
    pub keys: &'static [&'static str],
    /// Its environment variables, the strongest first.
    pub variables: &'static [&'static str],
    /// What is allowed.
    pub allowed: &'static str,
    /// The text that stands for its value where nobody sets it; empty where there is none.
    pub default: &'static str,
    /// What happens where nobody sets it and there is no default; may be empty.
    pub otherwise: &'static str,
    /// What it does: sentences.
    pub help: &'static str,
    /// Whether its value is never shown.
    pub secret: bool,
}

/// Something that gitsign or another Sigstore program reads, and paraph does not.
#[derive(Debug)]
pub struct Ignored {
    /// Its keys in git's configuration.
    pub keys: &'static [&'static str],
    /// Its environment variables.
    pub variables: &'static [&'static str],
    /// Why: a clause without a period.
    pub reason: &'static str,
}

/// A setting's effective value, for showing.
#[derive(Debug)]
pub struct Effective<'a> {
    /// Its line of the table.
    pub info: &'static SettingInfo,
    /// Its value.
    pub value: Shown,
    /// Who set it.
    pub source: &'a Source,
}

macro_rules! settings {
    ($($field:ident: $type:ty {
        name: $name:literal, keys: [$($key:literal),*], variables: [$($variable:literal),*],
        default: $default:literal, otherwise: $otherwise:literal, secret: $secret:literal,
        help: $help:literal,
    })*) => {
        /// All settings with their sources. The fields' descriptions are the table's.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config {
            $(#[doc = $help] pub $field: Setting<$type>,)*
            /// The instances that are configured by name: `[paraph "NAME"]`.
            pub instances: Vec<InstanceSettings>,
            /// What is set and has no effect.
            pub notices: Vec<Notice>,
        }

        #[expect(non_upper_case_globals, reason = "each is named like the field that it describes")]
        mod info {
            use super::*;
            $(pub(super) const $field: &SettingInfo = &SettingInfo {
                name: $name, keys: &[$($key),*], variables: &[$($variable),*], allowed: <$type as Value>::ALLOWED,
                default: $default, otherwise: $otherwise, help: $help, secret: $secret,
            };)*
        }

        /// Every setting there is.
        pub const SETTINGS: &[&SettingInfo] = &[$(info::$field),*];

        impl Config {
            /// The configuration that these inputs give.
            pub fn from_inputs(inputs: &Inputs<'_>) -> Result<Self, Error> {
                let mut config = Self {
                    $($field: inputs.setting(info::$field)?,)*
                    instances: inputs.instances()?,
                    notices: inputs.notices(),
                };
                config.notice_modes();
                Ok(config)
            }

            /// Every setting with its effective value, in the table's order.
            pub fn effective(&self) -> Vec<Effective<'_>> {
                vec![$(Effective { info: info::$field, value: self.$field.value.shown(), source: &self.$field.source },)*]
            }
        }
    };
}

settings! {
    instance: Option<Instance> {
        name: "instance", keys: ["paraph.instance"], variables: ["PARAPH_INSTANCE"],
        default: "", otherwise: "custom where trust comes from files below, else public", secret: false,
        help: "The Sigstore instance to sign with and to verify against. A name of one's own is described in git's configuration by the section [paraph \"NAME\"] with trustedRoot, signingConfig and mirror.",
    }
    trusted_root: Option<PathBuf> {
        name: "trustedRoot", keys: ["paraph.trustedRoot"], variables: ["PARAPH_TRUSTED_ROOT"],
        default: "", otherwise: "the instance's", secret: false,
        help: "A trusted_root.json: the authorities and logs to trust, in place of the instance's.",
    }
    signing_config: Option<PathBuf> {
        name: "signingConfig", keys: ["paraph.signingConfig"], variables: ["PARAPH_SIGNING_CONFIG"],
        default: "", otherwise: "the instance's", secret: false,
        help: "A signing_config.json: the services to sign with, in place of the instance's.",
    }
    allowed_identities: Option<PathBuf> {
        name: "allowedIdentities", keys: ["paraph.allowedIdentities"], variables: ["PARAPH_ALLOWED_IDENTITIES"],
        default: "", otherwise: "nobody is trusted", secret: false,
        help: "The file that names whose signatures are trusted. A missing, empty or unreadable file names nobody.",
    }
    match_committer: bool {
        name: "matchCommitter", keys: ["paraph.matchCommitter", "gitsign.matchCommitter"], variables: ["PARAPH_MATCH_COMMITTER"],
        default: "false", otherwise: "", secret: false,
        help: "Whether the identity must also be the committer's (a tag's tagger, a push's pusher). It only restricts: equality alone earns no trust.",
    }
    allow_legacy: bool {
        name: "allowLegacy", keys: ["paraph.allowLegacy"], variables: ["PARAPH_ALLOW_LEGACY"],
        default: "false", otherwise: "", secret: false,
        help: "Whether a signature that only an older rule accepts is judged by its identity, instead of being reported as legacy.",
    }
    verdict_cache: bool {
        name: "verdictCache", keys: ["paraph.verdictCache"], variables: ["PARAPH_VERDICT_CACHE"],
        default: "false", otherwise: "", secret: false,
        help: "Whether `paraph verify` keeps what it verified in the user's cache folder and does not verify it again. Whoever can write that folder then decides what is verified.",
    }
    forge_key: Option<PathBuf> {
        name: "forgeKey", keys: ["paraph.forgeKey"], variables: ["PARAPH_FORGE_KEY"],
        default: "", otherwise: "a forge's signatures are of another kind and not judged", secret: false,
        help: "A file with the public keys, OpenPGP or SSH, by which a forge signs the merges that it makes. A merge commit that fits one of them is good; any other commit of theirs is untrusted.",
    }
    forge_committer: Option<String> {
        name: "forgeCommitter", keys: ["paraph.forgeCommitter"], variables: ["PARAPH_FORGE_COMMITTER"],
        default: "", otherwise: "any committer", secret: false,
        help: "The e-mail address that the forge's merges must name as their committer, such as noreply@github.com. It only restricts: without the forge's key no name counts.",
    }
    expected_identity: Option<String> {
        name: "expectedIdentity", keys: ["paraph.expectedIdentity"], variables: ["PARAPH_EXPECTED_IDENTITY"],
        default: "", otherwise: "any identity may sign", secret: false,
        help: "The identity to sign as. Another one is refused before anything is written to a log.",
    }
    identity_token: Option<Secret> {
        name: "identityToken", keys: [], variables: ["PARAPH_ID_TOKEN", "SIGSTORE_ID_TOKEN"],
        default: "", otherwise: "the token provider is asked", secret: true,
        help: "The identity token to sign with.",
    }
    identity_token_file: Option<PathBuf> {
        name: "identityTokenFile", keys: ["paraph.identityTokenFile"], variables: ["PARAPH_ID_TOKEN_FILE"],
        default: "", otherwise: "the token provider is asked", secret: false,
        help: "A file with the identity token to sign with, read anew for each signature.",
    }
    token_provider: Option<TokenProvider> {
        name: "tokenProvider", keys: ["paraph.tokenProvider", "gitsign.tokenProvider"],
        variables: ["PARAPH_TOKEN_PROVIDER", "GITSIGN_TOKEN_PROVIDER", "SIGSTORE_TOKEN_PROVIDER"],
        default: "", otherwise: "SIGSTORE_ID_TOKEN, else identityTokenFile, else a login; a CI job in which nobody can log in signs as itself", secret: false,
        help: "Who gives the identity token. One that is named is the only one asked. device shows a code that is entered in a browser anywhere; a login takes that way by itself where there is a terminal and no desktop, and the issuer offers it. A projected token of Kubernetes is filesystem.",
    }
    issuer: Option<ServiceUrl> {
        name: "issuer", keys: ["paraph.issuer", "gitsign.issuer"],
        variables: ["PARAPH_OIDC_ISSUER", "GITSIGN_OIDC_ISSUER", "SIGSTORE_OIDC_ISSUER"],
        default: "", otherwise: "the signing config's", secret: false,
        help: "The OpenID Connect issuer to log in at.",
    }
    client_id: String {
        name: "clientID", keys: ["paraph.clientID", "gitsign.clientID"],
        variables: ["PARAPH_OIDC_CLIENT_ID", "GITSIGN_OIDC_CLIENT_ID", "SIGSTORE_OIDC_CLIENT_ID"],
        default: "sigstore", otherwise: "", secret: false,
        help: "The client id under which the issuer knows this program.",
    }
    client_secret_file: Option<PathBuf> {
        name: "clientSecretFile", keys: ["paraph.clientSecretFile", "gitsign.clientSecretFile"],
        variables: ["PARAPH_OIDC_CLIENT_SECRET_FILE", "GITSIGN_OIDC_CLIENT_SECRET_FILE", "SIGSTORE_OIDC_CLIENT_SECRET_FILE"],
        default: "", otherwise: "a client without a secret", secret: false,
        help: "A file with the secret that goes with the client id.",
    }
    redirect_url: Option<ServiceUrl> {
        name: "redirectURL", keys: ["paraph.redirectURL", "gitsign.redirectURL"],
        variables: ["PARAPH_OIDC_REDIRECT_URL", "GITSIGN_OIDC_REDIRECT_URL", "SIGSTORE_OIDC_REDIRECT_URL"],
        default: "", otherwise: "a free port on the loopback interface", secret: false,
        help: "Where the issuer sends the browser after a login.",
    }
    connector_id: Option<String> {
        name: "connectorID", keys: ["paraph.connectorID", "gitsign.connectorID"],
        variables: ["PARAPH_CONNECTOR_ID", "GITSIGN_CONNECTOR_ID", "SIGSTORE_CONNECTOR_ID"],
        default: "", otherwise: "the login page asks", secret: false,
        help: "The identity provider that the login page goes to by itself, such as https://github.com/login/oauth.",
    }
    url_opener: Option<UrlOpener> {
        name: "urlOpener", keys: ["paraph.urlOpener", "gitsign.urlOpener"], variables: ["PARAPH_URL_OPENER", "GITSIGN_URL_OPENER"],
        default: "", otherwise: "the desktop's browser", secret: false,
        help: "The command that opens the login page. It is split into words, quotes group them, {{.URL}} is the address, and no shell sees it. Where there is a terminal and no desktop, a login with a code is offered when it fails.",
    }
    autoclose: bool {
        name: "autoclose", keys: ["paraph.autoclose", "gitsign.autoclose"],
        variables: ["PARAPH_AUTOCLOSE", "GITSIGN_AUTOCLOSE", "SIGSTORE_AUTOCLOSE"],
        default: "true", otherwise: "", secret: false,
        help: "Whether the page that ends a login closes itself. A browser lets it where the page has no other one before it: set connectorID too.",
    }
    autoclose_timeout: u16 {
        name: "autocloseTimeout", keys: ["paraph.autocloseTimeout", "gitsign.autocloseTimeout"],
        variables: ["PARAPH_AUTOCLOSE_TIMEOUT", "GITSIGN_AUTOCLOSE_TIMEOUT", "SIGSTORE_AUTOCLOSE_TIMEOUT"],
        default: "6", otherwise: "", secret: false,
        help: "After how many seconds it does.",
    }
    login_timeout: Duration {
        name: "loginTimeout", keys: ["paraph.loginTimeout"], variables: ["PARAPH_LOGIN_TIMEOUT"],
        default: "300", otherwise: "", secret: false,
        help: "How long a login waits for the user, in seconds.",
    }
    agent: AgentUse {
        name: "agent", keys: ["paraph.agent"], variables: ["PARAPH_AGENT"],
        default: "auto", otherwise: "", secret: false,
        help: "Whether a signature that needs a login is made by the agent, which keeps the login for the next ones. With auto, an agent that does not run is started; with running, it is not.",
    }
    agent_socket: Option<PathBuf> {
        name: "agentSocket", keys: ["paraph.agentSocket"], variables: ["PARAPH_AGENT_SOCK"],
        default: "", otherwise: "the agent of this machine", secret: false,
        help: "The socket of an agent on another machine, forwarded by ssh -R. Signatures there are confirmed by the person at that machine.",
    }
    agent_timeout: Lifetime {
        name: "agentTimeout", keys: ["paraph.agentTimeout"], variables: ["PARAPH_AGENT_TIMEOUT"],
        default: "43200", otherwise: "", secret: false,
        help: "How long the agent runs on when nobody asks for anything, in seconds. Read when the agent starts, from the user's own configuration.",
    }
    agent_confirm: AgentConfirm {
        name: "agentConfirm", keys: ["paraph.agentConfirm"], variables: ["PARAPH_AGENT_CONFIRM"],
        default: "ask", otherwise: "", secret: false,
        help: "Whether the agent asks before it signs for another machine, in `paraph agent confirm`, by a notification of the desktop or by an askpass window. Read when the agent starts, from the user's own configuration.",
    }
    agent_confirm_signatures: u32 {
        name: "agentConfirmSignatures", keys: ["paraph.agentConfirmSignatures"], variables: ["PARAPH_AGENT_CONFIRM_SIGNATURES"],
        default: "100", otherwise: "", secret: false,
        help: "How many signatures one yes covers, for the same connection, machine and identity.",
    }
    agent_confirm_time: Duration {
        name: "agentConfirmTime", keys: ["paraph.agentConfirmTime"], variables: ["PARAPH_AGENT_CONFIRM_TIME"],
        default: "600", otherwise: "", secret: false,
        help: "How long one yes holds, in seconds.",
    }
    keyring: KeyringUse {
        name: "keyring", keys: ["paraph.keyring"], variables: ["PARAPH_KEYRING"],
        default: "never", otherwise: "", secret: false,
        help: "Where the agent keeps refresh tokens, where the issuer gives them, so that a login outlasts it. With never in its memory alone; with os in the Secret Service of the desktop, on macOS in the Keychain; with keyutils in the kernel's memory, until the machine is started anew or nothing was asked for in days. None takes another's place. Read when the agent starts, from the user's own configuration.",
    }
    fulcio: Option<ServiceUrl> {
        name: "fulcio", keys: ["paraph.fulcio", "gitsign.fulcio"], variables: ["PARAPH_FULCIO_URL", "GITSIGN_FULCIO_URL", "SIGSTORE_FULCIO_URL"],
        default: "", otherwise: "the signing config's", secret: false,
        help: "The certificate authority to sign with.",
    }
    fulcio_root: Option<PathBuf> {
        name: "fulcioRoot", keys: ["paraph.fulcioRoot", "gitsign.fulcioRoot"],
        variables: ["PARAPH_FULCIO_ROOT", "GITSIGN_FULCIO_ROOT", "SIGSTORE_FULCIO_ROOT", "SIGSTORE_ROOT_FILE"],
        default: "", otherwise: "the trusted root's", secret: false,
        help: "A PEM file with the certificate authority's certificates to trust, in place of the trusted root's.",
    }
    ct_log_public_key: Option<PathBuf> {
        name: "ctLogPublicKey", keys: ["paraph.ctLogPublicKey"], variables: ["PARAPH_CT_LOG_PUBLIC_KEY_FILE", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"],
        default: "", otherwise: "the trusted root's", secret: false,
        help: "A PEM file with the key of the certificate transparency log to trust, in place of the trusted root's.",
    }
    rekor: Option<ServiceUrl> {
        name: "rekor", keys: ["paraph.rekor", "gitsign.rekor"], variables: ["PARAPH_REKOR_URL", "GITSIGN_REKOR_URL", "SIGSTORE_REKOR_URL"],
        default: "", otherwise: "the signing config's", secret: false,
        help: "The transparency log to sign with.",
    }
    rekor_version: Option<RekorVersion> {
        name: "rekorVersion", keys: ["paraph.rekorVersion", "gitsign.rekorVersion"],
        variables: ["PARAPH_REKOR_VERSION", "GITSIGN_REKOR_VERSION", "SIGSTORE_REKOR_VERSION"],
        default: "", otherwise: "1 where the log is set by its URL, else the signing config's", secret: false,
        help: "The version of the log's protocol.",
    }
    rekor_mode: RekorMode {
        name: "rekorMode", keys: ["paraph.rekorMode", "gitsign.rekorMode"], variables: ["PARAPH_REKOR_MODE", "GITSIGN_REKOR_MODE"],
        default: "offline", otherwise: "", secret: false,
        help: "Where gitsign keeps the log entry. It is embedded in the signature in either mode, so that verifying needs no network.",
    }
    rekor_public_key: Option<PathBuf> {
        name: "rekorPublicKey", keys: ["paraph.rekorPublicKey"], variables: ["PARAPH_REKOR_PUBLIC_KEY", "SIGSTORE_REKOR_PUBLIC_KEY"],
        default: "", otherwise: "the trusted root's", secret: false,
        help: "A PEM file with the key of the transparency log to trust, in place of the trusted root's.",
    }
    timestamp_server_url: Option<ServiceUrl> {
        name: "timestampServerURL", keys: ["paraph.timestampServerURL", "gitsign.timestampServerURL"],
        variables: ["PARAPH_TIMESTAMP_SERVER_URL", "GITSIGN_TIMESTAMP_SERVER_URL", "SIGSTORE_TIMESTAMP_SERVER_URL"],
        default: "", otherwise: "the signing config's with version 2 of the log, none with version 1", secret: false,
        help: "The RFC 3161 timestamp authority to sign with.",
    }
    timestamp_cert_chain: Option<PathBuf> {
        name: "timestampCertChain", keys: ["paraph.timestampCertChain", "gitsign.timestampCertChain"],
        variables: ["PARAPH_TIMESTAMP_CERT_CHAIN", "GITSIGN_TIMESTAMP_CERT_CHAIN", "SIGSTORE_TIMESTAMP_CERT_CHAIN", "SIGSTORE_TSA_CERTIFICATE_FILE"],
        default: "", otherwise: "the trusted root's", secret: false,
        help: "A PEM file with the timestamp authority's certificates to trust.",
    }
    allow_plain_http: bool {
        name: "allowPlainHttp", keys: ["paraph.allowPlainHttp"], variables: ["PARAPH_ALLOW_PLAIN_HTTP"],
        default: "false", otherwise: "", secret: false,
        help: "Whether an identity token may be sent to issuer and certificate authority on another machine over plain http, where anybody between can read it. To this machine it always may.",
    }
    timeout: Duration {
        name: "timeout", keys: ["paraph.timeout"], variables: ["PARAPH_TIMEOUT"],
        default: "30", otherwise: "", secret: false,
        help: "How long one call of a service may take, in seconds.",
    }
    log_path: Option<PathBuf> {
        name: "logPath", keys: ["paraph.logPath", "gitsign.logPath"], variables: ["PARAPH_LOG", "GITSIGN_LOG"],
        default: "", otherwise: "no log is written", secret: false,
        help: "A file to which messages are appended, since git shows none of a successful signature's. One that paraph makes is for its owner alone.",
    }
}

/// What others read and paraph does not, each with its reason.
pub const IGNORED: &[Ignored] = &[
    Ignored {
        keys: &["gitsign.credentialCache", "gitsign.credentialCacheMode"],
        variables: &["GITSIGN_CREDENTIAL_CACHE", "GITSIGN_CREDENTIAL_CACHE_MODE"],
        reason: "a credential cache of gitsign's hands out private keys, and none is asked for one",
    },
    Ignored {
        keys: &["gitsign.enableSigstoreGo"],
        variables: &["GITSIGN_ENABLE_SIGSTORE_GO"],
        reason: "it chooses between two libraries inside gitsign, and the signatures are the same",
    },
    Ignored {
        keys: &["gitsign.timestampURL", "gitsign.timestampCert"],
        variables: &[],
        reason: "gitsign itself reads timestampServerURL and timestampCertChain",
    },
    Ignored {
        keys: &[],
        variables: &["TUF_ROOT", "TUF_MIRROR", "TUF_ROOT_JSON"],
        reason: "trust is kept in a cache of paraph's own; `paraph trust initialize --mirror URL --root FILE` fills it",
    },
];

impl Config {
    /// An explicit `online` is honoured as far as it can be: the entry is in the log, and in the signature too.
    fn notice_modes(&mut self) {
        if self.rekor_mode.value == RekorMode::Online {
            let text = "asks for online; the log entry is embedded in the signature all the same".to_owned();
            self.notices.push(Notice { source: self.rekor_mode.source.clone(), text });
        }
    }
}
