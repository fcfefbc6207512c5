//! The configuration as a function of its inputs.

use super::rank::Authority;
use super::*;
use crate::repository::ConfigEntry;
use std::{ffi::OsString, time::Duration};

struct Surroundings {
    options: Vec<OptionValue>,
    variables: Vec<(&'static str, &'static str)>,
    entries: Vec<ConfigEntry>,
    weight: RepositoryWeight,
    purpose: Purpose,
    imported: Vec<&'static str>,
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
            Scope::Local | Scope::Worktree => Some(PathBuf::from("/repo/.git/config")),
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
        let mut entries = self.entries.clone();
        entries.sort_by_key(|entry| entry.scope);
        Config::from_inputs(&Inputs {
            options: &self.options,
            variable: &variable,
            weight: self.weight,
            purpose: self.purpose,
            imported: &|name| self.imported.contains(&name.as_str()).then(|| PathBuf::from(format!("/home/u/trust/{name}.json"))),
            ..Inputs::of_entries(&entries, Path::new("/repo"), Some(Path::new("/home/u")))
        })
    }

    fn error(&self) -> String {
        self.config().unwrap().wrong.first().unwrap().message.clone()
    }
}

fn nothing() -> Surroundings {
    Surroundings {
        options: Vec::new(),
        variables: Vec::new(),
        entries: Vec::new(),
        weight: RepositoryWeight::Weak,
        purpose: Purpose::Verifying,
        imported: Vec::new(),
    }
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
fn an_empty_value_of_any_setting_counts_as_not_set() {
    for info in SETTINGS {
        let by_key = info.keys.iter().map(|key| nothing().global(key, ""));
        let by_variable = info.variables.iter().map(|variable| nothing().variable(variable, ""));
        for config in by_key.chain(by_variable).map(|surroundings| surroundings.config().unwrap()) {
            assert_eq!(config.wrong, [], "{}", info.name);
            let found = config.effective().into_iter().find(|setting| setting.info.name == info.name).unwrap();
            let default = if info.default.is_empty() { Shown::Unset } else { Shown::Text(info.default.to_owned()) };
            let off = Shown::Text("false".to_owned());
            assert!(found.value == default || info.allowed == <bool as value::Value>::ALLOWED && found.value == off, "{}", info.name);
        }
    }
    // the parts of an instance too, also those of a repository that do not count
    for key in ["trustedRoot", "signingConfig", "mirror", "accessCodeFile"].map(|key| format!("paraph.corp.{key}")) {
        let described = nothing().global("paraph.corp.trustedRoot", "root.json").git(Scope::Local, &key, Some(""));
        assert_eq!(described.config().unwrap().wrong, [], "{key}");
    }
}

#[test]
fn a_switch_is_read_as_git_reads_one() {
    let matches =
        |value: Option<&str>| nothing().git(Scope::Local, "gitsign.matchCommitter", value).config().map(|c| c.match_committer.value);
    for (value, expected) in [(None, true), (Some("Yes"), true), (Some("1"), true), (Some(""), false), (Some("off"), false)] {
        assert_eq!(matches(value).unwrap(), expected, "{value:?}");
    }
    assert!(nothing().git(Scope::Local, "gitsign.matchCommitter", Some("maybe")).error().contains("\"maybe\""));
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
    let signing = Surroundings { purpose: Purpose::Signing, ..nothing() };
    let config = signing.git(Scope::Local, "gitsign.fulcioRoot", Some("ca.pem")).config().unwrap();
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
    assert_eq!((office.trusted_root.source.rank(), office.mirror.value.as_ref()), (Some(Rank::User), None));
    assert_eq!(config.overruled.len(), 1, "{:?}", config.overruled);
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
        let order = ["PARAPH_", "GITSIGN_", "SIGSTORE_", "GIT_"];
        let places: Vec<_> = info.variables.iter().map(|name| order.iter().position(|prefix| name.starts_with(prefix)).unwrap()).collect();
        assert!(places.is_sorted() && (info.variables.is_empty() || places.first() == Some(&0)), "{}", info.name);
    }
    for ignored in IGNORED {
        assert!(!ignored.reason.ends_with('.') && ignored.keys.len() + ignored.variables.len() > 0);
    }
}

mod ranks {
    //! Who decides: each deciding key with each pair of sources.

    use super::*;

    const FILES: [&str; 5] = ["trustedRoot", "fulcioRoot", "rekorPublicKey", "ctLogPublicKey", "timestampCertChain"];

    /// Adds a setting of one source.
    type Source = fn(Surroundings, &str) -> Surroundings;

    /// The sources from weak to strong. Each sets `setting` to a value that names the source.
    const SOURCES: [(Rank, Source); 7] = [
        (Rank::Repository, |all, key| all.git(Scope::Local, key, Some(&of(key, "local")))),
        (Rank::Repository, |all, key| all.git(Scope::Worktree, key, Some(&of(key, "worktree")))),
        (Rank::User, |all, key| all.git(Scope::System, key, Some(&of(key, "system")))),
        (Rank::User, |all, key| all.git(Scope::Global, key, Some(&of(key, "global")))),
        (Rank::Environment, |all, key| all.git(Scope::Environment, key, Some(&of(key, "environment")))),
        (Rank::Environment, |all, key| all.git(Scope::CommandLine, key, Some(&of(key, "git-c")))),
        (Rank::CommandLine, |mut all, key| {
            let setting = SETTINGS.iter().find(|info| info.keys.contains(&key)).unwrap().name;
            all.options.push(OptionValue { setting, flag: "--it", value: of(key, "option").into() });
            all
        }),
    ];

    /// A value that names a source: a path, or an address or the id of a commit where the setting takes one.
    fn of(key: &str, source: &str) -> String {
        let info = SETTINGS.iter().find(|info| info.keys.contains(&key)).unwrap();
        if info.allowed.contains("id of a commit") {
            return format!("{:0<40}", hex::encode(source));
        }
        if info.allowed.contains("https URL") { format!("https://{source}.test") } else { format!("/{source}") }
    }

    fn value(config: &Config, key: &str) -> (String, Option<Rank>) {
        let name = key.split_once('.').unwrap().1;
        let effective = config.effective().into_iter().find(|setting| setting.info.name == name).unwrap();
        let Shown::Text(text) = effective.value else { return (String::new(), None) };
        (text, effective.source.rank())
    }

    fn texts(notices: &[Notice]) -> String {
        notices.iter().map(Notice::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_strongest_source_of_each_deciding_key_supplies_it() {
        let keys =
            SETTINGS.iter().filter(|info| matches!(info.authority, Authority::Ranked | Authority::TrustRoot)).flat_map(|info| info.keys);
        let mut count = 0;
        for key in keys {
            for (weak, (weak_rank, set_weak)) in SOURCES.iter().enumerate() {
                for (strong_rank, set_strong) in SOURCES.iter().skip(weak + 1) {
                    let config = set_weak(set_strong(nothing(), key), key).config().unwrap();
                    let text = value(&config, key).0;
                    let strong = value(&set_strong(nothing(), key).config().unwrap(), key).0;
                    // files of the repository alone do not complete another root
                    let alone =
                        *strong_rank == Rank::Repository && FILES.iter().any(|file| key.ends_with(file)) && !key.ends_with("trustedRoot");
                    assert_eq!(text, strong, "{key}");
                    assert_eq!(strong.is_empty(), alone, "{key}");
                    let said = texts(&config.overruled);
                    if *weak_rank == Rank::Repository && *strong_rank > Rank::Repository {
                        assert!(said.contains("is ignored: ") && said.contains("/repo/.git/config"), "{key}: {said}");
                        assert_eq!(said.lines().count(), 1, "{said}");
                        let named = if matches!(*strong_rank, Rank::User) { "/home/u/.gitconfig" } else { "takes precedence" };
                        assert!(said.contains(named), "{said}");
                    }
                    count += 1;
                }
            }
        }
        assert!(count > 200, "{count}");
    }

    #[test]
    fn a_repository_can_restrict_and_cannot_relax() {
        let read = |all: &Surroundings, key: &str| value(&all.config().unwrap(), key).0;
        for info in SETTINGS {
            let Authority::Restricts(restrictive) = info.authority else { continue };
            let relaxed = if restrictive == "true" { "false" } else { "true" };
            for key in info.keys {
                let local = |value: &str| nothing().git(Scope::Local, key, Some(value));
                assert_eq!(read(&local(restrictive), key), restrictive, "{key}");
                assert_eq!(read(&local(restrictive).global(key, relaxed), key), restrictive, "{key}");
                let all = local(relaxed).global(key, restrictive);
                assert_eq!(read(&all, key), restrictive, "{key}");
                assert!(texts(&all.config().unwrap().overruled).ends_with("is ignored: a repository can only restrict"), "{key}");
                assert_eq!(read(&local(relaxed), key), info.default, "{key}");
                let by_call = local(restrictive).git(Scope::CommandLine, key, Some(relaxed));
                assert_eq!(read(&by_call, key), relaxed, "{key}");
                let trusted = Surroundings { weight: RepositoryWeight::AsUser, ..local(relaxed) };
                assert_eq!(read(&trusted, key), relaxed, "{key}");
            }
        }
    }

    #[test]
    fn every_setting_that_grants_something_has_an_authority() {
        let free: Vec<&str> = SETTINGS.iter().filter(|info| info.authority == Authority::Free).map(|info| info.name).collect();
        for name in [
            "allowedIdentities",
            "forgeKey",
            "forgeCommitter",
            "matchCommitter",
            "allowLegacy",
            "allowPlainHttp",
            "trustRepository",
            "policyRoot",
            "policyFile",
            "judgeSince",
        ] {
            assert!(!free.contains(&name), "{name}");
        }
        assert!(FILES.iter().all(|name| !free.contains(name)));
    }

    #[test]
    fn the_parts_of_a_root_come_from_the_user_or_stronger_sources() {
        let mut all = nothing().global("gitsign.fulcioRoot", "/global/ca").variable("SIGSTORE_REKOR_PUBLIC_KEY", "/env/rekor");
        let files = |all: &Surroundings| {
            let config = all.config().unwrap();
            let files = config.trust_files().map(|file| file.value.as_ref().map_or(String::new(), |path| path.display().to_string()));
            (files.join(" ").trim().to_owned(), texts(&config.overruled))
        };
        assert_eq!(files(&all), ("/global/ca /env/rekor".into(), String::new()));
        all = all.git(Scope::Local, "paraph.ctLogPublicKey", Some("/repo/ct")).git(
            Scope::Local,
            "gitsign.timestampCertChain",
            Some("/repo/tsa"),
        );
        let (kept, said) = files(&all);
        assert_eq!(kept, "/global/ca /env/rekor");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("paraph.ctLogPublicKey, ") || said.contains("gitsign.timestampCertChain, "), "{said}");
        // a whole root that is chosen more strongly stands alone
        all.options.push(OptionValue { setting: "trustedRoot", flag: "--trusted-root", value: "/option".into() });
        assert_eq!(files(&all).0, "/option");
        // without any other source, the repository's files are used if they are a whole root
        let local = |keys: &[&str]| keys.iter().fold(nothing(), |all, key| all.git(Scope::Local, &format!("paraph.{key}"), Some("/x")));
        assert_eq!(files(&local(&["trustedRoot", "rekorPublicKey"])).0, "/x  /x");
        assert_eq!(files(&local(&["fulcioRoot", "rekorPublicKey", "ctLogPublicKey"])).0, "/x /x /x");
        let (none, said) = files(&local(&["fulcioRoot", "rekorPublicKey"]));
        assert!(none.is_empty() && said.contains("do not complete another trust root"), "{said}");
    }

    #[test]
    fn an_instance_that_is_chosen_more_strongly_is_not_joined_by_files() {
        let with_option = |mut all: Surroundings, name: &str| {
            all.options.push(OptionValue { setting: "instance", flag: "--instance", value: name.into() });
            all
        };
        for file in FILES {
            let key = format!("paraph.{file}");
            for all in [
                with_option(nothing().git(Scope::Local, &key, Some("/x")), "public"),
                with_option(nothing().global(&key, "/x"), "public"),
                nothing().git(Scope::Local, &key, Some("/x")).global("paraph.instance", "public"),
                nothing().git(Scope::Local, &key, Some("/x")).variable("PARAPH_INSTANCE", "public"),
            ] {
                let config = all.config().unwrap();
                assert_eq!((config.instance_name(), config.has_trust_files()), (Instance::Public, false), "{file}");
                assert!(texts(&config.overruled).contains("is ignored: "), "{file}");
            }
        }
    }

    #[test]
    fn an_instance_that_the_user_describes_is_not_described_by_a_repository() {
        let corp = Instance::named("corp").unwrap();
        let root = |all: &Surroundings| {
            let config = all.config().unwrap();
            let settings = config.instance_settings(&corp).cloned();
            let root = settings.and_then(|settings| settings.trusted_root.value).map(|path| path.display().to_string());
            (root, texts(&config.overruled))
        };
        let local = || nothing().git(Scope::Local, "paraph.corp.trustedRoot", Some("/evil"));
        assert_eq!(root(&local()), (Some("/evil".into()), String::new()), "nobody else describes it");
        for key in ["trustedRoot", "mirror", "signingConfig", "accessCodeFile"] {
            let value = if key == "mirror" { "https://corp.example" } else { "/own" };
            let (found, said) = root(&local().global(&format!("paraph.corp.{key}"), value));
            assert_eq!(found.as_deref(), (key == "trustedRoot").then_some("/own"), "{key}");
            assert!(said.contains("/repo/.git/config") && said.contains("/home/u/.gitconfig"), "{said}");
        }
        let imported = Surroundings { imported: vec!["corp"], ..local() };
        let (found, said) = root(&imported);
        assert!(found.is_none() && said.contains("the imported trust in /home/u/trust/corp.json takes precedence"), "{said}");
        // a root of the repository's is not given the name of an instance of the user's
        for named in [nothing().global("paraph.corp.mirror", "https://corp.example"), Surroundings { imported: vec!["corp"], ..nothing() }]
        {
            let all = named.git(Scope::Local, "paraph.instance", Some("corp")).git(Scope::Local, "paraph.trustedRoot", Some("/evil"));
            let config = all.config().unwrap();
            assert_eq!((config.instance_name(), config.has_trust_files()), (corp.clone(), false));
        }
        // nor is the user's own root
        let all = nothing().global("paraph.corp.mirror", "https://corp.example").variable("PARAPH_TRUSTED_ROOT", "/lab");
        let config = all.git(Scope::Local, "paraph.instance", Some("corp")).config().unwrap();
        assert_eq!((config.instance_name(), config.has_trust_files()), (Instance::Custom, true));
    }

    #[test]
    fn signing_uses_the_root_of_the_services_that_are_configured() {
        let all = nothing().global("gitsign.fulcioRoot", "/global").git(Scope::Local, "gitsign.fulcioRoot", Some("/local"));
        let all = Surroundings { purpose: Purpose::Signing, ..all.git(Scope::Local, "paraph.matchCommitter", Some("false")) };
        let config = all.global("paraph.matchCommitter", "true").config().unwrap();
        assert_eq!(config.fulcio_root.value.as_deref(), Some(Path::new("/local")));
        assert!(config.match_committer.value, "a restriction holds for signing too");
    }

    #[test]
    fn an_embedded_repository_decides_nothing_and_a_trusted_one_counts_as_the_user() {
        let keys =
            SETTINGS.iter().filter(|info| matches!(info.authority, Authority::Ranked | Authority::TrustRoot)).flat_map(|info| info.keys);
        for key in keys {
            let (global, local) = (of(key, "global"), of(key, "local"));
            let all = |weight| Surroundings { weight, ..nothing().global(key, &global).git(Scope::Local, key, Some(&local)) };
            assert_eq!(value(&all(RepositoryWeight::AsUser).config().unwrap(), key).0, local, "{key}");
            let embedded = Surroundings { weight: RepositoryWeight::Embedded, ..nothing().git(Scope::Local, key, Some(&local)) };
            let embedded = embedded.config().unwrap();
            assert_eq!(value(&embedded, key), (String::new(), None), "{key}");
            assert!(texts(&embedded.overruled).contains("safe.bareRepository"), "{key}");
        }
        let all = nothing().git(Scope::Local, "paraph.corp.trustedRoot", Some("/x"));
        let config = Surroundings { weight: RepositoryWeight::Embedded, ..all }.config().unwrap();
        assert!(config.instances.is_empty() && config.overruled.len() == 1);
    }

    #[test]
    fn only_the_users_files_set_what_the_agent_reads_and_trust_a_repository() {
        let value_of = |config: &Config, name: &str| -> String {
            config
                .effective()
                .iter()
                .find(|effective| effective.info.name == name)
                .map(|effective| format!("{:?}", effective.value))
                .unwrap()
        };
        let mut names = Vec::new();
        for info in SETTINGS.iter().filter(|info| info.authority == Authority::UserFiles) {
            let (name, key) = (info.name, info.keys[0]);
            names.push(name);
            let value = match name {
                "keyring" => "os",
                "agentConfirm" => "never",
                "trustRepository" => "/repo",
                "agentSignDigests" => "true",
                _ => "7",
            };
            let otherwise = value_of(&nothing().config().unwrap(), name);
            let elsewhere = [Scope::Local, Scope::Worktree, Scope::Environment, Scope::CommandLine]
                .into_iter()
                .map(|scope| nothing().git(scope, key, Some(value)))
                .chain(info.variables.iter().map(|variable| nothing().variable(variable, value)));
            for inputs in elsewhere {
                let config = inputs.config().unwrap();
                assert_eq!(value_of(&config, name), otherwise, "{name}");
                let notice = config.notices[0].to_string();
                assert!(notice.ends_with("is ignored: only the files of the user and the system set it"), "{name}: {notice}");
            }
            let config = nothing().global(key, value).config().unwrap();
            assert!(value_of(&config, name) != otherwise && config.notices.is_empty(), "{name}");
        }
        let of_agent = ["agentTimeout", "agentConfirm", "agentConfirmSignatures", "agentConfirmTime", "agentSignDigests", "keyring"];
        assert_eq!(names, [&["trustRepository"], &of_agent[..]].concat());
    }
}
