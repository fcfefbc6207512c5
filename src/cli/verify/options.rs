//! What `paraph verify` and `paraph verify-tag` have in common: how to judge, and how to tell.

use super::{expect::Expect, legacy::Legacy};
use crate::{
    cli::{
        context::Context,
        exit::{Exit, Failure},
        ui::Ui,
    },
    config::OptionValue,
    judge::Judge,
    kept::Kept,
    verify::Verifier,
};
use directories::ProjectDirs;
use jiff::Timestamp;
use std::path::PathBuf;

/// The flags of both commands
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// Have OpenPGP and SSH signatures judged too, by git's own verifier
    ///
    /// git runs the programs of its configuration (gpg.program, gpg.ssh.program), which know their keys; good is what it shows as G, with the
    /// trust that gpg.minTrustLevel demands. The CMS of another program stays `other`: git would hand it to paraph.
    #[arg(long)]
    pub other_signatures: bool,
    /// Print the verdicts in this format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print nothing but warnings and errors; the exit code tells
    #[arg(long, short, conflicts_with_all = ["json", "format"])]
    pub quiet: bool,
    /// Verify under this trusted_root.json
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Verify under the trust of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub instance: Option<String>,
    /// Take this time as now, in RFC 3339. It decides what lies in the future; it never replaces a trusted time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Keep what is verified in the cache folder, and do not verify it again (see paraph.verdictCache)
    #[arg(long)]
    pub cache: bool,
    #[command(flatten)]
    expect: Expect,
    #[command(flatten)]
    legacy: Legacy,
}

/// How verdicts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// Sentences, and a summary of many objects
    Text,
    /// An object a line: man/json.md
    Json,
    /// One SARIF 2.1.0 document, a result for each object that is not good
    Sarif,
}

impl Options {
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    fn settings(&self) -> Vec<OptionValue> {
        let option = |setting, flag, value: Option<std::ffi::OsString>| value.map(|value| OptionValue { setting, flag, value });
        let root = option("trustedRoot", "--trusted-root", self.trusted_root.as_ref().map(|path| path.clone().into()));
        let instance = option("instance", "--instance", self.instance.as_ref().map(|name| name.clone().into()));
        root.into_iter().chain(instance).chain(self.legacy.setting()).collect()
    }
}

/// What earlier runs verified under the same trust; what cannot be used is said, and verified anew.
fn open_cache(verifier: &Verifier, warnings: &mut Vec<String>) -> Result<Kept, Failure> {
    let places = ProjectDirs::from("", "", "paraph")
        .ok_or_else(|| Failure::new(Exit::Io, "there is no cache folder: the user has no home folder").with_hint("set HOME"))?;
    let (kept, remark) = Kept::open(&places.cache_dir().join("verdicts"), verifier.roots(), verifier.now());
    warnings.extend(remark.map(|remark| remark.to_string()));
    Ok(kept)
}

fn time(text: &str) -> Result<Timestamp, String> {
    crate::policy::time_of(text).ok_or_else(|| "it is no time in RFC 3339, such as 2026-01-31T00:00:00Z".to_owned())
}

/// What both commands judge with.
pub(super) struct Session {
    pub context: Context,
    pub judge: Judge,
    warnings: Vec<String>,
}

impl Session {
    pub fn open(options: &Options) -> Result<Self, Failure> {
        let context = Context::load(&options.settings())?;
        context.repository()?;
        let verifier = Verifier::new(context.trust_roots()?, options.at.unwrap_or_else(Timestamp::now));
        let (mut policy, mut warnings) = context.policy();
        policy.expected = options.expect.identities()?;
        let external = context.external_verifiers(options.other_signatures)?;
        let entries = options.legacy.entries(&context.config, verifier.roots());
        let cache = options.cache || context.config.verdict_cache.value;
        let cache = cache.then(|| open_cache(&verifier, &mut warnings)).transpose()?;
        let judge = Judge::new(verifier, policy).with_external_verifiers(external).with_entries(entries).with_verdict_cache(cache);
        Ok(Self { context, judge, warnings })
    }

    /// Writes the verdict cache, and prints what the user should know about policy, cache and lookup, after the verdicts.
    pub fn finish(self, ui: &mut Ui) {
        for warning in self.warnings.into_iter().chain(self.judge.finish()) {
            ui.warning(warning);
        }
    }
}
