//! Counted nouns, durations and times as people say them. JSON, logs and lines for programs have RFC 3339.

use std::time::Duration;

use jiff::Timestamp;

/// The number and the noun, in the plural unless the number is 1: `1 entry`, `2 entries`, `0 keys`.
pub(crate) fn counted(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        _ if number == 1 => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

/// A duration: `0.3 s`, `45 s`, `5 min 1 s`, `23 h 55 min`, `2523 days`.
pub(crate) fn spoken_duration(duration: Duration) -> String {
    let parts = |first: u64, unit: &str, second: u64, part: &str| match second {
        0 => format!("{first} {unit}"),
        second => format!("{first} {unit} {second} {part}"),
    };
    match duration.as_secs() {
        ..10 => {
            let text = format!("{:.1}", duration.as_secs_f64());
            format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
        }
        seconds @ 10..60 => format!("{seconds} s"),
        seconds @ 60..3600 => parts(seconds / 60, "min", seconds % 60, "s"),
        seconds @ 3600..172_800 => parts(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// A time without its fractions of a second: `2026-11-28 10:00:00 UTC`.
pub(crate) fn spoken_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A text of a library, whose times become those of [`spoken_time`].
#[cfg(feature = "tuf")]
pub(crate) fn with_spoken_times(text: &str) -> String {
    let spoken = |word: &str| word.parse().map_or_else(|_| word.to_owned(), spoken_time);
    text.split(' ').map(spoken).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        let told = |milliseconds| spoken_duration(Duration::from_millis(milliseconds));
        let durations = [0, 250, 9_950, 59_999, 60_000, 301_000, 3_600_000, 86_100_000, 172_799_000, 172_800_000, u64::MAX];
        let expected = "0 s, 0.2 s, 9.9 s, 59 s, 1 min, 5 min 1 s, 1 h, 23 h 55 min, 47 h 59 min, 2 days, 213503982334 days";
        assert_eq!(durations.map(told).join(", "), expected);
    }

    #[test]
    fn times_are_in_utc_and_whole_seconds() {
        let times = ["2026-11-28T10:00:00.999+01:00", "1969-12-31T23:59:59Z", "0800-01-02T03:04:05Z"];
        let told = times.map(|time| spoken_time(time.parse().unwrap()));
        assert_eq!(told.join(", "), "2026-11-28 09:00:00 UTC, 1969-12-31 23:59:59 UTC, 0800-01-02 03:04:05 UTC");
        assert_eq!(spoken_time(Timestamp::MAX), "9999-12-30 22:00:00 UTC");
    }

    #[test]
    fn one_is_singular_and_all_else_plural() {
        let told =
            [0, 1, 2].map(|number| [counted(number, "certificate authority"), counted(number, "key"), counted(number, "log")].join(", "));
        assert_eq!(told[0], "0 certificate authorities, 0 keys, 0 logs");
        assert_eq!(told[1], "1 certificate authority, 1 key, 1 log");
        assert_eq!(told[2], "2 certificate authorities, 2 keys, 2 logs");
    }
}
