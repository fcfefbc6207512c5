//! Seams: what `main.rs`, the tests, the benches, the fuzz targets and the vectors' generator use of the library beyond its public API.
//!
//! Nothing here is promised to anybody. Everything else outside the verifier is private, so what is missing here was not needed.

/// The program's entry, for `main.rs`.
#[cfg(feature = "cli")]
pub use crate::cli::main;

#[cfg(all(feature = "cli", unix))]
pub mod agent {
    pub mod client {
        pub use crate::agent::client::Client;
    }
}

pub mod agent_protocol {
    pub use crate::agent_protocol::*;
}

pub mod bundle {
    pub use crate::bundle::{Bundle, BundleContent, BundleSigner, Envelope, IN_TOTO, MAX_BUNDLE, MAX_BUNDLES, MAX_PARTS, Message, Version};
}

pub mod certificate {
    pub use crate::certificate::{
        Certificate, HashAlgorithm, IdentityKind, KeyKind, PublicKey, Scheme, Sct, SignedContent, SignerCertificate,
    };
    pub mod key {
        pub use crate::certificate::key::{InvalidKey, InvalidSignature, signature_hash};
    }
    pub mod sct {
        pub use crate::certificate::sct::{precertificate_signed_bytes, sct_list};
    }
    pub mod x509 {
        pub use crate::certificate::x509::{CertificateFields, MAX_CERTIFICATE, MAX_EXTENSIONS, TbsCertificate};
    }
}

#[cfg(feature = "cli")]
pub mod cli {
    pub mod exit {
        pub use crate::cli::exit::{code_of, codes};
    }
}

pub mod escape {
    pub use crate::escape::{Escaped, is_printable};
}

pub mod evidence {
    pub mod checkpoint {
        pub use crate::evidence::checkpoint::{Checkpoint, MAX_CHECKPOINT, MAX_SIGNATURES, checkpoint_text, key_id, signed_note};
    }
    pub mod detached {
        pub use crate::evidence::detached::{
            Bound, DetachedEntry, EntriesError, LoggedBytes, LoggedContent, MAX_DETACHED, MAX_ENTRY_FILE, from_file, to_file,
        };
    }
    pub mod entry {
        pub use crate::evidence::entry::{
            CheckpointEnvelope, EntryKind, EntryVerifier, EntryVersion, HashedRekord, InclusionPromise, InclusionProof, KindVersion, LogId,
            TransparencyLogEntry,
        };
    }
    pub mod envelope {
        pub use crate::evidence::envelope::LoggedEnvelope;
    }
    pub mod log {
        pub use crate::evidence::log::{
            BundledRecord, LogKey, MAX_ENTRY, MAX_PROOF, log_id, parse_entry, set_payload, stated_origin, verify_bundled_entry,
            verify_entry,
        };
    }
    pub mod rfc3161 {
        pub use crate::evidence::rfc3161::{
            Accuracy, GenTime, ID_CT_TST_INFO, MessageImprint, PkiStatus, PkiStatusInfo, TimeStampReq, TimeStampResp, TstInfo,
        };
    }
    pub mod timestamp {
        pub use crate::evidence::timestamp::{MAX_TOKEN, TimestampToken};
    }
}

pub mod git_parameters {
    pub use crate::git_parameters::{Parameter, parse};
}

#[cfg(feature = "cli")]
pub mod identity {
    pub use crate::identity::{
        Desktop, DeviceCode, IdentityToken, LoginError, LoginMethod, LoginOptions, LoginTokens, OidcClient, Opener, Prompt, RefreshToken,
        RequestedSigner,
    };
}

#[cfg(all(feature = "cli", unix))]
pub mod local {
    pub use crate::local::{Fault, Instance, Job, LocalError, Logins, Observer, Running, ServeOptions, Service};
}

pub mod object {
    pub use crate::object::{logged_id::LoggedId, push_certificate::MAX_UPDATES};
}

pub mod policy {
    pub use crate::policy::{
        allowed::MAX_FILE,
        external::{ExternalJudgement, Finding, JudgedBy},
    };
}

pub mod report {
    pub use crate::report::contents::{CertificateContents, Contents, EntryContents, TimestampContents};
}

#[cfg(feature = "tuf")]
pub mod service {
    pub use crate::service::{Http, TimeLimits};
    pub mod fulcio {
        pub use crate::service::fulcio::{CertificateRequest, Fulcio};
    }
    pub mod rekor_v1 {
        pub use crate::service::rekor_v1::RekorV1;
    }
    pub mod rekor_v2 {
        pub use crate::service::rekor_v2::RekorV2;
    }
    pub mod timestamp {
        pub use crate::service::timestamp::TimestampAuthority;
    }
    pub mod tuf {
        pub use crate::service::tuf::{Files, MetadataClient, Mirror, RepositoryAddress};
    }
}

#[cfg(feature = "cli")]
pub mod sign {
    pub use crate::sign::{Content, LogVersion, MAX_STATEMENT_REKOR_V1, Services, Session, Signature, Silent};
}

pub mod signature {
    pub use crate::signature::{GitSignature, MAX_CMS, ParsedSignature, SignatureContent, SignerCertificates, pem};
    pub mod armor {
        pub use crate::signature::armor::{MAX_ARMOR, decode, encode};
    }
    pub mod cms {
        pub use crate::signature::cms::{
            Attribute, ID_CONTENT_TYPE, ID_DATA, ID_MESSAGE_DIGEST, MAX_ELEMENTS, RawSet, SignedData, SignedDataParts, SignerIdentifier,
            SignerInfo, attribute, set_of, set_of_der,
        };
    }
    pub mod git {
        pub use crate::signature::git::{Embedded, GitSignatureParts, MAX_TOKENS, signed_attributes};
    }
}

pub mod statement {
    pub use crate::statement::{MAX_DIGESTS, MAX_SUBJECTS, RELEASE, Statement, StatementSubject, SubjectMatch};
}

pub mod trust {
    pub use crate::trust::authority::{Authority, IssuingPath, TimestampAuthority};
}

pub mod verify {
    pub use crate::verify::{git::CheckedSignature, lookup::LookupKeys};
}
