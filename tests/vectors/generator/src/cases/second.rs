//! A second signature in one object: of the other object format (git's `extensions.compatObjectFormat`), or in a tag's message.

use super::{
    super::{
        recipe::{COMMIT, TAG, header, with_header},
        world::World,
    },
    Vector, fail, good,
};
use paraph::Reason;

const EMPTY_TREE: [&str; 2] =
    ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"];
const PGP: &str = "-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQQ=\n=abcd\n-----END PGP SIGNATURE-----\n";

pub fn vectors(world: &World) -> Vec<Vector> {
    [dual_format_commits(world), dual_format_tags(world), lines_in_messages(world)].concat()
}

/// The header with a signature of the same object in the other format.
fn other_header(world: &World, payload: &str) -> String {
    header("gpgsig-sha256", &world.v1().armored(payload.replace(EMPTY_TREE[0], EMPTY_TREE[1]).as_bytes()))
}

fn dual_format_commits(world: &World) -> Vec<Vector> {
    let own = header("gpgsig", &world.v1().armored(COMMIT.as_bytes()));
    let other = other_header(world, COMMIT);
    let commit = |headers: &str| with_header(COMMIT.as_bytes(), headers);
    vec![
        good(
            "dual_format",
            "Case 6, passing: a commit with a signature for each object format, as git makes it.",
            commit(&format!("{own}{other}")),
        ),
        good(
            "dual_format_other_wrong",
            "Case 6, passing: the signature for the other object format is not one, and makes nothing bad.",
            commit(&format!("{own}gpgsig-sha256 anything\n")),
        ),
        fail(
            "dual_format_own_wrong",
            "Case 6: the signature for this object format is of the other form, and that for the other format makes nothing good.",
            commit(&format!("{}{other}", other.replace("gpgsig-sha256", "gpgsig"))),
            Reason::PayloadMismatch,
        ),
        fail(
            "dual_format_other_twice",
            "Case 6: two signatures for the other object format.",
            commit(&format!("{own}{other}{other}")),
            Reason::MultipleSignatures,
        )
        .hidden(),
    ]
}

fn dual_format_tags(world: &World) -> Vec<Vector> {
    let armored = world.v1().armored(TAG.as_bytes());
    let tag = |headers: &str| [with_header(TAG.as_bytes(), headers), armored.clone().into_bytes()].concat();
    let other = other_header(world, TAG);
    vec![
        good(
            "tag_dual_format",
            "Case 6, passing: a tag whose header holds its signature for the other object format, as git makes it.",
            tag(&other),
        )
        .tag(),
        fail(
            "tag_dual_format_own",
            "Case 6: a tag with a second signature for its own format in a header, which git strips from the payload.",
            tag(&other.replace("gpgsig-sha256", "gpgsig")),
            Reason::MultipleSignatures,
        )
        .tag()
        .hidden(),
    ]
}

fn lines_in_messages(world: &World) -> Vec<Vector> {
    let with = |text: &str| TAG.replace("A message\n", &format!("A message\n{text}"));
    let signed = |text: &str| world.v1().tag_of(with(text).as_bytes());
    let line = "-----BEGIN PGP MESSAGE-----\n";
    vec![
        good(
            "tag_line_of_other_kind",
            "Case 11, passing: a line of a tag's message begins an OpenPGP message; the last such line counts.",
            signed(line),
        )
        .tag(),
        good(
            "tag_block_of_other_kind",
            "Case 11, passing: a tag's message holds an OpenPGP signature, which is signed as text.",
            signed(PGP),
        )
        .tag(),
        fail(
            "tag_line_of_own_kind",
            "Case 11: a line of a tag's message begins a Sigstore signature, which other readers may take for the tag's.",
            signed("-----BEGIN SIGNED MESSAGE-----\n"),
            Reason::MultipleSignatures,
        )
        .tag(),
        fail(
            "tag_openpgp_after_line",
            "Case 13: a tag with an OpenPGP signature, whose message holds lines that begin signatures of all kinds.",
            with(&format!("{line}-----BEGIN SIGNED MESSAGE-----\n{PGP}")).into_bytes(),
            Reason::OpenPgpSignature,
        )
        .tag(),
    ]
}
