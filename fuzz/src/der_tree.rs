//! A mutator for DER: it changes one value of a tree and corrects the lengths of the values around it.
//!
//! Random changes almost always break an outer length, so inner values are never reached. Strings that contain DER (extensions, eContent,
//! keys) are part of the tree. All choices come from the fuzzer's seed.

use crate::seeds;
use libfuzzer_sys::fuzzer_mutate;
use paraph::internals::signature::armor;

const MAX_DEPTH: usize = 24;
const MAX_NODES: usize = 4096;

/// Changes the first `size` bytes of `data`, and returns their new number, at most `max`. The fuzzer's own mutator does it one time in four,
/// and for bytes that are not DER.
pub fn mutate(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed) << 16 | 0xd1ce);
    let changed = if dice.below(4) == 0 { None } else { mutated(&data[..size], &mut dice) };
    put(data, size, max, changed)
}

/// Changes the CMS of an object with an armored signature.
pub fn mutate_object(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed) << 16 | 0xd1ce);
    let changed = if dice.below(3) == 0 { None } else { object_with_other_cms(&data[..size], &mut dice) };
    put(data, size, max, changed)
}

fn put(data: &mut [u8], size: usize, max: usize, changed: Option<Vec<u8>>) -> usize {
    match changed {
        Some(changed) if changed.len() <= max && changed.len() <= data.len() => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => fuzzer_mutate(data, size, max),
    }
}

fn object_with_other_cms(object: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let (begin, end) = seeds::armor_range(object)?;
    let cms = mutated(&seeds::parts(object)?.cms, dice)?;
    let armored = armor::encode(&cms);
    // continuation lines of a commit's header begin with a space
    let in_header = !object[..begin].ends_with(b"\n");
    let armored = if in_header { armored.trim_end().replace('\n', "\n ") } else { armored.trim_end().to_owned() };
    Some([&object[..begin], armored.as_bytes(), &object[end..]].concat())
}

fn mutated(der: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut nodes = MAX_NODES;
    let mut tree = Node::sequence_of(der, 0, &mut nodes)?;
    let count: usize = tree.iter().map(Node::count).sum();
    for _ in 0..=dice.below(2) {
        let donor = nth(&tree, dice.below(count))?.clone();
        change(&mut tree, &mut dice.below(count), &donor, dice);
    }
    let mut changed = Vec::new();
    tree.iter().for_each(|node| node.write(&mut changed));
    Some(changed)
}

#[derive(Clone)]
struct Node {
    tag: u8,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    /// Inner values, after a BIT STRING's count of unused bits.
    Nodes(Vec<u8>, Vec<Node>),
}

impl Node {
    fn sequence_of(mut der: &[u8], depth: usize, nodes: &mut usize) -> Option<Vec<Self>> {
        let mut found = Vec::new();
        while !der.is_empty() {
            *nodes = nodes.checked_sub(1)?;
            let (tag, content, after) = split(der)?;
            let inner = |bytes: &[u8], nodes: &mut usize| Self::sequence_of(bytes, depth + 1, nodes).filter(|inner| !inner.is_empty());
            let value = match tag {
                _ if depth == MAX_DEPTH => None,
                tag if tag & 0x20 != 0 => Some(Value::Nodes(Vec::new(), Self::sequence_of(content, depth + 1, nodes)?)),
                0x04 => inner(content, nodes).map(|inner| Value::Nodes(Vec::new(), inner)),
                0x03 if content.first() == Some(&0) => inner(&content[1..], nodes).map(|inner| Value::Nodes(vec![0], inner)),
                _ => None,
            };
            found.push(Self { tag, value: value.unwrap_or_else(|| Value::Bytes(content.to_vec())) });
            der = after;
        }
        Some(found)
    }

    fn count(&self) -> usize {
        match &self.value {
            Value::Bytes(_) => 1,
            Value::Nodes(_, nodes) => 1 + nodes.iter().map(Self::count).sum::<usize>(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let content = match &self.value {
            Value::Bytes(bytes) => bytes.clone(),
            Value::Nodes(before, nodes) => {
                let mut content = before.clone();
                nodes.iter().for_each(|node| node.write(&mut content));
                content
            }
        };
        out.push(self.tag);
        let length = content.len().to_be_bytes();
        let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
        match (content.len(), length.as_slice()) {
            (0, _) => out.push(0),
            (1..=127, [short, ..]) => out.push(*short),
            (_, long) => {
                out.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
                out.extend(long);
            }
        }
        out.extend(content);
    }
}

/// Tag, content and the remaining bytes. Only tags of one byte and definite lengths are supported.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, header) = match *der {
        [tag, length @ 0..=0x7f, ..] => (tag, usize::from(length), 2),
        [tag, 0x81, a, ..] => (tag, usize::from(a), 3),
        [tag, 0x82, a, b, ..] => (tag, usize::from(a) << 8 | usize::from(b), 4),
        _ => return None,
    };
    if tag & 0x1f == 0x1f {
        return None;
    }
    Some((tag, der.get(header..header + length)?, &der[header + length..]))
}

fn nth(nodes: &[Node], mut index: usize) -> Option<&Node> {
    for node in nodes {
        let count = node.count();
        match (index, &node.value) {
            (0, _) => return Some(node),
            (inner, Value::Nodes(_, nodes)) if inner < count => return nth(nodes, inner - 1),
            _ => index -= count,
        }
    }
    None
}

/// Changes the value with this index, and leaves the remaining count in `index`.
fn change(nodes: &mut Vec<Node>, index: &mut usize, donor: &Node, dice: &mut Dice) -> bool {
    for at in 0..nodes.len() {
        if *index == 0 {
            change_one(nodes, at, donor, dice);
            return true;
        }
        *index -= 1;
        if let Value::Nodes(_, inner) = &mut nodes[at].value
            && change(inner, index, donor, dice)
        {
            return true;
        }
    }
    false
}

fn change_one(nodes: &mut Vec<Node>, at: usize, donor: &Node, dice: &mut Dice) {
    const TAGS: [u8; 16] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0xa0, 0xa3];
    match dice.below(8) {
        0 => {
            nodes.remove(at);
        }
        1 => nodes.insert(at, nodes[at].clone()),
        2 => nodes.insert(at, donor.clone()),
        3 => nodes[at] = donor.clone(),
        4 => {
            let other = dice.below(nodes.len());
            nodes.swap(at, other);
        }
        5 => nodes[at].tag = TAGS[dice.below(TAGS.len())],
        6 => nodes[at].value = donor.value.clone(),
        _ => {
            // as bytes, even if it has inner values
            let mut content = Vec::new();
            match &nodes[at].value {
                Value::Bytes(bytes) => content.clone_from(bytes),
                Value::Nodes(before, inner) => {
                    content.clone_from(before);
                    inner.iter().for_each(|node| node.write(&mut content));
                }
            }
            let size = content.len();
            let max = size + 16;
            content.resize(max, 0);
            let size = fuzzer_mutate(&mut content, size, max);
            content.truncate(size);
            nodes[at].value = Value::Bytes(content);
        }
    }
}

/// The SplitMix64 random number generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or_default()
    }
}
