//! Files of references in other forms than those that git writes. git reads some of them and refuses others; paraph does the same, so that a name
//! never leads to another object than the one that git shows.

use crate::support::sandbox::{Done, Sandbox};
use std::{fs, path::Path};

/// Three commits, a branch `x` at the second, and a tag `t` at the first.
fn repository() -> Sandbox {
    let sandbox = Sandbox::with_repository();
    sandbox.git(&["config", "user.name", "A"]);
    sandbox.git(&["config", "user.email", "a@b.example"]);
    for message in ["one", "two", "three"] {
        sandbox.git(&["commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", message]);
    }
    sandbox.git(&["branch", "x", "HEAD~1"]);
    sandbox.git(&["tag", "t", "HEAD~2"]);
    sandbox
}

fn id(done: &Done) -> Option<String> {
    let report: serde_json::Value = serde_json::from_str(&done.stdout).ok()?;
    Some(report["oid"].as_str()?.to_owned())
}

/// Compares what paraph judges with what git finds, in a folder. Returns whether git finds an object.
fn same(sandbox: &Sandbox, folder: &Path, name: &str, case: &str) -> bool {
    let git: Done =
        sandbox.command("git", folder).args(["rev-parse", "--verify", "-q", &format!("{name}^{{commit}}")]).output().unwrap().into();
    let by_git = (git.code == Some(0)).then(|| git.stdout.trim_end().to_owned());
    let done = sandbox.paraph_in(folder, &["verify", "--json", name]);
    assert_eq!(id(&done), by_git, "{case}, {name}: {done:?}");
    assert!(by_git.is_some() || done.code == Some(4), "{case}, {name}: {done:?}");
    by_git.is_some()
}

/// What the file of a reference may hold. X is the id of the branch `x`.
const FORMS: [&str; 40] = [
    "ref: refs/heads/x\n",
    "ref:refs/heads/x\n",
    "ref:\trefs/heads/x\n",
    "ref:  refs/heads/x\n",
    "ref:\nrefs/heads/x\n",
    "ref:\rrefs/heads/x",
    "ref:\u{b}refs/heads/x\n",
    "ref:\u{c}refs/heads/x\n",
    "ref: refs/heads/x  \n",
    "ref: refs/heads/x\r\n",
    "ref: refs/heads/x\t\n\n",
    "ref: refs/heads/x",
    "ref: refs/heads/x\nrefs/heads/main\n",
    "ref: refs/heads/x y\n",
    "ref: refs/heads/x\u{a0}\n",
    "REF: refs/heads/x\n",
    " ref: refs/heads/x\n",
    "ref: refs/heads/x\0\n",
    "ref: x\n",
    "ref: heads/x\n",
    "ref: refs/heads/../heads/x\n",
    "ref: refs//heads/x\n",
    "ref: refs/heads/none\n",
    "ref: HEAD\n",
    "ref: main-worktree/refs/heads/x\n",
    "ref:",
    "",
    "X\n",
    "X",
    "X \n",
    "X text\n",
    "X\ttext\n",
    "X\r\n",
    "X\nX\n",
    "X\u{b}",
    "X\u{c}",
    "X:\n",
    "Xab\n",
    " X\n",
    "\u{feff}X\n",
];

#[test]
fn a_file_of_a_reference_is_read_as_git_reads_it() {
    let sandbox = repository();
    let git_dir = sandbox.work().join(".git");
    let x = sandbox.git(&["rev-parse", "x"]);
    let head = fs::read(git_dir.join("HEAD")).unwrap();
    let (mut found, mut not) = (0, 0);
    let mut count = |is_found| if is_found { found += 1 } else { not += 1 };
    for form in FORMS {
        let text = form.replace('X', &x);
        // a reference, one that leads to it, and HEAD itself
        for (place, names) in [
            ("refs/heads/s", &["s", "s~0"][..]),
            ("refs/tags/s", &["s"]),
            ("refs/remotes/o/HEAD", &["o"]),
            ("HEAD", &["HEAD", "@"]),
            ("S_HEAD", &["S_HEAD"]),
        ] {
            fs::create_dir_all(git_dir.join(place).parent().unwrap()).unwrap();
            fs::write(git_dir.join(place), &text).unwrap();
            names.iter().for_each(|name| count(same(&sandbox, &sandbox.work(), name, &format!("{place} {form:?}"))));
            if place == "refs/heads/s" {
                fs::write(git_dir.join("HEAD"), "ref: refs/heads/s\n").unwrap();
                count(same(&sandbox, &sandbox.work(), "HEAD", &format!("by HEAD, {form:?}")));
            }
            fs::remove_file(git_dir.join(place)).unwrap_or_default();
            fs::write(git_dir.join("HEAD"), &head).unwrap();
        }
    }
    assert!(found > 60 && not > 60, "{found} {not}");
}

#[test]
fn a_linked_work_tree_s_own_references_are_read_as_git_reads_them() {
    let sandbox = repository();
    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "x"]);
    let own = sandbox.work().join(".git/worktrees/linked");
    fs::create_dir_all(own.join("refs/worktree")).unwrap();
    for target in ["ref:refs/heads/main\n", "ref: refs/heads/main\n", "ref:\trefs/tags/t \r\n"] {
        fs::write(own.join("refs/worktree/s"), target).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/worktree/s\n").unwrap();
        for name in ["HEAD", "refs/worktree/s", "worktree/s"] {
            assert!(same(&sandbox, &linked, name, target));
        }
    }
}

#[test]
fn packed_references_are_read_as_git_reads_them() {
    let sandbox = repository();
    let git_dir = sandbox.work().join(".git");
    let [main, x, t] = ["main", "x", "t"].map(|name| sandbox.git(&["rev-parse", name]));
    sandbox.git(&["pack-refs", "--all"]);
    let (mut found, mut not) = (0, 0);
    let header = "# pack-refs with: peeled fully-peeled sorted \n";
    for form in [
        "HM refs/heads/main\nX refs/heads/x\n",
        "M refs/heads/main\nX refs/heads/x\n",
        "HM refs/heads/main\r\nX refs/heads/x\r\n",
        "HM\trefs/heads/main\nX\trefs/heads/x\n",
        "HM  refs/heads/main\nX  refs/heads/x\n",
        "HM refs/heads/main \nX refs/heads/x \n",
        "HM refs/heads/main\n\nX refs/heads/x\n",
        "HM refs/heads/main\n# comment\nX refs/heads/x\n",
        "HHM refs/heads/main\nX refs/heads/x\n",
        "H^T\nM refs/heads/main\nX refs/heads/x\n",
        "HM refs/heads/main\n^T\nX refs/heads/x\n",
        "# pack-refs with:\nM refs/heads/main\nX refs/heads/x\n",
        "# another\nM refs/heads/main\nX refs/heads/x\n",
        "HM refs/heads/main\0\nX refs/heads/x\n",
        "H M refs/heads/main\nX refs/heads/x\n",
        "HX HEAD\nM refs/heads/main\nX refs/heads/x\n",
        "Href: refs/heads/x refs/heads/main\nX refs/heads/x\n",
        "HM refs/heads/main\nX refs/heads/x",
    ] {
        let text = form.replacen("H", header, 2).replace(&format!("{header}EAD"), "HEAD");
        let text =
            text.replace("M ", &format!("{main} ")).replace("M\t", &format!("{main}\t")).replace("X", &x).replace("^T", &format!("^{t}"));
        fs::write(git_dir.join("packed-refs"), text).unwrap();
        for name in ["main", "x", "HEAD", "refs/heads/x", "main~1"] {
            if same(&sandbox, &sandbox.work(), name, form) { found += 1 } else { not += 1 }
        }
    }
    assert!(found > 30 && not > 20, "{found} {not}");
}

/// git removes line ends from a path in a file, and gix all white space: each would open another repository.
#[test]
fn a_path_that_ends_in_white_space_is_refused() {
    let sandbox = repository();
    let linked = sandbox.root().join("linked");
    sandbox.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "x"]);
    let refused = |folder: &Path, file: &Path, texts: [String; 3]| {
        let kept = fs::read(file).unwrap();
        for text in texts {
            fs::write(file, &text).unwrap();
            let done = sandbox.paraph_in(folder, &["verify", "HEAD"]);
            let says = done.stderr.contains("names a path that ends in white space");
            assert!(done.code == Some(4) && says, "{text:?}: {done:?}");
        }
        fs::write(file, kept).unwrap();
        assert_eq!(sandbox.paraph_in(folder, &["verify", "HEAD"]).code, Some(12));
    };
    refused(&linked, &sandbox.work().join(".git/worktrees/linked/commondir"), ["../.. \n", "../..\t", "../..\u{b}\n\n"].map(str::to_owned));
    let own = sandbox.work().join(".git/worktrees/linked").display().to_string();
    refused(&linked, &linked.join(".git"), [" \n", "\t", "\u{c}\r\n"].map(|end| format!("gitdir: {own}{end}")));
    // line ends are no part of it
    fs::write(linked.join(".git"), format!("gitdir: {own}\r\n\n")).unwrap();
    assert!(same(&sandbox, &linked, "HEAD", "line ends"));
}

/// A condition on the branch counts where git says so, whatever the form of HEAD.
#[test]
fn a_condition_on_the_branch_is_read_as_git_reads_it() {
    let sandbox = repository();
    let git_dir = sandbox.work().join(".git");
    fs::write(sandbox.home().join("more"), "[paraph]\n\texpectedIdentity = me@corp.example\n").unwrap();
    let mut applied = 0;
    let forms =
        ["ref: refs/heads/x\n", "ref:refs/heads/x", "ref:\trefs/heads/x \n", "ref: refs/heads/s\n", "ref: refs/heads/none\n", "X\n"];
    fs::write(git_dir.join("refs/heads/s"), "ref: refs/heads/x\n").unwrap();
    let id = sandbox.git(&["rev-parse", "x"]);
    for form in forms {
        fs::write(git_dir.join("HEAD"), form.replace('X', &id)).unwrap();
        for pattern in ["x", "s", "none", "**"] {
            let condition = format!("[includeIf \"onbranch:{pattern}\"]\n\tpath = more\n");
            fs::write(sandbox.home().join(".gitconfig"), condition).unwrap();
            let by_git = sandbox.try_git(&["config", "--get", "paraph.expectedIdentity"]);
            let done = sandbox.paraph(&["config", "--json"]);
            let report: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
            let setting = &report["settings"]["expectedIdentity"];
            let found = (setting["source"]["kind"] == "git").then(|| setting["value"].as_str().unwrap());
            assert_eq!(found, Some(by_git.stdout.trim_end()).filter(|value| !value.is_empty()), "{form:?}, {pattern}");
            applied += usize::from(found.is_some());
        }
    }
    assert!(applied >= 10, "{applied}");
}
