//! Commit-graphs: one file, or a chain of files, each of which may lie in any object directory, as git searches for it.

use super::{Error, bounded, chain};
use gix::commitgraph::{File, Graph};
use std::path::{Path, PathBuf};

/// The most files in a chain, as in gix.
const MAX_FILES: usize = 256;

/// The commit-graph of an object directory, if it has one. `all` are the object directories in git's order.
pub(super) fn open(directory: &Path, all: &[PathBuf], hash: gix::hash::Kind) -> Result<Option<Graph>, Error> {
    let info = directory.join("info");
    let failed = |cause: String| Error::CommitGraph { path: info.clone(), cause };
    if info.join("commit-graph").is_file() {
        return Graph::from_file(&info.join("commit-graph"), hash).map(Some).map_err(|error| failed(chain(&error)));
    }
    let list = info.join("commit-graphs/commit-graph-chain");
    if !list.is_file() {
        return Ok(None);
    }
    let text = bounded::link(&list).ok_or_else(|| failed("the chain is not a short text".to_owned()))?;
    let mut files = Vec::new();
    for line in text.lines() {
        let is_name = line.len() == hash.len_in_hex() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name || files.len() == MAX_FILES {
            return Err(failed("the chain is not a list of up to 256 names".to_owned()));
        }
        let places = all.iter().map(|directory| directory.join(format!("info/commit-graphs/graph-{line}.graph")));
        let Some(path) = places.into_iter().find(|path| path.is_file()) else {
            return Err(failed(format!("graph-{line}.graph is missing")));
        };
        let file = File::at(&path).map_err(|error| failed(chain(&error)))?;
        if file.object_hash() != hash {
            return Err(failed(format!("graph-{line}.graph is of another object format")));
        }
        files.push(file);
    }
    Graph::new(files).map(Some).map_err(|error| failed(chain(&error)))
}
