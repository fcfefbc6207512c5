//! A history like a public project's: one commit of three has an embedded Sigstore signature, half of them by people and half by workloads; the
//! others have an OpenPGP signature, as a forge makes it, or none. git packs it with long delta chains.

use crate::{
    floor::Times,
    measure::{Run, pinned, run},
    set::{
        Authorities, COMMIT, Pack, Signer, Subject, TREE, WORKFLOW, WORKLOAD_ISSUER, address, allowed_people, git, object_id, parent,
        payload, with_signature,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use paraph_vectors::world::{TIME, World};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Commits with an embedded signature, and all commits.
pub const SIGNATURES: usize = 4_000;
pub const COMMITS: usize = 3 * SIGNATURES;
/// Changes with what is generated.
const VERSION: u32 = 1;
/// git's own limits when it packs a history for good.
const REPACK: [&str; 7] = ["repack", "-q", "-a", "-d", "-F", "--depth=50", "--window=100"];

pub struct History(PathBuf);

impl History {
    /// The history, made where it is not there from an earlier run.
    pub fn of(world: &World) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("batch").join(format!("history-v{VERSION}-{COMMITS}"));
        if !folder.exists() {
            eprintln!("Making a history of {COMMITS} commits; later runs find it in {}.", folder.display());
            make(world, &folder);
        }
        Self(folder)
    }

    pub fn verify(&self, cores: usize) -> Run {
        let mut command = pinned(cores, Path::new(&crate::paraph()));
        command.args(["verify", "--all", "--json", "--trusted-root"]).arg(self.0.join("trusted_root.json"));
        command.current_dir(self.0.join("repository.git")).env("HOME", &self.0).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env_remove("XDG_CACHE_HOME").env("PARAPH_ALLOWED_IDENTITIES", self.0.join("allowed-identities"));
        let done = run(&mut command, None);
        // the other kinds are not good
        assert!(done.status.code().is_some_and(|code| code > 1), "{:?}", done.status);
        done
    }

    /// The floor on so many cores, in a process of its own.
    pub fn floor(&self, cores: usize) -> Times {
        crate::floor_of(&self.0.join("repository.git"), &self.0.join("trusted_root.json"), cores)
    }
}

fn make(world: &World, folder: &Path) {
    let made = tempfile::tempdir_in(parent(folder)).unwrap();
    std::fs::write(made.path().join("trusted_root.json"), world.trusted_root().to_string()).unwrap();
    let allowed = format!("{}{WORKFLOW} {WORKLOAD_ISSUER} instance=custom\n", allowed_people("instance=custom"));
    std::fs::write(made.path().join("allowed-identities"), allowed).unwrap();
    let authorities = Authorities::of(world);
    let subject = |number: usize| if number.is_multiple_of(2) { Subject::Person } else { Subject::Workload };
    let signers: Vec<Signer> = (0..SIGNATURES).into_par_iter().map(|number| Signer::new(&authorities, number, subject(number))).collect();
    let (mut pack, mut parent) = (Pack::new(COMMITS + 1), None);
    pack.add(TREE, &[]);
    let mut embedded = Vec::new();
    for number in 0..COMMITS {
        let commit = match number % 3 {
            0 => signers[number / 3].commit(&authorities, number, parent.as_deref()),
            kind => other(number, parent.as_deref(), kind == 1),
        };
        let id = object_id("commit", &commit);
        if number % 3 == 0 {
            embedded.push(id.clone());
        }
        parent = Some(id);
        pack.add(COMMIT, &commit);
    }
    // the floor is measured on these
    embedded.reverse();
    embedded.truncate(crate::floor::SAMPLE);
    std::fs::write(made.path().join("objects"), embedded.join("\n") + "\n").unwrap();
    let repository = made.path().join("repository.git");
    git(made.path(), &["init", "-q", "--bare", "-b", "main", "repository.git"], None);
    git(&repository, &["index-pack", "--stdin"], Some(&pack.finish()));
    git(&repository, &["update-ref", "refs/heads/main", &parent.unwrap()], None);
    git(&repository, &REPACK, None);
    std::fs::rename(made.keep(), folder).unwrap();
}

/// A commit with an OpenPGP signature, which is random here, or with none.
fn other(number: usize, parent: Option<&str>, is_signed: bool) -> Vec<u8> {
    let (payload, head) = payload(number, parent, &address(number % 7), TIME + i64::try_from(number).unwrap() * 60);
    if !is_signed {
        return payload;
    }
    let random: Vec<u8> = (0..14u8).flat_map(|part| Sha256::digest(format!("{number} {part}"))).collect();
    let encoded = STANDARD.encode(random);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let armored = format!("-----BEGIN PGP SIGNATURE-----\n\n{}\n=AbCd\n-----END PGP SIGNATURE-----\n", lines.join("\n"));
    with_signature(&payload, head, &armored)
}
