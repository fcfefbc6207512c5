//! Armor: accepted armor is what the writer gives, except for carriage returns and the last line feed. Written armor is accepted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::signature::armor;
use paraph_fuzz::check_refusal;

fuzz_target!(|data: &[u8]| {
    match armor::decode(data) {
        Ok(der) => {
            let text = std::str::from_utf8(data).expect("armor is text");
            let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
            let text = lines.join("\n");
            assert_eq!(armor::encode(&der), if text.ends_with('\n') { text } else { format!("{text}\n") });
        }
        Err(rejection) => check_refusal(&rejection),
    }
    let armored = armor::encode(data);
    assert_eq!(armor::decode(armored.as_bytes()).expect("what was written"), data);
    assert_eq!(armor::decode(armored.replace('\n', "\r\n").as_bytes()).expect("what was written"), data);
});
