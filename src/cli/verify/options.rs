//! What `paraph verify` and `paraph verify-tag` share: the flags, and the judge that they configure.

use super::{expect::Expect, legacy::Legacy};
use crate::{
    cli::{context::Context, exit::Failure, ui::Ui},
    config::{OptionValue, Use},
    judge::Judge,
    policy::PolicyWeight,
    selection::{self, Deciders, PinnedPolicy},
    verdict_cache::VerdictCache,
    verify::Verifier,
};
use directories::ProjectDirs;
use jiff::Timestamp;
use std::path::PathBuf;

/// The flags of both commands
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// Let git's own verifier judge OpenPGP and SSH signatures
    ///
    /// git runs the programs in its configuration (gpg.program, gpg.ssh.program), which know their keys. Your own configuration takes
    /// precedence over the repository's. A signature is good if git shows it
    /// as G, at the trust level of gpg.minTrustLevel. The CMS signature of another program stays `other`, because git would call paraph for it.
    #[arg(long)]
    pub other_signatures: bool,
    /// Also hash the trees and files of each commit
    ///
    /// A repository that git did not fetch may hold other content under the id of a file, and git shows it. This option reads every tree and
    /// file of the commits, which takes time. For a tag, it reads what the tag names. It does not read submodules and the parents of a commit.
    #[arg(long)]
    pub deep: bool,
    /// Judge by the policy of the repository, also if only the repository's own configuration pins it
    ///
    /// Without this option, a policy decides if your configuration or a stronger source sets paraph.policyRoot or paraph.policyFile.
    #[arg(long)]
    pub policy: bool,
    /// Print the verdicts in this format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// Same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Show each object that is not good on a terminal too, instead of groups with examples
    #[arg(long, short)]
    pub verbose: bool,
    /// Print only warnings and errors; the exit code gives the result
    #[arg(long, short, conflicts_with_all = ["json", "format", "verbose"])]
    pub quiet: bool,
    /// Verify with the trust root in this file (trusted_root.json)
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Verify with the trust root of this instance
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub instance: Option<String>,
    /// Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<Timestamp>,
    /// Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)
    #[arg(long)]
    pub cache: bool,
    #[command(flatten)]
    expect: Expect,
    #[command(flatten)]
    legacy: Legacy,
}

/// The format of the verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    /// Sentences, and a summary where there are many objects
    Text,
    /// One JSON object per line: see man/json.md
    Json,
    /// One SARIF 2.1.0 document with a result for each object that is not good
    Sarif,
}

impl Options {
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    fn settings(&self) -> Vec<OptionValue> {
        OptionValue::of_trust(self.trusted_root.as_deref(), self.instance.as_deref()).chain(self.legacy.setting()).collect()
    }
}

/// The results of earlier runs with the same trust roots. Where they cannot be used, a warning says so, and everything is verified.
fn open_cache(context: &Context, verifier: &Verifier, warnings: &mut Vec<String>) -> Result<VerdictCache, Failure> {
    let places = ProjectDirs::from("", "", "paraph")
        .ok_or_else(|| Failure::system("there is no cache folder, because the user has no home folder").with_hint("set HOME"))?;
    let folder = places.cache_dir().join("verdicts");
    let (cache, error) = VerdictCache::open(&folder, verifier.roots(), verifier.now());
    warnings.extend(context.in_work_tree(vec![folder]));
    warnings.extend(error.map(|error| error.to_string()));
    Ok(cache)
}

#[derive(Debug, thiserror::Error)]
#[error("it is not a time in RFC 3339, such as 2026-01-31T00:00:00Z")]
pub(in crate::cli) struct TimeError;

pub(in crate::cli) fn time(text: &str) -> Result<Timestamp, TimeError> {
    crate::policy::time_of(text).ok_or(TimeError)
}

/// The policy of a call: an error if it is asked for and none is pinned, or if something else decides.
fn asked_for(options: &Options, policy: Option<PinnedPolicy>, is_expected: bool) -> Result<Option<PinnedPolicy>, Failure> {
    match (options.policy, is_expected) {
        (true, true) => {
            Err(Failure::usage("--policy and an expected identity are given; one of the two decides").with_hint("leave one of them out"))
        }
        (_, true) => Ok(None),
        (true, false) if policy.is_none() => Err(not_pinned("--policy")),
        (_, false) => Ok(policy),
    }
}

pub(in crate::cli) fn not_pinned(option: &str) -> Failure {
    Failure::usage(format!("no policy is pinned; {option} needs one"))
        .with_hint("set paraph.policyRoot to a commit whose policy you trust, in your own configuration")
}

/// The repository, the configuration and the judge of one call.
pub(super) struct VerifyCall {
    pub context: Context,
    pub judge: Judge,
    pub deciders: Deciders,
    /// The policy of the repository that judges too, if one is pinned.
    pub policy: Option<PinnedPolicy>,
    warnings: Vec<String>,
}

impl VerifyCall {
    pub(super) fn open(options: &Options) -> Result<Self, Failure> {
        let context = Context::load(&options.settings())?;
        context.repository()?;
        let verifier = Verifier::new(context.trust_roots()?, options.at.unwrap_or_else(Timestamp::now));
        let (mut policy, mut warnings) = context.policy();
        policy.expected = options.expect.identities()?;
        let (git, ignored) = options.other_signatures.then(|| context.git_verifier()).transpose()?.unzip();
        warnings.extend(ignored.into_iter().flatten());
        let pinned = selection::pinned_policy(&context.config, options.policy)?;
        let pinned = asked_for(options, pinned, policy.expected.is_some())?;
        let deciders = context.deciders(policy.expected.as_ref().map(|_| "--certificate-identity")).with_git(git.as_ref());
        let deciding = pinned.as_ref().filter(|pinned| pinned.weight == PolicyWeight::Replaces);
        let deciders = deciders.with_policy(deciding.map(|pinned| pinned.source.clone()));
        let external = context.external_verifiers(git.as_ref())?;
        let entries = options.legacy.entries(&context, verifier.roots())?;
        if !options.cache {
            context.config.require(&[Use::Cache])?;
        }
        let cache = options.cache || context.config.verdict_cache.value;
        let cache = cache.then(|| open_cache(&context, &verifier, &mut warnings)).transpose()?;
        let judge = Judge::new(verifier, policy).with_external_verifiers(external).with_entries(entries).with_verdict_cache(cache);
        let judge = judge.with_conversion_in(context.repository()?).with_content(options.deep);
        Ok(Self { context, judge, deciders, policy: pinned, warnings })
    }

    /// Writes the verdict cache, and prints what the user should know about policy, cache and lookup, after the verdicts.
    pub(super) fn finish(self, ui: &mut Ui) {
        for warning in self.warnings.into_iter().chain(self.judge.finish()) {
            ui.warning(warning);
        }
    }
}
