//! The policy of a repository: a file that says who may commit, merge, tag, push and release, and who may change it.
//!
//! `man/policy.md` has the semantics; its numbered steps are named here. This module knows no git: it decides about a [`History`].

mod advice;
mod describe;
mod difference;
mod document;
mod examples;
mod explain;
mod fault;
mod file;
mod history;
mod in_force;
mod judged;
mod pattern;
mod payload;
mod plan;
mod proposal;
mod question;
mod right;
mod signer;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use difference::Difference;
pub(crate) use examples::{MAX_EXAMPLES, parse as parse_examples};
pub(crate) use explain::{explain_commit, who_signed};
pub(crate) use fault::{FileError, MAX_FILE};
pub(crate) use file::{Action, PolicyFile, is_full_id};
pub(crate) use history::{Counts, FileId, History, PolicyEntry, Scope, Signed};
pub(crate) use in_force::{Policies, Root, RootError};
pub(crate) use judged::{Cause, Place, Refusal, Ruling, commit as judge_commit, tag as judge_tag};
pub(crate) use pattern::{APPROVALS, FILE, is_policy_path};
pub(crate) use plan::Plan;
pub(crate) use proposal::{Deed, Observations};
pub(crate) use signer::{GitKeyKind, Signer};
pub(crate) use update::{
    About, Certificate, PushJudge, PushedTag, Server, Update, UpdatePlan, Value, digest_of_approval, policy_of_tag, tag_ruling,
};
