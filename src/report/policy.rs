//! What the policy of a repository decided, in reports.

use crate::{Explanation as _, policy::PolicyRuling};
use serde::Serialize;

/// What the policy of the repository decided.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicyReport {
    /// The decision's stable identifier.
    pub decision: &'static str,
    /// What was decided, as a clause.
    pub message: String,
    /// The rule that decided, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whether the verdict counts for the exit code.
    pub counts: bool,
}

impl PolicyReport {
    pub(super) fn new(ruling: &PolicyRuling) -> Self {
        Self { decision: ruling.decision.id(), message: ruling.clause().to_owned(), rule: ruling.rule.clone(), counts: ruling.counts }
    }
}
