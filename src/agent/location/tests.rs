//! Where the folder is, in the surroundings that a process may have.

use super::*;
use std::os::unix::fs::symlink;

/// A machine with the runtime folders of its users, a folder for temporary files, and home folders.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for folder in ["tmp", "home/ann", "home/bob", "runtime", "other"] {
            std::fs::create_dir_all(machine.path(folder)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn user(&self) -> u32 {
        std::fs::metadata(self.0.path()).unwrap().uid()
    }

    fn surroundings(&self, variable: fn(&str) -> Option<OsString>) -> Surroundings {
        Surroundings {
            variable,
            user: self.user(),
            home: Some(self.path("home/ann")),
            listed_home: Some(self.path("home/ann")),
            runtime_folders: self.path("runtime"),
            temporary: self.path("tmp"),
        }
    }

    fn folders(&self, surroundings: &Surroundings) -> Vec<String> {
        let shown = |path: &Path| path.strip_prefix(self.0.path()).unwrap_or(path).display().to_string();
        surroundings.candidates().folders.iter().map(|candidate| shown(&candidate.folder)).collect()
    }
}

const CACHE: &str = if cfg!(target_vendor = "apple") { "home/ann/Library/Caches/paraph/agent" } else { "home/ann/.cache/paraph/agent" };

#[test]
fn no_variable_moves_the_folder() {
    let machine = Machine::new();
    let user = machine.user();
    let nothing: fn(&str) -> Option<OsString> = |_| None;
    let something: fn(&str) -> Option<OsString> =
        |name| ["XDG_RUNTIME_DIR", "TMPDIR", "XDG_CACHE_HOME"].contains(&name).then(|| "/elsewhere".into());
    for variable in [nothing, something] {
        assert_eq!(machine.folders(&machine.surroundings(variable)), [format!("tmp/paraph-{user}"), CACHE.to_owned()]);
    }
    std::fs::create_dir(machine.path(&format!("runtime/{user}"))).unwrap();
    for variable in [nothing, something] {
        let all = [format!("runtime/{user}/paraph"), format!("tmp/paraph-{user}"), CACHE.to_owned()];
        assert_eq!(machine.folders(&machine.surroundings(variable)), all);
    }
    let earlier = machine.surroundings(something).candidates().earlier;
    assert_eq!(earlier, [PathBuf::from("/elsewhere/paraph"), PathBuf::from(format!("/elsewhere/paraph-{user}"))]);
}

#[test]
fn nothing_of_another_user_is_used() {
    let machine = Machine::new();
    // as seen by somebody to whom none of the folders belongs
    let user = machine.user() + 1;
    std::fs::create_dir(machine.path(&format!("runtime/{user}"))).unwrap();
    let surroundings = Surroundings { user, ..machine.surroundings(|_| None) };
    assert_eq!(machine.folders(&surroundings), [format!("tmp/paraph-{user}")], "neither the runtime folder nor the home folder");
    assert_eq!(surroundings.links(), None);
}

#[test]
fn another_home_folder_has_an_agent_of_its_own() {
    let machine = Machine::new();
    let user = machine.user();
    std::fs::create_dir(machine.path(&format!("runtime/{user}"))).unwrap();
    let with = |home: Option<&str>, listed: Option<&str>| {
        let (home, listed_home) = (home.map(|home| machine.path(home)), listed.map(|home| machine.path(home)));
        machine.folders(&Surroundings { home, listed_home, ..machine.surroundings(|_| None) })
    };
    symlink(machine.path("home/ann"), machine.path("home/link")).unwrap();
    let usual = with(Some("home/ann"), Some("home/ann"));
    assert_eq!(with(Some("home/ann"), Some("home/link"))[..2], usual[..2]);
    assert_eq!(with(None, Some("home/ann")), usual[..2], "no home folder for caches");
    let other = with(Some("home/bob"), Some("home/ann"));
    for (folder, usual) in other.iter().zip(&usual[..2]) {
        let digest = folder.strip_prefix(&format!("{usual}-")).unwrap();
        assert!(digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{folder}");
    }
    assert_ne!(other[..2], with(Some("home/link"), Some("other"))[..2], "each has one");
    // a user who is not listed has a session, or none
    let unlisted = with(Some("home/ann"), None);
    assert!(unlisted[0] == usual[0] && unlisted[1].starts_with(&format!("{}-", usual[1])), "{unlisted:?}");
}

/// The value of an environment variable.
type Variable = fn(&str) -> Option<OsString>;

#[test]
fn a_folder_that_is_named_and_cannot_be_used_is_as_good_as_none() {
    let machine = Machine::new();
    let usual = machine.folders(&machine.surroundings(|_| None));
    let cases: [(Variable, &str); 4] = [
        (|name| (name == VARIABLE).then(|| "/no/such/folder".into()), "No such file"),
        (|name| (name == VARIABLE).then(|| "relative".into()), "it is not an absolute path"),
        (|name| (name == VARIABLE).then(|| "/dev/null".into()), "it is not a folder"),
        (|name| (name == VARIABLE).then(|| format!("/{}", "x/".repeat(60)).into()), ""),
    ];
    for (variable, why) in cases {
        let surroundings = machine.surroundings(variable);
        assert_eq!(machine.folders(&surroundings), usual);
        let notice = surroundings.candidates().notice.unwrap();
        assert!(notice.contains(why), "{notice}");
    }
    let long = machine.path(&"x".repeat(MAX_FOLDER));
    std::fs::create_dir(&long).unwrap();
    let why = machine.surroundings(|_| None).why_unusable(&long).unwrap();
    assert!(why.starts_with("it is too long for a socket"), "{why}");
    let empty = machine.surroundings(|name| (name == VARIABLE).then(OsString::new)).candidates();
    assert_eq!(empty.notice, None);
}

#[test]
fn the_home_folder_is_found_in_the_list_of_users() {
    let users = "root:x:0:0:root:/root:/bin/sh\n\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\nbroken:x:1001\nnone:x:1002:1:::\n+::::::\n";
    for (user, home) in [(0, Some("/root")), (1000, Some("/home/ann")), (1001, None), (1002, None), (7, None)] {
        assert_eq!(home_of(users, user), home.map(PathBuf::from), "{user}");
    }
}
