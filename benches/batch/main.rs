//! Many signatures: how near `paraph verify --all` comes to what its unavoidable operations allow, on one core and on two.
//!
//! `cargo bench --bench batch` makes the histories on the first run (a minute or two), keeps them in the target folder, and prints tables in
//! Markdown. The floor is measured on the same cores, in turns with the program, so that noise meets both; where others use the machine, the
//! columns by processor time tell. `cargo bench --bench batch -- growth` draws benches/cost.svg, `-- bundles` measures files with bundles, and
//! `-- history` a history in which most commits have other signatures. PARAPH names another build to measure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops where something is wrong, and prints"
)]

mod bundles;
mod corpus;
mod floor;
mod growth;
mod history;
mod measure;
mod set;

use bundles::{Content, FILES, Files};
use floor::Times;
use history::{COMMITS, History, SIGNATURES};
use measure::{Run, median, pinned, run};
use paraph_vectors::world::World;
use set::{Kind, Set};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

const ROUNDS: usize = 3;
const MANY: usize = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| *argument != "--bench").collect();
    match words.as_slice() {
        // `cargo test --benches` only wants to know that it starts
        ["--test", ..] => {}
        // by itself, on the cores that it was given
        ["floor", repository, trusted_root, threads] => {
            let floor = floor::measure(Path::new(repository), Path::new(trusted_root), threads.parse().unwrap());
            println!("{}", serde_json::to_string(&floor).unwrap());
        }
        ["bundle-floor", folder, threads] => {
            println!("{}", serde_json::to_string(&bundles::measure(Path::new(folder), threads.parse().unwrap())).unwrap());
        }
        ["bundles"] => report_bundles(&World::new()),
        ["history"] => report_history(&World::new()),
        ["growth"] => growth::draw(&World::new()),
        ["memory"] => memory(&World::new()),
        _ => report(&World::new()),
    }
}

fn report(world: &World) {
    println!("`paraph verify --all --json`, whole processes, medians of {ROUNDS} rounds, each between two measurements of the floor.\n");
    for per_certificate in [1, 20] {
        let set = Set::of(world, Kind { signatures: MANY, per_certificate });
        table(&format!("{MANY} signatures, {per_certificate} a certificate"));
        for cores in [1, 2] {
            row(&set, cores);
        }
        println!();
    }
    report_bundles(world);
    report_history(world);
    corpus::report();
    cached(&Set::of(world, Kind { signatures: MANY, per_certificate: 1 }));
    memory(world);
}

fn table(title: &str) {
    println!("**{title}**\n");
    println!(
        "| cores | floor, µs | paraph, µs | share of the floor's rate | by processor time: floor, µs | paraph, µs | share | anonymous memory, MB |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
}

fn row(set: &Set, cores: usize) {
    let (count, new) = (set.kind.signatures as f64, 1.0 / set.kind.per_certificate as f64);
    measured_row(cores, (count, new), || floor_of(&set.repository(), &set.trusted_root(), cores), || verify(set, cores, &[]));
}

/// Files with bundles, each with its own certificate.
fn report_bundles(world: &World) {
    for content in [Content::Message, Content::Statement] {
        let files = Files::of(world, content);
        table(&format!("`paraph verify-file --json`, {FILES} files, {content:?}"));
        for cores in [1, 2] {
            measured_row(cores, (FILES as f64, 1.0), || files.floor(cores), || files.verify(cores));
        }
        println!();
    }
}

/// The share of the five checks of signatures in all processor time of a history with many other commits.
fn report_history(world: &World) {
    let history = History::of(world);
    println!("**{COMMITS} commits, of which {SIGNATURES} have an embedded signature, one core, by processor time**\n");
    println!("| cryptography, µs a signature | all, µs a signature | share of cryptography |\n| ---: | ---: | ---: |");
    history.verify(1);
    let rounds: Vec<(f64, f64)> = (0..2 * ROUNDS)
        .map(|_| {
            let (before, run, after) = (history.floor(1), history.verify(1), history.floor(1));
            (Times::mean(&[before, after]).processor.cryptography(), run.processor * 1e6 / SIGNATURES as f64)
        })
        .collect();
    let share = median(rounds.iter().map(|(cryptography, all)| cryptography / all * 100.0).collect());
    let [cryptography, all] =
        [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1].map(|side| median(rounds.iter().map(side).collect()));
    println!("| {cryptography:.1} | {all:.1} | {share:.1} % |\n");
}

/// One row: the program in turns with its floor, for a count of signatures of which a share brings a new certificate.
fn measured_row(cores: usize, (count, new): (f64, f64), floor: impl Fn() -> Times, program: impl Fn() -> Run) {
    let (mut wall, mut processor, mut anonymous) = (Vec::new(), Vec::new(), 0);
    let mut before = floor();
    let mut parts = Vec::new();
    for round in 0..=ROUNDS {
        let run = program();
        let after = floor();
        let floor = Times::mean(&[before, after]);
        before = after;
        // the first round warms the caches
        if round > 0 {
            wall.push((floor.wall.total(new) / cores as f64, run.seconds * 1e6 / count));
            processor.push((floor.processor.total(new), run.processor * 1e6 / count));
            anonymous = anonymous.max(run.anonymous);
            parts.push(floor);
        }
    }
    let columns = |pairs: &[(f64, f64)]| {
        let [floor, paraph] = [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1].map(|side| median(pairs.iter().map(side).collect()));
        let share = median(pairs.iter().map(|(floor, paraph)| floor / paraph).collect());
        format!("{floor:.1} | {paraph:.1} | {:.1} %", share * 100.0)
    };
    println!("| {cores} | {} | {} | {:.1} |", columns(&wall), columns(&processor), megabytes(anonymous));
    eprintln!("by processor time, µs: {:.1?}", Times::mean(&parts).processor);
}

/// The second run over a history that has not changed.
fn cached(set: &Set) {
    println!("**The second run, `--cache`, {MANY} signatures**\n");
    println!("| cores | µs a commit | by processor time, µs | anonymous memory, MB |\n| ---: | ---: | ---: | ---: |");
    for cores in [1, 2] {
        verify(set, cores, &["--cache"]);
        let runs: Vec<Run> = (0..ROUNDS).map(|_| verify(set, cores, &["--cache"])).collect();
        let each = |seconds: fn(&Run) -> f64| median(runs.iter().map(seconds).collect()) * 1e6 / MANY as f64;
        let anonymous = runs.iter().map(|run| run.anonymous).max().unwrap();
        println!("| {cores} | {:.1} | {:.1} | {:.1} |", each(|run| run.seconds), each(|run| run.processor), megabytes(anonymous));
    }
    println!();
}

fn memory(world: &World) {
    println!("**Memory**\n\n| signatures | anonymous memory on two cores, MB |\n| ---: | ---: |");
    for signatures in [2_000, MANY, 100_000] {
        let run = verify(&Set::of(world, Kind { signatures, per_certificate: 1 }), 2, &[]);
        println!("| {signatures} | {:.1} |", megabytes(run.anonymous));
    }
}

fn verify(set: &Set, cores: usize, options: &[&str]) -> Run {
    let mut command = pinned(cores, Path::new(&paraph()));
    command.args(["verify", "--all", "--json"]).args(options).arg("--trusted-root").arg(set.trusted_root());
    command.current_dir(set.repository()).env("HOME", &set.folder).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env_remove("XDG_CACHE_HOME").env("PARAPH_ALLOWED_IDENTITIES", set.allowed_identities());
    let done = run(&mut command, None);
    assert!(done.status.success(), "{:?}", done.status);
    done
}

/// The program that is measured.
fn paraph() -> String {
    std::env::var("PARAPH").unwrap_or_else(|_| env!("CARGO_BIN_EXE_paraph").to_owned())
}

fn floor_of(repository: &Path, trusted_root: &Path, cores: usize) -> Times {
    floor_by(cores, &["floor".as_ref(), repository.as_os_str(), trusted_root.as_os_str()])
}

/// The floor that this program measures when it is called with these arguments.
fn floor_by(cores: usize, arguments: &[&OsStr]) -> Times {
    let program: PathBuf = std::env::current_exe().unwrap();
    let mut command = pinned(cores, &program);
    command.args(arguments).arg(cores.to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn megabytes(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1024.0 / 1e6
}
