//! Where each commit of a tip stands, and by which policy it is judged: steps 5, 10, 11 and 23.

use super::{
    history::History,
    in_force::{InForce, Policies},
    judged::Place,
};
use std::collections::{HashMap, HashSet};

/// The places of the commits that are judged for one tip.
#[derive(Debug)]
pub(crate) struct Plan<Id> {
    places: HashMap<Id, Place>,
}

impl<Id: Clone + Eq + std::hash::Hash> Plan<Id> {
    /// The place of a commit; `None` for one that is not judged for this tip.
    pub(crate) fn place(&self, commit: &Id) -> Option<&Place> {
        self.places.get(commit)
    }

    /// All commits with their places.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Id, &Place)> {
        self.places.iter()
    }

    /// The places of commits that a tip contains. `commits` has the tip, and with each commit every commit between them: it is what the tip
    /// contains without what some others contain.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn of_line<H: History<Id = Id>>(
        policies: &Policies<'_, H>,
        tip: &Id,
        commits: &HashSet<Id>,
        judge_since: &[Id],
    ) -> Result<Self, H::Error> {
        let history = policies.history();
        let mut plan = Self { places: HashMap::new() };
        let mut line = Vec::new();
        let has_root = policies.has_root(tip)?;
        let mut next = has_root.then(|| tip.clone());
        while let Some(commit) = next.take().filter(|commit| commits.contains(commit) && !policies.is_pinned(commit)) {
            next = history.parents(&commit)?.into_iter().next();
            line.push(commit);
        }
        for commit in line.iter().rev() {
            let Some(before) = policies.before(commit)? else { continue };
            plan.bring_in(policies, commit, &before, commits)?;
            plan.places.insert(commit.clone(), Place::OnLine { judge: before.clone(), before, effect: policies.effect(commit)? });
        }
        for commit in commits {
            plan.places.entry(commit.clone()).or_insert(Place::NoRoot);
        }
        plan.exempt((policies, has_root), commits, judge_since)?;
        Ok(plan)
    }

    /// The places of commits of a tip that does not continue a line: this policy judges them all.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn of_other_line<H: History<Id = Id>>(
        policies: &Policies<'_, H>,
        (tip, policy): (&Id, &InForce),
        commits: &HashSet<Id>,
        judge_since: &[Id],
    ) -> Result<Self, H::Error> {
        let mut places: HashMap<Id, Place> =
            commits.iter().map(|commit| (commit.clone(), Place::BroughtIn { policy: policy.clone() })).collect();
        let mut next = Some(tip.clone());
        while let Some(commit) = next.take().filter(|commit| commits.contains(commit) && !policies.is_pinned(commit)) {
            next = policies.history().parents(&commit)?.into_iter().next();
            if let Some(before) = policies.before(&commit)? {
                let effect = policies.effect(&commit)?;
                places.insert(commit, Place::OnLine { before, judge: policy.clone(), effect });
            }
        }
        let mut plan = Self { places };
        plan.exempt((policies, true), commits, judge_since)?;
        Ok(plan)
    }

    /// The places of commits of a tip whose line has no root.
    ///
    /// # Errors
    /// Where something cannot be read.
    pub(crate) fn without_root<H: History<Id = Id>>(
        policies: &Policies<'_, H>,
        commits: &HashSet<Id>,
        judge_since: &[Id],
    ) -> Result<Self, H::Error> {
        let mut plan = Self { places: commits.iter().map(|commit| (commit.clone(), Place::NoRoot)).collect() };
        plan.exempt((policies, false), commits, judge_since)?;
        Ok(plan)
    }

    /// The commits that a merge of the line brings in: older merges have had theirs.
    fn bring_in<H: History<Id = Id>>(
        &mut self,
        policies: &Policies<'_, H>,
        merge: &Id,
        policy: &InForce,
        commits: &HashSet<Id>,
    ) -> Result<(), H::Error> {
        let history = policies.history();
        let mut open: Vec<Id> = history.parents(merge)?.into_iter().skip(1).collect();
        while let Some(commit) = open.pop() {
            if !commits.contains(&commit) || self.places.contains_key(&commit) {
                continue;
            }
            open.extend(history.parents(&commit)?);
            self.places.insert(commit, Place::BroughtIn { policy: policy.clone() });
        }
        Ok(())
    }

    /// Step 10. `has_root` is whether the line of the tip has the root.
    fn exempt<H: History<Id = Id>>(
        &mut self,
        (policies, has_root): (&Policies<'_, H>, bool),
        commits: &HashSet<Id>,
        judge_since: &[Id],
    ) -> Result<(), H::Error> {
        let history = policies.history();
        let mut always = HashSet::new();
        // if the tip has a pinned commit that is not among these, what the tip has beside them has it, and no ancestor of it is among them
        let pinned = policies.pinned().filter(|pinned| !has_root || commits.contains(*pinned));
        for id in judge_since.iter().chain(pinned) {
            always.extend(history.ancestors_among(id, commits)?);
        }
        let mut by_start: HashMap<String, HashSet<Id>> = HashMap::new();
        for (commit, place) in &mut self.places {
            let start = match place {
                Place::OnLine { judge: policy, .. } | Place::BroughtIn { policy } => policy.policy().start(),
                Place::Exempt | Place::NoRoot => None,
            };
            let is_before_start = match start {
                None => false,
                Some(start) => {
                    if !by_start.contains_key(start) {
                        let exempt = match history.named(start)? {
                            Some(id) => history.ancestors_among(&id, commits)?,
                            None => HashSet::new(),
                        };
                        by_start.insert(start.to_owned(), exempt);
                    }
                    by_start.get(start).is_some_and(|exempt| exempt.contains(commit))
                }
            };
            if always.contains(commit) || is_before_start {
                *place = Place::Exempt;
            }
        }
        Ok(())
    }
}
