//! Objects: structure, armor, and what git makes of them (cases 1 to 23).

use super::{
    super::{
        recipe::{COMMIT, PUSH, TAG, commit, header, with_header},
        world::World,
    },
    Vector, fail, good,
};
use paraph::Reason;

const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";
const AUTHOR: &str = "author Alice <alice@example.com> 1740830400 +0000\n";
const EVE: &str = "Eve <eve@example.com> 1740830400 +0000\n";

const PGP: &str = "-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQQ=\n=abcd\n-----END PGP SIGNATURE-----\n";
const SSH: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";

pub fn vectors(world: &World) -> Vec<Vector> {
    [headers(world), signatures(world), armor(world), odd_but_good(world), tags(world), pushes(world)].into_iter().flatten().collect()
}

/// A commit with another payload, which the signature covers.
fn signed(world: &World, payload: &str) -> Vec<u8> {
    world.v1().commit_of(payload.as_bytes())
}

fn headers(world: &World) -> Vec<Vector> {
    let other_tree = TREE.replace("4b82", "5c93");
    let of = |name: &str, sentence: &str, payload: String, reason| fail(name, sentence, signed(world, &payload), reason);
    vec![
        of(
            "cve_2026_44309_duplicate_tree",
            "Case 1, CVE-2026-44309: two tree headers, of which git checks out the first and other readers see the last.",
            format!("{other_tree}{COMMIT}"),
            Reason::DuplicateHeader,
        ),
        of(
            "duplicate_author",
            "Case 2: two author headers, of which some readers of git show the first and some the last.",
            COMMIT.replace("\ncommitter", &format!("\nauthor {EVE}committer")),
            Reason::DuplicateHeader,
        ),
        of(
            "duplicate_committer",
            "Case 2: two committer headers.",
            COMMIT.replace("\n\nA", &format!("\ncommitter {EVE}\nA")),
            Reason::DuplicateHeader,
        ),
        of(
            "duplicate_encoding",
            "Case 2: two encoding headers.",
            COMMIT.replace("\n\nA", "\nencoding UTF-8\nencoding ISO-8859-1\n\nA"),
            Reason::DuplicateHeader,
        ),
        of(
            "committer_before_author",
            "Case 2: the committer stands before the author.",
            COMMIT.replace(AUTHOR, "").replace("\n\nA", &format!("\n{AUTHOR}\nA")),
            Reason::HeaderOrder,
        ),
        of(
            "parent_after_author",
            "Case 2: a parent stands after the author, where git does not look for one.",
            COMMIT.replace("\ncommitter", "\nparent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ncommitter"),
            Reason::HeaderOrder,
        ),
        of(
            "author_on_two_lines",
            "Case 2: the author goes on over a second line, behind which one of git's readers finds no committer.",
            COMMIT.replace("\ncommitter", "\n x\ncommitter"),
            Reason::MalformedObject,
        ),
        of(
            "committer_on_two_lines",
            "Case 2: the committer goes on over a second line.",
            COMMIT.replace("\n\nA", "\n x\n\nA"),
            Reason::MalformedObject,
        ),
        of(
            "ids_of_two_formats",
            "Case 7: the tree is named by a SHA-1 and the parent by a SHA-256 id, which stand in no one repository.",
            COMMIT.replace(TREE, &format!("{TREE}parent {}\n", "5c".repeat(32))),
            Reason::MalformedObject,
        ),
        of(
            "ids_of_other_format",
            "Case 7: the tree is named by a SHA-256 id, in a repository of SHA-1 ids.",
            COMMIT.replace(TREE, &format!("tree {}\n", "5c".repeat(32))),
            Reason::MalformedObject,
        )
        .hidden(),
        of("no_author", "Case 2: there is no author.", COMMIT.replace(AUTHOR, ""), Reason::MalformedObject),
        of("tree_not_an_id", "Case 2: the tree header holds no object id.", COMMIT.replace("4b825d", "4B825D"), Reason::MalformedObject),
        of(
            "nul_in_message",
            "Case 14: a NUL byte in the message, where some readers stop.",
            COMMIT.replace("A message", "A mess\0age"),
            Reason::NulByte,
        ),
        of(
            "nul_in_header",
            "Case 14: a NUL byte in a header, where some readers stop.",
            COMMIT.replace("committer Alice", "committer Ali\0ce"),
            Reason::NulByte,
        ),
        of(
            "header_without_value",
            "Case 18: a header line without a space.",
            COMMIT.replace("\n\nA", "\nnonsense\n\nA"),
            Reason::MalformedObject,
        ),
        fail(
            "headers_do_not_end",
            "Case 18: the last header line does not end.",
            {
                let headers = COMMIT.split("\n\n").next().unwrap();
                let armored = world.v1().armored(format!("{headers}\nx y").as_bytes());
                format!("{headers}\n{}x y", header("gpgsig", &armored)).into_bytes()
            },
            Reason::MalformedObject,
        ),
    ]
}

fn signatures(world: &World) -> Vec<Vector> {
    let payload = COMMIT.as_bytes();
    let armored = world.v1().armored(payload);
    let good_header = header("gpgsig", &armored);
    let of = |name: &str, sentence: &str, headers: &str, reason| fail(name, sentence, with_header(payload, headers), reason);
    let mergetag = header("mergetag", &String::from_utf8(world.v1().tag()).unwrap());
    vec![
        of(
            "two_adjacent_signatures",
            "Case 3: two adjacent gpgsig headers, which git joins into one.",
            &good_header.repeat(2),
            Reason::MultipleSignatures,
        ),
        of(
            "two_separated_signatures",
            "Case 4: two gpgsig headers with another between them, which git joins into one.",
            &format!("{good_header}x-between y\n{good_header}"),
            Reason::MultipleSignatures,
        ),
        of(
            "unknown_signature_header",
            "Case 5: a header gpgsigEVIL, which git strips from the payload and no signature covers.",
            &format!("{good_header}gpgsigEVIL anything\n at all\n"),
            Reason::UnsignedHeader,
        )
        .hidden(),
        of(
            "only_other_format",
            "Case 7: the only signature is for the other object format.",
            &header("gpgsig-sha256", &armored),
            Reason::NoSignature,
        )
        .hidden(),
        of(
            "trailing_text",
            "Case 8: text after the END line of a commit's signature.",
            &header("gpgsig", &format!("{armored}anything\n")),
            Reason::ArmorTrailingData,
        ),
        of(
            "leading_text",
            "Case 10: text before the BEGIN line of a commit's signature.",
            &header("gpgsig", &format!("anything\n{armored}")),
            Reason::UnknownSignatureKind,
        ),
        of("openpgp", "Case 13: an OpenPGP signature, which is named and not judged.", &header("gpgsig", PGP), Reason::OpenPgpSignature),
        of("ssh", "Case 13: an SSH signature, which is named and not judged.", &header("gpgsig", SSH), Reason::SshSignature),
        of(
            "openpgp_empty_line",
            "Case 13: an OpenPGP signature that ends in an empty line, as some programs write it.",
            &header("gpgsig", &format!("{PGP}\n")),
            Reason::OpenPgpSignature,
        ),
        of(
            "openpgp_trailing_text",
            "Case 8: text after the END line of an OpenPGP signature, which gpg passes over.",
            &header("gpgsig", &format!("{PGP}anything\n")),
            Reason::OpenPgpSignature,
        ),
        of(
            "ssh_trailing_text",
            "Case 8: text after the END line of an SSH signature, which ssh-keygen passes over.",
            &header("gpgsig", &format!("{SSH}anything\n")),
            Reason::SshSignature,
        ),
        of(
            "openpgp_text_on_end_line",
            "Case 8: text on the END line of an OpenPGP signature, which gpg passes over.",
            &header("gpgsig", &PGP.replacen("-----END PGP SIGNATURE-----", "-----END PGP SIGNATURE----- anything", 1)),
            Reason::OpenPgpSignature,
        ),
        of(
            "openpgp_text_before_end",
            "Case 8: a line that is not code before the END line of an OpenPGP signature, which gpg passes over.",
            &header("gpgsig", &PGP.replacen("-----END PGP SIGNATURE-----", " anything\n-----END PGP SIGNATURE-----", 1)),
            Reason::OpenPgpSignature,
        ),
        of(
            "openpgp_end_of_other_label",
            "Case 8: the END line of an OpenPGP signature has another label than its BEGIN line.",
            &header(
                "gpgsig",
                &PGP.replacen("-----END PGP SIGNATURE-----", "-----END PGP SIGNATURE x-----\n-----END PGP SIGNATURE-----", 1),
            ),
            Reason::OpenPgpSignature,
        ),
        of(
            "ssh_text_on_end_line",
            "Case 8: text on the END line of an SSH signature, which ssh-keygen passes over.",
            &header("gpgsig", &SSH.replacen("-----END SSH SIGNATURE-----", "-----END SSH SIGNATURE----- anything", 1)),
            Reason::SshSignature,
        ),
        of(
            "openpgp_header_on_each_line",
            "Case 3: an OpenPGP signature with the header on each line, as some programs wrote it and git reads it.",
            &PGP.lines().map(|line| format!("gpgsig {line}\n")).collect::<String>(),
            Reason::OpenPgpSignature,
        ),
        of(
            "openpgp_twice",
            "Case 3: two OpenPGP signatures.",
            &[header("gpgsig", PGP), header("gpgsig", PGP)].concat(),
            Reason::OpenPgpSignature,
        ),
        fail(
            "openpgp_duplicate_tree",
            "Case 1: two tree headers in a commit with an OpenPGP signature.",
            with_header(format!("{}{COMMIT}", TREE.replace("4b82", "5c93")).as_bytes(), &header("gpgsig", PGP)),
            Reason::OpenPgpSignature,
        ),
        of("signature_header_without_space", "Case 16: a gpgsig header without a space and a value.", "gpgsig\n", Reason::MalformedObject)
            .hidden(),
        of("signature_header_empty", "Case 16: a gpgsig header with an empty value.", "gpgsig \n", Reason::UnknownSignatureKind),
        fail(
            "signature_in_message",
            "Case 17: the signature stands in the message, where git does not look for one.",
            [payload, good_header.as_bytes()].concat(),
            Reason::NoSignature,
        )
        .hidden(),
        of(
            "signature_in_mergetag",
            "Case 21: the only signature is that of a merged tag, which is not the commit's.",
            &mergetag,
            Reason::NoSignature,
        )
        .hidden(),
        fail("unsigned", "Case 17: there is no signature.", payload.to_vec(), Reason::NoSignature).hidden(),
        fail(
            "replaced",
            "Case 22: a replacement reference puts a signed commit in the place of this unsigned one.",
            payload.to_vec(),
            Reason::NoSignature,
        )
        .hidden()
        .with("replacement", world.v1().commit()),
        fail(
            "other_payload",
            "The message was changed after it was signed.",
            commit(COMMIT.replace("A message", "Another message").as_bytes(), &armored),
            Reason::PayloadMismatch,
        ),
        fail(
            "other_tree",
            "The tree was changed after it was signed.",
            commit(COMMIT.replace("4b82", "5c93").as_bytes(), &armored),
            Reason::PayloadMismatch,
        ),
    ]
}

fn armor(world: &World) -> Vec<Vector> {
    let payload = COMMIT.as_bytes();
    let armored = world.v1().armored(payload);
    let lines: Vec<&str> = armored.lines().collect();
    // a CMS of a length whose base64 is padded
    let padding = (0..3).map(|length| world.padded(payload, length)).find(|text| text.contains("==\n")).unwrap();
    let of = |name: &str, sentence: &str, text: String, reason| fail(name, sentence, commit(payload, &text), reason);
    let first = lines[1];
    vec![
        of(
            "armor_begin_in_lower_case",
            "Case 15: the BEGIN line in lower case, which no program takes for its own.",
            armored.replace("BEGIN SIGNED MESSAGE", "begin signed message"),
            Reason::UnknownSignatureKind,
        ),
        of(
            "armor_begin_padded",
            "Case 15: a space after the BEGIN line.",
            armored.replacen("-----\n", "----- \n", 1),
            Reason::ArmorFraming,
        ),
        of(
            "armor_header",
            "Case 15: a header inside the armor.",
            armored.replacen(first, &format!("Proc-Type: 4,CRYPTO\n\n{first}"), 1),
            Reason::ArmorMalformed,
        ),
        of(
            "armor_space",
            "Case 15: a space inside the base64.",
            armored.replacen(first, &format!("{} {}", &first[..30], &first[30..63]), 1),
            Reason::ArmorMalformed,
        ),
        of(
            "armor_short_line",
            "Case 15: a short line before the last.",
            armored.replacen(first, &format!("{}\n{}", &first[..32], &first[32..]), 1),
            Reason::ArmorMalformed,
        ),
        of(
            "armor_long_line",
            "Case 15: a line of more than 64 columns.",
            armored.replacen(&format!("{first}\n"), first, 1),
            Reason::ArmorMalformed,
        ),
        of("armor_no_padding", "Case 15: the base64 lacks its padding.", padding.replace("==\n", "\n"), Reason::ArmorMalformed),
        of(
            "armor_stray_bits",
            "Case 15: bits that belong to no byte are set in the last character of the base64.",
            stray_bits(&padding),
            Reason::ArmorMalformed,
        ),
        of(
            "armor_empty_line",
            "Case 15: an empty line inside the armor.",
            armored.replacen(first, &format!("{first}\n"), 1),
            Reason::ArmorFraming,
        ),
        of(
            "armor_indented",
            "Case 15: all lines but the first are indented by a space, as in the commit's header.",
            armored.trim_end().replace('\n', "\n ") + "\n",
            Reason::ArmorFraming,
        ),
        of("armor_line_feed_at_end", "Case 15: one more line feed at the end.", format!("{armored}\n"), Reason::ArmorFraming),
        of(
            "armor_indented_and_changed",
            "Case 15: indented lines, and text after the END line.",
            armored.trim_end().replace('\n', "\n ") + "\nanything\n",
            Reason::ArmorMalformed,
        ),
        of(
            "armor_no_end",
            "Case 15: the armor has no END line.",
            armored.replace("-----END SIGNED MESSAGE-----\n", ""),
            Reason::ArmorMalformed,
        ),
        of(
            "armor_empty",
            "Case 15: there is nothing inside the armor.",
            "-----BEGIN SIGNED MESSAGE-----\n-----END SIGNED MESSAGE-----\n".into(),
            Reason::CmsMalformed,
        ),
    ]
}

/// The last character before `==`, with one more bit.
fn stray_bits(armored: &str) -> String {
    let at = armored.find("==\n").unwrap() - 1;
    let next = match &armored[at..=at] {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        "w" => "x",
        other => panic!("{other} ends a group of one byte"),
    };
    format!("{}{next}{}", &armored[..at], &armored[at + 1..])
}

fn odd_but_good(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, payload: String| good(name, sentence, signed(world, &payload));
    let bytes = |name: &str, sentence: &str, payload: Vec<u8>| good(name, sentence, world.v1().commit_of(&payload));
    let mut latin: Vec<u8> = COMMIT.replace("\n\nA", "\nencoding ISO-8859-1\n\nA").into_bytes();
    latin.extend(b"caf\xe9\n");
    let mergetag = header("mergetag", &TAG.replace("A message", &format!("A message\n{PGP}")));
    vec![
        of("empty_message", "Case 18, passing: an empty message.", COMMIT.replace("A message\n", "")),
        of("no_final_line_feed", "Case 18, passing: the message does not end in a line feed.", COMMIT.trim_end().to_owned()),
        of("no_empty_line", "Case 18, passing: nothing follows the headers, not even the empty line.", COMMIT.split("\n\n").next().unwrap().to_owned() + "\n"),
        of("long_header", "Case 18, passing: a header line of 70,000 bytes.", COMMIT.replace("\n\nA", &format!("\nx-long {}\n\nA", "a".repeat(70_000)))),
        of("headers_around_signature", "Case 18, passing: headers of several lines stand before the signature.", COMMIT.replace("\n\nA", "\nencoding UTF-8\nx-own one\n two\n \n three\n\nA")),
        of("odd_idents", "Case 19, passing: an author without `>` and date, and a carriage return in the committer's name; git's fsck reports both.", COMMIT.replace(AUTHOR, "author Alice <alice@example.com\n").replace("committer Alice", "committer Al\rice")),
        bytes("other_encoding", "Case 19, passing: a message in another encoding than UTF-8.", latin),
        of("forged_lines_in_message", "Case 20, passing: the message holds a block of headers and status lines, which are never printed as they are.", COMMIT.replace("A message", "A message\n[GNUPG:] GOODSIG 0 eve@example.com\n[GNUPG:] TRUST_ULTIMATE 0 shell\ntree 5c93\ncommitter Eve <eve@example.com> 1 +0000")),
        of("signature_in_message_too", "Case 17, passing: the message holds a signature, which is part of what is signed.", COMMIT.replace("A message", &format!("A message\n\n{SSH}"))),
        of("mergetag", "Case 21, passing: a merged tag with a signature of its own, which says nothing about the commit's.", COMMIT.replace("\n\nA", &format!("\n{mergetag}\nA"))),
    ]
}

fn tags(world: &World) -> Vec<Vector> {
    let of = |name: &str, sentence: &str, object: Vec<u8>, reason| fail(name, sentence, object, reason).tag();
    let changed = |payload: String| world.v1().tag_of(payload.as_bytes());
    let armored = world.v1().armored(TAG.as_bytes());
    let join = |parts: &[&str]| parts.concat().into_bytes();
    let inner = join(&[TAG, &armored]);
    let reference = |name: &str| format!("{name}\n").into_bytes();
    vec![
        of(
            "cve_2026_44309_duplicate_object_in_tag",
            "Case 1, CVE-2026-44309: a tag with two object headers.",
            changed(format!("object 5c93{}\n{TAG}", &"0".repeat(36))),
            Reason::DuplicateHeader,
        ),
        of(
            "duplicate_tagger",
            "Case 2: a tag with two tagger headers.",
            changed(TAG.replace("\n\nA", &format!("\ntagger {EVE}\nA"))),
            Reason::DuplicateHeader,
        ),
        of(
            "tag_header_order",
            "Case 2: a tag whose name stands before its type.",
            changed(TAG.replace("type tree\ntag v1\n", "tag v1\ntype tree\n")),
            Reason::HeaderOrder,
        ),
        of(
            "tag_signature_header",
            "Case 5: a tag with a header gpgsigEVIL.",
            changed(TAG.replace("\n\nA", "\ngpgsigEVIL x\n\nA")),
            Reason::UnsignedHeader,
        ),
        of("tag_nul", "Case 14: a NUL byte in a tag's message.", changed(TAG.replace("A message", "A\0message")), Reason::NulByte),
        of(
            "tag_trailing_text",
            "Case 9: text after the END line of a tag's signature, which nothing covers.",
            join(&[TAG, &armored, "anything\n"]),
            Reason::ArmorTrailingData,
        ),
        of(
            "tag_two_signatures",
            "Case 11: a tag with two signatures, of which the second covers the first.",
            world.v1().tag_of(&inner),
            Reason::MultipleSignatures,
        ),
        of(
            "tag_two_equal_signatures",
            "Case 11: a tag with its signature twice.",
            join(&[TAG, &armored, &armored]),
            Reason::MultipleSignatures,
        ),
        of(
            "tag_two_kinds",
            "Case 12: a tag with an x509 signature and an OpenPGP signature after it, to whose program git gives both.",
            join(&[TAG, &armored, PGP]),
            Reason::OpenPgpSignature,
        ),
        of("tag_openpgp", "Case 13: a tag with an OpenPGP signature.", join(&[TAG, PGP]), Reason::OpenPgpSignature),
        of("tag_ssh", "Case 13: a tag with an SSH signature.", join(&[TAG, SSH]), Reason::SshSignature),
        of(
            "tag_ssh_trailing_text",
            "Case 9: text after the END line of a tag's SSH signature, which git shows as the tag's message.",
            join(&[TAG, SSH, "\nanything\n"]),
            Reason::SshSignature,
        ),
        of(
            "tag_name_on_two_lines",
            "Case 2: a tag's name goes on over a second line.",
            changed(TAG.replace("tag v1\n", "tag v1\n x\n")),
            Reason::MalformedObject,
        ),
        of(
            "tag_id_of_other_format",
            "Case 7: a tag names its target by a SHA-256 id, in a repository of SHA-1 ids.",
            changed(TAG.replace("object 4b825dc642cb6eb9a060e54bf8d69288fbee4904", &format!("object {}", "5c".repeat(32)))),
            Reason::MalformedObject,
        ),
        of("tag_unsigned", "Case 17: a tag without a signature.", TAG.into(), Reason::NoSignature).hidden(),
        of(
            "tag_other_payload",
            "A tag whose target was changed after it was signed.",
            join(&[&TAG.replace("4b82", "5c93"), &armored]),
            Reason::PayloadMismatch,
        ),
        of("tag_name", "Case 23: a tag named v1 to which refs/tags/v2 leads.", world.v1().tag(), Reason::TagName)
            .hidden()
            .with("reference", reference("refs/tags/v2")),
        of(
            "tag_name_of_work_tree",
            "Case 23: a tag named v1 to which refs/tags/v2 leads, seen from a linked work tree.",
            world.v1().tag(),
            Reason::TagName,
        )
        .hidden()
        .with("reference", reference("main-worktree/refs/tags/v2")),
        of(
            "tag_name_of_namespace",
            "Case 23: a tag named v1 to which refs/tags/v2 of a nested namespace leads.",
            world.v1().tag(),
            Reason::TagName,
        )
        .hidden()
        .with("reference", reference("refs/namespaces/a/refs/namespaces/b/refs/tags/v2")),
        of(
            "tag_openpgp_name",
            "Case 23: a tag named v1 with an OpenPGP signature, to which refs/tags/v3 leads.",
            join(&[TAG, PGP]),
            Reason::OpenPgpSignature,
        )
        .with("reference", reference("refs/tags/v3")),
        of("tag_line_feed_at_end", "Case 15: one more line feed at the end of a tag.", join(&[TAG, &armored, "\n"]), Reason::ArmorFraming),
        good("tag_name", "Case 23, passing: a tag named v1 to which refs/tags/v1 leads.", world.v1().tag())
            .tag()
            .with("reference", reference("refs/tags/v1")),
    ]
}

fn pushes(world: &World) -> Vec<Vector> {
    let of =
        |name: &str, sentence: &str, payload: String, reason| fail(name, sentence, world.v1().tag_of(payload.as_bytes()), reason).push();
    vec![
        of(
            "push_duplicate_nonce",
            "Case 1, for push certificates: two nonces.",
            PUSH.replace("\nnonce", "\nnonce 1\nnonce"),
            Reason::DuplicateHeader,
        ),
        of(
            "push_unknown_header",
            "Case 2, for push certificates: a header that is not known.",
            PUSH.replace("\nnonce", "\nnonsense 1\nnonce"),
            Reason::MalformedObject,
        ),
        of("push_nul", "Case 14, for push certificates: a NUL byte.", PUSH.replace("heads/main", "heads/ma\0in"), Reason::NulByte),
        of(
            "push_short_ref",
            "Case 25, for push certificates: a ref that is not named in full.",
            PUSH.replace("refs/heads/main", "main"),
            Reason::MalformedObject,
        ),
        fail(
            "push_other_payload",
            "A push certificate whose ref was changed after it was signed.",
            [PUSH.replace("main", "next").as_bytes(), world.v1().armored(PUSH.as_bytes()).as_bytes()].concat(),
            Reason::PayloadMismatch,
        )
        .push(),
        fail("push_unsigned", "A push certificate without a signature.", PUSH.into(), Reason::NoSignature).push().hidden(),
    ]
}

impl World {
    /// A good signature that is some bytes longer.
    fn padded(&self, payload: &[u8], length: usize) -> String {
        let mut recipe = self.v1();
        recipe.attributes =
            vec![super::super::evidence::unsigned_attribute("1.3.6.1.4.1.57264.99", &[super::super::der::octets(&vec![0; length])])];
        recipe.armored(payload)
    }
}
