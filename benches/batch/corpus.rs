//! Signatures of public repositories, where they are at hand: what the public Sigstore's clients made over the years.

use crate::{
    floor_of,
    measure::{median, pinned, run},
    set::{COMMIT, Pack, git, object_id},
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Runs that are measured together: one takes a tenth of a second.
const RUNS: usize = 10;

pub fn report() {
    let Some(corpus) = std::env::var_os("PARAPH_CORPUS").map(PathBuf::from).filter(|corpus| corpus.join("index.csv").is_file()) else {
        println!("There is no corpus of signed objects here (set PARAPH_CORPUS), so it is left out.\n");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let trusted_root = corpus.join("trust/production/trusted_root.json");
    let (objects, certificates) = repository(&corpus, folder.path());
    let (repository, list) = (folder.path().join("repository.git"), folder.path().join("objects"));
    let first = folder.path().join("first");
    std::fs::write(&first, format!("{}\n", objects[0])).unwrap();

    println!(
        "**The corpus: {} commits with embedded entries, {certificates} certificates; one core, start-up apart, by processor time**\n",
        objects.len()
    );
    let share = certificates as f64 / objects.len() as f64;
    let floor = floor_of(&repository, &trusted_root, 1).processor.total(share);
    let time = |list: &Path| {
        let one = || {
            let mut command = pinned(1, Path::new(&crate::paraph()));
            command.args(["verify", "--json", "--stdin", "--trusted-root"]).arg(&trusted_root).current_dir(&repository);
            run(command.env("HOME", folder.path()).env("GIT_CONFIG_NOSYSTEM", "1"), Some(list)).processor
        };
        (0..RUNS).map(|_| one()).sum::<f64>() / RUNS as f64
    };
    let each = || (time(&list) - time(&first)) * 1e6 / (objects.len() - 1) as f64;
    let paraph = median((0..3).map(|_| each()).collect());
    println!("| floor, µs | paraph, µs | share of the floor's rate |\n| ---: | ---: | ---: |");
    println!("| {floor:.1} | {paraph:.1} | {:.1} % |\n", floor / paraph * 100.0);
}

/// Puts the commits that verify offline into a repository beside a list of their ids; gives the ids and the number of certificates.
fn repository(corpus: &Path, folder: &Path) -> (Vec<String>, usize) {
    let index = std::fs::read_to_string(corpus.join("index.csv")).unwrap();
    let ids: Vec<&str> = index.lines().filter(|line| line.contains(",OFFLINE_OK,")).filter_map(|line| line.split(',').next()).collect();
    let commits: Vec<Vec<u8>> = ids.iter().filter_map(|id| std::fs::read(corpus.join(format!("objects/{id}.commit"))).ok()).collect();
    let mut pack = Pack::new(commits.len());
    commits.iter().for_each(|commit| pack.add(COMMIT, commit));
    git(folder, &["init", "-q", "--bare", "repository.git"], None);
    git(&folder.join("repository.git"), &["index-pack", "--stdin"], Some(&pack.finish()));
    let ids: Vec<String> = commits.iter().map(|commit| object_id("commit", commit)).collect();
    std::fs::write(folder.join("objects"), ids.join("\n") + "\n").unwrap();
    let certificates: HashSet<Vec<u8>> = commits.iter().filter_map(|commit| crate::floor::certificate(commit)).collect();
    (ids, certificates.len())
}
