//! Many signatures: how near `paraph verify --all` comes to what its unavoidable operations allow, on one core and on two.
//!
//! `cargo bench --bench batch` makes the histories on the first run (a minute or two), keeps them in the target folder, and prints tables in
//! Markdown. The floor is measured on the same cores, in turns with the program, so that noise meets both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark stops where something is wrong, and prints"
)]
#![allow(dead_code, reason = "the test vectors' generator has more than is used here")]

#[path = "../../examples/make-vectors/vectors/mod.rs"]
mod vectors;

mod floor;
mod measure;
mod set;

use floor::Times;
use measure::{median, pinned, run};
use set::{Kind, Set};
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use vectors::world::World;

const PARAPH: &str = env!("CARGO_BIN_EXE_paraph");
const ROUNDS: usize = 3;

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
        // the verifier alone, for a profiler
        ["profile", version, count] => profile(version, count.parse().unwrap()),
        _ => report(&World::new()),
    }
}

fn profile(version: &str, count: usize) {
    use paraph::{
        object::ObjectFormat,
        trust::{Instance, TrustRoot},
        verify::Verifier,
    };
    let world = World::new();
    let recipe = if version == "v1" { world.v1() } else { world.v2() };
    let commit = recipe.commit();
    let root = TrustRoot::from_json(world.trusted_root().to_string().as_bytes(), Instance::custom(), "the vectors'").unwrap();
    let verifier = Verifier::new(vec![root], "2026-01-01T00:00:00Z".parse().unwrap());
    for _ in 0..count {
        std::hint::black_box(verifier.verify_commit(&commit, ObjectFormat::Sha1)).unwrap();
    }
}

fn report(world: &World) {
    println!("`paraph verify --all --json`, whole processes, medians of {ROUNDS} rounds, each between two measurements of the floor.\n");
    for kind in [Kind { signatures: 20_000, per_certificate: 1 }, Kind { signatures: 20_000, per_certificate: 20 }] {
        let set = Set::of(world, kind);
        println!("**{} signatures, {} a certificate**\n", kind.signatures, kind.per_certificate);
        println!(
            "| cores | floor, µs | paraph, µs | share of the floor's rate | by processor time: floor, µs | paraph, µs | share | anonymous memory, MB |"
        );
        println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for cores in [1, 2] {
            row(&set, cores);
        }
        println!();
    }
    println!("**Memory**\n\n| signatures | anonymous memory on two cores, MB |\n| ---: | ---: |");
    for signatures in [2_000, 20_000, 100_000] {
        let run = verify(&Set::of(world, Kind { signatures, per_certificate: 1 }), 2);
        println!("| {signatures} | {:.1} |", megabytes(run.anonymous));
    }
}

fn row(set: &Set, cores: usize) {
    let (count, new) = (set.kind.signatures as f64, 1.0 / set.kind.per_certificate as f64);
    let (mut wall, mut processor, mut anonymous) = (Vec::new(), Vec::new(), 0);
    let mut before = floor_of(set, cores);
    for round in 0..=ROUNDS {
        let run = verify(set, cores);
        let after = floor_of(set, cores);
        let floor = Times::mean(&[before, after]);
        before = after;
        // the first round warms the caches
        if round > 0 {
            wall.push((floor.wall.total(new) / cores as f64, run.seconds * 1e6 / count));
            processor.push((floor.processor.total(new), run.processor * 1e6 / count));
            anonymous = anonymous.max(run.anonymous);
        }
    }
    let columns = |pairs: &[(f64, f64)]| {
        let [floor, paraph] = [|pair: &(f64, f64)| pair.0, |pair: &(f64, f64)| pair.1].map(|side| median(pairs.iter().map(side).collect()));
        let share = median(pairs.iter().map(|(floor, paraph)| floor / paraph).collect());
        format!("{floor:.1} | {paraph:.1} | {:.1} %", share * 100.0)
    };
    println!("| {cores} | {} | {} | {:.1} |", columns(&wall), columns(&processor), megabytes(anonymous));
    eprintln!("{:?}", before.processor);
}

fn verify(set: &Set, cores: usize) -> measure::Run {
    let done = run(&mut paraph(set, cores, &["--all", "--json"]));
    assert!(done.status.success(), "{:?}", done.status);
    done
}

fn paraph(set: &Set, cores: usize, arguments: &[&str]) -> Command {
    let mut command = pinned(cores, Path::new(PARAPH));
    command.arg("verify").args(arguments).arg("--trusted-root").arg(set.trusted_root()).current_dir(set.repository());
    command.env("HOME", &set.folder).env("GIT_CONFIG_NOSYSTEM", "1").env("PARAPH_ALLOWED_IDENTITIES", set.allowed_identities());
    command
}

fn floor_of(set: &Set, cores: usize) -> Times {
    let program: PathBuf = std::env::current_exe().unwrap();
    let mut command = pinned(cores, &program);
    command.arg("floor").arg(set.repository()).arg(set.trusted_root()).arg(cores.to_string());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn megabytes(kibibytes: u64) -> f64 {
    kibibytes as f64 * 1024.0 / 1e6
}
