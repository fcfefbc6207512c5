//! The integration tests: the library and the built program, against real input and the real git.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

mod command_line;
mod config;
mod corpus;
mod documents;
mod first_minute;
mod git;
mod hooks;
mod ranges;
mod real_objects;
mod repository;
mod services;
mod sign;
mod support;
mod trust;
mod vectors;
