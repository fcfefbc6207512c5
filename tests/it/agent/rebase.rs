//! One login serves many commits.

use super::{Setup, eventually};
use paraph::internals::local::ServeOptions;
use std::process::Stdio;

const COMMITS: usize = 100;

impl Setup {
    /// A branch with a hundred unsigned commits.
    fn history(&self, branch: &str) {
        let mut stream = String::new();
        for number in 0..=COMMITS {
            let message = format!("{branch} {number}");
            stream.push_str(&format!(
                "commit refs/heads/{branch}\ncommitter Ann <ann@example.com> {} +0000\ndata {}\n{message}\nM 644 inline f\ndata {}\n{message}\n",
                1_700_000_000 + number,
                message.len(),
                message.len(),
            ));
        }
        let done = self.sandbox.feed(self.sandbox.command("git", &self.sandbox.work()).args(["fast-import", "--quiet"]), stream.as_bytes());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }

    fn signed(&self, branch: &str) -> usize {
        self.sandbox
            .git(&["log", "--format=%G?", &format!("--max-count={COMMITS}"), branch])
            .lines()
            .filter(|letter| *letter == "U")
            .count()
    }
}

#[test]
fn a_rebase_of_a_hundred_commits_takes_one_login() {
    let setup = Setup::new();
    setup.history("topic");
    setup.sandbox.git(&["checkout", "-q", "topic"]);
    let done = setup.sandbox.try_git(&["rebase", "-q", "--force-rebase", "-S", &format!("HEAD~{COMMITS}")]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(setup.signed("topic"), COMMITS);
    assert_eq!(setup.logins(), (1, 0));
    let log = setup.paraph(&["agent", "log"]).stdout;
    assert_eq!(
        log.lines().filter(|line| line.ends_with(&format!("commit as ann@example.com in {}", setup.sandbox.work().display()))).count(),
        COMMITS
    );
}

#[test]
fn four_rebases_at_once_take_one_login_though_the_certificates_end_meanwhile() {
    let setup = Setup::with(ServeOptions { certificate_lifetime: 4, ..ServeOptions::default() });
    let mut rebases = Vec::new();
    for number in 0..4 {
        let branch = format!("topic{number}");
        setup.history(&branch);
        let tree = setup.sandbox.root().join(&branch);
        setup.sandbox.git(&["worktree", "add", "-q", tree.to_str().unwrap(), &branch]);
        let mut git = setup.sandbox.command("git", &tree);
        git.args(["rebase", "-q", "--force-rebase", "-S", &format!("HEAD~{COMMITS}")]);
        rebases.push((branch, git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()));
    }
    for (branch, rebase) in rebases {
        let done = rebase.wait_with_output().unwrap();
        assert!(done.status.success(), "{branch}: {}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(setup.signed(&branch), COMMITS, "{branch}");
    }
    assert_eq!(setup.logins().0, 1);
    let certificates = setup.sandbox.git(&["log", "--format=%GK", &format!("--max-count={COMMITS}"), "topic0"]);
    let certificates: std::collections::BTreeSet<&str> = certificates.lines().collect();
    assert!(certificates.len() > 1, "no certificate ended");
    assert_eq!(setup.agents().len(), 1);
}

#[test]
fn git_does_not_wait_for_the_agent_that_it_started() {
    let setup = Setup::new();
    // this returns only when nobody holds git's pipes any more
    let done = setup.sandbox.try_git(&["commit", "--allow-empty", "-m", "first"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(setup.agents().len(), 1);
}

#[test]
fn an_agent_has_nothing_of_the_call_that_started_it() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED an_agent_has_nothing_of_the_call_that_started_it: only root may look into a process that cannot be dumped");
        return;
    }
    let setup = Setup::new();
    setup.commit("first");
    let agents = setup.agents();
    let place = std::fs::read_link(format!("/proc/{}/cwd", agents[0])).unwrap();
    assert_eq!(place.to_str(), Some("/"));
    let variables = std::fs::read(format!("/proc/{}/environ", agents[0])).unwrap();
    assert!(!String::from_utf8_lossy(&variables).contains("GIT_DIR"));
}

#[test]
fn a_lock_that_a_caller_holds_does_not_stay_with_the_agent() {
    let setup = Setup::new();
    let lock = setup.sandbox.root().join("lock");
    // a script that holds a lock while it commits, as many do
    let script = format!("exec 9>'{}'; flock 9; git commit -q --allow-empty -m first", lock.display());
    let done = setup.sandbox.feed(setup.sandbox.command("sh", &setup.sandbox.work()).args(["-c", &script]), b"");
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(setup.agents().len(), 1);
    assert!(std::fs::File::open(&lock).unwrap().try_lock().is_ok(), "the agent holds the caller's lock");
}

#[test]
fn two_first_commits_at_once_leave_one_agent() {
    let setup = Setup::new();
    setup.history("left");
    setup.history("right");
    let commits: Vec<_> = ["left", "right"]
        .map(|branch| {
            let tree = setup.sandbox.root().join(branch);
            setup.sandbox.git(&["worktree", "add", "-q", tree.to_str().unwrap(), branch]);
            let mut git = setup.sandbox.command("git", &tree);
            git.args(["commit", "-q", "--allow-empty", "-m", "x"]).stdin(Stdio::null()).spawn().unwrap()
        })
        .into();
    for commit in commits {
        assert!(commit.wait_with_output().unwrap().status.success());
    }
    eventually("one agent is left", || setup.agents().len() == 1);
    assert_eq!(setup.logins().0, 1);
}

#[test]
fn a_certificate_in_its_last_seconds_is_replaced() {
    let setup = Setup::with(ServeOptions { certificate_lifetime: 1, ..ServeOptions::default() });
    for number in 0..12 {
        setup.commit(&format!("{number}"));
    }
    assert_eq!(setup.sandbox.git(&["log", "--format=%G?"]).lines().filter(|letter| *letter != "U").count(), 0);
    assert_eq!(setup.logins().0, 1);
}
