//! Attacks on the policy of a repository, each as a real push to a real bare repository whose hook `pre-receive` judges it. The table of
//! `man/policy-attacks.md` is this one.

use super::server::Server;
use crate::support::sandbox::Done;
use std::os::unix::fs::symlink;

mod approvals;
mod commits;
mod refs;
mod the_file;

/// One attack.
struct Attack {
    number: usize,
    /// What is tried.
    what: &'static str,
    /// What the refusal says: a decision or a verdict, in brackets.
    refusal: &'static str,
    /// Makes what is pushed, and returns who pushes with which arguments.
    make: fn(&Server) -> Push,
}

/// Who pushes, and the arguments after the remote.
type Push = (&'static str, Vec<String>);

fn to(arguments: &[&str]) -> Push {
    ("ann", arguments.iter().map(|argument| (*argument).to_owned()).collect())
}

fn main() -> Push {
    to(&["main"])
}

const fn attack(number: usize, what: &'static str, refusal: &'static str, make: fn(&Server) -> Push) -> Attack {
    Attack { number, what, refusal, make }
}

impl Server {
    fn refuses(&self, attack: &Attack) {
        self.reset();
        let (who, arguments) = (attack.make)(self);
        let before = self.refs();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Done { code, stderr, .. } = self.push_as(who, &arguments);
        let (number, what) = (attack.number, attack.what);
        assert_eq!(code, Some(1), "{number}: {what}\n{stderr}");
        assert!(stderr.contains("paraph refuses this push: "), "{number}: {what}\n{stderr}");
        assert!(stderr.contains(attack.refusal), "{number}: {what}: {} is not in\n{stderr}", attack.refusal);
        assert!(stderr.contains("What to do:\n  "), "{number}: {what}\n{stderr}");
        assert_eq!(self.refs(), before, "{number}: {what}");
    }
}

fn all_are_refused(attacks: &[Attack]) {
    let server = Server::new(&["pre-receive"]);
    attacks.iter().for_each(|attack| server.refuses(attack));
}

#[test]
fn commits_that_no_rule_allows_are_refused() {
    all_are_refused(commits::ATTACKS);
}

#[test]
fn attacks_on_the_file_are_refused() {
    all_are_refused(the_file::ATTACKS);
}

#[test]
fn attacks_with_approvals_are_refused() {
    all_are_refused(approvals::ATTACKS);
}

#[test]
fn attacks_with_refs_and_tags_are_refused() {
    all_are_refused(refs::ATTACKS);
}

#[test]
fn the_document_lists_them_all() {
    let all: Vec<&Attack> = [commits::ATTACKS, the_file::ATTACKS, approvals::ATTACKS, refs::ATTACKS].into_iter().flatten().collect();
    let numbers: Vec<usize> = all.iter().map(|attack| attack.number).collect();
    assert_eq!(numbers, (1..=all.len()).collect::<Vec<_>>());
    let row = |attack: &&Attack| format!("| {} | {} | `{}` |\n", attack.number, attack.what, attack.refusal.trim_matches(['[', ']']));
    let table: String = all.iter().map(row).collect();
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/man/policy-attacks.md")).unwrap();
    assert!(document.contains(&table), "the table of man/policy-attacks.md must be:\n{table}");
}
