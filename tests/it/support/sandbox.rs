//! A folder to work in with a HOME of its own, and git and paraph run there with nothing of the surroundings.

use std::{
    fs::DirBuilder,
    io::Write,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A HOME, and beside it the folder `work`, without a repository at first.
pub struct Sandbox {
    folder: tempfile::TempDir,
    /// Variables for everything that is run here.
    pub variables: Vec<(String, String)>,
    /// paraph's path.
    pub program: String,
    /// The folder of a program of its own.
    _linked: Option<tempfile::TempDir>,
}

/// What a program did: standard output and standard error as text, and its exit code.
#[derive(Debug)]
pub struct Done {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Sandbox {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Self { folder, variables: Vec::new(), program: env!("CARGO_BIN_EXE_paraph").into(), _linked: None };
        std::fs::create_dir(sandbox.home()).unwrap();
        std::fs::create_dir(sandbox.work()).unwrap();
        DirBuilder::new().mode(0o700).create(sandbox.root().join("run")).unwrap();
        sandbox
    }

    /// With a repository in `work`.
    pub fn with_repository() -> Self {
        let sandbox = Self::new();
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    /// Gives the program a path that no other test uses, by which its processes are told from theirs.
    pub fn link_program(&mut self) {
        let built = Path::new(env!("CARGO_BIN_EXE_paraph"));
        // beside the program: no other folder is sure to lie on the same file system
        let folder = tempfile::tempdir_in(built.parent().unwrap()).unwrap();
        let linked = folder.path().canonicalize().unwrap().join("paraph");
        std::fs::hard_link(built, &linked).unwrap();
        self.program = linked.to_str().unwrap().to_owned();
        self._linked = Some(folder);
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// Where the program keeps log entries that it found.
    pub fn kept_entries(&self) -> PathBuf {
        let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        self.home().join(caches).join("paraph/entries")
    }

    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable back.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(set, _)| set != name);
    }

    /// A program in `directory`; the only variables are those that it needs and those of the sandbox.
    pub fn command(&self, program: &str, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.root())
            // a test that wants an agent says so, and ends it
            .env("PARAPH_AGENT", "never")
            // never the agent of whoever runs the tests
            .env("PARAPH_RUNTIME_DIR", self.root().join("run"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn paraph(&self, arguments: &[&str]) -> Done {
        self.paraph_in(&self.work(), arguments)
    }

    pub fn paraph_in(&self, directory: &Path, arguments: &[&str]) -> Done {
        self.command(&self.program, directory).args(arguments).output().unwrap().into()
    }

    /// git in `work`; it must succeed. Its standard output without the last line end.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.work(), arguments)
    }

    pub fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let done: Done = self.command("git", directory).args(arguments).output().unwrap().into();
        assert_eq!(done.code, Some(0), "git {arguments:?}: {}", done.stderr);
        done.stdout.trim_end_matches('\n').to_owned()
    }

    /// git in `work`, which may fail.
    pub fn try_git(&self, arguments: &[&str]) -> Done {
        self.command("git", &self.work()).args(arguments).output().unwrap().into()
    }

    /// paraph in `work` with a standard input, as git calls it.
    pub fn paraph_with(&self, arguments: &[&str], input: &[u8]) -> Done {
        self.feed(self.command(&self.program, &self.work()).args(arguments), input)
    }

    /// Makes an executable file in the sandbox's folder. Another process writes it: while this one had it open for writing, a child that
    /// another test starts would inherit that, and the file could not be run.
    pub fn script(&self, name: &str, text: &str) -> String {
        let path = self.root().join(name);
        let mut write = self.command("sh", &self.root());
        let done = self.feed(write.args(["-c", "cat > \"$0\" && chmod 755 \"$0\""]).arg(&path), text.as_bytes());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        path.to_str().unwrap().to_owned()
    }

    /// Runs a command with a standard input.
    pub fn feed(&self, command: &mut Command, input: &[u8]) -> Done {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // it is not an error if a program does not read to the end
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap().into()
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}
