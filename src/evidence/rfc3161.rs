//! The structures of the Time-Stamp Protocol (RFC 3161, section 2.4): the query, the answer, and what a token says.
//!
//! This module encodes and decodes. A value of these types proves nothing: `timestamp` checks a token's signature, and `verify` its authority.
//! The client, the verifier and the local timestamp authority use them.

use crate::{Reason, Rejection, signature::cms::SignedData};
use const_oid::ObjectIdentifier;
use der::{
    Any, Decode, DecodeValue, EncodeValue, Enumerated, FixedTag, Header, Length, Reader, Sequence, Tag, Writer,
    asn1::{BitString, Int, OctetString},
};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extensions;

/// `id-ct-TSTInfo`: the content type inside a token.
pub const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `MessageImprint`: the hash of what is stamped.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct MessageImprint {
    /// The hash; its parameters are absent or NULL.
    pub hash_algorithm: AlgorithmIdentifierOwned,
    /// As many bytes as the hash has.
    pub hashed_message: OctetString,
}

/// `TimeStampReq`: the query.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampReq {
    /// 1.
    pub version: u8,
    /// What is to be stamped.
    pub message_imprint: MessageImprint,
    /// The policy under which it is wanted.
    #[asn1(optional = "true")]
    pub req_policy: Option<ObjectIdentifier>,
    /// Any integer, which the answer must repeat.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// Whether the token is to carry the authority's certificate.
    #[asn1(default = "Default::default")]
    pub cert_req: bool,
    /// Extensions of the query.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub extensions: Option<Extensions>,
}

/// `PKIStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[asn1(type = "INTEGER")]
#[repr(u8)]
pub enum PkiStatus {
    /// The token is there, as it was asked for.
    Granted = 0,
    /// The token is there, changed against the query.
    GrantedWithMods = 1,
    /// No token: refused.
    Rejection = 2,
    /// No token: later.
    Waiting = 3,
    /// No token: a revocation is imminent.
    RevocationWarning = 4,
    /// No token: a revocation has happened.
    RevocationNotification = 5,
}

/// `PKIStatusInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct PkiStatusInfo {
    /// Whether there is a token.
    pub status: PkiStatus,
    /// `PKIFreeText`: words for people, from outside.
    #[asn1(optional = "true")]
    pub status_string: Option<Vec<String>>,
    /// `PKIFailureInfo`: why there is none.
    #[asn1(optional = "true")]
    pub fail_info: Option<BitString>,
}

impl PkiStatusInfo {
    /// The names of the failures that are set, in the words of the standard.
    pub fn failures(&self) -> Vec<&'static str> {
        const NAMES: [(usize, &str); 8] = [
            (0, "badAlg"),
            (2, "badRequest"),
            (5, "badDataFormat"),
            (14, "timeNotAvailable"),
            (15, "unacceptedPolicy"),
            (16, "unacceptedExtension"),
            (17, "addInfoNotAvailable"),
            (25, "systemFailure"),
        ];
        let bits: Vec<bool> = self.fail_info.as_ref().map(|bits| bits.bits().collect()).unwrap_or_default();
        NAMES.into_iter().filter(|(bit, _)| bits.get(*bit) == Some(&true)).map(|(_, name)| name).collect()
    }
}

/// `TimeStampResp`: the answer.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TimeStampResp {
    /// Whether there is a token.
    pub status: PkiStatusInfo,
    /// The `TimeStampToken`, a CMS ContentInfo. DER in, so that it comes out byte for byte as it went in.
    #[asn1(optional = "true")]
    pub time_stamp_token: Option<Any>,
}

/// `Accuracy`: how far from the truth `genTime` may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Sequence)]
pub struct Accuracy {
    /// Whole seconds.
    #[asn1(optional = "true")]
    pub seconds: Option<u32>,
    /// Milliseconds, 1 to 999.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub millis: Option<u16>,
    /// Microseconds, 1 to 999.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub micros: Option<u16>,
}

/// `TSTInfo`: what a token says.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct TstInfo {
    /// 1.
    pub version: u8,
    /// The authority's policy.
    pub policy: ObjectIdentifier,
    /// What was stamped.
    pub message_imprint: MessageImprint,
    /// The token's number, up to 160 bits.
    pub serial_number: Int,
    /// The time.
    pub gen_time: GenTime,
    /// Its accuracy; informative.
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    /// Whether tokens of this authority can be ordered by their times.
    #[asn1(default = "Default::default")]
    pub ordering: bool,
    /// The query's nonce.
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    /// The authority's name (a GeneralName, kept as it is); a hint.
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub tsa: Option<Any>,
    /// Extensions of the token.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub extensions: Option<Extensions>,
}

impl TstInfo {
    /// What the token in `token` (DER of the ContentInfo) says. Nothing is verified.
    ///
    /// # Errors
    /// [`Reason::TimestampMalformed`] where it is not a SignedData around a TSTInfo.
    pub fn of_token(token: &[u8]) -> Result<Self, Rejection> {
        let malformed = |detail: String| Rejection::new(Reason::TimestampMalformed, detail);
        let signed_data = SignedData::from_der(token).map_err(|rejection| malformed(rejection.to_string()))?;
        let content = signed_data.content.filter(|_| signed_data.content_type == ID_CT_TST_INFO);
        let content = content.ok_or_else(|| malformed("its content is not a TSTInfo".into()))?;
        Self::from_der(content).map_err(|error| malformed(error.to_string()))
    }
}

/// A `GeneralizedTime` as RFC 3161 allows it: UTC, with or without a fraction of a second, which DER's own profile of the type forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenTime {
    seconds: i64,
    nanoseconds: u32,
}

impl GenTime {
    /// `seconds` since the Unix epoch and `nanoseconds` of the next one; `None` outside the years 1 to 9999.
    pub fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        let year = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(jiff::tz::TimeZone::UTC).year();
        ((1..=9999).contains(&year) && nanoseconds < 1_000_000_000).then_some(Self { seconds, nanoseconds })
    }

    /// Seconds since the Unix epoch, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// The fraction of the second.
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    fn text(self) -> String {
        let time = jiff::Timestamp::from_second(self.seconds).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
        let mut text =
            format!("{:04}{:02}{:02}{:02}{:02}{:02}", time.year(), time.month(), time.day(), time.hour(), time.minute(), time.second());
        if self.nanoseconds > 0 {
            text.push('.');
            text.push_str(format!("{:09}", self.nanoseconds).trim_end_matches('0'));
        }
        text.push('Z');
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.strip_suffix('Z')?.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text.strip_suffix('Z')?, None),
        };
        if whole.len() != 14 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part = |from: usize, to: usize| whole.get(from..to)?.parse::<i16>().ok();
        let small = |from: usize| i8::try_from(part(from, from + 2)?).ok();
        let time = jiff::civil::DateTime::new(part(0, 4)?, small(4)?, small(6)?, small(8)?, small(10)?, small(12)?, 0).ok()?;
        let seconds = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let nanoseconds = match fraction {
            None => 0,
            // no trailing zero, as the standard says, and no finer than this type holds
            Some(digits)
                if (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.ends_with('0') =>
            {
                format!("{digits:0<9}").parse().ok()?
            }
            Some(_) => return None,
        };
        Self::new(seconds, nanoseconds)
    }
}

impl FixedTag for GenTime {
    const TAG: Tag = Tag::GeneralizedTime;
}

impl<'a> DecodeValue<'a> for GenTime {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        // fifteen characters and a fraction of at most ten
        if header.length() > Length::new(25) {
            return Err(Tag::GeneralizedTime.value_error().into());
        }
        let value = reader.read_vec(header.length())?;
        std::str::from_utf8(&value).ok().and_then(Self::parse).ok_or_else(|| Tag::GeneralizedTime.value_error().into())
    }
}

impl EncodeValue for GenTime {
    fn value_len(&self) -> der::Result<Length> {
        self.text().len().try_into()
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.text().as_bytes())
    }
}

#[cfg(test)]
mod tests;
