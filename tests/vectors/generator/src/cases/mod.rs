//! The vectors, grouped by the part of a signature that has the defect.

pub mod bundle;
mod certificate;
mod chain;
mod cms;
mod forms;
mod legacy;
mod log;
mod object;
mod policy;
mod second;
mod timestamp;

use super::{json, world::World};
use paraph::{Explanation, LegacyRule, Reason, Standing};
use serde_json::Value;

/// The path of the certificates in the tree of a CMS.
pub const CERTIFICATES: [usize; 3] = [1, 0, 3];
/// The path of the signer in the tree of a CMS.
pub const SIGNER: [usize; 4] = [1, 0, 4, 0];

/// A vector: an object and the expected result.
#[derive(Clone)]
pub struct Vector {
    pub name: String,
    pub sentence: String,
    pub kind: &'static str,
    pub object: Vec<u8>,
    pub verdict: &'static str,
    pub reason: String,
    /// Whether the defect is outside the bytes that git passes to its program.
    pub hidden: bool,
    pub more: Vec<(&'static str, Vec<u8>)>,
}

/// All vectors.
pub fn all(world: &World) -> Vec<Vector> {
    [
        forms::vectors(world),
        object::vectors(world),
        second::vectors(world),
        cms::vectors(world),
        certificate::vectors(world),
        chain::vectors(world),
        log::vectors(world),
        timestamp::vectors(world),
        policy::vectors(world),
        legacy::vectors(world),
        bundle::vectors(world),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn vector(name: &str, sentence: &str, object: Vec<u8>, verdict: &'static str, reason: String) -> Vector {
    Vector { name: name.into(), sentence: sentence.into(), kind: "commit", object, verdict, reason, hidden: false, more: Vec::new() }
}

/// A commit that must pass.
fn good(name: &str, sentence: &str, object: Vec<u8>) -> Vector {
    vector(&format!("{name}_ok"), sentence, object, "good", "-".into())
}

/// A commit that must be refused.
fn fail(name: &str, sentence: &str, object: Vec<u8>, reason: Reason) -> Vector {
    vector(&format!("{name}_fail"), sentence, object, verdict(reason), reason.id().into())
}

/// The verdict on what is refused for this reason.
fn verdict(reason: Reason) -> &'static str {
    match reason.standing() {
        Standing::Wrong => "bad",
        Standing::Unchecked => "unchecked",
        Standing::Unsigned => "unsigned",
        Standing::Foreign => "other",
    }
}

/// A commit that verifies, by an identity that is not allowed.
fn untrusted(name: &str, sentence: &str, object: Vec<u8>) -> Vector {
    vector(&format!("{name}_fail"), sentence, object, "untrusted", "-".into())
}

/// A commit that verifies by legacy rules.
fn legacy(name: &str, sentence: &str, object: Vec<u8>, rules: &[LegacyRule]) -> Vector {
    let rules: Vec<&str> = rules.iter().map(|rule| rule.id()).collect();
    vector(&format!("{name}_fail"), sentence, object, "legacy", rules.join(","))
}

/// A commit under a trusted root that must be refused as a whole.
fn refused_root(name: &str, sentence: &str, object: Vec<u8>, root: &Value) -> Vector {
    vector(&format!("{name}_fail"), sentence, object, "refused", "trusted-root".into()).root(root)
}

impl Vector {
    fn tag(self) -> Self {
        Self { kind: "tag", ..self }
    }

    fn push(self) -> Self {
        Self { kind: "push", ..self }
    }

    /// Marks the defect as outside the bytes that git passes to its program.
    fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    fn root(self, root: &Value) -> Self {
        self.with("trusted_root.json", json(root))
    }

    fn allowed(self, text: &str) -> Self {
        self.with("allowed-identities", text.into())
    }

    fn with(mut self, name: &'static str, content: Vec<u8>) -> Self {
        self.more.push((name, content));
        self
    }
}
