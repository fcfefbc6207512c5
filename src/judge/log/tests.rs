use super::*;

#[test]
fn an_entry_is_named_by_its_index_or_its_uuid() {
    let leaf = "0123456789abcdef".repeat(4);
    let whole = format!("47a5dee19d4b3657{}", leaf.to_uppercase());
    // 64 digits are a UUID, even if they are decimal
    for uuid in [leaf.as_str(), &whole, &"1".repeat(64)] {
        assert_eq!(EntryName::parse(uuid), Some(EntryName::Uuid(uuid.to_owned())));
    }
    for (text, index) in [("0", 0), ("007", 7), ("9223372036854775807", i64::MAX.unsigned_abs())] {
        assert_eq!(EntryName::parse(text), Some(EntryName::Index(index)));
    }
    for text in ["", "-1", "+1", " 1", "1 ", "0x10", "9223372036854775808", &"a".repeat(63), &"a".repeat(79), &"g".repeat(64)] {
        assert_eq!(EntryName::parse(text), None, "{text}");
    }
}
