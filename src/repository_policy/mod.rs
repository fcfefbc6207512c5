//! The policy of a repository: a file that says who may commit, merge, tag, push and release, and who may change it.
//!
//! `man/policy.md` has the semantics; its numbered steps are named here. This module knows no git: it decides about a [`History`].

mod document;
mod file;
mod history;
mod in_force;
mod judged;
mod pattern;
mod plan;
mod question;
mod right;
mod signer;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use file::MAX_FILE;
pub(crate) use history::{Approval, Counts, FileId, History, PolicyEntry, Scope, Signed};
pub(crate) use pattern::{APPROVALS, FILE, is_policy_path};
pub(crate) use signer::{GitKeyKind, Signer};
pub(crate) use update::{PushedTag, digest_of_approval};
