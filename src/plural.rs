//! Numbers with their nouns.

/// The number and the noun, in the plural unless the number is 1: `1 entry`, `2 entries`, `0 keys`.
pub(crate) fn counted(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        _ if number == 1 => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_all_else_plural() {
        let told =
            [0, 1, 2].map(|number| [counted(number, "certificate authority"), counted(number, "key"), counted(number, "log")].join(", "));
        assert_eq!(told[0], "0 certificate authorities, 0 keys, 0 logs");
        assert_eq!(told[1], "1 certificate authority, 1 key, 1 log");
        assert_eq!(told[2], "2 certificate authorities, 2 keys, 2 logs");
    }
}
