//! The table of legacy rules.

use super::explanation::explained;

explained! {
    /// A rule that only older signatures need. A signature that needs one verifies as `legacy`, unless the user accepts such signatures.
    LegacyRule {
        EntryOfObjectId = "entry-of-object-id", "the log entry is not embedded, and is about the object's id, as in gitsign's online mode";
        EntryOfReencodedId = "entry-of-reencoded-id", "the log entry is not embedded, and is about the id of the object as gitsign up to 0.15 wrote it anew, without headers that it did not know";
        EntryOfHeaderId = "entry-of-header-id", "the log entry is not embedded, and is about the id that gitsign 0.16 computed of a tag, with the signature among its headers";
        EntryOfSha1Id = "entry-of-sha1-id", "the log entry is not embedded, and is about a SHA-1 id of an object of a SHA-256 repository";
        EntryNotEmbedded = "entry-not-embedded", "the log entry is about the signature, and is not embedded in it";
        EntryDraftEncoding = "entry-draft-encoding", "the log entry is embedded in a draft encoding that is not read";
        DirectlyFromRoot = "directly-from-root", "the certificate was issued by the root itself, as before May 2022, and not by its intermediate";
        SctMissing = "sct-missing", "the certificate carries no signed certificate timestamp";
    }
}

fn advice(_: LegacyRule) -> &'static str {
    "where you accept such signatures, set paraph.allowLegacy; else have it signed anew"
}
