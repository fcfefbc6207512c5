//! Decides about a commit with the embeddable verifier alone:
//! `git cat-file commit HEAD | cargo run --no-default-features --example verify_commit ALLOWED-IDENTITIES`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use paraph::{
    object::ObjectFormat,
    policy::{AllowedIdentities, Policy, Verdict},
    report::sentences,
    trust::{Instance, TrustRoot},
    verify::Verifier,
};
use std::{io::Read, process::ExitCode};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name a file of allowed identities")?;
    let allowed = AllowedIdentities::parse(&std::fs::read_to_string(&file)?)?.named(file);
    let mut commit = Vec::new();
    std::io::stdin().read_to_end(&mut commit)?;

    let root = TrustRoot::embedded(&Instance::Public)?.ok_or("no root")?;
    let verifier = Verifier::new(vec![root], jiff::Timestamp::now());
    let policy = Policy { allowed: Some(allowed), ..Policy::default() };
    let judgement = policy.judge(verifier.verify_commit(&commit, ObjectFormat::Sha1));

    for sentence in sentences(&judgement) {
        println!("{sentence}");
    }
    // a verified signature is not enough: only `good` means that the policy allows its identity
    Ok(if judgement.verdict() == Verdict::Good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
