//! What a policy says of a commit of which only the object is known: neither the ref, nor the paths, nor whether a merge brings it in.

use super::{
    file::{Action, PolicyFile},
    history::Signed,
    judged::{Cause, Refusal, Ruling, refusal},
    question::{Answer, Question, QuestionPath},
};

impl PolicyFile {
    /// The ruling on a commit with so many parents. It is allowed only if it is allowed everywhere.
    pub(crate) fn ruling_without_place(&self, parents: usize, signed: &Signed) -> Ruling {
        if *signed == Signed::Bad {
            return Refusal::plain(Cause::BadSignature, "its signature does not hold").into();
        }
        let is_merge = parents > 1;
        let on_line = if is_merge { Action::Merge } else { Action::Commit };
        // a merge that another merge brings in is asked about without a path
        let brought_in = if is_merge { QuestionPath::None } else { QuestionPath::Unknown };
        let answers = [(on_line, QuestionPath::Unknown), (Action::Contribute, brought_in)]
            .map(|(action, path)| (action, self.answer(&Question { action, reference: None, path }, signed.signer())));
        match answers {
            [(_, Answer::Allowed { rule, .. }), (_, Answer::Allowed { .. })] => {
                Ruling::Allowed { rule: self.rules().get(rule).map(|rule| rule.name.clone()) }
            }
            [(action, answer @ (Answer::Refused { .. } | Answer::NoRule)), (_, Answer::Refused { .. } | Answer::NoRule)] => {
                refusal(self, answer, action, None, None).into()
            }
            _ => refusal(self, Answer::NotKnown, on_line, None, None).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::signer::{GitKeyKind, Signer},
        *,
    };

    fn said(rules: &str, parents: usize) -> String {
        let key = "A".repeat(40);
        let text =
            format!("version = 1\n[identities.a]\nopenpgp = \"{key}\"\n[identities.b]\nssh = \"SHA256:{}\"\n{rules}", "b".repeat(43));
        let policy = PolicyFile::parse(text.as_bytes()).unwrap();
        let signed = Signed::By(Signer::Key { kind: GitKeyKind::OpenPgp, fingerprint: key });
        match policy.ruling_without_place(parents, &signed) {
            Ruling::Allowed { rule } => format!("allowed by {}", rule.unwrap()),
            Ruling::Refused(refusal) => format!("{:?}", refusal.cause),
            Ruling::Exempt => "exempt".to_owned(),
        }
    }

    #[test]
    fn a_commit_is_allowed_only_if_it_is_wherever_it_stands() {
        let named = |name: &str, rest: &str| format!("[[rules]]\nname = \"{name}\"\n{rest}\n");
        let rule = |rest: &str| named("rule", rest);
        let (all, other) = (rule("commit = [\"a\"]\nmerge = [\"a\"]"), rule("commit = [\"b\"]\nmerge = [\"b\"]"));
        for parents in [0, 1, 2] {
            assert!(said(&all, parents).starts_with("allowed by rule"), "{parents}");
            assert_eq!(said(&other, parents), "Refused", "{parents}");
            assert_eq!(said("", parents), "NoRule", "{parents}");
            let on_main = named("main", "refs = [\"refs/heads/main\"]\ncommit = [\"b\"]\nmerge = [\"b\"]");
            assert_eq!(said(&(on_main + &all), parents), "RefUnknown", "{parents}");
        }
        let path = named("path", "paths = [\"x\"]\ncommit = [\"b\"]");
        assert_eq!(said(&(path.clone() + &all), 1), "RefUnknown");
        assert_eq!(said(&(path + &all), 2), "RefUnknown", "the rule about paths has merge too");
        let contribute = rule("commit = [\"a\"]\ncontribute = [\"b\"]\nmerge = [\"a\"]");
        assert_eq!((said(&contribute, 1), said(&contribute, 2)), ("RefUnknown".to_owned(), "RefUnknown".to_owned()));
    }
}
