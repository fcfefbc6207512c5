//! A caller that ends before its signature is made: nothing is published for it, however the login ends.

use super::{PAYLOAD, published, repository};
use crate::support::{objects::installed, sandbox::Sandbox, sigstore::Sigstore};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A repository in which a login waits for the test.
struct Setup {
    sigstore: Sigstore,
    sandbox: Sandbox,
}

impl Setup {
    /// `None` without curl, the browser.
    fn new(agent: &str, test: &str) -> Option<Self> {
        if !installed("curl", test) {
            return None;
        }
        let (sigstore, mut sandbox) = repository();
        sandbox.link_program();
        sandbox.git(&["config", "--global", "--unset", "paraph.local.accessCodeFile"]);
        sandbox.set("PARAPH_AGENT", agent);
        let setup = Self { sigstore, sandbox };
        let opener = setup.sandbox.script(
            "opener",
            &format!(
                "#!/bin/sh\ncd '{}'; (: >asked; while [ ! -e person ]; do sleep 0.05; done\n\
                 curl -s -L -o /dev/null -H \"X-Paraph-Access-Code: $('{}' local code --dir '{}')\" \"$1\"; : >answered) >/dev/null 2>&1 </dev/null &\n",
                setup.sandbox.root().display(),
                setup.sandbox.program,
                setup.sigstore.folder.display()
            ),
        );
        setup.sandbox.git(&["config", "--global", "paraph.urlOpener", &format!("{opener} {{{{.URL}}}}")]);
        Some(setup)
    }

    /// Has git call paraph through a wrapper, whose last act is to make the file `ended`.
    fn wraps(&self, body: &str) {
        let body = body.replace("PARAPH", &format!("'{}' \"$@\"", self.sandbox.program));
        let wrapper = self.sandbox.script("wrapper", &format!("#!/bin/sh\n{body}\n: >'{}'\n", self.file("ended").display()));
        self.sandbox.git(&["config", "--global", "gpg.x509.program", &wrapper]);
    }

    fn file(&self, name: &str) -> PathBuf {
        self.sandbox.root().join(name)
    }

    fn commits(&self) -> Child {
        let mut git = self.sandbox.command("git", &self.sandbox.work());
        let started = quiet(git.args(["commit", "-q", "-S", "--allow-empty", "-m", "message"])).spawn().unwrap();
        self.appears("asked");
        started
    }

    fn appears(&self, name: &str) {
        let started = Instant::now();
        while !self.file(name).exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "{name}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The person logs in.
    fn logs_in(&self) {
        std::fs::write(self.file("person"), "").unwrap();
        self.appears("answered");
    }

    /// The size of what the services have published.
    fn published(&self) -> u64 {
        published(&self.sigstore) + self.sigstore.folder.join("logs/ct.entries").metadata().unwrap().len()
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        // it waits for work in progress
        let _ = self.sandbox.paraph(&["agent", "stop"]);
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

#[test]
fn the_signer_ends_with_git_and_publishes_nothing() {
    let test = "the_signer_ends_with_git_and_publishes_nothing";
    // the second wrapper hides git's pipes
    for wrapper in ["PARAPH", "PARAPH >out 2>err; code=$?; cat err >&2; cat out; exit $code"] {
        for agent in ["never", "auto"] {
            if wrapper != "PARAPH" && !cfg!(target_os = "linux") {
                continue;
            }
            let Some(setup) = Setup::new(agent, test) else { return };
            setup.wraps(&wrapper.replace("exit $code", ""));
            let mut git = setup.commits();
            git.kill().unwrap();
            git.wait().unwrap();
            setup.appears("ended");
            setup.logs_in();
            if agent == "auto" {
                assert_eq!(setup.sandbox.paraph(&["agent", "stop"]).code, Some(0), "{wrapper}");
            }
            assert_eq!(setup.published(), 0, "{wrapper}, paraph.agent={agent}");
        }
    }
}

#[test]
fn a_wrapper_around_the_signer_changes_nothing_while_git_waits() {
    let test = "a_wrapper_around_the_signer_changes_nothing_while_git_waits";
    for wrapper in ["PARAPH", "PARAPH >out 2>err; cat err >&2; cat out", "(exec PARAPH)"] {
        let Some(setup) = Setup::new("never", test) else { return };
        setup.wraps(wrapper);
        let mut git = setup.commits();
        setup.logs_in();
        assert!(git.wait().unwrap().success(), "{wrapper}");
        assert!(setup.sandbox.git(&["cat-file", "commit", "HEAD"]).contains("gpgsig "), "{wrapper}");
    }
}

/// A launcher may end before the program that it starts: somebody still reads what that writes.
#[test]
fn the_end_of_a_launcher_ends_nothing() {
    let test = "the_end_of_a_launcher_ends_nothing";
    for agent in ["never", "auto"] {
        let Some(setup) = Setup::new(agent, test) else { return };
        std::fs::write(setup.file("payload"), PAYLOAD).unwrap();
        let start = format!("'{}' --status-fd=2 -bsau x <../payload 2>../err & echo $! >../launched", setup.sandbox.program);
        let mut launcher = setup.sandbox.command("sh", &setup.sandbox.work());
        let mut launcher = launcher.args(["-c", &start]).stdout(Stdio::piped()).spawn().unwrap();
        setup.appears("asked");
        assert!(launcher.wait().unwrap().success());
        setup.logs_in();
        let mut signature = String::new();
        std::io::Read::read_to_string(launcher.stdout.as_mut().unwrap(), &mut signature).unwrap();
        assert!(signature.contains("-----END SIGNED MESSAGE-----"), "{}", std::fs::read_to_string(setup.file("err")).unwrap());
    }
}
