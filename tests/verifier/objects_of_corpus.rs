//! The corpus of real signed objects: read where it lies, never copied. Tests that need it are skipped, and say so, where it is absent.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// The folder of the corpus: `PARAPH_CORPUS`, or a folder `corpus` in a neighbour of the checkout; `None`, with a line that says so, where
/// there is none.
pub fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PARAPH_CORPUS").map(PathBuf::from).or_else(beside);
    let found = folder.filter(|folder| folder.join("index.csv").is_file());
    if found.is_none() {
        eprintln!("SKIPPED {test}: there is no corpus of signed objects here (set PARAPH_CORPUS)");
    }
    found
}

fn beside() -> Option<PathBuf> {
    let neighbours = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?).ok()?;
    neighbours.flatten().map(|neighbour| neighbour.path().join("corpus")).find(|corpus| corpus.join("index.csv").is_file())
}

/// One object with what the index expects of it.
pub struct Object {
    pub oid: String,
    pub is_tag: bool,
    pub bytes: Vec<u8>,
    /// The columns of the index by name.
    pub row: HashMap<String, String>,
}

/// All objects, in the index's order.
pub fn objects(folder: &Path) -> Vec<Object> {
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let mut lines = index.lines();
    let names: Vec<String> = fields(lines.next().unwrap());
    lines
        .map(|line| {
            let row: HashMap<String, String> = names.iter().cloned().zip(fields(line)).collect();
            let (oid, kind) = (row["oid"].clone(), row["type"].clone());
            let bytes = std::fs::read(folder.join(format!("objects/{oid}.{kind}"))).unwrap();
            Object { oid, is_tag: kind == "tag", bytes, row }
        })
        .collect()
}

/// The fields of a line of CSV (RFC 4180, without line breaks inside quotes, of which the index has none).
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}
