//! The refs that a push moves, as git tells its hooks.

use crate::{
    cli::{
        exit::{Exit, Failure},
        input::read,
    },
    object::{MAX_UPDATES, ObjectFormat},
};

/// The longest list of refs that is read, in bytes.
const MAX_LIST: usize = 64 << 20;

/// One ref that a push moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Update {
    reference: String,
    old: String,
    new: String,
}

impl Update {
    /// The name and two ids as git writes them.
    pub fn new(reference: &str, old: &str, new: &str) -> Result<Self, Failure> {
        if !is_id(old)
            || !is_id(new)
            || old.len() != new.len()
            || reference.is_empty()
            || reference.contains(|character: char| character == ' ' || character.is_control())
        {
            return Err(Failure::new(Exit::Usage, "the refs were not given as git gives them to a hook"));
        }
        Ok(Self { reference: reference.to_owned(), old: old.to_owned(), new: new.to_owned() })
    }

    /// The full name, on the side that receives.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The object that it leads to; none for a new ref.
    pub fn old(&self) -> Option<&str> {
        Some(self.old.as_str()).filter(|id| !is_zero(id))
    }

    /// The object that it is to lead to; none for one to be deleted.
    pub fn new_id(&self) -> Option<&str> {
        Some(self.new.as_str()).filter(|id| !is_zero(id))
    }

    /// As a push certificate has it: old, new and name.
    pub fn as_certified(&self) -> (&str, &str, &str) {
        (&self.old, &self.new, &self.reference)
    }
}

/// What a server's hook reads: `OLD NEW REF`.
pub(super) fn received() -> Result<Vec<Update>, Failure> {
    let updates = lines(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        [old, new, reference] => Some((reference, old, new)),
        _ => None,
    })?;
    if updates.is_empty() {
        return Err(Failure::new(Exit::Usage, "standard input names no refs")
            .with_hint("git writes them there, once: a command that runs before this one in the same hook may have read them"));
    }
    Ok(updates)
}

/// What `pre-push` reads: `LOCAL-REF LOCAL-ID REF ID`, where the first may be an expression with spaces. Where all is up to date there is
/// nothing.
pub(super) fn to_be_sent() -> Result<Vec<Update>, Failure> {
    lines(|line| {
        let mut words = line.rsplitn(4, ' ');
        let (old, reference, new) = (words.next()?, words.next()?, words.next()?);
        words.next().map(|_| (reference, old, new))
    })
}

fn lines(split: impl Fn(&str) -> Option<(&str, &str, &str)>) -> Result<Vec<Update>, Failure> {
    let malformed = || Failure::new(Exit::Usage, "standard input does not name refs as git does for this hook");
    let bytes = read(None, MAX_LIST)?;
    // git allows names that are no UTF-8: only the ids have to be exact, and a tag's name is not equal to a changed one
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.split_terminator('\n').collect();
    if lines.len() > MAX_UPDATES {
        return Err(Failure::new(Exit::Usage, format!("the push moves more than {MAX_UPDATES} refs, which are all that are read")));
    }
    lines
        .into_iter()
        .map(|line| {
            let (reference, old, new) = split(line).ok_or_else(malformed)?;
            Update::new(reference, old, new)
        })
        .collect()
}

fn is_id(text: &str) -> bool {
    ObjectFormat::from_hex_length(text.len()).is_some() && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}
