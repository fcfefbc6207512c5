//! Many files in one `paraph sign` through the agent, beside what the services take for as many signatures one after the other.

use super::{Bench, covered, milliseconds, run};
use std::{sync::atomic::Ordering, time::Duration};

/// Files in one call.
const FILES: usize = 1000;
/// Signatures one at a time, from which the services' time for all files is taken.
const SINGLE: usize = 40;
/// How long a service waits before it answers, in milliseconds: not at all, and as one on the internet.
const DELAYS: [u64; 2] = [0, 40];

pub fn report(bench: &Bench) {
    println!(
        "\n`paraph sign` of {FILES} files through the agent. The services' answers: the mean of {SINGLE} signatures one at a time, times {FILES}.\n"
    );
    println!("| | services' answers one after the other, s | the whole call, s | ratio |\n| --- | ---: | ---: | ---: |");
    let names: Vec<String> = (0..FILES).map(|number| format!("file-{number}")).collect();
    for repository in ["v1", "v2"] {
        let folder = bench.root.join(repository);
        names.iter().for_each(|name| std::fs::write(folder.join(name), name).unwrap());
        for delay in DELAYS {
            bench.delay.store(delay, Ordering::Relaxed);
            let answers = one_at_a_time(bench, repository, &names);
            let whole = sign(bench, repository, &names).0;
            bench.delay.store(0, Ordering::Relaxed);
            let ratio = whole.as_secs_f64() / answers.as_secs_f64();
            let (answers, whole) = (milliseconds(answers) / 1e3, milliseconds(whole) / 1e3);
            println!("| Rekor {repository}, answers after {delay} ms | {answers:.2} | {whole:.2} | {ratio:.2} |");
        }
        assert!(names.iter().all(|name| folder.join(format!("{name}.sigstore.json")).is_file()), "a file has no bundle");
    }
}

fn one_at_a_time(bench: &Bench, repository: &str, names: &[String]) -> Duration {
    let services = names.iter().take(SINGLE).map(|name| sign(bench, repository, std::slice::from_ref(name)).1);
    services.sum::<Duration>().mul_f64(FILES as f64 / SINGLE as f64)
}

/// How long a call took, and for how much of it a service worked on a request.
fn sign(bench: &Bench, repository: &str, names: &[String]) -> (Duration, Duration) {
    let mut command = bench.command(&bench.paraph, &bench.root.join(repository));
    command.env("PARAPH_AGENT", "running").args(["sign", "--force"]).args(names);
    bench.spans.lock().unwrap().clear();
    let (whole, interval) = run(command, b"");
    (whole, covered(&bench.spans.lock().unwrap(), interval))
}
