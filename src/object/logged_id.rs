//! The ids under which a log may know an object. gitsign's online mode embeds no log entry, and logs the object's id in hexadecimal.
//!
//! gitsign computes that id from payload and signature before git stores the object. Over time it did so in four ways; all are here. An id is
//! computed from the object's bytes only, and compared with the entry of a log.

use super::{Header, ObjectFormat, Signed, split_headers};
use crate::LegacyRule;
use sha2::{Digest, Sha256};

/// An id of an object, under which its entry may stand in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedId {
    /// Lower-case hexadecimal: what the entry hashes and its signature is over.
    pub id: String,
    /// The legacy rules by which it is the object's id; at least one.
    pub rules: Vec<LegacyRule>,
}

impl Signed<'_> {
    /// The ids that the object with this payload and signature may have been logged under, its own first, each once. A push certificate
    /// has none.
    ///
    /// The object's own id is that of payload and signature as git joins them: with the signature after a commit's other headers.
    #[doc(hidden)]
    pub fn logged_ids(&self) -> Vec<LoggedId> {
        let Some(object) = Object::of(self) else { return Vec::new() };
        let whole = |header: &str| object.id_with(header);
        let mut ids: Vec<LoggedId> = Vec::new();
        let mut add = |id: String, rules: &[LegacyRule]| {
            if !ids.iter().any(|known| known.id == id) {
                ids.push(LoggedId { id, rules: rules.to_vec() });
            }
        };
        // what else than the object's own id it is in a SHA-256 repository, where gitsign knew SHA-1 alone
        let (own, sha1): (_, &[LegacyRule]) = match object.format {
            ObjectFormat::Sha1 => (whole("gpgsig").sha1(), &[]),
            ObjectFormat::Sha256 => (whole("gpgsig-sha256").sha256(), &[LegacyRule::EntryOfSha1Id]),
        };
        add(own, &[LegacyRule::EntryOfObjectId]);
        add(whole("gpgsig").sha1(), sha1);
        add(object.reencoded().sha1(), &[sha1, &[LegacyRule::EntryOfReencodedId]].concat());
        if object.kind == "tag" {
            add(object.with_header("gpgsig").sha1(), &[sha1, &[LegacyRule::EntryOfHeaderId]].concat());
        }
        ids
    }
}

/// The parts of a commit or tag.
struct Object<'a> {
    kind: &'static str,
    format: ObjectFormat,
    headers: Vec<Header<'a>>,
    /// The headers as they stand, and what follows: the empty line and the message.
    head: &'a [u8],
    rest: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Object<'a> {
    fn of(signed: &'a Signed<'_>) -> Option<Self> {
        let payload = signed.payload.as_ref();
        let (headers, rest) = split_headers(payload).ok()?;
        let first = headers.first()?;
        let kind = match first.name {
            b"tree" => "commit",
            b"object" => "tag",
            _ => return None,
        };
        let format = ObjectFormat::from_hex_length(first.first_line.len())?;
        let head = payload.get(..payload.len() - rest.len())?;
        Some(Self { kind, format, headers, head, rest, signature: &signed.signature })
    }

    /// The object as git stores it; `header` holds a commit's signature.
    fn id_with(&self, header: &str) -> Encoded<'_> {
        match self.kind {
            "tag" => self.encoded(Vec::new(), vec![self.head, self.rest, self.signature]),
            _ => self.with_header(header),
        }
    }

    /// The object with its signature after its other headers, also where it is a tag: so gitsign 0.16.0 and 0.16.1 had them.
    fn with_header(&self, header: &str) -> Encoded<'_> {
        self.encoded([self.head, &self.signature_header(header)].concat(), vec![self.rest])
    }

    /// The object as go-git, which gitsign used up to 0.15, encodes it again: headers that it did not know are gone, ids have 20 bytes,
    /// and the lines of author, committer and tagger are in go-git's form.
    fn reencoded(&self) -> Encoded<'_> {
        let message = self.rest.strip_prefix(b"\n").unwrap_or_default();
        let mut head = Vec::new();
        let known: &[&[u8]] = if self.kind == "tag" { &[b"object", b"type", b"tag"] } else { &[b"tree", b"parent"] };
        for header in self.headers.iter().filter(|header| known.contains(&header.name)) {
            let value = header.first_line.trim_ascii();
            let is_id = matches!(header.name, b"tree" | b"parent" | b"object");
            let value = if is_id { value.get(..40).unwrap_or(value) } else { value };
            head.extend([header.name, b" ", value, b"\n"].concat());
        }
        let people: &[&[u8]] = if self.kind == "tag" { &[b"tagger"] } else { &[b"author", b"committer"] };
        for name in people {
            let ident = self.headers.iter().find(|header| header.name == *name).map(|header| header.first_line);
            head.extend([name, &b" "[..], &reencoded_ident(ident.unwrap_or_default()), b"\n"].concat());
        }
        match self.kind {
            "tag" => self.encoded([&head[..], b"\n"].concat(), vec![message, self.signature]),
            _ => self.encoded([&head[..], &self.signature_header("gpgsig"), b"\n"].concat(), vec![message]),
        }
    }

    fn signature_header(&self, name: &str) -> Vec<u8> {
        let value = self.signature.strip_suffix(b"\n").unwrap_or(self.signature);
        let lines: Vec<&[u8]> = value.split(|byte| *byte == b'\n').collect();
        [name.as_bytes(), b" ", &lines.join(&b"\n "[..]), b"\n"].concat()
    }

    fn encoded<'s>(&'s self, head: Vec<u8>, rest: Vec<&'s [u8]>) -> Encoded<'s> {
        let length = head.len() + rest.iter().map(|part| part.len()).sum::<usize>();
        Encoded { opening: format!("{} {length}\0", self.kind), head, rest }
    }
}

/// An object as it is hashed, in parts, since it may be large.
struct Encoded<'a> {
    opening: String,
    head: Vec<u8>,
    rest: Vec<&'a [u8]>,
}

impl Encoded<'_> {
    fn sha256(&self) -> String {
        let start = Sha256::new().chain_update(&self.opening).chain_update(&self.head);
        hex::encode(self.rest.iter().fold(start, |hash, part| hash.chain_update(part)).finalize())
    }

    /// Security does not depend on SHA-1 here: the signature is verified over the payload's SHA-256.
    fn sha1(&self) -> String {
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(self.opening.as_bytes());
        hash.update(&self.head);
        self.rest.iter().for_each(|part| hash.update(part));
        hex::encode(hash.finish().as_ref())
    }
}

/// `Name <address> seconds zone` as go-git writes what it has read of it (`Signature.Decode` and `Encode`); what it cannot read is empty.
fn reencoded_ident(ident: &[u8]) -> Vec<u8> {
    let ident = ident.trim_ascii();
    let place = |of: u8| ident.iter().rposition(|byte| *byte == of);
    let (name, address, time) = match (place(b'<'), place(b'>')) {
        (Some(open), Some(close)) if open < close => (ident.get(..open), ident.get(open + 1..close), ident.get(close + 2..)),
        _ => (None, None, None),
    };
    let trimmed = |bytes: &[u8]| {
        let start = bytes.iter().position(|byte| *byte != b' ').unwrap_or(bytes.len());
        let end = bytes.iter().rposition(|byte| *byte != b' ').map_or(start, |last| last + 1);
        bytes.get(start..end).unwrap_or_default().to_vec()
    };
    let time = std::str::from_utf8(time.unwrap_or_default()).unwrap_or_default();
    let (seconds, zone) = time.split_once(' ').unwrap_or((time, ""));
    let (seconds, minutes) = match seconds.parse::<i64>() {
        Ok(seconds) => (seconds.max(0), zone_minutes(zone).unwrap_or_default()),
        Err(_) => (0, 0),
    };
    let sign = if minutes < 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60);
    [&trimmed(name.unwrap_or_default()), &b" <"[..], address.unwrap_or_default(), format!("> {seconds} {zone}").as_bytes()].concat()
}

/// The minutes of `+hhmm`. The minutes have the sign of the hours as a number: `-0030` is half an hour ahead to go-git.
fn zone_minutes(zone: &str) -> Option<i64> {
    let (hours, minutes) = (zone.get(..3)?.parse::<i64>().ok()?, zone.get(3..5)?.parse::<i64>().ok()?);
    Some(hours * 60 + if hours < 0 { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Explanation as _;
    use std::borrow::Cow;

    const SIGNATURE: &str = "-----BEGIN SIGNED MESSAGE-----\nYQ==\n-----END SIGNED MESSAGE-----\n";
    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn ids(payload: &str) -> Vec<(String, Vec<&'static str>)> {
        let signed = Signed { payload: Cow::Borrowed(payload.as_bytes()), signature: Cow::Borrowed(SIGNATURE.as_bytes()) };
        signed.logged_ids().into_iter().map(|id| (id.id, id.rules.iter().map(|rule| rule.id()).collect())).collect()
    }

    fn sha1_of(kind: &str, bytes: &str) -> String {
        Encoded { opening: format!("{kind} {}\0", bytes.len()), head: bytes.into(), rest: Vec::new() }.sha1()
    }

    fn header() -> String {
        format!("gpgsig {}\n", SIGNATURE.trim_end().replace('\n', "\n "))
    }

    fn commit(tree: &str, extra: &str) -> String {
        format!("tree {tree}\nauthor A <a@example.com> 1 +0000\ncommitter C <c@example.com> 1 -0730\n{extra}\nmessage")
    }

    #[test]
    fn an_ordinary_commit_has_one_id() {
        let payload = commit(TREE, "");
        let whole = payload.replacen("\n\n", &format!("\n{}\n", header()), 1);
        assert_eq!(ids(&payload), [(sha1_of("commit", &whole), vec!["entry-of-object-id"])]);
    }

    #[test]
    fn headers_that_older_versions_did_not_know_give_a_second_id() {
        let payload = commit(TREE, "encoding ISO-8859-1\nmergetag object x\n type y\n");
        let reencoded = commit(TREE, "").replacen("\n\n", &format!("\n{}\n", header()), 1);
        let found = ids(&payload);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], (sha1_of("commit", &reencoded), vec!["entry-of-reencoded-id"]));
    }

    #[test]
    fn a_tag_has_an_id_with_its_signature_among_the_headers() {
        let payload = format!("object {TREE}\ntype tree\ntag v1\ntagger T <t@example.com> 1 +0000\n\nmessage\n");
        let in_header = payload.replacen("\n\n", &format!("\n{}\n", header()), 1);
        assert_eq!(
            ids(&payload),
            [
                (sha1_of("tag", &format!("{payload}{SIGNATURE}")), vec!["entry-of-object-id"]),
                (sha1_of("tag", &in_header), vec!["entry-of-header-id"]),
            ]
        );
    }

    #[test]
    fn in_a_sha_256_repository_the_ids_are_of_sha_1() {
        let tree = "ef6546a3ff8b28dff3e73cc3f9fd2ac0f9a3cb8c1b1f0c2a3d4e5f60718293a4";
        let payload = commit(tree, "");
        let with = |tree: &str| commit(tree, "").replacen("\n\n", &format!("\n{}\n", header()), 1);
        let found = ids(&payload);
        assert_eq!(found[0].0.len(), 64);
        assert_eq!(found[0].1, ["entry-of-object-id"]);
        assert_eq!(found[1], (sha1_of("commit", &with(tree)), vec!["entry-of-sha1-id"]));
        assert_eq!(found[2], (sha1_of("commit", &with(&tree[..40])), vec!["entry-of-sha1-id", "entry-of-reencoded-id"]));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn what_is_no_commit_or_tag_has_no_id() {
        assert_eq!(ids("certificate version 0.1\npusher A <a@example.com> 1 +0000\n\n"), []);
        assert_eq!(ids(""), []);
        assert_eq!(ids("tree short\n\n"), []);
        assert_eq!(ids("tree"), []);
    }

    #[test]
    fn people_are_written_as_go_git_writes_them() {
        let written = |ident: &str| String::from_utf8(reencoded_ident(ident.as_bytes())).unwrap();
        for (ident, expected) in [
            ("A B <a@example.com> 1 +0000", "A B <a@example.com> 1 +0000"),
            ("  A  B  <a@example.com> 1 -0000", "A  B <a@example.com> 1 +0000"),
            ("A <x> <a@example.com> 12 +1245 ", "A <x> <a@example.com> 12 +1245"),
            ("A <a@example.com> 1 -0030", "A <a@example.com> 1 +0030"),
            ("A <a@example.com> 1 -0130", "A <a@example.com> 1 -0130"),
            ("A <a@example.com> -5 +0100", "A <a@example.com> 0 +0100"),
            ("A <a@example.com> x +0100", "A <a@example.com> 0 +0000"),
            ("A <a@example.com> 1", "A <a@example.com> 1 +0000"),
            ("A <a@example.com>", "A <a@example.com> 0 +0000"),
            ("A >a@example.com<", " <> 0 +0000"),
            ("", " <> 0 +0000"),
        ] {
            assert_eq!(written(ident), expected, "{ident}");
        }
    }
}
