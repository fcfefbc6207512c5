//! A second opinion: other code for the same questions, after git's source or by brute force.

use aws_lc_rs::digest;
use paraph::object::ObjectFormat;

/// Payload and signature of a commit, after git's `parse_buffer_signed_by_header` (`commit.c`).
pub fn split_commit(object: &[u8], format: ObjectFormat) -> (Vec<u8>, Vec<u8>) {
    let (mut payload, mut signature) = (Vec::new(), Vec::new());
    let (mut in_signature, mut other_signature) = (false, false);
    let own = [format.signature_header().as_bytes(), b" "].concat();
    let mut rest = object;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        let (line, after) = rest.split_at(end);
        let mut value = None;
        if let Some(continuation) = line.strip_prefix(b" ").filter(|_| in_signature) {
            value = Some(continuation);
        } else if let Some(first) = line.strip_prefix(own.as_slice()) {
            (value, other_signature) = (Some(first), false);
        } else if line.starts_with(b"gpgsig") {
            other_signature = true;
        } else if other_signature && !line.starts_with(b" ") {
            other_signature = false;
        }
        in_signature = value.is_some();
        rest = after;
        match value {
            Some(value) => signature.extend(value),
            None if line.starts_with(b"\n") => {
                payload.extend(line);
                payload.extend(after);
                break;
            }
            None if !other_signature => payload.extend(line),
            None => {}
        }
    }
    (payload, signature)
}

/// Where the payload of a tag or a push certificate ends, after git's `parse_signed_buffer` (`gpg-interface.c`).
pub fn signature_start(object: &[u8]) -> usize {
    const BEGINS: [&[u8]; 4] = [
        b"-----BEGIN PGP SIGNATURE-----",
        b"-----BEGIN PGP MESSAGE-----",
        b"-----BEGIN SIGNED MESSAGE-----",
        b"-----BEGIN SSH SIGNATURE-----",
    ];
    let (mut at, mut found) = (0, object.len());
    while at < object.len() {
        let rest = &object[at..];
        if BEGINS.iter().any(|begin| rest.starts_with(begin)) {
            found = at;
        }
        at += rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |feed| feed + 1);
    }
    found
}

/// The id under which git stores an object.
pub fn object_id(kind: &str, object: &[u8], format: ObjectFormat) -> String {
    let algorithm = match format {
        ObjectFormat::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        ObjectFormat::Sha256 => &digest::SHA256,
    };
    let stored = [format!("{kind} {}\0", object.len()).as_bytes(), object].concat();
    hex::encode(digest::digest(algorithm, &stored).as_ref())
}

/// The keys and values of `GIT_CONFIG_PARAMETERS`, after git's `parse_config_env_list` (`config.c`) and `sq_dequote_step` (`quote.c`).
pub fn config_parameters(text: &[u8]) -> Option<Vec<(Vec<u8>, Option<Vec<u8>>)>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (key, after) = dequote(text, at)?;
        let (key, value, after) = match text.get(after) {
            None => older(key, after)?,
            Some(byte) if is_space(*byte) => older(key, after)?,
            Some(b'=') => match text.get(after + 1) {
                Some(b'\'') => {
                    let (value, after) = dequote(text, after + 1)?;
                    (key, Some(value), after)
                }
                _ => (key, None, after + 1),
            },
            Some(_) => return None,
        };
        if text.get(after).is_some_and(|byte| !is_space(*byte)) || !is_key(&key) {
            return None;
        }
        at = after + text[after..].iter().take_while(|byte| is_space(**byte)).count();
        found.push((key, value));
    }
    Some(found)
}

type OneParameter = (Vec<u8>, Option<Vec<u8>>, usize);

fn older(word: Vec<u8>, after: usize) -> Option<OneParameter> {
    let (key, value) = match word.iter().position(|byte| *byte == b'=') {
        Some(at) => (word[..at].to_vec(), Some(word[at + 1..].to_vec())),
        None => (word, None),
    };
    let from = key.iter().position(|byte| !is_space(*byte))?;
    let to = key.iter().rposition(|byte| !is_space(*byte))?;
    Some((key[from..=to].to_vec(), value, after))
}

/// The quoted word at `at`, and its end.
fn dequote(text: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut word = Vec::new();
    if text.get(at) != Some(&b'\'') {
        return None;
    }
    loop {
        at += 1;
        match *text.get(at)? {
            b'\'' => {}
            byte => {
                word.push(byte);
                continue;
            }
        }
        at += 1;
        match (text.get(at), text.get(at + 1), text.get(at + 2)) {
            (Some(b'\\'), Some(escaped @ (b'\'' | b'!')), Some(b'\'')) => {
                word.push(*escaped);
                at += 2;
            }
            _ => return Some((word, at)),
        }
    }
}

/// After git's `git_config_parse_key`.
fn is_key(key: &[u8]) -> bool {
    let Some(last) = key.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0) else { return false };
    let mut dot = false;
    if last + 1 == key.len() {
        return false;
    }
    for (at, byte) in key.iter().enumerate() {
        dot |= *byte == b'.';
        if !dot || at > last {
            if !(byte.is_ascii_alphanumeric() || *byte == b'-') || (at == last + 1 && !byte.is_ascii_alphabetic()) {
                return false;
            }
        } else if *byte == b'\n' {
            return false;
        }
    }
    true
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether `name` is `pattern`, where `*` stands for any characters but `/` and `@`: which places of the pattern each character can reach.
pub fn glob(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // reachable[i]: the name so far is the first i characters of the pattern
    let close = |reachable: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            if reachable[at] && pattern[at] == '*' {
                reachable[at + 1] = true;
            }
        }
    };
    let mut reachable = vec![false; pattern.len() + 1];
    reachable[0] = true;
    close(&mut reachable);
    for character in name.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for at in 0..pattern.len() {
            if reachable[at] {
                match pattern[at] {
                    '*' if !matches!(character, '/' | '@') => next[at] = true,
                    '*' => {}
                    literal if literal == character => next[at + 1] = true,
                    _ => {}
                }
            }
        }
        close(&mut next);
        reachable = next;
    }
    reachable[pattern.len()]
}
