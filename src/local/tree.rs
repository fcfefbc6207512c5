//! The Merkle tree of a log (RFC 6962, section 2). It stores the hash of every complete subtree, from which it computes roots, proofs and
//! [C2SP tlog-tiles](https://c2sp.org/tlog-tiles). `evidence` verifies proofs.

use sigstore_merkle::{hash_children, hash_leaf};
use sigstore_types::Sha256Hash;

/// 32 bytes of SHA-256.
pub(super) type Hash = [u8; 32];

/// The number of hashes in a full tile.
pub(super) const TILE_WIDTH: u64 = 256;

/// An append-only Merkle tree. It takes about 64 bytes of memory for each leaf.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// `levels[k][i]` is the hash of the leaves from `i << k` to `(i + 1) << k`, for complete subtrees only.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// The number of leaves.
    pub(super) fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends the hash of a leaf.
    pub(super) fn push(&mut self, leaf: Hash) {
        let (mut level, mut hash) = (0, leaf);
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = children(left, right),
                _ => return,
            }
            level += 1;
        }
    }

    /// The root hash of the first `size` leaves; `None` if there are fewer.
    pub(super) fn root(&self, size: u64) -> Option<Hash> {
        if size == 0 { Some(empty_root()) } else { self.subtree(0, size) }
    }

    /// The audit path of a leaf in the tree of the first `size` leaves (RFC 6962, section 2.1.1), from the leaf's sibling up.
    pub(super) fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut path, mut start, mut end) = (Vec::new(), 0, size);
        while end - start > 1 {
            let middle = start + split(end - start);
            if index < middle {
                path.push(self.subtree(middle, end)?);
                end = middle;
            } else {
                path.push(self.subtree(start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The consistency proof between the trees of the first `first` and the first `second` leaves (RFC 6962, section 2.1.2).
    pub(super) fn consistency(&self, first: u64, second: u64) -> Option<Vec<Hash>> {
        if first == 0 || first > second || second > self.size() {
            return None;
        }
        let (mut path, mut start, mut end, mut whole) = (Vec::new(), 0, second, true);
        while first != end {
            let middle = start + split(end - start);
            if first <= middle {
                path.push(self.subtree(middle, end)?);
                end = middle;
            } else {
                path.push(self.subtree(start, middle)?);
                start = middle;
                whole = false;
            }
        }
        if !whole {
            path.push(self.subtree(start, end)?);
        }
        path.reverse();
        Some(path)
    }

    /// A tile's hashes (C2SP tlog-tiles): `width` hashes of subtrees of `256^level` leaves, from number `256 * index` on.
    pub(super) fn tile(&self, level: u32, index: u64, width: u64) -> Option<&[Hash]> {
        let row = self.levels.get(usize::try_from(level.checked_mul(8)?).ok()?)?;
        let start = usize::try_from(index.checked_mul(TILE_WIDTH)?).ok()?;
        row.get(start..start.checked_add(usize::try_from(width).ok()?)?)
    }

    /// The hash of the leaves from `start` to `end`. A power of two that is at least their number must divide `start`.
    fn subtree(&self, start: u64, end: u64) -> Option<Hash> {
        let count = end.checked_sub(start)?;
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            return self.levels.get(level as usize)?.get(usize::try_from(start >> level).ok()?).copied();
        }
        if count == 0 {
            return None;
        }
        let middle = start + split(count);
        Some(children(&self.subtree(start, middle)?, &self.subtree(middle, end)?))
    }
}

/// The hash of a leaf with this content.
pub(super) fn leaf_hash(content: &[u8]) -> Hash {
    *hash_leaf(content).as_bytes()
}

/// The root of the empty tree: SHA-256 of nothing.
fn empty_root() -> Hash {
    use sha2::Digest as _;
    sha2::Sha256::digest([]).into()
}

fn children(left: &Hash, right: &Hash) -> Hash {
    *hash_children(&Sha256Hash::new(*left), &Sha256Hash::new(*right)).as_bytes()
}

/// The largest power of two smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigstore_merkle::{verify_consistency_proof, verify_inclusion_proof};

    fn hashes(path: Vec<Hash>) -> Vec<Sha256Hash> {
        path.into_iter().map(Sha256Hash::new).collect()
    }

    #[test]
    fn every_proof_of_small_trees_is_accepted_by_the_verifier() {
        let mut tree = Tree::default();
        for n in 0..40u64 {
            tree.push(leaf_hash(&n.to_be_bytes()));
        }
        for size in 1..=40 {
            let root = Sha256Hash::new(tree.root(size).unwrap());
            for index in 0..size {
                let leaf = Sha256Hash::new(leaf_hash(&index.to_be_bytes()));
                verify_inclusion_proof(&leaf, index, size, &hashes(tree.inclusion(index, size).unwrap()), &root).unwrap();
            }
            for first in 1..=size {
                let old = Sha256Hash::new(tree.root(first).unwrap());
                verify_consistency_proof(first, size, &hashes(tree.consistency(first, size).unwrap()), &old, &root).unwrap();
            }
        }
    }

    #[test]
    fn what_is_not_in_the_tree_has_no_root_proof_or_tile() {
        let mut tree = Tree::default();
        assert_eq!(tree.root(0).unwrap()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
        tree.push(leaf_hash(b"a"));
        assert!(
            tree.root(2).is_none() && tree.inclusion(1, 1).is_none() && tree.inclusion(0, 2).is_none() && tree.consistency(0, 1).is_none()
        );
        assert_eq!(tree.tile(0, 0, 1).unwrap().len(), 1);
        assert!(tree.tile(0, 0, 2).is_none() && tree.tile(0, u64::MAX, 1).is_none() && tree.tile(u32::MAX, 0, 1).is_none());
    }

    #[test]
    fn the_second_tile_level_holds_roots_of_whole_tiles() {
        let mut tree = Tree::default();
        for n in 0..513u64 {
            tree.push(leaf_hash(&n.to_be_bytes()));
        }
        assert_eq!(tree.tile(1, 0, 2).unwrap()[0], tree.root(256).unwrap());
        assert_eq!(tree.tile(0, 2, 1).unwrap()[0], leaf_hash(&512u64.to_be_bytes()));
    }
}
