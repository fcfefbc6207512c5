//! The table of legacy rules.

use super::explanation::explained;

explained! {
    /// A rule that only older signatures need. A signature that needs one verifies as `legacy`, unless the user accepts such signatures.
    LegacyRule {
        EntryOfObjectId = "entry-of-object-id", "the log entry is not embedded, and is about the object's id, as in gitsign's online mode";
        EntryOfReencodedId = "entry-of-reencoded-id", "the log entry is not embedded, and is about the id that gitsign up to 0.15 computed without the headers that it did not know";
        EntryOfHeaderId = "entry-of-header-id", "the log entry is not embedded, and is about the id that gitsign 0.16 computed for a tag, with the signature in its headers";
        EntryOfSha1Id = "entry-of-sha1-id", "the log entry is not embedded, and is about a SHA-1 id of an object in a SHA-256 repository";
        EntryNotEmbedded = "entry-not-embedded", "the log entry is about the signature, but not embedded in it";
        EntryDraftEncoding = "entry-draft-encoding", "the log entry is embedded in a draft encoding, which is not supported";
        DirectlyFromRoot = "directly-from-root", "the root issued the certificate directly, as before May 2022";
        SctMissing = "sct-missing", "the certificate has no signed certificate timestamp";
    }
}

fn advice(_: LegacyRule) -> &'static str {
    "if you accept such signatures, set paraph.allowLegacy; otherwise have it signed again"
}
