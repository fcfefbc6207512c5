//! Questions to a policy, and its answers.

use super::{
    file::{Action, Mode, PolicyFile, Rule},
    pattern::FoldedPath,
    signer::Signer,
};

/// What is asked about one action of one signer.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    /// What somebody does.
    pub action: Action,
    /// The full name of the ref that it is done to; `None` if it is not known.
    pub reference: Option<&'a str>,
    /// The path that changes.
    pub path: QuestionPath<'a>,
}

/// The path that a question is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum QuestionPath<'a> {
    /// It is about no path.
    None,
    /// It is about this path.
    Known(&'a FoldedPath),
    /// Any paths may change.
    Unknown,
}

/// What a policy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The rule lists an identity that fits.
    Allowed {
        /// The index of the rule.
        rule: usize,
        /// The index of the first identity that fits.
        identity: usize,
    },
    /// The rule lists no identity that fits.
    Refused {
        /// The index of the rule.
        rule: usize,
    },
    /// No rule is about it, so nobody may.
    NoRule,
    /// It depends on a ref or on paths that are not known.
    NotKnown,
}

impl Answer {
    /// Whether it is "allowed".
    fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// Whether a rule is about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    Perhaps,
    No,
}

impl PolicyFile {
    /// Whether the signer may do it, by the first rule that is about it. No identity fits without a signer.
    pub(crate) fn answer(&self, question: &Question<'_>, signer: Option<&Signer>) -> Answer {
        let answers: Vec<Answer> = self.deciding(question).map(|rule| self.answer_of(rule, question.action, signer)).collect();
        match answers.iter().find(|answer| !answer.is_allowed()) {
            Some(_) if answers.iter().any(Answer::is_allowed) => Answer::NotKnown,
            Some(refused) => *refused,
            None => answers.first().copied().unwrap_or(Answer::NoRule),
        }
    }

    /// Whether what is refused here is only reported: each rule that may decide and refuses has this mode.
    pub(crate) fn only_warns(&self, question: &Question<'_>, signer: Option<&Signer>) -> bool {
        let warns = |rule: Option<usize>| rule.and_then(|rule| self.rules().get(rule)).is_some_and(|rule| rule.mode == Mode::Warn);
        self.deciding(question).filter(|rule| !self.answer_of(*rule, question.action, signer).is_allowed()).all(warns)
    }

    /// The one rule that decides about something whose ref and path are known.
    pub(crate) fn deciding_rule(&self, question: &Question<'_>) -> Option<&Rule> {
        self.deciding(question).next().flatten().and_then(|rule| self.rules().get(rule))
    }

    /// The list of the rule that decides about something without a path.
    pub(crate) fn list_about(&self, action: Action, reference: &str) -> &[usize] {
        let question = Question { action, reference: Some(reference), path: QuestionPath::None };
        self.deciding_rule(&question).and_then(|rule| rule.lists.get(&action)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a rule about paths has this action.
    pub(crate) fn is_about_paths(&self, action: Action) -> bool {
        self.rules().iter().any(|rule| rule.paths.is_some() && rule.lists.contains_key(&action))
    }

    /// Whether a push may give up commits of this ref, with the rule that says so.
    pub(crate) fn rewrite(&self, reference: &str) -> (bool, Option<&Rule>) {
        let about = |rule: &&Rule| rule.rewrite.is_some() && rule.refs.as_ref().is_none_or(|refs| refs.match_ref(reference));
        let rule = self.rules().iter().find(about);
        (rule.and_then(|rule| rule.rewrite).unwrap_or_default(), rule)
    }

    /// The rules that may be the first about a question, and `None` after the last of them where none may be about it.
    fn deciding(&self, question: &Question<'_>) -> impl Iterator<Item = Option<usize>> {
        let (mut deciding, mut is_decided) = (Vec::new(), false);
        for (index, rule) in self.rules().iter().enumerate() {
            let matched = rule.match_of(question);
            if matched != Match::No {
                deciding.push(Some(index));
            }
            if matched == Match::Yes {
                is_decided = true;
                break;
            }
        }
        deciding.extend((!is_decided).then_some(None));
        deciding.into_iter()
    }

    fn answer_of(&self, rule: Option<usize>, action: Action, signer: Option<&Signer>) -> Answer {
        let Some((index, rule)) = rule.and_then(|index| Some((index, self.rules().get(index)?))) else { return Answer::NoRule };
        let list = rule.lists.get(&action).map(Vec::as_slice).unwrap_or_default();
        match signer.and_then(|signer| self.first_that_fits(list, signer)) {
            Some(identity) => Answer::Allowed { rule: index, identity },
            None => Answer::Refused { rule: index },
        }
    }
}

impl Rule {
    /// Whether the rule has the action, and its refs and paths match.
    fn match_of(&self, question: &Question<'_>) -> Match {
        if !self.lists.contains_key(&question.action) {
            return Match::No;
        }
        let of_ref = match (&self.refs, question.reference) {
            (None, _) => Match::Yes,
            (Some(_), None) => Match::Perhaps,
            (Some(refs), Some(reference)) => Match::of(refs.match_ref(reference)),
        };
        let of_path = match (&self.paths, question.path) {
            (None, _) => Match::Yes,
            (Some(_), QuestionPath::Unknown) => Match::Perhaps,
            (Some(_), QuestionPath::None) => Match::No,
            (Some(paths), QuestionPath::Known(path)) => Match::of(paths.match_path(path)),
        };
        match (of_ref, of_path) {
            (Match::No, _) | (_, Match::No) => Match::No,
            (Match::Yes, Match::Yes) => Match::Yes,
            _ => Match::Perhaps,
        }
    }
}

impl Match {
    fn of(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}
