//! What to do about an object that is not good: a clause for people, beside each reason.

use crate::{
    Explanation as _,
    policy::{Decision, Judgement, Verdict},
};

/// What to do; `None` where it is good.
pub fn advice(judgement: &Judgement) -> Option<&'static str> {
    match (judgement.verdict, &judgement.other, &judgement.result, &judgement.decision) {
        (Verdict::Good, ..) => None,
        (_, Some(other), ..) => Some(other.finding.advice()),
        (_, None, Err(rejection), _) => Some(rejection.reason().advice()),
        (_, None, Ok(_), decision) => {
            let id = decision.as_ref().map(Decision::id);
            Decision::TABLE.iter().find(|row| Some(row.id) == id).map(|row| row.advice)
        }
    }
}

/// The cause of a verdict in words, without what was found in this case; `None` where it is good.
pub fn cause(judgement: &Judgement) -> Option<&'static str> {
    match (judgement.verdict, &judgement.other, &judgement.result, &judgement.decision) {
        (Verdict::Good, ..) => None,
        (_, Some(other), ..) => Some(other.finding.sentence()),
        (_, None, Err(rejection), _) => Some(rejection.reason().sentence()),
        (_, None, Ok(_), decision) => {
            let id = decision.as_ref().map(Decision::id);
            Decision::TABLE.iter().find(|row| Some(row.id) == id).map(|row| row.sentence)
        }
    }
}
