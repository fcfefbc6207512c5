//! The table of attacks: numbered cases, advisories, and the cases of sigstore-conformance, each with the vectors and tests that cover it.
//!
//! A vector belongs to every attack that its README names at the beginning, and to every row of `attacks.txt` that names it. Tests check that
//! everything named exists.

use super::cases::Vector;
use std::fmt::Write;

/// A row of the table.
pub struct Row {
    /// The number of a case, or the name of an advisory.
    pub id: &'static str,
    pub subject: &'static str,
    /// Vectors whose README does not name the attack.
    pub vectors: Vec<&'static str>,
    /// `FILE::FUNCTION`.
    pub tests: Vec<&'static str>,
    /// What is open, or why there is nothing to test.
    pub note: &'static str,
}

/// Every attack, in order, from the lines of `attacks.txt`.
pub fn rows() -> Vec<Row> {
    let lines = include_str!("../attacks.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut fields = line.split('|').map(str::trim);
            let mut field = || fields.next().unwrap_or_default();
            let row = Row {
                id: field(),
                subject: field(),
                vectors: field().split_whitespace().collect(),
                tests: field().split_whitespace().collect(),
                note: field(),
            };
            assert!(!row.id.is_empty() && fields.next().is_none(), "{line}");
            row
        })
        .collect()
}

/// Words before the first colon of a README that name no attack.
const REMARKS: [&str; 2] = ["passing", "for push certificates"];

/// The attacks that a README names at the beginning.
fn names(sentence: &str, rows: &[Row]) -> Vec<String> {
    let Some((before, _)) = sentence.split_once(": ") else { return Vec::new() };
    let mut names = Vec::new();
    for part in before.split(", ").filter(|part| !REMARKS.contains(part)) {
        match part.strip_prefix("Case").map(|numbers| numbers.trim_start_matches('s').trim_start()) {
            Some(numbers) => names.extend(numbers.split(" and ").map(str::to_owned)),
            // `Cases 43, 51 and 52`
            None if part.starts_with(|first: char| first.is_ascii_digit()) => names.extend(part.split(" and ").map(str::to_owned)),
            None if rows.iter().any(|row| row.id == part) => names.push(part.to_owned()),
            None => return Vec::new(),
        }
    }
    names
}

/// The table, in Markdown.
pub fn table(vectors: &[Vector]) -> String {
    let rows = rows();
    let named: Vec<(Vec<String>, &str)> = vectors.iter().map(|vector| (names(&vector.sentence, &rows), vector.name.as_str())).collect();
    for name in named.iter().flat_map(|(names, _)| names) {
        assert!(rows.iter().any(|row| row.id == name), "a README names the attack {name}, which is not in the table");
    }
    let mut table = String::from(
        "# Attacks\n\nEach numbered case, each advisory that a verifier of git signatures can learn from, and each case of sigstore-conformance, with the\n\
         vectors and the tests that cover it. `cargo run --manifest-path tests/vectors/generator/Cargo.toml` writes this file. Tests check that everything named exists.\n\n\
         | attack | what | vectors | tests | |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in &rows {
        let mut of: Vec<&str> = named.iter().filter(|(names, _)| names.iter().any(|name| name == row.id)).map(|(_, name)| *name).collect();
        for vector in &row.vectors {
            assert!(named.iter().any(|(_, name)| name == vector), "the table names the vector {vector}, which is not made");
            if !of.contains(vector) {
                of.push(vector);
            }
        }
        assert!(!of.is_empty() || !row.tests.is_empty() || !row.note.is_empty(), "{} has neither vector, test nor note", row.id);
        let code = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
        writeln!(table, "| {} | {} | {} | {} | {} |", row.id, row.subject, code(&of), code(&row.tests), row.note).unwrap();
    }
    table += "\n## What git's program cannot see\n\ngit treats these as unsigned, follows the replacement, or does not pass the defect on. The library and `paraph verify` find it.\n\n";
    for vector in vectors.iter().filter(|vector| vector.hidden) {
        writeln!(table, "* `{}`: {}", vector.name, vector.sentence).unwrap();
    }
    table
}
