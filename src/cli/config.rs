//! `paraph config`: the effective settings and where each comes from.

use super::exit::{Exit, Failure};
use super::ui::Ui;
use crate::config::{Authority, Config, IGNORED, Notice, SETTINGS, Setting, SettingInfo, Shown, Source};
use crate::repository::Repository;
use crate::selection::{GitNetwork, shown};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Show the effective settings and where each comes from
///
/// Settings come from environment variables and from git's configuration. The first value found is used: PARAPH_ variables, then GITSIGN_,
/// then SIGSTORE_ variables; then paraph.* and gitsign.* keys. Several values of one key count in git's own order, including `git -c`. One
/// rule differs: what decides whom you trust counts in a repository's own configuration only if no other source sets it (see
/// man/who-decides.md). A warning names each value that is ignored.
///
/// A value that is not allowed makes the commands fail that use the setting. `paraph config` lists all such values, and exits with 3.
///
/// An empty value counts as not set; for a switch it means false. A relative path in a paraph.* key is relative to the file that sets it.
/// Other relative paths are relative to the current folder. ~ is the home folder. Secrets are never shown.
///
/// It also shows git's settings of connections (http.proxy, http.sslCAInfo and others). paraph does not use those of a repository.
///
/// Example: paraph config --json
#[derive(Debug, clap::Args)]
#[command(after_long_help = help())]
pub(super) struct Args {
    /// Print the settings as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let repository = Repository::discover()?;
    let config = Config::load(repository.as_ref(), &[])?;
    let network = GitNetwork::load(repository.as_ref())?;
    if arguments.json {
        ui.json(&document(&config, repository.as_ref(), &network));
    } else {
        print(&config, &network, ui);
    }
    match config.wrong.split_last() {
        None => Ok(Exit::Good),
        Some((last, others)) => {
            others.iter().for_each(|wrong| ui.error(&wrong.message));
            Err(Failure::configuration(&last.message))
        }
    }
}

fn print(config: &Config, network: &GitNetwork, ui: &mut Ui) {
    let is_wrong = |name: &str| config.wrong.iter().any(|wrong| wrong.name == name);
    for setting in config.effective() {
        if is_wrong(setting.info.name) {
            ui.line(format!("{}: not valid; see the error", setting.info.name));
            continue;
        }
        line(ui, setting.info.name, &setting.value, setting.source, setting.info.otherwise);
    }
    for instance in &config.instances {
        let mirror = instance.mirror.value.as_ref().map_or(Shown::Unset, |url| Shown::Text(url.to_string()));
        for (key, value, source, otherwise) in [
            ("trustedRoot", path(&instance.trusted_root), &instance.trusted_root.source, "uses its TUF repository's"),
            ("signingConfig", path(&instance.signing_config), &instance.signing_config.source, "uses its TUF repository's"),
            ("mirror", mirror, &instance.mirror.source, ""),
            ("accessCodeFile", path(&instance.access_code_file), &instance.access_code_file.source, ""),
        ] {
            line(ui, &format!("{}.{key}", instance.name), &value, source, otherwise);
        }
    }
    for setting in &network.network.settings {
        ui.line(format!("connections = {}  ({})", shown(&setting.value), setting.origin));
    }
    for origin in &network.ignored {
        ui.warning(format!("{origin} is not used: a repository does not choose how an identity token travels."));
    }
    for notice in config.notices.iter().chain(&config.overruled) {
        ui.warning(format!("{notice}."));
    }
}

fn line(ui: &mut Ui, name: &str, value: &Shown, source: &Source, otherwise: &str) {
    match value {
        Shown::Text(text) => ui.line(format!("{name} = {text}  ({source})")),
        Shown::Secret => ui.line(format!("{name}: set, not shown  ({source})")),
        Shown::Unset if *source == Source::Default && otherwise.is_empty() => ui.line(format!("{name}: not set")),
        Shown::Unset if *source == Source::Default => ui.line(format!("{name}: not set ({otherwise})")),
        Shown::Unset => ui.line(format!("{name}: set to an empty value  ({source})")),
    }
}

fn path(setting: &Setting<Option<std::path::PathBuf>>) -> Shown {
    setting.value.as_ref().map_or(Shown::Unset, |path| Shown::Text(path.to_string_lossy().into_owned()))
}

/// The document of `--json`. Names are only added, never removed.
fn document(config: &Config, repository: Option<&Repository>, network: &GitNetwork) -> Value {
    let settings: Map<String, Value> =
        config.effective().into_iter().map(|setting| (setting.info.name.to_owned(), value_of(&setting.value, setting.source))).collect();
    let instances: Map<String, Value> = config
        .instances
        .iter()
        .map(|instance| {
            let mirror = instance.mirror.value.as_ref().map_or(Shown::Unset, |url| Shown::Text(url.to_string()));
            let described = json!({
                "trustedRoot": value_of(&path(&instance.trusted_root), &instance.trusted_root.source),
                "signingConfig": value_of(&path(&instance.signing_config), &instance.signing_config.source),
                "mirror": value_of(&mirror, &instance.mirror.source),
                "accessCodeFile": value_of(&path(&instance.access_code_file), &instance.access_code_file.source),
            });
            (instance.name.to_string(), described)
        })
        .collect();
    let connections = network.network.settings.iter().map(|setting| json!({ "value": shown(&setting.value), "source": setting.origin }));
    let connections: Vec<Value> = connections.collect();
    json!({
        "repository": repository.map(|repository| repository.git_dir().to_string_lossy()),
        "instance": config.instance_name().as_str(),
        "settings": settings,
        "instances": instances,
        "problems": config.wrong.iter().map(|wrong| json!({ "name": wrong.name, "text": wrong.message })).collect::<Vec<_>>(),
        "connections": connections,
        "notices": config.notices.iter().chain(&config.overruled).map(Notice::to_string).collect::<Vec<_>>(),
    })
}

fn value_of(value: &Shown, source: &Source) -> Value {
    let source = match source {
        Source::Default => json!({ "kind": "default" }),
        Source::Option(flag) => json!({ "kind": "option", "name": flag }),
        Source::Variable(name) => json!({ "kind": "variable", "name": name }),
        Source::Git { key, scope, file, .. } => {
            json!({ "kind": "git", "name": key, "scope": scope.name(), "file": file.as_ref().map(|file| file.to_string_lossy()) })
        }
    };
    match value {
        Shown::Text(text) => json!({ "value": text, "source": source }),
        Shown::Unset => json!({ "value": null, "source": source }),
        Shown::Secret => json!({ "value": null, "secret": true, "source": source }),
    }
}

/// The table of settings for the help and the manual page.
fn help() -> String {
    let mut text = "Settings:\n".to_owned();
    for info in SETTINGS {
        text.push('\n');
        wrap(&mut text, "  ", &names(info.keys, variables_of(info)));
        for sentence in [help_of(info), format!("Allowed: {}.", info.allowed), otherwise(info)] {
            wrap(&mut text, "      ", &sentence);
        }
    }
    text.push_str("\nIgnored settings of other programs:\n");
    for ignored in IGNORED {
        text.push('\n');
        wrap(&mut text, "  ", &names(ignored.keys, ignored.variables));
        wrap(&mut text, "      ", &format!("{}.", ignored.reason));
    }
    text.trim_end().to_owned()
}

/// The table of settings in Markdown.
pub(super) fn markdown() -> String {
    let mut text = "# Settings\n\nEvery setting of paraph: its keys in git's configuration and its environment variables. For example, to sign as one identity only:\n\n\
        ```\ngit config --global paraph.expectedIdentity you@example.com\n```\n\n\
        `paraph config` shows the effective values and where each comes from. `paraph config --help` explains their order of precedence. \
        This page is generated by `paraph generate-docs`.\n\n| key, variables | what it does | allowed | default |\n| --- | --- | --- | --- |\n"
        .to_owned();
    let code = |keys: &[&str], variables: &[&str]| format!("`{}`", names(keys, variables).replace(", ", "`, `"));
    let cell = |text: &str| text.replace('|', "\\|");
    for info in SETTINGS {
        // Writing to a String cannot fail.
        let default = if info.default.is_empty() { info.otherwise.to_owned() } else { format!("`{}`", info.default) };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(info.keys, variables_of(info)),
            cell(&help_of(info)),
            cell(info.allowed),
            cell(&default)
        );
    }
    text.push_str("\n## Ignored settings of other programs\n\n| key, variables | why |\n| --- | --- |\n");
    for ignored in IGNORED {
        let _ = writeln!(text, "| {} | {} |", code(ignored.keys, ignored.variables), cell(ignored.reason));
    }
    text
}

/// What a setting does, and what a repository may do with it.
fn help_of(info: &SettingInfo) -> String {
    format!("{} {}", info.help, info.authority.sentence()).trim_end().to_owned()
}

/// The variables of a setting that have an effect.
fn variables_of(info: &SettingInfo) -> &'static [&'static str] {
    if info.authority == Authority::UserFiles { &[] } else { info.variables }
}

fn names(keys: &[&str], variables: &[&str]) -> String {
    keys.iter().chain(variables).copied().collect::<Vec<_>>().join(", ")
}

fn otherwise(info: &SettingInfo) -> String {
    if info.default.is_empty() { format!("Not set: {}.", info.otherwise) } else { format!("Default: {}.", info.default) }
}

const LINE: usize = 70;

/// Appends a text in lines that fit the help and the narrower manual page.
fn wrap(text: &mut String, indent: &str, sentence: &str) {
    let mut width = 0;
    for word in sentence.split(' ') {
        if width == 0 {
            text.push_str(indent);
            width = indent.len();
        } else if width + 1 + word.len() > LINE {
            text.push('\n');
            text.push_str(indent);
            width = indent.len();
        } else {
            text.push(' ');
            width += 1;
        }
        text.push_str(word);
        width += word.len();
    }
    text.push('\n');
}
