//! Who decides: how strong a source of settings is, and what a weak one may do.
//!
//! A repository often comes from somebody else, with its configuration. So that it cannot decide what its own signatures are worth, each
//! setting declares an [`Authority`], and the reader of the table applies the [`Rank`]s of the sources.

use super::{Notice, Source};
use crate::escape::Escaped;
use std::path::PathBuf;

/// How strong a source is. What a weaker one says never changes what a stronger one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// The repository's own configuration.
    Repository,
    /// The files of the user and the system; in a hook on a server, also the configuration of the server's repository.
    User,
    /// Environment variables, which include those by which `git -c` reaches the programs that git starts.
    Environment,
    /// Options of paraph's command line.
    CommandLine,
}

impl Rank {
    /// The word in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::User => "user",
            Self::Environment => "environment",
            Self::CommandLine => "command-line",
        }
    }
}

/// What a repository's own configuration may do with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authority {
    /// It sets it, by git's order.
    Free,
    /// It sets it if no stronger source does: the strongest source supplies the value.
    Ranked,
    /// The same as a part of the trust root: when signatures are verified, all parts come from the strongest sources.
    TrustRoot,
    /// It can set only this value, which restricts.
    Restricts(&'static str),
    /// It cannot set it: it would run a program, or read or write a file, of its choice.
    NotRepository,
    /// It cannot set it: only the files of the user and the system can.
    UserFiles,
}

impl Authority {
    /// What the documentation says about it: a sentence; empty if there is nothing to say.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Free => "",
            Self::Ranked | Self::TrustRoot => "A repository cannot replace the value of a stronger source.",
            Self::Restricts("true") => "A repository can only switch it on.",
            Self::Restricts(_) => "A repository can only switch it off.",
            Self::NotRepository => "A repository cannot set it.",
            Self::UserFiles => "Only the files of the user and the system set it.",
        }
    }
}

/// How much the configuration of the repository in use counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RepositoryWeight {
    /// It has the lowest rank.
    #[default]
    Weak,
    /// It counts as the user's: the user trusts this repository, or this is a hook on its server.
    AsUser,
    /// It decides nothing: it is a bare repository in the work tree of another, which a push or a clone can create.
    Embedded,
}

/// What the configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To verify: the trust root is ranked.
    Verifying,
    /// To sign: the trust root belongs to the services that are configured, by git's order. It checks the own signature, and grants no trust.
    Signing,
}

/// Why a value of a repository is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// A stronger source sets it, or a setting that fixes it.
    Stronger(Source),
    /// The user imported the trust of the instance, into this file.
    Imported(PathBuf),
    /// The repository is bare and in the work tree of another.
    Embedded,
    /// The files are only a part of a trust root.
    Incomplete,
    /// The value would relax what the user requires.
    Relaxes,
}

impl Why {
    /// Whether both name the same place.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Stronger(source), Self::Stronger(other)) => source == other || source.is_beside(other),
            _ => self == other,
        }
    }

    fn clause(&self) -> String {
        match self {
            Self::Stronger(source) => format!("{source} takes precedence"),
            Self::Imported(file) => format!("the imported trust in {} takes precedence", Escaped(&file.to_string_lossy())),
            Self::Embedded => {
                "a bare repository in a work tree decides nothing unless GIT_DIR names it or safe.bareRepository is set to all".to_owned()
            }
            Self::Incomplete => "files that a repository names do not complete another trust root".to_owned(),
            Self::Relaxes => "a repository can only restrict".to_owned(),
        }
    }
}

/// The values that were ignored, each with the reason.
#[derive(Debug, Default)]
pub(super) struct Overruled(Vec<(Source, Why)>);

impl Overruled {
    pub(super) fn add(&mut self, weak: Source, why: Why) {
        self.0.push((weak, why));
    }

    /// One notice for each pair of places, whatever number of values it is about.
    pub(super) fn notices(self) -> Vec<Notice> {
        let mut groups: Vec<(Source, Vec<String>, Why)> = Vec::new();
        for (source, why) in self.0 {
            match groups.iter_mut().find(|(first, _, known)| first.is_beside(&source) && known.is_like(&why)) {
                Some((_, others, _)) => others.push(source.name()),
                None => groups.push((source, Vec::new(), why)),
            }
        }
        let notice = |(source, others, why): (Source, Vec<String>, Why)| {
            let are = if others.is_empty() { "is" } else { "are" };
            Notice { others, text: format!("{are} ignored: {}", why.clause()), source }
        };
        groups.into_iter().map(notice).collect()
    }
}
