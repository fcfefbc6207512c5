//! The configuration as a function of its inputs.

use super::*;
use std::time::Duration;

#[derive(Default)]
struct Surroundings {
    options: Vec<OptionValue>,
    variables: Vec<(&'static str, &'static str)>,
    entries: Vec<ConfigEntry>,
}

impl Surroundings {
    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    fn git(mut self, scope: Scope, key: &str, value: Option<&str>) -> Self {
        let (section, rest) = key.split_once('.').unwrap();
        let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(subsection, name)| (Some(subsection.to_owned()), name));
        let file = match scope {
            Scope::Environment | Scope::CommandLine => None,
            Scope::Local => Some(PathBuf::from("/repo/.git/config")),
            _ => Some(PathBuf::from("/home/u/.gitconfig")),
        };
        let value = value.map(|value| value.as_bytes().to_owned());
        self.entries.push(ConfigEntry { section: section.to_owned(), subsection, name: name.to_lowercase(), value, scope, file });
        self
    }

    fn global(self, key: &str, value: &str) -> Self {
        self.git(Scope::Global, key, Some(value))
    }

    fn config(&self) -> Result<Config, Error> {
        let variable = |name: &str| self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        Config::from_inputs(&Inputs {
            options: &self.options,
            variable: &variable,
            entries: &self.entries,
            directory: Path::new("/repo"),
            home: Some(Path::new("/home/u")),
        })
    }

    fn error(&self) -> String {
        self.config().unwrap_err().to_string()
    }
}

fn nothing() -> Surroundings {
    Surroundings::default()
}

#[test]
fn with_nothing_set_every_default_holds_and_says_so() {
    let config = nothing().config().unwrap();
    assert!(config.effective().iter().all(|setting| *setting.source == Source::Default));
    assert_eq!(config.instance_name(), Instance::Public);
    assert_eq!(config.client_id.value, "sigstore");
    assert_eq!(config.timeout.value, Duration::from_secs(30));
    assert_eq!((config.rekor_protocol(), config.rekor_mode.value), (None, RekorMode::Offline));
    assert!(!config.match_committer.value && !config.allow_legacy.value);
    assert_eq!(config.notices, []);
}

#[test]
fn the_order_is_option_variable_paraph_key_gitsign_key() {
    let mut all = nothing()
        .git(Scope::CommandLine, "gitsign.issuer", Some("https://gitsign.example"))
        .global("paraph.issuer", "https://first.example")
        .git(Scope::Local, "paraph.issuer", Some("https://paraph.example"))
        .variable("SIGSTORE_OIDC_ISSUER", "https://sigstore-variable.example")
        .variable("GITSIGN_OIDC_ISSUER", "https://gitsign-variable.example")
        .variable("PARAPH_OIDC_ISSUER", "https://paraph-variable.example");
    all.options.push(OptionValue { setting: "issuer", flag: "--issuer", value: "https://option.example".into() });
    let issuer = |surroundings: &Surroundings| {
        let setting = surroundings.config().unwrap().issuer;
        format!("{} {}", setting.value.as_ref().map_or("none", ServiceUrl::as_str), setting.source)
    };
    assert_eq!(issuer(&all), "https://option.example the option --issuer");
    all.options.clear();
    assert_eq!(issuer(&all), "https://paraph-variable.example the variable PARAPH_OIDC_ISSUER");
    all.variables.pop();
    assert_eq!(issuer(&all), "https://gitsign-variable.example the variable GITSIGN_OIDC_ISSUER");
    all.variables.pop();
    assert_eq!(issuer(&all), "https://sigstore-variable.example the variable SIGSTORE_OIDC_ISSUER");
    all.variables.pop();
    assert_eq!(issuer(&all), "https://paraph.example paraph.issuer in /repo/.git/config (local)");
    all.entries.retain(|entry| entry.section == "gitsign");
    assert_eq!(issuer(&all), "https://gitsign.example gitsign.issuer on git's command line");
}

#[test]
fn an_empty_value_stops_the_search_and_unsets() {
    let config = nothing().global("gitsign.connectorID", "x").variable("GITSIGN_CONNECTOR_ID", "").config().unwrap();
    assert_eq!(config.connector_id, Setting { value: None, source: Source::Variable("GITSIGN_CONNECTOR_ID") });
    let config = nothing().global("gitsign.fulcio", "https://f.example").global("paraph.fulcio", "").config().unwrap();
    assert_eq!(config.fulcio.value, None);
    let switched_on = nothing().global("gitsign.matchCommitter", "true");
    assert!(!switched_on.variable("PARAPH_MATCH_COMMITTER", "").config().unwrap().match_committer.value);
}

#[test]
fn a_switch_is_read_as_git_reads_one() {
    let matches =
        |value: Option<&str>| nothing().git(Scope::Local, "gitsign.matchCommitter", value).config().map(|c| c.match_committer.value);
    for (value, expected) in [(None, true), (Some("Yes"), true), (Some("1"), true), (Some(""), false), (Some("off"), false)] {
        assert_eq!(matches(value).unwrap(), expected, "{value:?}");
    }
    assert!(matches(Some("maybe")).is_err());
}

#[test]
fn a_path_starts_where_it_is_written() {
    let path = |surroundings: Surroundings| surroundings.config().unwrap().allowed_identities.value.unwrap();
    assert_eq!(path(nothing().global("paraph.allowedIdentities", "who")), Path::new("/home/u/who"));
    assert_eq!(path(nothing().git(Scope::Local, "paraph.allowedIdentities", Some("who"))), Path::new("/repo/.git/who"));
    assert_eq!(path(nothing().git(Scope::CommandLine, "paraph.allowedIdentities", Some("who"))), Path::new("/repo/who"));
    assert_eq!(path(nothing().variable("PARAPH_ALLOWED_IDENTITIES", "who")), Path::new("/repo/who"));
    assert_eq!(path(nothing().variable("PARAPH_ALLOWED_IDENTITIES", "~/who")), Path::new("/home/u/who"));
    assert_eq!(path(nothing().global("paraph.allowedIdentities", "/etc/who")), Path::new("/etc/who"));
    let config = nothing().git(Scope::Local, "gitsign.fulcioRoot", Some("ca.pem")).config().unwrap();
    assert_eq!(config.fulcio_root.value.as_deref(), Some(Path::new("/repo/ca.pem")), "as gitsign reads it");
    assert!(nothing().variable("PARAPH_LOG", "~other/log").error().contains("another user"));
}

#[test]
fn a_bad_value_names_key_value_place_and_what_is_allowed() {
    assert_eq!(
        nothing().global("paraph.timeout", "soon\u{1b}[1m").error(),
        "paraph.timeout in /home/u/.gitconfig (global) is \"soon\\u{1b}[1m\"; allowed: a whole number of seconds from 1 to 3600"
    );
    assert_eq!(
        nothing().variable("GITSIGN_REKOR_MODE", "both").error(),
        "the variable GITSIGN_REKOR_MODE is \"both\"; allowed: offline, online"
    );
    assert_eq!(
        nothing().git(Scope::CommandLine, "paraph.timeout", None).error(),
        "paraph.timeout on git's command line is set without a value; allowed: a whole number of seconds from 1 to 3600"
    );
    for (key, value) in [
        ("gitsign.rekorVersion", "3"),
        ("gitsign.tokenProvider", "oracle"),
        ("gitsign.fulcio", "fulcio.example"),
        ("gitsign.fulcio", "file:///x"),
        ("gitsign.rekor", "https://a b"),
        ("paraph.timeout", "0"),
        ("paraph.timeout", "3601"),
        ("paraph.timeout", ""),
        ("gitsign.autocloseTimeout", "3601"),
        ("gitsign.autocloseTimeout", "-1"),
        ("paraph.instance", "Public"),
        ("paraph.instance", "-x"),
        ("paraph.instance", "a/b"),
        ("paraph.instance", ".."),
        ("paraph.expectedIdentity", "a\u{202e}b"),
        ("gitsign.urlOpener", "firefox"),
    ] {
        let error = nothing().global(key, value).error();
        assert!(error.starts_with(&format!("{key} in /home/u/.gitconfig (global) is \"")) && error.contains("; allowed: "), "{error}");
    }
    let long = "x".repeat(9000);
    assert!(nothing().global("paraph.timeout", &long).error().len() < 400);
}

/// gitsign's default, and what its users have set.
#[test]
fn the_last_page_of_a_login_closes_itself_as_gitsigns_does() {
    let closing = |surroundings: Surroundings| {
        let config = surroundings.config().unwrap();
        (config.autoclose.value, config.autoclose_timeout.value)
    };
    assert_eq!(closing(nothing()), (true, 6));
    assert_eq!(closing(nothing().global("gitsign.autoclose", "false")), (false, 6));
    assert_eq!(closing(nothing().global("gitsign.autocloseTimeout", "0").variable("GITSIGN_AUTOCLOSE", "no")), (false, 0));
}

#[test]
fn a_value_that_does_not_win_is_not_judged() {
    let config = nothing().global("paraph.timeout", "soon").git(Scope::Local, "paraph.timeout", Some("5")).config().unwrap();
    assert_eq!(config.timeout.value, Duration::from_secs(5));
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    let mut surroundings = nothing().global("paraph.logPath", "x");
    surroundings.entries[0].value = Some(b"a\xffb".to_vec());
    assert!(surroundings.error().contains("not valid UTF-8"));
}

#[test]
fn a_secret_stands_in_no_output_and_no_error() {
    let config = nothing().variable("SIGSTORE_ID_TOKEN", " hush.hush.hush\n").config().unwrap();
    assert_eq!(config.identity_token.value.as_ref().unwrap().expose(), "hush.hush.hush");
    assert!(!format!("{config:?}").contains("hush"));
    let shown = config.effective().into_iter().find(|setting| setting.info.name == "identityToken").unwrap();
    assert_eq!(shown.value, Shown::Secret);
    assert!(!nothing().variable("SIGSTORE_ID_TOKEN", "hush hush").error().contains("hush"));
    for url in ["https://user:hush@f.example", "https://hush@f.example/x", "hush@f.example", "https:user:hush@f.example"] {
        let error = nothing().global("gitsign.fulcio", url).error();
        assert!(!error.contains("hush"), "{error}");
    }
}

#[test]
fn instances_of_ones_own_are_described_in_subsections() {
    let config = nothing()
        .global("paraph.instance", "office")
        .global("paraph.office.trustedRoot", "office/root.json")
        .git(Scope::Local, "paraph.office.mirror", Some("https://tuf.office.example"))
        .global("paraph.lab.signingConfig", "~/lab.json")
        .config()
        .unwrap();
    assert_eq!(config.instance_name(), Instance::named("office").unwrap());
    let office = config.instance_settings(&Instance::named("office").unwrap()).unwrap();
    assert_eq!(office.trusted_root.value.as_deref(), Some(Path::new("/home/u/office/root.json")));
    assert!(!office.trusted_root.source.is_repository() && office.mirror.source.is_repository());
    assert_eq!(office.signing_config.value, None);
    let lab = config.instance_settings(&Instance::named("lab").unwrap()).unwrap();
    assert_eq!(lab.signing_config.value.as_deref(), Some(Path::new("/home/u/lab.json")));
    assert_eq!(config.instance_settings(&Instance::named("Lab").unwrap()), None);
    for name in ["public", "Staging", "a b", ""] {
        let error = nothing().global(&format!("paraph.{name}.trustedRoot"), "x").error();
        assert!(error.contains("/home/u/.gitconfig (global)") && error.contains("; allowed: "), "{error}");
    }
}

#[test]
fn trust_from_files_or_variables_is_the_instance_custom() {
    for variable in
        ["PARAPH_TRUSTED_ROOT", "GITSIGN_FULCIO_ROOT", "SIGSTORE_ROOT_FILE", "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_TSA_CERTIFICATE_FILE"]
    {
        assert_eq!(nothing().variable(variable, "/x").config().unwrap().instance_name(), Instance::Custom, "{variable}");
    }
}

#[test]
fn the_logs_protocol_is_version_1_where_its_url_is_set() {
    assert_eq!(nothing().variable("GITSIGN_REKOR_URL", "http://localhost:3000").config().unwrap().rekor_protocol(), Some(RekorVersion::V1));
    let both = nothing().variable("GITSIGN_REKOR_URL", "http://localhost:3000").global("gitsign.rekorVersion", "2");
    assert_eq!(both.config().unwrap().rekor_protocol(), Some(RekorVersion::V2));
}

#[test]
fn what_has_no_effect_is_noticed_with_its_reason() {
    let notices = |surroundings: Surroundings| surroundings.config().unwrap().notices.iter().map(Notice::to_string).collect::<Vec<_>>();
    let ignored = notices(nothing().variable("GITSIGN_CREDENTIAL_CACHE", "/run/x").global("gitsign.enableSigstoreGo", "maybe"));
    assert_eq!(ignored.len(), 2);
    assert!(ignored[0].starts_with("gitsign.enablesigstorego in /home/u/.gitconfig (global) is ignored: "), "{}", ignored[0]);
    assert!(ignored[1].starts_with("the variable GITSIGN_CREDENTIAL_CACHE is ignored: "), "{}", ignored[1]);
    assert_eq!(notices(nothing().global("gitsign.rekorMode", "offline")), [""; 0]);
    assert!(notices(nothing().global("gitsign.rekorMode", "online"))[0].contains("embedded"));
    assert!(notices(nothing().global("paraph.alowedIdentities", "x"))[0].contains("is not a known setting"));
    assert!(notices(nothing().global("paraph.office.mirrors", "x"))[0].contains("is not a known setting"));
}

#[test]
fn the_table_is_consistent() {
    let mut names = std::collections::HashSet::new();
    for info in SETTINGS {
        assert!(names.insert(info.name), "{}", info.name);
        assert!(info.help.ends_with('.'), "{}", info.name);
        assert!(info.default.is_empty() != info.otherwise.is_empty(), "{}: either a default or what happens without one", info.name);
        for key in info.keys {
            assert!(["paraph.", "gitsign."].iter().any(|prefix| *key == format!("{prefix}{}", info.name)), "{key}");
        }
        let order = ["PARAPH_", "GITSIGN_", "SIGSTORE_"];
        let places: Vec<_> = info.variables.iter().map(|name| order.iter().position(|prefix| name.starts_with(prefix)).unwrap()).collect();
        assert!(places.is_sorted() && places.first() == Some(&0), "{}", info.name);
    }
    for ignored in IGNORED {
        assert!(!ignored.reason.ends_with('.') && ignored.keys.len() + ignored.variables.len() > 0);
    }
}
