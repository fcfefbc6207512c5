//! DER by hand, for values that the verifier's structures refuse to write, and a tree of DER values whose nodes can be changed or removed.

use der::{Encode, asn1::ObjectIdentifier};

/// A value with this tag.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(length(content.len()));
    bytes.extend(content);
    bytes
}

fn length(length: usize) -> Vec<u8> {
    if length < 128 {
        return vec![u8::try_from(length).unwrap()];
    }
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    [&[0x80 | u8::try_from(digits.len()).unwrap()][..], &digits].concat()
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x31, &parts.concat())
}

pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// An INTEGER with these content octets, whether they are minimal or not.
pub fn integer(content: &[u8]) -> Vec<u8> {
    tlv(0x02, content)
}

pub fn oid(text: &str) -> Vec<u8> {
    ObjectIdentifier::new_unwrap(text).to_der().unwrap()
}

/// A parsed DER value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub tag: u8,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Primitive(Vec<u8>),
    Constructed(Vec<Node>),
}

impl Node {
    /// Parses one value, whose tags all have one byte.
    pub fn parse(der: &[u8]) -> Self {
        let (node, rest) = Self::first(der);
        assert!(rest.is_empty());
        node
    }

    fn first(der: &[u8]) -> (Self, &[u8]) {
        let (tag, short) = (der[0], usize::from(der[1]));
        let (length, start) = match short {
            0..=127 => (short, 2),
            _ => (der[2..2 + short - 128].iter().fold(0, |sum, byte| sum * 256 + usize::from(*byte)), 2 + short - 128),
        };
        let (mut content, rest) = der[start..].split_at(length);
        if tag & 0x20 == 0 {
            return (Self { tag, content: Content::Primitive(content.to_vec()) }, rest);
        }
        let mut children = Vec::new();
        while !content.is_empty() {
            let (child, after) = Self::first(content);
            children.push(child);
            content = after;
        }
        (Self { tag, content: Content::Constructed(children) }, rest)
    }

    pub fn to_der(&self) -> Vec<u8> {
        match &self.content {
            Content::Primitive(bytes) => tlv(self.tag, bytes),
            Content::Constructed(children) => tlv(self.tag, &children.iter().flat_map(Self::to_der).collect::<Vec<_>>()),
        }
    }

    pub fn children(&mut self) -> &mut Vec<Self> {
        match &mut self.content {
            Content::Constructed(children) => children,
            Content::Primitive(_) => panic!("a primitive value has no children"),
        }
    }

    /// The node that these indices lead to.
    pub fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, index| &mut node.children()[*index])
    }

    /// The paths of all nodes below this one.
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let Content::Constructed(children) = &self.content else { return Vec::new() };
        let below = |(index, child): (usize, &Self)| {
            let deeper = child.paths().into_iter().map(move |path| [&[index][..], &path].concat());
            std::iter::once(vec![index]).chain(deeper).collect::<Vec<_>>()
        };
        children.iter().enumerate().flat_map(below).collect()
    }
}

/// The DER after a change of its tree.
pub fn edit(der: &[u8], change: impl FnOnce(&mut Node)) -> Vec<u8> {
    let mut node = Node::parse(der);
    change(&mut node);
    node.to_der()
}
