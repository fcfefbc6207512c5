//! A naive second implementation of policy.md, step by step.
pub(crate) mod file;
mod push;

use super::model::{Answer, Commit, Entry, Model, Root, Signature, Target};
use file::{List, Policy, Rule};
pub(crate) use push::judge_push;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

// Readings of ambiguous sentences; each can be turned.
/// 8: a merge that is both (a) and (b) is a takeover.
const TAKEOVER_FIRST: bool = true;
/// 14: also a commit that is not on the line is refused if it makes the policy file unusable.
const UNUSABLE_OFF_LINE: bool = false;
/// 14: the first commit of a line (digest) has no first parent, so its first parent's file is not in force.
const FIRST_COMMIT_NEEDS_FILE: bool = true;
/// 5, 10: exempt commits stay exempt where the root is missing.
const EXEMPT_WITHOUT_ROOT: bool = true;
/// 3, 16: an answer with several candidates counts unless all of them are warn rules (false: those that refuse).
const WARN_NEEDS_ALL_CANDIDATES: bool = false;
/// 2, 20: approvals alone are not enough for a tag.
const TAG_SIGNER_MUST_BE_LISTED: bool = true;
/// 18: approvals count only if the commit changes the policy file itself.
const APPROVALS_NEED_CHANGED_FILE: bool = true;

pub(crate) const POLICY_FILE: &[u8] = b".paraph/policy.toml";
pub(crate) const APPROVALS: &str = "refs/tags/paraph-approval/";

/// The full id of a commit of the model, for `start`.
pub(crate) fn commit_id(commit: usize) -> String {
    format!("{commit:040x}")
}

/// A policy and where it came into force (`None`: the pinned one). Two are the same policy if `origin` is the same.
#[derive(Clone)]
pub(crate) struct InForce {
    pub origin: Option<usize>,
    pub text: Rc<str>,
    pub policy: Rc<Policy>,
}

pub(crate) struct Judge<'a> {
    pub model: &'a Model,
    root: &'a Root,
    judge_since: &'a [usize],
    /// The refs that may be approvals.
    refs: BTreeMap<String, Target>,
    /// By commit: itself and what it is made of.
    ancestors: Vec<BTreeSet<usize>>,
    usable: Vec<Option<Rc<Policy>>>,
    /// By commit: whether its own line has the root.
    rooted: Vec<bool>,
    /// By commit: the policy in force. With a digest, as if the line had the root.
    states: Vec<Option<InForce>>,
}

pub(crate) fn refused(decision: &'static str) -> Answer {
    Answer::Refused { decision, counts: true }
}

pub(crate) fn verifies(signature: &Signature) -> bool {
    !matches!(signature, Signature::None | Signature::Bad)
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The bytes of the policy file, if it is a regular file.
fn file(commit: &Commit) -> Option<&str> {
    match commit.tree.get(POLICY_FILE) {
        Some(Entry::File(text) | Entry::Executable(text)) => Some(text),
        _ => None,
    }
}

thread_local! {
    /// Only for speed: what was read before.
    static PARSED: RefCell<BTreeMap<String, Option<Rc<Policy>>>> = const { RefCell::new(BTreeMap::new()) };
}

fn parsed(text: &str) -> Option<Rc<Policy>> {
    PARSED.with_borrow_mut(|parsed| {
        if parsed.len() > 1000 {
            parsed.clear();
        }
        parsed.entry(text.to_owned()).or_insert_with(|| file::parse(text).map(Rc::new)).clone()
    })
}

/// 13. A policy path.
pub(crate) fn is_policy_path(path: &[u8]) -> bool {
    let text = file::path_text(path);
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    let first = file::compared(first.split(':').next().unwrap_or_default());
    let short = first.strip_prefix("paraph~").is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    first == ".paraph" || short
}

/// One answer to a question: `None` is "allowed".
type Reply = Option<(&'static str, bool)>;

/// 2, 3. The answer to a question.
fn ask(policy: &Policy, action: &str, reference: Option<&str>, path: Option<&[u8]>, signer: &Signature) -> Reply {
    let mut candidates: Vec<Option<&Rule>> = Vec::new();
    let mut sure = false;
    let reference = reference.map(file::ref_segments);
    let path = path.map(file::path_segments);
    for rule in &policy.rules {
        if sure || !rule.lists.contains_key(action) || !rule.matches_path(path.as_deref()) {
            continue;
        }
        match &reference {
            Some(reference) if !rule.matches_ref(reference) => continue,
            Some(_) => sure = true,
            None => sure = rule.refs.is_none(),
        }
        candidates.push(Some(rule));
    }
    if !sure {
        candidates.push(None);
    }
    let allows = |rule: &Option<&Rule>| rule.is_some_and(|rule| policy.first_fit(&rule.lists[action], signer).is_some());
    let is_warn = |rule: &Option<&Rule>| rule.is_some_and(|rule| rule.warn);
    let refusing: Vec<_> = candidates.iter().filter(|rule| !allows(rule)).collect();
    if refusing.is_empty() {
        return None;
    }
    let decision = if refusing.len() < candidates.len() {
        "policy-ref-unknown"
    } else if candidates.iter().any(Option::is_some) {
        "policy-refused"
    } else {
        "policy-no-rule"
    };
    let warns = if WARN_NEEDS_ALL_CANDIDATES { candidates.iter().all(is_warn) } else { refusing.into_iter().all(is_warn) };
    Some((decision, !warns))
}

/// 18. Who signed, so that nobody counts twice.
fn signer_of(signature: &Signature) -> Vec<String> {
    match signature {
        Signature::None | Signature::Bad => Vec::new(),
        Signature::Key { is_openpgp, fingerprint } => vec![is_openpgp.to_string(), fingerprint.clone()],
        Signature::Certificate { subject, is_email, issuer, instance, .. } => {
            let subject = if *is_email { file::plain_domain(subject) } else { subject.clone() };
            vec![subject, issuer.clone(), instance.clone()]
        }
    }
}

/// 18. How many different identities of the list signed: each signer counts for the first that any of their signatures fits.
fn agreeing(policy: &Policy, list: &List, signatures: &[&Signature]) -> usize {
    let mut firsts: BTreeMap<Vec<String>, BTreeSet<&String>> = BTreeMap::new();
    for signature in signatures {
        if let Some(name) = policy.first_fit(list, signature) {
            firsts.entry(signer_of(signature)).or_default().insert(name);
        }
    }
    firsts.values().filter_map(|names| names.first()).collect::<BTreeSet<_>>().len()
}

impl<'a> Judge<'a> {
    pub(crate) fn new(model: &'a Model, root: &'a Root, judge_since: &'a [usize], more: &[(String, Target)]) -> Result<Self, ()> {
        let mut refs = model.refs.clone();
        refs.extend(more.iter().cloned());
        let mut judge =
            Judge { model, root, judge_since, refs, ancestors: Vec::new(), usable: Vec::new(), rooted: Vec::new(), states: Vec::new() };
        for (index, commit) in model.commits.iter().enumerate() {
            let mut ancestors = BTreeSet::from([index]);
            for parent in &commit.parents {
                ancestors.extend(&judge.ancestors[*parent]);
            }
            judge.ancestors.push(ancestors);
            // 6. Usable.
            judge.usable.push(file(commit).and_then(parsed));
        }
        if let Root::Commit(pinned) = root
            && judge.usable.get(*pinned).is_some_and(Option::is_none)
        {
            return Err(());
        }
        for commit in 0..model.commits.len() {
            let rooted = judge.is_root(commit) || judge.first_parent(commit).is_some_and(|parent| judge.rooted[parent]);
            judge.rooted.push(rooted);
        }
        for commit in 0..model.commits.len() {
            let state = judge.state(commit);
            judge.states.push(state);
        }
        Ok(judge)
    }

    fn first_parent(&self, commit: usize) -> Option<usize> {
        self.model.commits[commit].parents.first().copied()
    }

    pub(crate) fn contains(&self, whole: usize, part: usize) -> bool {
        self.ancestors.get(whole).is_some_and(|ancestors| ancestors.contains(&part))
    }

    /// 5. The commit is the pinned one, or has the usable file with the pinned digest.
    fn is_root(&self, commit: usize) -> bool {
        match self.root {
            Root::Commit(pinned) => commit == *pinned,
            Root::Digest(pinned) => {
                self.usable[commit].is_some() && file(&self.model.commits[commit]).is_some_and(|text| digest(text.as_bytes()) == *pinned)
            }
        }
    }

    fn is_pinned(&self, commit: usize) -> bool {
        *self.root == Root::Commit(commit)
    }

    /// The pinned policy.
    fn pinned(&self) -> Option<InForce> {
        let commit = (0..self.model.commits.len()).find(|commit| self.is_root(*commit))?;
        let text = file(&self.model.commits[commit])?.into();
        Some(InForce { origin: None, text, policy: self.usable[commit].clone()? })
    }

    /// 5. The line of a tip, from the tip on.
    pub(crate) fn line(&self, tip: usize) -> Vec<usize> {
        let mut line = vec![tip];
        let mut commit = tip;
        while !self.is_pinned(commit)
            && let Some(parent) = self.first_parent(commit)
        {
            line.push(parent);
            commit = parent;
        }
        line
    }

    /// The policy in force at a commit by its own line.
    pub(crate) fn in_force(&self, commit: usize) -> Option<InForce> {
        self.rooted.get(commit).is_some_and(|rooted| *rooted).then(|| self.states[commit].clone())?
    }

    /// 11. The policy that judges a commit of the line.
    fn before(&self, commit: usize) -> Option<InForce> {
        match (self.first_parent(commit), self.root) {
            (Some(parent), _) => self.states[parent].clone(),
            (None, Root::Digest(_)) => self.pinned(),
            (None, Root::Commit(_)) => None,
        }
    }

    /// 7, 8. The policy in force.
    fn state(&self, commit: usize) -> Option<InForce> {
        if self.is_pinned(commit) {
            return self.pinned();
        }
        let before = self.before(commit)?;
        let takeover = self.takeover(commit, &before);
        let change = self.allowed_change(commit, &before);
        let (first, second) = if TAKEOVER_FIRST { (takeover, change) } else { (change, takeover) };
        Some(first.or(second).unwrap_or(before))
    }

    /// 8a. An allowed change.
    fn allowed_change(&self, commit: usize, before: &InForce) -> Option<InForce> {
        let policy = self.usable[commit].clone()?;
        let text = file(&self.model.commits[commit])?;
        let parent = self.first_parent(commit)?;
        let allowed = text != &*before.text
            && file(&self.model.commits[parent]) == Some(&*before.text)
            && verifies(&self.model.commits[commit].signature)
            && self.right(commit, before).is_none();
        allowed.then(|| InForce { origin: Some(commit), text: text.into(), policy })
    }

    /// 8b. A takeover.
    fn takeover(&self, commit: usize, before: &InForce) -> Option<InForce> {
        let text = file(&self.model.commits[commit]).filter(|text| *text != &*before.text)?;
        self.model.commits[commit]
            .parents
            .iter()
            .skip(1)
            .filter_map(|parent| self.in_force(*parent))
            .find(|theirs| &*theirs.text == text && self.follows(theirs, before))
    }

    /// 9. Whether a policy follows from another one.
    pub(crate) fn follows(&self, later: &InForce, earlier: &InForce) -> bool {
        if later.origin == earlier.origin {
            return true;
        }
        let Some(origin) = later.origin else { return false };
        self.before(origin).is_some_and(|before| self.follows(&before, earlier))
    }

    /// 10. Whether a commit is exempt, by the policy that judges it.
    fn is_exempt(&self, commit: usize, policy: Option<&Policy>) -> bool {
        let start = policy.and_then(|policy| policy.start.as_ref());
        let start = start.and_then(|id| (0..self.model.commits.len()).find(|commit| commit_id(*commit) == *id));
        let pinned = if let Root::Commit(pinned) = self.root { Some(*pinned) } else { None };
        self.judge_since.iter().copied().chain(start).chain(pinned).any(|exempt| self.contains(exempt, commit))
    }

    /// 12. The paths that differ from the first parent.
    fn differing(&self, commit: usize) -> BTreeSet<&'a [u8]> {
        let empty = &BTreeMap::new();
        let new = &self.model.commits[commit].tree;
        let old = self.first_parent(commit).map_or(empty, |parent| &self.model.commits[parent].tree);
        let model = self.model;
        let old_paths = self.first_parent(commit).into_iter().flat_map(|parent| model.commits[parent].tree.keys());
        let paths = model.commits[commit].tree.keys().chain(old_paths);
        paths.filter(|path| new.get(*path) != old.get(*path)).map(Vec::as_slice).collect()
    }

    /// 13. Whether the commit lacks the right to change the policy.
    fn right(&self, commit: usize, before: &InForce) -> Option<&'static str> {
        let policy = &before.policy;
        let Some(list) = &policy.list else { return Some("policy-change-refused") };
        let signature = &self.model.commits[commit].signature;
        let mut signatures = vec![signature];
        signatures.extend(self.change_approvals(commit, before));
        if agreeing(policy, list, &signatures) >= policy.threshold {
            None
        } else if policy.first_fit(list, signature).is_some() {
            Some("policy-approvals-missing")
        } else {
            Some("policy-change-refused")
        }
    }

    /// 18. The signatures that approve a change of the policy.
    fn change_approvals(&self, commit: usize, before: &InForce) -> Vec<&'a Signature> {
        let Some(text) = file(&self.model.commits[commit]) else { return Vec::new() };
        let Some(parent) = self.first_parent(commit) else { return Vec::new() };
        if APPROVALS_NEED_CHANGED_FILE && file(&self.model.commits[parent]) == Some(text) {
            return Vec::new();
        }
        let line = self.line(parent);
        let same = |named: usize| line.contains(&named) && self.states[named].as_ref().is_some_and(|state| state.origin == before.origin);
        self.approvals(text.as_bytes()).filter(|(named, _)| same(*named)).map(|(_, signature)| signature).collect()
    }

    /// 18, 20. The commits that approvals of these bytes name, with their verified signatures, by the names of the refs.
    fn approvals(&self, bytes: &[u8]) -> impl Iterator<Item = (usize, &'a Signature)> {
        let prefix = format!("{APPROVALS}{}/", hex::encode(digest(bytes)));
        let refs = self.refs.iter().filter(move |(reference, _)| reference.starts_with(&prefix));
        refs.filter_map(|(reference, target)| self.approval(reference, *target))
    }

    /// 18. What an approval names, and its verified signature, if it has the form of one.
    pub(crate) fn approval(&self, reference: &str, target: Target) -> Option<(usize, &'a Signature)> {
        let (digest, name) = reference.strip_prefix(APPROVALS)?.split_once('/')?;
        let is_digest = digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let Target::Tag(tag) = target else { return None };
        let tag = self.model.tags.get(tag)?;
        let good = is_digest
            && !name.is_empty()
            && !name.contains('/')
            && reference.strip_prefix("refs/tags/") == Some(&tag.name)
            && tag.message.split('\n').any(|line| line == digest)
            && verifies(&tag.signature);
        match tag.target {
            Target::Commit(named) if good && named < self.model.commits.len() => Some((named, &tag.signature)),
            _ => None,
        }
    }

    /// 15, 16. The answers to the questions of step 12; the first that counts, else the first of a warn rule.
    fn questions(&self, commit: usize, policy: &Policy, action: &str, reference: Option<&str>) -> Answer {
        let on_line = action != "contribute";
        let commit_object = &self.model.commits[commit];
        let mut paths: Vec<Option<&[u8]>> = Vec::new();
        if on_line || commit_object.parents.len() < 2 {
            paths.extend(self.differing(commit).into_iter().filter(|path| !(on_line && is_policy_path(path))).map(Some));
        }
        if paths.is_empty() {
            paths.push(None);
        }
        let replies: Vec<(&'static str, bool)> =
            paths.into_iter().filter_map(|path| ask(policy, action, reference, path, &commit_object.signature)).collect();
        match replies.iter().find(|(_, counts)| *counts).or(replies.first()) {
            None => Answer::Good,
            Some((decision, counts)) => Answer::Refused { decision, counts: *counts },
        }
    }

    /// 14. Whether a commit changes the policy file to one that is not usable.
    fn makes_unusable(&self, commit: usize) -> bool {
        self.usable[commit].is_none() && self.differing(commit).contains(POLICY_FILE)
    }

    /// 10 to 16 for a commit of the line.
    pub(crate) fn judge_line_commit(&self, commit: usize, by: Option<&InForce>, reference: Option<&str>) -> Answer {
        let before = self.before(commit);
        let by = by.or(before.as_ref());
        if self.is_exempt(commit, by.map(|by| &*by.policy)) {
            return Answer::Exempt;
        }
        let (Some(before), Some(by)) = (&before, by) else { return refused("policy-root-missing") };
        let object = &self.model.commits[commit];
        if object.signature == Signature::Bad {
            return refused("bad-signature");
        }
        let is_takeover = self.takeover(commit, before).is_some();
        let has_file = file(object) == Some(&*before.text);
        // 14
        let parent_has_file = match self.first_parent(commit) {
            Some(parent) => file(&self.model.commits[parent]) == Some(&*before.text),
            None => !FIRST_COMMIT_NEEDS_FILE,
        };
        if !parent_has_file && !has_file && !is_takeover {
            return refused("policy-not-in-force");
        }
        if self.makes_unusable(commit) {
            return refused("policy-unusable");
        }
        // 13
        let policy_paths: Vec<&[u8]> = self.differing(commit).into_iter().filter(|path| is_policy_path(path)).collect();
        let only_file = policy_paths.iter().all(|path| *path == POLICY_FILE);
        if !policy_paths.is_empty()
            && !(only_file && (has_file || is_takeover))
            && let Some(decision) = self.right(commit, before)
        {
            return refused(decision);
        }
        let action = if object.parents.len() > 1 { "merge" } else { "commit" };
        self.questions(commit, &by.policy, action, reference)
    }

    /// 10 to 16 for a commit that is not on the line, by this policy.
    pub(crate) fn judge_brought(&self, commit: usize, by: Option<&InForce>, reference: Option<&str>) -> Answer {
        if (by.is_some() || EXEMPT_WITHOUT_ROOT) && self.is_exempt(commit, by.map(|by| &*by.policy)) {
            return Answer::Exempt;
        }
        let Some(by) = by else { return refused("policy-root-missing") };
        if self.model.commits[commit].signature == Signature::Bad {
            return refused("bad-signature");
        }
        if UNUSABLE_OFF_LINE && self.makes_unusable(commit) {
            return refused("policy-unusable");
        }
        self.questions(commit, &by.policy, "contribute", reference)
    }

    /// 5, 11. Every commit that the tip contains.
    pub(crate) fn commits(&self, tip: usize, reference: Option<&str>) -> BTreeMap<usize, Answer> {
        let Some(contained) = self.ancestors.get(tip) else { return BTreeMap::new() };
        let line = self.line(tip);
        let one = |commit: usize| {
            if !self.rooted[tip] {
                return self.judge_brought(commit, None, reference);
            }
            if line.contains(&commit) {
                return self.judge_line_commit(commit, None, reference);
            }
            // The oldest commit of the line of which it is an ancestor.
            match line.iter().rev().find(|brings| self.contains(**brings, commit)) {
                Some(brings) if !self.is_pinned(*brings) => self.judge_brought(commit, self.before(*brings).as_ref(), reference),
                _ => Answer::Exempt,
            }
        };
        contained.iter().map(|commit| (*commit, one(*commit))).collect()
    }

    /// The commit to which something leads, and the tags on the way.
    pub(crate) fn leads_to(&self, target: Target) -> (Vec<usize>, Option<usize>) {
        let mut tags = Vec::new();
        let mut target = target;
        while let Target::Tag(tag) = target {
            let Some(object) = self.model.tags.get(tag) else { return (tags, None) };
            if tags.contains(&tag) {
                return (tags, None);
            }
            tags.push(tag);
            target = object.target;
        }
        match target {
            Target::Commit(commit) if commit < self.model.commits.len() => (tags, Some(commit)),
            _ => (tags, None),
        }
    }

    /// 19. The policy in force where a tag leads.
    pub(crate) fn tag_policy(&self, commit: Option<usize>) -> Option<InForce> {
        match self.root {
            Root::Commit(pinned) if self.contains(*pinned, commit?) => self.in_force(*pinned),
            _ => self.in_force(commit?),
        }
    }

    /// 19, 20. A tag (`None`: a lightweight one) by this policy.
    pub(crate) fn tag_by(&self, by: Option<&InForce>, tag: Option<usize>, commit: Option<usize>, reference: &str) -> Answer {
        let (Some(by), Some(commit)) = (by, commit) else { return refused("policy-root-missing") };
        let tag = tag.and_then(|tag| self.model.tags.get(tag));
        let signature = tag.map_or(&Signature::None, |tag| &tag.signature);
        if *signature == Signature::Bad {
            return refused("bad-signature");
        }
        let rule = by.policy.first_rule(reference, |rule| rule.lists.contains_key("tag"));
        let Some(rule) = rule else { return refused("policy-no-rule") };
        let list = &rule.lists["tag"];
        let mut signatures = vec![signature];
        if let Some(tag) = tag {
            signatures.extend(self.approvals(&tag.bytes).filter(|(named, _)| *named == commit).map(|(_, signature)| signature));
        }
        let listed = by.policy.first_fit(list, signature).is_some();
        let enough = agreeing(&by.policy, list, &signatures) >= rule.tag_threshold;
        if enough && (listed || !TAG_SIGNER_MUST_BE_LISTED) {
            return Answer::Good;
        }
        let decision = if listed { "policy-approvals-missing" } else { "policy-refused" };
        Answer::Refused { decision, counts: !rule.warn }
    }
}

/// Judges every commit that the tip contains, for this ref, by steps 1-18 (verify). Err: the pinned commit has no usable policy file.
pub(crate) fn judge_commits(
    model: &Model,
    root: &Root,
    judge_since: &[usize],
    tip: usize,
    reference: Option<&str>,
) -> Result<BTreeMap<usize, Answer>, ()> {
    Ok(Judge::new(model, root, judge_since, &[])?.commits(tip, reference))
}

/// Judges the annotated tag with this index as the value of this ref (steps 19, 20).
pub(crate) fn judge_tag(model: &Model, root: &Root, judge_since: &[usize], tag: usize, reference: &str) -> Result<Answer, ()> {
    let judge = Judge::new(model, root, judge_since, &[])?;
    let (_, commit) = judge.leads_to(Target::Tag(tag));
    let by = judge.tag_policy(commit);
    if !reference.starts_with(APPROVALS) {
        return Ok(judge.tag_by(by.as_ref(), Some(tag), commit, reference));
    }
    // 20: an approval itself is judged by step 18 only.
    let Some(by) = by else { return Ok(refused("policy-root-missing")) };
    if model.tags[tag].signature == Signature::Bad {
        return Ok(refused("bad-signature"));
    }
    let approves = judge.approval(reference, Target::Tag(tag)).is_some_and(|(_, signature)| by.policy.knows(signature));
    Ok(if approves { Answer::Good } else { refused("policy-approval") })
}
