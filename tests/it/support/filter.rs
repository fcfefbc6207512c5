//! Output made the same in every run: what differs from run to run is replaced by its kind.

/// `text` with keys, object ids, times and ports replaced. `names` are further texts with what stands for them, such as paths.
pub fn filtered(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in names {
        text = text.replace(from, to);
    }
    let mut filtered = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || ".:-".contains(character) {
            word.push(character);
        } else {
            filtered.push_str(&kind(&std::mem::take(&mut word)));
            filtered.push(character);
        }
    }
    one_word_times(&(filtered + &kind(&word)))
}

/// `TIME` for each time as people read it: a date, a time of day and `UTC`.
fn one_word_times(text: &str) -> String {
    let is_time = |text: &str| text.as_bytes().iter().zip(b"00:00:00 UTC").all(|(byte, form)| byte == form || byte.is_ascii_digit());
    let mut parts = text.split("DATE ");
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_at_checked(12).filter(|(time, _)| is_time(time)) {
            Some((_, rest)) => joined.extend(["TIME", rest]),
            None => joined.extend(["DATE ", part]),
        }
    }
    joined
}

/// A word, or what stands for its kind. A final `:`, `.` or `-` belongs to the sentence.
fn kind(word: &str) -> String {
    let bare = word.trim_end_matches(['.', ':', '-']);
    let rest = &word[bare.len()..];
    let all = |test: fn(&u8) -> bool| !bare.is_empty() && bare.bytes().all(|byte| test(&byte));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let kind = match bare.len() {
        64 if all(|byte| *byte == b'0') => "NOKEY",
        64 if all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte)) => "KEY",
        40 | 64 if all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte)) => "OID",
        10 if digits(bare) && bare.starts_with(['1', '2']) => "SECONDS",
        10 if is_date(bare) => "DATE",
        20.. if is_date(&bare[..10]) && bare.as_bytes()[10] == b'T' && bare.ends_with('Z') => "TIME",
        _ => match bare.split_once(':') {
            Some(("127.0.0.1", port)) if digits(port) => "HOST",
            _ => bare,
        },
    };
    format!("{kind}{rest}")
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}
