//! The integration tests: the library and the built program, against real input and the real git.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking, and say what they skip"
)]

#[cfg(unix)]
mod action;
#[cfg(unix)]
mod agent;
mod allow;
mod bounded;
mod callers;
mod clock;
mod command_line;
mod config;
#[cfg(unix)]
mod config_layouts;
mod copies;
mod documents;
mod external_verifiers;
mod first_minute;
mod git;
mod hooks;
mod json_input;
mod log;
mod logins;
mod policy;
mod ranges;
#[cfg(unix)]
mod reference_files;
mod references;
mod release;
mod release_work_tree;
mod repository;
mod services;
mod sign;
mod sign_files;
mod substitutes;
mod support;
mod terminal;
mod trust;
mod vectors;
mod verify_file;
#[cfg(unix)]
mod who_decides;
