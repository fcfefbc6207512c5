//! Inclusion and consistency proofs from a log's tiles (C2SP tlog-tiles), for logs that return no proof.
//!
//! A node of level `l` and index `i` covers `2^l` leaves, starting with leaf `i·2^l`. A tile of level `t` contains up to 256 hashes of nodes of
//! level `8t`. The nodes of the levels in between are computed from them.

use sigstore_types::Sha256Hash;
use std::collections::{BTreeMap, BTreeSet};

/// The hashes in a whole tile.
const WIDTH: u64 = 256;
/// Levels of nodes in one tile.
const HEIGHT: u32 = 8;
/// The largest tree, in leaves. It bounds the recursion and the number of tiles.
const MAX_SIZE: u64 = 1 << 48;

/// Tiles with their hashes.
pub(crate) type Tiles = BTreeMap<Tile, Vec<Sha256Hash>>;

/// A tile of hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tile {
    level: u32,
    index: u64,
    /// The number of hashes, 1 to 256.
    pub(crate) width: u64,
}

impl Tile {
    /// The path below the log's prefix: `tile/0/x001/234` or `tile/0/x001/234.p/17`.
    pub(crate) fn path(&self) -> String {
        if self.is_partial() { format!("{}.p/{}", self.whole_path(), self.width) } else { self.whole_path() }
    }

    /// The path of the full tile at the same place. It exists once the tree has grown; partial tiles may then be gone.
    pub(crate) fn whole_path(&self) -> String {
        format!("tile/{}/{}", self.level, self.number())
    }

    /// The index in groups of three digits.
    fn number(&self) -> String {
        let mut name = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            name = format!("x{:03}/{name}", rest % 1000);
            rest /= 1000;
        }
        name
    }

    pub(crate) fn is_partial(&self) -> bool {
        self.width < WIDTH
    }

    /// The hashes in the bytes of this tile, or in the first part of the full tile.
    pub(crate) fn read(&self, bytes: &[u8]) -> Option<Vec<Sha256Hash>> {
        let hashes = bytes.chunks(32).map(Sha256Hash::try_from).collect::<Result<Vec<_>, _>>().ok()?;
        let count = hashes.len() as u64;
        let width = usize::try_from(self.width).ok()?;
        (count == self.width || count == WIDTH).then(|| hashes.into_iter().take(width).collect())
    }
}

/// The tiles that are needed for the leaf hash and the audit path of leaf `index` in a tree of `size` leaves.
pub(crate) fn needed(index: u64, size: u64) -> Option<BTreeSet<Tile>> {
    let mut tiles = BTreeSet::new();
    let mut nodes = collecting(size, &mut tiles);
    nodes(0, index)?;
    path(index, size, &mut nodes)?;
    drop(nodes);
    Some(tiles)
}

/// The leaf's hash and its audit path, from the leaf's sibling up.
pub(crate) fn prove(index: u64, size: u64, tiles: &Tiles) -> Option<(Sha256Hash, Vec<Sha256Hash>)> {
    let mut nodes = reading(size, tiles);
    Some((nodes(0, index)?, path(index, size, &mut nodes)?))
}

/// The tiles that are needed for the consistency proof between the trees of the first `first` and of all `size` leaves.
#[cfg(feature = "cli")]
pub(crate) fn needed_for_consistency(first: u64, size: u64) -> Option<BTreeSet<Tile>> {
    let mut tiles = BTreeSet::new();
    consistency(first, size, &mut collecting(size, &mut tiles))?;
    Some(tiles)
}

/// The consistency proof (RFC 6962, section 2.1.2).
#[cfg(feature = "cli")]
pub(crate) fn prove_consistency(first: u64, size: u64, tiles: &Tiles) -> Option<Vec<Sha256Hash>> {
    consistency(first, size, &mut reading(size, tiles))
}

/// The tile with the entries from which the tile of leaf `index` was computed: its path, that of the whole one, and the entry's place in it.
#[cfg(feature = "cli")]
pub(crate) fn entries_of(index: u64, size: u64) -> Option<(String, String, usize)> {
    let tile = tile_of(0, index, size)?;
    let whole = format!("tile/entries/{}", tile.number());
    let path = if tile.is_partial() { format!("{whole}.p/{}", tile.width) } else { whole.clone() };
    Some((path, whole, usize::try_from(index % WIDTH).ok()?))
}

/// Notes the tiles of the nodes that are asked for.
fn collecting(size: u64, tiles: &mut BTreeSet<Tile>) -> impl FnMut(u32, u64) -> Option<Sha256Hash> {
    move |level, node| {
        tiles.insert(tile_of(level, node, size)?);
        Some(Sha256Hash::new([0; 32]))
    }
}

/// Computes the nodes that are asked for.
fn reading(size: u64, tiles: &Tiles) -> impl FnMut(u32, u64) -> Option<Sha256Hash> {
    move |level, node| {
        let hashes = tiles.get(&tile_of(level, node, size)?)?;
        let span = 1_u64 << (level % HEIGHT);
        let first = usize::try_from(node.checked_mul(span)? % WIDTH).ok()?;
        let mut row = hashes.get(first..first + usize::try_from(span).ok()?)?.to_vec();
        while row.len() > 1 {
            row = row.chunks(2).filter_map(|pair| Some(sigstore_merkle::hash_children(pair.first()?, pair.get(1)?))).collect();
        }
        row.into_iter().next()
    }
}

/// The tile that contains the node or the hashes to compute it from, with its width in a tree of `size` leaves.
fn tile_of(level: u32, node: u64, size: u64) -> Option<Tile> {
    let tile_level = level / HEIGHT;
    let first = node.checked_shl(level % HEIGHT)?;
    let present = size.checked_shr(tile_level * HEIGHT)?;
    let index = first / WIDTH;
    let width = present.checked_sub(index * WIDTH)?.min(WIDTH);
    (width > first % WIDTH).then_some(Tile { level: tile_level, index, width })
}

/// The audit path (RFC 6962, section 2.1.1), computed from the root down and reversed at the end.
fn path(index: u64, size: u64, node: &mut impl FnMut(u32, u64) -> Option<Sha256Hash>) -> Option<Vec<Sha256Hash>> {
    if size > MAX_SIZE || index >= size {
        return None;
    }
    let (mut begin, mut end) = (0, size);
    let mut hashes = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            hashes.push(subtree(middle, end, node)?);
            end = middle;
        } else {
            hashes.push(subtree(begin, middle, node)?);
            begin = middle;
        }
    }
    hashes.reverse();
    Some(hashes)
}

/// The consistency proof (RFC 6962, section 2.1.2), computed from the root down and reversed at the end.
#[cfg(feature = "cli")]
fn consistency(first: u64, size: u64, node: &mut impl FnMut(u32, u64) -> Option<Sha256Hash>) -> Option<Vec<Sha256Hash>> {
    if size > MAX_SIZE || first == 0 || first > size {
        return None;
    }
    let (mut begin, mut end, mut is_whole) = (0, size, true);
    let mut hashes = Vec::new();
    while first != end {
        let middle = begin + split(end - begin);
        if first <= middle {
            hashes.push(subtree(middle, end, node)?);
            end = middle;
        } else {
            hashes.push(subtree(begin, middle, node)?);
            begin = middle;
            is_whole = false;
        }
    }
    if !is_whole {
        hashes.push(subtree(begin, end, node)?);
    }
    hashes.reverse();
    Some(hashes)
}

/// The hash of the leaves from `begin` to `end`. `begin` is a multiple of the next power of two.
fn subtree(begin: u64, end: u64, node: &mut impl FnMut(u32, u64) -> Option<Sha256Hash>) -> Option<Sha256Hash> {
    let count = end - begin;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return node(level, begin >> level);
    }
    let middle = begin + split(count);
    let left = subtree(begin, middle, node)?;
    let right = subtree(middle, end, node)?;
    Some(sigstore_merkle::hash_children(&left, &right))
}

/// The largest power of two that is smaller than `count`, which is 2 or more.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The tiles of a log with these leaves, by path, partial ones in their last width only.
    pub(crate) fn tiles_of(leaves: &[Sha256Hash]) -> BTreeMap<String, Vec<u8>> {
        let mut tiles = BTreeMap::new();
        let mut row = leaves.to_vec();
        let mut level = 0;
        while !row.is_empty() {
            for (index, hashes) in row.chunks(256).enumerate() {
                let tile = Tile { level, index: index as u64, width: hashes.len() as u64 };
                tiles.insert(tile.path(), hashes.iter().flat_map(|hash| hash.as_slice().to_vec()).collect());
            }
            row = row.chunks_exact(256).map(root).collect();
            level += 1;
        }
        tiles
    }

    pub(crate) fn root(leaves: &[Sha256Hash]) -> Sha256Hash {
        match leaves {
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(usize::try_from(split(leaves.len() as u64)).unwrap());
                sigstore_merkle::hash_children(&root(left), &root(right))
            }
        }
    }

    pub(crate) fn leaves(count: usize) -> Vec<Sha256Hash> {
        (0..count).map(|number| sigstore_merkle::hash_leaf(&number.to_be_bytes())).collect()
    }

    #[test]
    fn proofs_from_tiles_verify_for_trees_of_every_shape() {
        let all = leaves(70_000);
        for size in [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 70_000] {
            let (files, root) = (tiles_of(&all[..size]), root(&all[..size]));
            for index in [0, 1, size / 3, size / 2, 255, 256, size - 2.min(size), size - 1] {
                if index >= size {
                    continue;
                }
                let (index, size) = (index as u64, size as u64);
                let tiles = needed(index, size).unwrap().into_iter().map(|tile| (tile, tile.read(&files[&tile.path()]).unwrap())).collect();
                let (leaf, hashes) = prove(index, size, &tiles).unwrap();
                sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &hashes, &root)
                    .unwrap_or_else(|error| panic!("{index} of {size}: {error}"));
            }
        }
    }

    #[test]
    fn consistency_proofs_from_tiles_verify_for_trees_of_every_shape() {
        let all = leaves(70_000);
        for size in [1, 2, 3, 7, 255, 256, 257, 513, 1000, 65_536, 65_537, 70_000] {
            let (files, new) = (tiles_of(&all[..size]), root(&all[..size]));
            for first in [1, 2, 3, 6, size / 3, size / 2, 255, 256, 257, 512, 65_535, 65_536, size - 2.min(size), size - 1, size] {
                if first == 0 || first > size {
                    continue;
                }
                let old = root(&all[..first]);
                let (first, size) = (first as u64, size as u64);
                let tiles = needed_for_consistency(first, size).unwrap();
                let tiles = tiles.into_iter().map(|tile| (tile, tile.read(&files[&tile.path()]).unwrap())).collect();
                let hashes = prove_consistency(first, size, &tiles).unwrap();
                sigstore_merkle::verify_consistency_proof(first, size, &hashes, &old, &new)
                    .unwrap_or_else(|error| panic!("{first} to {size}: {error}"));
            }
        }
        for (first, size) in [(0, 5), (6, 5), (1, (1 << 48) + 1)] {
            assert!(needed_for_consistency(first, size).is_none());
        }
        for first in [1, 12345, (1 << 47) + 1, (1 << 48) - 1] {
            let tiles = needed_for_consistency(first, 1 << 48).unwrap();
            assert!(tiles.len() <= 12, "{}", tiles.len());
        }
    }

    #[test]
    fn entries_are_beside_the_tiles_of_their_leaves() {
        assert_eq!(entries_of(1, 3), Some(("tile/entries/000.p/3".into(), "tile/entries/000".into(), 1)));
        assert_eq!(entries_of(256_001, 300_000), Some(("tile/entries/x001/000".into(), "tile/entries/x001/000".into(), 1)));
        assert_eq!(entries_of(3, 3), None);
    }

    #[test]
    fn few_tiles_are_needed_even_of_the_largest_log() {
        for index in [0, 1 << 20, (1 << 47) + 12345, (1 << 48) - 1] {
            let tiles = needed(index, 1 << 48).unwrap();
            assert!(tiles.len() <= 12, "{}", tiles.len());
        }
        assert!(needed(5, (1 << 48) + 1).is_none());
        assert!(needed(5, 5).is_none());
        assert!(needed(0, 0).is_none());
        assert!(needed(0, u64::MAX).is_none());
    }

    #[test]
    fn paths_are_those_of_the_standard() {
        let path = |level, index, width| Tile { level, index, width }.path();
        assert_eq!(path(0, 0, 256), "tile/0/000");
        assert_eq!(path(2, 5, 256), "tile/2/005");
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 67, 17), "tile/1/067.p/17");
        assert_eq!(path(0, 1000, 1), "tile/0/x001/000.p/1");
    }

    #[test]
    fn a_tile_of_another_length_is_refused() {
        let tile = Tile { level: 0, index: 0, width: 7 };
        assert_eq!(tile.read(&[0; 7 * 32]).unwrap().len(), 7);
        assert_eq!(tile.read(&[0; 256 * 32]).unwrap().len(), 7);
        for length in [0, 6 * 32, 8 * 32, 7 * 32 + 1, 257 * 32] {
            assert!(tile.read(&vec![0; length]).is_none(), "{length}");
        }
    }
}
