//! One value of git's configuration with its origin.

use std::path::PathBuf;

/// One value of git's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigEntry {
    /// The section, in lower case.
    pub section: String,
    /// The subsection as written; its case matters.
    pub subsection: Option<String>,
    /// The name, in lower case.
    pub name: String,
    /// The value; `None` for a name without an equals sign, which means true.
    pub value: Option<Vec<u8>>,
    /// The part of git's configuration.
    pub scope: Scope,
    /// The absolute path of the file; `None` for the command line and the environment.
    pub file: Option<PathBuf>,
}

/// The parts of git's configuration. Later ones take precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The system's file.
    System,
    /// The user's files.
    Global,
    /// The repository's file.
    Local,
    /// The work tree's own file.
    Worktree,
    /// `GIT_CONFIG_COUNT` and its companions.
    Environment,
    /// `git -c`.
    CommandLine,
}

impl Scope {
    /// The name of the part.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Global => "global",
            Self::Local => "local",
            Self::Worktree => "worktree",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
        }
    }

    /// Whether it belongs to the repository.
    pub(crate) fn is_repository(self) -> bool {
        matches!(self, Self::Local | Self::Worktree)
    }
}
