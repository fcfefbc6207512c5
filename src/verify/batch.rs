//! Many items over all cores, results in the order of the items, memory bounded.

use std::{collections::VecDeque, sync::mpsc};

/// The number of items that one core takes at a time, where each is a signature to verify.
pub(crate) const CHUNK: usize = 32;
/// Items that go to one core together, where most results are known already, and waking a core costs more than an item.
pub(crate) const CHUNK_OF_KNOWN: usize = 256;

/// Runs `work` on chunks of so many items on every core, and `sink` on each result in order, on the calling thread. While cores work, the
/// calling thread takes further items; it stops taking when four chunks a core are under way.
pub(crate) fn in_order<T: Send, R: Send>(
    items: impl Iterator<Item = T>,
    chunk: usize,
    work: impl Fn(Vec<T>) -> Vec<R> + Sync,
    mut sink: impl FnMut(R),
) {
    let most = 4 * rayon::current_num_threads();
    let mut items = items;
    rayon::in_place_scope(|scope| {
        let mut pending: VecDeque<mpsc::Receiver<Vec<R>>> = VecDeque::new();
        loop {
            let taken: Vec<T> = items.by_ref().take(chunk).collect();
            let ended = taken.is_empty();
            if !ended {
                let (sender, receiver) = mpsc::channel();
                let work = &work;
                scope.spawn(move |_| {
                    // the receiver outlives the scope, so this cannot fail
                    let _ = sender.send(work(taken));
                });
                pending.push_back(receiver);
            }
            while let Some(receiver) = if ended || pending.len() >= most { pending.pop_front() } else { None } {
                receiver.recv().unwrap_or_default().into_iter().for_each(&mut sink);
            }
            if ended {
                break;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0usize, 1, CHUNK, CHUNK + 1, 40 * CHUNK + 7] {
            let mut results = Vec::new();
            in_order(0..count, CHUNK, |chunk| chunk.into_iter().map(|item| item * 2).collect(), |result| results.push(result));
            assert_eq!(results, (0..count).map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
