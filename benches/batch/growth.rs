//! How cost grows, as a picture: time and memory of `paraph verify --all --json` against commits and cores, beside the floor of the same run.

use crate::{
    floor_of,
    measure::median,
    megabytes,
    set::{Kind, Set},
    verify,
};
use paraph_vectors::world::World;
use std::fmt::Write as _;

const COMMITS: [usize; 4] = [100, 2_000, 20_000, 100_000];
const CORES: [usize; 2] = [1, 2];
/// The file, beside this bench.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/cost.svg");

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 250.0;
const PANEL: f64 = 280.0;

/// What one number of commits costs.
struct Point {
    commits: usize,
    seconds: f64,
    floor: f64,
    anonymous: f64,
}

pub fn draw(world: &World) {
    let lines = CORES.map(|cores| {
        let points: Vec<Point> = COMMITS.iter().map(|commits| point(world, *commits, cores)).collect();
        for Point { commits, seconds, floor, anonymous } in &points {
            println!("{cores} cores, {commits} commits: {seconds:.3} s, floor {floor:.3} s ({:.2}), {anonymous:.1} MB", floor / seconds);
        }
        points
    });
    std::fs::write(FILE, picture(&lines)).unwrap();
}

fn point(world: &World, commits: usize, cores: usize) -> Point {
    let set = Set::of(world, Kind { signatures: commits, per_certificate: 1 });
    let rounds = if commits > 20_000 { 1 } else { 3 };
    let floor = || floor_of(&set.repository(), &set.trusted_root(), cores).wall.total(1.0) * commits as f64 / cores as f64 / 1e6;
    let mut floors = vec![floor()];
    let runs: Vec<_> = (0..rounds)
        .map(|_| {
            let run = verify(&set, cores, &[]);
            floors.push(floor());
            run
        })
        .collect();
    Point {
        commits,
        seconds: median(runs.iter().map(|run| run.seconds).collect()),
        floor: floors.iter().sum::<f64>() / floors.len() as f64,
        anonymous: runs.iter().map(|run| megabytes(run.anonymous)).fold(0.0, f64::max),
    }
}

/// Self-contained, and legible on light and on dark.
fn picture(lines: &[Vec<Point>; 2]) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>Time and anonymous memory of paraph verify --all against commits, on one core and on two</title>
<style>
  text {{ fill: #444 }} .grid {{ stroke: #8886; stroke-width: 1 }} .floor {{ stroke-dasharray: 4 4; stroke-width: 1.5 }} .line {{ stroke-width: 2 }}
  .c1 {{ stroke: #0969da; fill: none }} .c2 {{ stroke: #bc4c00; fill: none }} .d1 {{ fill: #0969da }} .d2 {{ fill: #bc4c00 }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #ccc }} .c1 {{ stroke: #58a6ff }} .c2 {{ stroke: #ffa657 }} .d1 {{ fill: #58a6ff }} .d2 {{ fill: #ffa657 }}
  }}
</style>
"#
    );
    let seconds = |value: f64| BOTTOM - (value.log10() + 2.0) / 4.0 * (BOTTOM - TOP);
    let time_marks = [(0.01, "10 ms"), (0.1, "0.1 s"), (1.0, "1 s"), (10.0, "10 s"), (100.0, "100 s")];
    panel(&mut svg, 60.0, "Time", &time_marks.map(|(value, label)| (seconds(value), label.to_owned())));
    let most = 150.0;
    let memory = |value: f64| BOTTOM - value / most * (BOTTOM - TOP);
    panel(&mut svg, 440.0, "Anonymous memory, MB", &[0.0, 50.0, 100.0, 150.0].map(|value| (memory(value), format!("{value}"))));
    for (points, cores) in lines.iter().zip(CORES) {
        line(&mut svg, &format!("c{cores} line"), points, 60.0, |point| seconds(point.seconds));
        line(&mut svg, &format!("c{cores} floor"), points, 60.0, |point| seconds(point.floor));
        dots(&mut svg, cores, points, 60.0, |point| seconds(point.seconds));
        line(&mut svg, &format!("c{cores} line"), points, 440.0, |point| memory(point.anonymous));
        dots(&mut svg, cores, points, 440.0, |point| memory(point.anonymous));
    }
    let legend = [(1, "line", "one core"), (2, "line", "two cores"), (1, "floor", "their floor: the checks of signatures alone")];
    let mut x = 60.0;
    for (cores, class, label) in legend {
        writeln!(svg, r#"<path class="c{cores} {class}" d="M{x} 286h24"/><text x="{}" y="290">{label}</text>"#, x + 30.0).unwrap();
        x += 110.0;
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, left: f64, title: &str, marks: &[(f64, String)]) {
    writeln!(svg, r#"<text x="{left}" y="22" font-weight="600">{title}</text>"#).unwrap();
    for (y, label) in marks {
        writeln!(
            svg,
            r#"<path class="grid" d="M{left} {y:.1}h{PANEL}"/><text x="{}" y="{:.1}" text-anchor="end">{label}</text>"#,
            left - 6.0,
            y + 4.0
        )
        .unwrap();
    }
    for (commits, label) in [(100, "100"), (1_000, "1,000"), (10_000, "10,000"), (100_000, "100,000 commits")] {
        let anchor = if commits == 100_000 { "end" } else { "middle" };
        writeln!(svg, r#"<text x="{:.1}" y="268" text-anchor="{anchor}">{label}</text>"#, across(left, commits)).unwrap();
    }
}

/// Where a number of commits stands: from a hundred to a hundred thousand.
fn across(left: f64, commits: usize) -> f64 {
    left + ((commits as f64).log10() - 2.0) / 3.0 * PANEL
}

fn line(svg: &mut String, class: &str, points: &[Point], left: f64, height: impl Fn(&Point) -> f64) {
    let path: Vec<String> = points.iter().map(|point| format!("{:.1} {:.1}", across(left, point.commits), height(point))).collect();
    writeln!(svg, r#"<path class="{class}" d="M{}"/>"#, path.join("L")).unwrap();
}

fn dots(svg: &mut String, cores: usize, points: &[Point], left: f64, height: impl Fn(&Point) -> f64) {
    for point in points {
        writeln!(svg, r#"<circle class="d{cores}" r="3" cx="{:.1}" cy="{:.1}"/>"#, across(left, point.commits), height(point)).unwrap();
    }
}
