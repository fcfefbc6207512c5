//! A machine whose real clock is wrong. A preloaded library moves it for the program alone.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use crate::support::{
    objects::installed,
    sandbox::{Done, Sandbox},
    sigstore::Sigstore,
};

const LIBRARY: &str = "#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *time) {
  long result = syscall(SYS_clock_gettime, id, time);
  if (result == 0 && id == CLOCK_REALTIME) time->tv_sec += atol(getenv(\"SHIFT\"));
  return result;
}
";

/// A signed commit; and the library, if it can be built here.
fn history(test: &str) -> Option<(Sigstore, Sandbox, String)> {
    if !installed("cc", test) {
        return None;
    }
    let sigstore = Sigstore::start();
    let sandbox = sigstore.signed_history(&["one"]);
    let (source, library) = (sandbox.root().join("clock.c"), sandbox.root().join("clock.so"));
    std::fs::write(&source, LIBRARY).unwrap();
    let built = sandbox.command("cc", &sandbox.root()).args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output().unwrap();
    if !built.status.success() {
        eprintln!("SKIPPED {test}: cc builds no library here");
        return None;
    }
    Some((sigstore, sandbox, library.to_str().unwrap().to_owned()))
}

fn at(sandbox: &Sandbox, library: &str, shift: &str, program: &str, arguments: &[&str]) -> Done {
    let mut command = sandbox.command(program, &sandbox.work());
    command.args(arguments).env("LD_PRELOAD", library).env("SHIFT", shift).stdin(std::process::Stdio::null()).output().unwrap().into()
}

#[test]
fn a_clock_that_is_early_is_named_with_its_time_and_no_setting_is_blamed() {
    let Some((_sigstore, sandbox, library)) = history("a_clock_that_is_early_is_named_with_its_time_and_no_setting_is_blamed") else {
        return;
    };
    let log = sandbox.root().join("log");
    sandbox.git(&["config", "--global", "paraph.logPath", log.to_str().unwrap()]);
    // half a century, and a few minutes more than clocks may differ
    for (shift, year) in [("-1700000000", "197"), ("-900", "20")] {
        let paraph = |arguments: &[&str]| at(&sandbox, &library, shift, &sandbox.program, arguments);
        let verified = paraph(&["verify"]);
        assert!(verified.stdout.contains(" ahead [time-in-future].\n  Set this machine's clock"), "{shift}: {verified:?}");
        let _ = std::fs::remove_file(&log);
        let signed = at(&sandbox, &library, shift, "git", &["commit", "-q", "-S", "--allow-empty", "-m", "early"]);
        let said = std::fs::read_to_string(&log).unwrap();
        assert_eq!(signed.code, Some(128), "{shift}: {signed:?}");
        assert!(said.contains(&format!("this clock says {year}")) && said.contains("hint: set the clock"), "{shift}: {said}");
        let doctor = paraph(&["doctor", "--offline"]);
        assert!(
            doctor.stdout.contains(&format!("this clock says {year}")) && !doctor.stdout.contains("set paraph."),
            "{shift}: {doctor:?}"
        );
    }
}

#[test]
fn a_clock_that_is_late_still_verifies() {
    let Some((_sigstore, sandbox, library)) = history("a_clock_that_is_late_still_verifies") else { return };
    assert_eq!(at(&sandbox, &library, "3000000000", &sandbox.program, &["verify"]).code, Some(0));
}
