//! Signs many files with one login. Several signatures are under way at the same time, so that their waits for the services overlap.

use super::{Batch, Output, Planned, with_place};
use crate::{
    agent_protocol::SubjectToSign,
    cli::{
        agent::signature::{AgentOutcome, Answer},
        exit::Failure,
        sign::signer::{OnThreads, Signer},
        ui::Ui,
    },
    verify::Verified,
};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError, mpsc},
    thread,
};

/// Signatures that are under way at the same time, at most. More would be impolite to a public log.
const MAX_UNDER_WAY: usize = 8;

/// What became of a file.
enum Attempt {
    /// Signed, and the bundle written.
    Signed(Box<Verified>),
    /// The agent did not sign it.
    NotSigned(Answer),
    /// The certificate does not last for it.
    Expired,
    /// It cannot be signed.
    Failed(Failure),
}

/// Hands out files, in their order. A file is read before the next one is handed out, so that nothing is signed after one that cannot be read.
struct Queue<'a> {
    next: usize,
    is_stopped: bool,
    files: &'a [Planned],
}

impl<'a> Queue<'a> {
    /// The next file, read.
    fn take(queue: &Mutex<Self>, batch: &Batch<'_>) -> Option<(usize, &'a Planned, Result<SubjectToSign, Failure>)> {
        let mut queue = lock(queue);
        let (index, files) = (queue.next, queue.files);
        let planned = files.get(index).filter(|_| !queue.is_stopped)?;
        let subject = batch.read(&planned.input);
        queue.next += 1;
        queue.is_stopped = subject.is_err();
        Some((index, planned, subject))
    }
}

/// A thread that panicked changed nothing that another one relies on.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Batch<'_> {
    /// Signs files after `done` others, and returns how many are done then: all, unless the certificate does not last for them. Their results are
    /// printed in their order. After a failure no further file is started, and those that are under way are finished.
    ///
    /// # Errors
    /// Of the first file that has no bundle.
    pub(super) fn sign_overlapping(
        &self,
        done: usize,
        threads: &OnThreads<'_>,
        signer: &mut Signer<'_>,
        ui: &mut Ui,
    ) -> Result<usize, Failure> {
        let files = self.planned.get(done..).unwrap_or_default();
        let (queue, one_question) = (Mutex::new(Queue { next: 0, is_stopped: false, files }), Mutex::new(()));
        let (queue, one_question) = (&queue, &one_question);
        let (mut signed, mut failure) = (done, None);
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for _ in 0..files.len().min(MAX_UNDER_WAY) {
                let sender = sender.clone();
                scope.spawn(move || {
                    while let Some((index, planned, subject)) = Queue::take(queue, self) {
                        // the receiver outlives the scope, so this cannot fail
                        let _ = sender.send((index, attempt(planned, subject, threads, one_question)));
                    }
                });
            }
            drop(sender);
            let mut early = BTreeMap::new();
            let mut next = 0;
            for (index, attempt) in receiver {
                early.insert(index, attempt);
                while let (Some(attempt), Some(planned)) = (early.remove(&next), files.get(next)) {
                    next += 1;
                    lock(queue).is_stopped |= matches!(attempt, Attempt::Expired);
                    match self.settle(attempt, planned, signer, (failure.is_none(), &mut *ui)) {
                        Ok(is_signed) => signed += usize::from(is_signed),
                        Err(error) => {
                            lock(queue).is_stopped = true;
                            failure = failure.take().or(Some((planned, error)));
                        }
                    }
                }
            }
        });
        match failure {
            Some((planned, failure)) => {
                Err(with_place(failure, &self.output(planned, &planned.input.name()), (signed, self.planned.len())))
            }
            None => Ok(signed),
        }
    }

    /// Prints the result of an attempt. What was not signed is signed on this thread, if `may_sign`. Returns whether there is a bundle.
    fn settle(
        &self,
        attempt: Attempt,
        planned: &Planned,
        signer: &mut Signer<'_>,
        (may_sign, ui): (bool, &mut Ui),
    ) -> Result<bool, Failure> {
        let name = planned.input.name();
        let output: Output<'_> = self.output(planned, &name);
        match attempt {
            Attempt::Failed(failure) => return Err(failure),
            Attempt::Signed(verified) => {
                output.report(&verified, ui);
                ui.flush()?;
            }
            Attempt::NotSigned(_) | Attempt::Expired if !may_sign => return Ok(false),
            // with another certificate
            Attempt::Expired => self.sign(planned, signer, ui)?,
            Attempt::NotSigned(answer) => {
                signer.conclude(answer)?;
                self.sign(planned, signer, ui)?;
            }
        }
        Ok(true)
    }
}

/// Signs a file, and writes its bundle.
fn attempt(planned: &Planned, subject: Result<SubjectToSign, Failure>, threads: &OnThreads<'_>, one_question: &Mutex<()>) -> Attempt {
    let signature = match (subject, threads) {
        (Err(failure), _) => return Attempt::Failed(failure),
        (Ok(subject), OnThreads::ByAgent(asking)) => {
            // the user may be asked about a digest, one at a time
            let _waiting = matches!(subject, SubjectToSign::Digest { .. }).then(|| lock(one_question));
            match asking.ask(&subject) {
                Ok(Ok(AgentOutcome::Signed(signature))) => *signature,
                Ok(answer) => return Attempt::NotSigned(answer),
                Err(failure) => return Attempt::Failed(failure),
            }
        }
        (Ok(subject), OnThreads::Directly(direct)) => match direct.sign(&subject) {
            Ok(Some(signature)) => signature,
            Ok(None) => return Attempt::Expired,
            Err(failure) => return Attempt::Failed(failure),
        },
    };
    match planned.bundle.write(&signature.text) {
        Ok(()) => Attempt::Signed(Box::new(signature.verified)),
        Err(failure) => Attempt::Failed(failure),
    }
}
