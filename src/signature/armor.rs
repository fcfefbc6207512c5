//! PEM armor, type `SIGNED MESSAGE`, as gitsign writes it (RFC 7468, strict form).
//!
//! Base64 in lines of 64 columns, LF, no headers, a final LF. Reading also accepts CRLF and no final LF, and nothing else. Armor that is valid
//! but for blanks around its lines and empty lines was not read, so it is not called wrong: some clients pass a commit's header as it stands.

use crate::{Reason, Rejection};
use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};

/// The PEM type of a git x509 signature.
pub(crate) const LABEL: &str = "SIGNED MESSAGE";
/// The line by which git recognises an x509 signature.
pub(crate) const BEGIN: &str = "-----BEGIN SIGNED MESSAGE-----";
/// The largest armored signature that is read, in bytes: a signature with an entry and a token has about 8,000.
pub const MAX_ARMOR: usize = 1 << 20;
/// The line that ends it.
pub(crate) const END: &str = "-----END SIGNED MESSAGE-----";
const COLUMNS: usize = 64;

/// `der` in PEM armor of this type, with a final line feed.
pub fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / COLUMNS + 2 * label.len() + 40);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(COLUMNS));
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The armored signature of `der`.
pub fn encode(der: &[u8]) -> String {
    pem(LABEL, der)
}

/// The bytes inside the armor.
///
/// # Errors
/// [`Reason::ArmorTooLarge`], [`Reason::ArmorTrailingData`], [`Reason::MultipleSignatures`], [`Reason::ArmorFraming`] or
/// [`Reason::ArmorMalformed`].
pub fn decode(armored: &[u8]) -> Result<Vec<u8>, Rejection> {
    let mut der = Vec::new();
    decode_into(armored, &mut der).map(|()| der)
}

/// Reads the armor as [`decode`] does, and appends the bytes to `der`.
///
/// # Errors
/// As [`decode`].
pub(crate) fn decode_into(armored: &[u8], der: &mut Vec<u8>) -> Result<(), Rejection> {
    if armored.len() > MAX_ARMOR {
        return Err(Rejection::new(Reason::ArmorTooLarge, format!("{} bytes; at most {MAX_ARMOR} are read", armored.len())));
    }
    // most of what is not armor ends here, and costs little
    if !armored.starts_with(BEGIN.as_bytes()) {
        return Err(malformed("the first line is not its BEGIN line"));
    }
    let text = std::str::from_utf8(armored).map_err(|_| malformed("it is not valid UTF-8"))?;
    strict(text, der).map_err(|rejection| match rejection.reason() {
        Reason::ArmorMalformed | Reason::ArmorTrailingData if strict(&reframed(text), &mut Vec::new()).is_ok() => {
            Reason::ArmorFraming.into()
        }
        _ => rejection,
    })
}

/// The text without indentation, blanks at the ends of lines and empty lines.
fn reframed(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r']));
    lines.filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

/// The bytes inside armor with whatever around it: to tell what program made it, never to verify it.
pub(crate) fn decode_leniently(armored: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(armored).ok().filter(|text| text.len() <= MAX_ARMOR)?;
    let inside = text.strip_prefix(BEGIN)?.split_once(END)?.0;
    let lines = inside.lines().filter(|line| !line.contains(':'));
    STANDARD.decode(lines.flat_map(str::split_whitespace).collect::<String>()).ok()
}

fn strict(text: &str, der: &mut Vec<u8>) -> Result<(), Rejection> {
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if lines.next() != Some(BEGIN) {
        return Err(malformed("the first line is not its BEGIN line"));
    }
    let mut base64 = String::with_capacity(text.len());
    let mut short_line_seen = false;
    loop {
        match lines.next() {
            Some(END) => break,
            None => return Err(malformed("it has no END line")),
            Some(line) => {
                if short_line_seen || line.len() > COLUMNS || line.is_empty() {
                    return Err(malformed("its lines do not have 64 columns"));
                }
                short_line_seen = line.len() < COLUMNS;
                base64.push_str(line);
            }
        }
    }
    // after END only the line feed that ends it
    match (lines.next(), lines.next()) {
        (None | Some(""), None) => {}
        _ if text.matches(BEGIN).count() > 1 => return Err(Reason::MultipleSignatures.into()),
        _ => return Err(Reason::ArmorTrailingData.into()),
    }
    STANDARD.decode_vec(&base64, der).map_err(|error| malformed(wrong_base64(&error)))
}

fn wrong_base64(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::InvalidByte(..) => "its base64 has an invalid character",
        DecodeError::InvalidLength(_) => "its base64 has an invalid length",
        DecodeError::InvalidLastSymbol(..) => "its base64 ends in non-zero bits",
        DecodeError::InvalidPadding => "its base64 has invalid padding",
    }
}

fn malformed(detail: &str) -> Rejection {
    Rejection::new(Reason::ArmorMalformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_again() {
        for length in [0, 1, 47, 48, 49, 2000] {
            let der = vec![0x5a; length];
            let armored = encode(&der);
            assert!(armored.lines().all(|line| line.len() <= COLUMNS));
            assert_eq!(decode(armored.as_bytes()).unwrap(), der, "{length}");
        }
    }

    #[test]
    fn carriage_returns_before_line_feeds_are_read_as_git_leaves_them() {
        let armored = encode(b"abc").replace('\n', "\r\n");
        assert_eq!(decode(armored.as_bytes()).unwrap(), b"abc");
    }

    #[test]
    fn wrong_base64_is_told_in_words() {
        let good = encode(b"abcd");
        for (text, words) in [("YW!jZA==", "character"), ("YWJjZA=", "padding"), ("YWJjZB==", "bits"), ("YWJjZ", "length")] {
            let rejection = decode(good.replace("YWJjZA==", text).as_bytes()).unwrap_err();
            assert!(rejection.detail().contains(words), "{text}: {}", rejection.detail());
        }
    }

    #[test]
    fn indentation_and_extra_line_feeds_are_not_called_wrong() {
        let good = encode(&[7; 100]);
        for text in [
            good.clone() + "\n",
            good.clone() + "\n\n",
            good.replace('\n', "\n "),
            good.replace('\n', "\n\t"),
            good.replace('\n', "\r\n  ") + "\r\n",
            good.replace('\n', "\n\n"),
            good.replacen('\n', "\n\n", 1),
            good.trim_end().to_owned() + "\n \n",
            good.replace('\n', " \n"),
            good.replace('\n', "\t\n"),
            good.replace('\n', " \r\n"),
            good.replace('\n', "\r\r\n"),
            good.replacen('\n', "  \n", 1),
            good.trim_end().to_owned() + " ",
            good.trim_end().to_owned() + "\r\r",
        ] {
            assert_eq!(decode(text.as_bytes()).unwrap_err().reason(), Reason::ArmorFraming, "{text}");
        }
        assert!(decode(good.trim_end().as_bytes()).is_ok() && decode((good.trim_end().to_owned() + "\r").as_bytes()).is_ok());
        // a fault beside the framing decides
        for text in [good.replace('\n', "\n ") + "more", good.replace("BwcH", "Bw cH") + "\n", good.replace("=", "") + "\n"] {
            assert_ne!(decode(text.as_bytes()).unwrap_err().reason(), Reason::ArmorFraming, "{text}");
        }
    }

    #[test]
    fn each_departure_from_the_strict_form_has_its_reason() {
        let good = encode(&[7; 100]);
        let cases = [
            (good.clone() + "more", Reason::ArmorTrailingData),
            (good.clone() + &good, Reason::MultipleSignatures),
            (format!(" {good}"), Reason::ArmorMalformed),
            (good.replace("SIGNED", "signed"), Reason::ArmorMalformed),
            (good.replace("-----\nB", "-----\nProc-Type: 4\n\nB"), Reason::ArmorMalformed),
            (good.replace("BwcH", "Bw cH"), Reason::ArmorMalformed),
            (good.replace("=", ""), Reason::ArmorMalformed),
            (good.replace("-----END SIGNED MESSAGE-----\n", ""), Reason::ArmorMalformed),
            (encode(b"a").replace("YQ==", "YR=="), Reason::ArmorMalformed),
        ];
        for (text, reason) in cases {
            assert_eq!(decode(text.as_bytes()).unwrap_err().reason(), reason, "{text}");
        }
    }
}
