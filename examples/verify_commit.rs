//! Verifies a commit with the embeddable verifier alone: `git cat-file commit HEAD | cargo run --no-default-features --example verify_commit`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use paraph::{
    object::ObjectFormat,
    trust::{Instance, TrustRoot},
    verify::Verifier,
};
use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut commit = Vec::new();
    std::io::stdin().read_to_end(&mut commit)?;
    let root = TrustRoot::embedded(&Instance::Public)?.ok_or("no root")?;
    let verified = Verifier::new(vec![root], jiff::Timestamp::now()).verify_commit(&commit, ObjectFormat::Sha1)?;
    println!("signed by {} ({})", verified.identity().name, verified.identity().issuer);
    Ok(())
}
