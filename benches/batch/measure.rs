//! Whole processes: how long they take on given cores, and how much memory of their own they hold at most.

use std::{
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// How often the memory of a process is looked at.
const SAMPLING: Duration = Duration::from_millis(4);

/// One run of a process.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub seconds: f64,
    /// What the processors worked for it.
    pub processor: f64,
    /// Anonymous memory at its highest, in kibibytes: what is the process' own, without the files that it maps.
    pub anonymous: u64,
    pub status: ExitStatus,
}

/// A command that runs on the first `cores` cores alone.
pub fn pinned(cores: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(if cores == 1 { "0".into() } else { format!("0-{}", cores - 1) }).arg(program);
    command.env("RAYON_NUM_THREADS", cores.to_string());
    command
}

pub fn run(command: &mut Command, input: Option<&Path>) -> Run {
    let input = input.map_or(Stdio::null(), |path| std::fs::File::open(path).unwrap().into());
    let (start, before) = (Instant::now(), of_children());
    let mut child = command.stdin(input).stdout(Stdio::null()).spawn().unwrap();
    // taskset becomes the program, so its number is the program's
    let status_file = format!("/proc/{}/status", child.id());
    let mut anonymous = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        anonymous = anonymous.max(std::fs::read_to_string(&status_file).ok().and_then(|status| of_status(&status)).unwrap_or_default());
        std::thread::sleep(SAMPLING);
    };
    Run { seconds: start.elapsed().as_secs_f64(), processor: of_children() - before, anonymous, status }
}

/// The processor time of all children that ended, in seconds: the fields cutime and cstime, in hundredths.
fn of_children() -> f64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = status.rsplit_once(')').unwrap();
    fields.split_whitespace().skip(13).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn of_status(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
